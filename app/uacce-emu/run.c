/* SPDX-License-Identifier: BSD-3-Clause */
/* uacce-emu run: starts a command with the preload library, and tidies up behind it. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app.h"

#define PRELOAD_NAME "libuacce_emu_preload.so"

static pid_t child;

/* The library of the build tree that this program is in, or the installed one. */
static int
find_library(char *path, size_t size)
{
	char exe[4096], *slash;
	ssize_t n;

	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		slash = strrchr(exe, '/');
		snprintf(path, size, "%.*s/../../lib/emu/" PRELOAD_NAME, (int)(slash - exe), exe);
		if (access(path, R_OK) == 0)
			return 0;
	}
	snprintf(path, size, "%s/" PRELOAD_NAME, UACCE_EMU_LIBDIR);
	if (access(path, R_OK) == 0)
		return 0;
	return app_error("%s is not there", path);
}

static void
pass_on(int sig)
{
	if (child > 0)
		kill(child, sig);
}

/* Signals of a terminal reach the child as well; those sent to us alone are passed on. */
static void
set_signals(void)
{
	struct sigaction sa = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
}

static void
exec_command(char **argv, const char *root, const char *lib)
{
	const char *old = getenv("LD_PRELOAD");
	char preload[8192];

	snprintf(preload, sizeof(preload), "%s%s%s", lib, old == NULL || *old == '\0' ? "" : ":",
		old == NULL ? "" : old);
	setenv("LD_PRELOAD", preload, 1);
	setenv("UACCE_EMU_ROOT", root, 1);
	execvp(argv[0], argv);
	app_error("%s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int
run(char **argv, const char *root, const char *lib)
{
	int status;

	child = fork();
	if (child < 0)
		return app_error("fork: %s", strerror(errno));
	if (child == 0)
		exec_command(argv, root, lib);
	set_signals();
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return app_error("wait: %s", strerror(errno));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int
cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	static struct dev_list list;
	char root[4096], lib[4200];
	int opt, ret;

	/* "+": the command's own options are the command's. */
	while ((opt = getopt_long(argc, argv, "+d:", options, NULL)) != -1)
		if (opt != 'd' || dev_list_add(&list, optarg) != 0)
			return 1;
	if (optind == argc)
		return app_error("run: no command");
	dev_list_default(&list);
	if (find_library(lib, sizeof(lib)) != 0 || tree_make(root, sizeof(root), &list) != 0)
		return 1;
	ret = run(argv + optind, root, lib);
	tree_remove(root);
	return ret;
}
