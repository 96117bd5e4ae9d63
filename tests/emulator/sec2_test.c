/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEC2 by random requests: every algorithm, in place and not, flat and in lists, alone and in
 * chains; expected results come from OpenSSL directly. Batches mix requests on several queues.
 * Arguments: hardware ("v2", "v3"), engine, rounds, seed.
 */
#include <string.h>

#include "client.h"
#include "sec2_ops.h"

#define MAX_DATA        6000
#define GUARD           64
#define BUF             (GUARD + MAX_DATA + GUARD)
#define MAX_SEGS        8
#define NB_QUEUES       3
#define BATCH           50

struct sgl {
	struct hisi_sgl head;
	struct hisi_sgl_entry e[MAX_SEGS];
} __attribute__((aligned(64)));

/* One request with its memory. */
struct op {
	struct sec2_op_desc d;
	uint8_t src[BUF], dst[BUF];             /* what the device sees, guards around */
	uint8_t want_src[BUF], want_dst[BUF];
	uint8_t want_mac[64], mac[64];
	uint8_t ckey[64], akey[128], civ[16], aiv[16];
	struct sgl sgl[4];                      /* two lists of two parts */
	bool bad_tag;
	int q;
	uint16_t slot;
};

static struct op ops[BATCH];
static struct client queues[NB_QUEUES];
static unsigned int hw;

static uint32_t
random_len(const struct sec2_alg *a)
{
	static const uint32_t usual[] = { 16, 64, 128, 256, 1408, 2048 };
	uint32_t len = rnd() % 3 == 0 ? usual[rnd() % 6] : rnd() % 4 == 0 ? rnd() % 5000 :
		rnd() % 300;

	len -= len % a->unit;
	return len < a->min ? a->min : len;
}

/* Random pieces of [0, len) at data, over one or two lists. Returns the list. */
static void *
make_sgl(struct sgl *s, uint8_t *data, uint32_t len)
{
	unsigned int n = 1 + rnd() % (2 * MAX_SEGS - 1), i;
	uint32_t at = 0, part;

	memset(s, 0, 2 * sizeof(*s));
	for (i = 0; i < n && at < len; i++) {
		struct sgl *list = &s[i / MAX_SEGS];

		part = i == n - 1 || i == 2 * MAX_SEGS - 1 ? len - at : 1 + rnd() % (len - at);
		list->e[i % MAX_SEGS].addr = (uintptr_t)(data + at);
		list->e[i % MAX_SEGS].len = part;
		list->head.entry_sum_in_sgl = (uint16_t)(i % MAX_SEGS + 1);
		at += part;
		if (i == MAX_SEGS)
			s[0].head.next_dma = (uintptr_t)&s[1];
	}
	s[0].head.entry_sum_in_chain = 2 * 255;
	s[0].head.entry_length_in_sgl = s[1].head.entry_length_in_sgl = 255;
	return s;
}

/* Addresses of the data, in the layout that the dice choose. total: bytes of the source used. */
static void
layout(struct op *o, uint32_t total)
{
	unsigned int kind = rnd() % 6;
	uint8_t *dst = o->d.de ? o->dst + GUARD : o->src + GUARD;

	o->d.src = o->src + GUARD;
	o->d.dst = o->d.de ? dst : NULL;
	if (total == 0 || kind < 3)
		return;
	if (kind != 4) {
		o->d.src_type = SEC2_ADDR_SGL;
		o->d.src = make_sgl(&o->sgl[0], o->src + GUARD, total);
	}
	if (kind != 3 && o->d.de) {
		o->d.dst_type = SEC2_ADDR_SGL;
		o->d.dst = make_sgl(&o->sgl[2], dst, total);
	}
}

static uint8_t *
want_out(struct op *o)
{
	return (o->d.de ? o->want_dst : o->want_src) + GUARD + o->d.cipher_off;
}

static void
new_op(struct op *o)
{
	memset(&o->d, 0, sizeof(o->d));
	rnd_fill(o->src, sizeof(o->src));
	rnd_fill(o->dst, sizeof(o->dst));
	rnd_fill(o->ckey, sizeof(o->ckey));
	rnd_fill(o->akey, sizeof(o->akey));
	rnd_fill(o->civ, sizeof(o->civ));
	rnd_fill(o->aiv, sizeof(o->aiv));
	rnd_fill(o->mac, sizeof(o->mac));
	if (rnd() % 2)          /* the counter runs over at any width */
		memset(o->civ + 4 + rnd() % 8, 0xff, 4);
	if (rnd() % 4 == 0)
		memset(o->civ, 0xff, 16);
	memcpy(o->want_src, o->src, sizeof(o->src));
	memcpy(o->want_dst, o->dst, sizeof(o->dst));
	memcpy(o->want_mac, o->mac, sizeof(o->mac));
	o->d.scene = rnd() % 2;
	o->d.enc = rnd() % 2;
	o->d.de = rnd() % 2;
	o->bad_tag = false;
	o->d.ckey = o->ckey;
	o->d.akey = o->akey;
	o->d.civ = o->civ;
	o->d.aiv = o->aiv;
	o->d.mac_addr = o->mac;
	o->d.tag = rnd();
}

/* The digest over what is in image, into the expected MAC; or into the MAC, to be verified. */
static void
expect_mac(struct op *o, const uint8_t *image)
{
	const struct sec2_mac *m = o->d.mac;
	uint8_t digest[64];

	ref_mac(m, o->akey, o->d.akey_len, o->aiv, image, o->d.auth_len, digest);
	memcpy(o->want_mac, digest, o->d.mac_len);
	if (!o->d.verify)
		return;
	memcpy(o->mac, digest, o->d.mac_len);
	o->bad_tag = rnd() % 3 == 0;
	if (o->bad_tag)
		o->mac[rnd() % o->d.mac_len] ^= (uint8_t)(1u << rnd() % 8);
	memcpy(o->want_mac, o->mac, sizeof(o->mac));
}

static void
choose_mac(struct op *o, bool chain)
{
	const struct sec2_mac *m;

	do
		m = &test_macs[rnd() % nb_test_macs];
	while ((hw == 2 && !m->v2) || (chain && m->alg == SEC2_AALG_AES_GMAC));
	o->d.mac = m;
	o->d.verify = rnd() % 2;
	o->d.mac_len = rnd() % 2 ? m->len : 4 + rnd() % (m->len / 4) * 4;
	if (m->alg == SEC2_AALG_AES_CMAC)
		o->d.akey_len = 16;
	else if (m->alg == SEC2_AALG_AES_GMAC)
		o->d.akey_len = 16 + 8 * (rnd() % 3);
	else if (m->alg < SEC2_AALG_HMAC || m->alg == SEC2_AALG_SM3)
		o->d.akey_len = 0;
	else
		o->d.akey_len = rnd() % 3 == 0 ? m->block : rnd() % (m->block / 4 + 1) * 4;
}

static void
choose_cipher(struct op *o)
{
	do
		o->d.cipher = &test_ciphers[rnd() % nb_test_ciphers];
	while (hw == 2 && !o->d.cipher->v2);
	o->d.cipher_len = random_len(o->d.cipher);
}

static void
run_ref_cipher(struct op *o, const uint8_t *in, uint8_t *out)
{
	ref_cipher(o->d.cipher, o->ckey, o->civ, o->d.enc, in, out, o->d.cipher_len);
}

static void
make_cipher(struct op *o)
{
	choose_cipher(o);
	o->d.cipher_off = rnd() % 2 ? rnd() % 100 : 0;
	layout(o, o->d.cipher_off + o->d.cipher_len);
	run_ref_cipher(o, o->src + GUARD + o->d.cipher_off, want_out(o));
}

static void
make_auth(struct op *o)
{
	static const struct sec2_alg any = { .unit = 1, .min = 1 };

	choose_mac(o, false);
	o->d.de = 0;
	o->d.auth_len = random_len(&any);
	if (hw == 3 && rnd() % 8 == 0 && o->d.mac->alg != SEC2_AALG_AES_CMAC)
		o->d.auth_len = 0;
	o->d.auth_off = rnd() % 2 ? rnd() % 100 : 0;
	if (hw == 3 && o->d.mac->alg != SEC2_AALG_AES_GMAC)
		o->d.scene = rnd() % 2 ? 7 : 0;
	layout(o, o->d.auth_off + o->d.auth_len);
	expect_mac(o, o->src + GUARD + o->d.auth_off);
}

/* Cipher and MAC regions lie in any way to each other. */
static void
make_chain(struct op *o)
{
	static uint8_t image[BUF];
	uint32_t total;

	choose_cipher(o);
	choose_mac(o, true);
	o->d.auth_first = rnd() % 2;
	o->d.cipher_off = rnd() % 3 ? rnd() % 64 : 0;
	switch (rnd() % 4) {
	case 0:                 /* the same */
		o->d.auth_off = o->d.cipher_off;
		o->d.auth_len = o->d.cipher_len;
		break;
	case 1:                 /* all up to the end, as IPsec has it */
		o->d.auth_len = o->d.cipher_off + o->d.cipher_len;
		break;
	default:
		o->d.auth_off = rnd() % 200;
		o->d.auth_len = 1 + rnd() % 700;
	}
	total = o->d.cipher_off + o->d.cipher_len;
	if (o->d.auth_off + o->d.auth_len > total)
		total = o->d.auth_off + o->d.auth_len;
	layout(o, total);
	memcpy(image, o->src, sizeof(image));
	run_ref_cipher(o, o->src + GUARD + o->d.cipher_off, want_out(o));
	if (!o->d.auth_first)
		memcpy(image + GUARD + o->d.cipher_off, want_out(o), o->d.cipher_len);
	expect_mac(o, image + GUARD + o->d.auth_off);
}

static void
make_aead(struct op *o)
{
	static uint8_t plain[MAX_DATA], coded[MAX_DATA];
	unsigned int nonce_len = 12;
	uint8_t nonce[16], tag[16];
	const struct sec2_alg *a = &test_aeads[rnd() % nb_test_aeads];
	bool ccm = a->mode == SEC2_CMODE_CCM;

	o->d.cipher = a;
	o->d.aead = true;
	o->d.mac_len = ccm ? 4 + 2 * (rnd() % 7) : 8 + rnd() % 9;
	o->d.auth_len = rnd() % 4 == 0 ? 0 : rnd() % 8 == 0 ? rnd() % 900 : 1 + rnd() % 32;
	o->d.cipher_len = random_len(a);
	if (hw == 2 && o->d.cipher_len == 0)
		o->d.cipher_len = 1;
	o->d.cipher_off = o->d.auth_len;
	o->d.auth_first = !o->d.enc;
	memcpy(nonce, o->civ, sizeof(nonce));
	if (ccm) {
		nonce_len = 7 + rnd() % 7;
		make_ccm_blocks(nonce, nonce_len, o->d.auth_len, o->d.cipher_len, o->d.mac_len,
			o->civ, o->aiv);
	}
	rnd_fill(plain, o->d.cipher_len);
	ref_aead(a, o->ckey, nonce, nonce_len, o->src + GUARD, o->d.auth_len, plain, coded,
		o->d.cipher_len, tag, o->d.mac_len);
	memcpy(o->src + GUARD + o->d.cipher_off, o->d.enc ? plain : coded, o->d.cipher_len);
	memcpy(o->want_src, o->src, sizeof(o->src));
	memcpy(want_out(o), o->d.enc ? coded : plain, o->d.cipher_len);
	if (!o->d.enc) {
		memcpy(o->mac, tag, o->d.mac_len);
		o->bad_tag = rnd() % 3 == 0;
		if (o->bad_tag)
			o->mac[rnd() % o->d.mac_len] ^= (uint8_t)(1u << rnd() % 8);
	}
	memcpy(o->want_mac, o->mac, sizeof(o->mac));
	if (o->d.enc)
		memcpy(o->want_mac, tag, o->d.mac_len);
	layout(o, o->d.cipher_off + o->d.cipher_len);
	if (!o->d.enc)
		o->d.verify = true;
}

static void
describe(const struct op *o, const char *what)
{
	fprintf(stderr, "%s: cipher %s mac %s alg %#x enc %d verify %d first %d de %d types %u/%u "
		"cipher %u+%u auth %u+%u mac_len %u akey_len %u bad %d\n", what,
		o->d.cipher ? o->d.cipher->ossl : "-", o->d.mac ? o->d.mac->ossl : "-",
		o->d.mac ? o->d.mac->alg : 0, o->d.enc, o->d.verify, o->d.auth_first, o->d.de,
		o->d.src_type, o->d.dst_type, o->d.cipher_off, o->d.cipher_len, o->d.auth_off,
		o->d.auth_len, o->d.mac_len, o->d.akey_len, o->bad_tag);
	exit(1);
}

static void
check_op(const struct op *o, const void *sqe)
{
	const struct sec2_bd3 *bd = sqe;        /* the result fields are where BD2's are */
	uint64_t tag = hw == 2 ? ((const struct sec2_bd2 *)sqe)->tag : bd->tag;
	bool lost = o->bad_tag && o->d.aead;    /* then OpenSSL may give no plain text */
	unsigned int icv = (unsigned int)HW_GET(SEC2_RES_ICV, bd->result);
	uint8_t got_off = (uint8_t)HW_GET(SEC2_RES_FLAG, bd->result);

	if (tag != (hw == 2 ? o->d.tag & 0xffff : o->d.tag))
		describe(o, "tag");
	if (!(bd->result & SEC2_RES_DONE) || bd->error_type != 0)
		describe(o, "result");
	if (o->d.verify && (icv == SEC2_ICV_MISMATCH) != o->bad_tag)
		describe(o, "icv");
	if (o->d.cipher != NULL && got_off != (o->d.mac != NULL || o->d.aead ? SEC2_FLAG_AEAD :
			SEC2_FLAG_CIPHER))
		describe(o, "flag");
	if (memcmp(o->mac, o->want_mac, sizeof(o->mac)) != 0)
		describe(o, "mac");
	if ((!lost || o->d.de) && memcmp(o->src, o->want_src, sizeof(o->src)) != 0)
		describe(o, "source");
	if (!lost && memcmp(o->dst, o->want_dst, sizeof(o->dst)) != 0)
		describe(o, "destination");
}

static void
round_of_ops(unsigned int n)
{
	uint8_t bd[128], keys[2][64 + 128 + 32];
	unsigned int i;
	int q;

	for (i = 0; i < n; i++) {
		struct op *o = &ops[i];

		new_op(o);
		switch (rnd() % 4) {
		case 0: make_cipher(o); break;
		case 1: make_auth(o); break;
		case 2: make_chain(o); break;
		default: make_aead(o);
		}
		(hw == 2 ? sec2_make_bd2 : sec2_make_bd3)(&o->d, bd);
		o->q = (int)(rnd() % NB_QUEUES);
		o->slot = client_put(&queues[o->q], bd);
	}
	memcpy(keys[0], ops[0].ckey, sizeof(keys[0]));
	for (q = 0; q < NB_QUEUES; q++)
		client_ring(&queues[q]);
	for (i = 0; i < n; i++) {
		CHECK(client_wait(&queues[ops[i].q]) == ops[i].slot);
		check_op(&ops[i], client_slot(&queues[ops[i].q], ops[i].slot));
	}
	memcpy(keys[1], ops[0].ckey, sizeof(keys[1]));
	CHECK(memcmp(keys[0], keys[1], sizeof(keys[0])) == 0);
}

int
main(int argc, char **argv)
{
	unsigned int rounds, i;
	char options[64];

	CHECK(argc == 5);
	hw = (unsigned int)(argv[1][1] - '0');
	rounds = (unsigned int)atoi(argv[3]);
	rnd_seed((uint64_t)atoll(argv[4]));
	snprintf(options, sizeof(options), "hw=%s,engine=%s,depth=128", argv[1], argv[2]);
	client_open(&queues[0], "sec2", options, 0);
	for (i = 1; i < NB_QUEUES; i++)
		client_queue(&queues[i], queues[0].dev, 0);
	if (hw == 5)
		hw = 3;
	for (i = 0; i < rounds; i++)
		round_of_ops(1 + rnd() % BATCH);
	for (i = 1; i < NB_QUEUES; i++)
		client_queue_close(&queues[i]);
	client_close(&queues[0]);
	return 0;
}
