#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A stock suite on a daemon's device, which has no SVA.
#
#   daemon-suite.sh UACCE_EMU RUN_SUITE BUILD SUITE DEVICE MIN

set -euo pipefail

emu=$1 run_suite=$2 build=$3 suite=$4 device=$5 min=$6

# In a folder of its own: the stock tests need a path that no two runs share.
dir=$(mktemp -d)
pid=

cleanup()
{
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" || :
	rm -rf "$dir"
}
trap cleanup EXIT

"$emu" serve --socket "$dir/sock" --device "$device" >"$dir/log" 2>&1 &
pid=$!
for _ in {1..100}; do
	! grep -q listening "$dir/log" || break
	sleep 0.1
done
grep -q listening "$dir/log" || { cat "$dir/log"; exit 1; }

"$run_suite" --build "$build" --out "$dir/out" --min "$min" "$suite" "device=emu:$dir/sock"

# The work was done there, and nothing else was left to be an error of the device.
"$emu" status --socket "$dir/sock"
"$emu" status --socket "$dir/sock" --json | python3 -c '
import json, sys
d = json.load(sys.stdin)["devices"][0]
sys.exit(not (d["ops"] > 100 and d["queues_open"] == 0 and not d["lost"]))'
kill "$pid"
wait "$pid"
pid=
[ ! -e "$dir/sock" ]
