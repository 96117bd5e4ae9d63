/* SPDX-License-Identifier: BSD-3-Clause */
/* The plug-in's exported symbols: one transport that is the front end its spec asks for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "front.h"

/* A device or a queue of a front end. */
struct handle {
	const struct wd_transport *front;
	void *obj;
};

static int
handle_new(const struct wd_transport *front, void *obj, void **out)
{
	struct handle *h = malloc(sizeof(*h));

	if (h == NULL)
		return -ENOMEM;
	h->front = front;
	h->obj = obj;
	*out = h;
	return 0;
}

static int
plugin_open(const char *spec, const char *options, const char *kind, void **dev, char *err,
	    size_t err_size)
{
	const struct wd_transport *front =
		spec == NULL || *spec == '\0' ? &emu_front_thread : &emu_front_socket;
	void *obj;
	int ret;

	ret = front->open(spec, options, kind, &obj, err, err_size);
	if (ret != 0)
		return ret;
	ret = handle_new(front, obj, dev);
	if (ret != 0) {
		snprintf(err, err_size, "emulator: out of memory");
		front->close(obj);
	}
	return ret;
}

static void
plugin_close(void *dev)
{
	struct handle *h = dev;

	h->front->close(h->obj);
	free(h);
}

static int
plugin_info(void *dev, struct wd_dev_info *info)
{
	struct handle *h = dev;

	return h->front->info(h->obj, info);
}

static int
plugin_queue_open(void *dev, void **queue)
{
	struct handle *h = dev;
	void *obj;
	int ret;

	ret = h->front->queue_open(h->obj, &obj);
	if (ret != 0)
		return ret;
	ret = handle_new(h->front, obj, queue);
	if (ret != 0)
		h->front->queue_close(obj);
	return ret;
}

static void
plugin_queue_close(void *queue)
{
	struct handle *h = queue;

	h->front->queue_close(h->obj);
	free(h);
}

static int
plugin_ioctl(void *queue, unsigned long cmd, void *arg)
{
	struct handle *h = queue;

	return h->front->ioctl(h->obj, cmd, arg);
}

static int
plugin_mmap(void *queue, unsigned int region, size_t size, void **addr)
{
	struct handle *h = queue;

	return h->front->mmap(h->obj, region, size, addr);
}

static int
plugin_munmap(void *queue, unsigned int region, void *addr, size_t size)
{
	struct handle *h = queue;

	return h->front->munmap(h->obj, region, addr, size);
}

static int
plugin_start(void *queue)
{
	struct handle *h = queue;

	return h->front->start(h->obj);
}

static int
plugin_stop(void *queue)
{
	struct handle *h = queue;

	return h->front->stop(h->obj);
}

static int
plugin_wait(void *queue, int ms)
{
	struct handle *h = queue;

	return h->front->wait(h->obj, ms);
}

static void
plugin_doze(void *queue, struct wd_doze *doze)
{
	struct handle *h = queue;

	h->front->doze(h->obj, doze);
}

static int
plugin_share(void *dev, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr)
{
	struct handle *h = dev;

	return h->front->share(h->obj, va, len, fd, offset, dev_addr);
}

static int
plugin_unshare(void *dev, void *va, size_t len)
{
	struct handle *h = dev;

	return h->front->unshare(h->obj, va, len);
}

static int
plugin_ss_slice(void *queue, unsigned int i, uint64_t *dev_addr, size_t *len)
{
	struct handle *h = queue;

	return h->front->ss_slice(h->obj, i, dev_addr, len);
}

static int
plugin_ss_share(void *queue, void *target)
{
	struct handle *h = queue, *t = target;

	return h->front == t->front ? h->front->ss_share(h->obj, t->obj) : -EOPNOTSUPP;
}

static int
ext_event_fd(void *queue)
{
	struct handle *h = queue;

	return h->front == &emu_front_thread ? emu_front_thread_ext.event_fd(h->obj) : -EOPNOTSUPP;
}

static void
ext_watch(void *queue, int change)
{
	emu_front_thread_ext.watch(((struct handle *)queue)->obj, change);
}

static int
ext_news(void *queue)
{
	return emu_front_thread_ext.news(((struct handle *)queue)->obj);
}

#define EXPORT __attribute__((visibility("default")))

extern const struct wd_transport wd_transport_plugin;
extern const struct emu_front_ext emu_front_ext;

EXPORT const struct emu_front_ext emu_front_ext = {
	.abi = EMU_FRONT_EXT_ABI,
	.event_fd = ext_event_fd,
	.watch = ext_watch,
	.news = ext_news,
};

EXPORT const struct wd_transport wd_transport_plugin = {
	.name = "emu",
	.abi = WD_TRANSPORT_ABI,
	.open = plugin_open,
	.close = plugin_close,
	.info = plugin_info,
	.queue_open = plugin_queue_open,
	.queue_close = plugin_queue_close,
	.ioctl = plugin_ioctl,
	.mmap = plugin_mmap,
	.munmap = plugin_munmap,
	.start = plugin_start,
	.stop = plugin_stop,
	.wait = plugin_wait,
	.doze = plugin_doze,
	.share = plugin_share,
	.unshare = plugin_unshare,
	.ss_slice = plugin_ss_slice,
	.ss_share = plugin_ss_share,
};
