/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a queue pair, a session, a private xform and a stream take: of DPDK's heap, and of the
 * process's own address space (libwd's lists and tables, and the rings, which a real device has
 * itself). memory.py compares it with the documentation.
 *
 *   memory crypto|compress
 */
#include <string.h>

#include <rte_compressdev.h>
#include <rte_cryptodev.h>
#include <rte_malloc.h>

#include "cost.h"

#define QUEUES          32
#define DEPTH           1023
#define OBJECTS         1024

struct used {
	double heap, own;       /* bytes */
};

static struct used
used_now(void)
{
	struct rte_malloc_socket_stats st = {0};
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	COST_CHECK(f != NULL && fscanf(f, "%lu", &pages) == 1);
	fclose(f);
	COST_CHECK(rte_malloc_get_socket_stats(0, &st) == 0);
	return (struct used){.heap = st.heap_allocsz_bytes, .own = pages * 4096.0};
}

static void
tell(const char *what, struct used from, unsigned int n)
{
	struct used now = used_now();

	printf("%s: %.0f %.0f\n", what, (now.heap - from.heap) / n, (now.own - from.own) / n);
}

static void
crypto(void)
{
	struct rte_cryptodev_config conf = {.socket_id = SOCKET_ID_ANY, .nb_queue_pairs = QUEUES + 1};
	struct rte_cryptodev_qp_conf qp = {.nb_descriptors = DEPTH};
	struct used from;

	COST_CHECK(rte_cryptodev_configure(0, &conf) == 0);
	/* What the first one brings, it brings once. */
	COST_CHECK(rte_cryptodev_queue_pair_setup(0, 0, &qp, SOCKET_ID_ANY) == 0);
	from = used_now();
	for (uint16_t i = 1; i <= QUEUES; i++)
		COST_CHECK(rte_cryptodev_queue_pair_setup(0, i, &qp, SOCKET_ID_ANY) == 0);
	tell("crypto queue pair", from, QUEUES);
	from = used_now();
	COST_CHECK(rte_cryptodev_sym_session_pool_create("s", OBJECTS,
		rte_cryptodev_sym_get_private_session_size(0), 0, 0, SOCKET_ID_ANY) != NULL);
	tell("crypto session", from, OBJECTS);
}

static void
compress(void)
{
	struct rte_compressdev_config conf = {.socket_id = 0, .nb_queue_pairs = QUEUES + 1,
		.max_nb_priv_xforms = OBJECTS, .max_nb_streams = OBJECTS};
	struct rte_comp_xform x = {.type = RTE_COMP_COMPRESS,
		.compress = {.algo = RTE_COMP_ALGO_DEFLATE, .window_size = 15, .level = 1,
			.deflate.huffman = RTE_COMP_HUFFMAN_DYNAMIC}};
	struct used from;
	void *priv;

	COST_CHECK(rte_compressdev_configure(0, &conf) == 0);
	COST_CHECK(rte_compressdev_queue_pair_setup(0, 0, DEPTH, 0) == 0);
	from = used_now();
	for (uint16_t i = 1; i <= QUEUES; i++)
		COST_CHECK(rte_compressdev_queue_pair_setup(0, i, DEPTH, 0) == 0);
	tell("compress queue pair", from, QUEUES);
	from = used_now();
	for (unsigned int i = 0; i < OBJECTS; i++)
		COST_CHECK(rte_compressdev_private_xform_create(0, &x, &priv) == 0);
	tell("compress xform", from, OBJECTS);
	from = used_now();
	for (unsigned int i = 0; i < OBJECTS / 16; i++)
		COST_CHECK(rte_compressdev_stream_create(0, &x, &priv) == 0);
	tell("compress stream", from, OBJECTS / 16);
}

int
main(int argc, char **argv)
{
	const char *devargs = "hw=v3,mode=sva";

	if (argc != 2)
		return 2;
	cost_init(argv[1], &devargs, 1);
	if (strcmp(argv[1], "crypto") == 0)
		crypto();
	else
		compress();
	return 0;
}
