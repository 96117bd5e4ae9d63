/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of virtio-crypto queues that is as short as it can be: the uapi header, a split
 * virtqueue, no driver. A request takes one of VC_SLOTS slots: VC_DESCS ring entries, and 8 KiB of
 * the room in DUS for its header, IV, status and indirect table.
 */
#ifndef GUEST_VC_RING_H
#define GUEST_VC_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uacce/uacce.h>
#include <uacce/virtio_crypto.h>

#define VC_DESCS	16
#define VC_ROOM		8192
#define VC_SS		(4UL << 20)
#define VC_SS_SLICE	(2UL << 20)	/* contiguous for the device */

#define VC_ENCRYPT	1
#define VC_DECRYPT	2
#define VC_AES_CBC	3

struct vc {
	int fd;
	struct uacce_vc_info info;
	uint8_t *dus;
	volatile uint8_t *mmio;
	uint8_t *ss;
	uint64_t ss_addr[VC_SS / VC_SS_SLICE];
	uint16_t avail, used;
};

/* A descriptor in the making: addresses are the device's. */
struct vc_part {
	uint64_t addr;
	uint32_t len;
	bool write;
};

struct vc_op {
	uint64_t session;
	uint32_t op;
	uint8_t iv[16];
	uint32_t len;
	const struct vc_part *parts;	/* source, then destination */
	unsigned int n;
	bool indirect;
};

/* Loads the module and hands it the function. Exit codes of both commands, 0 = fine. */
int vc_load(const char *params);
void vc_unload(void);
int vc_bind(const char *driver);

/* The device's node, "" if there is none. A number is taken as long as somebody has a device open. */
const char *vc_node(void);

/* Where the attribute of that device is; good until the next call. */
const char *vc_attr(const char *name);

/* 0 or -errno. vc_open() does all but start. */
int vc_open(struct vc *c);
void vc_close(struct vc *c);
int vc_start(struct vc *c);

int vc_session(struct vc *c, uint32_t op, const void *key, uint32_t len, uint64_t *id);
unsigned int vc_slots(const struct vc *c);
uint64_t vc_addr(const struct vc *c, const void *ss);
void vc_post(struct vc *c, unsigned int slot, const struct vc_op *op);
void vc_doorbell(struct vc *c);
/* Slot of the next completion; -1: none within 20 s, -2: the queue is dead. */
int vc_take(struct vc *c);
uint8_t vc_status(const struct vc *c, unsigned int slot);
uint32_t vc_state(const struct vc *c);
uint16_t *vc_avail(const struct vc *c);	/* flags, idx, ring */
uint16_t *vc_used(const struct vc *c);

/* From ss + src to ss + dst, one descriptor each; status of the device, or what vc_take() says. */
int vc_crypt(struct vc *c, uint64_t session, uint32_t op, const uint8_t *iv, size_t src, size_t dst,
	uint32_t len);
/* What it should be. */
void vc_expect(uint32_t op, const uint8_t *key, uint32_t key_len, const uint8_t *iv,
	const uint8_t *src, uint8_t *dst, uint32_t len);

#endif
