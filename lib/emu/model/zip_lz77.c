/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that end before the entropy coder (D7): sequences in one area, literals in another. And
 * LZ4 blocks, which are made of the same and have no entropy coder.
 *
 * The input is worked on as a copy: the client may change it meanwhile, and literals and matches
 * have to be of the same data.
 */
#include <stdlib.h>
#include <string.h>

#include "zip_private.h"

#define NB_REPS         3

struct zip_lz77 {
	struct lz77 *engine;
	uint8_t *data;          /* LZ77_MAX_HISTORY + LZ77_CHUNK */
	uint8_t *lits;          /* LZ77_CHUNK */
	uint64_t *seqs;         /* LZ77_MAX_SEQS, in the descriptor's form */
	uint8_t *lz4_in, *lz4_out; /* ZIP_MAX_LEN each, made when needed */
};

/* Of one request. */
struct lz77_run {
	uint32_t reps[NB_REPS];
	uint32_t hist_len;      /* in data, before the chunk */
	uint32_t carried;       /* literals since the last match */
	uint32_t room;          /* sequences that fit */
	uint32_t long_lit;      /* dw31 */
	bool zstd, price;
};

static struct zip_lz77 *
lz77_get(struct zip_thread *th)
{
	struct zip_lz77 *z = th->lz77;

	if (z != NULL)
		return z;
	z = calloc(1, sizeof(*z));
	if (z == NULL)
		return NULL;
	z->engine = lz77_new();
	z->data = malloc(LZ77_MAX_HISTORY + LZ77_CHUNK);
	z->lits = malloc(LZ77_CHUNK);
	z->seqs = malloc(LZ77_MAX_SEQS * sizeof(*z->seqs));
	if (z->engine == NULL || z->data == NULL || z->lits == NULL || z->seqs == NULL) {
		zip_lz77_free(z);
		return NULL;
	}
	th->lz77 = z;
	return z;
}

void
zip_lz77_free(struct zip_lz77 *z)
{
	if (z == NULL)
		return;
	lz77_free(z->engine);
	free(z->data);
	free(z->lits);
	free(z->seqs);
	free(z->lz4_in);
	free(z->lz4_out);
	free(z);
}

/*
 * zstd's code of a distance (RFC 8878, 3.1.1.5), which is the last of the repeated ones from then
 * on. Without literals before it the last one itself has no code, the others have a smaller one,
 * and the last one less 1 has the third.
 */
static uint32_t
offset_code(uint32_t *reps, uint32_t distance, bool no_lits)
{
	uint32_t code = distance + NB_REPS;
	int i, at = NB_REPS - 1;

	for (i = no_lits ? 1 : 0; i < NB_REPS; i++) {
		if (reps[i] == distance) {
			code = (uint32_t)i + (no_lits ? 0 : 1);
			at = i;
			break;
		}
	}
	if (i == NB_REPS && no_lits && distance == reps[0] - 1)
		code = NB_REPS;
	for (i = at; i > 0; i--)
		reps[i] = reps[i - 1];
	reps[0] = distance;
	return code;
}

static uint64_t
put_zstd(struct lz77_run *r, const struct lz77_seq *s, uint32_t lit_len, uint32_t index)
{
	struct zip_seq_zstd e = {
		.offset_code = offset_code(r->reps, s->distance, lit_len == 0),
		.lit_len = (uint16_t)lit_len,
		.match_len = (uint16_t)(s->match_len - LZ77_MIN_MATCH),
	};
	uint64_t word;

	/* The limit on the input lets it happen once. */
	if (lit_len > UINT16_MAX)
		r->long_lit = HW_PREP(ZIP_LONG_LIT_COUNT, 1) | HW_PREP(ZIP_LONG_LIT_POS, index);
	memcpy(&word, &e, sizeof(word));
	return word;
}

static uint64_t
put_only(const struct lz77_seq *s, uint32_t lit_len)
{
	struct zip_seq_only e = {
		.lit_len = lit_len,
		.distance = (uint16_t)(s->distance - 1),
		.match_len = (uint16_t)(s->match_len - LZ77_MIN_MATCH),
	};
	uint64_t word;

	memcpy(&word, &e, sizeof(word));
	return word;
}

/* The chunk of len bytes at data + hist_len. */
static enum comp_ret
run_chunk(struct zip_work *w, struct zip_lz77 *z, struct lz77_run *r, uint32_t len)
{
	const struct lz77_op op = {
		.base = z->data, .hist_len = r->hist_len, .len = len, .window_log = w->window_log,
		.price = r->price,
	};
	const uint8_t *p = z->data + r->hist_len, *end = p + len;
	uint32_t lits = 0, lit_len;
	const struct lz77_seq *s;
	int n;

	n = lz77_find(z->engine, &op, &s);
	if (n < 0)
		return COMP_FAILED;
	if ((uint32_t)n > r->room - w->produced)
		return COMP_NO_SPACE;
	for (int i = 0; i < n; i++, s++) {
		lit_len = s->lit_len + r->carried;
		r->carried = 0;
		z->seqs[i] = r->zstd ? put_zstd(r, s, lit_len, w->produced + (uint32_t)i) :
			put_only(s, lit_len);
		memcpy(z->lits + lits, p, s->lit_len);
		lits += s->lit_len;
		p += s->lit_len + s->match_len;
	}
	memcpy(z->lits + lits, p, (size_t)(end - p));
	lits += (uint32_t)(end - p);
	r->carried += (uint32_t)(end - p);
	if (!zip_put(w->th->lit, w->n_lit, w->literals, z->lits, lits) ||
		!zip_put(w->th->out, w->n_out, 8ull * w->produced, z->seqs, 8 * (uint32_t)n))
		return COMP_NO_SPACE;
	w->literals += lits;
	w->produced += (uint32_t)n;
	return COMP_DONE;
}

static uint32_t
tail_size(bool zstd)
{
	return zstd ? ZIP_LZ77_FREQ_OFF + ZIP_LZ77_FREQ_SIZE : ZIP_LZ77_DEBUG_SIZE;
}

/* The history, if there is any, is in z->data. */
static enum comp_ret
run_all(struct zip_work *w, struct zip_lz77 *z, struct lz77_run *r)
{
	static const uint8_t zeros[ZIP_LZ77_FREQ_OFF + ZIP_LZ77_FREQ_SIZE];
	const uint32_t window = 1u << w->window_log, len = w->sqe->input_data_length;
	uint32_t part, all, keep, tail = tail_size(r->zstd);
	enum comp_ret ret;

	if (w->sqe->dest_avail_out < tail)
		return COMP_NO_SPACE;
	r->room = (w->sqe->dest_avail_out - tail) / 8;
	for (uint32_t done = 0; done < len; done += part) {
		part = len - done < LZ77_CHUNK ? len - done : LZ77_CHUNK;
		zip_get(w->th->in, w->n_in, done, z->data + r->hist_len, part);
		ret = run_chunk(w, z, r, part);
		if (ret != COMP_DONE)
			return ret;
		all = r->hist_len + part;
		keep = all < window ? all : window;
		memmove(z->data, z->data + all - keep, keep);
		r->hist_len = keep;
	}
	w->consumed = len;
	/* Nobody knows what is in these: nothing. */
	return zip_put(w->th->out, w->n_out, 8ull * w->produced, zeros, tail) ? COMP_DONE :
		COMP_NO_SPACE;
}

/* What the hardware's drivers give a stream's requests: a smaller area is an error at once. */
static uint32_t
least_room(const struct lz77_run *r)
{
	uint32_t least = r->zstd ? ZIP_LZ77_ZSTD_STREAM : ZIP_LZ77_ONLY_STREAM;

	if (r->price)
		least = ZIP_LZ77_PRICE_STREAM +
			(r->zstd ? ZIP_LZ77_FREQ_SIZE + ZIP_LZ77_LIT_RSV : 0);
	return least + 1;
}

static void
set_reps(struct lz77_run *r, const uint8_t *ctx)
{
	static const uint32_t first[NB_REPS] = {1, 4, 8};

	if (ctx != NULL)
		memcpy(r->reps, ctx + ZIP_CTX_REPS, sizeof(r->reps));
	/* Zeroed: software took back those of the stream's first request. */
	if ((r->reps[0] | r->reps[1] | r->reps[2]) == 0)
		memcpy(r->reps, first, sizeof(r->reps));
}

static void
keep_reps(const struct lz77_run *r, uint8_t *ctx)
{
	if (r->zstd)
		memcpy(ctx + ZIP_CTX_REPS, r->reps, sizeof(r->reps));
	memset(ctx + ZIP_CTX_LIT_LEN, 0, 4);
}

/* Nothing was done. The stream's fields are as they came: it can be sent again. */
static void
undo(struct zip_work *w, uint8_t status)
{
	w->status = status;
	w->consumed = 0;
	w->produced = 0;
	w->literals = 0;
	w->ctx_dw0 = w->sqe->ctx_dw0;
	w->ctx_dw1 = w->sqe->ctx_dw1;
	w->ctx_dw2 = w->sqe->ctx_dw2;
	w->isize = w->sqe->isize;
	w->checksum = 0;
}

void
zip_lz77(struct zip_work *w)
{
	const bool stateful = (w->sqe->dw7 & ZIP_STATEFUL) != 0;
	const bool start = !stateful || (w->sqe->dw7 & ZIP_STREAM_NEW) != 0;
	const bool final = !stateful || (w->sqe->dw7 & ZIP_FLUSH) != 0;
	struct lz77_run r = {
		.zstd = w->type == ZIP_TYPE_LZ77_ZSTD || w->type == ZIP_TYPE_LZ77_ZSTD_PRICE,
		.price = w->type == ZIP_TYPE_LZ77_ZSTD_PRICE || w->type == ZIP_TYPE_LZ77_ONLY_PRICE,
	};
	uint8_t *ctx = stateful ? zip_context(w) : NULL;
	uint32_t hist_len = start ? 0 : w->sqe->ctx_dw2 & 0xffff;
	struct zip_lz77 *z = lz77_get(w->th);
	enum comp_ret ret;

	if (z == NULL || (stateful && ctx == NULL) || hist_len > ZIP_CTX_HISTORY_LEN) {
		undo(w, z == NULL ? ZIP_ST_INTERNAL : ZIP_ST_BAD_REQ);
		return;
	}
	if (stateful && w->sqe->dest_avail_out < least_room(&r)) {
		undo(w, ZIP_ST_NO_SPACE);
		return;
	}
	set_reps(&r, start ? NULL : ctx);
	r.hist_len = hist_len < 1u << w->window_log ? hist_len : 1u << w->window_log;
	if (r.hist_len > 0)
		memcpy(z->data, ctx + ZIP_CTX_HISTORY + hist_len - r.hist_len, r.hist_len);
	ret = run_all(w, z, &r);
	if (ret != COMP_DONE) {
		undo(w, ret == COMP_NO_SPACE ? ZIP_ST_NO_SPACE : ZIP_ST_INTERNAL);
		return;
	}
	if (stateful) {
		keep_reps(&r, ctx);
		w->ctx_dw2 = final ? 0 : zip_slide_history(w, ctx + ZIP_CTX_HISTORY, hist_len);
	}
	w->isize = (start ? 0 : w->sqe->isize) + w->consumed;
	w->checksum = r.long_lit;
	w->lstblk = final;
}

/* One block. Its window is LZ4's own, 64 KiB, whatever the descriptor says. */
void
zip_lz4(struct zip_work *w)
{
	const uint32_t len = w->sqe->input_data_length, room = w->sqe->dest_avail_out;
	struct zip_lz77 *z = lz77_get(w->th);
	uint32_t produced = 0;
	enum comp_ret ret;

	if (z != NULL && z->lz4_in == NULL)
		z->lz4_in = malloc(ZIP_MAX_LEN);
	if (z != NULL && z->lz4_out == NULL)
		z->lz4_out = malloc(ZIP_MAX_LEN);
	if (z == NULL || z->lz4_in == NULL || z->lz4_out == NULL) {
		w->status = ZIP_ST_INTERNAL;
		return;
	}
	if (len == 0 || (w->sqe->dw7 & ZIP_STATEFUL) != 0) {
		undo(w, ZIP_ST_BAD_REQ);
		return;
	}
	zip_get(w->th->in, w->n_in, 0, z->lz4_in, len);
	ret = lz77_lz4(z->engine, z->lz4_in, len, z->lz4_out, room, &produced);
	if (ret == COMP_DONE && !zip_put(w->th->out, w->n_out, 0, z->lz4_out, produced))
		ret = COMP_NO_SPACE;
	if (ret != COMP_DONE) {
		w->status = ret == COMP_NO_SPACE ? ZIP_ST_NO_SPACE : ZIP_ST_INTERNAL;
		return;
	}
	w->consumed = len;
	w->produced = produced;
	w->lstblk = true;
	w->status = produced >= len ? ZIP_ST_NEGATIVE : ZIP_ST_OK;
}
