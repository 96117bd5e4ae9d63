/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that are pieces of a stream.
 *
 * Compression keeps its whole state in the stream context, as the hardware does: every request
 * ends on a byte boundary, so that the history window, its length (ctx_dw2), the checksum and the
 * input size are all there is. A stream may thus move between queues, devices and processes. A
 * request whose output has no room changes nothing and can be repeated with more.
 *
 * Decompression stops anywhere inside a block; its decoder is kept in zip_table.c.
 */
#include <string.h>

#include "zip_private.h"

uint8_t *
zip_context(const struct zip_work *w)
{
	return emu_ptr(w->mem, w->sqe->stream_ctx_addr, ZIP_CTX_HW_MAX);
}

uint32_t
zip_slide_history(const struct zip_work *w, uint8_t *hist, uint32_t hist_len)
{
	uint32_t len = w->consumed, keep = 0;

	if (len >= ZIP_CTX_HISTORY_LEN) {
		zip_get(w->th->in, w->n_in, len - ZIP_CTX_HISTORY_LEN, hist, ZIP_CTX_HISTORY_LEN);
		return ZIP_CTX_HISTORY_LEN;
	}
	keep = ZIP_CTX_HISTORY_LEN - len;
	if (keep > hist_len)
		keep = hist_len;
	memmove(hist, hist + hist_len - keep, keep);
	zip_get(w->th->in, w->n_in, 0, hist + keep, len);
	return keep + len;
}

static enum comp_ret
deflate_piece(struct zip_work *w, const uint8_t *hist, uint32_t hist_len, bool final)
{
	struct zip_thread *th = w->th;
	uint32_t window = 1u << w->window_log;
	struct comp_op op = {
		.in = th->in, .n_in = w->n_in, .out = th->out, .n_out = w->n_out,
		.window_log = w->window_log, .final = final,
	};
	enum comp_ret ret;

	op.hist_len = hist_len > window ? window : hist_len;
	op.hist = hist + hist_len - op.hist_len;
	ret = th->engine->deflate(th->engine_ctx, &op);
	/* Drivers cut their input so that it always fits; stored blocks keep that promise. */
	if (ret == COMP_NO_SPACE)
		ret = comp_store(&op);
	w->consumed = op.consumed;
	w->produced = op.produced;
	return ret;
}

void
zip_compress_piece(struct zip_work *w)
{
	const struct zip_sqe *sqe = w->sqe;
	const bool start = (sqe->dw7 & ZIP_STREAM_NEW) != 0, final = (sqe->dw7 & ZIP_FLUSH) != 0;
	uint32_t hist_len = start ? 0 : sqe->ctx_dw2 & 0xffff, sum;
	uint8_t *hist = zip_context(w);
	enum comp_ret ret;

	if (hist == NULL || hist_len > ZIP_CTX_HISTORY_LEN) {
		w->status = ZIP_ST_BAD_REQ;
		return;
	}
	hist += ZIP_CTX_HISTORY;
	ret = deflate_piece(w, hist, hist_len, final);
	if (ret == COMP_DONE) {
		sum = start ? zip_checksum_start(w->type) : zip_checksum_in(w->type, sqe->checksum);
		w->checksum = zip_checksum(w, sum, w->th->in, w->n_in, w->consumed);
		w->isize = (start ? 0 : sqe->isize) + w->consumed;
		if (final && !zip_append_trailer(w))
			ret = COMP_NO_SPACE;
	}
	if (ret != COMP_DONE) {
		w->status = ret == COMP_NO_SPACE ? ZIP_ST_NO_SPACE : ZIP_ST_INTERNAL;
		w->consumed = 0;
		w->produced = 0;
		w->ctx_dw0 = sqe->ctx_dw0;
		w->ctx_dw1 = sqe->ctx_dw1;
		w->ctx_dw2 = sqe->ctx_dw2;
		w->isize = sqe->isize;
		w->checksum = zip_checksum_in(w->type, sqe->checksum);
		return;
	}
	w->ctx_dw2 = final ? 0 : zip_slide_history(w, hist, hist_len);
	w->lstblk = final;
	w->status = w->consumed > 0 && w->produced >= w->consumed ? ZIP_ST_NEGATIVE : ZIP_ST_OK;
}

/*
 * The blocks are decoded; what follows is the trailer. A part of it is left in the input when
 * this request decoded something, so that consumed says exactly where the blocks ended.
 */
static bool
take_trailer(struct zip_work *w, struct zip_stream *s, bool decoded)
{
	uint32_t left = (uint32_t)comp_total(w->th->in, w->n_in) - w->consumed;
	uint32_t want = w->trailer - s->trailer_have;
	uint8_t right[ZIP_MAX_TRAILER];

	s->at_trailer = true;
	if (left < want && decoded)
		want = 0;
	if (want > left)
		want = left;
	zip_get(w->th->in, w->n_in, w->consumed, s->trailer + s->trailer_have, want);
	s->trailer_have += want;
	w->consumed += want;
	if (s->trailer_have < w->trailer) {
		w->ctx_dw0 = ZIP_CTX_ST_NO_CRC;
		return false;
	}
	zip_trailer(w, right);
	w->status = memcmp(right, s->trailer, w->trailer) == 0 ? ZIP_ST_DECOMP_END : ZIP_ST_CRC_ERR;
	return true;
}

/* Returns whether the stream is over, well or badly. */
static bool
inflate_piece(struct zip_work *w, struct zip_stream *s)
{
	struct zip_thread *th = w->th;
	struct comp_op op = {
		.in = th->in, .n_in = w->n_in, .out = th->out, .n_out = w->n_out,
	};
	enum comp_ret ret = COMP_DONE;

	if (!s->at_trailer)
		ret = comp_stream_inflate(s->inf, &op);
	w->consumed = op.consumed;
	w->produced = op.produced;
	w->checksum = zip_checksum(w, w->checksum, th->out, w->n_out, op.produced);
	w->isize += op.produced;
	switch (ret) {
	case COMP_DONE:
		w->lstblk = true;
		return take_trailer(w, s, op.consumed + op.produced > 0);
	case COMP_NO_SPACE:
		w->ctx_dw0 = ZIP_CTX_ST_NO_SPACE;
		if (comp_stream_last(s->inf))
			w->ctx_dw0 |= ZIP_CTX_BFINAL;
		/* The decoder may hold output back; how much it does not say. */
		if (op.consumed == w->sqe->input_data_length)
			w->ctx_dw1 = 1;
		return false;
	case COMP_MORE:
		if (comp_stream_last(s->inf))
			w->ctx_dw0 |= ZIP_CTX_BFINAL;
		return false;
	default:
		w->status = ret == COMP_BAD ? ZIP_ST_BAD_DATA : ZIP_ST_INTERNAL;
		return true;
	}
}

/* By what the decoder is found; 0 = the context is out of reach. */
static uint64_t
stream_key(const struct zip_work *w)
{
	uint8_t *ctx = zip_context(w);

	if (ctx != NULL && w->mem->space != 0)
		return w->mem->space | w->sqe->stream_ctx_addr;
	return (uintptr_t)ctx;
}

void
zip_decompress_piece(struct zip_work *w)
{
	const struct zip_sqe *sqe = w->sqe;
	const bool start = (sqe->dw7 & ZIP_STREAM_NEW) != 0;
	struct zip_table *t = w->th->table;
	const uint64_t ctx = stream_key(w);
	struct zip_stream *s;

	if (ctx == 0) {
		w->status = ZIP_ST_BAD_REQ;
		return;
	}
	s = start ? zip_table_start(t, ctx) : zip_table_find(t, ctx);
	if (s == NULL) {
		w->status = ZIP_ST_BAD_REQ;
		return;
	}
	if (start) {
		s->type = w->type;
		w->checksum = zip_checksum_start(w->type);
	} else {
		w->checksum = zip_checksum_in(w->type, sqe->checksum);
		w->isize = sqe->isize;
	}
	if (s->type != w->type) {
		w->status = ZIP_ST_BAD_REQ;
		zip_table_done(t, s, false);
		return;
	}
	zip_table_done(t, s, inflate_piece(w, s));
}
