// SPDX-License-Identifier: BSD-3-Clause
/* Adoption: the process's own shared hugetlb memory becomes device memory, and comes back. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)
#define KIB2M	2048

#define FREE_HUGEPAGES	"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

static struct echo_dev dev;

static long
free_pages(void)
{
	return read_number(FREE_HUGEPAGES);
}

static void *
huge(int n, int how)
{
	void *p = mmap(NULL, (size_t)n * MB2, PROT_READ | PROT_WRITE,
		how | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static int
adopt(int fd, const void *p, size_t len, struct uacce_adopt *a)
{
	*a = (struct uacce_adopt){.addr = (uintptr_t)p, .len = len};
	return ioctl(fd, UACCE_CMD_ADOPT, a);
}

static int
unadopt(int fd, const void *p, size_t len)
{
	struct uacce_adopt a = {.addr = (uintptr_t)p, .len = len};

	return ioctl(fd, UACCE_CMD_UNADOPT, &a);
}

static void
zero_copy(void)
{
	struct uacce_adopt a;
	struct echo_client c;
	long before = free_pages();

	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(echo_start(&c), 0);
	uint8_t *p = huge(4, MAP_SHARED);
	memset(p, 0x3c, 4 * MB2);
	CHECK_EQ(echo_run(&c, p, (uintptr_t)p, p + MB2, (uintptr_t)p + MB2, 64), -EFAULT);
	CHECK_EQ(adopt(c.fd, p, 4 * MB2, &a), 0);
	CHECK_EQ(a.dev_addr, (uintptr_t)p);
	CHECK_EQ(a.slices, 1);
	CHECK_EQ(pinned_kib(4 * KIB2M), 4 * KIB2M);
	/* across the pages' borders, in the very pages */
	CHECK_EQ(echo_run(&c, p + MB2 - 50000, (uintptr_t)p + MB2 - 50000, p + 3 * MB2 - 50000,
			 (uintptr_t)p + 3 * MB2 - 50000, 100000), 0);
	CHECK_EQ(unadopt(c.fd, p, 4 * MB2), 0);
	CHECK_EQ(pinned_kib(0), 0);
	CHECK_EQ(echo_run(&c, p, (uintptr_t)p, p + MB2, (uintptr_t)p + MB2, 64), -EFAULT);
	CHECK_ERRNO(unadopt(c.fd, p, 4 * MB2), EINVAL);
	munmap(p, 4 * MB2);
	CHECK_EQ(free_pages(), before);
	echo_close(&c);
}

/* Pages that are adopted outlive their mapping, and no longer than that. */
static void
pinned_exactly(void)
{
	struct uacce_adopt a;
	struct echo_client c;
	long before = free_pages();

	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *p = huge(3, MAP_SHARED);
	CHECK_EQ(adopt(c.fd, p, 3 * MB2, &a), 0);
	CHECK_EQ(free_pages(), before - 3);
	munmap(p, 3 * MB2);
	CHECK_EQ(free_pages(), before - 3);
	CHECK_EQ(unadopt(c.fd, p, 3 * MB2), 0);
	/* The server unmaps when it hears of it. */
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_MEMS), 0);
	CHECK_EQ(free_pages(), before);

	/* close does the same */
	p = huge(3, MAP_SHARED);
	CHECK_EQ(adopt(c.fd, p, 3 * MB2, &a), 0);
	munmap(p, 3 * MB2);
	echo_close(&c);
	CHECK_EQ(pinned_kib(0), 0);
	for (int i = 0; free_pages() != before && i < 500; i++)
		usleep(10000);
	CHECK_EQ(free_pages(), before);
}

static void
refused(void)
{
	struct uacce_adopt a;
	struct echo_client c;

	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *p = huge(2, MAP_SHARED), *private = huge(2, MAP_PRIVATE);
	uint8_t *small =
		mmap(NULL, 2 * MB2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t *ro = huge(1, MAP_SHARED);

	memset(private, 1, 2 * MB2);
	CHECK(!mprotect(ro, MB2, PROT_READ));
	CHECK_ERRNO(adopt(c.fd, private, MB2, &a), EFAULT);
	CHECK_ERRNO(adopt(c.fd, small, MB2, &a), EFAULT);
	CHECK_ERRNO(adopt(c.fd, ro, MB2, &a), EFAULT);
	CHECK_ERRNO(adopt(c.fd, NULL, MB2, &a), EFAULT);
	CHECK_ERRNO(adopt(c.fd, p, 0, &a), EINVAL);
	CHECK_ERRNO(adopt(c.fd, p + 4096, MB2, &a), EINVAL);
	CHECK_ERRNO(adopt(c.fd, p, MB2 - 4096, &a), EINVAL);
	CHECK_ERRNO(adopt(c.fd, p, MB2 + 5, &a), EINVAL);
	CHECK_ERRNO(adopt(c.fd, (void *)-MB2, 2 * MB2, &a), EINVAL);
	CHECK_ERRNO(adopt(c.fd, p, 1UL << 62, &a), EINVAL);
	/* more than is mapped */
	CHECK(adopt(c.fd, p, 64 * MB2, &a) == -1);
	a = (struct uacce_adopt){.addr = (uintptr_t)p, .len = MB2, .flags = 1};
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_ADOPT, &a), EINVAL);
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_ADOPT, 8), EFAULT);
	CHECK_EQ(pinned_kib(0), 0);
	/* twice, and overlapping */
	CHECK_EQ(adopt(c.fd, p, MB2, &a), 0);
	CHECK_ERRNO(adopt(c.fd, p, MB2, &a), EEXIST);
	CHECK_ERRNO(adopt(c.fd, p, 2 * MB2, &a), EEXIST);
	CHECK_ERRNO(unadopt(c.fd, p, 2 * MB2), EINVAL);
	CHECK_EQ(adopt(c.fd, p + MB2, MB2, &a), 0);
	CHECK_EQ(pinned_kib(2 * KIB2M), 2 * KIB2M);
	echo_close(&c);
	CHECK_EQ(pinned_kib(0), 0);
	munmap(p, 2 * MB2);
	munmap(private, 2 * MB2);
	munmap(small, 2 * MB2);
	munmap(ro, MB2);
}

/* Queues of one process and device share pins and addresses; each undoes its own. */
static void
two_queues(void)
{
	struct uacce_adopt x, y;
	struct echo_client a, b;
	long before = free_pages();

	CHECK_EQ(echo_open(&a, dev.node), 0);
	CHECK_EQ(echo_open(&b, dev.node), 0);
	CHECK_EQ(echo_start(&a), 0);
	CHECK_EQ(echo_start(&b), 0);
	uint8_t *p = huge(2, MAP_SHARED);
	memset(p, 9, 2 * MB2);
	CHECK_EQ(adopt(a.fd, p, 2 * MB2, &x), 0);
	CHECK_EQ(echo_run(&b, p, (uintptr_t)p, p + MB2, (uintptr_t)p + MB2, 64), 0);
	CHECK_EQ(adopt(b.fd, p, 2 * MB2, &y), 0);
	CHECK_EQ(pinned_kib(2 * KIB2M), 2 * KIB2M);
	CHECK_EQ(unadopt(a.fd, p, 2 * MB2), 0);
	CHECK_EQ(pinned_kib(2 * KIB2M), 2 * KIB2M);
	CHECK_EQ(echo_run(&a, p, (uintptr_t)p, p + MB2, (uintptr_t)p + MB2, 64), 0);
	CHECK_EQ(echo_run(&b, p, (uintptr_t)p, p + MB2, (uintptr_t)p + MB2, 64), 0);
	/* Other memory at the same address is not the same memory. */
	munmap(p, 2 * MB2);
	CHECK(mmap(p, 2 * MB2, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED, -1, 0) == p);
	CHECK_ERRNO(adopt(a.fd, p, 2 * MB2, &x), EEXIST);
	CHECK_EQ(unadopt(b.fd, p, 2 * MB2), 0);
	CHECK_EQ(echo_run(&b, p, (uintptr_t)p, p + MB2, (uintptr_t)p + MB2, 64), -EFAULT);
	CHECK_EQ(adopt(a.fd, p, 2 * MB2, &x), 0);
	echo_close(&a);
	echo_close(&b);
	CHECK_EQ(pinned_kib(0), 0);
	munmap(p, 2 * MB2);
	for (int i = 0; free_pages() != before && i < 500; i++)
		usleep(10000);
	CHECK_EQ(free_pages(), before);
}

struct adopter {
	pthread_barrier_t *both;
	int fd;
	void *p;
};

static void *
adopt_at_once(void *arg)
{
	struct adopter *a = arg;
	struct uacce_adopt x;

	for (int i = 0; i < 300; i++) {
		pthread_barrier_wait(a->both);
		CHECK_EQ(adopt(a->fd, a->p, 2 * MB2, &x), 0);
		pthread_barrier_wait(a->both);
		CHECK_EQ(unadopt(a->fd, a->p, 2 * MB2), 0);
	}
	return NULL;
}

/* Whoever comes first pins; the others use that. */
static void
two_threads(void)
{
	struct echo_client c[2];
	struct adopter a[2];
	pthread_barrier_t both;
	pthread_t t[2];
	uint8_t *p = huge(2, MAP_SHARED);

	pthread_barrier_init(&both, NULL, 2);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(echo_open(&c[i], dev.node), 0);
		a[i] = (struct adopter){&both, c[i].fd, p};
		CHECK(!pthread_create(&t[i], NULL, adopt_at_once, &a[i]));
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		echo_close(&c[i]);
	}
	CHECK_EQ(pinned_kib(0), 0);
	munmap(p, 2 * MB2);
}

/* Physical addresses are those that the kernel tells root elsewhere. */
static uint64_t
phys_of(const void *p)
{
	uint64_t e = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	CHECK(pread(fd, &e, 8, (off_t)((uintptr_t)p / 4096 * 8)) == 8);
	close(fd);
	return (e & ((1ULL << 55) - 1)) * 4096;
}

static void
physical(void)
{
	struct uacce_slice sl[8];
	struct uacce_slices q = {.count = 8, .slices = (uintptr_t)sl};
	struct echo_dev d;
	struct echo_client c;
	struct uacce_adopt a;
	uint64_t sum = 0;

	echo_spawn(&d, &(struct echo_opts){.flags = UACCE_DEV_NOIOMMU, .name = "noiommu"});
	CHECK_EQ(echo_open(&c, d.node), 0);
	CHECK_EQ(echo_start(&c), 0);
	uint8_t *p = huge(8, MAP_SHARED);
	memset(p, 0x21, 8 * MB2);
	CHECK_EQ(adopt(c.fd, p, 8 * MB2, &a), 0);
	CHECK_EQ(a.dev_addr, phys_of(p));
	q.addr = (uintptr_t)p + 12345;
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_GET_SLICES, &q), 0);
	CHECK_EQ(q.total, a.slices);
	for (unsigned int i = 0; i < q.count; i++) {
		CHECK_EQ(sl[i].addr, (uintptr_t)p + sum);
		CHECK_EQ(sl[i].dev_addr, phys_of((void *)(uintptr_t)sl[i].addr));
		sum += sl[i].len;
	}
	CHECK_EQ(sum, 8 * MB2);
	CHECK_EQ(echo_run(&c, p, a.dev_addr, p + 100000, a.dev_addr + 100000, 100000), 0);
	echo_close(&c);
	munmap(p, 8 * MB2);
	echo_kill(&d);
}

/* A fork while memory is adopted copies nothing: both processes and the device see one memory. */
static void
fork_is_harmless(void)
{
	struct uacce_adopt a;
	struct echo_client c;
	int status;

	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(echo_start(&c), 0);
	uint8_t *p = huge(1, MAP_SHARED);
	CHECK_EQ(adopt(c.fd, p, MB2, &a), 0);
	pid_t pid = fork();
	if (!pid) {
		memset(p, 0x42, 4096);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(p[4095], 0x42);
	p[0] = 0x43;
	CHECK_EQ(echo_run(&c, p, (uintptr_t)p, p + 8192, (uintptr_t)p + 8192, 4096), 0);
	echo_close(&c);
	munmap(p, MB2);
}

static void
limits(void)
{
	struct uacce_adopt a;
	struct echo_client c;
	int status;

	CHECK(!chmod(dev.node, 0666));
	pid_t pid = fork();
	if (!pid) {
		struct rlimit r = {4 << 20, 4 << 20};
		uint8_t *p = huge(3, MAP_SHARED);
		CHECK(!setrlimit(RLIMIT_MEMLOCK, &r));
		CHECK(!setresuid(1000, 1000, 1000));
		CHECK_EQ(echo_open(&c, dev.node), 0);
		CHECK_ERRNO(adopt(c.fd, p, 3 * MB2, &a), ENOMEM);
		CHECK_EQ(adopt(c.fd, p, 2 * MB2, &a), 0);
		CHECK_ERRNO(adopt(c.fd, p + 2 * MB2, MB2, &a), ENOMEM);
		CHECK_EQ(unadopt(c.fd, p, 2 * MB2), 0);
		CHECK_EQ(pinned_kib(0), 0);
		CHECK_EQ(adopt(c.fd, p + 2 * MB2, MB2, &a), 0);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
}

int
main(void)
{
	if (read_number(FREE_HUGEPAGES) < 64) {
		int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);
		CHECK(write(fd, "64", 2) == 2);
		close(fd);
	}
	CHECK(free_pages() >= 64);
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID});
	CASE(zero_copy);
	CASE(pinned_exactly);
	CASE(refused);
	CASE(two_queues);
	CASE(two_threads);
	CASE(physical);
	CASE(fork_is_harmless);
	CASE(limits);
	echo_kill(&dev);
	return 0;
}
