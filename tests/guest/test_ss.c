// SPDX-License-Identifier: BSD-3-Clause
/* Static shared memory: hugepages, their addresses, sharing, limits, and freeing. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)
#define KIB2M	2048

static long
mem_free_kib(void)
{
	char line[128];
	long v = -1;
	FILE *f = fopen("/proc/meminfo", "r");

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &v) == 1)
			break;
	fclose(f);
	return v;
}

static void
open_queue(struct echo_client *c, struct echo_dev *dev, uint32_t flags)
{
	echo_spawn(dev, &(struct echo_opts){.flags = flags});
	CHECK_EQ(echo_open(c, dev->node), 0);
}

static void
close_queue(struct echo_client *c, struct echo_dev *dev)
{
	echo_close(c);
	echo_kill(dev);
}

/* Entries of 2 MiB in the page table, zeroes in the pages, aligned without being asked. */
static void
huge_and_zero(void)
{
	struct echo_client c;
	struct echo_dev dev;

	open_queue(&c, &dev, UACCE_DEV_IOMMU);
	/* Fill the free memory with something first. */
	size_t dirty = 200UL << 20;
	uint8_t *p = mmap(NULL, dirty, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 0xa5, dirty);
	munmap(p, dirty);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 16 * MB2);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ((uintptr_t)ss % MB2, 0);
	for (size_t i = 0; i < 16 * MB2; i++)
		if (ss[i])
			FAIL("byte %zu is 0x%x", i, ss[i]);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(page_level(ss + (unsigned long)i * MB2), 2);
	/* for writing as well */
	memset(ss, 1, 16 * MB2);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(page_level(ss + (unsigned long)i * MB2 + 4096), 2);
	/* What is protected in parts gets small entries there, and stays what it was. */
	CHECK(!mprotect(ss + MB2, 4096, PROT_READ));
	CHECK_EQ(ss[MB2] + ss[MB2 + 4096], 2);
	CHECK_EQ(page_level(ss + MB2), 1);
	CHECK_EQ(page_level(ss), 2);
	munmap(ss, 16 * MB2);
	close_queue(&c, &dev);
}

/* Any length, and any address: huge entries need alignment, the memory does not. */
static void
odd_sizes(void)
{
	struct echo_client c;
	struct echo_dev dev;
	unsigned long dma = 0;

	open_queue(&c, &dev, UACCE_DEV_IOMMU);
	CHECK_EQ(echo_start(&c), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 65536);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(pinned_kib(KIB2M), KIB2M);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SS_DMA, &dma), 0);
	CHECK_EQ(dma, (uintptr_t)ss | 1);
	munmap(ss, 65536);
	CHECK_EQ(pinned_kib(0), 0);

	uint8_t *at = (uint8_t *)0x300000001000;
	ss = mmap(at, 3 * MB2 + 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		c.fd, UACCE_QFRT_SS * 4096);
	CHECK(ss == at);
	CHECK_EQ(echo_start(&c), 0);
	memset(ss, 7, 3 * MB2 + 4096);
	uint8_t *dst = ss + 3 * MB2 - 100;
	CHECK_EQ(echo_run(&c, ss, (uintptr_t)ss, dst, (uintptr_t)dst, 4196), 0);
	CHECK_EQ(page_level(ss), 1);
	munmap(ss, 3 * MB2 + 4096);
	close_queue(&c, &dev);
}

/* Unmapping SS stops the queue and takes the memory from the device; a new one can follow. */
static void
unmap_stops(void)
{
	struct echo_client c;
	struct echo_dev dev;
	struct uacce_info info = {.size = sizeof(info)};
	unsigned long dma = 0;

	open_queue(&c, &dev, UACCE_DEV_IOMMU);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 2 * MB2);
	CHECK(echo_map(c.fd, UACCE_QFRT_SS, MB2) == MAP_FAILED && errno == EEXIST);
	CHECK_EQ(echo_start(&c), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_MEMS), 1);
	/* part of it: still there */
	CHECK(!munmap(ss, MB2));
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_MEMS), 1);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 0);
	CHECK(!munmap(ss + MB2, MB2));
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 1);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_MEMS), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_INFO, &info), 0);
	CHECK_EQ(info.state, UACCE_STATE_INIT);
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_GET_SS_DMA, &dma), ENOENT);
	ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(echo_start(&c), 0);
	CHECK_EQ(echo_run(&c, ss, (uintptr_t)ss, ss + 4096, (uintptr_t)ss + 4096, 4096), 0);
	munmap(ss, MB2);
	close_queue(&c, &dev);
}

/* Slices: those of GET_SS_DMA, those of GET_SLICES, and the device's view agree byte for byte. */
static void
slices_match(void)
{
	enum { N = 150 };	/* 300 MiB: more than one slice of GET_SS_DMA can say */
	struct uacce_slice sl[N];
	struct uacce_slices q = {.count = N, .slices = (uintptr_t)sl};
	struct echo_client c;
	struct echo_dev dev;
	unsigned long sum = 0, dma;
	long left, index = 0;

	open_queue(&c, &dev, UACCE_DEV_NOIOMMU);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, N * MB2);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(echo_start(&c), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SLICES, &q), 0);
	CHECK_EQ(q.count, q.total);
	for (unsigned int i = 0; i < q.total; i++) {
		CHECK_EQ(sl[i].addr, (uintptr_t)ss + sum);
		CHECK_EQ(sl[i].len % MB2, 0);
		sum += sl[i].len;
		/* first and last bytes of each, as the device sees them */
		CHECK_EQ(echo_run(&c, ss, sl[0].dev_addr, (void *)(uintptr_t)(sl[i].addr + 4096),
				 sl[i].dev_addr + 4096, 512), 0);
		CHECK_EQ(echo_run(&c, ss, sl[0].dev_addr,
				 (void *)(uintptr_t)(sl[i].addr + sl[i].len - 512),
				 sl[i].dev_addr + sl[i].len - 512, 512), 0);
	}
	CHECK_EQ(sum, N * MB2);
	printf("# %u slices\n", q.total);
	/* The old way tells the same memory in pieces below 256 MiB. */
	sum = 0;
	unsigned int k = 0;
	do {
		dma = (unsigned long)index++;
		left = ioctl(c.fd, UACCE_CMD_GET_SS_DMA, &dma);
		CHECK(left >= 0);
		unsigned long len = (dma & 0xfff) << 16, addr = dma & ~0xfffUL;
		CHECK(len > 0 && len < 256UL << 20);
		while ((uintptr_t)ss + sum >= sl[k].addr + sl[k].len)
			k++;
		CHECK_EQ(addr, sl[k].dev_addr + ((uintptr_t)ss + sum - sl[k].addr));
		CHECK((uintptr_t)ss + sum + len <= sl[k].addr + sl[k].len);
		sum += len;
	} while (left);
	CHECK_EQ(sum, N * MB2);
	dma = (unsigned long)index;
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_GET_SS_DMA, &dma), EINVAL);
	dma = 1UL << 40;
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_GET_SS_DMA, &dma), EINVAL);
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_GET_SS_DMA, 8), EFAULT);
	/* room for some only */
	q = (struct uacce_slices){.first = q.total - 1, .count = 5, .slices = (uintptr_t)sl};
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SLICES, &q), 0);
	CHECK_EQ(q.count, 1);
	q = (struct uacce_slices){.addr = 4096, .count = 1, .slices = (uintptr_t)sl};
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_GET_SLICES, &q), ENOENT);
	q = (struct uacce_slices){.count = 1, .slices = 8};
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_GET_SLICES, &q), EFAULT);
	munmap(ss, N * MB2);
	close_queue(&c, &dev);
}

static void
one_slice_with_iommu(void)
{
	struct uacce_slice sl[2];
	struct uacce_slices q = {.count = 2, .slices = (uintptr_t)sl};
	struct echo_client c;
	struct echo_dev dev;
	unsigned long dma = 0;

	open_queue(&c, &dev, UACCE_DEV_IOMMU);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 160 * MB2);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SS_DMA, &dma), 0);
	CHECK_EQ(dma & ~0xfffUL, (uintptr_t)ss);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SLICES, &q), 0);
	CHECK_EQ(q.total, 1);
	CHECK_EQ(sl[0].len, 160 * MB2);
	CHECK_EQ(sl[0].dev_addr, (uintptr_t)ss);
	munmap(ss, 160 * MB2);
	close_queue(&c, &dev);
}

/* One region at several queues and devices; it lives as long as any of them. */
static void
shared(void)
{
	struct echo_client a, b, x, sva;
	struct echo_dev dev, other, sva_dev;

	open_queue(&a, &dev, UACCE_DEV_IOMMU | UACCE_DEV_PASID);
	CHECK_EQ(echo_open(&b, dev.node), 0);
	echo_spawn(&other, &(struct echo_opts){.flags = UACCE_DEV_NOIOMMU, .name = "other"});
	CHECK_EQ(echo_open(&x, other.node), 0);
	echo_spawn(&sva_dev, &(struct echo_opts){.flags = UACCE_DEV_SVA, .name = "sva"});
	CHECK_EQ(echo_open(&sva, sva_dev.node), 0);

	CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, b.fd), ENOENT);
	uint8_t *ss = echo_map(a.fd, UACCE_QFRT_SS, 2 * MB2);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(pinned_kib(2 * KIB2M), 2 * KIB2M);
	CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, -1), EBADF);
	CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, 999), EBADF);
	CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, 1), EBADF);
	CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, a.fd), EEXIST);
	CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, sva.fd), EOPNOTSUPP);
	CHECK_EQ(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, b.fd), 0);
	CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, b.fd), EEXIST);
	CHECK_EQ(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, x.fd), 0);
	CHECK(echo_map(b.fd, UACCE_QFRT_SS, MB2) == MAP_FAILED && errno == EEXIST);
	/* charged once */
	CHECK_EQ(pinned_kib(2 * KIB2M), 2 * KIB2M);

	CHECK_EQ(echo_start(&b), 0);
	CHECK_EQ(echo_start(&x), 0);
	CHECK_EQ(echo_run(&b, ss, (uintptr_t)ss, ss + MB2, (uintptr_t)ss + MB2, 9000), 0);
	unsigned long dma = 0;
	CHECK(ioctl(x.fd, UACCE_CMD_GET_SS_DMA, &dma) >= 0);
	dma &= ~0xfffUL;
	CHECK_EQ(echo_run(&x, ss, dma, ss + 40000, dma + 40000, 9000), 0);

	/* The first owner goes, mapping and all: the others' device addresses still work. */
	munmap(ss, 2 * MB2);
	echo_close(&a);
	CHECK_EQ(pinned_kib(2 * KIB2M), 2 * KIB2M);
	echo_submit(&b, (uintptr_t)ss, (uintptr_t)ss + MB2, 100, 0);
	CHECK_EQ(echo_wait(&b, 5000), 0);
	echo_close(&b);
	echo_submit(&x, dma, dma + 40000, 100, 0);
	CHECK_EQ(echo_wait(&x, 5000), 0);
	echo_close(&x);
	CHECK_EQ(pinned_kib(0), 0);
	echo_close(&sva);
	echo_kill(&dev);
	echo_kill(&other);
	echo_kill(&sva_dev);
}

/* Not with somebody else's queue, even if its descriptor is here. */
static void
not_with_others(void)
{
	struct echo_dev dev;
	struct echo_client a;
	int fd, status;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID});
	fd = open(dev.node, O_RDWR);
	pid_t pid = fork();
	if (!pid) {
		CHECK_EQ(echo_open(&a, dev.node), 0);
		CHECK(echo_map(a.fd, UACCE_QFRT_SS, MB2) != MAP_FAILED);
		CHECK_ERRNO(ioctl(a.fd, UACCE_CMD_SHARE_SVAS, fd), EPERM);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	close(fd);
	echo_kill(&dev);
}

/* Over the limit of the device, of the user, and of the machine. */
static void
limits(void)
{
	struct echo_client c;
	struct echo_dev dev;
	int status;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU, .ss_max = 64UL << 30});
	CHECK(!chmod(dev.node, 0666));
	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK(echo_map(c.fd, UACCE_QFRT_SS, (64UL << 30) + MB2) == MAP_FAILED && errno == EINVAL);
	long before = mem_free_kib();
	CHECK(echo_map(c.fd, UACCE_QFRT_SS, 32UL << 30) == MAP_FAILED && errno == ENOMEM);
	CHECK_EQ(pinned_kib(0), 0);
	CHECK(mem_free_kib() > before - 20000);
	/* and the queue is as good as before */
	void *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	CHECK(ss != MAP_FAILED);
	munmap(ss, MB2);
	echo_close(&c);

	pid_t pid = fork();
	if (!pid) {
		struct rlimit r = {8 << 20, 8 << 20};
		CHECK(!setrlimit(RLIMIT_MEMLOCK, &r));
		CHECK(!setresuid(1000, 1000, 1000));
		CHECK_EQ(echo_open(&c, dev.node), 0);
		CHECK(echo_map(c.fd, UACCE_QFRT_SS, 5 * MB2) == MAP_FAILED && errno == ENOMEM);
		ss = echo_map(c.fd, UACCE_QFRT_SS, 4 * MB2);
		CHECK(ss != MAP_FAILED);
		/* the user is charged, not the queue */
		struct echo_client d;
		CHECK_EQ(echo_open(&d, dev.node), 0);
		CHECK(echo_map(d.fd, UACCE_QFRT_SS, MB2) == MAP_FAILED && errno == ENOMEM);
		munmap(ss, 4 * MB2);
		CHECK_EQ(pinned_kib(0), 0);
		CHECK(echo_map(d.fd, UACCE_QFRT_SS, 4 * MB2) != MAP_FAILED);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	/* The child's charge went with it, as soon as the server let go. */
	usleep(300000);
	pid = fork();
	if (!pid) {
		struct rlimit r = {8 << 20, 8 << 20};
		CHECK(!setrlimit(RLIMIT_MEMLOCK, &r));
		CHECK(!setresuid(1000, 1000, 1000));
		CHECK_EQ(echo_open(&c, dev.node), 0);
		CHECK(echo_map(c.fd, UACCE_QFRT_SS, 4 * MB2) != MAP_FAILED);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	echo_kill(&dev);
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* The memory cgroup is charged, and its limit is an error, not a kill. */
static void
cgroup(void)
{
	struct echo_client c;
	struct echo_dev dev;
	int status;

	if (access("/proc/cgroups", F_OK)) {
		printf("# no cgroups in this kernel\n");
		return;
	}
	CHECK(!mkdir("/tmp/cg", 0755));
	CHECK(!mount("cgroup2", "/tmp/cg", "cgroup2", 0, NULL));
	write_file("/tmp/cg/cgroup.subtree_control", "+memory");
	CHECK(!mkdir("/tmp/cg/few", 0755));
	write_file("/tmp/cg/few/memory.max", "100M");
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU});
	pid_t pid = fork();
	if (!pid) {
		write_file("/tmp/cg/few/cgroup.procs", "0");
		CHECK_EQ(echo_open(&c, dev.node), 0);
		CHECK(echo_map(c.fd, UACCE_QFRT_SS, 128UL << 20) == MAP_FAILED && errno == ENOMEM);
		long before = read_number("/tmp/cg/few/memory.current");
		uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 64UL << 20);
		CHECK(ss != MAP_FAILED);
		long more = read_number("/tmp/cg/few/memory.current") - before;
		CHECK(more >= 64L << 20 && more < 66L << 20);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	echo_kill(&dev);
	CHECK(read_number("/tmp/cg/few/memory.current") < 2 << 20);
	CHECK(!umount("/tmp/cg"));
}

/* Pages that somebody else in the kernel still holds outlive the region, and nothing breaks. */
static void
held_pages_outlive(void)
{
	struct echo_client c;
	struct echo_dev dev;
	char buf[4096];
	int p[2];

	open_queue(&c, &dev, UACCE_DEV_IOMMU);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	memset(ss, 0x77, MB2);
	CHECK(!pipe(p));
	struct iovec iov = {ss + 8192, 4096};
	ssize_t n = vmsplice(p[1], &iov, 1, 0);
	munmap(ss, MB2);
	close_queue(&c, &dev);
	printf("# vmsplice of SS: %zd\n", n);
	/* The old pages must not be somebody else's now. */
	for (int i = 0; i < 64; i++) {
		uint8_t *q = mmap(NULL, 4 * MB2, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		memset(q, 0x11, 4 * MB2);
		munmap(q, 4 * MB2);
	}
	if (n == 4096) {
		CHECK_EQ(read(p[0], buf, sizeof(buf)), 4096);
		for (int i = 0; i < 4096; i++)
			CHECK_EQ(buf[i], 0x77);
	}
	close(p[0]);
	close(p[1]);
}

/* Nothing is left behind: hundreds of regions that come and go. */
static void
no_leak(void)
{
	struct echo_client c;
	struct echo_dev dev;
	long before = 0;

	for (int i = 0; i < 60; i++) {
		open_queue(&c, &dev, i & 1 ? UACCE_DEV_IOMMU : UACCE_DEV_NOIOMMU);
		uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 20 * MB2);
		CHECK(ss != MAP_FAILED);
		ss[0] = 1;
		echo_start(&c);
		if (i % 3)
			munmap(ss, 20 * MB2);
		if (i % 2)
			echo_kill(&dev);
		echo_close(&c);
		if (!(i % 2))
			echo_kill(&dev);
		if (!(i % 3))
			munmap(ss, 20 * MB2);
		if (i == 5)
			before = mem_free_kib();
	}
	CHECK_EQ(pinned_kib(0), 0);
	long lost = before - mem_free_kib();
	printf("# %ld KiB less\n", lost);
	CHECK(lost < 20 * KIB2M);
}

int
main(void)
{
	CASE(huge_and_zero);
	CASE(odd_sizes);
	CASE(unmap_stops);
	CASE(slices_match);
	CASE(one_slice_with_iommu);
	CASE(shared);
	CASE(not_with_others);
	CASE(limits);
	CASE(cgroup);
	CASE(held_pages_outlive);
	CASE(no_leak);
	return 0;
}
