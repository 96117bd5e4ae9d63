/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues as file descriptors. The descriptor that the client holds is a duplicate of the queue's
 * eventfd, so that the kernel keeps its number, its flags and its readiness.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hisi_qm.h"

#include "preload.h"

#define CMD_START_Q     0x5700u         /* A1 */
#define CMD_PUT_Q       0x5701u

static _Atomic(struct pl_file *) files[PL_MAX_FD];

/* ------------------------------------------------------------------ table */

bool
pl_is_ours(int fd)
{
	return fd >= 0 && fd < PL_MAX_FD && pl_inside == 0 &&
		atomic_load_explicit(&files[fd], memory_order_relaxed) != NULL;
}

void
pl_file_ref_locked(struct pl_file *f)
{
	f->refs++;
}

struct pl_file *
pl_file_get(int fd)
{
	struct pl_file *f;

	if (!pl_is_ours(fd))
		return NULL;
	pthread_mutex_lock(&pl_lock);
	f = atomic_load(&files[fd]);
	if (f != NULL)
		f->refs++;
	pthread_mutex_unlock(&pl_lock);
	return f;
}

void
pl_file_put(struct pl_file *f)
{
	unsigned int left;

	pthread_mutex_lock(&pl_lock);
	left = --f->refs;
	pthread_mutex_unlock(&pl_lock);
	if (left != 0)
		return;
	if (!f->inherited) {
		pl_inside++;
		if (atomic_load(&f->epolled))
			pl_ext->watch(f->tq, -1);
		pl_transport->queue_close(f->tq);
		pl_inside--;
	}
	pthread_mutex_destroy(&f->map_lock);
	free(f);
}

/* The descriptor is f's from now on, which takes over the caller's reference. */
static void
install(int fd, struct pl_file *f)
{
	struct pl_file *old = atomic_exchange(&files[fd], f);

	if (old != NULL)
		pl_file_put(old);
}

/* The descriptor was closed, or is about to be. */
static void
forget(int fd)
{
	struct pl_file *old;

	if (!pl_is_ours(fd))
		return;
	pthread_mutex_lock(&pl_lock);
	old = atomic_exchange(&files[fd], NULL);
	pthread_mutex_unlock(&pl_lock);
	if (old != NULL)
		pl_file_put(old);
}

/* As the kernel of this project: the descriptor is there, but only the opener may use it. */
void
pl_files_after_fork(void)
{
	int fd;

	for (fd = 0; fd < PL_MAX_FD; fd++) {
		struct pl_file *f = atomic_load(&files[fd]);

		if (f != NULL)
			f->inherited = true;
	}
}

int
pl_open_node(struct pl_dev *dev, int flags)
{
	struct pl_file *f;
	int ret, fd = -1;

	ret = pl_dev_open(dev);
	if (ret != 0)
		return pl_errno(ret);
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return pl_errno(-ENOMEM);
	f->dev = dev;
	f->refs = 1;
	pthread_mutex_init(&f->map_lock, NULL);
	pl_inside++;
	ret = pl_transport->queue_open(dev->tdev, &f->tq);
	if (ret == 0) {
		ret = pl_ext->event_fd(f->tq);
		if (ret >= 0) {
			fd = PL_REAL(fcntl)(ret, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
			ret = fd < 0 ? -errno : fd >= PL_MAX_FD ? -EMFILE : 0;
		}
		if (ret < 0) {
			if (fd >= 0)
				PL_REAL(close)(fd);
			pl_transport->queue_close(f->tq);
		}
	}
	pl_inside--;
	if (ret < 0) {
		pthread_mutex_destroy(&f->map_lock);
		free(f);
		return pl_errno(ret);
	}
	install(fd, f);
	return fd;
}

/* ------------------------------------------------------------------ close, dup */

PL_EXPORT int
close(int fd)
{
	forget(fd);
	return PL_REAL(close)(fd);
}

PL_EXPORT int
close_range(unsigned int first, unsigned int last, int flags)
{
	unsigned int fd;

	/* With a flag (unshare, cloexec) the caller's descriptors stay as they are. */
	for (fd = first; flags == 0 && fd <= last && fd < PL_MAX_FD; fd++)
		forget((int)fd);
	return PL_REAL(close_range)(first, last, flags);
}

PL_EXPORT void
closefrom(int first)
{
	close_range(first < 0 ? 0 : (unsigned int)first, ~0u, 0);
}

/* fd2 was made a duplicate of fd. */
static int
duplicated(int fd, int fd2)
{
	struct pl_file *f;

	if (fd2 < 0 || fd2 == fd)
		return fd2;
	f = pl_file_get(fd);
	if (f == NULL) {
		forget(fd2);
	} else if (fd2 >= PL_MAX_FD) {
		pl_file_put(f);
		PL_REAL(close)(fd2);
		return pl_errno(-EMFILE);
	} else {
		install(fd2, f);
	}
	return fd2;
}

PL_EXPORT int
dup(int fd)
{
	return duplicated(fd, PL_REAL(dup)(fd));
}

PL_EXPORT int
dup2(int fd, int fd2)
{
	return duplicated(fd, PL_REAL(dup2)(fd, fd2));
}

PL_EXPORT int
dup3(int fd, int fd2, int flags)
{
	return duplicated(fd, PL_REAL(dup3)(fd, fd2, flags));
}

static int
do_fcntl(int fd, int cmd, void *arg)
{
	int ret = PL_REAL(fcntl)(fd, cmd, arg);

	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? duplicated(fd, ret) : ret;
}

PL_EXPORT int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return do_fcntl(fd, cmd, arg);
}

PL_EXPORT int
fcntl64(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return do_fcntl(fd, cmd, arg);
}

/* ------------------------------------------------------------------ ioctl */

/* As copy_from_user() and copy_to_user(): a bad pointer is -EFAULT. */
static int
copy_user(void *ours, void *user, size_t len, bool to_user)
{
	struct iovec local = { ours, len }, remote = { user, len };
	ssize_t n;

	n = to_user ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0) :
		process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (n == (ssize_t)len)
		return 0;
	if (n >= 0 || errno == EFAULT)
		return -EFAULT;
	/* Not allowed here (seccomp): then bad pointers are the client's own trouble. */
	memcpy(to_user ? user : ours, to_user ? ours : user, len);
	return 0;
}

static int
queue_ioctl(struct pl_file *f, uint32_t cmd, void *arg)
{
	union {
		struct hisi_qp_ctx ctx;
		struct hisi_qp_info info;
	} u;
	size_t len;
	int ret;

	switch (cmd) {
	case CMD_START_Q:
		return pl_transport->start(f->tq);
	case CMD_PUT_Q:
		return pl_transport->stop(f->tq);
	case (uint32_t)HISI_QM_SET_QP_CTX:
		len = sizeof(u.ctx);
		break;
	case (uint32_t)HISI_QM_SET_QP_INFO:
		len = sizeof(u.info);
		break;
	default:
		return -EINVAL;
	}
	ret = copy_user(&u, arg, len, false);
	if (ret == 0)
		ret = pl_transport->ioctl(f->tq, cmd, &u);
	if (ret == 0)
		ret = copy_user(&u, arg, len, true);
	return ret;
}

PL_EXPORT int
ioctl(int fd, unsigned long cmd, ...)
{
	struct pl_file *f;
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	f = pl_file_get(fd);
	/* The first ones are served for every file, by the kernel above any driver. */
	if (f == NULL || cmd == FIOCLEX || cmd == FIONCLEX || cmd == FIONBIO) {
		if (f != NULL)
			pl_file_put(f);
		return PL_REAL(ioctl)(fd, cmd, arg);
	}
	pl_inside++;
	ret = f->inherited ? -EPERM : queue_ioctl(f, (uint32_t)cmd, arg);
	pl_inside--;
	pl_file_put(f);
	return pl_errno(ret);
}
