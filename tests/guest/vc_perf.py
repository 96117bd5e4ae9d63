#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Throughput of two drivers on one device, measured in turn: the best of each point's rounds.

vc_perf.py FILE LEVEL: lines "DRIVER KEY SIZE BURST GBPS". Prints both figures and their ratio, and
fails where it is below LEVEL. The best, since what else the machine does only makes a round slower.
"""
import collections
import sys

OURS, THEIRS = 'crypto_uacce', 'crypto_virtio'


def main():
    level = float(sys.argv[2])
    points = collections.defaultdict(lambda: {OURS: [], THEIRS: []})
    with open(sys.argv[1], encoding='ascii') as lines:
        for line in lines:
            driver, key, size, burst, gbps = line.split()
            points[int(key), int(size), int(burst)][driver].append(float(gbps))
    behind = 0
    print('key  bytes  burst  crypto_uacce  crypto_virtio  ratio  (Gbit/s, best)')
    for (key, size, burst), runs in sorted(points.items()):
        if not runs[OURS] or len(runs[OURS]) != len(runs[THEIRS]):
            sys.exit(f'rounds are missing: {key} {size} {burst}')
        ours, theirs = (max(runs[d]) for d in (OURS, THEIRS))
        behind += ours < level * theirs
        print(f'{key * 8:3}  {size:5}  {burst:5}  {ours:12.4f}  {theirs:13.4f}  '
              f'{ours / theirs:5.2f}')
    if not points:
        sys.exit('no points')
    if behind:
        sys.exit(f'{behind} of {len(points)} points below {level} of {THEIRS}')


if __name__ == '__main__':
    main()
