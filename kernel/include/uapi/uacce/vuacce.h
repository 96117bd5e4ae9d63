/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * vuacce: a process (the server) serves a uacce device.
 *
 * open("/dev/vuacce"), VUACCE_CREATE: from now on the descriptor is the device's other side, and
 * /dev/<name>-<id> exists. When its last reference goes (the server dies; copies in children and
 * the server's mappings are references, too) the device is removed; clients get what they get when
 * hardware is unplugged (see uacce.h).
 *
 *	read()	gives whole struct vuacce_event; -EAGAIN with O_NONBLOCK when there is none.
 *	write()	takes whole struct vuacce_reply. An event with a cookie wants exactly one reply,
 *		in any order, from any thread. -ENOENT: nobody waits for that cookie any more
 *		(the client was killed, or VUACCE_TIMEOUT_MS passed and it got -ETIMEDOUT).
 *	poll()	EPOLLIN: events. EPOLLPRI: a doorbell may have been written (VUACCE_ARM, or
 *		UACCE_CMD_KICK of a client); cleared by VUACCE_TAKE_KICKS.
 *	mmap()	at the offset that an event told, MAP_SHARED, gives the server the same memory as
 *		the client. The mapping keeps the memory allocated: unmap it after
 *		VUACCE_EV_MEM_DEL or VUACCE_EV_QUEUE_CLOSE. It also keeps the client's
 *		RLIMIT_MEMLOCK charged. Once the client took memory away the offset is gone
 *		(-ENXIO), perhaps before the server read the event that told it; a mapping that
 *		exists stays good. A length shorter than the memory is fine, and so is an offset
 *		some pages further on. Hugepages want an
 *		address aligned to 2 MiB to be mapped as such (MAP_FIXED, or let the kernel choose,
 *		which aligns).
 *
 * Events of one queue come in order, and those that a client's call causes are queued before that
 * call returns to the client. Doorbells are memory and overtake events: a server that meets an
 * address it does not know reads the events that are pending before it calls the address bad.
 *
 * Addresses in descriptors are, by the flags of the device,
 *	UACCE_DEV_SVA	virtual addresses of the client: VUACCE_COPY moves data from and to them
 *	IOMMU, SHARE_DOMAIN  virtual addresses of the client, only inside memory that
 *			VUACCE_EV_MEM_ADD told for any queue of the same client: access it through
 *			the server's own mapping
 *	NOIOMMU		physical addresses, only inside memory that VUACCE_EV_MEM_ADD told:
 *			VUACCE_MEM_SLICES gives their table
 *
 * Doorbells are memory in the MMIO region, so that a doorbell register which takes two kinds of
 * command would lose writes. A device of the HiSilicon family announces one slot per command there:
 * SQ at 0x1000, CQ at 0x1008, and says so with UACCE_DEV_DB_SLOTS.
 */
#ifndef _UAPI_UACCE_VUACCE_H
#define _UAPI_UACCE_VUACCE_H

#include <linux/types.h>
#include <linux/ioctl.h>
#include <uacce/uacce.h>

#define VUACCE_ABI		1
#define VUACCE_NAME_LEN		32
#define VUACCE_API_LEN		64
#define VUACCE_ALGS_LEN		1024
#define VUACCE_LAST_WORDS	4
#define VUACCE_DATA_LEN		96
#define VUACCE_TIMEOUT_MS	5000
/* When so many events wait for the server, clients get -ENOBUFS. */
#define VUACCE_MAX_EVENTS	8192

/**
 * struct vuacce_last_word - what the kernel writes when the server is gone
 * @region: UACCE_QFRT_MMIO or UACCE_QFRT_DUS
 * @offset: byte offset in the region, multiple of 4
 * @value: the 32-bit word, CPU byte order
 * @reserved: 0
 *
 * Example: the stop words at the end of the DUS region of a HiSilicon queue.
 */
struct vuacce_last_word {
	__u32 region;
	__u32 offset;
	__u32 value;
	__u32 reserved;
};

/**
 * struct vuacce_config - VUACCE_CREATE, once per open
 * @size: sizeof(struct vuacce_config)
 * @flags: UACCE_DEV_*: SVA, or IOMMU [| PASID], or SHARE_DOMAIN [| IOMMU], or NOIOMMU; each with
 *	DB_SLOTS or without. NOIOMMU needs CAP_SYS_RAWIO
 * @name: the node becomes /dev/<name>-<id>; letters, digits, '_' and '-'
 * @api: content of the sysfs attribute
 * @algorithms: content of the sysfs attribute, each algorithm terminated by '\n'
 * @region_size: bytes by enum uacce_qfrt. MMIO, DUS, DKO: multiples of the page size, at most
 *	16 MiB each, 0 = none. SS: the most that one queue may reserve, 0 = no SS region
 * @max_queues: 1 ... 65536
 * @node: NUMA node to claim and to allocate on, -1 = any
 * @last_words: first @nlast are used
 * @id: out: id of the device, the N of /dev/<name>-N and /dev/uaN
 * @abi: out: VUACCE_ABI
 *
 * -EINVAL: a field is out of range; -EBUSY: this descriptor has a device already. All other ioctls
 * say -ENODEV until then.
 */
struct vuacce_config {
	__u32 size;
	__u32 flags;
	char name[VUACCE_NAME_LEN];
	char api[VUACCE_API_LEN];
	char algorithms[VUACCE_ALGS_LEN];
	__u64 region_size[UACCE_QFRT_MAX];
	__u32 max_queues;
	__s32 node;
	__u32 nlast;
	__u32 reserved;
	struct vuacce_last_word last_words[VUACCE_LAST_WORDS];
	__s32 id;
	__u32 abi;
};

/**
 * enum vuacce_event_type
 * @VUACCE_EV_QUEUE_OPEN: a process opens a queue; wants a reply (result 0, or a negative errno that
 *	open() returns). A queue that was refused gets no further events; one whose opener gave up
 *	waiting gets VUACCE_EV_QUEUE_CLOSE
 * @VUACCE_EV_QUEUE_START: UACCE_CMD_START_Q; wants a reply. When the client gave up waiting, a
 *	VUACCE_EV_QUEUE_STOP without cookie follows
 * @VUACCE_EV_QUEUE_STOP: UACCE_CMD_PUT_Q: wants a reply, to be given when the server touches the
 *	client's memory no more on behalf of this queue. The client unmapped SS, or its address
 *	space ends: no cookie, no reply, and the server's own mappings are still good
 * @VUACCE_EV_QUEUE_CLOSE: the queue is gone. No reply
 * @VUACCE_EV_IOCTL: an ioctl that uacce does not know; wants a reply
 * @VUACCE_EV_MEM_ADD: the client reserved, adopted or was given memory. No reply
 * @VUACCE_EV_MEM_DEL: it took it away. No reply
 */
enum vuacce_event_type {
	VUACCE_EV_QUEUE_OPEN = 1,
	VUACCE_EV_QUEUE_START = 2,
	VUACCE_EV_QUEUE_STOP = 3,
	VUACCE_EV_QUEUE_CLOSE = 4,
	VUACCE_EV_IOCTL = 5,
	VUACCE_EV_MEM_ADD = 6,
	VUACCE_EV_MEM_DEL = 7,
};

/**
 * struct vuacce_ev_open - of VUACCE_EV_QUEUE_OPEN
 * @pid: process id of the client, in the pid namespace of the server's VUACCE_CREATE; 0 = not there
 * @uid: its effective user id, in the server's user namespace
 * @mmio_offset: where to mmap the MMIO region of this queue
 * @dus_offset: where to mmap the DUS region of this queue
 * @client: the process at this device: queues with the same number use each other's memory
 * @reserved: 0
 */
struct vuacce_ev_open {
	__s32 pid;
	__u32 uid;
	__u64 mmio_offset;
	__u64 dus_offset;
	__u32 client;
	__u32 reserved;
};

/**
 * struct vuacce_ev_ioctl - of VUACCE_EV_IOCTL
 * @cmd: the ioctl's number
 * @size: bytes of @data: _IOC_SIZE(@cmd) if _IOC_DIR(@cmd) has _IOC_WRITE, else 0
 * @arg: the third argument of a command without data (_IOC_NONE), else 0
 * @data: what the client's pointer pointed to
 *
 * Commands with more than VUACCE_DATA_LEN bytes never get here: the client gets -EINVAL.
 */
struct vuacce_ev_ioctl {
	__u32 cmd;
	__u32 size;
	__u64 arg;
	__u8 data[VUACCE_DATA_LEN];
};

/**
 * enum vuacce_mem_kind
 * @VUACCE_MEM_SS: static shared memory
 * @VUACCE_MEM_ADOPTED: hugetlb memory of the client
 * @VUACCE_MEM_DKO: kernel-only region
 */
enum vuacce_mem_kind {
	VUACCE_MEM_SS = 1,
	VUACCE_MEM_ADOPTED = 2,
	VUACCE_MEM_DKO = 3,
};

/**
 * struct vuacce_ev_mem - of VUACCE_EV_MEM_ADD and VUACCE_EV_MEM_DEL
 * @mem: id of the memory in this device; two queues of one process tell the same id when they share
 *	it, and each adds and deletes it on its own. It is for all queues of the client
 * @kind: enum vuacce_mem_kind
 * @addr: virtual address of the client
 * @len: bytes
 * @offset: where to mmap it
 * @slices: number of physically contiguous pieces, for VUACCE_MEM_SLICES
 */
struct vuacce_ev_mem {
	__u32 mem;
	__u32 kind;
	__u64 addr;
	__u64 len;
	__u64 offset;
	__u32 slices;
	__u32 reserved;
};

/**
 * struct vuacce_event - 128 bytes, from read()
 * @type: enum vuacce_event_type
 * @queue: id of the queue, never used twice in the life of a device
 * @cookie: not 0: wants a reply
 */
struct vuacce_event {
	__u32 type;
	__u32 queue;
	__u64 cookie;
	union {
		struct vuacce_ev_open open;
		struct vuacce_ev_ioctl ioctl;
		struct vuacce_ev_mem mem;
		__u8 raw[112];
	};
};

/**
 * struct vuacce_reply - 112 bytes, to write()
 * @cookie: of the event
 * @result: 0 or positive: what ioctl() returns; or a negative errno, -1 to -133
 *	(-EINVAL from write() otherwise)
 * @size: bytes of @data; 0 or _IOC_SIZE(cmd), for ioctls with _IOC_READ only
 * @data: what the client's pointer shall point to
 */
struct vuacce_reply {
	__u64 cookie;
	__s32 result;
	__u32 size;
	__u8 data[VUACCE_DATA_LEN];
};

/* Direction of a struct vuacce_seg. */
#define VUACCE_FROM_CLIENT	0
#define VUACCE_TO_CLIENT	1

/**
 * struct vuacce_seg - one piece of a VUACCE_COPY
 * @local: address in the server
 * @remote: virtual address in the client
 * @len: bytes
 * @flags: VUACCE_FROM_CLIENT or VUACCE_TO_CLIENT
 */
struct vuacce_seg {
	__u64 local;
	__u64 remote;
	__u32 len;
	__u32 flags;
};

/**
 * struct vuacce_copy - VUACCE_COPY
 * @queue: id of the queue whose opener's memory is meant: exactly the address space that opened it
 * @count: number of pieces, at most 1024
 * @segs: user pointer to struct vuacce_seg[count]
 * @done: out: pieces copied in full (also when the call fails)
 * @reserved: 0
 *
 * For devices with UACCE_DEV_SVA only (-EOPNOTSUPP). What the client may not read or write itself
 * cannot be copied either; its page faults are resolved. The caller needs the rights over the
 * client that process_vm_readv(2) asks for, as far as modules can ask: the same user as the
 * client's opener and a dumpable client, or CAP_SYS_PTRACE (-EPERM). -EFAULT: bad address on
 * either side;
 * -ESRCH: no such queue, or its process is gone. Memory of the queue's own regions cannot be
 * copied: map it.
 */
struct vuacce_copy {
	__u32 queue;
	__u32 count;
	__u64 segs;
	__u32 done;
	__u32 reserved;
};

/**
 * struct vuacce_mem_slices - VUACCE_MEM_SLICES
 * @mem: id of the memory
 * @first: index of the first slice to write
 * @count: in: room at @slices; out: slices written
 * @total: out: slices in all
 * @slices: user pointer to struct uacce_slice[count]; addr is the client's virtual address,
 *	dev_addr the device address (physical with UACCE_DEV_NOIOMMU)
 */
struct vuacce_mem_slices {
	__u32 mem;
	__u32 first;
	__u32 count;
	__u32 total;
	__u64 slices;
};

#define VUACCE_CREATE		_IOWR('W', 0x60, struct vuacce_config)
/* Wake whoever polls the queue: arg = queue id. -ESRCH: no such queue. */
#define VUACCE_WAKE		_IO('W', 0x61)
/*
 * Before the server sleeps: take the client's mapping of the MMIO region away for a moment. The
 * next touch of it raises EPOLLPRI (and gets the page back). arg = queue id. Look at the doorbells
 * once more after this call, and for a while after EPOLLPRI: the write itself follows the event.
 */
#define VUACCE_ARM		_IO('W', 0x62)
/* Returns how many kicks came since the last call, and clears EPOLLPRI. */
#define VUACCE_TAKE_KICKS	_IO('W', 0x63)
#define VUACCE_COPY		_IOWR('W', 0x64, struct vuacce_copy)
#define VUACCE_MEM_SLICES	_IOWR('W', 0x65, struct vuacce_mem_slices)
/* Give a queue up: the client gets what it gets when the device is unplugged. arg = queue id. */
#define VUACCE_FAIL_QUEUE	_IO('W', 0x66)
/*
 * The device had an error: counts for the isolation strategy (errors per hour, sysfs
 * isolate_strategy, 0 = never). Returns 1 if the device is isolated now, else 0.
 */
#define VUACCE_ERROR		_IO('W', 0x67)

#endif
