/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chain of xforms becomes one libwd session and the few constants that an op needs.
 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "uacce_crypto.h"

struct parsed {
	const struct rte_crypto_cipher_xform *cipher;
	const struct rte_crypto_auth_xform *auth;
	const struct rte_crypto_aead_xform *aead;
	bool auth_first;
	bool null_cipher;       /* NULL algorithms: cipher and auth above are without them */
	bool null_auth;
	/* Keys that are not used as they are given. */
	uint8_t hmac_key[UACCE_DIGEST_MAX];
	uint8_t des_key[24];
};

unsigned int
uacce_crypto_session_size(struct rte_cryptodev *dev)
{
	const struct uacce_crypto_proc *proc = uacce_crypto_proc(dev);

	return sizeof(struct uacce_crypto_sess) + wd_session_size(proc->wd);
}

static int
parse(const struct rte_crypto_sym_xform *x, struct parsed *p)
{
	memset(p, 0, sizeof(*p));
	for (; x != NULL; x = x->next) {
		if (x->type == RTE_CRYPTO_SYM_XFORM_CIPHER && !p->cipher && !p->aead)
			p->cipher = &x->cipher;
		else if (x->type == RTE_CRYPTO_SYM_XFORM_AUTH && !p->auth && !p->aead)
			p->auth = &x->auth;
		else if (x->type == RTE_CRYPTO_SYM_XFORM_AEAD && !p->cipher && !p->auth &&
				!p->aead)
			p->aead = &x->aead;
		else
			return -ENOTSUP;
		p->auth_first |= p->auth != NULL && p->cipher == NULL;
	}
	if (!p->cipher && !p->auth && !p->aead)
		return -EINVAL;
	p->null_cipher = p->cipher && p->cipher->algo == RTE_CRYPTO_CIPHER_NULL;
	p->null_auth = p->auth && p->auth->algo == RTE_CRYPTO_AUTH_NULL;
	if (p->null_cipher)
		p->cipher = NULL;
	if (p->null_auth)
		p->auth = NULL;
	return 0;
}

static bool
in_range(const struct rte_crypto_param_range *r, uint32_t len)
{
	if (len < r->min || len > r->max)
		return false;
	return r->increment == 0 ? len == r->min || len == r->max :
				   (len - r->min) % r->increment == 0;
}

/*
 * ECB: some applications give a length for the IV that there is not. AES-CTR: librte_ipsec and
 * ipsec-secgw name the 8 bytes of the ESP IV, and put the whole counter block where it belongs.
 */
static bool
iv_fits(const struct rte_cryptodev_symmetric_capability *cap,
	const struct rte_crypto_cipher_xform *c)
{
	return cap->cipher.iv_size.max == 0 || in_range(&cap->cipher.iv_size, c->iv.length) ||
	       (c->algo == RTE_CRYPTO_CIPHER_AES_CTR && c->iv.length == 8);
}

/* A wrong length is -EINVAL, an algorithm that the device does not have -ENOTSUP. */
static int
set_cipher(const struct uacce_crypto_proc *proc, struct parsed *p, struct wd_crypto_xform *wx)
{
	const struct rte_cryptodev_symmetric_capability *cap;
	const struct rte_crypto_cipher_xform *c = p->cipher;

	cap = uacce_crypto_cap_find(proc, RTE_CRYPTO_SYM_XFORM_CIPHER, c->algo);
	if (cap == NULL || c->dataunit_len != 0)
		return -ENOTSUP;
	if (!in_range(&cap->cipher.key_size, c->key.length) || c->key.data == NULL)
		return -EINVAL;
	if (!iv_fits(cap, c))
		return -EINVAL;
	wx->cipher = uacce_crypto_cipher(proc, c->algo);
	wx->encrypt = c->op == RTE_CRYPTO_CIPHER_OP_ENCRYPT;
	wx->cipher_key = c->key.data;
	wx->cipher_key_len = c->key.length;
	wx->iv_len = cap->cipher.iv_size.max;
	/* One key three times: the hardware wants two or three. */
	if (c->key.length == 8 && wx->cipher != WD_CIPHER_DES_CBC) {
		memcpy(p->des_key, c->key.data, 8);
		memcpy(p->des_key + 8, c->key.data, 8);
		memcpy(p->des_key + 16, c->key.data, 8);
		wx->cipher_key = p->des_key;
		wx->cipher_key_len = sizeof(p->des_key);
	}
	return 0;
}

static int
set_auth(const struct uacce_crypto_proc *proc, struct parsed *p, struct wd_crypto_xform *wx)
{
	const struct rte_cryptodev_symmetric_capability *cap;
	const struct rte_crypto_auth_xform *a = p->auth;

	cap = uacce_crypto_cap_find(proc, RTE_CRYPTO_SYM_XFORM_AUTH, a->algo);
	if (cap == NULL)
		return -ENOTSUP;
	if (!in_range(&cap->auth.digest_size, a->digest_length))
		return -EINVAL;
	if (cap->auth.key_size.max != 0 &&
			(!in_range(&cap->auth.key_size, a->key.length) || a->key.data == NULL))
		return -EINVAL;
	wx->auth = uacce_crypto_auth(proc, a->algo);
	if (wx->auth == WD_AUTH_AES_GMAC) {
		/* The IV of a chain is the cipher's: GMAC has none of its own there. */
		if (wx->cipher != WD_CIPHER_NONE)
			return -ENOTSUP;
		if (!in_range(&cap->auth.iv_size, a->iv.length))
			return -EINVAL;
		wx->iv_len = a->iv.length;
	}
	wx->verify = a->op == RTE_CRYPTO_AUTH_OP_VERIFY;
	wx->digest_len = a->digest_length;
	wx->auth_key = a->key.data;
	wx->auth_key_len = cap->auth.key_size.max != 0 ? a->key.length : 0;
	if (wx->auth_key_len <= cap->auth.block_size || wx->auth == WD_AUTH_AES_GMAC)
		return 0;
	wx->auth_key = p->hmac_key;
	return uacce_crypto_soft_hash_key(wx->auth, a->key.data, a->key.length, p->hmac_key,
		&wx->auth_key_len);
}

static int
set_aead(const struct uacce_crypto_proc *proc, const struct rte_crypto_aead_xform *a,
	struct wd_crypto_xform *wx)
{
	const struct rte_cryptodev_symmetric_capability *cap;

	cap = uacce_crypto_cap_find(proc, RTE_CRYPTO_SYM_XFORM_AEAD, a->algo);
	if (cap == NULL)
		return -ENOTSUP;
	if (!in_range(&cap->aead.key_size, a->key.length) || a->key.data == NULL ||
			!in_range(&cap->aead.digest_size, a->digest_length) ||
			!in_range(&cap->aead.aad_size, a->aad_length) ||
			!in_range(&cap->aead.iv_size, a->iv.length))
		return -EINVAL;
	wx->aead = uacce_crypto_aead(proc, a->algo);
	wx->encrypt = a->op == RTE_CRYPTO_AEAD_OP_ENCRYPT;
	wx->verify = !wx->encrypt;
	wx->cipher_key = a->key.data;
	wx->cipher_key_len = a->key.length;
	wx->iv_len = a->iv.length;
	wx->digest_len = a->digest_length;
	wx->aad_len = a->aad_length;
	return 0;
}

static uint32_t
set_kind(struct uacce_crypto_sess *s, const struct parsed *p, const struct wd_crypto_xform *wx)
{
	if (p->aead) {
		s->iv_off = p->aead->iv.offset;
		return UACCE_KIND_AEAD;
	}
	if (p->cipher) {
		s->iv_off = p->cipher->iv.offset;
		s->ctr_iv_12 = p->cipher->iv.length == 12 && wx->iv_len == 16;
		s->nested = p->auth && wx->encrypt == wx->auth_first && wx->encrypt != wx->verify;
		return (p->auth ? UACCE_KIND_CHAIN : UACCE_KIND_CIPHER) +
		       (s->ctr_iv_12 || s->nested ? UACCE_KIND_SLOW : 0);
	}
	if (p->auth) {
		s->iv_off = p->auth->iv.offset;
		s->copies = p->null_cipher;
		return UACCE_KIND_AUTH;
	}
	s->null = true;
	return (p->null_cipher ? UACCE_KIND_CIPHER : UACCE_KIND_AUTH) + UACCE_KIND_SLOW;
}

static void
set_data_path(const struct uacce_crypto_proc *proc, struct uacce_crypto_sess *s,
	const struct parsed *p, const struct wd_crypto_xform *wx)
{
	struct wd_req req = {.aad_len = wx->aad_len};
	uint32_t kind = set_kind(s, p, wx);

	/* rte_crypto_sym.h: CCM's nonce follows a byte, its AAD a block and a length field. */
	if (wx->aead == WD_AEAD_AES_CCM) {
		s->iv_off += 1;
		s->iv_skip = 1;
		s->aad_off = 18;
	}
	memcpy(&s->req_bits, &req.src_segs, sizeof(s->req_bits));
	s->aad_len = wx->aad_len;
	s->aad_mask = wx->aad_len != 0 ? UINTPTR_MAX : 0;
	s->digest_mask = wx->digest_len != 0 ? UINTPTR_MAX : 0;
	s->iv_mask = wx->iv_len != 0 ? UINTPTR_MAX : 0;
	s->iv_len = wx->iv_len;
	s->digest_len = wx->digest_len;
	s->encrypt = wx->encrypt;
	s->verify = wx->verify;
	s->auth_first = wx->auth_first;
	s->len_min = 1;
	if (kind == UACCE_KIND_AEAD && wx->aad_len != 0 && proc->aad_only)
		s->len_min = 0;
	s->id = proc->sess_id + kind;
}

/* What the device does not take of the session's messages needs the keys later. */
static void
set_soft(struct uacce_crypto_sess *s, const struct wd_crypto_xform *wx)
{
	bool gmac = wx->auth == WD_AUTH_AES_GMAC;

	s->cipher = wx->cipher;
	s->auth = wx->auth;
	s->aead = wx->aead;
	s->key_len = gmac ? wx->auth_key_len : wx->cipher_key_len;
	if (s->key_len != 0)
		memcpy(s->key, gmac ? wx->auth_key : wx->cipher_key, s->key_len);
	/* libcrypto has DES in its legacy part only, but as 3DES with one key everywhere. */
	if (wx->cipher == WD_CIPHER_DES_CBC) {
		memcpy(s->key + 8, s->key, 8);
		memcpy(s->key + 16, s->key, 8);
		s->key_len = 24;
	}
	if (wx->auth == WD_AUTH_NONE || gmac)
		return;
	s->auth_key_len = wx->auth_key_len;
	if (s->auth_key_len != 0)
		memcpy(s->auth_key, wx->auth_key, s->auth_key_len);
	/* A libcrypto without the algorithm only costs the empty messages. */
	s->empty_digest_known = uacce_crypto_soft_auth(wx->auth, wx->auth_key, wx->auth_key_len,
		NULL, 0, s->empty_digest) == 0;
}

int
uacce_crypto_session_configure(struct rte_cryptodev *dev, struct rte_crypto_sym_xform *xform,
	struct rte_cryptodev_sym_session *sess)
{
	struct uacce_crypto_sess *s = CRYPTODEV_GET_SYM_SESS_PRIV(sess);
	const struct uacce_crypto_proc *proc = uacce_crypto_proc(dev);
	struct wd_crypto_xform wx = {0};
	struct wd_session *ws;
	struct parsed p;
	uint64_t addr;
	int ret;

	if ((uintptr_t)s % WD_SESSION_ALIGN != 0) {
		UACCE_LOG(ERR, "the session pool's objects are not aligned to %u bytes",
			WD_SESSION_ALIGN);
		return -EINVAL;
	}
	ret = parse(xform, &p);
	if (ret == 0 && p.cipher)
		ret = set_cipher(proc, &p, &wx);
	if (ret == 0 && p.auth)
		ret = set_auth(proc, &p, &wx);
	if (ret == 0 && p.aead)
		ret = set_aead(proc, p.aead, &wx);
	if (ret != 0)
		goto out;
	wx.auth_first = p.cipher && p.auth && p.auth_first;

	ws = uacce_crypto_wd_session(s);
	addr = proc->phys ? CRYPTODEV_GET_SYM_SESS_PRIV_IOVA(sess) + sizeof(*s) : (uintptr_t)ws;
	if (p.cipher || p.auth || p.aead)
		ret = wd_session_init_crypto(proc->wd, ws, addr, &wx);
	if (ret != 0)
		goto out;
	set_data_path(proc, s, &p, &wx);
	set_soft(s, &wx);
out:
	OPENSSL_cleanse(&p, sizeof(p));
	return ret;
}

void
uacce_crypto_session_clear(struct rte_cryptodev *dev, struct rte_cryptodev_sym_session *sess)
{
	struct uacce_crypto_sess *s = CRYPTODEV_GET_SYM_SESS_PRIV(sess);
	const struct uacce_crypto_proc *proc = uacce_crypto_proc(dev);

	if (!s->null)
		wd_session_fini(proc->wd, uacce_crypto_wd_session(s));
	OPENSSL_cleanse(s, uacce_crypto_session_size(dev));
}
