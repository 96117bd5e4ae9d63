/* SPDX-License-Identifier: BSD-3-Clause */
/* SM4 in GCM and CCM, which OpenSSL 3.0 has only in parts: its SM4, its GCM, its CBC and CTR. */
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

#endif
