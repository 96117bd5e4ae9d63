/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests that are whole streams: nothing is kept between them. */
#include <string.h>

#include "zip_private.h"

void
zip_compress_whole(struct zip_work *w)
{
	struct zip_thread *th = w->th;
	struct comp_op op = {
		.in = th->in, .n_in = w->n_in, .out = th->out, .n_out = w->n_out,
		.window_log = w->window_log, .final = true,
	};

	switch (th->engine->deflate(th->engine_ctx, &op)) {
	case COMP_DONE:
		break;
	case COMP_NO_SPACE:
		w->status = ZIP_ST_NO_SPACE;
		w->consumed = op.consumed;
		w->produced = op.produced;
		return;
	default:
		w->status = ZIP_ST_INTERNAL;
		return;
	}
	w->consumed = op.consumed;
	w->produced = op.produced;
	w->isize = op.consumed;
	w->checksum = zip_checksum(w, zip_checksum_start(w->type), th->in, w->n_in, op.consumed);
	if (!zip_append_trailer(w))
		return;
	w->lstblk = true;
	w->status = w->produced >= w->consumed ? ZIP_ST_NEGATIVE : ZIP_ST_OK;
}

/* Compares the trailer in the input with that of the output. */
static void
check_trailer(struct zip_work *w)
{
	uint8_t want[ZIP_MAX_TRAILER], got[ZIP_MAX_TRAILER];
	unsigned int len;

	w->isize = w->produced;
	w->checksum = zip_checksum(w, zip_checksum_start(w->type), w->th->out, w->n_out,
		w->produced);
	len = zip_trailer(w, want);
	if (!zip_get(w->th->in, w->n_in, w->consumed, got, len)) {
		w->ctx_dw0 = ZIP_CTX_ST_NO_CRC;
		w->status = ZIP_ST_CRC_ERR;
		return;
	}
	w->consumed += len;
	w->status = memcmp(want, got, len) == 0 ? ZIP_ST_OK : ZIP_ST_CRC_ERR;
}

/* The result of op into w. True when the stream was decoded to its end. */
static bool
decoded(struct zip_work *w, const struct comp_op *op, enum comp_ret ret)
{
	w->consumed = op->consumed;
	w->produced = op->produced;
	switch (ret) {
	case COMP_DONE:
		w->lstblk = true;
		return true;
	case COMP_NO_SPACE:
		w->status = ZIP_ST_NO_SPACE;
		w->ctx_dw0 = ZIP_CTX_ST_NO_SPACE;
		return false;
	case COMP_MORE:
	case COMP_BAD:
		w->status = ZIP_ST_BAD_DATA;
		return false;
	default:
		w->status = ZIP_ST_INTERNAL;
		return false;
	}
}

void
zip_decompress_whole(struct zip_work *w)
{
	struct zip_thread *th = w->th;
	struct comp_op op = {
		.in = th->in, .n_in = w->n_in, .out = th->out, .n_out = w->n_out,
	};

	if (decoded(w, &op, th->engine->inflate(th->engine_ctx, &op)) && w->trailer > 0)
		check_trailer(w);
}
