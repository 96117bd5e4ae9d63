/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gives a DPDK application that does not know how to the ability to bring a lost crypto device
 * back: preloaded, this notes how queue pairs are set up, and on SIGUSR2 stops the device, sets
 * them up again in the same way and starts it. That is done by the lcore, before a burst and when
 * no operation is in flight. The outcome goes to the file named by CRYPTO_REVIVE.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cryptodev.h>

#define MAX_QPS 8

static struct {
	struct rte_cryptodev_qp_conf conf;
	int socket;
	bool used;
} qps[MAX_QPS];

/* The gateways of the tests have one crypto device and one lcore. */
static int device = -1;
static struct rte_crypto_fp_ops real_ops;
static uint64_t in_flight;
static volatile sig_atomic_t asked;

static int
setup(uint8_t dev_id, uint16_t qp_id, const struct rte_cryptodev_qp_conf *conf, int socket)
{
	int (*real)(uint8_t, uint16_t, const struct rte_cryptodev_qp_conf *, int) =
		(int (*)(uint8_t, uint16_t, const struct rte_cryptodev_qp_conf *, int))
		dlsym(RTLD_NEXT, "rte_cryptodev_queue_pair_setup");

	return real(dev_id, qp_id, conf, socket);
}

int
rte_cryptodev_queue_pair_setup(uint8_t dev_id, uint16_t qp_id,
	const struct rte_cryptodev_qp_conf *conf, int socket)
{
	if (qp_id < MAX_QPS) {
		qps[qp_id].conf = *conf;
		qps[qp_id].socket = socket;
		qps[qp_id].used = true;
	}
	return setup(dev_id, qp_id, conf, socket);
}

static void
tell(int ret)
{
	const char *path = getenv("CRYPTO_REVIVE");
	FILE *f = path != NULL ? fopen(path, "w") : NULL;

	if (f == NULL)
		return;
	fprintf(f, "%d\n", ret);
	fclose(f);
}

static void
revive(void)
{
	int ret = 0;
	uint16_t i;

	asked = 0;
	rte_cryptodev_stop((uint8_t)device);
	for (i = 0; i < MAX_QPS && ret == 0; i++)
		if (qps[i].used)
			ret = setup((uint8_t)device, i, &qps[i].conf, qps[i].socket);
	if (ret == 0)
		ret = rte_cryptodev_start((uint8_t)device);
	tell(ret);
}

static int
qp_number(void *qp)
{
	int i;

	for (i = 0; i < MAX_QPS; i++)
		if (real_ops.qp.data[i] == qp)
			return i;
	abort();
}

static uint16_t
enqueue_burst(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	int i = qp_number(qp);

	if (asked && in_flight == 0) {
		revive();
		if (rte_crypto_fp_ops[device].enqueue_burst != enqueue_burst)
			return 0;
		qp = real_ops.qp.data[i];
	}
	n = real_ops.enqueue_burst(qp, ops, n);
	in_flight += n;
	return n;
}

static uint16_t
dequeue_burst(void *qp, struct rte_crypto_op **ops, uint16_t n)
{
	n = real_ops.dequeue_burst(qp, ops, n);
	in_flight -= n;
	return n;
}

static void
ask(int number)
{
	asked = 1;
}

int
rte_cryptodev_start(uint8_t dev_id)
{
	int (*start)(uint8_t) = (int (*)(uint8_t))dlsym(RTLD_NEXT, "rte_cryptodev_start");
	struct rte_crypto_fp_ops *fp = &rte_crypto_fp_ops[dev_id];
	int ret = start(dev_id);

	if (ret == 0 && fp->enqueue_burst != enqueue_burst) {
		device = dev_id;
		real_ops = *fp;
		fp->enqueue_burst = enqueue_burst;
		fp->dequeue_burst = dequeue_burst;
		signal(SIGUSR2, ask);
	}
	return ret;
}
