#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Compares what memory.c measures with what the documentation says, which has a line such as

   queue pair   196 KiB of hugepages, 1.2 MiB of the process

for each; more than 10 % beside it, or nothing said, is a failure.

usage: memory.py PROGRAM PLUG CLASS DOCUMENT
"""
import os
import pathlib
import re
import subprocess
import sys

UNITS = {'bytes': 1, 'KiB': 1024, 'MiB': 1 << 20}
SIZE = r'([\d.]+) (bytes|KiB|MiB)'


def size(text, words):
    found = re.search(SIZE + ' of ' + words, text)
    return float(found[1]) * UNITS[found[2]] if found else 0


def main():
    program, plug, name, document = sys.argv[1:]
    done = subprocess.run([program, name], env=os.environ | {'UACCE_EMU_PLUGIN': plug}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    document = pathlib.Path(document).read_text()
    measured = re.findall(rf'^{name} (.*): (-?\d+) (-?\d+)$', done.stdout, re.MULTILINE)
    if not measured:
        sys.exit('nothing was measured')
    wrong = 0
    for what, heap, own in measured:
        line = re.search(rf'^ *{what}  +(.*)$', document, re.MULTILINE)
        said = (size(line[1], 'hugepages'), size(line[1], 'the process')) if line else (0, 0)
        good = True
        # The process's share of small things is the allocator's rounding.
        for is_now, documented in zip((int(heap), int(own)), said):
            good &= abs(is_now - documented) <= max(0.1 * documented, 64)
        wrong += not good
        print(f'{"ok" if good else "FAILED"}: {what}: {heap} bytes of hugepages, {own} of the '
              f'process; documented: {said[0]:.0f}, {said[1]:.0f}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
