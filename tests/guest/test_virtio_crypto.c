// SPDX-License-Identifier: BSD-3-Clause
/*
 * QEMU's virtio-crypto function as a uacce device: test_virtio_crypto
 * flat|iommu|bypass|passthrough|old tells how the guest was started (bypass: behind an IOMMU, but
 * the device does not use it; old: no reset of single queues, no MSI-X, doorbells far apart).
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "echo.h"
#include "vc_ring.h"

#define MB2	(2UL << 20)
#define RING_RESET	40
#define QEMU_SESSIONS	256	/* of its built-in backend */

static bool translated, ring_reset;

/* SP 800-38A, F.2.1 */
static const uint8_t nist_key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
	0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
static const uint8_t nist_iv[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t nist_plain[16] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
	0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
static const uint8_t nist_cipher[16] = {0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46,
	0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d};

static uint8_t expected[1 << 20];

static void
random_bytes(void *p, size_t n)
{
	static uint32_t x = 12345;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		((uint8_t *)p)[i] = (uint8_t)(x >> 24);
	}
}

static long
instances(void)
{
	return read_number(vc_attr("available_instances"));
}

static void
read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, size - 1);

	CHECK(n >= 0);
	buf[n] = 0;
	close(fd);
}

static void
what_it_is(void)
{
	struct uacce_vc_info info = {.size = sizeof(info)}, again, small = {.size = 64};
	int fd = open(vc_node(), O_RDWR), other;
	char text[256];

	CHECK(fd >= 0);
	read_text(vc_attr("api"), text, sizeof(text));
	CHECK(!strcmp(text, "virtio_crypto_v1\n"));
	read_text(vc_attr("algorithms"), text, sizeof(text));
	CHECK(!strncmp(text, "cipher\ndigest\n", 14) && !strstr(text, "aead"));
	/* A descriptor alone costs no instance. */
	CHECK_EQ(instances(), 1);
	CHECK_EQ(ioctl(fd, UACCE_VC_INFO, &info), 0);
	CHECK_EQ(info.size, sizeof(info));
	CHECK_EQ(info.queue, UACCE_VC_NO_QUEUE);
	CHECK_EQ(info.dus_addr, 0);
	CHECK(info.epoch != 0);
	CHECK_ERRNO(ioctl(fd, UACCE_VC_INFO, &small), EINVAL);
	CHECK_ERRNO(ioctl(fd, UACCE_VC_INFO, NULL), EFAULT);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_START_Q), EINVAL);
	CHECK(echo_map(fd, UACCE_QFRT_DUS, info.room_offset + info.room_size) == MAP_FAILED);
	CHECK(echo_map(fd, UACCE_QFRT_MMIO, 4096) == MAP_FAILED);
	CHECK_ERRNO(ioctl(fd, UACCE_CMD_KICK), EINVAL);

	CHECK_EQ(ioctl(fd, UACCE_VC_QUEUE, &info), 0);
	CHECK_EQ(info.queue, 0);
	CHECK_EQ(instances(), 0);
	again = info;
	CHECK_EQ(ioctl(fd, UACCE_VC_QUEUE, &again), 0);
	CHECK(!memcmp(&again, &info, sizeof(info)));
	/* VERSION_1 and ACCESS_PLATFORM as the machine has it; no EVENT_IDX, no PACKED */
	CHECK_EQ(info.features >> 32 & 1, 1);
	CHECK_EQ(info.features >> 33 & 1, translated);
	CHECK_EQ(info.features >> RING_RESET & 1, ring_reset);
	CHECK_EQ(info.features >> 29 & 1, 0);
	CHECK_EQ(info.features >> 34 & 1, 0);
	CHECK(info.services & 1 && info.cipher_algo >> VC_AES_CBC & 1);
	CHECK(info.ring_size >= 64 && !(info.ring_size & (info.ring_size - 1)));
	CHECK(info.room_size >= info.ring_size * 512 && info.room_offset % 4096 == 0);
	CHECK(info.max_size >= 65536);
	CHECK_EQ(info.notify_width, 2);

	other = open(vc_node(), O_RDWR);
	CHECK(other >= 0);
	CHECK_ERRNO(ioctl(other, UACCE_VC_QUEUE, &again), EBUSY);
	CHECK_EQ(ioctl(other, UACCE_VC_INFO, &again), 0);
	CHECK_EQ(again.epoch, info.epoch);
	close(fd);
	CHECK_EQ(instances(), 1);
	CHECK_EQ(ioctl(other, UACCE_VC_QUEUE, &again), 0);
	close(other);
	fd = open(vc_node(), O_RDWR);
	CHECK_EQ(ioctl(fd, UACCE_VC_INFO, &again), 0);
	CHECK(again.epoch != info.epoch);
	close(fd);
}

static void
expect_create(int fd, struct uacce_vc_session s, int err)
{
	errno = 0;
	if (ioctl(fd, UACCE_VC_CREATE, &s) != -1 || errno != err)
		FAIL("service %u algo %u key %u: errno %d, not %d", s.service, s.algo, s.key_len,
			errno, err);
	/* Refused before the device was asked, unless it is the device that refuses. */
	CHECK_EQ(s.status, err == EIO ? 1 : UACCE_VC_NOT_ASKED);
}

static void
bad_sessions(void)
{
	uint8_t key[2048] = {1};
	const struct uacce_vc_session good = {.service = UACCE_VC_CIPHER, .op = 1,
		.algo = VC_AES_CBC, .key = (uintptr_t)key, .key_len = 16};
	int fd = open(vc_node(), O_RDWR);
	struct uacce_vc_session s = good;
	uint64_t id;

#define BAD(err, ...) expect_create(fd, (struct uacce_vc_session){__VA_ARGS__}, err)
#define KEY(n) .key = (uintptr_t)key, .key_len = (n)
	BAD(EINVAL, .service = 4, .op = 1, .algo = 1, KEY(16));
	BAD(EINVAL, .service = 77);
	BAD(EINVAL, .op = 0, .algo = VC_AES_CBC, KEY(16));
	BAD(EINVAL, .op = 3, .algo = VC_AES_CBC, KEY(16));
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC);
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC, KEY(65));
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC, KEY(2048));
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC, KEY(0xffffffff));
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC, KEY(16), .digest_len = 20);
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC, KEY(16), .auth_key_len = 20);
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC, KEY(16), .reserved = 1);
	BAD(EINVAL, .op = 1, .algo = VC_AES_CBC, KEY(16), .order = 1);
	BAD(EINVAL, .service = UACCE_VC_HASH, .hash_algo = 2, .digest_len = 20, KEY(16));
	BAD(EINVAL, .service = UACCE_VC_HASH, .hash_algo = 2);
	BAD(EINVAL, .service = UACCE_VC_CHAIN, .op = 1, .algo = VC_AES_CBC, KEY(16), .order = 3,
		.hash_mode = 1, .hash_algo = 2, .digest_len = 20);
	BAD(EOPNOTSUPP, .op = 1, .algo = 4, KEY(16));
	BAD(EOPNOTSUPP, .op = 1, .algo = 0, KEY(16));
	BAD(EOPNOTSUPP, .op = 1, .algo = 64, KEY(16));
	BAD(EOPNOTSUPP, .op = 1, .algo = 0xffffffff, KEY(16));
	BAD(EOPNOTSUPP, .service = UACCE_VC_AEAD, .op = 1, .algo = 1, KEY(16), .digest_len = 16);
	BAD(EOPNOTSUPP, .service = UACCE_VC_MAC, .hash_algo = 2, .digest_len = 20);
	BAD(EFAULT, .op = 1, .algo = VC_AES_CBC, .key = 8, .key_len = 16);
	BAD(EFAULT, .op = 1, .algo = VC_AES_CBC, .key = ~0ULL - 8, .key_len = 16);
	/* The device's own refusals. */
	BAD(EIO, .op = 1, .algo = VC_AES_CBC, KEY(15));
	BAD(EIO, .op = 1, .algo = VC_AES_CBC, KEY(64));

	CHECK_ERRNO(ioctl(fd, UACCE_VC_CREATE, NULL), EFAULT);
	CHECK_ERRNO(ioctl(fd, UACCE_VC_DESTROY, NULL), EFAULT);
	CHECK_ERRNO(ioctl(fd, _IO('W', 0x6f), 0), EINVAL);
	CHECK_EQ(ioctl(fd, UACCE_VC_CREATE, &s), 0);
	CHECK_EQ(s.status, 0);
	id = s.id + 1;
	CHECK_ERRNO(ioctl(fd, UACCE_VC_DESTROY, &id), ENOENT);
	/* Nobody else's either. */
	int other = open(vc_node(), O_RDWR);
	CHECK_ERRNO(ioctl(other, UACCE_VC_DESTROY, &s.id), ENOENT);
	close(other);
	CHECK_EQ(ioctl(fd, UACCE_VC_DESTROY, &s.id), 0);
	CHECK_ERRNO(ioctl(fd, UACCE_VC_DESTROY, &s.id), ENOENT);
	close(fd);
}

/* Sessions end with their descriptor: the device's supply is whole again each time. */
static void
all_sessions(void)
{
	uint8_t key[16] = {7};
	struct vc c;
	uint64_t id;

	int keeper = open(vc_node(), O_RDWR);
	for (int round = 0; round < 4; round++) {
		/* With another descriptor open, and without. */
		if (round == 2)
			close(keeper);
		CHECK_EQ(vc_open(&c), 0);
		for (int i = 0; i < QEMU_SESSIONS; i++)
			CHECK_EQ(vc_session(&c, 1 + i % 2, key, 16, &id), 0);
		CHECK_EQ(vc_session(&c, 1, key, 16, &id), -EIO);
		CHECK_EQ(ioctl(c.fd, UACCE_VC_DESTROY, &id), 0);
		CHECK_EQ(vc_session(&c, 1, key, 16, &id), 0);
		vc_close(&c);
	}
}

static void
known_vector(void)
{
	uint64_t enc, dec;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, nist_key, 16, &enc), 0);
	CHECK_EQ(vc_session(&c, VC_DECRYPT, nist_key, 16, &dec), 0);
	CHECK_EQ(vc_start(&c), 0);
	memcpy(c.ss, nist_plain, 16);
	CHECK_EQ(vc_crypt(&c, enc, VC_ENCRYPT, nist_iv, 0, 4096, 16), 0);
	CHECK(!memcmp(c.ss + 4096, nist_cipher, 16));
	CHECK_EQ(vc_crypt(&c, dec, VC_DECRYPT, nist_iv, 4096, 8192, 16), 0);
	CHECK(!memcmp(c.ss + 8192, nist_plain, 16));
	vc_close(&c);
}

/* n bytes from at on, in up to five pieces of odd lengths. */
static unsigned int
pieces(const struct vc *c, struct vc_part *p, size_t at, uint32_t n, bool write)
{
	unsigned int i = 0;

	while (n) {
		uint32_t len = i == 4 || n < 40 ? n : n / 3 + 1;

		p[i++] = (struct vc_part){vc_addr(c, c->ss + at), len, write};
		at += len;
		n -= len;
	}
	return i;
}

static void
sizes(void)
{
	static const uint32_t lens[] = {16, 64, 256, 1024, 2048, 2176 + 16, 4096, 16384, 65536,
		1 << 20};
	struct vc_part parts[10];
	uint8_t key[32];
	unsigned int done = 0;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	CHECK_EQ(vc_start(&c), 0);
	random_bytes(key, sizeof(key));
	random_bytes(c.ss, VC_SS / 2);
	for (uint32_t bits = 0; bits < 3 * 2 * 3; bits++) {
		uint32_t op = 1 + bits % 2, key_len = 16 + 8 * (bits / 2 % 3), how = bits / 6;
		uint64_t id;

		CHECK_EQ(vc_session(&c, op, key, key_len, &id), 0);
		for (unsigned int i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			size_t src = 48 * i + 1, dst = VC_SS / 2 + 5 * i;
			struct vc_op o = {.session = id, .op = op, .len = lens[i], .parts = parts,
				.indirect = how == 2};
			unsigned int slot = c.avail % vc_slots(&c);

			random_bytes(o.iv, sizeof(o.iv));
			vc_expect(op, key, key_len, o.iv, c.ss + src, expected, lens[i]);
			memset(c.ss + dst, 0x77, lens[i] + 1);
			if (how) {
				o.n = pieces(&c, parts, src, lens[i], false);
				o.n += pieces(&c, parts + o.n, dst, lens[i], true);
			} else {
				parts[0] = (struct vc_part){vc_addr(&c, c.ss + src), lens[i], false};
				parts[1] = (struct vc_part){vc_addr(&c, c.ss + dst), lens[i], true};
				o.n = 2;
			}
			vc_post(&c, slot, &o);
			vc_doorbell(&c);
			CHECK_EQ(vc_take(&c), slot);
			CHECK_EQ(vc_status(&c, slot), 0);
			if (memcmp(c.ss + dst, expected, lens[i]))
				FAIL("op %u key %u, %u bytes, way %u: wrong", op, key_len, lens[i],
					how);
			CHECK_EQ(c.ss[dst + lens[i]], 0x77);
			done++;
		}
		CHECK_EQ(ioctl(c.fd, UACCE_VC_DESTROY, &id), 0);
	}
	vc_close(&c);
	CHECK_EQ(done, 180);
}

/* Many at a time, in place, over and over: indexes wrap. */
static void
bursts(void)
{
	unsigned int total = 0, slots;
	uint8_t key[16], iv[16];
	uint64_t id;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	random_bytes(key, sizeof(key));
	random_bytes(iv, sizeof(iv));
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, key, 16, &id), 0);
	CHECK_EQ(vc_start(&c), 0);
	slots = vc_slots(&c);
	for (unsigned int round = 0; round < 200; round++) {
		for (unsigned int i = 0; i < slots; i++) {
			uint64_t at = vc_addr(&c, c.ss + i * 4096);
			const struct vc_part p[] = {{at, 512, false}, {at, 512, true}};
			struct vc_op o = {.session = id, .op = VC_ENCRYPT, .len = 512, .parts = p,
				.n = 2, .indirect = true};

			memset(c.ss + i * 4096, (int)(round + i), 512);
			memcpy(o.iv, iv, 16);
			vc_post(&c, i, &o);
		}
		vc_doorbell(&c);
		for (unsigned int i = 0; i < slots; i++) {
			int slot = vc_take(&c);
			uint8_t plain[512], cipher[512];

			CHECK(slot >= 0 && !vc_status(&c, (unsigned int)slot));
			memset(plain, (int)(round + (unsigned int)slot), 512);
			vc_expect(VC_ENCRYPT, key, 16, iv, plain, cipher, 512);
			CHECK(!memcmp(c.ss + slot * 4096, cipher, 512));
			total++;
		}
	}
	printf("# %u requests, ring of %u\n", total, c.info.ring_size);
	vc_close(&c);
}

/* poll() tells of a completion once; a stopped queue tells nothing. */
static void
interrupts(void)
{
	const uint8_t iv[16] = {0};
	struct pollfd p = {.events = POLLIN};
	uint64_t id;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	p.fd = c.fd;
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, nist_key, 16, &id), 0);
	CHECK_EQ(vc_start(&c), 0);
	CHECK_EQ(poll(&p, 1, 0), 0);
	for (int i = 0; i < 20; i++) {
		const struct vc_part parts[] = {{vc_addr(&c, c.ss), 64, false},
			{vc_addr(&c, c.ss + 4096), 64, true}};
		struct vc_op o = {.session = id, .op = 1, .len = 64, .parts = parts, .n = 2};

		memcpy(o.iv, iv, 16);
		vc_post(&c, 0, &o);
		/* The other way to ring. */
		if (i % 2)
			vc_doorbell(&c);
		else
			CHECK_EQ(ioctl(c.fd, UACCE_CMD_KICK), 0);
		CHECK_EQ(poll(&p, 1, 10000), 1);
		CHECK_EQ(p.revents, POLLIN);
		CHECK_EQ(vc_take(&c), 0);
		CHECK_EQ(poll(&p, 1, 0), 0);
	}
	vc_close(&c);
	CHECK_EQ(system("grep -q 'uacce_vc.*' /proc/interrupts"), 0);
}

/*
 * The queue starts from nothing after each stop, and memory stays. Sessions do, too, unless the
 * stop takes a reset of the device, which the epoch tells.
 */
static void
stop_and_start(void)
{
	uint64_t id, last, epoch;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	for (uint32_t i = 0; i < c.info.room_offset + c.info.room_size; i++)
		CHECK_EQ(c.dus[i], 0);
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, nist_key, 16, &id), 0);
	epoch = c.info.epoch;
	vc_avail(&c)[0] = 1;	/* no interrupts */
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(vc_start(&c), 0);
		CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_START_Q), EINVAL);
		for (int k = 0; k < 3; k++) {
			memcpy(c.ss, nist_plain, 16);
			memset(c.ss + 4096, 0, 16);
			CHECK_EQ(vc_crypt(&c, id, VC_ENCRYPT, nist_iv, 0, 4096, 16), 0);
			CHECK(!memcmp(c.ss + 4096, nist_cipher, 16));
		}
		CHECK_EQ(vc_used(&c)[1], 3);
		CHECK_EQ(ioctl(c.fd, UACCE_CMD_PUT_Q), 0);
		CHECK_EQ(vc_avail(&c)[0], 1);
		CHECK_EQ(vc_avail(&c)[1], 0);
		CHECK_EQ(vc_used(&c)[1], 0);
		/* Not started: the doorbell leads nowhere. */
		vc_avail(&c)[1] = 1;
		vc_doorbell(&c);
		usleep(20000);
		CHECK_EQ(vc_used(&c)[1], 0);
		vc_avail(&c)[1] = 0;
		if (!(c.info.features >> RING_RESET & 1)) {
			CHECK_ERRNO(ioctl(c.fd, UACCE_VC_DESTROY, &id), ENOENT);
			CHECK_EQ(vc_session(&c, VC_ENCRYPT, nist_key, 16, &id), 0);
		}
		last = epoch;
		CHECK_EQ(ioctl(c.fd, UACCE_VC_INFO, &c.info), 0);
		epoch = c.info.epoch;
		CHECK_EQ(epoch == last, c.info.features >> RING_RESET & 1);
	}
	vc_close(&c);
	all_sessions();
}

/* The device answers; the queue lives. */
static void
bad_requests(void)
{
	uint64_t enc;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	CHECK_EQ(vc_session(&c, VC_ENCRYPT, nist_key, 16, &enc), 0);
	CHECK_EQ(vc_start(&c), 0);
	memcpy(c.ss, nist_plain, 16);
	memset(c.ss + 4096, 0x55, 4096);
	CHECK(vc_crypt(&c, enc + 5, VC_ENCRYPT, nist_iv, 0, 4096, 16) > 0);
	CHECK(vc_crypt(&c, ~0ULL, VC_ENCRYPT, nist_iv, 0, 4096, 16) > 0);
	/* half a block */
	CHECK(vc_crypt(&c, enc, VC_ENCRYPT, nist_iv, 0, 4096, 24) > 0);
	for (int i = 0; i < 4096; i++)
		CHECK_EQ(c.ss[4096 + i], 0x55);
	CHECK_EQ(vc_state(&c), UACCE_VC_STATE_ALIVE);
	CHECK_EQ(vc_crypt(&c, enc, VC_ENCRYPT, nist_iv, 0, 4096, 16), 0);
	CHECK(!memcmp(c.ss + 4096, nist_cipher, 16));
	vc_close(&c);
}

static void
check_dead(struct vc *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	struct uacce_vc_info info = {.size = sizeof(info)};

	CHECK_EQ(poll(&p, 1, 10000), 1);
	CHECK_EQ(p.revents, POLLERR | POLLHUP);
	CHECK_EQ(vc_state(c), UACCE_VC_STATE_FAILED);
	CHECK_ERRNO(ioctl(c->fd, UACCE_VC_INFO, &info), ENXIO);
	CHECK_ERRNO(ioctl(c->fd, UACCE_CMD_PUT_Q), ENXIO);
	/* The whole device is, until the last has let go. */
	CHECK_ERRNO(open(vc_node(), O_RDWR), EIO);
}

/* What a hostile driver writes breaks its device and nothing else; the next owner has it whole. */
static void
garbage(void)
{
	for (int kind = 0; kind < 6; kind++) {
		struct vc_part both[2];
		struct vc_op o = {.op = 1, .len = 64, .parts = both, .n = 2};
		uint64_t id;
		struct vc c;

		CHECK_EQ(vc_open(&c), 0);
		both[0] = (struct vc_part){vc_addr(&c, c.ss), 64, false};
		both[1] = (struct vc_part){vc_addr(&c, c.ss + 4096), 64, true};
		for (int i = 0; i < 100; i++)
			CHECK_EQ(vc_session(&c, 1, nist_key, 16, &id), 0);
		CHECK_EQ(vc_start(&c), 0);
		o.session = id;
		vc_post(&c, 0, &o);
		uint8_t *desc = c.dus + c.info.desc_offset;
		if (kind == 0)	/* a loop */
			*(uint16_t *)(void *)(desc + 14) = 0;
		if (kind == 1)	/* a descriptor that is not there */
			*(uint16_t *)(void *)(desc + 14) = 0xffff;
		if (kind == 2)	/* a head that is not there */
			vc_avail(&c)[2] = 0x7777;
		if (kind == 3)	/* nothing */
			memset(desc + 8, 0, 4);
		if (kind == 4)	/* table of half a descriptor */
			memcpy(desc, &(uint32_t[4]){0x10000, 0, 8, 4}, 16);
		if (kind == 5)	/* a header of 64 bytes, and the status */
			memcpy(desc + 8, &(uint32_t[2]){64, 1 | 4 << 16}, 8);
		vc_doorbell(&c);
		if (vc_take(&c) != -2)
			FAIL("garbage %d: the device lives", kind);
		check_dead(&c);
		vc_close(&c);
	}
	known_vector();
	all_sessions();
}

static bool
log_has(const char *a, const char *b)
{
	static char log[1 << 20];
	int n = klogctl(3, log, sizeof(log) - 1);

	CHECK(n >= 0);
	log[n] = 0;
	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, a) && strstr(line, b))
			return true;
	return false;
}

/* All that the device did so far was its owner's and the kernel's to allow. */
static void
no_faults(void)
{
	CHECK(!log_has("DMAR: [DMA", "fault addr"));
}

/* The device writes to (or reads from) an address that is not its owner's. */
static void
reach(uint64_t addr, bool write)
{
	uint64_t id;
	struct vc c;
	int ret;

	CHECK_EQ(vc_open(&c), 0);
	CHECK_EQ(vc_session(&c, 1, nist_key, 16, &id), 0);
	CHECK_EQ(vc_start(&c), 0);
	memset(c.ss, 0x42, 4096);
	const struct vc_part parts[] = {{write ? vc_addr(&c, c.ss) : addr, 64, false},
		{write ? addr : vc_addr(&c, c.ss + 4096), 64, true}};
	struct vc_op o = {.session = id, .op = 1, .len = 64, .parts = parts, .n = 2};
	vc_post(&c, 0, &o);
	vc_doorbell(&c);
	ret = vc_take(&c);
	printf("# %s 0x%llx: %s\n", write ? "write to" : "read from", (unsigned long long)addr,
		ret == -2 ? "device failed" : ret ? "no answer" : "device went on");
	CHECK(ret != -1);
	if (ret == -2)
		check_dead(&c);
	vc_close(&c);
}

static uint64_t
physical(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	CHECK_EQ(pread(fd, &entry, 8, (off_t)((uintptr_t)p / 4096 * 8)), 8);
	close(fd);
	CHECK(entry >> 63);
	return (entry & ((1ULL << 55) - 1)) * 4096;
}

/*
 * Another process's memory, by the address that it has there and by its physical one; and memory of
 * the client's own that was not given to the device.
 */
static void
not_yours(void)
{
	uint8_t *victim = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint64_t phys;
	char text[32];
	int status;

	/* The kernel tells of ten faults in five seconds. */
	sleep(6);
	memset(victim, 0x99, 4096);
	CHECK(!mlock(victim, 4096));
	phys = physical(victim);
	pid_t pid = fork();
	if (!pid) {
		uint8_t *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		munmap(victim, 4096);
		memset(own, 0x88, 4096);
		reach((uintptr_t)victim, true);
		reach((uintptr_t)victim, false);
		reach(phys, true);
		reach((uintptr_t)own, true);
		for (int i = 0; i < 4096; i++)
			CHECK_EQ(own[i], 0x88);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	for (int i = 0; i < 4096; i++)
		CHECK_EQ(victim[i], 0x99);
	snprintf(text, sizeof(text), "addr 0x%llx", (unsigned long long)(uintptr_t)victim);
	CHECK(log_has("DMAR: [DMA Write", text));
	CHECK(log_has("DMAR: [DMA Read", text));
	munmap(victim, 4096);
	known_vector();
}

/* The kernel's rings are at addresses that the process then cannot take. */
static void
address_space(void)
{
	struct uacce_adopt a = {.len = MB2};
	struct vc c;
	void *p;

	CHECK_EQ(vc_open(&c), 0);
	p = mmap((void *)(uintptr_t)c.info.dus_addr, MB2, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(p != MAP_FAILED);
	a.addr = (uintptr_t)p;
	CHECK_ERRNO(ioctl(c.fd, UACCE_CMD_ADOPT, &a), EEXIST);
	munmap(p, MB2);
	/* One process at a time. */
	pid_t pid = fork();
	int status;
	if (!pid) {
		CHECK_ERRNO(open(vc_node(), O_RDWR), EBUSY);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	vc_close(&c);
}

/* 64 bytes of what the device finds somewhere, encrypted by it into SS. */
static int
fetch(struct vc *c, uint64_t session, uint64_t from, uint64_t to)
{
	const struct vc_part parts[] = {{from, 64, false}, {to, 64, true}};
	struct vc_op o = {.session = session, .op = 1, .len = 64, .parts = parts, .n = 2};
	int ret;

	memcpy(o.iv, nist_iv, 16);
	vc_post(c, 0, &o);
	vc_doorbell(c);
	ret = vc_take(c);
	return ret < 0 ? ret : vc_status(c, 0);
}

/*
 * The kernel's commands for the device are in the page behind the only DUS. The device reads them,
 * but nobody makes it write there: what was nothing stays nothing.
 */
static void
commands_are_the_kernels(void)
{
	const uint8_t nothing[64] = {0};
	uint8_t out[64];
	uint64_t id, unused;
	struct vc c;

	CHECK_EQ(vc_open(&c), 0);
	unused = c.info.dus_addr + c.info.room_offset + c.info.room_size + 3072;
	CHECK_EQ(vc_session(&c, 1, nist_key, 16, &id), 0);
	CHECK_EQ(vc_start(&c), 0);
	vc_expect(VC_ENCRYPT, nist_key, 16, nist_iv, nothing, out, 64);
	CHECK_EQ(fetch(&c, id, unused, vc_addr(&c, c.ss)), 0);
	CHECK(!memcmp(c.ss, out, 64));
	if (fetch(&c, id, vc_addr(&c, c.ss), unused) != -2) {
		CHECK_EQ(fetch(&c, id, unused, vc_addr(&c, c.ss + 4096)), 0);
		CHECK(!memcmp(c.ss + 4096, out, 64));
	}
	vc_close(&c);
}

/* Hugepages that the process has anyway. */
static void
adopted(void)
{
	uint8_t *own = mmap(NULL, MB2, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	struct uacce_adopt a = {.addr = (uintptr_t)own, .len = MB2};
	uint64_t id;
	struct vc c;

	CHECK(own != MAP_FAILED);
	CHECK_EQ(vc_open(&c), 0);
	CHECK_EQ(vc_session(&c, 1, nist_key, 16, &id), 0);
	CHECK_EQ(vc_start(&c), 0);
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_ADOPT, &a), 0);
	memcpy(own + MB2 - 16, nist_plain, 16);
	const struct vc_part parts[] = {{a.dev_addr + MB2 - 16, 16, false}, {a.dev_addr, 16, true}};
	struct vc_op o = {.session = id, .op = 1, .len = 16, .parts = parts, .n = 2};
	memcpy(o.iv, nist_iv, 16);
	vc_post(&c, 0, &o);
	vc_doorbell(&c);
	CHECK_EQ(vc_take(&c), 0);
	CHECK_EQ(vc_status(&c, 0), 0);
	CHECK(!memcmp(own, nist_cipher, 16));
	CHECK_EQ(ioctl(c.fd, UACCE_CMD_UNADOPT, &a), 0);
	vc_close(&c);
	munmap(own, MB2);
}

static void
all_of_it(void)
{
	CASE(what_it_is);
	CASE(bad_sessions);
	CASE(all_sessions);
	CASE(known_vector);
	CASE(sizes);
	CASE(bursts);
	CASE(interrupts);
	CASE(stop_and_start);
	CASE(bad_requests);
	CASE(adopted);
	CASE(no_faults);
	CASE(garbage);
}

int
main(int argc, char **argv)
{
	const char *machine = argc == 2 ? argv[1] : "";
	bool has_iommu = !strcmp(machine, "iommu") || !strcmp(machine, "passthrough");
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);

	CHECK(write(fd, "8", 1) == 1);
	close(fd);
	translated = has_iommu;
	ring_reset = strcmp(machine, "old") != 0;
	CHECK(vc_load("uacce_mode=3") != 0);
	CHECK(vc_load("uacce_mode=1 ring_size=1000") != 0);
	/* Physical addresses: not if the IOMMU translates what the device says. */
	CHECK_EQ(vc_load("uacce_mode=2 ring_size=64"), strcmp(machine, "iommu") ? 0 : 1);
	if (strcmp(machine, "iommu")) {
		CHECK_EQ(read_number(vc_attr("flags")), UACCE_DEV_NOIOMMU);
		all_of_it();
	}
	vc_unload();
	/* Without an IOMMU, or past it, there is no protection: the mode that promises it refuses. */
	CHECK_EQ(vc_load("uacce_mode=1"), has_iommu ? 0 : 1);
	CHECK_EQ(access(vc_node(), F_OK), has_iommu ? 0 : -1);
	if (has_iommu) {
		CHECK_EQ(read_number(vc_attr("flags")), UACCE_DEV_IOMMU);
		all_of_it();
		CASE(address_space);
		CASE(commands_are_the_kernels);
		CASE(not_yours);
	}
	vc_unload();
	return 0;
}
