/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the emulated device can see of memory, and the scatter/gather lists in it.
 *
 * A device address is translated by emu_ptr(). An SVA device sees the whole process, so there the
 * translation is the identity and only nonsense is refused (address 0, a range that wraps); a
 * wild address faults in the engine thread just as it would in the application itself.
 */
#ifndef EMU_MEMORY_H
#define EMU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hisi_qm.h"

struct emu_region {
	uint64_t dev_addr;
	uint64_t len;
	uint8_t *ptr;
};

/*
 * Regions are sorted by address and do not overlap. Neighbours that are also neighbours for us
 * are one region: a buffer may lie across two things that were shared.
 */
struct emu_mem {
	bool sva;                       /* identity */
	unsigned int nb_regions;        /* without SVA: what was shared */
	struct emu_region *regions;
	/*
	 * Asked for what is in no region: the memory, or NULL when there is none. By the engine
	 * thread, maybe in a guarded section; may take locks and touches no client's memory.
	 */
	void *(*miss)(void *arg, uint64_t addr, uint64_t len);
	void *miss_arg;
	/*
	 * Not 0: the client's memory has no place of its own here, so what is kept by its address is
	 * kept by this number, in the upper 16 bits, and the client's address.
	 */
	uint64_t space;
};

/* Of a device without SVA: where addr is, or NULL: in none, though mem->miss may have an answer. */
const struct emu_region *emu_region_of(const struct emu_mem *mem, uint64_t addr);

/* [addr, addr + len) if it is all there, else NULL. */
static inline uint8_t *
emu_ptr_in(const struct emu_region *r, uint64_t addr, uint64_t len)
{
	uint64_t off = addr - r->dev_addr;

	return off < r->len && len <= r->len - off ? r->ptr + off : NULL;
}

extern const struct emu_region emu_nowhere;

/*
 * For addresses of a kind, which mostly are in one region: *near, at first &emu_nowhere, is the last
 * one's. NULL: not in one region; emu_ptr() may know better. *near is as good as a pointer.
 */
static inline uint8_t *
emu_ptr_near(const struct emu_mem *mem, const struct emu_region **near, uint64_t addr, uint64_t len)
{
	uint8_t *p = emu_ptr_in(*near, addr, len);
	const struct emu_region *r;

	if (__builtin_expect(p != NULL, 1))
		return p;
	r = emu_region_of(mem, addr);
	if (r == NULL)
		return NULL;
	*near = r;
	return emu_ptr_in(r, addr, len);
}

/* Pointer to [addr, addr + len), or NULL when the device cannot reach all of it. */
void *emu_ptr_region(const struct emu_mem *mem, uint64_t addr, uint64_t len);

static inline void *
emu_ptr(const struct emu_mem *mem, uint64_t addr, uint64_t len)
{
	if (!mem->sva)
		return emu_ptr_region(mem, addr, len);
	if (addr < 4096 || addr + len < addr)
		return NULL;
	return (void *)(uintptr_t)addr;
}

/*
 * Walks a list, entry by entry, across chained lists. Bounded: lists of more than
 * HISI_SGL_MAX_ENTRIES entries, chains of more than HISI_SGL_MAX_CHAIN lists, misaligned lists
 * and entries of no or too great length end the walk with -EINVAL; unreachable ones with -EFAULT.
 */
struct emu_sgl_iter {
	const struct emu_mem *mem;
	const struct hisi_sgl *sgl;
	unsigned int idx, nb;
	unsigned int chain;
	int err;                        /* 0 or -errno, sticky */
};

void emu_sgl_begin(struct emu_sgl_iter *it, const struct emu_mem *mem, uint64_t addr);
/* Next entry: true and *ptr, *len; false at the end of the list or on an error (it->err). */
bool emu_sgl_next(struct emu_sgl_iter *it, uint8_t **ptr, uint32_t *len);

/* [off, off + len) of the list as one piece, or NULL when it is not in one entry. */
void *emu_sgl_view_walk(const struct emu_mem *mem, uint64_t addr, uint64_t off, uint64_t len);

/* The same; the usual list, one with few entries, without a call. */
static inline void *
emu_sgl_view(const struct emu_mem *mem, uint64_t addr, uint64_t off, uint64_t len)
{
	const volatile struct hisi_sgl *sgl = (const volatile struct hisi_sgl *)(uintptr_t)addr;
	uint64_t rest = off, p;
	unsigned int i, nb;
	uint32_t seg;

	if (!mem->sva || addr < 4096 || addr % HISI_SGL_ALIGN != 0)
		return emu_sgl_view_walk(mem, addr, off, len);
	nb = sgl->entry_sum_in_sgl;
	for (i = 0; i < nb && i < 4; i++) {
		p = sgl->entries[i].addr;
		seg = sgl->entries[i].len;
		if (p < 4096 || seg - 1 >= HISI_SGL_MAX_ENTRY_LEN)
			break;
		if (rest < seg)
			return len <= seg - rest ? (uint8_t *)(uintptr_t)p + rest : NULL;
		rest -= seg;
	}
	return emu_sgl_view_walk(mem, addr, off, len);
}

/* Copies between the list, from byte off on, and a flat buffer. 0, -EINVAL (too short), -EFAULT. */
int emu_sgl_read(const struct emu_mem *mem, uint64_t addr, uint64_t off, void *buf, uint64_t len);
int emu_sgl_write(const struct emu_mem *mem, uint64_t addr, uint64_t off, const void *buf,
		  uint64_t len);

#endif
