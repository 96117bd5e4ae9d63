#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs xfrm.py in a virtual machine, whose stock kernel has ESP.
#
#   xfrm-guest.sh BUILD [OPTION OF xfrm.py...]
#
# Exit code: that of xfrm.py; 77 if guests cannot run here; see tests/guest/guest.sh.

set -euo pipefail

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
modules="xfrm_user esp4 esp6 authenc echainiv seqiv crypto_null gcm ghash_generic ctr cbc hmac
	sha512_generic drbg"

exec "$source_root/tests/guest/guest.sh" -t 900 -m 2G -- "
	mkdir -p /lib/modules/\$KVER &&
	mount --bind \$IMAGE/lib/modules/\$KVER /lib/modules/\$KVER &&
	modprobe -a tun bridge $(echo $modules) &&
	echo 420 >/proc/sys/vm/nr_hugepages &&
	mount -t hugetlbfs none /dev/hugepages &&
	/usr/bin/python3 $here/xfrm.py --build $build --program $program $*"
