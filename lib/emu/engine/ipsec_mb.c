/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * intel-ipsec-mb: several buffers at once for AES-CBC encryption and HMAC (its burst calls, which
 * return when all jobs are done), single calls for GCM. What it lacks is left to OpenSSL.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include "crypto.h"
#include "keycache.h"

#define BURST           CRYPTO_BATCH
#define LANE_MAX        65520   /* lengths in a lane are 16 bits; a multiple of the block */

enum key_kind {
	KEY_AES = 1,
	KEY_GCM,
	KEY_HMAC,               /* + row of hmacs[] */
};

struct imb_key {
	union {
		struct {
			uint8_t enc[15 * 16];
			uint8_t dec[15 * 16];
		} aes;
		struct gcm_key_data gcm;
		struct {
			uint8_t ipad[64];
			uint8_t opad[64];
		} hmac;
	};
};

/* Kinds of cipher burst: mode, direction, key length. */
#define NB_MODES        3
#define BUCKET(mode, dec, len)  ((mode) * 6u + (dec) * 3u + (len) / 8u - 2)
#define NB_BUCKETS      (NB_MODES * 6u)

static const struct {
	uint8_t cmode;
	IMB_CIPHER_MODE imb;
} modes[NB_MODES] = {
	{ SEC2_CMODE_CBC, IMB_CIPHER_CBC },
	{ SEC2_CMODE_CTR, IMB_CIPHER_CNTR },
	{ SEC2_CMODE_ECB, IMB_CIPHER_ECB },
};

static const struct {
	uint8_t aalg, digest, block;
	IMB_HASH_ALG imb;
} hmacs[] = {
	{ SEC2_AALG_HMAC + SEC2_AALG_SHA1, 20, 64, IMB_AUTH_HMAC_SHA_1 },
	{ SEC2_AALG_HMAC + SEC2_AALG_SHA224, 28, 64, IMB_AUTH_HMAC_SHA_224 },
	{ SEC2_AALG_HMAC + SEC2_AALG_SHA256, 32, 64, IMB_AUTH_HMAC_SHA_256 },
	{ SEC2_AALG_HMAC + SEC2_AALG_SHA384, 48, 128, IMB_AUTH_HMAC_SHA_384 },
	{ SEC2_AALG_HMAC + SEC2_AALG_SHA512, 64, 128, IMB_AUTH_HMAC_SHA_512 },
};
#define NB_HMACS        (sizeof(hmacs) / sizeof(hmacs[0]))
#define NO_ROW          0xff

/* A key as the job before had it: what is at an address holds for the batch. */
struct last_key {
	const uint8_t *addr;    /* NULL: none */
	uint32_t kind, len;
	const struct imb_key *k;
};

struct imb {
	IMB_MGR *mgr;
	struct key_cache *keys;
	bool bucket_ok[NB_BUCKETS];     /* the library's burst call knows it */
	uint8_t hmac_row[64];           /* by a_alg */
	aes_gcm_enc_dec_t gcm_calls[3][2];      /* by key length and direction */
	struct gcm_context_data gcm;
	struct last_key last_gcm, last_cipher, last_hmac;
	IMB_JOB cipher_jobs[BURST];
	IMB_JOB hash_jobs[BURST];
	IMB_JOB chain_jobs[BURST];
};

/* ------------------------------------------------------------------ keys */

static void
build_hmac(IMB_MGR *mgr, unsigned int row, const uint8_t *key, unsigned int len, struct imb_key *k)
{
	uint8_t pad[2][128];
	unsigned int i, j;

	memset(pad[0], 0x36, sizeof(pad[0]));
	memset(pad[1], 0x5c, sizeof(pad[1]));
	for (j = 0; j < 2; j++) {
		uint8_t *out = j == 0 ? k->hmac.ipad : k->hmac.opad;

		for (i = 0; i < len; i++)
			pad[j][i] ^= key[i];
		switch (hmacs[row].imb) {
		case IMB_AUTH_HMAC_SHA_1: IMB_SHA1_ONE_BLOCK(mgr, pad[j], out); break;
		case IMB_AUTH_HMAC_SHA_224: IMB_SHA224_ONE_BLOCK(mgr, pad[j], out); break;
		case IMB_AUTH_HMAC_SHA_256: IMB_SHA256_ONE_BLOCK(mgr, pad[j], out); break;
		case IMB_AUTH_HMAC_SHA_384: IMB_SHA384_ONE_BLOCK(mgr, pad[j], out); break;
		default: IMB_SHA512_ONE_BLOCK(mgr, pad[j], out); break;
		}
	}
	explicit_bzero(pad, sizeof(pad));
}

static int
key_build(void *arg, uint32_t kind, const uint8_t *key, unsigned int len, void *out)
{
	IMB_MGR *mgr = ((struct imb *)arg)->mgr;
	struct imb_key *k = out;

	if (kind >= KEY_HMAC) {
		build_hmac(mgr, kind - KEY_HMAC, key, len, k);
		return 0;
	}
	switch (kind * 64 + len) {
	case KEY_AES * 64 + 16: IMB_AES_KEYEXP_128(mgr, key, k->aes.enc, k->aes.dec); return 0;
	case KEY_AES * 64 + 24: IMB_AES_KEYEXP_192(mgr, key, k->aes.enc, k->aes.dec); return 0;
	case KEY_AES * 64 + 32: IMB_AES_KEYEXP_256(mgr, key, k->aes.enc, k->aes.dec); return 0;
	case KEY_GCM * 64 + 16: IMB_AES128_GCM_PRE(mgr, key, &k->gcm); return 0;
	case KEY_GCM * 64 + 24: IMB_AES192_GCM_PRE(mgr, key, &k->gcm); return 0;
	case KEY_GCM * 64 + 32: IMB_AES256_GCM_PRE(mgr, key, &k->gcm); return 0;
	default: return -ENOTSUP;
	}
}

static const struct key_cache_ops key_ops = {
	.size = sizeof(struct imb_key),
	.build = key_build,
};

static inline const struct imb_key *
same_key(struct imb *e, struct last_key *last, uint32_t kind, const uint8_t *key, unsigned int len)
{
	if (key != last->addr || len != last->len || kind != last->kind)
		*last = (struct last_key){ .addr = key, .kind = kind, .len = len,
			.k = key_cache_get(e->keys, kind, key, len) };
	return last->k;
}

/* ------------------------------------------------------------------ ciphers */

/* The library counts in the last 32 bits only; the hardware in all 128. */
static bool
counter_fits(const struct crypto_task *t)
{
	uint32_t ctr;

	memcpy(&ctr, t->iv + 12, sizeof(ctr));
	return (uint64_t)__builtin_bswap32(ctr) + (t->clen + 15) / 16 <= UINT32_MAX;
}

static unsigned int
cbc_bucket(const struct crypto_task *t)
{
	return BUCKET(0, t->cipher == SEC2_CIPHER_DEC, t->ckey_len);
}

/* NB_BUCKETS: not for this library. */
static unsigned int
cipher_bucket(const struct imb *e, const struct crypto_task *t)
{
	bool dec = t->cipher == SEC2_CIPHER_DEC;
	unsigned int b;

	if (t->calg != SEC2_CALG_AES || t->clen > LANE_MAX)
		return NB_BUCKETS;
	switch (t->cmode) {
	case SEC2_CMODE_CBC:
		b = cbc_bucket(t);
		break;
	case SEC2_CMODE_CTR:
		if (!counter_fits(t))
			return NB_BUCKETS;
		b = BUCKET(1, 0, t->ckey_len);
		break;
	case SEC2_CMODE_ECB:
		b = BUCKET(2, dec, t->ckey_len);
		break;
	default:
		return NB_BUCKETS;
	}
	return e->bucket_ok[b] ? b : NB_BUCKETS;
}

/* Runs the n prepared jobs; false when the library did not do all of them. */
static bool
submit_ciphers(struct imb *e, IMB_JOB *jobs, unsigned int bucket, unsigned int n)
{
	return IMB_SUBMIT_CIPHER_BURST_NOCHECK(e->mgr, jobs, n, modes[bucket / 6].imb,
		bucket / 3 % 2 ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT, (bucket % 3 + 2) * 8) == n;
}

static inline void
set_keys(IMB_JOB *job, const struct imb_key *k, unsigned int len)
{
	job->enc_keys = k->aes.enc;
	job->dec_keys = k->aes.dec;
	job->key_len_in_bytes = len;
}

static void
set_cipher_job(IMB_JOB *job, const struct crypto_task *t, const struct imb_key *k)
{
	set_keys(job, k, t->ckey_len);
	job->src = t->csrc;
	job->dst = t->cdst;
	job->msg_len_to_cipher_in_bytes = t->clen;
	job->iv = t->iv;
	job->iv_len_in_bytes = t->iv_len;
}

/* All tasks of one bucket, of which t[first] is the first. */
static void
cipher_burst(struct imb *e, struct crypto_task **t, unsigned int first, unsigned int n,
	unsigned int bucket)
{
	struct crypto_task *taken[BURST];
	unsigned int i, nb = 0;
	bool ok;

	for (i = first; i < n && nb < BURST; i++) {
		struct imb_key *k;

		if (!t[i]->todo || cipher_bucket(e, t[i]) != bucket)
			continue;
		t[i]->todo = 0;
		k = key_cache_get(e->keys, KEY_AES, t[i]->ckey, t[i]->ckey_len);
		if (k == NULL) {
			t[i]->status = CRYPTO_FAILED;
			continue;
		}
		set_cipher_job(&e->cipher_jobs[nb], t[i], k);
		taken[nb++] = t[i];
	}
	ok = nb == 0 || submit_ciphers(e, e->cipher_jobs, bucket, nb);
	for (i = 0; i < nb; i++)
		taken[i]->status = ok ? CRYPTO_OK : CRYPTO_FAILED;
}

static unsigned int
imb_cipher(void *arg, struct crypto_task **t, unsigned int n)
{
	struct imb *e = arg;
	unsigned int i, bucket, left = 0;

	for (i = 0; i < n; i++) {
		if (!t[i]->todo)
			continue;
		bucket = cipher_bucket(e, t[i]);
		if (bucket == NB_BUCKETS)
			left++;
		else
			cipher_burst(e, t, i, n, bucket);
	}
	return left;
}

/* ------------------------------------------------------------------ MACs */

static void
gcm_run(struct imb *e, const struct imb_key *k, const struct crypto_task *t, unsigned int key_len,
	const uint8_t *iv, uint8_t *tag, unsigned int tag_len)
{
	e->gcm_calls[key_len / 8 - 2][t->cipher == SEC2_CIPHER_DEC](&k->gcm, &e->gcm, t->cdst, t->csrc,
		t->clen, iv, t->asrc, t->alen, tag, tag_len);
}

static void
do_gmac(struct imb *e, struct crypto_task *t)
{
	struct imb_key *k = key_cache_get(e->keys, KEY_GCM, t->akey, t->akey_len);

	t->todo = 0;
	t->status = CRYPTO_FAILED;
	if (k == NULL)
		return;
	t->cipher = SEC2_CIPHER_NONE;
	t->clen = 0;
	t->csrc = t->asrc;
	t->cdst = t->digest;
	gcm_run(e, k, t, t->akey_len, t->aiv, t->digest, 16);
	t->status = CRYPTO_OK;
}

static bool
submit_hashes(struct imb *e, IMB_JOB *jobs, unsigned int row, unsigned int n)
{
	return IMB_SUBMIT_HASH_BURST_NOCHECK(e->mgr, jobs, n, hmacs[row].imb) == n;
}

static inline void
set_hmac(IMB_JOB *job, unsigned int row, const struct imb_key *k, uint8_t *digest)
{
	job->auth_tag_output = digest;
	job->auth_tag_output_len_in_bytes = hmacs[row].digest;
	job->u.HMAC._hashed_auth_key_xor_ipad = k->hmac.ipad;
	job->u.HMAC._hashed_auth_key_xor_opad = k->hmac.opad;
}

static void
set_hash_job(IMB_JOB *job, const struct crypto_task *t, unsigned int row, const struct imb_key *k,
	uint8_t *digest)
{
	job->src = t->asrc;
	job->msg_len_to_hash_in_bytes = t->alen;
	set_hmac(job, row, k, digest);
}

static unsigned int
hmac_row(const struct imb *e, const struct crypto_task *t)
{
	unsigned int row = e->hmac_row[t->aalg & 63];

	return t->alen == 0 || t->alen > LANE_MAX ? NO_ROW : row;
}

static void
hash_burst(struct imb *e, struct crypto_task **t, unsigned int first, unsigned int n,
	unsigned int row)
{
	struct crypto_task *taken[BURST];
	unsigned int i, nb = 0;
	bool ok;

	for (i = first; i < n && nb < BURST; i++) {
		struct imb_key *k;

		if (!t[i]->todo || hmac_row(e, t[i]) != row)
			continue;
		t[i]->todo = 0;
		k = key_cache_get(e->keys, KEY_HMAC + row, t[i]->akey, t[i]->akey_len);
		if (k == NULL) {
			t[i]->status = CRYPTO_FAILED;
			continue;
		}
		set_hash_job(&e->hash_jobs[nb], t[i], row, k, t[i]->digest);
		taken[nb++] = t[i];
	}
	ok = nb == 0 || submit_hashes(e, e->hash_jobs, row, nb);
	for (i = 0; i < nb; i++)
		taken[i]->status = ok ? CRYPTO_OK : CRYPTO_FAILED;
}

static unsigned int
imb_auth(void *arg, struct crypto_task **t, unsigned int n)
{
	struct imb *e = arg;
	unsigned int i, row, left = 0;

	for (i = 0; i < n; i++) {
		if (!t[i]->todo)
			continue;
		row = hmac_row(e, t[i]);
		if (t[i]->aalg == SEC2_AALG_AES_GMAC)
			do_gmac(e, t[i]);
		else if (row == NO_ROW)
			left++;
		else
			hash_burst(e, t, i, n, row);
	}
	return left;
}

/* ------------------------------------------------------------------ chains */

static bool
imb_chain_ok(void *arg, const struct crypto_task *t)
{
	const struct imb *e = arg;

	return t->calg == SEC2_CALG_AES && t->cmode == SEC2_CMODE_CBC && e->bucket_ok[cbc_bucket(t)] &&
		e->hmac_row[t->aalg & 63] != NO_ROW;
}

static bool
imb_chain(void *arg, const struct crypto_task *t, struct crypto_chain *c, unsigned int n,
	bool auth_first)
{
	struct imb *e = arg;
	const unsigned int bucket = cbc_bucket(t), row = e->hmac_row[t->aalg & 63];
	IMB_JOB *const jobs = e->chain_jobs;
	unsigned int i;

	for (i = 0; i < n; i++, c++) {
		const struct imb_key *ck = same_key(e, &e->last_cipher, KEY_AES, c->ckey, t->ckey_len);
		const struct imb_key *ak = same_key(e, &e->last_hmac, KEY_HMAC + row, c->akey,
			t->akey_len);
		const uint8_t *src = c->cdata < c->adata ? c->cdata : c->adata;
		IMB_JOB *job = &jobs[i];

		if (ck == NULL || ak == NULL)
			return false;
		set_keys(job, ck, t->ckey_len);
		/* Both halves have one source. */
		job->src = src;
		job->dst = c->cdata;
		job->cipher_start_src_offset_in_bytes = (size_t)(c->cdata - src);
		job->msg_len_to_cipher_in_bytes = c->clen;
		job->iv = c->iv;
		job->iv_len_in_bytes = 16;
		job->hash_start_src_offset_in_bytes = (size_t)(c->adata - src);
		job->msg_len_to_hash_in_bytes = c->alen;
		set_hmac(job, row, ak, c->digest);
	}
	if (auth_first)
		return submit_hashes(e, jobs, row, n) && submit_ciphers(e, jobs, bucket, n);
	return submit_ciphers(e, jobs, bucket, n) && submit_hashes(e, jobs, row, n);
}

/* ------------------------------------------------------------------ AEAD */

static inline void
do_gcm(struct imb *e, struct crypto_task *t)
{
	const struct imb_key *k = same_key(e, &e->last_gcm, KEY_GCM, t->ckey, t->ckey_len);
	uint8_t diff = 0;
	unsigned int i;

	t->todo = 0;
	if (k == NULL) {
		t->status = CRYPTO_FAILED;
		return;
	}
	t->status = CRYPTO_OK;
	if (t->cipher == SEC2_CIPHER_ENC) {
		gcm_run(e, k, t, t->ckey_len, t->iv, t->mac, t->mac_len);
		return;
	}
	gcm_run(e, k, t, t->ckey_len, t->iv, t->digest, 16);
	for (i = 0; i < t->mac_len; i++)
		diff |= (uint8_t)(t->digest[i] ^ t->mac[i]);
	if (diff != 0)
		t->status = CRYPTO_AUTH_FAILED;
}

static unsigned int
imb_aead(void *arg, struct crypto_task **t, unsigned int n)
{
	unsigned int i, left = 0;

	for (i = 0; i < n; i++) {
		if (!t[i]->todo)
			continue;
		if (t[i]->cmode == SEC2_CMODE_GCM && t[i]->calg == SEC2_CALG_AES)
			do_gcm(arg, t[i]);
		else
			left++;
	}
	return left;
}

static bool
imb_gcm(void *arg, const struct crypto_task *t, struct crypto_gcm *out)
{
	struct imb *e = arg;
	const struct imb_key *k = key_cache_get(e->keys, KEY_GCM, t->ckey, t->ckey_len);

	if (k == NULL)
		return false;
	out->run = e->gcm_calls[t->ckey_len / 8 - 2][t->cipher == SEC2_CIPHER_DEC];
	out->key = &k->gcm;
	out->scratch = &e->gcm;
	return true;
}

static bool
imb_ghash(void *arg, const uint8_t *key, unsigned int key_len, const uint8_t *data, size_t len,
	uint8_t *y)
{
	struct imb *e = arg;
	struct imb_key *k = key_cache_get(e->keys, KEY_GCM, key, key_len);

	if (k != NULL)
		IMB_GHASH(e->mgr, &k->gcm, data, len, y, 16);
	return k != NULL;
}

/* ------------------------------------------------------------------ interface */

static IMB_MGR *
new_mgr(void)
{
	IMB_MGR *mgr = alloc_mb_mgr(0);
	IMB_ARCH arch = IMB_ARCH_NONE;

	if (mgr == NULL)
		return NULL;
	init_mb_mgr_auto(mgr, &arch);
	if (arch == IMB_ARCH_NONE || arch == IMB_ARCH_NOAESNI || imb_get_errno(mgr) != 0) {
		free_mb_mgr(mgr);
		return NULL;
	}
	return mgr;
}

static bool
imb_usable(void)
{
	IMB_MGR *mgr = new_mgr();

	if (mgr == NULL)
		return false;
	free_mb_mgr(mgr);
	return true;
}

/* What the burst calls know is the library's secret: ask, with the calls that check. */
static void
probe(struct imb *e)
{
	uint8_t buf[64] = { 0 }, out[64], zero[64] = { 0 };
	struct crypto_task t = { .csrc = buf, .cdst = buf, .iv = zero, .clen = 16, .asrc = buf,
		.alen = 16 };
	struct imb_key *k;
	unsigned int i;

	for (i = 0; i < NB_BUCKETS; i++) {
		t.ckey_len = (uint8_t)((i % 3 + 2) * 8);
		t.iv_len = modes[i / 6].imb == IMB_CIPHER_ECB ? 0 : 16;
		k = key_cache_get(e->keys, KEY_AES, zero, t.ckey_len);
		if (k == NULL)
			continue;
		set_cipher_job(&e->cipher_jobs[0], &t, k);
		e->bucket_ok[i] = IMB_SUBMIT_CIPHER_BURST(e->mgr, e->cipher_jobs, 1, modes[i / 6].imb,
			i / 3 % 2 ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT, t.ckey_len) == 1;
	}
	memset(e->hmac_row, NO_ROW, sizeof(e->hmac_row));
	for (i = 0; i < NB_HMACS; i++) {
		k = key_cache_get(e->keys, KEY_HMAC + i, zero, 16);
		if (k == NULL)
			continue;
		set_hash_job(&e->hash_jobs[0], &t, i, k, out);
		if (IMB_SUBMIT_HASH_BURST(e->mgr, e->hash_jobs, 1, hmacs[i].imb) == 1)
			e->hmac_row[hmacs[i].aalg] = (uint8_t)i;
	}
}

static void
imb_fini(void *arg)
{
	struct imb *e = arg;

	key_cache_free(e->keys);
	if (e->mgr != NULL)
		free_mb_mgr(e->mgr);
	explicit_bzero(e, sizeof(*e));
	free(e);
}

static void *
imb_init(void)
{
	struct imb *e = aligned_alloc(64, (sizeof(*e) + 63) / 64 * 64);

	if (e == NULL)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->mgr = new_mgr();
	e->keys = key_cache_new(&key_ops, e);
	if (e->mgr == NULL || e->keys == NULL) {
		imb_fini(e);
		return NULL;
	}
	e->gcm_calls[0][0] = e->mgr->gcm128_enc;
	e->gcm_calls[0][1] = e->mgr->gcm128_dec;
	e->gcm_calls[1][0] = e->mgr->gcm192_enc;
	e->gcm_calls[1][1] = e->mgr->gcm192_dec;
	e->gcm_calls[2][0] = e->mgr->gcm256_enc;
	e->gcm_calls[2][1] = e->mgr->gcm256_dec;
	probe(e);
	return e;
}

static void
imb_begin(void *arg)
{
	struct imb *e = arg;

	key_cache_begin(e->keys);
	e->last_gcm.addr = e->last_cipher.addr = e->last_hmac.addr = NULL;

}

const struct crypto_engine crypto_engine_ipsec_mb = {
	.name = "ipsec_mb",
	.usable = imb_usable,
	.init = imb_init,
	.fini = imb_fini,
	.begin = imb_begin,
	.cipher = imb_cipher,
	.auth = imb_auth,
	.aead = imb_aead,
	.gcm = imb_gcm,
	.chain_ok = imb_chain_ok,
	.chain = imb_chain,
	.chain_max = LANE_MAX,
	.ghash = imb_ghash,
};
