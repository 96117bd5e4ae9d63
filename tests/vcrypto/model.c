/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's rings, memory and calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model.h"
#include "uacce/uacce.h"

#define PAGE            4096ul
/* Device addresses of DUS regions, where no memory is. */
#define DUS_ADDR        0x200000ul
#define DUS_PHYS        (1ul << 55)

/* Offsets in DUS; the room comes last. */
#define DESC_OFF        0ul

struct vcm_cfg vcm_cfg = {
	.features = VRING_F_INDIRECT_DESC | HW_BIT(32),
	.ring_size = 64,
	.queues = 4,
	.services = 0xf,
	.cipher_algo = 0xffff,
	.hash_algo = 0x7e,
	.mac_algo = 0x7e | 1ul << VCRYPTO_MAC_CMAC_AES,
	.aead_algo = 0x6,
	.max_size = 1 << 20,
	.max_cipher_key_len = 64,
	.max_auth_key_len = 256,
};
struct vcm_dev *vcm_last;

void
vcm_die(struct vcm_dev *dev, uint32_t state)
{
	dev->broken = true;
	for (unsigned int i = 0; i < VCM_QUEUES; i++) {
		struct vcm_queue *q = &dev->queues[i];

		if (q->dus != NULL)
			__atomic_store_n((uint32_t *)(void *)(q->dus + q->dus_size - 64), state,
				__ATOMIC_RELEASE);
	}
}

void
vcm_complain(struct vcm_dev *dev, const char *what)
{
	if (dev->complaint[0] == '\0') {
		snprintf(dev->complaint, sizeof(dev->complaint), "%s", what);
		fprintf(stderr, "model: %s\n", what);
	}
	vcm_die(dev, UACCE_VC_STATE_FAILED);
}

/* A new device after a reset: what was at the old one is not there any more. */
void
vcm_new_epoch(struct vcm_dev *dev)
{
	static uint64_t epochs;

	vcm_sessions_drop(dev);
	dev->epoch = ++epochs;
	dev->broken = false;
}

unsigned int
vcm_live_sessions(const struct vcm_dev *dev)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < VCM_SESSIONS; i++)
		n += dev->sessions[i] != NULL;
	return n;
}

/* ------------------------------------------------------------------ addresses */

uint8_t *
vcm_translate(struct vcm_dev *dev, uint64_t addr, uint64_t len)
{
	for (unsigned int i = 0; i < VCM_QUEUES; i++) {
		const struct vcm_queue *q = &dev->queues[i];

		if (q->dus != NULL && addr >= q->dus_addr && addr - q->dus_addr <= q->dus_size &&
			len <= q->dus_size - (addr - q->dus_addr))
			return q->dus + (addr - q->dus_addr);
	}
	for (unsigned int i = 0; i < dev->n_mems; i++)
		if (addr >= dev->mems[i].dev_addr &&
			addr - dev->mems[i].dev_addr <= dev->mems[i].len &&
			len <= dev->mems[i].len - (addr - dev->mems[i].dev_addr))
			return dev->mems[i].va + (addr - dev->mems[i].dev_addr);
	return NULL;
}

static int
phys_of(const void *va, uint64_t *phys)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;
	ssize_t n;

	n = pread(fd, &entry, sizeof(entry), (uintptr_t)va / PAGE * sizeof(entry));
	close(fd);
	entry &= HW_MASK(54, 0);
	*phys = entry * PAGE + (uintptr_t)va % PAGE;
	return n == sizeof(entry) && entry != 0 ? 0 : -EPERM;
}

static int
dev_addr_of(const struct vcm_dev *dev, const uint8_t *va, uint64_t *addr)
{
	*addr = (uintptr_t)va;
	if (!dev->cfg.noiommu)
		return 0;
	if (dev->cfg.pagemap)
		return phys_of(va, addr);
	/* Every second 64 KiB are somewhere else. */
	*addr = (uintptr_t)va + (1ul << 48) + ((uintptr_t)va >> 16 & 1) * (1ul << 50);
	return 0;
}

static int
mem_add(struct vcm_dev *dev, uint8_t *va, size_t len)
{
	size_t done, part = dev->cfg.noiommu ? PAGE : len;

	for (done = 0; done < len; done += part) {
		if (dev->n_mems == VCM_MEMS)
			return -ENOMEM;
		if (dev_addr_of(dev, va + done, &dev->mems[dev->n_mems].dev_addr) < 0)
			return -EPERM;
		dev->mems[dev->n_mems].va = va + done;
		dev->mems[dev->n_mems].len = part;
		/* Joined with the page before where both are contiguous. */
		if (done != 0 && dev->mems[dev->n_mems - 1].dev_addr +
			dev->mems[dev->n_mems - 1].len == dev->mems[dev->n_mems].dev_addr)
			dev->mems[dev->n_mems - 1].len += part;
		else
			dev->n_mems++;
	}
	return 0;
}

static void
mem_del(struct vcm_dev *dev, const uint8_t *va, size_t len)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < dev->n_mems; i++)
		if (dev->mems[i].va < va || dev->mems[i].va >= va + len)
			dev->mems[n++] = dev->mems[i];
	dev->n_mems = n;
}

/* ------------------------------------------------------------------ rings */

static struct vring_avail *
avail_of(const struct vcm_queue *q)
{
	return (void *)(q->dus + DESC_OFF + q->dev->cfg.ring_size * sizeof(struct vring_desc));
}

static struct vring_used *
used_of(const struct vcm_queue *q)
{
	size_t off = DESC_OFF + q->dev->cfg.ring_size * sizeof(struct vring_desc) +
		VRING_AVAIL_SIZE(q->dev->cfg.ring_size);

	return (void *)(q->dus + (off + 63) / 64 * 64);
}

static uint32_t
room_off(const struct vcm_dev *dev)
{
	size_t n = dev->cfg.ring_size;

	return (n * sizeof(struct vring_desc) + VRING_AVAIL_SIZE(n) + 64 + VRING_USED_SIZE(n) +
		PAGE - 1) / PAGE * PAGE;
}

static uint32_t
room_size(const struct vcm_dev *dev)
{
	return dev->cfg.room != 0 ? dev->cfg.room : dev->cfg.ring_size * 1024;
}

static size_t
dus_size(const struct vcm_dev *dev)
{
	return (room_off(dev) + room_size(dev) + 64 + PAGE - 1) / PAGE * PAGE;
}

/* One element of a request. Readable ones come before writable ones. */
static bool
add_desc(struct vcm_queue *q, struct vcm_req *req, const struct vring_desc *d)
{
	struct vcm_iov v = {.va = vcm_translate(q->dev, d->addr, d->len), .len = d->len};

	if (v.va == NULL || d->len == 0 || (d->flags & ~(VRING_DESC_NEXT | VRING_DESC_WRITE)) ||
		req->n_out + req->n_in == q->dev->cfg.ring_size) {
		vcm_complain(q->dev, v.va == NULL ? "address" : "descriptor");
		return false;
	}
	if (d->flags & VRING_DESC_WRITE) {
		req->in[req->n_in++] = v;
	} else if (req->n_in == 0) {
		req->out[req->n_out++] = v;
	} else {
		vcm_complain(q->dev, "readable behind writable");
		return false;
	}
	return true;
}

static bool
walk(struct vcm_queue *q, struct vcm_req *req, const struct vring_desc *table, uint32_t n,
	uint32_t at)
{
	do {
		if (at >= n) {
			vcm_complain(q->dev, "next");
			return false;
		}
		if (!add_desc(q, req, &table[at]))
			return false;
		if (!(table[at].flags & VRING_DESC_NEXT))
			return true;
		at = table[at].next;
	} while (true);
}

bool
vcm_take(struct vcm_queue *q, struct vcm_req *req)
{
	const struct vring_desc *ring = (const void *)(q->dus + DESC_OFF), *d, *table;
	struct vring_avail *avail = avail_of(q);
	uint32_t n = q->dev->cfg.ring_size;

	if (q->dev->broken || !q->started ||
		__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) == q->seen)
		return false;
	req->id = avail->ring[q->seen++ & (n - 1)];
	req->n_out = 0;
	req->n_in = 0;
	d = &ring[req->id];
	if (req->id >= n || (uint16_t)(avail->idx - q->seen) > n) {
		vcm_complain(q->dev, "available");
		return false;
	}
	if (!(d->flags & VRING_DESC_INDIRECT))
		return walk(q, req, ring, n, req->id);
	table = (const void *)vcm_translate(q->dev, d->addr, d->len);
	if (!(q->dev->cfg.features & VRING_F_INDIRECT_DESC) || d->flags != VRING_DESC_INDIRECT ||
		table == NULL || d->len == 0 || d->len % sizeof(*table) != 0) {
		vcm_complain(q->dev, "indirect");
		return false;
	}
	return walk(q, req, table, d->len / sizeof(*table), 0);
}

void
vcm_serve(struct vcm_queue *q, struct vcm_req *req, uint8_t status)
{
	struct vcm_iov *last = &req->in[req->n_in - 1];

	if (req->n_in == 0) {
		vcm_complain(q->dev, "no status");
		return;
	}
	if (status == 0)
		status = vcm_compute(q->dev, req);
	last->va[last->len - 1] = status;
}

void
vcm_complete(struct vcm_queue *q, uint32_t id)
{
	struct vring_used *used = used_of(q);

	used->ring[used->idx & (q->dev->cfg.ring_size - 1)] = (struct vring_used_elem){.id = id};
	__atomic_store_n(&used->idx, used->idx + 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(avail_of(q)->flags & VRING_AVAIL_NO_INTERRUPT))
		__atomic_add_fetch(&q->wakes, 1, __ATOMIC_RELEASE);
}

/* What the configuration says of the request that was done last. */
static void
faults(struct vcm_queue *q)
{
	const struct vcm_cfg *c = &q->dev->cfg;
	unsigned int done = q->dev->done;

	if (c->die_after != 0 && done == c->die_after)
		vcm_die(q->dev, UACCE_VC_STATE_FAILED);
	if (c->wild_after != 0 && done == c->wild_after)
		vcm_complete(q, 0xfff0);
	if (c->stall_after != 0 && done == c->stall_after)
		usleep(c->stall_ms * 1000);
}

unsigned int
vcm_work(struct vcm_queue *q, unsigned int n)
{
	const struct vcm_cfg *c = &q->dev->cfg;
	unsigned int held = 0, done = 0, k;
	static __thread struct vcm_req req;
	uint16_t ids[VCM_DESCS];

	while (done + held < n && held < VCM_DESCS && vcm_take(q, &req)) {
		q->dev->done++;
		vcm_serve(q, &req, q->dev->done == c->fail_at ? VCRYPTO_ERR : 0);
		faults(q);
		if (!q->dev->broken)
			ids[held++] = req.id;
	}
	for (; held != 0; held--, done++) {
		k = c->shuffle ? (unsigned int)rand() % held : 0;
		vcm_complete(q, ids[k]);
		memmove(&ids[k], &ids[k + 1], (held - k - 1) * sizeof(ids[0]));
	}
	return done;
}

/* ------------------------------------------------------------------ the thread */

/* Sleeps until the doorbell is rung, and says so by the flag, as devices do. */
static bool
thread_serves(struct vcm_queue *q)
{
	uint16_t *bell = (void *)(q->mmio + VCM_DOORBELL);
	struct vring_used *used = used_of(q);
	unsigned int n;

	if (!q->awake) {
		if (__atomic_exchange_n(bell, VCM_SILENT, __ATOMIC_ACQ_REL) == VCM_SILENT)
			return false;
		q->doorbells++;
		q->awake = true;
		__atomic_store_n(&used->flags, VRING_USED_NO_NOTIFY, __ATOMIC_RELAXED);
	}
	n = vcm_work(q, 32);
	if (n != 0)
		return true;
	__atomic_store_n(&used->flags, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->awake = false;
	if (__atomic_load_n(&avail_of(q)->idx, __ATOMIC_ACQUIRE) == q->seen)
		return false;
	__atomic_store_n(&used->flags, VRING_USED_NO_NOTIFY, __ATOMIC_RELAXED);
	q->awake = !q->dev->broken;
	return q->awake;
}

static void *
thread_main(void *arg)
{
	struct vcm_dev *dev = arg;
	bool busy;

	while (!__atomic_load_n(&dev->stop, __ATOMIC_RELAXED)) {
		busy = false;
		pthread_mutex_lock(&dev->lock);
		for (unsigned int i = 0; i < VCM_QUEUES; i++)
			if (dev->queues[i].started && dev->queues[i].mmio != NULL)
				busy |= thread_serves(&dev->queues[i]);
		pthread_mutex_unlock(&dev->lock);
		if (!busy)
			usleep(20);
	}
	return NULL;
}

/* ------------------------------------------------------------------ the transport */

static int
m_open(const char *spec, const char *options, const char *kind, void **devp, char *err,
	size_t err_size)
{
	struct vcm_dev *dev = calloc(1, sizeof(*dev));

	dev->cfg = vcm_cfg;
	pthread_mutex_init(&dev->lock, NULL);
	vcm_new_epoch(dev);
	if (dev->cfg.thread && pthread_create(&dev->thread, NULL, thread_main, dev) != 0) {
		free(dev);
		return -EAGAIN;
	}
	vcm_last = dev;
	*devp = dev;
	return 0;
}

static void
m_close(void *arg)
{
	struct vcm_dev *dev = arg;

	if (dev->cfg.thread) {
		__atomic_store_n(&dev->stop, true, __ATOMIC_RELAXED);
		pthread_join(dev->thread, NULL);
	}
	vcm_sessions_drop(dev);
	pthread_mutex_destroy(&dev->lock);
	if (vcm_last == dev)
		vcm_last = NULL;
	free(dev);
}

static int
m_info(void *arg, struct wd_dev_info *info)
{
	struct vcm_dev *dev = arg;

	memset(info, 0, sizeof(*info));
	strcpy(info->name, "model-0");
	strcpy(info->api, UACCE_VC_API);
	if (dev->cfg.services & 1u << VCRYPTO_SERVICE_CIPHER)
		strcat(info->algorithms, "cipher\n");
	if (dev->cfg.services & (1u << VCRYPTO_SERVICE_HASH | 1u << VCRYPTO_SERVICE_MAC))
		strcat(info->algorithms, "digest\n");
	if (dev->cfg.services & 1u << VCRYPTO_SERVICE_AEAD)
		strcat(info->algorithms, "aead\n");
	info->flags = dev->cfg.noiommu ? WD_DEV_NOIOMMU : WD_DEV_IOMMU;
	info->numa_node = -1;
	for (unsigned int i = 0; i < dev->cfg.queues; i++)
		info->available += !dev->queues[i].open;
	info->region_size[WD_REGION_MMIO] = PAGE;
	info->region_size[WD_REGION_DUS] = dus_size(dev);
	return 0;
}

/* A dead device comes back, if it does, when all of its queues were closed. */
static int
revive(struct vcm_dev *dev)
{
	for (unsigned int i = 0; dev->broken && i < VCM_QUEUES; i++)
		if (dev->queues[i].open)
			return -ENODEV;
	if (dev->broken && dev->cfg.gone)
		return -ENODEV;
	if (dev->broken)
		vcm_new_epoch(dev);
	return 0;
}

static int
m_queue_open(void *arg, void **queue)
{
	struct vcm_dev *dev = arg;

	if (revive(dev) < 0)
		return -ENODEV;
	for (unsigned int i = 0; i < dev->cfg.queues; i++) {
		struct vcm_queue *q = &dev->queues[i];

		if (q->open)
			continue;
		memset(q, 0, sizeof(*q));
		q->open = true;
		q->dev = dev;
		q->index = i;
		q->dus_size = dus_size(dev);
		q->dus_addr = (dev->cfg.noiommu ? DUS_PHYS : DUS_ADDR) + i * (16ul << 20);
		*queue = q;
		return 0;
	}
	return -EBUSY;
}

static void
m_queue_close(void *arg)
{
	struct vcm_queue *q = arg;

	q->open = false;
}

static void
tell(const struct vcm_dev *dev, const struct vcm_queue *q, struct uacce_vc_info *i)
{
	const struct vcm_cfg *c = &dev->cfg;

	*i = (struct uacce_vc_info){.size = sizeof(*i), .queue = UACCE_VC_NO_QUEUE,
		.epoch = dev->epoch, .features = c->features, .services = c->services,
		.hash_algo = c->hash_algo, .cipher_algo = c->cipher_algo,
		.mac_algo = c->mac_algo, .aead_algo = c->aead_algo,
		.max_cipher_key_len = c->max_cipher_key_len,
		.max_auth_key_len = c->max_auth_key_len, .ring_size = c->ring_size,
		.max_size = c->max_size, .desc_offset = DESC_OFF,
		.avail_offset = c->ring_size * sizeof(struct vring_desc),
		.state_offset = dus_size(dev) - 64, .room_offset = room_off(dev),
		.room_size = room_size(dev), .notify_width = 2};
	i->used_offset = (i->avail_offset + VRING_AVAIL_SIZE(c->ring_size) + 63) / 64 * 64;
	if (q != NULL && q->has_queue) {
		i->queue = q->index;
		i->dus_addr = q->dus_addr;
		i->notify_offset = VCM_DOORBELL;
		i->notify_value = q->index;
	}
}

static int
m_call(struct vcm_dev *dev, struct vcm_queue *q, unsigned long cmd, void *arg)
{
	if (dev->broken)
		return -ENXIO;
	switch (cmd) {
	case UACCE_VC_QUEUE:
		if (q == NULL)
			return -EINVAL;
		q->has_queue = true;
		tell(dev, q, arg);
		return 0;
	case UACCE_VC_INFO:
		tell(dev, q, arg);
		return 0;
	case UACCE_VC_CREATE:
		return vcm_session_create(dev, arg);
	case UACCE_VC_DESTROY:
		return vcm_session_destroy(dev, *(uint64_t *)arg);
	default:
		return -ENOTTY;
	}
}

static int
m_ioctl(void *arg, unsigned long cmd, void *data)
{
	struct vcm_queue *q = arg;
	int ret;

	pthread_mutex_lock(&q->dev->lock);
	ret = m_call(q->dev, q, cmd, data);
	pthread_mutex_unlock(&q->dev->lock);
	return ret;
}

static int
m_dev_ioctl(void *arg, unsigned long cmd, void *data)
{
	struct vcm_dev *dev = arg;
	int ret;

	pthread_mutex_lock(&dev->lock);
	ret = m_call(dev, NULL, cmd, data);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static int
m_mmap(void *arg, unsigned int region, size_t size, void **addr)
{
	struct vcm_queue *q = arg;
	void *va;

	if (region != WD_REGION_SS && !q->has_queue)
		return -EINVAL;
	va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (va == MAP_FAILED)
		return -errno;
	pthread_mutex_lock(&q->dev->lock);
	if (region == WD_REGION_DUS) {
		q->dus = va;
		/* As a device that was stopped in the middle of its work leaves it. */
		used_of(q)->flags = VRING_USED_NO_NOTIFY;
	} else if (region == WD_REGION_MMIO) {
		*(uint16_t *)(void *)((uint8_t *)va + VCM_DOORBELL) = VCM_SILENT;
		q->mmio = va;
	} else {
		q->ss = va;
		q->ss_len = size;
		memset(va, 0, size);
		mem_add(q->dev, va, size);
	}
	pthread_mutex_unlock(&q->dev->lock);
	*addr = va;
	return 0;
}

static int
m_munmap(void *arg, unsigned int region, void *addr, size_t size)
{
	struct vcm_queue *q = arg;

	pthread_mutex_lock(&q->dev->lock);
	if (region == WD_REGION_DUS) {
		q->dus = NULL;
	} else if (region == WD_REGION_MMIO) {
		q->mmio = NULL;
	} else {
		q->ss = NULL;
		mem_del(q->dev, addr, size);
	}
	pthread_mutex_unlock(&q->dev->lock);
	return munmap(addr, size) < 0 ? -errno : 0;
}

static int
m_start(void *arg)
{
	struct vcm_queue *q = arg;

	pthread_mutex_lock(&q->dev->lock);
	q->started = true;
	q->seen = 0;
	pthread_mutex_unlock(&q->dev->lock);
	return 0;
}

static int
m_stop(void *arg)
{
	struct vcm_queue *q = arg;

	pthread_mutex_lock(&q->dev->lock);
	q->started = false;
	q->awake = false;
	pthread_mutex_unlock(&q->dev->lock);
	return 0;
}

static int
m_wait(void *arg, int ms)
{
	struct vcm_queue *q = arg;

	q->waits++;
	for (int i = 0; i < ms * 10; i++) {
		if (__atomic_exchange_n(&q->wakes, 0, __ATOMIC_ACQ_REL) != 0)
			return 1;
		if (q->dev->broken)
			return -ENODEV;
		if (!q->dev->cfg.thread)
			return 0;
		usleep(100);
	}
	return 0;
}

static void
m_doze(void *arg, struct wd_doze *doze)
{
	memset(doze, 0, sizeof(*doze));
}

static int
m_share(void *arg, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr)
{
	struct vcm_dev *dev = arg;
	int ret;

	pthread_mutex_lock(&dev->lock);
	ret = mem_add(dev, va, len);
	if (ret == 0)
		ret = dev_addr_of(dev, va, dev_addr);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static int
m_unshare(void *arg, void *va, size_t len)
{
	struct vcm_dev *dev = arg;

	pthread_mutex_lock(&dev->lock);
	mem_del(dev, va, len);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

/* The piece that va lies in, from va on. */
static int
m_slice(void *arg, const void *va, uint64_t *dev_addr, size_t *len)
{
	const struct vcm_dev *dev = arg;

	for (unsigned int i = 0; i < dev->n_mems; i++) {
		size_t off = (const uint8_t *)va - dev->mems[i].va;

		if ((const uint8_t *)va < dev->mems[i].va || off >= dev->mems[i].len)
			continue;
		*dev_addr = dev->mems[i].dev_addr + off;
		*len = dev->mems[i].len - off;
		return 0;
	}
	return -EFAULT;
}

static int
m_ss_slice(void *arg, unsigned int i, uint64_t *dev_addr, size_t *len)
{
	struct vcm_queue *q = arg;
	size_t at = 0;

	for (; at < q->ss_len; at += *len, i--) {
		if (m_slice(q->dev, q->ss + at, dev_addr, len) < 0)
			return -EFAULT;
		if (i == 0)
			return at + *len < q->ss_len;
	}
	return -EINVAL;
}

static int
m_ss_share(void *arg, void *target)
{
	struct vcm_queue *q = arg, *t = target;

	if (q->ss == NULL)
		return -ENOENT;
	t->ss = q->ss;
	t->ss_len = q->ss_len;
	return 0;
}

const struct wd_transport vcm_transport = {
	.name = "model",
	.abi = WD_TRANSPORT_ABI,
	.open = m_open,
	.close = m_close,
	.info = m_info,
	.queue_open = m_queue_open,
	.queue_close = m_queue_close,
	.ioctl = m_ioctl,
	.mmap = m_mmap,
	.munmap = m_munmap,
	.start = m_start,
	.stop = m_stop,
	.wait = m_wait,
	.doze = m_doze,
	.share = m_share,
	.unshare = m_unshare,
	.ss_slice = m_ss_slice,
	.ss_share = m_ss_share,
	.slice = m_slice,
	.dev_ioctl = m_dev_ioctl,
};
