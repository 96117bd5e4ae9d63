/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DEFLATE by ISA-L, level 1: dynamic Huffman codes at a speed and a ratio like the device's.
 * Level 0 would be faster, but its Huffman codes are fixed beforehand.
 */
#include <stdlib.h>
#include <string.h>

#include <isa-l.h>

#include "comp.h"
#include "isal_inflate.h"

#define IL_LEVEL        1
#define IL_PAD          64      /* see zlib_comp.c */

struct il_ctx {
	struct isal_zstream def;
	struct il_inflater *inf;
	uint8_t level_buf[ISAL_DEF_LVL1_DEFAULT];
};

static void
il_close(void *priv)
{
	struct il_ctx *c = priv;

	if (c == NULL)
		return;
	il_inflater_free(c->inf);
	free(c);
}

static void *
il_open(void)
{
	struct il_ctx *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->inf = il_inflater_new();
	if (c->inf == NULL) {
		il_close(c);
		return NULL;
	}
	return c;
}

static enum comp_ret
il_deflate_once(struct isal_zstream *zs, struct comp_op *op)
{
	zs->next_in = op->in[0].p;
	zs->avail_in = op->in[0].len;
	zs->next_out = op->out[0].p;
	zs->avail_out = op->out[0].len;
	zs->end_of_stream = 1;
	switch (isal_deflate_stateless(zs)) {
	case COMP_OK:
		op->consumed = zs->total_in;
		op->produced = zs->total_out;
		return COMP_DONE;
	case STATELESS_OVERFLOW:
		return COMP_NO_SPACE;
	default:
		return COMP_FAILED;
	}
}

static enum comp_ret
il_deflate_run(struct isal_zstream *zs, struct comp_op *op)
{
	struct comp_cursor in = {op->in, op->n_in}, out = {op->out, op->n_out};
	uint64_t room = comp_total(op->out, op->n_out), left = comp_total(op->in, op->n_in);
	bool padded = false;
	struct comp_seg piece;
	uint8_t pad[IL_PAD];

	zs->next_in = pad;
	zs->avail_in = 0;
	zs->next_out = pad;
	zs->avail_out = 0;
	for (;;) {
		if (zs->avail_in == 0 && comp_next(&in, &piece)) {
			zs->next_in = piece.p;
			zs->avail_in = piece.len;
			left -= piece.len;
		}
		if (zs->avail_out == 0) {
			if (comp_next(&out, &piece)) {
				zs->next_out = piece.p;
				zs->avail_out = piece.len;
			} else if (!padded) {
				zs->next_out = pad;
				zs->avail_out = sizeof(pad);
				padded = true;
			} else {
				break;
			}
		}
		zs->end_of_stream = op->final && left == 0;
		zs->flush = !op->final && left == 0 ? SYNC_FLUSH : NO_FLUSH;
		if (isal_deflate(zs) != COMP_OK)
			return COMP_FAILED;
		if (zs->internal_state.state == ZSTATE_END)
			break;
		if (!op->final && left == 0 && zs->avail_in == 0 && zs->avail_out > 0)
			break;
	}
	op->consumed = zs->total_in;
	op->produced = zs->total_out < room ? zs->total_out : room;
	return zs->total_out > room ? COMP_NO_SPACE : COMP_DONE;
}

static enum comp_ret
il_deflate(void *priv, struct comp_op *op)
{
	struct il_ctx *c = priv;
	struct isal_zstream *zs = &c->def;
	const bool once = op->final && op->hist_len == 0 && op->n_in == 1 && op->n_out == 1 &&
		op->in[0].len > 0 && op->window_log == ISAL_DEF_MAX_HIST_BITS;

	op->consumed = 0;
	op->produced = 0;
	if (once)
		isal_deflate_stateless_init(zs);
	else
		isal_deflate_init(zs);
	zs->level = IL_LEVEL;
	zs->level_buf = c->level_buf;
	zs->level_buf_size = sizeof(c->level_buf);
	zs->hist_bits = op->window_log;
	if (once)
		return il_deflate_once(zs, op);
	/* ISA-L reads the dictionary only. */
	if (op->hist_len > 0 &&
		isal_deflate_set_dict(zs, (uint8_t *)(uintptr_t)op->hist, op->hist_len) != COMP_OK)
		return COMP_FAILED;
	return il_deflate_run(zs, op);
}

static enum comp_ret
il_inflate(void *priv, struct comp_op *op)
{
	return il_inflater_run(((struct il_ctx *)priv)->inf, op);
}

static uint32_t
il_crc32(uint32_t crc, const uint8_t *p, size_t len)
{
	return crc32_gzip_refl(crc, p, len);
}

static uint32_t
il_adler32(uint32_t adler, const uint8_t *p, size_t len)
{
	return isal_adler32(adler, p, len);
}

const struct comp_engine comp_engine_isal = {
	.name = "isal",
	.open = il_open,
	.close = il_close,
	.deflate = il_deflate,
	.inflate = il_inflate,
	.crc32 = il_crc32,
	.adler32 = il_adler32,
};
