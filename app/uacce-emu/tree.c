/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The files that a client of the preload library sees, laid out as sysfs and /dev are (A5):
 *
 *	devices                                      name, kind and options, for the library
 *	lock                                         locked while the maker lives
 *	dev/<name>                                   stands for the node
 *	sys/class/uacce/<name>                       link into:
 *	sys/devices/uacce-emu/<n>/uacce/<name>/      attributes
 *	sys/devices/uacce-emu/<n>/numa_node
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"

#define TREE_PREFIX     "uacce-emu-run."
#define TREE_MAJOR      511

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void
tree_remove(const char *root)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What a maker that was killed has left. */
static void
remove_stale(const char *dir)
{
	struct dirent *e;
	char path[4200];
	struct stat st;
	DIR *d;
	int fd;

	d = opendir(dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, TREE_PREFIX, strlen(TREE_PREFIX)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s/lock", dir, e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) {
			*strrchr(path, '/') = '\0';
			tree_remove(path);
		}
		close(fd);
	}
	if (d != NULL)
		closedir(d);
}

/* A file of the tree with that content; 0 or -errno. */
static int put(const char *root, const char *content, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int
put(const char *root, const char *content, const char *fmt, ...)
{
	char path[4200];
	va_list ap;
	size_t n;
	FILE *f;

	n = (size_t)snprintf(path, sizeof(path), "%s/", root);
	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - n, fmt, ap);
	va_end(ap);
	f = fopen(path, "we");
	if (f == NULL)
		return -errno;
	fputs(content, f);
	return fclose(f) == 0 ? 0 : -errno;
}

static int
make_dirs(const char *root, const char *path)
{
	char full[4200];
	size_t from;
	char *p;

	from = (size_t)snprintf(full, sizeof(full), "%s/", root);
	snprintf(full + from, sizeof(full) - from, "%s/", path);
	for (p = full + from; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(full, 0755) != 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return 0;
}

static int
put_attrs(const char *root, const char *dir, const char *name, unsigned int n,
	  const struct wd_dev_info *info)
{
	char text[sizeof(info->algorithms) + 2];
	int ret;

#define ATTR(file, fmt, value) do { \
	snprintf(text, sizeof(text), fmt, value); \
	ret = put(root, text, "%s/" file, dir); \
	if (ret != 0) \
		return ret; \
} while (0)

	ATTR("api", "%s\n", info->api);
	ATTR("flags", "%u\n", info->flags & 0xffff);
	ATTR("available_instances", "%d\n", (int)info->available);
	ATTR("region_mmio_size", "%lu\n", (unsigned long)info->region_size[WD_REGION_MMIO]);
	ATTR("region_dus_size", "%lu\n", (unsigned long)info->region_size[WD_REGION_DUS]);
	ATTR("isolate", "%d\n", 0);
	ATTR("isolate_strategy", "%u\n", 0u);
	ATTR("dev", "511:%u\n", n);
#undef ATTR
	snprintf(text, 192, "MAJOR=%d\nMINOR=%u\nDEVNAME=%s\n", TREE_MAJOR, n, name);
	ret = put(root, text, "%s/uevent", dir);
	/* Each name has its own newline already. */
	snprintf(text, sizeof(text), "%s\n", info->algorithms);
	return ret != 0 ? ret : put(root, text, "%s/algorithms", dir);
}

static int
put_device(const char *root, const struct wd_dev_info *info, unsigned int n, char *name,
	   size_t name_size)
{
	char dir[256], from[4400], to[320], node[16];
	int ret;

	/* Numbers are given across all kinds, as the kernel does. */
	snprintf(name, name_size, "%.*s-%u", (int)strcspn(info->name, "-"), info->name, n);
	snprintf(dir, sizeof(dir), "sys/devices/uacce-emu/%u/uacce/%s", n, name);
	snprintf(node, sizeof(node), "%d\n", info->numa_node);
	ret = make_dirs(root, dir);
	if (ret == 0)
		ret = put_attrs(root, dir, name, n, info);
	if (ret == 0)
		ret = put(root, node, "sys/devices/uacce-emu/%u/numa_node", n);
	if (ret == 0)
		ret = put(root, "", "dev/%s", name);
	if (ret != 0)
		return ret;
	snprintf(from, sizeof(from), "%s/sys/class/uacce/%s", root, name);
	snprintf(to, sizeof(to), "../../devices/uacce-emu/%u/uacce/%s", n, name);
	if (symlink(to, from) != 0)
		return -errno;
	snprintf(from, sizeof(from), "%s/%s/device", root, dir);
	if (symlink("../..", from) != 0)
		return -errno;
	snprintf(from, sizeof(from), "%s/%s/subsystem", root, dir);
	return symlink("../../../../../class/uacce", from) != 0 ? -errno : 0;
}

static int
add_device(const char *root, FILE *devices, struct dev_spec *spec, unsigned int n)
{
	struct wd_dev_info info;
	struct emu_device *dev;
	char err[256], name[64];
	bool in_poller;
	int ret;

	/* The client knows the hardware's one doorbell register. */
	if (!dev_spec_has(spec, "doorbell") &&
			strlen(spec->options) + sizeof(",doorbell=shared") <= sizeof(spec->options))
		strcat(spec->options, spec->options[0] == '\0' ? "doorbell=shared" : ",doorbell=shared");
	if (emu_device_open(spec->kind, spec->options, EMU_OWN_PROCESS, &dev, err, sizeof(err)) != 0)
		return app_error("%s", err);
	in_poller = dev->in_poller;
	emu_device_info(dev, &info);
	emu_device_close(dev);
	if (in_poller)
		return app_error("a device of another program needs a thread: threads=0 will not do");
	ret = put_device(root, &info, n, name, sizeof(name));
	if (ret != 0)
		return app_error("cannot write to %s: %s", root, strerror(-ret));
	fprintf(devices, "%s %s %s\n", name, spec->kind, spec->options);
	return 0;
}

static int
fill(const char *root, const struct dev_list *list)
{
	struct dev_spec spec;
	char path[4200];
	unsigned int i;
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "%s/lock", root);
	/* Stays open, and locked, as long as this process lives. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0 || make_dirs(root, "sys/class/uacce") != 0 ||
			make_dirs(root, "dev") != 0)
		return app_error("cannot write to %s: %s", root, strerror(errno));
	snprintf(path, sizeof(path), "%s/devices", root);
	f = fopen(path, "we");
	if (f == NULL)
		return app_error("cannot write to %s: %s", path, strerror(errno));
	for (i = 0; i < list->nb; i++) {
		spec = list->spec[i];
		if (add_device(root, f, &spec, i) != 0) {
			fclose(f);
			return 1;
		}
	}
	if (fclose(f) != 0)
		return app_error("cannot write to %s: %s", path, strerror(errno));
	return 0;
}

int
tree_make(char *root, size_t root_size, const struct dev_list *list)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (dir == NULL || access(dir, W_OK) != 0)
		dir = "/tmp";
	remove_stale(dir);
	snprintf(root, root_size, "%s/" TREE_PREFIX "XXXXXX", dir);
	if (mkdtemp(root) == NULL)
		return app_error("cannot make a folder in %s: %s", dir, strerror(errno));
	if (fill(root, list) == 0)
		return 0;
	tree_remove(root);
	return 1;
}
