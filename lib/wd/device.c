/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices: which transport reaches them, which user driver knows them. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "wd_private.h"

static const struct wd_driver *const drivers[] = {
	&wd_drv_hisi_sec2,
	&wd_drv_hisi_zip,
	&wd_drv_virtio_crypto,
};

void
wd_error(char *err, size_t err_size, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL || err_size == 0)
		return;
	va_start(ap, fmt);
	vsnprintf(err, err_size, fmt, ap);
	va_end(ap);
}

bool
wd_has_algorithm(const struct wd_dev_info *info, const char *word)
{
	size_t len = strlen(word);
	const char *line = info->algorithms;

	while (*line != '\0') {
		size_t n = strcspn(line, "\n");

		if (n != 0 && n == len && memcmp(line, word, n) == 0)
			return true;
		line += n + (line[n] == '\n');
	}
	return false;
}

static bool
is_kind(const struct wd_driver *drv, const char *kind)
{
	return strcmp(kind, drv->kind) == 0 || strcmp(kind, drv->group) == 0;
}

const struct wd_driver *
wd_driver_find(const struct wd_dev_info *info, const char *kind)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (kind != NULL && !is_kind(drivers[i], kind))
			continue;
		if (drivers[i]->match(info))
			return drivers[i];
	}
	return NULL;
}

/* The first driver of a kind or group, NULL: there is none. */
static const struct wd_driver *
driver_of_kind(const char *kind)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (is_kind(drivers[i], kind))
			return drivers[i];
	return NULL;
}

/* Finds the driver of an opened transport device and fills in what depends on it. */
static int
device_setup(struct wd_device *dev, const char *kind, char *err, size_t err_size)
{
	int ret;

	ret = dev->tr->info(dev->tdev, &dev->info);
	if (ret < 0) {
		wd_error(err, err_size, "device does not tell what it is: %s", strerror(-ret));
		return ret;
	}
	dev->flags = dev->info.flags;
	if (!(dev->flags & (WD_DEV_SVA | WD_DEV_IOMMU | WD_DEV_NOIOMMU))) {
		wd_error(err, err_size, "%s: neither SVA nor static shared memory",
			dev->info.name);
		return -ENOTSUP;
	}
	dev->drv = wd_driver_find(&dev->info, kind);
	if (dev->drv == NULL) {
		wd_error(err, err_size, "%s: no %s driver for api \"%s\"", dev->info.name,
			kind != NULL ? kind : "user", dev->info.api);
		return -ENOTSUP;
	}
	ret = dev->drv->caps(dev, &dev->caps);
	if (ret < 0)
		wd_error(err, err_size, "%s: unusable: %s", dev->info.name, strerror(-ret));
	return ret;
}

int
wd_device_open_transport(const struct wd_transport *tr, const char *spec, const char *kind,
	const char *options, struct wd_device **devp, char *err, size_t err_size)
{
	struct wd_device *dev;
	int ret;

	dev = calloc(1, sizeof(*dev));
	if (dev == NULL) {
		wd_error(err, err_size, "out of memory");
		return -ENOMEM;
	}
	pthread_mutex_init(&dev->lock, NULL);
	dev->tr = tr;
	/* An emulator takes the group for its first kind. */
	ret = tr->open(spec, options, driver_of_kind(kind)->kind, &dev->tdev, err, err_size);
	if (ret < 0)
		goto err_free;
	ret = device_setup(dev, kind, err, err_size);
	if (ret < 0)
		goto err_close;
	*devp = dev;
	return 0;

err_close:
	tr->close(dev->tdev);
err_free:
	pthread_mutex_destroy(&dev->lock);
	free(dev);
	return ret;
}

static int
open_plugin(const char *spec, const char *kind, const char *options, struct wd_device **dev,
	char *err, size_t err_size)
{
	const struct wd_transport *tr;
	void *handle;
	int ret;

	ret = wd_plugin_load(&tr, &handle, err, err_size);
	if (ret < 0)
		return ret;
	ret = wd_device_open_transport(tr, spec, kind, options, dev, err, err_size);
	if (ret < 0) {
		wd_plugin_unload(handle);
		return ret;
	}
	(*dev)->plugin = handle;
	return 0;
}

int
wd_device_open(const char *spec, const char *kind, const char *options, int numa_node,
	struct wd_device **dev, char *err, size_t err_size)
{
	char name[64];
	int ret;

	if (err != NULL && err_size != 0)
		err[0] = '\0';
	if (kind == NULL || driver_of_kind(kind) == NULL) {
		wd_error(err, err_size, "no driver for devices of kind \"%s\"",
			kind != NULL ? kind : "");
		return -EINVAL;
	}
	if (spec != NULL && strcmp(spec, "emu") == 0)
		return open_plugin("", kind, options, dev, err, err_size);
	if (spec != NULL && strncmp(spec, "emu:", 4) == 0)
		return open_plugin(spec + 4, kind, options, dev, err, err_size);
	if (spec == NULL || strcmp(spec, "auto") == 0) {
		ret = wd_discover(kind, NULL, numa_node, name, sizeof(name), err, err_size);
		if (ret < 0)
			return ret;
		spec = name;
	}
	return wd_device_open_transport(&wd_transport_uacce, spec, kind, options, dev, err,
		err_size);
}

int
wd_device_close(struct wd_device *dev)
{
	unsigned int queues;

	if (dev == NULL)
		return 0;
	pthread_mutex_lock(&dev->lock);
	queues = dev->queues;
	pthread_mutex_unlock(&dev->lock);
	if (queues != 0)
		return -EBUSY;
	dev->tr->close(dev->tdev);
	wd_mem_fini(dev);
	pthread_mutex_destroy(&dev->lock);
	if (dev->plugin != NULL)
		wd_plugin_unload(dev->plugin);
	free(dev);
	return 0;
}

int
wd_device_info(struct wd_device *dev, struct wd_dev_info *info)
{
	return dev->tr->info(dev->tdev, info);
}

const struct wd_caps *
wd_device_caps(const struct wd_device *dev)
{
	return &dev->caps;
}

uint32_t
wd_device_flags(const struct wd_device *dev)
{
	return dev->flags;
}
