/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LZ77 output and LZ4 blocks through libwd and the emulator: the data is rebuilt from what came
 * out, libzstd makes frames of the sequences and decodes them. A device that does not announce
 * an algorithm refuses its sessions.
 * Arguments: the emulator's options, such as "hw=v2", and another device than "emu".
 */
#include <errno.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "arena.h"
#include "fake.h"
#include "wd_lz77.h"

#define LEN (128u << 10)

static struct wd_device *dev;
static struct wd_queue q;
static struct {
	uint8_t text[LEN], lits[LEN + 16], out[LEN];
	uint64_t seqs[LEN / 3 + 700];
	uint8_t sess[512] __attribute__((aligned(WD_SESSION_ALIGN)));
	uint8_t stream[1 << 16] __attribute__((aligned(WD_SESSION_ALIGN)));
} ARENA mem;
static uint8_t back[LEN], frame[2 * LEN];
static ZSTD_Sequence taken[LEN / 3 + 10000];
static size_t nb_taken;
static uint32_t reps[3];
static unsigned int runs;
#define SESS ((struct wd_session *)(void *)mem.sess)
#define STREAM ((struct wd_stream *)(void *)mem.stream)
#define ADDR(p) arena_addr(dev, p)

/* Words, noise that is repeated far behind, or zeros. */
static void
make_data(unsigned int kind)
{
	for (uint32_t n = 0; n < LEN; n++) {
		if (kind == 0)
			mem.text[n] = n % 37 < 30 && n > 1000 ? mem.text[n - 777] : 'a' + rand() % 20;
		else if (kind == 1)
			mem.text[n] = n < 70000 ? rand() : mem.text[n - 20000];
		else
			mem.text[n] = 0;
	}
}

static struct wd_cpl
run(const struct wd_req *r)
{
	runs++;
	return run_one(&q, r);
}

static uint32_t
distance(uint32_t code, bool lits)
{
	uint32_t which = code - (lits ? 1 : 0), d;

	d = code > 3 ? code - 3 : which == 3 ? reps[0] - 1 : reps[which];
	if (code > 3 || which > 2)
		which = 2;
	for (; which > 0; which--)
		reps[which] = reps[which - 1];
	reps[0] = d;
	return d;
}

/* What one completion has to say about the data from pos on. */
static void
rebuild(enum wd_comp_alg alg, const struct wd_cpl *c, uint32_t pos)
{
	const struct wd_seq_zstd *z = (const void *)mem.seqs;
	const struct wd_seq_lz77 *o = (const void *)mem.seqs;
	const uint32_t end = pos + c->consumed;
	const uint8_t *lit = mem.lits;

	for (uint32_t i = 0; i < c->produced; i++) {
		ZSTD_Sequence s = {0};

		if (alg == WD_COMP_LZ77_ZSTD) {
			s.litLength = wd_seq_zstd_lits(z, i, c);
			s.matchLength = z[i].match_len + WD_LZ77_MIN_MATCH;
			s.offset = distance(z[i].offset, s.litLength != 0);
		} else {
			s.litLength = o[i].lit_len;
			s.matchLength = o[i].match_len + WD_LZ77_MIN_MATCH;
			s.offset = o[i].distance + 1;
		}
		CHECK(s.litLength + s.matchLength <= end - pos);
		memcpy(back + pos, lit, s.litLength);
		lit += s.litLength;
		pos += s.litLength;
		CHECK(s.offset != 0 && s.offset <= pos && s.offset <= 32768);
		for (uint32_t k = 0; k < s.matchLength; k++, pos++)
			back[pos] = back[pos - s.offset];
		taken[nb_taken++] = s;
	}
	CHECK_EQ(lit - mem.lits + (end - pos), c->literals);
	memcpy(back + pos, lit, end - pos);
	taken[nb_taken++] = (ZSTD_Sequence){.litLength = end - pos};
	CHECK(memcmp(back, mem.text, end) == 0);
}

static void
check_frame(uint32_t len)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 17);
	ZSTD_CCtx_setParameter(c, ZSTD_c_minMatch, 3);
	ZSTD_CCtx_setParameter(c, ZSTD_c_blockDelimiters, ZSTD_sf_explicitBlockDelimiters);
	ZSTD_CCtx_setParameter(c, ZSTD_c_validateSequences, 1);
	n = ZSTD_compressSequences(c, frame, sizeof(frame), taken, nb_taken, mem.text, len);
	CHECK(!ZSTD_isError(n));
	CHECK_EQ(ZSTD_decompress(back, LEN, frame, n), len);
	CHECK(memcmp(back, mem.text, len) == 0);
	ZSTD_freeCCtx(c);
}

static struct wd_req
request(uint32_t pos, uint32_t len)
{
	return (struct wd_req){.sess = SESS, .tag = &mem, .src = ADDR(mem.text + pos), .src_len = len,
		.dst = ADDR(mem.seqs), .dst_len = wd_lz77_seq_room(len), .lit = ADDR(mem.lits),
		.lit_len = wd_lz77_lit_room(len), .flush = WD_FLUSH_FINAL};
}

static void
begin(void)
{
	static const uint32_t first[3] = {1, 4, 8};

	nb_taken = 0;
	memcpy(reps, first, sizeof(reps));
	memset(back, 0xee, sizeof(back));
}

static void
test_whole(enum wd_comp_alg alg, uint32_t len)
{
	struct wd_req r = request(0, len);
	struct wd_cpl c;

	begin();
	c = run(&r);
	CHECK_EQ(c.status, WD_OK);
	CHECK_EQ(c.consumed, len);
	rebuild(alg, &c, 0);
	if (alg == WD_COMP_LZ77_ZSTD)
		check_frame(len);
}

static void
test_pieces(enum wd_comp_alg alg)
{
	uint32_t pos = 0, part;
	struct wd_cpl c;

	begin();
	CHECK_EQ(wd_stream_init(dev, STREAM, ADDR(STREAM), SESS), 0);
	while (pos < LEN) {
		struct wd_req r;

		part = 1 + rand() % 30000;
		if (part > LEN - pos)
			part = LEN - pos;
		r = request(pos, part);
		r.stream = (uintptr_t)STREAM;
		r.flush = pos + part == LEN ? WD_FLUSH_FINAL : WD_FLUSH_SYNC;
		/* Refused for its room, and none the worse for it. */
		r.dst_len = alg == WD_COMP_LZ77_ZSTD ? 1000 : 200;
		CHECK_EQ(run(&r).status, WD_NO_SPACE);
		r.dst_len = wd_lz77_seq_room(part);
		c = run(&r);
		CHECK_EQ(c.status, WD_OK);
		CHECK_EQ(c.consumed, part);
		rebuild(alg, &c, pos);
		pos += part;
	}
	if (alg == WD_COMP_LZ77_ZSTD)
		check_frame(LEN);
	wd_stream_fini(dev, STREAM);
}

static void
test_wrong(enum wd_comp_alg alg)
{
	struct wd_seg seg = {.addr = ADDR(mem.text), .len = 1000};
	struct wd_req r = request(0, 40000);
	struct wd_cpl c;

	r.dst_len = 900;
	c = run(&r);
	CHECK_EQ(c.status, WD_NO_SPACE);
	CHECK(c.consumed == 0 && c.produced == 0);
	r = request(0, 1000);
	r.lit_len--;
	CHECK_EQ(run(&r).status, WD_NO_SPACE);
	r = request(0, 1000);
	r.src_list = &seg;
	r.src_segs = 1;
	CHECK_EQ(run(&r).status, WD_BAD_REQ);
	r = request(0, 0);
	CHECK_EQ(run(&r).status, WD_BAD_REQ);
	r = request(0, 1000);
	r.src_len = 1 + (alg == WD_COMP_LZ77_ZSTD ? WD_LZ77_ZSTD_MAX_LEN : WD_LZ77_ONLY_MAX_LEN);
	CHECK_EQ(run(&r).status, WD_BAD_REQ);
}

static void
test_lz77(enum wd_comp_alg alg)
{
	struct wd_comp_xform x = {.alg = alg};

	CHECK_EQ(wd_session_init_comp(dev, SESS, ADDR(SESS), &x), -ENOTSUP);
	x.compress = 1;
	for (unsigned int kind = 0; kind < 3; kind++) {
		make_data(kind);
		x.level = kind == 0 ? 9 : 1;
		CHECK_EQ(wd_session_init_comp(dev, SESS, ADDR(SESS), &x), 0);
		for (int i = 0; i < 8; i++)
			test_whole(alg, 1 + rand() % (4u << 2 * i));
		test_whole(alg, LEN);
		x.level = 1;
		CHECK_EQ(wd_session_init_comp(dev, SESS, ADDR(SESS), &x), 0);
		test_pieces(alg);
	}
	make_data(0);
	test_wrong(alg);
	wd_session_fini(dev, SESS);
}

static void
test_lz4(void)
{
	struct wd_comp_xform x = {.alg = WD_COMP_LZ4};
	struct wd_req r;
	struct wd_cpl c;

	CHECK_EQ(wd_session_init_comp(dev, SESS, ADDR(SESS), &x), -ENOTSUP);
	x.compress = 1;
	CHECK_EQ(wd_session_init_comp(dev, SESS, ADDR(SESS), &x), 0);
	CHECK_EQ(wd_stream_init(dev, STREAM, ADDR(STREAM), SESS), -ENOTSUP);
	make_data(0);
	for (uint32_t len = 1; len <= LEN; len *= 2) {
		r = request(0, len);
		r.dst_len = sizeof(mem.seqs);
		c = run(&r);
		CHECK_EQ(c.status, WD_OK);
		CHECK_EQ(c.consumed, len);
		CHECK_EQ(LZ4_decompress_safe((char *)mem.seqs, (char *)back, c.produced, len), len);
		CHECK(memcmp(back, mem.text, len) == 0);
	}
	r.dst_len = 300;
	CHECK_EQ(run(&r).status, WD_NO_SPACE);
	r.src_len = 0;
	CHECK_EQ(run(&r).status, WD_BAD_REQ);
	wd_session_fini(dev, SESS);
}

int
main(int argc, char **argv)
{
	static const enum wd_comp_alg algs[] = {WD_COMP_LZ77_ZSTD, WD_COMP_LZ77_ONLY, WD_COMP_LZ4};
	const char *options = argc > 1 && argv[1][0] != '\0' ? argv[1] : NULL;
	const char *spec = argc > 2 ? argv[2] : "emu";
	unsigned int found = 0, want;
	struct wd_dev_info info;
	char err[256];

	srand(3);
	if (wd_device_open(spec, "zip", options, -1, &dev, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	CHECK_EQ(arena_share(dev, &mem, sizeof(mem)), 0);
	CHECK(wd_stream_size(dev) <= sizeof(mem.stream));
	q = (struct wd_queue){.dev = dev, .numa_node = -1, .type = 0};
	CHECK_EQ(wd_request_queue(&q), 0);
	for (int i = 0; i < 3; i++) {
		struct wd_comp_xform x = {.alg = algs[i], .compress = 1};

		if (!(wd_device_caps(dev)->comps & 1u << algs[i])) {
			CHECK_EQ(wd_session_init_comp(dev, SESS, ADDR(SESS), &x), -ENOTSUP);
			continue;
		}
		found++;
		if (algs[i] == WD_COMP_LZ4)
			test_lz4();
		else
			test_lz77(algs[i]);
	}
	/* Generations differ. */
	CHECK_EQ(wd_device_info(dev, &info), 0);
	want = strstr(info.api, "_v2") != NULL ? 0 : strstr(info.api, "_v3") != NULL ? 2 : 3;
	CHECK_EQ(found, want);
	wd_release_queue(&q);
	CHECK_EQ(wd_device_close(dev), 0);
	printf("%s: %u algorithms, %u requests\n", info.api, found, runs);
	return 0;
}
