/* SPDX-License-Identifier: BSD-3-Clause */
#include <unistd.h>
#include <zlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_memory.h>
#include <rte_errno.h>
#include <rte_pause.h>

#include "cx.h"

#define NB_SMALL        8191
#define NB_BIG          1023
#define SMALL           2048
#define BIG             (UINT16_MAX - RTE_PKTMBUF_HEADROOM)
#define NB_OPS          2047
#define PATIENCE_S      30

struct rte_mempool *cx_ops;
uint64_t cx_seed = 1;
uint64_t cx_round;
bool cx_far, cx_telemetry;
static struct rte_mempool *small_mp, *big_mp;

static void
check_machine(void)
{
	char line[128];
	long pages = 0;
	FILE *f;

	if (getenv("UACCE_PLUGIN_DIR") == NULL) {
		fprintf(stderr, "UACCE_PLUGIN_DIR is not set: run me by devtools/plugin-dir.sh\n");
		exit(CX_SKIP);
	}
	f = fopen("/proc/meminfo", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "HugePages_Free: %ld", &pages) == 1)
			break;
	}
	if (f != NULL)
		fclose(f);
	if (geteuid() != 0 || pages < 128) {
		fprintf(stderr, "skipped: needs root and hugepages (devtools/setup.sh)\n");
		exit(CX_SKIP);
	}
}

void
cx_init(const char *const *devargs, unsigned int n)
{
	static char plugin[4096], vdev[4][256];
	char *argv[32] = {"compress-test", "--no-pci", cx_telemetry ? "--telemetry" : "--no-telemetry",
		"--in-memory", "-m", "256",
		"-d", plugin, "-l"};
	int argc = 9;

	check_machine();
	cx_far = getenv("CX_FAR") != NULL;
	argv[argc++] = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? "0,1" : "0";
	snprintf(plugin, sizeof(plugin), "%s/librte_compress_uacce.so", getenv("UACCE_PLUGIN_DIR"));
	for (unsigned int i = 0; i < n && i < RTE_DIM(vdev); i++) {
		snprintf(vdev[i], sizeof(vdev[i]), "compress_uacce%u,%s", i, devargs[i]);
		argv[argc++] = "--vdev";
		argv[argc++] = vdev[i];
	}
	CHECK(rte_eal_init(argc, argv) >= 0, "EAL does not start: %s", rte_strerror(rte_errno));
	CHECK(rte_compressdev_count() == n, "%u of %u devices are there", rte_compressdev_count(), n);
	cx_ops = rte_comp_op_pool_create("ops", NB_OPS, 0, 0, SOCKET_ID_ANY);
	small_mp = rte_pktmbuf_pool_create("small", NB_SMALL, 0, 0, SMALL + RTE_PKTMBUF_HEADROOM,
		SOCKET_ID_ANY);
	big_mp = rte_pktmbuf_pool_create("big", NB_BIG, 0, 0, UINT16_MAX, SOCKET_ID_ANY);
	CHECK(cx_ops != NULL && small_mp != NULL && big_mp != NULL, "no memory for pools");
}

void
cx_start(uint8_t dev, uint16_t qps, uint32_t depth)
{
	struct rte_compressdev_config conf = {
		.socket_id = 0, .nb_queue_pairs = qps, .max_nb_priv_xforms = 64, .max_nb_streams = 64,
	};

	CHECK(rte_compressdev_configure(dev, &conf) == 0);
	for (uint16_t i = 0; i < qps; i++)
		CHECK(rte_compressdev_queue_pair_setup(dev, i, depth, 0) == 0, "queue pair %u", i);
	CHECK(rte_compressdev_start(dev) == 0);
}

void
cx_stop(uint8_t dev)
{
	rte_compressdev_stop(dev);
	CHECK(rte_compressdev_close(dev) == 0);
}

uint32_t
cx_rand(uint32_t below)
{
	cx_seed = cx_seed * 6364136223846793005ull + 1442695040888963407ull;
	return below == 0 ? 0 : (uint32_t)(cx_seed >> 33) % below;
}

void
cx_fill(uint8_t *p, uint32_t len)
{
	const uint32_t kind = cx_rand(5), period = 1 + cx_rand(60);

	for (uint32_t i = 0; i < len; i++) {
		switch (kind) {
		case 0:
			p[i] = cx_rand(256);
			break;
		case 1:
			p[i] = "etaoin shrdlu\n"[cx_rand(14)];
			break;
		case 2:
			p[i] = i > 700 && cx_rand(4) ? p[i - 1 - cx_rand(700)] : cx_rand(256);
			break;
		case 3:
			p[i] = i % period;
			break;
		default:
			p[i] = 0;
		}
	}
}

static bool
is_far(const struct rte_mbuf *m)
{
	return rte_mem_virt2memseg_list(m->buf_addr) == NULL;
}

static void
free_external(void *addr, void *opaque)
{
	RTE_SET_USED(addr);
	free(opaque);
}

/* The mbuf gets a buffer of the same size that a device without SVA does not reach. */
static void
make_far(struct rte_mbuf *m)
{
	struct rte_mbuf_ext_shared_info *info = malloc(sizeof(*info) + m->buf_len);

	CHECK(info != NULL);
	info->free_cb = free_external;
	info->fcb_opaque = info;
	rte_mbuf_ext_refcnt_set(info, 1);
	rte_pktmbuf_attach_extbuf(m, info + 1, RTE_BAD_IOVA, m->buf_len, info);
}

uint32_t
cx_far_bytes(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t at = 0, n = 0;

	for (; m != NULL; at += m->data_len, m = m->next) {
		uint32_t lo = RTE_MAX(off, at), hi = RTE_MIN(off + len, at + m->data_len);

		if (lo < hi && is_far(m))
			n += hi - lo;
	}
	return n;
}

static struct rte_mbuf *
piece(const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(len > SMALL ? big_mp : small_mp);

	CHECK(m != NULL, "out of mbufs");
	if (cx_far && cx_rand(2))
		make_far(m);
	memset(m->buf_addr, CX_CANARY, m->buf_len);
	/* Room behind the data as well as before, sometimes. */
	if (len < m->buf_len / 2)
		m->data_off = cx_rand(m->buf_len / 2 - 1);
	m->data_len = len;
	m->pkt_len = len;
	if (data != NULL)
		memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	return m;
}

struct rte_mbuf *
cx_chain(const uint8_t *data, uint32_t len, unsigned int max_segs)
{
	struct rte_mbuf *head = NULL, *last = NULL, *m;
	unsigned int n = 0;

	do {
		uint32_t part = len;

		if (n + 1 < max_segs)
			part = cx_rand(4) ? cx_rand(len + 1) : cx_rand(RTE_MIN(len, 300u) + 1);
		part = RTE_MIN(part, (uint32_t)BIG);
		m = piece(data, part);
		if (head == NULL)
			head = m;
		else
			last->next = m;
		last = m;
		if (m != head) {
			head->pkt_len += part;
			head->nb_segs++;
		}
		if (data != NULL)
			data += part;
		len -= part;
		n++;
	} while (len > 0);
	return head;
}

void
cx_chain_free(struct rte_mbuf *head)
{
	for (struct rte_mbuf *m = head; m != NULL; m = m->next) {
		const uint8_t *p = m->buf_addr;

		for (uint32_t i = 0; i < m->buf_len; i++) {
			if (i == m->data_off)
				i += m->data_len;
			CHECK(i >= m->buf_len || p[i] == CX_CANARY,
				"byte %d of a piece of %u bytes was written", (int)i - m->data_off,
				m->data_len);
		}
	}
	rte_pktmbuf_free(head);
}

void
cx_read(const struct rte_mbuf *m, uint32_t off, void *buf, uint32_t len)
{
	const void *p;

	/* DPDK's function takes no empty range at the end. */
	if (len == 0)
		return;
	p = rte_pktmbuf_read(m, off, len, buf);
	CHECK(p != NULL);
	if (p != buf)
		memcpy(buf, p, len);
}

struct rte_comp_xform
cx_xform(enum rte_comp_xform_type type, enum rte_comp_checksum_type chksum)
{
	struct rte_comp_xform x = {.type = type};

	if (type == RTE_COMP_COMPRESS) {
		x.compress.algo = RTE_COMP_ALGO_DEFLATE;
		x.compress.deflate.huffman = RTE_COMP_HUFFMAN_DYNAMIC;
		x.compress.level = RTE_COMP_LEVEL_PMD_DEFAULT;
		x.compress.window_size = 15;
		x.compress.chksum = chksum;
	} else {
		x.decompress.algo = RTE_COMP_ALGO_DEFLATE;
		x.decompress.window_size = 15;
		x.decompress.chksum = chksum;
	}
	return x;
}

struct rte_comp_op *
cx_op(void *xform, struct rte_mbuf *src, struct rte_mbuf *dst)
{
	struct rte_comp_op *op = rte_comp_op_alloc(cx_ops);

	CHECK(op != NULL, "out of ops");
	op->op_type = RTE_COMP_OP_STATELESS;
	op->private_xform = xform;
	op->m_src = src;
	op->m_dst = dst;
	op->src.offset = 0;
	op->src.length = src != NULL ? src->pkt_len : 0;
	op->dst.offset = 0;
	op->flush_flag = RTE_COMP_FLUSH_FINAL;
	op->input_chksum = 0;
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	op->consumed = UINT32_MAX;
	op->produced = UINT32_MAX;
	return op;
}

void
cx_run_all(uint8_t dev, uint16_t qp, struct rte_comp_op **ops, uint16_t n)
{
	uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() * PATIENCE_S;
	struct rte_comp_op *back[64];
	uint16_t in = 0, out = 0;

	while (out < n) {
		uint16_t got;

		if (in < n)
			in += rte_compressdev_enqueue_burst(dev, qp, &ops[in],
				RTE_MIN(n - in, (int)(1 + cx_rand(64))));
		got = rte_compressdev_dequeue_burst(dev, qp, back, 1 + cx_rand(64));
		CHECK(got <= in - out, "more ops than were enqueued");
		for (uint16_t i = 0; i < got; i++)
			CHECK(back[i] == ops[out + i], "op %u is not the one enqueued", out + i);
		out += got;
		if (got == 0)
			rte_pause();
		CHECK(rte_get_timer_cycles() < end, "%u of %u ops came back", out, n);
	}
}

uint8_t
cx_run(uint8_t dev, uint16_t qp, struct rte_comp_op *op)
{
	cx_run_all(dev, qp, &op, 1);
	return op->status;
}

uint32_t
cx_deflate(const uint8_t *src, uint32_t len, uint8_t *dst, uint32_t room)
{
	static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE};
	z_stream zs = {0};
	uint32_t n;

	CHECK(deflateInit2(&zs, cx_rand(10), Z_DEFLATED, -(9 + (int)cx_rand(7)), 1 + cx_rand(9),
		      strategies[cx_rand(4)]) == Z_OK);
	zs.next_in = (uint8_t *)(uintptr_t)src;
	zs.avail_in = len;
	zs.next_out = dst;
	zs.avail_out = room;
	CHECK(deflate(&zs, Z_FINISH) == Z_STREAM_END);
	n = zs.total_out;
	deflateEnd(&zs);
	return n;
}

int
cx_inflate(const uint8_t *src, uint32_t len, uint8_t *dst, uint32_t room, uint32_t *consumed,
	uint32_t *produced)
{
	z_stream zs = {0};
	uint8_t none;
	int ret;

	CHECK(inflateInit2(&zs, -15) == Z_OK);
	zs.next_in = (uint8_t *)(uintptr_t)src;
	zs.avail_in = len;
	zs.next_out = room > 0 ? dst : &none;
	zs.avail_out = room;
	ret = inflate(&zs, Z_FINISH);
	*consumed = zs.total_in;
	*produced = zs.total_out;
	inflateEnd(&zs);
	return ret == Z_STREAM_END;
}

uint64_t
cx_checksum(enum rte_comp_checksum_type type, const uint8_t *p, uint32_t len)
{
	switch (type) {
	case RTE_COMP_CHECKSUM_CRC32:
		return crc32(0, p, len);
	case RTE_COMP_CHECKSUM_ADLER32:
		return adler32(1, p, len);
	case RTE_COMP_CHECKSUM_CRC32_ADLER32:
		return (uint64_t)adler32(1, p, len) << 32 | crc32(0, p, len);
	default:
		return 0;
	}
}
