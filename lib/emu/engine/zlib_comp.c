/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DEFLATE by zlib, level 1: closest to what the device's engine does with its one level.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "comp.h"

#define ZL_LEVEL        1
#define ZL_MEM_LEVEL    8
#define ZL_MIN_LOG      12
#define ZL_MAX_LOG      15

/*
 * Room behind the caller's output: a library cannot tell an output that just fits from one that
 * does not until it is offered one byte more.
 */
#define ZL_PAD          64

struct zl_ctx {
	z_stream def[ZL_MAX_LOG - ZL_MIN_LOG + 1];
	bool def_ready[ZL_MAX_LOG - ZL_MIN_LOG + 1];
	struct comp_stream *inf;
};

struct comp_stream {
	z_stream zs;
};

static void
zl_close(void *priv)
{
	struct zl_ctx *c = priv;

	if (c == NULL)
		return;
	for (int i = 0; i <= ZL_MAX_LOG - ZL_MIN_LOG; i++) {
		if (c->def_ready[i])
			deflateEnd(&c->def[i]);
	}
	comp_stream_free(c->inf);
	free(c);
}

static void *
zl_open(void)
{
	struct zl_ctx *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->inf = comp_stream_new();
	if (c->inf == NULL) {
		zl_close(c);
		return NULL;
	}
	return c;
}

static z_stream *
zl_deflater(struct zl_ctx *c, unsigned int log)
{
	int i;

	if (log < ZL_MIN_LOG)
		log = ZL_MIN_LOG;
	if (log > ZL_MAX_LOG)
		log = ZL_MAX_LOG;
	i = log - ZL_MIN_LOG;
	if (c->def_ready[i])
		return deflateReset(&c->def[i]) == Z_OK ? &c->def[i] : NULL;
	if (deflateInit2(&c->def[i], ZL_LEVEL, Z_DEFLATED, -(int)log, ZL_MEM_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	c->def_ready[i] = true;
	return &c->def[i];
}

static enum comp_ret
zl_deflate_run(z_stream *zs, struct comp_op *op)
{
	struct comp_cursor in = {op->in, op->n_in}, out = {op->out, op->n_out};
	const int end = op->final ? Z_FINISH : Z_SYNC_FLUSH;
	const uLong in0 = zs->total_in;         /* a dictionary counts there */
	uint64_t room = comp_total(op->out, op->n_out);
	bool more_in, padded = false;
	struct comp_seg piece = {0};
	uint8_t pad[ZL_PAD];
	int ret;

	more_in = comp_next(&in, &piece);
	zs->next_in = piece.p;
	zs->avail_in = piece.len;
	zs->next_out = pad;
	zs->avail_out = 0;
	for (;;) {
		if (zs->avail_in == 0 && more_in) {
			more_in = comp_next(&in, &piece);
			if (more_in) {
				zs->next_in = piece.p;
				zs->avail_in = piece.len;
			}
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
		ret = deflate(zs, more_in ? Z_NO_FLUSH : end);
		if (ret == Z_STREAM_ERROR)
			return COMP_FAILED;
		if (ret == Z_STREAM_END)
			break;
		/* A flush is complete when it leaves room. */
		if (!more_in && !op->final && zs->avail_in == 0 && zs->avail_out > 0)
			break;
	}
	op->consumed = zs->total_in - in0;
	op->produced = zs->total_out < room ? zs->total_out : room;
	return zs->total_out > room ? COMP_NO_SPACE : COMP_DONE;
}

static enum comp_ret
zl_deflate(void *priv, struct comp_op *op)
{
	z_stream *zs = zl_deflater(priv, op->window_log);

	op->consumed = 0;
	op->produced = 0;
	if (zs == NULL)
		return COMP_FAILED;
	if (op->hist_len > 0 && deflateSetDictionary(zs, op->hist, op->hist_len) != Z_OK)
		return COMP_FAILED;
	return zl_deflate_run(zs, op);
}

enum comp_ret
comp_store(struct comp_op *op)
{
	enum comp_ret ret;
	z_stream zs;

	memset(&zs, 0, sizeof(zs));
	op->consumed = 0;
	op->produced = 0;
	if (deflateInit2(&zs, Z_NO_COMPRESSION, Z_DEFLATED, -ZL_MAX_LOG, ZL_MEM_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return COMP_FAILED;
	ret = zl_deflate_run(&zs, op);
	deflateEnd(&zs);
	return ret;
}

struct comp_stream *
comp_stream_new(void)
{
	struct comp_stream *s = calloc(1, sizeof(*s));

	if (s != NULL && inflateInit2(&s->zs, -ZL_MAX_LOG) != Z_OK) {
		free(s);
		s = NULL;
	}
	return s;
}

void
comp_stream_reset(struct comp_stream *s)
{
	inflateReset(&s->zs);
}

void
comp_stream_free(struct comp_stream *s)
{
	if (s == NULL)
		return;
	inflateEnd(&s->zs);
	free(s);
}

enum comp_ret
comp_stream_inflate(struct comp_stream *s, struct comp_op *op)
{
	struct comp_cursor in = {op->in, op->n_in}, out = {op->out, op->n_out};
	uLong in0 = s->zs.total_in, out0 = s->zs.total_out;
	struct comp_seg piece;
	uint8_t none;
	int ret;

	s->zs.next_in = &none;
	s->zs.avail_in = 0;
	s->zs.next_out = &none;
	s->zs.avail_out = 0;
	do {
		if (s->zs.avail_in == 0 && comp_next(&in, &piece)) {
			s->zs.next_in = piece.p;
			s->zs.avail_in = piece.len;
		}
		if (s->zs.avail_out == 0 && comp_next(&out, &piece)) {
			s->zs.next_out = piece.p;
			s->zs.avail_out = piece.len;
		}
		/* Also with no room left: the end of the stream needs none. */
		ret = inflate(&s->zs, Z_SYNC_FLUSH);
	} while (ret == Z_OK || (ret == Z_BUF_ERROR && ((s->zs.avail_in == 0 && in.n > 0) ||
						(s->zs.avail_out == 0 && out.n > 0))));
	op->consumed = s->zs.total_in - in0;
	op->produced = s->zs.total_out - out0;
	if (ret == Z_STREAM_END)
		return COMP_DONE;
	if (ret == Z_MEM_ERROR || ret == Z_STREAM_ERROR)
		return COMP_FAILED;
	if (ret != Z_BUF_ERROR)
		return COMP_BAD;
	return s->zs.avail_out == 0 ? COMP_NO_SPACE : COMP_MORE;
}

bool
comp_stream_last(const struct comp_stream *s)
{
	return (s->zs.data_type & 64) != 0;
}

static enum comp_ret
zl_inflate(void *priv, struct comp_op *op)
{
	struct zl_ctx *c = priv;

	comp_stream_reset(c->inf);
	return comp_stream_inflate(c->inf, op);
}

static uint32_t
zl_crc32(uint32_t crc, const uint8_t *p, size_t len)
{
	return crc32_z(crc, p, len);
}

static uint32_t
zl_adler32(uint32_t adler, const uint8_t *p, size_t len)
{
	return adler32_z(adler, p, len);
}

const struct comp_engine comp_engine_zlib = {
	.name = "zlib",
	.open = zl_open,
	.close = zl_close,
	.deflate = zl_deflate,
	.inflate = zl_inflate,
	.crc32 = zl_crc32,
	.adler32 = zl_adler32,
};
