/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files. Output has no name while it is written (O_TMPFILE), where the file system can do that;
 * otherwise it has a temporary one that an interruption removes. A file of the final name is
 * always whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

static char temp_path[PATH_MAX];        /* "" = none; what an interruption removes */
static volatile int temp_active;

void
file_interrupted(void)
{
	if (temp_active)
		unlink(temp_path);
}

ssize_t
read_full(int fd, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += n;
	}
	return done;
}

int
write_full(int fd, const void *buf, size_t len)
{
	size_t done = 0;

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, (const char *)buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += n;
	}
	return 0;
}

static int
run_job(struct job *j)
{
	int ret;

	job_begin(j);
	ret = opt.decompress ? decompress_stream(j) : compress_stream(j);
	if (ret != EXIT_ERROR)
		job_end(j);
	return ret;
}

int
process_stdin(void)
{
	struct job j = {.name = "stdin", .in = STDIN_FILENO, .out = opt.test ? -1 : STDOUT_FILENO};

	if (!opt.force && !opt.decompress && isatty(STDOUT_FILENO))
		return fail("compressed data is not written to a terminal (-f does it)");
	if (!opt.force && opt.decompress && isatty(STDIN_FILENO))
		return fail("compressed data is not read from a terminal (-f does it)");
	return run_job(&j);
}

static bool
has_suffix(const char *name, const char *suffix, size_t *stem)
{
	size_t len = strlen(name), n = strlen(suffix);

	if (len <= n || strcasecmp(name + len - n, suffix) != 0 || name[len - n - 1] == '/')
		return false;
	*stem = len - n;
	return true;
}

/* Name of the output; EXIT_WARN: the file is none for us. */
static int
output_name(const char *path, char *out, size_t size)
{
	static const struct { const char *suffix, *instead; } known[] = {
		{".gz", ""}, {"-gz", ""}, {".z", ""}, {"-z", ""}, {".tgz", ".tar"}, {".taz", ".tar"},
		{".zz", ""},
	};
	const char *instead = "";
	size_t stem = strlen(path);
	bool found;
	int n;

	found = has_suffix(path, opt.suffix, &stem);
	for (size_t i = 0; !found && i < sizeof(known) / sizeof(known[0]); i++) {
		found = has_suffix(path, known[i].suffix, &stem);
		instead = known[i].instead;
	}
	if (!opt.decompress && found && instead[0] == '\0' && !opt.to_stdout && !opt.force)
		return warn("%s: already has a suffix of compressed files, unchanged", path);
	if (opt.decompress && !found && !opt.to_stdout && !opt.test)
		return warn("%s: unknown suffix, ignored", path);
	if (opt.decompress)
		n = snprintf(out, size, "%.*s%s", (int)stem, path, instead);
	else
		n = snprintf(out, size, "%s%s", path, opt.suffix);
	return n < 0 || (size_t)n >= size ? fail("%s: name is too long", path) : EXIT_OK;
}

static int
check_input(const char *path, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return warn("%s: is a directory, ignored", path);
	if (opt.to_stdout || opt.test)
		return EXIT_OK;
	if (!S_ISREG(st->st_mode))
		return warn("%s: is not a regular file, ignored", path);
	if (st->st_nlink > 1 && !opt.force && !opt.keep)
		return warn("%s: has %lu other links, ignored", path,
			(unsigned long)st->st_nlink - 1);
	return EXIT_OK;
}

static int
may_replace(const char *path)
{
	struct stat st;
	int c, answer;

	if (opt.force || lstat(path, &st) != 0)
		return EXIT_OK;
	if (!isatty(STDIN_FILENO) || opt.quiet)
		return warn("%s: already exists, not overwritten", path);
	fprintf(stderr, "uacce-gzip: %s already exists; overwrite it (y or n)? ", path);
	answer = getchar();
	for (c = answer; c != '\n' && c != EOF;)
		c = getchar();
	if (answer != 'y' && answer != 'Y')
		return warn("%s: not overwritten", path);
	return EXIT_OK;
}

/* A file without a name in the directory of path, or with a temporary one. -errno. */
static int
output_open(const char *path)
{
	char dir[PATH_MAX];
	int fd;

	snprintf(dir, sizeof(dir), "%s", path);
	fd = open(dirname(dir), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if ((size_t)snprintf(temp_path, sizeof(temp_path), "%s.XXXXXX", path) >= sizeof(temp_path))
		return -ENAMETOOLONG;
	fd = mkostemp(temp_path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	temp_active = 1;
	return fd;
}

/* Gives the file its temporary name if it has none: rename() replaces, linkat() does not. */
static int
name_it(int fd, const char *path)
{
	char self[64];

	if (temp_active)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	for (int i = 0; i < 100; i++) {
		if ((size_t)snprintf(temp_path, sizeof(temp_path), "%s.%d.%d", path, (int)getpid(), i) >=
				sizeof(temp_path))
			return -ENAMETOOLONG;
		if (linkat(AT_FDCWD, self, AT_FDCWD, temp_path, AT_SYMLINK_FOLLOW) == 0) {
			temp_active = 1;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* The output gets its name, at once and whole. replace: what has the name goes. */
static int
output_publish(int fd, const char *path, bool replace)
{
	char self[64];
	int ret = 0;

	if (replace) {
		ret = name_it(fd, path);
		if (ret == 0 && rename(temp_path, path) != 0)
			return -errno;
		if (ret == 0)
			temp_active = 0;
		return ret;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (temp_active ? link(temp_path, path) != 0 :
			  linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0)
		return -errno;
	return 0;
}

/* What is not published is gone. */
static void
output_close(int fd)
{
	close(fd);
	if (temp_active)
		unlink(temp_path);
	temp_active = 0;
}

/* Owner first: changing it may take mode bits away. */
static int
copy_attributes(int fd, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	mode_t mode = st->st_mode & 07777;

	if (fchown(fd, st->st_uid, st->st_gid) != 0)
		mode &= 0777;
	if (fchmod(fd, mode) != 0 || futimens(fd, times) != 0)
		return -errno;
	return 0;
}

static int
to_file(struct job *j, const char *path, const char *out, const struct stat *st)
{
	struct stat old;
	bool replace;
	int ret, err;

	ret = may_replace(out);
	if (ret != EXIT_OK)
		return ret;
	replace = lstat(out, &old) == 0;
	if (replace && old.st_dev == st->st_dev && old.st_ino == st->st_ino)
		return fail("%s: is input and output", path);
	j->out = output_open(out);
	if (j->out < 0)
		return fail("%s: %s", out, strerror(-j->out));
	ret = run_job(j);
	if (ret != EXIT_ERROR) {
		err = copy_attributes(j->out, st);
		if (err != 0)
			ret = warn("%s: attributes: %s", out, strerror(-err));
		err = output_publish(j->out, out, replace);
		if (err != 0)
			ret = fail("%s: %s", out, strerror(-err));
	}
	output_close(j->out);
	if (ret != EXIT_ERROR && !opt.keep && unlink(path) != 0)
		ret = warn("%s: cannot be removed: %s", path, strerror(errno));
	return ret;
}

int
process_file(const char *path)
{
	char out[PATH_MAX], base[PATH_MAX];
	struct job j = {.name = path, .out = -1};
	struct stat st;
	int ret;

	/* Links and pipes only where the name is not replaced. */
	j.in = open(path, O_RDONLY | O_CLOEXEC |
		(opt.to_stdout || opt.force || opt.test ? 0 : O_NOFOLLOW | O_NONBLOCK));
	if (j.in < 0)
		return errno == ELOOP ? warn("%s: is a symbolic link, ignored", path) :
					fail("%s: %s", path, strerror(errno));
	if (fstat(j.in, &st) != 0)
		ret = fail("%s: %s", path, strerror(errno));
	else
		ret = check_input(path, &st);
	if (ret == EXIT_OK)
		ret = output_name(path, out, sizeof(out));
	if (ret == EXIT_OK) {
		j.size = S_ISREG(st.st_mode) ? st.st_size : 0;
		if (!opt.no_name) {
			snprintf(base, sizeof(base), "%s", path);
			j.stored_name = basename(base);
			j.mtime = st.st_mtime;
		}
		if (opt.test) {
			ret = run_job(&j);
		} else if (!opt.to_stdout) {
			ret = to_file(&j, path, out, &st);
		} else if (!opt.force && !opt.decompress && isatty(STDOUT_FILENO)) {
			ret = fail("compressed data is not written to a terminal (-f does it)");
		} else {
			j.out = STDOUT_FILENO;
			ret = run_job(&j);
		}
	}
	close(j.in);
	return ret;
}
