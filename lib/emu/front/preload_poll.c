/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting. A queue is readable when there were completions since it was last asked (A4): asking
 * forgets them. The descriptor's own readiness, an eventfd's, only says that it is time to ask.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "preload.h"

#define POLL_STACK      32
#define POLL_READ       (POLLIN | POLLRDNORM)
#define POLL_SLICE_MS   50              /* look again at least so often */

struct poll_set {
	struct pollfd *fds, *copy;      /* the client's, and what the kernel is asked */
	struct pl_file **files;         /* NULL: not one of ours */
	nfds_t n;
	struct pollfd copy_buf[POLL_STACK];
	struct pl_file *files_buf[POLL_STACK];
};

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int
set_begin(struct poll_set *s, struct pollfd *fds, nfds_t n)
{
	nfds_t i;

	s->fds = fds;
	s->n = n;
	s->copy = n <= POLL_STACK ? s->copy_buf : calloc(n, sizeof(s->copy[0]));
	s->files = n <= POLL_STACK ? s->files_buf : calloc(n, sizeof(s->files[0]));
	if (s->copy == NULL || s->files == NULL)
		return -ENOMEM;
	memcpy(s->copy, fds, n * sizeof(fds[0]));
	for (i = 0; i < n; i++) {
		s->files[i] = pl_file_get(fds[i].fd);
		if (s->files[i] != NULL && !s->files[i]->inherited)
			pl_ext->watch(s->files[i]->tq, 1);
		if (s->files[i] != NULL)
			s->copy[i].events = POLLIN;
	}
	return 0;
}

static void
set_end(struct poll_set *s)
{
	nfds_t i;

	for (i = 0; s->copy != NULL && s->files != NULL && i < s->n; i++) {
		if (s->files[i] == NULL)
			continue;
		if (!s->files[i]->inherited)
			pl_ext->watch(s->files[i]->tq, -1);
		pl_file_put(s->files[i]);
	}
	if (s->copy != s->copy_buf)
		free(s->copy);
	if (s->files != s->files_buf)
		free(s->files);
}

/* Asks our queues; how many are ready. */
static int
ask(struct poll_set *s)
{
	eventfd_t v;
	int ready = 0;
	nfds_t i;

	for (i = 0; i < s->n; i++) {
		if (s->files[i] == NULL)
			continue;
		s->fds[i].revents = 0;
		if (s->files[i]->inherited) {
			s->fds[i].revents = POLLERR;
		} else if (s->fds[i].events & POLL_READ) {
			/* First the count away, then the look: what comes later counts again. */
			eventfd_read(s->fds[i].fd, &v);
			if (pl_ext->news(s->files[i]->tq))
				s->fds[i].revents = (short)(s->fds[i].events & POLL_READ);
		}
		ready += s->fds[i].revents != 0;
	}
	return ready;
}

/* end: ns, or negative: no end. */
static int
poll_set(struct poll_set *s, int64_t end, const sigset_t *mask)
{
	struct timespec ts;
	int ours, others;
	int64_t left;
	nfds_t i;

	for (;;) {
		ours = ask(s);
		left = POLL_SLICE_MS * 1000000;
		if (ours != 0)
			left = 0;
		else if (end >= 0 && end - now_ns() < left)
			left = end - now_ns() < 0 ? 0 : end - now_ns();
		ts.tv_sec = 0;
		ts.tv_nsec = left;
		others = PL_REAL(ppoll)(s->copy, s->n, &ts, mask);
		if (others < 0)
			return -1;
		for (i = 0, others = 0; i < s->n; i++) {
			if (s->files[i] != NULL)
				continue;
			s->fds[i].revents = s->copy[i].revents;
			others += s->fds[i].revents != 0;
		}
		if (ours + others != 0)
			return ours + others;
		if (end >= 0 && now_ns() >= end)
			return ask(s);
	}
}

static bool
any_ours(const struct pollfd *fds, nfds_t n)
{
	nfds_t i;

	for (i = 0; i < n; i++)
		if (pl_is_ours(fds[i].fd))
			return true;
	return false;
}

static int
poll_ours(struct pollfd *fds, nfds_t n, int64_t ns, const sigset_t *mask)
{
	struct poll_set s;
	int ret;

	ret = set_begin(&s, fds, n);
	if (ret == 0)
		ret = poll_set(&s, ns < 0 ? -1 : now_ns() + ns, mask);
	else
		ret = pl_errno(ret);
	set_end(&s);
	return ret;
}

static int64_t
to_ns(const struct timespec *t)
{
	return t == NULL ? -1 : (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

PL_EXPORT int
poll(struct pollfd *fds, nfds_t n, int ms)
{
	if (!any_ours(fds, n))
		return PL_REAL(poll)(fds, n, ms);
	return poll_ours(fds, n, ms < 0 ? -1 : (int64_t)ms * 1000000, NULL);
}

PL_EXPORT int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	if (!any_ours(fds, n))
		return PL_REAL(ppoll)(fds, n, timeout, mask);
	return poll_ours(fds, n, to_ns(timeout), mask);
}

/* What programs built with _FORTIFY_SOURCE call. */
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size);
PL_EXPORT int
__poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size)
{
	if (size / sizeof(*fds) < n)
		abort();
	return poll(fds, n, ms);
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask,
		size_t size);
PL_EXPORT int
__ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask,
	    size_t size)
{
	if (size / sizeof(*fds) < n)
		abort();
	return ppoll(fds, n, timeout, mask);
}

/* ------------------------------------------------------------------ select */

static int
set_to_poll(int n, const fd_set *r, const fd_set *w, const fd_set *e, struct pollfd *fds)
{
	int fd, nb = 0;

	for (fd = 0; fd < n; fd++) {
		short events = (short)((r != NULL && FD_ISSET(fd, r) ? POLLIN : 0) |
			(w != NULL && FD_ISSET(fd, w) ? POLLOUT : 0) |
			(e != NULL && FD_ISSET(fd, e) ? POLLPRI : 0));

		if (events == 0)
			continue;
		fds[nb].fd = fd;
		fds[nb].events = events;
		fds[nb++].revents = 0;
	}
	return nb;
}

static int
poll_to_set(const struct pollfd *fds, int nb, short want, short got, fd_set *set)
{
	int i, count = 0;

	for (i = 0; i < nb; i++) {
		if (!(fds[i].events & want))
			continue;
		if (fds[i].revents & got)
			count++;
		else
			FD_CLR(fds[i].fd, set);
	}
	return count;
}

static int
select_ours(int n, fd_set *r, fd_set *w, fd_set *e, int64_t ns, const sigset_t *mask)
{
	struct pollfd fds[FD_SETSIZE];
	int i, nb, ret;

	nb = set_to_poll(n < FD_SETSIZE ? n : FD_SETSIZE, r, w, e, fds);
	ret = poll_ours(fds, (nfds_t)nb, ns, mask);
	if (ret < 0)
		return ret;
	for (i = 0; i < nb; i++)
		if (fds[i].revents & POLLNVAL)
			return pl_errno(-EBADF);
	return poll_to_set(fds, nb, POLLIN, POLLIN | POLLHUP | POLLERR, r) +
		poll_to_set(fds, nb, POLLOUT, POLLOUT | POLLERR, w) +
		poll_to_set(fds, nb, POLLPRI, POLLPRI, e);
}

static bool
select_any_ours(int n, const fd_set *r)
{
	int fd;

	for (fd = 0; r != NULL && fd < n && fd < FD_SETSIZE; fd++)
		if (FD_ISSET(fd, r) && pl_is_ours(fd))
			return true;
	return false;
}

PL_EXPORT int
select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout)
{
	if (!select_any_ours(n, r))
		return PL_REAL(select)(n, r, w, e, timeout);
	return select_ours(n, r, w, e, timeout == NULL ? -1 :
		(int64_t)timeout->tv_sec * 1000000000 + timeout->tv_usec * 1000, NULL);
}

PL_EXPORT int
pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout,
	const sigset_t *mask)
{
	if (!select_any_ours(n, r))
		return PL_REAL(pselect)(n, r, w, e, timeout, mask);
	return select_ours(n, r, w, e, to_ns(timeout), mask);
}

/* ------------------------------------------------------------------ epoll */

/*
 * The kernel watches the eventfd, which nobody reads: edge triggered, each write is one event, as
 * each batch of completions is on the char device.
 */
PL_EXPORT int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct pl_file *f = pl_file_get(fd);
	struct epoll_event ev;
	eventfd_t v;
	int ret;

	if (f == NULL)
		return PL_REAL(epoll_ctl)(epfd, op, fd, event);
	if (f->inherited) {
		pl_file_put(f);
		return pl_errno(-EPERM);
	}
	if (op == EPOLL_CTL_DEL) {
		ret = PL_REAL(epoll_ctl)(epfd, op, fd, event);
		if (ret == 0 && atomic_exchange(&f->epolled, false))
			pl_ext->watch(f->tq, -1);
	} else {
		if (!atomic_exchange(&f->epolled, true))
			pl_ext->watch(f->tq, 1);
		if (event != NULL)
			ev = *event;
		ev.events |= EPOLLET;
		ev.events &= ~(uint32_t)(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
		eventfd_read(fd, &v);
		ret = PL_REAL(epoll_ctl)(epfd, op, fd, event == NULL ? NULL : &ev);
		if (ret == 0 && pl_ext->news(f->tq))
			eventfd_write(fd, 1);
	}
	pl_file_put(f);
	return ret;
}
