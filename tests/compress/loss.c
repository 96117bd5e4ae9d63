/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices that fail: every op in flight comes back exactly once, with an error where there was
 * one, the process lives, the queue pair can be set up again if there is a device left, and another
 * device does not notice.
 *
 *	loss fail|index|stall|reset|unplug
 */
#include <rte_cycles.h>
#include <rte_eal.h>

#include "cx.h"

#define NB_OPS          96
#define AT              40      /* the job that meets the fault */
#define LEN             1000
#define PATIENCE_S      30

static void *comp[2];
static uint8_t src[LEN];

static void
make_ops(uint8_t dev, struct rte_comp_op **ops)
{
	for (int i = 0; i < NB_OPS; i++)
		ops[i] = cx_op(comp[dev], cx_chain(src, LEN, 1), cx_chain(NULL, 2 * LEN, 1));
}

static void
free_ops(struct rte_comp_op **ops)
{
	for (int i = 0; i < NB_OPS; i++) {
		cx_chain_free(ops[i]->m_src);
		cx_chain_free(ops[i]->m_dst);
		rte_comp_op_free(ops[i]);
	}
}

/* Enqueues what is taken and waits for exactly that. Returns how many were taken. */
static uint32_t
run(uint8_t dev, uint16_t qp, struct rte_comp_op **ops, uint32_t *bad)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	uint32_t taken = rte_compressdev_enqueue_burst(dev, qp, ops, NB_OPS), got = 0;
	struct rte_comp_op *back[NB_OPS];

	*bad = 0;
	while (got < taken && rte_get_timer_cycles() < end)
		got += rte_compressdev_dequeue_burst(dev, qp, back + got, NB_OPS - got);
	CHECK(got == taken, "%u of %u came back", got, taken);
	rte_delay_ms(20);
	CHECK(rte_compressdev_dequeue_burst(dev, qp, back, 1) == 0, "one too many");
	for (uint32_t i = 0; i < got; i++) {
		uint8_t out[LEN];
		uint32_t consumed, produced;

		CHECK(back[i] == ops[i], "order");
		if (ops[i]->status == RTE_COMP_OP_STATUS_ERROR) {
			++*bad;
			continue;
		}
		CHECK(ops[i]->status == RTE_COMP_OP_STATUS_SUCCESS, "status %u", ops[i]->status);
		CHECK(cx_inflate(rte_pktmbuf_mtod(ops[i]->m_dst, uint8_t *), ops[i]->produced, out,
			LEN, &consumed, &produced) && produced == LEN && memcmp(out, src, LEN) == 0);
	}
	return taken;
}

static void
run_well(uint8_t dev, uint16_t qp)
{
	struct rte_comp_op *ops[NB_OPS];
	uint32_t bad;

	make_ops(dev, ops);
	CHECK(run(dev, qp, ops, &bad) == NB_OPS && bad == 0, "%u bad", bad);
	free_ops(ops);
}

/* gone: with all its queues and for good; else only the one queue is lost. */
static void
check_lost(bool gone)
{
	struct rte_compressdev_config conf = {.nb_queue_pairs = 2, .max_nb_priv_xforms = 4};
	struct rte_comp_op *ops[NB_OPS];
	uint32_t taken, bad;

	make_ops(0, ops);
	taken = run(0, 0, ops, &bad);
	CHECK(taken == 0, "a dead queue took %u", taken);
	taken = run(0, 1, ops, &bad);
	CHECK(gone ? taken == bad : bad == 0 && taken == NB_OPS, "%u taken, %u bad", taken, bad);
	free_ops(ops);
	run_well(1, 0);
	rte_compressdev_stop(0);
	CHECK(rte_compressdev_configure(0, &conf) == 0);
	if (gone) {
		CHECK(rte_compressdev_queue_pair_setup(0, 0, 128, 0) < 0, "the device is gone");
		return;
	}
	CHECK(rte_compressdev_queue_pair_setup(0, 0, 128, 0) == 0);
	CHECK(rte_compressdev_queue_pair_setup(0, 1, 128, 0) == 0);
	CHECK(rte_compressdev_start(0) == 0);
	run_well(0, 0);
	run_well(0, 1);
}

int
main(int argc, char **argv)
{
	const char *fault = argc > 1 ? argv[1] : "reset", *what = "";
	struct rte_comp_xform x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);
	char args[64];
	const char *devargs[] = {args, "device=emu"};
	struct rte_comp_op *ops[NB_OPS];
	struct rte_compressdev_stats st;
	uint32_t taken, bad;

	if (strcmp(fault, "fail") == 0)
		what = ":5";
	else if (strcmp(fault, "index") == 0)
		what = ":1000";
	else if (strcmp(fault, "stall") == 0)
		what = ":300";
	snprintf(args, sizeof(args), "device=emu,fault=%s:%u%s", fault, AT, what);
	cx_init(devargs, 2);
	for (uint8_t dev = 0; dev < 2; dev++) {
		cx_start(dev, 2, 128);
		CHECK(rte_compressdev_private_xform_create(dev, &x, &comp[dev]) == 0);
	}
	cx_fill(src, LEN);
	make_ops(0, ops);
	taken = run(0, 0, ops, &bad);
	CHECK(taken == NB_OPS, "%u taken", taken);
	rte_compressdev_stats_get(0, &st);
	CHECK(st.dequeued_count == NB_OPS && st.dequeue_err_count == bad, "statistics");
	if (strcmp(fault, "stall") == 0) {
		CHECK(bad == 0, "%u bad", bad);
	} else if (strcmp(fault, "fail") == 0) {
		CHECK(bad == 1 && ops[AT - 1]->status == RTE_COMP_OP_STATUS_ERROR, "%u bad", bad);
		CHECK(ops[AT - 1]->debug_status == 5);
	} else {
		/* What was done and not dequeued when the device died may count as lost. */
		CHECK(bad >= NB_OPS - AT + 1, "%u bad", bad);
		CHECK(ops[NB_OPS - 1]->status == RTE_COMP_OP_STATUS_ERROR, "the last one");
		check_lost(strcmp(fault, "unplug") == 0);
	}
	free_ops(ops);
	run_well(1, 1);
	printf("loss: %s: ok\n", args);
	rte_eal_cleanup();
	return 0;
}
