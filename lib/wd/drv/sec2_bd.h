/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing SEC2 descriptors into the ring: the session's template, and in it what a request
 * changes. Used by libwd on requests, and by the PMD of this tree on ops.
 */
#ifndef WD_DRV_SEC2_BD_H
#define WD_DRV_SEC2_BD_H

#include "sec2.h"

/* What a request changes; addresses are the device's. AEAD: a_len is the AAD's. */
struct sec2_words {
	uint64_t src, dst, iv, mac;
	uint32_t c_len, a_len;
	uint16_t c_off, a_off;
	bool sgl;               /* src and dst are lists */
};

/* What a vector register of the processor moves at once, or two; ring and template are aligned. */
typedef uint8_t sec2_part __attribute__((vector_size(32), may_alias));

/*
 * Copies the template. A request with all of offsets, lengths, output, MAC and IV writes bytes 64
 * to 99 of a descriptor of type 3 anyway.
 */
WD_INLINE void
sec2_copy(void *sqe, const struct wd_session *s, const bool all)
{
	const sec2_part *t = (const void *)s->bd;
	sec2_part *to = sqe;

	_Static_assert(offsetof(struct sec2_bd3, auth_src_offset) == 64 &&
		offsetof(struct sec2_bd3, c_ivin_addr) == 92, "the patched part");
	to[0] = t[0];
	to[1] = t[1];
	if (!all)
		to[2] = t[2];
	to[3] = t[3];
}

/* c and a are constants: a cipher, an auth, or both. */
WD_INLINE void
sec2_bd3_write(void *sqe, const struct wd_session *s, const struct sec2_words *w, const bool c,
	const bool a)
{
	struct sec2_bd3 *bd = sqe;

	sec2_copy(sqe, s, c && a);
	bd->data_src_addr = w->src;
	if (c) {
		bd->data_dst_addr = w->dst;
		bd->c_ivin_addr = w->iv;
		bd->c_len_ivin = w->c_len;
		bd->cipher_src_offset = w->c_off;
	}
	if (a) {
		bd->mac_addr = w->mac;
		bd->a_len_key = w->a_len;
		bd->auth_src_offset = w->a_off;
	}
	if (w->sgl)
		bd->bd_param |= HW_PREP(BD3_SRC_TYPE, SEC2_ADDR_SGL) |
			(c ? HW_PREP(BD3_DST_TYPE, SEC2_ADDR_SGL) : 0);
}

WD_INLINE void
sec2_bd3_write_aead(void *sqe, const struct wd_session *s, const struct sec2_words *w,
	uint64_t a_iv)
{
	struct sec2_bd3 *bd = sqe;

	sec2_copy(sqe, s, true);
	bd->data_src_addr = w->src;
	bd->data_dst_addr = w->dst;
	bd->c_ivin_addr = w->iv;
	bd->a_ivin_addr = a_iv;
	bd->mac_addr = w->mac;
	bd->a_len_key = w->a_len;
	bd->c_len_ivin = w->c_len;
	bd->auth_src_offset = 0;
	bd->cipher_src_offset = w->c_off;
	if (w->sgl)
		bd->bd_param |= HW_PREP(BD3_SRC_TYPE, SEC2_ADDR_SGL) |
			HW_PREP(BD3_DST_TYPE, SEC2_ADDR_SGL);
}

WD_INLINE void
sec2_bd2_lists(struct sec2_bd2 *bd, const bool dst)
{
	bd->sds_sa_type |= HW_PREP(BD2_SRC_TYPE_LOW, SEC2_ADDR_SGL);
	if (dst)
		bd->sdm_addr_type |= HW_PREP(BD2_DST_TYPE, SEC2_ADDR_SGL);
}

WD_INLINE void
sec2_bd2_write(void *sqe, const struct wd_session *s, const struct sec2_words *w, const bool c,
	const bool a)
{
	struct sec2_bd2 *bd = sqe;

	sec2_copy(sqe, s, false);
	bd->data_src_addr = w->src;
	if (c) {
		bd->data_dst_addr = w->dst;
		bd->c_ivin_addr = w->iv;
		bd->clen_ivhlen = w->c_len;
		bd->cipher_src_offset = w->c_off;
	}
	if (a) {
		bd->mac_addr = w->mac;
		bd->alen_ivllen = w->a_len;
		bd->auth_src_offset = w->a_off;
	}
	if (w->sgl)
		sec2_bd2_lists(bd, c);
}

WD_INLINE void
sec2_bd2_write_aead(void *sqe, const struct wd_session *s, const struct sec2_words *w,
	uint64_t a_iv)
{
	struct sec2_bd2 *bd = sqe;

	sec2_copy(sqe, s, false);
	bd->data_src_addr = w->src;
	bd->data_dst_addr = w->dst;
	bd->c_ivin_addr = w->iv;
	bd->a_ivin_addr = a_iv;
	bd->mac_addr = w->mac;
	bd->alen_ivllen = w->a_len;
	bd->clen_ivhlen = w->c_len;
	bd->cipher_src_offset = w->c_off;
	if (w->sgl)
		sec2_bd2_lists(bd, true);
}

/* Of a request, whose buffers io has in the descriptor's terms. */
WD_INLINE struct sec2_words
sec2_words_of(const struct wd_req *r, const struct sec2_io *io)
{
	return (struct sec2_words){.src = io->src, .dst = io->dst, .iv = r->iv, .mac = r->digest,
		.c_len = r->cipher_len, .a_len = r->auth_len, .c_off = io->c_off,
		.a_off = io->a_off, .sgl = io->sgl};
}

#endif
