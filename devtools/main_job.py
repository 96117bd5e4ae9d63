#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Runs dpdk-test-crypto-perf and dpdk-test-compress-perf on the emulated accelerator and on DPDK's
software drivers, and prints one table; used by devtools/quickstart.sh through plugin-dir.sh.

usage: main_job.py BUILD [--verify]

First each driver must verify: crypto against vectors computed by OpenSSL, compression against the
file that it compressed. The exit code is 0 only if every run ended well, verified, and returned
every operation. With --verify only that is done, for the drivers of this project: a test.
"""

import os
import pathlib
import platform
import re
import subprocess
import sys
import tarfile
import time

OPS = 200000            # per buffer size and throughput run
VERIFY_OPS = 2000
SIZES = (64, 256, 1024, 2048, 4096, 8192)
VERIFY_SIZES = (64, 1024, 8192)
FILE_SIZE = 8 << 20
SEGMENT = 16384
ITERATIONS = 30
TIMEOUT = 150           # seconds for one run of a tool

# What DPDK's tools report as errors without always ending with an error code.
ERROR = re.compile(r'^(USER1|EAL|CRYPTODEV|COMPRESSDEV).*(error|fail|could not|cannot|can\'t|'
                   r'not successful|not equal|not the same|invalid)', re.IGNORECASE)

ALGORITHMS = {
    'aes-cbc-sha1': '--optype cipher-then-auth --cipher-algo aes-cbc --cipher-op encrypt '
                    '--cipher-key-sz 16 --cipher-iv-sz 16 --auth-algo sha1-hmac '
                    '--auth-op generate --auth-key-sz 64 --digest-sz 20',
    'aes-gcm': '--optype aead --aead-algo aes-gcm --aead-op encrypt --aead-key-sz 16 '
               '--aead-iv-sz 12 --aead-aad-sz 16 --digest-sz 16',
}


class RunError(Exception):
    """A run that failed, or whose output shows a loss."""


class Job:
    """Runs the tools, keeps their logs, and collects what failed."""

    def __init__(self, build, logs):
        self.build = pathlib.Path(build)
        self.logs = self.build / logs
        self.logs.mkdir(exist_ok=True)
        self.plugins = pathlib.Path(os.environ['UACCE_PLUGIN_DIR'])
        self.prefix = os.environ['UACCE_FILE_PREFIX']
        self.failures = []
        self.runs = 0

    def attempt(self, what, function, *args):
        """Calls function and returns its result; a failure is noted and gives None."""
        start = time.monotonic()
        try:
            result = function(*args)
        except RunError as error:
            self.failures.append(f'{what}: {error}')
            print(f'  {what}: FAILED: {error}', flush=True)
            return None
        print(f'  {what}: ok, {time.monotonic() - start:.1f} s', flush=True)
        return result

    def has(self, driver):
        """Whether this build has a driver."""
        return self.plugin(driver).exists()

    def plugin(self, driver):
        """Where a driver's plug-in is, if there is one."""
        return self.plugins / f'librte_{driver}.so'

    def tool(self, tool, driver, args):
        """Runs a tool with one driver and returns the lines that it printed."""
        command = [tool, '-l', '0,1', '--no-pci', '-m', '512', f'--file-prefix={self.prefix}']
        if self.has(driver):
            command += ['-d', str(self.plugin(driver)), '--vdev', f'{driver},device=emu']
        else:
            command += ['--vdev', driver]
        command += ['--'] + args
        self.runs += 1
        log = self.logs / f'{self.runs:02}-{driver}.log'
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
        except FileNotFoundError as error:
            raise RunError(f'{tool} is not installed') from error
        except subprocess.TimeoutExpired as error:
            log.write_bytes(error.stdout or b'')
            raise RunError(f'no end within {TIMEOUT} s ({log})') from error
        log.write_bytes(' '.join(command).encode() + b'\n' + done.stdout)
        lines = done.stdout.decode(errors='replace').splitlines()
        for line in lines:
            if ERROR.match(line):
                raise RunError(f'{line.strip()} ({log})')
        if done.returncode != 0:
            last = [line for line in lines if line.strip()][-1:]
            raise RunError(f'exit code {done.returncode}: {"".join(last)} ({log})')
        return lines


def csv_rows(lines, count):
    """The rows of numbers in the output of dpdk-test-crypto-perf --csv-friendly."""
    rows = []
    for line in lines:
        fields = line.strip().split(',')
        if len(fields) > 6 and re.fullmatch(r'\d+', fields[0]):
            rows.append([float(field) for field in fields])
    if len(rows) != count:
        raise RunError(f'{len(rows)} result lines, not {count}')
    return rows


def check_ops(row, total):
    """Every operation must have gone in and come back."""
    if row[3] != total or row[4] != total:
        raise RunError(f'{row[1]:.0f} B: {row[3]:.0f} operations enqueued and {row[4]:.0f} '
                       f'dequeued of {total}')


def crypto_verify(job, driver, algorithm):
    """Compares what the driver computes with OpenSSL's vectors."""
    for size in VERIFY_SIZES:
        vectors = job.logs / f'{algorithm}-{size}.data'
        program = job.build / 'tests' / 'dpdk-suites' / 'perf_vectors'
        vectors.write_bytes(subprocess.run([program, algorithm, str(size)], check=True,
                                           stdout=subprocess.PIPE).stdout)
        lines = job.tool('dpdk-test-crypto-perf', driver, [
            '--ptest', 'verify', '--devtype', driver, *ALGORITHMS[algorithm].split(),
            '--silent', '--csv-friendly', '--buffer-sz', str(size),
            '--total-ops', str(VERIFY_OPS), '--test-file', str(vectors),
            '--test-name', algorithm])
        row, = csv_rows(lines, 1)
        check_ops(row, VERIFY_OPS)
        if row[7] != 0:
            raise RunError(f'{row[7]:.0f} of {VERIFY_OPS} operations of {size} B are wrong')
    return True


def crypto_speed(job, driver, algorithm):
    """Returns Gbps for each size."""
    lines = job.tool('dpdk-test-crypto-perf', driver, [
        '--ptest', 'throughput', '--devtype', driver, *ALGORITHMS[algorithm].split(),
        '--silent', '--csv-friendly', '--buffer-sz', ','.join(map(str, SIZES)),
        '--total-ops', str(OPS)])
    rows = csv_rows(lines, len(SIZES))
    for row in rows:
        check_ops(row, OPS)
    return [row[8] for row in rows]


def compress(job, driver, test, path):
    """Returns the numbers of the tool's result line; level first."""
    lines = job.tool('dpdk-test-compress-perf', driver, [
        '--ptest', test, '--driver-name', driver, '--input-file', str(path),
        '--seg-sz', str(SEGMENT), '--max-num-sgl-segs', '1', '--huffman-enc', 'dynamic',
        '--compress-level', '1', '--operation', 'comp_and_decomp',
        '--num-iter', str(ITERATIONS)])
    fields = [line.split() for line in lines if re.fullmatch(r'\s+\d+\s+\d+\s+\d+[\d\s.]*', line)]
    if len(fields) != 1:
        raise RunError(f'{len(fields)} result lines, not 1')
    numbers = [float(field) for field in fields[0][1:]]
    if not 0 < numbers[1] < FILE_SIZE:
        raise RunError(f'{numbers[1]:.0f} bytes is no compressed size of {FILE_SIZE}')
    return numbers


def make_file(job):
    """Real data: this machine's header files and some programs, FILE_SIZE bytes of a tar file."""
    path = job.logs / 'input.tar'
    with tarfile.open(path, 'w') as tar:
        for folder, share in (('/usr/include', 0.6), ('/usr/bin', 1.0)):
            for name in sorted(pathlib.Path(folder).rglob('*')):
                if name.is_file() and not name.is_symlink() and name.stat().st_size < 1 << 20:
                    tar.add(name)
                if tar.offset >= FILE_SIZE * share:
                    break
    with open(path, 'r+b') as file:
        if file.seek(0, os.SEEK_END) < FILE_SIZE:
            raise RunError('not enough files on this machine to compress')
        file.truncate(FILE_SIZE)
    return path


def table(title, columns, rows):
    """Prints rows of (name, verified, values); None is a run that failed."""
    print(f'\n{title}')
    print(f'{"":30}{"verify":>8}' + ''.join(f'{column:>10}' for column in columns))
    for name, verified, values in rows:
        cells = ['failed'] * len(columns) if values is None else values
        print(f'{name:30}{"ok" if verified else "FAILED":>8}' +
              ''.join(f'{cell:>10}' for cell in cells))


def crypto(job):
    """All crypto runs; returns rows for the table."""
    drivers = ['crypto_uacce', 'crypto_openssl']
    if platform.machine() == 'x86_64':
        drivers.append('crypto_aesni_mb')
    rows = []
    for algorithm in ALGORITHMS:
        for driver in drivers:
            name = f'{algorithm} {driver}'
            good = job.attempt(f'{name} verify', crypto_verify, job, driver, algorithm)
            speed = job.attempt(f'{name} throughput', crypto_speed, job, driver, algorithm)
            rows.append((name, good, speed and [f'{gbps:.2f}' for gbps in speed]))
    return rows


def compression(job):
    """All compression runs; returns rows for the table."""
    rows = []
    path = job.attempt('input file', make_file, job)
    if path is None:
        return rows
    for driver in ('compress_uacce', 'compress_isal', 'compress_zlib'):
        good = job.attempt(f'{driver} verify', compress, job, driver, 'verify', path)
        speed = job.attempt(f'{driver} throughput', compress, job, driver, 'throughput', path)
        cells = speed and [f'{speed[3]:.2f}', f'{speed[4]:.2f}', f'{speed[2]:.1f} %']
        rows.append((f'deflate {driver}', good, cells))
    return rows


def verify(job):
    """Only the verifying runs, only with this project's drivers, as far as they are built."""
    if job.has('crypto_uacce'):
        for algorithm in ALGORITHMS:
            job.attempt(f'{algorithm} crypto_uacce verify', crypto_verify, job, 'crypto_uacce',
                        algorithm)
    path = job.attempt('input file', make_file, job)
    if path is not None and job.has('compress_uacce'):
        job.attempt('compress_uacce verify', compress, job, 'compress_uacce', 'verify', path)


def show_all(job):
    """The main job: all drivers, and the table."""
    crypto_rows = crypto(job)
    compress_rows = compression(job)
    table(f'Crypto: Gbps by buffer size, one lcore, {OPS} operations each',
          [f'{size} B' for size in SIZES], crypto_rows)
    table(f'Compression of {FILE_SIZE >> 20} MiB in {SEGMENT} B operations, dynamic Huffman, '
          'level 1: Gbps',
          ['compress', 'decompr.', 'size'], compress_rows)
    print(f'\nlogs and input: {job.logs}')


def main():
    """Returns the exit code."""
    options = sys.argv[2:]
    if len(sys.argv) < 2 or options not in ([], ['--verify']) or \
            'UACCE_PLUGIN_DIR' not in os.environ:
        print('usage: plugin-dir.sh BUILD main_job.py BUILD [--verify]', file=sys.stderr)
        return 2
    job = Job(sys.argv[1], 'perf-verify-logs' if options else 'quickstart-logs')
    print('running DPDK\'s performance tools', flush=True)
    if options:
        verify(job)
    else:
        show_all(job)
    for failure in job.failures:
        print(f'FAILED: {failure}')
    return 1 if job.failures else 0


if __name__ == '__main__':
    sys.exit(main())
