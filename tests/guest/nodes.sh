#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# nodes.sh BUILD MODE PART...
#
# Runs in a guest: the PMDs on device nodes that uacce-emu serves in a memory model (sva, iommu,
# noiommu, domain).
#
#   libwd[:HW]            libwd's tests: the specification's API, both engines
#   crypto, compress      the stock performance tools: throughput, and verify
#   cryptodev, raw, compressdev   the stock suites: PART[:HW[:LEAST CASES]]
#   client                a client from the ABI documents alone (sva only)
#   kill                  the daemon dies under traffic, and comes again
#
# EXTRA in the environment: more options of the devices.
set -u

build=$1 mode=$2
shift 2
here=$(dirname "$(realpath "$0")")
root=$here/../..
emu=$build/app/uacce-emu/uacce-emu
sock=/run/uacce-emu.sock
pid=

fail() {
	echo "FAILED: $*"
	tail -5 /run/emu.log
	exit 1
}

# serve DEVICE...
serve() {
	local args=()
	for d; do
		args+=(--device "$d")
	done
	"$emu" serve --vuacce --socket $sock "${args[@]}" >/run/emu.log 2>&1 &
	pid=$!
	for _ in {1..100}; do
		! grep -q listening /run/emu.log || return 0
		sleep 0.1
	done
	fail "the daemon does not start"
}

# Everything came back, without an error of the device, and nothing is left open.
served() {
	"$emu" status --socket $sock --json | python3 -c '
import json, sys
status = json.load(sys.stdin)
for d in status["devices"]:
    print("{name} {api} {mode}: {ops} operations, {bytes} bytes, {errors} errors, "
          "{queues_open} queues open".format(**d))
bad = [d for d in status["devices"] if d["ops"] < int(sys.argv[1]) or d["queues_open"] or d["lost"]]
if len(sys.argv) > 2:
    bad += [d for d in status["devices"] if d["errors"]]
sys.exit(1 if bad or status["clients"] else 0)' "$@" || fail "the daemon's figures are not as they should be"
	kill "$pid"
	wait "$pid" || fail "the daemon ends badly"
	! ls /dev/hisi_* 2>/dev/null || fail "a node is left"
}

# perf TOOL PMD ARGUMENT...; $devargs: more options of the PMD.
devargs=
perf() {
	local tool=$1 pmd=$2
	shift 2
	timeout 120 "$tool" -l 0,1 --no-pci -m 256 --file-prefix="$UACCE_FILE_PREFIX" \
		-d "$UACCE_PLUGIN_DIR/librte_$pmd.so" --vdev "$pmd,device=auto$devargs" -- "$@" >/run/perf.log 2>&1 ||
		{ cat /run/perf.log; fail "$tool: exit code $?"; }
	! grep -E '^(USER1|EAL|CRYPTODEV|COMPRESSDEV|UACCE).*(rror|ail|ould not|annot)' /run/perf.log ||
		fail "$tool reports an error"
}

gcm=(--optype aead --aead-algo aes-gcm --aead-op encrypt --aead-key-sz 16 --aead-iv-sz 12
	--aead-aad-sz 16 --digest-sz 16)
cbc=(--optype cipher-then-auth --cipher-algo aes-cbc --cipher-op encrypt --cipher-key-sz 16
	--cipher-iv-sz 16 --auth-algo sha1-hmac --auth-op generate --auth-key-sz 64 --digest-sz 20)

# rows COUNT OPS VERIFY: so many lines, with all operations in and out; VERIFY=1: and none wrong.
rows() {
	python3 -c '
import sys
want, ops, verify = map(int, sys.argv[1:])
rows = [line.strip().split(",") for line in open("/run/perf.log") if line.strip()[:1].isdigit()]
for row in rows:
    print("  " + ",".join(field.strip() for field in row))
bad = [row for row in rows if int(row[3]) != ops or int(row[4]) != ops or
       verify and int(row[7]) != 0]
sys.exit(1 if bad or len(rows) != want else 0)' "$@" ||
		{ tail -20 /run/perf.log; fail "operations are lost or wrong"; }
}

part_crypto() {
	# Copies of whole pages are slow where the processor is emulated.
	local ops=3000 verify=2000
	[ "$mode" != sva ] || ops=600 verify=400
	serve "sec2:v3,$mode${EXTRA:-}"
	# Zero-copy: not one op needs memory to be copied, or it would be refused.
	[ "$mode" = sva ] || devargs=,bounce=0
	perf dpdk-test-crypto-perf crypto_uacce --devtype crypto_uacce "${gcm[@]}" \
		--ptest throughput --silent --csv-friendly --total-ops $ops --buffer-sz 64,1024,8192 \
		--pool-sz 2048
	rows 3 $ops 0
	devargs=
	for alg in aes-gcm aes-cbc-sha1; do
		local args=("${gcm[@]}")
		[ $alg = aes-gcm ] || args=("${cbc[@]}")
		"$build/tests/dpdk-suites/perf_vectors" $alg 1024 >/run/vectors
		perf dpdk-test-crypto-perf crypto_uacce --devtype crypto_uacce "${args[@]}" \
			--ptest verify --silent --csv-friendly --total-ops $verify --buffer-sz 1024 \
			--test-file /run/vectors --test-name $alg --pool-sz 2048
		rows 1 $verify 1
	done
	served $((3 * ops + 2 * verify)) 0
}

part_compress() {
	local test

	serve "zip:v3,$mode${EXTRA:-}"
	# Zero-copy, as above.
	[ "$mode" = sva ] || devargs=,bounce=0
	tar -C /usr -cf - include 2>/dev/null | head -c 1048576 >/run/input
	for test in throughput verify; do
		perf dpdk-test-compress-perf compress_uacce --ptest $test --driver-name compress_uacce \
			--input-file /run/input --seg-sz 16384 --max-num-sgl-segs 2 --huffman-enc dynamic \
			--compress-level 1 --operation comp_and_decomp --num-iter 3
		grep -E '^ +[0-9]+ +[0-9]+ +[0-9]+' /run/perf.log || fail "no result"
	done
	devargs=
	served 400 0
}

# suite NAME:HW:LEAST
suite() {
	local name hw least device=sec2 log
	IFS=: read -r name hw least <<<"$1"
	[ "$name" != compressdev ] || device=zip
	# The suites set up every queue of the device before each case.
	serve "$device:${hw:-v3},$mode,queues=2${EXTRA:-}"
	"$root/tests/dpdk-suites/run-suite.sh" --build "$build" --out /run/suites \
		--min "${least:-1}" "$name" device=auto || {
			tail -40 /run/suites/*.log
			fail "suite $name"
		}
	served 100
}

# Device and queues by discovery, SS and its sharing; then both engines. libwd:HW
libwd() {
	local hw=${1#:} test

	hw=${hw:-v3}
	serve "sec2:$hw,$mode${EXTRA:-}" "zip:$hw,$mode${EXTRA:-}"
	timeout 120 "$build/tests/wd/wd_emu_spec" || fail "wd_emu_spec: $?"
	for test in sec2 zip; do
		timeout 250 "$build/tests/wd/wd_emu_$test" '' auto >/run/wd.log ||
			{ tail -20 /run/wd.log; fail "wd_emu_$test: $?"; }
	done
	served 900
}

part_client() {
	serve "sec2:v3,sva,doorbell=shared,queues=16" "zip:v3,sva,doorbell=shared"
	timeout 120 "$build/tests/tools/abi_client" 300 || fail "abi_client: $?"
	served 40
}

# SIGKILL with operations in flight: all come back, and the queue pairs can be set up again when
# there is a daemon again.
part_kill() {
	serve "sec2:v3,$mode${EXTRA:-}"
	cat >/run/again <<-AGAIN
	#!/bin/bash
	exec </dev/null >>/run/again.log 2>&1
	setsid "$emu" serve --vuacce --socket $sock --device "sec2:v3,$mode${EXTRA:-}" >/run/emu.log &
	echo \$! >/run/again.pid
	for _ in {1..100}; do
		! grep -q listening /run/emu.log || exit 0
		sleep 0.1
	done
	exit 1
	AGAIN
	chmod 755 /run/again
	CT_MEM=64 timeout 120 "$build/tests/crypto/loss" daemon hisi_sec2-0 $pid /run/again || fail "loss: $?"
	pid=$(cat /run/again.pid)
	"$emu" status --socket $sock
	kill "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

hugepages() {
	echo 320 >/proc/sys/vm/nr_hugepages
	mkdir -p /dev/hugepages
	busybox mount -t hugetlbfs none /dev/hugepages
}

if [ -z "${UACCE_PLUGIN_DIR-}" ]; then
	hugepages
	exec "$root/devtools/plugin-dir.sh" "$build" "$(realpath "$0")" "$build" "$mode" "$@"
fi
for part; do
	echo "== $mode $part"
	start=$SECONDS
	case $part in
	libwd*) libwd "${part#libwd}" ;;
	crypto | compress | client | kill) part_$part ;;
	cryptodev* | raw* | compressdev*) suite "$part" ;;
	*) fail "no part '$part'" ;;
	esac
	echo "ok $mode $part ($((SECONDS - start)) s)"
done
