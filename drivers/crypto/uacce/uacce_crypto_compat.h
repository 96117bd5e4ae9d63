/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All differences between the DPDK versions that this driver supports, 22.11 and later.
 */
#ifndef UACCE_CRYPTO_COMPAT_H
#define UACCE_CRYPTO_COMPAT_H

#include <rte_version.h>

/* Algorithms that got a name after 22.11. */
#if RTE_VERSION >= RTE_VERSION_NUM(23, 7, 0, 0)
#define UACCE_HAVE_SM3_HMAC     1
#define UACCE_HAVE_SM4_CFB_OFB  1
#endif
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
#define UACCE_HAVE_SM4_XTS      1
#endif
#if RTE_VERSION >= RTE_VERSION_NUM(25, 3, 0, 0)
#define UACCE_HAVE_SM4_GCM      1
#endif

#endif
