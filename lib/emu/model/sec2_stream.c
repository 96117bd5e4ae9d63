/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEC2: work that comes in several descriptors (reference C5.4, C5.9). The state between them is
 * in the client's memory. Such descriptors have flat buffers and go one at a time.
 */
#include <string.h>

#include "../engine/longhash.h"
#include "sec2.h"

static const uint8_t zero16[16];

/* ------------------------------------------------------------------ digests */

static enum sec2_error
long_hash(struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	unsigned int digest = crypto_digest_len(r->aalg), state = long_hash_state_len(r->aalg);
	unsigned int mac_len = r->mac_len != 0 ? r->mac_len : digest;
	struct long_hash h = { .aalg = r->aalg, .first = r->ai_gen == SEC2_AI_GEN_INNER,
		.last = r->apad == SEC2_APAD, .key_len = r->akey_len, .len = r->alen,
		.total = r->long_len / 8 };
	const uint8_t *in = NULL;
	uint8_t *mac;

	if (state == 0 || r->auth > SEC2_AUTH_VERIFY || r->ai_gen > SEC2_AI_GEN_ADDR)
		return SEC2_E_ALG;
	if (r->akey_len > crypto_block_len(r->aalg))
		return SEC2_E_KEY;
	if (r->alen > SEC2_MAX_LEN || (h.last && (mac_len > digest || h.total < r->alen)) ||
			(!h.last && (r->alen == 0 || r->alen % crypto_block_len(r->aalg) != 0)))
		return SEC2_E_LEN;
	mac = emu_ptr(ctx->mem, r->mac, h.last ? mac_len : state);
	h.key = r->akey_len != 0 ? emu_ptr(ctx->mem, r->akey, r->akey_len) : zero16;
	h.data = r->alen != 0 ? emu_ptr(ctx->mem, r->src + r->auth_off, r->alen) : zero16;
	if (!h.first)
		in = emu_ptr(ctx->mem, r->aiv, state);
	if (mac == NULL || h.key == NULL || h.data == NULL || (!h.first && in == NULL))
		return SEC2_E_ADDR;
	if (!long_hash_run(&h, in, op->t.digest))
		return SEC2_E_ENGINE;
	if (h.last && r->auth == SEC2_AUTH_VERIFY)
		op->icv = sec2_differ(op->t.digest, mac, mac_len) ? SEC2_ICV_MISMATCH : SEC2_ICV_MATCH;
	else
		memcpy(mac, op->t.digest, h.last ? mac_len : state);
	return SEC2_OK;
}

/* ------------------------------------------------------------------ GCM */

struct gcm_stream {
	const uint8_t *key;
	unsigned int key_len;
	const uint8_t *src;
	uint8_t *dst;
	uint8_t *mac;
	uint8_t y[16];          /* running GHASH, as SP 800-38D has it, not masked */
};

static bool
ghash(const struct sec2_ctx *ctx, struct gcm_stream *g, const uint8_t *data, uint32_t len)
{
	return len == 0 || ctx->engine->ghash(ctx->engine_ctx, g->key, g->key_len, data, len, g->y);
}

/* Counter mode from a counter block on. The task's engine is OpenSSL if the other lacks it. */
static bool
ctr(struct sec2_ctx *ctx, struct sec2_op *op, const struct gcm_stream *g, const uint8_t *block,
	const uint8_t *src, uint8_t *dst, uint32_t len)
{
	struct crypto_task *t = &op->t;

	t->cipher = SEC2_CIPHER_ENC;
	t->calg = SEC2_CALG_AES;
	t->cmode = SEC2_CMODE_CTR;
	t->cwidth = 0;
	t->ckey = g->key;
	t->ckey_len = (uint8_t)g->key_len;
	t->iv = block;
	t->iv_len = 16;
	t->csrc = src;
	t->cdst = dst;
	t->clen = len;
	sec2_run_ciphers(ctx, &t, 1);
	return t->status == CRYPTO_OK;
}

static enum sec2_error
gcm_first(struct sec2_ctx *ctx, struct sec2_op *op, struct gcm_stream *g)
{
	const struct sec2_req *r = &op->r;
	const uint8_t *aad;

	if (r->alen == 0 || r->alen > SEC2_MAX_LEN)
		return SEC2_E_LEN;
	g->key_len = r->akey_len;
	aad = emu_ptr(ctx->mem, r->src + r->auth_off, r->alen);
	if (aad == NULL)
		return SEC2_E_ADDR;
	memset(g->y, 0, sizeof(g->y));
	if (!ghash(ctx, g, aad, r->alen))
		return SEC2_E_ENGINE;
	memcpy(g->mac, g->y, sizeof(g->y));
	return SEC2_OK;
}

/* Ciphers the payload of one descriptor and hashes the ciphered side of it. */
static enum sec2_error
gcm_payload(struct sec2_ctx *ctx, struct sec2_op *op, struct gcm_stream *g)
{
	const struct sec2_req *r = &op->r;
	const uint8_t *civ = emu_ptr(ctx->mem, r->civ, 16);
	uint8_t block[16];
	uint32_t n;

	g->src = emu_ptr(ctx->mem, r->src + r->cipher_off, r->clen);
	g->dst = emu_ptr(ctx->mem, (r->de ? r->dst : r->src) + r->cipher_off, r->clen);
	if (civ == NULL || g->src == NULL || g->dst == NULL)
		return SEC2_E_ADDR;
	/* The counter is that of the block before. */
	memcpy(block, civ, 16);
	memcpy(&n, block + 12, 4);
	n = __builtin_bswap32(__builtin_bswap32(n) + 1);
	memcpy(block + 12, &n, 4);
	if (r->cipher == SEC2_CIPHER_DEC && !ghash(ctx, g, g->src, r->clen))
		return SEC2_E_ENGINE;
	if (!ctr(ctx, op, g, block, g->src, g->dst, r->clen))
		return SEC2_E_ENGINE;
	if (r->cipher == SEC2_CIPHER_ENC && !ghash(ctx, g, g->dst, r->clen))
		return SEC2_E_ENGINE;
	return SEC2_OK;
}

static enum sec2_error
gcm_middle(struct sec2_ctx *ctx, struct sec2_op *op, struct gcm_stream *g)
{
	const uint8_t *y = emu_ptr(ctx->mem, op->r.aiv, 16);
	enum sec2_error err;

	if (op->r.clen == 0 || op->r.clen % 16 != 0 || op->r.clen > SEC2_MAX_LEN)
		return SEC2_E_LEN;
	if (y == NULL)
		return SEC2_E_ADDR;
	memcpy(g->y, y, 16);
	err = gcm_payload(ctx, op, g);
	if (err == SEC2_OK)
		memcpy(g->mac, g->y, 16);
	return err;
}

/* Hardware v5 only: a_ivin has J0, and the running GHASH at 32; both lengths are in long_len. */
static enum sec2_error
gcm_end(struct sec2_ctx *ctx, struct sec2_op *op, struct gcm_stream *g)
{
	const struct sec2_req *r = &op->r;
	const uint8_t *aiv = emu_ptr(ctx->mem, r->aiv, 64);
	uint64_t lens[2] = { __builtin_bswap64((r->long_len & 0xffffff) * 8),
		__builtin_bswap64((r->long_len >> 24) * 8) };
	uint8_t tag[16];
	enum sec2_error err;

	if (ctx->hw < 5)
		return SEC2_E_ALG;
	if (r->clen == 0 || r->clen > SEC2_MAX_LEN || r->icv_len < 8 || r->icv_len > 16)
		return SEC2_E_LEN;
	if (aiv == NULL)
		return SEC2_E_ADDR;
	memcpy(g->y, aiv + 32, 16);
	err = gcm_payload(ctx, op, g);
	if (err != SEC2_OK)
		return err;
	if (!ghash(ctx, g, (const uint8_t *)lens, sizeof(lens)) ||
			!ctr(ctx, op, g, aiv, g->y, tag, 16))
		return SEC2_E_ENGINE;
	if (r->cipher == SEC2_CIPHER_ENC)
		memcpy(g->mac, tag, r->icv_len);
	else
		op->icv = sec2_differ(tag, g->mac, r->icv_len) ? SEC2_ICV_MISMATCH : SEC2_ICV_MATCH;
	return SEC2_OK;
}

static enum sec2_error
gcm_stream(struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	struct gcm_stream g = { .key_len = 16 + 8u * r->ckey_code };
	bool first = r->cipher == SEC2_CIPHER_NONE;
	enum sec2_error err;

	if (ctx->engine->ghash == NULL)
		return SEC2_E_ALG;
	if (first ? r->aalg != SEC2_AALG_AES_GMAC || r->auth != SEC2_AUTH_MAC :
			r->cmode != SEC2_CMODE_GCM || r->calg != SEC2_CALG_AES ||
			r->cipher > SEC2_CIPHER_DEC)
		return SEC2_E_ALG;
	if (first)
		g.key_len = r->akey_len;
	if (g.key_len != 16 && g.key_len != 24 && g.key_len != 32)
		return SEC2_E_KEY;
	/* Drivers of the first kind leave c_key_addr empty: the key of a stream is the other one. */
	g.key = emu_ptr(ctx->mem, r->akey, g.key_len);
	g.mac = emu_ptr(ctx->mem, r->mac, 16);
	if (g.key == NULL || g.mac == NULL)
		return SEC2_E_ADDR;
	if (first)
		err = gcm_first(ctx, op, &g);
	else if (r->apad == SEC2_ANOPAD)
		err = gcm_middle(ctx, op, &g);
	else
		err = gcm_end(ctx, op, &g);
	explicit_bzero(&g, sizeof(g));
	return err;
}

static void
touch(const struct sec2_ctx *ctx, uint64_t addr, uint64_t len)
{
	const void *p = len == 0 ? NULL : emu_ptr(ctx->mem, addr, len);

	if (p != NULL)
		emu_touch(p, len);
}

void
sec2_stream_touch(const struct sec2_ctx *ctx, const struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	bool gcm = r->cipher != SEC2_CIPHER_NONE;

	touch(ctx, r->src + r->auth_off, r->alen);
	touch(ctx, r->src + r->cipher_off, r->clen);
	touch(ctx, r->dst + r->cipher_off, r->de ? r->clen : 0);
	touch(ctx, r->akey, gcm ? 16 + 8u * r->ckey_code : r->akey_len);
	touch(ctx, r->civ, gcm ? 16 : 0);
	touch(ctx, r->aiv, r->ai_gen != SEC2_AI_GEN_ADDR ? 0 : !gcm ?
		long_hash_state_len(r->aalg) : r->apad == SEC2_APAD ? 64 : 16);
	touch(ctx, r->mac, gcm || r->aalg == SEC2_AALG_AES_GMAC ? 16 :
		long_hash_state_len(r->aalg));
}

enum sec2_error
sec2_stream_run(struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;

	if (r->src_type != SEC2_ADDR_FLAT || (r->de && r->dst_type != SEC2_ADDR_FLAT))
		return SEC2_E_SGL;
	if (r->cipher != SEC2_CIPHER_NONE || r->aalg == SEC2_AALG_AES_GMAC) {
		op->flag = SEC2_FLAG_AEAD;
		return gcm_stream(ctx, op);
	}
	op->flag = SEC2_FLAG_CIPHER;
	return long_hash(ctx, op);
}
