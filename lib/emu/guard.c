/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "guard.h"

_Thread_local sigjmp_buf *emu_guard_env;

static const int signals[2] = { SIGSEGV, SIGBUS };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int users;
static bool installed;
static struct sigaction before[2];

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	const struct sigaction *old = &before[sig == SIGBUS];
	sigjmp_buf *env = emu_guard_env;

	if (env != NULL) {
		emu_guard_env = NULL;
		siglongjmp(*env, 1);
	}
	if (info->si_code <= 0) {
		/* Sent by a process, not caused by an instruction. */
		if (old->sa_handler == SIG_IGN)
			return;
		if (!(old->sa_flags & SA_SIGINFO) && old->sa_handler == SIG_DFL) {
			signal(sig, SIG_DFL);
			raise(sig);
			return;
		}
	}
	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(sig, info, context);
	} else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
		old->sa_handler(sig);
	} else {
		/* The instruction runs again, and now the fault is the process's end. */
		signal(sig, SIG_DFL);
	}
}

void
emu_guard_install(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	unsigned int i;

	pthread_mutex_lock(&lock);
	users++;
	for (i = 0; i < 2 && !installed; i++)
		sigaction(signals[i], &sa, &before[i]);
	installed = true;
	pthread_mutex_unlock(&lock);
}

void
emu_guard_remove(void)
{
	struct sigaction now;
	unsigned int i;

	pthread_mutex_lock(&lock);
	if (--users > 0)
		goto unlock;
	/* Stays if somebody else came after us, who may call our handlers. */
	for (i = 0; i < 2; i++) {
		sigaction(signals[i], NULL, &now);
		if (!(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_fault)
			goto unlock;
	}
	for (i = 0; i < 2; i++)
		sigaction(signals[i], &before[i], NULL);
	installed = false;
unlock:
	pthread_mutex_unlock(&lock);
}
