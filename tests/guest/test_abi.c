// SPDX-License-Identifier: BSD-3-Clause
/* Nodes, attributes, ioctl numbers, regions, states and poll: what clients rely on. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"

#define MB2	(2UL << 20)

static struct echo_dev dev;

/* Content of an attribute; "" if there is no such file. */
static const char *
attr(const char *name)
{
	static char buf[4096];
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dev.sysfs, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return "";
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	return buf;
}

static void
names_and_attributes(void)
{
	struct stat node, alias;
	char path[64], text[64];

	CHECK(!stat(dev.node, &node) && S_ISCHR(node.st_mode));
	snprintf(path, sizeof(path), "/dev/ua%d", dev.id);
	CHECK(!stat(path, &alias) && S_ISCHR(alias.st_mode));

	static const struct {
		const char *name, *value;
	} both[] = {
		{"api", "echo_v1\n"}, {"flags", "132\n"}, {"algorithms", "echo\ncomplement\n\n"},
		{"available_instances", "16\n"}, {"node_id", "0\n"}, {"numa_distance", "10\n"},
		{"region_mmio_size", "8192\n"}, {"region_dus_size", "16384\n"},
		{"region_ss_size", "1073741824\n"}, {"isolate", "0\n"}, {"isolate_strategy", "0\n"},
	};
	for (unsigned int i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		snprintf(path, sizeof(path), "attrs/%s", both[i].name);
		if (strcmp(attr(both[i].name), both[i].value) || strcmp(attr(path), both[i].value))
			FAIL("%s is %s", both[i].name, attr(both[i].name));
	}
	snprintf(text, sizeof(text), "%d\n", dev.id);
	CHECK(!strcmp(attr("attrs/id"), text));
	CHECK(!strcmp(attr("abi"), "1\n"));
	CHECK(!strcmp(attr("device/numa_node"), "0\n"));
	CHECK(strstr(attr("uevent"), "DEVNAME=echo-"));
	/* No DKO on this device: no size, and no offset. */
	CHECK(!strcmp(attr("region_dko_size"), ""));
	CHECK(!strcmp(attr("attrs/qfrs_offset"),
		"1099511627776\t-1\t2199023255552\t3298534883328\n"));
}

/* Nobody who scans the class may see a device twice. */
static void
class_has_it_once(void)
{
	DIR *d = opendir("/sys/class/uacce");
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	CHECK_EQ(n, 1);
}

static void
numbers(void)
{
	CHECK_EQ(UACCE_CMD_START_Q, 0x5700);
	CHECK_EQ(UACCE_CMD_PUT_Q, 0x5701);
	CHECK_EQ(UACCE_CMD_SHARE_SVAS, 0x5702);
	CHECK_EQ(UACCE_CMD_GET_SS_DMA, 0x80085703);
	CHECK_EQ(sizeof(struct uacce_info), 96);
	CHECK_EQ(sizeof(struct vuacce_event), 128);
	CHECK_EQ(sizeof(struct vuacce_reply), 112);
}

static void
isolation(void)
{
	struct echo_client c;
	char path[128];
	int fd;

	CHECK_EQ(echo_open(&c, dev.node), 0);
	snprintf(path, sizeof(path), "%s/isolate_strategy", dev.sysfs);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	CHECK_ERRNO(write(fd, "65536", 5), EINVAL);
	CHECK_ERRNO(write(fd, "many", 4), EINVAL);
	/* 0 = never */
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 0);
	CHECK_EQ(write(fd, "3", 1), 1);
	CHECK(!strcmp(attr("isolate_strategy"), "3\n"));
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 0);
	CHECK(!strcmp(attr("isolate"), "0\n"));
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_REPORT_ERROR), 1);
	CHECK(!strcmp(attr("isolate"), "1\n"));
	CHECK_ERRNO(write(fd, "10", 2), EPERM);
	close(fd);
	echo_close(&c);
}

static void
instances(void)
{
	int fd[17], n = 0;

	while (n < 17 && (fd[n] = open(dev.node, O_RDWR)) >= 0)
		n++;
	CHECK_EQ(n, 16);
	CHECK_EQ(errno, EBUSY);
	CHECK(!strcmp(attr("available_instances"), "0\n"));
	while (n)
		close(fd[--n]);
	CHECK(!strcmp(attr("available_instances"), "16\n"));
}

static void
info(void)
{
	struct {
		struct uacce_info info;
		uint32_t after;
	} big = {.info = {.size = sizeof(big)}, .after = 0x55};
	struct uacce_info small = {.size = 95};
	int fd = open(dev.node, O_RDWR);

	CHECK_EQ(ioctl(fd, UACCE_CMD_INFO, &big), 0);
	CHECK_EQ(big.info.size, 96);
	CHECK_EQ(big.info.abi, UACCE_ABI);
	CHECK_EQ(big.info.flags, UACCE_DEV_IOMMU | UACCE_DEV_PASID);
	CHECK_EQ(big.info.memory, UACCE_MEMORY_IOMMU);
	CHECK_EQ(big.info.state, UACCE_STATE_INIT);
	CHECK_EQ(big.info.node, 0);
	CHECK_EQ(big.info.region_size[UACCE_QFRT_DUS], ECHO_DUS_SIZE);
	CHECK_EQ(big.info.region_size[UACCE_QFRT_DKO], 0);
	CHECK_EQ(big.info.region_offset[UACCE_QFRT_DUS], 2UL << 40);
	CHECK_EQ(big.info.ss_page, MB2);
	CHECK_EQ(big.after, 0x55);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_INFO, &small), EINVAL);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_INFO, 8), EFAULT);
	CHECK_ERRNO(ioctl(fd, _IO('W', 0x59)), EINVAL);
	close(fd);
}

#define MAP(len, flags, off) mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, (off_t)(off))
#define CHECK_NO_MAP(len, flags, off, err)                                                         \
	CHECK(MAP(len, flags, off) == MAP_FAILED && errno == (err))

static void
regions(void)
{
	int fd = open(dev.node, O_RDWR);
	uint8_t *dus, *other;

	/* sizes: DUS exactly, MMIO up to */
	CHECK_NO_MAP(ECHO_DUS_SIZE - 4096, MAP_SHARED, 4096, EINVAL);
	CHECK_NO_MAP(ECHO_DUS_SIZE + 4096, MAP_SHARED, 4096, EINVAL);
	CHECK_NO_MAP(ECHO_MMIO_SIZE + 4096, MAP_SHARED, 0, EINVAL);
	/* no such region; one that this device has not */
	CHECK_NO_MAP(4096, MAP_SHARED, 4 * 4096, EINVAL);
	CHECK_NO_MAP(ECHO_DKO_SIZE, MAP_SHARED, 3 * 4096, EINVAL);
	CHECK_NO_MAP(ECHO_DUS_SIZE, MAP_PRIVATE, 4096, EINVAL);
	CHECK(mmap(NULL, ECHO_DUS_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 4096) == MAP_FAILED);

	dus = MAP(ECHO_DUS_SIZE, MAP_SHARED, 4096);
	CHECK(dus != MAP_FAILED);
	for (int i = 0; i < ECHO_DUS_SIZE; i++)
		CHECK_EQ(dus[i], 0);
	CHECK_NO_MAP(ECHO_DUS_SIZE, MAP_SHARED, 4096, EEXIST);
	CHECK_NO_MAP(ECHO_DUS_SIZE, MAP_SHARED, 2UL << 40, EEXIST);
	CHECK_ERRNO(mprotect(dus, 4096, PROT_READ | PROT_EXEC), EACCES);
	dus[100] = 77;
	/* A client protects part of it: the VMA splits, and both parts are one mapping. */
	CHECK(!mprotect(dus + 8192, 8192, PROT_READ));
	CHECK_EQ(dus[100], 77);
	CHECK(!munmap(dus, 8192));
	CHECK_NO_MAP(ECHO_DUS_SIZE, MAP_SHARED, 4096, EEXIST);
	CHECK(!munmap(dus + 8192, 8192));
	/* the specification's table of offsets names the same region */
	other = MAP(ECHO_DUS_SIZE, MAP_SHARED, 2UL << 40);
	CHECK(other != MAP_FAILED);
	CHECK_EQ(other[100], 77);
	/* neither grown nor moved */
	CHECK_ERRNO((long)mremap(other, ECHO_DUS_SIZE, 2 * ECHO_DUS_SIZE, MREMAP_MAYMOVE), EFAULT);
	CHECK_ERRNO((long)mremap(other, ECHO_DUS_SIZE, ECHO_DUS_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    other + (1 << 30)), EPERM);
	CHECK_EQ(other[100], 77);
	close(fd);
	/* the mapping holds the queue */
	other[101] = 78;
	CHECK_EQ(other[101], 78);
	munmap(other, ECHO_DUS_SIZE);
}

static void
states(void)
{
	struct echo_client c;
	struct uacce_info i = {.size = sizeof(i)};

	CHECK_EQ(echo_open(&c, dev.node), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_PUT_Q), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_START_Q), 0);
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_START_Q), EINVAL);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_INFO, &i), 0);
	CHECK_EQ(i.state, UACCE_STATE_STARTED);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_PUT_Q), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 1);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_PUT_Q), 0);
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_STOPS), 1);
	/* and again */
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_START_Q), 0);
	echo_close(&c);
}

static int
polled(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

static void
poll_states(void)
{
	struct epoll_event e = {.events = EPOLLIN};
	struct echo_client c;
	int ep = epoll_create1(0);

	CHECK_EQ(echo_open(&c, dev.node), 0);
	uint8_t *ss = echo_map(c.fd, UACCE_QFRT_SS, MB2);
	CHECK(ss != MAP_FAILED);
	/* not started: nothing, even if the server wakes */
	CHECK_EQ(ioctl(c.fd, ECHO_CMD, ECHO_WAKE), 0);
	CHECK_EQ(polled(c.fd, 50), 0);
	CHECK_EQ(echo_start(&c), 0);
	CHECK_EQ(polled(c.fd, 0), POLLIN);
	/* told once: as the completion cursor of hardware */
	CHECK_EQ(polled(c.fd, 0), 0);
	echo_submit(&c, (uintptr_t)ss, (uintptr_t)ss + 4096, 64, ECHO_F_WAKE);
	CHECK_EQ(polled(c.fd, 5000), POLLIN);
	CHECK_EQ(echo_wait(&c, 0), 0);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, c.fd, &e));
	echo_submit(&c, (uintptr_t)ss, (uintptr_t)ss + 4096, 64, ECHO_F_WAKE);
	CHECK_EQ(epoll_wait(ep, &e, 1, 5000), 1);
	CHECK_EQ(e.events, EPOLLIN);
	CHECK_EQ(echo_wait(&c, 0), 0);
	CHECK_EQ(epoll_wait(ep, &e, 1, 20), 0);
	close(ep);
	munmap(ss, MB2);
	echo_close(&c);
}

/* Both nodes are the same device. */
static void
alias_works(void)
{
	struct echo_client c;
	char path[64];

	snprintf(path, sizeof(path), "/dev/ua%d", dev.id);
	CHECK_EQ(echo_open(&c, path), 0);
	CHECK(!strcmp(attr("available_instances"), "15\n"));
	echo_close(&c);
}

int
main(void)
{
	echo_spawn(&dev, &(struct echo_opts){.flags = UACCE_DEV_IOMMU | UACCE_DEV_PASID});
	CASE(numbers);
	CASE(names_and_attributes);
	CASE(class_has_it_once);
	CASE(alias_works);
	CASE(instances);
	CASE(info);
	CASE(regions);
	CASE(states);
	CASE(poll_states);
	CASE(isolation);
	echo_kill(&dev);
	CHECK(access(dev.node, F_OK) && access(dev.sysfs, F_OK));
	return 0;
}
