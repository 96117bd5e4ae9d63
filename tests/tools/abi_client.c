/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * abi_client: runs as a guest of "uacce-emu run" (or on hardware) and proves both engines right,
 * and the interface what the kernel's is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "abi.h"

#define PAGE 4096

static struct abi_dev sec, zip;

/* SP 800-38A, F.2.1: CBC-AES128 */
static const uint8_t nist_key[16] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
};
static const uint8_t nist_iv[16] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t nist_plain[32] = {
	0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
	0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51,
};
static const uint8_t nist_cipher[32] = {
	0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46, 0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d,
	0x50, 0x86, 0xcb, 0x9b, 0x50, 0x72, 0x19, 0xee, 0x95, 0xdb, 0x11, 0x3a, 0x91, 0x76, 0x78, 0xb2,
};

/* One operation with a known answer, on any queue. */
static void
one_cbc(struct abi_queue *q)
{
	uint8_t sqe[128], out[32], back[32];
	uint16_t tag;

	memset(out, 0, sizeof(out));
	abi_cbc(sqe, &sec, 1, nist_key, nist_iv, nist_plain, out, 32, 0xbeef);
	CHECK(abi_send(q, sqe) == 0);
	abi_recv_wait(q, sqe);
	CHECK(abi_cbc_ok(sqe, &sec, &tag) && tag == 0xbeef);
	CHECK(memcmp(out, nist_cipher, 32) == 0);
	abi_cbc(sqe, &sec, 0, nist_key, nist_iv, out, back, 32, 1);
	CHECK(abi_send(q, sqe) == 0);
	abi_recv_wait(q, sqe);
	CHECK(abi_cbc_ok(sqe, &sec, &tag) && tag == 1);
	CHECK(memcmp(back, nist_plain, 32) == 0);
}

static void
test_attributes(void)
{
	char buf[512];
	struct stat st;

	CHECK(abi_attr(sec.name, "algorithms", buf, sizeof(buf)) > 0);
	CHECK(strcmp(buf, "cipher\ndigest\naead\n\n") == 0);
	CHECK(abi_attr(zip.name, "algorithms", buf, sizeof(buf)) > 0);
	CHECK(strncmp(buf, "zlib\ngzip\n", 10) == 0 && strstr(buf, "\n\n") != NULL);
	CHECK(abi_attr(sec.name, "device/numa_node", buf, sizeof(buf)) > 0);
	CHECK(abi_attr(sec.name, "no_such_file", buf, sizeof(buf)) < 0);
	snprintf(buf, sizeof(buf), "/dev/%s", sec.name);
	CHECK(stat(buf, &st) == 0 && S_ISCHR(st.st_mode));
	CHECK(access(buf, R_OK | W_OK) == 0);
	CHECK_ERRNO(open("/dev/hisi_sec2-999", O_RDWR), ENOENT);
}

static void
test_ioctls(void)
{
	struct abi_qp_ctx ctx = { .qc_type = 2 };
	struct abi_qp_info info;
	unsigned long ul = 0;
	int fd;

	fd = abi_open_node(&sec);
	CHECK(fd >= 0);
	CHECK_ERRNO(ioctl(fd, ABI_QP_CTX, &ctx), EINVAL);
	CHECK_ERRNO(ioctl(fd, ABI_QP_CTX, NULL), EFAULT);
	CHECK_ERRNO(ioctl(fd, ABI_QP_INFO, (void *)1), EFAULT);
	/* No such thing with SVA; a kernel that knows the call says that there is no such region. */
	CHECK(ioctl(fd, ABI_SS_DMA, &ul) == -1 && (errno == EINVAL || errno == ENOENT));
	CHECK_ERRNO(ioctl(fd, 0x5742, &ul), EINVAL);
	CHECK(ioctl(fd, ABI_PUT_Q) == 0);                       /* also when not started */
	CHECK(ioctl(fd, ABI_START_Q) == 0);                     /* also without regions */
	CHECK_ERRNO(ioctl(fd, ABI_START_Q), EINVAL);
	CHECK(ioctl(fd, ABI_PUT_Q) == 0);
	CHECK(ioctl(fd, ABI_START_Q) == 0);
	CHECK(ioctl(fd, ABI_QP_INFO, &info) == 0 && info.sqe_size == 128);
	CHECK(close(fd) == 0);
	CHECK_ERRNO(ioctl(fd, ABI_START_Q), EBADF);
}

static void
test_mappings(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	void *dus, *mmio, *at;
	int fd;

	fd = abi_open_node(&sec);
	CHECK(fd >= 0);
#define MAP_FAILS(len, region, want) do { \
	errno = 0; \
	CHECK(mmap(NULL, len, rw, MAP_SHARED, fd, (region) * PAGE) == MAP_FAILED && errno == (want)); \
} while (0)
	MAP_FAILS(sec.dus_size - PAGE, 1, EINVAL);
	MAP_FAILS(sec.dus_size + PAGE, 1, EINVAL);
	MAP_FAILS(sec.mmio_size + 64 * PAGE, 0, EINVAL);
	MAP_FAILS(PAGE, 2, EINVAL);
	MAP_FAILS(PAGE, 77, EINVAL);
	dus = mmap(NULL, sec.dus_size, rw, MAP_SHARED, fd, PAGE);
	CHECK(dus != MAP_FAILED);
	MAP_FAILS(sec.dus_size, 1, EEXIST);
	CHECK(mremap(dus, sec.dus_size, sec.dus_size + PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	/* EFAULT: the kernel, who does not ask the driver when a mapping that cannot grow is to grow. */
	CHECK(errno == EPERM || errno == EFAULT);
	CHECK(munmap(dus, sec.dus_size) == 0);
	/* Free again, and where we want it. */
	at = mmap(NULL, sec.dus_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	dus = mmap(at, sec.dus_size, rw, MAP_SHARED | MAP_FIXED, fd, PAGE);
	CHECK(dus == at);
	/* Read only completions, as the older library has them. */
	CHECK(mprotect((uint8_t *)dus + 128 * 1024, sec.dus_size - 128 * 1024, PROT_READ) == 0);
	mmio = mmap(NULL, PAGE, rw, MAP_SHARED, fd, 0);
	CHECK(mmio != MAP_FAILED);
	/* Mappings keep the queue when the descriptor goes. */
	CHECK(close(fd) == 0);
	memset(dus, 0, PAGE);
	CHECK(munmap(mmio, PAGE) == 0 && munmap(dus, sec.dus_size) == 0);
}

static void
test_dup(void)
{
	struct abi_queue q;
	int fd;

	abi_queue_open(&q, &sec, 0);
	fd = dup(q.fd);
	CHECK(fd >= 0 && close(q.fd) == 0);
	q.fd = fd;
	one_cbc(&q);
	fd = fcntl(q.fd, F_DUPFD_CLOEXEC, 100);
	CHECK(fd >= 100 && close(q.fd) == 0);
	q.fd = fd;
	one_cbc(&q);
	abi_queue_close(&q);
}

static unsigned int
instances(void)
{
	char buf[64];

	CHECK(abi_attr(sec.name, "available_instances", buf, sizeof(buf)) > 0);
	return (unsigned int)strtoul(buf, NULL, 10);
}

static void
test_many(void)
{
	struct abi_queue *q = calloc(sec.instances, sizeof(*q));
	unsigned int i;

	CHECK(q != NULL && instances() == sec.instances);
	for (i = 0; i < sec.instances; i++)
		abi_queue_open(&q[i], &sec, 0);
	CHECK(instances() == 0);
	CHECK_ERRNO(abi_open_node(&sec), EBUSY);
	for (i = 0; i < sec.instances; i++)
		one_cbc(&q[i]);
	for (i = 0; i < sec.instances; i++)
		abi_queue_close(&q[i]);
	CHECK(instances() == sec.instances);
	free(q);
}

/* ------------------------------------------------------------------ waiting */

static void
send_one(struct abi_queue *q, uint8_t *sqe, uint8_t *out)
{
	abi_cbc(sqe, &sec, 1, nist_key, nist_iv, nist_plain, out, 32, 7);
	CHECK(abi_send(q, sqe) == 0);
}

static void
test_poll(void)
{
	uint8_t sqe[128], out[32];
	struct timeval tv = { 5, 0 };
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 42 };
	struct abi_queue q;
	struct pollfd p;
	int ep, i, other[2];
	fd_set set;

	abi_queue_open(&q, &sec, 0);
	q.arm = 1;
	CHECK(pipe(other) == 0);
	p.fd = q.fd;
	p.events = POLLIN;
	CHECK(poll(&p, 1, 20) == 0 && p.revents == 0);
	for (i = 0; i < 20; i++) {
		send_one(&q, sqe, out);
		CHECK(poll(&p, 1, 5000) == 1 && (p.revents & POLLIN));
		CHECK(poll(&p, 1, 0) == 0);     /* told once (A4) */
		CHECK(abi_recv(&q, sqe) == 1);
	}
	for (i = 0; i < 5; i++) {
		send_one(&q, sqe, out);
		FD_ZERO(&set);
		FD_SET(q.fd, &set);
		FD_SET(other[0], &set);
		CHECK(select((q.fd > other[0] ? q.fd : other[0]) + 1, &set, NULL, NULL, &tv) == 1);
		CHECK(FD_ISSET(q.fd, &set) && !FD_ISSET(other[0], &set));
		CHECK(abi_recv(&q, sqe) == 1);
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	CHECK(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, q.fd, &ev) == 0);
	CHECK(epoll_wait(ep, &ev, 1, 20) == 0);
	for (i = 0; i < 20; i++) {
		send_one(&q, sqe, out);
		CHECK(epoll_wait(ep, &ev, 1, 5000) == 1 && ev.data.u32 == 42);
		CHECK(abi_recv(&q, sqe) == 1);
	}
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, q.fd, NULL) == 0);
	close(ep);
	close(other[0]);
	close(other[1]);
	abi_queue_close(&q);
}

/* ------------------------------------------------------------------ threads and doorbells */

static unsigned int ops = 20000;        /* with doorbells that hide each other */

struct stream {
	struct abi_queue q;
	uint8_t out[1024][32];
	unsigned int ops;
	int two;                /* another thread receives */
};

static void *
receiver(void *arg)
{
	struct stream *s = arg;
	uint8_t sqe[128];
	unsigned int i;
	uint16_t tag;

	for (i = 0; i < s->ops; i++) {
		abi_recv_wait(&s->q, sqe);
		CHECK(abi_cbc_ok(sqe, &sec, &tag) && tag == i % 1024);
		CHECK(memcmp(s->out[tag], nist_cipher, 32) == 0);
		memset(s->out[tag], 0, 32);
	}
	return NULL;
}

/*
 * Both commands hit one register while the ring is neither full nor empty: CQ commands hide SQ
 * commands, and every now and then the last one of a run.
 */
static void *
sender(void *arg)
{
	unsigned int sent = 0, got = 0, i, burst;
	struct stream *s = arg;
	uint8_t sqe[128];
	uint16_t tag;

	while (s->two ? sent < s->ops : got < s->ops) {
		burst = 1 + sent % 7;
		for (i = 0; i < burst && sent < s->ops; i++, sent++) {
			/* Room in the ring, and the output of the op 1024 before was looked at. */
			if (__atomic_load_n(&s->q.used, __ATOMIC_ACQUIRE) > 500)
				break;
			abi_cbc(sqe, &sec, 1, nist_key, nist_iv, nist_plain, s->out[sent % 1024], 32,
				(uint16_t)(sent % 1024));
			CHECK(abi_send(&s->q, sqe) == 0);
		}
		if (s->two)
			continue;
		/* Leave some behind, until the end. */
		while (got < sent && (sent - got > 3 || sent == s->ops)) {
			abi_recv_wait(&s->q, sqe);
			CHECK(abi_cbc_ok(sqe, &sec, &tag) && tag == got % 1024);
			CHECK(memcmp(s->out[tag], nist_cipher, 32) == 0);
			memset(s->out[tag], 0, 32);
			got++;
		}
	}
	return NULL;
}

static void
test_doorbells(int two)
{
	struct stream *s = calloc(1, sizeof(*s));
	pthread_t t;

	CHECK(s != NULL);
	abi_queue_open(&s->q, &sec, 0);
	s->ops = ops;
	s->two = two;
	if (two)
		CHECK(pthread_create(&t, NULL, receiver, s) == 0);
	sender(s);
	if (two)
		pthread_join(t, NULL);
	abi_queue_close(&s->q);
	free(s);
}

static void *
worker(void *arg)
{
	struct abi_queue q;
	unsigned int i, j;

	for (i = 0; i < 20; i++) {
		abi_queue_open(&q, &sec, 0);
		for (j = 0; j < 20; j++)
			one_cbc(&q);
		abi_queue_close(&q);
	}
	return NULL;
}

static void
test_threads(void)
{
	pthread_t t[6];
	unsigned int i;

	for (i = 0; i < 6; i++)
		CHECK(pthread_create(&t[i], NULL, worker, NULL) == 0);
	for (i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
}

static void
child_of(struct abi_queue *q)
{
	struct abi_queue own;
	unsigned char vec;

	CHECK_ERRNO(ioctl(q->fd, ABI_PUT_Q), EPERM);
	CHECK(mmap(NULL, sec.dus_size, PROT_READ, MAP_SHARED, q->fd, PAGE) == MAP_FAILED);
	/* The regions were not inherited. */
	CHECK_ERRNO(mincore(q->dus, PAGE, &vec), ENOMEM);
	CHECK_ERRNO(mincore(q->mmio, PAGE, &vec), ENOMEM);
	CHECK(close(q->fd) == 0);
	abi_queue_open(&own, &sec, 0);
	one_cbc(&own);
	abi_queue_close(&own);
}

static void
test_fork(void)
{
	struct abi_queue q;
	int status;
	pid_t pid;

	abi_queue_open(&q, &sec, 0);
	one_cbc(&q);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		child_of(&q);
		_exit(0);
	}
	one_cbc(&q);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	one_cbc(&q);
	abi_queue_close(&q);
}

/* ------------------------------------------------------------------ compression */

/* Software's part of a stream: the header (D3). */
static unsigned int
header_len(enum abi_format f)
{
	return f == ABI_ZLIB ? 2 : f == ABI_GZIP ? 10 : 0;
}

static void
software_inflate(enum abi_format f, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t want)
{
	static const uint8_t zlib_header[] = { 0x78, 0x9c };
	static const uint8_t gzip_header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	static uint8_t whole[1 << 20];
	z_stream z = { 0 };

	memcpy(whole, f == ABI_ZLIB ? zlib_header : gzip_header, header_len(f));
	memcpy(whole + header_len(f), in, len);
	CHECK(inflateInit2(&z, f == ABI_DEFLATE ? -15 : f == ABI_ZLIB ? 15 : 31) == Z_OK);
	z.next_in = whole;
	z.avail_in = len + header_len(f);
	z.next_out = out;
	z.avail_out = want + 64;
	CHECK(inflate(&z, Z_FINISH) == Z_STREAM_END);
	CHECK(z.total_out == want && z.avail_in == 0);
	inflateEnd(&z);
}

static void
test_zip(enum abi_format format)
{
	static uint8_t text[200000], packed[300000], back[200064];
	uint32_t consumed, produced, n;
	unsigned int status;
	struct abi_queue c, d;
	uint8_t sqe[128];

	for (n = 0; n < sizeof(text); n++)
		text[n] = (uint8_t)("the quick brown fox"[n % 19] + (n * 2654435761u >> 29));
	abi_queue_open(&c, &zip, 0);
	abi_queue_open(&d, &zip, 1);
	for (n = 1; n <= sizeof(text); n = n * 7 + 3) {
		abi_zip(sqe, &zip, format, text, n, packed, sizeof(packed), n);
		CHECK(abi_send(&c, sqe) == 0);
		abi_recv_wait(&c, sqe);
		status = abi_zip_status(sqe, &consumed, &produced);
		/* 0x0d: a result, only not a smaller one (D5). */
		CHECK((status == 0 || status == 0x0d) && consumed == n);
		memset(back, 0, sizeof(back));
		software_inflate(format, packed, produced, back, n);
		CHECK(memcmp(text, back, n) == 0);
		memset(back, 0, sizeof(back));
		abi_zip(sqe, &zip, format, packed, produced, back, sizeof(text), n);
		CHECK(abi_send(&d, sqe) == 0);
		abi_recv_wait(&d, sqe);
		CHECK(abi_zip_status(sqe, &consumed, &n) == 0 && consumed == produced);
		CHECK(memcmp(text, back, n) == 0);
	}
	/* Garbage is an error, and the queue goes on. */
	memset(packed, 0xff, 64);
	abi_zip(sqe, &zip, format, packed, 64, back, sizeof(text), 1);
	CHECK(abi_send(&d, sqe) == 0);
	abi_recv_wait(&d, sqe);
	CHECK(abi_zip_status(sqe, &consumed, &produced) != 0);
	abi_queue_close(&c);
	abi_queue_close(&d);
}

/* abi_client [OPS]: so many with doorbells that hide each other, which a device may find slowly. */
int
main(int argc, char **argv)
{
	if (argc > 1)
		ops = (unsigned int)strtoul(argv[1], NULL, 10);
	alarm(120);
	abi_find(&sec, "hisi_sec2");
	abi_find(&zip, "hisi_zip");
	test_attributes();
	test_ioctls();
	test_mappings();
	test_dup();
	test_many();
	test_poll();
	test_threads();
	test_fork();
	test_doorbells(0);
	test_doorbells(1);
	test_zip(ABI_ZLIB);
	test_zip(ABI_GZIP);
	if (zip.version >= 3)
		test_zip(ABI_DEFLATE);
	return 0;
}
