/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of a client that the emulator reaches by copies only, through a system call perhaps.
 *
 * For the time of a batch the pages that the batch uses are mirrored: fetched when they are first
 * asked for, at places that keep the client's distances, so that what overlaps or is contiguous
 * for the client is so here. At the end of the batch what the model wrote goes back, and nothing
 * else: bytes that it did not write may have changed under the client's hands meanwhile. The mirror
 * knows them by comparison with the pages as they were fetched.
 *
 * One mirror per engine thread.
 */
#ifndef EMU_MIRROR_H
#define EMU_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

struct emu_mirror;

/* A piece of a copy between the mirror and the client. */
struct emu_piece {
	void *local;
	uint64_t remote;
	uint32_t len;
};

struct emu_mirror_ops {
	/*
	 * Copies n pieces, from the client or to it. Returns how many were copied in full, in their
	 * order: less than n when the one behind them could not.
	 */
	unsigned int (*copy)(void *arg, const struct emu_piece *p, unsigned int n, bool to_client);
};

struct emu_mirror *emu_mirror_new(const struct emu_mirror_ops *ops);
void emu_mirror_free(struct emu_mirror *m);

/* A batch of a client begins; space tells clients from each other. Forgets what was mirrored. */
void emu_mirror_begin(struct emu_mirror *m, uint64_t space, void *arg);
/* The client's [addr, addr + len); NULL when it has no such memory. */
void *emu_mirror_ptr(struct emu_mirror *m, uint64_t addr, uint64_t len);
/* The range will be asked for. Costs nothing if it cannot be fetched. */
void emu_mirror_hint(struct emu_mirror *m, uint64_t addr, uint64_t len);
/* Fetches all that was hinted at, in few copies. */
void emu_mirror_fetch(struct emu_mirror *m);

/*
 * The batch is done. First, for any number of ranges that the client gave to the device to write
 * to: what changed there, from its first byte to its last, goes back in one piece. who is the
 * caller's number for it. Then the rest, byte by byte. Returns false when something could not be
 * written back; failed(arg, who) is called for each range that could not, EMU_MIRROR_REST for the
 * rest.
 */
#define EMU_MIRROR_REST UINT32_MAX
void emu_mirror_output(struct emu_mirror *m, uint64_t addr, uint64_t len, uint32_t who);
bool emu_mirror_flush(struct emu_mirror *m, void (*failed)(void *arg, uint32_t who), void *arg);

#endif
