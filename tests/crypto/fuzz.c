/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Differential fuzzer: random transforms out of the device's capabilities, random data, segments,
 * offsets and tags, each op compared with OpenSSL bit by bit, in place and out of place.
 *
 *   fuzz DEVARGS [OPS [SEED [raw] [far]]]
 *
 * SEED 0: another one each time. raw: through the raw data path. far: with memory that a device
 * without SVA does not reach; without that word nothing may be copied.
 */
#include <errno.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "fuzz.h"

#define SESSIONS        24
#define MAX_LEN         65536
#define SLACK           64      /* data before and after the regions */
#define BUF             (MAX_LEN + 4 * SLACK)
#define OPS_PER_SET     1500    /* then the sessions are made anew */

static struct ct_dev dev;
static struct ct_rng rng;
static struct ct_ref *ref;
static bool far, raw, v3;
static struct fz_sess sessions[SESSIONS];
static struct fz_op fz_ops[FZ_BURST];
static uint64_t count[4], bad_tags, refused, out_of_place, chained, nested;

static uint32_t
pick(const struct rte_crypto_param_range *r)
{
	return r->increment == 0 ? r->min :
	       r->min + ct_range(&rng, 0, (r->max - r->min) / r->increment) * r->increment;
}

static const struct rte_cryptodev_symmetric_capability *
random_cap(enum rte_crypto_sym_xform_type type)
{
	const struct rte_cryptodev_capabilities *c = dev.info.capabilities;
	const struct rte_cryptodev_symmetric_capability *found = NULL;
	uint32_t n = 0;

	for (; c->op != RTE_CRYPTO_OP_TYPE_UNDEFINED; c++) {
		if (c->sym.xform_type == type && ct_range(&rng, 0, n++) == 0)
			found = &c->sym;
	}
	return found;
}

/* ------------------------------------------------------------------ sessions */

static int
make_cipher(struct fz_sess *s, struct rte_crypto_sym_xform *x)
{
	const struct rte_cryptodev_symmetric_capability *cap;

	cap = random_cap(RTE_CRYPTO_SYM_XFORM_CIPHER);
	if (cap == NULL)
		return -1;
	x->type = RTE_CRYPTO_SYM_XFORM_CIPHER;
	x->cipher.op = s->encrypt ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
	x->cipher.algo = cap->cipher.algo;
	x->cipher.key.data = s->key;
	x->cipher.key.length = pick(&cap->cipher.key_size);
	x->cipher.iv.offset = CT_IV_OFF;
	x->cipher.iv.length = pick(&cap->cipher.iv_size);
	s->cipher = &x->cipher;
	s->block = 1;
	switch (cap->cipher.algo) {
	case RTE_CRYPTO_CIPHER_AES_ECB:
	case RTE_CRYPTO_CIPHER_AES_CBC:
	case RTE_CRYPTO_CIPHER_SM4_ECB:
	case RTE_CRYPTO_CIPHER_SM4_CBC:
		s->block = 16;
		break;
	case RTE_CRYPTO_CIPHER_DES_CBC:
	case RTE_CRYPTO_CIPHER_3DES_CBC:
	case RTE_CRYPTO_CIPHER_3DES_ECB:
		s->block = 8;
		break;
	default:
		break;
	}
	return 0;
}

static int
make_auth(struct fz_sess *s, struct rte_crypto_sym_xform *x)
{
	const struct rte_cryptodev_symmetric_capability *cap;

	cap = random_cap(RTE_CRYPTO_SYM_XFORM_AUTH);
	if (cap == NULL)
		return -1;
	x->type = RTE_CRYPTO_SYM_XFORM_AUTH;
	x->auth.op = s->verify ? RTE_CRYPTO_AUTH_OP_VERIFY : RTE_CRYPTO_AUTH_OP_GENERATE;
	x->auth.algo = cap->auth.algo;
	x->auth.key.data = s->auth_key;
	x->auth.key.length = pick(&cap->auth.key_size);
	/* Most keys are short: a range of 1024 would rarely give one within a block. */
	if (cap->auth.key_size.max > 128 && ct_range(&rng, 0, 3) != 0)
		x->auth.key.length = ct_range(&rng, cap->auth.key_size.min, 128);
	x->auth.digest_length = pick(&cap->auth.digest_size);
	x->auth.iv.offset = CT_AUTH_IV_OFF;
	x->auth.iv.length = pick(&cap->auth.iv_size);
	s->auth = &x->auth;
	s->digest_len = x->auth.digest_length;
	return 0;
}

static int
make_aead(struct fz_sess *s, struct rte_crypto_sym_xform *x)
{
	const struct rte_cryptodev_symmetric_capability *cap;

	cap = random_cap(RTE_CRYPTO_SYM_XFORM_AEAD);
	if (cap == NULL)
		return 1;       /* the device has none: another kind */
	x->type = RTE_CRYPTO_SYM_XFORM_AEAD;
	s->verify = !s->encrypt;
	x->aead.op = s->encrypt ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT;
	x->aead.algo = cap->aead.algo;
	x->aead.key.data = s->key;
	x->aead.key.length = pick(&cap->aead.key_size);
	x->aead.iv.offset = CT_IV_OFF;
	x->aead.iv.length = pick(&cap->aead.iv_size);
	x->aead.digest_length = pick(&cap->aead.digest_size);
	x->aead.aad_length = ct_range(&rng, 0, 3) ? ct_range(&rng, 0, 64) :
		ct_range(&rng, 0, RTE_MIN(cap->aead.aad_size.max, MAX_AAD));
	s->aead = &x->aead;
	s->digest_len = x->aead.digest_length;
	s->aad_len = x->aead.aad_length;
	s->block = 1;
	return 0;
}

static int
try_session(struct fz_sess *s)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->kind = ct_range(&rng, CIPHER, AEAD);
	s->encrypt = ct_rand(&rng) & 1;
	s->verify = s->kind == AUTH ? ct_rand(&rng) & 1 : !s->encrypt;
	ct_fill(&rng, s->key, sizeof(s->key));
	ct_fill(&rng, s->auth_key, sizeof(s->auth_key));
	switch (s->kind) {
	case CIPHER:
		ret = make_cipher(s, &s->first);
		break;
	case AUTH:
		ret = make_auth(s, &s->first);
		break;
	case AEAD:
		ret = make_aead(s, &s->first);
		break;
	default:
		s->auth_first = ct_rand(&rng) & 1;
		ret = s->auth_first ? make_auth(s, &s->first) || make_cipher(s, &s->second) :
				      make_cipher(s, &s->first) || make_auth(s, &s->second);
		s->first.next = &s->second;
	}
	if (ret != 0)
		return ret;
	s->sess = ct_session(&dev, &s->first);
	/* A chain that the device does not have may be refused, nothing else. */
	if (s->sess == NULL && !(s->kind == CHAIN && rte_errno == ENOTSUP))
		CT_FAIL("session of kind %d refused: %s", s->kind, rte_strerror(rte_errno));
	return s->sess ? 0 : 1;
}

static int
make_sessions(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < SESSIONS; i++) {
		do
			ret = try_session(&sessions[i]);
		while (ret > 0);
		if (ret < 0)
			return -1;
	}
	return 0;
}

static void
free_sessions(void)
{
	unsigned int i;

	for (i = 0; i < SESSIONS; i++)
		ct_session_free(&dev, sessions[i].sess);
}

/* ------------------------------------------------------------------ messages */

static uint32_t
random_len(uint32_t max)
{
	uint32_t r = ct_range(&rng, 0, 99);

	return ct_range(&rng, 0, RTE_MIN(max, r < 70 ? 256u : r < 92 ? 2048u :
		r < 99 ? 16384u : (uint32_t)MAX_LEN));
}

/* A chain of 1 to FZ_SEGS mbufs with data, cut and aligned at random; room for more at its end. */
static struct rte_mbuf *
random_chain(const uint8_t *data, uint32_t len, uint32_t room)
{
	uint32_t segs = ct_range(&rng, 0, 1) ? 1 : ct_range(&rng, 1, FZ_SEGS), part;
	struct rte_mbuf *head = NULL, *m, **link = &head;

	if (len > CT_BIG - 256 && segs < 4)
		segs = 4;
	while (segs > 0) {
		uint32_t most = CT_BIG - 256;

		part = segs == 1 ? len :
			ct_range(&rng, 0, RTE_MIN(most, RTE_MIN(len, 2 * len / segs)));
		/* What is left must fit into the rest. */
		if (segs > 1 && len - part > (segs - 1) * most)
			part = RTE_MIN(most, len);
		m = !far ? rte_pktmbuf_alloc(part + room <= CT_SMALL ? dev.small_mp : dev.big_mp) :
			fz_far_mbuf(&rng, part + room <= CT_SMALL ? dev.small_mp : dev.big_mp,
				part + room + RTE_PKTMBUF_HEADROOM);
		if (m == NULL) {
			fprintf(stderr, "no mbuf left\n");
			exit(1);
		}
		m->data_off = ct_range(&rng, 0, RTE_PKTMBUF_HEADROOM);
		if (part + room > rte_pktmbuf_tailroom(m)) {
			fprintf(stderr, "a segment of %u + %u bytes in a room of %u\n", part, room,
				rte_pktmbuf_tailroom(m));
			exit(1);
		}
		m->data_len = part;
		memcpy(rte_pktmbuf_mtod(m, void *), data, part);
		data += part;
		len -= part;
		segs--;
		*link = m;
		link = &m->next;
		if (m == head)
			continue;
		head->nb_segs++;
	}
	for (m = head, head->pkt_len = 0; m != NULL; m = m->next)
		head->pkt_len += m->data_len;
	chained += head->nb_segs > 1;
	return head;
}

static bool
same_chain(const struct rte_mbuf *m, const uint8_t *data, uint32_t len)
{
	for (; m != NULL; m = m->next) {
		if (m->data_len > len || memcmp(rte_pktmbuf_mtod(m, void *), data, m->data_len))
			return false;
		data += m->data_len;
		len -= m->data_len;
	}
	return len == 0;
}

static void
random_regions(struct fz_op *f)
{
	const struct fz_sess *s = f->s;
	uint32_t max = s->aead && s->aead->algo == RTE_CRYPTO_AEAD_AES_CCM ? 65535 : MAX_LEN;

	if (s->kind != AUTH) {
		f->c_off = ct_range(&rng, 0, SLACK);
		f->c_len = random_len(max) / s->block * s->block;
		if (s->cipher && s->cipher->algo == RTE_CRYPTO_CIPHER_AES_XTS && f->c_len)
			f->c_len = RTE_MAX(f->c_len, 16u);
		if (s->kind == CHAIN && ct_range(&rng, 0, 15))
			f->c_len = RTE_MAX(f->c_len, RTE_MAX(s->block, 16u));
	}
	if (s->kind == AUTH) {
		f->a_off = ct_range(&rng, 0, SLACK);
		f->a_len = random_len(max);
	}
	if (s->kind == CHAIN) {
		/* Around the cipher region, as protocols have it, within it, or anywhere. */
		if (ct_range(&rng, 0, 7) == 0 && f->c_len > s->digest_len) {
			f->a_off = ct_range(&rng, 0, f->c_off);
			f->a_len = f->c_off - f->a_off + f->c_len - s->digest_len;
		} else if (ct_range(&rng, 0, 3)) {
			f->a_off = ct_range(&rng, 0, f->c_off);
			f->a_len = f->c_off - f->a_off + f->c_len + ct_range(&rng, 0, SLACK);
		} else {
			f->a_off = ct_range(&rng, 0, f->c_off + f->c_len);
			f->a_len = ct_range(&rng, 0, f->c_off + f->c_len - f->a_off + SLACK);
		}
	}
	f->total = RTE_MAX(f->c_off + f->c_len, f->a_off + f->a_len) + ct_range(&rng, 0, SLACK);
}

/* What comes out: f->after and f->digest from f->before. */
static int
reference(struct fz_op *f)
{
	const struct fz_sess *s = f->s;
	uint8_t block[16] = {[15] = 1};
	const uint8_t *iv = f->iv;
	uint8_t *in = f->before + f->c_off, *out = f->after + f->c_off;

	memcpy(f->after, f->before, f->total);
	if (s->kind == AEAD) {
		if (s->aead->algo == RTE_CRYPTO_AEAD_AES_CCM)
			iv++;
		if (ct_ref_aead(ref, s->aead->algo, s->key, s->aead->key.length, iv,
				s->aead->iv.length, f->aux, s->aad_len, in, out, f->c_len,
				f->digest, s->digest_len) != 0)
			return -1;
		/* Decryption: the two change places. */
		if (!s->encrypt) {
			uint8_t *t = f->before;

			f->before = f->after;
			f->after = t;
		}
		return 0;
	}
	/* A counter block has its counter begin with 1, after what there is of an IV. */
	if (s->cipher && s->cipher->iv.length == 12)
		iv = memcpy(block, f->iv, 12);
	if (s->cipher && ct_ref_cipher(ref, s->cipher->algo, s->encrypt, s->key,
			s->cipher->key.length, iv, in, out, f->c_len) != 0)
		return -1;
	if (s->auth == NULL || s->auth->algo == RTE_CRYPTO_AUTH_NULL)
		return 0;
	return ct_ref_auth(ref, s->auth->algo, s->auth_key, s->auth->key.length,
		f->iv + 32, (s->auth_first ? f->before : f->after) + f->a_off, f->a_len, f->digest);
}

/* MAC, then encrypt message and MAC: a chain with the digest inside the cipher's region. */
static int
reference_nested(struct fz_op *f)
{
	const struct fz_sess *s = f->s;
	uint8_t block[16] = {[15] = 1};
	const uint8_t *iv = s->cipher->iv.length == 12 ? memcpy(block, f->iv, 12) : f->iv;
	uint8_t *plain = s->encrypt ? f->before : f->after;
	uint8_t *sealed = s->encrypt ? f->after : f->before;
	uint8_t *digest = sealed + f->a_off + f->a_len;

	if (!s->encrypt)
		ct_fill(&rng, plain, f->total);
	memcpy(sealed, plain, f->total);
	if (ct_ref_auth(ref, s->auth->algo, s->auth_key, s->auth->key.length, NULL,
			plain + f->a_off, f->a_len, f->digest) != 0)
		return -1;
	memcpy(digest, f->digest, s->digest_len);
	if (!s->encrypt && ct_range(&rng, 0, 7) == 0) {
		digest[ct_range(&rng, 0, s->digest_len - 1)] ^= 1 << ct_range(&rng, 0, 7);
		f->want = RTE_CRYPTO_OP_STATUS_AUTH_FAILED;
		bad_tags++;
	}
	if (!s->encrypt)
		memcpy(plain + f->a_off + f->a_len, digest, s->digest_len);
	return ct_ref_cipher(ref, s->cipher->algo, true, s->key, s->cipher->key.length, iv,
		sealed + f->c_off, sealed + f->c_off, f->c_len);
}

static bool
may_nest(const struct fz_op *f)
{
	const struct fz_sess *s = f->s;

	return s->kind == CHAIN && s->encrypt == s->auth_first && s->digest_len != 0 &&
	       s->cipher->algo != RTE_CRYPTO_CIPHER_NULL && f->a_len != 0 &&
	       f->a_off + f->a_len >= f->c_off &&
	       f->a_off + f->a_len + s->digest_len <= f->c_off + f->c_len;
}

/* Lengths that the algorithm does not have are refused, and nothing is touched. */
static void
spoil_length(struct fz_op *f)
{
	const struct fz_sess *s = f->s;

	if (s->kind == AUTH || s->kind == AEAD || s->block == 1 || f->c_len == 0 ||
			ct_range(&rng, 0, 99))
		return;
	f->c_len -= ct_range(&rng, 1, s->block - 1);
	memcpy(f->after, f->before, f->total);
	f->want = RTE_CRYPTO_OP_STATUS_INVALID_ARGS;
	refused++;
}

static void
place_digest(struct fz_op *f)
{
	struct rte_mbuf *m = rte_pktmbuf_lastseg(ct_rand(&rng) & 1 && f->oop ? f->dst : f->src);
	uint8_t *end = rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len);

	if (f->nested) {
		uint32_t off = f->a_off + f->a_len;

		m = f->oop ? f->dst : f->src;
		while (off >= m->data_len && m->next != NULL) {
			off -= m->data_len;
			m = m->next;
		}
		f->digest_at = rte_pktmbuf_mtod_offset(m, uint8_t *, off);
		return;
	}
	f->digest_at = f->aux + MAX_AAD + ct_range(&rng, 0, 64);
	if (ct_rand(&rng) & 1 && rte_pktmbuf_tailroom(m) >= sizeof(f->digest))
		f->digest_at = end;
	memset(f->digest_at, 0xa5, sizeof(f->digest));
	if (!f->s->verify || f->s->digest_len == 0)
		return;
	memcpy(f->digest_at, f->digest, f->s->digest_len);
	if (f->want == RTE_CRYPTO_OP_STATUS_SUCCESS && ct_range(&rng, 0, 7) == 0) {
		f->digest_at[ct_range(&rng, 0, f->s->digest_len - 1)] ^=
			1 << ct_range(&rng, 0, 7);
		f->want = RTE_CRYPTO_OP_STATUS_AUTH_FAILED;
		bad_tags++;
	}
}

static void
fill_op(struct fz_op *f)
{
	struct rte_crypto_sym_op *sym;
	struct fz_sess *s = f->s;
	uint8_t *aad;

	f->op = far ? fz_far_op(&rng, f) : NULL;
	if (f->op == NULL)
		f->op = ct_op(&dev, s->sess, f->src);
	sym = f->op->sym;
	sym->m_dst = f->oop ? f->dst : NULL;
	memcpy(rte_crypto_op_ctod_offset(f->op, void *, CT_IV_OFF), f->iv, CT_IV_ROOM);
	if (s->kind == AEAD) {
		aad = f->aux;
		/* The array of CCM begins 18 bytes before the AAD: those are in front of aux. */
		if (s->aead->algo == RTE_CRYPTO_AEAD_AES_CCM)
			aad -= 18;
		sym->aead.data.offset = f->c_off;
		sym->aead.data.length = f->c_len;
		sym->aead.aad.data = aad;
		sym->aead.aad.phys_addr = fz_iova(aad);
		sym->aead.digest.data = f->digest_at;
		sym->aead.digest.phys_addr = fz_iova(f->digest_at);
		return;
	}
	sym->cipher.data.offset = f->c_off;
	sym->cipher.data.length = f->c_len;
	sym->auth.data.offset = f->a_off;
	sym->auth.data.length = f->a_len;
	sym->auth.digest.data = f->digest_at;
	sym->auth.digest.phys_addr = fz_iova(f->digest_at);
}

static int
make_op(struct fz_op *f)
{
	f->s = &sessions[ct_range(&rng, 0, SESSIONS - 1)];
	f->want = RTE_CRYPTO_OP_STATUS_SUCCESS;
	f->c_off = f->c_len = f->a_off = f->a_len = 0;
	f->oop = ct_rand(&rng) & 1 && f->s->kind != AUTH;
	random_regions(f);
	ct_fill(&rng, f->iv, sizeof(f->iv));
	if (far)
		fz_far_aux(&rng, f);
	ct_fill(&rng, f->aux, MAX_AAD);
	ct_fill(&rng, f->before, f->total);
	f->nested = may_nest(f) && ct_rand(&rng) & 1;
	CT_CHECK((f->nested ? reference_nested(f) : reference(f)) == 0,
		"no reference for kind %d", f->s->kind);
	nested += f->nested;
	if (!f->nested)
		spoil_length(f);
	f->src = random_chain(f->before, f->total, sizeof(f->digest));
	f->dst = NULL;
	if (f->oop) {
		ct_fill(&rng, f->dst_before, f->total);
		f->dst = random_chain(f->dst_before, f->total, sizeof(f->digest));
		out_of_place++;
	}
	place_digest(f);
	fill_op(f);
	count[f->s->kind]++;
	return 0;
}

/* ------------------------------------------------------------------ results */

static int
check_data(struct fz_op *f)
{
	struct rte_mbuf *m = f->oop ? f->dst : f->src;
	uint8_t *want = f->after;

	if (f->oop) {
		CT_CHECK(same_chain(f->src, f->before, f->total), "source was written");
		/* The rest of the destination keeps what it had. */
		want = f->dst_before;
		memcpy(want + f->c_off, f->after + f->c_off, f->c_len);
	}
	CT_CHECK(same_chain(m, want, f->total), "data differs");
	return 0;
}

static int
check_op(struct fz_op *f)
{
	const struct fz_sess *s = f->s;
	uint8_t guard[64];

	CT_CHECK(f->op->status == f->want, "status %u, want %u", f->op->status, f->want);
	CT_CHECK(memcmp(rte_crypto_op_ctod_offset(f->op, void *, CT_IV_OFF), f->iv,
			CT_IV_ROOM) == 0, "IV was written");
	if (f->want == RTE_CRYPTO_OP_STATUS_INVALID_ARGS)
		return 0;
	if (f->nested)
		return f->want == RTE_CRYPTO_OP_STATUS_AUTH_FAILED ? 0 : check_data(f);
	memset(guard, 0xa5, sizeof(guard));
	CT_CHECK(memcmp(f->digest_at + s->digest_len, guard, sizeof(guard) - s->digest_len) == 0,
		"written behind the digest");
	if (f->want == RTE_CRYPTO_OP_STATUS_AUTH_FAILED)
		return 0;
	CT_CHECK(memcmp(f->digest_at, f->digest, s->digest_len) == 0, "digest differs");
	return check_data(f);
}

static void
describe(const struct fz_op *f)
{
	const struct fz_sess *s = f->s;

	fprintf(stderr,
		"  kind %d cipher %d auth %d aead %d encrypt %d verify %d auth_first %d\n"
		"  key %u auth key %u digest %u aad %u; cipher %u+%u auth %u+%u total %u\n"
		"  src segs %u dst segs %u digest %s nested %d\n",
		s->kind, s->cipher ? (int)s->cipher->algo : -1, s->auth ? (int)s->auth->algo : -1,
		s->aead ? (int)s->aead->algo : -1, s->encrypt, s->verify, s->auth_first,
		s->aead ? s->aead->key.length : s->cipher ? s->cipher->key.length : 0,
		s->auth ? s->auth->key.length : 0, s->digest_len, s->aad_len, f->c_off, f->c_len,
		f->a_off, f->a_len, f->total, f->src->nb_segs, f->dst ? f->dst->nb_segs : 0,
		f->digest_at >= f->aux && f->digest_at < f->aux + 2 * MAX_AAD ? "apart" :
										"in mbuf", f->nested);
}

static int
round_of_ops(uint32_t n)
{
	struct rte_crypto_op *ops[FZ_BURST];
	uint32_t i;
	int ret = 0;

	for (i = 0; i < n; i++) {
		if (make_op(&fz_ops[i]) != 0)
			return -1;
		ops[i] = fz_ops[i].op;
	}
	if ((raw ? fz_raw_run(fz_ops, n) : ct_run(&dev, 0, ops, n)) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (ret == 0 && check_op(&fz_ops[i]) != 0) {
			describe(&fz_ops[i]);
			ret = -1;
		}
		if (far)
			fz_far_expect(&fz_ops[i], v3);
		rte_pktmbuf_free(fz_ops[i].src);
		rte_pktmbuf_free(fz_ops[i].dst);
		if (fz_is_far(ops[i]))
			free(ops[i]);
		else
			rte_crypto_op_free(ops[i]);
	}
	return ret != 0 ? ret : fz_far_check(&dev);
}

static int
fuzz(uint64_t total)
{
	uint64_t done = 0, in_set = OPS_PER_SET;
	time_t last = time(NULL);
	uint32_t n;
	int ret = 0;

	while (done < total && ret == 0) {
		if (in_set >= OPS_PER_SET) {
			if (done != 0)
				free_sessions();
			if (make_sessions() != 0)
				return -1;
			in_set = 0;
		}
		n = RTE_MIN((uint64_t)ct_range(&rng, 1, FZ_BURST), total - done);
		ret = round_of_ops(n);
		done += n;
		in_set += n;
		if (time(NULL) - last >= 10) {
			last = time(NULL);
			printf("%ju of %ju ops\n", (uintmax_t)done, (uintmax_t)total);
			fflush(stdout);
		}
	}
	free_sessions();
	return ret;
}

int
main(int argc, char **argv)
{
	const char *devargs[] = {argc > 1 ? argv[1] : "device=emu"};
	uint64_t total = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	unsigned int i;
	int ret;

	ct_eal_init(devargs, 1, NULL);
	if (ct_dev_start(&dev, 0, 1, 256) != 0)
		return 1;
	if (seed == 0)
		seed = time(NULL);
	rng.s = seed;
	ref = ct_ref_new();
	v3 = rte_cryptodev_sym_capability_get(dev.id, &(struct rte_cryptodev_sym_capability_idx){
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER, .algo.cipher = RTE_CRYPTO_CIPHER_AES_CTR});
	for (i = 4; i < (unsigned int)argc; i++) {
		far |= strcmp(argv[i], "far") == 0;
		raw |= strcmp(argv[i], "raw") == 0;
	}
	if (raw && fz_raw_init(&dev, &rng, far) != 0)
		return 1;
	for (i = 0; i < FZ_BURST; i++) {
		struct fz_op *f = &fz_ops[i];

		f->before = malloc(BUF);
		f->after = malloc(BUF);
		f->dst_before = malloc(BUF);
		f->near_aux = rte_malloc("aux", AUX_SIZE, 64);
		if (!f->before || !f->after || !f->dst_before || !f->near_aux)
			return 1;
		f->near_aux += AUX_FRONT;
		f->aux = f->near_aux;
	}
	printf("%s: %ju ops, seed %ju\n", devargs[0], (uintmax_t)total, (uintmax_t)seed);
	fflush(stdout);
	ret = fuzz(total);
	printf("%s: cipher %ju auth %ju chain %ju AEAD %ju; bad tags %ju refused %ju out of place "
	       "%ju chained %ju nested %ju\n", ret ? "FAILED" : "all as OpenSSL has it", (uintmax_t)count[0],
		(uintmax_t)count[1], (uintmax_t)count[2], (uintmax_t)count[3], (uintmax_t)bad_tags,
		(uintmax_t)refused, (uintmax_t)out_of_place, (uintmax_t)chained, (uintmax_t)nested);
	printf("copied: %ju ops, %ju bytes\n", (uintmax_t)fz_far_ops, (uintmax_t)fz_far_bytes);
	if (ret != 0)
		fprintf(stderr, "again: fuzz %s %ju %ju %s %s\n", devargs[0], (uintmax_t)total,
			(uintmax_t)seed, raw ? "raw" : "", far ? "far" : "");
	fz_raw_fini();
	ct_ref_free(ref);
	ct_dev_stop(&dev);
	rte_eal_cleanup();
	return ret ? 1 : 0;
}
