/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /crypto_uacce/queue,<dev id>,<queue pair>: what cryptodev's own statistics have no place for.
 */
#include <errno.h>

#include "uacce_crypto.h"
#include "uacce_telemetry.h"

static const struct uacce_crypto_qp *
find_qp(const char *params)
{
	const struct rte_cryptodev *dev;
	unsigned long id, qp;

	if (uacce_tel_params(params, &id, &qp) != 0 || id >= RTE_CRYPTO_MAX_DEVS ||
			!rte_cryptodev_is_valid_dev(id))
		return NULL;
	dev = rte_cryptodev_pmd_get_dev(id);
	if (dev->driver_id != uacce_crypto_driver_id || qp >= dev->data->nb_queue_pairs)
		return NULL;
	return dev->data->queue_pairs[qp];
}

static int
queue_cmd(const char *cmd, const char *params, struct rte_tel_data *d)
{
	const struct uacce_crypto_qp *qp = find_qp(params);

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
	uacce_tel_add_u64(d, "by_software", qp->work.soft_ops + qp->deq_work.soft_ops);
	uacce_tel_add_u64(d, "bounced_ops", qp->wq.stats.bounced);
	uacce_tel_add_u64(d, "bounced_bytes", qp->wq.stats.bounced_bytes);
	uacce_tel_add_u64(d, "bounce_waits", qp->bounce_waits);
	uacce_tel_add_u64(d, "sq_doorbells", qp->wq.stats.sq_doorbells);
	uacce_tel_add_u64(d, "cq_doorbells", qp->wq.stats.cq_doorbells);
	return 0;
}

RTE_INIT(uacce_crypto_telemetry)
{
	rte_telemetry_register_cmd("/crypto_uacce/queue", queue_cmd,
		"Returns counters of a queue pair. Parameters: int dev_id, int queue_pair_id");
}
