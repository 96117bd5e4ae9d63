/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#define ZSTD_STATIC_LINKING_ONLY        /* the sequence API */
#define ZSTD_DISABLE_DEPRECATE_WARNINGS /* later versions call it a debugging aid */
#include <zstd.h>

#include "lz77.h"

#define LZ77_LEVEL              1
#define LZ77_LEVEL_PRICE        9

/*
 * The library tells where its blocks end too, by a sequence without a match. Blocks are as long as
 * the window, which is 1 KiB at least. It does not check the room that it is given.
 */
#define RAW_SEQS(len)           ((len) / LZ77_MIN_MATCH + (len) / 1024 + 16)

struct lz77 {
	ZSTD_CCtx *zstd;
	ZSTD_Sequence *raw;
	struct lz77_seq *seqs;
	void *lz4;
};

struct lz77 *
lz77_new(void)
{
	struct lz77 *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return NULL;
	z->zstd = ZSTD_createCCtx();
	z->raw = malloc(RAW_SEQS(LZ77_CHUNK + LZ77_MAX_HISTORY) * sizeof(*z->raw));
	z->seqs = malloc(LZ77_MAX_SEQS * sizeof(*z->seqs));
	z->lz4 = malloc((size_t)LZ4_sizeofState());
	if (z->zstd == NULL || z->raw == NULL || z->seqs == NULL || z->lz4 == NULL) {
		lz77_free(z);
		return NULL;
	}
	return z;
}

void
lz77_free(struct lz77 *z)
{
	if (z == NULL)
		return;
	ZSTD_freeCCtx(z->zstd);
	free(z->raw);
	free(z->seqs);
	free(z->lz4);
	free(z);
}

static bool
set(ZSTD_CCtx *c, ZSTD_cParameter param, int value)
{
	return !ZSTD_isError(ZSTD_CCtx_setParameter(c, param, value));
}

/* The library ends a match with its block; it may go on over the literals that follow. */
static uint32_t
extend_last(const struct lz77_op *op, struct lz77_seq *last, uint32_t from, uint32_t to)
{
	const uint8_t *p = op->base + from, *end = op->base + to;

	while (p < end && last->match_len < LZ77_MAX_MATCH && *p == *(p - last->distance)) {
		last->match_len++;
		p++;
	}
	return (uint32_t)(p - op->base);
}

/* A match behind the others; goes on with the last one where it can. */
static void
add_match(struct lz77_seq *seqs, int *n, uint32_t lit_len, uint32_t match_len, uint32_t distance)
{
	struct lz77_seq *last = *n > 0 ? &seqs[*n - 1] : NULL;
	uint32_t part;

	if (last != NULL && lit_len == 0 && last->distance == distance) {
		part = LZ77_MAX_MATCH - last->match_len;
		if (part > match_len)
			part = match_len;
		/* What is left must be a match too. */
		if (match_len - part != 0 && match_len - part < LZ77_MIN_MATCH)
			part = part < LZ77_MIN_MATCH ? 0 : part - LZ77_MIN_MATCH;
		last->match_len += part;
		match_len -= part;
	}
	if (match_len == 0)
		return;
	do {
		part = match_len;
		if (part > LZ77_MAX_MATCH)
			part = LZ77_MAX_MATCH;
		if (match_len - part != 0 && match_len - part < LZ77_MIN_MATCH)
			part -= LZ77_MIN_MATCH;
		seqs[(*n)++] = (struct lz77_seq){lit_len, part, distance};
		lit_len = 0;
		match_len -= part;
	} while (match_len > 0);
}

/* Leaves out what belongs to the history. -1: not what the library promised. */
static int
take(struct lz77 *z, const struct lz77_op *op, size_t nb_raw)
{
	const uint32_t total = op->hist_len + op->len;
	uint32_t pos = 0, lit_from = op->hist_len, from, len;
	int n = 0;

	for (size_t i = 0; i < nb_raw; i++) {
		const ZSTD_Sequence *s = &z->raw[i];

		if (s->litLength > total - pos || s->matchLength > total - pos - s->litLength)
			return -1;
		from = pos + s->litLength;
		pos = from + s->matchLength;
		len = s->matchLength;
		if (len == 0)
			continue;
		if (s->offset == 0 || s->offset > from || s->offset > 1u << op->window_log)
			return -1;
		if (pos <= op->hist_len)
			continue;
		if (from < op->hist_len) {
			len -= op->hist_len - from;
			from = op->hist_len;
		}
		if (len < LZ77_MIN_MATCH)
			continue;
		if (n > 0)
			lit_from = extend_last(op, &z->seqs[n - 1], lit_from, from);
		add_match(z->seqs, &n, from - lit_from, len, s->offset);
		lit_from = pos;
	}
	if (n > 0)
		extend_last(op, &z->seqs[n - 1], lit_from, total);
	return n;
}

int
lz77_find(struct lz77 *z, const struct lz77_op *op, const struct lz77_seq **seqs)
{
	const size_t total = (size_t)op->hist_len + op->len;
	size_t n;

	*seqs = z->seqs;
	if (op->len < LZ77_MIN_MATCH)
		return 0;
	ZSTD_CCtx_reset(z->zstd, ZSTD_reset_session_and_parameters);
	if (!set(z->zstd, ZSTD_c_compressionLevel, op->price ? LZ77_LEVEL_PRICE : LZ77_LEVEL) ||
		!set(z->zstd, ZSTD_c_windowLog, op->window_log) ||
		!set(z->zstd, ZSTD_c_useBlockSplitter, ZSTD_ps_disable))
		return -1;
	/*
	 * The history goes in as data before the input: as a dictionary it would be referred to
	 * from beyond the window.
	 */
	n = ZSTD_generateSequences(z->zstd, z->raw, RAW_SEQS(total), op->base, total);
	return ZSTD_isError(n) ? -1 : take(z, op, n);
}

enum comp_ret
lz77_lz4(struct lz77 *z, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t room,
	uint32_t *produced)
{
	int n;

	if (len > LZ4_MAX_INPUT_SIZE)
		return COMP_FAILED;
	n = LZ4_compress_fast_extState(z->lz4, (const char *)in, (char *)out, (int)len, (int)room, 1);
	if (n <= 0)
		return COMP_NO_SPACE;
	*produced = (uint32_t)n;
	return COMP_DONE;
}
