/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "keycache.h"

#define SETS            512
#define WAYS            4
#define SPILL           (2 * CRYPTO_BATCH)      /* two keys for each job */

struct key_entry {
	const uint8_t *addr;
	uint32_t kind;          /* 0 = free */
	uint32_t len;
	uint32_t batch;         /* used last in it */
	uint8_t key[CRYPTO_MAX_KEY];
	void *out;              /* allocated once, at first use */
};

struct key_cache {
	const struct key_cache_ops *ops;
	void *arg;
	uint32_t batch;
	unsigned int victim;
	unsigned int nb_spill;  /* used in this batch */
	struct key_entry spill[SPILL];
	struct key_entry sets[SETS][WAYS];
};

static void
entry_drop(struct key_cache *kc, struct key_entry *e)
{
	if (e->kind == 0)
		return;
	if (kc->ops->drop != NULL)
		kc->ops->drop(e->out);
	explicit_bzero(e->out, kc->ops->size);
	explicit_bzero(e->key, sizeof(e->key));
	e->kind = 0;
}

struct key_cache *
key_cache_new(const struct key_cache_ops *ops, void *arg)
{
	struct key_cache *kc = calloc(1, sizeof(*kc));

	if (kc != NULL) {
		kc->ops = ops;
		kc->arg = arg;
	}
	return kc;
}

void
key_cache_free(struct key_cache *kc)
{
	unsigned int i;

	if (kc == NULL)
		return;
	for (i = 0; i < SPILL; i++) {
		entry_drop(kc, &kc->spill[i]);
		free(kc->spill[i].out);
	}
	for (i = 0; i < SETS * WAYS; i++) {
		entry_drop(kc, &kc->sets[i / WAYS][i % WAYS]);
		free(kc->sets[i / WAYS][i % WAYS].out);
	}
	free(kc);
}

void
key_cache_begin(struct key_cache *kc)
{
	kc->batch++;
	kc->nb_spill = 0;
}

/* An entry of the set that this batch does not use, or one of the batch's own. */
static struct key_entry *
pick(struct key_cache *kc, struct key_entry *set)
{
	unsigned int i;

	for (i = 0; i < WAYS; i++)
		if (set[i].kind == 0)
			return &set[i];
	for (i = 0; i < WAYS; i++) {
		struct key_entry *e = &set[kc->victim++ % WAYS];

		if (e->batch != kc->batch)
			return e;
	}
	return kc->nb_spill < SPILL ? &kc->spill[kc->nb_spill++] : NULL;
}

static void *
fill(struct key_cache *kc, struct key_entry *set, uint32_t kind, const uint8_t *key,
	unsigned int len)
{
	struct key_entry *e;

	if (len > CRYPTO_MAX_KEY)
		return NULL;
	e = pick(kc, set);
	if (e == NULL)
		return NULL;
	entry_drop(kc, e);
	if (e->out == NULL)
		e->out = aligned_alloc(64, (kc->ops->size + 63) / 64 * 64);
	if (e->out == NULL)
		return NULL;
	memset(e->out, 0, kc->ops->size);
	memcpy(e->key, key, len);
	if (kc->ops->build(kc->arg, kind, e->key, len, e->out) != 0)
		return NULL;
	e->addr = key;
	e->kind = kind;
	e->len = len;
	e->batch = kc->batch;
	return e->out;
}

void *
key_cache_get(struct key_cache *kc, uint32_t kind, const uint8_t *key, unsigned int len)
{
	uint64_t h = ((uintptr_t)key >> 3) ^ (uint64_t)kind << 20;
	struct key_entry *set, *e;

	h *= 0x9E3779B97F4A7C15ull;
	set = kc->sets[h >> 40 & (SETS - 1)];
	for (e = set; e < set + WAYS; e++)
		/* Jobs of one batch are in flight together: their keys stay as they are. */
		if (e->addr == key && e->kind == kind && e->len == len &&
				(e->batch == kc->batch || memcmp(e->key, key, len) == 0)) {
			e->batch = kc->batch;
			return e->out;
		}
	return fill(kc, set, kind, key, len);
}
