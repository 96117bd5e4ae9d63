/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <openssl/crypto.h>

#include "openssl_sm4.h"

#define BLOCK           16

/* One block in the context's direction. */
static void
crypt_block(const unsigned char in[BLOCK], unsigned char out[BLOCK], const void *key)
{
	union {
		const void *in;
		EVP_CIPHER_CTX *ctx;
	} u = { .in = key };
	int n;

	if (!EVP_CipherUpdate(u.ctx, out, &n, in, BLOCK))
		memset(out, 0, BLOCK);
}

/* ------------------------------------------------------------------ GCM */

GCM128_CONTEXT *
sm4_gcm_new(EVP_CIPHER_CTX *ecb)
{
	return CRYPTO_gcm128_new(ecb, crypt_block);
}

void
sm4_gcm_run(GCM128_CONTEXT *gcm, struct crypto_task *t)
{
	bool enc = t->cipher == SEC2_CIPHER_ENC;

	t->status = CRYPTO_FAILED;
	CRYPTO_gcm128_setiv(gcm, t->iv, 12);
	if ((t->alen > 0 && CRYPTO_gcm128_aad(gcm, t->asrc, t->alen) != 0) || (t->clen > 0 &&
			(enc ? CRYPTO_gcm128_encrypt : CRYPTO_gcm128_decrypt)(gcm, t->csrc, t->cdst,
			t->clen) != 0))
		return;
	t->status = CRYPTO_OK;
	if (enc)
		CRYPTO_gcm128_tag(gcm, t->mac, t->mac_len);
	else if (CRYPTO_gcm128_finish(gcm, t->mac, t->mac_len) != 0)
		t->status = CRYPTO_AUTH_FAILED;
}

/* ------------------------------------------------------------------ CCM */

/* A CBC-MAC that takes its message in any pieces. */
struct cbc_mac {
	EVP_CIPHER_CTX *cbc;
	uint8_t part[BLOCK];    /* of the block not complete yet */
	unsigned int fill;
	uint8_t mac[BLOCK];
	bool ok;
};

static void
mac_blocks(struct cbc_mac *m, const uint8_t *data, size_t len)
{
	uint8_t out[1024];
	size_t now;
	int n;

	for (; len > 0 && m->ok; data += now, len -= now) {
		now = len < sizeof(out) ? len : sizeof(out);
		m->ok = EVP_CipherUpdate(m->cbc, out, &n, data, (int)now) && (size_t)n == now;
		memcpy(m->mac, out + now - BLOCK, BLOCK);
	}
}

static void
mac_add(struct cbc_mac *m, const uint8_t *data, size_t len)
{
	size_t now;

	if (m->fill > 0) {
		now = len < BLOCK - m->fill ? len : BLOCK - m->fill;
		memcpy(m->part + m->fill, data, now);
		m->fill += (unsigned int)now;
		data += now;
		len -= now;
		if (m->fill < BLOCK)
			return;
		mac_blocks(m, m->part, BLOCK);
		m->fill = 0;
	}
	now = len / BLOCK * BLOCK;
	mac_blocks(m, data, now);
	memcpy(m->part, data + now, len - now);
	m->fill = (unsigned int)(len - now);
}

/* Fills the last block up with zeros. */
static void
mac_pad(struct cbc_mac *m)
{
	static const uint8_t zero[BLOCK];

	if (m->fill > 0)
		mac_add(m, zero, BLOCK - m->fill);
}

/* B0 and the AAD with its length in front (SP 800-38C, A.2); AADs are below 0xFF00 bytes. */
static void
mac_head(struct cbc_mac *m, const struct crypto_task *t)
{
	uint8_t b0[BLOCK] = { 0 }, len[2] = { (uint8_t)(t->alen >> 8), (uint8_t)t->alen };
	unsigned int l = 15 - t->iv_len, i;

	b0[0] = (uint8_t)((t->alen ? 0x40 : 0) | (t->mac_len - 2) / 2 << 3 | (l - 1));
	memcpy(b0 + 1, t->iv, t->iv_len);
	for (i = 0; i < l && i < 4; i++)
		b0[15 - i] = (uint8_t)(t->clen >> (8 * i));
	mac_add(m, b0, BLOCK);
	if (t->alen > 0) {
		mac_add(m, len, sizeof(len));
		mac_add(m, t->asrc, t->alen);
		mac_pad(m);
	}
}

void
sm4_ccm_run(EVP_CIPHER_CTX *cbc, EVP_CIPHER_CTX *ctr, struct crypto_task *t)
{
	static const uint8_t zero[BLOCK];
	struct cbc_mac m = { .cbc = cbc };
	bool enc = t->cipher == SEC2_CIPHER_ENC;
	uint8_t a0[BLOCK] = { 0 }, s0[BLOCK], i;
	int n;

	t->status = CRYPTO_FAILED;
	a0[0] = (uint8_t)(14 - t->iv_len);
	memcpy(a0 + 1, t->iv, t->iv_len);
	m.ok = EVP_CipherInit_ex2(cbc, NULL, NULL, zero, -1, NULL) &&
		EVP_CipherInit_ex2(ctr, NULL, NULL, a0, -1, NULL) &&
		EVP_CipherUpdate(ctr, s0, &n, zero, BLOCK);
	if (!m.ok)
		return;
	mac_head(&m, t);
	if (enc)
		mac_add(&m, t->csrc, t->clen);
	if (t->clen > 0 && !EVP_CipherUpdate(ctr, t->cdst, &n, t->csrc, (int)t->clen))
		return;
	if (!enc)
		mac_add(&m, t->cdst, t->clen);
	mac_pad(&m);
	if (!m.ok)
		return;
	for (i = 0; i < BLOCK; i++)
		s0[i] ^= m.mac[i];
	t->status = CRYPTO_OK;
	if (enc)
		memcpy(t->mac, s0, t->mac_len);
	else if (CRYPTO_memcmp(s0, t->mac, t->mac_len) != 0)
		t->status = CRYPTO_AUTH_FAILED;
	OPENSSL_cleanse(s0, sizeof(s0));
}

/* ------------------------------------------------------------------ XTS */

/* As in OpenSSL from 1.0 to 3.5. */
struct xts128_context {
	void *key1, *key2;
	block128_f block1, block2;
};

static bool
xts_any(EVP_CIPHER_CTX *data, EVP_CIPHER_CTX *tweak, const uint8_t *iv, const uint8_t *in,
	uint8_t *out, size_t len, bool enc)
{
	struct xts128_context x = { .key1 = data, .key2 = tweak, .block1 = crypt_block,
		.block2 = crypt_block };

	return CRYPTO_xts128_encrypt(&x, iv, in, out, len, enc) == 0;
}

void
sm4_xts_run(EVP_CIPHER_CTX *data, EVP_CIPHER_CTX *tweak, struct crypto_task *t)
{
	t->status = xts_any(data, tweak, t->iv, t->csrc, t->cdst, t->clen,
		t->cipher == SEC2_CIPHER_ENC) ? CRYPTO_OK : CRYPTO_FAILED;
}

static EVP_CIPHER_CTX *
aes_ctx(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, bool enc)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx != NULL && EVP_CipherInit_ex2(ctx, cipher, key, iv, enc, NULL)) {
		EVP_CIPHER_CTX_set_padding(ctx, 0);
		return ctx;
	}
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

bool
xts_any_usable(void)
{
	uint8_t key[32], iv[16], in[50], want[50], out[50], back[50];
	EVP_CIPHER_CTX *c[4];
	unsigned int i;
	bool ok;
	int n;

	for (i = 0; i < sizeof(in); i++)
		in[i] = key[i % 32] = iv[i % 16] = (uint8_t)(i * 7 + 1);
	c[0] = aes_ctx(EVP_aes_128_xts(), key, iv, true);
	c[1] = aes_ctx(EVP_aes_128_ecb(), key, NULL, true);
	c[2] = aes_ctx(EVP_aes_128_ecb(), key, NULL, false);
	c[3] = aes_ctx(EVP_aes_128_ecb(), key + 16, NULL, true);
	ok = c[0] != NULL && c[1] != NULL && c[2] != NULL && c[3] != NULL &&
		EVP_CipherUpdate(c[0], want, &n, in, sizeof(in)) &&
		xts_any(c[1], c[3], iv, in, out, sizeof(in), true) &&
		xts_any(c[2], c[3], iv, want, back, sizeof(in), false) &&
		memcmp(out, want, sizeof(want)) == 0 && memcmp(back, in, sizeof(in)) == 0;
	for (i = 0; i < 4; i++)
		EVP_CIPHER_CTX_free(c[i]);
	return ok;
}
