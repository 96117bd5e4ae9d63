/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client in another process shares with the emulator, whatever front end it came by.
 *
 * The emulator maps it at addresses that keep its distances for the device, in windows of reserved
 * address space. Changes are made in three steps: map or unmap, publish (the queues get the new
 * table), settle (the engine threads are through with the old one, and what it had is unmapped).
 */
#ifndef EMU_PEER_H
#define EMU_PEER_H

#include <pthread.h>
#include <stdbool.h>

#include "../emu_private.h"

#define EMU_CLIENT_WINDOWS      4
#define EMU_CLIENT_REGIONS      65536

struct emu_window;

/* A table that the queues use, and those that they may still use. */
struct emu_seen {
	struct emu_mem mem;
	struct emu_seen *before;
	struct emu_region regions[];
};

struct emu_client_mem {
	struct emu_window *windows[EMU_CLIENT_WINDOWS];
	struct emu_region *regions;     /* as they were shared, sorted by device address */
	unsigned int nb, room;
	struct emu_region *gone;        /* taken back, to be unmapped by emu_peer_settle() */
	unsigned int nb_gone;
	struct emu_seen *seen;          /* neighbours joined */
};

struct emu_peer {
	struct emu_device *dev;
	struct emu_queue **queues;      /* its own, by id, dev->max_queues */
	struct emu_client_mem mem;
	/* Goes into every table, see struct emu_mem. */
	void *(*miss)(void *arg, uint64_t addr, uint64_t len);
	void *miss_arg;
};

/*
 * All of it: 0 or -errno. emu_peer_share() takes files of plain memory only: tmpfs, hugetlbfs.
 * Addresses are the device's.
 */
int emu_peer_share(struct emu_peer *c, int fd, uint64_t addr, uint64_t len, uint64_t offset);
int emu_peer_unshare(struct emu_peer *c, uint64_t addr, uint64_t len);

/* The steps, for those who have a lock on c and may not hold it while engine threads go on. */
int emu_peer_map(struct emu_peer *c, int fd, uint64_t addr, uint64_t len, uint64_t offset);
int emu_peer_unmap(struct emu_peer *c, uint64_t addr, uint64_t len);
int emu_peer_publish(struct emu_peer *c);
/* lock: taken and released again, twice; NULL = none. */
void emu_peer_settle(struct emu_peer *c, pthread_mutex_t *lock);

/* All queues are closed. */
void emu_peer_mem_free(struct emu_peer *c);
/* A file that a client shared and then cut short is no reason to die. Once, before clients come. */
int emu_peer_catch_bus_errors(void);
/* Was memory of this client found missing? It reads as zeros since. */
bool emu_peer_cheated(const struct emu_peer *c);
uint64_t emu_peer_shared_bytes(const struct emu_peer *c);

#endif
