#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# EAL refuses a plug-in if any folder above it is world-writable, as /tmp is. This script copies the
# built plug-ins to a folder that EAL accepts, runs a command, and cleans up after it.
#
#   devtools/plugin-dir.sh BUILD COMMAND [ARG...]
#
# The command finds in its environment
#   UACCE_PLUGIN_DIR    the folder: librte_crypto_uacce.so, librte_compress_uacce.so, and beside
#                       them the emulator libuacce_emu.so
#   UACCE_FILE_PREFIX   a DPDK --file-prefix that no other run uses
# The exit code is the command's; 1 if the folder could not be made.

set -euo pipefail

die()
{
	echo "plugin-dir: error: $*" >&2
	exit 1
}

# A run that was killed left its folder behind: its name tells the process.
remove_stale()
{
	local d

	for d in "$1"/uacce-plugins.*; do
		[ -d "$d" ] || continue
		kill -0 "$(basename "$d" | cut -d. -f2)" 2>/dev/null || rm -rf "$d"
	done
}

cleanup()
{
	rm -rf "$dir"
	# Of the runs of this script only; DPDK leaves these when a process dies.
	rm -rf "/var/run/dpdk/$UACCE_FILE_PREFIX"*
	rm -f "/dev/hugepages/$UACCE_FILE_PREFIX"*map_*
}

[ $# -ge 2 ] || die "usage: plugin-dir.sh BUILD COMMAND [ARG...]"
build=$1
shift

if [ "$(id -u)" -eq 0 ]; then
	base=/var/lib	# not /run, which Debian mounts noexec
else
	base=${XDG_CACHE_HOME:-$HOME/.cache}
	mkdir -p "$base"
fi
remove_stale "$base"
dir=$base/uacce-plugins.$$
mkdir -m 755 "$dir" || die "cannot make $dir"
export UACCE_PLUGIN_DIR=$dir
export UACCE_FILE_PREFIX=uacce$$x
trap cleanup EXIT
# A signal ends the script after the command that it also reached, so that the trap above runs.
trap 'exit 130' INT
trap 'exit 143' TERM

mapfile -t libs < <(find "$build" \( -name 'librte_*_uacce.so' -o -name 'libuacce_emu.so' \) -type f)
[ ${#libs[@]} -gt 0 ] || die "no plug-in in '$build' (build it: ninja -C $build)"
cp "${libs[@]}" "$dir" || die "cannot copy the plug-ins to $dir"
chmod 755 "$dir"/*

rc=0
"$@" || rc=$?
exit $rc
