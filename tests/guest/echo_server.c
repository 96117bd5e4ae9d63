// SPDX-License-Identifier: BSD-3-Clause
/* An example of a vuacce server: one thread, no state but what the events tell. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "echo.h"

#define MAX_QUEUES	128
#define MAX_MEMS	256

/* Memory that a queue told; slices only with physical addresses. */
struct mem {
	uint32_t queue;
	uint32_t client;
	uint32_t id;
	uint64_t addr;
	uint64_t len;
	uint8_t *map;
	struct uacce_slice *slices;
	uint32_t nslices;
};

struct queue {
	uint32_t id;
	uint32_t client;
	bool started;
	bool asleep;
	volatile uint8_t *mmio;
	volatile uint8_t *dus;
	uint32_t head;
	uint32_t stops;
};

struct server {
	int fd;
	uint32_t flags;
	const struct echo_opts *opts;
	struct queue queues[MAX_QUEUES];
	struct mem mems[MAX_MEMS];
	int start_error;	/* for the next start: 0, an errno, or -1 = no reply */
	int kicks;
};

static struct queue *
find_queue(struct server *s, uint32_t id)
{
	for (int i = 0; i < MAX_QUEUES; i++)
		if (s->queues[i].id == id)
			return &s->queues[i];
	return NULL;
}

static void
reply(struct server *s, uint64_t cookie, int result, const void *data, uint32_t size)
{
	struct vuacce_reply r = {.cookie = cookie, .result = result, .size = size};

	if (!cookie)
		return;
	if (size)
		memcpy(r.data, data, size);
	/* ENOENT: the client gave up; nothing to do about it. */
	if (write(s->fd, &r, sizeof(r)) != sizeof(r) && errno != ENOENT)
		perror("echo server: write");
}

/* ---- memory ---- */

static void
mem_add(struct server *s, const struct queue *q, const struct vuacce_ev_mem *ev)
{
	struct mem *m = s->mems;

	while (m->id && m < s->mems + MAX_MEMS - 1)
		m++;
	*m = (struct mem){.queue = q->id, .client = q->client, .id = ev->mem, .addr = ev->addr,
		.len = ev->len};
	m->map = mmap(NULL, ev->len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, (off_t)ev->offset);
	if (m->map == MAP_FAILED) {
		/* ENXIO: the client took it away before this event was read. */
		if (errno != ENXIO)
			perror("echo server: mmap");
		m->id = 0;
		return;
	}
	if (!(s->flags & UACCE_DEV_NOIOMMU))
		return;
	m->slices = calloc(ev->slices, sizeof(*m->slices));
	struct vuacce_mem_slices get = {
		.mem = ev->mem, .count = ev->slices, .slices = (uintptr_t)m->slices};
	if (ioctl(s->fd, VUACCE_MEM_SLICES, &get) || get.count != ev->slices)
		perror("echo server: slices");
	m->nslices = get.count;
}

static void
mem_drop(struct mem *m)
{
	munmap(m->map, m->len);
	free(m->slices);
	m->id = 0;
	m->slices = NULL;
}

static void
mem_del(struct server *s, uint32_t queue, uint32_t id)
{
	for (struct mem *m = s->mems; m < s->mems + MAX_MEMS; m++)
		if (m->id == id && m->queue == queue) {
			mem_drop(m);
			return;
		}
}

/* Where the server has what the device calls addr. */
static uint8_t *
translate(struct server *s, uint32_t client, uint64_t addr, uint32_t len)
{
	for (struct mem *m = s->mems; m < s->mems + MAX_MEMS; m++) {
		if (!m->id || m->client != client)
			continue;
		if (!(s->flags & UACCE_DEV_NOIOMMU)) {
			if (addr >= m->addr && addr + len <= m->addr + m->len)
				return m->map + (addr - m->addr);
			continue;
		}
		for (uint32_t i = 0; i < m->nslices; i++) {
			const struct uacce_slice *sl = &m->slices[i];

			if (addr >= sl->dev_addr && addr + len <= sl->dev_addr + sl->len)
				return m->map + (sl->addr - m->addr) + (addr - sl->dev_addr);
		}
	}
	return NULL;
}

/* ---- work ---- */

static void handle_events(struct server *s);

static void
complement(uint8_t *dst, const uint8_t *src, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		dst[i] = (uint8_t)~src[i];
}

static int
work_sva(struct server *s, struct queue *q, const struct echo_sqe *sqe)
{
	uint8_t *buf = malloc(sqe->len + 1);
	struct vuacce_seg in = {(uintptr_t)buf, sqe->src, sqe->len, VUACCE_FROM_CLIENT};
	struct vuacce_seg out = {(uintptr_t)buf, sqe->dst, sqe->len, VUACCE_TO_CLIENT};
	struct vuacce_copy copy = {.queue = q->id, .count = 1, .segs = (uintptr_t)&in};
	int ret = 0;

	if (ioctl(s->fd, VUACCE_COPY, &copy))
		ret = -errno;
	if (!ret) {
		complement(buf, buf, sqe->len);
		copy.segs = (uintptr_t)&out;
		if (ioctl(s->fd, VUACCE_COPY, &copy))
			ret = -errno;
	}
	free(buf);
	return ret;
}

static int
work_mapped(struct server *s, struct queue *q, const struct echo_sqe *sqe)
{
	uint8_t *src = translate(s, q->client, sqe->src, sqe->len);
	uint8_t *dst = translate(s, q->client, sqe->dst, sqe->len);

	if (!src || !dst) {
		/* The doorbell may have overtaken the event that explains the address. */
		handle_events(s);
		src = translate(s, q->client, sqe->src, sqe->len);
		dst = translate(s, q->client, sqe->dst, sqe->len);
	}
	if (!src || !dst)
		return -EFAULT;
	complement(dst, src, sqe->len);
	return 0;
}

static bool
work(struct server *s, struct queue *q)
{
	uint32_t tail =
		__atomic_load_n((uint32_t *)(uintptr_t)(q->mmio + ECHO_SQ_DB), __ATOMIC_ACQUIRE);
	bool any = false, wake = false;

	/* A handler may stop the queue meanwhile. */
	while (q->started && q->head != tail && tail - q->head <= ECHO_DEPTH) {
		uint32_t slot = q->head % ECHO_DEPTH;
		struct echo_sqe sqe = ((volatile struct echo_sqe *)q->dus)[slot];
		volatile struct echo_cqe *cqe =
			(volatile struct echo_cqe *)(q->dus + ECHO_CQ) + slot;

		cqe->tag = sqe.tag;
		cqe->status =
			s->flags & UACCE_DEV_SVA ? work_sva(s, q, &sqe) : work_mapped(s, q, &sqe);
		q->head++;
		__atomic_store_n(&cqe->seq, q->head, __ATOMIC_RELEASE);
		wake |= sqe.flags & ECHO_F_WAKE;
		any = true;
	}
	if (wake)
		ioctl(s->fd, VUACCE_WAKE, q->id);
	return any;
}

/* ---- events ---- */

static void
queue_open(struct server *s, const struct vuacce_event *ev)
{
	struct queue *q = find_queue(s, 0);
	int result = -s->opts->refuse_open;

	if (s->opts->ignore_open)
		return;
	if (!q)
		result = -EBUSY;
	if (!result) {
		*q = (struct queue){.id = ev->queue, .client = ev->open.client};
		q->mmio = mmap(NULL, ECHO_MMIO_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
			(off_t)ev->open.mmio_offset);
		q->dus = mmap(NULL, ECHO_DUS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
			(off_t)ev->open.dus_offset);
		if (q->mmio == MAP_FAILED || q->dus == MAP_FAILED)
			result = -ENOMEM;
	}
	reply(s, ev->cookie, result, NULL, 0);
}

static void
queue_close(struct server *s, struct queue *q)
{
	munmap((void *)(uintptr_t)q->mmio, ECHO_MMIO_SIZE);
	munmap((void *)(uintptr_t)q->dus, ECHO_DUS_SIZE);
	for (struct mem *m = s->mems; m < s->mems + MAX_MEMS; m++)
		if (m->id && m->queue == q->id)
			fprintf(stderr, "echo server: memory %u was not deleted before close\n",
				m->id);
	*q = (struct queue){0};
}

static int
bad_replies(struct server *s)
{
	struct vuacce_reply r = {.cookie = 999999};
	void *volatile nowhere = (void *)8;

	if (write(s->fd, &r, sizeof(r)) != -1 || errno != ENOENT)
		return 1;
	if (write(s->fd, &r, sizeof(r) - 1) != -1 || errno != EINVAL)
		return 2;
	r.result = -512;
	if (write(s->fd, &r, sizeof(r)) != -1 || errno != EINVAL)
		return 3;
	r.result = 0;
	r.size = VUACCE_DATA_LEN + 1;
	if (write(s->fd, &r, sizeof(r)) != -1 || errno != EINVAL)
		return 4;
	if (write(s->fd, nowhere, sizeof(r)) != -1 || errno != EFAULT)
		return 5;
	return 0;
}

static int
bad_calls(struct server *s)
{
	struct vuacce_copy copy = {.queue = 12345};
	struct vuacce_mem_slices slices = {.mem = 4000000};
	struct vuacce_config config = {.size = sizeof(config)};
	char buf[sizeof(struct vuacce_event)];
	bool sva = s->flags & UACCE_DEV_SVA;

	if (!ioctl(s->fd, VUACCE_WAKE, 12345) || errno != ESRCH)
		return 1;
	if (!ioctl(s->fd, VUACCE_COPY, &copy) || errno != (sva ? ESRCH : EOPNOTSUPP))
		return 2;
	if (!ioctl(s->fd, VUACCE_MEM_SLICES, &slices) || errno != ENOENT)
		return 3;
	if (!ioctl(s->fd, VUACCE_CREATE, &config) || errno != EBUSY)
		return 4;
	if (!ioctl(s->fd, _IO('W', 0x7f)) || errno != ENOTTY)
		return 5;
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd, 4000L << 40) != MAP_FAILED ||
		errno != ENXIO)
		return 6;
	if (read(s->fd, buf, sizeof(buf) - 1) != -1 || errno != EINVAL)
		return 7;
	if (read(s->fd, buf, sizeof(buf)) != -1 || errno != EAGAIN)
		return 8;
	return 0;
}

static int
count_mems(struct server *s, uint32_t queue)
{
	int n = 0;

	for (struct mem *m = s->mems; m < s->mems + MAX_MEMS; m++)
		n += m->id && m->queue == queue;
	return n;
}

static void
echo_command(struct server *s, struct queue *q, const struct vuacce_event *ev)
{
	int result = 0;

	switch ((enum echo_cmd)ev->ioctl.arg) {
	case ECHO_IGNORE_THIS: return;
	case ECHO_IGNORE_START: s->start_error = -1; break;
	case ECHO_REFUSE_START: s->start_error = EIO; break;
	case ECHO_REPORT_ERROR: result = ioctl(s->fd, VUACCE_ERROR); break;
	case ECHO_FAIL_QUEUE: ioctl(s->fd, VUACCE_FAIL_QUEUE, q->id); break;
	case ECHO_RETURN_7: result = 7; break;
	case ECHO_WAKE: ioctl(s->fd, VUACCE_WAKE, q->id); break;
	case ECHO_SLEEP:
		q->asleep = true;
		ioctl(s->fd, VUACCE_ARM, q->id);
		break;
	case ECHO_KICKS: result = s->kicks; break;
	case ECHO_MEMS: result = count_mems(s, q->id); break;
	case ECHO_STOPS: result = (int)q->stops; break;
	case ECHO_BAD_REPLIES: result = bad_replies(s); break;
	case ECHO_BAD_CALLS: result = bad_calls(s); break;
	case ECHO_EXIT: _exit(0);
	default: result = -EINVAL;
	}
	reply(s, ev->cookie, result, NULL, 0);
}

/* The queue ioctls of a HiSilicon device, as a client of that family would send them. */
static void
queue_ioctl(struct server *s, struct queue *q, const struct vuacce_event *ev)
{
	struct {
		uint32_t sqe_size;
		uint16_t sq_depth, cq_depth;
		uint64_t reserved;
	} info = {sizeof(struct echo_sqe), ECHO_DEPTH, ECHO_DEPTH, 0};
	uint16_t ctx[2];

	switch (ev->ioctl.cmd) {
	case _IOWR('H', 10, uint32_t):
		memcpy(ctx, ev->ioctl.data, sizeof(ctx));
		if (ctx[1] > 1) {
			reply(s, ev->cookie, -EINVAL, NULL, 0);
			return;
		}
		ctx[0] = (uint16_t)q->id;
		reply(s, ev->cookie, 0, ctx, sizeof(ctx));
		return;
	case _IOWR('H', 11, info):
		reply(s, ev->cookie, 0, &info, sizeof(info));
		return;
	case ECHO_CMD:
		echo_command(s, q, ev);
		return;
	default:
		reply(s, ev->cookie, -EINVAL, NULL, 0);
	}
}

static void
queue_start(struct server *s, struct queue *q, uint64_t cookie)
{
	int error = s->start_error;

	s->start_error = 0;
	if (error < 0)
		return;
	if (!error) {
		q->head = *(volatile uint32_t *)(q->mmio + ECHO_SQ_DB);
		q->started = true;
	}
	reply(s, cookie, -error, NULL, 0);
}

static void
handle_event(struct server *s, const struct vuacce_event *ev)
{
	struct queue *q = find_queue(s, ev->queue);

	if (ev->type == VUACCE_EV_QUEUE_OPEN) {
		queue_open(s, ev);
		return;
	}
	if (!q)
		return;
	switch (ev->type) {
	case VUACCE_EV_QUEUE_START: queue_start(s, q, ev->cookie); break;
	case VUACCE_EV_QUEUE_STOP:
		q->started = false;
		q->stops++;
		reply(s, ev->cookie, 0, NULL, 0);
		break;
	case VUACCE_EV_QUEUE_CLOSE: queue_close(s, q); break;
	case VUACCE_EV_IOCTL: queue_ioctl(s, q, ev); break;
	case VUACCE_EV_MEM_ADD: mem_add(s, q, &ev->mem); break;
	case VUACCE_EV_MEM_DEL: mem_del(s, ev->queue, ev->mem.mem); break;
	default: fprintf(stderr, "echo server: event %u?\n", ev->type);
	}
}

static void
handle_events(struct server *s)
{
	struct vuacce_event ev;

	while (read(s->fd, &ev, sizeof(ev)) == sizeof(ev))
		handle_event(s, &ev);
}

static void
loop(struct server *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN | POLLPRI};
	int idle = 0;

	for (;;) {
		bool any = false;

		if (poll(&p, 1, idle > 1000 ? 1 : 0) > 0) {
			if (p.revents & POLLPRI) {
				s->kicks += ioctl(s->fd, VUACCE_TAKE_KICKS);
				for (int i = 0; i < MAX_QUEUES; i++)
					s->queues[i].asleep = false;
			}
			handle_events(s);
			any = true;
		}
		for (int i = 0; i < MAX_QUEUES; i++)
			if (s->queues[i].id && !s->queues[i].asleep)
				any |= work(s, &s->queues[i]);
		idle = any ? 0 : idle + 1;
	}
}

static int
create(struct server *s)
{
	const struct echo_opts *o = s->opts;
	struct vuacce_config c = {
		.size = sizeof(c),
		.flags = o->flags,
		.api = "echo_v1",
		.algorithms = "echo\ncomplement\n",
		.region_size = {ECHO_MMIO_SIZE, ECHO_DUS_SIZE,
			o->ss_max		   ? o->ss_max
			: o->flags & UACCE_DEV_SVA ? 0
						   : 1UL << 30,
			o->dko ? ECHO_DKO_SIZE : 0},
		.max_queues = o->max_queues ? o->max_queues : 16,
		.node = o->node - 1,
		.nlast = 2,
		.last_words = {{UACCE_QFRT_DUS, ECHO_RX_STOP, 1, 0},
			{UACCE_QFRT_DUS, ECHO_TX_STOP, 1, 0}},
	};

	strcpy(c.name, o->name ? o->name : "echo");
	if (ioctl(s->fd, VUACCE_CREATE, &c))
		return -errno;
	return c.id;
}

int
echo_serve(const struct echo_opts *opts, int ready_fd)
{
	struct server *s = calloc(1, sizeof(*s));
	int id;

	s->opts = opts;
	s->flags = opts->flags;
	s->fd = open("/dev/vuacce", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0)
		return -errno;
	id = create(s);
	if (opts->uid && (setgroups(0, NULL) || setresgid(opts->uid, opts->uid, opts->uid) ||
				 setresuid(opts->uid, opts->uid, opts->uid)))
		return -errno;
	if (write(ready_fd, &id, sizeof(id)) != sizeof(id) || id < 0)
		return id;
	loop(s);
	return 0;
}

void
echo_spawn(struct echo_dev *dev, const struct echo_opts *opts)
{
	int p[2];

	if (pipe(p) || (dev->pid = fork()) < 0) {
		perror("echo_spawn");
		exit(1);
	}
	if (!dev->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent's queues must not live on here. */
		if (p[1] != 3)
			dup2(p[1], 3);
		p[1] = 3;
		close_range(4, ~0u, 0);
		_exit(-echo_serve(opts, p[1]));
	}
	close(p[1]);
	if (read(p[0], &dev->id, sizeof(dev->id)) != sizeof(dev->id))
		dev->id = -EPIPE;
	close(p[0]);
	if (dev->id < 0) {
		printf("echo server does not start: %s\n", strerror(-dev->id));
		exit(1);
	}
	snprintf(dev->node, sizeof(dev->node), "/dev/%s-%d", opts->name ? opts->name : "echo",
		dev->id);
	snprintf(dev->sysfs, sizeof(dev->sysfs), "/sys/class/uacce/%s-%d",
		opts->name ? opts->name : "echo", dev->id);
}

void
echo_kill(struct echo_dev *dev)
{
	kill(dev->pid, SIGKILL);
	waitpid(dev->pid, NULL, 0);
}
