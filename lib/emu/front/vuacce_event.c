/* SPDX-License-Identifier: BSD-3-Clause */
/* Device nodes: what clients do with their queues, and which memory they give to the device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vuacce.h"

static struct emu_node_queue *
find_queue(const struct emu_node *n, uint32_t id)
{
	struct emu_node_queue *nq = n->queues;

	while (nq != NULL && nq->id != id)
		nq = nq->next;
	return nq;
}

static void
reply(struct emu_node *n, uint64_t cookie, int result, const void *data, uint32_t size)
{
	struct vuacce_reply r = { .cookie = cookie, .result = result, .size = size };

	if (cookie == 0)
		return;
	if (size != 0)
		memcpy(r.data, data, size);
	/* Nobody may wait for it any more: that is no error of ours. */
	if (write(n->fd, &r, sizeof(r)) < 0 && errno != ENOENT)
		perror("uacce-emu: vuacce");
}

/* ------------------------------------------------------------------ memory, under n->lock */

static struct emu_node_mem *
find_mem(const struct emu_node_client *c, uint32_t id)
{
	struct emu_node_mem *m = c->mems;

	while (m != NULL && m->id != id)
		m = m->next;
	return m;
}

/* The pieces of the memory as the device sees them. */
static bool
get_slices(const struct emu_node *n, const struct vuacce_ev_mem *ev, struct emu_node_mem *m)
{
	struct vuacce_mem_slices get = { .mem = ev->mem, .count = m->nb_slices,
		.slices = (uintptr_t)m->slices };

	if (n->dev->mode != WD_DEV_NOIOMMU) {
		m->slices[0] = (struct uacce_slice){ .addr = ev->addr, .dev_addr = ev->addr,
			.len = ev->len };
		return true;
	}
	/* ENOENT: taken away again before we got here. */
	return ioctl(n->fd, VUACCE_MEM_SLICES, &get) == 0 && get.count == m->nb_slices;
}

static void
unmap_slices(struct emu_node_client *c, const struct emu_node_mem *m, unsigned int nb)
{
	while (nb-- > 0)
		emu_peer_unmap(&c->peer, m->slices[nb].dev_addr, m->slices[nb].len);
}

/* Every piece at its device address, so that neighbours for the device are neighbours here. */
static bool
map_slices(struct emu_node_client *c, const struct vuacce_ev_mem *ev, const struct emu_node_mem *m)
{
	unsigned int i;

	for (i = 0; i < m->nb_slices; i++) {
		const struct uacce_slice *s = &m->slices[i];

		if (emu_peer_map(&c->peer, c->node->fd, s->dev_addr, s->len,
				ev->offset + (s->addr - ev->addr)) != 0) {
			unmap_slices(c, m, i);
			return false;
		}
	}
	return true;
}

static void
mem_add(struct emu_node_client *c, const struct vuacce_ev_mem *ev)
{
	const unsigned int nb = c->node->dev->mode == WD_DEV_NOIOMMU ? ev->slices : 1;
	struct emu_node_mem *m = find_mem(c, ev->mem);

	/* The kernel's own region: neither side looks into it. */
	if (ev->kind == VUACCE_MEM_DKO)
		return;
	if (m != NULL) {
		m->users++;
		return;
	}
	m = calloc(1, sizeof(*m) + nb * sizeof(m->slices[0]));
	if (m == NULL)
		return;
	m->id = ev->mem;
	m->users = 1;
	m->nb_slices = nb;
	/* What cannot be mapped stays unknown: requests that use it fail. */
	m->mapped = get_slices(c->node, ev, m) && map_slices(c, ev, m);
	if (m->mapped)
		emu_peer_publish(&c->peer);
	m->next = c->mems;
	c->mems = m;
}

/* True: there is something to settle. */
static bool
mem_del(struct emu_node_client *c, uint32_t id)
{
	struct emu_node_mem *m = find_mem(c, id), **at = &c->mems;
	bool mapped;

	if (m == NULL || --m->users != 0)
		return false;
	mapped = m->mapped;
	if (mapped) {
		unmap_slices(c, m, m->nb_slices);
		emu_peer_publish(&c->peer);
	}
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	free(m);
	return mapped;
}

/* ------------------------------------------------------------------ events out of order */

static bool
read_event(struct emu_node *n, struct vuacce_event *ev)
{
	return read(n->fd, ev, sizeof(*ev)) == sizeof(*ev);
}

static bool
stash_put(struct emu_node *n, const struct vuacce_event *ev)
{
	struct emu_node_event *e = malloc(sizeof(*e));

	if (e == NULL)
		return false;
	e->ev = *ev;
	e->next = NULL;
	*n->stash_end = e;
	n->stash_end = &e->next;
	return true;
}

static bool
stash_take(struct emu_node *n, struct vuacce_event *ev)
{
	struct emu_node_event *e = n->stash;

	if (e == NULL)
		return false;
	*ev = e->ev;
	n->stash = e->next;
	if (n->stash == NULL)
		n->stash_end = &n->stash;
	free(e);
	return true;
}

void
emu_node_stash_free(struct emu_node *n)
{
	struct vuacce_event ev;

	while (stash_take(n, &ev))
		;
}

/* Memory that is in no table of the client's: perhaps nobody has read of it yet. */
static void *
miss(void *arg, uint64_t addr, uint64_t len)
{
	struct emu_node_client *c = arg;
	struct emu_node *n = c->node;
	struct emu_node_queue *nq;
	struct vuacce_event ev;
	struct emu_mem now;
	void *p = NULL;

	pthread_mutex_lock(&n->lock);
	while (read_event(n, &ev)) {
		nq = find_queue(n, ev.queue);
		if (ev.type == VUACCE_EV_MEM_ADD && nq != NULL)
			mem_add(nq->client, &ev.mem);
		else if (ev.type == VUACCE_EV_MEM_DEL && nq != NULL)
			mem_del(nq->client, ev.mem.mem);
		/* With its kind left, so that the other thread settles what was taken away. */
		if (ev.type != VUACCE_EV_MEM_ADD && !stash_put(n, &ev))
			break;
	}
	if (n->stash != NULL)
		eventfd_write(n->stash_fd, 1);
	if (c->peer.mem.seen != NULL) {
		now = c->peer.mem.seen->mem;
		now.miss = NULL;
		p = emu_ptr_region(&now, addr, len);
	}
	pthread_mutex_unlock(&n->lock);
	return p;
}

/* ------------------------------------------------------------------ queues */

static struct emu_node_client *
client_get(struct emu_node *n, const struct vuacce_ev_open *open)
{
	struct emu_node_client *c;

	for (c = n->clients; c != NULL; c = c->next)
		if (c->id == open->client) {
			c->queues++;
			return c;
		}
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->node = n;
	c->id = open->client;
	c->pid = open->pid;
	c->queues = 1;
	/* Zero is none. A number comes again after so many clients: what it was for is forgotten. */
	if (++n->spaces == 0)
		n->spaces = 1;
	c->space = (uint64_t)n->spaces << 48;
	c->peer.dev = n->dev;
	c->peer.miss = miss;
	c->peer.miss_arg = c;
	c->peer.queues = calloc(n->dev->max_queues, sizeof(c->peer.queues[0]));
	if (c->peer.queues == NULL || emu_peer_publish(&c->peer) != 0) {
		free(c->peer.queues);
		free(c);
		return NULL;
	}
	c->next = n->clients;
	n->clients = c;
	return c;
}

static void
client_put(struct emu_node_client *c)
{
	struct emu_node_client **at = &c->node->clients;
	struct emu_node_mem *m;

	if (--c->queues != 0)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	while ((m = c->mems) != NULL) {
		c->mems = m->next;
		free(m);
	}
	if (c->node->dev->model->forget != NULL)
		c->node->dev->model->forget(c->node->dev, (const void *)c->space, 1ull << 48);
	emu_peer_mem_free(&c->peer);
	free(c->peer.queues);
	free(c);
}

static void
unmap_regions(const struct emu_node_queue *nq)
{
	if (nq->mmio != MAP_FAILED)
		munmap(nq->mmio, qm_region_size(nq->node->dev, WD_REGION_MMIO));
	if (nq->dus != MAP_FAILED)
		munmap(nq->dus, qm_region_size(nq->node->dev, WD_REGION_DUS));
}

static int
map_regions(struct emu_node_queue *nq, const struct vuacce_ev_open *open)
{
	const struct emu_node *n = nq->node;

	nq->mmio = mmap(NULL, qm_region_size(n->dev, WD_REGION_MMIO), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, n->fd, (off_t)open->mmio_offset);
	nq->dus = mmap(NULL, qm_region_size(n->dev, WD_REGION_DUS), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, n->fd, (off_t)open->dus_offset);
	if (nq->mmio != MAP_FAILED && nq->dus != MAP_FAILED)
		return 0;
	unmap_regions(nq);
	return -ENOMEM;
}

static int
queue_open(struct emu_node *n, const struct vuacce_event *ev)
{
	struct emu_node_queue *nq = calloc(1, sizeof(*nq));
	int ret;

	if (nq == NULL)
		return -ENOMEM;
	nq->node = n;
	nq->id = ev->queue;
	ret = map_regions(nq, &ev->open);
	if (ret != 0)
		goto fail;
	ret = qm_queue_open_at(n->dev, nq->mmio, nq->dus, nq, &nq->q);
	if (ret != 0)
		goto fail_unmap;
	pthread_mutex_lock(&n->lock);
	nq->client = client_get(n, &ev->open);
	if (nq->client != NULL) {
		nq->mem = (struct emu_mem){ .miss = emu_node_sva_miss, .miss_arg = nq,
			.space = nq->client->space };
		nq->client->peer.queues[nq->q->id] = nq->q;
		atomic_store(&nq->q->mem, n->dev->mode == WD_DEV_SVA ? &nq->mem :
			&nq->client->peer.mem.seen->mem);
		nq->next = n->queues;
		n->queues = nq;
	}
	pthread_mutex_unlock(&n->lock);
	if (nq->client != NULL)
		return 0;
	ret = -ENOMEM;
	qm_queue_close(nq->q);
fail_unmap:
	unmap_regions(nq);
fail:
	free(nq);
	return ret;
}

static void
queue_close(struct emu_node_queue *nq)
{
	struct emu_node *n = nq->node;
	struct emu_node_queue **at = &n->queues;

	/* Its engine thread may wait for the lock. */
	qm_stop(nq->q);
	pthread_mutex_lock(&n->lock);
	while (*at != nq)
		at = &(*at)->next;
	*at = nq->next;
	nq->client->peer.queues[nq->q->id] = NULL;
	pthread_mutex_unlock(&n->lock);
	qm_queue_close(nq->q);
	unmap_regions(nq);
	pthread_mutex_lock(&n->lock);
	client_put(nq->client);
	pthread_mutex_unlock(&n->lock);
	free(nq);
}

void
emu_node_drop_all(struct emu_node *n)
{
	unsigned int i;

	for (i = 0; i < n->dev->nb_threads; i++)
		emu_thread_sync(&n->dev->threads[i]);
	while (n->queues != NULL)
		queue_close(n->queues);
}

static void
queue_ioctl(struct emu_node_queue *nq, const struct vuacce_event *ev)
{
	const unsigned int cmd = ev->ioctl.cmd;
	uint64_t data[VUACCE_DATA_LEN / 8];
	int ret = -EINVAL;

	memcpy(data, ev->ioctl.data, sizeof(data));
	if (cmd == HISI_QM_SET_QP_CTX || cmd == HISI_QM_SET_QP_INFO)
		ret = qm_ioctl(nq->q, cmd, data);
	reply(nq->node, ev->cookie, ret, data, ret == 0 ? _IOC_SIZE(cmd) : 0);
}

/* ------------------------------------------------------------------ events */

/* Of an event's memory, under n->lock. Returns the client who has something to settle. */
static struct emu_node_client *
memory_event(struct emu_node *n, const struct vuacce_event *ev, bool stashed)
{
	struct emu_node_queue *nq = find_queue(n, ev->queue);

	if (nq == NULL)
		return NULL;
	if (ev->type == VUACCE_EV_MEM_ADD) {
		mem_add(nq->client, &ev->mem);
		return nq->client;
	}
	if (ev->type != VUACCE_EV_MEM_DEL)
		return NULL;
	/* An engine thread has done the rest. */
	return stashed || mem_del(nq->client, ev->mem.mem) ? nq->client : NULL;
}

static void
queue_event(struct emu_node *n, const struct vuacce_event *ev)
{
	struct emu_node_queue *nq = find_queue(n, ev->queue);

	if (ev->type == VUACCE_EV_QUEUE_OPEN) {
		reply(n, ev->cookie, queue_open(n, ev), NULL, 0);
		return;
	}
	if (nq == NULL) {
		reply(n, ev->cookie, -ENXIO, NULL, 0);
		return;
	}
	switch (ev->type) {
	case VUACCE_EV_QUEUE_START:
		reply(n, ev->cookie, qm_start(nq->q), NULL, 0);
		break;
	case VUACCE_EV_QUEUE_STOP:
		reply(n, ev->cookie, qm_stop(nq->q), NULL, 0);
		break;
	case VUACCE_EV_QUEUE_CLOSE:
		queue_close(nq);
		break;
	case VUACCE_EV_IOCTL:
		queue_ioctl(nq, ev);
		break;
	}
}

void
emu_node_events(struct emu_node *n)
{
	struct emu_node_client *unsettled;
	struct vuacce_event ev;
	bool stashed, any;

	for (;;) {
		pthread_mutex_lock(&n->lock);
		stashed = stash_take(n, &ev);
		any = stashed || read_event(n, &ev);
		unsettled = any ? memory_event(n, &ev, stashed) : NULL;
		pthread_mutex_unlock(&n->lock);
		if (!any)
			return;
		if (unsettled != NULL)
			emu_peer_settle(&unsettled->peer, &n->lock);
		else if (ev.type < VUACCE_EV_MEM_ADD)
			queue_event(n, &ev);
	}
}
