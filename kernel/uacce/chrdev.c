// SPDX-License-Identifier: GPL-2.0
/*
 * A queue per open: its life, its ioctls, poll, and who may use it.
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
#include <linux/uaccess.h>
#include "internal.h"

static DEFINE_IDA(queue_ida);

bool uacce_queue_alive(const struct uacce_queue *q)
{
	return q->state != UACCE_Q_ZOMBIE && !READ_ONCE(q->failed);
}

/* The fork rule: others may hold the descriptor, but only the opener's address space counts. */
static bool is_owner(const struct uacce_queue *q)
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

/* ---- ioctl: under uacce->lock (read) and q->op_lock ---- */

static int check_startable(struct uacce_queue *q)
{
	bool need_dko = uacce_memory_model(q->uacce->flags) == UACCE_MEMORY_SHARE_DOMAIN &&
			q->uacce->region_size[UACCE_QFRT_DKO];

	if (!uacce_queue_alive(q))
		return -ENXIO;
	if (q->state != UACCE_Q_INIT || (need_dko && !q->regions[UACCE_QFRT_DKO].mem))
		return -EINVAL;
	return 0;
}

/*
 * The driver may wait in start_queue(), so q->lock is not held there: the process could not even
 * fault meanwhile. Unmapping SS ends the start.
 */
static int queue_start(struct uacce_queue *q)
{
	int ret;

	mutex_lock(&q->lock);
	ret = check_startable(q);
	if (!ret)
		q->state = UACCE_Q_STARTING;
	mutex_unlock(&q->lock);
	if (ret)
		return ret;
	ret = q->uacce->ops->start_queue(q);
	mutex_lock(&q->lock);
	if (q->state == UACCE_Q_STARTING) {
		q->state = ret ? UACCE_Q_INIT : UACCE_Q_STARTED;
	} else if (!ret) {
		if (q->state == UACCE_Q_INIT)
			q->uacce->ops->stop_queue(q);
		ret = -ECANCELED;
	}
	mutex_unlock(&q->lock);
	return ret;
}

/* Whatever quiesce_queue() says, the queue is stopped in the end. */
static int queue_stop(struct uacce_queue *q)
{
	const struct uacce_ops *ops = q->uacce->ops;
	int ret = 0;

	mutex_lock(&q->lock);
	if (!uacce_queue_alive(q)) {
		ret = -ENXIO;
		goto out;
	}
	if (q->state != UACCE_Q_STARTED)
		goto out;
	q->state = UACCE_Q_STOPPING;
	if (ops->quiesce_queue) {
		mutex_unlock(&q->lock);
		ret = ops->quiesce_queue(q);
		mutex_lock(&q->lock);
	}
	if (q->state == UACCE_Q_STOPPING) {
		if (ret || !ops->quiesce_queue)
			ops->stop_queue(q);
		q->state = UACCE_Q_INIT;
	}
out:
	mutex_unlock(&q->lock);
	return ret;
}

static int ioctl_info(struct uacce_queue *q, void __user *arg)
{
	struct uacce_device *uacce = q->uacce;
	struct uacce_info info = {
		.abi = UACCE_ABI,
		.flags = uacce->flags,
		.memory = uacce_memory_model(uacce->flags),
		.node = dev_to_node(&uacce->dev),
		.ss_page = PMD_SIZE,
	};
	unsigned int type;
	u32 size;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < sizeof(info))
		return -EINVAL;
	info.size = sizeof(info);
	info.state = READ_ONCE(q->state) == UACCE_Q_INIT ? UACCE_STATE_INIT : UACCE_STATE_STARTED;
	for (type = 0; type < UACCE_QFRT_MAX; type++) {
		info.region_size[type] = uacce->region_size[type];
		info.region_offset[type] = uacce_region_offset(type);
	}
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int ioctl_adopt(struct uacce_queue *q, void __user *arg)
{
	struct uacce_adopt adopt, undo;
	int ret;

	if (copy_from_user(&adopt, arg, sizeof(adopt)))
		return -EFAULT;
	undo = adopt;
	ret = uacce_adopt(q, &adopt);
	if (!ret && copy_to_user(arg, &adopt, sizeof(adopt))) {
		uacce_unadopt(q, &undo);
		ret = -EFAULT;
	}
	return ret;
}

static int ioctl_unadopt(struct uacce_queue *q, void __user *arg)
{
	struct uacce_adopt adopt;

	if (copy_from_user(&adopt, arg, sizeof(adopt)))
		return -EFAULT;
	return uacce_unadopt(q, &adopt);
}

static long ioctl_ss_dma(struct uacce_queue *q, void __user *arg)
{
	unsigned long value;
	u64 wide;
	long ret;

	if (copy_from_user(&value, arg, sizeof(value)))
		return -EFAULT;
	wide = value;
	ret = uacce_get_ss_dma(q, &wide);
	value = wide;
	if (ret >= 0 && copy_to_user(arg, &value, sizeof(value)))
		ret = -EFAULT;
	return ret;
}

static int ioctl_slices(struct uacce_queue *q, void __user *arg)
{
	struct uacce_slices s;
	int ret;

	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	ret = uacce_get_slices(q, &s);
	if (!ret && copy_to_user(arg, &s, sizeof(s)))
		ret = -EFAULT;
	return ret;
}

static long queue_ioctl(struct uacce_queue *q, unsigned int cmd, unsigned long arg)
{
	const struct uacce_ops *ops = q->uacce->ops;
	void __user *user = (void __user *)arg;

	if (!uacce_queue_alive(q))
		return -ENXIO;
	switch (cmd) {
	case UACCE_CMD_START_Q:
		return queue_start(q);
	case UACCE_CMD_PUT_Q:
		return queue_stop(q);
	case UACCE_CMD_SHARE_SVAS:
		return uacce_ss_share(q, arg);
	case UACCE_CMD_GET_SS_DMA:
		return ioctl_ss_dma(q, user);
	case UACCE_CMD_INFO:
		return ioctl_info(q, user);
	case UACCE_CMD_ADOPT:
		return ioctl_adopt(q, user);
	case UACCE_CMD_UNADOPT:
		return ioctl_unadopt(q, user);
	case UACCE_CMD_GET_SLICES:
		return ioctl_slices(q, user);
	case UACCE_CMD_KICK:
		return ops->kick ? ops->kick(q) : -EOPNOTSUPP;
	default:
		return ops->ioctl ? ops->ioctl(q, cmd, arg) : -EINVAL;
	}
}

static long uacce_fops_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct uacce_queue *q = file->private_data;
	long ret;

	if (!is_owner(q))
		return -EPERM;
	if (down_read_killable(&q->uacce->lock))
		return -EINTR;
	ret = mutex_lock_killable(&q->op_lock);
	if (!ret) {
		ret = queue_ioctl(q, cmd, arg);
		mutex_unlock(&q->op_lock);
	}
	up_read(&q->uacce->lock);
	return ret;
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

	if (!is_owner(q))
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

	if (!is_owner(q))
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
	.unlocked_ioctl = uacce_fops_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = uacce_fops_mmap,
	.get_unmapped_area = uacce_fops_area,
	.poll = uacce_fops_poll,
};
