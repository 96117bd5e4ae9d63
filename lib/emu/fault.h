/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults on request, for tests of what clients do about them. Jobs of the device are counted from
 * 1 in the order in which the engine takes them; a fault waits for its number.
 */
#ifndef EMU_FAULT_H
#define EMU_FAULT_H

#include "emu_private.h"

#define EMU_FAULT_SYNTAX \
	"fail:N:STATUS, index:N:VALUE, stall:N:MS (0 = for ever), reset:N or unplug:N, " \
	"N a job number or %N for every Nth"

/* Adds one fault, as the option fault= has it. 0, -EINVAL or -ENOMEM. */
int emu_fault_add(struct emu_device *dev, const char *text);
void emu_fault_free(struct emu_device *dev);
/*
 * While the device works: the number counts from now on. One caller at a time. 0, -EINVAL, -ENOMEM,
 * or -ENOSPC when too many wait already.
 */
int emu_fault_inject(struct emu_device *dev, const char *text);
/* Forgets the faults that have not come yet, and ends a stall. */
void emu_fault_clear(struct emu_device *dev);

/*
 * Of n collected jobs takes those before the next fault; the others go back to their queues. When
 * the very first is due, carries the fault out and takes none. Engine thread; dev->faults is set.
 */
unsigned int emu_fault_take(struct emu_thread *th, struct emu_job *jobs, unsigned int n);

#endif
