/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts.
 *
 * A burst may hold ops of both directions; each hardware queue gets its share in one submission.
 * Should a queue not take all of it (its lists are used up), the rest stays pending here, the ops
 * remain taken, and no new ones are until it is gone.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "uacce_compress.h"

static __rte_always_inline bool
is_error(const struct rte_comp_op *op)
{
	return op->status != RTE_COMP_OP_STATUS_SUCCESS &&
		op->status != RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE;
}

/* The device is gone: what it did not get completes like what it had. */
static void
fail_pending(struct uacce_comp_dirq *q)
{
	for (uint32_t i = 0; i < q->n; i++) {
		struct uacce_comp_slot *slot = q->reqs[i].tag;

		memset(&slot->cpl, 0, sizeof(slot->cpl));
		slot->cpl.status = WD_DEV_LOST;
		slot->state = UACCE_SLOT_DONE;
	}
	q->n = 0;
}

static __rte_noinline void
keep_pending(struct uacce_comp_dirq *q, uint32_t taken)
{
	q->n -= taken;
	memmove(q->reqs, q->reqs + taken, q->n * sizeof(*q->reqs));
	if (taken == 0 && !wd_queue_alive(&q->wq))
		fail_pending(q);
}

static __rte_always_inline void
submit(struct uacce_comp_dirq *q)
{
	uint32_t taken;

	if (q->n == 0)
		return;
	taken = wd_submit(&q->wq, q->reqs, q->n);
	q->flight += taken;
	if (likely(taken == q->n))
		q->n = 0;
	else
		keep_pending(q, taken);
}

/* False: requests of an earlier burst wait still. */
static __rte_noinline bool
submit_pending(struct uacce_comp_qp *qp)
{
	submit(&qp->q[UACCE_COMPRESS]);
	submit(&qp->q[UACCE_DECOMPRESS]);
	return qp->q[UACCE_COMPRESS].n + qp->q[UACCE_DECOMPRESS].n == 0;
}

uint16_t
uacce_comp_enqueue(void *queue_pair, struct rte_comp_op **ops, uint16_t n)
{
	struct uacce_comp_qp *qp = queue_pair;
	uint32_t room, i;

	if (unlikely(qp->dead))
		return 0;
	if (unlikely(qp->q[UACCE_COMPRESS].n + qp->q[UACCE_DECOMPRESS].n != 0) &&
		!submit_pending(qp))
		return 0;
	qp->segs_used = 0;
	room = qp->depth - (qp->enq - qp->deq);
	n = RTE_MIN(n, room);
	for (i = 0; i < n; i++) {
		struct uacce_comp_slot *slot = &qp->slots[(qp->enq + i) & qp->mask];
		struct uacce_comp_dirq *q;
		struct wd_req req;

		if (i + 1 < n)
			rte_prefetch0(ops[i + 1]->m_src);
		switch (uacce_comp_fill(qp, ops[i], slot, &req)) {
		case UACCE_FILL_REQ:
			q = &qp->q[slot->x->dir];
			q->reqs[q->n++] = req;
			slot->state = UACCE_SLOT_FLIGHT;
			continue;
		case UACCE_FILL_OVER:
			slot->state = UACCE_SLOT_OVER;
			qp->stats.enqueue_err_count += is_error(ops[i]);
			continue;
		case UACCE_FILL_AGAIN:
			break;
		}
		break;
	}
	qp->enq += i;
	qp->stats.enqueued_count += i;
	submit(&qp->q[UACCE_COMPRESS]);
	submit(&qp->q[UACCE_DECOMPRESS]);
	return i;
}

static __rte_always_inline void
poll_queue(struct uacce_comp_qp *qp, struct uacce_comp_dirq *q)
{
	uint32_t n;

	if (q->flight == 0)
		return;
	n = wd_poll(&q->wq, qp->cpls, qp->depth);
	q->flight -= n;
	for (uint32_t i = 0; i < n; i++) {
		struct uacce_comp_slot *slot = qp->cpls[i].tag;

		slot->cpl = qp->cpls[i];
		slot->state = UACCE_SLOT_DONE;
	}
}

uint16_t
uacce_comp_dequeue(void *queue_pair, struct rte_comp_op **ops, uint16_t n)
{
	struct uacce_comp_qp *qp = queue_pair;
	uint16_t i;

	if (qp->enq == qp->deq)
		return 0;
	poll_queue(qp, &qp->q[UACCE_COMPRESS]);
	poll_queue(qp, &qp->q[UACCE_DECOMPRESS]);
	if (unlikely(qp->q[UACCE_COMPRESS].n + qp->q[UACCE_DECOMPRESS].n != 0))
		submit_pending(qp);
	for (i = 0; i < n && qp->deq != qp->enq; i++) {
		struct uacce_comp_slot *slot = &qp->slots[qp->deq & qp->mask];

		if (slot->state < UACCE_SLOT_DONE)
			break;
		if (likely(slot->state == UACCE_SLOT_DONE))
			uacce_comp_finish(qp, slot);
		slot->state = UACCE_SLOT_FREE;
		ops[i] = slot->op;
		qp->stats.dequeue_err_count += is_error(ops[i]);
		qp->deq++;
	}
	qp->stats.dequeued_count += i;
	return i;
}
