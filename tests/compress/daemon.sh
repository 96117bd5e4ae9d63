#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The compress PMD on devices without SVA: those of an emulator daemon, which sees only the memory
# that it was given. With an IOMMU (IOVA = VA), and without (physical addresses).
#
#   daemon.sh UACCE_EMU PROGRAM...

set -euo pipefail

emu=$1
shift
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

for device in zip zip:hw=v2 zip:mode=noiommu; do
	serve "$device"
	for program in "$@"; do
		rc=0
		"$program" "device=emu:$dir/sock" 15 >"$dir/log" 2>&1 || rc=$?
		[ "$rc" -ne 77 ] || exit 77
		if [ "$rc" -ne 0 ]; then
			cat "$dir/log"
			echo "FAILED ($rc): $program on $device"
			exit 1
		fi
		echo "$device: $(tail -n 1 "$dir/log")"
	done
done
