/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-crypto requests of any kind: their chains of descriptors, and digests behind them. */
#include "vcrypto.h"

/* A chain being written: into a table, or into the ring, where it may go around the end. */
struct vc_chain {
	struct vring_desc *desc;
	uint32_t base, mask, n;
};

/* A side of a request: pieces, without their first skip bytes. */
struct vc_side {
	const struct wd_seg *segs;
	uint16_t n;             /* 0: flat */
	uint64_t flat;
};

static void
put(struct vc_chain *c, uint64_t addr, uint32_t len, uint16_t flags)
{
	struct vring_desc *d = &c->desc[(c->base + c->n) & c->mask];

	if (len == 0)
		return;
	c->n++;
	*d = (struct vring_desc){.addr = addr, .len = len, .flags = flags | VRING_DESC_NEXT,
		.next = (c->base + c->n) & c->mask};
}

static void
put_last(struct vc_chain *c, uint64_t addr, uint32_t len, uint16_t flags)
{
	struct vring_desc *d = &c->desc[(c->base + c->n) & c->mask];

	c->n++;
	*d = (struct vring_desc){.addr = addr, .len = len, .flags = flags};
}

/* len bytes behind the first skip ones; the side is long enough. */
static void
put_side(struct vc_chain *c, const struct vc_side *side, uint64_t skip, uint64_t len,
	uint16_t flags)
{
	if (side->n == 0) {
		put(c, side->flat + skip, len, flags);
		return;
	}
	for (const struct wd_seg *s = side->segs; len != 0; s++) {
		uint64_t part;

		if (skip >= s->len) {
			skip -= s->len;
			continue;
		}
		part = s->len - skip < len ? s->len - skip : len;
		put(c, s->addr + skip, part, flags);
		len -= part;
		skip = 0;
	}
}

/* Room for what the device may write beside its result. */
static void
put_scratch(struct vc_chain *c, struct vc_queue *q, uint64_t len)
{
	while (len != 0) {
		uint32_t part = len < VC_SCRATCH ? len : VC_SCRATCH;

		put(c, vc_dev_addr(q, q->scratch), part, VRING_DESC_WRITE);
		len -= part;
	}
}

static bool
long_enough(const struct vc_side *side, uint64_t need)
{
	uint64_t sum = 0;

	if (side->n == 0)
		return true;
	for (uint16_t i = 0; i < side->n && sum < need; i++)
		sum += side->segs[i].len;
	return sum >= need;
}

/* ------------------------------------------------------------------ what a request works on */

struct vc_work {
	struct vc_side src, dst;
	uint64_t base;          /* first byte of the source that is of interest */
	uint64_t end;           /* and the one behind the last */
	uint64_t dst_len;       /* of the destination, counted from base; 0 = nothing is written */
};

static void
set_sides(const struct wd_req *r, struct vc_work *w)
{
	w->src = (struct vc_side){.segs = r->src_list, .n = r->src_segs, .flat = r->src};
	if (r->src_segs != 0)
		w->src.flat = 0;
	w->dst = w->src;
	if (r->dst_segs != 0)
		w->dst = (struct vc_side){.segs = r->dst_list, .n = r->dst_segs};
	else if (r->src_segs == 0 || r->dst_list != NULL)
		w->dst = (struct vc_side){.flat = r->dst};
}

static int
set_work(const struct vc_queue *q, const struct wd_req *r, struct vc_work *w)
{
	const struct wd_session *s = r->sess;
	uint64_t c_end = (uint64_t)r->cipher_off + r->cipher_len;
	uint64_t a_end = (uint64_t)r->auth_off + r->auth_len, sum;
	bool cipher = s->shape != VC_HASH, auth = s->shape == VC_HASH || s->shape == VC_CHAIN;

	if ((cipher && (r->cipher_len < s->len_min || (r->cipher_len & s->block_mask) != 0)) ||
		(auth && r->auth_len == 0))
		return WD_BAD_REQ;
	w->base = cipher ? r->cipher_off : r->auth_off;
	w->end = cipher ? c_end : a_end;
	if (s->shape == VC_CHAIN) {
		if (r->auth_off < w->base)
			w->base = r->auth_off;
		if (a_end > w->end)
			w->end = a_end;
	}
	w->dst_len = cipher ? c_end - w->base : 0;
	/* Both sides of a chain are of one length, and each side has room for two tags more. */
	sum = s->iv_len + 2 * (w->end - w->base) + 4ul * s->result_len +
		(s->shape == VC_AEAD ? r->aad_len : 0);
	if (w->end - w->base > VC_MAX_LEN || sum > q->max_size)
		return WD_BAD_REQ;
	set_sides(r, w);
	if (!long_enough(&w->src, w->end) || (cipher && !long_enough(&w->dst, c_end)))
		return WD_BAD_REQ;
	return VC_TAKEN;
}

/* ------------------------------------------------------------------ descriptors */

/* The most that the request may need: exactness would only matter to requests next to the limit. */
static uint32_t
descs_most(const struct wd_req *r, const struct vc_work *w)
{
	uint32_t n = VC_OTHER + w->src.n;

	if (r->sess->shape != VC_HASH)
		n += w->dst.n;
	if (r->sess->shape == VC_CHAIN)
		n += (r->cipher_off - w->base) / VC_SCRATCH +
			(w->end - w->base - w->dst_len) / VC_SCRATCH;
	return n;
}

void
vc_big_reclaim(struct vc_queue *q, uint32_t head)
{
	while (q->big_used != 0 && (int32_t)(head - q->big_of[q->big_first]) > 0) {
		q->big_first = (q->big_first + 1) % q->big_count;
		q->big_used--;
	}
}

unsigned int
vc_big_in_use(const struct vc_queue *q)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < q->big_used; i++)
		n += (int32_t)(q->big_of[(q->big_first + i) % q->big_count] - q->head) >= 0;
	return n;
}

/* Where the chain goes. Nothing is taken yet, so that VC_LATER and WD_BAD_REQ undo nothing. */
static int
chain_open(struct vc_queue *q, uint32_t most, struct vc_chain *c)
{
	struct vc_slot *slot = &q->slots[q->tail & q->mask];

	if (!q->indirect) {
		*c = (struct vc_chain){.desc = q->desc, .base = q->desc_tail & q->ring_mask,
			.mask = q->ring_mask};
		if (most > (uint32_t)q->ring_mask + 1)
			return WD_BAD_REQ;
		return most > q->ring_mask + 1 - (q->desc_tail - wd_published32(&q->desc_head)) ?
			VC_LATER : VC_TAKEN;
	}
	*c = (struct vc_chain){.desc = slot->table, .mask = UINT32_MAX};
	if (most > (uint32_t)q->ring_mask + 1)
		return WD_BAD_REQ;
	if (most <= VC_TABLE)
		return VC_TAKEN;
	if (most > VC_BIG_TABLE || q->big_count == 0)
		return WD_BAD_REQ;
	vc_big_reclaim(q, wd_published32(&q->head));
	if (q->big_used == q->big_count)
		return VC_LATER;
	c->desc = q->big[(q->big_first + q->big_used) % q->big_count].table;
	return VC_TAKEN;
}

static void
chain_close(struct vc_queue *q, const struct vc_chain *c, struct vc_inflight *in)
{
	struct vring_desc *d = &q->desc[q->tail & q->mask];

	if (!q->indirect) {
		in->first = c->base;
		in->descs = c->n;
		q->slot_of[c->base] = q->tail & q->mask;
		q->desc_tail += c->n;
		return;
	}
	d->addr = vc_dev_addr(q, c->desc);
	d->len = c->n * sizeof(*d);
	if (c->desc != q->slots[q->tail & q->mask].table) {
		q->big_of[(q->big_first + q->big_used) % q->big_count] = q->tail;
		q->big_used++;
	}
}

static void
put_result(struct vc_chain *c, struct vc_queue *q, struct vc_slot *slot,
	const struct wd_req *r, const struct vc_inflight *in)
{
	uint64_t to = in->flags != 0 ? vc_dev_addr(q, slot->result) : r->digest;

	put(c, to, r->sess->result_len, VRING_DESC_WRITE);
}

static void
put_cipher(struct vc_chain *c, struct vc_slot *slot, const struct wd_req *r,
	const struct vc_work *w)
{
	slot->op.sym.cipher.src_len = r->cipher_len;
	slot->op.sym.cipher.dst_len = r->cipher_len;
	put(c, r->iv, r->sess->iv_len, 0);
	put_side(c, &w->src, w->base, r->cipher_len, 0);
	put_side(c, &w->dst, w->base, r->cipher_len, VRING_DESC_WRITE);
}

static void
put_hash(struct vc_chain *c, struct vc_queue *q, struct vc_slot *slot, const struct wd_req *r,
	const struct vc_work *w, const struct vc_inflight *in)
{
	slot->op.hash.src_len = r->auth_len;
	put_side(c, &w->src, w->base, r->auth_len, 0);
	put_result(c, q, slot, r, in);
}

/*
 * The destination is as long as the source, and devices may write all of it; what is not the
 * cipher's does not reach the caller's buffer.
 */
static void
put_chain(struct vc_chain *c, struct vc_queue *q, struct vc_slot *slot, const struct wd_req *r,
	const struct vc_work *w, const struct vc_inflight *in)
{
	struct vcrypto_chain_data *data = &slot->op.sym.chain;
	uint64_t len = w->end - w->base;

	data->src_len = len;
	data->dst_len = len;
	data->cipher_off = r->cipher_off - w->base;
	data->cipher_len = r->cipher_len;
	data->hash_off = r->auth_off - w->base;
	data->hash_len = r->auth_len;
	put(c, r->iv, r->sess->iv_len, 0);
	put_side(c, &w->src, w->base, len, 0);
	put_scratch(c, q, data->cipher_off);
	put_side(c, &w->dst, r->cipher_off, r->cipher_len, VRING_DESC_WRITE);
	put_scratch(c, q, len - data->cipher_off - r->cipher_len);
	put_result(c, q, slot, r, in);
}

static void
put_aead(struct vc_chain *c, struct vc_queue *q, struct vc_slot *slot, const struct wd_req *r,
	const struct vc_work *w)
{
	const struct wd_session *s = r->sess;
	struct vcrypto_aead_data *data = &slot->op.aead;

	data->aad_len = r->aad_len;
	data->src_len = r->cipher_len + (s->encrypt ? 0 : s->digest_len);
	data->dst_len = data->src_len + s->digest_len;
	put(c, r->iv, s->iv_len, 0);
	put_side(c, &w->src, w->base, r->cipher_len, 0);
	if (!s->encrypt)
		put(c, r->digest, s->digest_len, 0);
	put(c, r->aad, r->aad_len, 0);
	put_side(c, &w->dst, w->base, r->cipher_len, VRING_DESC_WRITE);
	if (s->encrypt)
		put(c, r->digest, s->digest_len, VRING_DESC_WRITE);
	else
		put_scratch(c, q, 2u * s->digest_len);
}

/* A digest that is not to lie where the caller wants it just as the device makes it. */
static int
set_digest(const struct vc_queue *q, const struct wd_req *r, struct vc_inflight *in)
{
	const struct wd_session *s = r->sess;

	if (s->shape != VC_HASH && s->shape != VC_CHAIN)
		return VC_TAKEN;
	if (!s->verify && s->digest_len == s->result_len)
		return VC_TAKEN;
	in->flags = s->verify ? VC_VERIFY : VC_DIGEST;
	in->digest = wd_cpu_addr(q->dev, r->digest, s->digest_len);
	in->digest_len = s->digest_len;
	return in->digest != NULL ? VC_TAKEN : WD_BAD_REQ;
}

int
vc_fill_any(struct vc_queue *q, const struct wd_req *r)
{
	struct vc_inflight *in = &q->inflight[q->tail & q->mask];
	struct vc_slot *slot = &q->slots[q->tail & q->mask];
	const struct wd_session *s = r->sess;
	struct vc_chain c;
	struct vc_work w;
	int ret;

	if (s->magic != VC_MAGIC || s->epoch != q->epoch)
		return WD_BAD_REQ;
	*in = (struct vc_inflight){.tag = r->tag};
	ret = set_work(q, r, &w);
	if (ret == VC_TAKEN)
		ret = set_digest(q, r, in);
	if (ret == VC_TAKEN)
		ret = chain_open(q, descs_most(r, &w), &c);
	if (ret != VC_TAKEN) {
		in->flags = 0;
		return ret;
	}
	slot->op = s->op;
	slot->status = VC_STATUS_NONE;
	put(&c, vc_dev_addr(q, &slot->op), sizeof(slot->op), 0);
	if (s->shape == VC_CIPHER)
		put_cipher(&c, slot, r, &w);
	else if (s->shape == VC_HASH)
		put_hash(&c, q, slot, r, &w, in);
	else if (s->shape == VC_CHAIN)
		put_chain(&c, q, slot, r, &w, in);
	else
		put_aead(&c, q, slot, r, &w);
	put_last(&c, vc_dev_addr(q, &slot->status), 1, VRING_DESC_WRITE);
	chain_close(q, &c, in);
	return VC_TAKEN;
}

/* ------------------------------------------------------------------ completion */

/* In constant time. */
static bool
same(const uint8_t *a, const uint8_t *b, uint8_t len)
{
	uint8_t diff = 0;

	for (uint8_t i = 0; i < len; i++)
		diff |= a[i] ^ b[i];
	return diff == 0;
}

uint32_t
vc_finish(struct vc_queue *q, uint32_t slot, uint32_t status)
{
	struct vc_inflight *in = &q->inflight[slot];

	wd_publish32(&q->desc_head, q->desc_head + in->descs);
	in->descs = 0;
	if (status != WD_OK)
		return status;
	if ((in->flags & VC_VERIFY) && !same(q->slots[slot].result, in->digest, in->digest_len))
		return WD_AUTH_FAILED;
	if (in->flags & VC_DIGEST)
		memcpy(in->digest, q->slots[slot].result, in->digest_len);
	return status;
}
