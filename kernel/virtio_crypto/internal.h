/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private to the uacce_virtio_crypto module.
 *
 * Lock order: ctrl_lock > [queue->lock >] lock > irq_lock. Waiting for the device's answer to a
 * command happens under ctrl_lock alone, so that stopping a queue never waits for it.
 *
 * The device is in reset while nobody has it open. With the first open it gets its rings, in
 * memory that is new, and with the last close it is reset again, so that no owner meets anything of
 * the one before.
 */
#ifndef VC_INTERNAL_H
#define VC_INTERNAL_H

#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/virtio_config.h>
#include <linux/virtio_crypto.h>
#include <linux/virtio_pci_modern.h>
#include <linux/virtio_ring.h>
#include <uacce/virtio_crypto.h>
#include <uacce_device.h>

/* The only differences between the kernels that this module builds on. */
#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX		PCI_IRQ_LEGACY
#endif
#ifndef VIRTIO_F_RING_RESET
#define VIRTIO_F_RING_RESET	40
#endif

#define VC_MAX_QUEUES		16
#define VC_MAX_RING		1024
#define VC_MIN_ROOM		512	/* bytes for each entry of the ring */
#define VC_MAX_KEY		1024
#define VC_MAX_SESSIONS		4096	/* of a descriptor */
#define VC_SS_SIZE		(1UL << 30)
/* Where the device finds the kernel's memory in a process's domain: below what mmap() gives. */
#define VC_IOVA			0x200000UL
#define VC_ANSWER_MS		5000	/* a command */
#define VC_SETTLE_MS		200	/* one that somebody gave up */
#define VC_RESET_MS		1000	/* the device, or a ring */

/**
 * struct vc_session - a session of the device
 * @service: of virtio
 * @epoch: of the device when it was made
 */
struct vc_session {
	struct list_head list;
	u64 id;
	u32 service;
	u64 epoch;
};

/**
 * struct vc_client - an open descriptor
 * @vq: its data virtqueue, or NULL
 * @told: used->idx when poll() last told about it
 * @sessions: struct vc_session, under ctrl_lock
 */
struct vc_client {
	struct list_head list;
	struct uacce_queue *q;
	struct vc_queue *vq;
	u16 told;
	struct list_head sessions;
	unsigned int nr_sessions;
};

/**
 * struct vc_queue - a data virtqueue
 * @owner: under lock; for interrupts also under irq_lock
 * @mem: its DUS while the device is in use
 * @doorbell: for UACCE_CMD_KICK
 * @enabled: the device may look at it
 * @used: DUS was given to somebody
 */
struct vc_queue {
	struct vc_device *vc;
	u16 index;
	u16 vector;
	struct vc_client *owner;
	struct uacce_mem *mem;
	void __iomem *doorbell;
	resource_size_t doorbell_pa;
	bool enabled;
	bool used;
};

/**
 * struct vc_layout - byte offsets in DUS
 */
struct vc_layout {
	u32 desc, avail, used, state, room;
	size_t size;
};

/**
 * struct vc_ctrl - the control virtqueue; one command at a time
 * @commands: holds struct vc_commands while the device is in use; read-only for the device behind
 *	an IOMMU, so that no process makes it write commands of its own
 * @answers: holds struct vc_answers. The process can make the device write there: nothing in it is
 *	trusted
 * @avail: our index
 * @used: the index that the next answer makes
 * @pending: a command whose caller did not wait is still with the device
 * @late: and has had its time: nobody waits for it again
 * @pending_service: the session that it creates is nobody's; UINT_MAX = it does not
 */
struct vc_ctrl {
	struct uacce_mem *commands;
	struct uacce_mem *answers;
	void __iomem *doorbell;
	u16 index;
	u16 avail;
	u16 used;
	bool pending;
	bool late;
	u32 pending_service;
};

struct vc_device {
	struct pci_dev *pdev;
	struct virtio_pci_modern_device mdev;
	struct uacce_device *uacce;
	char algorithms[32];

	struct virtio_crypto_config config;
	u64 features;
	unsigned int nr_queues;
	u16 ring_size;
	struct vc_layout layout;
	unsigned int nr_vectors;
	bool msix;

	struct mutex ctrl_lock;		/* the control ring, sessions; up and down of the device */
	struct mutex lock;		/* registers, who has which queue */
	spinlock_t irq_lock;		/* what interrupts look at */
	struct list_head clients;	/* under lock; for interrupts also under irq_lock */
	unsigned int users;		/* under lock */
	u64 epoch;			/* written under lock; 0 = no sessions */
	bool active;			/* written under lock */
	bool failed;			/* written under irq_lock */
	bool gone;			/* likewise: being removed */
	struct vc_ctrl ctrl;
	struct list_head orphans;	/* sessions whose descriptor is gone, under ctrl_lock */
	struct vc_queue queues[VC_MAX_QUEUES];
};

/* main.c */
extern unsigned int vc_max_ring;

/* device.c */
int vc_learn(struct vc_device *vc);
void vc_unmap_doorbells(struct vc_device *vc);
int vc_memory_get(struct vc_device *vc);
void vc_memory_put(struct vc_device *vc);
int vc_attach(struct vc_device *vc, struct uacce_queue *q);
int vc_activate(struct vc_device *vc);
void vc_deactivate(struct vc_device *vc);
int vc_ring_enable(struct vc_device *vc, struct vc_queue *vq);
void vc_ring_disable(struct vc_device *vc, struct vc_queue *vq);
void vc_fail(struct vc_device *vc, u32 state);
void vc_config_changed(struct vc_device *vc);
u64 vc_dev_addr(struct vc_device *vc, const struct uacce_mem *mem);

static inline void *vc_dus(const struct vc_queue *vq)
{
	return page_address(uacce_mem_page(vq->mem, 0));
}

/* control.c */
void vc_ctrl_init(struct vc_device *vc);
void vc_ctrl_addresses(struct vc_device *vc, u64 *desc, u64 *avail, u64 *used);
int vc_create(struct vc_client *client, struct uacce_vc_session *s, struct uacce_call *call);
int vc_destroy(struct vc_client *client, u64 id);
void vc_sessions_orphan(struct vc_device *vc, struct vc_client *client, bool all);
void vc_orphans_end(struct vc_device *vc, bool ask);

#define VC_CTRL_SIZE		16

/* queue.c */
extern const struct uacce_ops vc_uacce_ops;
int vc_ready(struct vc_device *vc);

#endif
