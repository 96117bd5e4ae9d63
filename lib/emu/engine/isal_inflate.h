/* SPDX-License-Identifier: BSD-3-Clause */
/* Decompression at ISA-L's speed, as strict as zlib. Part of ISA-L's engine, see comp.h. */
#ifndef EMU_ENGINE_ISAL_INFLATE_H
#define EMU_ENGINE_ISAL_INFLATE_H

#include "comp.h"

/* Of one thread at a time. */
struct il_inflater;
struct il_inflater *il_inflater_new(void);      /* NULL: out of memory */
void il_inflater_free(struct il_inflater *f);
/* As inflate() of an engine. */
enum comp_ret il_inflater_run(struct il_inflater *f, struct comp_op *op);

#endif
