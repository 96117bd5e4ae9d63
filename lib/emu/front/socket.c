/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon: connections and their requests. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket.h"

#define CHEAT_MS        200     /* how often clients' windows are looked at */

/* ------------------------------------------------------------------ messages */

/* A request and the descriptors that came with it. */
struct request {
	struct emu_msg m;
	int fds[EMU_MSG_FDS];
	int nb_fds;
};

static void
close_fds(struct request *r)
{
	while (r->nb_fds > 0)
		close(r->fds[--r->nb_fds]);
}

/* Keeps what fits; closes the rest, and says so by a false. */
static bool
take_fds(struct msghdr *h, struct request *r)
{
	struct cmsghdr *c;
	bool fits = true;
	size_t i, n;
	int fd;

	for (c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (r->nb_fds < EMU_MSG_FDS) {
				r->fds[r->nb_fds++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits && !(h->msg_flags & MSG_CTRUNC);
}

/* False: the connection is at its end. */
static bool
receive(struct emu_conn *c, struct request *r)
{
	char control[CMSG_SPACE(sizeof(int) * 8)];
	struct iovec iov = { &r->m, sizeof(r->m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n;
	bool fits;

	r->nb_fds = 0;
	n = recvmsg(c->fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	fits = take_fds(&h, r);
	return n == sizeof(r->m) && fits && !(h.msg_flags & MSG_TRUNC) &&
		r->m.magic == EMU_MSG_MAGIC && r->m.version == EMU_MSG_VERSION;
}

static bool
answer(struct emu_conn *c, const struct emu_msg *m, const int *fds, int nb_fds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * EMU_MSG_FDS)];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	if (nb_fds > 0) {
		h.msg_control = control.buf;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)nb_fds);
		cm = CMSG_FIRSTHDR(&h);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)nb_fds);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * (size_t)nb_fds);
	}
	return sendmsg(c->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*m);
}

/* ------------------------------------------------------------------ requests */

/* What a request gives back beside the message. close_fd: not the emulator's own, -1 = none. */
struct reply {
	int fds[EMU_MSG_FDS];
	int nb_fds;
	int close_fd;
};

static void
put_info(struct emu_device *dev, struct emu_msg *m)
{
	struct emu_msg_info *out = &m->data.info;
	struct wd_dev_info info;
	unsigned int i;

	emu_device_info(dev, &info);
	memset(&m->data, 0, sizeof(m->data));
	memcpy(out->name, info.name, sizeof(out->name));
	memcpy(out->api, info.api, sizeof(out->api));
	memcpy(out->algorithms, info.algorithms, sizeof(out->algorithms));
	out->flags = info.flags;
	out->numa_node = info.numa_node;
	out->available = info.available;
	out->isolated = info.isolated;
	for (i = 0; i < WD_REGION_MAX; i++)
		out->region_size[i] = info.region_size[i];
}

/* The device of that kind (and name) that is there and has the most queues left. */
static struct emu_device *
choose(struct emu_server *s, const struct emu_msg_hello *h)
{
	struct emu_device *best = NULL;
	unsigned int i, left, most = 0;
	bool lost;

	for (i = 0; i < s->nb_devs; i++) {
		struct emu_device *d = s->devs[i];

		if (strcmp(d->model->kind, h->kind) != 0 ||
				(h->name[0] != '\0' && strcmp(d->name, h->name) != 0))
			continue;
		pthread_mutex_lock(&d->lock);
		left = d->max_queues - d->nb_queues;
		lost = d->lost;
		pthread_mutex_unlock(&d->lock);
		if (best == NULL || (!lost && left > most)) {
			best = d;
			most = lost ? 0 : left;
		}
	}
	return best;
}

static int
req_hello(struct emu_server *s, struct emu_conn *c, struct emu_msg *m, struct reply *r)
{
	struct emu_msg_hello *h = &m->data.hello;

	if (c->ready)
		return -EALREADY;
	h->kind[sizeof(h->kind) - 1] = '\0';
	h->name[sizeof(h->name) - 1] = '\0';
	if (h->kind[0] != '\0') {
		if (s->nodes == NULL)
			c->peer.dev = choose(s, h);
		if (c->peer.dev == NULL)
			return -ENODEV;
		c->peer.queues = calloc(c->peer.dev->max_queues, sizeof(c->peer.queues[0]));
		if (c->peer.queues == NULL) {
			c->peer.dev = NULL;
			return -ENOMEM;
		}
		put_info(c->peer.dev, m);
		r->fds[r->nb_fds++] = c->peer.dev->doze_fd;
	}
	c->ready = true;
	return 0;
}

static int
req_queue_open(struct emu_conn *c, struct emu_msg *m, struct reply *r)
{
	struct emu_queue *q;
	int ret;

	ret = qm_queue_open(c->peer.dev, &q);
	if (ret != 0)
		return ret;
	if (c->peer.mem.seen != NULL)
		qm_set_mem(q, &c->peer.mem.seen->mem);
	c->peer.queues[q->id] = q;
	m->queue = q->id;
	m->arg[EMU_OPEN_DOZE] = (uint64_t)(q->thread - c->peer.dev->threads) * EMU_DOZE_STRIDE * 4;
	m->arg[EMU_OPEN_MMIO] = qm_region_size(c->peer.dev, WD_REGION_MMIO);
	m->arg[EMU_OPEN_DUS] = qm_region_size(c->peer.dev, WD_REGION_DUS);
	m->arg[EMU_OPEN_WAIT] = qm_wait_offset(c->peer.dev);
	r->fds[r->nb_fds++] = q->mmio_fd;
	r->fds[r->nb_fds++] = q->dus_fd;
	return 0;
}

static int
req_queue(struct emu_conn *c, struct emu_msg *m)
{
	struct emu_queue *q = m->queue < c->peer.dev->max_queues ? c->peer.queues[m->queue] : NULL;

	if (q == NULL)
		return -EBADF;
	switch (m->type) {
	case EMU_MSG_QUEUE_CLOSE:
		c->peer.queues[m->queue] = NULL;
		qm_queue_close(q);
		return 0;
	case EMU_MSG_IOCTL:
		return qm_ioctl(q, m->arg[0], m->data.ioctl);
	case EMU_MSG_START:
		return qm_start(q);
	default:
		return qm_stop(q);
	}
}

static int
req_status(struct emu_server *s, struct emu_msg *m, struct reply *r)
{
	FILE *f;
	int fd;

	fd = memfd_create("uacce-emu-status", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r->close_fd = fd;
	f = fdopen(dup(fd), "w");
	if (f == NULL)
		return -errno;
	emu_status_text(s, f);
	m->arg[0] = (uint64_t)ftell(f);
	if (fclose(f) != 0)
		return -errno;
	r->fds[r->nb_fds++] = fd;
	return 0;
}

static int
req_command(struct emu_server *s, struct emu_msg *m)
{
	char text[sizeof(m->data.text)];

	memcpy(text, m->data.text, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(&m->data, 0, sizeof(m->data));
	return emu_fault_command(s, text, m->data.text, sizeof(m->data.text));
}

/* Result for the answer; 1 = what no client of ours says: the connection ends. */
static int
handle(struct emu_server *s, struct emu_conn *c, struct request *r, struct reply *out)
{
	struct emu_msg *m = &r->m;

	if (m->type == EMU_MSG_HELLO)
		return req_hello(s, c, m, out);
	if (!c->ready)
		return 1;
	if (m->type == EMU_MSG_STATUS)
		return req_status(s, m, out);
	if (m->type == EMU_MSG_COMMAND)
		return req_command(s, m);
	if (c->peer.dev == NULL)
		return 1;
	switch (m->type) {
	case EMU_MSG_INFO:
		put_info(c->peer.dev, m);
		return 0;
	case EMU_MSG_QUEUE_OPEN:
		return req_queue_open(c, m, out);
	case EMU_MSG_QUEUE_CLOSE:
	case EMU_MSG_IOCTL:
	case EMU_MSG_START:
	case EMU_MSG_STOP:
		return req_queue(c, m);
	case EMU_MSG_SHARE:
		if (r->nb_fds != 1)
			return -EBADF;
		return emu_peer_share(&c->peer, r->fds[0], m->arg[EMU_SHARE_ADDR],
			m->arg[EMU_SHARE_LEN], m->arg[EMU_SHARE_OFFSET]);
	case EMU_MSG_UNSHARE:
		return emu_peer_unshare(&c->peer, m->arg[0], m->arg[1]);
	default:
		return 1;
	}
}

/* ------------------------------------------------------------------ connections */

static void
conn_end(struct emu_server *s, unsigned int i)
{
	struct emu_conn *c = s->conns[i];
	unsigned int id;

	for (id = 0; c->peer.dev != NULL && id < c->peer.dev->max_queues; id++)
		if (c->peer.queues[id] != NULL)
			qm_queue_close(c->peer.queues[id]);
	if (c->peer.dev != NULL)
		emu_peer_mem_free(&c->peer);
	free(c->peer.queues);
	close(c->fd);
	free(c);
	s->conns[i] = NULL;
}

/* One request. False: the connection is to end. */
static bool
serve(struct emu_server *s, struct emu_conn *c)
{
	struct reply out = { .close_fd = -1 };
	struct request r;
	bool go_on;
	int ret;

	memset(&r.m, 0, sizeof(r.m));
	go_on = receive(c, &r);
	if (go_on && r.m.magic == EMU_MSG_MAGIC) {
		ret = handle(s, c, &r, &out);
		r.m.result = ret;
		if (ret != 0)
			out.nb_fds = 0;
		go_on = ret <= 0 && answer(c, &r.m, out.fds, out.nb_fds);
		if (out.close_fd >= 0)
			close(out.close_fd);
	}
	close_fds(&r);
	return go_on;
}

static void
conn_accept(struct emu_server *s)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct emu_conn *c;
	unsigned int i;
	int fd;

	fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	for (i = 0; i < EMU_MAX_CONNS && s->conns[i] != NULL; i++)
		;
	c = calloc(1, sizeof(*c));
	/* The same user, or root; others only if the socket's permissions were opened to them. */
	if (i == EMU_MAX_CONNS || c == NULL ||
			getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
			(!s->others && cred.uid != geteuid() && cred.uid != 0)) {
		free(c);
		close(fd);
		return;
	}
	c->fd = fd;
	c->pid = cred.pid;
	s->conns[i] = c;
}

/* What to poll: the end, new connections, connections (from CONNS on), nodes. */
#define CONNS   2
#define MAX_POLL (CONNS + EMU_MAX_CONNS + 2 * EMU_MAX_NODES)

struct poll_set {
	struct pollfd p[MAX_POLL];
	unsigned int at[EMU_MAX_CONNS];
	unsigned int nb_conns, nb;
};

static void
poll_add(struct poll_set *set, int fd, short events)
{
	set->p[set->nb++] = (struct pollfd){ .fd = fd, .events = events };
}

static void
poll_fill(const struct emu_server *s, int stop_fd, struct poll_set *set)
{
	unsigned int i;

	set->nb = set->nb_conns = 0;
	poll_add(set, stop_fd, POLLIN);
	poll_add(set, s->listen_fd, POLLIN);
	for (i = 0; i < EMU_MAX_CONNS; i++)
		if (s->conns[i] != NULL) {
			set->at[set->nb_conns++] = i;
			poll_add(set, s->conns[i]->fd, POLLIN);
		}
	/* One that is unplugged has no descriptor: poll() skips it. */
	for (i = 0; s->nodes != NULL && i < s->nb_devs; i++) {
		poll_add(set, s->nodes[i].fd, POLLIN | POLLPRI);
		poll_add(set, s->nodes[i].stash_fd, POLLIN);
	}
}

static void
serve_nodes(struct emu_server *s, const struct pollfd *p)
{
	unsigned int i;

	for (i = 0; s->nodes != NULL && i < s->nb_devs; i++, p += 2)
		if (p[0].revents != 0 || p[1].revents != 0)
			emu_node_serve(&s->nodes[i]);
}

int
emu_server_run(struct emu_server *s, int stop_fd)
{
	static struct poll_set set;
	unsigned int i;

	for (;;) {
		poll_fill(s, stop_fd, &set);
		if (poll(set.p, set.nb, set.nb_conns > 0 ? CHEAT_MS : -1) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (set.p[0].revents != 0)
			return 0;
		serve_nodes(s, set.p + CONNS + set.nb_conns);
		for (i = 0; i < set.nb_conns; i++) {
			struct emu_conn *c = s->conns[set.at[i]];

			if ((set.p[CONNS + i].revents != 0 && !serve(s, c)) ||
					emu_peer_cheated(&c->peer))
				conn_end(s, set.at[i]);
		}
		if (set.p[1].revents != 0)
			conn_accept(s);
	}
}

/* ------------------------------------------------------------------ the socket */

/* Does a daemon answer there? */
static bool
answers(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool yes;

	if (fd < 0)
		return true;
	yes = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ||
		(errno != ECONNREFUSED && errno != ENOENT);
	close(fd);
	return yes;
}

/*
 * Bound under another name and then renamed: nobody finds a socket that is not listened on, or
 * with the wrong permissions, and a stale one goes in the same step.
 */
static int
bind_at(struct emu_server *s, const char *path, unsigned int mode)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX }, own = addr;
	struct stat st;
	int ret;

	strcpy(addr.sun_path, path);
	ret = snprintf(own.sun_path, sizeof(own.sun_path), "%s.%d", addr.sun_path, (int)getpid());
	if (ret < 0 || (size_t)ret >= sizeof(own.sun_path))
		return -ENAMETOOLONG;
	if (lstat(path, &st) == 0 && (!S_ISSOCK(st.st_mode) || answers(&addr)))
		return -EADDRINUSE;
	s->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listen_fd < 0)
		return -errno;
	unlink(own.sun_path);
	if (bind(s->listen_fd, (struct sockaddr *)&own, sizeof(own)) != 0)
		goto fail;
	if (chmod(own.sun_path, mode) != 0 || listen(s->listen_fd, 64) != 0 ||
			rename(own.sun_path, path) != 0)
		goto fail_unlink;
	return 0;
fail_unlink:
	ret = -errno;
	unlink(own.sun_path);
	close(s->listen_fd);
	return ret;
fail:
	ret = -errno;
	close(s->listen_fd);
	return ret;
}

int
emu_server_open(struct emu_server *s, const char *path, unsigned int mode,
		struct emu_device **devs, unsigned int nb_devs, struct emu_node *nodes,
		char *err, size_t err_size)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->devs = devs;
	s->nb_devs = nb_devs;
	s->nodes = nodes;
	s->others = (mode & 077) != 0;
	s->started = emu_now_ns();
	if (strlen(path) > 90) {
		snprintf(err, err_size, "the path of a socket has at most 90 characters");
		return -ENAMETOOLONG;
	}
	strcpy(s->path, path);
	ret = emu_peer_catch_bus_errors();
	if (ret == 0)
		ret = bind_at(s, path, mode);
	if (ret == -EADDRINUSE)
		snprintf(err, err_size, "%s: in use", path);
	else if (ret != 0)
		snprintf(err, err_size, "%s: %s", path, strerror(-ret));
	return ret;
}

void
emu_server_close(struct emu_server *s)
{
	unsigned int i;

	unlink(s->path);
	close(s->listen_fd);
	for (i = 0; i < EMU_MAX_CONNS; i++)
		if (s->conns[i] != NULL)
			conn_end(s, i);
}
