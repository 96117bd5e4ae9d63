// SPDX-License-Identifier: BSD-3-Clause
/* Only the process that opened a queue may use it, whoever else holds the descriptor. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)

static struct echo_dev dev;

/* Run fn in a child; its exit status, or minus its signal. */
static int
in_child(int (*fn)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn(arg));
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int
touch(void *p)
{
	return *(volatile uint8_t *)p == 0xee;
}

static int
use_fd(void *arg)
{
	struct uacce_info info = {.size = sizeof(info)};
	struct pollfd p = {.events = POLLIN};
	struct epoll_event e = {.events = EPOLLIN};
	int fd = p.fd = *(int *)arg, ep = epoll_create1(0);

	CHECK_ERRNO(ioctl(fd, UACCE_CMD_START_Q), EPERM);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_PUT_Q), EPERM);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_SHARE_SVAS, fd), EPERM);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_GET_SS_DMA, &info), EPERM);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_INFO, &info), EPERM);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_ADOPT, &info), EPERM);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_KICK), EPERM);
	CHECK_ERRNO(ioctl(fd, ECHO_CMD, ECHO_RETURN_7), EPERM);
	for (unsigned int region = 0; region < UACCE_QFRT_MAX; region++)
		CHECK(echo_map(fd, region, 4096) == MAP_FAILED && errno == EPERM);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLERR);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 1);
	CHECK_EQ(e.events, EPOLLERR);
	return 0;
}

static void
child_gets_nothing(void)
{
	struct echo_client c;

	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	CHECK(ss != MAP_FAILED);
	ss[0] = c.dus[0] = 0xee;
	CHECK_EQ(in_child(use_fd, &c.fd), 0);
	CHECK_EQ(in_child(touch, ss), -SIGSEGV);
	CHECK_EQ(in_child(touch, (void *)(uintptr_t)c.dus), -SIGSEGV);
	CHECK_EQ(in_child(touch, (void *)(uintptr_t)c.mmio), -SIGSEGV);
	/* and nothing can change that */
	CHECK_ERRNO(madvise(ss, MB2, MADV_DOFORK), EINVAL);
	CHECK_ERRNO(madvise((void *)(uintptr_t)c.dus, ECHO_DUS_SIZE, MADV_DOFORK), EINVAL);
	CHECK_EQ(in_child(touch, ss), -SIGSEGV);
	/* the parent has lost nothing */
	CHECK_EQ(touch(ss), 1);
	CHECK_EQ(echo_start(&c), 0);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(in_child(use_fd, &c.fd), 0);
		CHECK_EQ(echo_run(&c, ss, (uintptr_t)ss, ss + 8192, (uintptr_t)ss + 8192, 4096), 0);
	}
	munmap(ss, MB2);
	echo_close(&c);
}

static void *
thread_start(void *arg)
{
	return (void *)(intptr_t)echo_start(arg);
}

static void
threads_are_the_process(void)
{
	struct echo_client c;
	pthread_t t;
	void *ret;

	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK(!pthread_create(&t, NULL, thread_start, &c));
	pthread_join(t, &ret);
	CHECK_EQ(ret, 0);
	echo_close(&c);
}

/* A descriptor sent to an unrelated process. */
static void
receiver_gets_nothing(void)
{
	char cbuf[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = cbuf,
		.msg_controllen = sizeof(cbuf)};
	int sv[2], fd, status;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	pid_t pid = fork();
	if (!pid) {
		CHECK(recvmsg(sv[1], &m, 0) == 1);
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
		_exit(use_fd(&fd));
	}
	fd = open(dev.node, O_RDWR);
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	*h = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	CHECK(sendmsg(sv[0], &m, 0) == 1);
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	close(fd);
	close(sv[0]);
	close(sv[1]);
}

static long
available(void)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/available_instances", dev.sysfs);
	return read_number(path);
}

/* The opener dies, its child still has the descriptor: the hardware is free again. */
static void
opener_dies(void)
{
	int p[2], status;
	char byte;

	CHECK(!pipe(p));
	CHECK_EQ(available(), 16);
	pid_t pid = fork();
	if (!pid) {
		struct echo_client c;
		CHECK_EQ(echo_open(&c, dev.node), 0);
		CHECK(echo_map(c.fd, UACCE_QFRT_SS, MB2) != MAP_FAILED);
		CHECK_EQ(echo_start(&c), 0);
		if (!fork()) {
			/* Wait for the grandparent, with the descriptor open. */
			close(p[1]);
			CHECK_EQ(read(p[0], &byte, 1), 0);
			CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_PUT_Q), EPERM);
			_exit(0);
		}
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(available(), 16);
	close(p[0]);
	close(p[1]);
}

/* After exec without O_CLOEXEC it is another address space: same rule. */
static void
exec_is_another_process(char *self)
{
	char text[16];
	int status, fd;

	pid_t pid = fork();
	if (!pid) {
		fd = open(dev.node, O_RDWR);
		snprintf(text, sizeof(text), "%d", fd);
		execl(self, self, text, NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	CHECK_EQ(available(), 16);
	printf("ok exec_is_another_process\n");
}

int
main(int argc, char **argv)
{
	if (argc > 1) {
		int fd = atoi(argv[1]);
		return use_fd(&fd);
	}
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID});
	CASE(child_gets_nothing);
	CASE(threads_are_the_process);
	CASE(receiver_gets_nothing);
	CASE(opener_dies);
	exec_is_another_process(argv[0]);
	echo_kill(&dev);
	return 0;
}
