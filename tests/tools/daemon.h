/* SPDX-License-Identifier: BSD-3-Clause */
/* A daemon of the tests' own, and a libwd client of it with data in shared memory. */
#ifndef TEST_TOOLS_DAEMON_H
#define TEST_TOOLS_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "wd.h"

#define CHECK(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		daemon_abandon(); \
		exit(1); \
	} \
} while (0)

#define SLOTS           512
#define SLOT_SIZE       4096
#define OP_LEN          1024
#define AREA_IV         (SLOTS * SLOT_SIZE + 64)

struct daemon {
	const char *program;
	char dir[64], socket[96];
	pid_t pid;
};

extern struct daemon the_daemon;

/* program: uacce-emu. Waits until it listens. */
void daemon_start(const char *program);
void daemon_kill(int sig);
/* Ends it in an orderly way, which has to succeed and leave nothing. */
void daemon_end(void);
/* Of a failing test: no process stays behind. */
void daemon_abandon(void);
/* "uacce-emu COMMAND --socket ... ARGS": exit status. */
int daemon_tool(const char *command, const char *args);

/*
 * Traffic of one queue: AES-CBC in place, each buffer is encrypted, then decrypted, and so on; after
 * an even number of good completions it has to be what it was.
 */
struct traffic {
	struct wd_device *dev;
	struct wd_queue q;
	int fd;
	uint8_t *mem;                   /* SLOTS buffers, then two sessions, key, IV */
	size_t mem_size;
	struct wd_session *enc, *dec;
	bool busy[SLOTS];
	unsigned int rounds[SLOTS];     /* good completions */
	bool spoiled[SLOTS];            /* may be half done: an op on it was lost */
	uint64_t done, lost, failed;
};

void traffic_open(struct traffic *t);
void traffic_close(struct traffic *t);
/* Submits what is idle, polls. Returns completions. */
unsigned int traffic_step(struct traffic *t, bool submit);
/* So many good completions, within ten seconds. */
void traffic_run(struct traffic *t, uint64_t ops);
/* Polls until nothing is outstanding, within five seconds. */
void traffic_drain(struct traffic *t);
uint64_t now_ms(void);

#endif
