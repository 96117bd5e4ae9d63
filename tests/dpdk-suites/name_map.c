/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Preloaded into the stock dpdk-test, whose cryptodev suite has one command per driver known to
 * DPDK and asks for that driver's name. This library answers with another driver, so that the
 * unmodified suite runs on it:
 *
 *   UACCE_SUITE_ASKED    the name that the suite asks for, such as crypto_uadk
 *   UACCE_SUITE_DRIVER   the driver it gets, such as crypto_uacce
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int rte_cryptodev_driver_id_get(const char *name);

int
rte_cryptodev_driver_id_get(const char *name)
{
	const char *asked = getenv("UACCE_SUITE_ASKED");
	const char *driver = getenv("UACCE_SUITE_DRIVER");
	int (*next)(const char *name);

	*(void **)&next = dlsym(RTLD_NEXT, "rte_cryptodev_driver_id_get");
	if (next == NULL) {
		fprintf(stderr, "name_map: no rte_cryptodev_driver_id_get in this program\n");
		abort();
	}
	if (name != NULL && asked != NULL && driver != NULL && strcmp(name, asked) == 0)
		name = driver;
	return next(name);
}
