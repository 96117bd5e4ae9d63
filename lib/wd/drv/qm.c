/* SPDX-License-Identifier: BSD-3-Clause */
/* Queue manager: setting queues up and taking them down, and what a dead queue does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qm.h"

static const uint32_t never_dozing, stopped = 1;

/* Digits behind the prefix; what follows them ("_noiommu") does not matter (A7). */
uint32_t
qm_api_version(const struct wd_dev_info *info)
{
	const size_t len = strlen(HISI_QM_API_PREFIX);

	if (strncmp(info->api, HISI_QM_API_PREFIX, len) != 0)
		return 0;
	return strtoul(info->api + len, NULL, 10);
}

static bool
power_of_two(uint32_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

/* Asks for the queue's number and geometry, and checks what this driver relies on. */
static int
queue_geometry(struct wd_queue *wq, struct qm_queue *q)
{
	struct hisi_qp_info info = {0};
	struct hisi_qp_ctx ctx = {.qc_type = wq->type};
	int ret;

	ret = q->dev->tr->ioctl(wd_ctx(wq)->tq, HISI_QM_SET_QP_CTX, &ctx);
	if (ret < 0)
		return ret;
	ret = q->dev->tr->ioctl(wd_ctx(wq)->tq, HISI_QM_SET_QP_INFO, &info);
	if (ret < 0) {
		/* Kernels before 5.19 lack the call; their depth is fixed. */
		info.sqe_size = HISI_QM_SQE_SIZE;
		info.sq_depth = HISI_QM_DEPTH;
		info.cq_depth = HISI_QM_DEPTH;
	}
	if (info.sqe_size != HISI_QM_SQE_SIZE || !power_of_two(info.sq_depth) ||
		!power_of_two(info.cq_depth) || info.sq_depth < 2 || info.cq_depth < 2 ||
		ctx.id > HW_GET(HISI_QM_DB_QN, HISI_QM_DB_QN))
		return -EPROTO;
	q->id = ctx.id;
	q->sq_mask = info.sq_depth - 1;
	q->cq_mask = info.cq_depth - 1;
	q->cq_shift = __builtin_ctz(info.cq_depth);
	return 0;
}

/* One slot stays empty in each ring; what the depth leaves over lets CQ doorbells wait. */
static void
grant_depth(struct wd_queue *wq, struct qm_queue *q)
{
	uint32_t most = q->sq_mask < q->cq_mask ? q->sq_mask : q->cq_mask;
	uint32_t spare;

	if (wq->depth == 0 || wq->depth > most)
		wq->depth = most;
	q->credits = wq->depth;
	spare = q->cq_mask - q->credits;
	q->cq_pace = spare < QM_CQ_PACE ? spare : QM_CQ_PACE;
}

static int
map_regions(struct wd_queue *wq, struct qm_queue *q)
{
	const struct wd_dev_info *info = &q->dev->info;
	size_t sq_size = (size_t)(q->sq_mask + 1) * HISI_QM_SQE_SIZE;
	size_t cq_size = (size_t)(q->cq_mask + 1) * sizeof(struct hisi_qm_cqe);
	bool db_slots = info->flags & WD_DEV_DB_SLOTS;
	int ret;

	q->dus_size = info->region_size[WD_REGION_DUS];
	q->mmio_size = info->region_size[WD_REGION_MMIO];
	if (q->dus_size < sq_size + cq_size + HISI_QM_RX_STOP_FROM_END ||
		q->mmio_size < HISI_QM_DB_SLOT(HISI_QM_DB_CMD_CQ) + sizeof(uint64_t))
		return -EPROTO;
	ret = q->dev->tr->mmap(wd_ctx(wq)->tq, WD_REGION_DUS, q->dus_size, &q->dus);
	if (ret < 0)
		return ret;
	ret = q->dev->tr->mmap(wd_ctx(wq)->tq, WD_REGION_MMIO, q->mmio_size, &q->mmio);
	if (ret < 0)
		return ret;
	q->sq = q->dus;
	q->cq = (const void *)(q->sq + sq_size);
	q->rx_stop = (const void *)(q->sq + q->dus_size - HISI_QM_RX_STOP_FROM_END);
	q->tx_stop = (const void *)(q->sq + q->dus_size - HISI_QM_TX_STOP_FROM_END);
	q->sq_db = (void *)((char *)q->mmio + HISI_QM_DB_OFF);
	q->cq_db = db_slots ? (void *)((char *)q->mmio + HISI_QM_DB_SLOT(HISI_QM_DB_CMD_CQ)) :
		q->sq_db;
	q->sq_db_cmd = HW_PREP(HISI_QM_DB_QN, q->id) |
		HW_PREP(HISI_QM_DB_CMD, HISI_QM_DB_CMD_SQ);
	q->cq_db_cmd = HW_PREP(HISI_QM_DB_QN, q->id) |
		HW_PREP(HISI_QM_DB_CMD, HISI_QM_DB_CMD_CQ);
	/* Phase bits start from zero, also where the kernel starts a used queue again (A2). */
	memset(q->sq, 0, sq_size + cq_size);
	memset(q->sq + q->dus_size - HISI_QM_RX_STOP_FROM_END, 0, HISI_QM_RX_STOP_FROM_END);
	return 0;
}

static int
alloc_memory(struct wd_queue *wq, struct qm_queue *q)
{
	size_t depth = q->sq_mask + 1;
	size_t pairs = depth * sizeof(struct qm_pairs), slots = depth * sizeof(struct qm_slot);
	size_t chunks = QM_CHUNKS * sizeof(struct qm_chunk);
	char *p;
	int ret;

	ret = wd_dev_mem_alloc(wq, chunks + pairs + slots, &q->mem);
	if (ret < 0)
		return ret;
	q->mem_delta = q->mem.dev_addr - (uintptr_t)q->mem.va;
	q->chunks = q->mem.va;
	q->pairs = (void *)((char *)q->mem.va + chunks);
	q->slots = (void *)((char *)q->pairs + pairs);
	q->slots_dev = (uintptr_t)q->slots + q->mem_delta;
	q->chunks_dev = q->mem.dev_addr;

	q->local_size = depth * (2 * sizeof(void *) + sizeof(struct qm_soft));
	p = wd_local_alloc(wq, q->local_size);
	if (p == NULL)
		return -ENOMEM;
	q->tags = (void *)p;
	q->soft = (void *)(q->tags + depth);
	q->slot_data = (void *)(q->soft + depth);
	return 0;
}

int
qm_queue_init(struct wd_queue *wq)
{
	const struct wd_transport *tr = wq->dev->tr;
	struct qm_queue *q;
	int ret;

	q = wd_local_alloc(wq, sizeof(*q));
	if (q == NULL)
		return -ENOMEM;
	q->dev = wq->dev;
	q->gen = qm_api_version(&wq->dev->info);
	q->qc_type = wq->type;
	wq->priv = q;
	ret = queue_geometry(wq, q);
	if (ret < 0)
		goto err;
	grant_depth(wq, q);
	ret = map_regions(wq, q);
	if (ret < 0)
		goto err;
	ret = alloc_memory(wq, q);
	if (ret < 0)
		goto err;
	ret = tr->start(wd_ctx(wq)->tq);
	if (ret < 0)
		goto err;
	tr->doze(wd_ctx(wq)->tq, &q->doze);
	if (q->doze.dozing == NULL)
		q->doze.dozing = &never_dozing;
	return 0;

err:
	qm_queue_fini(wq);
	return ret;
}

static uint16_t
qm_run_and_poll(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	struct qm_queue *q = wq->priv;

	q->doze.run(q->doze.arg);
	return q->poll(wq, cpls, n);
}

void
qm_set_bursts(struct wd_queue *wq, wd_submit_t submit, wd_poll_t poll)
{
	struct qm_queue *q = wq->priv;

	q->poll = poll;
	wq->submit = submit;
	wq->poll = q->doze.run != NULL ? qm_run_and_poll : poll;
}

/* Undoes qm_queue_init() as far as it got. */
void
qm_queue_fini(struct wd_queue *wq)
{
	const struct wd_transport *tr = wq->dev->tr;
	struct qm_queue *q = wq->priv;

	/* Before any of its memory goes away the device has to let go of it. */
	tr->stop(wd_ctx(wq)->tq);
	wd_local_free(q->tags, q->local_size);
	wd_dev_mem_free(wq, &q->mem);
	if (q->mmio != NULL)
		tr->munmap(wd_ctx(wq)->tq, WD_REGION_MMIO, q->mmio, q->mmio_size);
	if (q->dus != NULL)
		tr->munmap(wd_ctx(wq)->tq, WD_REGION_DUS, q->dus, q->dus_size);
	wd_local_free(q, sizeof(*q));
	wq->priv = NULL;
}

uint32_t
qm_outstanding(const struct wd_queue *wq)
{
	const struct qm_queue *q = wq->priv;

	return (q->tail - q->head) + (q->soft_tail - q->soft_head);
}

void
qm_dump(const struct wd_queue *wq, FILE *f)
{
	const struct qm_queue *q = wq->priv;

	fprintf(f, "  qm: queue %u, generation %u, head %u, tail %u, CQ told %u, pace %u\n", q->id,
		q->gen, q->head, q->tail, q->cq_rung, q->cq_pace);
	fprintf(f, "  soft %u, list chunks in use %u of %u, stop words TX %u RX %u\n",
		q->soft_tail - q->soft_head, qm_sgl_used(q), QM_CHUNKS,
		wd_read_shared32(q->tx_stop), wd_read_shared32(q->rx_stop));
}

void
qm_arm(struct wd_queue *wq)
{
	struct qm_queue *q = wq->priv;

	if (wd_ctx(wq)->dead)
		return;
	qm_ring_cq(wq, q, q->head, 1);
	/* It may have hidden the SQ command in a register of memory; on hardware this is no news. */
	if (q->cq_db == q->sq_db && q->tail != q->head)
		wd_write_doorbell(q->sq_db, q->sq_db_cmd |
			HW_PREP(HISI_QM_DB_INDEX, q->tail & q->sq_mask));
}

/* ------------------------------------------------------------------ death */

static uint16_t
qm_submit_dead(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return 0;
}

uint16_t
qm_poll_dead(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	struct qm_queue *q = wq->priv;
	uint32_t tail = wd_published32(&q->tail);
	uint16_t i;

	for (i = 0; i < n; i++) {
		void *tag;

		if (qm_soft_take(q, q->head, &cpls[i])) {
			tag = cpls[i].tag;
		} else if (q->head != tail) {
			tag = q->tags[q->head & q->sq_mask];
			wd_publish32(&q->head, q->head + 1);
		} else {
			break;
		}
		cpls[i] = (struct wd_cpl){.tag = tag, .status = WD_DEV_LOST};
	}
	wq->stats.completed += i;
	return i;
}

void
qm_die(struct wd_queue *wq)
{
	struct qm_queue *q = wq->priv;

	wd_ctx(wq)->dead = true;
	/* For those who look at the queue themselves. */
	q->tx_stop = q->rx_stop = &stopped;
	wq->submit = qm_submit_dead;
	wq->poll = qm_poll_dead;
}

void
qm_kill(struct wd_queue *wq)
{
	/* The buffers go back to the caller: the device must not write to them any more. */
	wq->dev->tr->stop(wd_ctx(wq)->tq);
	qm_die(wq);
}
