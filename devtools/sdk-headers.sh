#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Puts DPDK's driver SDK headers (those of DPDK's "enable_driver_sdk") into OUTDIR, for an
# installed DPDK that lacks them, as Debian's does.
#
#   devtools/sdk-headers.sh OUTDIR
#
# An installed DPDK that has the headers is preferred: OUTDIR then stays empty. Otherwise they come
# from Debian's source package of exactly the installed version. The system's apt configuration
# is read and never changed: lists and packages go to a private folder. The result is kept in
# a cache, UACCE_DPDK_CACHE or /var/cache/uacce-dpdk (root) or ~/.cache/uacce-dpdk.

set -euo pipefail

# What drivers include directly; headers that these include are found below.
ROOTS=(cryptodev_pmd.h rte_compressdev_pmd.h bus_vdev_driver.h dev_driver.h)
PKG=libdpdk-dev

self=$(readlink -f "$0")
work=

die()
{
	echo "sdk-headers: error: $*" >&2
	exit 1
}

cleanup()
{
	[ -z "$work" ] || rm -rf "$work"
}

compiles()
{
	local flags h

	flags=$(pkg-config --cflags libdpdk)
	# shellcheck disable=SC2086 # word splitting of the flags is wanted
	for h in "${ROOTS[@]}"; do
		echo "#include <$h>"
	done | ${CC:-cc} $flags "$@" -DALLOW_INTERNAL_API -D_GNU_SOURCE -E -x c - -o /dev/null \
		2>"$work/cc.log"
}

# Prints a deb-src entry, one-line style, for each "deb" entry of a one-line apt list.
from_list()
{
	sed -nE 's/^[[:space:]]*deb(-src)?[[:space:]]+/deb-src /p' "$@" |
		sed -E 's/\[([^]]*)arch=[^] ]*/[\1/; s/\[ *\]//'
}

# The same for deb822 files: one output line for each URI and suite of an enabled paragraph.
from_deb822()
{
	awk '
	function flush(   u, s, nu, ns, i, j, opt) {
		if (uris != "" && tolower(enabled) != "no" && tolower(enabled) != "false") {
			opt = ""
			# An embedded key has no one-line form; the machine-wide keys must do then.
			if (signed ~ /^\//)
				opt = " [signed-by=" signed "]"
			nu = split(uris, u, " ")
			ns = split(suites, s, " ")
			for (i = 1; i <= nu; i++)
				for (j = 1; j <= ns; j++)
					print "deb-src" opt, u[i], s[j], comps
		}
		uris = suites = comps = enabled = signed = key = ""
	}
	/^#/ { next }
	/^[ \t]*$/ { flush(); next }
	/^[ \t]/ { value = $0 }
	!/^[ \t]/ {
		key = tolower($0)
		sub(/:.*/, "", key)
		value = $0
		sub(/^[^:]*:/, "", value)
	}
	{
		sub(/^[ \t]+/, "", value)
		sub(/[ \t]+$/, "", value)
		if (key == "uris") uris = uris " " value
		else if (key == "suites") suites = suites " " value
		else if (key == "components") comps = comps " " value
		else if (key == "enabled") enabled = value
		else if (key == "signed-by") signed = signed value
	}
	END { flush() }' "$1"
}

apt_dir()
{
	local v

	eval "$(apt-config shell v "$1")"
	echo "${v-}"
}

write_sources()
{
	local parts main f

	main=$(apt_dir Dir::Etc::sourcelist/f)
	parts=$(apt_dir Dir::Etc::sourceparts/d)
	{
		[ ! -r "$main" ] || from_list "$main"
		for f in "$parts"/*.list; do
			[ ! -r "$f" ] || from_list "$f"
		done
		for f in "$parts"/*.sources; do
			[ ! -r "$f" ] || from_deb822 "$f"
		done
	} | sort -u >"$work/src.list"
	[ -s "$work/src.list" ] || die "no apt source found on this machine to derive deb-src from"
}

private_apt()
{
	apt-get -q -o Dir::Etc::sourcelist="$work/src.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State="$work/state" -o Dir::State::status=/var/lib/dpkg/status \
		-o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Get::List-Cleanup=false \
		"$@" >>"$work/apt.log" 2>&1
}

# Downloads and unpacks the source package; prints its top folder.
unpack_source()
{
	local name=$1 version=$2 dsc

	command -v apt-get >/dev/null || die "the installed DPDK lacks driver headers and there is no apt-get"
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/src"
	write_sources
	# An archive of this machine without sources fails here, which matters only if none has it.
	private_apt update || :
	(cd "$work/src" && private_apt source --download-only --only-source "$name=$version") ||
		die "cannot get source package $name $version (an upgrade of $PKG may help):" \
			"$(grep -m1 '^E:' "$work/apt.log")"
	dsc=$(find "$work/src" -name '*.dsc' -print -quit)
	dpkg-source --no-check -x "$dsc" "$work/tree" >>"$work/apt.log" 2>&1 ||
		die "cannot unpack $(basename "$dsc"): $(tail -n1 "$work/apt.log")"
}

# Copies the headers and whatever of the source tree they include that is not installed.
copy_headers()
{
	local out=$1 queue=("${ROOTS[@]}") h f
	local -A seen=()

	find "$work/tree/lib" "$work/tree/drivers/bus" -name '*.h' \
		-not -path '*/windows/*' -not -path '*/freebsd/*' >"$work/headers"
	while [ ${#queue[@]} -gt 0 ]; do
		h=${queue[0]}
		queue=("${queue[@]:1}")
		[ -z "${seen[$h]-}" ] || continue
		seen[$h]=1
		[ ! -e "$installed/$h" ] || continue
		f=$(grep -m1 "/$h\$" "$work/headers") || continue
		cp "$f" "$out/$(basename "$h")"
		mapfile -t -O ${#queue[@]} queue < \
			<(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1/p' "$f")
	done
}

fill_cache()
{
	local dest=$1 name=$2 version=$3

	echo "sdk-headers: fetching the source package $name $version (once per machine)"
	unpack_source "$name" "$version"
	mkdir -p "$work/include"
	copy_headers "$work/include"
	compiles -I"$work/include" || die "headers are incomplete: $(head -n1 "$work/cc.log")"
	# A rename is atomic: two builds at once do no harm, the loser uses the winner's.
	mkdir -p "$(dirname "$dest")"
	cp -r "$work/include" "$dest.$$"
	mv -T "$dest.$$" "$dest" 2>/dev/null || rm -rf "$dest.$$"
}

main()
{
	local out name version cache key

	[ $# -eq 1 ] || die "usage: sdk-headers.sh OUTDIR"
	out=$1
	pkg-config --exists libdpdk || die "libdpdk is not installed (devtools/setup.sh installs it)"
	installed=$(pkg-config --variable=includedir libdpdk)
	work=$(mktemp -d)
	trap cleanup EXIT
	mkdir -p "$out"
	if compiles; then
		rm -f "$out"/*.h
		echo "sdk-headers: the installed DPDK has them"
		return
	fi
	if ! name=$(dpkg-query -W -f '${source:Package}' $PKG 2>/dev/null) ||
	   ! version=$(dpkg-query -W -f '${source:Version}' $PKG 2>/dev/null); then
		die "the installed DPDK lacks driver headers (-Denable_driver_sdk=true) and is no Debian package"
	fi
	if [ "$(id -u)" -eq 0 ]; then
		cache=${UACCE_DPDK_CACHE:-/var/cache/uacce-dpdk}
	else
		cache=${UACCE_DPDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/uacce-dpdk}
	fi
	key=$cache/sdk-$version-$(sha256sum "$self" | cut -c1-12)
	[ -d "$key" ] || fill_cache "$key" "$name" "$version"
	if [ "$key" != "$(cat "$out/.key" 2>/dev/null)" ]; then
		rm -f "$out"/*.h
		cp "$key"/*.h "$out"
		echo "$key" >"$out/.key"
	fi
	echo "sdk-headers: $version, $(find "$out" -name '*.h' | wc -l) headers"
}

# Tests read this file for its functions.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	main "$@"
fi
