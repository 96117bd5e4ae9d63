/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stateful ops of the compress PMD against zlib: many streams interleaved on one queue pair, cut
 * at random, with all flush flags and with room that is often too small.
 *
 *	pieces DEVARGS [ROUNDS]
 */
#include <errno.h>

#include <rte_eal.h>

#include "cx.h"

#define NB_STREAMS      6
#define MAX_DATA        60000
#define NB_SUMS         4

struct stream {
	void *handle;
	enum rte_comp_checksum_type sum;
	uint8_t *src, *dst;             /* input of the op's direction, and output */
	uint32_t len, room;
	uint32_t in, out;               /* done so far */
	uint32_t idle;                  /* ops in a row that moved nothing */
	bool over;
	/* Compression. */
	bool final;                     /* a final flush was asked for, and stays asked for */
	/* Decompression. */
	uint8_t *plain;
	uint32_t plain_len, behind;
};

static void
stream_begin(uint8_t dev, struct stream *s, bool compress)
{
	struct rte_comp_xform x;

	memset(s, 0, sizeof(*s));
	s->sum = cx_rand(NB_SUMS);
	x = cx_xform(compress ? RTE_COMP_COMPRESS : RTE_COMP_DECOMPRESS, s->sum);
	if (compress)
		x.compress.window_size = 12 + cx_rand(4);
	CHECK(rte_compressdev_stream_create(dev, &x, &s->handle) == 0);
	s->plain_len = cx_rand(4) ? cx_rand(MAX_DATA) : cx_rand(40);
	s->room = 2 * s->plain_len + 40000;
	s->plain = malloc(s->plain_len + 1);
	s->dst = malloc(s->room);
	CHECK(s->plain != NULL && s->dst != NULL);
	cx_fill(s->plain, s->plain_len);
	if (compress) {
		s->src = s->plain;
		s->len = s->plain_len;
	} else {
		s->src = malloc(s->room);
		s->len = cx_deflate(s->plain, s->plain_len, s->src, s->room - 30);
		s->behind = cx_rand(2) ? cx_rand(30) : 0;
		memset(s->src + s->len, cx_rand(256), s->behind);
	}
}

static void
stream_end(uint8_t dev, struct stream *s)
{
	CHECK(rte_compressdev_stream_free(dev, s->handle) == 0);
	if (s->src != s->plain)
		free(s->src);
	free(s->plain);
	free(s->dst);
}

static struct rte_comp_op *
stream_op(struct stream *s, uint32_t len, uint32_t room, enum rte_comp_flush_flag flush)
{
	uint32_t soff = cx_rand(20), doff = cx_rand(20);
	uint8_t tmp[20 + 2 * MAX_DATA + 40000];
	struct rte_comp_op *op;

	memcpy(tmp + soff, s->src + s->in, len);
	op = cx_op(s->handle, cx_chain(tmp, soff + len, 1 + cx_rand(4)),
		cx_chain(NULL, doff + room, 1 + cx_rand(4)));
	op->op_type = RTE_COMP_OP_STATEFUL;
	op->src.offset = soff;
	op->src.length = len;
	op->dst.offset = doff;
	op->flush_flag = flush;
	return op;
}

/* Takes the results over into the stream. */
static void
stream_take(struct stream *s, struct rte_comp_op *op)
{
	CHECK(op->status == RTE_COMP_OP_STATUS_SUCCESS ||
		op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE, "status %u", op->status);
	CHECK(op->consumed <= op->src.length);
	CHECK(op->produced <= op->m_dst->pkt_len - op->dst.offset);
	CHECK(s->out + op->produced <= s->room);
	cx_read(op->m_dst, op->dst.offset, s->dst + s->out, op->produced);
	s->in += op->consumed;
	s->out += op->produced;
	s->idle = op->consumed + op->produced > 0 ? 0 : s->idle + 1;
	CHECK(s->idle < 1000, "no progress");
}

static void
op_free(struct rte_comp_op *op)
{
	cx_chain_free(op->m_src);
	cx_chain_free(op->m_dst);
	rte_comp_op_free(op);
}

static uint32_t
random_room(uint32_t len)
{
	switch (cx_rand(4)) {
	case 0:
		return cx_rand(260);    /* around the engine's minimum */
	case 1:
		return cx_rand(len + 300);
	default:
		return len + len / 8 + 300;
	}
}

static struct rte_comp_op *
compress_op(struct stream *s)
{
	static const enum rte_comp_flush_flag flags[] = {
		RTE_COMP_FLUSH_NONE, RTE_COMP_FLUSH_SYNC, RTE_COMP_FLUSH_FULL};
	uint32_t left = s->len - s->in, len = cx_rand(3) ? cx_rand(left + 1) : cx_rand(500);
	enum rte_comp_flush_flag flush = flags[cx_rand(3)];

	len = RTE_MIN(len, left);
	if (s->final || (len == left && cx_rand(2))) {
		s->final = true;
		len = left;
		flush = RTE_COMP_FLUSH_FINAL;
	}
	return stream_op(s, len, random_room(len), flush);
}

static void
compress_result(struct stream *s, struct rte_comp_op *op)
{
	uint8_t out[MAX_DATA + 1];
	uint32_t consumed, produced;

	stream_take(s, op);
	if (s->sum != RTE_COMP_CHECKSUM_NONE)
		CHECK(op->output_chksum == cx_checksum(s->sum, s->src, s->in));
	if (op->status != RTE_COMP_OP_STATUS_SUCCESS)
		return;
	CHECK(op->consumed == op->src.length);
	if (op->flush_flag == RTE_COMP_FLUSH_NONE)
		return;
	/* Flushed: everything so far can be decoded. */
	s->over = op->flush_flag == RTE_COMP_FLUSH_FINAL;
	CHECK(cx_inflate(s->dst, s->out, out, sizeof(out), &consumed, &produced) == s->over);
	CHECK(produced == s->in && memcmp(out, s->src, s->in) == 0, "%u of %u", produced, s->in);
	CHECK(!s->over || consumed == s->out);
}

static struct rte_comp_op *
decompress_op(struct stream *s)
{
	uint32_t left = s->len + s->behind - s->in, len = cx_rand(3) ? cx_rand(left + 1) : cx_rand(9);

	return stream_op(s, RTE_MIN(len, left), cx_rand(3) ? cx_rand(3000) : cx_rand(250),
		RTE_COMP_FLUSH_SYNC);
}

static void
decompress_result(struct stream *s, struct rte_comp_op *op)
{
	stream_take(s, op);
	CHECK(s->in <= s->len, "%u of %u consumed", s->in, s->len);
	CHECK(s->out <= s->plain_len && memcmp(s->dst, s->plain, s->out) == 0);
	if (s->sum != RTE_COMP_CHECKSUM_NONE)
		CHECK(op->output_chksum == cx_checksum(s->sum, s->dst, s->out));
	s->over = s->in == s->len && s->out == s->plain_len &&
		op->status == RTE_COMP_OP_STATUS_SUCCESS;
}

/* A turn of all streams: one op of each that is not over, in one burst. */
static uint32_t
turn(uint8_t dev, uint16_t qp, struct stream *c, struct stream *d)
{
	struct rte_comp_op *ops[2 * NB_STREAMS];
	struct stream *of[2 * NB_STREAMS];
	uint32_t n = 0;

	for (int i = 0; i < NB_STREAMS; i++) {
		if (!c[i].over) {
			of[n] = &c[i];
			ops[n++] = compress_op(&c[i]);
		}
		if (!d[i].over) {
			of[n] = &d[i];
			ops[n++] = decompress_op(&d[i]);
		}
	}
	cx_run_all(dev, qp, ops, n);
	for (uint32_t i = 0; i < n; i++) {
		if (of[i]->src == of[i]->plain)
			compress_result(of[i], ops[i]);
		else
			decompress_result(of[i], ops[i]);
		op_free(ops[i]);
	}
	return n;
}

static void
test_streams(uint8_t dev)
{
	struct stream c[NB_STREAMS], d[NB_STREAMS];
	uint16_t qp = 0;

	for (int i = 0; i < NB_STREAMS; i++) {
		stream_begin(dev, &c[i], true);
		stream_begin(dev, &d[i], false);
	}
	/* Streams move between the queue pairs. */
	while (turn(dev, qp, c, d) > 0)
		qp = cx_rand(2);
	for (int i = 0; i < NB_STREAMS; i++) {
		stream_end(dev, &c[i]);
		stream_end(dev, &d[i]);
	}
}

/* After a final flush, or the end of a stream, the same handle begins the next stream. */
static void
test_again(uint8_t dev)
{
	struct stream c, d;

	stream_begin(dev, &c, true);
	stream_begin(dev, &d, false);
	d.behind = 0;
	for (int round = 0; round < 3; round++) {
		c.in = c.out = d.in = d.out = 0;
		c.over = c.final = d.over = false;
		while (!c.over || !d.over) {
			struct rte_comp_op *op = c.over ? decompress_op(&d) : compress_op(&c);

			cx_run(dev, 0, op);
			if (c.over)
				decompress_result(&d, op);
			else
				compress_result(&c, op);
			op_free(op);
		}
	}
	stream_end(dev, &c);
	stream_end(dev, &d);
}

/* A corrupt stream says so, and is good for nothing from then on. */
static void
test_corrupt(uint8_t dev)
{
	struct stream s;
	struct rte_comp_op *op;

	stream_begin(dev, &s, false);
	memset(s.src, 0xff, s.len);                     /* block type 3 */
	op = stream_op(&s, s.len, 1000, RTE_COMP_FLUSH_SYNC);
	CHECK(cx_run(dev, 0, op) == RTE_COMP_OP_STATUS_ERROR, "status %u", op->status);
	op_free(op);
	op = stream_op(&s, s.len, 1000, RTE_COMP_FLUSH_SYNC);
	CHECK(cx_run(dev, 0, op) == RTE_COMP_OP_STATUS_INVALID_STATE);
	op_free(op);
	stream_end(dev, &s);
}

/* A stream takes one op at a time, and is not freed under it. */
static void
test_busy(uint8_t dev)
{
	struct rte_comp_op *ops[2], *back[2];
	struct stream s;
	int n = 0;

	stream_begin(dev, &s, true);
	s.len = RTE_MAX(s.len, 10u);
	s.src = realloc(s.plain, s.len);
	s.plain = s.src;
	ops[0] = stream_op(&s, 10, 1000, RTE_COMP_FLUSH_SYNC);
	ops[1] = stream_op(&s, 10, 1000, RTE_COMP_FLUSH_SYNC);
	CHECK(rte_compressdev_enqueue_burst(dev, 0, ops, 2) == 2);
	CHECK(rte_compressdev_stream_free(dev, s.handle) == -EBUSY);
	while (n < 2)
		n += rte_compressdev_dequeue_burst(dev, 0, back + n, 2 - n);
	CHECK(ops[0]->status == RTE_COMP_OP_STATUS_SUCCESS);
	CHECK(ops[1]->status == RTE_COMP_OP_STATUS_INVALID_STATE);
	op_free(ops[0]);
	op_free(ops[1]);
	stream_end(dev, &s);
}

int
main(int argc, char **argv)
{
	const char *devargs = argc > 1 ? argv[1] : "device=emu";
	int rounds = argc > 2 ? atoi(argv[2]) : 30;
	const uint8_t dev = 0;

	cx_init(&devargs, 1);
	cx_start(dev, 2, 128);
	test_busy(dev);
	for (int i = 0; i < rounds; i++) {
		test_streams(dev);
		test_again(dev);
		test_corrupt(dev);
	}
	cx_stop(dev);
	printf("pieces: %s: ok, %d rounds\n", devargs, rounds);
	rte_eal_cleanup();
	return 0;
}
