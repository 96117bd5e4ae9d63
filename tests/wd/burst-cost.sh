#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Instructions that libwd spends on a request, submit and poll together, counted by callgrind in
# bursts of 32. Fails above the recorded ceiling. Usage: burst-cost.sh PROGRAM KIND CEILING
set -eu

program=$1 kind=$2 ceiling=$3
command -v valgrind >/dev/null || exit 77
out=$(mktemp)
trap 'rm -f "$out" "$out.log"' EXIT

count() { # bursts -> instructions
	valgrind --tool=callgrind --callgrind-out-file="$out" --collect-atstart=no \
		--toggle-collect='sec2_submit_bd3*' --toggle-collect='sec2_poll' \
		"$program" "$kind" "$1" >"$out.log" 2>&1 || { cat "$out.log" >&2; exit 1; }
	sed -n 's/^summary: *//p' "$out"
}

# The difference of two runs is free of what happens once.
few=$(count 10)
many=$(count 110)
per_request=$(((many - few) / 3200))
echo "$kind: $per_request instructions per request, ceiling $ceiling"
[ "$per_request" -gt 0 ] && [ "$per_request" -le "$ceiling" ]
