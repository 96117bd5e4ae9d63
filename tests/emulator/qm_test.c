/* SPDX-License-Identifier: BSD-3-Clause */
/* Queue manager: life of a queue, rings, doorbells, errors, options. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "hisi_sec2.h"

extern const struct wd_transport wd_transport_plugin;
static const struct wd_transport *const tr = &wd_transport_plugin;

/* A hash of nothing much: cheap, valid on v3. */
static void
make_bd(struct sec2_bd3 *bd, const uint8_t *data, uint8_t *digest, uint64_t tag)
{
	memset(bd, 0, sizeof(*bd));
	bd->bd_param = (uint32_t)(HW_PREP(BD3_TYPE, SEC2_BD_TYPE3) | HW_PREP(BD3_SCENE, 7));
	bd->auth_mac_key = (uint32_t)(HW_PREP(BD3_AUTH, SEC2_AUTH_MAC) | HW_PREP(BD3_MAC_LEN, 5) |
		HW_PREP(BD3_A_ALG, SEC2_AALG_SHA1));
	bd->a_len_key = 3;
	bd->data_src_addr = (uintptr_t)data;
	bd->mac_addr = (uintptr_t)digest;
	bd->tag = tag;
}

static const uint8_t abc_sha1[20] = {
	0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
	0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d,
};

/* Takes one completion and checks order, tag, result and digest. */
static void
expect(struct client *c, uint16_t slot, uint64_t tag, const uint8_t *digest)
{
	struct sec2_bd3 *bd = client_slot(c, slot);

	CHECK(client_wait(c) == slot);
	CHECK(bd->tag == tag);
	CHECK((bd->result & SEC2_RES_DONE) && bd->error_type == 0);
	CHECK(HW_GET(BD3_TYPE, bd->bd_param) == SEC2_BD_TYPE3);
	CHECK(memcmp(digest, abc_sha1, 20) == 0);
}

static void
test_ring(const char *options)
{
	static uint8_t digests[64][64];
	struct sec2_bd3 bd;
	struct client c;
	uint64_t tag = 0;
	unsigned int lap, i, n;

	client_open(&c, "sec2", options, 0);
	CHECK(c.depth == 64);
	memset(digests, 0, sizeof(digests));
	/* Bursts of all sizes up to a full ring: the phase turns many times. */
	for (lap = 0; lap < 300; lap++) {
		n = 1 + lap % (c.depth - 1u);
		for (i = 0; i < n; i++) {
			make_bd(&bd, (const uint8_t *)"abc", digests[i], tag + i);
			client_put(&c, &bd);
		}
		client_ring(&c);
		for (i = 0; i < n; i++) {
			expect(&c, (uint16_t)((c.tail + c.depth - n + i) % c.depth), tag + i, digests[i]);
			memset(digests[i], 0, 20);
		}
		CHECK(client_poll(&c) == -1);
		tag += n;
		if (lap % 50 == 49)
			usleep(30000);  /* let it doze */
	}
	client_close(&c);
}

static void
test_restart(void)
{
	uint8_t digest[20];
	struct sec2_bd3 bd;
	struct client c;
	int i;

	client_open(&c, "sec2", NULL, 0);
	CHECK(tr->start(c.q) == -EINVAL);
	for (i = 0; i < 3; i++) {
		make_bd(&bd, (const uint8_t *)"abc", digest, 7);
		client_put(&c, &bd);
		client_ring(&c);
		expect(&c, 0, 7, digest);
		CHECK(tr->stop(c.q) == 0);
		CHECK(tr->stop(c.q) == 0);
		CHECK(tr->start(c.q) == 0);
		c.tail = c.cq_head = 0;
		c.phase = 1;
	}
	client_close(&c);
}

static void
bad_doorbell(struct client *c, unsigned int reg, uint64_t value)
{
	struct client victim;
	int i;

	client_queue(&victim, c->dev, 0);
	client_store_doorbell(&victim, reg, value | victim.id);
	for (i = 0; i < 30000 && client_stop_word(&victim, HISI_QM_RX_STOP_FROM_END) == 0; i++)
		usleep(1000);
	CHECK(client_stop_word(&victim, HISI_QM_TX_STOP_FROM_END) == 1);
	CHECK(client_stop_word(&victim, HISI_QM_RX_STOP_FROM_END) == 1);
	CHECK(tr->start(victim.q) == -ENXIO);
	CHECK(tr->wait(victim.q, 30000) == 1);
	client_queue_close(&victim);
}

static void
test_bad_doorbells(void)
{
	uint8_t digest[20];
	struct sec2_bd3 bd;
	struct client c;

	client_open(&c, "sec2", "depth=64", 0);
	bad_doorbell(&c, 0, HW_PREP(HISI_QM_DB_INDEX, 64));
	bad_doorbell(&c, 0, HW_PREP(HISI_QM_DB_INDEX, 0xffff));
	bad_doorbell(&c, 0, HW_PREP(HISI_QM_DB_CMD, 5) | HW_PREP(HISI_QM_DB_INDEX, 1));
	bad_doorbell(&c, 0, HW_PREP(HISI_QM_DB_RAND, 1) | HW_PREP(HISI_QM_DB_INDEX, 1));
	bad_doorbell(&c, 0, HW_PREP(HISI_QM_DB_QN, 0xfff) | HW_PREP(HISI_QM_DB_INDEX, 1));
	/* Its neighbour never noticed. */
	make_bd(&bd, (const uint8_t *)"abc", digest, 9);
	client_put(&c, &bd);
	client_ring(&c);
	expect(&c, 0, 9, digest);
	client_close(&c);
}

/* A client with one doorbell register, whose CQ commands hide its SQ commands. */
static void
test_shared_doorbell(void)
{
	static uint8_t digests[8][64];
	struct sec2_bd3 bd;
	struct client c;
	unsigned int lap, i;

	client_open(&c, "sec2", "depth=64,doorbell=shared", 0);
	CHECK((c.info.flags & WD_DEV_DB_SLOTS) == 0);
	for (lap = 0; lap < 200; lap++) {
		for (i = 0; i < 4; i++) {
			memset(digests[i], 0, 20);
			make_bd(&bd, (const uint8_t *)"abc", digests[i], lap * 4 + i);
			client_put(&c, &bd);
		}
		if (lap % 3 != 0)
			client_ring(&c);
		client_store_doorbell(&c, 0, c.id | HW_PREP(HISI_QM_DB_CMD, HISI_QM_DB_CMD_CQ) |
			HW_PREP(HISI_QM_DB_INDEX, c.cq_head));
		if (lap % 5 == 0)
			client_ring(&c);
		for (i = 0; i < 4; i++)
			expect(&c, (uint16_t)((lap * 4 + i) % c.depth), lap * 4 + i, digests[i]);
		CHECK(client_poll(&c) == -1);
	}
	client_close(&c);
}

static void
test_wait(void)
{
	uint8_t digest[20];
	struct sec2_bd3 bd;
	struct client c;
	int i;

	client_open(&c, "sec2", NULL, 0);
	CHECK(tr->wait(c.q, 0) == 0);
	CHECK(tr->wait(c.q, 20) == 0);
	for (i = 0; i < 200; i++) {
		make_bd(&bd, (const uint8_t *)"abc", digest, 1);
		client_put(&c, &bd);
		client_ring(&c);
		CHECK(tr->wait(c.q, 30000) == 1);
		expect(&c, (uint16_t)i, 1, digest);
		CHECK(tr->wait(c.q, 0) == 0);
	}
	client_close(&c);
}

static void
test_life(void)
{
	struct hisi_qp_ctx ctx = { .qc_type = 2 };
	struct wd_dev_info info;
	struct client c, d, e;
	size_t dus;
	void *q, *p;

	client_open(&c, "sec2", "queues=2", 0);
	CHECK(strncmp(c.info.name, "hisi_sec2-", 10) == 0);
	CHECK(strcmp(c.info.api, "hisi_qm_v3") == 0);
	CHECK(strcmp(c.info.algorithms, "cipher\ndigest\naead\n") == 0);
	CHECK(c.info.flags == (WD_DEV_SVA | WD_DEV_DB_SLOTS) && c.info.available == 2);
	CHECK(c.info.region_size[WD_REGION_DUS] == 151552);
	CHECK(c.info.region_size[WD_REGION_MMIO] == 8192);
	CHECK(c.depth == 1024 && c.sqe_size == 128);
	client_queue(&d, c.dev, 1);
	CHECK(d.id != c.id);
	CHECK(tr->queue_open(c.dev, &q) == -EBUSY);
	CHECK(tr->info(c.dev, &info) == 0 && info.available == 0);
	client_queue_close(&d);
	client_queue(&e, c.dev, 0);
	dus = c.info.region_size[WD_REGION_DUS];
	CHECK(tr->mmap(e.q, WD_REGION_DUS, dus, &p) == -EEXIST);
	CHECK(tr->munmap(e.q, WD_REGION_DUS, e.dus, dus) == 0);
	CHECK(tr->mmap(e.q, WD_REGION_DUS, dus - 4096, &p) == -EINVAL);
	CHECK(tr->mmap(e.q, WD_REGION_SS, 4096, &p) == -EINVAL);
	CHECK(tr->mmap(e.q, 77, 4096, &p) == -EINVAL);
	CHECK(tr->mmap(e.q, WD_REGION_DUS, dus, &p) == 0);
	e.dus = p;
	CHECK(tr->ioctl(e.q, HISI_QM_SET_QP_CTX, &ctx) == -EINVAL);
	CHECK(tr->ioctl(e.q, 12345, &ctx) == -EINVAL);
	client_queue_close(&e);
	client_close(&c);
}

static void
refuse(const char *kind, const char *spec, const char *options, const char *word)
{
	char err[256] = "";
	void *dev;

	CHECK(tr->open(spec, options, kind, &dev, err, sizeof(err)) == -EINVAL);
	if (strstr(err, word) == NULL || strchr(err, '\n') != NULL) {
		fprintf(stderr, "options '%s': message '%s' lacks '%s'\n", options, err, word);
		exit(1);
	}
}

static void
test_options(void)
{
	refuse("sec2", "", "colour=red", "colour");
	refuse("sec2", "", "hw=v9", "v9");
	refuse("sec2", "", "hw", "hw");
	refuse("sec2", "", "queues=0", "queues");
	refuse("sec2", "", "queues=9x", "9x");
	refuse("sec2", "", "queues=-1", "queues");
	refuse("sec2", "", "queues=99999999999999999999", "queues");
	refuse("sec2", "", "depth=100", "depth");
	refuse("sec2", "", "threads=17", "threads");
	refuse("sec2", "", "engine=isal", "engine");
	refuse("zip", "", "engine=openssl", "engine");
	refuse("sec2", "", "cpus=a", "cpus");
	refuse("sec2", "", "cpus=3-1", "cpus");
	refuse("sec2", "", "cpus=", "cpus");
	refuse("sec2", "", "doorbell=loud", "doorbell");
	refuse("sec2", "", "spin=0", "spin");
	refuse("sec2", "", "spin=1000001", "spin");
	refuse("sec2", "somewhere", "hw=v3", "hw=v3");
	refuse("hpre", "", NULL, "hpre");
}

/* Does the engine sleep 0.2 s after its last work? */
static bool
sleeps(const char *options)
{
	uint8_t sqe[128] = { 0 };
	struct client c;
	bool dozes;

	client_open(&c, "sec2", options, 0);
	client_put(&c, sqe);
	client_ring(&c);
	CHECK(client_wait(&c) == 0);
	usleep(200000);
	dozes = __atomic_load_n(c.doze.dozing, __ATOMIC_RELAXED) != 0;
	client_close(&c);
	return dozes;
}

static void
test_spin(void)
{
	CHECK(sleeps(""));
	CHECK(!sleeps("spin=1000000"));
	CHECK(sleeps("spin=20000"));
}

int
main(void)
{
	CHECK(tr->abi == WD_TRANSPORT_ABI);
	test_options();
	test_spin();
	test_life();
	test_ring("depth=64");
	test_ring("depth=64,engine=openssl,threads=2,cpus=0");
	test_restart();
	test_bad_doorbells();
	test_shared_doorbell();
	test_wait();
	return 0;
}
