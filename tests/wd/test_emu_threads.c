/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One thread submits to a queue while another one polls it: requests in every shape, with lists of
 * up to 200 segments a side, in order and with the right data. On devices without SVA part of the
 * memory is out of reach, and copied.
 * Arguments: the emulator's options, such as "hw=v2", and another device than "emu".
 */
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "fake.h"

#define SLOTS           240u    /* they fill a hugepage */
#define ROOM            4096u   /* bytes of a side */
#define SEGS            200u
#define BURST           8u
#define REQUESTS        120000u
#define POOL            (192u << 10) /* for copies: runs out */

static struct wd_device *dev;
static struct wd_queue q;
static struct wd_bounce *bounce;        /* NULL: nothing is out of reach */
static struct {
	uint8_t side[2][SLOTS][ROOM], iv[16]; /* input, output */
	uint8_t sess[2048] __attribute__((aligned(WD_SESSION_ALIGN)));
} ARENA mem;
static uint8_t far_mem[2][SLOTS][ROOM];
static uint8_t stuff[64 << 10], stream[ROOM];

/* Of request number i, written before it is submitted. */
#define STRIPE          16u
static struct slot {
	uint32_t len;           /* 0: never reaches the device */
	bool copied;            /* memory out of reach: all of it, */
	bool striped;           /* or every second stripe */
} slots[SLOTS];
static uint32_t finished;       /* requests that were looked at */
static uint64_t waits;          /* for lists, copies or credits */
static uint64_t copies, copied_bytes;

/* Both run at once where they can, and share the processor where they cannot. */
static void
nothing_yet(unsigned int *times)
{
	if (++*times % 256 == 0)
		sched_yield();
}

static uint32_t
any(unsigned int *seed, uint32_t lo, uint32_t hi)
{
	return lo + (uint32_t)rand_r(seed) % (hi - lo + 1);
}

static bool
is_far(const struct slot *s, uint32_t off)
{
	return s->copied && (!s->striped || (off / STRIPE & 1) != 0);
}

/* The place of a byte, and of those behind it in the stripe. */
static uint8_t *
place(const struct slot *s, unsigned int side, uint32_t off)
{
	size_t i = s - slots;

	return is_far(s, off) ? &far_mem[side][i][off] : &mem.side[side][i][off];
}

/* ------------------------------------------------------------------ submission */

struct maker {
	struct wd_req reqs[BURST];
	struct wd_seg src[BURST][SEGS], dst[BURST][SEGS];
	unsigned int seed;
};

static void
choose(struct maker *m, uint32_t i)
{
	struct slot *s = &slots[i % SLOTS];

	const uint8_t *from = stuff + any(&m->seed, 0, sizeof(stuff) - ROOM);

	s->len = any(&m->seed, 0, 7) == 0 ? 0 : any(&m->seed, 1, ROOM / 4) * any(&m->seed, 1, 4);
	s->copied = bounce != NULL && s->len != 0 && any(&m->seed, 0, 3) != 0;
	s->striped = s->copied && s->len <= SEGS * STRIPE && any(&m->seed, 0, 1) != 0;
	for (uint32_t off = 0; off < s->len; off += STRIPE) {
		memcpy(place(s, 0, off), from + off, STRIPE);
		memset(place(s, 1, off), i, STRIPE);
	}
}

/* In so many pieces; false: no memory for copies now. */
static bool
cut(struct maker *m, struct wd_seg *segs, uint16_t *n, const struct slot *s, unsigned int side)
{
	uint32_t pieces = any(&m->seed, 0, 3) == 0 ? any(&m->seed, 1, 4) : any(&m->seed, 1, SEGS);
	uint32_t left, part;
	uint8_t *at;
	int ret;

	*n = 0;
	for (left = s->len; left != 0; left -= part) {
		part = s->striped ? STRIPE : --pieces == 0 ? left :
			any(&m->seed, 1, 2 * left / (pieces + 1) + 1);
		if (part > left)
			part = left;
		at = place(s, side, s->len - left);
		if (!is_far(s, s->len - left)) {
			segs[(*n)++] = (struct wd_seg){.addr = arena_addr(dev, at), .len = part};
			continue;
		}
		ret = wd_bounce_add(bounce, &(struct wd_bounce_piece){.va = at, .len = part,
			.in = side == 0, .back_len = side == 0 ? 0 : part}, segs, n, SEGS);
		CHECK(ret == 0 || ret == -EAGAIN);
		if (ret != 0)
			return false;
	}
	return true;
}

static bool
make(struct maker *m, unsigned int k, uint32_t i)
{
	const struct slot *s = &slots[i % SLOTS];
	struct wd_req *r = &m->reqs[k];

	*r = (struct wd_req){.tag = (void *)(uintptr_t)(i + 1), .flags = WD_REQ_DONE,
		.status = WD_NO_SPACE};
	if (s->len == 0)
		return true;
	*r = (struct wd_req){.tag = r->tag, .sess = (void *)mem.sess, .iv = arena_addr(dev, mem.iv),
		.cipher_len = s->len, .src_list = m->src[k], .dst_list = m->dst[k]};
	if (s->copied)
		wd_bounce_begin(bounce, &q, i);
	if (!cut(m, m->src[k], &r->src_segs, s, 0) || !cut(m, m->dst[k], &r->dst_segs, s, 1))
		return false;
	if (s->copied)
		wd_bounce_commit(bounce);
	return true;
}

static void *
submit_all(void *arg)
{
	static struct maker m = {.seed = 1};
	uint32_t i = 0, chosen = 0, n, k;
	unsigned int idle = 0;
	uint16_t taken;

	(void)arg;
	while (i < REQUESTS) {
		n = any(&m.seed, 1, BURST);
		for (k = 0; k < n && i + k < REQUESTS; k++) {
			if (i + k - __atomic_load_n(&finished, __ATOMIC_ACQUIRE) >= SLOTS)
				break;
			if (i + k == chosen)
				choose(&m, chosen++);
			if (!make(&m, k, i + k))
				break;
		}
		taken = k != 0 ? wd_submit(&q, m.reqs, k) : 0;
		i += taken;
		if (bounce != NULL)
			wd_bounce_undo(bounce, i);
		if (taken == k && k != 0)
			continue;
		waits++;
		nothing_yet(&idle);
	}
	return NULL;
}

/* ------------------------------------------------------------------ polling */

static void
look(uint32_t i, const struct wd_cpl *cpl)
{
	struct slot *s = &slots[i % SLOTS];

	CHECK_EQ((uintptr_t)cpl->tag, i + 1);
	CHECK_EQ(cpl->status, s->len == 0 ? WD_NO_SPACE : WD_OK);
	if (bounce != NULL)
		CHECK_EQ(wd_bounce_done(bounce, i, SIZE_MAX), s->copied);
	copies += s->copied;
	for (uint32_t off = 0; off < s->len; off += STRIPE) {
		const uint8_t *in = place(s, 0, off), *out = place(s, 1, off);

		for (uint32_t k = 0; k < STRIPE && off + k < s->len; k++)
			CHECK_EQ(in[k] ^ stream[off + k], out[k]);
		if (is_far(s, off))
			copied_bytes += 2 * (s->len - off < STRIPE ? s->len - off : STRIPE);
	}
}

static void
poll_all(void)
{
	unsigned int idle = 0, seed = 2;
	struct wd_cpl cpls[32];
	uint32_t i = 0;
	uint16_t n;

	while (i < REQUESTS) {
		n = wd_poll(&q, cpls, any(&seed, 1, 32));
		for (uint16_t k = 0; k < n; k++)
			look(i + k, &cpls[k]);
		i += n;
		__atomic_store_n(&finished, i, __ATOMIC_RELEASE);
		if (n == 0)
			nothing_yet(&idle);
		CHECK(wd_queue_alive(&q));
	}
	CHECK_EQ(wd_poll(&q, cpls, 1), 0);
}

/* ------------------------------------------------------------------ set-up */

static void
make_session(void)
{
	static const uint8_t key[16] = "sixteen of them";
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_AES_CTR, .encrypt = 1, .iv_len = 16,
		.cipher_key = key, .cipher_key_len = 16};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	static const uint8_t zeros[ROOM];
	unsigned int seed = 3;
	int n;

	CHECK(sizeof(mem.sess) >= wd_session_size(dev));
	CHECK_EQ(wd_session_init_crypto(dev, (void *)mem.sess, arena_addr(dev, mem.sess), &x), 0);
	CHECK(EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, key, mem.iv) == 1);
	CHECK(EVP_EncryptUpdate(ctx, stream, &n, zeros, ROOM) == 1);
	EVP_CIPHER_CTX_free(ctx);
	for (size_t i = 0; i < sizeof(stuff); i++)
		stuff[i] = rand_r(&seed);
}

int
main(int argc, char **argv)
{
	pthread_t thread;
	char err[256] = "";

	if (wd_device_open(argc > 2 ? argv[2] : "emu", "crypto", argc > 1 ? argv[1] : "", -1, &dev,
			err, sizeof(err)) != 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	CHECK_EQ(arena_share(dev, &mem, sizeof(mem)), 0);
	make_session();
	q = (struct wd_queue){.dev = dev, .numa_node = -1};
	CHECK_EQ(wd_request_queue(&q), 0);
	if (!(wd_device_flags(dev) & WD_DEV_SVA))
		CHECK_EQ(wd_bounce_create(&q, POOL, &bounce), 0);
	CHECK_EQ(pthread_create(&thread, NULL, submit_all, NULL), 0);
	poll_all();
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(wd_queue_outstanding(&q), 0);
	CHECK(bounce == NULL || wd_bounce_pending(bounce) == 0);
	CHECK_EQ(q.stats.submitted, REQUESTS);
	CHECK_EQ(q.stats.completed, REQUESTS);
	CHECK_EQ(q.stats.bounced, copies);
	CHECK_EQ(q.stats.bounced_bytes, copied_bytes);
	wd_queue_dump(&q, stdout);
	printf("%u requests, %llu waits\n", REQUESTS, (unsigned long long)waits);
	wd_release_queue(&q);
	wd_bounce_destroy(bounce);
	wd_session_fini(dev, (void *)mem.sess);
	CHECK_EQ(wd_device_close(dev), 0);
	return 0;
}
