#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Builds one of DPDK's example applications from the source that the dpdk-doc package carries,
# into a folder of the build tree, and prints the path of the program. Nothing of the example
# is kept in this tree.
#
#   example.sh NAME FOLDER
#
# Exit code: 0, 1 = the build failed (its output is shown), 77 = the source is not installed.

set -euo pipefail

[ $# -eq 2 ] || { echo "usage: example.sh NAME FOLDER" >&2; exit 1; }
name=$1
out=$2
src=${DPDK_EXAMPLES:-/usr/share/dpdk/examples}

if [ ! -f "$src/$name/Makefile" ]; then
	echo "no source of $name in $src: install dpdk-doc" >&2
	exit 77
fi

mkdir -p "$out"
# Two tests may ask at once.
exec 9>"$out/.lock"
flock 9

dir=$out/$name
if [ "$dir/build/$name" -nt "$src/$name/Makefile" ]; then
	echo "$dir/build/$name"
	exit
fi
cp -r --no-preserve=mode "$src/$name" "$src/common" "$out/"
if ! make -C "$dir" shared >"$dir/build.log" 2>&1; then
	cat "$dir/build.log" >&2
	echo "$name does not build" >&2
	exit 1
fi
touch "$dir/build/$name"
echo "$dir/build/$name"
