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

/* Type and session type within rte_crypto_op::raw. */
#define OP_MASK         rte_cpu_to_le_64(0x0000000000ff00ffull)
#define OP_WITH_SESSION rte_cpu_to_le_64((uint64_t)RTE_CRYPTO_OP_TYPE_SYMMETRIC |                          \
		(uint64_t)RTE_CRYPTO_OP_WITH_SESSION << 16)

#define AHEAD_OP        6       /* ops; mbuf and session pointers are in their second line */
#define AHEAD_MBUF      3

static_assert(offsetof(struct wd_req, aad_len) - offsetof(struct wd_req, src_segs) == 6 &&
	offsetof(struct wd_req, iv) - offsetof(struct wd_req, src_segs) == 8, "req_bits");

static __rte_always_inline uint64_t
data_addr(const struct rte_mbuf *m, bool phys)
{
	return phys ? rte_pktmbuf_iova(m) : (uint64_t)rte_pktmbuf_mtod(m, uintptr_t);
}

/*
 * Fills the data addresses of a request for [off, end) of the mbufs; end as 64 bits so that it
 * cannot wrap. False when it is not all in the first segments.
 */
static __rte_always_inline bool
fill_data(const struct rte_crypto_sym_op *sym, uint32_t off, uint64_t end, struct wd_req *req,
	bool phys)
{
	const struct rte_mbuf *m = sym->m_src;
	uint64_t src;

	if (unlikely(m == NULL || end > m->data_len))
		return false;
	src = data_addr(m, phys) + off;
	req->src = src;
	m = sym->m_dst;
	if (likely(m == NULL)) {
		req->dst = src;
		return true;
	}
	if (unlikely(end > m->data_len))
		return false;
	req->dst = data_addr(m, phys) + off;
	return true;
}

static __rte_always_inline bool
fill_cipher(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	struct wd_req *req, bool phys)
{
	uint32_t off = sym->cipher.data.offset, len = sym->cipher.data.length;

	if (unlikely(len < s->len_min))
		return false;
	req->digest = 0;
	req->cipher_off = 0;
	req->cipher_len = len;
	req->auth_off = 0;
	req->auth_len = 0;
	return fill_data(sym, off, (uint64_t)off + len, req, phys);
}

static __rte_always_inline bool
fill_auth(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	struct wd_req *req, bool phys)
{
	uint32_t off = sym->auth.data.offset, len = sym->auth.data.length;
	const struct rte_mbuf *m = sym->m_src;

	if (unlikely(len < s->len_min || m == NULL || (uint64_t)off + len > m->data_len ||
			(s->copies && sym->m_dst != NULL)))
		return false;
	req->src = data_addr(m, phys) + off;
	req->dst = req->src;
	req->digest = phys ? sym->auth.digest.phys_addr : (uintptr_t)sym->auth.digest.data;
	req->cipher_off = 0;
	req->cipher_len = 0;
	req->auth_off = 0;
	req->auth_len = len;
	return req->digest != 0;
}

static __rte_always_inline bool
fill_chain(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	struct wd_req *req, bool phys)
{
	uint32_t c_off = sym->cipher.data.offset, c_len = sym->cipher.data.length;
	uint32_t a_off = sym->auth.data.offset, a_len = sym->auth.data.length;
	uint64_t c_end = (uint64_t)c_off + c_len, a_end = (uint64_t)a_off + a_len;
	uint32_t off = RTE_MIN(c_off, a_off);

	if (unlikely(c_len == 0 || a_len == 0 || (s->nested && c_end > a_end)))
		return false;
	req->digest = phys ? sym->auth.digest.phys_addr : (uintptr_t)sym->auth.digest.data;
	req->cipher_off = c_off - off;
	req->cipher_len = c_len;
	req->auth_off = a_off - off;
	req->auth_len = a_len;
	return fill_data(sym, off, RTE_MAX(c_end, a_end), req, phys) && req->digest != 0;
}

static __rte_always_inline bool
fill_aead(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	struct wd_req *req, bool phys)
{
	uint32_t off = sym->aead.data.offset, len = sym->aead.data.length;

	if (unlikely(len < s->len_min))
		return false;
	req->digest = phys ? sym->aead.digest.phys_addr : (uintptr_t)sym->aead.digest.data;
	req->aad = (phys ? sym->aead.aad.phys_addr : (uintptr_t)sym->aead.aad.data) + s->aad_off;
	req->cipher_off = 0;
	req->cipher_len = len;
	req->auth_off = 0;
	req->auth_len = 0;
	return fill_data(sym, off, (uint64_t)off + len, req, phys) && req->digest != 0;
}

/* False: nothing is decided, let the slow path see it. */
static __rte_always_inline bool
fill_flat(const struct uacce_crypto_qp *qp, struct rte_crypto_op *op, struct wd_req *req,
	bool phys)
{
	struct rte_crypto_sym_op *sym = op->sym;
	struct uacce_crypto_sess *s;

	if (unlikely((op->raw & OP_MASK) != OP_WITH_SESSION || sym->session == NULL))
		return false;
	s = CRYPTODEV_GET_SYM_SESS_PRIV(sym->session);
	req->sess = uacce_crypto_wd_session(s);
	req->tag = op;
	memcpy(&req->src_segs, &s->req_bits, sizeof(s->req_bits));
	req->iv = (phys ? op->phys_addr : (uintptr_t)op) + s->iv_off;
	switch (s->id - qp->sess_id) {
	case UACCE_KIND_CHAIN:
		return fill_chain(s, sym, req, phys);
	case UACCE_KIND_AEAD:
		return fill_aead(s, sym, req, phys);
	case UACCE_KIND_CIPHER:
		return fill_cipher(s, sym, req, phys);
	case UACCE_KIND_AUTH:
		return fill_auth(s, sym, req, phys);
	default:
		return false;
	}
}

/* Ops that were refused here count as errors only when the queue took them. */
static __rte_noinline void
count_refused(struct uacce_crypto_qp *qp, uint16_t taken)
{
	uint16_t i;

	for (i = 0; i < taken; i++) {
		const struct wd_req *req = &qp->reqs[i];

		if (!(req->flags & WD_REQ_DONE))
			continue;
		if (req->status == WD_OK || req->status == WD_AUTH_FAILED)
			qp->soft_ops++;
		else
			qp->stats.enqueue_err_count++;
	}
}

static __rte_always_inline uint16_t
enqueue(struct uacce_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t n, bool phys)
{
	uint32_t room = qp->depth - (qp->enq - qp->deq);
	struct wd_req *req = qp->reqs;
	bool slow = false;
	uint16_t i, taken;

	n = RTE_MIN(n, room);
	for (i = 0; i < n; i++, req++) {
		if (i + AHEAD_OP < n)
			rte_prefetch0(ops[i + AHEAD_OP]->sym);
		if (i + AHEAD_MBUF < n)
			rte_prefetch0(ops[i + AHEAD_MBUF]->sym->m_src);
		if (likely(fill_flat(qp, ops[i], req, phys)))
			continue;
		slow = true;
		if (uacce_crypto_fill_slow(qp, ops[i], req) == UACCE_FILL_AGAIN)
			break;
	}
	if (i == 0)
		return 0;
	taken = wd_submit(&qp->wq, qp->reqs, i);
	qp->enq += taken;
	qp->stats.enqueued_count += taken;
	if (unlikely(slow)) {
		qp->segs_used = 0;
		count_refused(qp, taken);
	}
	return taken;
}

uint16_t
uacce_crypto_enqueue_va(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, false);
}

uint16_t
uacce_crypto_enqueue_pa(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, true);
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

static __rte_noinline void
finish_unusual(struct uacce_crypto_qp *qp, struct rte_crypto_op *op, uintptr_t tag,
	uint32_t wd_status)
{
	/* A lost device hands back requests with its own status: that one counts then. */
	if (!(tag & UACCE_TAG_STATUS_SET) || wd_status == WD_DEV_LOST)
		op->status = uacce_crypto_op_status(wd_status);
	if (op->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
		qp->stats.dequeue_err_count++;
}

uint16_t
uacce_crypto_dequeue(void *queue_pair, struct rte_crypto_op **ops, uint16_t n)
{
	struct uacce_crypto_qp *qp = queue_pair;
	const struct wd_cpl *cpl = qp->cpls;
	uint16_t i;

	n = wd_poll(&qp->wq, qp->cpls, RTE_MIN(n, qp->depth));
	for (i = 0; i < n; i++, cpl++) {
		uintptr_t tag = (uintptr_t)cpl->tag;
		struct rte_crypto_op *op = (struct rte_crypto_op *)(tag & ~UACCE_TAG_MASK);

		ops[i] = op;
		if (unlikely((tag & UACCE_TAG_MASK) | cpl->status))
			finish_unusual(qp, op, tag, cpl->status);
		else
			op->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
	}
	qp->deq += n;
	qp->stats.dequeued_count += n;
	return n;
}
