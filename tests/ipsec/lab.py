# SPDX-License-Identifier: BSD-3-Clause
"""The test network: two gateways back to back, a client behind each.

    c1 --- [lan gateway 1 wan] === bridge === [wan gateway 2 lan] --- c2

Everything lives in namespaces of its own (network, mount, processes), which end with this
process however it ends: no interface, namespace, process or hugepage is left behind.
"""
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import modes as M

PLUGINS = '/run/uacce-test-plugins'
DPDK_DRIVERS = ('bus_vdev', 'mempool_ring', 'net_tap', 'crypto_ipsec_mb', 'crypto_openssl',
                'crypto_null', 'crypto_scheduler', 'event_sw')
CLONE_NEWNET = 0x40000000
_INSIDE = 'UACCE_IPSEC_LAB'
_libc = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    """The machine cannot run this test; says why."""


class Failure(Exception):
    """The test ran and something is wrong; says what."""


def run(*args, check=True, **kw):
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if check and p.returncode:
        raise Failure(f'{" ".join(args)}: exit code {p.returncode}: {p.stdout.strip()}')
    return p.stdout


def enter(hugepages=400):
    """Continues this program in namespaces of its own; so many hugepages must be free."""
    if os.environ.get(_INSIDE) == '1':
        for folder in ('/run/netns', '/run/dpdk', PLUGINS):
            os.makedirs(folder, exist_ok=True)
            run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'uacce-test', folder)
        run('ip', 'link', 'set', 'lo', 'up')
        return
    if os.geteuid() != 0:
        raise Skip('needs root for namespaces and taps')
    for tool in ('unshare', 'ip', 'ping', 'mount'):
        if not shutil.which(tool):
            raise Skip(f'{tool} is not installed')
    if not os.path.exists('/dev/net/tun'):
        raise Skip('no /dev/net/tun')
    words = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    if subprocess.run(words + ['true'], stderr=subprocess.DEVNULL).returncode:
        raise Skip('no permission to make namespaces')
    free = sum(int(open(f).read()) for f in
               glob.glob('/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages'))
    if free < hugepages:
        raise Skip(f'{free} free hugepages of 2 MiB, {hugepages} needed')
    os.environ[_INSIDE] = '1'
    os.execvp('unshare', words + [sys.executable] + sys.argv)


def build_example(name, folder):
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'example.sh')
    p = subprocess.run([tool, name, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True)
    if p.returncode == 77:
        raise Skip(p.stderr.strip())
    if p.returncode:
        raise Failure(p.stderr.strip())
    return p.stdout.strip()


def install_plugins(build, more=()):
    """
    Gives EAL a plug-in folder with the few drivers that the tests need and with this project's.
    EAL refuses plug-ins below a world-writable folder, which a build folder may be, and starts
    much faster without the hundred drivers that are not used here.
    """
    libdir = run('pkg-config', '--variable=libdir', 'libdpdk').strip()
    home = glob.glob(f'{libdir}/dpdk/pmds-*')
    if not home:
        raise Skip(f'no DPDK drivers in {libdir}')
    for d in DPDK_DRIVERS + tuple(more):
        for f in glob.glob(f'{home[0]}/librte_{d}.so*'):
            shutil.copy(f, PLUGINS, follow_symlinks=False)
    for root, folders, files in os.walk(build):
        folders[:] = [d for d in folders if d not in ('guest', 'examples')]
        for f in files:
            if f.startswith('librte_') and f.endswith('_uacce.so') or f == 'libuacce_emu.so':
                shutil.copy(os.path.join(root, f), PLUGINS)
    run('mount', '--bind', PLUGINS, home[0])


def default_dut():
    """
    Both gateways spin on a CPU each, and the clients need some: engine threads only where there
    are CPUs left for them.
    """
    return 'crypto_uacce,device=emu' + ('' if len(os.sched_getaffinity(0)) >= 6 else ',threads=0')


class Namespace:
    """A network namespace with a name; sockets can be opened in it."""

    def __init__(self, name):
        self.name = name
        run('ip', 'netns', 'add', name)
        self.fd = os.open(f'/run/netns/{name}', os.O_RDONLY)
        self.ip('link', 'set', 'lo', 'up')
        self.sysctl('net.ipv6.conf.default.addr_gen_mode', 1)
        self.sysctl('net.ipv6.conf.default.router_solicitations', 0)

    def run(self, *args, **kw):
        return run('ip', 'netns', 'exec', self.name, *args, **kw)

    def ip(self, *args):
        return run('ip', '-n', self.name, *args)

    def sysctl(self, name, value):
        self.run('sh', '-c', f'echo {value} >/proc/sys/{name.replace(".", "/")}')

    def socket(self, *args):
        """A socket of this namespace; only the calling thread changes over, for a moment."""
        home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        try:
            _setns(self.fd)
            return socket.socket(*args)
        finally:
            _setns(home)
            os.close(home)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


class Telemetry:
    """Reads the counters of a running DPDK process."""

    def __init__(self, prefix):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(5)
        self.sock.connect(f'/run/dpdk/{prefix}/dpdk_telemetry.v2')
        self.size = json.loads(self.sock.recv(1024))['max_output_len']

    def get(self, command):
        self.sock.send(command.encode())
        return json.loads(self.sock.recv(self.size))[command.split(',')[0]]


class Gateway:
    """One ipsec-secgw process: port 0 is the client's side, port 1 the untrusted link."""

    def __init__(self, side, program, core, vdev, mode_list, options, logs):
        self.side = side
        self.vdev = vdev
        self.prefix = f'uacceipsec{side}'
        self.log = os.path.join(logs, f'gateway{side}.log')
        self.process = None
        self.telemetry = None
        config = os.path.join(logs, f'gateway{side}.cfg')
        with open(config, 'w') as f:
            f.write(M.gateway_config(side, mode_list))
        self.command = ['stdbuf', '-oL', program, '-l', str(core), '--file-prefix',
                        self.prefix, '-m', '256', '--no-pci', '--huge-unlink=always']
        self.command += [
            '--vdev', f'net_tap0,iface=g{side}lan,mac={M.lan_mac(side)}',
            '--vdev', f'net_tap1,iface=g{side}wan,mac={M.wan_mac(side)}',
            '--vdev', vdev, '--',
            '-p', '0x3', '-P', '-u', '0x2', '--config', f'(0,0,{core}),(1,0,{core})',
            '-f', config, '-t', '1'] + options

    def start(self, environment):
        environment = dict(os.environ, CRYPTO_CYCLES=self.log.replace('gateway', 'crypto')[:-4],
                           **environment)
        with open(self.log, 'w') as f:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=f,
                                            stderr=subprocess.STDOUT, env=environment)

    def wait_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while 'entering main loop' not in self.text():
            if not self.alive():
                raise Failure(f'gateway {self.side} ({self.vdev}) ended at start with '
                              f'{self.process.returncode}:\n{self.tail()}')
            if time.monotonic() > end:
                raise Failure(f'gateway {self.side} ({self.vdev}) not ready after {seconds} s:\n'
                              f'{self.tail()}')
            time.sleep(0.05)
        self.telemetry = Telemetry(self.prefix)

    def alive(self):
        return self.process.poll() is None

    def text(self):
        with open(self.log, errors='replace') as f:
            return f.read()

    def tail(self, lines=15):
        return '\n'.join(self.text().splitlines()[-lines:])

    def stop(self):
        """Ends it; a failure if it was dead already or does not end."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is not None:
            raise Failure(f'gateway {self.side} ({self.vdev}) died with {process.returncode}:\n'
                          f'{self.tail()}')
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure(f'gateway {self.side} ({self.vdev}) does not end:\n{self.tail()}')
        if process.returncode:
            raise Failure(f'gateway {self.side} ({self.vdev}) ended with {process.returncode}:\n'
                          f'{self.tail()}')

    def screen(self):
        """
        The last statistics screen of the example (its telemetry cannot be read: the names of
        its commands hold a character that DPDK 22.11 refuses).
        """
        blocks = re.findall(r'Total packets received: +(\d+)\nTotal packets sent: +(\d+)\n'
                            r'Total packets dropped: +(\d+)\nTotal frag packets dropped: +(\d+)\n',
                            self.text())
        return len(blocks), [int(n) for n in blocks[-1]] if blocks else [0] * 4

    def counters(self):
        """Totals now, except the example's own, which are up to a second old."""
        _, (received, sent, dropped, frag_dropped) = self.screen()
        t = self.telemetry
        ports = [t.get(f'/ethdev/stats,{p}') for p in (M.LAN_PORT, M.WAN_PORT)]
        crypto = t.get('/cryptodev/stats,0')
        # With the library every SA counts too.
        library = [t.get(f'/ipsec/sa/stats,{spi}') for spi in t.get('/ipsec/sa/list') or []]
        associations = [v for one in library for v in one.values()]
        return {
            'received': received,
            'sent': sent,
            'dropped': dropped + frag_dropped,
            'port_received': sum(p['ipackets'] for p in ports),
            'port_sent': sum(p['opackets'] for p in ports),
            'port_errors': sum(p[k] for p in ports for k in ('ierrors', 'oerrors', 'rx_nombuf')),
            'enqueued': crypto['enqueued_count'],
            'dequeued': crypto['dequeued_count'],
            'crypto_errors': crypto['enqueue_err_count'] + crypto['dequeue_err_count'],
            'sa_packets': sum(v['count'] for v in associations),
            'sa_errors': sum(v['errors'] for v in associations),
        }


class Lab:
    """Both gateways, the bridge between them, and the two clients."""

    def __init__(self, program, vdevs, logs):
        self.program = program
        self.vdevs = vdevs
        self.logs = logs
        os.makedirs(logs, exist_ok=True)
        cores = sorted(os.sched_getaffinity(0))
        self.cores = (cores[0], cores[1 % len(cores)])
        self.clients = [Namespace('c1'), Namespace('c2')]
        self.gateways = []
        self.environment = {}
        with open('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'w') as f:
            f.write('1')        # the bridge and its ports must not talk by themselves
        run('ip', 'link', 'add', 'name', 'wan', 'type', 'bridge', 'mcast_snooping', '0')
        run('ip', 'link', 'set', 'wan', 'up')

    def start(self, mode_list, options=(), mtu=1400):
        """Gateways with these modes and options; mtu is that of the clients."""
        self.modes = mode_list
        self.gateways = [
            Gateway(i + 1, self.program, self.cores[i], self.vdevs[i], mode_list, list(options),
                    self.logs) for i in range(2)]
        for g in self.gateways:
            g.start(self.environment)
        for g in self.gateways:
            g.wait_ready()
        for g in self.gateways:
            self._attach(g, mtu)
        time.sleep(0.2)

    def _attach(self, gateway, mtu):
        side, other = gateway.side, 3 - gateway.side
        wan, lan, client = f'g{side}wan', f'g{side}lan', self.clients[side - 1]
        # The kernel's end needs an address of its own, or the kernel keeps the gateway's frames.
        run('ip', 'link', 'set', wan, 'address', f'02:00:00:00:04:{side:02x}',
            'master', 'wan', 'up')
        run('ip', 'link', 'set', lan, 'netns', client.name)
        client.sysctl(f'net.ipv6.conf.{lan}.disable_ipv6', 0)
        client.ip('link', 'set', lan, 'address', M.client_mac(side), 'mtu', str(mtu), 'up')
        for version, gate in ((4, f'10.{side}.255.1'), (6, f'fd00:{side}::1')):
            client.ip('neigh', 'replace', gate, 'lladdr', M.lan_mac(side), 'dev', lan,
                      'nud', 'permanent')
            for m in self.modes:
                if m.inner != version:
                    continue
                # The addresses sit on lo, so that no neighbour or multicast traffic arises.
                bits = '32' if version == 4 else '128'
                client.ip('addr', 'replace', f'{m.client(side)}/{bits}', 'dev', 'lo',
                          *(['nodad'] if version == 6 else []))
                client.ip(f'-{version}', 'route', 'replace', f'{m.client(other)}/{bits}', 'via',
                          gate, 'dev', lan, 'onlink', 'src', m.client(side))

    def stop(self):
        errors = []
        gateways, self.gateways = self.gateways, []
        for g in gateways:
            try:
                g.stop()
            except Failure as e:
                errors.append(str(e))
        if errors:
            raise Failure('\n'.join(errors))

    def check_alive(self):
        for g in self.gateways:
            if not g.alive():
                raise Failure(f'gateway {g.side} ({g.vdev}) died with {g.process.returncode}:\n'
                              f'{g.tail()}')

    def report(self):
        """Shows what is known, for the log of a test that failed."""
        for g in self.gateways:
            if g.process and g.alive() and g.telemetry:
                time.sleep(1.1)
                print(f'gateway {g.side} ({g.vdev}): {g.counters()}')
            print(g.tail())

    def settled(self, seconds=10):
        """
        Counters of both gateways once no packet moves any more. The example's own are as old as
        its last screen: they are current when they agree with those of the ports, and otherwise
        (fragments) when a new screen brought nothing new.
        """
        last, seen = None, [g.screen()[0] for g in self.gateways]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.15)
            self.check_alive()
            now = [g.counters() for g in self.gateways]
            if now != last:
                last, seen = now, [g.screen()[0] for g in self.gateways]
            elif all(c['received'] == c['port_received'] == c['sent'] + c['dropped'] and
                     c['sent'] == c['port_sent'] for c in now):
                return now
            elif all(g.screen()[0] > n + 1 for g, n in zip(self.gateways, seen)):
                return now
        raise Failure(f'packets still move after {seconds} s: {last}')


def main(test):
    """Runs test() in the lab; exit code 0, 1, or 77 = skipped."""
    try:
        test()
    except Skip as e:
        print(f'SKIP: {e}')
        sys.exit(77)
    except Failure as e:
        print(f'FAIL: {e}')
        sys.exit(1)
