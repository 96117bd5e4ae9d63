// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-crypto PCI functions as uacce devices: binding, interrupts, removal.
 *
 * The stock driver of virtio functions claims them first, so a function is handed over by
 * driver_override (doc/kernel.rst). There is no module alias: nobody gets this driver unasked.
 *
 * uacce_mode: 0 do not register, 1 a domain of the IOMMU, 2 physical addresses.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "internal.h"

#define VC_PCI_VENDOR	0x1af4
#define VC_PCI_DEVICE	0x1054		/* 0x1040 + 20 */

static unsigned int vc_uacce_mode = UACCE_MODE_UACCE;
module_param_cb(uacce_mode, &uacce_mode_ops, &vc_uacce_mode, 0444);
MODULE_PARM_DESC(uacce_mode, "0 not registered, 1 IOMMU, 2 no IOMMU");
unsigned int vc_max_ring = VC_MAX_RING;
module_param_named(ring_size, vc_max_ring, uint, 0444);
MODULE_PARM_DESC(ring_size, "most entries of a data virtqueue, power of two, 4 to 1024");

/* ---- interrupts ---- */

static void wake_queues(struct vc_device *vc, u16 vector)
{
	unsigned int i;

	spin_lock(&vc->irq_lock);
	for (i = 0; i < vc->nr_queues; i++) {
		struct vc_queue *vq = &vc->queues[i];

		if (vq->owner && vq->vector == vector)
			uacce_wake_up(vq->owner->q);
	}
	spin_unlock(&vc->irq_lock);
}

static irqreturn_t vc_config_interrupt(int irq, void *arg)
{
	struct vc_device *vc = arg;

	vc_config_changed(vc);
	/* The only vector there is. */
	if (vc->nr_vectors == 1)
		wake_queues(vc, 0);
	return IRQ_HANDLED;
}

static irqreturn_t vc_queue_interrupt(int irq, void *arg)
{
	struct vc_queue *vq = arg;

	wake_queues(vq->vc, vq->vector);
	return IRQ_HANDLED;
}

static irqreturn_t vc_line_interrupt(int irq, void *arg)
{
	struct vc_device *vc = arg;
	u8 isr = ioread8(vc->mdev.isr);

	if (!isr)
		return IRQ_NONE;
	if (isr & VIRTIO_PCI_ISR_CONFIG)
		vc_config_changed(vc);
	wake_queues(vc, 0);
	return IRQ_HANDLED;
}

static int request_vector(struct vc_device *vc, unsigned int i)
{
	int irq = pci_irq_vector(vc->pdev, i);

	if (!vc->msix)
		return request_irq(irq, vc_line_interrupt, IRQF_SHARED, "uacce_vc", vc);
	if (!i)
		return request_irq(irq, vc_config_interrupt, 0, "uacce_vc-config", vc);
	return request_irq(irq, vc_queue_interrupt, 0, "uacce_vc-queue", &vc->queues[i - 1]);
}

static void free_vector(struct vc_device *vc, unsigned int i)
{
	free_irq(pci_irq_vector(vc->pdev, i), vc->msix && i ? (void *)&vc->queues[i - 1] : vc);
}

static void vc_free_interrupts(struct vc_device *vc)
{
	unsigned int i;

	for (i = 0; i < vc->nr_vectors; i++)
		free_vector(vc, i);
	pci_free_irq_vectors(vc->pdev);
}

/* One vector for the configuration and one for each queue; what there is has to do for all. */
static int vc_request_interrupts(struct vc_device *vc)
{
	unsigned int i;
	int n, ret;

	n = pci_alloc_irq_vectors(vc->pdev, 1, 1 + vc->nr_queues, PCI_IRQ_MSIX);
	vc->msix = n > 0;
	if (n < 0)
		n = pci_alloc_irq_vectors(vc->pdev, 1, 1, PCI_IRQ_INTX);
	if (n < 0)
		return n;
	for (i = 0; i < vc->nr_queues; i++)
		vc->queues[i].vector = n > 1 ? 1 + i % (n - 1) : 0;
	for (; vc->nr_vectors < n; vc->nr_vectors++) {
		ret = request_vector(vc, vc->nr_vectors);
		if (ret) {
			vc_free_interrupts(vc);
			return ret;
		}
	}
	return 0;
}

/* ---- what a process may map ---- */

static bool shares_page(struct vc_device *vc, resource_size_t page, u8 bar, u32 offset, u32 len)
{
	resource_size_t start;

	if (bar >= PCI_STD_NUM_BARS || !len)
		return false;
	start = pci_resource_start(vc->pdev, bar) + offset;
	return page < start + len && start < page + PAGE_SIZE;
}

static bool shares_msix(struct vc_device *vc, resource_size_t page)
{
	int pos = pci_find_capability(vc->pdev, PCI_CAP_ID_MSIX);
	int n = pci_msix_vec_count(vc->pdev);
	u32 table, pba;

	if (!pos || n < 0)
		return false;
	pci_read_config_dword(vc->pdev, pos + PCI_MSIX_TABLE, &table);
	pci_read_config_dword(vc->pdev, pos + PCI_MSIX_PBA, &pba);
	return shares_page(vc, page, table & PCI_MSIX_TABLE_BIR, table & PCI_MSIX_TABLE_OFFSET,
			   n * PCI_MSIX_ENTRY_SIZE) ||
	       shares_page(vc, page, pba & PCI_MSIX_PBA_BIR, pba & PCI_MSIX_PBA_OFFSET,
			   DIV_ROUND_UP(n, 64) * 8);
}

/* In the wrong hands, any register but a doorbell lets the device reach anything. */
static int vc_check_doorbell(struct vc_device *vc, const struct vc_queue *vq)
{
	resource_size_t page = vq->doorbell_pa & PAGE_MASK;
	struct pci_dev *pdev = vc->pdev;
	bool shared = shares_msix(vc, page);
	u32 offset, len;
	u8 type, bar;
	int pos;

	for (pos = pci_find_capability(pdev, PCI_CAP_ID_VNDR); pos && !shared;
	     pos = pci_find_next_capability(pdev, pos, PCI_CAP_ID_VNDR)) {
		pci_read_config_byte(pdev, pos + VIRTIO_PCI_CAP_CFG_TYPE, &type);
		pci_read_config_byte(pdev, pos + VIRTIO_PCI_CAP_BAR, &bar);
		pci_read_config_dword(pdev, pos + VIRTIO_PCI_CAP_OFFSET, &offset);
		pci_read_config_dword(pdev, pos + VIRTIO_PCI_CAP_LENGTH, &len);
		if (type != VIRTIO_PCI_CAP_NOTIFY_CFG && type != VIRTIO_PCI_CAP_PCI_CFG)
			shared = shares_page(vc, page, bar, offset, len);
	}
	if (!shared)
		return 0;
	dev_err(&pdev->dev, "a doorbell shares its page with other registers\n");
	return -EOPNOTSUPP;
}

/* ---- life ---- */

static int vc_register(struct vc_device *vc)
{
	struct uacce_interface interface = {
		.name = "virtio_crypto",
		.flags = vc_uacce_mode == UACCE_MODE_NOIOMMU ? UACCE_DEV_NOIOMMU : UACCE_DEV_IOMMU,
		.ops = &vc_uacce_ops,
	};
	struct uacce_device *uacce;
	int ret;

	if (vc_uacce_mode == UACCE_MODE_NOUACCE)
		return 0;
	uacce = uacce_alloc(&vc->pdev->dev, &interface);
	if (IS_ERR(uacce))
		return PTR_ERR(uacce);
	uacce->api = UACCE_VC_API;
	uacce->algorithms = vc->algorithms;
	uacce->priv = vc;
	uacce->untranslated = !(vc->features & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
	uacce->region_size[UACCE_QFRT_MMIO] = PAGE_SIZE;
	uacce->region_size[UACCE_QFRT_DUS] = vc->layout.size;
	uacce->region_size[UACCE_QFRT_SS] = VC_SS_SIZE;
	if (uacce->untranslated && vc_uacce_mode == UACCE_MODE_UACCE)
		dev_err(&vc->pdev->dev, "goes past the IOMMU (no VIRTIO_F_ACCESS_PLATFORM)\n");
	vc->uacce = uacce;
	ret = uacce_register(uacce);
	if (ret) {
		uacce_discard(uacce);
		vc->uacce = NULL;
	}
	return ret;
}

static int vc_start(struct vc_device *vc)
{
	unsigned int i;
	int ret;

	ret = vc_learn(vc);
	if (ret)
		goto err_unmap;
	for (i = 0; i < vc->nr_queues; i++) {
		ret = vc_check_doorbell(vc, &vc->queues[i]);
		if (ret)
			goto err_unmap;
	}
	ret = vc_request_interrupts(vc);
	if (ret)
		goto err_unmap;
	ret = vc_register(vc);
	if (ret)
		goto err_irq;
	return 0;

err_irq:
	vc_free_interrupts(vc);
err_unmap:
	vc_unmap_doorbells(vc);
	return ret;
}

static int vc_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vc_device *vc;
	unsigned int i;
	int ret;

	if (pdev->device != VC_PCI_DEVICE)
		return -ENODEV;
	vc = kzalloc(sizeof(*vc), GFP_KERNEL);
	if (!vc)
		return -ENOMEM;
	vc->pdev = pdev;
	vc->mdev.pci_dev = pdev;
	for (i = 0; i < VC_MAX_QUEUES; i++)
		vc->queues[i].vc = vc;
	mutex_init(&vc->ctrl_lock);
	mutex_init(&vc->lock);
	spin_lock_init(&vc->irq_lock);
	INIT_LIST_HEAD(&vc->clients);
	INIT_LIST_HEAD(&vc->orphans);
	pci_set_drvdata(pdev, vc);
	ret = pci_enable_device(pdev);
	if (ret)
		goto err_free;
	ret = vp_modern_probe(&vc->mdev);
	if (ret)
		goto err_disable;
	ret = vc_start(vc);
	if (ret)
		goto err_modern;
	return 0;

err_modern:
	vp_modern_remove(&vc->mdev);
err_disable:
	pci_disable_device(pdev);
err_free:
	kfree(vc);
	return ret;
}

/* First the word that pollers look at, then the queues, then what they stand on. */
static void vc_remove(struct pci_dev *pdev)
{
	struct vc_device *vc = pci_get_drvdata(pdev);

	vc_fail(vc, UACCE_VC_STATE_GONE);
	if (vc->uacce)
		uacce_unregister(vc->uacce);
	vc_free_interrupts(vc);
	vc_unmap_doorbells(vc);
	vp_modern_remove(&vc->mdev);
	pci_disable_device(pdev);
	kfree(vc);
}

/* Somebody resets the function (sysfs): for its queues this is the end; who opens it waits. */
static void vc_reset_prepare(struct pci_dev *pdev)
{
	struct vc_device *vc = pci_get_drvdata(pdev);

	mutex_lock(&vc->ctrl_lock);
	mutex_lock(&vc->lock);
	vc_fail(vc, UACCE_VC_STATE_FAILED);
	vc_deactivate(vc);
}

static void vc_reset_done(struct pci_dev *pdev)
{
	struct vc_device *vc = pci_get_drvdata(pdev);

	mutex_unlock(&vc->lock);
	mutex_unlock(&vc->ctrl_lock);
}

static const struct pci_error_handlers vc_err_handler = {
	.reset_prepare = vc_reset_prepare,
	.reset_done = vc_reset_done,
};

static const struct pci_device_id vc_ids[] = {
	{ PCI_DEVICE(VC_PCI_VENDOR, VC_PCI_DEVICE) },
	{ },
};

static struct pci_driver vc_driver = {
	.name = "uacce_virtio_crypto",
	.id_table = vc_ids,
	.probe = vc_probe,
	.remove = vc_remove,
	.err_handler = &vc_err_handler,
};

static int __init vc_init(void)
{
	if (vc_max_ring < 4 || vc_max_ring > VC_MAX_RING || !is_power_of_2(vc_max_ring))
		return -EINVAL;
	return pci_register_driver(&vc_driver);
}

static void __exit vc_exit(void)
{
	pci_unregister_driver(&vc_driver);
}

module_init(vc_init);
module_exit(vc_exit);
MODULE_DESCRIPTION("virtio-crypto functions as uacce devices");
MODULE_LICENSE("GPL");
