#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# guest.sh [-f] [-t SECONDS] [-m MEMORY] [-q "QEMU ARGS"] [-a "KERNEL ARGS"] -- SHELL COMMAND
#
# Runs a command in a virtual machine with a stock kernel, the uacce modules loaded, and the host's
# file system as its root (changes are lost). Exit code: the command's; 77 if guests cannot run
# here; 125 if the guest died or hung (what its tasks did then is printed, if it could still tell);
# 1 if the kernel complained in its log.
# -f: modules that fail on demand (/dev/uacce_fail). @ID@ in QEMU's arguments becomes a word that no
# other guest has.
# Environment: UACCE_SOURCE, UACCE_BUILD (where setup.sh works, unless UACCE_GUEST_ROOT or _OBJ tell
# of another kernel: then beside that), UACCE_GUEST_PATIENCE (factor of all time limits, for slow
# kernels and busy machines; give meson test a -t, too). In the command: $MODULES (built modules),
# $SOURCE, $SHARE (writable, outlives the guest), $HOST (what machine it is), $PATIENCE (the factor).
set -u

limit=120 memory=1G qemu_args= kernel_args= modules=kernel
while getopts ft:m:q:a: opt; do
	case $opt in
	f) modules=kernel-fail ;;
	t) limit=$OPTARG ;;
	m) memory=$OPTARG ;;
	q) qemu_args=$OPTARG ;;
	a) kernel_args=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))

[ -z "${UACCE_GUEST_ROOT:-}" ] || UACCE_BUILD=$UACCE_GUEST_ROOT/guest
[ -z "${UACCE_GUEST_OBJ:-}" ] || UACCE_BUILD=$UACCE_GUEST_OBJ/guest
[ -n "${UACCE_BUILD:-}" ] || { echo "UACCE_BUILD is not set" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
source_root=${UACCE_SOURCE:-$here/../..}
work=$(realpath -m "$UACCE_BUILD")
"$here/setup.sh" "$source_root" "$work" ${modules#kernel-} || exit $?

limit=$((limit * ${UACCE_GUEST_PATIENCE:-1}))
# The machine, for results that are of no use without it.
host() {
	echo "$(nproc) x $(sed -n '/^model name/{s/.*: *//p;q}' /proc/cpuinfo), Linux $(uname -r)"
}

share=$(mktemp -d "$work/share.XXXXXX")
trap 'rm -rf "$share"' EXIT
cat >"$share/job" <<JOB
export HOST="$(host)"
export MODULES=$work/$modules SOURCE=$(realpath "$source_root") SHARE=/share KVER=$(cat "$work/kver") IMAGE=$work/image
export PATIENCE=${UACCE_GUEST_PATIENCE:-1}
cd /tmp
# Who hangs tells where before the end, on the console and by each task's stack.
( busybox sleep $((limit * 4 / 5))
  echo 7 >/proc/sysrq-trigger
  echo w >/proc/sysrq-trigger
  for t in /proc/[0-9]*/task/[0-9]*; do
	name=\$(tr '\\0' ' ' <\$t/cmdline)
	[ -z "\$name" ] || { echo "\$t \$name"; cat \$t/stack; }
  done >/share/tasks 2>/dev/null ) </dev/null &
watch=\$!
loaded=
for m in test/uacce_fail uacce/uacce vuacce/vuacce test/uacce_walk; do
	[ -e \$MODULES/\$m.ko ] || continue
	busybox insmod \$MODULES/\$m.ko || exit 1
	loaded="\${m#*/} \$loaded"
done
( $* )
rc=\$?
kill \$watch 2>/dev/null
busybox rmmod \$loaded || { echo "modules do not unload"; [ \$rc = 0 ] && rc=1; }
leaks=/sys/kernel/debug/kmemleak
busybox mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
if [ -e \$leaks ]; then
	# Young objects are not reported.
	sleep 6
	echo scan >\$leaks
	sleep 6
	echo scan >\$leaks
	cat \$leaks >/share/kmemleak
fi
busybox dmesg >/share/dmesg
exit \$rc
JOB

# A processor of the guest waits for those of a busy host: only minutes are a lockup.
# cryptomgr: algorithms that test themselves while the modules load only take time.
timeout "$limit" qemu-system-x86_64 -M q35,kernel-irqchip=split -accel tcg,thread=multi -cpu max \
	-smp "${SMP:-2}" -m "$memory" -nodefaults -no-user-config -display none -no-reboot \
	-serial "file:$share/console" -serial "file:$share/out" \
	-device isa-debug-exit,iobase=0xf4,iosize=0x1 \
	-fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
	-device virtio-9p-pci,fsdev=root,mount_tag=hostroot \
	-fsdev local,id=share,path="$share",security_model=none \
	-device virtio-9p-pci,fsdev=share,mount_tag=share \
	-kernel "$work/vmlinux" -initrd "$work/initrd" \
	-append "console=ttyS0 loglevel=4 panic=-1 oops=panic mitigations=off nokaslr tsc=reliable
no_timer_check rcupdate.rcu_expedited=1 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300
slub_debug=FZPU,kmalloc-* page_poison=1 cryptomgr.notests=1 $kernel_args" \
	${qemu_args//@ID@/${share##*.}} 2>"$share/qemu.err"

cat "$share/out"
if [ ! -e "$share/rc" ]; then
	echo "guest died or did not end within $limit s:"
	head -5 "$share/qemu.err"
	tail -40 "$share/console"
	cat "$share/tasks" 2>/dev/null
	exit 125
fi
rc=$(cat "$share/rc")
bad='BUG|WARNING|Oops|INFO: |general protection|refcount_t|list_(add|del) corruption|unreferenced'
if grep -E "$bad" "$share/console" "$share/dmesg" "$share/kmemleak" 2>/dev/null | grep -v 'Dentry\|TAINT' |
	grep -E "$bad"; then
	echo "the kernel complained:"
	tail -60 "$share/dmesg"
	head -60 "$share/kmemleak" 2>/dev/null
	[ "$rc" = 0 ] && rc=1
fi
exit "$rc"
