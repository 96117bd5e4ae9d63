/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mirror.h"

#define PAGE            4096ull
#define WINDOW_SIZE     (1ull << 40)
#define WINDOW_BEFORE   (1ull << 38)    /* room in front of the first address */
#define MAX_WINDOWS     8
#define MAX_RANGE       (64u << 20)     /* no buffer of a device is longer */
#define MAX_PIECES      1024            /* of a copy */
#define KEEP_PAGES      16384           /* memory that stays allocated between batches */

struct window {
	uint64_t from;                  /* the client's address of base */
	uint8_t *base;                  /* reserved, NULL = not yet */
	bool used;                      /* from is right */
};

/* An output range, or a piece of one that goes back. */
struct output {
	uint64_t addr, len;
	uint32_t who;
};

/* A page that was mirrored since the windows were emptied; addr 0 = free. */
struct slot {
	uint64_t addr;
	uint32_t batch;                 /* it is there in that batch, as number idx */
	uint32_t idx;
	uint32_t hinted;                /* batch in which it was hinted at */
};

struct emu_mirror {
	const struct emu_mirror_ops *ops;
	void *arg;
	uint64_t space;
	struct window windows[MAX_WINDOWS];

	/* Pages of this batch, and what they were when fetched. */
	uint64_t *pages;                /* addresses */
	uint8_t *before;
	size_t nb_pages, room;
	struct slot *set;               /* hash */
	size_t set_size, nb_set;
	uint32_t batch;

	/* Ranges to be fetched, or to go back. */
	struct emu_piece *pieces;
	uint32_t *piece_who;
	size_t nb_pieces, pieces_room;
	size_t first;                   /* pieces before it are hints, and wait */
	struct output *outputs;
	size_t nb_outputs, outputs_room;
};

/* ------------------------------------------------------------------ windows */

/* Where the range is mirrored, or would be. NULL: out of address space. */
static uint8_t *
place(struct emu_mirror *m, uint64_t addr, uint64_t len)
{
	struct window *w;
	void *p;

	for (w = m->windows; w < m->windows + MAX_WINDOWS && w->used; w++)
		if (addr >= w->from && addr - w->from < WINDOW_SIZE &&
				len <= WINDOW_SIZE - (addr - w->from))
			return w->base + (addr - w->from);
	if (w == m->windows + MAX_WINDOWS || len > WINDOW_SIZE - WINDOW_BEFORE)
		return NULL;
	if (w->base == NULL) {
		p = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
		madvise(p, WINDOW_SIZE, MADV_NOHUGEPAGE);
		madvise(p, WINDOW_SIZE, MADV_DONTDUMP);
		w->base = p;
	}
	w->from = addr < WINDOW_BEFORE ? 0 : (addr - WINDOW_BEFORE) & ~(PAGE - 1);
	w->used = true;
	return w->base + (addr - w->from);
}

/* The client's pages leave nothing behind for the next client. */
static void
empty_windows(struct emu_mirror *m)
{
	unsigned int i;

	for (i = 0; i < MAX_WINDOWS; i++) {
		if (m->windows[i].base != NULL)
			madvise(m->windows[i].base, WINDOW_SIZE, MADV_DONTNEED);
		m->windows[i].used = false;
	}
	if (m->nb_set != 0)
		memset(m->set, 0, m->set_size * sizeof(m->set[0]));
	m->nb_set = 0;
}

/* ------------------------------------------------------------------ pages */

static struct slot *
slot_of(const struct emu_mirror *m, uint64_t page)
{
	size_t i = (page >> 12) * 0x9E3779B97F4A7C15ull >> 20 & (m->set_size - 1);

	while (m->set[i].addr != 0 && m->set[i].addr != page)
		i = (i + 1) & (m->set_size - 1);
	return &m->set[i];
}

static bool
set_grow(struct emu_mirror *m)
{
	struct slot *old = m->set;
	size_t i, size = m->set_size;

	m->set_size = size == 0 ? 1024 : 2 * size;
	m->set = calloc(m->set_size, sizeof(m->set[0]));
	if (m->set == NULL) {
		m->set = old;
		m->set_size = size;
		return false;
	}
	for (i = 0; i < size; i++)
		if (old[i].addr != 0)
			*slot_of(m, old[i].addr) = old[i];
	free(old);
	return true;
}

/* The page's slot, a new one if need be. NULL: out of memory. */
static struct slot *
slot_get(struct emu_mirror *m, uint64_t page)
{
	struct slot *s;

	if (2 * (m->nb_set + 1) > m->set_size && !set_grow(m))
		return NULL;
	s = slot_of(m, page);
	if (s->addr == 0) {
		s->addr = page;
		s->batch = s->hinted = m->batch - 1;
		m->nb_set++;
	}
	return s;
}

static bool
room_for_page(struct emu_mirror *m)
{
	size_t room = m->room == 0 ? 256 : 2 * m->room;
	uint64_t *pages;
	uint8_t *before;

	if (m->nb_pages < m->room)
		return true;
	pages = realloc(m->pages, room * sizeof(*pages));
	if (pages == NULL)
		return false;
	m->pages = pages;
	before = realloc(m->before, room * PAGE);
	if (before == NULL)
		return false;
	m->before = before;
	m->room = room;
	return true;
}

/* The page has been fetched to p. */
static bool
page_add(struct emu_mirror *m, uint64_t page, const uint8_t *p)
{
	struct slot *s = slot_get(m, page);

	if (s == NULL || !room_for_page(m))
		return false;
	if (s->batch == m->batch)
		return true;
	memcpy(m->before + m->nb_pages * PAGE, p, PAGE);
	s->batch = m->batch;
	s->idx = (uint32_t)m->nb_pages;
	m->pages[m->nb_pages++] = page;
	return true;
}

/* ------------------------------------------------------------------ pieces */

static bool
piece_add(struct emu_mirror *m, void *local, uint64_t remote, uint64_t len, uint32_t who)
{
	size_t room = m->pieces_room == 0 ? 256 : 2 * m->pieces_room;
	struct emu_piece *pieces;
	uint32_t *whose;

	if (m->nb_pieces == m->pieces_room) {
		pieces = realloc(m->pieces, room * sizeof(*pieces));
		if (pieces == NULL)
			return false;
		m->pieces = pieces;
		whose = realloc(m->piece_who, room * sizeof(*whose));
		if (whose == NULL)
			return false;
		m->piece_who = whose;
		m->pieces_room = room;
	}
	m->pieces[m->nb_pieces] = (struct emu_piece){ .local = local, .remote = remote,
		.len = (uint32_t)len };
	m->piece_who[m->nb_pieces++] = who;
	return true;
}

/* Takes down the pages of the range that are not there, neighbours as one piece. */
static bool
want(struct emu_mirror *m, uint64_t addr, uint64_t len, bool hint)
{
	uint64_t page = addr & ~(PAGE - 1), last = (addr + len - 1) & ~(PAGE - 1);
	uint8_t *p = place(m, page, last + PAGE - page);
	struct emu_piece *before;
	struct slot *s;

	if (p == NULL)
		return false;
	for (; page <= last; page += PAGE, p += PAGE) {
		s = slot_get(m, page);
		if (s == NULL)
			return false;
		if (s->batch == m->batch || (hint && s->hinted == m->batch))
			continue;
		s->hinted = m->batch;
		before = m->nb_pieces == m->first ? NULL : &m->pieces[m->nb_pieces - 1];
		if (before != NULL && before->remote + before->len == page &&
				(uint8_t *)before->local + before->len == p &&
				before->len < (1u << 30))
			before->len += PAGE;
		else if (!piece_add(m, p, page, PAGE, 0))
			return false;
	}
	return true;
}

/* A piece arrived. */
static bool
arrived(struct emu_mirror *m, const struct emu_piece *p)
{
	uint32_t off;

	for (off = 0; off < p->len; off += PAGE)
		if (!page_add(m, p->remote + off, (uint8_t *)p->local + off))
			return false;
	return true;
}

/* Copies the pieces from m->first on; false when one of them could not be copied. */
static bool
fetch(struct emu_mirror *m)
{
	size_t at = m->first, nb = m->nb_pieces, done, i;
	bool all = true;

	while (at < nb) {
		size_t n = nb - at < MAX_PIECES ? nb - at : MAX_PIECES;

		done = m->ops->copy(m->arg, m->pieces + at, (unsigned int)n, false);
		for (i = at; i < at + done; i++)
			all &= arrived(m, &m->pieces[i]);
		if (done < n) {
			all = false;
			done++;
		}
		at += done;
	}
	m->nb_pieces = m->first;
	return all;
}

/* ------------------------------------------------------------------ a batch */

void
emu_mirror_begin(struct emu_mirror *m, uint64_t space, void *arg)
{
	if (space != m->space || m->nb_set > KEEP_PAGES || ++m->batch == 0) {
		m->batch = 1;
		empty_windows(m);
	}
	m->space = space;
	m->arg = arg;
	m->nb_pages = m->nb_pieces = m->nb_outputs = m->first = 0;
	if (m->room > KEEP_PAGES) {
		free(m->pages);
		free(m->before);
		m->pages = NULL;
		m->before = NULL;
		m->room = 0;
	}
}

void *
emu_mirror_ptr(struct emu_mirror *m, uint64_t addr, uint64_t len)
{
	bool ok;

	if (addr < PAGE || len > MAX_RANGE || addr > UINT64_MAX - MAX_RANGE - PAGE)
		return NULL;
	if (len == 0)
		len = 1;
	m->first = m->nb_pieces;
	ok = want(m, addr, len, false);
	if (m->nb_pieces != m->first)
		ok &= fetch(m);
	m->first = 0;
	return ok ? place(m, addr, len) : NULL;
}

void
emu_mirror_hint(struct emu_mirror *m, uint64_t addr, uint64_t len)
{
	if (addr >= PAGE && len != 0 && len <= MAX_RANGE && addr <= UINT64_MAX - MAX_RANGE - PAGE)
		want(m, addr, len, true);
}

void
emu_mirror_fetch(struct emu_mirror *m)
{
	if (m->nb_pieces != 0)
		fetch(m);
}

/* ------------------------------------------------------------------ writing back */

void
emu_mirror_output(struct emu_mirror *m, uint64_t addr, uint64_t len, uint32_t who)
{
	size_t room = m->outputs_room == 0 ? 64 : 2 * m->outputs_room;
	struct output *o;

	if (len == 0 || len > MAX_RANGE || addr > UINT64_MAX - MAX_RANGE - PAGE)
		return;
	if (m->nb_outputs == m->outputs_room) {
		/* Not taken down: then it goes back byte by byte. */
		o = realloc(m->outputs, room * sizeof(*o));
		if (o == NULL)
			return;
		m->outputs = o;
		m->outputs_room = room;
	}
	m->outputs[m->nb_outputs++] = (struct output){ .addr = addr, .len = len, .who = who };
}

/* First byte that differs, or len. */
static size_t
first_change(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	while (i + 64 <= len && memcmp(a + i, b + i, 64) == 0)
		i += 64;
	while (i < len && a[i] == b[i])
		i++;
	return i;
}

/* One behind the last byte that differs, or 0. */
static size_t
last_change(const uint8_t *a, const uint8_t *b, size_t len)
{
	while (len >= 64 && memcmp(a + len - 64, b + len - 64, 64) == 0)
		len -= 64;
	while (len > 0 && a[len - 1] == b[len - 1])
		len--;
	return len;
}

/*
 * The part of an output that changed, as a piece. The pages count as unchanged there from now on,
 * so that the rest is what nobody announced.
 */
static bool
put_output(struct emu_mirror *m, const struct output *o)
{
	uint64_t page = o->addr & ~(PAGE - 1), end = o->addr + o->len, first = end, last = 0;
	uint8_t *base = place(m, o->addr, o->len), *p;
	const struct slot *s;

	for (; base != NULL && page < end; page += PAGE) {
		uint64_t from = page < o->addr ? o->addr : page;
		size_t len = (size_t)((end < page + PAGE ? end : page + PAGE) - from), change;
		uint8_t *old;

		s = m->set_size == 0 ? NULL : slot_of(m, page);
		if (s == NULL || s->addr == 0 || s->batch != m->batch)
			continue;
		old = m->before + s->idx * PAGE + (from - page);
		p = base + (from - o->addr);
		change = first_change(p, old, len);
		if (change == len)
			continue;
		if (first == end)
			first = from + change;
		last = from + last_change(p, old, len);
		memcpy(old, p, len);
	}
	if (first == end)
		return true;
	return piece_add(m, base + (first - o->addr), first, last - first, o->who);
}

static bool
put_rest(struct emu_mirror *m)
{
	size_t i, at, end;

	for (i = 0; i < m->nb_pages; i++) {
		const uint8_t *old = m->before + i * PAGE;
		uint8_t *p = place(m, m->pages[i], PAGE);

		for (at = first_change(p, old, PAGE); at < PAGE;
				at = end + first_change(p + end, old + end, PAGE - end)) {
			for (end = at + 1; end < PAGE && p[end] != old[end]; end++)
				;
			if (!piece_add(m, p + at, m->pages[i] + at, end - at, EMU_MIRROR_REST))
				return false;
		}
	}
	return true;
}

bool
emu_mirror_flush(struct emu_mirror *m, void (*failed)(void *arg, uint32_t who), void *arg)
{
	size_t at = 0, n, done, i;
	bool all = true;

	m->nb_pieces = 0;
	for (i = 0; i < m->nb_outputs; i++)
		all &= put_output(m, &m->outputs[i]);
	all &= put_rest(m);
	if (!all)
		failed(arg, EMU_MIRROR_REST);
	while (at < m->nb_pieces) {
		n = m->nb_pieces - at < MAX_PIECES ? m->nb_pieces - at : MAX_PIECES;
		done = m->ops->copy(m->arg, m->pieces + at, (unsigned int)n, true);
		at += done;
		if (done < n) {
			failed(arg, m->piece_who[at]);
			all = false;
			at++;
		}
	}
	return all;
}

struct emu_mirror *
emu_mirror_new(const struct emu_mirror_ops *ops)
{
	struct emu_mirror *m = calloc(1, sizeof(*m));

	if (m != NULL)
		m->ops = ops;
	return m;
}

void
emu_mirror_free(struct emu_mirror *m)
{
	unsigned int i;

	if (m == NULL)
		return;
	for (i = 0; i < MAX_WINDOWS; i++)
		if (m->windows[i].base != NULL)
			munmap(m->windows[i].base, WINDOW_SIZE);
	free(m->set);
	free(m->pages);
	free(m->before);
	free(m->pieces);
	free(m->piece_who);
	free(m->outputs);
	free(m);
}
