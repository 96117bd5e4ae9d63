/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the programs that cost.py counts instructions of share: DPDK on the device of plug.c, and
 * the measurement of one point.
 */
#ifndef COST_H
#define COST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define COST_BURST      32
#define COST_BURSTS     96      /* of COST_BURST: three times around the ring */
#define COST_IV_OFF     (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))

#define COST_CHECK(cond)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* EAL with the PMD of that class ("crypto", "compress") and a vdev for each of the n devargs. */
void cost_init(const char *class, const char *const *devargs, unsigned int n);

/* Finishes what the device has: it must be n requests. */
void cost_finish(unsigned int n);

/*
 * Every call of cost_enqueue() and cost_dequeue(), which each program has, is counted. What they
 * did between the two calls below is the point's: so many ops.
 */
void cost_begin(void);
void cost_end(const char *point, unsigned int ops);

#endif
