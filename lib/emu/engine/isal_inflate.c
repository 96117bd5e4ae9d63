/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decompression by ISA-L that accepts what zlib accepts.
 *
 * ISA-L decodes dynamic blocks whose Huffman codes are incomplete, which zlib refuses; in all else
 * it takes no stream that zlib does not take. So the header of each dynamic block is checked here
 * before ISA-L decodes it. For that ISA-L has to stop at the end of each block: it sees every block
 * as the final one. A stream that is decoded to its end this way is one that zlib decodes to the
 * same bytes. All others are zlib's, from the start: what is wrong with them, how much of them was
 * decoded, and the unusual that is allowed.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <isa-l.h>

#include "isal_inflate.h"

#define BLOCK_DYNAMIC   2

#define NB_CLEN         19      /* symbols of the code that code lengths are written in */
#define CLEN_BITS       7       /* its longest code */
#define MAX_LIT         286
#define MAX_DIST        30
#define MAX_BITS        15
#define END             256
#define SAME            16      /* code-length code: the length before again */
#define WHOLE           (1u << MAX_BITS)        /* sum of a complete code's 2^-length */

/*
 * Longest header: 3 + 14 bits, 19 lengths of 3 bits, 316 of at most 7 bits (repeats take less for
 * each), 14 bits for a last symbol that goes too far; up to 7 bits in front of it. What is read
 * there goes by 8 bytes.
 */
#define HEADER_BITS     (7 + 3 + 14 + 3 * NB_CLEN + CLEN_BITS * (MAX_LIT + MAX_DIST) + 14)
#define HEADER_BYTES    ((HEADER_BITS + 7) / 8)

/*
 * A block costs its tables and a copy of the history. Where blocks are shorter than this on the
 * average zlib is not slower.
 */
#define SHORT_BLOCK     2048

struct il_inflater {
	struct inflate_state st;
	struct comp_stream *zlib;
	bool by_block;                  /* ISA-L goes on after a block, see goes_on() */
	uint8_t hist[ISAL_DEF_HIST_SIZE];
};

/* A stream being decoded: what ISA-L has not been given yet. */
struct il_run {
	struct comp_cursor in, out;
	uint64_t left, room;
};

struct bit_reader {
	const uint8_t *p;
	unsigned int pos;
};

/* The next 57 bits, or more. */
static uint64_t
peek_bits(const struct bit_reader *r)
{
	uint64_t v;

	memcpy(&v, r->p + r->pos / 8, sizeof(v));
	return le64toh(v) >> r->pos % 8;
}

static unsigned int
read_bits(struct bit_reader *r, unsigned int n)
{
	const unsigned int v = peek_bits(r) & ((1u << n) - 1);

	r->pos += n;
	return v;
}

/*
 * A symbol of the code that code lengths are written in: the length SYM, or that before, BASE +
 * extra bits times. A word, as it is copied often.
 */
#define CLEN_BITS_ALL(e)        ((e) & 63)              /* of its code, and the extra ones */
#define CLEN_BITS_CODE(e)       ((e) >> 20 & 7)
#define CLEN_EXTRA_MASK(e)      ((e) >> 8 & 127)
#define CLEN_BASE(e)            ((e) >> 16 & 15)
#define CLEN_SYM(e)             ((e) >> 24)
#define CLEN(extra, base, sym) \
	((uint32_t)(extra) | ((1u << (extra)) - 1) << 8 | (base) << 16 | (uint32_t)(sym) << 24)
/* With the length of its code. */
#define CLEN_WITH(e, len)       ((e) + (len) + ((len) << 20))

/* Reads that code; table is by the next 7 bits. */
static bool
read_clen_code(struct bit_reader *r, unsigned int n, uint32_t table[1 << CLEN_BITS])
{
	static const uint8_t order[NB_CLEN] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
	};
	static const uint8_t reversed[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
	static const uint32_t repeats[] = {CLEN(2, 3, SAME), CLEN(3, 3, 0), CLEN(7, 11, 0)};
	unsigned int count[CLEN_BITS + 1] = {0}, next[CLEN_BITS + 1], code = 0;
	uint8_t lens[NB_CLEN] = {0};
	uint64_t bits = peek_bits(r);

	r->pos += 3 * n;
	for (unsigned int i = 0; i < n; i++) {
		lens[order[i]] = bits & 7;
		count[bits & 7]++;
		bits >>= 3;
	}
	for (unsigned int len = 1; len <= CLEN_BITS; len++) {
		next[len] = code;
		code += count[len] << (CLEN_BITS - len);
	}
	if (code != 1 << CLEN_BITS)
		return false;
	for (unsigned int sym = 0; sym < NB_CLEN; sym++) {
		const unsigned int len = lens[sym];
		const uint32_t entry = CLEN_WITH(sym < 16 ? CLEN(0, 1, sym) : repeats[sym - 16], len);

		if (len == 0)
			continue;
		/* Codes have their first bit lowest in the stream. */
		code = reversed[next[len] & 15] << 3 | reversed[next[len] >> 4] >> 1;
		next[len] += 1u << (CLEN_BITS - len);
		for (; code < 1 << CLEN_BITS; code += 1u << len)
			table[code] = entry;
	}
	return true;
}

/* Code lengths, as far as they are read. */
struct lengths {
	const uint32_t *table;
	unsigned int have;
	unsigned int last;              /* the last length, or SAME */
	uint64_t sum;                   /* of weights[] */
};

/* Upper half: lengths that are not 0. Lower half: 2^-length, which is WHOLE for a complete code. */
#define ONE             (1ull << 32)
#define WEIGHT(len)     (ONE | WHOLE >> (len))
static const uint64_t weights[] = {
	0, WEIGHT(1), WEIGHT(2), WEIGHT(3), WEIGHT(4), WEIGHT(5), WEIGHT(6), WEIGHT(7), WEIGHT(8),
	WEIGHT(9), WEIGHT(10), WEIGHT(11), WEIGHT(12), WEIGHT(13), WEIGHT(14), WEIGHT(15),
	[SAME] = WHOLE << 1,            /* as nothing: no sum is right with it */
};

/* Reads at least until there are n. No branch depends on a symbol, they would be mispredicted. */
static void
read_lengths(struct bit_reader *r, struct lengths *l, unsigned int n)
{
	struct lengths v = *l;
	struct bit_reader at = *r;
	uint64_t bits = 0;
	uint32_t e, rep;

	/* Four symbols of at most 14 bits per load. */
	for (unsigned int i = 0; v.have < n; i++) {
		if (i % 4 == 0)
			bits = peek_bits(&at);
		e = v.table[bits & ((1u << CLEN_BITS) - 1)];
		rep = CLEN_BASE(e) + (bits >> CLEN_BITS_CODE(e) & CLEN_EXTRA_MASK(e));
		bits >>= CLEN_BITS_ALL(e);
		at.pos += CLEN_BITS_ALL(e);
		v.last = CLEN_SYM(e) == SAME ? v.last : CLEN_SYM(e);
		v.sum += rep * weights[v.last];
		v.have += rep;
	}
	*r = at;
	*l = v;
}

/*
 * The codes of a dynamic block, r behind its first three bits: complete, or one of the two other
 * forms that the distances may have, none at all and a single one of one bit. (zlib also takes an
 * end-of-block code alone; no compressor has a use for that.)
 */
static bool
codes_complete(struct bit_reader *r)
{
	const unsigned int n_lit = 257 + read_bits(r, 5), n_dist = 1 + read_bits(r, 5);
	const unsigned int n_clen = 4 + read_bits(r, 4);
	uint32_t table[1 << CLEN_BITS];
	struct lengths l = {.table = table, .last = SAME};
	uint64_t over;

	if (n_lit > MAX_LIT || n_dist > MAX_DIST || !read_clen_code(r, n_clen, table))
		return false;
	read_lengths(r, &l, END + 1);
	if (l.last == 0)                /* of END */
		return false;
	read_lengths(r, &l, n_lit);
	/* A repeat may go on into the distances. */
	over = (l.have - n_lit) * weights[l.last];
	if ((uint32_t)(l.sum - over) != WHOLE)
		return false;
	l.sum = over;
	read_lengths(r, &l, n_lit + n_dist);
	return l.have == n_lit + n_dist &&
		((uint32_t)l.sum == WHOLE || l.sum == 0 || l.sum == WEIGHT(1));
}

/* The next bytes of the stream, behind them zeros. Returns how many bits of them are used up. */
static unsigned int
next_bytes(const struct inflate_state *st, const struct il_run *run,
	uint8_t buf[HEADER_BYTES + sizeof(uint64_t)])
{
	/* At most 64 bits are ahead in read_in, to the end of a byte. */
	const unsigned int ahead = (st->read_in_length + 7) / 8, used = -st->read_in_length & 7;
	const uint64_t bits = htole64(used == 0 ? st->read_in : st->read_in << used);
	struct comp_cursor in = run->in;
	struct comp_seg piece = {.p = st->next_in, .len = st->avail_in};
	uint32_t have = ahead;

	memcpy(buf, &bits, sizeof(bits));
	do {
		if (piece.len > HEADER_BYTES - have)
			piece.len = HEADER_BYTES - have;
		memcpy(buf + have, piece.p, piece.len);
		have += piece.len;
	} while (have < HEADER_BYTES && comp_next(&in, &piece));
	memset(buf + have, 0, HEADER_BYTES + sizeof(uint64_t) - have);
	return used;
}

static bool
more_input(struct inflate_state *st, struct il_run *run)
{
	struct comp_seg piece;

	if (!comp_next(&run->in, &piece))
		return false;
	st->next_in = piece.p;
	st->avail_in = piece.len;
	run->left -= piece.len;
	return true;
}

/* Makes the block that comes next a final one. */
static bool
mark_final(struct inflate_state *st, struct il_run *run)
{
	if (st->read_in_length == 0) {
		if (st->avail_in == 0 && !more_input(st, run))
			return false;
		st->read_in = *st->next_in++;
		st->avail_in--;
		st->read_in_length = 8;
	}
	st->read_in |= 1;
	return true;
}

/* To the end of a block that ISA-L takes for the final one. */
static bool
decode_block(struct inflate_state *st, struct il_run *run)
{
	struct comp_seg piece;

	for (;;) {
		if (st->avail_in == 0)
			more_input(st, run);
		if (st->avail_out == 0 && comp_next(&run->out, &piece)) {
			st->next_out = piece.p;
			st->avail_out = piece.len;
			run->room -= piece.len;
		}
		if (isal_inflate(st) != ISAL_DECOMP_OK)
			return false;
		if (st->block_state == ISAL_BLOCK_FINISH)
			return true;
		/* Nothing to go on with: input and what was decoded ahead, or output, is used up. */
		if (st->avail_out == 0 ? run->room == 0 : st->avail_in == 0 && run->left == 0)
			return false;
	}
}

/* The last of the len bytes of output so far, that matches of the next block may refer to. */
static bool
set_history(struct il_inflater *f, const struct il_run *run, uint32_t len)
{
	const uint32_t want = len < sizeof(f->hist) ? len : sizeof(f->hist);
	const struct comp_seg *seg = run->out.segs;     /* behind the one being written to */
	uint32_t room = f->st.avail_out, left = want;

	f->st.block_state = ISAL_BLOCK_NEW_HDR;
	if (want > 0 && seg[-1].len - room >= want)
		return isal_inflate_set_dict(&f->st, f->st.next_out - want, want) == COMP_OK;
	while (left > 0) {
		const uint32_t used = (--seg)->len - room, part = used < left ? used : left;

		left -= part;
		memcpy(f->hist + left, seg->p + used - part, part);
		room = 0;
	}
	return isal_inflate_set_dict(&f->st, f->hist, want) == COMP_OK;
}

/* The only block, and one piece of memory on either side: that spares a copy of the output. */
static bool
decode_once(struct inflate_state *st, struct comp_op *op)
{
	st->next_in = op->in[0].p;
	st->avail_in = op->in[0].len;
	st->next_out = op->out[0].p;
	st->avail_out = op->out[0].len;
	st->crc_flag = ISAL_DEFLATE;
	if (isal_inflate_stateless(st) != ISAL_DECOMP_OK)
		return false;
	op->consumed = op->in[0].len - st->avail_in;
	op->produced = op->out[0].len - st->avail_out;
	return true;
}

/* True: decoded to its end, as zlib would have. */
static bool
decode(struct il_inflater *f, struct comp_op *op)
{
	const uint64_t in_len = comp_total(op->in, op->n_in);
	const uint64_t out_len = comp_total(op->out, op->n_out);
	struct il_run run = {.in = {op->in, op->n_in}, .out = {op->out, op->n_out},
		.left = in_len, .room = out_len};
	struct inflate_state *st = &f->st;
	uint8_t head[HEADER_BYTES + sizeof(uint64_t)], none;
	struct bit_reader r = {.p = head};
	uint32_t blocks = 0, produced = 0;
	bool final;

	isal_inflate_init(st);
	st->next_in = &none;
	st->next_out = &none;
	for (;;) {
		r.pos = next_bytes(st, &run, head);
		final = read_bits(&r, 1);
		if (read_bits(&r, 2) == BLOCK_DYNAMIC && !codes_complete(&r))
			return false;
		if (final && blocks == 0 && op->n_in == 1 && op->n_out == 1)
			return decode_once(st, op);
		if ((!final && !f->by_block) || !mark_final(st, &run) || !decode_block(st, &run))
			return false;
		produced = out_len - run.room - st->avail_out;
		if (final)
			break;
		if (produced < ++blocks * SHORT_BLOCK || !set_history(f, &run, produced))
			return false;
	}
	/* Whole bytes read into the bit buffer and not needed belong to the caller. */
	op->consumed = in_len - run.left - st->avail_in - st->read_in_length / 8;
	op->produced = produced;
	return true;
}

/*
 * Going on behind a final block, with what is left in the bit buffer, is nothing that ISA-L
 * promises: 2.30 does it, later versions drop the bits. So it is tried on two blocks that part
 * inside a byte. Where it fails, ISA-L decodes streams of a single block only.
 */
static bool
goes_on(struct il_inflater *f)
{
	enum { LEN = 2401, SECOND = 2100 };
	/* "abab" and so on, fixed codes; the second block begins with a "c" instead. */
	uint8_t stream[] = {
		0x4a, 0x4c, 0x4a, 0x1c, 0x85, 0xa3, 0x70, 0x14, 0x8e, 0xc2, 0x51, 0x38, 0x0a,
		0x47, 0xe1, 0x28, 0x24, 0x08, 0x01, 0x4b, 0x1e, 0x0d, 0x03, 0xe2, 0x21, 0x00,
	};
	uint8_t out[LEN];
	const struct comp_seg in_seg = {stream, sizeof(stream)}, out_seg = {out, sizeof(out)};
	struct comp_op op = {.in = &in_seg, .out = &out_seg, .n_in = 1, .n_out = 1};

	f->by_block = true;
	if (!decode(f, &op) || op.consumed != sizeof(stream) || op.produced != LEN)
		return false;
	for (unsigned int i = 0; i < LEN; i++) {
		if (out[i] != (i == SECOND ? 'c' : "ab"[i & 1]))
			return false;
	}
	return true;
}

struct il_inflater *
il_inflater_new(void)
{
	struct il_inflater *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->zlib = comp_stream_new();
	if (f->zlib == NULL) {
		free(f);
		return NULL;
	}
	f->by_block = goes_on(f);
	return f;
}

void
il_inflater_free(struct il_inflater *f)
{
	if (f == NULL)
		return;
	comp_stream_free(f->zlib);
	free(f);
}

enum comp_ret
il_inflater_run(struct il_inflater *f, struct comp_op *op)
{
	if (decode(f, op))
		return COMP_DONE;
	comp_stream_reset(f->zlib);
	return comp_stream_inflate(f->zlib, op);
}
