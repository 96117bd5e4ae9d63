/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two queue pairs on two lcores, two sessions that both lcores use, bursts of random sizes: each
 * op comes back exactly once, from its queue pair, in order and with the right bytes.
 *
 *   spread DEVARGS [OPS [SEED]]
 */
#include <time.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "ct.h"

#define VARIANTS        64
#define MAX_DATA        512
#define MAX_BURST       64
#define WINDOW          512     /* ops of a queue pair in the air, a power of 2 */
#define AAD_LEN         12
#define TAG_LEN         16
#define MAC_LEN         20
#define PATIENCE_S      60

enum { CHAIN, GCM, SESSIONS };

struct variant {
	uint8_t in[MAX_DATA], out[MAX_DATA], digest[64], iv[16], aad[16];
	uint32_t len;
};

/* Behind the IV of an op. */
struct mark {
	uint32_t qp;
	uint32_t in_flight;
	uint32_t session, variant;
	uint64_t seq;
};
#define MARK_OFF        (CT_IV_OFF + 16)

struct lane {
	uint16_t qp;
	uint64_t total, sent, got, short_counts;
	struct ct_rng rng;
	struct rte_crypto_op *window[WINDOW];
	int result;
};

static struct ct_dev dev;
static struct variant variants[SESSIONS][VARIANTS];
static void *sessions[SESSIONS];
static uint8_t cipher_key[16], auth_key[20];
static struct lane lanes[2];

static int
make_sessions(void)
{
	struct rte_crypto_sym_xform auth = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {.op = RTE_CRYPTO_AUTH_OP_GENERATE,
			.algo = RTE_CRYPTO_AUTH_SHA1_HMAC,
			.key = {.data = auth_key, .length = sizeof(auth_key)},
			.digest_length = MAC_LEN},
	};
	struct rte_crypto_sym_xform cipher = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.next = &auth,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = cipher_key, .length = sizeof(cipher_key)},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};
	struct rte_crypto_sym_xform aead = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {.op = RTE_CRYPTO_AEAD_OP_ENCRYPT,
			.algo = RTE_CRYPTO_AEAD_AES_GCM,
			.key = {.data = cipher_key, .length = sizeof(cipher_key)},
			.iv = {.offset = CT_IV_OFF, .length = 12},
			.digest_length = TAG_LEN,
			.aad_length = AAD_LEN},
	};

	sessions[CHAIN] = ct_session(&dev, &cipher);
	sessions[GCM] = ct_session(&dev, &aead);
	return sessions[CHAIN] && sessions[GCM] ? 0 : -1;
}

static int
make_variants(struct ct_rng *rng)
{
	struct ct_ref *ref = ct_ref_new();
	int ret = 0;
	uint32_t i;

	for (i = 0; i < VARIANTS; i++) {
		struct variant *v = &variants[CHAIN][i];

		ct_fill(rng, v, sizeof(*v));
		v->len = ct_range(rng, 1, MAX_DATA / 16) * 16;
		ret |= ct_ref_cipher(ref, RTE_CRYPTO_CIPHER_AES_CBC, true, cipher_key, 16, v->iv,
			v->in, v->out, v->len);
		ret |= ct_ref_auth(ref, RTE_CRYPTO_AUTH_SHA1_HMAC, auth_key, sizeof(auth_key),
			NULL, v->out, v->len, variants[CHAIN][i].digest);
		v = &variants[GCM][i];
		ct_fill(rng, v, sizeof(*v));
		v->len = ct_range(rng, 1, MAX_DATA);
		ret |= ct_ref_aead(ref, RTE_CRYPTO_AEAD_AES_GCM, cipher_key, 16, v->iv, 12, v->aad,
			AAD_LEN, v->in, v->out, v->len, v->digest, TAG_LEN);
	}
	ct_ref_free(ref);
	return ret;
}

/* Layout of a mbuf: data, digest, AAD. */
static struct rte_crypto_op *
make_op(struct lane *l)
{
	uint32_t session = ct_range(&l->rng, 0, SESSIONS - 1);
	uint32_t variant = ct_range(&l->rng, 0, VARIANTS - 1);
	const struct variant *v = &variants[session][variant];
	struct rte_mbuf *m = ct_mbuf(&dev, NULL, MAX_DATA + 64);
	struct rte_crypto_op *op = ct_op(&dev, sessions[session], m);
	struct mark *mark = rte_crypto_op_ctod_offset(op, struct mark *, MARK_OFF);
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	memcpy(data, v->in, v->len);
	memset(data + v->len, 0, 32);
	memcpy(rte_crypto_op_ctod_offset(op, void *, CT_IV_OFF), v->iv, 16);
	if (session == CHAIN) {
		op->sym->cipher.data.offset = 0;
		op->sym->cipher.data.length = v->len;
		op->sym->auth.data.offset = 0;
		op->sym->auth.data.length = v->len;
		op->sym->auth.digest.data = data + v->len;
		op->sym->auth.digest.phys_addr = rte_pktmbuf_iova_offset(m, v->len);
	} else {
		memcpy(data + MAX_DATA + 48, v->aad, AAD_LEN);
		op->sym->aead.data.offset = 0;
		op->sym->aead.data.length = v->len;
		op->sym->aead.digest.data = data + v->len;
		op->sym->aead.digest.phys_addr = rte_pktmbuf_iova_offset(m, v->len);
		op->sym->aead.aad.data = data + MAX_DATA + 48;
		op->sym->aead.aad.phys_addr = rte_pktmbuf_iova_offset(m, MAX_DATA + 48);
	}
	mark->qp = l->qp;
	mark->in_flight = 0;
	mark->session = session;
	mark->variant = variant;
	return op;
}

static int
check_op(struct lane *l, struct rte_crypto_op *op)
{
	struct mark *mark = rte_crypto_op_ctod_offset(op, struct mark *, MARK_OFF);
	const struct variant *v = &variants[mark->session][mark->variant];
	const uint8_t *data = rte_pktmbuf_mtod(op->sym->m_src, uint8_t *);

	CT_CHECK(op == l->window[l->got % WINDOW], "op %ju is another one", (uintmax_t)l->got);
	CT_CHECK(mark->qp == l->qp, "an op of queue pair %u came from %u", mark->qp, l->qp);
	CT_CHECK(mark->in_flight == 1 && mark->seq == l->got, "op %ju came twice",
		(uintmax_t)mark->seq);
	CT_CHECK(op->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "status %u", op->status);
	CT_CHECK(memcmp(data, v->out, v->len) == 0, "data of op %ju", (uintmax_t)l->got);
	CT_CHECK(memcmp(data + v->len, v->digest, mark->session == CHAIN ? MAC_LEN : TAG_LEN) == 0,
		"digest of op %ju", (uintmax_t)l->got);
	CT_CHECK(memcmp(rte_crypto_op_ctod_offset(op, void *, CT_IV_OFF), v->iv, 16) == 0,
		"IV of op %ju", (uintmax_t)l->got);
	mark->in_flight = 0;
	l->got++;
	rte_pktmbuf_free(op->sym->m_src);
	rte_crypto_op_free(op);
	return 0;
}

static void
send_some(struct lane *l, struct rte_crypto_op **pending, uint32_t *nb_pending)
{
	uint32_t want = ct_range(&l->rng, 1, MAX_BURST), i;
	uint64_t room = WINDOW - (l->sent - l->got);
	uint16_t n;

	want = RTE_MIN(want, RTE_MIN(room, l->total - l->sent));
	while (*nb_pending < want)
		pending[(*nb_pending)++] = make_op(l);
	for (i = 0; i < want; i++) {
		struct mark *mark = rte_crypto_op_ctod_offset(pending[i], struct mark *, MARK_OFF);

		mark->in_flight = 1;
		mark->seq = l->sent + i;
		l->window[mark->seq % WINDOW] = pending[i];
	}
	n = rte_cryptodev_enqueue_burst(dev.id, l->qp, pending, want);
	l->sent += n;
	l->short_counts += n < want;
	memmove(pending, pending + n, (*nb_pending - n) * sizeof(pending[0]));
	*nb_pending -= n;
}

static int
run_lane(void *arg)
{
	struct lane *l = arg;
	struct rte_crypto_op *pending[MAX_BURST], *back[MAX_BURST];
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	uint32_t nb_pending = 0;
	uint16_t i, n;

	while (l->got < l->total) {
		if (l->sent < l->total && l->sent - l->got < WINDOW)
			send_some(l, pending, &nb_pending);
		n = rte_cryptodev_dequeue_burst(dev.id, l->qp, back,
			ct_range(&l->rng, 1, MAX_BURST));
		for (i = 0; i < n; i++) {
			if (check_op(l, back[i]) != 0)
				return l->result = -1;
		}
		if (n != 0) {
			end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
		} else if (rte_get_timer_cycles() > end) {
			fprintf(stderr, "queue pair %u: %ju sent, %ju came back\n", l->qp,
				(uintmax_t)l->sent, (uintmax_t)l->got);
			return l->result = -1;
		}
	}
	return 0;
}

static int
check_stats(uint64_t total)
{
	struct rte_cryptodev_stats stats;

	CT_CHECK(rte_cryptodev_stats_get(dev.id, &stats) == 0, "no statistics");
	CT_CHECK(stats.enqueued_count == total && stats.dequeued_count == total,
		"enqueued %ju dequeued %ju of %ju", (uintmax_t)stats.enqueued_count,
		(uintmax_t)stats.dequeued_count, (uintmax_t)total);
	CT_CHECK(stats.enqueue_err_count == 0 && stats.dequeue_err_count == 0, "errors");
	return 0;
}

int
main(int argc, char **argv)
{
	const char *devargs[] = {argc > 1 ? argv[1] : "device=emu"};
	uint64_t total = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000000;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL);
	struct ct_rng rng = {.s = seed};
	unsigned int worker;
	int ret;

	ct_eal_init(devargs, 1, NULL);
	if (ct_dev_start(&dev, 0, 2, 256) != 0)
		return 1;
	ct_fill(&rng, cipher_key, sizeof(cipher_key));
	ct_fill(&rng, auth_key, sizeof(auth_key));
	if (make_sessions() != 0 || make_variants(&rng) != 0)
		return 1;
	lanes[0] = (struct lane){.qp = 0, .total = total / 2, .rng.s = seed + 1};
	lanes[1] = (struct lane){.qp = 1, .total = total - total / 2, .rng.s = seed + 2};
	worker = rte_get_next_lcore(-1, 1, 0);
	if (worker < RTE_MAX_LCORE)
		rte_eal_remote_launch(run_lane, &lanes[1], worker);
	run_lane(&lanes[0]);
	if (worker < RTE_MAX_LCORE)
		rte_eal_wait_lcore(worker);
	else
		run_lane(&lanes[1]);
	ret = lanes[0].result || lanes[1].result || check_stats(total);
	printf("%s: %s, %ju ops, seed %ju, short counts %ju\n", ret ? "FAILED" : "ok", devargs[0],
		(uintmax_t)total, (uintmax_t)seed,
		(uintmax_t)(lanes[0].short_counts + lanes[1].short_counts));
	ct_session_free(&dev, sessions[CHAIN]);
	ct_session_free(&dev, sessions[GCM]);
	ct_dev_stop(&dev);
	rte_eal_cleanup();
	return ret ? 1 : 0;
}
