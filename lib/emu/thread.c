/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine thread. It spins while there is work and for a little longer, then dozes:
 *
 *	engine                                  submitter
 *	dozing = number of this doze            store doorbell
 *	membarrier (all threads of clients)     load dozing: not 0 -> wake()
 *	look at the doorbells once more
 *	futex wait on dozing, with a time out
 *
 * Either the submitter's load comes after the barrier and sees it, or its doorbell store came
 * before and is seen by the last look; so the submitter needs no barrier of its own. Clients that
 * do not wake are served at the time out, which grows while nothing happens.
 *
 * Clients in other processes register for the global barrier, and may only read the word: by its
 * number they know a doze that they have ended already, though the thread did not run since. For those
 * that come by way of the kernel, arm() of the front end is the barrier, and the doorbell itself
 * the wake-up.
 *
 * A device without threads has the same engine for each queue, which whoever polls the queue drives.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "emu_private.h"
#include "fault.h"
#include "options.h"

#define HIGH_PRIORITY   (-20)
#define SLICE_NS        100000
#define SPIN_MAX_NS     20000           /* idle time before the first doze */
#define SPIN_MIN_NS     1000
#define SPIN_CROWD_NS   5000            /* when others want the CPU: a gap between two bursts */
#define SPIN_EARNED     8               /* may spin an eighth of the time that it worked */
#define SPIN_CREDIT_NS  500000          /* so much of it at most */
#define SPIN_PROBE      32              /* one idle period in so many spins for the longest time */
#define GAP_NS          200000          /* between two looks at the clock: somebody else ran */
#define ALONE_NS        100000000       /* how often to ask whether somebody else wants the CPU */
#define CROWD_MIN_NS    1000000000      /* how long to believe that somebody does */
#define CROWD_MAX_NS    16000000000
#define DOZE_MIN_NS     200000
#define DOZE_MAX_NS     1000000000      /* clients wake; this is for those that do not */
#define DOZE_EMPTY_NS   60000000000     /* without a queue there is nothing to look at */
#define DOZE_BLIND_NS   20000
#define DOZE_ALERT_NS   8000000         /* the longest where nobody wakes */
#define DOZE_SUSPECT_NS 100000
#define DOZE_UNSAFE_NS  50000           /* without membarrier a doorbell may go unnoticed so long */

uint64_t
emu_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline void
cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

void
emu_heavy_barrier(const struct emu_device *dev)
{
	if (dev->membarrier)
		syscall(SYS_membarrier, dev->foreign ? MEMBARRIER_CMD_GLOBAL_EXPEDITED :
			MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static void
set_cpu(int cpu, void *set)
{
	CPU_SET(cpu, (cpu_set_t *)set);
}

/* First version of the kernel's struct sched_attr, whose header and libc's exclude each other. */
struct attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/*
 * Whoever runs when the thread wakes keeps the CPU to the end of its time slice, unless that of the
 * thread is shorter. Kernels before 6.12 have one length for all, and ignore this.
 */
static void
set_slice(const struct emu_thread *th)
{
	struct attr attr = { .size = sizeof(attr), .policy = SCHED_OTHER, .runtime = SLICE_NS };

	attr.nice = th->high ? HIGH_PRIORITY : getpriority(PRIO_PROCESS, 0);
	syscall(SYS_sched_setattr, 0, &attr, 0);
}

/*
 * The thread inherits the affinity of whoever opened the device, often a DPDK lcore that is
 * pinned and spins. Asking for everything gets all CPUs of the process's cgroup.
 */
static void
set_scheduling(struct emu_thread *th)
{
	const struct emu_device *dev = th->dev;
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	if (dev->cpus[0] != '\0')
		emu_cpu_list(dev->cpus, set_cpu, &set);
	else
		for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
			CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	th->kernel_tid = (int)syscall(SYS_gettid);
	th->high = setpriority(PRIO_PROCESS, (id_t)th->kernel_tid, HIGH_PRIORITY) == 0;
	set_slice(th);
}

/* Takes over the set of started queues. */
static void
reload(struct emu_thread *th)
{
	struct emu_device *dev = th->dev;
	uint32_t req = atomic_load(&th->ctrl_req);
	unsigned int i;
	bool lost;

	pthread_mutex_lock(&dev->lock);
	th->nb_active = 0;
	for (i = 0; i < dev->max_queues; i++) {
		struct emu_queue *q = dev->queues[i];

		if (q != NULL && q->thread == th && q->state == EMU_Q_STARTED)
			th->active[th->nb_active++] = q;
	}
	th->next = 0;
	lost = dev->lost;
	pthread_mutex_unlock(&dev->lock);
	while (lost && th->nb_active > 0)
		qm_queue_kill(th->active[0]);
	atomic_store(&th->ctrl_ack, req);
}

static bool
has_work(struct emu_thread *th)
{
	return atomic_load_explicit(&th->ctrl_req, memory_order_relaxed) !=
		atomic_load_explicit(&th->ctrl_ack, memory_order_relaxed) ||
		atomic_load_explicit(&th->quit, memory_order_relaxed) ||
		(th->stalled_until == 0 && qm_pending(th));
}

static int
futex_op(const struct emu_thread *th, int op)
{
	return th->dev->foreign ? op : op | FUTEX_PRIVATE_FLAG;
}

static void
arm_queues(struct emu_thread *th)
{
	unsigned int i;

	for (i = 0; i < th->nb_active; i++)
		if (!atomic_load(&th->active[i]->armed))
			th->dev->front->arm(th->active[i]);
}

static void
doze(struct emu_thread *th, uint64_t ns)
{
	const uint32_t number = th->dozes++ | 1u << 31;
	struct timespec ts;

	atomic_store(th->dozing, number);
	if (th->dev->front != NULL)
		arm_queues(th);
	else
		emu_heavy_barrier(th->dev);
	if (!th->dev->membarrier && ns > DOZE_UNSAFE_NS)
		ns = DOZE_UNSAFE_NS;
	/* Not for long when there is something to look at again. */
	if (qm_suspects(th) && ns > DOZE_SUSPECT_NS)
		ns = DOZE_SUSPECT_NS;
	if (!has_work(th)) {
		ts.tv_sec = (time_t)(ns / 1000000000u);
		ts.tv_nsec = (long)(ns % 1000000000u);
		syscall(SYS_futex, th->dozing, futex_op(th, FUTEX_WAIT), number, &ts, NULL, 0);
	}
	atomic_store(th->dozing, 0);
}

void
emu_thread_wake(void *thread)
{
	struct emu_thread *th = thread;

	/* Whoever turns it off wakes: a burst of doorbells costs one system call. */
	if (atomic_exchange(th->dozing, 0) != 0)
		syscall(SYS_futex, th->dozing, futex_op(th, FUTEX_WAKE), 1, NULL, NULL, 0);
}

/*
 * How long to spin. It pays while work comes soon, from a client that runs on another CPU. A client
 * on this CPU cannot submit while the engine spins, so a spin that ended in a doze makes the next
 * ones shorter; now and then a long one tries whether that is still so.
 *
 * Nor may a spin at high priority take the CPU from another thread that wants it, an lcore perhaps.
 * Whether there is one is asked now and then, by giving up the CPU at normal priority.
 *
 * Who gets the CPU by a doze keeps it for a time slice, however soon a doorbell comes. So a thread
 * that has worked much spins longer, by a part of that time: an interrupted client comes back.
 */
struct idle {
	uint64_t since;         /* ns, 0 = there is work */
	uint64_t last;          /* look at the clock, in this period */
	uint64_t doze_ns;       /* the next one; grows while nothing happens */
	uint64_t crowd_until;   /* others want this CPU */
	uint64_t crowd_ns;      /* the next time to believe so */
	uint64_t ask_at;
	uint64_t worked_from;   /* the end of the period before, about; 0 = none */
	uint64_t credit;        /* ns that may be spun beyond the usual */
	uint32_t spin_ns;
	uint32_t periods;
	bool dozed;             /* in this period */
};

static void
idle_end(struct idle *idle)
{
	uint64_t spun = idle->last - idle->since;

	if (idle->since == 0)
		return;
	idle->since = 0;
	idle->worked_from = idle->dozed ? emu_now_ns() : idle->last;
	if (idle->dozed) {
		idle->spin_ns = idle->spin_ns / 2 > SPIN_MIN_NS ? idle->spin_ns / 2 : SPIN_MIN_NS;
		idle->credit = 0;
	} else {
		idle->spin_ns = SPIN_MAX_NS + SPIN_CREDIT_NS;
		idle->credit -= spun < idle->credit ? spun : idle->credit;
	}
}

/* Does another thread run when this one yields as one among equals? */
static bool
others_wait(const struct emu_thread *th)
{
	uint64_t start;

	if (th->high)
		setpriority(PRIO_PROCESS, (id_t)th->kernel_tid, 0);
	start = emu_now_ns();
	sched_yield();
	start = emu_now_ns() - start;
	if (th->high)
		setpriority(PRIO_PROCESS, (id_t)th->kernel_tid, HIGH_PRIORITY);
	return start > GAP_NS;
}

static void
idle_look_around(struct emu_thread *th, struct idle *idle, uint64_t now)
{
	bool crowd = idle->last != 0 && now - idle->last > GAP_NS;

	if (!crowd && now >= idle->ask_at) {
		crowd = others_wait(th);
		now = emu_now_ns();
		idle->ask_at = now + ALONE_NS;
		if (!crowd)
			idle->crowd_ns = CROWD_MIN_NS;
	}
	idle->last = now;
	if (!crowd)
		return;
	idle->crowd_until = idle->ask_at = now + idle->crowd_ns;
	if (idle->crowd_ns < CROWD_MAX_NS)
		idle->crowd_ns *= 2;
}

/*
 * A client that knows the hardware only wakes nobody (its doorbell is the shared one): then the
 * next look comes after a fraction of the time in which nothing happened.
 */
static uint64_t
doze_time(const struct emu_thread *th, struct idle *idle, uint64_t now)
{
	uint64_t ns = idle->doze_ns;

	if (th->nb_active == 0)
		return DOZE_EMPTY_NS;
	if (!th->dev->db_slots) {
		ns = (now - idle->since) / 4;
		return ns < DOZE_BLIND_NS ? DOZE_BLIND_NS : ns < DOZE_ALERT_NS ? ns : DOZE_ALERT_NS;
	}
	idle->doze_ns = ns * 2 < DOZE_MAX_NS ? ns * 2 : DOZE_MAX_NS;
	return th->stalled_until != 0 && ns > DOZE_ALERT_NS ? DOZE_ALERT_NS : ns;
}

static void
idle_step(struct emu_thread *th, struct idle *idle)
{
	uint64_t now = emu_now_ns(), usual = SPIN_MAX_NS, spin = idle->spin_ns;

	if (idle->since == 0) {
		if (idle->worked_from != 0)
			idle->credit += (now - idle->worked_from) / SPIN_EARNED;
		if (idle->credit > SPIN_CREDIT_NS)
			idle->credit = SPIN_CREDIT_NS;
		idle->since = now;
		idle->last = 0;
		idle->doze_ns = DOZE_MIN_NS;
		idle->dozed = false;
		if (idle->periods++ % SPIN_PROBE == 0 && spin < SPIN_MAX_NS)
			spin = idle->spin_ns = SPIN_MAX_NS;
	}
	if (th->dev->spin_ns != 0) {
		spin = th->dev->spin_ns;
	} else {
		if (!idle->dozed)
			idle_look_around(th, idle, now);
		if (now < idle->crowd_until)
			usual = SPIN_CROWD_NS;
		if (spin > usual + idle->credit)
			spin = usual + idle->credit;
	}
	if (now - idle->since > spin) {
		idle->dozed = true;
		doze(th, doze_time(th, idle, now));
	}
	cpu_relax();
}

/* One writer: no read-modify-write. */
static void
add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

void
emu_thread_account(struct emu_thread *th, const struct emu_job *jobs, unsigned int n)
{
	uint64_t bytes = 0, errors = 0;

	th->dev->model->account(th->dev, jobs, n, &bytes, &errors);
	add(&th->counters.ops, n);
	add(&th->counters.bytes, bytes);
	add(&th->counters.errors, errors);
}

/* Jobs to work on now. */
static unsigned int
take(struct emu_thread *th, struct emu_job *jobs)
{
	unsigned int n;

	if (emu_unlikely(th->stalled_until != 0)) {
		if (emu_now_ns() < th->stalled_until)
			return 0;
		th->stalled_until = 0;
	}
	n = qm_collect(th, jobs, th->dev->model->batch);
	if (emu_unlikely(th->dev->faults != NULL) && n > 0)
		n = emu_fault_take(th, jobs, n);
	return n;
}

static void
thread_release(struct emu_thread *th)
{
	if (th->ctx != NULL)
		th->dev->model->thread_fini(th->ctx);
	if (th->front_ctx != NULL)
		th->dev->front->thread_fini(th);
	free(th->active);
	th->ctx = NULL;
	th->active = NULL;
}

/* Works on a batch; false when there is nothing to do. */
static inline bool
work(struct emu_thread *th, struct emu_job *jobs)
{
	unsigned int n;

	if (atomic_load_explicit(&th->ctrl_req, memory_order_acquire) !=
			atomic_load_explicit(&th->ctrl_ack, memory_order_relaxed))
		reload(th);
	n = take(th, jobs);
	if (n == 0)
		return false;
	emu_thread_work(th, jobs, n);
	if (th->dev->foreign)
		emu_thread_account(th, jobs, n);
	qm_complete(jobs, n);
	return true;
}

void
emu_thread_run(void *thread)
{
	struct emu_job jobs[EMU_BATCH];

	work(thread, jobs);
}

static void *
thread_main(void *arg)
{
	struct emu_thread *th = arg;
	struct emu_job jobs[EMU_BATCH];
	struct idle idle = { .spin_ns = SPIN_MAX_NS, .crowd_ns = CROWD_MIN_NS };

	set_scheduling(th);
	/* Time outs matter where nobody wakes: not 50 us late. */
	if (!th->dev->db_slots)
		prctl(PR_SET_TIMERSLACK, 1000ul);
	while (!atomic_load_explicit(&th->quit, memory_order_relaxed)) {
		if (work(th, jobs))
			idle_end(&idle);
		else
			idle_step(th, &idle);
	}
	return NULL;
}

int
emu_thread_prepare(struct emu_thread *th)
{
	struct emu_device *dev = th->dev;
	int ret;

	if (th->ctx != NULL)
		return 0;
	dev->membarrier = syscall(SYS_membarrier, dev->foreign ?
		MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED :
		MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
	th->active = calloc(dev->max_queues, sizeof(th->active[0]));
	if (th->active == NULL)
		return -ENOMEM;
	ret = dev->model->thread_init(dev, &th->ctx);
	if (ret != 0)
		thread_release(th);
	return ret;
}

int
emu_thread_start(struct emu_thread *th)
{
	sigset_t all, old;
	int ret;

	ret = emu_thread_prepare(th);
	if (ret != 0)
		return ret;
	/* Signals of the application are the application's threads' business. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&th->tid, NULL, thread_main, th);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret != 0)
		thread_release(th);
	else
		pthread_setname_np(th->tid, "uacce-emu");
	return ret;
}

void
emu_thread_stop(struct emu_thread *th)
{
	if (!th->dev->in_poller) {
		atomic_store(&th->quit, true);
		emu_thread_wake(th);
		pthread_join(th->tid, NULL);
	}
	thread_release(th);
}

void
emu_thread_sync(struct emu_thread *th)
{
	uint32_t req = atomic_fetch_add(&th->ctrl_req, 1) + 1;
	const struct timespec ts = { .tv_nsec = 20000 };

	/* The caller is the only thread that uses the queue. */
	if (th->dev->in_poller) {
		reload(th);
		return;
	}
	emu_thread_wake(th);
	while ((int32_t)(atomic_load(&th->ctrl_ack) - req) < 0) {
		nanosleep(&ts, NULL);
		emu_thread_wake(th);
	}
}
