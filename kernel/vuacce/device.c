// SPDX-License-Identifier: GPL-2.0
/* The operations of a served device: each is an event to the server. */
#include <linux/ktime.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include "internal.h"

/* ---- memory that the server may map ---- */

static struct vuacce_mem *publish(struct vuacce *vu, struct uacce_mem *mem)
{
	struct vuacce_mem *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	ret = xa_alloc_cyclic(&vu->mems, &vm->id, vm, XA_LIMIT(1, VUACCE_MAX_MEM), &vu->next_mem,
			      GFP_KERNEL_ACCOUNT);
	if (ret < 0) {
		kfree(vm);
		return ERR_PTR(ret);
	}
	vm->mem = uacce_mem_get(mem);
	vm->users = 1;
	return vm;
}

static void unpublish(struct vuacce *vu, struct vuacce_mem *vm)
{
	if (!vm || --vm->users)
		return;
	xa_erase(&vu->mems, vm->id);
	uacce_mem_put(vm->mem);
	kfree(vm);
}

static struct vuacce_mem *published(struct vuacce *vu, const struct uacce_mem *mem)
{
	struct vuacce_mem *vm;
	unsigned long id;

	xa_for_each(&vu->mems, id, vm)
		if (vm->mem == mem)
			return vm;
	return NULL;
}

static u64 mem_offset(const struct vuacce_mem *vm)
{
	return vm ? (u64)vm->id << VUACCE_MEM_SHIFT : 0;
}

static void describe(const struct uacce_device *uacce, const struct vuacce_mem *vm,
		     struct vuacce_ev_mem *ev)
{
	struct uacce_slice slice;

	ev->mem = vm->id;
	ev->kind = vm->mem->kind == UACCE_MEM_SS ? VUACCE_MEM_SS :
		   vm->mem->kind == UACCE_MEM_DKO ? VUACCE_MEM_DKO : VUACCE_MEM_ADOPTED;
	ev->addr = vm->mem->addr;
	ev->len = vm->mem->len;
	ev->offset = mem_offset(vm);
	ev->slices = uacce_mem_slice(uacce, vm->mem, SIZE_MAX, UINT_MAX, &slice);
}

/* The event that takes the memory away again is made here, where failing is allowed. */
static int op_mem_add(struct uacce_queue *q, struct uacce_mem *mem)
{
	struct vuacce_queue *vq = q->priv;
	struct vuacce_note *add, *del;
	struct vuacce *vu = vq->vu;
	struct vuacce_mem *vm;
	int ret = 0;

	if (vuacce_overrun(vu))
		return -ENOBUFS;
	add = vuacce_note_new(VUACCE_EV_MEM_ADD, vq->id);
	del = vuacce_note_new(VUACCE_EV_MEM_DEL, vq->id);
	if (!add || !del) {
		ret = -ENOMEM;
		goto err;
	}
	mutex_lock(&vu->ids_lock);
	vm = published(vu, mem);
	if (vm)
		vm->users++;
	else
		vm = publish(vu, mem);
	if (IS_ERR(vm)) {
		mutex_unlock(&vu->ids_lock);
		ret = PTR_ERR(vm);
		goto err;
	}
	describe(q->uacce, vm, &add->ev.mem);
	del->ev.mem = add->ev.mem;
	list_add_tail(&del->list, &vq->dels);
	vuacce_post(vu, add);
	mutex_unlock(&vu->ids_lock);
	return 0;
err:
	kfree(add);
	kfree(del);
	return ret;
}

static void op_mem_del(struct uacce_queue *q, struct uacce_mem *mem)
{
	struct vuacce_queue *vq = q->priv;
	struct vuacce *vu = vq->vu;
	struct vuacce_note *del;
	struct vuacce_mem *vm;

	mutex_lock(&vu->ids_lock);
	vm = published(vu, mem);
	list_for_each_entry(del, &vq->dels, list) {
		if (del->ev.mem.mem != vm->id)
			continue;
		list_del(&del->list);
		vuacce_post(vu, del);
		break;
	}
	unpublish(vu, vm);
	mutex_unlock(&vu->ids_lock);
}

/* ---- queues ---- */

struct vuacce_queue *vuacce_find_queue(struct vuacce *vu, unsigned long id)
{
	lockdep_assert_held(&vu->ids_lock);
	return xa_load(&vu->queues, id);
}

static int add_region(struct vuacce_queue *vq, enum uacce_qfrt type, struct vuacce_mem **vm)
{
	size_t len = vq->vu->config.region_size[type];
	struct uacce_mem *mem;

	if (!len)
		return 0;
	mem = uacce_mem_alloc_region(len, vq->vu->config.node);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	*vm = publish(vq->vu, mem);
	uacce_mem_put(mem);
	if (IS_ERR(*vm)) {
		int ret = PTR_ERR(*vm);

		*vm = NULL;
		return ret;
	}
	return 0;
}

/* Under ids_lock. Safe on a queue that is only half made. */
static void queue_unmake(struct vuacce_queue *vq)
{
	unpublish(vq->vu, vq->mmio);
	unpublish(vq->vu, vq->dus);
	if (vq->id)
		xa_erase(&vq->vu->queues, vq->id);
	vq->vu->nqueues--;
	kfree(vq->stop);
	kfree(vq->close);
	kfree(vq);
}

/* Under ids_lock. */
static struct vuacce_queue *queue_make(struct vuacce *vu, struct uacce_queue *q)
{
	struct vuacce_queue *vq;
	int ret = -ENOMEM;

	if (vu->nqueues >= vu->config.max_queues || vu->next_queue == U32_MAX)
		return ERR_PTR(-EBUSY);
	vq = kzalloc(sizeof(*vq), GFP_KERNEL_ACCOUNT);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vu->nqueues++;
	vq->vu = vu;
	vq->q = q;
	INIT_LIST_HEAD(&vq->dels);
	ret = xa_insert(&vu->queues, vu->next_queue + 1, vq, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err;
	vq->id = ++vu->next_queue;
	ret = -ENOMEM;
	vq->close = vuacce_note_new(VUACCE_EV_QUEUE_CLOSE, vq->id);
	if (!vq->close)
		goto err;
	ret = add_region(vq, UACCE_QFRT_MMIO, &vq->mmio);
	if (!ret)
		ret = add_region(vq, UACCE_QFRT_DUS, &vq->dus);
	if (!ret)
		return vq;
err:
	queue_unmake(vq);
	return ERR_PTR(ret);
}

static int ask_open(struct vuacce_queue *vq)
{
	struct vuacce_note *note = vuacce_note_new(VUACCE_EV_QUEUE_OPEN, vq->id);
	struct vuacce *vu = vq->vu;
	struct vuacce_reply reply;
	int ret;

	if (!note)
		return -ENOMEM;
	note->ev.open.pid = pid_nr_ns(task_tgid(current), vu->pid_ns);
	note->ev.open.uid = from_kuid_munged(vu->user_ns, current_euid());
	note->ev.open.mmio_offset = mem_offset(vq->mmio);
	note->ev.open.dus_offset = mem_offset(vq->dus);
	note->ev.open.client = vq->q->client;
	ret = vuacce_call(vu, note, &reply);
	if (!ret)
		return min(reply.result, 0);
	/* The server may take the queue for open, or do so later. */
	vuacce_post(vu, vq->close);
	vq->close = NULL;
	return ret;
}

static int op_get_queue(struct uacce_device *uacce, struct uacce_queue *q)
{
	struct vuacce *vu = uacce->priv;
	struct vuacce_queue *vq;
	int ret;

	mutex_lock(&vu->ids_lock);
	vq = queue_make(vu, q);
	mutex_unlock(&vu->ids_lock);
	if (IS_ERR(vq))
		return PTR_ERR(vq);
	ret = ask_open(vq);
	if (ret) {
		mutex_lock(&vu->ids_lock);
		queue_unmake(vq);
		mutex_unlock(&vu->ids_lock);
		return ret;
	}
	q->priv = vq;
	if (vq->mmio)
		uacce_queue_set_region(q, UACCE_QFRT_MMIO, vq->mmio->mem);
	if (vq->dus)
		uacce_queue_set_region(q, UACCE_QFRT_DUS, vq->dus->mem);
	return 0;
}

static void op_put_queue(struct uacce_queue *q)
{
	struct vuacce_queue *vq = q->priv;
	struct vuacce *vu = vq->vu;

	vuacce_post(vu, vq->close);
	vq->close = NULL;
	mutex_lock(&vu->ids_lock);
	queue_unmake(vq);
	mutex_unlock(&vu->ids_lock);
	q->priv = NULL;
}

static void op_stop_queue(struct uacce_queue *q)
{
	struct vuacce_queue *vq = q->priv;

	if (!vq->stop)
		return;
	vuacce_post(vq->vu, vq->stop);
	vq->stop = NULL;
}

/* No lock but the ioctl's own, and the device's for reading. */
static int op_start_queue(struct uacce_queue *q)
{
	struct vuacce_queue *vq = q->priv;
	struct vuacce_note *note, *stop;
	struct vuacce_reply reply;
	int ret;

	stop = vuacce_note_new(VUACCE_EV_QUEUE_STOP, vq->id);
	note = vuacce_note_new(VUACCE_EV_QUEUE_START, vq->id);
	if (!stop || !note) {
		kfree(stop);
		kfree(note);
		return -ENOMEM;
	}
	mutex_lock(&q->lock);
	kfree(vq->stop);
	vq->stop = stop;
	mutex_unlock(&q->lock);
	ret = vuacce_call(vq->vu, note, &reply);
	if (!ret)
		return min(reply.result, 0);
	/* The server may have started it, or do so later. */
	mutex_lock(&q->lock);
	op_stop_queue(q);
	mutex_unlock(&q->lock);
	return ret;
}

static int op_quiesce_queue(struct uacce_queue *q)
{
	struct vuacce_queue *vq = q->priv;
	struct vuacce_reply reply;
	struct vuacce_note *note;
	int ret;

	note = vuacce_note_new(VUACCE_EV_QUEUE_STOP, vq->id);
	if (!note)
		return -ENOMEM;
	ret = vuacce_call(vq->vu, note, &reply);
	return ret ? ret : min(reply.result, 0);
}

static bool op_is_q_updated(struct uacce_queue *q)
{
	struct vuacce_queue *vq = q->priv;

	return atomic_xchg(&vq->updated, 0);
}

static int op_get_available_instances(struct uacce_device *uacce)
{
	struct vuacce *vu = uacce->priv;

	return vu->config.max_queues - READ_ONCE(vu->nqueues);
}

/* ---- control ---- */

static long op_ioctl(struct uacce_queue *q, struct uacce_call *call)
{
	unsigned int dir = _IOC_DIR(call->cmd), size = _IOC_SIZE(call->cmd);
	bool in = dir & _IOC_WRITE && size;
	struct vuacce_queue *vq = q->priv;
	void *data = NULL, *out = NULL;
	struct vuacce_reply reply;
	struct vuacce_note *note;
	int ret;

	if (size > VUACCE_DATA_LEN)
		return -EINVAL;
	if (in) {
		data = uacce_call_in(call, call->arg, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	if (dir & _IOC_READ && size) {
		out = uacce_call_out(call, size);
		if (!out)
			return -ENOMEM;
		call->out_len = 0;
	}
	note = vuacce_note_new(VUACCE_EV_IOCTL, vq->id);
	if (!note)
		return -ENOMEM;
	note->ev.ioctl.cmd = call->cmd;
	if (in) {
		note->ev.ioctl.size = size;
		memcpy(note->ev.ioctl.data, data, size);
	} else if (dir == _IOC_NONE) {
		note->ev.ioctl.arg = call->arg;
	}
	ret = vuacce_call(vq->vu, note, &reply);
	if (ret)
		return ret;
	if (reply.result < 0 || !reply.size)
		return reply.result;
	if (!out || reply.size != size)
		return -EPROTO;
	memcpy(out, reply.data, size);
	call->out_len = size;
	return reply.result;
}

static void kick_server(struct vuacce *vu)
{
	atomic_inc(&vu->kicks);
	wake_up_poll(&vu->wait, EPOLLPRI);
}

static int op_kick(struct uacce_queue *q)
{
	struct vuacce_queue *vq = q->priv;

	kick_server(vq->vu);
	return 0;
}

static void op_region_fault(struct uacce_queue *q, enum uacce_qfrt type)
{
	struct vuacce_queue *vq = q->priv;

	if (type == UACCE_QFRT_MMIO && atomic_xchg(&vq->armed, 0))
		kick_server(vq->vu);
}

/* Under ids_lock. */
void vuacce_last_words(struct vuacce_queue *vq)
{
	const struct vuacce_config *config = &vq->vu->config;
	unsigned int i;

	for (i = 0; i < config->nlast; i++) {
		const struct vuacce_last_word *word = &config->last_words[i];
		struct vuacce_mem *vm = word->region == UACCE_QFRT_MMIO ? vq->mmio : vq->dus;

		if (vm)
			uacce_mem_write32(vm->mem, word->offset, word->value);
	}
}

/* ---- isolation: so many errors within an hour and nobody should use the device ---- */

#define ERROR_WINDOW	3600

struct vuacce_err {
	struct list_head list;
	time64_t when;
};

static int op_get_isolate_state(struct uacce_device *uacce)
{
	struct vuacce *vu = uacce->priv;

	return READ_ONCE(vu->isolated);
}

static int op_threshold_write(struct uacce_device *uacce, u32 num)
{
	struct vuacce *vu = uacce->priv;
	int ret = 0;

	mutex_lock(&vu->isolate_lock);
	if (vu->isolated)
		ret = -EPERM;
	else
		vu->threshold = num;
	mutex_unlock(&vu->isolate_lock);
	return ret;
}

static u32 op_threshold_read(struct uacce_device *uacce)
{
	struct vuacce *vu = uacce->priv;

	return READ_ONCE(vu->threshold);
}

/* More errors than any threshold need not be remembered. */
static void forget_errors(struct vuacce *vu, time64_t now)
{
	struct vuacce_err *err, *next;

	list_for_each_entry_safe(err, next, &vu->errors, list) {
		if (vu->nerrors <= U16_MAX && now - err->when <= ERROR_WINDOW)
			break;
		list_del(&err->list);
		kfree(err);
		vu->nerrors--;
	}
}

int vuacce_error(struct vuacce *vu)
{
	struct vuacce_err *err = kzalloc(sizeof(*err), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!err)
		return -ENOMEM;
	err->when = ktime_get_seconds();
	mutex_lock(&vu->isolate_lock);
	list_add_tail(&err->list, &vu->errors);
	vu->nerrors++;
	forget_errors(vu, err->when);
	if (vu->threshold && vu->nerrors >= vu->threshold)
		vu->isolated = true;
	ret = vu->isolated;
	mutex_unlock(&vu->isolate_lock);
	return ret;
}

const struct uacce_ops vuacce_ops = {
	.get_available_instances = op_get_available_instances,
	.get_queue = op_get_queue,
	.put_queue = op_put_queue,
	.start_queue = op_start_queue,
	.stop_queue = op_stop_queue,
	.quiesce_queue = op_quiesce_queue,
	.is_q_updated = op_is_q_updated,
	.ioctl = op_ioctl,
	.kick = op_kick,
	.mem_add = op_mem_add,
	.mem_del = op_mem_del,
	.region_fault = op_region_fault,
	.get_isolate_state = op_get_isolate_state,
	.isolate_err_threshold_write = op_threshold_write,
	.isolate_err_threshold_read = op_threshold_read,
};
