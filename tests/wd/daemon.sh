#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs a libwd test on the emulator daemon, which sees only the memory that was shared with it.
# Usage: daemon.sh UACCE_EMU KIND:OPTIONS TEST
set -eu

emu=$1 device=$2 test=$3
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || { kill "$pid"; wait "$pid" || :; }; rm -r "$dir"' EXIT

"$emu" serve --socket "$dir/socket" --device "$device" &
pid=$!
i=0
while [ ! -S "$dir/socket" ]; do
	i=$((i + 1))
	if [ $i -gt 100 ] || ! kill -0 "$pid"; then
		echo "no daemon" >&2
		exit 1
	fi
	sleep 0.1
done
"$test" '' "emu:$dir/socket"
