/* SPDX-License-Identifier: BSD-3-Clause */
/* The reference: OpenSSL, and XCBC-MAC (RFC 3566), which OpenSSL lacks, out of its AES. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "ct.h"

struct ct_ref {
	OSSL_PROVIDER *legacy;
	OSSL_PROVIDER *standard;
	EVP_CIPHER_CTX *cipher;
	EVP_MD_CTX *md;
	EVP_MAC *hmac;
	EVP_MAC *cmac;
	EVP_MAC_CTX *hmac_ctx;
	EVP_MAC_CTX *cmac_ctx;
};

struct ct_ref *
ct_ref_new(void)
{
	struct ct_ref *ref = calloc(1, sizeof(*ref));

	if (ref == NULL)
		exit(1);
	/* DES is there. */
	ref->legacy = OSSL_PROVIDER_load(NULL, "legacy");
	ref->standard = OSSL_PROVIDER_load(NULL, "default");
	ref->cipher = EVP_CIPHER_CTX_new();
	ref->md = EVP_MD_CTX_new();
	ref->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ref->cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	ref->hmac_ctx = EVP_MAC_CTX_new(ref->hmac);
	ref->cmac_ctx = EVP_MAC_CTX_new(ref->cmac);
	return ref;
}

void
ct_ref_free(struct ct_ref *ref)
{
	EVP_CIPHER_CTX_free(ref->cipher);
	EVP_MD_CTX_free(ref->md);
	EVP_MAC_CTX_free(ref->hmac_ctx);
	EVP_MAC_CTX_free(ref->cmac_ctx);
	EVP_MAC_free(ref->hmac);
	EVP_MAC_free(ref->cmac);
	OSSL_PROVIDER_unload(ref->legacy);
	OSSL_PROVIDER_unload(ref->standard);
	free(ref);
}

static const EVP_CIPHER *
by_key(uint32_t key_len, const EVP_CIPHER *a, const EVP_CIPHER *b, const EVP_CIPHER *c)
{
	return key_len == 16 ? a : key_len == 24 ? b : c;
}

static const EVP_CIPHER *
cipher_of(enum rte_crypto_cipher_algorithm alg, uint32_t key_len)
{
	switch (alg) {
	case RTE_CRYPTO_CIPHER_AES_ECB:
		return by_key(key_len, EVP_aes_128_ecb(), EVP_aes_192_ecb(), EVP_aes_256_ecb());
	case RTE_CRYPTO_CIPHER_AES_CBC:
		return by_key(key_len, EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc());
	case RTE_CRYPTO_CIPHER_AES_CTR:
		return by_key(key_len, EVP_aes_128_ctr(), EVP_aes_192_ctr(), EVP_aes_256_ctr());
	case RTE_CRYPTO_CIPHER_AES_XTS:
		return key_len == 32 ? EVP_aes_128_xts() : EVP_aes_256_xts();
	case RTE_CRYPTO_CIPHER_DES_CBC:
		return EVP_des_cbc();
	case RTE_CRYPTO_CIPHER_3DES_CBC:
		return by_key(key_len, EVP_des_ede_cbc(), EVP_des_ede3_cbc(), EVP_des_cbc());
	case RTE_CRYPTO_CIPHER_3DES_ECB:
		return by_key(key_len, EVP_des_ede_ecb(), EVP_des_ede3_ecb(), EVP_des_ecb());
	case RTE_CRYPTO_CIPHER_SM4_ECB:
		return EVP_sm4_ecb();
	case RTE_CRYPTO_CIPHER_SM4_CBC:
		return EVP_sm4_cbc();
	case RTE_CRYPTO_CIPHER_SM4_CTR:
		return EVP_sm4_ctr();
	default:
		return NULL;
	}
}

int
ct_ref_cipher(struct ct_ref *ref, enum rte_crypto_cipher_algorithm alg, bool encrypt,
	const uint8_t *key, uint32_t key_len, const uint8_t *iv, const uint8_t *in, uint8_t *out,
	uint32_t len)
{
	const EVP_CIPHER *c = cipher_of(alg, key_len);
	int n = 0, rest = 0;

	if (alg == RTE_CRYPTO_CIPHER_NULL) {
		memcpy(out, in, len);
		return 0;
	}
	if (c == NULL)
		return -1;
	if (len == 0)
		return 0;
	return EVP_CipherInit_ex(ref->cipher, c, NULL, key, iv, encrypt) &&
	       EVP_CIPHER_CTX_set_padding(ref->cipher, 0) &&
	       EVP_CipherUpdate(ref->cipher, out, &n, in, len) &&
	       EVP_CipherFinal_ex(ref->cipher, out + n, &rest) && n + rest == (int)len ? 0 : -1;
}

static const char *
hash_of(enum rte_crypto_auth_algorithm alg, bool *hmac)
{
	*hmac = true;
	switch (alg) {
	case RTE_CRYPTO_AUTH_MD5_HMAC:
		return "MD5";
	case RTE_CRYPTO_AUTH_SHA1_HMAC:
		return "SHA1";
	case RTE_CRYPTO_AUTH_SHA224_HMAC:
		return "SHA224";
	case RTE_CRYPTO_AUTH_SHA256_HMAC:
		return "SHA256";
	case RTE_CRYPTO_AUTH_SHA384_HMAC:
		return "SHA384";
	case RTE_CRYPTO_AUTH_SHA512_HMAC:
		return "SHA512";
	default:
		break;
	}
	*hmac = false;
	switch (alg) {
	case RTE_CRYPTO_AUTH_MD5:
		return "MD5";
	case RTE_CRYPTO_AUTH_SHA1:
		return "SHA1";
	case RTE_CRYPTO_AUTH_SHA224:
		return "SHA224";
	case RTE_CRYPTO_AUTH_SHA256:
		return "SHA256";
	case RTE_CRYPTO_AUTH_SHA384:
		return "SHA384";
	case RTE_CRYPTO_AUTH_SHA512:
		return "SHA512";
	case RTE_CRYPTO_AUTH_SM3:
		return "SM3";
	default:
		return NULL;
	}
}

static int
mac(EVP_MAC_CTX *ctx, const char *param, const char *value, const uint8_t *key, uint32_t key_len,
	const uint8_t *in, uint32_t len, uint8_t digest[64])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(param, (char *)(uintptr_t)value, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t n;

	return EVP_MAC_init(ctx, key, key_len, params) && EVP_MAC_update(ctx, in, len) &&
	       EVP_MAC_final(ctx, digest, &n, 64) ? 0 : -1;
}

static void
aes_block(struct ct_ref *ref, const uint8_t *key, const uint8_t *in, uint8_t *out)
{
	int n;

	EVP_EncryptInit_ex(ref->cipher, EVP_aes_128_ecb(), NULL, key, NULL);
	EVP_CIPHER_CTX_set_padding(ref->cipher, 0);
	EVP_EncryptUpdate(ref->cipher, out, &n, in, 16);
}

static int
xcbc(struct ct_ref *ref, const uint8_t *key, const uint8_t *in, uint32_t len, uint8_t *digest)
{
	uint8_t k[3][16], e[16] = {0}, block[16];
	uint32_t i, part;
	int j;

	for (i = 0; i < 3; i++) {
		memset(block, i + 1, sizeof(block));
		aes_block(ref, key, block, k[i]);
	}
	for (;;) {
		part = RTE_MIN(len, 16u);
		memset(block, 0, sizeof(block));
		memcpy(block, in, part);
		if (len > 16) {
			for (j = 0; j < 16; j++)
				e[j] ^= block[j];
			aes_block(ref, k[0], e, e);
			in += 16;
			len -= 16;
			continue;
		}
		if (part < 16)
			block[part] = 0x80;
		for (j = 0; j < 16; j++)
			e[j] ^= block[j] ^ k[part == 16 ? 1 : 2][j];
		aes_block(ref, k[0], e, digest);
		return 0;
	}
}

int
ct_ref_auth(struct ct_ref *ref, enum rte_crypto_auth_algorithm alg, const uint8_t *key,
	uint32_t key_len, const uint8_t *iv, const uint8_t *in, uint32_t len, uint8_t digest[64])
{
	unsigned int n;
	const char *name;
	bool hmac;

	switch (alg) {
	case RTE_CRYPTO_AUTH_AES_GMAC:
		return ct_ref_aead(ref, RTE_CRYPTO_AEAD_AES_GCM, key, key_len, iv, 12, in,
			len, NULL, NULL, 0, digest, 16);
	case RTE_CRYPTO_AUTH_AES_CMAC:
		return mac(ref->cmac_ctx, OSSL_MAC_PARAM_CIPHER, "AES-128-CBC", key, key_len, in,
			len, digest);
	case RTE_CRYPTO_AUTH_AES_XCBC_MAC:
		return xcbc(ref, key, in, len, digest);
	default:
		break;
	}
	name = hash_of(alg, &hmac);
	if (name == NULL)
		return -1;
	if (hmac)
		return mac(ref->hmac_ctx, OSSL_MAC_PARAM_DIGEST, name, key, key_len, in, len,
			digest);
	return EVP_DigestInit_ex(ref->md, EVP_get_digestbyname(name), NULL) &&
	       EVP_DigestUpdate(ref->md, in, len) && EVP_DigestFinal_ex(ref->md, digest, &n) ?
	       0 : -1;
}

static const EVP_CIPHER *
aead_of(enum rte_crypto_aead_algorithm alg, uint32_t key_len)
{
	if (alg == RTE_CRYPTO_AEAD_AES_GCM)
		return by_key(key_len, EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm());
	if (alg == RTE_CRYPTO_AEAD_AES_CCM)
		return by_key(key_len, EVP_aes_128_ccm(), EVP_aes_192_ccm(), EVP_aes_256_ccm());
	return NULL;
}

int
ct_ref_aead(struct ct_ref *ref, enum rte_crypto_aead_algorithm alg, const uint8_t *key,
	uint32_t key_len, const uint8_t *iv, uint32_t iv_len, const uint8_t *aad,
	uint32_t aad_len, const uint8_t *in, uint8_t *out, uint32_t len, uint8_t *tag,
	uint32_t tag_len)
{
	const EVP_CIPHER *c = aead_of(alg, key_len);
	bool ccm = alg == RTE_CRYPTO_AEAD_AES_CCM;
	EVP_CIPHER_CTX *ctx = ref->cipher;
	uint8_t none[16];
	int n;

	if (c == NULL)
		return -1;
	return EVP_EncryptInit_ex(ctx, c, NULL, NULL, NULL) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, iv_len, NULL) &&
	       (!ccm || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, tag_len, NULL)) &&
	       EVP_EncryptInit_ex(ctx, NULL, NULL, key, iv) &&
	       (!ccm || EVP_EncryptUpdate(ctx, NULL, &n, NULL, len)) &&
	       (aad_len == 0 || EVP_EncryptUpdate(ctx, NULL, &n, aad, aad_len)) &&
	       ((len == 0 && !ccm) || EVP_EncryptUpdate(ctx, len ? out : none, &n,
		       len ? in : none, len)) &&
	       EVP_EncryptFinal_ex(ctx, none, &n) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, tag_len, tag) ? 0 : -1;
}
