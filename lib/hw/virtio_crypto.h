/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-crypto: split virtqueues and the crypto device's requests, as the virtio specification 1.2
 * has them (sections 2.7 and 5.9), in session mode and without VIRTIO_CRYPTO_F_REVISION_1.
 */
#ifndef VIRTIO_CRYPTO_HW_H
#define VIRTIO_CRYPTO_HW_H

#include <stdint.h>

#include "hw_field.h"

/* ------------------------------------------------------------------ split virtqueue (2.7) */

/* Feature bits that change what a driver does with a queue (6, 5.9.3). */
#define VCRYPTO_F_REVISION_1    HW_BIT(0)
#define VRING_F_INDIRECT_DESC   HW_BIT(28)
#define VRING_F_EVENT_IDX       HW_BIT(29)
#define VRING_F_PACKED          HW_BIT(34)
#define VRING_F_NOTIFICATION_DATA HW_BIT(38)

struct vring_desc {
	uint64_t addr;          /* device address */
	uint32_t len;           /* bytes; of a table: a multiple of sizeof(struct vring_desc) */
	uint16_t flags;         /* VRING_DESC_* */
	uint16_t next;          /* within the ring or the table, with VRING_DESC_NEXT */
};
#define VRING_DESC_NEXT         0x1u
#define VRING_DESC_WRITE        0x2u    /* the device writes it; behind all that it reads */
#define VRING_DESC_INDIRECT     0x4u    /* a table of descriptors; no other flag beside it */
_Static_assert(sizeof(struct vring_desc) == 16, "2.7.5");

/* ring[] has as many entries as the queue. */
struct vring_avail {
	uint16_t flags;         /* VRING_AVAIL_NO_INTERRUPT */
	uint16_t idx;           /* free running: entries made available so far */
	uint16_t ring[];        /* first descriptors of chains */
};
#define VRING_AVAIL_NO_INTERRUPT 0x1u   /* a hint */
_Static_assert(sizeof(struct vring_avail) == 4, "2.7.6");

struct vring_used_elem {
	uint32_t id;            /* first descriptor of the chain that is done */
	uint32_t len;           /* bytes written into it */
};

struct vring_used {
	uint16_t flags;         /* VRING_USED_NO_NOTIFY */
	uint16_t idx;           /* free running */
	struct vring_used_elem ring[];
};
#define VRING_USED_NO_NOTIFY    0x1u    /* the device looks by itself */
_Static_assert(sizeof(struct vring_used_elem) == 8 && sizeof(struct vring_used) == 4, "2.7.8");

#define VRING_MAX_SIZE          32768u  /* entries; a power of two */
#define VRING_AVAIL_SIZE(n)     (sizeof(struct vring_avail) + 2 * (size_t)(n))
#define VRING_USED_SIZE(n)      (sizeof(struct vring_used) + 8 * (size_t)(n))

/* ------------------------------------------------------------------ services (5.9.3) */

/* Bits of the device's mask of services, and the upper half of operation codes. */
enum vcrypto_service {
	VCRYPTO_SERVICE_CIPHER = 0,
	VCRYPTO_SERVICE_HASH = 1,
	VCRYPTO_SERVICE_MAC = 2,
	VCRYPTO_SERVICE_AEAD = 3,
};

/* Algorithms: numbers in requests, and bits of the device's masks. */
enum vcrypto_cipher {
	VCRYPTO_CIPHER_AES_ECB = 2,
	VCRYPTO_CIPHER_AES_CBC = 3,
	VCRYPTO_CIPHER_AES_CTR = 4,
	VCRYPTO_CIPHER_DES_ECB = 5,
	VCRYPTO_CIPHER_DES_CBC = 6,
	VCRYPTO_CIPHER_3DES_ECB = 7,
	VCRYPTO_CIPHER_3DES_CBC = 8,
	VCRYPTO_CIPHER_AES_XTS = 13,
};

enum vcrypto_hash {
	VCRYPTO_HASH_MD5 = 1,
	VCRYPTO_HASH_SHA1 = 2,
	VCRYPTO_HASH_SHA224 = 3,
	VCRYPTO_HASH_SHA256 = 4,
	VCRYPTO_HASH_SHA384 = 5,
	VCRYPTO_HASH_SHA512 = 6,
};

enum vcrypto_mac {
	VCRYPTO_MAC_HMAC_MD5 = 1,
	VCRYPTO_MAC_HMAC_SHA1 = 2,
	VCRYPTO_MAC_HMAC_SHA224 = 3,
	VCRYPTO_MAC_HMAC_SHA256 = 4,
	VCRYPTO_MAC_HMAC_SHA384 = 5,
	VCRYPTO_MAC_HMAC_SHA512 = 6,
	VCRYPTO_MAC_CMAC_AES = 26,
	VCRYPTO_MAC_XCBC_AES = 53,
};

enum vcrypto_aead {
	VCRYPTO_AEAD_GCM = 1,
	VCRYPTO_AEAD_CCM = 2,
};

/* What the device made of a request: in one byte behind data, in 32 bits behind sessions. */
enum vcrypto_status {
	VCRYPTO_OK = 0,
	VCRYPTO_ERR = 1,
	VCRYPTO_BADMSG = 2,     /* the tag does not match */
	VCRYPTO_NOTSUPP = 3,
	VCRYPTO_INVSESS = 4,
	VCRYPTO_NOSPC = 5,      /* no session left */
};

/* ------------------------------------------------------------------ sessions (5.9.7.2) */

/* Values that sessions are described with. */
#define VCRYPTO_OP_ENCRYPT      1
#define VCRYPTO_OP_DECRYPT      2
#define VCRYPTO_HASH_THEN_CIPHER 1
#define VCRYPTO_CIPHER_THEN_HASH 2
#define VCRYPTO_MODE_HASH       1
#define VCRYPTO_MODE_MAC        2

/* ------------------------------------------------------------------ data (5.9.7.4) */

/* enum vcrypto_service; op 0 encrypts, or makes a hash or MAC, op 1 decrypts. */
#define VCRYPTO_OPCODE(service, op)     ((uint32_t)(service) << 8 | (op))

struct vcrypto_op_header {
	uint32_t opcode;
	uint32_t algo;
	uint64_t session_id;
	uint32_t flag;
	uint32_t padding;
};

/* IV, source | destination; lengths of both are the same. */
struct vcrypto_cipher_data {
	uint32_t iv_len;
	uint32_t src_len;
	uint32_t dst_len;
	uint32_t padding;
};

/*
 * IV, source, AAD | destination, result. Offsets count from the start of the source; the cipher
 * writes at the same place of the destination. QEMU wants both of the same length and writes all
 * of the latter.
 */
struct vcrypto_chain_data {
	uint32_t iv_len;
	uint32_t src_len;
	uint32_t dst_len;
	uint32_t cipher_off;
	uint32_t cipher_len;
	uint32_t hash_off;
	uint32_t hash_len;
	uint32_t aad_len;
	uint32_t result_len;
	uint32_t reserved;
};
_Static_assert(sizeof(struct vcrypto_chain_data) == 40, "5.9.7.7");

struct vcrypto_sym_data {
	union {
		struct vcrypto_cipher_data cipher;
		struct vcrypto_chain_data chain;
	};
	uint32_t op_type;       /* VCRYPTO_SYM_* */
	uint32_t padding;
};
#define VCRYPTO_SYM_CIPHER      1
#define VCRYPTO_SYM_CHAIN       2

/* Source | result. Hash and MAC. */
struct vcrypto_hash_data {
	uint32_t src_len;
	uint32_t result_len;
};

/*
 * IV, source, AAD | destination. The tag lies behind the ciphertext, in the destination of an
 * encryption and in the source of a decryption; the destination has room for a tag more than the
 * source in both.
 */
struct vcrypto_aead_data {
	uint32_t iv_len;
	uint32_t aad_len;
	uint32_t src_len;
	uint32_t dst_len;
	uint32_t tag_len;
	uint32_t reserved;
};

/*
 * What a chain of descriptors begins with. Behind it come what the device reads and writes, as
 * above, and last the byte of status, which it writes.
 */
struct vcrypto_op {
	struct vcrypto_op_header header;
	union {
		struct vcrypto_sym_data sym;
		struct vcrypto_hash_data hash;
		struct vcrypto_aead_data aead;
		uint8_t size[48];
	};
};
_Static_assert(sizeof(struct vcrypto_op_header) == 24 && sizeof(struct vcrypto_op) == 72,
	"5.9.7.4");

#endif
