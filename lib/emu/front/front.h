/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front ends of the plug-in, and what it offers beside wd_transport.h.
 */
#ifndef EMU_FRONT_H
#define EMU_FRONT_H

#include <stdint.h>

#include "wd_transport.h"

extern const struct wd_transport emu_front_thread;      /* spec "" */
extern const struct wd_transport emu_front_socket;      /* spec PATH[#DEVICE] of a daemon */

/*
 * For the preload library, which shows a queue of the thread front end as a file: calls on what
 * queue_open() of the plug-in returned.
 */
#define EMU_FRONT_EXT_SYMBOL    "emu_front_ext"
#define EMU_FRONT_EXT_ABI       1

struct emu_front_ext {
	uint32_t abi;
	/* An eventfd that belongs to the queue, written for completions while watched. Or -errno. */
	int (*event_fd)(void *queue);
	/* +1, -1: someone sleeps on the eventfd, and has not yet looked whether there is news. */
	void (*watch)(void *queue, int change);
	/* 1 = completions since the last call, or the queue is stopped; 0 = none. */
	int (*news)(void *queue);
};

extern const struct emu_front_ext emu_front_thread_ext;

#endif
