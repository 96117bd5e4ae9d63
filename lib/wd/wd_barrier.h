/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Barriers by purpose: the only place in libwd with raw barriers. Using the right name is the
 * documentation of what is ordered.
 *
 * x86 keeps stores in order, loads in order, and both before an uncached store, so that only the
 * compiler has to be held there; the kernel maps doorbells uncached.
 */
#ifndef WD_BARRIER_H
#define WD_BARRIER_H

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#define WD_ORDER_STORES() __asm__ volatile("" ::: "memory")
#define WD_ORDER_LOADS()  __asm__ volatile("" ::: "memory")
#elif defined(__aarch64__)
#define WD_ORDER_STORES() __asm__ volatile("dmb oshst" ::: "memory")
#define WD_ORDER_LOADS()  __asm__ volatile("dmb oshld" ::: "memory")
#else
#define WD_ORDER_STORES() __sync_synchronize()
#define WD_ORDER_LOADS()  __sync_synchronize()
#endif

/* Descriptors in memory are seen by the device before a doorbell written after it. */
static inline void
wd_before_doorbell(void)
{
	WD_ORDER_STORES();
}

/*
 * What the device wrote before the valid bit just read (descriptor status, the request's output)
 * is seen by loads after it, the application's own included.
 */
static inline void
wd_after_valid_bit(void)
{
	WD_ORDER_LOADS();
}

/*
 * Slots given back by a CQ doorbell after it have been read before it. A later store never
 * passes an earlier load on x86; dmb oshld orders loads before stores too.
 */
static inline void
wd_before_credit_return(void)
{
	WD_ORDER_LOADS();
}

/*
 * What was published before it is seen by the other side no later than this side reads the flag by
 * which the other one says that it sleeps, or not: the only full barrier of a burst.
 */
static inline void
wd_before_flag_check(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Asks for a line that will be written, which the device may have read or written since. */
static inline void
wd_prefetch_write(const void *p)
{
#if defined(__x86_64__)
	/* GCC's own, for a processor that it is not told of, asks for reading. */
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#elif defined(__aarch64__)
	/* Nor is GCC's own safe: it drops calls of functions that do nothing else. */
	__asm__ volatile("prfm pstl1keep, [%0]" : : "r"(p));
#else
	(void)p;
#endif
}

/*
 * Stores that go past the caches are in no order with others; a doorbell, for one, is one of these.
 * See wd_stream.h.
 */
static inline void
wd_after_stream(void)
{
#if defined(__x86_64__)
	__asm__ volatile("sfence" ::: "memory");
#endif
}

/* A doorbell: one 64-bit store, never split, merged or repeated by the compiler. */
static inline void
wd_write_doorbell(volatile uint64_t *reg, uint64_t value)
{
	*reg = value;
}

/* A word that the kernel or the device changes at any time. */
static inline uint32_t
wd_read_shared32(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/*
 * A counter of what one thread puts somewhere and another one takes from there, as submission and
 * polling of a queue may be two: what it counts is written before it, and read after it.
 */
static inline void
wd_publish32(uint32_t *counter, uint32_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELEASE);
}

static inline uint32_t
wd_published32(const uint32_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

#endif
