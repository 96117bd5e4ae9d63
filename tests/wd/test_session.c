/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions: what is refused and how, per generation; a wrong session never reaches the device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

static struct wd_device *dev;
static uint8_t mem[4096] __attribute__((aligned(64))), key[256];

static int
init(struct wd_crypto_xform x)
{
	return wd_session_init_crypto(dev, (void *)mem, (uintptr_t)mem, &x);
}

static int
cipher(enum wd_cipher alg, uint16_t key_len, uint8_t iv_len)
{
	return init((struct wd_crypto_xform){.cipher = alg, .cipher_key = key,
		.cipher_key_len = key_len, .iv_len = iv_len});
}

static int
auth(enum wd_auth alg, uint16_t key_len, uint8_t digest_len)
{
	return init((struct wd_crypto_xform){.auth = alg, .auth_key = key,
		.auth_key_len = key_len, .digest_len = digest_len});
}

static int
aead(enum wd_aead alg, uint16_t key_len, uint8_t iv_len, uint8_t tag_len)
{
	return init((struct wd_crypto_xform){.aead = alg, .cipher_key = key,
		.cipher_key_len = key_len, .iv_len = iv_len, .digest_len = tag_len});
}

static void
test_v3(void)
{
	CHECK_EQ(cipher(WD_CIPHER_AES_CBC, 16, 16), 0);
	CHECK_EQ(cipher(WD_CIPHER_AES_CBC, 17, 16), -EINVAL);
	CHECK_EQ(cipher(WD_CIPHER_AES_CBC, 16, 12), -EINVAL);
	CHECK_EQ(cipher(WD_CIPHER_AES_ECB, 16, 16), -EINVAL);
	CHECK_EQ(cipher(WD_CIPHER_AES_XTS, 32, 16), 0);
	CHECK_EQ(cipher(WD_CIPHER_AES_XTS, 16, 16), -EINVAL);
	CHECK_EQ(cipher(WD_CIPHER_DES_CBC, 8, 8), 0);
	CHECK_EQ(cipher(WD_CIPHER_3DES_CBC, 8, 8), -EINVAL);
	CHECK_EQ(cipher(WD_CIPHER_SM4_CBC, 32, 16), -EINVAL);
	CHECK_EQ(cipher(WD_CIPHER_MAX, 16, 16), -EINVAL);
	CHECK_EQ(cipher(WD_CIPHER_NONE, 0, 0), -EINVAL);

	CHECK_EQ(auth(WD_AUTH_SHA256_HMAC, 64, 32), 0);
	CHECK_EQ(auth(WD_AUTH_SHA256_HMAC, 65, 32), -EINVAL);
	CHECK_EQ(auth(WD_AUTH_SHA512_HMAC, 128, 64), 0);
	CHECK_EQ(auth(WD_AUTH_SHA512_HMAC, 129, 64), -EINVAL);
	CHECK_EQ(auth(WD_AUTH_SHA256_HMAC, 0, 32), 0);
	CHECK_EQ(auth(WD_AUTH_SHA256, 0, 36), -EINVAL);
	CHECK_EQ(auth(WD_AUTH_SHA256, 0, 0), -EINVAL);
	CHECK_EQ(auth(WD_AUTH_SHA256, 0, 14), -ENOTSUP);
	CHECK_EQ(auth(WD_AUTH_AES_XCBC_MAC, 16, 12), 0);
	CHECK_EQ(auth(WD_AUTH_AES_XCBC_MAC, 16, 8), -ENOTSUP);
	CHECK_EQ(auth(WD_AUTH_AES_CMAC, 32, 16), -EINVAL);
	CHECK_EQ(auth(WD_AUTH_AES_GMAC, 16, 16), -EINVAL); /* no IV */

	CHECK_EQ(aead(WD_AEAD_AES_GCM, 32, 12, 16), 0);
	CHECK_EQ(aead(WD_AEAD_AES_GCM, 32, 16, 16), -EINVAL);
	CHECK_EQ(aead(WD_AEAD_AES_GCM, 32, 12, 4), -EINVAL);
	CHECK_EQ(aead(WD_AEAD_AES_CCM, 16, 13, 4), 0);
	CHECK_EQ(aead(WD_AEAD_AES_CCM, 16, 14, 4), -EINVAL);
	CHECK_EQ(aead(WD_AEAD_AES_CCM, 16, 13, 5), -EINVAL);
	CHECK_EQ(aead(WD_AEAD_SM4_GCM, 16, 12, 16), 0);

	CHECK_EQ(init((struct wd_crypto_xform){.aead = WD_AEAD_AES_GCM,
		.cipher = WD_CIPHER_AES_CBC}), -EINVAL);
	CHECK_EQ(init((struct wd_crypto_xform){.auth = WD_AUTH_AES_GMAC, .iv_len = 16,
		.cipher = WD_CIPHER_AES_CBC, .cipher_key = key, .cipher_key_len = 16,
		.auth_key = key, .auth_key_len = 16, .digest_len = 16}), -ENOTSUP);
	CHECK_EQ(init((struct wd_crypto_xform){.cipher = WD_CIPHER_AES_CBC, .iv_len = 16,
		.cipher_key_len = 16}), -EINVAL);
	CHECK_EQ(wd_session_init_crypto(dev, (void *)(mem + 1), (uintptr_t)mem,
		&(struct wd_crypto_xform){0}), -EINVAL);
	CHECK_EQ(wd_session_init_comp(dev, (void *)mem, (uintptr_t)mem,
		&(struct wd_comp_xform){.alg = WD_COMP_ZLIB}), -ENOTSUP);
}

/* Hardware v2 has fewer modes, and says so. */
static void
test_v2(void)
{
	const struct wd_caps *caps = wd_device_caps(dev);

	CHECK_EQ(caps->ciphers, 1ull << WD_CIPHER_AES_ECB | 1ull << WD_CIPHER_AES_CBC |
		1ull << WD_CIPHER_AES_XTS | 1ull << WD_CIPHER_DES_ECB | 1ull << WD_CIPHER_DES_CBC |
		1ull << WD_CIPHER_3DES_ECB | 1ull << WD_CIPHER_3DES_CBC |
		1ull << WD_CIPHER_SM4_ECB | 1ull << WD_CIPHER_SM4_CBC | 1ull << WD_CIPHER_SM4_XTS);
	CHECK_EQ(caps->aeads, 1u << WD_AEAD_AES_GCM | 1u << WD_AEAD_AES_CCM);
	CHECK(!(caps->auths & (1u << WD_AUTH_AES_GMAC | 1u << WD_AUTH_AES_CMAC)));
	CHECK_EQ(cipher(WD_CIPHER_AES_CTR, 16, 16), -ENOTSUP);
	CHECK_EQ(auth(WD_AUTH_AES_CMAC, 16, 16), -ENOTSUP);
	CHECK_EQ(aead(WD_AEAD_SM4_CCM, 16, 12, 16), -ENOTSUP);
	CHECK_EQ(aead(WD_AEAD_AES_GCM, 16, 12, 16), 0);
}

static uint32_t
status_of(struct wd_queue *q, struct wd_req r)
{
	struct wd_cpl cpl;

	r.sess = (void *)mem;
	CHECK_EQ(wd_submit(q, &r, 1), 1);
	if (wd_poll(q, &cpl, 1) == 0)
		return WD_OK; /* the device has it */
	return cpl.status;
}

/* Both generations in one process: each refuses the other's session. */
static void
test_two_generations(struct wd_device *v3, struct wd_device *v2)
{
	struct wd_queue q3, q2;
	struct wd_req r = {.cipher_len = 16};

	fake_request(&q3, v3, 0, 0);
	fake_request(&q2, v2, 0, 0);
	dev = v2;
	CHECK_EQ(cipher(WD_CIPHER_AES_CBC, 16, 16), 0);
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	CHECK_EQ(status_of(&q2, r), WD_OK);
	/* Lengths that the engine would not take either. */
	r.cipher_len = 0;
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	dev = v3;
	CHECK_EQ(cipher(WD_CIPHER_AES_CBC, 16, 16), 0);
	r.cipher_len = 0;
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	r.cipher_len = 40;
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	r.cipher_len = 0xfffe10;
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	r.cipher_len = 0xfffe00;
	CHECK_EQ(status_of(&q3, r), WD_OK);
	wd_release_queue(&q3);
	fake_request(&q3, v3, 0, 0);
	r.cipher_len = 0xfffffff0;
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	CHECK_EQ(aead(WD_AEAD_AES_GCM, 16, 12, 16), 0);
	r = (struct wd_req){.cipher_len = 0xfffe00, .aad_len = 1};
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	r = (struct wd_req){.cipher_len = 0};
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	CHECK_EQ(aead(WD_AEAD_AES_CCM, 16, 12, 16), 0);
	r = (struct wd_req){.cipher_len = 1, .aad_len = 0xff00};
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	CHECK_EQ(auth(WD_AUTH_SHA1, 0, 20), 0);
	r = (struct wd_req){.auth_len = 0xfffe01};
	CHECK_EQ(status_of(&q3, r), WD_BAD_REQ);
	r.auth_len = 0; /* the hash of nothing: v3 does it, v2 cannot */
	CHECK_EQ(status_of(&q3, r), WD_OK);
	dev = v2;
	CHECK_EQ(auth(WD_AUTH_SHA1, 0, 20), 0);
	wd_release_queue(&q2);
	fake_request(&q2, v2, 0, 0);
	CHECK_EQ(status_of(&q2, r), WD_BAD_REQ);
	wd_release_queue(&q3);
	wd_release_queue(&q2);
}

int
main(void)
{
	struct wd_device *v3, *v2;

	fake_cfg.api = "hisi_qm_v3";
	v3 = fake_open("sec2");
	fake_cfg.api = "hisi_qm_v2";
	v2 = fake_open("sec2");
	dev = v3;
	test_v3();
	dev = v2;
	test_v2();
	test_two_generations(v3, v2);
	CHECK_EQ(wd_device_close(v3), 0);
	CHECK_EQ(wd_device_close(v2), 0);
	return 0;
}
