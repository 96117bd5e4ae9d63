/* SPDX-License-Identifier: BSD-3-Clause */
/* Device options: one table row per key. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu_private.h"
#include "fault.h"
#include "options.h"

/* 0 or -EINVAL; what is wrong with the value is said by the row's help. */
typedef int (*option_set_t)(struct emu_device *dev, const char *value);

static int
parse_number(const char *value, unsigned int min, unsigned int max, unsigned int *out)
{
	unsigned long n;
	char *end;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno != 0 || *end != '\0' || n < min || n > max)
		return -EINVAL;
	*out = (unsigned int)n;
	return 0;
}

static int
set_hw(struct emu_device *dev, const char *value)
{
	if (strcmp(value, "v2") != 0 && strcmp(value, "v3") != 0 && strcmp(value, "v5") != 0)
		return -EINVAL;
	dev->hw = (unsigned int)(value[1] - '0');
	return 0;
}

static int
set_queues(struct emu_device *dev, const char *value)
{
	return parse_number(value, 1, EMU_MAX_QUEUES, &dev->max_queues);
}

static int
set_depth(struct emu_device *dev, const char *value)
{
	unsigned int depth;

	/* The CQ must begin on a page, see A11: SQEs of 128 bytes, 32 to a page. */
	if (parse_number(value, 32, 4096, &depth) != 0 || depth % 32 != 0)
		return -EINVAL;
	dev->depth = depth;
	return 0;
}

static int
set_threads(struct emu_device *dev, const char *value)
{
	/* Other processes cannot run the engine. */
	if (parse_number(value, dev->foreign ? 1 : 0, EMU_MAX_THREADS, &dev->nb_threads) != 0)
		return -EINVAL;
	dev->in_poller = dev->nb_threads == 0;
	return 0;
}

static int
set_cpus(struct emu_device *dev, const char *value)
{
	if (strlen(value) >= sizeof(dev->cpus) || emu_cpu_list(value, NULL, NULL) != 0)
		return -EINVAL;
	strcpy(dev->cpus, value);
	return 0;
}

static int
set_engine(struct emu_device *dev, const char *value)
{
	const char *const *e;

	for (e = dev->model->engines; *e != NULL; e++)
		if (strcmp(*e, value) == 0 && dev->model->engine_usable(*e)) {
			dev->engine = *e;
			return 0;
		}
	return -EINVAL;
}

static int
set_doorbell(struct emu_device *dev, const char *value)
{
	if (strcmp(value, "slots") != 0 && strcmp(value, "shared") != 0)
		return -EINVAL;
	dev->db_slots = strcmp(value, "slots") == 0;
	return 0;
}

static int
set_spin(struct emu_device *dev, const char *value)
{
	unsigned int us;

	if (parse_number(value, 1, 1000000, &us) != 0)
		return -EINVAL;
	dev->spin_ns = us * 1000;
	return 0;
}

static int
set_mode(struct emu_device *dev, const char *value)
{
	static const struct {
		const char *word;
		uint32_t flag;
		bool own, socket;
	} modes[] = {
		{ "sva", WD_DEV_SVA, true, false },
		{ "iommu", WD_DEV_IOMMU, false, true },
		{ "noiommu", WD_DEV_NOIOMMU, false, true },
		{ "domain", WD_DEV_SHARE_DOMAIN, false, false },
	};
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(value, modes[i].word) != 0)
			continue;
		if (!dev->node && !(dev->foreign ? modes[i].socket : modes[i].own))
			return -EINVAL;
		dev->mode = modes[i].flag;
		return 0;
	}
	return -EINVAL;
}

static int
set_ss(struct emu_device *dev, const char *value)
{
	unsigned int mib;

	if (!dev->node || parse_number(value, 0, 1u << 20, &mib) != 0 || mib % 2 != 0)
		return -EINVAL;
	dev->ss_size = (size_t)mib << 20;
	return 0;
}

static int
set_node(struct emu_device *dev, const char *value)
{
	unsigned int node;

	if (parse_number(value, 0, 1023, &node) != 0)
		return -EINVAL;
	dev->numa_node = (int)node;
	return 0;
}

static const struct {
	const char *key;
	option_set_t set;
	const char *want;
} option_rows[] = {
	{ "hw", set_hw, "v2, v3 or v5" },
	{ "queues", set_queues, "1 to 1024" },
	{ "depth", set_depth, "32 to 4096, a multiple of 32" },
	{ "threads", set_threads, "1 to 16, or 0 in the process" },
	{ "cpus", set_cpus, "a list such as 0-1 or 0:2" },
	{ "engine", set_engine, "an engine of this kind that this machine has" },
	{ "doorbell", set_doorbell, "slots or shared" },
	{ "spin", set_spin, "1 to 1000000 microseconds" },
	{ "fault", emu_fault_add, EMU_FAULT_SYNTAX },
	{ "mode", set_mode, "sva in the process, iommu or noiommu of a daemon, or domain as well of a "
		"daemon with --vuacce" },
	{ "ss", set_ss, "MiB, an even number, of a daemon with --vuacce" },
	{ "node", set_node, "the number of a NUMA node" },
};

int
emu_cpu_list(const char *list, void (*set)(int cpu, void *arg), void *arg)
{
	const char *p = list;

	for (;;) {
		unsigned long first, last;
		char *end;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			p = end + 1;
			if (*p < '0' || *p > '9')
				return -EINVAL;
			last = strtoul(p, &end, 10);
		}
		if (first > last || last >= 1024)
			return -EINVAL;
		for (; set != NULL && first <= last; first++)
			set((int)first, arg);
		if (*end == '\0')
			return 0;
		if (*end != ':')
			return -EINVAL;
		p = end + 1;
	}
}

static int
set_option(struct emu_device *dev, const char *key, const char *value, char *err, size_t err_size)
{
	size_t i;

	for (i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
		if (strcmp(option_rows[i].key, key) != 0)
			continue;
		if (option_rows[i].set(dev, value) == 0)
			return 0;
		snprintf(err, err_size, "emulator: bad value '%s' of option '%s', want %s", value, key,
			option_rows[i].want);
		return -EINVAL;
	}
	snprintf(err, err_size, "emulator: unknown option '%s'", key);
	return -EINVAL;
}

int
emu_options_parse(struct emu_device *dev, const char *options, char *err, size_t err_size)
{
	char *copy, *save = NULL, *item, *value;
	int ret = 0;

	if (options == NULL || *options == '\0')
		return 0;
	copy = strdup(options);
	if (copy == NULL)
		return -ENOMEM;
	for (item = strtok_r(copy, ",", &save); item != NULL && ret == 0;
			item = strtok_r(NULL, ",", &save)) {
		value = strchr(item, '=');
		if (value == NULL) {
			snprintf(err, err_size, "emulator: option '%s' has no value", item);
			ret = -EINVAL;
			break;
		}
		*value++ = '\0';
		ret = set_option(dev, item, value, err, err_size);
	}
	free(copy);
	return ret;
}
