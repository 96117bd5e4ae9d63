/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real data through libwd and the emulator, compared with OpenSSL: every cipher, hash, MAC and
 * AEAD of a generation, flat and in segments, in place and out of place.
 * Arguments: the emulator's options, such as "hw=v2", and another device than "emu".
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "fake.h"

static struct wd_device *dev;
static struct wd_queue q;
static struct wd_session *sess;
static unsigned int runs;

static struct {
	uint8_t in[1 << 16], out[1 << 16], aad[512], iv[16], tag[80];
	uint8_t sess[2048] __attribute__((aligned(WD_SESSION_ALIGN)));
} ARENA mem;
static uint8_t *const in = mem.in, *const out = mem.out, *const aad = mem.aad,
	*const iv = mem.iv, *const tag = mem.tag;
#define ADDR(p) arena_addr(dev, p)

static uint8_t ref[1 << 16], ref_tag[80], key[128], akey[128];

static void
fill_random(void *p, size_t n)
{
	uint8_t *b = p;

	while (n-- != 0)
		*b++ = rand();
}

static struct wd_cpl
run(const struct wd_req *r)
{
	runs++;
	return run_one(&q, r);
}

static void
open_session(const struct wd_crypto_xform *x)
{
	int ret = wd_session_init_crypto(dev, sess, ADDR(sess), x);

	if (ret != 0)
		fprintf(stderr, "cipher %d auth %d aead %d: %d\n", x->cipher, x->auth, x->aead, ret);
	CHECK_EQ(ret, 0);
}

/* Cuts [base, base + len) into up to max pieces of random size; returns how many. */
static uint16_t
cut(struct wd_seg *segs, uint16_t max, uint8_t *base, uint32_t len)
{
	uint16_t n = 0;

	while (len != 0 && n < max - 1) {
		uint32_t part = rand() % (2 * (len / max) + 3) + 1;

		if (part > len)
			part = len;
		segs[n++] = (struct wd_seg){.addr = ADDR(base), .len = part};
		base += part;
		len -= part;
	}
	if (len != 0)
		segs[n++] = (struct wd_seg){.addr = ADDR(base), .len = len};
	return n;
}

enum how { FLAT_IN_PLACE, FLAT, SEGS_IN_PLACE, SEGS, SEGS_TO_FLAT, FLAT_TO_SEGS, HOWS };
static struct wd_seg src_segs[100], dst_segs[100];

/* Describes the buffers; where the output begins. */
static uint8_t *
buffers(struct wd_req *r, enum how how, uint32_t len)
{
	r->src = ADDR(in);
	r->dst = ADDR(out);
	if (how == FLAT_IN_PLACE)
		r->dst = r->src;
	if (how == SEGS_IN_PLACE || how == SEGS || how == SEGS_TO_FLAT) {
		r->src_segs = cut(src_segs, rand() % 99 + 1, in, len);
		r->src_list = src_segs;
	}
	if (how == SEGS_IN_PLACE)
		r->dst_list = NULL;
	if (how == SEGS || how == FLAT_TO_SEGS) {
		r->dst_segs = cut(dst_segs, rand() % 99 + 1, out, len);
		r->dst_list = dst_segs;
	}
	return how == FLAT_IN_PLACE || how == SEGS_IN_PLACE ? in : out;
}

/* ------------------------------------------------------------------ ciphers */

static const struct {
	enum wd_cipher alg;
	const char *name;
	uint16_t key_len;
	uint8_t iv_len, block;
} ciphers[] = {
	{WD_CIPHER_AES_ECB, "AES-128-ECB", 16, 0, 16},
	{WD_CIPHER_AES_CBC, "AES-128-CBC", 16, 16, 16},
	{WD_CIPHER_AES_CBC, "AES-192-CBC", 24, 16, 16},
	{WD_CIPHER_AES_CBC, "AES-256-CBC", 32, 16, 16},
	{WD_CIPHER_AES_CTR, "AES-256-CTR", 32, 16, 1},
	{WD_CIPHER_AES_XTS, "AES-128-XTS", 32, 16, 1},
	{WD_CIPHER_AES_XTS, "AES-256-XTS", 64, 16, 1},
	{WD_CIPHER_AES_OFB, "AES-128-OFB", 16, 16, 1},
	{WD_CIPHER_AES_CFB, "AES-128-CFB", 16, 16, 1},
	{WD_CIPHER_AES_CBC_CS1, "AES-128-CBC-CTS:CS1", 16, 16, 1},
	{WD_CIPHER_AES_CBC_CS2, "AES-128-CBC-CTS:CS2", 16, 16, 1},
	{WD_CIPHER_AES_CBC_CS3, "AES-128-CBC-CTS:CS3", 16, 16, 1},
	{WD_CIPHER_3DES_ECB, "DES-EDE3-ECB", 24, 0, 8},
	{WD_CIPHER_3DES_CBC, "DES-EDE3-CBC", 24, 8, 8},
	{WD_CIPHER_3DES_CBC, "DES-EDE-CBC", 16, 8, 8},
	{WD_CIPHER_SM4_ECB, "SM4-ECB", 16, 0, 16},
	{WD_CIPHER_SM4_CBC, "SM4-CBC", 16, 16, 16},
	{WD_CIPHER_SM4_CTR, "SM4-CTR", 16, 16, 1},
	{WD_CIPHER_SM4_OFB, "SM4-OFB", 16, 16, 1},
	{WD_CIPHER_SM4_CFB, "SM4-CFB", 16, 16, 1},
};

static void
ref_cipher(const char *name, const uint8_t *src, uint32_t len)
{
	char fetch[64], *mode;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *c;
	OSSL_PARAM p[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
	int n, m;

	strcpy(fetch, name);
	mode = strchr(fetch, ':');
	if (mode != NULL) {
		*mode++ = '\0';
		p[0] = OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, mode, 0);
	}
	c = EVP_CIPHER_fetch(NULL, fetch, NULL);
	CHECK(c != NULL);
	CHECK_EQ(EVP_EncryptInit_ex2(ctx, c, key, iv, mode != NULL ? p : NULL), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	CHECK_EQ(EVP_EncryptUpdate(ctx, ref, &n, src, len), 1);
	CHECK_EQ(EVP_EncryptFinal_ex(ctx, ref + n, &m), 1);
	CHECK_EQ(n + m, len);
	EVP_CIPHER_free(c);
	EVP_CIPHER_CTX_free(ctx);
}

static void
one_cipher(unsigned int i, enum how how, uint32_t off, uint32_t len)
{
	struct wd_crypto_xform x = {.cipher = ciphers[i].alg, .encrypt = 1,
		.iv_len = ciphers[i].iv_len, .cipher_key = key,
		.cipher_key_len = ciphers[i].key_len};
	struct wd_req r = {.sess = sess, .tag = &r, .iv = ADDR(iv), .cipher_off = off,
		.cipher_len = len};
	static uint8_t plain[sizeof(mem.in)];
	uint8_t saved_iv[16], *to;

	fill_random(in, off + len);
	memcpy(plain, in, off + len);
	memcpy(saved_iv, iv, 16);
	ref_cipher(ciphers[i].name, in + off, len);
	open_session(&x);
	to = buffers(&r, how, off + len);
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(to + off, ref, len) == 0);
	CHECK(memcmp(in, plain, off) == 0);
	CHECK(memcmp(iv, saved_iv, 16) == 0);
	/* And back. */
	memcpy(in, to, off + len);
	x.encrypt = 0;
	open_session(&x);
	to = buffers(&r, how, off + len);
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(to + off, plain + off, len) == 0);
}

static void
test_ciphers(void)
{
	const struct wd_caps *caps = wd_device_caps(dev);

	for (unsigned int i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (!(caps->ciphers & 1ULL << ciphers[i].alg))
			continue;
		for (enum how how = 0; how < HOWS; how++) {
			uint32_t len = (rand() % 2000 + 32) & ~(ciphers[i].block - 1u);

			one_cipher(i, how, rand() % 100, len);
		}
	}
}

/* ------------------------------------------------------------------ auth */

static const struct {
	enum wd_auth alg;
	const char *mac, *name;         /* mac == NULL: plain hash */
	uint16_t key_len;
	uint8_t len;
} auths[] = {
	{WD_AUTH_MD5, NULL, "MD5", 0, 16},
	{WD_AUTH_SHA1, NULL, "SHA1", 0, 20},
	{WD_AUTH_SHA224, NULL, "SHA224", 0, 28},
	{WD_AUTH_SHA256, NULL, "SHA256", 0, 32},
	{WD_AUTH_SHA384, NULL, "SHA384", 0, 48},
	{WD_AUTH_SHA512, NULL, "SHA512", 0, 64},
	{WD_AUTH_SHA512_224, NULL, "SHA512-224", 0, 28},
	{WD_AUTH_SHA512_256, NULL, "SHA512-256", 0, 32},
	{WD_AUTH_SM3, NULL, "SM3", 0, 32},
	{WD_AUTH_MD5_HMAC, "HMAC", "MD5", 16, 16},
	{WD_AUTH_SHA1_HMAC, "HMAC", "SHA1", 20, 12},
	{WD_AUTH_SHA224_HMAC, "HMAC", "SHA224", 64, 28},
	{WD_AUTH_SHA256_HMAC, "HMAC", "SHA256", 33, 32}, /* not a multiple of 4 */
	{WD_AUTH_SHA256_HMAC, "HMAC", "SHA256", 32, 16},
	{WD_AUTH_SHA384_HMAC, "HMAC", "SHA384", 128, 48},
	{WD_AUTH_SHA512_HMAC, "HMAC", "SHA512", 100, 64},
	{WD_AUTH_SM3_HMAC, "HMAC", "SM3", 32, 32},
	{WD_AUTH_AES_CMAC, "CMAC", "AES-128-CBC", 16, 16},
	{WD_AUTH_AES_CMAC, "CMAC", "AES-128-CBC", 16, 12},
	{WD_AUTH_AES_GMAC, "GMAC", "AES-256-GCM", 32, 16},
};

static void
ref_auth(unsigned int i, const uint8_t *src, uint32_t len)
{
	OSSL_PARAM p[3] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end()};
	EVP_MAC_CTX *ctx;
	char name[32];
	EVP_MAC *mac;
	size_t n;

	strcpy(name, auths[i].name);
	if (auths[i].mac == NULL) {
		unsigned int m;
		EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);

		CHECK_EQ(EVP_Digest(src, len, ref_tag, &m, md, NULL), 1);
		EVP_MD_free(md);
		return;
	}
	mac = EVP_MAC_fetch(NULL, auths[i].mac, NULL);
	ctx = EVP_MAC_CTX_new(mac);
	p[0] = OSSL_PARAM_construct_utf8_string(strcmp(auths[i].mac, "HMAC") == 0 ?
		OSSL_MAC_PARAM_DIGEST : OSSL_MAC_PARAM_CIPHER, name, 0);
	if (strcmp(auths[i].mac, "GMAC") == 0)
		p[1] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv, 12);
	CHECK_EQ(EVP_MAC_init(ctx, akey, auths[i].key_len, p), 1);
	CHECK_EQ(EVP_MAC_update(ctx, src, len), 1);
	CHECK_EQ(EVP_MAC_final(ctx, ref_tag, &n, sizeof(ref_tag)), 1);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

static struct wd_crypto_xform
auth_xform(unsigned int i)
{
	return (struct wd_crypto_xform){.auth = auths[i].alg, .auth_key = akey,
		.auth_key_len = auths[i].key_len, .digest_len = auths[i].len,
		.iv_len = auths[i].alg == WD_AUTH_AES_GMAC ? 12 : 0};
}

static void
one_auth(unsigned int i, enum how how, uint32_t off, uint32_t len)
{
	struct wd_req r = {.sess = sess, .tag = &r, .iv = ADDR(iv),
		.digest = ADDR(tag), .auth_off = off, .auth_len = len};
	struct wd_crypto_xform x = auth_xform(i);

	fill_random(in, off + len);
	ref_auth(i, in + off, len);
	open_session(&x);
	buffers(&r, how, off + len);
	memset(tag, 0, sizeof(mem.tag));
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(tag, ref_tag, auths[i].len) == 0);
	CHECK(tag[auths[i].len] == 0);
	x.verify = 1;
	open_session(&x);
	CHECK_EQ(run(&r).status, WD_OK);
	tag[rand() % auths[i].len] ^= 1;
	CHECK_EQ(run(&r).status, WD_AUTH_FAILED);
}

static void
test_auths(void)
{
	const struct wd_caps *caps = wd_device_caps(dev);

	for (unsigned int i = 0; i < sizeof(auths) / sizeof(auths[0]); i++) {
		if (!(caps->auths & 1ULL << auths[i].alg))
			continue;
		one_auth(i, FLAT_IN_PLACE, 0, 1);
		one_auth(i, FLAT_IN_PLACE, rand() % 200, rand() % 3000 + 1);
		one_auth(i, SEGS_IN_PLACE, rand() % 200, rand() % 3000 + 1);
	}
}

/* Encrypt then MAC over header || ciphertext, and the way back, in one trip each. */
static void
one_chain(unsigned int c, unsigned int a, enum how how)
{
	uint32_t hdr = rand() % 40, len = (rand() % 1500 + 32) & ~(ciphers[c].block - 1u);
	struct wd_crypto_xform x = auth_xform(a);
	struct wd_req r = {.sess = sess, .tag = &r, .iv = ADDR(iv),
		.digest = ADDR(tag), .cipher_off = hdr, .cipher_len = len,
		.auth_len = hdr + len};
	static uint8_t plain[4096];
	uint8_t *to;

	fill_random(in, hdr + len);
	memcpy(out, in, hdr);
	memcpy(plain, in, hdr + len);
	ref_cipher(ciphers[c].name, in + hdr, len);
	memmove(ref + hdr, ref, len);
	memcpy(ref, in, hdr);
	ref_auth(a, ref, hdr + len);
	x.cipher = ciphers[c].alg;
	x.cipher_key = key;
	x.cipher_key_len = ciphers[c].key_len;
	x.iv_len = ciphers[c].iv_len;
	x.encrypt = 1;
	open_session(&x);
	to = buffers(&r, how, hdr + len);
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(to + hdr, ref + hdr, len) == 0);
	CHECK(memcmp(tag, ref_tag, auths[a].len) == 0);

	memcpy(in, ref, hdr + len);
	x.encrypt = 0;
	x.verify = 1;
	x.auth_first = 1;
	open_session(&x);
	to = buffers(&r, how, hdr + len);
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(to + hdr, plain + hdr, len) == 0);
	memcpy(in, ref, hdr + len);
	tag[0] ^= 0x80;
	CHECK_EQ(run(&r).status, WD_AUTH_FAILED);
}

static void
test_chains(void)
{
	const struct wd_caps *caps = wd_device_caps(dev);

	for (unsigned int c = 0; c < sizeof(ciphers) / sizeof(ciphers[0]); c++) {
		for (unsigned int a = 9; a < sizeof(auths) / sizeof(auths[0]); a++) {
			if (!(caps->ciphers & 1ULL << ciphers[c].alg) ||
				!(caps->auths & 1ULL << auths[a].alg) ||
				auths[a].alg == WD_AUTH_AES_GMAC)
				continue;
			one_chain(c, a, rand() % HOWS);
		}
	}
}

/* ------------------------------------------------------------------ AEAD */

/* The payload lies behind so many bytes, which must stay as they are in the output. */
#define AEAD_OFF 64

static void
ref_aead(const char *name, bool ccm, uint8_t iv_len, uint8_t tag_len, uint32_t aad_len,
	uint32_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, name, NULL);
	int n;

	CHECK(c != NULL);
	CHECK_EQ(EVP_EncryptInit_ex(ctx, c, NULL, NULL, NULL), 1);
	CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, iv_len, NULL), 1);
	if (ccm)
		CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, tag_len, NULL), 1);
	CHECK_EQ(EVP_EncryptInit_ex(ctx, NULL, NULL, key, iv), 1);
	if (ccm)
		CHECK_EQ(EVP_EncryptUpdate(ctx, NULL, &n, NULL, len), 1);
	if (aad_len != 0)
		CHECK_EQ(EVP_EncryptUpdate(ctx, NULL, &n, aad, aad_len), 1);
	CHECK_EQ(EVP_EncryptUpdate(ctx, ref, &n, in + AEAD_OFF, len), 1);
	CHECK_EQ(EVP_EncryptFinal_ex(ctx, ref + n, &n), 1);
	CHECK_EQ(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, tag_len, ref_tag), 1);
	EVP_CIPHER_free(c);
	EVP_CIPHER_CTX_free(ctx);
}

static void
one_aead(enum wd_aead alg, const char *name, uint16_t key_len, uint8_t iv_len, uint8_t tag_len,
	uint32_t aad_len, uint32_t len, enum how how)
{
	bool ccm = alg == WD_AEAD_AES_CCM || alg == WD_AEAD_SM4_CCM;
	struct wd_crypto_xform x = {.aead = alg, .encrypt = 1, .iv_len = iv_len,
		.digest_len = tag_len, .cipher_key = key, .cipher_key_len = key_len};
	struct wd_req r = {.sess = sess, .tag = &r, .iv = ADDR(iv), .aad = ADDR(aad),
		.digest = ADDR(tag), .aad_len = aad_len, .cipher_off = AEAD_OFF,
		.cipher_len = len};
	uint8_t saved_aad[512], saved_iv[16], before[AEAD_OFF];
	static uint8_t plain[4096];
	uint8_t *to;

	fill_random(in, AEAD_OFF + len);
	memcpy(plain, in + AEAD_OFF, len);
	ref_aead(name, ccm, iv_len, tag_len, aad_len, len);
	memcpy(saved_aad, aad, sizeof(mem.aad));
	memcpy(saved_iv, iv, 16);
	open_session(&x);
	to = buffers(&r, how, AEAD_OFF + len);
	memcpy(before, to, AEAD_OFF);
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(to + AEAD_OFF, ref, len) == 0);
	CHECK(memcmp(to, before, AEAD_OFF) == 0);
	CHECK(memcmp(tag, ref_tag, tag_len) == 0);
	memcpy(in + AEAD_OFF, ref, len);
	x.encrypt = 0;
	open_session(&x);
	to = buffers(&r, how, AEAD_OFF + len);
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(to + AEAD_OFF, plain, len) == 0);
	CHECK(memcmp(to, before, AEAD_OFF) == 0);
	memcpy(in + AEAD_OFF, ref, len);
	tag[tag_len - 1] ^= 1;
	CHECK_EQ(run(&r).status, WD_AUTH_FAILED);
	CHECK(memcmp(saved_aad, aad, sizeof(mem.aad)) == 0);
	CHECK(memcmp(saved_iv, iv, 16) == 0);
}

/* AAD right before the payload, in place, needs no lists; nor does a message of AAD only. */
static void
test_aead_special(void)
{
	struct wd_crypto_xform x = {.aead = WD_AEAD_AES_GCM, .encrypt = 1, .iv_len = 12,
		.digest_len = 16, .cipher_key = key, .cipher_key_len = 16};
	struct wd_req r = {.sess = sess, .tag = &r, .iv = ADDR(iv),
		.aad = ADDR(in + AEAD_OFF - 20), .digest = ADDR(tag), .aad_len = 20,
		.cipher_off = AEAD_OFF, .cipher_len = 999, .src = ADDR(in),
		.dst = ADDR(in)};

	fill_random(in, AEAD_OFF + 999);
	memcpy(aad, in + AEAD_OFF - 20, 20);
	ref_aead("AES-128-GCM", false, 12, 16, 20, 999);
	open_session(&x);
	CHECK_EQ(run(&r).status, WD_OK);
	CHECK(memcmp(in + AEAD_OFF, ref, 999) == 0);
	CHECK(memcmp(in + AEAD_OFF - 20, aad, 20) == 0);
	CHECK(memcmp(tag, ref_tag, 16) == 0);
	r.cipher_len = 0;
	ref_aead("AES-128-GCM", false, 12, 16, 20, 0);
	if (wd_device_caps(dev)->ciphers & 1ULL << WD_CIPHER_AES_CTR) {
		CHECK_EQ(run(&r).status, WD_OK);
		CHECK(memcmp(tag, ref_tag, 16) == 0);
	} else {
		CHECK_EQ(run(&r).status, WD_BAD_REQ); /* hardware v2 does not take it */
	}
}

static void
test_aeads(void)
{
	static const struct {
		enum wd_aead alg;
		const char *name;
		uint16_t key_len;
		uint8_t iv_len, tag_len;
	} t[] = {
		{WD_AEAD_AES_GCM, "AES-128-GCM", 16, 12, 16},
		{WD_AEAD_AES_GCM, "AES-192-GCM", 24, 12, 12},
		{WD_AEAD_AES_GCM, "AES-256-GCM", 32, 12, 8},
		{WD_AEAD_AES_CCM, "AES-128-CCM", 16, 11, 8},
		{WD_AEAD_AES_CCM, "AES-256-CCM", 32, 13, 16},
		{WD_AEAD_AES_CCM, "AES-192-CCM", 24, 7, 4},
	};
	const struct wd_caps *caps = wd_device_caps(dev);

	for (unsigned int i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!(caps->aeads & 1ULL << t[i].alg))
			continue;
		for (enum how how = 0; how < HOWS; how++)
			for (uint32_t aad_len = 0; aad_len < 300; aad_len = aad_len * 3 + 8)
				one_aead(t[i].alg, t[i].name, t[i].key_len, t[i].iv_len,
					t[i].tag_len, aad_len, rand() % 3000 + 1, how);
	}
}

int
main(int argc, char **argv)
{
	const char *options = argc > 1 && argv[1][0] != '\0' ? argv[1] : NULL;
	const char *spec = argc > 2 ? argv[2] : "emu";
	char err[256];

	srand(1);
	if (wd_device_open(spec, "sec2", options, -1, &dev, err, sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	CHECK_EQ(arena_share(dev, &mem, sizeof(mem)), 0);
	CHECK(wd_session_size(dev) <= sizeof(mem.sess));
	sess = (void *)mem.sess;
	fill_random(key, sizeof(key));
	fill_random(akey, sizeof(akey));
	fill_random(iv, sizeof(mem.iv));
	fill_random(aad, sizeof(mem.aad));
	q = (struct wd_queue){.dev = dev, .numa_node = -1};
	CHECK_EQ(wd_request_queue(&q), 0);
	test_ciphers();
	test_auths();
	test_chains();
	test_aeads();
	test_aead_special();
	CHECK_EQ(q.stats.submitted, q.stats.completed);
	CHECK_EQ(wd_queue_outstanding(&q), 0);
	wd_queue_dump(&q, stdout);
	printf("%u requests\n", runs);
	wd_release_queue(&q);
	wd_session_fini(dev, sess);
	CHECK_EQ(wd_device_close(dev), 0);
	return runs == 0;
}
