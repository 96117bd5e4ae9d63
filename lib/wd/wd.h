/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libwd: queues of uacce accelerators in user space (WarpDrive).
 *
 * A process opens a device (or lets the library choose one), requests queues on it, and from then
 * on submits requests and polls completions without system calls. One thread submits to a queue
 * (wd_submit(), wd_send()) and one polls it (wd_poll(), wd_recv()), the same or another one, at the
 * same time; all other calls that change the queue want it for themselves. Different queues are
 * independent. Sessions are read-only once made and serve any number of queues of devices of the
 * same kind at once.
 *
 * The child of a fork() has none of its parent's queues: their memory is not there. It opens
 * devices and requests queues of its own.
 *
 * Units are bytes. Errors are negative errno. Addresses named "device address" are what the
 * device puts on the bus: the virtual address on SVA devices (WD_DEV_SVA) and IOVA = VA ones
 * (WD_DEV_IOMMU), the physical address with WD_DEV_NOIOMMU; wd_dev_addr() translates.
 */
#ifndef WD_H
#define WD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wd_transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ devices */

struct wd_device;

/* What a device can do; bit n of a mask is enum value n. */
struct wd_caps {
	uint64_t ciphers;       /* 1 << enum wd_cipher */
	uint64_t auths;         /* 1 << enum wd_auth */
	uint64_t aeads;         /* 1 << enum wd_aead */
	uint32_t comps;         /* 1 << enum wd_comp_alg */
	uint32_t flags;         /* WD_CAP_* */
	uint32_t max_len;       /* of one request's data */
	uint32_t max_aad_len;
	uint16_t max_depth;     /* requests that may be outstanding on a queue */
	uint16_t max_segs;      /* per side of a request */
	uint32_t min_out;       /* compression: least output room the engine works with */
};
#define WD_CAP_CHAIN            0x1     /* cipher + auth in one request */
#define WD_CAP_SGL              0x2
#define WD_CAP_STATEFUL         0x4     /* compression streams */
#define WD_CAP_RAW_DEFLATE      0x8     /* natively, not out of zlib framing */
#define WD_CAP_AAD_ONLY         0x10    /* AEAD requests with AAD and without payload */
#define WD_CAP_DEV_SESSIONS     0x20    /* sessions are for the device that made them only */

/*
 * Opens a device. spec: "emu" (emulated, in the process), "emu:<socket>" (emulator daemon),
 * a class directory name ("hisi_sec2-0"), or NULL / "auto": the best real device of that kind
 * (algorithm, then NUMA distance to numa_node or to the caller if < 0, then free queues).
 * kind: "sec2", "zip", "virtio_crypto"; or any that does the work: "crypto", "comp". options:
 * "key=value,..." handed to the transport, or NULL.
 * err receives one line, without newline, that says why it failed.
 */
int wd_device_open(const char *spec, const char *kind, const char *options, int numa_node,
		   struct wd_device **dev, char *err, size_t err_size);
/* Refuses with -EBUSY while queues are open. */
int wd_device_close(struct wd_device *dev);
int wd_device_info(struct wd_device *dev, struct wd_dev_info *info);
const struct wd_caps *wd_device_caps(const struct wd_device *dev);
/* Flags of struct wd_dev_info, constant for the device's life. */
uint32_t wd_device_flags(const struct wd_device *dev);
/* Lists devices of real uacce drivers: fills up to n, returns how many there are. */
int wd_device_list(struct wd_dev_info *infos, int n);

/*
 * Lets the device use memory of the caller: needed on non-SVA devices for memory that is not
 * from wd_reserve_memory(). fd: the file behind a shared mapping (hugetlbfs, memfd), or -1.
 */
int wd_device_share(struct wd_device *dev, void *va, size_t len, int fd, uint64_t offset);
int wd_device_unshare(struct wd_device *dev, void *va, size_t len);
/* Device address of va, or UINT64_MAX when the device cannot reach [va, va + len). */
uint64_t wd_dev_addr(const struct wd_device *dev, const void *va, size_t len);

/* ------------------------------------------------------------------ sessions */

enum wd_cipher {
	WD_CIPHER_NONE = 0,
	WD_CIPHER_AES_ECB, WD_CIPHER_AES_CBC, WD_CIPHER_AES_CTR, WD_CIPHER_AES_XTS,
	WD_CIPHER_AES_OFB, WD_CIPHER_AES_CFB, WD_CIPHER_AES_CBC_CS1, WD_CIPHER_AES_CBC_CS2,
	WD_CIPHER_AES_CBC_CS3,
	WD_CIPHER_DES_ECB, WD_CIPHER_DES_CBC, WD_CIPHER_3DES_ECB, WD_CIPHER_3DES_CBC,
	WD_CIPHER_SM4_ECB, WD_CIPHER_SM4_CBC, WD_CIPHER_SM4_CTR, WD_CIPHER_SM4_XTS,
	WD_CIPHER_SM4_OFB, WD_CIPHER_SM4_CFB,
	WD_CIPHER_MAX
};

enum wd_auth {
	WD_AUTH_NONE = 0,
	WD_AUTH_MD5, WD_AUTH_SHA1, WD_AUTH_SHA224, WD_AUTH_SHA256, WD_AUTH_SHA384, WD_AUTH_SHA512,
	WD_AUTH_SHA512_224, WD_AUTH_SHA512_256, WD_AUTH_SM3,
	WD_AUTH_MD5_HMAC, WD_AUTH_SHA1_HMAC, WD_AUTH_SHA224_HMAC, WD_AUTH_SHA256_HMAC,
	WD_AUTH_SHA384_HMAC, WD_AUTH_SHA512_HMAC, WD_AUTH_SM3_HMAC,
	WD_AUTH_AES_XCBC_MAC, WD_AUTH_AES_CMAC, WD_AUTH_AES_GMAC,
	WD_AUTH_MAX
};

enum wd_aead {
	WD_AEAD_NONE = 0,
	WD_AEAD_AES_GCM, WD_AEAD_AES_CCM, WD_AEAD_SM4_GCM, WD_AEAD_SM4_CCM,
	WD_AEAD_MAX
};

enum wd_comp_alg {
	WD_COMP_NONE = 0,
	WD_COMP_DEFLATE,        /* raw */
	WD_COMP_ZLIB, WD_COMP_GZIP, /* as the engine frames them: trailer yes, header no */
	WD_COMP_LZ77_ZSTD,      /* these two: compression only, output as in wd_lz77.h */
	WD_COMP_LZ77_ONLY,
	WD_COMP_LZ4,            /* a block without a frame: compression only, no streams */
	WD_COMP_MAX
};

/*
 * A crypto transform. Either aead, or cipher and/or auth. Keys are copied; lengths in bytes.
 * HMAC keys longer than the hash's block (64 bytes, 128 for SHA-384 and up) are -EINVAL: the
 * engine takes one block at most, and hashing the key first (RFC 2104) is the caller's, so that
 * this library needs no software crypto.
 */
struct wd_crypto_xform {
	enum wd_cipher cipher;
	enum wd_auth auth;
	enum wd_aead aead;
	uint8_t encrypt;        /* 1 encrypt (AEAD: and make the tag), 0 decrypt (and check it) */
	uint8_t verify;         /* auth: 0 write the digest, 1 compare with it */
	uint8_t auth_first;     /* chain order: 0 cipher then auth, 1 auth then cipher */
	uint8_t iv_len;         /* cipher, AEAD or GMAC IV; 0 = none */
	uint8_t digest_len;     /* digest or tag, truncated ones too */
	uint16_t aad_len;       /* AEAD; requests may carry another, see struct wd_req */
	const uint8_t *cipher_key;      /* also the AEAD key */
	uint16_t cipher_key_len;
	const uint8_t *auth_key;
	uint16_t auth_key_len;
};

struct wd_comp_xform {
	enum wd_comp_alg alg;
	uint8_t compress;       /* 1 compress, 0 decompress: must fit the queue's type */
	uint8_t window_log;     /* 12..15; 0 = 15 */
	uint8_t level;          /* 1..9 as compressdev has it; the engine may have fewer. LZ77: 2 */
};

/*
 * A session is a prebuilt descriptor with its keys. It lives in memory of the caller, of
 * wd_session_size() bytes, aligned to WD_SESSION_ALIGN, which the device must be able to read
 * (dev_addr: its device address): hugepage memory of the application does.
 * -ENOTSUP: the device does not do it; -EINVAL: the lengths do not fit the algorithm.
 */
#define WD_SESSION_ALIGN        64
struct wd_session;
size_t wd_session_size(const struct wd_device *dev);
int wd_session_init_crypto(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
			   const struct wd_crypto_xform *xform);
int wd_session_init_comp(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
			 const struct wd_comp_xform *xform);
/*
 * Wipes the keys. No request of the session may be outstanding. With WD_CAP_DEV_SESSIONS to be
 * called before the device is closed.
 */
void wd_session_fini(struct wd_device *dev, struct wd_session *sess);

/* ------------------------------------------------------------------ requests */

struct wd_seg {
	uint64_t addr;          /* device address */
	uint32_t len;
	uint32_t rsvd;
};

enum wd_status {
	WD_OK = 0,
	WD_AUTH_FAILED,         /* digest or tag does not match */
	WD_BAD_REQ,             /* the device or the driver refused the request's parameters */
	WD_NO_SPACE,            /* compression: output room used up, see consumed/produced */
	WD_BAD_DATA,            /* decompression: the stream is corrupt */
	WD_HW_ERROR,            /* the device reported an error */
	WD_DEV_LOST,            /* the device died with this request in flight */
};

/*
 * A request. Built by the caller, read during wd_submit() only; buffers belong to the device
 * from a successful submit until the completion. All addresses are device addresses, but the
 * segment arrays, which are virtual and read during wd_submit() only.
 */
struct wd_req {
	const struct wd_session *sess;
	void *tag;              /* comes back in the completion */
	union {
		uint64_t src;           /* src_segs == 0: flat buffer */
		const struct wd_seg *src_list;
	};
	union {
		uint64_t dst;           /* same as src: in place */
		const struct wd_seg *dst_list;  /* NULL with src_segs: in place */
	};
	uint16_t src_segs;      /* 0 = flat */
	uint16_t dst_segs;      /* 0 = flat */
	uint8_t flags;          /* WD_REQ_* */
	uint8_t status;         /* WD_REQ_DONE: the status to complete with */
	uint16_t aad_len;       /* AEAD */
	union {
		struct {
			uint64_t iv;            /* iv_len bytes; never written */
			uint64_t digest;        /* digest_len bytes: written, or compared with */
			uint64_t aad;           /* aad_len bytes, AEAD */
			uint32_t cipher_off;    /* from the start of src and of dst */
			uint32_t cipher_len;
			uint32_t auth_off;      /* from the start of src; AEAD: unused */
			uint32_t auth_len;
			/* Virtual address of the same IV, or NULL: copied by wd_submit() if at all. */
			const void *iv_va;
		};
		struct {
			uint64_t stream;        /* virtual address of a struct wd_stream, 0 = stateless */
			uint32_t src_len;
			uint32_t dst_len;       /* room */
			uint8_t flush;          /* WD_FLUSH_* */
			uint32_t lit_len;       /* LZ77: room for literals, see wd_lz77.h */
			uint64_t lit;
		};
	};
};
#define WD_REQ_DONE             0x1     /* not for the device: completes in its turn with status */
/* WD_COMP_LZ77_ZSTD, streams: the request before did not become a compressed block, see wd_lz77.h. */
#define WD_REQ_NOT_COMPRESSED   0x2

#define WD_FLUSH_SYNC           0       /* streams: byte-aligned, more follows */
#define WD_FLUSH_FINAL          1

struct wd_cpl {
	void *tag;
	uint32_t status;        /* enum wd_status */
	uint32_t consumed;      /* compression */
	uint32_t produced;      /* LZ77: sequences, not bytes */
	union {
		uint32_t checksum; /* of a framed format: Adler-32 or CRC-32 of the data, plain value */
		uint32_t literals; /* LZ77: bytes */
	};
	uint8_t end;            /* decompression: the stream's final block was decoded */
	uint8_t hw_status;      /* the device's own code, for people */
	uint32_t long_lits;     /* LZ77 only, and else undefined: see wd_seq_zstd_lits() */
};

/* A compression stream: engine state between requests. One request outstanding at a time. */
struct wd_stream;
size_t wd_stream_size(const struct wd_device *dev);
int wd_stream_init(struct wd_device *dev, struct wd_stream *stream, uint64_t dev_addr,
		   const struct wd_session *sess);
void wd_stream_fini(struct wd_device *dev, struct wd_stream *stream);

/* ------------------------------------------------------------------ queues */

struct wd_queue;
typedef uint16_t (*wd_submit_t)(struct wd_queue *q, const struct wd_req *reqs, uint16_t n);
typedef uint16_t (*wd_poll_t)(struct wd_queue *q, struct wd_cpl *cpls, uint16_t n);

struct wd_queue_stats {
	uint64_t sq_doorbells;
	uint64_t cq_doorbells;
	uint64_t submitted;     /* requests taken, WD_REQ_DONE ones included */
	uint64_t completed;
	uint64_t bounced;       /* done with, that had copies of memory out of the device's reach */
	uint64_t bounced_bytes; /* copied for those, there and back */
};

struct wd_queue {
	/* Data path: set by wd_request_queue(), read by every burst. */
	wd_submit_t submit;
	wd_poll_t poll;
	void *priv;             /* of the user driver */
	/* In: set by the caller, the rest zeroed. */
	struct wd_device *dev;  /* NULL: opened by the library for alg, closed with the queue */
	const char *alg;        /* only with dev == NULL: a line of the algorithms attribute */
	int numa_node;          /* of the queue's memory; -1 = the device's */
	uint16_t type;          /* qc_type, see HISI_QM_SET_QP_CTX */
	uint16_t depth;         /* in: requests to be outstanding at most, 0 = the most; out: granted */
	/* Out. */
	struct wd_queue_stats stats;
	void *ctx;              /* of libwd */
};

/*
 * The specification's calls (warpdrive-2019.txt). wd_request_queue(): -EBUSY no queue left,
 * -ENODEV no such device, -ENOTSUP no driver for it.
 */
int wd_request_queue(struct wd_queue *q);
/* Outstanding requests are dropped; poll them out, or wd_flush(), before. */
void wd_release_queue(struct wd_queue *q);
/*
 * One request / one completion. -EBUSY: queue full; -EAGAIN: none yet; -ENODEV: the device died
 * (and nothing is left to hand back). A completion that is not WD_OK still sets *req, and returns
 * -EBADMSG (WD_AUTH_FAILED, WD_BAD_DATA), -EINVAL (WD_BAD_REQ), -ENOSPC (WD_NO_SPACE) or -EIO.
 */
int wd_send(struct wd_queue *q, void *req);     /* struct wd_req */
int wd_recv(struct wd_queue *q, void **req);    /* *req = the request's tag */
/*
 * Waits (in the kernel, if need be) until there is one; -EAGAIN only when nothing is outstanding.
 * As with wd_flush(), a device that completes nothing for 10 s is taken for dead.
 */
int wd_recv_sync(struct wd_queue *q, void **req);
/*
 * Waits until nothing is outstanding and drops the completions. A device that completes nothing
 * for 10 s is taken for dead.
 */
void wd_flush(struct wd_queue *q);
/* Static shared memory of this queue: NULL with errno. Freed with its last queue. */
void *wd_reserve_memory(struct wd_queue *q, size_t size);
int wd_share_reserved_memory(struct wd_queue *q, struct wd_queue *target_q);

/*
 * Takes a prefix of the n requests, never blocks, rings one doorbell. Returns how many.
 * A dead device takes nothing; wd_poll() then hands back all outstanding ones as WD_DEV_LOST.
 */
static inline uint16_t
wd_submit(struct wd_queue *q, const struct wd_req *reqs, uint16_t n)
{
	return q->submit(q, reqs, n);
}

/* Fills the caller's array with up to n completions, in submission order. Returns how many. */
static inline uint16_t
wd_poll(struct wd_queue *q, struct wd_cpl *cpls, uint16_t n)
{
	return q->poll(q, cpls, n);
}

/* ------------------------------------------------------------------ memory out of reach */

/*
 * Copies of memory that a device without SVA does not reach, made in shared memory of a queue, as
 * a part of a request's way in and out:
 *
 *	wd_bounce_begin(b, &q, id)
 *	wd_bounce_add(), wd_bounce_add_flat()   once for each piece; device addresses come back
 *	wd_bounce_commit(b)                     all of it went well; else nothing: it never was
 *	wd_submit()                             not taken: wd_bounce_undo()
 *	wd_poll()
 *	wd_bounce_done(b, id, back)             for every request, in the order of submission
 *
 * None of these allocates, locks or makes system calls. The copies are counted in the queue's
 * statistics. As with a queue, one thread may be at wd_bounce_done() and wd_bounce_pending() while
 * another one is at the rest.
 */
struct wd_bounce;

struct wd_bounce_piece {
	void *va;
	uint32_t len;           /* not 0 */
	uint8_t in;             /* 1 = copy va's content, 0 = room for output */
	uint32_t back_off;      /* what is copied back to va from there on; len 0 = nothing */
	uint32_t back_len;
};

/*
 * size: bytes, of the queue's SS region (wd_reserve_memory()), or of memory shared like it where
 * that is not to be had. -ENOTSUP: the device has SVA. Goes after the queues that use it.
 */
int wd_bounce_create(struct wd_queue *q, size_t size, struct wd_bounce **b);
void wd_bounce_destroy(struct wd_bounce *b);
/* Another queue of the device shall use it too. Requests of both are done in one order then. */
int wd_bounce_join(struct wd_bounce *b, struct wd_queue *q);

/* q counts it. id: of the caller, unlike those of all other requests in flight. */
void wd_bounce_begin(struct wd_bounce *b, struct wd_queue *q, uint32_t id);
/*
 * Appends a piece to a list of *n segments; what follows the last one directly makes it longer.
 * -EAGAIN: there is no memory for it until requests in flight are done; -E2BIG: there never will
 * be; -ENOSPC: more than room segments.
 */
int wd_bounce_add(struct wd_bounce *b, const struct wd_bounce_piece *p, struct wd_seg *segs,
		  uint16_t *n, uint16_t room);
/* The same for what has one address (IV, digest, AAD). -EAGAIN or -E2BIG. */
int wd_bounce_add_flat(struct wd_bounce *b, const struct wd_bounce_piece *p, uint64_t *dev_addr);
void wd_bounce_commit(struct wd_bounce *b);
/* Takes back the committed requests from id on, which were not submitted. */
void wd_bounce_undo(struct wd_bounce *b, uint32_t id);
/*
 * Request id is complete. If it had copies, up to back bytes of output go where they belong,
 * pieces in the order they were added. Returns whether it had.
 */
int wd_bounce_done(struct wd_bounce *b, uint32_t id, size_t back);
/* Requests with copies in flight. */
uint32_t wd_bounce_pending(const struct wd_bounce *b);

/* ------------------------------------------------------------------ state */

/* Requests submitted and not polled yet. */
uint32_t wd_queue_outstanding(const struct wd_queue *q);
/* 1 while the device behind the queue serves it, 0 once it died. */
int wd_queue_alive(const struct wd_queue *q);
/* Indexes and counters for people. */
void wd_queue_dump(const struct wd_queue *q, FILE *f);

const char *wd_status_str(enum wd_status status);

#ifdef __cplusplus
}
#endif

#endif
