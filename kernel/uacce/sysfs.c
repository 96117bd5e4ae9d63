// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes. The device's own directory has the names of mainline and openEuler; attrs/ has the
 * eight of the specification, and the others too, since a client that finds attrs/ looks there
 * only.
 */
#include <linux/module.h>
#include <linux/topology.h>
#include "internal.h"

#define to_uacce(d)	container_of(d, struct uacce_device, dev)

static ssize_t id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_uacce(dev)->id);
}

static ssize_t abi_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", UACCE_ABI);
}

static ssize_t api_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_uacce(dev)->api);
}

static ssize_t flags_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_uacce(dev)->flags);
}

static ssize_t algorithms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_uacce(dev)->algorithms);
}

static ssize_t available_instances_show(struct device *dev, struct device_attribute *attr,
					char *buf)
{
	struct uacce_device *uacce = to_uacce(dev);
	int n = -ENODEV;

	down_read(&uacce->lock);
	if (uacce->ops)
		n = uacce->ops->get_available_instances ?
			uacce->ops->get_available_instances(uacce) : 0;
	up_read(&uacce->lock);
	return n < 0 ? n : sysfs_emit(buf, "%d\n", n);
}

static ssize_t node_id_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", dev_to_node(dev));
}

/* From the CPU that reads, as elsewhere. */
static ssize_t numa_distance_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	int node = dev_to_node(dev);
	int distance = node == NUMA_NO_NODE ? 0 : node_distance(numa_node_id(), node);

	return sysfs_emit(buf, "%d\n", distance);
}

/* In the order of the specification's enum: MMIO, DKO, DUS, SS; -1 = no such region. */
static ssize_t qfrs_offset_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const enum uacce_qfrt order[] = {
		UACCE_QFRT_MMIO, UACCE_QFRT_DKO, UACCE_QFRT_DUS, UACCE_QFRT_SS,
	};
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		s64 offset = to_uacce(dev)->region_size[order[i]] ?
			(s64)uacce_region_offset(order[i]) : -1;

		len += sysfs_emit_at(buf, len, "%lld%c", offset,
				     i + 1 < ARRAY_SIZE(order) ? '\t' : '\n');
	}
	return len;
}

static ssize_t region_size(struct device *dev, char *buf, enum uacce_qfrt type)
{
	return sysfs_emit(buf, "%zu\n", to_uacce(dev)->region_size[type]);
}

static ssize_t region_mmio_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return region_size(dev, buf, UACCE_QFRT_MMIO);
}

static ssize_t region_dus_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return region_size(dev, buf, UACCE_QFRT_DUS);
}

static ssize_t region_ss_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return region_size(dev, buf, UACCE_QFRT_SS);
}

static ssize_t region_dko_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return region_size(dev, buf, UACCE_QFRT_DKO);
}

static ssize_t isolate_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct uacce_device *uacce = to_uacce(dev);
	int state = -ENODEV;

	down_read(&uacce->lock);
	if (uacce->ops)
		state = uacce->ops->get_isolate_state(uacce);
	up_read(&uacce->lock);
	return state < 0 ? state : sysfs_emit(buf, "%d\n", state);
}

static ssize_t isolate_strategy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct uacce_device *uacce = to_uacce(dev);
	ssize_t ret = -ENODEV;

	down_read(&uacce->lock);
	if (uacce->ops)
		ret = sysfs_emit(buf, "%u\n", uacce->ops->isolate_err_threshold_read(uacce));
	up_read(&uacce->lock);
	return ret;
}

static ssize_t isolate_strategy_store(struct device *dev, struct device_attribute *attr,
				      const char *buf, size_t count)
{
	struct uacce_device *uacce = to_uacce(dev);
	unsigned long value;
	int ret = -ENODEV;

	if (kstrtoul(buf, 0, &value) || value > 65535)
		return -EINVAL;
	down_read(&uacce->lock);
	if (uacce->ops)
		ret = uacce->ops->isolate_err_threshold_write(uacce, value);
	up_read(&uacce->lock);
	return ret ? ret : count;
}

static DEVICE_ATTR_RO(id);
static DEVICE_ATTR_RO(abi);
static DEVICE_ATTR_RO(api);
static DEVICE_ATTR_RO(flags);
static DEVICE_ATTR_RO(algorithms);
static DEVICE_ATTR_RO(available_instances);
static DEVICE_ATTR_RO(node_id);
static DEVICE_ATTR_RO(numa_distance);
static DEVICE_ATTR_RO(qfrs_offset);
static DEVICE_ATTR_RO(region_mmio_size);
static DEVICE_ATTR_RO(region_dus_size);
static DEVICE_ATTR_RO(region_ss_size);
static DEVICE_ATTR_RO(region_dko_size);
static DEVICE_ATTR_RO(isolate);
static DEVICE_ATTR_RW(isolate_strategy);

static struct attribute *dev_attrs[] = {
	&dev_attr_abi.attr,
	&dev_attr_api.attr,
	&dev_attr_flags.attr,
	&dev_attr_algorithms.attr,
	&dev_attr_available_instances.attr,
	&dev_attr_node_id.attr,
	&dev_attr_numa_distance.attr,
	&dev_attr_region_mmio_size.attr,
	&dev_attr_region_dus_size.attr,
	&dev_attr_region_ss_size.attr,
	&dev_attr_region_dko_size.attr,
	&dev_attr_isolate.attr,
	&dev_attr_isolate_strategy.attr,
	NULL,
};

static struct attribute *spec_attrs[] = {
	&dev_attr_id.attr,
	&dev_attr_qfrs_offset.attr,
	&dev_attr_api.attr,
	&dev_attr_flags.attr,
	&dev_attr_algorithms.attr,
	&dev_attr_available_instances.attr,
	&dev_attr_node_id.attr,
	&dev_attr_numa_distance.attr,
	&dev_attr_region_mmio_size.attr,
	&dev_attr_region_dus_size.attr,
	&dev_attr_region_ss_size.attr,
	&dev_attr_region_dko_size.attr,
	&dev_attr_isolate.attr,
	&dev_attr_isolate_strategy.attr,
	NULL,
};

static umode_t attr_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct uacce_device *uacce = to_uacce(kobj_to_dev(kobj));
	const struct uacce_ops *ops = uacce->ops;
	const struct {
		const struct attribute *attr;
		bool there;
	} optional[] = {
		{ &dev_attr_region_mmio_size.attr, uacce->region_size[UACCE_QFRT_MMIO] },
		{ &dev_attr_region_dus_size.attr, uacce->region_size[UACCE_QFRT_DUS] },
		{ &dev_attr_region_ss_size.attr, uacce->region_size[UACCE_QFRT_SS] },
		{ &dev_attr_region_dko_size.attr, uacce->region_size[UACCE_QFRT_DKO] },
		{ &dev_attr_isolate.attr, ops->get_isolate_state },
		{ &dev_attr_isolate_strategy.attr, ops->isolate_err_threshold_read &&
						   ops->isolate_err_threshold_write },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(optional); i++)
		if (attr == optional[i].attr && !optional[i].there)
			return 0;
	return attr->mode;
}

static const struct attribute_group dev_group = {
	.attrs = dev_attrs,
	.is_visible = attr_visible,
};

static const struct attribute_group spec_group = {
	.name = "attrs",
	.attrs = spec_attrs,
	.is_visible = attr_visible,
};

const struct attribute_group *uacce_dev_groups[] = {
	&dev_group,
	&spec_group,
	NULL,
};
