/* SPDX-License-Identifier: BSD-3-Clause */
/* libwd's virtio-crypto driver on the model, step by step: rings, orders, faults, limits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "model.h"

#define ROOM    (4ul << 20)

static struct wd_device *dev;
static uint8_t *mem;            /* ROOM bytes that the device reaches */
static struct wd_session *sess; /* AES-CBC */
static struct vcm_cfg plain;    /* the configuration to come back to */

static const uint8_t key[64] = "0123456789abcdef0123456789ABCDEFfedcba9876543210FEDCBA987654321";

static uint64_t
at(size_t offset)
{
	uint64_t a = wd_dev_addr(dev, mem + offset, 1);

	CHECK(a != UINT64_MAX);
	return a;
}

static void
open_device(void)
{
	char err[256] = "";

	if (wd_device_open_transport(&vcm_transport, "", "virtio_crypto", NULL, &dev, err,
		sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	CHECK_EQ(wd_device_share(dev, mem, ROOM, -1, 0), 0);
}

static void
close_device(void)
{
	CHECK(vcm_last->complaint[0] == '\0');
	CHECK_EQ(vcm_live_sessions(vcm_last), 0);
	CHECK_EQ(wd_device_close(dev), 0);
	vcm_cfg = plain;
}

static struct wd_session *
session(const struct wd_crypto_xform *x)
{
	struct wd_session *s = aligned_alloc(WD_SESSION_ALIGN, wd_session_size(dev));

	CHECK_EQ(wd_session_init_crypto(dev, s, WD_SESSION_ALIGN, x), 0);
	return s;
}

static void
end_session(struct wd_session *s)
{
	wd_session_fini(dev, s);
	free(s);
}

static const struct wd_crypto_xform cbc = {.cipher = WD_CIPHER_AES_CBC, .encrypt = 1,
	.iv_len = 16, .cipher_key = key, .cipher_key_len = 16};

static struct vcm_queue *
request_queue(struct wd_queue *q, uint16_t depth)
{
	*q = (struct wd_queue){.dev = dev, .numa_node = -1, .depth = depth};
	CHECK_EQ(wd_request_queue(q), 0);
	for (int i = 0; i < VCM_QUEUES; i++)
		if (vcm_last->queues[i].started && vcm_last->queues[i].seen == 0)
			return &vcm_last->queues[i];
	abort();
}

static void
make_req(struct wd_req *r, uintptr_t tag)
{
	*r = (struct wd_req){.sess = sess, .tag = (void *)tag, .src = at(4096),
		.dst = at(4096), .iv = at(64), .cipher_len = 16};
}

static uint16_t
doorbell(struct vcm_queue *m)
{
	uint16_t *bell = (void *)(m->mmio + VCM_DOORBELL), v = *bell;

	*bell = VCM_SILENT;
	return v;
}

static void
set_no_notify(struct vcm_queue *m, bool on)
{
	size_t off = m->dev->cfg.ring_size * sizeof(struct vring_desc) +
		VRING_AVAIL_SIZE(m->dev->cfg.ring_size);

	((struct vring_used *)(void *)(m->dus + (off + 63) / 64 * 64))->flags =
		on ? VRING_USED_NO_NOTIFY : 0;
}

/* ------------------------------------------------------------------ the usual */

/*
 * A flat cipher request is four elements, or five where the IV cannot be read, and a burst rings
 * once, if the device wants to be told.
 */
static void
test_request(void)
{
	static struct vcm_req req;
	uint8_t iv[16] = "as it was before";
	struct vcm_queue *m;
	struct wd_req r[3];
	struct wd_cpl c[4];
	struct wd_queue q;

	m = request_queue(&q, 0);
	for (int i = 0; i < 3; i++)
		make_req(&r[i], i);
	r[1].cipher_off = 32;
	r[1].dst = at(8192);
	r[2].iv_va = iv;
	CHECK_EQ(wd_submit(&q, r, 3), 3);
	memset(iv, 0x55, sizeof(iv));
	CHECK_EQ(doorbell(m), m->index);
	CHECK_EQ(q.stats.sq_doorbells, 1);
	CHECK(vcm_take(m, &req));
	vcm_serve(m, &req, 0);
	vcm_complete(m, req.id);
	CHECK(vcm_take(m, &req));
	CHECK_EQ(req.n_out, 3);
	CHECK_EQ(req.n_in, 2);
	CHECK_EQ(req.out[0].len, sizeof(struct vcrypto_op));
	CHECK(req.out[1].va == mem + 64 && req.out[1].len == 16);
	CHECK(req.out[2].va == mem + 4096 + 32 && req.out[2].len == 16);
	CHECK(req.in[0].va == mem + 8192 + 32 && req.in[0].len == 16);
	CHECK_EQ(req.in[1].len, 1);
	vcm_serve(m, &req, 0);
	vcm_complete(m, req.id);
	CHECK(vcm_take(m, &req));
	if (vcm_cfg.features & VRING_F_INDIRECT_DESC) {
		CHECK_EQ(req.n_out, 2);
		CHECK_EQ(req.out[0].len, sizeof(struct vcrypto_op) + 16);
		CHECK(memcmp((char *)req.out[0].va + sizeof(struct vcrypto_op),
			"as it was before", 16) == 0);
	} else {
		CHECK_EQ(req.n_out, 3);
		CHECK(req.out[1].va == mem + 64 && req.out[1].len == 16);
	}
	CHECK_EQ(req.n_in, 2);
	vcm_serve(m, &req, 0);
	vcm_complete(m, req.id);
	CHECK_EQ(wd_poll(&q, c, 4), 3);
	CHECK_EQ(c[1].status, WD_OK);
	CHECK_EQ(doorbell(m), VCM_SILENT);
	set_no_notify(m, true);
	CHECK_EQ(wd_submit(&q, r, 3), 3);
	CHECK_EQ(doorbell(m), VCM_SILENT);
	CHECK_EQ(q.stats.sq_doorbells, 1);
	CHECK_EQ(vcm_work(m, 9), 3);
	CHECK_EQ(wd_poll(&q, c, 4), 3);
	wd_release_queue(&q);
}

/* Many laps of all rings; more than 65,536 requests, so that their indexes wrap. */
static void
test_wrap(bool shuffle)
{
	uintptr_t in = 0, out = 0;
	struct wd_cpl cpls[128];
	struct wd_req reqs[128];
	struct vcm_queue *m;
	struct wd_queue q;

	vcm_last->cfg.shuffle = shuffle;
	m = request_queue(&q, 0);
	for (uint32_t lap = 0; in < 70000; lap++) {
		uint16_t n = lap % 100 + 1, taken, got;

		for (uint16_t i = 0; i < n; i++)
			make_req(&reqs[i], in + i);
		taken = wd_submit(&q, reqs, n);
		in += taken;
		CHECK(taken == n || in - out == q.depth);
		vcm_work(m, lap * 7 % 90);
		got = wd_poll(&q, cpls, lap % 5 == 0 ? 3 : 128);
		for (uint16_t i = 0; i < got; i++) {
			CHECK_EQ((uintptr_t)cpls[i].tag, out++);
			CHECK_EQ(cpls[i].status, WD_OK);
		}
		CHECK_EQ(wd_queue_outstanding(&q), in - out);
	}
	vcm_work(m, 1000);
	while (wd_poll(&q, cpls, 128) != 0)
		;
	CHECK_EQ(wd_queue_outstanding(&q), 0);
	CHECK_EQ(q.stats.submitted, q.stats.completed);
	wd_release_queue(&q);
	vcm_last->cfg.shuffle = false;
}

static void
test_depth(void)
{
	struct wd_req reqs[64];
	struct vcm_queue *m;
	struct wd_cpl c[64];
	struct wd_queue q;

	m = request_queue(&q, 5);
	CHECK_EQ(q.depth, 5);
	for (int i = 0; i < 64; i++)
		make_req(&reqs[i], i);
	reqs[1].flags = WD_REQ_DONE;
	CHECK_EQ(wd_submit(&q, reqs, 64), 5);
	CHECK_EQ(wd_submit(&q, reqs, 64), 0);
	CHECK_EQ(vcm_work(m, 64), 4);
	CHECK_EQ(wd_poll(&q, c, 64), 5);
	wd_release_queue(&q);
}

/* ------------------------------------------------------------------ order */

static void
test_order(void)
{
	static struct vcm_req req[8];
	struct wd_req r[8];
	struct vcm_queue *m;
	struct wd_cpl c[8];
	struct wd_queue q;

	m = request_queue(&q, 0);
	for (int i = 0; i < 8; i++)
		make_req(&r[i], i);
	r[0].flags = WD_REQ_DONE;
	r[0].status = WD_BAD_DATA;
	r[3].cipher_len = 15;   /* no multiple of a block */
	r[7].flags = WD_REQ_DONE;
	r[7].status = WD_OK;
	CHECK_EQ(wd_submit(&q, r, 8), 8);
	for (int i = 0; i < 5; i++) {
		CHECK(vcm_take(m, &req[i]));
		vcm_serve(m, &req[i], i == 1 ? VCRYPTO_ERR : 0);
	}
	CHECK(!vcm_take(m, &req[5]));
	CHECK_EQ(wd_poll(&q, c, 8), 1);
	CHECK_EQ(c[0].status, WD_BAD_DATA);
	/* Requests 2, 4 and 1 are done in that order; 5 and 6 are not. */
	vcm_complete(m, req[1].id);
	vcm_complete(m, req[2].id);
	CHECK_EQ(wd_poll(&q, c, 8), 0);
	vcm_complete(m, req[0].id);
	CHECK_EQ(wd_poll(&q, c, 2), 2);
	CHECK(c[0].tag == (void *)1 && c[1].tag == (void *)2);
	CHECK(c[0].status == WD_OK && c[1].status == WD_HW_ERROR && c[1].hw_status == VCRYPTO_ERR);
	CHECK_EQ(wd_poll(&q, c, 8), 2);
	CHECK(c[0].tag == (void *)3 && c[0].status == WD_BAD_REQ && c[1].tag == (void *)4);
	vcm_complete(m, req[4].id);
	CHECK_EQ(wd_poll(&q, c, 8), 0);
	vcm_complete(m, req[3].id);
	CHECK_EQ(wd_poll(&q, c, 8), 3);
	CHECK(c[0].tag == (void *)5 && c[1].tag == (void *)6 && c[2].tag == (void *)7);
	CHECK_EQ(wd_queue_outstanding(&q), 0);
	wd_release_queue(&q);
}

static void
test_status(void)
{
	static const struct {
		uint8_t device, wd;
	} all[] = {{VCRYPTO_ERR, WD_HW_ERROR}, {VCRYPTO_BADMSG, WD_AUTH_FAILED},
		{VCRYPTO_NOTSUPP, WD_BAD_REQ}, {VCRYPTO_INVSESS, WD_BAD_REQ},
		{VCRYPTO_NOSPC, WD_HW_ERROR}, {0xff, WD_HW_ERROR}, {99, WD_HW_ERROR}};
	static struct vcm_req req;
	struct vcm_queue *m;
	struct wd_queue q;
	struct wd_cpl c;
	struct wd_req r;

	m = request_queue(&q, 0);
	make_req(&r, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK_EQ(wd_submit(&q, &r, 1), 1);
		CHECK(vcm_take(m, &req));
		vcm_serve(m, &req, all[i].device);
		vcm_complete(m, req.id);
		CHECK_EQ(wd_poll(&q, &c, 1), 1);
		CHECK_EQ(c.status, all[i].wd);
		CHECK_EQ(c.hw_status, all[i].device);
	}
	/* A device that says done and has written nothing. */
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK(vcm_take(m, &req));
	vcm_complete(m, req.id);
	CHECK_EQ(wd_poll(&q, &c, 1), 1);
	CHECK_EQ(c.status, WD_HW_ERROR);
	wd_release_queue(&q);
}

/* ------------------------------------------------------------------ death */

static void
check_lost(struct wd_queue *q, uintptr_t first, unsigned int n)
{
	struct wd_cpl c;
	struct wd_req r;

	while (n-- != 0) {
		CHECK_EQ(wd_poll(q, &c, 1), 1);
		CHECK_EQ((uintptr_t)c.tag, first++);
		CHECK_EQ(c.status, WD_DEV_LOST);
	}
	CHECK_EQ(wd_poll(q, &c, 1), 0);
	CHECK_EQ(wd_queue_alive(q), 0);
	CHECK_EQ(wd_queue_outstanding(q), 0);
	make_req(&r, 99);
	CHECK_EQ(wd_submit(q, &r, 1), 0);
	CHECK_EQ(wd_recv(q, &(void *){0}), -ENODEV);
	wd_release_queue(q);
}

static struct vcm_queue *
submit_mixed(struct wd_queue *q)
{
	struct vcm_queue *m = request_queue(q, 0);
	struct wd_req r[6];

	for (int i = 0; i < 6; i++)
		make_req(&r[i], i);
	r[2].flags = WD_REQ_DONE;
	CHECK_EQ(wd_submit(q, r, 6), 6);
	return m;
}

/* Ids that nothing in flight has: a queue dies of any of them. */
static void
test_wild_ids(uint32_t other)
{
	const uint32_t wild[] = {64, 0xfff0, UINT32_MAX, other};
	struct vcm_queue *m;
	struct wd_queue q;
	struct wd_cpl c[8];

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		m = submit_mixed(&q);
		CHECK_EQ(vcm_work(m, 1), 1);
		vcm_complete(m, wild[i]);
		CHECK_EQ(wd_poll(&q, c, 8), 1);
		check_lost(&q, 1, 5);
	}
	m = submit_mixed(&q);
	vcm_complete(m, other);
	CHECK_EQ(wd_poll(&q, c, 8), 0);
	check_lost(&q, 0, 6);
}

static void
test_death(void)
{
	static struct vcm_req req[5];
	struct vcm_queue *m;
	struct wd_queue q;
	struct wd_cpl c[8];
	struct wd_req r;

	/* The state word: before a submit, and before a poll that has completions to read. */
	m = submit_mixed(&q);
	vcm_die(vcm_last, UACCE_VC_STATE_GONE);
	make_req(&r, 6);
	CHECK_EQ(wd_submit(&q, &r, 1), 0);
	check_lost(&q, 0, 6);
	vcm_new_epoch(vcm_last);
	m = submit_mixed(&q);
	CHECK_EQ(vcm_work(m, 3), 3);
	vcm_die(vcm_last, UACCE_VC_STATE_FAILED);
	check_lost(&q, 0, 6);
	vcm_new_epoch(vcm_last);

	/* One is done twice. */
	m = submit_mixed(&q);
	for (int i = 0; i < 3; i++) {
		CHECK(vcm_take(m, &req[i]));
		vcm_serve(m, &req[i], 0);
	}
	vcm_complete(m, req[2].id);
	vcm_complete(m, req[2].id);
	vcm_complete(m, req[0].id);
	CHECK_EQ(wd_poll(&q, c, 8), 0);
	check_lost(&q, 0, 6);
	/* More than there are. */
	m = submit_mixed(&q);
	CHECK_EQ(vcm_work(m, 1), 1);
	CHECK_EQ(wd_poll(&q, c, 1), 1);
	for (int i = 0; i < 5; i++)
		vcm_complete(m, i);
	CHECK_EQ(wd_poll(&q, c, 8), 0);
	check_lost(&q, 1, 5);
	/* One of nothing at all. */
	m = request_queue(&q, 0);
	vcm_complete(m, 0);
	CHECK_EQ(wd_poll(&q, c, 8), 0);
	check_lost(&q, 0, 0);
}

/* ------------------------------------------------------------------ pieces */

static void
seg_list(struct wd_seg *segs, unsigned int n, size_t offset, uint32_t len)
{
	for (unsigned int i = 0; i < n; i++)
		segs[i] = (struct wd_seg){.addr = at(offset + 48 * i), .len = len};
}

/* Out of big tables, or descriptors: a shorter prefix, and the rest when there are some again. */
static void
test_pieces(void)
{
	const struct wd_caps *caps = wd_device_caps(dev);
	struct wd_seg *segs = calloc(caps->max_segs + 1, sizeof(*segs));
	struct wd_req r[64];
	struct wd_cpl c[64];
	struct vcm_queue *m;
	struct wd_queue q;
	uint16_t taken;

	m = request_queue(&q, 0);
	CHECK(caps->max_segs >= 20);
	seg_list(segs, caps->max_segs, 4096, 16);
	for (int i = 0; i < 64; i++) {
		make_req(&r[i], i);
		r[i].src_list = segs;
		r[i].src_segs = caps->max_segs;
		r[i].dst_list = NULL;
		r[i].cipher_len = 16 * caps->max_segs;
	}
	for (int round = 0; round < 3; round++) {
		taken = wd_submit(&q, r, 64);
		CHECK(taken > 0 && taken < 64);
		CHECK_EQ(wd_submit(&q, r + taken, 1), 0);
		CHECK_EQ(vcm_work(m, 1), 1);
		CHECK_EQ(wd_poll(&q, c, 64), 1);
		CHECK_EQ(wd_submit(&q, r + taken, 1), 1);
		CHECK_EQ(vcm_work(m, 64), taken);
		CHECK_EQ(wd_poll(&q, c, 64), taken);
		CHECK_EQ(c[0].status, WD_OK);
	}
	/* Too many; too short; behind them all is as ever. */
	r[0].src_segs = caps->max_segs + 1;
	segs[caps->max_segs] = segs[0];
	r[1].cipher_len += 16;
	r[2].src_segs = 1;
	r[2].cipher_len = 16;
	CHECK_EQ(wd_submit(&q, r, 3), 3);
	CHECK(vcm_work(m, 64) >= 1);
	CHECK_EQ(wd_poll(&q, c, 64), 3);
	CHECK(c[1].status == WD_BAD_REQ && c[2].status == WD_OK);
	wd_release_queue(&q);
	free(segs);
}

static void
test_limits(void)
{
	struct vcm_queue *m;
	struct wd_queue q;
	struct wd_cpl c[8];
	struct wd_req r[5];

	vcm_cfg.max_size = 10000;
	open_device();
	sess = session(&cbc);
	CHECK_EQ(wd_device_caps(dev)->max_len, 5000);
	m = request_queue(&q, 0);
	for (int i = 0; i < 5; i++)
		make_req(&r[i], i);
	r[1].cipher_len = 4992;                 /* 16 + 2 * 4992 = 10000: just so */
	r[2].cipher_len = 5008;
	r[3].cipher_len = 0;
	CHECK_EQ(wd_submit(&q, r, 5), 5);
	CHECK_EQ(vcm_work(m, 9), 3);
	CHECK_EQ(wd_poll(&q, c, 8), 5);
	CHECK(c[1].status == WD_OK && c[2].status == WD_BAD_REQ && c[3].status == WD_BAD_REQ &&
		c[4].status == WD_OK);
	wd_release_queue(&q);
	end_session(sess);
	close_device();
}

/* ------------------------------------------------------------------ sessions and capabilities */

static void
test_sessions(void)
{
	struct wd_session *other, *s;
	struct wd_crypto_xform x = cbc;
	struct wd_device *first, *second;
	struct vcm_dev *m_first, *m_second;
	struct vcm_queue *m;
	struct wd_queue q;
	struct wd_cpl c;
	struct wd_req r;

	open_device();
	sess = session(&cbc);
	first = dev;
	m_first = vcm_last;
	x.cipher_key_len = 17;
	s = aligned_alloc(64, wd_session_size(dev));
	CHECK_EQ(wd_session_init_crypto(dev, s, 64, &x), -EINVAL);
	x.cipher_key_len = 16;
	x.iv_len = 8;
	CHECK_EQ(wd_session_init_crypto(dev, s, 64, &x), -EINVAL);
	x = cbc;
	x.cipher = WD_CIPHER_SM4_CBC;
	CHECK_EQ(wd_session_init_crypto(dev, s, 64, &x), -ENOTSUP);
	free(s);
	CHECK_EQ(vcm_live_sessions(vcm_last), 1);

	/* Of another device: its number may well be in use here. */
	open_device();
	other = session(&cbc);
	second = dev;
	m_second = vcm_last;
	make_req(&r, 0);
	r.sess = other;
	dev = first;
	vcm_last = m_first;
	m = request_queue(&q, 0);
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(vcm_work(m, 1), 0);
	CHECK_EQ(wd_poll(&q, &c, 1), 1);
	CHECK_EQ(c.status, WD_BAD_REQ);
	wd_release_queue(&q);

	/* A reset: the next queue brings the sessions back, the dead one takes nothing. */
	m = request_queue(&q, 0);
	make_req(&r, 0);
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	vcm_die(vcm_last, UACCE_VC_STATE_FAILED);
	CHECK_EQ(wd_poll(&q, &c, 1), 1);
	CHECK_EQ(c.status, WD_DEV_LOST);
	vcm_new_epoch(vcm_last);
	wd_release_queue(&q);
	CHECK_EQ(vcm_live_sessions(vcm_last), 0);
	m = request_queue(&q, 0);
	CHECK_EQ(vcm_live_sessions(vcm_last), 1);
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(vcm_work(m, 1), 1);
	CHECK_EQ(wd_poll(&q, &c, 1), 1);
	CHECK_EQ(c.status, WD_OK);
	wd_release_queue(&q);
	end_session(sess);
	close_device();
	dev = second;
	vcm_last = m_second;
	end_session(other);
	close_device();
}

static void
test_caps(void)
{
	const struct wd_caps *caps;

	open_device();
	caps = wd_device_caps(dev);
	CHECK_EQ(caps->ciphers, 1u << WD_CIPHER_AES_ECB | 1u << WD_CIPHER_AES_CBC |
		1u << WD_CIPHER_AES_CTR | 1u << WD_CIPHER_AES_XTS | 1u << WD_CIPHER_DES_ECB |
		1u << WD_CIPHER_DES_CBC | 1u << WD_CIPHER_3DES_ECB | 1u << WD_CIPHER_3DES_CBC);
	CHECK_EQ(__builtin_popcountll(caps->auths), 13);
	CHECK_EQ(caps->aeads, 1u << WD_AEAD_AES_GCM);
	CHECK(caps->flags & WD_CAP_CHAIN);
	CHECK_EQ(caps->max_len, 1 << 19);
	close_device();

	/* What QEMU 7.2 with its own backend says. */
	vcm_cfg.services = 0x17;
	vcm_cfg.cipher_algo = 1 << VCRYPTO_CIPHER_AES_CBC;
	vcm_cfg.hash_algo = 1 << VCRYPTO_HASH_SHA1;
	vcm_cfg.mac_algo = 0;
	vcm_cfg.aead_algo = 0;
	vcm_cfg.max_size = 0x7fffffffffffffe7;
	vcm_cfg.like_qemu = true;
	open_device();
	caps = wd_device_caps(dev);
	CHECK_EQ(caps->ciphers, 1u << WD_CIPHER_AES_CBC);
	CHECK_EQ(caps->auths, 0);
	CHECK_EQ(caps->aeads, 0);
	CHECK(!(caps->flags & WD_CAP_CHAIN));
	CHECK_EQ(caps->max_len, 1 << 24);
	close_device();

	/* Algorithms of a service that is not there; keys longer than the device takes. */
	vcm_cfg.services = 1 << VCRYPTO_SERVICE_CIPHER;
	vcm_cfg.max_cipher_key_len = 32;
	open_device();
	caps = wd_device_caps(dev);
	CHECK(caps->auths == 0 && caps->aeads == 0);
	CHECK(!(caps->ciphers & 1u << WD_CIPHER_AES_XTS));
	CHECK(caps->ciphers & 1u << WD_CIPHER_AES_CBC);
	close_device();
}

static void
test_geometry(void)
{
	struct wd_queue q;

	vcm_cfg.features |= VRING_F_EVENT_IDX;
	open_device();
	q = (struct wd_queue){.dev = dev, .numa_node = -1};
	CHECK_EQ(wd_request_queue(&q), -EPROTO);
	close_device();
	/* Little room beside the rings: fewer slots, and no big tables. */
	vcm_cfg.room = 16 * 1024;
	open_device();
	CHECK_EQ(wd_device_caps(dev)->max_depth, 16);
	sess = session(&cbc);
	test_wrap(false);
	test_wrap(true);
	end_session(sess);
	close_device();
	vcm_cfg.room = 512;
	CHECK(wd_device_open_transport(&vcm_transport, "", "crypto", NULL, &dev, NULL, 0) < 0);
	vcm_cfg = plain;
}

/* Waiting: the device interrupts when it is asked to, and else not. */
static void
test_wait(void)
{
	struct vcm_queue *m;
	struct wd_queue q;
	struct wd_cpl c;
	struct wd_req r;
	void *tag;

	vcm_cfg.thread = true;
	open_device();
	sess = session(&cbc);
	m = request_queue(&q, 0);
	make_req(&r, 0);
	for (uintptr_t i = 1; i < 200; i++) {
		r.tag = (void *)i;
		CHECK_EQ(wd_send(&q, &r), 0);
		CHECK_EQ(wd_recv_sync(&q, &tag), 0);
		CHECK_EQ((uintptr_t)tag, i);
	}
	CHECK(m->waits > 0);
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	while (wd_poll(&q, &c, 1) == 0)
		;
	m->wakes = 0;
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(wd_submit(&q, &r, 1), 1);
		while (wd_poll(&q, &c, 1) == 0)
			;
	}
	CHECK_EQ(m->wakes, 0);
	wd_release_queue(&q);
	end_session(sess);
	close_device();
}

static void
test_all(void)
{
	open_device();
	sess = session(&cbc);
	test_wrap(false);
	test_wrap(true);
	test_order();
	test_status();
	test_pieces();
	end_session(sess);
	close_device();
}

int
main(void)
{
	mem = aligned_alloc(1 << 21, ROOM);
	memset(mem, 0, ROOM);
	plain = vcm_cfg;
	test_caps();
	open_device();
	sess = session(&cbc);
	test_request();
	test_depth();
	test_death();
	test_wild_ids(63);      /* of no request */
	end_session(sess);
	close_device();
	vcm_cfg.features &= ~VRING_F_INDIRECT_DESC;
	open_device();
	sess = session(&cbc);
	test_death();
	test_wild_ids(1);       /* in the middle of a chain */
	end_session(sess);
	close_device();
	test_sessions();
	test_all();
	vcm_cfg.features &= ~VRING_F_INDIRECT_DESC;
	test_all();
	vcm_cfg.noiommu = true;
	test_all();
	vcm_cfg.noiommu = true;
	vcm_cfg.features &= ~VRING_F_INDIRECT_DESC;
	test_all();
	test_limits();
	test_geometry();
	test_wait();
	free(mem);
	return 0;
}
