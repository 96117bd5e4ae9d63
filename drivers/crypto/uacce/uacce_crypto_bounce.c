/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ops with memory that the device does not reach, on devices without SVA: what is out of reach is
 * copied to memory of the queue pair, piece by piece, and the device's output back when the op is
 * handed back. An op that failed leaves its buffers as they were.
 */
#include <errno.h>

#include "uacce_crypto.h"

/* One side of a request under construction. */
struct side {
	const struct wd_seg *va, *dev;  /* the same pieces by both addresses */
	uint16_t pieces;
	bool in;
	uint64_t back_off, back_len;    /* of the side, what the device writes */
	struct wd_seg *segs;            /* the result */
	uint16_t n, room;
};

bool
uacce_crypto_params_near(const struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg)
{
	return (s->iv_len == 0 || s->ctr_iv_12 ||
			uacce_mem_reaches(qp->mem, msg->iv.va, s->iv_len)) &&
		(s->digest_len == 0 ||
			uacce_mem_reaches(qp->mem, msg->digest.va, s->digest_len)) &&
		(s->aad_len == 0 || uacce_mem_reaches(qp->mem, msg->aad.va, s->aad_len));
}

/* The piece [off, off + len) of the side: what is to be copied back of it. */
static void
set_back(const struct side *side, uint64_t off, struct wd_bounce_piece *p)
{
	uint64_t from = RTE_MAX(off, side->back_off);
	uint64_t to = RTE_MIN(off + p->len, side->back_off + side->back_len);

	if (from >= to)
		return;
	p->back_off = from - off;
	p->back_len = to - from;
}

static int
put_pieces(struct uacce_crypto_qp *qp, struct side *side, bool *copied)
{
	uint64_t off = 0;
	int ret = 0;

	for (uint16_t i = 0; i < side->pieces && ret == 0; off += side->va[i].len, i++) {
		struct wd_bounce_piece p = {
			.va = (void *)(uintptr_t)side->va[i].addr,
			.len = side->va[i].len,
			.in = side->in,
		};

		if (!uacce_mem_reaches(qp->mem, p.va, p.len)) {
			set_back(side, off, &p);
			ret = wd_bounce_add(qp->bounce, &p, side->segs, &side->n, side->room);
			*copied = true;
		} else if (side->n == side->room) {
			ret = -ENOSPC;
		} else {
			side->segs[side->n++] = side->dev[i];
		}
	}
	return ret;
}

/*
 * n == 0: a flat buffer at addr, which becomes a list of one. The result is again an address if
 * it can be.
 */
static int
put_side(struct uacce_crypto_qp *qp, struct side *side, uint64_t len, const struct wd_seg *va_list,
	uint64_t va, const struct wd_seg *dev_list, uint64_t dev, uint16_t n, bool *copied)
{
	const struct wd_seg va_flat = {.addr = va, .len = len};
	const struct wd_seg dev_flat = {.addr = dev, .len = len};
	int ret;

	side->va = n ? va_list : &va_flat;
	side->dev = n ? dev_list : &dev_flat;
	side->pieces = n ? n : 1;
	side->segs = &qp->work.segs[qp->work.segs_used];
	side->n = 0;
	side->room = RTE_MIN(qp->segs_per_side, UACCE_CRYPTO_SEGS - qp->work.segs_used);
	ret = put_pieces(qp, side, copied);
	qp->work.segs_used += side->n;
	return ret;
}

/* The number of segments of a side that is a list, or 0 and its address. */
static uint16_t
list_or_addr(const struct side *side, const struct wd_seg **list, uint64_t *addr)
{
	if (side->n > 1) {
		*list = side->segs;
		return side->n;
	}
	*addr = side->segs[0].addr;
	return 0;
}

static int
put_data(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, const struct wd_req *va, struct wd_req *req,
	bool *copied)
{
	const bool in_place = va->dst_segs == 0 && va->dst == (va->src_segs ? 0 : va->src);
	const bool writes = uacce_crypto_kind(qp, s) != UACCE_KIND_AUTH;
	struct side side = {.in = true, .back_off = msg->c_off - msg->off,
		.back_len = writes && in_place ? msg->c_len : 0};
	int ret;

	ret = put_side(qp, &side, msg->len, va->src_list, va->src, req->src_list, req->src,
		va->src_segs, copied);
	if (ret != 0)
		return ret;
	req->src_segs = list_or_addr(&side, &req->src_list, &req->src);
	if (in_place || !writes) {
		req->dst_segs = 0;
		req->dst = side.n > 1 ? 0 : req->src;
		return 0;
	}
	side.in = false;
	side.back_len = msg->c_len;
	ret = put_side(qp, &side, msg->len, va->dst_list, va->dst, req->dst_list, req->dst,
		va->dst_segs, copied);
	if (ret != 0)
		return ret;
	req->dst_segs = list_or_addr(&side, &req->dst_list, &req->dst);
	return 0;
}

static int
put_param(struct uacce_crypto_qp *qp, void *va, uint32_t len, bool in, uint64_t *addr, bool *copied)
{
	const struct wd_bounce_piece p = {
		.va = va,
		.len = len,
		.in = in,
		.back_len = in ? 0 : len,
	};

	if (len == 0 || uacce_mem_reaches(qp->mem, va, len))
		return 0;
	*copied = true;
	return wd_bounce_add_flat(qp->bounce, &p, addr);
}

static int
put_params(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, struct wd_req *req, bool *copied)
{
	int ret = 0;

	/* That of ctr_iv_12 is a block of the queue pair's already. */
	if (!s->ctr_iv_12)
		ret = put_param(qp, msg->iv.va, s->iv_len, true, &req->iv, copied);
	if (ret == 0)
		ret = put_param(qp, msg->aad.va, s->aad_len, true, &req->aad, copied);
	/* Copied back behind the data, over which it may lie. */
	if (ret == 0)
		ret = put_param(qp, msg->digest.va, s->digest_len, s->verify, &req->digest, copied);
	return ret;
}

int
uacce_crypto_bounce(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, const struct wd_req *va, struct wd_req *req)
{
	bool copied = false;
	int ret = 0;

	if (qp->bounce == NULL)
		return -EINVAL;
	wd_bounce_begin(qp->bounce, &qp->wq, qp->enq + (uint32_t)(req - qp->reqs));
	if (msg->len != 0)
		ret = put_data(qp, s, msg, va, req, &copied);
	if (ret == 0)
		ret = put_params(qp, s, msg, req, &copied);
	if (ret == 0 && copied)
		wd_bounce_commit(qp->bounce);
	qp->bounce_waits += ret == -EAGAIN;
	return ret;
}

void
uacce_crypto_bounce_done(struct uacce_crypto_qp *qp, uint32_t id, uint32_t wd_status)
{
	wd_bounce_done(qp->bounce, id, wd_status == WD_OK ? SIZE_MAX : 0);
}
