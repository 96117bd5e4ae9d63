/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#include "client.h"
#include "sec2_ops.h"

#define AES SEC2_CALG_AES
#define SM4 SEC2_CALG_SM4
#define AES3(name, mode, iv, unit, min, v2) \
	{ "AES-128-" name, AES, mode, 0, 16, iv, 0, unit, min, v2 }, \
	{ "AES-192-" name, AES, mode, 1, 24, iv, 0, unit, min, v2 }, \
	{ "AES-256-" name, AES, mode, 2, 32, iv, 0, unit, min, v2 }

const struct sec2_alg test_ciphers[] = {
	AES3("ECB", SEC2_CMODE_ECB, 0, 16, 16, true),
	AES3("CBC", SEC2_CMODE_CBC, 16, 16, 16, true),
	AES3("CTR", SEC2_CMODE_CTR, 16, 1, 1, false),
	AES3("OFB", SEC2_CMODE_OFB, 16, 1, 1, false),
	AES3("CFB", SEC2_CMODE_CFB, 16, 1, 1, false),
	{ "AES-128-XTS", AES, SEC2_CMODE_XTS, 0, 32, 16, 0, 1, 16, true },
	{ "AES-256-XTS", AES, SEC2_CMODE_XTS, 2, 64, 16, 0, 1, 16, true },
	{ "AES-128-CBC-CTS", AES, SEC2_CMODE_CBC_CS, 0, 16, 16, 1, 1, 17, true },
	{ "AES-192-CBC-CTS", AES, SEC2_CMODE_CBC_CS, 1, 24, 16, 2, 1, 17, true },
	{ "AES-256-CBC-CTS", AES, SEC2_CMODE_CBC_CS, 2, 32, 16, 3, 1, 17, true },
	{ "SM4-ECB", SM4, SEC2_CMODE_ECB, 0, 16, 0, 0, 16, 16, true },
	{ "SM4-CBC", SM4, SEC2_CMODE_CBC, 0, 16, 16, 0, 16, 16, true },
	{ "SM4-CTR", SM4, SEC2_CMODE_CTR, 0, 16, 16, 0, 1, 1, false },
	{ "SM4-OFB", SM4, SEC2_CMODE_OFB, 0, 16, 16, 0, 1, 1, false },
	{ "SM4-CFB", SM4, SEC2_CMODE_CFB, 0, 16, 16, 0, 1, 1, false },
	{ "DES-EDE3-ECB", SEC2_CALG_DES, SEC2_CMODE_ECB, 1, 8, 0, 0, 8, 8, true },
	{ "DES-EDE3-CBC", SEC2_CALG_DES, SEC2_CMODE_CBC, 1, 8, 8, 0, 8, 8, true },
	{ "DES-EDE3-ECB", SEC2_CALG_3DES, SEC2_CMODE_ECB, 1, 24, 0, 0, 8, 8, true },
	{ "DES-EDE3-CBC", SEC2_CALG_3DES, SEC2_CMODE_CBC, 1, 24, 8, 0, 8, 8, true },
	{ "DES-EDE3-CBC", SEC2_CALG_3DES, SEC2_CMODE_CBC, 3, 16, 8, 0, 8, 8, true },
};
const unsigned int nb_test_ciphers = sizeof(test_ciphers) / sizeof(test_ciphers[0]);

const struct sec2_alg test_aeads[] = {
	AES3("GCM", SEC2_CMODE_GCM, 12, 1, 0, true),
	AES3("CCM", SEC2_CMODE_CCM, 0, 1, 0, true),
};
const unsigned int nb_test_aeads = sizeof(test_aeads) / sizeof(test_aeads[0]);

#define HASH(name, alg, len, block) \
	{ name, SEC2_AALG_##alg, len, block, true }, \
	{ name, SEC2_AALG_HMAC + SEC2_AALG_##alg, len, block, true }
const struct sec2_mac test_macs[] = {
	HASH("MD5", MD5, 16, 64),
	HASH("SHA1", SHA1, 20, 64),
	HASH("SHA224", SHA224, 28, 64),
	HASH("SHA256", SHA256, 32, 64),
	HASH("SHA384", SHA384, 48, 128),
	HASH("SHA512", SHA512, 64, 128),
	HASH("SHA512-224", SHA512_224, 28, 128),
	HASH("SHA512-256", SHA512_256, 32, 128),
	{ "SM3", SEC2_AALG_SM3, 32, 64, true },
	{ "SM3", SEC2_AALG_HMAC_SM3, 32, 64, true },
	{ "CMAC", SEC2_AALG_AES_CMAC, 16, 0, false },
	{ "GMAC", SEC2_AALG_AES_GMAC, 16, 0, false },
};
const unsigned int nb_test_macs = sizeof(test_macs) / sizeof(test_macs[0]);

const struct sec2_alg *
find_alg(const char *name)
{
	unsigned int i;

	for (i = 0; i < nb_test_ciphers; i++)
		if (strcmp(test_ciphers[i].ossl, name) == 0)
			return &test_ciphers[i];
	for (i = 0; i < nb_test_aeads; i++)
		if (strcmp(test_aeads[i].ossl, name) == 0)
			return &test_aeads[i];
	exit(1);
}

/* ------------------------------------------------------------------ descriptors */

void
sec2_make_bd3(const struct sec2_op_desc *d, void *out)
{
	struct sec2_bd3 *bd = out;
	unsigned int cipher = d->cipher == NULL ? SEC2_CIPHER_NONE :
		d->enc ? SEC2_CIPHER_ENC : SEC2_CIPHER_DEC;

	memset(bd, 0, sizeof(*bd));
	bd->bd_param = (uint32_t)(HW_PREP(BD3_TYPE, 3) | HW_PREP(BD3_INVALID, d->invalid) |
		HW_PREP(BD3_SCENE, d->scene) | HW_PREP(BD3_DE, d->de) |
		HW_PREP(BD3_SRC_TYPE, d->src_type) | HW_PREP(BD3_DST_TYPE, d->dst_type));
	bd->c_icv_key = (uint16_t)HW_PREP(BD3_CIPHER, cipher);
	bd->huk_iv_seq = (uint8_t)HW_PREP(BD3_SEQ, d->auth_first);
	if (d->cipher != NULL) {
		bd->c_icv_key |= (uint16_t)(HW_PREP(BD3_C_KEY_LEN, d->cipher->key_code) |
			HW_PREP(BD3_C_WIDTH, d->cipher->cs) |
			HW_PREP(BD3_C_ICV_LEN, d->aead ? d->mac_len : 0));
		bd->c_mode_alg = (uint8_t)(HW_PREP(BD3_C_MODE, d->cipher->mode) |
			HW_PREP(BD3_C_ALG, d->cipher->alg));
	}
	if (d->mac != NULL)
		bd->auth_mac_key = (uint32_t)(HW_PREP(BD3_AUTH,
				d->verify ? SEC2_AUTH_VERIFY : SEC2_AUTH_MAC) |
			HW_PREP(BD3_MAC_LEN, d->mac_len / 4) |
			HW_PREP(BD3_A_KEY_LEN, d->akey_len / 4) |
			HW_PREP(BD3_A_ALG, d->mac->alg) |
			HW_PREP(BD3_AI_GEN, d->mac->alg == SEC2_AALG_AES_GMAC));
	bd->auth_mac_key |= (uint32_t)HW_PREP(BD3_CTR_MODE, SEC2_CTR_ROLLOVER_128);
	bd->tag = d->tag;
	bd->auth_src_offset = (uint16_t)d->auth_off;
	bd->cipher_src_offset = (uint16_t)d->cipher_off;
	bd->a_len_key = d->auth_len;
	bd->c_len_ivin = d->cipher_len;
	bd->data_src_addr = (uintptr_t)d->src;
	bd->data_dst_addr = (uintptr_t)d->dst;
	bd->c_key_addr = (uintptr_t)d->ckey;
	bd->a_key_addr = (uintptr_t)d->akey;
	bd->c_ivin_addr = (uintptr_t)d->civ;
	bd->a_ivin_addr = (uintptr_t)d->aiv;
	bd->mac_addr = (uintptr_t)d->mac_addr;
}

void
sec2_make_bd2(const struct sec2_op_desc *d, void *out)
{
	struct sec2_bd2 *bd = out;
	unsigned int cipher = d->cipher == NULL ? SEC2_CIPHER_NONE :
		d->enc ? SEC2_CIPHER_ENC : SEC2_CIPHER_DEC;
	unsigned int auth = d->mac == NULL ? SEC2_AUTH_NONE :
		d->verify ? SEC2_AUTH_VERIFY : SEC2_AUTH_MAC;

	memset(bd, 0, sizeof(*bd));
	bd->type_cipher_auth = (uint8_t)(2 | cipher << 4 | auth << 6);
	bd->sds_sa_type = (uint8_t)(d->auth_first | d->de << 1 | d->scene << 3 |
		(d->src_type & 1) << 7);
	bd->sdm_addr_type = (uint8_t)(d->src_type >> 1 | d->dst_type << 2);
	bd->iv_tls_invalid = (uint8_t)(d->invalid << 7);
	if (d->cipher != NULL) {
		bd->icvw_kmode = (uint16_t)((d->aead ? d->mac_len : 0) | d->cipher->cs << 6 |
			d->cipher->key_code << 9 | d->cipher->mode << 12);
		bd->c_alg = d->cipher->alg;
	}
	if (d->mac != NULL)
		bd->mac_key_alg = (uint32_t)(d->mac_len / 4 | d->akey_len / 4 << 5 |
			(uint32_t)d->mac->alg << 11);
	bd->tag = (uint16_t)d->tag;
	bd->auth_src_offset = (uint16_t)d->auth_off;
	bd->cipher_src_offset = (uint16_t)d->cipher_off;
	bd->alen_ivllen = d->auth_len;
	bd->clen_ivhlen = d->cipher_len;
	bd->data_src_addr = (uintptr_t)d->src;
	bd->data_dst_addr = (uintptr_t)d->dst;
	bd->c_key_addr = (uintptr_t)d->ckey;
	bd->a_key_addr = (uintptr_t)d->akey;
	bd->c_ivin_addr = (uintptr_t)d->civ;
	bd->a_ivin_addr = (uintptr_t)d->aiv;
	bd->mac_addr = (uintptr_t)d->mac_addr;
}

void
make_ccm_blocks(const uint8_t *nonce, unsigned int nonce_len, uint32_t aad_len, uint32_t len,
		unsigned int tag_len, uint8_t *a1, uint8_t *b0)
{
	unsigned int l = 15 - nonce_len, i;

	memset(a1, 0, 16);
	a1[0] = (uint8_t)(l - 1);
	memcpy(a1 + 1, nonce, nonce_len);
	memcpy(b0, a1, 16);
	b0[0] |= (uint8_t)((aad_len ? 0x40 : 0) | (tag_len - 2) / 2 << 3);
	for (i = 0; i < l; i++)
		b0[15 - i] = i < 4 ? (uint8_t)(len >> (8 * i)) : 0;
	a1[15] = 1;
}

/* ------------------------------------------------------------------ reference */

void
ref_cipher(const struct sec2_alg *a, const uint8_t *key, const uint8_t *iv, bool enc,
	   const uint8_t *in, uint8_t *out, uint32_t len)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, a->ossl, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	char cs[4] = { 'C', 'S', (char)('0' + a->cs), 0 };
	OSSL_PARAM params[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	uint8_t des[24];
	int n;

	if (a->cs)
		params[0] = OSSL_PARAM_construct_utf8_string("cts_mode", cs, 0);
	if (a->alg == SEC2_CALG_DES || a->alg == SEC2_CALG_3DES) {
		for (n = 0; n < 24; n++)
			des[n] = key[n % a->key_len];
		key = des;
	}
	CHECK(c != NULL && EVP_CipherInit_ex2(ctx, c, key, iv, enc, params));
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	CHECK(EVP_CipherUpdate(ctx, out, &n, in, (int)len) && (uint32_t)n == len);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(c);
}

void
ref_mac(const struct sec2_mac *m, const uint8_t *key, uint32_t key_len, const uint8_t *iv12,
	const uint8_t *in, uint32_t len, uint8_t *out)
{
	char cipher[16];
	size_t n;

	if (m->alg == SEC2_AALG_AES_CMAC) {
		CHECK(EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, key, key_len, in, len, out,
			16, &n) != NULL);
	} else if (m->alg == SEC2_AALG_AES_GMAC) {
		OSSL_PARAM params[3] = { OSSL_PARAM_END, OSSL_PARAM_END, OSSL_PARAM_END };
		uint8_t iv[12];

		snprintf(cipher, sizeof(cipher), "AES-%u-GCM", key_len * 8);
		memcpy(iv, iv12, 12);
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0);
		params[1] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv, 12);
		CHECK(EVP_Q_mac(NULL, "GMAC", NULL, NULL, params, key, key_len, in, len, out, 16,
			&n) != NULL);
	} else if (m->alg < SEC2_AALG_HMAC || m->alg == SEC2_AALG_SM3) {
		CHECK(EVP_Q_digest(NULL, m->ossl, NULL, in, len, out, &n));
	} else {
		CHECK(EVP_Q_mac(NULL, "HMAC", NULL, m->ossl, NULL, key, key_len, in, len, out, 64,
			&n) != NULL);
	}
}

void
ref_aead(const struct sec2_alg *a, const uint8_t *key, const uint8_t *nonce,
	 unsigned int nonce_len, const uint8_t *aad, uint32_t aad_len, const uint8_t *in,
	 uint8_t *out, uint32_t len, uint8_t *tag, unsigned int tag_len)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, a->ossl, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ccm = a->mode == SEC2_CMODE_CCM;
	uint8_t rest[16];
	int n;

	CHECK(c != NULL && EVP_EncryptInit_ex2(ctx, c, NULL, NULL, NULL));
	CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce_len, NULL));
	if (ccm)
		CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag_len, NULL));
	CHECK(EVP_EncryptInit_ex2(ctx, NULL, key, nonce, NULL));
	if (ccm)
		CHECK(EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)len));
	if (aad_len > 0)
		CHECK(EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len));
	if (len > 0 || ccm)
		CHECK(EVP_EncryptUpdate(ctx, out, &n, in, (int)len));
	CHECK(EVP_EncryptFinal_ex(ctx, rest, &n));
	CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)tag_len, tag));
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(c);
}
