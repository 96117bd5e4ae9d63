/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crypto engines: compute libraries behind one batch interface.
 *
 * A task is a decoded, checked descriptor with resolved pointers; algorithms, modes and directions
 * keep the numbers of hisi_sec2.h. An engine gets arrays of tasks that need one kind of work. It
 * does those it knows, sets their status and clears their todo, and leaves the rest to another.
 */
#ifndef EMU_ENGINE_CRYPTO_H
#define EMU_ENGINE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hisi_sec2.h"

#define CRYPTO_MAX_KEY          128
#define CRYPTO_MAX_DIGEST       64

enum crypto_status {
	CRYPTO_OK = 0,
	CRYPTO_AUTH_FAILED,     /* the tag differs */
	CRYPTO_FAILED,          /* the library refused */
};

struct crypto_task {
	/* cipher() and aead() */
	const uint8_t *csrc;
	uint8_t *cdst;
	const uint8_t *ckey;
	const uint8_t *iv;      /* 16 bytes, DES 8, GCM 12; CCM: the nonce */
	uint8_t cipher;         /* SEC2_CIPHER_NONE, ENC, DEC */
	uint8_t calg, cmode, cwidth;
	uint8_t ckey_len;       /* bytes, XTS: both halves */
	uint8_t iv_len;
	uint8_t mac_len;        /* bytes */
	uint8_t todo;           /* 1 until an engine did it */
	uint32_t clen;
	uint32_t alen;
	/* auth(): what is authenticated; aead(): the AAD */
	const uint8_t *asrc;
	const uint8_t *akey;
	const uint8_t *aiv;     /* GMAC: 12 bytes */
	uint8_t auth;           /* SEC2_AUTH_NONE, MAC, VERIFY */
	uint8_t aalg;
	uint8_t akey_len;
	uint8_t status;         /* enum crypto_status */
	uint8_t *mac;           /* AEAD: tag, written or compared by the engine */
	uint8_t digest[CRYPTO_MAX_DIGEST]; /* auth(): the whole digest, out */
};

#define CRYPTO_BATCH    128     /* tasks between two begin(), at most */

/* AES-CBC and an HMAC, in place. */
struct crypto_chain {
	uint8_t *cdata;         /* clen bytes, a multiple of 16 */
	const uint8_t *adata;   /* alen bytes */
	const uint8_t *ckey, *akey;
	const uint8_t *iv;      /* 16 bytes */
	uint32_t clen, alen;
	uint8_t *mac;           /* the caller's: where it goes, or what it has to be */
	uint8_t digest[CRYPTO_MAX_DIGEST]; /* all of it, out */
};

struct gcm_key_data;
struct gcm_context_data;

/* intel-ipsec-mb's function for one AES-GCM message with an IV of 12 bytes. */
struct crypto_gcm {
	void (*run)(const struct gcm_key_data *key, struct gcm_context_data *scratch, uint8_t *out,
		    const uint8_t *in, uint64_t len, const uint8_t *iv, const uint8_t *aad,
		    uint64_t aad_len, uint8_t *tag, uint64_t tag_len);
	const struct gcm_key_data *key;
	struct gcm_context_data *scratch;
};

struct crypto_engine {
	const char *name;
	bool (*usable)(void);
	void *(*init)(void);            /* NULL: out of memory. One context per thread. */
	void (*fini)(void *e);          /* wipes keys */
	/* Begins a batch: what was returned for keys before may be dropped from here on. */
	void (*begin)(void *e);
	/* Each returns how many of the tasks are still todo. */
	unsigned int (*cipher)(void *e, struct crypto_task **t, unsigned int n);
	unsigned int (*auth)(void *e, struct crypto_task **t, unsigned int n);
	unsigned int (*aead)(void *e, struct crypto_task **t, unsigned int n);
	/*
	 * Short cuts; an engine has all of them or none (NULL). AES-GCM with the key of t (ckey,
	 * ckey_len) in its direction (cipher): the library's own function and what to call it with,
	 * until the next begin(). The function keeps nothing that a fault inside of it could leave in
	 * disorder. False: there is none for that key.
	 */
	bool (*gcm)(void *e, const struct crypto_task *t, struct crypto_gcm *out);
	/*
	 * Chains of AES-CBC and an HMAC: chain_ok() says whether the algorithms and key lengths of t
	 * are for chain(), which works on up to CRYPTO_BATCH of them, of no more than chain_max
	 * bytes each. False: the library failed.
	 */
	bool (*chain_ok)(void *e, const struct crypto_task *t);
	bool (*chain)(void *e, const struct crypto_task *t, struct crypto_chain *c, unsigned int n,
		      bool auth_first);
	uint32_t chain_max;
	/* Continues GHASH under an AES key over whole or zero-padded blocks; NULL: cannot. */
	bool (*ghash)(void *e, const uint8_t *key, unsigned int key_len, const uint8_t *data,
		      size_t len, uint8_t *y);
};

extern const struct crypto_engine crypto_engine_openssl;
#ifdef EMU_IPSEC_MB
extern const struct crypto_engine crypto_engine_ipsec_mb;
#endif

/* Digest and block sizes in bytes of a hash or HMAC code of a_alg; 0 when it is none. */
unsigned int crypto_digest_len(unsigned int aalg);
unsigned int crypto_block_len(unsigned int aalg);

#endif
