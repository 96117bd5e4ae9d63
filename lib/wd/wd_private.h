/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of libwd share among each other. Not installed.
 */
#ifndef WD_PRIVATE_H
#define WD_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wd.h"
#include "wd_driver.h"
#include "wd_transport.h"

#define wd_likely(x)   __builtin_expect(!!(x), 1)
#define wd_unlikely(x) __builtin_expect(!!(x), 0)
#define WD_INLINE      static inline __attribute__((always_inline))

/* Memory that a non-SVA device reaches, sorted by va, no two overlapping. */
struct wd_mem {
	uintptr_t va;
	size_t len;
	uint64_t dev_addr;
};

/*
 * The table of such memory. Readers take no lock: they look again when mem_seq has changed or was
 * odd, and whatever they see halfway stays inside of the array. A table that grew out of its room
 * lives on until the device is closed, as a reader may still be in it; room doubles, so that all
 * of them together are no bigger than the last.
 */
struct wd_mem_table {
	struct wd_mem_table *retired;
	unsigned int room;
	unsigned int n;
	struct wd_mem mem[];
};

struct wd_device {
	const struct wd_driver *drv;
	const struct wd_transport *tr;
	void *tdev;                     /* the transport's device */
	void *plugin;                   /* dlopen() handle, NULL = built in */
	uint32_t flags;                 /* WD_DEV_* */
	struct wd_caps caps;
	struct wd_mem_table *mems;      /* written under lock, read without */
	uint32_t mem_seq;               /* odd while mems is being changed */
	pthread_mutex_t lock;           /* mems, queues */
	unsigned int queues;            /* open ones */
	struct wd_dev_info info;        /* as of opening */
};

/* Memory for descriptors of a queue (SGLs, IV blocks) that its device reaches. */
struct wd_dev_mem {
	void *va;
	uint64_t dev_addr;
	size_t len;
	enum { WD_DEV_MEM_PLAIN, WD_DEV_MEM_SHARED, WD_DEV_MEM_SS } kind;
};

/* libwd's part of a queue, struct wd_queue's ctx. */
struct wd_queue_ctx {
	struct wd_queue *q;
	void *tq;                       /* the transport's queue */
	struct wd_device *own_dev;      /* opened by wd_request_queue() itself */
	int node;                       /* NUMA node for memory, -1 = none */
	void *dko;                      /* the DKO region, NULL = the device has none */
	bool dead;                      /* set by the user driver, never cleared */
	struct wd_ss *ss;               /* the SS region it uses, its own or shared; NULL = none */
};

/* device.c */
int wd_device_open_transport(const struct wd_transport *tr, const char *spec, const char *kind,
	const char *options, struct wd_device **dev, char *err, size_t err_size);
const struct wd_driver *wd_driver_find(const struct wd_dev_info *info, const char *kind);
/* Is word a whole line of the algorithms text? */
bool wd_has_algorithm(const struct wd_dev_info *info, const char *word);
void wd_error(char *err, size_t err_size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* discover.c */
extern const char *wd_sysfs_root;       /* "/sys/class/uacce"; tests change it */
extern const char *wd_dev_root;         /* "/dev" */
int wd_sysfs_read(const char *name, struct wd_dev_info *info, char *node, size_t node_size,
	char *err, size_t err_size);
/* The best device: of the given kind, or with that algorithm; the other one is NULL. */
int wd_discover(const char *kind, const char *alg, int numa_node, char *name, size_t name_size,
	char *err, size_t err_size);

/* transport_uacce.c, transport_plugin.c */
extern const struct wd_transport wd_transport_uacce;
int wd_plugin_load(const struct wd_transport **tr, void **handle, char *err, size_t err_size);
void wd_plugin_unload(void *handle);

/* memory.c */
int wd_mem_add(struct wd_device *dev, const void *va, size_t len, uint64_t dev_addr);
int wd_mem_del(struct wd_device *dev, const void *va, size_t len);
void wd_mem_fini(struct wd_device *dev);
/* The caller's view of a device address, NULL when it is not known. */
void *wd_cpu_addr(const struct wd_device *dev, uint64_t dev_addr, size_t len);
/* Zeroed, page aligned memory for descriptors of the device. */
int wd_dev_mem_alloc(struct wd_queue *q, size_t len, struct wd_dev_mem *mem);
void wd_dev_mem_free(struct wd_queue *q, struct wd_dev_mem *mem);
/* Zeroed memory of the process, on the queue's NUMA node. */
void *wd_local_alloc(struct wd_queue *q, size_t len);
void wd_local_free(void *va, size_t len);
void wd_ss_release(struct wd_queue *q);

static inline struct wd_queue_ctx *
wd_ctx(const struct wd_queue *q)
{
	return q->ctx;
}

static inline bool
wd_dev_addr_is_va(const struct wd_device *dev)
{
	return !(dev->flags & WD_DEV_NOIOMMU);
}

#endif
