/* SPDX-License-Identifier: BSD-3-Clause */
/* Device nodes: life of a device, doorbells and completions. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vuacce.h"

_Static_assert(WD_DEV_SVA == UACCE_DEV_SVA && WD_DEV_IOMMU == UACCE_DEV_IOMMU, "flags");
_Static_assert(WD_DEV_NOIOMMU == UACCE_DEV_NOIOMMU, "flags");
_Static_assert(WD_DEV_SHARE_DOMAIN == UACCE_DEV_SHARE_DOMAIN, "flags");
_Static_assert((int)WD_REGION_MAX == UACCE_QFRT_MAX, "regions");
_Static_assert((int)WD_REGION_SS == UACCE_QFRT_SS, "regions");

/* ------------------------------------------------------------------ engine threads */

/*
 * A client asks for the event in its CQ doorbell, as for hardware's; where that may be hidden, and
 * before the first one, it is taken to ask.
 */
static bool
wants_event(const struct emu_queue *q)
{
	uint64_t db;

	if (!q->dev->db_slots)
		return true;
	/* The completion before the question; a client does it the other way round. */
	atomic_thread_fence(memory_order_seq_cst);
	db = q->db[HISI_QM_DB_CMD_CQ];
	return db == 0 || HW_GET(HISI_QM_DB_PRIO, db) != 0;
}

static void
node_wake(struct emu_queue *q)
{
	const struct emu_node_queue *nq = q->front_arg;

	if (q->state == EMU_Q_DEAD) {
		if (!q->dev->lost)
			emu_node_error(nq->node);
		ioctl(nq->node->fd, VUACCE_FAIL_QUEUE, (unsigned long)nq->id);
	} else if (wants_event(q)) {
		ioctl(nq->node->fd, VUACCE_WAKE, (unsigned long)nq->id);
	}
}

static void
node_arm(struct emu_queue *q)
{
	const struct emu_node_queue *nq = q->front_arg;

	atomic_store(&q->armed, true);
	if (ioctl(nq->node->fd, VUACCE_ARM, (unsigned long)nq->id) != 0)
		atomic_store(&q->armed, false);
}

static const struct emu_front_ops front_ops = { .wake = node_wake, .arm = node_arm };
static const struct emu_front_ops front_ops_sva = { .wake = node_wake, .arm = node_arm,
	.run = emu_node_sva_run, .thread_fini = emu_node_sva_thread_fini };

/* ------------------------------------------------------------------ the device */

static void
last_words(const struct emu_device *dev, struct vuacce_config *c)
{
	static const uint32_t from_end[] = { HISI_QM_TX_STOP_FROM_END, HISI_QM_RX_STOP_FROM_END };
	unsigned int i;

	for (i = 0; i < 2; i++)
		c->last_words[i] = (struct vuacce_last_word){ .region = UACCE_QFRT_DUS, .value = 1,
			.offset = (uint32_t)qm_region_size(dev, WD_REGION_DUS) - from_end[i] };
	c->nlast = 2;
}

/* Several processes at once, as behind an IOMMU with PASIDs; a shared domain has one. */
static uint32_t
node_flags(const struct emu_device *dev)
{
	uint32_t flags = dev->mode;

	if (flags == UACCE_DEV_SVA || flags == UACCE_DEV_IOMMU)
		flags |= UACCE_DEV_PASID;
	return flags | (dev->db_slots ? UACCE_DEV_DB_SLOTS : 0);
}

static int
plug(struct emu_node *n)
{
	struct emu_device *dev = n->dev;
	struct vuacce_config c = { .size = sizeof(c), .flags = node_flags(dev),
		.max_queues = dev->max_queues, .node = dev->numa_node };
	struct wd_dev_info info;
	unsigned int i;
	int ret;

	emu_device_info(dev, &info);
	strcpy(c.name, n->prefix);
	memcpy(c.api, info.api, sizeof(c.api) < sizeof(info.api) ? sizeof(c.api) : sizeof(info.api));
	memcpy(c.algorithms, info.algorithms, sizeof(info.algorithms));
	for (i = 0; i < WD_REGION_MAX; i++)
		c.region_size[i] = info.region_size[i];
	last_words(dev, &c);
	n->fd = open("/dev/vuacce", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (n->fd < 0)
		return -errno;
	if (ioctl(n->fd, VUACCE_CREATE, &c) != 0) {
		ret = -errno;
		close(n->fd);
		n->fd = -1;
		return ret;
	}
	pthread_mutex_lock(&dev->lock);
	snprintf(dev->name, sizeof(dev->name), "%s-%d", n->prefix, c.id);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

int
emu_node_open(struct emu_node *n, struct emu_device *dev, char *err, size_t err_size)
{
	int ret = 0;

	memset(n, 0, sizeof(*n));
	n->dev = dev;
	n->stash_end = &n->stash;
	snprintf(n->prefix, sizeof(n->prefix), "%s", dev->model->name);
	pthread_mutex_init(&n->lock, NULL);
	n->stash_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->stash_fd < 0)
		ret = -errno;
	dev->front = dev->mode == WD_DEV_SVA ? &front_ops_sva : &front_ops;
	if (ret == 0)
		ret = plug(n);
	if (ret == 0)
		return 0;
	snprintf(err, err_size, "/dev/vuacce: %s%s", strerror(-ret),
		ret == -ENOENT ? " (is the module vuacce loaded?)" : "");
	if (n->stash_fd >= 0)
		close(n->stash_fd);
	pthread_mutex_destroy(&n->lock);
	return ret;
}

/*
 * The device goes for the kernel with the last reference to the file, and mappings are some. An
 * engine thread uses the descriptor as long as it has queues.
 */
void
emu_node_unplug(struct emu_node *n)
{
	if (n->fd < 0)
		return;
	qm_device_lose(n->dev);
	emu_node_drop_all(n);
	close(n->fd);
	n->fd = -1;
	emu_node_stash_free(n);
}

int
emu_node_return(struct emu_node *n)
{
	pthread_mutex_lock(&n->dev->lock);
	n->dev->lost = false;
	pthread_mutex_unlock(&n->dev->lock);
	return n->fd < 0 ? plug(n) : 0;
}

void
emu_node_close(struct emu_node *n)
{
	emu_node_unplug(n);
	close(n->stash_fd);
	pthread_mutex_destroy(&n->lock);
}

void
emu_node_error(struct emu_node *n)
{
	if (n->fd >= 0)
		ioctl(n->fd, VUACCE_ERROR);
}

/* ------------------------------------------------------------------ service */

static void
tell_doorbells(struct emu_node *n)
{
	const struct emu_node_queue *nq;
	unsigned int i;

	if (ioctl(n->fd, VUACCE_TAKE_KICKS) <= 0)
		return;
	for (nq = n->queues; nq != NULL; nq = nq->next)
		atomic_store(&nq->q->armed, false);
	for (i = 0; i < n->dev->nb_threads; i++)
		emu_thread_wake(&n->dev->threads[i]);
}

void
emu_node_serve(struct emu_node *n)
{
	eventfd_t count;

	eventfd_read(n->stash_fd, &count);
	if (n->fd < 0)
		return;
	tell_doorbells(n);
	emu_node_events(n);
}
