/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-CBC with an HMAC of the SHA family in one descriptor of type 3, in place. What a session's
 * descriptors have in common is decoded once. As many as there are behind each other, of one kind,
 * go to the engine together: nothing of them is kept but what the engine takes and what the result
 * needs.
 */
#include <string.h>

#include "sec2.h"

/* Bits of bd_param that a plain request may have in any way. */
#define ANY_PARAM       (HW_PREP(BD3_SCENE, 1) | HW_PREP(BD3_DE, 1))

#define AHEAD           20      /* jobs from the look at one to the prefetch of another */
#define STEP            8       /* descriptors that are asked for at once */

/* What such a request may leave out. */
static const uint8_t no_key[1];

/* The cipher's numbers. */
static bool
read_cipher(struct crypto_task *t, uint64_t head)
{
	uint16_t ick = (uint16_t)(head >> 32);
	unsigned int key = (unsigned int)HW_GET(BD3_C_KEY_LEN, ick);

	t->cipher = (uint8_t)HW_GET(BD3_CIPHER, ick);
	t->calg = SEC2_CALG_AES;
	t->cmode = SEC2_CMODE_CBC;
	t->ckey_len = (uint8_t)(16 + 8 * key);
	t->iv_len = 16;
	return ((uint32_t)head & ~ANY_PARAM) == SEC2_BD_TYPE3 && HW_GET(BD3_CI_GEN, ick) == 0 &&
		(uint8_t)(head >> 48) == (SEC2_CMODE_CBC | SEC2_CALG_AES << 4) &&
		key <= SEC2_CKEY_256 &&
		(t->cipher == SEC2_CIPHER_ENC || t->cipher == SEC2_CIPHER_DEC);
}

/* Those of an HMAC of the SHA family. */
static bool
read_auth(struct crypto_task *t, uint32_t amk)
{
	static const uint8_t digests[8] = { 20, 32, 0, 28, 48, 64, 0, 0 };
	static const uint8_t blocks[8] = { 64, 64, 0, 64, 128, 128, 0, 0 };
	unsigned int alg = (unsigned int)HW_GET(BD3_A_ALG, amk), hash = alg % 8;
	unsigned int mac = (unsigned int)HW_GET(BD3_MAC_LEN, amk) * 4;
	unsigned int key = (unsigned int)HW_GET(BD3_A_KEY_LEN, amk) * 4;

	t->auth = (uint8_t)HW_GET(BD3_AUTH, amk);
	t->aalg = (uint8_t)alg;
	t->mac_len = (uint8_t)(mac != 0 ? mac : digests[hash]);
	t->akey_len = (uint8_t)key;
	return alg - hash == SEC2_AALG_HMAC && HW_GET(BD3_AI_GEN, amk) == 0 &&
		(t->auth == SEC2_AUTH_MAC || t->auth == SEC2_AUTH_VERIFY) &&
		mac <= digests[hash] && digests[hash] != 0 && key <= blocks[hash];
}

static __attribute__((noinline)) void
read_form(struct sec2_ctx *ctx, struct sec2_form *f, const volatile struct sec2_bd3 *bd)
{
	sec2_new_form(f, bd);
	f->de = HW_GET(BD3_DE, (uint32_t)f->head) != 0;
	f->auth_first = HW_GET(BD3_SEQ, (uint8_t)(f->head >> 56)) != SEC2_SEQ_CIPHER_AUTH;
	f->known = read_cipher(&f->t, f->head) && read_auth(&f->t, f->auth);
	f->fast = f->known && ctx->engine->chain_ok != NULL &&
		ctx->engine->chain_ok(ctx->engine_ctx, &f->t);
}

/* Lengths and addresses; all, len: all of the data. The rest of the task is the form's. */
static inline bool
find_all(const struct sec2_form *f, const struct emu_mem *mem, const volatile struct sec2_bd3 *bd,
	struct crypto_task *t, const uint8_t **all, uint32_t *len)
{
	uint32_t c_off = bd->cipher_src_offset, a_off = bd->auth_src_offset, lo, c_end, a_end;
	uint64_t src = bd->data_src_addr;
	uint8_t *base;

	t->clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	t->alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	/* In place: what is authenticated is one piece then. */
	if (t->clen == 0 || t->clen % 16 != 0 || t->clen > SEC2_MAX_LEN || t->alen == 0 ||
			t->alen > SEC2_MAX_LEN || (f->de && bd->data_dst_addr != src))
		return false;
	c_end = c_off + t->clen;
	a_end = a_off + t->alen;
	lo = c_off < a_off ? c_off : a_off;
	*len = (c_end > a_end ? c_end : a_end) - lo;
	base = emu_ptr(mem, src + lo, *len);
	if (base == NULL)
		return false;
	*all = base;
	t->csrc = t->cdst = base + (c_off - lo);
	t->asrc = base + (a_off - lo);
	t->ckey = emu_ptr(mem, bd->c_key_addr, f->t.ckey_len);
	t->iv = emu_ptr(mem, bd->c_ivin_addr, 16);
	t->akey = f->t.akey_len == 0 ? no_key : emu_ptr(mem, bd->a_key_addr, f->t.akey_len);
	t->aiv = no_key;
	t->mac = emu_ptr(mem, bd->mac_addr, f->t.mac_len);
	return t->ckey != NULL && t->iv != NULL && t->akey != NULL && t->mac != NULL;
}

static inline void
copy_numbers(struct crypto_task *t, const struct crypto_task *from)
{
	t->cipher = from->cipher;
	t->calg = from->calg;
	t->cmode = from->cmode;
	t->cwidth = from->cwidth;
	t->ckey_len = from->ckey_len;
	t->iv_len = from->iv_len;
	t->mac_len = from->mac_len;
	t->auth = from->auth;
	t->aalg = from->aalg;
	t->akey_len = from->akey_len;
}

bool
sec2_chain_read(struct sec2_ctx *ctx, struct sec2_op *op, const void *sqe)
{
	struct sec2_form *f = &ctx->chain_form;
	const volatile struct sec2_bd3 *bd = sqe;
	struct crypto_task *t = &op->t;
	const uint8_t *all;
	uint32_t len;

	if (!sec2_same_form(f, bd))
		read_form(ctx, f, bd);
	if (!f->known || !find_all(f, ctx->mem, bd, t, &all, &len))
		return false;
	copy_numbers(t, &f->t);
	emu_touch(t->csrc, t->clen);
	emu_touch(t->asrc, t->alen);
	emu_touch(t->ckey, t->ckey_len);
	emu_touch(t->iv, 16);
	emu_touch(t->akey, t->akey_len);
	emu_touch(t->mac, t->mac_len);
	op->path = f->auth_first ? SEC2_P_AUTH_CIPHER : SEC2_P_CIPHER_AUTH;
	op->error = SEC2_OK;
	op->icv = 0;
	op->flag = SEC2_FLAG_AEAD;
	op->out = NULL;
	op->patch_len = 0;
	op->mem = ctx->mem;
	return true;
}

/* The same for a device that sees the whole process, where nonsense faults when it is touched. */
static inline void
find_sva(const struct sec2_form *f, const volatile struct sec2_bd3 *bd, struct crypto_chain *c)
{
	uint64_t src = bd->data_src_addr;

	c->cdata = sec2_ptr(src + bd->cipher_src_offset);
	c->adata = sec2_ptr(src + bd->auth_src_offset);
	c->ckey = sec2_ptr(bd->c_key_addr);
	c->iv = sec2_ptr(bd->c_ivin_addr);
	c->akey = f->t.akey_len == 0 ? no_key : sec2_ptr(bd->a_key_addr);
	c->mac = sec2_ptr(bd->mac_addr);
}

/* And for one that does not. False: the long way may know better. */
static bool
find_shared(const struct sec2_form *f, struct sec2_near *near, const volatile struct sec2_bd3 *bd,
	struct crypto_chain *c)
{
	uint32_t c_off = bd->cipher_src_offset, a_off = bd->auth_src_offset;
	uint32_t lo = c_off < a_off ? c_off : a_off, c_end = c_off + c->clen, a_end = a_off + c->alen;
	uint8_t *base = emu_ptr_near(near->mem, &near->data, bd->data_src_addr + lo,
		(c_end > a_end ? c_end : a_end) - lo);

	if (base == NULL)
		return false;
	c->cdata = base + (c_off - lo);
	c->adata = base + (a_off - lo);
	c->iv = emu_ptr_near(near->mem, &near->data, bd->c_ivin_addr, 16);
	c->mac = emu_ptr_near(near->mem, &near->data, bd->mac_addr, f->t.mac_len);
	c->ckey = emu_ptr_near(near->mem, &near->keys, bd->c_key_addr, f->t.ckey_len);
	c->akey = f->t.akey_len == 0 ? no_key :
		emu_ptr_near(near->mem, &near->keys, bd->a_key_addr, f->t.akey_len);
	return c->iv != NULL && c->mac != NULL && c->ckey != NULL && c->akey != NULL;
}

/* Regions are those of a queue's client. */
static inline struct sec2_near *
near_of(struct sec2_ctx *ctx, const struct emu_mem *mem)
{
	if (emu_unlikely(ctx->near.mem != mem))
		ctx->near = (struct sec2_near){ mem, &emu_nowhere, &emu_nowhere };
	return &ctx->near;
}

/* Job i of the group; false: it is not of the group. */
static inline bool
add(struct sec2_ctx *ctx, const struct emu_job *job, unsigned int i)
{
	const volatile struct sec2_bd3 *bd = job->sqe;
	const struct emu_mem *mem = emu_queue_mem(job->q);
	struct crypto_chain *c = &ctx->chains[i];
	struct sec2_form *f = &ctx->chain_form;

	if (emu_unlikely(!sec2_same_form(f, bd))) {
		if (i != 0)
			return false;
		read_form(ctx, f, bd);
	}
	c->clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	c->alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	/* In place: what is authenticated is one piece then. */
	if (!f->fast || c->clen == 0 || c->clen % 16 != 0 || c->clen > ctx->engine->chain_max ||
			c->alen == 0 || c->alen > ctx->engine->chain_max ||
			(f->de && bd->data_dst_addr != bd->data_src_addr))
		return false;
	if (emu_likely(mem->sva))
		find_sva(f, bd, c);
	else if (!find_shared(f, near_of(ctx, mem), bd, c))
		return false;
	if (i == 0 || c->ckey != c[-1].ckey || c->akey != c[-1].akey) {
		emu_touch_short(c->ckey, f->t.ckey_len);
		emu_touch(c->akey, f->t.akey_len);
	}
	return true;
}

static inline void
copy_mac(uint8_t *to, const uint8_t *from, unsigned int len)
{
	if (emu_likely(len >= 8 && len <= 16)) {
		uint64_t first, last;

		memcpy(&first, from, 8);
		memcpy(&last, from + len - 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + len - 8, &last, 8);
	} else {
		memcpy(to, from, len);
	}
}

static void
results(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	const struct crypto_task *t = &ctx->chain_form.t;
	const struct crypto_chain *c = ctx->chains;
	unsigned int i;

	for (i = 0; i < n; i++, c++) {
		uint8_t icv = 0;

		/* All of the next batch's: to look at descriptors takes less time than to get them. */
		if (i % STEP == 0)
			emu_prefetch_ahead(jobs, n, i, STEP, n);
		if (t->auth == SEC2_AUTH_VERIFY)
			icv = sec2_differ(c->digest, c->mac, t->mac_len) ? SEC2_ICV_MISMATCH :
				SEC2_ICV_MATCH;
		else
			copy_mac(c->mac, c->digest, t->mac_len);
		sec2_put_result(jobs[i].sqe, SEC2_OK, icv, SEC2_FLAG_AEAD);
	}
}

/*
 * Asks for all that the descriptor of a job, maybe of the next batch, points to, but the keys. Without
 * SVA that is where the jobs before had the like: no region is looked for.
 */
static inline void
ask_for_data(const struct sec2_near *near, const struct emu_job *jobs, unsigned int n, unsigned int i)
{
	const volatile struct sec2_bd3 *bd = i < n ? jobs[i].sqe : emu_next_sqe(jobs[0].q, i - n);

	if (emu_unlikely(bd == NULL))
		return;
	if (emu_likely(emu_queue_mem(jobs[0].q)->sva)) {
		emu_prefetch_at(bd->c_ivin_addr);
		emu_prefetch_write(sec2_ptr(bd->data_src_addr));
		emu_prefetch_write(sec2_ptr(bd->mac_addr));
	} else if (near->mem != NULL) {
		emu_prefetch(emu_ptr_in(near->data, bd->c_ivin_addr, 1));
		emu_prefetch_write(emu_ptr_in(near->data, bd->data_src_addr, 1));
		emu_prefetch_write(emu_ptr_in(near->data, bd->mac_addr, 1));
	}
}

/* Inside a guarded section. Returns how many jobs, at most ctx->end, may be worked on. */
static __attribute__((noinline)) unsigned int
gather_guarded(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	const struct crypto_chain *c = ctx->chains;
	unsigned int i, nb;

	for (nb = 0; nb < ctx->end; nb++) {
		ctx->at = nb;
		if (nb % STEP == 0)
			emu_prefetch_ahead(jobs, n, nb, STEP, EMU_AHEAD);
		ask_for_data(&ctx->near, jobs, n, nb + AHEAD);
		if (!add(ctx, &jobs[nb], nb))
			break;
	}
	ctx->looks = false;
	for (i = 0; i < nb; i++, c++) {
		ctx->at = i;
		emu_touch(c->cdata, c->clen);
		if (c->adata != c->cdata || c->alen > c->clen)
			emu_touch(c->adata, c->alen);
		emu_touch_short(c->iv, 16);
		emu_touch_short(c->mac, ctx->chain_form.t.mac_len);
	}
	return nb;
}

/*
 * The group ends before a job that is of another kind or faults: it goes another way, which says
 * what is wrong with it.
 */
static unsigned int
gather(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	unsigned int nb;

	ctx->end = n;
	ctx->looks = true;
	if (sigsetjmp(ctx->guard, 0) != 0) {
		if (!ctx->looks)
			return ctx->at;
		ctx->end = ctx->at;
	}
	emu_guard_enter(&ctx->guard);
	nb = gather_guarded(ctx, jobs, n);
	emu_guard_leave();
	return nb;
}

unsigned int
sec2_chain_run(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	unsigned int i;

	ctx->near.mem = NULL;
	for (i = 0; i < AHEAD && i < n; i++)
		ask_for_data(&ctx->near, jobs, n, i);
	n = gather(ctx, jobs, n);
	if (n == 0)
		return 0;
	if (emu_likely(ctx->engine->chain(ctx->engine_ctx, &ctx->chain_form.t, ctx->chains, n,
			ctx->chain_form.auth_first)))
		results(ctx, jobs, n);
	else
		for (i = 0; i < n; i++)
			sec2_put_result(jobs[i].sqe, SEC2_E_ENGINE, 0, SEC2_FLAG_AEAD);
	return n;
}
