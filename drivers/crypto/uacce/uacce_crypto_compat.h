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

/* The SHA2 and SM3 digests of a queue pair of any process count; see struct uacce_crypto_qp. */
#ifndef __rte_cache_aligned
#define __rte_cache_aligned __attribute__((aligned(RTE_CACHE_LINE_SIZE)))
#endif

#endif
