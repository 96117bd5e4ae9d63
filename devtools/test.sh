#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Sets the machine up, builds, runs every test, and ends with "N passed, M failed, K skipped".
#
#   devtools/test.sh [--quick | --long] [--suite NAME]...
#
#   --quick       suites unit and emu only, no sanitizer build
#   --long        the suite soak too
#   --suite NAME  only this suite (unit, emu, fuzz, guest, soak); may be repeated
#
# A second build with ASan and UBSan runs the suites unit and fuzz again. The exit code is 0 only
# if both builds worked, at least one test ran, and none failed.

set -euo pipefail

cd "$(dirname "$(readlink -f "$0")")/.."

LIMIT=$((85 * 60))	# seconds for everything; what has not run by then has failed
SAN=address,undefined
started=$SECONDS
level=normal
suites=()
work=

say()
{
	echo "test: $*"
}

usage()
{
	echo "test: error: $1 (known: --quick, --long, --suite NAME)" >&2
	exit 2
}

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) level=quick ;;
		--long) level=long ;;
		--suite)
			[ $# -ge 2 ] || usage "--suite needs a name"
			suites+=("$2")
			shift
			;;
		*) usage "unknown option '$1'" ;;
		esac
		shift
	done
	[ ${#suites[@]} -eq 0 ] || return 0
	case $level in
	quick) suites=(unit emu) ;;
	normal) suites=(unit emu fuzz guest) ;;
	long) suites=(unit emu fuzz guest soak) ;;
	esac
}

# Prints every minute that it is alive. Meson writes its log late: there is no count to tell.
heartbeat()
{
	local fd

	# Waits on a pipe that stays silent: a sleep command would outlive this loop.
	exec {fd}<> <(:)
	while :; do
		read -r -t 60 -u "$fd" _ || :
		say "$1: running, $(((SECONDS - started) / 60)) min since the start"
	done
}

# build_tree FOLDER MESON-OPTION...
build_tree()
{
	local dir=$1
	shift

	say "building $dir"
	if [ -f "$dir/build.ninja" ]; then
		# The rooms that exist are looked up when meson runs.
		meson setup --reconfigure "$dir" "$@" || return 1
	else
		meson setup "$dir" "$@" || return 1
	fi
	ninja -C "$dir"
}

# run_tests FOLDER LABEL SUITE...
run_tests()
{
	local dir=$1 label=$2 beat left
	local args=()
	shift 2

	for s; do
		args+=(--suite "$s")
	done
	rm -f "$dir/meson-logs/testlog.json"
	meson test -C "$dir" --no-rebuild --list "${args[@]}" 2>/dev/null |
		grep -F ' / ' >"$work/$label.list" || :
	if ! [ -s "$work/$label.list" ]; then
		say "$label: no tests in: $*"
		return
	fi
	say "$label: running $(wc -l <"$work/$label.list") tests of: $*"
	heartbeat "$label" &
	beat=$!
	left=$((LIMIT - SECONDS + started))
	[ $left -gt 10 ] || left=10
	# The verdict comes from the log; a failed test shows up there.
	timeout --foreground -s INT -k 60 "$left" meson test -C "$dir" --no-rebuild \
		--num-processes 2 --print-errorlogs "${args[@]}" </dev/null || :
	kill $beat 2>/dev/null || :
	wait $beat 2>/dev/null || :
	cp "$dir/meson-logs/testlog.json" "$work/$label.json" 2>/dev/null || :
}

fail_build()
{
	echo "$1: the build failed" >>"$work/broken"
	say "error: the build of $1 failed"
}

sanitizer_suites()
{
	local s

	[ $level != quick ] || return 0
	for s in "${suites[@]}"; do
		case $s in
		unit|fuzz) echo "$s" ;;
		esac
	done
}

main()
{
	local san

	parse_options "$@"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	export UACCE_TEST_LEVEL=$level

	devtools/setup.sh
	if build_tree build; then
		run_tests build build "${suites[@]}"
	else
		fail_build build
	fi

	mapfile -t san < <(sanitizer_suites)
	if [ ${#san[@]} -gt 0 ] && ! [ -s "$work/broken" ]; then
		# Link order: "uacce-emu run" preloads a library of ours before the runtime.
		ASAN_OPTIONS=${ASAN_OPTIONS-detect_stack_use_after_return=1:strict_string_checks=1}
		export ASAN_OPTIONS+=:verify_asan_link_order=0:suppressions=$PWD/devtools/asan.supp
		export UBSAN_OPTIONS=${UBSAN_OPTIONS-halt_on_error=1:print_stacktrace=1}
		if build_tree build-asan -Db_sanitize=$SAN -Db_lundef=false; then
			run_tests build-asan asan "${san[@]}"
		else
			fail_build build-asan
		fi
	fi
	say "took $(((SECONDS - started) / 60)) min"
	python3 devtools/test-summary.py "$work"
}

main "$@"
