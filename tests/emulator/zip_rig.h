/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rig for tests of the ZIP model: descriptors built by hand go straight into the model, without
 * queues. Header only, so that each test stays one program.
 */
#ifndef ZIP_RIG_H
#define ZIP_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model/zip_private.h"

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #cond);         \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct zip_rig {
	struct emu_device dev;
	struct emu_queue q[2];          /* by direction */
	void *th;
};

static uint64_t rig_seed = 1;

static inline uint32_t
rig_rand(uint32_t below)
{
	rig_seed = rig_seed * 6364136223846793005ull + 1442695040888963407ull;
	return below == 0 ? 0 : (uint32_t)(rig_seed >> 33) % below;
}

static inline void
rig_open(struct zip_rig *r, unsigned int hw, const char *engine)
{
	memset(r, 0, sizeof(*r));
	r->dev.hw = hw;
	r->dev.engine = engine;
	r->dev.mem.sva = true;
	r->q[ZIP_QC_COMPRESS].mem = r->q[ZIP_QC_DECOMPRESS].mem = &r->dev.mem;
	r->q[ZIP_QC_DECOMPRESS].qc_type = ZIP_QC_DECOMPRESS;
	CHECK(emu_model_zip.thread_init(&r->dev, &r->th) == 0);
}

static inline void
rig_close(struct zip_rig *r)
{
	emu_model_zip.thread_fini(r->th);
}

static inline unsigned int
rig_run(struct zip_rig *r, int direction, struct zip_sqe *sqe)
{
	struct emu_job job = {.sqe = sqe, .q = &r->q[direction]};

	emu_model_zip.run(r->th, &job, 1);
	return HW_GET(ZIP_STATUS, sqe->dw3);
}

/* A flat request that is a whole stream, as user-space drivers send it. */
static inline void
rig_sqe(struct zip_sqe *sqe, const struct zip_rig *r, int type, const void *src, uint32_t len,
	const void *dst, uint32_t room)
{
	memset(sqe, 0, sizeof(*sqe));
	sqe->input_data_length = len;
	sqe->dw7 = HW_PREP(ZIP_SQE_TYPE, r->dev.hw < 3 ? ZIP_SQE_TYPE0 : ZIP_SQE_TYPE3) |
		ZIP_STREAM_NEW | ZIP_FLUSH;
	sqe->dw9 = HW_PREP(ZIP_REQ_TYPE, type) | HW_PREP(ZIP_WINDOW, ZIP_WINDOW_32K);
	sqe->dest_avail_out = room;
	sqe->source_addr = (uintptr_t)src;
	sqe->dest_addr = (uintptr_t)dst;
}

/* Fills with data of a random kind: noise, text-like, runs, repeats. */
static inline void
rig_fill(uint8_t *p, uint32_t len)
{
	const uint32_t kind = rig_rand(5), period = 1 + rig_rand(60);

	for (uint32_t i = 0; i < len; i++) {
		switch (kind) {
		case 0:
			p[i] = rig_rand(256);
			break;
		case 1:
			p[i] = "etaoin shrdlu\n"[rig_rand(14)];
			break;
		case 2:
			p[i] = i > 700 && rig_rand(4) ? p[i - 1 - rig_rand(700)] : rig_rand(256);
			break;
		case 3:
			p[i] = i % period;
			break;
		default:
			p[i] = 0;
		}
	}
}

/* The framings without headers, as the device speaks them. */
static inline int
rig_header(int type)
{
	return type == ZIP_TYPE_ZLIB ? 2 : type == ZIP_TYPE_GZIP ? 10 : 0;
}

static inline int
rig_window_bits(int type)
{
	return type == ZIP_TYPE_ZLIB ? 15 : type == ZIP_TYPE_GZIP ? 31 : -15;
}

/* zlib's compressed form of data, header cut off. */
static inline uint32_t
rig_deflate(int type, const uint8_t *src, uint32_t len, uint8_t *dst, uint32_t room)
{
	static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE};
	uint8_t *tmp = malloc(room + 16);
	z_stream zs = {0};
	uint32_t n;

	CHECK(tmp != NULL);
	CHECK(deflateInit2(&zs, rig_rand(10), Z_DEFLATED, rig_window_bits(type), 1 + rig_rand(9),
		      strategies[rig_rand(4)]) == Z_OK);
	zs.next_in = (uint8_t *)(uintptr_t)src;
	zs.avail_in = len;
	zs.next_out = tmp;
	zs.avail_out = room + 16;
	CHECK(deflate(&zs, Z_FINISH) == Z_STREAM_END);
	n = zs.total_out - rig_header(type);
	CHECK(n <= room);
	memcpy(dst, tmp + rig_header(type), n);
	deflateEnd(&zs);
	free(tmp);
	return n;
}

/* zlib's opinion of a stream of the device. */
static inline bool
rig_inflates_to(int type, const uint8_t *src, uint32_t len, const uint8_t *want, uint32_t want_len)
{
	static const uint8_t headers[2][10] = {{0x78, 0x9c}, {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}};
	uint8_t *out = malloc(want_len + 1), *in = malloc(len + 10);
	const int h = rig_header(type);
	z_stream zs = {0};
	bool same;
	int ret;

	CHECK(out != NULL && in != NULL);
	if (h > 0)
		memcpy(in, headers[type == ZIP_TYPE_GZIP], h);
	memcpy(in + h, src, len);
	CHECK(inflateInit2(&zs, rig_window_bits(type)) == Z_OK);
	zs.next_in = in;
	zs.avail_in = len + h;
	zs.next_out = out;
	zs.avail_out = want_len + 1;
	ret = inflate(&zs, Z_FINISH);
	same = ret == Z_STREAM_END && zs.avail_in == 0 && zs.total_out == want_len &&
		memcmp(out, want, want_len) == 0;
	inflateEnd(&zs);
	free(in);
	free(out);
	return same;
}

/* A list over a buffer, cut at random places, in a chain of one or two. */
static inline struct hisi_sgl *
rig_sgl(uint8_t *p, uint32_t len)
{
	const unsigned int want = 1 + rig_rand(6);
	struct hisi_sgl *first = NULL, *sgl = NULL;

	do {
		size_t size = sizeof(*sgl) + want * sizeof(sgl->entries[0]);
		struct hisi_sgl *next = aligned_alloc(HISI_SGL_ALIGN, (size + 63) & ~(size_t)63);
		unsigned int i;

		CHECK(next != NULL);
		memset(next, 0, size);
		next->entry_sum_in_chain = 255;         /* the capacity: walkers must ignore it */
		next->entry_length_in_sgl = want;
		for (i = 0; i < want && len > 0; i++) {
			uint32_t part = i == want - 1 && first != NULL ? len : 1 + rig_rand(len);

			next->entries[i].addr = (uintptr_t)p;
			next->entries[i].len = part;
			p += part;
			len -= part;
		}
		next->entry_sum_in_sgl = i;
		if (first == NULL)
			first = next;
		else
			sgl->next_dma = (uintptr_t)next;
		sgl = next;
	} while (len > 0);
	return first;
}

static inline void
rig_sgl_free(struct hisi_sgl *sgl)
{
	while (sgl != NULL) {
		struct hisi_sgl *next = (struct hisi_sgl *)(uintptr_t)sgl->next_dma;

		free(sgl);
		sgl = next;
	}
}

#endif
