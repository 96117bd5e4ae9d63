/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that devices reach. With SVA everything is; otherwise there is a table of what the
 * caller shared and of the SS regions, which translates addresses.
 */
#include <errno.h>
#include <linux/memfd.h>
#include <numa.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wd_private.h"

#define HUGE_2M ((size_t)2 << 20)

/* ------------------------------------------------------------------ table */

/* Index of the first of n entries whose end lies beyond va. */
static unsigned int
mem_search(const struct wd_mem_table *t, unsigned int n, uintptr_t va)
{
	unsigned int lo = 0, hi = n;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (t->mem[mid].va + t->mem[mid].len > va)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* The device's table with room for one entry more; under the lock. */
static struct wd_mem_table *
mem_room(struct wd_device *dev)
{
	struct wd_mem_table *old = dev->mems, *t;
	unsigned int room;

	if (old != NULL && old->n < old->room)
		return old;
	room = old != NULL ? 2 * old->room : 16;
	t = calloc(1, sizeof(*t) + room * sizeof(t->mem[0]));
	if (t == NULL)
		return NULL;
	t->room = room;
	t->retired = old;
	if (old != NULL) {
		t->n = old->n;
		memcpy(t->mem, old->mem, old->n * sizeof(t->mem[0]));
	}
	__atomic_store_n(&dev->mems, t, __ATOMIC_RELEASE);
	return t;
}

/* What is between the two is seen by readers as a whole, or not at all. */
static void
change_begin(struct wd_device *dev)
{
	__atomic_store_n(&dev->mem_seq, dev->mem_seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void
change_end(struct wd_device *dev)
{
	__atomic_store_n(&dev->mem_seq, dev->mem_seq + 1, __ATOMIC_RELEASE);
}

int
wd_mem_add(struct wd_device *dev, const void *va, size_t len, uint64_t dev_addr)
{
	struct wd_mem_table *t;
	unsigned int at;
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	t = mem_room(dev);
	if (t == NULL) {
		ret = -ENOMEM;
		goto out;
	}
	at = mem_search(t, t->n, (uintptr_t)va);
	if (at < t->n && t->mem[at].va < (uintptr_t)va + len) {
		ret = -EEXIST;
		goto out;
	}
	change_begin(dev);
	memmove(t->mem + at + 1, t->mem + at, (t->n - at) * sizeof(t->mem[0]));
	t->mem[at] = (struct wd_mem){.va = (uintptr_t)va, .len = len, .dev_addr = dev_addr};
	t->n++;
	change_end(dev);
out:
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

/* The range may be several entries, but no part of one. */
int
wd_mem_del(struct wd_device *dev, const void *va, size_t len)
{
	unsigned int at, end, n;
	struct wd_mem_table *t;
	int ret = -EINVAL;

	pthread_mutex_lock(&dev->lock);
	t = dev->mems;
	n = t != NULL ? t->n : 0;
	at = t != NULL ? mem_search(t, n, (uintptr_t)va) : 0;
	end = t != NULL ? mem_search(t, n, (uintptr_t)va + len) : 0;
	if (at < end && t->mem[at].va == (uintptr_t)va &&
		t->mem[end - 1].va + t->mem[end - 1].len == (uintptr_t)va + len) {
		change_begin(dev);
		memmove(t->mem + at, t->mem + end, (n - end) * sizeof(t->mem[0]));
		t->n -= end - at;
		change_end(dev);
		ret = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

void
wd_mem_fini(struct wd_device *dev)
{
	struct wd_mem_table *t, *next;

	for (t = dev->mems; t != NULL; t = next) {
		next = t->retired;
		free(t);
	}
	dev->mems = NULL;
}

static uint64_t
look_up_va(const struct wd_mem_table *t, uintptr_t va, size_t len)
{
	unsigned int n = __atomic_load_n(&t->n, __ATOMIC_RELAXED);
	unsigned int i = mem_search(t, n, va);
	uintptr_t end = va + len;
	uint64_t dev_addr;

	if (i == n || t->mem[i].va > va)
		return UINT64_MAX;
	dev_addr = t->mem[i].dev_addr + (va - t->mem[i].va);
	/* A range may go on in the next entry if both are contiguous for process and device. */
	for (; t->mem[i].va + t->mem[i].len < end; i++) {
		const struct wd_mem *m = &t->mem[i];

		if (i + 1 == n || m[1].va != m->va + m->len ||
			m[1].dev_addr != m->dev_addr + m->len)
			return UINT64_MAX;
	}
	return dev_addr;
}

static void *
look_up_dev_addr(const struct wd_mem_table *t, uint64_t dev_addr, size_t len)
{
	unsigned int n = __atomic_load_n(&t->n, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < n; i++) {
		const struct wd_mem *m = &t->mem[i];

		if (dev_addr >= m->dev_addr && dev_addr - m->dev_addr < m->len &&
			len <= m->len - (dev_addr - m->dev_addr))
			return (void *)(m->va + (dev_addr - m->dev_addr));
	}
	return NULL;
}

static uint32_t
read_begin(const struct wd_device *dev)
{
	return __atomic_load_n(&dev->mem_seq, __ATOMIC_ACQUIRE);
}

/* Did the table stay as it was since read_begin()? */
static bool
read_valid(const struct wd_device *dev, uint32_t seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(seq & 1) && __atomic_load_n(&dev->mem_seq, __ATOMIC_RELAXED) == seq;
}

uint64_t
wd_dev_addr(const struct wd_device *dev, const void *va, size_t len)
{
	const struct wd_mem_table *t;
	uint64_t found;
	uint32_t seq;

	if (dev->flags & WD_DEV_SVA)
		return (uintptr_t)va;
	if ((uintptr_t)va + len < (uintptr_t)va)
		return UINT64_MAX;
	do {
		seq = read_begin(dev);
		t = __atomic_load_n(&dev->mems, __ATOMIC_ACQUIRE);
		found = t != NULL ? look_up_va(t, (uintptr_t)va, len) : UINT64_MAX;
	} while (!read_valid(dev, seq));
	return found;
}

void *
wd_cpu_addr(const struct wd_device *dev, uint64_t dev_addr, size_t len)
{
	const struct wd_mem_table *t;
	uint32_t seq;
	void *found;

	if (wd_dev_addr_is_va(dev))
		return (void *)(uintptr_t)dev_addr;
	do {
		seq = read_begin(dev);
		t = __atomic_load_n(&dev->mems, __ATOMIC_ACQUIRE);
		found = t != NULL ? look_up_dev_addr(t, dev_addr, len) : NULL;
	} while (!read_valid(dev, seq));
	return found;
}

/* ------------------------------------------------------------------ sharing */

/* Enters memory that share() took, slice by slice where it is not contiguous for the device. */
static int
share_register(struct wd_device *dev, char *va, size_t len, uint64_t dev_addr)
{
	size_t done, part;
	int ret = 0;

	if (dev->tr->slice == NULL || wd_dev_addr_is_va(dev))
		return wd_mem_add(dev, va, len, dev_addr);
	for (done = 0; done < len; done += part) {
		ret = dev->tr->slice(dev->tdev, va + done, &dev_addr, &part);
		if (ret == 0 && part == 0)
			ret = -EIO;
		if (ret < 0)
			break;
		if (part > len - done)
			part = len - done;
		ret = wd_mem_add(dev, va + done, part, dev_addr);
		if (ret < 0)
			break;
	}
	if (ret < 0 && done != 0)
		wd_mem_del(dev, va, done);
	return ret;
}

int
wd_device_share(struct wd_device *dev, void *va, size_t len, int fd, uint64_t offset)
{
	uint64_t dev_addr;
	int ret;

	if (va == NULL || len == 0 || (uintptr_t)va + len < (uintptr_t)va)
		return -EINVAL;
	if (dev->flags & WD_DEV_SVA)
		return 0;
	ret = dev->tr->share(dev->tdev, va, len, fd, offset, &dev_addr);
	if (ret < 0)
		return ret;
	ret = share_register(dev, va, len, dev_addr);
	if (ret < 0)
		dev->tr->unshare(dev->tdev, va, len);
	return ret;
}

int
wd_device_unshare(struct wd_device *dev, void *va, size_t len)
{
	int ret;

	if (dev->flags & WD_DEV_SVA)
		return 0;
	ret = wd_mem_del(dev, va, len);
	return ret < 0 ? ret : dev->tr->unshare(dev->tdev, va, len);
}

/* ------------------------------------------------------------------ static shared memory */

/* Enters the slices of a fresh SS mapping into the device's table. */
static int
ss_register(struct wd_queue *q, char *va, size_t len)
{
	struct wd_queue_ctx *ctx = wd_ctx(q);
	struct wd_device *dev = q->dev;
	size_t done = 0, part;
	uint64_t dev_addr;
	int more = 1, ret;

	for (unsigned int i = 0; done < len && more > 0; i++) {
		more = dev->tr->ss_slice(ctx->tq, i, &dev_addr, &part);
		if (more < 0) {
			ret = more;
			goto err;
		}
		/* One slice is the whole region with an IOMMU, whatever length it tells (G). */
		if ((dev->flags & WD_DEV_IOMMU) || part > len - done)
			part = len - done;
		ret = part == 0 ? -EIO : wd_mem_add(dev, va + done, part, dev_addr);
		if (ret < 0)
			goto err;
		done += part;
	}
	if (done == len)
		return 0;
	ret = -EIO;
err:
	if (done > 0)
		wd_mem_del(dev, va, done);
	return ret;
}

/*
 * An SS region and who uses it: it is unmapped, and forgotten by a device, with the last queue.
 */
#define SS_DEVICES_MAX 8

struct wd_ss {
	char *va;
	size_t len;
	unsigned int queues;
	struct {
		struct wd_device *dev;
		unsigned int queues;
	} user[SS_DEVICES_MAX];
};

static pthread_mutex_t ss_lock = PTHREAD_MUTEX_INITIALIZER;

/* Makes q a user of ss; under ss_lock. */
static int
ss_attach(struct wd_queue *q, struct wd_ss *ss)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < SS_DEVICES_MAX; i++)
		if (ss->user[i].dev == q->dev)
			break;
	if (i == SS_DEVICES_MAX) {
		for (i = 0; i < SS_DEVICES_MAX && ss->user[i].queues != 0; i++)
			;
		if (i == SS_DEVICES_MAX)
			return -ENOSPC;
		if (!(q->dev->flags & WD_DEV_SVA))
			ret = ss_register(q, ss->va, ss->len);
		if (ret < 0)
			return ret;
		ss->user[i].dev = q->dev;
	}
	ss->user[i].queues++;
	ss->queues++;
	wd_ctx(q)->ss = ss;
	return 0;
}

void *
wd_reserve_memory(struct wd_queue *q, size_t size)
{
	struct wd_queue_ctx *ctx = wd_ctx(q);
	size_t len = (size + HUGE_2M - 1) & ~(HUGE_2M - 1);
	struct wd_ss *ss;
	void *va;
	int ret;

	ss = calloc(1, sizeof(*ss));
	if (ss == NULL)
		return NULL;
	if (size == 0 || len < size)
		ret = -EINVAL;
	else if (ctx->ss != NULL)
		ret = -EEXIST;
	else
		ret = q->dev->tr->mmap(ctx->tq, WD_REGION_SS, len, &va);
	if (ret < 0)
		goto err_free;
	ss->va = va;
	ss->len = len;
	pthread_mutex_lock(&ss_lock);
	ret = ss_attach(q, ss);
	pthread_mutex_unlock(&ss_lock);
	if (ret < 0)
		goto err_unmap;
	return va;

err_unmap:
	q->dev->tr->munmap(ctx->tq, WD_REGION_SS, va, len);
err_free:
	free(ss);
	errno = -ret;
	return NULL;
}

void
wd_ss_release(struct wd_queue *q)
{
	struct wd_queue_ctx *ctx = wd_ctx(q);
	struct wd_ss *ss = ctx->ss;

	if (ss == NULL)
		return;
	pthread_mutex_lock(&ss_lock);
	for (int i = 0; i < SS_DEVICES_MAX; i++) {
		if (ss->user[i].dev != q->dev || --ss->user[i].queues != 0)
			continue;
		if (!(q->dev->flags & WD_DEV_SVA))
			wd_mem_del(q->dev, ss->va, ss->len);
		ss->user[i].dev = NULL;
	}
	if (--ss->queues == 0) {
		q->dev->tr->munmap(ctx->tq, WD_REGION_SS, ss->va, ss->len);
		free(ss);
	}
	pthread_mutex_unlock(&ss_lock);
	ctx->ss = NULL;
}

int
wd_share_reserved_memory(struct wd_queue *q, struct wd_queue *target_q)
{
	struct wd_queue_ctx *ctx = wd_ctx(q), *target = wd_ctx(target_q);
	int ret;

	if (ctx->ss == NULL)
		return -ENOENT;
	if (target->ss != NULL)
		return -EEXIST;
	if (q->dev->tr != target_q->dev->tr)
		return -ENOTSUP;
	ret = q->dev->tr->ss_share(ctx->tq, target->tq);
	if (ret < 0)
		return ret;
	pthread_mutex_lock(&ss_lock);
	ret = ss_attach(target_q, ctx->ss);
	pthread_mutex_unlock(&ss_lock);
	return ret;
}

/* ------------------------------------------------------------------ the library's own */

/* Only a wish: without it the memory is where the caller first touches it. */
static void
prefer_node(void *va, size_t len, int node)
{
	unsigned long mask[16] = {0};
	const int bits = 8 * sizeof(mask[0]);

	if (node < 0 || node >= (int)sizeof(mask) * 8 || numa_available() < 0)
		return;
	mask[node / bits] = 1ul << node % bits;
	mbind(va, len, MPOL_PREFERRED, mask, sizeof(mask) * 8, 0);
}

void *
wd_local_alloc(struct wd_queue *q, size_t len)
{
	void *va;

	va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (va == MAP_FAILED)
		return NULL;
	prefer_node(va, len, wd_ctx(q)->node);
	return va;
}

void
wd_local_free(void *va, size_t len)
{
	if (va != NULL)
		munmap(va, len);
}

/* A shared mapping of its own file, of hugepages if there are any free. */
static int
dev_mem_map(size_t *len, bool huge, void **va)
{
	size_t size = huge ? (*len + HUGE_2M - 1) & ~(HUGE_2M - 1) : *len;
	int fd, ret = 0;

	fd = memfd_create("wd-queue", MFD_CLOEXEC | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0));
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size) < 0)
		goto err;
	*va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*va == MAP_FAILED)
		goto err;
	*len = size;
	return fd;
err:
	ret = -errno;
	close(fd);
	return ret;
}

static int
dev_mem_shared(struct wd_queue *q, bool huge, size_t len, struct wd_dev_mem *mem)
{
	void *va;
	int fd, ret;

	fd = dev_mem_map(&len, huge, &va);
	if (fd < 0)
		return fd;
	prefer_node(va, len, wd_ctx(q)->node);
	ret = wd_device_share(q->dev, va, len, fd, 0);
	close(fd);
	if (ret < 0) {
		munmap(va, len);
		return ret;
	}
	*mem = (struct wd_dev_mem){.va = va, .len = len, .kind = WD_DEV_MEM_SHARED,
		.dev_addr = wd_dev_addr(q->dev, va, len)};
	return 0;
}

int
wd_dev_mem_alloc(struct wd_queue *q, size_t len, struct wd_dev_mem *mem)
{
	void *va;

	if (q->dev->flags & WD_DEV_SVA) {
		va = wd_local_alloc(q, len);
		if (va == NULL)
			return -ENOMEM;
		*mem = (struct wd_dev_mem){.va = va, .len = len, .kind = WD_DEV_MEM_PLAIN,
			.dev_addr = (uintptr_t)va};
		return 0;
	}
	if (dev_mem_shared(q, true, len, mem) == 0 || dev_mem_shared(q, false, len, mem) == 0)
		return 0;
	/* A kernel without adoption: the queue's own SS region, all of it. */
	va = wd_reserve_memory(q, len);
	if (va == NULL)
		return -errno;
	*mem = (struct wd_dev_mem){.va = va, .len = len, .kind = WD_DEV_MEM_SS,
		.dev_addr = wd_dev_addr(q->dev, va, len)};
	if (mem->dev_addr == UINT64_MAX) {
		wd_ss_release(q);
		return -ENOMEM;
	}
	memset(va, 0, len);
	return 0;
}

void
wd_dev_mem_free(struct wd_queue *q, struct wd_dev_mem *mem)
{
	if (mem->va == NULL)
		return;
	if (mem->kind == WD_DEV_MEM_SS) {
		wd_ss_release(q);
	} else {
		if (mem->kind == WD_DEV_MEM_SHARED)
			wd_device_unshare(q->dev, mem->va, mem->len);
		munmap(mem->va, mem->len);
	}
	mem->va = NULL;
}
