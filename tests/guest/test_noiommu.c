// SPDX-License-Identifier: BSD-3-Clause
/* Physical addresses: only with the capability, and on record in the kernel's taint. */
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define TAINT_USER	(1 << 6)

static long
tainted(void)
{
	return read_number("/proc/sys/kernel/tainted") & TAINT_USER;
}

static void
drop_capability(int cap)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];

	CHECK(!syscall(SYS_capget, &h, d));
	d[cap / 32].effective &= ~(1u << (cap % 32));
	d[cap / 32].permitted &= ~(1u << (cap % 32));
	CHECK(!syscall(SYS_capset, &h, d));
}

static int
open_without(const char *node, int cap, uid_t uid)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (uid)
			CHECK(!setresuid(uid, uid, uid));
		else
			drop_capability(cap);
		_exit(open(node, O_RDWR) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

int
main(void)
{
	struct echo_dev dev, iommu;

	echo_spawn(&iommu, &(struct echo_opts){.flags = UACCE_DEV_IOMMU, .name = "iommu"});
	CHECK_EQ(open_without(iommu.node, CAP_SYS_RAWIO, 0), 0);
	/* a device alone harms nobody, nor does an attempt */
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_NOIOMMU});
	CHECK(!chmod(dev.node, 0666));
	CHECK_EQ(open_without(dev.node, 0, 1000), EPERM);
	CHECK_EQ(open_without(dev.node, CAP_SYS_RAWIO, 0), EPERM);
	CHECK_EQ(tainted(), 0);
	CHECK_EQ(open_without(dev.node, CAP_SYS_ADMIN, 0), 0);
	CHECK_EQ(tainted(), TAINT_USER);
	printf("ok capability_and_taint\n");

	/* creating one needs the same */
	pid_t pid = fork();
	if (!pid) {
		struct vuacce_config c = {.size = sizeof(c),
			.flags = UACCE_DEV_NOIOMMU,
			.name = "x",
			.api = "x",
			.max_queues = 1,
			.node = -1};
		int fd = open("/dev/vuacce", O_RDWR);
		drop_capability(CAP_SYS_RAWIO);
		CHECK_ERRNO(ioctl(fd, VUACCE_CREATE, &c), EPERM);
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	printf("ok create_needs_capability\n");
	echo_kill(&dev);
	echo_kill(&iommu);
	return 0;
}
