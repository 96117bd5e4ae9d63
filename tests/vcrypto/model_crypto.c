/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's sessions and what it computes. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define JUNK    0xee    /* where a device may write and this one need not */

struct vcm_session {
	struct uacce_vc_session s;
	uint8_t key[64], auth_key[256];
};

/* ------------------------------------------------------------------ sessions */

static bool
announced(const struct vcm_cfg *c, const struct uacce_vc_session *s)
{
	bool cipher = (c->services & 1u << VCRYPTO_SERVICE_CIPHER) && s->algo < 64 &&
		(c->cipher_algo >> s->algo & 1);
	bool hash = (c->services & 1u << VCRYPTO_SERVICE_HASH) && s->hash_algo < 32 &&
		(c->hash_algo >> s->hash_algo & 1);
	bool mac = (c->services & 1u << VCRYPTO_SERVICE_MAC) && s->hash_algo < 64 &&
		(c->mac_algo >> s->hash_algo & 1);

	switch (s->service) {
	case UACCE_VC_CIPHER:
		return cipher;
	case UACCE_VC_HASH:
		return hash;
	case UACCE_VC_MAC:
		return mac;
	case UACCE_VC_AEAD:
		return (c->services & 1u << VCRYPTO_SERVICE_AEAD) && s->algo < 32 &&
			(c->aead_algo >> s->algo & 1);
	case UACCE_VC_CHAIN:
		return cipher && (s->hash_mode == VCRYPTO_MODE_MAC ? mac : hash);
	default:
		return false;
	}
}

/* Does the kernel's contract have that field in that kind of session? */
static bool
fields_ok(const struct vcm_cfg *c, const struct uacce_vc_session *s)
{
	bool op = s->service != UACCE_VC_HASH && s->service != UACCE_VC_MAC;
	bool mac = s->service == UACCE_VC_MAC || (s->service == UACCE_VC_CHAIN &&
		s->hash_mode == VCRYPTO_MODE_MAC);
	bool hash = mac || s->service == UACCE_VC_HASH || s->service == UACCE_VC_CHAIN;
	bool chain = s->service == UACCE_VC_CHAIN;

	return (op ? s->op == 1 || s->op == 2 : s->op == 0 && s->algo == 0) &&
		(op == (s->key_len != 0)) && (op == (s->key != 0)) &&
		s->key_len <= c->max_cipher_key_len &&
		(mac == (s->auth_key_len != 0)) && s->auth_key_len <= c->max_auth_key_len &&
		(hash == (s->hash_algo != 0)) && (chain == (s->order != 0)) &&
		(chain == (s->hash_mode != 0)) && s->order <= 2 && s->hash_mode <= 2 &&
		s->reserved == 0;
}

int
vcm_session_create(struct vcm_dev *dev, struct uacce_vc_session *s)
{
	struct vcm_session *m;
	unsigned int i;

	s->status = UACCE_VC_NOT_ASKED;
	s->epoch = dev->epoch;
	if (!fields_ok(&dev->cfg, s))
		return -EINVAL;
	if (!announced(&dev->cfg, s))
		return -EOPNOTSUPP;
	s->status = VCRYPTO_ERR;
	if (dev->cfg.like_qemu && s->service != UACCE_VC_CIPHER)
		return -EIO;
	for (i = 0; i < VCM_SESSIONS && dev->sessions[i] != NULL; i++)
		;
	if (i == VCM_SESSIONS)
		return -ENOSPC;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	m->s = *s;
	if (s->key_len != 0)
		memcpy(m->key, (const void *)(uintptr_t)s->key, s->key_len);
	if (s->auth_key_len != 0)
		memcpy(m->auth_key, (const void *)(uintptr_t)s->auth_key, s->auth_key_len);
	dev->sessions[i] = m;
	s->status = VCRYPTO_OK;
	s->id = i;
	return 0;
}

int
vcm_session_destroy(struct vcm_dev *dev, uint64_t id)
{
	if (id >= VCM_SESSIONS || dev->sessions[id] == NULL)
		return -ENOENT;
	free(dev->sessions[id]);
	dev->sessions[id] = NULL;
	return 0;
}

void
vcm_sessions_drop(struct vcm_dev *dev)
{
	for (unsigned int i = 0; i < VCM_SESSIONS; i++)
		vcm_session_destroy(dev, i);
}

/* ------------------------------------------------------------------ algorithms */

static const EVP_CIPHER *
by_key(uint32_t len, const EVP_CIPHER *a, const EVP_CIPHER *b, const EVP_CIPHER *c)
{
	return len == 16 ? a : len == 24 ? b : len == 32 ? c : NULL;
}

static const EVP_CIPHER *
cipher_of(const struct uacce_vc_session *s)
{
	uint32_t n = s->key_len;

	switch (s->algo) {
	case VCRYPTO_CIPHER_AES_ECB:
		return by_key(n, EVP_aes_128_ecb(), EVP_aes_192_ecb(), EVP_aes_256_ecb());
	case VCRYPTO_CIPHER_AES_CBC:
		return by_key(n, EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc());
	case VCRYPTO_CIPHER_AES_CTR:
		return by_key(n, EVP_aes_128_ctr(), EVP_aes_192_ctr(), EVP_aes_256_ctr());
	case VCRYPTO_CIPHER_AES_XTS:
		return n == 32 ? EVP_aes_128_xts() : n == 64 ? EVP_aes_256_xts() : NULL;
	case VCRYPTO_CIPHER_DES_ECB:
		return n == 8 ? EVP_des_ede3_ecb() : NULL;
	case VCRYPTO_CIPHER_DES_CBC:
		return n == 8 ? EVP_des_ede3_cbc() : NULL;
	case VCRYPTO_CIPHER_3DES_ECB:
		return n == 24 ? EVP_des_ede3_ecb() : NULL;
	case VCRYPTO_CIPHER_3DES_CBC:
		return n == 24 ? EVP_des_ede3_cbc() : NULL;
	default:
		return NULL;
	}
}

static bool
run_cipher(const struct vcm_session *m, const uint8_t *iv, uint32_t iv_len, const uint8_t *in,
	uint8_t *out, uint32_t len)
{
	const EVP_CIPHER *c = cipher_of(&m->s);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[64];
	int n = 0, rest = 0;
	bool ok;

	memcpy(key, m->key, sizeof(key));
	/* DES is 3DES with one key; libcrypto has it nowhere else any more. */
	if (m->s.key_len == 8) {
		memcpy(key + 8, m->key, 8);
		memcpy(key + 16, m->key, 8);
	}
	ok = c != NULL && (int)iv_len == EVP_CIPHER_get_iv_length(c) &&
		EVP_CipherInit_ex(ctx, c, NULL, key, iv, m->s.op == VCRYPTO_OP_ENCRYPT) &&
		EVP_CIPHER_CTX_set_padding(ctx, 0) && EVP_CipherUpdate(ctx, out, &n, in, len) &&
		EVP_CipherFinal_ex(ctx, out + n, &rest) && n + rest == (int)len;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static const char *const hash_names[] = {NULL, "MD5", "SHA1", "SHA224", "SHA256", "SHA384",
	"SHA512"};

static bool
mac(const char *name, const char *param, const char *value, const uint8_t *key, size_t key_len,
	const uint8_t *in, size_t len, uint8_t *out, size_t *out_len)
{
	EVP_MAC *type = EVP_MAC_fetch(NULL, name, NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(type);
	char copy[16];
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(param, copy, 0),
		OSSL_PARAM_construct_end()};
	bool ok;

	strcpy(copy, value);
	ok = EVP_MAC_init(ctx, key, key_len, params) && EVP_MAC_update(ctx, in, len) &&
		EVP_MAC_final(ctx, out, out_len, 64);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(type);
	return ok;
}

/* The hash or MAC of the session; want: the length that the request asks for. */
static bool
run_hash(const struct vcm_session *m, bool is_mac, const uint8_t *in, size_t len, uint8_t *out,
	uint32_t want)
{
	uint32_t algo = m->s.hash_algo;
	unsigned int n = 0;
	size_t mac_len = 0;

	if (want != m->s.digest_len)
		return false;
	if (!is_mac) {
		if (algo == 0 || algo > VCRYPTO_HASH_SHA512 || !EVP_Digest(in, len, out, &n,
			EVP_get_digestbyname(hash_names[algo]), NULL))
			return false;
		return n == want;
	}
	if (algo == VCRYPTO_MAC_CMAC_AES && m->s.auth_key_len == 16)
		return mac("CMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-CBC", m->auth_key, 16, in, len,
			out, &mac_len) && mac_len == want;
	if (algo == 0 || algo > VCRYPTO_MAC_HMAC_SHA512)
		return false;
	return mac("HMAC", OSSL_MAC_PARAM_DIGEST, hash_names[algo], m->auth_key,
		m->s.auth_key_len, in, len, out, &mac_len) && mac_len == want;
}

/* ------------------------------------------------------------------ requests */

/* The readable, or writable, part of a request in one piece. */
struct flat {
	uint8_t *p;
	size_t len;
};

static struct flat
gather(const struct vcm_iov *v, uint32_t n)
{
	struct flat f = {0};

	for (uint32_t i = 0; i < n; i++)
		f.len += v[i].len;
	f.p = malloc(f.len + 64);
	f.len = 0;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(f.p + f.len, v[i].va, v[i].len);
		f.len += v[i].len;
	}
	return f;
}

static void
scatter(const struct vcm_iov *v, uint32_t n, const uint8_t *p)
{
	for (uint32_t i = 0; i < n; i++) {
		memcpy(v[i].va, p, v[i].len);
		p += v[i].len;
	}
}

struct job {
	struct vcm_dev *dev;
	const struct vcm_session *m;
	const struct vcrypto_op *op;
	struct flat in;         /* behind the header */
	struct flat out;        /* before the status */
};

/* Exactly what the lengths of the header say, and within the device's limit. */
static bool
lengths(const struct job *j, uint64_t readable, uint64_t writable)
{
	if (readable == j->in.len && writable == j->out.len &&
		readable + writable <= j->dev->cfg.max_size)
		return true;
	vcm_complain(j->dev, "lengths");
	return false;
}

static uint8_t
do_cipher(const struct job *j)
{
	const struct vcrypto_cipher_data *d = &j->op->sym.cipher;

	if (!lengths(j, (uint64_t)d->iv_len + d->src_len, d->dst_len) ||
		d->src_len != d->dst_len || d->padding != 0) {
		vcm_complain(j->dev, "cipher");
		return VCRYPTO_ERR;
	}
	return run_cipher(j->m, j->in.p, d->iv_len, j->in.p + d->iv_len, j->out.p, d->src_len) ?
		VCRYPTO_OK : VCRYPTO_ERR;
}

static uint8_t
do_hash(const struct job *j, bool is_mac)
{
	const struct vcrypto_hash_data *d = &j->op->hash;

	if (!lengths(j, d->src_len, d->result_len))
		return VCRYPTO_ERR;
	return run_hash(j->m, is_mac, j->in.p, d->src_len, j->out.p, d->result_len) ? VCRYPTO_OK :
		VCRYPTO_ERR;
}

/* Writes all of the destination, as QEMU does; what the cipher has not made is junk. */
static uint8_t
do_chain(const struct job *j)
{
	const struct vcrypto_chain_data *d = &j->op->sym.chain;
	bool hash_first = j->m->s.order == VCRYPTO_HASH_THEN_CIPHER;
	bool is_mac = j->m->s.hash_mode == VCRYPTO_MODE_MAC, ok = true;
	uint8_t *src = j->in.p + d->iv_len, *image;

	if (!lengths(j, (uint64_t)d->iv_len + d->src_len + d->aad_len,
		(uint64_t)d->dst_len + d->result_len) || d->src_len != d->dst_len ||
		(uint64_t)d->cipher_off + d->cipher_len > d->src_len ||
		(uint64_t)d->hash_off + d->hash_len > d->src_len || d->reserved != 0) {
		vcm_complain(j->dev, "chain");
		return VCRYPTO_ERR;
	}
	memset(j->out.p, JUNK, j->out.len);
	image = malloc(d->src_len + 64);
	memcpy(image, src, d->src_len);
	if (hash_first)
		ok = run_hash(j->m, is_mac, image + d->hash_off, d->hash_len,
			j->out.p + d->dst_len, d->result_len);
	ok = ok && run_cipher(j->m, j->in.p, d->iv_len, src + d->cipher_off,
		image + d->cipher_off, d->cipher_len);
	memcpy(j->out.p + d->cipher_off, image + d->cipher_off, d->cipher_len);
	if (!hash_first)
		ok = ok && run_hash(j->m, is_mac, image + d->hash_off, d->hash_len,
			j->out.p + d->dst_len, d->result_len);
	free(image);
	return ok ? VCRYPTO_OK : VCRYPTO_ERR;
}

static uint8_t
do_aead(const struct job *j)
{
	const struct vcrypto_aead_data *d = &j->op->aead;
	bool enc = j->m->s.op == VCRYPTO_OP_ENCRYPT;
	uint32_t len = d->src_len - (enc ? 0 : d->tag_len);
	uint8_t *iv = j->in.p, *src = iv + d->iv_len, *aad = src + d->src_len;
	const EVP_CIPHER *c = by_key(j->m->s.key_len, EVP_aes_128_gcm(), EVP_aes_192_gcm(),
		EVP_aes_256_gcm());
	EVP_CIPHER_CTX *ctx;
	int n;
	bool ok;

	if (!lengths(j, (uint64_t)d->iv_len + d->src_len + d->aad_len, d->dst_len) ||
		d->dst_len < d->src_len + d->tag_len || d->tag_len != j->m->s.digest_len ||
		(!enc && d->src_len < d->tag_len) || d->reserved != 0 || c == NULL) {
		vcm_complain(j->dev, "AEAD");
		return VCRYPTO_ERR;
	}
	memset(j->out.p, JUNK, j->out.len);
	ctx = EVP_CIPHER_CTX_new();
	ok = EVP_CipherInit_ex(ctx, c, NULL, NULL, NULL, enc) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, d->iv_len, NULL) &&
		EVP_CipherInit_ex(ctx, NULL, NULL, j->m->key, iv, enc) &&
		(enc || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, d->tag_len, src + len)) &&
		(d->aad_len == 0 || EVP_CipherUpdate(ctx, NULL, &n, aad, d->aad_len)) &&
		EVP_CipherUpdate(ctx, j->out.p, &n, src, len);
	if (ok && !EVP_CipherFinal_ex(ctx, j->out.p + len, &n)) {
		EVP_CIPHER_CTX_free(ctx);
		return VCRYPTO_BADMSG;
	}
	ok = ok && (!enc || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, d->tag_len,
		j->out.p + len));
	EVP_CIPHER_CTX_free(ctx);
	return ok ? VCRYPTO_OK : VCRYPTO_ERR;
}

/* Does the request ask for what the session is for? */
static bool
fits(const struct job *j)
{
	const struct uacce_vc_session *s = &j->m->s;
	uint32_t service = s->service == UACCE_VC_CHAIN ? VCRYPTO_SERVICE_CIPHER : s->service;
	bool hash = service == VCRYPTO_SERVICE_HASH || service == VCRYPTO_SERVICE_MAC;

	if (j->op->header.opcode != VCRYPTO_OPCODE(service, s->op == VCRYPTO_OP_DECRYPT) ||
		j->op->header.algo != (hash ? s->hash_algo : s->algo) ||
		j->op->header.flag != 0 || j->op->header.padding != 0)
		return false;
	if (service != VCRYPTO_SERVICE_CIPHER)
		return true;
	return j->op->sym.op_type == (s->service == UACCE_VC_CHAIN ? VCRYPTO_SYM_CHAIN :
		VCRYPTO_SYM_CIPHER) && j->op->sym.padding == 0;
}

static uint8_t
do_job(const struct job *j)
{
	if (!fits(j)) {
		vcm_complain(j->dev, "request and session differ");
		return VCRYPTO_ERR;
	}
	switch (j->m->s.service) {
	case UACCE_VC_CIPHER:
		return do_cipher(j);
	case UACCE_VC_CHAIN:
		return do_chain(j);
	case UACCE_VC_AEAD:
		return do_aead(j);
	default:
		return do_hash(j, j->m->s.service == UACCE_VC_MAC);
	}
}

uint8_t
vcm_compute(struct vcm_dev *dev, struct vcm_req *req)
{
	struct flat all = gather(req->out, req->n_out);
	struct job j = {.dev = dev};
	uint8_t status;
	uint64_t id;

	if (all.len < sizeof(*j.op)) {
		vcm_complain(dev, "no header");
		free(all.p);
		return VCRYPTO_ERR;
	}
	j.op = (const void *)all.p;
	j.in = (struct flat){all.p + sizeof(*j.op), all.len - sizeof(*j.op)};
	j.out = gather(req->in, req->n_in);
	j.out.len--;
	id = j.op->header.session_id;
	j.m = id < VCM_SESSIONS ? dev->sessions[id] : NULL;
	status = j.m == NULL ? VCRYPTO_INVSESS : do_job(&j);
	if (status == VCRYPTO_OK || status == VCRYPTO_BADMSG)
		scatter(req->in, req->n_in, j.out.p);
	free(j.out.p);
	free(all.p);
	return status;
}
