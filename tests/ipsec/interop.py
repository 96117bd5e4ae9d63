#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The interoperability scripts that DPDK ships with ipsec-secgw, as they are in Debian's dpdk-doc, on
the crypto device under test.

    dtap0 --- [port 1  ipsec-secgw  port 0] === link === card with XFRM, in the namespace remote

--packets runs run_test.sh -p (pkttest.sh: packets made by scapy) over two taps, here. Anything else
needs a guest with two network cards on one link: interop-guest.sh.

The scripts log in at a second machine. Here that is a namespace, and some commands are stand-ins:
see the folder interop.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import lab as L

SCRIPTS = '/usr/share/dpdk/examples/ipsec-secgw/test'
HERE = os.path.dirname(os.path.abspath(__file__))
PORTS = ('0000:00:10.0', '0000:00:11.0')    # the gateway's, the kernel's
MODES = [f'{kind}_{a}' for a in ('aesgcm', 'aescbc_sha1', 'aesctr_sha1', '3descbc_sha1')
         for kind in ('tun', 'trs')]
# Of load_env.sh, for one linux_test.sh at a time.
PATHS = {
    'legacy': {'SGW_MODE': 'legacy'},
    'library': {'SGW_MODE': 'library'},
    'library_esn': {'SGW_MODE': 'library', 'SGW_ESN': 'esn-on'},
    'library_esn_atom': {'SGW_MODE': 'library', 'SGW_ESN': 'esn-on', 'SGW_ATOM': 'atom-on'},
    'library_reassembly': {'SGW_MODE': 'library', 'SGW_MULTI_SEG': '128'},
}
PROTOCOLS = ('ipv4-ipv4', 'ipv6-ipv6', 'ipv4-ipv6', 'ipv6-ipv4')    # the mixed ones: tunnels only
FILES = 5               # of linux_test.sh
ABRIDGED_FILE = 345678  # the longest then
PYTHON_PACKAGES = ('python3-scapy', 'python3-pkg-resources')


class Bench:
    """Where scripts run, with the stand-ins in their PATH."""

    def __init__(self, program, folder, logs=None):
        self.folder = folder
        self.logs = logs or os.path.join(folder, 'logs')
        commands = os.path.join(folder, 'bin')
        for d in (self.logs, commands, os.path.join(folder, 'remote'), os.path.join(folder, 'cwd')):
            os.makedirs(d, exist_ok=True)
        # The remote host has no packet filter to flush.
        for name in ('iptables', 'ip6tables'):
            os.symlink(shutil.which('true'), os.path.join(commands, name))
        self.environment = dict(
            os.environ, LC_ALL='C',
            PATH=':'.join((os.path.join(HERE, 'interop'), commands, os.environ['PATH'])),
            INTEROP_DIR=folder, INTEROP_LOGS=self.logs, INTEROP_PROGRAM=program,
            SGW_PATH=os.path.join(HERE, 'interop', 'gateway'))

    def run(self, words, environment, limit):
        """Exit code and output of a script; all gateways have to end well, whatever it says."""
        for f in glob.glob(os.path.join(self.logs, 'gateway.*')):
            os.remove(f)
        log = os.path.join(self.logs, 'script')
        with open(log, 'w') as f:
            p = subprocess.Popen(words, cwd=os.path.join(self.folder, 'cwd'), stdout=f,
                                 stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                                 env=dict(self.environment, **environment), start_new_session=True)
            try:
                code = p.wait(limit)
            except subprocess.TimeoutExpired:
                code = f'none after {limit} s'
                os.killpg(p.pid, 15)
                p.wait()
        self._collect()
        with open(log, errors='replace') as f:
            return code, f.read()

    def _collect(self):
        settle = os.path.join(HERE, 'interop', 'settle.sh')
        L.run('bash', '-c', f'. {settle} && wait_gone', env=self.environment,
              cwd=os.path.join(self.folder, 'cwd'))

    def gateways(self):
        """The output of every gateway since run(), the first one first."""
        files = glob.glob(os.path.join(self.logs, 'gateway.*'))
        return [open(f, errors='replace').read()
                for f in sorted(files, key=lambda f: int(f.rsplit('.', 1)[1]))]

    def complaint(self, at_least):
        """What is wrong with the gateways of the last run, if anything."""
        out = self.gateways()
        if len(out) < at_least:
            return f'{len(out)} gateways ran, {at_least} expected'
        for text in out:
            if 'entering main loop' not in text or 'gateway ended: exit code 0' not in text:
                return 'a gateway did not start or end well:\n' + '\n'.join(text.splitlines()[-15:])
        return ''


def need_scripts():
    if not os.path.exists(f'{SCRIPTS}/run_test.sh'):
        raise L.Skip(f'no interoperability scripts in {SCRIPTS}: install dpdk-doc')
    for name in ('ifconfig', 'sysctl', 'ip', 'ping6', 'flock'):
        if not shutil.which(name):
            raise L.Skip(f'{name} is not installed')


# Packets made by scapy

def python_packages(folder):
    """Scapy is fetched, not installed; returns where Python finds it."""
    os.makedirs(folder, exist_ok=True)
    where = os.path.join(folder, 'usr/lib/python3/dist-packages')
    if not os.path.isdir(f'{where}/scapy'):
        for name in PYTHON_PACKAGES:
            if subprocess.run(['apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'download', name],
                              cwd=folder, stderr=subprocess.DEVNULL).returncode:
                raise L.Skip(f'cannot download {name}')
            L.run('dpkg-deb', '-x', glob.glob(f'{folder}/{name}_*.deb')[0], folder)
    return where


def packets(args):
    need_scripts()
    scapy = python_packages(os.path.join(args.build, 'scapy'))
    L.enter(hugepages=140)
    program = L.build_example('ipsec-secgw', os.path.join(args.build, 'examples'))
    L.install_plugins(args.build)
    # The tests take the next frame on a tap for theirs: the kernel must not talk by itself.
    with open('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'w') as f:
        f.write('1')
    wrong = False
    # The script insists on crypto_null: once as it says, as a measure, and once on ours.
    for device in ('', args.dut):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(program, folder)
            code, out = bench.run(
                ['bash', f'{SCRIPTS}/run_test.sh', '-p'],
                {'INTEROP_CRYPTO': device, 'PYTHONPATH': scapy, 'HOME': folder,
                 'SGW_LCORE': str(min(os.sched_getaffinity(0)))}, 240)
            ran = sum(int(n) for n in re.findall(r'^Ran (\d+) tests? in', out, re.M))
            ok = len(re.findall(r'\.\.\. ok$', out, re.M))
            complaint = bench.complaint(2)
            good = code == 0 and not complaint and ran and ran == ok
            print(f'run_test.sh -p on {device or "crypto_null0"}: exit code {code}, '
                  f'{ran} tests, {ok} ok', flush=True)
            if not good:
                wrong = True
                print(complaint or out[-4000:])
    if wrong:
        raise L.Failure('run_test.sh -p')


# Linux at the other end

def bind_ports():
    """The first card for DPDK, the second for the kernel; returns the name of the latter."""
    with open(f'/sys/bus/pci/devices/{PORTS[0]}/driver_override', 'w') as f:
        f.write('uio_pci_generic')
    L.run('modprobe', '-a', 'uio_pci_generic', 'e1000')
    with open('/sys/bus/pci/drivers_probe', 'w') as f:
        f.write(PORTS[0])
    if not os.path.exists(f'/sys/bus/pci/drivers/uio_pci_generic/{PORTS[0]}'):
        raise L.Failure(f'{PORTS[0]} is not bound to uio_pci_generic')
    return os.listdir(f'/sys/bus/pci/devices/{PORTS[1]}/net')[0]


def local_copies(commands):
    """
    The guest's root is an overlay of the host's file system, and every open of a file there asks
    the host, which takes longest of all that a ping does. What was written to is the guest's own.
    """
    files = {'/etc/ld.so.cache', '/etc/nsswitch.conf', '/etc/protocols', '/etc/services'}
    for path in map(shutil.which, commands):
        files.add(path)
        files.update(re.findall(r'(/[^ ]+) \(0x', L.run('ldd', path, check=False)))
    for path in filter(os.path.exists, files):
        os.utime(path)


def remote_host(bench, interface):
    remote = L.Namespace('remote')
    L.run('ip', 'link', 'set', interface, 'netns', remote.name)
    # Nothing but the test talks on the link, and addresses are good at once.
    for name in ('accept_dad', 'router_solicitations'):
        remote.sysctl(f'net.ipv6.conf.{interface}.{name}', 0)
        with open(f'/proc/sys/net/ipv6/conf/default/{name}', 'w') as f:
            f.write('0')
    return subprocess.Popen(
        ['ip', 'netns', 'exec', remote.name, os.path.join(HERE, 'interop', 'scp'), '--serve'],
        cwd=os.path.join(bench.folder, 'remote'))


def one_case(bench, case, args, interface):
    """linux_test.sh for one case; True if it passed."""
    path, protocol, mode = case
    environment = dict(
        PATHS[path], REMOTE_HOST='remote', REMOTE_IFACE=interface, SGW_LCORE='1',
        ETH_DEV=f'-a {PORTS[0]}', CRYPTO_DEV=f'--vdev {args.dut}')
    expected = 5000 if 'reassembly' in path else 1200
    if args.every > 1:
        environment.update(BASH_ENV=os.path.join(HERE, 'interop', 'abridge.sh'),
                           INTEROP_EVERY=str(args.every), INTEROP_LARGEST=str(ABRIDGED_FILE))
        expected = len(range(0, expected, args.every))
    start = time.monotonic()
    code, out = bench.run(['bash', f'{SCRIPTS}/linux_test.sh', protocol, mode], environment,
                          args.limit)
    complaint = bench.complaint(1)
    pings = len(re.findall(r'^\d+ bytes from ', out, re.M))
    copies = len(re.findall(r'^\d+ bytes .* copied,', out, re.M))
    print(f'{path} {protocol} {mode}: exit code {code}, {pings} of {expected} pings, {copies} of '
          f'{FILES} files, {time.monotonic() - start:.0f} s', flush=True)
    if code == 0 and not complaint and pings == expected and copies == FILES:
        return True
    print(complaint or '\n'.join((bench.gateways() or [''])[-1].splitlines()[-8:]))
    print('\n'.join(out.splitlines()[-12:]), flush=True)
    return False


def every_case():
    """All that run_test.sh would run with -4 -6 -m, with and without -l; and -s."""
    return [(path, protocol, mode) for mode in MODES for path in PATHS for protocol in PROTOCOLS
            if mode.startswith('tun') or protocol in PROTOCOLS[:2]]


def linux(args):
    need_scripts()
    if not os.path.ismount('/share') or not os.path.exists(f'/sys/bus/pci/devices/{PORTS[1]}'):
        raise L.Skip('not in the guest of interop-guest.sh')
    os.makedirs(L.PLUGINS, exist_ok=True)
    L.install_plugins(args.build, ('net_e1000', 'bus_pci'))
    local_copies(('bash', 'sh', 'ip', 'sleep', 'grep', 'sed', 'sysctl', 'ping', 'ifconfig', 'flock',
                  'cat', 'rm', 'dd', 'diff', 'stdbuf'))
    interface = bind_ports()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.program, folder, args.logs)
        server = remote_host(bench, interface)
        try:
            cases = [c.split('/') for c in args.cases.split(',')] if args.cases else every_case()
            passed = [one_case(bench, c, args, interface) for c in cases]
        finally:
            server.kill()
            server.wait()
    print(f'{len(passed)} cases, {sum(passed)} passed')
    if not all(passed):
        raise L.Failure('; '.join('/'.join(c) for c, ok in zip(cases, passed) if not ok))


def test():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True, help='build folder, for plug-ins and examples')
    p.add_argument('--program', help='ipsec-secgw, if it is built already')
    p.add_argument('--dut', default='crypto_uacce,device=emu,threads=0', help='crypto vdev')
    p.add_argument('--packets', action='store_true', help='run_test.sh -p')
    p.add_argument('--cases', help='only these PATH/PROTOCOL/MODE, by comma')
    p.add_argument('--every', type=int, default=1, metavar='N',
                   help='pings of each Nth size only, and no long file')
    p.add_argument('--logs', help='folder for the output of scripts and gateways')
    p.add_argument('--limit', type=int, default=1800, help='seconds for one case')
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    packets(args) if args.packets else linux(args)


if __name__ == '__main__':
    sys.exit(L.main(test))
