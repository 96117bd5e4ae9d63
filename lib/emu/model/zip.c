/* SPDX-License-Identifier: BSD-3-Clause */
/* ZIP: refuses every request. */
#include <stdio.h>
#include <string.h>

#include "hisi_zip.h"

#include "../emu_private.h"

#define ZIP_ST_REFUSED          0x03

static bool
zip_engine_usable(const char *engine)
{
	return strcmp(engine, "zlib") == 0;
}

static void
zip_algorithms(const struct emu_device *dev, char *buf, size_t size)
{
	snprintf(buf, size, "%s", "");
}

static int
zip_thread_init(struct emu_device *dev, void **ctx)
{
	*ctx = NULL;
	return 0;
}

static void
zip_thread_fini(void *ctx)
{
}

static void
zip_fail(void *sqe, uint8_t status)
{
	struct zip_sqe *s = sqe;

	s->consumed = 0;
	s->produced = 0;
	s->dw3 = status;
}

static void
zip_run(void *ctx, struct emu_job *jobs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		zip_fail(jobs[i].sqe, ZIP_ST_REFUSED);
}

const struct emu_model emu_model_zip = {
	.kind = "zip",
	.name = "hisi_zip",
	.engines = { "isal", "zlib" },
	.sqe_size = HISI_QM_SQE_SIZE,
	.max_qc_type = 1,
	.batch = 1,
	.engine_usable = zip_engine_usable,
	.algorithms = zip_algorithms,
	.thread_init = zip_thread_init,
	.thread_fini = zip_thread_fini,
	.run = zip_run,
	.fail = zip_fail,
};
