/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app.h"

struct options opt = {.suffix = ".gz", .qps = 2};

static const char usage_text[] =
	"Usage: uacce-gzip [OPTION]... [FILE]...\n"
	"Compresses or restores files on a uacce accelerator; with no FILE, or -, from standard input\n"
	"to standard output. What it writes gzip reads, and the reverse.\n\n"
	"  -c, --stdout       write to standard output, keep the files\n"
	"  -d, --decompress   restore\n"
	"  -f, --force        overwrite files, take links, write to a terminal\n"
	"  -k, --keep         keep the input files\n"
	"  -n, --no-name      do not store name and time\n"
	"  -q, --quiet        no warnings, no progress\n"
	"  -t, --test         restore to nowhere, only check\n"
	"  -v, --verbose      ratio and throughput, also without a terminal\n"
	"  -S, --suffix=.SUF  instead of .gz\n"
	"  -1 .. -9           taken and ignored: the engine has one level\n"
	"      --device=ARGS  what runs it: a device of /sys/class/uacce, or emu, or emu:<socket>,\n"
	"                     with devargs behind it, as in emu,hw=v2 (default: the best there is)\n"
	"      --queues=N     queue pairs, 1 to 4 (default 2)\n"
	"  -h, --help         this text\n\n"
	"Exit code: 0, 1 on an error, 2 after a warning.\n";

static int
message(const char *fmt, va_list ap, int code)
{
	fputs("uacce-gzip: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	return code;
}

int
fail(const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = message(fmt, ap, EXIT_ERROR);
	va_end(ap);
	return ret;
}

int
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!opt.quiet)
		message(fmt, ap, EXIT_WARN);
	va_end(ap);
	return EXIT_WARN;
}

uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Plain data per second, whatever the direction. */
static double
mbytes_per_s(const struct job *j)
{
	uint64_t plain = opt.decompress ? j->bytes_out : j->bytes_in, ns = now_ns() - j->started;

	return ns == 0 ? 0 : (double)plain * 1000 / ns;
}

void
job_begin(struct job *j)
{
	j->started = now_ns();
	j->shown = j->started;
}

void
job_progress(struct job *j)
{
	uint64_t now = now_ns();

	if (opt.quiet || now - j->shown < 250000000 || !isatty(STDERR_FILENO))
		return;
	j->shown = now;
	if (j->size > 0)
		fprintf(stderr, "\r%s: %3d%%, %.0f MB/s \r", j->name,
			(int)(100.0 * j->bytes_in / j->size), mbytes_per_s(j));
	else
		fprintf(stderr, "\r%s: %.1f MB, %.0f MB/s \r", j->name, j->bytes_in / 1e6,
			mbytes_per_s(j));
}

void
job_end(struct job *j)
{
	uint64_t plain = opt.decompress ? j->bytes_out : j->bytes_in;
	uint64_t packed = opt.decompress ? j->bytes_in : j->bytes_out;

	if (opt.quiet || (!opt.verbose && !isatty(STDERR_FILENO)))
		return;
	fprintf(stderr, "%s: %.1f MB, %.1f%% saved, %.0f MB/s\n", j->name, plain / 1e6,
		plain == 0 ? 0 : 100.0 - 100.0 * packed / plain, mbytes_per_s(j));
}

static void
on_signal(int sig)
{
	file_interrupted();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXCPU, SIGXFSZ};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (signal(signals[i], SIG_IGN) != SIG_IGN)
			signal(signals[i], on_signal);
	}
}

static int
parse_queues(const char *arg)
{
	if (strlen(arg) != 1 || arg[0] < '1' || arg[0] > '0' + MAX_QPS)
		return fail("--queues=%s: want 1 to %d", arg, MAX_QPS);
	opt.qps = arg[0] - '0';
	return EXIT_OK;
}

enum { OPT_DEVICE = 256, OPT_QUEUES };

static const struct option long_options[] = {
	{"stdout", no_argument, NULL, 'c'}, {"to-stdout", no_argument, NULL, 'c'},
	{"decompress", no_argument, NULL, 'd'}, {"uncompress", no_argument, NULL, 'd'},
	{"force", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
	{"keep", no_argument, NULL, 'k'}, {"no-name", no_argument, NULL, 'n'},
	{"quiet", no_argument, NULL, 'q'}, {"suffix", required_argument, NULL, 'S'},
	{"test", no_argument, NULL, 't'}, {"verbose", no_argument, NULL, 'v'},
	{"fast", no_argument, NULL, '1'}, {"best", no_argument, NULL, '9'},
	{"device", required_argument, NULL, OPT_DEVICE},
	{"queues", required_argument, NULL, OPT_QUEUES}, {NULL, 0, NULL, 0},
};

/* EXIT_OK: go on; anything else plus 1 is the exit code. */
static int
parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "cdfhknqS:tv123456789", long_options, NULL)) != -1) {
		switch (c) {
		case 'c':
			opt.to_stdout = true;
			break;
		case 't':
			opt.test = true;
			opt.decompress = true;
			break;
		case 'd':
			opt.decompress = true;
			break;
		case 'f':
			opt.force = true;
			break;
		case 'k':
			opt.keep = true;
			break;
		case 'n':
			opt.no_name = true;
			break;
		case 'q':
			opt.quiet = true;
			break;
		case 'v':
			opt.verbose = true;
			break;
		case 'S':
			if (optarg[0] == '\0' || strchr(optarg, '/') != NULL)
				return 1 + fail("invalid suffix '%s'", optarg);
			opt.suffix = optarg;
			break;
		case OPT_DEVICE:
			opt.device = optarg;
			break;
		case OPT_QUEUES:
			if (parse_queues(optarg) != EXIT_OK)
				return 1 + EXIT_ERROR;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return 1 + EXIT_OK;
		case '?':
			fputs("Try 'uacce-gzip --help' for more information.\n", stderr);
			return 1 + EXIT_ERROR;
		}
	}
	return 0;
}

/* The worst of the two: an error counts more than a warning. */
static int
worse(int a, int b)
{
	return a == EXIT_ERROR || b == EXIT_ERROR ? EXIT_ERROR : a > b ? a : b;
}

int
main(int argc, char **argv)
{
	static char name[] = "uacce-gzip";
	int ret;

	argv[0] = name;         /* in getopt's messages too */
	ret = parse_options(argc, argv);
	if (ret != 0)
		return ret - 1;
	catch_signals();
	ret = device_open(argv[0]);
	if (ret != EXIT_OK)
		return ret;
	if (optind == argc)
		ret = process_stdin();
	for (int i = optind; i < argc; i++)
		ret = worse(ret, strcmp(argv[i], "-") == 0 ? process_stdin() : process_file(argv[i]));
	device_close();
	return ret;
}
