/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_memory.h>
#include <rte_string_fns.h>

#include "uacce_common.h"

RTE_LOG_REGISTER_SUFFIX(uacce_mem_logtype, mem, NOTICE);
#define MEM_LOG(level, fmt, ...) \
	rte_log(RTE_LOG_##level, uacce_mem_logtype, "uacce: " fmt "\n", ##__VA_ARGS__)

/*
 * Of each list of segments that EAL has for its own memory, the addresses, which are EAL's as a
 * whole whatever of it is allocated: constant from the start of the process to its end.
 */
struct uacce_mem {
	struct wd_device *dev;
	char name[RTE_MEM_EVENT_CALLBACK_NAME_LEN];
	int error;      /* first failure of a walk */
	unsigned int n;
	struct uacce_range ranges[RTE_MAX_MEMSEG_LISTS];
};

static int
add_range(const struct rte_memseg_list *msl, void *arg)
{
	struct uacce_mem *mem = arg;

	if (msl->external || msl->len == 0 || mem->n == RTE_DIM(mem->ranges))
		return 0;
	mem->ranges[mem->n++] = (struct uacce_range){
		.base = (uintptr_t)msl->base_va,
		.len = msl->len,
		.near = rte_align64prevpow2(msl->len),
		.minus_base = -(uintptr_t)msl->base_va,
	};
	return 0;
}

const struct uacce_range *
uacce_mem_range(const struct uacce_mem *mem, const void *va)
{
	static const struct uacce_range none;

	for (unsigned int i = 0; i < mem->n; i++) {
		if ((uintptr_t)va - mem->ranges[i].base < mem->ranges[i].len)
			return &mem->ranges[i];
	}
	return &none;
}

bool
uacce_mem_reaches(const struct uacce_mem *mem, const void *va, size_t len)
{
	const struct uacce_range *r = uacce_mem_range(mem, va);

	if ((uintptr_t)va - r->base < r->len)
		return len <= r->len - ((uintptr_t)va - r->base);
	return wd_dev_addr(mem->dev, va, len) != UINT64_MAX;
}

/* A part of it is not shared: what lies in there is looked up piece by piece. */
static void
spoil_range(struct uacce_mem *mem, const void *va)
{
	for (unsigned int i = 0; i < mem->n; i++) {
		if ((uintptr_t)va - mem->ranges[i].base < mem->ranges[i].len)
			mem->ranges[i].len = mem->ranges[i].near = 0;
	}
}

/* Page by page: each may be a file of its own. Called with EAL's memory lock held. */
static int
share_page(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct uacce_mem *mem = arg;
	size_t offset = 0;
	int fd, ret;

	/* Registered by the application: it may be anything, and may be unmapped at any time. */
	if (msl->external)
		return 0;
	fd = rte_memseg_get_fd_thread_unsafe(ms);
	if (fd >= 0 && rte_memseg_get_fd_offset_thread_unsafe(ms, &offset) != 0)
		fd = -1;
	ret = wd_device_share(mem->dev, ms->addr, ms->len, fd, offset);
	if (ret != 0 && mem->error == 0)
		mem->error = ret;
	if (ret != 0)
		spoil_range(mem, ms->addr);
	return 0;
}

static void
mem_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	struct uacce_mem *mem = arg;
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);
	const char *va = addr, *end = va + len;
	const struct rte_memseg *ms;

	if (msl == NULL || msl->external)
		return;
	while (va < end) {
		ms = rte_mem_virt2memseg(va, msl);
		if (ms == NULL || ms->len == 0)
			return;
		if (event == RTE_MEM_EVENT_ALLOC)
			share_page(msl, ms, mem);
		else
			wd_device_unshare(mem->dev, ms->addr, ms->len);
		va += ms->len;
	}
	if (mem->error != 0)
		MEM_LOG(WARNING, "%s: new memory cannot be shared: %s", mem->name,
			rte_strerror(-mem->error));
	mem->error = 0;
}

/* What the device takes for an address must be what DPDK's addresses are. */
static int
check_iova_mode(struct wd_device *dev, char *err, size_t err_size)
{
	if (!(wd_device_flags(dev) & WD_DEV_NOIOMMU) || rte_eal_iova_mode() == RTE_IOVA_PA)
		return 0;
	snprintf(err, err_size, "the device needs physical addresses: run with --iova-mode=pa");
	return -EINVAL;
}

int
uacce_mem_attach(struct wd_device *dev, const char *name, struct uacce_mem **out, char *err,
	size_t err_size)
{
	struct uacce_mem *mem;
	int ret;

	*out = NULL;
	if (wd_device_flags(dev) & WD_DEV_SVA)
		return 0;
	ret = check_iova_mode(dev, err, err_size);
	if (ret != 0)
		return ret;
	mem = calloc(1, sizeof(*mem));
	if (mem == NULL) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	mem->dev = dev;
	rte_memseg_list_walk(add_range, mem);
	strlcpy(mem->name, name, sizeof(mem->name));
	/* The callback first: a page that comes in between is shared twice, which does no harm. */
	ret = rte_mem_event_callback_register(mem->name, mem_event, mem);
	if (ret != 0 && rte_errno != ENOTSUP) {
		snprintf(err, err_size, "cannot watch DPDK's memory: %s", rte_strerror(rte_errno));
		free(mem);
		return -EINVAL;
	}
	rte_memseg_walk(share_page, mem);
	if (mem->error != 0) {
		ret = mem->error;
		snprintf(err, err_size, "cannot share DPDK's memory with the device: %s",
			rte_strerror(-ret));
		uacce_mem_detach(mem);
		return ret;
	}
	*out = mem;
	return 0;
}

static int
unshare_page(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct uacce_mem *mem = arg;

	if (!msl->external)
		wd_device_unshare(mem->dev, ms->addr, ms->len);
	return 0;
}

void
uacce_mem_detach(struct uacce_mem *mem)
{
	if (mem == NULL)
		return;
	rte_mem_event_callback_unregister(mem->name, mem);
	rte_memseg_walk(unshare_page, mem);
	free(mem);
}

/* ------------------------------------------------------------------ memory out of reach */

struct wd_bounce *
uacce_bounce_open(struct wd_queue *q, struct wd_queue *q2, uint32_t size, const char *name)
{
	struct wd_bounce *b;
	int ret;

	if (size == 0 || wd_device_flags(q->dev) & WD_DEV_SVA)
		return NULL;
	ret = wd_bounce_create(q, size, &b);
	if (ret == 0 && q2 != NULL)
		ret = wd_bounce_join(b, q2);
	if (ret == 0)
		return b;
	MEM_LOG(WARNING, "%s: no memory for copies (%s): ops with memory that the device does not "
		"reach are refused", name, rte_strerror(-ret));
	return NULL;
}
