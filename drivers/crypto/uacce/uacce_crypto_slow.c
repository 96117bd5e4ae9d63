/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ops that the fast path does not take: chained mbufs, lengths that the device does not do,
 * and ops that cannot be served. The latter are taken all the same and complete in order with
 * an error status, so that the application's bursts have no holes.
 */
#include <errno.h>

#include <openssl/crypto.h>

#include <rte_mbuf.h>
#include <rte_memory.h>

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

/* The segment that holds byte *off of a chain, *off made relative to it; NULL: behind the end. */
static const struct rte_mbuf *
find_seg(const struct rte_mbuf *m, uint64_t *off)
{
	while (m != NULL && *off >= seg_len(m) && (m->next != NULL || *off > seg_len(m))) {
		*off -= seg_len(m);
		m = m->next;
	}
	return m;
}

/*
 * Describes [off, off + len) of a chain. One piece: *n = 0 and *addr. More: *n segments from the
 * burst's pool. -EINVAL: the chain is shorter, or has too many pieces; -EAGAIN: the pool is used
 * up.
 */
static int
map_mbufs(const struct uacce_crypto_qp *qp, struct uacce_crypto_work *work,
	const struct rte_mbuf *m, uint64_t off, uint64_t len, bool phys, uint64_t *addr,
	struct wd_seg **segs, uint16_t *n)
{
	struct wd_seg *seg = &work->segs[work->segs_used];
	uint32_t count = 0, room = RTE_MIN(qp->segs_per_side, UACCE_CRYPTO_SEGS - work->segs_used);
	uint64_t part;

	m = find_seg(m, &off);
	if (m == NULL)
		return -EINVAL;
	*addr = seg_addr(m, phys) + off;
	*n = 0;
	if (off + len <= seg_len(m))
		return 0;
	for (; m != NULL && len > 0; m = m->next, off = 0) {
		part = RTE_MIN(seg_len(m) - off, len);
		if (part == 0)
			continue;
		if (count == room)
			return room < qp->segs_per_side ? -EAGAIN : -EINVAL;
		seg[count].addr = seg_addr(m, phys) + off;
		seg[count].len = part;
		seg[count].rsvd = 0;
		count++;
		len -= part;
	}
	if (len > 0)
		return -EINVAL;
	*segs = seg;
	*n = count;
	work->segs_used += count;
	return 0;
}

static int
map_op(const struct uacce_crypto_qp *qp, struct uacce_crypto_work *work,
	const struct rte_crypto_sym_op *sym, const struct uacce_crypto_msg *msg, bool phys,
	struct wd_req *req)
{
	uint32_t segs_used = work->segs_used;
	struct wd_seg *segs;
	uint64_t addr;
	int ret;

	ret = map_mbufs(qp, work, sym->m_src, msg->off, msg->len, phys, &addr, &segs,
		&req->src_segs);
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
	ret = map_mbufs(qp, work, sym->m_dst, msg->off, msg->len, phys, &addr, &segs,
		&req->dst_segs);
	if (ret != 0) {
		work->segs_used = segs_used;
		return ret;
	}
	if (req->dst_segs)
		req->dst_list = segs;
	else
		req->dst = addr;
	return 0;
}

/* True when the digest is where the auth region ends, and the cipher's region goes on. */
static bool
is_nested(const struct uacce_crypto_sess *s, const struct rte_crypto_sym_op *sym,
	const struct uacce_crypto_msg *msg)
{
	const struct rte_mbuf *m = sym->m_dst ? sym->m_dst : sym->m_src;
	uint64_t end = (uint64_t)msg->a_off + msg->a_len, off = end;

	if (!s->nested || (uint64_t)msg->c_off + msg->c_len <= end)
		return false;
	m = find_seg(m, &off);
	return m != NULL && seg_addr(m, false) + off == (uintptr_t)msg->digest.va;
}

/* Messages without a byte to work on, where the device does not take them. */
static bool
route_empty(const struct uacce_crypto_qp *qp, struct uacce_crypto_soft *soft,
	const struct uacce_crypto_sess *s, const struct uacce_crypto_msg *msg,
	enum wd_status *status)
{
	switch (uacce_crypto_kind(qp, s)) {
	case UACCE_KIND_CIPHER:
		*status = WD_OK;
		return msg->c_len == 0;
	case UACCE_KIND_AUTH:
		if (msg->a_len != 0)
			return false;
		if (s->auth == WD_AUTH_AES_GMAC)
			*status = uacce_crypto_soft_tag(soft, s, msg->iv.va, NULL, 0,
				msg->digest.va);
		else if (s->empty_digest_known)
			*status = uacce_crypto_soft_digest(s, s->empty_digest, msg->digest.va);
		else
			*status = WD_BAD_REQ;
		return true;
	case UACCE_KIND_AEAD:
		if (msg->c_len >= s->len_min)
			return false;
		*status = uacce_crypto_soft_tag(soft, s, msg->iv.va, msg->aad.va, s->aad_len,
			msg->digest.va);
		return true;
	default:
		return false;
	}
}

static void
set_extent(const struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	struct uacce_crypto_msg *msg)
{
	uint64_t end, a_end = (uint64_t)msg->a_off + msg->a_len;

	if (uacce_crypto_kind(qp, s) != UACCE_KIND_CHAIN) {
		msg->off = uacce_crypto_kind(qp, s) == UACCE_KIND_AUTH ? msg->a_off : msg->c_off;
		msg->len = (uint64_t)msg->c_len + msg->a_len;
		msg->c_off = msg->off;
		msg->a_off = msg->off;
		return;
	}
	/* An empty region has no place. */
	if (msg->c_len == 0)
		msg->c_off = msg->a_off;
	if (msg->a_len == 0)
		msg->a_off = msg->c_off;
	msg->off = RTE_MIN(msg->c_off, msg->a_off);
	end = RTE_MAX((uint64_t)msg->c_off + msg->c_len, msg->nested ? a_end + s->digest_len :
									a_end);
	msg->len = end - msg->off;
}

enum uacce_route
uacce_crypto_route(const struct uacce_crypto_qp *qp, struct uacce_crypto_work *work,
	const struct uacce_crypto_sess *s, struct uacce_crypto_msg *msg, struct wd_req *req,
	void *tag)
{
	enum wd_status status = WD_BAD_REQ;

	set_extent(qp, s, msg);
	if (s->null)
		return UACCE_TO_SOFT;
	if ((s->digest_len != 0 && msg->digest.va == NULL) ||
			(s->aad_len != 0 && msg->aad.va == NULL) ||
			route_empty(qp, work->soft, s, msg, &status)) {
		uacce_crypto_fill_done(req, tag, status);
		return UACCE_DONE;
	}
	if (uacce_crypto_kind(qp, s) == UACCE_KIND_CHAIN &&
			(msg->nested || msg->c_len == 0 || msg->a_len == 0))
		return UACCE_TO_SOFT;
	return UACCE_TO_DEVICE;
}

/* Copies len bytes of one side of req, from byte off on, from or to buf. */
static void
copy_side(const struct wd_seg *list, uint16_t n, uint64_t flat, uint64_t off, uint64_t len,
	uint8_t *buf, bool to_buf)
{
	const struct wd_seg one = {.addr = flat + off, .len = len};
	uint64_t part;
	uint8_t *at;

	if (n == 0) {
		list = &one;
		n = 1;
		off = 0;
	}
	for (; n > 0 && len > 0; list++, n--) {
		if (off >= list->len) {
			off -= list->len;
			continue;
		}
		part = RTE_MIN(list->len - off, len);
		at = (uint8_t *)(uintptr_t)(list->addr + off);
		if (to_buf)
			memcpy(buf, at, part);
		else
			memcpy(at, buf, part);
		buf += part;
		len -= part;
		off = 0;
	}
}

static bool
in_place(const struct wd_req *req)
{
	return req->dst_segs == 0 && req->dst == (req->src_segs ? 0 : req->src);
}

int
uacce_crypto_copy_out(struct uacce_crypto_work *work, const struct wd_req *req, uint64_t len)
{
	uint8_t *buf = uacce_crypto_soft_buf(work->soft);

	if (len > UACCE_SOFT_MAX_LEN)
		return -EINVAL;
	copy_side(req->src_list, req->src_segs, req->src, 0, len, buf, true);
	copy_side(req->dst_list, req->dst_segs, req->dst, 0, len, buf, false);
	return 0;
}

static enum wd_status
soft_null(struct uacce_crypto_work *work, const struct wd_req *req, uint64_t len)
{
	if (in_place(req) || len == 0)
		return WD_OK;
	return uacce_crypto_copy_out(work, req, len) == 0 ? WD_OK : WD_BAD_REQ;
}

static enum wd_status
soft_chain(struct uacce_crypto_work *work, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, const struct wd_req *req)
{
	uint64_t from = msg->c_off - msg->off, end = from + msg->c_len;
	uint8_t *buf = uacce_crypto_soft_buf(work->soft);
	enum wd_status status;

	if (msg->len > UACCE_SOFT_MAX_LEN)
		return WD_BAD_REQ;
	copy_side(req->src_list, req->src_segs, req->src, 0, msg->len, buf, true);
	status = uacce_crypto_soft_chain(work->soft, s, msg, buf);
	/* Out go the cipher's region and a digest in the data; nothing of a refused message. */
	if (msg->nested)
		end = RTE_MAX(end, (uint64_t)msg->a_off - msg->off + msg->a_len + s->digest_len);
	if (status != WD_BAD_REQ && in_place(req))
		copy_side(req->src_list, req->src_segs, req->src, from, end - from, buf + from,
			false);
	else if (status != WD_BAD_REQ)
		copy_side(req->dst_list, req->dst_segs, req->dst, from, end - from, buf + from,
			false);
	OPENSSL_cleanse(buf, msg->len);
	return status;
}

void
uacce_crypto_fill_soft(struct uacce_crypto_work *work, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, struct wd_req *req, void *tag)
{
	enum wd_status status;

	status = s->null ? soft_null(work, req, msg->len) : soft_chain(work, s, msg, req);
	uacce_crypto_fill_done(req, tag, status);
}

static uint64_t
device_addr(const struct uacce_crypto_qp *qp, const struct rte_crypto_va_iova_ptr *p)
{
	return qp->phys ? p->iova : (uintptr_t)p->va;
}

/* The place belongs to the request until it completes: as many are in flight as there are. */
static uint64_t
ctr_block(const struct uacce_crypto_qp *qp, const uint8_t *iv, const struct wd_req *req)
{
	uint32_t slot = (qp->enq + (uint32_t)(req - qp->reqs)) & qp->ctr_mask;
	uint8_t *block = qp->ctr_blocks + slot * UACCE_CTR_BLOCK;

	memcpy(block, iv, 12);
	memcpy(block + 12, "\0\0\0\1", 4);
	return qp->phys ? rte_mem_virt2iova(block) : (uintptr_t)block;
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
	req->iv_va = NULL;
	if (s->ctr_iv_12)
		req->iv = ctr_block(qp, msg->iv.va, req);
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
	uint32_t kind = uacce_crypto_kind(qp, s);

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

/* NULL cipher beside an auth, out of place: the auth is the device's, the copy is made here. */
static int
copy_null(struct uacce_crypto_qp *qp, const struct rte_crypto_sym_op *sym, struct wd_req *req)
{
	const struct uacce_crypto_msg msg = {
		.off = sym->cipher.data.offset,
		.len = sym->cipher.data.length,
	};
	uint32_t segs_used = qp->work.segs_used;
	int ret;

	ret = map_op(qp, &qp->work, sym, &msg, false, req);
	if (ret == 0)
		ret = uacce_crypto_copy_out(&qp->work, req, msg.len);
	qp->work.segs_used = segs_used;
	return ret;
}

static bool
chain_near(const struct uacce_crypto_qp *qp, const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next) {
		if (!uacce_mem_reaches(qp->mem, rte_pktmbuf_mtod(m, void *), seg_len(m)))
			return false;
	}
	return true;
}

/*
 * The request is complete; gives it copies of what the device does not reach. segs_used: before
 * this op. If no other op of the burst has segments, the next burst will not have more room.
 */
static enum uacce_fill
reach(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s, struct rte_crypto_op *op,
	const struct uacce_crypto_msg *msg, struct wd_req *req, uint32_t segs_used)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	struct wd_req va = *req;
	int ret = 0;

	if (uacce_crypto_params_near(qp, s, msg) && chain_near(qp, sym->m_src) &&
			(sym->m_dst == NULL || chain_near(qp, sym->m_dst)))
		return UACCE_FILL_OK;
	if (qp->phys && map_op(qp, &qp->work, sym, msg, false, &va) != 0)
		ret = -ENOSPC;
	if (ret == 0)
		ret = uacce_crypto_bounce(qp, s, msg, &va, req);
	if (ret == 0)
		return UACCE_FILL_OK;
	qp->work.segs_used = segs_used;
	if (ret == -EAGAIN || (ret == -ENOSPC && segs_used != 0))
		return UACCE_FILL_AGAIN;
	return bad_op(req, op);
}

enum uacce_fill
uacce_crypto_fill_slow(struct uacce_crypto_qp *qp, struct rte_crypto_op *op, struct wd_req *req)
{
	struct rte_crypto_sym_op *sym = op->sym;
	const uint32_t segs_used = qp->work.segs_used;
	struct uacce_crypto_msg msg;
	struct uacce_crypto_sess *s;
	enum uacce_route route;
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
	msg.nested = is_nested(s, sym, &msg);
	if (s->copies && sym->m_dst != NULL && sym->m_dst != sym->m_src) {
		ret = copy_null(qp, sym, req);
		if (ret != 0)
			return ret == -EAGAIN ? UACCE_FILL_AGAIN : bad_op(req, op);
	}
	route = uacce_crypto_route(qp, &qp->work, s, &msg, req, op);
	if (route == UACCE_TO_SOFT)
		uacce_crypto_fill_done(req, (void *)((uintptr_t)op | UACCE_TAG_SOFT), WD_BAD_REQ);
	if (route != UACCE_TO_DEVICE)
		return UACCE_FILL_OK;
	ret = map_op(qp, &qp->work, sym, &msg, qp->phys, req);
	if (ret == -EAGAIN)
		return UACCE_FILL_AGAIN;
	if (ret != 0)
		return bad_op(req, op);
	uacce_crypto_fill_params(qp, s, &msg, req, op);
	return qp->mem == NULL ? UACCE_FILL_OK : reach(qp, s, op, &msg, req, segs_used);
}

enum wd_status
uacce_crypto_soft_op(struct uacce_crypto_qp *qp, struct rte_crypto_op *op)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	struct uacce_crypto_sess *s = CRYPTODEV_GET_SYM_SESS_PRIV(sym->session);
	struct uacce_crypto_work *work = &qp->deq_work;
	struct uacce_crypto_msg msg;
	struct wd_req req;

	op_to_msg(qp, s, op, &msg);
	msg.nested = is_nested(s, sym, &msg);
	uacce_crypto_fill_done(&req, op, WD_BAD_REQ);
	if (uacce_crypto_route(qp, work, s, &msg, &req, op) == UACCE_TO_SOFT &&
			map_op(qp, work, sym, &msg, false, &req) == 0)
		uacce_crypto_fill_soft(work, s, &msg, &req, op);
	work->segs_used = 0;
	work->soft_ops += req.status == WD_OK || req.status == WD_AUTH_FAILED;
	return req.status;
}
