/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What compress_uacce tells applications beyond the compressdev API.
 */
#ifndef RTE_PMD_UACCE_COMPRESS_H
#define RTE_PMD_UACCE_COMPRESS_H

/*
 * rte_comp_op::debug_status has the device's status code in its low byte. This bit is set in an op
 * of a stream being decompressed when its final block was decoded and all of it handed out: the
 * API has no sign for it if the op's input ends there too.
 */
#define RTE_PMD_UACCE_COMPRESS_END      0x100

#endif
