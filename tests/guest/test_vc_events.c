// SPDX-License-Identifier: BSD-3-Clause
/*
 * What happens to a virtio-crypto device in use: its owner is killed, somebody resets it, its
 * backend does not answer, its driver changes, it is unplugged. The guest has QEMU's monitor on a
 * virtio port, and the device behind a root port: test_vc_events MODE, where MODE is uacce_mode.
 */
#include <fcntl.h>
#include <glob.h>
#include <linux/if_alg.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"
#include "vc_ring.h"

#define DRIVER	"/sys/bus/pci/drivers/uacce_virtio_crypto/"

static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
	0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
static const uint8_t iv[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
open_ready(struct vc *c, uint64_t *id)
{
	CHECK_EQ(vc_open(c), 0);
	CHECK_EQ(vc_session(c, VC_ENCRYPT, key, 16, id), 0);
	CHECK_EQ(vc_start(c), 0);
}

static void
one_request(struct vc *c, uint64_t id)
{
	uint8_t out[64];

	memset(c->ss, 0x3c, 64);
	vc_expect(VC_ENCRYPT, key, 16, iv, c->ss, out, 64);
	CHECK_EQ(vc_crypt(c, id, VC_ENCRYPT, iv, 0, 4096, 64), 0);
	CHECK(!memcmp(c->ss + 4096, out, 64));
}

/* A new owner gets a whole device and nothing of the one before. */
static void
works(void)
{
	uint64_t id;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	for (uint32_t i = 0; i < c.info.room_offset + c.info.room_size; i++)
		CHECK_EQ(c.dus[i], 0);
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, key, 16, &id), 0);
	CHECK_EQ(vc_start(&c), 0);
	one_request(&c, id);
	vc_close(&c);
}

/* ---- traffic that runs until the queue is dead ---- */

struct traffic {
	struct vc c;
	uint64_t id;
	volatile unsigned long done;
	volatile int end;		/* what vc_take() said in the end */
	volatile bool stop;
};

static void *
hammer(void *arg)
{
	struct traffic *t = arg;
	struct vc *c = &t->c;

	for (unsigned int n = 0; !t->stop; n++) {
		unsigned int slots = vc_slots(c) < 32 ? vc_slots(c) : 32;

		for (unsigned int i = 0; i < slots; i++) {
			uint64_t at = vc_addr(c, c->ss + i * 65536);
			const struct vc_part p[] = {{at, 65536, false}, {at, 65536, true}};
			struct vc_op o = {.session = t->id, .op = VC_ENCRYPT, .len = 65536,
				.parts = p, .n = 2, .indirect = n & 1};

			vc_post(c, i, &o);
		}
		vc_doorbell(c);
		for (unsigned int i = 0; i < slots; i++) {
			int slot = vc_take(c);

			if (slot < 0) {
				t->end = slot;
				return NULL;
			}
			t->done++;
		}
	}
	return NULL;
}

static pthread_t
traffic_start(struct traffic *t)
{
	pthread_t thread;

	memset(t, 0, sizeof(*t));
	open_ready(&t->c, &t->id);
	CHECK(!pthread_create(&thread, NULL, hammer, t));
	while (t->done < 100)
		usleep(1000);
	return thread;
}

/* The poller noticed by itself; what remains is memory, and answers are clear. */
static void
check_dead(struct traffic *t, uint32_t state)
{
	struct pollfd p = {.fd = t->c.fd, .events = POLLIN};
	struct uacce_vc_session s = {.op = 1, .algo = VC_AES_CBC, .key = (uintptr_t)key,
		.key_len = 16};
	struct vc *c = &t->c;

	CHECK_EQ(t->end, -2);
	CHECK_EQ(vc_state(c), state);
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(p.revents, POLLERR | POLLHUP);
	CHECK_ERRNO(ioctl(c->fd, UACCE_VC_INFO, &c->info), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, UACCE_VC_CREATE, &s), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, UACCE_VC_DESTROY, &t->id), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, UACCE_CMD_PUT_Q), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, UACCE_CMD_KICK), ENXIO);
	memset(c->ss, 1, VC_SS);
	memset(c->dus + c->info.room_offset, 2, c->info.room_size);
	vc_doorbell(c);
	CHECK_EQ(c->ss[VC_SS - 1], 1);
	CHECK_EQ(c->dus[c->info.room_offset], 2);
}

/* ---- the events ---- */

static void
killed_owner(void)
{
	for (int i = 0; i < 8; i++) {
		int status, go[2];
		char byte;

		CHECK(!pipe(go));
		pid_t pid = fork();
		if (!pid) {
			struct traffic t;
			uint64_t more;

			traffic_start(&t);
			for (int k = 0; k < 50; k++)
				CHECK_EQ(vc_session(&t.c, VC_DECRYPT, key, 16, &more), 0);
			CHECK_EQ(write(go[1], "x", 1), 1);
			pause();
		}
		close(go[1]);
		CHECK_EQ(read(go[0], &byte, 1), 1);
		usleep(1000 * (useconds_t)i);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status));
		close(go[0]);
		works();
	}
}

static void
function_path(char *path, size_t size, const char *file)
{
	glob_t g;

	CHECK(!glob(DRIVER "0000:*", 0, NULL, &g));
	snprintf(path, size, "%s/%s", g.gl_pathv[0], file);
	globfree(&g);
}

static void
reset_under_traffic(void)
{
	struct traffic t;
	char path[160];
	pthread_t thread = traffic_start(&t);

	function_path(path, sizeof(path), "reset");
	int fd = open(path, O_WRONLY);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "1", 1), 1);
	close(fd);
	pthread_join(thread, NULL);
	check_dead(&t, UACCE_VC_STATE_FAILED);
	CHECK_ERRNO(open(vc_node(), O_RDWR), EIO);
	vc_close(&t.c);
	works();
	/* And while nobody uses it. */
	fd = open(path, O_WRONLY);
	CHECK_EQ(write(fd, "1", 1), 1);
	close(fd);
	works();
}

/*
 * Puts the device into reset behind its driver's back, by the window in configuration space: from
 * then on it does not answer.
 */
static void
silence(void)
{
	uint8_t c[256], common = 0, window = 0, zero = 0;
	uint32_t offset, one = 1;
	char path[160];

	function_path(path, sizeof(path), "config");
	int fd = open(path, O_RDWR);
	CHECK_EQ(pread(fd, c, 256, 0), 256);
	for (uint8_t p = c[0x34]; p; p = c[p + 1]) {
		if (c[p] == 9 && c[p + 3] == 1)
			common = p;
		if (c[p] == 9 && c[p + 3] == 5)
			window = p;
	}
	CHECK(common && window);
	memcpy(&offset, c + common + 8, 4);
	offset += 20;	/* device_status */
	CHECK_EQ(pwrite(fd, &c[common + 4], 1, window + 4), 1);
	CHECK_EQ(pwrite(fd, &offset, 4, window + 8), 4);
	CHECK_EQ(pwrite(fd, &one, 4, window + 12), 4);
	CHECK_EQ(pwrite(fd, &zero, 1, window + 16), 1);
	close(fd);
}

/* Nobody waits for longer than five seconds, nor again, nor if he is killed. */
static void
stuck_backend(void)
{
	uint64_t id, other;
	double start;
	struct vc c;
	int status;

	open_ready(&c, &id);
	silence();
	start = seconds();
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, key, 16, &other), -ETIMEDOUT);
	CHECK(seconds() - start > 4.5 && seconds() - start < 12);
	start = seconds();
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, key, 16, &other), -ETIMEDOUT);
	CHECK_ERRNO(ioctl(c.fd, UACCE_VC_DESTROY, &id), ETIMEDOUT);
	vc_close(&c);
	CHECK(seconds() - start < 4);
	works();

	pid_t pid = fork();
	if (!pid) {
		open_ready(&c, &id);
		silence();
		vc_session(&c, VC_ENCRYPT, key, 16, &other);
		_exit(0);
	}
	usleep(2000000);
	kill(pid, SIGKILL);
	start = seconds();
	waitpid(pid, &status, 0);
	printf("# killed after %.1f s\n", seconds() - start);
	CHECK(WIFSIGNALED(status));
	CHECK(seconds() - start < 2.5);
	works();
}

/* ---- the stock driver ---- */

static void
kernel_module(const char *path)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "f=$(ls $IMAGE/lib/modules/$KVER/kernel/%s.ko*) && "
		"case $f in *.xz) xz -dc $f >/tmp/m.ko; f=/tmp/m.ko;; esac && "
		"busybox insmod $f", path);
	CHECK_EQ(system(cmd), 0);
}

static void
stock_driver_works(void)
{
	struct sockaddr_alg sa = {.salg_family = AF_ALG, .salg_type = "skcipher",
		.salg_name = "virtio_crypto_aes_cbc"};
	char control[CMSG_SPACE(4) + CMSG_SPACE(4 + 16)] = {0};
	uint8_t plain[64], out[64], expected[64];
	struct iovec iov = {plain, sizeof(plain)};
	struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control),
		.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	struct af_alg_iv *v;
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0), op;

	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	CHECK_EQ(setsockopt(fd, SOL_ALG, ALG_SET_KEY, key, 16), 0);
	op = accept(fd, NULL, 0);
	CHECK(op >= 0);
	memset(plain, 0x5d, sizeof(plain));
	h->cmsg_level = SOL_ALG;
	h->cmsg_type = ALG_SET_OP;
	h->cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(h), &(uint32_t){ALG_OP_ENCRYPT}, 4);
	h = CMSG_NXTHDR(&msg, h);
	h->cmsg_level = SOL_ALG;
	h->cmsg_type = ALG_SET_IV;
	h->cmsg_len = CMSG_LEN(4 + 16);
	v = (void *)CMSG_DATA(h);
	v->ivlen = 16;
	memcpy(v->iv, iv, 16);
	CHECK_EQ(sendmsg(op, &msg, 0), 64);
	CHECK_EQ(read(op, out, 64), 64);
	vc_expect(VC_ENCRYPT, key, 16, iv, plain, expected, 64);
	CHECK(!memcmp(out, expected, 64));
	close(op);
	close(fd);
}

/* Under traffic, to the stock driver, and back: each works. */
static void
rebind(void)
{
	kernel_module("crypto/crypto_engine");
	kernel_module("drivers/crypto/virtio/virtio_crypto");
	kernel_module("crypto/af_alg");
	kernel_module("crypto/algif_skcipher");
	for (int i = 0; i < 2; i++) {
		struct traffic t;
		pthread_t thread = traffic_start(&t);

		CHECK_EQ(vc_bind("virtio-pci"), 0);
		pthread_join(thread, NULL);
		CHECK_EQ(access(vc_node(), F_OK), -1);
		stock_driver_works();
		check_dead(&t, UACCE_VC_STATE_GONE);
		/* Back before the old queue is closed. */
		if (i) {
			CHECK_EQ(vc_bind("uacce_virtio_crypto"), 0);
			works();
			check_dead(&t, UACCE_VC_STATE_GONE);
		}
		vc_close(&t.c);
		if (!i) {
			CHECK_EQ(vc_bind("uacce_virtio_crypto"), 0);
			works();
		}
	}
	CHECK_EQ(system("busybox rmmod algif_skcipher af_alg virtio_crypto crypto_engine"), 0);
}

/* ---- the monitor ---- */

static int qmp = -1;

/* What the monitor says until it says `until`. */
static void
qmp_wait(const char *until)
{
	char text[8192];
	size_t n = 0;
	double end = seconds() + 30;

	while (n < sizeof(text) - 1) {
		struct pollfd p = {.fd = qmp, .events = POLLIN};

		text[n] = 0;
		if (strstr(text, until))
			return;
		if (strstr(text, "\"error\"") || seconds() > end)
			break;
		if (poll(&p, 1, 1000) == 1 && read(qmp, text + n, 1) == 1)
			n++;
	}
	FAIL("the monitor says %s", text);
}

static void
qmp_say(const char *what, const char *until)
{
	CHECK_EQ(write(qmp, what, strlen(what)), strlen(what));
	CHECK_EQ(write(qmp, "\n", 1), 1);
	qmp_wait(until);
}

/* No terminal: that would echo the greeting, which the monitor takes for a command. */
static void
qmp_open(void)
{
	glob_t g;

	CHECK(!glob("/dev/vport*p1", 0, NULL, &g));
	qmp = open(g.gl_pathv[0], O_RDWR);
	globfree(&g);
	CHECK(qmp >= 0);
	qmp_say("{\"execute\":\"qmp_capabilities\"}", "\"return\"");
}

/* The stock driver takes a new function first. */
static void
plug(void)
{
	qmp_say("{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-crypto-pci\","
		"\"id\":\"vc0\",\"bus\":\"rp0\",\"cryptodev\":\"c0\",\"disable-legacy\":\"on\","
		"\"iommu_platform\":true}}", "\"return\"");
	for (int i = 0; vc_bind("uacce_virtio_crypto") || access(vc_node(), F_OK); i++) {
		CHECK(i < 100);
		usleep(200000);
	}
}

static void
unplug_under_traffic(void)
{
	if (qmp < 0)
		qmp_open();
	for (int i = 0; i < 3; i++) {
		struct traffic t;
		pthread_t thread = traffic_start(&t);

		qmp_say("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"vc0\"}}",
			"\"device\": \"vc0\"");
		pthread_join(thread, NULL);
		CHECK_EQ(access(vc_node(), F_OK), -1);
		check_dead(&t, UACCE_VC_STATE_GONE);
		if (i == 1)
			vc_close(&t.c);
		plug();
		works();
		if (i != 1) {
			check_dead(&t, UACCE_VC_STATE_GONE);
			vc_close(&t.c);
		}
	}
}

/* Nobody has it open. */
static void
unplug_idle(void)
{
	qmp_say("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"vc0\"}}",
		"\"device\": \"vc0\"");
	CHECK_EQ(access(vc_node(), F_OK), -1);
	plug();
	works();
}

int
main(int argc, char **argv)
{
	char text[64];

	snprintf(text, sizeof(text), "uacce_mode=%s", argc == 2 ? argv[1] : "1");
	CHECK_EQ(vc_load(text), 0);
	works();
	CASE(killed_owner);
	CASE(reset_under_traffic);
	CASE(stuck_backend);
	CASE(rebind);
	CASE(unplug_under_traffic);
	CASE(unplug_idle);
	vc_unload();
	return 0;
}
