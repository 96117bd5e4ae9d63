/* SPDX-License-Identifier: BSD-3-Clause */
/* uacce-emu status, top, fault: a client of the daemon without a device. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "socket_proto.h"

struct figures {
	char name[64], api[64], mode[16], engine[32];
	unsigned int queues, open, started;
	uint64_t ops, bytes, errors;
	bool lost;
};

/* ------------------------------------------------------------------ asking */

/* One request and its answer; *fd gets the descriptor that may come with it, or -1. */
static int
ask(int sock, struct emu_msg *m, int *fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * EMU_MSG_FDS)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	m->magic = EMU_MSG_MAGIC;
	m->version = EMU_MSG_VERSION;
	*fd = -1;
	if (sendmsg(sock, &h, MSG_NOSIGNAL) != sizeof(*m))
		return -EPIPE;
	h.msg_control = control.buf;
	h.msg_controllen = sizeof(control.buf);
	if (recvmsg(sock, &h, MSG_CMSG_CLOEXEC) != sizeof(*m))
		return -EPIPE;
	c = CMSG_FIRSTHDR(&h);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return m->result;
}

static int
open_daemon(const char *path)
{
	struct emu_msg m = { .type = EMU_MSG_HELLO };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock, fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		app_error("%s: too long for a socket", path);
		return -1;
	}
	strcpy(addr.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ret = sock < 0 || connect(sock, (struct sockaddr *)&addr, sizeof(addr)) != 0 ? -errno :
		ask(sock, &m, &fd);
	if (ret == 0)
		return sock;
	app_error("%s: %s", path, strerror(-ret));
	close(sock);
	return -1;
}

/* The daemon's JSON text, to be freed; NULL after a message. */
static char *
get_status(int sock)
{
	struct emu_msg m = { .type = EMU_MSG_STATUS };
	char *text = NULL;
	int fd, ret;

	ret = ask(sock, &m, &fd);
	if (ret == 0 && fd >= 0 && m.arg[0] < 1u << 24) {
		text = calloc(1, m.arg[0] + 1);
		if (text != NULL && pread(fd, text, m.arg[0], 0) != (ssize_t)m.arg[0]) {
			free(text);
			text = NULL;
		}
	}
	if (fd >= 0)
		close(fd);
	if (text == NULL)
		app_error("no status: %s", strerror(ret == 0 ? EIO : -ret));
	return text;
}

/* ------------------------------------------------------------------ figures */

/* The value of a key in one object of the daemon's own text. */
static const char *
value(const char *object, const char *key)
{
	char quoted[64];
	const char *p;

	snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
	p = strstr(object, quoted);
	return p == NULL ? "" : p + strlen(quoted);
}

static void
get_text(const char *object, const char *key, char *out, size_t size)
{
	const char *p = value(object, key);

	out[0] = '\0';
	if (*p == '"')
		snprintf(out, size, "%.*s", (int)strcspn(p + 1, "\""), p + 1);
}

static uint64_t
get_number(const char *object, const char *key)
{
	return strtoull(value(object, key), NULL, 10);
}

/* A line of the text is a device. */
static unsigned int
read_figures(char *text, struct figures *f)
{
	char *line, *save = NULL;
	unsigned int nb = 0;

	for (line = strtok_r(text, "\n", &save); line != NULL && nb < APP_MAX_DEVS;
			line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "  {\"name\"", 9) != 0)
			continue;
		get_text(line, "name", f[nb].name, sizeof(f[nb].name));
		get_text(line, "api", f[nb].api, sizeof(f[nb].api));
		get_text(line, "mode", f[nb].mode, sizeof(f[nb].mode));
		get_text(line, "engine", f[nb].engine, sizeof(f[nb].engine));
		f[nb].queues = (unsigned int)get_number(line, "queues");
		f[nb].open = (unsigned int)get_number(line, "queues_open");
		f[nb].started = (unsigned int)get_number(line, "queues_started");
		f[nb].ops = get_number(line, "ops");
		f[nb].bytes = get_number(line, "bytes");
		f[nb].errors = get_number(line, "errors");
		f[nb].lost = strncmp(value(line, "lost"), "true", 4) == 0;
		nb++;
	}
	return nb;
}

static void
print_figures(const struct figures *f, unsigned int nb)
{
	unsigned int i;

	printf("%-14s %-11s %-8s %-9s %11s %14s %16s %10s\n", "device", "api", "mode", "engine",
		"queues", "ops", "bytes", "errors");
	for (i = 0; i < nb; i++)
		printf("%-14s %-11s %-8s %-9s %4u of %4u %14" PRIu64 " %16" PRIu64 " %10" PRIu64 "%s\n",
			f[i].name, f[i].api, f[i].mode, f[i].engine, f[i].started, f[i].queues,
			f[i].ops, f[i].bytes, f[i].errors, f[i].lost ? " unplugged" : "");
}

static void
print_rates(const struct figures *now, const struct figures *then, unsigned int nb, double s,
	    bool json)
{
	unsigned int i;

	if (json)
		printf("{\"seconds\": %.3f, \"devices\": [", s);
	else
		printf("%-14s %11s %14s %14s %10s\n", "device", "queues", "ops/s", "MB/s", "errors");
	for (i = 0; i < nb; i++) {
		double ops = (double)(now[i].ops - then[i].ops) / s;
		double bytes = (double)(now[i].bytes - then[i].bytes) / s;

		if (json)
			printf("%s{\"name\": \"%s\", \"queues\": %u, \"ops_per_second\": %.0f, "
				"\"bytes_per_second\": %.0f, \"errors\": %" PRIu64 "}",
				i == 0 ? "" : ", ", now[i].name, now[i].started, ops, bytes,
				now[i].errors);
		else
			printf("%-14s %4u of %4u %14.0f %14.1f %10" PRIu64 "%s\n", now[i].name,
				now[i].started, now[i].queues, ops, bytes / 1e6, now[i].errors,
				now[i].lost ? " unplugged" : "");
	}
	printf(json ? "]}\n" : "\n");
	fflush(stdout);
}

/* ------------------------------------------------------------------ commands */

struct control_args {
	char path[256];
	bool json;
	double interval;
	unsigned long count;
};

static int
parse(int argc, char **argv, const char *letters, struct control_args *a)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	int opt;

	default_socket(a->path, sizeof(a->path));
	a->interval = 1;
	while ((opt = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (opt == '?')
			return 1;
		if (strchr(letters, opt) == NULL)
			return app_error("%s has no such option", argv[0]);
		if (opt == 's') {
			snprintf(a->path, sizeof(a->path), "%s", optarg);
		} else if (opt == 'j') {
			a->json = true;
		} else if (opt == 'i') {
			a->interval = strtod(optarg, &end);
			if (end == optarg || *end != '\0' || !(a->interval >= 0.1 && a->interval <= 3600))
				return app_error("bad interval '%s', want 0.1 to 3600", optarg);
		} else {
			a->count = strtoul(optarg, &end, 10);
			if (*optarg < '1' || *optarg > '9' || *end != '\0')
				return app_error("bad count '%s'", optarg);
		}
	}
	return 0;
}

int
cmd_status(int argc, char **argv)
{
	struct control_args a = { .json = false };
	struct figures f[APP_MAX_DEVS];
	char *text;
	int sock;

	if (parse(argc, argv, "s:j", &a) != 0)
		return 1;
	if (optind != argc)
		return app_error("status: what is '%s'?", argv[optind]);
	sock = open_daemon(a.path);
	if (sock < 0)
		return 1;
	text = get_status(sock);
	close(sock);
	if (text == NULL)
		return 1;
	if (a.json)
		fputs(text, stdout);
	else
		print_figures(f, read_figures(text, f));
	free(text);
	return 0;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
cmd_top(int argc, char **argv)
{
	struct control_args a = { .json = false };
	static struct figures f[2][APP_MAX_DEVS];
	unsigned long i;
	double t[2] = { 0, 0 };
	struct timespec pause;
	unsigned int nb;
	char *text;
	int sock;

	if (parse(argc, argv, "s:ji:c:", &a) != 0)
		return 1;
	if (optind != argc)
		return app_error("top: what is '%s'?", argv[optind]);
	sock = open_daemon(a.path);
	if (sock < 0)
		return 1;
	pause.tv_sec = (time_t)a.interval;
	pause.tv_nsec = (long)((a.interval - (double)pause.tv_sec) * 1e9);
	for (i = 0; a.count == 0 || i <= a.count; i++) {
		text = get_status(sock);
		if (text == NULL)
			break;
		t[i % 2] = seconds();
		nb = read_figures(text, f[i % 2]);
		free(text);
		if (i > 0)
			print_rates(f[i % 2], f[1 - i % 2], nb, t[i % 2] - t[1 - i % 2], a.json);
		if (a.count == 0 || i < a.count)
			nanosleep(&pause, NULL);
	}
	close(sock);
	return a.count != 0 && i <= a.count;
}

int
cmd_fault(int argc, char **argv)
{
	struct control_args a = { .json = false };
	struct emu_msg m = { .type = EMU_MSG_COMMAND };
	int sock, fd, ret;

	if (parse(argc, argv, "s:", &a) != 0)
		return 1;
	if (argc - optind != 2)
		return app_error("fault: want DEVICE and what is to happen");
	if ((size_t)snprintf(m.data.text, sizeof(m.data.text), "%s %s", argv[optind],
			argv[optind + 1]) >= sizeof(m.data.text))
		return app_error("fault: too long");
	sock = open_daemon(a.path);
	if (sock < 0)
		return 1;
	ret = ask(sock, &m, &fd);
	m.data.text[sizeof(m.data.text) - 1] = '\0';
	close(sock);
	return ret == 0 ? 0 : app_error("%s", m.data.text[0] != '\0' ? m.data.text : strerror(-ret));
}
