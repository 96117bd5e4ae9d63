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

static __attribute__((noinline)) bool
read_form(struct sec2_form *f, uint64_t head, uint32_t auth)
{
	f->head = head;
	f->auth = auth;
	f->de = HW_GET(BD3_DE, (uint32_t)head) != 0;
	f->auth_first = HW_GET(BD3_SEQ, (uint8_t)(head >> 56)) != SEC2_SEQ_CIPHER_AUTH;
	f->known = read_cipher(&f->t, head) && read_auth(&f->t, auth);
	f->looked = true;
	return f->known;
}

/* The same form as the job before? If not, a new one; false: not a job of this kind. */
static inline bool
read_numbers(struct sec2_form *f, const volatile struct sec2_bd3 *bd, bool *same)
{
	uint64_t head = *(const volatile uint64_t *)(const volatile void *)bd;
	uint32_t auth = bd->auth_mac_key;

	*same = head == f->head && auth == f->auth && f->looked;
	return emu_likely(*same) ? f->known : read_form(f, head, auth);
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
	*all = base;
	t->csrc = t->cdst = base + (c_off - lo);
	t->asrc = base + (a_off - lo);
	t->ckey = emu_ptr(mem, bd->c_key_addr, f->t.ckey_len);
	t->iv = emu_ptr(mem, bd->c_ivin_addr, 16);
	t->akey = f->t.akey_len == 0 ? no_key : emu_ptr(mem, bd->a_key_addr, f->t.akey_len);
	t->aiv = no_key;
	t->mac = emu_ptr(mem, bd->mac_addr, f->t.mac_len);
	return base != NULL && t->ckey != NULL && t->iv != NULL && t->akey != NULL && t->mac != NULL;
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
sec2_chain_read(struct sec2_form *f, const struct emu_mem *mem, struct sec2_op *op, const void *sqe)
{
	const volatile struct sec2_bd3 *bd = sqe;
	struct crypto_task *t = &op->t;
	const uint8_t *all;
	uint32_t len;
	bool same;

	if (!read_numbers(f, bd, &same) || !find_all(f, mem, bd, t, &all, &len))
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
	op->mem = mem;
	return true;
}

/* Hands job nb of the group to the engine; false: it is not of the group. */
static inline bool
add(struct sec2_ctx *ctx, const struct emu_job *job)
{
	struct sec2_chain *c = &ctx->chains[ctx->nb];
	struct sec2_form *f = &ctx->chain_form;
	const volatile struct sec2_bd3 *bd = job->sqe;
	struct crypto_task *t = &f->t;
	bool same;

	if (!read_numbers(f, bd, &same) || (ctx->nb != 0 && f->auth_first != ctx->auth_first) ||
			!find_all(f, emu_queue_mem(job->q), bd, t, &c->all, &c->len))
		return false;
	emu_touch(t->ckey, t->ckey_len);
	emu_touch(t->akey, t->akey_len);
	if (!ctx->engine->chain_add(ctx->engine_ctx, ctx->nb, t, same && ctx->nb != 0, c->digest))
		return false;
	emu_prefetch_write(t->csrc);
	emu_prefetch_write(t->mac);
	c->iv = t->iv;
	c->mac = t->mac;
	c->mac_len = t->mac_len;
	c->verify = t->auth == SEC2_AUTH_VERIFY;
	ctx->auth_first = f->auth_first;
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
results(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n, bool ok)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct sec2_chain *c = &ctx->chains[i];
		uint8_t icv = 0;

		if (emu_unlikely(!ok)) {
			sec2_put_result(jobs[i].sqe, SEC2_E_ENGINE, 0, SEC2_FLAG_AEAD);
			continue;
		}
		if (c->verify)
			icv = sec2_differ(c->digest, c->mac, c->mac_len) ? SEC2_ICV_MISMATCH :
				SEC2_ICV_MATCH;
		else
			copy_mac(c->mac, c->digest, c->mac_len);
		sec2_put_result(jobs[i].sqe, SEC2_OK, icv, SEC2_FLAG_AEAD);
	}
}

/*
 * A guarded section. The group ends before a job that is of another kind or faults: it goes another
 * way, which says what is wrong with it. Returns how many may be worked on.
 */
static unsigned int
gather(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	unsigned int i;

	ctx->nb = 0;
	ctx->end = n;
	ctx->looks = true;
	if (sigsetjmp(ctx->guard, 0) != 0) {
		if (!ctx->looks)
			return ctx->at;
		ctx->nb = ctx->end = ctx->at;
	}
	emu_guard_enter(&ctx->guard);
	for (; ctx->nb < ctx->end; ctx->nb++) {
		ctx->at = ctx->nb;
		if (!add(ctx, &jobs[ctx->nb]))
			break;
		emu_prefetch_next(jobs[ctx->nb].q, 1);
		sec2_prefetch_job(jobs, n, ctx->nb, AHEAD);
	}
	ctx->looks = false;
	for (i = 0; i < ctx->nb; i++) {
		const struct sec2_chain *c = &ctx->chains[i];

		ctx->at = i;
		emu_touch(c->all, c->len);
		emu_touch(c->iv, 16);
		emu_touch(c->mac, c->mac_len);
	}
	emu_guard_leave();
	return ctx->nb;
}

unsigned int
sec2_chain_run(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < AHEAD && i < n; i++)
		sec2_bd3_prefetch(jobs[i].sqe);
	n = gather(ctx, jobs, n);
	if (n != 0)
		results(ctx, jobs, n, ctx->engine->chain_run(ctx->engine_ctx, n, ctx->auth_first));
	return n;
}
