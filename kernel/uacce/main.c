// SPDX-License-Identifier: GPL-2.0
/* Devices: their nodes, their registration and their removal. */
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "internal.h"

static struct class *uacce_class;
static struct class *alias_class;
static dev_t uacce_devt;
static DEFINE_IDA(uacce_ida);
static DECLARE_WAIT_QUEUE_HEAD(released);
static atomic_t ndevices;

static void uacce_dev_release(struct device *dev)
{
	struct uacce_device *uacce = container_of(dev, struct uacce_device, dev);

	ida_free(&uacce_ida, uacce->id);
	put_device(uacce->parent);
	kfree(uacce);
	/* Under the lock, so that uacce_exit() does not go on before this is done. */
	spin_lock(&released.lock);
	if (atomic_dec_and_test(&ndevices))
		wake_up_locked(&released);
	spin_unlock(&released.lock);
}

/**
 * uacce_alloc - a device to be
 * @parent: device that does the work, or NULL
 * @interface: name, flags, operations; not needed after the call, except for the operations
 *
 * Return: the device, with its flags negotiated, or an error pointer. Follow with
 * uacce_register(), or uacce_discard().
 */
struct uacce_device *uacce_alloc(struct device *parent, const struct uacce_interface *interface)
{
	struct uacce_device *uacce;
	int id, ret;

	if (!interface->name || strlen(interface->name) >= UACCE_NAME_LEN)
		return ERR_PTR(-EINVAL);
	uacce = kzalloc(sizeof(*uacce), GFP_KERNEL);
	if (!uacce)
		return ERR_PTR(-ENOMEM);
	id = ida_alloc_max(&uacce_ida, UACCE_MAX_DEVICES - 1, GFP_KERNEL);
	if (id < 0) {
		kfree(uacce);
		return ERR_PTR(id);
	}
	atomic_inc(&ndevices);
	uacce->id = id;
	uacce->parent = get_device(parent);
	uacce->ops = interface->ops;
	uacce->dma_limit = parent && parent->dma_mask && !interface->ops->mem_add ?
		dma_get_mask(parent) : U64_MAX;
	init_rwsem(&uacce->lock);
	mutex_init(&uacce->queues_lock);
	mutex_init(&uacce->domains_lock);
	INIT_LIST_HEAD(&uacce->queues);
	INIT_LIST_HEAD(&uacce->domains);
	INIT_LIST_HEAD(&uacce->retired);
	device_initialize(&uacce->dev);
	uacce->dev.class = uacce_class;
	uacce->dev.devt = MKDEV(MAJOR(uacce_devt), id);
	uacce->dev.groups = uacce_dev_groups;
	uacce->dev.parent = parent;
	uacce->dev.release = uacce_dev_release;
	set_dev_node(&uacce->dev, parent ? dev_to_node(parent) : NUMA_NO_NODE);
	ret = dev_set_name(&uacce->dev, "%s-%d", interface->name, id);
	if (ret) {
		put_device(&uacce->dev);
		return ERR_PTR(ret);
	}
	uacce->flags = uacce_negotiate_flags(parent, interface->flags, interface->ops);
	return uacce;
}
EXPORT_SYMBOL_GPL(uacce_alloc);

/**
 * uacce_discard - drop a device that was not registered
 * @uacce: of uacce_alloc()
 */
void uacce_discard(struct uacce_device *uacce)
{
	if (uacce->ops)
		uacce_release_features(uacce);
	put_device(&uacce->dev);
}
EXPORT_SYMBOL_GPL(uacce_discard);

/* The name that the specification gives to the node, in a class of its own: nobody scans it. */
static int add_alias(struct uacce_device *uacce)
{
	dev_t devt = MKDEV(MAJOR(uacce_devt), UACCE_MAX_DEVICES + uacce->id);
	int ret;

	cdev_init(&uacce->alias_cdev, &uacce_fops);
	uacce->alias_cdev.owner = THIS_MODULE;
	cdev_set_parent(&uacce->alias_cdev, &uacce->dev.kobj);
	ret = cdev_add(&uacce->alias_cdev, devt, 1);
	if (ret)
		return ret;
	uacce->alias = device_create(alias_class, &uacce->dev, devt, NULL, "ua%u", uacce->id);
	if (IS_ERR(uacce->alias)) {
		cdev_del(&uacce->alias_cdev);
		return PTR_ERR(uacce->alias);
	}
	return 0;
}

static void remove_alias(struct uacce_device *uacce)
{
	device_destroy(alias_class, uacce->alias->devt);
	cdev_del(&uacce->alias_cdev);
}

/* Nobody opens the device any more; take it away from those who did. */
static void take_away(struct uacce_device *uacce)
{
	struct uacce_queue *q;

	down_write(&uacce->lock);
	/* Nobody adds to the list or takes from it while the lock is held for writing. */
	list_for_each_entry(q, &uacce->queues, list)
		uacce_queue_kill(q);
	uacce_domains_unbind(uacce);
	uacce_release_features(uacce);
	uacce->ops = NULL;
	up_write(&uacce->lock);
}

/**
 * uacce_register - let processes open the device
 * @uacce: of uacce_alloc(), filled in
 *
 * Return: 0, or a negative errno; then the device is still to be discarded.
 */
int uacce_register(struct uacce_device *uacce)
{
	int ret, i;

	if (!uacce->ops->get_queue || !uacce->ops->put_queue || !uacce->ops->start_queue ||
	    !uacce->ops->stop_queue)
		return -EINVAL;
	for (i = 0; i < UACCE_QFRT_MAX; i++)
		if (uacce->region_size[i] > 1UL << UACCE_REGION_SHIFT)
			return -EINVAL;
	ret = uacce_check_device(uacce);
	if (ret)
		return ret;
	cdev_init(&uacce->cdev, &uacce_fops);
	uacce->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&uacce->cdev, &uacce->dev);
	if (ret)
		return ret;
	ret = add_alias(uacce);
	if (ret) {
		/* Somebody may have been quick. */
		cdev_device_del(&uacce->cdev, &uacce->dev);
		take_away(uacce);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(uacce_register);

/**
 * uacce_unregister - take the device away from everybody
 * @uacce: registered device; gone after the call
 *
 * Processes keep their descriptors and mappings; both lead nowhere. When the call returns, no
 * operation runs and none will be called.
 */
void uacce_unregister(struct uacce_device *uacce)
{
	remove_alias(uacce);
	cdev_device_del(&uacce->cdev, &uacce->dev);
	take_away(uacce);
	put_device(&uacce->dev);
}
EXPORT_SYMBOL_GPL(uacce_unregister);

static int uacce_mode_set(const char *value, const struct kernel_param *kp)
{
	unsigned int mode;
	int ret = kstrtouint(value, 0, &mode);

	if (ret)
		return ret;
	if (mode > UACCE_MODE_NOIOMMU)
		return -EINVAL;
	*(unsigned int *)kp->arg = mode;
	return 0;
}

const struct kernel_param_ops uacce_mode_ops = {
	.set = uacce_mode_set,
	.get = param_get_uint,
};
EXPORT_SYMBOL_GPL(uacce_mode_ops);

static int __init uacce_init(void)
{
	int ret;

	uacce_class = uacce_class_create("uacce");
	if (IS_ERR(uacce_class))
		return PTR_ERR(uacce_class);
	alias_class = uacce_class_create("uacce_alias");
	if (IS_ERR(alias_class)) {
		ret = PTR_ERR(alias_class);
		goto err_class;
	}
	ret = alloc_chrdev_region(&uacce_devt, 0, 2 * UACCE_MAX_DEVICES, "uacce");
	if (ret)
		goto err_alias;
	return 0;

err_alias:
	class_destroy(alias_class);
err_class:
	class_destroy(uacce_class);
	return ret;
}

static void __exit uacce_exit(void)
{
	/* The core may hold a device a little longer than its driver does. */
	wait_event(released, !atomic_read(&ndevices));
	spin_lock(&released.lock);
	spin_unlock(&released.lock);
	unregister_chrdev_region(uacce_devt, 2 * UACCE_MAX_DEVICES);
	class_destroy(alias_class);
	class_destroy(uacce_class);
	ida_destroy(&uacce_ida);
}

module_init(uacce_init);
module_exit(uacce_exit);
MODULE_DESCRIPTION("User-space access to accelerators");
MODULE_LICENSE("GPL");
