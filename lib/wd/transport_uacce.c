/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport of real devices: the uacce char device. A queue is a file descriptor.
 *
 * Adopted memory belongs to a descriptor in the kernel, but to the device here. So the first
 * call to share() opens one queue that keeps it, which the first queue_open() then uses, so that
 * it costs no instance. A keeper whose device was reset is dead, as all queues of before are; the
 * next one adopts the memory once more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uacce/uacce.h"
#include "wd_private.h"

_Static_assert(WD_DEV_SVA == UACCE_DEV_SVA && WD_DEV_NOIOMMU == UACCE_DEV_NOIOMMU, "flags");
_Static_assert(WD_DEV_PASID == UACCE_DEV_PASID && WD_DEV_IOMMU == UACCE_DEV_IOMMU, "flags");
_Static_assert(WD_DEV_SHARE_DOMAIN == UACCE_DEV_SHARE_DOMAIN, "flags");
_Static_assert(WD_DEV_DB_SLOTS == UACCE_DEV_DB_SLOTS, "flags");
_Static_assert((int)WD_REGION_SS == (int)UACCE_QFRT_SS, "regions");
_Static_assert((int)WD_REGION_DKO == (int)UACCE_QFRT_DKO, "regions");

#define MAX_LISTED      64

struct uacce_dev {
	char name[64];
	char node[320];
	struct wd_dev_info was;         /* when it was opened */
	pthread_mutex_t lock;
	int mem_fd;             /* keeps adopted memory, -1 = none yet */
	bool mem_fd_queue;      /* serves as a queue at the moment */
	struct shared *shared;  /* what share() took */
};

struct shared {
	struct shared *next;
	uintptr_t addr;
	size_t len;
	uint64_t dev_addr;
};

struct uacce_queue {
	struct uacce_dev *dev;
	int fd;
};

static int
check_node(const char *node, char *err, size_t err_size)
{
	struct stat sb;
	int ret = 0;

	if (stat(node, &sb) < 0 || access(node, R_OK | W_OK) < 0)
		ret = -errno;
	else if (!S_ISCHR(sb.st_mode))
		ret = -ENODEV;
	if (ret < 0)
		wd_error(err, err_size, "%s: %s", node, strerror(-ret));
	return ret;
}

static int
uacce_open(const char *spec, const char *options, const char *kind, void **devp, char *err,
	size_t err_size)
{
	struct wd_dev_info info;
	struct uacce_dev *dev;
	int ret;

	if (options != NULL && options[0] != '\0') {
		wd_error(err, err_size, "%s: devices take no options", spec);
		return -EINVAL;
	}
	dev = calloc(1, sizeof(*dev));
	if (dev == NULL) {
		wd_error(err, err_size, "out of memory");
		return -ENOMEM;
	}
	ret = wd_sysfs_read(spec, &info, dev->node, sizeof(dev->node), err, err_size);
	if (ret == 0 && info.isolated) {
		wd_error(err, err_size, "%s: isolated, out of service", spec);
		ret = -ENODEV;
	}
	if (ret == 0)
		ret = check_node(dev->node, err, err_size);
	if (ret < 0) {
		free(dev);
		return ret;
	}
	strcpy(dev->name, info.name);
	dev->was = info;
	dev->mem_fd = -1;
	pthread_mutex_init(&dev->lock, NULL);
	*devp = dev;
	return 0;
}

static void
uacce_close(void *arg)
{
	struct uacce_dev *dev = arg;
	struct shared *s;

	if (dev->mem_fd >= 0)
		close(dev->mem_fd);
	while ((s = dev->shared) != NULL) {
		dev->shared = s->next;
		free(s);
	}
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static int
uacce_info(void *arg, struct wd_dev_info *info)
{
	struct uacce_dev *dev = arg;
	int ret;

	ret = wd_sysfs_read(dev->name, info, NULL, 0, NULL, 0);
	/* Addresses are the same; the DKO region beside it is mapped for its size's sake. */
	if (ret == 0 && (info->flags & UACCE_DEV_SHARE_DOMAIN))
		info->flags |= WD_DEV_IOMMU;
	return ret;
}

/* Up to the number: "hisi_sec2-" of "hisi_sec2-0". */
static size_t
prefix_len(const char *name)
{
	const char *dash = strrchr(name, '-');

	return dash != NULL ? (size_t)(dash - name) + 1 : strlen(name);
}

static bool
same_kind(const struct wd_dev_info *a, const struct wd_dev_info *b)
{
	const size_t n = prefix_len(a->name);

	return n == prefix_len(b->name) && memcmp(a->name, b->name, n) == 0 &&
		strcmp(a->api, b->api) == 0 && strcmp(a->algorithms, b->algorithms) == 0 &&
		a->flags == b->flags &&
		memcmp(a->region_size, b->region_size, sizeof(a->region_size)) == 0;
}

/*
 * A device that went and came back has another number as long as somebody has the old one open. Any
 * device that is the same in all but that will do.
 */
static bool
find_again(struct uacce_dev *dev)
{
	struct wd_dev_info *all = calloc(MAX_LISTED, sizeof(*all));
	int i, n = all != NULL ? wd_device_list(all, MAX_LISTED) : 0;
	bool found = false;

	for (i = 0; i < n && i < MAX_LISTED && !found; i++) {
		struct wd_dev_info info;

		if (!same_kind(&all[i], &dev->was) || all[i].isolated || all[i].available == 0 ||
			wd_sysfs_read(all[i].name, &info, dev->node, sizeof(dev->node), NULL, 0) < 0)
			continue;
		strcpy(dev->name, info.name);
		found = true;
	}
	free(all);
	return found;
}

static int
open_node(struct uacce_dev *dev)
{
	int fd = open(dev->node, O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENXIO) && find_again(dev))
		fd = open(dev->node, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
}

static int
adopt(int fd, uintptr_t va, size_t len, uint64_t *dev_addr)
{
	struct uacce_adopt a = {.addr = va, .len = len};

	if (ioctl(fd, UACCE_CMD_ADOPT, &a) < 0)
		/* Mainline and openEuler do not know the call. */
		return errno == EINVAL || errno == ENOTTY ? -ENOTSUP : -errno;
	*dev_addr = a.dev_addr;
	return 0;
}

static bool
is_dead(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

/* A descriptor with the memory of the last keeper, at the addresses that callers have of it. */
static int
keeper_open(struct uacce_dev *dev)
{
	const struct shared *s;
	uint64_t dev_addr = 0;
	int fd, ret = 0;

	fd = open_node(dev);
	for (s = dev->shared; fd >= 0 && ret == 0 && s != NULL; s = s->next) {
		ret = adopt(fd, s->addr, s->len, &dev_addr);
		if (ret == 0 && dev_addr != s->dev_addr)
			ret = -EIO;
	}
	if (ret < 0)
		close(fd);
	return ret < 0 ? ret : fd;
}

/* Sees to it that there is a living keeper; under the lock. */
static int
keeper(struct uacce_dev *dev)
{
	int fd;

	if (dev->mem_fd >= 0 && is_dead(dev->mem_fd)) {
		/* A queue that it serves as closes it. */
		if (!dev->mem_fd_queue)
			close(dev->mem_fd);
		dev->mem_fd = -1;
	}
	if (dev->mem_fd >= 0)
		return 0;
	fd = keeper_open(dev);
	if (fd < 0)
		return fd;
	dev->mem_fd = fd;
	dev->mem_fd_queue = false;
	return 0;
}

static int
uacce_queue_open(void *arg, void **queue)
{
	struct uacce_dev *dev = arg;
	struct uacce_queue *q;
	int ret = 0;

	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return -ENOMEM;
	q->dev = dev;
	pthread_mutex_lock(&dev->lock);
	if (dev->mem_fd >= 0 || dev->shared != NULL)
		ret = keeper(dev);
	if (ret < 0) {
		q->fd = ret;
	} else if (dev->mem_fd >= 0 && !dev->mem_fd_queue) {
		dev->mem_fd_queue = true;
		q->fd = dev->mem_fd;
	} else {
		q->fd = open_node(dev);
	}
	pthread_mutex_unlock(&dev->lock);
	if (q->fd < 0) {
		ret = q->fd;
		free(q);
		return ret;
	}
	*queue = q;
	return 0;
}

static void
uacce_queue_close(void *arg)
{
	struct uacce_queue *q = arg;
	struct uacce_dev *dev = q->dev;

	pthread_mutex_lock(&dev->lock);
	if (q->fd == dev->mem_fd) {
		/* Back to being the memory's keeper, as long as the device lives. */
		dev->mem_fd_queue = false;
		if (ioctl(q->fd, UACCE_CMD_PUT_Q) < 0) {
			close(q->fd);
			dev->mem_fd = -1;
		}
	} else {
		close(q->fd);
	}
	pthread_mutex_unlock(&dev->lock);
	free(q);
}

static int
uacce_ioctl(void *arg, unsigned long cmd, void *data)
{
	struct uacce_queue *q = arg;

	return ioctl(q->fd, cmd, data) < 0 ? -errno : 0;
}

static int
uacce_mmap(void *arg, unsigned int region, size_t size, void **addr)
{
	struct uacce_queue *q = arg;
	void *va;

	va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd,
		(off_t)region * sysconf(_SC_PAGESIZE));
	if (va == MAP_FAILED)
		return -errno;
	*addr = va;
	return 0;
}

static int
uacce_munmap(void *arg, unsigned int region, void *addr, size_t size)
{
	return munmap(addr, size) < 0 ? -errno : 0;
}

static int
uacce_start(void *arg)
{
	return uacce_ioctl(arg, UACCE_CMD_START_Q, NULL);
}

static int
uacce_stop(void *arg)
{
	return uacce_ioctl(arg, UACCE_CMD_PUT_Q, NULL);
}

static int
uacce_wait(void *arg, int ms)
{
	struct uacce_queue *q = arg;
	struct pollfd pfd = {.fd = q->fd, .events = POLLIN};
	int ret;

	ret = poll(&pfd, 1, ms);
	if (ret < 0)
		return errno == EINTR ? 0 : -errno;
	if (pfd.revents & (POLLERR | POLLHUP | POLLNVAL))
		return -ENODEV;
	return ret > 0;
}

static void
uacce_doze(void *arg, struct wd_doze *doze)
{
	memset(doze, 0, sizeof(*doze));
}

static int
uacce_share(void *arg, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr)
{
	struct shared *s = malloc(sizeof(*s));
	struct uacce_dev *dev = arg;
	int ret;

	if (s == NULL)
		return -ENOMEM;
	*s = (struct shared){.addr = (uintptr_t)va, .len = len};
	pthread_mutex_lock(&dev->lock);
	ret = keeper(dev);
	if (ret == 0)
		ret = adopt(dev->mem_fd, s->addr, len, &s->dev_addr);
	if (ret == 0) {
		*dev_addr = s->dev_addr;
		s->next = dev->shared;
		dev->shared = s;
	}
	pthread_mutex_unlock(&dev->lock);
	if (ret < 0)
		free(s);
	return ret;
}

static int
uacce_unshare(void *arg, void *va, size_t len)
{
	struct uacce_adopt a = {.addr = (uintptr_t)va, .len = len};
	struct uacce_dev *dev = arg;
	struct shared **at, *s = NULL;
	int ret = -EINVAL;

	pthread_mutex_lock(&dev->lock);
	for (at = &dev->shared; *at != NULL; at = &(*at)->next) {
		if ((*at)->addr != a.addr || (*at)->len != len)
			continue;
		s = *at;
		*at = s->next;
		ret = 0;
		break;
	}
	/* A device that is gone has let go of everything. */
	if (ret == 0 && dev->mem_fd >= 0 && ioctl(dev->mem_fd, UACCE_CMD_UNADOPT, &a) < 0 &&
		errno != ENXIO)
		ret = -errno;
	pthread_mutex_unlock(&dev->lock);
	free(s);
	return ret;
}

static int
uacce_ss_slice(void *arg, unsigned int i, uint64_t *dev_addr, size_t *len)
{
	struct uacce_queue *q = arg;
	unsigned long v = i;
	int ret;

	ret = ioctl(q->fd, UACCE_CMD_GET_SS_DMA, &v);
	if (ret < 0)
		return -errno;
	*dev_addr = v & ~UACCE_SS_DMA_SIZE_MASK;
	*len = (v & UACCE_SS_DMA_SIZE_MASK) << UACCE_SS_DMA_SIZE_SHIFT;
	return ret;
}

static int
uacce_ss_share(void *arg, void *target)
{
	struct uacce_queue *q = arg, *t = target;

	return ioctl(q->fd, UACCE_CMD_SHARE_SVAS, (long)t->fd) < 0 ? -errno : 0;
}

static int
uacce_dev_ioctl(void *arg, unsigned long cmd, void *data)
{
	struct uacce_dev *dev = arg;
	int ret;

	pthread_mutex_lock(&dev->lock);
	ret = keeper(dev);
	if (ret == 0 && ioctl(dev->mem_fd, cmd, data) < 0)
		ret = -errno;
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

/*
 * Memory without an IOMMU is contiguous by the hugepage, and what luck adds to it. The kernel's
 * list of slices is in order of address.
 */
static int
uacce_slice(void *arg, const void *va, uint64_t *dev_addr, size_t *len)
{
	struct uacce_slices s = {.addr = (uintptr_t)va};
	struct uacce_dev *dev = arg;
	uint32_t low = 0, high = 1;
	struct uacce_slice slice;
	uint64_t addr = s.addr;

	s.slices = (uintptr_t)&slice;
	while (low < high) {
		s.first = (low + high) / 2;
		s.count = 1;
		if (ioctl(dev->mem_fd, UACCE_CMD_GET_SLICES, &s) < 0)
			return -errno;
		if (s.count != 1)
			return -EIO;
		if (low == 0 && high == 1)
			high = s.total;
		if (addr < slice.addr) {
			high = s.first;
		} else if (addr - slice.addr >= slice.len) {
			low = s.first + 1;
		} else {
			*dev_addr = slice.dev_addr + (addr - slice.addr);
			*len = slice.len - (addr - slice.addr);
			return 0;
		}
	}
	return -EFAULT;
}

const struct wd_transport wd_transport_uacce = {
	.name = "uacce",
	.abi = WD_TRANSPORT_ABI,
	.open = uacce_open,
	.close = uacce_close,
	.info = uacce_info,
	.queue_open = uacce_queue_open,
	.queue_close = uacce_queue_close,
	.ioctl = uacce_ioctl,
	.mmap = uacce_mmap,
	.munmap = uacce_munmap,
	.start = uacce_start,
	.stop = uacce_stop,
	.wait = uacce_wait,
	.doze = uacce_doze,
	.share = uacce_share,
	.unshare = uacce_unshare,
	.ss_slice = uacce_ss_slice,
	.ss_share = uacce_ss_share,
	.slice = uacce_slice,
	.dev_ioctl = uacce_dev_ioctl,
};
