/* SPDX-License-Identifier: BSD-3-Clause */
/* Front end for the process itself: the device sees its memory, and is a thread, or its poller. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "../emu_private.h"
#include "front.h"

static int
front_open(const char *spec, const char *options, const char *kind, void **dev, char *err,
	   size_t err_size)
{
	struct emu_device *d;
	int ret;

	ret = emu_device_open(kind, options, EMU_OWN_PROCESS, &d, err, err_size);
	if (ret == 0)
		*dev = d;
	return ret;
}

static void
front_close(void *dev)
{
	emu_device_close(dev);
}

static int
front_info(void *dev, struct wd_dev_info *info)
{
	return emu_device_info(dev, info);
}

static int
front_queue_open(void *dev, void **queue)
{
	struct emu_queue *q;
	int ret;

	ret = qm_queue_open(dev, &q);
	if (ret == 0)
		*queue = q;
	return ret;
}

static void
front_queue_close(void *queue)
{
	qm_queue_close(queue);
}

static int
front_ioctl(void *queue, unsigned long cmd, void *arg)
{
	return qm_ioctl(queue, cmd, arg);
}

static int
front_mmap(void *queue, unsigned int region, size_t size, void **addr)
{
	struct emu_queue *q = queue;
	size_t limit = qm_region_size(q->dev, region);
	void *p;

	if (limit == 0 || size == 0 || size > limit || (region == WD_REGION_DUS && size != limit))
		return -EINVAL;
	if (q->mapped[region])
		return -EEXIST;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		region == WD_REGION_DUS ? q->dus_fd : q->mmio_fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	/* As uacce: a child has no business with the parent's queue. */
	madvise(p, size, MADV_DONTFORK);
	q->mapped[region] = true;
	*addr = p;
	return 0;
}

static int
front_munmap(void *queue, unsigned int region, void *addr, size_t size)
{
	struct emu_queue *q = queue;

	if (qm_region_size(q->dev, region) == 0 || !q->mapped[region])
		return -EINVAL;
	if (munmap(addr, size) != 0)
		return -errno;
	q->mapped[region] = false;
	return 0;
}

static int
front_start(void *queue)
{
	return qm_start(queue);
}

static int
front_stop(void *queue)
{
	return qm_stop(queue);
}

static int
front_wait(void *queue, int ms)
{
	return qm_wait(queue, ms);
}

static void
front_doze(void *queue, struct wd_doze *doze)
{
	struct emu_queue *q = queue;

	doze->dozing = (const uint32_t *)(uintptr_t)q->thread->dozing;
	doze->wake = emu_thread_wake;
	doze->run = q->dev->in_poller ? emu_thread_run : NULL;
	doze->arg = q->thread;
}

static int
front_share(void *dev, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr)
{
	*dev_addr = (uint64_t)(uintptr_t)va;
	return 0;
}

static int
front_unshare(void *dev, void *va, size_t len)
{
	return 0;
}

static int
front_ss_slice(void *queue, unsigned int i, uint64_t *dev_addr, size_t *len)
{
	return -EINVAL;
}

static int
front_ss_share(void *queue, void *target)
{
	return -EINVAL;
}

static int
front_event_fd(void *queue)
{
	return qm_event_fd(queue);
}

static void
front_watch(void *queue, int change)
{
	struct emu_queue *q = queue;

	atomic_fetch_add(&q->wait->waiters, (uint32_t)change);
	if (change > 0) {
		emu_thread_wake(q->thread);
		emu_heavy_barrier(q->dev);
	}
}

static int
front_news(void *queue)
{
	return qm_news(queue);
}

const struct emu_front_ext emu_front_thread_ext = {
	.abi = EMU_FRONT_EXT_ABI,
	.event_fd = front_event_fd,
	.watch = front_watch,
	.news = front_news,
};

const struct wd_transport emu_front_thread = {
	.name = "emu",
	.abi = WD_TRANSPORT_ABI,
	.open = front_open,
	.close = front_close,
	.info = front_info,
	.queue_open = front_queue_open,
	.queue_close = front_queue_close,
	.ioctl = front_ioctl,
	.mmap = front_mmap,
	.munmap = front_munmap,
	.start = front_start,
	.stop = front_stop,
	.wait = front_wait,
	.doze = front_doze,
	.share = front_share,
	.unshare = front_unshare,
	.ss_slice = front_ss_slice,
	.ss_share = front_ss_share,
};
