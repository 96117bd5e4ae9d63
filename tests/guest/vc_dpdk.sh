#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# vc_dpdk.sh BUILD MODE COMMAND [ARGUMENT...]: DPDK on QEMU's virtio-crypto function, in a guest.
#
# MODE is uacce_mode of the kernel module: 1 = IOMMU, 2 = none. Commands:
#
#	verify		what comes out, compared with OpenSSL, up to 64 KiB
#	perf [LEVEL [ROUNDS [KEYS [SIZES [BURSTS [OPS]]]]]]
#			crypto_uacce beside DPDK's crypto_virtio, on the same function in turn; fails
#			where ours is below LEVEL of theirs
#	unplug		traffic while QEMU takes the device away, whose monitor is on a virtio port
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
	# Behind an IOMMU a device address is a virtual address, whatever IOVAs are to DPDK.
	if [ "$mode" = 1 ]; then
		CT_IOVA=va run crypto/sizes "device=$device"
	fi
	CT_IOVA=pa run crypto/sizes "device=$device"
	run crypto/fuzz "device=auto" 2000
	run crypto/fuzz "device=$device" 1000 0 raw
	run vcrypto/ss "$device"
}

# One of the image's modules, by its path below kernel/.
load() {
	local file
	for file in "$IMAGE/lib/modules/$KVER/kernel/$1".ko*; do
		case $file in
		*.xz) xz -dc "$file" >/tmp/module.ko ;;
		*) cp "$file" /tmp/module.ko ;;
		esac
		busybox insmod /tmp/module.ko
	done
}

# perf_run DRIVER KEY SIZES BURSTS OPS >>/tmp/perf: one line a point, "DRIVER KEY SIZE BURST GBPS".
perf_run() {
	local driver=$1 key=$2 args
	if [ "$driver" = crypto_uacce ]; then
		"$here/vc_bind.sh" uacce_virtio_crypto
		args="--no-pci -d $plugins/librte_crypto_uacce.so --vdev crypto_uacce,device=auto"
	else
		"$here/vc_bind.sh" uio_pci_generic
		args="-a $function"
	fi
	# shellcheck disable=SC2086
	timeout 100 dpdk-test-crypto-perf -l 0,1 -m 128 --iova-mode=pa $args -- \
		--devtype "$driver" --silent --csv-friendly --ptest throughput \
		--optype cipher-only --cipher-algo aes-cbc --cipher-op encrypt \
		--cipher-key-sz "$key" --cipher-iv-sz 16 --buffer-sz "$3" --burst-sz "$4" \
		--total-ops "$5" >/tmp/perf.log 2>&1 || {
		echo "dpdk-test-crypto-perf with $driver: exit code $?"
		tail -30 /tmp/perf.log
		exit 1
	}
	awk -F, -v d="$driver" -v k="$key" '$1 ~ /^ *[0-9]+ *$/ && NF > 8 {
		if ($4 != $5) { print "lost ops" >"/dev/stderr"; exit 1 }
		print d, k, $2 + 0, $3 + 0, $9 + 0
	}' /tmp/perf.log >>/tmp/perf
}

perf() {
	local level=${1:-0.5} rounds=${2:-3} keys=${3:-16} sizes=${4:-64,2048} bursts=${5:-1,32}
	local ops=${6:-60000}
	local round key first second attempt

	function=$(basename "$(realpath /sys/class/uacce/"$device"/device)")
	load drivers/uio/uio
	load drivers/uio/uio_pci_generic
	: >/tmp/perf
	# On a busy machine it takes more rounds until both had the CPUs for themselves once.
	for attempt in 1 2 3; do
		# In turn, and which one goes first in turn too.
		for round in $(seq "$rounds"); do
			for key in ${keys//,/ }; do
				first=crypto_uacce second=crypto_virtio
				[ $((round % 2)) = 1 ] || first=crypto_virtio second=crypto_uacce
				perf_run $first "$key" "$sizes" "$bursts" "$ops"
				perf_run $second "$key" "$sizes" "$bursts" "$ops"
			done
		done
		python3 "$here/vc_perf.py" /tmp/perf "$level" && break
		[ "$attempt" != 3 ] || exit 1
	done
	"$here/vc_bind.sh" uacce_virtio_crypto
}

# QMP, and what it says until it says $1.
qmp_until() {
	local line
	while read -r -t 30 line <&3; do
		case $line in *"$1"*) return ;; esac
	done
	echo "the monitor does not say $1"
	exit 1
}

unplug() {
	local seen=0

	exec 3<>"$(echo /dev/vport*p1)"
	echo '{"execute":"qmp_capabilities"}' >&3
	qmp_until '"return"'
	timeout 150 "$build/tests/crypto/unplug" "device=$device" 100 >/tmp/unplug.log 2>&1 &
	while [ $seen = 0 ] && kill -0 $!; do
		sleep 0.2
		grep -q running /tmp/unplug.log && seen=1
	done
	echo '{"execute":"device_del","arguments":{"id":"vc0"}}' >&3
	qmp_until '"device": "vc0"'
	wait $! || { cat /tmp/unplug.log; exit 1; }
	tail -1 /tmp/unplug.log
	# The next one works.
	echo '{"execute":"device_add","arguments":{"driver":"virtio-crypto-pci","id":"vc0",'\
		'"cryptodev":"c0","disable-legacy":"on","iommu_platform":"on","bus":"rp0"}}' >&3
	qmp_until '"return"'
	for _ in $(seq 50); do
		sleep 0.2
		"$here/vc_bind.sh" uacce_virtio_crypto 2>/dev/null || continue
		device=$(basename "$(echo /sys/class/uacce/virtio_crypto-*)")
		[ -e "/sys/class/uacce/$device" ] && break
	done
	run crypto/sizes "device=$device"
}

trap teardown EXIT
setup
"$@"
