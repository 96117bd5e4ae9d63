/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queue of the HiSilicon queue manager, below SEC2 and ZIP: rings, doorbells, requests in flight.
 *
 * The ring loops are written once here, as inlined skeletons that take the device's fill or
 * completion function as a compile-time constant; each user driver instantiates them. Forced
 * inlining is what makes the function a constant: called through a pointer, each request would
 * pay an indirect call.
 *
 * The submission ring, with free-running indexes that are masked at use:
 *
 *	slot   0                head           tail                    depth - 1
 *	       |  free           |  in flight   |  free                 |
 *	       +-----------------+==============+-----------------------+
 *	                         ^              ^
 *	        poll takes completions,         submit writes entries and
 *	        head == tail: nothing           moves tail; a doorbell tells
 *	        is in flight                    the device tail & mask
 *
 * [head, tail) is the device's. The completion ring advances with head too, as each request has
 * one completion, in order; its entry is new when its phase bit differs from the lap's parity
 * (1 on lap 0). What was polled but not told to the device by a CQ doorbell is [cq_rung, head).
 *
 * Requests that never reach the device ("soft") wait in a FIFO of their own, each with the value
 * of tail it was submitted at: it is due once head gets there.
 */
#ifndef WD_DRV_QM_H
#define WD_DRV_QM_H

#include <string.h>

#include "hisi_qm.h"
#include "wd_barrier.h"
#include "wd_private.h"

#define QM_SGL_INLINE   4       /* entries of a slot's own lists */
#define QM_CHUNK_SEGS   62      /* entries of a pool list: 2 KiB with its header */
#define QM_CHUNKS       128
#define QM_MAX_SEGS     2048    /* per side; both sides fit in the pool */
#define QM_CQ_PACE      63      /* completions that may wait for a CQ doorbell */

/* Memory that the device reads, one per slot. */
struct qm_slot {
	uint8_t src_sgl[64 + QM_SGL_INLINE * 32];
	uint8_t dst_sgl[64 + QM_SGL_INLINE * 32];
	uint8_t iv[64];         /* blocks that the driver makes of the request's IV */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct qm_slot) == 448, "three whole parts, each 64-byte aligned");

struct qm_chunk {
	uint8_t sgl[64 + QM_CHUNK_SEGS * 32];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct qm_chunk) == 2048, "header and entries");

struct qm_soft {
	void *tag;
	uint32_t after;         /* tail when it was submitted */
	uint32_t status;
};

struct qm_queue {
	/* Read or written by every burst. */
	uint8_t *sq;
	const struct hisi_qm_cqe *cq;
	void **tags;            /* of the request in each slot */
	uint32_t head, tail;
	uint32_t sq_mask, cq_mask;
	uint32_t credits;       /* requests that may be outstanding, soft ones included */
	uint32_t soft_head, soft_tail;
	uint32_t chunks_used;   /* list chunks owned by requests in flight */
	uint32_t cq_rung;
	uint8_t cq_shift;       /* log2 of the completion ring's size */
	uint8_t cq_pace;
	uint8_t gen;            /* of the device: 2, 3, 5 */
	uint8_t qc_type;        /* ZIP: direction */
	const uint32_t *tx_stop, *rx_stop;
	volatile uint64_t *sq_db, *cq_db;
	uint64_t sq_db_cmd, cq_db_cmd; /* doorbell words without an index */
	struct wd_doze doze;
	/* Read when a request needs it. */
	struct qm_slot *slots;
	uint64_t slots_dev;     /* device address of slots */
	struct qm_soft *soft;   /* sq_mask + 1 entries */
	void **slot_data;       /* of the user driver */
	struct qm_chunk *chunks;
	uint64_t chunks_dev;
	uint16_t *slot_chunk;   /* 1 + first chunk of the slot's request, 0 = none */
	uint16_t chunk_next[QM_CHUNKS]; /* 1 + next chunk of a request or of the free list */
	uint16_t chunk_free;    /* 1 + first free chunk */
	/* Control. */
	struct wd_device *dev;
	void *mmio, *dus;
	size_t mmio_size, dus_size;
	struct wd_dev_mem mem;  /* slots, chunks */
	size_t local_size;      /* bytes of tags, soft, slot_data, slot_chunk together */
	uint16_t id;
};

/* What a fill function returns beside a positive enum wd_status (completes softly with it). */
#define QM_TAKEN        0
#define QM_LATER        (-1)    /* out of list memory: end of the burst */

typedef int (*qm_fill_t)(struct qm_queue *q, uint32_t slot, void *sqe, const struct wd_req *req);
typedef void (*qm_complete_t)(struct qm_queue *q, uint32_t slot, const void *sqe,
	struct wd_cpl *cpl);

/* qm.c */
uint32_t qm_api_version(const struct wd_dev_info *info);       /* 0 = not a QM device */
int qm_queue_init(struct wd_queue *wq);
void qm_queue_fini(struct wd_queue *wq);
uint32_t qm_outstanding(const struct wd_queue *wq);
void qm_dump(const struct wd_queue *wq, FILE *f);
void qm_arm(struct wd_queue *wq);
void qm_kill(struct wd_queue *wq);
/* From now on the queue takes nothing and hands back what is outstanding as WD_DEV_LOST. */
void qm_die(struct wd_queue *wq);
uint16_t qm_poll_dead(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n);

/* qm_sgl.c */
/*
 * Writes segs, without their first skip bytes and up to need bytes, behind the optional segment
 * lead into the list first (a slot's own), going on in chunks of the pool. QM_TAKEN, QM_LATER,
 * or WD_BAD_REQ (segs too short or too many).
 */
int qm_sgl_build(struct qm_queue *q, uint32_t slot, void *first, const struct wd_seg *lead,
	const struct wd_seg *segs, uint16_t n, uint64_t skip, uint64_t need);
void qm_sgl_release(struct qm_queue *q, uint32_t slot);

WD_INLINE uint64_t
qm_slot_addr(const struct qm_queue *q, uint32_t slot, size_t offset)
{
	return q->slots_dev + slot * sizeof(struct qm_slot) + offset;
}

WD_INLINE void
qm_soft_add(struct qm_queue *q, uint32_t tail, void *tag, uint32_t status)
{
	q->soft[q->soft_tail++ & q->sq_mask] =
		(struct qm_soft){.tag = tag, .after = tail, .status = status};
}

WD_INLINE void
qm_ring_sq(struct wd_queue *wq, struct qm_queue *q, uint32_t tail)
{
	q->tail = tail;
	wd_before_doorbell();
	wd_write_doorbell(q->sq_db, q->sq_db_cmd | HW_PREP(HISI_QM_DB_INDEX, tail & q->sq_mask));
	wq->stats.sq_doorbells++;
	if (wd_unlikely(wd_read_shared32(q->doze.dozing) != 0))
		q->doze.wake(q->doze.arg);
}

WD_INLINE uint16_t
qm_submit(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n, qm_fill_t fill)
{
	struct qm_queue *q = wq->priv;
	uint32_t tail = q->tail, room;
	uint16_t i;

	if (wd_unlikely(wd_read_shared32(q->tx_stop) != 0)) {
		qm_die(wq);
		return 0;
	}
	room = q->credits - (tail - q->head) - (q->soft_tail - q->soft_head);
	if (n > room)
		n = room;
	for (i = 0; i < n; i++) {
		uint32_t slot = tail & q->sq_mask;
		const struct wd_req *req = &reqs[i];
		int ret;

		if (wd_unlikely(req->flags & WD_REQ_DONE)) {
			qm_soft_add(q, tail, req->tag, req->status);
			continue;
		}
		ret = fill(q, slot, q->sq + slot * HISI_QM_SQE_SIZE, req);
		if (wd_likely(ret == QM_TAKEN)) {
			q->tags[slot] = req->tag;
			tail++;
			continue;
		}
		if (ret == QM_LATER)
			break;
		qm_soft_add(q, tail, req->tag, ret);
	}
	wq->stats.submitted += i;
	if (wd_likely(tail != q->tail))
		qm_ring_sq(wq, q, tail);
	return i;
}

/* Tells the device how far completions were read, unless that may wait. */
WD_INLINE void
qm_consumed(struct wd_queue *wq, struct qm_queue *q, uint32_t head)
{
	q->head = head;
	if (head - q->cq_rung <= q->cq_pace)
		return;
	wd_before_credit_return();
	wd_write_doorbell(q->cq_db, q->cq_db_cmd | HW_PREP(HISI_QM_DB_INDEX, head & q->cq_mask));
	q->cq_rung = head;
	wq->stats.cq_doorbells++;
}

/*
 * Takes the completion at head, if there is one: 1 taken, 0 none, -1 the device named a slot
 * whose turn it is not, so nothing it says can be believed any more.
 */
WD_INLINE int
qm_complete_one(struct qm_queue *q, uint32_t head, struct wd_cpl *cpl, qm_complete_t complete)
{
	uint32_t slot = head & q->sq_mask;
	const uint8_t *sqe = q->sq + slot * HISI_QM_SQE_SIZE;
	uint64_t cqe;

	/* sq_head and phase together: the second half of the entry in one load. */
	cqe = __atomic_load_n((const uint64_t *)&q->cq[head & q->cq_mask] + 1, __ATOMIC_RELAXED);
	if ((cqe >> 48 & HISI_QM_CQE_PHASE) == (head >> q->cq_shift & 1))
		return 0;
	wd_after_valid_bit();
	if (wd_unlikely((uint16_t)cqe != slot))
		return -1;
	cpl->tag = q->tags[slot];
	complete(q, slot, sqe, cpl);
	return 1;
}

/* With soft requests or list chunks about, each request is looked at more closely. */
WD_INLINE uint16_t
qm_poll_special(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n, qm_complete_t complete)
{
	struct qm_queue *q = wq->priv;
	uint32_t head = q->head;
	uint16_t i = 0;
	int ret = 1;

	while (i < n) {
		const struct qm_soft *soft = &q->soft[q->soft_head & q->sq_mask];

		if (q->soft_head != q->soft_tail && soft->after == head) {
			q->soft_head++;
			cpls[i++] = (struct wd_cpl){.tag = soft->tag, .status = soft->status};
			continue;
		}
		ret = head == q->tail ? 0 : qm_complete_one(q, head, &cpls[i], complete);
		if (ret <= 0)
			break;
		if (q->slot_chunk[head & q->sq_mask] != 0)
			qm_sgl_release(q, head & q->sq_mask);
		head++;
		i++;
	}
	qm_consumed(wq, q, head);
	wq->stats.completed += i;
	if (ret < 0)
		qm_die(wq);
	return i;
}

WD_INLINE uint16_t
qm_poll(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n, qm_complete_t complete,
	wd_poll_t special)
{
	struct qm_queue *q = wq->priv;
	uint32_t head = q->head;
	uint16_t i;
	int ret = 1;

	if (wd_unlikely(wd_read_shared32(q->rx_stop) != 0)) {
		qm_die(wq);
		return wq->poll(wq, cpls, n);
	}
	if (wd_unlikely((q->soft_head ^ q->soft_tail) | q->chunks_used))
		return special(wq, cpls, n);
	if (n > q->tail - head)
		n = q->tail - head;
	for (i = 0; i < n; i++) {
		ret = qm_complete_one(q, head, &cpls[i], complete);
		if (ret <= 0)
			break;
		head++;
	}
	if (i == 0 && wd_likely(ret >= 0))
		return 0;
	qm_consumed(wq, q, head);
	wq->stats.completed += i;
	if (wd_unlikely(ret < 0))
		qm_die(wq);
	return i;
}

#endif
