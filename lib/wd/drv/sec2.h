/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the SEC2 driver share. */
#ifndef WD_DRV_SEC2_H
#define WD_DRV_SEC2_H

#include "hisi_sec2.h"
#include "qm.h"

/*
 * What a request of a session needs, decided once. The descriptor type is part of it, so that
 * one switch also finds sessions of another generation.
 */
enum sec2_shape {
	SEC2_CIPHER = 1,        /* cipher only */
	SEC2_AUTH,              /* hash or MAC only */
	SEC2_GMAC,              /* with an IV block made by the driver */
	SEC2_CHAIN,             /* cipher and auth in one trip */
	SEC2_GCM,
	SEC2_CCM,
};
#define SEC2_KIND(bd_type, shape) ((bd_type) << 4 | (shape))

struct wd_session {
	/* First line: what a burst reads beside the template. */
	uint32_t magic;         /* as all sessions of libwd have, see SEC2_MAGIC */
	uint8_t kind;           /* SEC2_KIND */
	uint8_t iv_len;
	uint8_t tag_len;
	uint8_t c_mask;         /* cipher length: multiple of c_mask + 1 */
	uint32_t c_min, c_span; /* c_min <= length <= c_min + c_span */
	uint32_t a_min, a_span;
	uint32_t aad_max;
	uint8_t b0_flags;       /* CCM: flags byte of B0 without the AAD bit */
	uint8_t bd[128] __attribute__((aligned(64))); /* descriptor template */
	uint8_t c_key[64];      /* keys: the device reads them here */
	uint8_t a_key[128];
};
_Static_assert(offsetof(struct wd_session, bd) == WD_SESSION_ALIGN, "template on a line");
#define SEC2_MAGIC      0x32434553u

/* Generation-neutral description of a session, from which the templates are made. */
struct sec2_recipe {
	uint8_t shape;
	uint8_t cipher;         /* SEC2_CIPHER_ENC ... */
	uint8_t c_alg, c_mode, c_width, c_key_code;
	uint8_t auth;           /* SEC2_AUTH_MAC ... */
	uint8_t a_alg;
	uint8_t a_key_words;
	uint8_t mac_words;
	uint8_t icv_len;        /* AEAD tag bytes */
	uint8_t seq;
	uint64_t c_key, a_key;  /* device addresses */
};

/* Buffers of a request as the descriptor wants them. */
struct sec2_io {
	uint64_t src, dst;
	uint16_t c_off, a_off;
	bool sgl;
};

/* sec2_session.c */
void sec2_caps(uint32_t gen, struct wd_caps *caps);
int sec2_session_init(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
	const struct wd_crypto_xform *xform);
void sec2_session_fini(struct wd_session *sess);

/* sec2_map.c: the requests that are not flat with small offsets. */
int sec2_map(struct qm_queue *q, uint32_t slot, const struct wd_req *r, bool cipher, bool auth,
	struct sec2_io *io);
int sec2_map_aead(struct qm_queue *q, uint32_t slot, const struct wd_req *r,
	struct sec2_io *io);
int sec2_ccm_blocks(struct qm_queue *q, uint32_t slot, const struct wd_session *s,
	const struct wd_req *r);
int sec2_gmac_block(struct qm_queue *q, uint32_t slot, const struct wd_req *r);

/* sec2_bd3.c, sec2_bd2.c */
void sec2_bd3_template(struct sec2_bd3 *bd, const struct sec2_recipe *rec);
void sec2_bd2_template(struct sec2_bd2 *bd, const struct sec2_recipe *rec);
uint16_t sec2_submit_bd3(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n);
uint16_t sec2_submit_bd2(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n);

WD_INLINE bool
sec2_c_len_bad(const struct wd_session *s, uint32_t len)
{
	return len - s->c_min > s->c_span || (len & s->c_mask) != 0;
}

WD_INLINE bool
sec2_a_len_bad(const struct wd_session *s, uint32_t len)
{
	return len - s->a_min > s->a_span;
}

/* The commonest AEAD case beside "no AAD": flat buffers, AAD elsewhere, into the slot's lists. */
WD_INLINE uint64_t
sec2_two_entries(struct qm_queue *q, uint32_t slot, size_t list, uint64_t aad, uint32_t aad_len,
	uint64_t data, uint32_t len)
{
	struct hisi_sgl *sgl = (void *)((uint8_t *)&q->slots[slot] + list);

	sgl->next_dma = 0;
	sgl->entry_sum_in_chain = QM_SGL_INLINE;
	sgl->entry_sum_in_sgl = 2;
	sgl->entry_length_in_sgl = QM_SGL_INLINE;
	sgl->entries[0].addr = aad;
	sgl->entries[0].len = aad_len;
	sgl->entries[1].addr = data;
	sgl->entries[1].len = len;
	return qm_slot_addr(q, slot, list);
}

/*
 * Where the engine finds AAD || payload, QM_TAKEN or a reason. The output never includes the
 * AAD's place in the caller's destination: the engine may copy AAD or not, so that place has to
 * be the AAD itself.
 */
WD_INLINE int
sec2_aead_io(struct qm_queue *q, uint32_t slot, const struct wd_req *r, struct sec2_io *io)
{
	uint64_t src = r->src + r->cipher_off, dst = r->dst + r->cipher_off;

	io->sgl = false;
	io->a_off = 0;
	io->c_off = r->aad_len;
	if (wd_unlikely(r->src_segs | r->dst_segs))
		return sec2_map_aead(q, slot, r, io);
	if (r->aad_len == 0 || (src == dst && r->aad + r->aad_len == src)) {
		io->src = src - r->aad_len;
		io->dst = dst - r->aad_len;
		return QM_TAKEN;
	}
	if (wd_unlikely(r->cipher_len - 1 >= HISI_SGL_MAX_ENTRY_LEN))
		return sec2_map_aead(q, slot, r, io);
	io->sgl = true;
	io->src = sec2_two_entries(q, slot, offsetof(struct qm_slot, src_sgl), r->aad,
		r->aad_len, src, r->cipher_len);
	io->dst = io->src;
	if (src != dst)
		io->dst = sec2_two_entries(q, slot, offsetof(struct qm_slot, dst_sgl), r->aad,
			r->aad_len, dst, r->cipher_len);
	return QM_TAKEN;
}

WD_INLINE bool
sec2_aead_bad(const struct wd_session *s, const struct wd_req *r)
{
	return sec2_c_len_bad(s, r->cipher_len) || r->aad_len > s->aad_max ||
		r->cipher_len + r->aad_len - 1 >= SEC2_MAX_LEN;
}

#endif
