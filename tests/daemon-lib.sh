# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by the tests of PMDs on an emulator daemon's devices. The script sets emu, the daemon's
# program, before; it gets dir, its own folder with the socket, and pid, the daemon's.

[ -n "${UACCE_PLUGIN_DIR-}" ] || { echo "skipped: run by devtools/plugin-dir.sh"; exit 77; }
[ "$(id -u)" -eq 0 ] || { echo "skipped: needs root"; exit 77; }

dir=$(mktemp -d)
pid=

stop()
{
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || :
	pid=
}
trap 'stop; rm -rf "$dir"' EXIT

serve()
{
	local i

	stop
	rm -f "$dir/sock"
	"$emu" serve --socket "$dir/sock" --device "$1" &
	pid=$!
	for i in {1..100}; do
		[ ! -S "$dir/sock" ] || return 0
		sleep 0.1
	done
	echo "the daemon does not listen"
	exit 1
}

run()
{
	local rc=0

	"$@" >"$dir/log" 2>&1 || rc=$?
	[ "$rc" -ne 77 ] || exit 77
	if [ "$rc" -ne 0 ]; then
		cat "$dir/log"
		echo "FAILED ($rc): $*"
		exit 1
	fi
	tail -n 1 "$dir/log"
}
