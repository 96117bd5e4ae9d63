/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An op becomes a request.
 *
 * Output behind the application's. The engine wants at least min_out bytes of room, and writes
 * its trailer after the data where a framing is used. Both go, as the last piece of the output
 * list, to the slot's scratch memory: the application's buffers get DEFLATE data and nothing
 * else, without a copy, and an output that runs into the scratch did not fit.
 *
 * Raw DEFLATE on devices without (hardware v2) is zlib's framing. To decompress it, bytes are put
 * behind the input that the engine takes for the trailer and finds wrong, which tells where the
 * stream ended: consumed, less the trailer. There are more of them than a trailer has, so that a
 * truncated stream whose decoding runs into them is seen to.
 *
 * On devices without SVA, memory that they do not reach is copied, piece by piece: input here, output
 * in _finish.c. There must be room for it before a stream's state changes.
 *
 * FULL flush of a stateless op: the engine finishes whole streams always, so the op borrows one of
 * the queue pair's own streams and ends it with a sync flush.
 */
#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "uacce_compress.h"

static const uint8_t empty_stream[] = {0x03, 0x00};

static uint64_t
seg_addr(const struct rte_mbuf *m, bool phys)
{
	return phys ? rte_pktmbuf_iova(m) : (uint64_t)rte_pktmbuf_mtod(m, uintptr_t);
}

static __rte_always_inline uint64_t
chain_len(const struct rte_mbuf *m, uint32_t *segs)
{
	uint64_t len = 0;

	for (; m != NULL; m = m->next) {
		len += m->data_len;
		++*segs;
	}
	return len;
}

/* A side of a request: one piece, or a list taken from the burst's pool. */
struct side {
	uint64_t addr;
	struct wd_seg *segs;
	uint16_t n;             /* 0 = one piece */
};

static uint32_t
seg_room(const struct uacce_comp_qp *qp)
{
	return RTE_MIN(qp->segs_per_side, UACCE_COMP_SEGS - qp->segs_used);
}

/* Out of segments: of the burst's pool, which is fresh in the next one, or of the device's. */
static enum uacce_comp_fill
no_segs(const struct uacce_comp_qp *qp)
{
	return UACCE_COMP_SEGS - qp->segs_used < qp->segs_per_side ? UACCE_FILL_AGAIN :
								     UACCE_FILL_OVER;
}

static void
put_seg(struct side *s, uint64_t addr, uint32_t len)
{
	s->segs[s->n].addr = addr;
	s->segs[s->n].len = len;
	s->segs[s->n].rsvd = 0;
	s->n++;
}

/*
 * Describes [off, off + len) of a chain, which is that long, and the extra piece behind it if
 * extra_len is not 0. FILL_REQ, FILL_AGAIN, or FILL_OVER: more pieces than the device takes.
 */
static enum uacce_comp_fill
map_side(struct uacce_comp_qp *qp, const struct rte_mbuf *m, uint32_t off, uint32_t len,
	uint64_t extra, uint32_t extra_len, struct side *s)
{
	uint32_t room = seg_room(qp);

	s->n = 0;
	s->addr = 0;
	while (m != NULL && off >= m->data_len && len > 0) {
		off -= m->data_len;
		m = m->next;
	}
	if (len > 0)
		s->addr = seg_addr(m, qp->phys) + off;
	if (extra_len == 0 && (len == 0 || off + len <= m->data_len))
		return UACCE_FILL_REQ;
	s->segs = &qp->segs[qp->segs_used];
	for (; len > 0; m = m->next, off = 0) {
		uint32_t part = RTE_MIN(m->data_len - off, len);

		if (part == 0)
			continue;
		if (s->n == room)
			return no_segs(qp);
		put_seg(s, seg_addr(m, qp->phys) + off, part);
		len -= part;
	}
	if (extra_len > 0) {
		if (s->n == room)
			return no_segs(qp);
		put_seg(s, extra, extra_len);
	}
	qp->segs_used += s->n;
	return UACCE_FILL_REQ;
}

/* ------------------------------------------------------------------ memory out of reach */

static __rte_always_inline bool
chain_near(const struct uacce_comp_qp *qp, const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next) {
		if (unlikely(rte_pktmbuf_mtod(m, uintptr_t) + qp->range->minus_base >=
				qp->range->near) &&
			!uacce_mem_reaches(qp->mem, rte_pktmbuf_mtod(m, void *), m->data_len))
			return false;
	}
	return true;
}

/*
 * As map_side(), with copies of what is out of reach, and always a list. room: of segments. 0;
 * -EAGAIN, -E2BIG or -ENOSPC as wd_bounce_add() has it.
 */
static int
bounce_side(struct uacce_comp_qp *qp, const struct rte_mbuf *m, uint32_t off, uint32_t len,
	bool in, struct side *s, uint32_t room, bool *copied)
{
	int ret = 0;

	s->n = 0;
	s->addr = 0;
	s->segs = &qp->segs[qp->segs_used];
	for (; len > 0 && ret == 0; m = m->next) {
		struct wd_bounce_piece p = {.in = in};

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		p.va = rte_pktmbuf_mtod_offset(m, void *, off);
		p.len = RTE_MIN(m->data_len - off, len);
		p.back_len = in ? 0 : p.len;
		if (!uacce_mem_reaches(qp->mem, p.va, p.len)) {
			ret = wd_bounce_add(qp->bounce, &p, s->segs, &s->n, room);
			*copied = true;
		} else if (s->n == room) {
			ret = -ENOSPC;
		} else {
			put_seg(s, seg_addr(m, qp->phys) + off, p.len);
		}
		len -= p.len;
		off = 0;
	}
	return ret;
}

/* Both sides of an op; pre: output that comes first, from elsewhere. */
static enum uacce_comp_fill
bounce_op(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot,
	uint32_t pre, struct side *src, struct side *dst)
{
	const uint32_t used = qp->segs_used;
	uint32_t room = seg_room(qp);
	int ret;

	if (qp->bounce == NULL)
		return UACCE_FILL_OVER;
	wd_bounce_begin(qp->bounce, &qp->q[slot->x->dir].wq, slot - qp->slots);
	/* Each has one segment more behind the application's. */
	ret = room == 0 ? -ENOSPC :
		bounce_side(qp, op->m_src, op->src.offset, op->src.length, true, src, room - 1,
			&slot->copied);
	qp->segs_used += src->n + 1;
	room = seg_room(qp);
	if (ret == 0)
		ret = room == 0 || qp->segs_used >= UACCE_COMP_SEGS ? -ENOSPC :
			bounce_side(qp, op->m_dst, op->dst.offset + pre, slot->room - pre, false,
				dst, room - 1, &slot->copied);
	if (ret == 0) {
		qp->segs_used += dst->n + 1;
		return UACCE_FILL_REQ;
	}
	qp->segs_used = used;
	qp->bounce_waits += ret == -EAGAIN;
	return ret == -EAGAIN || (ret == -ENOSPC && used != 0) ? UACCE_FILL_AGAIN :
								  UACCE_FILL_OVER;
}

/* A side's list, which is at least len long, becomes the first len bytes and the extra piece. */
static __rte_noinline void
end_side(struct side *s, uint32_t len, uint64_t extra, uint32_t extra_len)
{
	uint16_t n = 0;

	for (; len > 0; n++) {
		s->segs[n].len = RTE_MIN(s->segs[n].len, len);
		len -= s->segs[n].len;
	}
	s->n = n;
	if (extra_len > 0)
		put_seg(s, extra, extra_len);
	if (s->n != 1)
		return;
	s->addr = s->segs[0].addr;
	s->n = 0;
}

static enum uacce_comp_fill
over(struct uacce_comp_slot *slot, uint8_t status)
{
	slot->op->status = status;
	slot->op->debug_status = 0;
	slot->op->consumed = 0;
	slot->op->produced = 0;
	return UACCE_FILL_OVER;
}

/* Everything of op and xform that can be wrong. Sets slot->x, ->st, ->room; counts segments. */
static __rte_always_inline bool
check_op(const struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot,
	uint32_t *segs)
{
	const struct uacce_comp_xform *x = op->private_xform;
	uint64_t room;

	slot->st = NULL;
	if (x == NULL || op->m_src == NULL || op->m_dst == NULL || op->m_src == op->m_dst)
		return false;
	if (op->op_type == RTE_COMP_OP_STATEFUL) {
		if (x->magic != UACCE_STREAM_MAGIC || (unsigned int)op->flush_flag > RTE_COMP_FLUSH_FINAL)
			return false;
		slot->st = op->stream;
	} else if (op->op_type != RTE_COMP_OP_STATELESS || x->magic != UACCE_XFORM_MAGIC) {
		return false;
	} else if (x->dir == UACCE_COMPRESS && op->flush_flag != RTE_COMP_FLUSH_FULL &&
		op->flush_flag != RTE_COMP_FLUSH_FINAL) {
		return false;
	}
	slot->x = x;
	if ((uint64_t)op->src.offset + op->src.length > chain_len(op->m_src, segs) ||
		op->src.length > qp->max_len)
		return false;
	room = chain_len(op->m_dst, segs);
	if (op->dst.offset > room)
		return false;
	slot->room = RTE_MIN(room - op->dst.offset, (uint64_t)qp->max_len);
	return true;
}

/* No input: the engine takes none, and what there is to say is two bytes at most. */
static enum uacce_comp_fill
fill_empty_compress(struct rte_comp_op *op, struct uacce_comp_slot *slot)
{
	const bool final = op->flush_flag == RTE_COMP_FLUSH_FINAL;
	struct uacce_comp_stream *st = slot->st;

	over(slot, RTE_COMP_OP_STATUS_SUCCESS);
	op->produced = slot->pre;
	uacce_comp_sum(slot, 0);
	if (final && slot->room < sizeof(empty_stream)) {
		op->status = st ? RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE :
				  RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED;
		return UACCE_FILL_OVER;
	}
	if (final) {
		uacce_comp_copy_out(op->m_dst, op->dst.offset + slot->pre, empty_stream,
			sizeof(empty_stream));
		op->produced += sizeof(empty_stream);
	}
	if (st != NULL && op->flush_flag >= RTE_COMP_FLUSH_FULL) {
		st->restart = true;
		st->sum_over = final;
	}
	return UACCE_FILL_OVER;
}

/*
 * What a stream has before the device's part: output left over from the last op, and a new
 * beginning. True: that was all, the op is complete.
 */
static __rte_noinline bool
begin_stream(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot)
{
	struct uacce_comp_stream *st = slot->st;

	if (uacce_published32(&st->busy) != 0 || st->broken) {
		over(slot, RTE_COMP_OP_STATUS_INVALID_STATE);
		return true;
	}
	if (st->carry_len > 0) {
		slot->pre = RTE_MIN(st->carry_len, slot->room);
		uacce_comp_copy_out(op->m_dst, op->dst.offset, st->carry, slot->pre);
		st->carry_len -= slot->pre;
		memmove(st->carry, st->carry + slot->pre, st->carry_len);
		slot->room -= slot->pre;
		if (st->carry_len > 0 || st->ended || (slot->room == 0 && op->src.length > 0)) {
			over(slot, st->carry_len > 0 || !st->ended ?
				RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE :
				RTE_COMP_OP_STATUS_SUCCESS);
			op->produced = slot->pre;
			uacce_comp_sum(slot, 0);
			if (st->carry_len == 0 && st->ended) {
				op->debug_status = RTE_PMD_UACCE_COMPRESS_END;
				st->ended = false;
			}
			return true;
		}
	}
	if (st->restart) {
		if (uacce_comp_stream_reset(qp->wd, st) != 0) {
			st->broken = true;
			over(slot, RTE_COMP_OP_STATUS_ERROR);
			return true;
		}
		st->restart = false;
	}
	if (st->sum_over) {
		st->crc = 0;
		st->adler = 1;
		st->sum_over = false;
	}
	return false;
}

/* The application's stream, or one of the queue pair's for a FULL flush. */
static __rte_always_inline enum uacce_comp_fill
fill_stream(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot,
	struct wd_req *req)
{
	struct uacce_comp_stream *st = slot->st;

	if (slot->full) {
		st = qp->full[slot->full - 1];
		if (uacce_comp_stream_reset(qp->wd, st) != 0)
			return over(slot, RTE_COMP_OP_STATUS_ERROR);
		qp->full_taken ^= 1u << (slot->full - 1);
	} else {
		st->busy = 1;
	}
	req->sess = uacce_comp_stream_session(st);
	req->stream = (uintptr_t)req->sess + RTE_ALIGN_CEIL(wd_session_size(qp->wd),
		WD_SESSION_ALIGN);
	req->flush = !slot->full && op->flush_flag == RTE_COMP_FLUSH_FINAL ? WD_FLUSH_FINAL :
									      WD_FLUSH_SYNC;
	return UACCE_FILL_REQ;
}

static __rte_noinline bool
borrow_stream(const struct uacce_comp_qp *qp, struct uacce_comp_slot *slot)
{
	uint32_t free = qp->full_all & ~(qp->full_taken ^ uacce_published32(&qp->full_back));

	if (free == 0)
		return false;
	slot->full = 1 + rte_bsf32(free);
	return true;
}

static __rte_always_inline void
put_sides(struct wd_req *req, const struct side *src, const struct side *dst)
{
	req->src_segs = src->n;
	req->dst_segs = dst->n;
	if (src->n > 0)
		req->src_list = src->segs;
	else
		req->src = src->addr;
	if (dst->n > 0)
		req->dst_list = dst->segs;
	else
		req->dst = dst->addr;
}

/* What the engine writes behind the application's output: a trailer, and for want of room. */
static __rte_always_inline uint32_t
tail_len(const struct uacce_comp_qp *qp, const struct uacce_comp_slot *slot)
{
	uint32_t tail = slot->x->dir == UACCE_COMPRESS && slot->full == 0 ? slot->x->trailer : 0;

	return slot->room < qp->min_out ? tail + qp->min_out - slot->room : tail;
}

/* Copies for an op, before anything of its stream changes. FILL_REQ: go on. */
static __rte_noinline enum uacce_comp_fill
fill_far(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot,
	struct side *src, struct side *dst)
{
	const struct uacce_comp_stream *st = slot->st;
	enum uacce_comp_fill ret;

	if (st != NULL && (uacce_published32(&st->busy) != 0 || st->broken))
		return over(slot, RTE_COMP_OP_STATUS_INVALID_STATE);
	ret = bounce_op(qp, op, slot, st != NULL ? RTE_MIN(st->carry_len, slot->room) : 0, src,
		dst);
	return ret == UACCE_FILL_OVER ? over(slot, RTE_COMP_OP_STATUS_INVALID_ARGS) : ret;
}

/* far: something of it is out of reach. */
static __rte_always_inline enum uacce_comp_fill
fill(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot, const bool far)
{
	const uint32_t segs_used = qp->segs_used;
	uint32_t tail, pad = 0, want, segs = 2;
	struct side src, dst;
	struct wd_req *req;
	enum uacce_comp_fill ret;

	slot->op = op;
	slot->pre = 0;
	slot->full = 0;
	if (!check_op(qp, op, slot, &segs))
		return over(slot, RTE_COMP_OP_STATUS_INVALID_ARGS);
	req = qp->q[slot->x->dir].next;
	if (far) {
		ret = fill_far(qp, op, slot, &src, &dst);
		if (ret != UACCE_FILL_REQ)
			return ret;
	}
	if (slot->st != NULL) {
		/* What is done from here on is not undone: there must be segments enough. */
		if (!far && qp->segs_used > 0 && UACCE_COMP_SEGS - qp->segs_used < segs)
			return UACCE_FILL_AGAIN;
		if (begin_stream(qp, op, slot))
			return UACCE_FILL_OVER;
	}
	if (op->src.length == 0) {
		if (slot->x->dir == UACCE_COMPRESS)
			return fill_empty_compress(op, slot);
		if (slot->st == NULL)
			return over(slot, RTE_COMP_OP_STATUS_ERROR);
	}
	if (slot->st == NULL && slot->x->dir == UACCE_COMPRESS &&
		op->flush_flag == RTE_COMP_FLUSH_FULL && !borrow_stream(qp, slot))
		return qp->full[0] != NULL ? UACCE_FILL_AGAIN :
					     over(slot, RTE_COMP_OP_STATUS_INVALID_ARGS);
	if (slot->x->dir == UACCE_DECOMPRESS && slot->x->trailer > 0 && slot->st == NULL) {
		pad = UACCE_COMP_PAD;
		if (op->src.length > qp->max_len - pad)
			return over(slot, RTE_COMP_OP_STATUS_INVALID_ARGS);
	}
	tail = tail_len(qp, slot);
	want = RTE_MIN(slot->room, qp->max_len - tail);
	ret = UACCE_FILL_REQ;
	if (far) {
		end_side(&src, op->src.length, qp->pad_addr, pad);
		end_side(&dst, want, slot->scratch_addr, tail);
	} else {
		ret = map_side(qp, op->m_src, op->src.offset, op->src.length, qp->pad_addr, pad,
			&src);
	}
	if (!far && ret == UACCE_FILL_REQ)
		ret = map_side(qp, op->m_dst, op->dst.offset + slot->pre, want, slot->scratch_addr,
			tail, &dst);
	if (ret == UACCE_FILL_REQ) {
		req->sess = uacce_comp_session(slot->x);
		req->stream = 0;
		req->flush = WD_FLUSH_FINAL;
		if (slot->st != NULL || slot->full)
			ret = fill_stream(qp, op, slot, req);
	}
	if (ret != UACCE_FILL_REQ) {
		qp->segs_used = segs_used;
		if (ret == UACCE_FILL_AGAIN)
			return ret;
		over(slot, RTE_COMP_OP_STATUS_INVALID_ARGS);
		op->produced = slot->pre;
		return UACCE_FILL_OVER;
	}
	if (far && slot->copied)
		wd_bounce_commit(qp->bounce);
	slot->room = want;
	req->tag = slot;
	req->flags = 0;
	put_sides(req, &src, &dst);
	req->src_len = op->src.length + pad;
	req->dst_len = want + tail;
	qp->q[slot->x->dir].next++;
	return UACCE_FILL_REQ;
}

enum uacce_comp_fill
uacce_comp_fill(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot)
{
	return fill(qp, op, slot, false);
}

enum uacce_comp_fill
uacce_comp_fill_far(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot)
{
	slot->copied = false;
	if (chain_near(qp, op->m_src) && chain_near(qp, op->m_dst))
		return uacce_comp_fill(qp, op, slot);
	return fill(qp, op, slot, true);
}
