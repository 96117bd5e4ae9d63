/* SPDX-License-Identifier: BSD-3-Clause */
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_pause.h>

#include "ct.h"

#define MAX_ARGS        48
#define NB_OPS          8191
#define NB_SMALL        8191
#define NB_BIG          511
#define NB_SESSIONS     1023
#define CACHE           128
#define PATIENCE_S      20

bool ct_telemetry;

static long
free_hugepages(void)
{
	char line[128];
	long n = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "HugePages_Free: %ld", &n) == 1)
			break;
	}
	fclose(f);
	return n;
}

static void
check_machine(void)
{
	if (getenv("UACCE_PLUGIN_DIR") == NULL) {
		fprintf(stderr, "UACCE_PLUGIN_DIR is not set: run me by devtools/plugin-dir.sh\n");
		exit(CT_SKIP);
	}
	if (geteuid() != 0 || free_hugepages() < 64) {
		fprintf(stderr, "skipped: needs root and hugepages (devtools/setup.sh)\n");
		exit(CT_SKIP);
	}
}

void
ct_eal_init(const char *const *devargs, unsigned int n, const char *const *extra)
{
	static char plugin[4096], vdev[8][512];
	char *mem = getenv("CT_MEM"), *iova = getenv("CT_IOVA");
	char *argv[MAX_ARGS] = {"crypto-test", "--no-pci",
		ct_telemetry ? "--telemetry" : "--no-telemetry", "-m", mem ? mem : "512", "-d",
		plugin};
	int argc = 7;
	unsigned int i;

	check_machine();
	snprintf(plugin, sizeof(plugin), "%s/librte_crypto_uacce.so", getenv("UACCE_PLUGIN_DIR"));
	for (i = 0; i < n && i < RTE_DIM(vdev); i++) {
		snprintf(vdev[i], sizeof(vdev[i]), "crypto_uacce%u,%s", i, devargs[i]);
		argv[argc++] = "--vdev";
		argv[argc++] = vdev[i];
	}
	if (iova != NULL) {
		argv[argc++] = "--iova-mode";
		argv[argc++] = iova;
	}
	if (extra == NULL) {
		argv[argc++] = "--in-memory";
		argv[argc++] = "-l";
		argv[argc++] = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? "0,1" : "0";
	}
	for (i = 0; extra != NULL && extra[i] != NULL && argc < MAX_ARGS - 1; i++)
		argv[argc++] = (char *)(uintptr_t)extra[i];
	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
	if (rte_cryptodev_count() < n) {
		fprintf(stderr, "%u of %u devices are there\n", rte_cryptodev_count(), n);
		exit(1);
	}
}

int
ct_dev_pools(struct ct_dev *d, unsigned int index)
{
	char name[32];

	snprintf(name, sizeof(name), "crypto_uacce%u", index);
	if (rte_cryptodev_get_dev_id(name) < 0)
		CT_FAIL("no device %s", name);
	d->id = rte_cryptodev_get_dev_id(name);
	rte_cryptodev_info_get(d->id, &d->info);
	snprintf(name, sizeof(name), "sess%u", index);
	d->sess_mp = rte_cryptodev_sym_session_pool_create(name, NB_SESSIONS,
		rte_cryptodev_sym_get_private_session_size(d->id), 0, 0, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "op%u", index);
	d->op_mp = rte_crypto_op_pool_create(name, RTE_CRYPTO_OP_TYPE_SYMMETRIC, NB_OPS, CACHE,
		CT_IV_ROOM, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "small%u", index);
	d->small_mp = rte_pktmbuf_pool_create(name, NB_SMALL, CACHE, 0,
		CT_SMALL + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "big%u", index);
	d->big_mp = rte_pktmbuf_pool_create(name, NB_BIG, 0, 0, CT_BIG + RTE_PKTMBUF_HEADROOM,
		SOCKET_ID_ANY);
	if (!d->sess_mp || !d->op_mp || !d->small_mp || !d->big_mp)
		CT_FAIL("no memory for pools");
	return 0;
}

int
ct_dev_start(struct ct_dev *d, unsigned int index, uint16_t nb_qps, uint32_t nb_desc)
{
	struct rte_cryptodev_config conf = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = nb_qps};
	struct rte_cryptodev_qp_conf qp_conf = {.nb_descriptors = nb_desc};
	uint16_t i;

	if (d->sess_mp == NULL && ct_dev_pools(d, index) != 0)
		return -1;
	d->nb_qps = nb_qps;
	CT_CHECK(rte_cryptodev_configure(d->id, &conf) == 0, "device %u", d->id);
	qp_conf.mp_session = d->sess_mp;
	for (i = 0; i < nb_qps; i++)
		CT_CHECK(rte_cryptodev_queue_pair_setup(d->id, i, &qp_conf, SOCKET_ID_ANY) == 0,
			"queue pair %u", i);
	CT_CHECK(rte_cryptodev_start(d->id) == 0, "device %u", d->id);
	return 0;
}

void
ct_dev_stop(struct ct_dev *d)
{
	rte_cryptodev_stop(d->id);
	if (rte_cryptodev_close(d->id) != 0)
		fprintf(stderr, "device %u does not close\n", d->id);
	rte_mempool_free(d->sess_mp);
	rte_mempool_free(d->op_mp);
	rte_mempool_free(d->small_mp);
	rte_mempool_free(d->big_mp);
	memset(d, 0, sizeof(*d));
}

void *
ct_session(struct ct_dev *d, struct rte_crypto_sym_xform *xform)
{
	return rte_cryptodev_sym_session_create(d->id, xform, d->sess_mp);
}

void
ct_session_free(struct ct_dev *d, void *sess)
{
	rte_cryptodev_sym_session_free(d->id, sess);
}

int
ct_run(struct ct_dev *d, uint16_t qp, struct rte_crypto_op **ops, uint16_t n)
{
	uint64_t end = rte_get_timer_cycles() + PATIENCE_S * rte_get_timer_hz();
	struct rte_crypto_op *back[256];
	uint16_t sent = 0, got = 0, i, k;

	while (got < n) {
		if (sent < n)
			sent += rte_cryptodev_enqueue_burst(d->id, qp, ops + sent, n - sent);
		k = rte_cryptodev_dequeue_burst(d->id, qp, back, RTE_DIM(back));
		if (k > sent - got)
			CT_FAIL("%u ops came back, %u were in flight", k, sent - got);
		for (i = 0; i < k; i++) {
			if (back[i] != ops[got + i])
				CT_FAIL("op %u of %u is another one", got + i, n);
		}
		got += k;
		if (k == 0) {
			if (rte_get_timer_cycles() > end)
				CT_FAIL("%u of %u ops came back (%u taken)", got, n, sent);
			rte_pause();
		}
	}
	return 0;
}

struct rte_crypto_op *
ct_op(struct ct_dev *d, void *sess, struct rte_mbuf *m)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(d->op_mp, RTE_CRYPTO_OP_TYPE_SYMMETRIC);

	if (op == NULL) {
		fprintf(stderr, "no op left\n");
		exit(1);
	}
	rte_crypto_op_attach_sym_session(op, sess);
	op->sym->m_src = m;
	return op;
}

struct rte_mbuf *
ct_mbuf(struct ct_dev *d, const void *data, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(len <= CT_SMALL ? d->small_mp : d->big_mp);

	if (m == NULL || rte_pktmbuf_append(m, len) == NULL) {
		fprintf(stderr, "no mbuf for %u bytes\n", len);
		exit(1);
	}
	if (data != NULL)
		memcpy(rte_pktmbuf_mtod(m, void *), data, len);
	return m;
}

static void
free_external(void *addr, void *opaque)
{
	RTE_SET_USED(opaque);
	free(addr);
}

struct rte_mbuf *
ct_external(struct ct_dev *d, uint32_t len, rte_mbuf_extbuf_free_callback_t free_cb)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(d->small_mp);
	struct rte_mbuf_ext_shared_info *info;
	uint16_t size = len + 64;
	uint8_t *buf = malloc(size);

	if (m == NULL || buf == NULL)
		exit(1);
	info = rte_pktmbuf_ext_shinfo_init_helper(buf, &size,
		free_cb != NULL ? free_cb : free_external, NULL);
	rte_pktmbuf_attach_extbuf(m, buf, RTE_BAD_IOVA, size, info);
	if (rte_pktmbuf_append(m, len) == NULL)
		exit(1);
	return m;
}

uint64_t
ct_rand(struct ct_rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t
ct_range(struct ct_rng *r, uint32_t lo, uint32_t hi)
{
	return lo + ct_rand(r) % ((uint64_t)hi - lo + 1);
}

void
ct_fill(struct ct_rng *r, void *buf, size_t len)
{
	uint8_t *p = buf;
	uint64_t v;

	for (; len > 0; p += RTE_MIN(len, sizeof(v)), len -= RTE_MIN(len, sizeof(v))) {
		v = ct_rand(r);
		memcpy(p, &v, RTE_MIN(len, sizeof(v)));
	}
}
