#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs a test in a virtual machine, whose stock kernel has ESP.
#
#   xfrm-guest.sh [-s SCRIPT] [-t SECONDS] [-q "QEMU ARGS"] [-m "KERNEL MODULES"] BUILD [OPTION...]
#
# SCRIPT: xfrm.py, or interop.py, with these options. Its program is ipsec-secgw, built here.
# Exit code: that of the script; 77 if guests cannot run here; see tests/guest/guest.sh.

set -euo pipefail

script=xfrm.py limit=900 qemu_args=() modules=
while getopts s:t:q:m: opt; do
	case $opt in
	s) script=$OPTARG ;;
	t) limit=$OPTARG ;;
	q) qemu_args=(-q "$OPTARG") ;;
	m) modules=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))

here=$(dirname "$(readlink -f "$0")")
source_root=$(readlink -f "$here/../..")
build=$(readlink -f "$1")
shift
# The gateway is what is tested here, and other kernels have other names for these modules.
[ -z "${UACCE_GUEST_ROOT:-}${UACCE_GUEST_OBJ:-}" ] || { echo "skip: stock kernel only" >&2; exit 77; }
export UACCE_SOURCE=$source_root UACCE_BUILD=$build/guest

program=$("$here/example.sh" ipsec-secgw "$build/examples")
command -v depmod modprobe >/dev/null || { echo "skip: kmod is not installed" >&2; exit 77; }
"$source_root/tests/guest/setup.sh" "$source_root" "$UACCE_BUILD"
kver=$(cat "$UACCE_BUILD/kver")
[ -e "$UACCE_BUILD/image/lib/modules/$kver/modules.dep" ] ||
	depmod -b "$UACCE_BUILD/image" "$kver"

# The kernel cannot ask for modules itself: its modprobe would be that of the initial ramdisk.
modules="tun bridge xfrm_user esp4 esp6 authenc authencesn echainiv seqiv crypto_null gcm ghash_generic ctr cbc
	hmac sha512_generic drbg $modules"

exec "$source_root/tests/guest/guest.sh" -t "$limit" -m 2G "${qemu_args[@]}" -- "
	mkdir -p /lib/modules/\$KVER &&
	mount --bind \$IMAGE/lib/modules/\$KVER /lib/modules/\$KVER &&
	modprobe -a $(echo $modules) &&
	echo 420 >/proc/sys/vm/nr_hugepages &&
	mount -t hugetlbfs none /dev/hugepages &&
	/usr/bin/python3 $here/$script --build $build --program $program $*"
