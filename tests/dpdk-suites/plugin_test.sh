#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A built driver plug-in exports nothing, and dpdk-pmdinfo.py shows its name and devargs.
#
#   plugin_test.sh PLUGIN.so NAME

set -euo pipefail

plugin=$1
name=$2

exported=$(nm -D --defined-only "$plugin")
if [ -n "$exported" ]; then
	echo "exports symbols: $exported"
	exit 1
fi
# The tool's own interpreter line may name a Python without its libraries; Debian's has them.
info=$(/usr/bin/python3 "$(command -v dpdk-pmdinfo.py)" "$plugin")
/usr/bin/python3 - "$name" "$info" <<'END'
import json
import sys

entries = [entry for entry in json.loads(sys.argv[2]) if entry['name'] == sys.argv[1]]
assert len(entries) == 1, f'{sys.argv[1]} is not in {sys.argv[2]}'
for arg in ('device=', 'max_queue_pairs='):
    assert arg in entries[0].get('params', ''), f'no devarg {arg} in {entries[0]}'
END
