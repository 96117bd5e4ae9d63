/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings: wrap, phase, credits, doorbells, order of soft requests, death. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "hisi_sec2.h"

static struct wd_device *dev;
static struct wd_session *sess;
static uint8_t data[64], iv[16];

static void
make_session(void)
{
	static const uint8_t key[16];
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_AES_CBC, .encrypt = 1, .iv_len = 16,
		.cipher_key = key, .cipher_key_len = 16};

	sess = aligned_alloc(WD_SESSION_ALIGN, (wd_session_size(dev) + 63) & ~63ul);
	CHECK_EQ(wd_session_init_crypto(dev, sess, (uintptr_t)sess, &x), 0);
}

static void
make_req(struct wd_req *r, uintptr_t tag)
{
	*r = (struct wd_req){.sess = sess, .tag = (void *)tag, .src = (uintptr_t)data,
		.dst = (uintptr_t)data, .iv = (uintptr_t)iv, .cipher_len = 16};
}

/* The device finishes its next n requests. */
static void
finish(struct fake_queue *f, unsigned int n)
{
	while (n-- != 0) {
		struct sec2_bd3 *bd = fake_sqe(f, f->head);

		bd->result = SEC2_RES_DONE;
		fake_cqe(f, f->head & (f->depth - 1));
	}
}

static uint32_t
db_index(const struct fake_queue *f, unsigned int cmd)
{
	uint64_t db = fake_doorbell(f, cmd);

	CHECK_EQ(HW_GET(HISI_QM_DB_QN, db), 5);
	CHECK_EQ(HW_GET(HISI_QM_DB_CMD, db), cmd);
	return HW_GET(HISI_QM_DB_INDEX, db);
}

/* Many laps with bursts of all sizes; tags come back in order, one SQ doorbell per burst. */
static void
test_wrap(void)
{
	uintptr_t in = 0, out = 0;
	struct wd_cpl cpls[32];
	struct wd_req reqs[32];
	struct wd_queue q;

	fake_request(&q, dev, 0, 0);
	CHECK_EQ(q.depth, 15);
	for (unsigned int lap = 0; lap < 200; lap++) {
		uint16_t n = lap % 20 + 1, taken, got;
		uint64_t rung = q.stats.sq_doorbells;

		for (uint16_t i = 0; i < n; i++)
			make_req(&reqs[i], in + i);
		taken = wd_submit(&q, reqs, n);
		CHECK_EQ(taken, n < 15 ? n : 15);
		in += taken;
		CHECK_EQ(q.stats.sq_doorbells, rung + 1);
		CHECK_EQ(db_index(fake_last, 0), in % 16);
		CHECK_EQ(wd_poll(&q, cpls, 32), 0);
		finish(fake_last, taken / 2);
		got = wd_poll(&q, cpls, 32);
		CHECK_EQ(got, taken / 2);
		for (uint16_t i = 0; i < got; i++)
			CHECK_EQ((uintptr_t)cpls[i].tag, out++);
		CHECK_EQ(wd_queue_outstanding(&q), taken - got);
		finish(fake_last, taken - taken / 2);
		/* One at a time for the rest. */
		while (wd_poll(&q, cpls, 1) == 1) {
			CHECK_EQ(cpls[0].status, WD_OK);
			CHECK_EQ((uintptr_t)cpls[0].tag, out++);
		}
		CHECK_EQ(in, out);
		/* All that was polled before the burst was told to the device with it. */
		CHECK_EQ(q.stats.cq_doorbells, lap);
		if (lap != 0)
			CHECK_EQ(db_index(fake_last, 1), (out - taken) % 16);
	}
	CHECK_EQ(q.stats.submitted, in);
	CHECK_EQ(q.stats.completed, in);
	wd_release_queue(&q);
}

/* The granted depth is honoured, and what it leaves over paces CQ doorbells. */
static void
test_depth(void)
{
	struct wd_cpl cpls[16];
	struct wd_req reqs[16];
	struct wd_queue q;

	fake_request(&q, dev, 0, 4);
	CHECK_EQ(q.depth, 4);
	for (int i = 0; i < 16; i++)
		make_req(&reqs[i], i);
	CHECK_EQ(wd_submit(&q, reqs, 16), 4);
	CHECK_EQ(wd_submit(&q, reqs, 16), 0);
	CHECK_EQ(q.stats.sq_doorbells, 1);
	finish(fake_last, 4);
	CHECK_EQ(wd_poll(&q, cpls, 16), 4);
	CHECK_EQ(q.stats.cq_doorbells, 0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(wd_submit(&q, reqs, 4), 4);
		finish(fake_last, 4);
		CHECK_EQ(wd_poll(&q, cpls, 16), 4);
	}
	CHECK_EQ(q.stats.cq_doorbells, 0);
	/* 15 slots, 4 of them for requests: the 12th unreported completion is one too many. */
	CHECK_EQ(wd_submit(&q, reqs, 4), 4);
	CHECK_EQ(q.stats.cq_doorbells, 1);
	CHECK_EQ(db_index(fake_last, 1), 12);
	wd_release_queue(&q);
}

static void
soft(struct wd_req *r, uintptr_t tag, uint8_t status)
{
	make_req(r, tag);
	r->flags = WD_REQ_DONE;
	r->status = status;
}

static void
test_soft_order(void)
{
	struct wd_cpl cpls[16];
	struct wd_req reqs[8];
	struct wd_queue q;

	fake_request(&q, dev, 0, 0);
	soft(&reqs[0], 0, WD_OK);
	make_req(&reqs[1], 1);
	make_req(&reqs[2], 2);
	reqs[2].cipher_len = 15; /* not a multiple of the block: softly refused */
	soft(&reqs[3], 3, WD_NO_SPACE);
	make_req(&reqs[4], 4);
	soft(&reqs[5], 5, WD_BAD_DATA);
	CHECK_EQ(wd_submit(&q, reqs, 6), 6);
	CHECK_EQ(db_index(fake_last, 0), 2);
	CHECK_EQ(wd_queue_outstanding(&q), 6);
	CHECK_EQ(wd_poll(&q, cpls, 16), 1);
	CHECK_EQ((uintptr_t)cpls[0].tag, 0);
	CHECK_EQ(cpls[0].status, WD_OK);
	finish(fake_last, 1);
	CHECK_EQ(wd_poll(&q, cpls, 2), 2);
	CHECK_EQ((uintptr_t)cpls[0].tag, 1);
	CHECK_EQ((uintptr_t)cpls[1].tag, 2);
	CHECK_EQ(cpls[1].status, WD_BAD_REQ);
	CHECK_EQ(wd_poll(&q, cpls, 16), 1);
	CHECK_EQ(cpls[0].status, WD_NO_SPACE);
	finish(fake_last, 1);
	CHECK_EQ(wd_poll(&q, cpls, 16), 2);
	CHECK_EQ((uintptr_t)cpls[0].tag, 4);
	CHECK_EQ(cpls[1].status, WD_BAD_DATA);
	CHECK_EQ(wd_queue_outstanding(&q), 0);

	/* Soft ones count against the depth, and ring no doorbell. */
	for (int i = 0; i < 8; i++)
		soft(&reqs[i], i, WD_OK);
	CHECK_EQ(q.stats.sq_doorbells, 1);
	CHECK_EQ(wd_submit(&q, reqs, 8), 8);
	CHECK_EQ(wd_submit(&q, reqs, 8), 7);
	CHECK_EQ(q.stats.sq_doorbells, 1);
	CHECK_EQ(wd_poll(&q, cpls, 16), 15);
	CHECK_EQ(q.stats.completed, 21);
	wd_release_queue(&q);
}

#define THREAD_QUEUES   400
#define THREAD_REQS     1000u

/* Both run at once where they can, and share the processor where they cannot. */
static void
nothing_yet(unsigned int *times)
{
	if (++*times % 1024 == 0)
		sched_yield();
}

static void *
submit_soft(void *queue)
{
	unsigned int idle = 0;
	struct wd_req req;
	uintptr_t tag = 1;

	while (tag <= THREAD_REQS) {
		soft(&req, tag, WD_NO_SPACE);
		if (wd_submit(queue, &req, 1) == 1)
			tag++;
		else
			nothing_yet(&idle);
	}
	return NULL;
}

static void
poll_soft(struct wd_queue *q)
{
	unsigned int idle = 0;
	struct wd_cpl cpls[2];
	uintptr_t tag = 1;
	uint16_t n;

	while (tag <= THREAD_REQS) {
		n = wd_poll(q, cpls, 2);
		for (uint16_t i = 0; i < n; i++) {
			CHECK_EQ((uintptr_t)cpls[i].tag, tag);
			CHECK_EQ(cpls[i].status, WD_NO_SPACE);
			tag++;
		}
		if (n == 0)
			nothing_yet(&idle);
	}
}

/*
 * One thread submits, another one polls: nothing is seen before it is there. Many queues, as memory
 * is slow the first time.
 */
static void
test_two_threads(void)
{
	struct wd_queue q;
	pthread_t thread;

	for (int i = 0; i < THREAD_QUEUES; i++) {
		fake_request(&q, dev, 0, 0);
		CHECK_EQ(pthread_create(&thread, NULL, submit_soft, &q), 0);
		poll_soft(&q);
		CHECK_EQ(pthread_join(thread, NULL), 0);
		CHECK_EQ(wd_queue_outstanding(&q), 0);
		wd_release_queue(&q);
	}
}

static void
check_lost(struct wd_queue *q, uintptr_t first, unsigned int n)
{
	struct wd_cpl cpl;
	struct wd_req r;

	make_req(&r, 99);
	CHECK_EQ(wd_submit(q, &r, 1), 0);
	while (n-- != 0) {
		CHECK_EQ(wd_poll(q, &cpl, 1), 1);
		CHECK_EQ((uintptr_t)cpl.tag, first++);
		CHECK_EQ(cpl.status, WD_DEV_LOST);
	}
	CHECK_EQ(wd_poll(q, &cpl, 1), 0);
	CHECK_EQ(wd_queue_alive(q), 0);
	CHECK_EQ(wd_queue_outstanding(q), 0);
	CHECK_EQ(q->stats.submitted, q->stats.completed);
	CHECK_EQ(wd_recv(q, &(void *){0}), -ENODEV);
	CHECK_EQ(wd_send(q, &r), -ENODEV);
}

static void
submit_mixed(struct wd_queue *q)
{
	struct wd_req reqs[5];

	for (int i = 0; i < 5; i++)
		make_req(&reqs[i], i);
	reqs[2].flags = WD_REQ_DONE;
	CHECK_EQ(wd_submit(q, reqs, 5), 5);
}

static void
test_death(void)
{
	struct wd_cpl cpls[8];
	struct wd_queue q;
	struct wd_req r;

	/* Stop words: TX refuses before RX tells that completions are void. */
	fake_request(&q, dev, 0, 0);
	submit_mixed(&q);
	fake_stop(fake_last, true, false);
	make_req(&r, 5);
	CHECK_EQ(wd_submit(&q, &r, 1), 0);
	check_lost(&q, 0, 5);
	wd_release_queue(&q);

	/* RX, with completions of which nothing may be believed any more. */
	fake_request(&q, dev, 0, 0);
	submit_mixed(&q);
	finish(fake_last, 4);
	fake_stop(fake_last, true, true);
	check_lost(&q, 0, 5);
	wd_release_queue(&q);

	/* A slot whose turn it is not, after two good completions; with a soft one between. */
	fake_request(&q, dev, 0, 0);
	submit_mixed(&q);
	finish(fake_last, 2);
	fake_cqe(fake_last, 3);
	CHECK_EQ(wd_poll(&q, cpls, 8), 3);
	CHECK_EQ(cpls[1].status, WD_OK);
	check_lost(&q, 3, 2);
	wd_release_queue(&q);

	/* The same on the fast path, with an index outside of the ring. */
	fake_request(&q, dev, 0, 0);
	make_req(&r, 0);
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	fake_cqe(fake_last, 0xfff0);
	CHECK_EQ(wd_poll(&q, cpls, 8), 0);
	check_lost(&q, 0, 1);
	wd_release_queue(&q);

	/* A completion of nothing is not looked at. */
	fake_request(&q, dev, 0, 0);
	fake_cqe(fake_last, 0);
	CHECK_EQ(wd_poll(&q, cpls, 8), 0);
	CHECK_EQ(wd_queue_alive(&q), 1);
	wd_release_queue(&q);
}

/* The specification's single calls, and waiting. */
static void
test_single(void)
{
	struct wd_queue q;
	struct wd_req r;
	void *tag;

	fake_request(&q, dev, 0, 2);
	make_req(&r, 1);
	CHECK_EQ(wd_recv(&q, &tag), -EAGAIN);
	CHECK_EQ(wd_send(&q, &r), 0);
	CHECK_EQ(wd_send(&q, &r), 0);
	CHECK_EQ(wd_send(&q, &r), -EBUSY);
	finish(fake_last, 2);
	CHECK_EQ(wd_recv(&q, &tag), 0);
	CHECK_EQ((uintptr_t)tag, 1);
	CHECK_EQ(wd_recv_sync(&q, &tag), 0);
	/* Nobody waits for nothing. */
	CHECK_EQ(wd_recv_sync(&q, &tag), -EAGAIN);
	CHECK_EQ(fake_last->waits, 0);
	r.cipher_len = 3;
	CHECK_EQ(wd_send(&q, &r), 0);
	CHECK_EQ(wd_recv(&q, &tag), -EINVAL);
	/* The device goes away while waiting. */
	make_req(&r, 7);
	CHECK_EQ(wd_send(&q, &r), 0);
	fake_last->wait_result = -ENODEV;
	CHECK_EQ(wd_recv_sync(&q, &tag), -EIO);
	CHECK_EQ((uintptr_t)tag, 7);
	CHECK_EQ(wd_recv_sync(&q, &tag), -ENODEV);
	CHECK_EQ(fake_last->waits, 1);
	CHECK_EQ(HW_GET(HISI_QM_DB_PRIO, fake_doorbell(fake_last, 1)), 1);
	wd_release_queue(&q);

	fake_request(&q, dev, 0, 2);
	make_req(&r, 7);
	CHECK_EQ(wd_send(&q, &r), 0);
	fake_last->wait_result = -ENODEV;
	wd_flush(&q);
	CHECK_EQ(wd_queue_outstanding(&q), 0);
	CHECK_EQ(wd_queue_alive(&q), 0);
	wd_release_queue(&q);
}

static void
test_doze(void)
{
	struct wd_queue q;
	struct wd_req r;

	fake_cfg.doze = true;
	fake_request(&q, dev, 0, 0);
	make_req(&r, 0);
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(fake_last->woken, 0);
	fake_last->dozing = 1;
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(fake_last->woken, 1);
	wd_release_queue(&q);
	fake_cfg.doze = false;
}

/* Hardware has one register for both commands. */
static void
test_one_register(void)
{
	struct wd_cpl cpls[16];
	struct wd_device *old = dev;
	struct wd_req reqs[15];
	struct wd_queue q;

	fake_cfg.flags = WD_DEV_SVA;
	dev = fake_open("sec2");
	fake_request(&q, dev, 0, 0);
	for (int i = 0; i < 15; i++)
		make_req(&reqs[i], i);
	CHECK_EQ(wd_submit(&q, reqs, 15), 15);
	CHECK_EQ(HW_GET(HISI_QM_DB_INDEX, fake_doorbell(fake_last, 0)), 15);
	finish(fake_last, 15);
	CHECK_EQ(wd_poll(&q, cpls, 16), 15);
	CHECK_EQ(wd_submit(&q, reqs, 3), 3);
	CHECK_EQ(q.stats.cq_doorbells, 1);
	/* The SQ command is the one that stays. */
	CHECK_EQ(HW_GET(HISI_QM_DB_CMD, fake_doorbell(fake_last, 0)), 0);
	CHECK_EQ(HW_GET(HISI_QM_DB_INDEX, fake_doorbell(fake_last, 0)), 2);
	fake_last->wait_result = -ENODEV;
	wd_flush(&q);
	CHECK_EQ(q.stats.cq_doorbells, 2);
	CHECK_EQ(HW_GET(HISI_QM_DB_CMD, fake_doorbell(fake_last, 0)), 0);
	wd_release_queue(&q);
	CHECK_EQ(wd_device_close(dev), 0);
	fake_cfg.flags |= WD_DEV_DB_SLOTS;
	dev = old;
}

static void
test_bad_geometry(void)
{
	struct wd_queue q = {.dev = dev, .numa_node = -1};

	fake_cfg.depth = 12;
	CHECK_EQ(wd_request_queue(&q), -EPROTO);
	fake_cfg.depth = 16;
	q.type = 1;
	CHECK_EQ(wd_request_queue(&q), -EINVAL);
}

static void
test_instances(void)
{
	struct wd_queue q[5];

	for (int i = 0; i < 4; i++)
		fake_request(&q[i], dev, 0, 0);
	q[4] = (struct wd_queue){.dev = dev, .numa_node = -1};
	CHECK_EQ(wd_request_queue(&q[4]), -EBUSY);
	CHECK_EQ(wd_device_close(dev), -EBUSY);
	for (int i = 0; i < 4; i++)
		wd_release_queue(&q[i]);
}

int
main(void)
{
	dev = fake_open("sec2");
	make_session();
	test_wrap();
	test_depth();
	test_soft_order();
	test_two_threads();
	test_death();
	test_single();
	test_doze();
	test_one_register();
	test_bad_geometry();
	test_instances();
	wd_session_fini(dev, sess);
	free(sess);
	CHECK_EQ(wd_device_close(dev), 0);
	return 0;
}
