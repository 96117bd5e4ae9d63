/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The specification's eight calls with a device behind them: queues that the library finds by
 * algorithm (no argument), or on a device (arguments: name, options).
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

static uint8_t key[16], iv[16], text[1024], want[1024];

static struct wd_session *
make_session(struct wd_device *dev)
{
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_AES_CBC, .encrypt = 1, .iv_len = 16,
		.cipher_key = key, .cipher_key_len = 16};
	struct wd_session *s = aligned_alloc(WD_SESSION_ALIGN, wd_session_size(dev));

	CHECK_EQ(wd_session_init_crypto(dev, s, (uintptr_t)s, &x), 0);
	return s;
}

static void
reference(void)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	CHECK_EQ(EVP_EncryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	CHECK_EQ(EVP_EncryptUpdate(ctx, want, &n, text, sizeof(text)), 1);
	EVP_CIPHER_CTX_free(ctx);
}

static void
run(struct wd_queue *q)
{
	static uint8_t out[2000][1024];
	struct wd_session *s = make_session(q->dev);
	uintptr_t sent = 0, got = 0;
	struct wd_req r = {.sess = s, .src = (uintptr_t)text, .iv = (uintptr_t)iv,
		.cipher_len = sizeof(text)};
	void *tag;
	int ret;

	CHECK_EQ(wd_recv(q, &tag), -EAGAIN);
	/* More than fit: the queue says when it is full, waiting makes room. */
	while (sent < 2000) {
		r.dst = (uintptr_t)out[sent];
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
	for (unsigned int i = 0; i < 2000; i++)
		CHECK(memcmp(out[i], want, sizeof(want)) == 0);
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
	free(s);
}

int
main(int argc, char **argv)
{
	struct wd_queue q = {.alg = "cipher", .numa_node = -1}, q2;
	struct wd_device *dev = NULL;
	char err[256];

	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = i * 7;
	reference();
	if (argc > 1 && wd_device_open(argv[1], "sec2", argc > 2 ? argv[2] : NULL, -1, &dev, err,
		sizeof(err)) < 0) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	q.dev = dev;
	q2 = q;
	CHECK_EQ(wd_request_queue(&q), 0);
	CHECK_EQ(wd_request_queue(&q2), 0);
	run(&q2);
	run(&q);
	wd_release_queue(&q);
	wd_release_queue(&q2);
	if (dev != NULL)
		CHECK_EQ(wd_device_close(dev), 0);
	q = (struct wd_queue){.alg = "no such thing", .numa_node = -1};
	CHECK_EQ(wd_request_queue(&q), -ENODEV);
	return 0;
}
