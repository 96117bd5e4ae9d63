/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mirror of memory that only copies reach, against a client that is an array: random batches,
 * with bytes that change under its hands, holes and read-only pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror.h"

#define PAGES           64
#define PAGE            4096
#define SIZE            (PAGES * PAGE)
#define CLIENT          0x7f1234560000ull
#define FAR             0x100000000ull          /* a second area, in another window */

#define CHECK(x) do { \
	if (!(x)) { \
		printf("%s:%d: %s\n", __FILE__, __LINE__, #x); \
		exit(1); \
	} \
} while (0)

struct client {
	uint8_t mem[2][SIZE];
	bool hole[2][PAGES], read_only[2][PAGES];
	unsigned int calls;
	uint64_t bytes;
};

static uint64_t seed = 1;

static uint32_t
rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % n;
}

static uint8_t *
resolve(struct client *c, uint64_t addr, uint32_t len, bool write)
{
	int area = addr >= CLIENT;
	uint64_t off = addr - (area ? CLIENT : FAR), p;

	if (off >= SIZE || len > SIZE - off)
		return NULL;
	for (p = off / PAGE; p <= (off + len - 1) / PAGE; p++)
		if (c->hole[area][p] || (write && c->read_only[area][p]))
			return NULL;
	return c->mem[area] + off;
}

static unsigned int
copy(void *arg, const struct emu_piece *p, unsigned int n, bool to_client)
{
	struct client *c = arg;
	unsigned int i;

	c->calls++;
	CHECK(n > 0 && n <= 1024);
	for (i = 0; i < n; i++) {
		uint8_t *at = resolve(c, p[i].remote, p[i].len, to_client);

		if (at == NULL)
			return i;
		if (to_client)
			memcpy(at, p[i].local, p[i].len);
		else
			memcpy(p[i].local, at, p[i].len);
		c->bytes += p[i].len;
	}
	return n;
}

static const struct emu_mirror_ops ops = { .copy = copy };

static uint64_t
random_addr(void)
{
	return (rnd(2) ? CLIENT : FAR) + rnd(SIZE + 2 * PAGE) - PAGE;
}

struct failures {
	unsigned int nb;
	bool whose[16], rest;
};

static void
failed(void *arg, uint32_t who)
{
	struct failures *f = arg;

	f->nb++;
	if (who == EMU_MIRROR_REST)
		f->rest = true;
	else
		f->whose[who] = true;
}

/* What the client's memory has to be in the end, and which bytes the model wrote. */
static struct client want;
static bool written[2][SIZE];

static void
one_write(struct emu_mirror *m, struct client *c, uint32_t who)
{
	uint64_t addr = random_addr(), off;
	uint32_t len = 1 + rnd(3 * PAGE), i, from;
	uint8_t *p = emu_mirror_ptr(m, addr, len);
	int area = addr >= CLIENT;

	CHECK((p != NULL) == (resolve(c, addr, len, false) != NULL));
	if (p == NULL)
		return;
	off = addr - (area ? CLIENT : FAR);
	if (resolve(c, addr, len, true) == NULL)
		return;
	from = rnd(len);
	for (i = from; i < len && i < from + 700; i++) {
		/* Some of them with what is there already. */
		uint8_t v = rnd(3) == 0 ? p[i] : (uint8_t)rnd(256);

		if (v == p[i] && !written[area][off + i])
			continue;
		p[i] = v;
		want.mem[area][off + i] = v;
		written[area][off + i] = true;
	}
	if (rnd(2))
		return;
	/* Nobody else writes to an output. */
	emu_mirror_output(m, addr + from, i - from, who);
	for (; i > from; i--)
		written[area][off + i - 1] = true;
}

/* The client's own business, elsewhere. */
static void
client_writes(struct client *c)
{
	unsigned int i, area, off;

	for (i = 0; i < 300; i++) {
		area = rnd(2);
		off = rnd(SIZE);
		if (!written[area][off])
			c->mem[area][off] = want.mem[area][off] = (uint8_t)rnd(256);
	}
}

static void
test_random(void)
{
	struct emu_mirror *m = emu_mirror_new(&ops);
	struct client *c = calloc(1, sizeof(*c));
	unsigned int batch, i, area;

	for (i = 0; i < SIZE; i++)
		c->mem[0][i] = c->mem[1][i] = (uint8_t)rnd(256);
	for (i = 0; i < 6; i++) {
		c->hole[i % 2][rnd(PAGES)] = true;
		c->read_only[i % 2][rnd(PAGES)] = true;
	}
	for (batch = 0; batch < 400; batch++) {
		struct failures f = { 0 };

		want = *c;
		memset(written, 0, sizeof(written));
		emu_mirror_begin(m, 1 + batch / 150, c);
		for (i = rnd(20); i > 0; i--)
			emu_mirror_hint(m, random_addr(), rnd(2 * PAGE));
		if (rnd(3))
			emu_mirror_fetch(m);
		for (i = 0; i < 16; i++)
			one_write(m, c, i);
		client_writes(c);
		CHECK(emu_mirror_flush(m, failed, &f) && f.nb == 0);
		for (area = 0; area < 2; area++)
			CHECK(memcmp(c->mem[area], want.mem[area], SIZE) == 0);
	}
	emu_mirror_free(m);
	free(c);
}

/* Few copies: the point of it all. */
static void
test_batches(void)
{
	struct emu_mirror *m = emu_mirror_new(&ops);
	struct client *c = calloc(1, sizeof(*c));
	unsigned int i;
	struct failures f = { 0 };

	emu_mirror_begin(m, 1, c);
	for (i = 0; i < 64; i++) {
		emu_mirror_hint(m, CLIENT + 1000 * i, 900);
		emu_mirror_hint(m, FAR, 16);
	}
	emu_mirror_fetch(m);
	CHECK(c->calls == 1 && c->bytes == (16 + 1) * PAGE);
	for (i = 0; i < 64; i++) {
		uint8_t *p = emu_mirror_ptr(m, CLIENT + 1000 * i, 900);

		CHECK(p != NULL);
		p[0] = p[2] = p[899] = 1;
		emu_mirror_output(m, CLIENT + 1000 * i, 900, i);
	}
	CHECK(c->calls == 1);
	c->bytes = 0;
	CHECK(emu_mirror_flush(m, failed, &f));
	CHECK(c->calls == 2 && c->bytes == 64 * 900);
	for (i = 0; i < 64; i++)
		CHECK(c->mem[1][1000 * i] == 1 && c->mem[1][1000 * i + 899] == 1);
	emu_mirror_free(m);
	free(c);
}

static void
test_failures(void)
{
	struct emu_mirror *m = emu_mirror_new(&ops);
	struct client *c = calloc(1, sizeof(*c));
	struct failures f = { 0 };
	uint8_t *p;

	c->read_only[1][1] = true;
	emu_mirror_begin(m, 1, c);
	CHECK(emu_mirror_ptr(m, 0, 8) == NULL);
	CHECK(emu_mirror_ptr(m, 4095, 8) == NULL);
	CHECK(emu_mirror_ptr(m, UINT64_MAX - 4, 8) == NULL);
	CHECK(emu_mirror_ptr(m, UINT64_MAX - 4, 4) == NULL);
	CHECK(emu_mirror_ptr(m, CLIENT, 1ull << 39) == NULL);
	CHECK(emu_mirror_ptr(m, CLIENT, 1ull << 63) == NULL);
	CHECK(emu_mirror_ptr(m, FAR - 1, 2) == NULL);
	p = emu_mirror_ptr(m, CLIENT, 3 * PAGE);
	CHECK(p != NULL);
	p[0] = p[PAGE] = p[PAGE + 100] = p[2 * PAGE] = 1;
	emu_mirror_output(m, CLIENT, 1, 3);
	emu_mirror_output(m, CLIENT + PAGE, 1, 4);
	CHECK(!emu_mirror_flush(m, failed, &f));
	CHECK(f.nb == 2 && f.whose[4] && f.rest && !f.whose[3]);
	CHECK(c->mem[1][0] == 1 && c->mem[1][PAGE] == 0 && c->mem[1][2 * PAGE] == 1);
	/* Nothing of a batch is left for the next client. */
	emu_mirror_begin(m, 2, c);
	c->hole[1][0] = true;
	CHECK(emu_mirror_ptr(m, CLIENT, 1) == NULL);
	emu_mirror_free(m);
	free(c);
}

int
main(void)
{
	test_batches();
	test_failures();
	test_random();
	return 0;
}
