/* SPDX-License-Identifier: BSD-3-Clause */
/* Scatter/gather lists of SEC and ZIP requests: a slot's own short list, then pool chunks. */
#include "qm.h"

/* A list under construction. */
struct sgl_writer {
	struct qm_queue *q;
	uint32_t slot;
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
	unsigned int chunk = q->chunk_free;

	if (chunk == 0)
		return QM_LATER;
	q->chunk_free = q->chunk_next[chunk - 1];
	q->chunk_next[chunk - 1] = q->slot_chunk[w->slot];
	q->slot_chunk[w->slot] = chunk;
	q->chunks_used++;
	w->sgl->next_dma = q->chunks_dev + (chunk - 1) * sizeof(struct qm_chunk);
	part_open(w, &q->chunks[chunk - 1], QM_CHUNK_SEGS);
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

static unsigned int
chunks_of(const struct qm_queue *q, uint32_t slot)
{
	unsigned int n = 0;

	for (unsigned int c = q->slot_chunk[slot]; c != 0; c = q->chunk_next[c - 1])
		n++;
	return n;
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
	struct sgl_writer w = {.q = q, .slot = slot};
	int ret = QM_TAKEN;

	if (wd_likely(lead == NULL && skip == 0 && n <= QM_SGL_INLINE) &&
			build_short(first, segs, n, need))
		return QM_TAKEN;
	part_open(&w, first, QM_SGL_INLINE);
	w.sgl->entry_sum_in_sgl = 0;
	if (lead != NULL)
		ret = put_seg(&w, lead->addr, lead->len);
	if (ret == QM_TAKEN)
		ret = put_segs(&w, segs, n, skip, need);
	if (ret == QM_TAKEN)
		return ret;
	/* If nobody else holds chunks, waiting will not help. */
	if (ret == QM_LATER && q->chunks_used == chunks_of(q, slot))
		ret = WD_BAD_REQ;
	qm_sgl_release(q, slot);
	return ret;
}

void
qm_sgl_release(struct qm_queue *q, uint32_t slot)
{
	unsigned int chunk = q->slot_chunk[slot], next;

	for (; chunk != 0; chunk = next) {
		next = q->chunk_next[chunk - 1];
		q->chunk_next[chunk - 1] = q->chunk_free;
		q->chunk_free = chunk;
		q->chunks_used--;
	}
	q->slot_chunk[slot] = 0;
}
