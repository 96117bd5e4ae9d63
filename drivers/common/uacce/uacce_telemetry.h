/* SPDX-License-Identifier: BSD-3-Clause */
/* Telemetry commands on one queue pair, which both PMDs have. */
#ifndef UACCE_TELEMETRY_H
#define UACCE_TELEMETRY_H

#include <rte_telemetry.h>
#include <rte_version.h>

/* 23.03 gave the function a new name and took the old one away later. */
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
#define uacce_tel_add_u64 rte_tel_data_add_dict_uint
#else
#define uacce_tel_add_u64 rte_tel_data_add_dict_u64
#endif

/* Reads "<device id>,<queue pair id>"; 0, or -EINVAL for anything else. */
int uacce_tel_params(const char *params, unsigned long *dev_id, unsigned long *qp_id);

#endif
