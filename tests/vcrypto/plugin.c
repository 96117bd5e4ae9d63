/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model as the plug-in that libwd loads for "device=emu": UACCE_EMU_PLUGIN names it. Options:
 * mode=iommu|noiommu, indirect=0|1, ring=N, queues=N, like_qemu=0|1, shuffle=0|1, max_size=N, and
 * fault=NAME:N[:MS], what happens at request N: fail (an error), index (a completion of nothing),
 * stall (for so long), failed (all queues die), unplug (for good). What DPDK's driver adds itself
 * (cpus) is taken and ignored.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static bool
set_fault(struct vcm_cfg *c, const char *fault)
{
	const char *at = strchr(fault, ':'), *arg = at != NULL ? strchr(at + 1, ':') : NULL;
	unsigned int n = at != NULL ? strtoul(at + 1, NULL, 0) : 0;
	size_t len = at != NULL ? (size_t)(at - fault) : 0;

	c->stall_ms = arg != NULL ? strtoul(arg + 1, NULL, 0) : 0;
	c->gone = strncmp(fault, "unplug", len) == 0;
	if (strncmp(fault, "fail", len) == 0 && len == 4)
		c->fail_at = n;
	else if (strncmp(fault, "index", len) == 0)
		c->wild_after = n;
	else if (strncmp(fault, "stall", len) == 0)
		c->stall_after = n;
	else if (c->gone || strncmp(fault, "failed", len) == 0)
		c->die_after = n;
	else
		return false;
	return len != 0;
}

static bool
set_option(struct vcm_cfg *c, const char *name, const char *value)
{
	const struct {
		const char *name;
		unsigned int *field;
	} numbers[] = {{"ring", &c->ring_size}, {"queues", &c->queues}};
	unsigned long n = strtoul(value, NULL, 0);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		*numbers[i].field = n;
		return true;
	}
	if (strcmp(name, "fault") == 0)
		return set_fault(c, value);
	if (strcmp(name, "mode") == 0)
		c->noiommu = strcmp(value, "noiommu") == 0;
	else if (strcmp(name, "indirect") == 0)
		c->features &= n != 0 ? UINT64_MAX : ~VRING_F_INDIRECT_DESC;
	else if (strcmp(name, "like_qemu") == 0)
		c->like_qemu = n;
	else if (strcmp(name, "shuffle") == 0)
		c->shuffle = n;
	else if (strcmp(name, "max_size") == 0)
		c->max_size = n;
	else
		return strcmp(name, "cpus") == 0;
	return true;
}

static int
open_with_options(const char *spec, const char *options, const char *kind, void **dev, char *err,
	size_t err_size)
{
	char copy[512], *at = copy, *name, *value;
	const struct vcm_cfg plain = vcm_cfg;
	int ret;

	vcm_cfg.ring_size = 256;
	vcm_cfg.thread = true;
	vcm_cfg.pagemap = true;
	snprintf(copy, sizeof(copy), "%s", options != NULL ? options : "");
	while ((name = strsep(&at, ",")) != NULL) {
		value = name;
		strsep(&value, "=");
		if (name[0] != '\0' && !set_option(&vcm_cfg, name, value != NULL ? value : "")) {
			snprintf(err, err_size, "model: option \"%s\"", name);
			vcm_cfg = plain;
			return -EINVAL;
		}
	}
	if (vcm_cfg.like_qemu) {
		vcm_cfg.services = 0x17;
		vcm_cfg.cipher_algo = 1 << VCRYPTO_CIPHER_AES_CBC;
		vcm_cfg.hash_algo = 1 << VCRYPTO_HASH_SHA1;
		vcm_cfg.mac_algo = 0;
		vcm_cfg.aead_algo = 0;
	}
	ret = vcm_transport.open(spec, NULL, kind, dev, err, err_size);
	vcm_cfg = plain;
	return ret;
}

extern struct wd_transport wd_transport_plugin;
struct wd_transport wd_transport_plugin;

static __attribute__((constructor)) void
make_transport(void)
{
	wd_transport_plugin = vcm_transport;
	wd_transport_plugin.open = open_with_options;
}
