#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# debug-kernel.sh SOURCE_ROOT WORK: build a kernel with KASAN, lockdep, kmemleak and fault injection
# from Debian's linux-source-6.1 (a quarter of an hour on two cores, 2 GiB). Then, for any test:
#
#	UACCE_GUEST_OBJ=WORK/obj tests/guest/guest.sh -t 600 -- PROGRAM
#
# It needs flex and bison beside what devtools/setup.sh installs. JOBS tells make -j (default 2).
set -eu

src=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
cd "$work"
for tool in flex bison bc make gcc; do
	command -v $tool >/dev/null || { echo "skip: $tool is not installed" >&2; exit 77; }
done

if [ ! -d linux-source-6.1 ]; then
	apt-get -qq -o APT::Sandbox::User=root download linux-source-6.1 >/dev/null ||
		{ echo "skip: cannot download linux-source-6.1" >&2; exit 77; }
	dpkg-deb --fsys-tarfile linux-source-6.1_*.deb |
		tar xO ./usr/src/linux-source-6.1.tar.xz | tar xJ
	rm -f linux-source-6.1_*.deb
fi
mkdir -p obj
make -s -C linux-source-6.1 O="$work/obj" tinyconfig
linux-source-6.1/scripts/kconfig/merge_config.sh -m -O obj obj/.config \
	"$src/tests/guest/debug.config" >/dev/null
make -s -C obj olddefconfig
for option in KASAN PROVE_LOCKING DEBUG_KMEMLEAK FAILSLAB MMU_NOTIFIER 9P_FS OVERLAY_FS; do
	grep -q "^CONFIG_$option=y" obj/.config || { echo "CONFIG_$option got lost" >&2; exit 1; }
done
make -s -C obj -j"${JOBS:-2}" bzImage modules
make -s -C obj -j"${JOBS:-2}" modules_prepare
