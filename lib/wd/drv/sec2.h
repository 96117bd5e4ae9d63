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
	uint8_t b0_flags;       /* CCM: flags byte of B0 without the AAD bit */
	uint32_t c_min, a_min;  /* least lengths */
	uint32_t c_check;       /* bits that (length - c_min) must not have: sign, in-block ones */
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
void sec2_session_fini(struct wd_device *dev, struct wd_session *sess);

/* sec2_map.c: all kinds of requests, checked; WD_BAD_REQ, QM_LATER or QM_TAKEN. */
int sec2_map(struct qm_queue *q, uint32_t slot, const struct wd_req *r, bool cipher, bool auth,
	struct sec2_io *io);
int sec2_map_aead(struct qm_queue *q, const void *sqe, const struct wd_req *r,
	struct sec2_io *io);
int sec2_ccm_blocks(struct qm_queue *q, uint32_t slot, const struct wd_req *r);
int sec2_gmac_block(struct qm_queue *q, uint32_t slot, const struct wd_req *r);

/* sec2.c */
void sec2_complete_odd(uint32_t result, struct wd_cpl *cpl);
/*
 * The type of descriptor, 2 or 3, if a PMD of this tree may write into the ring of this queue and
 * read its completions: nothing but the device has a part in them. Else 0.
 */
unsigned int sec2_direct(const struct wd_queue *wq);

/* sec2_bd3.c, sec2_bd2.c */
void sec2_bd3_template(struct sec2_bd3 *bd, const struct sec2_recipe *rec);
void sec2_bd2_template(struct sec2_bd2 *bd, const struct sec2_recipe *rec);
wd_submit_t sec2_bd3_submit(void);      /* the best for this processor */
wd_submit_t sec2_bd2_submit(void);

/* The result half-word and error_type lie at the same place in both descriptor types (C6). */
_Static_assert(offsetof(struct sec2_bd2, result) == offsetof(struct sec2_bd3, result), "C6");
_Static_assert(offsetof(struct sec2_bd2, error_type) == offsetof(struct sec2_bd3, error_type),
	"C6");
#define SEC2_RES_ERROR_TYPE HW_MASK(23, 16)

WD_INLINE uint32_t
sec2_result(const void *sqe)
{
	const char *p = (const char *)sqe + offsetof(struct sec2_bd3, result);

	return __atomic_load_n((const uint32_t *)(const void *)p, __ATOMIC_RELAXED);
}

/* 0 = success with icv 0 or 1 (I3), for one comparison. */
WD_INLINE uint32_t
sec2_result_odd(uint32_t result)
{
	return (result ^ SEC2_RES_DONE) & (SEC2_RES_ERROR_TYPE | SEC2_RES_DONE | HW_MASK(3, 2));
}

WD_INLINE bool
sec2_result_plain(uint32_t result)
{
	return sec2_result_odd(result) == 0;
}

WD_INLINE bool
sec2_has_segs(const struct wd_req *r)
{
	return (r->src_segs | r->dst_segs) != 0;
}

/* An offset and the length behind it in one load. */
WD_INLINE uint64_t
sec2_pair(const uint32_t *off)
{
	uint64_t pair;

	memcpy(&pair, off, sizeof(pair));
	return pair;
}
_Static_assert(offsetof(struct wd_req, cipher_len) == offsetof(struct wd_req, cipher_off) + 4 &&
	offsetof(struct wd_req, auth_len) == offsetof(struct wd_req, auth_off) + 4, "one load");

/* Bits that no small offset has and no length surely below the limit. */
#define SEC2_PAIR_HARD (0xff80000000000000ull | 0xffff0000)

/*
 * May a flat request of cipher (c), auth (a) or both go to the engine just as it is? What this
 * says no to is not wrong yet: sec2_map() looks closer.
 */
WD_INLINE bool
sec2_easy(const struct wd_session *s, const struct wd_req *r, const bool c, const bool a)
{
	uint64_t pairs = (c ? sec2_pair(&r->cipher_off) : 0) | (a ? sec2_pair(&r->auth_off) : 0);

	return (pairs & SEC2_PAIR_HARD) == 0 &&
		(!c || ((r->cipher_len - s->c_min) & s->c_check) == 0) &&
		(!a || r->auth_len != 0);
}

/* The same for flat AEAD requests: payload that fits in one list entry. */
WD_INLINE bool
sec2_easy_aead(const struct wd_req *r)
{
	return r->cipher_len - 1 < HISI_SGL_MAX_ENTRY_LEN;
}

WD_INLINE uint64_t
sec2_pair_addr(const struct qm_queue *q, const struct qm_pair *pair)
{
	return (uintptr_t)pair + q->mem_delta;
}

/* AAD and payload as a list of two; its device address. */
WD_INLINE uint64_t
sec2_put_pair(const struct qm_queue *q, struct qm_pair *pair, uint64_t aad, uint32_t aad_len,
	uint64_t payload, uint32_t len)
{
	pair->entry[0].addr = aad;
	pair->entry[0].len = aad_len;
	pair->entry[1].addr = payload;
	pair->entry[1].len = len;
	return sec2_pair_addr(q, pair);
}

/*
 * The engine wants AAD || payload. It may copy the AAD to the output or not, so the AAD's place
 * in the output is always the AAD itself, and what lies before the payload in the caller's
 * destination is never written.
 */
WD_INLINE bool
sec2_aead_is_flat(const struct wd_req *r)
{
	return r->aad_len == 0 ||
		(r->src == r->dst && r->aad + r->aad_len == r->src + r->cipher_off);
}

WD_INLINE void
sec2_aead_flat(const struct wd_req *r, struct sec2_io *io)
{
	uint64_t skip = (uint64_t)r->cipher_off - r->aad_len;

	*io = (struct sec2_io){.src = r->src + skip, .dst = r->dst + skip, .c_off = r->aad_len};
}

WD_INLINE void
sec2_aead_pairs(const struct qm_queue *q, const void *sqe, const struct wd_req *r,
	struct sec2_io *io)
{
	struct qm_pairs *pairs = qm_pairs_of(q, sqe);

	io->src = sec2_put_pair(q, &pairs->src, r->aad, r->aad_len, r->src + r->cipher_off,
		r->cipher_len);
	io->dst = io->src;
	if (r->src != r->dst)
		io->dst = sec2_put_pair(q, &pairs->dst, r->aad, r->aad_len, r->dst + r->cipher_off,
			r->cipher_len);
	io->c_off = r->aad_len;
	io->a_off = 0;
	io->sgl = true;
}

#endif
