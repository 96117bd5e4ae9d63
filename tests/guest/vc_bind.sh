#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# vc_bind.sh DRIVER: in a guest, hands all virtio-crypto PCI functions to a driver:
# uacce_virtio_crypto, which has to be loaded, or virtio-pci, the stock one.
set -eu

for dev in /sys/bus/pci/devices/*; do
	[ "$(cat "$dev/vendor")$(cat "$dev/device")" = 0x1af40x1054 ] || continue
	echo "$1" >"$dev/driver_override"
	[ ! -e "$dev/driver" ] || echo "${dev##*/}" >"$dev/driver/unbind"
	echo "${dev##*/}" >/sys/bus/pci/drivers_probe
	# A probe that fails leaves it without a driver.
	[ "$(basename "$(readlink -f "$dev/driver")")" = "$1" ]
done
