/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-GCM in one descriptor of type 3. A library does such jobs one by one, so there is nothing to
 * gain from a large batch. They are taken in groups, in steps, so that what descriptors point to
 * arrives meanwhile. Groups of two and of eight were slower, those of eight with 1408 bytes too:
 *
 *	of the next groups      descriptors, lists, IVs are asked for
 *	of this group           descriptors and lists are read, data is asked for
 *	                        data is touched, then the library does one job after the other
 */
#include <string.h>

#include "sec2.h"

#define LISTS_AHEAD     (2 * SEC2_GCM_GROUP)
#define SQES_AHEAD      16

/* Bits of bd_param that a plain request may have in any way: the scene's lowest, one of each type. */
#define ANY_PARAM       (HW_PREP(BD3_SCENE, 1) | HW_PREP(BD3_DE, 1) | \
			 HW_PREP(BD3_SRC_TYPE, 1) | HW_PREP(BD3_DST_TYPE, 1))

_Static_assert(offsetof(struct sec2_bd3, c_icv_key) == 4 &&
	offsetof(struct sec2_bd3, c_mode_alg) == 6, "fields of the first word");

/* The parts of a descriptor that are a session's, mostly the same as in the one before. */
static __attribute__((noinline)) void
read_form(struct sec2_form *f, const volatile struct sec2_bd3 *bd)
{
	uint32_t param;
	unsigned int key;
	uint16_t ick;

	sec2_new_form(f, bd);
	param = (uint32_t)f->head;
	ick = (uint16_t)(f->head >> 32);
	key = (unsigned int)HW_GET(BD3_C_KEY_LEN, ick);
	f->t.cipher = (uint8_t)HW_GET(BD3_CIPHER, ick);
	f->t.calg = SEC2_CALG_AES;
	f->t.cmode = SEC2_CMODE_GCM;
	f->t.ckey_len = (uint8_t)(16 + 8 * key);
	f->t.iv_len = 12;
	f->t.mac_len = (uint8_t)HW_GET(BD3_C_ICV_LEN, ick);
	f->src_list = HW_GET(BD3_SRC_TYPE, param) == SEC2_ADDR_SGL;
	f->dst_list = HW_GET(BD3_DST_TYPE, param) == SEC2_ADDR_SGL;
	f->de = HW_GET(BD3_DE, param) != 0;
	f->pair = f->src_list && (!f->de || f->dst_list);
	f->known = (param & ~ANY_PARAM) == SEC2_BD_TYPE3 && HW_GET(BD3_CI_GEN, ick) == 0 &&
		(uint8_t)(f->head >> 48) == (SEC2_CMODE_GCM | SEC2_CALG_AES << 4) &&
		HW_GET(BD3_AUTH, f->auth) == SEC2_AUTH_NONE && key <= SEC2_CKEY_256 &&
		(f->t.cipher == SEC2_CIPHER_ENC || f->t.cipher == SEC2_CIPHER_DEC) &&
		f->t.mac_len >= 8 && f->t.mac_len <= 16;
}

static inline uint8_t *
piece(const struct emu_mem *mem, bool list, uint64_t addr, uint64_t off, uint64_t len)
{
	return list ? emu_sgl_view(mem, addr, off, len) : emu_ptr(mem, addr + off, len);
}

static __attribute__((noinline)) bool
find_any(const struct sec2_form *f, const struct emu_mem *mem, struct crypto_task *t,
	const volatile struct sec2_bd3 *bd)
{
	static const uint8_t no_aad[16];
	uint64_t src = bd->data_src_addr, dst = bd->data_dst_addr, off = bd->cipher_src_offset;
	uint64_t a_off = bd->auth_src_offset;

	t->ckey = emu_ptr(mem, (uintptr_t)t->ckey, t->ckey_len);
	t->iv = emu_ptr(mem, (uintptr_t)t->iv, 12);
	t->mac = emu_ptr(mem, (uintptr_t)t->mac, t->mac_len);
	t->csrc = t->cdst = piece(mem, f->src_list, src, off, t->clen);
	t->asrc = t->alen == 0 ? no_aad : piece(mem, f->src_list, src, a_off, t->alen);
	if (f->de && (dst != src || f->dst_list != f->src_list))
		t->cdst = piece(mem, f->dst_list, dst, off, t->clen);
	return t->ckey != NULL && t->iv != NULL && t->mac != NULL && t->csrc != NULL &&
		t->asrc != NULL && t->cdst != NULL;
}

/*
 * In place, {AAD, payload} as DPDK's users have them, on a device that sees the whole process: all
 * with one look at the list. Nonsense faults in touch(), a list at address 0 is find_any()'s.
 */
static inline bool
find_pair(const struct sec2_form *f, const struct emu_mem *mem, struct crypto_task *t,
	const volatile struct sec2_bd3 *bd)
{
	uint64_t src = bd->data_src_addr;
	const volatile struct hisi_sgl *sgl = (const volatile struct hisi_sgl *)(uintptr_t)src;
	uint64_t aad, data;
	uint32_t len;

	if (!mem->sva || !f->pair || src < EMU_PAGE || src % HISI_SGL_ALIGN != 0 ||
			(f->de && bd->data_dst_addr != src) ||
			bd->auth_src_offset != 0 || bd->cipher_src_offset != t->alen ||
			sgl->entry_sum_in_sgl != 2 || sgl->entries[0].len != t->alen || t->alen == 0)
		return false;
	len = sgl->entries[1].len;
	aad = sgl->entries[0].addr;
	data = sgl->entries[1].addr;
	t->asrc = (const uint8_t *)(uintptr_t)aad;
	t->csrc = t->cdst = (uint8_t *)(uintptr_t)data;
	return len >= t->clen && len <= HISI_SGL_MAX_ENTRY_LEN;
}

static inline bool
read_job(struct sec2_form *f, const struct emu_mem *mem, struct crypto_task *t,
	const void *sqe)
{
	const volatile struct sec2_bd3 *bd = sqe;

	if (emu_unlikely(!sec2_same_form(f, bd)))
		read_form(f, bd);
	if (!f->known)
		return false;
	/* Neighbours in both: one load, one store. */
	t->cipher = f->t.cipher;
	t->calg = f->t.calg;
	t->cmode = f->t.cmode;
	t->cwidth = f->t.cwidth;
	t->ckey_len = f->t.ckey_len;
	t->iv_len = f->t.iv_len;
	t->mac_len = f->t.mac_len;
	t->todo = f->t.todo;
	t->alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	t->clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	if (t->clen == 0 || t->alen + t->clen > SEC2_MAX_LEN)
		return false;
	t->ckey = (const uint8_t *)(uintptr_t)bd->c_key_addr;
	t->iv = (const uint8_t *)(uintptr_t)bd->c_ivin_addr;
	t->mac = (uint8_t *)(uintptr_t)bd->mac_addr;
	return emu_likely(find_pair(f, mem, t, bd)) || find_any(f, mem, t, bd);
}

static inline void
touch(const struct crypto_task *t)
{
	emu_touch(t->csrc, t->clen);
	if (t->cdst != t->csrc)
		emu_touch(t->cdst, t->clen);
	emu_touch(t->asrc, t->alen);
	emu_touch_short(t->ckey, t->ckey_len);
	emu_touch_short(t->iv, 12);
	emu_touch_short(t->mac, t->mac_len);
}

bool
sec2_gcm_read(struct sec2_form *f, const struct emu_mem *mem, struct sec2_op *op,
	const void *sqe)
{
	if (!read_job(f, mem, &op->t, sqe))
		return false;
	touch(&op->t);
	op->path = SEC2_P_AEAD;
	op->error = SEC2_OK;
	op->icv = 0;
	op->flag = SEC2_FLAG_AEAD;
	op->out = NULL;
	return true;
}

/* False: it has to go another way. */
static inline bool
look(struct sec2_ctx *ctx, const struct emu_job *job, struct crypto_task *t)
{
	if (!read_job(&ctx->gcm_form, emu_queue_mem(job->q), t, job->sqe))
		return false;
	emu_prefetch_write(t->cdst);
	emu_prefetch(t->asrc);
	emu_prefetch_write(t->mac);
	return true;
}

/* Works on the jobs before end: they were touched. */
static void
run(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int end)
{
	struct crypto_task *t = ctx->gcms;

	jobs += ctx->finished;
	ctx->engine->gcm(ctx->engine_ctx, t, end - ctx->finished);
	for (; ctx->finished < end; ctx->finished++, t++, jobs++) {
		uint8_t icv = 0;

		if (t->cipher == SEC2_CIPHER_DEC)
			icv = t->status == CRYPTO_AUTH_FAILED ? SEC2_ICV_MISMATCH : SEC2_ICV_MATCH;
		sec2_put_result(jobs->sqe, t->status == CRYPTO_FAILED ? SEC2_E_ENGINE : SEC2_OK, icv,
			SEC2_FLAG_AEAD);
	}
}

/* Goes on at job finished, and keeps where it is for whoever comes after a fault. */
static __attribute__((noinline)) void
run_groups(struct sec2_ctx *ctx, const struct emu_job *jobs)
{
	while (ctx->finished < ctx->end) {
		unsigned int first = ctx->finished, end = ctx->end, i;

		if (end > first + SEC2_GCM_GROUP)
			end = first + SEC2_GCM_GROUP;
		ctx->looks = true;
		emu_guard_enter(&ctx->guard);
		emu_prefetch_ahead(jobs, ctx->end, first, end - first, SQES_AHEAD);
		for (i = first; i < end; i++) {
			ctx->at = i;
			sec2_prefetch_job(jobs, ctx->end, i, LISTS_AHEAD);
			if (!look(ctx, &jobs[i], &ctx->gcms[i - first]))
				ctx->end = end = i;
		}
		ctx->looks = false;
		for (i = first; i < end; i++) {
			ctx->at = i;
			touch(&ctx->gcms[i - first]);
		}
		emu_guard_leave();
		run(ctx, jobs, end);
	}
}

unsigned int
sec2_gcm_run(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < LISTS_AHEAD && i < n; i++)
		sec2_bd3_prefetch(jobs[i].sqe);
	ctx->finished = 0;
	ctx->end = n;
	if (sigsetjmp(ctx->guard, 0) != 0) {
		if (ctx->looks) {
			/* Nothing is said of it yet; those before are looked at again. */
			ctx->end = ctx->at;
		} else {
			run(ctx, jobs, ctx->at);
			sec2_put_result(jobs[ctx->finished].sqe, SEC2_E_ADDR, 0, 0);
			ctx->finished++;
		}
	}
	run_groups(ctx, jobs);
	return ctx->finished;
}
