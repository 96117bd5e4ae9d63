/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The emulator's inside: device, queue, engine thread, and what a model is.
 *
 *	front/        how clients attach: thread of the process, socket, device node
 *	device.c      options, devices, their threads
 *	qm.c          queue manager: rings, doorbells, completions, stop words
 *	recover.c     submissions whose doorbell was hidden by another one
 *	thread.c      the engine thread: polls doorbells, runs the model, dozes
 *	memory.c      what the device can see; scatter/gather lists
 *	model/        descriptor formats (SEC2, ZIP): decode, check, results
 *	engine/       compute libraries behind batch interfaces
 *
 * A descriptor is client memory: it may change while it is read. Read every field once, check
 * it after reading, and never trust what was written back.
 */
#ifndef EMU_PRIVATE_H
#define EMU_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hisi_qm.h"
#include "wd_transport.h"

#include "memory.h"

#define EMU_BATCH       128     /* most jobs a model gets at once */
#define EMU_AHEAD       32      /* entries that are asked for before they are worked on, at most */
#define EMU_MAX_QUEUES  1024
#define EMU_MAX_THREADS 16
#define EMU_DUS_PAGE    4096
#define EMU_SS_DEFAULT  ((size_t)1 << 30)
#define EMU_DKO_SIZE    ((size_t)2 << 20)
#define EMU_DOZE_PAGE   4096    /* one word per thread, each in a line of its own */
#define EMU_DOZE_STRIDE 16      /* words */
_Static_assert(EMU_MAX_THREADS * EMU_DOZE_STRIDE * 4 <= EMU_DOZE_PAGE, "one page");

#define EMU_ALIGNED     __attribute__((aligned(64)))
#define emu_likely(x)   __builtin_expect(!!(x), 1)
#define emu_unlikely(x) __builtin_expect(!!(x), 0)

/*
 * Asks for a line; any number will do for an address. In so many words: GCC takes a function that
 * does nothing but __builtin_prefetch() for one without effect, and drops the calls.
 */
static inline void
emu_prefetch_at(uint64_t addr)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetcht0 (%0)" : : "r"(addr));
#elif defined(__aarch64__)
	__asm__ volatile("prfm pldl1keep, [%0]" : : "r"(addr));
#else
	(void)addr;
#endif
}

static inline void
emu_prefetch(const void *p)
{
	emu_prefetch_at((uintptr_t)p);
}

/* The same for a line that will be written. */
static inline void
emu_prefetch_write(const void *p)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw (%0)" : : "r"(p));
#elif defined(__aarch64__)
	__asm__ volatile("prfm pstl1keep, [%0]" : : "r"(p));
#else
	(void)p;
#endif
}

struct emu_device;
struct emu_queue;
struct emu_thread;
struct emu_faults;

/* One submission entry to be worked on. The model reads *sqe and writes the result into it. */
struct emu_job {
	void *sqe;              /* slot in the SQ: client memory */
	struct emu_queue *q;    /* q->qc_type is the direction of a ZIP queue */
};

/* Memory that a descriptor points to. */
struct emu_span {
	uint64_t addr;
	uint64_t off, len;      /* [off, off + len) from there on, or of the list there */
	bool list;
	bool output;            /* the device writes there, and nobody else */
};

#define EMU_MAX_SPANS   8

/*
 * A model knows one device family's descriptors. All calls but run() are control path.
 */
struct emu_model {
	const char *kind;       /* "sec2", "zip": what the client asks for */
	const char *name;       /* class directory prefix, "hisi_sec2" */
	const char *engines[4]; /* names for the option engine=, best first, NULL at the end */
	uint32_t sqe_size;
	uint16_t max_qc_type;
	uint16_t batch;         /* jobs per run() at most, 1..EMU_BATCH; 1 where one job takes long */

	/* Is the engine usable on this processor? Chooses the default and checks the option. */
	bool (*engine_usable)(const char *engine);
	/* Lines of the algorithms attribute, each ended by a newline. dev->hw and dev->engine are set. */
	void (*algorithms)(const struct emu_device *dev, char *buf, size_t size);
	/* Per engine thread: a model context with its scratch memory and engine state. 0 or -errno. */
	int (*thread_init)(struct emu_device *dev, void **ctx);
	void (*thread_fini)(void *ctx);
	/*
	 * Works on n jobs, of any queues of the thread, and writes every result into its SQE; the
	 * caller then posts the completions in order. Never fails as a whole and never blocks.
	 */
	void (*run)(void *ctx, struct emu_job *jobs, unsigned int n);
	/* Of jobs that are done: bytes that went in, and how many of them failed. For figures only. */
	void (*account)(const struct emu_device *dev, const struct emu_job *jobs, unsigned int n,
			uint64_t *bytes, uint64_t *errors);
	/*
	 * Memory that clients shared is gone, and somebody else's may come to the same place: forget
	 * what was kept by its address. No job uses it any more. NULL: nothing is kept.
	 */
	void (*forget)(struct emu_device *dev, const void *from, size_t len);
	/*
	 * What the model will ask for when it works on the descriptor; at most EMU_MAX_SPANS, returns
	 * how many. For those to whom it is cheaper to have it together: a model may ask for more.
	 */
	unsigned int (*spans)(const struct emu_device *dev, const void *sqe, struct emu_span *spans);
	/* Fault injection: the result of a failed job with that hardware status. */
	void (*fail)(void *sqe, uint8_t status);
	uint8_t addr_error;     /* that status for an address out of reach */
};

extern const struct emu_model emu_model_sec2;
extern const struct emu_model emu_model_zip;

/*
 * Between the engine and whoever waits for completions, maybe in another process: waiters counts
 * those that sleep, or are about to, on the futex seq. The engine only ever reads waiters.
 */
struct emu_wait {
	_Atomic uint32_t seq EMU_ALIGNED; /* completions so far, never written by a client */
	_Atomic uint32_t waiters EMU_ALIGNED;
};

enum emu_queue_state {
	EMU_Q_INIT,             /* open, not started */
	EMU_Q_STARTED,
	EMU_Q_DEAD,             /* stopped by an error, a reset or removal; only close is left */
};

/*
 * A queue. The rings as the engine sees them (free-running indexes, masked at use is not
 * possible: the depth need not be a power of two, so they are kept modulo the depth):
 *
 *	sq:   ... done ... | head ... tail | free ...       head: next to run, tail: last doorbell
 *	cq:   ... written ... | cq_tail ...                  phase: of the entry written next
 *
 * Between start and stop only its engine thread touches what is below "engine".
 */
struct emu_queue {
	/* engine */
	uint8_t *sq EMU_ALIGNED;
	struct hisi_qm_cqe *cq;
	volatile uint64_t *db;          /* doorbell slots, one per command */
	uint64_t db_last;               /* the SQ slot's value that was acted upon */
	uint32_t sqe_size;
	uint16_t depth;
	uint16_t head, tail;
	uint16_t asked;                 /* entries from head on that were prefetched */
	uint16_t cq_tail;
	uint16_t phase;
	uint16_t id;
	uint16_t qc_type;
	struct emu_recover *recover;    /* SQ and CQ commands may hit one register; else NULL */
	unsigned int recovered;         /* entries before tail that no doorbell has announced yet */
	int32_t forced_index;           /* fault injection: the next completion's index, -1 = right */
	uint64_t ops;                   /* of the whole life */

	_Atomic(const struct emu_mem *) mem;
	struct emu_wait *wait;          /* in the page behind the MMIO region */
	uint32_t wait_cursor;           /* of qm_wait() */
	int event_fd;                   /* written for waiters, or -1: see qm_event_fd() */
	_Atomic bool armed;             /* dev->front: a doorbell will be told */

	/* control, under dev->lock */
	struct emu_device *dev EMU_ALIGNED;
	struct emu_thread *thread;
	enum emu_queue_state state;
	int mmio_fd, dus_fd;            /* -1: the front end's */
	uint8_t *mmio, *dus;            /* the emulator's mappings */
	void *front_arg;                /* dev->front's own */
	bool mapped[WD_REGION_MAX];     /* by the client */
};

/* Of a foreign device, for those who watch it; written by the engine thread alone. */
struct emu_counters {
	_Atomic uint64_t ops, bytes, errors;
};

/* Of front ends whose clients neither see a completion nor tell a doorbell by memory alone. */
struct emu_front_ops {
	/* Engine thread: completions of the queue, or its end (q->state), for those who wait. */
	void (*wake)(struct emu_queue *q);
	/*
	 * Before the engine thread sleeps: from now on a doorbell is told by emu_thread_wake(). Sets
	 * q->armed, which whoever tells it clears.
	 */
	void (*arm)(struct emu_queue *q);
	/*
	 * Engine thread, instead of the model's run(), which it calls: where the clients' memory is
	 * not mapped. NULL otherwise.
	 */
	void (*run)(struct emu_thread *th, struct emu_job *jobs, unsigned int n);
	void (*thread_fini)(struct emu_thread *th);
};

/*
 * One engine thread; or the engine of one queue, without a thread, which emu_thread_run() drives.
 * *dozing is the word of struct wd_doze.
 */
struct emu_thread {
	_Atomic uint32_t own_dozing EMU_ALIGNED;
	_Atomic uint32_t *dozing;               /* own_dozing, or in the page dev->doze_fd */
	uint32_t dozes;                         /* so far; the engine thread's own */
	_Atomic uint32_t ctrl_req EMU_ALIGNED;  /* bumped to make the thread look at its queues */
	_Atomic uint32_t ctrl_ack;
	_Atomic bool quit;
	struct emu_device *dev;
	pthread_t tid;
	void *ctx;                      /* of the model */
	struct emu_queue **active;      /* started queues of this thread, own copy */
	unsigned int nb_active;
	unsigned int next;              /* round robin */
	int kernel_tid;
	bool high;                      /* has the high priority that it asked for */
	_Atomic uint64_t stalled_until; /* fault injection: ns, 0 = not stalled */
	struct emu_counters counters;
	void *front_ctx;                /* dev->front's own */
};

struct emu_device {
	const struct emu_model *model;
	struct emu_mem mem;
	char name[64];
	unsigned int hw;                /* 2, 3, 5 */
	const char *engine;
	unsigned int max_queues;
	unsigned int depth;
	unsigned int nb_threads;
	uint32_t spin_ns;               /* until an idle thread sleeps; 0: as it pays */
	bool in_poller;                 /* threads=0: a context per queue, run by whoever polls it */
	char cpus[256];                 /* affinity list, "" = all */
	bool db_slots;
	uint32_t mode;                  /* one of WD_DEV_SVA, IOMMU, NOIOMMU, SHARE_DOMAIN */
	bool node;                      /* clients come by way of the kernel: see enum emu_clients */
	size_t ss_size;                 /* most that such a client may reserve */
	int numa_node;
	bool foreign;                   /* clients are other processes */
	const struct emu_front_ops *front; /* NULL: clients look for themselves */
	int doze_fd;                    /* foreign: a page that clients may read; else -1 */
	_Atomic uint32_t *doze_page;
	bool membarrier;                /* the kernel offers the expedited barrier */
	struct emu_faults *faults;

	pthread_mutex_t lock;
	struct emu_queue **queues;      /* max_queues slots */
	unsigned int nb_queues;
	bool lost;
	struct emu_thread *threads;
};

/* Who the clients of a device are. */
enum emu_clients {
	EMU_OWN_PROCESS,        /* always SVA */
	EMU_SOCKET,             /* other processes, without SVA */
	EMU_NODE,               /* other processes by way of the kernel, in any mode */
};

/* device.c: options as documented in doc/emulator.rst; err gets one line. 0 or -errno. */
int emu_device_open(const char *kind, const char *options, enum emu_clients clients,
		    struct emu_device **dev, char *err, size_t err_size);
void emu_device_close(struct emu_device *dev);
int emu_device_info(struct emu_device *dev, struct wd_dev_info *info);

/* qm.c: control path, takes dev->lock. 0 or -errno as the kernel's qm.c has it. */
int qm_queue_open(struct emu_device *dev, struct emu_queue **q);
/* The same with regions that are the caller's, and stay it: until qm_queue_close(). */
int qm_queue_open_at(struct emu_device *dev, void *mmio, void *dus, void *front_arg,
		     struct emu_queue **q);
void qm_queue_close(struct emu_queue *q);
int qm_ioctl(struct emu_queue *q, unsigned long cmd, void *arg);
int qm_start(struct emu_queue *q);
int qm_stop(struct emu_queue *q);
int qm_wait(struct emu_queue *q, int ms);
size_t qm_region_size(const struct emu_device *dev, unsigned int region);
/* Where struct emu_wait is in the file of the MMIO region. */
size_t qm_wait_offset(const struct emu_device *dev);
/*
 * An eventfd that gets a write for completions while wait->waiters is not 0; the queue's own, made
 * at the first call. Like a driver's interrupt it says: look whether there is news. Or -errno.
 */
int qm_event_fd(struct emu_queue *q);
/* News since the last call, as qm_wait() with a time out of 0. */
bool qm_news(struct emu_queue *q);
/* What the device of the queue sees from now on. The old one is unused when this returns. */
void qm_set_mem(struct emu_queue *q, const struct emu_mem *mem);

/* A job's memory. The answer is good until the job's model returns from run(). */
static inline const struct emu_mem *
emu_queue_mem(const struct emu_queue *q)
{
	return atomic_load_explicit(&q->mem, memory_order_acquire);
}

static inline void
emu_prefetch_sqe(uint8_t *sqe)
{
	emu_prefetch(sqe);
	/* The result goes into the second line: ask for it to be ours. */
	emu_prefetch_write(sqe + 64);
}

/* The i-th entry behind those that were collected, whatever is there. */
static inline uint8_t *
emu_sqe_behind(const struct emu_queue *q, unsigned int i)
{
	unsigned int slot = q->head + i;

	return q->sq + (size_t)(slot < q->depth ? slot : slot - q->depth) * q->sqe_size;
}

/*
 * Asks for the entries that are ahead, at most EMU_AHEAD, behind jobs i to i + nb - 1: of the batch,
 * or of the next one as far as it is announced.
 */
static inline void
emu_prefetch_ahead(const struct emu_job *jobs, unsigned int n, unsigned int i, unsigned int nb,
	unsigned int ahead)
{
	struct emu_queue *q = jobs[i].q;
	unsigned int slot;

	for (i += ahead; i < n && nb > 0; i++, nb--)
		emu_prefetch_sqe(jobs[i].sqe);
	slot = q->head + q->asked;
	for (; nb > 0 && q->asked < ahead; nb--, q->asked++) {
		if (slot >= q->depth)
			slot -= q->depth;
		if (slot == q->tail)
			return;
		emu_prefetch_sqe(q->sq + (size_t)slot++ * q->sqe_size);
	}
}

/* The i-th entry behind those that were collected, if it was asked for above; else NULL. */
static inline const void *
emu_next_sqe(const struct emu_queue *q, unsigned int i)
{
	return i < q->asked ? emu_sqe_behind(q, i) : NULL;
}

/* qm.c: data path, engine thread only. */
unsigned int qm_collect(struct emu_thread *th, struct emu_job *jobs, unsigned int max);
void qm_complete(struct emu_job *jobs, unsigned int n);
/* Undoes qm_collect() for the last n jobs of what it returned, and that for the first of them. */
void qm_put_back(struct emu_job *jobs, unsigned int n);
void qm_take_again(struct emu_job *job);
/* Is there a doorbell that qm_collect() has not acted upon? */
bool qm_pending(const struct emu_thread *th);
/* Is there what may be a submission without a doorbell? */
bool qm_suspects(const struct emu_thread *th);
/* Stops the queue as the kernel does on an error: TX word, then RX word; wakes waiters. */
void qm_queue_kill(struct emu_queue *q);
/* The device is gone: its engine threads kill their queues, no queue opens any more. */
void qm_device_lose(struct emu_device *dev);

/* recover.c: engine thread, for queues with q->recover. */
struct emu_recover;
int emu_recover_init(struct emu_queue *q);              /* 0: out of memory */
void emu_recover_start(struct emu_queue *q);
void emu_recover_done(struct emu_queue *q, const void *sqe);    /* sqe was written back */
/* Moves the tail over hidden submissions; false when there are none, or not yet. */
bool emu_recover(struct emu_queue *q);
bool emu_recover_suspects(const struct emu_queue *q);
/* Is this tail, which a doorbell announces, among what was recovered? */
bool emu_recover_old_news(struct emu_queue *q, unsigned int index);

/* thread.c */
int emu_thread_start(struct emu_thread *th);
/* Of a device without threads, before a queue of th starts. Again is no mistake. */
int emu_thread_prepare(struct emu_thread *th);
void emu_thread_stop(struct emu_thread *th);
/* Returns when the thread has seen the present set of started queues, and works on none else. */
void emu_thread_sync(struct emu_thread *th);
void emu_thread_wake(void *thread);
/* Of a device without threads: works on at most one batch, in the thread of the queue's client. */
void emu_thread_run(void *thread);
/* Has the model work on the jobs; what is left is to complete them. */
static inline void
emu_thread_work(struct emu_thread *th, struct emu_job *jobs, unsigned int n)
{
	if (emu_unlikely(th->dev->front != NULL && th->dev->front->run != NULL))
		th->dev->front->run(th, jobs, n);
	else
		th->dev->model->run(th->ctx, jobs, n);
}
void emu_thread_account(struct emu_thread *th, const struct emu_job *jobs, unsigned int n);
uint64_t emu_now_ns(void);
/* All memory accesses of the clients' threads before or after this: see thread.c. */
void emu_heavy_barrier(const struct emu_device *dev);

#endif
