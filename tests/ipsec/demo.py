#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Shows two IPsec gateways at work: ping, TCP throughput through an AES-128-GCM tunnel, and what
the gateways spend on crypto, with different crypto devices taking turns. See
devtools/ipsec-demo.sh.
"""
import argparse
import os
import re
import statistics
import sys
import tempfile

import lab as L
import modes as M
import traffic as T


def crypto_cycles(path):
    """What a gateway spent in its crypto bursts: cycles per packet, and packets per burst."""
    parts, burst = [], 0
    with open(path) as f:
        for line in f:
            calls, ops, cycles, _ = [int(x) for x in re.findall(r'\d+', line)]
            parts.append(cycles / max(ops, 1))
            burst = ops / max(calls, 1)
    return f'{parts[0]:.0f}+{parts[1]:.0f} ({burst:.1f})'


def one_run(lab, mode, vdevs, seconds):
    """(ping ms, Mbit/s there, Mbit/s back, retransmissions, cycles of each gateway)"""
    lab.vdevs = vdevs
    lab.start([mode], ['-l', '-w', '1024'])
    rtt = T.ping(lab, mode, 20)
    there, lost = T.iperf(lab, mode, seconds)
    back, lost_back = T.iperf(lab, mode, seconds, reverse=True)
    counters = lab.settled()
    lab.stop()
    cycles = [crypto_cycles(os.path.join(lab.logs, f'crypto{side}')) for side in (1, 2)]
    drops = [c['dropped'] + c['crypto_errors'] for c in counters]
    return rtt, there, back, lost + lost_back, cycles, drops


def test():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True, help='build folder, for plug-ins and examples')
    p.add_argument('--dut', default=L.default_dut(),
                   help='device under test (here %(default)s, see doc/emulator.rst)')
    p.add_argument('--peer', default='crypto_aesni_mb')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--seconds', type=int, default=5, help='of iperf3, for each direction')
    p.add_argument('--algorithm', choices=M.ALGORITHMS, default='gcm128')
    p.add_argument('--check', action='store_true',
                   help='fail if the device under test is slower than 0.9 of the peer')
    args = p.parse_args()
    L.enter()
    program = L.build_example('ipsec-secgw', os.path.join(args.build, 'examples'))
    L.install_plugins(args.build)
    counter = os.path.join(args.build, 'tests', 'ipsec', 'libcrypto_cycles.so')
    mode = M.Mode(1, args.algorithm, 't44')
    pairs = [(args.dut, args.dut), (args.dut, args.peer), (args.peer, args.peer)]
    width = max(len(args.dut), len(args.peer)) + 2
    rates = {pair: [] for pair in pairs}
    print(f'{args.algorithm} tunnel, one core for each gateway, TCP with iperf3; load average '
          f'{os.getloadavg()[0]:.2f} at the start')
    print(f'{"gateway 1":{width}}{"gateway 2":{width}}{"ping ms":>8}{"Mbit/s":>8}{"back":>8}{"lost":>6}'
          f'{"crypto cycles per packet":>34}', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        lab = L.Lab(program, pairs[0], folder)
        lab.environment = {'LD_PRELOAD': counter}
        for _ in range(args.rounds):
            for pair in pairs:
                rtt, there, back, lost, cycles, drops = one_run(lab, mode, pair, args.seconds)
                rates[pair] += [there, back]
                both = ', '.join(cycles)
                print(f'{pair[0]:{width}}{pair[1]:{width}}{rtt:8.2f}{there:8.0f}{back:8.0f}{lost:6}'
                      f'{both:>34}', flush=True)
                if any(drops):
                    raise L.Failure(f'{pair}: packets were dropped in the gateways: {drops}')
    print('\nmedian of all rounds and both directions, Mbit/s')
    middle = {pair: statistics.median(r) for pair, r in rates.items()}
    for pair, r in rates.items():
        print(f'{pair[0]:{width}}{pair[1]:{width}}{middle[pair]:8.0f}   '
              f'({min(r):.0f}..{max(r):.0f}), {middle[pair] / middle[pairs[2]]:.2f} of the peer')
    print('Crypto cycles per packet: enqueue + dequeue (packets per burst) of each gateway; calls '
          'that\nthe scheduler interrupted are left out.')
    print('Packets dropped by a gateway, or by its crypto device: none.')
    if args.check and min(middle.values()) < 0.9 * middle[pairs[2]]:
        raise L.Failure('slower than the peer')


if __name__ == '__main__':
    sys.exit(L.main(test))
