// SPDX-License-Identifier: BSD-3-Clause
/*
 * One good sequence of calls, over and over; in the n-th run the n-th thing fails that the modules
 * ask of the kernel. Each run ends with success or with one clear errno, and leaves nothing behind.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)
#define FREE_HUGEPAGES	"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

static struct echo_dev dev, other, sva, dko, phys;
static int fail_fd;

/* Ends a run that fails; the queue is closed by the caller. */
#define STEP(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return errno ? -errno : -1;                                                \
	} while (0)

static int
one_slice(int fd, const void *p)
{
	struct uacce_slice slice;
	struct uacce_slices q = {.addr = (uintptr_t)p, .count = 1, .slices = (uintptr_t)&slice};

	return ioctl(fd, UACCE_CMD_GET_SLICES, &q);
}

static int
use_queue(struct echo_client *c, struct echo_client *second, uint8_t *ss, uint8_t *own)
{
	struct uacce_adopt a = {.addr = (uintptr_t)own, .len = MB2};
	int ret;

	errno = 0;
	ss[0] = 1;
	c->dus[5] = 6;
	c->mmio[7] = 8;
	STEP(!ioctl(c->fd, UACCE_CMD_SHARE_SVAS, second->fd));
	STEP(!ioctl(c->fd, UACCE_CMD_ADOPT, &a));
	STEP(!one_slice(c->fd, own));
	STEP(!ioctl(c->fd, UACCE_CMD_START_Q));
	ret = echo_run(c, ss, (uintptr_t)ss, own, (uintptr_t)own, 5000);
	if (ret)
		return ret;
	STEP(ioctl(c->fd, ECHO_CMD, ECHO_RETURN_7) == 7);
	STEP(!ioctl(c->fd, UACCE_CMD_PUT_Q));
	STEP(!ioctl(c->fd, UACCE_CMD_START_Q));
	STEP(!ioctl(c->fd, UACCE_CMD_UNADOPT, &a));
	return 0;
}

static int
sequence(void)
{
	struct echo_client c, second;
	uint8_t *own = mmap(NULL, MB2, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	uint8_t *ss;
	int ret;

	CHECK(own != MAP_FAILED);
	ret = echo_open(&c, dev.node);
	if (!ret) {
		ret = echo_open(&second, other.node);
		if (!ret) {
			ss = echo_map(c.fd, UACCE_QFRT_SS, 3 * MB2);
			ret = ss == MAP_FAILED ? -errno : use_queue(&c, &second, ss, own);
			if (ss != MAP_FAILED)
				munmap(ss, 3 * MB2);
			echo_close(&second);
		}
		echo_close(&c);
	}
	munmap(own, MB2);
	return ret;
}

static long
instances(const struct echo_dev *d)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/available_instances", d->sysfs);
	return read_number(path);
}

static int
one_model(const struct echo_dev *d, bool with_ss, bool with_dko)
{
	uint8_t *ss = MAP_FAILED, *kernel = MAP_FAILED;
	struct echo_client c;
	int ret = echo_open(&c, d->node);

	if (ret)
		return ret;
	if (with_dko) {
		kernel = echo_map(c.fd, UACCE_QFRT_DKO, ECHO_DKO_SIZE);
		ret = kernel == MAP_FAILED ? -errno : 0;
	}
	if (with_ss && !ret) {
		ss = echo_map(c.fd, UACCE_QFRT_SS, 2 * MB2);
		ret = ss == MAP_FAILED ? -errno : 0;
	}
	if (!ret)
		ret = echo_start(&c);
	if (!ret && ioctl(c.fd, UACCE_CMD_PUT_Q))
		ret = -errno;
	if (ss != MAP_FAILED)
		munmap(ss, 2 * MB2);
	if (kernel != MAP_FAILED)
		munmap(kernel, ECHO_DKO_SIZE);
	echo_close(&c);
	CHECK_EQ(instances(d), 16);
	return ret;
}

static int
other_models(void)
{
	int ret = one_model(&sva, false, false);

	if (!ret)
		ret = one_model(&dko, true, true);
	return ret ? ret : one_model(&phys, true, false);
}

static int
creation(void)
{
	struct vuacce_config c = {.size = sizeof(c), .flags = UACCE_DEV_IOMMU, .name = "new",
		.api = "new", .max_queues = 1, .node = -1, .region_size = {4096, 4096, MB2, 0}};
	int fd = open("/dev/vuacce", O_RDWR), ret = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, VUACCE_CREATE, &c))
		ret = -errno;
	close(fd);
	return ret;
}

static void
check_clean(long hugepages, unsigned long n)
{
	CHECK_EQ(instances(&dev), 16);
	CHECK_EQ(instances(&other), 16);
	if (pinned_kib(0))
		FAIL("run %lu leaves %ld KiB pinned", n, status_kib("VmPin"));
	for (int i = 0; read_number(FREE_HUGEPAGES) != hugepages && i < 200; i++)
		usleep(10000);
	CHECK_EQ(read_number(FREE_HUGEPAGES), hugepages);
}

static void
sweep(const char *name, int (*run)(void))
{
	long hugepages, left;
	unsigned long n, failed = 0;
	int ret;

	CHECK_EQ(run(), 0);
	hugepages = read_number(FREE_HUGEPAGES);
	for (n = 1;; n++) {
		CHECK(n < 1000);
		ioctl(fail_fd, 0, n);
		ret = run();
		left = ioctl(fail_fd, 0, 0);
		if (left) {
			CHECK_EQ(ret, 0);
			break;
		}
		if (ret && ret != -ENOMEM)
			FAIL("%s, run %lu: %s", name, n, strerror(-ret));
		failed += ret != 0;
		check_clean(hugepages, n);
	}
	CHECK_EQ(run(), 0);
	check_clean(hugepages, n);
	printf("ok %s: %lu runs, %lu of them failed\n", name, n, failed);
	fflush(stdout);
	CHECK(failed > 5);
}

static void
let_pass(unsigned long seconds)
{
	CHECK_EQ(ioctl(fail_fd, 1, seconds), 0);
}

/* An error counts for an hour, to the second (the clock runs on, so not to the last one). */
static void
errors_age(void)
{
	struct echo_dev d;
	struct echo_client c;
	char path[128];
	int fd;

	echo_spawn(&d, &(struct echo_opts){.flags = UACCE_DEV_IOMMU, .name = "old"});
	CHECK_EQ(echo_open(&c, d.node), 0);
	snprintf(path, sizeof(path), "%s/isolate_strategy", d.sysfs);
	fd = open(path, O_WRONLY);
	CHECK_EQ(write(fd, "3", 1), 1);
	close(fd);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 0);
	let_pass(1800);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 0);
	/* The first one is forgotten, so these are two within an hour ... */
	let_pass(1801);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 0);
	/* ... and so are these, ... */
	let_pass(1801);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 0);
	/* ... while these are three. */
	let_pass(1700);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 1);
	/* Which stays so. */
	let_pass(10000);
	snprintf(path, sizeof(path), "%s/isolate", d.sysfs);
	CHECK_EQ(read_number(path), 1);
	echo_close(&c);
	echo_kill(&d);
	printf("ok errors_age\n");
}

int
main(void)
{
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);

	CHECK(write(fd, "8", 1) == 1);
	close(fd);
	fail_fd = open("/dev/uacce_fail", O_RDWR);
	CHECK(fail_fd >= 0);
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID});
	echo_spawn(&other, &(struct echo_opts){.flags = UACCE_DEV_IOMMU, .name = "other"});
	echo_spawn(&sva, &(struct echo_opts){.flags = UACCE_DEV_SVA, .name = "sva"});
	echo_spawn(&dko,
		&(struct echo_opts){.flags = UACCE_DEV_SHARE_DOMAIN, .name = "dko", .dko = true});
	echo_spawn(&phys, &(struct echo_opts){.flags = UACCE_DEV_NOIOMMU, .name = "phys"});
	sweep("open, map, share, adopt, start", sequence);
	sweep("the other models", other_models);
	sweep("create", creation);
	errors_age();
	echo_kill(&dev);
	echo_kill(&other);
	echo_kill(&sva);
	echo_kill(&dko);
	echo_kill(&phys);
	return 0;
}
