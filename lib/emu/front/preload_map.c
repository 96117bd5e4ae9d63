/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings of queues. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload.h"

struct mapping {
	struct mapping *next;
	struct pl_file *file;
	uintptr_t addr;
	size_t len;
	unsigned int region;
};

static struct mapping *maps;            /* under pl_lock */
static _Atomic uintptr_t low = UINTPTR_MAX, high;       /* all mappings there ever were */

/* Takes the mapping that overlaps the range out of the list when it lies in it wholly. */
static struct mapping *
take(uintptr_t addr, size_t len)
{
	struct mapping **p, *m;

	if (pl_inside != 0 || addr >= atomic_load(&high) || addr + len <= atomic_load(&low))
		return NULL;
	pthread_mutex_lock(&pl_lock);
	for (p = &maps; (m = *p) != NULL; p = &m->next) {
		if (m->addr >= addr + len || addr >= m->addr + m->len)
			continue;
		if (addr <= m->addr && m->addr + m->len <= addr + len) {
			*p = m->next;
			break;
		}
	}
	pthread_mutex_unlock(&pl_lock);
	return m;
}

/* Mappings are not inherited; what the parent knew of them is not true here. */
void
pl_maps_after_fork(void)
{
	struct mapping *m;

	while ((m = maps) != NULL) {
		maps = m->next;
		m->file->refs--;        /* descriptors of it, if any, hold the rest */
		free(m);
	}
}

static void
insert(struct mapping *m)
{
	pthread_mutex_lock(&pl_lock);
	pl_file_ref_locked(m->file);
	m->next = maps;
	maps = m;
	if (m->addr < atomic_load(&low))
		atomic_store(&low, m->addr);
	if (m->addr + m->len > atomic_load(&high))
		atomic_store(&high, m->addr + m->len);
	pthread_mutex_unlock(&pl_lock);
}

/* The plug-in maps anywhere, readable and writable; put it where and how the client wants it. */
static int
place(void **p, void *addr, size_t len, int prot, int flags)
{
	void *to;

	if (prot != (PROT_READ | PROT_WRITE) && mprotect(*p, len, prot) != 0)
		return -errno;
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return 0;
	if (flags & MAP_FIXED_NOREPLACE) {
		to = PL_REAL(mmap)(addr, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			MAP_FIXED_NOREPLACE, -1, 0);
		if (to == MAP_FAILED)
			return -errno;
	}
	to = PL_REAL(mremap)(*p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, addr);
	if (to == MAP_FAILED)
		return -errno;
	*p = to;
	return 0;
}

static void *
map_region(struct pl_file *f, void *addr, size_t len, int prot, int flags, off_t off)
{
	const long page = sysconf(_SC_PAGESIZE);
	struct mapping *m;
	void *p;
	int ret;

	/* The region is the page offset; the size is rounded up to pages before a driver sees it. */
	if (off % page != 0 || len == 0 || off / page >= WD_REGION_MAX) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	m = calloc(1, sizeof(*m));
	if (m == NULL) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	m->file = f;
	m->region = (unsigned int)(off / page);
	m->len = (len + (size_t)page - 1) / (size_t)page * (size_t)page;
	pthread_mutex_lock(&f->map_lock);
	pl_inside++;
	ret = f->inherited ? -EPERM : pl_transport->mmap(f->tq, m->region, m->len, &p);
	if (ret == 0) {
		ret = place(&p, addr, m->len, prot, flags);
		if (ret != 0)
			pl_transport->munmap(f->tq, m->region, p, m->len);
	}
	pl_inside--;
	pthread_mutex_unlock(&f->map_lock);
	if (ret != 0) {
		free(m);
		errno = -ret;
		return MAP_FAILED;
	}
	m->addr = (uintptr_t)p;
	insert(m);
	return p;
}

PL_EXPORT void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	struct pl_file *f = flags & MAP_ANONYMOUS ? NULL : pl_file_get(fd);
	void *p;

	if (f == NULL)
		return PL_REAL(mmap)(addr, len, prot, flags, fd, off);
	p = map_region(f, addr, len, prot, flags, off);
	pl_file_put(f);
	return p;
}

PL_EXPORT void *
mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t off)
{
	return mmap(addr, len, prot, flags, fd, off);
}

PL_EXPORT int
munmap(void *addr, size_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	bool all = false;
	struct mapping *m;

	/* Once all is unmapped another thread may have something there. */
	while (!all && (m = take((uintptr_t)addr, len)) != NULL) {
		pthread_mutex_lock(&m->file->map_lock);
		pl_inside++;
		pl_transport->munmap(m->file->tq, m->region, (void *)m->addr, m->len);
		pl_inside--;
		pthread_mutex_unlock(&m->file->map_lock);
		pl_file_put(m->file);
		all = m->addr == (uintptr_t)addr && m->len == (len + page - 1) / page * page;
		free(m);
	}
	/* What is left of the range. */
	return all ? 0 : PL_REAL(munmap)(addr, len);
}

static bool
overlaps(uintptr_t addr, size_t len)
{
	struct mapping *m;

	if (pl_inside != 0 || addr >= atomic_load(&high) || addr + len <= atomic_load(&low))
		return false;
	pthread_mutex_lock(&pl_lock);
	for (m = maps; m != NULL; m = m->next)
		if (m->addr < addr + len && addr < m->addr + m->len)
			break;
	pthread_mutex_unlock(&pl_lock);
	return m != NULL;
}

PL_EXPORT void *
mremap(void *old, size_t old_len, size_t len, int flags, ...)
{
	va_list ap;
	void *to;

	va_start(ap, flags);
	to = va_arg(ap, void *);
	va_end(ap);
	if (overlaps((uintptr_t)old, old_len == 0 ? 1 : old_len)) {
		errno = EPERM;
		return MAP_FAILED;
	}
	return PL_REAL(mremap)(old, old_len, len, flags, to);
}
