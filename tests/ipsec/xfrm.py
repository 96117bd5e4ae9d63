#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The kernel's own IPsec (XFRM) against ipsec-secgw on the crypto device under test: client 2 has no
gateway but ends the tunnel, or the transport association, itself.

    c1 --- [lan gateway 1 wan] --- c2 with XFRM

Skips where the kernel has no ESP; tests/ipsec/xfrm-guest.sh runs it in a guest that has.
"""
import argparse
import ipaddress
import os
import sys
import tempfile
import time

import lab as L
import modes as M
import traffic as T

SHAPES = ('t44', 'x6', 't66', 'x4')     # no other mixture: XFRM's interfaces are not the subject
# The example wants whole blocks of 16 bytes from AES-CTR with a key of 256 bits. ESP pads to 4, and
# so does XFRM.
ALGORITHMS = tuple(a for a in M.ALGORITHMS if not a.startswith('ctr256'))


class XfrmLab(L.Lab):
    def start(self, mode_list, options=(), mtu=1400):
        self.modes = mode_list
        self.gateways = [L.Gateway(1, self.program, self.cores[0], self.vdevs[0], mode_list,
                                   list(options), self.logs)]
        self.gateways[0].start(self.environment)
        self.gateways[0].wait_ready(300)
        self._attach(self.gateways[0], mtu)
        self._attach_kernel()
        time.sleep(0.2)

    def _attach_kernel(self):
        """Client 2 gets the kernel's end of the gateway's untrusted port."""
        client, port = self.clients[1], 'g1wan'
        L.run('ip', 'link', 'set', port, 'nomaster')
        L.run('ip', 'link', 'set', port, 'netns', client.name)
        client.sysctl(f'net.ipv6.conf.{port}.disable_ipv6', 0)
        client.ip('link', 'set', port, 'address', M.wan_mac(2), 'up')
        for version, gate in ((4, '10.2.255.1'), (6, 'fd00:2::1')):
            client.ip('neigh', 'replace', gate, 'lladdr', M.wan_mac(1), 'dev', port, 'nud',
                      'permanent')
            for m in self.modes:
                if m.inner == version:
                    self._associate(client, m, version, gate, port)

    def _associate(self, client, m, version, gate, port):
        bits = '32' if version == 4 else '128'
        nodad = ['nodad'] if version == 6 else []
        here = [m.client(2)] + ([m.endpoint(2)] if m.tunnel else [])
        there = [m.client(1)] + ([m.endpoint(1)] if m.tunnel else [])
        for a in here:
            client.ip('addr', 'replace', f'{a}/{bits}', 'dev', 'lo', *nodad)
        for a, source in zip(there, here):
            client.ip(f'-{version}', 'route', 'replace', f'{a}/{bits}', 'via', gate, 'dev', port,
                      'onlink', 'src', source)
        kind = 'tunnel' if m.tunnel else 'transport'
        for direction, sender in (('in', 1), ('out', 2)):
            receiver = 3 - sender
            ends = [m.endpoint(n) if m.tunnel else m.client(n) for n in (sender, receiver)]
            ends = [str(ipaddress.ip_address(e)) for e in ends]
            client.ip('xfrm', 'state', 'add', 'src', ends[0], 'dst', ends[1], 'proto', 'esp',
                      'spi', str(m.spi(sender)), 'reqid', str(m.k), 'mode', kind,
                      'replay-window', '32', *m.xfrm(sender))
            client.ip('xfrm', 'policy', 'add', 'src', m.client(sender), 'dst', m.client(receiver),
                      'dir', direction, 'tmpl', 'src', ends[0], 'dst', ends[1], 'proto', 'esp',
                      'reqid', str(m.k), 'mode', kind)


def need_esp():
    probe = L.Namespace('probe')
    # XFRM asks for its modules by itself, where they are.
    out = probe.run('ip', 'xfrm', 'state', 'add', 'src', '10.9.9.1', 'dst', '10.9.9.2', 'proto',
                    'esp', 'spi', '1', 'mode', 'transport', 'aead', 'rfc4106(gcm(aes))',
                    '0x' + '00' * 20, '128', check=False)
    if out.strip():
        raise L.Skip(f'no ESP in this kernel: {out.strip()}')


def test():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True, help='build folder, for plug-ins and examples')
    p.add_argument('--program', help='ipsec-secgw, if it is built already')
    p.add_argument('--dut', default=L.default_dut(), help='crypto vdev of the gateway')
    p.add_argument('--library', action='store_true', help='with librte_ipsec')
    p.add_argument('--short', action='store_true', help='two shapes instead of four')
    p.add_argument('--file-kib', type=int, default=128)
    args = p.parse_args()
    L.enter(hugepages=140)
    need_esp()
    program = args.program or L.build_example('ipsec-secgw', os.path.join(args.build, 'examples'))
    L.install_plugins(args.build)
    mode_list = M.every_mode(ALGORITHMS, SHAPES[:2] if args.short else SHAPES)
    with tempfile.TemporaryDirectory() as folder:
        lab = XfrmLab(program, (args.dut,), folder)
        path = T.make_file(folder, args.file_kib << 10)
        try:
            lab.start(mode_list, ['-l', '-w', '64'] if args.library else [])
            for m in mode_list:
                T.ping(lab, m)
                T.datagrams(lab, m, (1, 2, 3, 15, 16, 17, 100, 1000, 1352))
                for sender in (1, 2):
                    T.transfer(lab, m, path, sender, patience=60)
                print(f'  {m.name}: ping, datagrams, file both ways', flush=True)
            c = lab.settled(30)[0]
            if c['dropped'] or c['crypto_errors'] or c['enqueued'] != c['port_received']:
                raise L.Failure(f'the counters say {c}')
            lab.stop()
        except L.Failure:
            lab.report()
            raise
    print('PASS')


if __name__ == '__main__':
    sys.exit(L.main(test))
