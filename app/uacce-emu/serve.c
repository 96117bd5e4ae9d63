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

static void
close_devices(struct emu_device **devs, struct emu_node *nodes, unsigned int nb)
{
	while (nb-- > 0) {
		if (nodes != NULL)
			emu_node_close(&nodes[nb]);
		emu_device_close(devs[nb]);
	}
}

static int
open_devices(const struct dev_list *list, struct emu_device **devs, struct emu_node *nodes)
{
	const enum emu_clients clients = nodes != NULL ? EMU_NODE : EMU_SOCKET;
	char err[256];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < list->nb; i++) {
		ret = emu_device_open(list->spec[i].kind, list->spec[i].options, clients, &devs[i],
			err, sizeof(err));
		if (ret != 0)
			break;
		if (nodes == NULL)
			continue;
		ret = emu_node_open(&nodes[i], devs[i], err, sizeof(err));
		if (ret != 0) {
			emu_device_close(devs[i]);
			break;
		}
	}
	if (ret == 0)
		return 0;
	close_devices(devs, nodes, i);
	return app_error("%s", err);
}

/* For scripts that wait for it. */
static void
say_ready(const struct dev_list *list, struct emu_device **devs, bool vuacce, const char *path)
{
	unsigned int i;

	for (i = 0; vuacce && i < list->nb; i++)
		printf("uacce-emu: serving /dev/%s\n", devs[i]->name);
	printf("uacce-emu: listening on %s\n", path);
	fflush(stdout);
}

static int
serve(const struct dev_list *list, const char *path, unsigned int mode, bool vuacce)
{
	static struct emu_device *devs[APP_MAX_DEVS];
	static struct emu_node node_room[EMU_MAX_NODES];
	struct emu_node *nodes = vuacce ? node_room : NULL;
	static struct emu_server server;
	int stop = stop_signals(), ret;
	char err[256];

	if (stop < 0)
		return app_error("signalfd: %s", strerror(errno));
	if (open_devices(list, devs, nodes) != 0)
		return 1;
	ret = emu_server_open(&server, path, mode, devs, list->nb, nodes, err, sizeof(err));
	if (ret != 0) {
		ret = app_error("%s", err);
	} else {
		say_ready(list, devs, vuacce, path);
		ret = emu_server_run(&server, stop);
		if (ret != 0)
			ret = app_error("%s", strerror(-ret));
		emu_server_close(&server);
	}
	close_devices(devs, nodes, list->nb);
	return ret;
}

_Static_assert(APP_MAX_DEVS <= EMU_MAX_NODES, "a node for each device");

int
cmd_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "socket", required_argument, NULL, 's' },
		{ "mode", required_argument, NULL, 'm' },
		{ "vuacce", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	static struct dev_list list;
	unsigned long mode = 0600;
	char path[256], *end;
	bool vuacce = false;
	int opt;

	default_socket(path, sizeof(path));
	while ((opt = getopt_long(argc, argv, "d:s:m:v", options, NULL)) != -1) {
		if (opt == 'd' && dev_list_add(&list, optarg) == 0)
			continue;
		if (opt == 's' && (size_t)snprintf(path, sizeof(path), "%s", optarg) < sizeof(path))
			continue;
		if (opt == 'v') {
			vuacce = true;
			continue;
		}
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
	return serve(&list, path, (unsigned int)mode, vuacce);
}
