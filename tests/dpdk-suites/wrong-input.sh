#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Wrong input must give one clear line and a clean exit: no hang, no signal, no success.
#
#   wrong-input.sh BUILD
#
# Each case starts a stock DPDK tool with something wrong. The driver, or for what DPDK's tools
# check themselves the tool, must say so in exactly one line; the exit code must be a failure.

set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
build=${1:?usage: wrong-input.sh BUILD}
if [ -z "${UACCE_PLUGIN_DIR-}" ]; then
	exec "$here/../../devtools/plugin-dir.sh" "$build" "$here/wrong-input.sh" "$build"
fi

TIMEOUT=30	# seconds
EAL=(--no-pci -m 256 --file-prefix="$UACCE_FILE_PREFIX")
GCM=(--optype aead --aead-algo aes-gcm --aead-op encrypt --aead-key-sz 16 --aead-iv-sz 12
	--aead-aad-sz 16 --digest-sz 16)
failed=0
cases=0

# check NAME SPEAKER PATTERN COMMAND...: one line of SPEAKER, matching PATTERN
check()
{
	local name=$1 speaker=$2 pattern=$3 out lines rc=0
	shift 3

	cases=$((cases + 1))
	out=$(timeout -k 5 $TIMEOUT "$@" 2>&1 </dev/null) || rc=$?
	lines=$(grep -E "^ *$speaker" <<<"$out") || :
	if [ $rc -eq 124 ] || [ $rc -eq 137 ]; then
		reason="no end within $TIMEOUT s"
	elif [ $rc -eq 0 ]; then
		reason="the exit code says success"
	elif [ $rc -gt 128 ] && [ $rc -le 192 ]; then
		reason="died of signal $((rc - 128))"
	elif [ -z "$lines" ]; then
		reason="no line of '$speaker' tells why; the last is: $(tail -n1 <<<"$out")"
	elif [ "$(wc -l <<<"$lines")" -ne 1 ]; then
		reason="more than one line tells why: $(tr '\n' '|' <<<"$lines")"
	elif ! grep -qEi -- "$pattern" <<<"$lines"; then
		reason="the line does not match '$pattern': $lines"
	else
		echo "ok: $name: $lines"
		return
	fi
	echo "FAILED: $name: $reason"
	failed=$((failed + 1))
}

# crypto_devargs NAME PATTERN DEVARGS, and the same for compression
crypto_devargs()
{
	check "crypto: $1" 'crypto_uacce[:_ ]' "$2" dpdk-test-crypto-perf -l 0,1 "${EAL[@]}" \
		-d "$UACCE_PLUGIN_DIR/librte_crypto_uacce.so" --vdev "crypto_uacce,$3" -- \
		--devtype crypto_uacce --ptest throughput "${GCM[@]}" --total-ops 1000 --silent
}

compress_devargs()
{
	check "compress: $1" 'compress_uacce[:_ ]' "$2" dpdk-test-compress-perf -l 0,1 "${EAL[@]}" \
		-d "$UACCE_PLUGIN_DIR/librte_compress_uacce.so" --vdev "compress_uacce,$3" -- \
		--driver-name compress_uacce --ptest verify --input-file "$here/wrong-input.sh" \
		--num-iter 1
}

devargs_cases()
{
	local class=$1

	"${class}_devargs" "unknown device" nosuch device=nosuch
	"${class}_devargs" "empty device" device device=
	"${class}_devargs" "unknown devarg" frobnicate device=emu,frobnicate=1
	"${class}_devargs" "devarg given twice" twice device=emu,device=emu
	"${class}_devargs" "unknown hardware" 'hw|v9' device=emu,hw=v9
	"${class}_devargs" "unknown engine" 'engine|nosuch' device=emu,engine=nosuch
	"${class}_devargs" "no queue pair" max_queue_pairs device=emu,max_queue_pairs=0
	"${class}_devargs" "queue pairs no number" max_queue_pairs device=emu,max_queue_pairs=2x
	"${class}_devargs" "negative queue pairs" max_queue_pairs device=emu,max_queue_pairs=-1
	"${class}_devargs" "more queue pairs than the device has" 'queue' \
		device=emu,max_queue_pairs=65535
}

crypto_cases()
{
	local args=(-l "0,1" "${EAL[@]}" -d "$UACCE_PLUGIN_DIR/librte_crypto_uacce.so"
		--vdev "crypto_uacce,device=emu" -- --devtype crypto_uacce --ptest throughput
		--total-ops 1000 --silent)

	devargs_cases crypto
	check "crypto: unsupported cipher" 'USER1: .*(support|capab)' 'support|capab' \
		dpdk-test-crypto-perf "${args[@]}" --optype cipher-only --cipher-algo kasumi-f8 \
		--cipher-op encrypt --cipher-key-sz 16 --cipher-iv-sz 8
	check "crypto: unsupported key size" 'USER1: .*(support|capab)' 'support|capab' \
		dpdk-test-crypto-perf "${args[@]}" --optype aead --aead-algo aes-gcm \
		--aead-op encrypt --aead-key-sz 17 --aead-iv-sz 12 --aead-aad-sz 16 --digest-sz 16
}

compress_cases()
{
	devargs_cases compress
	check "compress: fixed Huffman" 'USER1: .*(support|capab)' 'support|capab' \
		dpdk-test-compress-perf -l 0,1 "${EAL[@]}" \
		-d "$UACCE_PLUGIN_DIR/librte_compress_uacce.so" \
		--vdev compress_uacce,device=emu -- --driver-name compress_uacce --ptest verify \
		--input-file "$here/wrong-input.sh" --huffman-enc fixed --num-iter 1
}

# A driver that this build left out has no cases.
for class in crypto compress; do
	[ ! -e "$UACCE_PLUGIN_DIR/librte_${class}_uacce.so" ] || "${class}_cases"
done

echo "wrong-input: $((cases - failed)) of $cases cases as they should be"
[ $failed -eq 0 ] && [ $cases -gt 0 ]
