// SPDX-License-Identifier: GPL-2.0
/*
 * How regions look in a process: faults, huge entries, and what VMAs may not do.
 *
 * VMAs of a queue are neither copied by fork (nor by madvise(MADV_DOFORK): VM_IO), nor grown, nor
 * moved. They may be split, since clients protect parts of DUS. vm_pgoff is changed to one that no
 * other queue has, since all queues of a node share its address_space: it tells the region also
 * after a split, and pages can be taken away from one queue alone.
 */
#include <linux/mm.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include "internal.h"

#define UACCE_VM_FLAGS	(VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP)

struct page *uacce_mem_page(const struct uacce_mem *mem, size_t offset)
{
	unsigned long i = offset >> mem->chunk_shift;
	size_t in = offset & ((1UL << mem->chunk_shift) - 1);

	return mem->chunk[i] + (in >> PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(uacce_mem_page);

/**
 * uacce_mem_write32 - put one word into region memory
 * @mem: of uacce_mem_alloc_region()
 * @offset: multiple of 4
 * @value: CPU byte order
 */
void uacce_mem_write32(struct uacce_mem *mem, size_t offset, u32 value)
{
	void *page = kmap_local_page(uacce_mem_page(mem, offset));

	WRITE_ONCE(*(u32 *)(page + offset_in_page(offset)), value);
	kunmap_local(page);
}
EXPORT_SYMBOL_GPL(uacce_mem_write32);

/*
 * remap_pfn_range() and .huge_fault never make huge entries for memory like this; an ordinary
 * fault that inserts one does, as long as no page table is there yet.
 */
static bool fits_pmd(struct vm_fault *vmf, const struct uacce_mem *mem, size_t offset)
{
	unsigned long start = vmf->address & PMD_MASK;

	return mem->chunk_shift >= PMD_SHIFT && pmd_none(*vmf->pmd) &&
	       start >= vmf->vma->vm_start && start + PMD_SIZE <= vmf->vma->vm_end &&
	       !((offset ^ vmf->address) & ~PMD_MASK & PAGE_MASK);
}

static vm_fault_t mem_fault(struct vm_fault *vmf, const struct uacce_mem *mem, size_t offset)
{
	unsigned long pfn;
	vm_fault_t ret;

	if (offset >= mem->len)
		return VM_FAULT_SIGBUS;
	pfn = page_to_pfn(uacce_mem_page(mem, offset));
	if (fits_pmd(vmf, mem, offset)) {
		ret = uacce_insert_pmd(vmf, pfn & ~((1UL << (PMD_SHIFT - PAGE_SHIFT)) - 1),
				       vmf->flags & FAULT_FLAG_WRITE);
		if (ret == VM_FAULT_NOPAGE)
			return ret;
	}
	return vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK, pfn);
}

static int never_move(struct vm_area_struct *vma)
{
	return -EPERM;
}

/* ---- memory outside of a queue file: the server's side ---- */

static size_t mem_offset(struct vm_fault *vmf)
{
	return (vmf->pgoff & (UACCE_REGION_PAGES - 1)) << PAGE_SHIFT;
}

static void mem_vma_open(struct vm_area_struct *vma)
{
	uacce_mem_get(vma->vm_private_data);
}

static void mem_vma_close(struct vm_area_struct *vma)
{
	uacce_mem_put(vma->vm_private_data);
}

static vm_fault_t mem_vma_fault(struct vm_fault *vmf)
{
	return mem_fault(vmf, vmf->vma->vm_private_data, mem_offset(vmf));
}

static const struct vm_operations_struct mem_vm_ops = {
	.open = mem_vma_open,
	.close = mem_vma_close,
	.fault = mem_vma_fault,
	.mremap = never_move,
};

/**
 * uacce_mem_mmap - show memory in a VMA of another file
 * @mem: the VMA takes a reference
 * @vma: its vm_pgoff tells the offset in @mem in the low 28 bits (UACCE_REGION_PAGES)
 */
int uacce_mem_mmap(struct uacce_mem *mem, struct vm_area_struct *vma)
{
	size_t first = (vma->vm_pgoff & (UACCE_REGION_PAGES - 1)) << PAGE_SHIFT;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC ||
	    first + (vma->vm_end - vma->vm_start) > PAGE_ALIGN(mem->len))
		return -EINVAL;
	uacce_vm_flags_set(vma, UACCE_VM_FLAGS);
	uacce_vm_flags_clear(vma, VM_MAYEXEC);
	vma->vm_private_data = uacce_mem_get(mem);
	vma->vm_ops = &mem_vm_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(uacce_mem_mmap);

/* ---- regions of a queue file ---- */

u64 uacce_region_offset(enum uacce_qfrt type)
{
	return (u64)(type + 1) << UACCE_REGION_SHIFT;
}

static unsigned long queue_pgoff(const struct uacce_queue *q, enum uacce_qfrt type)
{
	return ((unsigned long)q->number * UACCE_QFRT_MAX + type) * UACCE_REGION_PAGES;
}

static enum uacce_qfrt vma_region(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff / UACCE_REGION_PAGES % UACCE_QFRT_MAX;
}

static void queue_vma_open(struct vm_area_struct *vma)
{
	struct uacce_queue *q = vma->vm_private_data;

	mutex_lock(&q->lock);
	q->regions[vma_region(vma)].vmas++;
	mutex_unlock(&q->lock);
}

/*
 * The process took the memory back: the device must let go of it before anything else gets its
 * addresses. A queue that is dead is cleaned up by uacce_queue_kill().
 */
static void memory_unmapped(struct uacce_queue *q, struct uacce_region *region)
{
	if (q->state != UACCE_Q_ZOMBIE) {
		if (q->state != UACCE_Q_INIT)
			q->uacce->ops->stop_queue(q);
		q->state = UACCE_Q_INIT;
		uacce_detach(q, region->mem);
	}
	uacce_mem_put(region->mem);
	region->mem = NULL;
}

static void queue_vma_close(struct vm_area_struct *vma)
{
	struct uacce_queue *q = vma->vm_private_data;
	enum uacce_qfrt type = vma_region(vma);
	struct uacce_region *region = &q->regions[type];

	mutex_lock(&q->lock);
	if (!--region->vmas && (type == UACCE_QFRT_SS || type == UACCE_QFRT_DKO))
		memory_unmapped(q, region);
	mutex_unlock(&q->lock);
}

/* Region memory stays; device registers give way to an ordinary page once the device is gone. */
static vm_fault_t queue_vma_fault(struct vm_fault *vmf)
{
	struct uacce_queue *q = vmf->vma->vm_private_data;
	enum uacce_qfrt type = vma_region(vmf->vma);
	struct uacce_region *region = &q->regions[type];
	vm_fault_t ret;

	if (type == UACCE_QFRT_DKO)
		return VM_FAULT_SIGSEGV;
	mutex_lock(&q->lock);
	if (region->mem) {
		ret = mem_fault(vmf, region->mem, mem_offset(vmf));
		if (q->state != UACCE_Q_ZOMBIE && q->uacce->ops->region_fault)
			q->uacce->ops->region_fault(q, type);
	} else if (q->state == UACCE_Q_ZOMBIE && region->spare) {
		ret = vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK,
				     page_to_pfn(region->spare));
	} else {
		ret = VM_FAULT_SIGBUS;
	}
	mutex_unlock(&q->lock);
	return ret;
}

static const struct vm_operations_struct queue_vm_ops = {
	.open = queue_vma_open,
	.close = queue_vma_close,
	.fault = queue_vma_fault,
	.mremap = never_move,
};

static int check_size(struct uacce_queue *q, enum uacce_qfrt type, size_t len)
{
	size_t size = q->uacce->region_size[type];
	bool exact = type == UACCE_QFRT_DUS || type == UACCE_QFRT_DKO;

	return !size || len > size || (exact && len != size) ? -EINVAL : 0;
}

/* Memory that the mapping itself creates. NULL: the region is the driver's. */
static struct uacce_mem *new_memory(struct uacce_queue *q, struct vm_area_struct *vma,
				    enum uacce_qfrt type)
{
	size_t len = vma->vm_end - vma->vm_start;
	struct uacce_mem *mem = NULL;

	if (type == UACCE_QFRT_SS)
		mem = uacce_mem_alloc_ss(q->uacce, len);
	if (type == UACCE_QFRT_DKO)
		mem = uacce_mem_alloc_dko(q->uacce, len);
	if (!IS_ERR_OR_NULL(mem))
		mem->addr = vma->vm_start;
	return mem;
}

/* The driver's mapping of its registers, with a page in reserve for when they are gone. */
static int map_registers(struct uacce_queue *q, struct vm_area_struct *vma, enum uacce_qfrt type)
{
	struct uacce_region *region = &q->regions[type];

	if (!q->uacce->ops->mmap)
		return -EINVAL;
	if (!region->spare)
		region->spare = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!region->spare)
		return -ENOMEM;
	return q->uacce->ops->mmap(q, vma, type);
}

static int map_region(struct uacce_queue *q, struct vm_area_struct *vma, enum uacce_qfrt type,
		      struct uacce_mem *fresh)
{
	struct uacce_region *region = &q->regions[type];
	int ret = 0;

	lockdep_assert_held(&q->lock);
	if (!uacce_queue_alive(q))
		return -ENXIO;
	if (region->vmas || (fresh && region->mem))
		return -EEXIST;
	if (fresh) {
		ret = uacce_attach(q, fresh);
		if (!ret)
			region->mem = uacce_mem_get(fresh);
	} else if (!region->mem) {
		ret = map_registers(q, vma, type);
	}
	if (!ret)
		region->vmas = 1;
	return ret;
}

int uacce_queue_mmap(struct uacce_queue *q, struct vm_area_struct *vma, enum uacce_qfrt type)
{
	struct uacce_mem *fresh;
	int ret;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	ret = check_size(q, type, vma->vm_end - vma->vm_start);
	if (ret)
		return ret;
	fresh = new_memory(q, vma, type);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	uacce_vm_flags_set(vma, UACCE_VM_FLAGS | VM_WIPEONFORK);
	uacce_vm_flags_clear(vma, VM_MAYEXEC);
	if (type == UACCE_QFRT_DKO)
		uacce_vm_flags_clear(vma, VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE);
	vma->vm_pgoff = queue_pgoff(q, type);
	vma->vm_private_data = q;
	mutex_lock(&q->lock);
	ret = map_region(q, vma, type, fresh);
	mutex_unlock(&q->lock);
	uacce_mem_put(fresh);
	if (!ret)
		vma->vm_ops = &queue_vm_ops;
	return ret;
}

/**
 * uacce_queue_set_region - serve a region from memory
 * @q: in get_queue()
 * @type: MMIO or DUS
 * @mem: the queue takes a reference and holds it until the last mapping is gone, so the client can
 *	read the region after the device went away
 */
void uacce_queue_set_region(struct uacce_queue *q, enum uacce_qfrt type, struct uacce_mem *mem)
{
	q->regions[type].mem = uacce_mem_get(mem);
}
EXPORT_SYMBOL_GPL(uacce_queue_set_region);

/**
 * uacce_queue_zap_region - take the pages of a region out of the client's page table
 * @q: queue
 * @type: region
 *
 * The next touch faults (uacce_ops.region_fault) and gets the same memory again, or what replaces
 * device registers once the device is gone.
 */
void uacce_queue_zap_region(struct uacce_queue *q, enum uacce_qfrt type)
{
	unmap_mapping_range(q->mapping, (loff_t)queue_pgoff(q, type) << PAGE_SHIFT,
			    1UL << UACCE_REGION_SHIFT, 1);
}
EXPORT_SYMBOL_GPL(uacce_queue_zap_region);
