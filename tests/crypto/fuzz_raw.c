/* SPDX-License-Identifier: BSD-3-Clause */
/* The fuzzer's ops through the raw data path: one call an op, as each has a session of its own. */
#include <errno.h>

#include <rte_cycles.h>

#include "fuzz.h"

#define MAX_VECS        (FZ_SEGS + 1)
#define PATIENCE_S      20

static const struct ct_dev *dev;
static struct ct_rng *rng;
static bool far;
static struct rte_crypto_raw_dp_ctx *ctx;

int
fz_raw_init(const struct ct_dev *d, struct ct_rng *r, bool is_far)
{
	dev = d;
	rng = r;
	far = is_far;
	ctx = calloc(1, rte_cryptodev_get_raw_dp_ctx_size(d->id));
	return ctx == NULL ? -1 : 0;
}

void
fz_raw_fini(void)
{
	free(ctx);
	ctx = NULL;
}

static void
to_sgl(const struct rte_mbuf *m, uint32_t len, struct rte_crypto_vec *vec,
	struct rte_crypto_sgl *sgl)
{
	sgl->vec = vec;
	sgl->num = 0;
	for (; m != NULL && (len > 0 || sgl->num == 0); m = m->next) {
		vec[sgl->num].base = rte_pktmbuf_mtod(m, void *);
		vec[sgl->num].iova = rte_pktmbuf_iova(m);
		vec[sgl->num].len = RTE_MIN(len, m->data_len);
		vec[sgl->num].tot_len = m->data_len;
		len -= vec[sgl->num++].len;
	}
}

static struct rte_crypto_va_iova_ptr
both(void *va)
{
	return (struct rte_crypto_va_iova_ptr){.va = va, .iova = fz_iova(va)};
}

static int
enqueue(struct fz_op *f)
{
	const struct fz_sess *s = f->s;
	uint32_t c_end = f->c_off + f->c_len, a_end = f->a_off + f->a_len;
	uint32_t total = RTE_MAX(c_end, a_end);
	union rte_cryptodev_session_ctx sess = {.crypto_sess = s->sess};
	union rte_crypto_sym_ofs ofs = {.ofs = {
		.cipher = {.head = f->c_off, .tail = total - c_end},
		.auth = {.head = f->a_off, .tail = total - a_end},
	}};
	struct rte_crypto_vec src_vec[MAX_VECS], dst_vec[MAX_VECS];
	struct rte_crypto_sgl src, dst;
	struct rte_crypto_va_iova_ptr iv, digest, aux;
	struct rte_crypto_sym_vec vec = {.num = 1, .src_sgl = &src, .iv = &iv, .digest = &digest,
		.aad = &aux};
	static bool update;
	void *user_data = f;
	uint32_t n;
	int status;

	to_sgl(f->src, total, src_vec, &src);
	if (f->oop) {
		to_sgl(f->dst, total, dst_vec, &dst);
		vec.dest_sgl = &dst;
	}
	iv = both(rte_crypto_op_ctod_offset(f->op, void *, CT_IV_OFF));
	digest = both(f->digest_at);
	aux = s->kind == AEAD ? both(f->op->sym->aead.aad.data) :
		both(rte_crypto_op_ctod_offset(f->op, void *, CT_AUTH_IV_OFF));
	CT_CHECK(rte_cryptodev_configure_raw_dp_ctx(dev->id, 0, ctx,
			RTE_CRYPTO_OP_WITH_SESSION, sess, update && ct_rand(rng) & 1) == 0,
		"context");
	update = true;
	n = rte_cryptodev_raw_enqueue_burst(ctx, &vec, ofs, &user_data, &status);
	/* Memory for copies may be used up. */
	if (n == 0 && status == 0 && far)
		return -EAGAIN;
	CT_CHECK(n == 1 && status == 0, "status %d", status);
	return 0;
}

static void
raw_done(void *user_data, uint32_t i, uint8_t ok)
{
	struct fz_op *f = user_data;

	RTE_SET_USED(i);
	/* All that is said of a failure. */
	if (ok)
		f->op->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
	else
		f->op->status = f->want != RTE_CRYPTO_OP_STATUS_SUCCESS ? f->want :
			RTE_CRYPTO_OP_STATUS_ERROR;
}

static int
dequeue(struct fz_op *ops, uint32_t n)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	enum rte_crypto_op_status op_status;
	uint32_t got = 0, k, i, ok;
	void *back[FZ_BURST];
	int status;

	while (got < n && rte_get_timer_cycles() < end) {
		if (ct_rand(rng) & 1) {
			k = rte_cryptodev_raw_dequeue_burst(ctx, NULL,
				ct_range(rng, 1, n - got), raw_done, back, 1, &ok, &status);
		} else {
			back[0] = rte_cryptodev_raw_dequeue(ctx, &status, &op_status);
			k = back[0] != NULL;
			if (k)
				((struct fz_op *)back[0])->op->status = op_status;
		}
		CT_CHECK(status == 1, "status %d", status);
		for (i = 0; i < k; i++)
			CT_CHECK(back[i] == &ops[got + i], "op %u of %u is another", got + i, n);
		got += k;
	}
	CT_CHECK(got == n, "%u of %u came back", got, n);
	return rte_cryptodev_raw_dequeue_done(ctx, n);
}

int
fz_raw_run(struct fz_op *ops, uint32_t n)
{
	uint32_t first = 0, i;
	int ret;

	for (i = 0; i <= n; i++) {
		ret = i < n ? enqueue(&ops[i]) : -EAGAIN;
		if (ret == 0)
			continue;
		if (ret != -EAGAIN || i == first)
			return -1;
		CT_CHECK(rte_cryptodev_raw_enqueue_done(ctx, i - first) == 0, "of %u", i - first);
		if (dequeue(&ops[first], i - first) != 0)
			return -1;
		first = i;
		i -= i < n;
	}
	return 0;
}
