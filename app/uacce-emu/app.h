/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uacce-emu: the emulator for people.
 *
 *	main.c      commands
 *	devspec.c   --device KIND[:OPTION,...]
 *	run.c       run: a command that sees emulated devices
 *	tree.c      the files that it sees
 *	serve.c     serve: the daemon
 *	control.c   status, top, fault: asking a daemon
 */
#ifndef UACCE_EMU_APP_H
#define UACCE_EMU_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "emu_private.h"

#define APP_MAX_DEVS    64

/* One --device. */
struct dev_spec {
	char kind[16];
	char options[256];      /* as emu_device_open() takes them */
};

struct dev_list {
	struct dev_spec spec[APP_MAX_DEVS];
	unsigned int nb;
};

/* One line on stderr, "uacce-emu: ..."; returns 1, the exit status of a failure. */
int app_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Adds what text says; 0, or 1 after a message. */
int dev_list_add(struct dev_list *list, const char *text);
/* A device of each kind, when none was asked for. */
void dev_list_default(struct dev_list *list);
bool dev_spec_has(const struct dev_spec *spec, const char *key);

/* Each command gets argv from its own name on; returns the exit status. */
int cmd_run(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_fault(int argc, char **argv);

/* Where the daemon listens when nobody says: in the user's own runtime folder, else in /tmp. */
void default_socket(char *path, size_t size);

/*
 * The tree of files of emulated devices, in a folder of its own below dir. 0, or 1 after a
 * message. Trees whose maker is gone are removed first.
 */
int tree_make(char *root, size_t root_size, const struct dev_list *list);
void tree_remove(const char *root);

#endif
