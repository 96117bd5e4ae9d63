// SPDX-License-Identifier: GPL-2.0
/* Events to the server, and the calls that wait for its replies. */
#include <linux/completion.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "internal.h"

/* Somebody who waits for a reply; lives on that somebody's stack. */
struct vuacce_waiter {
	struct list_head list;
	u64 cookie;
	struct completion done;
	bool ended;
	struct vuacce_reply *reply;
};

/* Under ev_lock: the waiter may go away as soon as that is released. */
static void end_wait(struct vuacce_waiter *waiter)
{
	list_del(&waiter->list);
	waiter->ended = true;
	complete(&waiter->done);
}

struct vuacce_note *vuacce_note_new(u32 type, u32 queue)
{
	struct vuacce_note *note = kzalloc(sizeof(*note), GFP_KERNEL_ACCOUNT);

	if (!note)
		return NULL;
	note->ev.type = type;
	note->ev.queue = queue;
	return note;
}

/* Takes the note. */
void vuacce_post(struct vuacce *vu, struct vuacce_note *note)
{
	spin_lock(&vu->ev_lock);
	if (!vu->dead) {
		list_add_tail(&note->list, &vu->events);
		vu->nevents++;
		note = NULL;
	}
	spin_unlock(&vu->ev_lock);
	kfree(note);
	wake_up_poll(&vu->wait, EPOLLIN);
}

/**
 * vuacce_call - ask the server, and wait
 * @vu: device
 * @note: taken
 * @reply: filled in if the return value is 0
 *
 * Return: 0 if the server replied, -ENXIO if it is gone, -ETIMEDOUT, -ENOBUFS, or -EINTR if the
 * caller is being killed. After any of these nobody writes to @reply.
 */
int vuacce_call(struct vuacce *vu, struct vuacce_note *note, struct vuacce_reply *reply)
{
	struct vuacce_waiter waiter = { .reply = reply };
	long left;
	int ret = 0;

	init_completion(&waiter.done);
	spin_lock(&vu->ev_lock);
	if (vu->dead || vu->nevents >= VUACCE_MAX_EVENTS) {
		ret = vu->dead ? -ENXIO : -ENOBUFS;
		spin_unlock(&vu->ev_lock);
		kfree(note);
		return ret;
	}
	waiter.cookie = ++vu->cookie;
	note->ev.cookie = waiter.cookie;
	list_add_tail(&waiter.list, &vu->calls);
	list_add_tail(&note->list, &vu->events);
	vu->nevents++;
	spin_unlock(&vu->ev_lock);
	wake_up_poll(&vu->wait, EPOLLIN);

	left = wait_for_completion_killable_timeout(&waiter.done,
						    msecs_to_jiffies(VUACCE_TIMEOUT_MS));
	spin_lock(&vu->ev_lock);
	if (!waiter.ended) {
		list_del(&waiter.list);
		ret = left ? -EINTR : -ETIMEDOUT;
	} else if (vu->dead) {
		ret = -ENXIO;
	}
	spin_unlock(&vu->ev_lock);
	return ret;
}

/* The server is gone: nobody waits any more, nothing is queued any more. */
void vuacce_hang_up(struct vuacce *vu)
{
	struct vuacce_waiter *waiter, *next_waiter;
	struct vuacce_note *note, *next_note;
	LIST_HEAD(events);

	spin_lock(&vu->ev_lock);
	vu->dead = true;
	list_splice_init(&vu->events, &events);
	list_for_each_entry_safe(waiter, next_waiter, &vu->calls, list)
		end_wait(waiter);
	spin_unlock(&vu->ev_lock);
	list_for_each_entry_safe(note, next_note, &events, list)
		kfree(note);
}

bool vuacce_has_events(struct vuacce *vu)
{
	bool has;

	spin_lock(&vu->ev_lock);
	has = !list_empty(&vu->events);
	spin_unlock(&vu->ev_lock);
	return has;
}

/* A server that does not read must not cost memory without end. What is to be told is told. */
bool vuacce_overrun(struct vuacce *vu)
{
	return READ_ONCE(vu->nevents) >= VUACCE_MAX_EVENTS;
}

static struct vuacce_note *take_note(struct vuacce *vu)
{
	struct vuacce_note *note;

	spin_lock(&vu->ev_lock);
	note = list_first_entry_or_null(&vu->events, struct vuacce_note, list);
	if (note) {
		list_del(&note->list);
		vu->nevents--;
	}
	spin_unlock(&vu->ev_lock);
	return note;
}

ssize_t vuacce_read_events(struct vuacce *vu, char __user *buf, size_t len, bool nonblock)
{
	struct vuacce_note *note;
	ssize_t done = 0;
	int ret;

	if (len < sizeof(note->ev))
		return -EINVAL;
	while (!vuacce_has_events(vu)) {
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(vu->wait, vuacce_has_events(vu));
		if (ret)
			return ret;
	}
	while (len - done >= sizeof(note->ev)) {
		note = take_note(vu);
		if (!note)
			break;
		if (copy_to_user(buf + done, &note->ev, sizeof(note->ev))) {
			spin_lock(&vu->ev_lock);
			list_add(&note->list, &vu->events);
			vu->nevents++;
			spin_unlock(&vu->ev_lock);
			return done ? done : -EFAULT;
		}
		kfree(note);
		done += sizeof(note->ev);
	}
	return done ? done : -EAGAIN;
}

static int deliver(struct vuacce *vu, const struct vuacce_reply *reply)
{
	struct vuacce_waiter *waiter;
	int ret = -ENOENT;

	if (reply->result < -EHWPOISON || reply->size > VUACCE_DATA_LEN)
		return -EINVAL;
	spin_lock(&vu->ev_lock);
	list_for_each_entry(waiter, &vu->calls, list) {
		if (waiter->cookie != reply->cookie)
			continue;
		*waiter->reply = *reply;
		end_wait(waiter);
		ret = 0;
		break;
	}
	spin_unlock(&vu->ev_lock);
	return ret;
}

ssize_t vuacce_write_replies(struct vuacce *vu, const char __user *buf, size_t len)
{
	struct vuacce_reply reply;
	ssize_t done = 0;
	int ret = -EINVAL;

	while (len - done >= sizeof(reply)) {
		ret = -EFAULT;
		if (copy_from_user(&reply, buf + done, sizeof(reply)))
			break;
		ret = deliver(vu, &reply);
		if (ret)
			break;
		done += sizeof(reply);
	}
	return done ? done : ret;
}
