/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rig of the compress PMD's tests: EAL with one or more devices, mbuf chains cut at random, ops.
 * Nothing is returned when something fails that no test is about: it prints and exits.
 */
#ifndef CX_H
#define CX_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_compressdev.h>
#include <rte_mbuf.h>

#define CX_SKIP         77
#define CX_MAX_LEN      (8u << 20)
#define CX_CANARY       0xc5

#define CHECK(cond, ...)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: failed in round %llu: %s\n", __FILE__, __LINE__,   \
				(unsigned long long)cx_round, #cond);                              \
			fprintf(stderr, " " __VA_ARGS__);                                           \
			fprintf(stderr, "\n");                                                     \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

extern struct rte_mempool *cx_ops;
extern uint64_t cx_seed;
extern uint64_t cx_round;       /* for messages */
/* With CX_FAR in the environment: half of the pieces of chains are in memory of malloc(). */
extern bool cx_far;
extern bool cx_telemetry;       /* set before cx_init(): with telemetry */
/* Bytes of [off, off + len) of a chain that are. */
uint32_t cx_far_bytes(const struct rte_mbuf *m, uint32_t off, uint32_t len);

/* Devices compress_uacce0, ... with these devargs, lcores 0 and 1, and the pools. */
void cx_init(const char *const *devargs, unsigned int n);
/* Configures, sets up queue pairs, starts. */
void cx_start(uint8_t dev, uint16_t qps, uint32_t depth);
void cx_stop(uint8_t dev);

uint32_t cx_rand(uint32_t below);
/* Fills with noise, text, runs, or repeats. */
void cx_fill(uint8_t *p, uint32_t len);

/*
 * A chain of len bytes of data in at most max_segs random pieces (more if they would be too big
 * for an mbuf), holding data if it is not NULL. What surrounds the pieces is canary.
 */
struct rte_mbuf *cx_chain(const uint8_t *data, uint32_t len, unsigned int max_segs);
/* Frees it, having checked that nothing but the pieces was written. */
void cx_chain_free(struct rte_mbuf *m);
void cx_read(const struct rte_mbuf *m, uint32_t off, void *buf, uint32_t len);

/* Xforms; compress: level and window at the PMD's choice. */
struct rte_comp_xform cx_xform(enum rte_comp_xform_type type, enum rte_comp_checksum_type chksum);

struct rte_comp_op *cx_op(void *xform, struct rte_mbuf *src, struct rte_mbuf *dst);
/* One op through queue pair qp; frees nothing. Returns op->status. */
uint8_t cx_run(uint8_t dev, uint16_t qp, struct rte_comp_op *op);
/* Enqueues all, dequeues all, in order; every op must come back within seconds. */
void cx_run_all(uint8_t dev, uint16_t qp, struct rte_comp_op **ops, uint16_t n);

/* Raw DEFLATE by zlib, at a random level and strategy; returns its length. */
uint32_t cx_deflate(const uint8_t *src, uint32_t len, uint8_t *dst, uint32_t room);
/* zlib's opinion: 1 a stream that ends, with what it consumed and produced; 0 not. */
int cx_inflate(const uint8_t *src, uint32_t len, uint8_t *dst, uint32_t room, uint32_t *consumed,
	uint32_t *produced);
uint64_t cx_checksum(enum rte_comp_checksum_type type, const uint8_t *p, uint32_t len);

#endif
