/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-crypto sessions: made by the kernel on the device's control queue, known to the device by
 * a number, for one epoch. And what a device can do: what it announces and, asked for a session,
 * does not refuse.
 */
#include <errno.h>
#include <stdlib.h>

#include "vcrypto.h"

enum key_rule { KEY_AES = 1, KEY_AES_XTS, KEY_DES, KEY_3DES };

static const struct cipher_alg {
	uint8_t algo;           /* enum vcrypto_cipher, 0 = none */
	uint8_t key;            /* enum key_rule */
	uint8_t key_max;
	uint8_t iv_len;
	uint8_t block;          /* length is a multiple of it */
	uint8_t min;
} ciphers[WD_CIPHER_MAX] = {
	[WD_CIPHER_AES_ECB] = {VCRYPTO_CIPHER_AES_ECB, KEY_AES, 32, 0, 16, 16},
	[WD_CIPHER_AES_CBC] = {VCRYPTO_CIPHER_AES_CBC, KEY_AES, 32, 16, 16, 16},
	[WD_CIPHER_AES_CTR] = {VCRYPTO_CIPHER_AES_CTR, KEY_AES, 32, 16, 1, 1},
	[WD_CIPHER_AES_XTS] = {VCRYPTO_CIPHER_AES_XTS, KEY_AES_XTS, 64, 16, 1, 16},
	[WD_CIPHER_DES_ECB] = {VCRYPTO_CIPHER_DES_ECB, KEY_DES, 8, 0, 8, 8},
	[WD_CIPHER_DES_CBC] = {VCRYPTO_CIPHER_DES_CBC, KEY_DES, 8, 8, 8, 8},
	[WD_CIPHER_3DES_ECB] = {VCRYPTO_CIPHER_3DES_ECB, KEY_3DES, 24, 0, 8, 8},
	[WD_CIPHER_3DES_CBC] = {VCRYPTO_CIPHER_3DES_CBC, KEY_3DES, 24, 8, 8, 8},
};

static const struct auth_alg {
	uint8_t service;        /* VCRYPTO_SERVICE_HASH, _MAC; 0 = none */
	uint8_t algo;
	uint8_t key_min, key_max;
	uint8_t len;            /* of the whole digest */
} auths[WD_AUTH_MAX] = {
	[WD_AUTH_MD5] = {VCRYPTO_SERVICE_HASH, VCRYPTO_HASH_MD5, 0, 0, 16},
	[WD_AUTH_SHA1] = {VCRYPTO_SERVICE_HASH, VCRYPTO_HASH_SHA1, 0, 0, 20},
	[WD_AUTH_SHA224] = {VCRYPTO_SERVICE_HASH, VCRYPTO_HASH_SHA224, 0, 0, 28},
	[WD_AUTH_SHA256] = {VCRYPTO_SERVICE_HASH, VCRYPTO_HASH_SHA256, 0, 0, 32},
	[WD_AUTH_SHA384] = {VCRYPTO_SERVICE_HASH, VCRYPTO_HASH_SHA384, 0, 0, 48},
	[WD_AUTH_SHA512] = {VCRYPTO_SERVICE_HASH, VCRYPTO_HASH_SHA512, 0, 0, 64},
	[WD_AUTH_MD5_HMAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_HMAC_MD5, 1, 64, 16},
	[WD_AUTH_SHA1_HMAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_HMAC_SHA1, 1, 64, 20},
	[WD_AUTH_SHA224_HMAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_HMAC_SHA224, 1, 64, 28},
	[WD_AUTH_SHA256_HMAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_HMAC_SHA256, 1, 64, 32},
	[WD_AUTH_SHA384_HMAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_HMAC_SHA384, 1, 128, 48},
	[WD_AUTH_SHA512_HMAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_HMAC_SHA512, 1, 128, 64},
	[WD_AUTH_AES_CMAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_CMAC_AES, 16, 16, 16},
	[WD_AUTH_AES_XCBC_MAC] = {VCRYPTO_SERVICE_MAC, VCRYPTO_MAC_XCBC_AES, 16, 16, 16},
};

/*
 * CCM is not among them: where the specification tells of its nonce it says one thing of the
 * place and another of the length.
 */
static const uint8_t aeads[WD_AEAD_MAX] = {
	[WD_AEAD_AES_GCM] = VCRYPTO_AEAD_GCM,
};

/* ------------------------------------------------------------------ recipes */

static int
set_key(struct wd_session *s, uint8_t rule, const uint8_t *key, uint16_t len)
{
	bool ok = rule == KEY_AES ? len == 16 || len == 24 || len == 32 :
		rule == KEY_AES_XTS ? len == 32 || len == 64 :
		rule == KEY_DES ? len == 8 : len == 16 || len == 24;

	if (!ok || key == NULL)
		return -EINVAL;
	memcpy(s->key, key, len);
	/* The third of two keys is the first one. */
	if (rule == KEY_3DES && len == 16) {
		memcpy(s->key + 16, key, 8);
		len = 24;
	}
	s->make.key_len = len;
	return 0;
}

static int
add_cipher(struct wd_session *s, const struct wd_crypto_xform *x)
{
	const struct cipher_alg *c = &ciphers[x->cipher];

	if (x->iv_len != c->iv_len)
		return -EINVAL;
	s->shape = VC_CIPHER;
	s->iv_len = c->iv_len;
	s->block_mask = c->block - 1;
	s->len_min = c->min;
	s->make.service = UACCE_VC_CIPHER;
	s->make.algo = c->algo;
	s->op.header.algo = c->algo;
	s->op.sym.op_type = VCRYPTO_SYM_CIPHER;
	s->op.sym.cipher.iv_len = c->iv_len;
	return set_key(s, c->key, x->cipher_key, x->cipher_key_len);
}

static int
add_auth(struct wd_session *s, const struct wd_crypto_xform *x)
{
	const struct auth_alg *a = &auths[x->auth];
	bool chain = s->shape == VC_CIPHER;

	if (x->digest_len == 0 || x->digest_len > a->len || x->auth_key_len < a->key_min ||
		x->auth_key_len > a->key_max || (x->auth_key_len != 0 && x->auth_key == NULL))
		return -EINVAL;
	if (x->auth_key_len != 0)
		memcpy(s->auth_key, x->auth_key, x->auth_key_len);
	s->make.auth_key_len = x->auth_key_len;
	s->make.hash_algo = a->algo;
	s->make.digest_len = a->len;
	s->result_len = a->len;
	s->digest_len = x->digest_len;
	if (!chain) {
		s->shape = VC_HASH;
		s->make.service = a->service == VCRYPTO_SERVICE_HASH ? UACCE_VC_HASH :
			UACCE_VC_MAC;
		s->op.header.algo = a->algo;
		s->op.hash.result_len = a->len;
		return 0;
	}
	s->shape = VC_CHAIN;
	s->make.service = UACCE_VC_CHAIN;
	s->make.hash_mode = a->service == VCRYPTO_SERVICE_HASH ? VCRYPTO_MODE_HASH :
		VCRYPTO_MODE_MAC;
	s->make.order = x->auth_first ? VCRYPTO_HASH_THEN_CIPHER : VCRYPTO_CIPHER_THEN_HASH;
	s->op.sym.op_type = VCRYPTO_SYM_CHAIN;
	memset(&s->op.sym.chain, 0, sizeof(s->op.sym.chain));
	s->op.sym.chain.iv_len = s->iv_len;
	s->op.sym.chain.result_len = a->len;
	return 0;
}

static int
add_aead(struct wd_session *s, const struct wd_crypto_xform *x)
{
	if (x->iv_len != 12 || (x->digest_len != 8 && (x->digest_len < 12 || x->digest_len > 16)))
		return -EINVAL;
	s->shape = VC_AEAD;
	s->len_min = 1;
	s->iv_len = x->iv_len;
	s->digest_len = x->digest_len;
	s->result_len = x->digest_len;
	s->make.service = UACCE_VC_AEAD;
	s->make.algo = aeads[x->aead];
	s->make.digest_len = x->digest_len;
	s->make.aad_len = x->aad_len;
	s->op.header.algo = aeads[x->aead];
	s->op.aead.iv_len = x->iv_len;
	s->op.aead.tag_len = x->digest_len;
	return set_key(s, KEY_AES, x->cipher_key, x->cipher_key_len);
}

/* The session but for its number at the device. */
static int
recipe(struct wd_session *s, const struct wd_crypto_xform *x)
{
	uint32_t service = VCRYPTO_SERVICE_CIPHER;
	int ret = 0;

	memset(s, 0, sizeof(*s));
	if (x->aead != WD_AEAD_NONE)
		ret = add_aead(s, x);
	if (x->cipher != WD_CIPHER_NONE)
		ret = add_cipher(s, x);
	if (ret == 0 && x->auth != WD_AUTH_NONE)
		ret = add_auth(s, x);
	if (ret < 0)
		return ret;
	s->encrypt = x->encrypt;
	s->verify = x->verify;
	if (s->shape != VC_HASH)
		s->make.op = x->encrypt ? VCRYPTO_OP_ENCRYPT : VCRYPTO_OP_DECRYPT;
	if (s->shape == VC_AEAD)
		service = VCRYPTO_SERVICE_AEAD;
	else if (s->shape == VC_HASH)
		service = auths[x->auth].service;
	s->op.header.opcode = VCRYPTO_OPCODE(service, s->shape != VC_HASH && !x->encrypt);
	return 0;
}

/* ------------------------------------------------------------------ at the device */

static int
create(struct wd_device *dev, struct wd_session *s)
{
	struct uacce_vc_session make = s->make;
	int ret;

	if (dev->tr->dev_ioctl == NULL)
		return -ENOTSUP;
	make.key = make.key_len != 0 ? (uintptr_t)s->key : 0;
	make.auth_key = make.auth_key_len != 0 ? (uintptr_t)s->auth_key : 0;
	ret = dev->tr->dev_ioctl(dev->tdev, UACCE_VC_CREATE, &make);
	if (ret < 0)
		return ret;
	s->op.header.session_id = make.id;
	s->epoch = make.epoch;
	return 0;
}

static void
destroy(struct wd_device *dev, struct wd_session *s)
{
	uint64_t id = s->op.header.session_id;

	dev->tr->dev_ioctl(dev->tdev, UACCE_VC_DESTROY, &id);
}

/* Sessions of this process. */
struct known {
	struct known *next;
	struct wd_device *dev;
	struct wd_session *sess;
};

static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct known *known;

static int
know(struct wd_device *dev, struct wd_session *s)
{
	struct known *k = malloc(sizeof(*k));

	if (k == NULL)
		return -ENOMEM;
	*k = (struct known){.dev = dev, .sess = s};
	pthread_mutex_lock(&known_lock);
	k->next = known;
	known = k;
	pthread_mutex_unlock(&known_lock);
	return 0;
}

static bool
forget(const struct wd_device *dev, const struct wd_session *s)
{
	struct known **at, *k = NULL;

	pthread_mutex_lock(&known_lock);
	for (at = &known; *at != NULL; at = &(*at)->next) {
		if ((*at)->sess != s || (*at)->dev != dev)
			continue;
		k = *at;
		*at = k->next;
		break;
	}
	pthread_mutex_unlock(&known_lock);
	free(k);
	return k != NULL;
}

/*
 * No queue of the device works with them: those of the last epoch are dead, and this is the first
 * of the new one. What the device refuses now stays of its epoch, and its requests are refused.
 */
void
vc_sessions_renew(struct wd_device *dev, uint64_t epoch)
{
	pthread_mutex_lock(&known_lock);
	for (struct known *k = known; k != NULL; k = k->next)
		if (k->dev == dev && k->sess->epoch != epoch)
			create(dev, k->sess);
	pthread_mutex_unlock(&known_lock);
}

int
vc_session_init(struct wd_device *dev, struct wd_session *s, uint64_t dev_addr,
	const struct wd_crypto_xform *x)
{
	int ret = recipe(s, x);

	if (ret == 0)
		ret = create(dev, s);
	if (ret < 0)
		goto err;
	ret = know(dev, s);
	if (ret < 0) {
		destroy(dev, s);
		goto err;
	}
	s->magic = VC_MAGIC;
	return 0;
err:
	explicit_bzero(s, sizeof(*s));
	return ret == -EOPNOTSUPP ? -ENOTSUP : ret;
}

void
vc_session_fini(struct wd_device *dev, struct wd_session *s)
{
	/* Of a session that another process made, only its own process tells the device. */
	if (forget(dev, s))
		destroy(dev, s);
	explicit_bzero(s, sizeof(*s));
}

/* ------------------------------------------------------------------ capabilities */

uint32_t
vc_slots(const struct uacce_vc_info *info, uint16_t *big_count)
{
	uint32_t room = info->room_size, slots = info->ring_size;
	size_t left;

	*big_count = 0;
	if (room < VC_SCRATCH)
		return 0;
	room -= VC_SCRATCH;
	while (slots != 0 && slots * sizeof(struct vc_slot) > room)
		slots /= 2;
	left = (room - slots * sizeof(struct vc_slot)) / sizeof(struct vc_big);
	*big_count = left < VC_BIG_TABLES ? left : VC_BIG_TABLES;
	return slots;
}

/* Does the device make a session of the kind? */
static bool
works(struct wd_device *dev, const struct wd_crypto_xform *x)
{
	struct wd_session s;
	bool ok;

	ok = recipe(&s, x) == 0 && create(dev, &s) == 0;
	if (ok)
		destroy(dev, &s);
	return ok;
}

/* Any key will do, but the halves of one for XTS must differ. */
static const uint8_t trial_key[VC_AUTH_KEY_MAX] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f,
	0x3c, 0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d,
};

static struct wd_crypto_xform
cipher_trial(unsigned int i)
{
	return (struct wd_crypto_xform){.cipher = i, .encrypt = 1, .iv_len = ciphers[i].iv_len,
		.cipher_key = trial_key, .cipher_key_len = ciphers[i].key_max};
}

static struct wd_crypto_xform
auth_trial(unsigned int i)
{
	return (struct wd_crypto_xform){.auth = i, .digest_len = auths[i].len,
		.auth_key = trial_key, .auth_key_len = auths[i].key_max};
}

static void
find_ciphers(struct wd_device *dev, const struct uacce_vc_info *info, struct wd_caps *caps)
{
	for (unsigned int i = 0; i < WD_CIPHER_MAX; i++) {
		struct wd_crypto_xform x = cipher_trial(i);

		if (ciphers[i].algo != 0 && (info->cipher_algo >> ciphers[i].algo & 1) &&
			ciphers[i].key_max <= info->max_cipher_key_len && works(dev, &x))
			caps->ciphers |= 1ULL << i;
	}
}

static void
find_auths(struct wd_device *dev, const struct uacce_vc_info *info, struct wd_caps *caps)
{
	for (unsigned int i = 0; i < WD_AUTH_MAX; i++) {
		uint64_t mask = auths[i].service == VCRYPTO_SERVICE_HASH ? info->hash_algo :
			info->mac_algo;
		struct wd_crypto_xform x = auth_trial(i);

		if (auths[i].service != 0 && (info->services >> auths[i].service & 1) &&
			(mask >> auths[i].algo & 1) &&
			auths[i].key_max <= info->max_auth_key_len && works(dev, &x))
			caps->auths |= 1ULL << i;
	}
}

static void
find_aeads(struct wd_device *dev, const struct uacce_vc_info *info, struct wd_caps *caps)
{
	for (unsigned int i = 0; i < WD_AEAD_MAX; i++) {
		const struct wd_crypto_xform x = {.aead = i, .encrypt = 1, .iv_len = 12,
			.digest_len = 16, .cipher_key = trial_key, .cipher_key_len = 32};

		if (aeads[i] != 0 && (info->aead_algo >> aeads[i] & 1) &&
			info->max_cipher_key_len >= 32 && works(dev, &x))
			caps->aeads |= 1ULL << i;
	}
}

/* No bit tells of chains. The first cipher with an IV and the first MAC stand for all. */
static bool
chains_work(struct wd_device *dev, const struct wd_caps *caps)
{
	unsigned int c = 1, a = WD_AUTH_MD5_HMAC;
	struct wd_crypto_xform x, mac;

	while (c < WD_CIPHER_MAX && !(ciphers[c].iv_len != 0 && (caps->ciphers >> c & 1)))
		c++;
	while (a < WD_AUTH_MAX && !(caps->auths >> a & 1))
		a++;
	if (c == WD_CIPHER_MAX || a == WD_AUTH_MAX)
		return false;
	x = cipher_trial(c);
	mac = auth_trial(a);
	x.auth = mac.auth;
	x.digest_len = mac.digest_len;
	x.auth_key = mac.auth_key;
	x.auth_key_len = mac.auth_key_len;
	return works(dev, &x);
}

int
vc_caps(struct wd_device *dev, struct wd_caps *caps)
{
	struct uacce_vc_info info = {.size = sizeof(info)};
	uint16_t big_count;
	uint32_t table;
	int ret;

	if (dev->tr->dev_ioctl == NULL)
		return -ENOTSUP;
	ret = dev->tr->dev_ioctl(dev->tdev, UACCE_VC_INFO, &info);
	if (ret < 0)
		return ret;
	memset(caps, 0, sizeof(*caps));
	if (info.services >> VCRYPTO_SERVICE_CIPHER & 1)
		find_ciphers(dev, &info, caps);
	find_auths(dev, &info, caps);
	if (info.services >> VCRYPTO_SERVICE_AEAD & 1)
		find_aeads(dev, &info, caps);
	caps->flags = WD_CAP_SGL | WD_CAP_DEV_SESSIONS;
	if (chains_work(dev, caps))
		caps->flags |= WD_CAP_CHAIN;
	caps->max_len = info.max_size / 2 < VC_MAX_LEN ? info.max_size / 2 : VC_MAX_LEN;
	caps->max_aad_len = UINT16_MAX;
	caps->max_depth = vc_slots(&info, &big_count);
	if (!(info.features & VRING_F_INDIRECT_DESC))
		caps->max_depth = info.ring_size / VC_OTHER;
	/* Pieces of both sides, in one chain that may be as long as the ring. */
	table = big_count != 0 ? VC_BIG_TABLE : VC_TABLE;
	if (!(info.features & VRING_F_INDIRECT_DESC) || table > info.ring_size)
		table = info.ring_size;
	caps->max_segs = table > VC_OTHER ? (table - VC_OTHER) / 2 : 0;
	return caps->max_depth != 0 ? 0 : -EPROTO;
}
