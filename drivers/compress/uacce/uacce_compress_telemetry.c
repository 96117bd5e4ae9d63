/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /compress_uacce/queue,<dev id>,<queue pair>: what compressdev's own statistics have no place for.
 */
#include <errno.h>

#include "uacce_compress.h"
#include "uacce_telemetry.h"

static const struct uacce_comp_qp *
find_qp(const char *params)
{
	const struct rte_compressdev *dev;
	unsigned long id, qp;
	const char *name;

	if (uacce_tel_params(params, &id, &qp) != 0 || id >= RTE_COMPRESS_MAX_DEVS)
		return NULL;
	name = rte_compressdev_name_get(id);
	dev = name != NULL ? rte_compressdev_pmd_get_named_dev(name) : NULL;
	if (dev == NULL || dev->dev_ops != &uacce_comp_ops || qp >= dev->data->nb_queue_pairs)
		return NULL;
	return dev->data->queue_pairs[qp];
}

static uint64_t
both(const struct uacce_comp_qp *qp, size_t field)
{
	uint64_t sum = 0, v;

	for (int dir = 0; dir < UACCE_DIRS; dir++) {
		memcpy(&v, (const uint8_t *)&qp->q[dir].wq.stats + field, sizeof(v));
		sum += v;
	}
	return sum;
}

static int
queue_cmd(const char *cmd, const char *params, struct rte_tel_data *d)
{
	const struct uacce_comp_qp *qp = find_qp(params);

	RTE_SET_USED(cmd);
	if (qp == NULL)
		return -EINVAL;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_int(d, "process", qp->owner);
	rte_tel_data_add_dict_int(d, "depth", qp->depth);
	rte_tel_data_add_dict_int(d, "in_flight", (int)(qp->enq - qp->deq));
	uacce_tel_add_u64(d, "enqueued", qp->stats.enqueued_count);
	uacce_tel_add_u64(d, "dequeued", qp->stats.dequeued_count);
	uacce_tel_add_u64(d, "enqueue_errors", qp->stats.enqueue_err_count);
	uacce_tel_add_u64(d, "dequeue_errors", qp->stats.dequeue_err_count);
	uacce_tel_add_u64(d, "bounced_ops", both(qp, offsetof(struct wd_queue_stats, bounced)));
	uacce_tel_add_u64(d, "bounced_bytes", both(qp, offsetof(struct wd_queue_stats, bounced_bytes)));
	uacce_tel_add_u64(d, "bounce_waits", qp->bounce_waits);
	uacce_tel_add_u64(d, "sq_doorbells", both(qp, offsetof(struct wd_queue_stats, sq_doorbells)));
	uacce_tel_add_u64(d, "cq_doorbells", both(qp, offsetof(struct wd_queue_stats, cq_doorbells)));
	return 0;
}

RTE_INIT(uacce_compress_telemetry)
{
	rte_telemetry_register_cmd("/compress_uacce/queue", queue_cmd,
		"Returns counters of a queue pair. Parameters: int dev_id, int queue_pair_id");
}
