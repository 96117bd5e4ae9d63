/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-crypto bursts. Instantiated with and without indirect descriptors. */
#include "vcrypto.h"

WD_INLINE void
soft_add(struct vc_queue *q, void *tag, uint32_t status)
{
	q->soft[q->soft_tail & q->mask] =
		(struct vc_soft){.tag = tag, .after = q->tail, .status = status};
	wd_publish32(&q->soft_tail, q->soft_tail + 1);
}

/* As qm_soft_take(). */
WD_INLINE bool
soft_take(struct vc_queue *q, struct wd_cpl *cpl)
{
	const struct vc_soft *soft = &q->soft[q->soft_head & q->mask];

	if (wd_published32(&q->soft_tail) == q->soft_head || (int32_t)(q->head - soft->after) < 0)
		return false;
	*cpl = (struct wd_cpl){.tag = soft->tag, .status = soft->status};
	wd_publish32(&q->soft_head, q->soft_head + 1);
	return true;
}

/* ------------------------------------------------------------------ submission */

/* Segments or flags: what most requests have not. The fields are neighbours, one load. */
WD_INLINE bool
req_special(const struct wd_req *r)
{
	uint64_t word;

	_Static_assert(offsetof(struct wd_req, dst_segs) == offsetof(struct wd_req, src_segs) + 2 &&
		offsetof(struct wd_req, flags) == offsetof(struct wd_req, src_segs) + 4, "");
	memcpy(&word, &r->src_segs, sizeof(word));
	return word << 24 != 0;
}

/*
 * A flat cipher request with an IV that can be read here, into the slot's own table. The ring's
 * descriptor is written too, as another request may have left it pointing elsewhere.
 */
WD_INLINE bool
fill_cipher(struct vc_queue *q, const struct wd_req *r)
{
	uint32_t i = q->tail & q->mask, len = r->cipher_len;
	const struct wd_session *s = r->sess;
	struct vc_slot *slot = &q->slots[i];
	uint64_t slot_dev = vc_dev_addr(q, slot);
	struct vring_desc *t = slot->table;

	if (wd_unlikely(s->magic != VC_MAGIC || s->epoch != q->epoch || s->shape != VC_CIPHER ||
		s->iv_len == 0 || r->iv_va == NULL || (len & s->block_mask) != 0 ||
		len < s->len_min || len > q->cipher_max))
		return false;
	slot->op = s->op;
	slot->op.sym.cipher.src_len = len;
	slot->op.sym.cipher.dst_len = len;
	slot->status = VC_STATUS_NONE;
	/* A copy costs less than what a device does for a descriptor more. */
	memcpy(slot->iv, r->iv_va, 8);
	if (s->iv_len == VC_IV_MAX)
		memcpy(slot->iv + 8, (const char *)r->iv_va + 8, 8);
	t[0] = (struct vring_desc){.addr = slot_dev, .len = sizeof(slot->op) + s->iv_len,
		.flags = VRING_DESC_NEXT, .next = 1};
	t[1] = (struct vring_desc){.addr = r->src + r->cipher_off, .len = len,
		.flags = VRING_DESC_NEXT, .next = 2};
	t[2] = (struct vring_desc){.addr = r->dst + r->cipher_off, .len = len,
		.flags = VRING_DESC_NEXT | VRING_DESC_WRITE, .next = 3};
	t[3] = (struct vring_desc){.addr = slot_dev + offsetof(struct vc_slot, status), .len = 1,
		.flags = VRING_DESC_WRITE};
	q->desc[i].addr = slot_dev + offsetof(struct vc_slot, table);
	q->desc[i].len = 4 * sizeof(*t);
	q->inflight[i].tag = r->tag;
	q->inflight[i].flags = 0;
	return true;
}

WD_INLINE int
fill(struct vc_queue *q, const struct wd_req *r, const bool indirect)
{
	if (wd_unlikely(req_special(r)))
		return r->flags & WD_REQ_DONE ? VC_IS_SOFT : vc_fill_any(q, r);
	if (indirect && wd_likely(fill_cipher(q, r)))
		return VC_TAKEN;
	return vc_fill_any(q, r);
}

/* The doorbell, unless the device looks by itself. */
static __attribute__((noinline)) void
notify(struct wd_queue *wq, struct vc_queue *q)
{
	if (q->wide)
		*(volatile uint32_t *)q->notify = q->notify_value;
	else
		*(volatile uint16_t *)q->notify = q->notify_value;
	wq->stats.sq_doorbells++;
}

WD_INLINE void
publish(struct wd_queue *wq, struct vc_queue *q)
{
	if (wd_unlikely(q->armed)) {
		q->armed = false;
		__atomic_store_n(&q->avail->flags, VRING_AVAIL_NO_INTERRUPT, __ATOMIC_RELAXED);
	}
	wd_before_doorbell();
	__atomic_store_n(&q->avail->idx, (uint16_t)q->tail, __ATOMIC_RELAXED);
	/* Else each side could miss what the other says: that there is more, that it stopped. */
	wd_before_flag_check();
	if (!(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) & VRING_USED_NO_NOTIFY))
		notify(wq, q);
}

WD_INLINE uint16_t
submit(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n, const bool indirect)
{
	struct vc_queue *q = wq->priv;
	uint32_t from = q->tail, room;
	const struct wd_req *r = reqs, *end;
	int ret;

	if (wd_unlikely(wd_read_shared32(q->state) != 0)) {
		vc_die(wq);
		return 0;
	}
	room = q->credits - (from - wd_published32(&q->head)) -
		(q->soft_tail - wd_published32(&q->soft_head));
	for (end = reqs + (n < room ? n : room); r != end; r++) {
		ret = fill(q, r, indirect);
		if (wd_likely(ret == VC_TAKEN)) {
			/* With indirect descriptors entry i of the ring always is slot i. */
			if (!indirect)
				q->avail->ring[q->tail & q->ring_mask] =
					q->inflight[q->tail & q->mask].first;
			wd_publish32(&q->tail, q->tail + 1);
			continue;
		}
		if (ret == VC_LATER)
			break;
		soft_add(q, r->tag, ret == VC_IS_SOFT ? r->status : (uint32_t)ret);
	}
	wq->stats.submitted += r - reqs;
	if (wd_unlikely(q->big_used != 0))
		vc_big_reclaim(q, wd_published32(&q->head));
	if (wd_likely(q->tail != from))
		publish(wq, q);
	return r - reqs;
}

uint16_t
vc_submit_indirect(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return submit(wq, reqs, n, true);
}

uint16_t
vc_submit_direct(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return submit(wq, reqs, n, false);
}

/* ------------------------------------------------------------------ completion */

static __attribute__((noinline)) uint32_t
status_of(uint8_t status)
{
	switch (status) {
	case VCRYPTO_OK:
		return WD_OK;
	case VCRYPTO_BADMSG:
		return WD_AUTH_FAILED;
	case VCRYPTO_NOTSUPP:
	case VCRYPTO_INVSESS:
		return WD_BAD_REQ;
	default:
		return WD_HW_ERROR;
	}
}

WD_INLINE void
complete(struct vc_queue *q, uint32_t slot, struct wd_cpl *cpl)
{
	const struct vc_inflight *in = &q->inflight[slot];
	uint8_t status = __atomic_load_n(&q->slots[slot].status, __ATOMIC_RELAXED);

	cpl->tag = in->tag;
	cpl->status = WD_OK;
	cpl->hw_status = status;
	if (wd_unlikely(status != VCRYPTO_OK))
		cpl->status = status_of(status);
	if (wd_unlikely((in->descs | in->flags) != 0))
		cpl->status = vc_finish(q, slot, cpl->status);
}

/* The slot whose request the device says it has finished; UINT32_MAX: of none that it has. */
WD_INLINE uint32_t
slot_of_id(const struct vc_queue *q, uint32_t id, const bool indirect)
{
	uint32_t slot = id;

	if (!indirect)
		slot = id <= q->ring_mask ? q->slot_of[id] : UINT32_MAX;
	if (slot > q->mask ||
		((slot - q->head) & q->mask) >= wd_read_shared32(&q->tail) - q->head ||
		(q->inflight[slot].flags & VC_EARLY))
		return UINT32_MAX;
	return indirect || q->inflight[slot].first == id ? slot : UINT32_MAX;
}

/*
 * Reads the used ring until the request whose turn it is, is done. False: it is not, or the
 * device has said something that cannot be (*fresh is negative then).
 */
WD_INLINE bool
turn_is_done(struct vc_queue *q, int32_t *fresh, const bool indirect)
{
	struct vc_inflight *in = &q->inflight[q->head & q->mask];
	uint32_t id, slot;

	if (wd_unlikely(in->flags & VC_EARLY)) {
		in->flags &= ~VC_EARLY;
		q->early--;
		return true;
	}
	while (*fresh > 0) {
		id = __atomic_load_n(&q->used->ring[q->used_seen & q->ring_mask].id,
			__ATOMIC_RELAXED);
		slot = slot_of_id(q, id, indirect);
		if (wd_unlikely(slot == UINT32_MAX)) {
			*fresh = -1;
			return false;
		}
		q->used_seen++;
		--*fresh;
		if (wd_likely(slot == (q->head & q->mask)))
			return true;
		q->inflight[slot].flags |= VC_EARLY;
		q->early++;
	}
	return false;
}

/* How many entries the device has added to the used ring; negative: more than there can be. */
WD_INLINE int32_t
used_fresh(const struct vc_queue *q)
{
	uint16_t idx = __atomic_load_n(&q->used->idx, __ATOMIC_RELAXED);
	uint32_t fresh = (uint16_t)(idx - q->used_seen);

	wd_after_valid_bit();
	return fresh <= wd_published32(&q->tail) - q->head - q->early ? (int32_t)fresh : -1;
}

WD_INLINE uint16_t
poll(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n, const bool indirect)
{
	struct vc_queue *q = wq->priv;
	int32_t fresh;
	uint16_t i;

	if (wd_unlikely(wd_read_shared32(q->state) != 0)) {
		vc_die(wq);
		return wq->poll(wq, cpls, n);
	}
	fresh = used_fresh(q);
	for (i = 0; i < n; i++) {
		if (wd_unlikely(soft_take(q, &cpls[i])))
			continue;
		if (q->head == wd_published32(&q->tail) || !turn_is_done(q, &fresh, indirect))
			break;
		complete(q, q->head & q->mask, &cpls[i]);
		wd_publish32(&q->head, q->head + 1);
	}
	wq->stats.completed += i;
	if (wd_unlikely(fresh < 0))
		vc_die(wq);
	return i;
}

uint16_t
vc_poll_indirect(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	return poll(wq, cpls, n, true);
}

uint16_t
vc_poll_direct(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	return poll(wq, cpls, n, false);
}

/* ------------------------------------------------------------------ death */

static uint16_t
submit_dead(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return 0;
}

static uint16_t
poll_dead(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	struct vc_queue *q = wq->priv;
	uint16_t i;

	for (i = 0; i < n; i++) {
		void *tag;

		if (soft_take(q, &cpls[i])) {
			tag = cpls[i].tag;
		} else if (q->head != wd_published32(&q->tail)) {
			tag = q->inflight[q->head & q->mask].tag;
			wd_publish32(&q->head, q->head + 1);
		} else {
			break;
		}
		cpls[i] = (struct wd_cpl){.tag = tag, .status = WD_DEV_LOST};
	}
	wq->stats.completed += i;
	return i;
}

void
vc_die(struct wd_queue *wq)
{
	wd_ctx(wq)->dead = true;
	wq->submit = submit_dead;
	wq->poll = poll_dead;
}
