/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device of tests/wd as a plug-in in the emulator's place (UACCE_EMU_PLUGIN), for counting the
 * instructions of a PMD: no thread, no waiting, nothing happens until plug_finish() is called.
 *
 * Options: hw=v2|v3, mode=sva|iommu|noiommu. "cpus", which the PMDs add, does not matter.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../wd/fake.h"
#include "hisi_sec2.h"
#include "hisi_zip.h"
#include "plug.h"

#define DEPTH   1024

struct plug_dev {
	struct fake_cfg cfg;
	bool zip;
};

static struct plug_queue {
	struct plug_queue *next;
	struct fake_queue *f;
	bool zip;
} *queues;

static int
set_option(struct plug_dev *d, const char *option)
{
	if (strcmp(option, "hw=v3") == 0)
		d->cfg.api = "hisi_qm_v3";
	else if (strcmp(option, "hw=v2") == 0)
		d->cfg.api = "hisi_qm_v2";
	else if (strcmp(option, "mode=sva") == 0)
		d->cfg.flags = WD_DEV_SVA | WD_DEV_DB_SLOTS;
	else if (strcmp(option, "mode=iommu") == 0)
		d->cfg.flags = WD_DEV_IOMMU | WD_DEV_DB_SLOTS;
	else if (strcmp(option, "mode=noiommu") == 0)
		d->cfg.flags = WD_DEV_NOIOMMU | WD_DEV_DB_SLOTS;
	else if (strncmp(option, "cpus=", 5) != 0)
		return -EINVAL;
	return 0;
}

static int
plug_open(const char *spec, const char *options, const char *kind, void **dev, char *err,
	size_t err_size)
{
	struct plug_dev *d = calloc(1, sizeof(*d));
	char copy[512], *at = copy, *option;

	CHECK(d != NULL);
	d->zip = strcmp(kind, "zip") == 0;
	d->cfg = (struct fake_cfg){.api = "hisi_qm_v3", .flags = WD_DEV_SVA | WD_DEV_DB_SLOTS,
		.algorithms = d->zip ? "zlib\ngzip\ndeflate\n" : "cipher\ndigest\naead\n",
		.depth = DEPTH, .queues = 256};
	snprintf(copy, sizeof(copy), "%s", options != NULL ? options : "");
	while ((option = strsep(&at, ",")) != NULL) {
		if (option[0] != '\0' && set_option(d, option) < 0) {
			snprintf(err, err_size, "unknown option %s", option);
			free(d);
			return -EINVAL;
		}
	}
	*dev = d;
	return 0;
}

static void
plug_close(void *dev)
{
	free(dev);
}

/* The fake has one configuration, which its calls read: that of the device at hand. */
static int
plug_info(void *dev, struct wd_dev_info *info)
{
	fake_cfg = ((struct plug_dev *)dev)->cfg;
	return fake_transport.info(dev, info);
}

static int
plug_queue_open(void *dev, void **queue)
{
	struct plug_dev *d = dev;
	struct plug_queue *p;
	int ret;

	fake_cfg = d->cfg;
	ret = fake_transport.queue_open(dev, queue);
	if (ret != 0)
		return ret;
	p = calloc(1, sizeof(*p));
	CHECK(p != NULL);
	*p = (struct plug_queue){.next = queues, .f = *queue, .zip = d->zip};
	queues = p;
	return 0;
}

static void
plug_queue_close(void *queue)
{
	struct plug_queue **at = &queues, *p;

	while ((*at)->f != queue)
		at = &(*at)->next;
	p = *at;
	*at = p->next;
	free(p);
	fake_transport.queue_close(queue);
}

/*
 * Half of the data, or twice. A decompressor that reads a framed format sees a trailer behind a
 * stream; the PMD's own framing has a wrong one there, and 16 bytes in all.
 */
static void
finish_zip(const struct fake_queue *f, struct zip_sqe *sqe)
{
	sqe->consumed = sqe->input_data_length;
	sqe->produced = sqe->dest_avail_out / 2;
	sqe->dw3 = ZIP_LSTBLK;
	if (f->qc_type == ZIP_QC_DECOMPRESS && HW_GET(ZIP_REQ_TYPE, sqe->dw9) == ZIP_TYPE_ZLIB) {
		sqe->consumed -= 16 - 4;
		sqe->dw3 |= HW_PREP(ZIP_STATUS, ZIP_ST_CRC_ERR);
	}
}

EXPORT unsigned int
plug_finish(void)
{
	unsigned int n = 0;

	for (struct plug_queue *p = queues; p != NULL; p = p->next) {
		uint64_t db = fake_doorbell(p->f, HISI_QM_DB_CMD_SQ);
		uint32_t tail = HW_GET(HISI_QM_DB_INDEX, db), mask = p->f->depth - 1;

		while ((p->f->head & mask) != tail) {
			void *sqe = fake_sqe(p->f, p->f->head);

			/* SEC2's result is at the same place in both types of descriptor. */
			if (p->zip)
				finish_zip(p->f, sqe);
			else
				((struct sec2_bd3 *)sqe)->result = SEC2_RES_DONE;
			fake_cqe(p->f, p->f->head & mask);
			n++;
		}
	}
	return n;
}

EXPORT extern struct wd_transport wd_transport_plugin;
struct wd_transport wd_transport_plugin;

__attribute__((constructor)) static void
fill_transport(void)
{
	wd_transport_plugin = fake_transport;
	wd_transport_plugin.open = plug_open;
	wd_transport_plugin.close = plug_close;
	wd_transport_plugin.info = plug_info;
	wd_transport_plugin.queue_open = plug_queue_open;
	wd_transport_plugin.queue_close = plug_queue_close;
}
