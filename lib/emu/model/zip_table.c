/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "zip_private.h"

#define ZIP_BUCKETS     256

struct zip_table {
	struct emu_device *dev;
	unsigned int refs;
	struct zip_table *next;

	pthread_mutex_t lock;
	uint64_t clock;
	unsigned int nb;
	struct zip_stream *buckets[ZIP_BUCKETS];
	struct zip_stream *spare;       /* ended ones, kept for their memory */
};

/* Tables of all devices of the process: made, found and freed when devices open and close. */
static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;
static struct zip_table *tables;

static struct zip_stream **
bucket_of(struct zip_table *t, uint64_t addr)
{
	return &t->buckets[(addr >> 6 ^ addr >> 14 ^ addr >> 22) % ZIP_BUCKETS];
}

struct zip_table *
zip_table_get(struct emu_device *dev)
{
	struct zip_table *t;

	pthread_mutex_lock(&tables_lock);
	for (t = tables; t != NULL && t->dev != dev; t = t->next)
		;
	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		if (t != NULL) {
			t->dev = dev;
			pthread_mutex_init(&t->lock, NULL);
			t->next = tables;
			tables = t;
		}
	}
	if (t != NULL)
		t->refs++;
	pthread_mutex_unlock(&tables_lock);
	return t;
}

static void
free_list(struct zip_stream *s)
{
	struct zip_stream *next;

	for (; s != NULL; s = next) {
		next = s->next;
		comp_stream_free(s->inf);
		free(s);
	}
}

void
zip_table_put(struct zip_table *t)
{
	struct zip_table **p;

	if (t == NULL)
		return;
	pthread_mutex_lock(&tables_lock);
	if (--t->refs > 0) {
		pthread_mutex_unlock(&tables_lock);
		return;
	}
	for (p = &tables; *p != t; p = &(*p)->next)
		;
	*p = t->next;
	pthread_mutex_unlock(&tables_lock);

	for (int i = 0; i < ZIP_BUCKETS; i++)
		free_list(t->buckets[i]);
	free_list(t->spare);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct zip_stream *
lookup(struct zip_table *t, uint64_t addr)
{
	struct zip_stream *s = *bucket_of(t, addr);

	while (s != NULL && s->ctx_addr != addr)
		s = s->next;
	return s;
}

static void
unlink_stream(struct zip_table *t, struct zip_stream *s)
{
	struct zip_stream **p = bucket_of(t, s->ctx_addr);

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	t->nb--;
	s->next = t->spare;
	t->spare = s;
}

static void
forget_oldest(struct zip_table *t)
{
	struct zip_stream *oldest = NULL, *s;

	for (int i = 0; i < ZIP_BUCKETS; i++) {
		for (s = t->buckets[i]; s != NULL; s = s->next) {
			if (!s->busy && (oldest == NULL || s->used < oldest->used))
				oldest = s;
		}
	}
	if (oldest != NULL)
		unlink_stream(t, oldest);
}

static struct zip_stream *
new_stream(struct zip_table *t)
{
	struct zip_stream *s = t->spare;

	if (s != NULL) {
		t->spare = s->next;
		return s;
	}
	s = calloc(1, sizeof(*s));
	if (s != NULL) {
		s->inf = comp_stream_new();
		if (s->inf == NULL) {
			free(s);
			s = NULL;
		}
	}
	return s;
}

struct zip_stream *
zip_table_start(struct zip_table *t, uint64_t ctx_addr)
{
	struct zip_stream *s;

	pthread_mutex_lock(&t->lock);
	s = lookup(t, ctx_addr);
	if (s != NULL && s->busy) {
		s = NULL;
		goto out;
	}
	if (s == NULL) {
		if (t->nb >= ZIP_TABLE_MAX)
			forget_oldest(t);
		s = new_stream(t);
		if (s == NULL)
			goto out;
		s->ctx_addr = ctx_addr;
		s->next = *bucket_of(t, ctx_addr);
		*bucket_of(t, ctx_addr) = s;
		t->nb++;
	}
	s->busy = true;
	s->used = ++t->clock;
	s->at_trailer = false;
	s->trailer_have = 0;
out:
	pthread_mutex_unlock(&t->lock);
	if (s != NULL)
		comp_stream_reset(s->inf);
	return s;
}

struct zip_stream *
zip_table_find(struct zip_table *t, uint64_t ctx_addr)
{
	struct zip_stream *s;

	pthread_mutex_lock(&t->lock);
	s = lookup(t, ctx_addr);
	if (s != NULL && s->busy)
		s = NULL;
	if (s != NULL) {
		s->busy = true;
		s->used = ++t->clock;
	}
	pthread_mutex_unlock(&t->lock);
	return s;
}

void
zip_table_forget(struct zip_table *t, uint64_t from, uint64_t len)
{
	struct zip_stream *s, *next;

	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < ZIP_BUCKETS; i++) {
		for (s = t->buckets[i]; s != NULL; s = next) {
			next = s->next;
			if (s->ctx_addr - from < len)
				unlink_stream(t, s);
		}
	}
	pthread_mutex_unlock(&t->lock);
}

void
zip_table_done(struct zip_table *t, struct zip_stream *s, bool ended)
{
	pthread_mutex_lock(&t->lock);
	s->busy = false;
	if (ended)
		unlink_stream(t, s);
	pthread_mutex_unlock(&t->lock);
}
