/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors written past the caches are byte for byte those that are written in place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drv/sec2_stream.h"

#ifdef WD_HAVE_STREAM

#define ROUNDS 20000

static uint64_t state = 88172645463325252ull;
static uint8_t usual[128] __attribute__((aligned(64))), past[128] __attribute__((aligned(64)));

static uint64_t
rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void
check(const char *what, unsigned int shape, const struct sec2_words *w)
{
	unsigned int i;

	wd_after_stream();
	for (i = 0; i < sizeof(usual); i++)
		if (usual[i] != past[i]) {
			fprintf(stderr, "%s, shape %u, lists %d: byte %u is %02x, not %02x\n", what, shape,
				w->sgl, i, past[i], usual[i]);
			exit(1);
		}
	for (i = 0; i < sizeof(usual); i++)
		usual[i] = past[i] = (uint8_t)rnd();
}

/* Every field of the template that a session may set has something in it. */
static void
make_session(struct wd_session *s, unsigned int bd, unsigned int shape)
{
	struct sec2_recipe rec = { .shape = (uint8_t)shape,
		.cipher = shape == SEC2_AUTH ? SEC2_CIPHER_NONE : (uint8_t)(1 + rnd() % 2),
		.c_alg = (uint8_t)(rnd() % 4), .c_mode = (uint8_t)(rnd() % 9), .c_width = 1,
		.c_key_code = (uint8_t)(rnd() % 3), .auth = (uint8_t)(rnd() % 3),
		.a_alg = (uint8_t)(rnd() % 38), .a_key_words = (uint8_t)(rnd() % 32),
		.mac_words = (uint8_t)(rnd() % 16), .icv_len = (uint8_t)(rnd() % 17),
		.seq = (uint8_t)(rnd() % 2), .c_key = rnd(), .a_key = rnd() };

	memset(s, 0, sizeof(*s));
	if (bd == 2)
		sec2_bd2_template((void *)s->bd, &rec);
	else
		sec2_bd3_template((void *)s->bd, &rec);
}

/* As literals, for each makes code of its own. */
#define BOTH(bd, shape, c, a) do { \
	make_session(&s, bd, shape); \
	sec2_bd##bd##_write(usual, &s, &w, c, a); \
	sec2_bd##bd##_stream(past, &s, &w, c, a); \
	check("type " #bd, shape, &w); \
} while (0)

#define AEAD(bd) do { \
	make_session(&s, bd, SEC2_GCM); \
	sec2_bd##bd##_write_aead(usual, &s, &w, w.iv); \
	sec2_bd##bd##_stream_aead(past, &s, &w); \
	check("AEAD of type " #bd, SEC2_GCM, &w); \
} while (0)

static void
check_pair(void)
{
	static struct qm_pair one __attribute__((aligned(64))), other __attribute__((aligned(64)));
	uint64_t aad = rnd(), payload = rnd();
	uint32_t aad_len = (uint32_t)rnd(), len = (uint32_t)rnd();
	static struct qm_queue q;

	if (sec2_put_pair(&q, &one, aad, aad_len, payload, len) != sec2_pair_addr(&q, &one))
		exit(1);
	sec2_stream_pair(&other, aad, aad_len, payload, len);
	wd_after_stream();
	if (memcmp(&one, &other, sizeof(one)) != 0) {
		fprintf(stderr, "lists differ\n");
		exit(1);
	}
}

int
main(void)
{
	static struct wd_session s;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct sec2_words w = { .src = rnd(), .dst = rnd(), .iv = rnd(), .mac = rnd(),
			.c_len = (uint32_t)rnd(), .a_len = (uint32_t)rnd(), .c_off = (uint16_t)rnd(),
			.a_off = (uint16_t)rnd(), .sgl = i % 2 };

		BOTH(3, SEC2_CHAIN, true, true);
		BOTH(3, SEC2_CIPHER, true, false);
		BOTH(3, SEC2_AUTH, false, true);
		BOTH(2, SEC2_CHAIN, true, true);
		BOTH(2, SEC2_CIPHER, true, false);
		BOTH(2, SEC2_AUTH, false, true);
		AEAD(3);
		AEAD(2);
		check_pair();
	}
	return 0;
}

#else

int
main(void)
{
	return 77;
}

#endif
