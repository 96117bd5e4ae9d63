/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wild addresses reach no further than the request that has them: ZIP requests, descriptors full of
 * noise, and what a fault elsewhere in the process does. SEC2's single cases are in sec2_cases_test.c.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "hisi_sec2.h"
#include "hisi_zip.h"

extern const struct wd_transport wd_transport_plugin;

static uint8_t src[4096], dst[8192], ctx[ZIP_CTX_SIZE] __attribute__((aligned(64)));

static void
run(struct client *c, void *sqe)
{
	uint16_t slot = client_put(c, sqe);

	client_ring(c);
	CHECK(client_wait(c) == slot);
	memcpy(sqe, client_slot(c, slot), 128);
}

static void
make_zip(struct zip_sqe *s)
{
	memset(s, 0, sizeof(*s));
	s->input_data_length = sizeof(src);
	s->dest_avail_out = sizeof(dst);
	s->dw7 = (uint32_t)(ZIP_FLUSH | ZIP_STREAM_NEW | HW_PREP(ZIP_SQE_TYPE, ZIP_SQE_TYPE3));
	s->dw9 = (uint32_t)(HW_PREP(ZIP_REQ_TYPE, ZIP_TYPE_ZLIB) | HW_PREP(ZIP_WINDOW, ZIP_WINDOW_32K));
	s->source_addr = (uintptr_t)src;
	s->dest_addr = (uintptr_t)dst;
}

static void
test_zip(uint64_t wild)
{
	struct zip_sqe s;
	struct client c;

	client_open(&c, "zip", NULL, ZIP_QC_COMPRESS);
	make_zip(&s);
	run(&c, &s);
	CHECK(HW_GET(ZIP_STATUS, s.dw3) == ZIP_ST_OK && s.produced > 0);
	make_zip(&s);
	s.source_addr = wild;
	run(&c, &s);
	CHECK(HW_GET(ZIP_STATUS, s.dw3) != ZIP_ST_OK && s.produced == 0);
	make_zip(&s);
	s.dest_addr = wild;
	run(&c, &s);
	CHECK(HW_GET(ZIP_STATUS, s.dw3) != ZIP_ST_OK && s.produced == 0);
	make_zip(&s);
	s.dw7 |= ZIP_STATEFUL;
	s.stream_ctx_addr = wild;
	run(&c, &s);
	CHECK(HW_GET(ZIP_STATUS, s.dw3) != ZIP_ST_OK && s.produced == 0);
	for (int again = 0; again < 2; again++) {
		make_zip(&s);
		s.dw9 = HW_PREP(ZIP_REQ_TYPE, ZIP_TYPE_LZ77_ZSTD);
		s.literals_addr = again ? (uintptr_t)ctx : wild;
		s.dw13 = sizeof(src) + ZIP_LZ77_LIT_RSV;
		run(&c, &s);
		CHECK((HW_GET(ZIP_STATUS, s.dw3) == ZIP_ST_OK) == again && (s.produced > 0) == again);
	}
	s.dw7 |= ZIP_STATEFUL;
	s.stream_ctx_addr = (uintptr_t)ctx + ZIP_CTX_SW_SIZE;
	make_zip(&s);
	run(&c, &s);
	CHECK(HW_GET(ZIP_STATUS, s.dw3) == ZIP_ST_OK && s.produced > 0);
	client_close(&c);
}

/* Nothing is known of the result but that there is one, and that the device goes on. */
static void
test_noise(const char *kind, const char *options, uint64_t base)
{
	uint8_t sqe[128];
	uint64_t *words = (uint64_t *)(void *)sqe;
	struct client c;
	unsigned int i, j;

	client_open(&c, kind, options, 0);
	for (i = 0; i < 20000; i++) {
		rnd_fill(sqe, sizeof(sqe));
		if (base != 0)          /* addresses that could be */
			for (j = 2; j < 14; j++)
				words[j] = (words[j] & 0xffffff) + base;
		if (rnd() % 4)
			sqe[0] = (uint8_t)((sqe[0] & 0xe0) | 3);
		if (rnd() % 4)
			sqe[1] &= 3;
		run(&c, sqe);
	}
	client_close(&c);
}

static volatile sig_atomic_t seen;

static void
on_segv(int sig)
{
	seen++;
	_exit(42);
}

/* In a child: a fault of the application is the application's, with a handler of its own or not. */
static void
test_own_fault(bool handler)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		struct client c;

		if (handler)
			signal(SIGSEGV, on_segv);
		client_open(&c, "sec2", NULL, 0);
		*(volatile uint8_t *)(uintptr_t)(rnd() % 8 + 64) = 1;
		_exit(99);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (handler)
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	else    /* a sanitizer reports it and exits */
		CHECK(WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : WEXITSTATUS(status) != 99);
}

int
main(void)
{
	struct sigaction before, after;

	sigaction(SIGSEGV, NULL, &before);
	test_zip(0x123456789000);
	test_zip((uint64_t)-8192);
	test_zip(4096);
	test_noise("sec2", "hw=v3", 0);
	test_noise("sec2", "hw=v3", 0x100000000000);
	test_noise("sec2", "hw=v2,engine=openssl", 0);
	test_noise("zip", "hw=v3", 0x100000000000);
	test_noise("zip", "hw=v2", 0);
	sigaction(SIGSEGV, NULL, &after);
	CHECK(before.sa_handler == after.sa_handler);
	test_own_fault(false);
	test_own_fault(true);
	return 0;
}
