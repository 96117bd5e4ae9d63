#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The compress PMD on devices without SVA, with half of the buffers in memory that these do not
# reach; then what happens when the memory for copies is full, or missing, or the daemon dies.
#
#   far.sh UACCE_EMU BOUNCE THREADS PROGRAM...

set -euo pipefail

emu=$1 bounce=$2 threads=$3
shift 3
. "$(dirname "$(readlink -f "$0")")/../daemon-lib.sh"

for device in zip zip:hw=v2 zip:mode=noiommu; do
	serve "$device"
	for program in "$@"; do
		echo "$device: $(basename "$program")"
		# Ops of 8 MiB a side.
		CX_FAR=1 run "$program" "device=emu:$dir/sock,bounce=32" 8
	done
	CX_FAR=1 run "$threads" "device=emu:$dir/sock,bounce=1"
	run "$bounce" "$dir/sock" "$pid"
done
