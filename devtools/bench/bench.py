#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is measured, and in which order; see devtools/bench.sh."""
import argparse
import os
import pathlib
import sys
import tarfile
import time

import report
import tools

# A name with a second word is a device of a daemon, see tools.split().
CRYPTO = {
    'aes-cbc-sha1': ('crypto_uacce', 'crypto_uacce iommu', 'crypto_aesni_mb', 'crypto_openssl'),
    'aes-gcm': ('crypto_uacce', 'crypto_uacce iommu', 'crypto_aesni_gcm', 'crypto_aesni_mb',
                'crypto_openssl'),
    'null': ('crypto_null',),
}
COMPRESS = ('compress_uacce', 'compress_uacce iommu', 'compress_isal', 'compress_zlib')
FILE_SIZE = 4 << 20


class Plan:
    def __init__(self, quick):
        self.quick = quick
        self.sizes = (64, 1408) if quick else (64, 256, 1408, 4096, 16384)
        self.bursts = (32,) if quick else (1, 8, 32, 128)
        self.two = () if quick else (64, 1408, 16384)      # sizes with two queue pairs
        self.latency_sizes = () if quick else (64, 1408)
        self.latency_bursts = (1, 32)
        self.bytes = 100e6 if quick else 400e6
        self.segments = (16384,) if quick else (2048, 16384)
        self.levels = (1,) if quick else (1, 6)
        self.iterations = 4 if quick else 10

    def operations(self, test, size):
        """
        Enough to take a while, and not for ever; whole bursts of every length. The fastest drivers do
        20 million small ones a second, and want some time until what they work on is in the caches.
        """
        most = 2e6 if test == 'throughput' else 300e3
        return int(min(most, max(self.bytes / size, 15e3))) // 128 * 128

    def crypto(self):
        """(test, algorithm, driver, queue pairs, size, bursts); drivers take turns."""
        for algorithm, drivers in CRYPTO.items():
            for size in self.sizes:
                for test in ('throughput', 'pmd-cyclecount'):
                    for driver in drivers:
                        # Nothing of the driver's own is in the throughput of a daemon's device.
                        if self.quick and test == 'throughput' and tools.split(driver)[1]:
                            continue
                        yield test, algorithm, driver, 1, size, self.bursts
            for size in self.two:
                for driver in drivers:
                    yield 'throughput', algorithm, driver, 2, size, (32,)
            for size in self.latency_sizes:
                for driver in drivers:
                    yield 'latency', algorithm, driver, 1, size, self.latency_bursts
            for driver in drivers:
                if tools.is_ours(driver):
                    yield 'doorbells', algorithm, driver, 1, 64, (32,)

    def compress(self):
        for level in self.levels:
            for segment in self.segments:
                for driver in COMPRESS:
                    yield 'throughput', f'deflate-{level}', driver, 1, segment, (0,)
            if self.two:
                for driver in COMPRESS:
                    yield 'throughput', f'deflate-{level}', driver, 2, 16384, (0,)


def make_file(folder):
    """Real data: header files and programs of this machine."""
    path = folder / 'input.tar'
    with tarfile.open(path, 'w') as tar:
        for home, share in (('/usr/include', 0.6), ('/usr/bin', 1.0)):
            for name in sorted(pathlib.Path(home).rglob('*')):
                if name.is_file() and not name.is_symlink() and name.stat().st_size < 1 << 20:
                    tar.add(name)
                if tar.offset >= FILE_SIZE * share:
                    break
    with open(path, 'r+b') as f:
        f.truncate(min(FILE_SIZE, path.stat().st_size))
    return path


def measure(tool, plan, results, point, path):
    test, algorithm, driver, pairs, size, bursts = point
    key = (test, algorithm, driver, pairs, size)
    if tools.is_ours(driver) and not tool.has(driver):
        return
    try:
        if driver.startswith('compress'):
            level = int(algorithm.split('-')[1])
            values = tool.compress(driver, pairs, path, size, level, plan.iterations)
        elif test == 'doorbells':
            values = tool.doorbells(driver, algorithm, size, bursts[0], plan.operations(test, size))
        else:
            ops = 10240 if test == 'latency' else plan.operations(test, size)
            values = tool.crypto(test, driver, algorithm, pairs, size, bursts, ops)
        results.add(key, values)
    except tools.Failed as e:
        results.fail(key, bursts, str(e))
        print(f'  {" ".join(map(str, key))}: FAILED: {e}', flush=True)


def arguments():
    p = argparse.ArgumentParser(prog='bench.sh', description='see the head of devtools/bench.sh')
    p.add_argument('--build', type=pathlib.Path, required=True)
    p.add_argument('--quick', action='store_true')
    p.add_argument('--rounds', type=int)
    p.add_argument('--output', type=pathlib.Path)
    p.add_argument('--only', choices=('crypto', 'compress'))
    a = p.parse_args()
    a.rounds = a.rounds or (1 if a.quick else 3)
    if a.rounds < 1:
        p.error('--rounds must be 1 or more')
    a.output = a.output or a.build / 'bench'
    return a


def main():
    args = arguments()
    plan, results = Plan(args.quick), report.Results()
    logs = args.build / 'bench-logs'
    tool = tools.Tools(logs, args.build)
    points = []
    if args.only != 'compress':
        points += plan.crypto()
    if args.only != 'crypto':
        points += plan.compress()
    path = make_file(logs)
    about = report.machine()
    start = time.monotonic()
    for n in range(args.rounds):
        results.load.append(os.getloadavg()[0])
        print(f'round {n + 1} of {args.rounds}, {len(points)} runs, load average '
              f'{results.load[-1]:.2f}', flush=True)
        for point in points:
            measure(tool, plan, results, point, path)
        about['rounds'] = n + 1
        about['seconds'] = round(time.monotonic() - start)
        text = report.write(args.output, results, about)
    print('\n'.join(text))
    print(f'\nresults: {args.output}; logs: {logs}')
    return 1 if results.failures else 0


if __name__ == '__main__':
    sys.exit(main())
