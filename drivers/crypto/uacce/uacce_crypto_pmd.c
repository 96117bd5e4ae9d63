/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vdev "crypto_uacce": probe and remove.
 */
#include <errno.h>
#include <string.h>

#include <bus_vdev_driver.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_string_fns.h>

#include "uacce_crypto.h"

#define UACCE_CRYPTO_PMD        crypto_uacce
#define WD_KIND                 "crypto"        /* any that does it */
#define ERR_SIZE                256

static struct uacce_crypto_proc procs[RTE_CRYPTO_MAX_DEVS];

uint8_t uacce_crypto_driver_id;
RTE_LOG_REGISTER_DEFAULT(uacce_crypto_logtype, NOTICE);

struct uacce_crypto_proc *
uacce_crypto_proc(const struct rte_cryptodev *dev)
{
	return &procs[dev->data->dev_id];
}

/*
 * Sessions made for one kind of descriptor must not reach a queue that wants another; where they
 * are the device's own, not one of another device either, were it the same one opened again.
 */
static uint32_t
session_id(const struct wd_device *wd, const char *api)
{
	uint64_t tsc = rte_rdtsc();
	uint32_t hash = 2166136261u;

	for (; *api; api++)
		hash = (hash ^ (uint8_t)*api) * 16777619u;
	if (wd_device_caps(wd)->flags & WD_CAP_DEV_SESSIONS)
		hash = (hash ^ (uint32_t)(tsc ^ tsc >> 32)) * 2654435769u >> 16;
	return 0x5e000000u | (hash & 0xffff) << 8;
}

static int
device_open(struct uacce_crypto_proc *proc, const char *name, const char *args, char *err)
{
	struct uacce_devargs devargs;
	struct wd_dev_info info;
	uint32_t flags;
	int ret;

	err[0] = '\0';
	ret = uacce_devargs_parse(args, &devargs, err, ERR_SIZE);
	if (ret != 0)
		return ret;
	memset(proc, 0, sizeof(*proc));
	ret = wd_device_open(devargs.spec, WD_KIND, devargs.options[0] ? devargs.options : NULL, -1,
		&proc->wd, err, ERR_SIZE);
	if (ret != 0) {
		if (err[0] == '\0')
			snprintf(err, ERR_SIZE, "cannot open device \"%s\": %s", devargs.spec,
				rte_strerror(-ret));
		return ret;
	}
	ret = wd_device_info(proc->wd, &info);
	if (ret == 0)
		ret = uacce_crypto_caps_init(proc);
	if (ret != 0) {
		snprintf(err, ERR_SIZE, "device \"%s\" does no symmetric crypto", devargs.spec);
		goto close;
	}
	proc->max_qps = RTE_MIN(info.available, (uint32_t)UINT16_MAX);
	/* A secondary process takes over the primary's number, whatever is left by now. */
	if (devargs.max_queue_pairs > proc->max_qps &&
			rte_eal_process_type() == RTE_PROC_PRIMARY) {
		snprintf(err, ERR_SIZE, "devarg \"max_queue_pairs=%u\": the device has %u queues",
			devargs.max_queue_pairs, proc->max_qps);
		ret = -EINVAL;
		goto close;
	}
	ret = uacce_mem_attach(proc->wd, name, &proc->mem, err, ERR_SIZE);
	if (ret != 0)
		goto close;
	flags = wd_device_flags(proc->wd);
	proc->phys = flags & WD_DEV_NOIOMMU;
	proc->bounce_size = devargs.bounce_size;
	proc->aad_only = wd_device_caps(proc->wd)->flags & WD_CAP_AAD_ONLY;
	proc->sess_id = session_id(proc->wd, info.api);
	if (devargs.max_queue_pairs != 0)
		proc->max_qps = RTE_MIN(proc->max_qps, devargs.max_queue_pairs);
	return 0;
close:
	wd_device_close(proc->wd);
	return ret;
}

static void
device_close(struct uacce_crypto_proc *proc)
{
	uacce_mem_detach(proc->mem);
	wd_device_close(proc->wd);
	memset(proc, 0, sizeof(*proc));
}

static void
set_functions(struct rte_cryptodev *dev, const struct uacce_crypto_proc *proc)
{
	dev->driver_id = uacce_crypto_driver_id;
	dev->dev_ops = &uacce_crypto_ops;
	dev->feature_flags = uacce_crypto_features(proc);
	dev->enqueue_burst = uacce_crypto_enqueue_va;
	dev->dequeue_burst = uacce_crypto_dequeue;
	if (proc->mem != NULL) {
		dev->enqueue_burst = proc->phys ? uacce_crypto_enqueue_pa :
						  uacce_crypto_enqueue_iova;
		dev->dequeue_burst = uacce_crypto_dequeue_far;
	}
	uacce_crypto_direct_functions(dev, proc);
}

static int
fail(const char *name, const char *err, int ret)
{
	UACCE_LOG(ERR, "%s: %s", name, err);
	return ret;
}

static int
probe_primary(struct rte_vdev_device *vdev, const char *name, const char *args)
{
	struct rte_cryptodev_pmd_init_params params = {
		.private_data_size = sizeof(struct uacce_crypto_dev),
		.socket_id = rte_socket_id(),
	};
	struct uacce_crypto_proc proc;
	struct uacce_crypto_dev *shared;
	struct rte_cryptodev *dev;
	char err[ERR_SIZE];
	int ret;

	if (strlen(args) >= sizeof(shared->args))
		return fail(name, "devargs are too long", -EINVAL);
	ret = device_open(&proc, name, args, err);
	if (ret != 0)
		return fail(name, err, ret);
	params.max_nb_queue_pairs = proc.max_qps;
	dev = rte_cryptodev_pmd_create(name, &vdev->device, &params);
	if (dev == NULL) {
		device_close(&proc);
		return -ENODEV;
	}
	shared = dev->data->dev_private;
	strlcpy(shared->args, args, sizeof(shared->args));
	shared->max_qps = proc.max_qps;
	shared->sess_id = proc.sess_id;
	procs[dev->data->dev_id] = proc;
	set_functions(dev, &proc);
	rte_cryptodev_pmd_probing_finish(dev);
	return 0;
}

/*
 * rte_cryptodev_enqueue_burst() reads the callback of a queue pair without asking whether there are
 * any, and DPDK only has them where the device was configured: in the primary. Gives this process
 * empty ones; a configure in it would free and replace them.
 */
static int
make_callbacks(struct rte_cryptodev *dev)
{
	uint16_t n = RTE_MAX(dev->data->nb_queue_pairs, 1);

	dev->enq_cbs = rte_zmalloc(NULL, sizeof(*dev->enq_cbs) * n, 0);
	dev->deq_cbs = rte_zmalloc(NULL, sizeof(*dev->deq_cbs) * n, 0);
	return dev->enq_cbs && dev->deq_cbs ? 0 : -ENOMEM;
}

static void
free_callbacks(struct rte_cryptodev *dev)
{
	rte_free(dev->enq_cbs);
	rte_free(dev->deq_cbs);
	dev->enq_cbs = NULL;
	dev->deq_cbs = NULL;
}

/* The device's data is the primary's; the libwd handle and queue pairs are this process's own. */
static int
probe_secondary(struct rte_vdev_device *vdev, const char *name)
{
	struct rte_cryptodev_pmd_init_params params = {.socket_id = rte_socket_id()};
	const struct uacce_crypto_dev *shared;
	struct uacce_crypto_proc proc;
	struct rte_cryptodev *dev;
	char err[ERR_SIZE];
	int ret;

	dev = rte_cryptodev_pmd_create(name, &vdev->device, &params);
	if (dev == NULL)
		return -ENODEV;
	shared = dev->data->dev_private;
	if (strcmp(dev->data->name, name) != 0 || shared == NULL) {
		rte_cryptodev_pmd_destroy(dev);
		return fail(name, "the primary process has it at another place", -ENODEV);
	}
	ret = device_open(&proc, name, shared->args, err);
	if (ret != 0) {
		rte_cryptodev_pmd_destroy(dev);
		return fail(name, err, ret);
	}
	if (make_callbacks(dev) != 0) {
		free_callbacks(dev);
		device_close(&proc);
		rte_cryptodev_pmd_destroy(dev);
		return fail(name, "out of memory", -ENOMEM);
	}
	proc.max_qps = shared->max_qps;
	proc.sess_id = shared->sess_id;
	procs[dev->data->dev_id] = proc;
	set_functions(dev, &proc);
	rte_cryptodev_pmd_probing_finish(dev);
	return 0;
}

static int
uacce_crypto_probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev);
	const char *args = rte_vdev_device_args(vdev);

	if (name == NULL)
		return -EINVAL;
	if (rte_eal_process_type() == RTE_PROC_PRIMARY)
		return probe_primary(vdev, name, args ? args : "");
	return probe_secondary(vdev, name);
}

static int
uacce_crypto_remove(struct rte_vdev_device *vdev)
{
	struct uacce_crypto_proc *proc;
	struct rte_cryptodev *dev;
	const char *name = rte_vdev_device_name(vdev);
	int ret;

	if (name == NULL)
		return -EINVAL;
	dev = rte_cryptodev_pmd_get_named_dev(name);
	if (dev == NULL)
		return -ENODEV;
	proc = uacce_crypto_proc(dev);
	uacce_crypto_ops.dev_close(dev);
	/* The shared state is the primary's: only this process's half goes then. */
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		dev->dev_ops = NULL;
		free_callbacks(dev);
	}
	ret = rte_cryptodev_pmd_destroy(dev);
	if (ret != 0)
		return ret;
	device_close(proc);
	return 0;
}

static struct rte_vdev_driver uacce_crypto_vdev = {
	.probe = uacce_crypto_probe,
	.remove = uacce_crypto_remove,
};

static struct cryptodev_driver uacce_crypto_driver;

RTE_PMD_REGISTER_VDEV(UACCE_CRYPTO_PMD, uacce_crypto_vdev);
RTE_PMD_REGISTER_PARAM_STRING(UACCE_CRYPTO_PMD, UACCE_COMMON_PARAMS
	"hw=<v2|v3> engine=<ipsec_mb|openssl> cpus=<list>");
RTE_PMD_REGISTER_CRYPTO_DRIVER(uacce_crypto_driver, uacce_crypto_vdev.driver,
	uacce_crypto_driver_id);
