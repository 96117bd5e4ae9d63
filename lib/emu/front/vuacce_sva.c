/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device nodes with SVA: addresses are the client's, and the kernel copies from and to there. A
 * batch is cut into parts of one queue each; the memory of a part is mirrored for its time, with a
 * copy for lists and all that is flat, a copy for what lists point to, and one that goes back.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../mirror.h"
#include "vuacce.h"

#define MAX_PART        (16u << 20)     /* bytes of a part; one job may have more */
#define LIST_HEAD       (sizeof(struct hisi_sgl) + 4 * sizeof(struct hisi_sgl_entry))

/* ------------------------------------------------------------------ copies */

static unsigned int
copy(void *arg, const struct emu_piece *p, unsigned int n, bool to_client)
{
	const struct emu_node_queue *nq = arg;
	struct vuacce_seg segs[1024];
	struct vuacce_copy c = { .queue = nq->id, .count = n, .segs = (uintptr_t)segs };
	unsigned int i;

	for (i = 0; i < n; i++)
		segs[i] = (struct vuacce_seg){ .local = (uintptr_t)p[i].local,
			.remote = p[i].remote, .len = p[i].len,
			.flags = to_client ? VUACCE_TO_CLIENT : VUACCE_FROM_CLIENT };
	/* With an error, too, done says how far it got. */
	if (ioctl(nq->node->fd, VUACCE_COPY, &c) != 0 && c.done >= n)
		return 0;
	return c.done;
}

static const struct emu_mirror_ops mirror_ops = { .copy = copy };

void *
emu_node_sva_miss(void *arg, uint64_t addr, uint64_t len)
{
	const struct emu_node_queue *nq = arg;

	/* In the middle of a part, whose mirror this is. */
	return emu_mirror_ptr(nq->q->thread->front_ctx, addr, len);
}

/* ------------------------------------------------------------------ spans */

typedef void (*span_fn)(struct emu_mirror *m, const struct emu_span *s, uint32_t who);

static void
hint_flat(struct emu_mirror *m, const struct emu_span *s, uint32_t who)
{
	if (s->list)
		emu_mirror_hint(m, s->addr, LIST_HEAD);
	else
		emu_mirror_hint(m, s->addr + s->off, s->len);
}

/* What is in the list, as far as the span goes. */
static void
walk_list(struct emu_mirror *m, const struct emu_span *s, uint32_t who, bool output)
{
	uint64_t off = s->off, left = s->len, addr = s->addr, part;
	unsigned int chain, i, nb;

	for (chain = 0; addr != 0 && left != 0 && chain < HISI_SGL_MAX_CHAIN; chain++) {
		const volatile struct hisi_sgl *sgl = emu_mirror_ptr(m, addr, sizeof(*sgl));

		if (sgl == NULL || addr % HISI_SGL_ALIGN != 0)
			return;
		nb = sgl->entry_sum_in_sgl;
		if (nb > HISI_SGL_MAX_ENTRIES ||
				emu_mirror_ptr(m, addr, sizeof(*sgl) + nb * sizeof(sgl->entries[0])) ==
				NULL)
			return;
		for (i = 0; i < nb && left != 0; i++) {
			part = sgl->entries[i].len;
			if (off >= part) {
				off -= part;
				continue;
			}
			part -= off;
			if (part > left)
				part = left;
			/* A model asks for whole entries. */
			if (output)
				emu_mirror_output(m, sgl->entries[i].addr + off, part, who);
			else
				emu_mirror_hint(m, sgl->entries[i].addr, sgl->entries[i].len);
			left -= part;
			off = 0;
		}
		addr = sgl->next_dma;
	}
}

static void
hint_listed(struct emu_mirror *m, const struct emu_span *s, uint32_t who)
{
	if (s->list)
		walk_list(m, s, who, false);
}

static void
tell_output(struct emu_mirror *m, const struct emu_span *s, uint32_t who)
{
	if (!s->output)
		return;
	if (s->list)
		walk_list(m, s, who, true);
	else
		emu_mirror_output(m, s->addr + s->off, s->len, who);
}

/* ------------------------------------------------------------------ a part of a batch */

struct part {
	struct emu_job *jobs;
	unsigned int n;
	struct emu_span spans[EMU_BATCH][EMU_MAX_SPANS];
	unsigned int nb_spans[EMU_BATCH];
	const struct emu_model *model;
};

static void
each_span(struct emu_mirror *m, const struct part *p, span_fn fn)
{
	unsigned int i, k;

	for (i = 0; i < p->n; i++)
		for (k = 0; k < p->nb_spans[i]; k++)
			fn(m, &p->spans[i][k], i);
}

/* Jobs of one queue, not too large together. */
static void
cut(struct emu_thread *th, struct emu_job *jobs, unsigned int n, struct part *p)
{
	const struct emu_queue *q = jobs[0].q;
	uint64_t bytes = 0;
	unsigned int k;

	p->jobs = jobs;
	p->model = th->dev->model;
	for (p->n = 0; p->n < n && jobs[p->n].q == q; p->n++) {
		p->nb_spans[p->n] = p->model->spans(th->dev, jobs[p->n].sqe, p->spans[p->n]);
		for (k = 0; k < p->nb_spans[p->n]; k++)
			bytes += p->spans[p->n][k].len;
		if (p->n > 0 && bytes > MAX_PART)
			break;
	}
}

/* What could not be written is an address error of its job; of all if nobody knows whose. */
static void
write_failed(void *arg, uint32_t who)
{
	struct part *p = arg;
	unsigned int i;

	for (i = 0; i < p->n; i++)
		if (who == EMU_MIRROR_REST || who == i)
			p->model->fail(p->jobs[i].sqe, p->model->addr_error);
}

static void
run_part(struct emu_thread *th, struct emu_mirror *m, struct part *p)
{
	struct emu_node_queue *nq = p->jobs[0].q->front_arg;

	emu_mirror_begin(m, nq->client->space, nq);
	each_span(m, p, hint_flat);
	emu_mirror_fetch(m);
	each_span(m, p, hint_listed);
	emu_mirror_fetch(m);
	p->model->run(th->ctx, p->jobs, p->n);
	each_span(m, p, tell_output);
	emu_mirror_flush(m, write_failed, p);
}

void
emu_node_sva_run(struct emu_thread *th, struct emu_job *jobs, unsigned int n)
{
	unsigned int done = 0, i;
	struct part p;

	if (th->front_ctx == NULL)
		th->front_ctx = emu_mirror_new(&mirror_ops);
	if (th->front_ctx == NULL) {
		for (i = 0; i < n; i++)
			th->dev->model->fail(jobs[i].sqe, th->dev->model->addr_error);
		return;
	}
	for (; done < n; done += p.n) {
		cut(th, jobs + done, n - done, &p);
		run_part(th, th->front_ctx, &p);
	}
}

void
emu_node_sva_thread_fini(struct emu_thread *th)
{
	emu_mirror_free(th->front_ctx);
	th->front_ctx = NULL;
}
