/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2 sessions: what each generation does, and the recipes of descriptors (C4, C5). */
#include <errno.h>

#include "sec2.h"

enum key_rule { KEY_AES, KEY_AES_XTS, KEY_DES, KEY_3DES, KEY_SM4, KEY_SM4_XTS };

static const struct cipher_alg {
	uint8_t gen;            /* 2 = all, 3 = type 3 descriptors only, 0 = none */
	uint8_t alg, mode, width;
	uint8_t key;            /* enum key_rule */
	uint8_t iv_len;
	uint8_t block;          /* length is a multiple of it */
	uint8_t min;
} ciphers[WD_CIPHER_MAX] = {
#define AES(g, m, w, k, iv, b, min) {g, SEC2_CALG_AES, SEC2_CMODE_##m, w, k, iv, b, min}
#define SM4(g, m, k, iv, b, min)    {g, SEC2_CALG_SM4, SEC2_CMODE_##m, 0, k, iv, b, min}
	[WD_CIPHER_AES_ECB] = AES(2, ECB, 0, KEY_AES, 0, 16, 16),
	[WD_CIPHER_AES_CBC] = AES(2, CBC, 0, KEY_AES, 16, 16, 16),
	[WD_CIPHER_AES_CTR] = AES(3, CTR, 0, KEY_AES, 16, 1, 1),
	[WD_CIPHER_AES_XTS] = AES(2, XTS, 0, KEY_AES_XTS, 16, 1, 16),
	[WD_CIPHER_AES_OFB] = AES(3, OFB, 0, KEY_AES, 16, 1, 1),
	[WD_CIPHER_AES_CFB] = AES(3, CFB, 0, KEY_AES, 16, 1, 1),
	[WD_CIPHER_AES_CBC_CS1] = AES(3, CBC_CS, 1, KEY_AES, 16, 1, 17),
	[WD_CIPHER_AES_CBC_CS2] = AES(3, CBC_CS, 2, KEY_AES, 16, 1, 17),
	[WD_CIPHER_AES_CBC_CS3] = AES(3, CBC_CS, 3, KEY_AES, 16, 1, 17),
	[WD_CIPHER_DES_ECB] = {2, SEC2_CALG_DES, SEC2_CMODE_ECB, 0, KEY_DES, 0, 8, 8},
	[WD_CIPHER_DES_CBC] = {2, SEC2_CALG_DES, SEC2_CMODE_CBC, 0, KEY_DES, 8, 8, 8},
	[WD_CIPHER_3DES_ECB] = {2, SEC2_CALG_3DES, SEC2_CMODE_ECB, 0, KEY_3DES, 0, 8, 8},
	[WD_CIPHER_3DES_CBC] = {2, SEC2_CALG_3DES, SEC2_CMODE_CBC, 0, KEY_3DES, 8, 8, 8},
	[WD_CIPHER_SM4_ECB] = SM4(2, ECB, KEY_SM4, 0, 16, 16),
	[WD_CIPHER_SM4_CBC] = SM4(2, CBC, KEY_SM4, 16, 16, 16),
	[WD_CIPHER_SM4_CTR] = SM4(3, CTR, KEY_SM4, 16, 1, 1),
	[WD_CIPHER_SM4_XTS] = SM4(2, XTS, KEY_SM4_XTS, 16, 1, 16),
	[WD_CIPHER_SM4_OFB] = SM4(3, OFB, KEY_SM4, 16, 1, 1),
	[WD_CIPHER_SM4_CFB] = SM4(3, CFB, KEY_SM4, 16, 1, 1),
#undef AES
#undef SM4
};

enum mac_key { MAC_NO_KEY, MAC_HMAC_KEY, MAC_AES_128_KEY, MAC_AES_KEY };

static const struct auth_alg {
	uint8_t gen;
	uint8_t alg;
	uint8_t key;            /* enum mac_key */
	uint8_t key_max;        /* HMAC: the hash's block */
	uint8_t words;          /* of the whole digest */
	uint8_t words_min;
	uint8_t min;            /* shortest message of type 3 descriptors */
} auths[WD_AUTH_MAX] = {
#define HASH(a, w)    {2, SEC2_AALG_##a, MAC_NO_KEY, 0, w, 1, 0}
#define HMAC(a, k, w) {2, SEC2_AALG_HMAC + SEC2_AALG_##a, MAC_HMAC_KEY, k, w, 1, 0}
	[WD_AUTH_MD5] = HASH(MD5, 4),
	[WD_AUTH_SHA1] = HASH(SHA1, 5),
	[WD_AUTH_SHA224] = HASH(SHA224, 7),
	[WD_AUTH_SHA256] = HASH(SHA256, 8),
	[WD_AUTH_SHA384] = HASH(SHA384, 12),
	[WD_AUTH_SHA512] = HASH(SHA512, 16),
	[WD_AUTH_SHA512_224] = HASH(SHA512_224, 7),
	[WD_AUTH_SHA512_256] = HASH(SHA512_256, 8),
	[WD_AUTH_SM3] = HASH(SM3, 8),
	[WD_AUTH_MD5_HMAC] = HMAC(MD5, 64, 4),
	[WD_AUTH_SHA1_HMAC] = HMAC(SHA1, 64, 5),
	[WD_AUTH_SHA224_HMAC] = HMAC(SHA224, 64, 7),
	[WD_AUTH_SHA256_HMAC] = HMAC(SHA256, 64, 8),
	[WD_AUTH_SHA384_HMAC] = HMAC(SHA384, 128, 12),
	[WD_AUTH_SHA512_HMAC] = HMAC(SHA512, 128, 16),
	[WD_AUTH_SM3_HMAC] = {2, SEC2_AALG_HMAC_SM3, MAC_HMAC_KEY, 64, 8, 1, 0},
	/* XCBC: MAC-96 with three words, PRF-128 with four. */
	[WD_AUTH_AES_XCBC_MAC] = {3, SEC2_AALG_AES_XCBC, MAC_AES_128_KEY, 16, 4, 3, 1},
	[WD_AUTH_AES_CMAC] = {3, SEC2_AALG_AES_CMAC, MAC_AES_128_KEY, 16, 4, 1, 1},
	[WD_AUTH_AES_GMAC] = {3, SEC2_AALG_AES_GMAC, MAC_AES_KEY, 32, 4, 4, 1},
#undef HASH
#undef HMAC
};

static const struct aead_alg {
	uint8_t gen;
	uint8_t alg, mode;
} aeads[WD_AEAD_MAX] = {
	[WD_AEAD_AES_GCM] = {2, SEC2_CALG_AES, SEC2_CMODE_GCM},
	[WD_AEAD_AES_CCM] = {2, SEC2_CALG_AES, SEC2_CMODE_CCM},
	[WD_AEAD_SM4_GCM] = {3, SEC2_CALG_SM4, SEC2_CMODE_GCM},
	[WD_AEAD_SM4_CCM] = {3, SEC2_CALG_SM4, SEC2_CMODE_CCM},
};

static bool
offered(uint8_t alg_gen, uint32_t gen)
{
	return alg_gen != 0 && alg_gen <= gen;
}

void
sec2_caps(uint32_t gen, struct wd_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	for (unsigned int i = 0; i < WD_CIPHER_MAX; i++)
		if (offered(ciphers[i].gen, gen))
			caps->ciphers |= 1ULL << i;
	for (unsigned int i = 0; i < WD_AUTH_MAX; i++)
		if (offered(auths[i].gen, gen))
			caps->auths |= 1ULL << i;
	for (unsigned int i = 0; i < WD_AEAD_MAX; i++)
		if (offered(aeads[i].gen, gen))
			caps->aeads |= 1ULL << i;
	caps->flags = WD_CAP_CHAIN | WD_CAP_SGL;
	if (gen > 2)
		caps->flags |= WD_CAP_AAD_ONLY;
	caps->max_len = SEC2_MAX_LEN;
	caps->max_aad_len = SEC2_MAX_OFFSET;      /* of CCM: SEC2_MAX_CCM_AAD */
	caps->max_depth = HISI_QM_DEPTH - 1;
	caps->max_segs = QM_MAX_SEGS;
}

/* ------------------------------------------------------------------ keys */

static int
key_code(uint8_t rule, uint16_t len, uint8_t *code)
{
	switch (rule) {
	case KEY_AES_XTS:
		if (len != 32 && len != 64)
			return -EINVAL;
		*code = len == 32 ? SEC2_CKEY_128 : SEC2_CKEY_256;
		return 0;
	case KEY_AES:
		if (len != 16 && len != 24 && len != 32)
			return -EINVAL;
		*code = len == 16 ? SEC2_CKEY_128 : len == 24 ? SEC2_CKEY_192 : SEC2_CKEY_256;
		return 0;
	case KEY_DES:
		*code = SEC2_CKEY_DES;
		return len == 8 ? 0 : -EINVAL;
	case KEY_3DES:
		*code = len == 24 ? SEC2_CKEY_3DES_3KEY : SEC2_CKEY_3DES_2KEY;
		return len == 24 || len == 16 ? 0 : -EINVAL;
	default:
		*code = SEC2_CKEY_128;
		return len == (rule == KEY_SM4 ? 16 : 32) ? 0 : -EINVAL;
	}
}

/* The buffer is zeroed, and zeros at its end do not change an HMAC key: round up to words. */
static int
auth_key(struct wd_session *s, const struct auth_alg *a, const struct wd_crypto_xform *x,
	struct sec2_recipe *rec)
{
	uint16_t len = x->auth_key_len;

	switch (a->key) {
	case MAC_NO_KEY:
		return 0;
	case MAC_HMAC_KEY:
		if (len > a->key_max)
			return -EINVAL;
		break;
	case MAC_AES_128_KEY:
		if (len != 16)
			return -EINVAL;
		break;
	default:
		if (len != 16 && len != 24 && len != 32)
			return -EINVAL;
		break;
	}
	if (len != 0 && x->auth_key == NULL)
		return -EINVAL;
	if (len != 0)
		memcpy(s->a_key, x->auth_key, len);
	rec->a_key_words = (len + 3) / 4;
	return 0;
}

/* ------------------------------------------------------------------ recipes */

static int
add_cipher(struct wd_session *s, const struct wd_crypto_xform *x, struct sec2_recipe *rec)
{
	const struct cipher_alg *c = &ciphers[x->cipher];
	int ret;

	if (x->iv_len != c->iv_len || x->cipher_key == NULL)
		return -EINVAL;
	ret = key_code(c->key, x->cipher_key_len, &rec->c_key_code);
	if (ret < 0)
		return ret;
	memcpy(s->c_key, x->cipher_key, x->cipher_key_len);
	rec->cipher = x->encrypt ? SEC2_CIPHER_ENC : SEC2_CIPHER_DEC;
	rec->c_alg = c->alg;
	rec->c_mode = c->mode;
	rec->c_width = c->width;
	s->iv_len = x->iv_len;
	s->c_check = (c->block - 1) | 1u << 31;
	s->c_min = c->min;
	return 0;
}

static int
add_auth(struct wd_session *s, const struct wd_crypto_xform *x, uint32_t bd_type,
	struct sec2_recipe *rec)
{
	const struct auth_alg *a = &auths[x->auth];
	uint8_t words = x->digest_len / 4;
	int ret;

	if (x->digest_len == 0 || words > a->words)
		return -EINVAL;
	if (x->digest_len % 4 != 0 || words < a->words_min)
		return -ENOTSUP;
	ret = auth_key(s, a, x, rec);
	if (ret < 0)
		return ret;
	rec->auth = x->verify ? SEC2_AUTH_VERIFY : SEC2_AUTH_MAC;
	rec->a_alg = a->alg;
	rec->mac_words = words;
	rec->seq = x->auth_first ? SEC2_SEQ_AUTH_CIPHER : SEC2_SEQ_CIPHER_AUTH;
	s->tag_len = x->digest_len;
	/* Type 2 descriptors cannot hash nothing (C7). Both are checked by sec2_map(). */
	s->a_min = bd_type == SEC2_BD_TYPE2 ? 1 : a->min;
	if (x->auth == WD_AUTH_AES_GMAC) {
		if (x->iv_len != 12)
			return -EINVAL;
		s->iv_len = x->iv_len;
	}
	return 0;
}

static bool
gcm_tag_ok(uint8_t len)
{
	return len == 8 || (len >= 12 && len <= 16);
}

static int
add_aead(struct wd_session *s, const struct wd_crypto_xform *x, uint32_t bd_type,
	struct sec2_recipe *rec)
{
	const struct aead_alg *a = &aeads[x->aead];
	bool ccm = a->mode == SEC2_CMODE_CCM;
	int ret;

	if (x->cipher_key == NULL)
		return -EINVAL;
	ret = key_code(a->alg == SEC2_CALG_SM4 ? KEY_SM4 : KEY_AES, x->cipher_key_len,
		&rec->c_key_code);
	if (ret < 0)
		return ret;
	if (ccm && (x->iv_len < 7 || x->iv_len > 13 || x->digest_len < 4 ||
		x->digest_len > 16 || x->digest_len % 2 != 0))
		return -EINVAL;
	if (!ccm && (x->iv_len != 12 || !gcm_tag_ok(x->digest_len)))
		return -EINVAL;
	memcpy(s->c_key, x->cipher_key, x->cipher_key_len);
	rec->shape = ccm ? SEC2_CCM : SEC2_GCM;
	rec->cipher = x->encrypt ? SEC2_CIPHER_ENC : SEC2_CIPHER_DEC;
	rec->c_alg = a->alg;
	rec->c_mode = a->mode;
	rec->icv_len = x->digest_len;
	rec->seq = x->encrypt ? SEC2_SEQ_CIPHER_AUTH : SEC2_SEQ_AUTH_CIPHER;
	/* Hardware v2 refuses AEAD requests without payload (C5.7). */
	s->c_min = bd_type == SEC2_BD_TYPE2 ? 1 : 0;
	s->iv_len = x->iv_len;
	s->tag_len = x->digest_len;
	s->b0_flags = (x->digest_len - 2) / 2 << 3 | (15 - x->iv_len - 1);
	return 0;
}

static int
add_plain(struct wd_session *s, const struct wd_crypto_xform *x, uint32_t bd_type,
	struct sec2_recipe *rec)
{
	int ret = 0;

	if (x->cipher != WD_CIPHER_NONE)
		ret = add_cipher(s, x, rec);
	if (ret == 0 && x->auth != WD_AUTH_NONE)
		ret = add_auth(s, x, bd_type, rec);
	if (ret < 0)
		return ret;
	if (x->auth == WD_AUTH_NONE)
		rec->shape = SEC2_CIPHER;
	else if (x->cipher != WD_CIPHER_NONE)
		rec->shape = SEC2_CHAIN;
	else
		rec->shape = x->auth == WD_AUTH_AES_GMAC ? SEC2_GMAC : SEC2_AUTH;
	return 0;
}

int
sec2_session_init(struct wd_device *dev, struct wd_session *s, uint64_t dev_addr,
	const struct wd_crypto_xform *x)
{
	uint32_t bd_type = qm_api_version(&dev->info) == 2 ? SEC2_BD_TYPE2 : SEC2_BD_TYPE3;
	struct sec2_recipe rec = {0};
	int ret;

	/* GMAC wants the auth IV, which a chain has no place for. */
	if (x->cipher != WD_CIPHER_NONE && x->auth == WD_AUTH_AES_GMAC)
		return -ENOTSUP;
	memset(s, 0, sizeof(*s));
	ret = x->aead != WD_AEAD_NONE ? add_aead(s, x, bd_type, &rec) :
		add_plain(s, x, bd_type, &rec);
	if (ret < 0) {
		sec2_session_fini(dev, s);
		return ret;
	}
	rec.c_key = rec.cipher != SEC2_CIPHER_NONE ?
		dev_addr + offsetof(struct wd_session, c_key) : 0;
	rec.a_key = dev_addr + offsetof(struct wd_session, a_key);
	if (x->aead != WD_AEAD_NONE)
		rec.a_key = rec.c_key;
	if (bd_type == SEC2_BD_TYPE2)
		sec2_bd2_template((void *)s->bd, &rec);
	else
		sec2_bd3_template((void *)s->bd, &rec);
	s->kind = SEC2_KIND(bd_type, rec.shape);
	s->magic = SEC2_MAGIC;
	return 0;
}

void
sec2_session_fini(struct wd_device *dev, struct wd_session *s)
{
	explicit_bzero(s, sizeof(*s));
}
