/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for a device in another process: pieces of files that both map. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"

#define PM_PRESENT      (1ull << 63)
#define PM_PFN          ((1ull << 55) - 1)

static pthread_mutex_t ss_lock = PTHREAD_MUTEX_INITIALIZER;

/* ------------------------------------------------------------------ addresses */

static bool
physical(const struct client_dev *dev)
{
	return (dev->info.flags & WD_DEV_NOIOMMU) != 0;
}

/* Physical address of the page at va; 0 when we are not told, which takes CAP_SYS_ADMIN. */
static uint64_t
physical_page(int pagemap, const uint8_t *va, size_t page)
{
	uint64_t entry;

	/* A page that nobody touched has none. */
	(void)*(const volatile uint8_t *)va;
	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)va / page * sizeof(entry))) !=
			sizeof(entry) || !(entry & PM_PRESENT))
		return 0;
	return (entry & PM_PFN) * page;
}

/* The device address of va, and how much from there on is contiguous for the device. */
static int
device_run(const struct client_dev *dev, const uint8_t *va, size_t len, uint64_t *addr, size_t *run)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd;

	*addr = (uintptr_t)va;
	*run = len;
	if (!physical(dev))
		return 0;
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*addr = physical_page(fd, va, page);
	for (*run = page; *run < len; *run += page)
		if (physical_page(fd, va + *run, page) != *addr + *run)
			break;
	close(fd);
	return *addr == 0 ? -EPERM : 0;
}

/* ------------------------------------------------------------------ sharing */

static int
send_share(struct client_dev *dev, uint64_t addr, size_t len, int fd, uint64_t offset)
{
	struct emu_msg m = { .type = EMU_MSG_SHARE };

	m.arg[EMU_SHARE_ADDR] = addr;
	m.arg[EMU_SHARE_LEN] = len;
	m.arg[EMU_SHARE_OFFSET] = offset;
	return client_call(dev, &m, fd, NULL, 0);
}

static int
send_unshare(struct client_dev *dev, uint64_t addr, size_t len)
{
	struct emu_msg m = { .type = EMU_MSG_UNSHARE };

	m.arg[0] = addr;
	m.arg[1] = len;
	return client_call(dev, &m, -1, NULL, 0);
}

static void
unshare_runs(struct client_dev *dev, const uint8_t *va, size_t len)
{
	uint64_t addr;
	size_t run;

	while (len > 0 && device_run(dev, va, len, &addr, &run) == 0) {
		send_unshare(dev, addr, run);
		va += run;
		len -= run;
	}
}

/* pieces: may the device see it in several? */
static int
share_runs(struct client_dev *dev, const uint8_t *va, size_t len, int fd, uint64_t offset,
	   bool pieces)
{
	size_t run, done;
	uint64_t addr;
	int ret = 0;

	for (done = 0; done < len; done += run) {
		ret = device_run(dev, va + done, len - done, &addr, &run);
		if (ret == 0 && run != len && !pieces)
			ret = -ERANGE;
		if (ret == 0)
			ret = send_share(dev, addr, run, fd, offset + done);
		if (ret != 0)
			break;
	}
	if (ret != 0)
		unshare_runs(dev, va, done);
	return ret;
}

int
client_share(void *arg, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr)
{
	struct client_dev *dev = arg;
	struct client_share *s;
	size_t run;
	int ret;

	if (fd < 0)
		return -EOPNOTSUPP;     /* not a file: another process cannot see it */
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->va = va;
	s->len = len;
	s->offset = offset;
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (s->fd < 0) {
		ret = -errno;
		free(s);
		return ret;
	}
	pthread_mutex_lock(&dev->lock);
	ret = device_run(dev, va, len, dev_addr, &run);
	/* Without a connection the next one shares it. */
	if (ret == 0 && !dev->dead)
		ret = share_runs(dev, va, len, fd, offset, false);
	if (ret == 0 || ret == -ENODEV) {
		ret = 0;
		s->next = dev->shares;
		dev->shares = s;
	}
	pthread_mutex_unlock(&dev->lock);
	if (ret != 0) {
		close(s->fd);
		free(s);
	}
	return ret;
}

/* The range may be several shares. */
int
client_unshare(void *arg, void *va, size_t len)
{
	struct client_dev *dev = arg;
	struct client_share **p, *s;
	const uint8_t *from = va;
	size_t found = 0;

	pthread_mutex_lock(&dev->lock);
	for (p = &dev->shares; (s = *p) != NULL;) {
		if (s->va < from || s->va + s->len > from + len) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		found += s->len;
		unshare_runs(dev, s->va, s->len);
		close(s->fd);
		free(s);
	}
	pthread_mutex_unlock(&dev->lock);
	return found == len ? 0 : -EINVAL;
}

int
client_share_again(struct client_dev *dev)
{
	struct client_share *s;
	int ret = 0;

	for (s = dev->shares; s != NULL && ret == 0; s = s->next)
		ret = share_runs(dev, s->va, s->len, s->fd, s->offset, false);
	return ret;
}

void
client_forget_shares(struct client_dev *dev)
{
	struct client_share *s;

	while ((s = dev->shares) != NULL) {
		dev->shares = s->next;
		close(s->fd);
		free(s);
	}
}

/* ------------------------------------------------------------------ SS region */

/* Under ss_lock. */
static int
ss_join(struct client_queue *q, struct client_ss *ss)
{
	unsigned int i, at = CLIENT_SS_DEVS;
	int ret;

	for (i = 0; i < CLIENT_SS_DEVS; i++) {
		if (ss->user[i].dev == q->dev)
			break;
		if (ss->user[i].dev == NULL && at == CLIENT_SS_DEVS)
			at = i;
	}
	if (i == CLIENT_SS_DEVS) {
		if (at == CLIENT_SS_DEVS)
			return -ENOSPC;
		pthread_mutex_lock(&q->dev->lock);
		ret = share_runs(q->dev, ss->va, ss->len, ss->fd, 0, true);
		pthread_mutex_unlock(&q->dev->lock);
		if (ret != 0)
			return ret;
		i = at;
		ss->user[i].dev = q->dev;
	}
	ss->user[i].queues++;
	ss->queues++;
	q->ss = ss;
	return 0;
}

static void
ss_drop_dev(struct client_ss *ss, unsigned int i)
{
	struct client_dev *dev = ss->user[i].dev;

	ss->user[i].dev = NULL;
	ss->user[i].queues = 0;
	if (ss->unmapped)
		return;
	pthread_mutex_lock(&dev->lock);
	unshare_runs(dev, ss->va, ss->len);
	pthread_mutex_unlock(&dev->lock);
}

void
client_ss_leave(struct client_queue *q)
{
	struct client_ss *ss = q->ss;
	unsigned int i;

	if (ss == NULL)
		return;
	pthread_mutex_lock(&ss_lock);
	for (i = 0; i < CLIENT_SS_DEVS; i++)
		if (ss->user[i].dev == q->dev && --ss->user[i].queues == 0)
			ss_drop_dev(ss, i);
	q->ss = NULL;
	if (--ss->queues == 0) {
		close(ss->fd);
		free(ss);
	}
	pthread_mutex_unlock(&ss_lock);
}

static int
ss_file(size_t size, int *fd, void **addr)
{
	static const unsigned int kinds[] = { MFD_HUGETLB, 0 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		*fd = memfd_create("uacce-ss", MFD_CLOEXEC | kinds[i]);
		if (*fd < 0)
			continue;
		*addr = MAP_FAILED;
		if (ftruncate(*fd, (off_t)size) == 0)
			*addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
				*fd, 0);
		if (*addr != MAP_FAILED)
			return 0;
		close(*fd);
	}
	return -ENOMEM;
}

int
client_ss_map(struct client_queue *q, size_t size, void **addr)
{
	struct client_ss *ss;
	void *va;
	int ret;

	if (q->ss != NULL)
		return -EEXIST;
	ss = calloc(1, sizeof(*ss));
	if (ss == NULL)
		return -ENOMEM;
	ss->len = size;
	ret = ss_file(size, &ss->fd, &va);
	if (ret != 0) {
		free(ss);
		return ret;
	}
	madvise(va, size, MADV_DONTFORK);
	ss->va = va;
	pthread_mutex_lock(&ss_lock);
	ret = ss_join(q, ss);
	pthread_mutex_unlock(&ss_lock);
	if (ret != 0) {
		munmap(va, size);
		close(ss->fd);
		free(ss);
		return ret;
	}
	*addr = va;
	return 0;
}

/* By any queue that uses it: nobody has it afterwards. */
int
client_ss_unmap(struct client_queue *q, void *addr, size_t size)
{
	struct client_ss *ss = q->ss;
	unsigned int i;

	if (ss == NULL || addr != ss->va || size != ss->len)
		return -EINVAL;
	pthread_mutex_lock(&ss_lock);
	for (i = 0; i < CLIENT_SS_DEVS; i++)
		if (ss->user[i].dev != NULL) {
			pthread_mutex_lock(&ss->user[i].dev->lock);
			unshare_runs(ss->user[i].dev, ss->va, ss->len);
			pthread_mutex_unlock(&ss->user[i].dev->lock);
		}
	ss->unmapped = true;
	pthread_mutex_unlock(&ss_lock);
	client_ss_leave(q);
	return munmap(addr, size) != 0 ? -errno : 0;
}

int
client_ss_slice(void *queue, unsigned int i, uint64_t *dev_addr, size_t *len)
{
	struct client_queue *q = queue;
	size_t at = 0, run, left = 0;
	uint64_t addr;
	int ret, more = 0;

	if (q->ss == NULL)
		return -ENOENT;
	for (;; at += run) {
		if (at >= q->ss->len)
			return -EINVAL;
		ret = device_run(q->dev, q->ss->va + at, q->ss->len - at, dev_addr, &run);
		if (ret != 0)
			return ret;
		if (i-- == 0)
			break;
	}
	*len = run;
	for (left = at + run; left < q->ss->len; left += run, more++)
		if (device_run(q->dev, q->ss->va + left, q->ss->len - left, &addr, &run) != 0)
			break;
	return more;
}

int
client_ss_share(void *queue, void *target)
{
	struct client_queue *q = queue, *t = target;
	int ret;

	if (q->ss == NULL)
		return -ENOENT;
	if (t->ss != NULL)
		return -EEXIST;
	pthread_mutex_lock(&ss_lock);
	ret = ss_join(t, q->ss);
	pthread_mutex_unlock(&ss_lock);
	return ret;
}
