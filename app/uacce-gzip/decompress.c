/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gzip and zlib streams: headers and trailers are read here, what is between goes to the device
 * in pieces.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "app.h"
#include "rte_pmd_uacce_compress.h"

#define PATIENCE_NS     30000000000ull
#define FLAG_HCRC       0x02
#define FLAG_EXTRA      0x04
#define FLAG_NAME       0x08
#define FLAG_COMMENT    0x10
#define FLAG_RESERVED   0xe0

#define INPUT_ERROR     (-2)    /* of get_byte(); -1 is the end of the file */

/* Input: [pos, len) of the chain has not been used. */
struct unpack {
	struct job *job;
	struct rte_mbuf *in, *out;
	uint32_t pos, len;
	bool eof;
	struct rte_comp_op *op;
	void *streams[2];       /* by format */
	uint64_t sum;
	uint64_t member_out;
	uint32_t header_crc;
	int error;              /* errno of reading */
};

enum format { GZIP, ZLIB, GARBAGE, ZEROS, NOTHING, BROKEN };

static void
refill(struct unpack *u)
{
	ssize_t n;

	if (u->eof || u->pos < u->len)
		return;
	chain_reset(u->in);
	n = chain_read(u->in, u->job->in);
	if (n < 0)
		u->error = -n;
	u->pos = 0;
	u->len = n < 0 ? 0 : n;
	u->eof = n < CHUNK_SIZE;
}

static int
get_byte(struct unpack *u)
{
	uint8_t b;
	const uint8_t *p;

	if (u->pos == u->len)
		refill(u);
	if (u->error != 0)
		return INPUT_ERROR;
	if (u->pos == u->len)
		return -1;
	p = rte_pktmbuf_read(u->in, u->pos++, 1, &b);
	u->job->bytes_in++;
	u->header_crc = crc32(u->header_crc, p, 1);
	return *p;
}

/* Little-endian; -1 at the end of the file. */
static int64_t
get_number(struct unpack *u, int bytes)
{
	int64_t n = 0;

	for (int i = 0; i < bytes; i++) {
		int b = get_byte(u);

		if (b < 0)
			return -1;
		n |= (int64_t)b << 8 * i;
	}
	return n;
}

static int
input_error(struct unpack *u)
{
	if (u->error != 0)
		return fail("%s: %s", u->job->name, strerror(u->error));
	return fail("%s: unexpected end of file", u->job->name);
}

static bool
skip_text(struct unpack *u)
{
	int b;

	do {
		b = get_byte(u);
	} while (b > 0);
	return b == 0;
}

/* Behind the two magic bytes. */
static int
gzip_header(struct unpack *u)
{
	int method = get_byte(u), flags = get_byte(u);
	int64_t n;

	if (method < 0 || flags < 0 || get_number(u, 6) < 0)
		return input_error(u);
	if (method != Z_DEFLATED || (flags & FLAG_RESERVED) != 0)
		return fail("%s: unknown method %d or flags 0x%02x", u->job->name, method, flags);
	if (flags & FLAG_EXTRA) {
		for (n = get_number(u, 2); n > 0 && get_byte(u) >= 0; n--)
			;
		if (n != 0)
			return input_error(u);
	}
	if ((flags & FLAG_NAME && !skip_text(u)) || (flags & FLAG_COMMENT && !skip_text(u)))
		return input_error(u);
	if (flags & FLAG_HCRC) {
		uint16_t crc = u->header_crc;

		n = get_number(u, 2);
		if (n < 0)
			return input_error(u);
		if (n != crc)
			return fail("%s: header checksum is wrong", u->job->name);
	}
	return EXIT_OK;
}

/* What comes next; the two magic bytes are taken. */
static enum format
next_format(struct unpack *u)
{
	int a, b;

	u->header_crc = 0;
	a = get_byte(u);
	if (a == -1)
		return NOTHING;
	if (a == 0) {
		do {
			a = get_byte(u);
		} while (a == 0);
		return a == -1 ? ZEROS : a < 0 ? BROKEN : GARBAGE;
	}
	b = get_byte(u);
	if (a == INPUT_ERROR || b == INPUT_ERROR)
		return BROKEN;
	if (a == 0x1f && b == 0x8b)
		return GZIP;
	/* zlib: method, window, check bits, no dictionary. */
	if (b >= 0 && (a & 0x0f) == Z_DEFLATED && a >> 4 <= 7 && (a << 8 | b) % 31 == 0 &&
		(b & 0x20) == 0)
		return ZLIB;
	return GARBAGE;
}

static void *
stream_of(struct unpack *u, enum format format)
{
	const struct rte_comp_xform xform = {
		.type = RTE_COMP_DECOMPRESS,
		.decompress = {
			.algo = RTE_COMP_ALGO_DEFLATE,
			.chksum = format == GZIP ? RTE_COMP_CHECKSUM_CRC32 : RTE_COMP_CHECKSUM_ADLER32,
			.window_size = 15,
		},
	};

	if (u->streams[format] == NULL &&
		rte_compressdev_stream_create(dev_id, &xform, &u->streams[format]) != 0)
		u->streams[format] = NULL;
	return u->streams[format];
}

/* One piece through the device. */
static int
run_op(struct unpack *u)
{
	uint64_t end = now_ns() + PATIENCE_NS;
	struct rte_comp_op *op = u->op, *back;

	op->src.offset = u->pos;
	op->src.length = u->len - u->pos;
	op->dst.offset = 0;
	op->flush_flag = RTE_COMP_FLUSH_SYNC;
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	if (rte_compressdev_enqueue_burst(dev_id, 0, &op, 1) != 1)
		return fail("%s: the device takes nothing", u->job->name);
	while (rte_compressdev_dequeue_burst(dev_id, 0, &back, 1) == 0) {
		if (now_ns() > end)
			return fail("%s: the device does not answer", u->job->name);
		relax();
	}
	if (op->status != RTE_COMP_OP_STATUS_SUCCESS &&
		op->status != RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE)
		return fail("%s: invalid compressed data", u->job->name);
	return EXIT_OK;
}

static int
inflate_data(struct unpack *u, enum format format)
{
	int ret;

	u->op->op_type = RTE_COMP_OP_STATEFUL;
	u->op->stream = stream_of(u, format);
	u->op->m_src = u->in;
	u->op->m_dst = u->out;
	if (u->op->stream == NULL)
		return fail("the device does not do this decompression");
	u->member_out = 0;
	for (;;) {
		refill(u);
		if (u->error != 0)
			return input_error(u);
		ret = run_op(u);
		if (ret != EXIT_OK)
			return ret;
		u->pos += u->op->consumed;
		u->job->bytes_in += u->op->consumed;
		u->job->bytes_out += u->op->produced;
		u->member_out += u->op->produced;
		u->sum = u->op->output_chksum;
		ret = chain_write(u->out, u->op->produced, u->job->out);
		if (ret != 0)
			return fail("%s: write: %s", u->job->name, strerror(-ret));
		job_progress(u->job);
		if (u->op->debug_status & RTE_PMD_UACCE_COMPRESS_END)
			return EXIT_OK;
		if (u->op->status == RTE_COMP_OP_STATUS_SUCCESS && u->pos == u->len && u->eof)
			return input_error(u);
	}
}

static int
check_trailer(struct unpack *u, enum format format)
{
	int64_t sum = get_number(u, 4), size = format == GZIP ? get_number(u, 4) : 0;

	if (sum < 0 || size < 0)
		return input_error(u);
	if (format == ZLIB)
		sum = __builtin_bswap32((uint32_t)sum);
	if ((uint32_t)sum != (uint32_t)u->sum)
		return fail("%s: checksum of the data is wrong", u->job->name);
	if (format == GZIP && (uint32_t)size != (uint32_t)u->member_out)
		return fail("%s: length of the data is wrong", u->job->name);
	return EXIT_OK;
}

static int
run(struct unpack *u)
{
	for (int member = 0;; member++) {
		enum format format = next_format(u);
		int ret = EXIT_OK;

		switch (format) {
		case BROKEN:
			return input_error(u);
		case NOTHING:
			if (member == 0)
				return input_error(u);
			return EXIT_OK;
		case ZEROS:
		case GARBAGE:
			if (member == 0)
				return fail("%s: not in gzip or zlib format", u->job->name);
			if (format == ZEROS)
				return EXIT_OK;
			return warn("%s: trailing garbage ignored", u->job->name);
		case GZIP:
			ret = gzip_header(u);
			break;
		case ZLIB:
			break;
		}
		if (ret == EXIT_OK)
			ret = inflate_data(u, format);
		if (ret == EXIT_OK)
			ret = check_trailer(u, format);
		if (ret != EXIT_OK)
			return ret;
	}
}

int
decompress_stream(struct job *j)
{
	struct unpack u = {
		.job = j, .in = chain_new(CHUNK_SEGS), .out = chain_new(2 * CHUNK_SEGS),
		.op = rte_comp_op_alloc(dev_ops),
	};
	int ret;

	if (u.in == NULL || u.out == NULL || u.op == NULL)
		ret = fail("out of memory");
	else
		ret = run(&u);
	for (int i = 0; i < 2; i++) {
		if (u.streams[i] != NULL)
			rte_compressdev_stream_free(dev_id, u.streams[i]);
	}
	rte_pktmbuf_free(u.in);
	rte_pktmbuf_free(u.out);
	rte_comp_op_free(u.op);
	return ret;
}
