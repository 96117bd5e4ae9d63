#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Does guest.sh notice what it has to notice? Its environment is guest.sh's.
here=$(dirname "$(realpath "$0")")

# expect CODE WHAT COMMAND
expect() {
	"$here/guest.sh" -t 150 -- "$3" >/dev/null 2>&1
	rc=$?
	[ $rc = 77 ] && exit 77
	if [ $rc != "$1" ]; then
		echo "$2: exit code $rc, not $1"
		exit 1
	fi
	echo "ok $2"
}

expect 42 'exit code of the command' 'exit 42'
expect 1 'warning in the kernel log' 'echo "WARNING: only a test" >/dev/kmsg'
expect 125 'panic' 'echo c >/proc/sysrq-trigger'
