/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEC2 descriptors written past the caches (wd_stream.h): the same as sec2_bd.h writes, put
 * together in registers, 16 bytes at a time. Whole descriptors: nothing may be patched later.
 */
#ifndef WD_DRV_SEC2_STREAM_H
#define WD_DRV_SEC2_STREAM_H

#include "sec2_bd.h"
#include "wd_stream.h"

#ifdef WD_HAVE_STREAM

/* Flags in word 0 that say that source and, with dst, destination are lists. */
#define SEC2_BD3_LISTS(dst) (HW_PREP(BD3_SRC_TYPE, SEC2_ADDR_SGL) | \
			((dst) ? HW_PREP(BD3_DST_TYPE, SEC2_ADDR_SGL) : 0))
#define SEC2_BD2_LISTS(dst) (HW_PREP(BD2_SRC_TYPE_LOW, SEC2_ADDR_SGL) << 8 | \
			((dst) ? HW_PREP(BD2_DST_TYPE, SEC2_ADDR_SGL) << 16 : 0))

/*
 * Bytes 64 to 127 of type 3: nothing there is the template's. pair: auth_src_offset as the low and
 * a_len_key as the high half. The three addresses lie half a word off:
 *
 *	64  offsets  a_len  |  72  c_len  dst..  |  80  ..dst  mac..  |  88  ..mac  iv..  |  96  ..iv
 */
WD_INLINE void
sec2_bd3_stream_tail(uint64_t *to, const struct sec2_words *w, uint64_t pair, const bool c,
	const bool a)
{
	__m128i first = wd_vector(pair | (c ? (uint64_t)w->c_off << 16 : 0), c ? w->c_len : 0);
	__m128i middle = wd_vector(c ? w->dst : 0, a ? w->mac : 0);
	__m128i last = wd_vector(c ? w->iv : 0, 0);

	_Static_assert(offsetof(struct sec2_bd3, data_dst_addr) == 76 &&
		offsetof(struct sec2_bd3, mac_addr) == 84 &&
		offsetof(struct sec2_bd3, c_ivin_addr) == 92, "half a word off");
	wd_stream(&to[8], _mm_or_si128(first, _mm_slli_si128(middle, 12)));
	wd_stream(&to[10], _mm_or_si128(_mm_srli_si128(middle, 4), _mm_slli_si128(last, 12)));
	wd_stream(&to[12], _mm_srli_si128(last, 4));
	wd_stream(&to[14], _mm_setzero_si128());
}

WD_INLINE void
sec2_bd3_stream(void *sqe, const struct wd_session *s, const struct sec2_words *w, const bool c,
	const bool a)
{
	const uint64_t *t = (const void *)s->bd;
	uint64_t *to = sqe;

	if (w->sgl)
		wd_stream_pair(&to[0], t[0] | SEC2_BD3_LISTS(c), t[1]);
	else
		wd_stream_copy(&to[0], &t[0]);
	wd_stream_pair(&to[2], w->src, t[3]);
	wd_stream_copy(&to[4], &t[4]);
	wd_stream_copy(&to[6], &t[6]);
	sec2_bd3_stream_tail(to, w, a ? w->a_off | (uint64_t)w->a_len << 32 : 0, c, a);
}

/* Both IVs are w's: not for CCM. */
WD_INLINE void
sec2_bd3_stream_aead(void *sqe, const struct wd_session *s, const struct sec2_words *w)
{
	const uint64_t *t = (const void *)s->bd;
	uint64_t *to = sqe;

	if (w->sgl)
		wd_stream_pair(&to[0], t[0] | SEC2_BD3_LISTS(true), t[1]);
	else
		wd_stream_copy(&to[0], &t[0]);
	wd_stream_pair(&to[2], w->src, t[3]);
	wd_stream_pair(&to[4], w->iv, t[5]);
	wd_stream_copy(&to[6], &t[6]);
	sec2_bd3_stream_tail(to, w, (uint64_t)w->a_len << 32, true, true);
}

WD_INLINE void
sec2_bd2_stream(void *sqe, const struct wd_session *s, const struct sec2_words *w, const bool c,
	const bool a)
{
	const uint64_t *t = (const void *)s->bd;
	uint32_t offsets = (c ? (uint32_t)w->c_off << 16 : 0) | (a ? w->a_off : 0);
	uint64_t *to = sqe;

	wd_stream_pair(&to[0], t[0] | (w->sgl ? SEC2_BD2_LISTS(c) : 0), t[1]);
	wd_stream_pair(&to[2], t[2] | (a ? w->a_len : 0) | (c ? (uint64_t)w->c_len << 32 : 0),
		t[3] | offsets);
	wd_stream_copy(&to[4], &t[4]);
	wd_stream_copy(&to[6], &t[6]);
	wd_stream_pair(&to[8], t[8], a ? w->mac : t[9]);
	wd_stream_pair(&to[10], c ? w->iv : t[10], t[11]);
	wd_stream_pair(&to[12], w->src, c ? w->dst : t[13]);
	wd_stream_copy(&to[14], &t[14]);
}

WD_INLINE void
sec2_bd2_stream_aead(void *sqe, const struct wd_session *s, const struct sec2_words *w)
{
	const uint64_t *t = (const void *)s->bd;
	uint64_t *to = sqe;

	wd_stream_pair(&to[0], t[0] | (w->sgl ? SEC2_BD2_LISTS(true) : 0), t[1]);
	wd_stream_pair(&to[2], w->a_len | (uint64_t)w->c_len << 32, t[3] | (uint32_t)w->c_off << 16);
	wd_stream_copy(&to[4], &t[4]);
	wd_stream_pair(&to[6], t[6], w->iv);
	wd_stream_pair(&to[8], t[8], w->mac);
	wd_stream_pair(&to[10], w->iv, t[11]);
	wd_stream_pair(&to[12], w->src, w->dst);
	wd_stream_copy(&to[14], &t[14]);
}

/* Both entries of a list of two. */
WD_INLINE void
sec2_stream_pair(struct qm_pair *pair, uint64_t aad, uint32_t aad_len, uint64_t payload,
	uint32_t len)
{
	uint64_t *to = (void *)pair->entry;

	_Static_assert(offsetof(struct hisi_sgl_entry, len) == 16, "words");
	wd_stream_pair(&to[0], aad, 0);
	wd_stream_pair(&to[2], aad_len, 0);
	wd_stream_pair(&to[4], payload, 0);
	wd_stream_pair(&to[6], len, 0);
}

#endif

#endif
