/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEC2: where the data is. Buffers that are one piece are used where they are, whatever list they
 * come in; anything else goes through scratch memory of the batch.
 */
#include <errno.h>
#include <string.h>

#include "sec2.h"

#define ARENA_ALIGN     64

static uint8_t no_data[64] EMU_ALIGNED;

static uint8_t *
arena_alloc(struct sec2_ctx *ctx, size_t len)
{
	size_t at = (ctx->arena_used + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;

	if (at > ctx->arena_size || len > ctx->arena_size - at)
		return NULL;
	ctx->arena_used = at + len;
	return ctx->arena + at;
}

/* What an op needs at most: its source, its output and its authenticated image. */
static int
arena_short(struct sec2_ctx *ctx, const struct sec2_req *r)
{
	ctx->arena_need = 3 * ((size_t)SEC2_MAX_OFFSET + r->alen + r->clen + 2 * ARENA_ALIGN);
	return -1;
}

/* *p: [off, off + len) of the buffer as one piece; NULL with SEC2_OK: a list has it in pieces. */
static int
view(const struct sec2_ctx *ctx, uint8_t type, uint64_t addr, uint64_t off, uint64_t len,
	uint8_t **p)
{
	*p = no_data;
	if (len == 0)
		return SEC2_OK;
	if (type == SEC2_ADDR_FLAT) {
		*p = emu_ptr(ctx->mem, addr + off, len);
		return *p == NULL ? SEC2_E_ADDR : SEC2_OK;
	}
	*p = emu_sgl_view(ctx->mem, addr, off, len);
	return SEC2_OK;
}

/* The same, with pieces copied into scratch memory: *copied says that they were. */
static int
linear(struct sec2_ctx *ctx, const struct sec2_req *r, uint64_t off, uint64_t len, uint8_t **p,
	bool *copied)
{
	int ret = view(ctx, r->src_type, r->src, off, len, p);

	*copied = false;
	if (ret != SEC2_OK || *p != NULL)
		return ret;
	*p = arena_alloc(ctx, len);
	if (*p == NULL)
		return arena_short(ctx, r);
	*copied = true;
	ret = emu_sgl_read(ctx->mem, r->src, off, *p, len);
	return ret == 0 ? SEC2_OK : ret == -EFAULT ? SEC2_E_ADDR : SEC2_E_SGL;
}

/* Where the cipher writes: the client's buffer, or scratch memory that sec2_unmap() copies out. */
static int
map_output(struct sec2_ctx *ctx, struct sec2_op *op, bool src_copied, bool keep)
{
	const struct sec2_req *r = &op->r;
	struct crypto_task *t = &op->t;
	uint8_t *p;
	int ret;

	ret = view(ctx, r->de ? r->dst_type : r->src_type, r->de ? r->dst : r->src, r->cipher_off,
		r->clen, &p);
	if (ret != SEC2_OK)
		return ret;
	if (p != NULL && !(src_copied && keep)) {
		t->cdst = p;
		return SEC2_OK;
	}
	if (src_copied) {
		t->cdst = ctx->arena + (t->csrc - ctx->arena);
	} else {
		t->cdst = arena_alloc(ctx, r->clen);
		if (t->cdst == NULL)
			return arena_short(ctx, r);
	}
	op->out = t->cdst;
	return SEC2_OK;
}

/*
 * What a MAC over the result of a cipher covers: the source, with the ciphered region replaced.
 * src points to byte auth_off of the source. The bytes around the region are not the cipher's to
 * write, so when the output is elsewhere the image is put together in scratch memory.
 */
static int
map_image(struct sec2_ctx *ctx, struct sec2_op *op, const uint8_t *src)
{
	const struct sec2_req *r = &op->r;
	struct crypto_task *t = &op->t;
	uint32_t a_end = r->auth_off + r->alen, c_end = r->cipher_off + r->clen;
	uint32_t from = r->auth_off > r->cipher_off ? r->auth_off : r->cipher_off;
	uint32_t to = a_end < c_end ? a_end : c_end;
	uint8_t *image;

	t->asrc = src;
	if (t->cdst == t->csrc || from >= to)
		return SEC2_OK;
	if (from == r->auth_off && to == a_end) {
		t->asrc = t->cdst + (r->auth_off - r->cipher_off);
		return SEC2_OK;
	}
	image = arena_alloc(ctx, r->alen);
	if (image == NULL)
		return arena_short(ctx, r);
	memcpy(image, src, from - r->auth_off);
	memcpy(image + (to - r->auth_off), src + (to - r->auth_off), a_end - to);
	t->asrc = image;
	op->patch_to = image + (from - r->auth_off);
	op->patch_from = t->cdst + (from - r->cipher_off);
	op->patch_len = to - from;
	return SEC2_OK;
}

static int
map_chain(struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	bool cipher = op->path != SEC2_P_AUTH, auth = op->path != SEC2_P_CIPHER;
	bool image = op->path == SEC2_P_CIPHER_AUTH, copied;
	uint32_t lo = cipher ? r->cipher_off : r->auth_off;
	uint32_t hi = cipher ? r->cipher_off + r->clen : r->auth_off + r->alen;
	uint8_t *base;
	int ret;

	if (cipher && auth) {
		lo = r->auth_off < lo ? r->auth_off : lo;
		hi = r->auth_off + r->alen > hi ? r->auth_off + r->alen : hi;
	}
	ret = linear(ctx, r, lo, hi - lo, &base, &copied);
	if (ret != SEC2_OK)
		return ret;
	if (cipher) {
		op->t.csrc = base + (r->cipher_off - lo);
		emu_prefetch(op->t.csrc);
		ret = map_output(ctx, op, copied, image);
		if (ret != SEC2_OK)
			return ret;
	}
	if (!auth)
		return SEC2_OK;
	op->t.asrc = base + (r->auth_off - lo);
	return image ? map_image(ctx, op, op->t.asrc) : SEC2_OK;
}

/*
 * CCM's two counter blocks (C5.6): A1 at c_ivin, B0 at a_ivin. The nonce and its length are in
 * both; a B0 that says something else than the descriptor is refused, as its MAC could not be right.
 */
static int
map_ccm_nonce(struct sec2_op *op, const uint8_t *a1, const uint8_t *b0)
{
	const struct sec2_req *r = &op->r;
	unsigned int l = (a1[0] & 7) + 1, i;
	uint8_t flags = (uint8_t)((r->alen != 0 ? 0x40 : 0) | (r->icv_len - 2) / 2 << 3 | (l - 1));

	if (a1[0] != l - 1 || l < 2 || b0[0] != flags || memcmp(a1 + 1, b0 + 1, 15 - l) != 0)
		return SEC2_E_ALG;
	if (a1[15] != 1 || b0[15] != (r->clen & 0xff) || b0[14] != (r->clen >> 8 & 0xff))
		return SEC2_E_ALG;
	for (i = 16 - l; i < 15; i++)
		if (a1[i] != 0)
			return SEC2_E_ALG;
	if (l < 4 && r->clen >> (8 * l) != 0)
		return SEC2_E_LEN;
	op->t.iv = a1 + 1;
	op->t.iv_len = (uint8_t)(15 - l);
	return SEC2_OK;
}

static int
map_aead(struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	struct crypto_task *t = &op->t;
	const uint8_t *b0;
	uint8_t *p;
	bool copied;
	int ret;

	ret = linear(ctx, r, r->cipher_off, r->clen, &p, &copied);
	if (ret != SEC2_OK)
		return ret;
	t->csrc = p;
	emu_prefetch(p);
	ret = map_output(ctx, op, copied, false);
	if (ret != SEC2_OK)
		return ret;
	ret = linear(ctx, r, r->auth_off, r->alen, &p, &copied);
	if (ret != SEC2_OK)
		return ret;
	t->asrc = p;
	emu_prefetch(p);
	if (r->cmode != SEC2_CMODE_CCM)
		return SEC2_OK;
	b0 = emu_ptr(ctx->mem, r->aiv, 16);
	return b0 == NULL ? SEC2_E_ADDR : map_ccm_nonce(op, t->iv, b0);
}

/* Keys, IVs and tags are always flat. */
static int
map_flat(const struct sec2_ctx *ctx, struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	struct crypto_task *t = &op->t;

	t->iv = t->akey = t->aiv = no_data;
	if (op->path != SEC2_P_AUTH) {
		t->ckey = emu_ptr(ctx->mem, r->ckey, t->ckey_len);
		if (t->iv_len != 0)
			t->iv = emu_ptr(ctx->mem, r->civ, t->iv_len);
		if (t->ckey == NULL || t->iv == NULL)
			return SEC2_E_ADDR;
	}
	if (op->path == SEC2_P_CIPHER)
		return SEC2_OK;
	t->mac = emu_ptr(ctx->mem, r->mac, t->mac_len);
	if (t->mac == NULL)
		return SEC2_E_ADDR;
	if (op->path == SEC2_P_AEAD)
		return SEC2_OK;
	if (t->akey_len != 0)
		t->akey = emu_ptr(ctx->mem, r->akey, t->akey_len);
	if (t->aalg == SEC2_AALG_AES_GMAC)
		t->aiv = emu_ptr(ctx->mem, r->aiv, 12);
	return t->akey == NULL || t->aiv == NULL ? SEC2_E_ADDR : SEC2_OK;
}

static void
touch_task(const struct sec2_op *op)
{
	const struct crypto_task *t = &op->t;

	if (op->path != SEC2_P_AUTH) {
		emu_touch(t->ckey, t->ckey_len);
		emu_touch(t->iv, t->iv_len);
		emu_touch(t->csrc, op->r.clen);
		emu_touch(t->cdst, op->r.clen);
	}
	if (op->path != SEC2_P_CIPHER) {
		emu_touch(t->akey, t->akey_len);
		emu_touch(t->aiv, t->aalg == SEC2_AALG_AES_GMAC ? 12 : 0);
		emu_touch(t->asrc, op->r.alen);
		emu_touch(t->mac, t->mac_len);
	}
}

int
sec2_map(struct sec2_ctx *ctx, struct sec2_op *op)
{
	int ret;

	op->out = NULL;
	op->patch_len = 0;
	ret = map_flat(ctx, op);
	if (ret != SEC2_OK)
		return ret;
	ret = op->path == SEC2_P_AEAD ? map_aead(ctx, op) : map_chain(ctx, op);
	if (ret == SEC2_OK)
		touch_task(op);
	return ret;
}

enum sec2_error
sec2_unmap(const struct sec2_ctx *ctx, const struct sec2_op *op)
{
	const struct sec2_req *r = &op->r;
	uint8_t *p;
	int ret;

	if (op->out == NULL)
		return SEC2_OK;
	if ((r->de ? r->dst_type : r->src_type) == SEC2_ADDR_FLAT) {
		p = emu_ptr(ctx->mem, r->dst + r->cipher_off, r->clen);
		if (p == NULL)
			return SEC2_E_ADDR;
		memcpy(p, op->out, r->clen);
		return SEC2_OK;
	}
	ret = emu_sgl_write(ctx->mem, r->de ? r->dst : r->src, r->cipher_off, op->out, r->clen);
	return ret == 0 ? SEC2_OK : ret == -EFAULT ? SEC2_E_ADDR : SEC2_E_SGL;
}
