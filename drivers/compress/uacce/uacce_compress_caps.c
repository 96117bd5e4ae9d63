/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is advertised: what the device has, less what the API cannot say of it.
 *
 * There is no selector for fixed Huffman codes in the engine, so compressing with them is not
 * offered; streams that have them are decompressed. Stored blocks on request neither.
 */
#include <string.h>

#include "uacce_compress.h"

void
uacce_comp_caps_init(struct uacce_comp_proc *proc)
{
	const struct wd_caps *wc = wd_device_caps(proc->wd);
	struct rte_compressdev_capabilities *cap = &proc->caps[0];

	proc->raw = wc->comps & 1u << WD_COMP_DEFLATE;
	proc->stateful = wc->flags & WD_CAP_STATEFUL;
	memset(proc->caps, 0, sizeof(proc->caps));
	/* Raw DEFLATE can be made out of zlib's framing, but only with lists. */
	if (!(wc->flags & WD_CAP_SGL) || !(proc->raw || wc->comps & 1u << WD_COMP_ZLIB))
		return;
	cap->algo = RTE_COMP_ALGO_DEFLATE;
	cap->comp_feature_flags = RTE_COMP_FF_HUFFMAN_DYNAMIC |
		RTE_COMP_FF_OOP_SGL_IN_SGL_OUT | RTE_COMP_FF_OOP_SGL_IN_LB_OUT |
		RTE_COMP_FF_OOP_LB_IN_SGL_OUT | RTE_COMP_FF_CRC32_CHECKSUM |
		RTE_COMP_FF_ADLER32_CHECKSUM | RTE_COMP_FF_CRC32_ADLER32_CHECKSUM |
		RTE_COMP_FF_SHAREABLE_PRIV_XFORM;
	if (proc->stateful)
		cap->comp_feature_flags |= RTE_COMP_FF_STATEFUL_COMPRESSION |
			RTE_COMP_FF_STATEFUL_DECOMPRESSION;
	cap->window_size.min = 12;
	cap->window_size.max = 15;
	cap->window_size.increment = 1;
}
