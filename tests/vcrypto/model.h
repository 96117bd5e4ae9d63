/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio-crypto device as a transport of libwd: rings and requests read as the specification says
 * and no more leniently, computed with OpenSSL. It offers more than QEMU's does: several queues,
 * all services, any order of completion, and faults.
 *
 * Driven by its test (vcm_work() and others), or by a thread of its own when it is the plug-in.
 */
#ifndef VCM_H
#define VCM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "uacce/virtio_crypto.h"
#include "virtio_crypto.h"
#include "wd_transport.h"

#define VCM_QUEUES      8
#define VCM_SESSIONS    2048
#define VCM_DESCS       1024
#define VCM_MEMS        4096
#define VCM_DOORBELL    64      /* offset in the MMIO region */
#define VCM_SILENT      0xffff  /* what is there until somebody rings */

struct vcm_cfg {
	uint64_t features;
	uint32_t ring_size, queues;
	uint32_t room;          /* bytes beside the rings; 0: 1 KiB for each entry */
	uint32_t services, hash_algo, aead_algo;
	uint64_t cipher_algo, mac_algo, max_size;
	uint32_t max_cipher_key_len, max_auth_key_len;
	bool noiommu;           /* device addresses are physical, or seem so: */
	bool pagemap;           /* real ones */
	bool like_qemu;         /* announces hashes and makes no session of them, nor of chains */
	bool shuffle;           /* completes in any order */
	bool thread;
	/* After so many requests, 0 = never. */
	unsigned int die_after, wild_after, stall_after, fail_at;
	unsigned int stall_ms;
	bool gone;              /* of a dead device nothing comes back */
};
extern struct vcm_cfg vcm_cfg;  /* of the device opened next */

struct vcm_iov {
	uint8_t *va;
	uint32_t len;
};

/* A request, as its chain of descriptors has it. */
struct vcm_req {
	uint16_t id;
	uint32_t n_out, n_in;   /* what the device reads, and writes */
	struct vcm_iov out[VCM_DESCS], in[VCM_DESCS];
};

struct vcm_queue {
	struct vcm_dev *dev;
	unsigned int index;
	bool open, has_queue, started, awake;
	uint8_t *dus, *mmio, *ss;
	size_t dus_size, ss_len;
	uint64_t dus_addr;
	uint16_t seen;          /* entries of the available ring taken */
	uint32_t wakes;         /* interrupts not yet waited for */
	unsigned int doorbells, waits;
};

struct vcm_session;

struct vcm_dev {
	struct vcm_cfg cfg;
	pthread_mutex_t lock;
	pthread_t thread;
	bool stop, broken;
	char complaint[128];    /* what the driver did wrong; "": nothing */
	uint64_t epoch;
	unsigned int done;      /* requests, of all queues */
	struct vcm_queue queues[VCM_QUEUES];
	struct vcm_session *sessions[VCM_SESSIONS];
	struct {
		uint64_t dev_addr;
		uint8_t *va;
		size_t len;
	} mems[VCM_MEMS];
	unsigned int n_mems;
};
extern struct vcm_dev *vcm_last;        /* opened last */

extern const struct wd_transport vcm_transport;

/* model.c */
/* Takes the next request. False: there is none, or the device is broken. */
bool vcm_take(struct vcm_queue *q, struct vcm_req *req);
/* Computes it, or fails it with status if that is not 0. */
void vcm_serve(struct vcm_queue *q, struct vcm_req *req, uint8_t status);
/* Puts an entry into the used ring. */
void vcm_complete(struct vcm_queue *q, uint32_t id);
/* All three, for up to n requests. Returns how many. */
unsigned int vcm_work(struct vcm_queue *q, unsigned int n);
void vcm_die(struct vcm_dev *dev, uint32_t state);
/* As a reset of the device: sessions are void. */
void vcm_new_epoch(struct vcm_dev *dev);
void vcm_complain(struct vcm_dev *dev, const char *what);
/* Where the process has what is at a device address. NULL: the device does not reach it. */
uint8_t *vcm_translate(struct vcm_dev *dev, uint64_t addr, uint64_t len);
unsigned int vcm_live_sessions(const struct vcm_dev *dev);

/* model_crypto.c */
int vcm_session_create(struct vcm_dev *dev, struct uacce_vc_session *s);
int vcm_session_destroy(struct vcm_dev *dev, uint64_t id);
void vcm_sessions_drop(struct vcm_dev *dev);
/* The status of the request, its results written. */
uint8_t vcm_compute(struct vcm_dev *dev, struct vcm_req *req);

#endif
