#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# uacce-info: emulated devices, devices of the class, wrong input. Usage: info.sh INFO UACCE_EMU
set -eu

info=$1 emu=$2

fail() {
	echo "$*" >&2
	exit 1
}

out=$("$info" --emu)
echo "$out" | grep -q 'hisi_sec2.*hisi_qm_v3' || fail "no SEC2: $out"
echo "$out" | grep -q 'aeads .*aes-gcm' || fail "no AEAD: $out"
echo "$out" | grep -q 'compression .*deflate' || fail "no ZIP: $out"
out=$("$info" --emu=hw=v2 --kind zip)
echo "$out" | grep -q deflate && fail "raw deflate on v2: $out"
out=$("$emu" run --device zip -- "$info")
echo "$out" | grep -q 'hisi_zip-0: hisi_qm_v3' || fail "no device of the class: $out"

# One line that says what is wrong, and a failure.
for args in '--device nothing' '--emu=hw=v7' '--emu --kind rsa' '--emu=engine=none --kind sec2'; do
	# shellcheck disable=SC2086
	if out=$("$info" $args 2>&1 >/dev/null); then
		fail "$args: no failure"
	fi
	[ "$(echo "$out" | wc -l)" = 1 ] && [ -n "$out" ] || fail "$args: $out"
done
"$info" --nonsense 2>/dev/null && fail "unknown option taken"
"$info" more 2>/dev/null && fail "argument taken"
exit 0
