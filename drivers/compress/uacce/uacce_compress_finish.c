/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A completion becomes the op's results; see _fill.c for what is behind the application's data.
 *
 * Checksums: the engine's own where its framing was used for them, else zlib's functions here.
 */
#include <zlib.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "uacce_compress.h"

#define ZLIB_TRAILER    4
#define HW_CRC_ERROR    0x10    /* the device's own codes */
#define HW_STREAM_END   0x13

void
uacce_comp_copy_out(struct rte_mbuf *m, uint32_t off, const void *buf, uint32_t len)
{
	const uint8_t *p = buf;

	for (; len > 0 && m != NULL; m = m->next) {
		uint32_t part;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		part = RTE_MIN(m->data_len - off, len);
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, off), p, part);
		p += part;
		len -= part;
		off = 0;
	}
}

/* Both sums over [off, off + len) of a chain, each only if it is asked for. */
static void
sum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint32_t *crc, uint32_t *adler)
{
	for (; len > 0 && m != NULL; m = m->next) {
		const uint8_t *p;
		uint32_t part;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		part = RTE_MIN(m->data_len - off, len);
		p = rte_pktmbuf_mtod_offset(m, const uint8_t *, off);
		if (crc != NULL)
			*crc = crc32_z(*crc, p, part);
		if (adler != NULL)
			*adler = adler32_z(*adler, p, part);
		len -= part;
		off = 0;
	}
}

void
uacce_comp_sum(struct uacce_comp_slot *slot, uint32_t engine)
{
	const struct uacce_comp_xform *x = slot->x;
	struct rte_comp_op *op = slot->op;
	uint32_t crc = 0, adler = 1;
	uint32_t *c = &crc, *a = &adler;

	if (x->chksum == RTE_COMP_CHECKSUM_NONE)
		return;
	/* The usual case, and nothing to do but that. */
	if (x->engine_sum && x->chksum != RTE_COMP_CHECKSUM_CRC32_ADLER32 && slot->st == NULL &&
			slot->full == 0 && op->src.length > 0) {
		op->output_chksum = engine;
		return;
	}
	if (slot->st != NULL) {
		c = &slot->st->crc;
		a = &slot->st->adler;
	}
	sum_chain(x->dir == UACCE_COMPRESS ? op->m_src : op->m_dst,
		x->dir == UACCE_COMPRESS ? op->src.offset : op->dst.offset,
		x->dir == UACCE_COMPRESS ? op->consumed : op->produced,
		x->chksum == RTE_COMP_CHECKSUM_ADLER32 || (x->engine_sum && slot->full == 0 &&
			op->src.length > 0) ? NULL : c,
		x->chksum == RTE_COMP_CHECKSUM_CRC32 ? NULL : a);
	if (x->engine_sum && slot->full == 0 && op->src.length > 0)
		*c = engine;
	switch (x->chksum) {
	case RTE_COMP_CHECKSUM_CRC32:
		op->output_chksum = *c;
		break;
	case RTE_COMP_CHECKSUM_ADLER32:
		op->output_chksum = *a;
		break;
	default:
		op->output_chksum = (uint64_t)*a << 32 | *c;
	}
}

static uint8_t
op_status(uint32_t status, uint8_t no_space)
{
	switch (status) {
	case WD_OK:
		return RTE_COMP_OP_STATUS_SUCCESS;
	case WD_NO_SPACE:
		return no_space;
	case WD_BAD_REQ:
		return RTE_COMP_OP_STATUS_INVALID_ARGS;
	default:
		return RTE_COMP_OP_STATUS_ERROR;
	}
}

/*
 * zlib's framing stood for raw DEFLATE, so the trailer that the engine read was not one: that it
 * is wrong means nothing, and what was read of it is not the stream's.
 */
static void
forgive_trailer(struct wd_cpl *cpl)
{
	const bool wrong = cpl->status == WD_BAD_DATA && cpl->hw_status == HW_CRC_ERROR;

	if (!cpl->end || (cpl->status != WD_OK && !wrong) || cpl->consumed < ZLIB_TRAILER)
		return;
	cpl->status = WD_OK;
	cpl->consumed -= ZLIB_TRAILER;
}

/* Bytes out of reach among [off, off + len) of a chain. */
static uint32_t
far_bytes(const struct uacce_comp_qp *qp, const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t n = 0, part;

	for (; len > 0 && m != NULL; m = m->next) {
		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		part = RTE_MIN(m->data_len - off, len);
		if (!uacce_mem_reaches(qp->mem, rte_pktmbuf_mtod_offset(m, void *, off), part))
			n += part;
		len -= part;
		off = 0;
	}
	return n;
}

/* Copies of output go where it belongs, before anybody looks at it; of a failed device's, nothing. */
static __rte_noinline void
bring_home(struct uacce_comp_qp *qp, const struct uacce_comp_slot *slot, const struct wd_cpl *cpl,
	uint32_t produced)
{
	if (cpl->status == WD_DEV_LOST || cpl->status == WD_HW_ERROR)
		produced = 0;
	wd_bounce_done(qp->bounce, slot - qp->slots, far_bytes(qp, slot->op->m_dst,
		slot->op->dst.offset + slot->pre, produced));
}

/* copied: constant, as in finish_piece(). */
static __rte_always_inline void
finish_whole(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot, struct wd_cpl *cpl,
	const bool copied)
{
	const struct uacce_comp_xform *x = slot->x;
	struct rte_comp_op *op = slot->op;

	if (x->dir == UACCE_DECOMPRESS) {
		if (x->trailer > 0)
			forgive_trailer(cpl);
		/* A stream that has no end, or went on in bytes that are not its own. */
		if ((cpl->status == WD_OK && !cpl->end) ||
			((cpl->status == WD_OK || cpl->status == WD_NO_SPACE) &&
				cpl->consumed > op->src.length))
			cpl->status = WD_BAD_DATA;
		cpl->consumed = RTE_MIN(cpl->consumed, op->src.length);
	} else if (cpl->status == WD_OK && slot->full == 0) {
		cpl->produced -= RTE_MIN(cpl->produced, (uint32_t)x->trailer);
	}
	if (cpl->status == WD_OK && cpl->produced > slot->room)
		cpl->status = WD_NO_SPACE;
	op->consumed = cpl->consumed;
	op->produced = RTE_MIN(cpl->produced, slot->room);
	op->status = op_status(cpl->status, RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED);
	if (copied)
		bring_home(qp, slot, cpl, op->produced);
	if (cpl->status == WD_OK)
		uacce_comp_sum(slot, cpl->checksum);
}

/* What did not fit waits in the stream for the next op. */
static uint32_t
take_carry(struct uacce_comp_slot *slot, uint32_t produced)
{
	struct uacce_comp_stream *st = slot->st;

	if (produced <= slot->room)
		return produced;
	st->carry_len = RTE_MIN(produced - slot->room, sizeof(st->carry));
	memcpy(st->carry, slot->scratch, st->carry_len);
	return slot->room;
}

static __rte_noinline void
finish_piece(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot, struct wd_cpl *cpl,
	const bool copied)
{
	struct uacce_comp_stream *st = slot->st;
	struct rte_comp_op *op = slot->op;
	uint32_t produced;
	bool ended;

	if (st->x.dir == UACCE_COMPRESS) {
		/* Not OK: the input was cut to fit the room, and the flush left for later. */
		ended = cpl->status == WD_OK && op->flush_flag == RTE_COMP_FLUSH_FINAL;
		st->restart = cpl->status == WD_OK && op->flush_flag >= RTE_COMP_FLUSH_FULL;
		if (ended)
			cpl->produced -= RTE_MIN(cpl->produced, (uint32_t)st->x.trailer);
	} else {
		/* A trailer that is not there at all ends a piece with status 0. */
		if (st->x.trailer > 0 && cpl->hw_status != 0)
			forgive_trailer(cpl);
		ended = cpl->status == WD_OK && cpl->end;
		st->restart = ended;
		if (cpl->status == WD_OK && !ended && cpl->produced >= slot->room)
			cpl->status = WD_NO_SPACE;
	}
	produced = take_carry(slot, cpl->produced);
	st->ended = ended && st->carry_len > 0;
	if (cpl->status == WD_OK && st->carry_len > 0)
		cpl->status = WD_NO_SPACE;
	op->consumed = RTE_MIN(cpl->consumed, op->src.length);
	op->produced = slot->pre + produced;
	if (copied)
		bring_home(qp, slot, cpl, produced);
	op->status = op_status(cpl->status, RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE);
	if (ended && st->carry_len == 0)
		op->debug_status |= RTE_PMD_UACCE_COMPRESS_END;
	if (cpl->status != WD_OK && cpl->status != WD_NO_SPACE)
		st->broken = true;
	else
		uacce_comp_sum(slot, cpl->checksum);
	st->sum_over |= ended;
	/* From here on it is the next op's. */
	uacce_publish32(&st->busy, 0);
}

static __rte_noinline void
return_stream(struct uacce_comp_qp *qp, const struct uacce_comp_slot *slot)
{
	uacce_publish32(&qp->full_back, qp->full_back ^ 1u << (slot->full - 1));
}

static __rte_always_inline void
finish(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot, struct wd_cpl *cpl, const bool copied)
{
	struct rte_comp_op *op = slot->op;

	op->debug_status = cpl->hw_status;
	if (unlikely(cpl->status == WD_DEV_LOST))
		qp->dead = true;
	if (unlikely(slot->st != NULL)) {
		finish_piece(qp, slot, cpl, copied);
		return;
	}
	if (unlikely(slot->full))
		return_stream(qp, slot);
	finish_whole(qp, slot, cpl, copied);
}

static __rte_noinline void
finish_copied(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot, struct wd_cpl *cpl)
{
	finish(qp, slot, cpl, true);
}

void
uacce_comp_finish(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot, struct wd_cpl *cpl)
{
	if (unlikely(slot->copied))
		finish_copied(qp, slot, cpl);
	else
		finish(qp, slot, cpl, false);
}
