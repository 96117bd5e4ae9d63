/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * uacce: what a process may do with a queue of an accelerator.
 *
 * A queue is one open() of the device's node. Everything the hardware shares with the process is
 * a region of that file. A client's order of calls is
 *
 *	open -> [device's own ioctls] -> mmap DUS, MMIO, [SS] -> UACCE_CMD_START_Q -> ... -> close
 *
 * Numbers up to 'W', 3 are those that shipped kernels and libraries use; 'W', 0x40 and up exist
 * in this module only. The sysfs attribute "abi" (UACCE_ABI) tells this module from others
 * without a failing call.
 *
 * Only the process that opened a queue may use it. To anybody else who holds the descriptor (a
 * child after fork(), a receiver of SCM_RIGHTS) ioctl() and mmap() say -EPERM and poll() says
 * EPOLLERR. A child has none of the parent's mappings of a queue.
 *
 * errno values that every call may give:
 *	-EPERM	the caller is not the process that opened the queue
 *	-ENXIO	the queue is dead: its device is gone or gave the queue up, or the opener's address
 *		space is gone. poll() says EPOLLERR | EPOLLHUP. Mappings stay readable and writable
 *		memory, so a polling loop never gets a signal; nothing behind them works any more.
 */
#ifndef _UAPI_UACCE_UACCE_H
#define _UAPI_UACCE_UACCE_H

#include <linux/types.h>
#include <linux/ioctl.h>

/* Content of the sysfs attribute "abi" and of struct uacce_info.abi. */
#define UACCE_ABI		1

/* Start a queue. -EINVAL unless it is in the state INIT. */
#define UACCE_CMD_START_Q	_IO('W', 0)
/*
 * Stop a queue; when the call returns the device touches no memory on behalf of it. Returns 0
 * also for a queue that was not started. The queue may be started again.
 */
#define UACCE_CMD_PUT_Q		_IO('W', 1)
/*
 * Give the SS region of this queue to the queue whose descriptor is the argument (by value) too.
 * The target may belong to another device. Addresses of the region stay the same for the process;
 * the device address may differ (ask the target).
 *	-EBADF	not a descriptor of a queue
 *	-EPERM	the target was opened by another process
 *	-ENOENT	this queue has no SS region
 *	-EEXIST	the target has one already
 *	-EOPNOTSUPP the target's device works on SVA, or has no SS
 */
#define UACCE_CMD_SHARE_SVAS	_IO('W', 2)
/*
 * Device address of one slice of the SS region. In: index of the slice. Out: device address |
 * ((size of the slice / 64 KiB) & 0xfff). Returns the number of slices after this one, so 0 is the
 * last; slices are in the order of the mapping. With UACCE_DEV_IOMMU there is one slice, and the
 * size bits say nothing. Without, a slice is shorter than 256 MiB. -ENOENT: no SS region;
 * -EINVAL: no such slice. UACCE_CMD_GET_SLICES has no such limits.
 */
#define UACCE_CMD_GET_SS_DMA	_IOR('W', 3, unsigned long)

#define UACCE_SS_DMA_SIZE_MASK	0xfffUL
#define UACCE_SS_DMA_SIZE_SHIFT	16

/*
 * Device flags, as sysfs shows them. The bits below 0x100 are those in use elsewhere.
 *
 * UACCE_DEV_SVA	the device works on the process's page table: any address will do. Implies
 *			UACCE_DEV_PASID and UACCE_DEV_FAULT_FROM_DEV, which need not be set beside
 *			it
 * UACCE_DEV_NOIOMMU	device addresses are physical; the opener needs CAP_SYS_RAWIO
 * UACCE_DEV_PASID	several processes at once (without it: one at a time, unless NOIOMMU)
 * UACCE_DEV_IOMMU	device address = virtual address, for SS and adopted memory only
 * UACCE_DEV_FAULT_FROM_DEV  the device can raise page faults
 * UACCE_DEV_SHARE_DOMAIN    as UACCE_DEV_IOMMU, and the kernel's share of the device's memory is
 *			     the DKO region: map it before the start
 * UACCE_DEV_DB_SLOTS	doorbells are memory, with one slot for each command (served devices)
 *
 * The memory that a process reserves or adopts on one queue is at the device for all queues that
 * the process has there, until the last queue that reserved, adopted or was given it lets go of it.
 */
#define UACCE_DEV_SVA			0x1
#define UACCE_DEV_NOIOMMU		0x2
#define UACCE_DEV_PASID			0x4
#define UACCE_DEV_IOMMU			0x80
#define UACCE_DEV_FAULT_FROM_DEV	0x100
#define UACCE_DEV_SHARE_DOMAIN		0x200
#define UACCE_DEV_DB_SLOTS		0x10000

/**
 * enum uacce_qfrt - region of a queue file
 * @UACCE_QFRT_MMIO: device registers, or doorbell memory of a device that has none
 * @UACCE_QFRT_DUS: rings and status that process and device share; length = region_dus_size
 * @UACCE_QFRT_SS: static shared memory, length chosen by the process, backed by hugepages
 * @UACCE_QFRT_DKO: the kernel's own memory at the device, in the process's address range so that
 *	nothing else gets there; touching it is a SIGSEGV. length = region_dko_size
 *
 * A region is mapped at file offset (region number * page size), MAP_SHARED, each at most once at
 * a time (-EEXIST). The offsets that struct uacce_info.region_offset (and attrs/qfrs_offset)
 * tell mean the same regions.
 */
enum uacce_qfrt {
	UACCE_QFRT_MMIO = 0,
	UACCE_QFRT_DUS = 1,
	UACCE_QFRT_SS = 2,
	UACCE_QFRT_DKO = 3,
};

#define UACCE_QFRT_MAX		4

/**
 * enum uacce_memory - what an address in a descriptor has to be
 * @UACCE_MEMORY_SVA: any virtual address of the process
 * @UACCE_MEMORY_IOMMU: virtual address of SS or adopted memory
 * @UACCE_MEMORY_SHARE_DOMAIN: as IOMMU, one process at a time, with a DKO region
 * @UACCE_MEMORY_NOIOMMU: physical address of SS or adopted memory (ask for its slices)
 */
enum uacce_memory {
	UACCE_MEMORY_SVA = 0,
	UACCE_MEMORY_IOMMU = 1,
	UACCE_MEMORY_SHARE_DOMAIN = 2,
	UACCE_MEMORY_NOIOMMU = 3,
};

/**
 * enum uacce_state - state of a queue as UACCE_CMD_INFO tells it
 */
enum uacce_state {
	UACCE_STATE_INIT = 1,
	UACCE_STATE_STARTED = 2,
};

/**
 * struct uacce_info - UACCE_CMD_INFO
 * @size: in: size of this struct as the caller knows it; out: bytes that were filled in.
 *	-EINVAL if smaller than the first version, 96 bytes. Bytes past what the kernel knows are
 *	left alone.
 * @abi: UACCE_ABI
 * @flags: UACCE_DEV_*
 * @memory: enum uacce_memory
 * @state: enum uacce_state
 * @node: NUMA node of the device, -1 = unknown
 * @region_size: bytes of each region; 0 = the device has no such region. For SS: the most that one
 *	queue may reserve
 * @region_offset: file offset of each region in the table of the specification
 * @ss_page: bytes of a hugepage of SS
 */
struct uacce_info {
	__u32 size;
	__u32 abi;
	__u32 flags;
	__u32 memory;
	__u32 state;
	__s32 node;
	__u64 region_size[UACCE_QFRT_MAX];
	__u64 region_offset[UACCE_QFRT_MAX];
	__u64 ss_page;
};

/**
 * struct uacce_adopt - UACCE_CMD_ADOPT, UACCE_CMD_UNADOPT
 * @addr: start, aligned to the hugepage
 * @len: bytes, multiple of the hugepage
 * @dev_addr: out of ADOPT: device address of @addr. Only the first slice's with
 *	UACCE_MEMORY_NOIOMMU: see @slices
 * @slices: out of ADOPT: how many physically contiguous pieces UACCE_CMD_GET_SLICES will tell
 * @flags: 0
 *
 * The memory must be the caller's own, writable, of shared hugetlb mappings throughout, and of one
 * hugepage size. It is pinned and counts against RLIMIT_MEMLOCK until UNADOPT of the same range, or
 * close of the queue. Adopting the same range on another queue of the process costs nothing and is
 * undone separately. Unmapping adopted memory before
 * UNADOPT leaves it pinned and its device address taken.
 *
 *	-EINVAL	alignment, or flags; UNADOPT: no such range on this queue
 *	-EFAULT	not mapped, or not writable, or not shared hugetlb memory
 *	-EEXIST	adopted already on this queue, or overlaps other memory of the device
 *	-ENOMEM	over RLIMIT_MEMLOCK, or out of memory
 *	-ENOBUFS a served device: its server does not read its events (mmap() of SS says so, too)
 *	-ERANGE	the device cannot address it
 *	-EOPNOTSUPP device works on SVA: there is nothing to adopt
 */
struct uacce_adopt {
	__u64 addr;
	__u64 len;
	__u64 dev_addr;
	__u32 slices;
	__u32 flags;
};

/**
 * struct uacce_slice - memory that is contiguous for the process and for the device
 * @addr: virtual address
 * @dev_addr: device address
 * @len: bytes
 */
struct uacce_slice {
	__u64 addr;
	__u64 dev_addr;
	__u64 len;
};

/**
 * struct uacce_slices - UACCE_CMD_GET_SLICES
 * @addr: any address inside adopted memory or SS; 0 = the SS region
 * @first: index of the first slice to write
 * @count: in: room at @slices; out: slices written
 * @total: out: slices in all
 * @reserved: 0
 * @slices: user pointer to struct uacce_slice[count], in order of address
 *
 * -ENOENT: the queue has no such memory.
 */
struct uacce_slices {
	__u64 addr;
	__u32 first;
	__u32 count;
	__u32 total;
	__u32 reserved;
	__u64 slices;
};

#define UACCE_CMD_INFO		_IOWR('W', 0x40, struct uacce_info)
#define UACCE_CMD_ADOPT		_IOWR('W', 0x41, struct uacce_adopt)
#define UACCE_CMD_UNADOPT	_IOW('W', 0x42, struct uacce_adopt)
#define UACCE_CMD_GET_SLICES	_IOWR('W', 0x43, struct uacce_slices)
/*
 * Tell a device whose doorbells are memory to look at them: its server may sleep. -EOPNOTSUPP if
 * the device has real doorbells.
 */
#define UACCE_CMD_KICK		_IO('W', 0x44)

#endif
