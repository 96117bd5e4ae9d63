/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Preloaded into the stock dpdk-test, whose cryptodev suite has one command per driver known to
 * DPDK and asks for that driver's name. This library answers with another driver, so that the
 * unmodified suite runs on it:
 *
 *   UACCE_SUITE_ASKED    the name that the suite asks for, such as crypto_uadk
 *   UACCE_SUITE_DRIVER   the driver it gets, such as crypto_uacce
 *
 * The suite skips most cases without a word when the device does not advertise what they need.
 * The calls by which it finds out say so here, one "suite_preload: " line each; what they return
 * stays as it is.
 *
 * The suite waits for an operation by a number of polls that hardware needs at most. An emulated
 * device is a thread, which a busy machine may stop for longer: here empty polls take time.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_compressdev.h>
#include <rte_cryptodev.h>
#include <rte_errno.h>
#include <rte_version.h>

#define POLLS_UNPACED   1024            /* empty polls in a row before they take time */
#define PACE_NS         50000
#define COMP_POLLS      4096            /* of an empty compressdev, for one of the suite's */

#define SAY(fmt, ...) printf("suite_preload: " fmt "\n", ##__VA_ARGS__)

/* The function that a call would have reached without this library. */
#define NEXT(name) \
	do { \
		if (next == NULL) \
			*(void **)&next = next_symbol(name); \
	} while (0)

static void *
next_symbol(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (symbol == NULL) {
		fprintf(stderr, "suite_preload: no %s in this program\n", name);
		abort();
	}
	return symbol;
}

/* What the suite prints and what it logs stays in order when both go to one file. */
__attribute__((constructor)) static void
line_buffered(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static const char *
cipher_name(enum rte_crypto_cipher_algorithm algo)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	return rte_cryptodev_get_cipher_algo_string(algo);
#else
	return rte_crypto_cipher_algorithm_strings[algo];
#endif
}

static const char *
auth_name(enum rte_crypto_auth_algorithm algo)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	return rte_cryptodev_get_auth_algo_string(algo);
#else
	return rte_crypto_auth_algorithm_strings[algo];
#endif
}

static const char *
aead_name(enum rte_crypto_aead_algorithm algo)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	return rte_cryptodev_get_aead_algo_string(algo);
#else
	return rte_crypto_aead_algorithm_strings[algo];
#endif
}

int
rte_cryptodev_driver_id_get(const char *name)
{
	static int (*next)(const char *name);
	const char *asked = getenv("UACCE_SUITE_ASKED");
	const char *driver = getenv("UACCE_SUITE_DRIVER");

	NEXT("rte_cryptodev_driver_id_get");
	if (name != NULL && asked != NULL && driver != NULL && strcmp(name, asked) == 0)
		name = driver;
	return next(name);
}

const struct rte_cryptodev_symmetric_capability *
rte_cryptodev_sym_capability_get(uint8_t dev_id, const struct rte_cryptodev_sym_capability_idx *idx)
{
	static const struct rte_cryptodev_symmetric_capability *(*next)(uint8_t dev_id,
		const struct rte_cryptodev_sym_capability_idx *idx);
	const struct rte_cryptodev_symmetric_capability *cap;
	const char *name = NULL;

	NEXT("rte_cryptodev_sym_capability_get");
	cap = next(dev_id, idx);
	if (cap != NULL)
		return cap;
	if (idx->type == RTE_CRYPTO_SYM_XFORM_CIPHER)
		name = cipher_name(idx->algo.cipher);
	else if (idx->type == RTE_CRYPTO_SYM_XFORM_AUTH)
		name = auth_name(idx->algo.auth);
	else if (idx->type == RTE_CRYPTO_SYM_XFORM_AEAD)
		name = aead_name(idx->algo.aead);
	SAY("not advertised: %s", name != NULL ? name : "unknown algorithm");
	return NULL;
}

int
rte_cryptodev_sym_capability_check_cipher(
	const struct rte_cryptodev_symmetric_capability *capability, uint16_t key_size,
	uint16_t iv_size)
{
	static int (*next)(const struct rte_cryptodev_symmetric_capability *capability,
		uint16_t key_size, uint16_t iv_size);
	int ret;

	NEXT("rte_cryptodev_sym_capability_check_cipher");
	ret = next(capability, key_size, iv_size);
	if (ret != 0)
		SAY("not advertised: %s with key %u, IV %u", cipher_name(capability->cipher.algo),
			key_size, iv_size);
	return ret;
}

int
rte_cryptodev_sym_capability_check_auth(
	const struct rte_cryptodev_symmetric_capability *capability, uint16_t key_size,
	uint16_t digest_size, uint16_t iv_size)
{
	static int (*next)(const struct rte_cryptodev_symmetric_capability *capability,
		uint16_t key_size, uint16_t digest_size, uint16_t iv_size);
	int ret;

	NEXT("rte_cryptodev_sym_capability_check_auth");
	ret = next(capability, key_size, digest_size, iv_size);
	if (ret != 0)
		SAY("not advertised: %s with key %u, digest %u, IV %u",
			auth_name(capability->auth.algo), key_size, digest_size, iv_size);
	return ret;
}

int
rte_cryptodev_sym_capability_check_aead(
	const struct rte_cryptodev_symmetric_capability *capability, uint16_t key_size,
	uint16_t digest_size, uint16_t aad_size, uint16_t iv_size)
{
	static int (*next)(const struct rte_cryptodev_symmetric_capability *capability,
		uint16_t key_size, uint16_t digest_size, uint16_t aad_size, uint16_t iv_size);
	int ret;

	NEXT("rte_cryptodev_sym_capability_check_aead");
	ret = next(capability, key_size, digest_size, aad_size, iv_size);
	if (ret != 0)
		SAY("not advertised: %s with key %u, digest %u, AAD %u, IV %u",
			aead_name(capability->aead.algo), key_size, digest_size, aad_size, iv_size);
	return ret;
}

static void
say_refused(const struct rte_crypto_sym_xform *xform, int error)
{
	char text[256] = "";
	size_t used = 0;

	for (; xform != NULL && used < sizeof(text); xform = xform->next) {
		const char *name = "?";

		if (xform->type == RTE_CRYPTO_SYM_XFORM_CIPHER)
			name = cipher_name(xform->cipher.algo);
		else if (xform->type == RTE_CRYPTO_SYM_XFORM_AUTH)
			name = auth_name(xform->auth.algo);
		else if (xform->type == RTE_CRYPTO_SYM_XFORM_AEAD)
			name = aead_name(xform->aead.algo);
		used += snprintf(text + used, sizeof(text) - used, "%s%s", used != 0 ? " + " : "",
			name);
	}
	SAY("session refused (%s): %s", rte_strerror(error), text);
}

void *
rte_cryptodev_sym_session_create(uint8_t dev_id, struct rte_crypto_sym_xform *xforms,
	struct rte_mempool *mp)
{
	static void *(*next)(uint8_t dev_id, struct rte_crypto_sym_xform *xforms,
		struct rte_mempool *mp);
	void *session;

	NEXT("rte_cryptodev_sym_session_create");
	session = next(dev_id, xforms, mp);
	if (session == NULL)
		say_refused(xforms, rte_errno);
	return session;
}

const struct rte_compressdev_capabilities *
rte_compressdev_capability_get(uint8_t dev_id, enum rte_comp_algorithm algo)
{
	static const struct rte_compressdev_capabilities *(*next)(uint8_t dev_id,
		enum rte_comp_algorithm algo);
	static const struct {
		uint64_t flag;
		const char *name;
	} asked[] = {
		{ RTE_COMP_FF_HUFFMAN_FIXED, "fixed Huffman" },
		{ RTE_COMP_FF_HUFFMAN_DYNAMIC, "dynamic Huffman" },
		{ RTE_COMP_FF_OOP_SGL_IN_SGL_OUT, "chained buffers" },
		{ RTE_COMP_FF_CRC32_CHECKSUM, "CRC32" },
		{ RTE_COMP_FF_ADLER32_CHECKSUM, "Adler32" },
		{ RTE_COMP_FF_CRC32_ADLER32_CHECKSUM, "CRC32 with Adler32" },
		{ RTE_COMP_FF_STATEFUL_DECOMPRESSION, "stateful decompression" },
	};
	const struct rte_compressdev_capabilities *cap;
	char text[256] = "";
	size_t used = 0;
	unsigned int i;

	NEXT("rte_compressdev_capability_get");
	cap = next(dev_id, algo);
	for (i = 0; cap != NULL && i < RTE_DIM(asked); i++)
		if ((cap->comp_feature_flags & asked[i].flag) == 0)
			used += snprintf(text + used, sizeof(text) - used, "%s%s",
				used != 0 ? ", " : "", asked[i].name);
	if (used != 0)
		SAY("needs one of what the device lacks: %s", text);
	return cap;
}

/* Called after each poll; empty: how many in a row gave nothing before this one. */
static void
pace(unsigned int *empty, unsigned int got)
{
	static const struct timespec time = { .tv_nsec = PACE_NS };

	*empty = got != 0 ? 0 : *empty + 1;
	if (*empty > POLLS_UNPACED)
		nanosleep(&time, NULL);
}

uint32_t
rte_cryptodev_raw_dequeue_burst(struct rte_crypto_raw_dp_ctx *ctx,
	rte_cryptodev_raw_get_dequeue_count_t get_dequeue_count, uint32_t max_nb_to_dequeue,
	rte_cryptodev_raw_post_dequeue_t post_dequeue, void **out_user_data,
	uint8_t is_user_data_array, uint32_t *n_success, int *dequeue_status)
{
	static uint32_t (*next)(struct rte_crypto_raw_dp_ctx *ctx,
		rte_cryptodev_raw_get_dequeue_count_t get_dequeue_count, uint32_t max_nb_to_dequeue,
		rte_cryptodev_raw_post_dequeue_t post_dequeue, void **out_user_data,
		uint8_t is_user_data_array, uint32_t *n_success, int *dequeue_status);
	static unsigned int empty;
	uint32_t n;

	NEXT("rte_cryptodev_raw_dequeue_burst");
	n = next(ctx, get_dequeue_count, max_nb_to_dequeue, post_dequeue, out_user_data,
		is_user_data_array, n_success, dequeue_status);
	pace(&empty, n);
	return n;
}

uint16_t
rte_compressdev_dequeue_burst(uint8_t dev_id, uint16_t qp_id, struct rte_comp_op **ops,
	uint16_t nb_ops)
{
	static uint16_t (*next)(uint8_t dev_id, uint16_t qp_id, struct rte_comp_op **ops,
		uint16_t nb_ops);
	unsigned int i, empty = 0;
	uint16_t n = 0;

	NEXT("rte_compressdev_dequeue_burst");
	for (i = 0; i < COMP_POLLS && n == 0; i++) {
		n = next(dev_id, qp_id, ops, nb_ops);
		pace(&empty, n);
	}
	return n;
}
