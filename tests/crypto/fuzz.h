/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the fuzzer share. */
#ifndef FUZZ_H
#define FUZZ_H

#include "ct.h"

enum kind { CIPHER, AUTH, CHAIN, AEAD };

struct fz_sess {
	void *sess;
	enum kind kind;
	struct rte_crypto_sym_xform first, second;
	const struct rte_crypto_cipher_xform *cipher;
	const struct rte_crypto_auth_xform *auth;
	const struct rte_crypto_aead_xform *aead;
	bool auth_first, encrypt, verify;
	uint32_t block, digest_len, aad_len;
	uint8_t key[64], auth_key[1024];
};

struct fz_op {
	struct fz_sess *s;
	struct rte_crypto_op *op;
	struct rte_mbuf *src, *dst;
	uint32_t total, c_off, c_len, a_off, a_len;
	uint8_t iv[CT_IV_ROOM];
	uint8_t digest[64];             /* expected, or given */
	uint8_t *digest_at;
	uint8_t *before, *after, *dst_before;
	uint8_t *aux;                   /* memory for AAD and digest */
	uint8_t *near_aux, *far_aux;    /* what it is one of */
	enum rte_crypto_op_status want;
	bool oop;
	bool nested;                    /* digest behind the auth region, encrypted */
};

#define FZ_BURST        32      /* ops at once */
#define FZ_SEGS         12      /* of an mbuf chain, at most */
#define MAX_AAD         4096
#define AUX_FRONT       64      /* bytes before aux */
#define AUX_SIZE        (2 * MAX_AAD + 256)

/* ------------------------------------------------------------------ fuzz_far.c */

/* Memory that a device without SVA does not reach: is that what lies at p? */
bool fz_is_far(const void *p);
uint64_t fz_iova(const void *p);
int fz_far_init(void);
/* An mbuf of mp, at random with external memory for len bytes, within reach or not. */
struct rte_mbuf *fz_far_mbuf(struct ct_rng *r, struct rte_mempool *mp, uint32_t len);
/* Puts the op itself, or aux, out of reach, or not. */
struct rte_crypto_op *fz_far_op(struct ct_rng *r, struct fz_op *f);
void fz_far_aux(struct ct_rng *r, struct fz_op *f);
/* Adds what an op that is back must have cost to the sums. v3: the hardware's generation. */
void fz_far_expect(const struct fz_op *f, bool v3);
/* Compares the sums with the queue pair's counters, and looks for writes beside the data. */
int fz_far_check(const struct ct_dev *d);
extern uint64_t fz_far_ops, fz_far_bytes;

/* ------------------------------------------------------------------ fuzz_raw.c */

/* far: the device does not reach all memory, what is copied for it may be used up. */
int fz_raw_init(const struct ct_dev *d, struct ct_rng *r, bool far);
void fz_raw_fini(void);
/* Enqueues n <= FZ_BURST ops, in parts if they must be, and gets them back with their status. */
int fz_raw_run(struct fz_op *ops, uint32_t n);

#endif
