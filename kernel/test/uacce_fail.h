/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test aid: in a build with UACCE_FAIL=1 this header comes first in every file of uacce and vuacce,
 * and what they allocate, pin or map can be told to fail (uacce_fail.c).
 */
#ifndef UACCE_FAIL_H
#define UACCE_FAIL_H

#include <linux/cdev.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/xarray.h>

bool uacce_should_fail(void);
time64_t uacce_seconds(void);

/* What newer kernels have as macros; a macro cannot call the one that it replaces. */
static inline void *uacce_fail_kzalloc(size_t size, gfp_t gfp)
{
	return uacce_should_fail() ? NULL : kzalloc(size, gfp);
}

static inline void *uacce_fail_kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return uacce_should_fail() ? NULL : kvcalloc(n, size, gfp);
}

static inline struct page *uacce_fail_pages(int node, gfp_t gfp, unsigned int order)
{
	return uacce_should_fail() ? NULL : alloc_pages_node(node, gfp, order);
}

#define ktime_get_seconds	uacce_seconds
#undef kzalloc
#define kzalloc			uacce_fail_kzalloc
#undef kvcalloc
#define kvcalloc		uacce_fail_kvcalloc
#undef alloc_page
#define alloc_page(gfp)		uacce_fail_pages(NUMA_NO_NODE, gfp, 0)
#undef alloc_pages_node
#define alloc_pages_node	uacce_fail_pages
#define xa_insert(xa, index, entry, gfp) \
	(uacce_should_fail() ? -ENOMEM : xa_insert(xa, index, entry, gfp))
#define xa_alloc_cyclic(xa, id, entry, limit, next, gfp) \
	(uacce_should_fail() ? -ENOMEM : xa_alloc_cyclic(xa, id, entry, limit, next, gfp))
#define mmu_notifier_register(mn, mm) \
	(uacce_should_fail() ? -ENOMEM : mmu_notifier_register(mn, mm))
#define vmf_insert_pfn(vma, addr, pfn) \
	(uacce_should_fail() ? VM_FAULT_OOM : vmf_insert_pfn(vma, addr, pfn))
#define pin_user_pages(...) \
	(uacce_should_fail() ? -ENOMEM : pin_user_pages(__VA_ARGS__))
#define pin_user_pages_remote(...) \
	(uacce_should_fail() ? -ENOMEM : pin_user_pages_remote(__VA_ARGS__))
#define cdev_device_add(cdev, dev) \
	(uacce_should_fail() ? -ENOMEM : cdev_device_add(cdev, dev))
#define cdev_add(cdev, devt, n) \
	(uacce_should_fail() ? -ENOMEM : cdev_add(cdev, devt, n))
#define device_create(...) \
	(uacce_should_fail() ? ERR_PTR(-ENOMEM) : device_create(__VA_ARGS__))
#define ida_alloc_max(ida, max, gfp) \
	(uacce_should_fail() ? -ENOMEM : ida_alloc_max(ida, max, gfp))
#define platform_device_alloc(name, id) \
	(uacce_should_fail() ? NULL : platform_device_alloc(name, id))
#define platform_device_add(pdev) \
	(uacce_should_fail() ? -ENOMEM : platform_device_add(pdev))

#endif
