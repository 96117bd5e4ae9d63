/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PLUG_H
#define PLUG_H

#define EXPORT  __attribute__((visibility("default")))

/* Finishes, with success, everything that doorbells have announced. Returns how many requests. */
unsigned int plug_finish(void);

#endif
