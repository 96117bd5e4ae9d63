/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compute engines of the emulated ZIP: DEFLATE over segment lists, and checksums.
 *
 * An engine works on raw DEFLATE (RFC 1951) only; framing, trailers and the stream context belong
 * to the model. All memory is the host's. Engine contexts belong to one thread at a time.
 */
#ifndef EMU_ENGINE_COMP_H
#define EMU_ENGINE_COMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct comp_seg {
	uint8_t *p;
	uint32_t len;
};

enum comp_ret {
	COMP_DONE = 0,  /* deflate: everything is in the output; inflate: final block decoded */
	COMP_MORE,      /* inflate: input used up before the final block ended */
	COMP_NO_SPACE,  /* output full before the end */
	COMP_BAD,       /* inflate: not DEFLATE data */
	COMP_FAILED,    /* the library failed, out of memory for instance */
};

/* Segments of length 0 are allowed everywhere, and so is no segment at all. */
struct comp_op {
	const struct comp_seg *in;
	const struct comp_seg *out;
	uint32_t n_in;
	uint32_t n_out;
	const uint8_t *hist;    /* deflate: plain data just before, which matches may refer to */
	uint32_t hist_len;
	uint8_t window_log;     /* deflate: no distance above 1 << window_log; 12..15 */
	bool final;             /* deflate: 1 = last block is final, 0 = end on a byte boundary */
	uint32_t consumed;      /* out */
	uint32_t produced;      /* out, never above the room in the output segments */
};

struct comp_engine {
	const char *name;
	void *(*open)(void);    /* NULL: out of memory */
	void (*close)(void *ctx);
	/* DONE, NO_SPACE (output undefined up to produced), FAILED. */
	enum comp_ret (*deflate)(void *ctx, struct comp_op *op);
	/*
	 * A complete stream. DONE, MORE, NO_SPACE, BAD, FAILED. Whatever the engine, result,
	 * consumed, produced and the bytes are those of zlib.
	 */
	enum comp_ret (*inflate)(void *ctx, struct comp_op *op);
	/* Start with 0 and 1; as in zlib. */
	uint32_t (*crc32)(uint32_t crc, const uint8_t *p, size_t len);
	uint32_t (*adler32)(uint32_t adler, const uint8_t *p, size_t len);
};

/* The engine of that name, or with NULL the fastest one of this build; NULL if there is none. */
const struct comp_engine *comp_engine_find(const char *name);

/*
 * Decompression in pieces. It is zlib's whatever the engine: ISA-L decodes ahead into a buffer of
 * its own, so that it would have consumed input whose output did not fit, and the device does not.
 */
struct comp_stream;
struct comp_stream *comp_stream_new(void);
void comp_stream_reset(struct comp_stream *s);
void comp_stream_free(struct comp_stream *s);
/* DONE, MORE, NO_SPACE (go on with more room), BAD, FAILED. */
enum comp_ret comp_stream_inflate(struct comp_stream *s, struct comp_op *op);
/* Is the block being decoded marked as the last one? */
bool comp_stream_last(const struct comp_stream *s);

/* Deflates into stored blocks only, for output that hardly has room. Same contract as deflate. */
enum comp_ret comp_store(struct comp_op *op);

/* Walks a segment list. */
struct comp_cursor {
	const struct comp_seg *segs;
	uint32_t n;
};

/* The next piece of at least one byte; false at the end of the list. */
static inline bool
comp_next(struct comp_cursor *c, struct comp_seg *piece)
{
	while (c->n > 0) {
		*piece = *c->segs++;
		c->n--;
		if (piece->len > 0)
			return true;
	}
	return false;
}

static inline uint64_t
comp_total(const struct comp_seg *segs, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += segs[i].len;
	return sum;
}

extern const struct comp_engine comp_engine_zlib;
#ifdef EMU_HAVE_ISAL
extern const struct comp_engine comp_engine_isal;
#endif

#endif
