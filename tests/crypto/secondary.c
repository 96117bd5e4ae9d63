/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two processes, each with a queue pair of its own of one cryptodev, at work at the same time; a
 * session that both use; statistics of both in one place.
 *
 *   secondary           (starts itself again as the secondary process)
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memzone.h>
#include <rte_pause.h>

#include "ct.h"

#define NB_BURSTS       200
#define BURST           32
#define LEN             64
#define PATIENCE_S      30

enum stage { CONFIGURED, QP_READY, STARTED, DONE, FAILED };

struct shared {
	int stage;
	void *session;
	uint8_t want[LEN];
};

static const uint8_t key[16] = "key of 16 bytes";
static const uint8_t iv[16] = "an IV";

static void *
session(struct ct_dev *d)
{
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = sizeof(key)},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};

	return ct_session(d, &x);
}

static int
work(struct ct_dev *d, uint16_t qp, void *sess, const uint8_t *want)
{
	struct rte_crypto_op *ops[BURST];
	uint8_t zero[LEN] = {0};
	uint32_t i, k;

	for (k = 0; k < NB_BURSTS; k++) {
		for (i = 0; i < BURST; i++) {
			ops[i] = ct_op(d, sess, ct_mbuf(d, zero, LEN));
			ops[i]->sym->cipher.data.offset = 0;
			ops[i]->sym->cipher.data.length = LEN;
			memcpy(rte_crypto_op_ctod_offset(ops[i], void *, CT_IV_OFF), iv, 16);
		}
		CT_CHECK(ct_run(d, qp, ops, BURST) == 0, "burst %u", k);
		for (i = 0; i < BURST; i++) {
			CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS &&
					memcmp(rte_pktmbuf_mtod(ops[i]->sym->m_src, void *), want,
						LEN) == 0, "op %u: status %u", i, ops[i]->status);
			rte_pktmbuf_free(ops[i]->sym->m_src);
			rte_crypto_op_free(ops[i]);
		}
	}
	return 0;
}

static void
set_stage(struct shared *sh, enum stage stage)
{
	__atomic_store_n(&sh->stage, stage, __ATOMIC_RELEASE);
}

static int
wait_stage(struct shared *sh, enum stage stage)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	int now;

	do {
		now = __atomic_load_n(&sh->stage, __ATOMIC_ACQUIRE);
		if (now >= (int)stage)
			return now == FAILED ? -1 : 0;
		rte_delay_ms(1);
	} while (rte_get_timer_cycles() < end);
	CT_FAIL("stage %d does not come", stage);
}

/* ------------------------------------------------------------------ the secondary process */

static int
run_secondary(struct shared *sh)
{
	struct rte_cryptodev_qp_conf conf = {.nb_descriptors = 128};
	struct ct_dev d = {
		.op_mp = rte_mempool_lookup("op0"),
		.small_mp = rte_mempool_lookup("small0"),
		.big_mp = rte_mempool_lookup("big0"),
		.sess_mp = rte_mempool_lookup("sess0"),
	};
	void *own;

	CT_CHECK(d.op_mp && d.small_mp && d.big_mp && d.sess_mp, "pools");
	CT_CHECK(rte_cryptodev_get_dev_id("crypto_uacce0") == 0, "device");
	CT_CHECK(rte_cryptodev_queue_pair_setup(d.id, 0, &conf, SOCKET_ID_ANY) < 0,
		"a queue pair of the other process");
	CT_CHECK(rte_cryptodev_queue_pair_setup(d.id, 1, &conf, SOCKET_ID_ANY) == 0, "queue pair");
	set_stage(sh, QP_READY);
	CT_CHECK(wait_stage(sh, STARTED) == 0, "start");
	CT_CHECK(work(&d, 1, sh->session, sh->want) == 0, "with the primary's session");
	own = session(&d);
	CT_CHECK(own, "%s", rte_strerror(rte_errno));
	CT_CHECK(work(&d, 1, own, sh->want) == 0, "with its own session");
	ct_session_free(&d, own);
	return 0;
}

static int
secondary(const char *prefix)
{
	/* An lcore number of its own: pools have a cache for each, which processes do not share. */
	const char *extra[] = {"--proc-type=secondary", "--file-prefix", prefix, "--lcores", "1@0",
		NULL};
	const struct rte_memzone *mz;
	int ret;

	ct_eal_init(NULL, 0, extra);
	mz = rte_memzone_lookup("shared");
	if (mz == NULL)
		return 1;
	ret = run_secondary(mz->addr);
	set_stage(mz->addr, ret ? FAILED : DONE);
	rte_eal_cleanup();
	return ret != 0;
}

/* ------------------------------------------------------------------ the primary process */

static int
run_primary(struct ct_dev *d, struct shared *sh, const char *self, const char *prefix)
{
	struct rte_cryptodev_config conf = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 2};
	struct rte_cryptodev_qp_conf qp_conf = {.nb_descriptors = 128};
	struct rte_cryptodev_stats st;
	uint8_t zero[LEN] = {0};
	struct ct_ref *ref = ct_ref_new();
	int status;
	pid_t pid;

	CT_CHECK(ct_ref_cipher(ref, RTE_CRYPTO_CIPHER_AES_CBC, true, key, 16, iv, zero, sh->want,
		LEN) == 0, "reference");
	ct_ref_free(ref);
	CT_CHECK(ct_dev_pools(d, 0) == 0, "pools");
	CT_CHECK(rte_cryptodev_configure(d->id, &conf) == 0, "configure");
	CT_CHECK(rte_cryptodev_queue_pair_setup(d->id, 0, &qp_conf, SOCKET_ID_ANY) == 0, "qp 0");
	sh->session = session(d);
	CT_CHECK(sh->session, "%s", rte_strerror(rte_errno));
	pid = fork();
	if (pid == 0) {
		execl(self, self, prefix, NULL);
		_exit(127);
	}
	CT_CHECK(pid > 0, "fork");
	CT_CHECK(wait_stage(sh, QP_READY) == 0, "the secondary's queue pair");
	CT_CHECK(rte_cryptodev_start(d->id) == 0, "start");
	set_stage(sh, STARTED);
	CT_CHECK(work(d, 0, sh->session, sh->want) == 0, "queue pair 0");
	CT_CHECK(wait_stage(sh, DONE) == 0, "the secondary");
	CT_CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
		"the secondary ended with %#x", status);
	/* What the other process did is counted; its queue pair went with it. */
	CT_CHECK(work(d, 0, sh->session, sh->want) == 0, "after the secondary");
	CT_CHECK(rte_cryptodev_stats_get(d->id, &st) == 0 &&
			st.dequeued_count >= 2 * NB_BURSTS * BURST, "%ju dequeued",
		(uintmax_t)st.dequeued_count);
	ct_session_free(d, sh->session);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *devargs[] = {"device=emu"};
	const char *prefix = getenv("UACCE_FILE_PREFIX");
	const char *extra[] = {"--proc-type=primary", "--file-prefix", prefix, "-l", "0", NULL};
	const struct rte_memzone *mz;
	struct ct_dev dev = {0};
	int ret;

	if (prefix == NULL)
		return CT_SKIP;
	if (argc > 1)
		return secondary(argv[1]);
	ct_eal_init(devargs, 1, extra);
	mz = rte_memzone_reserve("shared", sizeof(struct shared), SOCKET_ID_ANY, 0);
	if (mz == NULL)
		return 1;
	memset(mz->addr, 0, sizeof(struct shared));
	ret = run_primary(&dev, mz->addr, argv[0], prefix);
	printf("%s\n", ret ? "FAILED" : "ok");
	ct_dev_stop(&dev);
	rte_eal_cleanup();
	return ret != 0;
}
