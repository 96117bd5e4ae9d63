# SPDX-License-Identifier: BSD-3-Clause
"""The security associations of the test network, and the configuration files that say so.

A mode is an algorithm and a packet shape. Every mode has an index k, from which all its
addresses, SPIs and keys follow, so that one pair of gateways can carry all modes at once.
"""
import hashlib
import ipaddress

ALGORITHMS = ('gcm128', 'gcm256', 'cbc128-sha1', 'cbc128-sha256', 'cbc256-sha256',
              'ctr128-sha1', 'ctr256-sha256')
# tXY: tunnel, packets of version X in a tunnel of version Y; xX: transport mode
SHAPES = ('t44', 't66', 't46', 't64', 'x4', 'x6')

# name in the configuration file, length of the key (with the salt where it has one)
CIPHERS = {
    'gcm128': ('aes-128-gcm', 20), 'gcm256': ('aes-256-gcm', 36),
    'cbc128': ('aes-128-cbc', 16), 'cbc256': ('aes-256-cbc', 32),
    'ctr128': ('aes-128-ctr', 20), 'ctr256': ('aes-256-ctr', 36),
}
HASHES = {'sha1': ('sha1-hmac', 20), 'sha256': ('sha256-hmac', 32)}

LAN_PORT = 0
WAN_PORT = 1


def lan_mac(gateway):
    return f'02:00:00:00:03:{gateway:02x}'


def wan_mac(gateway):
    return f'02:00:00:00:02:{gateway:02x}'


def client_mac(gateway):
    return f'02:00:00:00:01:{gateway:02x}'


class Mode:
    def __init__(self, k, algorithm, shape):
        self.k = k
        self.algorithm = algorithm
        self.shape = shape
        self.name = f'{algorithm}/{shape}'
        self.inner = int(shape[1])
        self.tunnel = int(shape[2]) if shape[0] == 't' else 0

    def client(self, side):
        """Address of the client behind gateway `side` (1 or 2)."""
        return f'10.{side}.{self.k}.2' if self.inner == 4 else f'fd00:{side}:{self.k:x}::2'

    def subnet(self, side):
        if self.inner == 4:
            return f'10.{side}.{self.k}.0/24'
        return ipaddress.ip_address(f'fd00:{side}:{self.k:x}::').exploded + '/48'

    def endpoint(self, side):
        """Outer address of gateway `side`."""
        if self.tunnel == 4:
            return f'172.16.{side}.{self.k}'
        return ipaddress.ip_address(f'fd00:f{side}::{self.k:x}').exploded

    def spi(self, sender):
        return 1000 * sender + self.k

    def key(self, sender, what, size):
        seed = f'{self.name} {sender} {what}'.encode()
        return hashlib.sha512(seed).digest()[:size]

    def crypto(self, sender):
        """The algorithm and key of what `sender` sends, for ipsec-secgw."""
        def words(what, name, size):
            text = ':'.join(f'{b:02x}' for b in self.key(sender, what, size))
            return f'{what}_algo {name} {what}_key {text}'

        if self.algorithm.startswith('gcm'):
            return words('aead', *CIPHERS[self.algorithm])
        cipher, auth = self.algorithm.split('-')
        return words('cipher', *CIPHERS[cipher]) + ' ' + words('auth', *HASHES[auth])

    def xfrm(self, sender):
        """The same for ip xfrm state."""
        def key(what, size):
            return '0x' + self.key(sender, what, size).hex()

        if self.algorithm.startswith('gcm'):
            return ['aead', 'rfc4106(gcm(aes))', key('aead', CIPHERS[self.algorithm][1]), '128']
        cipher, auth = self.algorithm.split('-')
        name = 'cbc(aes)' if cipher.startswith('cbc') else 'rfc3686(ctr(aes))'
        bits = {'sha1': '96', 'sha256': '128'}[auth]
        return ['enc', name, key('cipher', CIPHERS[cipher][1]),
                'auth-trunc', f'hmac({auth})', key('auth', HASHES[auth][1]), bits]

    def sa(self, direction, sender, receiver):
        words = f'sa {direction} {self.spi(sender)} {self.crypto(sender)} mode '
        if not self.tunnel:
            return words + 'transport telemetry'
        return (words + f'ipv{self.tunnel}-tunnel src {self.endpoint(sender)}'
                f' dst {self.endpoint(receiver)} telemetry')


def every_mode(algorithms=ALGORITHMS, shapes=SHAPES):
    pairs = [(a, s) for a in algorithms for s in shapes]
    return [Mode(k, a, s) for k, (a, s) in enumerate(pairs, start=1)]


def gateway_config(side, modes):
    """Configuration file of gateway `side`."""
    other = 3 - side
    policies, associations, routes = [], [], []
    for m in modes:
        ports = 'sport 0:65535 dport 0:65535'
        policies += [
            f'sp ipv{m.inner} out esp protect {m.spi(side)} pri 1 dst {m.subnet(other)} {ports}',
            f'sp ipv{m.inner} in esp protect {m.spi(other)} pri 1 dst {m.subnet(side)} {ports}']
        associations += [m.sa('out', side, other), m.sa('in', other, side)]
        routes.append(f'rt ipv{m.inner} dst {m.subnet(side)} port {LAN_PORT}')
        if not m.tunnel:
            routes.append(f'rt ipv{m.inner} dst {m.subnet(other)} port {WAN_PORT}')
        else:
            bits = 32 if m.tunnel == 4 else 128
            routes.append(f'rt ipv{m.tunnel} dst {m.endpoint(other)}/{bits} port {WAN_PORT}')
    neighbours = [f'neigh port {LAN_PORT} {client_mac(side)}',
                  f'neigh port {WAN_PORT} {wan_mac(other)}']
    return '\n'.join(policies + associations + routes + neighbours) + '\n'
