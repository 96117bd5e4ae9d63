/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "comp.h"

/* Fastest first. */
static const struct comp_engine *const engines[] = {
#ifdef EMU_HAVE_ISAL
	&comp_engine_isal,
#endif
	&comp_engine_zlib,
};

const struct comp_engine *
comp_engine_find(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (name == NULL || strcmp(engines[i]->name, name) == 0)
			return engines[i];
	}
	return NULL;
}
