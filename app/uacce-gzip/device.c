/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_pause.h>

#include "app.h"

#define MEMORY_MB       "128"
#define PLUGIN          "librte_compress_uacce.so"
#define DEPTH           64
/* Both sides of all chunks in flight, and decompression's. */
#define NB_MBUFS        (MAX_QPS * CHUNKS_PER_QP * (CHUNK_SEGS + OUT_SEGS) + 128)

uint16_t dev_qps;
uint8_t dev_id;
struct rte_mempool *dev_ops;
static struct rte_mempool *mbufs;

/* Is there a compression accelerator whose driver has registered it? */
static bool
have_hardware(void)
{
	DIR *d = opendir("/sys/class/uacce");
	struct dirent *e;
	bool found = false;

	while (d != NULL && (e = readdir(d)) != NULL)
		found |= strncmp(e->d_name, "hisi_zip", 8) == 0;
	if (d != NULL)
		closedir(d);
	return found;
}

static long
free_huge_kb(void)
{
	long pages = 0, kb = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		sscanf(line, "HugePages_Free: %ld", &pages);
		sscanf(line, "Hugepagesize: %ld", &kb);
	}
	if (f != NULL)
		fclose(f);
	return pages * kb;
}

/* The plug-in beside the build's programs; installed, EAL finds it by itself. */
static bool
find_plugin(char *path, size_t size)
{
	const char *dir = getenv("UACCE_PLUGIN_DIR");
	char self[PATH_MAX], *slash;
	ssize_t n;

	if (dir != NULL) {
		snprintf(path, size, "%s/" PLUGIN, dir);
		return true;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return false;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	snprintf(path, size, "%.*s/../../drivers/" PLUGIN, (int)size - 64, self);
	return access(path, R_OK) == 0;
}

static int
start_eal(const char *argv0)
{
	static char plugin[PATH_MAX], vdev[512];
	const char *device = opt.device;
	char *argv[24] = {(char *)(uintptr_t)argv0, "--no-pci", "--no-telemetry", "-l", "0", "-m",
		MEMORY_MB, "--log-level=*:error", "--vdev", vdev};
	int argc = 10;

	if (device == NULL)
		device = have_hardware() ? "auto" : "emu";
	if ((size_t)snprintf(vdev, sizeof(vdev), "compress_uacce,device=%s", device) >= sizeof(vdev))
		return fail("--device: too long");
	/* Devices that share the process's page table need no hugepages. */
	if (geteuid() != 0 || free_huge_kb() < 2 * 1024 * atol(MEMORY_MB)) {
		argv[argc++] = "--no-huge";
		argv[argc++] = "--no-shconf";
	} else {
		argv[argc++] = "--in-memory";
	}
	if (find_plugin(plugin, sizeof(plugin))) {
		argv[argc++] = "-d";
		argv[argc++] = plugin;
	}
	/* DPDK's messages go to standard output otherwise, where the data may go. */
	rte_openlog_stream(stderr);
	if (rte_eal_init(argc, argv) < 0)
		return fail("cannot start DPDK on device '%s': %s", device, rte_strerror(rte_errno));
	return EXIT_OK;
}

int
device_open(const char *argv0)
{
	struct rte_compressdev_config conf = {.max_nb_priv_xforms = 4, .max_nb_streams = 4};
	struct rte_compressdev_info info;
	int ret = start_eal(argv0);

	if (ret != EXIT_OK)
		return ret;
	if (rte_compressdev_count() == 0)
		return fail("there is no compression device: is " PLUGIN " installed?");
	rte_compressdev_info_get(dev_id, &info);
	dev_qps = RTE_MIN(opt.qps, (unsigned int)info.max_nb_queue_pairs);
	conf.nb_queue_pairs = dev_qps;
	conf.socket_id = rte_socket_id();
	dev_ops = rte_comp_op_pool_create("ops", 127, 0, 0, SOCKET_ID_ANY);
	mbufs = rte_pktmbuf_pool_create("mbufs", NB_MBUFS, 0, 0, SEG_SIZE + RTE_PKTMBUF_HEADROOM,
		SOCKET_ID_ANY);
	if (dev_ops == NULL || mbufs == NULL)
		return fail("out of memory");
	if (rte_compressdev_configure(dev_id, &conf) != 0)
		return fail("cannot set up the device");
	for (uint16_t i = 0; i < dev_qps; i++) {
		if (rte_compressdev_queue_pair_setup(dev_id, i, DEPTH, conf.socket_id) != 0)
			return fail("cannot set up queue pair %u", i);
	}
	if (rte_compressdev_start(dev_id) != 0)
		return fail("cannot start the device");
	return EXIT_OK;
}

void
device_close(void)
{
	rte_compressdev_stop(dev_id);
	rte_compressdev_close(dev_id);
	rte_eal_cleanup();
}

void
relax(void)
{
	for (int i = 0; i < 1000; i++)
		rte_pause();
	sched_yield();
}

struct rte_mbuf *
chain_new(unsigned int n)
{
	struct rte_mbuf *seg[64], *m = NULL;

	if (n > RTE_DIM(seg) || rte_pktmbuf_alloc_bulk(mbufs, seg, n) != 0)
		return NULL;
	while (n-- > 0) {
		seg[n]->next = m;
		seg[n]->nb_segs = m == NULL ? 1 : m->nb_segs + 1;
		m = seg[n];
	}
	chain_reset(m);
	return m;
}

void
chain_reset(struct rte_mbuf *head)
{
	head->pkt_len = 0;
	for (struct rte_mbuf *m = head; m != NULL; m = m->next) {
		m->data_len = SEG_SIZE;
		head->pkt_len += SEG_SIZE;
	}
}

ssize_t
chain_read(struct rte_mbuf *m, int fd)
{
	ssize_t sum = 0, n;

	for (; m != NULL; m = m->next) {
		n = read_full(fd, rte_pktmbuf_mtod(m, void *), m->data_len);
		if (n < 0)
			return n;
		sum += n;
		if (n < m->data_len)
			break;
	}
	return sum;
}

int
chain_write(const struct rte_mbuf *m, uint32_t len, int fd)
{
	for (; len > 0 && fd >= 0; m = m->next) {
		uint32_t part = RTE_MIN(len, m->data_len);
		int ret = write_full(fd, rte_pktmbuf_mtod(m, const void *), part);

		if (ret != 0)
			return ret;
		len -= part;
	}
	return 0;
}
