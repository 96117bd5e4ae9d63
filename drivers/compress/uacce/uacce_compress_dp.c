/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts.
 *
 * A burst may hold ops of both directions; each hardware queue gets its share in one submission.
 * Should a queue not take all of it (its lists are used up), the rest stays pending here, the ops
 * remain taken, and no new ones are until it is gone: dequeue submits it, as it is dequeue that
 * frees lists.
 *
 * Most ops are plain: whole streams between linear buffers, without framing. What else there is
 * goes to _fill.c and _finish.c.
 */
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "uacce_compress.h"

static_assert(offsetof(struct uacce_comp_xform, dir) == 4 &&
	offsetof(struct uacce_comp_xform, engine_sum) == 7 && RTE_COMP_CHECKSUM_NONE == 0, "a word");

/* Neighbours that are copied or cleared together. */
static_assert(offsetof(struct wd_req, flags) - offsetof(struct wd_req, src_segs) == 4 &&
	offsetof(struct wd_req, stream) - offsetof(struct wd_req, src_segs) == 8, "segs and flags");
static_assert(
	offsetof(struct rte_comp_op, produced) - offsetof(struct rte_comp_op, consumed) == 4 &&
	offsetof(struct wd_cpl, produced) - offsetof(struct wd_cpl, consumed) == 4, "results");

/* ------------------------------------------------------------------ enqueue */

/* Of a queue's requests the first ones were taken. */
static __rte_noinline void
keep_pending(struct uacce_comp_dirq *q, uint32_t taken)
{
	uint32_t left = q->next - q->reqs - taken;

	memmove(q->reqs, q->reqs + taken, left * sizeof(*q->reqs));
	q->next = q->reqs + left;
	if (taken != 0 || wd_queue_alive(&q->wq))
		return;
	/* The device is gone: what it did not get completes like what it had. */
	for (uint32_t i = 0; i < left; i++) {
		struct uacce_comp_slot *slot = q->reqs[i].tag;

		/* The op is dequeue's already, which waits for this or for a completion. */
		__atomic_store_n(&slot->state, slot->state + UACCE_SLOT_LOST, __ATOMIC_RELEASE);
	}
	q->next = q->reqs;
}

/* False: some are pending. */
static __rte_always_inline bool
submit(struct uacce_comp_dirq *q)
{
	uint32_t n, taken;

	if (q->next == q->reqs)
		return true;
	n = q->next - q->reqs;
	taken = wd_submit(&q->wq, q->reqs, n);
	if (likely(taken == n)) {
		q->next = q->reqs;
		return true;
	}
	keep_pending(q, taken);
	return q->next == q->reqs;
}

/* For dequeue, while they are its. */
__rte_noinline void
uacce_comp_submit_pending(struct uacce_comp_qp *qp)
{
	bool gone = submit(&qp->q[UACCE_COMPRESS]);

	if (submit(&qp->q[UACCE_DECOMPRESS]) && gone)
		uacce_publish32(&qp->pending, 0);
}

static __rte_always_inline uint64_t
seg_addr(const struct rte_mbuf *m, bool phys)
{
	return phys ? rte_pktmbuf_iova(m) : (uint64_t)rte_pktmbuf_mtod(m, uintptr_t);
}

/* False: nothing is decided, let _fill.c see it. */
static __rte_always_inline bool
fill_plain(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot,
	const bool sva, const bool phys)
{
	const struct uacce_comp_xform *x = op->private_xform;
	const struct rte_mbuf *src = op->m_src, *dst = op->m_dst;
	uint64_t end = (uint64_t)op->src.offset + op->src.length, word;
	struct uacce_comp_dirq *q;
	struct wd_req *req;
	uint64_t room;

	if (unlikely(op->op_type != RTE_COMP_OP_STATELESS ||
		op->flush_flag != RTE_COMP_FLUSH_FINAL || x == NULL || src == NULL || dst == NULL))
		return false;
	memcpy(&word, x, sizeof(word));
	/* The device's least room is more than 0, and no more than a wrapped difference. */
	room = (uint64_t)dst->data_len - op->dst.offset;
	if (unlikely((word & UACCE_PLAIN_MASK) != UACCE_PLAIN_XFORM || src == dst || dst->nb_segs != 1 ||
		op->src.length == 0 || end > src->data_len ||
		room - qp->min_out > UINT16_MAX))
		return false;
	if (!sva && unlikely(uacce_comp_distance(qp->range, op) >= qp->range->near))
		return false;
	q = &qp->q[x->dir];
	req = q->next++;
	slot->op = op;
	slot->room = room;
	slot->state = UACCE_SLOT_PLAIN + x->dir;
	req->sess = uacce_comp_session(x);
	req->tag = slot;
	req->src = seg_addr(src, phys) + op->src.offset;
	req->dst = seg_addr(dst, phys) + op->dst.offset;
	memset(&req->src_segs, 0, 8);
	req->stream = 0;
	req->src_len = op->src.length;
	req->dst_len = room;
	return true;
}

/* False: end of the burst. */
static __rte_noinline bool
fill_other(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct uacce_comp_slot *slot,
	bool sva)
{
	switch (sva ? uacce_comp_fill(qp, op, slot) : uacce_comp_fill_far(qp, op, slot)) {
	case UACCE_FILL_REQ:
		slot->state = UACCE_SLOT_FLIGHT + slot->x->dir;
		return true;
	case UACCE_FILL_OVER:
		slot->state = UACCE_SLOT_OVER;
		qp->stats.enqueue_err_count += uacce_comp_is_error(op);
		return true;
	default:
		return false;
	}
}

static __rte_always_inline uint16_t
enqueue(struct uacce_comp_qp *qp, struct rte_comp_op **ops, uint16_t n, const bool sva,
	const bool phys)
{
	struct rte_comp_op **op = ops, **end;
	uint32_t room, enq = qp->slot_enq;
	bool gone;

	if (unlikely(qp->dead || uacce_published32(&qp->pending) != 0))
		return 0;
	qp->segs_used = 0;
	room = qp->depth - (qp->enq - uacce_published32(&qp->deq));
	for (end = ops + RTE_MIN(n, room); op < end; op++, enq++) {
		struct uacce_comp_slot *slot = &qp->slots[enq & qp->mask];

		if (likely(op + UACCE_AHEAD_OP < end)) {
			rte_prefetch0(op[UACCE_AHEAD_OP]);
			rte_prefetch0(op[UACCE_AHEAD_MBUF]->m_src);
			rte_prefetch0(op[UACCE_AHEAD_MBUF]->m_dst);
		}
		if (unlikely(!fill_plain(qp, *op, slot, sva, phys)) &&
				!fill_other(qp, *op, slot, sva))
			break;
	}
	qp->slot_enq = enq;
	uacce_publish32(&qp->enq, qp->enq + (uint32_t)(op - ops));
	qp->stats.enqueued_count += op - ops;
	if (qp->direct && op != ops)
		uacce_comp_note_run(qp, UACCE_RUN_SLOTS, qp->enq);
	gone = submit(&qp->q[UACCE_COMPRESS]);
	if (unlikely(!submit(&qp->q[UACCE_DECOMPRESS]) || !gone))
		uacce_publish32(&qp->pending, 1);
	return op - ops;
}

uint16_t
uacce_comp_enqueue_va(void *qp, struct rte_comp_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, true, false);
}

uint16_t
uacce_comp_enqueue_iova(void *qp, struct rte_comp_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, false, false);
}

uint16_t
uacce_comp_enqueue_pa(void *qp, struct rte_comp_op **ops, uint16_t n)
{
	return enqueue(qp, ops, n, false, true);
}

/* ------------------------------------------------------------------ dequeue */

/* A plain op may turn out to be other than it should. */
static __rte_noinline void
finish_odd(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot, struct wd_cpl *cpl)
{
	if (slot->state >= UACCE_SLOT_PLAIN) {
		slot->x = slot->op->private_xform;
		slot->st = NULL;
		slot->pre = 0;
		slot->full = 0;
		slot->copied = false;
	}
	uacce_comp_finish(qp, slot, cpl);
	qp->stats.dequeue_err_count += uacce_comp_is_error(slot->op);
}

/* The op at the head has no completion: it is over, or lost. */
static __rte_noinline struct rte_comp_op *
finish_without(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot)
{
	struct wd_cpl lost = {.status = WD_DEV_LOST};

	if (slot->state != UACCE_SLOT_OVER) {
		slot->state -= UACCE_SLOT_LOST;
		finish_odd(qp, slot, &lost);
	} else {
		qp->stats.dequeue_err_count += uacce_comp_is_error(slot->op);
	}
	return slot->op;
}

/* False: the device says other than that it did what it should. */
static __rte_always_inline bool
finish_plain(const struct uacce_comp_slot *slot, const struct wd_cpl *cpl, uint8_t dir)
{
	struct rte_comp_op *op = slot->op;

	/* Only a decompressor tells of an end, and must. */
	if (unlikely(cpl->status != WD_OK || cpl->end != dir || cpl->produced > slot->room ||
			cpl->consumed > op->src.length))
		return false;
	memcpy(&op->consumed, &cpl->consumed, 8);
	op->debug_status = cpl->hw_status;
	op->status = RTE_COMP_OP_STATUS_SUCCESS;
	return true;
}

/* Hands back ops while the next one's completion is among those of q. Returns how many. */
static __rte_always_inline uint16_t
take_run(struct uacce_comp_qp *qp, struct uacce_comp_dirq *q, uint8_t dir, struct rte_comp_op **ops,
	uint16_t n)
{
	struct wd_cpl *cpl = &q->cpls[q->cpl_head];
	uint32_t deq = qp->slot_deq;
	uint16_t i;

	n = RTE_MIN(n, q->cpl_tail - q->cpl_head);
	for (i = 0; i < n; i++, cpl++, deq++) {
		struct uacce_comp_slot *slot = &qp->slots[deq & qp->mask];

		if (likely(slot->state == UACCE_SLOT_PLAIN + dir)) {
			if (unlikely(!finish_plain(slot, cpl, dir)))
				finish_odd(qp, slot, cpl);
		} else if (slot->state == UACCE_SLOT_FLIGHT + dir) {
			uacce_comp_finish(qp, slot, cpl);
			qp->stats.dequeue_err_count += uacce_comp_is_error(slot->op);
		} else {
			break;
		}
		ops[i] = slot->op;
	}
	qp->slot_deq = deq;
	q->cpl_head += i;
	return i;
}

uint16_t
uacce_comp_dequeue_slots(struct uacce_comp_qp *qp, struct rte_comp_op **ops, uint16_t n)
{
	uint16_t i = 0;

	while (i < n) {
		struct uacce_comp_slot *slot = &qp->slots[qp->slot_deq & qp->mask];
		uint8_t state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE), dir = state & 1;

		if (unlikely(state < UACCE_SLOT_FLIGHT || state >= UACCE_SLOT_LOST)) {
			ops[i++] = finish_without(qp, slot);
			qp->slot_deq++;
			continue;
		}
		if (!uacce_comp_refill(qp, &qp->q[dir], n - i))
			break;
		i += take_run(qp, &qp->q[dir], dir, ops + i, n - i);
	}
	return i;
}

uint16_t
uacce_comp_dequeue(void *queue_pair, struct rte_comp_op **ops, uint16_t n)
{
	struct uacce_comp_qp *qp = queue_pair;

	if (unlikely(qp->direct))
		return uacce_comp_direct_dequeue(qp, ops, n);
	n = uacce_comp_dequeue_slots(qp, ops, RTE_MIN(n, uacce_published32(&qp->enq) - qp->deq));
	/* What was handed back freed lists. */
	if (unlikely(uacce_published32(&qp->pending) != 0))
		uacce_comp_submit_pending(qp);
	uacce_publish32(&qp->deq, qp->deq + n);
	qp->stats.dequeued_count += n;
	return n;
}
