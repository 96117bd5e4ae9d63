/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEC2 one case at a time: published vectors, digests and GCM in several descriptors, limits and
 * refusals. Argument: engine.
 */
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

#include "client.h"
#include "sec2_ops.h"

static struct client c2, c3, c5;        /* hardware v2, v3, v5 */
static uint8_t src[8192], dst[8192], mac[64], ckey[64], akey[256], civ[16], aiv[64];

/* Runs a descriptor; its result is left in it. */
static void
run(struct client *c, void *bd)
{
	uint16_t slot = client_put(c, bd);

	client_ring(c);
	CHECK(client_wait(c) == slot);
	memcpy(bd, client_slot(c, slot), 128);
	CHECK(((struct sec2_bd3 *)bd)->result & SEC2_RES_DONE);
}

static uint8_t
error_of(const void *bd)
{
	return ((const struct sec2_bd3 *)bd)->error_type;
}

static void
run_ok(struct client *c, void *bd)
{
	run(c, bd);
	CHECK(error_of(bd) == 0);
}

static void
refuse(struct client *c, const struct sec2_op_desc *d)
{
	uint8_t bd[128], before[sizeof(dst)];

	rnd_fill(dst, sizeof(dst));
	memcpy(before, dst, sizeof(dst));
	(c == &c2 ? sec2_make_bd2 : sec2_make_bd3)(d, bd);
	run(c, bd);
	CHECK(error_of(bd) != 0);
	CHECK(memcmp(before, dst, sizeof(dst)) == 0);
}

/* RFC 3566, section 4. */
static void
test_xcbc(void)
{
	static const struct {
		unsigned int len;
		const char *mac;
	} cases[] = {
		{ 3, "5b376580ae2f19afe7219ceef172756f" },
		{ 16, "d2a246fa349b68a79998a4394ff7a263" },
		{ 20, "47f51b4564966215b8985c63055ed308" },
		{ 32, "f54f0ec8d2b9f3d36807734bd5283fd4" },
		{ 34, "becbb3bccdb518a30677d5481fb6b4d8" },
	};
	const struct sec2_mac xcbc = { "XCBC", SEC2_AALG_AES_XCBC, 16, 0, false };
	struct sec2_op_desc d = { .mac = &xcbc, .akey_len = 16, .akey = akey, .src = src,
		.mac_addr = mac };
	uint8_t bd[128];
	char hex[40];
	unsigned int i, j;

	for (i = 0; i < 64; i++)
		src[i] = akey[i] = (uint8_t)i;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (j = 3; j <= 4; j++) {      /* MAC-96 and the whole */
			memset(mac, 0xee, sizeof(mac));
			d.auth_len = cases[i].len;
			d.mac_len = 4 * j;
			sec2_make_bd3(&d, bd);
			run_ok(&c3, bd);
			OPENSSL_buf2hexstr_ex(hex, sizeof(hex), NULL, mac, 4 * j, '\0');
			CHECK(strncasecmp(hex, cases[i].mac, 8 * j) == 0);
			CHECK(mac[4 * j] == 0xee);
		}
}

static void
from_hex(const char *hex, uint8_t *out)
{
	size_t n;

	CHECK(OPENSSL_hexstr2buf_ex(out, 128, &n, hex, '\0'));
}

/* RFC 8998, appendix A. */
static void
test_sm4_aead(void)
{
	static const char key[] = "0123456789ABCDEFFEDCBA9876543210";
	static const char iv[] = "00001234567800000000ABCD";
	static const char aad[] = "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2";
	static const char *const plain = "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
		"EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA";
	static const struct {
		uint8_t mode;
		const char *coded, *tag;
	} cases[] = {
		{ SEC2_CMODE_GCM, "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
			"D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D",
			"83DE3541E4C2B58177E065A9BF7B62EC" },
		{ SEC2_CMODE_CCM, "48AF93501FA62ADBCD414CCE6034D895DDA1BF8F132F042098661572E7483094"
			"FD12E518CE062C98ACEE28D95DF4416BED31A2F04476C18BB40C84A74B97DC5B",
			"16842D4FA186F56AB33256971FA110F4" },
	};
	struct sec2_alg alg = { "SM4", SEC2_CALG_SM4, 0, 0, 16, 12, 0, 1, 0, false };
	struct sec2_op_desc d = { .cipher = &alg, .aead = true, .auth_len = 20, .cipher_off = 20,
		.cipher_len = 64, .mac_len = 16, .src = src, .dst = dst, .de = 1, .ckey = ckey, .civ = civ,
		.aiv = aiv, .mac_addr = mac };
	uint8_t bd[128], nonce[128], want[128], tag[128];
	unsigned int i, dir;

	from_hex(key, ckey);
	from_hex(iv, nonce);
	for (i = 0; i < 4; i++) {
		dir = i & 1;
		alg.mode = cases[i / 2].mode;
		from_hex(aad, src);
		from_hex(dir ? plain : cases[i / 2].coded, src + 20);
		from_hex(dir ? cases[i / 2].coded : plain, want);
		from_hex(cases[i / 2].tag, tag);
		memcpy(civ, nonce, 12);
		if (alg.mode == SEC2_CMODE_CCM)
			make_ccm_blocks(nonce, 12, 20, 64, 16, civ, aiv);
		memset(mac, 0, 16);
		if (!dir)
			memcpy(mac, tag, 16);
		d.enc = dir;
		sec2_make_bd3(&d, bd);
		run_ok(&c3, bd);
		CHECK(memcmp(dst + 20, want, 64) == 0 && memcmp(mac, tag, 16) == 0);
		if (!dir) {
			mac[15] ^= 1;
			sec2_make_bd3(&d, bd);
			run_ok(&c3, bd);
			CHECK(HW_GET(SEC2_RES_ICV, ((struct sec2_bd3 *)(void *)bd)->result) ==
				SEC2_ICV_MISMATCH);
		}
		refuse(&c2, &d);
	}
}

/*
 * One block of XTS is E1(P ^ T) ^ T with T = E2(tweak). Longer ones are compared by going back and
 * forth, with the stealing of cipher text in it.
 */
static void
test_sm4_xts(void)
{
	const struct sec2_alg *ecb = find_alg("SM4-ECB");
	const struct sec2_alg xts = { "SM4", SEC2_CALG_SM4, SEC2_CMODE_XTS, 0, 32, 16, 0, 1, 16, true };
	struct sec2_op_desc d = { .cipher = &xts, .enc = true, .cipher_len = 16, .src = src, .dst = dst,
		.de = 1, .ckey = ckey, .civ = civ };
	uint8_t bd[128], t[16], x[16], plain[600];
	unsigned int i, j;

	for (i = 0; i < 40; i++) {
		rnd_fill(ckey, 32);
		rnd_fill(civ, 16);
		rnd_fill(src, sizeof(src));
		d.enc = true;
		d.src = src;
		d.dst = dst;
		d.cipher_len = 16 + (i > 10 ? rnd() % 500 : 0);
		(i & 1 ? sec2_make_bd2 : sec2_make_bd3)(&d, bd);
		run_ok(i & 1 ? &c2 : &c3, bd);
		ref_cipher(ecb, ckey + 16, NULL, true, civ, t, 16);
		for (j = 0; j < 16; j++)
			x[j] = src[j] ^ t[j];
		ref_cipher(ecb, ckey, NULL, true, x, x, 16);
		for (j = 0; j < 16 && (d.cipher_len == 16 || d.cipher_len > 31); j++)
			CHECK(dst[j] == (x[j] ^ t[j]));
		d.enc = false;
		d.src = dst;
		d.dst = plain;
		(i & 1 ? sec2_make_bd2 : sec2_make_bd3)(&d, bd);
		run_ok(i & 1 ? &c2 : &c3, bd);
		CHECK(memcmp(plain, src, d.cipher_len) == 0);
	}
	d.src = src;
	d.dst = dst;
	sec2_make_bd3(&d, bd);
	((struct sec2_bd3 *)(void *)bd)->auth_mac_key = (uint32_t)HW_PREP(BD3_CTR_MODE, 1);
	run(&c3, bd);
	CHECK(error_of(bd) != 0);
}

/* The tag of CCM put together at once, for lengths that no vector has. */
static void
test_sm4_ccm_lengths(void)
{
	const struct sec2_alg *cbc = find_alg("SM4-CBC"), *ecb = find_alg("SM4-ECB");
	const struct sec2_alg ccm = { "SM4", SEC2_CALG_SM4, SEC2_CMODE_CCM, 0, 16, 12, 0, 1, 0, false };
	static const uint8_t zero[16];
	static uint8_t whole[8192], out[8192];
	struct sec2_op_desc d = { .cipher = &ccm, .aead = true, .enc = true, .mac_len = 16, .src = src,
		.dst = dst, .de = 1, .ckey = ckey, .civ = civ, .aiv = aiv, .mac_addr = mac };
	uint8_t bd[128], nonce[12], s0[16];
	unsigned int i, j;

	for (i = 0; i < 40; i++) {
		uint32_t at = 16;

		d.auth_len = d.cipher_off = i % 4 == 0 ? 0 : rnd() % 2000;
		d.cipher_len = i % 5 == 0 ? 0 : rnd() % 3000;
		rnd_fill(ckey, 16);
		rnd_fill(nonce, sizeof(nonce));
		rnd_fill(src, sizeof(src));
		make_ccm_blocks(nonce, 12, d.auth_len, d.cipher_len, 16, civ, aiv);
		memset(whole, 0, sizeof(whole));
		memcpy(whole, aiv, 16);
		if (d.auth_len > 0) {
			whole[at++] = (uint8_t)(d.auth_len >> 8);
			whole[at++] = (uint8_t)d.auth_len;
			memcpy(whole + at, src, d.auth_len);
			at = (at + d.auth_len + 15) / 16 * 16;
		}
		memcpy(whole + at, src + d.cipher_off, d.cipher_len);
		at = (at + d.cipher_len + 15) / 16 * 16;
		ref_cipher(cbc, ckey, zero, true, whole, out, at);
		sec2_make_bd3(&d, bd);
		run_ok(&c3, bd);
		civ[15] = 0;
		ref_cipher(ecb, ckey, NULL, true, civ, s0, 16);
		for (j = 0; j < 16; j++)
			CHECK(mac[j] == (s0[j] ^ out[at - 16 + j]));
	}
}

/* ------------------------------------------------------------------ digests in parts */

static void
set_stream(struct client *c, void *bd, bool more, bool pad, uint64_t total_bits)
{
	struct sec2_bd3 *bd3 = bd;
	struct sec2_bd2 *bd2 = bd;

	if (c == &c2) {
		bd2->ai_apad_cs = (uint8_t)(HW_PREP(BD2_AI_GEN, more) | HW_PREP(BD2_A_PAD, !pad));
		bd2->long_a_data_len = total_bits;
	} else {
		bd3->auth_mac_key |= (uint32_t)HW_PREP(BD3_AI_GEN, more);
		bd3->stream.auth_pad = (uint8_t)HW_PREP(BD3_AUTH_PAD, !pad);
		bd3->stream.long_a_data_len = total_bits;
	}
}

static void
long_hash(struct client *c, const struct sec2_mac *m, unsigned int parts, uint32_t last_len)
{
	uint32_t part = m->block * 3u, total = part * parts + last_len, at = 0;
	struct sec2_op_desc d = { .mac = m, .scene = c == &c2 ? 1 : 7, .akey = akey, .aiv = mac,
		.mac_addr = mac };
	uint8_t want[64], bd[128];
	bool hmac = m->alg >= SEC2_AALG_HMAC;

	rnd_fill(src, total);
	rnd_fill(akey, sizeof(akey));
	d.akey_len = hmac ? rnd() % (m->block / 4 + 1) * 4 : 0;
	ref_mac(m, akey, d.akey_len, NULL, src, total, want);
	for (;;) {
		bool last = at == part * parts;

		d.src = src + at;
		d.auth_len = last ? last_len : part;
		d.mac_len = last ? m->len : hmac ? m->len : 4;
		(c == &c2 ? sec2_make_bd2 : sec2_make_bd3)(&d, bd);
		set_stream(c, bd, at != 0, last, last ? (uint64_t)total * 8 : 0);
		run_ok(c, bd);
		at += d.auth_len;
		if (last)
			break;
	}
	CHECK(memcmp(mac, want, m->len) == 0);
}

static void
test_long_hash(void)
{
	unsigned int i, parts;

	for (i = 0; i < nb_test_macs; i++) {
		const struct sec2_mac *m = &test_macs[i];
		unsigned int alg = m->alg & 0xf;

		if (m->alg >= SEC2_AALG_AES_XCBC || alg >= SEC2_AALG_SHA512_224)
			continue;
		for (parts = 1; parts < 5; parts++) {
			long_hash(&c3, m, parts, rnd() % 300);
			long_hash(&c3, m, parts, 0);
			long_hash(&c2, m, parts, 1 + rnd() % 300);
			long_hash(&c2, m, parts, 0);
		}
	}
}

/* ------------------------------------------------------------------ GCM in parts */

static void
set_counter(uint8_t *block, uint32_t n)
{
	block[12] = (uint8_t)(n >> 24);
	block[13] = (uint8_t)(n >> 16);
	block[14] = (uint8_t)(n >> 8);
	block[15] = (uint8_t)n;
}

/* As a driver on v5 does it: first, middles of whole blocks, end. */
static void
gcm_stream(const struct sec2_alg *a, bool enc, bool bad, uint32_t aad_len, unsigned int middles,
	   uint32_t end_len)
{
	const struct sec2_mac gmac = { "GMAC", SEC2_AALG_AES_GMAC, 16, 0, false };
	static uint8_t plain[2048], coded[2048], want_tag[16];
	uint32_t total = middles * 208 + end_len, at = 0, counter = 1;
	struct sec2_op_desc first = { .mac = &gmac, .mac_len = 16, .akey_len = a->key_len,
		.akey = ckey, .src = src, .auth_len = aad_len, .mac_addr = mac, .scene = 7 };
	struct sec2_op_desc d = { .cipher = a, .aead = true, .enc = enc, .mac_len = 16, .akey = ckey,
		.de = 1, .civ = civ, .aiv = mac, .mac_addr = mac, .scene = 7 };
	uint8_t bd[128], tag[16];
	struct sec2_bd3 *b = (struct sec2_bd3 *)(void *)bd;

	rnd_fill(ckey, sizeof(ckey));
	rnd_fill(civ, 12);
	rnd_fill(src, aad_len);
	rnd_fill(plain, total);
	ref_aead(a, ckey, civ, 12, src, aad_len, plain, coded, total, want_tag, 16);
	sec2_make_bd3(&first, bd);
	set_stream(&c5, bd, false, false, 0);
	run_ok(&c5, bd);
	for (; at < middles * 208; at += 208) {
		set_counter(civ, counter);
		d.src = (enc ? plain : coded) + at;
		d.dst = dst + at;
		d.cipher_len = 208;
		sec2_make_bd3(&d, bd);
		b->auth_mac_key |= (uint32_t)HW_PREP(BD3_AI_GEN, 1);
		set_stream(&c5, bd, true, false, 0);
		run_ok(&c5, bd);
		counter += 13;
	}
	memset(aiv, 0, sizeof(aiv));
	memcpy(aiv, civ, 12);
	set_counter(aiv, 1);
	memcpy(aiv + 32, mac, 16);
	set_counter(civ, counter);
	memcpy(tag, want_tag, 16);
	tag[5] ^= bad;
	d.src = (enc ? plain : coded) + at;
	d.dst = dst + at;
	d.cipher_len = end_len;
	d.aiv = aiv;
	d.mac_addr = tag;
	sec2_make_bd3(&d, bd);
	set_stream(&c5, bd, true, true, aad_len | (uint64_t)total << 24);
	b->stream.auth_pad |= BD3_MAC_SEL;
	run_ok(&c5, bd);
	CHECK(memcmp(dst, enc ? coded : plain, total) == 0);
	if (enc)
		CHECK(memcmp(tag, want_tag, 16) == 0);
	else
		CHECK((HW_GET(SEC2_RES_ICV, b->result) == SEC2_ICV_MISMATCH) == bad);
}

static void
test_gcm_stream(bool have_ghash)
{
	unsigned int i, m;
	uint8_t bd[128];
	struct sec2_op_desc d = { .cipher = find_alg("AES-128-GCM"), .aead = true, .enc = true,
		.mac_len = 16, .akey = ckey, .de = 1, .civ = civ, .aiv = mac, .mac_addr = mac,
		.scene = 7, .cipher_len = 32, .src = src, .dst = dst };

	if (!have_ghash) {
		sec2_make_bd3(&d, bd);
		run(&c5, bd);
		CHECK(error_of(bd) != 0);
		return;
	}
	for (i = 0; i < 3; i++)
		for (m = 0; m < 4; m++) {
			gcm_stream(&test_aeads[i], true, false, 1 + rnd() % 60, m, 1 + rnd() % 100);
			gcm_stream(&test_aeads[i], false, false, 1 + rnd() % 60, m, 1 + rnd() % 100);
			gcm_stream(&test_aeads[i], false, true, 1 + rnd() % 60, m, 1 + rnd() % 100);
		}
}

/* ------------------------------------------------------------------ refusals */

static void
test_limits(void)
{
	struct sec2_op_desc cbc = { .cipher = find_alg("AES-128-CBC"), .enc = true, .src = src, .dst = dst,
		.de = 1, .ckey = ckey, .civ = civ, .cipher_len = 64, .akey = akey, .mac_addr = mac };
	struct sec2_op_desc gcm = cbc, d;
	const struct sec2_mac wrong = { "SHA1", 0x3f, 20, 64, true };
	struct sec2_alg alg = *cbc.cipher;

	gcm.cipher = find_alg("AES-128-GCM");
	gcm.aead = true;
	gcm.mac_len = 16;
#define BAD(base, field, value) (d = base, d.field = value, refuse(&c3, &d))
	BAD(cbc, cipher_len, 0);
	BAD(cbc, cipher_len, 63);
	BAD(cbc, cipher_len, SEC2_MAX_LEN + 1);
	BAD(cbc, src, NULL);
	BAD(cbc, dst, NULL);
	BAD(cbc, ckey, NULL);
	BAD(cbc, civ, NULL);
	BAD(cbc, scene, 5);
	BAD(cbc, src_type, SEC2_ADDR_PRP);
	BAD(cbc, dst_type, SEC2_ADDR_PRP);
	BAD(cbc, mac, &wrong);
	BAD(cbc, cipher, NULL);
	BAD(gcm, mac_len, 7);
	BAD(gcm, mac_len, 17);
	BAD(gcm, mac_addr, NULL);
	BAD(gcm, auth_len, SEC2_MAX_LEN);
	alg.key_code = 3;
	BAD(cbc, cipher, &alg);
#undef BAD
}

/* On both sides of a limit. */
static void
test_legal(void)
{
	struct sec2_op_desc d = { .cipher = find_alg("AES-128-XTS"), .enc = true, .src = src, .dst = dst,
		.de = 1, .ckey = ckey, .civ = civ, .cipher_len = 64 };
	struct sec2_alg alg = *d.cipher;
	uint8_t bd[128];

	rnd_fill(ckey, sizeof(ckey));
	sec2_make_bd3(&d, bd);
	run_ok(&c3, bd);
	d.cipher_len = 15;
	refuse(&c3, &d);
	d.cipher_len = 64;
	alg.key_code = SEC2_CKEY_192;
	d.cipher = &alg;
	refuse(&c3, &d);
	d.cipher = find_alg("AES-128-CBC-CTS");
	d.cipher_len = 16;
	refuse(&c3, &d);
	d.cipher = find_alg("AES-128-CTR");       /* not on v2 */
	refuse(&c2, &d);
	sec2_make_bd3(&d, bd);
	run_ok(&c3, bd);
}

static void
test_mac_limits(void)
{
	struct sec2_op_desc d = { .mac = &test_macs[3], .mac_len = 20, .akey_len = 64, .akey = akey,
		.src = src, .auth_len = 10, .mac_addr = mac };
	uint8_t bd[128];

	CHECK(test_macs[3].alg == SEC2_AALG_HMAC + SEC2_AALG_SHA1);
	sec2_make_bd3(&d, bd);
	run_ok(&c3, bd);
	d.akey_len = 68;
	refuse(&c3, &d);
	d.akey_len = 64;
	d.mac_len = 24;
	refuse(&c3, &d);
	d.mac_len = 20;
	d.akey = NULL;
	refuse(&c3, &d);
	d.akey = akey;
	d.auth_len = 0;         /* the older hardware cannot */
	refuse(&c2, &d);
	sec2_make_bd3(&d, bd);
	run_ok(&c3, bd);
}

static void
test_bad_types(void)
{
	struct sec2_op_desc d = { .cipher = find_alg("AES-128-CBC"), .enc = true, .src = src, .dst = dst,
		.de = 1, .ckey = ckey, .civ = civ, .cipher_len = 64 };
	uint8_t bd[128];
	unsigned int i;

	/* Descriptors of the other type, of none, and noise: an error or a result, never a crash. */
	sec2_make_bd2(&d, bd);
	run(&c3, bd);
	CHECK(error_of(bd) != 0);
	sec2_make_bd3(&d, bd);
	run(&c2, bd);
	CHECK(error_of(bd) != 0);
	memset(bd, 0, sizeof(bd));
	run(&c3, bd);
	CHECK(error_of(bd) != 0);
	/* The no-op at the end of a GCM stream. */
	d.invalid = true;
	d.src = NULL;
	sec2_make_bd3(&d, bd);
	run_ok(&c3, bd);
	sec2_make_bd2(&d, bd);
	run_ok(&c2, bd);
	/* Noise in the bits that say what to do, with addresses that exist. */
	d.invalid = false;
	d.src = src;
	d.dst = dst;
	d.akey = akey;
	d.aiv = aiv;
	d.mac_addr = mac;
	for (i = 0; i < 200000; i++) {
		struct sec2_bd3 *b = (struct sec2_bd3 *)(void *)bd;

		sec2_make_bd3(&d, bd);
		b->bd_param = (uint32_t)(3 | HW_PREP(BD3_SCENE, rnd() % 9) | HW_PREP(BD3_DE, rnd() % 3));
		b->c_icv_key = (uint16_t)rnd();
		b->c_mode_alg = (uint8_t)rnd();
		b->huk_iv_seq = (uint8_t)rnd();
		b->auth_mac_key = (uint32_t)rnd();
		b->a_len_key = rnd() % 3 ? rnd() % 1000 : (uint32_t)rnd() & 0xff000000;
		b->c_len_ivin = rnd() % 3 ? rnd() % 64 * 16 : rnd() % 1000;
		b->auth_src_offset = rnd() % 100;
		b->cipher_src_offset = rnd() % 100;
		rnd_fill(&b->stream, 12);
		run(&c3, bd);
	}
}

/* Lists that lie: too short, without end, misaligned. */
static void
test_bad_lists(void)
{
	static struct {
		struct hisi_sgl head;
		struct hisi_sgl_entry e[4];
	} list __attribute__((aligned(64)));
	struct sec2_op_desc d = { .cipher = find_alg("AES-128-CBC"), .enc = true, .src = &list, .dst = dst,
		.src_type = SEC2_ADDR_SGL, .de = 1, .ckey = ckey, .civ = civ, .cipher_len = 64 };
	uint8_t bd[128];

	list.head.entry_sum_in_sgl = 1;
	list.e[0].addr = (uintptr_t)src;
	list.e[0].len = 64;
	sec2_make_bd3(&d, bd);
	run_ok(&c3, bd);
	list.e[0].len = 63;
	refuse(&c3, &d);
	list.head.next_dma = (uintptr_t)&list;  /* for ever, but nothing in it */
	list.head.entry_sum_in_sgl = 0;
	refuse(&c3, &d);
	list.head.next_dma = (uintptr_t)&list + 8;
	refuse(&c3, &d);
	list.head.next_dma = 0;
	list.head.entry_sum_in_sgl = 256;
	refuse(&c3, &d);
	list.head.entry_sum_in_sgl = 2;
	list.e[1].addr = 0;
	list.e[1].len = 64;
	refuse(&c3, &d);
	list.e[1].addr = (uintptr_t)src;
	list.e[1].len = HISI_SGL_MAX_ENTRY_LEN + 1;
	refuse(&c3, &d);
	list.e[1].len = 0;
	refuse(&c3, &d);
	d.src = (uint8_t *)&list + 4;
	refuse(&c3, &d);
	d.src = NULL;
	refuse(&c3, &d);
}

/* AES-GCM alone, and one library alone, can be written to what can only be read. */
static void
test_read_only(void)
{
	struct sec2_op_desc good = { .cipher = find_alg("AES-128-GCM"), .aead = true, .enc = true,
		.src = src, .dst = dst, .de = 1, .ckey = ckey, .civ = civ, .cipher_len = 64,
		.mac_len = 16, .mac_addr = mac }, bad = good;
	uint8_t *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t bd[128], want[64], tag[16];

	CHECK(page != MAP_FAILED);
	bad.dst = page;
	refuse(&c3, &bad);
	bad.src = page;
	bad.de = 0;
	refuse(&c3, &bad);
	bad = good;
	bad.mac_addr = page;
	sec2_make_bd3(&bad, bd);
	run(&c3, bd);
	CHECK(error_of(bd) != 0);
	munmap(page, 4096);
	ref_aead(good.cipher, ckey, civ, 12, NULL, 0, src, want, 64, tag, 16);
	sec2_make_bd3(&good, bd);
	run_ok(&c3, bd);
	CHECK(memcmp(dst, want, 64) == 0 && memcmp(mac, tag, 16) == 0);
}

/* Addresses of nothing: an error of that request alone, whatever part of it they are. */
static void
test_wild_addresses(void)
{
	struct sec2_op_desc good = { .cipher = find_alg("AES-128-CBC"), .enc = true, .src = src, .dst = dst,
		.de = 1, .ckey = ckey, .civ = civ, .cipher_len = 64, .mac = &test_macs[3], .mac_len = 20,
		.akey_len = 20, .akey = akey, .auth_len = 64, .mac_addr = mac };
	struct sec2_op_desc gcm = { .cipher = find_alg("AES-128-GCM"), .aead = true, .enc = true,
		.src = src, .dst = dst, .de = 1, .ckey = ckey, .civ = civ, .cipher_len = 64, .auth_len = 16,
		.cipher_off = 16, .mac_len = 16, .mac_addr = mac };
	static struct {
		struct hisi_sgl head;
		struct hisi_sgl_entry e[4];
	} list __attribute__((aligned(64)));
	uint8_t *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const void *wild[3] = { (void *)0x123456789000, (void *)(uintptr_t)-4096, NULL };
	uint8_t bd[128], want[64], tag[16];
	unsigned int i;

	CHECK(hole != MAP_FAILED && munmap(hole + 4096, 4096) == 0);
	wild[2] = hole + 4096 - 8;      /* begins well */
	ref_cipher(good.cipher, ckey, civ, true, src, want, 64);
#define WILD(base, field) do { \
		struct sec2_op_desc d = base; \
		d.field = wild[i]; \
		refuse(&c3, &d); \
		if (!d.aead) \
			refuse(&c2, &d); \
	} while (0)
	for (i = 0; i < 3; i++) {
		WILD(good, src);
		WILD(good, dst);
		WILD(good, ckey);
		WILD(good, akey);
		WILD(good, civ);
		WILD(good, mac_addr);
		WILD(gcm, src);
		WILD(gcm, dst);
		WILD(gcm, ckey);
		WILD(gcm, civ);
		WILD(gcm, mac_addr);
	}
#undef WILD
	/* Lists, and what they list. */
	good.src = (void *)0x123456780000;
	good.src_type = SEC2_ADDR_SGL;
	refuse(&c3, &good);
	list.head.entry_sum_in_sgl = 2;
	list.e[0].addr = (uintptr_t)src;
	list.e[0].len = 32;
	list.e[1].addr = 0x123456789000;
	list.e[1].len = 64;
	good.src = &list;
	refuse(&c3, &good);
	/* Output in pieces is found out late: what is there already has been written. */
	good.src = src;
	good.src_type = SEC2_ADDR_FLAT;
	good.dst = &list;
	good.dst_type = SEC2_ADDR_SGL;
	sec2_make_bd3(&good, bd);
	run(&c3, bd);
	CHECK(error_of(bd) != 0);
	/* The device works as before. */
	good.dst = dst;
	good.dst_type = SEC2_ADDR_FLAT;
	memset(dst, 0, 64);
	ref_cipher(good.cipher, ckey, civ, true, src, want, 64);
	sec2_make_bd3(&good, bd);
	run_ok(&c3, bd);
	CHECK(memcmp(dst, want, 64) == 0);
	ref_aead(gcm.cipher, ckey, civ, 12, src, 16, src + 16, want, 64, tag, 16);
	sec2_make_bd3(&gcm, bd);
	run_ok(&c3, bd);
	CHECK(memcmp(dst + 16, want, 64) == 0 && memcmp(mac, tag, 16) == 0);
	munmap(hole, 4096);
}

/* More scratch memory than a batch starts with. */
static void
test_large(void)
{
	static struct {
		struct hisi_sgl head;
		struct hisi_sgl_entry e[4];
	} list __attribute__((aligned(64)));
	uint32_t len = SEC2_MAX_LEN & ~15u, i;
	uint8_t *in = malloc(len), *out = malloc(len), *want = malloc(len), bd[128];
	struct sec2_op_desc d = { .cipher = find_alg("AES-256-CBC"), .enc = true, .src = &list, .dst = out,
		.src_type = SEC2_ADDR_SGL, .de = 1, .ckey = ckey, .civ = civ, .cipher_len = len };

	CHECK(in != NULL && out != NULL && want != NULL);
	rnd_fill(in, len);
	list.head.entry_sum_in_sgl = 4;
	for (i = 0; i < 4; i++) {
		list.e[i].addr = (uintptr_t)in + (uint64_t)(len / 4) * i;
		list.e[i].len = len / 4;
	}
	sec2_make_bd3(&d, bd);
	run_ok(&c3, bd);
	ref_cipher(d.cipher, ckey, civ, true, in, want, len);
	CHECK(memcmp(out, want, len) == 0);
	free(in);
	free(out);
	free(want);
}

int
main(int argc, char **argv)
{
	char options[64];

	CHECK(argc == 2);
	snprintf(options, sizeof(options), "hw=v2,engine=%s", argv[1]);
	client_open(&c2, "sec2", options, 0);
	options[4] = '3';
	client_open(&c3, "sec2", options, 0);
	options[4] = '5';
	client_open(&c5, "sec2", options, 0);
	test_xcbc();
	test_sm4_aead();
	test_sm4_ccm_lengths();
	test_sm4_xts();
	test_long_hash();
	test_gcm_stream(strcmp(argv[1], "openssl") != 0);
	test_legal();
	test_mac_limits();
	test_bad_lists();
	test_wild_addresses();
	if (strcmp(argv[1], "ipsec_mb") == 0)
		test_read_only();
	test_large();
	test_bad_types();
	test_limits();
	client_close(&c5);
	client_close(&c3);
	client_close(&c2);
	return 0;
}
