/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client and the daemon say to each other on a Unix socket of type SOCK_SEQPACKET: one
 * message a packet, the client asks, the daemon answers each request once and in order. A request
 * is struct emu_msg, whole; the answer is the same struct with the same type, result = 0 or a
 * negative errno. Descriptors travel as SCM_RIGHTS. Little-endian, as both are on one machine.
 *
 * The first request is HELLO. A packet of another size, another version or an unknown type ends
 * the connection; a request that cannot be served is answered with its errno.
 *
 *	request		in					out
 *	HELLO		kind, name ("" = any); kind "" = no	info; fd: doze page
 *			device, only STATUS and COMMAND
 *	INFO							info
 *	QUEUE_OPEN						queue, arg: see below; fds: MMIO, DUS
 *	QUEUE_CLOSE	queue
 *	IOCTL		queue, arg[0] = command, data		data
 *	START, STOP	queue
 *	SHARE		arg: EMU_SHARE_*; fd			arg[0] = device address
 *	UNSHARE		arg[0] = device address, arg[1] = length
 *	STATUS							fd: JSON text, arg[0] = its length
 *	COMMAND		data = text of a fault command		data = text of an error
 *
 * Queues and shared memory belong to the connection and end with it. The memory of a queue (MMIO
 * and DUS) is sealed: neither side can take it away from the other. Behind the MMIO region, at
 * EMU_OPEN_WAIT, is the queue's struct emu_wait; the doze page has a word per engine thread.
 */
#ifndef EMU_SOCKET_PROTO_H
#define EMU_SOCKET_PROTO_H

#include <stdint.h>

#define EMU_MSG_MAGIC   0x5541434du     /* "MCAU" */
#define EMU_MSG_VERSION 1
#define EMU_MSG_FDS     2               /* most descriptors in one message */

enum emu_msg_type {
	EMU_MSG_HELLO = 1,
	EMU_MSG_INFO,
	EMU_MSG_QUEUE_OPEN,
	EMU_MSG_QUEUE_CLOSE,
	EMU_MSG_IOCTL,
	EMU_MSG_START,
	EMU_MSG_STOP,
	EMU_MSG_SHARE,
	EMU_MSG_UNSHARE,
	EMU_MSG_STATUS,
	EMU_MSG_COMMAND,
};

/* arg[] of the answer to QUEUE_OPEN. */
enum { EMU_OPEN_DOZE, EMU_OPEN_MMIO, EMU_OPEN_DUS, EMU_OPEN_WAIT };
/*
 * arg[] of SHARE: the device address that the memory is to have (IOMMU: the client's virtual
 * address; NOIOMMU: what the client says is its physical one), its length, and its offset in the
 * file. All are multiples of the file's page size. Files are of tmpfs, memfd or hugetlbfs.
 */
enum { EMU_SHARE_ADDR, EMU_SHARE_LEN, EMU_SHARE_OFFSET };

struct emu_msg_info {
	char name[64];
	char api[64];
	char algorithms[512];
	uint32_t flags;                 /* WD_DEV_* */
	int32_t numa_node;
	uint32_t available;
	uint32_t isolated;
	uint64_t region_size[4];
};
_Static_assert(sizeof(struct emu_msg_info) == 688, "protocol");

struct emu_msg_hello {
	char kind[16];
	char name[64];
};
_Static_assert(sizeof(struct emu_msg_hello) == 80, "protocol");

struct emu_msg {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	int32_t result;
	uint32_t queue;
	uint64_t arg[4];
	union {
		struct emu_msg_hello hello;
		struct emu_msg_info info;
		uint8_t ioctl[16];
		char text[256];
		uint8_t raw[720];
	} data;
};
_Static_assert(sizeof(struct emu_msg) == 768, "protocol");

#endif
