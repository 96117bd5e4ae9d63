/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's side of the socket front end. With devices that are nodes the socket is for status
 * and commands only, and its thread serves the nodes beside it.
 *
 *	socket.c          connections and requests
 *	peer_mem.c        memory that a client shares
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
#include "peer.h"
#include "socket_proto.h"
#include "vuacce.h"

#define EMU_MAX_CONNS           256

struct emu_conn {
	int fd;
	pid_t pid;
	bool ready;                     /* said HELLO */
	struct emu_peer peer;           /* dev == NULL: only STATUS and COMMAND */
};

struct emu_server {
	struct emu_device **devs;
	unsigned int nb_devs;
	struct emu_node *nodes;         /* of each device; NULL = they are served on the socket */
	int listen_fd;
	struct emu_conn *conns[EMU_MAX_CONNS];
	char path[108];
	bool others;                    /* than the own user may connect */
	uint64_t started;               /* ns */
};

/*
 * Listens at path, with the given permissions (0600: nobody else). A socket that no daemon
 * answers on is replaced; -EADDRINUSE when one does. The devices were opened for EMU_SOCKET, or for
 * EMU_NODE and have nodes; all stay the caller's. 0 or -errno, and err has one line.
 */
int emu_server_open(struct emu_server *s, const char *path, unsigned int mode,
		    struct emu_device **devs, unsigned int nb_devs, struct emu_node *nodes,
		    char *err, size_t err_size);
/* Serves until the descriptor stop_fd is readable. 0 or -errno. */
int emu_server_run(struct emu_server *s, int stop_fd);
/* Ends all connections and removes the socket. */
void emu_server_close(struct emu_server *s);

/* socket_status.c */
int emu_status_text(struct emu_server *s, FILE *f);
/* "DEVICE fail:N:STATUS" and the like; err gets one line. 0 or -errno. */
int emu_fault_command(struct emu_server *s, const char *text, char *err, size_t err_size);

#endif
