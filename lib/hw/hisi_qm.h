/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HiSilicon queue manager (QM): rings, completion entries, doorbells.
 * Source of every fact: reference hisi-hardware.md, sections A and B.
 */
#ifndef HISI_QM_H
#define HISI_QM_H

#include <stdint.h>
#include <sys/ioctl.h>

#include "hw_field.h"

/* Generation names, the api attribute of the device (A7). */
#define HISI_QM_API_PREFIX      "hisi_qm_v"
#define HISI_QM_API_V2          "hisi_qm_v2"
#define HISI_QM_API_V3          "hisi_qm_v3"
#define HISI_QM_API_V5          "hisi_qm_v5"

/* Queue ioctls, next to UACCE_CMD_START/PUT_Q (A1). */
struct hisi_qp_ctx {
	uint16_t id;        /* out: queue number in its function, the doorbell's queue field */
	uint16_t qc_type;   /* in: 0 or 1. ZIP: 0 compress, 1 decompress; SEC: 0 */
};
struct hisi_qp_info {
	uint32_t sqe_size;  /* out, bytes */
	uint16_t sq_depth;  /* out, entries */
	uint16_t cq_depth;  /* out, entries */
	uint64_t reserved;
};
#define HISI_QM_SET_QP_CTX      _IOWR('H', 10, struct hisi_qp_ctx)
#define HISI_QM_SET_QP_INFO     _IOWR('H', 11, struct hisi_qp_info)
_Static_assert(sizeof(struct hisi_qp_ctx) == 4, "A1");
_Static_assert(sizeof(struct hisi_qp_info) == 16, "A1");

#define HISI_QM_DEPTH           1024    /* default depth of both rings (B1) */
#define HISI_QM_SQE_SIZE        128     /* SEC and ZIP (B1) */

/* Completion entry (B2). */
struct hisi_qm_cqe {
	uint32_t rsvd0;
	uint16_t cmd_id;
	uint16_t rsvd1;
	uint16_t sq_head;   /* SQ slot of the completed entry itself, not the next one */
	uint16_t sq_num;
	uint16_t rsvd2;
	uint16_t w7;        /* bit 0: phase, 1 on the first lap, toggles on each wrap */
};
#define HISI_QM_CQE_PHASE       HW_BIT(0)
_Static_assert(sizeof(struct hisi_qm_cqe) == 16, "B2");

/* Doorbell, one 64-bit store into the MMIO region (B3, A10). */
#define HISI_QM_DB_V1_OFF       0x340
#define HISI_QM_DB_OFF          0x1000  /* v2 and later: SQ and CQ share it on hardware */
#define HISI_QM_DB_QN           HW_MASK(11, 0)
#define HISI_QM_DB_CMD          HW_MASK(15, 12)
#define HISI_QM_DB_RAND         HW_MASK(31, 16)
#define HISI_QM_DB_INDEX        HW_MASK(47, 32)
#define HISI_QM_DB_PRIO         HW_MASK(63, 48)
#define HISI_QM_DB_CMD_SQ       0       /* index: new SQ tail */
#define HISI_QM_DB_CMD_CQ       1       /* index: new CQ head; priority 1 arms the event */
/*
 * Doorbells that are memory would lose one of two commands stored to the same register, so
 * emulated devices give each command a slot of its own: command c at HISI_QM_DB_OFF + 8 * c.
 * A device says so by the transport flag WD_DEV_DB_SLOTS.
 */
#define HISI_QM_DB_SLOT(cmd)    (HISI_QM_DB_OFF + 8 * (cmd))

/* Status words in the last bytes of the DUS region (A9): 1 = stopped. */
#define HISI_QM_RX_STOP_FROM_END 8
#define HISI_QM_TX_STOP_FROM_END 4

/* Scatter/gather list, shared by SEC and ZIP (D8). Header, then entries. */
struct hisi_sgl_entry {
	uint64_t addr;
	uint64_t page_ctrl;
	uint32_t len;
	uint32_t rsvd;
	uint64_t private_data;          /* the driver's own */
};
struct hisi_sgl {
	uint64_t next_dma;              /* device address of the next list, 0 = end */
	uint16_t entry_sum_in_chain;    /* capacity of the chain; walkers ignore it */
	uint16_t entry_sum_in_sgl;      /* valid entries here */
	uint16_t entry_length_in_sgl;   /* capacity here */
	uint16_t rsvd0;
	uint8_t rsvd1[32];
	uint64_t private_data[2];       /* the driver's own */
	struct hisi_sgl_entry entries[];
};
#define HISI_SGL_ALIGN          64
#define HISI_SGL_MAX_ENTRIES    255
#define HISI_SGL_MAX_CHAIN      256
#define HISI_SGL_MAX_ENTRY_LEN  (8u << 20)
_Static_assert(sizeof(struct hisi_sgl_entry) == 32, "D8");
_Static_assert(sizeof(struct hisi_sgl) == 64, "D8");

#endif
