#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# checkpatch.sh SOURCE_ROOT WORK: the kernel's own check of style, over all of kernel/. The script is
# in the kernel's source only, so Debian's linux-source-6.1 is downloaded for it once. Exits 77
# where that is not to be had.
set -eu

src=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
skip() { echo "skip: $*" >&2; exit 77; }

for tool in perl apt-get dpkg-deb xz; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
scripts="checkpatch.pl spelling.txt const_structs.checkpatch"
if [ ! -e "$work/done" ]; then
	rm -f "$work"/*.deb
	(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download linux-source-6.1 \
		>/dev/null 2>&1) || skip "cannot download linux-source-6.1"
	# The pipe ends early, with what is looked for.
	set +o pipefail
	dpkg-deb --fsys-tarfile "$work"/linux-source-6.1_*.deb 2>/dev/null |
		tar xO ./usr/src/linux-source-6.1.tar.xz 2>/dev/null |
		tar xJ -C "$work" --strip-components=2 --occurrence=1 \
			$(printf 'linux-source-6.1/scripts/%s ' $scripts)
	rm -f "$work"/*.deb
	touch "$work/done"
fi

# check FILE [IGNORED TYPE...]. Comments on locks are in the description of their struct, and a size
# is no bit.
bad=0
check() {
	local file=$1 ignore=UNCOMMENTED_DEFINITION,BIT_MACRO
	shift
	for type; do
		ignore+=,$type
	done
	"$work/checkpatch.pl" --no-tree --strict --terse --no-summary --max-line-length=100 \
		--ignore "$ignore" -f "$file" || bad=1
}

cd "$src/kernel"
files=0
while read -r file; do
	case $file in
	# Where the versions of the kernel are told apart.
	*/compat.h) check "$file" LINUX_VERSION_CODE CONSTANT_COMPARISON ;;
	*) check "$file" ;;
	esac
	files=$((files + 1))
done < <(find . -name '*.[ch]' ! -name '*.mod.c' | sort)
[ $files -gt 10 ] || { echo "only $files files"; exit 1; }
echo "$files files"
exit $bad
