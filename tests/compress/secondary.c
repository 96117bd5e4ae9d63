/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two processes, each with a queue pair of its own of one compressdev, at work at the same time;
 * an xform that both use; statistics of both in one place.
 *
 *	secondary           (starts itself again as the secondary process)
 */
#include <sys/wait.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>

#include "cx.h"

#define NB_OPS          600
#define LEN             1800
#define PATIENCE_S      60

enum stage { CONFIGURED, QP_READY, STARTED, DONE, FAILED };

struct shared {
	int stage;
	void *comp, *decomp;
	struct rte_mempool *mbufs, *ops;
};

static void
wait_for(const struct shared *sh, int stage)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() * PATIENCE_S;

	while (__atomic_load_n(&sh->stage, __ATOMIC_ACQUIRE) < stage) {
		CHECK(rte_get_timer_cycles() < end, "the other process does not come to stage %d", stage);
		usleep(1000);
	}
	CHECK(sh->stage != FAILED, "the other process failed");
}

static void
set_stage(struct shared *sh, int stage)
{
	__atomic_store_n(&sh->stage, stage, __ATOMIC_RELEASE);
}

/* There and back, one op after the other. */
static void
work(const struct shared *sh, uint16_t qp)
{
	uint8_t src[LEN];

	for (int i = 0; i < NB_OPS; i++) {
		struct rte_mbuf *m[3];
		struct rte_comp_op *op;

		CHECK(rte_pktmbuf_alloc_bulk(sh->mbufs, m, 3) == 0);
		for (int k = 0; k < LEN; k++)
			src[k] = "two processes "[(k + i * (qp + 1)) % 14] + k / 200;
		for (int k = 0; k < 3; k++)
			CHECK(rte_pktmbuf_append(m[k], LEN) != NULL);
		memcpy(rte_pktmbuf_mtod(m[0], void *), src, LEN);
		op = cx_op(sh->comp, m[0], m[1]);
		CHECK(cx_run(0, qp, op) == RTE_COMP_OP_STATUS_SUCCESS && op->consumed == LEN);
		op->src.length = op->produced;
		op->m_src = m[1];
		op->m_dst = m[2];
		op->private_xform = sh->decomp;
		CHECK(cx_run(0, qp, op) == RTE_COMP_OP_STATUS_SUCCESS && op->produced == LEN);
		CHECK(memcmp(rte_pktmbuf_mtod(m[2], void *), src, LEN) == 0);
		rte_comp_op_free(op);
		rte_pktmbuf_free_bulk(m, 3);
	}
}

static void
eal(const char *type, const char *prefix)
{
	static char plugin[4096];
	char *argv[] = {"compress-test", "--no-pci", "--no-telemetry", "-m", "128", "-d", plugin,
		"-l", "0", (char *)(uintptr_t)type, (char *)(uintptr_t)prefix, "--vdev",
		"compress_uacce0,device=emu", NULL};
	bool primary = strcmp(type, "--proc-type=primary") == 0;

	snprintf(plugin, sizeof(plugin), "%s/librte_compress_uacce.so", getenv("UACCE_PLUGIN_DIR"));
	CHECK(rte_eal_init(primary ? 13 : 11, argv) >= 0, "%s", rte_strerror(rte_errno));
	CHECK(rte_compressdev_count() == 1, "%u devices", rte_compressdev_count());
}

static int
secondary(const char *prefix)
{
	const struct rte_memzone *mz;
	struct shared *sh;

	eal("--proc-type=secondary", prefix);
	mz = rte_memzone_lookup("shared");
	CHECK(mz != NULL);
	sh = mz->addr;
	cx_ops = sh->ops;
	CHECK(rte_compressdev_queue_pair_setup(0, 1, 64, 0) == 0);
	/* A queue pair of the other process is not this one's to set up. */
	CHECK(rte_compressdev_queue_pair_setup(0, 0, 64, 0) != 0);
	set_stage(sh, QP_READY);
	wait_for(sh, STARTED);
	work(sh, 1);
	set_stage(sh, DONE);
	return 0;
}

int
main(int argc, char **argv)
{
	struct rte_compressdev_config conf = {.nb_queue_pairs = 2, .max_nb_priv_xforms = 2};
	struct rte_comp_xform x = cx_xform(RTE_COMP_COMPRESS, RTE_COMP_CHECKSUM_NONE);
	struct rte_compressdev_stats stats;
	char prefix[256];
	struct shared *sh;
	int status;
	pid_t pid;

	if (argc > 1)
		return secondary(argv[1]);
	if (getenv("UACCE_PLUGIN_DIR") == NULL || geteuid() != 0) {
		fprintf(stderr, "skipped: run me as root by devtools/plugin-dir.sh\n");
		return CX_SKIP;
	}
	snprintf(prefix, sizeof(prefix), "--file-prefix=%s", getenv("UACCE_FILE_PREFIX") ?: "uacce-cx");
	eal("--proc-type=primary", prefix);
	sh = rte_memzone_reserve("shared", sizeof(*sh), SOCKET_ID_ANY, 0)->addr;
	memset(sh, 0, sizeof(*sh));
	cx_ops = sh->ops = rte_comp_op_pool_create("ops", 63, 0, 0, SOCKET_ID_ANY);
	sh->mbufs = rte_pktmbuf_pool_create("mbufs", 255, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM,
		SOCKET_ID_ANY);
	CHECK(sh->ops != NULL && sh->mbufs != NULL);
	CHECK(rte_compressdev_configure(0, &conf) == 0);
	CHECK(rte_compressdev_queue_pair_setup(0, 0, 64, 0) == 0);
	CHECK(rte_compressdev_private_xform_create(0, &x, &sh->comp) == 0);
	x = cx_xform(RTE_COMP_DECOMPRESS, RTE_COMP_CHECKSUM_NONE);
	CHECK(rte_compressdev_private_xform_create(0, &x, &sh->decomp) == 0);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", argv[0], prefix, NULL);
		_exit(127);
	}
	CHECK(pid > 0);
	wait_for(sh, QP_READY);
	CHECK(rte_compressdev_start(0) == 0);
	set_stage(sh, STARTED);
	work(sh, 0);
	wait_for(sh, DONE);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "secondary: status 0x%x", status);
	CHECK(rte_compressdev_stats_get(0, &stats) == 0);
	CHECK(stats.enqueued_count == 4 * NB_OPS && stats.dequeued_count == 4 * NB_OPS, "%lu %lu",
		stats.enqueued_count, stats.dequeued_count);
	/* The primary goes on alone. */
	work(sh, 0);
	printf("secondary: ok\n");
	rte_eal_cleanup();
	return 0;
}
