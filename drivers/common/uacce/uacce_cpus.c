/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_lcore.h>

#include "uacce_common.h"

/* Before EAL pins the main thread: plug-ins are loaded before it does. */
static cpu_set_t start_cpus;

RTE_INIT(uacce_cpus_init)
{
	if (sched_getaffinity(0, sizeof(start_cpus), &start_cpus) != 0)
		CPU_ZERO(&start_cpus);
}

static int
print_set(const cpu_set_t *set, char *buf, size_t size)
{
	size_t len = 0;
	int cpu, last, n;

	buf[0] = '\0';
	for (cpu = 0; cpu < CPU_SETSIZE; cpu = last + 1) {
		last = cpu;
		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		if (last == cpu)
			n = snprintf(buf + len, size - len, "%s%d", len ? ":" : "", cpu);
		else
			n = snprintf(buf + len, size - len, "%s%d-%d", len ? ":" : "", cpu, last);
		if (n < 0 || (size_t)n >= size - len)
			return -ENAMETOOLONG;
		len += n;
	}
	return len;
}

int
uacce_spare_cpus(char *buf, size_t size)
{
	cpu_set_t spare = start_cpus;
	unsigned int lcore, main_lcore = rte_get_main_lcore();
	bool workers = false;
	int cpu;

	RTE_LCORE_FOREACH(lcore) {
		rte_cpuset_t set = rte_lcore_cpuset(lcore);

		workers |= lcore != main_lcore;
		for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (CPU_ISSET(cpu, &set))
				CPU_CLR(cpu, &spare);
		}
	}
	if (CPU_COUNT(&spare) == 0)
		spare = workers ? rte_lcore_cpuset(main_lcore) : start_cpus;
	return print_set(&spare, buf, size);
}
