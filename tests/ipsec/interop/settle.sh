# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the stand-ins of this folder. The interoperability scripts start the next gateway
# right after they killed the last one, whose tap may still be there, and send packets some moments
# after the tap of the new one appears; they rely on the time that a remote host takes to answer.
# Here nothing is remote: these wait instead.

GATEWAY_OUT=ipsec-secgw.out1	# where the scripts, in the current folder, put a gateway's output

# A gateway holds the lock for as long as it lives. Its output is kept for the caller.
wait_gone()
{
	local n

	flock -w 60 "$INTEROP_DIR/lock" true || echo "interop: the last gateway does not end"
	[ -e $GATEWAY_OUT ] || return 0
	n=$(find "$INTEROP_LOGS" -name 'gateway.*' | wc -l)
	mv $GATEWAY_OUT "$INTEROP_LOGS/gateway.$n"
}

wait_ready()
{
	local n

	[ -e $GATEWAY_OUT ] || return 0
	for ((n = 0; n < 600; n++)); do
		grep -q -e 'entering main loop' -e '^gateway ended' $GATEWAY_OUT && return 0
		sleep 0.1
	done
	echo "interop: the gateway is not ready"
}
