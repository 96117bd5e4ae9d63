#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Makes doc/dpdk-suites-skipped.rst out of what run-suite.sh left.

usage: skipped_to_rst.py SUITE-LOGS >doc/dpdk-suites-skipped.rst

The reasons are those that the suite gives or the preloaded library logs. The few cases that are
skipped without either are named in SILENT, with the reason that the suite's source shows.
"""

import collections
import pathlib
import re
import sys
import textwrap

RUNS = (
    ('cryptodev-crypto_uacce-device_emu', 'cryptodev, device=emu'),
    ('cryptodev-crypto_uacce-device_emu_hw_v2', 'cryptodev, device=emu,hw=v2'),
    ('raw-crypto_uacce-device_emu', 'cryptodev by the raw data path, device=emu'),
    ('compressdev-compress_uacce-device_emu', 'compressdev, device=emu'),
    ('compressdev-compress_uacce-device_emu_hw_v2', 'compressdev, device=emu,hw=v2'),
)
NONE = 'no reason given'
SILENT = (
    (re.compile(r'AES-256-XTS'), 'vectors with a wrapped key, for devices that take only such'),
    (re.compile(r'^test_null_'), 'for the null driver only'),
    (re.compile(r'^test_AES_GCM_.*(out_of_place|oop)'), 'out of place, which the suite does not '
                                                        'do by the raw data path'),
)
TOTAL = re.compile(r'^ \+ Tests (Total|Executed|Passed|Failed) ?: +(\d+)', re.MULTILINE)


def clean(reason, case):
    """A reason as it reads in a document."""
    if reason == NONE:
        for pattern, text in SILENT:
            if pattern.search(case):
                return text
    reason = re.sub(r'^USER1: |\.? *Test Skipped\.?$', '', reason).strip().rstrip('.')
    return reason.replace('needs one of what the device lacks: ', 'needs ')


def read(path):
    """Returns {reason: [case, ...]} in the order of the list."""
    groups = collections.OrderedDict()
    for line in path.read_text(encoding='utf-8').splitlines():
        suite, case, reason = line.split(': ', 2)
        if case.startswith('all ') and case.endswith(' cases'):
            case, text = f'{suite} ({case})', clean(reason, case)
        else:
            # A description may hold ": " itself; then the reason is what follows the last one.
            if ': ' in reason and not reason.startswith(('not advertised', 'session refused',
                                                         'needs one')):
                more, reason = reason.rsplit(': ', 1)
                case = f'{case}: {more}'
            text = clean(reason, case)
        groups.setdefault(text, []).append(case)
    return groups


def main():
    """Returns the exit code."""
    folder = pathlib.Path(sys.argv[1])
    title = 'Cases that dpdk-test skips'
    print('.. SPDX-License-Identifier: BSD-3-Clause\n'
          '.. Made by tests/dpdk-suites/skipped_to_rst.py from the logs of a run.\n')
    print(f'{title}\n{"=" * len(title)}')
    for name, heading in RUNS:
        totals = dict(TOTAL.findall((folder / f'{name}.log').read_text(
            encoding='utf-8', errors='replace')))
        print(f'\n{heading}\n{"-" * len(heading)}\n')
        print(f'{totals["Total"]} cases, {totals["Executed"]} executed, {totals["Passed"]} '
              f'passed, {totals["Failed"]} failed. Skipped:\n')
        for reason, cases in read(folder / f'{name}.skipped').items():
            print(textwrap.fill(f'* **{reason}**: {"; ".join(cases)}', width=96,
                                subsequent_indent='  ', break_long_words=False,
                                break_on_hyphens=False))
    return 0


if __name__ == '__main__':
    sys.exit(main())
