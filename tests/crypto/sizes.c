/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-CBC of all key sizes over messages of 16 bytes to 64 KiB, both ways, in place, out of place
 * and in pieces, each compared with OpenSSL.
 *
 *   sizes DEVARGS
 */
#include <rte_errno.h>

#include "ct.h"

#define MAX_LEN 65536
#define BURST   6

enum shape { IN_PLACE, OUT_OF_PLACE, PIECES };

static const uint32_t lens[] = {16, 64, 2048, 2176, 4096, 4112, 8192, 16384, 32768, 65520, 65536};
static struct ct_dev dev;
static struct ct_rng rng = {1};
static struct ct_ref *ref;
static uint8_t before[MAX_LEN], after[MAX_LEN];

/* In as many mbufs as it takes; pieces: in more than that. */
static struct rte_mbuf *
message(const uint8_t *data, uint32_t len, bool pieces)
{
	uint32_t most = pieces ? RTE_MAX(len / 5, 16u) : CT_BIG - 256, part, done;
	struct rte_mbuf *head = NULL, *m;

	for (done = 0; done < len; done += part) {
		part = RTE_MIN(most, len - done);
		m = ct_mbuf(&dev, data ? data + done : NULL, part);
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) != 0)
			exit(1);
	}
	return head;
}

static int
check(const struct rte_mbuf *m, const uint8_t *want, uint32_t len)
{
	uint32_t done = 0;

	for (; m != NULL; done += m->data_len, m = m->next)
		CT_CHECK(memcmp(rte_pktmbuf_mtod(m, void *), want + done, m->data_len) == 0,
			"differs after byte %u of %u", done, len);
	CT_CHECK(done == len, "%u of %u bytes", done, len);
	return 0;
}

static int
one(void *sess, uint32_t len, enum shape shape, const uint8_t *iv)
{
	struct rte_crypto_op *ops[BURST];
	uint32_t i;

	for (i = 0; i < BURST; i++) {
		ops[i] = ct_op(&dev, sess, message(before, len, shape == PIECES));
		if (shape == OUT_OF_PLACE)
			ops[i]->sym->m_dst = message(NULL, len, i % 2);
		ops[i]->sym->cipher.data.offset = 0;
		ops[i]->sym->cipher.data.length = len;
		memcpy(rte_crypto_op_ctod_offset(ops[i], void *, CT_IV_OFF), iv, 16);
	}
	CT_CHECK(ct_run(&dev, 0, ops, BURST) == 0, "%u bytes", len);
	for (i = 0; i < BURST; i++) {
		const struct rte_mbuf *dst = ops[i]->sym->m_dst;

		CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS, "%u bytes: status %u",
			len, ops[i]->status);
		if (check(dst ? dst : ops[i]->sym->m_src, after, len) != 0 ||
				(dst && check(ops[i]->sym->m_src, before, len) != 0))
			return -1;
		rte_pktmbuf_free(ops[i]->sym->m_src);
		rte_pktmbuf_free(ops[i]->sym->m_dst);
		rte_crypto_op_free(ops[i]);
	}
	return 0;
}

static int
with_key(uint16_t key_len, bool encrypt)
{
	uint8_t key[32], iv[16];
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = encrypt ? RTE_CRYPTO_CIPHER_OP_ENCRYPT :
					   RTE_CRYPTO_CIPHER_OP_DECRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = key_len},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};
	enum shape shape;
	void *sess;
	uint32_t i;

	ct_fill(&rng, key, sizeof(key));
	ct_fill(&rng, iv, sizeof(iv));
	sess = ct_session(&dev, &x);
	CT_CHECK(sess, "key of %u: %s", key_len, rte_strerror(rte_errno));
	for (i = 0; i < RTE_DIM(lens); i++) {
		ct_fill(&rng, before, lens[i]);
		CT_CHECK(ct_ref_cipher(ref, RTE_CRYPTO_CIPHER_AES_CBC, encrypt, key, key_len, iv,
				before, after, lens[i]) == 0, "reference");
		for (shape = IN_PLACE; shape <= PIECES; shape++)
			if (one(sess, lens[i], shape, iv) != 0)
				return -1;
	}
	ct_session_free(&dev, sess);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *devargs[] = {argc > 1 ? argv[1] : "device=emu"};
	struct rte_cryptodev_stats st;
	uint16_t key_len;
	int ret = 0;

	ct_eal_init(devargs, 1, NULL);
	ref = ct_ref_new();
	if (ct_dev_start(&dev, 0, 1, 128) != 0)
		return 1;
	for (key_len = 16; key_len <= 32 && ret == 0; key_len += 8)
		ret = with_key(key_len, true) != 0 || with_key(key_len, false) != 0;
	rte_cryptodev_stats_get(dev.id, &st);
	printf("%s: %ju ops: %s\n", devargs[0], (uintmax_t)st.dequeued_count,
		ret ? "FAILED" : "as OpenSSL has it");
	ct_dev_stop(&dev);
	ct_ref_free(ref);
	rte_eal_cleanup();
	return ret;
}
