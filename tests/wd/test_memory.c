/* SPDX-License-Identifier: BSD-3-Clause */
/* Device addresses without SVA: the table, static shared memory, descriptors of the driver. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define IOVA_OFF 0x7000000000ull

static struct wd_device *
open_mode(uint32_t flags, uint64_t iova_off)
{
	fake_cfg.flags = flags | WD_DEV_DB_SLOTS;
	fake_cfg.iova_off = iova_off;
	return fake_open("sec2");
}

static void
test_table(void)
{
	struct wd_device *dev = open_mode(WD_DEV_NOIOMMU, IOVA_OFF);
	static char mem[10][4096];
	char *m = mem[0];

	CHECK_EQ(wd_dev_addr(dev, m, 1), UINT64_MAX);
	/* Out of order: the table sorts. */
	CHECK_EQ(wd_device_share(dev, mem[4], 4096, -1, 0), 0);
	CHECK_EQ(wd_device_share(dev, mem[1], 8192, -1, 0), 0);
	CHECK_EQ(wd_device_share(dev, mem[3], 4096, -1, 0), 0);
	CHECK_EQ(fake_shared, 3);
	/* Overlaps, also with unchanged bookkeeping at the transport. */
	CHECK_EQ(wd_device_share(dev, mem[2], 4096, -1, 0), -EEXIST);
	CHECK_EQ(wd_device_share(dev, mem[0], 4097, -1, 0), -EEXIST);
	CHECK_EQ(fake_shared, 3);
	CHECK_EQ(wd_device_share(dev, NULL, 4096, -1, 0), -EINVAL);
	CHECK_EQ(wd_device_share(dev, mem[9], 0, -1, 0), -EINVAL);

	CHECK_EQ(wd_dev_addr(dev, mem[1] + 5, 10), (uintptr_t)mem[1] + 5 + IOVA_OFF);
	/* Contiguous for both: across entries. */
	CHECK_EQ(wd_dev_addr(dev, mem[1], 4 * 4096), (uintptr_t)mem[1] + IOVA_OFF);
	CHECK_EQ(wd_dev_addr(dev, mem[1], 4 * 4096 + 1), UINT64_MAX);
	CHECK_EQ(wd_dev_addr(dev, mem[1] - 1, 2), UINT64_MAX);
	CHECK_EQ(wd_dev_addr(dev, mem[5], 1), UINT64_MAX);
	CHECK_EQ(wd_dev_addr(dev, mem[1], SIZE_MAX), UINT64_MAX);
	CHECK(wd_cpu_addr(dev, (uintptr_t)mem[3] + IOVA_OFF + 7, 9) == mem[3] + 7);
	CHECK(wd_cpu_addr(dev, (uintptr_t)mem[3], 1) == NULL);

	/* For the process only: not across. */
	fake_cfg.iova_off = 2 * IOVA_OFF;
	CHECK_EQ(wd_device_share(dev, mem[5], 4096, -1, 0), 0);
	CHECK_EQ(wd_dev_addr(dev, mem[4], 4097), UINT64_MAX);
	CHECK_EQ(wd_dev_addr(dev, mem[5], 4096), (uintptr_t)mem[5] + 2 * IOVA_OFF);

	CHECK_EQ(wd_device_unshare(dev, mem[3], 4000), -EINVAL);
	CHECK_EQ(wd_device_unshare(dev, mem[3], 4096), 0);
	CHECK_EQ(wd_device_unshare(dev, mem[3], 4096), -EINVAL);
	CHECK_EQ(wd_dev_addr(dev, mem[2], 4097), UINT64_MAX);
	CHECK_EQ(wd_dev_addr(dev, mem[4], 1), (uintptr_t)mem[4] + IOVA_OFF);
	CHECK_EQ(wd_device_close(dev), 0);
}

/* Physical memory comes in pieces: each is found, none is taken for contiguous with the next. */
static void
test_scattered(void)
{
	static char mem[4][4096] __attribute__((aligned(8192)));
	struct wd_device *dev = open_mode(WD_DEV_NOIOMMU, IOVA_OFF);

	fake_cfg.scattered = true;
	CHECK_EQ(wd_device_share(dev, mem[0] + 100, 3 * 4096, -1, 0), 0);
	CHECK_EQ(wd_dev_addr(dev, mem[0] + 100, 3996), (uintptr_t)mem[0] + 100 + IOVA_OFF);
	CHECK_EQ(wd_dev_addr(dev, mem[0] + 100, 3997), UINT64_MAX);
	CHECK_EQ(wd_dev_addr(dev, mem[1], 4096), (uintptr_t)mem[1] + IOVA_OFF + (1ull << 40));
	CHECK_EQ(wd_dev_addr(dev, mem[3] + 99, 1), (uintptr_t)mem[3] + 99 + IOVA_OFF + (1ull << 40));
	CHECK_EQ(wd_dev_addr(dev, mem[3] + 99, 2), UINT64_MAX);
	CHECK_EQ(wd_device_unshare(dev, mem[0] + 100, 3 * 4096), 0);
	CHECK_EQ(wd_dev_addr(dev, mem[1], 1), UINT64_MAX);
	fake_cfg.scattered = false;
	CHECK_EQ(wd_device_close(dev), 0);
}

/* Readers need no lock while memory comes and goes. */
static struct wd_device *racing;
static char *race_mem;
static int race_over;

static void *
reader(void *arg)
{
	unsigned long hits = 0;

	while (!__atomic_load_n(&race_over, __ATOMIC_RELAXED)) {
		/* The first page is always there, each other one where it is or nowhere. */
		CHECK_EQ(wd_dev_addr(racing, race_mem, 4096), (uintptr_t)race_mem + IOVA_OFF);
		for (size_t i = 2; i < 500; i += 2) {
			uint64_t a = wd_dev_addr(racing, race_mem + i * 4096, 4096);

			CHECK(a == UINT64_MAX || a == (uintptr_t)race_mem + i * 4096 + IOVA_OFF);
			hits += a != UINT64_MAX;
		}
	}
	*(unsigned long *)arg = hits;
	return NULL;
}

static void
test_race(void)
{
	unsigned long hits = 0;
	pthread_t thread;

	racing = open_mode(WD_DEV_NOIOMMU, IOVA_OFF);
	race_mem = (char *)((uintptr_t)1 << 40);
	CHECK_EQ(wd_device_share(racing, race_mem, 4096, -1, 0), 0);
	CHECK_EQ(pthread_create(&thread, NULL, reader, &hits), 0);
	for (unsigned int round = 0; round < 50; round++) {
		for (size_t i = 498; i >= 2; i -= 2)
			CHECK_EQ(wd_device_share(racing, race_mem + i * 4096, 4096, -1, 0), 0);
		for (size_t i = 2; i < 500; i += 2)
			CHECK_EQ(wd_device_unshare(racing, race_mem + i * 4096, 4096), 0);
	}
	__atomic_store_n(&race_over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	printf("%lu look-ups hit memory that came and went\n", hits);
	CHECK_EQ(wd_device_close(racing), 0);
}

/* The DKO region is mapped before the queue starts, and goes with it. */
static void
test_dko(void)
{
	struct wd_device *dev;
	struct wd_queue q;

	fake_cfg.dko = 8192;
	dev = open_mode(WD_DEV_IOMMU, 0);
	fake_request(&q, dev, 0, 0);
	CHECK(fake_last->dko != NULL);
	wd_release_queue(&q);
	CHECK_EQ(wd_device_close(dev), 0);
	fake_cfg.dko = 0;
}

static void
test_sva(void)
{
	struct wd_device *dev = open_mode(WD_DEV_SVA, 0);
	unsigned int before = fake_shared;
	int local;

	CHECK_EQ(wd_dev_addr(dev, &local, sizeof(local)), (uintptr_t)&local);
	CHECK_EQ(wd_device_share(dev, &local, sizeof(local), -1, 0), 0);
	CHECK_EQ(wd_device_unshare(dev, &local, sizeof(local)), 0);
	CHECK_EQ(fake_shared, before);
	CHECK_EQ(wd_device_close(dev), 0);
}

/* SS: found by wd_dev_addr() slice by slice; shared among queues; freed with the last. */
static void
test_ss(void)
{
	struct wd_device *dev = open_mode(WD_DEV_NOIOMMU, IOVA_OFF);
	struct wd_device *other = open_mode(WD_DEV_NOIOMMU, IOVA_OFF);
	struct wd_queue a, b, c;
	char *m;

	fake_request(&a, dev, 0, 0);
	fake_request(&b, dev, 0, 0);
	fake_request(&c, other, 0, 0);
	errno = 0;
	CHECK(wd_reserve_memory(&a, 0) == NULL);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(wd_share_reserved_memory(&a, &b), -ENOENT);
	m = wd_reserve_memory(&a, 3u << 20);
	CHECK(m != NULL);
	CHECK(wd_reserve_memory(&a, 4096) == NULL);
	CHECK_EQ(errno, EEXIST);
	memset(m, 1, 4u << 20);
	CHECK_EQ(wd_dev_addr(dev, m + 100, 3u << 20), (uintptr_t)m + 100 + IOVA_OFF);
	CHECK_EQ(wd_dev_addr(other, m, 1), UINT64_MAX);
	CHECK_EQ(wd_share_reserved_memory(&a, &b), 0);
	CHECK_EQ(wd_share_reserved_memory(&a, &b), -EEXIST);
	CHECK_EQ(wd_share_reserved_memory(&b, &c), 0);
	CHECK_EQ(wd_dev_addr(other, m, 1), (uintptr_t)m + IOVA_OFF);
	((struct fake_queue *)wd_ctx(&a)->tq)->ss = NULL; /* the mapping lives on */
	wd_release_queue(&a);
	CHECK_EQ(wd_dev_addr(dev, m, 1), (uintptr_t)m + IOVA_OFF);
	m[0] = 2;
	((struct fake_queue *)wd_ctx(&b)->tq)->ss = NULL;
	wd_release_queue(&b);
	CHECK_EQ(wd_dev_addr(dev, m, 1), UINT64_MAX);
	m[1] = 2;
	wd_release_queue(&c);
	CHECK_EQ(wd_dev_addr(other, m, 1), UINT64_MAX);
	CHECK_EQ(wd_device_close(dev), 0);
	CHECK_EQ(wd_device_close(other), 0);
}

/* The driver's own lists and blocks: adopted memory, or SS on a kernel without adoption. */
static void
test_descriptors(uint32_t flags, bool no_share)
{
	static const uint8_t key[16];
	uint64_t off = flags & WD_DEV_NOIOMMU ? IOVA_OFF : 0;
	struct wd_device *dev = open_mode(flags, off);
	struct wd_crypto_xform x = {.aead = WD_AEAD_AES_CCM, .encrypt = 1, .iv_len = 12,
		.digest_len = 16, .cipher_key = key, .cipher_key_len = 16};
	static char page[4096] __attribute__((aligned(4096)));
	struct wd_session *sess = (void *)page;
	uint64_t b0, dev_addr = (uintptr_t)page + off;
	unsigned int before = fake_shared;
	struct wd_queue q;
	struct wd_req r;
	uint8_t *bd;

	fake_cfg.no_share = no_share;
	fake_request(&q, dev, 0, 0);
	CHECK_EQ(fake_last->ss != NULL, no_share);
	if (no_share)
		CHECK_EQ(wd_mem_add(dev, page, sizeof(page), dev_addr), 0);
	else
		CHECK_EQ(wd_device_share(dev, page, sizeof(page), -1, 0), 0);
	CHECK_EQ(wd_session_init_crypto(dev, sess, dev_addr, &x), 0);
	memcpy(page + 3000, "0123456789ab", 12);
	r = (struct wd_req){.sess = sess, .src = dev_addr, .dst = dev_addr,
		.iv = dev_addr + 3000, .digest = dev_addr, .aad = dev_addr + 2000, .aad_len = 9,
		.cipher_len = 100};
	CHECK_EQ(wd_submit(&q, &r, 1), 1);
	CHECK_EQ(q.stats.sq_doorbells, 1);
	bd = fake_sqe(fake_last, 0);
	memcpy(&b0, bd + 32, 8);
	CHECK(memcmp((char *)wd_cpu_addr(dev, b0, 16) + 1, "0123456789ab", 12) == 0);
	/* Keys and lists by device address too. */
	memcpy(&b0, bd + 48, 8);
	CHECK(b0 >= dev_addr && b0 < dev_addr + wd_session_size(dev));
	memcpy(&b0, bd + 16, 8);
	CHECK(wd_cpu_addr(dev, b0, 64) != NULL);
	/* An IV that nobody knows cannot be read by the driver. */
	if (flags & WD_DEV_NOIOMMU) {
		r.iv = 0x1000;
		CHECK_EQ(wd_submit(&q, &r, 1), 1);
		CHECK_EQ(q.stats.sq_doorbells, 1);
	}
	wd_release_queue(&q);
	if (!no_share)
		CHECK_EQ(wd_device_unshare(dev, page, sizeof(page)), 0);
	CHECK_EQ(fake_shared, before);
	CHECK_EQ(wd_device_close(dev), 0);
	fake_cfg.no_share = false;
}

int
main(void)
{
	char err[128];
	struct wd_device *dev;

	test_table();
	fake_shared = 0;
	test_scattered();
	test_race();
	test_dko();
	test_sva();
	test_ss();
	test_descriptors(WD_DEV_IOMMU, false);
	test_descriptors(WD_DEV_NOIOMMU, false);
	test_descriptors(WD_DEV_NOIOMMU, true);
	/* A device that shares nothing at all cannot be used. */
	fake_cfg.flags = 0;
	CHECK_EQ(wd_device_open_transport(&fake_transport, "", "sec2", NULL, &dev, err,
		sizeof(err)), -ENOTSUP);
	return 0;
}
