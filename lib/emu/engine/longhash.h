/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EMU_ENGINE_LONGHASH_H
#define EMU_ENGINE_LONGHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One part of a digest that comes in several descriptors. The state between them is the chaining
 * value, as native words; hardware's layout is unknown, and drivers only hand it back.
 */
struct long_hash {
	uint8_t aalg;           /* hash or HMAC code */
	bool first, last;
	const uint8_t *key;     /* HMAC: not longer than a block */
	unsigned int key_len;
	const uint8_t *data;
	uint32_t len;           /* a multiple of the block, unless last */
	uint64_t total;         /* last: bytes of the whole message */
};

/* Bytes of the state; 0: this digest cannot be interrupted. */
unsigned int long_hash_state_len(unsigned int aalg);
/* in: the state before, unless first. out: the state after, or the digest if last. */
bool long_hash_run(const struct long_hash *h, const uint8_t *in, uint8_t *out);

#endif
