#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# sparse.sh SOURCE_ROOT WORK: not a word from sparse about the kernel modules, with the headers that
# setup.sh takes. Exits 77 if there is no sparse, or no headers.
set -eu

src=$(realpath "$1")
work=$(realpath -m "$2")
skip() { echo "skip: $*" >&2; exit 77; }

command -v sparse make gcc >/dev/null || skip "sparse is not installed"
headers=$(ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | grep -Ev -- '-(cloud|rt)-amd64' |
	sort -V | tail -1)
[ -n "$headers" ] || skip "no linux-headers-amd64 installed"

# In a folder of its own, so that C=2 finds everything to be checked, the test aids as well.
rm -rf "$work"
mkdir -p "$work"
cp -r "$src/kernel" "$work/"
find "$work" \( -name '*.o' -o -name '*.ko' -o -name '*.cmd' \) -delete
make -C "$work/kernel" KDIR="$headers" UACCE_FAIL=m C=2 CF=-D__CHECK_ENDIAN__ \
	>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
checked=$(grep -c '^  CHECK ' "$work/log" || :)
files=$(find "$src/kernel" -name '*.c' ! -name '*.mod.c' | wc -l)
if [ "$checked" -lt "$files" ]; then
	echo "sparse saw $checked of $files files"
	exit 1
fi
if grep -E ': (warning|error|note):' "$work/log"; then
	exit 1
fi
echo "$checked files"
