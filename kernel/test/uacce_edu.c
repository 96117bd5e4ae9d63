// SPDX-License-Identifier: GPL-2.0
/*
 * Test driver, not for production: offers QEMU's "edu" PCI device, which has a DMA engine and sits
 * behind an IOMMU if there is one, as a uacce device with one queue, or with several that share the
 * engine.
 *
 *	MMIO	the first page of BAR 0: the process programs the DMA engine itself
 *	DUS	one page of memory
 *	SS	up to 64 MiB
 *	DKO	two pages, with share_domain=1: start has the device copy one onto the other
 *
 * uacce_mode: 0 do not register, 1 SVA or else a domain of the IOMMU, 2 physical addresses.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <uacce_device.h>

#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_LEN	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START	0x1
#define EDU_DMA_TO_RAM	0x2
#define EDU_BUFFER	0x40000
#define EDU_LEN		4095	/* QEMU 7.2 has the border of the buffer wrong by one */

static unsigned int uacce_mode = UACCE_MODE_UACCE;
module_param_cb(uacce_mode, &uacce_mode_ops, &uacce_mode, 0444);
MODULE_PARM_DESC(uacce_mode, "0 not registered, 1 SVA or IOMMU, 2 no IOMMU");
static bool share_domain;
module_param(share_domain, bool, 0444);
MODULE_PARM_DESC(share_domain, "kernel-only region in the process's domain");
static int max_queues = 1;
module_param(max_queues, int, 0444);
MODULE_PARM_DESC(max_queues, "how many queues");

struct edu {
	struct pci_dev *pdev;
	void __iomem *bar;
	struct uacce_device *uacce;
	atomic_t queues;
};

static int edu_dma(struct edu *edu, u64 src, u64 dst, u32 len, u32 cmd)
{
	u32 busy;

	writeq(src, edu->bar + EDU_DMA_SRC);
	writeq(dst, edu->bar + EDU_DMA_DST);
	writeq(len, edu->bar + EDU_DMA_LEN);
	writel(cmd | EDU_DMA_START, edu->bar + EDU_DMA_CMD);
	return readl_poll_timeout(edu->bar + EDU_DMA_CMD, busy, !(busy & EDU_DMA_START), 1000,
				  2000000);
}

static int edu_get_queue(struct uacce_device *uacce, struct uacce_queue *q)
{
	struct edu *edu = uacce->priv;
	struct uacce_mem *mem;

	if (atomic_inc_return(&edu->queues) > max_queues) {
		atomic_dec(&edu->queues);
		return -EBUSY;
	}
	mem = uacce_mem_alloc_region(PAGE_SIZE, dev_to_node(&edu->pdev->dev));
	if (IS_ERR(mem)) {
		atomic_dec(&edu->queues);
		return PTR_ERR(mem);
	}
	uacce_queue_set_region(q, UACCE_QFRT_DUS, mem);
	uacce_mem_put(mem);
	return 0;
}

static void edu_put_queue(struct uacce_queue *q)
{
	struct edu *edu = q->uacce->priv;

	atomic_dec(&edu->queues);
}

/* The kernel's own memory at the device is where the process gave it room. */
static int edu_check_dko(struct edu *edu, struct uacce_mem *mem)
{
	u8 *from = kmap_local_page(uacce_mem_page(mem, 0));
	u8 *to = kmap_local_page(uacce_mem_page(mem, PAGE_SIZE));
	int i, ret;

	for (i = 0; i < EDU_LEN; i++)
		from[i] = i * 3;
	ret = edu_dma(edu, mem->addr, EDU_BUFFER, EDU_LEN, 0);
	if (!ret)
		ret = edu_dma(edu, EDU_BUFFER, mem->addr + PAGE_SIZE, EDU_LEN, EDU_DMA_TO_RAM);
	if (!ret && memcmp(from, to, EDU_LEN))
		ret = -EIO;
	kunmap_local(to);
	kunmap_local(from);
	return ret;
}

static int edu_start_queue(struct uacce_queue *q)
{
	struct edu *edu = q->uacce->priv;

	if (q->uacce->flags & UACCE_DEV_SHARE_DOMAIN)
		return edu_check_dko(edu, q->regions[UACCE_QFRT_DKO].mem);
	return 0;
}

static void edu_stop_queue(struct uacce_queue *q)
{
	struct edu *edu = q->uacce->priv;
	u32 busy;

	if (readl_poll_timeout(edu->bar + EDU_DMA_CMD, busy, !(busy & EDU_DMA_START), 1000,
			       2000000))
		dev_err(&edu->pdev->dev, "DMA does not end\n");
}

static int edu_mmap(struct uacce_queue *q, struct vm_area_struct *vma, enum uacce_qfrt type)
{
	struct edu *edu = q->uacce->priv;

	if (type != UACCE_QFRT_MMIO)
		return -EINVAL;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start,
				  pci_resource_start(edu->pdev, 0) >> PAGE_SHIFT,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int edu_available(struct uacce_device *uacce)
{
	struct edu *edu = uacce->priv;

	return max(max_queues - atomic_read(&edu->queues), 0);
}

static const struct uacce_ops edu_ops = {
	.get_available_instances = edu_available,
	.get_queue = edu_get_queue,
	.put_queue = edu_put_queue,
	.start_queue = edu_start_queue,
	.stop_queue = edu_stop_queue,
	.mmap = edu_mmap,
};

/* How a driver asks for what it would like, and takes what there is. */
static int edu_register(struct edu *edu)
{
	struct uacce_interface interface = { .name = "edu", .ops = &edu_ops };
	struct uacce_device *uacce;
	int ret;

	if (uacce_mode == UACCE_MODE_NOUACCE)
		return 0;
	if (uacce_mode == UACCE_MODE_NOIOMMU)
		interface.flags = UACCE_DEV_NOIOMMU;
	else
		interface.flags = share_domain ? UACCE_DEV_SHARE_DOMAIN :
				  UACCE_DEV_SVA | UACCE_DEV_PASID;
	uacce = uacce_alloc(&edu->pdev->dev, &interface);
	if (IS_ERR(uacce))
		return PTR_ERR(uacce);
	if (uacce_mode == UACCE_MODE_UACCE && !share_domain && !(uacce->flags & UACCE_DEV_SVA))
		uacce->flags |= UACCE_DEV_IOMMU;
	uacce->api = uacce_mode == UACCE_MODE_NOIOMMU ? "edu_v1_noiommu" : "edu_v1";
	uacce->algorithms = "copy\n";
	uacce->priv = edu;
	uacce->region_size[UACCE_QFRT_MMIO] = PAGE_SIZE;
	uacce->region_size[UACCE_QFRT_DUS] = PAGE_SIZE;
	uacce->region_size[UACCE_QFRT_SS] = 64 << 20;
	uacce->region_size[UACCE_QFRT_DKO] = share_domain ? 2 * PAGE_SIZE : 0;
	ret = uacce_register(uacce);
	if (ret) {
		uacce_discard(uacce);
		return ret;
	}
	edu->uacce = uacce;
	return 0;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	pci_set_drvdata(pdev, edu);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(0), "uacce_edu");
	if (ret)
		return ret;
	edu->bar = pcim_iomap_table(pdev)[0];
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	pci_set_master(pdev);
	return edu_register(edu);
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	if (edu->uacce)
		uacce_unregister(edu->uacce);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ },
};

static struct pci_driver edu_driver = {
	.name = "uacce_edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

module_pci_driver(edu_driver);
MODULE_DESCRIPTION("Test driver: QEMU's edu device as an accelerator");
MODULE_LICENSE("GPL");
