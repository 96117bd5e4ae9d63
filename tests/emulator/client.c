/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <string.h>
#include <time.h>

#include "client.h"

extern const struct wd_transport wd_transport_plugin;
static const struct wd_transport *const tr = &wd_transport_plugin;

void
client_queue(struct client *c, void *dev, uint16_t qc_type)
{
	struct hisi_qp_ctx ctx = { .qc_type = qc_type };
	struct hisi_qp_info info;
	void *p;

	memset(c, 0, sizeof(*c));
	c->dev = dev;
	CHECK(tr->info(dev, &c->info) == 0);
	CHECK(tr->queue_open(dev, &c->q) == 0);
	CHECK(tr->mmap(c->q, WD_REGION_DUS, c->info.region_size[WD_REGION_DUS], &p) == 0);
	c->dus = p;
	CHECK(tr->mmap(c->q, WD_REGION_MMIO, c->info.region_size[WD_REGION_MMIO], &p) == 0);
	c->mmio = p;
	CHECK(tr->ioctl(c->q, HISI_QM_SET_QP_CTX, &ctx) == 0);
	CHECK(tr->ioctl(c->q, HISI_QM_SET_QP_INFO, &info) == 0);
	CHECK(tr->start(c->q) == 0);
	tr->doze(c->q, &c->doze);
	c->id = ctx.id;
	c->depth = info.sq_depth;
	c->sqe_size = info.sqe_size;
	c->cq = (struct hisi_qm_cqe *)(void *)(c->dus + (size_t)c->depth * c->sqe_size);
	c->phase = 1;
}

void
client_open(struct client *c, const char *kind, const char *options, uint16_t qc_type)
{
	client_open_at(c, "", kind, options, qc_type);
}

void
client_open_at(struct client *c, const char *socket, const char *kind, const char *options,
	uint16_t qc_type)
{
	char err[256] = "";
	void *dev;

	if (tr->open(socket, options, kind, &dev, err, sizeof(err)) != 0) {
		fprintf(stderr, "open %s %s: %s\n", kind, options, err);
		exit(1);
	}
	client_queue(c, dev, qc_type);
}

void
client_queue_close(struct client *c)
{
	CHECK(tr->stop(c->q) == 0);
	CHECK(tr->munmap(c->q, WD_REGION_DUS, c->dus, c->info.region_size[WD_REGION_DUS]) == 0);
	CHECK(tr->munmap(c->q, WD_REGION_MMIO, c->mmio, c->info.region_size[WD_REGION_MMIO]) == 0);
	tr->queue_close(c->q);
}

void
client_close(struct client *c)
{
	client_queue_close(c);
	tr->close(c->dev);
}

void *
client_slot(struct client *c, unsigned int slot)
{
	return c->dus + (size_t)slot * c->sqe_size;
}

uint16_t
client_put(struct client *c, const void *sqe)
{
	uint16_t slot = c->tail;

	memcpy(client_slot(c, slot), sqe, c->sqe_size);
	c->tail = (uint16_t)((c->tail + 1) % c->depth);
	return slot;
}

void
client_store_doorbell(struct client *c, unsigned int reg, uint64_t value)
{
	__atomic_store_n((uint64_t *)(void *)(c->mmio + HISI_QM_DB_SLOT(reg)), value,
		__ATOMIC_RELEASE);
	__asm__ volatile("" ::: "memory");
	if (__atomic_load_n(c->doze.dozing, __ATOMIC_RELAXED))
		c->doze.wake(c->doze.arg);
}

void
client_ring(struct client *c)
{
	client_store_doorbell(c, HISI_QM_DB_CMD_SQ, c->id | HW_PREP(HISI_QM_DB_INDEX, c->tail));
}

int
client_poll(struct client *c)
{
	struct hisi_qm_cqe *cqe = &c->cq[c->cq_head];
	uint16_t w7;

	if (c->doze.run != NULL)
		c->doze.run(c->doze.arg);
	w7 = __atomic_load_n(&cqe->w7, __ATOMIC_ACQUIRE);
	if ((w7 & HISI_QM_CQE_PHASE) != c->phase)
		return -1;
	CHECK(cqe->sq_num == c->id);
	if (++c->cq_head == c->depth) {
		c->cq_head = 0;
		c->phase ^= 1;
	}
	return cqe->sq_head;
}

int
client_wait(struct client *c)
{
	struct timespec start, now;
	int slot;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while ((slot = client_poll(c)) < 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec > 30)
			return -1;
		sched_yield();
	}
	return slot;
}

uint32_t
client_stop_word(struct client *c, unsigned int from_end)
{
	return __atomic_load_n((uint32_t *)(void *)(c->dus + c->info.region_size[WD_REGION_DUS] -
		from_end), __ATOMIC_ACQUIRE);
}

static uint64_t rnd_state = 88172645463325252ull;

void
rnd_seed(uint64_t seed)
{
	rnd_state = seed * 0x9E3779B97F4A7C15ull + 1;
}

uint64_t
rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state;
}

void
rnd_fill(void *p, size_t n)
{
	uint8_t *b = p;

	while (n-- > 0)
		*b++ = (uint8_t)(rnd() >> 11);
}
