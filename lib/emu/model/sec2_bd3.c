/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2 buffer descriptor type 3 (hardware v3 and later, reference C3). */
#include "sec2.h"

bool
sec2_bd3_read(const void *sqe, struct sec2_req *r)
{
	const volatile struct sec2_bd3 *bd = sqe;
	uint32_t param = bd->bd_param, amk = bd->auth_mac_key;
	uint16_t ick = bd->c_icv_key;
	uint8_t ma = bd->c_mode_alg, his = bd->huk_iv_seq;

	if (HW_GET(BD3_TYPE, param) != SEC2_BD_TYPE3)
		return false;
	r->invalid = (uint8_t)HW_GET(BD3_INVALID, param);
	r->scene = (uint8_t)HW_GET(BD3_SCENE, param);
	r->de = (uint8_t)HW_GET(BD3_DE, param);
	r->src_type = (uint8_t)HW_GET(BD3_SRC_TYPE, param);
	r->dst_type = (uint8_t)HW_GET(BD3_DST_TYPE, param);
	r->mac_type = (uint8_t)HW_GET(BD3_MAC_TYPE, param);
	r->cipher = (uint8_t)HW_GET(BD3_CIPHER, ick);
	r->ci_gen = (uint8_t)HW_GET(BD3_CI_GEN, ick);
	r->icv_len = (uint8_t)HW_GET(BD3_C_ICV_LEN, ick);
	r->cwidth = (uint8_t)HW_GET(BD3_C_WIDTH, ick);
	r->ckey_code = (uint8_t)HW_GET(BD3_C_KEY_LEN, ick);
	r->cmode = (uint8_t)HW_GET(BD3_C_MODE, ma);
	r->calg = (uint8_t)HW_GET(BD3_C_ALG, ma);
	r->seq = (uint8_t)HW_GET(BD3_SEQ, his);
	r->auth = (uint8_t)HW_GET(BD3_AUTH, amk);
	r->ai_gen = (uint8_t)HW_GET(BD3_AI_GEN, amk);
	r->mac_len = (uint16_t)(HW_GET(BD3_MAC_LEN, amk) * 4);
	r->akey_len = (uint16_t)(HW_GET(BD3_A_KEY_LEN, amk) * 4);
	r->aalg = (uint8_t)HW_GET(BD3_A_ALG, amk);
	r->ctr_mode = (uint8_t)HW_GET(BD3_CTR_MODE, amk);
	r->auth_off = bd->auth_src_offset;
	r->cipher_off = bd->cipher_src_offset;
	r->alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	r->clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	r->src = bd->data_src_addr;
	r->dst = bd->data_dst_addr;
	r->ckey = bd->c_key_addr;
	r->civ = bd->c_ivin_addr;
	r->akey = bd->a_key_addr;
	r->aiv = bd->a_ivin_addr;
	r->mac = bd->mac_addr;
	r->apad = 0;
	r->mac_sel = 0;
	r->long_len = 0;
	if (r->scene == SEC2_SCENE_STREAM) {
		uint8_t pad = bd->stream.auth_pad;

		r->apad = (uint8_t)HW_GET(BD3_AUTH_PAD, pad);
		r->mac_sel = (uint8_t)HW_GET(BD3_MAC_SEL, pad);
		r->long_len = bd->stream.long_a_data_len;
	}
	return true;
}
