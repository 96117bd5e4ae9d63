// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "echo.h"

void *
echo_map(int fd, unsigned int region, size_t len)
{
	return mmap(
		NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)region * getpagesize());
}

int
echo_open(struct echo_client *c, const char *node)
{
	int ret;

	*c = (struct echo_client){.fd = open(node, O_RDWR | O_CLOEXEC)};
	if (c->fd < 0)
		return -errno;
	c->dus = echo_map(c->fd, UACCE_QFRT_DUS, ECHO_DUS_SIZE);
	c->mmio = echo_map(c->fd, UACCE_QFRT_MMIO, ECHO_MMIO_SIZE);
	if (c->dus != MAP_FAILED && c->mmio != MAP_FAILED)
		return 0;
	ret = -errno;
	if (c->dus != MAP_FAILED)
		munmap((void *)(uintptr_t)c->dus, ECHO_DUS_SIZE);
	close(c->fd);
	return ret;
}

int
echo_start(struct echo_client *c)
{
	return ioctl(c->fd, UACCE_CMD_START_Q) ? -errno : 0;
}

void
echo_close(struct echo_client *c)
{
	munmap((void *)(uintptr_t)c->mmio, ECHO_MMIO_SIZE);
	munmap((void *)(uintptr_t)c->dus, ECHO_DUS_SIZE);
	close(c->fd);
}

void
echo_submit(struct echo_client *c, uint64_t src, uint64_t dst, uint32_t len, uint32_t flags)
{
	volatile struct echo_sqe *sqe = (volatile struct echo_sqe *)c->dus + c->tail % ECHO_DEPTH;

	sqe->src = src;
	sqe->dst = dst;
	sqe->len = len;
	sqe->tag = c->tail;
	sqe->flags = flags;
	c->tail++;
	__atomic_store_n((uint32_t *)(uintptr_t)(c->mmio + ECHO_SQ_DB), c->tail, __ATOMIC_RELEASE);
}

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
echo_wait(struct echo_client *c, int ms)
{
	volatile struct echo_cqe *cqe =
		(volatile struct echo_cqe *)(c->dus + ECHO_CQ) + c->head % ECHO_DEPTH;
	long end = now_ms() + ms;

	while (__atomic_load_n(&cqe->seq, __ATOMIC_ACQUIRE) != c->head + 1) {
		if (now_ms() > end)
			return -ETIMEDOUT;
		sched_yield();
	}
	c->head++;
	return cqe->status;
}

int
echo_run(struct echo_client *c, const void *src, uint64_t dev_src, void *dst, uint64_t dev_dst,
	uint32_t len)
{
	const uint8_t *from = src, *to = dst;
	int ret;

	echo_submit(c, dev_src, dev_dst, len, 0);
	ret = echo_wait(c, 5000);
	for (uint32_t i = 0; i < len && !ret; i++)
		if ((to[i] ^ from[i]) != 0xff)
			ret = -EBADMSG;
	return ret;
}

int
page_level(const void *addr)
{
	int fd = open("/dev/uacce_walk", O_RDWR);
	int ret = fd < 0 ? -1 : ioctl(fd, 0, addr);

	close(fd);
	return ret;
}

long
read_number(const char *path)
{
	FILE *f = fopen(path, "r");
	long v = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &v) != 1)
		v = -1;
	fclose(f);
	return v;
}

long
status_kib(const char *field)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long v = -1;

	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)) && line[strlen(field)] == ':')
			v = strtol(line + strlen(field) + 1, NULL, 10);
	fclose(f);
	return v;
}

long
pinned_kib(long expected)
{
	long v = status_kib("VmPin");

	for (int i = 0; i < 200 && v != expected; i++) {
		usleep(10000);
		v = status_kib("VmPin");
	}
	return v;
}
