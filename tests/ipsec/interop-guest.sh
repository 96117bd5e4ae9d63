#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs interop.py in a guest with two network cards on one link.
#
#   interop-guest.sh SECONDS BUILD [OPTION OF interop.py...]
#
# Exit code: as xfrm-guest.sh.

set -euo pipefail

card()
{
	echo "-netdev hubport,id=hub$1,hubid=0 -device e1000,netdev=hub$1,addr=0x$1"
}

here=$(dirname "$(readlink -f "$0")")
seconds=$1 build=$2
shift 2
exec "$here/xfrm-guest.sh" -s interop.py -t "$seconds" -q "$(card 10) $(card 11)" \
	-m "sha1_generic des_generic" "$build" "$@"
