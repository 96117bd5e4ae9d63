/* SPDX-License-Identifier: BSD-3-Clause */
/* Front end for a daemon: device=emu:<socket>, the transport's calls. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "front.h"

#define WAIT_SLICE_MS   50
#define SS_MAX          (64ull << 30)

/* ------------------------------------------------------------------ device */

/* PATH[#DEVICE] */
static int
parse_spec(struct client_dev *dev, const char *spec, const char *kind, char *err, size_t err_size)
{
	size_t len = strcspn(spec, "#");
	const char *name = spec[len] == '#' ? spec + len + 1 : "";

	if (len >= sizeof(dev->path) || strlen(name) >= sizeof(dev->hello.name) || kind == NULL ||
			strlen(kind) >= sizeof(dev->hello.kind)) {
		snprintf(err, err_size, "emulator: '%s' is too long for a socket", spec);
		return -EINVAL;
	}
	memcpy(dev->path, spec, len);
	strcpy(dev->hello.name, name);
	strcpy(dev->hello.kind, kind);
	return 0;
}

static int
client_open(const char *spec, const char *options, const char *kind, void **out, char *err,
	    size_t err_size)
{
	struct client_dev *dev;
	int ret;

	if (options != NULL && *options != '\0') {
		snprintf(err, err_size, "emulator: '%s': options are the daemon's", options);
		return -EINVAL;
	}
	dev = calloc(1, sizeof(*dev));
	if (dev == NULL) {
		snprintf(err, err_size, "emulator: out of memory");
		return -ENOMEM;
	}
	pthread_mutex_init(&dev->lock, NULL);
	dev->fd = dev->doze_fd = -1;
	dev->pid = getpid();
	ret = parse_spec(dev, spec, kind, err, err_size);
	if (ret != 0)
		goto fail;
	pthread_mutex_lock(&dev->lock);
	ret = client_connect(dev);
	pthread_mutex_unlock(&dev->lock);
	if (ret != 0) {
		if (dev->generation != 0 && ret == -ENODEV)
			snprintf(err, err_size, "emulator: %s has no such '%s' device", dev->path, kind);
		else
			snprintf(err, err_size, "emulator: %s: %s", dev->path, strerror(-ret));
		goto fail;
	}
	*out = dev;
	return 0;
fail:
	pthread_mutex_destroy(&dev->lock);
	free(dev);
	return ret;
}

static void
client_close(void *arg)
{
	struct client_dev *dev = arg;

	pthread_mutex_lock(&dev->lock);
	/* A child of the opener has the socket, but not the thread. */
	if (dev->pid != getpid())
		dev->watched = false;
	client_disconnect(dev);
	client_forget_shares(dev);
	pthread_mutex_unlock(&dev->lock);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static int
client_info(void *arg, struct wd_dev_info *info)
{
	struct client_dev *dev = arg;
	struct emu_msg m = { .type = EMU_MSG_INFO };
	struct emu_msg_info *in = &dev->info;
	int ret, i;

	if (dev->pid != getpid())
		return -EPERM;
	memset(info, 0, sizeof(*info));
	pthread_mutex_lock(&dev->lock);
	ret = client_call(dev, &m, -1, NULL, 0);
	memcpy(info->name, in->name, sizeof(info->name));
	memcpy(info->api, in->api, sizeof(info->api));
	memcpy(info->algorithms, in->algorithms, sizeof(info->algorithms));
	info->flags = in->flags;
	info->numa_node = in->numa_node;
	/* A device whose daemon is gone is there, and of no use. */
	info->available = ret == 0 ? m.data.info.available : 0;
	info->isolated = ret == 0 ? m.data.info.isolated : 1;
	for (i = 0; i < WD_REGION_MAX; i++)
		info->region_size[i] = in->region_size[i];
	info->region_size[WD_REGION_SS] = SS_MAX;
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

/* ------------------------------------------------------------------ queue */

static void
queue_free(struct client_queue *q)
{
	if (q->mmio != NULL)
		munmap(q->mmio, q->mmio_size + EMU_DUS_PAGE);
	if (q->dus != NULL)
		munmap(q->dus, q->dus_size);
	if (q->doze_page != NULL)
		munmap((void *)(uintptr_t)q->doze_page, EMU_DOZE_PAGE);
	if (q->mmio_fd >= 0)
		close(q->mmio_fd);
	if (q->dus_fd >= 0)
		close(q->dus_fd);
	free(q);
}

/* A mapping of our own that a child does not get; NULL = no. */
static void *
own_map(int fd, size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, size, MADV_DONTFORK);
	return p;
}

static int
queue_attach(struct client_queue *q, const struct emu_msg *m)
{
	q->id = m->queue;
	q->mmio_size = m->arg[EMU_OPEN_MMIO];
	q->dus_size = m->arg[EMU_OPEN_DUS];
	if (q->mmio_size != q->dev->info.region_size[WD_REGION_MMIO] ||
			q->dus_size != q->dev->info.region_size[WD_REGION_DUS] ||
			m->arg[EMU_OPEN_WAIT] != q->mmio_size ||
			m->arg[EMU_OPEN_DOZE] > EMU_DOZE_PAGE - sizeof(uint32_t))
		return -EIO;
	q->mmio = own_map(q->mmio_fd, q->mmio_size + EMU_DUS_PAGE, PROT_READ | PROT_WRITE);
	q->dus = own_map(q->dus_fd, q->dus_size, PROT_READ | PROT_WRITE);
	q->doze_page = own_map(q->dev->doze_fd, EMU_DOZE_PAGE, PROT_READ);
	if (q->mmio == NULL || q->dus == NULL || q->doze_page == NULL)
		return -ENOMEM;
	q->wait = (struct emu_wait *)(void *)(q->mmio + q->mmio_size);
	q->dozing = (const uint32_t *)(const void *)(q->doze_page + m->arg[EMU_OPEN_DOZE]);
	return 0;
}

/* With dev->lock held. A daemon that went and came back is found here. */
static int
queue_ask(struct client_queue *q)
{
	struct client_dev *dev = q->dev;
	struct emu_msg m = { .type = EMU_MSG_QUEUE_OPEN };
	int fds[2], ret;

	if (dev->dead && client_connect(dev) != 0)
		return -ENODEV;
	ret = client_call(dev, &m, -1, fds, 2);
	if (ret != 0)
		return ret;
	q->generation = dev->generation;
	q->mmio_fd = fds[0];
	q->dus_fd = fds[1];
	ret = queue_attach(q, &m);
	if (ret != 0) {
		m.type = EMU_MSG_QUEUE_CLOSE;
		client_call(dev, &m, -1, NULL, 0);
		return ret;
	}
	q->next = dev->queues;
	dev->queues = q;
	return 0;
}

static int
client_queue_open(void *arg, void **out)
{
	struct client_dev *dev = arg;
	struct client_queue *q;
	int ret;

	if (dev->pid != getpid())
		return -EPERM;
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return -ENOMEM;
	q->dev = dev;
	q->mmio_fd = q->dus_fd = -1;
	pthread_mutex_lock(&dev->lock);
	ret = queue_ask(q);
	pthread_mutex_unlock(&dev->lock);
	if (ret != 0)
		queue_free(q);
	else
		*out = q;
	return ret;
}

/* A request of the queue, if its connection is still there. */
static int
queue_call(struct client_queue *q, struct emu_msg *m)
{
	int ret;

	if (q->dev->pid != getpid())
		return -EPERM;
	m->queue = q->id;
	pthread_mutex_lock(&q->dev->lock);
	ret = q->generation == q->dev->generation ? client_call(q->dev, m, -1, NULL, 0) : -ENODEV;
	pthread_mutex_unlock(&q->dev->lock);
	return ret == -ENODEV ? -ENXIO : ret;
}

static void
client_queue_close(void *arg)
{
	struct client_queue *q = arg, **p;
	struct emu_msg m = { .type = EMU_MSG_QUEUE_CLOSE };

	queue_call(q, &m);
	client_ss_leave(q);
	pthread_mutex_lock(&q->dev->lock);
	for (p = &q->dev->queues; *p != q; p = &(*p)->next)
		;
	*p = q->next;
	pthread_mutex_unlock(&q->dev->lock);
	queue_free(q);
}

static int
client_ioctl(void *arg, unsigned long cmd, void *data)
{
	struct emu_msg m = { .type = EMU_MSG_IOCTL };
	size_t len = _IOC_SIZE(cmd);
	int ret;

	if (data == NULL)
		return -EFAULT;
	if (len > sizeof(m.data.ioctl))
		return -EINVAL;
	m.arg[0] = cmd;
	memcpy(m.data.ioctl, data, len);
	ret = queue_call(arg, &m);
	if (ret == 0)
		memcpy(data, m.data.ioctl, len);
	return ret;
}

static int
client_mmap(void *arg, unsigned int region, size_t size, void **addr)
{
	struct client_queue *q = arg;
	size_t limit = region == WD_REGION_MMIO ? q->mmio_size :
		region == WD_REGION_DUS ? q->dus_size : region == WD_REGION_SS ? SS_MAX : 0;
	int ret = 0;

	if (q->dev->pid != getpid())
		return -EPERM;
	if (limit == 0 || size == 0 || size > limit || (region == WD_REGION_DUS && size != limit))
		return -EINVAL;
	if (q->mapped[region])
		return -EEXIST;
	if (region == WD_REGION_SS) {
		ret = client_ss_map(q, size, addr);
	} else {
		*addr = own_map(region == WD_REGION_DUS ? q->dus_fd : q->mmio_fd, size,
			PROT_READ | PROT_WRITE);
		if (*addr == NULL)
			ret = -ENOMEM;
	}
	if (ret == 0 && region != WD_REGION_SS)
		q->mapped[region] = true;
	return ret;
}

static int
client_munmap(void *arg, unsigned int region, void *addr, size_t size)
{
	struct client_queue *q = arg;

	if (region == WD_REGION_SS)
		return client_ss_unmap(q, addr, size);
	if (region >= WD_REGION_MAX || !q->mapped[region])
		return -EINVAL;
	if (munmap(addr, size) != 0)
		return -errno;
	q->mapped[region] = false;
	return 0;
}

static int
client_start(void *arg)
{
	struct client_queue *q = arg;
	struct emu_msg m = { .type = EMU_MSG_START };
	int ret = queue_call(q, &m);

	/* Lost while the user driver cleared the stop words: say it again. */
	if (ret == -ENXIO)
		client_queue_stop(q);
	else if (ret == 0)
		q->wait_cursor = atomic_load(&q->wait->seq);
	return ret;
}

static int
client_stop(void *arg)
{
	struct emu_msg m = { .type = EMU_MSG_STOP };

	return queue_call(arg, &m);
}

/* ------------------------------------------------------------------ waiting */

static void
wake(void *arg)
{
	struct client_queue *q = arg;
	const uint32_t number = *(const volatile uint32_t *)q->dozing;

	/*
	 * The word is not ours to write; the engine resets it when it runs again, which takes many a
	 * burst. Once is enough, but only if the engine slept already.
	 */
	if (number != 0 && number != q->woken &&
			syscall(SYS_futex, q->dozing, FUTEX_WAKE, INT_MAX, NULL, NULL, 0) > 0)
		q->woken = number;
}

static bool
news(struct client_queue *q)
{
	const _Atomic uint32_t *rx = (const _Atomic uint32_t *)(const void *)(q->dus + q->dus_size -
		HISI_QM_RX_STOP_FROM_END);
	uint32_t seq = atomic_load(&q->wait->seq);
	bool yes = seq != q->wait_cursor || atomic_load(rx) != 0;

	q->wait_cursor = seq;
	return yes;
}

static int
client_wait(void *arg, int ms)
{
	struct client_queue *q = arg;
	uint64_t end = emu_now_ns() + (uint64_t)(ms < 0 ? 0 : ms) * 1000000u, now;
	struct timespec ts = { .tv_nsec = WAIT_SLICE_MS * 1000000 };
	uint32_t seq;
	int ret = 0;

	wake(q);
	atomic_fetch_add(&q->wait->waiters, 1);
	/* The daemon registered for it: either it sees us, or we see its completion. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
	for (;;) {
		seq = atomic_load(&q->wait->seq);
		if (news(q)) {
			ret = 1;
			break;
		}
		now = emu_now_ns();
		if (ms >= 0 && now >= end)
			break;
		if (ms >= 0 && end - now < (uint64_t)ts.tv_nsec)
			ts.tv_nsec = (long)(end - now);
		syscall(SYS_futex, &q->wait->seq, FUTEX_WAIT, seq, &ts, NULL, 0);
	}
	atomic_fetch_sub(&q->wait->waiters, 1);
	return ret;
}

static void
client_doze(void *arg, struct wd_doze *doze)
{
	struct client_queue *q = arg;

	doze->dozing = q->dozing;
	doze->wake = wake;
	doze->run = NULL;
	doze->arg = q;
}

const struct wd_transport emu_front_socket = {
	.name = "emu",
	.abi = WD_TRANSPORT_ABI,
	.open = client_open,
	.close = client_close,
	.info = client_info,
	.queue_open = client_queue_open,
	.queue_close = client_queue_close,
	.ioctl = client_ioctl,
	.mmap = client_mmap,
	.munmap = client_munmap,
	.start = client_start,
	.stop = client_stop,
	.wait = client_wait,
	.doze = client_doze,
	.share = client_share,
	.unshare = client_unshare,
	.ss_slice = client_ss_slice,
	.ss_share = client_ss_share,
};
