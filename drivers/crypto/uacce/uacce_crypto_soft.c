/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages that the hardware does not take: digests of nothing, and AEAD tags of messages
 * without payload (on hardware v2 all of those, on later ones those without AAD too).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cmac.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "uacce_crypto.h"

/* Ciphers are fetched at queue set-up: a burst only sets keys. */
struct uacce_crypto_soft {
	EVP_CIPHER_CTX *ctx;
	EVP_CIPHER *gcm[3];     /* 128, 192, 256 bits */
	EVP_CIPHER *ccm[3];
	EVP_CIPHER *sm4_gcm;    /* NULL with OpenSSL < 3.1 */
};

struct uacce_crypto_soft *
uacce_crypto_soft_new(void)
{
	static const char *const gcm[] = {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"};
	static const char *const ccm[] = {"AES-128-CCM", "AES-192-CCM", "AES-256-CCM"};
	struct uacce_crypto_soft *soft = calloc(1, sizeof(*soft));
	unsigned int i;

	if (soft == NULL)
		return NULL;
	soft->ctx = EVP_CIPHER_CTX_new();
	if (soft->ctx == NULL)
		goto fail;
	for (i = 0; i < RTE_DIM(gcm); i++) {
		soft->gcm[i] = EVP_CIPHER_fetch(NULL, gcm[i], NULL);
		soft->ccm[i] = EVP_CIPHER_fetch(NULL, ccm[i], NULL);
		if (soft->gcm[i] == NULL || soft->ccm[i] == NULL)
			goto fail;
	}
	soft->sm4_gcm = EVP_CIPHER_fetch(NULL, "SM4-GCM", NULL);
	return soft;
fail:
	uacce_crypto_soft_free(soft);
	return NULL;
}

void
uacce_crypto_soft_free(struct uacce_crypto_soft *soft)
{
	unsigned int i;

	if (soft == NULL)
		return;
	EVP_CIPHER_CTX_free(soft->ctx);
	for (i = 0; i < RTE_DIM(soft->gcm); i++) {
		EVP_CIPHER_free(soft->gcm[i]);
		EVP_CIPHER_free(soft->ccm[i]);
	}
	EVP_CIPHER_free(soft->sm4_gcm);
	free(soft);
}

static const char *
hash_name(enum wd_auth auth)
{
	switch (auth) {
	case WD_AUTH_MD5:
	case WD_AUTH_MD5_HMAC:
		return "MD5";
	case WD_AUTH_SHA1:
	case WD_AUTH_SHA1_HMAC:
		return "SHA1";
	case WD_AUTH_SHA224:
	case WD_AUTH_SHA224_HMAC:
		return "SHA224";
	case WD_AUTH_SHA256:
	case WD_AUTH_SHA256_HMAC:
		return "SHA256";
	case WD_AUTH_SHA384:
	case WD_AUTH_SHA384_HMAC:
		return "SHA384";
	case WD_AUTH_SHA512:
	case WD_AUTH_SHA512_HMAC:
		return "SHA512";
	case WD_AUTH_SM3:
	case WD_AUTH_SM3_HMAC:
		return "SM3";
	default:
		return NULL;
	}
}

/* RFC 3566: K1, K2, K3 are encryptions of constants; no data = one padded block under K3. */
static int
xcbc_empty(const uint8_t *key, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t consts[32], keys[32], block[16] = {0x80};
	int ok, len, i;

	if (ctx == NULL)
		return -ENOMEM;
	memset(consts, 0x01, 16);
	memset(consts + 16, 0x03, 16);
	ok = EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL) &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	     EVP_EncryptUpdate(ctx, keys, &len, consts, sizeof(consts));
	for (i = 0; i < 16; i++)
		block[i] ^= keys[16 + i];
	ok = ok && EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, keys, NULL) &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	     EVP_EncryptUpdate(ctx, out, &len, block, sizeof(block));
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(keys, sizeof(keys));
	return ok ? 0 : -EIO;
}

static int
mac_empty(const char *name, OSSL_PARAM *params, const uint8_t *key, size_t key_len, uint8_t *out)
{
	static const uint8_t none[1];
	EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t len;
	int ok;

	ok = ctx != NULL && EVP_MAC_init(ctx, key_len ? key : none, key_len, params) &&
	     EVP_MAC_final(ctx, out, &len, UACCE_EMPTY_DIGEST_MAX);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return ok ? 0 : -EIO;
}

static int
hash_empty(const char *name, uint8_t *out)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	unsigned int len;
	int ok;

	ok = md != NULL && EVP_Digest("", 0, out, &len, md, NULL);
	EVP_MD_free(md);
	return ok ? 0 : -EIO;
}

int
uacce_crypto_soft_hash_key(enum wd_auth auth, const uint8_t *key, size_t key_len,
	uint8_t out[UACCE_EMPTY_DIGEST_MAX], uint16_t *out_len)
{
	const char *name = hash_name(auth);
	EVP_MD *md = name ? EVP_MD_fetch(NULL, name, NULL) : NULL;
	unsigned int len = 0;
	int ok;

	ok = md != NULL && EVP_Digest(key, key_len, out, &len, md, NULL);
	EVP_MD_free(md);
	*out_len = len;
	return ok ? 0 : -ENOTSUP;
}

int
uacce_crypto_soft_empty_digest(uint8_t out[UACCE_EMPTY_DIGEST_MAX],
	const struct wd_crypto_xform *x)
{
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
	const char *hash = hash_name(x->auth);
	char name[16];

	if (x->auth == WD_AUTH_AES_XCBC_MAC)
		return xcbc_empty(x->auth_key, out);
	if (x->auth == WD_AUTH_AES_CMAC) {
		snprintf(name, sizeof(name), "AES-128-CBC");
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, name, 0);
		return mac_empty("CMAC", params, x->auth_key, x->auth_key_len, out);
	}
	if (hash == NULL)
		return -ENOTSUP;
	if (x->auth < WD_AUTH_MD5_HMAC)
		return hash_empty(hash, out);
	snprintf(name, sizeof(name), "%s", hash);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	return mac_empty("HMAC", params, x->auth_key, x->auth_key_len, out);
}

enum wd_status
uacce_crypto_soft_digest(const struct uacce_crypto_sess *s, const uint8_t *digest, uint8_t *out)
{
	if (s->verify)
		return CRYPTO_memcmp(digest, out, s->digest_len) == 0 ? WD_OK : WD_AUTH_FAILED;
	memcpy(out, digest, s->digest_len);
	return WD_OK;
}

static const EVP_CIPHER *
aead_cipher(const struct uacce_crypto_soft *soft, const struct uacce_crypto_sess *s)
{
	unsigned int i = s->key_len / 8 - 2;

	if (i >= RTE_DIM(soft->gcm))
		return NULL;
	switch (s->aead) {
	case WD_AEAD_AES_CCM:
		return soft->ccm[i];
	case WD_AEAD_SM4_GCM:
		return soft->sm4_gcm;
	case WD_AEAD_AES_GCM:
	case WD_AEAD_NONE:      /* GMAC */
		return soft->gcm[i];
	default:
		return NULL;
	}
}

/* The tag is always made, and compared here: in constant time, and without a second path. */
enum wd_status
uacce_crypto_soft_tag(struct uacce_crypto_soft *soft, const struct uacce_crypto_sess *s,
	const uint8_t *iv, const uint8_t *aad, uint32_t aad_len, uint8_t *tag)
{
	const EVP_CIPHER *cipher = aead_cipher(soft, s);
	bool ccm = s->aead == WD_AEAD_AES_CCM;
	uint8_t made[16], none[16];
	int len = 0, ok;

	ok = cipher != NULL && EVP_EncryptInit_ex2(soft->ctx, cipher, NULL, NULL, NULL) &&
	     EVP_CIPHER_CTX_ctrl(soft->ctx, EVP_CTRL_AEAD_SET_IVLEN, s->iv_len, NULL) &&
	     (!ccm || EVP_CIPHER_CTX_ctrl(soft->ctx, EVP_CTRL_AEAD_SET_TAG, s->digest_len, NULL)) &&
	     EVP_EncryptInit_ex2(soft->ctx, NULL, s->key, iv, NULL) &&
	     (!ccm || EVP_EncryptUpdate(soft->ctx, NULL, &len, NULL, 0)) &&
	     (aad_len == 0 || EVP_EncryptUpdate(soft->ctx, NULL, &len, aad, aad_len)) &&
	     (!ccm || EVP_EncryptUpdate(soft->ctx, none, &len, none, 0)) &&
	     EVP_EncryptFinal_ex(soft->ctx, none, &len) &&
	     EVP_CIPHER_CTX_ctrl(soft->ctx, EVP_CTRL_AEAD_GET_TAG, s->digest_len, made);
	EVP_CIPHER_CTX_reset(soft->ctx);
	if (!ok)
		return WD_BAD_REQ;
	return uacce_crypto_soft_digest(s, made, tag);
}
