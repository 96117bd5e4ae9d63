/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a queue is attached: the contract between libwd and a transport.
 *
 * A transport brings devices within reach: the uacce char device, a Unix socket to an emulator,
 * or a plug-in library with a device inside the process (the emulator). It mirrors what a uacce
 * file descriptor offers (open, ioctl, mmap, poll), so that a user driver never knows which one
 * it runs on; the data path uses none of it.
 *
 * A plug-in exports one symbol, WD_TRANSPORT_SYMBOL, of type const struct wd_transport.
 *
 * All calls return 0 or a negative errno unless said otherwise. None is called in a burst.
 */
#ifndef WD_TRANSPORT_H
#define WD_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#define WD_TRANSPORT_ABI        3
#define WD_TRANSPORT_SYMBOL     "wd_transport_plugin"

/* Regions of a queue, numbered as uacce's page offsets are (design section 6). */
enum wd_region_id {
	WD_REGION_MMIO = 0,     /* doorbells */
	WD_REGION_DUS = 1,      /* rings and status words */
	WD_REGION_SS = 2,       /* static shared memory */
	WD_REGION_DKO = 3,
	WD_REGION_MAX
};

/* Device flags: uacce's own bits (uacce-abi.md), then ours from bit 16 on. */
#define WD_DEV_SVA              0x1u    /* device addresses are virtual addresses */
#define WD_DEV_NOIOMMU          0x2u    /* device addresses are physical addresses */
#define WD_DEV_PASID            0x4u
#define WD_DEV_IOMMU            0x80u   /* no SVA: IOVA = VA for shared memory only */
#define WD_DEV_SHARE_DOMAIN     0x200u  /* the same, beside the kernel's own memory: DKO region */
#define WD_DEV_DB_SLOTS         0x10000u /* one doorbell slot per command, see HISI_QM_DB_SLOT */

struct wd_dev_info {
	char name[64];          /* class directory name, e.g. "hisi_sec2-0" */
	char api[64];           /* e.g. "hisi_qm_v3" */
	char algorithms[512];   /* one a line, each ended by a newline */
	uint32_t flags;         /* WD_DEV_* */
	int numa_node;          /* -1 = unknown */
	uint32_t available;     /* queues free now */
	uint32_t isolated;      /* 1 = the device is out of service */
	size_t region_size[WD_REGION_MAX]; /* bytes; 0 = the device has no such region */
};

/*
 * Doze hint of a device whose engine is a thread. While *dozing is not 0 the engine sleeps and
 * a doorbell should be followed by wake(). The engine issues the heavy barrier (membarrier)
 * after it sets the word and before it sleeps, and never sleeps for ever, so that the submitter
 * needs none. Hardware has no such word: dozing is NULL there and the library points it to a
 * constant zero.
 *
 * A device without any engine of its own has run(), else it is NULL: whoever polls the queue calls
 * it first, and the device works on some of what was submitted, in the caller's thread.
 */
struct wd_doze {
	const uint32_t *dozing;
	void (*wake)(void *arg);
	void (*run)(void *arg);
	void *arg;
};

struct wd_transport {
	const char *name;
	uint32_t abi;           /* WD_TRANSPORT_ABI */

	/*
	 * Opens the device that spec names: the part of "device=" behind the transport's own prefix
	 * ("emu" -> "", "emu:/run/x.sock" -> "/run/x.sock", a class directory name for uacce).
	 * options: "key=value,key=value" of the transport's own (documented by it), or NULL; an
	 * unknown key or value is -EINVAL. kind: "sec2" or "zip", the device family the caller
	 * wants; a transport with real devices ignores it. On failure err receives one
	 * line without newline that says why.
	 */
	int (*open)(const char *spec, const char *options, const char *kind, void **dev, char *err,
		    size_t err_size);
	void (*close)(void *dev);       /* all queues are closed before */
	int (*info)(void *dev, struct wd_dev_info *info);

	/* A queue, as uacce's open(): -EBUSY when none is left, -ENODEV when the device is gone. */
	int (*queue_open)(void *dev, void **queue);
	void (*queue_close)(void *queue);       /* stops it, unmaps nothing: munmap first */
	/* Driver ioctls (HISI_QM_SET_QP_CTX, ...); cmd and arg as for ioctl(2). */
	int (*ioctl)(void *queue, unsigned long cmd, void *arg);
	int (*mmap)(void *queue, unsigned int region, size_t size, void **addr);
	int (*munmap)(void *queue, unsigned int region, void *addr, size_t size);
	int (*start)(void *queue);              /* UACCE_CMD_START */
	int (*stop)(void *queue);               /* UACCE_CMD_PUT_Q: back to before start */
	/* Waits for a completion: 1 = there may be one, 0 = time out; ms < 0 waits for ever. */
	int (*wait)(void *queue, int ms);
	void (*doze)(void *queue, struct wd_doze *doze);

	/*
	 * Memory of the caller that the device of this queue's dev may use from now on (adoption).
	 * fd >= 0: the memory is [offset, offset + len) of that file, mapped shared at va. The device
	 * address of va is returned in *dev_addr. SVA devices accept everything and do nothing.
	 */
	int (*share)(void *dev, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr);
	int (*unshare)(void *dev, void *va, size_t len);
	/* Device address of slice i of the mapped SS region (UACCE_CMD_GET_SS_DMA), 0 = was last. */
	int (*ss_slice)(void *queue, unsigned int i, uint64_t *dev_addr, size_t *len);
	/* The SS region of queue becomes that of target too (UACCE_CMD_SHARE_SVAS). */
	int (*ss_share)(void *queue, void *target);
	/*
	 * Device address of va, inside of memory that share() took, and how many bytes from there on
	 * are contiguous for the device. NULL: always all of it.
	 */
	int (*slice)(void *dev, const void *va, uint64_t *dev_addr, size_t *len);
	/*
	 * A driver's ioctl that needs no queue of the caller's. May block; calls of one device come
	 * one after the other. NULL: there are none.
	 */
	int (*dev_ioctl)(void *dev, unsigned long cmd, void *arg);
};

#endif
