/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts what a DPDK process spends in the bursts of its crypto devices, without touching it:
 * preloaded, this takes the place of rte_cryptodev_start() and puts two counting functions
 * before those of the driver. Totals go to the file named by CRYPTO_CYCLES when the process ends.
 *
 * A call that took longer than LONG_CALL was interrupted and is counted apart. Polls that bring
 * nothing are not counted: they say how idle the process is, not what crypto costs.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cryptodev.h>
#include <rte_cycles.h>

#define LONG_CALL 100000        /* cycles */

struct burst_count {
	uint64_t calls;
	uint64_t ops;
	uint64_t cycles;
	uint64_t long_calls;
};

static struct rte_crypto_fp_ops real_ops[RTE_CRYPTO_MAX_DEVS];
/* Both gateways of the tests have one lcore, so that nothing here needs to be atomic. */
static struct burst_count enqueued, dequeued;

static inline void
count(struct burst_count *c, uint64_t start, uint16_t n)
{
	uint64_t cycles = rte_rdtsc() - start;

	if (n == 0)
		return;
	if (cycles > LONG_CALL) {
		c->long_calls++;
		return;
	}
	c->calls++;
	c->ops += n;
	c->cycles += cycles;
}

/* The first argument is an element of the device's own array, which tells the device. */
static const struct rte_crypto_fp_ops *
find(void *qp)
{
	unsigned int i, q;

	for (i = 0; i < RTE_CRYPTO_MAX_DEVS; i++)
		for (q = 0; real_ops[i].qp.data != NULL && q < 8; q++)
			if (real_ops[i].qp.data[q] == qp)
				return &real_ops[i];
	abort();
}

static uint16_t
enqueue_burst(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	enqueue_pkt_burst_t real = find(qp)->enqueue_burst;
	uint64_t start = rte_rdtsc();

	n = real(qp, ops, n);
	count(&enqueued, start, n);
	return n;
}

static uint16_t
dequeue_burst(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	dequeue_pkt_burst_t real = find(qp)->dequeue_burst;
	uint64_t start = rte_rdtsc();

	n = real(qp, ops, n);
	count(&dequeued, start, n);
	return n;
}

int
rte_cryptodev_start(uint8_t dev_id)
{
	int (*start)(uint8_t) = (int (*)(uint8_t))dlsym(RTLD_NEXT, "rte_cryptodev_start");
	struct rte_crypto_fp_ops *fp = &rte_crypto_fp_ops[dev_id];
	int ret = start(dev_id);

	if (ret == 0 && fp->enqueue_burst != enqueue_burst) {
		real_ops[dev_id] = *fp;
		fp->enqueue_burst = enqueue_burst;
		fp->dequeue_burst = dequeue_burst;
	}
	return ret;
}

static void
show(FILE *f, const char *name, const struct burst_count *c)
{
	fprintf(f, "%s calls %lu ops %lu cycles %lu long %lu\n", name, c->calls, c->ops, c->cycles,
		c->long_calls);
}

__attribute__((destructor)) static void
show_all(void)
{
	const char *path = getenv("CRYPTO_CYCLES");
	FILE *f = path != NULL ? fopen(path, "w") : NULL;

	if (f == NULL)
		return;
	show(f, "enqueue", &enqueued);
	show(f, "dequeue", &dequeued);
	fclose(f);
}
