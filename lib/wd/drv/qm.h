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
 * A PMD of this tree may write entries itself: those in [sq_rung, tail) are announced with the next
 * burst, or by its own doorbell.
 *
 * Requests that never reach the device ("soft") wait in a FIFO of their own, each with the value
 * of tail it was submitted at: it is due once head gets there.
 *
 * One thread may submit while another one polls. Each index has one writer: tail, soft_tail and
 * all of the pool of list chunks are submit's, head and soft_head poll's. What an index counts is
 * written before it is published, and read behind it. poll reads tail first: then it knows of every
 * soft request that was submitted before the last of the requests that it may take.
 */
#ifndef WD_DRV_QM_H
#define WD_DRV_QM_H

#include <string.h>

#include "hisi_qm.h"
#include "wd_barrier.h"
#include "wd_private.h"

#define QM_SGL_INLINE   4       /* entries of a slot's own lists */
#define QM_CHUNK_SEGS   62      /* entries of a pool list: 2 KiB with its header */
#define QM_CHUNKS       128     /* a power of two */
#define QM_MAX_SEGS     2048    /* per side; both sides fit in the pool */
#define QM_CQ_PACE      63      /* completions that may wait for a CQ doorbell */

/* Memory that the device reads, one per slot. */
struct qm_slot {
	uint8_t src_sgl[64 + QM_SGL_INLINE * 32];
	uint8_t dst_sgl[64 + QM_SGL_INLINE * 32];
	uint8_t iv[64];         /* blocks that the driver makes of the request's IV */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct qm_slot) == 448, "three whole parts, each 64-byte aligned");

/*
 * Lists of two entries, for the commonest request that needs lists: AEAD with its AAD elsewhere.
 * Their headers are written once. Two of them are twice an entry of the ring, which makes the
 * way from the one to the other short.
 */
struct qm_pair {
	struct hisi_sgl_entry header[2]; /* a struct hisi_sgl without its entries */
	struct hisi_sgl_entry entry[2];
};
struct qm_pairs {
	struct qm_pair src, dst;
};
_Static_assert(sizeof(struct qm_pairs) == 2 * HISI_QM_SQE_SIZE, "qm_pairs_of()");

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
	uint32_t chunk_head, chunk_tail; /* free running; list chunks not known to be free */
	uint32_t cq_rung;
	uint32_t sq_rung;       /* tail that the device was told */
	uint8_t cq_shift;       /* log2 of the completion ring's size */
	uint8_t cq_pace;
	uint8_t gen;            /* of the device: 2, 3, 5 */
	uint8_t qc_type;        /* ZIP: direction */
	const uint32_t *tx_stop, *rx_stop;
	volatile uint64_t *sq_db, *cq_db;
	uint64_t sq_db_cmd, cq_db_cmd; /* doorbell words without an index */
	uint64_t sess_id;       /* ZIP: of the sessions whose requests it takes */
	struct wd_doze doze;
	/* Read when a request needs it. */
	struct qm_slot *slots;
	uint64_t slots_dev;     /* device address of slots */
	uint64_t mem_delta;     /* device address - address of slots, pairs and chunks */
	struct qm_pairs *pairs;
	struct qm_soft *soft;   /* sq_mask + 1 entries */
	void **slot_data;       /* of the user driver */
	struct qm_chunk *chunks;
	uint64_t chunks_dev;
	uint32_t chunk_of[QM_CHUNKS]; /* index of the request that has it, as head and tail count */
	/* Control. */
	struct wd_device *dev;
	wd_poll_t poll;         /* the user driver's: of a device that runs in the poller */
	void *mmio, *dus;
	size_t mmio_size, dus_size;
	struct wd_dev_mem mem;  /* slots, chunks */
	size_t local_size;      /* bytes of tags, soft, slot_data together */
	uint16_t id;
};

/* What a fill function returns beside a positive enum wd_status (completes softly with it). */
#define QM_TAKEN        0
#define QM_LATER        (-1)    /* out of list memory: end of the burst */
#define QM_SOFT         (-2)    /* inside of the skeleton only: WD_REQ_DONE */

/*
 * Writes a request into the ring. The slot is not touched before it is sure that the request is
 * taken: an emulated device that shares one doorbell register for two commands takes a changed
 * entry at the tail for one whose announcement it has missed.
 */
typedef int (*qm_fill_t)(struct qm_queue *q, void *sqe, const struct wd_req *req);
typedef void (*qm_complete_t)(struct qm_queue *q, const void *sqe, struct wd_cpl *cpl);

/* qm.c */
uint32_t qm_api_version(const struct wd_dev_info *info);       /* 0 = not a QM device */
int qm_queue_init(struct wd_queue *wq);
void qm_queue_fini(struct wd_queue *wq);
/* The user driver's burst functions, once qm_queue_init() is done. */
void qm_set_bursts(struct wd_queue *wq, wd_submit_t submit, wd_poll_t poll);
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
/*
 * Takes back the chunks of requests before head. No request may be older than all indexes compare
 * with: submission sees to that, from time to time.
 */
void qm_sgl_reclaim(struct qm_queue *q, uint32_t head);
/* Chunks of requests that are in flight. */
uint32_t qm_sgl_used(const struct qm_queue *q);

/* Only few requests need to know. */
WD_INLINE uint32_t
qm_slot_of(const struct qm_queue *q, const void *sqe)
{
	return (uintptr_t)((const uint8_t *)sqe - q->sq) / HISI_QM_SQE_SIZE;
}

WD_INLINE struct qm_pairs *
qm_pairs_of(const struct qm_queue *q, const void *sqe)
{
	return (void *)((uint8_t *)q->pairs + 2 * ((const uint8_t *)sqe - q->sq));
}

WD_INLINE uint64_t
qm_slot_addr(const struct qm_queue *q, uint32_t slot, size_t offset)
{
	return q->slots_dev + slot * sizeof(struct qm_slot) + offset;
}

WD_INLINE void
qm_soft_add(struct qm_queue *q, uint32_t tail, void *tag, uint32_t status)
{
	q->soft[q->soft_tail & q->sq_mask] =
		(struct qm_soft){.tag = tag, .after = tail, .status = status};
	wd_publish32(&q->soft_tail, q->soft_tail + 1);
}

/* Are there any? For poll, behind tail. */
WD_INLINE bool
qm_soft_waits(const struct qm_queue *q)
{
	return wd_read_shared32(&q->soft_tail) != q->soft_head;
}

/* The one whose turn it is at head. */
WD_INLINE bool
qm_soft_take(struct qm_queue *q, uint32_t head, struct wd_cpl *cpl)
{
	const struct qm_soft *soft = &q->soft[q->soft_head & q->sq_mask];

	if (wd_published32(&q->soft_tail) == q->soft_head || (int32_t)(head - soft->after) < 0)
		return false;
	*cpl = (struct wd_cpl){.tag = soft->tag, .status = soft->status};
	wd_publish32(&q->soft_head, q->soft_head + 1);
	return true;
}

/* Tells the device how far completions were read. */
WD_INLINE void
qm_ring_cq(struct wd_queue *wq, struct qm_queue *q, uint32_t head, uint64_t arm)
{
	wd_before_credit_return();
	wd_write_doorbell(q->cq_db, q->cq_db_cmd | HW_PREP(HISI_QM_DB_PRIO, arm) |
		HW_PREP(HISI_QM_DB_INDEX, head & q->cq_mask));
	q->cq_rung = head;
	wq->stats.cq_doorbells++;
}

/*
 * Both doorbells of a burst. Polling rings none: room in the completion ring is only needed when
 * more requests come. Where both commands share one register of memory, the SQ command thus always
 * is the last one, and the device cannot miss it.
 */
WD_INLINE void
qm_ring_sq(struct wd_queue *wq, struct qm_queue *q, uint32_t tail)
{
	uint32_t head;

	wd_publish32(&q->tail, tail);
	q->sq_rung = tail;
	head = wd_read_shared32(&q->head);
	if (head - q->cq_rung > q->cq_pace) {
		qm_ring_cq(wq, q, head, 0);
		if (wd_unlikely(q->chunk_head != q->chunk_tail))
			qm_sgl_reclaim(q, head);
	}
	wd_before_doorbell();
	wd_write_doorbell(q->sq_db, q->sq_db_cmd | HW_PREP(HISI_QM_DB_INDEX, tail & q->sq_mask));
	wq->stats.sq_doorbells++;
	if (wd_unlikely(wd_read_shared32(q->doze.dozing) != 0))
		q->doze.wake(q->doze.arg);
}

/* Segments or flags: what most requests have not. The fields are neighbours, one load. */
WD_INLINE bool
qm_req_special(const struct wd_req *req)
{
	uint64_t word;

	_Static_assert(offsetof(struct wd_req, dst_segs) == offsetof(struct wd_req, src_segs) + 2 &&
		offsetof(struct wd_req, flags) == offsetof(struct wd_req, src_segs) + 4, "");
	memcpy(&word, &req->src_segs, sizeof(word));
	return word << 24 != 0;
}

/*
 * Writes the entries of n requests, none beyond the end of the ring: *tail tells how many slots
 * they took. Returns how many requests are done with. flat is for requests without segments,
 * any for all.
 */
WD_INLINE uint32_t
qm_fill_run(struct qm_queue *q, const struct wd_req *reqs, uint32_t n, uint32_t *tail,
	qm_fill_t flat, qm_fill_t any)
{
	const struct wd_req *req = reqs, *end = reqs + n;
	void **const first = &q->tags[*tail & q->sq_mask], **tag = first;
	uint8_t *sqe = q->sq + (size_t)(*tail & q->sq_mask) * HISI_QM_SQE_SIZE;
	int ret;

	for (; req != end; req++) {
		if (wd_likely(!qm_req_special(req)))
			ret = flat(q, sqe, req);
		else if (!(req->flags & WD_REQ_DONE))
			ret = any(q, sqe, req);
		else
			ret = QM_SOFT;
		if (wd_likely(ret == QM_TAKEN)) {
			*tag++ = req->tag;
			sqe += HISI_QM_SQE_SIZE;
			continue;
		}
		if (ret == QM_LATER)
			break;
		qm_soft_add(q, *tail + (tag - first), req->tag,
			ret == QM_SOFT ? req->status : (uint32_t)ret);
	}
	*tail += tag - first;
	return req - reqs;
}

WD_INLINE uint16_t
qm_submit(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n, qm_fill_t flat,
	qm_fill_t any)
{
	struct qm_queue *q = wq->priv;
	uint32_t tail = q->tail, room, run, got, done = 0;

	if (wd_unlikely(wd_read_shared32(q->tx_stop) != 0)) {
		qm_die(wq);
		return 0;
	}
	room = q->credits - (tail - wd_published32(&q->head)) -
		(q->soft_tail - wd_published32(&q->soft_head));
	if (n > room)
		n = room;
	do {
		run = q->sq_mask + 1 - (tail & q->sq_mask);
		if (run > n - done)
			run = n - done;
		got = qm_fill_run(q, reqs + done, run, &tail, flat, any);
		done += got;
	} while (got == run && done < n);
	wq->stats.submitted += done;
	if (wd_likely(tail != q->sq_rung))
		qm_ring_sq(wq, q, tail);
	return done;
}

/*
 * The second half of a completion entry in one load, sq_head and phase, as it has to be at head.
 * A new entry with another sq_head names a slot whose turn it is not: then nothing that the
 * device says can be believed any more.
 */
#define QM_CQE_PHASE    ((uint64_t)HISI_QM_CQE_PHASE << 48)
#define QM_CQE_CHECK    (QM_CQE_PHASE | 0xffff)

WD_INLINE uint64_t
qm_cqe_expected(const struct qm_queue *q, uint32_t head)
{
	return (head & q->sq_mask) | (head >> q->cq_shift & 1 ? 0 : QM_CQE_PHASE);
}

/* 0 = as expected, else what differs, with QM_CQE_PHASE: there is no new entry yet. */
WD_INLINE uint64_t
qm_cqe_differs(const struct hisi_qm_cqe *cqe, uint64_t expected)
{
	uint64_t half = __atomic_load_n((const uint64_t *)cqe + 1, __ATOMIC_RELAXED);

	return (half ^ expected) & QM_CQE_CHECK;
}

/* With soft requests about, each request is looked at more closely. */
WD_INLINE uint16_t
qm_poll_special(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n, qm_complete_t complete)
{
	struct qm_queue *q = wq->priv;
	uint32_t head = q->head, tail = wd_published32(&q->tail);
	uint64_t differs = 0;
	uint16_t i = 0;

	while (i < n) {
		uint32_t slot = head & q->sq_mask;

		if (qm_soft_take(q, head, &cpls[i])) {
			i++;
			continue;
		}
		if (head == tail)
			break;
		differs = qm_cqe_differs(&q->cq[head & q->cq_mask], qm_cqe_expected(q, head));
		if (differs != 0)
			break;
		wd_after_valid_bit();
		cpls[i].tag = q->tags[slot];
		complete(q, q->sq + (size_t)slot * HISI_QM_SQE_SIZE, &cpls[i]);
		head++;
		i++;
	}
	wd_publish32(&q->head, head);
	wq->stats.completed += i;
	if (differs != 0 && !(differs & QM_CQE_PHASE))
		qm_die(wq);
	return i;
}

/* Takes up to n completions, none beyond the end of a ring. *differs tells why it stopped. */
WD_INLINE uint16_t
qm_poll_run(struct qm_queue *q, struct wd_cpl *cpls, uint16_t n, qm_complete_t complete,
	uint64_t *differs)
{
	uint32_t slot = q->head & q->sq_mask, cslot = q->head & q->cq_mask;
	uint64_t expected = qm_cqe_expected(q, q->head);
	const uint8_t *sqe = q->sq + (size_t)slot * HISI_QM_SQE_SIZE;
	const struct hisi_qm_cqe *cqe = &q->cq[cslot];
	void *const *tag = &q->tags[slot];
	struct wd_cpl *cpl = cpls, *end;

	if (n > q->sq_mask + 1 - slot)
		n = q->sq_mask + 1 - slot;
	if (n > q->cq_mask + 1 - cslot)
		n = q->cq_mask + 1 - cslot;
	*differs = 0;
	for (end = cpls + n; cpl != end; cpl++) {
		*differs = qm_cqe_differs(cqe++, expected++);
		if (*differs != 0)
			break;
		wd_after_valid_bit();
		cpl->tag = *tag++;
		complete(q, sqe, cpl);
		sqe += HISI_QM_SQE_SIZE;
	}
	return cpl - cpls;
}

WD_INLINE uint16_t
qm_poll(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n, qm_complete_t complete,
	wd_poll_t special)
{
	struct qm_queue *q = wq->priv;
	uint32_t tail = wd_published32(&q->tail);
	uint16_t done = 0, run;
	uint64_t differs;

	if (wd_unlikely(wd_read_shared32(q->rx_stop) != 0)) {
		qm_die(wq);
		return wq->poll(wq, cpls, n);
	}
	if (wd_unlikely(qm_soft_waits(q)))
		return special(wq, cpls, n);
	if (n > tail - q->head)
		n = tail - q->head;
	do {
		run = qm_poll_run(q, cpls + done, n - done, complete, &differs);
		wd_publish32(&q->head, q->head + run);
		done += run;
	} while (done < n && differs == 0);
	wq->stats.completed += done;
	if (wd_unlikely(differs != 0 && !(differs & QM_CQE_PHASE)))
		qm_die(wq);
	return done;
}

#endif
