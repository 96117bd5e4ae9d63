/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The preload library: an unmodified uacce client sees emulated devices (uacce-emu run).
 *
 *	preload.c        devices: what the tree says, the plug-in, the fork rule
 *	preload_file.c   queues as file descriptors: open, close, dup, ioctl
 *	preload_map.c    mmap, munmap, mremap
 *	preload_poll.c   poll, select, epoll
 *	preload_path.c   paths: /sys/class/uacce and /dev/<name> lead into the tree
 *
 * The tree (UACCE_EMU_ROOT) has been made by uacce-emu and holds sys/class/uacce, dev/<name> and
 * the file "devices". Devices live in the plug-in libuacce_emu.so, in this process, opened at the
 * first use; it is a library of its own so that its compute libraries stay out of the client's
 * name space.
 *
 * Every function here that the C library has too is called by the client instead of it. Calls
 * from inside the plug-in come through here as well: pl_inside says so, and nothing is done then.
 */
#ifndef EMU_PRELOAD_H
#define EMU_PRELOAD_H

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "front.h"

#define PL_EXPORT       __attribute__((visibility("default")))
#define PL_MAX_FD       65536
#define PL_MAX_DEVS     64
#define PL_ROOT_ENV     "UACCE_EMU_ROOT"
#define PL_PLUGIN_ENV   "UACCE_EMU_PLUGIN"

/* The C library's own fn. */
#define PL_REAL(fn) ({                                                  \
	static __typeof__(&fn) real_;                                   \
	if (real_ == NULL)                                              \
		*(void **)(void *)&real_ = dlsym(RTLD_NEXT, #fn);       \
	real_;                                                          \
})

struct pl_dev {
	char name[64];
	char kind[16];
	char options[256];
	void *tdev;             /* of the plug-in; NULL = not opened yet in this process */
};

/* An open queue: what the kernel calls a file. Lives as long as a descriptor or a mapping of it. */
struct pl_file {
	struct pl_dev *dev;
	void *tq;
	unsigned int refs;      /* under the lock of preload_file.c */
	bool inherited;         /* opened by the parent of this process: of no use here */
	atomic_bool epolled;
	pthread_mutex_t map_lock;
};

extern __thread unsigned int pl_inside;
extern const struct wd_transport *pl_transport;         /* set once a queue is open */
extern const struct emu_front_ext *pl_ext;
extern pthread_mutex_t pl_lock;                         /* files and mappings */
extern char pl_root[PATH_MAX];                          /* "" = nothing to do in this process */
extern size_t pl_root_len;

/* preload.c. 0 or -errno. */
void pl_init(void);
struct pl_dev *pl_dev_find(const char *name, size_t len);
int pl_dev_open(struct pl_dev *dev);
/* Without opening it: what available_instances and isolate tell. */
int pl_dev_info(struct pl_dev *dev, struct wd_dev_info *info);

/* preload_file.c */
int pl_open_node(struct pl_dev *dev, int flags);        /* descriptor, or -1 and errno */
struct pl_file *pl_file_get(int fd);                    /* NULL = not one of ours; takes a ref */
bool pl_is_ours(int fd);
void pl_file_ref_locked(struct pl_file *f);
void pl_file_put(struct pl_file *f);
void pl_files_after_fork(void);

/* preload_map.c */
void pl_maps_after_fork(void);

/* preload_path.c: buf, or path itself when it is no concern of ours. NULL: errno is set. */
const char *pl_redirect(const char *path, char buf[PATH_MAX]);
/* The device whose node path is, or NULL. */
struct pl_dev *pl_node_of(const char *path);

static inline int
pl_errno(int ret)
{
	if (ret < 0) {
		errno = -ret;
		return -1;
	}
	return ret;
}

#endif
