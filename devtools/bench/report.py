# SPDX-License-Identifier: BSD-3-Clause
"""Collects what was measured; writes the table, JSON and plots."""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess

import svg

UNITS = {'Gbps': 'Gbit/s', 'Mops': 'million operations/s', 'enqueue': 'cycles per operation',
         'dequeue': 'cycles per operation', 'enqueue + dequeue': 'cycles per operation',
         'average': 'us', 'maximum': 'us', 'compress Gbps': 'Gbit/s', 'decompress Gbps': 'Gbit/s',
         'compressed %': '% of the input', 'operations per doorbell': 'operations'}


def output(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ''


def machine():
    cpu = next((x.split(':', 1)[1].strip() for x in open('/proc/cpuinfo')
                if x.startswith(('model name', 'CPU part'))), platform.machine())
    return {
        'processor': cpu,
        'cpus': len(os.sched_getaffinity(0)),
        'virtual machine': output('systemd-detect-virt') or ('yes' if 'hypervisor' in
                           open('/proc/cpuinfo').read() else 'no'),
        'kernel': platform.release(),
        'dpdk': output('pkg-config', '--modversion', 'libdpdk'),
        'ipsec-mb': output('dpkg-query', '-W', '-f', '${Version}', 'libipsec-mb-dev'),
        'openssl': output('openssl', 'version'),
        'commit': output('git', '-C', os.path.dirname(os.path.abspath(__file__)), 'describe',
                         '--always', '--dirty'),
        'date': datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d %H:%M UTC'),
    }


class Results:
    """{(test, algorithm, driver, queue pairs, size, burst, metric): values of all rounds}"""

    def __init__(self):
        self.values = {}
        self.failures = {}      # the same key with metric '': [what happened]
        self.load = []          # load average before each round

    def add(self, key, values):
        for (burst, metric), value in values.items():
            self.values.setdefault(key + (burst, metric), []).append(value)
        if (key[0] == 'pmd-cyclecount'):
            for burst in sorted({b for b, _ in values}):
                both = values[burst, 'enqueue'] + values[burst, 'dequeue']
                self.values.setdefault(key + (burst, 'enqueue + dequeue'), []).append(both)

    def fail(self, key, bursts, why):
        for burst in bursts:
            self.failures.setdefault(key + (burst,), []).append(why)

    def rows(self):
        for key, values in self.values.items():
            yield dict(zip(('test', 'algorithm', 'driver', 'queue_pairs', 'size', 'burst',
                            'metric'), key)) | {
                'unit': UNITS[key[-1]], 'cores': cores(key[2], key[3]), 'rounds': len(values),
                'median': statistics.median(values), 'min': min(values), 'max': max(values),
                'values': values, 'failed': self.failures.get(key[:-1], [])}

    def lost(self):
        """Points of which no round succeeded."""
        good = {key[:-1] for key in self.values}
        return {key: why for key, why in self.failures.items() if key not in good}


def cores(driver, queue_pairs):
    """A worker lcore per queue pair; the emulated device computes on a thread of its own."""
    return queue_pairs + (1 if driver.split()[0].endswith('_uacce') else 0)


def short(value):
    return f'{value:.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def cell(row):
    if row is None:
        return '-'
    if row == 'failed':
        return 'FAILED'
    text = short(row['median'])
    if row['rounds'] > 1:
        text += f' ({short(row["min"])}..{short(row["max"])})'
    return text + (' !' if row['failed'] else '')


def tables(results):
    """Text: for each test, algorithm, metric and burst a table of drivers by sizes."""
    rows = list(results.rows())
    lost = results.lost()
    out = []
    groups = dict.fromkeys((r['test'], r['algorithm'], r['metric'], r['burst']) for r in rows)
    for test, algorithm, metric, burst in groups:
        mine = [r for r in rows if (r['test'], r['algorithm'], r['metric'], r['burst']) ==
                (test, algorithm, metric, burst)]
        failed = [k for k in lost if (k[0], k[1], k[5]) == (test, algorithm, burst)]
        sizes = sorted({r['size'] for r in mine} | {k[4] for k in failed})
        names = dict.fromkeys([(r['driver'], r['queue_pairs']) for r in mine] +
                              [(k[2], k[3]) for k in failed])
        title = f'{test} {algorithm}: {metric}, {UNITS[metric]}'
        out.append(title + (f', bursts of {burst}' if burst else ''))
        out.append(f'{"driver":22}{"qp":>3}{"cores":>6}' +
                   ''.join(f'{f"{s} B":>22}' for s in sizes))
        for driver, qp in names:
            cells = []
            for s in sizes:
                found = [r for r in mine if (r['driver'], r['queue_pairs'], r['size']) ==
                         (driver, qp, s)]
                gone = any((k[2], k[3], k[4]) == (driver, qp, s) for k in failed)
                cells.append(cell(found[0] if found else 'failed' if gone else None))
            out.append(f'{driver:22}{qp:>3}{cores(driver, qp):>6}' +
                       ''.join(f'{c:>22}' for c in cells))
        out.append('')
    return out


class Goals:
    """What issue and documentation promise, each a figure of one run and its limit."""

    def __init__(self, results):
        self.medians = {key: statistics.median(v) for key, v in results.values.items()}
        self.lines = []

    def get(self, *key):
        return self.medians.get(key)

    def judge(self, what, value, limit, least=False):
        if value is None:
            self.lines.append(f'-     {what}: not measured')
            return
        good = value >= limit if least else value <= limit
        word = 'at least' if least else 'at most'
        self.lines.append(f'{"PASS" if good else "MISS"}  {what}: {short(value)}, '
                          f'goal {word} {limit:g}')

    def cycles(self, algorithm, driver, size):
        return self.get('pmd-cyclecount', algorithm, driver, 1, size, 32, 'enqueue + dequeue')

    def all_cycles(self):
        ours = {size: self.cycles('aes-cbc-sha1', 'crypto_uacce', size) for size in (64, 1408)}
        for size, most in ((64, 0.30), (1408, 0.10)):
            what = f'aes-cbc-sha1 {size} B, lcore cycles per operation'
            self.judge(what, ours[size], 100)
            self.judge(f'{what}, ratio to crypto_aesni_mb', ratio(
                ours[size], self.cycles('aes-cbc-sha1', 'crypto_aesni_mb', size)), most)
        self.judge('aes-cbc-sha1, lcore cycles at 1408 B to those at 64 B',
                   ratio(ours[1408], ours[64]), 1.2)
        for algorithm in ('aes-cbc-sha1', 'aes-gcm'):
            for size in (64, 1408):
                for mode in ('iommu', 'noiommu'):
                    value = self.cycles(algorithm, f'crypto_uacce {mode}', size)
                    if value is not None or mode == 'iommu':
                        self.judge(f'{algorithm} {size} B, lcore cycles without SVA ({mode}) to '
                                   'those with', ratio(value, self.cycles(
                                       algorithm, 'crypto_uacce', size)), 1.05)

    def throughput(self, algorithm, peer, size, least):
        self.judge(f'{algorithm} {size} B, throughput to {peer}', ratio(
            self.get('throughput', algorithm, 'crypto_uacce', 1, size, 32, 'Gbps'),
            self.get('throughput', algorithm, peer, 1, size, 32, 'Gbps')), least, True)

    def crypto(self):
        self.all_cycles()
        self.throughput('aes-gcm', 'crypto_aesni_gcm', 64, 1)
        self.throughput('aes-gcm', 'crypto_aesni_gcm', 1408, 0.9)
        for size in (64, 1408):
            self.throughput('aes-cbc-sha1', 'crypto_aesni_mb', size, 0.9)
        for algorithm in ('aes-cbc-sha1', 'aes-gcm'):
            for size in sorted({k[4] for k in self.medians if k[:3] == (
                    'throughput', algorithm, 'crypto_openssl')}):
                self.throughput(algorithm, 'crypto_openssl', size, 1)
        # A ring is not always a whole number of bursts: the last one of a filling is shorter.
        for key, value in self.medians.items():
            if key[0] == 'doorbells':
                self.judge(f'{key[1]}, {key[2]}: operations per doorbell in bursts of {key[5]}',
                           value, 0.95 * key[5], True)

    def compress(self):
        points = [k for k in self.medians if k[1].startswith('deflate') and k[3] == 1 and
                  k[2] == 'compress_uacce' and k[6] != 'compressed %']
        for key in points:
            for peer, least in (('compress_isal', 0.9), ('compress_zlib', 1)):
                self.judge(f'{key[1]} {key[4]} B, {key[6].split()[0]} throughput to {peer}', ratio(
                    self.medians[key], self.get(*key[:2], peer, *key[3:])), least, True)


def ratio(a, b):
    return None if a is None or not b else a / b


def goals(results):
    g = Goals(results)
    names = {k[2].split('_')[0] for k in results.values}
    if 'crypto' in names:
        g.crypto()
    if 'compress' in names:
        g.compress()
    return ['goals: medians against each other, one lcore, one engine thread'] + g.lines


def notes(results):
    out = ['cores: one worker lcore per queue pair, and one engine thread of the emulated device',
           'for the drivers of this project; the main lcore, which only waits, is not counted.',
           'crypto_uacce, compress_uacce: a device in the process, with SVA; iommu, noiommu: one',
           'of a daemon, without.',
           'pmd-cyclecount: the engine is kept awake (spin=1000000), as hardware is.',
           'a (b..c): median and range of the rounds; "!": some round failed; "-": not measured.']
    for key, why in results.failures.items():
        out.append(f'FAILED {" ".join(map(str, key))}: {"; ".join(dict.fromkeys(why))}')
    return out


def quiet(load):
    """What else the machine did, in words; the tools themselves raise the load of later rounds."""
    first = load[0]
    if first < 0.5:
        return f'The machine was quiet at the start (load average {first:.2f}).'
    return (f'THE MACHINE WAS NOT QUIET: load average {first:.2f} at the start. '
            'Compare these figures with nothing but each other, and with care.')


# Results may be kept in a tree where each file says its licence.
LICENCE = 'SPDX-License-Identifier: BSD-3-Clause'


def write(folder, results, about):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = [f'{k}: {v}' for k, v in about.items()] + [quiet(results.load), '']
    text += tables(results) + notes(results) + [''] + goals(results)
    (folder / 'results.txt').write_text('\n'.join([LICENCE, ''] + text) + '\n')
    (folder / 'results.json').write_text(json.dumps(
        {'licence': LICENCE,
         'machine': about, 'load': results.load, 'quiet': quiet(results.load),
         'points': list(results.rows()), 'goals': goals(results)[1:],
         'failed': [{'point': list(k), 'why': v} for k, v in results.failures.items()]},
        indent=1) + '\n')
    plots(folder, results)
    return text


def plots(folder, results):
    rows = list(results.rows())
    # Against the size with bursts of 32 (or the only ones), against the burst at every size.
    for test, algorithm, metric in dict.fromkeys(
            (r['test'], r['algorithm'], r['metric']) for r in rows):
        mine = [r for r in rows if (r['test'], r['algorithm'], r['metric']) ==
                (test, algorithm, metric)]
        bursts = sorted({r['burst'] for r in mine})
        burst = 32 if 32 in bursts else bursts[-1]
        series = collect([r for r in mine if r['burst'] == burst], 'size')
        base = f'{test}-{algorithm}-{metric}'.replace(' ', '-').replace('%', 'percent')
        title = f'{algorithm} {test}, {metric}' + (f', bursts of {burst}' if burst else '')
        (folder / f'{base}.svg').write_text(svg.plot(title, 'bytes', UNITS[metric], series))
        one = [r for r in mine if r['queue_pairs'] == 1 and r['size'] == 1408]
        if len({r['burst'] for r in one}) > 1:
            (folder / f'{base}-by-burst.svg').write_text(svg.plot(
                f'{algorithm} {test}, {metric}, 1408 B', 'burst', UNITS[metric],
                collect(one, 'burst')))


def collect(rows, axis):
    series = {}
    for r in rows:
        name = f'{r["driver"]}, {r["queue_pairs"]} qp'
        series.setdefault(name, []).append((r[axis], r['median'], r['min'], r['max']))
    return series
