/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HiSilicon ZIP: submission entry of 32 double words, types 0 (hardware v2) and 3 (v3 and later).
 * Source of every fact: reference hisi-hardware.md, section D.
 */
#ifndef HISI_ZIP_H
#define HISI_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "hw_field.h"

struct zip_sqe {
	uint32_t consumed;              /* dw0, out: input bytes */
	uint32_t produced;              /* dw1, out: output bytes; LZ77: sequences */
	uint32_t comp_data_length;      /* dw2, out: LZ77 literal bytes */
	uint32_t dw3;                   /* out: status and last-block */
	uint32_t input_data_length;     /* dw4 */
	uint32_t lba_l, lba_h;          /* dw5, 6 */
	uint32_t dw7;                   /* in_sge_data_offset, flush, stream bits, sqe_type */
	uint32_t dw8;                   /* out_sge_data_offset */
	uint32_t dw9;                   /* request type, buffer type, window */
	uint32_t dw10, dw11, dw12;
	uint32_t dw13;                  /* type 0: tag; LZ77: literal buffer size */
	uint32_t dest_avail_out;        /* dw14 */
	uint32_t ctx_dw0;               /* dw15 */
	uint64_t comp_head_addr;        /* dw16, 17 */
	uint64_t source_addr;           /* dw18, 19 */
	uint64_t dest_addr;             /* dw20, 21 */
	uint64_t stream_ctx_addr;       /* dw22, 23 */
	uint64_t literals_addr;         /* dw24, 25 */
	uint32_t tag_l, tag_h;          /* dw26, 27: type 3 tag (64 bit for the kernel) */
	uint32_t ctx_dw1, ctx_dw2;      /* dw28, 29 */
	uint32_t isize;                 /* dw30 */
	uint32_t checksum;              /* dw31 */
};
_Static_assert(sizeof(struct zip_sqe) == 128, "D1");
_Static_assert(offsetof(struct zip_sqe, dest_avail_out) == 56, "D1");
_Static_assert(offsetof(struct zip_sqe, source_addr) == 72, "D1");
_Static_assert(offsetof(struct zip_sqe, tag_l) == 104, "D1");
_Static_assert(offsetof(struct zip_sqe, checksum) == 124, "D1");

#define ZIP_STATUS              HW_MASK(7, 0)   /* dw3 */
#define ZIP_LSTBLK              HW_BIT(8)
#define ZIP_SGE_OFFSET          HW_MASK(23, 0)  /* dw7, dw8 */
#define ZIP_FLUSH               HW_BIT(25)      /* dw7: 0 sync, 1 finish */
#define ZIP_STATEFUL            HW_BIT(26)
#define ZIP_STREAM_NEW          HW_BIT(27)
#define ZIP_SQE_TYPE            HW_MASK(31, 28)
#define ZIP_REQ_TYPE            HW_MASK(7, 0)   /* dw9 */
#define ZIP_BUF_TYPE            HW_MASK(11, 8)
#define ZIP_WINDOW              HW_MASK(15, 12)

#define ZIP_SQE_TYPE0           0
#define ZIP_SQE_TYPE3           3
#define ZIP_BUF_FLAT            0
#define ZIP_BUF_SGL             1

/* Request types and windows (D2). The direction belongs to the queue (qc_type). */
#define ZIP_TYPE_DEFLATE        0x01
#define ZIP_TYPE_ZLIB           0x02
#define ZIP_TYPE_GZIP           0x03
#define ZIP_TYPE_LZ4            0x04
#define ZIP_TYPE_LZ77_ONLY      0x40
#define ZIP_TYPE_LZ77_ONLY_PRICE 0x41
#define ZIP_TYPE_LZ77_ZSTD_PRICE 0x42
#define ZIP_TYPE_LZ77_ZSTD      0x43
#define ZIP_WINDOW_4K           0
#define ZIP_WINDOW_8K           1
#define ZIP_WINDOW_16K          2
#define ZIP_WINDOW_24K          3
#define ZIP_WINDOW_32K          4
#define ZIP_QC_COMPRESS         0
#define ZIP_QC_DECOMPRESS       1

/* Status codes (D5). */
#define ZIP_ST_OK               0x00
#define ZIP_ST_NEGATIVE         0x0d    /* output not smaller than input: still a result */
#define ZIP_ST_NO_SPACE         0x0e    /* dest_avail_out too small */
#define ZIP_ST_CRC_ERR          0x10
#define ZIP_ST_DECOMP_END       0x13

/* Stream context (D4). */
#define ZIP_CTX_SIZE            0x10000 /* allocated by software, zeroed at session start */
#define ZIP_CTX_SW_SIZE         64      /* software's part; stream_ctx_addr points behind it */
#define ZIP_CTX_HW_MAX          0x97C0  /* the engine writes below this offset of its part */
#define ZIP_CTX_ST              HW_MASK(3, 0)   /* ctx_dw0 */
#define ZIP_CTX_BFINAL          HW_BIT(7)
#define ZIP_CTX_BITS            HW_MASK(15, 10)
#define ZIP_CTX_STORED          HW_MASK(18, 0)  /* ctx_dw1: bytes held back by the engine */
#define ZIP_CTX_ST_OUT_FULL     1       /* finished, output missing space */
#define ZIP_CTX_ST_NO_SPACE     2       /* out of space while decoding */
#define ZIP_CTX_ST_NOT_STARTED  3
#define ZIP_CTX_ST_NO_CRC       4
#define ZIP_CTX_REPS            784     /* of the engine's part: three u32, lz77_zstd (D7) */
#define ZIP_CTX_LIT_LEN         796     /* u32, literals carried over: software clears it */

/*
 * LZ77 output (D7): literals at literals_addr, dw13 bytes of room; sequences at dest_addr. Behind
 * the sequences of lz77_zstd there are 8 bytes and a frequency table, behind those of lz77_only
 * a few bytes for debugging.
 */
struct zip_seq_zstd {
	uint32_t offset_code;           /* 1..3: repeated offset, as in zstd; else distance + 3 */
	uint16_t lit_len;               /* modulo 65536, see ZIP_LONG_LIT_COUNT */
	uint16_t match_len;             /* less 3 */
};
struct zip_seq_only {
	uint32_t lit_len;
	uint16_t distance;              /* less 1 */
	uint16_t match_len;             /* less 3 */
};
_Static_assert(sizeof(struct zip_seq_zstd) == 8 && sizeof(struct zip_seq_only) == 8, "D7");
#define ZIP_LONG_LIT_POS        HW_MASK(23, 0)  /* dw31, lz77_zstd: index of the sequence ... */
#define ZIP_LONG_LIT_COUNT      HW_MASK(31, 24) /* ... with 65536 literals or more, if there is */
#define ZIP_LZ77_LIT_RSV        16              /* literal room beyond the input's length */
#define ZIP_LZ77_FREQ_OFF       8
#define ZIP_LZ77_FREQ_SIZE      784
#define ZIP_LZ77_DEBUG_SIZE     16
/* Sequence room of a stream's request: above that. */
#define ZIP_LZ77_ZSTD_STREAM    1000
#define ZIP_LZ77_ONLY_STREAM    200
#define ZIP_LZ77_PRICE_STREAM   4096            /* price modes; zstd: and what is behind */

/* Limits (D8, D4). */
#define ZIP_MAX_LEN             (8u << 20)
#define ZIP_MIN_OUT             200     /* engine needs this much output room */
#define ZIP_LZ77_ZSTD_MAX_LEN   (128u << 10)
#define ZIP_LZ77_ONLY_MAX_LEN   (ZIP_MAX_LEN - 16)
#define ZIP_SKIP_AVAIL          0x10    /* D10: "skip" request of the v1 library */

#endif
