#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The public headers compile alone, as C and C++; the shared library exports the calls that wd.h
# declares, all of them and nothing else. Usage: public.sh CC LIB HEADER_FOLDER
set -eu

cc=$1 lib=$2 dir=$3
tmp=$(mktemp -d)
trap 'rm -r "$tmp"' EXIT

for header in wd.h wd_lz77.h wd_transport.h; do
	echo "#include \"$header\"" >"$tmp/alone.c"
	for lang in -xc\ -std=c11\ -Wpedantic -xc++\ -std=c++17; do
		# shellcheck disable=SC2086
		$cc $lang -Wall -Wextra -Werror -fsyntax-only -I"$dir" "$tmp/alone.c"
	done
done

nm -D --defined-only "$lib" | sed -n 's/.* T \([a-z0-9_]*\).*/\1/p' | sort >"$tmp/exported"
# Declarations begin a line; inline functions are none of the library's.
tr '\n' ' ' <"$dir/wd.h" | sed 's:/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/: :g' | tr ';}' '\n\n' |
	grep -v 'static inline' | sed -n 's/.*[ *]\(wd_[a-z0-9_]*\)(.*/\1/p' | sort -u |
	grep -v '_t$' >"$tmp/declared"
diff "$tmp/declared" "$tmp/exported"
grep -q wd_request_queue "$tmp/exported"
