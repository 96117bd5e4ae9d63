/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * daemon_test UACCE-EMU: what happens to a client when the daemon is killed, the device is reset or
 * unplugged, and to the daemon when a client lies about its memory.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"

/* The device goes in full traffic: what was in flight comes back, once, with an error. */
static void
expect_loss(struct traffic *t, void (*cause)(void))
{
	uint64_t lost = t->lost;
	struct wd_req none = { .sess = t->enc };

	traffic_run(t, 20000);
	CHECK(wd_queue_alive(&t->q));
	do
		traffic_step(t, true);
	while (wd_queue_outstanding(&t->q) < 64);
	cause();
	traffic_drain(t);
	CHECK(!wd_queue_alive(&t->q) || t->lost == lost);
	while (wd_queue_alive(&t->q)) {
		/* Everything was done before: the next one finds out. */
		traffic_step(t, true);
		traffic_drain(t);
	}
	CHECK(wd_submit(&t->q, &none, 1) == 0);
	wd_release_queue(&t->q);
}

static void
request(struct traffic *t)
{
	CHECK(wd_request_queue(&t->q) == 0);
	traffic_run(t, 5000);
}

static void
cause_kill(void)
{
	daemon_kill(SIGKILL);
}

static void
cause_reset(void)
{
	CHECK(daemon_tool("fault", "hisi_sec2-0 reset") == 0);
}

static void
cause_unplug(void)
{
	CHECK(daemon_tool("fault", "hisi_sec2-0 unplug") == 0);
}

static void
cause_index(void)
{
	CHECK(daemon_tool("fault", "hisi_sec2-0 index:7:5000") == 0);
}

static void
test_loss(const char *program)
{
	struct traffic t;
	unsigned int i;

	daemon_start(program);
	traffic_open(&t);
	for (i = 0; i < 3; i++) {
		expect_loss(&t, cause_kill);
		CHECK(wd_request_queue(&t.q) < 0);      /* nobody there */
		daemon_start(program);                  /* the socket was left behind */
		request(&t);
		expect_loss(&t, cause_reset);
		request(&t);
		expect_loss(&t, cause_unplug);
		CHECK(wd_request_queue(&t.q) < 0);
		CHECK(daemon_tool("fault", "hisi_sec2-0 return") == 0);
		request(&t);
	}
	/* In tests the device itself is at fault. */
	expect_loss(&t, cause_index);
	request(&t);
	CHECK(t.lost > 0);
	traffic_drain(&t);
	traffic_close(&t);
	daemon_end();
}

static void
test_faults(const char *program)
{
	struct traffic t;
	uint64_t start;

	daemon_start(program);
	traffic_open(&t);
	CHECK(daemon_tool("fault", "hisi_sec2-0 fail:10:5") == 0);
	traffic_run(&t, 1000);
	CHECK(t.failed == 1);
	CHECK(daemon_tool("fault", "hisi_sec2-0 stall:1:400") == 0);
	start = now_ms();
	traffic_run(&t, 2000);
	CHECK(now_ms() - start >= 300 && now_ms() - start < 5000);
	CHECK(t.failed == 1 && t.lost == 0);
	CHECK(daemon_tool("fault", "hisi_sec2-0 explode 2>/dev/null") == 1);
	CHECK(daemon_tool("fault", "nobody reset 2>/dev/null") == 1);
	CHECK(daemon_tool("status", "--json >/dev/null") == 0);
	CHECK(daemon_tool("top", "--count 1 --interval 0.1 >/dev/null") == 0);
	traffic_drain(&t);
	traffic_close(&t);
	daemon_end();
}

/* Addresses that were not shared, or not any more. */
static void
test_addresses(const char *program)
{
	static uint8_t own[4096];
	struct wd_req r = { 0 };
	struct traffic t;
	struct wd_cpl c;
	unsigned int i;

	daemon_start(program);
	traffic_open(&t);
	r.sess = t.enc;
	r.cipher_len = 64;
	r.iv = wd_dev_addr(t.dev, t.mem, 16);
	CHECK(wd_dev_addr(t.dev, own, 64) == UINT64_MAX);
	for (i = 0; i < 4; i++) {
		uint64_t bad[] = { (uintptr_t)own, (uintptr_t)t.mem + t.mem_size - 32, 4096,
			UINT64_MAX - 4095 };

		r.src = r.dst = bad[i];
		CHECK(wd_submit(&t.q, &r, 1) == 1);
		while (wd_poll(&t.q, &c, 1) == 0)
			CHECK(wd_queue_alive(&t.q));
		CHECK(c.status != WD_OK && c.status != WD_DEV_LOST);
	}
	traffic_run(&t, 2000);
	traffic_drain(&t);
	CHECK(wd_device_unshare(t.dev, t.mem, 4096) == 0);
	r.src = r.dst = (uintptr_t)t.mem;
	r.iv = (uintptr_t)t.mem + 8192;
	CHECK(wd_submit(&t.q, &r, 1) == 1);
	while (wd_poll(&t.q, &c, 1) == 0)
		CHECK(wd_queue_alive(&t.q));
	CHECK(c.status != WD_OK && c.status != WD_DEV_LOST);
	CHECK(wd_device_share(t.dev, t.mem, 4096, t.fd, 0) == 0);
	traffic_run(&t, 2000);
	traffic_drain(&t);
	traffic_close(&t);
	daemon_end();
}

/* Another client takes its memory away under the engine's hands: it goes, and nobody else. */
static void
test_truncation(const char *program)
{
	const size_t size = 1 << 20;
	struct traffic good, bad;
	struct wd_req r = { 0 };
	struct wd_cpl c;
	uint64_t end;
	uint8_t *mem;
	int fd;

	daemon_start(program);
	traffic_open(&good);
	traffic_open(&bad);
	traffic_run(&bad, 1000);
	traffic_drain(&bad);
	r.sess = bad.enc;
	r.cipher_len = OP_LEN;
	r.iv = (uintptr_t)bad.mem + AREA_IV;
	fd = memfd_create("victim", 0);
	CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mem != MAP_FAILED && wd_device_share(bad.dev, mem, size, fd, 0) == 0);
	r.src = r.dst = (uintptr_t)mem + size / 2;
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(wd_submit(&bad.q, &r, 1) == 1);
	for (end = now_ms() + 5000; wd_poll(&bad.q, &c, 1) == 0;)
		CHECK(now_ms() < end);
	while (wd_queue_alive(&bad.q)) {
		wd_submit(&bad.q, &r, 1);
		wd_poll(&bad.q, &c, 1);
		CHECK(now_ms() < end);
	}
	traffic_run(&good, 5000);
	traffic_drain(&good);
	CHECK(wd_device_unshare(bad.dev, mem, size) == 0);
	munmap(mem, size);
	close(fd);
	traffic_close(&bad);
	traffic_close(&good);
	daemon_end();
}

static void
test_socket(const char *program)
{
	struct stat st;

	daemon_start(program);
	CHECK(stat(the_daemon.socket, &st) == 0 && (st.st_mode & 0777) == 0600);
	/* A second one does not take the place of the first. */
	CHECK(daemon_tool("serve", "2>/dev/null") == 1);
	CHECK(daemon_tool("status", ">/dev/null") == 0);
	daemon_end();
	CHECK(daemon_tool("status", "2>/dev/null") == 1);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	alarm(300);
	test_socket(argv[1]);
	test_addresses(argv[1]);
	test_truncation(argv[1]);
	test_faults(argv[1]);
	test_loss(argv[1]);
	return 0;
}
