/* SPDX-License-Identifier: GPL-2.0 */
/* Private to the uacce module. */
#ifndef UACCE_INTERNAL_H
#define UACCE_INTERNAL_H

#include <linux/iommu.h>
#include <uacce_device.h>
#include "compat.h"

#define UACCE_MAX_DEVICES	(MINORMASK / 2)
/* File offsets of the published table: one TiB for each region, above the small numbers. */
#define UACCE_REGION_SHIFT	40
#define UACCE_REGION_PAGES	(1UL << (UACCE_REGION_SHIFT - PAGE_SHIFT))
/* What fits into a file offset: a number, a region, an offset in the region. */
#define UACCE_MAX_QUEUES	(1U << (63 - UACCE_REGION_SHIFT - 2))
/* What the size bits of UACCE_CMD_GET_SS_DMA can say, in whole hugepages. */
#define UACCE_SS_DMA_MAX	((UACCE_SS_DMA_SIZE_MASK << UACCE_SS_DMA_SIZE_SHIFT) & PMD_MASK)

/**
 * struct uacce_domain - the addresses that one process's queues of one device can reach
 * @users: queues
 * @ref: who uses the struct: all queues together, and adoptions
 * @adopt_lock: one adoption at a time; taken before any lock of a device's, and before mmap_lock
 * @maps: struct uacce_map, under @lock
 * @iommu: domain of the IOMMU, or NULL
 * @sva: binding of the process's page table, or NULL
 * @client: number of the domain at its device
 */
struct uacce_domain {
	struct list_head list;
	struct uacce_device *uacce;
	struct mm_struct *mm;
	unsigned int users;
	refcount_t ref;
	struct mutex adopt_lock;
	struct mutex lock;
	struct list_head maps;
	struct iommu_domain *iommu;
	struct iommu_sva *sva;
	u32 pasid;
	u32 client;
};

/* chrdev.c */
extern const struct file_operations uacce_fops;
bool uacce_queue_alive(const struct uacce_queue *q);
bool uacce_queue_is_owner(const struct uacce_queue *q);
void uacce_queue_kill(struct uacce_queue *q);

/* ioctl.c */
int uacce_call_enter(struct uacce_queue *q);
void uacce_call_leave(struct uacce_queue *q);
long uacce_queue_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* sysfs.c */
extern const struct attribute_group *uacce_dev_groups[];
u64 uacce_region_offset(enum uacce_qfrt type);

/* shared_memory.c */
struct uacce_mem *uacce_mem_alloc_ss(struct uacce_device *uacce, size_t len);
struct uacce_mem *uacce_mem_alloc_dko(struct uacce_device *uacce, size_t len);
struct uacce_mem *uacce_mem_adopt(unsigned long addr, size_t len, bool charge);
bool uacce_mem_same_pages(const struct uacce_mem *a, const struct uacce_mem *b);
int uacce_queue_mmap(struct uacce_queue *q, struct vm_area_struct *vma, enum uacce_qfrt type);
int uacce_ss_share(struct uacce_queue *q, unsigned long fd);
int uacce_adopt(struct uacce_queue *q, struct uacce_adopt *adopt);
int uacce_unadopt(struct uacce_queue *q, const struct uacce_adopt *adopt);
long uacce_get_ss_dma(struct uacce_queue *q, u64 *value);
int uacce_get_slices(struct uacce_queue *q, struct uacce_slices *s);

/* domain.c */
u32 uacce_negotiate_flags(struct device *parent, u32 flags, const struct uacce_ops *ops);
void uacce_release_features(struct uacce_device *uacce);
int uacce_check_device(struct uacce_device *uacce);
enum uacce_memory uacce_memory_model(u32 flags);
int uacce_domain_get(struct uacce_queue *q);
void uacce_domain_put(struct uacce_queue *q);
void uacce_domain_release(struct uacce_domain *domain);
void uacce_domains_unbind(struct uacce_device *uacce);
int uacce_attach(struct uacce_queue *q, struct uacce_mem *mem);
void uacce_detach(struct uacce_queue *q, struct uacce_mem *mem);
void uacce_detach_all(struct uacce_queue *q);
bool uacce_is_attached(struct uacce_queue *q, const struct uacce_mem *mem);
struct uacce_mem *uacce_attached_mem(struct uacce_queue *q, unsigned long addr);
struct uacce_mem *uacce_attached_range(struct uacce_queue *q, unsigned long addr, size_t len);
struct uacce_mem *uacce_domain_mem(struct uacce_queue *q, unsigned long addr, size_t len);

#endif
