#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# From a fresh Debian to the main job: installs what is needed, builds, and runs DPDK's own
# performance tools on the emulated accelerator, beside the software drivers of DPDK. Prints a
# table; each number in it comes from the tools' output of this run. Needs root.

set -euo pipefail

cd "$(dirname "$(readlink -f "$0")")/.."

if [ $# -ne 0 ]; then
	echo "quickstart: error: unknown argument '$1' (there are none)" >&2
	exit 2
fi

devtools/setup.sh
echo "quickstart: building"
if [ -f build/build.ninja ]; then
	meson setup --reconfigure build
else
	meson setup build
fi
ninja -C build

exec devtools/plugin-dir.sh build python3 devtools/main_job.py build
