#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# vc_dpdk.sh BUILD MODE COMMAND [ARGUMENT...]: DPDK on QEMU's virtio-crypto function, in a guest.
#
# MODE is uacce_mode of the kernel module: 1 = IOMMU, 2 = none. Commands:
#
#	verify		what comes out, compared with OpenSSL, up to 64 KiB
#	perf [LEVEL [PAIRS [KEYS [SIZES [BURSTS [OPS]]]]]]
#			crypto_uacce beside DPDK's crypto_virtio, on the same function in turn; fails
#			where the median of the pairs' ratios is below LEVEL. OPS: of bursts of more
#			than one op; of one op it is a quarter
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

# EAL loads all drivers there are, which takes an emulated processor seconds: these are enough.
few_drivers() {
	local all name
	all=$(echo /usr/lib/*/dpdk/pmds-*)
	mkdir /tmp/pmds
	for name in bus_pci bus_vdev mempool_ring crypto_virtio crypto_scheduler; do
		cp -a "$all/librte_$name".so* /tmp/pmds/
	done
	mount --bind /tmp/pmds "$all"
}

# main_lcore_idles JOB: makes the main lcore of the DPDK program that JOB (timeout) runs SCHED_IDLE.
# Not before the other one's thread is there, which would inherit it, whatever chrt --reset-on-fork
# says (SCHED_IDLE is not among the policies that are reset).
main_lcore_idles() {
	local main
	while kill -0 "$1" 2>/dev/null; do
		read -r main <"/proc/$1/task/$1/children" || true
		if grep -q worker /proc/"${main:-0}"/task/*/comm 2>/dev/null; then
			chrt --idle -p 0 "$main"
			return
		fi
		sleep 0.05
	done
	echo "no worker lcore seen"
	return 1
}

# perf_run PAIR DRIVER KEY SIZES BURST OPS >>/tmp/perf: "PAIR DRIVER KEY SIZE BURST GBPS" lines.
#
# The main lcore does nothing but look, with PAUSE, whether the other one is done. In a guest without
# KVM each PAUSE takes QEMU's big lock, under which the device works, and the host has a thread
# more to run than processors: both drivers lost up to three quarters of their throughput
# to it, at random. So both lcores have one processor, where the main one only gets what the other
# one leaves. The first size is measured twice: the first time code is still being translated.
perf_run() {
	local driver=$2 args job
	if [ "$driver" = crypto_uacce ]; then
		"$here/vc_bind.sh" uacce_virtio_crypto
		args="--no-pci -d $plugins/librte_crypto_uacce.so --vdev crypto_uacce,device=auto"
	else
		"$here/vc_bind.sh" uio_pci_generic
		args="-a $function"
	fi
	# shellcheck disable=SC2086
	timeout 100 dpdk-test-crypto-perf --lcores 0@1,1@1 -m 128 --iova-mode=pa $args -- \
		--devtype "$driver" --silent --csv-friendly --ptest throughput \
		--optype cipher-only --cipher-algo aes-cbc \
		--cipher-op encrypt --cipher-key-sz "$3" --cipher-iv-sz 16 \
		--buffer-sz "${4%%,*},$4" --burst-sz "$5" --total-ops "$6" >/tmp/perf.log 2>&1 &
	job=$!
	if ! main_lcore_idles $job || ! wait $job; then
		echo "dpdk-test-crypto-perf with $driver fails:"
		tail -30 /tmp/perf.log
		exit 1
	fi
	awk -F, -v run="$1 $driver $3" '$1 ~ /^ *[0-9]+ *$/ && NF > 8 {
		if ($4 != $5) { print "lost ops" >"/dev/stderr"; exit 1 }
		if (warm++) print run, $2 + 0, $3 + 0, $9 + 0
	}' /tmp/perf.log >>/tmp/perf
}

perf() {
	local level=${1:-0.5} pairs=${2:-3} keys=${3:-16} sizes=${4:-64,2048} bursts=${5:-1,32}
	local ops=${6:-400000}
	local pair key burst first second n

	function=$(basename "$(realpath /sys/class/uacce/"$device"/device)")
	load drivers/uio/uio
	load drivers/uio/uio_pci_generic
	few_drivers
	echo "host: $HOST"
	echo "guest: Linux $(uname -r), $(nproc) processors; $(qemu-system-x86_64 --version | head -1)"
	dpkg-query -W -f '${Package} ${Version}\n' dpdk
	echo "$pairs pairs, $ops ops a point, a quarter of it in bursts of 1"
	: >/tmp/perf
	for pair in $(seq "$pairs"); do
		for key in ${keys//,/ }; do
			for burst in ${bursts//,/ }; do
				# In turn, and which one goes first in turn too.
				first=crypto_uacce second=crypto_virtio n=$ops
				[ $((pair % 2)) = 1 ] || first=crypto_virtio second=crypto_uacce
				[ "$burst" != 1 ] || n=$((ops / 4))
				perf_run "$pair" $first "$key" "$sizes" "$burst" "$n"
				perf_run "$pair" $second "$key" "$sizes" "$burst" "$n"
			done
		done
	done
	"$here/vc_bind.sh" uacce_virtio_crypto
	python3 "$here/vc_perf.py" /tmp/perf "$level"
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
