/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HiSilicon SEC2: buffer descriptors type 2 (hardware v2) and type 3 (v3 and later), 128 bytes.
 * Source of every fact: reference hisi-hardware.md, section C.
 */
#ifndef HISI_SEC2_H
#define HISI_SEC2_H

#include <stddef.h>
#include <stdint.h>

#include "hw_field.h"

#define SEC2_BD_TYPE2           2
#define SEC2_BD_TYPE3           3

/* Values of the cipher and auth fields, both BD types (C1). */
#define SEC2_CIPHER_NONE        0
#define SEC2_CIPHER_ENC         1
#define SEC2_CIPHER_DEC         2
#define SEC2_CIPHER_COPY        3
#define SEC2_AUTH_NONE          0
#define SEC2_AUTH_MAC           1
#define SEC2_AUTH_VERIFY        2
#define SEC2_SEQ_CIPHER_AUTH    0
#define SEC2_SEQ_AUTH_CIPHER    1
#define SEC2_ADDR_FLAT          0
#define SEC2_ADDR_SGL           1
#define SEC2_ADDR_PRP           2
#define SEC2_SCENE_NONE         0
#define SEC2_SCENE_IPSEC        1
#define SEC2_SCENE_STREAM       7
#define SEC2_AI_GEN_INNER       0
#define SEC2_AI_GEN_ADDR        1
#define SEC2_APAD               0
#define SEC2_ANOPAD             1

/* c_alg, c_mode, c_key_len (C4). */
#define SEC2_CALG_DES           0
#define SEC2_CALG_3DES          1
#define SEC2_CALG_AES           2
#define SEC2_CALG_SM4           3
#define SEC2_CMODE_ECB          0
#define SEC2_CMODE_CBC          1
#define SEC2_CMODE_CFB          2
#define SEC2_CMODE_OFB          3
#define SEC2_CMODE_CTR          4
#define SEC2_CMODE_CCM          5
#define SEC2_CMODE_GCM          6
#define SEC2_CMODE_XTS          7
#define SEC2_CMODE_CBC_CS       9
#define SEC2_CKEY_128           0       /* AES-128, SM4; XTS: length of one half */
#define SEC2_CKEY_192           1
#define SEC2_CKEY_256           2
#define SEC2_CKEY_DES           1
#define SEC2_CKEY_3DES_3KEY     1
#define SEC2_CKEY_3DES_2KEY     3
#define SEC2_CTR_ROLLOVER_128   2       /* ctr_count_mode of BD3 */

/* a_alg (C4). */
#define SEC2_AALG_SHA1          0x00
#define SEC2_AALG_SHA256        0x01
#define SEC2_AALG_MD5           0x02
#define SEC2_AALG_SHA224        0x03
#define SEC2_AALG_SHA384        0x04
#define SEC2_AALG_SHA512        0x05
#define SEC2_AALG_SHA512_224    0x06
#define SEC2_AALG_SHA512_256    0x07
#define SEC2_AALG_HMAC          0x10    /* + the hash's code */
#define SEC2_AALG_AES_XCBC      0x20
#define SEC2_AALG_AES_CMAC      0x21
#define SEC2_AALG_AES_GMAC      0x22
#define SEC2_AALG_SM3           0x25
#define SEC2_AALG_HMAC_SM3      0x26

/* Limits (C7). */
#define SEC2_MAX_LEN            0xFFFE00u
#define SEC2_MAX_CCM_AAD        0xFEFFu
#define SEC2_MAX_OFFSET         0xFFFFu

/* Result half-word, both types (C6). */
#define SEC2_RES_DONE           HW_BIT(0)
#define SEC2_RES_ICV            HW_MASK(3, 1)
#define SEC2_RES_FLAG           HW_MASK(10, 7)
#define SEC2_ICV_MISMATCH       2
#define SEC2_FLAG_CIPHER        2
#define SEC2_FLAG_AEAD          3

/* BD type 3 (C3). */
struct __attribute__((packed, aligned(4))) sec2_bd3 {
	uint32_t bd_param;              /* 0 */
	uint16_t c_icv_key;             /* 4 */
	uint8_t c_mode_alg;             /* 6 */
	uint8_t huk_iv_seq;             /* 7 */
	uint64_t tag;                   /* 8 */
	uint64_t data_src_addr;         /* 16 */
	uint64_t a_key_addr;            /* 24 */
	uint64_t a_ivin_addr;           /* 32 */
	uint64_t skip_data;             /* 40, storage only */
	uint64_t c_key_addr;            /* 48 */
	uint32_t auth_mac_key;          /* 56 */
	uint32_t salt;                  /* 60 */
	uint16_t auth_src_offset;       /* 64 */
	uint16_t cipher_src_offset;     /* 66 */
	uint32_t a_len_key;             /* 68 */
	uint32_t c_len_ivin;            /* 72 */
	uint64_t data_dst_addr;         /* 76 */
	uint64_t mac_addr;              /* 84 */
	uint64_t c_ivin_addr;           /* 92 */
	union __attribute__((packed)) {
		struct __attribute__((packed)) {
			uint64_t long_a_data_len;       /* 100, bits; GCM stream: bytes, see C5.9 */
			uint8_t auth_pad;               /* 108 */
			uint8_t plaintext_type;         /* 109 */
			uint16_t pad_len;               /* 110 */
		} stream;
		uint8_t scene[12];
	};
	uint16_t result;                /* 112 */
	uint8_t error_type;             /* 114 */
	uint8_t warning_type;           /* 115 */
	uint32_t mac_i;                 /* 116 */
	uint32_t checksum;              /* 120 */
	uint32_t counter;               /* 124 */
};
_Static_assert(sizeof(struct sec2_bd3) == 128, "C3");
_Static_assert(offsetof(struct sec2_bd3, c_key_addr) == 48, "C3");
_Static_assert(offsetof(struct sec2_bd3, data_dst_addr) == 76, "C3");
_Static_assert(offsetof(struct sec2_bd3, result) == 112, "C3");

#define BD3_TYPE                HW_MASK(3, 0)   /* bd_param */
#define BD3_INVALID             HW_BIT(4)
#define BD3_SCENE               HW_MASK(8, 5)
#define BD3_DE                  HW_MASK(10, 9)
#define BD3_SRC_TYPE            HW_MASK(13, 11)
#define BD3_DST_TYPE            HW_MASK(16, 14)
#define BD3_MAC_TYPE            HW_MASK(19, 17)
#define BD3_CIPHER              HW_MASK(1, 0)   /* c_icv_key */
#define BD3_CI_GEN              HW_MASK(3, 2)
#define BD3_C_ICV_LEN           HW_MASK(9, 4)
#define BD3_C_WIDTH             HW_MASK(12, 10)
#define BD3_C_KEY_LEN           HW_MASK(15, 13)
#define BD3_C_MODE              HW_MASK(3, 0)   /* c_mode_alg */
#define BD3_C_ALG               HW_MASK(7, 4)
#define BD3_NONCE_LEN           HW_MASK(3, 0)   /* huk_iv_seq */
#define BD3_SEQ                 HW_BIT(6)
#define BD3_AUTH                HW_MASK(1, 0)   /* auth_mac_key */
#define BD3_AI_GEN              HW_MASK(3, 2)
#define BD3_MAC_LEN             HW_MASK(8, 4)
#define BD3_A_KEY_LEN           HW_MASK(14, 9)
#define BD3_A_ALG               HW_MASK(20, 15)
#define BD3_CTR_MODE            HW_MASK(26, 25)
#define BD3_SVA_PREFETCH        HW_BIT(27)
#define BD3_LEN                 HW_MASK(23, 0)  /* a_len_key, c_len_ivin */
#define BD3_AUTH_PAD            HW_MASK(1, 0)   /* stream.auth_pad */
#define BD3_MAC_SEL             HW_BIT(5)

/* BD type 2 (C1). */
struct sec2_bd2 {
	uint8_t type_cipher_auth;       /* 0 */
	uint8_t sds_sa_type;            /* 1 */
	uint8_t sdm_addr_type;          /* 2 */
	uint8_t rsvd0;                  /* 3 */
	uint8_t huk_key_ci;             /* 4 */
	uint8_t ai_apad_cs;             /* 5 */
	uint8_t key_type_wfl;           /* 6 */
	uint8_t iv_tls_invalid;         /* 7 */
	uint32_t mac_key_alg;           /* 8 */
	uint16_t icvw_kmode;            /* 12 */
	uint8_t c_alg;                  /* 14 */
	uint8_t rsvd1;                  /* 15 */
	uint32_t alen_ivllen;           /* 16 */
	uint32_t clen_ivhlen;           /* 20 */
	uint16_t auth_src_offset;       /* 24 */
	uint16_t cipher_src_offset;     /* 26 */
	uint16_t cs_ip_header_offset;   /* 28 */
	uint16_t cs_udp_header_offset;  /* 30 */
	uint16_t pass_word_len;         /* 32 */
	uint16_t dk_len;                /* 34 */
	uint8_t salt[4];                /* 36: salt3 .. salt0 */
	uint16_t tag;                   /* 40 */
	uint16_t rsvd2;                 /* 42 */
	uint16_t c_pad_type;            /* 44 */
	uint16_t c_pad_len_field;       /* 46 */
	uint64_t long_a_data_len;       /* 48 */
	uint64_t a_ivin_addr;           /* 56 */
	uint64_t a_key_addr;            /* 64 */
	uint64_t mac_addr;              /* 72 */
	uint64_t c_ivin_addr;           /* 80 */
	uint64_t c_key_addr;            /* 88 */
	uint64_t data_src_addr;         /* 96 */
	uint64_t data_dst_addr;         /* 104 */
	uint16_t result;                /* 112 */
	uint8_t error_type;             /* 114 */
	uint8_t warning_type;           /* 115 */
	uint8_t mac_i[4];               /* 116 */
	uint16_t check_sum_i;           /* 120 */
	uint8_t tls_pad_len_i;          /* 122 */
	uint8_t rsvd3;                  /* 123 */
	uint32_t counter;               /* 124 */
};
_Static_assert(sizeof(struct sec2_bd2) == 128, "C1");
_Static_assert(offsetof(struct sec2_bd2, long_a_data_len) == 48, "C1");
_Static_assert(offsetof(struct sec2_bd2, data_src_addr) == 96, "C1");
_Static_assert(offsetof(struct sec2_bd2, result) == 112, "C1");

#define BD2_TYPE                HW_MASK(3, 0)   /* type_cipher_auth */
#define BD2_CIPHER              HW_MASK(5, 4)
#define BD2_AUTH                HW_MASK(7, 6)
#define BD2_SEQ                 HW_BIT(0)       /* sds_sa_type */
#define BD2_DE                  HW_MASK(2, 1)
#define BD2_SCENE               HW_MASK(6, 3)
#define BD2_SRC_TYPE_LOW        HW_BIT(7)
#define BD2_SRC_TYPE_HIGH       HW_MASK(1, 0)   /* sdm_addr_type */
#define BD2_DST_TYPE            HW_MASK(4, 2)
#define BD2_MAC_TYPE            HW_MASK(7, 5)
#define BD2_NONCE_LEN           HW_MASK(3, 0)   /* huk_key_ci */
#define BD2_CI_GEN              HW_MASK(7, 6)
#define BD2_AI_GEN              HW_MASK(1, 0)   /* ai_apad_cs */
#define BD2_A_PAD               HW_MASK(3, 2)
#define BD2_INVALID             HW_BIT(7)       /* iv_tls_invalid */
#define BD2_MAC_LEN             HW_MASK(4, 0)   /* mac_key_alg */
#define BD2_A_KEY_LEN           HW_MASK(10, 5)
#define BD2_A_ALG               HW_MASK(16, 11)
#define BD2_C_ICV_LEN           HW_MASK(5, 0)   /* icvw_kmode */
#define BD2_C_WIDTH             HW_MASK(8, 6)
#define BD2_C_KEY_LEN           HW_MASK(11, 9)
#define BD2_C_MODE              HW_MASK(15, 12)
#define BD2_C_ALG               HW_MASK(3, 0)   /* c_alg */
#define BD2_LEN                 HW_MASK(23, 0)  /* alen_ivllen, clen_ivhlen */

#endif
