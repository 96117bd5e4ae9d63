/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages that the hardware does not take, through libcrypto: digests of nothing, AEAD tags of
 * messages without payload, chains with an empty region, digests that are encrypted themselves.
 * Rare by nature; libcrypto may allocate here, which the rest of a burst never does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "uacce_crypto.h"

struct uacce_crypto_soft {
	EVP_CIPHER_CTX *ctx;
	uint8_t *buf;
};

/*
 * What libcrypto does at the first fetch of a kind it does now: of two threads that come to it at
 * once, the second one may be told that there is no such algorithm (OpenSSL 3.0).
 */
static void
warm_up(void)
{
	EVP_CIPHER_free(EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL));
	EVP_MAC_free(EVP_MAC_fetch(NULL, "HMAC", NULL));
	EVP_MD_free(EVP_MD_fetch(NULL, "SHA1", NULL));
}

struct uacce_crypto_soft *
uacce_crypto_soft_new(void)
{
	struct uacce_crypto_soft *soft = calloc(1, sizeof(*soft));

	if (soft == NULL)
		return NULL;
	soft->ctx = EVP_CIPHER_CTX_new();
	soft->buf = malloc(UACCE_SOFT_MAX_LEN);
	if (soft->ctx == NULL || soft->buf == NULL) {
		uacce_crypto_soft_free(soft);
		return NULL;
	}
	warm_up();
	return soft;
}

void
uacce_crypto_soft_free(struct uacce_crypto_soft *soft)
{
	if (soft == NULL)
		return;
	EVP_CIPHER_CTX_free(soft->ctx);
	free(soft->buf);
	free(soft);
}

uint8_t *
uacce_crypto_soft_buf(struct uacce_crypto_soft *soft)
{
	return soft->buf;
}

/* ------------------------------------------------------------------ digests */

static const char *
hash_name(enum wd_auth auth)
{
	static const char *const names[WD_AUTH_MAX] = {
		[WD_AUTH_MD5] = "MD5", [WD_AUTH_MD5_HMAC] = "MD5",
		[WD_AUTH_SHA1] = "SHA1", [WD_AUTH_SHA1_HMAC] = "SHA1",
		[WD_AUTH_SHA224] = "SHA224", [WD_AUTH_SHA224_HMAC] = "SHA224",
		[WD_AUTH_SHA256] = "SHA256", [WD_AUTH_SHA256_HMAC] = "SHA256",
		[WD_AUTH_SHA384] = "SHA384", [WD_AUTH_SHA384_HMAC] = "SHA384",
		[WD_AUTH_SHA512] = "SHA512", [WD_AUTH_SHA512_HMAC] = "SHA512",
		[WD_AUTH_SM3] = "SM3", [WD_AUTH_SM3_HMAC] = "SM3",
	};

	return auth < WD_AUTH_MAX ? names[auth] : NULL;
}

static int
hash(const char *name, const uint8_t *data, size_t data_len, uint8_t *out, unsigned int *out_len)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	int ok;

	ok = md != NULL && EVP_Digest(data, data_len, out, out_len, md, NULL);
	EVP_MD_free(md);
	return ok ? 0 : -ENOTSUP;
}

int
uacce_crypto_soft_hash_key(enum wd_auth auth, const uint8_t *key, size_t key_len,
	uint8_t out[UACCE_DIGEST_MAX], uint16_t *out_len)
{
	const char *name = hash_name(auth);
	unsigned int len = 0;
	int ret;

	ret = name ? hash(name, key, key_len, out, &len) : -ENOTSUP;
	*out_len = len;
	return ret;
}

static bool
aes_block(EVP_CIPHER_CTX *ctx, const uint8_t *in, uint8_t *out)
{
	int len;

	return EVP_EncryptUpdate(ctx, out, &len, in, 16);
}

static bool
aes_key(EVP_CIPHER_CTX *ctx, const uint8_t *key)
{
	return EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0);
}

/* RFC 3566: K1, K2 and K3 are encryptions of constants; the last block is masked with K2 or K3. */
static int
xcbc(const uint8_t *key, const uint8_t *data, size_t data_len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t k[3][16], e[16] = {0}, last[16] = {0};
	unsigned int i, n;
	bool ok;

	ok = ctx != NULL && aes_key(ctx, key);
	for (i = 0; ok && i < 3; i++) {
		memset(last, i + 1, sizeof(last));
		ok = aes_block(ctx, last, k[i]);
	}
	ok = ok && aes_key(ctx, k[0]);
	for (; ok && data_len > 16; data += 16, data_len -= 16) {
		for (i = 0; i < 16; i++)
			e[i] ^= data[i];
		ok = aes_block(ctx, e, e);
	}
	memset(last, 0, sizeof(last));
	if (data_len != 0)
		memcpy(last, data, data_len);
	n = data_len == 16 ? 1 : 2;
	if (data_len < 16)
		last[data_len] = 0x80;
	for (i = 0; i < 16; i++)
		e[i] ^= last[i] ^ k[n][i];
	ok = ok && aes_block(ctx, e, out);
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(k, sizeof(k));
	return ok ? 0 : -EIO;
}

static int
mac(const char *name, const char *param, const char *value, const uint8_t *key, size_t key_len,
	const uint8_t *data, size_t data_len, uint8_t *out)
{
	static const uint8_t none[1];
	char copy[16];
	OSSL_PARAM params[2];
	EVP_MAC *type = EVP_MAC_fetch(NULL, name, NULL);
	EVP_MAC_CTX *ctx = type ? EVP_MAC_CTX_new(type) : NULL;
	size_t len;
	int ok;

	snprintf(copy, sizeof(copy), "%s", value);
	params[0] = OSSL_PARAM_construct_utf8_string(param, copy, 0);
	params[1] = OSSL_PARAM_construct_end();
	ok = ctx != NULL && EVP_MAC_init(ctx, key_len ? key : none, key_len, params) &&
	     EVP_MAC_update(ctx, data_len ? data : none, data_len) &&
	     EVP_MAC_final(ctx, out, &len, UACCE_DIGEST_MAX);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(type);
	return ok ? 0 : -ENOTSUP;
}

int
uacce_crypto_soft_auth(enum wd_auth auth, const uint8_t *key, size_t key_len,
	const uint8_t *data, size_t len, uint8_t out[UACCE_DIGEST_MAX])
{
	const char *name = hash_name(auth);
	unsigned int n;

	if (auth == WD_AUTH_AES_XCBC_MAC)
		return xcbc(key, data, len, out);
	if (auth == WD_AUTH_AES_CMAC)
		return mac("CMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-CBC", key, key_len, data, len,
			out);
	if (name == NULL)
		return -ENOTSUP;
	if (auth < WD_AUTH_MD5_HMAC)
		return hash(name, data, len, out, &n);
	return mac("HMAC", OSSL_MAC_PARAM_DIGEST, name, key, key_len, data, len, out);
}

enum wd_status
uacce_crypto_soft_digest(const struct uacce_crypto_sess *s, const uint8_t *digest, uint8_t *out)
{
	if (s->verify)
		return CRYPTO_memcmp(digest, out, s->digest_len) == 0 ? WD_OK : WD_AUTH_FAILED;
	memcpy(out, digest, s->digest_len);
	return WD_OK;
}

/* ------------------------------------------------------------------ AEAD */

static const EVP_CIPHER *
by_key(uint16_t key_len, const EVP_CIPHER *a, const EVP_CIPHER *b, const EVP_CIPHER *c)
{
	return key_len == 16 ? a : key_len == 24 ? b : c;
}

static const EVP_CIPHER *
aead_cipher(const struct uacce_crypto_sess *s)
{
	switch (s->aead) {
	case WD_AEAD_AES_CCM:
		return by_key(s->key_len, EVP_aes_128_ccm(), EVP_aes_192_ccm(), EVP_aes_256_ccm());
	case WD_AEAD_AES_GCM:
	case WD_AEAD_NONE:      /* GMAC */
		return by_key(s->key_len, EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm());
	default:
		return NULL;
	}
}

/* The tag is always made, and compared here: in constant time, and without a second path. */
enum wd_status
uacce_crypto_soft_tag(struct uacce_crypto_soft *soft, const struct uacce_crypto_sess *s,
	const uint8_t *iv, const uint8_t *aad, uint32_t aad_len, uint8_t *tag)
{
	/* Newer than the oldest libcrypto that will do, hence by name. */
	EVP_CIPHER *sm4 = s->aead == WD_AEAD_SM4_GCM ? EVP_CIPHER_fetch(NULL, "SM4-GCM", NULL) :
						       NULL;
	const EVP_CIPHER *cipher = sm4 ? sm4 : aead_cipher(s);
	bool ccm = s->aead == WD_AEAD_AES_CCM;
	EVP_CIPHER_CTX *ctx = soft->ctx;
	uint8_t made[16], none[16];
	int len = 0, ok;

	ok = cipher != NULL && EVP_EncryptInit_ex(ctx, cipher, NULL, NULL, NULL) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, s->iv_len, NULL) &&
	     (!ccm || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, s->digest_len, NULL)) &&
	     EVP_EncryptInit_ex(ctx, NULL, NULL, s->key, iv) &&
	     (!ccm || EVP_EncryptUpdate(ctx, NULL, &len, NULL, 0)) &&
	     (aad_len == 0 || EVP_EncryptUpdate(ctx, NULL, &len, aad, aad_len)) &&
	     (!ccm || EVP_EncryptUpdate(ctx, none, &len, none, 0)) &&
	     EVP_EncryptFinal_ex(ctx, none, &len) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, s->digest_len, made);
	EVP_CIPHER_CTX_reset(ctx);
	EVP_CIPHER_free(sm4);
	return ok ? uacce_crypto_soft_digest(s, made, tag) : WD_BAD_REQ;
}

/* ------------------------------------------------------------------ chains */

static const EVP_CIPHER *
plain_cipher(const struct uacce_crypto_sess *s)
{
	uint16_t n = s->key_len;

	switch (s->cipher) {
	case WD_CIPHER_AES_ECB:
		return by_key(n, EVP_aes_128_ecb(), EVP_aes_192_ecb(), EVP_aes_256_ecb());
	case WD_CIPHER_AES_CBC:
		return by_key(n, EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc());
	case WD_CIPHER_AES_CTR:
		return by_key(n, EVP_aes_128_ctr(), EVP_aes_192_ctr(), EVP_aes_256_ctr());
	case WD_CIPHER_AES_XTS:
		return n == 32 ? EVP_aes_128_xts() : EVP_aes_256_xts();
	case WD_CIPHER_3DES_ECB:
		return n == 16 ? EVP_des_ede_ecb() : EVP_des_ede3_ecb();
	case WD_CIPHER_DES_CBC:
	case WD_CIPHER_3DES_CBC:
		return n == 16 ? EVP_des_ede_cbc() : EVP_des_ede3_cbc();
	case WD_CIPHER_SM4_ECB:
		return EVP_sm4_ecb();
	case WD_CIPHER_SM4_CBC:
		return EVP_sm4_cbc();
	case WD_CIPHER_SM4_CTR:
		return EVP_sm4_ctr();
	default:
		return NULL;
	}
}

static bool
run_cipher(EVP_CIPHER_CTX *ctx, const struct uacce_crypto_sess *s, const uint8_t *iv,
	uint8_t *data, uint32_t len)
{
	const EVP_CIPHER *cipher = plain_cipher(s);
	uint8_t block[UACCE_CTR_BLOCK] = {[15] = 1};
	int n = 0, rest = 0, ok;

	if (len == 0)
		return true;
	if (s->ctr_iv_12)
		iv = memcpy(block, iv, 12);
	ok = cipher != NULL && EVP_CipherInit_ex(ctx, cipher, NULL, s->key, iv, s->encrypt) &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) && EVP_CipherUpdate(ctx, data, &n, data, len) &&
	     EVP_CipherFinal_ex(ctx, data + n, &rest) && (uint32_t)(n + rest) == len;
	EVP_CIPHER_CTX_reset(ctx);
	return ok;
}

enum wd_status
uacce_crypto_soft_chain(struct uacce_crypto_soft *soft, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, uint8_t *buf)
{
	uint8_t *c = buf + (msg->c_off - msg->off), *a = buf + (msg->a_off - msg->off);
	uint8_t *out = msg->nested ? a + msg->a_len : msg->digest.va;
	uint8_t digest[UACCE_DIGEST_MAX];
	enum wd_status status = WD_OK;

	if (!s->auth_first && !run_cipher(soft->ctx, s, msg->iv.va, c, msg->c_len))
		return WD_BAD_REQ;
	if (uacce_crypto_soft_auth(s->auth, s->auth_key, s->auth_key_len, a, msg->a_len,
			digest) != 0)
		return WD_BAD_REQ;
	status = uacce_crypto_soft_digest(s, digest, out);
	OPENSSL_cleanse(digest, sizeof(digest));
	if (s->auth_first && !run_cipher(soft->ctx, s, msg->iv.va, c, msg->c_len))
		return WD_BAD_REQ;
	return status;
}
