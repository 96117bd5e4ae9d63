/* SPDX-License-Identifier: BSD-3-Clause */
/* The tests' own client of an emulated queue: transport calls, a ring, and nothing of libwd. */
#ifndef TEST_EMU_CLIENT_H
#define TEST_EMU_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "hisi_qm.h"
#include "wd_transport.h"

#define CHECK(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		exit(1); \
	} \
} while (0)

struct client {
	void *dev;
	void *q;
	struct wd_dev_info info;
	struct wd_doze doze;
	uint8_t *mmio, *dus;
	struct hisi_qm_cqe *cq;
	uint16_t id, depth, tail, cq_head, phase;
	uint32_t sqe_size;
};

/* Exit on failure: what is expected to fail calls the transport itself. */
void client_open(struct client *c, const char *kind, const char *options, uint16_t qc_type);
/* The same at a daemon, whose device has the options; "": in this process. */
void client_open_at(struct client *c, const char *socket, const char *kind, const char *options,
	uint16_t qc_type);
/* A queue of an open device. */
void client_queue(struct client *c, void *dev, uint16_t qc_type);
void client_queue_close(struct client *c);
void client_close(struct client *c);

void *client_slot(struct client *c, unsigned int slot);
/* Copies an entry into the next slot; the doorbell is rung apart. Returns the slot. */
uint16_t client_put(struct client *c, const void *sqe);
void client_ring(struct client *c);
void client_store_doorbell(struct client *c, unsigned int reg, uint64_t value);
/* Next completion's slot, -1 when there is none. */
int client_poll(struct client *c);
/* Waits up to half a minute for it; -1 on time out. */
int client_wait(struct client *c);
uint32_t client_stop_word(struct client *c, unsigned int from_end);

/* Deterministic random numbers. */
uint64_t rnd(void);
void rnd_seed(uint64_t seed);
void rnd_fill(void *p, size_t n);

#endif
