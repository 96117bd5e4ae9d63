/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of a user driver: one const ops table per device family. Not installed.
 */
#ifndef WD_DRIVER_H
#define WD_DRIVER_H

#include <stdbool.h>

#include "wd.h"

struct wd_driver {
	const char *name;       /* "hisi_sec2", "hisi_zip", "virtio_crypto" */
	const char *kind;       /* what wd_device_open() calls it: "sec2", "zip", ... */
	const char *group;      /* what it calls all that do the same work: "crypto", "comp" */
	/* Does this driver know the device? By api string, algorithm words and name. */
	bool (*match)(const struct wd_dev_info *info);
	/* dev: opened as far as its transport, flags and info; caps is zeroed. */
	int (*caps)(struct wd_device *dev, struct wd_caps *caps);

	/* Maps, configures, starts; resolves the generation once and sets q->submit and q->poll. */
	int (*queue_init)(struct wd_queue *q);
	void (*queue_fini)(struct wd_queue *q);
	uint32_t (*outstanding)(const struct wd_queue *q);
	void (*dump)(const struct wd_queue *q, FILE *f);
	/* Lets the next completion wake a waiter; poll once more before waiting. */
	void (*arm)(struct wd_queue *q);
	/* Declares the device dead for this queue: what is outstanding comes back WD_DEV_LOST. */
	void (*kill)(struct wd_queue *q);

	size_t session_size;
	int (*session_init_crypto)(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
				   const struct wd_crypto_xform *xform);
	int (*session_init_comp)(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
				 const struct wd_comp_xform *xform);
	void (*session_fini)(struct wd_device *dev, struct wd_session *sess);

	size_t stream_size;     /* 0 = no streams */
	int (*stream_init)(struct wd_device *dev, struct wd_stream *stream, uint64_t dev_addr,
			   const struct wd_session *sess);
	void (*stream_fini)(struct wd_stream *stream);
};

extern const struct wd_driver wd_drv_hisi_sec2;
extern const struct wd_driver wd_drv_hisi_zip;
extern const struct wd_driver wd_drv_virtio_crypto;

#endif
