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
	return p->cipher || p->auth || p->aead ? 0 : -EINVAL;
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
set_cipher(const struct uacce_crypto_proc *proc, const struct rte_crypto_cipher_xform *c,
	struct wd_crypto_xform *wx)
{
	const struct rte_cryptodev_symmetric_capability *cap;

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
	return 0;
}

/* hashed: room for the key that is used if the given one is longer than a block. */
static int
set_auth(const struct uacce_crypto_proc *proc, const struct rte_crypto_auth_xform *a,
	struct wd_crypto_xform *wx, uint8_t hashed[UACCE_EMPTY_DIGEST_MAX])
{
	const struct rte_cryptodev_symmetric_capability *cap;

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
	wx->auth_key = hashed;
	return uacce_crypto_soft_hash_key(wx->auth, a->key.data, a->key.length, hashed,
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

static void
set_data_path(const struct uacce_crypto_proc *proc, struct uacce_crypto_sess *s,
	const struct parsed *p, const struct wd_crypto_xform *wx)
{
	struct wd_req req = {.aad_len = wx->aad_len};
	enum uacce_crypto_kind kind;

	if (p->aead) {
		kind = UACCE_KIND_AEAD;
		s->iv_off = p->aead->iv.offset;
	} else if (p->cipher) {
		kind = p->auth ? UACCE_KIND_CHAIN : UACCE_KIND_CIPHER;
		s->iv_off = p->cipher->iv.offset;
	} else {
		kind = UACCE_KIND_AUTH;
		s->iv_off = p->auth->iv.offset;
	}
	/* rte_crypto_sym.h: CCM's nonce follows a byte, its AAD a block and a length field. */
	if (wx->aead == WD_AEAD_AES_CCM) {
		s->iv_off += 1;
		s->iv_skip = 1;
		s->aad_off = 18;
	}
	memcpy(&s->req_bits, &req.src_segs, sizeof(s->req_bits));
	s->aad_len = wx->aad_len;
	s->iv_len = wx->iv_len;
	s->digest_len = wx->digest_len;
	s->encrypt = wx->encrypt;
	s->verify = wx->verify;
	s->len_min = kind == UACCE_KIND_CHAIN ? 0 : 1;
	if (kind == UACCE_KIND_AEAD && wx->aad_len != 0 && proc->aad_only)
		s->len_min = 0;
	s->id = proc->sess_id + kind;
}

/* What the device does not take of the session's messages needs the keys later. */
static void
set_soft(struct uacce_crypto_sess *s, const struct wd_crypto_xform *wx)
{
	s->auth = wx->auth;
	s->aead = wx->aead;
	if (wx->aead != WD_AEAD_NONE || wx->auth == WD_AUTH_AES_GMAC) {
		s->key_len = wx->aead ? wx->cipher_key_len : wx->auth_key_len;
		memcpy(s->key, wx->aead ? wx->cipher_key : wx->auth_key, s->key_len);
	} else if (wx->auth != WD_AUTH_NONE) {
		/* A libcrypto without the algorithm only costs the empty messages. */
		s->empty_digest_known = uacce_crypto_soft_empty_digest(s->empty_digest, wx) == 0;
	}
}

int
uacce_crypto_session_configure(struct rte_cryptodev *dev, struct rte_crypto_sym_xform *xform,
	struct rte_cryptodev_sym_session *sess)
{
	struct uacce_crypto_sess *s = CRYPTODEV_GET_SYM_SESS_PRIV(sess);
	const struct uacce_crypto_proc *proc = uacce_crypto_proc(dev);
	uint8_t hashed[UACCE_EMPTY_DIGEST_MAX] = {0};
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
		ret = set_cipher(proc, p.cipher, &wx);
	if (ret == 0 && p.auth)
		ret = set_auth(proc, p.auth, &wx, hashed);
	if (ret == 0 && p.aead)
		ret = set_aead(proc, p.aead, &wx);
	if (ret != 0)
		goto out;
	wx.auth_first = p.cipher && p.auth_first;

	ws = uacce_crypto_wd_session(s);
	addr = proc->phys ? CRYPTODEV_GET_SYM_SESS_PRIV_IOVA(sess) + sizeof(*s) : (uintptr_t)ws;
	ret = wd_session_init_crypto(proc->wd, ws, addr, &wx);
	if (ret != 0)
		goto out;
	set_data_path(proc, s, &p, &wx);
	set_soft(s, &wx);
out:
	OPENSSL_cleanse(hashed, sizeof(hashed));
	return ret;
}

void
uacce_crypto_session_clear(struct rte_cryptodev *dev, struct rte_cryptodev_sym_session *sess)
{
	struct uacce_crypto_sess *s = CRYPTODEV_GET_SYM_SESS_PRIV(sess);
	const struct uacce_crypto_proc *proc = uacce_crypto_proc(dev);

	wd_session_fini(proc->wd, uacce_crypto_wd_session(s));
	OPENSSL_cleanse(s, uacce_crypto_session_size(dev));
}
