/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the uacce PMDs share of DPDK: devargs, the memory a device may read, spare CPUs.
 */
#ifndef UACCE_COMMON_H
#define UACCE_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wd.h"

#define UACCE_ARG_DEVICE    "device"
#define UACCE_ARG_MAX_QPS   "max_queue_pairs"
#define UACCE_ARG_CPUS      "cpus"
#define UACCE_ARG_BOUNCE    "bounce"

/* Values of the keys that the PMDs themselves know, for RTE_PMD_REGISTER_PARAM_STRING. */
#define UACCE_COMMON_PARAMS                                                                        \
	UACCE_ARG_DEVICE "=<class dir>|auto|emu|emu:<socket> " UACCE_ARG_MAX_QPS "=<n> "          \
	UACCE_ARG_BOUNCE "=<MiB> "

#define UACCE_SPEC_SIZE     128
#define UACCE_OPTIONS_SIZE  512

struct uacce_devargs {
	char spec[UACCE_SPEC_SIZE];       /* what wd_device_open() takes */
	char options[UACCE_OPTIONS_SIZE]; /* all other keys, "key=value,..."; "" = none */
	uint16_t max_queue_pairs;         /* 0 = as many as the device has */
	uint32_t bounce_size;             /* bytes a queue pair, see uacce_bounce_open() */
};

/* Unless a devarg says otherwise. */
#define UACCE_BOUNCE_DEFAULT    ((uint32_t)4 << 20)
#define UACCE_BOUNCE_MAX_MIB    1024

/*
 * Parses the devargs of a vdev (NULL is as ""). Keys that the PMDs do not know are handed to the
 * device's transport, which refuses what it does not know either. On an emulated device the
 * CPUs that no lcore uses are proposed for its engine, unless "cpus" says otherwise.
 * err receives one line without newline. 0 or -EINVAL.
 */
int uacce_devargs_parse(const char *args, struct uacce_devargs *out, char *err, size_t err_size);

/* True when spec names a device that is a program rather than hardware. */
int uacce_spec_is_emulated(const char *spec);

/*
 * CPUs to spare for a thread that serves the application, as "0:2-3": those that the process
 * was started with and no lcore uses; without such, the main lcore's if there are worker
 * lcores; else all. Returns the length, or -errno.
 */
int uacce_spare_cpus(char *buf, size_t size);

/* ------------------------------------------------------------------ two lcores */

/*
 * Of what one lcore writes and another one reads, one that enqueues and one that dequeues: what is
 * written before the store is seen by who loads it. Instructions of their own only where the
 * processor does not keep that order by itself.
 */
static inline void
uacce_publish32(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline uint32_t
uacce_published32(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* ------------------------------------------------------------------ memory */

/*
 * A stretch of addresses that is DPDK's: whatever the process has there, the device reaches. In
 * [base, base + near) that is found out by an OR and one comparison for several addresses, since
 * near is a power of two, or 0.
 */
struct uacce_range {
	uintptr_t base;
	uintptr_t len;
	uintptr_t near;
	uintptr_t minus_base;   /* an addition takes an instruction less than a subtraction */
};

struct uacce_mem;

/*
 * Lets a device without SVA use DPDK's memory, that which is there and that which comes later.
 * Does nothing (and sets *mem to NULL) for a device with SVA. name: unique, of the vdev.
 * -EINVAL: the IOVA mode of this process does not suit the device, see err.
 */
int uacce_mem_attach(struct wd_device *dev, const char *name, struct uacce_mem **mem, char *err,
	size_t err_size);
void uacce_mem_detach(struct uacce_mem *mem);

/* Does the device reach [va, va + len)? Exact; data path. */
bool uacce_mem_reaches(const struct uacce_mem *mem, const void *va, size_t len);
/* The range that va lies in, or an empty one; lives as long as mem. */
const struct uacce_range *uacce_mem_range(const struct uacce_mem *mem, const void *va);

/*
 * Memory for copies of what a device does not reach, of q and, if there is one, q2. NULL without a
 * word for devices with SVA and for size 0; with a warning if there is no memory: ops that would
 * need it are refused then.
 */
struct wd_bounce *uacce_bounce_open(struct wd_queue *q, struct wd_queue *q2, uint32_t size,
	const char *name);

#endif
