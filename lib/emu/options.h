/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EMU_OPTIONS_H
#define EMU_OPTIONS_H

#include <stddef.h>

struct emu_device;

/* Reads "key=value,key=value" into dev, which has its model and defaults. 0 or -EINVAL with err. */
int emu_options_parse(struct emu_device *dev, const char *options, char *err, size_t err_size);

/* A list such as "0-1" or "0:2:4-7"; calls set(cpu, arg) for each, NULL to check only. */
int emu_cpu_list(const char *list, void (*set)(int cpu, void *arg), void *arg);

#endif
