/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts of 32 requests for burst-cost.sh to count instructions of: submit, the device (this
 * program) finishes, poll. Arguments: the kind of request, and how many bursts.
 */
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "hisi_sec2.h"

#define BURST 32

static uint8_t data[4096], iv[16], key[64];

static int
xform_of(const char *kind, struct wd_crypto_xform *x, struct wd_req *r)
{
	*x = (struct wd_crypto_xform){.encrypt = 1, .iv_len = 16, .cipher_key = key,
		.cipher_key_len = 16, .auth_key = key, .auth_key_len = 20};
	*r = (struct wd_req){.src = (uintptr_t)data, .dst = (uintptr_t)data,
		.iv = (uintptr_t)iv, .digest = (uintptr_t)data + 2000, .cipher_len = 64,
		.auth_len = 64};
	if (strcmp(kind, "cipher") == 0) {
		x->cipher = WD_CIPHER_AES_CBC;
	} else if (strcmp(kind, "chain") == 0) {
		x->cipher = WD_CIPHER_AES_CBC;
		x->auth = WD_AUTH_SHA1_HMAC;
		x->digest_len = 12;
	} else if (strcmp(kind, "gcm") == 0 || strcmp(kind, "gcm-aad") == 0) {
		x->aead = WD_AEAD_AES_GCM;
		x->iv_len = 12;
		x->digest_len = 16;
		r->aad = (uintptr_t)data + 1000;
		r->aad_len = strcmp(kind, "gcm") == 0 ? 0 : 12;
	} else {
		return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct wd_crypto_xform x;
	struct wd_session *sess;
	struct wd_cpl cpls[BURST];
	struct wd_req reqs[BURST];
	struct wd_device *dev;
	struct wd_queue q;

	if (argc != 3 || xform_of(argv[1], &x, &reqs[0]) < 0)
		return 2;
	fake_cfg.depth = 1024;
	dev = fake_open("sec2");
	fake_request(&q, dev, 0, 0);
	sess = aligned_alloc(WD_SESSION_ALIGN, wd_session_size(dev));
	CHECK_EQ(wd_session_init_crypto(dev, sess, (uintptr_t)sess, &x), 0);
	reqs[0].sess = sess;
	for (int i = 1; i < BURST; i++)
		reqs[i] = reqs[0];
	for (int n = atoi(argv[2]); n > 0; n--) {
		CHECK_EQ(wd_submit(&q, reqs, BURST), BURST);
		for (int i = 0; i < BURST; i++) {
			struct sec2_bd3 *bd = fake_sqe(fake_last, fake_last->head);

			bd->result = SEC2_RES_DONE;
			fake_cqe(fake_last, fake_last->head & (fake_last->depth - 1));
		}
		CHECK_EQ(wd_poll(&q, cpls, BURST), BURST);
	}
	wd_release_queue(&q);
	free(sess);
	CHECK_EQ(wd_device_close(dev), 0);
	return 0;
}
