// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a process and a device share: the SS region made of hugepages, adopted hugetlb
 * memory, the kernel-only region, and the small regions of a queue.
 *
 * Pages of all kinds are compound (or single) and reference-counted: gup-fast can take a reference
 * through a huge page-table entry, so nothing here may assume that the last unmap frees a page.
 */
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/hugetlb.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/sort.h>
#include "internal.h"

/* ---- charge ---- */

/*
 * Pages count against the RLIMIT_MEMLOCK of the user, as those of io_uring and XDP do: without a
 * lock, since the last reference may go away in any context. VmPin of the process shows them.
 */
static int mem_charge(struct uacce_mem *mem, unsigned long npages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = get_uid(current_user());
	unsigned long sum = atomic_long_add_return(npages, &user->locked_vm);

	if (sum > limit && !capable(CAP_IPC_LOCK)) {
		atomic_long_sub(npages, &user->locked_vm);
		free_uid(user);
		return -ENOMEM;
	}
	mem->user = user;
	mem->mm = current->mm;
	mem->charged = npages;
	mmgrab(mem->mm);
	atomic64_add(npages, &mem->mm->pinned_vm);
	return 0;
}

static void mem_uncharge(struct uacce_mem *mem)
{
	if (!mem->charged)
		return;
	atomic64_sub(mem->charged, &mem->mm->pinned_vm);
	atomic_long_sub(mem->charged, &mem->user->locked_vm);
	mmdrop(mem->mm);
	free_uid(mem->user);
}

/* ---- life ---- */

static struct uacce_mem *mem_new(enum uacce_mem_kind kind, size_t len, unsigned int chunk_shift)
{
	struct uacce_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	unsigned long n = ALIGN(len, 1UL << chunk_shift) >> chunk_shift;

	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->chunk = kvcalloc(n, sizeof(*mem->chunk), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!mem->chunk) {
		kfree(mem);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&mem->ref, 1);
	mem->kind = kind;
	mem->len = len;
	mem->chunk_shift = chunk_shift;
	return mem;
}

struct uacce_mem *uacce_mem_get(struct uacce_mem *mem)
{
	refcount_inc(&mem->ref);
	return mem;
}
EXPORT_SYMBOL_GPL(uacce_mem_get);

void uacce_mem_put(struct uacce_mem *mem)
{
	unsigned long i;

	if (!mem || !refcount_dec_and_test(&mem->ref))
		return;
	for (i = 0; i < mem->nchunks; i++) {
		/* A device wrote there without telling anybody. */
		if (mem->kind == UACCE_MEM_ADOPTED)
			unpin_user_pages_dirty_lock(&mem->chunk[i], 1, true);
		else
			put_page(mem->chunk[i]);
	}
	mem_uncharge(mem);
	kvfree(mem->chunk);
	kfree(mem);
}
EXPORT_SYMBOL_GPL(uacce_mem_put);

static struct uacce_mem *mem_alloc(enum uacce_mem_kind kind, size_t len, unsigned int chunk_shift,
				   int node, gfp_t gfp)
{
	struct uacce_mem *mem = mem_new(kind, len, chunk_shift);
	unsigned int order = chunk_shift - PAGE_SHIFT;
	unsigned long n, i;

	if (IS_ERR(mem))
		return mem;
	n = ALIGN(len, 1UL << chunk_shift) >> chunk_shift;
	gfp |= GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	if (order)
		gfp |= __GFP_COMP | __GFP_RETRY_MAYFAIL;
	for (i = 0; i < n; i++) {
		struct page *page = fatal_signal_pending(current) ? NULL :
			alloc_pages_node(node, gfp, order);

		if (!page) {
			uacce_mem_put(mem);
			return ERR_PTR(-ENOMEM);
		}
		mem->chunk[mem->nchunks++] = page;
		cond_resched();
	}
	return mem;
}

/**
 * uacce_mem_alloc_region - memory for a DUS region, or for doorbells
 * @len: bytes, multiple of the page size
 * @node: NUMA node, or NUMA_NO_NODE
 *
 * Zeroed; charged to the memory cgroup of the caller.
 */
struct uacce_mem *uacce_mem_alloc_region(size_t len, int node)
{
	return mem_alloc(UACCE_MEM_REGION, len, PAGE_SHIFT, node, __GFP_HIGHMEM);
}
EXPORT_SYMBOL_GPL(uacce_mem_alloc_region);

/* Where memory has to be for a device that gets physical addresses. */
static gfp_t device_zone(const struct uacce_device *uacce)
{
	bool low = uacce->flags & UACCE_DEV_NOIOMMU && uacce->dma_limit <= DMA_BIT_MASK(32);

	return low ? GFP_DMA32 : 0;
}

/**
 * uacce_mem_alloc_contiguous - memory for rings, in one physical piece
 * @uacce: device that gets its address
 * @len: bytes, a power of two and at least a page
 *
 * Zeroed, and in the kernel's linear mapping; otherwise as uacce_mem_alloc_region().
 */
struct uacce_mem *uacce_mem_alloc_contiguous(struct uacce_device *uacce, size_t len)
{
	return mem_alloc(UACCE_MEM_REGION, len, ilog2(len), dev_to_node(&uacce->dev),
			 device_zone(uacce));
}
EXPORT_SYMBOL_GPL(uacce_mem_alloc_contiguous);

struct uacce_mem *uacce_mem_alloc_dko(struct uacce_device *uacce, size_t len)
{
	return mem_alloc(UACCE_MEM_DKO, len, PAGE_SHIFT, dev_to_node(&uacce->dev), 0);
}

static int cmp_pfn(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page * const *)a);
	unsigned long y = page_to_pfn(*(struct page * const *)b);

	return x < y ? -1 : x > y;
}

/* Hugepages for @len bytes, in the order of their addresses so that slices are few. */
struct uacce_mem *uacce_mem_alloc_ss(struct uacce_device *uacce, size_t len)
{
	size_t full = ALIGN(len, PMD_SIZE);
	struct uacce_mem *mem, charge = {};
	int ret;

	/* Charge first: a request over the limit must not disturb anybody by trying. */
	ret = mem_charge(&charge, full >> PAGE_SHIFT);
	if (ret)
		return ERR_PTR(ret);
	mem = mem_alloc(UACCE_MEM_SS, len, PMD_SHIFT, dev_to_node(&uacce->dev),
			device_zone(uacce));
	if (IS_ERR(mem)) {
		mem_uncharge(&charge);
		return mem;
	}
	mem->mm = charge.mm;
	mem->user = charge.user;
	mem->charged = charge.charged;
	sort(mem->chunk, mem->nchunks, sizeof(*mem->chunk), cmp_pfn, NULL);
	return mem;
}

/* ---- adoption ---- */

/*
 * Hugepage size of the range if all of it is the caller's own shared, writable hugetlb memory; only
 * such memory is never copied by a fork. mmap_lock is held.
 */
static long adoptable(unsigned long addr, size_t len)
{
	unsigned long end = addr + len, size = 0;
	struct vm_area_struct *vma;

	while (addr < end) {
		vma = find_vma(current->mm, addr);
		if (!vma || vma->vm_start > addr || !is_vm_hugetlb_page(vma) ||
		    (vma->vm_flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
			return -EFAULT;
		if (size && vma_kernel_pagesize(vma) != size)
			return -EFAULT;
		size = vma_kernel_pagesize(vma);
		addr = vma->vm_end;
	}
	return size;
}

/*
 * One pin for each hugepage holds all of it. The VMAs may change whenever the lock is dropped, so
 * the check and the pins share one hold of it.
 */
static struct uacce_mem *pin_range(unsigned long addr, size_t len)
{
	struct uacce_mem *mem;
	long size, n;

	size = adoptable(addr, len);
	if (size < 0)
		return ERR_PTR(size);
	if (!IS_ALIGNED(addr, size) || !IS_ALIGNED(len, size))
		return ERR_PTR(-EINVAL);
	mem = mem_new(UACCE_MEM_ADOPTED, len, ilog2(size));
	if (IS_ERR(mem))
		return mem;
	mem->addr = addr;
	while (addr < mem->addr + len) {
		n = fatal_signal_pending(current) ? -EINTR :
			uacce_pin_pages(addr, 1, FOLL_WRITE | FOLL_LONGTERM,
					&mem->chunk[mem->nchunks]);
		if (n != 1) {
			uacce_mem_put(mem);
			return ERR_PTR(n < 0 ? n : -EFAULT);
		}
		mem->nchunks++;
		addr += size;
	}
	return mem;
}

struct uacce_mem *uacce_mem_adopt(unsigned long addr, size_t len, bool charge)
{
	struct uacce_mem *mem, account = {};
	int ret;

	if (charge) {
		ret = mem_charge(&account, len >> PAGE_SHIFT);
		if (ret)
			return ERR_PTR(ret);
	}
	if (mmap_read_lock_killable(current->mm)) {
		mem = ERR_PTR(-EINTR);
	} else {
		mem = pin_range(addr, len);
		mmap_read_unlock(current->mm);
	}
	if (IS_ERR(mem)) {
		mem_uncharge(&account);
		return mem;
	}
	mem->mm = account.mm;
	mem->user = account.user;
	mem->charged = account.charged;
	return mem;
}

bool uacce_mem_same_pages(const struct uacce_mem *a, const struct uacce_mem *b)
{
	return a->nchunks == b->nchunks && a->chunk_shift == b->chunk_shift &&
	       !memcmp(a->chunk, b->chunk, a->nchunks * sizeof(*a->chunk));
}

static bool has_memory(struct uacce_queue *q)
{
	return uacce_memory_model(q->uacce->flags) != UACCE_MEMORY_SVA;
}

/*
 * The queue's domain, with a reference: locked is only the domain, so the device may go away.
 * Threads that adopt the same range on several queues at once all get the same memory.
 */
static struct uacce_domain *adopt_begin(struct uacce_queue *q)
{
	struct uacce_domain *domain = NULL;

	mutex_lock(&q->lock);
	if (uacce_queue_alive(q)) {
		domain = q->domain;
		refcount_inc(&domain->ref);
	}
	mutex_unlock(&q->lock);
	if (!domain)
		return ERR_PTR(-ENXIO);
	if (mutex_lock_killable(&domain->adopt_lock)) {
		uacce_domain_release(domain);
		return ERR_PTR(-EINTR);
	}
	return domain;
}

static void adopt_end(struct uacce_domain *domain)
{
	mutex_unlock(&domain->adopt_lock);
	uacce_domain_release(domain);
}

/* Memory that another queue of this process adopted already, with a reference, or NULL. */
static struct uacce_mem *find_adopted(struct uacce_queue *q, unsigned long addr, size_t len)
{
	struct uacce_mem *mem = ERR_PTR(-ENXIO);

	mutex_lock(&q->lock);
	if (uacce_queue_alive(q))
		mem = uacce_domain_mem(q, addr, len);
	mutex_unlock(&q->lock);
	return mem;
}

/*
 * What to attach for the range: what is adopted already, if it is still the same memory, or newly
 * pinned pages. With a reference. Pages may take any time to be there: only the domain is locked.
 */
static struct uacce_mem *find_or_pin(struct uacce_queue *q, unsigned long addr, size_t len)
{
	struct uacce_mem *mem, *old = find_adopted(q, addr, len);

	if (IS_ERR(old))
		return old;
	mem = uacce_mem_adopt(addr, len, !old);
	if (!old || IS_ERR(mem)) {
		uacce_mem_put(old);
		return mem;
	}
	if (!uacce_mem_same_pages(mem, old)) {
		uacce_mem_put(old);
		old = ERR_PTR(-EEXIST);
	}
	uacce_mem_put(mem);
	return old;
}

/* A queue that is alive now has been so all the time, and has the same domain. */
static int adopt_attach(struct uacce_queue *q, struct uacce_mem *mem)
{
	int ret = uacce_call_enter(q);

	if (ret)
		return ret;
	ret = -ENXIO;
	mutex_lock(&q->lock);
	if (uacce_queue_alive(q))
		ret = uacce_is_attached(q, mem) ? -EEXIST : uacce_attach(q, mem);
	mutex_unlock(&q->lock);
	uacce_call_leave(q);
	return ret;
}

static int adopt_range(struct uacce_queue *q, struct uacce_adopt *adopt)
{
	struct uacce_slice slice;
	struct uacce_mem *mem;
	int ret;

	mem = find_or_pin(q, adopt->addr, adopt->len);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	ret = adopt_attach(q, mem);
	if (!ret) {
		adopt->slices = uacce_mem_slice(q->uacce, mem, SIZE_MAX, 0, &slice);
		adopt->dev_addr = slice.dev_addr;
	}
	uacce_mem_put(mem);
	return ret;
}

int uacce_adopt(struct uacce_queue *q, struct uacce_adopt *adopt)
{
	struct uacce_domain *domain;
	int ret;

	if (!has_memory(q))
		return -EOPNOTSUPP;
	if (adopt->flags || !adopt->len || !PAGE_ALIGNED(adopt->addr | adopt->len) ||
	    adopt->addr + adopt->len < adopt->addr || adopt->addr + adopt->len > TASK_SIZE)
		return -EINVAL;
	domain = adopt_begin(q);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = adopt_range(q, adopt);
	adopt_end(domain);
	return ret;
}

int uacce_unadopt(struct uacce_queue *q, const struct uacce_adopt *adopt)
{
	struct uacce_mem *mem;
	int ret = -ENXIO;

	if (!has_memory(q))
		return -EOPNOTSUPP;
	if (adopt->flags)
		return -EINVAL;
	mutex_lock(&q->lock);
	if (uacce_queue_alive(q)) {
		mem = uacce_attached_range(q, adopt->addr, adopt->len);
		ret = mem ? 0 : -EINVAL;
		if (mem)
			uacce_detach(q, mem);
	}
	mutex_unlock(&q->lock);
	return ret;
}

/* ---- device addresses ---- */

static bool contiguous(const struct uacce_mem *mem, unsigned long i)
{
	return page_to_pfn(mem->chunk[i]) + (1UL << (mem->chunk_shift - PAGE_SHIFT)) ==
	       page_to_pfn(mem->chunk[i + 1]);
}

/**
 * uacce_mem_slice - one piece of memory that is contiguous for process and device
 * @uacce: whose addresses
 * @mem: SS, adopted or DKO memory
 * @limit: longest slice to tell, multiple of its chunks
 * @index: which slice
 * @slice: filled in if there is such a slice
 *
 * Return: number of slices in all.
 */
unsigned int uacce_mem_slice(const struct uacce_device *uacce, const struct uacce_mem *mem,
			     size_t limit, unsigned int index, struct uacce_slice *slice)
{
	unsigned long i, start = 0, chunk = 1UL << mem->chunk_shift;
	unsigned int n = 0;

	if (uacce_memory_model(uacce->flags) != UACCE_MEMORY_NOIOMMU) {
		if (!index)
			*slice = (struct uacce_slice){ mem->addr, mem->addr, mem->len };
		return 1;
	}
	for (i = 0; i < mem->nchunks; i++) {
		if (i + 1 < mem->nchunks && contiguous(mem, i) &&
		    (i + 2 - start) << mem->chunk_shift <= max_t(size_t, limit, chunk))
			continue;
		if (n++ == index) {
			slice->addr = mem->addr + (start << mem->chunk_shift);
			slice->dev_addr = page_to_phys(mem->chunk[start]);
			slice->len = min_t(size_t, (i + 1 - start) << mem->chunk_shift,
					   mem->len - (start << mem->chunk_shift));
		}
		start = i + 1;
	}
	return n;
}
EXPORT_SYMBOL_GPL(uacce_mem_slice);

long uacce_get_ss_dma(struct uacce_queue *q, u64 *value)
{
	struct uacce_slice slice;
	struct uacce_mem *mem;
	u64 index = *value;
	unsigned int n;
	long ret;

	mutex_lock(&q->lock);
	mem = q->regions[UACCE_QFRT_SS].mem;
	if (!uacce_queue_alive(q)) {
		ret = -ENXIO;
	} else if (!mem) {
		ret = -ENOENT;
	} else {
		n = index > UINT_MAX ? 0 :
			uacce_mem_slice(q->uacce, mem, UACCE_SS_DMA_MAX, index, &slice);
		ret = index < n ? (long)(n - 1 - index) : -EINVAL;
	}
	mutex_unlock(&q->lock);
	if (ret < 0)
		return ret;
	*value = slice.dev_addr | min_t(u64, ALIGN(slice.len, 1UL << UACCE_SS_DMA_SIZE_SHIFT) >>
					UACCE_SS_DMA_SIZE_SHIFT, UACCE_SS_DMA_SIZE_MASK);
	return ret;
}

static struct uacce_mem *slices_mem(struct uacce_queue *q, u64 addr)
{
	struct uacce_mem *mem;

	mutex_lock(&q->lock);
	mem = addr ? uacce_attached_mem(q, addr) : q->regions[UACCE_QFRT_SS].mem;
	if (!uacce_queue_alive(q))
		mem = ERR_PTR(-ENXIO);
	else if (!mem)
		mem = ERR_PTR(-ENOENT);
	else
		uacce_mem_get(mem);
	mutex_unlock(&q->lock);
	return mem;
}

int uacce_get_slices(struct uacce_queue *q, struct uacce_slices *s)
{
	struct uacce_slice __user *out = u64_to_user_ptr(s->slices);
	unsigned int room = s->count;
	struct uacce_slice slice;
	struct uacce_mem *mem;
	int ret = 0;

	if (s->reserved)
		return -EINVAL;
	mem = slices_mem(q, s->addr);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	s->total = uacce_mem_slice(q->uacce, mem, SIZE_MAX, UINT_MAX, &slice);
	for (s->count = 0; s->count < room && s->first + s->count < s->total; s->count++) {
		uacce_mem_slice(q->uacce, mem, SIZE_MAX, s->first + s->count, &slice);
		if (copy_to_user(&out[s->count], &slice, sizeof(slice))) {
			ret = -EFAULT;
			break;
		}
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		/* Each slice is looked for from the start. */
		cond_resched();
	}
	uacce_mem_put(mem);
	return ret;
}

/* ---- sharing ---- */

/*
 * The source's lock is not held while the target's is taken: the reference is enough, and two
 * processes' worth of lock orders need no thought.
 */
int uacce_ss_share(struct uacce_queue *q, unsigned long fd)
{
	struct uacce_region *region;
	struct uacce_queue *target;
	struct uacce_mem *mem;
	struct file *file;
	int ret = -ENXIO;

	file = fd > INT_MAX ? NULL : fget(fd);
	if (!file)
		return -EBADF;
	if (file->f_op != &uacce_fops) {
		fput(file);
		return -EBADF;
	}
	target = file->private_data;
	region = &target->regions[UACCE_QFRT_SS];
	if (target->mm != current->mm) {
		ret = -EPERM;
		goto out_file;
	}
	mutex_lock(&q->lock);
	mem = q->regions[UACCE_QFRT_SS].mem;
	if (mem)
		uacce_mem_get(mem);
	mutex_unlock(&q->lock);
	if (!mem) {
		ret = -ENOENT;
		goto out_file;
	}
	mutex_lock(&target->lock);
	if (!uacce_queue_alive(target))
		goto out_unlock;
	ret = -EEXIST;
	if (region->mem)
		goto out_unlock;
	ret = -EOPNOTSUPP;
	if (!has_memory(target) || mem->len > target->uacce->region_size[UACCE_QFRT_SS])
		goto out_unlock;
	ret = uacce_attach(target, mem);
	if (!ret)
		region->mem = uacce_mem_get(mem);
out_unlock:
	mutex_unlock(&target->lock);
	uacce_mem_put(mem);
out_file:
	fput(file);
	return ret;
}
