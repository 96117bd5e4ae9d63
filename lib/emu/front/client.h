/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client's side of the socket front end, part of the plug-in.
 *
 *	client.c        the transport's calls: device, queues, waiting
 *	client_conn.c   connection, messages, and what happens when it breaks
 *	client_mem.c    sharing memory, the SS region
 *
 * When the daemon goes, it cannot say so any more: a thread watches the socket and writes the stop
 * words of every queue itself, which a polling client sees. The device then is lost until somebody
 * opens a queue: that connects again, and shares again what was shared.
 */
#ifndef EMU_CLIENT_H
#define EMU_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../emu_private.h"
#include "socket_proto.h"

#define CLIENT_SS_DEVS  8

/* What the application shared, with a descriptor of our own to share it again. */
struct client_share {
	struct client_share *next;
	uint8_t *va;
	size_t len;
	int fd;
	uint64_t offset;
};

/* An SS region; several queues and devices may use it. Under ss_lock of client_mem.c. */
struct client_ss {
	uint8_t *va;
	size_t len;
	int fd;
	unsigned int queues;
	bool unmapped;                  /* nobody has it any more, whoever still counts as a user */
	struct {
		struct client_dev *dev;
		unsigned int queues;
	} user[CLIENT_SS_DEVS];
};

struct client_queue {
	struct client_queue *next;
	struct client_dev *dev;
	uint32_t id;
	unsigned int generation;        /* of the connection it belongs to */
	int mmio_fd, dus_fd;
	uint8_t *mmio, *dus;            /* own mappings; the wait page is behind mmio */
	size_t mmio_size, dus_size;
	const uint8_t *doze_page;
	const uint32_t *dozing;
	uint32_t woken;                 /* the number of the doze that we ended last */
	struct emu_wait *wait;
	uint32_t wait_cursor;
	bool mapped[WD_REGION_MAX];
	struct client_ss *ss;
};

struct client_dev {
	pthread_mutex_t lock;           /* all below */
	char path[108];
	struct emu_msg_hello hello;
	struct emu_msg_info info;       /* of the first HELLO: what the user driver relies on */
	pid_t pid;                      /* only the opener may use it */
	int fd;
	int doze_fd;
	bool dead;                      /* no connection */
	unsigned int generation;
	struct client_queue *queues;
	struct client_share *shares;
	pthread_t watcher;
	bool watched;
	int stop_fd;                    /* eventfd: the watcher shall end */
};

/* client_conn.c: with dev->lock held, all. 0 or -errno. */
int client_connect(struct client_dev *dev);
void client_disconnect(struct client_dev *dev);
/*
 * Asks and waits for the answer, which replaces *m. fd: -1 or what goes along; fds: nb_fds of them
 * come back, or NULL. -ENODEV when the connection is, or gets, lost.
 */
int client_call(struct client_dev *dev, struct emu_msg *m, int fd, int *fds, int nb_fds);
/* Writes the stop words of a queue and wakes who waits for it. */
void client_queue_stop(struct client_queue *q);

/* client_mem.c */
int client_share(void *dev, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr);
int client_unshare(void *dev, void *va, size_t len);
int client_share_again(struct client_dev *dev);         /* with dev->lock held */
void client_forget_shares(struct client_dev *dev);
int client_ss_map(struct client_queue *q, size_t size, void **addr);
int client_ss_unmap(struct client_queue *q, void *addr, size_t size);
void client_ss_leave(struct client_queue *q);
int client_ss_slice(void *queue, unsigned int i, uint64_t *dev_addr, size_t *len);
int client_ss_share(void *queue, void *target);

#endif
