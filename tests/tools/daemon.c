/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"

struct daemon the_daemon;

uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ daemon */

static void
exec_daemon(int out)
{
	/* Gone with the test, whatever ends it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	execl(the_daemon.program, "uacce-emu", "serve", "--socket", the_daemon.socket, "--device",
		"sec2:v3,queues=32", "--device", "zip:v3", (char *)NULL);
	_exit(127);
}

void
daemon_start(const char *program)
{
	char line[256] = "";
	int out[2];
	FILE *f;

	if (the_daemon.dir[0] == '\0') {
		strcpy(the_daemon.dir, "/tmp/uacce-emu-test.XXXXXX");
		CHECK(mkdtemp(the_daemon.dir) != NULL);
		snprintf(the_daemon.socket, sizeof(the_daemon.socket), "%s/sock", the_daemon.dir);
	}
	the_daemon.program = program;
	CHECK(pipe2(out, O_CLOEXEC) == 0);
	the_daemon.pid = fork();
	CHECK(the_daemon.pid >= 0);
	if (the_daemon.pid == 0)
		exec_daemon(out[1]);
	close(out[1]);
	f = fdopen(out[0], "r");
	CHECK(f != NULL && fgets(line, sizeof(line), f) != NULL);
	CHECK(strncmp(line, "uacce-emu: listening", 20) == 0);
	fclose(f);
}

void
daemon_kill(int sig)
{
	int status;

	CHECK(kill(the_daemon.pid, sig) == 0);
	if (sig != SIGKILL)
		return;
	CHECK(waitpid(the_daemon.pid, &status, 0) == the_daemon.pid);
	CHECK(WIFSIGNALED(status));
	the_daemon.pid = 0;
}

void
daemon_end(void)
{
	int status;

	CHECK(kill(the_daemon.pid, SIGTERM) == 0);
	CHECK(waitpid(the_daemon.pid, &status, 0) == the_daemon.pid);
	the_daemon.pid = 0;
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(access(the_daemon.socket, F_OK) != 0);
	CHECK(rmdir(the_daemon.dir) == 0);
	the_daemon.dir[0] = '\0';
}

void
daemon_abandon(void)
{
	if (the_daemon.pid > 0)
		kill(the_daemon.pid, SIGKILL);
	the_daemon.pid = 0;
	unlink(the_daemon.socket);
	rmdir(the_daemon.dir);
}

int
daemon_tool(const char *command, const char *args)
{
	char line[1024];
	int ret;

	snprintf(line, sizeof(line), "'%s' %s --socket '%s' %s", the_daemon.program, command,
		the_daemon.socket, args);
	ret = system(line);
	return WIFEXITED(ret) ? WEXITSTATUS(ret) : 255;
}

/* ------------------------------------------------------------------ traffic */

#define AREA    (SLOTS * SLOT_SIZE)

static uint8_t
plain_byte(unsigned int slot, unsigned int i)
{
	return (uint8_t)(slot * 7 + i * 13 + (i >> 8));
}

static void
make_session(struct traffic *t, struct wd_session *s, bool encrypt)
{
	const struct wd_crypto_xform x = {
		.cipher = WD_CIPHER_AES_CBC, .encrypt = encrypt, .iv_len = 16,
		.cipher_key = t->mem + AREA, .cipher_key_len = 16,
	};

	CHECK(wd_session_init_crypto(t->dev, s, wd_dev_addr(t->dev, s, wd_session_size(t->dev)), &x) ==
		0);
}

void
traffic_open(struct traffic *t)
{
	char spec[128], err[256] = "";
	unsigned int s, i;

	memset(t, 0, sizeof(*t));
	snprintf(spec, sizeof(spec), "emu:%s", the_daemon.socket);
	if (wd_device_open(spec, "sec2", NULL, -1, &t->dev, err, sizeof(err)) != 0) {
		fprintf(stderr, "%s\n", err);
		daemon_abandon();
		exit(1);
	}
	CHECK(!(wd_device_flags(t->dev) & WD_DEV_SVA));
	t->mem_size = AREA + 65536;
	t->fd = memfd_create("traffic", MFD_CLOEXEC);
	CHECK(t->fd >= 0 && ftruncate(t->fd, (off_t)t->mem_size) == 0);
	t->mem = mmap(NULL, t->mem_size, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	CHECK(t->mem != MAP_FAILED);
	/* In two pieces: buffers lie across them all the same. */
	CHECK(wd_device_share(t->dev, t->mem, 4096, t->fd, 0) == 0);
	CHECK(wd_device_share(t->dev, t->mem + 4096, t->mem_size - 4096, t->fd, 4096) == 0);
	for (s = 0; s < SLOTS; s++)
		for (i = 0; i < OP_LEN; i++)
			t->mem[s * SLOT_SIZE + i] = plain_byte(s, i);
	for (i = 0; i < 4096; i++)
		t->mem[AREA + i] = (uint8_t)(i * 3);
	CHECK(wd_session_size(t->dev) <= 16384);
	t->enc = (struct wd_session *)(void *)(t->mem + AREA + 8192);
	t->dec = (struct wd_session *)(void *)(t->mem + AREA + 32768);
	make_session(t, t->enc, true);
	make_session(t, t->dec, false);
	t->q.dev = t->dev;
	t->q.numa_node = -1;
	CHECK(wd_request_queue(&t->q) == 0);
}

void
traffic_close(struct traffic *t)
{
	wd_release_queue(&t->q);
	wd_session_fini(t->dev, t->enc);
	wd_session_fini(t->dev, t->dec);
	CHECK(wd_device_unshare(t->dev, t->mem, t->mem_size) == 0);
	CHECK(wd_device_close(t->dev) == 0);
	munmap(t->mem, t->mem_size);
	close(t->fd);
}

static void
submit_idle(struct traffic *t)
{
	struct wd_req reqs[32];
	uint16_t n = 0, taken, i;
	unsigned int s;

	for (s = 0; s < SLOTS && n < 32; s++) {
		uint64_t at = wd_dev_addr(t->dev, t->mem + s * SLOT_SIZE, OP_LEN);

		if (t->busy[s])
			continue;
		reqs[n++] = (struct wd_req){
			.sess = t->rounds[s] % 2 ? t->dec : t->enc, .tag = &t->busy[s], .src = at,
			.dst = at, .cipher_len = OP_LEN,
			.iv = wd_dev_addr(t->dev, t->mem + AREA + 64, 16),
		};
	}
	taken = wd_submit(&t->q, reqs, n);
	for (i = 0; i < taken; i++)
		*(bool *)reqs[i].tag = true;
}

static void
complete(struct traffic *t, const struct wd_cpl *c)
{
	size_t s = (size_t)((bool *)c->tag - t->busy);
	unsigned int i;

	/* Exactly once: it was submitted, and had not come back. */
	CHECK(s < SLOTS && t->busy[s]);
	t->busy[s] = false;
	if (c->status != WD_OK) {
		t->lost += c->status == WD_DEV_LOST;
		t->failed += c->status != WD_DEV_LOST;
		t->spoiled[s] = true;
		return;
	}
	t->done++;
	if (++t->rounds[s] % 2 != 0 || t->spoiled[s])
		return;
	for (i = 0; i < OP_LEN; i += 61)
		CHECK(t->mem[s * SLOT_SIZE + i] == plain_byte((unsigned int)s, i));
}

unsigned int
traffic_step(struct traffic *t, bool submit)
{
	struct wd_cpl cpls[64];
	uint16_t n, i;

	if (submit)
		submit_idle(t);
	n = wd_poll(&t->q, cpls, 64);
	for (i = 0; i < n; i++)
		complete(t, &cpls[i]);
	return n;
}

void
traffic_run(struct traffic *t, uint64_t ops)
{
	uint64_t end = now_ms() + 10000, want = t->done + ops;

	while (t->done < want) {
		traffic_step(t, true);
		CHECK(now_ms() < end);
	}
}

void
traffic_drain(struct traffic *t)
{
	uint64_t end = now_ms() + 5000;
	unsigned int s;

	while (wd_queue_outstanding(&t->q) != 0) {
		traffic_step(t, false);
		CHECK(now_ms() < end);
	}
	for (s = 0; s < SLOTS; s++)
		CHECK(!t->busy[s]);
}
