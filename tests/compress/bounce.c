/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that a device does not reach: what happens at the edges of the memory for copies, without
 * any, and when the device dies with copies in flight. Random ops are those of the other programs
 * with CX_FAR.
 *
 *	bounce SOCKET PID               kills the daemon in the end
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "cx.h"
#include "uacce_compress.h"

#define MIB             (1u << 20)
#define NB_OPS          40
#define LEN             30000
#define ROOM            40000

static void *comp[2];           /* xforms of the devices: with 1 MiB for copies, and with none */
static pid_t daemon_pid;

static const struct uacce_comp_qp *
queue_pair(uint8_t dev)
{
	return rte_compressdev_pmd_get_named_dev(rte_compressdev_name_get(dev))->data
		->queue_pairs[0];
}

static uint64_t
copied_bytes(void)
{
	return queue_pair(0)->q[0].wq.stats.bounced_bytes;
}

/* All of it out of reach: src with data, dst with room. */
static struct rte_comp_op *
far_op(uint8_t dev, const uint8_t *data, uint32_t len, uint32_t room)
{
	struct rte_mbuf *src = cx_chain(data, len, 1), *dst = cx_chain(NULL, room, 1);

	while (cx_far_bytes(src, 0, len) != len) {
		cx_chain_free(src);
		src = cx_chain(data, len, 1);
	}
	while (cx_far_bytes(dst, 0, room) != room) {
		cx_chain_free(dst);
		dst = cx_chain(NULL, room, 1);
	}
	return cx_op(comp[dev], src, dst);
}

static void
free_op(struct rte_comp_op *op)
{
	cx_chain_free(op->m_src);
	cx_chain_free(op->m_dst);
	rte_comp_op_free(op);
}

static void
check_data(const struct rte_comp_op *op, const uint8_t *data, uint32_t len)
{
	static uint8_t mid[ROOM], out[LEN];
	uint32_t consumed, produced;

	CHECK(op->status == RTE_COMP_OP_STATUS_SUCCESS && op->consumed == len, "%u", op->status);
	cx_read(op->m_dst, 0, mid, op->produced);
	CHECK(cx_inflate(mid, op->produced, out, LEN, &consumed, &produced));
	CHECK(produced == len && memcmp(out, data, len) == 0);
}

/* A burst ends where the memory does; the rest goes in the next ones. */
static void
case_full(void)
{
	const uint32_t fit = MIB / (RTE_ALIGN_CEIL(LEN, 64) + RTE_ALIGN_CEIL(ROOM, 64));
	uint64_t before = copied_bytes(), want = 0;
	struct rte_comp_op *ops[NB_OPS], *back;
	static uint8_t data[NB_OPS][LEN];
	uint16_t taken, i;

	for (i = 0; i < NB_OPS; i++) {
		cx_fill(data[i], LEN);
		ops[i] = far_op(0, data[i], LEN, ROOM);
	}
	taken = rte_compressdev_enqueue_burst(0, 0, ops, NB_OPS);
	CHECK(taken == fit, "%u taken, %u fit", taken, fit);
	CHECK(rte_compressdev_enqueue_burst(0, 0, ops + taken, 1) == 0);
	CHECK(queue_pair(0)->bounce_waits == 2);
	for (i = 0; i < taken;) {
		if (rte_compressdev_dequeue_burst(0, 0, &back, 1) == 1)
			CHECK(back == ops[i++]);
	}
	cx_run_all(0, 0, ops + taken, NB_OPS - taken);
	for (i = 0; i < NB_OPS; i++) {
		check_data(ops[i], data[i], LEN);
		want += LEN + ops[i]->produced;
		free_op(ops[i]);
	}
	CHECK(copied_bytes() - before == want);
}

/* More than all of the memory is refused in its turn; what is around it is served. */
static void
case_too_long(void)
{
	static uint8_t data[MIB + MIB / 2];
	struct rte_comp_op *ops[3];

	cx_fill(data, sizeof(data));
	ops[0] = far_op(0, data, LEN, ROOM);
	/* Pieces of an mbuf each, of which half are far, at random: more than enough. */
	ops[1] = cx_op(comp[0], cx_chain(data, sizeof(data), 1), cx_chain(NULL, 2 * MIB, 1));
	while (cx_far_bytes(ops[1]->m_dst, 0, 2 * MIB) + cx_far_bytes(ops[1]->m_src, 0,
			sizeof(data)) <= MIB) {
		cx_chain_free(ops[1]->m_dst);
		ops[1]->m_dst = cx_chain(NULL, 2 * MIB, 1);
	}
	ops[2] = far_op(0, data, LEN, ROOM);
	cx_run_all(0, 0, ops, 3);
	check_data(ops[0], data, LEN);
	CHECK(ops[1]->status == RTE_COMP_OP_STATUS_INVALID_ARGS, "%u", ops[1]->status);
	CHECK(ops[1]->consumed == 0 && ops[1]->produced == 0);
	check_data(ops[2], data, LEN);
	for (int i = 0; i < 3; i++)
		free_op(ops[i]);
}

static void
case_none(void)
{
	static uint8_t data[LEN];
	struct rte_comp_op *op = far_op(1, data, LEN, ROOM);

	CHECK(queue_pair(1)->bounce == NULL);
	CHECK(cx_run(1, 0, op) == RTE_COMP_OP_STATUS_INVALID_ARGS, "%u", op->status);
	free_op(op);
}

/* The answer of this process's telemetry has the counters. */
static void
case_telemetry(void)
{
	static const char command[] = "/compress_uacce/queue,0,0";
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	static char answer[20000];
	char want[128];
	ssize_t n;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/dpdk_telemetry.v2",
		rte_eal_get_runtime_dir());
	CHECK(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "%s", at.sun_path);
	CHECK(recv(fd, answer, sizeof(answer) - 1, 0) > 0);
	CHECK(send(fd, command, strlen(command), 0) > 0);
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	close(fd);
	CHECK(n > 0);
	answer[n] = '\0';
	CHECK(copied_bytes() != 0);
	snprintf(want, sizeof(want), "\"bounced_ops\":%ju,\"bounced_bytes\":%ju,\"bounce_waits\":%ju,",
		(uintmax_t)queue_pair(0)->q[0].wq.stats.bounced, (uintmax_t)copied_bytes(),
		(uintmax_t)queue_pair(0)->bounce_waits);
	CHECK(strstr(answer, want) != NULL, "%s not in %s", want, answer);
}

/* All in flight comes back once, and nothing is written to memory that the device never had. */
static void
case_death(void)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() * 20;
	struct rte_comp_op *ops[NB_OPS], *back[NB_OPS];
	static uint8_t data[1000], dst[2000];
	uint16_t taken, got = 0, i;
	uint64_t before;

	cx_fill(data, sizeof(data));
	for (i = 0; i < NB_OPS; i++) {
		ops[i] = far_op(0, data, sizeof(data), sizeof(dst));
		memset(rte_pktmbuf_mtod(ops[i]->m_dst, void *), 0x33, sizeof(dst));
	}
	kill(daemon_pid, SIGSTOP);
	rte_delay_ms(100);
	before = copied_bytes();
	taken = rte_compressdev_enqueue_burst(0, 0, ops, NB_OPS);
	CHECK(taken == NB_OPS, "%u taken", taken);
	kill(daemon_pid, SIGKILL);
	while (got < taken && rte_get_timer_cycles() < end)
		got += rte_compressdev_dequeue_burst(0, 0, back + got, NB_OPS - got);
	rte_delay_ms(50);
	CHECK(got == taken && rte_compressdev_dequeue_burst(0, 0, back, 1) == 0, "%u back", got);
	memset(dst, 0x33, sizeof(dst));
	for (i = 0; i < NB_OPS; i++) {
		CHECK(back[i] == ops[i] && ops[i]->status == RTE_COMP_OP_STATUS_ERROR, "%u",
			ops[i]->status);
		CHECK(memcmp(rte_pktmbuf_mtod(ops[i]->m_dst, void *), dst, sizeof(dst)) == 0);
		free_op(ops[i]);
	}
	CHECK(copied_bytes() - before == NB_OPS * sizeof(data));
}

int
main(int argc, char **argv)
{
	char args[2][256];
	const char *devargs[] = {args[0], args[1]};

	if (argc != 3)
		return 2;
	snprintf(args[0], sizeof(args[0]), "device=emu:%s,bounce=1", argv[1]);
	snprintf(args[1], sizeof(args[1]), "device=emu:%s,bounce=0", argv[1]);
	daemon_pid = atoi(argv[2]);
	cx_telemetry = true;
	cx_init(devargs, 2);
	cx_far = true;
	for (uint8_t dev = 0; dev < 2; dev++) {
		struct rte_comp_xform x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);

		cx_start(dev, 1, 128);
		CHECK(rte_compressdev_private_xform_create(dev, &x, &comp[dev]) == 0);
	}
	case_full();
	case_too_long();
	case_none();
	case_telemetry();
	case_death();
	cx_stop(0);
	cx_stop(1);
	printf("memory out of reach: ok\n");
	rte_eal_cleanup();
	return 0;
}
