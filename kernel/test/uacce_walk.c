// SPDX-License-Identifier: GPL-2.0
/*
 * Test aid, not for production: at which level of the caller's page table is an address mapped?
 * ioctl(fd, 0, address) on /dev/uacce_walk: 0 not mapped, 1 small page, 2 huge entry (2 MiB), 3
 * larger. /proc does not tell it for device memory.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>

static long walk(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	if (pgd_none(*pgd))
		return 0;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return 0;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud))
		return 0;
	if (pud_leaf(*pud))
		return 3;
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd))
		return 0;
	if (pmd_leaf(*pmd))
		return 2;
	/* No highmem on 64 bit, so the table is simply there. */
	return !pte_none(*pte_offset_kernel(pmd, addr));
}

static long walk_ioctl(struct file *file, unsigned int cmd, unsigned long addr)
{
	long ret;

	if (cmd)
		return -ENOTTY;
	mmap_read_lock(current->mm);
	ret = walk(current->mm, addr);
	mmap_read_unlock(current->mm);
	return ret;
}

static const struct file_operations walk_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = walk_ioctl,
};

static struct miscdevice walk_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "uacce_walk",
	.fops = &walk_fops,
};

module_misc_device(walk_misc);
MODULE_DESCRIPTION("Test aid: level of a mapping in the page table");
MODULE_LICENSE("GPL");
