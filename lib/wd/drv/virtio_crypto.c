/* SPDX-License-Identifier: BSD-3-Clause */
/* User driver of virtio-crypto: which devices it knows, queues up and down. */
#include <errno.h>

#include "vcrypto.h"

static bool
vc_match(const struct wd_dev_info *info)
{
	return strcmp(info->api, UACCE_VC_API) == 0 &&
		(wd_has_algorithm(info, "cipher") || wd_has_algorithm(info, "digest") ||
		wd_has_algorithm(info, "aead"));
}

/* ------------------------------------------------------------------ set-up */

/* Is [offset, offset + len) inside of a region, and aligned? */
static bool
inside(size_t region, uint64_t offset, uint64_t len, uint32_t align)
{
	return offset % align == 0 && offset <= region && len <= region - offset;
}

/* What this driver does not speak. */
#define FOREIGN_FEATURES (VCRYPTO_F_REVISION_1 | VRING_F_EVENT_IDX | VRING_F_PACKED | \
	VRING_F_NOTIFICATION_DATA)

static int
check_geometry(const struct vc_queue *q, const struct uacce_vc_info *i)
{
	size_t dus = q->dus_size, n = i->ring_size;

	if (n < VC_OTHER || n > VRING_MAX_SIZE || (n & (n - 1)) != 0 ||
		(i->features & FOREIGN_FEATURES) != 0)
		return -EPROTO;
	if (!inside(dus, i->desc_offset, n * sizeof(struct vring_desc), 16) ||
		!inside(dus, i->avail_offset, VRING_AVAIL_SIZE(n), 2) ||
		!inside(dus, i->used_offset, VRING_USED_SIZE(n), 4) ||
		!inside(dus, i->state_offset, sizeof(uint32_t), 4) ||
		!inside(dus, i->room_offset, i->room_size, 64))
		return -EPROTO;
	if ((i->notify_width != 2 && i->notify_width != 4) ||
		!inside(q->mmio_size, i->notify_offset, i->notify_width, i->notify_width))
		return -EPROTO;
	return 0;
}

static int
map_regions(struct wd_queue *wq, struct vc_queue *q, const struct uacce_vc_info *i)
{
	const struct wd_transport *tr = q->dev->tr;
	uint8_t *dus;
	int ret;

	ret = tr->mmap(wd_ctx(wq)->tq, WD_REGION_DUS, q->dus_size, &q->dus);
	if (ret == 0)
		ret = tr->mmap(wd_ctx(wq)->tq, WD_REGION_MMIO, q->mmio_size, &q->mmio);
	if (ret < 0)
		return ret;
	dus = q->dus;
	q->delta = i->dus_addr - (uintptr_t)dus;
	q->desc = (void *)(dus + i->desc_offset);
	q->avail = (void *)(dus + i->avail_offset);
	q->used = (void *)(dus + i->used_offset);
	q->state = (void *)(dus + i->state_offset);
	q->notify = (uint8_t *)q->mmio + i->notify_offset;
	q->notify_value = i->notify_value;
	q->wide = i->notify_width == 4;
	return 0;
}

/* What lies in the room beside the rings: slots, big tables, scratch. */
static void
lay_out(struct vc_queue *q, const struct uacce_vc_info *i)
{
	q->slots = (void *)((uint8_t *)q->dus + i->room_offset);
	q->big = (void *)(q->slots + q->mask + 1);
	q->scratch = (void *)(q->big + q->big_count);
}

static int
alloc_local(struct wd_queue *wq, struct vc_queue *q)
{
	size_t slots = q->mask + 1, ring = q->ring_mask + 1;
	char *p;

	q->local_size = slots * (sizeof(*q->inflight) + sizeof(*q->soft)) +
		ring * sizeof(*q->slot_of);
	p = wd_local_alloc(wq, q->local_size);
	if (p == NULL)
		return -ENOMEM;
	q->inflight = (void *)p;
	q->soft = (void *)(q->inflight + slots);
	q->slot_of = (void *)(q->soft + slots);
	return 0;
}

/* With indirect descriptors, entry i of the ring of available ones is slot i for ever. */
static void
init_rings(struct vc_queue *q)
{
	struct vring_used *used = (void *)(uintptr_t)q->used;

	for (uint32_t i = 0; i <= q->ring_mask; i++) {
		q->avail->ring[i] = i & q->mask;
		q->desc[i] = (struct vring_desc){
			.flags = q->indirect ? VRING_DESC_INDIRECT : 0};
	}
	q->avail->flags = VRING_AVAIL_NO_INTERRUPT;
	q->avail->idx = 0;
	/* The device's, but it has not started: what was left when it was stopped in the middle. */
	used->flags = 0;
	used->idx = 0;
}

static void
grant_depth(struct wd_queue *wq, struct vc_queue *q)
{
	uint32_t most = q->mask + 1;

	/* So that flat requests of any kind never run out of descriptors. */
	if (!q->indirect)
		most = (q->ring_mask + 1u) / VC_OTHER;
	if (most > q->dev->caps.max_depth)
		most = q->dev->caps.max_depth;
	if (wq->depth == 0 || wq->depth > most)
		wq->depth = most;
	q->credits = wq->depth;
}

static void
set_limits(struct vc_queue *q, const struct uacce_vc_info *i)
{
	uint64_t most;

	q->max_size = i->max_size;
	/* Source, destination and the longest IV. */
	most = i->max_size > 16 ? (i->max_size - 16) / 2 : 0;
	q->cipher_max = most < VC_MAX_LEN ? most : VC_MAX_LEN;
}

static int
get_queue(struct wd_queue *wq, struct vc_queue *q)
{
	struct uacce_vc_info i = {.size = sizeof(i)};
	uint32_t slots;
	int ret;

	ret = q->dev->tr->ioctl(wd_ctx(wq)->tq, UACCE_VC_QUEUE, &i);
	if (ret < 0)
		return ret;
	q->dus_size = q->dev->info.region_size[WD_REGION_DUS];
	q->mmio_size = q->dev->info.region_size[WD_REGION_MMIO];
	ret = check_geometry(q, &i);
	if (ret < 0)
		return ret;
	slots = vc_slots(&i, &q->big_count);
	if (slots == 0)
		return -EPROTO;
	q->index = i.queue;
	q->ring_mask = i.ring_size - 1;
	q->mask = slots - 1;
	q->indirect = i.features & VRING_F_INDIRECT_DESC;
	set_limits(q, &i);
	ret = map_regions(wq, q, &i);
	if (ret == 0)
		ret = alloc_local(wq, q);
	if (ret < 0)
		return ret;
	lay_out(q, &i);
	init_rings(q);
	grant_depth(wq, q);
	return 0;
}

/* A start may have reset the device: the epoch is only known behind it. */
static int
start(struct wd_queue *wq, struct vc_queue *q)
{
	struct uacce_vc_info i = {.size = sizeof(i)};
	int ret;

	ret = q->dev->tr->start(wd_ctx(wq)->tq);
	if (ret == 0)
		ret = q->dev->tr->ioctl(wd_ctx(wq)->tq, UACCE_VC_INFO, &i);
	if (ret < 0)
		return ret;
	q->epoch = i.epoch;
	vc_sessions_renew(q->dev, q->epoch);
	return 0;
}

/* Undoes vc_queue_init() as far as it got. */
static void
vc_queue_fini(struct wd_queue *wq)
{
	const struct wd_transport *tr = wq->dev->tr;
	struct vc_queue *q = wq->priv;

	/* Before any of its memory goes away the device has to let go of it. */
	tr->stop(wd_ctx(wq)->tq);
	wd_local_free(q->inflight, q->local_size);
	if (q->mmio != NULL)
		tr->munmap(wd_ctx(wq)->tq, WD_REGION_MMIO, q->mmio, q->mmio_size);
	if (q->dus != NULL)
		tr->munmap(wd_ctx(wq)->tq, WD_REGION_DUS, q->dus, q->dus_size);
	wd_local_free(q, sizeof(*q));
	wq->priv = NULL;
}

static int
vc_queue_init(struct wd_queue *wq)
{
	struct vc_queue *q;
	int ret;

	if (wq->type != 0)
		return -EINVAL;
	q = wd_local_alloc(wq, sizeof(*q));
	if (q == NULL)
		return -ENOMEM;
	q->dev = wq->dev;
	wq->priv = q;
	ret = get_queue(wq, q);
	if (ret == 0)
		ret = start(wq, q);
	if (ret < 0) {
		vc_queue_fini(wq);
		return ret;
	}
	wq->submit = q->indirect ? vc_submit_indirect : vc_submit_direct;
	wq->poll = q->indirect ? vc_poll_indirect : vc_poll_direct;
	return 0;
}

/* ------------------------------------------------------------------ the rest */

static uint32_t
vc_outstanding(const struct wd_queue *wq)
{
	const struct vc_queue *q = wq->priv;

	return (q->tail - q->head) + (q->soft_tail - q->soft_head);
}

static void
vc_dump(const struct wd_queue *wq, FILE *f)
{
	const struct vc_queue *q = wq->priv;

	fprintf(f, "  virtqueue %u of %u entries, %s descriptors, head %u, tail %u, early %u\n",
		q->index, q->ring_mask + 1u, q->indirect ? "indirect" : "direct", q->head,
		q->tail, q->early);
	fprintf(f, "  available %u, used %u, read %u, flags %#x %#x\n", q->avail->idx,
		q->used->idx, q->used_seen, q->avail->flags, q->used->flags);
	fprintf(f, "  soft %u, big tables in use %u of %u, state word %u\n",
		q->soft_tail - q->soft_head, vc_big_in_use(q), q->big_count,
		wd_read_shared32(q->state));
}

static void
vc_arm(struct wd_queue *wq)
{
	struct vc_queue *q = wq->priv;

	if (wd_ctx(wq)->dead)
		return;
	q->armed = true;
	__atomic_store_n(&q->avail->flags, 0, __ATOMIC_RELAXED);
	/* What the device finished before it saw that, the caller's next poll sees. */
	wd_before_flag_check();
}

static void
vc_kill(struct wd_queue *wq)
{
	/* The buffers go back to the caller: the device must not write to them any more. */
	wq->dev->tr->stop(wd_ctx(wq)->tq);
	vc_die(wq);
}

const struct wd_driver wd_drv_virtio_crypto = {
	.name = "virtio_crypto",
	.kind = "virtio_crypto",
	.group = "crypto",
	.match = vc_match,
	.caps = vc_caps,
	.queue_init = vc_queue_init,
	.queue_fini = vc_queue_fini,
	.outstanding = vc_outstanding,
	.dump = vc_dump,
	.arm = vc_arm,
	.kill = vc_kill,
	.session_size = sizeof(struct wd_session),
	.session_init_crypto = vc_session_init,
	.session_fini = vc_session_fini,
};
