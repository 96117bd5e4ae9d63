/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lcore enqueues on a queue pair while another one dequeues from it: ops of both directions and
 * all paths, which come back in order and with the right data each time. Plain ones, with a checksum,
 * of a FULL flush, and of so many segments that queues run out of lists and requests are pending;
 * with CX_FAR, memory out of reach among them.
 *
 *	threads DEVARGS [OPS]
 */
#include <sched.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include "cx.h"

#define LEN             3000u
#define ROOM            5000u
#define SEGS            67u     /* two list chunks of libwd's a side */
#define BURST           32u
#define FEW             5u
#define PATIENCE_S      60

enum kind { COMP, COMP_SUM, DECOMP, LIST_COMP, LIST_DECOMP, FULL, KINDS };
static const uint32_t how_many[KINDS] = {30, 10, 32, 32, 8, 16};
#define NB_OPS          128u    /* the sum, all in the air */

/* Of each op, which goes around and around. */
static struct course {
	struct rte_comp_op *op;
	enum kind kind;
	uint8_t plain[LEN];
} courses[NB_OPS];
static void *xforms[KINDS];
static struct rte_ring *ready;
static uint64_t total, enqueued, not_taken;

static void
make_xforms(void)
{
	for (unsigned int k = 0; k < KINDS; k++) {
		struct rte_comp_xform x = cx_xform(k == DECOMP || k == LIST_DECOMP ?
			RTE_COMP_DECOMPRESS : RTE_COMP_COMPRESS,
			k == COMP_SUM ? RTE_COMP_CHECKSUM_CRC32 : RTE_COMP_CHECKSUM_NONE);

		CHECK(rte_compressdev_private_xform_create(0, &x, &xforms[k]) == 0);
	}
}

static struct rte_mbuf *
make_chain(const uint8_t *data, uint32_t len, uint32_t segs)
{
	struct rte_mbuf *head = NULL, *m;
	uint32_t part;

	for (; segs > 0; segs--, len -= part) {
		part = len / segs;
		m = cx_chain(data, part, 1);
		if (data != NULL)
			data += part;
		if (head == NULL)
			head = m;
		else
			CHECK(rte_pktmbuf_chain(head, m) == 0);
	}
	return head;
}

static void
make_course(struct course *c)
{
	const bool list = c->kind >= LIST_COMP, decomp = c->kind == DECOMP || c->kind == LIST_DECOMP;
	uint8_t packed[ROOM];
	uint32_t len = LEN;

	cx_fill(c->plain, LEN);
	if (decomp)
		len = cx_deflate(c->plain, LEN, packed, ROOM);
	c->op = cx_op(xforms[c->kind],
		make_chain(decomp ? packed : c->plain, len, list ? SEGS : 1),
		make_chain(NULL, ROOM, list ? SEGS : 1));
	if (c->kind == FULL)
		c->op->flush_flag = RTE_COMP_FLUSH_FULL;
}

static void
make_courses(void)
{
	uint32_t left[KINDS], i, k;

	memcpy(left, how_many, sizeof(left));
	for (i = 0; i < NB_OPS; i++) {
		do {
			k = cx_rand(KINDS);
		} while (left[k] == 0);
		left[k]--;
		courses[i].kind = k;
		make_course(&courses[i]);
		rte_ring_sp_enqueue(ready, courses[i].op);
	}
}

static void
check(struct course *c, struct rte_comp_op *op)
{
	const uint8_t end[] = {0x03, 0x00};
	uint8_t mid[ROOM + sizeof(end)], out[LEN];
	uint32_t consumed, produced;

	CHECK(op == c->op, "another op's turn, of kind %u", c->kind);
	CHECK(op->status == RTE_COMP_OP_STATUS_SUCCESS, "kind %u: %u", c->kind, op->status);
	CHECK(op->consumed == op->src.length && op->produced <= ROOM, "kind %u", c->kind);
	cx_read(op->m_dst, 0, mid, op->produced);
	if (c->kind == DECOMP || c->kind == LIST_DECOMP) {
		CHECK(op->produced == LEN && memcmp(mid, c->plain, LEN) == 0, "kind %u", c->kind);
	} else {
		memcpy(mid + op->produced, end, sizeof(end));
		CHECK(cx_inflate(mid, op->produced + (c->kind == FULL ? sizeof(end) : 0), out, LEN,
			&consumed, &produced), "kind %u", c->kind);
		CHECK(produced == LEN && memcmp(out, c->plain, LEN) == 0, "kind %u", c->kind);
	}
	if (c->kind == COMP_SUM)
		CHECK(op->output_chksum == cx_checksum(RTE_COMP_CHECKSUM_CRC32, c->plain, LEN));
	for (struct rte_mbuf *m = op->m_dst; m != NULL; m = m->next)
		memset(rte_pktmbuf_mtod(m, void *), 0x5a, m->data_len);
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	op->consumed = op->produced = UINT32_MAX;
}

/* By turns all are in the air, or few, so that dequeue often has all that there is. */
static int
enqueue_all(void *arg)
{
	struct rte_comp_op *ops[BURST];
	uint32_t have = 0, want, taken;
	bool few;

	RTE_SET_USED(arg);
	while (enqueued < total) {
		few = enqueued / 1024 % 2 != 0;
		if (few && rte_ring_count(ready) + have + FEW < NB_OPS)
			continue;
		want = 1 + enqueued % (few ? FEW : BURST);
		if (want > have)
			have += rte_ring_sc_dequeue_burst(ready, (void **)&ops[have], want - have,
				NULL);
		taken = have == 0 ? 0 : rte_compressdev_enqueue_burst(0, 0, ops, have);
		enqueued += taken;
		have -= taken;
		memmove(ops, ops + taken, have * sizeof(*ops));
		if (taken == 0) {
			not_taken += have != 0;
			sched_yield();
		}
	}
	return 0;
}

static void
dequeue_all(void)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	struct rte_comp_op *ops[BURST];
	uint16_t n, i;

	for (cx_round = 0; cx_round < total; cx_round += n) {
		n = rte_compressdev_dequeue_burst(0, 0, ops, 1 + cx_round % BURST);
		for (i = 0; i < n; i++)
			check(&courses[(cx_round + i) % NB_OPS], ops[i]);
		CHECK(rte_ring_sp_enqueue_bulk(ready, (void **)ops, n, NULL) == n);
		CHECK(rte_get_timer_cycles() < end, "of %ju", (uintmax_t)total);
		if (n == 0)
			sched_yield();
	}
}

static void
drain(void)
{
	struct rte_compressdev_stats st;
	struct rte_comp_op *ops[BURST];

	do {
		rte_compressdev_dequeue_burst(0, 0, ops, BURST);
		CHECK(rte_compressdev_stats_get(0, &st) == 0);
	} while (st.dequeued_count != st.enqueued_count);
	CHECK(st.enqueued_count == enqueued, "%ju", (uintmax_t)st.enqueued_count);
	CHECK(st.enqueue_err_count + st.dequeue_err_count == 0);
}

int
main(int argc, char **argv)
{
	const char *devargs = argc > 1 ? argv[1] : "device=emu";
	unsigned int worker;

	total = argc > 2 ? strtoul(argv[2], NULL, 0) : 100000;
	cx_init(&devargs, 1);
	worker = rte_get_next_lcore(-1, 1, 0);
	if (worker >= RTE_MAX_LCORE) {
		printf("skipped: one CPU\n");
		return CX_SKIP;
	}
	cx_start(0, 1, NB_OPS);
	ready = rte_ring_create("ready", 2 * NB_OPS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	CHECK(ready != NULL);
	make_xforms();
	make_courses();
	rte_eal_remote_launch(enqueue_all, NULL, worker);
	dequeue_all();
	rte_eal_wait_lcore(worker);
	drain();
	for (uint32_t i = 0; i < NB_OPS; i++) {
		cx_chain_free(courses[i].op->m_src);
		cx_chain_free(courses[i].op->m_dst);
		rte_comp_op_free(courses[i].op);
	}
	for (unsigned int k = 0; k < KINDS; k++)
		rte_compressdev_private_xform_free(0, xforms[k]);
	cx_stop(0);
	printf("two lcores, one queue pair: %ju ops, %ju bursts not taken: ok\n", (uintmax_t)total,
		(uintmax_t)not_taken);
	rte_eal_cleanup();
	return 0;
}
