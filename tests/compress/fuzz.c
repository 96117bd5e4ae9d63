/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzer: streams of zlib's, mostly damaged, through the PMD in random pieces. zlib is the judge:
 * what it decodes the PMD must decode to the same bytes, what it refuses must not succeed, and
 * whatever was handed out before an error must be right.
 *
 *	fuzz DEVARGS [ROUNDS [SEED]]
 *
 * A failure prints the seed of its round: the same program with 1 and that seed repeats it.
 */
#include <rte_eal.h>

#include "cx.h"
#include "uacce_compress.h"

#define BURST           24
#define MAX_PLAIN       40000
#define MAX_STREAM      (2 * MAX_PLAIN + 4000)
#define NB_SUMS         4

static void *decomp[NB_SUMS], *comp;

struct sample {
	uint8_t stream[MAX_STREAM];
	uint8_t right[MAX_STREAM];      /* zlib's output, as far as it got */
	uint8_t got[MAX_STREAM];
	uint32_t len, room;
	uint32_t consumed, produced;    /* zlib's */
	bool good;                      /* zlib decoded it to the end */
	int sum;
};

static void
damage(struct sample *s)
{
	uint32_t n = cx_rand(4), i, at, from;

	for (i = 0; i < n; i++) {
		if (s->len == 0)
			return;
		/* Headers of blocks are at the beginning, mostly. */
		at = cx_rand(2) ? cx_rand(s->len) : cx_rand(RTE_MIN(s->len, 150u));
		switch (cx_rand(6)) {
		case 0:
			s->stream[at] ^= 1u << cx_rand(8);
			break;
		case 1:
			s->stream[at] = cx_rand(256);
			break;
		case 2:
			s->len = at;
			break;
		case 3:
			from = cx_rand(s->len);
			memmove(s->stream + at, s->stream + from, s->len - RTE_MAX(at, from));
			break;
		case 4:
			for (; at < s->len && cx_rand(20); at++)
				s->stream[at] = cx_rand(256);
			break;
		default:
			s->stream[at] += 1;
		}
	}
}

static void
make_sample(struct sample *s)
{
	static uint8_t plain[MAX_PLAIN];
	uint32_t len = cx_rand(3) ? cx_rand(1500) : cx_rand(MAX_PLAIN);

	if (cx_rand(20) == 0) {
		s->len = cx_rand(400);
		for (uint32_t i = 0; i < s->len; i++)
			s->stream[i] = cx_rand(256);
	} else {
		cx_fill(plain, len);
		s->len = cx_deflate(plain, len, s->stream, MAX_STREAM - 100);
		damage(s);
	}
	s->room = cx_rand(4) == 0 ? cx_rand(len + 10) : cx_rand(2) ? len : MAX_STREAM;
	s->sum = cx_rand(NB_SUMS);
	s->good = cx_inflate(s->stream, s->len, s->right, s->room, &s->consumed, &s->produced);
}

static void
judge(struct sample *s, const struct rte_comp_op *op)
{
	CHECK(op->produced <= s->room && op->consumed <= s->len);
	cx_read(op->m_dst, op->dst.offset, s->got, op->produced);
	if (op->status == RTE_COMP_OP_STATUS_SUCCESS) {
		CHECK(s->good, "the PMD decodes what zlib does not");
		CHECK(op->consumed == s->consumed && op->produced == s->produced);
		CHECK(s->sum == RTE_COMP_CHECKSUM_NONE ||
			op->output_chksum == cx_checksum(s->sum, s->right, s->produced));
	} else {
		CHECK(!s->good, "status %u of a good stream", op->status);
		CHECK(op->status == RTE_COMP_OP_STATUS_ERROR ||
			op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED, "%u", op->status);
	}
	CHECK(op->produced <= s->produced || op->status == RTE_COMP_OP_STATUS_ERROR);
	CHECK(memcmp(s->got, s->right, RTE_MIN(op->produced, s->produced)) == 0);
}

static uint64_t far_ops, far_bytes;

/*
 * What is out of a device's reach is copied, the input as a whole and of the output what there is,
 * and nothing else.
 */
static void
count(const struct rte_comp_op *op, uint64_t *bytes)
{
	uint32_t in = cx_far_bytes(op->m_src, op->src.offset, op->src.length);
	uint32_t room = cx_far_bytes(op->m_dst, op->dst.offset, UINT32_MAX - op->dst.offset);

	if (op->src.length == 0 || in + room == 0)
		return;
	*bytes += in + cx_far_bytes(op->m_dst, op->dst.offset, op->produced);
	far_ops++;
}

static const struct wd_queue_stats *
queue_stats(int dir)
{
	const struct uacce_comp_qp *qp =
		rte_compressdev_pmd_get_named_dev("compress_uacce0")->data->queue_pairs[0];

	return &qp->q[dir].wq.stats;
}

/* A burst of whole streams, damaged ones beside compression that must not suffer from them. */
static void
fuzz_whole(uint8_t dev)
{
	static struct sample s[BURST];
	struct rte_comp_op *ops[BURST];
	static uint8_t out[MAX_STREAM];
	uint64_t ops_before = queue_stats(0)->bounced + queue_stats(1)->bounced;
	uint64_t before = queue_stats(0)->bounced_bytes + queue_stats(1)->bounced_bytes, bytes = 0;
	uint32_t consumed, produced;

	far_ops = 0;
	for (int i = 0; i < BURST; i++) {
		uint32_t soff = cx_rand(30), doff = cx_rand(30);
		uint8_t tmp[MAX_STREAM + 30];

		make_sample(&s[i]);
		memcpy(tmp + soff, s[i].stream, s[i].len);
		ops[i] = cx_op(i % 4 == 0 ? comp : decomp[s[i].sum],
			cx_chain(tmp, soff + s[i].len, 1 + cx_rand(12)),
			cx_chain(NULL, doff + (i % 4 == 0 ? MAX_STREAM : s[i].room),
				1 + cx_rand(12)));
		ops[i]->src.offset = soff;
		ops[i]->src.length = s[i].len;
		ops[i]->dst.offset = doff;
	}
	cx_run_all(dev, 0, ops, BURST);
	for (int i = 0; i < BURST; i++) {
		if (i % 4 == 0) {
			CHECK(ops[i]->status == RTE_COMP_OP_STATUS_SUCCESS);
			cx_read(ops[i]->m_dst, ops[i]->dst.offset, s[i].got, ops[i]->produced);
			CHECK(cx_inflate(s[i].got, ops[i]->produced, out, MAX_STREAM, &consumed,
				&produced));
			CHECK(produced == s[i].len && memcmp(out, s[i].stream, produced) == 0);
		} else {
			judge(&s[i], ops[i]);
		}
		count(ops[i], &bytes);
		cx_chain_free(ops[i]->m_src);
		cx_chain_free(ops[i]->m_dst);
		rte_comp_op_free(ops[i]);
	}
	before = queue_stats(0)->bounced_bytes + queue_stats(1)->bounced_bytes - before;
	ops_before = queue_stats(0)->bounced + queue_stats(1)->bounced - ops_before;
	CHECK(before == bytes && ops_before == far_ops, "%ju ops, %ju bytes copied; want %ju, %ju",
		(uintmax_t)ops_before, (uintmax_t)before, (uintmax_t)far_ops, (uintmax_t)bytes);
	far_bytes += bytes;
}

/* One damaged stream in pieces, until it ends, fails, or there is no more of it. */
static void
fuzz_pieces(uint8_t dev)
{
	static struct sample s;
	struct rte_comp_xform x = cx_xform(RTE_COMP_DECOMPRESS, RTE_COMP_CHECKSUM_NONE);
	uint32_t in = 0, out = 0, idle = 0;
	bool failed = false, ended = false;
	void *stream;

	do {
		make_sample(&s);
	} while (s.room < MAX_STREAM);
	CHECK(rte_compressdev_stream_create(dev, &x, &stream) == 0);
	while (!failed && !ended && idle < 20) {
		uint32_t len = RTE_MIN(cx_rand(4) ? cx_rand(2000) : cx_rand(5), s.len - in);
		uint32_t room = RTE_MIN(cx_rand(3) ? cx_rand(4000) : cx_rand(220), MAX_STREAM - out);
		struct rte_comp_op *op = cx_op(stream, cx_chain(s.stream + in, len, 1 + cx_rand(5)),
			cx_chain(NULL, room, 1 + cx_rand(5)));

		op->op_type = RTE_COMP_OP_STATEFUL;
		op->flush_flag = RTE_COMP_FLUSH_SYNC;
		cx_run(dev, 0, op);
		failed = op->status == RTE_COMP_OP_STATUS_ERROR;
		CHECK(failed || op->status == RTE_COMP_OP_STATUS_SUCCESS ||
			op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE, "%u", op->status);
		CHECK(op->consumed <= len && op->produced <= room);
		cx_read(op->m_dst, 0, s.got, op->produced);
		if (!failed) {
			CHECK(out + op->produced <= s.produced, "more than zlib decodes");
			CHECK(memcmp(s.got, s.right + out, op->produced) == 0);
		}
		in += op->consumed;
		out += op->produced;
		idle = op->consumed + op->produced > 0 ? 0 : idle + 1;
		/* With success, input is left over only behind the end. */
		ended = op->status == RTE_COMP_OP_STATUS_SUCCESS &&
			(op->consumed < len || (s.good && in == s.consumed && out == s.produced));
		cx_chain_free(op->m_src);
		cx_chain_free(op->m_dst);
		rte_comp_op_free(op);
	}
	CHECK(!failed || !s.good, "a good stream fails");
	CHECK(!ended || s.good, "a bad stream ends well");
	CHECK(!ended || (in == s.consumed && out == s.produced));
	CHECK(!s.good || ended, "a good stream does not end");
	CHECK(rte_compressdev_stream_free(dev, stream) == 0);
}

int
main(int argc, char **argv)
{
	const char *devargs = argc > 1 ? argv[1] : "device=emu";
	unsigned int rounds = argc > 2 ? atoi(argv[2]) : 200;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	const uint8_t dev = 0;
	struct rte_comp_xform x;

	cx_init(&devargs, 1);
	cx_start(dev, 1, 128);
	for (int sum = 0; sum < NB_SUMS; sum++) {
		x = cx_xform(RTE_COMP_DECOMPRESS, sum);
		CHECK(rte_compressdev_private_xform_create(dev, &x, &decomp[sum]) == 0);
	}
	x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);
	CHECK(rte_compressdev_private_xform_create(dev, &x, &comp) == 0);
	for (unsigned int i = 0; i < rounds; i++, seed++) {
		cx_seed = seed * 0x9e3779b97f4a7c15ull;
		cx_round = seed;
		fuzz_whole(dev);
		for (int j = 0; j < 4; j++)
			fuzz_pieces(dev);
	}
	cx_stop(dev);
	printf("fuzz: %s: ok, %u rounds of %d streams, %ju bytes copied\n", devargs, rounds,
		BURST + 4, (uintmax_t)far_bytes);
	rte_eal_cleanup();
	return 0;
}
