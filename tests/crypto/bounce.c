/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that a device does not reach: what happens at the edges of the memory for copies, without
 * any, and when the device dies with copies in flight. Random ops are fuzz's.
 *
 *   bounce SOCKET PID           kills the daemon in the end
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_pause.h>

#include "ct.h"
#include "uacce_crypto.h"

#define MIB             (1u << 20)
#define NB_OPS          64
#define LEN             50000
#define PATIENCE_S      20

static struct ct_dev dev;       /* with 1 MiB for copies */
static struct ct_dev none;      /* with none */
static pid_t daemon_pid;
static uint8_t key[16] = "key of 16 bytes";
static uint32_t freed;
static struct ct_rng rng;

static const struct uacce_crypto_qp *
queue_pair(const struct ct_dev *d)
{
	return rte_cryptodevs[d->id].data->queue_pairs[0];
}

static void *
session(struct ct_dev *d, bool encrypt)
{
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = encrypt ? RTE_CRYPTO_CIPHER_OP_ENCRYPT :
					   RTE_CRYPTO_CIPHER_OP_DECRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = sizeof(key)},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};

	return ct_session(d, &x);
}

static void
free_external(void *addr, void *opaque)
{
	RTE_SET_USED(opaque);
	free(addr);
	freed++;
}

/* An mbuf with len random bytes of malloc(). */
static struct rte_mbuf *
external(struct ct_dev *d, uint32_t len)
{
	struct rte_mbuf *m = ct_external(d, len, free_external);

	ct_fill(&rng, rte_pktmbuf_mtod(m, void *), len);
	return m;
}

static struct rte_crypto_op *
external_op(struct ct_dev *d, void *sess, uint32_t len)
{
	struct rte_crypto_op *op = ct_op(d, sess, external(d, len));

	op->sym->cipher.data.offset = 0;
	op->sym->cipher.data.length = len;
	return op;
}

static void
free_ops(struct rte_crypto_op **ops, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		rte_pktmbuf_free(ops[i]->sym->m_src);
		rte_crypto_op_free(ops[i]);
	}
}

static uint32_t
wait_for(struct ct_dev *d, struct rte_crypto_op **ops, uint32_t n)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	struct rte_crypto_op *back[NB_OPS];
	uint32_t got = 0;

	while (got < n && rte_get_timer_cycles() < end)
		got += rte_cryptodev_dequeue_burst(d->id, 0, back + got, n - got);
	for (uint32_t i = 0; i < got; i++) {
		if (back[i] != ops[i])
			return UINT32_MAX;
	}
	rte_delay_ms(20);
	return got + rte_cryptodev_dequeue_burst(d->id, 0, back, 1);
}

/* A burst ends where the memory does; the rest goes in the next ones. There and back again. */
static int
case_full(void)
{
	const uint32_t fit = MIB / RTE_ALIGN_CEIL(LEN, 64);
	struct rte_crypto_op *ops[NB_OPS];
	void *sess[2] = {session(&dev, true), session(&dev, false)};
	uint64_t before = queue_pair(&dev)->wq.stats.bounced_bytes, waits;
	uint64_t ops_before = queue_pair(&dev)->wq.stats.bounced;
	uint8_t *plain = malloc(NB_OPS * LEN), *at;
	uint32_t i, taken;

	for (i = 0; i < NB_OPS; i++) {
		ops[i] = external_op(&dev, sess[0], LEN);
		at = rte_pktmbuf_mtod(ops[i]->sym->m_src, uint8_t *);
		memcpy(plain + i * LEN, at, LEN);
		memset(rte_crypto_op_ctod_offset(ops[i], void *, CT_IV_OFF), i, 16);
	}
	taken = rte_cryptodev_enqueue_burst(dev.id, 0, ops, NB_OPS);
	/* The IV is in the op, which is within reach. */
	CT_CHECK(taken == fit, "%u taken, %u fit", taken, fit);
	CT_CHECK(rte_cryptodev_enqueue_burst(dev.id, 0, ops + taken, 1) == 0, "one more");
	waits = queue_pair(&dev)->bounce_waits;
	CT_CHECK(waits >= 2, "%ju", (uintmax_t)waits);
	CT_CHECK(wait_for(&dev, ops, taken) == taken, "not those %u", taken);
	CT_CHECK(ct_run(&dev, 0, ops + taken, NB_OPS - taken) == 0, "the rest");
	for (i = 0; i < NB_OPS; i++) {
		at = rte_pktmbuf_mtod(ops[i]->sym->m_src, uint8_t *);
		CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u", ops[i]->status);
		CT_CHECK(memcmp(at, plain + i * LEN, LEN) != 0, "op %u did nothing", i);
		rte_crypto_op_attach_sym_session(ops[i], sess[1]);
	}
	CT_CHECK(ct_run(&dev, 0, ops, NB_OPS) == 0, "back");
	for (i = 0; i < NB_OPS; i++) {
		at = rte_pktmbuf_mtod(ops[i]->sym->m_src, uint8_t *);
		CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u", ops[i]->status);
		CT_CHECK(memcmp(at, plain + i * LEN, LEN) == 0, "op %u", i);
	}
	CT_CHECK(queue_pair(&dev)->wq.stats.bounced_bytes - before == 4ull * NB_OPS * LEN, "%ju",
		(uintmax_t)(queue_pair(&dev)->wq.stats.bounced_bytes - before));
	CT_CHECK(queue_pair(&dev)->wq.stats.bounced - ops_before == 2 * NB_OPS, "ops");
	freed = 0;
	free_ops(ops, NB_OPS);
	CT_CHECK(freed == NB_OPS, "%u freed", freed);
	free(plain);
	ct_session_free(&dev, sess[0]);
	ct_session_free(&dev, sess[1]);
	return 0;
}

static struct rte_crypto_op *
long_op(struct ct_dev *d, void *sess, uint32_t pieces)
{
	struct rte_crypto_op *op = external_op(d, sess, LEN);

	for (uint32_t i = 1; i < pieces; i++)
		rte_pktmbuf_chain(op->sym->m_src, external(d, LEN));
	op->sym->cipher.data.length = pieces * LEN;
	return op;
}

static uint64_t
sum_of(const struct rte_mbuf *m)
{
	uint64_t sum = 0;

	for (; m != NULL; m = m->next) {
		for (uint32_t i = 0; i < m->data_len; i++)
			sum = sum * 31 + rte_pktmbuf_mtod(m, const uint8_t *)[i];
	}
	return sum;
}

/* More than all of the memory: refused in its turn and not touched; what is around it is served. */
static int
case_too_long(void)
{
	const uint32_t most = MIB / LEN;
	void *sess = session(&dev, true);
	struct rte_crypto_op *ops[5] = {
		external_op(&dev, sess, 1600),
		long_op(&dev, sess, most + 1),
		long_op(&dev, sess, most),
		ct_op(&dev, sess, ct_mbuf(&dev, NULL, 64)),
		long_op(&dev, sess, most + 1),
	};
	uint64_t sum = sum_of(ops[1]->sym->m_src), fits = sum_of(ops[2]->sym->m_src);

	ops[3]->sym->cipher.data.offset = 0;
	ops[3]->sym->cipher.data.length = 64;
	CT_CHECK(ct_run(&dev, 0, ops, 5) == 0, "run");
	CT_CHECK(ops[0]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u", ops[0]->status);
	CT_CHECK(ops[1]->status == RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "%u", ops[1]->status);
	CT_CHECK(ops[2]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u", ops[2]->status);
	CT_CHECK(ops[3]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u", ops[3]->status);
	CT_CHECK(ops[4]->status == RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "%u", ops[4]->status);
	CT_CHECK(sum_of(ops[1]->sym->m_src) == sum, "written");
	CT_CHECK(sum_of(ops[2]->sym->m_src) != fits, "not written");
	free_ops(ops, 5);
	ct_session_free(&dev, sess);
	return 0;
}

#define PIECES  200
#define PIECE   16
#define LISTS   36      /* 4 of 128 parts of that memory each */

/*
 * Lists of pieces within and out of reach by turns, so long that libwd runs out of memory for
 * lists: copies of ops that it did not take must not count, nor stay.
 */
static int
case_lists(void)
{
	void *sess[2] = {session(&dev, true), session(&dev, false)};
	uint64_t before = queue_pair(&dev)->wq.stats.bounced_bytes, sums[LISTS];
	struct rte_crypto_op *ops[LISTS];
	uint32_t i, k, taken = 0, n;

	for (i = 0; i < LISTS; i++) {
		ops[i] = external_op(&dev, sess[0], PIECE);
		for (k = 1; k < PIECES; k++)
			rte_pktmbuf_chain(ops[i]->sym->m_src, k & 1 ?
				ct_mbuf(&dev, "sixteen bytes...", PIECE) : external(&dev, PIECE));
		ops[i]->sym->cipher.data.length = PIECES * PIECE;
		sums[i] = sum_of(ops[i]->sym->m_src);
	}
	do {
		n = rte_cryptodev_enqueue_burst(dev.id, 0, ops + taken, LISTS - taken);
		taken += n;
	} while (n != 0);
	CT_CHECK(taken > 10 && taken < LISTS, "%u taken", taken);
	CT_CHECK(wait_for(&dev, ops, taken) == taken, "not those %u", taken);
	CT_CHECK(ct_run(&dev, 0, ops + taken, LISTS - taken) == 0, "the rest");
	for (i = 0; i < LISTS; i++) {
		CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u", ops[i]->status);
		CT_CHECK(sum_of(ops[i]->sym->m_src) != sums[i], "op %u did nothing", i);
		rte_crypto_op_attach_sym_session(ops[i], sess[1]);
	}
	CT_CHECK(ct_run(&dev, 0, ops, LISTS) == 0, "back");
	for (i = 0; i < LISTS; i++)
		CT_CHECK(sum_of(ops[i]->sym->m_src) == sums[i], "op %u", i);
	CT_CHECK(queue_pair(&dev)->wq.stats.bounced_bytes - before ==
			4ull * LISTS * PIECES / 2 * PIECE, "%ju bytes",
		(uintmax_t)(queue_pair(&dev)->wq.stats.bounced_bytes - before));
	free_ops(ops, LISTS);
	ct_session_free(&dev, sess[0]);
	ct_session_free(&dev, sess[1]);
	return 0;
}

/* A queue pair without such memory. */
static int
case_none(void)
{
	void *sess = session(&none, true);
	struct rte_crypto_op *ops[3] = {
		external_op(&none, sess, 160),
		ct_op(&none, sess, ct_mbuf(&none, NULL, 64)),
		external_op(&none, sess, 160),
	};
	uint64_t sum = sum_of(ops[0]->sym->m_src);

	ops[1]->sym->cipher.data.offset = 0;
	ops[1]->sym->cipher.data.length = 64;
	CT_CHECK(queue_pair(&none)->bounce == NULL, "there is some");
	CT_CHECK(ct_run(&none, 0, ops, 3) == 0, "run");
	CT_CHECK(ops[0]->status == RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "%u", ops[0]->status);
	CT_CHECK(ops[1]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u", ops[1]->status);
	CT_CHECK(ops[2]->status == RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "%u", ops[2]->status);
	CT_CHECK(sum_of(ops[0]->sym->m_src) == sum, "written");
	CT_CHECK(queue_pair(&none)->wq.stats.bounced == 0, "counted");
	free_ops(ops, 3);
	ct_session_free(&none, sess);
	return 0;
}

/* The answer of this process's telemetry to a command. */
static int
ask(const char *command, char *answer, size_t size)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ssize_t n;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/dpdk_telemetry.v2",
		rte_eal_get_runtime_dir());
	CT_CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "%s: %s",
		at.sun_path, strerror(errno));
	/* It says hello. */
	CT_CHECK(recv(fd, answer, size - 1, 0) > 0, "no greeting");
	CT_CHECK(send(fd, command, strlen(command), 0) > 0, "%s", command);
	n = recv(fd, answer, size - 1, 0);
	close(fd);
	CT_CHECK(n > 0, "no answer");
	answer[n] = '\0';
	return 0;
}

static int
case_telemetry(void)
{
	const struct wd_queue_stats *st = &queue_pair(&dev)->wq.stats;
	static char answer[20000];
	char command[64], want[128];

	snprintf(command, sizeof(command), "/crypto_uacce/queue,%u,0", dev.id);
	if (ask(command, answer, sizeof(answer)) != 0)
		return -1;
	snprintf(want, sizeof(want), "\"bounced_ops\":%ju,\"bounced_bytes\":%ju,",
		(uintmax_t)st->bounced, (uintmax_t)st->bounced_bytes);
	CT_CHECK(strstr(answer, want) != NULL, "%s not in %s", want, answer);
	snprintf(want, sizeof(want), "\"bounce_waits\":%ju,",
		(uintmax_t)queue_pair(&dev)->bounce_waits);
	CT_CHECK(strstr(answer, want) != NULL, "%s not in %s", want, answer);
	CT_CHECK(st->bounced != 0 && queue_pair(&dev)->bounce_waits != 0, "nothing to count");
	return 0;
}

/* All in flight comes back once, and nothing is written to memory that the device never had. */
static int
case_death(void)
{
	struct rte_crypto_op *ops[NB_OPS];
	void *sess = session(&dev, true);
	uint64_t sums[NB_OPS], bytes;
	uint32_t taken, i;

	for (i = 0; i < NB_OPS; i++) {
		ops[i] = external_op(&dev, sess, 4000);
		sums[i] = sum_of(ops[i]->sym->m_src);
	}
	kill(daemon_pid, SIGSTOP);
	rte_delay_ms(100);
	bytes = queue_pair(&dev)->wq.stats.bounced_bytes;
	taken = rte_cryptodev_enqueue_burst(dev.id, 0, ops, NB_OPS);
	CT_CHECK(taken == NB_OPS, "%u taken", taken);
	kill(daemon_pid, SIGKILL);
	CT_CHECK(wait_for(&dev, ops, taken) == taken, "not those %u", taken);
	for (i = 0; i < NB_OPS; i++) {
		CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_ERROR, "op %u: %u", i,
			ops[i]->status);
		CT_CHECK(sum_of(ops[i]->sym->m_src) == sums[i], "op %u was written", i);
	}
	CT_CHECK(queue_pair(&dev)->wq.stats.bounced_bytes - bytes == 4000 * NB_OPS, "bytes");
	CT_CHECK(rte_cryptodev_enqueue_burst(dev.id, 0, ops, NB_OPS) == 0, "a dead queue takes ops");
	freed = 0;
	free_ops(ops, NB_OPS);
	CT_CHECK(freed == NB_OPS, "%u freed", freed);
	ct_session_free(&dev, sess);
	return 0;
}

int
main(int argc, char **argv)
{
	char args[2][256];
	const char *devargs[] = {args[0], args[1]};
	int ret;

	if (argc != 3)
		return 2;
	snprintf(args[0], sizeof(args[0]), "device=emu:%s,bounce=1", argv[1]);
	snprintf(args[1], sizeof(args[1]), "device=emu:%s,bounce=0", argv[1]);
	daemon_pid = atoi(argv[2]);
	ct_telemetry = true;
	ct_eal_init(devargs, 2, NULL);
	if (ct_dev_start(&dev, 0, 1, 128) != 0 || ct_dev_start(&none, 1, 1, 128) != 0)
		return 1;
	ret = case_full() || case_too_long() || case_lists() || case_none() ||
		case_telemetry() || case_death();
	printf("memory out of reach: %s\n", ret ? "FAILED" : "ok");
	ct_dev_stop(&dev);
	ct_dev_stop(&none);
	rte_eal_cleanup();
	return ret != 0;
}
