/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Submissions that nobody announced. Hardware has one doorbell register for both commands; here it
 * is memory, so that a CQ command may hide an SQ command that the engine has not seen yet. The
 * entries are in the ring though: they differ from what the engine left there.
 *
 * What differs may also be an entry that is being written. So a suspect is taken down, and taken
 * for whole when it is still the same after every thread of the client has either run for longer
 * than it takes to write an entry, or sleeps in the kernel. A thread that was preempted in the
 * middle of an entry does neither, however long it waits for its CPU.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "emu_private.h"

#define RAN_NS          1000000         /* CPU time: above any fault or interrupt in between */
#define LOOK_NS         50000         /* how often threads are looked at */
#define FOREIGN_NS      50000000        /* threads of another process cannot be looked at */
#define MAX_SPAN        64
#define MAX_THREADS     512

struct emu_recover {
	uint64_t since, looked;         /* ns; since 0 = nothing suspected */
	unsigned int span;              /* entries from q->tail on */
	unsigned int nb_threads;
	bool too_many;
	struct {
		pid_t tid;
		uint64_t cpu;           /* ns that it had run; UINT64_MAX = of no more interest */
	} threads[MAX_THREADS];
	uint8_t seen[MAX_SPAN * HISI_QM_SQE_SIZE];      /* the suspects */
	uint8_t shadow[];               /* the SQ as last written back */
};

int
emu_recover_init(struct emu_queue *q)
{
	q->recover = calloc(1, sizeof(*q->recover) + (size_t)q->depth * q->sqe_size);
	return q->recover != NULL;
}

void
emu_recover_start(struct emu_queue *q)
{
	q->recovered = 0;
	q->recover->since = 0;
	memcpy(q->recover->shadow, q->sq, (size_t)q->depth * q->sqe_size);
}

void
emu_recover_done(struct emu_queue *q, const void *sqe)
{
	memcpy(q->recover->shadow + ((const uint8_t *)sqe - q->sq), sqe, q->sqe_size);
}

bool
emu_recover_suspects(const struct emu_queue *q)
{
	return q->recover->since != 0;
}

/* False: the thread is gone. */
static bool
thread_cpu(pid_t tid, uint64_t *ns)
{
	/* The clock that pthread_getcpuclockid() makes of a thread. */
	const clockid_t clock = (clockid_t)(~(unsigned int)tid << 3 | 6);
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return false;
	*ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return true;
}

static void
list_threads(struct emu_recover *r)
{
	struct dirent *e;
	uint64_t ns;
	pid_t tid;
	DIR *d;

	r->nb_threads = 0;
	r->too_many = false;
	d = opendir("/proc/self/task");
	if (d == NULL) {
		r->too_many = true;
		return;
	}
	while ((e = readdir(d)) != NULL) {
		tid = (pid_t)strtol(e->d_name, NULL, 10);
		if (tid <= 0 || !thread_cpu(tid, &ns))
			continue;
		if (r->nb_threads == MAX_THREADS) {
			r->too_many = true;
			break;
		}
		r->threads[r->nb_threads].tid = tid;
		r->threads[r->nb_threads++].cpu = ns;
	}
	closedir(d);
}

static bool
sleeps(pid_t tid)
{
	char path[64], text[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return true;
	text[n] = '\0';
	p = strrchr(text, ')');
	return p != NULL && p[1] == ' ' && strchr("SZX", p[2]) != NULL;
}

/* Has each thread left behind whatever it was writing when the suspect was taken down? */
static bool
threads_went_on(struct emu_recover *r)
{
	bool all = true;
	unsigned int i;
	uint64_t ns;

	for (i = 0; i < r->nb_threads; i++) {
		if (r->threads[i].cpu == UINT64_MAX)
			continue;
		if (!thread_cpu(r->threads[i].tid, &ns) || ns - r->threads[i].cpu >= RAN_NS ||
				sleeps(r->threads[i].tid))
			r->threads[i].cpu = UINT64_MAX;
		else
			all = false;
	}
	return all;
}

/* Takes down the entries at the tail that the engine did not write. False: there are none. */
static bool
suspect(struct emu_queue *q)
{
	struct emu_recover *r = q->recover;
	unsigned int slot = q->tail;

	r->since = 0;
	for (r->span = 0; r->span < MAX_SPAN && r->span < q->depth - 1u; r->span++) {
		size_t off = (size_t)slot * q->sqe_size;

		if (memcmp(r->shadow + off, q->sq + off, q->sqe_size) == 0)
			break;
		memcpy(r->seen + (size_t)r->span * q->sqe_size, q->sq + off, q->sqe_size);
		if (++slot == q->depth)
			slot = 0;
	}
	if (r->span == 0)
		return false;
	if (!q->dev->foreign)
		list_threads(r);
	r->since = r->looked = emu_now_ns();
	return true;
}

static bool
unchanged(const struct emu_queue *q)
{
	unsigned int i, slot = q->tail;

	for (i = 0; i < q->recover->span; i++) {
		if (memcmp(q->recover->seen + (size_t)i * q->sqe_size,
				q->sq + (size_t)slot * q->sqe_size, q->sqe_size) != 0)
			return false;
		if (++slot == q->depth)
			slot = 0;
	}
	return true;
}

bool
emu_recover(struct emu_queue *q)
{
	struct emu_recover *r = q->recover;
	uint64_t now;

	/* Only a CQ command hides another one. */
	if (HW_GET(HISI_QM_DB_CMD, q->db_last) != HISI_QM_DB_CMD_CQ)
		return false;
	if (r->since == 0) {
		suspect(q);
		return false;
	}
	if (!unchanged(q)) {
		suspect(q);
		return false;
	}
	now = emu_now_ns();
	if (now - r->looked < LOOK_NS)
		return false;
	r->looked = now;
	if (q->dev->foreign || r->too_many ? now - r->since < FOREIGN_NS : !threads_went_on(r))
		return false;
	/* They went on: did one of them go on writing? */
	if (!unchanged(q)) {
		suspect(q);
		return false;
	}
	r->since = 0;
	q->tail = (uint16_t)((q->tail + r->span) % q->depth);
	/* An announcement of more than half a ring ago would pass for a new one: forget those. */
	q->recovered += r->span;
	if (q->recovered > q->depth / 2u)
		q->recovered = q->depth / 2u;
	return true;
}

bool
emu_recover_old_news(struct emu_queue *q, unsigned int index)
{
	unsigned int behind = (q->tail + q->depth - index) % q->depth;

	q->recover->since = 0;
	if (behind != 0 && behind <= q->recovered) {
		q->recovered = behind;
		return true;
	}
	q->recovered = 0;
	return false;
}
