/* SPDX-License-Identifier: GPL-2.0 */
/* Private to the vuacce module. */
#ifndef VUACCE_INTERNAL_H
#define VUACCE_INTERNAL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <uacce_device.h>
#include <uacce/vuacce.h>

/* An offset to mmap is an id above, and the offset in the memory below this bit. */
#define VUACCE_MEM_SHIFT	40
#define VUACCE_MEM_PAGES	(1UL << (VUACCE_MEM_SHIFT - PAGE_SHIFT))
#define VUACCE_MAX_MEM		((1U << (63 - VUACCE_MEM_SHIFT)) - 1)

/* An event that waits for read(). */
struct vuacce_note {
	struct list_head list;
	struct vuacce_event ev;
};

/**
 * struct vuacce_mem - memory that the server may map
 * @users: queues that told it (0 or 1 for regions of a queue)
 */
struct vuacce_mem {
	struct uacce_mem *mem;
	u32 id;
	unsigned int users;
};

/**
 * struct vuacce_queue - a queue that a client opened
 * @stop: event kept for a stop that must not fail
 * @close: likewise
 * @dels: VUACCE_EV_MEM_DEL of all that is attached, under vu->ids_lock
 * @armed: the next touch of the MMIO region is news to the server
 * @updated: woken since the client polled last
 */
struct vuacce_queue {
	struct vuacce *vu;
	struct uacce_queue *q;
	u32 id;
	struct vuacce_note *stop;
	struct vuacce_note *close;
	struct list_head dels;
	struct vuacce_mem *mmio;
	struct vuacce_mem *dus;
	atomic_t armed;
	atomic_t updated;
};

/**
 * struct vuacce - a device and its server
 * @create_lock: VUACCE_CREATE once
 * @ev_lock: events, calls, cookie, dead
 * @ids_lock: queues, mems and what they point to; may be taken under a queue's lock
 */
struct vuacce {
	struct uacce_device *uacce;
	struct platform_device *pdev;
	struct vuacce_config config;
	struct pid_namespace *pid_ns;
	struct user_namespace *user_ns;
	struct mutex create_lock;

	spinlock_t ev_lock;
	struct list_head events;
	unsigned int nevents;
	struct list_head calls;
	u64 cookie;
	bool dead;
	wait_queue_head_t wait;
	atomic_t kicks;

	struct mutex ids_lock;
	struct xarray queues;
	struct xarray mems;
	u32 next_queue;
	u32 next_mem;
	unsigned int nqueues;

	struct mutex isolate_lock;
	struct list_head errors;
	unsigned int nerrors;
	u32 threshold;
	bool isolated;
};

/* event.c */
struct vuacce_note *vuacce_note_new(u32 type, u32 queue);
void vuacce_post(struct vuacce *vu, struct vuacce_note *note);
int vuacce_call(struct vuacce *vu, struct vuacce_note *note, struct vuacce_reply *reply);
ssize_t vuacce_read_events(struct vuacce *vu, char __user *buf, size_t len, bool nonblock);
ssize_t vuacce_write_replies(struct vuacce *vu, const char __user *buf, size_t len);
bool vuacce_has_events(struct vuacce *vu);
bool vuacce_overrun(struct vuacce *vu);
void vuacce_hang_up(struct vuacce *vu);

/* device.c */
extern const struct uacce_ops vuacce_ops;
struct vuacce_queue *vuacce_find_queue(struct vuacce *vu, unsigned long id);
void vuacce_last_words(struct vuacce_queue *vq);
int vuacce_error(struct vuacce *vu);

/* copy.c */
int vuacce_copy(struct vuacce *vu, struct vuacce_copy *copy);

#endif
