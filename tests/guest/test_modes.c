// SPDX-License-Identifier: BSD-3-Clause
/* Each memory model does work; and how many processes each takes. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)
#define LEN	100000

static void
fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* Any memory of the process, also at odd addresses and across pages. */
static void
sva(void)
{
	struct echo_dev dev;
	struct echo_client c;
	uint8_t *src = malloc(LEN + 5), *dst = malloc(LEN + 5);

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	fill(src, LEN + 5);
	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(echo_start(&c), 0);
	for (int i = 0; i < 200; i++)
		CHECK_EQ(echo_run(&c, src + 3, (uintptr_t)src + 3, dst + 5, (uintptr_t)dst + 5,
				 (uint32_t)(LEN - i)), 0);
	/* An address that is nobody's is an error of the request, not of the queue. */
	CHECK_EQ(echo_run(&c, src, 4096, dst, (uintptr_t)dst, 16), -EFAULT);
	uint8_t *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ(echo_run(&c, src, (uintptr_t)src, ro, (uintptr_t)ro, 16), -EFAULT);
	CHECK_EQ(echo_run(&c, src, (uintptr_t)src, dst, (uintptr_t)dst, 16), 0);
	/* No SS on such a device, and nothing to adopt. */
	struct uacce_adopt a = {.addr = MB2, .len = MB2};
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_ADOPT, &a), EOPNOTSUPP);
	CHECK(echo_map(c.fd, UACCE_QFRT_SS, MB2) == MAP_FAILED && errno == EINVAL);
	echo_close(&c);
	echo_kill(&dev);
	free(src);
	free(dst);
}

/* Device address = virtual address, in SS only. */
static void
run_ss(uint32_t flags, bool dko)
{
	struct echo_dev dev;
	struct echo_client c;

	echo_spawn(&dev, &(struct echo_opts){.flags = flags, .dko = dko});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, 4 * MB2);
	CHECK(ss != MAP_FAILED);
	if (dko) {
		CHECK_EQ(echo_start(&c), -EINVAL);
		CHECK(echo_map(c.fd, UACCE_QFRT_DKO, ECHO_DKO_SIZE) != MAP_FAILED);
	}
	CHECK_EQ(echo_start(&c), 0);
	fill(ss, LEN);
	uint8_t *dst = ss + 2 * MB2 + 77;
	CHECK_EQ(echo_run(&c, ss, (uintptr_t)ss, dst, (uintptr_t)dst, LEN), 0);
	/* Memory that is not shared is out of reach. */
	uint8_t other[16];
	CHECK_EQ(echo_run(&c, ss, (uintptr_t)other, dst, (uintptr_t)dst, 16), -EFAULT);
	echo_close(&c);
	munmap(ss, 4 * MB2);
	echo_kill(&dev);
}

static void
iommu(void)
{
	run_ss(UACCE_DEV_IOMMU, false);
}

static void
iommu_pasid(void)
{
	run_ss(UACCE_DEV_IOMMU | UACCE_DEV_PASID, false);
}

static void
shared_domain(void)
{
	run_ss(UACCE_DEV_SHARE_DOMAIN, true);
}

/* Physical addresses, told slice by slice. */
static void
noiommu(void)
{
	struct echo_dev dev;
	struct echo_client c;
	unsigned long dma = 0;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_NOIOMMU});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(echo_start(&c), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SS_DMA, &dma), 0);
	CHECK_EQ((dma & 0xfff) << 16, MB2);
	dma &= ~0xfffUL;
	CHECK_EQ(dma % MB2, 0);
	fill(ss, LEN);
	CHECK_EQ(echo_run(&c, ss, dma, ss + MB2 / 2, dma + MB2 / 2, LEN), 0);
	CHECK_EQ(echo_run(&c, ss, (uintptr_t)ss, ss + MB2 / 2, dma + MB2 / 2, 16), -EFAULT);
	echo_close(&c);
	munmap(ss, MB2);
	echo_kill(&dev);
}

/* What open() in another process says while this one has a queue. */
static int
open_elsewhere(const char *node)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd = open(node, O_RDWR);
		_exit(fd < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void
one_process_at_a_time(void)
{
	static const struct {
		uint32_t flags;
		int other;
	} modes[] = {
		{UACCE_DEV_SVA, 0},
		{UACCE_DEV_IOMMU, EBUSY},
		{UACCE_DEV_IOMMU | UACCE_DEV_PASID, 0},
		{UACCE_DEV_SHARE_DOMAIN, EBUSY},
		{UACCE_DEV_NOIOMMU, 0},
	};

	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct echo_client a, b;
		struct echo_dev dev;

		echo_spawn(&dev, &(struct echo_opts){.flags = modes[i].flags});
		CHECK_EQ(echo_open(&a, dev.node), 0);
		CHECK_EQ(echo_open(&b, dev.node), 0);
		CHECK_EQ(open_elsewhere(dev.node), modes[i].other);
		echo_close(&a);
		CHECK_EQ(open_elsewhere(dev.node), modes[i].other);
		echo_close(&b);
		CHECK_EQ(open_elsewhere(dev.node), 0);
		echo_kill(&dev);
	}
}

/* Two processes at a device with PASID: the same addresses, different memory. */
static void
address_spaces_are_apart(void)
{
	struct echo_dev dev;
	struct echo_client c;
	int status, go[2];

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID});
	CHECK(!pipe(go));
	void *at = (void *)0x200000000000;
	pid_t pid = fork();
	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = mmap(at, MB2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, c.fd,
		UACCE_QFRT_SS * getpagesize());
	CHECK(ss == at);
	memset(ss, pid ? 0x11 : 0x22, MB2);
	CHECK_EQ(echo_start(&c), 0);
	for (int i = 0; i < 50; i++)
		CHECK_EQ(echo_run(&c, ss, (uintptr_t)ss, ss + MB2 / 2, (uintptr_t)ss + MB2 / 2,
				 5000),
			0);
	CHECK_EQ(ss[MB2 - 1], pid ? 0x11 : 0x22);
	echo_close(&c);
	if (!pid)
		_exit(0);
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	munmap(ss, MB2);
	echo_kill(&dev);
}

int
main(void)
{
	CASE(sva);
	CASE(iommu);
	CASE(iommu_pasid);
	CASE(shared_domain);
	CASE(noiommu);
	CASE(one_process_at_a_time);
	CASE(address_spaces_are_apart);
	return 0;
}
