/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions and entries of ZIP: used by libwd on requests, and by the PMD of this tree on ops.
 */
#ifndef WD_DRV_ZIP_H
#define WD_DRV_ZIP_H

#include "hisi_zip.h"
#include "qm.h"

#define ZIP_MAGIC       0x50495a53u

/*
 * The template is no more than two words: all others of an entry begin as 0. Which queues may
 * have requests of the session is one number, see zip_sess_id().
 */
struct wd_session {
	uint64_t id;
	uint32_t qc_type;       /* ZIP_QC_*: the direction */
	uint32_t dw7, dw9;
};

/* Of a session: its requests have more than one output area, and never are like others. */
#define ZIP_ID_LZ77     0x10000ull

/* Of sessions that fit a queue: descriptor type and direction. */
WD_INLINE uint64_t
zip_sess_id(unsigned int gen, unsigned int qc_type)
{
	return (uint64_t)ZIP_MAGIC << 32 | (gen == 2 ? ZIP_SQE_TYPE0 : ZIP_SQE_TYPE3) << 8 | qc_type;
}

WD_INLINE bool
zip_is_session(const struct wd_session *s)
{
	return s->id >> 32 == ZIP_MAGIC;
}

/* One buffer type serves both sides: a list on one makes lists of both. */
struct zip_io {
	uint64_t src, dst;
	uint32_t src_len, dst_len, buf_type;
};

/* What a vector register of the processor moves at once, or two; the ring is aligned. */
typedef uint8_t zip_part __attribute__((vector_size(32), may_alias));

/* A stateless request; streams change a few words of it. */
WD_INLINE void
zip_put(struct zip_sqe *sqe, const struct wd_session *s, const struct zip_io *io)
{
	zip_part *to = (void *)sqe;

	_Static_assert(sizeof(*sqe) == 4 * sizeof(*to), "four parts");
	for (int i = 0; i < 4; i++)
		to[i] = (zip_part){0};
	sqe->input_data_length = io->src_len;
	sqe->dw7 = s->dw7;
	sqe->dw9 = s->dw9 | HW_PREP(ZIP_BUF_TYPE, io->buf_type);
	sqe->dest_avail_out = io->dst_len;
	sqe->source_addr = io->src;
	sqe->dest_addr = io->dst;
}

/*
 * May a PMD of this tree write into the ring of this queue and read its completions? Nothing but
 * the device has a part in them, then.
 */
bool zip_direct(const struct wd_queue *wq);
/* All of cpl but the tag. */
void zip_complete_entry(struct qm_queue *q, const void *sqe, struct wd_cpl *cpl);

#endif
