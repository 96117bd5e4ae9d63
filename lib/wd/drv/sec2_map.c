/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC2 requests that need lists, rebased offsets, or blocks made of their IV. */
#include "sec2.h"

#define SRC_LIST offsetof(struct qm_slot, src_sgl)
#define DST_LIST offsetof(struct qm_slot, dst_sgl)

static bool
in_place(const struct wd_req *r)
{
	if (r->src_segs != 0)
		return r->dst_list == NULL || (r->dst_segs == r->src_segs && r->dst == r->src);
	return r->dst_segs == 0 && r->dst == r->src;
}

/* One side as a list: its own segments, or the flat buffer as one. */
static int
map_side(struct qm_queue *q, uint32_t slot, size_t list, const struct wd_seg *lead,
	const struct wd_seg *segs, uint16_t n, uint64_t flat, uint64_t skip, uint64_t need)
{
	const struct wd_seg all = {.addr = flat + skip,
		.len = need <= UINT32_MAX ? need : UINT32_MAX};
	void *first = (uint8_t *)&q->slots[slot] + list;

	if (n == 0)
		return qm_sgl_build(q, slot, first, lead, &all, 1, 0, need);
	return qm_sgl_build(q, slot, first, lead, segs, n, skip, need);
}

static int
map_lists(struct qm_queue *q, uint32_t slot, const struct wd_req *r, const struct wd_seg *lead,
	uint64_t skip, uint64_t src_need, uint64_t dst_need, struct sec2_io *io)
{
	bool same = in_place(r);
	int ret;

	if (same && dst_need > src_need)
		src_need = dst_need;
	ret = map_side(q, slot, SRC_LIST, lead, r->src_list, r->src_segs, r->src, skip,
		src_need);
	if (ret != QM_TAKEN)
		return ret;
	io->sgl = true;
	io->src = qm_slot_addr(q, slot, SRC_LIST);
	io->dst = io->src;
	if (same || dst_need == 0)
		return QM_TAKEN;
	io->dst = qm_slot_addr(q, slot, DST_LIST);
	/* On failure this releases the chunks of both sides. */
	return map_side(q, slot, DST_LIST, lead, r->dst_list, r->dst_segs, r->dst, skip,
		dst_need);
}

static bool
lengths_ok(const struct wd_req *r, bool cipher, bool auth)
{
	const struct wd_session *s = r->sess;

	if (cipher && (r->cipher_len > SEC2_MAX_LEN ||
		((r->cipher_len - s->c_min) & s->c_check) != 0))
		return false;
	return !auth || (r->auth_len >= s->a_min && r->auth_len <= SEC2_MAX_LEN);
}

/* Offsets count from the start of the buffers; the descriptor has 16 bits for each. */
int
sec2_map(struct qm_queue *q, uint32_t slot, const struct wd_req *r, bool cipher, bool auth,
	struct sec2_io *io)
{
	uint64_t c_end = cipher ? (uint64_t)r->cipher_off + r->cipher_len : 0;
	uint64_t a_end = auth ? (uint64_t)r->auth_off + r->auth_len : 0;
	uint64_t end = c_end > a_end ? c_end : a_end;
	uint32_t base;

	if (!lengths_ok(r, cipher, auth))
		return WD_BAD_REQ;
	if (cipher && auth)
		base = r->cipher_off < r->auth_off ? r->cipher_off : r->auth_off;
	else
		base = cipher ? r->cipher_off : r->auth_off;
	if (!sec2_has_segs(r) && (cipher ? r->cipher_off : 0) <= SEC2_MAX_OFFSET &&
		(auth ? r->auth_off : 0) <= SEC2_MAX_OFFSET)
		base = 0;
	if ((cipher && r->cipher_off - base > SEC2_MAX_OFFSET) ||
		(auth && r->auth_off - base > SEC2_MAX_OFFSET))
		return WD_BAD_REQ;
	io->c_off = cipher ? r->cipher_off - base : 0;
	io->a_off = auth ? r->auth_off - base : 0;
	if (!sec2_has_segs(r) || end == base) {
		/* Nothing to read (the hash of nothing): any address does. */
		io->sgl = false;
		io->src = r->src_segs == 0 ? r->src + base : r->src_list[0].addr;
		io->dst = r->dst_segs == 0 ? r->dst + base : r->dst_list[0].addr;
		return QM_TAKEN;
	}
	return map_lists(q, slot, r, NULL, base, end - base, cipher ? c_end - base : 0, io);
}

int
sec2_map_aead(struct qm_queue *q, const void *sqe, const struct wd_req *r, struct sec2_io *io)
{
	const struct wd_seg lead = {.addr = r->aad, .len = r->aad_len};

	/* Nothing at all is too little. */
	if (r->cipher_len < r->sess->c_min ||
		(uint64_t)r->cipher_len + r->aad_len - 1 >= SEC2_MAX_LEN)
		return WD_BAD_REQ;
	if (!sec2_has_segs(r) && sec2_easy_aead(r)) {
		if (sec2_aead_is_flat(r))
			sec2_aead_flat(r, io);
		else
			sec2_aead_pairs(q, sqe, r, io);
		return QM_TAKEN;
	}
	io->c_off = r->aad_len;
	io->a_off = 0;
	if (r->cipher_len == 0) {
		/* Only AAD; the engine writes nothing but perhaps a copy of the AAD onto itself. */
		io->sgl = false;
		io->src = r->aad;
		io->dst = r->aad;
		return QM_TAKEN;
	}
	return map_lists(q, qm_slot_of(q, sqe), r, r->aad_len != 0 ? &lead : NULL, r->cipher_off,
		r->cipher_len, r->cipher_len, io);
}

/*
 * CCM (C5.6): the counter block with counter 1 at iv, the complete B0 at iv + 16. Both carry the
 * nonce; what it leaves of 15 bytes is the length field.
 */
int
sec2_ccm_blocks(struct qm_queue *q, uint32_t slot, const struct wd_req *r)
{
	const struct wd_session *s = r->sess;
	uint8_t *ctr = q->slots[slot].iv, *b0 = ctr + 16;
	const uint8_t *nonce = wd_cpu_addr(q->dev, r->iv, s->iv_len);
	unsigned int l = 15 - s->iv_len;
	uint32_t len = r->cipher_len;

	if (nonce == NULL || r->aad_len > SEC2_MAX_CCM_AAD ||
		(l < sizeof(len) && len >> (8 * l) != 0))
		return WD_BAD_REQ;
	memset(ctr, 0, 32);
	ctr[0] = l - 1;
	memcpy(ctr + 1, nonce, s->iv_len);
	ctr[15] = 1;
	b0[0] = s->b0_flags | (r->aad_len != 0 ? 0x40 : 0);
	memcpy(b0 + 1, nonce, s->iv_len);
	for (unsigned int i = 0; i < l && i < sizeof(len); i++)
		b0[15 - i] = len >> (8 * i);
	return QM_TAKEN;
}

/*
 * GMAC (C5.8): a 16-byte block. Whether the engine reads its last four bytes as the counter is
 * not known; 1 is right either way.
 */
int
sec2_gmac_block(struct qm_queue *q, uint32_t slot, const struct wd_req *r)
{
	uint8_t *block = q->slots[slot].iv;
	const uint8_t *iv = wd_cpu_addr(q->dev, r->iv, 12);

	if (iv == NULL)
		return WD_BAD_REQ;
	memcpy(block, iv, 12);
	memcpy(block + 12, "\0\0\0\1", 4);
	return QM_TAKEN;
}
