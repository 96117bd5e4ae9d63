#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Throughput of two drivers on one device, measured in turn: the median of the pairs' ratios.

vc_perf.py FILE LEVEL: lines "PAIR DRIVER KEY SIZE BURST GBPS". The two runs of a pair follow each
other at once, so that what the machine does meanwhile hits both, and the ratio is taken of the pair.
Prints for each point the median of either driver and of the ratios, their quartiles and extremes,
and fails where the median ratio is below LEVEL.
"""
import collections
import statistics
import sys

OURS, THEIRS = 'crypto_uacce', 'crypto_virtio'


def read(path):
    """{(key, size, burst): {pair: {driver: gbps}}}"""
    points = collections.defaultdict(lambda: collections.defaultdict(dict))
    with open(path, encoding='ascii') as lines:
        for line in lines:
            pair, driver, key, size, burst, gbps = line.split()
            runs = points[int(key), int(size), int(burst)][int(pair)]
            if driver in runs:
                sys.exit(f'twice: {line}')
            runs[driver] = float(gbps)
    return points


def main():
    level = float(sys.argv[2])
    points = read(sys.argv[1])
    numbers = {frozenset(pairs) for pairs in points.values()}
    if len(numbers) != 1 or len(min(numbers)) < 3:
        sys.exit('no points, less than three pairs, or not of all points')
    medians = collections.defaultdict(list)
    behind = 0
    print('key  bytes  burst   uacce  virtio  ratio  quartiles   least most   (Gbit/s, medians)')
    for (key, size, burst), pairs in sorted(points.items()):
        if any(set(runs) != {OURS, THEIRS} or min(runs.values()) <= 0 for runs in pairs.values()):
            sys.exit(f'runs are missing: {key} {size} {burst}')
        ratios = sorted(runs[OURS] / runs[THEIRS] for runs in pairs.values())
        low, ratio, high = statistics.quantiles(ratios, n=4, method='inclusive')
        ours, theirs = (statistics.median(r[d] for r in pairs.values()) for d in (OURS, THEIRS))
        medians[burst].append(ratio)
        behind += ratio < level
        print(f'{key * 8:3}  {size:5}  {burst:5}  {ours:6.3f}  {theirs:6.3f}  {ratio:5.2f}  '
              f'{low:4.2f}-{high:4.2f}  {ratios[0]:5.2f} {ratios[-1]:5.2f}'
              f'{"  < " + sys.argv[2] if ratio < level else ""}')
    for burst, ratios in sorted(medians.items()):
        print(f'bursts of {burst}: geometric mean {statistics.geometric_mean(ratios):.2f}, '
              f'least {min(ratios):.2f}, {sum(r < 1 for r in ratios)} of {len(ratios)} below 1')
    if behind:
        sys.exit(f'{behind} points below {level} of {THEIRS}')


if __name__ == '__main__':
    main()
