/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Xforms and streams: every parameter is honoured or refused.
 *
 * The engine has one level for DEFLATE, so the API's levels 1 to 9 and the default all mean that
 * one; level 0, which asks for stored blocks, is refused.
 */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_memory.h>

#include "uacce_compress.h"

#define WINDOW_MAX      15
#define WINDOW_MIN      12      /* of the compressor */
#define WINDOW_MIN_DEC  8       /* any stream's distances fit the decompressor's 32K */

static int
check_chksum(enum rte_comp_checksum_type chksum)
{
	switch (chksum) {
	case RTE_COMP_CHECKSUM_NONE:
	case RTE_COMP_CHECKSUM_CRC32:
	case RTE_COMP_CHECKSUM_ADLER32:
	case RTE_COMP_CHECKSUM_CRC32_ADLER32:
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int
check_common(enum rte_comp_algorithm algo, enum rte_comp_hash_algorithm hash, uint8_t window,
	uint8_t window_min)
{
	if (algo != RTE_COMP_ALGO_DEFLATE || hash != RTE_COMP_HASH_ALGO_NONE)
		return -ENOTSUP;
	/* 0 is what applications leave there that do not care. */
	if (window != 0 && (window < window_min || window > WINDOW_MAX))
		return -ENOTSUP;
	return 0;
}

static int
parse_compress(const struct rte_comp_compress_xform *c, struct wd_comp_xform *wx)
{
	int ret = check_common(c->algo, c->hash_algo, c->window_size, WINDOW_MIN);

	if (ret == 0)
		ret = check_chksum(c->chksum);
	if (ret != 0)
		return ret;
	if (c->deflate.huffman != RTE_COMP_HUFFMAN_DEFAULT &&
		c->deflate.huffman != RTE_COMP_HUFFMAN_DYNAMIC)
		return -ENOTSUP;
	if (c->level == RTE_COMP_LEVEL_NONE)
		return -ENOTSUP;
	if (c->level < RTE_COMP_LEVEL_PMD_DEFAULT || c->level > RTE_COMP_LEVEL_MAX)
		return -EINVAL;
	wx->compress = 1;
	wx->level = c->level == RTE_COMP_LEVEL_PMD_DEFAULT ? 1 : c->level;
	wx->window_log = c->window_size == 0 ? WINDOW_MAX : c->window_size;
	return 0;
}

static int
parse_decompress(const struct rte_comp_decompress_xform *d, struct wd_comp_xform *wx)
{
	int ret = check_common(d->algo, d->hash_algo, d->window_size, WINDOW_MIN_DEC);

	if (ret == 0)
		ret = check_chksum(d->chksum);
	if (ret != 0)
		return ret;
	wx->compress = 0;
	wx->level = 1;
	wx->window_log = WINDOW_MAX;
	return 0;
}

/*
 * Chooses the framing. A whole stream that is compressed gets its checksum from the engine's
 * trailer; otherwise raw DEFLATE, or zlib's framing where the device has none.
 */
static void
choose_framing(const struct uacce_comp_proc *proc, struct uacce_comp_xform *x, bool stateful,
	struct wd_comp_xform *wx)
{
	const uint32_t comps = wd_device_caps(proc->wd)->comps;

	wx->alg = proc->raw ? WD_COMP_DEFLATE : WD_COMP_ZLIB;
	if (x->dir == UACCE_COMPRESS && !stateful) {
		if (x->chksum == RTE_COMP_CHECKSUM_ADLER32 && comps & 1u << WD_COMP_ZLIB)
			wx->alg = WD_COMP_ZLIB;
		else if (x->chksum != RTE_COMP_CHECKSUM_NONE &&
			x->chksum != RTE_COMP_CHECKSUM_ADLER32 && comps & 1u << WD_COMP_GZIP)
			wx->alg = WD_COMP_GZIP;
		x->engine_sum = x->chksum != RTE_COMP_CHECKSUM_NONE && wx->alg != WD_COMP_DEFLATE &&
			(wx->alg == WD_COMP_GZIP || x->chksum == RTE_COMP_CHECKSUM_ADLER32);
	}
	x->trailer = wx->alg == WD_COMP_GZIP ? 8 : wx->alg == WD_COMP_ZLIB ? 4 : 0;
}

static int
parse(const struct uacce_comp_proc *proc, const struct rte_comp_xform *xform, bool stateful,
	struct uacce_comp_xform *x, struct wd_comp_xform *wx)
{
	int ret;

	memset(wx, 0, sizeof(*wx));
	if (xform == NULL)
		return -EINVAL;
	switch (xform->type) {
	case RTE_COMP_COMPRESS:
		x->dir = UACCE_COMPRESS;
		x->chksum = xform->compress.chksum;
		ret = parse_compress(&xform->compress, wx);
		break;
	case RTE_COMP_DECOMPRESS:
		x->dir = UACCE_DECOMPRESS;
		x->chksum = xform->decompress.chksum;
		ret = parse_decompress(&xform->decompress, wx);
		break;
	default:
		return -EINVAL;
	}
	if (ret == 0)
		choose_framing(proc, x, stateful, wx);
	return ret;
}

static uint64_t
dev_addr(const struct uacce_comp_proc *proc, const void *va)
{
	return proc->phys ? rte_mem_virt2iova(va) : (uintptr_t)va;
}

int
uacce_comp_xform_create(struct rte_compressdev *dev, const struct rte_comp_xform *xform, void **priv)
{
	const struct uacce_comp_proc *proc = uacce_comp_proc(dev);
	struct uacce_comp_xform *x;
	struct wd_comp_xform wx;
	int ret;

	if (priv == NULL)
		return -EINVAL;
	*priv = NULL;
	x = rte_zmalloc_socket("uacce_xform",
		RTE_CACHE_LINE_ROUNDUP(sizeof(*x)) + wd_session_size(proc->wd),
		RTE_MAX(RTE_CACHE_LINE_SIZE, WD_SESSION_ALIGN), dev->data->socket_id);
	if (x == NULL)
		return -ENOMEM;
	ret = parse(proc, xform, false, x, &wx);
	if (ret == 0) {
		struct wd_session *s = (struct wd_session *)((uintptr_t)x +
			RTE_CACHE_LINE_ROUNDUP(sizeof(*x)));

		ret = wd_session_init_comp(proc->wd, s, dev_addr(proc, s), &wx);
	}
	if (ret != 0) {
		rte_free(x);
		return ret;
	}
	x->magic = UACCE_XFORM_MAGIC;
	*priv = x;
	return 0;
}

int
uacce_comp_xform_free(struct rte_compressdev *dev, void *priv)
{
	struct uacce_comp_xform *x = priv;

	RTE_SET_USED(dev);
	if (x == NULL || x->magic != UACCE_XFORM_MAGIC)
		return -EINVAL;
	x->magic = 0;
	rte_free(x);
	return 0;
}

static struct wd_stream *
wd_stream_of(struct wd_device *wd, struct uacce_comp_stream *st)
{
	uintptr_t s = (uintptr_t)uacce_comp_stream_session(st);

	return (struct wd_stream *)RTE_ALIGN_CEIL(s + wd_session_size(wd), WD_SESSION_ALIGN);
}

static struct uacce_comp_stream *
stream_alloc(const struct uacce_comp_proc *proc, const struct rte_comp_xform *xform, int socket_id,
	int *err)
{
	const size_t wd_size = wd_stream_size(proc->wd);
	struct uacce_comp_stream *st;
	const size_t size = RTE_CACHE_LINE_ROUNDUP(sizeof(*st)) + wd_session_size(proc->wd) +
		WD_SESSION_ALIGN + wd_size;
	struct wd_comp_xform wx;
	struct wd_session *s;
	struct wd_stream *ws;
	int ret;

	*err = -ENOMEM;
	/* The context must be one piece for the device: what is so aligned does not cross a page. */
	st = rte_zmalloc_socket("uacce_stream", size, proc->phys ? rte_align64pow2(size) :
		RTE_MAX(RTE_CACHE_LINE_SIZE, WD_SESSION_ALIGN), socket_id);
	if (st == NULL)
		return NULL;
	s = uacce_comp_stream_session(st);
	ws = wd_stream_of(proc->wd, st);
	st->wd_addr = dev_addr(proc, ws);
	/* Unless pages are small, as without hugepages. */
	if (proc->phys && rte_mem_virt2iova((uint8_t *)ws + wd_size - 1) !=
		st->wd_addr + wd_size - 1)
		goto fail;
	ret = parse(proc, xform, true, &st->x, &wx);
	if (ret == 0)
		ret = wd_session_init_comp(proc->wd, s, dev_addr(proc, s), &wx);
	if (ret == 0)
		ret = uacce_comp_stream_reset(proc->wd, st);
	if (ret != 0) {
		*err = ret;
		goto fail;
	}
	st->adler = 1;
	st->x.magic = UACCE_STREAM_MAGIC;
	return st;
fail:
	rte_free(st);
	return NULL;
}

int
uacce_comp_stream_create(struct rte_compressdev *dev, const struct rte_comp_xform *xform,
	void **stream)
{
	const struct uacce_comp_proc *proc = uacce_comp_proc(dev);
	int err;

	if (stream == NULL)
		return -EINVAL;
	*stream = NULL;
	if (!proc->stateful)
		return -ENOTSUP;
	*stream = stream_alloc(proc, xform, dev->data->socket_id, &err);
	return *stream == NULL ? err : 0;
}

int
uacce_comp_stream_free(struct rte_compressdev *dev, void *stream)
{
	struct uacce_comp_stream *st = stream;

	if (st == NULL || st->x.magic != UACCE_STREAM_MAGIC)
		return -EINVAL;
	if (st->busy)
		return -EBUSY;
	st->x.magic = 0;
	/* History and carry are a copy of the data. */
	wd_stream_fini(uacce_comp_proc(dev)->wd, wd_stream_of(uacce_comp_proc(dev)->wd, st));
	memset(st->carry, 0, sizeof(st->carry));
	rte_free(st);
	return 0;
}

struct uacce_comp_stream *
uacce_comp_stream_internal(struct uacce_comp_proc *proc, int socket_id)
{
	const struct rte_comp_xform xform = {
		.type = RTE_COMP_COMPRESS,
		.compress = {
			.algo = RTE_COMP_ALGO_DEFLATE,
			.level = RTE_COMP_LEVEL_PMD_DEFAULT,
		},
	};
	int err;

	return stream_alloc(proc, &xform, socket_id, &err);
}

int
uacce_comp_stream_reset(struct wd_device *wd, struct uacce_comp_stream *st)
{
	return wd_stream_init(wd, wd_stream_of(wd, st), st->wd_addr, uacce_comp_stream_session(st));
}
