/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crypto_uacce: cryptodev on SEC2 and virtio-crypto accelerators through libwd.
 *
 * What belongs to whom:
 *   struct uacce_crypto_dev     one a device, in memory shared by all processes
 *   struct uacce_crypto_proc    one a device and process: its libwd handle
 *   struct uacce_crypto_qp      in shared memory, used by the process that set it up
 *   struct uacce_crypto_sess    in the application's session pool, read-only in the data path
 *
 * An op becomes one struct wd_req; its tag is the op's address with UACCE_TAG_* in the low bits.
 * Requests complete in order, so enq and deq of a queue pair say what is in flight: [deq, enq).
 *
 * One lcore may enqueue while another one dequeues: what either of them writes has no other writer.
 */
#ifndef UACCE_CRYPTO_H
#define UACCE_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <cryptodev_pmd.h>
#include <rte_log.h>

#include "uacce_common.h"
#include "uacce_crypto_compat.h"
#include "wd.h"

#define UACCE_CRYPTO_ARGS_SIZE  (UACCE_SPEC_SIZE + UACCE_OPTIONS_SIZE)
#define UACCE_CRYPTO_MAX_CAPS   64
#define UACCE_CRYPTO_SEGS       4096    /* segments of one burst; a burst with more is cut */
#define UACCE_CTR_BLOCK         16
#define UACCE_DIGEST_MAX        64
#define UACCE_KEY_MAX           64
#define UACCE_AUTH_KEY_MAX      128
#define UACCE_SOFT_MAX_LEN      (64 * 1024 + 512)       /* message that libcrypto works on */

extern int uacce_crypto_logtype;
extern uint8_t uacce_crypto_driver_id;

#define UACCE_LOG(level, fmt, ...)                                                                 \
	rte_log(RTE_LOG_##level, uacce_crypto_logtype, "crypto_uacce: " fmt "\n", ##__VA_ARGS__)

struct uacce_crypto_dev {
	char args[UACCE_CRYPTO_ARGS_SIZE];      /* of the primary: secondaries get none */
	uint32_t max_qps;
	uint32_t sess_id;
};

struct uacce_crypto_proc {
	struct wd_device *wd;
	struct uacce_mem *mem;          /* NULL: the device has SVA */
	uint32_t bounce_size;
	uint32_t sess_id;               /* session ids of this device or kind, see below */
	uint32_t max_qps;
	bool phys;                      /* device addresses are physical */
	bool aad_only;          /* the device takes AEAD requests without payload */
	struct rte_cryptodev_capabilities caps[UACCE_CRYPTO_MAX_CAPS];
};

/* ------------------------------------------------------------------ sessions */

enum uacce_crypto_kind {
	UACCE_KIND_CIPHER,
	UACCE_KIND_AUTH,
	UACCE_KIND_CHAIN,
	UACCE_KIND_AEAD,
	UACCE_KIND_MASK = 3,
	UACCE_KIND_SLOW = 4,    /* added: every op of the session takes the slow path */
	UACCE_KIND_MAX = 8,
};

/*
 * The first cache line is all that the fast path reads. id is the sess_id of the device, or of its
 * kind, plus enum uacce_crypto_kind: memory that is no session for this device is recognised in
 * the same comparison that tells the kinds apart. struct wd_session follows this structure.
 */
struct uacce_crypto_sess {
	uint32_t id;
	uint16_t iv_off;        /* from the op; CCM's flag byte skipped */
	uint16_t aad_off;       /* from aad.data */
	uint64_t req_bits;      /* struct wd_req from src_segs to aad_len, flat buffers */
	/* All ones for what an op of the session has, else 0. */
	uintptr_t aad_mask, digest_mask, iv_mask;
	uint32_t len_min;       /* less data takes the slow path */
	bool copies;            /* NULL cipher beside an auth: out of place is a copy */
	uint16_t aad_len;
	uint8_t iv_len;
	uint8_t iv_skip;        /* CCM: nonce behind a byte that is not its own */
	uint8_t digest_len;
	bool encrypt;
	bool verify;
	bool auth_first;
	bool null;              /* nothing but NULL algorithms */
	bool nested;            /* MAC then encrypt: the digest may lie in the cipher's region */
	bool ctr_iv_12;         /* counter block made of a 12-byte IV and a counter of 1 */

	/* For what libcrypto does: messages that the device does not take. */
	enum wd_cipher cipher __rte_cache_aligned;
	enum wd_auth auth;
	enum wd_aead aead;
	bool empty_digest_known;
	uint8_t empty_digest[UACCE_DIGEST_MAX]; /* MAC or hash of no data */
	uint16_t key_len;
	uint16_t auth_key_len;
	uint8_t key[UACCE_KEY_MAX];             /* cipher, AEAD */
	uint8_t auth_key[UACCE_AUTH_KEY_MAX];
} __rte_cache_aligned;

static inline struct wd_session *
uacce_crypto_wd_session(struct uacce_crypto_sess *s)
{
	return (struct wd_session *)(s + 1);
}

/* ------------------------------------------------------------------ memory */

/*
 * Where the memory of an op lies, on devices without SVA; no such structure for others, which reach
 * everything. What is out of reach must be seen before an op goes to the device: hardware does not
 * survive the fault, and would have overwritten a part of an op in place by then. The fast paths OR
 * the distances from the range that the queue pair itself lies in, and compare once. What is not
 * in there is the slow path's, which knows exactly.
 */
struct uacce_where {
	uintptr_t minus_base;   /* of the range */
	uintptr_t near;         /* its size */
	uintptr_t seen;         /* distances; NULL is far away, too */
};

static __rte_always_inline void
uacce_see(struct uacce_where *w, const void *va)
{
	if (w != NULL)
		w->seen |= (uintptr_t)va + w->minus_base;
}

static __rte_always_inline bool
uacce_near(const struct uacce_where *w)
{
	return w == NULL || w->seen < w->near;
}

/* ------------------------------------------------------------------ queue pairs */

/* Type and session type within rte_crypto_op::raw. */
#define UACCE_OP_MASK   rte_cpu_to_le_64(0x0000000000ff00ffull)
#define UACCE_OP_WITH_SESSION                                                                      \
	rte_cpu_to_le_64((uint64_t)RTE_CRYPTO_OP_TYPE_SYMMETRIC |                                  \
		(uint64_t)RTE_CRYPTO_OP_WITH_SESSION << 16)

/* How far ahead of the op at hand others are fetched; the mbuf's address is in the op. */
#define UACCE_AHEAD_OP          4
#define UACCE_AHEAD_MBUF        2

#define UACCE_TAG_STATUS_SET    0x1ul   /* op->status was set at enqueue and stays */
#define UACCE_TAG_SOFT          0x2ul   /* for libcrypto, when its turn comes */
#define UACCE_TAG_MASK          0x7ul

/* What the slow path works with, of each direction of a queue pair its own. */
struct uacce_crypto_work {
	struct wd_seg *segs;
	uint32_t segs_used;     /* enqueue: in this burst */
	struct uacce_crypto_soft *soft;
	uint64_t soft_ops;      /* completed by libcrypto */
};

struct uacce_crypto_qp {
	/* Both directions. */
	struct wd_queue wq;
	struct wd_req *reqs;    /* depth of them: any burst fits */
	struct wd_cpl *cpls;    /* likewise */
	uint32_t sess_id;
	uint32_t depth;
	uint32_t enq;           /* free running; requests taken */
	uint32_t deq;           /* free running; ops handed back; published */
	uint16_t direct;        /* see _direct.c: the type of descriptor, 0 = not */
	uint16_t stream_min;    /* likewise: ops of a burst that is written past the caches */

	/* Slow path of a burst. */
	struct uacce_crypto_work work;
	struct uacce_crypto_work deq_work;
	uint32_t segs_per_side; /* that the device takes */
	bool phys;
	/* Devices without SVA; of the owner's process. */
	const struct uacce_mem *mem;    /* NULL: the device has SVA */
	const struct uacce_range *range; /* that the queue pair itself lies in */
	struct wd_bounce *bounce;       /* NULL: ops with memory out of reach are refused */
	uint64_t bounce_waits;  /* bursts that ended because it was full */
	uint8_t *ctr_blocks;    /* one for each request that may be in flight */
	uint32_t ctr_mask;

	/*
	 * Raw data path: requests built and not submitted, completions polled and not fetched.
	 * While there are requests that enqueue_done() found no descriptors for, all that enqueue
	 * writes is dequeue's, which submits them.
	 */
	uint32_t raw_pending;
	uint32_t raw_left;      /* published */
	bool raw_odd;           /* not all of them are flat */
	uint32_t cpl_head;
	uint32_t cpl_tail;

	struct rte_cryptodev_stats stats;

	/* Control. */
	pid_t owner;
	int socket_id;
	uint16_t id;
};

/* A message as the slow and the raw path see it; offsets from the start of its data. */
struct uacce_crypto_msg {
	uint32_t c_off, c_len;  /* cipher or AEAD; 0 and 0 without */
	uint32_t a_off, a_len;  /* auth; 0 and 0 without */
	uint32_t off;           /* of the two together */
	uint64_t len;
	struct rte_crypto_va_iova_ptr iv;
	struct rte_crypto_va_iova_ptr digest;
	struct rte_crypto_va_iova_ptr aad;
	bool nested;            /* the digest is at the end of the auth region, and encrypted */
};

enum uacce_fill {
	UACCE_FILL_OK,          /* the request is complete, to the device or WD_REQ_DONE */
	UACCE_FILL_AGAIN,       /* no segments left in this burst, or no memory for copies now */
};

static inline uint32_t
uacce_crypto_kind(const struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s)
{
	return (s->id - qp->sess_id) & UACCE_KIND_MASK;
}

/* _pmd.c */
struct uacce_crypto_proc *uacce_crypto_proc(const struct rte_cryptodev *dev);

/* _caps.c */
int uacce_crypto_caps_init(struct uacce_crypto_proc *proc);
uint64_t uacce_crypto_features(const struct uacce_crypto_proc *proc);
/* The table's translation of an algorithm; WD_*_NONE = unknown or not offered by the device. */
enum wd_cipher uacce_crypto_cipher(const struct uacce_crypto_proc *proc, int algo);
enum wd_auth uacce_crypto_auth(const struct uacce_crypto_proc *proc, int algo);
enum wd_aead uacce_crypto_aead(const struct uacce_crypto_proc *proc, int algo);
const struct rte_cryptodev_symmetric_capability *uacce_crypto_cap_find(
	const struct uacce_crypto_proc *proc, enum rte_crypto_sym_xform_type type, int algo);

/* _session.c */
unsigned int uacce_crypto_session_size(struct rte_cryptodev *dev);
int uacce_crypto_session_configure(struct rte_cryptodev *dev, struct rte_crypto_sym_xform *xform,
	struct rte_cryptodev_sym_session *sess);
void uacce_crypto_session_clear(struct rte_cryptodev *dev, struct rte_cryptodev_sym_session *sess);

/* _ops.c */
extern struct rte_cryptodev_ops uacce_crypto_ops;

/* _dp.c */
uint16_t uacce_crypto_enqueue_va(void *qp, struct rte_crypto_op **ops, uint16_t n);
uint16_t uacce_crypto_enqueue_iova(void *qp, struct rte_crypto_op **ops, uint16_t n);
uint16_t uacce_crypto_enqueue_pa(void *qp, struct rte_crypto_op **ops, uint16_t n);
uint16_t uacce_crypto_dequeue(void *qp, struct rte_crypto_op **ops, uint16_t n);
uint16_t uacce_crypto_dequeue_far(void *qp, struct rte_crypto_op **ops, uint16_t n);
uint8_t uacce_crypto_op_status(uint32_t wd_status);
/* The op of a request that did not come back with WD_OK. */
struct rte_crypto_op *uacce_crypto_finish_unusual(struct uacce_crypto_qp *qp, uintptr_t tag,
	uint32_t wd_status);

/* _direct.c: bursts without requests of libwd, of devices and queues that allow for it. */
void uacce_crypto_direct_functions(struct rte_cryptodev *dev, const struct uacce_crypto_proc *proc);
void uacce_crypto_direct_queue(struct uacce_crypto_qp *qp);

/* _slow.c: any op, any session. */
enum uacce_fill uacce_crypto_fill_slow(struct uacce_crypto_qp *qp, struct rte_crypto_op *op,
	struct wd_req *req);
/*
 * What libcrypto makes of an op marked UACCE_TAG_SOFT. Not at enqueue: an op that the queue does not
 * take then comes again, and a message must not be encrypted twice.
 */
enum wd_status uacce_crypto_soft_op(struct uacce_crypto_qp *qp, struct rte_crypto_op *op);
/* Makes req one that completes with status without reaching the device. */
void uacce_crypto_fill_done(struct wd_req *req, void *tag, enum wd_status status);
enum uacce_route {
	UACCE_TO_DEVICE,
	UACCE_TO_SOFT,          /* map the data as virtual addresses, then _soft_chain() */
	UACCE_DONE,             /* req is complete, with an error or what libcrypto made of it */
};
/* Who works on the message; sets msg->off and ->len, what is to be mapped of the data. */
enum uacce_route uacce_crypto_route(const struct uacce_crypto_qp *qp,
	struct uacce_crypto_work *work, const struct uacce_crypto_sess *s,
	struct uacce_crypto_msg *msg, struct wd_req *req, void *tag);
/*
 * Messages that are not for the device but have data: req holds the data as virtual addresses,
 * and is complete when this returns.
 */
void uacce_crypto_fill_soft(struct uacce_crypto_work *work, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, struct wd_req *req, void *tag);
/* Copies len bytes of a request with virtual addresses from its source to its destination. */
int uacce_crypto_copy_out(struct uacce_crypto_work *work, const struct wd_req *req, uint64_t len);
/* Everything of a request but the data's addresses. */
void uacce_crypto_fill_params(const struct uacce_crypto_qp *qp, struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, struct wd_req *req, void *tag);

/*
 * _bounce.c: ops with memory that the device does not reach.
 *
 * req is complete and va has the same data by virtual addresses. Gives req copies of what is out
 * of reach: its data's pieces, and of the parameters in msg. 0; -EAGAIN: not before others are
 * done; -ENOSPC: no segments left in this burst, or more than the device takes; -E2BIG or -EINVAL:
 * it is more than there is memory for at all.
 */
int uacce_crypto_bounce(struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg, const struct wd_req *va, struct wd_req *req);
/* Are IV, digest and AAD of the message within reach? */
bool uacce_crypto_params_near(const struct uacce_crypto_qp *qp, const struct uacce_crypto_sess *s,
	const struct uacce_crypto_msg *msg);
/* Are there requests with copies in flight? */
static inline bool
uacce_crypto_bounce_pending(const struct uacce_crypto_qp *qp)
{
	return qp->bounce != NULL && wd_bounce_pending(qp->bounce) != 0;
}
/* Request number id, as enq and deq count, has come back. */
void uacce_crypto_bounce_done(struct uacce_crypto_qp *qp, uint32_t id, uint32_t wd_status);

/* _raw.c */
int uacce_crypto_raw_ctx_size(struct rte_cryptodev *dev);
int uacce_crypto_raw_configure(struct rte_cryptodev *dev, uint16_t qp_id,
	struct rte_crypto_raw_dp_ctx *ctx, enum rte_crypto_op_sess_type sess_type,
	union rte_cryptodev_session_ctx session, uint8_t is_update);

/*
 * _soft.c: what the device does not take, of a session's algorithm. Virtual addresses.
 */
struct uacce_crypto_soft *uacce_crypto_soft_new(void);
void uacce_crypto_soft_free(struct uacce_crypto_soft *soft);
/* An HMAC key longer than a block is replaced by its hash (RFC 2104): *len bytes to out. */
int uacce_crypto_soft_hash_key(enum wd_auth auth, const uint8_t *key, size_t key_len,
	uint8_t out[UACCE_DIGEST_MAX], uint16_t *len);
/* Hash or MAC of data. 0 or -errno; -ENOTSUP: this libcrypto lacks it. */
int uacce_crypto_soft_auth(enum wd_auth auth, const uint8_t *key, size_t key_len,
	const uint8_t *data, size_t len, uint8_t out[UACCE_DIGEST_MAX]);
/* Writes or checks the tag of an AEAD message without payload, or GMAC's of no data. */
enum wd_status uacce_crypto_soft_tag(struct uacce_crypto_soft *soft,
	const struct uacce_crypto_sess *s, const uint8_t *iv, const uint8_t *aad, uint32_t aad_len,
	uint8_t *tag);
/* Writes or checks a digest that was made. */
enum wd_status uacce_crypto_soft_digest(const struct uacce_crypto_sess *s, const uint8_t *digest,
	uint8_t *out);
/*
 * Cipher and auth over msg->len bytes of data at buf, in place, in the session's order. A nested
 * digest is in buf, any other at digest.
 */
enum wd_status uacce_crypto_soft_chain(struct uacce_crypto_soft *soft,
	const struct uacce_crypto_sess *s, const struct uacce_crypto_msg *msg, uint8_t *buf);
/* UACCE_SOFT_MAX_LEN bytes to gather a message in. */
uint8_t *uacce_crypto_soft_buf(struct uacce_crypto_soft *soft);

#endif
