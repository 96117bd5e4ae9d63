/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control path: configure, start, stop, close, queue pairs, statistics.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_pause.h>

#include "uacce_crypto.h"

#define DRAIN_MS        1000    /* that a queue pair gets to finish what is in flight */

static int
dev_configure(struct rte_cryptodev *dev, struct rte_cryptodev_config *config)
{
	RTE_SET_USED(dev);
	RTE_SET_USED(config);
	return 0;
}

static int
dev_start(struct rte_cryptodev *dev)
{
	RTE_SET_USED(dev);
	return 0;
}

static void
dev_stop(struct rte_cryptodev *dev)
{
	RTE_SET_USED(dev);
}

static void
info_get(struct rte_cryptodev *dev, struct rte_cryptodev_info *info)
{
	const struct uacce_crypto_proc *proc = uacce_crypto_proc(dev);

	if (info == NULL)
		return;
	info->driver_id = dev->driver_id;
	info->feature_flags = dev->feature_flags;
	info->capabilities = proc->caps;
	info->max_nb_queue_pairs = proc->max_qps;
	info->sym.max_nb_sessions = 0;
	info->min_mbuf_headroom_req = 0;
	info->min_mbuf_tailroom_req = 0;
}

static void
stats_get(struct rte_cryptodev *dev, struct rte_cryptodev_stats *stats)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_queue_pairs; i++) {
		const struct uacce_crypto_qp *qp = dev->data->queue_pairs[i];

		if (qp == NULL)
			continue;
		stats->enqueued_count += qp->stats.enqueued_count;
		stats->dequeued_count += qp->stats.dequeued_count;
		stats->enqueue_err_count += qp->stats.enqueue_err_count;
		stats->dequeue_err_count += qp->stats.dequeue_err_count;
	}
}

static void
stats_reset(struct rte_cryptodev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_queue_pairs; i++) {
		struct uacce_crypto_qp *qp = dev->data->queue_pairs[i];

		if (qp != NULL)
			memset(&qp->stats, 0, sizeof(qp->stats));
	}
}

/* Buffers belong to the device until it is done: wait for it, but not for ever. */
static void
drain(struct uacce_crypto_qp *qp)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() * DRAIN_MS / 1000;

	while (wd_queue_outstanding(&qp->wq) != 0 && rte_get_timer_cycles() < end) {
		if (wd_poll(&qp->wq, qp->cpls, qp->depth) == 0)
			rte_pause();
	}
}

/* What all processes share of a queue pair. */
static void
qp_free(struct uacce_crypto_qp *qp)
{
	rte_free(qp->reqs);
	rte_free(qp->cpls);
	rte_free(qp->work.segs);
	rte_free(qp->deq_work.segs);
	rte_free(qp->ctr_blocks);
	rte_free(qp);
}

/* The memory of this process. */
static void
soft_free(struct uacce_crypto_qp *qp)
{
	uacce_crypto_soft_free(qp->work.soft);
	uacce_crypto_soft_free(qp->deq_work.soft);
}

static int
qp_release(struct rte_cryptodev *dev, uint16_t id)
{
	struct uacce_crypto_qp *qp = dev->data->queue_pairs[id];

	if (qp == NULL)
		return 0;
	if (qp->owner != getpid() && (kill(qp->owner, 0) == 0 || errno != ESRCH)) {
		UACCE_LOG(ERR, "queue pair %u belongs to process %d", id, (int)qp->owner);
		return -EBUSY;
	}
	dev->data->queue_pairs[id] = NULL;
	/* Of a process that died, the kernel has released the queue. */
	if (qp->owner == getpid()) {
		drain(qp);
		wd_release_queue(&qp->wq);
		wd_bounce_destroy(qp->bounce);
		soft_free(qp);
	}
	qp_free(qp);
	return 0;
}

static bool
work_alloc(struct uacce_crypto_work *work, int socket_id)
{
	work->segs = rte_zmalloc_socket("uacce_segs", UACCE_CRYPTO_SEGS * sizeof(*work->segs),
		RTE_CACHE_LINE_SIZE, socket_id);
	work->soft = uacce_crypto_soft_new();
	return work->segs != NULL && work->soft != NULL;
}

static int
qp_alloc_arrays(struct uacce_crypto_qp *qp, int socket_id)
{
	qp->depth = qp->wq.depth;
	qp->reqs = rte_zmalloc_socket("uacce_reqs", qp->depth * sizeof(*qp->reqs),
		RTE_CACHE_LINE_SIZE, socket_id);
	qp->cpls = rte_zmalloc_socket("uacce_cpls", qp->depth * sizeof(*qp->cpls),
		RTE_CACHE_LINE_SIZE, socket_id);
	qp->ctr_mask = rte_align32pow2(qp->depth) - 1;
	qp->ctr_blocks = rte_zmalloc_socket("uacce_ctr", (qp->ctr_mask + 1) * UACCE_CTR_BLOCK,
		RTE_CACHE_LINE_SIZE, socket_id);
	return qp->reqs && qp->cpls && qp->ctr_blocks && work_alloc(&qp->work, socket_id) &&
		work_alloc(&qp->deq_work, socket_id) ? 0 : -ENOMEM;
}

static int
qp_setup(struct rte_cryptodev *dev, uint16_t id, const struct rte_cryptodev_qp_conf *conf,
	int socket_id)
{
	const struct uacce_crypto_proc *proc = uacce_crypto_proc(dev);
	const struct wd_caps *caps = wd_device_caps(proc->wd);
	struct uacce_crypto_qp *qp;
	int ret;

	ret = qp_release(dev, id);
	if (ret != 0)
		return ret;
	qp = rte_zmalloc_socket("uacce_qp", sizeof(*qp), RTE_CACHE_LINE_SIZE, socket_id);
	if (qp == NULL)
		return -ENOMEM;
	qp->id = id;
	qp->socket_id = socket_id;
	qp->owner = getpid();
	qp->sess_id = proc->sess_id;
	qp->phys = proc->phys;
	qp->segs_per_side = caps->max_segs;
	qp->wq.dev = proc->wd;
	qp->wq.numa_node = socket_id >= 0 ? socket_id : -1;
	qp->wq.depth = RTE_MIN(conf->nb_descriptors, (uint32_t)caps->max_depth);
	ret = wd_request_queue(&qp->wq);
	if (ret != 0) {
		UACCE_LOG(ERR, "%s: no hardware queue for queue pair %u: %s", dev->data->name, id,
			ret == -EBUSY ? "all of the device are in use" : rte_strerror(-ret));
		rte_free(qp);
		return ret;
	}
	uacce_crypto_direct_queue(qp);
	ret = qp_alloc_arrays(qp, socket_id);
	if (ret != 0) {
		wd_release_queue(&qp->wq);
		soft_free(qp);
		qp_free(qp);
		return ret;
	}
	if (proc->mem != NULL) {
		qp->mem = proc->mem;
		qp->range = uacce_mem_range(proc->mem, qp);
		qp->bounce = uacce_bounce_open(&qp->wq, NULL, proc->bounce_size, dev->data->name);
	}
	dev->data->queue_pairs[id] = qp;
	return 0;
}

/* Queue pairs of other processes stay: each closes its own. */
static int
dev_close(struct rte_cryptodev *dev)
{
	uint16_t i;

	for (i = 0; i < dev->data->nb_queue_pairs; i++) {
		const struct uacce_crypto_qp *qp = dev->data->queue_pairs[i];

		if (qp != NULL && qp->owner == getpid())
			qp_release(dev, i);
	}
	return 0;
}

struct rte_cryptodev_ops uacce_crypto_ops = {
	.dev_configure = dev_configure,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_infos_get = info_get,
	.stats_get = stats_get,
	.stats_reset = stats_reset,
	.queue_pair_setup = qp_setup,
	.queue_pair_release = qp_release,
	.sym_session_get_size = uacce_crypto_session_size,
	.sym_session_configure = uacce_crypto_session_configure,
	.sym_session_clear = uacce_crypto_session_clear,
	.sym_get_raw_dp_ctx_size = uacce_crypto_raw_ctx_size,
	.sym_configure_raw_dp_ctx = uacce_crypto_raw_configure,
};
