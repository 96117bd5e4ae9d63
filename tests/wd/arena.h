/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data of a test that its device reaches in whatever way it can: one structure of the test's in
 * static memory, which a shared mapping replaces when the device cannot see the process.
 */
#ifndef ARENA_H
#define ARENA_H

#include <errno.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wd.h"

#define ARENA __attribute__((aligned(1 << 21))) /* behind the type: whole hugepages */

static inline int
arena_share(struct wd_device *dev, void *arena, size_t len)
{
	bool noiommu = wd_device_flags(dev) & WD_DEV_NOIOMMU, huge = noiommu;
	int fd, ret;

	if (wd_device_flags(dev) & WD_DEV_SVA)
		return 0;
	for (;; huge = true) {
		fd = memfd_create("arena", MFD_CLOEXEC | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0));
		if (fd < 0 || ftruncate(fd, len) < 0 ||
			mmap(arena, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
			MAP_FAILED) {
			perror("arena");
			exit(huge ? 77 : 1); /* no hugepages to be had */
		}
		ret = wd_device_share(dev, arena, len, fd, 0);
		close(fd);
		/* The kernel adopts hugepages only. */
		if (ret != -EFAULT || huge)
			break;
	}
	if (ret == -EPERM && noiommu)
		exit(77);
	if (ret < 0)
		fprintf(stderr, "arena: share: %d\n", ret);
	return ret;
}

/* Device address of something in an arena. */
static inline uint64_t
arena_addr(struct wd_device *dev, const void *p)
{
	uint64_t a = wd_dev_addr(dev, p, 1);

	if (a == UINT64_MAX)
		abort();
	return a;
}

#endif
