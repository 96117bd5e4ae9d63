/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control path: configure, start, stop, close, queue pairs, statistics.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_pause.h>

#include "uacce_compress.h"

#define DRAIN_MS        1000    /* that a queue pair gets to finish what is in flight */

static int
dev_configure(struct rte_compressdev *dev, struct rte_compressdev_config *config)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(config);
	return 0;
}

static int
dev_start(struct rte_compressdev *dev)
{
	RTE_SET_USED(dev);
	return 0;
}

static void
dev_stop(struct rte_compressdev *dev)
{
	RTE_SET_USED(dev);
}

static void
info_get(struct rte_compressdev *dev, struct rte_compressdev_info *info)
{
	const struct uacce_comp_proc *proc = uacce_comp_proc(dev);

	if (info == NULL)
		return;
	info->feature_flags = dev->feature_flags;
	info->capabilities = proc->caps;
	info->max_nb_queue_pairs = proc->max_qps;
}

static void
stats_get(struct rte_compressdev *dev, struct rte_compressdev_stats *stats)
{
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++) {
		const struct uacce_comp_qp *qp = dev->data->queue_pairs[i];

		if (qp == NULL)
			continue;
		stats->enqueued_count += qp->stats.enqueued_count;
		stats->dequeued_count += qp->stats.dequeued_count;
		stats->enqueue_err_count += qp->stats.enqueue_err_count;
		stats->dequeue_err_count += qp->stats.dequeue_err_count;
	}
}

static void
stats_reset(struct rte_compressdev *dev)
{
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++) {
		struct uacce_comp_qp *qp = dev->data->queue_pairs[i];

		if (qp != NULL)
			memset(&qp->stats, 0, sizeof(qp->stats));
	}
}

/*
 * Buffers belong to the device until it is done: wait for it, but not for ever. Ops that nobody
 * fetched are dropped; their streams are free again.
 */
static void
drain(struct uacce_comp_qp *qp)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() * DRAIN_MS / 1000;
	struct rte_comp_op *op;

	while (qp->enq != qp->deq && rte_get_timer_cycles() < end) {
		if (uacce_comp_dequeue(qp, &op, 1) == 0)
			rte_pause();
	}
	for (; qp->slot_deq != qp->slot_enq; qp->slot_deq++) {
		struct uacce_comp_slot *slot = &qp->slots[qp->slot_deq & qp->mask];

		if ((slot->state & UACCE_SLOT_FLIGHT) && slot->st != NULL) {
			slot->st->busy = 0;
			slot->st->broken = true;
		}
	}
}

static void
qp_free(struct uacce_comp_qp *qp)
{
	for (int dir = 0; dir < UACCE_DIRS; dir++) {
		if (qp->q[dir].wq.ctx != NULL)
			wd_release_queue(&qp->q[dir].wq);
		rte_free(qp->q[dir].reqs);
		rte_free(qp->q[dir].cpls);
	}
	wd_bounce_destroy(qp->bounce);
	for (int i = 0; i < UACCE_COMP_FULL_STREAMS; i++)
		rte_free(qp->full[i]);
	rte_free(qp->scratch);
	rte_free(qp->segs);
	rte_free(qp->slots);
	rte_free(qp->runs);
	rte_free(qp);
}

static int
qp_release(struct rte_compressdev *dev, uint16_t id)
{
	struct uacce_comp_qp *qp = dev->data->queue_pairs[id];

	if (qp == NULL)
		return 0;
	if (qp->owner != getpid()) {
		UACCE_LOG(ERR, "queue pair %u belongs to process %d", id, (int)qp->owner);
		return -EBUSY;
	}
	dev->data->queue_pairs[id] = NULL;
	drain(qp);
	qp_free(qp);
	return 0;
}

static uint64_t
dev_addr(const struct uacce_comp_qp *qp, const void *va)
{
	return qp->phys ? rte_mem_virt2iova(va) : (uintptr_t)va;
}

static void *
qp_array(const struct uacce_comp_qp *qp, size_t n, size_t size)
{
	return rte_zmalloc_socket("uacce_qp", n * size, RTE_CACHE_LINE_SIZE, qp->socket_id);
}

static int
qp_alloc_arrays(struct uacce_comp_qp *qp)
{
	const uint32_t slots = qp->mask + 1;

	qp->slots = qp_array(qp, slots, sizeof(*qp->slots));
	qp->runs = qp_array(qp, 2 * slots, sizeof(*qp->runs));
	qp->run_mask = 2 * slots - 1;
	qp->run_tail = 1;
	qp->segs = qp_array(qp, UACCE_COMP_SEGS, sizeof(*qp->segs));
	for (int dir = 0; dir < UACCE_DIRS; dir++) {
		struct uacce_comp_dirq *q = &qp->q[dir];

		q->reqs = q->next = qp_array(qp, qp->depth, sizeof(*q->reqs));
		q->cpls = qp_array(qp, qp->depth, sizeof(*q->cpls));
		if (q->reqs == NULL || q->cpls == NULL)
			return -ENOMEM;
	}
	/* Aligned to their power-of-two size, scratch pieces do not straddle pages. */
	qp->scratch = rte_zmalloc_socket("uacce_scratch", (slots + 1) * UACCE_COMP_SCRATCH,
		UACCE_COMP_SCRATCH, qp->socket_id);
	if (qp->slots == NULL || qp->runs == NULL || qp->segs == NULL || qp->scratch == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < slots; i++) {
		qp->slots[i].scratch = qp->scratch + i * UACCE_COMP_SCRATCH;
		qp->slots[i].scratch_addr = dev_addr(qp, qp->slots[i].scratch);
	}
	qp->pad_addr = dev_addr(qp, qp->scratch + slots * UACCE_COMP_SCRATCH);
	return 0;
}

static int
qp_alloc_full_streams(struct uacce_comp_qp *qp, struct uacce_comp_proc *proc)
{
	if (!proc->stateful)
		return 0;
	for (int i = 0; i < UACCE_COMP_FULL_STREAMS; i++) {
		qp->full[i] = uacce_comp_stream_internal(proc, qp->socket_id);
		if (qp->full[i] == NULL)
			return -ENOMEM;
		qp->full_all |= 1u << i;
	}
	return 0;
}

static int
qp_request_queues(struct uacce_comp_qp *qp, const struct rte_compressdev *dev)
{
	static const char *const names[] = {"compression", "decompression"};

	for (int dir = 0; dir < UACCE_DIRS; dir++) {
		struct wd_queue *wq = &qp->q[dir].wq;
		int ret;

		wq->dev = qp->wd;
		wq->numa_node = qp->socket_id >= 0 ? qp->socket_id : -1;
		wq->type = dir;
		wq->depth = qp->depth;
		ret = wd_request_queue(wq);
		if (ret != 0) {
			wq->ctx = NULL;
			UACCE_LOG(ERR, "%s: no hardware queue for %s of queue pair %u: %s",
				dev->data->name, names[dir], qp->id, ret == -EBUSY ?
				"all of the device are in use" : rte_strerror(-ret));
			return ret;
		}
	}
	/* Each direction must be able to hold all that the ring does. */
	qp->depth = RTE_MIN(qp->q[UACCE_COMPRESS].wq.depth, qp->q[UACCE_DECOMPRESS].wq.depth);
	return 0;
}

static int
qp_setup(struct rte_compressdev *dev, uint16_t id, uint32_t max_inflight_ops, int socket_id)
{
	struct uacce_comp_proc *proc = uacce_comp_proc(dev);
	const struct wd_caps *caps = wd_device_caps(proc->wd);
	struct uacce_comp_qp *qp;
	int ret;

	ret = qp_release(dev, id);
	if (ret != 0)
		return ret;
	if (max_inflight_ops == 0)
		return -EINVAL;
	qp = rte_zmalloc_socket("uacce_qp", sizeof(*qp), RTE_CACHE_LINE_SIZE, socket_id);
	if (qp == NULL)
		return -ENOMEM;
	qp->id = id;
	qp->socket_id = socket_id;
	qp->owner = getpid();
	qp->wd = proc->wd;
	qp->phys = proc->phys;
	qp->max_len = caps->max_len;
	qp->min_out = caps->min_out;
	qp->segs_per_side = RTE_MIN(caps->max_segs, UACCE_COMP_SEGS / 2);
	qp->depth = RTE_MIN(max_inflight_ops, (uint32_t)caps->max_depth);
	ret = qp_request_queues(qp, dev);
	if (ret == 0) {
		qp->mask = rte_align32pow2(qp->depth) - 1;
		qp->direct = uacce_comp_direct_queue(&qp->q[UACCE_COMPRESS].wq) &&
			uacce_comp_direct_queue(&qp->q[UACCE_DECOMPRESS].wq);
		ret = qp_alloc_arrays(qp);
	}
	if (ret == 0)
		ret = qp_alloc_full_streams(qp, proc);
	if (ret != 0) {
		qp_free(qp);
		return ret;
	}
	if (proc->mem != NULL) {
		qp->mem = proc->mem;
		qp->range = uacce_mem_range(proc->mem, qp);
		qp->bounce = uacce_bounce_open(&qp->q[UACCE_COMPRESS].wq,
			&qp->q[UACCE_DECOMPRESS].wq, proc->bounce_size, dev->data->name);
	}
	dev->data->queue_pairs[id] = qp;
	return 0;
}

/* Queue pairs of other processes stay: each closes its own. */
static int
dev_close(struct rte_compressdev *dev)
{
	for (uint16_t i = 0; i < dev->data->nb_queue_pairs; i++) {
		const struct uacce_comp_qp *qp = dev->data->queue_pairs[i];

		if (qp != NULL && qp->owner == getpid())
			qp_release(dev, i);
	}
	return 0;
}

struct rte_compressdev_ops uacce_comp_ops = {
	.dev_configure = dev_configure,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_infos_get = info_get,
	.stats_get = stats_get,
	.stats_reset = stats_reset,
	.queue_pair_setup = qp_setup,
	.queue_pair_release = qp_release,
	.stream_create = uacce_comp_stream_create,
	.stream_free = uacce_comp_stream_free,
	.private_xform_create = uacce_comp_xform_create,
	.private_xform_free = uacce_comp_xform_free,
};
