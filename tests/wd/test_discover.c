/* SPDX-License-Identifier: BSD-3-Clause */
/* Discovery on a made-up sysfs tree. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake.h"

static char root[] = "/tmp/wd-sysfs-XXXXXX";

static void
attr(const char *dev, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", root, dev, name);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void
folder(const char *dev)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, dev);
	CHECK_EQ(mkdir(path, 0700), 0);
}

static void
device(const char *name, const char *api, const char *flags, const char *algorithms,
	const char *available)
{
	folder(name);
	attr(name, "api", api);
	attr(name, "flags", flags);
	attr(name, "algorithms", algorithms);
	attr(name, "available_instances", available);
	attr(name, "region_mmio_size", "8192\n");
	attr(name, "region_dus_size", "151552\n");
}

static int
remove_entry(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	return remove(path);
}

static void
test_read(void)
{
	struct wd_dev_info info;
	char node[64], err[128];

	/* Mainline: decimal flags, isolate, NUMA node of the parent. */
	device("hisi_sec2-0", "hisi_qm_v3\n", "1\n", "cipher\ndigest\naead\n\n", "250\n");
	attr("hisi_sec2-0", "isolate", "0\n");
	attr("hisi_sec2-0", "uevent", "MAJOR=240\nMINOR=0\nDEVNAME=hisi_sec2-0\n");
	folder("hisi_sec2-0/device");
	attr("hisi_sec2-0", "device/numa_node", "3\n");
	CHECK_EQ(wd_sysfs_read("hisi_sec2-0", &info, node, sizeof(node), err, sizeof(err)), 0);
	CHECK(strcmp(info.name, "hisi_sec2-0") == 0 && strcmp(info.api, "hisi_qm_v3") == 0);
	CHECK_EQ(info.flags, WD_DEV_SVA);
	CHECK_EQ(info.numa_node, 3);
	CHECK_EQ(info.available, 250);
	CHECK_EQ(info.isolated, 0);
	CHECK_EQ(info.region_size[WD_REGION_DUS], 151552);
	CHECK_EQ(info.region_size[WD_REGION_SS], 0);
	CHECK(strcmp(node, "/dev/hisi_sec2-0") == 0);
	CHECK(wd_has_algorithm(&info, "digest"));
	CHECK(!wd_has_algorithm(&info, "cip") && !wd_has_algorithm(&info, ""));

	/* openEuler without IOMMU; this project's node name differs from the class name. */
	device("hisi_zip-0", "hisi_qm_v2_noiommu\n", "2\n", "zlib\ngzip\n", "0\n");
	attr("hisi_zip-0", "node_id", "1\n");
	attr("hisi_zip-0", "uevent", "MAJOR=240\nMINOR=1\nDEVNAME=ua7\n");
	folder("hisi_zip-0/attrs");
	attr("hisi_zip-0", "abi", "1\n");
	CHECK_EQ(wd_sysfs_read("hisi_zip-0", &info, node, sizeof(node), err, sizeof(err)), 0);
	CHECK_EQ(info.flags, WD_DEV_NOIOMMU);
	CHECK_EQ(info.numa_node, 1);
	CHECK(strcmp(node, "/dev/ua7") == 0);

	/* 4.19: everything under attrs/, other ioctl numbers. */
	folder("old-0");
	folder("old-0/attrs");
	attr("old-0", "attrs/api", "hisi_qm_v1\n");
	CHECK_EQ(wd_sysfs_read("old-0", &info, NULL, 0, err, sizeof(err)), -ENOTSUP);
	CHECK(strstr(err, "4.19") != NULL);

	device("broken-0", "hisi_qm_v3\n", "one\n", "cipher\n", "1\n");
	CHECK_EQ(wd_sysfs_read("broken-0", &info, NULL, 0, err, sizeof(err)), -EINVAL);
	CHECK_EQ(wd_sysfs_read("none-0", &info, NULL, 0, err, sizeof(err)), -ENODEV);
	CHECK_EQ(wd_sysfs_read("", &info, NULL, 0, err, sizeof(err)), -ENODEV);
	CHECK_EQ(wd_sysfs_read("../x", &info, NULL, 0, err, sizeof(err)), -ENODEV);
}

static void
test_choice(void)
{
	char name[64], err[128];

	/* The only ZIP device has no queue left. */
	CHECK_EQ(wd_discover("zip", NULL, -1, name, sizeof(name), err, sizeof(err)), -ENODEV);
	attr("hisi_zip-0", "available_instances", "9\n");
	CHECK_EQ(wd_discover("zip", NULL, -1, name, sizeof(name), err, sizeof(err)), 0);
	CHECK(strcmp(name, "hisi_zip-0") == 0);
	CHECK_EQ(wd_discover(NULL, "gzip", -1, name, sizeof(name), err, sizeof(err)), 0);
	CHECK_EQ(wd_discover(NULL, "rsa", -1, name, sizeof(name), err, sizeof(err)), -ENODEV);

	/* More free queues win at the same distance; isolated and unknown devices never. */
	device("hisi_sec2-1", "hisi_qm_v3\n", "1\n", "cipher\n", "251\n");
	attr("hisi_sec2-1", "node_id", "3\n");
	device("hisi_sec2-2", "hisi_qm_v3\n", "1\n", "cipher\n", "1000\n");
	attr("hisi_sec2-2", "isolate", "1\n");
	device("other-0", "vendor_x\n", "1\n", "cipher\n", "1000\n");
	device("hisi_sec2-4", "hisi_qm_v1\n", "1\n", "cipher\n", "1000\n");
	CHECK_EQ(wd_discover("sec2", NULL, 3, name, sizeof(name), err, sizeof(err)), 0);
	CHECK(strcmp(name, "hisi_sec2-1") == 0);
	CHECK_EQ(wd_discover(NULL, "aead", 3, name, sizeof(name), err, sizeof(err)), 0);
	CHECK(strcmp(name, "hisi_sec2-0") == 0);
}

static void
test_open(void)
{
	struct wd_dev_info infos[2];
	struct wd_device *dev;
	struct wd_queue q = {.alg = "cipher", .numa_node = -1};
	char err[128];

	CHECK_EQ(wd_device_list(infos, 2), 6);
	CHECK_EQ(wd_device_open("hisi_sec2-0", "rsa", NULL, -1, &dev, err, sizeof(err)), -EINVAL);
	CHECK_EQ(wd_device_open("nothing", "sec2", NULL, -1, &dev, err, sizeof(err)), -ENODEV);
	CHECK(strstr(err, "nothing") != NULL);
	CHECK_EQ(wd_device_open("hisi_sec2-2", "sec2", NULL, -1, &dev, err, sizeof(err)),
		-ENODEV);
	CHECK_EQ(wd_device_open("hisi_sec2-0", "sec2", "a=b", -1, &dev, err, sizeof(err)),
		-EINVAL);
	/* There is an entry in sysfs, but no node, or something else. */
	wd_dev_root = "/nonexistent";
	CHECK_EQ(wd_device_open(NULL, "sec2", NULL, -1, &dev, err, sizeof(err)), -ENOENT);
	CHECK_EQ(wd_request_queue(&q), -ENOENT);
	wd_dev_root = root;
	CHECK_EQ(wd_device_open(NULL, "sec2", NULL, -1, &dev, err, sizeof(err)), -ENODEV);
	/* A node that is no uacce device fails at the queue, cleanly. */
	wd_dev_root = "/dev";
	attr("hisi_sec2-0", "uevent", "DEVNAME=null\n");
	CHECK_EQ(wd_device_open("hisi_sec2-0", "sec2", NULL, -1, &dev, err, sizeof(err)), 0);
	q = (struct wd_queue){.dev = dev, .numa_node = -1};
	CHECK_EQ(wd_request_queue(&q), -ENOTTY);
	CHECK_EQ(wd_device_close(dev), 0);
	wd_sysfs_root = "/nonexistent";
	CHECK_EQ(wd_device_list(infos, 2), 0);
	CHECK_EQ(wd_device_open("auto", "zip", NULL, -1, &dev, err, sizeof(err)), -ENODEV);
}

int
main(void)
{
	CHECK(mkdtemp(root) != NULL);
	wd_sysfs_root = root;
	test_read();
	test_choice();
	test_open();
	nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
