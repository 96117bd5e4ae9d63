#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# sdk-headers.sh derives deb-src entries from both kinds of apt source files.

set -euo pipefail

# shellcheck source=../../devtools/sdk-headers.sh
. "$1/sdk-headers.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/a.sources" <<'END'
Types: deb
# a comment within
URIs: http://one.example/debian
Suites: stable
 stable-updates
Components: main contrib
Signed-By: /usr/share/keyrings/k.gpg

Types: deb deb-src
Enabled: no
URIs: http://off.example/
Suites: s
Components: main

Types: deb
URIs: http://two.example/ http://three.example/
Suites: s
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
END
cat >"$dir/a.list" <<'END'
# deb http://off.example/ s main
deb [arch=amd64 signed-by=/k.gpg] http://four.example/ s main
  deb [arch=amd64] http://five.example/ s main non-free
deb-src http://six.example/ s main
END
{
	from_deb822 "$dir/a.sources"
	from_list "$dir/a.list"
} | sed -E 's/ +/ /g; s/\[ /[/' >"$dir/got"
cat >"$dir/want" <<'END'
deb-src [signed-by=/usr/share/keyrings/k.gpg] http://one.example/debian stable main contrib
deb-src [signed-by=/usr/share/keyrings/k.gpg] http://one.example/debian stable-updates main contrib
deb-src http://two.example/ s main
deb-src http://three.example/ s main
deb-src [signed-by=/k.gpg] http://four.example/ s main
deb-src http://five.example/ s main non-free
deb-src http://six.example/ s main
END
diff -u "$dir/want" "$dir/got"
