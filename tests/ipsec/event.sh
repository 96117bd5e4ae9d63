#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The event crypto adapter on crypto_uacce: dpdk-test's own suite with the software eventdev. The
# suite makes a crypto_null if no crypto device is there, and uses the first: it must be ours.
#
#   plugin-dir.sh BUILD event.sh

set -uo pipefail

command -v dpdk-test >/dev/null || { echo "SKIP: dpdk-test is not installed"; exit 77; }
[ "$(id -u)" -eq 0 ] || { echo "SKIP: needs root for hugepages"; exit 77; }

mapfile -t cpus < <(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
	while IFS=- read -r a b; do seq "$a" "${b:-$a}"; done)
first=${cpus[0]}
second=${cpus[$((1 % ${#cpus[@]}))]}

# The main lcore, the service lcore of the eventdev and adapter, and one to spare.
log=$(timeout 120 dpdk-test --lcores "0@$first,1@$second,2@$first" --no-pci -m 512 \
	--file-prefix="$UACCE_FILE_PREFIX" -d "$UACCE_PLUGIN_DIR/librte_crypto_uacce.so" \
	--vdev crypto_uacce,device=emu --vdev event_sw0 event_crypto_adapter_autotest 2>&1)
rc=$?
passed=$(sed -n 's/.*Tests Passed *: *//p' <<<"$log")
failed=$(sed -n 's/.*Tests Failed *: *//p' <<<"$log")
if [ $rc -ne 0 ] || [ "${failed:-1}" -ne 0 ] || [ "${passed:-0}" -lt 7 ] ||
   grep -q crypto_null <<<"$log"; then
	echo "$log"
	echo "FAIL: exit code $rc, ${passed:-0} passed (7 wanted), ${failed:-?} failed"
	exit 1
fi
echo "$passed cases passed"
