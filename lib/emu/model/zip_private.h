/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the ZIP model.
 *
 *	zip.c            descriptor: decode, check, results; the model's table
 *	zip_stateless.c  requests that are whole streams
 *	zip_stateful.c   requests that are pieces of a stream, and the stream context
 *	zip_lz77.c       requests for matches (lz77_zstd, lz77_only), and for LZ4 blocks
 *	zip_table.c      decoder states of streams being decompressed
 */
#ifndef EMU_ZIP_PRIVATE_H
#define EMU_ZIP_PRIVATE_H

#include "hisi_zip.h"

#include "../emu_private.h"
#include "../engine/comp.h"
#include "../engine/lz77.h"
#include "../guard.h"

/* Codes of our own choice where the reference names none: drivers take all but D5's as errors. */
#define ZIP_ST_BAD_REQ          0x03    /* the request's parameters */
#define ZIP_ST_BAD_DATA         0x09    /* not DEFLATE data, or it ends early */
#define ZIP_ST_INTERNAL         0x1f    /* the compute library failed */

/* Of the engine's part of the stream context (D4). */
#define ZIP_CTX_HISTORY         0xC00
#define ZIP_CTX_HISTORY_LEN     0x8000
_Static_assert(ZIP_CTX_HISTORY + ZIP_CTX_HISTORY_LEN + 8 < ZIP_CTX_HW_MAX, "D4");

#define ZIP_MAX_SEGS            (HISI_SGL_MAX_ENTRIES * HISI_SGL_MAX_CHAIN)
#define ZIP_MAX_TRAILER         8

struct zip_table;

/* Of an engine thread. */
struct zip_thread {
	struct emu_device *dev;
	const struct comp_engine *engine;
	void *engine_ctx;
	struct zip_table *table;        /* of the device */
	struct comp_seg *in, *out, *lit; /* ZIP_MAX_SEGS each */
	struct zip_lz77 *lz77;          /* made by the first request that needs it */
	sigjmp_buf guard;
};

/* A request: the descriptor as it was when read, its buffers, and what the result will be. */
struct zip_work {
	struct zip_thread *th;
	const struct emu_mem *mem;
	const struct zip_sqe *sqe;
	uint8_t type;           /* ZIP_TYPE_* */
	uint8_t trailer;        /* bytes */
	uint8_t window_log;
	uint32_t n_in, n_out, n_lit; /* segments in th->in, th->out, th->lit */

	uint32_t consumed, produced;
	uint32_t literals;      /* LZ77: bytes; produced are sequences then */
	uint8_t status;
	bool lstblk;
	uint32_t ctx_dw0, ctx_dw1, ctx_dw2;
	uint32_t isize;
	uint32_t checksum;      /* plain: CRC-32 or Adler-32; LZ77: dw31 as it is */
};

static inline bool
zip_is_lz77(uint8_t type)
{
	return type >= ZIP_TYPE_LZ77_ONLY && type <= ZIP_TYPE_LZ77_ZSTD;
}

static inline uint32_t
zip_checksum_start(uint8_t type)
{
	return type == ZIP_TYPE_ZLIB ? 1 : 0;
}

/* zip.c: the running checksum over the first len bytes of segments. */
uint32_t zip_checksum(const struct zip_work *w, uint32_t sum, const struct comp_seg *segs,
		      uint32_t n, uint32_t len);
/* Trailer of the data so far, as bytes of the stream. Returns its length. */
unsigned int zip_trailer(const struct zip_work *w, uint8_t trailer[ZIP_MAX_TRAILER]);
/* Copies into / out of segments; false when they are too short. */
bool zip_put(const struct comp_seg *segs, uint32_t n, uint64_t off, const void *buf, uint32_t len);
bool zip_get(const struct comp_seg *segs, uint32_t n, uint64_t off, void *buf, uint32_t len);
/* Writes the trailer behind w->produced, or leaves status 0x0e. */
bool zip_append_trailer(struct zip_work *w);
/* Plain checksum to the descriptor's form and back (D4). */
uint32_t zip_checksum_out(uint8_t type, uint32_t sum);
uint32_t zip_checksum_in(uint8_t type, uint32_t reg);

void zip_compress_whole(struct zip_work *w);
void zip_decompress_whole(struct zip_work *w);
void zip_compress_piece(struct zip_work *w);
void zip_decompress_piece(struct zip_work *w);
/* zip_stateful.c: the engine's part of the context, or NULL. */
uint8_t *zip_context(const struct zip_work *w);
/* The last bytes of history and input become the history; returns its length. */
uint32_t zip_slide_history(const struct zip_work *w, uint8_t *hist, uint32_t hist_len);

/* zip_lz77.c */
void zip_lz77(struct zip_work *w);
void zip_lz4(struct zip_work *w);
void zip_lz77_free(struct zip_lz77 *z);

/*
 * zip_table.c: decoder states, one per stream being decompressed, by the emulator's own address of
 * the context (device addresses of two clients may be the same). What the hardware keeps in the
 * context area does not fit there with a library's decoder, so it is kept here: from the request that starts a stream to the one that ends it, or until the device is
 * closed. Streams that are never ended do not pile up: beyond ZIP_TABLE_MAX the one that was
 * used least recently is forgotten, and a later request of it fails.
 */
#define ZIP_TABLE_MAX           1024

struct zip_stream {
	struct comp_stream *inf;
	uint64_t ctx_addr;
	uint8_t type;
	bool at_trailer;                /* all blocks decoded, trailer not complete */
	uint8_t trailer_have;
	uint8_t trailer[ZIP_MAX_TRAILER];
	/* table's own */
	bool busy;
	uint64_t used;
	struct zip_stream *next;
};

/* The device's table, shared by its threads; made by the first. NULL: out of memory. */
struct zip_table *zip_table_get(struct emu_device *dev);
void zip_table_put(struct zip_table *t);
/* Starts the stream of that context anew. NULL: it is being worked on, or out of memory. */
struct zip_stream *zip_table_start(struct zip_table *t, uint64_t ctx_addr);
/* The stream of that context. NULL: not started, forgotten, or being worked on. */
struct zip_stream *zip_table_find(struct zip_table *t, uint64_t ctx_addr);
/* Streams with contexts in that range are no more. None is being worked on. */
void zip_table_forget(struct zip_table *t, uint64_t from, uint64_t len);
/* Ends work on a stream that start or find returned. */
void zip_table_done(struct zip_table *t, struct zip_stream *s, bool ended);

#endif
