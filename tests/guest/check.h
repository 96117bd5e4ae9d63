/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of guest tests: the first failure ends the program with code 1 and one line. */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAIL(...)                                                                                  \
	do {                                                                                       \
		printf("%s:%d: ", __FILE__, __LINE__);                                             \
		printf(__VA_ARGS__);                                                               \
		putchar('\n');                                                                     \
		fflush(stdout);                                                                    \
		_exit(1);                                                                          \
	} while (0)

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			FAIL("%s is not so (errno %d, %s)", #cond, errno, strerror(errno));        \
	} while (0)

/* Both sides once, as long. */
#define CHECK_EQ(a, b)                                                                             \
	do {                                                                                       \
		long a_ = (long)(a), b_ = (long)(b);                                               \
		if (a_ != b_)                                                                      \
			FAIL("%s is %ld (0x%lx), not %s = %ld (errno %d)", #a, a_, a_, #b, b_,     \
				errno);                                                            \
	} while (0)

/* A system call that has to fail with one errno. */
#define CHECK_ERRNO(call, err)                                                                     \
	do {                                                                                       \
		errno = 0;                                                                         \
		long r_ = (long)(call);                                                            \
		if (r_ != -1 || errno != (err))                                                    \
			FAIL("%s gave %ld, errno %d (%s), not %s", #call, r_, errno,               \
				strerror(errno), #err);                                            \
	} while (0)

#define CASE(name)                                                                                 \
	do {                                                                                       \
		name();                                                                            \
		printf("ok %s\n", #name);                                                          \
		fflush(stdout);                                                                    \
	} while (0)

#endif
