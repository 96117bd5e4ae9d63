#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# suite-root.sh SUITE|newest WORK: make WORK a place from which setup.sh takes a kernel of another
# Debian suite (bookworm-backports, trixie, sid), or of the suite that has the newest one. Exits 77
# and says why if this machine cannot get it. Then, for any test:
#
#	UACCE_GUEST_ROOT=WORK tests/guest/guest.sh -- PROGRAM
#
#	WORK/kver	version of the kernel
#	WORK/root/	headers of that kernel, and the compiler and tools that they were made for: they
#			need that suite's libc, so they run in a chroot
#	WORK/apt.conf	for APT_CONFIG: the suite's packages, for downloads
#
# Packages come from where this machine's own packages come from. Debian's sections and keys are
# the same in all suites.
set -eu

suite=$1
mkdir -p "$2"
work=$(realpath "$2")
skip() { echo "skip: $*" >&2; exit 77; }

[ "$(uname -m)" = x86_64 ] || skip "guests are x86-64 only"
[ "$(id -u)" = 0 ] || skip "needs root, for the chroot"
for tool in mmdebstrap apt-get apt-cache; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ ! -s "$work/kver" ] || [ "$(cat "$work/suite")" != "$suite" ] || exit 0
exec 9>"$work/lock"
flock 9

# The first repository of this machine that has the suite "main" of Debian proper.
own_sources() {
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
		awk '/^URIs:/ { uri = $2 } /^Suites:/ && $2 !~ /security/ && uri { print uri; exit }'
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		awk '$1 == "deb" { sub(/\[[^]]*\] */, "") } $1 == "deb" && $4 == "main" &&
			$3 !~ /security/ { print $2; exit }'
}

# write_sources SUITE...: the keyring is Debian's own, on any Debian.
write_sources() {
	local uri
	uri=$(own_sources | head -1)
	[ -n "$uri" ] || skip "no package source on this machine"
	for s; do
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$s"
		printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n'
	done >"$work/apt.sources"
}

fetch_lists() {
	rm -rf "$work/apt"
	mkdir -p "$work"/apt/{lists/partial,cache/archives/partial,parts}
	touch "$work/apt/status"
	cat >"$work/apt.conf" <<-CONF
	Dir::Etc::SourceList "$work/apt.sources";
	Dir::Etc::SourceParts "$work/apt/parts";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "$work/apt/parts";
	Dir::State::Lists "$work/apt/lists";
	Dir::State::Status "$work/apt/status";
	Dir::Cache "$work/apt/cache";
	APT::Sandbox::User "root";
	APT::Get::Update::SourceListWarnings "false";
	CONF
	APT_CONFIG=$work/apt.conf apt-get -qq update >"$work/apt.log" 2>&1 ||
		skip "cannot update package lists: $(tail -1 "$work/apt.log")"
}

# VERSION SUITE of the newest linux-headers-amd64 among the suites whose lists are here.
newest() {
	APT_CONFIG=$work/apt.conf apt-cache madison linux-headers-amd64 |
		sed -n 's/^[^|]*| *\([^ |]*\) *| *[^ ]* \([^/]*\)\/main .*/\1 \2/p' |
		sort -V | tail -1
}

rm -f "$work/kver"
suites=$suite
if [ "$suite" = newest ]; then
	write_sources bookworm-backports trixie trixie-backports sid experimental
	fetch_lists
	suites=$(newest | cut -d' ' -f2)
	[ -n "$suites" ] || skip "no suite has linux-headers-amd64"
fi
# Backports want the packages of their suite, too.
write_sources $suites $(case $suites in
	*-backports) echo "${suites%-backports}" ;;
	experimental) echo sid ;;
esac)
fetch_lists
version=$(newest)
headers=$(APT_CONFIG=$work/apt.conf apt-cache show "linux-headers-amd64=${version% *}" |
	grep '^Depends:' | grep -o 'linux-headers-[0-9][^ ,]*' | head -1)
[ -n "$headers" ] || skip "no linux-headers-amd64 in $suites"

# Package by package, since headers of backports ask for an image beside them.
rm -rf "$work/root" "$work/deb"
common=${headers%-amd64}-common
kbuild=$(APT_CONFIG=$work/apt.conf apt-cache show "$headers" | grep '^Depends:' |
	grep -o 'linux-kbuild-[0-9][^ ,]*' | head -1)
# shellcheck disable=SC2086
mmdebstrap --quiet --variant=apt --aptopt='APT::Sandbox::User "root"' \
	--include="make,libelf1,$(APT_CONFIG=$work/apt.conf apt-cache show "$headers" |
		grep '^Depends:' | grep -o 'gcc-[0-9]*' | head -1)" \
	--customize-hook='chroot "$1" apt-get -qq clean' \
	"" "$work/root" "$work/apt.sources" >"$work/root.log" 2>&1 ||
	skip "cannot make a root of $suites: $(tail -1 "$work/root.log")"
mkdir "$work/deb"
(cd "$work/deb" && APT_CONFIG=$work/apt.conf apt-get -qq download "$headers" "$common" "$kbuild")
for deb in "$work"/deb/*.deb; do
	# /lib stays the symbolic link that it is.
	dpkg-deb --fsys-tarfile "$deb" | tar x --keep-directory-symlink -C "$work/root"
done
rm -rf "$work/deb"
echo "$suite" >"$work/suite"
echo "${headers#linux-headers-}" >"$work/kver"
