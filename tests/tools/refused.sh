#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# refused.sh UACCE-EMU: devices that cannot be for other programs are refused with one line.
set -u

emu=$1
failed=0

# refused WORD COMMAND...
refused()
{
	word=$1
	shift
	said=$(timeout 20 "$@" 2>&1)
	rc=$?
	if [ $rc -ne 1 ] || [ "$(echo "$said" | wc -l)" -ne 1 ] || ! echo "$said" | grep -q "$word"; then
		echo "FAILED: $*: exit code $rc, said: $said"
		failed=1
	fi
}

for kind in sec2 zip; do
	refused threads=0 "$emu" run --device "$kind:threads=0" -- true
	refused threads "$emu" serve --device "$kind:threads=0"
	refused threads "$emu" run --device "$kind:threads=17" -- true
	refused hw "$emu" serve --device "$kind:hw=v9"
done
exit $failed
