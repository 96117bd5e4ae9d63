/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of memory out of a device's reach: random requests against a model, then the edges. The
 * device's side is looked at by device address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define IOVA_OFF        0x700000000000ull
#define DEPTH           16
#define POOL            (256u << 10)
#define MOST            6       /* pieces of a list */
#define SEGS            512

struct piece {
	struct wd_bounce_piece p;
	uint8_t *was;           /* of the caller's memory */
	uint8_t *dev;           /* what the device has there */
};

struct request {
	uint32_t id;
	unsigned int n, listed; /* pieces; those in the list come first */
	struct piece piece[MOST + 1];
	struct wd_seg segs[SEGS];
	uint16_t n_segs;
	uint64_t flat;
	uint32_t in_bytes;
};

static struct wd_device *dev;
static struct wd_queue q;
static struct wd_bounce *b;
static struct request ring[DEPTH];
static uint64_t bytes, requests;

static uint32_t
any(uint32_t lo, uint32_t hi)
{
	return lo + (uint32_t)random() % (hi - lo + 1);
}

static void
fill(uint8_t *p, size_t len)
{
	while (len-- > 0)
		*p++ = random();
}

static void
new_piece(struct piece *p, uint32_t len)
{
	p->p.va = malloc(len);
	p->was = malloc(len);
	p->dev = malloc(len);
	CHECK(p->p.va != NULL && p->was != NULL && p->dev != NULL);
	fill(p->p.va, len);
	memcpy(p->was, p->p.va, len);
	p->p.len = len;
	p->p.in = random() & 1;
	p->p.back_off = any(0, len);
	p->p.back_len = random() & 1 ? any(0, len - p->p.back_off) : 0;
}

static void
free_pieces(struct request *r)
{
	for (unsigned int i = 0; i < r->n; i++) {
		free(r->piece[i].p.va);
		free(r->piece[i].was);
		free(r->piece[i].dev);
	}
}

/* The device's view of the list, and of the flat piece behind it: to or from the pieces' dev. */
static void
device_access(struct request *r, bool write, bool compare)
{
	uint16_t seg = 0;
	uint32_t at = 0;

	for (unsigned int i = 0; i < r->n; i++) {
		struct piece *p = &r->piece[i];
		uint32_t done, part;
		uint8_t *m;

		for (done = 0; done < p->p.len; done += part) {
			if (i >= r->listed) {
				part = p->p.len;
				m = wd_cpu_addr(dev, r->flat, part);
			} else {
				CHECK(seg < r->n_segs);
				part = r->segs[seg].len - at;
				if (part > p->p.len - done)
					part = p->p.len - done;
				m = wd_cpu_addr(dev, r->segs[seg].addr + at, part);
				at += part;
				if (at == r->segs[seg].len) {
					seg++;
					at = 0;
				}
			}
			CHECK(m != NULL);
			if (compare)
				CHECK(memcmp(m, p->dev + done, part) == 0);
			else if (write)
				memcpy(m, p->dev + done, part);
			else
				memcpy(p->dev + done, m, part);
		}
	}
	CHECK(seg == r->n_segs && at == 0);
}

/* 0, -EAGAIN or -E2BIG. */
static int
make(struct request *r, uint32_t id, uint32_t max)
{
	int ret = 0;

	r->id = id;
	r->n = r->listed = any(1, MOST);
	r->n += random() & 1;
	r->n_segs = 0;
	r->in_bytes = 0;
	for (unsigned int i = 0; i < r->n; i++)
		new_piece(&r->piece[i], any(1, i < r->listed ? max : 64));
	wd_bounce_begin(b, &q, id);
	for (unsigned int i = 0; i < r->n && ret == 0; i++) {
		struct piece *p = &r->piece[i];

		ret = i < r->listed ? wd_bounce_add(b, &p->p, r->segs, &r->n_segs, SEGS) :
			wd_bounce_add_flat(b, &p->p, &r->flat);
		r->in_bytes += p->p.in ? p->p.len : 0;
	}
	if (ret != 0) {
		free_pieces(r);
		return ret;
	}
	wd_bounce_commit(b);
	/* What is to be read is there. */
	device_access(r, false, false);
	for (unsigned int i = 0; i < r->n; i++)
		CHECK(!r->piece[i].p.in ||
			memcmp(r->piece[i].dev, r->piece[i].was, r->piece[i].p.len) == 0);
	/* What is written stays until the request is done. */
	for (unsigned int i = 0; i < r->n; i++)
		fill(r->piece[i].dev, r->piece[i].p.len);
	device_access(r, true, false);
	return 0;
}

static void
finish(struct request *r)
{
	size_t back = random() & 1 ? SIZE_MAX : any(0, 3) == 0 ? 0 : any(0, 4096), part;

	device_access(r, false, true);
	CHECK_EQ(wd_bounce_done(b, r->id - 1, back), 0);
	CHECK_EQ(wd_bounce_done(b, r->id, back), 1);
	for (unsigned int i = 0; i < r->n; i++) {
		struct piece *p = &r->piece[i];

		part = p->p.back_len < back ? p->p.back_len : back;
		memcpy(p->was + p->p.back_off, p->dev + p->p.back_off, part);
		back -= part;
		bytes += part;
		CHECK(memcmp(p->was, p->p.va, p->p.len) == 0);
	}
	bytes += r->in_bytes;
	requests++;
	free_pieces(r);
}

static void
open_queue(uint32_t flags, bool scattered)
{
	fake_cfg = (struct fake_cfg){.api = "hisi_qm_v3", .algorithms = "cipher\ndigest\naead\n",
		.flags = flags, .depth = 64, .queues = 4, .scattered = scattered,
		.iova_off = flags & WD_DEV_NOIOMMU ? IOVA_OFF : 0};
	dev = fake_open("sec2");
	fake_request(&q, dev, 0, DEPTH);
	/* The SS region is taken: the copies go to memory that is shared otherwise. */
	if (scattered)
		CHECK(wd_reserve_memory(&q, 4096) != NULL);
	CHECK_EQ(wd_bounce_create(&q, POOL, &b), 0);
	bytes = requests = 0;
}

static void
close_queue(void)
{
	wd_release_queue(&q);
	wd_bounce_destroy(b);
	CHECK_EQ(wd_device_close(dev), 0);
}

static void
test_random(uint32_t max, unsigned int rounds)
{
	uint32_t head = 0, tail = 0, full = 0, id = UINT32_MAX - rounds / 2;
	int ret;

	for (unsigned int i = 0; i < rounds; i++) {
		if (head != tail && (head - tail == DEPTH || any(0, 2) == 0))
			finish(&ring[tail++ % DEPTH]);
		while ((ret = make(&ring[head % DEPTH], id++, max)) == -EAGAIN) {
			CHECK(head != tail);
			finish(&ring[tail++ % DEPTH]);
			full++;
		}
		CHECK(ret == 0 || (ret == -E2BIG && head == tail));
		head += ret == 0;
		CHECK_EQ(wd_bounce_pending(b), head - tail);
		CHECK_EQ(q.stats.bounced, requests);
		CHECK_EQ(q.stats.bounced_bytes, bytes);
	}
	CHECK(max < 20000 || full > 0);
	while (head != tail)
		finish(&ring[tail++ % DEPTH]);
	CHECK_EQ(wd_bounce_pending(b), 0);
	CHECK_EQ(q.stats.bounced_bytes, bytes);
}

static int
take(uint32_t id, void *va, uint32_t len, uint64_t *addr)
{
	const struct wd_bounce_piece p = {.va = va, .len = len, .in = 1};
	int ret;

	wd_bounce_begin(b, &q, id);
	ret = wd_bounce_add_flat(b, &p, addr);
	if (ret == 0)
		wd_bounce_commit(b);
	return ret;
}

static void
test_edges(void)
{
	uint8_t *m = calloc(1, POOL + 1);
	struct wd_bounce_piece p = {.va = m, .len = POOL, .in = 1};
	struct wd_bounce *none;
	struct wd_seg seg[2];
	uint64_t a[3];
	uint16_t n = 0;

	CHECK(m != NULL);
	CHECK_EQ(wd_bounce_create(&q, 0, &none), -EINVAL);
	/* All of it at once, and not a byte more. */
	CHECK_EQ(take(1, m, POOL + 1, &a[0]), -E2BIG);
	CHECK_EQ(take(1, m, POOL, &a[0]), 0);
	CHECK_EQ(take(2, m, 1, &a[1]), -EAGAIN);
	CHECK_EQ(wd_bounce_done(b, 1, 0), 1);
	CHECK_EQ(q.stats.bounced, 1);
	CHECK_EQ(q.stats.bounced_bytes, POOL);
	/* Not submitted: as if it had not been, and what was before it stays. */
	CHECK_EQ(take(2, m, POOL / 2, &a[0]), 0);
	CHECK_EQ(take(3, m, POOL / 4, &a[1]), 0);
	CHECK_EQ(take(4, m, POOL / 4, &a[2]), 0);
	wd_bounce_undo(b, 3);
	CHECK_EQ(wd_bounce_pending(b), 1);
	CHECK_EQ(q.stats.bounced, 1);
	CHECK_EQ(take(3, m, POOL / 2 + 1, &a[2]), -EAGAIN);
	CHECK_EQ(take(3, m, POOL / 2, &a[2]), 0);
	CHECK_EQ(a[2], a[1]);
	CHECK_EQ(wd_bounce_done(b, 3, 0), 0);
	CHECK_EQ(wd_bounce_done(b, 2, 0), 1);
	CHECK_EQ(wd_bounce_done(b, 3, 0), 1);
	CHECK_EQ(wd_bounce_done(b, 3, 0), 0);
	/* Neighbours are one segment; a list may be too short. */
	p.len = 100;
	wd_bounce_begin(b, &q, 5);
	CHECK_EQ(wd_bounce_add(b, &p, seg, &n, 1), 0);
	CHECK_EQ(wd_bounce_add(b, &p, seg, &n, 1), 0);
	CHECK_EQ(n, 1);
	CHECK_EQ(seg[0].len, 200);
	seg[0].addr++;
	CHECK_EQ(wd_bounce_add(b, &p, seg, &n, 1), -ENOSPC);
	/* Never committed: nothing of it is left. */
	CHECK_EQ(wd_bounce_pending(b), 0);
	CHECK_EQ(take(6, m, POOL, &a[0]), 0);
	wd_bounce_undo(b, 6);
	CHECK_EQ(wd_bounce_pending(b), 0);
	free(m);
}

static void
test_joined(void)
{
	struct wd_queue q2;
	uint64_t addr;
	uint8_t c = 7;

	fake_request(&q2, dev, 0, DEPTH);
	CHECK_EQ(wd_bounce_join(b, &q2), 0);
	CHECK(wd_ctx(&q2)->ss == wd_ctx(&q)->ss);
	wd_bounce_begin(b, &q2, 1);
	CHECK_EQ(wd_bounce_add_flat(b, &(struct wd_bounce_piece){.va = &c, .len = 1, .in = 1},
		&addr), 0);
	wd_bounce_commit(b);
	CHECK_EQ(q2.stats.bounced, 0);
	CHECK_EQ(wd_bounce_done(b, 1, 0), 1);
	CHECK_EQ(q2.stats.bounced, 1);
	CHECK_EQ(q2.stats.bounced_bytes, 1);
	CHECK_EQ(q.stats.bounced, 0);
	CHECK_EQ(*(uint8_t *)wd_cpu_addr(dev, addr, 1), 7);
	((struct fake_queue *)wd_ctx(&q2)->tq)->ss = NULL; /* the mapping lives on */
	wd_release_queue(&q2);
}

int
main(void)
{
	static const uint32_t modes[] = {WD_DEV_IOMMU, WD_DEV_NOIOMMU};

	for (unsigned int i = 0; i < 2; i++) {
		open_queue(modes[i], false);
		test_random(3000, 1000);
		test_random(30000, 200);
		close_queue();
		open_queue(modes[i], false);
		test_edges();
		close_queue();
		open_queue(modes[i], false);
		test_joined();
		close_queue();
	}
	open_queue(WD_DEV_NOIOMMU, true);
	test_random(3000, 1000);
	test_random(30000, 200);
	close_queue();
	/* Nothing is out of reach there. */
	fake_cfg.flags = WD_DEV_SVA;
	dev = fake_open("sec2");
	fake_request(&q, dev, 0, DEPTH);
	CHECK_EQ(wd_bounce_create(&q, POOL, &b), -ENOTSUP);
	b = NULL;
	close_queue();
	return 0;
}
