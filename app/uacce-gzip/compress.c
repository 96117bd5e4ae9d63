/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is cut into chunks that are compressed independently, several at a time on all queue
 * pairs; each but the last ends on a byte boundary without a final block, so that their outputs
 * in order are one DEFLATE stream, in one gzip member.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "app.h"

#define MAX_CHUNKS      (MAX_QPS * CHUNKS_PER_QP)
#define PATIENCE_NS     30000000000ull

/* Chunks of a ring: [done, read) have been read, in order. */
struct pipe {
	struct job *job;
	void *xform;
	struct rte_comp_op *ops[MAX_CHUNKS];
	bool finished[MAX_CHUNKS];
	unsigned int ring;
	uint64_t read, sent, done;
	bool eof;
	uint32_t crc;
};

static int
write_header(struct job *j)
{
	uint8_t h[10] = {0x1f, 0x8b, Z_DEFLATED, j->stored_name ? 8 : 0, j->mtime, j->mtime >> 8,
		j->mtime >> 16, j->mtime >> 24, 0, 3};
	size_t name_len = j->stored_name ? strlen(j->stored_name) + 1 : 0;
	int ret = write_full(j->out, h, sizeof(h));

	if (ret == 0 && name_len > 0)
		ret = write_full(j->out, j->stored_name, name_len);
	j->bytes_out += sizeof(h) + name_len;
	return ret;
}

static int
write_trailer(struct pipe *p)
{
	uint32_t t[2] = {p->crc, (uint32_t)p->job->bytes_in};

	p->job->bytes_out += sizeof(t);
	return write_full(p->job->out, t, sizeof(t));
}

/* Reads the next chunk. Whether it is the last one shows when the one behind it is empty. */
static int
read_chunk(struct pipe *p)
{
	struct rte_comp_op *op = p->ops[p->read % p->ring];
	ssize_t n;

	chain_reset(op->m_src);
	chain_reset(op->m_dst);
	n = chain_read(op->m_src, p->job->in);
	if (n < 0)
		return fail("%s: %s", p->job->name, strerror(-n));
	p->eof = n < CHUNK_SIZE;
	op->src.offset = 0;
	op->src.length = n;
	op->dst.offset = 0;
	op->op_type = RTE_COMP_OP_STATELESS;
	op->private_xform = p->xform;
	op->flush_flag = p->eof ? RTE_COMP_FLUSH_FINAL : RTE_COMP_FLUSH_FULL;
	op->input_chksum = 0;
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	p->finished[p->read % p->ring] = false;
	p->read++;
	return EXIT_OK;
}

static bool
move_ops(struct pipe *p)
{
	struct rte_comp_op *back[MAX_CHUNKS];
	bool moved = false;

	while (p->sent < p->read && rte_compressdev_enqueue_burst(dev_id, p->sent % dev_qps,
			&p->ops[p->sent % p->ring], 1) == 1) {
		p->sent++;
		moved = true;
	}
	for (uint16_t qp = 0; qp < dev_qps; qp++) {
		uint16_t n = rte_compressdev_dequeue_burst(dev_id, qp, back, MAX_CHUNKS);

		for (uint16_t i = 0; i < n; i++) {
			for (unsigned int c = 0; c < p->ring; c++)
				p->finished[c] |= p->ops[c] == back[i];
		}
		moved |= n > 0;
	}
	return moved;
}

static int
write_chunk(struct pipe *p)
{
	struct rte_comp_op *op = p->ops[p->done % p->ring];
	int ret;

	if (op->status != RTE_COMP_OP_STATUS_SUCCESS || op->consumed != op->src.length)
		return fail("%s: the device failed (status %u, code 0x%02x)", p->job->name,
			op->status, (unsigned int)op->debug_status);
	p->crc = crc32_combine(p->crc, (uint32_t)op->output_chksum, op->consumed);
	p->job->bytes_in += op->consumed;
	p->job->bytes_out += op->produced;
	ret = chain_write(op->m_dst, op->produced, p->job->out);
	if (ret != 0)
		return fail("%s: write: %s", p->job->name, strerror(-ret));
	p->done++;
	job_progress(p->job);
	return EXIT_OK;
}

static int
run(struct pipe *p)
{
	uint64_t since = now_ns();
	int ret;

	while (!p->eof || p->done < p->read) {
		if (!p->eof && p->read - p->done < p->ring) {
			ret = read_chunk(p);
			if (ret != EXIT_OK)
				return ret;
		}
		if (move_ops(p))
			since = now_ns();
		if (p->done < p->read && p->finished[p->done % p->ring]) {
			ret = write_chunk(p);
			if (ret != EXIT_OK)
				return ret;
		} else if (now_ns() - since > PATIENCE_NS) {
			return fail("%s: the device does not answer", p->job->name);
		} else if (p->eof || p->read - p->done == p->ring) {
			relax();
		}
	}
	return EXIT_OK;
}

static int
pipe_open(struct pipe *p)
{
	const struct rte_comp_xform xform = {
		.type = RTE_COMP_COMPRESS,
		.compress = {
			.algo = RTE_COMP_ALGO_DEFLATE,
			.deflate.huffman = RTE_COMP_HUFFMAN_DYNAMIC,
			.level = RTE_COMP_LEVEL_PMD_DEFAULT,
			.window_size = 15,
			.chksum = RTE_COMP_CHECKSUM_CRC32,
		},
	};

	if (rte_compressdev_private_xform_create(dev_id, &xform, &p->xform) != 0)
		return fail("the device does not do this compression");
	p->ring = dev_qps * CHUNKS_PER_QP;
	for (unsigned int i = 0; i < p->ring; i++) {
		p->ops[i] = rte_comp_op_alloc(dev_ops);
		if (p->ops[i] == NULL)
			return fail("out of memory");
		p->ops[i]->m_src = chain_new(CHUNK_SEGS);
		p->ops[i]->m_dst = chain_new(OUT_SEGS);
		if (p->ops[i]->m_src == NULL || p->ops[i]->m_dst == NULL)
			return fail("out of memory");
	}
	return EXIT_OK;
}

/* Waits for what the device still has; its buffers cannot be freed before. */
static void
pipe_close(struct pipe *p)
{
	uint64_t end = now_ns() + PATIENCE_NS;

	p->read = p->sent;
	for (uint64_t i = p->done; i < p->sent; i++) {
		while (!p->finished[i % p->ring] && now_ns() < end)
			move_ops(p);
	}
	for (unsigned int i = 0; i < p->ring && p->ops[i] != NULL; i++) {
		rte_pktmbuf_free(p->ops[i]->m_src);
		rte_pktmbuf_free(p->ops[i]->m_dst);
		rte_comp_op_free(p->ops[i]);
	}
	rte_compressdev_private_xform_free(dev_id, p->xform);
}

int
compress_stream(struct job *j)
{
	struct pipe p = {.job = j};
	int ret = pipe_open(&p), err;

	if (ret == EXIT_OK) {
		err = write_header(j);
		if (err == 0)
			ret = run(&p);
		if (ret == EXIT_OK && err == 0)
			err = write_trailer(&p);
		if (err != 0)
			ret = fail("%s: write: %s", j->name, strerror(-err));
	}
	pipe_close(&p);
	return ret;
}
