// SPDX-License-Identifier: GPL-2.0
/*
 * A queue per open: its life, mmap, poll, and who may use it.
 *
 * uacce->lock is held for reading around every call into the driver that is not made under a live
 * queue's lock, and for writing by removal; after removal uacce->ops is NULL.
 */
#include <linux/capability.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "internal.h"

static DEFINE_IDA(queue_ida);

bool uacce_queue_alive(const struct uacce_queue *q)
{
	return q->state != UACCE_Q_ZOMBIE && !READ_ONCE(q->failed);
}

/* The fork rule: others may hold the descriptor, but only the opener's address space counts. */
bool uacce_queue_is_owner(const struct uacce_queue *q)
{
	return q->mm == current->mm;
}

/**
 * uacce_wake_up - tell who polls a queue that it has news
 * @q: queue; any context
 */
void uacce_wake_up(struct uacce_queue *q)
{
	wake_up_poll(&q->wait, EPOLLIN | EPOLLRDNORM);
}
EXPORT_SYMBOL_GPL(uacce_wake_up);

/**
 * uacce_queue_fail - the driver gives a queue up
 * @q: queue; any context
 *
 * For its process the queue is dead from now on. The driver keeps it until put_queue().
 */
void uacce_queue_fail(struct uacce_queue *q)
{
	WRITE_ONCE(q->failed, true);
	wake_up_poll(&q->wait, EPOLLERR | EPOLLHUP);
}
EXPORT_SYMBOL_GPL(uacce_queue_fail);

/*
 * Device registers must not stay mapped when the device, or the process's right to it, is gone. A
 * VMA whose mmap() is under way is not found yet, but it holds mmap_lock until it is. And for
 * writing: munmap() empties a VMA with the lock held for reading, and remap_pfn_range()'s record of
 * the memory type must not be taken back by both.
 */
static void zap_registers(struct uacce_queue *q)
{
	unsigned int type, mapped = 0;

	for (type = 0; type < UACCE_QFRT_MAX; type++)
		if (!q->regions[type].mem && q->regions[type].vmas)
			mapped |= BIT(type);
	if (!mapped)
		return;
	mmap_write_lock(q->mm);
	for (type = 0; type < UACCE_QFRT_MAX; type++)
		if (mapped & BIT(type))
			uacce_queue_zap_region(q, type);
	mmap_write_unlock(q->mm);
}

/*
 * Take the queue away from hardware and process; the struct stays until the last file reference.
 * The caller holds uacce->lock. Mappings of device registers are replaced, those of memory stay.
 */
void uacce_queue_kill(struct uacce_queue *q)
{
	struct uacce_device *uacce = q->uacce;
	enum uacce_q_state old;

	mutex_lock(&q->lock);
	old = q->state;
	q->state = UACCE_Q_ZOMBIE;
	mutex_unlock(&q->lock);
	if (old == UACCE_Q_ZOMBIE)
		return;
	zap_registers(q);
	mutex_lock(&q->lock);
	if (old != UACCE_Q_INIT)
		uacce->ops->stop_queue(q);
	mutex_unlock(&q->lock);
	if (uacce->ops->close_queue)
		uacce->ops->close_queue(q);
	mutex_lock(&q->lock);
	uacce_detach_all(q);
	mutex_unlock(&q->lock);
	uacce->ops->put_queue(q);
	uacce_domain_put(q);
	wake_up_poll(&q->wait, EPOLLERR | EPOLLHUP);
}

/*
 * The opener's address space ends: exit, or exec. A child may still hold the descriptor and with
 * it the queue, so the hardware is taken away here and not at the last close.
 */
static void queue_mm_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct uacce_queue *q = container_of(mn, struct uacce_queue, notifier);

	down_read(&q->uacce->lock);
	uacce_queue_kill(q);
	up_read(&q->uacce->lock);
}

static const struct mmu_notifier_ops queue_notifier_ops = {
	.release = queue_mm_release,
};

static struct uacce_queue *queue_new(struct uacce_device *uacce, struct file *file)
{
	struct uacce_queue *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	int number;

	if (!q)
		return ERR_PTR(-ENOMEM);
	number = ida_alloc_max(&queue_ida, UACCE_MAX_QUEUES - 1, GFP_KERNEL_ACCOUNT);
	if (number < 0) {
		kfree(q);
		return ERR_PTR(number);
	}
	q->number = number;
	q->uacce = uacce;
	q->mm = current->mm;
	q->cred = get_cred(file->f_cred);
	q->mapping = file->f_mapping;
	q->state = UACCE_Q_ZOMBIE;
	q->notifier.ops = &queue_notifier_ops;
	mutex_init(&q->lock);
	mutex_init(&q->op_lock);
	init_waitqueue_head(&q->wait);
	INIT_LIST_HEAD(&q->attached);
	mmgrab(q->mm);
	get_device(&uacce->dev);
	return q;
}

static void queue_free(struct uacce_queue *q)
{
	unsigned int type;

	for (type = 0; type < UACCE_QFRT_MAX; type++) {
		uacce_mem_put(q->regions[type].mem);
		if (q->regions[type].spare)
			put_page(q->regions[type].spare);
	}
	ida_free(&queue_ida, q->number);
	put_cred(q->cred);
	mmdrop(q->mm);
	put_device(&q->uacce->dev);
	kfree(q);
}

/* Physical addresses in the hands of a process: only by those who could do worse, and on record. */
static int check_noiommu(struct uacce_device *uacce)
{
	if (!(uacce->flags & UACCE_DEV_NOIOMMU))
		return 0;
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (!uacce->tainted) {
		dev_warn(&uacce->dev, "opened without IOMMU: kernel memory is not protected\n");
		uacce->tainted = true;
	}
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	return 0;
}

/* Under uacce->lock. */
static int queue_enable(struct uacce_queue *q)
{
	struct uacce_device *uacce = q->uacce;
	int ret;

	if (!uacce->ops)
		return -ENXIO;
	ret = uacce_domain_get(q);
	if (ret)
		return ret;
	ret = uacce->ops->get_queue(uacce, q);
	if (ret) {
		mutex_lock(&q->lock);
		uacce_detach_all(q);
		mutex_unlock(&q->lock);
		uacce_domain_put(q);
		uacce_domains_unbind(uacce);
		return ret;
	}
	q->state = UACCE_Q_INIT;
	mutex_lock(&uacce->queues_lock);
	list_add_tail(&q->list, &uacce->queues);
	mutex_unlock(&uacce->queues_lock);
	return 0;
}

static struct uacce_device *inode_uacce(struct inode *inode)
{
	/* The cdevs hold a reference of the device while they are being opened. */
	if (iminor(inode) < UACCE_MAX_DEVICES)
		return container_of(inode->i_cdev, struct uacce_device, cdev);
	return container_of(inode->i_cdev, struct uacce_device, alias_cdev);
}

static int uacce_fops_open(struct inode *inode, struct file *file)
{
	struct uacce_device *uacce = inode_uacce(inode);
	struct uacce_queue *q;
	int ret;

	if (!current->mm)
		return -EINVAL;
	ret = check_noiommu(uacce);
	if (ret)
		return ret;
	q = queue_new(uacce, file);
	if (IS_ERR(q))
		return PTR_ERR(q);
	ret = mmu_notifier_register(&q->notifier, q->mm);
	if (ret)
		goto err_free;
	down_read(&uacce->lock);
	ret = queue_enable(q);
	up_read(&uacce->lock);
	if (ret)
		goto err_notifier;
	file->private_data = q;
	return nonseekable_open(inode, file);

err_notifier:
	mmu_notifier_unregister(&q->notifier, q->mm);
err_free:
	queue_free(q);
	return ret;
}

static int uacce_fops_release(struct inode *inode, struct file *file)
{
	struct uacce_queue *q = file->private_data;
	struct uacce_device *uacce = q->uacce;

	/* Kills the queue, if nothing did before; and waits for whoever is doing it. */
	mmu_notifier_unregister(&q->notifier, q->mm);
	down_read(&uacce->lock);
	uacce_domains_unbind(uacce);
	mutex_lock(&uacce->queues_lock);
	list_del(&q->list);
	mutex_unlock(&uacce->queues_lock);
	up_read(&uacce->lock);
	queue_free(q);
	return 0;
}

static int pgoff_region(unsigned long pgoff)
{
	unsigned int type;

	if (pgoff < UACCE_QFRT_MAX)
		return pgoff;
	for (type = 0; type < UACCE_QFRT_MAX; type++)
		if (pgoff == uacce_region_offset(type) >> PAGE_SHIFT)
			return type;
	return -EINVAL;
}

static int uacce_fops_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct uacce_queue *q = file->private_data;
	int type = pgoff_region(vma->vm_pgoff);

	if (!uacce_queue_is_owner(q))
		return -EPERM;
	if (!uacce_queue_alive(q))
		return -ENXIO;
	if (type < 0)
		return type;
	return uacce_queue_mmap(q, vma, type);
}

/* An SS region gets huge entries only at an address that is aligned to them. */
static unsigned long uacce_fops_area(struct file *file, unsigned long addr, unsigned long len,
				     unsigned long pgoff, unsigned long flags)
{
	return thp_get_unmapped_area(file, addr, len, 0, flags);
}

static __poll_t uacce_fops_poll(struct file *file, poll_table *wait)
{
	struct uacce_queue *q = file->private_data;
	__poll_t ret = 0;

	if (!uacce_queue_is_owner(q))
		return EPOLLERR;
	poll_wait(file, &q->wait, wait);
	mutex_lock(&q->lock);
	if (!uacce_queue_alive(q))
		ret = EPOLLERR | EPOLLHUP;
	else if (q->state == UACCE_Q_STARTED && q->uacce->ops->is_q_updated &&
		 q->uacce->ops->is_q_updated(q))
		ret = EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&q->lock);
	return ret;
}

const struct file_operations uacce_fops = {
	.owner = THIS_MODULE,
	.open = uacce_fops_open,
	.release = uacce_fops_release,
	.unlocked_ioctl = uacce_queue_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = uacce_fops_mmap,
	.get_unmapped_area = uacce_fops_area,
	.poll = uacce_fops_poll,
};
