# SPDX-License-Identifier: BSD-3-Clause
# BASH_ENV of scripts that would take too long as they are: of the 1200 sizes that linux_test.sh
# pings with (5000 with reassembly) only every INTEROP_EVERY-th is tried, and its long files
# are cut to INTEROP_LARGEST. interop.py checks that these many pings were answered.

ping()
{
	# ping -c 1 -s SIZE ...
	(($4 % INTEROP_EVERY)) || command ping "$@"
}

ping6()
{
	(($4 % INTEROP_EVERY)) || command ping6 "$@"
}

dd()
{
	# dd if=... of=... bs=SIZE count=1
	local size=${3#bs=}

	command dd "$1" "$2" bs=$((size < INTEROP_LARGEST ? size : INTEROP_LARGEST)) "$4"
}
