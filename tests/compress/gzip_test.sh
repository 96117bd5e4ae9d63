#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# uacce-gzip as people use it: a corpus there and back, across with gzip, pigz and zlib, names,
# attributes, exit codes, damaged input, interruptions.
#
#   gzip_test.sh UACCE_GZIP [DEVICE [MEGABYTES]]
#
# Run by devtools/plugin-dir.sh. MEGABYTES: size of the corpus's big file.

set -uo pipefail

gz=$(readlink -f "$1")
device=${2:-emu}
big=${3:-20}

[ -n "${UACCE_PLUGIN_DIR-}" ] || { echo "run me by devtools/plugin-dir.sh" >&2; exit 77; }
work=$(mktemp -d /var/tmp/uacce-gzip-test.XXXXXX)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 1

die()
{
	echo "gzip_test: failed: $*" >&2
	exit 1
}

run()
{
	timeout 300 "$gz" --device="$device" "$@"
}

# code N ARG...: uacce-gzip must end with that code.
code()
{
	local want=$1 got

	shift
	run "$@" </dev/null >/dev/null 2>err
	got=$?
	[ "$got" -eq "$want" ] || die "exit code $got, not $want: $* ($(cat err))"
	# Warnings and errors are one line each, and say who speaks.
	if [ "$want" -ne 0 ]; then
		grep -q '^uacce-gzip: ' err || die "no message: $*"
	fi
}

make_corpus()
{
	local n

	mkdir corpus
	: >corpus/empty
	printf x >corpus/one
	head -c 300000 /dev/urandom >corpus/random
	head -c 5000000 /dev/zero >corpus/zeros
	seq 1 300000 >corpus/text
	cp "$(readlink -f /bin/bash)" corpus/binary
	gzip -9c corpus/text >corpus/compressed
	head -c 524288 corpus/text >corpus/chunk	# exactly one chunk, and one byte on either side
	head -c 524287 corpus/text >corpus/chunk-minus
	head -c 524289 corpus/text >corpus/chunk-plus
	for ((n = 0; n < big; n++)); do
		cat corpus/text corpus/binary corpus/random
	done >corpus/big
	truncate -s $((big * 1000000)) corpus/big
	(cd corpus && sha256sum -- *) >sums
}

there_and_back()
{
	local f

	cp -r corpus there
	code 0 there/*
	for f in corpus/*; do
		f=${f#corpus/}
		[ -e "there/$f" ] && die "$f is still there"
		gzip -t "there/$f.gz" || die "gzip refuses $f.gz"
	done
	(cd there && gzip -dk -- *.gz && sha256sum -c --quiet ../sums) || die "gzip restores it wrong"
	rm there/*[!z]
	[ -e there/big.gz ] || die "the wrong files were removed"
	code 0 -d there/*.gz
	(cd there && sha256sum -c --quiet ../sums) || die "restored wrong"
	rm -r there
}

across()
{
	local f

	for f in corpus/*; do
		gzip -c "$f" | run -dc | cmp - "$f" || die "gzip's $f"
		run -c "$f" | gzip -dc | cmp - "$f" || die "for gzip: $f"
		if command -v pigz >/dev/null; then
			pigz -c "$f" | run -dc | cmp - "$f" || die "pigz's $f"
			pigz -zc "$f" | run -dc | cmp - "$f" || die "pigz's zlib format of $f"
			run -c "$f" | pigz -dc | cmp - "$f" || die "for pigz: $f"
		fi
	done
	# One member that any zlib reads, members one behind the other, header fields of all kinds.
	run -c corpus/big | python3 -c '
import sys, zlib
d = zlib.decompressobj(31)
out = d.decompress(sys.stdin.buffer.read()) + d.flush()
assert d.eof and not d.unused_data
sys.stdout.buffer.write(out)' | cmp - corpus/big || die "zlib"
	{ gzip -c corpus/text; run -c corpus/one; gzip -nc corpus/empty; } | run -dc |
		cmp - <(cat corpus/text corpus/one corpus/empty) || die "members"
	python3 - >header.gz <<-'END'
		import struct, sys, zlib
		h = b'\x1f\x8b\x08\x1e' + bytes(6) + struct.pack('<H', 5) + b'extra' + b'name\0' + b'comment\0'
		c = zlib.compressobj(6, zlib.DEFLATED, -15)
		data = b'data' * 1000
		sys.stdout.buffer.write(h + struct.pack('<H', zlib.crc32(h) & 0xffff) +
		    c.compress(data) + c.flush() + struct.pack('<II', zlib.crc32(data), len(data)))
	END
	[ "$(run -dc header.gz | wc -c)" -eq 4000 ] || die "header fields"
}

names_and_codes()
{
	local f=corpus/text

	cp $f a
	chmod 640 a
	touch -d '2001-02-03 04:05:06.789' a
	cp -p a keep
	code 0 -k a
	cmp -s a $f || die "-k touched the input"
	[ "$(stat -c '%a %u %g %Y' a)" = "$(stat -c '%a %u %g %Y' a.gz)" ] || die "attributes"
	gzip -lv a.gz | grep -q 'a$' || die "stored name"
	code 2 a				# a.gz exists
	cmp -s a $f || die "input lost"
	code 0 -f a
	[ ! -e a ] || die "input kept"
	cp $f a
	code 2 -d a.gz				# a exists
	code 0 -df a.gz
	[ "$(stat -c '%a %Y' a)" = "$(stat -c '%a %Y' keep)" ] || die "attributes, restored"
	cmp a $f || die "restored"
	code 2 -d a				# unknown suffix
	code 2 corpus				# a directory
	code 1 nothing-there
	code 1 nothing-there corpus		# an error counts more than a warning
	code 1 -t a				# plain data
	code 0 a && code 0 -t a.gz && [ -e a.gz ] || die "-t"
	code 2 a.gz				# has the suffix already
	cp a.gz b.tgz && code 0 -dk b.tgz && cmp b.tar $f || die ".tgz"
	cp $f s && code 0 -S .xx s && [ -e s.xx ] && code 0 -d -S .xx s.xx && cmp s $f || die "-S"
	ln -s ../$f link && code 2 link
	cp $f hard && ln hard hard2 && code 2 hard && code 0 -f hard || die "links"
	code 1 --no-such-option
	code 1 --queues=9 a
	code 1 --device=
	timeout 60 "$gz" --device=nonsense -c $f >/dev/null 2>err && die "nonsense device"
	run -c $f >c.gz && cmp <(gzip -dc c.gz) $f || die "-c"
	run <$f >c.gz 2>/dev/null
}

damaged()
{
	local n

	gzip -c corpus/text >good.gz
	n=$(stat -c %s good.gz)
	for cut in 0 1 2 9 10 15 $((n / 2)) $((n - 9)) $((n - 8)) $((n - 1)); do
		head -c "$cut" good.gz >bad.gz
		code 1 -dk bad.gz
		[ ! -e bad ] || die "half a file of $cut bytes"
	done
	for at in $((n - 2)) $((n - 6)) 3 2; do
		cp good.gz bad.gz
		printf '\xff' | dd of=bad.gz bs=1 seek="$at" conv=notrunc status=none
		code 1 -dk bad.gz
		[ ! -e bad ] || die "a file from damaged input ($at)"
	done
	echo "not compressed" >bad.gz
	code 1 -dk bad.gz
	{ cat good.gz; echo garbage; } >bad.gz
	code 2 -dk bad.gz
	cmp bad corpus/text || die "garbage behind the stream"
	{ cat good.gz; head -c 1000 /dev/zero; } >zeros.gz
	code 0 -dk zeros.gz
	cmp zeros corpus/text || die "zeros behind the stream"
}

interrupted()
{
	local sig pid

	mkdir int
	cp corpus/big int/f
	for sig in TERM INT KILL; do
		timeout 60 "$gz" --device="$device" int/f </dev/null >/dev/null 2>&1 &
		pid=$!
		for _ in $(seq 200); do
			[ -n "$(ls /proc/$pid/task/*/children 2>/dev/null)" ] && break
			sleep 0.01
		done
		sleep "0.$((RANDOM % 5 + 2))"
		pkill_child "$pid" "$sig"
		wait "$pid" 2>/dev/null
		if [ -e int/f ]; then
			cmp -s int/f corpus/big || die "the input changed"
			[ "$(ls int)" = f ] || die "SIG$sig left $(ls int)"
		else
			gzip -dc int/f.gz | cmp - corpus/big || die "SIG$sig: half a file"
			[ "$(ls int)" = f.gz ] || die "SIG$sig left $(ls int)"
			rm int/f.gz
			cp corpus/big int/f
		fi
	done
}

# To the program that timeout(1) runs.
pkill_child()
{
	local child

	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		kill -s "$2" "$child" 2>/dev/null
	done
}

full_disk()
{
	[ -w /dev/full ] || return 0
	run -c corpus/big >/dev/full 2>err && die "a full disk is no error"
	grep -q 'write' err || die "a full disk: $(cat err)"
}

# Without root and hugepages: an emulated device needs neither.
ordinary_user()
{
	[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || return 0
	setpriv --reuid=65534 --regid=65534 --clear-groups test -r \
		"$UACCE_PLUGIN_DIR/librte_compress_uacce.so" || return 0
	setpriv --reuid=65534 --regid=65534 --clear-groups env -u XDG_RUNTIME_DIR \
		timeout 120 "$gz" --device="$device" -c <corpus/text | gzip -dc | cmp - corpus/text ||
		die "as an ordinary user"
}

make_corpus
for part in ${PARTS:-there_and_back across names_and_codes damaged interrupted full_disk ordinary_user}; do
	$part
done
echo "gzip_test: $device: ok"
