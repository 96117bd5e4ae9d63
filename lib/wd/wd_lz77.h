/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output of WD_COMP_LZ77_ZSTD and WD_COMP_LZ77_ONLY: what an LZ77 stage finds, for an entropy coder
 * or another format to go on with. Compression only, as whole requests or as a stream.
 *
 * A request has two output areas, flat like its input, that do not overlap it or each other:
 *
 *	lit, lit_len    literals: bytes that are in no match, one behind the other. The completion
 *	                tells how many there are (literals). At least wd_lz77_lit_room() bytes of
 *	                room, else WD_NO_SPACE.
 *	dst, dst_len    sequences: an array, 8 bytes each, in host byte order. The completion tells
 *	                how many there are (produced: elements, not bytes). Behind the last one the
 *	                device writes up to WD_LZ77_TAIL bytes more. wd_lz77_seq_room() is always
 *	                enough; where it does not fit the completion is WD_NO_SPACE, with nothing
 *	                consumed, and the request can be submitted again with more room.
 *
 * The data is: for each sequence its literals, then its match; then the literals that are left.
 * An area is as large as its length says: the device writes nowhere else. In an area that proved
 * too small it may have written.
 *
 * Each request counts sequences and literals from 0. Of a stream, each request is a block of its
 * own, with a window that goes back into those before it. zstd's repeated offsets go on from
 * request to request as in a frame; where the block of the previous request did not go out as a
 * compressed one, the next request says so (WD_REQ_NOT_COMPRESSED).
 *
 * Source: the user drivers and adapters of Kunpeng's ZIP engine. The layout of the frequency table
 * that hardware appends to the sequences of zstd is not known; do not use it.
 */
#ifndef WD_LZ77_H
#define WD_LZ77_H

#include <stdint.h>

#include "wd.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WD_LZ77_ZSTD_MAX_LEN    (128u << 10)            /* src_len of one request */
#define WD_LZ77_ONLY_MAX_LEN    ((8u << 20) - 16)
#define WD_LZ77_MIN_MATCH       3
#define WD_LZ77_TAIL            792

/* WD_COMP_LZ77_ZSTD */
struct wd_seq_zstd {
	uint32_t offset;        /* 1..3: zstd's repeated offsets (RFC 8878, 3.1.1.5), else distance + 3 */
	uint16_t lit_len;       /* see wd_seq_zstd_lits() */
	uint16_t match_len;     /* less WD_LZ77_MIN_MATCH */
};

/* WD_COMP_LZ77_ONLY */
struct wd_seq_lz77 {
	uint32_t lit_len;
	uint16_t distance;      /* less 1 */
	uint16_t match_len;     /* less WD_LZ77_MIN_MATCH */
};

/* Literals of sequence i of a completed request: one of them may have 65536 more than it says. */
static inline uint32_t
wd_seq_zstd_lits(const struct wd_seq_zstd *seqs, uint32_t i, const struct wd_cpl *cpl)
{
	return seqs[i].lit_len + (cpl->long_lits == i + 1 ? 65536u : 0);
}

static inline uint32_t
wd_lz77_lit_room(uint32_t src_len)
{
	return src_len + 16;
}

/* For any data of that length, and for the least that streams need. */
static inline uint32_t
wd_lz77_seq_room(uint32_t src_len)
{
	return src_len / WD_LZ77_MIN_MATCH * 8 + 4096 + 801;
}

#ifdef __cplusplus
}
#endif

#endif
