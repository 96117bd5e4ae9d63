/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Expanded keys, so that an op does not expand its key again.
 *
 * Keys are client memory: an entry is found by the address of the key and what it is for, and
 * holds only while the bytes there are the same. One cache per thread; nothing is locked.
 */
#ifndef EMU_ENGINE_KEYCACHE_H
#define EMU_ENGINE_KEYCACHE_H

#include <stddef.h>
#include <stdint.h>

#include "crypto.h"

struct key_cache;

struct key_cache_ops {
	size_t size;            /* of an expanded key, aligned to 64 bytes */
	/* Expands key into out, which is zeroed. 0 or -errno. */
	int (*build)(void *arg, uint32_t kind, const uint8_t *key, unsigned int len, void *out);
	void (*drop)(void *out);        /* frees what build() took; wiping is the cache's */
};

struct key_cache *key_cache_new(const struct key_cache_ops *ops, void *arg);
void key_cache_free(struct key_cache *kc);
/* Entries got since the last begin stay until the next one. */
void key_cache_begin(struct key_cache *kc);
/*
 * The expanded key of len bytes (up to CRYPTO_MAX_KEY) at key, for a use that the engine numbers
 * kind (not 0). NULL when it cannot be made.
 */
void *key_cache_get(struct key_cache *kc, uint32_t kind, const uint8_t *key, unsigned int len);

#endif
