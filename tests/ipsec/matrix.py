#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Every mode of DPDK's ipsec-secgw through two gateways, the first on the crypto device under
test, the second on another one, so that each checks the other: ping, datagrams of many sizes
compared byte by byte, a file by checksum in both directions; then the counters of gateways
and crypto devices must agree, and nothing may have been dropped.

All modes of one path are set up in the same pair of gateways, side by side.
"""
import argparse
import os
import sys
import tempfile
import typing

import lab as L
import modes as M
import traffic as T

MTU = 1400              # of the clients; leaves room for the longest ESP and tunnel headers
# net_tap takes frames of 1522 bytes at most. Chained mbufs of a jumbo packet come about when the
# gateway reassembles the fragments of a client: it then encrypts the packet as a whole, and the
# other gateway gets that ESP packet in fragments, reassembles it, and decrypts a chain.
JUMBO = 8952


class Path(typing.NamedTuple):
    """How the gateways are run."""
    options: list = []
    algorithms: tuple = M.ALGORITHMS
    peer: str = ''          # instead of --peer
    largest: int = MTU


GCM = tuple(a for a in M.ALGORITHMS if a.startswith('gcm'))
LIBRARY = ['-l', '-w', '64']
PATHS = {
    'plain': Path(),
    'library': Path(LIBRARY),
    'esn': Path(LIBRARY + ['-e']),
    'jumbo': Path(LIBRARY + ['--reassemble', '256'], tuple(set(M.ALGORITHMS) - set(GCM)),
                  largest=JUMBO),
    # crypto_aesni_mb of DPDK 22.11 reads a null pointer when it verifies GCM of chained mbufs.
    'jumbo-gcm': Path(LIBRARY + ['--reassemble', '256'], GCM, 'crypto_aesni_gcm', JUMBO),
}
SHORT_MODES = [('gcm128', 't44'), ('gcm256', 'x6'), ('cbc128-sha1', 't66'),
               ('cbc256-sha256', 'x4'), ('ctr128-sha1', 't46')]


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True, help='build folder, for plug-ins and examples')
    p.add_argument('--dut', default=L.default_dut(), help='crypto vdev of gateway 1')
    p.add_argument('--peer', default='crypto_aesni_mb', help='crypto vdev of gateway 2')
    p.add_argument('--short', action='store_true', help='some modes, two paths, small files')
    p.add_argument('--algorithms', help='only these, by comma: ' + ', '.join(M.ALGORITHMS))
    p.add_argument('--paths', help='only these, by comma: ' + ', '.join(PATHS))
    p.add_argument('--file-kib', type=int, help='file per mode and direction')
    p.add_argument('--big-mib', type=int, default=0,
                   help='size of one more file per path and direction, in the first mode')
    p.add_argument('--iperf', type=int, default=0, help='seconds of iperf3 per path')
    p.add_argument('--logs', help='folder for the logs of the gateways')
    a = p.parse_args()
    a.paths = a.paths.split(',') if a.paths else ['plain', 'esn'] if a.short else list(PATHS)
    if set(a.paths) - set(PATHS):
        p.error(f'unknown path (known: {", ".join(PATHS)})')
    a.algorithms = a.algorithms.split(',') if a.algorithms else M.ALGORITHMS
    if set(a.algorithms) - set(M.ALGORITHMS):
        p.error(f'unknown algorithm (known: {", ".join(M.ALGORITHMS)})')
    a.file_kib = a.file_kib or (256 if a.short else 2048)
    return a


def datagram_sizes(mode, largest, short):
    """UDP payloads from 1 byte to the largest packet, more of them where padding changes."""
    most = largest - 8 - (20 if mode.inner == 4 else 40)
    step = largest // (7 if short else 37)
    return sorted(set(range(1, 20)) | set(range(20, most, step)) | {most - 1, most})


def check_counters(name, before, after):
    for g, (b, a) in enumerate(zip(before, after), start=1):
        d = {k: a[k] - b[k] for k in a}
        where = f'{name}: gateway {g}'
        same = ['received', 'enqueued', 'dequeued']
        if PATHS[name].options:
            same.append('sa_packets')
        none = ['port_errors', 'crypto_errors', 'sa_errors']
        if PATHS[name].largest == MTU:
            same += ['sent', 'port_received', 'port_sent']
            none.append('dropped')
        elif d['sent'] < d['received'] + d['dropped']:
            # The example counts as dropped each packet that it fragments, too; that one leaves
            # as two at least, so that sent grows by more than a packet really dropped takes off.
            raise L.Failure(f'{where}: packets were dropped: {d}')
        for k in none:
            if d[k]:
                raise L.Failure(f'{where}: {k} is {d[k]}, not 0: {d}')
        if len({d[k] for k in same}) != 1:
            raise L.Failure(f'{where}: counters disagree: {d}')
        print(f'  {where}: {d["received"]} packets, {d["dequeued"]} crypto ops, none dropped')


def run_path(lab, name, mode_list, args, folder):
    path = PATHS[name]
    mode_list = [m for m in mode_list if m.algorithm in path.algorithms]
    lab.vdevs = (args.dut, path.peer or args.peer)
    print(f'{name}: {" <-> ".join(lab.vdevs)}', flush=True)
    lab.start(mode_list, path.options, MTU)
    before = lab.settled()
    small = T.make_file(folder, args.file_kib << 10)
    for m in mode_list:
        rtt = T.ping(lab, m)
        sizes = datagram_sizes(m, path.largest, args.short)
        T.datagrams(lab, m, sizes)
        there = T.transfer(lab, m, small, 1)
        back = T.transfer(lab, m, small, 2)
        rate = [args.file_kib * 8192e-6 / s for s in (there, back)]
        print(f'  {name:9} {m.name:18} ping {rtt:.2f} ms, {len(sizes)} datagrams, file '
              f'{rate[0]:.0f} and {rate[1]:.0f} Mbit/s', flush=True)
    if args.big_mib:
        big = T.make_file(folder, args.big_mib << 20)
        for sender in (1, 2):
            seconds = T.transfer(lab, mode_list[0], big, sender, patience=60)
            print(f'  {name:9} {mode_list[0].name:18} {args.big_mib} MiB from client {sender} '
                  f'in {seconds:.1f} s, checksum right', flush=True)
        os.unlink(big)
    if args.iperf:
        rate, again = T.iperf(lab, mode_list[0], args.iperf)
        print(f'  {name:9} {mode_list[0].name:18} iperf3 TCP {rate:.0f} Mbit/s, '
              f'{again} retransmissions', flush=True)
    check_counters(name, before, lab.settled())
    lab.stop()


def test():
    args = arguments()
    L.enter()
    program = L.build_example('ipsec-secgw', os.path.join(args.build, 'examples'))
    L.install_plugins(args.build)
    mode_list = [m for m in M.every_mode() if m.algorithm in args.algorithms]
    if args.short:
        mode_list = [M.Mode(k, a, s) for k, (a, s) in enumerate(SHORT_MODES, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        lab = L.Lab(program, (args.dut, args.peer), args.logs or folder)
        for name in args.paths:
            try:
                run_path(lab, name, mode_list, args, folder)
            except L.Failure:
                lab.report()
                raise
    print('PASS')


if __name__ == '__main__':
    sys.exit(L.main(test))
