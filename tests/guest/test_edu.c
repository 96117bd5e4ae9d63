// SPDX-License-Identifier: BSD-3-Clause
/*
 * A PCI device with a DMA engine (QEMU's edu), behind an IOMMU or not: test_edu
 * iommu|flat|passthrough tells how the guest was started. The driver's uacce_mode chooses the
 * memory model.
 */
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)
#define PAGE	4096UL
#define BUFFER	0x40000
/* QEMU 7.2 ends itself when a transfer fills the device's buffer of 4096 bytes to the last one. */
#define MOST	4095UL

/* Exit code of insmod; node gets the path of the device, or "". */
static int
load(const char *params, char *node)
{
	char cmd[512];
	glob_t g;
	int ret;

	snprintf(cmd, sizeof(cmd), "busybox insmod %s/test/uacce_edu.ko %s 2>/dev/null",
		getenv("MODULES"), params);
	ret = system(cmd);
	node[0] = 0;
	if (!glob("/dev/edu-*", 0, NULL, &g))
		strcpy(node, g.gl_pathv[0]);
	globfree(&g);
	return WEXITSTATUS(ret);
}

static void
unload(void)
{
	CHECK_EQ(system("busybox rmmod uacce_edu"), 0);
}

static long
flags_of(const char *node)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/uacce/%s/flags", node + 5);
	return read_number(path);
}

static volatile uint8_t *
map(int fd, unsigned int region, size_t len)
{
	void *p = echo_map(fd, region, len);

	CHECK(p != MAP_FAILED);
	return p;
}

#define REG(mmio, off, type)	(*(volatile type *)(uintptr_t)((mmio) + (off)))

static void
dma(volatile uint8_t *mmio, uint64_t src, uint64_t dst, uint64_t len, uint32_t cmd)
{
	REG(mmio, 0x80, uint64_t) = src;
	REG(mmio, 0x88, uint64_t) = dst;
	REG(mmio, 0x90, uint64_t) = len;
	REG(mmio, 0x98, uint32_t) = cmd | 1;
	for (int i = 0; REG(mmio, 0x98, uint32_t) & 1; i++) {
		CHECK(i < 10000);
		usleep(1000);
	}
}

/* Through the device's buffer and back, between two addresses of the device. */
static void
copy(volatile uint8_t *mmio, uint64_t src, uint64_t dst, uint64_t len)
{
	dma(mmio, src, BUFFER, len, 0);
	dma(mmio, BUFFER, dst, len, 2);
}

static uint8_t *
hugepages(size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Addresses are the process's own, and nothing else of it can be reached. */
static void
iommu_domain(const char *node)
{
	int fd = open(node, O_RDWR);
	volatile uint8_t *mmio = map(fd, UACCE_QFRT_MMIO, PAGE);
	uint8_t *ss = (uint8_t *)(uintptr_t)map(fd, UACCE_QFRT_SS, 4 * MB2);
	uint8_t *own = hugepages(MB2);
	struct uacce_adopt a = {.addr = (uintptr_t)own, .len = MB2};

	CHECK_EQ(REG(mmio, 0, uint32_t) & 0xffff, 0xed);
	CHECK_EQ(ioctl(fd, UACCE_CMD_START_Q), 0);
	for (unsigned long i = 0; i < PAGE; i++)
		ss[MB2 - 100 + i] = (uint8_t)(i * 5);
	copy(mmio, (uintptr_t)ss + MB2 - 100, (uintptr_t)ss + 3 * MB2 + 64, PAGE - 200);
	CHECK(!memcmp(ss + 3 * MB2 + 64, ss + MB2 - 100, PAGE - 200));
	/* memory that is not adopted yet: the IOMMU stops the write */
	memset(own, 0x11, PAGE);
	copy(mmio, (uintptr_t)ss + MB2, (uintptr_t)own, 256);
	for (int i = 0; i < 256; i++)
		CHECK_EQ(own[i], 0x11);
	CHECK_EQ(ioctl(fd, UACCE_CMD_ADOPT, &a), 0);
	CHECK_EQ(a.dev_addr, (uintptr_t)own);
	copy(mmio, (uintptr_t)ss + MB2, (uintptr_t)own, 256);
	CHECK(!memcmp(own, ss + MB2, 256));
	/* and no longer than it is adopted */
	CHECK_EQ(ioctl(fd, UACCE_CMD_UNADOPT, &a), 0);
	memset(own, 0x22, PAGE);
	copy(mmio, (uintptr_t)ss + MB2, (uintptr_t)own, 256);
	for (int i = 0; i < 256; i++)
		CHECK_EQ(own[i], 0x22);
	/* SS likewise: the addresses belong to nobody after munmap */
	munmap(ss, 4 * MB2);
	uint8_t *other = mmap(ss, MB2, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0);
	memset(other, 0x33, PAGE);
	dma(mmio, BUFFER, (uintptr_t)other, 256, 2);
	for (int i = 0; i < 256; i++)
		CHECK_EQ(other[i], 0x33);
	munmap(other, MB2);
	munmap(own, MB2);
	munmap((void *)(uintptr_t)mmio, PAGE);
	close(fd);
	printf("ok iommu_domain\n");
}

/* No PASID: one process at a time, and the next one starts from nothing. */
static void
one_process(const char *node)
{
	int fd = open(node, O_RDWR), status;
	pid_t pid = fork();

	if (!pid) {
		CHECK_ERRNO(open(node, O_RDWR), EBUSY);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	close(fd);
	pid = fork();
	if (!pid) {
		iommu_domain(node);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	printf("ok one_process\n");
}

static void
shared_domain(const char *node)
{
	int fd = open(node, O_RDWR);
	uint8_t *dko;

	CHECK_ERRNO(ioctl(fd, UACCE_CMD_START_Q), EINVAL);
	CHECK_EQ((uintptr_t)echo_map(fd, UACCE_QFRT_DKO, PAGE), (uintptr_t)MAP_FAILED);
	dko = (uint8_t *)(uintptr_t)map(fd, UACCE_QFRT_DKO, 2 * PAGE);
	/* The driver copies by DMA between its own pages there. */
	CHECK_EQ(ioctl(fd, UACCE_CMD_START_Q), 0);
	/* Of which the process sees nothing. */
	int p[2];
	CHECK(!pipe(p));
	CHECK_ERRNO(write(p[1], dko, 16), EFAULT);
	CHECK_ERRNO(mprotect(dko, 2 * PAGE, PROT_READ), EACCES);
	/* The kernel's memory gone, the queue stops. */
	struct uacce_info info = {.size = sizeof(info)};
	munmap(dko, 2 * PAGE);
	CHECK_EQ(ioctl(fd, UACCE_CMD_INFO, &info), 0);
	CHECK_EQ(info.state, UACCE_STATE_INIT);
	close(p[0]);
	close(p[1]);
	close(fd);
	printf("ok shared_domain\n");
}

static void
physical(const char *node)
{
	int fd = open(node, O_RDWR);
	volatile uint8_t *mmio = map(fd, UACCE_QFRT_MMIO, PAGE);
	uint8_t *ss = (uint8_t *)(uintptr_t)map(fd, UACCE_QFRT_SS, MB2);
	uint8_t *own = hugepages(MB2);
	struct uacce_adopt a = {.addr = (uintptr_t)own, .len = MB2};
	unsigned long addr = 0;

	CHECK_EQ(ioctl(fd, UACCE_CMD_START_Q), 0);
	CHECK_EQ(ioctl(fd, UACCE_CMD_GET_SS_DMA, &addr), 0);
	addr &= ~0xfffUL;
	CHECK_EQ(ioctl(fd, UACCE_CMD_ADOPT, &a), 0);
	for (unsigned long i = 0; i < PAGE; i++)
		ss[i] = (uint8_t)(i * 11);
	copy(mmio, addr, a.dev_addr + 777, MOST);
	CHECK(!memcmp(own + 777, ss, MOST));
	copy(mmio, a.dev_addr + 777, addr + MB2 - PAGE, MOST);
	CHECK(!memcmp(ss + MB2 - PAGE, ss, MOST));
	munmap(ss, MB2);
	munmap(own, MB2);
	munmap((void *)(uintptr_t)mmio, PAGE);
	close(fd);
	printf("ok physical\n");
}

/* The registers of one queue stay when another queue of the node goes, with its process or alone. */
static void
neighbours(const char *node)
{
	int fd = open(node, O_RDWR), other = open(node, O_RDWR), status;
	volatile uint8_t *mmio = map(fd, UACCE_QFRT_MMIO, PAGE);
	volatile uint8_t *dus = map(fd, UACCE_QFRT_DUS, PAGE);
	pid_t pid = fork();

	if (!pid) {
		volatile uint8_t *own = map(open(node, O_RDWR), UACCE_QFRT_MMIO, PAGE);

		CHECK_EQ(REG(own, 0, uint32_t) & 0xffff, 0xed);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	CHECK_EQ(REG(mmio, 0, uint32_t) & 0xffff, 0xed);
	volatile uint8_t *next = map(other, UACCE_QFRT_MMIO, PAGE);
	CHECK_EQ(REG(next, 0, uint32_t) & 0xffff, 0xed);
	munmap((void *)(uintptr_t)next, PAGE);
	close(other);
	dus[1] = 1;
	CHECK_EQ(REG(mmio, 0, uint32_t) & 0xffff, 0xed);
	munmap((void *)(uintptr_t)dus, PAGE);
	munmap((void *)(uintptr_t)mmio, PAGE);
	close(fd);
	printf("ok neighbours\n");
}

struct watch {
	volatile uint8_t *mmio;
	volatile bool stop;
	volatile unsigned long spins;
};

static void *
read_registers(void *arg)
{
	struct watch *w = arg;

	while (!w->stop) {
		REG(w->mmio, 4, uint32_t) = 1;
		(void)REG(w->mmio, 0, uint32_t);
		w->spins++;
	}
	return NULL;
}

/* The registers go away below a thread that reads them; an ordinary page is there instead. */
static void
unbind_under_traffic(const char *node)
{
	int fd = open(node, O_RDWR);
	struct watch w = {.mmio = map(fd, UACCE_QFRT_MMIO, PAGE)};
	volatile uint8_t *dus = map(fd, UACCE_QFRT_DUS, PAGE);
	uint8_t *ss = (uint8_t *)(uintptr_t)map(fd, UACCE_QFRT_SS, MB2);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	pthread_t t;

	ss[5] = 55;
	dus[6] = 66;
	CHECK_EQ(ioctl(fd, UACCE_CMD_START_Q), 0);
	CHECK_EQ(REG(w.mmio, 0, uint32_t) & 0xffff, 0xed);
	CHECK(!pthread_create(&t, NULL, read_registers, &w));
	while (w.spins < 1000)
		usleep(1000);
	CHECK_EQ(system("cd /sys/bus/pci/drivers/uacce_edu && "
			"for d in 0000:*; do echo $d >unbind; done"), 0);
	unsigned long then = w.spins;
	while (w.spins < then + 1000)
		usleep(1000);
	w.stop = true;
	pthread_join(t, NULL);
	CHECK_EQ(REG(w.mmio, 0, uint32_t), 0);
	REG(w.mmio, 0, uint32_t) = 0x1234;
	CHECK_EQ(REG(w.mmio, 0, uint32_t), 0x1234);
	CHECK_EQ(ss[5], 55);
	CHECK_EQ(dus[6], 66);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLERR | POLLHUP);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_PUT_Q), ENXIO);
	munmap(ss, MB2);
	munmap((void *)(uintptr_t)dus, PAGE);
	munmap((void *)(uintptr_t)w.mmio, PAGE);
	close(fd);
	printf("ok unbind_under_traffic\n");
}

static void
driver_file(const char *file, const char *device)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/uacce_edu/%s", file);
	fd = open(path, O_WRONLY);
	CHECK_EQ(write(fd, device, strlen(device)), strlen(device));
	close(fd);
}

static volatile bool gone;

/* Maps registers again and again, and keeps those that it had when the device went. */
static void *
map_registers(void *arg)
{
	int fd = *(int *)arg;
	volatile uint8_t *p;

	for (;;) {
		p = echo_map(fd, UACCE_QFRT_MMIO, PAGE);
		if (p == MAP_FAILED) {
			CHECK_EQ(errno, ENXIO);
			return NULL;
		}
		for (int i = 0; i < 4; i++) {
			/* EEXIST as long as there is a device */
			CHECK_EQ((uintptr_t)echo_map(fd, UACCE_QFRT_MMIO, PAGE),
				(uintptr_t)MAP_FAILED);
			if (errno == EEXIST)
				continue;
			CHECK_EQ(errno, ENXIO);
			while (!gone)
				usleep(1000);
			CHECK_EQ(REG(p, 0, uint32_t), 0);
			munmap((void *)(uintptr_t)p, PAGE);
			return NULL;
		}
		munmap((void *)(uintptr_t)p, PAGE);
	}
}

/* An mmap() that removal overtakes does not keep the registers. */
static void
unbind_in_mmap(void)
{
	char device[32];
	pthread_t t;
	glob_t g;
	int fd;

	CHECK(!glob("/sys/bus/pci/drivers/uacce_edu/0000:*", 0, NULL, &g));
	snprintf(device, sizeof(device), "%s", strrchr(g.gl_pathv[0], '/') + 1);
	globfree(&g);
	for (unsigned int i = 0; i < 40; i++) {
		CHECK(!glob("/dev/edu-*", 0, NULL, &g));
		fd = open(g.gl_pathv[0], O_RDWR);
		CHECK(fd >= 0);
		globfree(&g);
		gone = false;
		CHECK(!pthread_create(&t, NULL, map_registers, &fd));
		usleep(2000 + i * 137);
		driver_file("unbind", device);
		gone = true;
		pthread_join(t, NULL);
		close(fd);
		driver_file("bind", device);
	}
	printf("ok unbind_in_mmap\n");
}

static void
with_iommu(void)
{
	char node[64];

	CHECK_EQ(load("uacce_mode=0", node), 0);
	CHECK_EQ(node[0], 0);
	unload();
	CHECK(load("uacce_mode=3", node) != 0);
	/* SVA was asked for; this IOMMU has none, so it is a domain. */
	CHECK_EQ(load("uacce_mode=1", node), 0);
	CHECK_EQ(flags_of(node), UACCE_DEV_IOMMU);
	iommu_domain(node);
	one_process(node);
	unbind_under_traffic(node);
	unload();
	CHECK_EQ(load("uacce_mode=1 share_domain=1", node), 0);
	CHECK_EQ(flags_of(node), UACCE_DEV_SHARE_DOMAIN);
	shared_domain(node);
	unload();
	/* Physical addresses would not be what the device sees: no such device. */
	CHECK_EQ(load("uacce_mode=2", node), 0);
	CHECK_EQ(node[0], 0);
	unload();
	printf("ok modes\n");
}

/* Without IOMMU there is no UACCE_MODE_UACCE; behind one in pass-through mode there are both. */
static void
physical_modes(bool iommu)
{
	char node[64];

	CHECK_EQ(load("uacce_mode=1", node), 0);
	CHECK_EQ(node[0] != 0, iommu);
	if (iommu)
		iommu_domain(node);
	unload();
	CHECK_EQ(load("uacce_mode=2 max_queues=3", node), 0);
	CHECK_EQ(flags_of(node), UACCE_DEV_NOIOMMU);
	physical(node);
	neighbours(node);
	unbind_in_mmap();
	unload();
	CHECK_EQ(load("uacce_mode=2", node), 0);
	unbind_under_traffic(node);
	unload();
	printf("ok modes\n");
}

int
main(int argc, char **argv)
{
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);

	CHECK(write(fd, "8", 1) == 1);
	close(fd);
	if (argc == 2 && !strcmp(argv[1], "iommu"))
		with_iommu();
	else
		physical_modes(argc == 2 && !strcmp(argv[1], "passthrough"));
	return 0;
}
