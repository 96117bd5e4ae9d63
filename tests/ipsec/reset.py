#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The emulated device misbehaves in full traffic: it is reset, unplugged, stalls, fails operations,
or tells nonsense. The gateway never dies; what it drops it counts; and where the device is still
there the tunnel works again, after a reset once the queue pairs are set up anew.
"""
import argparse
import os
import signal
import sys
import tempfile
import threading
import time

import lab as L
import modes as M
import traffic as T

MODES = [('gcm128', 't44'), ('cbc128-sha1', 'x6')]
AFTER = 2000            # operations before the fault: in the middle of the first file
FILE = 4 << 20
EVERY = 500

# name: fault option, what the device can do afterwards
FAULTS = {
    'reset': (f'reset:{AFTER}', 'revived'),
    'wrong index': (f'index:{AFTER}:65535', 'revived'),
    'unplugged': (f'unplug:{AFTER}', 'gone'),
    'stalled for 1.5 s': (f'stall:{AFTER}:1500', 'goes on'),
    f'each {EVERY}th operation fails': (f'fail:%{EVERY}:1', 'goes on'),
}


def background(lab, mode, path):
    """A transfer that may fail, in a thread of its own; join it and look at its result list."""
    result = []

    def work():
        try:
            result.append(T.transfer(lab, mode, path, 1, patience=12))
        except L.Failure as e:
            result.append(e)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, result


def wait_for_loss(gateway, seconds=60):
    """Until operations come back with an error, or are not taken: the device is lost."""
    end = time.monotonic() + seconds
    while gateway.counters()['crypto_errors'] + gateway.counters()['dropped'] == 0:
        if not gateway.alive():
            raise L.Failure(f'gateway died with {gateway.process.returncode}:\n{gateway.tail()}')
        if time.monotonic() > end:
            raise L.Failure('the fault did not happen')
        time.sleep(0.1)


def ask_to_revive(lab, note):
    """Has gateway 1 set up its queue pairs again; returns the outcome, 0 or an error."""
    lab.gateways[0].process.send_signal(signal.SIGUSR2)
    end = time.monotonic() + 15
    while time.monotonic() < end:
        # It acts at the next packet.
        lab.clients[0].run('ping', '-n', '-c', '1', '-W', '1', lab.modes[0].client(2), check=False)
        if os.path.exists(note):
            with open(note) as f:
                text = f.read()
            if text.endswith('\n'):
                return int(text)
        if not lab.gateways[0].alive():
            raise L.Failure(f'the gateway died when its queue pairs were set up again:\n'
                            f'{lab.gateways[0].tail()}')
    raise L.Failure('operations of the lost device stay in flight: the queue pairs cannot be set '
                    f'up again: {lab.gateways[0].counters()}')


def consistent(name, lab, since=None):
    """
    Counters, since then: each operation came back, and what left the gateway are those that came
    back well. (Packets whose operations the device did not take are freed by the example, which
    counts them among the dropped in one of two places only.)
    """
    now = lab.settled()[0]
    c = {k: v - (since[k] if since else 0) for k, v in now.items()}
    if c['enqueued'] != c['dequeued'] or c['port_sent'] != c['dequeued'] - c['crypto_errors'] or \
            not c['crypto_errors'] <= c['dropped'] <= c['port_received'] - c['port_sent']:
        raise L.Failure(f'{name}: the counters disagree: {c}')
    return c


def one_fault(lab, name, args, folder, path):
    option, then = FAULTS[name]
    note = os.path.join(folder, 'revived')
    if os.path.exists(note):
        os.unlink(note)
    lab.vdevs = (f'{args.dut},fault={option}', args.peer)
    lab.environment = {'CRYPTO_REVIVE': note, 'LD_PRELOAD': os.path.join(
        args.build, 'tests', 'ipsec', 'libcrypto_revive.so')}
    mode_list = [M.Mode(k, a, s) for k, (a, s) in enumerate(MODES, start=1)]
    lab.start(mode_list, ['-l'])
    thread, result = background(lab, mode_list[0], path)
    if then == 'goes on':
        thread.join()
        if isinstance(result[0], L.Failure):
            raise result[0]
    else:
        wait_for_loss(lab.gateways[0])
        thread.join()
        if not isinstance(result[0], L.Failure):
            raise L.Failure(f'{name}: the file arrived without a device')
        first = consistent(name, lab)
        outcome = ask_to_revive(lab, note)
        if (outcome == 0) != (then == 'revived'):
            raise L.Failure(f'{name}: setting up the queue pairs again returned {outcome}')
    if then == 'revived':
        check_recovered(name, lab, path)
    if then == 'goes on':
        first = check_going_on(name, lab, path)
    lab.stop()
    print(f'  {name}: gateway alive, {first["dequeued"]} operations, {first["crypto_errors"]} with '
          f'an error, {first["port_received"] - first["port_sent"]} packets dropped; device {then}',
          flush=True)


def traffic(lab, path):
    for m in lab.modes:
        T.ping(lab, m)
        for sender in (1, 2):
            T.transfer(lab, m, path, sender)


def check_recovered(name, lab, path):
    """A device set up again counts from 0."""
    since = lab.settled()[0]
    traffic(lab, path)
    c = consistent(name, lab, since)
    if c['dropped'] or c['crypto_errors']:
        raise L.Failure(f'{name}: packets are dropped after the recovery: {c}')


def check_going_on(name, lab, path):
    traffic(lab, path)
    c = consistent(name, lab)
    failing = c['dequeued'] // EVERY if 'fails' in name else 0
    if not c['crypto_errors'] == c['dropped'] == failing:
        raise L.Failure(f'{name}: {failing} operations should have failed: {c}')
    return c


def test():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--build', required=True, help='build folder, for plug-ins and examples')
    p.add_argument('--dut', default=L.default_dut())
    p.add_argument('--peer', default='crypto_aesni_mb')
    p.add_argument('--only', choices=FAULTS, help='one fault instead of all')
    args = p.parse_args()
    L.enter()
    program = L.build_example('ipsec-secgw', os.path.join(args.build, 'examples'))
    L.install_plugins(args.build)
    with tempfile.TemporaryDirectory() as folder:
        lab = L.Lab(program, (args.dut, args.peer), folder)
        path = T.make_file(folder, FILE)
        try:
            for name in FAULTS:
                if args.only in (None, name):
                    one_fault(lab, name, args, folder, path)
        except L.Failure:
            lab.report()
            raise
    print('PASS')


if __name__ == '__main__':
    sys.exit(L.main(test))
