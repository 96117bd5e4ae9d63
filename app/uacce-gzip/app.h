/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uacce-gzip: gzip on the compress PMD.
 *
 *	main.c        options, the list of files, messages
 *	file.c        names, checks, output files that appear only when they are whole
 *	device.c      EAL, the device, buffers
 *	compress.c    chunks in parallel, one gzip member
 *	decompress.c  gzip and zlib streams of anybody's making
 *
 * Functions return EXIT_OK, EXIT_ERROR or EXIT_WARN as gzip's exit codes, unless said otherwise,
 * and have printed one line by then.
 */
#ifndef UACCE_GZIP_H
#define UACCE_GZIP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <rte_compressdev.h>
#include <rte_mbuf.h>

#define EXIT_OK         0
#define EXIT_ERROR      1
#define EXIT_WARN       2

#define SEG_SIZE        (32 * 1024)     /* data of an mbuf */
#define CHUNK_SEGS      16
#define CHUNK_SIZE      (CHUNK_SEGS * SEG_SIZE)
#define OUT_SEGS        (CHUNK_SEGS + CHUNK_SEGS / 8 + 1) /* what a chunk may grow to */
#define MAX_QPS         4
#define CHUNKS_PER_QP   4

struct options {
	bool decompress, keep, to_stdout, force, quiet, verbose, test, no_name;
	const char *suffix;
	const char *device;     /* devargs, or NULL: the best there is */
	unsigned int qps;
};

extern struct options opt;

/* main.c: a line "uacce-gzip: ..." to stderr. fail() returns EXIT_ERROR, warn() EXIT_WARN. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What a run reads, writes and has done. */
struct job {
	const char *name;       /* for messages */
	int in, out;            /* out -1: nowhere (test) */
	uint64_t size;          /* of the input, 0 = unknown */
	const char *stored_name; /* for the header, or NULL */
	time_t mtime;           /* for the header, 0 = none */
	uint64_t bytes_in, bytes_out;
	uint64_t started;       /* ns */
	uint64_t shown;         /* ns, last time the progress was */
};

uint64_t now_ns(void);
void job_begin(struct job *j);
/* Progress, on a terminal and not too often. */
void job_progress(struct job *j);
void job_end(struct job *j);

/* file.c */
int process_file(const char *path);
int process_stdin(void);
/* Removes what an interrupted run would leave; async-signal-safe. */
void file_interrupted(void);
/* All of it, or an errno: read_full returns the bytes read, short only at the end, or -errno. */
ssize_t read_full(int fd, void *buf, size_t len);
int write_full(int fd, const void *buf, size_t len);

/* device.c: 0 or EXIT_ERROR. */
int device_open(const char *argv0);
void device_close(void);
extern uint16_t dev_qps;
extern uint8_t dev_id;
extern struct rte_mempool *dev_ops;
/* A chain of n segments with all their room as data, or NULL. */
struct rte_mbuf *chain_new(unsigned int n);
/* Sets the data of a chain back to all room. */
void chain_reset(struct rte_mbuf *m);
/* Fills from fd: bytes read (short only at the end of the file), or -errno. */
ssize_t chain_read(struct rte_mbuf *m, int fd);
/* Writes the first len bytes to fd: 0 or -errno. */
int chain_write(const struct rte_mbuf *m, uint32_t len, int fd);

/* One step of waiting for the device: short, and leaves the CPU to it if there is only one. */
void relax(void);

int compress_stream(struct job *j);
int decompress_stream(struct job *j);

#endif
