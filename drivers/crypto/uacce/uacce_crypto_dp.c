/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts. The fast path takes ops whose data lies in the first segment of their mbufs; everything
 * else is _slow.c's. Lengths that the algorithm does not allow are libwd's to refuse.
 */
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "uacce_crypto.h"

static_assert(offsetof(struct wd_req, aad_len) - offsetof(struct wd_req, src_segs) == 6 &&
	offsetof(struct wd_req, iv) - offsetof(struct wd_req, src_segs) == 8, "req_bits");

/* Offsets and lengths lie in an op as they do in a request: copied, not taken apart. */
static_assert(offsetof(struct wd_req, cipher_len) - offsetof(struct wd_req, cipher_off) == 4 &&
	offsetof(struct wd_req, auth_off) - offsetof(struct wd_req, cipher_off) == 8 &&
	offsetof(struct wd_req, auth_len) - offsetof(struct wd_req, cipher_off) == 12, "regions");
static_assert(offsetof(struct rte_crypto_sym_op, auth.data) -
	offsetof(struct rte_crypto_sym_op, cipher.data) == 8, "regions");

static __rte_always_inline uint64_t
data_addr(const struct rte_mbuf *m, bool phys, struct uacce_where *w)
{
	/* One load less; data begins in the buffer. */
	uacce_see(w, phys ? m->buf_addr : rte_pktmbuf_mtod(m, void *));
	return phys ? rte_pktmbuf_iova(m) : (uint64_t)rte_pktmbuf_mtod(m, uintptr_t);
}

/* 64 bits: it cannot wrap. */
static __rte_always_inline uint64_t
end_of(uint32_t off, uint32_t len)
{
	return (uint64_t)off + len;
}

/* False: not all of the data is in the first segments. */
static __rte_always_inline bool
fill_data(const struct rte_crypto_sym_op *sym, uint64_t end, struct wd_req *req, bool phys,
	struct uacce_where *w)
{
	const struct rte_mbuf *m = sym->m_src;
	uint64_t src;

	if (unlikely(m == NULL || end > m->data_len))
		return false;
	src = data_addr(m, phys, w);
	req->src = src;
	m = sym->m_dst;
	if (likely(m == NULL)) {
		req->dst = src;
		return true;
	}
	if (unlikely(end > m->data_len))
		return false;
	req->dst = data_addr(m, phys, w);
	return true;
}

static __rte_always_inline bool
fill_cipher(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	struct wd_req *req, bool phys, struct uacce_where *w)
{
	uint32_t off = sym->cipher.data.offset, len = sym->cipher.data.length;

	if (unlikely(len < s->len_min))
		return false;
	memcpy(&req->cipher_off, &sym->cipher.data, 8);
	return fill_data(sym, end_of(off, len), req, phys, w);
}

static __rte_always_inline bool
fill_auth(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	struct wd_req *req, bool phys, struct uacce_where *w)
{
	uint32_t off = sym->auth.data.offset, len = sym->auth.data.length;
	const void *digest_va = sym->auth.digest.data;
	uint64_t digest = phys ? sym->auth.digest.phys_addr : (uintptr_t)digest_va;
	const struct rte_mbuf *m = sym->m_src;

	if (unlikely(len < s->len_min || m == NULL || end_of(off, len) > m->data_len ||
			(s->copies && sym->m_dst != NULL) || (w == NULL && digest == 0)))
		return false;
	memcpy(&req->auth_off, &sym->auth.data, 8);
	uacce_see(w, digest_va);
	req->src = data_addr(m, phys, w);
	req->dst = req->src;
	req->digest = digest;
	return true;
}

static __rte_always_inline bool
fill_chain(const struct rte_crypto_sym_op *sym, struct wd_req *req, bool phys,
	struct uacce_where *w)
{
	uint32_t c_off = sym->cipher.data.offset, c_len = sym->cipher.data.length;
	uint32_t a_off = sym->auth.data.offset, a_len = sym->auth.data.length;
	const void *digest_va = sym->auth.digest.data;
	uint64_t digest = phys ? sym->auth.digest.phys_addr : (uintptr_t)digest_va;

	if (unlikely(c_len == 0 || a_len == 0 || (w == NULL && digest == 0)))
		return false;
	memcpy(&req->cipher_off, &sym->cipher.data, 16);
	uacce_see(w, digest_va);
	req->digest = digest;
	return fill_data(sym, RTE_MAX(end_of(c_off, c_len), end_of(a_off, a_len)), req, phys, w);
}

static __rte_always_inline bool
fill_aead(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	struct wd_req *req, bool phys, struct uacce_where *w)
{
	uint32_t off = sym->aead.data.offset, len = sym->aead.data.length;
	const void *digest_va = sym->aead.digest.data;
	uint64_t digest = phys ? sym->aead.digest.phys_addr : (uintptr_t)digest_va;

	if (unlikely(len < s->len_min || (w == NULL && digest == 0)))
		return false;
	memcpy(&req->cipher_off, &sym->aead.data, 8);
	if (w != NULL)
		w->seen |= ((uintptr_t)sym->aead.aad.data + w->minus_base) & s->aad_mask;
	uacce_see(w, digest_va);
	req->digest = digest;
	req->aad = (phys ? sym->aead.aad.phys_addr : (uintptr_t)sym->aead.aad.data) + s->aad_off;
	return fill_data(sym, end_of(off, len), req, phys, w);
}

/* False: nothing is decided, let the slow path see it. */
static __rte_always_inline bool
fill_flat(const struct uacce_crypto_qp *qp, struct rte_crypto_op *op, struct wd_req *req,
	bool phys, struct uacce_where *w)
{
	struct rte_crypto_sym_op *sym = op->sym;
	struct uacce_crypto_sess *s;

	if (unlikely((op->raw & UACCE_OP_MASK) != UACCE_OP_WITH_SESSION || sym->session == NULL))
		return false;
	s = CRYPTODEV_GET_SYM_SESS_PRIV(sym->session);
	req->sess = uacce_crypto_wd_session(s);
	req->tag = op;
	memcpy(&req->src_segs, &s->req_bits, sizeof(s->req_bits));
	uacce_see(w, op);
	req->iv = (phys ? op->phys_addr : (uintptr_t)op) + s->iv_off;
	req->iv_va = (char *)op + s->iv_off;
	switch (s->id - qp->sess_id) {
	case UACCE_KIND_CHAIN:
		return fill_chain(sym, req, phys, w);
	case UACCE_KIND_AEAD:
		return fill_aead(s, sym, req, phys, w);
	case UACCE_KIND_CIPHER:
		return fill_cipher(s, sym, req, phys, w);
	case UACCE_KIND_AUTH:
		return fill_auth(s, sym, req, phys, w);
	default:
		return false;
	}
}

/*
 * What the slow path left behind. Ops that were refused here count as errors only when the queue
 * took them, and copies for ops that it did not take are dropped.
 */
static __rte_noinline void
end_slow(struct uacce_crypto_qp *qp, uint16_t taken)
{
	uint16_t i;

	for (i = 0; i < taken; i++) {
		const struct wd_req *req = &qp->reqs[i];

		if (!(req->flags & WD_REQ_DONE) || ((uintptr_t)req->tag & UACCE_TAG_SOFT))
			continue;
		if (req->status == WD_OK || req->status == WD_AUTH_FAILED)
			qp->work.soft_ops++;
		else
			qp->stats.enqueue_err_count++;
	}
	qp->work.segs_used = 0;
	if (qp->bounce != NULL)
		wd_bounce_undo(qp->bounce, qp->enq);
}

static __rte_always_inline uint16_t
enqueue(struct uacce_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t n, const bool sva,
	const bool phys)
{
	const struct uacce_range *range = qp->range;
	uint32_t room = qp->depth - (qp->enq - uacce_published32(&qp->deq));
	struct rte_crypto_op **op = ops, **end;
	struct wd_req *req = qp->reqs;
	uint32_t slow = 0;
	uint16_t taken;

	end = ops + RTE_MIN(n, room);
	for (; op < end; op++, req++) {
		struct uacce_where w = {0};

		if (!sva)
			w = (struct uacce_where){range->minus_base, range->near, 0};
		if (likely(op + UACCE_AHEAD_OP < end)) {
			rte_prefetch0(op[UACCE_AHEAD_OP]);
			rte_prefetch0(op[UACCE_AHEAD_MBUF]->sym->m_src);
		}
		if (likely(fill_flat(qp, *op, req, phys, sva ? NULL : &w) && uacce_near(sva ? NULL : &w)))
			continue;
		slow = 1;
		if (uacce_crypto_fill_slow(qp, *op, req) == UACCE_FILL_AGAIN)
			break;
	}
	if (unlikely(op == ops))
		return 0;
	taken = wd_submit(&qp->wq, qp->reqs, op - ops);
	qp->enq += taken;
	qp->stats.enqueued_count += taken;
	if (unlikely(slow))
		end_slow(qp, taken);
	return taken;
}

uint16_t
uacce_crypto_enqueue_va(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, true, false);
}

uint16_t
uacce_crypto_enqueue_iova(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, false, false);
}

uint16_t
uacce_crypto_enqueue_pa(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, false, true);
}

uint8_t
uacce_crypto_op_status(uint32_t wd_status)
{
	static const uint8_t map[] = {
		[WD_OK] = RTE_CRYPTO_OP_STATUS_SUCCESS,
		[WD_AUTH_FAILED] = RTE_CRYPTO_OP_STATUS_AUTH_FAILED,
		[WD_BAD_REQ] = RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	};

	return wd_status < RTE_DIM(map) ? map[wd_status] : RTE_CRYPTO_OP_STATUS_ERROR;
}

__rte_noinline struct rte_crypto_op *
uacce_crypto_finish_unusual(struct uacce_crypto_qp *qp, uintptr_t tag, uint32_t wd_status)
{
	struct rte_crypto_op *op = (struct rte_crypto_op *)(tag & ~UACCE_TAG_MASK);

	if ((tag & UACCE_TAG_SOFT) && wd_status != WD_DEV_LOST)
		wd_status = uacce_crypto_soft_op(qp, op);
	/* A lost device hands back requests with its own status: that one counts then. */
	if (!(tag & UACCE_TAG_STATUS_SET) || wd_status == WD_DEV_LOST)
		op->status = uacce_crypto_op_status(wd_status);
	qp->stats.dequeue_err_count += wd_status != WD_OK;
	return op;
}

static __rte_always_inline uint16_t
dequeue(struct uacce_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t n, const bool far)
{
	const struct wd_cpl *cpl = qp->cpls, *end;

	n = wd_poll(&qp->wq, qp->cpls, RTE_MIN(n, qp->depth));
	for (end = cpl + n; cpl < end; cpl++) {
		struct rte_crypto_op *op = cpl->tag;

		/* A tag with UACCE_TAG_* bits never comes with WD_OK. */
		if (unlikely(cpl->status != WD_OK))
			op = uacce_crypto_finish_unusual(qp, (uintptr_t)cpl->tag, cpl->status);
		else
			op->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
		*ops++ = op;
	}
	/*
	 * Completions and ops are in the same order, and the copies' too. Not asked before the
	 * poll: there may be more by then.
	 */
	if (far && unlikely(uacce_crypto_bounce_pending(qp))) {
		for (uint16_t i = 0; i < n; i++)
			uacce_crypto_bounce_done(qp, qp->deq + i, qp->cpls[i].status);
	}
	uacce_publish32(&qp->deq, qp->deq + n);
	qp->stats.dequeued_count += n;
	return n;
}

uint16_t
uacce_crypto_dequeue(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return dequeue(qp, ops, n, false);
}

uint16_t
uacce_crypto_dequeue_far(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return dequeue(qp, ops, n, true);
}
