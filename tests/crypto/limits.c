/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that takes requests up to a size: longer ops complete in their turn with an error, as
 * many of them as may come, and nothing is lost or written.
 *
 *   limits DEVARGS LEN          LEN: the longest data that it takes, a multiple of 16
 */
#include <rte_cycles.h>

#include "ct.h"

#define NB_OPS  64
#define ROUNDS  200

static struct ct_dev dev;

static void *
session(void)
{
	static const uint8_t key[16] = "key of 16 bytes";
	struct rte_crypto_sym_xform x = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.op = RTE_CRYPTO_CIPHER_OP_ENCRYPT,
			.algo = RTE_CRYPTO_CIPHER_AES_CBC,
			.key = {.data = key, .length = sizeof(key)},
			.iv = {.offset = CT_IV_OFF, .length = 16}},
	};

	return ct_session(&dev, &x);
}

/* Every third op is too long, by a block. */
static int
round_of_ops(void *sess, uint32_t most)
{
	struct rte_crypto_op *ops[NB_OPS];
	uint8_t *data;
	uint32_t i, j, len;

	for (i = 0; i < NB_OPS; i++) {
		len = i % 3 == 2 ? most + 16 : most;
		ops[i] = ct_op(&dev, sess, ct_mbuf(&dev, NULL, len));
		memset(rte_pktmbuf_mtod(ops[i]->sym->m_src, void *), 0x11, len);
		ops[i]->sym->cipher.data.offset = 0;
		ops[i]->sym->cipher.data.length = len;
	}
	CT_CHECK(ct_run(&dev, 0, ops, NB_OPS) == 0, "order");
	for (i = 0; i < NB_OPS; i++) {
		data = rte_pktmbuf_mtod(ops[i]->sym->m_src, uint8_t *);
		if (i % 3 != 2) {
			CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS && data[0] != 0x11,
				"op %u: status %u", i, ops[i]->status);
		} else {
			CT_CHECK(ops[i]->status == RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
				"op %u: status %u", i, ops[i]->status);
			for (j = 0; j < most + 16; j++)
				CT_CHECK(data[j] == 0x11, "op %u: byte %u was written", i, j);
		}
		rte_pktmbuf_free(ops[i]->sym->m_src);
		rte_crypto_op_free(ops[i]);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *devargs[] = {argc > 1 ? argv[1] : ""};
	uint32_t most = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	struct rte_cryptodev_stats st;
	int ret = 0, i;
	void *sess;

	if (argc != 3)
		return 1;
	ct_eal_init(devargs, 1, NULL);
	if (ct_dev_start(&dev, 0, 1, 128) != 0)
		return 1;
	sess = session();
	for (i = 0; i < ROUNDS && ret == 0; i++)
		ret = sess ? round_of_ops(sess, most) : -1;
	rte_cryptodev_stats_get(dev.id, &st);
	if (st.enqueued_count != st.dequeued_count ||
			st.dequeue_err_count != (uint64_t)i * (NB_OPS / 3))
		ret = -1;
	printf("%s: %ju ops, %ju refused: %s\n", devargs[0], (uintmax_t)st.dequeued_count,
		(uintmax_t)st.dequeue_err_count, ret ? "FAILED" : "ok");
	ct_session_free(&dev, sess);
	ct_dev_stop(&dev);
	rte_eal_cleanup();
	return ret != 0;
}
