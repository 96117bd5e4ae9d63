#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# From a fresh Debian to two IPsec gateways at work: installs what is needed, builds, runs DPDK's
# ipsec-secgw twice over taps, and prints ping and TCP throughput of the tunnel with crypto_uacce
# on the emulated accelerator and with crypto_aesni_mb, in turns. Needs root.
#
#   devtools/ipsec-demo.sh [--rounds N] [--seconds N] [--algorithm NAME]

set -euo pipefail

cd "$(dirname "$(readlink -f "$0")")/.."

devtools/setup.sh
echo "ipsec-demo: building"
if [ -f build/build.ninja ]; then
	meson setup --reconfigure build >/dev/null
else
	meson setup build >/dev/null
fi
ninja -C build >/dev/null || { ninja -C build; exit 1; }

rc=0
tests/ipsec/demo.py --build "$PWD/build" "$@" || rc=$?
# The test harness calls it a skip when the machine cannot run it: here that is a failure.
[ $rc -ne 77 ] || rc=1
exit $rc
