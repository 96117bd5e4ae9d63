/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Points of the crypto PMD: algorithms, descriptor generations, kinds of device address, the raw
 * data path; then what must not matter: length, sessions, queue pairs.
 */
#include <rte_cryptodev.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "cost.h"

#define SMALL           64
#define HUGE_LEN        65280           /* what one mbuf holds, in whole blocks */
#define SESSIONS        65536
#define QUEUES          64
#define TAG             16
#define AAD_OFF         (COST_IV_OFF + 16)
#define PRIV            64

static const struct {
	const char *name, *devargs;
} devs[] = {
	{"v3 sva", "hw=v3,mode=sva"},
	{"v3 iommu", "hw=v3,mode=iommu"},
	{"v3 noiommu", "hw=v3,mode=noiommu"},
	{"v2 sva", "hw=v2,mode=sva"},
};

enum kind { CIPHER, HASH, CHAIN, GCM, GCM_AAD, KINDS };
static const char *const kinds[] = {"cipher", "hash", "cipher+hash", "gcm", "gcm+aad"};

static struct rte_mempool *sess_mp, *op_mp, *mbuf_mp;
static void *sessions[SESSIONS];
static uint8_t key[64];

struct point {
	const char *what;       /* behind the device's name, NULL: the kind */
	uint8_t dev;
	enum kind kind;
	uint32_t len;
	uint32_t sessions;
	uint16_t queues;
	uint16_t burst;
};

__attribute__((noinline)) uint16_t cost_enqueue(uint8_t dev, uint16_t qp,
	struct rte_crypto_op **ops, uint16_t n);
__attribute__((noinline)) uint16_t cost_dequeue(uint8_t dev, uint16_t qp,
	struct rte_crypto_op **ops, uint16_t n);
__attribute__((noinline)) uint32_t cost_enqueue_raw(struct rte_crypto_raw_dp_ctx *ctx,
	struct rte_crypto_sym_vec *vec, union rte_crypto_sym_ofs ofs, void **user);
__attribute__((noinline)) uint32_t cost_dequeue_raw(struct rte_crypto_raw_dp_ctx *ctx, void **user,
	uint32_t n, uint32_t *good);

uint16_t
cost_enqueue(uint8_t dev, uint16_t qp, struct rte_crypto_op **ops, uint16_t n)
{
	return rte_cryptodev_enqueue_burst(dev, qp, ops, n);
}

uint16_t
cost_dequeue(uint8_t dev, uint16_t qp, struct rte_crypto_op **ops, uint16_t n)
{
	return rte_cryptodev_dequeue_burst(dev, qp, ops, n);
}

uint32_t
cost_enqueue_raw(struct rte_crypto_raw_dp_ctx *ctx, struct rte_crypto_sym_vec *vec,
	union rte_crypto_sym_ofs ofs, void **user)
{
	int status = 0;
	uint32_t n;

	n = rte_cryptodev_raw_enqueue_burst(ctx, vec, ofs, user, &status);
	return rte_cryptodev_raw_enqueue_done(ctx, n) == 0 ? n : 0;
}

uint32_t
cost_dequeue_raw(struct rte_crypto_raw_dp_ctx *ctx, void **user, uint32_t n, uint32_t *good)
{
	int status = 0;

	n = rte_cryptodev_raw_dequeue_burst(ctx, NULL, n, NULL, user, 1, good, &status);
	return rte_cryptodev_raw_dequeue_done(ctx, n) == 0 ? n : 0;
}

static void *
make_session(uint8_t dev, enum kind kind)
{
	struct rte_crypto_sym_xform auth = {.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {.op = RTE_CRYPTO_AUTH_OP_GENERATE, .algo = RTE_CRYPTO_AUTH_SHA1_HMAC,
			.key = {.data = key, .length = 20}, .digest_length = 12}};
	struct rte_crypto_sym_xform cipher = {.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.next = kind == CHAIN ? &auth : NULL,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT, .algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = 16},
			.iv = {.offset = COST_IV_OFF, .length = 16}}};
	struct rte_crypto_sym_xform aead = {.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {.op = RTE_CRYPTO_AEAD_OP_ENCRYPT, .algo = RTE_CRYPTO_AEAD_AES_GCM,
			.key = {.data = key, .length = 16},
			.iv = {.offset = COST_IV_OFF, .length = 12}, .digest_length = TAG,
			.aad_length = kind == GCM_AAD ? 12 : 0}};
	void *s = rte_cryptodev_sym_session_create(dev, kind == HASH ? &auth :
		kind == GCM || kind == GCM_AAD ? &aead : &cipher, sess_mp);

	if (s == NULL) {
		fprintf(stderr, "no session %s: %s\n", kinds[kind], rte_strerror(rte_errno));
		exit(1);
	}
	return s;
}

/* Data, behind it the digest; IV and AAD in the op. */
static void
make_op(struct rte_crypto_op *op, enum kind kind, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mbuf_mp);
	struct rte_crypto_sym_op *sym = op->sym;

	COST_CHECK(m != NULL && rte_pktmbuf_append(m, len + TAG) != NULL);
	sym->m_src = m;
	if (kind == GCM || kind == GCM_AAD) {
		sym->aead.data.length = len;
		sym->aead.digest.data = rte_pktmbuf_mtod_offset(m, uint8_t *, len);
		sym->aead.digest.phys_addr = rte_pktmbuf_iova_offset(m, len);
		sym->aead.aad.data = rte_crypto_op_ctod_offset(op, uint8_t *, AAD_OFF);
		sym->aead.aad.phys_addr = rte_crypto_op_ctophys_offset(op, AAD_OFF);
		return;
	}
	sym->cipher.data.length = len;
	sym->auth.data.length = len;
	sym->auth.digest.data = rte_pktmbuf_mtod_offset(m, uint8_t *, len);
	sym->auth.digest.phys_addr = rte_pktmbuf_iova_offset(m, len);
}

static void
make_ops(struct rte_crypto_op **ops, const struct point *p)
{
	COST_CHECK(rte_crypto_op_bulk_alloc(op_mp, RTE_CRYPTO_OP_TYPE_SYMMETRIC, ops, p->burst) ==
		p->burst);
	for (uint16_t i = 0; i < p->burst; i++) {
		rte_crypto_op_attach_sym_session(ops[i], sessions[0]);
		make_op(ops[i], p->kind, p->len);
	}
}

static void
free_ops(struct rte_crypto_op **ops, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		rte_pktmbuf_free(ops[i]->sym->m_src);
		rte_crypto_op_free(ops[i]);
	}
}

/* Ops go round the sessions, bursts round the queue pairs. */
static void
run_bursts(const struct point *p, struct rte_crypto_op **ops, unsigned int bursts)
{
	struct rte_crypto_op *back[128];
	unsigned int session = 0;

	for (unsigned int b = 0; b < bursts; b++) {
		for (uint16_t i = 0; i < p->burst; i++)
			ops[i]->sym->session = sessions[session++ % p->sessions];
		COST_CHECK(cost_enqueue(p->dev, b % p->queues, ops, p->burst) == p->burst);
		cost_finish(p->burst);
		COST_CHECK(cost_dequeue(p->dev, b % p->queues, back, 128) == p->burst);
		for (uint16_t i = 0; i < p->burst; i++)
			COST_CHECK(back[i] == ops[i] &&
				back[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS);
	}
}

static void
measure(const struct point *p)
{
	struct rte_crypto_op *ops[128];
	unsigned int bursts = COST_BURSTS;
	char name[64];

	while (bursts * p->burst < p->sessions)
		bursts *= 2;
	for (uint32_t i = 0; i < p->sessions; i++)
		sessions[i] = make_session(p->dev, p->kind);
	make_ops(ops, p);
	/* What happens once is not an op's: lazy binding, say. */
	run_bursts(p, ops, p->queues);
	cost_begin();
	run_bursts(p, ops, bursts);
	snprintf(name, sizeof(name), "%s %s", devs[p->dev].name,
		p->what != NULL ? p->what : kinds[p->kind]);
	cost_end(name, bursts * p->burst);
	free_ops(ops, p->burst);
	for (uint32_t i = 0; i < p->sessions; i++)
		COST_CHECK(rte_cryptodev_sym_session_free(p->dev, sessions[i]) == 0);
}

/* ------------------------------------------------------------------ raw data path */

struct raw {
	struct rte_crypto_vec data[COST_BURST];
	struct rte_crypto_sgl sgl[COST_BURST];
	struct rte_crypto_va_iova_ptr iv[COST_BURST], digest[COST_BURST], aad[COST_BURST];
};

static struct rte_crypto_va_iova_ptr
ptr(struct rte_crypto_op *op, uint32_t off)
{
	return (struct rte_crypto_va_iova_ptr){.va = rte_crypto_op_ctod_offset(op, void *, off),
		.iova = rte_crypto_op_ctophys_offset(op, off)};
}

/* The buffers of ops; nothing else of them is used. */
static void
make_raw(struct raw *r, struct rte_crypto_op **ops, uint32_t len)
{
	for (unsigned int i = 0; i < COST_BURST; i++) {
		struct rte_mbuf *m = ops[i]->sym->m_src;

		r->data[i] = (struct rte_crypto_vec){.base = rte_pktmbuf_mtod(m, void *),
			.iova = rte_pktmbuf_iova(m), .len = len};
		r->sgl[i] = (struct rte_crypto_sgl){.vec = &r->data[i], .num = 1};
		r->iv[i] = ptr(ops[i], COST_IV_OFF);
		r->aad[i] = ptr(ops[i], AAD_OFF);
		r->digest[i] = (struct rte_crypto_va_iova_ptr){
			.va = rte_pktmbuf_mtod_offset(m, void *, len),
			.iova = rte_pktmbuf_iova_offset(m, len)};
	}
}

static void
run_raw(struct rte_crypto_raw_dp_ctx *ctx, struct raw *r, struct rte_crypto_op **ops,
	unsigned int bursts)
{
	struct rte_crypto_sym_vec vec = {.num = COST_BURST, .src_sgl = r->sgl, .iv = r->iv,
		.digest = r->digest, .aad = r->aad};
	const union rte_crypto_sym_ofs ofs = {.raw = 0};
	void *user[COST_BURST];
	uint32_t good;

	for (unsigned int b = 0; b < bursts; b++) {
		COST_CHECK(cost_enqueue_raw(ctx, &vec, ofs, (void **)ops) == COST_BURST);
		cost_finish(COST_BURST);
		COST_CHECK(cost_dequeue_raw(ctx, user, COST_BURST, &good) == COST_BURST &&
			good == COST_BURST);
		for (unsigned int i = 0; i < COST_BURST; i++)
			COST_CHECK(user[i] == ops[i]);
	}
}

static void
measure_raw(uint8_t dev, enum kind kind)
{
	const struct point p = {.dev = dev, .kind = kind, .len = SMALL, .burst = COST_BURST};
	union rte_cryptodev_session_ctx session;
	struct rte_crypto_op *ops[COST_BURST];
	struct rte_crypto_raw_dp_ctx *ctx;
	static struct raw raw;
	char name[64];

	sessions[0] = session.crypto_sess = make_session(dev, kind);
	make_ops(ops, &p);
	make_raw(&raw, ops, p.len);
	ctx = calloc(1, rte_cryptodev_get_raw_dp_ctx_size(dev));
	COST_CHECK(ctx != NULL && rte_cryptodev_configure_raw_dp_ctx(dev, 0, ctx,
		RTE_CRYPTO_OP_WITH_SESSION, session, 0) == 0);
	run_raw(ctx, &raw, ops, 1);
	cost_begin();
	run_raw(ctx, &raw, ops, COST_BURSTS);
	snprintf(name, sizeof(name), "%s raw %s", devs[dev].name, kinds[kind]);
	cost_end(name, COST_BURSTS * COST_BURST);
	free(ctx);
	free_ops(ops, COST_BURST);
	rte_cryptodev_sym_session_free(dev, sessions[0]);
}

/* ------------------------------------------------------------------ all of it */

static void
start(uint8_t dev, uint16_t queues)
{
	struct rte_cryptodev_config conf = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = queues};
	struct rte_cryptodev_qp_conf qp = {.nb_descriptors = 512, .mp_session = sess_mp};

	COST_CHECK(rte_cryptodev_configure(dev, &conf) == 0);
	for (uint16_t i = 0; i < queues; i++)
		COST_CHECK(rte_cryptodev_queue_pair_setup(dev, i, &qp, SOCKET_ID_ANY) == 0);
	COST_CHECK(rte_cryptodev_start(dev) == 0);
}

static void
make_pools(void)
{
	op_mp = rte_crypto_op_pool_create("ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, 1023, 0, PRIV,
		SOCKET_ID_ANY);
	mbuf_mp = rte_pktmbuf_pool_create("mbufs", 255, 0, 0, UINT16_MAX, SOCKET_ID_ANY);
	sess_mp = rte_cryptodev_sym_session_pool_create("sessions", SESSIONS,
		rte_cryptodev_sym_get_private_session_size(0), 0, 0, SOCKET_ID_ANY);
	COST_CHECK(op_mp != NULL && mbuf_mp != NULL && sess_mp != NULL);
}

static void
scale(void)
{
	static const struct point points[] = {
		{"cipher+hash 1408 B", 0, CHAIN, 1408, 1, 1, COST_BURST},
		{"cipher+hash 65280 B", 0, CHAIN, HUGE_LEN, 1, 1, COST_BURST},
		{"gcm+aad 64 sessions", 0, GCM_AAD, SMALL, 64, 1, COST_BURST},
		{"gcm+aad 65536 sessions", 0, GCM_AAD, SMALL, SESSIONS, 1, COST_BURST},
		{"cipher+hash 64 queues", 0, CHAIN, SMALL, 1, QUEUES, COST_BURST},
		{"cipher+hash bursts of 1", 0, CHAIN, SMALL, 1, 1, 1},
		{"cipher+hash bursts of 8", 0, CHAIN, SMALL, 1, 1, 8},
		{"cipher+hash bursts of 128", 0, CHAIN, SMALL, 1, 1, 128},
	};

	for (unsigned int i = 0; i < RTE_DIM(points); i++)
		measure(&points[i]);
}

int
main(void)
{
	const char *args[RTE_DIM(devs)];

	for (unsigned int i = 0; i < RTE_DIM(devs); i++)
		args[i] = devs[i].devargs;
	cost_init("crypto", args, RTE_DIM(devs));
	COST_CHECK(rte_cryptodev_count() == RTE_DIM(devs));
	make_pools();
	for (uint8_t dev = 0; dev < RTE_DIM(devs); dev++) {
		start(dev, dev == 0 ? QUEUES : 1);
		for (enum kind k = 0; k < KINDS; k++)
			measure(&(struct point){NULL, dev, k, SMALL, 1, 1, COST_BURST});
		measure_raw(dev, CHAIN);
		measure_raw(dev, GCM_AAD);
	}
	scale();
	return 0;
}
