/* SPDX-License-Identifier: GPL-2.0 */
/* Every difference between the kernels that this module builds on: 6.1 and later. */
#ifndef UACCE_COMPAT_H
#define UACCE_COMPAT_H

#include <linux/capability.h>
#include <linux/device/class.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#include <linux/sched/exec_state.h>
#endif

static inline struct class *uacce_class_create(const char *name)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return class_create(THIS_MODULE, name);
#else
	return class_create(name);
#endif
}

static inline void uacce_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags |= flags;
#else
	vm_flags_set(vma, flags);
#endif
}

static inline void uacce_vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	vma->vm_flags &= ~flags;
#else
	vm_flags_clear(vma, flags);
#endif
}

static inline vm_fault_t uacce_insert_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, write);
#endif
}

static inline long uacce_pin_pages(unsigned long addr, unsigned long n, unsigned int flags,
				   struct page **pages)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	return pin_user_pages(addr, n, flags, pages, NULL);
#else
	return pin_user_pages(addr, n, flags, pages);
#endif
}

static inline long uacce_pin_remote(struct mm_struct *mm, unsigned long addr, unsigned long n,
				    unsigned int flags, struct page **pages, int *locked)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	return pin_user_pages_remote(mm, addr, n, flags, pages, NULL, locked);
#else
	return pin_user_pages_remote(mm, addr, n, flags, pages, locked);
#endif
}

/*
 * The second half of what ptrace asks for: a dumpable process if it has the caller's user, else
 * CAP_SYS_PTRACE over it. 7.2 keeps both with the task; an address space that nobody owns any more,
 * or a kernel that does not say who does, takes the capability over everything.
 */
static inline bool uacce_may_trace(struct mm_struct *mm, bool same_user)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0)
	if (same_user && get_dumpable(mm) == SUID_DUMP_USER)
		return true;
	return ns_capable(mm->user_ns, CAP_SYS_PTRACE);
#elif defined(CONFIG_MEMCG)
	struct user_namespace *ns = NULL;
	struct task_exec_state *exec;
	struct task_struct *owner;
	bool dumpable = false, allowed;

	rcu_read_lock();
	owner = rcu_dereference(mm->owner);
	if (owner) {
		/* Not freed, nor its namespace put, before the end of this section. */
		exec = rcu_dereference(owner->exec_state);
		dumpable = READ_ONCE(exec->dumpable) == TASK_DUMPABLE_OWNER;
		ns = get_user_ns(exec->user_ns);
	}
	rcu_read_unlock();
	allowed = (same_user && dumpable) ||
		  ns_capable(ns ? ns : &init_user_ns, CAP_SYS_PTRACE);
	put_user_ns(ns);
	return allowed;
#else
	return capable(CAP_SYS_PTRACE);
#endif
}

static inline int uacce_iommu_map(struct iommu_domain *domain, unsigned long iova,
				  phys_addr_t phys, size_t len, int prot)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return iommu_map(domain, iova, phys, len, prot);
#else
	return iommu_map(domain, iova, phys, len, prot, GFP_KERNEL_ACCOUNT);
#endif
}

static inline struct iommu_domain *uacce_iommu_domain_alloc(struct device *dev)
{
	struct iommu_domain *domain;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	domain = iommu_domain_alloc(dev->bus);
	return domain ? domain : ERR_PTR(-ENOMEM);
#else
	domain = iommu_paging_domain_alloc(dev);
	return domain;
#endif
}

static inline struct iommu_sva *uacce_sva_bind(struct device *dev, struct mm_struct *mm)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return iommu_sva_bind_device(dev, mm, NULL);
#else
	return iommu_sva_bind_device(dev, mm);
#endif
}

/* Since 6.16 the drivers of IOMMUs enable these by themselves; without PASID there is nothing. */
static inline int uacce_sva_enable(struct device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	int ret = iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF);

	if (ret)
		return ret;
	ret = iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA);
	if (ret)
		iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
	return ret;
#else
	return device_iommu_mapped(dev) && dev->iommu && dev->iommu->max_pasids ? 0 : -ENODEV;
#endif
}

static inline void uacce_sva_disable(struct device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA);
	iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
#endif
}

#endif
