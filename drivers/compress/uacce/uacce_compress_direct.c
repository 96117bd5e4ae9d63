/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts straight into the rings. Where nothing but the device stands behind the queues, a plain op
 * becomes an entry at once, and a completion entry an op, without requests and completions of libwd
 * in between, and without a slot: the queue keeps the op's address. From the first op on that is
 * not plain, the burst is _dp.c's; both share queues, credits and doorbells.
 *
 * What order the ops were taken in is kept by the run: so many plain ones of one direction, or so
 * many with slots.
 *
 * Built where libwd's own headers are at hand, and used on ZIP queues only.
 */
#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "uacce_compress.h"

#ifdef UACCE_WD_DIRECT

#include "drv/zip.h"

/* ------------------------------------------------------------------ enqueue */

static __rte_always_inline uint64_t
data_addr(const struct rte_mbuf *m, const bool phys)
{
	return phys ? rte_pktmbuf_iova(m) : (uint64_t)rte_pktmbuf_mtod(m, uintptr_t);
}

/* The direction of a plain op, by its xform; UACCE_DIRS: it is not plain. */
static __rte_always_inline unsigned int
plain_dir(const struct rte_comp_op *op)
{
	const struct uacce_comp_xform *x = op->private_xform;
	uint64_t word;

	if (unlikely(op->op_type != RTE_COMP_OP_STATELESS || x == NULL))
		return UACCE_DIRS;
	memcpy(&word, x, sizeof(word));
	return (word & UACCE_PLAIN_MASK) == UACCE_PLAIN_XFORM ? x->dir : UACCE_DIRS;
}

/* Writes an entry. False: nothing is decided, and the ring as it was. */
static __rte_always_inline bool
put(const struct uacce_comp_qp *qp, const struct qm_queue *q, void *sqe,
	const struct rte_comp_op *op, const uint64_t xform, const bool sva, const bool phys,
	uintptr_t *seen)
{
	const struct rte_mbuf *src = op->m_src, *dst = op->m_dst;
	const struct uacce_comp_xform *x = op->private_xform;
	uint64_t end = (uint64_t)op->src.offset + op->src.length, room, word;
	const struct wd_session *ws;
	struct zip_io io;

	if (unlikely(op->op_type != RTE_COMP_OP_STATELESS ||
			op->flush_flag != RTE_COMP_FLUSH_FINAL || x == NULL || src == NULL ||
			dst == NULL))
		return false;
	memcpy(&word, x, sizeof(word));
	ws = uacce_comp_session(x);
	/* Data of one mbuf is never more than the engine takes. */
	room = (uint64_t)dst->data_len - op->dst.offset;
	if (unlikely(word != xform || ws->id != q->sess_id || src == dst || dst->nb_segs != 1 ||
			op->src.length == 0 || end > src->data_len ||
			room - qp->min_out > UINT16_MAX))
		return false;
	if (!sva)
		*seen |= uacce_comp_distance(qp->range, op);
	io = (struct zip_io){.src = data_addr(src, phys) + op->src.offset,
		.dst = data_addr(dst, phys) + op->dst.offset, .src_len = op->src.length,
		.dst_len = room, .buf_type = ZIP_BUF_FLAT};
	zip_put(sqe, ws, &io);
	return true;
}

/* Plain ops of one direction, up to the end of the ring. Returns how many there were. */
static __rte_always_inline uint32_t
put_run(const struct uacce_comp_qp *qp, struct qm_queue *q, struct rte_comp_op **ops, uint32_t n,
	unsigned int dir, const bool sva, const bool phys)
{
	const uint64_t xform = UACCE_PLAIN_XFORM | rte_cpu_to_le_64((uint64_t)dir << 32);
	struct rte_comp_op **op = ops, **end = ops + n, **stop = end;
	uint32_t slot = q->tail & q->sq_mask;
	uint8_t *sqe = q->sq + (size_t)slot * HISI_QM_SQE_SIZE;
	void **tag = &q->tags[slot];
	uintptr_t seen = 0;

	if (unlikely(wd_read_shared32(q->tx_stop) != 0))
		return 0;
	if (n > q->sq_mask + 1 - slot)
		stop = op + (q->sq_mask + 1 - slot);
	for (; op < stop; op++, sqe += HISI_QM_SQE_SIZE) {
		if (likely(op + UACCE_AHEAD_OP < end)) {
			rte_prefetch0(op[UACCE_AHEAD_OP]);
			rte_prefetch0(op[UACCE_AHEAD_MBUF]->m_src);
			rte_prefetch0(op[UACCE_AHEAD_MBUF]->m_dst);
		}
		if (unlikely(!put(qp, q, sqe, *op, xform, sva, phys, &seen)))
			break;
		*tag++ = *op;
	}
	/* Nothing was announced: what is not all within reach is written anew, by _dp.c. */
	if (!sva && unlikely(seen >= qp->range->near))
		return 0;
	wd_publish32(&q->tail, q->tail + (uint32_t)(op - ops));
	return op - ops;
}

static __rte_always_inline void
ring(struct uacce_comp_dirq *dq)
{
	struct qm_queue *q = dq->wq.priv;

	if (q->sq_rung != q->tail)
		qm_ring_sq(&dq->wq, q, q->tail);
}

static __rte_noinline uint16_t
enqueue_rest(struct uacce_comp_qp *qp, struct rte_comp_op **ops, uint16_t n)
{
	if (qp->mem == NULL)
		return uacce_comp_enqueue_va(qp, ops, n);
	return qp->phys ? uacce_comp_enqueue_pa(qp, ops, n) : uacce_comp_enqueue_iova(qp, ops, n);
}

static __rte_always_inline uint16_t
enqueue(struct uacce_comp_qp *qp, struct rte_comp_op **ops, uint16_t n, const bool sva,
	const bool phys)
{
	uint32_t room = qp->depth - (qp->enq - uacce_published32(&qp->deq)), done = 0, k;

	if (unlikely(!qp->direct || qp->dead || uacce_published32(&qp->pending) != 0))
		return enqueue_rest(qp, ops, n);
	n = RTE_MIN(n, room);
	while (done < n) {
		unsigned int dir = plain_dir(ops[done]);
		struct uacce_comp_dirq *dq = &qp->q[dir % UACCE_DIRS];

		k = 0;
		if (likely(dir < UACCE_DIRS))
			k = put_run(qp, dq->wq.priv, ops + done, n - done, dir, sva, phys);
		if (unlikely(k == 0))
			break;
		dq->wq.stats.submitted += k;
		done += k;
		uacce_comp_note_run(qp, dir, qp->enq + done);
	}
	uacce_publish32(&qp->enq, qp->enq + done);
	qp->stats.enqueued_count += done;
	if (unlikely(done < n))
		done += enqueue_rest(qp, ops + done, n - done);
	ring(&qp->q[UACCE_COMPRESS]);
	ring(&qp->q[UACCE_DECOMPRESS]);
	return done;
}

/* ------------------------------------------------------------------ dequeue */

/* As _dp.c does it, of an op without a slot. */
static __rte_noinline void
finish_odd(struct uacce_comp_qp *qp, struct rte_comp_op *op, struct wd_cpl *cpl)
{
	struct uacce_comp_slot slot = {.op = op, .x = op->private_xform,
		.room = op->m_dst->data_len - op->dst.offset};

	uacce_comp_finish(qp, &slot, cpl);
	qp->stats.dequeue_err_count += uacce_comp_is_error(op);
}

static __rte_noinline void
finish_entry(struct uacce_comp_qp *qp, struct qm_queue *q, struct rte_comp_op *op,
	const struct zip_sqe *sqe)
{
	struct wd_cpl cpl = {.tag = op};

	zip_complete_entry(q, sqe, &cpl);
	finish_odd(qp, op, &cpl);
}

/* As qm_poll_run(): up to n ops, none beyond the end of a ring. */
static __rte_always_inline uint32_t
take_run(struct uacce_comp_qp *qp, struct qm_queue *q, uint32_t head, const bool decompress,
	struct rte_comp_op **ops, uint32_t n, uint64_t *differs)
{
	/* Success that is not plain: no gain, or the end of a stream. */
	const uint32_t good = decompress ? ZIP_LSTBLK | ZIP_ST_DECOMP_END : ZIP_ST_NEGATIVE;
	const uint32_t plain = decompress ? ZIP_LSTBLK : ZIP_ST_OK;
	uint32_t slot = head & q->sq_mask, cslot = head & q->cq_mask;
	const struct zip_sqe *sqe = (const struct zip_sqe *)q->sq + slot;
	uint64_t expected = qm_cqe_expected(q, head);
	const struct hisi_qm_cqe *cqe = &q->cq[cslot];
	void *const *tag = &q->tags[slot];
	size_t i;

	n = RTE_MIN(n, RTE_MIN(q->sq_mask + 1 - slot, q->cq_mask + 1 - cslot));
	for (i = 0; i < n; i++, sqe++) {
		struct rte_comp_op *op = tag[i];
		uint32_t dw3;

		*differs = qm_cqe_differs(&cqe[i], expected++);
		if (*differs != 0)
			break;
		wd_after_valid_bit();
		ops[i] = op;
		dw3 = sqe->dw3 & (ZIP_STATUS | (decompress ? ZIP_LSTBLK : 0));
		/* An entry is what the device says: nothing beyond the op's own lengths. */
		if (unlikely((dw3 != plain && dw3 != good) || sqe->consumed > op->src.length ||
				sqe->produced > sqe->dest_avail_out)) {
			finish_entry(qp, q, op, sqe);
			continue;
		}
		memcpy(&op->consumed, &sqe->consumed, 8);
		op->debug_status = HW_GET(ZIP_STATUS, dw3);
		op->status = RTE_COMP_OP_STATUS_SUCCESS;
	}
	return i;
}

/* Completions that were polled before their turn came, or that libwd has a part in. */
static __rte_noinline uint16_t
take_polled(struct uacce_comp_qp *qp, struct uacce_comp_dirq *dq, struct rte_comp_op **ops,
	uint16_t n)
{
	uint16_t i;

	if (!uacce_comp_refill(qp, dq, n))
		return 0;
	for (i = 0; i < n && dq->cpl_head != dq->cpl_tail; i++) {
		struct wd_cpl *cpl = &dq->cpls[dq->cpl_head++];

		ops[i] = cpl->tag;
		finish_odd(qp, ops[i], cpl);
	}
	return i;
}

static __rte_always_inline uint32_t
take_plain(struct uacce_comp_qp *qp, struct uacce_comp_dirq *dq, const bool decompress,
	struct rte_comp_op **ops, uint32_t n)
{
	struct qm_queue *q = dq->wq.priv;
	uint32_t head = q->head, done;
	uint64_t differs = 0;

	if (unlikely(dq->cpl_head != dq->cpl_tail || wd_read_shared32(q->rx_stop) != 0 ||
			qm_soft_waits(q)))
		return take_polled(qp, dq, ops, n);
	done = take_run(qp, q, head, decompress, ops, n, &differs);
	while (unlikely(done < n) && differs == 0)
		done += take_run(qp, q, head + done, decompress, ops + done, n - done, &differs);
	wd_publish32(&q->head, head + done);
	dq->wq.stats.completed += done;
	if (unlikely(differs != 0 && !(differs & QM_CQE_PHASE)))
		qm_die(&dq->wq);
	return done;
}

uint16_t
uacce_comp_direct_dequeue(void *queue_pair, struct rte_comp_op **ops, uint16_t n)
{
	struct uacce_comp_qp *qp = queue_pair;
	uint32_t done = 0, want, k;

	if (unlikely(!qp->direct))
		return uacce_comp_dequeue(qp, ops, n);
	while (done < n) {
		const struct uacce_comp_run *run = &qp->runs[qp->run_head & qp->run_mask];

		want = uacce_published32(&run->end) - (qp->deq + done);
		if (want == 0) {
			if (uacce_published32(&qp->run_tail) == qp->run_head + 1)
				break;
			/* There is another one: this one does not get longer any more. */
			want = uacce_published32(&run->end) - (qp->deq + done);
			qp->run_head += want == 0;
			if (want == 0)
				continue;
		}
		want = RTE_MIN(want, n - done);
		if (likely(run->kind == UACCE_COMPRESS))
			k = take_plain(qp, &qp->q[UACCE_COMPRESS], false, ops + done, want);
		else if (run->kind == UACCE_DECOMPRESS)
			k = take_plain(qp, &qp->q[UACCE_DECOMPRESS], true, ops + done, want);
		else
			k = uacce_comp_dequeue_slots(qp, ops + done, want);
		done += k;
		if (k < want)
			break;
	}
	/* What was handed back freed lists. */
	if (unlikely(uacce_published32(&qp->pending) != 0))
		uacce_comp_submit_pending(qp);
	uacce_publish32(&qp->deq, qp->deq + done);
	qp->stats.dequeued_count += done;
	return done;
}

/* ------------------------------------------------------------------ choice */

#define ENQUEUE(name, sva, phys)                                                                   \
	static uint16_t                                                                            \
	name(void *qp, struct rte_comp_op **ops, uint16_t n)                                       \
	{                                                                                          \
		return enqueue(qp, ops, n, sva, phys);                                             \
	}

ENQUEUE(enqueue_va, true, false)
ENQUEUE(enqueue_iova, false, false)
ENQUEUE(enqueue_pa, false, true)

#if defined(__x86_64__)
/* The same code; the compiler clears entries with half the instructions. */
#define AVX2 __attribute__((target("avx2")))
AVX2 ENQUEUE(enqueue_va_avx2, true, false)
AVX2 ENQUEUE(enqueue_iova_avx2, false, false)
AVX2 ENQUEUE(enqueue_pa_avx2, false, true)
#define BEST(name) (__builtin_cpu_supports("avx2") ? name##_avx2 : name)
#else
#define BEST(name) (name)
#endif

void
uacce_comp_direct_functions(struct rte_compressdev *dev, const struct uacce_comp_proc *proc)
{
	dev->enqueue_burst = proc->mem == NULL ? BEST(enqueue_va) :
		proc->phys ? BEST(enqueue_pa) : BEST(enqueue_iova);
	dev->dequeue_burst = uacce_comp_direct_dequeue;
}

/*
 * Entries may have to be written anew before they are announced: not for emulated devices with one
 * doorbell register for both commands, which look for entries that nobody announced.
 */
bool
uacce_comp_direct_queue(const struct wd_queue *wq)
{
	return (wd_device_flags(wq->dev) & (WD_DEV_SVA | WD_DEV_DB_SLOTS)) && zip_direct(wq);
}

#else

uint16_t
uacce_comp_direct_dequeue(void *qp, struct rte_comp_op **ops, uint16_t n)
{
	return uacce_comp_dequeue(qp, ops, n);
}

void
uacce_comp_direct_functions(struct rte_compressdev *dev, const struct uacce_comp_proc *proc)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(proc);
}

bool
uacce_comp_direct_queue(const struct wd_queue *wq)
{
	RTE_SET_USED(wq);
	return false;
}

#endif
