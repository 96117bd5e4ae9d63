/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that a client shares. The emulator maps it at addresses that keep the client's distances,
 * inside a window of reserved address space, so that what is contiguous for the device is so for
 * the emulator too, in whatever pieces it was shared.
 *
 * The pages are the client's: it can cut the file short while the engine works on it. The SIGBUS
 * that follows is answered with a page of zeros in its place, and the end of that client.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "peer.h"

#define WINDOW_SIZE     (1ull << 40)
#define WINDOW_BEFORE   (1ull << 38)    /* room in front of the first address */
#define WINDOW_ALIGN    (1ull << 30)    /* the largest hugepage */
#define MAX_WINDOWS     64

struct emu_window {
	uint64_t dev_addr;
	uint8_t *base;                  /* NULL = not in use */
	volatile sig_atomic_t cheated;
};

static struct emu_window windows[MAX_WINDOWS];

/* ------------------------------------------------------------------ SIGBUS */

static void
on_bus_error(int sig, siginfo_t *info, void *context)
{
	static const uint64_t page_sizes[] = { 4096, 65536, 2u << 20, 1u << 30 };
	const uintptr_t at = (uintptr_t)info->si_addr;
	size_t i, p;

	for (i = 0; i < MAX_WINDOWS; i++) {
		uintptr_t base = (uintptr_t)windows[i].base;

		if (base == 0 || at < base || at - base >= WINDOW_SIZE)
			continue;
		windows[i].cheated = 1;
		/* A hugepage can only be replaced as a whole. */
		for (p = 0; p < sizeof(page_sizes) / sizeof(page_sizes[0]); p++)
			if (mmap((void *)(at & ~(page_sizes[p] - 1)), page_sizes[p],
					PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
					0) != MAP_FAILED)
				return;
	}
	signal(sig, SIG_DFL);
}

int
emu_peer_catch_bus_errors(void)
{
	struct sigaction sa = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };

	return sigaction(SIGBUS, &sa, NULL) != 0 ? -errno : 0;
}

/* ------------------------------------------------------------------ windows */

static struct emu_window *
window_new(uint64_t addr)
{
	struct emu_window *w = NULL;
	uintptr_t p;
	void *area;
	size_t i;

	for (i = 0; i < MAX_WINDOWS && w == NULL; i++)
		if (windows[i].base == NULL)
			w = &windows[i];
	if (w == NULL)
		return NULL;
	area = mmap(NULL, WINDOW_SIZE + WINDOW_ALIGN, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return NULL;
	p = ((uintptr_t)area + WINDOW_ALIGN - 1) & ~(WINDOW_ALIGN - 1);
	if (p != (uintptr_t)area)
		munmap(area, p - (uintptr_t)area);
	if (p != (uintptr_t)area + WINDOW_ALIGN)
		munmap((void *)(p + WINDOW_SIZE), (uintptr_t)area + WINDOW_ALIGN - p);
	w->dev_addr = addr < WINDOW_BEFORE ? 0 : (addr - WINDOW_BEFORE) & ~(WINDOW_ALIGN - 1);
	w->cheated = 0;
	w->base = (uint8_t *)p;
	return w;
}

/* The window that holds all of the range; made when there is none. */
static struct emu_window *
window_for(struct emu_client_mem *m, uint64_t addr, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < EMU_CLIENT_WINDOWS; i++) {
		struct emu_window *w = m->windows[i];

		if (w == NULL)
			break;
		if (addr >= w->dev_addr && addr - w->dev_addr < WINDOW_SIZE &&
				len <= WINDOW_SIZE - (addr - w->dev_addr))
			return w;
	}
	if (i == EMU_CLIENT_WINDOWS || len > WINDOW_SIZE - WINDOW_BEFORE - WINDOW_ALIGN)
		return NULL;
	m->windows[i] = window_new(addr);
	return m->windows[i];
}

/* ------------------------------------------------------------------ regions */

/* Index of the first region whose end lies beyond addr. */
static unsigned int
search(const struct emu_client_mem *m, uint64_t addr)
{
	unsigned int lo = 0, hi = m->nb;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (m->regions[mid].dev_addr + m->regions[mid].len > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/*
 * Gives the queues what is shared now. The engine may use the old table, and the memory that was in
 * it, until emu_peer_settle().
 */
int
emu_peer_publish(struct emu_peer *c)
{
	struct emu_client_mem *m = &c->mem;
	struct emu_seen *seen;
	unsigned int i, n = 0;

	seen = calloc(1, sizeof(*seen) + (m->nb + 1) * sizeof(seen->regions[0]));
	if (seen == NULL)
		return -ENOMEM;
	for (i = 0; i < m->nb; i++) {
		struct emu_region *last = n == 0 ? NULL : &seen->regions[n - 1];
		const struct emu_region *r = &m->regions[i];

		if (last != NULL && last->dev_addr + last->len == r->dev_addr &&
				last->ptr + last->len == r->ptr)
			last->len += r->len;
		else
			seen->regions[n++] = *r;
	}
	seen->mem.regions = seen->regions;
	seen->mem.nb_regions = n;
	seen->mem.miss = c->miss;
	seen->mem.miss_arg = c->miss_arg;
	seen->before = m->seen;
	m->seen = seen;
	for (i = 0; i < c->dev->max_queues; i++)
		if (c->queues[i] != NULL)
			atomic_store(&c->queues[i]->mem, &seen->mem);
	return 0;
}

static void
seen_free(struct emu_seen *seen)
{
	struct emu_seen *before;

	for (; seen != NULL; seen = before) {
		before = seen->before;
		free(seen);
	}
}

static void
sync_threads(struct emu_peer *c)
{
	unsigned int i;
	bool used = false;

	for (i = 0; i < c->dev->max_queues; i++)
		used |= c->queues[i] != NULL;
	for (i = 0; used && i < c->dev->nb_threads; i++)
		emu_thread_sync(&c->dev->threads[i]);
}

/* Only files whose pages are plain memory: no page fault of theirs waits for somebody. */
static int
check_file(int fd, uint64_t len, uint64_t offset)
{
	struct statfs fs;
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st) != 0 || fstatfs(fd, &fs) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (fs.f_type != TMPFS_MAGIC && fs.f_type != HUGETLBFS_MAGIC))
		return -EINVAL;
	if ((flags & O_ACCMODE) != O_RDWR)
		return -EACCES;
	return offset > (uint64_t)st.st_size || len > (uint64_t)st.st_size - offset ? -ERANGE : 0;
}

static int
room_for_one(struct emu_client_mem *m)
{
	unsigned int room = m->room == 0 ? 64 : 2 * m->room;
	struct emu_region *r;

	if (m->nb < m->room)
		return 0;
	if (m->nb == EMU_CLIENT_REGIONS)
		return -ENOSPC;
	r = realloc(m->regions, room * sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	m->regions = r;
	m->room = room;
	return 0;
}

int
emu_peer_map(struct emu_peer *c, int fd, uint64_t addr, uint64_t len, uint64_t offset)
{
	struct emu_client_mem *m = &c->mem;
	struct emu_window *w;
	unsigned int at;
	uint8_t *p;
	int ret;

	if (addr < 4096 || len == 0 || addr + len < addr || (addr | len | offset) % 4096 != 0)
		return -EINVAL;
	at = search(m, addr);
	if (at < m->nb && m->regions[at].dev_addr < addr + len)
		return -EEXIST;
	ret = room_for_one(m);
	if (ret != 0)
		return ret;
	w = window_for(m, addr, len);
	if (w == NULL)
		return -ENOSPC;
	p = w->base + (addr - w->dev_addr);
	if (mmap(p, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) ==
			MAP_FAILED)
		return -errno;
	memmove(m->regions + at + 1, m->regions + at, (m->nb - at) * sizeof(m->regions[0]));
	m->regions[at] = (struct emu_region){ .dev_addr = addr, .len = len, .ptr = p };
	m->nb++;
	return 0;
}

/* Takes what is left of a range out of the window, around what was mapped there meanwhile. */
static void
clear_range(struct emu_peer *c, const struct emu_region *gone)
{
	struct emu_client_mem *m = &c->mem;
	uint64_t from = gone->dev_addr, end = gone->dev_addr + gone->len, to;
	uint8_t *p;

	while (from < end) {
		unsigned int at = search(m, from);

		if (at < m->nb && m->regions[at].dev_addr <= from) {
			from = m->regions[at].dev_addr + m->regions[at].len;
			continue;
		}
		to = at < m->nb && m->regions[at].dev_addr < end ? m->regions[at].dev_addr : end;
		p = gone->ptr + (from - gone->dev_addr);
		if (c->dev->model->forget != NULL)
			c->dev->model->forget(c->dev, p, to - from);
		/* Cannot fail: it is a part of what is mapped there, or all. */
		mmap(p, to - from, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			MAP_FIXED, -1, 0);
		from = to;
	}
}

int
emu_peer_unmap(struct emu_peer *c, uint64_t addr, uint64_t len)
{
	struct emu_client_mem *m = &c->mem;
	unsigned int from = search(m, addr), to = from;
	struct emu_region *gone;
	uint64_t end = addr;

	/* Whole regions only, without holes. */
	for (; to < m->nb && end < addr + len && m->regions[to].dev_addr == end; to++)
		end += m->regions[to].len;
	if (len == 0 || addr + len < addr || end != addr + len)
		return -EINVAL;
	gone = realloc(m->gone, (m->nb_gone + 1) * sizeof(*gone));
	if (gone == NULL)
		return -ENOMEM;
	m->gone = gone;
	gone[m->nb_gone++] = (struct emu_region){ .dev_addr = addr, .len = len,
		.ptr = m->regions[from].ptr };
	memmove(m->regions + from, m->regions + to, (m->nb - to) * sizeof(m->regions[0]));
	m->nb -= to - from;
	return 0;
}

void
emu_peer_settle(struct emu_peer *c, pthread_mutex_t *lock)
{
	struct emu_client_mem *m = &c->mem;
	struct emu_region *gone;
	unsigned int i, nb_gone;
	struct emu_seen *old = NULL;

	if (lock != NULL)
		pthread_mutex_lock(lock);
	if (m->seen != NULL) {
		old = m->seen->before;
		m->seen->before = NULL;
	}
	gone = m->gone;
	nb_gone = m->nb_gone;
	m->gone = NULL;
	m->nb_gone = 0;
	if (lock != NULL)
		pthread_mutex_unlock(lock);
	sync_threads(c);
	seen_free(old);
	if (lock != NULL)
		pthread_mutex_lock(lock);
	for (i = 0; i < nb_gone; i++)
		clear_range(c, &gone[i]);
	if (lock != NULL)
		pthread_mutex_unlock(lock);
	free(gone);
}

int
emu_peer_share(struct emu_peer *c, int fd, uint64_t addr, uint64_t len, uint64_t offset)
{
	int ret = check_file(fd, len, offset);

	if (ret == 0)
		ret = emu_peer_map(c, fd, addr, len, offset);
	if (ret == 0)
		ret = emu_peer_publish(c);
	if (ret == 0)
		emu_peer_settle(c, NULL);
	return ret;
}

int
emu_peer_unshare(struct emu_peer *c, uint64_t addr, uint64_t len)
{
	int ret = emu_peer_unmap(c, addr, len);

	if (ret == 0)
		ret = emu_peer_publish(c);
	/* A table that could not be made: the one in use still has it, and so does the client. */
	if (ret == 0)
		emu_peer_settle(c, NULL);
	return ret;
}

void
emu_peer_mem_free(struct emu_peer *c)
{
	struct emu_client_mem *m = &c->mem;
	unsigned int i;

	for (i = 0; i < EMU_CLIENT_WINDOWS; i++)
		if (m->windows[i] != NULL) {
			if (c->dev->model->forget != NULL)
				c->dev->model->forget(c->dev, m->windows[i]->base, WINDOW_SIZE);
			munmap(m->windows[i]->base, WINDOW_SIZE);
			m->windows[i]->base = NULL;
		}
	free(m->regions);
	free(m->gone);
	seen_free(m->seen);
	memset(m, 0, sizeof(*m));
}

bool
emu_peer_cheated(const struct emu_peer *c)
{
	unsigned int i;

	for (i = 0; i < EMU_CLIENT_WINDOWS; i++)
		if (c->mem.windows[i] != NULL && c->mem.windows[i]->cheated)
			return true;
	return false;
}

uint64_t
emu_peer_shared_bytes(const struct emu_peer *c)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < c->mem.nb; i++)
		sum += c->mem.regions[i].len;
	return sum;
}
