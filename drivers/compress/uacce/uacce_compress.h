/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compress_uacce: compressdev on ZIP accelerators through libwd.
 *
 * What belongs to whom:
 *   struct uacce_comp_dev     one a device, in memory shared by all processes
 *   struct uacce_comp_proc    one a device and process: its libwd handle
 *   struct uacce_comp_qp      in shared memory, used by the process that set it up
 *   struct uacce_comp_xform   the application's handle, read-only in the data path
 *   struct uacce_comp_stream  the application's handle, of one op at a time
 *
 * The direction belongs to the hardware queue, so a queue pair has one for each. An op that was
 * taken has a slot in the queue pair's ring until it is handed back, which happens in the order
 * of the ring whichever queue, if any, worked on it:
 *
 *	slot   0          deq             enq           size - 1
 *	       |  free     |  taken        |  free       |
 *	       +-----------+===============+-------------+
 *	                    ^ next to hand back, once its state is DONE
 *
 * Requests in flight are tagged with their slot. See _direct.c for ops without.
 *
 * One lcore may enqueue while another one dequeues: what either of them writes has no other writer,
 * but for requests that are pending, and what submits them, which enqueue hands over to dequeue.
 */
#ifndef UACCE_COMPRESS_H
#define UACCE_COMPRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <rte_byteorder.h>
#include <rte_comp.h>
#include <rte_common.h>
#include <rte_compressdev.h>
#include <rte_compressdev_pmd.h>
#include <rte_log.h>
#include <rte_mbuf.h>

#include "rte_pmd_uacce_compress.h"
#include "uacce_common.h"
#include "wd.h"

#define UACCE_COMP_ARGS_SIZE    (UACCE_SPEC_SIZE + UACCE_OPTIONS_SIZE)
#define UACCE_COMP_SEGS         4096    /* segments of one burst; a burst with more is cut */
#define UACCE_COMP_SCRATCH      256     /* output of a request that is not the application's */
#define UACCE_COMP_PAD          16      /* v2: input behind the stream, see _fill.c */
#define UACCE_COMP_FULL_STREAMS 8       /* of a queue pair, see _fill.c */

extern int uacce_compress_logtype;

#define UACCE_LOG(level, fmt, ...)                                                                 \
	rte_log(RTE_LOG_##level, uacce_compress_logtype, "compress_uacce: " fmt "\n", ##__VA_ARGS__)

enum uacce_comp_dir {
	UACCE_COMPRESS = 0,     /* as the hardware's queue types */
	UACCE_DECOMPRESS = 1,
	UACCE_DIRS,
};

struct uacce_comp_dev {
	char args[UACCE_COMP_ARGS_SIZE];        /* secondaries get no devargs: these are theirs too */
	uint32_t max_qps;
};

struct uacce_comp_proc {
	struct wd_device *wd;
	struct uacce_mem *mem;  /* NULL: the device has SVA */
	uint32_t bounce_size;
	uint32_t max_qps;
	bool phys;              /* device addresses are physical */
	bool raw;               /* the device has raw DEFLATE */
	bool stateful;
	struct rte_compressdev_capabilities caps[2];
};

/* ------------------------------------------------------------------ xforms, streams */

#define UACCE_XFORM_MAGIC       0x55585a50u
#define UACCE_STREAM_MAGIC      0x55535a50u

/* struct wd_session follows, aligned. */
struct uacce_comp_xform {
	uint32_t magic;
	uint8_t dir;            /* enum uacce_comp_dir */
	uint8_t chksum;         /* enum rte_comp_checksum_type */
	/*
	 * The engine's framing, of which the application sees nothing: bytes of its trailer, 0
	 * without. Used where it yields a checksum, and for everything on devices without raw
	 * DEFLATE.
	 */
	uint8_t trailer;
	bool engine_sum;        /* the checksum asked for, or half of it, comes with the trailer */
} __rte_cache_aligned;

/* struct wd_session follows, then struct wd_stream, both aligned. */
struct uacce_comp_stream {
	struct uacce_comp_xform x;      /* with the stream's magic */
	uint64_t wd_addr;               /* device address of the struct wd_stream */
	uint32_t crc, adler;            /* of the plain data so far */
	uint32_t carry_len;             /* output that found no room yet */
	uint32_t busy;                  /* an op is in flight: dequeue's. Published */
	bool restart;                   /* the next op begins a new DEFLATE stream */
	bool ended;                     /* nothing but the carry is left of this one */
	bool sum_over;                  /* the next op begins a new checksum */
	bool broken;                    /* after an error only freeing is left */
	uint8_t carry[UACCE_COMP_SCRATCH];
} __rte_cache_aligned;

static inline const struct wd_session *
uacce_comp_session(const struct uacce_comp_xform *x)
{
	return (const struct wd_session *)((uintptr_t)x + RTE_CACHE_LINE_ROUNDUP(sizeof(*x)));
}

static inline struct wd_session *
uacce_comp_stream_session(struct uacce_comp_stream *st)
{
	return (struct wd_session *)((uintptr_t)st + RTE_CACHE_LINE_ROUNDUP(sizeof(*st)));
}

/* ------------------------------------------------------------------ queue pairs */

/* Of a taken op; the direction is added to those behind the first. */
enum uacce_comp_state {
	UACCE_SLOT_OVER = 0,    /* the op is complete: refused, or nothing to do for the device */
	UACCE_SLOT_FLIGHT = 2,
	UACCE_SLOT_PLAIN = 4,   /* in flight, and of the slot only op and room are set */
	UACCE_SLOT_LOST = 8,    /* added to those two: the device died before it got the request */
};

/* A cache line. */
struct uacce_comp_slot {
	struct rte_comp_op *op;
	const struct uacce_comp_xform *x;
	struct uacce_comp_stream *st;   /* NULL: stateless */
	uint32_t room;                  /* application's output room, behind pre */
	uint32_t pre;                   /* output that was there before the request */
	uint8_t state;
	uint8_t full;                   /* 1 + borrowed stream of a FULL flush, 0 = none */
	bool copied;                    /* it has copies of memory out of reach */
	uint8_t *scratch;
	uint64_t scratch_addr;          /* for the device */
} __rte_cache_aligned;

struct uacce_comp_dirq {
	struct wd_queue wq;
	struct wd_req *reqs;    /* of this burst, or pending from the last */
	struct wd_req *next;    /* behind the last of them */
	struct wd_cpl *cpls;    /* polled, and not handed back yet: [head, tail) */
	uint32_t cpl_head, cpl_tail;
};

/* Ops taken one after another; of the direction, if they are plain ones without slots. */
struct uacce_comp_run {
	uint32_t end;           /* the op behind, as enq and deq count. Published */
	uint32_t kind;          /* enum uacce_comp_dir, or: */
};
#define UACCE_RUN_SLOTS UACCE_DIRS

struct uacce_comp_qp {
	struct uacce_comp_slot *slots;
	struct uacce_comp_run *runs;    /* twice as many; [run_head, run_tail), with direct only */
	struct uacce_comp_dirq q[UACCE_DIRS];
	uint32_t mask;          /* slots - 1 */
	uint32_t depth;         /* ops in flight at most */
	uint32_t enq, deq;      /* free running; ops. Published */
	uint32_t slot_enq, slot_deq;    /* free running; of them those with slots */
	uint32_t run_mask;      /* runs - 1 */
	uint32_t run_head;      /* dequeue's; there always is a last run, which may get longer */
	uint32_t run_tail;      /* published */
	uint32_t pending;       /* not 0: requests wait for lists, and are dequeue's. Published */
	bool direct;            /* see _direct.c */

	/* What the fill functions need. */
	struct wd_seg *segs;
	uint32_t segs_used;
	uint32_t segs_per_side;
	uint32_t max_len;
	uint32_t min_out;
	uint64_t pad_addr;      /* UACCE_COMP_PAD bytes */
	struct wd_device *wd;
	struct uacce_comp_stream *full[UACCE_COMP_FULL_STREAMS];
	/* Bit masks: all, and the two sides' turns; a stream is free when they are equal. */
	uint32_t full_all, full_taken, full_back; /* the last one is published */
	bool phys;
	/* Devices without SVA; of the owner's process. */
	const struct uacce_mem *mem;    /* NULL: the device has SVA */
	const struct uacce_range *range; /* that the queue pair itself lies in */
	struct wd_bounce *bounce;       /* NULL: ops with memory out of reach are refused */
	uint64_t bounce_waits;  /* bursts that ended because it was full */
	bool dead;              /* a queue was lost: nothing is taken until it is set up again */

	struct rte_compressdev_stats stats;

	/* Control. */
	uint8_t *scratch;       /* of the slots, then the pad */
	pid_t owner;
	int socket_id;
	uint16_t id;
};

/* The first word of an xform whose ops are plain, but for the direction. */
#define UACCE_PLAIN_XFORM       rte_cpu_to_le_64(UACCE_XFORM_MAGIC)
#define UACCE_PLAIN_MASK        rte_cpu_to_le_64(~0xff00000000ull)

/* How far ahead of the op at hand others are fetched; the mbufs' addresses are in the op. */
#define UACCE_AHEAD_OP          4
#define UACCE_AHEAD_MBUF        2

/* Asks the device for up to n completions, if none are at hand. False: there are none. */
static inline bool
uacce_comp_refill(struct uacce_comp_qp *qp, struct uacce_comp_dirq *q, uint16_t n)
{
	if (q->cpl_head != q->cpl_tail)
		return true;
	q->cpl_head = 0;
	q->cpl_tail = wd_poll(&q->wq, q->cpls, RTE_MIN(n, qp->depth));
	return q->cpl_tail != 0;
}

/*
 * Ops up to end, and not with it, are there. Room for twice the ops is enough for all runs that
 * dequeue may be at: each has an op that was not handed back, but for those of one call and the
 * one before.
 */
static inline void
uacce_comp_note_run(struct uacce_comp_qp *qp, uint32_t kind, uint32_t end)
{
	struct uacce_comp_run *run = &qp->runs[(qp->run_tail - 1) & qp->run_mask];

	if (run->kind == kind) {
		uacce_publish32(&run->end, end);
		return;
	}
	qp->runs[qp->run_tail & qp->run_mask] = (struct uacce_comp_run){.end = end, .kind = kind};
	uacce_publish32(&qp->run_tail, qp->run_tail + 1);
}

/*
 * Both sides of a plain op in the range that the queue pair lies in? Distances from there, OR-ed.
 * What is out of a device's reach must be seen before it gets the op: hardware does not survive
 * the fault.
 */
static __rte_always_inline uintptr_t
uacce_comp_distance(const struct uacce_range *range, const struct rte_comp_op *op)
{
	return (rte_pktmbuf_mtod(op->m_src, uintptr_t) + range->minus_base) |
		(rte_pktmbuf_mtod(op->m_dst, uintptr_t) + range->minus_base);
}

static inline bool
uacce_comp_is_error(const struct rte_comp_op *op)
{
	return op->status != RTE_COMP_OP_STATUS_SUCCESS &&
		op->status != RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE;
}

enum uacce_comp_fill {
	UACCE_FILL_REQ,         /* the device has a part in it */
	UACCE_FILL_OVER,        /* the op is complete, the device has no part in it */
	UACCE_FILL_AGAIN,       /* out of something that comes back: end of the burst */
};

/* _pmd.c */
struct uacce_comp_proc *uacce_comp_proc(const struct rte_compressdev *dev);

/* _caps.c */
void uacce_comp_caps_init(struct uacce_comp_proc *proc);

/* _xform.c */
int uacce_comp_xform_create(struct rte_compressdev *dev, const struct rte_comp_xform *xform,
	void **priv);
int uacce_comp_xform_free(struct rte_compressdev *dev, void *priv);
int uacce_comp_stream_create(struct rte_compressdev *dev, const struct rte_comp_xform *xform,
	void **stream);
int uacce_comp_stream_free(struct rte_compressdev *dev, void *stream);
/* A stream of the PMD's own: raw DEFLATE or what stands for it, no checksum. */
struct uacce_comp_stream *uacce_comp_stream_internal(struct uacce_comp_proc *proc, int socket_id);
/* Makes the stream begin anew. Data path. */
int uacce_comp_stream_reset(struct wd_device *wd, struct uacce_comp_stream *st);

/* _ops.c */
extern struct rte_compressdev_ops uacce_comp_ops;

/* _dp.c */
uint16_t uacce_comp_enqueue_va(void *qp, struct rte_comp_op **ops, uint16_t n);
uint16_t uacce_comp_enqueue_iova(void *qp, struct rte_comp_op **ops, uint16_t n);
uint16_t uacce_comp_enqueue_pa(void *qp, struct rte_comp_op **ops, uint16_t n);
uint16_t uacce_comp_dequeue(void *qp, struct rte_comp_op **ops, uint16_t n);
/* Up to n ops with slots, which are the next in turn. */
uint16_t uacce_comp_dequeue_slots(struct uacce_comp_qp *qp, struct rte_comp_op **ops, uint16_t n);
void uacce_comp_submit_pending(struct uacce_comp_qp *qp);

/* _direct.c: bursts without requests of libwd, of devices and queues that allow for it. */
void uacce_comp_direct_functions(struct rte_compressdev *dev, const struct uacce_comp_proc *proc);
bool uacce_comp_direct_queue(const struct wd_queue *wq);
uint16_t uacce_comp_direct_dequeue(void *qp, struct rte_comp_op **ops, uint16_t n);

/* _fill.c: any op becomes the next request of its queue. Sets all of slot but the state. */
enum uacce_comp_fill uacce_comp_fill(struct uacce_comp_qp *qp, struct rte_comp_op *op,
	struct uacce_comp_slot *slot);
/* The same on devices without SVA: what of it is out of reach is copied. */
enum uacce_comp_fill uacce_comp_fill_far(struct uacce_comp_qp *qp, struct rte_comp_op *op,
	struct uacce_comp_slot *slot);

/* _finish.c: a completion becomes the op's results. */
void uacce_comp_finish(struct uacce_comp_qp *qp, struct uacce_comp_slot *slot,
	struct wd_cpl *cpl);
/* Sets op->output_chksum. engine: what the engine made of this op's data. */
void uacce_comp_sum(struct uacce_comp_slot *slot, uint32_t engine);
/* Copies to the chain from byte off on; the caller has checked that there is room. */
void uacce_comp_copy_out(struct rte_mbuf *m, uint32_t off, const void *buf, uint32_t len);

#endif
