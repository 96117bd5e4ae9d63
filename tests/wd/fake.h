/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transport whose device is the test: regions are plain memory, nothing happens by itself.
 * The test looks at descriptors and doorbells and writes results and completions.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "hisi_qm.h"
#include "wd_private.h"

struct fake_cfg {
	const char *api, *algorithms;
	uint32_t flags;
	uint32_t depth;         /* both rings */
	uint32_t queues;        /* instances */
	bool doze;
	bool no_share;          /* a kernel without adoption */
	bool scattered;         /* shared memory is contiguous by the page only */
	size_t dko;             /* size of that region */
	uint64_t iova_off;      /* device address = virtual address + this, when NOIOMMU */
};
extern struct fake_cfg fake_cfg;        /* read by open and queue_open */

struct fake_queue {
	uint32_t depth;
	uint16_t qc_type;
	bool started;
	uint8_t *dus, *mmio;
	size_t dus_size;
	void *ss, *dko;
	size_t ss_len;
	uint32_t head;          /* device's free-running index of the next request */
	uint32_t dozing, woken;
	int wait_result;
	unsigned int waits, stops;
	uint64_t iova_off;
};
extern struct fake_queue *fake_last;    /* the queue opened last */
extern unsigned int fake_shared;        /* share() calls minus unshare() calls */

extern const struct wd_transport fake_transport;

struct wd_device *fake_open(const char *kind);
void fake_request(struct wd_queue *q, struct wd_device *dev, uint16_t type, uint16_t depth);

uint64_t fake_doorbell(const struct fake_queue *f, unsigned int cmd);
void *fake_sqe(const struct fake_queue *f, uint32_t index);
/* Posts a completion that names the given slot. */
void fake_cqe(struct fake_queue *f, uint32_t slot);
void fake_stop(struct fake_queue *f, bool tx, bool rx);

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)
#define CHECK_EQ(a, b) \
	do { \
		unsigned long long a_ = (unsigned long long)(a), b_ = (unsigned long long)(b); \
		if (a_ != b_) { \
			fprintf(stderr, "%s:%d: %s is %#llx, not %#llx\n", __FILE__, __LINE__, \
				#a, a_, b_); \
			exit(1); \
		} \
	} while (0)

/* Of a device that works by itself: one request, until it is done. */
static inline struct wd_cpl
run_one(struct wd_queue *q, const struct wd_req *r)
{
	struct wd_cpl cpl;

	CHECK_EQ(wd_submit(q, r, 1), 1);
	while (wd_poll(q, &cpl, 1) == 0)
		CHECK(wd_queue_alive(q));
	CHECK(cpl.tag == r->tag);
	return cpl;
}

#endif
