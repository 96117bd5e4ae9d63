/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices: options, threads, information. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu_private.h"
#include "fault.h"
#include "guard.h"
#include "options.h"

static const struct emu_model *const models[] = { &emu_model_sec2, &emu_model_zip };

/* Numbers of the devices in this process, for their names. */
static _Atomic unsigned int device_count[sizeof(models) / sizeof(models[0])];

static void
device_free(struct emu_device *dev)
{
	emu_fault_free(dev);
	pthread_mutex_destroy(&dev->lock);
	if (dev->doze_page != NULL)
		munmap(dev->doze_page, EMU_DOZE_PAGE);
	if (dev->doze_fd >= 0)
		close(dev->doze_fd);
	free(dev->threads);
	free(dev->queues);
	free(dev);
}

static const char *
default_engine(const struct emu_model *model)
{
	const char *const *e;

	for (e = model->engines; *e != NULL; e++)
		if (model->engine_usable(*e))
			return *e;
	return NULL;
}

static struct emu_device *
device_alloc(const struct emu_model *model, enum emu_clients clients)
{
	const bool foreign = clients != EMU_OWN_PROCESS;
	struct emu_device *dev;

	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return NULL;
	pthread_mutex_init(&dev->lock, NULL);
	dev->model = model;
	dev->foreign = foreign;
	dev->node = clients == EMU_NODE;
	dev->ss_size = EMU_SS_DEFAULT;
	dev->mode = foreign ? WD_DEV_IOMMU : WD_DEV_SVA;
	dev->mem.sva = !foreign;
	dev->numa_node = -1;
	dev->doze_fd = -1;
	dev->hw = 3;
	dev->engine = default_engine(model);
	dev->max_queues = 64;
	dev->depth = HISI_QM_DEPTH;
	dev->nb_threads = 1;
	dev->db_slots = true;
	return dev;
}

/* The words that clients look at before they ring a bell: theirs to read, ours to write. */
static int
make_doze_page(struct emu_device *dev)
{
	void *p;

	dev->doze_fd = memfd_create("uacce-emu-doze", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (dev->doze_fd < 0 || ftruncate(dev->doze_fd, EMU_DOZE_PAGE) != 0)
		return -errno;
	p = mmap(NULL, EMU_DOZE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dev->doze_fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	dev->doze_page = p;
	if (fcntl(dev->doze_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
			F_SEAL_SEAL) != 0)
		return -errno;
	return 0;
}

static int
start_threads(struct emu_device *dev)
{
	unsigned int i;
	int ret;

	if (dev->in_poller)
		dev->nb_threads = dev->max_queues;
	dev->queues = calloc(dev->max_queues, sizeof(dev->queues[0]));
	dev->threads = aligned_alloc(64, dev->nb_threads * sizeof(dev->threads[0]));
	if (dev->queues == NULL || dev->threads == NULL)
		return -ENOMEM;
	memset(dev->threads, 0, dev->nb_threads * sizeof(dev->threads[0]));
	ret = dev->foreign ? make_doze_page(dev) : 0;
	if (ret != 0)
		return ret;
	for (i = 0; i < dev->nb_threads; i++) {
		dev->threads[i].dev = dev;
		dev->threads[i].dozing = &dev->threads[i].own_dozing;
		if (dev->foreign)
			dev->threads[i].dozing = dev->doze_page + i * EMU_DOZE_STRIDE;
		ret = dev->in_poller ? 0 : emu_thread_start(&dev->threads[i]);
		if (ret != 0) {
			while (i-- > 0)
				emu_thread_stop(&dev->threads[i]);
			return ret;
		}
	}
	return 0;
}

int
emu_device_open(const char *kind, const char *options, enum emu_clients clients,
		struct emu_device **out, char *err, size_t err_size)
{
	struct emu_device *dev;
	size_t m;
	int ret;

	for (m = 0; m < sizeof(models) / sizeof(models[0]); m++)
		if (kind != NULL && strcmp(models[m]->kind, kind) == 0)
			break;
	if (m == sizeof(models) / sizeof(models[0])) {
		snprintf(err, err_size, "emulator: no device of kind '%s'", kind ? kind : "");
		return -EINVAL;
	}
	dev = device_alloc(models[m], clients);
	if (dev == NULL) {
		snprintf(err, err_size, "emulator: out of memory");
		return -ENOMEM;
	}
	ret = emu_options_parse(dev, options, err, err_size);
	if (ret != 0)
		goto fail;
	emu_guard_install();
	ret = start_threads(dev);
	if (ret != 0) {
		emu_guard_remove();
		snprintf(err, err_size, "emulator: cannot start the engine: %s", strerror(-ret));
		goto fail;
	}
	snprintf(dev->name, sizeof(dev->name), "%s-%u", dev->model->name,
		atomic_fetch_add(&device_count[m], 1));
	*out = dev;
	return 0;
fail:
	device_free(dev);
	return ret;
}

void
emu_device_close(struct emu_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->max_queues; i++)
		if (dev->queues[i] != NULL)
			qm_queue_close(dev->queues[i]);
	for (i = 0; i < dev->nb_threads; i++)
		emu_thread_stop(&dev->threads[i]);
	emu_guard_remove();
	device_free(dev);
}

int
emu_device_info(struct emu_device *dev, struct wd_dev_info *info)
{
	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "%s", dev->name);
	snprintf(info->api, sizeof(info->api), "%s%u", HISI_QM_API_PREFIX, dev->hw);
	dev->model->algorithms(dev, info->algorithms, sizeof(info->algorithms));
	info->flags = dev->mode | (dev->db_slots ? WD_DEV_DB_SLOTS : 0);
	info->numa_node = dev->numa_node;
	pthread_mutex_lock(&dev->lock);
	info->available = dev->lost ? 0 : dev->max_queues - dev->nb_queues;
	info->isolated = dev->lost;
	pthread_mutex_unlock(&dev->lock);
	info->region_size[WD_REGION_MMIO] = qm_region_size(dev, WD_REGION_MMIO);
	info->region_size[WD_REGION_DUS] = qm_region_size(dev, WD_REGION_DUS);
	info->region_size[WD_REGION_SS] = qm_region_size(dev, WD_REGION_SS);
	info->region_size[WD_REGION_DKO] = qm_region_size(dev, WD_REGION_DKO);
	return 0;
}
