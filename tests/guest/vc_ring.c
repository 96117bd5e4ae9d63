// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <glob.h>
#include <openssl/evp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "vc_ring.h"

#define F_NEXT		1
#define F_WRITE		2
#define F_INDIRECT	4

#define OFF_IV		128
#define OFF_STATUS	192
#define OFF_TABLE	256

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/* struct virtio_crypto_op_data_req of a cipher. */
struct request {
	uint32_t opcode, algo;
	uint64_t session;
	uint32_t flag, padding;
	uint32_t iv_len, src_len, dst_len, padding2;
	uint8_t unused[24];
	uint32_t op_type, padding3;
};

_Static_assert(sizeof(struct request) == 72, "layout");

int
vc_bind(const char *driver)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "%s/tests/guest/vc_bind.sh %s 2>/dev/null",
		getenv("SOURCE"), driver);
	return WEXITSTATUS(system(cmd));
}

int
vc_load(const char *params)
{
	char cmd[512];
	int ret;

	snprintf(cmd, sizeof(cmd), "busybox insmod %s/virtio_crypto/uacce_virtio_crypto.ko %s",
		getenv("MODULES"), params);
	ret = WEXITSTATUS(system(cmd));
	return ret ? ret : vc_bind("uacce_virtio_crypto");
}

void
vc_unload(void)
{
	CHECK_EQ(system("busybox rmmod uacce_virtio_crypto"), 0);
}

const char *
vc_node(void)
{
	static char node[64];
	glob_t g;

	node[0] = 0;
	if (!glob("/dev/virtio_crypto-*", 0, NULL, &g))
		snprintf(node, sizeof(node), "%s", g.gl_pathv[0]);
	globfree(&g);
	return node;
}

const char *
vc_attr(const char *name)
{
	static char path[128];
	const char *node = vc_node();

	snprintf(path, sizeof(path), "/sys/class/uacce/%s/%s", node[0] ? node + strlen("/dev/") : "-",
		name);
	return path;
}

static int
map_all(struct vc *c)
{
	uint32_t size = c->info.room_offset + c->info.room_size;
	unsigned long slice;

	c->dus = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
		UACCE_QFRT_DUS * getpagesize());
	c->mmio = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	c->ss = mmap(NULL, VC_SS, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
		UACCE_QFRT_SS * getpagesize());
	if (c->dus == MAP_FAILED || c->mmio == MAP_FAILED || c->ss == MAP_FAILED)
		return -errno;
	struct uacce_slice s[VC_SS / VC_SS_SLICE];
	struct uacce_slices q = {.count = VC_SS / VC_SS_SLICE, .slices = (uintptr_t)s};
	if (ioctl(c->fd, UACCE_CMD_GET_SLICES, &q))
		return -errno;
	for (unsigned long at = 0; at < VC_SS; at += VC_SS_SLICE) {
		uint64_t va = (uintptr_t)c->ss + at;

		for (slice = 0; slice < q.count; slice++)
			if (va >= s[slice].addr && va < s[slice].addr + s[slice].len)
				c->ss_addr[at / VC_SS_SLICE] = s[slice].dev_addr + va -
					s[slice].addr;
	}
	return 0;
}

int
vc_open(struct vc *c)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->info.size = sizeof(c->info);
	c->dus = MAP_FAILED;
	c->ss = MAP_FAILED;
	c->mmio = MAP_FAILED;
	c->fd = open(vc_node(), O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return -errno;
	ret = ioctl(c->fd, UACCE_VC_QUEUE, &c->info) ? -errno : map_all(c);
	if (ret)
		vc_close(c);
	return ret;
}

void
vc_close(struct vc *c)
{
	if (c->dus != MAP_FAILED)
		munmap(c->dus, c->info.room_offset + c->info.room_size);
	if (c->mmio != MAP_FAILED)
		munmap((void *)(uintptr_t)c->mmio, getpagesize());
	if (c->ss != MAP_FAILED)
		munmap(c->ss, VC_SS);
	close(c->fd);
}

int
vc_start(struct vc *c)
{
	c->avail = 0;
	c->used = 0;
	return ioctl(c->fd, UACCE_CMD_START_Q) ? -errno : 0;
}

int
vc_session(struct vc *c, uint32_t op, const void *key, uint32_t len, uint64_t *id)
{
	struct uacce_vc_session s = {.service = UACCE_VC_CIPHER, .op = op, .algo = VC_AES_CBC,
		.key = (uintptr_t)key, .key_len = len};

	if (ioctl(c->fd, UACCE_VC_CREATE, &s))
		return -errno;
	*id = s.id;
	return 0;
}

unsigned int
vc_slots(const struct vc *c)
{
	return c->info.ring_size / VC_DESCS;
}

uint64_t
vc_addr(const struct vc *c, const void *ss)
{
	size_t at = (size_t)((const uint8_t *)ss - c->ss);

	return c->ss_addr[at / VC_SS_SLICE] + at % VC_SS_SLICE;
}

uint16_t *
vc_avail(const struct vc *c)
{
	return (uint16_t *)(void *)(c->dus + c->info.avail_offset);
}

uint16_t *
vc_used(const struct vc *c)
{
	return (uint16_t *)(void *)(c->dus + c->info.used_offset);
}

uint32_t
vc_state(const struct vc *c)
{
	return *(volatile uint32_t *)(void *)(c->dus + c->info.state_offset);
}

static void
fill(struct desc *d, unsigned int first, unsigned int i, const struct vc_part *p, bool last)
{
	d[i].addr = p->addr;
	d[i].len = p->len;
	d[i].flags = (uint16_t)((p->write ? F_WRITE : 0) | (last ? 0 : F_NEXT));
	d[i].next = (uint16_t)(first + i + 1);
}

void
vc_post(struct vc *c, unsigned int slot, const struct vc_op *op)
{
	size_t off = c->info.room_offset + (size_t)slot * VC_ROOM;
	uint64_t base = c->info.dus_addr + off;
	uint8_t *room = c->dus + off;
	unsigned int first = slot * VC_DESCS;
	struct desc *ring = (struct desc *)(void *)(c->dus + c->info.desc_offset) + first;
	struct desc *table = op->indirect ? (struct desc *)(void *)(room + OFF_TABLE) : ring;
	const struct vc_part head = {base, sizeof(struct request), false};
	const struct vc_part iv = {base + OFF_IV, 16, false};
	const struct vc_part status = {base + OFF_STATUS, 1, true};
	struct request *r = (struct request *)(void *)room;
	unsigned int start = op->indirect ? 0 : first;

	CHECK(op->n + 3 <= VC_DESCS && slot < vc_slots(c));
	*r = (struct request){.opcode = op->op == VC_DECRYPT, .algo = VC_AES_CBC,
		.session = op->session, .iv_len = 16, .src_len = op->len, .dst_len = op->len,
		.op_type = 1};
	memcpy(room + OFF_IV, op->iv, 16);
	room[OFF_STATUS] = 0xee;
	fill(table, start, 0, &head, false);
	fill(table, start, 1, &iv, false);
	for (unsigned int i = 0; i < op->n; i++)
		fill(table, start, 2 + i, &op->parts[i], false);
	fill(table, start, 2 + op->n, &status, true);
	if (op->indirect)
		*ring = (struct desc){base + OFF_TABLE, (3 + op->n) * sizeof(*ring), F_INDIRECT,
			0};
	vc_avail(c)[2 + (c->avail & (c->info.ring_size - 1))] = (uint16_t)first;
	c->avail++;
	__atomic_store_n(&vc_avail(c)[1], c->avail, __ATOMIC_RELEASE);
}

void
vc_doorbell(struct vc *c)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile uint16_t *)(uintptr_t)(c->mmio + c->info.notify_offset) =
		(uint16_t)c->info.notify_value;
}

int
vc_take(struct vc *c)
{
	struct timespec now, end;
	uint32_t id;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 20;
	while (__atomic_load_n(&vc_used(c)[1], __ATOMIC_ACQUIRE) == c->used) {
		if (vc_state(c) != UACCE_VC_STATE_ALIVE)
			return -2;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec)
			return -1;
		usleep(50);
	}
	memcpy(&id, (uint8_t *)vc_used(c) + 4 + (c->used & (c->info.ring_size - 1)) * 8, 4);
	c->used++;
	return (int)(id / VC_DESCS);
}

uint8_t
vc_status(const struct vc *c, unsigned int slot)
{
	return c->dus[c->info.room_offset + (size_t)slot * VC_ROOM + OFF_STATUS];
}

int
vc_crypt(struct vc *c, uint64_t session, uint32_t op, const uint8_t *iv, size_t src, size_t dst,
	uint32_t len)
{
	const struct vc_part parts[] = {{vc_addr(c, c->ss + src), len, false},
		{vc_addr(c, c->ss + dst), len, true}};
	struct vc_op o = {.session = session, .op = op, .len = len, .parts = parts, .n = 2};
	unsigned int slot = c->avail % vc_slots(c);
	int ret;

	memcpy(o.iv, iv, 16);
	vc_post(c, slot, &o);
	vc_doorbell(c);
	ret = vc_take(c);
	if (ret < 0)
		return ret;
	CHECK_EQ(ret, slot);
	return vc_status(c, slot);
}

void
vc_expect(uint32_t op, const uint8_t *key, uint32_t key_len, const uint8_t *iv, const uint8_t *src,
	uint8_t *dst, uint32_t len)
{
	const EVP_CIPHER *cipher = key_len == 16 ? EVP_aes_128_cbc() :
		key_len == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	CHECK(EVP_CipherInit_ex(ctx, cipher, NULL, key, iv, op == VC_ENCRYPT));
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	CHECK(EVP_CipherUpdate(ctx, dst, &n, src, (int)len) && n == (int)len);
	EVP_CIPHER_CTX_free(ctx);
}
