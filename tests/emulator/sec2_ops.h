/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to SEC2 in plain words, descriptors made of them by hand, and what OpenSSL says. */
#ifndef TEST_EMU_SEC2_OPS_H
#define TEST_EMU_SEC2_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "hisi_sec2.h"

struct sec2_alg {
	const char *ossl;       /* OpenSSL's name; MACs: of the hash or cipher below them */
	uint8_t alg, mode;      /* of the cipher */
	uint8_t key_code, key_len, iv_len;
	uint8_t cs;             /* CBC-CS variant */
	uint8_t unit, min;      /* lengths: multiples of unit, not below min */
	bool v2;                /* hardware v2 has it */
};

struct sec2_mac {
	const char *ossl;
	uint8_t alg;            /* a_alg */
	uint8_t len, block;
	bool v2;
};

extern const struct sec2_alg test_ciphers[], test_aeads[];
extern const unsigned int nb_test_ciphers, nb_test_aeads;
extern const struct sec2_mac test_macs[];       /* hashes, HMACs, CMAC, GMAC */
extern const unsigned int nb_test_macs;

/* A cipher or AEAD; exits when there is none of that name. */
const struct sec2_alg *find_alg(const char *name);

struct sec2_op_desc {
	const struct sec2_alg *cipher;  /* NULL: none */
	const struct sec2_mac *mac;     /* NULL: none, or AEAD */
	bool aead, enc, verify, auth_first, invalid;
	uint8_t scene, src_type, dst_type, de;
	uint32_t auth_off, auth_len, cipher_off, cipher_len;
	uint32_t mac_len, akey_len;
	const void *src, *dst, *ckey, *akey, *civ, *aiv, *mac_addr;
	uint64_t tag;
};

/* bd: 128 bytes. */
void sec2_make_bd3(const struct sec2_op_desc *d, void *bd);
void sec2_make_bd2(const struct sec2_op_desc *d, void *bd);

/* OpenSSL's answers; exit on failure. */
void ref_cipher(const struct sec2_alg *a, const uint8_t *key, const uint8_t *iv, bool enc,
		const uint8_t *in, uint8_t *out, uint32_t len);
void ref_mac(const struct sec2_mac *m, const uint8_t *key, uint32_t key_len, const uint8_t *iv12,
	     const uint8_t *in, uint32_t len, uint8_t *out);
/* Encrypts; nonce: GCM 12 bytes, CCM iv_len bytes. */
void ref_aead(const struct sec2_alg *a, const uint8_t *key, const uint8_t *nonce,
	      unsigned int nonce_len, const uint8_t *aad, uint32_t aad_len, const uint8_t *in,
	      uint8_t *out, uint32_t len, uint8_t *tag, unsigned int tag_len);
/* c_ivin and a_ivin of CCM from a nonce. */
void make_ccm_blocks(const uint8_t *nonce, unsigned int nonce_len, uint32_t aad_len, uint32_t len,
		     unsigned int tag_len, uint8_t *a1, uint8_t *b0);

#endif
