/* SPDX-License-Identifier: BSD-3-Clause */
#include "sec2.h"

/* Bits of bd_param that a plain request may have in any way: the scene's lowest, one of each type. */
#define ANY_PARAM       (HW_PREP(BD3_SCENE, 1) | HW_PREP(BD3_DE, 1) | \
			 HW_PREP(BD3_SRC_TYPE, 1) | HW_PREP(BD3_DST_TYPE, 1))

static inline uint8_t *
piece(const struct emu_mem *mem, bool list, uint64_t addr, uint64_t off, uint64_t len)
{
	return list ? emu_sgl_view(mem, addr, off, len) : emu_ptr(mem, addr + off, len);
}

/* The numbers: algorithm, lengths. */
static inline bool
read_numbers(const volatile struct sec2_bd3 *bd, struct crypto_task *t, uint32_t param)
{
	uint32_t ick = bd->c_icv_key;
	unsigned int key = (unsigned int)HW_GET(BD3_C_KEY_LEN, ick);

	if ((param & ~ANY_PARAM) != SEC2_BD_TYPE3 || HW_GET(BD3_CI_GEN, ick) != 0 ||
			bd->c_mode_alg != (SEC2_CMODE_GCM | SEC2_CALG_AES << 4) ||
			HW_GET(BD3_AUTH, bd->auth_mac_key) != SEC2_AUTH_NONE || key > SEC2_CKEY_256)
		return false;
	t->cipher = (uint8_t)HW_GET(BD3_CIPHER, ick);
	t->mac_len = (uint8_t)HW_GET(BD3_C_ICV_LEN, ick);
	t->alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	t->clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	t->calg = SEC2_CALG_AES;
	t->cmode = SEC2_CMODE_GCM;
	t->ckey_len = (uint8_t)(16 + 8 * key);
	t->iv_len = 12;
	return (t->cipher == SEC2_CIPHER_ENC || t->cipher == SEC2_CIPHER_DEC) &&
		t->mac_len >= 8 && t->mac_len <= 16 && t->clen != 0 &&
		(uint64_t)t->alen + t->clen <= SEC2_MAX_LEN;
}

bool
sec2_gcm_read(const struct emu_mem *mem, struct sec2_op *op, const void *sqe)
{
	static const uint8_t no_aad[16];
	const volatile struct sec2_bd3 *bd = sqe;
	uint32_t param = bd->bd_param;
	struct crypto_task *t = &op->t;
	bool src_list, dst_list;
	uint64_t src, dst, off;

	if (!read_numbers(bd, t, param))
		return false;
	src = bd->data_src_addr;
	src_list = HW_GET(BD3_SRC_TYPE, param) == SEC2_ADDR_SGL;
	off = bd->cipher_src_offset;
	t->csrc = t->cdst = piece(mem, src_list, src, off, t->clen);
	__builtin_prefetch(t->csrc);
	t->asrc = t->alen == 0 ? no_aad : piece(mem, src_list, src, bd->auth_src_offset, t->alen);
	if (HW_GET(BD3_DE, param) != 0) {
		dst = bd->data_dst_addr;
		dst_list = HW_GET(BD3_DST_TYPE, param) == SEC2_ADDR_SGL;
		if (dst != src || dst_list != src_list)
			t->cdst = piece(mem, dst_list, dst, off, t->clen);
	}
	t->ckey = emu_ptr(mem, bd->c_key_addr, t->ckey_len);
	t->iv = emu_ptr(mem, bd->c_ivin_addr, 12);
	t->mac = emu_ptr(mem, bd->mac_addr, t->mac_len);
	if (t->csrc == NULL || t->asrc == NULL || t->cdst == NULL || t->ckey == NULL ||
			t->iv == NULL || t->mac == NULL)
		return false;
	emu_touch(t->csrc, t->clen);
	if (t->cdst != t->csrc)
		emu_touch(t->cdst, t->clen);
	emu_touch(t->asrc, t->alen);
	emu_touch(t->ckey, t->ckey_len);
	emu_touch(t->iv, 12);
	emu_touch(t->mac, t->mac_len);
	op->path = SEC2_P_AEAD;
	op->error = SEC2_OK;
	op->icv = 0;
	op->flag = SEC2_FLAG_AEAD;
	op->out = NULL;
	return true;
}
