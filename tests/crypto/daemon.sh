#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The crypto PMD on devices without SVA: those of an emulator daemon, which sees only the memory
# that it was given. With an IOMMU (IOVA = VA), without (physical addresses), with memory that comes
# after the device, with memory that it does not reach, two processes on one device, and a daemon that
# dies.
#
#   daemon.sh UACCE_EMU FUZZ LOSS BOUNCE THREADS

set -euo pipefail

emu=$1 fuzz=$2 loss=$3 bounce=$4 threads=$5
. "$(dirname "$(readlink -f "$0")")/../daemon-lib.sh"

serve sec2
run "$fuzz" "device=emu:$dir/sock" 4000
run "$fuzz" "device=emu:$dir/sock" 2000 0 raw
# The pools are made of memory that was not there when the device was probed.
CT_MEM=16 run "$fuzz" "device=emu:$dir/sock" 2000
# Two processes, each with queues of its own.
"$fuzz" "device=emu:$dir/sock" 3000 >"$dir/other" 2>&1 &
other=$!
run "$fuzz" "device=emu:$dir/sock" 3000
wait "$other" || { cat "$dir/other"; echo "FAILED: the other process"; exit 1; }
run "$loss" daemon "$dir/sock" "$pid"

# Memory out of reach, with as little for copies of it as there can be.
serve sec2
run "$fuzz" "device=emu:$dir/sock,bounce=1" 5000 0 far
run "$fuzz" "device=emu:$dir/sock" 3000 0 raw far
run "$threads" "device=emu:$dir/sock,bounce=1" 100000 far
run "$bounce" "$dir/sock" "$pid"

serve sec2:mode=noiommu
run "$fuzz" "device=emu:$dir/sock" 4000
run "$fuzz" "device=emu:$dir/sock,bounce=1" 3000 0 raw far
run "$fuzz" "device=emu:$dir/sock" 3000 0 far
run "$bounce" "$dir/sock" "$pid"

serve sec2:mode=noiommu,hw=v2
run "$fuzz" "device=emu:$dir/sock" 3000 0 far
echo ok
