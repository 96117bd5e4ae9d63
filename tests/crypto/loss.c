/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices that fail: every op in flight comes back exactly once, with an error where there was
 * one, the process lives, the queue pair can be set up again if there is a device left, and another
 * device does not notice.
 *
 *   loss fail|index|stall|reset|unplug
 *   loss failed                     a device all of whose queues die at once
 *   loss daemon DEVICE PID [COMMAND] kills the daemon that the device lives in. DEVICE is its socket,
 *                                   or a node's name. COMMAND starts it again: then the device must
 *                                   be there again
 */
#include <errno.h>
#include <signal.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "ct.h"

#define NB_OPS          96
#define AT              40      /* the job that meets the fault */
#define PATIENCE_S      20

static struct ct_dev dev, healthy;
static pid_t daemon_pid;        /* 0: none to kill */
static const char *restart;

static void *
session(struct ct_dev *d)
{
	static const uint8_t key[16] = "key of 16 bytes";
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = sizeof(key)},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};

	return ct_session(d, &x);
}

static void
make_ops(struct ct_dev *d, void *sess, struct rte_crypto_op **ops)
{
	uint32_t i;

	for (i = 0; i < NB_OPS; i++) {
		ops[i] = ct_op(d, sess, ct_mbuf(d, NULL, 64));
		ops[i]->sym->cipher.data.offset = 0;
		ops[i]->sym->cipher.data.length = 64;
	}
}

static void
free_ops(struct rte_crypto_op **ops)
{
	uint32_t i;

	for (i = 0; i < NB_OPS; i++) {
		rte_pktmbuf_free(ops[i]->sym->m_src);
		rte_crypto_op_free(ops[i]);
	}
}

/* Enqueues what is taken, and dequeues as much: -1 if not exactly that comes back, in order. */
static int
run(struct ct_dev *d, uint16_t qp, struct rte_crypto_op **ops, uint32_t *taken, uint32_t *bad)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	struct rte_crypto_op *back[NB_OPS];
	uint32_t got = 0, i;

	*bad = 0;
	/* Stopped first, so that there is something in flight when it dies. */
	if (daemon_pid != 0) {
		kill(daemon_pid, SIGSTOP);
		rte_delay_ms(100);
	}
	*taken = rte_cryptodev_enqueue_burst(d->id, qp, ops, NB_OPS);
	if (daemon_pid != 0) {
		kill(daemon_pid, SIGKILL);
		daemon_pid = 0;
	}
	while (got < *taken && rte_get_timer_cycles() < end)
		got += rte_cryptodev_dequeue_burst(d->id, qp, back + got, NB_OPS - got);
	CT_CHECK(got == *taken, "%u of %u came back", got, *taken);
	rte_delay_ms(50);
	CT_CHECK(rte_cryptodev_dequeue_burst(d->id, qp, back, 1) == 0, "one too many");
	for (i = 0; i < got; i++) {
		CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS ||
				ops[i]->status == RTE_CRYPTO_OP_STATUS_ERROR, "status %u",
			ops[i]->status);
		*bad += ops[i]->status == RTE_CRYPTO_OP_STATUS_ERROR;
	}
	return 0;
}

static int
healthy_runs(void)
{
	struct rte_crypto_op *ops[NB_OPS];
	void *sess = session(&healthy);
	int ret;

	make_ops(&healthy, sess, ops);
	ret = ct_run(&healthy, 0, ops, NB_OPS);
	free_ops(ops);
	ct_session_free(&healthy, sess);
	return ret;
}

/* Both queue pairs are set up again, and work. */
static int
check_again(struct rte_crypto_op **ops)
{
	struct rte_cryptodev_qp_conf qp_conf = {.nb_descriptors = 128};
	uint32_t taken, bad;
	uint16_t qp;

	for (qp = 0; qp < 2; qp++) {
		int ret = rte_cryptodev_queue_pair_setup(dev.id, qp, &qp_conf, SOCKET_ID_ANY);

		CT_CHECK(ret == 0, "queue pair %u set up again: %d", qp, ret);
	}
	CT_CHECK(rte_cryptodev_start(dev.id) == 0, "start");
	for (qp = 0; qp < 2; qp++)
		CT_CHECK(run(&dev, qp, ops, &taken, &bad) == 0 && taken == NB_OPS && bad == 0,
			"%u taken, %u bad", taken, bad);
	return 0;
}

/*
 * gone: with all its queues, until restart; whole: with all its queues; else only the one queue is
 * lost.
 */
static int
check_lost(void *sess, bool gone, bool whole)
{
	struct rte_cryptodev_config conf = {.nb_queue_pairs = 2};
	struct rte_cryptodev_qp_conf qp_conf = {.nb_descriptors = 128};
	struct rte_crypto_op *ops[NB_OPS];
	uint32_t taken, bad;
	int ret;

	make_ops(&dev, sess, ops);
	CT_CHECK(run(&dev, 0, ops, &taken, &bad) == 0 && taken == 0, "a dead queue took %u", taken);
	CT_CHECK(run(&dev, 1, ops, &taken, &bad) == 0 &&
			(gone || whole ? taken == bad : bad == 0),
		"%u taken, %u bad", taken, bad);
	CT_CHECK(healthy_runs() == 0, "the other device");
	rte_cryptodev_stop(dev.id);
	if (whole)
		CT_CHECK(rte_cryptodev_close(dev.id) == 0, "close");
	CT_CHECK(rte_cryptodev_configure(dev.id, &conf) == 0, "configure");
	if (gone) {
		ret = rte_cryptodev_queue_pair_setup(dev.id, 0, &qp_conf, SOCKET_ID_ANY);
		CT_CHECK(ret < 0, "a queue pair of a device that is gone");
	}
	if (gone && restart != NULL)
		CT_CHECK(system(restart) == 0, "%s", restart);
	ret = gone && restart == NULL ? 0 : check_again(ops);
	free_ops(ops);
	return ret;
}

static int
test(const char *fault)
{
	struct rte_crypto_op *ops[NB_OPS];
	struct rte_cryptodev_stats st;
	void *sess = session(&dev);
	uint32_t taken, bad;

	CT_CHECK(sess, "no session");
	make_ops(&dev, sess, ops);
	CT_CHECK(run(&dev, 0, ops, &taken, &bad) == 0 && taken == NB_OPS, "%u taken", taken);
	rte_cryptodev_stats_get(dev.id, &st);
	CT_CHECK(st.dequeued_count == NB_OPS && st.dequeue_err_count == bad, "statistics");
	if (strcmp(fault, "stall") == 0) {
		CT_CHECK(bad == 0, "%u bad", bad);
	} else if (strcmp(fault, "fail") == 0) {
		CT_CHECK(bad == 1 && ops[AT - 1]->status == RTE_CRYPTO_OP_STATUS_ERROR, "%u bad",
			bad);
	} else {
		/* What was done and not dequeued when the device died may count as lost. */
		CT_CHECK(bad >= NB_OPS - AT + 1, "%u bad", bad);
		CT_CHECK(ops[NB_OPS - 1]->status == RTE_CRYPTO_OP_STATUS_ERROR, "the last one");
		if (check_lost(sess, strcmp(fault, "unplug") == 0 ||
				strcmp(fault, "daemon") == 0, strcmp(fault, "failed") == 0) != 0)
			return -1;
	}
	free_ops(ops);
	ct_session_free(&dev, sess);
	return healthy_runs();
}

int
main(int argc, char **argv)
{
	const char *fault = argc > 1 ? argv[1] : "reset", *what = "";
	char args[256];
	const char *devargs[] = {args, "device=emu"};
	int ret;

	if (strcmp(fault, "fail") == 0)
		what = ":5";
	else if (strcmp(fault, "index") == 0)
		what = ":1000";
	else if (strcmp(fault, "stall") == 0)
		what = ":300";
	snprintf(args, sizeof(args), "device=emu,fault=%s:%u%s%s%s", fault, AT, what,
		argc == 3 ? "," : "", argc == 3 ? argv[2] : "");
	if (argc > 3 && strcmp(fault, "daemon") == 0) {
		snprintf(args, sizeof(args), "device=%s%s", argv[2][0] == '/' ? "emu:" : "", argv[2]);
		daemon_pid = atoi(argv[3]);
		restart = argv[4];
	}
	ct_eal_init(devargs, 2, NULL);
	if (ct_dev_start(&dev, 0, 2, 128) != 0 || ct_dev_start(&healthy, 1, 1, 128) != 0)
		return 1;
	ret = test(fault);
	printf("%s: %s\n", args, ret ? "FAILED" : "ok");
	ct_dev_stop(&dev);
	ct_dev_stop(&healthy);
	rte_eal_cleanup();
	return ret != 0;
}
