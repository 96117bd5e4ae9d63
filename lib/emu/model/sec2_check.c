/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2: is a request legal? Limits and encodings of reference C4 to C9. */
#include "sec2.h"

static enum sec2_error
check_cipher_key(const struct sec2_req *r, struct crypto_task *t)
{
	bool xts = r->cmode == SEC2_CMODE_XTS;

	switch (r->calg) {
	case SEC2_CALG_AES:
		if (r->ckey_code > SEC2_CKEY_256 || (xts && r->ckey_code == SEC2_CKEY_192))
			return SEC2_E_KEY;
		t->ckey_len = (uint8_t)((16 + 8 * r->ckey_code) * (xts ? 2 : 1));
		return SEC2_OK;
	case SEC2_CALG_SM4:
		if (r->ckey_code != SEC2_CKEY_128)
			return SEC2_E_KEY;
		t->ckey_len = xts ? 32 : 16;
		return SEC2_OK;
	case SEC2_CALG_DES:     /* one driver leaves the code 0 (C9) */
		if (r->ckey_code > SEC2_CKEY_DES)
			return SEC2_E_KEY;
		t->ckey_len = 8;
		return SEC2_OK;
	case SEC2_CALG_3DES:
		if (r->ckey_code != SEC2_CKEY_3DES_2KEY && r->ckey_code != SEC2_CKEY_3DES_3KEY)
			return SEC2_E_KEY;
		t->ckey_len = r->ckey_code == SEC2_CKEY_3DES_2KEY ? 16 : 24;
		return SEC2_OK;
	default:
		return SEC2_E_ALG;
	}
}

/* Modes that each hardware and cipher has, one bit a mode (C8). */
static bool
mode_known(const struct sec2_ctx *ctx, const struct sec2_req *r)
{
	const unsigned int v2 = 1u << SEC2_CMODE_ECB | 1u << SEC2_CMODE_CBC | 1u << SEC2_CMODE_XTS |
		1u << SEC2_CMODE_CBC_CS | 1u << SEC2_CMODE_CCM | 1u << SEC2_CMODE_GCM;
	const unsigned int v3 = v2 | 1u << SEC2_CMODE_CTR | 1u << SEC2_CMODE_OFB |
		1u << SEC2_CMODE_CFB;
	const unsigned int des = 1u << SEC2_CMODE_ECB | 1u << SEC2_CMODE_CBC;
	unsigned int modes = ctx->hw == 2 ? v2 : v3;

	if (r->calg == SEC2_CALG_DES || r->calg == SEC2_CALG_3DES)
		modes &= des;
	/* Its AEADs came with v3. */
	if (r->calg == SEC2_CALG_SM4)
		modes &= ~(1u << SEC2_CMODE_CBC_CS |
			(ctx->hw == 2 ? 1u << SEC2_CMODE_CCM | 1u << SEC2_CMODE_GCM : 0));
	return (modes >> r->cmode & 1) != 0;
}

static enum sec2_error
check_cipher_len(const struct sec2_req *r)
{
	unsigned int block = r->calg == SEC2_CALG_AES || r->calg == SEC2_CALG_SM4 ? 16 : 8;

	if (r->clen == 0 || r->clen > SEC2_MAX_LEN)
		return SEC2_E_LEN;
	switch (r->cmode) {
	case SEC2_CMODE_ECB:
	case SEC2_CMODE_CBC:
		return r->clen % block == 0 ? SEC2_OK : SEC2_E_LEN;
	case SEC2_CMODE_XTS:
		return r->clen >= 16 ? SEC2_OK : SEC2_E_LEN;
	case SEC2_CMODE_CBC_CS:
		if (r->cwidth < 1 || r->cwidth > 3)
			return SEC2_E_ALG;
		return r->clen > 16 ? SEC2_OK : SEC2_E_LEN;
	default:
		return SEC2_OK;
	}
}

static enum sec2_error
check_cipher(const struct sec2_ctx *ctx, const struct sec2_req *r, struct crypto_task *t)
{
	enum sec2_error err;

	if ((r->cipher != SEC2_CIPHER_ENC && r->cipher != SEC2_CIPHER_DEC) || !mode_known(ctx, r))
		return SEC2_E_ALG;
	/* The IV comes from memory; the other sources belong to scenes that are not modelled. */
	if (r->ci_gen != 0)
		return SEC2_E_ALG;
	/* SM4 has an XTS of its own besides IEEE's, which no library here has. */
	if (r->cmode == SEC2_CMODE_XTS && r->calg == SEC2_CALG_SM4 && r->ctr_mode == 1)
		return SEC2_E_ALG;
	err = check_cipher_key(r, t);
	if (err != SEC2_OK)
		return err;
	t->cipher = r->cipher;
	t->calg = r->calg;
	t->cmode = r->cmode;
	t->cwidth = r->cwidth;
	t->clen = r->clen;
	t->iv_len = r->cmode == SEC2_CMODE_ECB ? 0 :
		r->calg == SEC2_CALG_DES || r->calg == SEC2_CALG_3DES ? 8 : 16;
	return SEC2_OK;
}

static enum sec2_error
check_auth_key(const struct sec2_req *r, struct crypto_task *t)
{
	if (r->aalg == SEC2_AALG_AES_XCBC || r->aalg == SEC2_AALG_AES_CMAC) {
		if (r->alen == 0)
			return SEC2_E_LEN;
		if (r->akey_len != 16)
			return SEC2_E_KEY;
	} else if (r->aalg == SEC2_AALG_AES_GMAC) {
		if (r->akey_len != 16 && r->akey_len != 24 && r->akey_len != 32)
			return SEC2_E_KEY;
	} else if (r->aalg < SEC2_AALG_HMAC || r->aalg == SEC2_AALG_SM3) {
		t->akey_len = 0;
		return SEC2_OK;
	} else if (r->akey_len > crypto_block_len(r->aalg)) {
		return SEC2_E_KEY;      /* the engine does not hash long keys (C5.3) */
	}
	t->akey_len = (uint8_t)r->akey_len;
	return SEC2_OK;
}

static enum sec2_error
check_auth(const struct sec2_ctx *ctx, const struct sec2_req *r, struct crypto_task *t)
{
	bool aes_mac = r->aalg >= SEC2_AALG_AES_XCBC && r->aalg <= SEC2_AALG_AES_GMAC;
	unsigned int full = aes_mac ? 16 : crypto_digest_len(r->aalg);

	if (full == 0 || r->auth > SEC2_AUTH_VERIFY || (aes_mac && ctx->hw == 2))
		return SEC2_E_ALG;
	if (r->alen > SEC2_MAX_LEN || (r->alen == 0 && ctx->hw == 2) || r->mac_len > full)
		return SEC2_E_LEN;
	/* Chains have one IV for the cipher and none for a GMAC. */
	if (r->aalg == SEC2_AALG_AES_GMAC && r->cipher != SEC2_CIPHER_NONE)
		return SEC2_E_ALG;
	t->auth = r->auth;
	t->aalg = r->aalg;
	t->alen = r->alen;
	t->mac_len = (uint8_t)(r->mac_len != 0 ? r->mac_len : full);
	return check_auth_key(r, t);
}

static enum sec2_error
check_aead(const struct sec2_ctx *ctx, const struct sec2_req *r, struct crypto_task *t)
{
	bool ccm = r->cmode == SEC2_CMODE_CCM;

	if (r->auth != SEC2_AUTH_NONE)
		return SEC2_E_ALG;
	if (r->icv_len > 16 || r->icv_len < (ccm ? 4 : 8) || (ccm && r->icv_len % 2 != 0))
		return SEC2_E_LEN;
	if ((ccm && r->alen > SEC2_MAX_CCM_AAD) || r->alen > SEC2_MAX_LEN ||
			r->clen > SEC2_MAX_LEN - r->alen || (r->clen == 0 && ctx->hw == 2))
		return SEC2_E_LEN;
	t->alen = r->alen;
	t->mac_len = r->icv_len;
	if (!ccm)
		t->iv_len = 12;
	return SEC2_OK;
}

static enum sec2_error
check_chain(const struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	enum sec2_error err = SEC2_OK;

	if (r->cipher != SEC2_CIPHER_NONE) {
		err = check_cipher(ctx, r, &op->t);
		if (err == SEC2_OK)
			err = check_cipher_len(r);
	}
	if (err == SEC2_OK && r->auth != SEC2_AUTH_NONE)
		err = check_auth(ctx, r, &op->t);
	return err;
}

static bool
is_aead(const struct sec2_req *r)
{
	return r->cipher != SEC2_CIPHER_NONE &&
		(r->cmode == SEC2_CMODE_GCM || r->cmode == SEC2_CMODE_CCM);
}

/* Scene 7: a digest of several descriptors, or one descriptor of a GCM stream. */
static bool
is_stream(const struct sec2_req *r)
{
	if (r->scene != SEC2_SCENE_STREAM)
		return false;
	return is_aead(r) || r->aalg == SEC2_AALG_AES_GMAC || r->ai_gen == SEC2_AI_GEN_ADDR ||
		r->apad == SEC2_ANOPAD;
}

/* BD2 says no scene for a digest of several descriptors (C5.4). */
static bool
is_long_hash(const struct sec2_req *r)
{
	return r->auth != SEC2_AUTH_NONE && r->cipher == SEC2_CIPHER_NONE &&
		r->aalg != SEC2_AALG_AES_GMAC &&
		(r->ai_gen == SEC2_AI_GEN_ADDR || r->apad == SEC2_ANOPAD);
}

enum sec2_error
sec2_check(const struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	enum sec2_error err;

	if (r->scene != SEC2_SCENE_NONE && r->scene != SEC2_SCENE_IPSEC &&
			r->scene != SEC2_SCENE_STREAM)
		return SEC2_E_TYPE;
	if (r->src_type > SEC2_ADDR_SGL || r->dst_type > SEC2_ADDR_SGL ||
			r->mac_type != SEC2_ADDR_FLAT || r->de > 1)
		return SEC2_E_TYPE;
	if (is_stream(r) || is_long_hash(r)) {
		op->path = SEC2_P_STREAM;
		return SEC2_OK;
	}
	if (is_aead(r)) {
		op->path = SEC2_P_AEAD;
		op->flag = SEC2_FLAG_AEAD;
		err = check_cipher(ctx, r, &op->t);
		return err != SEC2_OK ? err : check_aead(ctx, r, &op->t);
	}
	if (r->cipher == SEC2_CIPHER_NONE && r->auth == SEC2_AUTH_NONE)
		return SEC2_E_ALG;
	op->flag = SEC2_FLAG_CIPHER;
	if (r->auth == SEC2_AUTH_NONE) {
		op->path = SEC2_P_CIPHER;
	} else if (r->cipher == SEC2_CIPHER_NONE) {
		op->path = SEC2_P_AUTH;
	} else {
		op->path = r->seq == SEC2_SEQ_CIPHER_AUTH ? SEC2_P_CIPHER_AUTH : SEC2_P_AUTH_CIPHER;
		op->flag = SEC2_FLAG_AEAD;
	}
	return check_chain(ctx, op);
}
