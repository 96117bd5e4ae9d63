/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Points of the compress PMD: both directions, generations, kinds of device address; then what must
 * not matter.
 */
#include <rte_comp.h>
#include <rte_compressdev.h>
#include <rte_mbuf.h>

#include "cost.h"

#define LEN             4096
#define HUGE_LEN        65280

static const struct {
	const char *name, *devargs;
} devs[] = {
	{"v3 sva", "hw=v3,mode=sva"},
	{"v3 iommu", "hw=v3,mode=iommu"},
	{"v3 noiommu", "hw=v3,mode=noiommu"},
	{"v2 sva", "hw=v2,mode=sva"},
};

static struct rte_mempool *op_mp, *mbuf_mp;

struct point {
	const char *what;
	uint8_t dev;
	enum rte_comp_xform_type type;
	enum rte_comp_checksum_type sum;
	uint32_t len;
	uint16_t queues;
	uint16_t burst;
};

__attribute__((noinline)) uint16_t cost_enqueue(uint8_t dev, uint16_t qp, struct rte_comp_op **ops,
	uint16_t n);
__attribute__((noinline)) uint16_t cost_dequeue(uint8_t dev, uint16_t qp, struct rte_comp_op **ops,
	uint16_t n);

uint16_t
cost_enqueue(uint8_t dev, uint16_t qp, struct rte_comp_op **ops, uint16_t n)
{
	return rte_compressdev_enqueue_burst(dev, qp, ops, n);
}

uint16_t
cost_dequeue(uint8_t dev, uint16_t qp, struct rte_comp_op **ops, uint16_t n)
{
	return rte_compressdev_dequeue_burst(dev, qp, ops, n);
}

static void *
make_xform(const struct point *p)
{
	struct rte_comp_xform x = {.type = p->type};
	void *priv = NULL;

	if (p->type == RTE_COMP_COMPRESS)
		x.compress = (struct rte_comp_compress_xform){.algo = RTE_COMP_ALGO_DEFLATE,
			.deflate.huffman = RTE_COMP_HUFFMAN_DYNAMIC, .level = 1,
			.window_size = 15, .chksum = p->sum};
	else
		x.decompress = (struct rte_comp_decompress_xform){.algo = RTE_COMP_ALGO_DEFLATE,
			.window_size = 15, .chksum = p->sum};
	COST_CHECK(rte_compressdev_private_xform_create(p->dev, &x, &priv) == 0);
	return priv;
}

static struct rte_mbuf *
make_mbuf(uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mbuf_mp);

	COST_CHECK(m != NULL && rte_pktmbuf_append(m, len) != NULL);
	return m;
}

static void
run_bursts(const struct point *p, struct rte_comp_op **ops, unsigned int bursts)
{
	struct rte_comp_op *back[128];

	for (unsigned int b = 0; b < bursts; b++) {
		COST_CHECK(cost_enqueue(p->dev, b % p->queues, ops, p->burst) == p->burst);
		cost_finish(p->burst);
		COST_CHECK(cost_dequeue(p->dev, b % p->queues, back, 128) == p->burst);
		for (uint16_t i = 0; i < p->burst; i++)
			COST_CHECK(back[i] == ops[i] && back[i]->produced + 8 > p->len / 2 &&
				back[i]->status == RTE_COMP_OP_STATUS_SUCCESS);
	}
}

static void
measure(const struct point *p)
{
	const unsigned int bursts = COST_BURSTS;
	void *xform = make_xform(p);
	struct rte_comp_op *ops[128];
	char name[64];

	for (uint16_t i = 0; i < p->burst; i++) {
		struct rte_comp_op *op = rte_comp_op_alloc(op_mp);

		COST_CHECK(op != NULL);
		op->op_type = RTE_COMP_OP_STATELESS;
		op->flush_flag = RTE_COMP_FLUSH_FINAL;
		op->private_xform = xform;
		op->m_src = make_mbuf(p->len);
		op->m_dst = make_mbuf(p->len);
		op->src.offset = op->dst.offset = 0;
		op->src.length = p->len;
		ops[i] = op;
	}
	run_bursts(p, ops, p->queues);
	cost_begin();
	run_bursts(p, ops, bursts);
	snprintf(name, sizeof(name), "%s %s", devs[p->dev].name, p->what);
	cost_end(name, bursts * p->burst);
	for (uint16_t i = 0; i < p->burst; i++) {
		rte_pktmbuf_free(ops[i]->m_src);
		rte_pktmbuf_free(ops[i]->m_dst);
		rte_comp_op_free(ops[i]);
	}
	COST_CHECK(rte_compressdev_private_xform_free(p->dev, xform) == 0);
}

#define QUEUES  16

static void
scale(void)
{
	const enum rte_comp_checksum_type none = RTE_COMP_CHECKSUM_NONE;
	const struct point points[] = {
		{"compress 256 B", 0, RTE_COMP_COMPRESS, none, 256, 1, COST_BURST},
		{"compress 65280 B", 0, RTE_COMP_COMPRESS, none, HUGE_LEN, 1, COST_BURST},
		{"compress 16 queues", 0, RTE_COMP_COMPRESS, none, LEN, QUEUES, COST_BURST},
		{"compress bursts of 1", 0, RTE_COMP_COMPRESS, none, LEN, 1, 1},
		{"compress bursts of 8", 0, RTE_COMP_COMPRESS, none, LEN, 1, 8},
		{"compress bursts of 128", 0, RTE_COMP_COMPRESS, none, LEN, 1, 128},
	};

	for (unsigned int i = 0; i < RTE_DIM(points); i++)
		measure(&points[i]);
}

static void
start(uint8_t dev, uint16_t queues)
{
	struct rte_compressdev_config conf = {.socket_id = 0, .nb_queue_pairs = queues,
		.max_nb_priv_xforms = 16, .max_nb_streams = 16};

	COST_CHECK(rte_compressdev_configure(dev, &conf) == 0);
	for (uint16_t i = 0; i < queues; i++)
		COST_CHECK(rte_compressdev_queue_pair_setup(dev, i, 512, 0) == 0);
	COST_CHECK(rte_compressdev_start(dev) == 0);
}

int
main(void)
{
	const enum rte_comp_checksum_type none = RTE_COMP_CHECKSUM_NONE;
	const enum rte_comp_checksum_type crc = RTE_COMP_CHECKSUM_CRC32;
	const char *args[RTE_DIM(devs)];

	for (unsigned int i = 0; i < RTE_DIM(devs); i++)
		args[i] = devs[i].devargs;
	cost_init("compress", args, RTE_DIM(devs));
	COST_CHECK(rte_compressdev_count() == RTE_DIM(devs));
	op_mp = rte_comp_op_pool_create("ops", 255, 0, 0, SOCKET_ID_ANY);
	mbuf_mp = rte_pktmbuf_pool_create("mbufs", 511, 0, 0, UINT16_MAX, SOCKET_ID_ANY);
	COST_CHECK(op_mp != NULL && mbuf_mp != NULL);
	for (uint8_t dev = 0; dev < RTE_DIM(devs); dev++) {
		start(dev, dev == 0 ? QUEUES : 1);
		measure(&(struct point){"compress", dev, RTE_COMP_COMPRESS, none, LEN, 1,
			COST_BURST});
		measure(&(struct point){"decompress", dev, RTE_COMP_DECOMPRESS, none, LEN, 1,
			COST_BURST});
		measure(&(struct point){"compress+crc32", dev, RTE_COMP_COMPRESS, crc, LEN, 1,
			COST_BURST});
	}
	scale();
	return 0;
}
