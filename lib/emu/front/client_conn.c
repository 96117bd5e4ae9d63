/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

#define ANSWER_S        30      /* a daemon that is silent for so long is taken for dead */

/* ------------------------------------------------------------------ loss */

void
client_queue_stop(struct client_queue *q)
{
	_Atomic uint32_t *end = (_Atomic uint32_t *)(void *)(q->dus + q->dus_size);

	/* In the kernel's order (A9). */
	atomic_store(&end[-HISI_QM_TX_STOP_FROM_END / 4], 1);
	atomic_store(&end[-HISI_QM_RX_STOP_FROM_END / 4], 1);
	atomic_fetch_add(&q->wait->seq, 1);
	syscall(SYS_futex, &q->wait->seq, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void
lose(struct client_dev *dev)
{
	struct client_queue *q;

	if (dev->dead)
		return;
	dev->dead = true;
	shutdown(dev->fd, SHUT_RDWR);
	for (q = dev->queues; q != NULL; q = q->next)
		if (q->generation == dev->generation)
			client_queue_stop(q);
}

static void *
watch(void *arg)
{
	struct client_dev *dev = arg;
	struct pollfd p[2] = {
		{ .fd = dev->fd, .events = POLLRDHUP },
		{ .fd = dev->stop_fd, .events = POLLIN },
	};

	while (p[0].revents == 0 && p[1].revents == 0)
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
	if (p[1].revents == 0) {
		pthread_mutex_lock(&dev->lock);
		lose(dev);
		pthread_mutex_unlock(&dev->lock);
	}
	return NULL;
}

static int
start_watcher(struct client_dev *dev)
{
	sigset_t all, old;
	int ret;

	dev->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (dev->stop_fd < 0)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&dev->watcher, NULL, watch, dev);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret == 0) {
		dev->watched = true;
		pthread_setname_np(dev->watcher, "uacce-emu-watch");
	} else {
		close(dev->stop_fd);
	}
	return ret;
}

void
client_disconnect(struct client_dev *dev)
{
	if (dev->watched) {
		eventfd_write(dev->stop_fd, 1);
		/* It may be about to take the lock. */
		pthread_mutex_unlock(&dev->lock);
		pthread_join(dev->watcher, NULL);
		pthread_mutex_lock(&dev->lock);
		close(dev->stop_fd);
		dev->watched = false;
	}
	if (dev->fd >= 0)
		close(dev->fd);
	if (dev->doze_fd >= 0)
		close(dev->doze_fd);
	dev->fd = dev->doze_fd = -1;
	dev->dead = true;
}

/* ------------------------------------------------------------------ messages */

static int
send_msg(int sock, const struct emu_msg *m, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	if (fd >= 0) {
		h.msg_control = control.buf;
		h.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do {
		n = sendmsg(sock, &h, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(*m) ? 0 : -EIO;
}

/* Exactly nb_fds descriptors with a good answer, none with a bad one. */
static int
receive_msg(int sock, struct emu_msg *m, int *fds, int nb_fds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * EMU_MSG_FDS)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	int got[EMU_MSG_FDS], nb = 0;
	ssize_t n;

	do {
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	c = n > 0 ? CMSG_FIRSTHDR(&h) : NULL;
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		nb = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(got, CMSG_DATA(c), (size_t)nb * sizeof(int));
	}
	if (n != sizeof(*m) || m->magic != EMU_MSG_MAGIC || m->version != EMU_MSG_VERSION ||
			nb != (m->result == 0 ? nb_fds : 0)) {
		while (nb > 0)
			close(got[--nb]);
		return -EIO;
	}
	if (nb > 0)
		memcpy(fds, got, (size_t)nb * sizeof(int));
	return 0;
}

int
client_call(struct client_dev *dev, struct emu_msg *m, int fd, int *fds, int nb_fds)
{
	const uint16_t type = m->type;

	if (dev->dead)
		return -ENODEV;
	m->magic = EMU_MSG_MAGIC;
	m->version = EMU_MSG_VERSION;
	if (send_msg(dev->fd, m, fd) == 0 && receive_msg(dev->fd, m, fds, nb_fds) == 0 &&
			m->type == type)
		return m->result;
	/* Whatever comes now would be the answer to something else. */
	lose(dev);
	return -ENODEV;
}

/* ------------------------------------------------------------------ connecting */

static int
connect_socket(const char *path)
{
	const struct timeval limit = { .tv_sec = ANSWER_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, ret;

	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* Is it what it was, for the user driver's purposes? */
static bool
same_device(const struct emu_msg_info *a, const struct emu_msg_info *b)
{
	return strcmp(a->api, b->api) == 0 && strcmp(a->algorithms, b->algorithms) == 0 &&
		a->flags == b->flags &&
		memcmp(a->region_size, b->region_size, sizeof(a->region_size)) == 0;
}

static int
say_hello(struct client_dev *dev)
{
	struct emu_msg m = { .type = EMU_MSG_HELLO };
	struct emu_msg_info *info = &m.data.info;
	int ret;

	m.data.hello = dev->hello;
	ret = client_call(dev, &m, -1, &dev->doze_fd, 1);
	if (ret != 0)
		return ret;
	info->name[sizeof(info->name) - 1] = '\0';
	info->api[sizeof(info->api) - 1] = '\0';
	info->algorithms[sizeof(info->algorithms) - 1] = '\0';
	if (dev->generation > 1 && !same_device(info, &dev->info))
		return -ENODEV;
	dev->info = *info;
	return 0;
}

int
client_connect(struct client_dev *dev)
{
	int ret;

	client_disconnect(dev);
	/* The daemon's barrier reaches those who register. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
	ret = connect_socket(dev->path);
	if (ret < 0)
		return ret;
	dev->fd = ret;
	dev->dead = false;
	dev->generation++;
	ret = say_hello(dev);
	if (ret == 0)
		ret = client_share_again(dev);
	if (ret == 0)
		ret = start_watcher(dev);
	if (ret != 0)
		client_disconnect(dev);
	return ret;
}
