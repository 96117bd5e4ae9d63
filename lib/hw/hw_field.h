/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bit fields of hardware words: one macro per mechanism, one mask per field.
 *
 * A field is a mask built by HW_MASK(high, low), both bits inclusive, bit 0 the least significant.
 * All words of these devices are little-endian, and so are all hosts this builds for.
 */
#ifndef HW_FIELD_H
#define HW_FIELD_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "wire formats are little-endian");

#define HW_MASK(high, low)   ((~0ULL >> (63 - (high))) & (~0ULL << (low)))
#define HW_BIT(n)            (1ULL << (n))
/* Value v placed into the field; bits that do not fit are cut off, so check ranges before. */
#define HW_PREP(mask, v)     (((uint64_t)(v) << __builtin_ctzll(mask)) & (mask))
#define HW_GET(mask, word)   (((uint64_t)(word) & (mask)) >> __builtin_ctzll(mask))

#endif
