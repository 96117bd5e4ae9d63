/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2 buffer descriptor type 2 (hardware v2, reference C1). */
#include "sec2.h"

bool
sec2_bd2_read(const void *sqe, struct sec2_req *r)
{
	const volatile struct sec2_bd2 *bd = sqe;
	uint8_t tca = bd->type_cipher_auth, sds = bd->sds_sa_type, sdm = bd->sdm_addr_type;
	uint8_t aac = bd->ai_apad_cs;
	uint32_t mka = bd->mac_key_alg;
	uint16_t ick = bd->icvw_kmode;

	if (HW_GET(BD2_TYPE, tca) != SEC2_BD_TYPE2)
		return false;
	r->invalid = (uint8_t)HW_GET(BD2_INVALID, bd->iv_tls_invalid);
	r->scene = (uint8_t)HW_GET(BD2_SCENE, sds);
	r->de = (uint8_t)HW_GET(BD2_DE, sds);
	r->src_type = (uint8_t)(HW_GET(BD2_SRC_TYPE_LOW, sds) | HW_GET(BD2_SRC_TYPE_HIGH, sdm) << 1);
	r->dst_type = (uint8_t)HW_GET(BD2_DST_TYPE, sdm);
	r->mac_type = (uint8_t)HW_GET(BD2_MAC_TYPE, sdm);
	r->cipher = (uint8_t)HW_GET(BD2_CIPHER, tca);
	r->ci_gen = (uint8_t)HW_GET(BD2_CI_GEN, bd->huk_key_ci);
	r->icv_len = (uint8_t)HW_GET(BD2_C_ICV_LEN, ick);
	r->cwidth = (uint8_t)HW_GET(BD2_C_WIDTH, ick);
	r->ckey_code = (uint8_t)HW_GET(BD2_C_KEY_LEN, ick);
	r->cmode = (uint8_t)HW_GET(BD2_C_MODE, ick);
	r->calg = (uint8_t)HW_GET(BD2_C_ALG, bd->c_alg);
	r->seq = (uint8_t)HW_GET(BD2_SEQ, sds);
	r->auth = (uint8_t)HW_GET(BD2_AUTH, tca);
	r->ai_gen = (uint8_t)HW_GET(BD2_AI_GEN, aac);
	r->apad = (uint8_t)HW_GET(BD2_A_PAD, aac);
	r->mac_sel = 0;
	r->mac_len = (uint16_t)(HW_GET(BD2_MAC_LEN, mka) * 4);
	r->akey_len = (uint16_t)(HW_GET(BD2_A_KEY_LEN, mka) * 4);
	r->aalg = (uint8_t)HW_GET(BD2_A_ALG, mka);
	r->ctr_mode = 0;
	r->auth_off = bd->auth_src_offset;
	r->cipher_off = bd->cipher_src_offset;
	r->alen = (uint32_t)HW_GET(BD2_LEN, bd->alen_ivllen);
	r->clen = (uint32_t)HW_GET(BD2_LEN, bd->clen_ivhlen);
	r->src = bd->data_src_addr;
	r->dst = bd->data_dst_addr;
	r->ckey = bd->c_key_addr;
	r->civ = bd->c_ivin_addr;
	r->akey = bd->a_key_addr;
	r->aiv = bd->a_ivin_addr;
	r->mac = bd->mac_addr;
	r->long_len = bd->long_a_data_len;
	return true;
}

void
sec2_bd2_prefetch(const void *sqe)
{
	const volatile struct sec2_bd2 *bd = sqe;

	sec2_prefetch(bd->c_ivin_addr, bd->data_src_addr, bd->data_dst_addr);
}
