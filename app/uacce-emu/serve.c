/* SPDX-License-Identifier: BSD-3-Clause */
/* uacce-emu serve: the daemon. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app.h"
#include "socket.h"

void
default_socket(char *path, size_t size)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (dir != NULL && *dir == '/')
		snprintf(path, size, "%s/uacce-emu.sock", dir);
	else if (geteuid() == 0)
		snprintf(path, size, "/run/uacce-emu.sock");
	else
		snprintf(path, size, "/tmp/uacce-emu.%u.sock", (unsigned int)geteuid());
}

/* A descriptor that is readable when it is time to end. */
static int
stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* Before any thread is there: all inherit it. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int
open_devices(const struct dev_list *list, struct emu_device **devs)
{
	char err[256];
	unsigned int i;

	for (i = 0; i < list->nb; i++)
		if (emu_device_open(list->spec[i].kind, list->spec[i].options, true, &devs[i], err,
				sizeof(err)) != 0) {
			while (i-- > 0)
				emu_device_close(devs[i]);
			return app_error("%s", err);
		}
	return 0;
}

static int
serve(const struct dev_list *list, const char *path, unsigned int mode)
{
	static struct emu_device *devs[APP_MAX_DEVS];
	static struct emu_server server;
	int stop = stop_signals(), ret;
	char err[256];
	unsigned int i;

	if (stop < 0)
		return app_error("signalfd: %s", strerror(errno));
	if (open_devices(list, devs) != 0)
		return 1;
	ret = emu_server_open(&server, path, mode, devs, list->nb, err, sizeof(err));
	if (ret != 0) {
		ret = app_error("%s", err);
	} else {
		/* For scripts that wait for it. */
		printf("uacce-emu: listening on %s\n", path);
		fflush(stdout);
		ret = emu_server_run(&server, stop);
		if (ret != 0)
			ret = app_error("%s", strerror(-ret));
		emu_server_close(&server);
	}
	for (i = 0; i < list->nb; i++)
		emu_device_close(devs[i]);
	return ret;
}

int
cmd_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "socket", required_argument, NULL, 's' },
		{ "mode", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	static struct dev_list list;
	unsigned long mode = 0600;
	char path[256], *end;
	int opt;

	default_socket(path, sizeof(path));
	while ((opt = getopt_long(argc, argv, "d:s:m:", options, NULL)) != -1) {
		if (opt == 'd' && dev_list_add(&list, optarg) == 0)
			continue;
		if (opt == 's' && (size_t)snprintf(path, sizeof(path), "%s", optarg) < sizeof(path))
			continue;
		if (opt == 'm') {
			mode = strtoul(optarg, &end, 8);
			if (*optarg >= '0' && *optarg <= '7' && *end == '\0' && mode <= 0777)
				continue;
			return app_error("bad mode '%s', want octal permissions such as 0660", optarg);
		}
		return 1;
	}
	if (optind != argc)
		return app_error("serve: what is '%s'?", argv[optind]);
	dev_list_default(&list);
	return serve(&list, path, (unsigned int)mode);
}
