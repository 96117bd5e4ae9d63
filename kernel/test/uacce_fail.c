// SPDX-License-Identifier: GPL-2.0
/*
 * Test aid, not for production: stock kernels have no fault injection. ioctl(fd, 0, n) on
 * /dev/uacce_fail lets the n-th thing fail that the calling thread asks of the kernel through uacce
 * or vuacce from now on (0 = none); it returns how far the last count was from its end: 0 = it
 * failed something.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>

bool uacce_should_fail(void);

static struct task_struct *victim;
static unsigned long countdown;

bool uacce_should_fail(void)
{
	if (READ_ONCE(victim) != current || !countdown)
		return false;
	return !--countdown;
}
EXPORT_SYMBOL_GPL(uacce_should_fail);

static long fail_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long left = countdown;

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
MODULE_DESCRIPTION("Test aid: failures on request");
MODULE_LICENSE("GPL");
