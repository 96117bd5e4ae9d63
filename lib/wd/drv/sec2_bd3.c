/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2 descriptors of type 3 (hardware v3 and later): template and submission. */
#include "sec2.h"

/* Digest descriptors are of the stream kind, GMAC of the IPsec kind, all others of none (C5). */
static uint32_t
scene_of(const struct sec2_recipe *rec)
{
	if (rec->shape == SEC2_AUTH)
		return SEC2_SCENE_STREAM;
	return rec->shape == SEC2_GMAC ? SEC2_SCENE_IPSEC : SEC2_SCENE_NONE;
}

void
sec2_bd3_template(struct sec2_bd3 *bd, const struct sec2_recipe *rec)
{
	memset(bd, 0, sizeof(*bd));
	bd->bd_param = HW_PREP(BD3_TYPE, SEC2_BD_TYPE3) | HW_PREP(BD3_SCENE, scene_of(rec));
	if (rec->cipher != SEC2_CIPHER_NONE)
		bd->bd_param |= HW_PREP(BD3_DE, 1);
	bd->c_icv_key = HW_PREP(BD3_CIPHER, rec->cipher) |
		HW_PREP(BD3_C_ICV_LEN, rec->icv_len) | HW_PREP(BD3_C_WIDTH, rec->c_width) |
		HW_PREP(BD3_C_KEY_LEN, rec->c_key_code);
	bd->c_mode_alg = HW_PREP(BD3_C_MODE, rec->c_mode) | HW_PREP(BD3_C_ALG, rec->c_alg);
	bd->huk_iv_seq = HW_PREP(BD3_SEQ, rec->seq);
	bd->auth_mac_key = HW_PREP(BD3_AUTH, rec->auth) | HW_PREP(BD3_MAC_LEN, rec->mac_words) |
		HW_PREP(BD3_A_KEY_LEN, rec->a_key_words) | HW_PREP(BD3_A_ALG, rec->a_alg);
	if (rec->cipher != SEC2_CIPHER_NONE)
		bd->auth_mac_key |= HW_PREP(BD3_CTR_MODE, SEC2_CTR_ROLLOVER_128);
	if (rec->shape == SEC2_GMAC)
		bd->auth_mac_key |= HW_PREP(BD3_AI_GEN, SEC2_AI_GEN_ADDR);
	bd->c_key_addr = rec->c_key;
	bd->a_key_addr = rec->a_key;
}

/* Copies the template and patches what a request changes; c and a are constants. */
WD_INLINE void
bd3_put(void *sqe, const struct wd_session *s, const struct wd_req *r,
	const struct sec2_io *io, const bool c, const bool a)
{
	struct sec2_bd3 *bd = sqe;

	memcpy(bd, __builtin_assume_aligned(s->bd, 64), sizeof(*bd));
	bd->data_src_addr = io->src;
	if (c) {
		bd->data_dst_addr = io->dst;
		bd->c_ivin_addr = r->iv;
		bd->c_len_ivin = r->cipher_len;
		bd->cipher_src_offset = io->c_off;
	}
	if (a) {
		bd->mac_addr = r->digest;
		bd->a_len_key = r->auth_len;
		bd->auth_src_offset = io->a_off;
	}
	if (io->sgl)
		bd->bd_param |= HW_PREP(BD3_SRC_TYPE, SEC2_ADDR_SGL) |
			(c ? HW_PREP(BD3_DST_TYPE, SEC2_ADDR_SGL) : 0);
}

static __attribute__((noinline)) int
bd3_plain_mapped(struct qm_queue *q, uint32_t slot, void *sqe, const struct wd_req *r, bool c,
	bool a)
{
	struct sec2_io io;
	int ret;

	ret = sec2_map(q, slot, r, c, a, &io);
	if (ret == QM_TAKEN)
		bd3_put(sqe, r->sess, r, &io, c, a);
	return ret;
}

/* Cipher, auth, or both. */
WD_INLINE int
bd3_plain(struct qm_queue *q, uint32_t slot, void *sqe, const struct wd_req *r, const bool c,
	const bool a)
{
	const struct wd_session *s = r->sess;
	const struct sec2_io io = {.src = r->src, .dst = r->dst,
		.c_off = r->cipher_off, .a_off = r->auth_off};

	if (wd_unlikely((c && sec2_c_len_bad(s, r->cipher_len)) ||
		(a && sec2_a_len_bad(s, r->auth_len))))
		return WD_BAD_REQ;
	if (wd_unlikely((r->src_segs | r->dst_segs) != 0 ||
		((c ? r->cipher_off : 0) | (a ? r->auth_off : 0)) > SEC2_MAX_OFFSET))
		return bd3_plain_mapped(q, slot, sqe, r, c, a);
	bd3_put(sqe, s, r, &io, c, a);
	return QM_TAKEN;
}

static __attribute__((noinline)) int
bd3_gmac(struct qm_queue *q, uint32_t slot, void *sqe, const struct wd_req *r)
{
	struct sec2_bd3 *bd = sqe;
	int ret;

	ret = sec2_gmac_block(q, slot, r);
	if (ret == QM_TAKEN)
		ret = bd3_plain(q, slot, sqe, r, false, true);
	if (ret == QM_TAKEN)
		bd->a_ivin_addr = qm_slot_addr(q, slot, offsetof(struct qm_slot, iv));
	return ret;
}

WD_INLINE int
bd3_aead(struct qm_queue *q, uint32_t slot, void *sqe, const struct wd_req *r, uint64_t c_iv,
	uint64_t a_iv)
{
	const struct wd_session *s = r->sess;
	struct sec2_bd3 *bd = sqe;
	struct sec2_io io;
	int ret;

	ret = sec2_aead_io(q, slot, r, &io);
	if (wd_unlikely(ret != QM_TAKEN))
		return ret;
	memcpy(bd, __builtin_assume_aligned(s->bd, 64), sizeof(*bd));
	bd->data_src_addr = io.src;
	bd->data_dst_addr = io.dst;
	bd->c_ivin_addr = c_iv;
	bd->a_ivin_addr = a_iv;
	bd->mac_addr = r->digest;
	bd->a_len_key = r->aad_len;
	bd->c_len_ivin = r->cipher_len;
	bd->cipher_src_offset = io.c_off;
	if (io.sgl)
		bd->bd_param |= HW_PREP(BD3_SRC_TYPE, SEC2_ADDR_SGL) |
			HW_PREP(BD3_DST_TYPE, SEC2_ADDR_SGL);
	return QM_TAKEN;
}

static __attribute__((noinline)) int
bd3_ccm(struct qm_queue *q, uint32_t slot, void *sqe, const struct wd_req *r)
{
	uint64_t iv = qm_slot_addr(q, slot, offsetof(struct qm_slot, iv));
	int ret;

	ret = sec2_ccm_blocks(q, slot, r->sess, r);
	return ret == QM_TAKEN ? bd3_aead(q, slot, sqe, r, iv, iv + 16) : ret;
}

WD_INLINE int
bd3_fill(struct qm_queue *q, uint32_t slot, void *sqe, const struct wd_req *r)
{
	switch (r->sess->kind) {
	case SEC2_KIND(3, SEC2_CHAIN):
		return bd3_plain(q, slot, sqe, r, true, true);
	case SEC2_KIND(3, SEC2_GCM):
		if (wd_unlikely(sec2_aead_bad(r->sess, r)))
			return WD_BAD_REQ;
		return bd3_aead(q, slot, sqe, r, r->iv, r->iv);
	case SEC2_KIND(3, SEC2_CIPHER):
		return bd3_plain(q, slot, sqe, r, true, false);
	case SEC2_KIND(3, SEC2_AUTH):
		return bd3_plain(q, slot, sqe, r, false, true);
	case SEC2_KIND(3, SEC2_GMAC):
		return bd3_gmac(q, slot, sqe, r);
	case SEC2_KIND(3, SEC2_CCM):
		if (sec2_aead_bad(r->sess, r))
			return WD_BAD_REQ;
		return bd3_ccm(q, slot, sqe, r);
	default:
		return WD_BAD_REQ;
	}
}

uint16_t
sec2_submit_bd3(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return qm_submit(wq, reqs, n, bd3_fill);
}
