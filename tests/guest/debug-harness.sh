#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# debug-harness.sh: does a kernel of debug-kernel.sh (UACCE_GUEST_OBJ) notice what it is there for,
# and guest.sh what it says? One module for each: a write behind an object, locks in two orders, and
# memory that nobody frees. Exits 77 without such a kernel.
set -u

[ -n "${UACCE_GUEST_OBJ:-}" ] || { echo "skip: UACCE_GUEST_OBJ is not set" >&2; exit 77; }
here=$(dirname "$(realpath "$0")")
export UACCE_SOURCE=${UACCE_SOURCE:-$here/../..}
work=$(realpath -m "$UACCE_GUEST_OBJ")/faults
mkdir -p "$work"
cat >"$work/faults.c" <<'C'
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static char *what = "none";
module_param(what, charp, 0);
static DEFINE_MUTEX(a);
static DEFINE_MUTEX(b);

static int __init faults_init(void)
{
	volatile char *p = kmalloc(32, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	if (!strcmp(what, "overflow"))
		p[32] = 1;
	if (!strcmp(what, "locks")) {
		mutex_lock(&a);
		mutex_lock(&b);
		mutex_unlock(&b);
		mutex_unlock(&a);
		mutex_lock(&b);
		mutex_lock(&a);
		mutex_unlock(&a);
		mutex_unlock(&b);
	}
	if (strcmp(what, "leak"))
		kfree((void *)p);
	return 0;
}

static void __exit faults_exit(void)
{
}

module_init(faults_init);
module_exit(faults_exit);
MODULE_DESCRIPTION("Faults on purpose");
MODULE_LICENSE("GPL");
C
echo 'obj-m := faults.o' >"$work/Makefile"
make -s -C "$UACCE_GUEST_OBJ" M="$work" modules >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

# expect CODE WHAT PATTERN
expect() {
	"$here/guest.sh" -t 150 -- "busybox insmod $work/faults.ko what=$2 &&
		busybox rmmod faults" >"$work/out" 2>&1
	rc=$?
	[ $rc = 77 ] && exit 77
	if [ $rc != "$1" ] || ! { [ -z "$3" ] || grep -qE "$3" "$work/out"; }; then
		cat "$work/out"
		echo "$2: exit code $rc, not $1, or not a word of $3"
		exit 1
	fi
	echo "ok $2"
}

expect 0 none ''
expect 1 overflow 'KASAN: slab-out-of-bounds'
expect 1 locks 'possible circular locking dependency|possible recursive locking'
expect 1 leak 'unreferenced object'
