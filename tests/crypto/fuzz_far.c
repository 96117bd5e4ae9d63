/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that a device without SVA does not reach, for the fuzzer: external mbufs, ops, AAD and
 * digests in memory of malloc(), beside external mbufs in DPDK's memory, which it does reach. The
 * bytes that are copied for an op are known exactly: everything of it that the device reads or
 * writes and does not reach.
 */
#include <rte_malloc.h>

#include "fuzz.h"
#include "uacce_crypto.h"

#define CANARY  64

uint64_t fz_far_ops, fz_far_bytes;
static uint64_t strays;         /* writes beside the data */

bool
fz_is_far(const void *p)
{
	return rte_mem_virt2memseg_list(p) == NULL;
}

/* No test may work because of an address that the PMD is not meant to use. */
uint64_t
fz_iova(const void *p)
{
	return fz_is_far(p) ? RTE_BAD_IOVA : rte_mem_virt2iova(p);
}

/* ------------------------------------------------------------------ memory */

struct buffer {
	struct rte_mbuf_ext_shared_info info;
	uint32_t len;
	uint8_t data[];         /* a canary, len bytes, a canary */
};

static void
free_buffer(void *addr, void *opaque)
{
	struct buffer *b = opaque;
	uint32_t i;

	RTE_SET_USED(addr);
	for (i = 0; i < CANARY; i++)
		strays += b->data[i] != 0x5a || b->data[CANARY + b->len + i] != 0x5a;
	if (fz_is_far(b))
		free(b);
	else
		rte_free(b);
}

struct rte_mbuf *
fz_far_mbuf(struct ct_rng *r, struct rte_mempool *mp, uint32_t len)
{
	const size_t size = sizeof(struct buffer) + len + 2 * CANARY;
	struct rte_mbuf *m = rte_pktmbuf_alloc(mp);
	uint32_t kind = ct_range(r, 0, 3);
	struct buffer *b;

	if (m == NULL || kind == 0)
		return m;
	/* So aligned it is in one page: physically contiguous, as the API wants it. */
	b = kind == 1 ? rte_malloc("far", size, rte_align32pow2(size)) : malloc(size);
	if (b == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memset(b->data, 0x5a, len + 2 * CANARY);
	b->len = len;
	b->info.free_cb = free_buffer;
	b->info.fcb_opaque = b;
	rte_mbuf_ext_refcnt_set(&b->info, 1);
	rte_pktmbuf_attach_extbuf(m, b->data + CANARY, fz_iova(b->data + CANARY), len, &b->info);
	return m;
}

struct rte_crypto_op *
fz_far_op(struct ct_rng *r, struct fz_op *f)
{
	const size_t size = RTE_ALIGN_CEIL(CT_IV_OFF + CT_IV_ROOM, 64);
	struct rte_crypto_op *op;

	if (ct_rand(r) & 1)
		return NULL;
	op = aligned_alloc(64, size);
	if (op == NULL)
		return NULL;
	memset(op, 0, size);
	op->type = RTE_CRYPTO_OP_TYPE_SYMMETRIC;
	op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	op->phys_addr = RTE_BAD_IOVA;
	rte_crypto_op_attach_sym_session(op, f->s->sess);
	op->sym->m_src = f->src;
	return op;
}

void
fz_far_aux(struct ct_rng *r, struct fz_op *f)
{
	if (f->far_aux == NULL) {
		f->far_aux = malloc(AUX_SIZE);
		if (f->far_aux == NULL)
			exit(1);
		f->far_aux += AUX_FRONT;
	}
	f->aux = ct_rand(r) & 1 ? f->far_aux : f->near_aux;
}

/* ------------------------------------------------------------------ what it costs */

static bool
has_cipher(const struct fz_sess *s)
{
	return s->cipher != NULL && s->cipher->algo != RTE_CRYPTO_CIPHER_NULL;
}

static bool
has_auth(const struct fz_sess *s)
{
	return s->auth != NULL && s->auth->algo != RTE_CRYPTO_AUTH_NULL;
}

/* What doc/crypto.rst says that software does is not the device's. */
static bool
by_device(const struct fz_op *f, bool v3)
{
	const struct fz_sess *s = f->s;

	if (s->aead != NULL)
		return f->c_len != 0 || (v3 && s->aad_len != 0);
	if (has_cipher(s) && has_auth(s))
		return !f->nested && f->c_len != 0 && f->a_len != 0;
	return has_cipher(s) ? f->c_len != 0 : has_auth(s) && f->a_len != 0;
}

/* Bytes out of reach in [from, to) of a chain. */
static uint32_t
far_bytes(const struct rte_mbuf *m, uint32_t from, uint32_t to)
{
	uint32_t at = 0, n = 0;

	for (; m != NULL; at += m->data_len, m = m->next) {
		uint32_t lo = RTE_MAX(from, at), hi = RTE_MIN(to, at + m->data_len);

		if (lo < hi && fz_is_far(rte_pktmbuf_mtod(m, void *)))
			n += hi - lo;
	}
	return n;
}

static uint32_t
iv_bytes(const struct fz_sess *s)
{
	if (s->aead != NULL)
		return s->aead->iv.length;
	/* A counter block made of 12 bytes is the driver's. */
	if (has_cipher(s))
		return s->cipher->iv.length == 12 ? 0 : s->cipher->iv.length;
	return s->auth->algo == RTE_CRYPTO_AUTH_AES_GMAC ? s->auth->iv.length : 0;
}

void
fz_far_expect(const struct fz_op *f, bool v3)
{
	const struct fz_sess *s = f->s;
	bool cipher = has_cipher(s) || s->aead != NULL, auth = has_auth(s), touched = false;
	bool ok = f->want == RTE_CRYPTO_OP_STATUS_SUCCESS;
	uint32_t from = UINT32_MAX, to = 0, n, digest = auth || s->aead ? s->digest_len : 0;

	if (!by_device(f, v3))
		return;
	if (cipher && f->c_len != 0) {
		from = RTE_MIN(from, f->c_off);
		to = RTE_MAX(to, f->c_off + f->c_len);
	}
	if (auth && f->a_len != 0) {
		from = RTE_MIN(from, f->a_off);
		to = RTE_MAX(to, f->a_off + f->a_len);
	}
	n = far_bytes(f->src, from, to);
	/* Room for output out of place counts once something is copied from there. */
	touched |= n != 0 || (cipher && f->oop && far_bytes(f->dst, from, to) != 0);
	if (cipher && ok)
		n += far_bytes(f->oop ? f->dst : f->src, f->c_off, f->c_off + f->c_len);
	if (fz_is_far(f->op)) {
		n += iv_bytes(s);
		touched |= iv_bytes(s) != 0;
	}
	if (digest != 0 && fz_is_far(f->digest_at)) {
		n += s->verify || ok ? digest : 0;
		touched = true;
	}
	if (s->aad_len != 0 && fz_is_far(f->aux)) {
		n += s->aad_len;
		touched = true;
	}
	fz_far_bytes += n;
	fz_far_ops += touched;
}

int
fz_far_check(const struct ct_dev *d)
{
	const struct uacce_crypto_qp *qp = rte_cryptodevs[d->id].data->queue_pairs[0];

	CT_CHECK(strays == 0, "%ju bytes beside external data were written", (uintmax_t)strays);
	CT_CHECK(qp->wq.stats.bounced == fz_far_ops && qp->wq.stats.bounced_bytes == fz_far_bytes,
		"%ju ops and %ju bytes, want %ju and %ju", (uintmax_t)qp->wq.stats.bounced,
		(uintmax_t)qp->wq.stats.bounced_bytes, (uintmax_t)fz_far_ops,
		(uintmax_t)fz_far_bytes);
	return 0;
}
