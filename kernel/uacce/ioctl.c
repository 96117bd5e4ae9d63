// SPDX-License-Identifier: GPL-2.0
/*
 * The calls of a queue. What lies in the caller's memory is copied without any lock of the device's
 * or the queue's: that memory may be one that another process supplies (FUSE, userfaultfd), when it
 * likes, and neither the removal of the device nor other processes may wait for that.
 *
 * What may call the driver holds uacce->lock for reading and q->op_lock. It is made again for each
 * part of a call; what was so before is asked again.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "internal.h"

int uacce_call_enter(struct uacce_queue *q)
{
	int ret;

	if (down_read_killable(&q->uacce->lock))
		return -EINTR;
	ret = mutex_lock_killable(&q->op_lock);
	if (ret)
		up_read(&q->uacce->lock);
	return ret;
}

void uacce_call_leave(struct uacce_queue *q)
{
	mutex_unlock(&q->op_lock);
	up_read(&q->uacce->lock);
}

/* ---- start and stop: entered ---- */

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

/* ---- calls of uacce's own whose arguments are in memory ---- */

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
	if (!uacce_queue_alive(q))
		return -ENXIO;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int do_unadopt(struct uacce_queue *q, const struct uacce_adopt *adopt)
{
	int ret = uacce_call_enter(q);

	if (ret)
		return ret;
	ret = uacce_queue_alive(q) ? uacce_unadopt(q, adopt) : -ENXIO;
	uacce_call_leave(q);
	return ret;
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
		do_unadopt(q, &undo);
		ret = -EFAULT;
	}
	return ret;
}

static int ioctl_unadopt(struct uacce_queue *q, void __user *arg)
{
	struct uacce_adopt adopt;

	if (copy_from_user(&adopt, arg, sizeof(adopt)))
		return -EFAULT;
	return do_unadopt(q, &adopt);
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

/* ---- calls of the driver's, and those whose argument is a value ---- */

/**
 * uacce_call_in - memory of the caller's
 * @call: of uacce_ops.ioctl
 * @addr: where the caller has it
 * @len: bytes, not 0
 *
 * Return: a copy that lives as long as the call, or an error, with which the operation returns
 * before it does anything: it is called again once the copy is there.
 */
void *uacce_call_in(struct uacce_call *call, u64 addr, size_t len)
{
	unsigned int i;

	for (i = 0; i < call->nin; i++)
		if (call->in[i].addr == addr && call->in[i].len == len)
			return call->in[i].data;
	if (WARN_ON(i == ARRAY_SIZE(call->in)))
		return ERR_PTR(-EINVAL);
	call->in[i].addr = addr;
	call->in[i].len = len;
	call->missing = true;
	return ERR_PTR(-EAGAIN);
}
EXPORT_SYMBOL_GPL(uacce_call_in);

/**
 * uacce_call_out - room for results
 * @call: of uacce_ops.ioctl
 * @len: bytes, not 0
 *
 * Return: zeroed memory, or NULL. What the operation leaves there is copied to @call->arg after it,
 * whatever it returns, unless it sets @call->out_len to 0.
 */
void *uacce_call_out(struct uacce_call *call, size_t len)
{
	kfree_sensitive(call->out);
	call->out = kzalloc(len, GFP_KERNEL_ACCOUNT);
	call->out_len = call->out ? len : 0;
	return call->out;
}
EXPORT_SYMBOL_GPL(uacce_call_out);

/* No lock is held. */
static int call_fetch(struct uacce_call *call)
{
	void *data = kzalloc(call->in[call->nin].len, GFP_KERNEL_ACCOUNT);

	if (!data)
		return -ENOMEM;
	if (copy_from_user(data, u64_to_user_ptr(call->in[call->nin].addr),
			   call->in[call->nin].len)) {
		kfree_sensitive(data);
		return -EFAULT;
	}
	call->in[call->nin++].data = data;
	return 0;
}

/* Nobody will know what the call gave. */
static void call_undo(struct uacce_queue *q, struct uacce_call *call)
{
	down_read(&q->uacce->lock);
	mutex_lock(&q->op_lock);
	if (call->undo && uacce_queue_alive(q))
		call->undo(q, call);
	uacce_call_leave(q);
}

static long call_entered(struct uacce_queue *q, struct uacce_call *call)
{
	const struct uacce_ops *ops = q->uacce->ops;

	if (!uacce_queue_alive(q))
		return -ENXIO;
	switch (call->cmd) {
	case UACCE_CMD_START_Q:
		return queue_start(q);
	case UACCE_CMD_PUT_Q:
		return queue_stop(q);
	case UACCE_CMD_SHARE_SVAS:
		return uacce_ss_share(q, call->arg);
	case UACCE_CMD_KICK:
		return ops->kick ? ops->kick(q) : -EOPNOTSUPP;
	default:
		return ops->ioctl ? ops->ioctl(q, call) : -EINVAL;
	}
}

static long call_once(struct uacce_queue *q, struct uacce_call *call)
{
	long ret = uacce_call_enter(q);

	if (ret)
		return ret;
	ret = call_entered(q, call);
	uacce_call_leave(q);
	return ret;
}

static long ioctl_entered(struct uacce_queue *q, unsigned int cmd, unsigned long arg)
{
	struct uacce_call call = { .cmd = cmd, .arg = arg };
	unsigned int i;
	long ret;

	for (;;) {
		call.missing = false;
		ret = call_once(q, &call);
		if (!call.missing)
			break;
		ret = call_fetch(&call);
		if (ret)
			break;
	}
	if (call.out_len && copy_to_user((void __user *)arg, call.out, call.out_len)) {
		if (ret >= 0)
			call_undo(q, &call);
		ret = -EFAULT;
	}
	for (i = 0; i < call.nin; i++)
		kfree_sensitive(call.in[i].data);
	kfree_sensitive(call.out);
	return ret;
}

/* ---- all of them ---- */

long uacce_queue_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct uacce_queue *q = file->private_data;
	void __user *user = (void __user *)arg;

	if (!uacce_queue_is_owner(q))
		return -EPERM;
	/* Before anything about the arguments. */
	if (!uacce_queue_alive(q))
		return -ENXIO;
	switch (cmd) {
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
	default:
		return ioctl_entered(q, cmd, arg);
	}
}
