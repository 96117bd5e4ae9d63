// SPDX-License-Identifier: GPL-2.0
/* An SVA device without an IOMMU: the server reaches the client's memory by address. */
#include <linux/cred.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include "../uacce/compat.h"
#include "internal.h"

#define MAX_SEGS	1024
#define BATCH		16

/* As process_vm_readv(2), whose check modules cannot call: same user and dumpable, or trusted. */
static bool may_access(struct mm_struct *mm, const struct cred *client)
{
	const struct cred *me = current_cred();
	bool same = uid_eq(me->fsuid, client->euid) && uid_eq(me->fsuid, client->suid) &&
		    uid_eq(me->fsuid, client->uid) && gid_eq(me->fsgid, client->egid) &&
		    gid_eq(me->fsgid, client->sgid) && gid_eq(me->fsgid, client->gid);

	return uacce_may_trace(mm, same);
}

/* Part of a page between the two; the client's page is pinned and mmap_lock is not held. */
static int copy_part(struct page *page, size_t offset, size_t len, u64 local, bool write)
{
	void *kaddr = kmap_local_page(page) + offset;
	void __user *user = u64_to_user_ptr(local);
	unsigned long left;

	left = write ? copy_from_user(kaddr, user, len) : copy_to_user(user, kaddr, len);
	kunmap_local(kaddr);
	return left ? -EFAULT : 0;
}

static long pin_batch(struct mm_struct *mm, u64 addr, size_t len, bool write, struct page **pages)
{
	size_t n = min_t(size_t, BATCH, DIV_ROUND_UP(offset_in_page(addr) + len, PAGE_SIZE));
	int locked = 1;
	long got;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	got = uacce_pin_remote(mm, addr & PAGE_MASK, n, write ? FOLL_WRITE : 0, pages, &locked);
	if (locked)
		mmap_read_unlock(mm);
	return got ? got : -EFAULT;
}

static int copy_seg(struct mm_struct *mm, const struct vuacce_seg *seg)
{
	bool write = seg->flags == VUACCE_TO_CLIENT;
	u64 remote = seg->remote, local = seg->local;
	size_t left = seg->len;
	struct page *pages[BATCH];
	int ret = 0;

	if (seg->flags > VUACCE_TO_CLIENT)
		return -EINVAL;
	while (left && !ret) {
		long i, got = pin_batch(mm, remote, left, write, pages);

		if (got < 0)
			return got;
		for (i = 0; i < got && left && !ret; i++) {
			size_t part = min_t(size_t, left, PAGE_SIZE - offset_in_page(remote));

			ret = copy_part(pages[i], offset_in_page(remote), part, local, write);
			remote += part;
			local += part;
			left -= part;
		}
		unpin_user_pages_dirty_lock(pages, got, write);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

static int copy_segs(struct mm_struct *mm, struct vuacce_copy *copy)
{
	struct vuacce_seg __user *segs = u64_to_user_ptr(copy->segs);
	struct vuacce_seg seg;
	int ret;

	for (copy->done = 0; copy->done < copy->count; copy->done++) {
		if (copy_from_user(&seg, &segs[copy->done], sizeof(seg)))
			return -EFAULT;
		ret = copy_seg(mm, &seg);
		if (ret)
			return ret;
	}
	return 0;
}

int vuacce_copy(struct vuacce *vu, struct vuacce_copy *copy)
{
	struct mm_struct *mm = NULL;
	struct vuacce_queue *vq;
	bool allowed = false;
	int ret;

	copy->done = 0;
	if (!(vu->config.flags & UACCE_DEV_SVA))
		return -EOPNOTSUPP;
	if (copy->reserved || copy->count > MAX_SEGS)
		return -EINVAL;
	mutex_lock(&vu->ids_lock);
	vq = vuacce_find_queue(vu, copy->queue);
	if (vq && mmget_not_zero(vq->q->mm)) {
		mm = vq->q->mm;
		allowed = may_access(mm, vq->q->cred);
	}
	mutex_unlock(&vu->ids_lock);
	if (!mm)
		return -ESRCH;
	ret = allowed ? copy_segs(mm, copy) : -EPERM;
	/* The last user of the mm closes the client's queues, which takes locks: not from here. */
	mmput_async(mm);
	return ret;
}
