/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traffic until the device goes away: each op comes back once and in order, whatever becomes of
 * the device, and then the queue pair takes nothing more. Prints "running" when somebody may
 * begin to take the device away.
 *
 *   unplug DEVARGS SECONDS      how long the device may live
 */
#include <rte_cycles.h>

#include "ct.h"

#define NB_OPS  256
#define BURST   32

static struct ct_dev dev;
static struct rte_crypto_op *ops[NB_OPS];
static uint64_t good, bad;

static void *
make_ops(void)
{
	static const uint8_t key[16] = "key of 16 bytes";
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = sizeof(key)},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};
	void *sess = ct_session(&dev, &x);
	uint32_t i;

	for (i = 0; i < NB_OPS && sess != NULL; i++) {
		ops[i] = ct_op(&dev, sess, ct_mbuf(&dev, NULL, 1024));
		ops[i]->sym->cipher.data.offset = 0;
		ops[i]->sym->cipher.data.length = 1024;
	}
	return sess;
}

/* Ops are used again in turn, so that the one that comes back next is known. */
static int
traffic(uint32_t seconds)
{
	uint64_t now = rte_get_timer_cycles(), end = now + seconds * rte_get_timer_hz(), died = 0;
	struct rte_crypto_op *back[BURST], *burst[BURST];
	uint32_t sent = 0, got = 0, i, n;
	bool told = false;

	for (; now < end; now = rte_get_timer_cycles()) {
		n = RTE_MIN((uint32_t)BURST, NB_OPS - (sent - got));
		for (i = 0; i < n; i++)
			burst[i] = ops[(sent + i) % NB_OPS];
		sent += rte_cryptodev_enqueue_burst(dev.id, 0, burst, n);
		n = rte_cryptodev_dequeue_burst(dev.id, 0, back, BURST);
		for (i = 0; i < n; i++, got++) {
			CT_CHECK(back[i] == ops[got % NB_OPS], "op %u is another one", got);
			CT_CHECK(back[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS ||
					back[i]->status == RTE_CRYPTO_OP_STATUS_ERROR,
				"op %u: status %u", got, back[i]->status);
			if (back[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS)
				good++;
			else
				bad++;
			CT_CHECK(died == 0 || back[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS,
				"op %u: success after the end", got);
			if (died == 0 && bad != 0)
				died = now;
		}
		if (!told && good > 1000) {
			told = true;
			printf("running\n");
			fflush(stdout);
		}
		/* A while longer, in case there is more to come. */
		if (died != 0 && now - died > rte_get_timer_hz())
			break;
	}
	CT_CHECK(died != 0, "the device lives after %ju ops", (uintmax_t)good);
	CT_CHECK(sent == got, "%u of %u ops came back", got, sent);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *devargs[] = {argc > 1 ? argv[1] : "device=emu"};
	struct rte_cryptodev_qp_conf conf = {.nb_descriptors = NB_OPS};
	struct rte_cryptodev_stats st;
	void *sess;
	int ret;

	ct_eal_init(devargs, 1, NULL);
	if (ct_dev_start(&dev, 0, 1, NB_OPS) != 0)
		return 1;
	sess = make_ops();
	ret = sess == NULL || traffic(argc > 2 ? atoi(argv[2]) : 10) != 0;
	rte_cryptodev_stats_get(dev.id, &st);
	if (st.enqueued_count != st.dequeued_count || st.dequeue_err_count != bad)
		ret = 1;
	/* The device is gone: so is its queue pair, with an error and no more. */
	rte_cryptodev_stop(dev.id);
	if (ret == 0 && rte_cryptodev_queue_pair_setup(dev.id, 0, &conf, SOCKET_ID_ANY) == 0) {
		fprintf(stderr, "a queue pair of a device that is gone\n");
		ret = 1;
	}
	printf("%s: %ju ops done, %ju with an error: %s\n", devargs[0], (uintmax_t)good,
		(uintmax_t)bad, ret ? "FAILED" : "ok");
	ct_session_free(&dev, sess);
	ct_dev_stop(&dev);
	rte_eal_cleanup();
	return ret;
}
