/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ops that the fast path does not take: chained mbufs, lengths that the device does not do,
 * and ops that cannot be served. The latter are taken all the same and complete in order with
 * an error status, so that the application's bursts have no holes.
 */
#include <errno.h>

#include <rte_mbuf.h>

#include "uacce_crypto.h"

void
uacce_crypto_fill_done(struct wd_req *req, void *tag, enum wd_status status)
{
	memset(req, 0, sizeof(*req));
	req->tag = tag;
	req->flags = WD_REQ_DONE;
	req->status = status;
}

static enum uacce_fill
bad_op(struct wd_req *req, struct rte_crypto_op *op)
{
	uacce_crypto_fill_done(req, op, WD_BAD_REQ);
	return UACCE_FILL_OK;
}

static enum uacce_fill
bad_session(struct wd_req *req, struct rte_crypto_op *op)
{
	op->status = RTE_CRYPTO_OP_STATUS_INVALID_SESSION;
	uacce_crypto_fill_done(req, (void *)((uintptr_t)op | UACCE_TAG_STATUS_SET), WD_BAD_REQ);
	return UACCE_FILL_OK;
}

/* Room of a segment: of the last one, the tail room too, so that data_len need not be set. */
static uint32_t
seg_len(const struct rte_mbuf *m)
{
	return m->next ? m->data_len : (uint32_t)(m->buf_len - m->data_off);
}

static uint64_t
seg_addr(const struct rte_mbuf *m, bool phys)
{
	return phys ? rte_pktmbuf_iova(m) : (uint64_t)rte_pktmbuf_mtod(m, uintptr_t);
}

/*
 * Describes [off, off + len) of a chain. One piece: *n = 0 and *addr. More: *n segments from the
 * burst's pool. -EINVAL: the chain is shorter, or has too many pieces; -EAGAIN: the pool is used
 * up.
 */
static int
map_mbufs(struct uacce_crypto_qp *qp, const struct rte_mbuf *m, uint64_t off, uint64_t len,
	uint64_t *addr, struct wd_seg **segs, uint16_t *n)
{
	struct wd_seg *seg = &qp->segs[qp->segs_used];
	uint32_t count = 0, room = RTE_MIN(qp->segs_per_side, UACCE_CRYPTO_SEGS - qp->segs_used);
	uint64_t part;

	while (m != NULL && off >= seg_len(m) && (m->next != NULL || off > seg_len(m))) {
		off -= seg_len(m);
		m = m->next;
	}
	if (m == NULL)
		return -EINVAL;
	*addr = seg_addr(m, qp->phys) + off;
	*n = 0;
	if (off + len <= seg_len(m))
		return 0;
	for (; m != NULL && len > 0; m = m->next, off = 0) {
		part = RTE_MIN(seg_len(m) - off, len);
		if (part == 0)
			continue;
		if (count == room)
			return room < qp->segs_per_side ? -EAGAIN : -EINVAL;
		seg[count].addr = seg_addr(m, qp->phys) + off;
		seg[count].len = part;
		seg[count].rsvd = 0;
		count++;
		len -= part;
	}
	if (len > 0)
		return -EINVAL;
	*segs = seg;
	*n = count;
	qp->segs_used += count;
	return 0;
}

static int
map_op(struct uacce_crypto_qp *qp, const struct rte_crypto_sym_op *sym, uint64_t off,
	uint64_t len, struct wd_req *req)
{
	uint32_t segs_used = qp->segs_used;
	struct wd_seg *segs;
	uint64_t addr;
	int ret;

	ret = map_mbufs(qp, sym->m_src, off, len, &addr, &segs, &req->src_segs);
	if (ret != 0)
		return ret;
	if (req->src_segs)
		req->src_list = segs;
	else
		req->src = addr;
	req->dst_segs = 0;
	if (sym->m_dst == NULL || sym->m_dst == sym->m_src) {
		req->dst = req->src_segs ? 0 : addr;
		return 0;
	}
	ret = map_mbufs(qp, sym->m_dst, off, len, &addr, &segs, &req->dst_segs);
	if (ret != 0) {
		qp->segs_used = segs_used;
		return ret;
	}
	if (req->dst_segs)
		req->dst_list = segs;
	else
		req->dst = addr;
	return 0;
}

/* Data without a byte to work on: libcrypto's, where the device does not take it. */
static bool
check_empty(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, enum wd_status *status)
{
	switch (s->id - qp->sess_id) {
	case UACCE_KIND_CIPHER:
		*status = WD_OK;
		return msg->c_len == 0;
	case UACCE_KIND_AUTH:
		if (msg->a_len != 0)
			return false;
		if (s->auth == WD_AUTH_AES_GMAC)
			*status = uacce_crypto_soft_tag(qp->soft, s, msg->iv.va, NULL, 0,
				msg->digest.va);
		else if (s->empty_digest_known)
			*status = uacce_crypto_soft_digest(s, s->empty_digest, msg->digest.va);
		else
			*status = WD_BAD_REQ;
		return true;
	case UACCE_KIND_AEAD:
		if (msg->c_len >= s->len_min)
			return false;
		*status = uacce_crypto_soft_tag(qp->soft, s, msg->iv.va, msg->aad.va, s->aad_len,
			msg->digest.va);
		return true;
	default:
		return false;
	}
}

bool
uacce_crypto_check_msg(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	struct uacce_crypto_msg *msg, struct wd_req *req, void *tag)
{
	uint32_t kind = s->id - qp->sess_id;
	enum wd_status status;
	uint64_t end;

	if ((kind != UACCE_KIND_CIPHER && msg->digest.va == NULL) ||
			(s->aad_len != 0 && msg->aad.va == NULL)) {
		uacce_crypto_fill_done(req, tag, WD_BAD_REQ);
		return false;
	}
	if (check_empty(qp, s, msg, &status)) {
		uacce_crypto_fill_done(req, tag, status);
		return false;
	}
	if (kind == UACCE_KIND_CHAIN) {
		msg->off = RTE_MIN(msg->c_off, msg->a_off);
		end = RTE_MAX((uint64_t)msg->c_off + msg->c_len,
			(uint64_t)msg->a_off + msg->a_len);
	} else {
		msg->off = kind == UACCE_KIND_AUTH ? msg->a_off : msg->c_off;
		end = (uint64_t)msg->off + msg->c_len + msg->a_len;
		msg->c_off = msg->off;
		msg->a_off = msg->off;
	}
	msg->len = end - msg->off;
	return true;
}

static uint64_t
device_addr(const struct uacce_crypto_qp *qp, const struct rte_crypto_va_iova_ptr *p)
{
	return qp->phys ? p->iova : (uintptr_t)p->va;
}

void
uacce_crypto_fill_params(const struct uacce_crypto_qp *qp, struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, struct wd_req *req, void *tag)
{
	req->sess = uacce_crypto_wd_session(s);
	req->tag = tag;
	req->flags = 0;
	req->status = 0;
	req->aad_len = s->aad_len;
	req->iv = device_addr(qp, &msg->iv);
	req->digest = device_addr(qp, &msg->digest);
	req->aad = device_addr(qp, &msg->aad);
	req->cipher_off = msg->c_off - msg->off;
	req->cipher_len = msg->c_len;
	req->auth_off = msg->a_off - msg->off;
	req->auth_len = msg->a_len;
}

static void
op_to_msg(const struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	struct rte_crypto_op *op, struct uacce_crypto_msg *msg)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	uint32_t kind = s->id - qp->sess_id;

	memset(msg, 0, sizeof(*msg));
	msg->iv.va = rte_crypto_op_ctod_offset(op, void *, s->iv_off);
	msg->iv.iova = rte_crypto_op_ctophys_offset(op, s->iv_off);
	if (kind == UACCE_KIND_AEAD) {
		msg->c_off = sym->aead.data.offset;
		msg->c_len = sym->aead.data.length;
		msg->digest.va = sym->aead.digest.data;
		msg->digest.iova = sym->aead.digest.phys_addr;
		if (sym->aead.aad.data != NULL) {
			msg->aad.va = sym->aead.aad.data + s->aad_off;
			msg->aad.iova = sym->aead.aad.phys_addr + s->aad_off;
		}
		return;
	}
	if (kind != UACCE_KIND_AUTH) {
		msg->c_off = sym->cipher.data.offset;
		msg->c_len = sym->cipher.data.length;
	}
	if (kind != UACCE_KIND_CIPHER) {
		msg->a_off = sym->auth.data.offset;
		msg->a_len = sym->auth.data.length;
		msg->digest.va = sym->auth.digest.data;
		msg->digest.iova = sym->auth.digest.phys_addr;
	}
}

enum uacce_fill
uacce_crypto_fill_slow(struct uacce_crypto_qp *qp, struct rte_crypto_op *op, struct wd_req *req)
{
	struct rte_crypto_sym_op *sym = op->sym;
	struct uacce_crypto_msg msg;
	struct uacce_crypto_sess *s;
	int ret;

	if (op->type != RTE_CRYPTO_OP_TYPE_SYMMETRIC)
		return bad_op(req, op);
	if (op->sess_type != RTE_CRYPTO_OP_WITH_SESSION || sym->session == NULL)
		return bad_session(req, op);
	s = CRYPTODEV_GET_SYM_SESS_PRIV(sym->session);
	if (s->id - qp->sess_id >= UACCE_KIND_MAX)
		return bad_session(req, op);
	if (sym->m_src == NULL)
		return bad_op(req, op);
	op_to_msg(qp, s, op, &msg);
	if (!uacce_crypto_check_msg(qp, s, &msg, req, op))
		return UACCE_FILL_OK;
	ret = map_op(qp, sym, msg.off, msg.len, req);
	if (ret == -EAGAIN)
		return UACCE_FILL_AGAIN;
	if (ret != 0)
		return bad_op(req, op);
	uacce_crypto_fill_params(qp, s, &msg, req, op);
	return UACCE_FILL_OK;
}
