// SPDX-License-Identifier: BSD-3-Clause
/*
 * Arguments in memory that another process supplies when it likes (here: userfaultfd), and a caller
 * that waits for them: neither the removal of the device, nor other processes, nor other threads
 * at the same queue wait, too.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2		(2UL << 20)
#define FOREIGN_READ	_IOWR('T', 9, uint64_t)	/* the server knows none such */

/* Two pages; the second one is not there until somebody says so. */
struct lazy {
	int fd;
	uint8_t *pages;
};

struct process {
	pid_t pid;
	int status;
};

struct call {
	int fd;
	unsigned int cmd;
	void *arg;
	bool done;
	int err;
};

static unsigned int patience;

static void
lazy_make(struct lazy *l)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};

	l->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK(l->fd >= 0);
	CHECK(!ioctl(l->fd, UFFDIO_API, &api));
	l->pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(l->pages != MAP_FAILED);
	memset(l->pages, 0, 4096);
	reg.range.start = (uintptr_t)l->pages + 4096;
	reg.range.len = 4096;
	CHECK(!ioctl(l->fd, UFFDIO_REGISTER, &reg));
}

static void
lazy_deliver(struct lazy *l)
{
	struct uffdio_zeropage z = {.range = {(uintptr_t)l->pages + 4096, 4096}};

	CHECK(!ioctl(l->fd, UFFDIO_ZEROPAGE, &z));
}

static void
lazy_free(struct lazy *l)
{
	close(l->fd);
	munmap(l->pages, 8192);
}

static void *
make_call(void *p)
{
	struct call *c = p;
	int ret = ioctl(c->fd, c->cmd, c->arg);

	c->err = ret < 0 ? errno : 0;
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* The call is where it touches the page. */
static void
wait_stalled(const struct lazy *l, const struct call *c)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};
	struct uffd_msg msg;

	CHECK_EQ(poll(&p, 1, (int)(10000 * patience)), 1);
	CHECK(read(l->fd, &msg, sizeof(msg)) == sizeof(msg));
	CHECK_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
	CHECK(!__atomic_load_n(&c->done, __ATOMIC_ACQUIRE));
}

static bool
within_limit(bool (*ended)(void *), void *what)
{
	for (unsigned int i = 0; i < 500 * patience; i++) {
		if (ended(what))
			return true;
		usleep(10000);
	}
	return false;
}

static bool
call_ended(void *p)
{
	struct call *c = p;

	return __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
}

static bool
process_ended(void *p)
{
	struct process *process = p;

	return waitpid(process->pid, &process->status, WNOHANG) > 0;
}

/* Of another thread, at a queue where one call waits for its argument. */
static void
other_call(int fd, unsigned int cmd, void *arg)
{
	struct call c = {.fd = fd, .cmd = cmd, .arg = arg};
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, make_call, &c));
	if (!within_limit(call_ended, &c))
		FAIL("call 0x%x waits for the argument of another", cmd);
	pthread_join(t, NULL);
	CHECK_EQ(c.err, 0);
}

static void
other_process(const char *node)
{
	struct process p = {.pid = fork()};
	struct echo_client c;

	if (!p.pid) {
		CHECK_EQ(echo_open(&c, node), 0);
		CHECK_EQ(echo_start(&c), 0);
		echo_close(&c);
		_exit(0);
	}
	if (!within_limit(process_ended, &p))
		FAIL("another process waits for the argument");
	CHECK_EQ(p.status, 0);
}

/*
 * One call whose argument lies behind the border of the pages, or on both sides with head before it.
 * err: what it says in the end, the device having gone meanwhile.
 */
static void
stall(const char *name, unsigned int cmd, size_t at, const void *head, size_t head_len, int err)
{
	struct uacce_info info = {.size = sizeof(info)};
	struct echo_client c;
	struct echo_dev dev;
	struct lazy l;
	pthread_t t;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID});
	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	CHECK(ss != MAP_FAILED);
	lazy_make(&l);
	struct call call = {.fd = c.fd, .cmd = cmd, .arg = l.pages + at};
	memcpy(l.pages + at, head, head_len);
	CHECK(!pthread_create(&t, NULL, make_call, &call));
	wait_stalled(&l, &call);

	other_process(dev.node);
	other_call(c.fd, UACCE_CMD_INFO, &info);
	other_call(c.fd, UACCE_CMD_START_Q, NULL);
	other_call(c.fd, UACCE_CMD_PUT_Q, NULL);
	struct process server = {.pid = dev.pid};
	kill(dev.pid, SIGKILL);
	if (!within_limit(process_ended, &server))
		FAIL("the removal of the device waits for the argument");
	CHECK(access(dev.node, F_OK));
	CHECK(!call_ended(&call));

	lazy_deliver(&l);
	pthread_join(t, NULL);
	CHECK_EQ(call.err, err);
	munmap(ss, MB2);
	echo_close(&c);
	lazy_free(&l);
	printf("ok %s\n", name);
	fflush(stdout);
}

int
main(void)
{
	const struct uacce_info info = {.size = sizeof(info)};
	const struct uacce_slices slices = {.count = 1};
	const struct uacce_adopt adopt = {.addr = MB2, .len = MB2};
	const char *p = getenv("PATIENCE");

	patience = p && atoi(p) > 0 ? (unsigned int)atoi(p) : 1;
	/* A call that gets its argument late finds the device gone; a result was there in time. What
	 * comes late is 0, which is no size. */
	stall("info, in", UACCE_CMD_INFO, 4096, "", 0, EINVAL);
	stall("info, out", UACCE_CMD_INFO, 4096 - 32, &info, 32, 0);
	stall("adopt", UACCE_CMD_ADOPT, 4096 - 16, &adopt, 16, ENXIO);
	stall("unadopt", UACCE_CMD_UNADOPT, 4096 - 8, "", 0, ENXIO);
	stall("slice of SS", UACCE_CMD_GET_SS_DMA, 4096, "", 0, ENXIO);
	stall("slices", UACCE_CMD_GET_SLICES, 4096 - 8, &slices, 8, ENXIO);
	stall("driver's own", FOREIGN_READ, 4096, "", 0, ENXIO);
	return 0;
}
