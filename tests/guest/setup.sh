#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# setup.sh SOURCE_ROOT WORK [fail]: make WORK hold what guests need, or exit 77 and say what is
# missing.
#
#	WORK/kver	version of the kernel
#	WORK/vmlinux	the kernel as ELF: boots by PVH in seconds, without a boot loader (or, of a
#			kernel that is not packed with xz, the image as it is, which takes longer)
#	WORK/initrd	busybox and the modules that lead to the host's file system
#	WORK/kernel/	copy of the modules' sources, built
#	WORK/kernel-fail/  with "fail": likewise, for failures on demand
#
# The kernel is the one whose headers are installed; its image comes as a package, which is
# unpacked here and not installed. Safe to call from several tests at once. For another kernel set
# UACCE_GUEST_KVER (6.12.107+deb12-amd64), and UACCE_GUEST_HEADERS if they are not in /usr/src; for
# one of another Debian suite set UACCE_GUEST_ROOT to a folder of suite-root.sh; for one of
# debug-kernel.sh set UACCE_GUEST_OBJ to its build folder.
set -eu

src=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
exec 9>"$work/lock"
flock 9

skip() { echo "skip: $*" >&2; exit 77; }

for tool in qemu-system-x86_64 busybox cpio make gcc dpkg-deb apt-get python3; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ "$(uname -m)" = x86_64 ] || skip "guests are x86-64 only"

if [ -n "${UACCE_GUEST_OBJ:-}" ]; then
	kver=$(cat "$UACCE_GUEST_OBJ/include/config/kernel.release")
	UACCE_GUEST_HEADERS=$(realpath "$UACCE_GUEST_OBJ")
elif [ -n "${UACCE_GUEST_ROOT:-}" ]; then
	UACCE_GUEST_ROOT=$(realpath "$UACCE_GUEST_ROOT")
	kver=$(cat "$UACCE_GUEST_ROOT/kver")
	UACCE_GUEST_HEADERS=$UACCE_GUEST_ROOT/root/usr/src/linux-headers-$kver
	export APT_CONFIG=$UACCE_GUEST_ROOT/apt.conf
elif [ -n "${UACCE_GUEST_KVER:-}" ]; then
	kver=$UACCE_GUEST_KVER
else
	kver=$(ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | grep -Ev -- '-(cloud|rt)-amd64' |
		sed 's|.*/linux-headers-||' | sort -V | tail -1)
fi
headers=${UACCE_GUEST_HEADERS:-/usr/src/linux-headers-$kver}
[ -n "$kver" ] && [ -d "$headers" ] || skip "no linux-headers-amd64 installed"

fetch_image() {
	if [ -n "${UACCE_GUEST_OBJ:-}" ]; then
		mkdir -p "$work/image/boot"
		cp "$UACCE_GUEST_OBJ/arch/x86/boot/bzImage" "$work/vmlinux"
		return 0
	fi
	rm -rf "$work/image" "$work/deb"
	fetch_package linux-image-$kver-unsigned || fetch_package linux-image-$kver ||
		skip "cannot download linux-image-$kver"
	[ ! -e "$work/image/boot/vmlinuz-$kver" ] || return 0
	# Of 7.x: the kernel and its modules apart, and both in /usr/lib.
	fetch_package linux-binary-$kver && fetch_package linux-modules-$kver ||
		skip "cannot download linux-binary-$kver, linux-modules-$kver"
	mkdir -p "$work/image/boot"
	ln -s usr/lib "$work/image/lib"
	ln "$work/image/lib/modules/$kver/vmlinuz" "$work/image/boot/vmlinuz-$kver"
}

# fetch_package NAME: unpacks it into WORK/image.
fetch_package() {
	mkdir -p "$work/deb"
	(cd "$work/deb" && apt-get -qq -o APT::Sandbox::User=root download "$1" >/dev/null 2>&1) ||
		return 1
	dpkg-deb -x "$work"/deb/*.deb "$work/image"
	rm -rf "$work/deb"
}

# The bzImage's payload is one xz stream.
extract_vmlinux() {
	python3 - "$work/image/boot/vmlinuz-$kver" "$work/vmlinux.tmp" <<-'PY'
	import lzma, sys
	data = open(sys.argv[1], 'rb').read()
	start = data.find(b'\xfd7zXZ\0')
	if start >= 0:
	    data = lzma.LZMADecompressor().decompress(data[start:])
	    assert data[:4] == b'\x7fELF'
	open(sys.argv[2], 'wb').write(data)
	PY
	mv "$work/vmlinux.tmp" "$work/vmlinux"
}

# In the order in which they are loaded.
boot_modules="drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_modern_dev
	drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci fs/netfs/netfs
	fs/fscache/fscache net/9p/9pnet net/9p/9pnet_virtio fs/9p/9p fs/overlayfs/overlay
	drivers/char/virtio_console"

make_initrd() {
	local tree n=10 m
	tree=$(mktemp -d)
	mkdir -p "$tree"/{bin,modules,proc,sys,dev,host,rw,new}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	cp "$src/tests/guest/init" "$tree/init"
	chmod 755 "$tree/init"
	for m in $boot_modules; do
		# Absent ones are built in, or gone in newer kernels.
		for file in "$work/image/lib/modules/$kver/kernel/$m".ko*; do
			case $file in
			*.ko) cp "$file" "$tree/modules/$n-${m##*/}.ko" ;;
			*.ko.xz) xz -dc "$file" >"$tree/modules/$n-${m##*/}.ko" ;;
			*.ko.zst) zstd -qdc "$file" >"$tree/modules/$n-${m##*/}.ko" ;;
			esac
		done
		n=$((n + 1))
	done
	(cd "$tree" && find . | cpio -o -H newc --quiet) >"$work/initrd.tmp"
	mv "$work/initrd.tmp" "$work/initrd"
	rm -rf "$tree"
}

# build_modules FOLDER [MAKE ARGUMENT]. Warnings are errors here, apart from what W=1 adds.
build_modules() {
	local dir=$work/$1
	shift
	mkdir -p "$dir"
	cp -ru "$src/kernel/." "$dir/"
	make_in_root -C "$dir" KCFLAGS=-Werror W=1 "$@" >"$dir.log" 2>&1 || {
		cat "$dir.log" >&2
		exit 1
	}
}

# make, by the tools of UACCE_GUEST_ROOT if there is one; its mounts end with it.
make_in_root() {
	local root=${UACCE_GUEST_ROOT:-}/root
	if [ -z "${UACCE_GUEST_ROOT:-}" ]; then
		make "$@" KDIR="$headers"
		return
	fi
	mkdir -p "$root/proc" "$root$work"
	unshare -m sh -ec 'root=$1 work=$2
		shift 2
		mount -t proc proc "$root/proc"
		mount --bind "$work" "$root$work"
		exec chroot "$root" make "$@"' sh "$root" "$work" "$@" KDIR="${headers#"$root"}"
}

# A kernel of debug-kernel.sh may be another one under the same name.
if [ "$(cat "$work/kver" 2>/dev/null)" != "$kver" ] || { [ -n "${UACCE_GUEST_OBJ:-}" ] &&
	[ "$UACCE_GUEST_OBJ/arch/x86/boot/bzImage" -nt "$work/vmlinux" ]; }; then
	rm -rf "$work/kver" "$work/kernel" "$work/kernel-fail" "$work/initrd"
	fetch_image
	[ -n "${UACCE_GUEST_OBJ:-}" ] || extract_vmlinux
	echo "$kver" >"$work/kver"
fi
if [ ! -e "$work/initrd" ] || [ "$src/tests/guest/init" -nt "$work/initrd" ] ||
	[ "$0" -nt "$work/initrd" ]; then
	make_initrd
fi
build_modules kernel
[ "${3:-}" != fail ] || build_modules kernel-fail UACCE_FAIL=m
