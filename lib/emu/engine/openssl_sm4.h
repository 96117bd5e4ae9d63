/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SM4 in GCM, CCM and XTS, which OpenSSL 3.0 has only in parts: its SM4, and its modes for any block
 * cipher.
 */
#ifndef EMU_ENGINE_OPENSSL_SM4_H
#define EMU_ENGINE_OPENSSL_SM4_H

#include <openssl/evp.h>
#include <openssl/modes.h>

#include "crypto.h"

/* ecb: a context that encrypts blocks; it has to outlive the result. NULL: out of memory. */
GCM128_CONTEXT *sm4_gcm_new(EVP_CIPHER_CTX *ecb);
void sm4_gcm_run(GCM128_CONTEXT *gcm, struct crypto_task *t);
/* cbc and ctr: encryption contexts of the key. */
void sm4_ccm_run(EVP_CIPHER_CTX *cbc, EVP_CIPHER_CTX *ctr, struct crypto_task *t);

/*
 * The library's XTS for any cipher takes a structure that its headers do not show. Whether it is
 * what this file believes is found out with AES, of which there is a complete XTS to compare with.
 */
bool xts_any_usable(void);
/* IEEE 1619. data: a context of the first key in the task's direction; tweak: encrypts with the second. */
void sm4_xts_run(EVP_CIPHER_CTX *data, EVP_CIPHER_CTX *tweak, struct crypto_task *t);

#endif
