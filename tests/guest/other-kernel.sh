#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# other-kernel.sh BUILD SUITE|newest|debug: the suite "guest" on the kernel of another Debian suite,
# on the newest one that Debian has, or on one with KASAN, lockdep and kmemleak that is built here.
# The modules are built there without warnings, or nothing runs. Exits 77 where such kernels are not
# to be had (suite-root.sh, debug-kernel.sh).
set -eu

here=$(dirname "$(realpath "$0")")
source_root=$(realpath "$here/../..")
build=$(realpath "$1")
work=$build/guest-$2
if [ "$2" = debug ]; then
	"$here/debug-kernel.sh" "$source_root" "$work" >"$build/guest-debug.log" 2>&1 || {
		ret=$?
		tail -20 "$build/guest-debug.log"
		exit $ret
	}
	export UACCE_GUEST_OBJ=$work/obj UACCE_GUEST_PATIENCE=${UACCE_GUEST_PATIENCE:-4}
	"$here/debug-harness.sh"
else
	"$here/suite-root.sh" "$2" "$work"
	echo "Linux $(cat "$work/kver")"
	export UACCE_GUEST_ROOT=$work UACCE_GUEST_PATIENCE=${UACCE_GUEST_PATIENCE:-2}
	"$here/setup.sh" "$source_root" "$work/guest" fail
fi
exec meson test -C "$build" --no-rebuild --num-processes 1 -t "$UACCE_GUEST_PATIENCE" \
	--logbase "guest-$2" --print-errorlogs --suite guest
