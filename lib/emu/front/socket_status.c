/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon tells of itself, and what it can be told to do wrong. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "../fault.h"
#include "socket.h"

static const char *
mode_name(uint32_t mode)
{
	switch (mode) {
	case WD_DEV_NOIOMMU:
		return "noiommu";
	case WD_DEV_IOMMU:
		return "iommu";
	case WD_DEV_SHARE_DOMAIN:
		return "domain";
	default:
		return "sva";
	}
}

static void
device_text(const struct emu_device *dev, FILE *f)
{
	uint64_t ops = 0, bytes = 0, errors = 0;
	unsigned int i, started = 0;

	for (i = 0; i < dev->nb_threads; i++) {
		const struct emu_counters *n = &dev->threads[i].counters;

		ops += atomic_load_explicit(&n->ops, memory_order_relaxed);
		bytes += atomic_load_explicit(&n->bytes, memory_order_relaxed);
		errors += atomic_load_explicit(&n->errors, memory_order_relaxed);
	}
	fprintf(f, "{\"name\": \"%s\", \"kind\": \"%s\", \"api\": \"%s%u\", \"mode\": \"%s\", "
		"\"engine\": \"%s\", \"numa_node\": %d, \"threads\": %u, ", dev->name,
		dev->model->kind, HISI_QM_API_PREFIX, dev->hw, mode_name(dev->mode), dev->engine,
		dev->numa_node, dev->nb_threads);
	fprintf(f, "\"lost\": %s, \"queues\": %u, \"queues_open\": %u, \"queues_started\": ",
		dev->lost ? "true" : "false", dev->max_queues, dev->nb_queues);
	for (i = 0; i < dev->max_queues; i++)
		started += dev->queues[i] != NULL && dev->queues[i]->state == EMU_Q_STARTED;
	fprintf(f, "%u, \"ops\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"errors\": %" PRIu64 "}",
		started, ops, bytes, errors);
}

static void
client_text(FILE *f, unsigned int *clients, pid_t pid, const struct emu_peer *p)
{
	unsigned int q, n = 0;

	for (q = 0; q < p->dev->max_queues; q++)
		n += p->queues[q] != NULL;
	fprintf(f, "%s\n  {\"pid\": %d, \"device\": \"%s\", \"queues\": %u, "
		"\"shared_bytes\": %" PRIu64 "}", (*clients)++ == 0 ? "" : ",", (int)pid,
		p->dev->name, n, emu_peer_shared_bytes(p));
}

static void
node_clients_text(FILE *f, unsigned int *clients, struct emu_node *n)
{
	const struct emu_node_client *c;

	pthread_mutex_lock(&n->lock);
	for (c = n->clients; c != NULL; c = c->next)
		client_text(f, clients, c->pid, &c->peer);
	pthread_mutex_unlock(&n->lock);
}

int
emu_status_text(struct emu_server *s, FILE *f)
{
	unsigned int i, clients = 0;

	fprintf(f, "{\"pid\": %d, \"uptime_ms\": %" PRIu64 ", \"devices\": [", (int)getpid(),
		(emu_now_ns() - s->started) / 1000000);
	for (i = 0; i < s->nb_devs; i++) {
		fprintf(f, i == 0 ? "\n  " : ",\n  ");
		pthread_mutex_lock(&s->devs[i]->lock);
		device_text(s->devs[i], f);
		pthread_mutex_unlock(&s->devs[i]->lock);
	}
	fprintf(f, "],\n \"clients\": [");
	for (i = 0; i < EMU_MAX_CONNS; i++) {
		const struct emu_conn *c = s->conns[i];

		if (c == NULL || c->peer.dev == NULL)
			continue;
		client_text(f, &clients, c->pid, &c->peer);
	}
	for (i = 0; s->nodes != NULL && i < s->nb_devs; i++)
		node_clients_text(f, &clients, &s->nodes[i]);
	fprintf(f, "]}\n");
	return ferror(f) ? -EIO : 0;
}

/* ------------------------------------------------------------------ faults */

/* Its number, or nb_devs. */
static unsigned int
find(struct emu_server *s, const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < s->nb_devs; i++)
		if (strlen(s->devs[i]->name) == len && memcmp(s->devs[i]->name, name, len) == 0)
			break;
	return i;
}

static int
return_device(struct emu_device *dev, struct emu_node *node)
{
	if (node != NULL)
		return emu_node_return(node);
	pthread_mutex_lock(&dev->lock);
	dev->lost = false;
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

static void
lose_device(struct emu_device *dev)
{
	unsigned int i;

	qm_device_lose(dev);
	for (i = 0; i < dev->nb_threads; i++)
		emu_thread_sync(&dev->threads[i]);
}

/* All queues get lost, and the device is there again at once. */
static int
reset_device(struct emu_device *dev, struct emu_node *node)
{
	lose_device(dev);
	if (node != NULL)
		emu_node_error(node);
	return return_device(dev, node);
}

int
emu_fault_command(struct emu_server *s, const char *text, char *err, size_t err_size)
{
	size_t len = strcspn(text, " ");
	unsigned int i = find(s, text, len);
	struct emu_device *dev = i < s->nb_devs ? s->devs[i] : NULL;
	struct emu_node *node = s->nodes != NULL && dev != NULL ? &s->nodes[i] : NULL;
	const char *what = text + len + (text[len] == ' ');
	int ret = 0;

	if (dev == NULL) {
		snprintf(err, err_size, "no device '%.*s'", (int)len, text);
		return -ENODEV;
	}
	if (strcmp(what, "unplug") == 0) {
		if (node != NULL)
			emu_node_unplug(node);
		else
			lose_device(dev);
	} else if (strcmp(what, "return") == 0) {
		ret = return_device(dev, node);
	} else if (strcmp(what, "reset") == 0) {
		ret = reset_device(dev, node);
	} else if (strcmp(what, "clear") == 0) {
		emu_fault_clear(dev);
	} else {
		ret = emu_fault_inject(dev, what);
		if (ret == -EINVAL)
			snprintf(err, err_size, "bad fault '%s', want reset, unplug, return, clear, %s "
				"from now on", what, EMU_FAULT_SYNTAX);
		else if (ret != 0)
			snprintf(err, err_size, "%s", strerror(-ret));
	}
	return ret;
}
