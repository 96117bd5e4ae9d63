/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A uacce client in plain C, written from the ABI documents alone: no header of this project, none
 * of its libraries. Numbers in comments are sections of reference/hisi-hardware.md.
 */
#ifndef TEST_TOOLS_ABI_H
#define TEST_TOOLS_ABI_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A1 */
#define ABI_START_Q     0x5700ul
#define ABI_PUT_Q       0x5701ul
#define ABI_QP_CTX      0xc004480aul
#define ABI_QP_INFO     0xc010480bul
#define ABI_SS_DMA      0x80085703ul

struct abi_qp_ctx {
	uint16_t id, qc_type;
};

struct abi_qp_info {
	uint32_t sqe_size;
	uint16_t sq_depth, cq_depth;
	uint64_t reserved;
};

/* B2 */
struct abi_cqe {
	uint32_t rsvd0;
	uint16_t cmd_id, rsvd1;
	uint16_t sq_head, sq_num, rsvd2, w7;
};

#define CHECK(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		exit(1); \
	} \
} while (0)

/* The call fails with that errno. */
#define CHECK_ERRNO(call, want) do { \
	errno = 0; \
	CHECK((call) == -1 && errno == (want)); \
} while (0)

struct abi_dev {
	char name[64];
	unsigned int version;           /* 2, 3, ... of hisi_qm_v<N> */
	unsigned int instances;
	size_t mmio_size, dus_size;
};

struct abi_queue {
	const struct abi_dev *dev;
	int fd;
	uint8_t *mmio, *dus;
	struct abi_cqe *cq;
	uint16_t id, depth;
	uint16_t tail, head, phase;     /* next SQ slot, next CQ entry */
	uint16_t used;
	int arm;                        /* CQ doorbells arm the event (B3) */
};

/* The device whose name begins so; exits when there is none. */
void abi_find(struct abi_dev *dev, const char *prefix);
/* An attribute as it is in its file, newlines and all; -1 when there is none. */
int abi_attr(const char *dev, const char *attr, char *buf, size_t size);
int abi_open_node(const struct abi_dev *dev);

void abi_queue_open(struct abi_queue *q, const struct abi_dev *dev, uint16_t qc_type);
void abi_queue_close(struct abi_queue *q);
/* 0, or -1 when the ring is full. Each rings the one doorbell register that hardware has. */
int abi_send(struct abi_queue *q, const void *sqe);
/* 1 and the entry as it was written back, 0 when there is none. */
int abi_recv(struct abi_queue *q, void *sqe);
/* Receives within five seconds, or exits. */
void abi_recv_wait(struct abi_queue *q, void *sqe);
uint64_t abi_now_ms(void);

/* AES-CBC in the descriptor that the device's version wants (C1, C3). */
void abi_cbc(void *sqe, const struct abi_dev *dev, int encrypt, const void *key, const void *iv,
	     const void *src, void *dst, uint32_t len, uint16_t tag);
/* 1 when done without error. *tag: the one of the request. */
int abi_cbc_ok(const void *sqe, const struct abi_dev *dev, uint16_t *tag);

enum abi_format { ABI_DEFLATE = 1, ABI_ZLIB = 2, ABI_GZIP = 3 }; /* D2 */

void abi_zip(void *sqe, const struct abi_dev *dev, enum abi_format format, const void *src,
	     uint32_t len, void *dst, uint32_t room, uint32_t tag);
/* The status code (D5). */
unsigned int abi_zip_status(const void *sqe, uint32_t *consumed, uint32_t *produced);

#endif
