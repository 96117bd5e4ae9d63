/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of memory that a device does not reach, in shared memory that it does.
 *
 * Requests of a queue complete in order, so the memory is a ring, and what belongs to a request
 * is given back with it, whatever its size is. The copies and what they cost are on record here,
 * in memory of the process: the device, which may write to all of the ring, has no say in where
 * its output is copied to.
 *
 *	memory   0         tail              head           size - 1
 *	         |  free   |  of requests    |  free        |
 *	         +---------+=================+--------------+
 *
 * All positions are free running. A piece never wraps: what is too short at the end is left out.
 *
 * One thread may make requests while another one is done with them. Records and copies are written
 * before rec_head is published, and not read any more once rec_tail is. All else has one owner:
 * the thread that makes requests keeps the memory, and finds out from the last record that was done
 * with how far it and the copies are free again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "wd_barrier.h"
#include "wd_private.h"

#define PAGE            4096u
#define ALIGN           64u

struct copy {
	void *to;
	const void *from;
	size_t len;
};

/* A request with copies. */
struct record {
	struct wd_queue *q;     /* whose statistics count it */
	uint32_t id;
	uint32_t copy_end;
	uint64_t end;           /* position behind its memory */
	uint64_t bytes;         /* copied when it was made */
};

struct wd_bounce {
	uint8_t *va;
	size_t size;            /* a multiple of PAGE */
	uint64_t *page_addr;    /* device address of each page */
	struct record *records;
	struct copy *copies;
	uint32_t rec_mask, copy_mask;
	/* Of those who make requests. */
	uint32_t rec_head;      /* published */
	uint32_t rec_seen;      /* rec_tail when it was looked at last, and as of then: */
	uint64_t head, tail;
	uint32_t copy_head, copy_tail;
	struct record now;      /* the request being made: a record that does not count yet */
	/* Of those who are done with them. */
	uint32_t rec_tail __attribute__((aligned(64))); /* published */
	uint32_t copy_next;
	/* Control. */
	struct wd_device *dev;
	struct wd_queue *q;     /* that it was made with */
	struct wd_dev_mem mem;  /* va NULL: it is the SS region, which is the queues' */
};

static uint32_t
pow2(uint32_t n)
{
	return n <= 1 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

static int
map_memory(struct wd_bounce *b, struct wd_queue *q, size_t size)
{
	int ret;

	b->va = wd_reserve_memory(q, size);
	if (b->va != NULL)
		return 0;
	/* No such region, or it is taken: memory that is shared as that for descriptors is. */
	ret = wd_dev_mem_alloc(q, size, &b->mem);
	if (ret == 0)
		b->va = b->mem.va;
	return ret;
}

static int
find_pages(struct wd_bounce *b)
{
	b->page_addr = calloc(b->size / PAGE, sizeof(*b->page_addr));
	if (b->page_addr == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < b->size / PAGE; i++) {
		b->page_addr[i] = wd_dev_addr(b->dev, b->va + i * PAGE, PAGE);
		if (b->page_addr[i] == UINT64_MAX)
			return -EFAULT;
	}
	return 0;
}

int
wd_bounce_create(struct wd_queue *q, size_t size, struct wd_bounce **out)
{
	uint32_t records = pow2(q->depth), copies;
	struct wd_bounce *b;
	int ret;

	*out = NULL;
	if (size == 0 || size > UINT32_MAX)
		return -EINVAL;
	if (q->dev->flags & WD_DEV_SVA)
		return -ENOTSUP;
	b = aligned_alloc(__alignof__(*b), sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	memset(b, 0, sizeof(*b));
	b->dev = q->dev;
	b->q = q;
	b->size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	/* One request alone finds room for what it may have: pieces of both sides, and a few more. */
	copies = pow2(4 * records > 2 * q->dev->caps.max_segs + 4u ? 4 * records :
		2 * q->dev->caps.max_segs + 4u);
	b->records = calloc(records, sizeof(*b->records));
	b->copies = calloc(copies, sizeof(*b->copies));
	b->rec_mask = records - 1;
	b->copy_mask = copies - 1;
	ret = b->records != NULL && b->copies != NULL ? map_memory(b, q, b->size) : -ENOMEM;
	if (ret == 0)
		ret = find_pages(b);
	if (ret < 0) {
		wd_bounce_destroy(b);
		return ret;
	}
	*out = b;
	return 0;
}

int
wd_bounce_join(struct wd_bounce *b, struct wd_queue *q)
{
	if (q->dev != b->dev)
		return -EINVAL;
	return b->mem.va != NULL ? 0 : wd_share_reserved_memory(b->q, q);
}

void
wd_bounce_destroy(struct wd_bounce *b)
{
	if (b == NULL)
		return;
	if (b->mem.va != NULL) {
		wd_device_unshare(b->dev, b->mem.va, b->mem.len);
		munmap(b->mem.va, b->mem.len);
	}
	free(b->page_addr);
	free(b->records);
	free(b->copies);
	free(b);
}

/* ------------------------------------------------------------------ a request being made */

/*
 * What is free again. All of it: the memory begins at its start once more, so that a piece as long
 * as all of it has a place.
 */
static void
reclaim(struct wd_bounce *b)
{
	uint32_t seen = wd_published32(&b->rec_tail);
	const struct record *last = &b->records[(seen - 1) & b->rec_mask];

	if (seen != b->rec_seen) {
		b->tail = last->end;
		b->copy_tail = last->copy_end;
		b->rec_seen = seen;
	}
	if (b->rec_head == seen)
		b->head = b->tail = (b->head + b->size - 1) / b->size * b->size;
}

void
wd_bounce_begin(struct wd_bounce *b, struct wd_queue *q, uint32_t id)
{
	reclaim(b);
	b->now = (struct record){.q = q, .id = id, .copy_end = b->copy_head, .end = b->head};
}

/* Nobody else had any of it: waiting would not help. */
static int
no_room(const struct wd_bounce *b)
{
	return b->rec_head == b->rec_seen ? -E2BIG : -EAGAIN;
}

/* len bytes in one piece. */
static uint8_t *
take(struct wd_bounce *b, uint64_t pos, size_t len)
{
	size_t off = pos % b->size;

	if (off + len > b->size) {
		pos += b->size - off;
		off = 0;
	}
	if (len > b->size || pos + len - b->tail > b->size ||
		b->rec_head - b->rec_seen > b->rec_mask)
		return NULL;
	b->now.end = pos + len;
	return b->va + off;
}

static uint64_t
aligned(uint64_t pos)
{
	return (pos + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static uint64_t
addr_of(const struct wd_bounce *b, const uint8_t *at)
{
	size_t off = (size_t)(at - b->va);

	return b->page_addr[off / PAGE] + off % PAGE;
}

/* How much of [at, at + len) is one piece for the device too. */
static size_t
run_of(const struct wd_bounce *b, const uint8_t *at, size_t len)
{
	size_t off = (size_t)(at - b->va), run = PAGE - off % PAGE, page = off / PAGE;

	for (; run < len && b->page_addr[page + 1] == b->page_addr[page] + PAGE; page++)
		run += PAGE;
	return run < len ? run : len;
}

static int
fill(struct wd_bounce *b, uint8_t *at, const struct wd_bounce_piece *p)
{
	if (p->in) {
		memcpy(at, p->va, p->len);
		b->now.bytes += p->len;
	}
	if (p->back_len == 0)
		return 0;
	if (b->now.copy_end - b->copy_tail > b->copy_mask)
		return no_room(b);
	b->copies[b->now.copy_end++ & b->copy_mask] = (struct copy){
		.to = (uint8_t *)p->va + p->back_off, .from = at + p->back_off,
		.len = p->back_len};
	return 0;
}

int
wd_bounce_add(struct wd_bounce *b, const struct wd_bounce_piece *p, struct wd_seg *segs,
	uint16_t *n, uint16_t room)
{
	uint8_t *at = take(b, *n == 0 ? aligned(b->now.end) : b->now.end, p->len);
	size_t done, run;
	uint64_t addr;

	if (at == NULL)
		return no_room(b);
	for (done = 0; done < p->len; done += run) {
		run = run_of(b, at + done, p->len - done);
		addr = addr_of(b, at + done);
		if (*n > 0 && segs[*n - 1].addr + segs[*n - 1].len == addr &&
			run <= UINT32_MAX - segs[*n - 1].len) {
			segs[*n - 1].len += run;
			continue;
		}
		if (*n == room)
			return -ENOSPC;
		segs[(*n)++] = (struct wd_seg){.addr = addr, .len = run};
	}
	return fill(b, at, p);
}

int
wd_bounce_add_flat(struct wd_bounce *b, const struct wd_bounce_piece *p, uint64_t *dev_addr)
{
	uint64_t pos = aligned(b->now.end);
	uint8_t *at;
	size_t run;

	for (;;) {
		at = take(b, pos, p->len);
		if (at == NULL)
			return no_room(b);
		run = run_of(b, at, p->len);
		if (run == p->len)
			break;
		/* From behind the break on. */
		pos = b->now.end - p->len + run;
	}
	*dev_addr = addr_of(b, at);
	return fill(b, at, p);
}

void
wd_bounce_commit(struct wd_bounce *b)
{
	struct record *r = &b->records[b->rec_head & b->rec_mask];

	/* The number may be looked at before it counts: see wd_bounce_done(). */
	wd_publish32(&r->id, b->now.id);
	r->q = b->now.q;
	r->copy_end = b->now.copy_end;
	r->end = b->now.end;
	r->bytes = b->now.bytes;
	b->head = b->now.end;
	b->copy_head = b->now.copy_end;
	wd_publish32(&b->rec_head, b->rec_head + 1);
}

/* ------------------------------------------------------------------ requests in flight */

uint32_t
wd_bounce_pending(const struct wd_bounce *b)
{
	return wd_published32(&b->rec_head) - wd_published32(&b->rec_tail);
}

void
wd_bounce_undo(struct wd_bounce *b, uint32_t id)
{
	/* Those are not done with, so the one before the first of them is what it was. */
	while (b->rec_head != b->rec_seen) {
		const struct record *last = &b->records[(b->rec_head - 1) & b->rec_mask];
		const struct record *prev = &b->records[(b->rec_head - 2) & b->rec_mask];

		if ((int32_t)(last->id - id) < 0)
			return;
		wd_publish32(&b->rec_head, b->rec_head - 1);
		b->head = b->rec_head == b->rec_seen ? b->tail : prev->end;
		b->copy_head = b->rec_head == b->rec_seen ? b->copy_tail : prev->copy_end;
	}
}

int
wd_bounce_done(struct wd_bounce *b, uint32_t id, size_t back)
{
	const struct record *r = &b->records[b->rec_tail & b->rec_mask];

	/* One that is not submitted yet may become another one: but not with this number. */
	if (wd_published32(&b->rec_head) == b->rec_tail || wd_read_shared32(&r->id) != id)
		return 0;
	for (; b->copy_next != r->copy_end; b->copy_next++) {
		const struct copy *c = &b->copies[b->copy_next & b->copy_mask];
		size_t len = c->len < back ? c->len : back;

		memcpy(c->to, c->from, len);
		r->q->stats.bounced_bytes += len;
		back -= len;
	}
	r->q->stats.bounced++;
	r->q->stats.bounced_bytes += r->bytes;
	wd_publish32(&b->rec_tail, b->rec_tail + 1);
	return 1;
}
