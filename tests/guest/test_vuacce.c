// SPDX-License-Identifier: BSD-3-Clause
/* The contract between vuacce and a server, its rights, and what happens when it misbehaves. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

static struct vuacce_config
good(void)
{
	return (struct vuacce_config){
		.size = sizeof(struct vuacce_config),
		.flags = UACCE_DEV_SVA,
		.name = "good",
		.api = "good_v1",
		.region_size = {4096, 4096},
		.max_queues = 1,
		.node = -1,
	};
}

static int
try_config(struct vuacce_config c)
{
	int fd = open("/dev/vuacce", O_RDWR);
	int ret = ioctl(fd, VUACCE_CREATE, &c) ? errno : 0;

	close(fd);
	return ret;
}

#define TRY(expect, change)                                                                        \
	do {                                                                                       \
		struct vuacce_config c = good();                                                   \
		change;                                                                            \
		CHECK_EQ(try_config(c), expect);                                                   \
	} while (0)

static void
configurations(void)
{
	TRY(0, );
	TRY(EINVAL, c.size--);
	TRY(EINVAL, c.flags = 0);
	TRY(EINVAL, c.flags = UACCE_DEV_SVA | UACCE_DEV_NOIOMMU);
	TRY(EINVAL, c.flags = 0x20000 | UACCE_DEV_SVA);
	TRY(EINVAL, c.flags = UACCE_DEV_DB_SLOTS);
	TRY(0, c.flags = UACCE_DEV_DB_SLOTS | UACCE_DEV_SVA);
	TRY(EINVAL, c.name[0] = 0);
	TRY(EINVAL, strcpy(c.name, "../x"));
	TRY(EINVAL, strcpy(c.name, "a b"));
	TRY(EINVAL, memset(c.name, 'a', sizeof(c.name)));
	TRY(EINVAL, memset(c.api, 'a', sizeof(c.api)));
	TRY(EINVAL, c.api[0] = 0);
	TRY(EINVAL, memset(c.algorithms, 'a', sizeof(c.algorithms)));
	TRY(EINVAL, c.region_size[0] = 100);
	TRY(EINVAL, c.region_size[1] = 17 << 20);
	TRY(EINVAL, c.region_size[UACCE_QFRT_SS] = 1 << 21);
	TRY(EINVAL, c.region_size[UACCE_QFRT_SS] = 1UL << 41; c.flags = UACCE_DEV_IOMMU);
	TRY(0, c.region_size[UACCE_QFRT_SS] = 1UL << 40; c.flags = UACCE_DEV_IOMMU);
	TRY(EINVAL, c.max_queues = 0);
	TRY(EINVAL, c.max_queues = 65537);
	TRY(EINVAL, c.node = 77);
	TRY(EINVAL, c.node = -2);
	TRY(EINVAL, c.nlast = 5);
	TRY(EINVAL, c.nlast = 1; c.last_words[0].offset = 4096);
	TRY(EINVAL, c.nlast = 1; c.last_words[0].offset = 2);
	TRY(EINVAL, c.nlast = 1; c.last_words[0].region = UACCE_QFRT_SS);
	TRY(0, c.nlast = 1; c.last_words[0].offset = 4092);
	TRY(0, c.region_size[0] = c.region_size[1] = 0);
	TRY(EINVAL, c.reserved = 1);

	int fd = open("/dev/vuacce", O_RDWR | O_NONBLOCK);
	CHECK_ERRNO(ioctl(fd, VUACCE_WAKE, 1), ENODEV);
	CHECK_ERRNO(ioctl(fd, VUACCE_TAKE_KICKS), ENODEV);
	CHECK_ERRNO(ioctl(fd, VUACCE_CREATE, 8), EFAULT);
	close(fd);
	struct stat st;
	CHECK(!stat("/dev/vuacce", &st));
	CHECK_EQ(st.st_mode & 0777, 0600);
}

static void
forwarded_ioctls(void)
{
	struct {
		uint32_t sqe_size;
		uint16_t sq_depth, cq_depth;
		uint64_t reserved;
	} info = {0};
	struct {
		char big[97];
	} big;
	uint16_t ctx[2] = {0, 1};
	struct echo_client c;
	struct echo_dev dev;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(ioctl(c.fd, _IOWR('H', 10, uint32_t), ctx), 0);
	CHECK_EQ(ctx[0], 1);
	ctx[1] = 2;
	CHECK_ERRNO(ioctl(c.fd, _IOWR('H', 10, uint32_t), ctx), EINVAL);
	CHECK_EQ(ioctl(c.fd, _IOWR('H', 11, info), &info), 0);
	CHECK_EQ(info.sqe_size, sizeof(struct echo_sqe));
	CHECK_EQ(info.sq_depth, ECHO_DEPTH);
	CHECK_ERRNO(ioctl(c.fd, _IOWR('H', 11, info), 8), EFAULT);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_RETURN_7), 7);
	CHECK_ERRNO(ioctl(c.fd, _IO('X', 1)), EINVAL);
	CHECK_ERRNO(ioctl(c.fd, _IOW('X', 2, big), &big), EINVAL);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_BAD_REPLIES), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_BAD_CALLS), 0);
	echo_close(&c);
	echo_kill(&dev);
}

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A server that does not answer costs the client a bounded time, and nothing else. */
static void
silent_server(void)
{
	struct echo_client c;
	struct echo_dev dev;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA, .ignore_open = true});
	long then = now_ms();
	CHECK_ERRNO(open(dev.node, O_RDWR), ETIMEDOUT);
	CHECK(now_ms() - then >= VUACCE_TIMEOUT_MS && now_ms() - then < 3 * VUACCE_TIMEOUT_MS);
	echo_kill(&dev);

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA, .refuse_open = EACCES});
	CHECK_ERRNO(open(dev.node, O_RDWR), EACCES);
	echo_kill(&dev);

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REFUSE_START), 0);
	CHECK_EQ(echo_start(&c), -EIO);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_IGNORE_START), 0);
	CHECK_EQ(echo_start(&c), -ETIMEDOUT);
	/* the server heard that nobody waits any more */
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 1);
	CHECK_EQ(echo_start(&c), 0);
	echo_close(&c);
	echo_kill(&dev);
}

/* Events that nobody reads are bounded; afterwards everything is as before. */
static void
stopped_server(void)
{
	struct uacce_adopt a = {.len = 2 << 20};
	struct echo_client c;
	struct echo_dev dev;
	int n = 0, ret;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);
	CHECK(write(fd, "2", 1) == 1);
	close(fd);
	uint8_t *p = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	CHECK(p != MAP_FAILED);
	a.addr = (uintptr_t)p;
	kill(dev.pid, SIGSTOP);
	while (!(ret = ioctl(c.fd, UACCE_CMD_ADOPT, &a))) {
		CHECK_EQ(ioctl(c.fd, UACCE_CMD_UNADOPT, &a), 0);
		CHECK(++n <= VUACCE_MAX_EVENTS);
	}
	CHECK_EQ(errno, ENOBUFS);
	CHECK_ERRNO(ioctl(c.fd, ECHO_CMD, ECHO_MEMS), ENOBUFS);
	kill(dev.pid, SIGCONT);
	for (n = 0; n < 500 && ioctl(c.fd, ECHO_CMD, ECHO_MEMS) != 0; n++)
		usleep(10000);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_ADOPT, &a), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_MEMS), 1);
	echo_close(&c);
	munmap(p, 2 << 20);
	echo_kill(&dev);
}

static void *
stop_queue(void *arg)
{
	CHECK_ERRNO(ioctl(((struct echo_client *)arg)->fd, UACCE_CMD_PUT_Q), ETIMEDOUT);
	return NULL;
}

/* A stop that the server does not answer is told again, for good: at the end, or with the memory. */
static void
stop_unanswered(void)
{
	struct echo_client c;
	struct echo_dev dev;
	pthread_t t;
	uint8_t *ss;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	ss = echo_map(c.fd, UACCE_QFRT_SS, 2 << 20);
	CHECK(ss != MAP_FAILED);
	CHECK_EQ(echo_start(&c), 0);
	kill(dev.pid, SIGSTOP);
	stop_queue(&c);
	kill(dev.pid, SIGCONT);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 2);

	CHECK_EQ(echo_start(&c), 0);
	kill(dev.pid, SIGSTOP);
	CHECK(!pthread_create(&t, NULL, stop_queue, &c));
	usleep(500000);
	munmap(ss, 2 << 20);
	pthread_join(t, NULL);
	kill(dev.pid, SIGCONT);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 4);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_MEMS), 0);
	CHECK_EQ(echo_start(&c), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_PUT_Q), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 5);
	echo_close(&c);
	echo_kill(&dev);
}

/* A client that waits for the server can be killed. */
static void
killed_while_waiting(void)
{
	struct echo_client c;
	struct echo_dev dev;
	int status;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	pid_t pid = fork();
	if (!pid) {
		CHECK_EQ(echo_open(&c, dev.node), 0);
		ioctl(c.fd, ECHO_CMD, ECHO_IGNORE_THIS);
		_exit(3);
	}
	usleep(500000);
	long then = now_ms();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status));
	CHECK(now_ms() - then < 2000);
	CHECK_EQ(echo_open(&c, dev.node), 0);
	echo_close(&c);
	echo_kill(&dev);
}

/* A sleeping server is woken by an unchanged client's doorbell, and by a kick. */
static void
doorbell_wakes(void)
{
	uint8_t a[64] = {5}, b[64];
	struct echo_client c;
	struct echo_dev dev;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(echo_start(&c), 0);
	for (int i = 1; i <= 20; i++) {
		CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_SLEEP), 0);
		CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_KICKS), i - 1);
		CHECK_EQ(echo_run(&c, a, (uintptr_t)a, b, (uintptr_t)b, 64), 0);
		CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_KICKS), i);
		/* one only: the next doorbell is an ordinary store */
		CHECK_EQ(echo_run(&c, a, (uintptr_t)a, b, (uintptr_t)b, 64), 0);
		CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_KICKS), i);
	}
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_SLEEP), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_KICK), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_KICKS), 21);
	echo_close(&c);
	echo_kill(&dev);
}

/* Run one request as another user at a server of a third; its status. */
static int
run_as(const struct echo_dev *dev, uid_t uid, bool dumpable)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		uint8_t a[64] = {5}, b[64];
		struct echo_client c;

		CHECK(!setresgid(uid, uid, uid) && !setresuid(uid, uid, uid));
		CHECK(!prctl(PR_SET_DUMPABLE, dumpable));
		CHECK_EQ(echo_open(&c, dev->node), 0);
		CHECK_EQ(echo_start(&c), 0);
		_exit(-echo_run(&c, a, (uintptr_t)a, b, (uintptr_t)b, 64));
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void
rights(void)
{
	struct echo_dev dev;

	/* a server that dropped its privileges */
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA, .uid = 1000});
	CHECK(!chmod(dev.node, 0666));
	CHECK_EQ(run_as(&dev, 1000, true), 0);
	CHECK_EQ(run_as(&dev, 1000, false), EPERM);
	CHECK_EQ(run_as(&dev, 1001, true), EPERM);
	CHECK_EQ(run_as(&dev, 0, true), EPERM);
	echo_kill(&dev);
	/* root serves everybody */
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	CHECK(!chmod(dev.node, 0666));
	CHECK_EQ(run_as(&dev, 1000, true), 0);
	CHECK_EQ(run_as(&dev, 1001, false), 0);
	echo_kill(&dev);
}

/* The client's faults are resolved: memory that was never touched, copied on write, or a file. */
static void
client_faults(void)
{
	struct echo_client c;
	struct echo_dev dev;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_SVA});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(echo_start(&c), 0);
	size_t len = 1 << 20;
	uint8_t *untouched =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *dst = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_EQ(echo_run(&c, untouched, (uintptr_t)untouched, dst, (uintptr_t)dst, (uint32_t)len),
		0);
	int fd = open("/proc/self/exe", O_RDONLY);
	uint8_t *file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK_EQ(echo_run(&c, dst, (uintptr_t)dst, file, (uintptr_t)file, 4096), 0);
	uint8_t first;
	CHECK(pread(fd, &first, 1, 0) == 1 && first == 0x7f);
	close(fd);
	/* after a fork the write belongs to this process alone */
	memset(dst, 1, 4096);
	int p[2];
	char byte;
	CHECK(!pipe(p));
	pid_t pid = fork();
	if (!pid) {
		close(p[1]);
		if (read(p[0], &byte, 1))
			_exit(1);
		_exit(dst[0] == 1 ? 0 : 2);
	}
	CHECK_EQ(echo_run(&c, untouched, (uintptr_t)untouched, dst, (uintptr_t)dst, 4096), 0);
	CHECK_EQ(dst[0], 0xff);
	int status;
	close(p[1]);
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	echo_close(&c);
	echo_kill(&dev);
}

int
main(void)
{
	CASE(configurations);
	CASE(forwarded_ioctls);
	CASE(silent_server);
	CASE(stopped_server);
	CASE(stop_unanswered);
	CASE(killed_while_waiting);
	CASE(doorbell_wakes);
	CASE(rights);
	CASE(client_faults);
	return 0;
}
