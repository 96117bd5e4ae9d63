// SPDX-License-Identifier: GPL-2.0
/* What uacce asks of a device: descriptors, their data virtqueues, and their calls. */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "internal.h"

static int vc_available(struct uacce_device *uacce)
{
	struct vc_device *vc = uacce->priv;
	unsigned int i, n = 0;

	mutex_lock(&vc->lock);
	for (i = 0; i < vc->nr_queues; i++)
		n += !vc->queues[i].owner;
	mutex_unlock(&vc->lock);
	return n;
}

/*
 * The device is in use from now on, ctrl_lock is held. Sessions that did not survive a reset are
 * gone before anybody makes new ones.
 */
int vc_ready(struct vc_device *vc)
{
	struct vc_client *client;
	u64 before;
	int ret;

	lockdep_assert_held(&vc->ctrl_lock);
	mutex_lock(&vc->lock);
	before = vc->epoch;
	ret = vc_activate(vc);
	if (!ret && vc->epoch != before)
		list_for_each_entry(client, &vc->clients, list)
			vc_sessions_orphan(vc, client, false);
	mutex_unlock(&vc->lock);
	if (!ret)
		vc_orphans_end(vc, true);
	return ret;
}

/* ---- descriptors ---- */

static int vc_user_get(struct vc_device *vc)
{
	int ret = 0;

	mutex_lock(&vc->lock);
	if (vc->failed || vc->gone)
		ret = -EIO;
	else if (!vc->users)
		ret = vc_memory_get(vc);
	if (!ret)
		vc->users++;
	mutex_unlock(&vc->lock);
	return ret;
}

/* ctrl_lock is held. The last one leaves the device in reset. */
static void vc_user_put(struct vc_device *vc)
{
	bool last, ask;

	mutex_lock(&vc->lock);
	last = vc->users == 1;
	if (last && vc->failed) {
		vc_deactivate(vc);
		WRITE_ONCE(vc->failed, false);
	}
	/* If need be, up once more only to have its sessions ended. */
	if (last && !list_empty(&vc->orphans))
		vc_activate(vc);
	ask = vc->active && !vc->failed;
	mutex_unlock(&vc->lock);
	if (ask)
		vc_orphans_end(vc, true);
	mutex_lock(&vc->lock);
	if (!--vc->users) {
		vc_deactivate(vc);
		WRITE_ONCE(vc->failed, vc->gone);
		vc_memory_put(vc);
		vc_orphans_end(vc, false);
	}
	mutex_unlock(&vc->lock);
}

static void vc_set_client(struct vc_device *vc, struct vc_client *client, bool there)
{
	spin_lock_irq(&vc->irq_lock);
	if (there) {
		list_add_tail(&client->list, &vc->clients);
		if (vc->failed)
			uacce_queue_fail(client->q);
	} else {
		list_del(&client->list);
		if (client->vq)
			client->vq->owner = NULL;
	}
	spin_unlock_irq(&vc->irq_lock);
}

static int vc_get_queue(struct uacce_device *uacce, struct uacce_queue *q)
{
	struct vc_device *vc = uacce->priv;
	struct vc_client *client;
	int ret;

	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return -ENOMEM;
	client->q = q;
	INIT_LIST_HEAD(&client->sessions);
	ret = vc_user_get(vc);
	if (ret)
		goto err_free;
	ret = vc_attach(vc, q);
	mutex_lock(&vc->ctrl_lock);
	if (!ret)
		ret = vc_ready(vc);
	if (ret) {
		vc_user_put(vc);
		goto err_unlock;
	}
	mutex_lock(&vc->lock);
	vc_set_client(vc, client, true);
	mutex_unlock(&vc->lock);
	mutex_unlock(&vc->ctrl_lock);
	q->priv = client;
	return 0;

err_unlock:
	mutex_unlock(&vc->ctrl_lock);
err_free:
	kfree(client);
	return ret;
}

/* What the device may do for this descriptor ends here, while it can still reach all memory. */
static void vc_close_queue(struct uacce_queue *q)
{
	struct vc_device *vc = q->uacce->priv;
	struct vc_client *client = q->priv;

	mutex_lock(&vc->ctrl_lock);
	mutex_lock(&vc->lock);
	if (client->vq && vc->users > 1)
		vc_ring_disable(vc, client->vq);
	vc_set_client(vc, client, false);
	mutex_unlock(&vc->lock);
	vc_sessions_orphan(vc, client, true);
	vc_user_put(vc);
	mutex_unlock(&vc->ctrl_lock);
}

static void vc_put_queue(struct uacce_queue *q)
{
	kfree(q->priv);
}

/* ---- start and stop ---- */

static int vc_start_queue(struct uacce_queue *q)
{
	struct vc_device *vc = q->uacce->priv;
	struct vc_client *client = q->priv;
	int ret;

	if (!client->vq)
		return -EINVAL;
	ret = mutex_lock_killable(&vc->ctrl_lock);
	if (ret)
		return ret;
	ret = vc_ready(vc);
	if (!ret) {
		mutex_lock(&vc->lock);
		client->told = 0;
		if (!vc->active)
			ret = -EIO;
		else if (!client->vq->enabled)
			ret = vc_ring_enable(vc, client->vq);
		mutex_unlock(&vc->lock);
	}
	mutex_unlock(&vc->ctrl_lock);
	return ret;
}

static void vc_stop_queue(struct uacce_queue *q)
{
	struct vc_device *vc = q->uacce->priv;
	struct vc_client *client = q->priv;
	void *dus;

	if (!client->vq)
		return;
	dus = vc_dus(client->vq);
	mutex_lock(&vc->lock);
	vc_ring_disable(vc, client->vq);
	WRITE_ONCE(*(u16 *)(dus + vc->layout.avail + sizeof(u16)), 0);
	WRITE_ONCE(*(u16 *)(dus + vc->layout.used + sizeof(u16)), 0);
	mutex_unlock(&vc->lock);
}

static bool vc_is_updated(struct uacce_queue *q)
{
	struct vc_device *vc = q->uacce->priv;
	struct vc_client *client = q->priv;
	u16 used = READ_ONCE(*(u16 *)(vc_dus(client->vq) + vc->layout.used + sizeof(u16)));

	if (used == client->told)
		return false;
	client->told = used;
	return true;
}

static int vc_mmap(struct uacce_queue *q, struct vm_area_struct *vma, enum uacce_qfrt type)
{
	struct vc_client *client = q->priv;

	if (type != UACCE_QFRT_MMIO || !client->vq)
		return -EINVAL;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start, client->vq->doorbell_pa >> PAGE_SHIFT,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int vc_kick(struct uacce_queue *q)
{
	struct vc_client *client = q->priv;

	if (!client->vq)
		return -EINVAL;
	vp_iowrite16(client->vq->index, client->vq->doorbell);
	return 0;
}

/* ---- ioctl: one at a time for each descriptor ---- */

static void fill_info(struct vc_device *vc, const struct vc_client *client,
		      struct uacce_vc_info *info)
{
	const struct virtio_crypto_config *c = &vc->config;
	const struct vc_queue *vq = client->vq;

	*info = (struct uacce_vc_info){
		.size = sizeof(*info),
		.queue = vq ? vq->index : UACCE_VC_NO_QUEUE,
		.features = vc->features,
		.services = le32_to_cpu(c->crypto_services),
		.hash_algo = le32_to_cpu(c->hash_algo),
		.cipher_algo = le32_to_cpu(c->cipher_algo_l) |
			       (u64)le32_to_cpu(c->cipher_algo_h) << 32,
		.mac_algo = le32_to_cpu(c->mac_algo_l) | (u64)le32_to_cpu(c->mac_algo_h) << 32,
		.aead_algo = le32_to_cpu(c->aead_algo),
		.max_cipher_key_len = min_t(u32, le32_to_cpu(c->max_cipher_key_len), VC_MAX_KEY),
		.max_auth_key_len = min_t(u32, le32_to_cpu(c->max_auth_key_len), VC_MAX_KEY),
		.ring_size = vc->ring_size,
		.max_size = le64_to_cpu(c->max_size),
		.dus_addr = vq ? vc_dev_addr(vc, vq->mem) : 0,
		.desc_offset = vc->layout.desc,
		.avail_offset = vc->layout.avail,
		.used_offset = vc->layout.used,
		.state_offset = vc->layout.state,
		.room_offset = vc->layout.room,
		.room_size = vc->layout.size - vc->layout.room,
		.notify_offset = vq ? offset_in_page(vq->doorbell_pa) : 0,
		.notify_width = sizeof(u16),
		.notify_value = vq ? vq->index : 0,
	};
	mutex_lock(&vc->lock);
	info->epoch = vc->epoch;
	mutex_unlock(&vc->lock);
}

/* A free data virtqueue, with nothing in its memory of whoever had it before. */
static struct vc_queue *claim_queue(struct vc_device *vc, struct vc_client *client)
{
	struct vc_queue *vq = NULL;
	unsigned int i;

	mutex_lock(&vc->lock);
	for (i = 0; i < vc->nr_queues && !vq; i++)
		if (!vc->queues[i].owner)
			vq = &vc->queues[i];
	if (vq) {
		if (vq->used)
			memset(vc_dus(vq), 0, vc->layout.size);
		vq->used = true;
		spin_lock_irq(&vc->irq_lock);
		vq->owner = client;
		client->vq = vq;
		/* Too late for vc_fail() to have seen it. */
		if (vc->failed)
			*(u32 *)(vc_dus(vq) + vc->layout.state) = UACCE_VC_STATE_FAILED;
		spin_unlock_irq(&vc->irq_lock);
	}
	mutex_unlock(&vc->lock);
	return vq;
}

static int ioctl_info(struct uacce_queue *q, struct uacce_call *call, bool claim)
{
	struct vc_device *vc = q->uacce->priv;
	struct vc_client *client = q->priv;
	struct uacce_vc_info *info;
	const u32 *size;

	size = uacce_call_in(call, call->arg, sizeof(*size));
	if (IS_ERR(size))
		return PTR_ERR(size);
	if (*size < sizeof(*info))
		return -EINVAL;
	info = uacce_call_out(call, sizeof(*info));
	if (!info)
		return -ENOMEM;
	if (claim && !client->vq) {
		if (!claim_queue(vc, client)) {
			call->out_len = 0;
			return -EBUSY;
		}
		mutex_lock(&q->lock);
		uacce_queue_set_region(q, UACCE_QFRT_DUS, client->vq->mem);
		mutex_unlock(&q->lock);
	}
	fill_info(vc, client, info);
	return 0;
}

/* Nobody would know the session. */
static void undo_create(struct uacce_queue *q, struct uacce_call *call)
{
	struct uacce_vc_session *s = call->out;

	vc_destroy(q->priv, s->id);
}

static int ioctl_create(struct uacce_queue *q, struct uacce_call *call)
{
	struct uacce_vc_session *s;
	const void *arg;

	arg = uacce_call_in(call, call->arg, sizeof(*s));
	if (IS_ERR(arg))
		return PTR_ERR(arg);
	s = uacce_call_out(call, sizeof(*s));
	if (!s)
		return -ENOMEM;
	memcpy(s, arg, sizeof(*s));
	call->undo = undo_create;
	return vc_create(q->priv, s, call);
}

static int ioctl_destroy(struct uacce_queue *q, struct uacce_call *call)
{
	const u64 *id = uacce_call_in(call, call->arg, sizeof(*id));

	return IS_ERR(id) ? PTR_ERR(id) : vc_destroy(q->priv, *id);
}

static long vc_ioctl(struct uacce_queue *q, struct uacce_call *call)
{
	switch (call->cmd) {
	case UACCE_VC_INFO:
		return ioctl_info(q, call, false);
	case UACCE_VC_QUEUE:
		return ioctl_info(q, call, true);
	case UACCE_VC_CREATE:
		return ioctl_create(q, call);
	case UACCE_VC_DESTROY:
		return ioctl_destroy(q, call);
	default:
		return -EINVAL;
	}
}

const struct uacce_ops vc_uacce_ops = {
	.get_available_instances = vc_available,
	.get_queue = vc_get_queue,
	.close_queue = vc_close_queue,
	.put_queue = vc_put_queue,
	.start_queue = vc_start_queue,
	.stop_queue = vc_stop_queue,
	.is_q_updated = vc_is_updated,
	.mmap = vc_mmap,
	.ioctl = vc_ioctl,
	.kick = vc_kick,
};
