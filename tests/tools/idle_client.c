/* SPDX-License-Identifier: BSD-3-Clause */
/* For idle.sh: has a queue on the SEC2 of the daemon at argv[1] and does nothing with it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wd.h"

int
main(int argc, char **argv)
{
	struct wd_device *dev;
	char spec[256], err[256] = "", c;
	struct wd_queue q;

	snprintf(spec, sizeof(spec), "emu:%s", argc > 1 ? argv[1] : "");
	if (wd_device_open(spec, "sec2", NULL, -1, &dev, err, sizeof(err)) != 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	memset(&q, 0, sizeof(q));
	q.dev = dev;
	q.numa_node = -1;
	if (wd_request_queue(&q) != 0)
		return 1;
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	wd_release_queue(&q);
	return wd_device_close(dev) != 0;
}
