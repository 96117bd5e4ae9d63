// SPDX-License-Identifier: GPL-2.0
/*
 * Test aid, not for production: stock kernels have no fault injection. ioctl(fd, 0, n) on
 * /dev/uacce_fail lets the n-th thing fail that the calling thread asks of the kernel through uacce
 * or vuacce from now on (0 = none); it returns how far the last count was from its end: 0 = it
 * failed something. ioctl(fd, 1, n) lets n seconds pass for them.
 */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include "uacce_fail.h"

/* Here it is the kernel's. */
#undef ktime_get_seconds

static struct task_struct *victim;
static unsigned long countdown;
static atomic64_t later;

bool uacce_should_fail(void)
{
	if (READ_ONCE(victim) != current || !countdown)
		return false;
	return !--countdown;
}
EXPORT_SYMBOL_GPL(uacce_should_fail);

time64_t uacce_seconds(void)
{
	return ktime_get_seconds() + atomic64_read(&later);
}
EXPORT_SYMBOL_GPL(uacce_seconds);

static long fail_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long left = countdown;

	if (cmd == 1) {
		atomic64_add(arg, &later);
		return 0;
	}
	if (cmd)
		return -ENOTTY;
	WRITE_ONCE(victim, NULL);
	countdown = arg;
	if (arg)
		WRITE_ONCE(victim, current);
	return left;
}

static const struct file_operations fail_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = fail_ioctl,
};

static struct miscdevice fail_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "uacce_fail",
	.fops = &fail_fops,
};

module_misc_device(fail_misc);
MODULE_DESCRIPTION("Test aid: failures on request, time on request");
MODULE_LICENSE("GPL");
