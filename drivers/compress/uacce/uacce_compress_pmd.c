/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vdev "compress_uacce": probe and remove.
 */
#include <errno.h>
#include <string.h>

#include <bus_vdev_driver.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_string_fns.h>

#include "uacce_compress.h"

#define UACCE_COMPRESS_PMD      compress_uacce
#define WD_KIND                 "zip"
#define ERR_SIZE                256

static struct uacce_comp_proc procs[RTE_COMPRESS_MAX_DEVS];

RTE_LOG_REGISTER_DEFAULT(uacce_compress_logtype, NOTICE);

struct uacce_comp_proc *
uacce_comp_proc(const struct rte_compressdev *dev)
{
	return &procs[dev->data->dev_id];
}

static int
device_open(struct uacce_comp_proc *proc, const char *name, const char *args, char *err)
{
	struct uacce_devargs devargs;
	struct wd_dev_info info;
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
	if (ret == 0) {
		uacce_comp_caps_init(proc);
		if (proc->caps[0].algo == RTE_COMP_ALGO_UNSPECIFIED)
			ret = -ENOTSUP;
	}
	if (ret != 0) {
		snprintf(err, ERR_SIZE, "device \"%s\" does no DEFLATE", devargs.spec);
		goto close;
	}
	/* One hardware queue for each direction. */
	proc->max_qps = RTE_MIN(info.available / UACCE_DIRS, (uint32_t)UINT16_MAX);
	/* A secondary process takes over the primary's number, whatever is left by now. */
	if (devargs.max_queue_pairs > proc->max_qps &&
			rte_eal_process_type() == RTE_PROC_PRIMARY) {
		snprintf(err, ERR_SIZE,
			"devarg \"max_queue_pairs=%u\": the device has queues for %u",
			devargs.max_queue_pairs, proc->max_qps);
		ret = -EINVAL;
		goto close;
	}
	ret = uacce_mem_attach(proc->wd, name, &proc->mem, err, ERR_SIZE);
	if (ret != 0)
		goto close;
	proc->phys = wd_device_flags(proc->wd) & WD_DEV_NOIOMMU;
	proc->bounce_size = devargs.bounce_size;
	if (devargs.max_queue_pairs != 0)
		proc->max_qps = RTE_MIN(proc->max_qps, devargs.max_queue_pairs);
	if (proc->max_qps == 0) {
		snprintf(err, ERR_SIZE, "device \"%s\" has %u queues free, a queue pair needs %u",
			devargs.spec, info.available, UACCE_DIRS);
		ret = -EBUSY;
		uacce_mem_detach(proc->mem);
		goto close;
	}
	return 0;
close:
	wd_device_close(proc->wd);
	return ret;
}

static void
device_close(struct uacce_comp_proc *proc)
{
	uacce_mem_detach(proc->mem);
	wd_device_close(proc->wd);
	memset(proc, 0, sizeof(*proc));
}

static int
fail(const char *name, const char *err, int ret)
{
	UACCE_LOG(ERR, "%s: %s", name, err);
	return ret;
}

static void
set_functions(struct rte_compressdev *dev)
{
	dev->dev_ops = &uacce_comp_ops;
	dev->feature_flags = 0;
	dev->enqueue_burst = uacce_comp_enqueue_va;
	if (uacce_comp_proc(dev)->mem != NULL)
		dev->enqueue_burst = uacce_comp_proc(dev)->phys ? uacce_comp_enqueue_pa :
								  uacce_comp_enqueue_iova;
	dev->dequeue_burst = uacce_comp_dequeue;
	uacce_comp_direct_functions(dev, uacce_comp_proc(dev));
}

static int
probe_primary(struct rte_vdev_device *vdev, const char *name, const char *args)
{
	struct rte_compressdev_pmd_init_params params = {.socket_id = rte_socket_id()};
	struct uacce_comp_proc proc;
	struct uacce_comp_dev *shared;
	struct rte_compressdev *dev;
	char err[ERR_SIZE];
	int ret;

	if (strlen(args) >= sizeof(shared->args))
		return fail(name, "devargs are too long", -EINVAL);
	ret = device_open(&proc, name, args, err);
	if (ret != 0)
		return fail(name, err, ret);
	dev = rte_compressdev_pmd_create(name, &vdev->device, sizeof(*shared), &params);
	if (dev == NULL) {
		device_close(&proc);
		return -ENODEV;
	}
	shared = dev->data->dev_private;
	strlcpy(shared->args, args, sizeof(shared->args));
	shared->max_qps = proc.max_qps;
	procs[dev->data->dev_id] = proc;
	set_functions(dev);
	return 0;
}

/* The device's data is the primary's; the libwd handle and queue pairs are this process's own. */
static int
probe_secondary(struct rte_vdev_device *vdev, const char *name)
{
	struct rte_compressdev_pmd_init_params params = {.socket_id = rte_socket_id()};
	const struct uacce_comp_dev *shared;
	struct uacce_comp_proc proc;
	struct rte_compressdev *dev;
	char err[ERR_SIZE];
	int ret;

	dev = rte_compressdev_pmd_create(name, &vdev->device, sizeof(*shared), &params);
	if (dev == NULL)
		return -ENODEV;
	shared = dev->data->dev_private;
	if (strcmp(dev->data->name, name) != 0 || shared == NULL) {
		dev->dev_ops = NULL;
		rte_compressdev_pmd_release_device(dev);
		return fail(name, "the primary process has it at another place", -ENODEV);
	}
	ret = device_open(&proc, name, shared->args, err);
	if (ret != 0) {
		dev->dev_ops = NULL;
		rte_compressdev_pmd_release_device(dev);
		return fail(name, err, ret);
	}
	proc.max_qps = shared->max_qps;
	procs[dev->data->dev_id] = proc;
	set_functions(dev);
	return 0;
}

static int
uacce_compress_probe(struct rte_vdev_device *vdev)
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
uacce_compress_remove(struct rte_vdev_device *vdev)
{
	struct uacce_comp_proc *proc;
	struct rte_compressdev *dev;
	const char *name = rte_vdev_device_name(vdev);
	int ret = 0;

	if (name == NULL)
		return -EINVAL;
	dev = rte_compressdev_pmd_get_named_dev(name);
	if (dev == NULL)
		return -ENODEV;
	proc = uacce_comp_proc(dev);
	uacce_comp_ops.dev_close(dev);
	/*
	 * Closed here already: without ops the library does not try to, which would fail for devices
	 * that run, and for those behind one that went before.
	 */
	dev->dev_ops = NULL;
	/* The shared state is the primary's: only this process's half goes then. */
	if (rte_eal_process_type() == RTE_PROC_PRIMARY) {
		dev->data->dev_started = 0;
		rte_free(dev->data->queue_pairs);
		dev->data->queue_pairs = NULL;
		dev->data->nb_queue_pairs = 0;
		ret = rte_compressdev_pmd_destroy(dev);
	} else {
		ret = rte_compressdev_pmd_release_device(dev);
		dev->device = NULL;
		dev->data = NULL;
	}
	if (ret != 0)
		return ret;
	device_close(proc);
	return 0;
}

static struct rte_vdev_driver uacce_compress_vdev = {
	.probe = uacce_compress_probe,
	.remove = uacce_compress_remove,
};

RTE_PMD_REGISTER_VDEV(UACCE_COMPRESS_PMD, uacce_compress_vdev);
RTE_PMD_REGISTER_PARAM_STRING(UACCE_COMPRESS_PMD, UACCE_COMMON_PARAMS
	"hw=<v2|v3> engine=<isal|zlib> cpus=<list>");
