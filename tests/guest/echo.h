/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * echo: the smallest device that vuacce can serve. It reads len bytes at src and writes their
 * complement at dst. Server (echo_server.c) and client (echo_client.c) know nothing else of each
 * other.
 *
 *	MMIO, 8 KiB	u32 at 0x1000: SQ tail; u32 at 0x1008: CQ head. Free-running.
 *	DUS, 16 KiB	at 0: 64 struct echo_sqe; at 4096: 64 struct echo_cqe; last 8 bytes: two u32
 *			that the kernel sets to 1 when the server is gone
 */
#ifndef GUEST_ECHO_H
#define GUEST_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <uacce/vuacce.h>

#define ECHO_MMIO_SIZE	8192
#define ECHO_DUS_SIZE	16384
#define ECHO_DKO_SIZE	8192
#define ECHO_DEPTH	64
#define ECHO_SQ_DB	0x1000
#define ECHO_CQ_DB	0x1008
#define ECHO_CQ		4096
#define ECHO_RX_STOP	(ECHO_DUS_SIZE - 8)
#define ECHO_TX_STOP	(ECHO_DUS_SIZE - 4)

#define ECHO_F_WAKE	1	/* wake pollers at completion */

struct echo_sqe {
	uint64_t src;
	uint64_t dst;
	uint32_t len;
	uint32_t tag;
	uint32_t flags;
	uint32_t reserved;
};

/* seq is the free-running index + 1, so a stale entry is told from a new one. */
struct echo_cqe {
	uint32_t seq;
	uint32_t tag;
	int32_t status;
	uint32_t reserved;
};

/* ioctl('T', 1) of a queue: the argument asks the server for something special. */
#define ECHO_CMD	_IO('T', 1)
enum echo_cmd {
	ECHO_IGNORE_THIS,  /* no reply at all */
	ECHO_IGNORE_START, /* no reply to the next start */
	ECHO_REFUSE_START, /* next start fails with EIO */
	ECHO_REPORT_ERROR, /* VUACCE_ERROR; returns its result */
	ECHO_FAIL_QUEUE,   /* VUACCE_FAIL_QUEUE for this queue */
	ECHO_RETURN_7,
	ECHO_WAKE,	  /* wake pollers of this queue without work */
	ECHO_SLEEP,	  /* arm the doorbell, look at it next when the kernel says so */
	ECHO_KICKS,	  /* how often the kernel said so */
	ECHO_MEMS,	  /* how many MEM_ADD without MEM_DEL this queue has */
	ECHO_STOPS,	  /* how many stops of this queue were seen */
	ECHO_BAD_REPLIES, /* check what write() says to malformed replies; 0 = as documented */
	ECHO_BAD_CALLS,	  /* likewise for ioctls and mmap of the control descriptor */
	ECHO_EXIT,	  /* server dies */
};

struct echo_opts {
	const char *name;	/* default "echo" */
	uint32_t flags;
	uint32_t max_queues;	/* default 16 */
	uint64_t ss_max;	/* default 1 GiB, 0 for SVA */
	bool dko;
	int refuse_open;	/* errno for every open */
	bool ignore_open;
	uint32_t uid;		/* serve as this user */
	int node;		/* NUMA node + 1; 0 = any */
};

struct echo_dev {
	pid_t pid;
	int id;
	char node[64];
	char sysfs[96];
};

/* Start a server process and wait for its device; exits with a message on failure. */
void echo_spawn(struct echo_dev *dev, const struct echo_opts *opts);
/* Kill it and wait until it is gone. */
void echo_kill(struct echo_dev *dev);
/* The server itself: returns only on failure. ready_fd gets the device's id. */
int echo_serve(const struct echo_opts *opts, int ready_fd);

struct echo_client {
	int fd;
	volatile uint8_t *mmio;
	volatile uint8_t *dus;
	uint32_t tail;
	uint32_t head;
};

/* open and mmap of both regions; 0 or -errno. */
int echo_open(struct echo_client *c, const char *node);
int echo_start(struct echo_client *c);
void echo_close(struct echo_client *c);
void echo_submit(struct echo_client *c, uint64_t src, uint64_t dst, uint32_t len, uint32_t flags);
/* Status of the next completion, or -ETIMEDOUT after ms. */
int echo_wait(struct echo_client *c, int ms);
/* submit, wait, and compare dst with the complement of src: 0, a status, or -EBADMSG. The addresses
 * for the device may differ from the process's. */
int echo_run(struct echo_client *c, const void *src, uint64_t dev_src, void *dst, uint64_t dev_dst,
	uint32_t len);
/* Region of a queue, MAP_SHARED, at its small offset; MAP_FAILED with errno. */
void *echo_map(int fd, unsigned int region, size_t len);

/* At which level of the page table: 0 none, 1 small, 2 huge; -1 without /dev/uacce_walk. */
int page_level(const void *addr);
long read_number(const char *path);
/* A field of /proc/self/status in KiB, such as "VmPin". */
long status_kib(const char *field);
/* VmPin of this process in KiB, once it is as expected or two seconds have passed: memory that the
 * server maps is charged until it has unmapped it, which it does when it reads the event. */
long pinned_kib(long expected);

#endif
