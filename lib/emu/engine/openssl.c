/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * OpenSSL's EVP, with contexts kept per key. It knows everything the emulator offers; single DES
 * is triple DES with three equal keys, as OpenSSL 3 has the former in a separate provider.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto.h"
#include "keycache.h"
#include "openssl_sm4.h"

/* What a cached context is for; bits 31:24 of the cache's kind. */
enum ctx_class {
	CTX_CIPHER = 1,
	CTX_MAC,
	CTX_XCBC,
	CTX_SM4_AEAD,
	CTX_SM4_XTS,
};
#define KIND(class, a, b, c, d) \
	((uint32_t)(class) << 24 | (uint32_t)(a) << 18 | (uint32_t)(b) << 12 | (uint32_t)(c) << 6 | (d))
#define KIND_A(kind)    ((kind) >> 18 & 0x3f)
#define KIND_B(kind)    ((kind) >> 12 & 0x3f)
#define KIND_C(kind)    ((kind) >> 6 & 0x3f)
#define KIND_D(kind)    ((kind) & 0x3f)

struct ossl_key {
	EVP_CIPHER_CTX *cipher;
	EVP_CIPHER_CTX *second; /* SM4 in CCM: CTR, cipher is CBC; in XTS: the tweak's, both ECB */
	GCM128_CONTEXT *gcm;    /* SM4 in GCM; cipher is ECB */
	EVP_MAC_CTX *mac;
	uint8_t k2[16], k3[16]; /* XCBC; cipher has K1 */
};

struct ossl {
	struct key_cache *keys;
	EVP_MD_CTX *md_ctx;
	EVP_MD *md[64];         /* by a_alg */
	bool xts_any;           /* XTS of any cipher */
};

static const struct {
	uint8_t aalg, digest, block;
	const char *name;
} hashes[] = {
	{ SEC2_AALG_SHA1, 20, 64, "SHA1" },
	{ SEC2_AALG_SHA256, 32, 64, "SHA256" },
	{ SEC2_AALG_MD5, 16, 64, "MD5" },
	{ SEC2_AALG_SHA224, 28, 64, "SHA224" },
	{ SEC2_AALG_SHA384, 48, 128, "SHA384" },
	{ SEC2_AALG_SHA512, 64, 128, "SHA512" },
	{ SEC2_AALG_SHA512_224, 28, 128, "SHA512-224" },
	{ SEC2_AALG_SHA512_256, 32, 128, "SHA512-256" },
	{ SEC2_AALG_SM3, 32, 64, "SM3" },
};
#define NB_HASHES (sizeof(hashes) / sizeof(hashes[0]))

/* Row of the hash behind a plain or HMAC code, -1 when there is none. */
static int
hash_row(unsigned int aalg)
{
	unsigned int i;

	if (aalg == SEC2_AALG_HMAC_SM3)
		aalg = SEC2_AALG_SM3;
	else if (aalg >= SEC2_AALG_HMAC && aalg < SEC2_AALG_AES_XCBC)
		aalg -= SEC2_AALG_HMAC;
	for (i = 0; i < NB_HASHES; i++)
		if (hashes[i].aalg == aalg)
			return (int)i;
	return -1;
}

unsigned int
crypto_digest_len(unsigned int aalg)
{
	int i = hash_row(aalg);

	return i < 0 ? 0 : hashes[i].digest;
}

unsigned int
crypto_block_len(unsigned int aalg)
{
	int i = hash_row(aalg);

	return i < 0 ? 0 : hashes[i].block;
}

/* ------------------------------------------------------------------ keys */

static const char *
cipher_name(unsigned int calg, unsigned int cmode, unsigned int len)
{
	static const char *const aes[][3] = {
		[SEC2_CMODE_ECB] = { "AES-128-ECB", "AES-192-ECB", "AES-256-ECB" },
		[SEC2_CMODE_CBC] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" },
		[SEC2_CMODE_CFB] = { "AES-128-CFB", "AES-192-CFB", "AES-256-CFB" },
		[SEC2_CMODE_OFB] = { "AES-128-OFB", "AES-192-OFB", "AES-256-OFB" },
		[SEC2_CMODE_CTR] = { "AES-128-CTR", "AES-192-CTR", "AES-256-CTR" },
		[SEC2_CMODE_CCM] = { "AES-128-CCM", "AES-192-CCM", "AES-256-CCM" },
		[SEC2_CMODE_GCM] = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" },
		[SEC2_CMODE_CBC_CS] = { "AES-128-CBC-CTS", "AES-192-CBC-CTS", "AES-256-CBC-CTS" },
	};
	static const char *const sm4[] = {
		[SEC2_CMODE_ECB] = "SM4-ECB", [SEC2_CMODE_CBC] = "SM4-CBC", [SEC2_CMODE_CFB] = "SM4-CFB",
		[SEC2_CMODE_OFB] = "SM4-OFB", [SEC2_CMODE_CTR] = "SM4-CTR",
	};

	switch (calg) {
	case SEC2_CALG_AES:
		if (cmode == SEC2_CMODE_XTS)
			return len == 32 ? "AES-128-XTS" : len == 64 ? "AES-256-XTS" : NULL;
		if (cmode > SEC2_CMODE_CBC_CS || (len != 16 && len != 24 && len != 32))
			return NULL;
		return aes[cmode][len / 8 - 2];
	case SEC2_CALG_SM4:
		return cmode < sizeof(sm4) / sizeof(sm4[0]) ? sm4[cmode] : NULL;
	case SEC2_CALG_DES:
	case SEC2_CALG_3DES:
		return cmode == SEC2_CMODE_ECB ? "DES-EDE3-ECB" :
			cmode == SEC2_CMODE_CBC ? "DES-EDE3-CBC" : NULL;
	default:
		return NULL;
	}
}

/* A context of the named cipher: iv_len and tag_len 0 = the cipher's own. */
static EVP_CIPHER_CTX *
cipher_ctx(const char *name, const uint8_t *key, bool enc, unsigned int cs, unsigned int iv_len,
	unsigned int tag_len)
{
	static const char *const cs_names[] = { "", "CS1", "CS2", "CS3" };
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	OSSL_PARAM params[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	char cs_name[4] = "";

	if (cipher == NULL || ctx == NULL)
		goto fail;
	if (cs != 0) {
		memcpy(cs_name, cs_names[cs], sizeof(cs_name));
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, cs_name, 0);
	}
	if (!EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, enc, params))
		goto fail;
	if (iv_len != 0 && !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)iv_len, NULL))
		goto fail;
	if (tag_len != 0 && !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag_len, NULL))
		goto fail;
	if (!EVP_CipherInit_ex2(ctx, NULL, key, NULL, enc, NULL))
		goto fail;
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	EVP_CIPHER_free(cipher);
	return ctx;
fail:
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static int
build_cipher(uint32_t kind, const uint8_t *key, unsigned int len, struct ossl_key *out)
{
	unsigned int calg = KIND_A(kind) >> 4, cmode = KIND_A(kind) & 0xf;
	const char *name = cipher_name(calg, cmode, len);
	uint8_t des[24];
	bool enc = KIND_B(kind) == SEC2_CIPHER_ENC;

	if (name == NULL)
		return -ENOTSUP;
	if (calg == SEC2_CALG_DES || calg == SEC2_CALG_3DES) {
		memcpy(des, key, 8);
		memcpy(des + 8, key + (len > 8 ? 8 : 0), 8);
		memcpy(des + 16, key + (len > 16 ? 16 : 0), 8);
		key = des;
	}
	if (cmode == SEC2_CMODE_CCM)
		out->cipher = cipher_ctx(name, key, enc, 0, KIND_C(kind), KIND_D(kind));
	else
		out->cipher = cipher_ctx(name, key, enc,
			cmode == SEC2_CMODE_CBC_CS ? KIND_C(kind) : 0, 0, 0);
	explicit_bzero(des, sizeof(des));
	return out->cipher == NULL ? -ENOTSUP : 0;
}

static int
build_mac(uint32_t kind, const uint8_t *key, unsigned int len, struct ossl_key *out)
{
	unsigned int aalg = KIND_A(kind);
	bool cmac = aalg == SEC2_AALG_AES_CMAC;
	OSSL_PARAM params[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	char name[16] = "AES-128-CBC";
	EVP_MAC *mac;

	if (!cmac) {
		if (hash_row(aalg) < 0)
			return -ENOTSUP;
		strcpy(name, hashes[hash_row(aalg)].name);
	}
	params[0] = OSSL_PARAM_construct_utf8_string(
		cmac ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST, name, 0);
	mac = EVP_MAC_fetch(NULL, cmac ? "CMAC" : "HMAC", NULL);
	out->mac = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (out->mac == NULL || !EVP_MAC_init(out->mac, key, len, params)) {
		EVP_MAC_CTX_free(out->mac);
		return -ENOTSUP;
	}
	return 0;
}

/* RFC 3566: three keys, each the encryption of a constant block. */
static int
build_xcbc(const uint8_t *key, struct ossl_key *out)
{
	EVP_CIPHER_CTX *ecb = cipher_ctx("AES-128-ECB", key, true, 0, 0, 0);
	uint8_t block[48], k[48];
	int n, ret = -ENOTSUP;

	memset(block, 1, 16);
	memset(block + 16, 2, 16);
	memset(block + 32, 3, 16);
	if (ecb != NULL && EVP_CipherUpdate(ecb, k, &n, block, sizeof(block))) {
		out->cipher = cipher_ctx("AES-128-CBC", k, true, 0, 0, 0);
		memcpy(out->k2, k + 16, 16);
		memcpy(out->k3, k + 32, 16);
		ret = out->cipher == NULL ? -ENOTSUP : 0;
	}
	explicit_bzero(k, sizeof(k));
	EVP_CIPHER_CTX_free(ecb);
	return ret;
}

static int
build_sm4_aead(uint32_t kind, const uint8_t *key, struct ossl_key *out)
{
	bool gcm = KIND_A(kind) == SEC2_CMODE_GCM;

	out->cipher = cipher_ctx(gcm ? "SM4-ECB" : "SM4-CBC", key, true, 0, 0, 0);
	if (out->cipher != NULL && gcm)
		out->gcm = sm4_gcm_new(out->cipher);
	else if (out->cipher != NULL)
		out->second = cipher_ctx("SM4-CTR", key, true, 0, 0, 0);
	if (out->gcm != NULL || out->second != NULL)
		return 0;
	EVP_CIPHER_CTX_free(out->cipher);
	return -ENOTSUP;
}

static int
build_sm4_xts(uint32_t kind, const uint8_t *key, struct ossl_key *out)
{
	out->cipher = cipher_ctx("SM4-ECB", key, KIND_A(kind) == SEC2_CIPHER_ENC, 0, 0, 0);
	out->second = cipher_ctx("SM4-ECB", key + 16, true, 0, 0, 0);
	if (out->cipher != NULL && out->second != NULL)
		return 0;
	EVP_CIPHER_CTX_free(out->cipher);
	EVP_CIPHER_CTX_free(out->second);
	return -ENOTSUP;
}

static int
key_build(void *arg, uint32_t kind, const uint8_t *key, unsigned int len, void *out)
{
	switch (kind >> 24) {
	case CTX_CIPHER:
		return build_cipher(kind, key, len, out);
	case CTX_MAC:
		return build_mac(kind, key, len, out);
	case CTX_SM4_XTS:
		return build_sm4_xts(kind, key, out);
	case CTX_SM4_AEAD:
		return build_sm4_aead(kind, key, out);
	default:
		return build_xcbc(key, out);
	}
}

static void
key_drop(void *out)
{
	struct ossl_key *k = out;

	CRYPTO_gcm128_release(k->gcm);
	EVP_CIPHER_CTX_free(k->cipher);
	EVP_CIPHER_CTX_free(k->second);
	EVP_MAC_CTX_free(k->mac);
}

static const struct key_cache_ops key_ops = {
	.size = sizeof(struct ossl_key),
	.build = key_build,
	.drop = key_drop,
};

/* ------------------------------------------------------------------ ciphers */

static bool
do_sm4_xts(struct ossl *e, struct crypto_task *t)
{
	struct ossl_key *k = e->xts_any ? key_cache_get(e->keys, KIND(CTX_SM4_XTS, t->cipher, 0, 0, 0),
		t->ckey, t->ckey_len) : NULL;

	if (k == NULL)
		return false;
	sm4_xts_run(k->cipher, k->second, t);
	return true;
}

static bool
do_cipher(struct ossl *e, struct crypto_task *t)
{
	struct ossl_key *k = key_cache_get(e->keys,
		KIND(CTX_CIPHER, t->calg << 4 | t->cmode, t->cipher, t->cwidth, 0), t->ckey,
		t->ckey_len);
	int n = 0, last = 0;

	if (k == NULL)
		return false;
	t->status = CRYPTO_FAILED;
	if (EVP_CipherInit_ex2(k->cipher, NULL, NULL, t->cmode == SEC2_CMODE_ECB ? NULL : t->iv, -1,
			NULL) && EVP_CipherUpdate(k->cipher, t->cdst, &n, t->csrc, (int)t->clen) &&
			EVP_CipherFinal_ex(k->cipher, t->cdst + n, &last) &&
			(uint32_t)(n + last) == t->clen)
		t->status = CRYPTO_OK;
	return true;
}

static bool
do_any_cipher(struct ossl *e, struct crypto_task *t)
{
	bool sm4_xts = t->calg == SEC2_CALG_SM4 && t->cmode == SEC2_CMODE_XTS;

	return sm4_xts ? do_sm4_xts(e, t) : do_cipher(e, t);
}

static bool
do_sm4_aead(struct ossl *e, struct crypto_task *t)
{
	struct ossl_key *k = key_cache_get(e->keys, KIND(CTX_SM4_AEAD, t->cmode, 0, 0, 0), t->ckey,
		t->ckey_len);

	if (k == NULL)
		return false;
	if (k->gcm != NULL)
		sm4_gcm_run(k->gcm, t);
	else
		sm4_ccm_run(k->cipher, k->second, t);
	return true;
}

static bool
do_aead(struct ossl *e, struct crypto_task *t)
{
	bool ccm = t->cmode == SEC2_CMODE_CCM, enc = t->cipher == SEC2_CIPHER_ENC;
	struct ossl_key *k = key_cache_get(e->keys, KIND(CTX_CIPHER, t->calg << 4 | t->cmode,
		t->cipher, ccm ? t->iv_len : 0, ccm ? t->mac_len : 0), t->ckey, t->ckey_len);
	EVP_CIPHER_CTX *c;
	int n;

	if (k == NULL)
		return false;
	c = k->cipher;
	t->status = CRYPTO_FAILED;
	if (!EVP_CipherInit_ex2(c, NULL, NULL, t->iv, -1, NULL))
		return true;
	if (!enc && !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, t->mac_len, t->mac))
		return true;
	/* CCM wants the length first and all data in one call, and checks the tag in it. */
	if (ccm && !EVP_CipherUpdate(c, NULL, &n, NULL, (int)t->clen))
		return true;
	if (t->alen > 0 && !EVP_CipherUpdate(c, NULL, &n, t->asrc, (int)t->alen))
		return true;
	if ((ccm || t->clen > 0) && !EVP_CipherUpdate(c, t->cdst, &n, t->csrc, (int)t->clen)) {
		if (ccm && !enc)
			t->status = CRYPTO_AUTH_FAILED;
		return true;
	}
	if (!(ccm && !enc) && !EVP_CipherFinal_ex(c, t->digest, &n)) {
		if (!enc)
			t->status = CRYPTO_AUTH_FAILED;
		return true;
	}
	if (enc && !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, t->mac_len, t->mac))
		return true;
	t->status = CRYPTO_OK;
	return true;
}

static bool
do_any_aead(struct ossl *e, struct crypto_task *t)
{
	return t->calg == SEC2_CALG_SM4 ? do_sm4_aead(e, t) : do_aead(e, t);
}

/* ------------------------------------------------------------------ hashes and MACs */

static bool
do_xcbc(struct ossl *e, struct crypto_task *t)
{
	static const uint8_t zero_iv[16];
	struct ossl_key *k = key_cache_get(e->keys, KIND(CTX_XCBC, 0, 0, 0, 0), t->akey, t->akey_len);
	uint32_t done = 0, part, i, rest;
	uint8_t last[16] = { 0 }, out[1024];
	int n;

	if (k == NULL)
		return false;
	t->status = CRYPTO_FAILED;
	if (!EVP_CipherInit_ex2(k->cipher, NULL, NULL, zero_iv, -1, NULL))
		return true;
	/* All blocks but the last, whole or not, are plain CBC. */
	while (t->alen - done > 16) {
		part = (t->alen - done - 1) / 16 * 16;
		if (part > sizeof(out))
			part = sizeof(out);
		if (!EVP_CipherUpdate(k->cipher, out, &n, t->asrc + done, (int)part))
			return true;
		done += part;
	}
	rest = t->alen - done;
	memcpy(last, t->asrc + done, rest);
	if (rest < 16)
		last[rest] = 0x80;
	for (i = 0; i < 16; i++)
		last[i] ^= rest < 16 ? k->k3[i] : k->k2[i];
	if (EVP_CipherUpdate(k->cipher, t->digest, &n, last, sizeof(last)))
		t->status = CRYPTO_OK;
	return true;
}

static bool
do_gmac(struct ossl *e, struct crypto_task *t)
{
	struct ossl_key *k = key_cache_get(e->keys,
		KIND(CTX_CIPHER, SEC2_CALG_AES << 4 | SEC2_CMODE_GCM, SEC2_CIPHER_ENC, 0, 0), t->akey,
		t->akey_len);
	int n;

	if (k == NULL)
		return false;
	t->status = CRYPTO_FAILED;
	if (EVP_CipherInit_ex2(k->cipher, NULL, NULL, t->aiv, -1, NULL) &&
			(t->alen == 0 || EVP_CipherUpdate(k->cipher, NULL, &n, t->asrc, (int)t->alen)) &&
			EVP_CipherFinal_ex(k->cipher, t->digest, &n) &&
			EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_GET_TAG, 16, t->digest))
		t->status = CRYPTO_OK;
	return true;
}

static bool
do_hash(struct ossl *e, struct crypto_task *t)
{
	int row = hash_row(t->aalg);
	unsigned int n;

	if (row < 0 || e->md[t->aalg] == NULL)
		return false;
	t->status = CRYPTO_FAILED;
	if (EVP_DigestInit_ex2(e->md_ctx, e->md[t->aalg], NULL) &&
			EVP_DigestUpdate(e->md_ctx, t->asrc, t->alen) &&
			EVP_DigestFinal_ex(e->md_ctx, t->digest, &n))
		t->status = CRYPTO_OK;
	return true;
}

static bool
do_auth(struct ossl *e, struct crypto_task *t)
{
	struct ossl_key *k;
	size_t n;

	if (t->aalg < SEC2_AALG_HMAC || t->aalg == SEC2_AALG_SM3)
		return do_hash(e, t);
	if (t->aalg == SEC2_AALG_AES_XCBC)
		return do_xcbc(e, t);
	if (t->aalg == SEC2_AALG_AES_GMAC)
		return do_gmac(e, t);
	k = key_cache_get(e->keys, KIND(CTX_MAC, t->aalg, 0, 0, 0), t->akey, t->akey_len);
	if (k == NULL)
		return false;
	t->status = CRYPTO_FAILED;
	if (EVP_MAC_init(k->mac, NULL, 0, NULL) && EVP_MAC_update(k->mac, t->asrc, t->alen) &&
			EVP_MAC_final(k->mac, t->digest, &n, sizeof(t->digest)))
		t->status = CRYPTO_OK;
	return true;
}

/* ------------------------------------------------------------------ interface */

static unsigned int
each(void *e, struct crypto_task **t, unsigned int n, bool (*one)(struct ossl *, struct crypto_task *))
{
	unsigned int i, left = 0;

	for (i = 0; i < n; i++) {
		if (!t[i]->todo)
			continue;
		t[i]->todo = !one(e, t[i]);
		left += t[i]->todo;
	}
	return left;
}

static unsigned int
ossl_cipher(void *e, struct crypto_task **t, unsigned int n)
{
	return each(e, t, n, do_any_cipher);
}

static unsigned int
ossl_auth(void *e, struct crypto_task **t, unsigned int n)
{
	return each(e, t, n, do_auth);
}

static unsigned int
ossl_aead(void *e, struct crypto_task **t, unsigned int n)
{
	return each(e, t, n, do_any_aead);
}

static bool
ossl_usable(void)
{
	return true;
}

static void
ossl_fini(void *arg)
{
	struct ossl *e = arg;
	unsigned int i;

	for (i = 0; i < NB_HASHES; i++)
		EVP_MD_free(e->md[hashes[i].aalg]);
	EVP_MD_CTX_free(e->md_ctx);
	key_cache_free(e->keys);
	free(e);
}

static void *
ossl_init(void)
{
	struct ossl *e = calloc(1, sizeof(*e));
	unsigned int i;

	if (e == NULL)
		return NULL;
	for (i = 0; i < NB_HASHES; i++)
		e->md[hashes[i].aalg] = EVP_MD_fetch(NULL, hashes[i].name, NULL);
	e->xts_any = xts_any_usable();
	e->md_ctx = EVP_MD_CTX_new();
	e->keys = key_cache_new(&key_ops, e);
	if (e->md_ctx == NULL || e->keys == NULL) {
		ossl_fini(e);
		return NULL;
	}
	return e;
}

static void
ossl_begin(void *e)
{
	key_cache_begin(((struct ossl *)e)->keys);
}

const struct crypto_engine crypto_engine_openssl = {
	.name = "openssl",
	.usable = ossl_usable,
	.init = ossl_init,
	.fini = ossl_fini,
	.begin = ossl_begin,
	.cipher = ossl_cipher,
	.auth = ossl_auth,
	.aead = ossl_aead,
};
