/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Discovery: the uacce class in sysfs, as mainline, openEuler and this project's kernel show it.
 * All keep the attributes in the device's folder; 4.19 kernels kept them under attrs/ and gave
 * the ioctl numbers other meanings, so such devices are refused.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <numa.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wd_private.h"

const char *wd_sysfs_root = "/sys/class/uacce";
const char *wd_dev_root = "/dev";

/* Whole attribute, at most size - 1 bytes; length or negative errno. */
static ssize_t
read_attr(const char *name, const char *attr, char *buf, size_t size)
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", wd_sysfs_root, name, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	else
		buf[n] = '\0';
	close(fd);
	return n;
}

static int
read_line(const char *name, const char *attr, char *buf, size_t size)
{
	ssize_t n = read_attr(name, attr, buf, size);

	if (n < 0)
		return n;
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int
read_number(const char *name, const char *attr, long long *value)
{
	char buf[64], *end;
	int ret;

	ret = read_line(name, attr, buf, sizeof(buf));
	if (ret < 0)
		return ret;
	errno = 0;
	*value = strtoll(buf, &end, 0);
	if (end == buf || *end != '\0' || errno != 0)
		return -EINVAL;
	return 0;
}

static bool
has_entry(const char *name, const char *entry)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", wd_sysfs_root, name, entry);
	return access(path, F_OK) == 0;
}

/* The node under /dev: DEVNAME of uevent; the class name where a kernel does not tell. */
static void
read_node(const char *name, char *node, size_t size)
{
	char buf[1024];
	const char *line;

	if (read_attr(name, "uevent", buf, sizeof(buf)) > 0) {
		line = strstr(buf, "DEVNAME=");
		if (line != NULL) {
			line += strlen("DEVNAME=");
			snprintf(node, size, "%s/%.*s", wd_dev_root, (int)strcspn(line, "\n"),
				line);
			return;
		}
	}
	snprintf(node, size, "%s/%s", wd_dev_root, name);
}

static void
read_regions(const char *name, struct wd_dev_info *info)
{
	static const char *const attrs[WD_REGION_MAX] = {
		"region_mmio_size", "region_dus_size", "region_ss_size", "region_dko_size"};
	long long v;

	for (int i = 0; i < WD_REGION_MAX; i++)
		if (read_number(name, attrs[i], &v) == 0 && v > 0)
			info->region_size[i] = v;
}

/* Optional attributes: their absence says "unknown", "not isolated". */
static void
read_optional(const char *name, struct wd_dev_info *info)
{
	long long v;

	info->numa_node = -1;
	if (read_number(name, "device/numa_node", &v) == 0 ||
		read_number(name, "node_id", &v) == 0)
		info->numa_node = v;
	if (read_number(name, "available_instances", &v) == 0 && v > 0)
		info->available = v;
	if (read_number(name, "isolate", &v) == 0)
		info->isolated = v != 0;
}

int
wd_sysfs_read(const char *name, struct wd_dev_info *info, char *node, size_t node_size,
	char *err, size_t err_size)
{
	long long flags;
	int ret;

	memset(info, 0, sizeof(*info));
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
		strlen(name) >= sizeof(info->name) || !has_entry(name, "")) {
		wd_error(err, err_size, "no device \"%s\" under %s", name, wd_sysfs_root);
		return -ENODEV;
	}
	strcpy(info->name, name);
	if (has_entry(name, "attrs") && !has_entry(name, "abi") && !has_entry(name, "api")) {
		wd_error(err, err_size, "%s: uacce of a 4.19 kernel is not supported", name);
		return -ENOTSUP;
	}
	ret = read_line(name, "api", info->api, sizeof(info->api));
	if (ret == 0)
		ret = read_number(name, "flags", &flags);
	if (ret == 0)
		ret = read_attr(name, "algorithms", info->algorithms, sizeof(info->algorithms));
	if (ret < 0) {
		wd_error(err, err_size, "%s: incomplete attributes: %s", name, strerror(-ret));
		return ret;
	}
	info->flags = flags;
	read_regions(name, info);
	read_optional(name, info);
	if (node != NULL)
		read_node(name, node, node_size);
	return 0;
}

static int
distance(int from, int to)
{
	int d;

	if (from < 0 || to < 0 || numa_available() < 0)
		return 0;
	d = numa_distance(from, to);
	return d > 0 ? d : 0;
}

static int
caller_node(void)
{
	int cpu = sched_getcpu();

	if (cpu < 0 || numa_available() < 0)
		return -1;
	return numa_node_of_cpu(cpu);
}

static bool
wanted(const struct wd_dev_info *info, const char *kind, const char *alg)
{
	if (info->isolated || info->available == 0)
		return false;
	if (alg != NULL && !wd_has_algorithm(info, alg))
		return false;
	return wd_driver_find(info, kind) != NULL;
}

/* Nearer first, then the one with more free queues. */
static bool
better(const struct wd_dev_info *a, const struct wd_dev_info *b, int node)
{
	int da = distance(node, a->numa_node), db = distance(node, b->numa_node);

	return da != db ? da < db : a->available > b->available;
}

int
wd_discover(const char *kind, const char *alg, int numa_node, char *name, size_t name_size,
	char *err, size_t err_size)
{
	struct wd_dev_info best, info;
	struct dirent *e;
	bool found = false;
	DIR *dir;

	if (numa_node < 0)
		numa_node = caller_node();
	dir = opendir(wd_sysfs_root);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' ||
			wd_sysfs_read(e->d_name, &info, NULL, 0, NULL, 0) < 0 ||
			!wanted(&info, kind, alg))
			continue;
		if (!found || better(&info, &best, numa_node))
			best = info;
		found = true;
	}
	if (dir != NULL)
		closedir(dir);
	if (!found) {
		wd_error(err, err_size, "no usable device for \"%s\" under %s",
			alg != NULL ? alg : kind, wd_sysfs_root);
		return -ENODEV;
	}
	snprintf(name, name_size, "%s", best.name);
	return 0;
}

int
wd_device_list(struct wd_dev_info *infos, int n)
{
	struct wd_dev_info info;
	struct dirent *e;
	int count = 0;
	DIR *dir;

	dir = opendir(wd_sysfs_root);
	if (dir == NULL)
		return 0;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' ||
			wd_sysfs_read(e->d_name, &info, NULL, 0, NULL, 0) < 0)
			continue;
		if (count < n)
			infos[count] = info;
		count++;
	}
	closedir(dir);
	return count;
}
