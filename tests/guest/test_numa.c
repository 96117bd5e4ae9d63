// SPDX-License-Identifier: BSD-3-Clause
/* On a machine with two nodes, SS comes from the node of the device. */
#include <dirent.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)

/* Which node has this physical address? */
static int
node_of(uint64_t phys)
{
	char path[128], text[32];
	unsigned long block = 0;
	FILE *f = fopen("/sys/devices/system/memory/block_size_bytes", "r");

	CHECK(f && fscanf(f, "%lx", &block) == 1);
	fclose(f);
	snprintf(text, sizeof(text), "memory%lu", phys / block);
	for (int node = 0; node < 2; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/%s", node, text);
		if (!access(path, F_OK))
			return node;
	}
	return -1;
}

static long
attribute(const struct echo_dev *dev, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dev->sysfs, name);
	return read_number(path);
}

static void
ss_is_near(int node)
{
	struct uacce_slice sl[32];
	struct uacce_slices q = {.count = 32, .slices = (uintptr_t)sl};
	struct echo_client c;
	struct echo_dev dev;
	cpu_set_t cpu;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_NOIOMMU, .node = node + 1});
	CHECK_EQ(attribute(&dev, "node_id"), node);
	CHECK_EQ(attribute(&dev, "device/numa_node"), node);
	/* distance from where the reader runs */
	for (int from = 0; from < 2; from++) {
		CPU_ZERO(&cpu);
		CPU_SET(from, &cpu);
		CHECK(!sched_setaffinity(0, sizeof(cpu), &cpu));
		CHECK_EQ(attribute(&dev, "numa_distance"), from == node ? 10 : 20);
	}
	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 32 * MB2);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SLICES, &q), 0);
	CHECK_EQ(q.count, q.total);
	for (unsigned int i = 0; i < q.count; i++) {
		CHECK_EQ(node_of(sl[i].dev_addr), node);
		CHECK_EQ(node_of(sl[i].dev_addr + sl[i].len - 1), node);
	}
	munmap(ss, 32 * MB2);
	echo_close(&c);
	echo_kill(&dev);
	printf("ok ss_is_near %d\n", node);
}

int
main(void)
{
	CHECK(!access("/sys/devices/system/node/node1", F_OK));
	/* from either node's processors */
	ss_is_near(0);
	ss_is_near(1);
	return 0;
}
