/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The specification's eight calls with a device behind them: queues that the library finds by
 * algorithm (no argument), or on a device (arguments: its options, its name).
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define REQUESTS 2000

static uint8_t key[16], want[1024];

/* What the device touches: static shared memory, unless it sees all of the process. */
static struct data {
	uint8_t sess[2048] __attribute__((aligned(WD_SESSION_ALIGN)));
	uint8_t iv[16], text[1024], out[REQUESTS][1024];
} *data;

static struct wd_session *
make_session(struct wd_device *dev)
{
	struct wd_session *s = (void *)data->sess;
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_AES_CBC, .encrypt = 1, .iv_len = 16,
		.cipher_key = key, .cipher_key_len = 16};

	CHECK(wd_session_size(dev) <= sizeof(data->sess));
	CHECK_EQ(wd_session_init_crypto(dev, s, wd_dev_addr(dev, s, sizeof(data->sess)), &x), 0);
	return s;
}

static void
reference(void)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	CHECK_EQ(EVP_EncryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, data->iv), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	CHECK_EQ(EVP_EncryptUpdate(ctx, want, &n, data->text, sizeof(data->text)), 1);
	EVP_CIPHER_CTX_free(ctx);
}

static void
run(struct wd_queue *q)
{
	struct wd_session *s = make_session(q->dev);
	uintptr_t sent = 0, got = 0;
	struct wd_req r = {.sess = s,
		.src = wd_dev_addr(q->dev, data->text, sizeof(data->text)),
		.iv = wd_dev_addr(q->dev, data->iv, sizeof(data->iv)),
		.cipher_len = sizeof(data->text)};
	void *tag;
	int ret;

	CHECK_EQ(wd_recv(q, &tag), -EAGAIN);
	/* More than fit: the queue says when it is full, waiting makes room. */
	while (sent < REQUESTS) {
		r.dst = wd_dev_addr(q->dev, data->out[sent], sizeof(data->out[0]));
		r.tag = (void *)(sent + 1);
		ret = wd_send(q, &r);
		if (ret == 0) {
			sent++;
			continue;
		}
		CHECK_EQ(ret, -EBUSY);
		CHECK_EQ(wd_queue_outstanding(q), q->depth);
		CHECK_EQ(wd_recv_sync(q, &tag), 0);
		CHECK_EQ((uintptr_t)tag, ++got);
	}
	while (got < sent) {
		CHECK_EQ(wd_recv_sync(q, &tag), 0);
		CHECK_EQ((uintptr_t)tag, ++got);
	}
	for (unsigned int i = 0; i < REQUESTS; i++)
		CHECK(memcmp(data->out[i], want, sizeof(want)) == 0);
	/* One by one, so that the waiter really waits. */
	for (unsigned int i = 0; i < 50; i++) {
		CHECK_EQ(wd_send(q, &r), 0);
		CHECK_EQ(wd_recv_sync(q, &tag), 0);
	}
	CHECK_EQ(wd_send(q, &r), 0);
	CHECK_EQ(wd_send(q, &r), 0);
	wd_flush(q);
	CHECK_EQ(wd_queue_outstanding(q), 0);
	CHECK_EQ(wd_recv(q, &tag), -EAGAIN);
	wd_session_fini(q->dev, s);
	memset(data->out, 0, sizeof(data->out));
}

static void
get_memory(struct wd_queue *q, struct wd_queue *q2)
{
	if (wd_device_flags(q->dev) & WD_DEV_SVA) {
		static struct data plain;

		data = &plain;
		return;
	}
	data = wd_reserve_memory(q, sizeof(*data));
	if (data == NULL && errno == EPERM && (wd_device_flags(q->dev) & WD_DEV_NOIOMMU))
		exit(77); /* physical addresses are not for everybody */
	CHECK(data != NULL);
	CHECK_EQ(wd_share_reserved_memory(q, q2), 0);
}

int
main(int argc, char **argv)
{
	struct wd_queue q = {.alg = "cipher", .numa_node = -1}, q2;
	struct wd_device *dev = NULL;
	char err[256];

	if (argc > 2 && wd_device_open(argv[2], "sec2", argv[1][0] != '\0' ? argv[1] : NULL, -1, &dev, err,
		sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	q.dev = dev;
	q2 = q;
	CHECK_EQ(wd_request_queue(&q), 0);
	CHECK_EQ(wd_request_queue(&q2), 0);
	get_memory(&q, &q2);
	for (unsigned int i = 0; i < sizeof(data->text); i++)
		data->text[i] = i * 7;
	reference();
	run(&q2);
	run(&q);
	/* The memory is there as long as one of its queues is. */
	wd_release_queue(&q);
	run(&q2);
	wd_release_queue(&q2);
	if (dev != NULL)
		CHECK_EQ(wd_device_close(dev), 0);
	q = (struct wd_queue){.alg = "no such thing", .numa_node = -1};
	CHECK_EQ(wd_request_queue(&q), -ENODEV);
	return 0;
}
