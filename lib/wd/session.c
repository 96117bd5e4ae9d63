/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions and streams: checks common to all drivers, then the device's driver. */
#include <errno.h>

#include "wd_private.h"

size_t
wd_session_size(const struct wd_device *dev)
{
	return dev->drv->session_size;
}

static bool
aligned(const void *va, uint64_t dev_addr)
{
	return va != NULL && (uintptr_t)va % WD_SESSION_ALIGN == 0 &&
		dev_addr % WD_SESSION_ALIGN == 0;
}

/* Nonsense, or more than the device's capabilities say? */
static int
check_offered(const struct wd_caps *caps, const struct wd_crypto_xform *x)
{
	if ((unsigned int)x->cipher >= WD_CIPHER_MAX || (unsigned int)x->auth >= WD_AUTH_MAX ||
		(unsigned int)x->aead >= WD_AEAD_MAX)
		return -EINVAL;
	if (x->aead != WD_AEAD_NONE) {
		if (x->cipher != WD_CIPHER_NONE || x->auth != WD_AUTH_NONE)
			return -EINVAL;
		return caps->aeads & 1ULL << x->aead ? 0 : -ENOTSUP;
	}
	if (x->cipher == WD_CIPHER_NONE && x->auth == WD_AUTH_NONE)
		return -EINVAL;
	if ((x->cipher != WD_CIPHER_NONE && !(caps->ciphers & 1ULL << x->cipher)) ||
		(x->auth != WD_AUTH_NONE && !(caps->auths & 1ULL << x->auth)))
		return -ENOTSUP;
	if (x->cipher != WD_CIPHER_NONE && x->auth != WD_AUTH_NONE &&
		!(caps->flags & WD_CAP_CHAIN))
		return -ENOTSUP;
	return 0;
}

int
wd_session_init_crypto(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
	const struct wd_crypto_xform *xform)
{
	int ret;

	if (!aligned(sess, dev_addr))
		return -EINVAL;
	if (dev->drv->session_init_crypto == NULL)
		return -ENOTSUP;
	ret = check_offered(&dev->caps, xform);
	if (ret < 0)
		return ret;
	return dev->drv->session_init_crypto(dev, sess, dev_addr, xform);
}

int
wd_session_init_comp(struct wd_device *dev, struct wd_session *sess, uint64_t dev_addr,
	const struct wd_comp_xform *xform)
{
	if (!aligned(sess, dev_addr))
		return -EINVAL;
	if (dev->drv->session_init_comp == NULL)
		return -ENOTSUP;
	return dev->drv->session_init_comp(dev, sess, dev_addr, xform);
}

void
wd_session_fini(struct wd_device *dev, struct wd_session *sess)
{
	if (sess != NULL)
		dev->drv->session_fini(dev, sess);
}

size_t
wd_stream_size(const struct wd_device *dev)
{
	return dev->drv->stream_size;
}

int
wd_stream_init(struct wd_device *dev, struct wd_stream *stream, uint64_t dev_addr,
	const struct wd_session *sess)
{
	if (dev->drv->stream_init == NULL)
		return -ENOTSUP;
	if (!aligned(stream, dev_addr))
		return -EINVAL;
	return dev->drv->stream_init(dev, stream, dev_addr, sess);
}

void
wd_stream_fini(struct wd_device *dev, struct wd_stream *stream)
{
	if (stream != NULL && dev->drv->stream_fini != NULL)
		dev->drv->stream_fini(stream);
}
