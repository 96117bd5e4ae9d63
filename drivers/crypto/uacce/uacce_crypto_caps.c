/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What devices can do in DPDK's words: one table, of which a device offers what libwd says it has.
 */
#include <errno.h>

#include "uacce_crypto.h"

struct cap_entry {
	bool always;            /* needs no device */
	enum wd_cipher cipher;
	enum wd_auth auth;
	enum wd_aead aead;
	struct rte_cryptodev_symmetric_capability sym;
};

#define RANGE(lo, hi, step) {.min = (lo), .max = (hi), .increment = (step)}
#define NONE_RANGE          RANGE(0, 0, 0)

#define CIPHER(wd, dpdk, block, key, iv)                                                           \
	{.cipher = WD_CIPHER_##wd,                                                                 \
		.sym = {.xform_type = RTE_CRYPTO_SYM_XFORM_CIPHER,                                 \
			.cipher = {.algo = RTE_CRYPTO_CIPHER_##dpdk,                               \
				.block_size = (block),                                             \
				.key_size = key,                                                   \
				.iv_size = iv}}}

#define AUTH(wd, dpdk, block, key, digest, iv)                                                     \
	{.auth = WD_AUTH_##wd,                                                                     \
		.sym = {.xform_type = RTE_CRYPTO_SYM_XFORM_AUTH,                                   \
			.auth = {.algo = RTE_CRYPTO_AUTH_##dpdk,                                   \
				.block_size = (block),                                             \
				.key_size = key,                                                   \
				.digest_size = digest,                                             \
				.iv_size = iv}}}

#define AEAD(wd, dpdk, key, digest, aad, iv)                                                       \
	{.aead = WD_AEAD_##wd,                                                                     \
		.sym = {.xform_type = RTE_CRYPTO_SYM_XFORM_AEAD,                                   \
			.aead = {.algo = RTE_CRYPTO_AEAD_##dpdk,                                   \
				.block_size = 16,                                                  \
				.key_size = key,                                                   \
				.digest_size = digest,                                             \
				.aad_size = aad,                                                   \
				.iv_size = iv}}}

/*
 * Digests come in words of the hardware. HMAC keys longer than a block are hashed by libwd, as
 * RFC 2104 says. The longest AAD is filled in from the device.
 */
#define HASH(wd, block, size) AUTH(wd, wd, block, NONE_RANGE, RANGE(4, size, 4), NONE_RANGE)
#define HMAC(wd, block, size) \
	AUTH(wd##_HMAC, wd##_HMAC, block, RANGE(1, 1024, 1), RANGE(4, size, 4), NONE_RANGE)

/* AAD whose length takes two bytes (RFC 3610): DPDK leaves room for no more. */
#define CCM_MAX_AAD 0xfeff

#define KEY_AES RANGE(16, 32, 8)
#define KEY_128 RANGE(16, 16, 0)
#define IV_NONE NONE_RANGE
#define IV_8    RANGE(8, 8, 0)
#define IV_12   RANGE(12, 12, 0)
#define IV_16   RANGE(16, 16, 0)

static const struct cap_entry table[] = {
	{.always = true, .sym = {.xform_type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.cipher = {.algo = RTE_CRYPTO_CIPHER_NULL, .block_size = 1}}},
	{.always = true, .sym = {.xform_type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.auth = {.algo = RTE_CRYPTO_AUTH_NULL, .block_size = 1}}},
	CIPHER(AES_ECB, AES_ECB, 16, KEY_AES, IV_NONE),
	CIPHER(AES_CBC, AES_CBC, 16, KEY_AES, IV_16),
	CIPHER(AES_CTR, AES_CTR, 16, KEY_AES, RANGE(12, 16, 4)),
	CIPHER(AES_XTS, AES_XTS, 16, RANGE(32, 64, 32), IV_16),
	CIPHER(DES_CBC, DES_CBC, 8, RANGE(8, 8, 0), IV_8),
	CIPHER(3DES_CBC, 3DES_CBC, 8, RANGE(8, 24, 8), IV_8),
	CIPHER(3DES_ECB, 3DES_ECB, 8, RANGE(8, 24, 8), IV_NONE),
	CIPHER(SM4_ECB, SM4_ECB, 16, KEY_128, IV_NONE),
	CIPHER(SM4_CBC, SM4_CBC, 16, KEY_128, IV_16),
	CIPHER(SM4_CTR, SM4_CTR, 16, KEY_128, RANGE(12, 16, 4)),
#ifdef UACCE_HAVE_SM4_CFB_OFB
	CIPHER(SM4_CFB, SM4_CFB, 16, KEY_128, IV_16),
	CIPHER(SM4_OFB, SM4_OFB, 16, KEY_128, IV_16),
#endif
#ifdef UACCE_HAVE_SM4_XTS
	CIPHER(SM4_XTS, SM4_XTS, 16, RANGE(32, 32, 0), IV_16),
#endif
	HASH(MD5, 64, 16),
	HASH(SHA1, 64, 20),
	HASH(SHA224, 64, 28),
	HASH(SHA256, 64, 32),
	HASH(SHA384, 128, 48),
	HASH(SHA512, 128, 64),
	HASH(SM3, 64, 32),
	HMAC(MD5, 64, 16),
	HMAC(SHA1, 64, 20),
	HMAC(SHA224, 64, 28),
	HMAC(SHA256, 64, 32),
	HMAC(SHA384, 128, 48),
	HMAC(SHA512, 128, 64),
#ifdef UACCE_HAVE_SM3_HMAC
	HMAC(SM3, 64, 32),
#endif
	AUTH(AES_XCBC_MAC, AES_XCBC_MAC, 16, KEY_128, RANGE(12, 16, 4), NONE_RANGE),
	AUTH(AES_CMAC, AES_CMAC, 16, KEY_128, RANGE(4, 16, 4), NONE_RANGE),
	AUTH(AES_GMAC, AES_GMAC, 16, KEY_AES, RANGE(16, 16, 0), IV_12),
	AEAD(AES_GCM, AES_GCM, KEY_AES, RANGE(8, 16, 4), RANGE(0, UINT16_MAX, 1), IV_12),
	AEAD(AES_CCM, AES_CCM, KEY_AES, RANGE(4, 16, 2), RANGE(0, CCM_MAX_AAD, 1),
		RANGE(7, 13, 1)),
#ifdef UACCE_HAVE_SM4_GCM
	AEAD(SM4_GCM, SM4_GCM, KEY_128, RANGE(8, 16, 4), RANGE(0, UINT16_MAX, 1), IV_12),
#endif
};

static_assert(RTE_DIM(table) < UACCE_CRYPTO_MAX_CAPS, "room for the end mark");

static bool
offered(const struct cap_entry *e, const struct wd_caps *caps)
{
	return e->always || (e->cipher && (caps->ciphers >> e->cipher & 1)) ||
	       (e->auth && (caps->auths >> e->auth & 1)) ||
	       (e->aead && (caps->aeads >> e->aead & 1));
}

int
uacce_crypto_caps_init(struct uacce_crypto_proc *proc)
{
	const struct wd_caps *caps = wd_device_caps(proc->wd);
	struct rte_cryptodev_capabilities *out = proc->caps;
	unsigned int i;
	bool any = false;

	for (i = 0; i < RTE_DIM(table); i++) {
		if (!offered(&table[i], caps))
			continue;
		out->op = RTE_CRYPTO_OP_TYPE_SYMMETRIC;
		out->sym = table[i].sym;
		if (table[i].aead)
			out->sym.aead.aad_size.max =
				RTE_MIN(caps->max_aad_len, out->sym.aead.aad_size.max);
		any |= !table[i].always;
		out++;
	}
	if (!any)
		return -ENOTSUP;
	out->op = RTE_CRYPTO_OP_TYPE_UNDEFINED;
	return 0;
}

uint64_t
uacce_crypto_features(const struct uacce_crypto_proc *proc)
{
	const struct wd_caps *caps = wd_device_caps(proc->wd);
	uint64_t ff = RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO | RTE_CRYPTODEV_FF_HW_ACCELERATED |
		      RTE_CRYPTODEV_FF_OOP_LB_IN_LB_OUT | RTE_CRYPTODEV_FF_SYM_RAW_DP;

	if (caps->flags & WD_CAP_CHAIN)
		ff |= RTE_CRYPTODEV_FF_SYM_OPERATION_CHAINING | RTE_CRYPTODEV_FF_DIGEST_ENCRYPTED;
	if (caps->flags & WD_CAP_SGL)
		ff |= RTE_CRYPTODEV_FF_IN_PLACE_SGL | RTE_CRYPTODEV_FF_OOP_SGL_IN_SGL_OUT |
		      RTE_CRYPTODEV_FF_OOP_SGL_IN_LB_OUT | RTE_CRYPTODEV_FF_OOP_LB_IN_SGL_OUT;
	return ff;
}

static const struct cap_entry *
find(const struct uacce_crypto_proc *proc, enum rte_crypto_sym_xform_type type, int algo)
{
	const struct wd_caps *caps = wd_device_caps(proc->wd);
	unsigned int i;

	for (i = 0; i < RTE_DIM(table); i++) {
		const struct cap_entry *e = &table[i];
		int have = type == RTE_CRYPTO_SYM_XFORM_CIPHER ? (int)e->sym.cipher.algo :
			   type == RTE_CRYPTO_SYM_XFORM_AUTH ? (int)e->sym.auth.algo :
			   (int)e->sym.aead.algo;

		if (e->sym.xform_type == type && have == algo)
			return offered(e, caps) ? e : NULL;
	}
	return NULL;
}

enum wd_cipher
uacce_crypto_cipher(const struct uacce_crypto_proc *proc, int algo)
{
	const struct cap_entry *e = find(proc, RTE_CRYPTO_SYM_XFORM_CIPHER, algo);

	return e ? e->cipher : WD_CIPHER_NONE;
}

enum wd_auth
uacce_crypto_auth(const struct uacce_crypto_proc *proc, int algo)
{
	const struct cap_entry *e = find(proc, RTE_CRYPTO_SYM_XFORM_AUTH, algo);

	return e ? e->auth : WD_AUTH_NONE;
}

enum wd_aead
uacce_crypto_aead(const struct uacce_crypto_proc *proc, int algo)
{
	const struct cap_entry *e = find(proc, RTE_CRYPTO_SYM_XFORM_AEAD, algo);

	return e ? e->aead : WD_AEAD_NONE;
}

const struct rte_cryptodev_symmetric_capability *
uacce_crypto_cap_find(const struct uacce_crypto_proc *proc, enum rte_crypto_sym_xform_type type,
	int algo)
{
	const struct cap_entry *e = find(proc, type, algo);

	return e ? &e->sym : NULL;
}
