/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The raw data path: requests gather in the queue pair's array until enqueue_done() submits
 * them with one doorbell. Completions are fetched ahead when the application wants to see the
 * first before it says how many it takes.
 *
 * A queue pair is used either this way or through bursts of ops, never both ways at once.
 */
#include <errno.h>
#include <string.h>

#include "uacce_crypto.h"

struct raw_ctx {
	struct uacce_crypto_sess *sess;
};

int
uacce_crypto_raw_ctx_size(struct rte_cryptodev *dev)
{
	RTE_SET_USED(dev);
	return sizeof(struct raw_ctx);
}

static uint64_t
vec_addr(const struct rte_crypto_vec *v, bool phys)
{
	return phys ? v->iova : (uintptr_t)v->base;
}

/* As map_mbufs() of the slow path, for an array of vectors. */
static int
map_vecs(struct uacce_crypto_qp *qp, const struct rte_crypto_vec *v, uint32_t num, uint64_t off,
	uint64_t len, bool phys, uint64_t *addr, struct wd_seg **segs, uint16_t *n)
{
	struct uacce_crypto_work *work = &qp->work;
	struct wd_seg *seg = &work->segs[work->segs_used];
	uint32_t count = 0, room = RTE_MIN(qp->segs_per_side, UACCE_CRYPTO_SEGS - work->segs_used);
	uint64_t part;

	for (; num > 1 && off >= v->len; num--, v++)
		off -= v->len;
	if (num == 0 || off > v->len)
		return -EINVAL;
	*addr = vec_addr(v, phys) + off;
	*n = 0;
	if (off + len <= v->len)
		return 0;
	for (; num > 0 && len > 0; num--, v++, off = 0) {
		part = RTE_MIN(v->len - off, len);
		if (part == 0)
			continue;
		if (count == room)
			return room < qp->segs_per_side ? -EAGAIN : -EINVAL;
		seg[count].addr = vec_addr(v, phys) + off;
		seg[count].len = part;
		seg[count].rsvd = 0;
		count++;
		len -= part;
	}
	if (len > 0)
		return -EINVAL;
	*segs = seg;
	*n = count;
	work->segs_used += count;
	return 0;
}

static int
map_sgl(struct uacce_crypto_qp *qp, const struct rte_crypto_sgl *src,
	const struct rte_crypto_sgl *dst, const struct uacce_crypto_msg *msg, bool phys,
	struct wd_req *req)
{
	struct wd_seg *segs;
	uint64_t addr;
	int ret;

	ret = map_vecs(qp, src->vec, src->num, msg->off, msg->len, phys, &addr, &segs, &req->src_segs);
	if (ret != 0)
		return ret;
	if (req->src_segs)
		req->src_list = segs;
	else
		req->src = addr;
	req->dst_segs = 0;
	if (dst == NULL) {
		req->dst = req->src_segs ? 0 : addr;
		return 0;
	}
	ret = map_vecs(qp, dst->vec, dst->num, msg->off, msg->len, phys, &addr, &segs, &req->dst_segs);
	if (ret != 0)
		return ret;
	if (req->dst_segs)
		req->dst_list = segs;
	else
		req->dst = addr;
	return 0;
}

/* Head and tail count from the ends of the whole data. */
static bool
set_region(uint64_t total, uint16_t head, uint16_t tail, uint32_t *off, uint32_t *len)
{
	if (total > UINT32_MAX || (uint64_t)head + tail > total)
		return false;
	*off = head;
	*len = total - head - tail;
	return true;
}

static uint64_t
sgl_len(const struct rte_crypto_sgl *sgl)
{
	uint64_t total = 0;
	uint32_t i;

	for (i = 0; i < sgl->num; i++)
		total += sgl->vec[i].len;
	return total;
}

static bool
set_regions(const struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct rte_crypto_sgl *src, union rte_crypto_sym_ofs ofs,
	struct uacce_crypto_msg *msg)
{
	uint32_t kind = uacce_crypto_kind(qp, s);
	uint64_t total = sgl_len(src);

	if (kind != UACCE_KIND_AUTH && !set_region(total, ofs.ofs.cipher.head,
			ofs.ofs.cipher.tail, &msg->c_off, &msg->c_len))
		return false;
	if (kind == UACCE_KIND_AUTH || kind == UACCE_KIND_CHAIN)
		return set_region(total, ofs.ofs.auth.head, ofs.ofs.auth.tail, &msg->a_off,
			&msg->a_len);
	return true;
}

static struct rte_crypto_va_iova_ptr
shifted(const struct rte_crypto_va_iova_ptr *p, uint32_t by)
{
	struct rte_crypto_va_iova_ptr out = {0};

	if (p != NULL && p->va != NULL) {
		out.va = RTE_PTR_ADD(p->va, by);
		out.iova = p->iova + by;
	}
	return out;
}

/* As for ops: the digest where the auth region ends, and the cipher's region going on. */
static bool
is_nested(const struct uacce_crypto_sess *s, const struct rte_crypto_sgl *sgl,
	const struct uacce_crypto_msg *msg)
{
	uint64_t off = (uint64_t)msg->a_off + msg->a_len;
	uint32_t i;

	if (!s->nested || (uint64_t)msg->c_off + msg->c_len <= off)
		return false;
	for (i = 0; i < sgl->num; i++) {
		if (off < sgl->vec[i].len)
			return RTE_PTR_ADD(sgl->vec[i].base, off) == msg->digest.va;
		off -= sgl->vec[i].len;
	}
	return false;
}

static bool
sgl_near(const struct uacce_crypto_qp *qp, const struct rte_crypto_sgl *sgl)
{
	uint32_t i;

	for (i = 0; i < sgl->num; i++) {
		if (!uacce_mem_reaches(qp->mem, sgl->vec[i].base, sgl->vec[i].len))
			return false;
	}
	return true;
}

/* Is everything in the queue pair's own range? Else it has to be looked at closer. */
static __rte_always_inline bool
near(const struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct rte_crypto_sgl *src, const struct rte_crypto_sgl *dst,
	const struct uacce_crypto_msg *msg)
{
	const uintptr_t add = qp->range->minus_base;
	uintptr_t seen = (uintptr_t)src->vec[0].base + add;
	uint32_t i;

	seen |= ((uintptr_t)msg->iv.va + add) & s->iv_mask;
	seen |= ((uintptr_t)msg->digest.va + add) & s->digest_mask;
	seen |= ((uintptr_t)msg->aad.va + add) & s->aad_mask;
	for (i = 1; unlikely(i < src->num); i++)
		seen |= (uintptr_t)src->vec[i].base + add;
	for (i = 0; dst != NULL && i < dst->num; i++)
		seen |= (uintptr_t)dst->vec[i].base + add;
	return seen < qp->range->near;
}

/* As for ops; first likewise. */
static int
reach(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct rte_crypto_sgl *src, const struct rte_crypto_sgl *dst,
	const struct uacce_crypto_msg *msg, struct wd_req *req, bool first)
{
	struct wd_req va = *req;
	int ret = 0;

	if (uacce_crypto_params_near(qp, s, msg) && sgl_near(qp, src) &&
			(dst == NULL || sgl_near(qp, dst)))
		return 0;
	if (qp->phys && map_sgl(qp, src, dst, msg, false, &va) != 0)
		ret = -ENOSPC;
	if (ret == 0)
		ret = uacce_crypto_bounce(qp, s, msg, &va, req);
	return ret == -ENOSPC && !first ? -EAGAIN : ret;
}

/* 0, -EAGAIN, or another error: refused. */
static int
raw_fill(struct uacce_crypto_qp *qp, struct uacce_crypto_sess *s,
	const struct rte_crypto_sgl *src, const struct rte_crypto_sgl *dst,
	union rte_crypto_sym_ofs ofs, struct uacce_crypto_msg *msg, struct wd_req *req, void *tag)
{
	uint32_t segs_used = qp->work.segs_used;
	enum uacce_route route;
	int ret;

	if (!set_regions(qp, s, src, ofs, msg))
		return -EINVAL;
	if (s->copies && dst != NULL) {
		struct uacce_crypto_msg all = {0};

		if (!set_region(sgl_len(src), ofs.ofs.cipher.head, ofs.ofs.cipher.tail,
				&all.off, &all.c_len))
			return -EINVAL;
		all.len = all.c_len;
		ret = map_sgl(qp, src, dst, &all, false, req);
		if (ret == 0)
			ret = uacce_crypto_copy_out(&qp->work, req, all.len);
		qp->work.segs_used = segs_used;
		if (ret != 0)
			return ret;
	}
	msg->nested = is_nested(s, dst ? dst : src, msg);
	route = uacce_crypto_route(qp, &qp->work, s, msg, req, tag);
	if (unlikely(route != UACCE_TO_DEVICE)) {
		ret = route == UACCE_DONE ? 0 : map_sgl(qp, src, dst, msg, false, req);
		if (ret == 0 && route != UACCE_DONE)
			uacce_crypto_fill_soft(&qp->work, s, msg, req, tag);
		goto out;
	}
	ret = map_sgl(qp, src, dst, msg, qp->phys, req);
	if (likely(ret == 0)) {
		uacce_crypto_fill_params(qp, s, msg, req, tag);
		if (qp->mem == NULL || near(qp, s, src, dst, msg))
			return 0;
		ret = reach(qp, s, src, dst, msg, req, segs_used == 0);
	}
out:
	if (ret != 0)
		qp->work.segs_used = segs_used;
	return ret;
}

/* ------------------------------------------------------------------ the usual request */

static __rte_always_inline uint64_t
ptr_addr(const struct rte_crypto_va_iova_ptr *p, const bool phys)
{
	return phys ? p->iova : (uintptr_t)p->va;
}

/* A region of a buffer of total bytes, as its head and tail tell. False: it has no bytes. */
static __rte_always_inline bool
put_region(uint32_t total, uint16_t head, uint16_t tail, uint32_t *off, uint32_t *len)
{
	*off = head;
	*len = total - head - tail;
	return (uint32_t)head + tail < total;
}

/* IV, digest, AAD. at NULL: the device reaches everything. False: one is missing. */
static __rte_always_inline bool
put_params(const struct uacce_crypto_sess *s, uint32_t kind,
	const struct rte_crypto_va_iova_ptr *iv, const struct rte_crypto_va_iova_ptr *digest,
	const struct rte_crypto_va_iova_ptr *aad, struct wd_req *req, const bool phys,
	struct uacce_where *at)
{
	if (s->iv_mask != 0) {
		if (unlikely(iv == NULL || iv->va == NULL))
			return false;
		req->iv = ptr_addr(iv, phys) + s->iv_skip;
		req->iv_va = (char *)iv->va + s->iv_skip;
		uacce_see(at, iv->va);
	}
	if (kind != UACCE_KIND_CIPHER) {
		if (unlikely(digest == NULL || digest->va == NULL))
			return false;
		req->digest = ptr_addr(digest, phys);
		uacce_see(at, digest->va);
	}
	if (kind == UACCE_KIND_AEAD && s->aad_mask != 0) {
		if (unlikely(aad == NULL || aad->va == NULL))
			return false;
		req->aad = ptr_addr(aad, phys) + s->aad_off;
		uacce_see(at, aad->va);
	}
	return true;
}

/* One buffer, in place, all of it in the queue pair's own range. False: nothing is decided. */
static __rte_always_inline bool
fill_flat(const struct uacce_crypto_qp *qp, struct uacce_crypto_sess *s,
	const struct rte_crypto_sgl *src, union rte_crypto_sym_ofs ofs,
	const struct rte_crypto_va_iova_ptr *iv, const struct rte_crypto_va_iova_ptr *digest,
	const struct rte_crypto_va_iova_ptr *aux, struct wd_req *req, const bool phys,
	struct uacce_where *at)
{
	const uint32_t kind = s->id - qp->sess_id;
	const struct rte_crypto_vec *v = src->vec;

	if (unlikely(kind > UACCE_KIND_MASK || src->num != 1))
		return false;
	/* GMAC's IV is the auth IV, which shares its place with the AAD. */
	if (kind == UACCE_KIND_AUTH)
		iv = aux;
	if (kind != UACCE_KIND_AUTH && unlikely(!put_region(v->len, ofs.ofs.cipher.head,
			ofs.ofs.cipher.tail, &req->cipher_off, &req->cipher_len)))
		return false;
	if ((kind == UACCE_KIND_AUTH || kind == UACCE_KIND_CHAIN) &&
			unlikely(!put_region(v->len, ofs.ofs.auth.head, ofs.ofs.auth.tail,
				&req->auth_off, &req->auth_len)))
		return false;
	uacce_see(at, v->base);
	if (unlikely(!put_params(s, kind, iv, digest, aux, req, phys, at) || !uacce_near(at)))
		return false;
	req->sess = uacce_crypto_wd_session(s);
	req->src = req->dst = vec_addr(v, phys);
	memcpy(&req->src_segs, &s->req_bits, sizeof(s->req_bits));
	return true;
}

/* Adds any request to the pending ones. False: no room. */
static __rte_noinline bool
raw_add_any(struct uacce_crypto_qp *qp, struct uacce_crypto_sess *s,
	const struct rte_crypto_sgl *src, const struct rte_crypto_sgl *dst,
	union rte_crypto_sym_ofs ofs, const struct rte_crypto_va_iova_ptr *iv,
	const struct rte_crypto_va_iova_ptr *digest, const struct rte_crypto_va_iova_ptr *aux,
	void *user_data)
{
	struct wd_req *req = &qp->reqs[qp->raw_pending];
	uint32_t kind = uacce_crypto_kind(qp, s);
	struct uacce_crypto_msg msg = {0};
	int ret;

	qp->raw_odd = true;
	/* GMAC's IV is the auth IV, which shares its place with the AAD. */
	msg.iv = shifted(kind == UACCE_KIND_AUTH ? aux : iv, s->iv_skip);
	msg.digest = shifted(digest, 0);
	if (kind == UACCE_KIND_AEAD)
		msg.aad = shifted(aux, s->aad_off);
	ret = raw_fill(qp, s, src, dst, ofs, &msg, req, user_data);
	if (ret == -EAGAIN)
		return false;
	if (ret != 0)
		uacce_crypto_fill_done(req, user_data, WD_BAD_REQ);
	qp->raw_pending++;
	return true;
}

static __rte_always_inline bool
raw_add(struct uacce_crypto_qp *qp, struct uacce_crypto_sess *s,
	const struct rte_crypto_sgl *src, const struct rte_crypto_sgl *dst,
	union rte_crypto_sym_ofs ofs, const struct rte_crypto_va_iova_ptr *iv,
	const struct rte_crypto_va_iova_ptr *digest, const struct rte_crypto_va_iova_ptr *aux,
	void *user_data, const bool sva, const bool phys)
{
	struct wd_req *req = &qp->reqs[qp->raw_pending];
	struct uacce_where at = {0};

	if (!sva)
		at = (struct uacce_where){qp->range->minus_base, qp->range->near, 0};
	if (unlikely(dst != NULL ||
			!fill_flat(qp, s, src, ofs, iv, digest, aux, req, phys, sva ? NULL : &at)))
		return raw_add_any(qp, s, src, dst, ofs, iv, digest, aux, user_data);
	req->tag = user_data;
	qp->raw_pending++;
	return true;
}

/* How many requests may be added. */
static __rte_always_inline uint32_t
raw_room(const struct uacce_crypto_qp *qp)
{
	if (unlikely(uacce_published32(&qp->raw_left) != 0))
		return 0;
	return qp->depth - (qp->enq - uacce_published32(&qp->deq)) - qp->raw_pending;
}

static __rte_always_inline uint32_t
enqueue_burst(struct uacce_crypto_qp *qp, uint8_t *drv_ctx, struct rte_crypto_sym_vec *vec,
	union rte_crypto_sym_ofs ofs, void *user_data[], int *enqueue_status, const bool sva,
	const bool phys)
{
	struct uacce_crypto_sess *s = ((struct raw_ctx *)drv_ctx)->sess;
	uint32_t i, n = RTE_MIN(vec->num, raw_room(qp));

	for (i = 0; i < n; i++) {
		if (!raw_add(qp, s, &vec->src_sgl[i], vec->dest_sgl ? &vec->dest_sgl[i] : NULL,
				ofs, vec->iv ? &vec->iv[i] : NULL,
				vec->digest ? &vec->digest[i] : NULL,
				vec->aad ? &vec->aad[i] : NULL, user_data[i], sva, phys))
			break;
	}
	*enqueue_status = 0;
	return i;
}

#define ENQUEUE_BURST(name, sva, phys)                                                             \
	static uint32_t                                                                            \
	name(void *qp, uint8_t *ctx, struct rte_crypto_sym_vec *vec, union rte_crypto_sym_ofs ofs, \
		void *user_data[], int *status)                                                    \
	{                                                                                          \
		return enqueue_burst(qp, ctx, vec, ofs, user_data, status, sva, phys);             \
	}

ENQUEUE_BURST(raw_enqueue_burst_va, true, false)
ENQUEUE_BURST(raw_enqueue_burst_iova, false, false)
ENQUEUE_BURST(raw_enqueue_burst_pa, false, true)

static int
raw_enqueue(void *queue_pair, uint8_t *drv_ctx, struct rte_crypto_vec *data_vec,
	uint16_t n_data_vecs, union rte_crypto_sym_ofs ofs, struct rte_crypto_va_iova_ptr *iv,
	struct rte_crypto_va_iova_ptr *digest, struct rte_crypto_va_iova_ptr *aad_or_auth_iv,
	void *user_data)
{
	struct uacce_crypto_sess *s = ((struct raw_ctx *)drv_ctx)->sess;
	const struct rte_crypto_sgl src = {.vec = data_vec, .num = n_data_vecs};
	struct uacce_crypto_qp *qp = queue_pair;
	bool added;

	if (unlikely(raw_room(qp) == 0))
		return -EBUSY;
	if (qp->mem == NULL)
		added = raw_add(qp, s, &src, NULL, ofs, iv, digest, aad_or_auth_iv, user_data,
			true, false);
	else
		added = raw_add(qp, s, &src, NULL, ofs, iv, digest, aad_or_auth_iv, user_data,
			false, qp->phys);
	return added ? 0 : -EBUSY;
}

/*
 * Submits the pending requests. What finds no descriptors at the moment is the queue pair's all
 * the same, and waits for some; the segments it names stay in use.
 */
static void
raw_submit(struct uacce_crypto_qp *qp)
{
	uint16_t taken, i, n = qp->raw_pending;

	taken = wd_submit(&qp->wq, qp->reqs, n);
	qp->enq += taken;
	qp->stats.enqueued_count += taken;
	for (i = 0; qp->raw_odd && i < taken; i++) {
		if (!(qp->reqs[i].flags & WD_REQ_DONE))
			continue;
		if (qp->reqs[i].status == WD_BAD_REQ)
			qp->stats.enqueue_err_count++;
		else
			qp->work.soft_ops++;
	}
	qp->raw_pending = n - taken;
	if (likely(taken == n)) {
		qp->work.segs_used = 0;
		qp->raw_odd = false;
	} else {
		memmove(qp->reqs, qp->reqs + taken, qp->raw_pending * sizeof(*qp->reqs));
	}
	/* Last: from here on they are the other side's. */
	uacce_publish32(&qp->raw_left, qp->raw_pending);
}

static int
raw_enqueue_done(void *queue_pair, uint8_t *drv_ctx, uint32_t n)
{
	struct uacce_crypto_qp *qp = queue_pair;

	RTE_SET_USED(drv_ctx);
	if (unlikely(uacce_published32(&qp->raw_left) != 0))
		return n == 0 ? 0 : -EINVAL;
	if (n != qp->raw_pending)
		return -EINVAL;
	if (n != 0)
		raw_submit(qp);
	return 0;
}

/* A device that died hands back what it was given, and then what it did not take any more. */
static uint32_t
raw_poll(struct uacce_crypto_qp *qp, struct wd_cpl *cpls, uint32_t n)
{
	uint32_t got, left, i;

	left = uacce_published32(&qp->raw_left);
	if (unlikely(left != 0)) {
		raw_submit(qp);
		left = qp->raw_pending;
	}
	got = wd_poll(&qp->wq, cpls, n);
	if (likely(left == 0) || wd_queue_alive(&qp->wq) ||
			wd_queue_outstanding(&qp->wq) != 0)
		return got;
	n = RTE_MIN(n - got, left);
	for (i = 0; i < n; i++)
		cpls[got + i] = (struct wd_cpl){.tag = qp->reqs[i].tag, .status = WD_DEV_LOST};
	qp->enq += n;
	qp->stats.enqueued_count += n;
	qp->raw_pending -= n;
	memmove(qp->reqs, qp->reqs + n, qp->raw_pending * sizeof(*qp->reqs));
	uacce_publish32(&qp->raw_left, qp->raw_pending);
	return got + n;
}

/* Completions at hand, after asking the device for as many as are missing to want. */
static uint32_t
raw_fetch(struct uacce_crypto_qp *qp, uint32_t want)
{
	uint32_t have = qp->cpl_tail - qp->cpl_head;

	if (have >= want)
		return have;
	want = RTE_MIN(want, qp->depth);
	if (qp->cpl_head + want > qp->depth) {
		memmove(qp->cpls, &qp->cpls[qp->cpl_head], have * sizeof(*qp->cpls));
		qp->cpl_head = 0;
		qp->cpl_tail = have;
	}
	qp->cpl_tail += raw_poll(qp, &qp->cpls[qp->cpl_tail], want - have);
	return qp->cpl_tail - qp->cpl_head;
}

/* Request number id. copies: there may be some of it. */
static __rte_always_inline const struct wd_cpl *
raw_take(struct uacce_crypto_qp *qp, uint32_t id, bool copies)
{
	const struct wd_cpl *cpl = &qp->cpls[qp->cpl_head];

	if (++qp->cpl_head == qp->cpl_tail)
		qp->cpl_head = qp->cpl_tail = 0;
	if (unlikely(copies))
		uacce_crypto_bounce_done(qp, id, cpl->status);
	qp->stats.dequeue_err_count += cpl->status != WD_OK;
	return cpl;
}

static __rte_always_inline void
raw_count(struct uacce_crypto_qp *qp, uint32_t n)
{
	uacce_publish32(&qp->deq, qp->deq + n);
	qp->stats.dequeued_count += n;
}

static __rte_always_inline uint32_t
dequeue_burst(struct uacce_crypto_qp *qp, const bool far,
	rte_cryptodev_raw_get_dequeue_count_t get_dequeue_count, uint32_t want,
	rte_cryptodev_raw_post_dequeue_t post_dequeue, void **out_user_data,
	uint8_t is_user_data_array, uint32_t *n_success, int *dequeue_status)
{
	uint32_t i, n;
	bool copies;

	*n_success = 0;
	*dequeue_status = 1;
	if (get_dequeue_count != NULL) {
		if (raw_fetch(qp, 1) == 0)
			return 0;
		want = get_dequeue_count(qp->cpls[qp->cpl_head].tag);
	}
	n = RTE_MIN(raw_fetch(qp, want), want);
	if (get_dequeue_count != NULL && n < want)
		return 0;
	/* Not before the poll: there may be more by then. */
	copies = far && uacce_crypto_bounce_pending(qp);
	for (i = 0; i < n; i++) {
		const struct wd_cpl *cpl = raw_take(qp, qp->deq + i, copies);
		bool ok = cpl->status == WD_OK;

		if (i == 0 || is_user_data_array)
			out_user_data[i] = cpl->tag;
		*n_success += ok;
		if (post_dequeue != NULL)
			post_dequeue(out_user_data[is_user_data_array ? i : 0], i, ok);
	}
	raw_count(qp, n);
	return n;
}

static uint32_t
raw_dequeue_burst(void *qp, uint8_t *drv_ctx, rte_cryptodev_raw_get_dequeue_count_t get_count,
	uint32_t max, rte_cryptodev_raw_post_dequeue_t post, void **out, uint8_t is_array,
	uint32_t *n_success, int *status)
{
	RTE_SET_USED(drv_ctx);
	return dequeue_burst(qp, false, get_count, max, post, out, is_array, n_success, status);
}

static uint32_t
raw_dequeue_burst_far(void *qp, uint8_t *drv_ctx, rte_cryptodev_raw_get_dequeue_count_t get_count,
	uint32_t max, rte_cryptodev_raw_post_dequeue_t post, void **out, uint8_t is_array,
	uint32_t *n_success, int *status)
{
	RTE_SET_USED(drv_ctx);
	return dequeue_burst(qp, true, get_count, max, post, out, is_array, n_success, status);
}

static void *
raw_dequeue(void *queue_pair, uint8_t *drv_ctx, int *dequeue_status,
	enum rte_crypto_op_status *op_status)
{
	struct uacce_crypto_qp *qp = queue_pair;
	const struct wd_cpl *cpl;

	RTE_SET_USED(drv_ctx);
	*dequeue_status = 1;
	if (raw_fetch(qp, 1) == 0)
		return NULL;
	cpl = raw_take(qp, qp->deq, uacce_crypto_bounce_pending(qp));
	raw_count(qp, 1);
	*op_status = uacce_crypto_op_status(cpl->status);
	return cpl->tag;
}

static int
raw_dequeue_done(void *queue_pair, uint8_t *drv_ctx, uint32_t n)
{
	RTE_SET_USED(queue_pair);
	RTE_SET_USED(drv_ctx);
	RTE_SET_USED(n);
	return 0;
}

int
uacce_crypto_raw_configure(struct rte_cryptodev *dev, uint16_t qp_id,
	struct rte_crypto_raw_dp_ctx *ctx, enum rte_crypto_op_sess_type sess_type,
	union rte_cryptodev_session_ctx session, uint8_t is_update)
{
	struct raw_ctx *raw = (struct raw_ctx *)ctx->drv_ctx_data;
	struct uacce_crypto_qp *qp = dev->data->queue_pairs[qp_id];
	struct uacce_crypto_sess *s;

	if (sess_type != RTE_CRYPTO_OP_WITH_SESSION)
		return -ENOTSUP;
	if (session.crypto_sess == NULL)
		return -EINVAL;
	s = CRYPTODEV_GET_SYM_SESS_PRIV(session.crypto_sess);
	if (s->id - qp->sess_id >= UACCE_KIND_MAX)
		return -EINVAL;
	if (!is_update) {
		memset(ctx, 0, sizeof(*ctx));
		ctx->qp_data = qp;
		ctx->enqueue = raw_enqueue;
		ctx->enqueue_burst = qp->mem == NULL ? raw_enqueue_burst_va :
			qp->phys ? raw_enqueue_burst_pa : raw_enqueue_burst_iova;
		ctx->enqueue_done = raw_enqueue_done;
		ctx->dequeue = raw_dequeue;
		ctx->dequeue_burst = qp->mem ? raw_dequeue_burst_far : raw_dequeue_burst;
		ctx->dequeue_done = raw_dequeue_done;
	}
	raw->sess = s;
	return 0;
}
