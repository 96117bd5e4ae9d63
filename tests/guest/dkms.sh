#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# dkms.sh SOURCE_ROOT WORK: DKMS adds, builds, installs and removes the modules, with the script of
# Debian's package, in folders of its own. Exits 77 if that cannot be had, or there are no headers.
set -eu

src=$(realpath "$1")
work=$(realpath -m "$2")
skip() { echo "skip: $*" >&2; exit 77; }

headers=$(ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | grep -Ev -- '-(cloud|rt)-amd64' |
	sort -V | tail -1)
[ -n "$headers" ] || skip "no linux-headers-amd64 installed"
for tool in make gcc patch dpkg-deb apt-get modinfo; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
rm -rf "$work"
mkdir -p "$work"/{src,tree}
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download dkms >/dev/null 2>&1 || skip "cannot download dkms"
dpkg-deb -x dkms_*.deb deb

name=$(sed -n 's/^PACKAGE_NAME="\(.*\)"/\1/p' "$src/kernel/dkms.conf")
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$src/kernel/dkms.conf")
kver=${headers##*/linux-headers-}
cp -r "$src/kernel" "src/$name-$version"
mkdir -p "inst/$kver"

dkms() {
	local action=$1
	shift
	deb/usr/sbin/dkms "$action" "$name/$version" --dkmstree "$work/tree" \
		--sourcetree "$work/src" --installtree "$work/inst" "$@" >"$action.log" 2>&1 && return
	cat "$action.log" "$work/tree/$name/$version/build/make.log" 2>/dev/null
	echo "dkms $action failed"
	exit 1
}

dkms add
dkms build -k "$kver" --kernelsourcedir "$headers"
dkms install -k "$kver" --kernelsourcedir "$headers" --no-depmod
for module in uacce vuacce; do
	file=$(find inst -name "$module.ko*")
	[ -n "$file" ] || { echo "$module is not installed"; exit 1; }
	modinfo -F vermagic "$work/$file" | grep -q "^$kver " || { echo "$module: vermagic"; exit 1; }
done
if find inst -name '*_edu*' -o -name '*_fail*' -o -name '*_walk*' | grep .; then
	echo "test aids are installed"
	exit 1
fi
dkms remove --all --no-depmod
[ -z "$(find inst tree -name '*.ko*')" ] || { echo "modules stay behind"; exit 1; }
echo "ok $name/$version on $kver"
