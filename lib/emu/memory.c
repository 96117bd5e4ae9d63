/* SPDX-License-Identifier: BSD-3-Clause */
/* Address translation and scatter/gather lists. */
#include <errno.h>
#include <string.h>

#include "emu_private.h"

const struct emu_region emu_nowhere;

const struct emu_region *
emu_region_of(const struct emu_mem *mem, uint64_t addr)
{
	const struct emu_region *r = mem->regions;
	unsigned int nb = mem->nb_regions, half;

	/* The last region that begins at or before addr. */
	while (nb > 1) {
		half = nb / 2;
		if (addr >= r[half].dev_addr) {
			r += half;
			nb -= half;
		} else {
			nb = half;
		}
	}
	return nb == 1 && addr - r->dev_addr < r->len ? r : NULL;
}

void *
emu_ptr_region(const struct emu_mem *mem, uint64_t addr, uint64_t len)
{
	const struct emu_region *r = emu_region_of(mem, addr);
	uint8_t *p = r == NULL ? NULL : emu_ptr_in(r, addr, len);

	if (emu_likely(p != NULL))
		return p;
	return mem->miss != NULL ? mem->miss(mem->miss_arg, addr, len) : NULL;
}

/* Enters the list at addr; false with it->err when it is none. */
static bool
sgl_enter(struct emu_sgl_iter *it, uint64_t addr)
{
	const struct hisi_sgl *sgl;
	unsigned int nb;

	it->sgl = NULL;
	if (addr % HISI_SGL_ALIGN != 0 || it->chain++ == HISI_SGL_MAX_CHAIN) {
		it->err = -EINVAL;
		return false;
	}
	sgl = emu_ptr(it->mem, addr, sizeof(*sgl));
	if (sgl == NULL) {
		it->err = -EFAULT;
		return false;
	}
	nb = *(const volatile uint16_t *)&sgl->entry_sum_in_sgl;
	if (nb > HISI_SGL_MAX_ENTRIES) {
		it->err = -EINVAL;
		return false;
	}
	if (emu_ptr(it->mem, addr, sizeof(*sgl) + nb * sizeof(sgl->entries[0])) == NULL) {
		it->err = -EFAULT;
		return false;
	}
	it->sgl = sgl;
	it->idx = 0;
	it->nb = nb;
	return true;
}

void
emu_sgl_begin(struct emu_sgl_iter *it, const struct emu_mem *mem, uint64_t addr)
{
	it->mem = mem;
	it->chain = 0;
	it->err = 0;
	sgl_enter(it, addr);
}

bool
emu_sgl_next(struct emu_sgl_iter *it, uint8_t **ptr, uint32_t *len)
{
	const volatile struct hisi_sgl_entry *e;
	uint64_t addr;

	if (it->sgl == NULL)
		return false;
	while (it->idx == it->nb) {
		addr = *(const volatile uint64_t *)&it->sgl->next_dma;
		if (addr == 0) {
			it->sgl = NULL;
			return false;
		}
		if (!sgl_enter(it, addr))
			return false;
	}
	e = &it->sgl->entries[it->idx++];
	addr = e->addr;
	*len = e->len;
	if (*len == 0 || *len > HISI_SGL_MAX_ENTRY_LEN)
		it->err = -EINVAL;
	else if ((*ptr = emu_ptr(it->mem, addr, *len)) == NULL)
		it->err = -EFAULT;
	if (it->err != 0)
		it->sgl = NULL;
	return it->err == 0;
}

void *
emu_sgl_view_walk(const struct emu_mem *mem, uint64_t addr, uint64_t off, uint64_t len)
{
	struct emu_sgl_iter it;
	uint8_t *ptr;
	uint32_t seg;

	emu_sgl_begin(&it, mem, addr);
	while (emu_sgl_next(&it, &ptr, &seg)) {
		if (off < seg)
			return len <= seg - off ? ptr + off : NULL;
		off -= seg;
	}
	return NULL;
}

static int
sgl_copy(const struct emu_mem *mem, uint64_t addr, uint64_t off, uint8_t *buf, uint64_t len,
	 bool to_list)
{
	struct emu_sgl_iter it;
	uint64_t part;
	uint8_t *ptr;
	uint32_t seg;

	if (len == 0)
		return 0;
	emu_sgl_begin(&it, mem, addr);
	while (emu_sgl_next(&it, &ptr, &seg)) {
		if (off >= seg) {
			off -= seg;
			continue;
		}
		part = seg - off < len ? seg - off : len;
		if (to_list)
			memcpy(ptr + off, buf, part);
		else
			memcpy(buf, ptr + off, part);
		off = 0;
		buf += part;
		len -= part;
		if (len == 0)
			return 0;
	}
	return it.err != 0 ? it.err : -EINVAL;
}

int
emu_sgl_read(const struct emu_mem *mem, uint64_t addr, uint64_t off, void *buf, uint64_t len)
{
	return sgl_copy(mem, addr, off, buf, len, false);
}

int
emu_sgl_write(const struct emu_mem *mem, uint64_t addr, uint64_t off, const void *buf, uint64_t len)
{
	union {
		const void *in;
		uint8_t *out;
	} u = { .in = buf };

	return sgl_copy(mem, addr, off, u.out, len, true);
}
