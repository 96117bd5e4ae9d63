/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many descriptors behind one doorbell, AES-GCM and chains of several shapes and keys, among others
 * that are neither or have addresses that nobody can reach: each gets what it gets alone.
 * Arguments: engine, or '' and emu:SOCKET of a daemon, with which memory is shared in pieces here and
 * there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "sec2_ops.h"

#define JOBS            200     /* a multiple of 4 */
#define ROUNDS          300
#define MAX_LEN         600
#define AAD_LEN         16
#define NB_KEYS         3
#define AKEY_LEN        20
#define MAC_LEN         12

/* What is wrong with a job, if anything; each in a field of its own. */
enum wrong { RIGHT, DATA, AAD, LIST, KEY, AKEY, IV, TAG, DESTINATION, NB_WRONG };

enum kind { GCM, CBC, CHAIN, NB_KINDS };

extern const struct wd_transport wd_transport_plugin;

struct job {
	struct hisi_sgl list;
	struct hisi_sgl_entry entries[2];
	uint8_t aad[AAD_LEN], iv[16];
	uint8_t data[MAX_LEN], out[MAX_LEN], tag[16];
	uint8_t want[MAX_LEN], want_tag[16];
	uint32_t len;
	enum wrong wrong;
	enum kind kind;
	uint32_t header;        /* chains: authenticated only, in front */
	bool list_used, forged, enc;
	uint8_t *result;
	unsigned int key;
} __attribute__((aligned(64)));

/* A piece of memory, shared as it is, behind each of which there is nothing. */
struct piece {
	struct job jobs[4];
	uint8_t keys[NB_KEYS][16], akeys[NB_KEYS][AKEY_LEN]; /* those of the first one are used */
};

#define PIECES          (JOBS / 4)
#define PIECE_SIZE      ((sizeof(struct piece) + 4095) / 4096 * 4096)
#define STRIDE          (PIECE_SIZE + 4096)

static uint8_t *memory;
static uint8_t (*keys)[16], (*akeys)[AKEY_LEN];
static bool daemon_used;

static struct job *
job_at(unsigned int i)
{
	return &((struct piece *)(void *)(memory + i / 4 * STRIDE))->jobs[i % 4];
}

static const void *
wild(void)
{
	/* None of them is AddressSanitizer's own. */
	static const uint64_t addrs[] = { 0, 64, 0x123456789000, 0x8000000000000000, (uint64_t)-64 };

	/* Begins well; a device that sees the whole process sees what is behind it, too. */
	if (daemon_used && rnd() % 4 == 0)
		return memory + rnd() % PIECES * STRIDE + PIECE_SIZE - 1;
	return (const void *)(uintptr_t)addrs[rnd() % 5];
}

static void
make_memory(void)
{
	struct piece *first;

	memory = mmap(NULL, PIECES * STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	first = (struct piece *)(void *)memory;
	keys = first->keys;
	akeys = first->akeys;
}

static void
share_memory(const struct client *c)
{
	const struct wd_transport *tr = &wd_transport_plugin;
	int fd = memfd_create("jobs", MFD_CLOEXEC);
	uint64_t offset, addr;
	unsigned int i;

	CHECK(fd >= 0 && ftruncate(fd, (off_t)(PIECES * PIECE_SIZE)) == 0);
	for (i = 0; i < PIECES; i++) {
		void *at = memory + i * STRIDE;

		offset = i * PIECE_SIZE;
		CHECK(mmap(at, PIECE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			(off_t)offset) == at);
		CHECK(tr->share(c->dev, at, PIECE_SIZE, fd, offset, &addr) == 0);
		CHECK(addr == (uintptr_t)at);
	}
	close(fd);
}

static void
make_cbc(struct job *j, struct sec2_op_desc *d)
{
	const struct sec2_alg *a = find_alg("AES-128-CBC");

	j->len = j->len / 16 * 16 + 16;
	j->enc = true;
	j->list_used = j->forged = false;
	if (j->wrong == AAD || j->wrong == LIST || (j->kind == CBC && (j->wrong == TAG || j->wrong == AKEY)))
		j->wrong = RIGHT;
	d->cipher = a;
	d->enc = true;
	d->cipher_len = j->len;
	d->cipher_off = 0;
	d->src = j->data;
	ref_cipher(a, keys[j->key], j->iv, true, j->data, j->want, j->len);
}

static void
make_gcm(struct job *j, struct sec2_op_desc *d)
{
	const struct sec2_alg *a = find_alg("AES-128-GCM");
	uint8_t plain[MAX_LEN];

	memcpy(plain, j->data, sizeof(plain));
	d->cipher = a;
	d->aead = true;
	d->mac_len = 16;
	d->mac_addr = j->tag;
	if (j->wrong == AKEY || (!j->list_used && (j->wrong == LIST || j->wrong == AAD)))
		j->wrong = RIGHT;
	/* Without a list there is no AAD: what is in front of the payload is not this job's. */
	d->auth_len = j->list_used ? AAD_LEN : 0;
	d->cipher_off = d->auth_len;
	ref_aead(a, keys[j->key], j->iv, 12, j->aad, d->auth_len, plain, j->want, j->len, j->want_tag,
		16);
	if (!j->enc) {
		memcpy(j->data, j->want, j->len);
		memcpy(j->want, plain, j->len);
		memcpy(j->tag, j->want_tag, 16);
		j->tag[rnd() % 16] ^= (uint8_t)(j->forged ? 1 << rnd() % 8 : 0);
	}
	d->src = j->data;
	if (!j->list_used)
		return;
	j->list = (struct hisi_sgl){ .entry_sum_in_chain = 2, .entry_sum_in_sgl = 2,
		.entry_length_in_sgl = 2 };
	j->entries[0] = (struct hisi_sgl_entry){ .addr = (uintptr_t)j->aad, .len = AAD_LEN };
	j->entries[1] = (struct hisi_sgl_entry){ .addr = (uintptr_t)j->data, .len = j->len };
	if (j->wrong == DATA)
		j->entries[1].addr = (uintptr_t)wild();
	if (j->wrong == AAD)
		j->entries[0].addr = (uintptr_t)wild();
	d->src = j->wrong == LIST ? wild() : &j->list;
	d->src_type = SEC2_ADDR_SGL;
}

/*
 * An HMAC of what goes into the cipher or comes out of it, to be written or compared: of a header and
 * all of the data, or of the data but for its first block.
 */
static void
make_chain(struct job *j, bool calm, struct sec2_op_desc *d)
{
	static const uint8_t hmacs[] = { SEC2_AALG_HMAC + SEC2_AALG_SHA1, SEC2_AALG_HMAC + SEC2_AALG_SHA256 };
	unsigned int i, alg = hmacs[!calm && rnd() % 8 == 0];
	uint8_t mac[64];

	make_cbc(j, d);
	for (i = 0; test_macs[i].alg != alg; i++)
		CHECK(i < nb_test_macs);
	d->enc = calm || rnd() % 3 != 0;
	d->auth_first = !calm && rnd() % 8 == 0 ? d->enc : !d->enc;
	d->verify = !calm && rnd() % 8 == 0 ? d->enc : !d->enc;
	j->header = (uint32_t)(rnd() % 3 * 8);
	if (j->len + j->header > MAX_LEN)
		j->header = 0;
	d->auth_off = j->header == 0 && j->len > 16 ? 16 : 0;
	d->auth_len = j->header + j->len - d->auth_off;
	memcpy(j->want, j->data, j->header);
	ref_cipher(d->cipher, keys[j->key], j->iv, d->enc, j->data + j->header, j->want + j->header,
		j->len);
	ref_mac(&test_macs[i], akeys[j->key], AKEY_LEN, j->iv,
		(d->auth_first ? j->data : j->want) + d->auth_off, d->auth_len, mac);
	memcpy(j->want_tag, mac, MAC_LEN);
	j->enc = !d->verify;    /* is there a MAC to be looked at afterwards? */
	j->forged = d->verify && rnd() % 4 == 0;
	if (d->verify) {
		memcpy(j->tag, mac, MAC_LEN);
		j->tag[rnd() % MAC_LEN] ^= (uint8_t)(j->forged ? 1 << rnd() % 8 : 0);
	}
	d->mac = &test_macs[i];
	d->mac_len = MAC_LEN;
	d->akey_len = AKEY_LEN;
	d->akey = j->wrong == AKEY ? wild() : akeys[j->key];
	d->cipher_off = j->header;
	d->mac_addr = j->tag;
}

/* calm: all of one kind and right, to be worked on together. */
static void
make(struct job *j, enum kind mostly, bool calm, void *bd)
{
	struct sec2_op_desc d = { .civ = j->iv };

	memset(j, 0, sizeof(*j));
	rnd_fill(j->data, sizeof(j->data));
	rnd_fill(j->aad, sizeof(j->aad));
	rnd_fill(j->iv, sizeof(j->iv));
	rnd_fill(j->tag, sizeof(j->tag));
	j->len = 2 + (uint32_t)(rnd() % (MAX_LEN - 32));
	j->wrong = !calm && rnd() % 8 == 0 ? rnd() % NB_WRONG : RIGHT;
	j->key = rnd() % 4 != 0 ? 0 : rnd() % NB_KEYS;
	j->kind = mostly;
	if (!calm && rnd() % 16 == 0)
		j->kind = rnd() % 3;
	j->list_used = rnd() % 4 != 0;
	j->enc = calm || rnd() % 3 != 0;
	j->forged = !j->enc && rnd() % 4 == 0;
	d.enc = j->enc;
	d.cipher_len = j->len;
	d.ckey = keys[j->key];
	if (j->kind == CBC)
		make_cbc(j, &d);
	else if (j->kind == CHAIN)
		make_chain(j, calm, &d);
	else
		make_gcm(j, &d);
	j->result = j->data;
	if (j->wrong == DATA && !j->list_used)
		d.src = wild();
	if (j->wrong == KEY)
		d.ckey = wild();
	if (j->wrong == IV)
		d.civ = wild();
	if (j->wrong == TAG)
		d.mac_addr = wild();
	/* Elsewhere: lists have the AAD in both, so only where there is none; a chain has its header. */
	if (!j->list_used && j->kind != CHAIN && (j->wrong == DESTINATION || rnd() % 4 == 0)) {
		d.de = 1;
		d.dst = j->wrong == DESTINATION ? wild() : j->out;
		j->result = j->out;
	} else if (j->wrong == DESTINATION) {
		j->wrong = RIGHT;
	}
	sec2_make_bd3(&d, bd);
}

static void
check(const struct job *j, const struct sec2_bd3 *bd)
{
	CHECK(bd->result & SEC2_RES_DONE);
	CHECK((bd->error_type != 0) == (j->wrong != RIGHT));
	if (j->wrong != RIGHT)
		return;
	CHECK((HW_GET(SEC2_RES_ICV, bd->result) == SEC2_ICV_MISMATCH) == j->forged);
	if (j->forged)
		return;
	CHECK(memcmp(j->result, j->want, j->header + j->len) == 0);
	if (j->kind != CBC && j->enc)
		CHECK(memcmp(j->tag, j->want_tag, j->kind == GCM ? 16 : MAC_LEN) == 0);
}

int
main(int argc, char **argv)
{
	unsigned int round, i, n, failed = 0;
	uint16_t slots[JOBS];
	char options[64];
	struct client c;
	uint8_t bd[128];

	make_memory();
	daemon_used = argc == 3;
	if (daemon_used) {
		CHECK(strncmp(argv[2], "emu:", 4) == 0);
		client_open_at(&c, argv[2] + 4, "sec2", NULL, 0);
		share_memory(&c);
	} else {
		CHECK(argc == 2);
		snprintf(options, sizeof(options), "hw=v3,engine=%s", argv[1]);
		client_open(&c, "sec2", options, 0);
	}
	rnd_fill(keys, NB_KEYS * sizeof(keys[0]));
	rnd_fill(akeys, NB_KEYS * sizeof(akeys[0]));
	for (round = 0; round < ROUNDS; round++) {
		enum kind mostly = rnd() % 2 ? GCM : CHAIN;
		bool calm = rnd() % 4 == 0;

		n = 1 + (unsigned int)(rnd() % JOBS);
		for (i = 0; i < n; i++) {
			make(job_at(i), mostly, calm, bd);
			slots[i] = client_put(&c, bd);
		}
		client_ring(&c);
		for (i = 0; i < n; i++) {
			CHECK(client_wait(&c) == slots[i]);
			check(job_at(i), client_slot(&c, slots[i]));
			failed += job_at(i)->wrong != RIGHT;
		}
		/* Other bytes at the addresses of before are other keys. */
		rnd_fill(keys[rnd() % NB_KEYS], 16);
		rnd_fill(akeys[rnd() % NB_KEYS], AKEY_LEN);
	}
	CHECK(failed > ROUNDS);
	client_close(&c);
	return 0;
}
