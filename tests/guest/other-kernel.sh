#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# other-kernel.sh BUILD SUITE|newest: the suite "guest" on the kernel of another Debian suite, or on
# the newest one that Debian has. The modules are built there without warnings, or nothing runs.
# Exits 77 where such kernels are not to be had (suite-root.sh).
set -eu

here=$(dirname "$(realpath "$0")")
build=$(realpath "$1")
work=$build/guest-$2
"$here/suite-root.sh" "$2" "$work"
echo "Linux $(cat "$work/kver")"
UACCE_GUEST_ROOT=$work "$here/setup.sh" "$here/../.." "$work/guest" fail
export UACCE_GUEST_ROOT=$work UACCE_GUEST_PATIENCE=${UACCE_GUEST_PATIENCE:-2}
exec meson test -C "$build" --no-rebuild --num-processes 1 -t "$UACCE_GUEST_PATIENCE" \
	--logbase "guest-$2" --print-errorlogs --suite guest
