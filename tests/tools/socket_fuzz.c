/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * socket_fuzz UACCE-EMU [SECONDS [SEED]]: nonsense on the daemon's socket, in rings and in
 * doorbells, while another client's traffic goes on. The daemon has to live, serve, and end in good
 * order.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hisi_qm.h"
#include "socket_proto.h"

#include "daemon.h"

#define SHARED_SIZE     (1u << 20)
#define SHARED_VA       0x10000000000ull

static uint64_t state;

static uint32_t
rnd(uint32_t below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return below == 0 ? (uint32_t)(state >> 32) : (uint32_t)(state >> 33) % below;
}

struct raw {
	int sock;
	int fds[EMU_MSG_FDS], nb_fds;   /* that came with the last answer */
	uint8_t *mmio, *dus;
	size_t mmio_size, dus_size;
	uint32_t queue;
	unsigned int depth;
};

static void
drop_fds(struct raw *r)
{
	while (r->nb_fds > 0)
		close(r->fds[--r->nb_fds]);
}

static void
raw_open(struct raw *r)
{
	const struct timeval limit = { .tv_sec = 20 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memset(r, 0, sizeof(*r));
	strcpy(addr.sun_path, the_daemon.socket);
	r->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK(r->sock >= 0 && connect(r->sock, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	setsockopt(r->sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

static void
raw_close(struct raw *r)
{
	drop_fds(r);
	if (r->mmio != NULL)
		munmap(r->mmio, r->mmio_size);
	if (r->dus != NULL)
		munmap(r->dus, r->dus_size);
	close(r->sock);
}

static void
raw_send(struct raw *r, const void *data, size_t len, const int *fds, unsigned int nb_fds)
{
	char control[CMSG_SPACE(sizeof(int) * 8)] = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (nb_fds > 0) {
		h.msg_control = control;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * nb_fds);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nb_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nb_fds);
	}
	sendmsg(r->sock, &h, MSG_NOSIGNAL);
}

/* False: the daemon hung up. No answer within the limit is a failure. */
static bool
raw_answer(struct raw *r, struct emu_msg *m)
{
	char control[CMSG_SPACE(sizeof(int) * 8)];
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;

	drop_fds(r);
	n = recvmsg(r->sock, &h, MSG_CMSG_CLOEXEC);
	CHECK(n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK));
	if (n <= 0)
		return false;
	CHECK(n == sizeof(*m) && m->magic == EMU_MSG_MAGIC);
	c = CMSG_FIRSTHDR(&h);
	if (c != NULL) {
		r->nb_fds = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		CHECK(r->nb_fds <= EMU_MSG_FDS);
		memcpy(r->fds, CMSG_DATA(c), sizeof(int) * (size_t)r->nb_fds);
	}
	return true;
}

static struct emu_msg
message(uint16_t type)
{
	struct emu_msg m = { .magic = EMU_MSG_MAGIC, .version = EMU_MSG_VERSION, .type = type };

	return m;
}

static bool
hello(struct raw *r, const char *kind)
{
	struct emu_msg m = message(EMU_MSG_HELLO);

	strcpy(m.data.hello.kind, kind);
	raw_send(r, &m, sizeof(m), NULL, 0);
	return raw_answer(r, &m) && m.result == 0;
}

/* ------------------------------------------------------------------ socket */

static int
some_file(void)
{
	switch (rnd(4)) {
	case 0:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case 1:
		return open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	case 2:
		return socket(AF_UNIX, SOCK_DGRAM, 0);
	default: {
		int fd = memfd_create("fuzz", MFD_CLOEXEC);

		if (fd >= 0 && ftruncate(fd, rnd(1 << 20)) != 0)
			exit(1);
		return fd;
	}
	}
}

static uint64_t
some_number(void)
{
	static const uint64_t odd[] = { 0, 1, 4095, 4096, UINT64_MAX, UINT64_MAX - 4095, 1ull << 47,
		1ull << 40, 0xc004480a, 0xc010480b, SHARED_VA };

	return rnd(2) ? odd[rnd(sizeof(odd) / sizeof(odd[0]))] : (uint64_t)rnd(0) << rnd(32);
}

/* Well formed, mostly: what gets past the first check. */
static void
fuzz_message(struct emu_msg *m)
{
	unsigned int i;

	*m = message((uint16_t)rnd(14));
	m->queue = rnd(3) == 0 ? rnd(0) : rnd(4);
	for (i = 0; i < 4; i++)
		m->arg[i] = some_number();
	for (i = 0; i < sizeof(m->data.raw); i++)
		m->data.raw[i] = (uint8_t)rnd(256);
	if (m->type == EMU_MSG_HELLO && rnd(2))
		strcpy(m->data.hello.kind, rnd(2) ? "sec2" : "zip");
	if (m->type == EMU_MSG_COMMAND)
		snprintf(m->data.text, sizeof(m->data.text), "hisi_zip-0 %s:%u:%u",
			rnd(2) ? "fail" : "index", rnd(100), rnd(0));
	if (rnd(50) == 0)
		((uint8_t *)m)[rnd(sizeof(*m))] ^= (uint8_t)(1 + rnd(255));
}

static void
fuzz_socket(void)
{
	struct emu_msg m;
	struct raw r;
	int fds[8];
	unsigned int i, n, k;

	raw_open(&r);
	if (rnd(4) != 0)
		hello(&r, rnd(2) ? "sec2" : "zip");
	for (i = 0; i < 100; i++) {
		fuzz_message(&m);
		for (n = 0; n < (rnd(3) == 0 ? rnd(8) : m.type == EMU_MSG_SHARE); n++)
			fds[n] = some_file();
		raw_send(&r, &m, rnd(60) == 0 ? rnd(sizeof(m)) : sizeof(m), fds, n);
		for (k = 0; k < n; k++)
			close(fds[k]);
		/* Now and then without waiting, or goodbye in between. */
		if (rnd(30) == 0)
			continue;
		if (rnd(80) == 0 || !raw_answer(&r, &m))
			break;
	}
	raw_close(&r);
}

/* ------------------------------------------------------------------ rings */

static bool
raw_queue(struct raw *r)
{
	struct emu_msg m = message(EMU_MSG_QUEUE_OPEN);

	raw_send(r, &m, sizeof(m), NULL, 0);
	if (!raw_answer(r, &m) || m.result != 0)
		return false;
	r->queue = m.queue;
	r->mmio_size = m.arg[EMU_OPEN_MMIO] + 4096;
	r->dus_size = m.arg[EMU_OPEN_DUS];
	r->mmio = mmap(NULL, r->mmio_size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fds[0], 0);
	r->dus = mmap(NULL, r->dus_size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fds[1], 0);
	CHECK(r->mmio != MAP_FAILED && r->dus != MAP_FAILED);
	/* Sealed: neither side can take it away. */
	CHECK(ftruncate(r->fds[1], 4096) != 0);
	m = message(EMU_MSG_START);
	m.queue = r->queue;
	raw_send(r, &m, sizeof(m), NULL, 0);
	return raw_answer(r, &m) && m.result == 0;
}

static void
raw_share(struct raw *r)
{
	struct emu_msg m = message(EMU_MSG_SHARE);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	CHECK(fd >= 0 && ftruncate(fd, SHARED_SIZE) == 0);
	m.arg[EMU_SHARE_ADDR] = SHARED_VA;
	m.arg[EMU_SHARE_LEN] = SHARED_SIZE;
	raw_send(r, &m, sizeof(m), &fd, 1);
	CHECK(raw_answer(r, &m) && m.result == 0);
	/* Later it goes, under the engine's hands. */
	if (rnd(4) == 0)
		CHECK(ftruncate(fd, rnd(SHARED_SIZE)) == 0);
	close(fd);
}

/* Entries with addresses in what is shared, in part: they get further than noise. */
static void
fill_entry(uint8_t *sqe, bool zip)
{
	static const unsigned int sec_addrs[] = { 16, 24, 48, 76, 84, 92 };
	static const unsigned int zip_addrs[] = { 72, 80, 88 };
	unsigned int i;
	uint64_t at;

	for (i = 0; i < 128; i++)
		sqe[i] = rnd(3) ? 0 : (uint8_t)rnd(256);
	for (i = 0; i < (zip ? 3u : 6u); i++) {
		at = SHARED_VA + (rnd(4) == 0 ? rnd(SHARED_SIZE + 8192) : rnd(SHARED_SIZE) & ~63u);
		memcpy(sqe + (zip ? zip_addrs[i] : sec_addrs[i]), &at, 8);
	}
	if (zip) {
		sqe[28 + 3] = (uint8_t)(0x30 | rnd(16));
		sqe[36] = (uint8_t)(1 + rnd(3));
		sqe[16 + 3] = sqe[56 + 3] = 0;
		sqe[16 + 2] &= 0x1f;
		sqe[56 + 2] &= 0x1f;
	} else {
		sqe[0] = (uint8_t)(3 | rnd(2) << 5);
		sqe[68 + 2] = sqe[72 + 2] = 0;
	}
}

static void
fuzz_rings(bool zip)
{
	volatile uint64_t *db;
	unsigned int i, k;
	struct raw r;

	raw_open(&r);
	if (!hello(&r, zip ? "zip" : "sec2")) {
		raw_close(&r);
		return;
	}
	raw_share(&r);
	if (!raw_queue(&r)) {
		raw_close(&r);
		return;
	}
	db = (volatile uint64_t *)(void *)(r.mmio + HISI_QM_DB_OFF);
	for (i = 0; i < 20; i++) {
		for (k = 0; k < 256; k++)
			fill_entry(r.dus + rnd(1024) * 128, zip);
		for (k = 0; k < 64; k++)
			r.dus[rnd((uint32_t)r.dus_size)] = (uint8_t)rnd(256);
		for (k = 0; k < 16; k++)
			r.mmio[rnd((uint32_t)r.mmio_size)] = (uint8_t)rnd(256);
		/* Mostly a doorbell that is one. */
		db[HISI_QM_DB_CMD_SQ] = rnd(20) == 0 ? (uint64_t)rnd(0) << 32 | rnd(0) :
			(uint64_t)r.queue | (uint64_t)rnd(1024) << 32;
		usleep(rnd(1000));
	}
	raw_close(&r);
}

int
main(int argc, char **argv)
{
	unsigned long seconds = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;
	unsigned long runs = 0;
	struct traffic good;
	uint64_t end;

	if (argc < 2)
		return 2;
	state = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)getpid();
	printf("seed %llu\n", (unsigned long long)state);
	fflush(stdout);
	daemon_start(argv[1]);
	traffic_open(&good);
	end = now_ms() + seconds * 1000;
	while (now_ms() < end) {
		switch (rnd(3)) {
		case 0:
			fuzz_rings(false);
			break;
		case 1:
			fuzz_rings(true);
			break;
		default:
			fuzz_socket();
		}
		runs++;
		/* The others are served all the time. */
		traffic_run(&good, 64);
	}
	traffic_drain(&good);
	CHECK(good.lost == 0 && good.failed == 0);
	traffic_close(&good);
	daemon_end();
	printf("%lu runs, %llu operations of the other client\n", runs,
		(unsigned long long)good.done);
	return 0;
}
