/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Digests in parts. EVP does not show the state of a digest, so this uses OpenSSL's older calls.
 * They have no SM3 and no initial values for SHA-512/224 and /256.
 */
#define OPENSSL_API_COMPAT 10100
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "crypto.h"
#include "longhash.h"

union hash_ctx {
	MD5_CTX md5;
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

static unsigned int
plain(unsigned int aalg)
{
	return aalg >= SEC2_AALG_HMAC && aalg < SEC2_AALG_AES_XCBC ? aalg - SEC2_AALG_HMAC : aalg;
}

unsigned int
long_hash_state_len(unsigned int aalg)
{
	switch (plain(aalg)) {
	case SEC2_AALG_MD5: return 16;
	case SEC2_AALG_SHA1: return 20;
	case SEC2_AALG_SHA224:
	case SEC2_AALG_SHA256: return 32;
	case SEC2_AALG_SHA384:
	case SEC2_AALG_SHA512: return 64;
	default: return 0;
	}
}

static void
hash_init(unsigned int alg, union hash_ctx *c)
{
	switch (alg) {
	case SEC2_AALG_MD5: MD5_Init(&c->md5); break;
	case SEC2_AALG_SHA1: SHA1_Init(&c->sha1); break;
	case SEC2_AALG_SHA224: SHA224_Init(&c->sha256); break;
	case SEC2_AALG_SHA256: SHA256_Init(&c->sha256); break;
	case SEC2_AALG_SHA384: SHA384_Init(&c->sha512); break;
	default: SHA512_Init(&c->sha512); break;
	}
}

static void
hash_update(unsigned int alg, union hash_ctx *c, const void *data, size_t len)
{
	switch (alg) {
	case SEC2_AALG_MD5: MD5_Update(&c->md5, data, len); break;
	case SEC2_AALG_SHA1: SHA1_Update(&c->sha1, data, len); break;
	case SEC2_AALG_SHA224:
	case SEC2_AALG_SHA256: SHA256_Update(&c->sha256, data, len); break;
	default: SHA512_Update(&c->sha512, data, len); break;
	}
}

static void
hash_final(unsigned int alg, union hash_ctx *c, uint8_t *out)
{
	switch (alg) {
	case SEC2_AALG_MD5: MD5_Final(out, &c->md5); break;
	case SEC2_AALG_SHA1: SHA1_Final(out, &c->sha1); break;
	case SEC2_AALG_SHA224: SHA224_Final(out, &c->sha256); break;
	case SEC2_AALG_SHA256: SHA256_Final(out, &c->sha256); break;
	case SEC2_AALG_SHA384: SHA384_Final(out, &c->sha512); break;
	default: SHA512_Final(out, &c->sha512); break;
	}
}

/* The chaining value, as it lies in the context. */
static void
hash_state(unsigned int alg, union hash_ctx *c, uint8_t *state, bool set)
{
	unsigned int len = long_hash_state_len(alg);
	uint8_t *h = (uint8_t *)c;      /* MD5 and SHA-1 begin with it, and so do the others */

	if (set)
		memcpy(h, state, len);
	else
		memcpy(state, h, len);
}
_Static_assert(offsetof(MD5_CTX, A) == 0 && offsetof(SHA_CTX, h0) == 0 &&
	offsetof(SHA256_CTX, h) == 0 && offsetof(SHA512_CTX, h) == 0, "chaining value comes first");

/* So many bytes went in already. */
static void
hash_count(unsigned int alg, union hash_ctx *c, uint64_t bytes)
{
	uint64_t bits = bytes << 3;

	switch (alg) {
	case SEC2_AALG_MD5:
		c->md5.Nl = (MD5_LONG)bits;
		c->md5.Nh = (MD5_LONG)(bits >> 32);
		break;
	case SEC2_AALG_SHA1:
		c->sha1.Nl = (SHA_LONG)bits;
		c->sha1.Nh = (SHA_LONG)(bits >> 32);
		break;
	case SEC2_AALG_SHA224:
	case SEC2_AALG_SHA256:
		c->sha256.Nl = (SHA_LONG)bits;
		c->sha256.Nh = (SHA_LONG)(bits >> 32);
		break;
	default:
		c->sha512.Nl = bits;
		c->sha512.Nh = bytes >> 61;
	}
}

static void
absorb_pad(const struct long_hash *h, unsigned int alg, uint8_t byte, union hash_ctx *c)
{
	uint8_t pad[128];
	unsigned int i;

	memset(pad, byte, sizeof(pad));
	for (i = 0; i < h->key_len; i++)
		pad[i] ^= h->key[i];
	hash_update(alg, c, pad, crypto_block_len(h->aalg));
	OPENSSL_cleanse(pad, sizeof(pad));
}

bool
long_hash_run(const struct long_hash *h, const uint8_t *in, uint8_t *out)
{
	unsigned int alg = plain(h->aalg), block = crypto_block_len(h->aalg);
	bool hmac = alg != h->aalg;
	uint8_t buf[64];
	union hash_ctx c;

	if (long_hash_state_len(h->aalg) == 0 || (hmac && h->key_len > block))
		return false;
	hash_init(alg, &c);
	if (h->first) {
		if (hmac)
			absorb_pad(h, alg, 0x36, &c);
	} else {
		memcpy(buf, in, long_hash_state_len(alg));
		hash_state(alg, &c, buf, true);
		if (h->last)
			hash_count(alg, &c, h->total - h->len + (hmac ? block : 0));
	}
	hash_update(alg, &c, h->data, h->len);
	if (!h->last) {
		hash_state(alg, &c, out, false);
	} else if (!hmac) {
		hash_final(alg, &c, out);
	} else {
		hash_final(alg, &c, buf);
		hash_init(alg, &c);
		absorb_pad(h, alg, 0x5c, &c);
		hash_update(alg, &c, buf, crypto_digest_len(alg));
		hash_final(alg, &c, out);
	}
	OPENSSL_cleanse(&c, sizeof(c));
	return true;
}
