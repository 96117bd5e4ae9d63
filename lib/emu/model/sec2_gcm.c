/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-GCM in one descriptor of type 3. A library does such jobs one by one, so each goes from its
 * descriptor to its result at once, nothing of it is written down in between. Before each of them
 * what is needed later is asked for:
 *
 *	SQES_AHEAD      the descriptor of a job, maybe of the next batch
 *	LISTS_AHEAD     the list and the IV of one whose descriptor is here
 *	DATA_AHEAD      the data and the AAD of one whose list is here
 *
 * A library's call for one message has no state that a fault could leave in disorder, so the guarded
 * section reaches around it.
 */
#include "sec2.h"

#define SQES_AHEAD      31
#define LISTS_AHEAD     16
#define DATA_AHEAD      8

#define SIZE            sizeof(struct sec2_bd3)
#define PAIR_SIZE       (sizeof(struct hisi_sgl) + 2 * sizeof(struct hisi_sgl_entry))

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

/* Where all of a request is. */
struct gcm_parts {
	const uint8_t *iv, *aad, *src;
	uint8_t *dst, *mac;
	uint32_t alen, clen;
	uint64_t ckey;          /* as the device has it */
};

/* What the device of a job sees: sva is known when this is compiled. */
struct sight {
	const struct emu_mem *mem;
	bool sva;
	const struct emu_region *lists, *data; /* see emu_ptr_near() */
};

static inline uint8_t *
piece(const struct emu_mem *mem, bool list, uint64_t addr, uint64_t off, uint64_t len)
{
	return list ? emu_sgl_view(mem, addr, off, len) : emu_ptr(mem, addr + off, len);
}

/* All but what find() knows already. */
static __attribute__((noinline)) bool
find_any(const struct sec2_form *f, const struct emu_mem *mem, const volatile struct sec2_bd3 *bd,
	struct gcm_parts *p)
{
	static const uint8_t no_aad[16];
	uint64_t src = bd->data_src_addr, dst = bd->data_dst_addr, off = bd->cipher_src_offset;
	uint64_t a_off = bd->auth_src_offset;

	p->iv = emu_ptr(mem, bd->c_ivin_addr, 12);
	p->mac = emu_ptr(mem, bd->mac_addr, f->t.mac_len);
	p->src = p->dst = piece(mem, f->src_list, src, off, p->clen);
	p->aad = p->alen == 0 ? no_aad : piece(mem, f->src_list, src, a_off, p->alen);
	if (f->de && (dst != src || f->dst_list != f->src_list))
		p->dst = piece(mem, f->dst_list, dst, off, p->clen);
	return p->iv != NULL && p->mac != NULL && p->src != NULL && p->aad != NULL &&
		p->dst != NULL;
}

/* NULL: find_any() may know better. */
static inline uint8_t *
at(const struct sight *s, const struct emu_region **near, uint64_t addr, uint64_t len)
{
	return s->sva ? sec2_ptr(addr) : emu_ptr_near(s->mem, near, addr, len);
}

/*
 * In place, {AAD, payload} as DPDK's users have them: all with one look at the list. With SVA
 * nonsense faults when it is used, and a list at address 0 is find_any()'s.
 */
static inline __attribute__((always_inline)) bool
find_pair(const struct sec2_form *f, struct sight *s, const volatile struct sec2_bd3 *bd,
	struct gcm_parts *p)
{
	uint64_t src = bd->data_src_addr;
	const volatile struct hisi_sgl *sgl;
	uint32_t len;

	if (!f->pair || src < EMU_PAGE || src % HISI_SGL_ALIGN != 0 ||
			(f->de && bd->data_dst_addr != src) ||
			bd->auth_src_offset != 0 || bd->cipher_src_offset != p->alen)
		return false;
	sgl = (const volatile struct hisi_sgl *)at(s, &s->lists, src, PAIR_SIZE);
	if ((!s->sva && sgl == NULL) || sgl->entry_sum_in_sgl != 2 ||
			sgl->entries[0].len != p->alen || p->alen == 0)
		return false;
	len = sgl->entries[1].len;
	p->iv = at(s, &s->data, bd->c_ivin_addr, 12);
	p->mac = at(s, &s->data, bd->mac_addr, f->t.mac_len);
	p->aad = at(s, &s->data, sgl->entries[0].addr, p->alen);
	p->src = p->dst = at(s, &s->data, sgl->entries[1].addr, p->clen);
	/* The library takes a NULL for a mistake of the program's, and does nothing. */
	return len >= p->clen && len <= HISI_SGL_MAX_ENTRY_LEN && p->aad != NULL && p->dst != NULL &&
		p->iv != NULL && p->mac != NULL;
}

/* False: the short cut is not for it, nothing is said yet. */
static inline __attribute__((always_inline)) bool
find(const struct sec2_form *f, struct sight *s, const volatile struct sec2_bd3 *bd,
	struct gcm_parts *p)
{
	struct gcm_parts any;

	if (!f->known)
		return false;
	p->alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	p->clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	p->ckey = bd->c_key_addr;
	if (p->clen == 0 || p->alen + p->clen > SEC2_MAX_LEN)
		return false;
	if (emu_likely(find_pair(f, s, bd, p)))
		return true;
	/* A copy: the compiler keeps what nobody has the address of in registers. */
	any.alen = p->alen;
	any.clen = p->clen;
	any.ckey = p->ckey;
	if (!find_any(f, s->mem, bd, &any))
		return false;
	*p = any;
	return true;
}

/*
 * A request that faults here has changed nothing. The library takes in IV and AAD before it writes,
 * and what is in one page needs no look at its end.
 */
static inline void
touch(const struct sec2_form *f, const struct gcm_parts *p)
{
	emu_touch_short(p->mac, f->t.mac_len);
	if (emu_unlikely(p->dst != p->src ||
			(uintptr_t)p->src % EMU_PAGE + p->clen > EMU_PAGE)) {
		emu_touch(p->src, p->clen);
		emu_touch(p->dst, p->clen);
	}
}

bool
sec2_gcm_read(struct sec2_form *f, const struct emu_mem *mem, struct sec2_op *op,
	const void *sqe)
{
	const volatile struct sec2_bd3 *bd = sqe;
	struct sight sight = { mem, mem->sva, &emu_nowhere, &emu_nowhere };
	struct crypto_task *t = &op->t;
	struct gcm_parts p;

	if (!sec2_same_form(f, bd))
		read_form(f, bd);
	if (!find(f, &sight, bd, &p))
		return false;
	t->ckey = emu_ptr(mem, p.ckey, f->t.ckey_len);
	if (t->ckey == NULL)
		return false;
	t->cipher = f->t.cipher;
	t->calg = f->t.calg;
	t->cmode = f->t.cmode;
	t->cwidth = f->t.cwidth;
	t->ckey_len = f->t.ckey_len;
	t->iv_len = f->t.iv_len;
	t->mac_len = f->t.mac_len;
	t->todo = f->t.todo;
	t->alen = p.alen;
	t->clen = p.clen;
	t->iv = p.iv;
	t->asrc = p.aad;
	t->csrc = p.src;
	t->cdst = p.dst;
	t->mac = p.mac;
	emu_touch(t->csrc, t->clen);
	emu_touch(t->cdst, t->clen);
	emu_touch(t->asrc, t->alen);
	emu_touch_short(t->ckey, t->ckey_len);
	emu_touch_short(t->iv, 12);
	emu_touch_short(t->mac, t->mac_len);
	op->path = SEC2_P_AEAD;
	op->error = SEC2_OK;
	op->icv = 0;
	op->flag = SEC2_FLAG_AEAD;
	op->out = NULL;
	return true;
}

/* ------------------------------------------------------------------ many of them */

static __attribute__((noinline)) bool
new_key(struct sec2_ctx *ctx, const struct emu_mem *mem, uint64_t ckey)
{
	struct crypto_task t = ctx->gcm_form.t;

	ctx->gcm.run = NULL;
	ctx->gcm_ckey = ckey;
	t.ckey = emu_ptr(mem, ckey, t.ckey_len);
	if (t.ckey == NULL)
		return false;
	emu_touch_short(t.ckey, t.ckey_len);
	return ctx->engine->gcm(ctx->engine_ctx, &t, &ctx->gcm);
}

/*
 * A job from its descriptor to its result. What it points to and cannot be reached faults here,
 * maybe in the library. False: it has to go another way.
 */
static inline __attribute__((always_inline)) bool
work(struct sec2_ctx *ctx, struct sight *s, uint8_t *sqe)
{
	const volatile struct sec2_bd3 *bd = (const volatile struct sec2_bd3 *)sqe;
	struct sec2_form *f = &ctx->gcm_form;
	const struct crypto_gcm *g = &ctx->gcm;
	uint8_t digest[16], icv;
	struct gcm_parts p;

	if (emu_unlikely(!sec2_same_form(f, bd))) {
		read_form(f, bd);
		ctx->gcm.run = NULL;
	}
	if (!find(f, s, bd, &p))
		return false;
	if (emu_unlikely(g->run == NULL || p.ckey != ctx->gcm_ckey) && !new_key(ctx, s->mem, p.ckey))
		return false;
	touch(f, &p);
	if (emu_likely(f->t.cipher == SEC2_CIPHER_ENC)) {
		g->run(g->key, g->scratch, p.dst, p.src, p.clen, p.iv, p.aad, p.alen, p.mac,
			f->t.mac_len);
		icv = 0;
	} else {
		g->run(g->key, g->scratch, p.dst, p.src, p.clen, p.iv, p.aad, p.alen, digest,
			sizeof(digest));
		icv = sec2_differ(digest, p.mac, f->t.mac_len) ? SEC2_ICV_MISMATCH : SEC2_ICV_MATCH;
	}
	sec2_put_result(sqe, SEC2_OK, icv, SEC2_FLAG_AEAD);
	return true;
}

/*
 * Where addr may be, to be asked for. Without SVA that is where the jobs before had the like, else
 * NULL: no region is looked for.
 */
static inline uint8_t *
guess(const struct sight *s, const struct emu_region *near, uint64_t addr, uint64_t len)
{
	return s->sva ? sec2_ptr(addr) : emu_ptr_in(near, addr, len);
}

/* Asks for what a descriptor points to. */
static inline __attribute__((always_inline)) void
ask_for_list(const struct sec2_form *f, const struct sight *s, const uint8_t *sqe)
{
	const volatile struct sec2_bd3 *bd = (const volatile struct sec2_bd3 *)sqe;
	const uint8_t *src;

	if (s->sva) {
		sec2_bd3_prefetch(sqe);
		return;
	}
	emu_prefetch(guess(s, s->data, bd->c_ivin_addr, 1));
	src = guess(s, f->src_list ? s->lists : s->data, bd->data_src_addr, PAIR_SIZE);
	emu_prefetch(src);
	emu_prefetch(src + 64);
}

/* Asks for what the list of a job, which may be nonsense, points to, and for where its tag goes. */
EMU_ANY_ADDRESS static inline void
ask_for_data(const struct sec2_form *f, const struct sight *s, const uint8_t *sqe)
{
	const volatile struct sec2_bd3 *bd = (const volatile struct sec2_bd3 *)sqe;
	const volatile struct hisi_sgl *sgl;

	emu_prefetch_write(guess(s, s->data, bd->mac_addr, 1));
	if (!f->pair)
		return;
	sgl = (const volatile struct hisi_sgl *)guess(s, s->lists, bd->data_src_addr, PAIR_SIZE);
	if (!s->sva && sgl == NULL)
		return;
	emu_prefetch(guess(s, s->data, sgl->entries[0].addr, 1));
	emu_prefetch_write(guess(s, s->data, sgl->entries[1].addr, 1));
}

/* Jobs whose entries are neighbours in one ring. */
struct run {
	struct emu_queue *q;
	unsigned int n;         /* of the batch */
	unsigned int announced; /* the same, and those behind them that came meanwhile */
};

static inline struct run
neighbours(const struct emu_job *jobs, unsigned int n)
{
	struct run r = { .q = jobs[0].q, .n = n };
	const uint8_t *sqe = jobs[0].sqe;
	unsigned int slot = (unsigned int)((size_t)(sqe - r.q->sq) / SIZE);

	if (jobs[n - 1].q != r.q || jobs[n - 1].sqe != sqe + (n - 1) * SIZE)
		for (r.n = 1; jobs[r.n].q == r.q && jobs[r.n].sqe == sqe + r.n * SIZE; r.n++)
			;
	r.announced = r.n;
	if (slot + r.n == r.q->head)
		r.announced = (r.q->tail >= r.q->head ? r.q->tail : r.q->depth) - slot;
	return r;
}

/* What the loop below has asked for when it is at a job, of the jobs behind that one. */
static inline __attribute__((always_inline)) void
start(struct sec2_ctx *ctx, const struct sight *s, const struct run *r, uint8_t *sqe, bool sqes)
{
	unsigned int i;

	for (i = 0; sqes && i < SQES_AHEAD && i < r->announced; i++)
		emu_prefetch_sqe(sqe + i * SIZE);
	i = 0;
	if (ctx->gcm_listed > sqe && ctx->gcm_listed <= sqe + LISTS_AHEAD * SIZE)
		i = (unsigned int)((size_t)(ctx->gcm_listed - sqe) / SIZE);
	for (; i < LISTS_AHEAD && i < r->announced; i++)
		ask_for_list(&ctx->gcm_form, s, sqe + i * SIZE);
}

/* The same for whoever goes on behind the loop. */
static inline void
finish(struct sec2_ctx *ctx, const struct run *r, const uint8_t *sqe)
{
	unsigned int more = r->announced - r->n;
	unsigned int asked = more < SQES_AHEAD ? more : SQES_AHEAD;

	ctx->gcm_listed = sqe + (more < LISTS_AHEAD ? more : LISTS_AHEAD) * SIZE;
	if (r->q->asked < asked)
		r->q->asked = (uint16_t)asked;
}

/* Goes on at job done, and keeps where it is for whoever comes after a fault. */
static inline __attribute__((always_inline)) bool
run_sight(struct sec2_ctx *ctx, struct sight *s, const struct run *r, uint8_t *sqe)
{
	unsigned int done = ctx->done, i;

	start(ctx, s, r, sqe, done != 0);
	ctx->looks = true;
	for (i = 0; i < DATA_AHEAD && i < r->n; i++) {
		ctx->at = done + i;
		ask_for_data(&ctx->gcm_form, s, sqe + i * SIZE);
	}
	for (i = 0; i < r->n; i++, sqe += SIZE) {
		if (emu_likely(i + SQES_AHEAD < r->announced))
			emu_prefetch_sqe(sqe + SQES_AHEAD * SIZE);
		if (emu_likely(i + LISTS_AHEAD < r->announced))
			ask_for_list(&ctx->gcm_form, s, sqe + LISTS_AHEAD * SIZE);
		if (emu_likely(i + DATA_AHEAD < r->n)) {
			ctx->at = done + i + DATA_AHEAD;
			ctx->looks = true;
			ask_for_data(&ctx->gcm_form, s, sqe + DATA_AHEAD * SIZE);
		}
		ctx->looks = false;
		if (emu_unlikely(!work(ctx, s, sqe)))
			return false;
		ctx->done = done + i + 1;
	}
	finish(ctx, r, sqe);
	return true;
}

static __attribute__((noinline)) bool
run_neighbours(struct sec2_ctx *ctx, const struct emu_job *jobs)
{
	struct run r = neighbours(jobs + ctx->done, ctx->end - ctx->done);
	struct sight s = { emu_queue_mem(r.q), true, &emu_nowhere, &emu_nowhere };
	uint8_t *sqe = jobs[ctx->done].sqe;

	if (s.mem->sva)
		return run_sight(ctx, &s, &r, sqe);
	s.sva = false;
	/* Somebody else's address may be the same. */
	ctx->gcm.run = NULL;
	return run_sight(ctx, &s, &r, sqe);
}

unsigned int
sec2_gcm_run(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	ctx->done = 0;
	ctx->end = n;
	ctx->gcm.run = NULL;
	if (sigsetjmp(ctx->guard, 0) != 0) {
		if (ctx->looks) {
			/* Nothing is said of it yet. */
			ctx->end = ctx->at;
		} else {
			sec2_put_result(jobs[ctx->done].sqe, SEC2_E_ADDR, 0, 0);
			ctx->done++;
		}
	}
	emu_guard_enter(&ctx->guard);
	while (ctx->done < ctx->end && run_neighbours(ctx, jobs))
		;
	emu_guard_leave();
	return ctx->done;
}
