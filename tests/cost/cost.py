#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Instructions that a PMD spends on an op, enqueue and dequeue together, counted by callgrind on a
device that computes nothing.

usage: cost.py PROGRAM PLUG CEILINGS [--profile FOLDER]

Fails when a point is above its ceiling, when it has none, and when what must not matter does:
the kind of device address (13 %: without SVA it is looked whether the device
reaches all of an op), the data's length, the number of sessions and of queue pairs
(1 %). The ceilings are what was reached: who gets below one lowers it.

--profile keeps callgrind's output, for callgrind_annotate. Run it through devtools/plugin-dir.sh.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
# (point, what it is compared with, most of it)
EQUALS = [(f'v3 {mode} {what}', f'v3 sva {what}', 1.13) for mode in ('iommu', 'noiommu')
          for what in ('cipher', 'hash', 'cipher+hash', 'gcm', 'gcm+aad', 'compress',
                       'decompress', 'raw cipher+hash', 'raw gcm+aad')]
EQUALS += [(f'v3 sva {base} {more}', f'v3 sva {base}', 1.01) for base, more in (
    ('cipher+hash', '1408 B'), ('cipher+hash', '65280 B'), ('cipher+hash', '64 queues'),
    ('gcm+aad', '64 sessions'), ('gcm+aad', '65536 sessions'),
    ('compress', '256 B'), ('compress', '65280 B'), ('compress', '16 queues'))]


def count(program, plug, folder):
    """{point: instructions per op}"""
    out = folder / 'callgrind.out'
    done = subprocess.run(
        ['valgrind', '--tool=callgrind', '--instr-atstart=no', '--collect-atstart=no',
         '--toggle-collect=cost_enqueue*', '--toggle-collect=cost_dequeue*', '--dump-instr=yes',
         f'--callgrind-out-file={out}', program],
        env=os.environ | {'UACCE_EMU_PLUGIN': plug}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f'{done.stdout}\n{program}: exit code {done.returncode}')
    points = {}
    for path in sorted(folder.glob('callgrind.out.*'), key=lambda p: int(p.suffix[1:])):
        text = path.read_text()
        label = re.search(r'^desc: Trigger: Client Request: (.*) (\d+)$', text, re.MULTILINE)
        total = re.search(r'^(?:summary|totals): (\d+)$', text, re.MULTILINE)
        if label and total:
            points[label[1]] = int(total[1]) / int(label[2])
            path.rename(path.with_name(label[1].replace(' ', '-')))
    return points


def read_ceilings(path):
    """{point: instructions}"""
    ceilings = {}
    for line in pathlib.Path(path).read_text().splitlines():
        if line and not line.startswith('#'):
            value, point = line.split(maxsplit=1)
            ceilings[point] = float(value)
    return ceilings


def judge(points, ceilings):
    """Lines that say what is wrong."""
    wrong = []
    for point, value in points.items():
        ceiling = ceilings.get(point)
        print(f'{value:8.1f} {"-" if ceiling is None else format(ceiling, "g"):>6}  {point}')
        if ceiling is None:
            wrong.append(f'{point}: no ceiling')
        elif value > ceiling:
            wrong.append(f'{point}: {value:.1f}, more than {ceiling:g}')
    for point, base, most in EQUALS:
        if point in points and points[point] > points[base] * most:
            wrong.append(f'{point}: {points[point]:.1f}, {base}: {points[base]:.1f}')
    return wrong


def main():
    program, plug, ceilings = sys.argv[1:4]
    # callgrind shows the program the processor's own features; the ceilings are for these.
    if shutil.which('valgrind') is None or ' avx2 ' not in open('/proc/cpuinfo').read():
        print('skipped: needs valgrind, and a processor with AVX2')
        return SKIP
    with tempfile.TemporaryDirectory() as folder:
        points = count(program, plug, pathlib.Path(folder))
        if sys.argv[4:5] == ['--profile']:
            shutil.copytree(folder, sys.argv[5], dirs_exist_ok=True)
    if not points:
        sys.exit('callgrind counted nothing')
    print('instructions per op, ceiling, point')
    wrong = judge(points, read_ceilings(ceilings))
    for line in wrong:
        print(f'FAILED: {line}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
