// SPDX-License-Identifier: GPL-2.0
/* The server's side: /dev/vuacce. */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include "internal.h"

#define MAX_REGION	(16UL << 20)
#define MAX_QUEUES	65536

/* ---- creation ---- */

static bool valid_string(const char *s, size_t len)
{
	return s[0] && strnlen(s, len) < len;
}

static bool valid_name(const char *s)
{
	if (!valid_string(s, VUACCE_NAME_LEN))
		return false;
	for (; *s; s++)
		if (!isalnum(*s) && *s != '_' && *s != '-')
			return false;
	return true;
}

static bool valid_flags(u32 flags)
{
	switch (flags & ~UACCE_DEV_DB_SLOTS) {
	case UACCE_DEV_SVA:
	case UACCE_DEV_SVA | UACCE_DEV_PASID:
	case UACCE_DEV_SVA | UACCE_DEV_PASID | UACCE_DEV_FAULT_FROM_DEV:
	case UACCE_DEV_IOMMU:
	case UACCE_DEV_IOMMU | UACCE_DEV_PASID:
	case UACCE_DEV_SHARE_DOMAIN:
	case UACCE_DEV_SHARE_DOMAIN | UACCE_DEV_IOMMU:
	case UACCE_DEV_NOIOMMU:
		return true;
	}
	return false;
}

static bool valid_word(const struct vuacce_config *c, const struct vuacce_last_word *word)
{
	return (word->region == UACCE_QFRT_MMIO || word->region == UACCE_QFRT_DUS) &&
	       !word->reserved && IS_ALIGNED(word->offset, 4) &&
	       word->offset < c->region_size[word->region];
}

static int check_config(const struct vuacce_config *c)
{
	unsigned int i;

	if (c->size != sizeof(*c) || !valid_flags(c->flags) || !valid_name(c->name) ||
	    !valid_string(c->api, VUACCE_API_LEN) ||
	    strnlen(c->algorithms, VUACCE_ALGS_LEN) == VUACCE_ALGS_LEN || c->reserved)
		return -EINVAL;
	for (i = 0; i < UACCE_QFRT_MAX; i++)
		if (!PAGE_ALIGNED(c->region_size[i]) ||
		    c->region_size[i] > (i == UACCE_QFRT_SS ? 1UL << VUACCE_MEM_SHIFT : MAX_REGION))
			return -EINVAL;
	if (c->flags & UACCE_DEV_SVA &&
	    (c->region_size[UACCE_QFRT_SS] || c->region_size[UACCE_QFRT_DKO]))
		return -EINVAL;
	if (!c->max_queues || c->max_queues > MAX_QUEUES || c->nlast > VUACCE_LAST_WORDS)
		return -EINVAL;
	if (c->node != NUMA_NO_NODE &&
	    (c->node < 0 || c->node >= MAX_NUMNODES || !node_online(c->node)))
		return -EINVAL;
	for (i = 0; i < c->nlast; i++)
		if (!valid_word(c, &c->last_words[i]))
			return -EINVAL;
	if (c->flags & UACCE_DEV_NOIOMMU && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return 0;
}

/* Clients look for device/numa_node, which a platform device shows if it has a node. */
static struct platform_device *add_parent(int node)
{
	struct platform_device *pdev = platform_device_alloc("vuacce", PLATFORM_DEVID_AUTO);
	int ret;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	set_dev_node(&pdev->dev, node == NUMA_NO_NODE ? first_online_node : node);
	ret = platform_device_add(pdev);
	if (ret) {
		platform_device_put(pdev);
		return ERR_PTR(ret);
	}
	return pdev;
}

static int create_device(struct vuacce *vu)
{
	struct uacce_interface interface = {
		.name = vu->config.name,
		.flags = vu->config.flags,
		.ops = &vuacce_ops,
	};
	struct uacce_device *uacce;
	int ret, i;

	vu->pdev = add_parent(vu->config.node);
	if (IS_ERR(vu->pdev))
		return PTR_ERR(vu->pdev);
	uacce = uacce_alloc(&vu->pdev->dev, &interface);
	if (IS_ERR(uacce)) {
		ret = PTR_ERR(uacce);
		goto err_parent;
	}
	uacce->api = vu->config.api;
	uacce->algorithms = vu->config.algorithms;
	uacce->priv = vu;
	for (i = 0; i < UACCE_QFRT_MAX; i++)
		uacce->region_size[i] = vu->config.region_size[i];
	vu->config.id = uacce->id;
	vu->config.abi = VUACCE_ABI;
	vu->pid_ns = get_pid_ns(task_active_pid_ns(current));
	vu->user_ns = get_user_ns(current_user_ns());
	/* From here on clients call, and find the device through their queue. */
	ret = uacce_register(uacce);
	if (!ret) {
		/* Pairs with vuacce_ioctl(). */
		smp_store_release(&vu->uacce, uacce);
		return 0;
	}
	put_pid_ns(vu->pid_ns);
	put_user_ns(vu->user_ns);
	uacce_discard(uacce);
err_parent:
	platform_device_unregister(vu->pdev);
	return ret;
}

static long ioctl_create(struct vuacce *vu, struct vuacce_config __user *arg)
{
	long ret;

	mutex_lock(&vu->create_lock);
	if (vu->uacce) {
		ret = -EBUSY;
		goto out;
	}
	if (copy_from_user(&vu->config, arg, sizeof(vu->config))) {
		ret = -EFAULT;
		goto out;
	}
	ret = check_config(&vu->config);
	if (!ret)
		ret = create_device(vu);
	if (!ret && copy_to_user(arg, &vu->config, sizeof(vu->config)))
		ret = -EFAULT;
out:
	mutex_unlock(&vu->create_lock);
	return ret;
}

static int vuacce_open(struct inode *inode, struct file *file)
{
	struct vuacce *vu = kzalloc(sizeof(*vu), GFP_KERNEL_ACCOUNT);

	if (!vu)
		return -ENOMEM;
	mutex_init(&vu->create_lock);
	mutex_init(&vu->ids_lock);
	mutex_init(&vu->isolate_lock);
	spin_lock_init(&vu->ev_lock);
	INIT_LIST_HEAD(&vu->events);
	INIT_LIST_HEAD(&vu->calls);
	INIT_LIST_HEAD(&vu->errors);
	init_waitqueue_head(&vu->wait);
	xa_init_flags(&vu->queues, XA_FLAGS_ALLOC1);
	xa_init_flags(&vu->mems, XA_FLAGS_ALLOC1);
	vu->next_mem = 1;
	file->private_data = vu;
	return nonseekable_open(inode, file);
}

static void free_vuacce(struct vuacce *vu)
{
	struct list_head *pos, *next;

	/* The list is the first member of its entries. */
	list_for_each_safe(pos, next, &vu->errors)
		kfree(pos);
	xa_destroy(&vu->queues);
	xa_destroy(&vu->mems);
	kfree(vu);
}

/* The server is gone, however it went. Clients first learn it from memory, then from calls. */
static int vuacce_release(struct inode *inode, struct file *file)
{
	struct vuacce *vu = file->private_data;
	struct vuacce_queue *vq;
	unsigned long id;

	vuacce_hang_up(vu);
	if (vu->uacce) {
		mutex_lock(&vu->ids_lock);
		xa_for_each(&vu->queues, id, vq)
			vuacce_last_words(vq);
		mutex_unlock(&vu->ids_lock);
		uacce_unregister(vu->uacce);
		platform_device_unregister(vu->pdev);
		put_pid_ns(vu->pid_ns);
		put_user_ns(vu->user_ns);
	}
	free_vuacce(vu);
	return 0;
}

/* ---- service ---- */

static ssize_t vuacce_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	return vuacce_read_events(file->private_data, buf, len, file->f_flags & O_NONBLOCK);
}

static ssize_t vuacce_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	return vuacce_write_replies(file->private_data, buf, len);
}

static __poll_t vuacce_poll(struct file *file, poll_table *wait)
{
	struct vuacce *vu = file->private_data;
	__poll_t ret = 0;

	poll_wait(file, &vu->wait, wait);
	if (vuacce_has_events(vu))
		ret |= EPOLLIN | EPOLLRDNORM;
	if (atomic_read(&vu->kicks))
		ret |= EPOLLPRI;
	return ret;
}

static int vuacce_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vuacce *vu = file->private_data;
	struct vuacce_mem *vm;
	int ret = -ENXIO;

	mutex_lock(&vu->ids_lock);
	vm = xa_load(&vu->mems, vma->vm_pgoff / VUACCE_MEM_PAGES);
	if (vm)
		ret = uacce_mem_mmap(vm->mem, vma);
	mutex_unlock(&vu->ids_lock);
	return ret;
}

static unsigned long vuacce_area(struct file *file, unsigned long addr, unsigned long len,
				 unsigned long pgoff, unsigned long flags)
{
	return thp_get_unmapped_area(file, addr, len, 0, flags);
}

static long ioctl_queue(struct vuacce *vu, unsigned int cmd, unsigned long id)
{
	struct vuacce_queue *vq;
	long ret = 0;

	mutex_lock(&vu->ids_lock);
	vq = vuacce_find_queue(vu, id);
	if (!vq) {
		ret = -ESRCH;
	} else if (cmd == VUACCE_WAKE) {
		atomic_set(&vq->updated, 1);
		uacce_wake_up(vq->q);
	} else if (cmd == VUACCE_ARM) {
		atomic_set(&vq->armed, 1);
		uacce_queue_zap_region(vq->q, UACCE_QFRT_MMIO);
	} else {
		vuacce_last_words(vq);
		uacce_queue_fail(vq->q);
	}
	mutex_unlock(&vu->ids_lock);
	return ret;
}

static long ioctl_copy(struct vuacce *vu, struct vuacce_copy __user *arg)
{
	struct vuacce_copy copy;
	int ret;

	if (copy_from_user(&copy, arg, sizeof(copy)))
		return -EFAULT;
	ret = vuacce_copy(vu, &copy);
	return put_user(copy.done, &arg->done) ? -EFAULT : ret;
}

static long ioctl_slices(struct vuacce *vu, struct vuacce_mem_slices __user *arg)
{
	struct uacce_mem *mem = NULL;
	struct vuacce_mem_slices s;
	struct uacce_slice slice;
	struct vuacce_mem *vm;
	unsigned int room;

	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	mutex_lock(&vu->ids_lock);
	vm = xa_load(&vu->mems, s.mem);
	if (vm)
		mem = uacce_mem_get(vm->mem);
	mutex_unlock(&vu->ids_lock);
	if (!mem)
		return -ENOENT;
	room = s.count;
	s.total = uacce_mem_slice(vu->uacce, mem, SIZE_MAX, UINT_MAX, &slice);
	for (s.count = 0; s.count < room && s.first + s.count < s.total; s.count++) {
		uacce_mem_slice(vu->uacce, mem, SIZE_MAX, s.first + s.count, &slice);
		if (copy_to_user((struct uacce_slice __user *)u64_to_user_ptr(s.slices) + s.count,
				 &slice, sizeof(slice)) || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	uacce_mem_put(mem);
	if (s.count < min(room, s.total - min(s.first, s.total)))
		return -EFAULT;
	return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : 0;
}

static long vuacce_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vuacce *vu = file->private_data;

	if (cmd == VUACCE_CREATE)
		return ioctl_create(vu, (void __user *)arg);
	/* Pairs with create_device(). */
	if (!smp_load_acquire(&vu->uacce))
		return -ENODEV;
	switch (cmd) {
	case VUACCE_WAKE:
	case VUACCE_ARM:
	case VUACCE_FAIL_QUEUE:
		return ioctl_queue(vu, cmd, arg);
	case VUACCE_TAKE_KICKS:
		return atomic_xchg(&vu->kicks, 0) & INT_MAX;
	case VUACCE_COPY:
		return ioctl_copy(vu, (void __user *)arg);
	case VUACCE_MEM_SLICES:
		return ioctl_slices(vu, (void __user *)arg);
	case VUACCE_ERROR:
		return vuacce_error(vu);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations vuacce_fops = {
	.owner = THIS_MODULE,
	.open = vuacce_open,
	.release = vuacce_release,
	.read = vuacce_read,
	.write = vuacce_write,
	.poll = vuacce_poll,
	.mmap = vuacce_mmap,
	.get_unmapped_area = vuacce_area,
	.unlocked_ioctl = vuacce_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice vuacce_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vuacce",
	.mode = 0600,
	.fops = &vuacce_fops,
};

module_misc_device(vuacce_misc);
MODULE_DESCRIPTION("Accelerators served by processes");
MODULE_LICENSE("GPL");
