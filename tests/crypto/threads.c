/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lcore enqueues on a queue pair while another one dequeues from it, as with the event crypto
 * adapter: ops of all paths, which come back in order and with the right data each time. Flat ones,
 * chains of more segments than a descriptor's own list has, what libcrypto does in either direction,
 * and with "far" segments of malloc() among them.
 *
 *   threads DEVARGS [OPS [far]]
 */
#include <sched.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include "ct.h"

#define NB_OPS          256u    /* in the air, a power of 2 */
#define BURST           32u
#define MAX_SEGS        14u
#define MAX_SEG         120u
#define MAX_DATA        (MAX_SEGS * MAX_SEG)
#define PATIENCE_S      60

enum kind { LIST, FLAT, SOFT, EMPTY, KINDS };

/* Of each op, which goes around and around. */
struct course {
	struct rte_crypto_op *op;
	enum kind kind;
	uint32_t len;
	bool odd;               /* encrypted an odd number of times */
	uint8_t digest[64];     /* expected */
	uint8_t data[2][MAX_DATA];
};

/* Behind the IV of an op. */
#define DIGEST_OFF      (CT_IV_OFF + 16)
#define AAD_OFF         (CT_IV_OFF + 48)
#define AAD_LEN         8
#define MAC_LEN         20
#define TAG_LEN         16

static struct ct_dev dev;
static struct course courses[NB_OPS];
static struct rte_ring *ready;
static void *sessions[KINDS];
static uint8_t key[16] = "key of 16 bytes", auth_key[20] = "another one of 20 b";
static uint64_t total, enqueued, not_taken;
static bool far, stop;
static struct ct_rng rng = {.s = 1};

static int
make_sessions(void)
{
	struct rte_crypto_sym_xform auth = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {.op = RTE_CRYPTO_AUTH_OP_GENERATE,
			.algo = RTE_CRYPTO_AUTH_SHA1_HMAC,
			.key = {.data = auth_key, .length = sizeof(auth_key)},
			.digest_length = MAC_LEN},
	};
	struct rte_crypto_sym_xform cipher = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CTR,
			.key = {.data = key, .length = sizeof(key)},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};
	struct rte_crypto_sym_xform aead = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {.op = RTE_CRYPTO_AEAD_OP_ENCRYPT,
			.algo = RTE_CRYPTO_AEAD_AES_GCM,
			.key = {.data = key, .length = sizeof(key)},
			.iv = {.offset = CT_IV_OFF, .length = 12},
			.digest_length = TAG_LEN,
			.aad_length = AAD_LEN},
	};

	sessions[LIST] = sessions[FLAT] = ct_session(&dev, &cipher);
	cipher.next = &auth;
	sessions[SOFT] = ct_session(&dev, &cipher);
	sessions[EMPTY] = ct_session(&dev, &aead);
	return sessions[LIST] && sessions[SOFT] && sessions[EMPTY] ? 0 : -1;
}

/* ------------------------------------------------------------------ ops */

static struct rte_mbuf *
external(const void *data, uint32_t len)
{
	struct rte_mbuf *m = ct_external(&dev, len, NULL);

	memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	return m;
}

static struct rte_mbuf *
make_chain(struct course *c, uint32_t segs)
{
	struct rte_mbuf *head = NULL, *m;
	uint32_t len;

	for (c->len = 0; segs-- > 0; c->len += len) {
		len = ct_range(&rng, 1, MAX_SEG);
		m = far && ct_range(&rng, 0, 1) ? external(c->data[0] + c->len, len) :
			ct_mbuf(&dev, c->data[0] + c->len, len);
		if (head == NULL)
			head = m;
		else
			rte_pktmbuf_chain(head, m);
	}
	return head;
}

static int
make_course(struct course *c, struct ct_ref *ref)
{
	static const uint32_t of_ten[] = {LIST, LIST, LIST, LIST, FLAT, FLAT, FLAT, SOFT, SOFT, EMPTY};
	struct rte_crypto_op *op;
	uint8_t *iv, *aad;
	int ret;

	c->kind = of_ten[ct_range(&rng, 0, RTE_DIM(of_ten) - 1)];
	ct_fill(&rng, c->data[0], MAX_DATA);
	op = c->op = ct_op(&dev, sessions[c->kind], NULL);
	op->sym->m_src = make_chain(c, c->kind == FLAT ? 1 : ct_range(&rng, 2, MAX_SEGS));
	iv = rte_crypto_op_ctod_offset(op, uint8_t *, CT_IV_OFF);
	aad = rte_crypto_op_ctod_offset(op, uint8_t *, AAD_OFF);
	ct_fill(&rng, iv, 16);
	ct_fill(&rng, aad, AAD_LEN);
	ret = ct_ref_cipher(ref, RTE_CRYPTO_CIPHER_AES_CTR, true, key, 16, iv, c->data[0],
		c->data[1], c->len);
	if (c->kind == EMPTY) {
		memcpy(c->data[1], c->data[0], c->len);
		op->sym->aead.digest.data = rte_crypto_op_ctod_offset(op, uint8_t *, DIGEST_OFF);
		op->sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op, DIGEST_OFF);
		op->sym->aead.aad.data = aad;
		op->sym->aead.aad.phys_addr = rte_crypto_op_ctophys_offset(op, AAD_OFF);
		return ret | ct_ref_aead(ref, RTE_CRYPTO_AEAD_AES_GCM, key, 16, iv, 12, aad, AAD_LEN,
			c->data[0], c->data[0], 0, c->digest, TAG_LEN);
	}
	op->sym->cipher.data.length = c->len;
	if (c->kind != SOFT)
		return ret;
	op->sym->auth.digest.data = rte_crypto_op_ctod_offset(op, uint8_t *, DIGEST_OFF);
	op->sym->auth.digest.phys_addr = rte_crypto_op_ctophys_offset(op, DIGEST_OFF);
	return ret | ct_ref_auth(ref, RTE_CRYPTO_AUTH_SHA1_HMAC, auth_key, sizeof(auth_key), NULL,
		c->data[0], 0, c->digest);
}

static int
check(struct course *c, const struct rte_crypto_op *op)
{
	const uint32_t digest_len = c->kind == SOFT ? MAC_LEN : c->kind == EMPTY ? TAG_LEN : 0;
	uint8_t *digest = rte_crypto_op_ctod_offset(c->op, uint8_t *, DIGEST_OFF);
	const struct rte_mbuf *m;
	uint32_t off = 0;

	CT_CHECK(op == c->op, "another op's turn");
	CT_CHECK(op->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "kind %u: %u", c->kind, op->status);
	c->odd = !c->odd;
	for (m = op->sym->m_src; m != NULL; off += m->data_len, m = m->next)
		CT_CHECK(memcmp(rte_pktmbuf_mtod(m, void *), c->data[c->odd] + off,
			m->data_len) == 0, "kind %u of %u bytes, at %u", c->kind, c->len, off);
	CT_CHECK(memcmp(digest, c->digest, digest_len) == 0, "kind %u: digest", c->kind);
	memset(digest, 0, digest_len);
	c->op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	return 0;
}

/* ------------------------------------------------------------------ lcores */

/* Enqueues what is ready until all is. */
static int
enqueue_all(void *arg)
{
	struct ct_rng mine = {.s = 2};
	struct rte_crypto_op *ops[BURST];
	uint32_t have = 0, n, taken;

	RTE_SET_USED(arg);
	while (enqueued < total && !__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		n = ct_range(&mine, 1, BURST);
		if (n > have)
			have += rte_ring_sc_dequeue_burst(ready, (void **)&ops[have], n - have, NULL);
		n = RTE_MIN(n, have);
		taken = n == 0 ? 0 : rte_cryptodev_enqueue_burst(dev.id, 0, ops, n);
		enqueued += taken;
		have -= taken;
		memmove(ops, ops + taken, have * sizeof(*ops));
		if (taken == 0) {
			not_taken += n != 0;
			sched_yield();
		}
	}
	return 0;
}

static int
dequeue_all(void)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz(), got = 0;
	struct rte_crypto_op *ops[BURST];
	uint16_t n, i;

	while (got < total) {
		n = rte_cryptodev_dequeue_burst(dev.id, 0, ops, ct_range(&rng, 1, BURST));
		for (i = 0; i < n; i++) {
			if (check(&courses[(got + i) % NB_OPS], ops[i]) != 0)
				return -1;
		}
		got += n;
		rte_ring_sp_enqueue_bulk(ready, (void **)ops, n, NULL);
		CT_CHECK(rte_get_timer_cycles() < end, "%ju of %ju", (uintmax_t)got, (uintmax_t)total);
		if (n == 0)
			sched_yield();
	}
	return 0;
}

static int
drain(void)
{
	struct rte_cryptodev_stats st;
	struct rte_crypto_op *ops[BURST];

	do {
		CT_CHECK(rte_cryptodev_stats_get(dev.id, &st) == 0, "no statistics");
		rte_cryptodev_dequeue_burst(dev.id, 0, ops, BURST);
	} while (st.dequeued_count != st.enqueued_count);
	CT_CHECK(st.enqueued_count == enqueued, "%ju, not %ju", (uintmax_t)st.enqueued_count,
		(uintmax_t)enqueued);
	CT_CHECK(st.enqueue_err_count + st.dequeue_err_count == 0, "errors");
	return 0;
}

static int
run_all(void)
{
	struct ct_ref *ref = ct_ref_new();
	unsigned int worker = rte_get_next_lcore(-1, 1, 0);
	int ret;

	ready = rte_ring_create("ready", NB_OPS * 2, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (ready == NULL || make_sessions() != 0)
		return -1;
	for (uint32_t i = 0; i < NB_OPS; i++) {
		if (make_course(&courses[i], ref) != 0)
			return -1;
		rte_ring_sp_enqueue(ready, courses[i].op);
	}
	ct_ref_free(ref);
	rte_eal_remote_launch(enqueue_all, NULL, worker);
	ret = dequeue_all();
	__atomic_store_n(&stop, ret != 0, __ATOMIC_RELAXED);
	rte_eal_wait_lcore(worker);
	return ret == 0 ? drain() : ret;
}

int
main(int argc, char **argv)
{
	const char *devargs = argc > 1 ? argv[1] : "device=emu";
	int ret;

	total = argc > 2 ? strtoul(argv[2], NULL, 0) : 100000;
	far = argc > 3 && strcmp(argv[3], "far") == 0;
	ct_eal_init(&devargs, 1, NULL);
	if (rte_lcore_count() < 2) {
		printf("skipped: one CPU\n");
		return CT_SKIP;
	}
	if (ct_dev_start(&dev, 0, 1, 2 * NB_OPS) != 0)
		return 1;
	ret = run_all();
	printf("two lcores, one queue pair, %ju ops%s, %ju bursts not taken: %s\n", (uintmax_t)total,
		far ? " with memory out of reach" : "", (uintmax_t)not_taken, ret ? "FAILED" : "ok");
	for (uint32_t i = 0; ret == 0 && i < NB_OPS; i++) {
		rte_pktmbuf_free(courses[i].op->sym->m_src);
		rte_crypto_op_free(courses[i].op);
	}
	if (ret == 0)
		ct_dev_stop(&dev);
	rte_eal_cleanup();
	return ret != 0;
}
