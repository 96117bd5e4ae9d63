/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast the emulated SEC2 is, without libwd and DPDK. Arguments: gcm, gcm-list, cbc-sha1 or cbc, bytes,
 * options of the device. The client is the calling thread: pin it elsewhere than the engine.
 */
#include <string.h>
#include <time.h>

#include "emu_private.h"

#include "client.h"
#include "sec2_ops.h"

#define BUFS            512
#define BURST           32
#define RUN_NS          1000000000ull

static uint64_t
now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct buf {
	struct hisi_sgl list;           /* {AAD, payload}, as DPDK has them apart */
	struct hisi_sgl_entry e[2];
	uint8_t data[2304];
	uint8_t iv[16], mac[32];
} __attribute__((aligned(64)));

static struct buf bufs[BUFS];
static uint8_t ckey[64], akey[128];

static void
make(const char *what, uint32_t len, struct buf *b, struct sec2_bd3 *bd)
{
	struct sec2_op_desc d = { .enc = true, .cipher_len = len, .src = b->data, .ckey = ckey,
		.akey = akey, .civ = b->iv, .aiv = b->iv, .mac_addr = b->mac };

	if (strcmp(what, "gcm-list") == 0) {
		b->list.entry_sum_in_sgl = 2;
		b->e[0].addr = (uintptr_t)b->iv;
		b->e[0].len = 16;
		b->e[1].addr = (uintptr_t)b->data;
		b->e[1].len = len;
		d.src = &b->list;
		d.src_type = SEC2_ADDR_SGL;
	}
	if (strncmp(what, "gcm", 3) == 0) {
		d.cipher = find_alg("AES-128-GCM");
		d.aead = true;
		d.mac_len = 16;
		d.auth_len = d.cipher_off = 16;
	} else {
		d.cipher = find_alg("AES-128-CBC");
		if (strcmp(what, "cbc-sha1") == 0) {
			d.mac = &test_macs[3];
			d.mac_len = 12;
			d.akey_len = 20;
			d.auth_len = len;
		}
	}
	sec2_make_bd3(&d, bd);
}

static void
report(const char *what, char **argv, uint64_t done, uint64_t ns)
{
	printf("%s: %s %s bytes, %s: %.2f Mops/s, %.1f ns/op, %.2f Gbit/s\n", what, argv[1], argv[2],
		argv[3], (double)done / (double)ns * 1e3, (double)ns / (double)done,
		(double)done * atoi(argv[2]) * 8 / (double)ns);
}

/* Through a queue, as clients do. */
static void
bench_queue(char **argv)
{
	static struct sec2_bd3 bds[BUFS];
	uint64_t start, ns, done = 0, sent = 0;
	unsigned int i, outstanding = 0;
	uint64_t client_ns, engine_ns;
	struct client c;

	client_open(&c, "sec2", argv[3], 0);
	engine_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	client_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	for (i = 0; i < BUFS; i++)
		make(argv[1], (uint32_t)atoi(argv[2]), &bufs[i], &bds[i]);
	start = now_ns(CLOCK_MONOTONIC);
	do {
		if (outstanding + BURST <= BUFS) {
			for (i = 0; i < BURST; i++)
				client_put(&c, &bds[sent++ % BUFS]);
			client_ring(&c);
			outstanding += BURST;
		}
		for (i = 0; i < BURST && client_poll(&c) >= 0; i++)
			done++;
		outstanding -= i;
		ns = now_ns(CLOCK_MONOTONIC) - start;
	} while (ns < RUN_NS);
	while (outstanding > 0) {
		int slot = client_wait(&c);

		CHECK(slot >= 0 && ((struct sec2_bd3 *)client_slot(&c, (unsigned int)slot))->error_type == 0);
		outstanding--;
	}
	client_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - client_ns;
	engine_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - engine_ns - client_ns;
	client_close(&c);
	report("queue", argv, done, ns);
	printf("\tof that time the client ran %.0f %%, the engine %.0f %%: %.1f ns/op\n",
		(double)client_ns / (double)ns * 100, (double)engine_ns / (double)ns * 100,
		(double)engine_ns / (double)done);
}

/* The model alone, in CPU time of this thread: what an engine thread can do at best. */
static void
bench_model(char **argv, unsigned int batch)
{
	static struct sec2_bd3 bds[BUFS];
	struct emu_job jobs[EMU_BATCH];
	struct emu_device *dev;
	struct emu_queue *q;
	uint64_t start, ns, done = 0;
	unsigned int i;
	char err[256];
	void *ctx;

	CHECK(emu_device_open("sec2", argv[3], EMU_OWN_PROCESS, &dev, err, sizeof(err)) == 0);
	CHECK(qm_queue_open(dev, &q) == 0);
	CHECK(dev->model->thread_init(dev, &ctx) == 0);
	start = now_ns(CLOCK_THREAD_CPUTIME_ID);
	do {
		for (i = 0; i < batch; i++) {
			unsigned int n = (unsigned int)(done + i) % BUFS;

			make(argv[1], (uint32_t)atoi(argv[2]), &bufs[n], &bds[n]);
			jobs[i].sqe = &bds[n];
			jobs[i].q = q;
		}
		dev->model->run(ctx, jobs, batch);
		done += batch;
		ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	} while (ns < RUN_NS);
	for (i = 0; i < BUFS && i < done; i++)
		CHECK((bds[i].result & SEC2_RES_DONE) && bds[i].error_type == 0);
	dev->model->thread_fini(ctx);
	qm_queue_close(q);
	emu_device_close(dev);
	report(batch == 32 ? "model, batch 32" : "model, batch 64", argv, done, ns);
}

int
main(int argc, char **argv)
{
	CHECK(argc == 4);
	bench_model(argv, 32);
	bench_model(argv, 64);
	bench_queue(argv);
	return 0;
}
