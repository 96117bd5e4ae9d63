/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices of the preload library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload.h"

__thread unsigned int pl_inside;
const struct wd_transport *pl_transport;
const struct emu_front_ext *pl_ext;
pthread_mutex_t pl_lock = PTHREAD_MUTEX_INITIALIZER;
char pl_root[PATH_MAX];
size_t pl_root_len;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t dev_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pl_dev devs[PL_MAX_DEVS];
static unsigned int nb_devs;

static void
fork_prepare(void)
{
	pthread_mutex_lock(&dev_lock);
	pthread_mutex_lock(&pl_lock);
}

static void
fork_parent(void)
{
	pthread_mutex_unlock(&pl_lock);
	pthread_mutex_unlock(&dev_lock);
}

/* The engine threads stayed with the parent: a child opens devices of its own. */
static void
fork_child(void)
{
	unsigned int i;

	for (i = 0; i < nb_devs; i++)
		devs[i].tdev = NULL;
	pl_files_after_fork();
	pl_maps_after_fork();
	pthread_mutex_unlock(&pl_lock);
	pthread_mutex_unlock(&dev_lock);
}

static void
read_devices(void)
{
	char path[PATH_MAX + 16], line[512];
	struct pl_dev *d;
	FILE *f;

	snprintf(path, sizeof(path), "%s/devices", pl_root);
	f = PL_REAL(fopen)(path, "re");
	if (f == NULL)
		return;
	while (nb_devs < PL_MAX_DEVS && fgets(line, sizeof(line), f) != NULL) {
		d = &devs[nb_devs];
		if (sscanf(line, "%63s %15s %255s", d->name, d->kind, d->options) == 3)
			nb_devs++;
	}
	fclose(f);
}

static void
init_once(void)
{
	const char *root = secure_getenv(PL_ROOT_ENV);

	if (root == NULL || *root != '/' || strlen(root) >= sizeof(pl_root) - 256)
		return;
	strcpy(pl_root, root);
	read_devices();
	if (nb_devs == 0) {
		pl_root[0] = '\0';
		return;
	}
	pl_root_len = strlen(pl_root);
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

void
pl_init(void)
{
	pthread_once(&once, init_once);
}

struct pl_dev *
pl_dev_find(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < nb_devs; i++)
		if (strlen(devs[i].name) == len && memcmp(devs[i].name, name, len) == 0)
			return &devs[i];
	return NULL;
}

/* The plug-in is beside this library unless the environment says otherwise. */
static void *
load_plugin(void)
{
	const char *env = secure_getenv(PL_PLUGIN_ENV), *slash;
	char path[PATH_MAX];
	Dl_info info;

	if (env != NULL)
		return dlopen(env, RTLD_NOW | RTLD_LOCAL);
	if (dladdr((void *)(uintptr_t)pl_init, &info) == 0 || info.dli_fname == NULL)
		return NULL;
	slash = strrchr(info.dli_fname, '/');
	snprintf(path, sizeof(path), "%.*slibuacce_emu.so",
		slash == NULL ? 0 : (int)(slash - info.dli_fname + 1), info.dli_fname);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static int
get_plugin(void)
{
	const struct emu_front_ext *ext;
	const struct wd_transport *tr;
	void *handle;

	if (pl_transport != NULL)
		return 0;
	handle = load_plugin();
	if (handle == NULL) {
		fprintf(stderr, "uacce-emu: %s\n", dlerror());
		return -ENODEV;
	}
	tr = dlsym(handle, WD_TRANSPORT_SYMBOL);
	ext = dlsym(handle, EMU_FRONT_EXT_SYMBOL);
	if (tr == NULL || tr->abi != WD_TRANSPORT_ABI || ext == NULL || ext->abi != EMU_FRONT_EXT_ABI) {
		fprintf(stderr, "uacce-emu: libuacce_emu.so is of another version\n");
		dlclose(handle);
		return -ENODEV;
	}
	pl_ext = ext;
	pl_transport = tr;
	return 0;
}

int
pl_dev_open(struct pl_dev *dev)
{
	char err[256] = "";
	int ret;

	pthread_mutex_lock(&dev_lock);
	pl_inside++;
	ret = get_plugin();
	if (ret == 0 && dev->tdev == NULL) {
		ret = pl_transport->open("", strcmp(dev->options, "-") == 0 ? NULL : dev->options,
			dev->kind, &dev->tdev, err, sizeof(err));
		if (ret != 0) {
			fprintf(stderr, "uacce-emu: %s: %s\n", dev->name, err);
			dev->tdev = NULL;
			ret = -ENODEV;
		}
	}
	pl_inside--;
	pthread_mutex_unlock(&dev_lock);
	return ret;
}

int
pl_dev_info(struct pl_dev *dev, struct wd_dev_info *info)
{
	int ret = -ENODEV;

	pthread_mutex_lock(&dev_lock);
	pl_inside++;
	if (dev->tdev != NULL)
		ret = pl_transport->info(dev->tdev, info);
	pl_inside--;
	pthread_mutex_unlock(&dev_lock);
	return ret;
}
