/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"

#define CLASS           "/sys/class/uacce"
#define SQE_SIZE        128             /* B1 */
#define DOORBELL        0x1000          /* A10 */
#define PAGE            4096

uint64_t
abi_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ discovery */

int
abi_attr(const char *dev, const char *attr, char *buf, size_t size)
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), CLASS "/%s/%s", dev, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	return (int)n;
}

static unsigned long
number(const char *dev, const char *attr)
{
	char buf[64], *end;
	unsigned long v;

	CHECK(abi_attr(dev, attr, buf, sizeof(buf)) > 0);
	v = strtoul(buf, &end, 10);
	CHECK(end != buf && strcmp(end, "\n") == 0);
	return v;
}

void
abi_find(struct abi_dev *dev, const char *prefix)
{
	struct dirent *e;
	char api[64];
	DIR *d;

	memset(dev, 0, sizeof(*dev));
	d = opendir(CLASS);
	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			snprintf(dev->name, sizeof(dev->name), "%.63s", e->d_name);
	closedir(d);
	CHECK(dev->name[0] != '\0');
	CHECK(abi_attr(dev->name, "api", api, sizeof(api)) > 0);
	CHECK(strncmp(api, "hisi_qm_v", 9) == 0);
	dev->version = (unsigned int)strtoul(api + 9, NULL, 10);
	CHECK(dev->version >= 2);
	CHECK(number(dev->name, "flags") & 1);          /* SVA: addresses are ours (A6) */
	CHECK(number(dev->name, "isolate") == 0);
	dev->instances = (unsigned int)number(dev->name, "available_instances");
	dev->mmio_size = number(dev->name, "region_mmio_size");
	dev->dus_size = number(dev->name, "region_dus_size");
}

int
abi_open_node(const struct abi_dev *dev)
{
	char path[128], real[PATH_MAX];

	snprintf(path, sizeof(path), "/dev/%s", dev->name);
	CHECK(realpath(path, real) != NULL);
	return open(real, O_RDWR | O_CLOEXEC);
}

/* ------------------------------------------------------------------ queue */

void
abi_queue_open(struct abi_queue *q, const struct abi_dev *dev, uint16_t qc_type)
{
	struct abi_qp_ctx ctx = { .qc_type = qc_type };
	struct abi_qp_info info = { 0 };

	memset(q, 0, sizeof(*q));
	q->dev = dev;
	q->fd = abi_open_node(dev);
	CHECK(q->fd >= 0);
	/* Regions before any ioctl, as the most used client does (A11). */
	q->dus = mmap(NULL, dev->dus_size, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, PAGE);
	q->mmio = mmap(NULL, dev->mmio_size, PROT_READ | PROT_WRITE, MAP_SHARED, q->fd, 0);
	CHECK(q->dus != MAP_FAILED && q->mmio != MAP_FAILED);
	CHECK(ioctl(q->fd, ABI_QP_CTX, &ctx) == 0);
	CHECK(ioctl(q->fd, ABI_QP_INFO, &info) == 0);
	CHECK(info.sqe_size == SQE_SIZE && info.sq_depth == info.cq_depth);
	q->id = ctx.id;
	q->depth = info.sq_depth;
	q->cq = (struct abi_cqe *)(void *)(q->dus + (size_t)SQE_SIZE * q->depth);
	q->phase = 1;
	CHECK(ioctl(q->fd, ABI_START_Q) == 0);
}

void
abi_queue_close(struct abi_queue *q)
{
	CHECK(ioctl(q->fd, ABI_PUT_Q) == 0);
	CHECK(munmap(q->mmio, q->dev->mmio_size) == 0);
	CHECK(munmap(q->dus, q->dev->dus_size) == 0);
	CHECK(close(q->fd) == 0);
}

static uint32_t
stop_word(const struct abi_queue *q, unsigned int from_end)
{
	return *(volatile uint32_t *)(void *)(q->dus + q->dev->dus_size - from_end);
}

static void
doorbell(struct abi_queue *q, unsigned int cmd, uint16_t index, uint16_t prio)
{
	*(volatile uint64_t *)(void *)(q->mmio + DOORBELL) = (uint64_t)q->id | (uint64_t)cmd << 12 |
		(uint64_t)index << 32 | (uint64_t)prio << 48;
}

int
abi_send(struct abi_queue *q, const void *sqe)
{
	if (__atomic_load_n(&q->used, __ATOMIC_ACQUIRE) == q->depth - 1)
		return -1;
	memcpy(q->dus + (size_t)q->tail * SQE_SIZE, sqe, SQE_SIZE);
	if (++q->tail == q->depth)
		q->tail = 0;
	__atomic_fetch_add(&q->used, 1, __ATOMIC_RELEASE);
	CHECK(stop_word(q, 4) == 0);
	__sync_synchronize();
	doorbell(q, 0, q->tail, 0);
	return 0;
}

int
abi_recv(struct abi_queue *q, void *sqe)
{
	const volatile struct abi_cqe *cqe = &q->cq[q->head];

	CHECK(stop_word(q, 8) == 0);
	if ((cqe->w7 & 1) != q->phase)
		return 0;
	__sync_synchronize();
	CHECK(cqe->sq_head < q->depth);
	memcpy(sqe, q->dus + (size_t)cqe->sq_head * SQE_SIZE, SQE_SIZE);
	if (++q->head == q->depth) {
		q->head = 0;
		q->phase ^= 1;
	}
	doorbell(q, 1, q->head, (uint16_t)q->arm);
	__atomic_fetch_sub(&q->used, 1, __ATOMIC_RELEASE);
	return 1;
}

void
abi_recv_wait(struct abi_queue *q, void *sqe)
{
	/* A busy host was seen to run neither this thread nor the device's for five seconds. */
	uint64_t end = abi_now_ms() + 30000;

	while (!abi_recv(q, sqe))
		CHECK(abi_now_ms() < end);
}

/* ------------------------------------------------------------------ descriptors */

static void
put16(uint8_t *bd, unsigned int off, uint16_t v)
{
	memcpy(bd + off, &v, 2);
}

static void
put32(uint8_t *bd, unsigned int off, uint32_t v)
{
	memcpy(bd + off, &v, 4);
}

static void
put_addr(uint8_t *bd, unsigned int off, const void *p)
{
	uint64_t v = (uintptr_t)p;

	memcpy(bd + off, &v, 8);
}

static uint32_t
get32(const void *sqe, unsigned int off)
{
	uint32_t v;

	memcpy(&v, (const uint8_t *)sqe + off, 4);
	return v;
}

/* C1: byte 0 type and cipher, byte 1 de and scene, 12 mode, 14 alg. */
static void
cbc_bd2(uint8_t *bd, int encrypt, const void *key, const void *iv, const void *src, void *dst,
	uint32_t len, uint16_t tag)
{
	bd[0] = (uint8_t)(2 | (encrypt ? 1 : 2) << 4);
	bd[1] = 1 << 1 | 1 << 3;
	put16(bd, 12, 1 << 12);                 /* CBC, 128 bit key */
	bd[14] = 2;                             /* AES */
	put32(bd, 20, len);
	put16(bd, 40, tag);
	put_addr(bd, 80, iv);
	put_addr(bd, 88, key);
	put_addr(bd, 96, src);
	put_addr(bd, 104, dst);
}

/* C3: dword 0 type, scene, de; byte 4 cipher, byte 6 mode and alg. */
static void
cbc_bd3(uint8_t *bd, int encrypt, const void *key, const void *iv, const void *src, void *dst,
	uint32_t len, uint16_t tag)
{
	put32(bd, 0, 3 | 1 << 5 | 1 << 9);
	put16(bd, 4, encrypt ? 1 : 2);
	bd[6] = 1 | 2 << 4;
	put16(bd, 8, tag);
	put_addr(bd, 16, src);
	put_addr(bd, 48, key);
	put32(bd, 72, len);
	put_addr(bd, 76, dst);
	put_addr(bd, 92, iv);
}

void
abi_cbc(void *sqe, const struct abi_dev *dev, int encrypt, const void *key, const void *iv,
	const void *src, void *dst, uint32_t len, uint16_t tag)
{
	memset(sqe, 0, SQE_SIZE);
	if (dev->version == 2)
		cbc_bd2(sqe, encrypt, key, iv, src, dst, len, tag);
	else
		cbc_bd3(sqe, encrypt, key, iv, src, dst, len, tag);
}

int
abi_cbc_ok(const void *sqe, const struct abi_dev *dev, uint16_t *tag)
{
	const uint8_t *bd = sqe;

	memcpy(tag, bd + (dev->version == 2 ? 40 : 8), 2);
	/* C6: done, no error, the flag of a cipher, and the type is still there. */
	return (bd[112] & 1) != 0 && bd[114] == 0 && (get32(bd, 112) >> 7 & 0xf) == 2 &&
		(bd[0] & 0xf) == (dev->version == 2 ? 2 : 3);
}

void
abi_zip(void *sqe, const struct abi_dev *dev, enum abi_format format, const void *src,
	uint32_t len, void *dst, uint32_t room, uint32_t tag)
{
	uint8_t *bd = sqe;

	memset(sqe, 0, SQE_SIZE);
	put32(bd, 16, len);
	/* D4: a stream in one request: new, not stateful, finish. */
	put32(bd, 28, 1u << 25 | 1u << 27 | (dev->version == 2 ? 0u : 3u) << 28);
	put32(bd, 36, (uint32_t)format | 4 << 12);      /* flat, 32 KiB window */
	put32(bd, dev->version == 2 ? 52 : 104, tag);
	put32(bd, 56, room);
	put_addr(bd, 72, src);
	put_addr(bd, 80, dst);
}

unsigned int
abi_zip_status(const void *sqe, uint32_t *consumed, uint32_t *produced)
{
	*consumed = get32(sqe, 0);
	*produced = get32(sqe, 4);
	return get32(sqe, 12) & 0xff;
}
