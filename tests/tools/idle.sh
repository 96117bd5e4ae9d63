#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Idle devices cost nothing: how often the threads of a daemon with two devices run in two seconds
# without a client, and how often when a client has a queue on one and does nothing with it.
#
#   idle.sh UACCE_EMU CLIENT
#
# CLIENT SOCKET opens a queue, prints a line, and waits for the end of its input.

set -euo pipefail

emu=$1 client=$2
dir=$(mktemp -d)
pids=()

finish()
{
	kill "${pids[@]}" 2>/dev/null || :
	wait 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT

# Context switches of all threads so far.
switches()
{
	cat /proc/"${pids[0]}"/task/*/status | awk '/ctxt_switches/ {n += $2} END {print n}'
}

# in_two_seconds MOST WHEN
in_two_seconds()
{
	local before now

	before=$(switches)
	sleep 2
	now=$(switches)
	echo "$2: $((now - before)) switches in two seconds, at most $1"
	[ $((now - before)) -le "$1" ]
}

"$emu" serve --socket "$dir/sock" --device sec2 --device zip &
pids+=($!)
for _ in {1..100}; do
	[ ! -S "$dir/sock" ] || break
	sleep 0.1
done
[ -S "$dir/sock" ] || { echo "the daemon does not listen"; exit 1; }
sleep 1
in_two_seconds 2 "no client"

mkfifo "$dir/in"
"$client" "$dir/sock" <"$dir/in" >"$dir/out" &
pids+=($!)
exec 3>"$dir/in"
for _ in {1..100}; do
	[ ! -s "$dir/out" ] || break
	sleep 0.1
done
[ -s "$dir/out" ] || { echo "the client does not start"; exit 1; }
# Pauses grow to a second in about two. The daemon itself looks after clients every 200 ms.
sleep 3
in_two_seconds 16 "an idle queue"
exec 3>&-
echo ok
