/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * User driver of HiSilicon ZIP: raw deflate, zlib and gzip, stateless and as streams; LZ77 output,
 * the same; LZ4 blocks.
 *
 * Entry types 0 (hardware v2) and 3 (v3 and later) differ in the place of a tag that this driver
 * does not use, so that the session's template is all the difference here.
 */
#include <errno.h>

#include "wd_lz77.h"
#include "zip.h"

_Static_assert(sizeof(struct wd_seq_zstd) == sizeof(struct zip_seq_zstd) &&
	offsetof(struct wd_seq_zstd, match_len) == offsetof(struct zip_seq_zstd, match_len) &&
	sizeof(struct wd_seq_lz77) == sizeof(struct zip_seq_only) &&
	offsetof(struct wd_seq_lz77, distance) == offsetof(struct zip_seq_only, distance), "D7");
_Static_assert(WD_LZ77_TAIL == ZIP_LZ77_FREQ_OFF + ZIP_LZ77_FREQ_SIZE, "D7");
_Static_assert(WD_LZ77_ZSTD_MAX_LEN == ZIP_LZ77_ZSTD_MAX_LEN &&
	WD_LZ77_ONLY_MAX_LEN == ZIP_LZ77_ONLY_MAX_LEN, "D7");

/*
 * The context of D4: software's part first, then what the engine keeps between requests. The
 * engine leaves ctx_dw and the running checksum in the entry; they go back with the next one.
 */
struct wd_stream {
	uint32_t ctx_dw[3];
	uint32_t isize;
	uint32_t checksum;      /* the engine's form */
	uint8_t started;
	uint8_t type;           /* ZIP_TYPE_* */
	uint8_t cut;            /* its input was shortened to fit the output */
	uint8_t qc_type;
	uint64_t dev_addr;
	uint32_t magic;
	uint32_t reps[3];       /* lz77_zstd: repeated offsets before the last request */
	uint32_t busy;          /* a request is outstanding: polling's. Published */
	uint8_t pad0[12];
	uint8_t hw[ZIP_CTX_SIZE - ZIP_CTX_SW_SIZE];
};
_Static_assert(offsetof(struct wd_stream, hw) == ZIP_CTX_SW_SIZE, "D4");
_Static_assert(sizeof(struct wd_stream) == ZIP_CTX_SIZE, "D4");

static const struct zip_alg {
	const char *line;       /* of the algorithms attribute */
	uint8_t type, best;     /* ZIP_TYPE_*; the second one for level 9 */
	uint8_t min_gen;        /* what an older device says of it is not believed */
	bool one_way;           /* compression only */
} algs[WD_COMP_MAX] = {
	[WD_COMP_DEFLATE] = {"deflate", ZIP_TYPE_DEFLATE, ZIP_TYPE_DEFLATE, 3, false},
	[WD_COMP_ZLIB] = {"zlib", ZIP_TYPE_ZLIB, ZIP_TYPE_ZLIB, 2, false},
	[WD_COMP_GZIP] = {"gzip", ZIP_TYPE_GZIP, ZIP_TYPE_GZIP, 2, false},
	[WD_COMP_LZ77_ZSTD] = {"lz77_zstd", ZIP_TYPE_LZ77_ZSTD, ZIP_TYPE_LZ77_ZSTD_PRICE, 3, true},
	[WD_COMP_LZ77_ONLY] = {"lz77_only", ZIP_TYPE_LZ77_ONLY, ZIP_TYPE_LZ77_ONLY_PRICE, 3, true},
	[WD_COMP_LZ4] = {"lz4", ZIP_TYPE_LZ4, ZIP_TYPE_LZ4, 3, true},
};

static bool
zip_match(const struct wd_dev_info *info)
{
	for (unsigned int i = WD_COMP_NONE + 1; i < WD_COMP_MAX; i++) {
		if (wd_has_algorithm(info, algs[i].line))
			return qm_api_version(info) >= 2;
	}
	return false;
}

static int
zip_get_caps(struct wd_device *dev, struct wd_caps *caps)
{
	const struct wd_dev_info *info = &dev->info;

	memset(caps, 0, sizeof(*caps));
	for (unsigned int i = WD_COMP_NONE + 1; i < WD_COMP_MAX; i++) {
		if (qm_api_version(info) >= algs[i].min_gen && wd_has_algorithm(info, algs[i].line))
			caps->comps |= 1u << i;
	}
	caps->flags = WD_CAP_SGL | WD_CAP_STATEFUL;
	if (caps->comps & 1u << WD_COMP_DEFLATE)
		caps->flags |= WD_CAP_RAW_DEFLATE;
	caps->max_len = ZIP_MAX_LEN;
	caps->max_depth = HISI_QM_DEPTH - 1;
	caps->max_segs = QM_MAX_SEGS;
	caps->min_out = ZIP_MIN_OUT;
	return 0;
}

/* ------------------------------------------------------------------ sessions, streams */

static int
window_code(uint8_t log, uint32_t *code)
{
	static const uint8_t codes[] = {ZIP_WINDOW_4K, ZIP_WINDOW_8K, ZIP_WINDOW_16K,
		ZIP_WINDOW_32K};

	if (log == 0)
		log = 15;
	if (log < 12 || log > 15)
		return -EINVAL;
	*code = codes[log - 12];
	return 0;
}

static int
zip_session_init(struct wd_device *dev, struct wd_session *s, uint64_t dev_addr,
	const struct wd_comp_xform *x)
{
	uint32_t gen = qm_api_version(&dev->info), window;
	uint8_t type;

	if ((unsigned int)x->alg >= WD_COMP_MAX || x->alg == WD_COMP_NONE || x->level > 9 ||
		window_code(x->window_log, &window) < 0)
		return -EINVAL;
	if (!(dev->caps.comps & 1u << x->alg) || (algs[x->alg].one_way && !x->compress))
		return -ENOTSUP;
	type = x->level == 9 ? algs[x->alg].best : algs[x->alg].type;
	memset(s, 0, sizeof(*s));
	s->qc_type = x->compress ? ZIP_QC_COMPRESS : ZIP_QC_DECOMPRESS;
	/* A stateless request: one stream, started and finished (D3). */
	s->dw7 = HW_PREP(ZIP_SQE_TYPE, gen == 2 ? ZIP_SQE_TYPE0 : ZIP_SQE_TYPE3) | ZIP_FLUSH |
		ZIP_STREAM_NEW;
	s->dw9 = HW_PREP(ZIP_REQ_TYPE, type) | HW_PREP(ZIP_WINDOW, window);
	s->id = zip_sess_id(gen, s->qc_type);
	if (x->alg == WD_COMP_LZ77_ZSTD || x->alg == WD_COMP_LZ77_ONLY)
		s->id |= ZIP_ID_LZ77;
	return 0;
}

static void
zip_session_fini(struct wd_device *dev, struct wd_session *s)
{
	explicit_bzero(s, sizeof(*s));
}

static int
zip_stream_init(struct wd_device *dev, struct wd_stream *st, uint64_t dev_addr,
	const struct wd_session *s)
{
	if (!zip_is_session(s))
		return -EINVAL;
	if (HW_GET(ZIP_REQ_TYPE, s->dw9) == ZIP_TYPE_LZ4)
		return -ENOTSUP;
	memset(st, 0, sizeof(*st));
	st->dev_addr = dev_addr;
	st->qc_type = s->qc_type;
	st->type = HW_GET(ZIP_REQ_TYPE, s->dw9);
	st->magic = ZIP_MAGIC;
	return 0;
}

static void
zip_stream_fini(struct wd_stream *st)
{
	/* The window is a copy of the data. */
	explicit_bzero(st, sizeof(*st));
}

/* ------------------------------------------------------------------ submission */

static __attribute__((noinline)) bool
stream_ok(const struct wd_req *r)
{
	const struct wd_stream *st = (const void *)(uintptr_t)r->stream;

	return st->magic == ZIP_MAGIC && wd_published32(&st->busy) == 0 &&
		st->qc_type == r->sess->qc_type && st->type == HW_GET(ZIP_REQ_TYPE, r->sess->dw9);
}

/*
 * What a stream request has beside a stateless one. A compressor must not run out of output
 * room, so the input is cut to what surely fits (D4) and the caller sees it in consumed.
 */
static void
put_stream(struct qm_queue *q, struct zip_sqe *sqe, const struct wd_req *r)
{
	struct wd_stream *st = (void *)(uintptr_t)r->stream;

	sqe->dw7 &= ~(uint32_t)(ZIP_FLUSH | ZIP_STREAM_NEW);
	sqe->dw7 |= ZIP_STATEFUL;
	if (!st->started)
		sqe->dw7 |= ZIP_STREAM_NEW;
	st->cut = st->qc_type == ZIP_QC_COMPRESS && !(r->sess->id & ZIP_ID_LZ77) &&
		sqe->dest_avail_out < (uint64_t)r->src_len * 9 / 8;
	if (st->cut)
		sqe->input_data_length = (uint64_t)sqe->dest_avail_out * 8 / 9 & ~3u;
	else if (r->flush == WD_FLUSH_FINAL)
		sqe->dw7 |= ZIP_FLUSH;
	sqe->ctx_dw0 = st->ctx_dw[0];
	sqe->ctx_dw1 = st->ctx_dw[1];
	sqe->ctx_dw2 = st->ctx_dw[2];
	sqe->isize = st->isize;
	sqe->checksum = st->checksum;
	sqe->stream_ctx_addr = st->dev_addr + ZIP_CTX_SW_SIZE;
	st->started = 1;
	st->busy = 1;
	q->slot_data[qm_slot_of(q, sqe)] = st;
}

static int
map_side(struct qm_queue *q, uint32_t slot, size_t list, const struct wd_seg *segs, uint16_t n,
	uint64_t flat, uint32_t len, uint64_t *addr)
{
	const struct wd_seg all = {.addr = flat, .len = len};

	*addr = qm_slot_addr(q, slot, list);
	return qm_sgl_build(q, slot, (uint8_t *)&q->slots[slot] + list, NULL,
		n == 0 ? &all : segs, n == 0 ? 1 : n, 0, len);
}

static int
map_lists(struct qm_queue *q, uint32_t slot, const struct wd_req *r, struct zip_io *io)
{
	int ret;

	ret = map_side(q, slot, offsetof(struct qm_slot, src_sgl), r->src_list, r->src_segs,
		r->src, r->src_len, &io->src);
	if (ret == QM_TAKEN)
		ret = map_side(q, slot, offsetof(struct qm_slot, dst_sgl), r->dst_list,
			r->dst_segs, r->dst, io->dst_len, &io->dst);
	io->buf_type = ZIP_BUF_SGL;
	return ret;
}

/* The status to refuse it with, WD_OK to take it. */
static uint32_t
zip_check(const struct qm_queue *q, const struct wd_req *r)
{
	const struct wd_session *s = r->sess;

	/* Only a decompression stream may go without input: it drains what the engine holds. */
	if (s->id != q->sess_id || r->src_len > ZIP_MAX_LEN ||
		(r->src_len == 0 && (r->stream == 0 || s->qc_type == ZIP_QC_COMPRESS)))
		return WD_BAD_REQ;
	if (r->stream != 0 && !stream_ok(r))
		return WD_BAD_REQ;
	return r->dst_len < ZIP_MIN_OUT ? WD_NO_SPACE : WD_OK;
}

/*
 * The repeated offsets go in and out with the context. Those of a block that went out in another
 * way are taken back: zstd's decoder does not know them.
 */
static void
put_reps(const struct wd_req *r)
{
	struct wd_stream *st = (void *)(uintptr_t)r->stream;
	uint8_t *reps = st->hw + ZIP_CTX_REPS;

	_Static_assert(ZIP_CTX_LIT_LEN == ZIP_CTX_REPS + sizeof(st->reps), "D4");
	if (r->flags & WD_REQ_NOT_COMPRESSED)
		memcpy(reps, st->reps, sizeof(st->reps));
	memcpy(st->reps, reps, sizeof(st->reps));
	memset(reps + sizeof(st->reps), 0, 4);
}

static uint32_t
lz77_check(const struct wd_req *r, uint8_t type)
{
	const bool zstd = type == ZIP_TYPE_LZ77_ZSTD || type == ZIP_TYPE_LZ77_ZSTD_PRICE;
	const bool price = type == ZIP_TYPE_LZ77_ZSTD_PRICE || type == ZIP_TYPE_LZ77_ONLY_PRICE;
	uint32_t least = zstd ? WD_LZ77_TAIL : ZIP_LZ77_DEBUG_SIZE;

	if ((r->src_segs | r->dst_segs) != 0 || (r->src_len == 0 && r->stream == 0) ||
		r->src_len > (zstd ? ZIP_LZ77_ZSTD_MAX_LEN : ZIP_LZ77_ONLY_MAX_LEN))
		return WD_BAD_REQ;
	if (r->stream != 0) {
		if (!stream_ok(r))
			return WD_BAD_REQ;
		least = 1 + (zstd ? ZIP_LZ77_ZSTD_STREAM : ZIP_LZ77_ONLY_STREAM);
		if (price)
			least = 1 + ZIP_LZ77_PRICE_STREAM +
				(zstd ? ZIP_LZ77_FREQ_SIZE + ZIP_LZ77_LIT_RSV : 0);
	}
	return r->dst_len < least || r->lit_len < r->src_len + ZIP_LZ77_LIT_RSV ? WD_NO_SPACE : WD_OK;
}

static __attribute__((noinline, cold)) int
zip_lz77(struct qm_queue *q, struct zip_sqe *sqe, const struct wd_req *r)
{
	const struct zip_io io = {.src = r->src, .dst = r->dst, .src_len = r->src_len,
		.dst_len = r->dst_len < ZIP_MAX_LEN ? r->dst_len : ZIP_MAX_LEN};
	int ret;

	ret = lz77_check(r, HW_GET(ZIP_REQ_TYPE, r->sess->dw9));
	if (ret != WD_OK)
		return ret;
	zip_put(sqe, r->sess, &io);
	sqe->literals_addr = r->lit;
	sqe->dw13 = r->lit_len < ZIP_MAX_LEN ? r->lit_len : ZIP_MAX_LEN;
	if (r->stream != 0) {
		put_reps(r);
		put_stream(q, sqe, r);
	}
	return QM_TAKEN;
}

/* Any request. The ring is not touched before it is sure that the request is taken. */
static __attribute__((noinline)) int
zip_any(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	struct zip_io io = {.src = r->src, .dst = r->dst, .src_len = r->src_len,
		.dst_len = r->dst_len < ZIP_MAX_LEN ? r->dst_len : ZIP_MAX_LEN};
	int ret;

	ret = zip_check(q, r);
	if (wd_unlikely(ret != WD_OK)) {
		/* Requests of LZ77 sessions come by here: theirs is another queue's id. */
		if (r->sess->id == (q->sess_id | ZIP_ID_LZ77))
			ret = zip_lz77(q, sqe, r);
		return ret;
	}
	if ((r->src_segs | r->dst_segs) != 0) {
		ret = map_lists(q, qm_slot_of(q, sqe), r, &io);
		if (ret != QM_TAKEN)
			return ret;
	}
	zip_put(sqe, r->sess, &io);
	if (r->stream != 0)
		put_stream(q, sqe, r);
	return QM_TAKEN;
}

/* The usual request: stateless, flat, and nothing odd about it. */
WD_INLINE int
zip_flat(struct qm_queue *q, void *sqe, const struct wd_req *r)
{
	const struct zip_io io = {.src = r->src, .dst = r->dst, .src_len = r->src_len,
		.dst_len = r->dst_len, .buf_type = ZIP_BUF_FLAT};

	if (wd_unlikely(r->sess->id != q->sess_id || r->stream != 0 ||
			r->src_len - 1 >= ZIP_MAX_LEN ||
			r->dst_len - ZIP_MIN_OUT > ZIP_MAX_LEN - ZIP_MIN_OUT))
		return zip_any(q, sqe, r);
	zip_put(sqe, r->sess, &io);
	return QM_TAKEN;
}

static uint16_t
zip_submit(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return qm_submit(wq, reqs, n, zip_flat, zip_any);
}

#if defined(__x86_64__)
/* The same code; the compiler clears entries with half the instructions. */
__attribute__((target("avx2"))) static uint16_t
zip_submit_avx2(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n)
{
	return qm_submit(wq, reqs, n, zip_flat, zip_any);
}

static wd_submit_t
best_submit(void)
{
	return __builtin_cpu_supports("avx2") ? zip_submit_avx2 : zip_submit;
}
#else
static wd_submit_t
best_submit(void)
{
	return zip_submit;
}
#endif

/* ------------------------------------------------------------------ completion */

static uint32_t
reverse32(uint32_t v)
{
	v = __builtin_bswap32(v);
	v = (v & 0x0f0f0f0f) << 4 | (v >> 4 & 0x0f0f0f0f);
	v = (v & 0x33333333) << 2 | (v >> 2 & 0x33333333);
	return (v & 0x55555555) << 1 | (v >> 1 & 0x55555555);
}

static uint32_t
zip_status(const struct qm_queue *q, uint8_t code)
{
	switch (code) {
	case ZIP_ST_OK:
	case ZIP_ST_NEGATIVE:
	case ZIP_ST_DECOMP_END:
		return WD_OK;
	case ZIP_ST_NO_SPACE:
		return WD_NO_SPACE;
	case ZIP_ST_CRC_ERR:
		return WD_BAD_DATA;
	default:
		/* Codes of a decompressor that have no known name tell of bad streams (D5). */
		return q->qc_type == ZIP_QC_DECOMPRESS ? WD_BAD_DATA : WD_HW_ERROR;
	}
}

static void
zip_complete_stream(struct qm_queue *q, uint32_t slot, const struct zip_sqe *sqe,
	struct wd_cpl *cpl)
{
	struct wd_stream *st = q->slot_data[slot];
	uint32_t ctx_st = HW_GET(ZIP_CTX_ST, sqe->ctx_dw0);

	st->ctx_dw[0] = sqe->ctx_dw0;
	st->ctx_dw[1] = sqe->ctx_dw1;
	st->ctx_dw[2] = sqe->ctx_dw2;
	st->isize = sqe->isize;
	st->checksum = sqe->checksum;
	/* The engine holds output that found no room, or input that was cut is left. */
	if (cpl->status == WD_OK && (st->cut || ctx_st == ZIP_CTX_ST_OUT_FULL ||
		(ctx_st == ZIP_CTX_ST_NO_SPACE && (sqe->ctx_dw0 & ZIP_CTX_BFINAL) &&
		HW_GET(ZIP_CTX_STORED, sqe->ctx_dw1) != 0))) {
		cpl->status = WD_NO_SPACE;
		cpl->end = 0;
	}
	wd_publish32(&st->busy, 0);
}

static __attribute__((noinline, cold)) void
zip_complete_lz77(const struct zip_sqe *sqe, struct wd_cpl *cpl)
{
	if (HW_GET(ZIP_REQ_TYPE, sqe->dw9) == ZIP_TYPE_LZ4)
		return;
	cpl->literals = sqe->comp_data_length;
	cpl->long_lits = HW_GET(ZIP_LONG_LIT_COUNT, sqe->checksum) == 0 ? 0 :
		HW_GET(ZIP_LONG_LIT_POS, sqe->checksum) + 1;
}

/* What raw deflate has not: a framed format's checksum, plain; LZ77's counts. */
WD_INLINE void
zip_complete_more(const struct zip_sqe *sqe, struct wd_cpl *cpl)
{
	switch (HW_GET(ZIP_REQ_TYPE, sqe->dw9)) {
	case ZIP_TYPE_GZIP:
		/* The CRC's working register, neither inverted nor reflected (D4). */
		cpl->checksum = reverse32(~sqe->checksum);
		break;
	case ZIP_TYPE_ZLIB:
		cpl->checksum = sqe->checksum;
		break;
	default:
		zip_complete_lz77(sqe, cpl);
	}
}

WD_INLINE void
zip_complete(struct qm_queue *q, const void *entry, struct wd_cpl *cpl)
{
	const struct zip_sqe *sqe = entry;
	uint32_t dw3 = sqe->dw3;

	_Static_assert(offsetof(struct zip_sqe, produced) == offsetof(struct zip_sqe, consumed) + 4 &&
		offsetof(struct wd_cpl, produced) == offsetof(struct wd_cpl, consumed) + 4, "copy");
	_Static_assert(ZIP_LSTBLK == 0x100 && ZIP_QC_DECOMPRESS == 1 && ZIP_QC_COMPRESS == 0, "end");
	cpl->status = WD_OK;
	memcpy(&cpl->consumed, &sqe->consumed, 8);
	cpl->checksum = 0;
	cpl->end = dw3 >> 8 & q->qc_type;
	cpl->hw_status = HW_GET(ZIP_STATUS, dw3);
	if (wd_unlikely(HW_GET(ZIP_STATUS, dw3) != ZIP_ST_OK))
		cpl->status = zip_status(q, HW_GET(ZIP_STATUS, dw3));
	if (HW_GET(ZIP_REQ_TYPE, sqe->dw9) != ZIP_TYPE_DEFLATE)
		zip_complete_more(sqe, cpl);
	if (wd_unlikely((sqe->dw7 & ZIP_STATEFUL) != 0))
		zip_complete_stream(q, qm_slot_of(q, sqe), sqe, cpl);
}

void
zip_complete_entry(struct qm_queue *q, const void *sqe, struct wd_cpl *cpl)
{
	zip_complete(q, sqe, cpl);
}

static uint16_t
zip_poll_special(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	return qm_poll_special(wq, cpls, n, zip_complete);
}

static uint16_t
zip_poll(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n)
{
	return qm_poll(wq, cpls, n, zip_complete, zip_poll_special);
}

static int
zip_queue_init(struct wd_queue *wq)
{
	struct qm_queue *q;
	int ret;

	if (wq->type != ZIP_QC_COMPRESS && wq->type != ZIP_QC_DECOMPRESS)
		return -EINVAL;
	ret = qm_queue_init(wq);
	if (ret < 0)
		return ret;
	q = wq->priv;
	q->sess_id = zip_sess_id(q->gen, wq->type);
	qm_set_bursts(wq, best_submit(), zip_poll);
	return 0;
}

bool
zip_direct(const struct wd_queue *wq)
{
	return wq->dev->drv == &wd_drv_hisi_zip && wq->poll == zip_poll;
}

const struct wd_driver wd_drv_hisi_zip = {
	.name = "hisi_zip",
	.kind = "zip",
	.group = "comp",
	.match = zip_match,
	.caps = zip_get_caps,
	.queue_init = zip_queue_init,
	.queue_fini = qm_queue_fini,
	.outstanding = qm_outstanding,
	.dump = qm_dump,
	.arm = qm_arm,
	.kill = qm_kill,
	.session_size = sizeof(struct wd_session),
	.session_init_comp = zip_session_init,
	.session_fini = zip_session_fini,
	.stream_size = sizeof(struct wd_stream),
	.stream_init = zip_stream_init,
	.stream_fini = zip_stream_fini,
};
