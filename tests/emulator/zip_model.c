/* SPDX-License-Identifier: BSD-3-Clause */
/* The ZIP model, request by request: descriptors built by hand, results judged by zlib. */
#include "zip_rig.h"

#define MAX_DATA        200000
#define ROOM(len)       ((len) + (len) / 8 + 300)

static const int types[] = {ZIP_TYPE_DEFLATE, ZIP_TYPE_ZLIB, ZIP_TYPE_GZIP};

static uint32_t
plain_checksum(int type, const uint8_t *p, uint32_t len)
{
	return type == ZIP_TYPE_ZLIB ? adler32(1, p, len) : type == ZIP_TYPE_GZIP ? crc32(0, p, len) : 0;
}

static uint32_t
reported_checksum(int type, const struct zip_sqe *sqe)
{
	return zip_checksum_in(type, sqe->checksum);
}

static void
test_checksum_form(void)
{
	/* D4: CRC-32 = bit_reverse(~X). CRC-32 of nothing is 0, so X is all ones. */
	CHECK(zip_checksum_out(ZIP_TYPE_GZIP, 0) == 0xffffffff);
	CHECK(zip_checksum_out(ZIP_TYPE_GZIP, 1) == 0x7fffffff);
	CHECK(zip_checksum_in(ZIP_TYPE_GZIP, zip_checksum_out(ZIP_TYPE_GZIP, 0x12345678)) == 0x12345678);
	CHECK(zip_checksum_out(ZIP_TYPE_ZLIB, 0x12345678) == 0x12345678);
}

static void
test_whole_flat(struct zip_rig *r, int type)
{
	uint32_t len = rig_rand(3) ? rig_rand(3000) : rig_rand(MAX_DATA), clen, room = ROOM(len);
	uint8_t *src = malloc(len), *mid = malloc(room), *out;
	const struct zip_sqe *keep;
	struct zip_sqe sqe, sent;
	unsigned int status;

	rig_fill(src, len);
	rig_sqe(&sqe, r, type, src, len, mid, room);
	sqe.dw13 = 0x1234;
	sqe.tag_l = 0x55aa;
	sqe.stream_ctx_addr = 64;       /* D10: not looked at in a whole stream */
	sent = sqe;
	keep = &sqe;
	status = rig_run(r, ZIP_QC_COMPRESS, &sqe);
	CHECK(keep->dw7 == sent.dw7 && keep->dw9 == sent.dw9 && keep->dw13 == sent.dw13);
	CHECK(keep->tag_l == sent.tag_l && keep->source_addr == sent.source_addr);
	CHECK(status == (sqe.produced >= len ? ZIP_ST_NEGATIVE : ZIP_ST_OK));
	CHECK(sqe.consumed == len && sqe.produced <= room);
	CHECK(rig_inflates_to(type, mid, sqe.produced, src, len));
	CHECK(reported_checksum(type, &sqe) == plain_checksum(type, src, len));

	/* Back, with room for exactly the data. */
	clen = sqe.produced;
	out = malloc(len);
	rig_sqe(&sqe, r, type, mid, clen, out, len);
	CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_OK);
	CHECK((sqe.dw3 & ZIP_LSTBLK) != 0);
	CHECK(sqe.consumed == clen && sqe.produced == len && memcmp(out, src, len) == 0);
	CHECK(reported_checksum(type, &sqe) == plain_checksum(type, src, len));
	if (len > 0) {
		rig_sqe(&sqe, r, type, mid, clen, out, len - 1);
		CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_NO_SPACE);
		CHECK(sqe.produced == len - 1 && memcmp(out, src, len - 1) == 0);
	}
	free(out);
	free(mid);
	free(src);
}

static void
test_whole_sgl(struct zip_rig *r, int type)
{
	uint32_t len = 1 + rig_rand(20000), soff = rig_rand(50), doff = rig_rand(50), clen;
	uint8_t *src = malloc(len + soff), *mid = malloc(ROOM(len) + doff), *out = malloc(len + doff);
	struct hisi_sgl *in = rig_sgl(src, len + soff), *to = rig_sgl(mid, ROOM(len) + doff);
	struct zip_sqe sqe;

	rig_fill(src, len + soff);
	memset(mid, 0xee, doff);
	rig_sqe(&sqe, r, type, in, len, to, ROOM(len));
	sqe.dw9 |= HW_PREP(ZIP_BUF_TYPE, ZIP_BUF_SGL);
	sqe.dw7 |= soff;
	sqe.dw8 = doff;
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == (sqe.produced >= len ? ZIP_ST_NEGATIVE : ZIP_ST_OK));
	CHECK(rig_inflates_to(type, mid + doff, sqe.produced, src + soff, len));
	for (uint32_t i = 0; i < doff; i++)
		CHECK(mid[i] == 0xee);
	rig_sgl_free(in);
	rig_sgl_free(to);

	clen = sqe.produced;
	in = rig_sgl(mid, clen + doff);
	to = rig_sgl(out, len + doff);
	rig_sqe(&sqe, r, type, in, clen, to, len);
	sqe.dw9 |= HW_PREP(ZIP_BUF_TYPE, ZIP_BUF_SGL);
	sqe.dw7 |= doff;
	sqe.dw8 = doff;
	CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_OK);
	CHECK(sqe.consumed == clen && sqe.produced == len && memcmp(out + doff, src + soff, len) == 0);
	/* A list too short for what the descriptor says. */
	rig_sqe(&sqe, r, type, in, clen + 1, to, len);
	sqe.dw9 |= HW_PREP(ZIP_BUF_TYPE, ZIP_BUF_SGL);
	sqe.dw7 |= doff;
	CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_BAD_REQ);
	rig_sgl_free(in);
	rig_sgl_free(to);
	free(out);
	free(mid);
	free(src);
}

/* What zlib made, in all block types, with bytes behind it that belong to somebody else. */
static void
test_whole_foreign(struct zip_rig *r, int type)
{
	uint32_t len = rig_rand(50000), clen, room = ROOM(len) + 20000;
	uint8_t *src = malloc(len), *mid = malloc(room), *out = malloc(len);
	struct zip_sqe sqe;

	rig_fill(src, len);
	clen = rig_deflate(type, src, len, mid, room - 5);
	memset(mid + clen, 0xff, 5);
	rig_sqe(&sqe, r, type, mid, clen + 5, out, len);
	CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_OK);
	CHECK(sqe.consumed == clen && sqe.produced == len && memcmp(out, src, len) == 0);
	if (type != ZIP_TYPE_DEFLATE) {
		int trailer = type == ZIP_TYPE_ZLIB ? 4 : 8;

		/* Raw DEFLATE sent as a framed one (D10): no trailer, or other bytes in its place. */
		rig_sqe(&sqe, r, type, mid, clen - trailer, out, len);
		CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_CRC_ERR);
		CHECK(HW_GET(ZIP_CTX_ST, sqe.ctx_dw0) == ZIP_CTX_ST_NO_CRC && (sqe.dw3 & ZIP_LSTBLK));
		CHECK(sqe.consumed == clen - trailer && sqe.produced == len);
		mid[clen - 1] ^= 0x10;
		rig_sqe(&sqe, r, type, mid, clen, out, len);
		CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_CRC_ERR);
		CHECK(sqe.ctx_dw0 == 0 && sqe.consumed == clen && sqe.produced == len);
		CHECK(memcmp(out, src, len) == 0);
	} else {
		uint8_t *more = malloc(len + 1);

		rig_sqe(&sqe, r, type, mid, clen - 1, more, len + 1);
		CHECK(rig_run(r, ZIP_QC_DECOMPRESS, &sqe) == ZIP_ST_BAD_DATA);
		CHECK((sqe.dw3 & ZIP_LSTBLK) == 0);
		free(more);
	}
	free(out);
	free(mid);
	free(src);
}

static void
expect_refused(struct zip_rig *r, int direction, struct zip_sqe *sqe)
{
	CHECK(rig_run(r, direction, sqe) == ZIP_ST_BAD_REQ);
	CHECK(sqe->consumed == 0 && sqe->produced == 0);
}

static void
test_refused(struct zip_rig *r)
{
	const int type = ZIP_TYPE_ZLIB;
	static uint8_t buf[512], out[512], ctx[ZIP_CTX_SIZE];
	struct zip_sqe sqe;

	rig_sqe(&sqe, r, type, buf, ZIP_MAX_LEN + 1, out, sizeof(out));
	expect_refused(r, ZIP_QC_COMPRESS, &sqe);
	rig_sqe(&sqe, r, type, buf, sizeof(buf), out, ZIP_MAX_LEN + 1);
	expect_refused(r, ZIP_QC_COMPRESS, &sqe);
	rig_sqe(&sqe, r, type, NULL, sizeof(buf), out, sizeof(out));
	expect_refused(r, ZIP_QC_COMPRESS, &sqe);
	rig_sqe(&sqe, r, type, buf, sizeof(buf), NULL, sizeof(out));
	expect_refused(r, ZIP_QC_DECOMPRESS, &sqe);
	for (int t = 0; t < 256; t++) {
		const bool both = t == ZIP_TYPE_ZLIB || t == ZIP_TYPE_GZIP ||
			(t == ZIP_TYPE_DEFLATE && r->dev.hw > 2);
		const bool one = (t >= 0x40 && t <= 0x43 && r->dev.hw > 2) || (t == 4 && r->dev.hw > 3);

		if (both)
			continue;
		rig_sqe(&sqe, r, t, buf, sizeof(buf), out, sizeof(out));
		expect_refused(r, one ? ZIP_QC_DECOMPRESS : t & 1, &sqe);
	}
	rig_sqe(&sqe, r, type, buf, sizeof(buf), out, sizeof(out));
	sqe.dw9 |= HW_PREP(ZIP_WINDOW, 7);
	expect_refused(r, ZIP_QC_COMPRESS, &sqe);
	rig_sqe(&sqe, r, type, buf, sizeof(buf), out, sizeof(out));
	sqe.dw9 |= HW_PREP(ZIP_BUF_TYPE, 2);
	expect_refused(r, ZIP_QC_COMPRESS, &sqe);
	rig_sqe(&sqe, r, type, buf, sizeof(buf), out, sizeof(out));
	sqe.dw7 ^= HW_PREP(ZIP_SQE_TYPE, 3);
	expect_refused(r, ZIP_QC_COMPRESS, &sqe);
	rig_sqe(&sqe, r, type, buf, sizeof(buf), out, sizeof(out));
	sqe.dw7 |= ZIP_STATEFUL;
	expect_refused(r, ZIP_QC_COMPRESS, &sqe);
	sqe.stream_ctx_addr = (uintptr_t)ctx;
	sqe.dw7 &= ~ZIP_STREAM_NEW;
	expect_refused(r, ZIP_QC_DECOMPRESS, &sqe);     /* never started */
	rig_sqe(&sqe, r, type, buf, sizeof(buf), out, 3);
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_NO_SPACE);
}

/* No distance may exceed the window asked for: zlib with that window decodes it. */
static void
test_windows(struct zip_rig *r)
{
	static const int bits[] = {12, 13, 14, 15, 15};
	const uint32_t len = 150000;
	uint8_t *src = malloc(len), *mid = malloc(ROOM(len)), *out = malloc(len);
	struct zip_sqe sqe;

	for (uint32_t i = 0; i < len; i++)
		src[i] = i < 5000 || rig_rand(10) == 0 ? rig_rand(256) : src[i - 5000];
	for (unsigned int win = 0; win <= ZIP_WINDOW_32K; win++) {
		z_stream zs = {0};

		rig_sqe(&sqe, r, ZIP_TYPE_ZLIB, src, len, mid, ROOM(len));
		sqe.dw9 = HW_PREP(ZIP_REQ_TYPE, ZIP_TYPE_ZLIB) | HW_PREP(ZIP_WINDOW, win);
		CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) <= ZIP_ST_NEGATIVE);
		CHECK(inflateInit2(&zs, -bits[win]) == Z_OK);
		zs.next_in = mid;
		zs.next_out = out;
		/* In pieces: with all room at once zlib would not look at its window. */
		zs.avail_in = sqe.produced - 4;
		while (zs.total_out < len) {
			zs.avail_out = len - zs.total_out < 100 ? len - zs.total_out : 100;
			CHECK(inflate(&zs, Z_SYNC_FLUSH) >= 0);
		}
		CHECK(memcmp(src, out, len) == 0);
		inflateEnd(&zs);
	}
	free(out);
	free(mid);
	free(src);
}

/* The context: software's part must stay, and what is behind the engine's part too. */
struct context {
	uint8_t sw[ZIP_CTX_SW_SIZE];
	uint8_t hw[ZIP_CTX_SIZE - ZIP_CTX_SW_SIZE];
};

static struct context *
context_new(void)
{
	struct context *c = aligned_alloc(64, sizeof(*c));

	CHECK(c != NULL);
	memset(c, 0, sizeof(*c));
	memset(c->sw, 0xa1, sizeof(c->sw));
	memset(c->hw + ZIP_CTX_HW_MAX, 0xa2, sizeof(c->hw) - ZIP_CTX_HW_MAX);
	return c;
}

static void
context_free(struct context *c)
{
	for (size_t i = 0; i < sizeof(c->sw); i++)
		CHECK(c->sw[i] == 0xa1);
	for (size_t i = ZIP_CTX_HW_MAX; i < sizeof(c->hw); i++)
		CHECK(c->hw[i] == 0xa2);
	free(c);
}

/* The next request of a stream, as drivers carry the fields over. */
static void
next_piece(struct zip_sqe *sqe, const struct zip_rig *r, int type, struct context *c, bool start,
	const struct zip_sqe *prev)
{
	rig_sqe(sqe, r, type, NULL, 0, NULL, 0);
	sqe->dw7 = (sqe->dw7 & HW_MASK(31, 28)) | ZIP_STATEFUL | (start ? ZIP_STREAM_NEW : 0);
	sqe->stream_ctx_addr = (uintptr_t)c->hw;
	if (start)
		return;
	sqe->ctx_dw0 = prev->ctx_dw0;
	sqe->ctx_dw1 = prev->ctx_dw1;
	sqe->ctx_dw2 = prev->ctx_dw2;
	sqe->isize = prev->isize;
	sqe->checksum = prev->checksum;
}

static uint32_t
compress_pieces(struct zip_rig *r, int type, const uint8_t *src, uint32_t len, uint8_t *mid,
	uint32_t room)
{
	struct context *c = context_new();
	uint32_t in = 0, out = 0, part;
	struct zip_sqe sqe, prev = {0};
	bool start = true, last;

	do {
		unsigned int status;

		part = rig_rand(2) ? rig_rand(len - in + 1) : rig_rand(1000);
		if (part > len - in)
			part = len - in;
		last = part == len - in && rig_rand(2) == 0;
		next_piece(&sqe, r, type, c, start, &prev);
		sqe.input_data_length = part;
		sqe.source_addr = (uintptr_t)src + in;
		sqe.dest_addr = (uintptr_t)mid + out;
		sqe.dest_avail_out = part + part / 8 + 200;     /* D4: what drivers guarantee */
		CHECK(out + sqe.dest_avail_out <= room);
		sqe.dw7 |= last ? ZIP_FLUSH : 0;
		status = rig_run(r, ZIP_QC_COMPRESS, &sqe);
		CHECK(status == ZIP_ST_OK || status == ZIP_ST_NEGATIVE);
		CHECK(sqe.consumed == part && sqe.isize == (type == ZIP_TYPE_DEFLATE ? sqe.isize : in + part));
		in += part;
		out += sqe.produced;
		if (!last) {
			/* A stored final block makes it a whole stream at any time (D4). */
			static const uint8_t end[] = {1, 0, 0, 0xff, 0xff};

			memcpy(mid + out, end, 5);
			CHECK(rig_inflates_to(ZIP_TYPE_DEFLATE, mid, out + 5, src, in));
		}
		prev = sqe;
		start = false;
	} while (!last);
	CHECK(reported_checksum(type, &sqe) == plain_checksum(type, src, len));
	context_free(c);
	return out;
}

static void
test_compress_pieces(struct zip_rig *r, int type)
{
	uint32_t len = rig_rand(100000), room = 4 * len + 100000, clen;
	uint8_t *src = malloc(len), *mid = malloc(room);

	rig_fill(src, len);
	clen = compress_pieces(r, type, src, len, mid, room);
	CHECK(rig_inflates_to(type, mid, clen, src, len));
	free(mid);
	free(src);
}

/* A request without room changes nothing: done again with room, the stream goes on. */
static void
test_compress_no_room(struct zip_rig *r)
{
	static uint8_t src[2 * 3000], mid[3 * 4000];
	struct context *c = context_new(), before;
	struct zip_sqe sqe, prev;
	uint32_t out;

	for (size_t i = 0; i < sizeof(src); i++)
		src[i] = rig_rand(256);
	next_piece(&prev, r, ZIP_TYPE_GZIP, c, true, NULL);
	prev.source_addr = (uintptr_t)src;
	prev.input_data_length = 3000;
	prev.dest_addr = (uintptr_t)mid;
	prev.dest_avail_out = 4000;
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &prev) == ZIP_ST_NEGATIVE);
	out = prev.produced;
	before = *c;
	for (int again = 0; again < 2; again++) {
		next_piece(&sqe, r, ZIP_TYPE_GZIP, c, false, &prev);
		sqe.dw7 |= ZIP_FLUSH;
		sqe.source_addr = (uintptr_t)src + 3000;
		sqe.input_data_length = 3000;
		sqe.dest_addr = (uintptr_t)mid + out;
		sqe.dest_avail_out = again ? 4000 : 2000;
		if (!again) {
			CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_NO_SPACE);
			CHECK(sqe.consumed == 0 && sqe.produced == 0);
			CHECK(sqe.ctx_dw2 == prev.ctx_dw2 && sqe.checksum == prev.checksum);
			CHECK(memcmp(&before, c, sizeof(before)) == 0);
		}
	}
	CHECK(rig_run(r, ZIP_QC_COMPRESS, &sqe) == ZIP_ST_NEGATIVE);
	CHECK(rig_inflates_to(ZIP_TYPE_GZIP, mid, out + sqe.produced, src, sizeof(src)));
	context_free(c);
}

static void
test_decompress_pieces(struct zip_rig *r, int type)
{
	uint32_t len = rig_rand(100000), room = ROOM(len) + 20000, clen, in = 0, out = 0, turns = 0;
	uint8_t *src = malloc(len), *mid = malloc(room), *dst = malloc(len + 3000);
	const uint32_t max_in = rig_rand(3) ? 1 + rig_rand(3000) : 1 + rig_rand(9);
	struct context *c = context_new();
	struct zip_sqe sqe, prev = {0};
	unsigned int status;

	rig_fill(src, len);
	clen = rig_deflate(type, src, len, mid, room);
	do {
		next_piece(&sqe, r, type, c, turns == 0, &prev);
		sqe.input_data_length = rig_rand(max_in + 1);
		if (sqe.input_data_length > clen - in)
			sqe.input_data_length = clen - in;
		sqe.source_addr = (uintptr_t)mid + in;
		sqe.dest_addr = (uintptr_t)dst + out;
		sqe.dest_avail_out = ZIP_MIN_OUT + rig_rand(2000);
		status = rig_run(r, ZIP_QC_DECOMPRESS, &sqe);
		CHECK(status == ZIP_ST_OK || status == ZIP_ST_DECOMP_END);
		CHECK(sqe.consumed <= sqe.input_data_length && sqe.produced <= sqe.dest_avail_out);
		in += sqe.consumed;
		out += sqe.produced;
		CHECK(out <= len && memcmp(dst, src, out) == 0);
		CHECK(HW_GET(ZIP_CTX_ST, sqe.ctx_dw0) != ZIP_CTX_ST_NO_CRC || (sqe.dw3 & ZIP_LSTBLK));
		prev = sqe;
		CHECK(++turns < 1000000);
	} while (status != ZIP_ST_DECOMP_END);
	CHECK((sqe.dw3 & ZIP_LSTBLK) != 0 && in == clen && out == len);
	CHECK(reported_checksum(type, &sqe) == plain_checksum(type, src, len));
	/* Over is over. */
	next_piece(&sqe, r, type, c, false, &prev);
	sqe.dest_addr = (uintptr_t)dst;
	sqe.dest_avail_out = 1000;
	expect_refused(r, ZIP_QC_DECOMPRESS, &sqe);
	context_free(c);
	free(dst);
	free(mid);
	free(src);
}

static void
test_skip(struct zip_rig *r, int direction)
{
	struct context *c = context_new(), before = *c;
	uint8_t out[ZIP_SKIP_AVAIL];
	struct zip_sqe sqe, sent;

	next_piece(&sqe, r, ZIP_TYPE_ZLIB, c, false, &(struct zip_sqe){.ctx_dw2 = 7, .checksum = 9});
	sqe.dest_addr = (uintptr_t)out;
	sqe.dest_avail_out = ZIP_SKIP_AVAIL;
	sent = sqe;
	CHECK(rig_run(r, direction, &sqe) == ZIP_ST_OK);
	CHECK(memcmp(&sqe, &sent, sizeof(sqe)) == 0 && memcmp(c, &before, sizeof(before)) == 0);
	/* Any other small room is below the engine's minimum. */
	sqe.dest_avail_out = ZIP_SKIP_AVAIL + 1;
	CHECK(rig_run(r, direction, &sqe) == ZIP_ST_NO_SPACE);
	context_free(c);
}

/* More streams than the table holds: the oldest are lost and say so, the others go on. */
static void
test_many_streams(struct zip_rig *r)
{
	enum { N = ZIP_TABLE_MAX + 50 };
	static struct zip_sqe state[N];
	uint8_t src[600], mid[1000], out[600];
	struct context *c = malloc(N * sizeof(*c));
	uint32_t clen, lost = 0;

	rig_fill(src, sizeof(src));
	clen = rig_deflate(ZIP_TYPE_DEFLATE, src, sizeof(src), mid, sizeof(mid));
	for (int pass = 0; pass < 2; pass++) {
		for (int i = N - 1; i >= 0; i--) {
			struct zip_sqe sqe;
			unsigned int status;

			next_piece(&sqe, r, ZIP_TYPE_DEFLATE, &c[i], pass == 0, &state[i]);
			sqe.source_addr = (uintptr_t)mid + (pass == 0 ? 0 : clen / 2);
			sqe.input_data_length = pass == 0 ? clen / 2 : clen - clen / 2;
			sqe.dest_addr = (uintptr_t)out;
			sqe.dest_avail_out = sizeof(out);
			status = rig_run(r, ZIP_QC_DECOMPRESS, &sqe);
			if (pass == 0) {
				CHECK(status == ZIP_ST_OK && sqe.consumed == clen / 2);
			} else if (status == ZIP_ST_BAD_REQ) {
				lost++;
			} else {
				CHECK(status == ZIP_ST_DECOMP_END);
				CHECK(state[i].produced + sqe.produced == sizeof(src));
				CHECK(memcmp(out, src + state[i].produced, sqe.produced) == 0);
			}
			state[i] = sqe;
		}
	}
	CHECK(lost == N - ZIP_TABLE_MAX);
	free(c);
}

static void
run_all(unsigned int hw, const char *engine)
{
	struct zip_rig r;
	char algs[512];

	rig_open(&r, hw, engine);
	emu_model_zip.algorithms(&r.dev, algs, sizeof(algs));
	CHECK(strcmp(algs, hw < 3 ? "zlib\ngzip\n" :
		hw < 5 ? "zlib\ngzip\ndeflate\nlz77_zstd\nlz77_only\n" :
		"zlib\ngzip\ndeflate\nlz77_zstd\nlz77_only\nlz4\n") == 0);
	for (int i = 0; i < 60; i++) {
		int type = types[hw < 3 ? 1 + i % 2 : i % 3];

		test_whole_flat(&r, type);
		test_whole_sgl(&r, type);
		test_whole_foreign(&r, type);
		test_compress_pieces(&r, type);
		test_decompress_pieces(&r, type);
	}
	test_refused(&r);
	test_windows(&r);
	test_compress_no_room(&r);
	test_skip(&r, ZIP_QC_COMPRESS);
	test_skip(&r, ZIP_QC_DECOMPRESS);
	if (hw >= 3)
		test_many_streams(&r);
	rig_close(&r);
	printf("zip_model: hw v%u, engine %s: ok\n", hw, engine);
}

int
main(void)
{
	static const char *const engines[] = {"isal", "zlib"};

	test_checksum_form();
	for (int e = 0; e < 2; e++) {
		if (!emu_model_zip.engine_usable(engines[e])) {
			printf("zip_model: engine %s: not in this build\n", engines[e]);
			continue;
		}
		run_all(2, engines[e]);
		run_all(3, engines[e]);
		run_all(5, engines[e]);
	}
	return 0;
}
