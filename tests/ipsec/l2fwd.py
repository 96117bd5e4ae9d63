#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
DPDK's l2fwd-crypto twice: one encrypts what comes in, the other decrypts and verifies it, once
with the crypto device under test on each side and another device on the other. Frames must come
out as they went in, and must not look so in between.
"""
import argparse
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

import lab as L

ALL_FRAMES = 3          # ETH_P_ALL
HEADERS = 34            # Ethernet and IPv4
SIZES = (16, 32, 48, 160, 512, 1024, 1408)
KEY16 = ':'.join(f'{n:02x}' for n in range(16))
IV16 = ':'.join(f'{n:02x}' for n in range(16, 32))
KEY20 = ':'.join(f'{n:02x}' for n in range(32, 52))

# name: options, what differs between the encrypting and the decrypting side, length of the digest
CHAINS = {
    'aes-cbc sha1-hmac': (
        f'--cipher_algo aes-cbc --cipher_key {KEY16} --cipher_iv {IV16} --auth_algo sha1-hmac '
        f'--auth_key {KEY20} --digest_size 20',
        '--chain CIPHER_HASH --cipher_op ENCRYPT --auth_op GENERATE',
        '--chain HASH_CIPHER --cipher_op DECRYPT --auth_op VERIFY', 20),
    'aes-ctr sha2-256-hmac': (
        f'--cipher_algo aes-ctr --cipher_key {KEY16} --cipher_iv {IV16} --auth_algo sha2-256-hmac '
        f'--auth_key {KEY20} --digest_size 32',
        '--chain CIPHER_HASH --cipher_op ENCRYPT --auth_op GENERATE',
        '--chain HASH_CIPHER --cipher_op DECRYPT --auth_op VERIFY', 32),
    'aes-gcm': (
        f'--chain AEAD --aead_algo aes-gcm --aead_key {KEY16} --aead_iv {IV16[:35]} '
        f'--aad {IV16} --digest_size 16',
        '--aead_op ENCRYPT', '--aead_op DECRYPT', 16),
}


def instance(vdev, n):
    """The n-th device of that kind: l2fwd-crypto wants one for each of its ports."""
    name, _, arguments = vdev.partition(',')
    return f'{name}{n}' + (',' + arguments if arguments else '')


class Forwarder:
    """One l2fwd-crypto between two taps."""

    def __init__(self, name, program, core, vdev, options, folder):
        self.name, self.vdev = name, vdev
        self.log = os.path.join(folder, f'{name}.log')
        command = ['stdbuf', '-oL', program, '-l', str(core), '--file-prefix', f'uaccel2{name}',
                   '-m', '256', '--no-pci', '--huge-unlink=always', '--no-telemetry',
                   '--vdev', f'net_tap0,iface={name}in', '--vdev', f'net_tap1,iface={name}out',
                   '--vdev', instance(vdev, 0), '--vdev', instance(vdev, 1), '--',
                   '-p', '0x3', '-q', '2', '-T', '0', '--cdev_type', 'ANY',
                   '--no-mac-updating'] + options.split()
        with open(self.log, 'w') as f:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=f,
                                            stderr=subprocess.STDOUT)
        self.sockets = []

    def tail(self):
        with open(self.log, errors='replace') as f:
            return ''.join(f.readlines()[-12:])

    def attach(self, seconds=30):
        """Sockets at the kernel's ends of both taps, once it forwards."""
        end = time.monotonic() + seconds
        while 'entering main loop' not in open(self.log, errors='replace').read():
            if self.process.poll() is not None:
                raise L.Failure(f'l2fwd-crypto on {self.vdev} ended with '
                                f'{self.process.returncode}:\n{self.tail()}')
            if time.monotonic() > end:
                raise L.Failure(f'l2fwd-crypto on {self.vdev} is not ready:\n{self.tail()}')
            time.sleep(0.05)
        for end_name in ('in', 'out'):
            L.run('ip', 'link', 'set', self.name + end_name, 'up')
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
            s.bind((self.name + end_name, ALL_FRAMES))
            self.sockets.append(s)

    def forward(self, frame, seconds=3):
        self.sockets[0].send(frame)
        end = time.monotonic() + seconds
        while select.select([self.sockets[1]], [], [], max(0, end - time.monotonic()))[0]:
            got, address = self.sockets[1].recvfrom(1 << 16)
            if address[2] != socket.PACKET_OUTGOING and got[12:14] == b'\x08\x00':
                return got
        raise L.Failure(f'l2fwd-crypto on {self.vdev} returned no frame for one of '
                        f'{len(frame)} bytes:\n{self.tail()}')

    def stop(self):
        for s in self.sockets:
            s.close()
        if self.process.poll() is not None:
            raise L.Failure(f'l2fwd-crypto on {self.vdev} died with {self.process.returncode}:\n'
                            f'{self.tail()}')
        self.process.terminate()        # it has no way to end by itself
        self.process.wait(10)


def frame_of(payload):
    """An IPv4 packet of a protocol for experiments, in a frame from nobody to nobody."""
    header = bytearray(20)
    header[0], header[8], header[9] = 0x45, 64, 253
    header[2:4] = (20 + len(payload)).to_bytes(2, 'big')
    return bytes(12) + b'\x08\x00' + bytes(header) + payload


def chain(program, encrypting, decrypting, name, folder):
    options, there, back, digest = CHAINS[name]
    a = Forwarder('a', program, 0, encrypting, f'{options} {there}', folder)
    b = Forwarder('b', program, 1 % os.cpu_count(), decrypting, f'{options} {back}', folder)
    a.attach()
    b.attach()
    for size in SIZES:
        plain = frame_of(os.urandom(size))
        secret = a.forward(plain)
        if len(secret) != len(plain) + digest or secret[:HEADERS] != plain[:HEADERS] or \
                secret[HEADERS:HEADERS + size] == plain[HEADERS:]:
            raise L.Failure(f'{name}: {encrypting} did not encrypt {size} bytes')
        if b.forward(secret)[:len(plain)] != plain:
            raise L.Failure(f'{name}: {size} bytes of {encrypting} differ after {decrypting}')
    a.stop()
    b.stop()
    print(f'  {name}: {encrypting} -> {decrypting}: {len(SIZES)} frames as they were', flush=True)


def test():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True, help='build folder, for plug-ins and examples')
    p.add_argument('--dut', default=L.default_dut())
    p.add_argument('--peer', default='crypto_aesni_mb')
    args = p.parse_args()
    L.enter()
    program = L.build_example('l2fwd-crypto', os.path.join(args.build, 'examples'))
    L.install_plugins(args.build)
    with open('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'w') as f:
        f.write('1')
    with tempfile.TemporaryDirectory() as folder:
        for name in CHAINS:
            chain(program, args.dut, args.peer, name, folder)
            chain(program, args.peer, args.dut, name, folder)
    print('PASS')


if __name__ == '__main__':
    sys.exit(L.main(test))
