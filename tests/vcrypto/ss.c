/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-CBC on a virtio-crypto device with data, IV and result in static shared memory, compared with
 * OpenSSL. No DPDK, nothing adopted: a program as the WarpDrive specification has it.
 *
 *   ss DEVICE           DEVICE: as wd_device_open() takes it
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "wd.h"

#define SS_SIZE ((size_t)8 << 20)
#define MAX_LEN 65536
#define SLOTS   16

static const uint8_t key[32] = "a key of 32 bytes, 16 and 24 too";

static void
fail(const char *what, long n)
{
	fprintf(stderr, "ss: %s: %ld\n", what, n);
	exit(1);
}

static void
reference(uint16_t key_len, const uint8_t *iv, const uint8_t *in, uint8_t *out, int len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	if (!EVP_EncryptInit_ex(ctx, key_len == 16 ? EVP_aes_128_cbc() : key_len == 24 ?
		EVP_aes_192_cbc() : EVP_aes_256_cbc(), NULL, key, iv) ||
		!EVP_CIPHER_CTX_set_padding(ctx, 0) || !EVP_EncryptUpdate(ctx, out, &n, in, len))
		fail("OpenSSL", len);
	EVP_CIPHER_CTX_free(ctx);
}

static uint64_t
addr(struct wd_queue *q, const void *va, size_t len)
{
	uint64_t a = wd_dev_addr(q->dev, va, len);

	if (a == UINT64_MAX)
		fail("no device address", len);
	return a;
}

/* SLOTS requests of one length at once, in place and out of place in turn. */
static void
burst(struct wd_queue *q, struct wd_session *sess, uint16_t key_len, uint8_t *ss, uint32_t len)
{
	static uint8_t want[SLOTS][MAX_LEN];
	struct wd_req r[SLOTS];
	struct wd_cpl c;

	for (uintptr_t i = 0; i < SLOTS; i++) {
		uint8_t *src = ss + 4096 + i * 2 * MAX_LEN, *dst = i % 2 ? src + MAX_LEN : src;

		for (uint32_t b = 0; b < len; b++)
			src[b] = b * 7 + i + len;
		ss[i * 16] = i;
		reference(key_len, ss + i * 16, src, want[i], len);
		r[i] = (struct wd_req){.sess = sess, .tag = dst, .src = addr(q, src, len),
			.dst = addr(q, dst, len), .iv = addr(q, ss + i * 16, 16),
			.cipher_len = len};
	}
	if (wd_submit(q, r, SLOTS) != SLOTS)
		fail("not taken", len);
	for (uintptr_t i = 0; i < SLOTS; i++) {
		while (wd_poll(q, &c, 1) == 0)
			;
		if (c.status != WD_OK || c.tag != r[i].tag)
			fail("status", c.status);
		if (memcmp(c.tag, want[i], len) != 0)
			fail("differs", len);
	}
}

int
main(int argc, char **argv)
{
	struct wd_crypto_xform x = {.cipher = WD_CIPHER_AES_CBC, .encrypt = 1, .iv_len = 16,
		.cipher_key = key};
	struct wd_queue q = {.numa_node = -1};
	struct wd_session *sess;
	char err[256] = "";
	uint8_t *ss;
	int ret;

	if (argc != 2)
		return 1;
	if (wd_device_open(argv[1], "virtio_crypto", NULL, -1, &q.dev, err, sizeof(err)) < 0) {
		fprintf(stderr, "ss: %s\n", err);
		return 1;
	}
	ret = wd_request_queue(&q);
	if (ret < 0)
		fail("queue", ret);
	ss = wd_reserve_memory(&q, SS_SIZE);
	if (ss == NULL)
		fail("static shared memory", errno);
	sess = aligned_alloc(WD_SESSION_ALIGN, wd_session_size(q.dev));
	for (x.cipher_key_len = 16; x.cipher_key_len <= 32; x.cipher_key_len += 8) {
		ret = wd_session_init_crypto(q.dev, sess, 0, &x);
		if (ret < 0)
			fail("session", ret);
		for (uint32_t len = 16; len <= MAX_LEN; len *= 4)
			burst(&q, sess, x.cipher_key_len, ss, len);
		wd_session_fini(q.dev, sess);
	}
	printf("%s: %lu requests, %lu doorbells\n", argv[1], (unsigned long)q.stats.completed,
		(unsigned long)q.stats.sq_doorbells);
	free(sess);
	wd_release_queue(&q);
	return wd_device_close(q.dev) < 0;
}
