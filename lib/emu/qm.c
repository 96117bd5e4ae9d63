/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue manager: life of a queue, as the kernel's driver presents it, and its rings, as the
 * hardware works on them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu_private.h"

#define MMIO_SIZE       8192    /* v2, and v3 without doorbell isolation (A8) */
#define WAIT_SLICE_MS   50      /* a waiter looks again at least so often */
#define RUN_SLICE_MS    1       /* and one that has to drive the device */

/* ------------------------------------------------------------------ control path */

size_t
qm_region_size(const struct emu_device *dev, unsigned int region)
{
	size_t rings = (size_t)dev->depth * (dev->model->sqe_size + sizeof(struct hisi_qm_cqe));

	if (region == WD_REGION_MMIO)
		return MMIO_SIZE;
	if (region == WD_REGION_DUS)    /* rings rounded up, and a page for the status words */
		return (rings + EMU_DUS_PAGE - 1) / EMU_DUS_PAGE * EMU_DUS_PAGE + EMU_DUS_PAGE;
	if (region == WD_REGION_SS && dev->node && dev->mode != WD_DEV_SVA)
		return dev->ss_size;
	if (region == WD_REGION_DKO && dev->mode == WD_DEV_SHARE_DOMAIN)
		return EMU_DKO_SIZE;
	return 0;
}

size_t
qm_wait_offset(const struct emu_device *dev)
{
	return qm_region_size(dev, WD_REGION_MMIO);
}

/* The client may have the descriptor: what we map of it has to stay. */
static uint8_t *
region_alloc(const char *name, size_t size, int *fd)
{
	void *p;

	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return NULL;
	if (ftruncate(*fd, (off_t)size) != 0 ||
			fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		goto fail;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, *fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	return p;
fail:
	close(*fd);
	*fd = -1;
	return NULL;
}

static void
queue_free(struct emu_queue *q)
{
	if (q->event_fd >= 0)
		close(q->event_fd);
	if (q->mmio_fd >= 0) {
		munmap(q->mmio, qm_wait_offset(q->dev) + EMU_DUS_PAGE);
		close(q->mmio_fd);
	} else {
		free(q->wait);
	}
	if (q->dus_fd >= 0) {
		munmap(q->dus, qm_region_size(q->dev, WD_REGION_DUS));
		close(q->dus_fd);
	}
	free(q->recover);
	free(q);
}

/* Regions of the queue's own, which a client gets by descriptor. */
static bool
own_regions(struct emu_queue *q)
{
	const struct emu_device *dev = q->dev;

	q->mmio = region_alloc("uacce-emu-mmio", qm_wait_offset(dev) + EMU_DUS_PAGE, &q->mmio_fd);
	q->dus = region_alloc("uacce-emu-dus", qm_region_size(dev, WD_REGION_DUS), &q->dus_fd);
	if (q->mmio == NULL || q->dus == NULL)
		return false;
	q->wait = (struct emu_wait *)(void *)(q->mmio + qm_wait_offset(dev));
	return true;
}

static bool
given_regions(struct emu_queue *q, void *mmio, void *dus)
{
	q->mmio = mmio;
	q->dus = dus;
	q->wait = aligned_alloc(64, sizeof(*q->wait));
	if (q->wait == NULL)
		return false;
	memset(q->wait, 0, sizeof(*q->wait));
	return true;
}

static struct emu_queue *
queue_alloc(struct emu_device *dev, void *mmio, void *dus)
{
	struct emu_queue *q = aligned_alloc(64, sizeof(*q));

	if (q == NULL)
		return NULL;
	memset(q, 0, sizeof(*q));
	q->dev = dev;
	q->depth = (uint16_t)dev->depth;
	q->sqe_size = dev->model->sqe_size;
	q->event_fd = q->mmio_fd = q->dus_fd = -1;
	q->forced_index = -1;
	atomic_store(&q->mem, &dev->mem);
	if (!(mmio != NULL ? given_regions(q, mmio, dus) : own_regions(q)) ||
			(!dev->db_slots && !emu_recover_init(q))) {
		queue_free(q);
		return NULL;
	}
	q->sq = q->dus;
	q->cq = (struct hisi_qm_cqe *)(void *)(q->dus + (size_t)q->depth * q->sqe_size);
	q->db = (volatile uint64_t *)(void *)(q->mmio + HISI_QM_DB_OFF);
	return q;
}

int
qm_queue_open_at(struct emu_device *dev, void *mmio, void *dus, void *front_arg,
		 struct emu_queue **out)
{
	struct emu_queue *q;
	unsigned int id;
	int ret = 0;

	q = queue_alloc(dev, mmio, dus);
	if (q == NULL)
		return -ENOMEM;
	q->front_arg = front_arg;
	pthread_mutex_lock(&dev->lock);
	for (id = 0; id < dev->max_queues && dev->queues[id] != NULL; id++)
		;
	if (dev->lost) {
		ret = -ENODEV;
	} else if (id == dev->max_queues) {
		ret = -EBUSY;
	} else {
		q->id = (uint16_t)id;
		q->thread = &dev->threads[id % dev->nb_threads];
		ret = emu_thread_prepare(q->thread);
	}
	if (ret == 0) {
		dev->queues[id] = q;
		dev->nb_queues++;
	}
	pthread_mutex_unlock(&dev->lock);
	if (ret != 0)
		queue_free(q);
	else
		*out = q;
	return ret;
}

int
qm_queue_open(struct emu_device *dev, struct emu_queue **out)
{
	return qm_queue_open_at(dev, NULL, NULL, NULL, out);
}

void
qm_queue_close(struct emu_queue *q)
{
	struct emu_device *dev = q->dev;

	qm_stop(q);
	pthread_mutex_lock(&dev->lock);
	dev->queues[q->id] = NULL;
	dev->nb_queues--;
	pthread_mutex_unlock(&dev->lock);
	emu_thread_sync(q->thread);
	queue_free(q);
}

int
qm_ioctl(struct emu_queue *q, unsigned long cmd, void *arg)
{
	struct hisi_qp_ctx *ctx = arg;
	struct hisi_qp_info *info = arg;
	int ret = 0;

	if (arg == NULL)
		return -EFAULT;
	pthread_mutex_lock(&q->dev->lock);
	if (q->state == EMU_Q_DEAD) {
		ret = -ENXIO;
	} else if (cmd == HISI_QM_SET_QP_CTX) {
		if (ctx->qc_type > q->dev->model->max_qc_type) {
			ret = -EINVAL;
		} else {
			q->qc_type = ctx->qc_type;
			ctx->id = q->id;
		}
	} else if (cmd == HISI_QM_SET_QP_INFO) {
		memset(info, 0, sizeof(*info));
		info->sqe_size = q->sqe_size;
		info->sq_depth = q->depth;
		info->cq_depth = q->depth;
	} else {
		ret = -EINVAL;
	}
	pthread_mutex_unlock(&q->dev->lock);
	return ret;
}

static _Atomic uint32_t *
stop_word(const struct emu_queue *q, size_t from_end)
{
	return (_Atomic uint32_t *)(void *)(q->dus + qm_region_size(q->dev, WD_REGION_DUS) - from_end);
}

int
qm_start(struct emu_queue *q)
{
	int ret = 0;

	pthread_mutex_lock(&q->dev->lock);
	if (q->state == EMU_Q_DEAD) {
		ret = -ENXIO;
	} else if (q->dev->lost) {
		ret = -ENODEV;
	} else if (q->state != EMU_Q_INIT) {
		ret = -EINVAL;
	} else {
		q->head = q->tail = q->asked = q->cq_tail = 0;
		q->phase = 1;
		q->db_last = 0;
		q->db[HISI_QM_DB_CMD_SQ] = 0;
		q->db[HISI_QM_DB_CMD_CQ] = 0;
		memset(q->cq, 0, q->depth * sizeof(q->cq[0]));
		if (q->recover != NULL)
			emu_recover_start(q);
		q->wait_cursor = atomic_load(&q->wait->seq);
		q->state = EMU_Q_STARTED;
	}
	pthread_mutex_unlock(&q->dev->lock);
	if (ret == 0)
		emu_thread_sync(q->thread);
	return ret;
}

int
qm_stop(struct emu_queue *q)
{
	bool was_started;

	pthread_mutex_lock(&q->dev->lock);
	was_started = q->state == EMU_Q_STARTED;
	if (was_started)
		q->state = EMU_Q_INIT;
	pthread_mutex_unlock(&q->dev->lock);
	if (was_started)
		emu_thread_sync(q->thread);
	return 0;
}

/* Tells a waiter, if there is one, that something happened. */
static void
notify(struct emu_queue *q, uint32_t count)
{
	struct emu_wait *w = q->wait;

	/* One writer: no read-modify-write. The waiter's membarrier orders the two lines. */
	atomic_store_explicit(&w->seq, atomic_load_explicit(&w->seq, memory_order_relaxed) + count,
		memory_order_release);
	__asm__ volatile("" ::: "memory");
	if (q->dev->front != NULL)
		q->dev->front->wake(q);
	if (emu_likely(atomic_load_explicit(&w->waiters, memory_order_relaxed) == 0))
		return;
	syscall(SYS_futex, &w->seq, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	if (q->event_fd >= 0)
		eventfd_write(q->event_fd, 1);
}

int
qm_event_fd(struct emu_queue *q)
{
	int ret;

	pthread_mutex_lock(&q->dev->lock);
	if (q->event_fd < 0)
		q->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = q->event_fd < 0 ? -errno : q->event_fd;
	pthread_mutex_unlock(&q->dev->lock);
	return ret;
}

void
qm_set_mem(struct emu_queue *q, const struct emu_mem *mem)
{
	atomic_store(&q->mem, mem);
	emu_thread_sync(q->thread);
}

bool
qm_news(struct emu_queue *q)
{
	uint32_t seq = atomic_load(&q->wait->seq);
	bool news = seq != q->wait_cursor || atomic_load(stop_word(q, HISI_QM_RX_STOP_FROM_END)) != 0;

	q->wait_cursor = seq;
	return news;
}

/* Engine thread, or with the engine thread synced away from this queue. */
void
qm_queue_kill(struct emu_queue *q)
{
	struct emu_thread *th = q->thread;
	unsigned int i;

	pthread_mutex_lock(&q->dev->lock);
	q->state = EMU_Q_DEAD;
	atomic_store(stop_word(q, HISI_QM_TX_STOP_FROM_END), 1);
	atomic_store(stop_word(q, HISI_QM_RX_STOP_FROM_END), 1);
	for (i = 0; i < th->nb_active; i++)
		if (th->active[i] == q) {
			th->active[i] = th->active[--th->nb_active];
			break;
		}
	pthread_mutex_unlock(&q->dev->lock);
	notify(q, 1);
}

void
qm_device_lose(struct emu_device *dev)
{
	unsigned int i;

	pthread_mutex_lock(&dev->lock);
	dev->lost = true;
	pthread_mutex_unlock(&dev->lock);
	for (i = 0; i < dev->nb_threads; i++) {
		atomic_fetch_add(&dev->threads[i].ctrl_req, 1);
		emu_thread_wake(&dev->threads[i]);
	}
}

/*
 * As poll() on the char device: true once per batch of completions, independent of the CQ head
 * (A4). A dead queue always has news: its status words.
 */
int
qm_wait(struct emu_queue *q, int ms)
{
	uint64_t end = emu_now_ns() + (uint64_t)(ms < 0 ? 0 : ms) * 1000000u;
	struct timespec ts = { .tv_nsec = WAIT_SLICE_MS * 1000000 };
	int ret = 0;

	/* A device without a thread does nothing meanwhile but what it does here. */
	if (q->dev->in_poller) {
		emu_thread_run(q->thread);
		ts.tv_nsec = RUN_SLICE_MS * 1000000;
	}
	emu_thread_wake(q->thread);
	atomic_fetch_add(&q->wait->waiters, 1);
	emu_heavy_barrier(q->dev);
	for (;;) {
		uint32_t seq = atomic_load(&q->wait->seq);
		uint64_t now;

		if (qm_news(q)) {
			ret = 1;
			break;
		}
		now = emu_now_ns();
		if (ms >= 0 && now >= end)
			break;
		if (ms >= 0 && end - now < (uint64_t)ts.tv_nsec)
			ts.tv_nsec = (long)(end - now);
		syscall(SYS_futex, &q->wait->seq, FUTEX_WAIT, seq, &ts, NULL, 0);
		if (q->dev->in_poller)
			emu_thread_run(q->thread);
	}
	atomic_fetch_sub(&q->wait->waiters, 1);
	return ret;
}

/* ------------------------------------------------------------------ data path */

/* Acts on a new value of the SQ's doorbell register; false when it kills the queue. */
static bool
take_doorbell(struct emu_queue *q, uint64_t db)
{
	uint64_t index = HW_GET(HISI_QM_DB_INDEX, db);

	q->db_last = db;
	if (HW_GET(HISI_QM_DB_QN, db) != q->id || HW_GET(HISI_QM_DB_RAND, db) != 0 ||
			index >= q->depth)
		return false;
	if (HW_GET(HISI_QM_DB_CMD, db) == HISI_QM_DB_CMD_CQ)
		return q->recover != NULL;
	if (HW_GET(HISI_QM_DB_CMD, db) != HISI_QM_DB_CMD_SQ)
		return false;
	if (q->recover == NULL || !emu_recover_old_news(q, (unsigned int)index))
		q->tail = (uint16_t)index;
	return true;
}

bool
qm_pending(const struct emu_thread *th)
{
	unsigned int i;

	for (i = 0; i < th->nb_active; i++)
		if (th->active[i]->db[HISI_QM_DB_CMD_SQ] != th->active[i]->db_last)
			return true;
	return false;
}

bool
qm_suspects(const struct emu_thread *th)
{
	unsigned int i;

	for (i = 0; i < th->nb_active; i++)
		if (th->active[i]->recover != NULL && emu_recover_suspects(th->active[i]))
			return true;
	return false;
}

/* New entries of one queue, at most max; prefetches them. */
static unsigned int
collect_queue(struct emu_queue *q, struct emu_job *jobs, unsigned int max)
{
	uint64_t db = q->db[HISI_QM_DB_CMD_SQ];
	unsigned int n, i, slot;
	uint8_t *sqe;

	if (db != q->db_last) {
		/* Entries before the doorbell: its store was ordered behind theirs. */
		atomic_thread_fence(memory_order_acquire);
		if (emu_unlikely(!take_doorbell(q, db))) {
			qm_queue_kill(q);
			return 0;
		}
	}
	if (q->head == q->tail && (emu_likely(q->recover == NULL) || !emu_recover(q)))
		return 0;
	n = (unsigned int)(q->tail + q->depth - q->head) % q->depth;
	if (n > max)
		n = max;
	for (i = q->asked; i < EMU_AHEAD && i < n; i++)
		emu_prefetch_sqe(emu_sqe_behind(q, i));
	slot = q->head;
	sqe = q->sq + (size_t)slot * q->sqe_size;
	for (i = 0; i < n; i++) {
		jobs[i].q = q;
		jobs[i].sqe = sqe;
		sqe += q->sqe_size;
		if (++slot == q->depth) {
			slot = 0;
			sqe = q->sq;
		}
	}
	q->head = (uint16_t)slot;
	q->asked = (uint16_t)(q->asked > n ? q->asked - n : 0);
	return n;
}

unsigned int
qm_collect(struct emu_thread *th, struct emu_job *jobs, unsigned int max)
{
	unsigned int i, n = 0, nb = th->nb_active, at = th->next;

	/* A queue that is killed leaves the set: the walk then ends early, and goes on next time. */
	for (i = 0; i < nb && n < max && nb == th->nb_active; i++) {
		if (at >= nb)
			at = 0;
		n += collect_queue(th->active[at++], jobs + n, max - n);
	}
	th->next = at;
	return n;
}

void
qm_put_back(struct emu_job *jobs, unsigned int n)
{
	/* From the last one on: of each queue the first one put back remains the head. */
	while (n-- > 0) {
		struct emu_queue *q = jobs[n].q;

		q->head = (uint16_t)((size_t)((const uint8_t *)jobs[n].sqe - q->sq) / q->sqe_size);
	}
}

void
qm_take_again(struct emu_job *job)
{
	job->q->head = (uint16_t)((job->q->head + 1) % job->q->depth);
}

/* Entries of neighbours, the last one first. */
static inline void
put_entries(struct emu_queue *q, unsigned int at, unsigned int n, uint64_t rest, unsigned int slot)
{
	bool forced = emu_unlikely(q->forced_index >= 0);
	uint64_t word = rest | (forced ? (unsigned int)q->forced_index : slot + n - 1);

	while (n-- > 0) {
		_Atomic uint64_t *cqe = (_Atomic uint64_t *)(void *)&q->cq[at + n];

		atomic_store_explicit(&cqe[0], 0, memory_order_relaxed);
		/* Index, queue and phase in one store. */
		atomic_store_explicit(&cqe[1], word, memory_order_release);
		word -= !forced;
	}
}

/*
 * Completes n jobs of one queue; their slots are neighbours. The first entry is written last: it is
 * the one that a poller looks at, which so leaves the other lines alone until all are there.
 */
static void
complete_queue(struct emu_queue *q, const struct emu_job *jobs, unsigned int n)
{
	unsigned int slot = (unsigned int)((size_t)((const uint8_t *)jobs[0].sqe - q->sq) /
		q->sqe_size) + n;
	unsigned int at = q->cq_tail + n, left, part, i;
	uint64_t rest = (uint64_t)q->id << 16 | (uint64_t)q->phase << 48;

	for (i = 0; q->recover != NULL && i < n; i++)
		emu_recover_done(q, jobs[i].sqe);
	if (slot > q->depth)
		slot -= q->depth;
	if (at >= q->depth) {
		at -= q->depth;
		q->phase ^= HISI_QM_CQE_PHASE;
		rest ^= (uint64_t)HISI_QM_CQE_PHASE << 48;
	}
	q->cq_tail = (uint16_t)at;
	/* Results and data come before any of the entries. */
	atomic_thread_fence(memory_order_release);
	for (left = n; left > 0; left -= part) {
		if (at == 0) {
			at = q->depth;
			rest ^= (uint64_t)HISI_QM_CQE_PHASE << 48;
		}
		if (slot == 0)
			slot = q->depth;
		part = left < at ? left : at;
		if (part > slot)
			part = slot;
		at -= part;
		slot -= part;
		put_entries(q, at, part, rest, slot);
	}
	q->ops += n;
	notify(q, n);
}

void
qm_complete(struct emu_job *jobs, unsigned int n)
{
	unsigned int from = 0, i;

	/* Each queue is collected from once: its jobs are neighbours. */
	for (i = jobs[n - 1].q == jobs[0].q ? n : 1; i <= n; i++)
		if (i == n || jobs[i].q != jobs[from].q) {
			complete_queue(jobs[from].q, jobs + from, i - from);
			from = i;
		}
}
