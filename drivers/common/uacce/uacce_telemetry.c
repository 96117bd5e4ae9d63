/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "uacce_telemetry.h"

int
uacce_tel_params(const char *params, unsigned long *dev_id, unsigned long *qp_id)
{
	char *end;

	/* Digits: strtoul() would take blanks and signs. */
	if (params == NULL || !isdigit((unsigned char)params[0]))
		return -EINVAL;
	*dev_id = strtoul(params, &end, 10);
	if (*end != ',' || !isdigit((unsigned char)end[1]))
		return -EINVAL;
	*qp_id = strtoul(end + 1, &end, 10);
	return *end == '\0' ? 0 : -EINVAL;
}
