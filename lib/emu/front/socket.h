/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's side of the socket front end.
 *
 *	socket.c          connections and requests
 *	socket_mem.c      memory that a client shares
 *	socket_status.c   status text and fault commands
 *
 * One thread serves all connections. It never blocks on one of them: a client that does not take
 * an answer is dropped.
 */
#ifndef EMU_SOCKET_H
#define EMU_SOCKET_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "../emu_private.h"
#include "socket_proto.h"

#define EMU_MAX_CONNS           256
#define EMU_CLIENT_WINDOWS      4
#define EMU_CLIENT_REGIONS      65536

struct emu_window;

/* What a client shared. */
struct emu_client_mem {
	struct emu_window *windows[EMU_CLIENT_WINDOWS];
	struct emu_region *regions;     /* as they were shared, sorted by device address */
	unsigned int nb, room;
	struct emu_mem *seen;           /* what its queues use: neighbours joined */
};

struct emu_conn {
	int fd;
	pid_t pid;
	bool ready;                     /* said HELLO */
	struct emu_device *dev;         /* NULL: only STATUS and COMMAND */
	struct emu_queue **queues;      /* by id, dev->max_queues */
	struct emu_client_mem mem;
};

struct emu_server {
	struct emu_device **devs;
	unsigned int nb_devs;
	int listen_fd;
	struct emu_conn *conns[EMU_MAX_CONNS];
	char path[108];
	bool others;                    /* than the own user may connect */
	uint64_t started;               /* ns */
};

/*
 * Listens at path, with the given permissions (0600: nobody else). A socket that no daemon
 * answers on is replaced; -EADDRINUSE when one does. The devices were opened as foreign ones and
 * stay the caller's. 0 or -errno, and err has one line.
 */
int emu_server_open(struct emu_server *s, const char *path, unsigned int mode,
		    struct emu_device **devs, unsigned int nb_devs, char *err, size_t err_size);
/* Serves until the descriptor stop_fd is readable. 0 or -errno. */
int emu_server_run(struct emu_server *s, int stop_fd);
/* Ends all connections and removes the socket. */
void emu_server_close(struct emu_server *s);

/* socket_mem.c: 0 or -errno. conn->dev and its queues are there. */
int emu_client_share(struct emu_conn *c, int fd, uint64_t addr, uint64_t len, uint64_t offset);
int emu_client_unshare(struct emu_conn *c, uint64_t addr, uint64_t len);
/* All queues are closed. */
void emu_client_mem_free(struct emu_conn *c);
/* A file that a client shared and then cut short is no reason to die. Once, before clients come. */
int emu_client_catch_bus_errors(void);
/* Was memory of this client found missing? It reads as zeros since. */
bool emu_client_cheated(const struct emu_conn *c);
uint64_t emu_client_shared_bytes(const struct emu_conn *c);

/* socket_status.c */
int emu_status_text(struct emu_server *s, FILE *f);
/* "DEVICE fail:N:STATUS" and the like; err gets one line. 0 or -errno. */
int emu_fault_command(struct emu_server *s, const char *text, char *err, size_t err_size);

#endif
