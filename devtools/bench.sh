#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Measures this project's drivers beside those that DPDK has, with DPDK's own tools: throughput,
# lcore cycles per operation (enqueue and dequeue apart) and latency. All drivers take turns in
# every round; the result is a table with medians and ranges, JSON, and SVG plots.
#
#   devtools/bench.sh [--quick] [--rounds N] [--build FOLDER] [--output FOLDER]
#                     [--only crypto|compress]
#
#   --quick     fewer sizes and bursts, one round: under two minutes
#   --rounds    how often everything is measured (default 3)
#   --output    where the results go (default: BUILD/bench)
#
# Exit code: 0, 1 = some run failed or lost operations (it is marked in the results), 2 = usage.

set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
build=$here/../build
args=()
while [ $# -gt 0 ]; do
	case $1 in
	--build)
		[ $# -ge 2 ] || { echo "bench: error: --build needs a folder" >&2; exit 2; }
		build=$2
		shift
		;;
	*)
		args+=("$1")
		;;
	esac
	shift
done
if [ ! -f "$build/build.ninja" ]; then
	echo "bench: error: nothing is built in $build" >&2
	exit 2
fi
build=$(readlink -f "$build")
exec "$here/plugin-dir.sh" "$build" python3 "$here/bench/bench.py" --build "$build" \
	${args[@]+"${args[@]}"}
