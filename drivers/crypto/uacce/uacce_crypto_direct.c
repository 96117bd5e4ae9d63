/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts straight into the ring. Where nothing but the device stands behind a queue, an op of one
 * of the usual shapes becomes a descriptor at once, and a completion entry an op, without requests
 * and completions of libwd in between. From the first op on that is not of that kind, the burst is
 * _dp.c's; both share queue, credits and doorbell. On devices without SVA a burst of which anything
 * lies outside of the queue pair's own range is _dp.c's as a whole: that is asked once, when all
 * is written and nothing announced.
 *
 * Built where libwd's own headers are at hand, and used on SEC2 queues only.
 */
#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "uacce_crypto.h"

#ifdef UACCE_WD_DIRECT

#include "drv/sec2_stream.h"

#define AHEAD_SQE       5       /* of the ring's entries */

/*
 * The other end of an emulated queue is another core, which has the ring's lines from the lap
 * before: to fetch them from there costs more than all else that a burst does. So such rings are
 * written past the caches, but for small bursts: the fence behind that is paid once for each.
 */
#define STREAM_MIN      16      /* ops */

static_assert(offsetof(struct rte_crypto_sym_op, cipher.data.length) -
	offsetof(struct rte_crypto_sym_op, cipher.data.offset) == 4 &&
	offsetof(struct rte_crypto_sym_op, auth.data.length) -
	offsetof(struct rte_crypto_sym_op, auth.data.offset) == 4, "an offset and a length, one load");

/* How a burst is written: constants in each of its instances. */
struct shape {
	unsigned int bd;        /* type of descriptor */
	bool phys;              /* addresses are physical ones */
	bool stream;            /* past the caches */
};

static __rte_always_inline uint64_t
data_addr(const struct rte_mbuf *m, const bool phys, struct uacce_where *at)
{
	/* One load less; data begins in the buffer. */
	uacce_see(at, phys ? m->buf_addr : rte_pktmbuf_mtod(m, void *));
	return phys ? rte_pktmbuf_iova(m) : (uint64_t)rte_pktmbuf_mtod(m, uintptr_t);
}

static __rte_always_inline uint32_t
off_of(uint64_t pair)
{
	return pair;
}

static __rte_always_inline uint32_t
len_of(uint64_t pair)
{
	return pair >> 32;
}

/* False: not all of the data is in the first segments. */
static __rte_always_inline bool
put_data(const struct rte_crypto_sym_op *sym, uint64_t end, struct sec2_words *w, const bool phys,
	struct uacce_where *at)
{
	const struct rte_mbuf *m = sym->m_src;

	if (unlikely(m == NULL || end > m->data_len))
		return false;
	w->src = w->dst = data_addr(m, phys, at);
	m = sym->m_dst;
	if (likely(m == NULL))
		return true;
	w->dst = data_addr(m, phys, at);
	return end <= m->data_len;
}

/* A cipher, an auth, or both. False: something about the op is odd. */
static __rte_always_inline bool
get_plain(const struct uacce_crypto_sess *s, const struct wd_session *ws,
	const struct rte_crypto_sym_op *sym, struct sec2_words *w, const bool c, const bool a,
	const bool phys, struct uacce_where *at)
{
	uint64_t c_pair = c ? sec2_pair(&sym->cipher.data.offset) : 0;
	uint64_t a_pair = a ? sec2_pair(&sym->auth.data.offset) : 0;
	uint32_t end = off_of(c_pair) + len_of(c_pair);

	/* The first line leaves no sums that wrap. */
	if (unlikely(((c_pair | a_pair) & SEC2_PAIR_HARD) != 0 ||
			(c && ((len_of(c_pair) - ws->c_min) & ws->c_check) != 0)))
		return false;
	w->c_off = off_of(c_pair);
	w->c_len = len_of(c_pair);
	if (a) {
		w->mac = phys ? sym->auth.digest.phys_addr : (uintptr_t)sym->auth.digest.data;
		w->a_off = off_of(a_pair);
		w->a_len = len_of(a_pair);
		uacce_see(at, sym->auth.digest.data);
		if (unlikely((at == NULL && w->mac == 0) || w->a_len == 0))
			return false;
		end = RTE_MAX(end, off_of(a_pair) + len_of(a_pair));
	}
	if (a && !c && unlikely(w->a_len < ws->a_min || (s->copies && sym->m_dst != NULL)))
		return false;
	return put_data(sym, end, w, phys, at);
}

static __rte_always_inline void
write_plain(void *sqe, const struct wd_session *ws, const struct sec2_words *w, const bool c,
	const bool a, const struct shape how)
{
#ifdef WD_HAVE_STREAM
	if (how.stream && how.bd == 3)
		sec2_bd3_stream(sqe, ws, w, c, a);
	else if (how.stream)
		sec2_bd2_stream(sqe, ws, w, c, a);
	else
#endif
	if (how.bd == 3)
		sec2_bd3_write(sqe, ws, w, c, a);
	else
		sec2_bd2_write(sqe, ws, w, c, a);
}

static __rte_always_inline void
write_aead(void *sqe, const struct wd_session *ws, const struct sec2_words *w,
	const struct shape how)
{
#ifdef WD_HAVE_STREAM
	if (how.stream && how.bd == 3)
		sec2_bd3_stream_aead(sqe, ws, w);
	else if (how.stream)
		sec2_bd2_stream_aead(sqe, ws, w);
	else
#endif
	if (how.bd == 3)
		sec2_bd3_write_aead(sqe, ws, w, w->iv);
	else
		sec2_bd2_write_aead(sqe, ws, w, w->iv);
}

static __rte_always_inline uint64_t
write_pair(const struct qm_queue *q, struct qm_pair *pair, uint64_t aad, uint32_t aad_len,
	uint64_t payload, uint32_t len, const struct shape how)
{
#ifdef WD_HAVE_STREAM
	if (how.stream) {
		sec2_stream_pair(pair, aad, aad_len, payload, len);
		return sec2_pair_addr(q, pair);
	}
#endif
	return sec2_put_pair(q, pair, aad, aad_len, payload, len);
}

/* Both sides as lists of the AAD and the payload. */
static __rte_always_inline void
aad_lists(struct qm_queue *q, struct qm_pairs *pairs, struct sec2_words *w, uint64_t aad,
	uint64_t off, const struct shape how)
{
	uint64_t src = w->src;

	w->sgl = true;
	if (!how.phys && !how.stream)
		wd_prefetch_write(pairs[AHEAD_SQE].src.entry);
	w->src = write_pair(q, &pairs->src, aad, w->a_len, src + off, w->c_len, how);
	if (likely(w->dst == src))
		w->dst = w->src;
	else
		w->dst = write_pair(q, &pairs->dst, aad, w->a_len, w->dst + off, w->c_len, how);
}

static __rte_always_inline bool
put_gcm(struct qm_queue *q, void *sqe, const struct uacce_crypto_sess *s,
	const struct wd_session *ws, const struct rte_crypto_sym_op *sym, struct sec2_words *w,
	struct uacce_where *at, const struct shape how)
{
	uint64_t pair = sec2_pair(&sym->aead.data.offset), off = off_of(pair), aad;
	bool flat;

	w->c_len = len_of(pair);
	w->c_off = w->a_len = s->aad_len;
	w->mac = how.phys ? sym->aead.digest.phys_addr : (uintptr_t)sym->aead.digest.data;
	uacce_see(at, sym->aead.digest.data);
	aad = how.phys ? sym->aead.aad.phys_addr : (uintptr_t)sym->aead.aad.data;
	if (unlikely(ws->kind != SEC2_KIND(how.bd, SEC2_GCM) ||
			w->c_len - 1 >= HISI_SGL_MAX_ENTRY_LEN || (at == NULL && w->mac == 0) ||
			!put_data(sym, off + w->c_len, w, how.phys, at)))
		return false;
	/* As sec2_aead_is_flat(): AAD || payload is one buffer, or a list of two. */
	flat = w->a_len == 0;
	if (!flat) {
		uacce_see(at, sym->aead.aad.data);
		flat = w->src == w->dst && aad + w->a_len == w->src + off;
	}
	if (flat) {
		w->src += off - w->a_len;
		w->dst += off - w->a_len;
		write_aead(sqe, ws, w, how);
		return true;
	}
	aad_lists(q, qm_pairs_of(q, sqe), w, aad, off, how);
	write_aead(sqe, ws, w, how);
	return true;
}

/* Writes a descriptor. False: nothing is decided, and the ring as it was. */
static __rte_always_inline bool
put(const struct uacce_crypto_qp *qp, struct qm_queue *q, void *sqe, struct rte_crypto_op *op,
	struct uacce_where *at, const struct shape how)
{
	const struct rte_crypto_sym_op *sym = op->sym;
	const struct uacce_crypto_sess *s;
	const struct wd_session *ws;
	struct sec2_words w;

	if (unlikely((op->raw & UACCE_OP_MASK) != UACCE_OP_WITH_SESSION || sym->session == NULL))
		return false;
	s = CRYPTODEV_GET_SYM_SESS_PRIV(sym->session);
	ws = (const struct wd_session *)(s + 1);
	w.iv = (how.phys ? op->phys_addr : (uintptr_t)op) + s->iv_off;
	uacce_see(at, op);
	w.sgl = false;
	/* Comparisons, not a jump table: bursts are mostly of one kind. */
	if (s->id - qp->sess_id == UACCE_KIND_CHAIN) {
		if (unlikely(!get_plain(s, ws, sym, &w, true, true, how.phys, at)))
			return false;
		write_plain(sqe, ws, &w, true, true, how);
		return true;
	}
	if (s->id - qp->sess_id == UACCE_KIND_AEAD)
		return put_gcm(q, sqe, s, ws, sym, &w, at, how);
	if (s->id - qp->sess_id == UACCE_KIND_CIPHER) {
		if (unlikely(!get_plain(s, ws, sym, &w, true, false, how.phys, at)))
			return false;
		write_plain(sqe, ws, &w, true, false, how);
		return true;
	}
	if (unlikely(s->id - qp->sess_id != UACCE_KIND_AUTH ||
			ws->kind != SEC2_KIND(how.bd, SEC2_AUTH) ||
			!get_plain(s, ws, sym, &w, false, true, how.phys, at)))
		return false;
	write_plain(sqe, ws, &w, false, true, how);
	return true;
}

static __rte_always_inline void
count_taken(struct uacce_crypto_qp *qp, uint32_t n)
{
	qp->enq += n;
	qp->stats.enqueued_count += n;
	qp->wq.stats.submitted += n;
}

/* The rest of a burst whose first ops are written and not announced. */
static __rte_noinline uint16_t
enqueue_rest(struct uacce_crypto_qp *qp, struct qm_queue *q, struct rte_crypto_op **ops, uint16_t n)
{
	if (qp->mem == NULL)
		n = uacce_crypto_enqueue_va(qp, ops, n);
	else
		n = qp->phys ? uacce_crypto_enqueue_pa(qp, ops, n) :
			uacce_crypto_enqueue_iova(qp, ops, n);
	if (q->sq_rung != q->tail)
		qm_ring_sq(&qp->wq, q, q->tail);
	return n;
}

/* Writes descriptors of n ops, none beyond the end of the ring. Returns of how many. */
static __rte_always_inline uint32_t
put_run(struct uacce_crypto_qp *qp, struct qm_queue *q, struct rte_crypto_op **ops, uint32_t n,
	uint32_t slot, struct rte_crypto_op **end, struct uacce_where *at, const struct shape how)
{
	uint8_t *sqe = q->sq + (size_t)slot * HISI_QM_SQE_SIZE;
	struct rte_crypto_op **op = ops, **stop = ops + n;
	void **tag = &q->tags[slot];

	for (; op < stop; op++, sqe += HISI_QM_SQE_SIZE) {
		if (likely(op + UACCE_AHEAD_OP < end)) {
			rte_prefetch0(op[UACCE_AHEAD_OP]);
			rte_prefetch0(op[UACCE_AHEAD_MBUF]->sym->m_src);
			/* The device has them, from the lap before. */
			if (!how.stream) {
				wd_prefetch_write(sqe + AHEAD_SQE * HISI_QM_SQE_SIZE);
				wd_prefetch_write(sqe + AHEAD_SQE * HISI_QM_SQE_SIZE + 64);
			}
		}
		if (unlikely(!put(qp, q, sqe, *op, at, how)))
			break;
		*tag++ = *op;
	}
	return op - ops;
}

/* The same of as many as there are. */
static __rte_always_inline uint32_t
put_all(struct uacce_crypto_qp *qp, struct qm_queue *q, struct rte_crypto_op **ops, uint32_t n,
	struct uacce_where *at, const struct shape how)
{
	uint32_t done = 0, run, got;

	do {
		uint32_t slot = (q->tail + done) & q->sq_mask;

		run = RTE_MIN(n - done, q->sq_mask + 1 - slot);
		got = put_run(qp, q, ops + done, run, slot, ops + n, at, how);
		done += got;
	} while (unlikely(done < n) && got == run);
	if (how.stream)
		wd_after_stream();
	return done;
}

static __rte_always_inline uint16_t
enqueue(struct uacce_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t n, const bool sva,
	const bool phys, const unsigned int bd)
{
	const struct shape usual = {.bd = bd, .phys = phys}, past = {bd, phys, true};
	uint32_t room = qp->depth - (qp->enq - uacce_published32(&qp->deq)), done;
	struct qm_queue *q = qp->wq.priv;
	struct uacce_where at = {0};

	if (unlikely(qp->direct != bd || wd_read_shared32(q->tx_stop) != 0))
		return enqueue_rest(qp, q, ops, n);
	n = RTE_MIN(n, room);
	if (unlikely(n == 0))
		return 0;
	if (!sva)
		at = (struct uacce_where){qp->range->minus_base, qp->range->near, 0};
	if (n >= qp->stream_min)
		done = put_all(qp, q, ops, n, sva ? NULL : &at, past);
	else
		done = put_all(qp, q, ops, n, sva ? NULL : &at, usual);
	if (!sva && unlikely(!uacce_near(&at)))
		return enqueue_rest(qp, q, ops, n);
	count_taken(qp, done);
	if (unlikely(done < n)) {
		wd_publish32(&q->tail, q->tail + done);
		return done + enqueue_rest(qp, q, ops + done, n - done);
	}
	qm_ring_sq(&qp->wq, q, q->tail + done);
	return n;
}

/* ------------------------------------------------------------------ dequeue */

static __rte_noinline struct rte_crypto_op *
finish_odd(struct uacce_crypto_qp *qp, uintptr_t tag, uint32_t result)
{
	struct wd_cpl cpl = {.status = WD_OK};

	sec2_complete_odd(result, &cpl);
	return uacce_crypto_finish_unusual(qp, tag, cpl.status);
}

static __rte_always_inline struct rte_crypto_op *
finish(struct uacce_crypto_qp *qp, struct rte_crypto_op *op, uint32_t result)
{
	/* Requests with UACCE_TAG_* bits in their tags never succeed. */
	if (unlikely(!sec2_result_plain(result)))
		return finish_odd(qp, (uintptr_t)op, result);
	op->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
	return op;
}

/* Four completions are a cache line, and mostly come together. False: look at each of them. */
static __rte_always_inline bool
four_good(const struct hisi_qm_cqe *cqe, uint64_t expected, const uint8_t *sqe)
{
	if ((qm_cqe_differs(&cqe[0], expected) | qm_cqe_differs(&cqe[1], expected + 1) |
			qm_cqe_differs(&cqe[2], expected + 2) |
			qm_cqe_differs(&cqe[3], expected + 3)) != 0)
		return false;
	wd_after_valid_bit();
	return (sec2_result_odd(sec2_result(sqe)) |
		sec2_result_odd(sec2_result(sqe + HISI_QM_SQE_SIZE)) |
		sec2_result_odd(sec2_result(sqe + 2 * HISI_QM_SQE_SIZE)) |
		sec2_result_odd(sec2_result(sqe + 3 * HISI_QM_SQE_SIZE))) == 0;
}

static __rte_always_inline void
take_good(struct rte_crypto_op *op, struct rte_crypto_op **to)
{
	op->status = RTE_CRYPTO_OP_STATUS_SUCCESS;
	*to = op;
}

/* As qm_poll_run(): up to n ops, none beyond the end of a ring. */
static __rte_always_inline uint32_t
take_run(struct uacce_crypto_qp *qp, struct qm_queue *q, uint32_t head, struct rte_crypto_op **ops,
	uint32_t n, uint64_t *differs)
{
	uint32_t slot = head & q->sq_mask, cslot = head & q->cq_mask;
	uint64_t expected = qm_cqe_expected(q, head);
	const uint8_t *sqe = q->sq + (size_t)slot * HISI_QM_SQE_SIZE;
	const struct hisi_qm_cqe *cqe = &q->cq[cslot];
	void *const *tag = &q->tags[slot], *const *end;
	struct rte_crypto_op **to = ops;

	n = RTE_MIN(n, RTE_MIN(q->sq_mask + 1 - slot, q->cq_mask + 1 - cslot));
	end = tag + n;
	while (end - tag >= 4 && four_good(cqe, expected, sqe)) {
		take_good(tag[0], &to[0]);
		take_good(tag[1], &to[1]);
		take_good(tag[2], &to[2]);
		take_good(tag[3], &to[3]);
		tag += 4;
		to += 4;
		cqe += 4;
		expected += 4;
		sqe += 4 * HISI_QM_SQE_SIZE;
	}
	for (; tag != end; sqe += HISI_QM_SQE_SIZE) {
		*differs = qm_cqe_differs(cqe++, expected++);
		if (*differs != 0)
			break;
		wd_after_valid_bit();
		*to++ = finish(qp, *tag++, sec2_result(sqe));
	}
	return to - ops;
}

static __rte_always_inline uint16_t
dequeue(struct uacce_crypto_qp *qp, struct rte_crypto_op **ops, uint16_t n, const bool sva)
{
	struct qm_queue *q = qp->wq.priv;
	/* First: what is said below then holds for all requests before it. */
	uint32_t tail = wd_published32(&q->tail), head = q->head, most, done;
	uint64_t differs = 0;

	/* What libwd finishes it knows. */
	if (unlikely(!qp->direct || wd_read_shared32(q->rx_stop) != 0 || qm_soft_waits(q)))
		return sva ? uacce_crypto_dequeue(qp, ops, n) :
			uacce_crypto_dequeue_far(qp, ops, n);
	if (!sva && unlikely(uacce_crypto_bounce_pending(qp)))
		return uacce_crypto_dequeue_far(qp, ops, n);
	most = RTE_MIN(n, tail - head);
	if (most == 0)
		return 0;
	done = take_run(qp, q, head, ops, most, &differs);
	while (unlikely(done < most) && differs == 0)
		done += take_run(qp, q, head + done, ops + done, most - done, &differs);
	wd_publish32(&q->head, head + done);
	uacce_publish32(&qp->deq, qp->deq + done);
	qp->stats.dequeued_count += done;
	qp->wq.stats.completed += done;
	if (unlikely(differs != 0 && !(differs & QM_CQE_PHASE)))
		qm_die(&qp->wq);
	return done;
}

/* ------------------------------------------------------------------ choice */

#define ENQUEUE(name, sva, phys, bd)                                                               \
	static uint16_t                                                                            \
	name(void *qp, struct rte_crypto_op **ops, uint16_t n)                                     \
	{                                                                                          \
		return enqueue(qp, ops, n, sva, phys, bd);                                         \
	}

ENQUEUE(enqueue_bd2_va, true, false, 2)
ENQUEUE(enqueue_bd2_iova, false, false, 2)
ENQUEUE(enqueue_bd2_pa, false, true, 2)
ENQUEUE(enqueue_bd3_va, true, false, 3)
ENQUEUE(enqueue_bd3_iova, false, false, 3)
ENQUEUE(enqueue_bd3_pa, false, true, 3)

#if defined(__x86_64__)
/* The same code; the compiler copies templates with half the instructions. */
#define AVX2 __attribute__((target("avx2")))
AVX2 ENQUEUE(enqueue_bd2_va_avx2, true, false, 2)
AVX2 ENQUEUE(enqueue_bd2_iova_avx2, false, false, 2)
AVX2 ENQUEUE(enqueue_bd2_pa_avx2, false, true, 2)
AVX2 ENQUEUE(enqueue_bd3_va_avx2, true, false, 3)
AVX2 ENQUEUE(enqueue_bd3_iova_avx2, false, false, 3)
AVX2 ENQUEUE(enqueue_bd3_pa_avx2, false, true, 3)
#define BEST(name) (__builtin_cpu_supports("avx2") ? name##_avx2 : name)
#else
#define BEST(name) (name)
#endif

static uint16_t
dequeue_sva(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return dequeue(qp, ops, n, true);
}

static uint16_t
dequeue_far(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	return dequeue(qp, ops, n, false);
}

void
uacce_crypto_direct_functions(struct rte_cryptodev *dev, const struct uacce_crypto_proc *proc)
{
	struct wd_dev_info info;

	if (wd_device_info(proc->wd, &info) != 0 ||
			strncmp(info.api, HISI_QM_API_PREFIX, strlen(HISI_QM_API_PREFIX)) != 0)
		return;
	dev->dequeue_burst = proc->mem == NULL ? dequeue_sva : dequeue_far;
	if (strcmp(info.api, HISI_QM_API_V2) == 0)
		dev->enqueue_burst = proc->mem == NULL ? BEST(enqueue_bd2_va) :
			proc->phys ? BEST(enqueue_bd2_pa) : BEST(enqueue_bd2_iova);
	else
		dev->enqueue_burst = proc->mem == NULL ? BEST(enqueue_bd3_va) :
			proc->phys ? BEST(enqueue_bd3_pa) : BEST(enqueue_bd3_iova);
}

/*
 * A burst may have to be written anew before it is announced, if a part of it is out of reach. An
 * emulated device with one doorbell register for both commands looks for entries that nobody
 * announced: only those that say that they have a slot for each are safe.
 */
void
uacce_crypto_direct_queue(struct uacce_crypto_qp *qp)
{
	uint32_t flags = wd_device_flags(qp->wq.dev);

	qp->stream_min = UINT16_MAX;
	if (flags & (WD_DEV_SVA | WD_DEV_DB_SLOTS))
		qp->direct = sec2_direct(&qp->wq);
#ifdef WD_HAVE_STREAM
	if (flags & WD_DEV_DB_SLOTS)
		qp->stream_min = STREAM_MIN;
#endif
}

#else

void
uacce_crypto_direct_functions(struct rte_cryptodev *dev, const struct uacce_crypto_proc *proc)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(proc);
}

void
uacce_crypto_direct_queue(struct uacce_crypto_qp *qp)
{
	RTE_SET_USED(qp);
}

#endif
