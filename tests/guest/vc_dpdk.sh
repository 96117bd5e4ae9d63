#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# vc_dpdk.sh BUILD MODE COMMAND...: DPDK on QEMU's virtio-crypto function, in a guest.
#
# MODE is uacce_mode of the kernel module: 1 = IOMMU, 2 = none. Commands, one after the other:
#
#	verify		what comes out, compared with OpenSSL, up to 64 KiB
#	perf [ROUNDS [KEYS [SIZES [BURSTS]]]]
#			crypto_uacce beside DPDK's crypto_virtio, on the same function in turn
#	unplug		traffic while QEMU takes the device away, whose monitor is on ttyS2
set -eu

build=$1 mode=$2
shift 2
here=$(dirname "$(realpath "$0")")
plugins=/var/lib/uacce-plugins

setup() {
	mkdir -p /dev/hugepages $plugins
	mount -t hugetlbfs none /dev/hugepages
	echo 320 >/proc/sys/vm/nr_hugepages
	# Where EAL loads them from, wherever the build is.
	cp "$build"/drivers/librte_crypto_uacce.so $plugins/
	busybox insmod "$MODULES/virtio_crypto/uacce_virtio_crypto.ko" uacce_mode="$mode"
	"$here/vc_bind.sh" uacce_virtio_crypto
	export UACCE_PLUGIN_DIR=$plugins CT_MEM=160
	device=$(basename "$(echo /sys/class/uacce/virtio_crypto-*)")
	cat "/sys/class/uacce/$device/"{api,flags,algorithms}
}

teardown() {
	"$here/vc_bind.sh" virtio-pci
	busybox rmmod uacce_virtio_crypto
}

# A program of tests/crypto or tests/vcrypto.
run() {
	local program=$1
	shift
	timeout 150 "$build/tests/$program" "$@" >"/tmp/${program##*/}.log" 2>&1 || {
		echo "$program $*: exit code $?"
		cat "/tmp/${program##*/}.log"
		exit 1
	}
	tail -1 "/tmp/${program##*/}.log"
}

verify() {
	run crypto/sizes "device=$device"
	run crypto/fuzz "device=auto" 4000
	run crypto/fuzz "device=$device" 2000 0 raw
	run vcrypto/ss "$device"
}

for command in "$@"; do
	case $command in
	verify | perf | unplug) ;;
	esac
done
setup
"$@"
teardown
