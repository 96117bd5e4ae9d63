/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compression through libwd and the emulator, compared with zlib: all formats of a generation,
 * flat and in segments, stateless and as streams, and what goes wrong.
 * Arguments: the emulator's options, such as "hw=v2", and another device than "emu".
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "arena.h"
#include "fake.h"

#define LEN (256u << 10)

static struct wd_device *dev;
static struct wd_queue q[2];    /* by direction: 0 compress, 1 decompress */
static struct wd_session *sess[2];
static struct wd_stream *stream;
static struct {
	uint8_t text[LEN], packed[LEN + 20000], unpacked[LEN + 20000];
	uint8_t sess[2][512] __attribute__((aligned(WD_SESSION_ALIGN)));
	uint8_t stream[1 << 16] __attribute__((aligned(WD_SESSION_ALIGN)));
} ARENA mem;
static uint8_t *const text = mem.text, *const packed = mem.packed, *const unpacked = mem.unpacked;
#define ADDR(p) arena_addr(dev, p)
static unsigned int runs;

static const struct format {
	enum wd_comp_alg alg;
	int wbits;              /* for zlib */
	unsigned int header;    /* bytes that software writes and skips */
	uint8_t header_bytes[10];
} formats[] = {
	{WD_COMP_DEFLATE, -15, 0, {0}},
	{WD_COMP_ZLIB, 15, 2, {0x78, 0x9c}},
	{WD_COMP_GZIP, 31, 10, {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}},
};

/* Words of a small vocabulary: compressible, and different each time. */
static void
make_text(void)
{
	size_t n = 0;

	while (n < LEN) {
		int len = rand() % 12 + 2, c = rand() % 50;

		for (int i = 0; i < len && n < LEN; i++)
			text[n++] = 'a' + (c * 7 + i * c) % 26;
	}
}

static struct wd_cpl
run(unsigned int dir, const struct wd_req *r)
{
	runs++;
	return run_one(&q[dir], r);
}

static uint16_t
cut(struct wd_seg *segs, uint16_t max, uint8_t *base, uint32_t len)
{
	uint16_t n = 0;

	for (; len != 0; n++) {
		uint32_t part = n == max - 1 ? len : len / (max - n) + rand() % 3;

		if (part > len || part == 0)
			part = len;
		segs[n] = (struct wd_seg){.addr = ADDR(base), .len = part};
		base += part;
		len -= part;
	}
	return n;
}

/* zlib's view of a whole message; how many bytes come out. */
static size_t
zlib_inflate(const struct format *f, const uint8_t *src, size_t len, uint8_t *dst, size_t room)
{
	z_stream s = {0};

	CHECK_EQ(inflateInit2(&s, f->wbits), Z_OK);
	s.next_in = (void *)(uintptr_t)src;
	s.avail_in = len;
	s.next_out = dst;
	s.avail_out = room;
	CHECK_EQ(inflate(&s, Z_FINISH), Z_STREAM_END);
	CHECK_EQ(s.avail_in, 0);
	inflateEnd(&s);
	return s.total_out;
}

static size_t
zlib_deflate(const struct format *f, const uint8_t *src, size_t len, uint8_t *dst, size_t room)
{
	z_stream s = {0};

	CHECK_EQ(deflateInit2(&s, 6, Z_DEFLATED, f->wbits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	s.next_in = (void *)(uintptr_t)src;
	s.avail_in = len;
	s.next_out = dst;
	s.avail_out = room;
	CHECK_EQ(deflate(&s, Z_FINISH), Z_STREAM_END);
	deflateEnd(&s);
	return s.total_out;
}

static uint32_t
checksum(const struct format *f, size_t len)
{
	if (f->alg == WD_COMP_DEFLATE)
		return 0;
	return f->alg == WD_COMP_GZIP ? crc32(0, text, len) : adler32(1, text, len);
}

static void
one_stateless(const struct format *f, uint32_t len, bool src_list, bool dst_list)
{
	struct wd_seg src_segs[40], dst_segs[70];
	struct wd_req r = {.sess = sess[0], .tag = &r, .src = ADDR(text), .src_len = len,
		.dst = ADDR(packed + f->header), .flush = WD_FLUSH_FINAL,
		.dst_len = sizeof(mem.packed) - f->header};
	struct wd_cpl c;
	size_t n;

	make_text();
	if (src_list) {
		r.src_segs = cut(src_segs, 40, text, len);
		r.src_list = src_segs;
	}
	if (dst_list) {
		r.dst_segs = cut(dst_segs, 70, packed + f->header, r.dst_len);
		r.dst_list = dst_segs;
	}
	memcpy(packed, f->header_bytes, f->header);
	c = run(0, &r);
	CHECK_EQ(c.status, WD_OK);
	CHECK_EQ(c.consumed, len);
	CHECK_EQ(c.checksum, checksum(f, len));
	CHECK_EQ(c.end, 0);
	CHECK_EQ(zlib_inflate(f, packed, f->header + c.produced, unpacked, sizeof(mem.unpacked)),
		len);
	CHECK(memcmp(unpacked, text, len) == 0);

	n = zlib_deflate(f, text, len, packed, sizeof(mem.packed));
	r = (struct wd_req){.sess = sess[1], .tag = &r, .src = ADDR(packed + f->header),
		.src_len = n - f->header, .dst = ADDR(unpacked), .dst_len = len + 300};
	if (src_list) {
		r.src_segs = cut(src_segs, 40, packed + f->header, r.src_len);
		r.src_list = src_segs;
	}
	if (dst_list) {
		r.dst_segs = cut(dst_segs, 70, unpacked, r.dst_len);
		r.dst_list = dst_segs;
	}
	memset(unpacked, 0, sizeof(mem.unpacked));
	c = run(1, &r);
	CHECK_EQ(c.status, WD_OK);
	CHECK_EQ(c.end, 1);
	CHECK_EQ(c.consumed, r.src_len);
	CHECK_EQ(c.produced, len);
	CHECK_EQ(c.checksum, checksum(f, len));
	CHECK(memcmp(unpacked, text, len) == 0);
}

static void
test_wrong(const struct format *f)
{
	struct wd_req r = {.sess = sess[0], .tag = &r, .src = ADDR(text), .src_len = LEN,
		.dst = ADDR(packed), .dst_len = 300, .flush = WD_FLUSH_FINAL};
	size_t n;

	CHECK_EQ(run(0, &r).status, WD_NO_SPACE);
	r.dst_len = 100;        /* less than the engine works with */
	CHECK_EQ(run(0, &r).status, WD_NO_SPACE);
	r.dst_len = sizeof(mem.packed);
	r.src_len = 0;
	CHECK_EQ(run(0, &r).status, WD_BAD_REQ);
	r.src_len = 100;
	CHECK_EQ(run(1, &r).status, WD_BAD_REQ); /* a session of the other direction */
	r.src_len = (8u << 20) + 1;
	CHECK_EQ(run(0, &r).status, WD_BAD_REQ);

	n = zlib_deflate(f, text, 20000, packed, sizeof(mem.packed));
	r = (struct wd_req){.sess = sess[1], .tag = &r, .src = ADDR(packed + f->header),
		.src_len = n - f->header, .dst = ADDR(unpacked), .dst_len = 5000};
	CHECK_EQ(run(1, &r).status, WD_NO_SPACE);
	r.dst_len = sizeof(mem.unpacked);
	packed[f->header] ^= 0x06; /* block type */
	packed[f->header + 1] ^= 0xff;
	CHECK_EQ(run(1, &r).status, WD_BAD_DATA);
	if (f->alg == WD_COMP_DEFLATE)
		return;
	packed[f->header] ^= 0x06;
	packed[f->header + 1] ^= 0xff;
	packed[n - (f->alg == WD_COMP_GZIP ? 8 : 4)] ^= 1; /* checksum */
	CHECK_EQ(run(1, &r).status, WD_BAD_DATA);
}

/* Compresses in pieces into little room each, then the same the other way. */
static void
test_stream(const struct format *f, uint32_t piece, uint32_t room)
{
	size_t in = 0, out = f->header, total;
	struct wd_req r = {.tag = &r, .stream = (uintptr_t)stream};
	struct wd_cpl c;

	make_text();
	memcpy(packed, f->header_bytes, f->header);
	CHECK_EQ(wd_stream_init(dev, stream, ADDR(stream), sess[0]), 0);
	r.sess = sess[0];
	while (in < LEN) {
		r.src = ADDR(text + in);
		r.src_len = LEN - in < piece ? LEN - in : piece;
		r.dst = ADDR(packed + out);
		r.dst_len = room;
		r.flush = in + r.src_len == LEN ? WD_FLUSH_FINAL : WD_FLUSH_SYNC;
		CHECK(out + room <= sizeof(mem.packed));
		c = run(0, &r);
		CHECK(c.status == WD_OK || c.status == WD_NO_SPACE);
		CHECK(c.consumed != 0 && c.consumed <= r.src_len);
		CHECK_EQ(c.status == WD_OK, c.consumed == r.src_len);
		CHECK(c.produced <= room);
		in += c.consumed;
		out += c.produced;
	}
	CHECK_EQ(c.checksum, checksum(f, LEN));
	CHECK_EQ(zlib_inflate(f, packed, out, unpacked, sizeof(mem.unpacked)), LEN);
	CHECK(memcmp(unpacked, text, LEN) == 0);
	wd_stream_fini(dev, stream);

	memset(unpacked, 0, LEN);
	total = out;
	in = f->header;
	out = 0;
	CHECK_EQ(wd_stream_init(dev, stream, ADDR(stream), sess[1]), 0);
	r.sess = sess[1];
	do {
		r.src = ADDR(packed + in);
		r.src_len = total - in < piece ? total - in : piece;
		r.dst = ADDR(unpacked + out);
		r.dst_len = room;
		CHECK(out + room <= sizeof(mem.unpacked));
		c = run(1, &r);
		CHECK(c.status == WD_OK || c.status == WD_NO_SPACE);
		in += c.consumed;
		out += c.produced;
	} while (!c.end);
	CHECK_EQ(in, total);
	CHECK_EQ(out, LEN);
	CHECK(memcmp(unpacked, text, LEN) == 0);
	CHECK_EQ(c.checksum, checksum(f, LEN));
	wd_stream_fini(dev, stream);
}

static void
test_stream_busy(void)
{
	struct wd_req r[2] = {{.sess = sess[0], .stream = (uintptr_t)stream,
		.src = ADDR(text), .src_len = 1000, .dst = ADDR(packed), .dst_len = 2000}};
	struct wd_cpl c[2];

	r[1] = r[0];
	CHECK_EQ(wd_stream_init(dev, stream, ADDR(stream), sess[0]), 0);
	CHECK_EQ(wd_submit(&q[0], r, 2), 2);
	for (unsigned int n = 0; n < 2;)
		n += wd_poll(&q[0], c + n, 2 - n);
	CHECK_EQ(c[0].status, WD_OK);
	CHECK_EQ(c[1].status, WD_BAD_REQ);
	wd_stream_fini(dev, stream);
}

static void
test_format(const struct format *f)
{
	struct wd_comp_xform x = {.alg = f->alg, .level = 6};

	for (int dir = 0; dir < 2; dir++) {
		x.compress = dir == 0;
		CHECK_EQ(wd_session_init_comp(dev, sess[dir], ADDR(sess[dir]), &x), 0);
	}
	for (int i = 0; i < 16; i++)
		one_stateless(f, rand() % (1 << (i + 2)) + 1, i & 1, i & 2);
	test_wrong(f);
	test_stream(f, 10000, 16000);
	test_stream(f, 5000, 300);
	test_stream(f, LEN, 4096);
	test_stream_busy();
}

int
main(int argc, char **argv)
{
	const char *options = argc > 1 && argv[1][0] != '\0' ? argv[1] : NULL;
	const char *spec = argc > 2 ? argv[2] : "emu";
	char err[256];

	srand(2);
	if (wd_device_open(spec, "zip", options, -1, &dev, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	CHECK_EQ(arena_share(dev, &mem, sizeof(mem)), 0);
	CHECK(wd_stream_size(dev) <= sizeof(mem.stream));
	CHECK(wd_session_size(dev) <= sizeof(mem.sess[0]));
	stream = (void *)mem.stream;
	for (int dir = 0; dir < 2; dir++) {
		sess[dir] = (void *)mem.sess[dir];
		q[dir] = (struct wd_queue){.dev = dev, .numa_node = -1, .type = dir};
		CHECK_EQ(wd_request_queue(&q[dir]), 0);
	}
	for (unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (wd_device_caps(dev)->comps & 1u << formats[i].alg)
			test_format(&formats[i]);
	for (int dir = 0; dir < 2; dir++) {
		CHECK_EQ(wd_queue_outstanding(&q[dir]), 0);
		wd_release_queue(&q[dir]);
		wd_session_fini(dev, sess[dir]);
	}
	CHECK_EQ(wd_device_close(dev), 0);
	printf("%u requests\n", runs);
	return runs == 0;
}
