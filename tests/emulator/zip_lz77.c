/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LZ77 and LZ4 output of the ZIP model. The data is rebuilt from literals and sequences by the
 * rules of the formats, written down here once more, and libzstd makes frames of lz77_zstd's
 * sequences that it must be able to decode.
 */
#include <lz4.h>
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "zip_rig.h"

#define MAX_ZSTD        (128u << 10)
#define MAX_ONLY        ((8u << 20) - 16)
#define EDGE            64              /* bytes around an output area that nobody may write */

static const uint32_t windows[] = {4096, 8192, 16384, 16384, 32768};
static const int types[] = {ZIP_TYPE_LZ77_ZSTD, ZIP_TYPE_LZ77_ZSTD_PRICE, ZIP_TYPE_LZ77_ONLY,
	ZIP_TYPE_LZ77_ONLY_PRICE};

static bool
is_zstd(int type)
{
	return type == ZIP_TYPE_LZ77_ZSTD || type == ZIP_TYPE_LZ77_ZSTD_PRICE;
}

static uint32_t
tail_of(int type)
{
	return is_zstd(type) ? 8 + 784 : 16;
}

/* An output area between edges. */
struct area {
	uint8_t *p;
	uint32_t room;
};

static struct area
area_new(uint32_t room)
{
	struct area a = {(uint8_t *)malloc(room + 2 * EDGE) + EDGE, room};

	memset(a.p - EDGE, 0xe5, room + 2 * EDGE);
	return a;
}

static void
area_free(struct area a)
{
	for (int i = 0; i < EDGE; i++)
		CHECK(a.p[-1 - i] == 0xe5 && a.p[a.room + i] == 0xe5);
	free(a.p - EDGE);
}

/* A device's output, taken apart: true lengths and distances. */
struct output {
	ZSTD_Sequence *seqs;    /* room for one more, and zstd's end of block */
	uint32_t n;
	uint32_t repeated;      /* offset codes 1 to 3 */
	uint32_t longest;       /* match */
};

static uint32_t
distance_of(uint32_t code, uint32_t *reps, bool lits)
{
	uint32_t d, which;

	CHECK(code != 0);
	if (code > 3) {
		d = code - 3;
		which = 2;
	} else {
		which = code - (lits ? 1 : 0);
		d = which == 3 ? reps[0] - 1 : reps[which];
		if (which == 3)
			which = 2;
	}
	for (; which > 0; which--)
		reps[which] = reps[which - 1];
	reps[0] = d;
	return d;
}

static struct output
take_apart(const struct zip_sqe *sqe, const uint8_t *seqs, uint32_t *reps)
{
	const int type = HW_GET(ZIP_REQ_TYPE, sqe->dw9);
	struct output o = {.seqs = calloc(sqe->produced + 2, sizeof(*o.seqs)), .n = sqe->produced};
	uint32_t word, half[2];

	CHECK(is_zstd(type) ? sqe->checksum >> 24 <= 1 : sqe->checksum == 0);
	for (uint32_t i = 0; i < o.n; i++) {
		ZSTD_Sequence *s = &o.seqs[i];

		memcpy(&word, seqs + 8 * i, 4);
		half[0] = seqs[8 * i + 4] | seqs[8 * i + 5] << 8;
		half[1] = seqs[8 * i + 6] | seqs[8 * i + 7] << 8;
		s->matchLength = half[1] + 3;
		if (is_zstd(type)) {
			s->litLength = half[0];
			if (sqe->checksum >> 24 == 1 && (sqe->checksum & 0xffffff) == i)
				s->litLength += 65536;
			s->offset = distance_of(word, reps, s->litLength != 0);
			o.repeated += word <= 3;
		} else {
			s->litLength = word;
			s->offset = half[0] + 1;
		}
		if (s->matchLength > o.longest)
			o.longest = s->matchLength;
	}
	return o;
}

/* out holds pos bytes already, to which matches may refer; want[0..] is the whole. */
static void
rebuild(const struct output *o, const uint8_t *lits, uint32_t nb_lits, uint32_t window,
	uint8_t *out, uint32_t pos, uint32_t end)
{
	for (uint32_t i = 0; i < o->n; i++) {
		const ZSTD_Sequence *s = &o->seqs[i];

		CHECK(s->litLength <= nb_lits && s->litLength <= end - pos);
		memcpy(out + pos, lits, s->litLength);
		lits += s->litLength;
		nb_lits -= s->litLength;
		pos += s->litLength;
		CHECK(s->offset >= 1 && s->offset <= pos && s->offset <= window);
		CHECK(s->matchLength <= end - pos);
		for (uint32_t k = 0; k < s->matchLength; k++, pos++)
			out[pos] = out[pos - s->offset];
	}
	CHECK(nb_lits == end - pos);
	memcpy(out + pos, lits, nb_lits);
}

/* libzstd makes a frame of sequences and decodes it again. Returns the frame's length. */
static size_t
frame_of(const ZSTD_Sequence *seqs, size_t n, const uint8_t *src, size_t len)
{
	size_t room = ZSTD_compressBound(len) + 1000 + 32 * n, clen, dlen;
	uint8_t *frame = malloc(room), *back = malloc(len + 1);
	ZSTD_CCtx *c = ZSTD_createCCtx();

	CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 17)));
	CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_minMatch, 3)));
	CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_blockDelimiters,
		ZSTD_sf_explicitBlockDelimiters)));
	CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_validateSequences, 1)));
	clen = ZSTD_compressSequences(c, frame, room, seqs, n, src, len);
	if (ZSTD_isError(clen))
		fprintf(stderr, "%s\n", ZSTD_getErrorName(clen));
	CHECK(!ZSTD_isError(clen));
	dlen = ZSTD_decompress(back, len + 1, frame, clen);
	CHECK(dlen == len && memcmp(back, src, len) == 0);
	ZSTD_freeCCtx(c);
	free(back);
	free(frame);
	return clen;
}

static void
lz77_sqe(struct zip_sqe *sqe, const struct zip_rig *r, int type, const uint8_t *src, uint32_t len,
	struct area lits, struct area seqs)
{
	rig_sqe(sqe, r, type, src, len, seqs.p, seqs.room);
	sqe->literals_addr = (uintptr_t)lits.p;
	sqe->dw13 = lits.room;
}

/* The request once more with one byte less of room, which does not do. */
static void
expect_no_space(struct zip_rig *r, const struct zip_sqe *done, int type, const uint8_t *src)
{
	const uint32_t need[2] = {done->comp_data_length, 8 * done->produced + tail_of(type)};

	for (int which = -1; which < 2; which++) {
		struct area lits, seqs;
		struct zip_sqe sqe;

		if (which >= 0 && need[which] == 0)
			continue;
		lits = area_new(need[0] - (which == 0));
		seqs = area_new(need[1] - (which == 1));
		lz77_sqe(&sqe, r, type, src, done->consumed, lits, seqs);
		sqe.dw9 = done->dw9;
		if (which < 0) {
			CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_OK);
			CHECK(sqe.produced == done->produced);
		} else {
			CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_NO_SPACE);
			CHECK(sqe.consumed == 0 && sqe.produced == 0 && sqe.comp_data_length == 0);
		}
		area_free(lits);
		area_free(seqs);
	}
}

/* Returns the length of a zstd frame of it, 0 for lz77_only. */
static size_t
check_whole(struct zip_rig *r, int type, unsigned int win, const uint8_t *src, uint32_t len,
	struct output *kept)
{
	uint32_t seq_room = len / 3 * 8 + 8 + tail_of(type);
	struct area lits = area_new(len + 16);
	struct area seqs = area_new(seq_room < ZIP_MAX_LEN ? seq_room : ZIP_MAX_LEN);
	uint32_t reps[3] = {1, 4, 8}, zeros = 0;
	uint8_t *out = malloc(len + 1);
	struct zip_sqe sqe, sent;
	struct output o;
	size_t frame = 0;

	lz77_sqe(&sqe, r, type, src, len, lits, seqs);
	sqe.dw9 = HW_PREP(ZIP_REQ_TYPE, type) | HW_PREP(ZIP_WINDOW, win);
	sqe.stream_ctx_addr = 64;
	sent = sqe;
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_OK);
	CHECK(sqe.dw9 == sent.dw9 && sqe.dw13 == sent.dw13 && sqe.dest_addr == sent.dest_addr);
	CHECK(sqe.consumed == len && sqe.comp_data_length <= len);
	o = take_apart(&sqe, seqs.p, reps);
	rebuild(&o, lits.p, sqe.comp_data_length, windows[win], out, 0, len);
	CHECK(memcmp(out, src, len) == 0);
	for (uint32_t i = 0; i < tail_of(type); i++)
		zeros += seqs.p[8 * sqe.produced + i] == 0;
	CHECK(zeros == tail_of(type));
	/* What is not used of the areas is not written. */
	for (uint32_t i = 8 * sqe.produced + tail_of(type); i < seqs.room; i++)
		CHECK(seqs.p[i] == 0xe5);
	for (uint32_t i = sqe.comp_data_length; i < lits.room; i++)
		CHECK(lits.p[i] == 0xe5);
	if (is_zstd(type) && len > 0) {
		uint32_t used = 0;

		for (uint32_t i = 0; i < o.n; i++)
			used += o.seqs[i].litLength + o.seqs[i].matchLength;
		o.seqs[o.n].litLength = len - used;
		frame = frame_of(o.seqs, o.n + 1, src, len);
	}
	if (len <= MAX_ZSTD)
		expect_no_space(r, &sqe, type, src);
	if (kept != NULL)
		*kept = o;
	free(o.seqs);
	free(out);
	area_free(lits);
	area_free(seqs);
	return frame;
}

static void
test_sizes(struct zip_rig *r, int type)
{
	uint8_t *src = malloc(MAX_ONLY);
	struct output o;

	for (uint32_t len = 0; len < 70; len++) {
		rig_fill(src, len);
		check_whole(r, type, ZIP_WINDOW_32K, src, len, NULL);
	}
	for (int i = 0; i < 40; i++) {
		uint32_t len = rig_rand(MAX_ZSTD + 1);

		rig_fill(src, len);
		check_whole(r, type, rig_rand(5), src, len, NULL);
	}
	/* Zeros: matches longer than a sequence can say. */
	memset(src, 0, MAX_ZSTD);
	check_whole(r, type, ZIP_WINDOW_32K, src, MAX_ZSTD, &o);
	CHECK(o.longest > 65000 && o.n < 8);
	/* Noise: nothing but literals. */
	for (uint32_t i = 0; i < MAX_ZSTD; i++)
		src[i] = rig_rand(256);
	check_whole(r, type, ZIP_WINDOW_32K, src, MAX_ZSTD, &o);
	CHECK(o.n < 20);
	if (!is_zstd(type)) {
		/* Several of the library's runs, whose literals and matches go on. */
		for (uint32_t i = 0; i < MAX_ONLY; i++)
			src[i] = i < 9000 || rig_rand(50) == 0 ? rig_rand(256) : src[i - 9000];
		check_whole(r, type, ZIP_WINDOW_16K, src, MAX_ONLY, NULL);
	}
	free(src);
}

/* Text, whose price is worth it, and whose distances repeat. */
static void
test_text(struct zip_rig *r)
{
	static const char words[][12] = {"queue", "descriptor", "of the", "device", "offset", "is",
		"memory", "and", "a", "literal", "sequence", "window", "in", "completion", "address"};
	uint8_t *src = malloc(MAX_ZSTD + 32);
	struct output o;
	size_t plain, price;
	uint32_t n = 0;

	while (n < MAX_ZSTD)
		n += sprintf((char *)src + n, "%s%c", words[rig_rand(15)], " \n"[rig_rand(9) == 0]);
	plain = check_whole(r, ZIP_TYPE_LZ77_ZSTD, ZIP_WINDOW_32K, src, MAX_ZSTD, &o);
	CHECK(o.n > 1000 && o.repeated > 10);
	price = check_whole(r, ZIP_TYPE_LZ77_ZSTD_PRICE, ZIP_WINDOW_32K, src, MAX_ZSTD, &o);
	CHECK(price < plain && plain < MAX_ZSTD / 2);
	free(src);
}

/*
 * 65536 literals and more before a match: the field wraps, dw31 says where, and without that the
 * data is not rebuilt.
 */
static void
test_long_literals(struct zip_rig *r)
{
	static const uint32_t lengths[] = {60000, 65534, 65535, 65536, 65537, 100000,
		MAX_ZSTD - 3000};
	struct area lits = area_new(MAX_ZSTD + 16), seqs = area_new(20000);
	uint8_t *src = malloc(MAX_ZSTD);

	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		const uint32_t n = lengths[i / 2], before = i % 2, from = before ? 300 : 0;
		const uint32_t len = from + n + 2000;
		struct zip_sqe sqe;

		memset(src, 7, len);
		for (uint32_t k = from; k < from + n; k++)
			src[k] = rig_rand(256);
		check_whole(r, ZIP_TYPE_LZ77_ZSTD, ZIP_WINDOW_32K, src, len, NULL);
		check_whole(r, ZIP_TYPE_LZ77_ONLY, ZIP_WINDOW_32K, src, len, NULL);
		lz77_sqe(&sqe, r, ZIP_TYPE_LZ77_ZSTD, src, len, lits, seqs);
		CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_OK);
		CHECK(sqe.produced > before);
		if (n > 65536)
			CHECK(sqe.checksum == (1u << 24 | before));
		if (n < 65000)
			CHECK(sqe.checksum == 0);
	}
	area_free(lits);
	area_free(seqs);
	free(src);
}

/* What is 5000 bytes back is out of the smallest window, and not of the others. */
static void
test_windows(struct zip_rig *r, int type)
{
	const uint32_t len = 100000;
	uint8_t *src = malloc(len);
	struct output o;

	for (uint32_t i = 0; i < len; i++)
		src[i] = i < 5000 ? rig_rand(256) : src[i - 5000];
	for (unsigned int win = 0; win <= ZIP_WINDOW_32K; win++) {
		check_whole(r, type, win, src, len, &o);
		CHECK(win == 0 ? o.n < 20 : o.longest > 1000);
	}
	free(src);
}

/* ------------------------------------------------------------------ streams */

struct stream {
	struct zip_rig *r;
	int type;
	unsigned int win;
	uint8_t *ctx;
	uint8_t *src, *out;
	uint32_t len, pos;
	uint32_t reps[3];
	struct zip_sqe prev;
	ZSTD_Sequence *all;     /* of the whole frame */
	size_t nb_all;
};

static void
stream_sqe(const struct stream *s, struct zip_sqe *sqe, uint32_t part, struct area lits,
	struct area seqs)
{
	lz77_sqe(sqe, s->r, s->type, s->src + s->pos, part, lits, seqs);
	sqe->dw9 = HW_PREP(ZIP_REQ_TYPE, s->type) | HW_PREP(ZIP_WINDOW, s->win);
	sqe->dw7 &= ~(uint32_t)(ZIP_FLUSH | ZIP_STREAM_NEW);
	sqe->dw7 |= ZIP_STATEFUL | (s->pos == 0 ? ZIP_STREAM_NEW : 0) |
		(s->pos + part == s->len ? ZIP_FLUSH : 0);
	sqe->stream_ctx_addr = (uintptr_t)s->ctx + ZIP_CTX_SW_SIZE;
	sqe->ctx_dw0 = s->prev.ctx_dw0;
	sqe->ctx_dw1 = s->prev.ctx_dw1;
	sqe->ctx_dw2 = s->prev.ctx_dw2;
	sqe->isize = s->prev.isize;
}

/* Also: without room nothing changes, and the same request does it afterwards. */
static void
stream_piece(struct stream *s, uint32_t part)
{
	struct area lits = area_new(part + 16), seqs = area_new(part / 3 * 8 + 8 + 6000);
	const uint32_t least = is_zstd(s->type) ? 1001 : 201;
	uint8_t *before = malloc(ZIP_CTX_SIZE);
	struct zip_sqe sqe, again;
	struct output o;

	memcpy(before, s->ctx, ZIP_CTX_SIZE);
	stream_sqe(s, &sqe, part, lits, seqs);
	again = sqe;
	again.dest_avail_out = least - 1;
	CHECK(rig_run(s->r, ZIP_QC_COMPRESS, &again) == ZIP_ST_NO_SPACE);
	again = sqe;
	again.dw13 = 0;
	if (rig_run(s->r, ZIP_QC_COMPRESS, &again) == ZIP_ST_NO_SPACE) {
		CHECK(again.ctx_dw2 == sqe.ctx_dw2 && again.isize == sqe.isize);
		CHECK(memcmp(before, s->ctx, ZIP_CTX_SIZE) == 0);
	} else {
		/* It had no literals. */
		CHECK(HW_GET(ZIP_STATUS, again.dw3) == ZIP_ST_OK && again.comp_data_length == 0);
		memcpy(s->ctx, before, ZIP_CTX_SIZE);
	}
	again = sqe;
	CHECK(rig_run(s->r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_OK);
	CHECK(sqe.consumed == part && sqe.isize == s->pos + part);
	CHECK(((sqe.dw3 & ZIP_LSTBLK) != 0) == (s->pos + part == s->len));
	CHECK(memcmp(before, s->ctx, ZIP_CTX_SW_SIZE) == 0);
	CHECK(memcmp(before + 64 + ZIP_CTX_HW_MAX, s->ctx + 64 + ZIP_CTX_HW_MAX,
		ZIP_CTX_SIZE - 64 - ZIP_CTX_HW_MAX) == 0);
	o = take_apart(&sqe, seqs.p, s->reps);
	if (is_zstd(s->type))
		CHECK(memcmp(s->ctx + 64 + 784, s->reps, 12) == 0);
	rebuild(&o, lits.p, sqe.comp_data_length, windows[s->win], s->out, s->pos, s->pos + part);
	CHECK(memcmp(s->out, s->src, s->pos + part) == 0);
	if (part > 0) {
		uint32_t used = 0;

		for (uint32_t i = 0; i < o.n; i++)
			used += o.seqs[i].litLength + o.seqs[i].matchLength;
		o.seqs[o.n].litLength = part - used;
		memcpy(s->all + s->nb_all, o.seqs, (o.n + 1) * sizeof(*o.seqs));
		s->nb_all += o.n + 1;
	}
	s->pos += part;
	s->prev = sqe;
	free(o.seqs);
	free(before);
	area_free(lits);
	area_free(seqs);
}

static void
test_stream(struct zip_rig *r, int type, uint32_t len, uint32_t max_part, bool raw_blocks)
{
	struct stream s = {.r = r, .type = type, .win = rig_rand(5), .len = len,
		.ctx = calloc(1, ZIP_CTX_SIZE), .src = malloc(len + 1), .out = malloc(len + 1),
		.reps = {1, 4, 8}, .all = malloc((len / 3 + len / 10 + 2000) * sizeof(*s.all))};

	rig_fill(s.src, len);
	do {
		uint32_t part = rig_rand(max_part + 1), old[3], kept[3];

		part = part < len - s.pos ? part : len - s.pos;
		/* As UADK: the set before the block, its own copy of which begins as zeros. */
		memcpy(old, s.reps, sizeof(old));
		memcpy(kept, s.ctx + 64 + 784, sizeof(kept));
		if (s.pos == 0)
			memset(kept, 0, sizeof(kept));
		stream_piece(&s, part);
		if (raw_blocks && rig_rand(2)) {
			memcpy(s.reps, old, sizeof(old));
			memcpy(s.ctx + 64 + 784, kept, sizeof(kept));
		}
	} while (s.pos < len || (s.prev.dw7 & ZIP_FLUSH) == 0);
	if (is_zstd(type) && len > 0)
		frame_of(s.all, s.nb_all, s.src, len);
	free(s.all);
	free(s.ctx);
	free(s.src);
	free(s.out);
}

/* ------------------------------------------------------------------ the rest */

static void
test_lists(struct zip_rig *r, int type)
{
	const uint32_t len = 1 + rig_rand(20000), soff = rig_rand(50), doff = rig_rand(50);
	struct area lits = area_new(len + 16), seqs = area_new(len / 3 * 8 + 1000 + doff);
	uint8_t *src = malloc(len + soff), *out = malloc(len);
	struct hisi_sgl *in = rig_sgl(src, len + soff), *to = rig_sgl(seqs.p, seqs.room);
	struct hisi_sgl *lit = rig_sgl(lits.p, lits.room);
	uint32_t reps[3] = {1, 4, 8};
	struct zip_sqe sqe;
	struct output o;

	rig_fill(src, len + soff);
	rig_sqe(&sqe, r, type, in, len, to, seqs.room - doff);
	sqe.literals_addr = (uintptr_t)lit;
	sqe.dw13 = lits.room;
	sqe.dw9 |= HW_PREP(ZIP_BUF_TYPE, ZIP_BUF_SGL);
	sqe.dw7 |= soff;
	sqe.dw8 = doff;
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_OK);
	for (uint32_t i = 0; i < doff; i++)
		CHECK(seqs.p[i] == 0xe5);
	o = take_apart(&sqe, seqs.p + doff, reps);
	rebuild(&o, lits.p, sqe.comp_data_length, 32768, out, 0, len);
	CHECK(memcmp(out, src + soff, len) == 0);
	sqe.dw13 = lits.room + 1;       /* more than the list has */
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_BAD_REQ);
	free(o.seqs);
	rig_sgl_free(in);
	rig_sgl_free(to);
	rig_sgl_free(lit);
	free(src);
	free(out);
	area_free(lits);
	area_free(seqs);
}

static void
expect_refused(struct zip_rig *r, int direction, struct zip_sqe sqe)
{
	CHECK(rig_run(r, direction, &sqe) == ZIP_ST_BAD_REQ);
	CHECK(sqe.consumed == 0 && sqe.produced == 0 && sqe.comp_data_length == 0);
}

static void
test_refused(struct zip_rig *r, int type)
{
	const uint32_t max = is_zstd(type) ? MAX_ZSTD : MAX_ONLY;
	struct area lits = area_new(max + 16), seqs = area_new(8000);
	uint8_t *src = calloc(1, max + 1);
	struct zip_sqe sqe;

	lz77_sqe(&sqe, r, type, src, max + 1, lits, seqs);
	expect_refused(r, ZIP_QC_COMPRESS, sqe);
	sqe.input_data_length = max;
	expect_refused(r, ZIP_QC_DECOMPRESS, sqe);
	sqe.literals_addr = 0;
	expect_refused(r, ZIP_QC_COMPRESS, sqe);
	sqe.literals_addr = (uintptr_t)lits.p;
	sqe.dw13 = ZIP_MAX_LEN + 1;
	expect_refused(r, ZIP_QC_COMPRESS, sqe);
	sqe.dw13 = lits.room;
	sqe.dw9 = HW_PREP(ZIP_REQ_TYPE, type) | HW_PREP(ZIP_WINDOW, 5);
	expect_refused(r, ZIP_QC_COMPRESS, sqe);
	sqe.dw9 = HW_PREP(ZIP_REQ_TYPE, type);
	sqe.dw7 |= ZIP_STATEFUL;
	expect_refused(r, ZIP_QC_COMPRESS, sqe);        /* no context */
	sqe.dw7 &= ~(uint32_t)ZIP_STATEFUL;
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_OK);
	free(src);
	area_free(lits);
	area_free(seqs);
}

static void
check_lz4(struct zip_rig *r, const uint8_t *src, uint32_t len)
{
	const uint32_t most = LZ4_compressBound((int)len);
	const uint32_t bound = most < ZIP_MAX_LEN ? most : ZIP_MAX_LEN;
	uint8_t *back = malloc(len);
	struct area out = area_new(bound), tight;
	struct zip_sqe sqe;
	unsigned int st;

	rig_sqe(&sqe, r, ZIP_TYPE_LZ4, src, len, out.p, bound);
	st = rig_run(r, ZIP_QC_COMPRESS, &sqe);
	CHECK(st == (sqe.produced >= len ? ZIP_ST_NEGATIVE : ZIP_ST_OK) && sqe.consumed == len);
	CHECK(LZ4_decompress_safe((char *)out.p, (char *)back, (int)sqe.produced, (int)len) ==
		(int)len && memcmp(back, src, len) == 0);
	for (uint32_t i = sqe.produced; i < bound; i++)
		CHECK(out.p[i] == 0xe5);
	tight = area_new(sqe.produced - 1);
	rig_sqe(&sqe, r, ZIP_TYPE_LZ4, src, len, tight.p, tight.room);
	/* With less room the library may find a shorter one. */
	st = rig_run(r, ZIP_QC_COMPRESS, &sqe);
	CHECK(st == ZIP_ST_NO_SPACE ? sqe.consumed == 0 && sqe.produced == 0 :
		LZ4_decompress_safe((char *)tight.p, (char *)back, (int)sqe.produced, (int)len) == (int)len);
	area_free(tight);
	area_free(out);
	free(back);
}

static void
test_lz4(struct zip_rig *r)
{
	uint8_t *src = malloc(ZIP_MAX_LEN), *out = malloc(20000), *back = malloc(10000);
	struct hisi_sgl *in, *to;
	struct zip_sqe sqe;

	for (uint32_t len = 1; len < 40; len++) {
		rig_fill(src, len);
		check_lz4(r, src, len);
	}
	for (int i = 0; i < 40; i++) {
		uint32_t len = 1 + rig_rand(200000);

		rig_fill(src, len);
		check_lz4(r, src, len);
	}
	for (uint32_t i = 0; i < ZIP_MAX_LEN; i++)
		src[i] = i < 9000 || rig_rand(50) == 0 ? rig_rand(256) : src[i - 9000];
	check_lz4(r, src, ZIP_MAX_LEN);
	in = rig_sgl(src, 10000);
	to = rig_sgl(out, 20000);
	rig_sqe(&sqe, r, ZIP_TYPE_LZ4, in, 10000, to, 20000);
	sqe.dw9 |= HW_PREP(ZIP_BUF_TYPE, ZIP_BUF_SGL);
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) <= ZIP_ST_NEGATIVE);
	CHECK(LZ4_decompress_safe((char *)out, (char *)back, (int)sqe.produced, 10000) == 10000);
	CHECK(memcmp(back, src, 10000) == 0);
	rig_sgl_free(in);
	rig_sgl_free(to);
	rig_sqe(&sqe, r, ZIP_TYPE_LZ4, src, 1000, out, 20000);
	expect_refused(r, ZIP_QC_DECOMPRESS, sqe);
	sqe.dw7 |= ZIP_STATEFUL;
	expect_refused(r, ZIP_QC_COMPRESS, sqe);
	rig_sqe(&sqe, r, ZIP_TYPE_LZ4, src, 0, out, 20000);
	expect_refused(r, ZIP_QC_COMPRESS, sqe);
	free(back);
	free(out);
	free(src);
}

int
main(int argc, char **argv)
{
	const char *engine = argc > 1 ? argv[1] : "zlib";
	struct zip_rig r;

	rig_open(&r, 5, engine);
	for (int t = 0; t < 4; t++) {
		test_sizes(&r, types[t]);
		test_windows(&r, types[t]);
		test_refused(&r, types[t]);
		for (int i = 0; i < 10; i++) {
			test_lists(&r, types[t]);
			test_stream(&r, types[t], rig_rand(300000), 1 + rig_rand(MAX_ZSTD), false);
			test_stream(&r, types[t], rig_rand(20000), 1 + rig_rand(300), false);
		}
	}
	for (int i = 0; i < 10; i++)
		test_stream(&r, ZIP_TYPE_LZ77_ZSTD, rig_rand(100000), 10000, true);
	test_text(&r);
	test_long_literals(&r);
	test_lz4(&r);
	rig_close(&r);
	printf("zip_lz77: ok\n");
	return 0;
}
