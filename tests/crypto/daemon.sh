#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The crypto PMD on devices without SVA: those of an emulator daemon, which sees only the memory
# that it was given. With an IOMMU (IOVA = VA), without (physical addresses), with memory that comes
# after the device, two processes on one device, and a daemon that dies.
#
#   daemon.sh UACCE_EMU FUZZ LOSS

set -euo pipefail

emu=$1 fuzz=$2 loss=$3
[ -n "${UACCE_PLUGIN_DIR-}" ] || { echo "skipped: run by devtools/plugin-dir.sh"; exit 77; }
[ "$(id -u)" -eq 0 ] || { echo "skipped: needs root"; exit 77; }

dir=$(mktemp -d)
pid=

stop()
{
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || :
	pid=
}
trap 'stop; rm -rf "$dir"' EXIT

serve()
{
	local i

	stop
	rm -f "$dir/sock"
	"$emu" serve --socket "$dir/sock" --device "$1" &
	pid=$!
	for i in {1..100}; do
		[ ! -S "$dir/sock" ] || return 0
		sleep 0.1
	done
	echo "the daemon does not listen"
	exit 1
}

run()
{
	local rc=0

	"$@" >"$dir/log" 2>&1 || rc=$?
	[ "$rc" -ne 77 ] || exit 77
	if [ "$rc" -ne 0 ]; then
		cat "$dir/log"
		echo "FAILED ($rc): $*"
		exit 1
	fi
	tail -n 1 "$dir/log"
}

serve sec2
run "$fuzz" "device=emu:$dir/sock" 4000
run "$fuzz" "device=emu:$dir/sock" 2000 0 raw
# The pools are made of memory that was not there when the device was probed.
CT_MEM=16 run "$fuzz" "device=emu:$dir/sock" 2000
# Two processes, each with queues of its own.
"$fuzz" "device=emu:$dir/sock" 3000 >"$dir/other" 2>&1 &
other=$!
run "$fuzz" "device=emu:$dir/sock" 3000
wait "$other" || { cat "$dir/other"; echo "FAILED: the other process"; exit 1; }
run "$loss" daemon "$dir/sock" "$pid"

serve sec2:mode=noiommu
run "$fuzz" "device=emu:$dir/sock" 4000
echo ok
