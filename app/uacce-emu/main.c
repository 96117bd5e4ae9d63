/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "run", cmd_run, "run [--device KIND[:OPTION,...]]... [--] COMMAND [ARGUMENT]..." },
	{ "serve", cmd_serve,
		"serve [--vuacce] [--socket PATH] [--mode OCTAL] [--device KIND[:OPTION,...]]..." },
	{ "status", cmd_status, "status [--socket PATH] [--json]" },
	{ "top", cmd_top, "top [--socket PATH] [--json] [--interval SECONDS] [--count N]" },
	{ "fault", cmd_fault, "fault [--socket PATH] DEVICE reset|unplug|return|clear|FAULT" },
};

#define NB_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int
app_error(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "uacce-emu: %s\n", line);
	return 1;
}

static void
usage(FILE *f)
{
	size_t i;

	for (i = 0; i < NB_COMMANDS; i++)
		fprintf(f, "%s uacce-emu %s\n", i == 0 ? "usage:" : "      ", commands[i].usage);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage(stderr);
		return 1;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return 0;
	}
	for (i = 0; i < NB_COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return app_error("no command '%s', see uacce-emu --help", argv[1]);
}
