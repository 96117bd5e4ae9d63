/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

#define MAX_FAULTS      16

enum fault_kind {
	FAULT_FAIL,             /* arg: hardware status */
	FAULT_INDEX,            /* arg: what the completion says */
	FAULT_STALL,            /* arg: ms */
	FAULT_RESET,
	FAULT_UNPLUG,
};

struct fault {
	enum fault_kind kind;
	bool every;
	bool done;
	uint64_t n;
	uint32_t arg;
};

struct emu_faults {
	pthread_mutex_t lock;
	uint64_t count;         /* jobs taken */
	unsigned int nb;
	struct fault list[MAX_FAULTS];
};

static const struct {
	const char *name;
	enum fault_kind kind;
	bool has_arg;
	uint32_t max;
} kinds[] = {
	{ "fail:", FAULT_FAIL, true, UINT8_MAX },
	{ "index:", FAULT_INDEX, true, UINT16_MAX },
	{ "stall:", FAULT_STALL, true, UINT32_MAX },
	{ "reset:", FAULT_RESET, false, 0 },
	{ "unplug:", FAULT_UNPLUG, false, 0 },
};

/* A decimal number up to max at *p, which moves behind it. */
static bool
take_number(const char **p, uint64_t max, uint64_t *n)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*n = strtoull(*p, &end, 10);
	*p = end;
	return errno == 0 && *n <= max;
}

static int
parse(const char *text, struct fault *f)
{
	uint64_t arg = 0;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(text, kinds[i].name, strlen(kinds[i].name)) == 0)
			break;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return -EINVAL;
	text += strlen(kinds[i].name);
	f->kind = kinds[i].kind;
	f->every = *text == '%';
	text += f->every;
	if (!take_number(&text, UINT32_MAX, &f->n) || f->n == 0)
		return -EINVAL;
	if (kinds[i].has_arg) {
		if (*text++ != ':' || !take_number(&text, kinds[i].max, &arg))
			return -EINVAL;
		/* A job that failed with success would not be one. */
		if (f->kind == FAULT_FAIL && arg == 0)
			return -EINVAL;
	}
	f->arg = (uint32_t)arg;
	return *text == '\0' ? 0 : -EINVAL;
}

int
emu_fault_add(struct emu_device *dev, const char *text)
{
	struct emu_faults *fs = dev->faults;
	struct fault f = { 0 };

	if (parse(text, &f) != 0 || (fs != NULL && fs->nb == MAX_FAULTS))
		return -EINVAL;
	if (fs == NULL) {
		fs = calloc(1, sizeof(*fs));
		if (fs == NULL)
			return -ENOMEM;
		pthread_mutex_init(&fs->lock, NULL);
		dev->faults = fs;
	}
	fs->list[fs->nb++] = f;
	return 0;
}

int
emu_fault_inject(struct emu_device *dev, const char *text)
{
	struct emu_faults *fs = dev->faults;
	struct fault f = { 0 };
	unsigned int i;
	int ret = 0;

	if (parse(text, &f) != 0)
		return -EINVAL;
	if (fs == NULL) {
		fs = calloc(1, sizeof(*fs));
		if (fs == NULL)
			return -ENOMEM;
		pthread_mutex_init(&fs->lock, NULL);
	}
	pthread_mutex_lock(&fs->lock);
	if (!f.every)
		f.n += fs->count;
	for (i = 0; i < fs->nb && !fs->list[i].done; i++)
		;
	if (i == MAX_FAULTS) {
		ret = -ENOSPC;
	} else {
		fs->list[i] = f;
		fs->nb += i == fs->nb;
	}
	pthread_mutex_unlock(&fs->lock);
	/* The engine looks at it from now on. */
	__atomic_store_n(&dev->faults, fs, __ATOMIC_RELEASE);
	return ret;
}

void
emu_fault_clear(struct emu_device *dev)
{
	unsigned int i;

	if (dev->faults != NULL) {
		pthread_mutex_lock(&dev->faults->lock);
		dev->faults->nb = 0;
		pthread_mutex_unlock(&dev->faults->lock);
	}
	for (i = 0; i < dev->nb_threads; i++) {
		atomic_store(&dev->threads[i].stalled_until, 0);
		emu_thread_wake(&dev->threads[i]);
	}
}

void
emu_fault_free(struct emu_device *dev)
{
	if (dev->faults == NULL)
		return;
	pthread_mutex_destroy(&dev->faults->lock);
	free(dev->faults);
	dev->faults = NULL;
}

static struct fault *
due(struct emu_faults *fs, uint64_t number)
{
	unsigned int i;

	for (i = 0; i < fs->nb; i++) {
		struct fault *f = &fs->list[i];

		if (f->every ? number % f->n == 0 : !f->done && number == f->n)
			return f;
	}
	return NULL;
}

/* Works on the job as ever; then its result or its completion is made wrong. */
static void
spoil(struct emu_thread *th, struct emu_job *job, const struct fault *f)
{
	const struct emu_model *model = th->dev->model;

	emu_thread_work(th, job, 1);
	if (f->kind == FAULT_FAIL)
		model->fail(job->sqe, (uint8_t)f->arg);
	else
		job->q->forced_index = (int32_t)f->arg;
	if (th->dev->foreign)
		emu_thread_account(th, job, 1);
	qm_complete(job, 1);
	job->q->forced_index = -1;
}

/* Carries the fault out on its job; false: the job is to go back. */
static bool
carry_out(struct emu_thread *th, struct emu_job *job, const struct fault *f)
{
	switch (f->kind) {
	case FAULT_FAIL:
	case FAULT_INDEX:
		spoil(th, job, f);
		return true;
	case FAULT_STALL:
		th->stalled_until = f->arg == 0 ? UINT64_MAX :
			emu_now_ns() + (uint64_t)f->arg * 1000000u;
		return false;
	case FAULT_RESET:
		qm_queue_kill(job->q);
		return true;
	default:
		qm_device_lose(th->dev);
		return true;
	}
}

unsigned int
emu_fault_take(struct emu_thread *th, struct emu_job *jobs, unsigned int n)
{
	struct emu_faults *fs = th->dev->faults;
	struct fault *f = NULL, now;
	unsigned int k;

	pthread_mutex_lock(&fs->lock);
	for (k = 0; k < n; k++) {
		f = due(fs, fs->count + k + 1);
		if (f != NULL)
			break;
	}
	fs->count += k;
	if (k == 0) {
		now = *f;
		f->done = true;
		/* A stalled job keeps its number, or every second one would stall for ever. */
		if (f->kind != FAULT_STALL || f->every)
			fs->count++;
	}
	pthread_mutex_unlock(&fs->lock);
	if (k < n)
		qm_put_back(jobs + k, n - k);
	if (k == 0) {
		qm_take_again(jobs);
		if (!carry_out(th, jobs, &now))
			qm_put_back(jobs, 1);
	}
	return k;
}
