// SPDX-License-Identifier: BSD-3-Clause
/* The device goes away while it is being used: no signal, no hang, one clear answer. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)

static const uint32_t modes[] = {UACCE_DEV_SVA, UACCE_DEV_IOMMU, UACCE_DEV_NOIOMMU};

struct poller {
	struct echo_client *c;
	volatile bool stop;
	unsigned long spins;
};

/* What a polling driver does: look at the ring, ring the doorbell, for ever. */
static void *
hammer(void *arg)
{
	struct poller *p = arg;
	unsigned long sum = 0;

	while (!p->stop) {
		for (int i = 0; i < ECHO_DUS_SIZE; i += 64)
			sum += p->c->dus[i];
		*(volatile uint32_t *)(uintptr_t)(p->c->mmio + ECHO_CQ_DB) = (uint32_t)sum;
		p->spins++;
	}
	return NULL;
}

static uint32_t
word(struct echo_client *c, int offset)
{
	return *(volatile uint32_t *)(uintptr_t)(c->dus + offset);
}

static void
check_dead(struct echo_client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	struct uacce_info info = {.size = sizeof(info)};

	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(p.revents, POLLERR | POLLHUP);
	CHECK_ERRNO(ioctl(c->fd, UACCE_CMD_START_Q), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, UACCE_CMD_PUT_Q), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, UACCE_CMD_INFO, &info), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, ECHO_CMD, ECHO_RETURN_7), ENXIO);
	CHECK(echo_map(c->fd, UACCE_QFRT_SS, MB2) == MAP_FAILED && errno == ENXIO);
}

static void
under_traffic(void)
{
	for (unsigned int m = 0; m < 3; m++) {
		struct echo_client c, other_c;
		struct echo_dev dev, other;
		pthread_t t;
		uint8_t *ss = NULL;

		echo_spawn(&dev, &(struct echo_opts){.flags = modes[m]});
		echo_spawn(&other, &(struct echo_opts){.flags = UACCE_DEV_SVA, .name = "other"});
		CHECK_EQ(echo_open(&c, dev.node), 0);
		CHECK_EQ(echo_open(&other_c, other.node), 0);
		if (m) {
			ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
			CHECK(ss != MAP_FAILED);
			memset(ss, 0x5a, MB2);
		}
		CHECK_EQ(echo_start(&c), 0);
		CHECK_EQ(echo_start(&other_c), 0);
		struct poller p = {.c = &c};
		CHECK(!pthread_create(&t, NULL, hammer, &p));
		while (p.spins < 100)
			usleep(1000);
		c.dus[3000] = 0x42;
		echo_kill(&dev);
		unsigned long then = p.spins;
		while (p.spins < then + 100)
			usleep(1000);
		p.stop = true;
		pthread_join(t, NULL);

		check_dead(&c);
		/* Memory is as it was, and tells that the device is gone. */
		CHECK_EQ(c.dus[3000], 0x42);
		CHECK_EQ(word(&c, ECHO_RX_STOP), 1);
		CHECK_EQ(word(&c, ECHO_TX_STOP), 1);
		for (unsigned long i = 0; ss && i < MB2; i++)
			CHECK_EQ(ss[i], 0x5a);
		CHECK(access(dev.node, F_OK));
		/* Nobody else noticed. */
		uint8_t a[64] = {1}, b[64];
		CHECK_EQ(word(&other_c, ECHO_RX_STOP), 0);
		CHECK_EQ(echo_run(&other_c, a, (uintptr_t)a, b, (uintptr_t)b, 64), 0);
		/* A new device takes the place; the old queue stays dead. */
		echo_spawn(&dev, &(struct echo_opts){.flags = modes[m]});
		check_dead(&c);
		struct echo_client again;
		CHECK_EQ(echo_open(&again, dev.node), 0);
		CHECK_EQ(echo_start(&again), 0);
		echo_close(&again);
		echo_close(&c);
		echo_close(&other_c);
		if (ss)
			munmap(ss, MB2);
		echo_kill(&dev);
		echo_kill(&other);
	}
}

/* Not touched before the device went away: memory all the same. */
static void
first_touch_afterwards(void)
{
	struct echo_dev dev;
	struct echo_client c;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	CHECK(ss != MAP_FAILED);
	echo_kill(&dev);
	CHECK_EQ(ss[MB2 - 1], 0);
	ss[0] = 1;
	c.mmio[ECHO_SQ_DB] = 1;
	CHECK_EQ(word(&c, ECHO_TX_STOP), 1);
	munmap(ss, MB2);
	echo_close(&c);
}

static void *
waiting_call(void *arg)
{
	struct echo_client *c = arg;
	int ret = ioctl(c->fd, ECHO_CMD, ECHO_IGNORE_THIS);

	return (void *)(intptr_t)(ret ? -errno : 0);
}

/* Calls that wait for the server end with it, as do calls that start meanwhile. */
static void
while_calls_wait(void)
{
	struct echo_client c[8];
	struct echo_dev dev;
	pthread_t t[8];
	void *ret;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(echo_open(&c[i], dev.node), 0);
		CHECK(!pthread_create(&t[i], NULL, waiting_call, &c[i]));
	}
	usleep(200000);
	echo_kill(&dev);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &ret);
		CHECK_EQ(ret, -ENXIO);
		echo_close(&c[i]);
	}
}

/* The server gives one queue up; the others live. */
static void
one_queue_fails(void)
{
	struct echo_client a, b;
	struct echo_dev dev;
	uint8_t x[64] = {3}, y[64];

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	CHECK_EQ(echo_open(&a, dev.node), 0);
	CHECK_EQ(echo_open(&b, dev.node), 0);
	CHECK_EQ(echo_start(&a), 0);
	CHECK_EQ(echo_start(&b), 0);
	CHECK_EQ(ioctl(a.fd, ECHO_CMD, ECHO_FAIL_QUEUE), 0);
	check_dead(&a);
	CHECK_EQ(word(&a, ECHO_TX_STOP), 1);
	CHECK_EQ(echo_run(&b, x, (uintptr_t)x, y, (uintptr_t)y, 64), 0);
	echo_close(&a);
	/* the instance comes back */
	CHECK_EQ(echo_open(&a, dev.node), 0);
	CHECK_EQ(echo_start(&a), 0);
	CHECK_EQ(echo_run(&a, x, (uintptr_t)x, y, (uintptr_t)y, 64), 0);
	echo_close(&a);
	echo_close(&b);
	echo_kill(&dev);
}

/* Opening, mapping, starting and closing race with devices that come and go. */
static void *
open_close(void *arg)
{
	struct poller *p = arg;
	struct echo_client c;
	char node[64];

	while (!p->stop) {
		for (int id = 0; id < 3; id++) {
			snprintf(node, sizeof(node), "/dev/echo-%d", id);
			if (echo_open(&c, node))
				continue;
			void *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
			echo_start(&c);
			if (ss != MAP_FAILED)
				munmap(ss, MB2);
			echo_close(&c);
			p->spins++;
		}
	}
	return NULL;
}

static void
come_and_go(void)
{
	const char *patience = getenv("PATIENCE");
	unsigned int factor = patience && atoi(patience) > 0 ? (unsigned int)atoi(patience) : 1;
	struct poller p = {0};
	struct echo_dev dev;
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&t[i], NULL, open_close, &p));
	for (int i = 0; i < 25; i++) {
		echo_spawn(&dev,
			&(struct echo_opts){.flags = i % 2 ? UACCE_DEV_IOMMU : UACCE_DEV_NOIOMMU});
		usleep(20000 * factor * (useconds_t)(i % 3));
		echo_kill(&dev);
	}
	p.stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	printf("# %lu queues\n", p.spins);
	CHECK(p.spins > 0);
}

int
main(void)
{
	CASE(under_traffic);
	CASE(first_touch_afterwards);
	CASE(while_calls_wait);
	CASE(one_queue_fails);
	CASE(come_and_go);
	return 0;
}
