/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stores past the caches, of whole cache lines: for memory that another core read last and will
 * read next, as the rings of an emulated device. A usual store first fetches the line from that
 * core, and the next ones wait behind it. wd_after_stream() comes after the last of them.
 *
 * WD_HAVE_STREAM: defined where there is all of this.
 */
#ifndef WD_STREAM_H
#define WD_STREAM_H

#include <stdint.h>

#include "wd_private.h"

#if defined(__x86_64__)
#include <emmintrin.h>

#define WD_HAVE_STREAM

WD_INLINE __m128i
wd_vector(uint64_t low, uint64_t high)
{
	return _mm_set_epi64x((long long)high, (long long)low);
}

/* to, and from below: aligned to 16 bytes. */
WD_INLINE void
wd_stream(void *to, __m128i v)
{
	_mm_stream_si128(to, v);
}

WD_INLINE void
wd_stream_copy(void *to, const void *from)
{
	_mm_stream_si128(to, _mm_load_si128(from));
}

WD_INLINE void
wd_stream_pair(void *to, uint64_t low, uint64_t high)
{
	_mm_stream_si128(to, wd_vector(low, high));
}

#endif

#endif
