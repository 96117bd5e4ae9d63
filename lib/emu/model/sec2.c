/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "hisi_sec2.h"

#include "../emu_private.h"

static bool
sec2_engine_usable(const char *engine)
{
	return strcmp(engine, "openssl") == 0;
}

static void
sec2_algorithms(const struct emu_device *dev, char *buf, size_t size)
{
	snprintf(buf, size, "cipher\ndigest\naead\n");
}

static int
sec2_thread_init(struct emu_device *dev, void **ctx)
{
	*ctx = NULL;
	return 0;
}

static void
sec2_thread_fini(void *ctx)
{
}

static void
sec2_fail(void *sqe, uint8_t status)
{
	struct sec2_bd3 *bd = sqe;

	bd->result = SEC2_RES_DONE;
	bd->error_type = status;
}

static void
sec2_run(void *ctx, struct emu_job *jobs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		sec2_fail(jobs[i].sqe, 1);
}

const struct emu_model emu_model_sec2 = {
	.kind = "sec2",
	.name = "hisi_sec2",
	.engines = { "ipsec_mb", "openssl" },
	.sqe_size = HISI_QM_SQE_SIZE,
	.max_qc_type = 1,
	.batch = EMU_BATCH,
	.engine_usable = sec2_engine_usable,
	.algorithms = sec2_algorithms,
	.thread_init = sec2_thread_init,
	.thread_fini = sec2_thread_fini,
	.run = sec2_run,
	.fail = sec2_fail,
};
