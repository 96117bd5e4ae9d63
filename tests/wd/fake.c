/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "uacce/uacce.h"

struct fake_cfg fake_cfg = {
	.api = "hisi_qm_v3",
	.algorithms = "cipher\ndigest\naead\n",
	.flags = WD_DEV_SVA | WD_DEV_DB_SLOTS,
	.depth = 16,
	.queues = 4,
};
struct fake_queue *fake_last;
unsigned int fake_shared;
static unsigned int open_queues;

static int
f_open(const char *spec, const char *options, const char *kind, void **dev, char *err,
	size_t err_size)
{
	*dev = &fake_cfg;
	return 0;
}

static void
f_close(void *dev)
{
}

static size_t
dus_size(void)
{
	return (fake_cfg.depth * (HISI_QM_SQE_SIZE + sizeof(struct hisi_qm_cqe)) + 4095 + 4096) &
		~4095ul;
}

static int
f_info(void *dev, struct wd_dev_info *info)
{
	memset(info, 0, sizeof(*info));
	strcpy(info->name, "fake-0");
	strcpy(info->api, fake_cfg.api);
	strcpy(info->algorithms, fake_cfg.algorithms);
	info->flags = fake_cfg.flags;
	info->numa_node = -1;
	info->available = fake_cfg.queues - open_queues;
	info->region_size[WD_REGION_MMIO] = 8192;
	info->region_size[WD_REGION_DUS] = dus_size();
	info->region_size[WD_REGION_DKO] = fake_cfg.dko;
	return 0;
}

static int
f_queue_open(void *dev, void **queue)
{
	struct fake_queue *f;

	if (open_queues == fake_cfg.queues)
		return -EBUSY;
	f = calloc(1, sizeof(*f));
	CHECK(f != NULL);
	open_queues++;
	f->depth = fake_cfg.depth;
	f->dus_size = dus_size();
	f->iova_off = fake_cfg.iova_off;
	fake_last = f;
	*queue = f;
	return 0;
}

static void
f_queue_close(void *queue)
{
	struct fake_queue *f = queue;

	CHECK(f->dus == NULL && f->mmio == NULL && f->ss == NULL && f->dko == NULL);
	open_queues--;
	free(f);
}

static int
f_ioctl(void *queue, unsigned long cmd, void *arg)
{
	struct fake_queue *f = queue;

	if (cmd == HISI_QM_SET_QP_CTX) {
		struct hisi_qp_ctx *ctx = arg;

		ctx->id = 5;
		f->qc_type = ctx->qc_type;
		return 0;
	}
	CHECK_EQ(cmd, HISI_QM_SET_QP_INFO);
	*(struct hisi_qp_info *)arg = (struct hisi_qp_info){.sqe_size = HISI_QM_SQE_SIZE,
		.sq_depth = f->depth, .cq_depth = f->depth};
	return 0;
}

static int
f_mmap(void *queue, unsigned int region, size_t size, void **addr)
{
	struct fake_queue *f = queue;
	void *va = aligned_alloc(4096, size);

	CHECK(va != NULL);
	/* Leftovers of a former use: the driver has to start from zeroed rings. */
	memset(va, region == WD_REGION_DUS ? 0xff : 0, size);
	*addr = va;
	if (region == WD_REGION_DUS) {
		CHECK_EQ(size, f->dus_size);
		f->dus = va;
	} else if (region == WD_REGION_MMIO) {
		f->mmio = va;
	} else if (region == WD_REGION_DKO) {
		CHECK(!f->started);
		f->dko = va;
	} else {
		f->ss = va;
		f->ss_len = size;
	}
	return 0;
}

static int
f_munmap(void *queue, unsigned int region, void *addr, size_t size)
{
	struct fake_queue *f = queue;

	free(addr);
	if (region == WD_REGION_DUS)
		f->dus = NULL;
	else if (region == WD_REGION_MMIO)
		f->mmio = NULL;
	else if (region == WD_REGION_DKO)
		f->dko = NULL;
	else
		f->ss = NULL;
	return 0;
}

static int
f_start(void *queue)
{
	struct fake_queue *f = queue;

	if (f->started)
		return -EINVAL;
	f->started = true;
	return 0;
}

static int
f_stop(void *queue)
{
	struct fake_queue *f = queue;

	f->started = false;
	f->stops++;
	return 0;
}

static int
f_wait(void *queue, int ms)
{
	struct fake_queue *f = queue;

	f->waits++;
	return f->wait_result;
}

static void
f_wake(void *arg)
{
	struct fake_queue *f = arg;

	f->woken++;
}

static void
f_doze(void *queue, struct wd_doze *doze)
{
	struct fake_queue *f = queue;

	memset(doze, 0, sizeof(*doze));
	if (fake_cfg.doze)
		*doze = (struct wd_doze){.dozing = &f->dozing, .wake = f_wake, .arg = f};
}

static int
f_share(void *dev, void *va, size_t len, int fd, uint64_t offset, uint64_t *dev_addr)
{
	if (fake_cfg.no_share)
		return -ENOTSUP;
	fake_shared++;
	*dev_addr = (uintptr_t)va + fake_cfg.iova_off;
	return 0;
}

static int
f_unshare(void *dev, void *va, size_t len)
{
	fake_shared--;
	return 0;
}

/* Two slices, so that the library has to put them together. */
static int
f_ss_slice(void *queue, unsigned int i, uint64_t *dev_addr, size_t *len)
{
	struct fake_queue *f = queue;

	CHECK(f->ss != NULL && i < 2);
	*len = f->ss_len / 2;
	*dev_addr = (uintptr_t)f->ss + f->iova_off + i * *len;
	return 1 - i;
}

static int
f_ss_share(void *queue, void *target)
{
	struct fake_queue *f = queue, *t = target;

	if (f->ss == NULL)
		return -ENOENT;
	t->ss = f->ss;
	t->ss_len = f->ss_len;
	return 0;
}

/* Contiguous by the page; each second one is somewhere else when the test says so. */
static int
f_slice(void *dev, const void *va, uint64_t *dev_addr, size_t *len)
{
	uintptr_t a = (uintptr_t)va;

	*len = SIZE_MAX / 2;
	*dev_addr = a + fake_cfg.iova_off;
	if (fake_cfg.scattered) {
		*len = 4096 - a % 4096;
		*dev_addr += a / 4096 % 2 << 40;
	}
	return 0;
}

const struct wd_transport fake_transport = {
	.name = "fake",
	.abi = WD_TRANSPORT_ABI,
	.open = f_open,
	.close = f_close,
	.info = f_info,
	.queue_open = f_queue_open,
	.queue_close = f_queue_close,
	.ioctl = f_ioctl,
	.mmap = f_mmap,
	.munmap = f_munmap,
	.start = f_start,
	.stop = f_stop,
	.wait = f_wait,
	.doze = f_doze,
	.share = f_share,
	.unshare = f_unshare,
	.ss_slice = f_ss_slice,
	.ss_share = f_ss_share,
	.slice = f_slice,
};

struct wd_device *
fake_open(const char *kind)
{
	struct wd_device *dev;
	char err[256] = "";
	int ret;

	ret = wd_device_open_transport(&fake_transport, "", kind, NULL, &dev, err, sizeof(err));
	if (ret < 0)
		fprintf(stderr, "%s\n", err);
	CHECK_EQ(ret, 0);
	return dev;
}

void
fake_request(struct wd_queue *q, struct wd_device *dev, uint16_t type, uint16_t depth)
{
	memset(q, 0, sizeof(*q));
	q->dev = dev;
	q->numa_node = -1;
	q->type = type;
	q->depth = depth;
	CHECK_EQ(wd_request_queue(q), 0);
}

uint64_t
fake_doorbell(const struct fake_queue *f, unsigned int cmd)
{
	return *(uint64_t *)(void *)(f->mmio + HISI_QM_DB_SLOT(cmd));
}

void *
fake_sqe(const struct fake_queue *f, uint32_t index)
{
	return f->dus + (index & (f->depth - 1)) * HISI_QM_SQE_SIZE;
}

void
fake_cqe(struct fake_queue *f, uint32_t slot)
{
	struct hisi_qm_cqe *cq = (void *)(f->dus + f->depth * HISI_QM_SQE_SIZE);
	struct hisi_qm_cqe *e = &cq[f->head & (f->depth - 1)];

	e->sq_head = slot;
	e->sq_num = 5;
	e->w7 = (f->head / f->depth & 1) ^ 1;
	f->head++;
}

void
fake_stop(struct fake_queue *f, bool tx, bool rx)
{
	*(uint32_t *)(void *)(f->dus + f->dus_size - HISI_QM_TX_STOP_FROM_END) = tx;
	*(uint32_t *)(void *)(f->dus + f->dus_size - HISI_QM_RX_STOP_FROM_END) = rx;
}
