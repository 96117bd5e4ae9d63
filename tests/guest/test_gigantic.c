// SPDX-License-Identifier: BSD-3-Clause
/* Adoption of a hugepage of 1 GiB: one pin, one slice, and the device sees all of it. */
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define GB	    (1UL << 30)
#define FREE_PAGES  "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages"
#define HUGE_1GB    (30 << 26)

static void
adopt_one(uint32_t flags)
{
	struct uacce_adopt a = {.len = GB};
	struct echo_client c;
	struct echo_dev dev;

	echo_spawn(&dev, &(struct echo_opts){.flags = flags});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(echo_start(&c), 0);
	uint8_t *p = mmap(NULL, GB, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_1GB, -1, 0);
	CHECK(p != MAP_FAILED);
	a.addr = (uintptr_t)p;
	/* parts of a hugepage cannot be adopted */
	a.len = GB / 2;
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_ADOPT, &a), EINVAL);
	a.len = GB;
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_ADOPT, &a), 0);
	CHECK_EQ(a.slices, 1);
	CHECK_EQ(pinned_kib(GB >> 10), GB >> 10);
	for (unsigned long at = 4096; at < GB; at += GB / 8 - 4096) {
		p[at] = (uint8_t)(at >> 20);
		CHECK_EQ(echo_run(&c, p + at, a.dev_addr + at, p + GB - 8192, a.dev_addr + GB - 8192,
				 4096), 0);
	}
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_UNADOPT, &a), 0);
	munmap(p, GB);
	echo_close(&c);
	CHECK_EQ(pinned_kib(0), 0);
	echo_kill(&dev);
	CHECK_EQ(read_number(FREE_PAGES), 1);
	printf("ok adopt_one 0x%x\n", flags);
}

int
main(void)
{
	CHECK_EQ(read_number(FREE_PAGES), 1);
	adopt_one(UACCE_DEV_IOMMU);
	adopt_one(UACCE_DEV_NOIOMMU);
	return 0;
}
