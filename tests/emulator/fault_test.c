/* SPDX-License-Identifier: BSD-3-Clause */
/* Fault injection does what was asked for, to the job that was meant, and to no other. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "sec2_ops.h"

extern const struct wd_transport wd_transport_plugin;
static const struct wd_transport *const tr = &wd_transport_plugin;

static uint8_t digests[64][32];

static void
put(struct client *c, unsigned int n)
{
	struct sec2_op_desc d = { .mac = &test_macs[2], .mac_len = 20, .src = "abc", .auth_len = 3,
		.scene = 7 };
	uint8_t bd[128];
	unsigned int i;

	CHECK(test_macs[2].alg == SEC2_AALG_SHA1);
	for (i = 0; i < n; i++) {
		d.mac_addr = digests[i];
		d.tag = i;
		sec2_make_bd3(&d, bd);
		client_put(c, bd);
	}
	client_ring(c);
}

static uint8_t
error_at(struct client *c, unsigned int slot)
{
	return ((struct sec2_bd3 *)client_slot(c, slot))->error_type;
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
test_fail(void)
{
	struct client c;
	int i;

	client_open(&c, "sec2", "fault=fail:3:77,fault=fail:%5:9", 0);
	put(&c, 20);
	for (i = 0; i < 20; i++) {
		CHECK(client_wait(&c) == i);
		CHECK(error_at(&c, (unsigned int)i) == (i == 2 ? 77 : i % 5 == 4 ? 9 : 0));
	}
	client_close(&c);
}

static void
test_index(void)
{
	struct client c;
	int i;

	client_open(&c, "sec2", "fault=index:4:65535", 0);
	put(&c, 10);
	for (i = 0; i < 10; i++)
		CHECK(client_wait(&c) == (i == 3 ? 65535 : i));
	client_close(&c);
}

static void
test_stall(void)
{
	uint64_t start;
	struct client c;
	int i;

	client_open(&c, "sec2", "fault=stall:6:300", 0);
	put(&c, 10);
	for (i = 0; i < 5; i++)
		CHECK(client_wait(&c) == i);
	start = now_ms();
	CHECK(client_wait(&c) == 5);
	CHECK(now_ms() - start >= 250);
	for (i = 6; i < 10; i++)
		CHECK(client_wait(&c) == i);
	client_close(&c);

	/* For ever: but stopping and closing the queue still works. */
	client_open(&c, "sec2", "fault=stall:1:0", 0);
	put(&c, 10);
	usleep(100000);
	CHECK(client_poll(&c) == -1);
	client_close(&c);
}

static void
wait_stopped(struct client *c)
{
	CHECK(tr->wait(c->q, 30000) == 1);
	for (int i = 0; i < 30000 && client_stop_word(c, HISI_QM_RX_STOP_FROM_END) == 0; i++)
		usleep(1000);
	CHECK(client_stop_word(c, HISI_QM_TX_STOP_FROM_END) == 1);
	CHECK(client_stop_word(c, HISI_QM_RX_STOP_FROM_END) == 1);
}

static void
test_reset(void)
{
	struct client c, other, again;
	int i;

	client_open(&c, "sec2", "fault=reset:6", 0);
	client_queue(&other, c.dev, 0);
	put(&c, 10);
	for (i = 0; i < 5; i++)
		CHECK(client_wait(&c) == i);
	wait_stopped(&c);
	CHECK(client_poll(&c) == -1);
	/* The other queue works, and so does a new one. */
	put(&other, 3);
	for (i = 0; i < 3; i++)
		CHECK(client_wait(&other) == i);
	client_queue_close(&c);
	client_queue(&again, other.dev, 0);
	put(&again, 3);
	for (i = 0; i < 3; i++)
		CHECK(client_wait(&again) == i);
	client_queue_close(&again);
	client_close(&other);
}

static void
test_unplug(void)
{
	struct wd_dev_info info;
	struct client c, other;
	void *q;
	int i;

	client_open(&c, "sec2", "threads=2,fault=unplug:6", 0);
	client_queue(&other, c.dev, 0);
	put(&c, 10);
	for (i = 0; i < 5; i++)
		CHECK(client_wait(&c) == i);
	wait_stopped(&c);
	wait_stopped(&other);
	CHECK(tr->queue_open(c.dev, &q) == -ENODEV);
	CHECK(tr->info(c.dev, &info) == 0 && info.available == 0 && info.isolated == 1);
	client_queue_close(&other);
	client_close(&c);
}

static void
test_syntax(void)
{
	static const char *const bad[] = {
		"fault=", "fault=fail", "fault=fail:", "fault=fail:0:1", "fault=fail:3", "fault=fail:3:0",
		"fault=fail:3:256", "fault=fail:3:1x", "fault=burn:1", "fault=reset:1:1", "fault=reset:-1",
		"fault=index:1:65536", "fault=stall:%:1",
	};
	char err[256];
	unsigned int i;
	void *dev;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = 0;
		CHECK(tr->open("", bad[i], "sec2", &dev, err, sizeof(err)) == -EINVAL);
		CHECK(strstr(err, "fault") != NULL);
	}
}

int
main(void)
{
	test_syntax();
	test_fail();
	test_index();
	test_stall();
	test_reset();
	test_unplug();
	return 0;
}
