/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEC2. The jobs of a batch, whatever queues they come from, go through the engine together:
 *
 *	MACs that come first  ->  ciphers  ->  MACs of the results  ->  AEADs
 *
 * so that a library which works on several buffers at once has enough of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sec2.h"

#define ARENA_START     (256u << 10)
#define PART            64
#define PART_AEAD       16

static const struct crypto_engine *const engines[] = {
#ifdef EMU_IPSEC_MB
	&crypto_engine_ipsec_mb,
#endif
	&crypto_engine_openssl,
};

/* ------------------------------------------------------------------ control path */

static const struct crypto_engine *
find_engine(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

static bool
sec2_engine_usable(const char *name)
{
	const struct crypto_engine *engine = find_engine(name);

	return engine != NULL && engine->usable();
}

static void
sec2_algorithms(const struct emu_device *dev, char *buf, size_t size)
{
	snprintf(buf, size, "cipher\ndigest\naead\n");
}

static void
sec2_thread_fini(void *arg)
{
	struct sec2_ctx *ctx = arg;

	if (ctx->fallback_ctx != NULL)
		ctx->fallback->fini(ctx->fallback_ctx);
	if (ctx->engine_ctx != NULL)
		ctx->engine->fini(ctx->engine_ctx);
	free(ctx->arena);
	free(ctx);
}

static int
sec2_thread_init(struct emu_device *dev, void **out)
{
	struct sec2_ctx *ctx = aligned_alloc(64, (sizeof(*ctx) + 63) / 64 * 64);

	if (ctx == NULL)
		return -ENOMEM;
	memset(ctx, 0, sizeof(*ctx));
	ctx->dev = dev;
	ctx->hw = dev->hw;
	ctx->engine = find_engine(dev->engine);
	ctx->engine_ctx = ctx->engine->init();
	if (ctx->engine != &crypto_engine_openssl) {
		ctx->fallback = &crypto_engine_openssl;
		ctx->fallback_ctx = ctx->fallback->init();
	}
	ctx->arena_size = ARENA_START;
	ctx->arena = aligned_alloc(64, ARENA_START);
	if (ctx->arena == NULL || ctx->engine_ctx == NULL ||
			(ctx->fallback != NULL && ctx->fallback_ctx == NULL)) {
		sec2_thread_fini(ctx);
		return -ENOMEM;
	}
	*out = ctx;
	return 0;
}

/* ------------------------------------------------------------------ phases */

typedef unsigned int (*engine_op_t)(void *e, struct crypto_task **t, unsigned int n);

/* Runs tasks on the engine, and what it leaves on the fallback; what both leave fails. */
static void
run_tasks(struct sec2_ctx *ctx, engine_op_t op, engine_op_t fallback_op, struct crypto_task **t,
	  unsigned int n)
{
	unsigned int i, left;

	for (i = 0; i < n; i++) {
		t[i]->todo = 1;
		t[i]->status = CRYPTO_OK;
	}
	left = op(ctx->engine_ctx, t, n);
	if (left > 0 && ctx->fallback != NULL)
		left = fallback_op(ctx->fallback_ctx, t, n);
	for (i = 0; i < n && left > 0; i++)
		if (t[i]->todo)
			t[i]->status = CRYPTO_FAILED;
}

uint8_t
sec2_differ(const uint8_t *a, const volatile uint8_t *b, unsigned int len)
{
	uint8_t d = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		d |= (uint8_t)(a[i] ^ b[i]);
	return d;
}

static struct sec2_op *
op_of(struct crypto_task *t)
{
	return (struct sec2_op *)(void *)((uint8_t *)t - offsetof(struct sec2_op, t));
}

static void
run_auths(struct sec2_ctx *ctx, struct crypto_task **t, unsigned int n)
{
	unsigned int i;

	if (n == 0)
		return;
	run_tasks(ctx, ctx->engine->auth, ctx->fallback ? ctx->fallback->auth : NULL, t, n);
	for (i = 0; i < n; i++) {
		struct sec2_op *op = op_of(t[i]);

		if (t[i]->status != CRYPTO_OK)
			op->error = SEC2_E_ENGINE;
		else if (t[i]->auth == SEC2_AUTH_MAC)
			memcpy(t[i]->mac, t[i]->digest, t[i]->mac_len);
		else
			op->icv = sec2_differ(t[i]->digest, t[i]->mac, t[i]->mac_len) ? SEC2_ICV_MISMATCH :
				SEC2_ICV_MATCH;
	}
}

void
sec2_run_ciphers(struct sec2_ctx *ctx, struct crypto_task **t, unsigned int n)
{
	unsigned int i;

	if (n == 0)
		return;
	run_tasks(ctx, ctx->engine->cipher, ctx->fallback ? ctx->fallback->cipher : NULL, t, n);
	for (i = 0; i < n; i++) {
		struct sec2_op *op = op_of(t[i]);

		if (t[i]->status != CRYPTO_OK)
			op->error = SEC2_E_ENGINE;
		else if (op->patch_len != 0)
			memcpy(op->patch_to, op->patch_from, op->patch_len);
	}
}

static void
run_aeads(struct sec2_ctx *ctx, struct crypto_task **t, unsigned int n)
{
	unsigned int i;

	if (n == 0)
		return;
	run_tasks(ctx, ctx->engine->aead, ctx->fallback ? ctx->fallback->aead : NULL, t, n);
	for (i = 0; i < n; i++) {
		struct sec2_op *op = op_of(t[i]);

		if (t[i]->status == CRYPTO_FAILED)
			op->error = SEC2_E_ENGINE;
		else if (t[i]->cipher == SEC2_CIPHER_DEC)
			op->icv = t[i]->status == CRYPTO_AUTH_FAILED ? SEC2_ICV_MISMATCH : SEC2_ICV_MATCH;
	}
}

/* Tasks of ops on one of two paths that have not failed. */
static unsigned int
gather(struct sec2_ctx *ctx, unsigned int n, uint8_t path1, uint8_t path2, struct crypto_task **t)
{
	unsigned int i, nb = 0;

	for (i = 0; i < n; i++)
		if ((ctx->ops[i].path == path1 || ctx->ops[i].path == path2) && ctx->ops[i].error == 0)
			t[nb++] = &ctx->ops[i].t;
	return nb;
}

static void
execute(struct sec2_ctx *ctx, unsigned int n, unsigned int paths)
{
	struct crypto_task *t[EMU_BATCH];
	unsigned int i, nb = 0;

	if (paths & 1u << SEC2_P_AUTH_CIPHER)
		run_auths(ctx, t, gather(ctx, n, SEC2_P_AUTH_CIPHER, SEC2_P_AUTH_CIPHER, t));
	if (paths & (1u << SEC2_P_CIPHER | 1u << SEC2_P_CIPHER_AUTH | 1u << SEC2_P_AUTH_CIPHER)) {
		for (i = 0; i < n; i++)
			if (ctx->ops[i].error == 0 && ctx->ops[i].t.cipher != SEC2_CIPHER_NONE &&
					ctx->ops[i].path != SEC2_P_AEAD &&
					ctx->ops[i].path != SEC2_P_STREAM &&
					ctx->ops[i].path != SEC2_P_DONE)
				t[nb++] = &ctx->ops[i].t;
		sec2_run_ciphers(ctx, t, nb);
	}
	if (paths & (1u << SEC2_P_AUTH | 1u << SEC2_P_CIPHER_AUTH))
		run_auths(ctx, t, gather(ctx, n, SEC2_P_AUTH, SEC2_P_CIPHER_AUTH, t));
	if (paths & 1u << SEC2_P_AEAD)
		run_aeads(ctx, t, gather(ctx, n, SEC2_P_AEAD, SEC2_P_AEAD, t));
	for (i = 0; i < n && paths & 1u << SEC2_P_STREAM; i++)
		if (ctx->ops[i].path == SEC2_P_STREAM && ctx->ops[i].error == SEC2_OK) {
			ctx->mem = ctx->ops[i].mem;
			ctx->ops[i].error = sec2_stream_run(ctx, &ctx->ops[i]);
		}
}

/* ------------------------------------------------------------------ jobs */

/* False: not a descriptor of this hardware's type. */
static bool
read_bd(const struct sec2_ctx *ctx, struct sec2_op *op, const void *sqe)
{
	op->path = SEC2_P_DONE;
	op->error = SEC2_OK;
	op->icv = 0;
	op->flag = 0;
	op->out = NULL;
	op->t.cipher = SEC2_CIPHER_NONE;
	op->t.iv_len = op->t.akey_len = op->t.ckey_len = 0;
	return ctx->hw == 2 ? sec2_bd2_read(sqe, &op->r) : sec2_bd3_read(sqe, &op->r);
}

/* Checks one job and finds its data. False: it needs more scratch memory than is left. */
static bool
prepare(struct sec2_ctx *ctx, struct sec2_op *op, const struct emu_job *job)
{
	int ret;

	ctx->mem = emu_queue_mem(job->q);
	if (emu_likely(ctx->hw != 2 && (sec2_gcm_read(&ctx->gcm_form, ctx->mem, op, job->sqe) ||
			sec2_chain_read(ctx, op, job->sqe))))
		return true;
	if (!read_bd(ctx, op, job->sqe)) {
		op->error = SEC2_E_TYPE;
		return true;
	}
	if (op->r.invalid) {
		op->flag = SEC2_FLAG_AEAD;
		return true;
	}
	op->error = sec2_check(ctx, op);
	if (op->error != SEC2_OK)
		return true;
	op->mem = ctx->mem;
	if (op->path == SEC2_P_STREAM) {
		sec2_stream_touch(ctx, op);
		return true;
	}
	ret = sec2_map(ctx, op);
	if (ret > 0)
		op->error = (uint8_t)ret;
	return ret >= 0;
}

/* Nothing is in the arena now. */
static bool
arena_grow(struct sec2_ctx *ctx)
{
	uint8_t *arena = aligned_alloc(64, (ctx->arena_need + 63) / 64 * 64);

	if (arena == NULL)
		return false;
	free(ctx->arena);
	ctx->arena = arena;
	ctx->arena_size = ctx->arena_need;
	return true;
}

static void
finish(struct sec2_ctx *ctx, struct sec2_op *op, const struct emu_job *job)
{
	if (op->error == SEC2_OK && op->path != SEC2_P_DONE && op->out != NULL) {
		ctx->mem = op->mem;
		op->error = sec2_unmap(ctx, op);
	}
	sec2_put_result(job->sqe, op->error, op->icv, op->flag);
}

/* The next job; false: those before it have used up the scratch memory. */
static bool
prepare_next(struct sec2_ctx *ctx, const struct emu_job *jobs)
{
	struct sec2_op *op = &ctx->ops[ctx->nb];

	while (!prepare(ctx, op, &jobs[ctx->nb])) {
		if (ctx->nb > 0)
			return false;
		ctx->arena_used = 0;
		if (!arena_grow(ctx)) {
			op->error = SEC2_E_ENGINE;
			break;
		}
	}
	ctx->paths |= 1u << op->path;
	ctx->nb++;
	return true;
}

/* A guarded section: a fault is the job's at which it was. */
static void
prepare_all(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	ctx->nb = ctx->paths = 0;
	ctx->arena_used = 0;
	if (sigsetjmp(ctx->guard, 0) != 0) {
		ctx->ops[ctx->nb].path = SEC2_P_DONE;
		ctx->ops[ctx->nb].flag = 0;
		ctx->ops[ctx->nb].icv = 0;
		ctx->ops[ctx->nb].error = SEC2_E_ADDR;
		ctx->nb++;
	}
	emu_guard_enter(&ctx->guard);
	while (ctx->nb < n && prepare_next(ctx, jobs))
		;
	emu_guard_leave();
}

/* The same for what goes back to the client by way of scratch memory. */
static void
finish_all(struct sec2_ctx *ctx, const struct emu_job *jobs)
{
	ctx->finished = 0;
	if (sigsetjmp(ctx->guard, 0) != 0)
		ctx->ops[ctx->finished].error = SEC2_E_ADDR;
	emu_guard_enter(&ctx->guard);
	for (; ctx->finished < ctx->nb; ctx->finished++)
		finish(ctx, &ctx->ops[ctx->finished], &jobs[ctx->finished]);
	emu_guard_leave();
}

/* As many of the jobs as scratch memory allows, at least one. Returns how many. */
static unsigned int
run_some(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	prepare_all(ctx, jobs, n);
	execute(ctx, ctx->nb, ctx->paths);
	finish_all(ctx, jobs);
	return ctx->nb;
}

/* The short cuts, from the one that was right the last time on. Returns of how many jobs. */
static unsigned int
run_short(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n)
{
	unsigned int i, done;

	for (i = 0; i < 2; i++) {
		done = ctx->chains_last ? sec2_chain_run(ctx, jobs, n) : sec2_gcm_run(ctx, jobs, n);
		if (done > 0)
			return done;
		ctx->chains_last = !ctx->chains_last;
	}
	return 0;
}

/*
 * What no short cut is for goes in parts: what the descriptors of the next one point to arrives
 * while this one is worked on. AEADs go one by one, and few of them stay in the first cache from the
 * first look to the result; for the others the library wants many at once.
 */
static void
sec2_run(void *arg, struct emu_job *jobs, unsigned int n)
{
	struct sec2_ctx *ctx = arg;
	unsigned int done = 0, ahead = 0, end, part, got, i;
	bool shortcuts = ctx->hw != 2 && ctx->engine->gcm != NULL;

	ctx->engine->begin(ctx->engine_ctx);
	if (ctx->fallback != NULL)
		ctx->fallback->begin(ctx->fallback_ctx);
	while (done < n) {
		got = shortcuts ? run_short(ctx, jobs + done, n - done) : 0;
		done += got;
		if (got > 0)
			continue;
		ahead = ahead > done ? ahead : done;
		part = ctx->paths == 1u << SEC2_P_AEAD ? PART_AEAD : PART;
		if (part > n - done)
			part = n - done;
		end = done + 2 * part < n ? done + 2 * part : n;
		for (i = ahead + part; i < end + part && i < n; i++)
			emu_prefetch_sqe(jobs[i].sqe);
		for (; ahead < end; ahead++)
			(ctx->hw == 2 ? sec2_bd2_prefetch : sec2_bd3_prefetch)(jobs[ahead].sqe);
		done += run_some(ctx, jobs + done, part);
	}
}

/* Bytes that a job has worked on. */
static uint32_t
bytes_of(const struct emu_device *dev, const void *sqe)
{
	const struct sec2_bd3 *bd = sqe;
	uint32_t clen, alen;
	struct sec2_req r;

	if (dev->hw == 2)
		return !sec2_bd2_read(sqe, &r) ? 0 : r.clen > r.alen ? r.clen : r.alen;
	if (HW_GET(BD3_TYPE, bd->bd_param) != SEC2_BD_TYPE3)
		return 0;
	clen = (uint32_t)HW_GET(BD3_LEN, bd->c_len_ivin);
	alen = (uint32_t)HW_GET(BD3_LEN, bd->a_len_key);
	return clen > alen ? clen : alen;
}

static void
sec2_account(const struct emu_device *dev, const struct emu_job *jobs, unsigned int n,
	uint64_t *bytes, uint64_t *errors)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		/* Both types have their results in the same place. */
		*errors += ((const struct sec2_bd3 *)jobs[i].sqe)->error_type != 0;
		*bytes += bytes_of(dev, jobs[i].sqe);
	}
}

/* Of the source or, with output, of what the cipher writes. */
static struct emu_span
data_span(const struct sec2_req *r, bool output)
{
	struct emu_span s = { .addr = r->src, .list = r->src_type == SEC2_ADDR_SGL,
		.output = output };
	uint64_t end = r->cipher_off + (uint64_t)r->clen;

	if (output) {
		if (r->de) {
			s.addr = r->dst;
			s.list = r->dst_type == SEC2_ADDR_SGL;
		}
		s.off = r->cipher_off;
		s.len = r->clen;
		return s;
	}
	s.off = r->clen == 0 || (r->alen != 0 && r->auth_off < r->cipher_off) ? r->auth_off :
		r->cipher_off;
	if (r->alen != 0 && (r->clen == 0 || r->auth_off + (uint64_t)r->alen > end))
		end = r->auth_off + (uint64_t)r->alen;
	s.len = end - s.off;
	return s;
}

static unsigned int
sec2_spans(const struct emu_device *dev, const void *sqe, struct emu_span *s)
{
	struct sec2_req r;
	unsigned int n = 0;

	if (!(dev->hw == 2 ? sec2_bd2_read(sqe, &r) : sec2_bd3_read(sqe, &r)) || r.invalid)
		return 0;
	if (r.alen != 0 || r.clen != 0)
		s[n++] = data_span(&r, false);
	if (r.clen != 0)
		s[n++] = data_span(&r, true);
	s[n++] = (struct emu_span){ .addr = r.ckey, .len = r.cmode == SEC2_CMODE_XTS ? 64 : 32 };
	s[n++] = (struct emu_span){ .addr = r.civ, .len = 16 };
	s[n++] = (struct emu_span){ .addr = r.akey, .len = r.akey_len };
	s[n++] = (struct emu_span){ .addr = r.aiv, .len = 16 };
	s[n++] = (struct emu_span){ .addr = r.mac, .len = r.mac_len != 0 ? r.mac_len : 16,
		.output = true };
	return n;
}

static void
sec2_fail(void *sqe, uint8_t status)
{
	sec2_put_result(sqe, status, 0, 0);
}

const struct emu_model emu_model_sec2 = {
	.kind = "sec2",
	.name = "hisi_sec2",
	.engines = { "ipsec_mb", "openssl" },
	.sqe_size = HISI_QM_SQE_SIZE,
	.max_qc_type = 1,
	.batch = EMU_BATCH,
	.engine_usable = sec2_engine_usable,
	.algorithms = sec2_algorithms,
	.thread_init = sec2_thread_init,
	.thread_fini = sec2_thread_fini,
	.run = sec2_run,
	.account = sec2_account,
	.spans = sec2_spans,
	.fail = sec2_fail,
	.addr_error = SEC2_E_ADDR,
};
