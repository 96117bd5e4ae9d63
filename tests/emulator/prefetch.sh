#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Are the emulator's prefetches in what was built? GCC may take a function of nothing else for one
# without effect, and results do not tell. Argument: the library.
command -v objdump >/dev/null || exit 77
case $(uname -m) in
x86_64) insn='prefetch[tnw]' ;;
aarch64) insn='prfm' ;;
*) exit 77 ;;
esac
ret=0
# Functions, and what the compiler did not put into them.
for f in sec2_bd2_prefetch run_neighbours 'gather_guarded ask_for_data'; do
	names=$(echo "$f" | sed 's/ /\\|/g')
	n=$(objdump -d --no-show-raw-insn "$1" | sed -n "/<\($names\)>:/,/^\$/p" | grep -c "$insn")
	echo "$f: $n prefetches"
	# IV, and two lines each of what source and destination point to; AES-GCM and chains have more
	[ "$n" -ge 5 ] || ret=1
done
exit $ret
