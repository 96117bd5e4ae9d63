/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scatter/gather lists of SEC and ZIP requests: a slot's own short list, then pool chunks.
 *
 * The pool is submission's alone. Requests complete in order, so it is a ring: chunks are taken at
 * chunk_tail, and those at chunk_head are free again once the request that had them is behind the
 * head of the queue, which polling publishes. Who needs chunks looks at that first.
 */
#include "qm.h"

/* A list under construction. */
struct sgl_writer {
	struct qm_queue *q;
	uint32_t index;         /* of the request, as head and tail count */
	struct hisi_sgl *sgl;   /* the part being written */
	unsigned int room;      /* its entries */
	unsigned int n;         /* used ones */
};

static void
part_open(struct sgl_writer *w, void *sgl, unsigned int room)
{
	w->sgl = sgl;
	w->room = room;
	w->n = 0;
	w->sgl->next_dma = 0;
	w->sgl->entry_length_in_sgl = room;
	w->sgl->entry_sum_in_chain = room;
}

/* Links a chunk of the pool behind the part that is full. */
static int
part_next(struct sgl_writer *w)
{
	struct qm_queue *q = w->q;
	uint32_t chunk;

	qm_sgl_reclaim(q, wd_published32(&q->head));
	if (q->chunk_tail - q->chunk_head == QM_CHUNKS)
		return QM_LATER;
	chunk = q->chunk_tail++ % QM_CHUNKS;
	q->chunk_of[chunk] = w->index;
	w->sgl->next_dma = q->chunks_dev + chunk * sizeof(struct qm_chunk);
	part_open(w, &q->chunks[chunk], QM_CHUNK_SEGS);
	return QM_TAKEN;
}

/* Adds [addr, addr + len), in pieces the engine takes. */
static int
put_seg(struct sgl_writer *w, uint64_t addr, uint64_t len)
{
	while (len != 0) {
		uint32_t part = len < HISI_SGL_MAX_ENTRY_LEN ? len : HISI_SGL_MAX_ENTRY_LEN;

		if (w->n == w->room) {
			int ret = part_next(w);

			if (ret != QM_TAKEN)
				return ret;
		}
		w->sgl->entries[w->n++] = (struct hisi_sgl_entry){.addr = addr, .len = part};
		w->sgl->entry_sum_in_sgl = w->n;
		addr += part;
		len -= part;
	}
	return QM_TAKEN;
}

static int
put_segs(struct sgl_writer *w, const struct wd_seg *segs, uint16_t n, uint64_t skip,
	uint64_t need)
{
	for (uint16_t i = 0; i < n && need != 0; i++) {
		uint64_t len = segs[i].len, cut = skip < len ? skip : len;
		int ret;

		skip -= cut;
		len -= cut;
		if (len > need)
			len = need;
		ret = put_seg(w, segs[i].addr + cut, len);
		if (ret != QM_TAKEN)
			return ret;
		need -= len;
	}
	return need == 0 ? QM_TAKEN : (int)WD_BAD_REQ;
}

/* Gives back what the request at hand, the last one, has: of both sides. */
static void
release(struct qm_queue *q, uint32_t index)
{
	while (q->chunk_tail != q->chunk_head &&
		q->chunk_of[(q->chunk_tail - 1) % QM_CHUNKS] == index)
		q->chunk_tail--;
}

/* The slot's turn next. */
static uint32_t
index_of(const struct qm_queue *q, uint32_t slot)
{
	return q->tail + ((slot - q->tail) & q->sq_mask);
}

/*
 * The usual list: it fits the slot's own, as it is. False: something is odd about it, and nothing
 * was decided.
 */
static bool
build_short(struct hisi_sgl *sgl, const struct wd_seg *segs, uint16_t n, uint64_t need)
{
	for (uint16_t i = 0; i < n; i++) {
		uint32_t len = segs[i].len;

		if (len - 1 >= HISI_SGL_MAX_ENTRY_LEN)
			return false;
		sgl->entries[i] = (struct hisi_sgl_entry){.addr = segs[i].addr, .len = len};
		need -= len;
	}
	sgl->next_dma = 0;
	sgl->entry_sum_in_chain = QM_SGL_INLINE;
	sgl->entry_length_in_sgl = QM_SGL_INLINE;
	sgl->entry_sum_in_sgl = n;
	return need == 0;
}

int
qm_sgl_build(struct qm_queue *q, uint32_t slot, void *first, const struct wd_seg *lead,
	const struct wd_seg *segs, uint16_t n, uint64_t skip, uint64_t need)
{
	struct sgl_writer w = {.q = q};
	int ret = QM_TAKEN;

	if (wd_likely(lead == NULL && skip == 0 && n <= QM_SGL_INLINE) &&
			build_short(first, segs, n, need))
		return QM_TAKEN;
	w.index = index_of(q, slot);
	part_open(&w, first, QM_SGL_INLINE);
	w.sgl->entry_sum_in_sgl = 0;
	if (lead != NULL)
		ret = put_seg(&w, lead->addr, lead->len);
	if (ret == QM_TAKEN)
		ret = put_segs(&w, segs, n, skip, need);
	if (ret == QM_TAKEN)
		return ret;
	release(q, w.index);
	/* If nobody else holds chunks, waiting will not help. */
	if (ret == QM_LATER && q->chunk_head == q->chunk_tail)
		ret = WD_BAD_REQ;
	return ret;
}

void
qm_sgl_reclaim(struct qm_queue *q, uint32_t head)
{
	while (q->chunk_head != q->chunk_tail &&
		(int32_t)(head - q->chunk_of[q->chunk_head % QM_CHUNKS]) > 0)
		q->chunk_head++;
	/* The same few again: the caches know them. */
	if (q->chunk_head == q->chunk_tail)
		q->chunk_head = q->chunk_tail = 0;
}

uint32_t
qm_sgl_used(const struct qm_queue *q)
{
	uint32_t n = 0;

	for (uint32_t i = q->chunk_head; i != q->chunk_tail; i++)
		n += (int32_t)(q->chunk_of[i % QM_CHUNKS] - q->head) >= 0;
	return n;
}
