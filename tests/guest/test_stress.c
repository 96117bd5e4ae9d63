// SPDX-License-Identifier: BSD-3-Clause
/*
 * Processes with several threads each do everything at random with queues of four devices while
 * their servers and they themselves are killed: test_stress [SECONDS [SEED]]. What is checked: every
 * call gives a documented errno, nobody gets a signal that was not sent, a child can use nothing,
 * data that a server says it wrote is there, and in the end nothing is left. The rest is for the
 * kernel's own checks to find.
 */
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)
#define DEVICES	4
#define CLIENTS	3
#define THREADS	3
#define SLOTS	6
#define OWN	4	/* hugepages of each client */
#define USER	1000
#define FREE_HUGEPAGES	"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

static const struct echo_opts kinds[DEVICES] = {
	{.name = "many", .flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID, .ss_max = 8 * MB2},
	{.name = "sva", .flags = UACCE_DEV_SVA | UACCE_DEV_PASID},
	{.name = "phys", .flags = UACCE_DEV_NOIOMMU, .ss_max = 8 * MB2},
	{.name = "dko", .flags = UACCE_DEV_SHARE_DOMAIN, .ss_max = 8 * MB2, .dko = true},
};

/* Between the processes. */
static struct {
	char node[DEVICES][64];
	volatile bool stop;
	unsigned long calls, good, runs, forks;
} *all;

struct slot {
	pthread_mutex_t lock;	/* maps; calls on fd do not care */
	int fd;
	uint8_t *map[UACCE_QFRT_MAX];
	size_t len[UACCE_QFRT_MAX];
	uint8_t buf[2][512];	/* for the device, which may come late */
};

static struct slot slots[SLOTS];
static uint8_t *own;
static bool privileged;

static unsigned int
dice(unsigned int *seed, unsigned int n)
{
	return (unsigned int)rand_r(seed) % n;
}

/* The result of a call on a queue: 0 and up, or one of these errors. */
static bool
documented(const char *what, long ret, int also)
{
	static const int known[] = {EBADF, ENXIO, EINVAL, EEXIST, ENOENT, ENOMEM, ENOBUFS,
		ETIMEDOUT, EOPNOTSUPP, EBUSY, ECANCELED};
	int err = errno;

	__atomic_add_fetch(&all->calls, 1, __ATOMIC_RELAXED);
	if (ret >= 0) {
		__atomic_add_fetch(&all->good, 1, __ATOMIC_RELAXED);
		return true;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (err == known[i])
			return false;
	if (err != also)
		FAIL("%s: %s", what, strerror(err));
	return false;
}

static void
unmap(struct slot *s, unsigned int r)
{
	if (s->map[r])
		CHECK(!munmap(s->map[r], s->len[r]));
	s->map[r] = NULL;
}

static void
drop(struct slot *s, bool maps_first)
{
	for (unsigned int r = 0; r < UACCE_QFRT_MAX && maps_first; r++)
		unmap(s, r);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	for (unsigned int r = 0; r < UACCE_QFRT_MAX; r++)
		unmap(s, r);
}

static bool
open_slot(struct slot *s, unsigned int dev)
{
	char node[64];
	int fd;

	/* ENOENT, or half a name, while the server is being replaced. */
	memcpy(node, all->node[dev], sizeof(node));
	node[63] = 0;
	fd = open(node, O_RDWR | O_CLOEXEC);
	if (documented("open", fd, dev == 2 && !privileged ? EPERM : ENODEV))
		s->fd = fd;
	return fd >= 0;
}

static bool
map_region(struct slot *s, unsigned int r, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, r * 4096L);

	/* A number that was closed may be something else's by now: never store two maps. */
	if (!documented("mmap", p == MAP_FAILED ? -1 : 0, ENODEV))
		return false;
	s->map[r] = p;
	s->len[r] = len;
	return true;
}

static size_t
some_length(unsigned int r, unsigned int *seed)
{
	switch (r) {
	case UACCE_QFRT_MMIO: return dice(seed, 2) ? ECHO_MMIO_SIZE : 4096;
	case UACCE_QFRT_DUS: return dice(seed, 4) ? ECHO_DUS_SIZE : 4096;
	case UACCE_QFRT_SS: return (1 + dice(seed, 3)) * MB2 - dice(seed, 2) * 4096;
	default: return dice(seed, 4) ? ECHO_DKO_SIZE : 4096;
	}
}

static void
touch(struct slot *s, unsigned int *seed)
{
	for (unsigned int r = UACCE_QFRT_MMIO; r <= UACCE_QFRT_SS; r++) {
		size_t at = dice(seed, (unsigned int)s->len[r] / 4096 + 1) * 4096UL;

		/* Not where a server would read a doorbell or a descriptor. */
		if (s->map[r] && at < s->len[r])
			(void)*(volatile uint8_t *)(s->map[r] + at);
		if (s->map[r] && r == UACCE_QFRT_SS)
			s->map[r][s->len[r] - 1] = (uint8_t)at;
	}
}

/* What VMAs may and may not do. */
static void
play(struct slot *s, unsigned int *seed)
{
	unsigned int r = dice(seed, UACCE_QFRT_DKO);
	uint8_t *p = s->map[r];

	if (!p)
		return;
	CHECK(!mprotect(p, 4096, PROT_READ));
	CHECK(!mprotect(p, s->len[r], PROT_READ | PROT_WRITE));
	CHECK(mremap(p, s->len[r], s->len[r] + 4096, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK(mprotect(p, 4096, PROT_READ | PROT_EXEC));
	CHECK(madvise(p, 4096, MADV_DOFORK));
	if (s->len[r] > 4096 && !dice(seed, 3)) {
		CHECK(!munmap(p, 4096));
		s->map[r] += 4096;
		s->len[r] -= 4096;
	}
}

/* From nothing to data that arrived, with the lock held: only servers get in between. */
static void
whole_run(struct slot *s, unsigned int *seed)
{
	unsigned int dev = dice(seed, 2);
	struct echo_client c;
	uint8_t *from = s->buf[0], *to = s->buf[1];

	drop(s, true);
	if (!open_slot(s, dev) || !map_region(s, UACCE_QFRT_DUS, ECHO_DUS_SIZE) ||
		!map_region(s, UACCE_QFRT_MMIO, ECHO_MMIO_SIZE))
		return;
	if (!dev) {
		if (!map_region(s, UACCE_QFRT_SS, 2 * MB2))
			return;
		from = s->map[UACCE_QFRT_SS] + dice(seed, MB2);
		to = from + MB2 / 2;
	}
	/* Another thread may have started or stopped it, or made it fail. */
	if (!documented("start", ioctl(s->fd, UACCE_CMD_START_Q), 0))
		return;
	c = (struct echo_client){
		.fd = s->fd, .mmio = s->map[UACCE_QFRT_MMIO], .dus = s->map[UACCE_QFRT_DUS]};
	for (int i = 0; i < 512; i++)
		from[i] = (uint8_t)(i * 3 + s->fd);
	memset(to, 0, 512);
	echo_submit(&c, (uintptr_t)from, (uintptr_t)to, 512, 0);
	if (echo_wait(&c, 50))
		return;
	for (int i = 0; i < 512; i++)
		CHECK_EQ(to[i] ^ from[i], 0xff);
	__atomic_add_fetch(&all->runs, 1, __ATOMIC_RELAXED);
}

static void
child(unsigned int *seed)
{
	for (int i = 0; i < SLOTS; i++) {
		/* Between mmap() and its record here, or the other way round: seen as nothing. */
		struct slot s = slots[i];
		struct pollfd p = {.fd = s.fd, .events = POLLIN};
		struct stat st;

		if (s.fd < 0 || fstat(s.fd, &st) || !S_ISCHR(st.st_mode))
			continue;
		CHECK_ERRNO(ioctl(s.fd, UACCE_CMD_PUT_Q), EPERM);
		errno = 0;
		CHECK(mmap(NULL, ECHO_DUS_SIZE, PROT_READ, MAP_SHARED, s.fd, 4096) == MAP_FAILED);
		CHECK(errno == EPERM);
		CHECK_EQ(poll(&p, 1, 0), 1);
		CHECK_EQ(p.revents, POLLERR);
	}
	usleep(dice(seed, 30000));
	if (dice(seed, 2))
		execl("/bin/true", "true", NULL);
	_exit(0);
}

static void
fork_child(unsigned int *seed)
{
	int status;
	pid_t pid;

	/* All locks, so that the child sees numbers that are queues of this process. */
	for (int i = 0; i < SLOTS; i++)
		pthread_mutex_lock(&slots[i].lock);
	pid = fork();
	if (!pid)
		child(seed);
	for (int i = 0; i < SLOTS; i++)
		pthread_mutex_unlock(&slots[i].lock);
	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	__atomic_add_fetch(&all->forks, 1, __ATOMIC_RELAXED);
}

static void
memory_calls(int fd, unsigned int *seed)
{
	unsigned int first = dice(seed, OWN), n = 1 + dice(seed, OWN - first);
	struct uacce_adopt a = {.addr = (uintptr_t)own + first * MB2, .len = n * MB2};
	struct uacce_slice slice[4];
	struct uacce_slices q = {.count = 4, .slices = (uintptr_t)slice};
	unsigned long index = dice(seed, 3);

	switch (dice(seed, 5)) {
	case 0:
	case 1: documented("adopt", ioctl(fd, UACCE_CMD_ADOPT, &a), 0); break;
	case 2: documented("unadopt", ioctl(fd, UACCE_CMD_UNADOPT, &a), 0); break;
	case 3:
		q.addr = dice(seed, 2) ? a.addr : 0;
		documented("slices", ioctl(fd, UACCE_CMD_GET_SLICES, &q), 0);
		break;
	case 4: documented("ss_dma", ioctl(fd, UACCE_CMD_GET_SS_DMA, &index), 0); break;
	}
}

/* No lock: closes, unmaps and the same calls of other threads are under way. */
static void
calls(struct slot *s, unsigned int *seed)
{
	static const enum echo_cmd cmds[] = {ECHO_RETURN_7, ECHO_WAKE, ECHO_SLEEP,
		ECHO_REPORT_ERROR, ECHO_KICKS, ECHO_MEMS, ECHO_STOPS};
	struct uacce_info info = {.size = sizeof(info)};
	int fd = __atomic_load_n(&s->fd, __ATOMIC_RELAXED), other = slots[dice(seed, SLOTS)].fd;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return;
	switch (dice(seed, 10)) {
	case 0:
	case 1: documented("start", ioctl(fd, UACCE_CMD_START_Q), 0); break;
	case 2: documented("stop", ioctl(fd, UACCE_CMD_PUT_Q), 0); break;
	case 3: documented("info", ioctl(fd, UACCE_CMD_INFO, &info), 0); break;
	case 4: documented("kick", ioctl(fd, UACCE_CMD_KICK), 0); break;
	case 5: documented("share", ioctl(fd, UACCE_CMD_SHARE_SVAS, other), 0); break;
	case 6: poll(&p, 1, 0); break;
	case 7:
		documented("command", ioctl(fd, ECHO_CMD, cmds[dice(seed, 7)]), 0);
		if (!dice(seed, 20))
			documented("failure", ioctl(fd, ECHO_CMD, ECHO_FAIL_QUEUE), 0);
		break;
	default: memory_calls(fd, seed);
	}
}

static void *
thread(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (!all->stop) {
		struct slot *s = &slots[dice(&seed, SLOTS)];
		unsigned int r = dice(&seed, UACCE_QFRT_MAX), what = dice(&seed, 24);

		if (what == 0) {
			fork_child(&seed);
			continue;
		}
		if (what < 14) {
			calls(s, &seed);
			continue;
		}
		pthread_mutex_lock(&s->lock);
		if (s->fd < 0)
			open_slot(s, dice(&seed, DEVICES));
		else if (what < 17 && !s->map[r])
			map_region(s, r, some_length(r, &seed));
		else if (what == 17)
			unmap(s, r);
		else if (what == 18)
			drop(s, dice(&seed, 2));
		else if (what == 19)
			whole_run(s, &seed);
		else if (what == 20)
			play(s, &seed);
		else
			touch(s, &seed);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static void
client(unsigned int number, unsigned int seed)
{
	struct rlimit lock = {32 << 20, 32 << 20};
	pthread_t t[THREADS];

	own = mmap(NULL, OWN * MB2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB,
		-1, 0);
	CHECK(own != MAP_FAILED);
	privileged = number != 0;
	if (!privileged)
		CHECK(!setrlimit(RLIMIT_MEMLOCK, &lock) && !setgid(USER) && !setuid(USER));
	for (int i = 0; i < SLOTS; i++) {
		pthread_mutex_init(&slots[i].lock, NULL);
		slots[i].fd = -1;
	}
	for (unsigned int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, thread, (void *)(uintptr_t)(seed + i)));
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	fflush(stdout);
	_exit(0);
}

static pid_t
start_client(unsigned int number, unsigned int seed)
{
	pid_t pid = fork();

	if (!pid)
		client(number, seed);
	CHECK(pid > 0);
	return pid;
}

static void
start_server(struct echo_dev *dev, unsigned int kind)
{
	echo_spawn(dev, &kinds[kind]);
	CHECK(!chmod(dev->node, 0666));
	memcpy(all->node[kind], dev->node, sizeof(dev->node));
}

/* Nothing is charged to the unprivileged user any more: all of its limit is there to use. */
static void
nothing_charged(void)
{
	struct rlimit lock = {MB2, MB2};
	struct echo_dev dev;
	int status;
	pid_t pid;

	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU});
	CHECK(!chmod(dev.node, 0666));
	pid = fork();
	if (!pid) {
		CHECK(!setrlimit(RLIMIT_MEMLOCK, &lock) && !setgid(USER) && !setuid(USER));
		int fd = open(dev.node, O_RDWR);

		CHECK(fd >= 0);
		CHECK_EQ((uintptr_t)echo_map(fd, UACCE_QFRT_SS, 2 * MB2), (uintptr_t)MAP_FAILED);
		CHECK(echo_map(fd, UACCE_QFRT_SS, MB2) != MAP_FAILED);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	echo_kill(&dev);
}

static void
nothing_left(long hugepages)
{
	glob_t g;

	for (int i = 0; read_number(FREE_HUGEPAGES) != hugepages && i < 1000; i++)
		usleep(10000);
	CHECK_EQ(read_number(FREE_HUGEPAGES), hugepages);
	CHECK_EQ(glob("/sys/class/uacce/*", 0, NULL, &g), GLOB_NOMATCH);
	nothing_charged();
}

/* On a busy machine it takes longer until something of everything was done. */
static bool
enough(const unsigned int *kills)
{
	return all->good > 100 && all->runs && all->forks && kills[0] && kills[1];
}

int
main(int argc, char **argv)
{
	unsigned int seed = argc > 2 ? (unsigned int)atoi(argv[2]) : 1, first_seed = seed;
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 20);
	unsigned int kills[2] = {0, 0};
	struct echo_dev dev[DEVICES];
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY), status;
	pid_t pid[CLIENTS];
	long hugepages;

	CHECK(write(fd, "16", 2) == 2);
	close(fd);
	hugepages = read_number(FREE_HUGEPAGES);
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(all != MAP_FAILED);
	for (unsigned int i = 0; i < DEVICES; i++)
		start_server(&dev[i], i);
	for (unsigned int i = 0; i < CLIENTS; i++)
		pid[i] = start_client(i, seed + 100 * i);
	while (time(NULL) < end || (!enough(kills) && time(NULL) < end + 80)) {
		unsigned int i = dice(&seed, CLIENTS), k = dice(&seed, DEVICES);

		usleep(20000 + dice(&seed, 500000));
		if (waitpid(-1, &status, WNOHANG) != 0)
			FAIL("a process ended by itself: status 0x%x", status);
		if (dice(&seed, 2)) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
			pid[i] = start_client(i, seed);
			kills[0]++;
		} else {
			echo_kill(&dev[k]);
			start_server(&dev[k], k);
			kills[1]++;
		}
	}
	all->stop = true;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
		CHECK_EQ(status, 0);
	}
	for (unsigned int i = 0; i < DEVICES; i++)
		echo_kill(&dev[i]);
	nothing_left(hugepages);
	printf("ok seed %u: %lu calls, %lu of them good, %lu runs, %lu forks, %u clients and %u "
	       "servers killed\n", first_seed, all->calls, all->good, all->runs, all->forks,
		kills[0], kills[1]);
	CHECK(enough(kills));
	return 0;
}
