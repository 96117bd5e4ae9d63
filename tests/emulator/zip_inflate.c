/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ISA-L's engine must decompress as zlib does: result, consumed, produced and bytes, of good, odd,
 * wrong and damaged streams, whole and in segments. And it must be ISA-L that does it: what zlib
 * decodes in its place is counted (the program is linked with --wrap).
 *
 *	zip_inflate [ROUNDS [SEED]]
 */
#include <isa-l.h>

#include "zip_rig.h"

#define MAX_STREAM      (256 * 1024)
#define MAX_PLAIN       (400 * 1024)
#define NB_LIT          288
#define NB_DIST         32
#define NB_CLEN         19
#define END             256
#define MAX_SEGS        6
#define GAP             32

enum comp_ret __real_comp_stream_inflate(struct comp_stream *s, struct comp_op *op);
enum comp_ret __wrap_comp_stream_inflate(struct comp_stream *s, struct comp_op *op);

static unsigned int by_zlib;

enum comp_ret
__wrap_comp_stream_inflate(struct comp_stream *s, struct comp_op *op)
{
	by_zlib++;
	return __real_comp_stream_inflate(s, op);
}

struct pair {
	const struct comp_engine *isal;
	void *isal_ctx, *zlib_ctx;
	unsigned int fast, slow, refused;       /* decoded by ISA-L, by zlib, by neither */
};

/* Memory in segments of random lengths, some of them 0, with gaps between them. */
struct pieces {
	uint8_t *mem;
	uint32_t size, n;
	struct comp_seg segs[MAX_SEGS];
};

static void
pieces_new(struct pieces *p, uint32_t len, bool flat)
{
	uint8_t *at;

	p->n = flat ? 1 : 1 + rig_rand(MAX_SEGS);
	p->size = len + (p->n + 1) * GAP;
	p->mem = malloc(p->size);
	CHECK(p->mem != NULL);
	memset(p->mem, 0xa5, p->size);
	at = p->mem + GAP;
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t part = i == p->n - 1 ? len : rig_rand(4) ? rig_rand(len + 1) : 0;

		p->segs[i] = (struct comp_seg){at, part};
		at += part + GAP;
		len -= part;
	}
}

static void
pieces_like(struct pieces *p, const struct pieces *as)
{
	*p = *as;
	p->mem = malloc(p->size);
	CHECK(p->mem != NULL);
	memcpy(p->mem, as->mem, p->size);
	for (uint32_t i = 0; i < p->n; i++)
		p->segs[i].p = p->mem + (as->segs[i].p - as->mem);
}

/* The gaps are as they were. */
static void
pieces_free(struct pieces *p)
{
	const uint8_t *at = p->mem;

	for (uint32_t i = 0; i <= p->n; i++) {
		for (int j = 0; j < GAP; j++)
			CHECK(at[j] == 0xa5);
		if (i < p->n)
			at = p->segs[i].p + p->segs[i].len;
	}
	free(p->mem);
}

static bool
same_start(const struct pieces *a, const struct pieces *b, uint32_t len)
{
	for (uint32_t i = 0; i < a->n && len > 0; i++) {
		const uint32_t part = a->segs[i].len < len ? a->segs[i].len : len;

		if (memcmp(a->segs[i].p, b->segs[i].p, part) != 0)
			return false;
		len -= part;
	}
	return len == 0;
}

/* Both engines on the same memory. True: decoded, and by ISA-L. */
static bool
compare(struct pair *p, const uint8_t *stream, uint32_t len, uint32_t room, bool flat)
{
	struct pieces in, before, out[2];
	struct comp_op op[2];
	enum comp_ret ret[2];
	uint32_t at = 0;
	bool fast;

	pieces_new(&in, len, flat);
	pieces_new(&out[0], room, flat);
	pieces_like(&out[1], &out[0]);
	for (uint32_t i = 0; i < in.n; at += in.segs[i++].len)
		memcpy(in.segs[i].p, stream + at, in.segs[i].len);
	pieces_like(&before, &in);
	for (int i = 0; i < 2; i++)
		op[i] = (struct comp_op){.in = in.segs, .n_in = in.n, .out = out[i].segs,
			.n_out = out[i].n};
	by_zlib = 0;
	ret[0] = p->isal->inflate(p->isal_ctx, &op[0]);
	fast = by_zlib == 0;
	ret[1] = comp_engine_zlib.inflate(p->zlib_ctx, &op[1]);
	CHECK(ret[0] == ret[1]);
	CHECK(op[0].consumed == op[1].consumed && op[0].produced == op[1].produced);
	CHECK(same_start(&out[0], &out[1], op[0].produced));
	CHECK(same_start(&in, &before, len));
	CHECK(!fast || ret[0] == COMP_DONE);
	*(ret[0] != COMP_DONE ? &p->refused : fast ? &p->fast : &p->slow) += 1;
	pieces_free(&in);
	pieces_free(&before);
	pieces_free(&out[0]);
	pieces_free(&out[1]);
	return fast;
}

/* zlib's verdict, by zlib alone: NULL for a good stream, else what is wrong. */
static const char *
verdict(const uint8_t *stream, uint32_t len, uint32_t *produced)
{
	static uint8_t plain[MAX_PLAIN];
	z_stream zs = {.next_in = (uint8_t *)(uintptr_t)stream, .avail_in = len, .next_out = plain,
		.avail_out = sizeof(plain)};
	int ret;

	CHECK(inflateInit2(&zs, -15) == Z_OK);
	ret = inflate(&zs, Z_FINISH);
	*produced = zs.total_out;
	inflateEnd(&zs);
	CHECK(ret == Z_STREAM_END || ret == Z_DATA_ERROR || ret == Z_BUF_ERROR);
	return ret == Z_STREAM_END ? NULL : ret == Z_DATA_ERROR ? zs.msg : "it ends early";
}

/* Streams made by hand: bits, lowest first. */
struct stream {
	uint8_t buf[MAX_STREAM];
	uint64_t bits;
	uint64_t plain;                 /* bytes that it decodes to */
};

static struct stream s;

static void
put(uint32_t v, unsigned int n)
{
	CHECK(s.bits + n <= 8 * sizeof(s.buf));
	for (unsigned int i = 0; i < n; i++, s.bits++)
		s.buf[s.bits / 8] |= (i < 32 ? v >> i & 1 : 0) << s.bits % 8;
}

static void
restart(void)
{
	memset(&s, 0, sizeof(s));
}

/*
 * Code lengths, and the codes that follow of them. (Both of one size: gcc 12 takes a function that
 * goes through arrays of different strides in one structure for one that writes nothing.)
 */
struct code {
	uint16_t len[NB_LIT];
	uint16_t code[NB_LIT];
	unsigned int n;
};

static void
assign(struct code *c)
{
	uint32_t count[16] = {0}, next[16] = {0};

	for (unsigned int i = 0; i < c->n; i++)
		count[c->len[i]]++;
	count[0] = 0;
	for (unsigned int len = 1; len <= 15; len++)
		next[len] = (next[len - 1] + count[len - 1]) << 1;
	for (unsigned int i = 0; i < c->n; i++)
		c->code[i] = next[c->len[i]]++;
}

static void
put_symbol(const struct code *c, unsigned int sym)
{
	for (unsigned int i = c->len[sym]; i-- > 0;)
		put(c->code[sym] >> i & 1, 1);
}

static const uint16_t len_base[] = {
	3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
	163, 195, 227, 258,
};

static unsigned int
len_extra(unsigned int sym)
{
	return sym < 265 || sym >= 285 ? 0 : (sym - 261) / 4;
}

static unsigned int
dist_extra(unsigned int sym)
{
	return sym < 4 ? 0 : sym / 2 - 1;
}

static uint32_t
dist_base(unsigned int sym)
{
	return sym < 4 ? sym + 1 : ((2u + sym % 2) << dist_extra(sym)) + 1;
}

static void
put_match(const struct code *lit, unsigned int sym, uint32_t extra, const struct code *dist,
	unsigned int dist_sym, uint32_t dist_bits)
{
	put_symbol(lit, sym);
	put(extra, len_extra(sym));
	put_symbol(dist, dist_sym);
	put(dist_bits, dist_extra(dist_sym));
	s.plain += sym < 286 ? len_base[sym - 257] + extra : 0;
}

/* A complete code of k of the n symbols, among them those that must be. */
static void
random_code(struct code *c, unsigned int n, unsigned int k, unsigned int max_len,
	const uint8_t *must)
{
	uint8_t leaves[NB_LIT] = {0};
	unsigned int nb = 1;
	const bool deep = rig_rand(2);

	memset(c, 0, sizeof(*c));
	c->n = n;
	while (nb < k) {
		const unsigned int i = deep && rig_rand(8) ? nb - 1 : rig_rand(nb);

		if (leaves[i] < max_len) {
			leaves[i]++;
			leaves[nb++] = leaves[i];
		}
	}
	for (unsigned int i = 0; i < n && nb > 0 && must != NULL; i++) {
		if (must[i] > 0)
			c->len[i] = leaves[--nb];
	}
	while (nb > 0) {
		const unsigned int i = rig_rand(n);

		if (c->len[i] == 0)
			c->len[i] = leaves[--nb];
	}
	assign(c);
}

/* The lengths of both codes in the header's form; repeats are used where there are any. */
static void
put_lengths(const uint8_t *lens, unsigned int n, bool spoil)
{
	static const uint8_t order[NB_CLEN] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
	};
	uint8_t syms[NB_LIT + NB_DIST], extras[NB_LIT + NB_DIST], must[NB_CLEN] = {0};
	unsigned int nb = 0, used = 0, run;
	struct code clen;

	for (unsigned int i = 0; i < n; i += run, nb++) {
		for (run = 1; i + run < n && lens[i + run] == lens[i]; run++)
			;
		syms[nb] = lens[i];
		extras[nb] = 0;
		if (lens[i] == 0 && run >= 11 && rig_rand(8)) {
			run = run > 138 ? 138 : run;
			syms[nb] = 18;
			extras[nb] = run - 11;
		} else if (lens[i] == 0 && run >= 3 && rig_rand(8)) {
			run = run > 10 ? 10 : run;
			syms[nb] = 17;
			extras[nb] = run - 3;
		} else if (i > 0 && lens[i] == lens[i - 1] && run >= 3 && rig_rand(8)) {
			run = run > 6 ? 6 : run;
			syms[nb] = 16;
			extras[nb] = run - 3;
		} else {
			run = 1;
		}
		must[syms[nb]] = 1;
	}
	if (spoil && rig_rand(2))
		extras[rig_rand(nb)] ^= rig_rand(8);
	for (unsigned int i = 0; i < NB_CLEN; i++)
		used += must[i];
	random_code(&clen, NB_CLEN, used + (used < 2) + rig_rand(NB_CLEN - used - (used < 2) + 1), 7,
		must);
	if (spoil && rig_rand(2))
		clen.len[rig_rand(NB_CLEN)] = rig_rand(8);
	run = NB_CLEN;
	while (run > 4 && clen.len[order[run - 1]] == 0)
		run--;
	put(run - 4, 4);
	for (unsigned int i = 0; i < run; i++)
		put(clen.len[order[i]], 3);
	for (unsigned int i = 0; i < nb; i++) {
		put_symbol(&clen, syms[i]);
		put(extras[i], syms[i] < 16 ? 0 : syms[i] == 18 ? 7 : syms[i] - 14);
	}
}

/* Header of a dynamic block, as the codes are, right or wrong. */
static void
put_dynamic(bool final, struct code *lit, struct code *dist, bool spoil)
{
	uint8_t lens[NB_LIT + NB_DIST];

	assign(lit);
	assign(dist);
	put(final, 1);
	put(2, 2);
	put(lit->n - 257, 5);
	put(dist->n - 1, 5);
	for (unsigned int i = 0; i < lit->n + dist->n; i++)
		lens[i] = i < lit->n ? lit->len[i] : dist->len[i - lit->n];
	put_lengths(lens, lit->n + dist->n, spoil);
}

static void
fixed_codes(struct code *lit, struct code *dist)
{
	lit->n = NB_LIT;
	dist->n = NB_DIST;
	for (unsigned int i = 0; i < NB_LIT; i++)
		lit->len[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	for (unsigned int i = 0; i < NB_DIST; i++)
		dist->len[i] = 5;
	assign(lit);
	assign(dist);
}

/* Cuts, trailing bytes and rooms of all kinds around the stream at hand. */
static void
compare_around(struct pair *p, uint32_t produced)
{
	const uint32_t len = (s.bits + 7) / 8;

	for (int i = 0; i < 8; i++) {
		static const int rooms[] = {0, 1, -1, 300, 5000};
		const int more = rooms[rig_rand(5)];
		const uint32_t room = more < 0 && produced == 0 ? 0 : produced + more;

		compare(p, s.buf, len, room, i & 1);
		compare(p, s.buf, len < sizeof(s.buf) - 40 ? len + rig_rand(40) : len, room, i & 1);
		compare(p, s.buf, rig_rand(len), room, i & 1);
	}
	if (produced > 0)
		compare(p, s.buf, len, rig_rand(produced), true);
}

/* What zlib says of streams, so that each is wrong in the way that it is meant to be. */
#define GOOD            NULL
#define BAD_BLOCK       "invalid block type"
#define BAD_STORED      "invalid stored block lengths"
#define BAD_COUNTS      "too many length or distance symbols"
#define BAD_CLEN        "invalid code lengths set"
#define BAD_REPEAT      "invalid bit length repeat"
#define BAD_END         "invalid code -- missing end-of-block"
#define BAD_LIT         "invalid literal/lengths set"
#define BAD_DIST        "invalid distances set"
#define BAD_LIT_SYM     "invalid literal/length code"
#define BAD_DIST_SYM    "invalid distance code"
#define BAD_FAR         "invalid distance too far back"

/* A stream made by hand: what zlib must say of it, and whether it must be ISA-L that decodes it. */
static void
expect(struct pair *p, const char *what, const char *want, bool fast)
{
	const uint32_t len = (s.bits + 7) / 8;
	uint32_t produced;
	const char *says = verdict(s.buf, len, &produced);

	if (strcmp(says == NULL ? "" : says, want == NULL ? "" : want) != 0 ||
		compare(p, s.buf, len, MAX_PLAIN, true) != fast ||
		compare(p, s.buf, len, MAX_PLAIN, false) != fast) {
		fprintf(stderr, "zip_inflate: %s: zlib says '%s', expected '%s'%s\n", what,
			says == NULL ? "good" : says, want == NULL ? "good" : want,
			fast ? " of ISA-L" : "");
		exit(1);
	}
	compare_around(p, produced);
	restart();
}

/* A dynamic block of literals 'a', 'b', the end and length 3, 4; distances 1 to 4. */
static void
small_codes(struct code *lit, struct code *dist)
{
	memset(lit, 0, sizeof(*lit));
	memset(dist, 0, sizeof(*dist));
	lit->n = 259;
	lit->len['a'] = lit->len['b'] = 2;
	lit->len[END] = 2;
	lit->len[257] = lit->len[258] = 3;
	dist->n = 4;
	for (unsigned int i = 0; i < 4; i++)
		dist->len[i] = 2;
	assign(lit);
	assign(dist);
}

/* a, b and a match of that distance symbol. */
static void
small_block(bool final, struct code *lit, struct code *dist, int dist_sym)
{
	put_dynamic(final, lit, dist, false);
	put_symbol(lit, 'a');
	put_symbol(lit, 'b');
	s.plain += 2;
	if (dist_sym >= 0)
		put_match(lit, 257, 0, dist, dist_sym, 0);
	put_symbol(lit, END);
}

static void
test_literal_codes(struct pair *p)
{
	struct code lit, dist;

	small_codes(&lit, &dist);
	small_block(true, &lit, &dist, 1);
	expect(p, "complete codes", GOOD, true);
	lit.len['b'] = 3;
	small_block(true, &lit, &dist, 1);
	expect(p, "incomplete literals", BAD_LIT, false);
	lit.len['b'] = 1;
	small_block(true, &lit, &dist, 1);
	expect(p, "over-subscribed literals", BAD_LIT, false);
	small_codes(&lit, &dist);
	lit.len[END] = 0;
	lit.len['c'] = 2;
	small_block(true, &lit, &dist, 1);
	expect(p, "no end of block", BAD_END, false);
	memset(lit.len, 0, sizeof(lit.len));
	lit.len[END] = 1;
	put_dynamic(true, &lit, &dist, false);
	put_symbol(&lit, END);
	expect(p, "end of block alone", GOOD, false);
	for (unsigned int n = 286; n <= 288; n++) {
		small_codes(&lit, &dist);
		lit.n = n;
		small_block(true, &lit, &dist, 1);
		expect(p, "286 to 288 literals", n <= 286 ? GOOD : BAD_COUNTS, n <= 286);
	}
}

static void
test_distance_codes(struct pair *p)
{
	struct code lit, dist;

	for (unsigned int n = 29; n <= 32; n++) {
		small_codes(&lit, &dist);
		dist.n = n;
		small_block(true, &lit, &dist, 1);
		expect(p, "29 to 32 distances", n <= 30 ? GOOD : BAD_COUNTS, n <= 30);
	}
	small_codes(&lit, &dist);
	dist.len[3] = 3;
	small_block(true, &lit, &dist, 1);
	expect(p, "incomplete distances", BAD_DIST, false);
	dist.len[3] = 1;
	small_block(true, &lit, &dist, 1);
	expect(p, "over-subscribed distances", BAD_DIST, false);
	memset(dist.len, 0, sizeof(dist.len));
	small_block(true, &lit, &dist, -1);
	expect(p, "no distance, not needed", GOOD, true);
	small_block(true, &lit, &dist, 1);
	expect(p, "no distance, needed", BAD_DIST_SYM, false);
	dist.len[1] = 1;
	small_block(true, &lit, &dist, 1);
	expect(p, "one distance", GOOD, true);
	put_dynamic(true, &lit, &dist, false);
	put_symbol(&lit, 'a');
	put_symbol(&lit, 'b');
	put_symbol(&lit, 257);
	put(1, 1);
	put_symbol(&lit, END);
	put(0, 32);
	expect(p, "one distance, and the code that is none", BAD_DIST_SYM, false);
	dist.len[1] = 2;
	small_block(true, &lit, &dist, 1);
	expect(p, "one distance of two bits", BAD_DIST, false);
	dist.len[1] = dist.len[2] = 2;
	small_block(true, &lit, &dist, 1);
	expect(p, "two distances of two bits", BAD_DIST, false);
}

/* A repeat of lengths that goes on from the literals' into the distances'. */
static void
test_repeat_across(struct pair *p)
{
	struct code lit, dist;

	for (int i = 0; i < 10; i++) {
		small_codes(&lit, &dist);
		dist.n = 8;
		for (unsigned int d = 0; d < 8; d++)
			dist.len[d] = 3;
		small_block(true, &lit, &dist, 1);
		expect(p, "repeat from literals to distances", GOOD, true);
	}
}

/* The lengths of the code-length code, and what of it follows: the same bits over and over. */
static void
test_length_codes(struct pair *p)
{
	static const struct {
		const char *what;
		uint8_t len[6];         /* of 16, 17, 18, 0, 8, 7 */
		uint8_t rest;
		const char *want;
	} t[] = {
		{"code lengths of an incomplete code", {2, 2, 2, 3, 0, 0}, 0, BAD_CLEN},
		{"code lengths of an over-subscribed code", {1, 1, 1, 1, 0, 0}, 0, BAD_CLEN},
		{"code lengths of a single code", {0, 0, 0, 0, 1, 0}, 0, BAD_CLEN},
		{"code lengths of no code", {0, 0, 0, 0, 0, 0}, 0, BAD_END},
		{"repeat of nothing", {1, 0, 0, 2, 2, 0}, 0, BAD_REPEAT},
		{"repeat beyond the end", {0, 0, 1, 1, 0, 0}, 0xff, BAD_REPEAT},
		{"all lengths 0", {0, 0, 1, 1, 0, 0}, 0, BAD_END},
		{"all lengths 8", {0, 0, 0, 1, 1, 0}, 0xff, BAD_LIT},
	};

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		put(1 | 2 << 1, 3);
		put(0, 10);
		put(2, 4);
		for (int j = 0; j < 6; j++)
			put(t[i].len[j], 3);
		for (int j = 0; j < 200; j++)
			put(t[i].rest, 8);
		expect(p, t[i].what, t[i].want, false);
	}
}

static void
test_fixed_and_stored(struct pair *p)
{
	struct code lit = {0}, dist = {0};

	fixed_codes(&lit, &dist);
	for (unsigned int sym = 284; sym <= 287; sym++) {
		put(1 | 1 << 1, 3);
		put_symbol(&lit, 'x');
		put_match(&lit, sym, 0, &dist, 0, 0);
		put_symbol(&lit, END);
		put(0, 40);
		expect(p, "fixed codes, lengths", sym <= 285 ? GOOD : BAD_LIT_SYM, sym <= 285);
	}
	for (unsigned int sym = 28; sym <= 31; sym++) {
		put(0 | 0 << 1, 3);
		put(0, -s.bits & 7);
		put(30000, 16);
		put(~30000u & 0xffff, 16);
		s.bits += 30000 * 8;
		put(1 | 1 << 1, 3);
		put_match(&lit, 270, 0, &dist, sym, 0);
		put_symbol(&lit, END);
		put(0, 40);
		expect(p, "fixed codes, distances", sym <= 29 ? GOOD : BAD_DIST_SYM, sym <= 29);
	}
	put(1 | 3 << 1, 3);
	put(0, 100);
	expect(p, "block type 3", BAD_BLOCK, false);
	for (unsigned int wrong = 0; wrong < 2; wrong++) {
		put(1 | 0 << 1, 3);
		put(0, -s.bits & 7);
		put(100, 16);
		put(~(100 + wrong) & 0xffff, 16);
		s.bits += 100 * 8;
		expect(p, "stored", wrong ? BAD_STORED : GOOD, !wrong);
	}
}

/*
 * Distances up to the start, and one more, in the first block, inside a later one and at the start
 * of a later one. Four blocks are more than the window, beyond which there is no distance.
 */
static void
test_far(struct pair *p)
{
	struct code lit = {0}, dist = {0};

	fixed_codes(&lit, &dist);
	for (unsigned int i = 0; i < 5 * 2 * 2; i++) {
		const unsigned int blocks = 1 + i / 4, more = i & 1, apart = i >> 1 & 1;
		uint32_t far, sym = 29;

		for (unsigned int b = 0; b < blocks; b++) {
			put((b == blocks - 1 && !apart) | 1 << 1, 3);
			put_symbol(&lit, rig_rand(256));
			s.plain++;
			for (int j = 0; j < 34; j++)
				put_match(&lit, 285, 0, &dist, 0, 0);
			if (b < blocks - 1 || apart)
				put_symbol(&lit, END);
		}
		if (apart)
			put(1 | 1 << 1, 3);
		far = s.plain < 32768 ? s.plain + more : 32768;
		while (dist_base(sym) > far)
			sym--;
		put_match(&lit, 257, 0, &dist, sym, far - dist_base(sym));
		put_symbol(&lit, END);
		expect(p, "distance at the start", more && far < 32768 ? BAD_FAR : GOOD,
			!(more && far < 32768));
	}
}

/* Symbols at random of codes at random; most of the time a stream that is right. */
static void
random_block(bool final)
{
	const bool spoil = rig_rand(12) == 0;
	struct code lit = {0}, dist = {0};
	uint8_t must[NB_LIT] = {[END] = 1};
	uint32_t room = rig_rand(4) ? rig_rand(9000) : rig_rand(50);

	if (rig_rand(6) == 0) {
		fixed_codes(&lit, &dist);
		put(final | 1 << 1, 3);
	} else {
		random_code(&lit, 257 + rig_rand(30), 2 + rig_rand(255), 15, must);
		random_code(&dist, 1 + rig_rand(30), 1, 15, NULL);
		if (dist.n > 1 && rig_rand(8))
			random_code(&dist, dist.n, 2 + rig_rand(dist.n - 1), 15, NULL);
		else if (dist.n > 1 && rig_rand(2))
			dist.len[rig_rand(dist.n)] = 1;
		if (spoil && rig_rand(2))
			lit.len[rig_rand(lit.n)] = rig_rand(16);
		else if (spoil)
			dist.len[rig_rand(dist.n)] = rig_rand(16);
		put_dynamic(final, &lit, &dist, spoil);
	}
	for (uint32_t i = 0; i < room; i++) {
		const unsigned int sym = rig_rand(lit.n), d = rig_rand(dist.n);
		const uint32_t bits = rig_rand(1u << dist_extra(d));

		if (lit.len[sym] == 0 || sym == END || (sym > 285 && rig_rand(3000)))
			continue;
		if (sym < END) {
			put_symbol(&lit, sym);
			s.plain++;
		} else if (dist.len[d] > 0 && (d < 30 || rig_rand(3000) == 0) &&
			(dist_base(d) + bits <= s.plain || rig_rand(5000) == 0)) {
			put_match(&lit, sym, rig_rand(1u << len_extra(sym)), &dist, d, bits);
		}
		if (s.plain > MAX_PLAIN / 10)
			break;
	}
	put_symbol(&lit, END);
}

static void
round_handmade(struct pair *p)
{
	const unsigned int blocks = rig_rand(3) ? 1 : 2 + rig_rand(5);
	uint32_t produced;

	restart();
	for (unsigned int b = 0; b < blocks; b++) {
		if (s.plain < MAX_PLAIN / 2)
			random_block(b == blocks - 1);
	}
	verdict(s.buf, (s.bits + 7) / 8, &produced);
	compare_around(p, produced);
}

/* Of zlib: all block types, many blocks; whole, and with damage. */
static void
round_zlib(struct pair *p)
{
	static uint8_t plain[200000];
	const uint32_t len = rig_rand(3) ? rig_rand(5000) : rig_rand(sizeof(plain));
	uint32_t clen, produced;

	restart();
	for (uint32_t at = 0, part; at < len; at += part) {
		part = 1 + rig_rand(len - at);
		rig_fill(plain + at, part);
	}
	clen = rig_deflate(ZIP_TYPE_DEFLATE, plain, len, s.buf, sizeof(s.buf));
	s.bits = 8ull * clen;
	CHECK(verdict(s.buf, clen, &produced) == NULL && produced == len);
	compare_around(p, len);
	for (int i = 0; i < 6; i++) {
		const uint32_t within = rig_rand(2) && clen > 100 ? 100 : clen;
		const uint32_t bit = rig_rand(8 * within);

		s.buf[bit / 8] ^= 1u << bit % 8;
		compare(p, s.buf, clen, len + rig_rand(300), i & 1);
		if (rig_rand(3))
			s.buf[bit / 8] ^= 1u << bit % 8;
	}
}

/* What compressors make of ordinary data has to take the fast way, also if it has many blocks. */
static void
test_fast_way(struct pair *p)
{
	static const uint32_t sizes[] = {0, 1, 200, 4096, 16384, 59460, 65536, 200000};
	static uint8_t plain[200000];
	unsigned int blocks = 0;

	for (unsigned int i = 0; i < 8 * 10; i++) {
		const uint32_t len = sizes[i % 8];
		z_stream zs = {.next_in = plain, .avail_in = len, .next_out = s.buf,
			.avail_out = sizeof(s.buf)};

		for (uint32_t j = 0; j < len; j++)
			plain[j] = j < 50 || rig_rand(3) == 0 ? rig_rand(40) : plain[j - 1 - rig_rand(50)];
		CHECK(deflateInit2(&zs, i / 8, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
		CHECK(deflate(&zs, Z_FINISH) == Z_STREAM_END);
		deflateEnd(&zs);
		blocks += len > 100000;
#ifdef ISAL_VERSION
		if (ISAL_VERSION > ISAL_MAKE_VERSION(2, 31, 0) && len > 16384)
			continue;
#endif
		CHECK(compare(p, s.buf, zs.total_out, len, true));
		CHECK(compare(p, s.buf, zs.total_out, len + 1, false));
	}
	CHECK(blocks > 0);
	restart();
}

int
main(int argc, char **argv)
{
	const unsigned int rounds = argc > 1 ? atoi(argv[1]) : 1500;
	const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct pair p = {.isal = comp_engine_find("isal")};

	if (p.isal == NULL) {
		printf("zip_inflate: ISA-L is not in this build\n");
		return 77;
	}
	p.isal_ctx = p.isal->open();
	p.zlib_ctx = comp_engine_zlib.open();
	CHECK(p.isal_ctx != NULL && p.zlib_ctx != NULL);
	test_literal_codes(&p);
	test_distance_codes(&p);
	test_repeat_across(&p);
	test_length_codes(&p);
	test_fixed_and_stored(&p);
	test_far(&p);
	test_fast_way(&p);
	p.fast = p.slow = p.refused = 0;
	for (unsigned int i = 0; i < rounds; i++) {
		rig_seed = (seed + i) * 0x9e3779b97f4a7c15ull;
		round_handmade(&p);
		round_zlib(&p);
	}
	printf("zip_inflate: decoded by ISA-L %u, by zlib in its place %u, refused %u\n", p.fast, p.slow,
		p.refused);
	CHECK(rounds < 1000 || (p.fast > 5 * rounds && p.slow > 100 && p.refused > 5 * rounds));
	p.isal->close(p.isal_ctx);
	comp_engine_zlib.close(p.zlib_ctx);
	return 0;
}
