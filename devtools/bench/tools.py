# SPDX-License-Identifier: BSD-3-Clause
"""Runs DPDK's performance tools and reads their output."""
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

TIMEOUT = 120           # seconds for one run of a tool
SAMPLE = 0.02           # seconds between two looks at the telemetry
ERROR = re.compile(r'^(USER1|EAL|CRYPTODEV|COMPRESSDEV).*(error|fail|could not|cannot|can\'t|'
                   r'not successful|not equal|not the same|invalid)', re.IGNORECASE)

CIPHER_AUTH = ('--optype cipher-then-auth --cipher-algo {} --cipher-op encrypt --cipher-key-sz {} '
               '--cipher-iv-sz {} --auth-algo {} --auth-op generate --auth-key-sz {} '
               '--digest-sz {}')
ALGORITHMS = {
    'aes-cbc-sha1': CIPHER_AUTH.format('aes-cbc', 16, 16, 'sha1-hmac', 64, 20),
    'aes-gcm': '--optype aead --aead-algo aes-gcm --aead-op encrypt --aead-key-sz 16 '
               '--aead-iv-sz 12 --aead-aad-sz 16 --digest-sz 16',
    # What the tool and the device interface cost with a driver that does nothing.
    'null': '--optype cipher-only --cipher-algo null --cipher-op encrypt --cipher-key-sz 0 '
            '--cipher-iv-sz 0',
}


class Failed(Exception):
    """A run that did not end well, or lost operations; says how."""


def split(name):
    """
    Driver and kind of device of a name in the plan: "crypto_uacce" is a device in the process, with
    SVA; "crypto_uacce iommu" one of a daemon, which reaches the memory shared with it and no other;
    "crypto_uacce noiommu" likewise, by physical addresses.
    """
    driver, _, mode = name.partition(' ')
    return driver, mode


def is_ours(name):
    return split(name)[0].endswith('_uacce')


class Tools:
    """Knows the machine's CPUs, the plug-ins, and where logs go."""

    def __init__(self, logs, build=None):
        self.logs = pathlib.Path(logs)
        self.emu = pathlib.Path(build, 'app', 'uacce-emu', 'uacce-emu') if build else None
        self.logs.mkdir(parents=True, exist_ok=True)
        self.plugins = pathlib.Path(os.environ['UACCE_PLUGIN_DIR'])
        self.prefix = os.environ['UACCE_FILE_PREFIX']
        self.cpus = sorted(os.sched_getaffinity(0))
        self.runs = 0

    def has(self, driver):
        """Whether this project's driver is built; DPDK's own are found by trying."""
        driver, mode = split(driver)
        return ((self.plugins / f'librte_{driver}.so').exists() and
                (not mode or (self.emu is not None and self.emu.exists())))

    def lcores(self, workers):
        """
        EAL's main lcore, which only waits, and the workers. Where there are not enough CPUs the
        last workers share those of the others.
        """
        pairs = [f'{n}@{self.cpus[n % len(self.cpus)]}' for n in range(workers + 1)]
        return ','.join(pairs)

    @contextlib.contextmanager
    def device(self, name, awake):
        """
        The devargs of a driver's device; starts the daemon that has it, if there is one. An engine
        that is awake never sleeps, as hardware.
        """
        driver, mode = split(name)
        options = ',spin=1000000' if awake else ''
        if not mode:
            yield 'device=emu' + options
            return
        kind = 'sec2' if driver.startswith('crypto') else 'zip'
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'sock')
            # On the main lcore's CPU, where the drivers put an engine of this process.
            device = f'{kind}:mode={mode},cpus={self.cpus[0]}{options}'
            daemon = subprocess.Popen(
                [self.emu, 'serve', '--socket', path, '--device', device],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                end = time.monotonic() + 10
                while not os.path.exists(path):
                    if daemon.poll() is not None or time.monotonic() > end:
                        raise Failed('the daemon does not listen')
                    time.sleep(0.01)
                yield f'device=emu:{path}'
            finally:
                daemon.terminate()
                daemon.wait()

    def command(self, tool, name, devargs, workers, args):
        driver, mode = split(name)
        command = [tool, '--lcores', self.lcores(workers), '--no-pci', '-m', '512',
                   f'--file-prefix={self.prefix}']
        if mode:
            command.append('--iova-mode=' + ('pa' if mode == 'noiommu' else 'va'))
        if is_ours(name):
            plugin = self.plugins / f'librte_{driver}.so'
            command += ['-d', str(plugin), '--vdev', f'{driver},{devargs}']
        else:
            command += ['--vdev', driver]
        return command + ['--'] + args

    def run(self, tool, name, workers, args, watch=None, awake=False):
        """
        Lines that the tool printed. watch() is called now and then while it runs.
        """
        self.runs += 1
        log = self.logs / f'{self.runs:04}-{name.replace(" ", "-")}.log'
        with self.device(name, awake) as devargs, open(log, 'wb') as out:
            command = self.command(tool, name, devargs, workers, args)
            out.write(' '.join(command).encode() + b'\n')
            out.flush()
            try:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                         stderr=subprocess.STDOUT)
            except FileNotFoundError as e:
                raise Failed(f'{tool} is not installed') from e
            self.wait(child, watch, log)
        lines = log.read_text(errors='replace').splitlines()[1:]
        wrong = [x.strip() for x in lines if ERROR.match(x)]
        if child.returncode or wrong:
            last = wrong[:1] or [x for x in lines if x.strip()][-1:]
            raise Failed(f'exit code {child.returncode}: {"".join(last)} ({log.name})')
        return lines

    @staticmethod
    def wait(child, watch, log):
        end = time.monotonic() + TIMEOUT
        try:
            while watch is not None and child.poll() is None and time.monotonic() < end:
                watch()
                time.sleep(SAMPLE)
            child.wait(timeout=max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired as e:
            child.kill()
            child.wait()
            raise Failed(f'no end within {TIMEOUT} s ({log.name})') from e

    def counters(self):
        """What the queue pair 0 of device 0 counts, or None."""
        path = f'/var/run/dpdk/{self.prefix}/dpdk_telemetry.v2'
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.settimeout(2)
                s.connect(path)
                s.recv(1024)
                s.send(b'/crypto_uacce/queue,0,0')
                return json.loads(s.recv(16384))['/crypto_uacce/queue']
        except (OSError, ValueError, KeyError):
            return None

    def doorbells(self, name, algorithm, size, burst, ops):
        """Operations per doorbell; the counters are read while the tool runs."""
        last = {}

        def watch():
            now = self.counters()
            if now and now.get('sq_doorbells'):
                last.update(now)
        self.run('dpdk-test-crypto-perf', name, 1, [
            '--devtype', split(name)[0], '--ptest', 'pmd-cyclecount', '--silent',
            *ALGORITHMS[algorithm].split(), '--buffer-sz', str(size), '--total-ops', str(ops),
            '--burst-sz', str(burst), '--pmd-cyclecount-delay-ms', '2'], watch)
        if not last:
            raise Failed('the telemetry told nothing')
        return {(burst, 'operations per doorbell'): last['enqueued'] / last['sq_doorbells']}

    def crypto(self, test, driver, algorithm, workers, size, bursts, ops):
        """{(burst, metric): value} of one size."""
        args = ['--devtype', split(driver)[0], '--ptest', test, '--silent',
                *ALGORITHMS[algorithm].split(), '--buffer-sz', str(size), '--total-ops', str(ops)]
        if test == 'latency':
            return self._latency(driver, workers, args, bursts, ops)
        args += ['--csv-friendly', '--burst-sz', ','.join(map(str, bursts))]
        if test == 'pmd-cyclecount':
            # Time for a device to finish a full ring, so that waiting is not counted as work.
            args += ['--pmd-cyclecount-delay-ms', str(2 + size * 2048 // 1000000)]
        rows = []
        for line in self.run('dpdk-test-crypto-perf', driver, workers, args,
                             awake=test == 'pmd-cyclecount'):
            fields = line.strip().replace(' ', '').split(',')
            if len(fields) > 6 and fields[0].isdigit():
                rows.append([float(f) for f in fields])
        if len(rows) != workers * len(bursts):
            raise Failed(f'{len(rows)} result lines, not {workers * len(bursts)}')
        for r in rows:
            if r[3] != ops or r[4] != ops:
                raise Failed(f'burst {r[2]:.0f}: {r[3]:.0f} operations enqueued and {r[4]:.0f} '
                             f'dequeued of {ops}')
        result = {}
        for burst in bursts:
            mine = [r for r in rows if r[2] == burst]
            if test == 'throughput':
                result[burst, 'Gbps'] = sum(r[8] for r in mine)
                result[burst, 'Mops'] = sum(r[7] for r in mine)
            else:
                result[burst, 'enqueue'] = sum(r[8] for r in mine) / len(mine)
                result[burst, 'dequeue'] = sum(r[9] for r in mine) / len(mine)
        return result

    def _latency(self, driver, workers, args, bursts, ops):
        result = {}
        for burst in bursts:
            lines = self.run('dpdk-test-crypto-perf', driver, workers,
                             args + ['--burst-sz', str(burst)])
            text = '\n'.join(lines)
            done = re.search(r'# +dequeued\s+(\d+)', text)
            times = re.search(r'# time \[us\]\s+\S+\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)', text)
            if not done or not times or int(done[1]) != ops:
                raise Failed(f'burst {burst}: {done[1] if done else "no"} operations dequeued '
                             f'of {ops}')
            result[burst, 'average'] = float(times[1])
            result[burst, 'maximum'] = float(times[2])
        return result

    def compress(self, driver, workers, path, segment, level, iterations):
        """{(0, metric): value}"""
        size = path.stat().st_size
        lines = self.run('dpdk-test-compress-perf', driver, workers, [
            '--ptest', 'throughput', '--driver-name', split(driver)[0], '--input-file', str(path),
            '--seg-sz', str(segment), '--max-num-sgl-segs', '1', '--huffman-enc', 'dynamic',
            '--compress-level', str(level), '--operation', 'comp_and_decomp',
            '--num-iter', str(iterations)])
        rows = [x.split() for x in lines if re.fullmatch(r'\s+\d+\s+\d+\s+\d+[\d\s.]*', x)]
        if len(rows) != workers:
            raise Failed(f'{len(rows)} result lines, not {workers}')
        rows = [[float(f) for f in r[1:]] for r in rows]
        if not all(0 < r[1] < size for r in rows):
            raise Failed(f'{rows[0][1]:.0f} bytes is no compressed size of {size}')
        return {(0, 'compress Gbps'): sum(r[3] for r in rows),
                (0, 'decompress Gbps'): sum(r[4] for r in rows),
                (0, 'compressed %'): rows[0][2]}
