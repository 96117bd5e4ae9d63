/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SEC2: what the two descriptor formats have in common.
 *
 *	sec2_bd2.c, sec2_bd3.c  descriptor -> struct sec2_req, and the result back
 *	sec2_check.c            is it a legal request? -> the algorithm half of a crypto_task
 *	sec2_data.c             addresses and lists -> the pointer half
 *	sec2_gcm.c, sec2_chain.c   short cuts through all of that
 *	sec2_stream.c           work that comes in several descriptors
 *	sec2.c                  batches: phases, tags, statuses
 */
#ifndef EMU_MODEL_SEC2_H
#define EMU_MODEL_SEC2_H

#include "../emu_private.h"
#include "../engine/crypto.h"
#include "../guard.h"

/* error_type values: the hardware's are unknown (reference I.3), any but 0 is a failure. */
enum sec2_error {
	SEC2_OK = 0,
	SEC2_E_TYPE = 1,        /* descriptor type or scene */
	SEC2_E_ALG = 2,         /* algorithm, mode or a combination of them */
	SEC2_E_KEY = 3,         /* key length */
	SEC2_E_LEN = 4,         /* data, tag or AAD length */
	SEC2_E_ADDR = 5,        /* address out of reach */
	SEC2_E_SGL = 6,         /* malformed or too short a list */
	SEC2_E_ENGINE = 7,      /* the compute library failed */
};

#define SEC2_ICV_MATCH  1       /* what hardware says is unknown; anything but a mismatch */

/* A descriptor, each field read once. Numbers are those of hisi_sec2.h, lengths in bytes. */
struct sec2_req {
	uint8_t invalid, scene, de;
	uint8_t src_type, dst_type, mac_type;
	uint8_t cipher, calg, cmode, cwidth, ckey_code, icv_len, ci_gen;
	uint8_t auth, aalg, ai_gen, apad, mac_sel, seq;
	uint8_t ctr_mode;
	uint16_t mac_len, akey_len;
	uint16_t auth_off, cipher_off;
	uint32_t alen, clen;
	uint64_t src, dst, ckey, civ, akey, aiv, mac;
	uint64_t long_len;
};

/* How a job goes through the phases of a batch. */
enum sec2_path {
	SEC2_P_DONE,            /* nothing to compute: refused, or an invalid descriptor */
	SEC2_P_CIPHER,
	SEC2_P_AUTH,
	SEC2_P_CIPHER_AUTH,     /* chains */
	SEC2_P_AUTH_CIPHER,
	SEC2_P_AEAD,
	SEC2_P_STREAM,          /* long hash, GCM stream: one at a time, sec2_stream.c */
};

struct sec2_op {
	uint8_t path;           /* enum sec2_path */
	uint8_t error;          /* enum sec2_error */
	uint8_t icv;
	uint8_t flag;
	/* After the cipher: its output is to be copied to where the client wants it; NULL: it is there. */
	const uint8_t *out;
	struct crypto_task t;
	struct sec2_req r;
	const struct emu_mem *mem; /* of its queue */
	/* Part of the cipher's output that goes into the authenticated image in scratch memory. */
	uint8_t *patch_to;
	const uint8_t *patch_from;
	uint32_t patch_len;
};

/* What a session's descriptors of type 3 have in common, as the last one of its kind had it. */
struct sec2_form {
	bool looked;            /* head and auth are of a descriptor */
	bool known;             /* it is of the kind */
	bool fast;              /* chains: the engine's short cut is for it */
	bool src_list, dst_list, de;
	bool pair;              /* GCM: may be {AAD, payload} in place */
	bool auth_first;        /* chains */
	uint32_t auth;          /* auth_mac_key */
	uint64_t head;          /* bytes 0 to 7 */
	struct crypto_task t;   /* algorithms and lengths of keys, IV and MAC */
};

/* Is a descriptor of that form? */
static inline bool
sec2_same_form(const struct sec2_form *f, const volatile struct sec2_bd3 *bd)
{
	uint64_t head = *(const volatile uint64_t *)(const volatile void *)bd;

	return emu_likely(head == f->head && bd->auth_mac_key == f->auth && f->looked);
}

/* Begins a new one, which its kind then decodes. */
static inline void
sec2_new_form(struct sec2_form *f, const volatile struct sec2_bd3 *bd)
{
	f->head = *(const volatile uint64_t *)(const volatile void *)bd;
	f->auth = bd->auth_mac_key;
	f->looked = true;
}

/* Regions of a device without SVA in which the last data and the last keys were: see emu_ptr_near(). */
struct sec2_near {
	const struct emu_mem *mem;      /* whose they are, or NULL */
	const struct emu_region *data, *keys;
};

_Static_assert(EMU_BATCH <= CRYPTO_BATCH, "a batch is one for the engine");

struct sec2_ctx {
	const struct emu_device *dev;
	const struct emu_mem *mem;      /* of the queue of the op that is mapped or unmapped now */
	unsigned int hw;
	const struct crypto_engine *engine, *fallback;  /* fallback: NULL when engine is OpenSSL */
	void *engine_ctx, *fallback_ctx;
	uint8_t *arena;         /* scratch memory of a batch */
	size_t arena_size, arena_used, arena_need;
	/* Where the batch is, for faults in guarded sections. */
	sigjmp_buf guard;
	unsigned int nb;        /* ops prepared */
	unsigned int finished;
	unsigned int paths;     /* 1 << enum sec2_path of those prepared */
	/* Of the short cuts. */
	unsigned int end;       /* as far as it goes */
	volatile bool looks;    /* at job at; else it touches what that points to */
	volatile unsigned int at;
	volatile unsigned int done;     /* jobs that have their result */
	bool chains_last;       /* the last jobs were chains, not AES-GCM */
	struct sec2_form gcm_form, chain_form;
	uint64_t gcm_ckey;              /* device address of the key at gcm.key */
	const uint8_t *gcm_listed;      /* entries before it were seen by sec2_bd3_prefetch() */
	struct crypto_gcm gcm;          /* run: NULL before a key was looked up */
	struct sec2_near near;          /* of chains */
	struct crypto_chain chains[CRYPTO_BATCH];
	struct sec2_op ops[EMU_BATCH];
};

/* What an address is on a device that sees the whole process: nonsense faults when it is used. */
static inline uint8_t *
sec2_ptr(uint64_t addr)
{
	return (uint8_t *)(uintptr_t)addr;
}

/* Descriptor formats. False: not a descriptor of that type. */
bool sec2_bd3_read(const void *sqe, struct sec2_req *r);
/* Data, or lists: their heads and first entries. Numbers: wild ones may wrap. */
static inline void
sec2_prefetch(uint64_t iv, uint64_t src, uint64_t dst)
{
	emu_prefetch_at(iv);
	emu_prefetch_at(src);
	emu_prefetch_at(src + 64);
	if (dst != src && dst != 0) {
		emu_prefetch_at(dst);
		emu_prefetch_at(dst + 64);
	}
}

/*
 * Asks for what the descriptor points to, which another core wrote a moment ago, so that it arrives
 * while the rest of the batch is looked at. No address is trusted by a prefetch.
 */
void sec2_bd2_prefetch(const void *sqe);
static inline void
sec2_bd3_prefetch(const void *sqe)
{
	const volatile struct sec2_bd3 *bd = sqe;

	sec2_prefetch(bd->c_ivin_addr, bd->data_src_addr, bd->data_dst_addr);
}

_Static_assert(offsetof(struct sec2_bd2, result) == offsetof(struct sec2_bd3, result) &&
	offsetof(struct sec2_bd2, warning_type) == offsetof(struct sec2_bd3, warning_type), "C6");

/* Of both types: results are in the same place. */
static inline void
sec2_put_result(void *sqe, uint8_t error, uint8_t icv, uint8_t flag)
{
	struct sec2_bd3 *bd = sqe;

	bd->result = (uint16_t)(SEC2_RES_DONE | HW_PREP(SEC2_RES_ICV, icv) |
		HW_PREP(SEC2_RES_FLAG, flag));
	bd->error_type = error;
	bd->warning_type = 0;
}
bool sec2_bd2_read(const void *sqe, struct sec2_req *r);

/*
 * All of the three steps below for the plain case of the most wanted request: AES-GCM in one
 * descriptor of type 3, with nothing to copy. False: take the long way, nothing is said yet.
 */
bool sec2_gcm_read(struct sec2_form *f, const struct emu_mem *mem, struct sec2_op *op,
		   const void *sqe);
/*
 * Jobs up to the first that is not of that kind, from the first look to the result. Returns how many.
 * For engines with gcm().
 */
unsigned int sec2_gcm_run(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n);
/* The same for the next: AES-CBC with an HMAC of the SHA family, flat and in place. */
bool sec2_chain_read(struct sec2_ctx *ctx, struct sec2_op *op, const void *sqe);
/* Jobs up to the first that cannot be done together with those before. For engines with chain(). */
unsigned int sec2_chain_run(struct sec2_ctx *ctx, const struct emu_job *jobs, unsigned int n);

/* Sets the path and the algorithm half of the task. SEC2_OK or an error. */
enum sec2_error sec2_check(const struct sec2_ctx *ctx, struct sec2_op *op);

/* Sets the pointers of the task. SEC2_OK, an error, or -1: the arena is too small (arena_need). */
int sec2_map(struct sec2_ctx *ctx, struct sec2_op *op);
/* After the work: puts the output where it belongs. */
enum sec2_error sec2_unmap(const struct sec2_ctx *ctx, const struct sec2_op *op);

/* Touches what such a descriptor points to; in a guarded section. */
void sec2_stream_touch(const struct sec2_ctx *ctx, const struct sec2_op *op);
/* A descriptor on the path SEC2_P_STREAM, from its addresses to its result. */
enum sec2_error sec2_stream_run(struct sec2_ctx *ctx, struct sec2_op *op);

/* Ciphers tasks of ops; sets t->status, and the op's error on a failure. */
void sec2_run_ciphers(struct sec2_ctx *ctx, struct crypto_task **t, unsigned int n);
/* In constant time: 0 when equal. */
uint8_t sec2_differ(const uint8_t *a, const volatile uint8_t *b, unsigned int len);

#endif
