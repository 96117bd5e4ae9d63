/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wild addresses. A device that sees the whole process gets them from descriptors; hardware would
 * report an error for that descriptor. So does the emulator: a model touches all that a job points
 * to before it works on it (AES-GCM: while it works on it), inside a guarded section, and a fault
 * there ends the section.
 *
 *	if (sigsetjmp(env, 0) == 0) {
 *		emu_guard_enter(&env);
 *		... only loads, stores and memcpy() on memory of the client ...
 *	} else {
 *		... the job at hand has a bad address ...
 *	}
 *	emu_guard_leave();
 *
 * No lock may be held where client memory is touched, and no library be inside that keeps a state: a
 * fault does not come back.
 */
#ifndef EMU_GUARD_H
#define EMU_GUARD_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#define EMU_PAGE        4096

/*
 * While devices are open, faults of guarded sections are caught; all others go to the handlers that
 * were there before. Counted.
 */
void emu_guard_install(void);
void emu_guard_remove(void);

/* The section of this thread. Initial-exec: the handler must not allocate it. */
extern _Thread_local sigjmp_buf *emu_guard_env __attribute__((tls_model("initial-exec")));

static inline void
emu_guard_enter(sigjmp_buf *env)
{
	emu_guard_env = env;
	__asm__ volatile("" ::: "memory");
}

static inline void
emu_guard_leave(void)
{
	__asm__ volatile("" ::: "memory");
	emu_guard_env = NULL;
}

/* What is no address is no mistake of ours. */
#define EMU_ANY_ADDRESS __attribute__((no_sanitize("address", "undefined")))

/* The same as emu_touch() below for what is known not to be empty, and less than a page. */
EMU_ANY_ADDRESS static inline void
emu_touch_short(const void *p, size_t len)
{
	const volatile uint8_t *b = p;

	(void)b[0];
	(void)b[len - 1];
}

/* Faults if any page of [p, p + len) cannot be read. That is no use of the data, whoever watches. */
EMU_ANY_ADDRESS static inline void
emu_touch(const void *p, size_t len)
{
	const volatile uint8_t *b = p;
	size_t i;

	if (len == 0)
		return;
	for (i = 0; i + EMU_PAGE < len; i += EMU_PAGE)
		(void)b[i];
	(void)b[i];
	(void)b[len - 1];
}

#endif
