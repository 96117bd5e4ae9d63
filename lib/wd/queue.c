/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues: the specification's calls, around the burst functions of the user drivers. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wd_private.h"

#define WAIT_SLICE_MS   100     /* a lost wake-up costs this much */
#define STALL_MS        10000   /* no completion for so long: the device is dead */

/* q->dev == NULL: the best device with this algorithm. */
static int
open_for_alg(struct wd_queue *q)
{
	struct wd_dev_info info;
	char name[64];
	int ret;

	if (q->alg == NULL)
		return -EINVAL;
	ret = wd_discover(NULL, q->alg, q->numa_node, name, sizeof(name), NULL, 0);
	if (ret == 0)
		ret = wd_sysfs_read(name, &info, NULL, 0, NULL, 0);
	if (ret < 0)
		return ret;
	return wd_device_open(name, wd_driver_find(&info, NULL)->kind, NULL, q->numa_node,
		&q->dev, NULL, 0);
}

static int
count_queue(struct wd_device *dev, int change)
{
	pthread_mutex_lock(&dev->lock);
	dev->queues += change;
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

/*
 * The kernel's share of the device's memory: nothing to touch, but mapped before the start it
 * keeps its addresses free of the process's own memory.
 */
static int
map_dko(struct wd_queue *q)
{
	size_t size = q->dev->info.region_size[WD_REGION_DKO];

	if (size == 0)
		return 0;
	return q->dev->tr->mmap(wd_ctx(q)->tq, WD_REGION_DKO, size, &wd_ctx(q)->dko);
}

static void
unmap_dko(struct wd_queue *q)
{
	struct wd_queue_ctx *ctx = wd_ctx(q);

	if (ctx->dko != NULL)
		q->dev->tr->munmap(ctx->tq, WD_REGION_DKO, ctx->dko,
			q->dev->info.region_size[WD_REGION_DKO]);
	ctx->dko = NULL;
}

int
wd_request_queue(struct wd_queue *q)
{
	struct wd_queue_ctx *ctx;
	int ret = 0;

	ctx = calloc(1, sizeof(*ctx));
	if (ctx == NULL)
		return -ENOMEM;
	ctx->q = q;
	q->ctx = ctx;
	if (q->dev == NULL) {
		ret = open_for_alg(q);
		if (ret < 0)
			goto err_free;
		ctx->own_dev = q->dev;
	}
	ctx->node = q->numa_node >= 0 ? q->numa_node : q->dev->info.numa_node;
	memset(&q->stats, 0, sizeof(q->stats));
	ret = q->dev->tr->queue_open(q->dev->tdev, &ctx->tq);
	if (ret < 0)
		goto err_device;
	ret = map_dko(q);
	if (ret == 0)
		ret = q->dev->drv->queue_init(q);
	if (ret < 0)
		goto err_queue;
	count_queue(q->dev, 1);
	return 0;

err_queue:
	wd_ss_release(q);
	unmap_dko(q);
	q->dev->tr->queue_close(ctx->tq);
err_device:
	if (ctx->own_dev != NULL) {
		wd_device_close(ctx->own_dev);
		q->dev = NULL;
	}
err_free:
	free(ctx);
	q->ctx = NULL;
	return ret;
}

void
wd_release_queue(struct wd_queue *q)
{
	struct wd_queue_ctx *ctx = wd_ctx(q);

	if (ctx == NULL)
		return;
	q->dev->drv->queue_fini(q);
	wd_ss_release(q);
	unmap_dko(q);
	q->dev->tr->queue_close(ctx->tq);
	count_queue(q->dev, -1);
	if (ctx->own_dev != NULL) {
		wd_device_close(ctx->own_dev);
		q->dev = NULL;
	}
	free(ctx);
	q->ctx = NULL;
	q->submit = NULL;
	q->poll = NULL;
}

int
wd_send(struct wd_queue *q, void *req)
{
	if (wd_submit(q, req, 1) == 1)
		return 0;
	return wd_queue_alive(q) ? -EBUSY : -ENODEV;
}

static int
status_errno(uint32_t status)
{
	switch (status) {
	case WD_OK:
		return 0;
	case WD_AUTH_FAILED:
	case WD_BAD_DATA:
		return -EBADMSG;
	case WD_BAD_REQ:
		return -EINVAL;
	case WD_NO_SPACE:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

int
wd_recv(struct wd_queue *q, void **req)
{
	struct wd_cpl cpl;

	if (wd_poll(q, &cpl, 1) == 0)
		return wd_queue_alive(q) ? -EAGAIN : -ENODEV;
	*req = cpl.tag;
	return status_errno(cpl.status);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits in the kernel for a while; gives up a device that is gone or stalls since last. */
static void
wait_or_kill(struct wd_queue *q, uint64_t last)
{
	if (q->dev->tr->wait(wd_ctx(q)->tq, WAIT_SLICE_MS) < 0 || now_ms() - last > STALL_MS)
		q->dev->drv->kill(q);
}

int
wd_recv_sync(struct wd_queue *q, void **req)
{
	uint64_t start = now_ms();
	int ret;

	for (;;) {
		ret = wd_recv(q, req);
		if (ret != -EAGAIN || wd_queue_outstanding(q) == 0)
			return ret;
		/* Armed before the last look, so that no completion falls in between. */
		q->dev->drv->arm(q);
		ret = wd_recv(q, req);
		if (ret != -EAGAIN)
			return ret;
		wait_or_kill(q, start);
	}
}

void
wd_flush(struct wd_queue *q)
{
	uint64_t last = now_ms();
	struct wd_cpl cpls[32];

	while (wd_queue_outstanding(q) != 0) {
		if (wd_poll(q, cpls, 32) != 0) {
			last = now_ms();
			continue;
		}
		q->dev->drv->arm(q);
		if (wd_poll(q, cpls, 32) == 0)
			wait_or_kill(q, last);
	}
}

uint32_t
wd_queue_outstanding(const struct wd_queue *q)
{
	return q->dev->drv->outstanding(q);
}

int
wd_queue_alive(const struct wd_queue *q)
{
	return !wd_ctx(q)->dead;
}

void
wd_queue_dump(const struct wd_queue *q, FILE *f)
{
	fprintf(f, "queue of %s, type %u, depth %u, %s\n", q->dev->info.name, q->type, q->depth,
		wd_queue_alive(q) ? "alive" : "dead");
	fprintf(f, "  submitted %" PRIu64 ", completed %" PRIu64 ", outstanding %u\n",
		q->stats.submitted, q->stats.completed, wd_queue_outstanding(q));
	fprintf(f, "  doorbells: SQ %" PRIu64 ", CQ %" PRIu64 "\n", q->stats.sq_doorbells,
		q->stats.cq_doorbells);
	if (q->stats.bounced != 0)
		fprintf(f, "  bounced %" PRIu64 ", %" PRIu64 " bytes\n", q->stats.bounced,
			q->stats.bounced_bytes);
	q->dev->drv->dump(q, f);
}

const char *
wd_status_str(enum wd_status status)
{
	static const char *const names[] = {
		[WD_OK] = "ok",
		[WD_AUTH_FAILED] = "authentication failed",
		[WD_BAD_REQ] = "bad request",
		[WD_NO_SPACE] = "no output space",
		[WD_BAD_DATA] = "corrupt data",
		[WD_HW_ERROR] = "hardware error",
		[WD_DEV_LOST] = "device lost",
	};

	if ((unsigned int)status >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[status];
}
