/* SPDX-License-Identifier: BSD-3-Clause */
#include "sec2.h"

/* Bits of bd_param that a plain request may have in any way. */
#define ANY_PARAM       (HW_PREP(BD3_SCENE, 1) | HW_PREP(BD3_DE, 1))

/* What such a request may leave out. */
static const uint8_t no_key[1];

/* The cipher's numbers. */
static inline bool
read_cipher(const volatile struct sec2_bd3 *bd, struct crypto_task *t, uint32_t param)
{
	uint32_t ick = bd->c_icv_key;
	unsigned int key = (unsigned int)HW_GET(BD3_C_KEY_LEN, ick);

	if ((param & ~ANY_PARAM) != SEC2_BD_TYPE3 || HW_GET(BD3_CI_GEN, ick) != 0 ||
			bd->c_mode_alg != (SEC2_CMODE_CBC | SEC2_CALG_AES << 4) || key > SEC2_CKEY_256)
		return false;
	t->cipher = (uint8_t)HW_GET(BD3_CIPHER, ick);
	t->clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	t->calg = SEC2_CALG_AES;
	t->cmode = SEC2_CMODE_CBC;
	t->cwidth = 0;
	t->ckey_len = (uint8_t)(16 + 8 * key);
	t->iv_len = 16;
	return (t->cipher == SEC2_CIPHER_ENC || t->cipher == SEC2_CIPHER_DEC) && t->clen != 0 &&
		t->clen % 16 == 0 && t->clen <= SEC2_MAX_LEN;
}

/* Those of an HMAC of the SHA family. */
static inline bool
read_auth(const volatile struct sec2_bd3 *bd, struct crypto_task *t)
{
	static const uint8_t digests[8] = { 20, 32, 0, 28, 48, 64, 0, 0 };
	static const uint8_t blocks[8] = { 64, 64, 0, 64, 128, 128, 0, 0 };
	uint32_t amk = bd->auth_mac_key;
	unsigned int alg = (unsigned int)HW_GET(BD3_A_ALG, amk), hash = alg % 8;
	unsigned int mac = (unsigned int)HW_GET(BD3_MAC_LEN, amk) * 4;
	unsigned int key = (unsigned int)HW_GET(BD3_A_KEY_LEN, amk) * 4;

	if (alg - hash != SEC2_AALG_HMAC || HW_GET(BD3_AI_GEN, amk) != 0)
		return false;
	t->auth = (uint8_t)HW_GET(BD3_AUTH, amk);
	t->aalg = (uint8_t)alg;
	t->alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	t->mac_len = (uint8_t)(mac != 0 ? mac : digests[hash]);
	t->akey_len = (uint8_t)key;
	return (t->auth == SEC2_AUTH_MAC || t->auth == SEC2_AUTH_VERIFY) && t->alen != 0 &&
		t->alen <= SEC2_MAX_LEN && mac <= digests[hash] && digests[hash] != 0 &&
		key <= blocks[hash];
}

/* Keys, IV, MAC. */
static inline bool
find_parameters(const struct emu_mem *mem, const volatile struct sec2_bd3 *bd,
	struct crypto_task *t)
{
	t->ckey = emu_ptr(mem, bd->c_key_addr, t->ckey_len);
	t->iv = emu_ptr(mem, bd->c_ivin_addr, 16);
	t->akey = t->akey_len == 0 ? no_key : emu_ptr(mem, bd->a_key_addr, t->akey_len);
	t->aiv = no_key;
	t->mac = emu_ptr(mem, bd->mac_addr, t->mac_len);
	return t->ckey != NULL && t->iv != NULL && t->akey != NULL && t->mac != NULL;
}

bool
sec2_chain_read(const struct emu_mem *mem, struct sec2_op *op, const void *sqe)
{
	const volatile struct sec2_bd3 *bd = sqe;
	uint32_t param = bd->bd_param, c_off, a_off, lo, c_end, a_end;
	struct crypto_task *t = &op->t;
	uint64_t src = bd->data_src_addr;
	uint8_t *base;

	if (!read_cipher(bd, t, param) || !read_auth(bd, t))
		return false;
	/* In place: what is authenticated is one piece then. */
	if (HW_GET(BD3_DE, param) != 0 && bd->data_dst_addr != src)
		return false;
	c_off = bd->cipher_src_offset;
	a_off = bd->auth_src_offset;
	c_end = c_off + t->clen;
	a_end = a_off + t->alen;
	lo = c_off < a_off ? c_off : a_off;
	base = emu_ptr(mem, src + lo, (c_end > a_end ? c_end : a_end) - lo);
	if (base == NULL || !find_parameters(mem, bd, t))
		return false;
	t->csrc = t->cdst = base + (c_off - lo);
	t->asrc = base + (a_off - lo);
	__builtin_prefetch(t->csrc);
	emu_touch(t->csrc, t->clen);
	emu_touch(t->asrc, t->alen);
	emu_touch(t->ckey, t->ckey_len);
	emu_touch(t->iv, 16);
	emu_touch(t->akey, t->akey_len);
	emu_touch(t->mac, t->mac_len);
	op->path = HW_GET(BD3_SEQ, bd->huk_iv_seq) == SEC2_SEQ_CIPHER_AUTH ? SEC2_P_CIPHER_AUTH :
		SEC2_P_AUTH_CIPHER;
	op->error = SEC2_OK;
	op->icv = 0;
	op->flag = SEC2_FLAG_AEAD;
	op->out = NULL;
	op->patch_len = 0;
	op->mem = mem;
	return true;
}
