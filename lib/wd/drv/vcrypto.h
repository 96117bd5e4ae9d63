/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the virtio-crypto driver share.
 *
 * A queue is a split virtqueue in the DUS region. Each request has a slot beside it, for what its
 * descriptors need beside the caller's buffers. Slots are taken in turn, by free-running indexes
 * that are masked at use:
 *
 *	slot   0                head           tail                    mask
 *	       |  free           |  in flight   |  free                 |
 *	       +-----------------+==============+-----------------------+
 *
 * The device finishes requests in any order; they are handed back in order. One that finished
 * before its turn is marked early until head gets there.
 *
 * With indirect descriptors slot i owns descriptor i of the ring, which points to a table: the
 * slot's own, or one of a pool when the request has many pieces. Without, a request takes as many
 * descriptors of the ring as it has pieces, from a window [desc_head, desc_tail) that advances as
 * the slots do.
 *
 * Requests that never reach the device ("soft") wait in a FIFO of their own, each with the value
 * of tail it was submitted at: it is due once head gets there.
 *
 * One thread may submit while another one polls. Each index has one writer: head, soft_head and
 * desc_head are poll's, all others submit's, the pool of tables too. What an index counts is written
 * before it is published, and read behind it. poll reads how far the device is first: then it knows
 * of every soft request that was submitted before those.
 */
#ifndef WD_DRV_VCRYPTO_H
#define WD_DRV_VCRYPTO_H

#include <string.h>

#include "uacce/virtio_crypto.h"
#include "virtio_crypto.h"
#include "wd_barrier.h"
#include "wd_private.h"

#define VC_KEY_MAX      64      /* of a cipher or AEAD */
#define VC_AUTH_KEY_MAX 128     /* of a MAC: a block of the longest hash */
#define VC_RESULT_MAX   64      /* longest digest */
#define VC_IV_MAX       16
#define VC_TABLE        20      /* descriptors of a slot's own table */
#define VC_BIG_TABLE    512     /* descriptors of a table of the pool */
#define VC_BIG_TABLES   32      /* at most */
#define VC_OTHER        8       /* descriptors of a request beside the pieces of lists */
#define VC_SCRATCH      4096
#define VC_MAX_LEN      (1u << 24)
#define VC_STATUS_NONE  0xff    /* what the device never writes */

/* Memory that the device reads and writes, one per slot. */
struct vc_slot {
	struct vcrypto_op op;
	uint8_t iv[VC_IV_MAX];          /* goes with op, in one descriptor */
	uint8_t status;                 /* VC_STATUS_NONE until the device wrote it */
	uint8_t rsvd[39];
	uint8_t result[VC_RESULT_MAX];  /* a digest to be compared or shortened */
	struct vring_desc table[VC_TABLE];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct vc_slot) == 512 && offsetof(struct vc_slot, table) % 64 == 0 &&
	offsetof(struct vc_slot, iv) == sizeof(struct vcrypto_op), "");

struct vc_big {
	struct vring_desc table[VC_BIG_TABLE];
};

/* What is to be done with a request when it is done. */
#define VC_EARLY        0x1     /* the device is done with it, its turn has not come */
#define VC_DIGEST       0x2     /* the result is the slot's: to be cut for the caller, */
#define VC_VERIFY       0x4     /* or to be compared with the caller's */
struct vc_inflight {
	void *tag;
	uint8_t *digest;        /* VC_DIGEST, VC_VERIFY: the caller's */
	uint16_t first;         /* without indirect descriptors: the first one, and */
	uint16_t descs;         /* how many */
	uint8_t flags;
	uint8_t digest_len;
};

struct vc_soft {
	void *tag;
	uint32_t after;         /* tail when it was submitted */
	uint32_t status;
};

struct vc_queue {
	/* Read or written by every burst. */
	struct vring_desc *desc;
	struct vring_avail *avail;
	const struct vring_used *used;
	struct vc_slot *slots;
	struct vc_inflight *inflight;   /* of each slot */
	uint64_t delta;         /* device address - address of the DUS region */
	uint32_t head, tail;
	uint32_t mask;          /* slots - 1 */
	uint32_t credits;       /* requests that may be outstanding, soft ones included */
	uint32_t soft_head, soft_tail;
	uint32_t early;         /* slots marked so */
	uint16_t used_seen;     /* entries of the used ring read, free running */
	uint16_t ring_mask;     /* entries of the rings - 1 */
	uint64_t epoch;         /* of sessions that the device knows */
	uint32_t cipher_max;    /* longest data of a cipher request */
	bool wide;              /* the doorbell is a word of 32 bits */
	bool armed;             /* the device interrupts */
	uint32_t notify_value;
	volatile void *notify;
	const uint32_t *state;  /* not 0: the queue is dead */
	/* Read when a request needs it. */
	uint64_t max_size;      /* of a request's variable parts together */
	struct vc_soft *soft;   /* mask + 1 entries */
	bool indirect;
	uint32_t desc_head, desc_tail;
	uint16_t *slot_of;      /* without indirect descriptors: of a chain's first one */
	uint8_t *scratch;       /* the device writes it, nobody reads it */
	struct vc_big *big;
	/* Tables not known to be free, a ring: requests that have them are done in order. */
	uint32_t big_of[VC_BIG_TABLES]; /* index of the request, as head and tail count */
	uint16_t big_count;
	uint16_t big_first, big_used;
	/* Control. */
	struct wd_device *dev;
	void *mmio, *dus;
	size_t mmio_size, dus_size;
	size_t local_size;      /* bytes of inflight, soft, slot_of together */
	uint32_t index;         /* of the queue, for people */
};

/* ------------------------------------------------------------------ sessions */

enum vc_shape {
	VC_CIPHER = 1,
	VC_HASH,                /* or MAC */
	VC_CHAIN,
	VC_AEAD,
};

struct wd_session {
	/* First line: what a burst reads beside the template. */
	uint32_t magic;         /* as all sessions of libwd have, see VC_MAGIC */
	uint8_t shape;          /* enum vc_shape */
	uint8_t iv_len;
	uint8_t result_len;     /* what the device makes of the digest, */
	uint8_t digest_len;     /* and what the caller wants of it; AEAD: the tag */
	uint64_t epoch;         /* in which the device knows the session */
	uint32_t block_mask;    /* bits that the length must not have */
	uint32_t len_min;
	uint8_t verify;
	uint8_t encrypt;
	uint16_t rsvd;
	struct vcrypto_op op __attribute__((aligned(64)));      /* template */
	/* To make the session, and once more after a reset of the device. */
	struct uacce_vc_session make;
	uint8_t key[VC_KEY_MAX];
	uint8_t auth_key[VC_AUTH_KEY_MAX];
};
_Static_assert(offsetof(struct wd_session, op) == WD_SESSION_ALIGN, "template on a line");
#define VC_MAGIC        0x6f797263u

/* virtio_crypto_session.c */
int vc_caps(struct wd_device *dev, struct wd_caps *caps);
/* Slots of a queue with that ring and that much room beside it, and big tables in what is left. */
uint32_t vc_slots(const struct uacce_vc_info *info, uint16_t *big_count);
int vc_session_init(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
	const struct wd_crypto_xform *xform);
void vc_session_fini(struct wd_device *dev, struct wd_session *sess);
/* Makes the sessions of a device once more that it does not know in this epoch. */
void vc_sessions_renew(struct wd_device *dev, uint64_t epoch);

/* virtio_crypto_ring.c */
uint16_t vc_submit_indirect(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n);
uint16_t vc_submit_direct(struct wd_queue *wq, const struct wd_req *reqs, uint16_t n);
uint16_t vc_poll_indirect(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n);
uint16_t vc_poll_direct(struct wd_queue *wq, struct wd_cpl *cpls, uint16_t n);
/* From now on the queue takes nothing and hands back what is outstanding as WD_DEV_LOST. */
void vc_die(struct wd_queue *wq);

/* virtio_crypto_chain.c */
#define VC_TAKEN        0
#define VC_LATER        (-1)    /* out of descriptors: end of the burst */
#define VC_IS_SOFT      (-2)    /* inside of the ring only: WD_REQ_DONE */
/*
 * Any request, into the slot at tail and the descriptors it needs. VC_TAKEN, VC_LATER, or a
 * positive enum wd_status, with which it completes softly.
 */
int vc_fill_any(struct vc_queue *q, const struct wd_req *r);
/* Takes back the tables of requests before head. As qm_sgl_reclaim(). */
void vc_big_reclaim(struct vc_queue *q, uint32_t head);
/* Tables of requests that are in flight. */
unsigned int vc_big_in_use(const struct vc_queue *q);
/* What a finished request needs that had descriptors or a digest of its own; the final status. */
uint32_t vc_finish(struct vc_queue *q, uint32_t slot, uint32_t status);

WD_INLINE uint64_t
vc_dev_addr(const struct vc_queue *q, const void *p)
{
	return (uintptr_t)p + q->delta;
}

#endif
