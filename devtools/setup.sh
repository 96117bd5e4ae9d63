#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Prepares a Debian machine: packages, hugepages, hugetlbfs. Needs root, and may be run again at any
# time: what is there already is only checked, which needs no root. This is the one list of packages
# that the project needs.
#
#   devtools/setup.sh          do it
#   devtools/setup.sh --list   print the package list

set -euo pipefail

PACKAGES=(
	# build
	build-essential dpkg-dev xz-utils ca-certificates meson ninja-build pkg-config
	python3 python3-pyelftools
	# DPDK, its tools and the drivers to compare with
	libdpdk-dev dpdk dpdk-dev
	# compute libraries of the emulator, libwd
	libssl-dev zlib1g-dev libzstd-dev liblz4-dev libnuma-dev
	# tests
	procps util-linux valgrind pigz
	# the two gateways of tests/ipsec
	dpdk-doc iperf3 iproute2 iputils-ping net-tools
)

case $(dpkg --print-architecture) in
amd64)
	PACKAGES+=(libipsec-mb-dev libisal-dev)
	PACKAGES+=(linux-headers-amd64 qemu-system-x86 busybox-static cpio kmod)
	# checks of the kernel modules, kernels of other suites, a kernel to be built
	PACKAGES+=(sparse mmdebstrap flex bison bc libelf-dev)
	;;
arm64)
	PACKAGES+=(libisal-dev linux-headers-arm64 qemu-system-arm busybox-static cpio kmod)
	;;
esac

HUGEPAGES=1024	# of 2 MiB
HUGE_DIR=/sys/kernel/mm/hugepages/hugepages-2048kB
HUGE_MOUNT=/dev/hugepages

say()
{
	echo "setup: $*"
}

die()
{
	echo "setup: error: $*" >&2
	exit 1
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "needs root"
}

missing_packages()
{
	local p have

	have=$(dpkg-query -W -f '${db:Status-Abbrev}|${Package}\n' 2>/dev/null |
		sed -n 's/^ii *|//p')
	for p in "${PACKAGES[@]}"; do
		grep -qxF -- "$p" <<<"$have" || echo "$p"
	done
}

apt_install()
{
	apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$@"
}

install_packages()
{
	local missing

	mapfile -t missing < <(missing_packages)
	if [ ${#missing[@]} -eq 0 ]; then
		say "packages: all ${#PACKAGES[@]} present"
		return
	fi
	need_root
	command -v apt-get >/dev/null || die "apt-get is missing; need: ${missing[*]}"
	say "packages: installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# Package lists that are there may be good enough, which saves the download of new ones.
	if apt-get -s -qq --no-install-recommends install "${missing[@]}" >/dev/null 2>&1 &&
	   apt_install "${missing[@]}"; then
		return
	fi
	say "packages: updating the package lists"
	apt-get -q -o DPkg::Lock::Timeout=300 update || die "apt-get update failed"
	apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

set_hugepages()
{
	local now

	[ -d "$HUGE_DIR" ] || die "the kernel has no 2 MiB hugepages"
	now=$(<"$HUGE_DIR/nr_hugepages")
	if [ "$now" -lt $HUGEPAGES ]; then
		need_root
		# The kernel allocates what it finds at once: fragmented memory needs a second try.
		echo $HUGEPAGES >"$HUGE_DIR/nr_hugepages"
		now=$(<"$HUGE_DIR/nr_hugepages")
		if [ "$now" -lt $HUGEPAGES ]; then
			echo 3 >/proc/sys/vm/drop_caches
			echo 1 >/proc/sys/vm/compact_memory 2>/dev/null || :
			echo $HUGEPAGES >"$HUGE_DIR/nr_hugepages"
			now=$(<"$HUGE_DIR/nr_hugepages")
		fi
		[ "$now" -ge $HUGEPAGES ] ||
			die "only $now of $HUGEPAGES hugepages of 2 MiB could be allocated"
	fi
	say "hugepages: $now of 2 MiB, $(<"$HUGE_DIR/free_hugepages") free"
}

mount_hugetlbfs()
{
	if grep -q "^[^ ]* $HUGE_MOUNT hugetlbfs " /proc/mounts; then
		say "hugetlbfs: mounted at $HUGE_MOUNT"
		return
	fi
	need_root
	mkdir -p "$HUGE_MOUNT"
	mount -t hugetlbfs -o pagesize=2M nodev "$HUGE_MOUNT" || die "cannot mount $HUGE_MOUNT"
	say "hugetlbfs: mounted at $HUGE_MOUNT now"
}

case ${1-} in
--list)
	printf '%s\n' "${PACKAGES[@]}"
	exit
	;;
'')
	;;
*)
	die "unknown option '$1' (known: --list)"
	;;
esac

install_packages
set_hugepages
mount_hugetlbfs
say "done"
