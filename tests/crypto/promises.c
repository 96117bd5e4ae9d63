/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What doc/design.rst promises of the PMDs, and what the stock driver of this hardware gets
 * wrong, each as a case. Doorbells are counted by libwd and read out of the queue pair.
 *
 *   promises [CASE]
 */
#include <errno.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_pause.h>

#include "ct.h"
#include "uacce_crypto.h"

#define QUEUES  4

static struct ct_dev dev;       /* BD3, QUEUES queues */
static struct ct_dev dev2;      /* BD2 */
static uint8_t key[64];

static const struct uacce_crypto_qp *
queue_pair(const struct ct_dev *d, uint16_t id)
{
	return rte_cryptodevs[d->id].data->queue_pairs[id];
}

/* ------------------------------------------------------------------ sessions and ops */

static void *
cbc_session(struct ct_dev *d, bool encrypt)
{
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = encrypt ? RTE_CRYPTO_CIPHER_OP_ENCRYPT :
					   RTE_CRYPTO_CIPHER_OP_DECRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = 16},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};

	return ct_session(d, &x);
}

static void *
hmac_session(struct ct_dev *d, bool verify)
{
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {.op = verify ? RTE_CRYPTO_AUTH_OP_VERIFY : RTE_CRYPTO_AUTH_OP_GENERATE,
			.algo = RTE_CRYPTO_AUTH_SHA256_HMAC,
			.key = {.data = key, .length = 32},
			.digest_length = 32},
	};

	return ct_session(d, &x);
}

static void *
chain_session(struct ct_dev *d)
{
	struct rte_crypto_sym_xform auth = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {.op = RTE_CRYPTO_AUTH_OP_GENERATE,
			.algo = RTE_CRYPTO_AUTH_SHA1_HMAC,
			.key = {.data = key, .length = 20},
			.digest_length = 12},
	};
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.next = &auth,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = 16},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};

	return ct_session(d, &x);
}

/* len bytes of 0x11 and behind them room for a digest. */
static struct rte_crypto_op *
make_op(struct ct_dev *d, void *sess, uint32_t len)
{
	struct rte_mbuf *m = ct_mbuf(d, NULL, len + 64);
	struct rte_crypto_op *op = ct_op(d, sess, m);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	memset(data, 0x11, len);
	memset(data + len, 0, 64);
	memset(rte_crypto_op_ctod_offset(op, void *, CT_IV_OFF), 0x22, 16);
	op->sym->cipher.data.offset = 0;
	op->sym->cipher.data.length = len;
	op->sym->auth.data.offset = 0;
	op->sym->auth.data.length = len;
	op->sym->auth.digest.data = data + len;
	op->sym->auth.digest.phys_addr = rte_pktmbuf_iova_offset(m, len);
	return op;
}

static void
make_ops(struct ct_dev *d, void *sess, uint32_t len, struct rte_crypto_op **ops, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		ops[i] = make_op(d, sess, len);
}

static void
free_ops(struct rte_crypto_op **ops, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		rte_pktmbuf_free(ops[i]->sym->m_src);
		rte_crypto_op_free(ops[i]);
	}
}

static uint16_t
wait_for(struct ct_dev *d, uint16_t qp, struct rte_crypto_op **back, uint16_t n)
{
	uint64_t end = rte_get_timer_cycles() + 20 * rte_get_timer_hz();
	uint16_t got = 0;

	while (got < n && rte_get_timer_cycles() < end)
		got += rte_cryptodev_dequeue_burst(d->id, qp, back + got, n - got);
	return got;
}

/* ------------------------------------------------------------------ 1: queues and doorbells */

static int
one_doorbell_a_burst(void)
{
	void *sess = chain_session(&dev);
	const struct wd_queue_stats *st = &queue_pair(&dev, 0)->wq.stats;
	struct rte_crypto_op *ops[200], *back[200];
	static const uint16_t bursts[] = {1, 7, 32, 64, 200};
	struct wd_queue_stats was;
	uint16_t n;
	uint32_t i;

	CT_CHECK(sess, "%s", rte_strerror(rte_errno));
	for (i = 0; i < RTE_DIM(bursts); i++) {
		make_ops(&dev, sess, 64, ops, bursts[i]);
		was = *st;
		CT_CHECK(rte_cryptodev_enqueue_burst(dev.id, 0, ops, bursts[i]) == bursts[i],
			"burst of %u", bursts[i]);
		CT_CHECK(st->sq_doorbells == was.sq_doorbells + 1, "%ju doorbells for a burst of %u",
			(uintmax_t)(st->sq_doorbells - was.sq_doorbells), bursts[i]);
		/* Cipher and auth were one trip (promise 7). */
		CT_CHECK(st->submitted == was.submitted + bursts[i], "requests for %u ops",
			bursts[i]);
		rte_delay_ms(20);
		was = *st;
		n = rte_cryptodev_dequeue_burst(dev.id, 0, back, bursts[i]);
		CT_CHECK(st->cq_doorbells <= was.cq_doorbells + 1, "a dequeue of %u", n);
		CT_CHECK(n + wait_for(&dev, 0, back + n, bursts[i] - n) == bursts[i], "ops lost");
		free_ops(ops, bursts[i]);
	}
	ct_session_free(&dev, sess);
	return 0;
}

static int
queues_of_their_own(void)
{
	struct rte_cryptodev_config conf = {.nb_queue_pairs = QUEUES + 1};
	uint16_t i, k;

	CT_CHECK(dev.info.max_nb_queue_pairs == QUEUES, "%u", dev.info.max_nb_queue_pairs);
	for (i = 0; i < QUEUES; i++) {
		for (k = 0; k < i; k++)
			CT_CHECK(queue_pair(&dev, i)->wq.priv != queue_pair(&dev, k)->wq.priv,
				"queue pairs %u and %u", i, k);
	}
	rte_cryptodev_stop(dev.id);
	CT_CHECK(rte_cryptodev_configure(dev.id, &conf) != 0, "more than there are");
	CT_CHECK(ct_dev_start(&dev, 0, QUEUES, 256) == 0, "back again");
	return 0;
}

/* ------------------------------------------------------------------ 2: prefixes, refusals */

static int
full_ring(void)
{
	void *sess = cbc_session(&dev, true);
	struct rte_crypto_op *ops[512], *back[512];
	uint32_t depth = queue_pair(&dev, 1)->depth, sent = 0, i;
	uint64_t start = rte_get_timer_cycles();
	uint16_t n;

	CT_CHECK(sess && depth < RTE_DIM(ops), "depth %u", depth);
	make_ops(&dev, sess, 64, ops, RTE_DIM(ops));
	/* Nothing is dequeued: what a run-to-completion lcore does while it enqueues. */
	do {
		n = rte_cryptodev_enqueue_burst(dev.id, 1, ops + sent, RTE_MIN(50u,
			RTE_DIM(ops) - sent));
		sent += n;
	} while (n != 0);
	CT_CHECK(sent == depth, "%u taken of a depth of %u", sent, depth);
	CT_CHECK(rte_get_timer_cycles() - start < 2 * rte_get_timer_hz(), "enqueue blocked");
	CT_CHECK(wait_for(&dev, 1, back, sent) == sent, "of %u", sent);
	for (i = 0; i < sent; i++)
		CT_CHECK(back[i] == ops[i] && ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS,
			"op %u", i);
	for (; i < RTE_DIM(ops); i++)
		CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_NOT_PROCESSED, "op %u", i);
	free_ops(ops, RTE_DIM(ops));
	ct_session_free(&dev, sess);
	return 0;
}

static int
bad_ops_complete_in_order(void)
{
	void *sess = cbc_session(&dev, true), *other = cbc_session(&dev2, true);
	struct rte_cryptodev_stats was, now;
	struct rte_crypto_op *ops[9];
	static const enum rte_crypto_op_status want[9] = {
		RTE_CRYPTO_OP_STATUS_SUCCESS,
		RTE_CRYPTO_OP_STATUS_INVALID_SESSION,
		RTE_CRYPTO_OP_STATUS_INVALID_SESSION,
		RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
		RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
		RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
		RTE_CRYPTO_OP_STATUS_INVALID_SESSION,
		RTE_CRYPTO_OP_STATUS_SUCCESS,
		RTE_CRYPTO_OP_STATUS_SUCCESS,
	};
	struct rte_mbuf *keep;
	uint32_t i;

	CT_CHECK(sess && other, "%s", rte_strerror(rte_errno));
	make_ops(&dev, sess, 64, ops, RTE_DIM(ops));
	ops[1]->sess_type = RTE_CRYPTO_OP_SESSIONLESS;
	ops[2]->sym->session = NULL;
	ops[3]->sym->cipher.data.length = 63;                   /* no multiple of a block */
	ops[4]->sym->cipher.data.length = 1u << 20;             /* behind the end of the mbuf */
	keep = ops[5]->sym->m_src;
	ops[5]->sym->m_src = NULL;
	ops[6]->sym->session = other;                           /* of another kind of device */
	ops[7]->sym->cipher.data.length = 0;                    /* nothing to do */
	rte_cryptodev_stats_get(dev.id, &was);
	CT_CHECK(ct_run(&dev, 0, ops, RTE_DIM(ops)) == 0, "order");
	rte_cryptodev_stats_get(dev.id, &now);
	for (i = 0; i < RTE_DIM(ops); i++)
		CT_CHECK(ops[i]->status == want[i], "op %u: status %u, want %u", i, ops[i]->status,
			want[i]);
	CT_CHECK(*rte_pktmbuf_mtod(ops[3]->sym->m_src, uint8_t *) == 0x11, "data was written");
	CT_CHECK(now.enqueued_count - was.enqueued_count == 9 &&
			now.dequeued_count - was.dequeued_count == 9 &&
			now.dequeue_err_count - was.dequeue_err_count == 6, "%ju errors",
		(uintmax_t)(now.dequeue_err_count - was.dequeue_err_count));
	ops[5]->sym->m_src = keep;
	free_ops(ops, RTE_DIM(ops));
	ct_session_free(&dev, sess);
	ct_session_free(&dev2, other);
	return 0;
}

static int
refused_sessions(void)
{
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.algo = RTE_CRYPTO_CIPHER_SNOW3G_UEA2,
			.key = {.data = key, .length = 16}, .iv = {CT_IV_OFF, 16}},
	};

	CT_CHECK(ct_session(&dev, &x) == NULL && rte_errno == ENOTSUP, "algorithm: %d", rte_errno);
	x.cipher.algo = RTE_CRYPTO_CIPHER_AES_CBC;
	x.cipher.key.length = 17;
	CT_CHECK(ct_session(&dev, &x) == NULL && rte_errno == EINVAL, "key: %d", rte_errno);
	x.cipher.key.length = 16;
	x.cipher.iv.length = 8;
	CT_CHECK(ct_session(&dev, &x) == NULL && rte_errno == EINVAL, "IV: %d", rte_errno);
	/* Counter mode is not in hardware v2. */
	x.cipher.iv.length = 16;
	x.cipher.algo = RTE_CRYPTO_CIPHER_AES_CTR;
	CT_CHECK(ct_session(&dev2, &x) == NULL && rte_errno == ENOTSUP, "v2: %d", rte_errno);
	return 0;
}

/* ------------------------------------------------------------------ 4: verification */

/* Bursts of one size in, of another out: each digest belongs to its op. */
static int
verify_with_uneven_bursts(void)
{
	void *gen = hmac_session(&dev, false), *check = hmac_session(&dev, true);
	struct rte_crypto_op *ops[150], *back[150];
	uint16_t sent = 0, got = 0, n;
	uint32_t i;

	CT_CHECK(gen && check, "%s", rte_strerror(rte_errno));
	make_ops(&dev, gen, 100, ops, RTE_DIM(ops));
	for (i = 0; i < RTE_DIM(ops); i++)
		*rte_pktmbuf_mtod(ops[i]->sym->m_src, uint32_t *) = i;
	CT_CHECK(ct_run(&dev, 0, ops, RTE_DIM(ops)) == 0, "generate");
	for (i = 0; i < RTE_DIM(ops); i++) {
		ops[i]->sym->session = check;
		ops[i]->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
		if (i % 3 == 0)
			ops[i]->sym->auth.digest.data[i % 32] ^= 0x80;
	}
	while (sent < RTE_DIM(ops))
		sent += rte_cryptodev_enqueue_burst(dev.id, 0, ops + sent,
			RTE_MIN(13, RTE_DIM(ops) - sent));
	while (got < RTE_DIM(ops)) {
		n = wait_for(&dev, 0, back + got, RTE_MIN(7, RTE_DIM(ops) - got));
		CT_CHECK(n != 0, "%u came back", got);
		got += n;
	}
	for (i = 0; i < RTE_DIM(ops); i++)
		CT_CHECK(back[i] == ops[i] && ops[i]->status == (i % 3 == 0 ?
				RTE_CRYPTO_OP_STATUS_AUTH_FAILED : RTE_CRYPTO_OP_STATUS_SUCCESS),
			"op %u: status %u", i, ops[i]->status);
	free_ops(ops, RTE_DIM(ops));
	ct_session_free(&dev, gen);
	ct_session_free(&dev, check);
	return 0;
}

/* ------------------------------------------------------------------ 5: what is the caller's */

static int
keys_are_wiped(void)
{
	static const uint8_t mark[16] = "0123456789abcde";
	uint32_t size = rte_cryptodev_sym_get_private_session_size(dev.id), i;
	uint8_t saved[64];
	uint8_t *priv;
	void *sess;

	memcpy(saved, key, sizeof(key));
	memcpy(key, mark, sizeof(mark));
	sess = chain_session(&dev);
	memcpy(key, saved, sizeof(key));
	CT_CHECK(sess, "%s", rte_strerror(rte_errno));
	priv = CRYPTODEV_GET_SYM_SESS_PRIV(sess);
	CT_CHECK(memmem(priv, size, mark, sizeof(mark)) != NULL, "the test looks at the wrong place");
	/* The framework wipes too, but later: look at what the driver leaves. */
	rte_cryptodevs[dev.id].dev_ops->sym_session_clear(&rte_cryptodevs[dev.id], sess);
	for (i = 0; i < size; i++)
		CT_CHECK(priv[i] == 0, "byte %u of %u", i, size);
	rte_mempool_put(dev.sess_mp, sess);
	return 0;
}

static int
source_iv_and_key_stay(void)
{
	void *sess = cbc_session(&dev, true);
	struct rte_crypto_op *op = make_op(&dev, sess, 512);
	struct rte_mbuf *dst = ct_mbuf(&dev, NULL, 512);
	uint8_t *iv = rte_crypto_op_ctod_offset(op, uint8_t *, CT_IV_OFF);
	uint8_t *src = rte_pktmbuf_mtod(op->sym->m_src, uint8_t *);
	uint8_t saved[64];
	uint32_t i;

	memcpy(saved, key, sizeof(key));
	op->sym->m_dst = dst;
	CT_CHECK(ct_run(&dev, 0, &op, 1) == 0, "run");
	CT_CHECK(op->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "status %u", op->status);
	for (i = 0; i < 16; i++)
		CT_CHECK(iv[i] == 0x22, "IV byte %u", i);
	for (i = 0; i < 512; i++)
		CT_CHECK(src[i] == 0x11, "source byte %u", i);
	CT_CHECK(memcmp(saved, key, sizeof(key)) == 0, "key");
	CT_CHECK(memcmp(src, rte_pktmbuf_mtod(dst, void *), 512) != 0, "nothing was encrypted");
	rte_pktmbuf_free(dst);
	free_ops(&op, 1);
	ct_session_free(&dev, sess);
	return 0;
}

/* ------------------------------------------------------------------ 6: chained mbufs */

/* As the stock driver does it, everything behind the first segment is not touched, or worse. */
static int
segments_of_one_byte(void)
{
	void *enc = cbc_session(&dev, true), *dec = cbc_session(&dev, false);
	struct rte_crypto_op *op = make_op(&dev, enc, 64);
	struct rte_mbuf *head = NULL, *m;
	uint32_t i;

	for (i = 0; i < 64; i++) {
		m = ct_mbuf(&dev, "\x11", 1);
		if (head == NULL)
			head = m;
		else
			CT_CHECK(rte_pktmbuf_chain(head, m) == 0, "chain");
	}
	m = op->sym->m_src;
	op->sym->m_src = head;
	CT_CHECK(ct_run(&dev, 0, &op, 1) == 0 && op->status == RTE_CRYPTO_OP_STATUS_SUCCESS,
		"status %u", op->status);
	CT_CHECK(*rte_pktmbuf_mtod(rte_pktmbuf_lastseg(head), uint8_t *) != 0x11 ||
			*rte_pktmbuf_mtod(head->next, uint8_t *) != 0x11, "segments untouched");
	/* And back, into one buffer. */
	op->sym->session = dec;
	op->sym->m_dst = m;
	memset(rte_pktmbuf_mtod(m, void *), 0, 64);
	CT_CHECK(ct_run(&dev, 0, &op, 1) == 0 && op->status == RTE_CRYPTO_OP_STATUS_SUCCESS,
		"status %u", op->status);
	for (i = 0; i < 64; i++)
		CT_CHECK(rte_pktmbuf_mtod(m, uint8_t *)[i] == 0x11, "byte %u", i);
	rte_pktmbuf_free(head);
	op->sym->m_src = m;
	free_ops(&op, 1);
	ct_session_free(&dev, enc);
	ct_session_free(&dev, dec);
	return 0;
}

/* ------------------------------------------------------------------ life of a device */

static int
reconfigure(void)
{
	static const uint16_t qps[] = {1, QUEUES, 2, 3};
	struct rte_crypto_op *ops[32];
	void *sess;
	uint32_t i, k;

	for (i = 0; i < RTE_DIM(qps); i++) {
		rte_cryptodev_stop(dev.id);
		CT_CHECK(ct_dev_start(&dev, 0, qps[i], 64 << i) == 0, "%u queue pairs", qps[i]);
		sess = cbc_session(&dev, true);
		CT_CHECK(sess, "%s", rte_strerror(rte_errno));
		for (k = 0; k < qps[i]; k++) {
			make_ops(&dev, sess, 64, ops, RTE_DIM(ops));
			CT_CHECK(ct_run(&dev, k, ops, RTE_DIM(ops)) == 0, "queue pair %u", k);
			free_ops(ops, RTE_DIM(ops));
		}
		ct_session_free(&dev, sess);
	}
	/* Stopped with ops in flight, closed, used again. */
	sess = cbc_session(&dev, true);
	make_ops(&dev, sess, 64, ops, RTE_DIM(ops));
	CT_CHECK(rte_cryptodev_enqueue_burst(dev.id, 0, ops, RTE_DIM(ops)) == RTE_DIM(ops), "taken");
	rte_cryptodev_stop(dev.id);
	CT_CHECK(rte_cryptodev_close(dev.id) == 0, "close");
	CT_CHECK(rte_cryptodev_close(dev.id) == 0, "close again");
	free_ops(ops, RTE_DIM(ops));
	CT_CHECK(ct_dev_start(&dev, 0, QUEUES, 256) == 0, "after close");
	make_ops(&dev, sess, 64, ops, RTE_DIM(ops));
	CT_CHECK(ct_run(&dev, 0, ops, RTE_DIM(ops)) == 0, "after close");
	free_ops(ops, RTE_DIM(ops));
	ct_session_free(&dev, sess);
	return 0;
}

static int
two_generations(void)
{
	struct ct_dev *const devs[] = {&dev, &dev2};
	uint8_t out[2][64];
	uint32_t i;

	for (i = 0; i < 2; i++) {
		void *sess = chain_session(devs[i]);
		struct rte_crypto_op *op;

		CT_CHECK(sess, "%s", rte_strerror(rte_errno));
		op = make_op(devs[i], sess, 48);
		CT_CHECK(ct_run(devs[i], 0, &op, 1) == 0, "device %u", i);
		CT_CHECK(op->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "status %u", op->status);
		memcpy(out[i], rte_pktmbuf_mtod(op->sym->m_src, void *), sizeof(out[i]));
		free_ops(&op, 1);
		ct_session_free(devs[i], sess);
	}
	CT_CHECK(memcmp(out[0], out[1], sizeof(out[0])) == 0, "they differ");
	return 0;
}

static int
statistics(void)
{
	void *sess = cbc_session(&dev, true);
	struct rte_cryptodev_stats st;
	struct rte_crypto_op *ops[100];
	uint16_t i;

	rte_cryptodev_stats_reset(dev.id);
	for (i = 0; i < QUEUES; i++) {
		make_ops(&dev, sess, 64, ops, RTE_DIM(ops));
		CT_CHECK(ct_run(&dev, i, ops, RTE_DIM(ops) - i) == 0, "queue pair %u", i);
		free_ops(ops, RTE_DIM(ops));
	}
	CT_CHECK(rte_cryptodev_stats_get(dev.id, &st) == 0, "get");
	CT_CHECK(st.enqueued_count == 394 && st.dequeued_count == 394 &&
			st.enqueue_err_count == 0 && st.dequeue_err_count == 0, "%ju, %ju, %ju, %ju",
		(uintmax_t)st.enqueued_count, (uintmax_t)st.dequeued_count,
		(uintmax_t)st.enqueue_err_count, (uintmax_t)st.dequeue_err_count);
	rte_cryptodev_stats_reset(dev.id);
	CT_CHECK(rte_cryptodev_stats_get(dev.id, &st) == 0 && st.enqueued_count == 0, "reset");
	ct_session_free(&dev, sess);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
	{"one_doorbell_a_burst", one_doorbell_a_burst},
	{"queues_of_their_own", queues_of_their_own},
	{"full_ring", full_ring},
	{"bad_ops_complete_in_order", bad_ops_complete_in_order},
	{"refused_sessions", refused_sessions},
	{"verify_with_uneven_bursts", verify_with_uneven_bursts},
	{"keys_are_wiped", keys_are_wiped},
	{"source_iv_and_key_stay", source_iv_and_key_stay},
	{"segments_of_one_byte", segments_of_one_byte},
	{"two_generations", two_generations},
	{"statistics", statistics},
	{"reconfigure", reconfigure},
};

int
main(int argc, char **argv)
{
	const char *devargs[] = {"device=emu,queues=4", "device=emu,hw=v2"};
	struct ct_rng rng = {.s = 1};
	unsigned int i, ran = 0, failed = 0;

	ct_eal_init(devargs, 2, NULL);
	ct_fill(&rng, key, sizeof(key));
	if (ct_dev_start(&dev, 0, QUEUES, 256) != 0 || ct_dev_start(&dev2, 1, 1, 256) != 0)
		return 1;
	for (i = 0; i < RTE_DIM(cases); i++) {
		int ret;

		if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
			continue;
		ret = cases[i].run();
		printf("%-30s %s\n", cases[i].name, ret ? "FAILED" : "ok");
		ran++;
		failed += ret != 0;
	}
	ct_dev_stop(&dev);
	ct_dev_stop(&dev2);
	rte_eal_cleanup();
	return failed != 0 || ran == 0;
}
