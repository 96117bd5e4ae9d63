/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * uacce: virtio-crypto PCI functions, api "virtio_crypto_v1".
 *
 * A descriptor is a client of the device; it can make sessions and adopt memory. A data virtqueue
 * becomes its own with UACCE_VC_QUEUE, so a descriptor that does without costs no instance:
 *
 *	open -> UACCE_VC_QUEUE -> mmap DUS, MMIO -> fill rings -> UACCE_CMD_START_Q -> work
 *	     -> UACCE_CMD_PUT_Q -> close
 *
 * Rings are split virtqueues of the virtio specification, little endian, in the DUS region; what a
 * request looks like is the specification's section on the crypto device. The kernel serves the
 * control virtqueue (sessions); the process serves the data virtqueue alone.
 *
 * Doorbell: a store of notify_value, notify_width bytes, to byte notify_offset of the MMIO region,
 * after the store to avail->idx has become visible.
 *
 * Addresses in descriptors are device addresses: of DUS see struct uacce_vc_info.dus_addr; of other
 * memory as the memory model of the device says (uacce.h). An address that is not the process's
 * makes the device fail: see the state word.
 *
 * The state word of DUS is 0 as long as the queue can live and UACCE_VC_STATE_* when it is dead. It
 * is written before the device lets go of its memory. A dead queue stays dead: close all
 * descriptors of the device and open again.
 *
 * What becomes of DUS: all of it is zero after UACCE_VC_QUEUE. UACCE_CMD_START_Q changes nothing of
 * it, the device starts at index 0 of both rings. UACCE_CMD_PUT_Q sets avail->idx and used->idx
 * to 0 when the device has let go, and touches nothing else; what was outstanding is lost.
 */
#ifndef _UAPI_UACCE_VIRTIO_CRYPTO_H
#define _UAPI_UACCE_VIRTIO_CRYPTO_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define UACCE_VC_API		"virtio_crypto_v1"

/* State word in DUS. */
#define UACCE_VC_STATE_ALIVE	0
#define UACCE_VC_STATE_FAILED	1	/* the device wants a reset, or its backend went away */
#define UACCE_VC_STATE_GONE	2	/* the device was removed */

#define UACCE_VC_NO_QUEUE	0xffffffffU

/**
 * struct uacce_vc_info - UACCE_VC_INFO, UACCE_VC_QUEUE
 * @size: in: size of this struct as the caller knows it; out: bytes that were filled in. -EINVAL
 *	if smaller than the first version, 128 bytes. Bytes past what the kernel knows are left
 *	alone
 * @queue: data virtqueue of this descriptor, UACCE_VC_NO_QUEUE = none yet
 * @epoch: of the device's sessions. It differs, within one boot, whenever the sessions of before
 *	are void: another device, another owner, a reset
 * @features: virtio feature bits that were negotiated
 * @services: crypto_services: bit n = service n
 * @hash_algo: bit n = algorithm n of the virtio specification; likewise the other masks
 * @cipher_algo: likewise
 * @mac_algo: likewise
 * @aead_algo: likewise
 * @max_cipher_key_len: bytes
 * @max_auth_key_len: bytes
 * @max_size: most bytes of one request, all of its buffers together
 * @ring_size: entries of the data virtqueue, a power of two
 * @desc_offset: byte offset of the descriptor table in DUS
 * @avail_offset: of the driver area
 * @used_offset: of the device area
 * @state_offset: of the state word, 32 bits, alone in its 64 bytes
 * @room_offset: of memory that is left to the process, a multiple of 4096
 * @room_size: bytes, at least 512 for each entry of the ring
 * @notify_offset: byte offset of the doorbell in the MMIO region, 0 without a queue
 * @notify_width: bytes to store: 2, or 4 with VIRTIO_F_NOTIFICATION_DATA
 * @notify_value: what to store, little endian
 * @dus_addr: device address of DUS, which is contiguous; 0 without a queue
 */
struct uacce_vc_info {
	__u32 size;
	__u32 queue;
	__u64 epoch;
	__u64 features;
	__u32 services;
	__u32 hash_algo;
	__u64 cipher_algo;
	__u64 mac_algo;
	__u32 aead_algo;
	__u32 max_cipher_key_len;
	__u32 max_auth_key_len;
	__u32 ring_size;
	__u64 max_size;
	__u64 dus_addr;
	__u32 desc_offset;
	__u32 avail_offset;
	__u32 used_offset;
	__u32 state_offset;
	__u32 room_offset;
	__u32 room_size;
	__u32 notify_offset;
	__u32 notify_width;
	__u32 notify_value;
	__u32 reserved[3];
};

/**
 * enum uacce_vc_service - kind of a session
 * @UACCE_VC_CIPHER: op, algo, key
 * @UACCE_VC_HASH: hash_algo, digest_len
 * @UACCE_VC_MAC: hash_algo (of the MAC list), digest_len, auth_key
 * @UACCE_VC_AEAD: op, algo (of the AEAD list), key, digest_len, aad_len
 * @UACCE_VC_CHAIN: a cipher with a hash or MAC: op, algo, key, order, hash_mode, hash_algo,
 *	digest_len, aad_len, and auth_key if hash_mode is 2 (MAC)
 *
 * The fields that a kind does not name are 0. The first four are the service numbers of virtio.
 */
enum uacce_vc_service {
	UACCE_VC_CIPHER = 0,
	UACCE_VC_HASH = 1,
	UACCE_VC_MAC = 2,
	UACCE_VC_AEAD = 3,
	UACCE_VC_CHAIN = 16,
};

/**
 * struct uacce_vc_session - UACCE_VC_CREATE
 * @service: enum uacce_vc_service
 * @op: 1 encrypt, 2 decrypt
 * @algo: number of the cipher or AEAD algorithm in the virtio specification
 * @key_len: bytes at @key
 * @key: user pointer
 * @auth_key: user pointer
 * @auth_key_len: bytes at @auth_key
 * @hash_algo: number of the hash or MAC algorithm
 * @digest_len: bytes of the result
 * @hash_mode: 1 hash, 2 MAC; nested hashes are not supported
 * @order: 1 hash, then cipher; 2 cipher, then hash
 * @aad_len: bytes
 * @status: out: what the device answered (VIRTIO_CRYPTO_OK, _ERR, ...); 0xffffffff: it was not
 *	asked, or did not answer. Also written if the call fails with an error of the device
 * @reserved: 0
 * @id: out: session id, for requests of this process on any data virtqueue of the device
 * @epoch: out: as in struct uacce_vc_info
 *
 * May be called in any state. The kernel keeps no copy of the keys. Sessions live until
 * UACCE_VC_DESTROY, the close of the descriptor that made them, or the end of the epoch. With
 * VIRTIO_F_RING_RESET they survive UACCE_CMD_PUT_Q; without, that call resets the device: the epoch
 * ends, and all descriptors' sessions with it.
 *
 *	-EINVAL	unknown service, length of a key 0 or over the device's limit, a field that has to
 *		be 0; VIRTIO_CRYPTO_BADMSG
 *	-EOPNOTSUPP the device does not announce the service or the algorithm; VIRTIO_CRYPTO_NOTSUPP
 *	-EKEYREJECTED VIRTIO_CRYPTO_KEY_REJECTED
 *	-EIO	VIRTIO_CRYPTO_ERR (a key of wrong length, with QEMU), or an answer that makes no
 *		sense
 *	-ENOSPC	the device or this descriptor (4096) has no more sessions
 *	-ETIMEDOUT no answer within five seconds
 *	-EINTR	killed while it waited
 */
struct uacce_vc_session {
	__u32 service;
	__u32 op;
	__u32 algo;
	__u32 key_len;
	__u64 key;
	__u64 auth_key;
	__u32 auth_key_len;
	__u32 hash_algo;
	__u32 digest_len;
	__u32 hash_mode;
	__u32 order;
	__u32 aad_len;
	__u32 status;
	__u32 reserved;
	__u64 id;
	__u64 epoch;
};

#define UACCE_VC_NOT_ASKED	0xffffffffU

/* What the device is and where things are. */
#define UACCE_VC_INFO		_IOWR('W', 0x60, struct uacce_vc_info)
/*
 * A data virtqueue for this descriptor, unless it has one; it stays until close. Fills in the same
 * struct. -EBUSY: none is left.
 */
#define UACCE_VC_QUEUE		_IOWR('W', 0x61, struct uacce_vc_info)
#define UACCE_VC_CREATE		_IOWR('W', 0x62, struct uacce_vc_session)
/*
 * Ends a session of this descriptor. The argument points to its id. -ENOENT: no such session of
 * this descriptor. Requests that use it must have been completed.
 */
#define UACCE_VC_DESTROY	_IOW('W', 0x63, __u64)

#endif
