/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2 descriptors of type 3 (hardware v3 and later): template and submission. */
#include "sec2_bd.h"

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

WD_INLINE void
bd3_put(void *sqe, const struct wd_session *s, const struct wd_req *r,
	const struct sec2_io *io, const bool c, const bool a)
{
	const struct sec2_words w = sec2_words_of(r, io);

	sec2_bd3_write(sqe, s, &w, c, a);
}

WD_INLINE void
bd3_put_aead(void *sqe, const struct wd_req *r, const struct sec2_io *io, uint64_t c_iv,
	uint64_t a_iv)
{
	struct sec2_words w = sec2_words_of(r, io);

	w.a_len = r->aad_len;
	w.iv = c_iv;
	sec2_bd3_write_aead(sqe, r->sess, &w, a_iv);
}

/* ------------------------------------------------------------------ any request */

static int
bd3_any_plain(struct qm_queue *q, void *sqe, const struct wd_req *r, bool c, bool a)
{
	struct sec2_io io;
	int ret;

	ret = sec2_map(q, qm_slot_of(q, sqe), r, c, a, &io);
	if (ret == QM_TAKEN)
		bd3_put(sqe, r->sess, r, &io, c, a);
	return ret;
}

static int
bd3_any_gmac(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	uint32_t slot = qm_slot_of(q, sqe);
	struct sec2_bd3 *bd = sqe;
	int ret;

	ret = sec2_gmac_block(q, slot, r);
	if (ret == QM_TAKEN)
		ret = bd3_any_plain(q, sqe, r, false, true);
	if (ret == QM_TAKEN)
		bd->a_ivin_addr = qm_slot_addr(q, slot, offsetof(struct qm_slot, iv));
	return ret;
}

static int
bd3_any_aead(struct qm_queue *q, void *sqe, const struct wd_req *r, bool ccm)
{
	uint32_t slot = qm_slot_of(q, sqe);
	uint64_t iv = qm_slot_addr(q, slot, offsetof(struct qm_slot, iv));
	int ret = ccm ? sec2_ccm_blocks(q, slot, r) : QM_TAKEN;
	struct sec2_io io;

	if (ret == QM_TAKEN)
		ret = sec2_map_aead(q, sqe, r, &io);
	if (ret == QM_TAKEN)
		bd3_put_aead(sqe, r, &io, ccm ? iv : r->iv, ccm ? iv + 16 : r->iv);
	return ret;
}

static __attribute__((noinline)) int
bd3_any(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	switch (r->sess->kind) {
	case SEC2_KIND(3, SEC2_CHAIN):
		return bd3_any_plain(q, sqe, r, true, true);
	case SEC2_KIND(3, SEC2_CIPHER):
		return bd3_any_plain(q, sqe, r, true, false);
	case SEC2_KIND(3, SEC2_AUTH):
		return bd3_any_plain(q, sqe, r, false, true);
	case SEC2_KIND(3, SEC2_GMAC):
		return bd3_any_gmac(q, sqe, r);
	case SEC2_KIND(3, SEC2_GCM):
		return bd3_any_aead(q, sqe, r, false);
	case SEC2_KIND(3, SEC2_CCM):
		return bd3_any_aead(q, sqe, r, true);
	default:
		return WD_BAD_REQ;
	}
}

/* ------------------------------------------------------------------ the usual request */

WD_INLINE int
bd3_flat_plain(struct qm_queue *q, void *sqe, const struct wd_req *r,
	const bool c, const bool a)
{
	const struct sec2_io io = {.src = r->src, .dst = r->dst,
		.c_off = r->cipher_off, .a_off = r->auth_off};

	if (wd_unlikely(!sec2_easy(r->sess, r, c, a)))
		return bd3_any(q, sqe, r);
	bd3_put(sqe, r->sess, r, &io, c, a);
	return QM_TAKEN;
}

WD_INLINE int
bd3_flat_gcm(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	struct sec2_io io;

	if (wd_unlikely(!sec2_easy_aead(r)))
		return bd3_any(q, sqe, r);
	/* Twice, so that the kind of address is a constant in each. */
	if (sec2_aead_is_flat(r)) {
		sec2_aead_flat(r, &io);
		bd3_put_aead(sqe, r, &io, r->iv, r->iv);
	} else {
		sec2_aead_pairs(q, sqe, r, &io);
		bd3_put_aead(sqe, r, &io, r->iv, r->iv);
	}
	return QM_TAKEN;
}

/* Comparisons, not a jump table: bursts are mostly of one shape. */
WD_INLINE int
bd3_flat(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	uint8_t kind = r->sess->kind;

	if (kind == SEC2_KIND(3, SEC2_CHAIN))
		return bd3_flat_plain(q, sqe, r, true, true);
	if (kind == SEC2_KIND(3, SEC2_GCM))
		return bd3_flat_gcm(q, sqe, r);
	if (kind == SEC2_KIND(3, SEC2_CIPHER))
		return bd3_flat_plain(q, sqe, r, true, false);
	return bd3_any(q, sqe, r);
}

static uint16_t
sec2_submit_bd3(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return qm_submit(wq, reqs, n, bd3_flat, bd3_any);
}

#if defined(__x86_64__)
/* The same code; the compiler copies templates with half the instructions. */
__attribute__((target("avx2"))) static uint16_t
sec2_submit_bd3_avx2(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return qm_submit(wq, reqs, n, bd3_flat, bd3_any);
}

wd_submit_t
sec2_bd3_submit(void)
{
	return __builtin_cpu_supports("avx2") ? sec2_submit_bd3_avx2 : sec2_submit_bd3;
}
#else
wd_submit_t
sec2_bd3_submit(void)
{
	return sec2_submit_bd3;
}
#endif
