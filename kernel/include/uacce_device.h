/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uacce: what a driver needs to offer queues of its device to processes.
 *
 *	uacce = uacce_alloc(parent, &interface);
 *	... fill in api, algorithms, region sizes, priv ...
 *	uacce_register(uacce);
 *	...
 *	uacce_unregister(uacce);
 *
 * Lock order: domain->adopt_lock > uacce->lock > queue->op_lock > mmap_lock > queue->lock >
 * domain->lock. Only adopt_lock, which other processes never wait for, is held while the caller's
 * memory is touched.
 */
#ifndef UACCE_DEVICE_H
#define UACCE_DEVICE_H

#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/wait.h>
#include <uacce/uacce.h>

#define UACCE_NAME_LEN	64

/*
 * How a driver is told to work, by a module parameter "uacce_mode" of its own (see
 * uacce_mode_ops).
 */
#define UACCE_MODE_NOUACCE	0	/* do not register here; other frameworks may use it */
#define UACCE_MODE_UACCE	1	/* SVA, or a domain of uacce's */
#define UACCE_MODE_NOIOMMU	2	/* no IOMMU, or one in pass-through mode */

struct uacce_device;
struct uacce_queue;
struct uacce_mem;
struct uacce_domain;
struct uacce_call;

/**
 * struct uacce_ops - what the device can do
 * @get_available_instances: queues that are left; optional
 * @get_queue: open: allocate a queue. May sleep and wait
 * @close_queue: optional: the queue comes to its end. It has been stopped, but what it attached is
 *	still there for the device. May sleep and wait; queue->lock is not held
 * @put_queue: free it; it has been stopped. Never called under queue->lock
 * @start_queue: may sleep and wait; queue->lock is not held
 * @stop_queue: when it returns the hardware touches no memory for the queue. Called with
 *	queue->lock and sometimes mmap_lock held, also for a queue whose start is under way or
 *	failed half
 * @quiesce_queue: optional; called first in UACCE_CMD_PUT_Q, where locks are not held and waiting
 *	for another process is allowed. If it succeeds @stop_queue is not called, unless the process
 *	takes memory away meanwhile
 * @is_q_updated: something to take since the last call? For poll(); optional
 * @mmap: map a region that has no memory of its own (uacce_queue_set_region()): device registers.
 *	With remap_pfn_range() or its like over the whole VMA, which must not get vm_ops. Such pages
 *	are replaced by one page of zeroes when the device goes away, so regions that are polled
 *	(DUS) are better served by uacce_queue_set_region()
 * @ioctl: commands that uacce does not know; optional. Device lock held for reading, so the memory
 *	of the caller is out of bounds: uacce_call_in(), uacce_call_out()
 * @kick: a client says that it wrote a doorbell; optional
 * @mem_add: optional: a device that resolves addresses by itself, whatever the memory model, so
 *	that uacce leaves the IOMMU alone. Called when memory becomes visible to the device through
 *	this queue. mmap_lock and queue->lock may be held
 * @mem_del: the opposite; must not fail
 * @region_fault: optional: somebody touched a page of region memory that was not mapped
 * @get_isolate_state: 0 normal, 1 isolated; optional
 * @isolate_err_threshold_write: errors per hour; optional, with @isolate_err_threshold_read
 * @isolate_err_threshold_read: optional
 */
struct uacce_ops {
	int (*get_available_instances)(struct uacce_device *uacce);
	int (*get_queue)(struct uacce_device *uacce, struct uacce_queue *q);
	void (*close_queue)(struct uacce_queue *q);
	void (*put_queue)(struct uacce_queue *q);
	int (*start_queue)(struct uacce_queue *q);
	void (*stop_queue)(struct uacce_queue *q);
	int (*quiesce_queue)(struct uacce_queue *q);
	bool (*is_q_updated)(struct uacce_queue *q);
	int (*mmap)(struct uacce_queue *q, struct vm_area_struct *vma, enum uacce_qfrt type);
	long (*ioctl)(struct uacce_queue *q, struct uacce_call *call);
	int (*kick)(struct uacce_queue *q);
	int (*mem_add)(struct uacce_queue *q, struct uacce_mem *mem);
	void (*mem_del)(struct uacce_queue *q, struct uacce_mem *mem);
	void (*region_fault)(struct uacce_queue *q, enum uacce_qfrt type);
	int (*get_isolate_state)(struct uacce_device *uacce);
	int (*isolate_err_threshold_write)(struct uacce_device *uacce, u32 num);
	u32 (*isolate_err_threshold_read)(struct uacce_device *uacce);
};

#define UACCE_CALL_IN	4

/**
 * struct uacce_call - a command that the driver knows
 * @cmd: as the caller gave it
 * @arg: likewise
 * @undo: set by uacce_ops.ioctl: called if its results cannot be copied to the caller and the queue
 *	is still alive; same locks
 * @in: copies of the caller's memory
 * @nin: how many are there
 * @missing: one more is wanted
 * @out: results
 * @out_len: their bytes
 */
struct uacce_call {
	unsigned int cmd;
	unsigned long arg;
	void (*undo)(struct uacce_queue *q, struct uacce_call *call);

	struct {
		u64 addr;
		size_t len;
		void *data;
	} in[UACCE_CALL_IN];
	unsigned int nin;
	bool missing;
	void *out;
	size_t out_len;
};

void *uacce_call_in(struct uacce_call *call, u64 addr, size_t len);
void *uacce_call_out(struct uacce_call *call, size_t len);

/**
 * struct uacce_interface - for uacce_alloc()
 * @name: the node becomes /dev/<name>-<id>
 * @flags: UACCE_DEV_*. SVA is taken away again if the IOMMU cannot do it, PASID if the kernel
 *	cannot
 * @ops: what the device can do
 */
struct uacce_interface {
	const char *name;
	u32 flags;
	const struct uacce_ops *ops;
};

/**
 * struct uacce_device - one device; the driver fills the first block between alloc and register
 * @api: name of the protocol; user drivers match it
 * @algorithms: each terminated by '\n'
 * @region_size: bytes by enum uacce_qfrt, 0 = none; for SS the most that one queue may reserve
 * @priv: the driver's
 * @untranslated: the device goes past the IOMMU: physical addresses, whatever the IOMMU does
 * @flags: as negotiated; read it after uacce_alloc()
 * @parent: may be NULL
 * @id: N of /dev/<name>-N and /dev/uaN
 * @ops: NULL once the device is gone; stable under @lock, or a live queue's lock
 * @dma_limit: highest address that the device can reach
 * @lock: read: calls into @ops; write: removal
 * @queues: list of struct uacce_queue.list, under @queues_lock
 * @domains: list of struct uacce_domain, under @domains_lock
 * @retired: those without queues that are still bound, under @domains_lock
 * @clients: domains so far, under @domains_lock
 */
struct uacce_device {
	const char *api;
	const char *algorithms;
	size_t region_size[UACCE_QFRT_MAX];
	void *priv;
	bool untranslated;

	u32 flags;
	struct device *parent;
	u32 id;
	const struct uacce_ops *ops;
	u64 dma_limit;
	struct rw_semaphore lock;
	struct mutex queues_lock;
	struct list_head queues;
	struct mutex domains_lock;
	struct list_head domains;
	struct list_head retired;
	u32 clients;
	struct device dev;
	struct device *alias;
	struct cdev cdev;
	struct cdev alias_cdev;
	bool tainted;
};

/**
 * struct uacce_region - one mapped part of a queue file
 * @mem: memory behind it; NULL: uacce_ops.mmap maps device registers
 * @spare: what a driver-mapped region shows after the device is gone
 * @vmas: VMAs that show it
 */
struct uacce_region {
	struct uacce_mem *mem;
	struct page *spare;
	unsigned int vmas;
};

enum uacce_q_state {
	UACCE_Q_ZOMBIE,		/* device or opener is gone; for ever */
	UACCE_Q_INIT,
	UACCE_Q_STARTING,	/* start_queue() under way, without the lock */
	UACCE_Q_STARTED,
	UACCE_Q_STOPPING,	/* quiesce_queue() under way, without the lock */
};

/**
 * struct uacce_queue - one open of a device
 * @priv: the driver's
 * @uacce: its device; the struct lives as long as the queue, its ops do not
 * @mm: the opener's; for comparing, and for whoever takes care with mmget_not_zero()
 * @cred: the opener's
 * @wait: pollers
 * @client: number of the opener's address space at this device
 * @failed: given up by the driver (uacce_queue_fail)
 * @number: no other queue has it; where its VMAs are in @mapping, which queues share
 * @op_lock: one ioctl at a time
 * @lock: state, regions, attached; taken under mmap_lock, so no user access while holding it
 */
struct uacce_queue {
	void *priv;
	struct uacce_device *uacce;
	struct mm_struct *mm;
	const struct cred *cred;
	wait_queue_head_t wait;
	bool failed;
	struct mutex op_lock;
	struct mutex lock;
	enum uacce_q_state state;
	struct uacce_region regions[UACCE_QFRT_MAX];
	struct uacce_domain *domain;
	struct list_head attached;
	struct list_head list;
	struct address_space *mapping;
	u32 number;
	struct mmu_notifier notifier;
	u32 pasid;
	u32 client;
};

struct uacce_device *uacce_alloc(struct device *parent, const struct uacce_interface *interface);
int uacce_register(struct uacce_device *uacce);
void uacce_unregister(struct uacce_device *uacce);
void uacce_discard(struct uacce_device *uacce);
void uacce_wake_up(struct uacce_queue *q);
void uacce_queue_fail(struct uacce_queue *q);

/**
 * enum uacce_mem_kind - where memory comes from
 */
enum uacce_mem_kind {
	UACCE_MEM_REGION,	/* DUS, or MMIO that is memory */
	UACCE_MEM_SS,
	UACCE_MEM_ADOPTED,
	UACCE_MEM_DKO,
};

/**
 * struct uacce_mem - reference-counted pages that processes and devices share
 * @addr: where the client has it (SS, ADOPTED, DKO); REGION: device address, see
 *	uacce_queue_attach()
 * @read_only: the device may not write there, if it is behind an IOMMU; only for REGION
 * @len: bytes that may be mapped
 * @chunk_shift: log2 of the bytes of each chunk; each is physically contiguous
 * @nchunks: chunks
 * @chunk: first page of each
 *
 * Every mapping, queue and domain that uses the memory holds a reference; the last one frees (or
 * unpins) it and gives the RLIMIT_MEMLOCK charge back.
 */
struct uacce_mem {
	refcount_t ref;
	enum uacce_mem_kind kind;
	bool read_only;
	unsigned long addr;
	size_t len;
	unsigned int chunk_shift;
	unsigned long nchunks;
	struct page **chunk;
	struct mm_struct *mm;
	struct user_struct *user;
	unsigned long charged;
};

struct uacce_mem *uacce_mem_alloc_region(size_t len, int node);
struct uacce_mem *uacce_mem_alloc_contiguous(struct uacce_device *uacce, size_t len);
struct uacce_mem *uacce_mem_get(struct uacce_mem *mem);
void uacce_mem_put(struct uacce_mem *mem);
int uacce_mem_mmap(struct uacce_mem *mem, struct vm_area_struct *vma);
void uacce_mem_write32(struct uacce_mem *mem, size_t offset, u32 value);
unsigned int uacce_mem_slice(const struct uacce_device *uacce, const struct uacce_mem *mem,
			     size_t limit, unsigned int index, struct uacce_slice *slice);
int uacce_queue_attach(struct uacce_queue *q, struct uacce_mem *mem);
void uacce_queue_set_region(struct uacce_queue *q, enum uacce_qfrt type, struct uacce_mem *mem);
void uacce_queue_zap_region(struct uacce_queue *q, enum uacce_qfrt type);
struct page *uacce_mem_page(const struct uacce_mem *mem, size_t offset);

/* module_param_cb(uacce_mode, &uacce_mode_ops, &variable, 0444): 0, 1 or 2 */
extern const struct kernel_param_ops uacce_mode_ops;

#endif
