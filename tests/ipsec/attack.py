#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Replayed, tampered and truncated ESP packets on the link between two gateways: each is dropped
and counted, and nothing else is.

Packets of a client are held back on the link, so that their sequence numbers are fresh and a
spoilt copy reaches the integrity check. The copy is sent first and must vanish; then the genuine
packet, which must still arrive, with its content; then the genuine one again, a replay, which
must vanish too.
"""
import argparse
import os
import select
import socket
import struct
import sys
import tempfile
import time

import lab as L
import modes as M
import traffic as T

WINDOW = 128
PATIENCE = 15           # seconds; the machine may be busy
ETHERNET = 14
ALL_FRAMES = 3          # ETH_P_ALL
SHORT = [('gcm128', 't44'), ('cbc128-sha1', 'x6'), ('ctr128-sha1', 't46')]


class Link:
    """The way to gateway `receiver`: frames are caught before it, and sent into it."""

    def __init__(self, receiver):
        self.exit = f'g{receiver}wan'
        self.catch = self._open(f'g{3 - receiver}wan')
        self.send_to = self._open(self.exit)

    @staticmethod
    def _open(interface):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
        s.bind((interface, ALL_FRAMES))
        return s

    def close(self):
        self.catch.close()
        self.send_to.close()

    def cut(self):
        L.run('ip', 'link', 'set', self.exit, 'nomaster')

    def join(self):
        L.run('ip', 'link', 'set', self.exit, 'master', 'wan')

    def held_back(self, count, seconds=5):
        """The next count ESP frames that the other gateway sends."""
        frames = []
        end = time.monotonic() + seconds
        while len(frames) < count:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.catch], [], [], left)[0]:
                raise L.Failure(f'{len(frames)} of {count} ESP packets appear on the link')
            frame, address = self.catch.recvfrom(1 << 16)
            if address[2] != socket.PACKET_OUTGOING and esp_offset(frame):
                frames.append(frame)
        return frames

    def inject(self, frame):
        self.send_to.send(frame)
        time.sleep(0.002)       # one by one, so that the tap's queue never overflows


def esp_offset(frame):
    """Where the ESP header starts; 0 = no ESP packet."""
    kind = struct.unpack_from('>H', frame, 12)[0]
    if kind == 0x0800 and frame[ETHERNET + 9] == 50:
        return ETHERNET + 4 * (frame[ETHERNET] & 15)
    if kind == 0x86dd and frame[ETHERNET + 6] == 50:
        return ETHERNET + 40
    return 0


def recorded(frame):
    """
    Whether the library remembers this packet. In DPDK 22.11 esn_inb_update_sqn() keeps a bit of
    the 64-bit window words in a 32-bit variable: half of the sequence numbers are never marked
    as seen, and a replay of those passes, whatever the crypto device is.
    """
    return struct.unpack_from('>I', frame, esp_offset(frame) + 4)[0] % 64 < 32


def with_length(frame):
    """The frame with an IP header that agrees with its length."""
    f = bytearray(frame)
    if f[12:14] == b'\x86\xdd':
        struct.pack_into('>H', f, ETHERNET + 4, len(f) - ETHERNET - 40)
        return bytes(f)
    struct.pack_into('>H', f, ETHERNET + 2, len(f) - ETHERNET)
    struct.pack_into('>H', f, ETHERNET + 10, 0)
    total = sum(struct.unpack_from('>10H', f, ETHERNET))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    struct.pack_into('>H', f, ETHERNET + 10, total ^ 0xffff)
    return bytes(f)


def spoilt_copies(frame):
    """(what was done, frame) for each way to spoil a packet."""
    esp = esp_offset(frame)
    size = len(frame) - esp

    def flipped(at, bit=0):
        f = bytearray(frame)
        f[at] ^= 1 << bit
        return bytes(f)

    yield 'SPI', flipped(esp, 7)
    yield 'sequence number', flipped(esp + 6)
    for at in (8, 11, 15):
        yield f'IV byte {at - 8}', flipped(esp + at)
    for at in (24, 25, size // 2, size - 33, size - 17):
        yield f'payload byte {at}', flipped(esp + at, at % 8)
    for at in range(1, 13):
        yield f'ICV byte -{at}', flipped(len(frame) - at, at % 8)
    for cut in (1, 2, 4, 8, 12, 16, 32, size // 2, size - 24, size - 9, size - 8):
        yield f'{cut} bytes cut', with_length(frame[:-cut])
        yield f'{cut} bytes cut, length kept', frame[:-cut]


class Target:
    """Client `receiver` of one mode, and datagrams to it from the other one."""

    def __init__(self, lab, mode, receiver):
        self.mode, self.receiver = mode, receiver
        self.there = lab.clients[receiver - 1].socket(T.family(mode), socket.SOCK_DGRAM)
        self.here = lab.clients[2 - receiver].socket(T.family(mode), socket.SOCK_DGRAM)
        self.there.bind((mode.client(receiver), 0))
        self.here.connect(self.there.getsockname()[:2])

    def close(self):
        self.there.close()
        self.here.close()

    def send(self, count):
        data = [os.urandom(200) for _ in range(count)]
        for d in data:
            self.here.send(d)
            time.sleep(0.001)
        return data

    def nothing_came(self, seconds=0.2):
        return not select.select([self.there], [], [], seconds)[0]

    def expect(self, data, what):
        if self.nothing_came(PATIENCE):
            raise L.Failure(f'{self.mode.name}: {what} did not arrive')
        if self.there.recv(2048) != data:
            raise L.Failure(f'{self.mode.name}: {what} was altered')


def difference(lab, receiver, before):
    after = lab.settled()[receiver - 1]
    return {k: after[k] - before[k] for k in after}


def attack(lab, mode, receiver):
    """One mode, into one gateway."""
    link, target = Link(receiver), Target(lab, mode, receiver)
    where = f'{mode.name} into gateway {receiver}'
    try:
        link.cut()
        target.send(33)
        probe = next(f for f in link.held_back(33) if recorded(f))
        kinds = [what for what, _ in spoilt_copies(probe)]
        data = target.send(len(kinds) + 1)
        frames = link.held_back(len(kinds) + 1)
        before = lab.settled()[receiver - 1]

        for i, frame in enumerate(frames[:-1]):
            what, copy = list(spoilt_copies(frame))[i]
            link.inject(copy)
        if not target.nothing_came():
            raise L.Failure(f'{where}: a spoilt packet came through')
        d = difference(lab, receiver, before)
        n = len(kinds)
        if d['dropped'] != n or d['port_received'] != n or d['sent'] or d['sa_packets']:
            raise L.Failure(f'{where}: {n} packets were spoilt, the counters say {d}')
        if d['enqueued'] != d['dequeued'] or d['crypto_errors'] not in (0, d['dequeued']):
            raise L.Failure(f'{where}: the crypto device counts wrongly: {d}')
        spoilt = d['dequeued']

        before = lab.settled()[receiver - 1]
        for what, frame, content in zip(kinds, frames, data):
            link.inject(frame)
            target.expect(content, f'genuine packet after "{what}"')
        again = [f for f in frames[:-1] if recorded(f)]
        for frame in again:
            link.inject(frame)
        if not target.nothing_came():
            raise L.Failure(f'{where}: a replayed packet came through')
        link.inject(probe)      # genuine, never seen, and late, but still in the window
        if target.nothing_came(PATIENCE):
            raise L.Failure(f'{where}: a late packet inside the window did not arrive')
        target.there.recv(2048)
        link.inject(probe)
        if not target.nothing_came():
            raise L.Failure(f'{where}: a replayed packet came through')
        d = difference(lab, receiver, before)
        replays = len(again) + 1
        if d['dropped'] != replays or d['sent'] != n + 1 or d['crypto_errors']:
            raise L.Failure(f'{where}: {replays} replays, {n + 1} genuine: counters say {d}')
        old_packets(lab, mode, receiver, link, target, frames[-1])
    finally:
        link.join()
        link.close()
        target.close()
    T.ping(lab, mode)
    print(f'  {where}: {n} spoilt (of which {spoilt} reached the crypto device), {replays} '
          f'replayed, 1 too old: all dropped, nothing else', flush=True)


def old_packets(lab, mode, receiver, link, target, old):
    """A genuine packet, never seen, that the window has left behind."""
    target.send(WINDOW + 1)
    newer = link.held_back(WINDOW + 1)
    before = lab.settled()[receiver - 1]
    link.inject(newer[-1])
    if target.nothing_came(PATIENCE):
        raise L.Failure(f'{mode.name}: the newest packet did not arrive')
    target.there.recv(2048)
    link.inject(old)
    if not target.nothing_came():
        raise L.Failure(f'{mode.name}: a packet older than the window came through')
    d = difference(lab, receiver, before)
    if d['dropped'] != 1 or d['sent'] != 1:
        raise L.Failure(f'{mode.name}: one old packet, the counters say {d}')


def test():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True, help='build folder, for plug-ins and examples')
    p.add_argument('--dut', default=L.default_dut(), help='crypto vdev of gateway 1')
    p.add_argument('--peer', default='crypto_aesni_mb', help='crypto vdev of gateway 2')
    p.add_argument('--short', action='store_true', help='three modes, into the first gateway')
    p.add_argument('--esn', action='store_true', help='with extended sequence numbers')
    args = p.parse_args()
    L.enter()
    program = L.build_example('ipsec-secgw', os.path.join(args.build, 'examples'))
    L.install_plugins(args.build)
    pairs = SHORT if args.short else [(a, s) for a in M.ALGORITHMS for s in ('t44', 'x6')]
    mode_list = [M.Mode(k, a, s) for k, (a, s) in enumerate(pairs, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        lab = L.Lab(program, (args.dut, args.peer), folder)
        try:
            lab.start(mode_list, ['-l', '-w', str(WINDOW)] + (['-e'] if args.esn else []))
            for receiver in (1,) if args.short else (1, 2):
                for m in mode_list:
                    attack(lab, m, receiver)
            lab.stop()
        except L.Failure:
            lab.report()
            raise
    print('PASS')


if __name__ == '__main__':
    sys.exit(L.main(test))
