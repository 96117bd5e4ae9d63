// SPDX-License-Identifier: GPL-2.0
/* The virtio side of the function: negotiation, rings, reset, and what it tells of itself. */
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include "internal.h"

/* Sessions of two devices, or of one before and after a reset, never share a number. */
static atomic64_t vc_epochs = ATOMIC64_INIT(0);

/* Any bit stands for a device that does not answer any more. */
#define VC_STATUS_NONE	0xff

static int vc_reset(struct vc_device *vc)
{
	u8 status;
	int ret;

	vp_modern_set_status(&vc->mdev, 0);
	ret = read_poll_timeout(vp_modern_get_status, status, !status || status == VC_STATUS_NONE,
				100, VC_RESET_MS * 1000, false, &vc->mdev);
	if (status == VC_STATUS_NONE)
		return -ENODEV;
	if (ret)
		dev_err(&vc->pdev->dev, "does not reset\n");
	return ret;
}

static int vc_negotiate(struct vc_device *vc)
{
	u64 offered, wanted = BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
			      BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | BIT_ULL(VIRTIO_F_RING_RESET);
	u8 status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	int ret;

	ret = vc_reset(vc);
	if (ret)
		return ret;
	vp_modern_set_status(&vc->mdev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	vp_modern_set_status(&vc->mdev, status);
	offered = vp_modern_get_features(&vc->mdev);
	if (!(offered & BIT_ULL(VIRTIO_F_VERSION_1))) {
		dev_err(&vc->pdev->dev, "not a device of virtio 1\n");
		return -ENODEV;
	}
	vc->features = offered & wanted;
	vp_modern_set_features(&vc->mdev, vc->features);
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	vp_modern_set_status(&vc->mdev, status);
	if (vp_modern_get_status(&vc->mdev) != status) {
		dev_err(&vc->pdev->dev, "does not take features 0x%llx\n", vc->features);
		return -ENODEV;
	}
	return 0;
}

/* A snapshot that did not change while it was read. */
static int vc_read_config(struct vc_device *vc)
{
	__le32 *words = (__le32 *)&vc->config;
	unsigned int tries = 16, i;
	u32 before;

	if (!vc->mdev.device || vc->mdev.device_len < sizeof(vc->config)) {
		dev_err(&vc->pdev->dev, "no configuration of a crypto device\n");
		return -ENODEV;
	}
	do {
		before = vp_modern_generation(&vc->mdev);
		for (i = 0; i < sizeof(vc->config) / sizeof(*words); i++)
			words[i] = cpu_to_le32(ioread32(vc->mdev.device + i * sizeof(*words)));
	} while (before != vp_modern_generation(&vc->mdev) && --tries);
	return tries ? 0 : -EIO;
}

static void vc_name_algorithms(struct vc_device *vc)
{
	struct virtio_crypto_config *c = &vc->config;
	u32 services = le32_to_cpu(c->crypto_services);
	bool hash = services & BIT(VIRTIO_CRYPTO_SERVICE_HASH) && c->hash_algo;
	bool mac = services & BIT(VIRTIO_CRYPTO_SERVICE_MAC) && (c->mac_algo_l || c->mac_algo_h);

	snprintf(vc->algorithms, sizeof(vc->algorithms), "%s%s%s",
		 services & BIT(VIRTIO_CRYPTO_SERVICE_CIPHER) &&
		 (c->cipher_algo_l || c->cipher_algo_h) ? "cipher\n" : "",
		 hash || mac ? "digest\n" : "",
		 services & BIT(VIRTIO_CRYPTO_SERVICE_AEAD) && c->aead_algo ? "aead\n" : "");
}

/*
 * The device area starts at 4 modulo 8: an element that crosses a page of the IOMMU loses its
 * second half in QEMU (7.2), which writes that to nowhere.
 */
static void vc_plan_dus(struct vc_device *vc)
{
	struct vc_layout *l = &vc->layout;
	u32 n = vc->ring_size;

	l->desc = 0;
	l->avail = l->desc + n * sizeof(struct vring_desc);
	l->used = ALIGN(l->avail + (3 + n) * sizeof(u16), 64) + 4;
	l->state = ALIGN(l->used + 3 * sizeof(u16) + n * sizeof(struct vring_used_elem), 64);
	l->room = ALIGN(l->state + 64, 4096);
	l->size = roundup_pow_of_two(l->room + n * VC_MIN_ROOM);
}

/* How many data virtqueues, and how long. Without RING_RESET one cannot be stopped by itself. */
static int vc_count_queues(struct vc_device *vc)
{
	u32 max = le32_to_cpu(vc->config.max_dataqueues);
	unsigned int total = vp_modern_get_num_queues(&vc->mdev), i;
	u16 n;

	if (!max || max >= total) {
		dev_err(&vc->pdev->dev, "%u data queues of %u queues\n", max, total);
		return -ENODEV;
	}
	vc->ctrl.index = max;
	vc->nr_queues = min_t(u32, max, VC_MAX_QUEUES);
	if (!(vc->features & BIT_ULL(VIRTIO_F_RING_RESET)))
		vc->nr_queues = 1;
	vc->ring_size = vc_max_ring;
	for (i = 0; i < vc->nr_queues; i++) {
		n = vp_modern_get_queue_size(&vc->mdev, i);
		vc->ring_size = min_t(u16, vc->ring_size, n ? rounddown_pow_of_two(n) : 0);
	}
	n = vp_modern_get_queue_size(&vc->mdev, vc->ctrl.index);
	if (vc->ring_size < 4 || n < VC_CTRL_SIZE) {
		dev_err(&vc->pdev->dev, "queues are too short\n");
		return -ENODEV;
	}
	vc_plan_dus(vc);
	return 0;
}

static int vc_map_doorbells(struct vc_device *vc)
{
	unsigned int i;

	for (i = 0; i < vc->nr_queues; i++) {
		struct vc_queue *vq = &vc->queues[i];

		vq->index = i;
		vq->doorbell = vp_modern_map_vq_notify(&vc->mdev, i, &vq->doorbell_pa);
		if (!vq->doorbell)
			return -EINVAL;
	}
	vc->ctrl.doorbell = vp_modern_map_vq_notify(&vc->mdev, vc->ctrl.index, NULL);
	return vc->ctrl.doorbell ? 0 : -EINVAL;
}

void vc_unmap_doorbells(struct vc_device *vc)
{
	unsigned int i;

	/* Otherwise they are parts of one mapping. */
	if (vc->mdev.notify_base)
		return;
	for (i = 0; i < vc->nr_queues; i++)
		if (vc->queues[i].doorbell)
			pci_iounmap(vc->pdev, vc->queues[i].doorbell);
	if (vc->ctrl.doorbell)
		pci_iounmap(vc->pdev, vc->ctrl.doorbell);
}

/* Once, in probe: what is it? Leaves it in reset. */
int vc_learn(struct vc_device *vc)
{
	int ret;

	ret = vc_negotiate(vc);
	if (!ret)
		ret = vc_read_config(vc);
	if (!ret)
		ret = vc_count_queues(vc);
	if (!ret)
		ret = vc_map_doorbells(vc);
	if (!ret)
		vc_name_algorithms(vc);
	if (ret != -ENODEV || vp_modern_get_status(&vc->mdev) != VC_STATUS_NONE)
		vc_reset(vc);
	return ret;
}

/* ---- memory that the device works in ---- */

static int vc_alloc(struct vc_device *vc, size_t len, unsigned long *iova, struct uacce_mem **out)
{
	struct uacce_mem *mem = uacce_mem_alloc_contiguous(vc->uacce, len);

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	mem->addr = *iova;
	*iova += len;
	*out = mem;
	return 0;
}

/* Called with lock held, by the first user. */
int vc_memory_get(struct vc_device *vc)
{
	unsigned long iova = VC_IOVA;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < vc->nr_queues && !ret; i++)
		ret = vc_alloc(vc, vc->layout.size, &iova, &vc->queues[i].mem);
	if (!ret)
		ret = vc_alloc(vc, PAGE_SIZE, &iova, &vc->ctrl.commands);
	if (!ret)
		ret = vc_alloc(vc, PAGE_SIZE, &iova, &vc->ctrl.answers);
	if (ret) {
		vc_memory_put(vc);
		return ret;
	}
	vc->ctrl.commands->read_only = true;
	return 0;
}

void vc_memory_put(struct vc_device *vc)
{
	unsigned int i;

	for (i = 0; i < vc->nr_queues; i++) {
		uacce_mem_put(vc->queues[i].mem);
		vc->queues[i].mem = NULL;
		vc->queues[i].used = false;
	}
	uacce_mem_put(vc->ctrl.commands);
	uacce_mem_put(vc->ctrl.answers);
	vc->ctrl.commands = NULL;
	vc->ctrl.answers = NULL;
}

/* Every queue of a process has all of it attached, so that it stays as long as any is open. */
int vc_attach(struct vc_device *vc, struct uacce_queue *q)
{
	unsigned int i;
	int ret = 0;

	if (vc->uacce->flags & UACCE_DEV_NOIOMMU)
		return 0;
	for (i = 0; i < vc->nr_queues && !ret; i++)
		ret = uacce_queue_attach(q, vc->queues[i].mem);
	if (!ret)
		ret = uacce_queue_attach(q, vc->ctrl.commands);
	if (!ret)
		ret = uacce_queue_attach(q, vc->ctrl.answers);
	/* Another thread of the process is closing the last queue right now. */
	return ret == -EEXIST ? -EBUSY : ret;
}

u64 vc_dev_addr(struct vc_device *vc, const struct uacce_mem *mem)
{
	if (vc->uacce->flags & UACCE_DEV_NOIOMMU)
		return page_to_phys(uacce_mem_page(mem, 0));
	return mem->addr;
}

/* ---- in use and out of use; lock is held ---- */

/* The rest of the ring's registers lasts until the device resets it. */
int vc_ring_enable(struct vc_device *vc, struct vc_queue *vq)
{
	u64 base = vc_dev_addr(vc, vq->mem);

	lockdep_assert_held(&vc->lock);
	vp_modern_set_queue_size(&vc->mdev, vq->index, vc->ring_size);
	vp_modern_queue_address(&vc->mdev, vq->index, base + vc->layout.desc,
				base + vc->layout.avail, base + vc->layout.used);
	if (vc->msix && vp_modern_queue_vector(&vc->mdev, vq->index, vq->vector) != vq->vector)
		return -EIO;
	vp_modern_set_queue_enable(&vc->mdev, vq->index, true);
	vq->enabled = true;
	return 0;
}

static void vc_ctrl_enable(struct vc_device *vc)
{
	u64 desc, avail, used;

	vc_ctrl_init(vc);
	vc_ctrl_addresses(vc, &desc, &avail, &used);
	vp_modern_set_queue_size(&vc->mdev, vc->ctrl.index, VC_CTRL_SIZE);
	vp_modern_queue_address(&vc->mdev, vc->ctrl.index, desc, avail, used);
	if (vc->msix)
		vp_modern_queue_vector(&vc->mdev, vc->ctrl.index, VIRTIO_MSI_NO_VECTOR);
	vp_modern_set_queue_enable(&vc->mdev, vc->ctrl.index, true);
}

static int vc_bring_up(struct vc_device *vc)
{
	unsigned int i;
	int ret;

	ret = vc_negotiate(vc);
	if (ret)
		return ret;
	if (!(ioread32(vc->mdev.device + offsetof(struct virtio_crypto_config, status)) &
	      VIRTIO_CRYPTO_S_HW_READY)) {
		dev_err(&vc->pdev->dev, "its backend is not ready\n");
		return -EIO;
	}
	if (vc->msix && vp_modern_config_vector(&vc->mdev, 0) != 0)
		return -EIO;
	vc_ctrl_enable(vc);
	for (i = 0; i < vc->nr_queues; i++) {
		ret = vc_ring_enable(vc, &vc->queues[i]);
		if (ret)
			return ret;
	}
	vp_modern_set_status(&vc->mdev, vp_modern_get_status(&vc->mdev) |
			     VIRTIO_CONFIG_S_DRIVER_OK);
	return 0;
}

/* Also with ctrl_lock held, since the control ring starts anew. */
int vc_activate(struct vc_device *vc)
{
	int ret;

	lockdep_assert_held(&vc->ctrl_lock);
	lockdep_assert_held(&vc->lock);
	if (vc->failed)
		return -EIO;
	if (vc->active)
		return 0;
	pci_set_master(vc->pdev);
	vc->active = true;
	ret = vc_bring_up(vc);
	if (ret) {
		vc_deactivate(vc);
		return ret;
	}
	WRITE_ONCE(vc->epoch, atomic64_inc_return(&vc_epochs));
	return 0;
}

/*
 * When this returns the device touches no memory. If it does not even reset, it is no longer
 * allowed on the bus.
 */
void vc_deactivate(struct vc_device *vc)
{
	unsigned int i;

	lockdep_assert_held(&vc->lock);
	if (!vc->active)
		return;
	vc_reset(vc);
	pci_clear_master(vc->pdev);
	for (i = 0; i < vc->nr_queues; i++)
		vc->queues[i].enabled = false;
	WRITE_ONCE(vc->active, false);
	WRITE_ONCE(vc->epoch, 0);
}

static bool ring_is_off(struct virtio_pci_modern_common_cfg __iomem *cfg)
{
	return !vp_ioread16(&cfg->queue_reset) && !vp_ioread16(&cfg->cfg.queue_enable);
}

/* The kernel's own function waits for ever, if the device is gone. */
static int vc_ring_reset(struct vc_device *vc, u16 index)
{
	struct virtio_pci_modern_common_cfg __iomem *cfg;
	bool off;

	cfg = (struct virtio_pci_modern_common_cfg __iomem *)vc->mdev.common;
	vp_iowrite16(index, &cfg->cfg.queue_select);
	vp_iowrite16(1, &cfg->queue_reset);
	return read_poll_timeout(ring_is_off, off, off, 100, VC_RESET_MS * 1000, false, cfg);
}

/* When this returns the device touches no memory for the ring. */
void vc_ring_disable(struct vc_device *vc, struct vc_queue *vq)
{
	lockdep_assert_held(&vc->lock);
	if (!vq->enabled)
		return;
	if (vc->failed || !(vc->features & BIT_ULL(VIRTIO_F_RING_RESET))) {
		vc_deactivate(vc);
		return;
	}
	if (vc_ring_reset(vc, vq->index)) {
		dev_err(&vc->pdev->dev, "queue %u does not reset\n", vq->index);
		vc_fail(vc, UACCE_VC_STATE_FAILED);
		vc_deactivate(vc);
		return;
	}
	vq->enabled = false;
}

/* ---- bad news; any context ---- */

/* The device serves nobody any more: until the last close, or for ever. */
void vc_fail(struct vc_device *vc, u32 state)
{
	struct vc_client *client;
	unsigned long flags;

	spin_lock_irqsave(&vc->irq_lock, flags);
	if (state == UACCE_VC_STATE_GONE)
		vc->gone = true;
	if (vc->gone || READ_ONCE(vc->active))
		WRITE_ONCE(vc->failed, true);
	list_for_each_entry(client, &vc->clients, list) {
		if (client->vq)
			WRITE_ONCE(*(u32 *)(vc_dus(client->vq) + vc->layout.state), state);
		uacce_queue_fail(client->q);
	}
	spin_unlock_irqrestore(&vc->irq_lock, flags);
}

void vc_config_changed(struct vc_device *vc)
{
	u8 status = vp_modern_get_status(&vc->mdev);
	u32 ready = ioread32(vc->mdev.device + offsetof(struct virtio_crypto_config, status));

	/* 0: in reset, where it has nothing to say. */
	if (!(status & VIRTIO_CONFIG_S_DRIVER_OK) && !(status & VIRTIO_CONFIG_S_NEEDS_RESET))
		return;
	if (status & VIRTIO_CONFIG_S_NEEDS_RESET || !(ready & VIRTIO_CRYPTO_S_HW_READY))
		vc_fail(vc, UACCE_VC_STATE_FAILED);
}
