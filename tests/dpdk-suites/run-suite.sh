#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs a suite of the stock dpdk-test on one device.
#
#   run-suite.sh [OPTION]... cryptodev|raw|compressdev [DEVARGS]
#
#   cryptodev     the whole cryptodev functional suite, multi-session included
#   raw           the same through the raw data path
#   compressdev   the compressdev suite
#   DEVARGS       such as device=emu,hw=v2
#
#   --build DIR    build folder (default: build)
#   --driver NAME  driver to test (default: crypto_uacce, compress_uacce)
#   --min N        fail if fewer than N cases were executed (default: 1)
#   --out DIR      where the log and the lists go (default: suite-logs in the build folder)
#   --expect FILE  fail if a case listed there, one per line, did not succeed
#
# Fails if a case failed, the process died, or too few cases ran. Leaves SUITE-DRIVER.log and
# SUITE-DRIVER.skipped, the list of skipped cases with what the suite said before each.

set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=$here/../..
build=build
driver=
min=1
out=
expect=
TIMEOUT=${UACCE_SUITE_TIMEOUT:-900}	# seconds

die()
{
	echo "run-suite: error: $*" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	--build|--driver|--min|--out|--expect)
		[ $# -ge 2 ] || die "$1 needs a value"
		declare "${1#--}=$2"
		shift 2
		;;
	-*) die "unknown option '$1'" ;;
	*) break ;;
	esac
done
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	die "usage: run-suite.sh [OPTION]... cryptodev|raw|compressdev [DEVARGS]"
fi
suite=$1
devargs=${2-}

# The commands chosen belong to drivers that no case of the suite treats specially.
case $suite in
cryptodev)
	command=cryptodev_uadk_autotest
	asked=crypto_uadk
	driver=${driver:-crypto_uacce}
	;;
raw)
	command=cryptodev_dpaa_sec_raw_api_autotest
	asked=crypto_dpaa_sec
	driver=${driver:-crypto_uacce}
	;;
compressdev)
	command=compressdev_autotest
	asked=
	driver=${driver:-compress_uacce}
	;;
*) die "unknown suite '$suite' (known: cryptodev, raw, compressdev)" ;;
esac

if [ -z "${UACCE_PLUGIN_DIR-}" ]; then
	again=(--build "$build" --driver "$driver" --min "$min")
	[ -z "$out" ] || again+=(--out "$out")
	[ -z "$expect" ] || again+=(--expect "$expect")
	exec "$root/devtools/plugin-dir.sh" "$build" "$here/run-suite.sh" "${again[@]}" "$@"
fi

preload=$(readlink -m "$build/tests/dpdk-suites/libsuite_preload.so")
[ -e "$preload" ] || die "libsuite_preload.so is not built in '$build'"
command -v dpdk-test >/dev/null || die "dpdk-test is missing (devtools/setup.sh installs it)"
out=${out:-$build/suite-logs}
mkdir -p "$out"
label=$suite-$driver${devargs:+-${devargs//[^a-zA-Z0-9]/_}}
log=$out/$label.log

plugins=()
for p in "$UACCE_PLUGIN_DIR"/librte_*_uacce.so; do
	[ ! -e "$p" ] || plugins+=(-d "$p")
done

rc=0
DPDK_TEST=$command UACCE_SUITE_ASKED=$asked UACCE_SUITE_DRIVER=$driver \
	timeout -k 10 $TIMEOUT env LD_PRELOAD="$preload${LD_PRELOAD:+:$LD_PRELOAD}" \
	dpdk-test -l 0,1 --no-pci -m 512 --log-level=user1:info \
	--file-prefix="$UACCE_FILE_PREFIX" "${plugins[@]}" \
	--vdev "$driver${devargs:+,$devargs}" >"$log" 2>&1 </dev/null || rc=$?

python3 "$here/parse_log.py" --log "$log" --rc $rc --min "$min" --label "$label" \
	--skipped "$out/$label.skipped" ${expect:+--expect "$expect"}
