/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ZIP: descriptors of types 0 (hardware v2) and 3 (v3 and later), DEFLATE in its three framings,
 * LZ77 output and LZ4. The headers of zlib and gzip are software's, the trailers the engine's (D3).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zip_private.h"

static uint32_t
bit_reverse(uint32_t v)
{
	v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
	v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
	v = (v >> 4 & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
	return __builtin_bswap32(v);
}

uint32_t
zip_checksum_out(uint8_t type, uint32_t sum)
{
	return type == ZIP_TYPE_GZIP ? ~bit_reverse(sum) : sum;
}

uint32_t
zip_checksum_in(uint8_t type, uint32_t reg)
{
	return type == ZIP_TYPE_GZIP ? bit_reverse(~reg) : reg;
}

uint32_t
zip_checksum(const struct zip_work *w, uint32_t sum, const struct comp_seg *segs, uint32_t n,
	uint32_t len)
{
	const struct comp_engine *e = w->th->engine;

	if (w->type == ZIP_TYPE_DEFLATE)
		return 0;
	for (uint32_t i = 0; i < n && len > 0; i++) {
		uint32_t part = segs[i].len < len ? segs[i].len : len;

		sum = w->type == ZIP_TYPE_GZIP ? e->crc32(sum, segs[i].p, part) :
						 e->adler32(sum, segs[i].p, part);
		len -= part;
	}
	return sum;
}

unsigned int
zip_trailer(const struct zip_work *w, uint8_t trailer[ZIP_MAX_TRAILER])
{
	uint32_t adler = __builtin_bswap32(w->checksum);

	if (w->type == ZIP_TYPE_ZLIB) {
		memcpy(trailer, &adler, 4);
	} else if (w->type == ZIP_TYPE_GZIP) {
		memcpy(trailer, &w->checksum, 4);
		memcpy(trailer + 4, &w->isize, 4);
	}
	return w->trailer;
}

/* [off, off + len): shared by put and get. Both sides may be the client's, and overlap. */
static bool
copy_segs(const struct comp_seg *segs, uint32_t n, uint64_t off, uint8_t *buf, uint32_t len, bool put)
{
	for (uint32_t i = 0; i < n && len > 0; i++) {
		uint32_t part;

		if (off >= segs[i].len) {
			off -= segs[i].len;
			continue;
		}
		part = segs[i].len - (uint32_t)off;
		if (part > len)
			part = len;
		if (put)
			memmove(segs[i].p + off, buf, part);
		else
			memmove(buf, segs[i].p + off, part);
		buf += part;
		len -= part;
		off = 0;
	}
	return len == 0;
}

bool
zip_put(const struct comp_seg *segs, uint32_t n, uint64_t off, const void *buf, uint32_t len)
{
	return copy_segs(segs, n, off, (uint8_t *)(uintptr_t)buf, len, true);
}

bool
zip_get(const struct comp_seg *segs, uint32_t n, uint64_t off, void *buf, uint32_t len)
{
	return copy_segs(segs, n, off, buf, len, false);
}

bool
zip_append_trailer(struct zip_work *w)
{
	uint8_t trailer[ZIP_MAX_TRAILER];
	unsigned int len = zip_trailer(w, trailer);

	if (!zip_put(w->th->out, w->n_out, w->produced, trailer, len)) {
		w->status = ZIP_ST_NO_SPACE;
		return false;
	}
	w->produced += len;
	return true;
}

/* A list from byte off on, len bytes long. Returns the number of segments, or -1. */
static int
map_sgl(const struct emu_mem *mem, uint64_t addr, uint32_t off, uint32_t len, struct comp_seg *segs)
{
	struct emu_sgl_iter it;
	uint32_t part;
	uint8_t *p;
	int n = 0;

	emu_sgl_begin(&it, mem, addr);
	while (len > 0 && n < ZIP_MAX_SEGS && emu_sgl_next(&it, &p, &part)) {
		if (off >= part) {
			off -= part;
			continue;
		}
		p += off;
		part -= off;
		off = 0;
		if (part > len)
			part = len;
		segs[n].p = p;
		segs[n++].len = part;
		len -= part;
	}
	return len == 0 ? n : -1;
}

static int
map_buffer(const struct zip_work *w, uint64_t addr, uint32_t off, uint32_t len, struct comp_seg *segs)
{
	const struct emu_mem *mem = w->mem;

	if (len == 0)
		return 0;
	if (HW_GET(ZIP_BUF_TYPE, w->sqe->dw9) == ZIP_BUF_SGL)
		return map_sgl(mem, addr, off, len, segs);
	/* The offsets are for lists (D3). */
	segs[0].p = emu_ptr(mem, addr, len);
	segs[0].len = len;
	return segs[0].p == NULL ? -1 : 1;
}

static const struct zip_alg {
	uint8_t type;
	uint8_t hw;             /* generation that it came with */
	uint8_t trailer;        /* bytes */
	bool both_ways;         /* else compression only */
	uint32_t max_in;
	const char *name;       /* line of the algorithms attribute, NULL: another one's */
} algs[] = {
	{ZIP_TYPE_ZLIB, 2, 4, true, ZIP_MAX_LEN, "zlib"},
	{ZIP_TYPE_GZIP, 2, 8, true, ZIP_MAX_LEN, "gzip"},
	{ZIP_TYPE_DEFLATE, 3, 0, true, ZIP_MAX_LEN, "deflate"},
	{ZIP_TYPE_LZ77_ZSTD, 3, 0, false, ZIP_LZ77_ZSTD_MAX_LEN, "lz77_zstd"},
	{ZIP_TYPE_LZ77_ZSTD_PRICE, 3, 0, false, ZIP_LZ77_ZSTD_MAX_LEN, NULL},
	{ZIP_TYPE_LZ77_ONLY, 3, 0, false, ZIP_LZ77_ONLY_MAX_LEN, "lz77_only"},
	{ZIP_TYPE_LZ77_ONLY_PRICE, 3, 0, false, ZIP_LZ77_ONLY_MAX_LEN, NULL},
	{ZIP_TYPE_LZ4, 5, 0, false, ZIP_MAX_LEN, "lz4"},
};
#define NB_ALGS         (sizeof(algs) / sizeof(algs[0]))

/* NULL: this device does not do it, or not in this direction. */
static const struct zip_alg *
decode_type(struct zip_work *w, bool compress)
{
	const unsigned int hw = w->th->dev->hw;
	size_t i;

	if (HW_GET(ZIP_SQE_TYPE, w->sqe->dw7) != (hw < 3 ? ZIP_SQE_TYPE0 : ZIP_SQE_TYPE3))
		return NULL;
	w->type = HW_GET(ZIP_REQ_TYPE, w->sqe->dw9);
	for (i = 0; i < NB_ALGS && algs[i].type != w->type; i++)
		;
	if (i == NB_ALGS || hw < algs[i].hw || !(compress || algs[i].both_ways))
		return NULL;
	w->trailer = algs[i].trailer;
	return &algs[i];
}

/* Checks the request and maps its buffers. False: status is set, nothing was done. */
static bool
decode(struct zip_work *w, bool compress)
{
	/* 24K has no logarithm: the next smaller one is as valid a choice for the output. */
	static const uint8_t window_logs[] = {12, 13, 14, 14, 15};
	const struct zip_sqe *sqe = w->sqe;
	const unsigned int window = HW_GET(ZIP_WINDOW, sqe->dw9);
	const struct zip_alg *alg;
	int n;

	w->status = ZIP_ST_BAD_REQ;
	alg = decode_type(w, compress);
	if (alg == NULL || HW_GET(ZIP_BUF_TYPE, sqe->dw9) > ZIP_BUF_SGL)
		return false;
	if (sqe->input_data_length > alg->max_in || sqe->dest_avail_out > ZIP_MAX_LEN)
		return false;
	/* A decompressor takes distances up to 32K whatever the window says (D2). */
	if (compress && window >= sizeof(window_logs))
		return false;
	w->window_log = compress ? window_logs[window] : 15;
	n = map_buffer(w, sqe->source_addr, HW_GET(ZIP_SGE_OFFSET, sqe->dw7), sqe->input_data_length,
		w->th->in);
	if (n < 0)
		return false;
	w->n_in = n;
	n = map_buffer(w, sqe->dest_addr, HW_GET(ZIP_SGE_OFFSET, sqe->dw8), sqe->dest_avail_out,
		w->th->out);
	if (n < 0)
		return false;
	w->n_out = n;
	if (zip_is_lz77(w->type)) {
		if (sqe->dw13 > ZIP_MAX_LEN)
			return false;
		/* Which list dw8 is for is not known: that of the sequences. */
		n = map_buffer(w, sqe->literals_addr, 0, sqe->dw13, w->th->lit);
		if (n < 0)
			return false;
		w->n_lit = n;
	}
	w->status = ZIP_ST_OK;
	return true;
}

static void
touch_segs(const struct comp_seg *segs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		emu_touch(segs[i].p, segs[i].len);
}

/* decode() as a guarded section, with all that the libraries will use: see guard.h. */
static bool
decode_guarded(struct zip_work *w, bool compress)
{
	const void *ctx;
	bool ok;

	if (sigsetjmp(w->th->guard, 0) != 0) {
		w->status = ZIP_ST_BAD_REQ;
		return false;
	}
	emu_guard_enter(&w->th->guard);
	ok = decode(w, compress);
	if (ok) {
		touch_segs(w->th->in, w->n_in);
		touch_segs(w->th->out, w->n_out);
		touch_segs(w->th->lit, w->n_lit);
		ctx = (w->sqe->dw7 & ZIP_STATEFUL) == 0 ? NULL :
			emu_ptr(w->mem, w->sqe->stream_ctx_addr, ZIP_CTX_HW_MAX);
		if (ctx != NULL)
			emu_touch(ctx, ZIP_CTX_HW_MAX);
	}
	emu_guard_leave();
	return ok;
}

static void
write_back(const struct zip_work *w, struct zip_sqe *out)
{
	out->consumed = w->consumed;
	out->produced = w->produced;
	out->comp_data_length = w->literals;
	out->dw3 = HW_PREP(ZIP_STATUS, w->status) | (w->lstblk ? ZIP_LSTBLK : 0);
	out->ctx_dw0 = w->ctx_dw0;
	out->ctx_dw1 = w->ctx_dw1;
	out->ctx_dw2 = w->ctx_dw2;
	out->isize = w->isize;
	out->checksum = zip_checksum_out(w->type, w->checksum);
}

static void
run_one(struct zip_thread *th, struct emu_job *job)
{
	const struct zip_sqe sqe = *(const struct zip_sqe *)job->sqe;
	const bool compress = job->q->qc_type == ZIP_QC_COMPRESS;
	struct zip_sqe *out = job->sqe;
	struct zip_work w = {.th = th, .mem = emu_queue_mem(job->q), .sqe = &sqe};

	if (!decode_guarded(&w, compress)) {
		emu_model_zip.fail(out, w.status);
		return;
	}
	if (zip_is_lz77(w.type) || w.type == ZIP_TYPE_LZ4) {
		if (w.type == ZIP_TYPE_LZ4)
			zip_lz4(&w);
		else
			zip_lz77(&w);
		write_back(&w, out);
		return;
	}
	if ((sqe.dw7 & ZIP_STATEFUL) == 0) {
		if (compress)
			zip_compress_whole(&w);
		else
			zip_decompress_whole(&w);
		write_back(&w, out);
		return;
	}
	/* "Skip" of the v1 library (D10): software's own bytes come next, the stream stays. */
	if (sqe.input_data_length == 0 && sqe.dest_avail_out == ZIP_SKIP_AVAIL) {
		emu_model_zip.fail(out, ZIP_ST_OK);
		return;
	}
	if (sqe.dest_avail_out < ZIP_MIN_OUT) {
		emu_model_zip.fail(out, ZIP_ST_NO_SPACE);
		return;
	}
	if (compress)
		zip_compress_piece(&w);
	else
		zip_decompress_piece(&w);
	write_back(&w, out);
}

#define LINES_AHEAD     4       /* of input and output; the processor goes on by itself */
#define SQES_AHEAD      2

/* Asks for the first lines of what the next job works on, and for the descriptor behind it. */
static void
prefetch_next(const struct emu_job *job)
{
	const volatile struct zip_sqe *sqe = emu_next_sqe(job->q, 0);

	if (sqe != NULL) {
		const uint64_t source = sqe->source_addr, dest = sqe->dest_addr;

		for (unsigned int i = 0; i < LINES_AHEAD; i++) {
			emu_prefetch_at(source + i * 64);
			emu_prefetch_at(dest + i * 64);
		}
	}
	emu_prefetch_ahead(job, 1, 0, SQES_AHEAD, SQES_AHEAD);
}

static void
zip_run(void *ctx, struct emu_job *jobs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		prefetch_next(&jobs[i]);
		run_one(ctx, &jobs[i]);
	}
}

/* Nothing was done: the stream's fields stay as they came. */
static void
zip_fail(void *sqe, uint8_t status)
{
	struct zip_sqe *out = sqe;

	out->consumed = 0;
	out->produced = 0;
	out->comp_data_length = 0;
	out->dw3 = status;
}

static void
zip_account(const struct emu_device *dev, const struct emu_job *jobs, unsigned int n,
	uint64_t *bytes, uint64_t *errors)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct zip_sqe *sqe = jobs[i].sqe;
		const unsigned int status = HW_GET(ZIP_STATUS, sqe->dw3);

		*bytes += sqe->input_data_length;
		*errors += status != ZIP_ST_OK && status != ZIP_ST_NEGATIVE && status != ZIP_ST_DECOMP_END;
	}
}

static void
zip_forget(struct emu_device *dev, const void *from, size_t len)
{
	struct zip_table *t = zip_table_get(dev);

	if (t != NULL)
		zip_table_forget(t, (uintptr_t)from, len);
	zip_table_put(t);
}

static unsigned int
zip_spans(const struct emu_device *dev, const void *arg, struct emu_span *s)
{
	const struct zip_sqe sqe = *(const struct zip_sqe *)arg;
	const bool list = HW_GET(ZIP_BUF_TYPE, sqe.dw9) == ZIP_BUF_SGL;
	unsigned int n = 2;

	if (sqe.input_data_length > ZIP_MAX_LEN || sqe.dest_avail_out > ZIP_MAX_LEN)
		return 0;
	s[0] = (struct emu_span){ .addr = sqe.source_addr, .list = list,
		.off = list ? HW_GET(ZIP_SGE_OFFSET, sqe.dw7) : 0, .len = sqe.input_data_length };
	s[1] = (struct emu_span){ .addr = sqe.dest_addr, .list = list, .output = true,
		.off = list ? HW_GET(ZIP_SGE_OFFSET, sqe.dw8) : 0, .len = sqe.dest_avail_out };
	if (zip_is_lz77(HW_GET(ZIP_REQ_TYPE, sqe.dw9)) && sqe.dw13 <= ZIP_MAX_LEN)
		s[n++] = (struct emu_span){ .addr = sqe.literals_addr, .list = list, .len = sqe.dw13,
			.output = true };
	if (sqe.dw7 & ZIP_STATEFUL)
		s[n++] = (struct emu_span){ .addr = sqe.stream_ctx_addr, .len = ZIP_CTX_HW_MAX,
			.output = true };
	return n;
}

static bool
zip_engine_usable(const char *engine)
{
	return comp_engine_find(engine) != NULL;
}

static void
zip_algorithms(const struct emu_device *dev, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NB_ALGS && used < size; i++) {
		if (algs[i].name != NULL && dev->hw >= algs[i].hw)
			used += (size_t)snprintf(buf + used, size - used, "%s\n", algs[i].name);
	}
}

static void
zip_thread_fini(void *ctx)
{
	struct zip_thread *th = ctx;

	if (th == NULL)
		return;
	if (th->engine_ctx != NULL)
		th->engine->close(th->engine_ctx);
	zip_table_put(th->table);
	zip_lz77_free(th->lz77);
	free(th->in);
	free(th->out);
	free(th->lit);
	free(th);
}

static int
zip_thread_init(struct emu_device *dev, void **ctx)
{
	struct zip_thread *th = calloc(1, sizeof(*th));

	if (th == NULL)
		return -ENOMEM;
	th->dev = dev;
	th->engine = comp_engine_find(dev->engine);
	if (th->engine == NULL) {
		zip_thread_fini(th);
		return -ENOTSUP;
	}
	th->engine_ctx = th->engine->open();
	th->table = zip_table_get(dev);
	th->in = calloc(ZIP_MAX_SEGS, sizeof(*th->in));
	th->out = calloc(ZIP_MAX_SEGS, sizeof(*th->out));
	th->lit = calloc(ZIP_MAX_SEGS, sizeof(*th->lit));
	if (th->engine_ctx == NULL || th->table == NULL || th->in == NULL || th->out == NULL ||
		th->lit == NULL) {
		zip_thread_fini(th);
		return -ENOMEM;
	}
	*ctx = th;
	return 0;
}

const struct emu_model emu_model_zip = {
	.kind = "zip",
	.name = "hisi_zip",
	.engines = {"isal", "zlib"},
	.sqe_size = HISI_QM_SQE_SIZE,
	.max_qc_type = ZIP_QC_DECOMPRESS,
	.batch = 1,
	.engine_usable = zip_engine_usable,
	.algorithms = zip_algorithms,
	.thread_init = zip_thread_init,
	.thread_fini = zip_thread_fini,
	.run = zip_run,
	.account = zip_account,
	.forget = zip_forget,
	.spans = zip_spans,
	.fail = zip_fail,
	.addr_error = ZIP_ST_BAD_REQ,
};
