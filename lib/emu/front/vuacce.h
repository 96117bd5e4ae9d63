/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's side of device nodes: devices that clients find as /dev/<name>-<N> and in sysfs, by
 * way of the kernel module vuacce. The contract is kernel/include/uapi/uacce/vuacce.h.
 *
 *	vuacce.c          the device: made, armed, told, taken away
 *	vuacce_event.c    queues and their memory, as events tell
 *	vuacce_sva.c      memory of clients that is copied
 *
 * The thread that serves the sockets handles the events. But doorbells overtake events: an engine
 * thread that meets an address that it does not know takes the events that are pending and looks
 * for memory in them, under the node's lock; what else there is it leaves to the other thread.
 */
#ifndef EMU_VUACCE_H
#define EMU_VUACCE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "uacce/vuacce.h"

#include "../emu_private.h"
#include "peer.h"

#define EMU_MAX_NODES   64

/* Memory that a client told, and for how many of its queues. */
struct emu_node_mem {
	struct emu_node_mem *next;
	uint32_t id;
	unsigned int users;
	unsigned int nb_slices;
	bool mapped;
	struct uacce_slice slices[];    /* as the device sees it */
};

/* A process at the device. */
struct emu_node_client {
	struct emu_node_client *next;
	struct emu_node *node;
	uint32_t id;
	pid_t pid;
	unsigned int queues;
	uint64_t space;                 /* see struct emu_mem */
	struct emu_node_mem *mems;
	struct emu_peer peer;
};

struct emu_node_queue {
	struct emu_node_queue *next;
	struct emu_node *node;
	uint32_t id;                    /* the kernel's */
	struct emu_node_client *client;
	struct emu_queue *q;
	void *mmio, *dus;
	struct emu_mem mem;             /* SVA: what the queue sees */
};

/* Events that an engine thread took, in their order. */
struct emu_node_event {
	struct emu_node_event *next;
	struct vuacce_event ev;
};

struct emu_node {
	struct emu_device *dev;
	int fd;                         /* -1: unplugged */
	char prefix[VUACCE_NAME_LEN];
	pthread_mutex_t lock;           /* clients' memory, read(), stash */
	struct emu_node_queue *queues;
	struct emu_node_client *clients;
	struct emu_node_event *stash, **stash_end;
	int stash_fd;                   /* eventfd: there is something in the stash */
	uint16_t spaces;                /* given to clients so far */
};

/*
 * Makes the node of a device that was opened for EMU_NODE, and gives the device its name. 0 or
 * -errno, and err has one line. The device stays the caller's.
 */
int emu_node_open(struct emu_node *n, struct emu_device *dev, char *err, size_t err_size);
void emu_node_close(struct emu_node *n);
/* What there is to do, when fd has POLLIN or POLLPRI or stash_fd has POLLIN. */
void emu_node_serve(struct emu_node *n);

/* The device is pulled out, and put back: with another number. 0 or -errno. */
void emu_node_unplug(struct emu_node *n);
int emu_node_return(struct emu_node *n);
/* Counts an error of the device; enough of them within an hour isolate it. */
void emu_node_error(struct emu_node *n);

/* vuacce_event.c */
void emu_node_events(struct emu_node *n);
/* All clients are gone, or are to be so. */
void emu_node_drop_all(struct emu_node *n);
/* The server takes no more events. */
void emu_node_stash_free(struct emu_node *n);

/* vuacce_sva.c: of struct emu_front_ops and struct emu_mem. */
void emu_node_sva_run(struct emu_thread *th, struct emu_job *jobs, unsigned int n);
void emu_node_sva_thread_fini(struct emu_thread *th);
void *emu_node_sva_miss(void *nq, uint64_t addr, uint64_t len);

#endif
