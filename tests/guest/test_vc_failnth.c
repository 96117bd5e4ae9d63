// SPDX-License-Identifier: BSD-3-Clause
/*
 * Binding a virtio-crypto function, and using it, over and over; in the n-th run the n-th thing
 * fails that the modules ask of the kernel. See test_failnth.c.
 */
#include <fcntl.h>
#include <glob.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"
#include "vc_ring.h"

#define DRIVER	"/sys/bus/pci/drivers/uacce_virtio_crypto/"

static int fail_fd;
static char function[32];

static int
use(void)
{
	const uint8_t iv[16] = {0}, key[16] = {1};
	uint8_t out[64];
	struct vc c;
	uint64_t id;
	int ret;

	ret = vc_open(&c);
	if (ret)
		return ret;
	ret = vc_session(&c, VC_ENCRYPT, key, 16, &id);
	if (!ret)
		ret = vc_start(&c);
	if (!ret) {
		memset(c.ss, 5, 64);
		vc_expect(VC_ENCRYPT, key, 16, iv, c.ss, out, 64);
		ret = vc_crypt(&c, id, VC_ENCRYPT, iv, 0, 4096, 64);
		CHECK(ret || !memcmp(out, c.ss + 4096, 64));
	}
	vc_close(&c);
	return ret;
}

static int
driver(const char *file)
{
	int fd = open(file, O_WRONLY), ret = 0;

	CHECK(fd >= 0);
	if (write(fd, function, strlen(function)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int
bind_function(void)
{
	int ret = driver(DRIVER "bind");

	if (!ret)
		CHECK_EQ(driver(DRIVER "unbind"), 0);
	/* sysfs says so of every probe that fails for want of memory */
	return ret == -ENODEV ? -ENOMEM : ret;
}

static void
check_clean(unsigned long n)
{
	if (pinned_kib(0))
		FAIL("run %lu leaves %ld KiB pinned", n, status_kib("VmPin"));
	if (vc_node()[0])
		CHECK_EQ(read_number(vc_attr("available_instances")), 1);
}

static void
sweep(const char *name, int (*run)(void))
{
	unsigned long n, failed = 0;
	long left;
	int ret;

	CHECK_EQ(run(), 0);
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
		check_clean(n);
	}
	CHECK_EQ(run(), 0);
	check_clean(n);
	printf("ok %s: %lu runs, %lu of them failed\n", name, n, failed);
	fflush(stdout);
	CHECK(failed > 3);
}

int
main(void)
{
	glob_t g;

	fail_fd = open("/dev/uacce_fail", O_RDWR);
	CHECK(fail_fd >= 0);
	CHECK_EQ(vc_load("uacce_mode=1 ring_size=64"), 0);
	sweep("use", use);
	CHECK(!glob(DRIVER "0000:*", 0, NULL, &g));
	snprintf(function, sizeof(function), "%s", strrchr(g.gl_pathv[0], '/') + 1);
	CHECK_EQ(driver(DRIVER "unbind"), 0);
	sweep("bind", bind_function);
	CHECK_EQ(driver(DRIVER "bind"), 0);
	CHECK_EQ(use(), 0);
	vc_unload();
	return 0;
}
