/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The emulator's plug-in. It is searched for near the object that libwd is part of (a PMD, a
 * test, the shared library), so that a build tree and an installation both find their own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wd_private.h"

#define PLUGIN_SONAME "libuacce_emu.so"
#define PLUGIN_ENV    "UACCE_EMU_PLUGIN"        /* a path, for tests; not for setuid programs */

/* Relative to the folder of the object, in this order. */
static const char *const beside[] = {"", "../lib/emu/", "../emu/", "../../lib/emu/"};

static int
own_folder(char *dir, size_t size)
{
	const char *slash;
	Dl_info info;
	char path[4096];

	if (dladdr((void *)(uintptr_t)wd_plugin_load, &info) == 0 || info.dli_fname == NULL)
		return -ENOENT;
	if (strchr(info.dli_fname, '/') != NULL) {
		snprintf(path, sizeof(path), "%s", info.dli_fname);
	} else {
		/* A program found through PATH: the linker only knows its bare name. */
		ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

		if (n < 0)
			return -errno;
		path[n] = '\0';
	}
	slash = strrchr(path, '/');
	if (slash == NULL)
		return -ENOENT;
	snprintf(dir, size, "%.*s", (int)(slash - path + 1), path);
	return 0;
}

/* The first existing file of the list, or the bare name for the linker's own search. */
static void
find_plugin(char *path, size_t size)
{
	const char *env = secure_getenv(PLUGIN_ENV);
	char dir[4096];

	if (env != NULL) {
		snprintf(path, size, "%s", env);
		return;
	}
	if (own_folder(dir, sizeof(dir)) == 0) {
		for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
			snprintf(path, size, "%s%s%s", dir, beside[i], PLUGIN_SONAME);
			if (access(path, R_OK) == 0)
				return;
		}
	}
	snprintf(path, size, "%s/%s", WD_LIBDIR, PLUGIN_SONAME);
	if (access(path, R_OK) == 0)
		return;
	snprintf(path, size, "%s", PLUGIN_SONAME);
}

int
wd_plugin_load(const struct wd_transport **trp, void **handlep, char *err, size_t err_size)
{
	const struct wd_transport *tr;
	char path[8192];
	void *handle;

	find_plugin(path, sizeof(path));
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		wd_error(err, err_size, "no emulator: %s", dlerror());
		return -ENOENT;
	}
	tr = dlsym(handle, WD_TRANSPORT_SYMBOL);
	if (tr == NULL) {
		wd_error(err, err_size, "%s: not a transport plug-in", path);
		dlclose(handle);
		return -ENOEXEC;
	}
	if (tr->abi != WD_TRANSPORT_ABI) {
		wd_error(err, err_size, "%s: transport ABI %u, need %u", path, tr->abi,
			WD_TRANSPORT_ABI);
		dlclose(handle);
		return -ENOEXEC;
	}
	*trp = tr;
	*handlep = handle;
	return 0;
}

void
wd_plugin_unload(void *handle)
{
	dlclose(handle);
}
