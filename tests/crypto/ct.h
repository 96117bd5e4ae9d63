/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of the crypto PMD share: a DPDK process with the device, random numbers, and
 * a reference made of OpenSSL.
 */
#ifndef CT_H
#define CT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#define CT_SKIP         77
#define CT_IV_OFF       (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define CT_IV_ROOM      64      /* cipher IV at CT_IV_OFF, GMAC's at CT_AUTH_IV_OFF */
#define CT_AUTH_IV_OFF  (CT_IV_OFF + 32)
#define CT_SMALL        2048
#define CT_BIG          60000

#define CT_FAIL(fmt, ...)                                                                          \
	do {                                                                                       \
		fprintf(stderr, "%s:%d: " fmt "\n", __func__, __LINE__, ##__VA_ARGS__);            \
		return -1;                                                                         \
	} while (0)
#define CT_CHECK(cond, fmt, ...)                                                                   \
	do {                                                                                       \
		if (!(cond))                                                                       \
			CT_FAIL("%s: " fmt, #cond, ##__VA_ARGS__);                                 \
	} while (0)

/* ------------------------------------------------------------------ device */

/*
 * Starts EAL with the PMD from UACCE_PLUGIN_DIR and one vdev for each of the n devargs. extra:
 * further EAL options, NULL-terminated, or NULL. CT_MEM in the environment: MB of memory that is
 * there when the device is probed, the rest is added as it is needed; CT_IOVA: EAL's --iova-mode.
 * Exits with CT_SKIP when the machine has no hugepages for it.
 */
void ct_eal_init(const char *const *devargs, unsigned int n, const char *const *extra);
extern bool ct_telemetry;       /* set before: with telemetry */

struct ct_dev {
	uint8_t id;
	uint16_t nb_qps;
	struct rte_cryptodev_info info;
	struct rte_mempool *sess_mp;
	struct rte_mempool *op_mp;
	struct rte_mempool *small_mp;   /* mbufs of CT_SMALL and CT_BIG bytes of data room */
	struct rte_mempool *big_mp;
};

/* Configures and starts device number index with nb_qps queue pairs of nb_desc. 0 or -1. */
int ct_dev_start(struct ct_dev *d, unsigned int index, uint16_t nb_qps, uint32_t nb_desc);
void ct_dev_stop(struct ct_dev *d);
/* Creates the pools only. */
int ct_dev_pools(struct ct_dev *d, unsigned int index);

void *ct_session(struct ct_dev *d, struct rte_crypto_sym_xform *xform);
void ct_session_free(struct ct_dev *d, void *sess);

/*
 * Enqueues and dequeues all n ops of queue pair qp, in bursts of up to n. -1 when they do not
 * all come back, in order, within a few seconds.
 */
int ct_run(struct ct_dev *d, uint16_t qp, struct rte_crypto_op **ops, uint16_t n);

struct rte_crypto_op *ct_op(struct ct_dev *d, void *sess, struct rte_mbuf *m);
/* A flat mbuf with a copy of data. */
struct rte_mbuf *ct_mbuf(struct ct_dev *d, const void *data, uint32_t len);
/* One with len bytes of malloc(), out of reach of a device without SVA. free_cb: NULL = free(). */
struct rte_mbuf *ct_external(struct ct_dev *d, uint32_t len,
	rte_mbuf_extbuf_free_callback_t free_cb);

/* ------------------------------------------------------------------ random numbers */

struct ct_rng {
	uint64_t s;
};
uint64_t ct_rand(struct ct_rng *r);
/* In [lo, hi]. */
uint32_t ct_range(struct ct_rng *r, uint32_t lo, uint32_t hi);
void ct_fill(struct ct_rng *r, void *buf, size_t len);

/* ------------------------------------------------------------------ reference */

/* Each returns 0, or -1 when this OpenSSL cannot do it. Not thread-safe: one user per context. */
struct ct_ref;
struct ct_ref *ct_ref_new(void);
void ct_ref_free(struct ct_ref *ref);
int ct_ref_cipher(struct ct_ref *ref, enum rte_crypto_cipher_algorithm alg, bool encrypt,
	const uint8_t *key, uint32_t key_len, const uint8_t *iv, const uint8_t *in, uint8_t *out,
	uint32_t len);
int ct_ref_auth(struct ct_ref *ref, enum rte_crypto_auth_algorithm alg, const uint8_t *key,
	uint32_t key_len, const uint8_t *iv, const uint8_t *in, uint32_t len, uint8_t digest[64]);
/* Encrypts and makes the tag. */
int ct_ref_aead(struct ct_ref *ref, enum rte_crypto_aead_algorithm alg, const uint8_t *key,
	uint32_t key_len, const uint8_t *iv, uint32_t iv_len, const uint8_t *aad,
	uint32_t aad_len, const uint8_t *in, uint8_t *out, uint32_t len, uint8_t *tag,
	uint32_t tag_len);

#endif
