/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LZ77 matches, found by libzstd, and LZ4 blocks, made by liblz4. All memory is the host's; a
 * context belongs to one thread at a time.
 */
#ifndef EMU_ENGINE_LZ77_H
#define EMU_ENGINE_LZ77_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "comp.h"

#define LZ77_CHUNK              (512u << 10)    /* most input of one lz77_find() */
#define LZ77_MAX_HISTORY        (32u << 10)
#define LZ77_MIN_MATCH          3
#define LZ77_MAX_MATCH          (0xffff + LZ77_MIN_MATCH)
/* Sequences of a chunk at most. */
#define LZ77_MAX_SEQS           (LZ77_CHUNK / LZ77_MIN_MATCH + 1)

/* lit_len bytes as they are, then match_len bytes from distance bytes back. */
struct lz77_seq {
	uint32_t lit_len;
	uint32_t match_len;     /* LZ77_MIN_MATCH..LZ77_MAX_MATCH */
	uint32_t distance;
};

struct lz77_op {
	const uint8_t *base;    /* history, then the input */
	uint32_t hist_len;
	uint32_t len;
	uint8_t window_log;     /* no distance above 1 << window_log; 12..15 */
	bool price;             /* spend time on better matches */
};

struct lz77;
struct lz77 *lz77_new(void);    /* NULL: out of memory */
void lz77_free(struct lz77 *z);
/*
 * Sequences of the input, in order; what they leave of it are literals. Returns how many, at *seqs
 * until the next call, or -1: out of memory, or the library failed.
 */
int lz77_find(struct lz77 *z, const struct lz77_op *op, const struct lz77_seq **seqs);
/* One LZ4 block in out. DONE with *produced; NO_SPACE; FAILED. */
enum comp_ret lz77_lz4(struct lz77 *z, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t room,
		       uint32_t *produced);

#endif
