# SPDX-License-Identifier: BSD-3-Clause
"""What is sent through the gateways, and checked at the other end."""
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time

from lab import Failure

CHUNK = 1 << 16


def family(mode):
    return socket.AF_INET if mode.inner == 4 else socket.AF_INET6


def ping(lab, mode, count=3, size=56):
    """
    Echo requests from client 1 until count are answered; returns the mean round trip in ms.
    (-w, because without it ping gives a late answer only two round trips of time.)
    """
    out = lab.clients[0].run('ping', '-n', '-c', str(count), '-i', '0.05', '-w', '5', '-s',
                             str(size), '-M', 'do', mode.client(2), check=False)
    answers = re.search(r' (\d+) received', out)
    if not answers or int(answers[1]) < count:
        raise Failure(f'{mode.name}: ping with {size} bytes: {out.strip()}')
    return float(out.rsplit('= ', 1)[1].split('/')[1])


def datagrams(lab, mode, sizes, patience=15.0):
    """
    UDP datagrams of these payload sizes to client 2 and back, compared byte by byte.
    A size counts as lost only if three attempts stay without an answer.
    """
    there = lab.clients[1].socket(family(mode), socket.SOCK_DGRAM)
    here = lab.clients[0].socket(family(mode), socket.SOCK_DGRAM)
    with there, here:
        there.bind((mode.client(2), 0))
        there.settimeout(patience)
        here.settimeout(patience)
        here.connect(there.getsockname()[:2])
        for n in sizes:
            data = os.urandom(n)
            here.send(data)
            try:
                got, peer = there.recvfrom(CHUNK)
                there.sendto(got, peer)
                back = here.recv(CHUNK)
            except socket.timeout:
                lab.check_alive()
                raise Failure(f'{mode.name}: datagram of {n} bytes was lost')
            if got != data or back != data:
                raise Failure(f'{mode.name}: datagram of {n} bytes was altered')


class _Receiver(threading.Thread):
    def __init__(self, sock, total, seconds):
        super().__init__(daemon=True)
        self.sock, self.total, self.seconds = sock, total, seconds
        self.digest, self.got, self.error = hashlib.sha256(), 0, None

    def run(self):
        try:
            self.sock.settimeout(self.seconds)
            peer, _ = self.sock.accept()
            with peer:
                peer.settimeout(self.seconds)
                while self.got < self.total:
                    data = peer.recv(CHUNK)
                    if not data:
                        break
                    self.digest.update(data)
                    self.got += len(data)
                peer.sendall(b'.')
        except OSError as e:
            self.error = e


def transfer(lab, mode, path, sender, patience=60):
    """Sends a file over TCP from client `sender` (1 or 2), by checksum; returns seconds."""
    total = os.path.getsize(path)
    receiver = 3 - sender
    digest = hashlib.sha256()
    server = lab.clients[receiver - 1].socket(family(mode), socket.SOCK_STREAM)
    client = lab.clients[sender - 1].socket(family(mode), socket.SOCK_STREAM)
    where = f'{mode.name}: file of {total} bytes from client {sender}'
    with server, client:
        server.bind((mode.client(receiver), 0))
        server.listen(1)
        thread = _Receiver(server, total, patience)
        thread.start()
        start = time.monotonic()
        client.settimeout(patience)
        try:
            client.connect(server.getsockname()[:2])
            with open(path, 'rb') as f:
                while data := f.read(CHUNK):
                    digest.update(data)
                    client.sendall(data)
            client.recv(1)
        except OSError as e:
            lab.check_alive()
            raise Failure(f'{where}: {e} after {thread.got} bytes')
        seconds = time.monotonic() - start
        thread.join(patience)
    if thread.error or thread.got != total:
        raise Failure(f'{where}: {thread.got} bytes came: {thread.error}')
    if thread.digest.digest() != digest.digest():
        raise Failure(f'{where}: checksum differs')
    return seconds


def make_file(folder, size):
    path = os.path.join(folder, f'payload-{size}')
    with open(path, 'wb') as f:
        left = size
        while left > 0:
            block = os.urandom(min(left, 1 << 20))
            f.write(block)
            left -= len(block)
    return path


def iperf(lab, mode, seconds, reverse=False):
    """TCP throughput from client 1 to 2 in Mbit/s, with the number of retransmissions."""
    server = subprocess.Popen(['ip', 'netns', 'exec', 'c2', 'iperf3', '-s', '-1', '-B',
                               mode.client(2)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        words = ['iperf3', '-c', mode.client(2), '-J', '-t', str(seconds)]
        result = json.loads(lab.clients[0].run(*words, *(['-R'] if reverse else []), check=False))
    finally:
        server.kill()
        server.wait()
    if 'error' in result:
        raise Failure(f'{mode.name}: iperf3: {result["error"]}')
    end = result['end']
    return end['sum_received']['bits_per_second'] / 1e6, end['sum_sent']['retransmits']
