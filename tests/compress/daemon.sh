#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The compress PMD on devices without SVA: those of an emulator daemon, which sees only the memory
# that it was given. With an IOMMU (IOVA = VA), and without (physical addresses).
#
#   daemon.sh UACCE_EMU PROGRAM...

set -euo pipefail

emu=$1
shift
. "$(dirname "$(readlink -f "$0")")/../daemon-lib.sh"

for device in zip zip:hw=v2 zip:mode=noiommu; do
	serve "$device"
	for program in "$@"; do
		echo "$device: $(basename "$program")"
		run "$program" "device=emu:$dir/sock" 15
	done
done
