// SPDX-License-Identifier: GPL-2.0
/*
 * What of a process's memory a device can reach: SVA, a domain of the IOMMU with IOVA = VA, a
 * device that resolves addresses by itself, or physical addresses.
 *
 * A domain belongs to one (device, process). Memory is mapped into it once however many queues of
 * that process attach it, and leaves with the last of them.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "internal.h"

/* Memory in a domain. */
struct uacce_map {
	struct list_head list;
	struct uacce_mem *mem;
	unsigned int users;
};

/* Memory of a queue: one use of a map. */
struct uacce_attach {
	struct list_head list;
	struct uacce_map *map;
};

enum uacce_memory uacce_memory_model(u32 flags)
{
	if (flags & UACCE_DEV_SVA)
		return UACCE_MEMORY_SVA;
	if (flags & UACCE_DEV_NOIOMMU)
		return UACCE_MEMORY_NOIOMMU;
	if (flags & UACCE_DEV_SHARE_DOMAIN)
		return UACCE_MEMORY_SHARE_DOMAIN;
	return UACCE_MEMORY_IOMMU;
}

/* What remains of the flags that a driver asks for. Devices with operations of their own decide. */
u32 uacce_negotiate_flags(struct device *parent, u32 flags, const struct uacce_ops *ops)
{
	if (flags & UACCE_DEV_SVA && !ops->mem_add && (!parent || uacce_sva_enable(parent)))
		flags &= ~(UACCE_DEV_SVA | UACCE_DEV_FAULT_FROM_DEV);
	/* Several domains behind one device take a domain for each PASID: SVA only, for now. */
	if (flags & UACCE_DEV_PASID && !(flags & UACCE_DEV_SVA) && !ops->mem_add)
		flags &= ~UACCE_DEV_PASID;
	return flags;
}

void uacce_release_features(struct uacce_device *uacce)
{
	if (uacce->flags & UACCE_DEV_SVA && !uacce->ops->mem_add)
		uacce_sva_disable(uacce->parent);
}

/* Can the device work the way that its flags say? */
int uacce_check_device(struct uacce_device *uacce)
{
	u32 models = uacce->flags & (UACCE_DEV_SVA | UACCE_DEV_NOIOMMU | UACCE_DEV_IOMMU |
				     UACCE_DEV_SHARE_DOMAIN);
	struct device *parent = uacce->parent;
	struct iommu_domain *domain;

	if (models == (UACCE_DEV_IOMMU | UACCE_DEV_SHARE_DOMAIN))
		models = UACCE_DEV_SHARE_DOMAIN;
	if (!models || !is_power_of_2(models)) {
		dev_err(&uacce->dev, "flags 0x%x name no memory model, or several\n",
			uacce->flags);
		return -EINVAL;
	}
	if (uacce->ops->mem_add || models == UACCE_DEV_SVA)
		return 0;
	if (models == UACCE_DEV_NOIOMMU) {
		domain = parent ? iommu_get_domain_for_dev(parent) : NULL;
		if (uacce->untranslated)
			return 0;
		if (domain && domain->type != IOMMU_DOMAIN_IDENTITY) {
			dev_err(&uacce->dev, "an IOMMU translates: no physical addresses\n");
			return -EINVAL;
		}
		return 0;
	}
	if (!parent || !device_iommu_mapped(parent) || uacce->untranslated) {
		dev_err(&uacce->dev, "no IOMMU\n");
		return -ENODEV;
	}
	return 0;
}

/* Ranges that the platform keeps for itself (interrupts) cannot be IOVA. */
static int check_reserved(struct uacce_domain *domain, const struct uacce_mem *mem)
{
	struct iommu_domain_geometry *geo = &domain->iommu->geometry;
	unsigned long last = mem->addr + mem->len - 1;
	struct iommu_group *group;
	struct iommu_resv_region *r;
	LIST_HEAD(regions);
	int ret;

	if (geo->force_aperture && (mem->addr < geo->aperture_start || last > geo->aperture_end))
		return -ERANGE;
	group = iommu_group_get(domain->uacce->parent);
	if (!group)
		return 0;
	ret = iommu_get_group_resv_regions(group, &regions);
	iommu_group_put(group);
	if (ret)
		goto out;
	list_for_each_entry(r, &regions, list)
		if (r->type != IOMMU_RESV_DIRECT_RELAXABLE && last >= r->start &&
		    mem->addr <= r->start + r->length - 1)
			ret = -ERANGE;
out:
	iommu_put_resv_regions(domain->uacce->parent, &regions);
	return ret;
}

static size_t chunk_bytes(const struct uacce_mem *mem, unsigned long i)
{
	return min_t(size_t, 1UL << mem->chunk_shift, mem->len - (i << mem->chunk_shift));
}

static int domain_map(struct uacce_domain *domain, struct uacce_mem *mem)
{
	int prot = IOMMU_READ | IOMMU_CACHE | (mem->read_only ? 0 : IOMMU_WRITE);
	struct iommu_domain *iommu = domain->iommu;
	unsigned long i;
	size_t done = 0;
	int ret;

	if (!iommu)
		return 0;
	ret = check_reserved(domain, mem);
	if (ret)
		return ret;
	for (i = 0; i < mem->nchunks; i++) {
		size_t len = chunk_bytes(mem, i);

		ret = uacce_iommu_map(iommu, mem->addr + done, page_to_phys(mem->chunk[i]),
				      len, prot);
		if (ret) {
			iommu_unmap(iommu, mem->addr, done);
			return ret;
		}
		done += len;
	}
	return 0;
}

/* Does the device reach physical addresses that high? */
static int check_limit(struct uacce_device *uacce, const struct uacce_mem *mem)
{
	unsigned long i;

	if (uacce_memory_model(uacce->flags) != UACCE_MEMORY_NOIOMMU)
		return mem->addr + mem->len - 1 > uacce->dma_limit ? -ERANGE : 0;
	for (i = 0; i < mem->nchunks; i++)
		if (page_to_phys(mem->chunk[i]) + (1UL << mem->chunk_shift) - 1 > uacce->dma_limit)
			return -ERANGE;
	return 0;
}

static bool overlaps(const struct uacce_mem *a, const struct uacce_mem *b)
{
	return a->addr < b->addr + b->len && b->addr < a->addr + a->len;
}

/* The map of @mem in the domain, one more user of it. */
static struct uacce_map *map_get(struct uacce_domain *domain, struct uacce_mem *mem)
{
	struct uacce_map *map;
	int ret;

	lockdep_assert_held(&domain->lock);
	list_for_each_entry(map, &domain->maps, list) {
		if (map->mem == mem) {
			map->users++;
			return map;
		}
		if (overlaps(map->mem, mem))
			return ERR_PTR(-EEXIST);
	}
	ret = check_limit(domain->uacce, mem);
	if (ret)
		return ERR_PTR(ret);
	map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		return ERR_PTR(-ENOMEM);
	ret = domain_map(domain, mem);
	if (ret) {
		kfree(map);
		return ERR_PTR(ret);
	}
	map->mem = uacce_mem_get(mem);
	map->users = 1;
	list_add_tail(&map->list, &domain->maps);
	return map;
}

static void map_put(struct uacce_domain *domain, struct uacce_map *map)
{
	lockdep_assert_held(&domain->lock);
	if (--map->users)
		return;
	if (domain->iommu)
		iommu_unmap(domain->iommu, map->mem->addr, map->mem->len);
	list_del(&map->list);
	uacce_mem_put(map->mem);
	kfree(map);
}

/**
 * uacce_attach - make memory visible to a queue's device
 * @q: live queue, its lock held
 * @mem: takes a reference of its own
 */
int uacce_attach(struct uacce_queue *q, struct uacce_mem *mem)
{
	struct uacce_domain *domain = q->domain;
	struct uacce_attach *at;
	int ret = 0;

	lockdep_assert_held(&q->lock);
	at = kzalloc(sizeof(*at), GFP_KERNEL_ACCOUNT);
	if (!at)
		return -ENOMEM;
	mutex_lock(&domain->lock);
	at->map = map_get(domain, mem);
	mutex_unlock(&domain->lock);
	if (IS_ERR(at->map)) {
		ret = PTR_ERR(at->map);
		goto err_free;
	}
	if (q->uacce->ops->mem_add) {
		ret = q->uacce->ops->mem_add(q, mem);
		if (ret)
			goto err_map;
	}
	list_add_tail(&at->list, &q->attached);
	return 0;

err_map:
	mutex_lock(&domain->lock);
	map_put(domain, at->map);
	mutex_unlock(&domain->lock);
err_free:
	kfree(at);
	return ret;
}

/**
 * uacce_queue_attach - give a device memory of its driver's at an address of its own
 * @q: in get_queue()
 * @mem: of kind REGION; its addr is where the device finds it. Several queues may attach the same
 *
 * For rings that the device has to reach in the domain of the process. The address is taken for
 * the process's own memory: adopting there gives -EEXIST. Leaves with the queue, after
 * close_queue().
 */
int uacce_queue_attach(struct uacce_queue *q, struct uacce_mem *mem)
{
	int ret;

	mutex_lock(&q->lock);
	ret = uacce_attach(q, mem);
	mutex_unlock(&q->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(uacce_queue_attach);

static void detach_one(struct uacce_queue *q, struct uacce_attach *at)
{
	if (q->uacce->ops->mem_del)
		q->uacce->ops->mem_del(q, at->map->mem);
	list_del(&at->list);
	mutex_lock(&q->domain->lock);
	map_put(q->domain, at->map);
	mutex_unlock(&q->domain->lock);
	kfree(at);
}

void uacce_detach(struct uacce_queue *q, struct uacce_mem *mem)
{
	struct uacce_attach *at;

	lockdep_assert_held(&q->lock);
	list_for_each_entry(at, &q->attached, list) {
		if (at->map->mem == mem) {
			detach_one(q, at);
			return;
		}
	}
}

void uacce_detach_all(struct uacce_queue *q)
{
	struct uacce_attach *at, *next;

	lockdep_assert_held(&q->lock);
	list_for_each_entry_safe(at, next, &q->attached, list)
		detach_one(q, at);
}

bool uacce_is_attached(struct uacce_queue *q, const struct uacce_mem *mem)
{
	struct uacce_attach *at;

	list_for_each_entry(at, &q->attached, list)
		if (at->map->mem == mem)
			return true;
	return false;
}

/* Memory of the process's that @addr lies in. No reference: valid under q->lock. */
struct uacce_mem *uacce_attached_mem(struct uacce_queue *q, unsigned long addr)
{
	struct uacce_attach *at;

	lockdep_assert_held(&q->lock);
	list_for_each_entry(at, &q->attached, list) {
		struct uacce_mem *mem = at->map->mem;

		if (mem->kind != UACCE_MEM_REGION && addr >= mem->addr &&
		    addr - mem->addr < mem->len)
			return mem;
	}
	return NULL;
}

/* Adopted memory of this queue of exactly this range. No reference: valid under q->lock. */
struct uacce_mem *uacce_attached_range(struct uacce_queue *q, unsigned long addr, size_t len)
{
	struct uacce_mem *mem = uacce_attached_mem(q, addr);

	if (!mem || mem->kind != UACCE_MEM_ADOPTED || mem->addr != addr || mem->len != len)
		return NULL;
	return mem;
}

/* Adopted memory of any queue of this process and device; with a reference. Under q->lock. */
struct uacce_mem *uacce_domain_mem(struct uacce_queue *q, unsigned long addr, size_t len)
{
	struct uacce_mem *mem = NULL;
	struct uacce_map *map;

	mutex_lock(&q->domain->lock);
	list_for_each_entry(map, &q->domain->maps, list)
		if (map->mem->kind == UACCE_MEM_ADOPTED && map->mem->addr == addr &&
		    map->mem->len == len)
			mem = uacce_mem_get(map->mem);
	mutex_unlock(&q->domain->lock);
	return mem;
}

/* Connect a new domain with the hardware. */
static int domain_connect(struct uacce_domain *domain)
{
	struct uacce_device *uacce = domain->uacce;
	struct iommu_domain *iommu;
	int ret;

	if (uacce->ops->mem_add || uacce->flags & UACCE_DEV_NOIOMMU)
		return 0;
	if (uacce->flags & UACCE_DEV_SVA) {
		domain->sva = uacce_sva_bind(uacce->parent, domain->mm);
		if (IS_ERR(domain->sva))
			return PTR_ERR(domain->sva);
		domain->pasid = iommu_sva_get_pasid(domain->sva);
		if (domain->pasid == IOMMU_PASID_INVALID) {
			iommu_sva_unbind_device(domain->sva);
			return -ENODEV;
		}
		return 0;
	}
	iommu = uacce_iommu_domain_alloc(uacce->parent);
	if (IS_ERR(iommu))
		return PTR_ERR(iommu);
	ret = iommu_attach_device(iommu, uacce->parent);
	if (ret) {
		iommu_domain_free(iommu);
		return ret;
	}
	domain->iommu = iommu;
	return 0;
}

static struct uacce_domain *domain_new(struct uacce_queue *q)
{
	struct uacce_domain *domain;
	int ret;

	domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->uacce = q->uacce;
	domain->mm = q->mm;
	mutex_init(&domain->lock);
	mutex_init(&domain->adopt_lock);
	refcount_set(&domain->ref, 1);
	INIT_LIST_HEAD(&domain->maps);
	ret = domain_connect(domain);
	if (ret) {
		kfree(domain);
		return ERR_PTR(ret);
	}
	mmgrab(domain->mm);
	domain->client = ++q->uacce->clients;
	list_add_tail(&domain->list, &q->uacce->domains);
	return domain;
}

/**
 * uacce_domain_get - the opener's domain at the device
 * @q: new queue
 *
 * Without PASID a device has one address space, so it takes one process at a time; physical
 * addresses are nobody's.
 */
int uacce_domain_get(struct uacce_queue *q)
{
	struct uacce_device *uacce = q->uacce;
	bool many = uacce->flags & (UACCE_DEV_SVA | UACCE_DEV_PASID | UACCE_DEV_NOIOMMU);
	struct uacce_domain *domain;
	int ret = 0;

	mutex_lock(&uacce->domains_lock);
	list_for_each_entry(domain, &uacce->domains, list) {
		if (domain->mm == q->mm)
			goto found;
		if (!many) {
			ret = -EBUSY;
			goto out;
		}
	}
	domain = domain_new(q);
	if (IS_ERR(domain)) {
		ret = PTR_ERR(domain);
		goto out;
	}
found:
	domain->users++;
	q->domain = domain;
	q->pasid = domain->pasid;
	q->client = domain->client;
out:
	mutex_unlock(&uacce->domains_lock);
	return ret;
}

/* The struct; what it meant for the device is over. */
void uacce_domain_release(struct uacce_domain *domain)
{
	if (!refcount_dec_and_test(&domain->ref))
		return;
	WARN_ON(!list_empty(&domain->maps));
	mmdrop(domain->mm);
	kfree(domain);
}

/*
 * The queue has nothing attached any more. This runs in the release notifier of the process's mm,
 * where a binding of that mm cannot be undone: the IOMMU drivers of 6.1 wait there for all such
 * notifiers to end.
 */
void uacce_domain_put(struct uacce_queue *q)
{
	struct uacce_domain *domain = q->domain;
	struct uacce_device *uacce = q->uacce;

	q->domain = NULL;
	mutex_lock(&uacce->domains_lock);
	if (--domain->users) {
		mutex_unlock(&uacce->domains_lock);
		return;
	}
	if (domain->sva) {
		list_move(&domain->list, &uacce->retired);
		mutex_unlock(&uacce->domains_lock);
		return;
	}
	list_del(&domain->list);
	if (domain->iommu) {
		iommu_detach_device(domain->iommu, uacce->parent);
		iommu_domain_free(domain->iommu);
	}
	mutex_unlock(&uacce->domains_lock);
	uacce_domain_release(domain);
}

/* Bindings of processes that have no queue any more. Under uacce->lock, and not in a notifier. */
void uacce_domains_unbind(struct uacce_device *uacce)
{
	struct uacce_domain *domain, *next;
	LIST_HEAD(retired);

	mutex_lock(&uacce->domains_lock);
	list_splice_init(&uacce->retired, &retired);
	mutex_unlock(&uacce->domains_lock);
	list_for_each_entry_safe(domain, next, &retired, list) {
		iommu_sva_unbind_device(domain->sva);
		uacce_domain_release(domain);
	}
}
