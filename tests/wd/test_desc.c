/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors bit by bit. The expected values are written down from the reference tables (C1, C3,
 * C4, C5, D1, D8) with byte offsets and plain numbers, not with the driver's own field macros.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define SRC 0x100000000000ull
#define DST 0x200000000000ull
#define AAD 0x300000000000ull
#define MAC 0x400000000000ull

static struct wd_device *dev;
static struct wd_queue q;
static struct wd_session *sess;
static uint8_t key[64], akey[128], iv[16];

static uint32_t
get(const uint8_t *p, size_t off, size_t size)
{
	uint32_t v = 0;

	memcpy(&v, p + off, size);
	return v;
}

static uint64_t
get64(const uint8_t *p, size_t off)
{
	uint64_t v;

	memcpy(&v, p + off, 8);
	return v;
}

static void
open_dev(const char *api, const char *algorithms, const char *kind, uint16_t type)
{
	fake_cfg.api = api;
	fake_cfg.algorithms = algorithms;
	dev = fake_open(kind);
	fake_request(&q, dev, type, 0);
	sess = aligned_alloc(WD_SESSION_ALIGN, (wd_session_size(dev) + 63) & ~63ul);
}

static void
close_dev(void)
{
	/* The requests of these tests are never answered. */
	fake_stop(fake_last, true, true);
	for (struct wd_cpl c; wd_poll(&q, &c, 1) == 1;)
		;
	wd_release_queue(&q);
	wd_session_fini(dev, sess);
	for (size_t i = 0; i < wd_session_size(dev); i++)
		CHECK(((uint8_t *)sess)[i] == 0); /* keys are gone */
	free(sess);
	CHECK_EQ(wd_device_close(dev), 0);
}

/* Submits and returns the entry that the device gets to see. */
static uint8_t *
submit(const struct wd_req *r)
{
	uint64_t rung = q.stats.sq_doorbells;

	CHECK_EQ(wd_submit(&q, r, 1), 1);
	CHECK_EQ(q.stats.sq_doorbells, rung + 1);
	return fake_sqe(fake_last, HW_GET(HISI_QM_DB_INDEX, fake_doorbell(fake_last, 0)) - 1);
}

static void
init(const struct wd_crypto_xform *x)
{
	CHECK_EQ(wd_session_init_crypto(dev, sess, (uintptr_t)sess, x), 0);
}

static void
check_key(uint64_t addr, const uint8_t *want, size_t len)
{
	CHECK(addr >= (uintptr_t)sess && addr + len <= (uintptr_t)sess + wd_session_size(dev));
	CHECK(memcmp((void *)(uintptr_t)addr, want, len) == 0);
}

/* AES-192-CBC encryption and HMAC-SHA256 truncated to 16, out of place, with offsets. */
static void
test_bd3_chain(void)
{
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_AES_CBC, .auth = WD_AUTH_SHA256_HMAC,
		.encrypt = 1, .iv_len = 16, .digest_len = 16, .cipher_key = key,
		.cipher_key_len = 24, .auth_key = akey, .auth_key_len = 33};
	struct wd_req r = {.sess = sess, .src = SRC, .dst = DST, .iv = (uintptr_t)iv,
		.digest = MAC, .cipher_off = 0x24, .cipher_len = 0x430, .auth_off = 0x10,
		.auth_len = 0x444};
	uint8_t zeros[3] = {0}, *bd;

	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 4), 3 | 1 << 9);            /* type 3, de, scene none, flat */
	CHECK_EQ(get(bd, 4, 2), 1 | 1 << 13);           /* encrypt, 192-bit key */
	CHECK_EQ(get(bd, 6, 1), 1 | 2 << 4);            /* CBC, AES */
	CHECK_EQ(get(bd, 7, 1), 0);                     /* cipher then auth */
	CHECK_EQ(get64(bd, 16), SRC);
	check_key(get64(bd, 24), akey, 33);
	check_key(get64(bd, 24) + 33, zeros, 3);
	check_key(get64(bd, 48), key, 24);
	/* MAC, 4 words, 9 words of key, HMAC-SHA256, 128-bit counter */
	CHECK_EQ(get(bd, 56, 4), 1 | 4 << 4 | 9 << 9 | 0x11 << 15 | 2 << 25);
	CHECK_EQ(get(bd, 64, 2), 0x10);
	CHECK_EQ(get(bd, 66, 2), 0x24);
	CHECK_EQ(get(bd, 68, 4), 0x444);
	CHECK_EQ(get(bd, 72, 4), 0x430);
	CHECK_EQ(get64(bd, 76), DST);
	CHECK_EQ(get64(bd, 84), MAC);
	CHECK_EQ(get64(bd, 92), (uintptr_t)iv);
	for (int i = 100; i < 128; i++)
		CHECK_EQ(bd[i], 0);

	/* Decryption: compare, auth first. */
	x.encrypt = 0;
	x.verify = 1;
	x.auth_first = 1;
	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 4, 2), 2 | 1 << 13);
	CHECK_EQ(get(bd, 7, 1), 1 << 6);
	CHECK_EQ(get(bd, 56, 4) & 3, 2);

	/* Offsets beyond 16 bits: the buffers start later. */
	r.cipher_off += 0x20000;
	r.auth_off += 0x20000;
	bd = submit(&r);
	CHECK_EQ(get64(bd, 16), SRC + 0x20010);
	CHECK_EQ(get64(bd, 76), DST + 0x20010);
	CHECK_EQ(get(bd, 64, 2), 0);
	CHECK_EQ(get(bd, 66, 2), 0x14);
}

static void
test_bd3_digest(void)
{
	struct wd_crypto_xform x = {.auth = WD_AUTH_SHA512_256, .digest_len = 32};
	struct wd_req r = {.sess = sess, .src = SRC, .digest = MAC, .auth_off = 3,
		.auth_len = 77, .cipher_len = 0xdead, .dst = DST, .cipher_off = 0xffffffff};
	uint8_t *bd;

	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 4), 3 | 7 << 5);            /* stream scene, in place */
	CHECK_EQ(get(bd, 4, 2), 0);
	CHECK_EQ(get(bd, 56, 4), 1 | 8 << 4 | 7 << 15);
	CHECK_EQ(get(bd, 64, 2), 3);
	CHECK_EQ(get(bd, 66, 2), 0);
	CHECK_EQ(get(bd, 68, 4), 77);
	CHECK_EQ(get(bd, 72, 4), 0);
	CHECK_EQ(get64(bd, 76), 0);

	/* GMAC: IPsec scene, the IV block with counter 1 in driver memory. */
	x = (struct wd_crypto_xform){.auth = WD_AUTH_AES_GMAC, .digest_len = 16, .iv_len = 12,
		.auth_key = akey, .auth_key_len = 32};
	r.iv = (uintptr_t)iv;
	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 4), 3 | 1 << 5);
	CHECK_EQ(get(bd, 56, 4), 1 | 1 << 2 | 4 << 4 | 8 << 9 | 0x22 << 15);
	CHECK(memcmp((void *)(uintptr_t)get64(bd, 32), iv, 12) == 0);
	CHECK(memcmp((void *)(uintptr_t)(get64(bd, 32) + 12), "\0\0\0\1", 4) == 0);
}

static void
check_sgl(uint64_t addr, unsigned int n, const uint64_t *addrs, const uint32_t *lens)
{
	const uint8_t *p = (void *)(uintptr_t)addr;
	unsigned int i = 0;

	do {
		CHECK_EQ((uintptr_t)p % 64, 0);
		CHECK(get(p, 10, 2) >= 1 && get(p, 10, 2) <= get(p, 12, 2));
		for (unsigned int e = 0; e < get(p, 10, 2); e++, i++) {
			CHECK(i < n);
			CHECK_EQ(get64(p, 64 + 32 * e), addrs[i]);
			CHECK_EQ(get(p, 64 + 32 * e + 16, 4), lens[i]);
		}
		p = (void *)(uintptr_t)get64(p, 0);
	} while (p != NULL);
	CHECK_EQ(i, n);
}

static void
test_bd3_gcm(void)
{
	struct wd_crypto_xform x = {.aead = WD_AEAD_AES_GCM, .encrypt = 1, .iv_len = 12,
		.digest_len = 12, .cipher_key = key, .cipher_key_len = 32};
	struct wd_req r = {.sess = sess, .src = SRC, .dst = SRC, .iv = (uintptr_t)iv,
		.digest = MAC, .aad = AAD, .aad_len = 12, .cipher_off = 0x20, .cipher_len = 0x100};
	const uint64_t src_addrs[] = {AAD, SRC + 0x20}, dst_addrs[] = {AAD, DST + 0x20};
	const uint32_t lens[] = {12, 0x100};
	uint8_t *bd;

	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 4), 3 | 1 << 9 | 1 << 11 | 1 << 14); /* both sides lists */
	CHECK_EQ(get(bd, 4, 2), 1 | 12 << 4 | 2 << 13);
	CHECK_EQ(get(bd, 6, 1), 6 | 2 << 4);
	CHECK_EQ(get(bd, 7, 1), 0);
	CHECK_EQ(get(bd, 56, 4), 2 << 25);
	CHECK_EQ(get(bd, 66, 2), 12);
	CHECK_EQ(get(bd, 68, 4), 12);
	CHECK_EQ(get(bd, 72, 4), 0x100);
	CHECK_EQ(get64(bd, 24), get64(bd, 48));
	CHECK_EQ(get64(bd, 32), (uintptr_t)iv);
	CHECK_EQ(get64(bd, 92), (uintptr_t)iv);
	CHECK_EQ(get64(bd, 16), get64(bd, 76));
	check_sgl(get64(bd, 16), 2, src_addrs, lens);

	r.dst = DST;
	bd = submit(&r);
	check_sgl(get64(bd, 16), 2, src_addrs, lens);
	check_sgl(get64(bd, 76), 2, dst_addrs, lens);

	/* Flat: AAD right before the payload, in place; or none at all. */
	r.dst = SRC;
	r.aad = SRC + 0x20 - 12;
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 4), 3 | 1 << 9);
	CHECK_EQ(get64(bd, 16), SRC + 0x20 - 12);
	CHECK_EQ(get64(bd, 76), SRC + 0x20 - 12);
	r.aad_len = 0;
	r.dst = DST;
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 4), 3 | 1 << 9);
	CHECK_EQ(get64(bd, 16), SRC + 0x20);
	CHECK_EQ(get64(bd, 76), DST + 0x20);
	CHECK_EQ(get(bd, 66, 2), 0);

	x.encrypt = 0;
	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 4, 2) & 3, 2);
	CHECK_EQ(get(bd, 7, 1), 1 << 6);
}

/* The example of RFC 3610, packet vector 1: B0 = 59 nonce 00 17, A1 = 01 nonce 00 01. */
static void
test_bd3_ccm(void)
{
	static uint8_t nonce[13] = {0, 0, 0, 3, 2, 1, 0, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5};
	struct wd_crypto_xform x = {.aead = WD_AEAD_AES_CCM, .encrypt = 1, .iv_len = 13,
		.digest_len = 8, .cipher_key = key, .cipher_key_len = 16};
	struct wd_req r = {.sess = sess, .src = SRC, .dst = SRC, .iv = (uintptr_t)nonce,
		.digest = MAC, .aad = AAD, .aad_len = 8, .cipher_len = 23};
	uint8_t *bd, *b;

	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 4, 2), 1 | 8 << 4);
	CHECK_EQ(get(bd, 6, 1), 5 | 2 << 4);
	b = (void *)(uintptr_t)get64(bd, 32);
	CHECK_EQ(b[0], 0x59);
	CHECK(memcmp(b + 1, nonce, 13) == 0);
	CHECK_EQ(b[14] << 8 | b[15], 23);
	b = (void *)(uintptr_t)get64(bd, 92);
	CHECK_EQ(b[0], 1);
	CHECK(memcmp(b + 1, nonce, 13) == 0);
	CHECK_EQ(b[14] << 8 | b[15], 1);

	/* Two bytes of length field do not hold this. */
	r.cipher_len = 0x10000;
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(q.stats.sq_doorbells, 1);
}

static void
test_bd2(void)
{
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_SM4_CBC, .auth = WD_AUTH_SHA1_HMAC,
		.verify = 1, .auth_first = 1, .iv_len = 16, .digest_len = 12, .cipher_key = key,
		.cipher_key_len = 16, .auth_key = akey, .auth_key_len = 20};
	struct wd_req r = {.src = SRC, .dst = DST, .iv = (uintptr_t)iv,
		.digest = MAC, .cipher_off = 16, .cipher_len = 64, .auth_len = 80};
	struct wd_seg segs[2] = {{.addr = SRC, .len = 30}, {.addr = SRC + 100, .len = 50}};
	uint8_t *bd;

	open_dev("hisi_qm_v2", "cipher\ndigest\naead\n", "sec2", 0);
	init(&x);
	r.sess = sess;
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 1), 2 | 2 << 4 | 2 << 6);
	CHECK_EQ(get(bd, 1, 1), 1 | 1 << 1);
	CHECK_EQ(get(bd, 2, 1), 0);
	CHECK_EQ(get(bd, 8, 4), 3 | 5 << 5 | 0x10 << 11);
	CHECK_EQ(get(bd, 12, 2), 1 << 12);
	CHECK_EQ(get(bd, 14, 1), 3);
	CHECK_EQ(get(bd, 16, 4), 80);
	CHECK_EQ(get(bd, 20, 4), 64);
	CHECK_EQ(get(bd, 24, 2), 0);
	CHECK_EQ(get(bd, 26, 2), 16);
	check_key(get64(bd, 64), akey, 20);
	CHECK_EQ(get64(bd, 72), MAC);
	CHECK_EQ(get64(bd, 80), (uintptr_t)iv);
	check_key(get64(bd, 88), key, 16);
	CHECK_EQ(get64(bd, 96), SRC);
	CHECK_EQ(get64(bd, 104), DST);
	CHECK_EQ(get(bd, 112, 4), 0);

	r.src_list = segs;
	r.src_segs = 2;
	bd = submit(&r);
	CHECK_EQ(get(bd, 1, 1), 1 | 1 << 1 | 1 << 7);
	CHECK_EQ(get(bd, 2, 1), 1 << 2);
	check_sgl(get64(bd, 96), 2, (uint64_t[]){SRC, SRC + 100}, (uint32_t[]){30, 50});
	check_sgl(get64(bd, 104), 1, (uint64_t[]){DST}, (uint32_t[]){80});

	x = (struct wd_crypto_xform){.auth = WD_AUTH_SHA1, .digest_len = 20};
	r = (struct wd_req){.sess = sess, .src = SRC, .digest = MAC, .auth_len = 9};
	init(&x);
	bd = submit(&r);
	CHECK_EQ(get(bd, 0, 1), 2 | 1 << 6);
	CHECK_EQ(get(bd, 1, 1), 1 << 3);
	CHECK_EQ(get(bd, 8, 4), 5);
	close_dev();
}

static void
test_zip(void)
{
	struct wd_comp_xform x = {.alg = WD_COMP_GZIP, .compress = 1, .window_log = 13};
	struct wd_req r = {.src = SRC, .dst = DST, .src_len = 1000, .dst_len = 1200,
		.flush = WD_FLUSH_FINAL};
	struct wd_seg segs[2] = {{.addr = DST, .len = 1000}, {.addr = DST + 5000, .len = 1000}};
	uint8_t *sqe;

	open_dev("hisi_qm_v3", "zlib\ngzip\ndeflate\n", "zip", 0);
	CHECK_EQ(fake_last->qc_type, 0);
	CHECK_EQ(wd_session_init_comp(dev, sess, (uintptr_t)sess, &x), 0);
	r.sess = sess;
	sqe = submit(&r);
	CHECK_EQ(get(sqe, 16, 4), 1000);
	CHECK_EQ(get(sqe, 28, 4), 1u << 25 | 1u << 27 | 3u << 28);
	CHECK_EQ(get(sqe, 36, 4), 3 | 1 << 12);
	CHECK_EQ(get(sqe, 56, 4), 1200);
	CHECK_EQ(get64(sqe, 72), SRC);
	CHECK_EQ(get64(sqe, 80), DST);
	r.dst_list = segs;
	r.dst_segs = 2;
	sqe = submit(&r);
	CHECK_EQ(get(sqe, 36, 4), 3 | 1 << 8 | 1 << 12);
	check_sgl(get64(sqe, 72), 1, (uint64_t[]){SRC}, (uint32_t[]){1000});
	check_sgl(get64(sqe, 80), 2, (uint64_t[]){DST, DST + 5000}, (uint32_t[]){1000, 200});
	close_dev();

	/* Hardware v2: entry type 0, and no raw deflate whatever the text says. */
	open_dev("hisi_qm_v2", "zlib\ngzip\ndeflate\n", "zip", 1);
	CHECK_EQ(fake_last->qc_type, 1);
	x = (struct wd_comp_xform){.alg = WD_COMP_DEFLATE};
	CHECK_EQ(wd_session_init_comp(dev, sess, (uintptr_t)sess, &x), -ENOTSUP);
	x.alg = WD_COMP_ZLIB;
	CHECK_EQ(wd_session_init_comp(dev, sess, (uintptr_t)sess, &x), 0);
	r.sess = sess;
	r.dst = DST;
	r.dst_segs = 0;
	sqe = submit(&r);
	CHECK_EQ(get(sqe, 28, 4), 1u << 25 | 1u << 27);
	CHECK_EQ(get(sqe, 36, 4), 2 | 4 << 12);
	close_dev();
}

/* The device's answer to what was submitted last, when that was the only request. */
static void
answer_lz77(uint8_t *sqe, uint32_t dw3)
{
	const uint32_t results[] = {1000, 77, 555, dw3}, long_lits = 1u << 24 | 33;
	struct wd_cpl cpl;

	memcpy(sqe, results, sizeof(results));
	memcpy(sqe + 124, &long_lits, 4);
	fake_cqe(fake_last, HW_GET(HISI_QM_DB_INDEX, fake_doorbell(fake_last, 0)) - 1);
	CHECK_EQ(wd_poll(&q, &cpl, 1), 1);
	CHECK_EQ(cpl.status, dw3 == 0 ? WD_OK : WD_NO_SPACE);
	CHECK_EQ(cpl.consumed, 1000);
	CHECK_EQ(cpl.produced, 77);
	CHECK_EQ(cpl.literals, 555);
	CHECK_EQ(cpl.long_lits, 34);
}

static void
test_lz77(void)
{
	static uint8_t mem[1 << 16] __attribute__((aligned(WD_SESSION_ALIGN)));
	static const uint32_t expected[] = {0, 5, 5, 50};
	struct wd_stream *st = (void *)mem;
	struct wd_comp_xform x = {.alg = WD_COMP_LZ77_ZSTD, .compress = 1, .level = 9};
	struct wd_req r = {.src = SRC, .dst = DST, .lit = DST + 0x10000, .src_len = 1000,
		.dst_len = 5000, .lit_len = 1016, .flush = WD_FLUSH_FINAL};
	uint32_t left;
	uint8_t *sqe;

	open_dev("hisi_qm_v3", "lz77_zstd\nlz77_only\nlz4\n", "zip", 0);
	CHECK_EQ(wd_session_init_comp(dev, sess, (uintptr_t)sess, &x), 0);
	r.sess = sess;
	sqe = submit(&r);
	CHECK_EQ(get(sqe, 16, 4), 1000);
	CHECK_EQ(get(sqe, 28, 4), 1u << 25 | 1u << 27 | 3u << 28);
	CHECK_EQ(get(sqe, 36, 4), 0x42 | 4 << 12);
	CHECK_EQ(get(sqe, 52, 4), 1016);
	CHECK_EQ(get(sqe, 56, 4), 5000);
	CHECK_EQ(get64(sqe, 72), SRC);
	CHECK_EQ(get64(sqe, 80), DST);
	CHECK_EQ(get64(sqe, 96), DST + 0x10000);
	answer_lz77(sqe, 0x0e);

	/* Repeated offsets of a stream: what the device left, or what was there before that. */
	CHECK_EQ(wd_stream_init(dev, st, (uintptr_t)st, sess), 0);
	r.stream = (uintptr_t)st;
	r.flush = WD_FLUSH_SYNC;
	for (int i = 0; i < 4; i++) {
		r.flags = i == 2 ? WD_REQ_NOT_COMPRESSED : 0;
		sqe = submit(&r);
		CHECK_EQ(get(sqe, 28, 4), 1u << 26 | (i == 0 ? 1u << 27 : 0) | 3u << 28);
		CHECK_EQ(get64(sqe, 88), (uintptr_t)st + 64);
		CHECK_EQ(get(mem, 64 + 784, 4), expected[i]);
		CHECK_EQ(get(mem, 64 + 796, 4), 0);
		left = i == 0 ? 5 : 50;
		memcpy(mem + 64 + 784, &left, 4);
		memset(mem + 64 + 796, 1, 4);
		answer_lz77(sqe, 0);
	}
	wd_stream_fini(dev, st);
	close_dev();
}

/* A long list goes on in pool chunks; the pool is given back by completions. */
static void
test_chunks(void)
{
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_AES_CTR, .encrypt = 1, .iv_len = 16,
		.cipher_key = key, .cipher_key_len = 16};
	struct wd_req r = {.sess = sess, .dst = DST, .iv = (uintptr_t)iv};
	static struct wd_seg segs[9000];
	static uint64_t addrs[9000];
	static uint32_t lens[9000];
	unsigned int taken = 0;
	struct wd_cpl cpl;
	uint8_t *bd;

	init(&x);
	for (unsigned int i = 0; i < 9000; i++) {
		segs[i] = (struct wd_seg){.addr = SRC + i * 100, .len = i % 7 + 1};
		addrs[i] = segs[i].addr;
		lens[i] = segs[i].len;
		if (i < 2000)
			r.cipher_len += lens[i];
	}
	r.src_list = segs;
	r.src_segs = 2000;
	bd = submit(&r);
	check_sgl(get64(bd, 16), 2000, addrs, lens);
	/* 33 chunks each, 128 in all: three fit, the fourth has to wait. */
	while (wd_submit(&q, &r, 1) == 1)
		taken++;
	CHECK_EQ(taken, 2);
	bd = fake_sqe(fake_last, fake_last->head);
	bd[112] = 1;
	fake_cqe(fake_last, fake_last->head & 15);
	CHECK_EQ(wd_poll(&q, &cpl, 1), 1);
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	while (fake_last->head != 4) {
		bd = fake_sqe(fake_last, fake_last->head);
		bd[112] = 1;
		fake_cqe(fake_last, fake_last->head & 15);
		CHECK_EQ(wd_poll(&q, &cpl, 1), 1);
	}
	/* Never fits, even with all chunks free: refused, not put off for ever. */
	r.src_segs = 9000;
	r.cipher_len = 9000 * 4 - 100;
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(wd_poll(&q, &cpl, 1), 1);
	CHECK_EQ(cpl.status, WD_BAD_REQ);
	/* Segments too short for the lengths. */
	r.src_segs = 3;
	r.cipher_len = 10;
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(wd_poll(&q, &cpl, 1), 1);
	CHECK_EQ(cpl.status, WD_BAD_REQ);
	/* An entry holds 8 MiB. */
	segs[0].len = 12u << 20;
	r.src_segs = 1;
	r.cipher_len = 10u << 20;
	bd = submit(&r);
	check_sgl(get64(bd, 16), 2, (uint64_t[]){SRC, SRC + (8u << 20)},
		(uint32_t[]){8u << 20, 2u << 20});
}

int
main(void)
{
	for (int i = 0; i < 128; i++) {
		akey[i] = i + 1;
		key[i % 64] = 200 - i;
		iv[i % 16] = i;
	}
	open_dev("hisi_qm_v3", "cipher\ndigest\naead\n", "sec2", 0);
	test_bd3_chain();
	test_bd3_digest();
	test_bd3_gcm();
	close_dev();
	open_dev("hisi_qm_v3_noiommu", "cipher\ndigest\naead\n", "sec2", 0);
	test_bd3_ccm();
	close_dev();
	open_dev("hisi_qm_v5", "cipher\n", "sec2", 0);
	CHECK_EQ(wd_device_caps(dev)->auths, 0);
	test_chunks();
	close_dev();
	test_bd2();
	test_zip();
	test_lz77();
	return 0;
}
