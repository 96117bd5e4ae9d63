/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stateless ops of the compress PMD against zlib: segmentations, offsets, exact and short room,
 * limits, errors, xforms, life cycle, order and statistics.
 *
 *	whole DEVARGS [ROUNDS]
 */
#include <errno.h>

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "cx.h"

#define NB_SUMS         4
#define ROOM(len)       ((len) + (len) / 8 + 300)

static void *comp[NB_SUMS], *decomp[NB_SUMS];

static void
make_xforms(uint8_t dev)
{
	for (int sum = 0; sum < NB_SUMS; sum++) {
		struct rte_comp_xform x = cx_xform(RTE_COMP_COMPRESS, sum);

		CHECK(rte_compressdev_private_xform_create(dev, &x, &comp[sum]) == 0);
		x = cx_xform(RTE_COMP_DECOMPRESS, sum);
		CHECK(rte_compressdev_private_xform_create(dev, &x, &decomp[sum]) == 0);
	}
}

static void
free_xforms(uint8_t dev)
{
	for (int sum = 0; sum < NB_SUMS; sum++) {
		CHECK(rte_compressdev_private_xform_free(dev, comp[sum]) == 0);
		CHECK(rte_compressdev_private_xform_free(dev, decomp[sum]) == 0);
	}
}

/* A chain whose data begins at a random offset. */
static struct rte_mbuf *
offset_chain(const uint8_t *data, uint32_t len, uint32_t *off)
{
	uint8_t *tmp = malloc(len + 100);
	struct rte_mbuf *m;

	CHECK(tmp != NULL);
	*off = cx_rand(3) ? cx_rand(100) : 0;
	memset(tmp, 0x77, *off);
	if (data != NULL)
		memcpy(tmp + *off, data, len);
	m = cx_chain(data == NULL ? NULL : tmp, *off + len, cx_rand(2) ? 1 : 1 + cx_rand(20));
	free(tmp);
	return m;
}

static uint32_t
compress_with_pmd(uint8_t dev, const uint8_t *src, uint32_t len, uint8_t *mid, uint32_t room)
{
	const int sum = cx_rand(NB_SUMS);
	struct rte_mbuf *in, *out;
	uint32_t soff, doff, n;
	struct rte_comp_op *op;

	in = offset_chain(src, len, &soff);
	out = offset_chain(NULL, room, &doff);
	op = cx_op(comp[sum], in, out);
	op->src.offset = soff;
	op->src.length = len;
	op->dst.offset = doff;
	CHECK(cx_run(dev, 0, op) == RTE_COMP_OP_STATUS_SUCCESS, "status %u", op->status);
	CHECK(op->consumed == len && op->produced <= room);
	CHECK(sum == RTE_COMP_CHECKSUM_NONE || op->output_chksum == cx_checksum(sum, src, len));
	n = op->produced;
	cx_read(out, doff, mid, n);
	rte_comp_op_free(op);
	cx_chain_free(in);
	cx_chain_free(out);
	return n;
}

/* Expects status and, if it is success, the data. */
static void
decompress_with_pmd(uint8_t dev, const uint8_t *mid, uint32_t clen, uint32_t behind,
	const uint8_t *want, uint32_t len, uint32_t room, uint8_t status)
{
	const int sum = cx_rand(NB_SUMS);
	uint8_t *got = malloc(RTE_MAX(len, room) + 1);
	struct rte_mbuf *in, *out;
	struct rte_comp_op *op;
	uint32_t soff, doff;

	in = offset_chain(mid, clen + behind, &soff);
	out = offset_chain(NULL, room, &doff);
	op = cx_op(decomp[sum], in, out);
	op->src.offset = soff;
	op->src.length = clen + behind;
	op->dst.offset = doff;
	cx_run(dev, 0, op);
	CHECK(op->status == status, "status %u instead of %u, %u of %u, room %u", op->status, status,
		op->produced, len, room);
	if (status == RTE_COMP_OP_STATUS_SUCCESS) {
		CHECK(op->consumed == clen && op->produced == len, "%u/%u %u/%u", op->consumed, clen,
			op->produced, len);
		cx_read(out, doff, got, len);
		CHECK(memcmp(got, want, len) == 0);
		CHECK(sum == RTE_COMP_CHECKSUM_NONE ||
			op->output_chksum == cx_checksum(sum, want, len));
	} else if (status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED) {
		/* What is there is right, and it is all that there is room for. */
		CHECK(op->produced == room && op->consumed <= clen);
		cx_read(out, doff, got, room);
		CHECK(memcmp(got, want, room) == 0);
	}
	rte_comp_op_free(op);
	cx_chain_free(in);
	cx_chain_free(out);
	free(got);
}

static uint32_t
random_len(void)
{
	switch (cx_rand(8)) {
	case 0:
		return cx_rand(3);
	case 1:
		return cx_rand(300000);
	case 2:
		return cx_rand(60000);
	default:
		return cx_rand(4000);
	}
}

static void
test_round_trip(uint8_t dev)
{
	uint32_t len = random_len(), room = ROOM(len) + 20000, clen, consumed, produced;
	uint8_t *src = malloc(len + 1), *mid = malloc(room), *out = malloc(len + 1);

	cx_fill(src, len);
	clen = compress_with_pmd(dev, src, len, mid, ROOM(len));
	CHECK(cx_inflate(mid, clen, out, len, &consumed, &produced));
	CHECK(consumed == clen && produced == len && memcmp(out, src, len) == 0);
	decompress_with_pmd(dev, mid, clen, 0, src, len, len, RTE_COMP_OP_STATUS_SUCCESS);
	/* Streams of zlib's, with bytes behind them that are not theirs. */
	clen = cx_deflate(src, len, mid, room - 20);
	memset(mid + clen, cx_rand(256), 20);
	decompress_with_pmd(dev, mid, clen, cx_rand(21), src, len, len + cx_rand(1000),
		RTE_COMP_OP_STATUS_SUCCESS);
	if (len > 0)
		decompress_with_pmd(dev, mid, clen, 0, src, len, cx_rand(len),
			RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED);
	decompress_with_pmd(dev, mid, cx_rand(clen), 0, src, len, len + 1000,
		RTE_COMP_OP_STATUS_ERROR);
	free(out);
	free(mid);
	free(src);
}

/* With one byte less than it takes, compression reports so; with exactly that, it works. */
static void
test_tight_room(uint8_t dev)
{
	uint32_t len = 1 + cx_rand(5000), need, tries = 0;
	uint8_t *src = malloc(len), *mid = malloc(ROOM(len));

	cx_fill(src, len);
	need = compress_with_pmd(dev, src, len, mid, ROOM(len));
	for (int less = 0; less <= 2; less++) {
		struct rte_mbuf *in = cx_chain(src, len, 1 + cx_rand(3));
		struct rte_mbuf *out = cx_chain(NULL, less == 2 ? 0 : need - less, 1 + cx_rand(3));
		struct rte_comp_op *op = cx_op(comp[cx_rand(NB_SUMS)], in, out);

		cx_run(dev, 0, op);
		/* Another way of cutting the data may cost a few bytes. */
		if (op->status == RTE_COMP_OP_STATUS_SUCCESS)
			CHECK(op->consumed == len && op->produced <= out->pkt_len);
		else
			CHECK(op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED &&
				op->produced <= out->pkt_len && op->consumed <= len);
		CHECK(less != 2 || op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED);
		tries++;
		rte_comp_op_free(op);
		cx_chain_free(in);
		cx_chain_free(out);
	}
	CHECK(tries == 3);
	free(mid);
	free(src);
}

/* FULL flush: no final block, whole bytes, independent of what comes before. */
static void
test_full_flush(uint8_t dev)
{
	enum { N = 12 };
	static uint8_t src[N * 3000], mid[N * 4000 + 2], out[N * 3000];
	uint32_t in = 0, clen = 0, consumed, produced;
	struct rte_comp_op *ops[N];

	cx_fill(src, sizeof(src));
	for (int i = 0; i < N; i++) {
		uint32_t len = 1 + cx_rand(3000);

		ops[i] = cx_op(comp[cx_rand(NB_SUMS)], cx_chain(src + in, len, 2),
			cx_chain(NULL, ROOM(len), 2));
		ops[i]->flush_flag = i == N - 1 ? RTE_COMP_FLUSH_FINAL : RTE_COMP_FLUSH_FULL;
		in += len;
	}
	/* More than the PMD has streams for: it takes them by and by. */
	cx_run_all(dev, 0, ops, N);
	for (int i = 0; i < N; i++) {
		CHECK(ops[i]->status == RTE_COMP_OP_STATUS_SUCCESS);
		CHECK(ops[i]->consumed == ops[i]->src.length);
		cx_read(ops[i]->m_dst, 0, mid + clen, ops[i]->produced);
		clen += ops[i]->produced;
		cx_chain_free(ops[i]->m_src);
		cx_chain_free(ops[i]->m_dst);
		rte_comp_op_free(ops[i]);
	}
	CHECK(cx_inflate(mid, clen, out, sizeof(out), &consumed, &produced));
	CHECK(consumed == clen && produced == in && memcmp(src, out, in) == 0);
}

static void
expect(uint8_t dev, struct rte_comp_op *op, uint8_t status)
{
	CHECK(cx_run(dev, 0, op) == status, "status %u instead of %u", op->status, status);
	CHECK(op->consumed == 0 && op->produced == 0);
	if (op->m_src != op->m_dst)
		rte_pktmbuf_free(op->m_src);
	rte_pktmbuf_free(op->m_dst);
	rte_comp_op_free(op);
}

static void
test_bad_ops(uint8_t dev)
{
	const uint8_t bad = RTE_COMP_OP_STATUS_INVALID_ARGS;
	static uint64_t not_xform[64];
	struct rte_comp_op *op;

#define NEW_OP() (op = cx_op(comp[0], cx_chain(NULL, 500, 1), cx_chain(NULL, 900, 1)))
	NEW_OP()->src.length = 501;
	expect(dev, op, bad);
	NEW_OP()->src.offset = UINT32_MAX;
	expect(dev, op, bad);
	NEW_OP()->dst.offset = 901;
	expect(dev, op, bad);
	NEW_OP()->dst.offset = UINT32_MAX;
	expect(dev, op, bad);
	NEW_OP()->private_xform = NULL;
	expect(dev, op, bad);
	NEW_OP()->private_xform = not_xform;
	expect(dev, op, bad);
	NEW_OP()->op_type = RTE_COMP_OP_STATEFUL;       /* with an xform where the stream belongs */
	expect(dev, op, bad);
	NEW_OP()->flush_flag = RTE_COMP_FLUSH_SYNC;
	expect(dev, op, bad);
	NEW_OP()->flush_flag = RTE_COMP_FLUSH_NONE;
	expect(dev, op, bad);
	NEW_OP();
	rte_pktmbuf_free(op->m_dst);
	op->m_dst = op->m_src;                          /* in place is not advertised */
	expect(dev, op, bad);
	NEW_OP();
	rte_pktmbuf_free(op->m_src);
	op->m_src = NULL;
	expect(dev, op, bad);
	op = cx_op(comp[0], cx_chain(NULL, CX_MAX_LEN + 1, 1), cx_chain(NULL, 900, 1));
	expect(dev, op, bad);
	op = cx_op(decomp[0], cx_chain(NULL, CX_MAX_LEN + 1, 1), cx_chain(NULL, 900, 1));
	expect(dev, op, bad);
#undef NEW_OP
}

/* The longest input, in as many pieces as mbufs make of it. */
static void
test_longest(uint8_t dev)
{
	uint8_t *src = malloc(CX_MAX_LEN), *mid = malloc(CX_MAX_LEN), *out = malloc(CX_MAX_LEN);
	uint32_t clen, consumed, produced;

	for (uint32_t i = 0; i < CX_MAX_LEN; i++)
		src[i] = i % 4099 < 2000 ? cx_rand(16) : i / 7;
	clen = compress_with_pmd(dev, src, CX_MAX_LEN, mid, CX_MAX_LEN);
	CHECK(cx_inflate(mid, clen, out, CX_MAX_LEN, &consumed, &produced));
	CHECK(produced == CX_MAX_LEN && memcmp(src, out, CX_MAX_LEN) == 0);
	decompress_with_pmd(dev, mid, clen, 0, src, CX_MAX_LEN, CX_MAX_LEN,
		RTE_COMP_OP_STATUS_SUCCESS);
	free(out);
	free(mid);
	free(src);
}

static int
try_xform(uint8_t dev, const struct rte_comp_xform *x)
{
	void *priv = NULL, *stream = NULL;
	int ret = rte_compressdev_private_xform_create(dev, x, &priv);
	int ret2 = rte_compressdev_stream_create(dev, x, &stream);

	CHECK(ret == ret2, "xform %d, stream %d", ret, ret2);
	if (ret == 0) {
		CHECK(rte_compressdev_private_xform_free(dev, priv) == 0);
		CHECK(rte_compressdev_stream_free(dev, stream) == 0);
	} else {
		CHECK(priv == NULL && stream == NULL);
	}
	return ret;
}

static void
test_xforms(uint8_t dev)
{
	struct rte_comp_xform x;

	for (int level = -2; level <= 10; level++) {
		x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);
		x.compress.level = level;
		CHECK(try_xform(dev, &x) == (level == 0 ? -ENOTSUP : level < -1 || level > 9 ? -EINVAL : 0),
			"level %d", level);
	}
	for (int window = 1; window <= 16; window++) {
		x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);
		x.compress.window_size = window;
		CHECK(try_xform(dev, &x) == (window < 12 || window > 15 ? -ENOTSUP : 0));
		x = cx_xform(RTE_COMP_DECOMPRESS, RTE_COMP_CHECKSUM_NONE);
		x.decompress.window_size = window;
		CHECK(try_xform(dev, &x) == (window < 8 || window > 15 ? -ENOTSUP : 0));
	}
	x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);
	x.compress.deflate.huffman = RTE_COMP_HUFFMAN_FIXED;
	CHECK(try_xform(dev, &x) == -ENOTSUP);
	x.compress.deflate.huffman = RTE_COMP_HUFFMAN_DEFAULT;
	CHECK(try_xform(dev, &x) == 0);
	x.compress.hash_algo = RTE_COMP_HASH_ALGO_SHA1;
	CHECK(try_xform(dev, &x) == -ENOTSUP);
	for (int algo = 0; algo < 6; algo++) {
		if (algo == RTE_COMP_ALGO_DEFLATE)
			continue;
		x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);
		x.compress.algo = algo;
		CHECK(try_xform(dev, &x) == -ENOTSUP);
	}
	x = cx_xform(RTE_COMP_DECOMPRESS, 4);           /* newer DPDK: xxHash32 */
	CHECK(try_xform(dev, &x) == -ENOTSUP);
	x.type = 2;
	CHECK(try_xform(dev, &x) == -EINVAL);
}

/* Both directions in one burst, some ops wrong: they come back in order, and are counted. */
static void
test_mixed(uint8_t dev, uint16_t qp)
{
	enum { N = 100, LEN = 3000 };
	uint8_t src[LEN], mid[LEN + 1000], out[LEN];
	struct rte_compressdev_stats stats;
	struct rte_comp_op *ops[N];
	uint32_t clen, wrong = 0;

	cx_fill(src, LEN);
	clen = cx_deflate(src, LEN, mid, sizeof(mid));
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++) {
			bool c = cx_rand(2);

			ops[i] = cx_op(c ? comp[cx_rand(NB_SUMS)] : decomp[cx_rand(NB_SUMS)],
				cx_chain(c ? src : mid, c ? LEN : clen, 1 + cx_rand(3)),
				cx_chain(NULL, ROOM(LEN), 1 + cx_rand(3)));
			if (cx_rand(10) == 0) {
				ops[i]->src.offset = 1u << 30;
				wrong++;
			}
		}
		cx_run_all(dev, qp, ops, N);
		for (int i = 0; i < N; i++) {
			struct rte_comp_op *op = ops[i];
			uint32_t consumed, produced;

			if (op->src.offset != 0) {
				CHECK(op->status == RTE_COMP_OP_STATUS_INVALID_ARGS);
			} else {
				uint8_t got[ROOM(LEN)];

				CHECK(op->status == RTE_COMP_OP_STATUS_SUCCESS);
				CHECK(op->consumed == op->src.length);
				cx_read(op->m_dst, 0, got, op->produced);
				if (op->consumed == LEN && op->produced != LEN)
					CHECK(cx_inflate(got, op->produced, out, LEN, &consumed,
						&produced) && memcmp(out, src, LEN) == 0);
				else if (op->consumed == clen && op->produced == LEN)
					CHECK(memcmp(got, src, LEN) == 0);
			}
			cx_chain_free(op->m_src);
			cx_chain_free(op->m_dst);
			rte_comp_op_free(op);
		}
	}
	CHECK(rte_compressdev_stats_get(dev, &stats) == 0);
	CHECK(stats.enqueued_count == 20 * N && stats.dequeued_count == 20 * N);
	CHECK(stats.dequeue_err_count == wrong && stats.enqueue_err_count == wrong);
	rte_compressdev_stats_reset(dev);
	CHECK(rte_compressdev_stats_get(dev, &stats) == 0 && stats.enqueued_count == 0);
}

struct lane {
	uint8_t dev;
	uint16_t qp;
	uint32_t ops;
};

/* One queue pair of several that share the xforms: its ops come back on it, each once. */
static int
run_lane(void *arg)
{
	enum { IN_FLIGHT = 60, LEN = 2000 };
	const struct lane *l = arg;
	struct rte_comp_op *ops[IN_FLIGHT], *idle[IN_FLIGHT], *back[32];
	uint32_t done = 0, flight = 0, nb_idle = IN_FLIGHT, sent = 0, seed = l->qp * 77 + 1;
	uint8_t src[LEN], out[LEN];

	for (int i = 0; i < LEN; i++)
		src[i] = "lane of bytes "[(i * (l->qp + 3)) % 14] + i / 300;
	for (int i = 0; i < IN_FLIGHT; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(rte_mempool_lookup("small"));
		struct rte_mbuf *d = rte_pktmbuf_alloc(rte_mempool_lookup("small"));

		CHECK(m != NULL && d != NULL);
		memcpy(rte_pktmbuf_append(m, LEN), src, LEN);
		rte_pktmbuf_append(d, LEN);
		ops[i] = cx_op(comp[i % NB_SUMS], m, d);
		idle[i] = ops[i];
	}
	while (done < l->ops) {
		uint16_t n, want = RTE_MIN(nb_idle, 1 + (seed = seed * 1103515245 + 12345, seed >> 16) % 40);

		want = RTE_MIN((uint32_t)want, l->ops - sent);
		n = rte_compressdev_enqueue_burst(l->dev, l->qp, &idle[nb_idle - want], want);
		/* A prefix was taken: what was not moves down. */
		memmove(&idle[nb_idle - want], &idle[nb_idle - want + n], (want - n) * sizeof(idle[0]));
		nb_idle -= n;
		flight += n;
		sent += n;
		n = rte_compressdev_dequeue_burst(l->dev, l->qp, back, 1 + (seed >> 8) % 32);
		CHECK(n <= flight);
		for (uint16_t i = 0; i < n; i++) {
			uint32_t consumed, produced;

			CHECK(back[i]->status == RTE_COMP_OP_STATUS_SUCCESS);
			if ((done + i) % 16 == 0) {
				const uint8_t *p = rte_pktmbuf_mtod(back[i]->m_dst, const uint8_t *);

				CHECK(cx_inflate(p, back[i]->produced, out, LEN, &consumed, &produced));
				CHECK(produced == LEN && memcmp(out, src, LEN) == 0);
			}
			back[i]->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
			idle[nb_idle++] = back[i];
		}
		flight -= n;
		done += n;
	}
	CHECK(flight == 0 && nb_idle == IN_FLIGHT);
	for (int i = 0; i < IN_FLIGHT; i++) {
		rte_pktmbuf_free(ops[i]->m_src);
		rte_pktmbuf_free(ops[i]->m_dst);
		rte_comp_op_free(ops[i]);
	}
	return 0;
}

static void
test_lanes(uint8_t dev, uint32_t ops)
{
	struct lane lanes[2] = {{dev, 0, ops}, {dev, 1, ops}};
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);
	struct rte_compressdev_stats stats;

	rte_compressdev_stats_reset(dev);
	if (lcore < RTE_MAX_LCORE)
		rte_eal_remote_launch(run_lane, &lanes[1], lcore);
	run_lane(&lanes[0]);
	if (lcore < RTE_MAX_LCORE)
		CHECK(rte_eal_wait_lcore(lcore) == 0);
	else
		run_lane(&lanes[1]);
	rte_compressdev_stats_get(dev, &stats);
	CHECK(stats.enqueued_count == 2 * ops && stats.dequeued_count == 2 * ops);
}

static void
test_life_cycle(uint8_t dev)
{
	struct rte_compressdev_info info;
	struct rte_compressdev_config conf = {.nb_queue_pairs = 1};
	struct rte_comp_op *ops[8];

	rte_compressdev_info_get(dev, &info);
	CHECK(info.max_nb_queue_pairs > 0);
	conf.nb_queue_pairs = info.max_nb_queue_pairs + 1;
	CHECK(info.max_nb_queue_pairs == UINT16_MAX || rte_compressdev_configure(dev, &conf) < 0);
	/* A ring of one; many queue pairs; closing what was never started; setting up twice. */
	cx_start(dev, 1, 1);
	test_round_trip(dev);
	cx_stop(dev);
	for (int i = 0; i < 5; i++) {
		conf.nb_queue_pairs = RTE_MIN(info.max_nb_queue_pairs, 4);
		CHECK(rte_compressdev_configure(dev, &conf) == 0);
		for (int qp = 0; qp < conf.nb_queue_pairs; qp++)
			CHECK(rte_compressdev_queue_pair_setup(dev, qp, 32, 0) == 0);
		CHECK(rte_compressdev_queue_pair_setup(dev, 0, 100, 0) == 0);
		if (i % 2 == 0) {
			CHECK(rte_compressdev_start(dev) == 0);
			test_round_trip(dev);
			rte_compressdev_stop(dev);
			CHECK(rte_compressdev_start(dev) == 0);
			test_round_trip(dev);
			rte_compressdev_stop(dev);
		}
		CHECK(rte_compressdev_close(dev) == 0);
	}
	/* Closed with ops in flight that nobody fetches. */
	cx_start(dev, 1, 64);
	for (int i = 0; i < 8; i++)
		ops[i] = cx_op(comp[0], cx_chain(NULL, 5000, 1), cx_chain(NULL, 6000, 1));
	CHECK(rte_compressdev_enqueue_burst(dev, 0, ops, 8) == 8);
	cx_stop(dev);
	for (int i = 0; i < 8; i++) {
		cx_chain_free(ops[i]->m_src);
		cx_chain_free(ops[i]->m_dst);
		rte_comp_op_free(ops[i]);
	}
}

int
main(int argc, char **argv)
{
	const char *devargs = argc > 1 ? argv[1] : "device=emu";
	int rounds = argc > 2 ? atoi(argv[2]) : 300;
	const uint8_t dev = 0;

	cx_init(&devargs, 1);
	cx_start(dev, 2, 256);
	make_xforms(dev);
	test_xforms(dev);
	test_bad_ops(dev);
	rte_compressdev_stats_reset(dev);
	test_mixed(dev, 1);
	for (int i = 0; i < rounds; i++) {
		test_round_trip(dev);
		test_tight_room(dev);
		if (i % 10 == 0)
			test_full_flush(dev);
	}
	test_longest(dev);
	test_lanes(dev, rounds * 100);
	cx_stop(dev);
	test_life_cycle(dev);
	free_xforms(dev);
	printf("whole: %s: ok, %d rounds\n", devargs, rounds);
	rte_eal_cleanup();
	return 0;
}
