/* SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include <rte_common.h>
#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "cost.h"
#include "plug.h"

static __typeof__(&plug_finish) finish;

static bool physical;

/*
 * For devices that want physical addresses. valgrind has no room for the address space that DPDK
 * reserves for hugepages, so there are none: the IOVA is the VA, which no code here can tell.
 * The PMD finds this function before EAL's.
 */
__attribute__((visibility("default"))) enum rte_iova_mode
rte_eal_iova_mode(void)
{
	return physical ? RTE_IOVA_PA : RTE_IOVA_VA;
}

void
cost_init(const char *class, const char *const *devargs, unsigned int n)
{
	static char plugin[4096], prefix[64];
	char *argv[] = {"cost", "--no-pci", "--no-telemetry", "--no-shconf", "--no-huge",
		"--iova-mode=va", "-m", "256", "-l", "0", "-d", plugin, prefix};
	char name[64], args[256];
	void *plug;

	snprintf(plugin, sizeof(plugin), "%s/librte_%s_uacce.so", getenv("UACCE_PLUGIN_DIR"), class);
	snprintf(prefix, sizeof(prefix), "--file-prefix=%s", getenv("UACCE_FILE_PREFIX"));
	if (rte_eal_init(RTE_DIM(argv), argv) < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s_uacce%u", class, i);
		snprintf(args, sizeof(args), "device=emu,%s", devargs[i]);
		physical = strstr(devargs[i], "noiommu") != NULL;
		COST_CHECK(rte_vdev_init(name, args) == 0);
		physical = false;
	}
	plug = dlopen(getenv("UACCE_EMU_PLUGIN"), RTLD_NOW | RTLD_NOLOAD);
	COST_CHECK(plug != NULL);
	finish = (__typeof__(finish))dlsym(plug, "plug_finish");
	COST_CHECK(finish != NULL);
}

void
cost_finish(unsigned int n)
{
	COST_CHECK(finish() == n);
}

void
cost_begin(void)
{
	CALLGRIND_START_INSTRUMENTATION;
	CALLGRIND_ZERO_STATS;
}

void
cost_end(const char *point, unsigned int ops)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %u", point, ops);
	CALLGRIND_DUMP_STATS_AT(text);
	CALLGRIND_STOP_INSTRUMENTATION;
}
