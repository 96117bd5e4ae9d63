/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths. Those under /sys/class/uacce (and the devices behind its links) and the nodes of the
 * emulated devices are looked up in the tree instead.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "preload.h"

static const char *const sys_prefixes[] = { "/sys/class/uacce", "/sys/devices/uacce-emu" };

/* What follows prefix in path ("" or "/..."), or NULL. Repeated slashes count as one. */
static const char *
match(const char *path, const char *prefix)
{
	for (; *prefix != '\0'; prefix++) {
		if (*path++ != *prefix)
			return NULL;
		while (*prefix == '/' && *path == '/')
			path++;
	}
	return *path == '\0' || *path == '/' ? path : NULL;
}

struct pl_dev *
pl_node_of(const char *path)
{
	const char *name;

	if (path == NULL || pl_inside != 0)
		return NULL;
	pl_init();
	if (pl_root[0] == '\0')
		return NULL;
	name = match(path, "/dev");
	if (name == NULL || *name == '\0')
		return NULL;
	name += strspn(name, "/");
	return pl_dev_find(name, strlen(name));
}

const char *
pl_redirect(const char *path, char buf[PATH_MAX])
{
	const struct pl_dev *dev;
	const char *rest = NULL;
	size_t i;
	int n;

	if (path == NULL || *path != '/' || pl_inside != 0)
		return path;
	pl_init();
	if (pl_root[0] == '\0')
		return path;
	for (i = 0; i < sizeof(sys_prefixes) / sizeof(sys_prefixes[0]) && rest == NULL; i++)
		rest = match(path, sys_prefixes[i]);
	if (rest != NULL) {
		n = snprintf(buf, PATH_MAX, "%s%s%s", pl_root, sys_prefixes[i - 1], rest);
	} else {
		dev = pl_node_of(path);
		if (dev == NULL)
			return path;
		n = snprintf(buf, PATH_MAX, "%s/dev/%s", pl_root, dev->name);
	}
	if (n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return buf;
}

/* ------------------------------------------------------------------ open */

/*
 * Attributes that change: a file of their own with what holds now. Until a queue was opened in
 * this process what the tree has is true.
 */
static int
open_live_attr(const char *real, int flags)
{
	const char *dir = strstr(real, "/hisi_"), *slash = strrchr(real, '/');
	struct wd_dev_info info;
	struct pl_dev *dev;
	char text[32];
	int fd, n;

	if ((flags & O_ACCMODE) != O_RDONLY || (strcmp(slash, "/available_instances") != 0 &&
			strcmp(slash, "/isolate") != 0))
		return -1;
	while (dir != NULL && strchr(dir + 1, '/') != slash)
		dir = strstr(dir + 1, "/hisi_");
	dev = dir == NULL ? NULL : pl_dev_find(dir + 1, (size_t)(slash - dir - 1));
	if (dev == NULL || pl_dev_info(dev, &info) != 0)
		return -1;
	n = snprintf(text, sizeof(text), "%u\n", slash[1] == 'a' ? info.available : info.isolated);
	fd = memfd_create("uacce-attribute", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (fd < 0)
		return -1;
	if (write(fd, text, (size_t)n) != n || lseek(fd, 0, SEEK_SET) != 0) {
		PL_REAL(close)(fd);
		return -1;
	}
	return fd;
}

/* A descriptor, or -1 with errno; -2: not our concern, *path may have changed. */
static int
try_open(const char **path, int flags, char buf[PATH_MAX])
{
	struct pl_dev *dev = pl_node_of(*path);
	const char *real;
	int fd;

	if (dev != NULL)
		return pl_open_node(dev, flags);
	real = pl_redirect(*path, buf);
	if (real == NULL)
		return -1;
	if (real == *path)
		return -2;
	*path = real;
	fd = open_live_attr(real, flags);
	return fd >= 0 ? fd : -2;
}

#define NEEDS_MODE(flags) ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE)

#define OPEN_BODY(real_call) do {                       \
	char buf[PATH_MAX];                             \
	mode_t mode = 0;                                \
	va_list ap;                                     \
	int fd;                                         \
							\
	if (NEEDS_MODE(flags)) {                        \
		va_start(ap, flags);                    \
		mode = va_arg(ap, mode_t);              \
		va_end(ap);                             \
	}                                               \
	fd = try_open(&path, flags, buf);               \
	return fd != -2 ? fd : (real_call);             \
} while (0)

PL_EXPORT int
open(const char *path, int flags, ...)
{
	OPEN_BODY(PL_REAL(open)(path, flags, mode));
}

PL_EXPORT int
open64(const char *path, int flags, ...)
{
	OPEN_BODY(PL_REAL(open64)(path, flags, mode));
}

/* A relative path starts in a directory that has been opened, which is the tree's already. */
PL_EXPORT int
openat(int dir, const char *path, int flags, ...)
{
	OPEN_BODY(PL_REAL(openat)(dir, path, flags, mode));
}

PL_EXPORT int
openat64(int dir, const char *path, int flags, ...)
{
	OPEN_BODY(PL_REAL(openat64)(dir, path, flags, mode));
}

/* What programs built with _FORTIFY_SOURCE call; never with O_CREAT. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

PL_EXPORT int
__open_2(const char *path, int flags)
{
	return open(path, flags);
}

PL_EXPORT int
__open64_2(const char *path, int flags)
{
	return open64(path, flags);
}

PL_EXPORT int
__openat_2(int dir, const char *path, int flags)
{
	return openat(dir, path, flags);
}

PL_EXPORT int
__openat64_2(int dir, const char *path, int flags)
{
	return openat64(dir, path, flags);
}

static int
fopen_flags(const char *mode)
{
	int flags = strchr(mode, '+') != NULL ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;

	return flags | (strchr(mode, 'e') != NULL ? O_CLOEXEC : 0);
}

#define FOPEN_BODY(fn) do {                                             \
	char buf[PATH_MAX];                                             \
	int fd = try_open(&path, fopen_flags(mode), buf);               \
									\
	if (fd == -2)                                                   \
		return PL_REAL(fn)(path, mode);                         \
	return fd < 0 ? NULL : fdopen(fd, mode);                        \
} while (0)

PL_EXPORT FILE *
fopen(const char *path, const char *mode)
{
	FOPEN_BODY(fopen);
}

PL_EXPORT FILE *
fopen64(const char *path, const char *mode)
{
	FOPEN_BODY(fopen64);
}

/* ------------------------------------------------------------------ stat and friends */

#define NODE_MAJOR      511             /* of a range that the kernel gives out dynamically */

#define PATH_BODY(fail, call) do {                      \
	char buf[PATH_MAX];                             \
	const char *real = pl_redirect(path, buf);      \
							\
	return real == NULL ? (fail) : (call);          \
} while (0)

#define STAT_BODY(call) do {                                            \
	const struct pl_dev *dev = pl_node_of(path);                    \
	char buf[PATH_MAX];                                             \
	const char *real = pl_redirect(path, buf);                      \
	int ret = real == NULL ? -1 : (call);                           \
									\
	if (ret == 0 && dev != NULL) {                                  \
		st->st_mode = S_IFCHR | 0600;                           \
		st->st_rdev = makedev(NODE_MAJOR, (unsigned int)st->st_ino & 0xff); \
		st->st_size = 0;                                        \
	}                                                               \
	return ret;                                                     \
} while (0)

PL_EXPORT int
stat(const char *path, struct stat *st)
{
	STAT_BODY(PL_REAL(stat)(real, st));
}

PL_EXPORT int
stat64(const char *path, struct stat64 *st)
{
	STAT_BODY(PL_REAL(stat64)(real, st));
}

PL_EXPORT int
lstat(const char *path, struct stat *st)
{
	STAT_BODY(PL_REAL(lstat)(real, st));
}

PL_EXPORT int
lstat64(const char *path, struct stat64 *st)
{
	STAT_BODY(PL_REAL(lstat64)(real, st));
}

PL_EXPORT int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
	STAT_BODY(PL_REAL(fstatat)(dir, real, st, flags));
}

PL_EXPORT int
fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	STAT_BODY(PL_REAL(fstatat64)(dir, real, st, flags));
}

/* What programs built against a C library before 2.33 call. */
int __xstat(int version, const char *path, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat64(int version, const char *path, struct stat64 *st);

PL_EXPORT int
__xstat(int version, const char *path, struct stat *st)
{
	return stat(path, st);
}

PL_EXPORT int
__xstat64(int version, const char *path, struct stat64 *st)
{
	return stat64(path, st);
}

PL_EXPORT int
__lxstat(int version, const char *path, struct stat *st)
{
	return lstat(path, st);
}

PL_EXPORT int
__lxstat64(int version, const char *path, struct stat64 *st)
{
	return lstat64(path, st);
}

PL_EXPORT int
statx(int dir, const char *path, int flags, unsigned int mask, struct statx *st)
{
	const struct pl_dev *dev = pl_node_of(path);
	char buf[PATH_MAX];
	const char *real = pl_redirect(path, buf);
	int ret = real == NULL ? -1 : PL_REAL(statx)(dir, real, flags, mask, st);

	if (ret == 0 && dev != NULL) {
		st->stx_mode = S_IFCHR | 0600;
		st->stx_rdev_major = NODE_MAJOR;
		st->stx_rdev_minor = (uint32_t)st->stx_ino & 0xff;
		st->stx_size = 0;
	}
	return ret;
}

PL_EXPORT int
access(const char *path, int how)
{
	PATH_BODY(-1, PL_REAL(access)(real, how));
}

PL_EXPORT int
eaccess(const char *path, int how)
{
	PATH_BODY(-1, PL_REAL(eaccess)(real, how));
}

PL_EXPORT int
euidaccess(const char *path, int how)
{
	PATH_BODY(-1, PL_REAL(euidaccess)(real, how));
}

PL_EXPORT int
faccessat(int dir, const char *path, int how, int flags)
{
	PATH_BODY(-1, PL_REAL(faccessat)(dir, real, how, flags));
}

PL_EXPORT ssize_t
readlink(const char *path, char *out, size_t size)
{
	PATH_BODY(-1, PL_REAL(readlink)(real, out, size));
}

PL_EXPORT ssize_t
readlinkat(int dir, const char *path, char *out, size_t size)
{
	PATH_BODY(-1, PL_REAL(readlinkat)(dir, real, out, size));
}

/* ls -l looks for access lists. */
PL_EXPORT ssize_t
getxattr(const char *path, const char *name, void *value, size_t size)
{
	PATH_BODY(-1, PL_REAL(getxattr)(real, name, value, size));
}

PL_EXPORT ssize_t
lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	PATH_BODY(-1, PL_REAL(lgetxattr)(real, name, value, size));
}

PL_EXPORT DIR *
opendir(const char *path)
{
	PATH_BODY(NULL, PL_REAL(opendir)(real));
}

PL_EXPORT int
scandir(const char *path, struct dirent ***list, int (*filter)(const struct dirent *),
	int (*order)(const struct dirent **, const struct dirent **))
{
	PATH_BODY(-1, PL_REAL(scandir)(real, list, filter, order));
}

PL_EXPORT int
scandir64(const char *path, struct dirent64 ***list, int (*filter)(const struct dirent64 *),
	  int (*order)(const struct dirent64 **, const struct dirent64 **))
{
	PATH_BODY(-1, PL_REAL(scandir64)(real, list, filter, order));
}

PL_EXPORT int
chdir(const char *path)
{
	PATH_BODY(-1, PL_REAL(chdir)(real));
}

/* ------------------------------------------------------------------ realpath */

PL_EXPORT char *
realpath(const char *path, char *out)
{
	char buf[PATH_MAX], *res;
	const char *real = pl_redirect(path, buf);

	if (real == NULL)
		return NULL;
	res = PL_REAL(realpath)(real, out);
	if (real == path || res == NULL)
		return res;
	/* The tree is invisible: its name in front goes away. */
	if (strncmp(res, pl_root, pl_root_len) == 0 && res[pl_root_len] == '/')
		memmove(res, res + pl_root_len, strlen(res + pl_root_len) + 1);
	return res;
}

char *__realpath_chk(const char *path, char *out, size_t size);
PL_EXPORT char *
__realpath_chk(const char *path, char *out, size_t size)
{
	if (size < PATH_MAX)
		abort();
	return realpath(path, out);
}

PL_EXPORT char *
canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}
