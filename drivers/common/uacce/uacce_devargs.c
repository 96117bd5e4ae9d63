/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_kvargs.h>
#include <rte_string_fns.h>

#include "uacce_common.h"

int
uacce_spec_is_emulated(const char *spec)
{
	return strcmp(spec, "emu") == 0 || strncmp(spec, "emu:", 4) == 0;
}

static int
parse_number(const char *value, unsigned long min, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || *out < min || *out > max ||
			value[0] == '-')
		return -EINVAL;
	return 0;
}

static int
add_option(struct uacce_devargs *out, const char *key, const char *value)
{
	size_t len = strlen(out->options);
	int n;

	n = snprintf(out->options + len, sizeof(out->options) - len, "%s%s=%s", len ? "," : "", key,
		value);
	return n < 0 || (size_t)n >= sizeof(out->options) - len ? -EINVAL : 0;
}

static int
parse_pair(const char *key, const char *value, struct uacce_devargs *out, char *err,
	size_t err_size)
{
	unsigned long n;

	if (value == NULL || value[0] == '\0') {
		snprintf(err, err_size, "devarg \"%s\" has no value", key);
		return -EINVAL;
	}
	if (strcmp(key, UACCE_ARG_DEVICE) == 0) {
		if (strlcpy(out->spec, value, sizeof(out->spec)) >= sizeof(out->spec)) {
			snprintf(err, err_size, "devarg \"device\" is too long");
			return -EINVAL;
		}
		return 0;
	}
	if (strcmp(key, UACCE_ARG_MAX_QPS) == 0) {
		if (parse_number(value, 1, UINT16_MAX, &n) != 0) {
			snprintf(err, err_size, "devarg \"max_queue_pairs=%s\": want 1..65535",
				value);
			return -EINVAL;
		}
		out->max_queue_pairs = n;
		return 0;
	}
	if (strcmp(key, UACCE_ARG_BOUNCE) == 0) {
		if (parse_number(value, 0, UACCE_BOUNCE_MAX_MIB, &n) != 0) {
			snprintf(err, err_size, "devarg \"bounce=%s\": want 0..%d (MiB)", value,
				UACCE_BOUNCE_MAX_MIB);
			return -EINVAL;
		}
		out->bounce_size = n << 20;
		return 0;
	}
	if (add_option(out, key, value) != 0) {
		snprintf(err, err_size, "devargs are too long");
		return -EINVAL;
	}
	return 0;
}

static int
propose_cpus(struct uacce_devargs *out, char *err, size_t err_size)
{
	char cpus[256];

	/* The daemon behind a socket chose its CPUs itself. */
	if (strcmp(out->spec, "emu") != 0)
		return 0;
	if (uacce_spare_cpus(cpus, sizeof(cpus)) <= 0)
		return 0;
	if (add_option(out, UACCE_ARG_CPUS, cpus) != 0) {
		snprintf(err, err_size, "devargs are too long");
		return -EINVAL;
	}
	return 0;
}

int
uacce_devargs_parse(const char *args, struct uacce_devargs *out, char *err, size_t err_size)
{
	struct rte_kvargs *kv;
	unsigned int i, j;
	int ret = 0, has_cpus = 0;

	memset(out, 0, sizeof(*out));
	strlcpy(out->spec, "auto", sizeof(out->spec));
	out->bounce_size = UACCE_BOUNCE_DEFAULT;
	kv = rte_kvargs_parse(args ? args : "", NULL);
	if (kv == NULL) {
		snprintf(err, err_size, "cannot parse devargs \"%s\"", args);
		return -EINVAL;
	}
	for (i = 0; i < kv->count && ret == 0; i++) {
		for (j = 0; j < i; j++) {
			if (strcmp(kv->pairs[i].key, kv->pairs[j].key) != 0)
				continue;
			snprintf(err, err_size, "devarg \"%s\" is given twice", kv->pairs[i].key);
			ret = -EINVAL;
			goto out;
		}
		has_cpus |= strcmp(kv->pairs[i].key, UACCE_ARG_CPUS) == 0;
		ret = parse_pair(kv->pairs[i].key, kv->pairs[i].value, out, err, err_size);
	}
	if (ret == 0 && !has_cpus)
		ret = propose_cpus(out, err, err_size);
out:
	rte_kvargs_free(kv);
	return ret;
}
