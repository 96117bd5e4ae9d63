/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors and streams at random into the ZIP model: it must answer each with a status, write
 * nothing outside of the output and of the context's hardware part, and never crash. Buffers end
 * at pages that cannot be touched.
 *
 *	zip_fuzz [ROUNDS [SEED]]
 */
#include <sys/mman.h>

#include "zip_rig.h"

#define PAGE            4096u
#define BUF             (64 * 1024)
#define OUT             (64 * 1024)

struct area {
	uint8_t *end;           /* what lies before it is the area */
	size_t size;
};

static struct area
area_new(size_t size)
{
	uint8_t *p = mmap(NULL, size + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);

	CHECK(p != MAP_FAILED && size % PAGE == 0);
	CHECK(mprotect(p, PAGE, PROT_NONE) == 0);
	CHECK(mprotect(p + PAGE + size, PAGE, PROT_NONE) == 0);
	return (struct area){p + PAGE + size, size};
}

struct fuzz {
	struct zip_rig rig;
	struct area in, out, lit, sgl, ctx;
	unsigned int seen[256];         /* statuses */
	unsigned int lz77;              /* requests that got their sequences */
};

/* A stream that may be good, or data that is none. */
static uint32_t
random_input(struct fuzz *f, int type, uint8_t *p, uint32_t max)
{
	static uint8_t plain[20000], tmp[30000];
	uint32_t len = rig_rand(sizeof(plain)), clen;

	rig_fill(plain, len);
	if (rig_rand(5) == 0 || type < ZIP_TYPE_DEFLATE || type > ZIP_TYPE_GZIP) {
		len = len < max ? len : max;
		memcpy(p, plain, len);
		return len;
	}
	clen = rig_deflate(type, plain, len, tmp, sizeof(tmp));
	for (uint32_t i = rig_rand(4); i > 0 && clen > 0; i--)
		tmp[rig_rand(2) ? rig_rand(clen) : rig_rand(clen < 100 ? clen : 100)] ^= 1u << rig_rand(8);
	if (clen > max)
		clen = max;
	memcpy(p, tmp, clen);
	return clen;
}

/* A list over an area, right or wrong in its counts and links. */
static uint64_t
random_sgl(struct fuzz *f, struct area over)
{
	struct hisi_sgl *s = (void *)(f->sgl.end - f->sgl.size +
		rig_rand(2) * (f->sgl.size / 2));
	uint32_t room = f->sgl.size / 2, n, max = (room - sizeof(*s)) / sizeof(s->entries[0]);
	uint8_t *p = over.end - over.size;

	memset(s, 0, sizeof(*s));
	n = 1 + rig_rand(rig_rand(2) ? 8 : max);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = rig_rand(over.size / n + 1);

		s->entries[i].addr = rig_rand(200) ? (uintptr_t)p : rig_rand(4096);
		s->entries[i].len = rig_rand(200) ? len : 0;
		p += len;
	}
	s->entry_sum_in_sgl = rig_rand(50) ? n : rig_rand(2) ? 0 : 256 + rig_rand(60000);
	s->entry_sum_in_chain = rig_rand(65536);
	s->entry_length_in_sgl = rig_rand(2) ? n : rig_rand(65536);
	/* To itself: the chain has no end. */
	if (rig_rand(20) == 0)
		s->next_dma = (uintptr_t)s;
	return (uintptr_t)s + (rig_rand(50) ? 0 : 8);
}

/* The counts of what LZ77 requests have written, and of all others: none. */
static void
check_lz77(struct fuzz *f, const struct zip_sqe *sqe, unsigned int status)
{
	const unsigned int type = HW_GET(ZIP_REQ_TYPE, sqe->dw9);
	const uint32_t tail = type >= 0x42 ? 8 + 784 : 16;

	if (type < 0x40 || type > 0x43 || status != ZIP_ST_OK) {
		CHECK(sqe->comp_data_length == 0);
		return;
	}
	f->lz77++;
	CHECK(sqe->comp_data_length <= sqe->dw13 && sqe->comp_data_length <= sqe->consumed);
	CHECK(8ull * sqe->produced + tail <= sqe->dest_avail_out);
	CHECK(sqe->comp_data_length + 3ull * sqe->produced <= sqe->consumed);
}

static void
round_random(struct fuzz *f)
{
	static const int types[] = {1, 2, 3, 1, 2, 3, 4, 0x40, 0x41, 0x42, 0x43, 0};
	const int type = types[rig_rand(12)], dir = type > 3 ? rig_rand(8) == 0 : rig_rand(2);
	uint32_t room = rig_rand(4) ? rig_rand(OUT) : rig_rand(300), len;
	uint32_t lit_room = rig_rand(2) ? BUF : rig_rand(BUF);
	struct zip_sqe sqe, sent;
	uint8_t *canary, *lit_canary;
	unsigned int status;

	memset(f->ctx.end - 200, 0xa7, 200);
	len = random_input(f, type, f->in.end - BUF, BUF);
	memmove(f->in.end - len, f->in.end - BUF, len);
	for (unsigned int i = 0; i < sizeof(sqe) / 4; i++)
		((uint32_t *)&sqe)[i] = rig_rand(8) ? 0 : rig_rand(UINT32_MAX);
	sent = sqe;
	rig_sqe(&sqe, &f->rig, type, f->in.end - len, len, f->out.end - room, room);
	sqe.ctx_dw0 = sent.ctx_dw0;
	sqe.ctx_dw1 = sent.ctx_dw1;
	sqe.ctx_dw2 = rig_rand(4) ? 0 : rig_rand(0x9000);
	sqe.checksum = sent.checksum;
	sqe.isize = sent.isize;
	sqe.dw13 = lit_room;
	sqe.literals_addr = (uintptr_t)f->lit.end - lit_room;
	if (rig_rand(2)) {
		sqe.dw7 |= ZIP_STATEFUL;
		if (rig_rand(2))
			sqe.dw7 &= ~ZIP_STREAM_NEW;
		if (rig_rand(2))
			sqe.dw7 &= ~ZIP_FLUSH;
		sqe.stream_ctx_addr = (uintptr_t)f->ctx.end - 200 - ZIP_CTX_HW_MAX -
			rig_rand(3) * 64;
	}
	if (rig_rand(3) == 0) {
		sqe.dw9 |= HW_PREP(ZIP_BUF_TYPE, ZIP_BUF_SGL);
		sqe.source_addr = random_sgl(f, f->in);
		sqe.dest_addr = random_sgl(f, f->out);
		sqe.literals_addr = rig_rand(4) ? sqe.literals_addr : random_sgl(f, f->lit);
		sqe.dw7 |= rig_rand(2) ? 0 : rig_rand(1u << (rig_rand(24) + 1)) & 0xffffff;
		sqe.dw8 |= rig_rand(2) ? 0 : rig_rand(1u << (rig_rand(24) + 1)) & 0xffffff;
	} else if (rig_rand(50) == 0) {
		sqe.source_addr = rig_rand(4096);
	} else if (rig_rand(50) == 0) {
		sqe.literals_addr = rig_rand(4096);
	}
	if (rig_rand(30) == 0)
		sqe.dw13 = ZIP_MAX_LEN + rig_rand(UINT32_MAX / 2);
	if (rig_rand(30) == 0)
		sqe.dw9 = rig_rand(UINT32_MAX);
	if (rig_rand(30) == 0)
		sqe.input_data_length = ZIP_MAX_LEN + rig_rand(UINT32_MAX / 2);
	sent = sqe;
	canary = f->out.end - f->out.size;
	memset(canary, 0xa8, f->out.size);
	lit_canary = f->lit.end - f->lit.size;
	memset(lit_canary, 0xa8, f->lit.size);
	status = rig_run(&f->rig, dir, &sqe);
	CHECK(status == ZIP_ST_OK || status == ZIP_ST_NEGATIVE || status == ZIP_ST_NO_SPACE ||
		status == ZIP_ST_CRC_ERR || status == ZIP_ST_DECOMP_END || status == ZIP_ST_BAD_REQ ||
		status == ZIP_ST_BAD_DATA);
	f->seen[status]++;
	CHECK(sqe.consumed <= sent.input_data_length && sqe.produced <= sent.dest_avail_out);
	check_lz77(f, &sqe, status);
	CHECK(sqe.dw7 == sent.dw7 && sqe.dw8 == sent.dw8 && sqe.dw9 == sent.dw9);
	CHECK(sqe.source_addr == sent.source_addr && sqe.dest_addr == sent.dest_addr);
	if (HW_GET(ZIP_BUF_TYPE, sent.dw9) == ZIP_BUF_FLAT) {
		for (uint32_t i = 0; i < f->out.size - room; i++)
			CHECK(canary[i] == 0xa8);
		for (uint32_t i = 0; i < f->lit.size - lit_room; i++)
			CHECK(lit_canary[i] == 0xa8);
	}
	for (int i = 1; i <= 200; i++)
		CHECK(f->ctx.end[-i] == 0xa7);
}

int
main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? atoi(argv[1]) : 3000;
	static const char *const engines[] = {"isal", "zlib"};
	struct fuzz f = {
		.in = area_new(BUF), .out = area_new(OUT), .lit = area_new(BUF), .sgl = area_new(16 * PAGE),
		.ctx = area_new(64 * 1024),
	};
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	for (int e = 0; e < 6; e++) {
		static const unsigned int generations[] = {2, 3, 5};

		if (!emu_model_zip.engine_usable(engines[e / 3]))
			continue;
		rig_open(&f.rig, generations[e % 3], engines[e / 3]);
		for (unsigned int i = 0; i < rounds; i++) {
			rig_seed = (seed + i) * 0x9e3779b97f4a7c15ull;
			round_random(&f);
		}
		rig_close(&f.rig);
	}
	/* The dice must have reached every answer. */
	for (int i = 0; i < 256; i++) {
		if (f.seen[i] > 0)
			printf("zip_fuzz: status 0x%02x: %u\n", i, f.seen[i]);
	}
	CHECK(rounds < 1000 || (f.seen[ZIP_ST_OK] && f.seen[ZIP_ST_NEGATIVE] &&
		f.seen[ZIP_ST_NO_SPACE] && f.seen[ZIP_ST_CRC_ERR] && f.seen[ZIP_ST_DECOMP_END] &&
		f.seen[ZIP_ST_BAD_REQ] && f.seen[ZIP_ST_BAD_DATA] && f.lz77 > 100));
	printf("zip_fuzz: ok, %u rounds from seed %llu\n", rounds, (unsigned long long)seed);
	return 0;
}
