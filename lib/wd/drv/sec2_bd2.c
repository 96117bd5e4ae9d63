/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2 descriptors of type 2 (hardware v2): template and submission. */
#include "sec2_bd.h"

void
sec2_bd2_template(struct sec2_bd2 *bd, const struct sec2_recipe *rec)
{
	uint32_t scene = rec->shape == SEC2_AUTH ? SEC2_SCENE_IPSEC : SEC2_SCENE_NONE;

	memset(bd, 0, sizeof(*bd));
	bd->type_cipher_auth = HW_PREP(BD2_TYPE, SEC2_BD_TYPE2) |
		HW_PREP(BD2_CIPHER, rec->cipher) | HW_PREP(BD2_AUTH, rec->auth);
	bd->sds_sa_type = HW_PREP(BD2_SEQ, rec->seq) | HW_PREP(BD2_SCENE, scene) |
		HW_PREP(BD2_DE, rec->cipher != SEC2_CIPHER_NONE);
	bd->mac_key_alg = HW_PREP(BD2_MAC_LEN, rec->mac_words) |
		HW_PREP(BD2_A_KEY_LEN, rec->a_key_words) | HW_PREP(BD2_A_ALG, rec->a_alg);
	bd->icvw_kmode = HW_PREP(BD2_C_ICV_LEN, rec->icv_len) |
		HW_PREP(BD2_C_WIDTH, rec->c_width) | HW_PREP(BD2_C_KEY_LEN, rec->c_key_code) |
		HW_PREP(BD2_C_MODE, rec->c_mode);
	bd->c_alg = HW_PREP(BD2_C_ALG, rec->c_alg);
	bd->c_key_addr = rec->c_key;
	bd->a_key_addr = rec->a_key;
}

WD_INLINE void
bd2_put(void *sqe, const struct wd_session *s, const struct wd_req *r,
	const struct sec2_io *io, const bool c, const bool a)
{
	const struct sec2_words w = sec2_words_of(r, io);

	sec2_bd2_write(sqe, s, &w, c, a);
}

WD_INLINE void
bd2_put_aead(void *sqe, const struct wd_req *r, const struct sec2_io *io, uint64_t c_iv,
	uint64_t a_iv)
{
	struct sec2_words w = sec2_words_of(r, io);

	w.a_len = r->aad_len;
	w.iv = c_iv;
	sec2_bd2_write_aead(sqe, r->sess, &w, a_iv);
}

/* ------------------------------------------------------------------ any request */

static int
bd2_any_plain(struct qm_queue *q, void *sqe, const struct wd_req *r, bool c, bool a)
{
	struct sec2_io io;
	int ret;

	ret = sec2_map(q, qm_slot_of(q, sqe), r, c, a, &io);
	if (ret == QM_TAKEN)
		bd2_put(sqe, r->sess, r, &io, c, a);
	return ret;
}

static int
bd2_any_aead(struct qm_queue *q, void *sqe, const struct wd_req *r, bool ccm)
{
	uint32_t slot = qm_slot_of(q, sqe);
	uint64_t iv = qm_slot_addr(q, slot, offsetof(struct qm_slot, iv));
	int ret = ccm ? sec2_ccm_blocks(q, slot, r) : QM_TAKEN;
	struct sec2_io io;

	if (ret == QM_TAKEN)
		ret = sec2_map_aead(q, sqe, r, &io);
	if (ret == QM_TAKEN)
		bd2_put_aead(sqe, r, &io, ccm ? iv : r->iv, ccm ? iv + 16 : r->iv);
	return ret;
}

static __attribute__((noinline)) int
bd2_any(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	switch (r->sess->kind) {
	case SEC2_KIND(2, SEC2_CHAIN):
		return bd2_any_plain(q, sqe, r, true, true);
	case SEC2_KIND(2, SEC2_CIPHER):
		return bd2_any_plain(q, sqe, r, true, false);
	case SEC2_KIND(2, SEC2_AUTH):
		return bd2_any_plain(q, sqe, r, false, true);
	case SEC2_KIND(2, SEC2_GCM):
		return bd2_any_aead(q, sqe, r, false);
	case SEC2_KIND(2, SEC2_CCM):
		return bd2_any_aead(q, sqe, r, true);
	default:
		return WD_BAD_REQ;
	}
}

/* ------------------------------------------------------------------ the usual request */

WD_INLINE int
bd2_flat_plain(struct qm_queue *q, void *sqe, const struct wd_req *r,
	const bool c, const bool a)
{
	const struct sec2_io io = {.src = r->src, .dst = r->dst,
		.c_off = r->cipher_off, .a_off = r->auth_off};

	if (wd_unlikely(!sec2_easy(r->sess, r, c, a)))
		return bd2_any(q, sqe, r);
	bd2_put(sqe, r->sess, r, &io, c, a);
	return QM_TAKEN;
}

WD_INLINE int
bd2_flat_gcm(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	struct sec2_io io;

	if (wd_unlikely(!sec2_easy_aead(r)))
		return bd2_any(q, sqe, r);
	/* Twice, so that the kind of address is a constant in each. */
	if (sec2_aead_is_flat(r)) {
		sec2_aead_flat(r, &io);
		bd2_put_aead(sqe, r, &io, r->iv, r->iv);
	} else {
		sec2_aead_pairs(q, sqe, r, &io);
		bd2_put_aead(sqe, r, &io, r->iv, r->iv);
	}
	return QM_TAKEN;
}

/* Comparisons, not a jump table: bursts are mostly of one shape. */
WD_INLINE int
bd2_flat(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	uint8_t kind = r->sess->kind;

	if (kind == SEC2_KIND(2, SEC2_CHAIN))
		return bd2_flat_plain(q, sqe, r, true, true);
	if (kind == SEC2_KIND(2, SEC2_GCM))
		return bd2_flat_gcm(q, sqe, r);
	if (kind == SEC2_KIND(2, SEC2_CIPHER))
		return bd2_flat_plain(q, sqe, r, true, false);
	return bd2_any(q, sqe, r);
}

static uint16_t
sec2_submit_bd2(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return qm_submit(wq, reqs, n, bd2_flat, bd2_any);
}

#if defined(__x86_64__)
/* The same code; the compiler copies templates with half the instructions. */
__attribute__((target("avx2"))) static uint16_t
sec2_submit_bd2_avx2(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return qm_submit(wq, reqs, n, bd2_flat, bd2_any);
}

wd_submit_t
sec2_bd2_submit(void)
{
	return __builtin_cpu_supports("avx2") ? sec2_submit_bd2_avx2 : sec2_submit_bd2;
}
#else
wd_submit_t
sec2_bd2_submit(void)
{
	return sec2_submit_bd2;
}
#endif
