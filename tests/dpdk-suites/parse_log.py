#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Judges the log of a dpdk-test suite; used by run-suite.sh.

The totals that the suite prints last are compared with the cases seen in the log, so that a log
that ends early, or a format that changed, is a failure and not a pass.
"""

import argparse
import collections
import re
import sys

CASE = re.compile(r'^ \+ TestCase \[ ?\d+\] : (.*) (succeeded|failed|skipped|unsupported)\s*$')
SUITE = re.compile(r'^ \+ Test Suite : (.*)$')
SUMMARY = re.compile(r'^ \+ Test Suite Summary : (.*)$')
SUBSUITE = re.compile(r'^ \+ (.*) : (\d+)/(\d+) passed, (\d+)/\d+ skipped, (\d+)/\d+ failed, '
                      r'(\d+)/\d+ unsupported\s*$')
TOTAL = re.compile(r'^ \+ Tests (Total|Skipped|Executed|Unsupported|Passed|Failed) ?: +(\d+)\s*$')
NOISE = re.compile(r'^\s*(\+ -+ \+)?\s*$|^ \+ (Tests|Sub Testsuites) ')

OURS = 'suite_preload: '
TELLING = re.compile(r"n't|\bnot\b|support|skip|only", re.IGNORECASE)

Case = collections.namedtuple('Case', 'suite name status reason')


def reason_in(said):
    """The line that tells why a case did not run, of all lines before it."""
    for line in reversed(said):
        if TELLING.search(line) and not line.startswith(OURS):
            return line
    for line in reversed(said):
        if line.startswith(OURS):
            return line[len(OURS):]
    return said[-1] if said else ''


class Log:
    """What a log says: cases, suites skipped as a whole, and the last totals."""

    def __init__(self, lines):
        self.cases = []
        self.whole = []
        self.totals = {}
        self.subsuites = {}
        self.last = ''
        stack, said = [], []
        for line in lines:
            line = line.rstrip('\n')
            if NOISE.match(line) and not TOTAL.match(line):
                continue
            if match := SUITE.match(line):
                stack.append([match[1], 0])
                said = []
            elif match := CASE.match(line):
                if stack:
                    stack[-1][1] += 1
                self.cases.append(Case(stack[-1][0] if stack else '', match[1], match[2],
                                       reason_in(said)))
                said = []
            elif match := SUMMARY.match(line):
                self.totals = {}
                if stack:
                    name, count = stack.pop()
                    if count == 0:
                        self.whole.append((name, reason_in(said)))
                said = []
            elif match := TOTAL.match(line):
                self.totals[match[1]] = int(match[2])
            elif match := SUBSUITE.match(line):
                self.subsuites[match[1]] = [int(match[i]) for i in (2, 3, 4, 5, 6)]
            else:
                said.append(line.strip())
                self.last = line.strip()

    def count(self, status):
        """The number of cases with a status."""
        return sum(case.status == status for case in self.cases)


def problems(log, args):
    """All reasons why this run is no success."""
    found = []
    if args.rc in (124, 137):
        found.append('the suite did not end in time')
    elif 128 < args.rc <= 192:
        found.append(f'dpdk-test died of signal {args.rc - 128}')
    elif args.rc != 0 and not log.totals.get('Failed'):
        found.append(f'dpdk-test ended with code {args.rc}: {log.last}')
    if len(log.totals) != 6:
        found.append(f'the log has no totals; it ends with: {log.last}')
        return found
    if log.totals['Failed']:
        found.append(f'{log.totals["Failed"]} cases failed')
    if log.totals['Executed'] < args.min:
        found.append(f'only {log.totals["Executed"]} cases were executed, not {args.min}')
    seen = log.count('succeeded')
    if seen != log.totals['Passed']:
        found.append(f'{seen} cases succeeded in the log, but the totals say '
                     f'{log.totals["Passed"]}')
    if args.expect:
        good = {case.name for case in log.cases if case.status == 'succeeded'}
        with open(args.expect, encoding='utf-8') as file:
            for name in filter(None, (line.split('#')[0].strip() for line in file)):
                if name not in good:
                    found.append(f'expected case did not succeed: {name}')
    return found


def write_skipped(log, path):
    """The list of cases that did not run, with the reason as far as the suite told it."""
    with open(path, 'w', encoding='utf-8') as out:
        for name, reason in log.whole:
            passed, total, skipped, failed, _ = log.subsuites.get(name, [0, 0, 0, 0, 0])
            if skipped and not passed and not failed:
                out.write(f'{name}: all {total} cases: {reason or "no reason given"}\n')
        for case in log.cases:
            if case.status in ('skipped', 'unsupported'):
                out.write(f'{case.suite}: {case.name}: {case.reason or "no reason given"}\n')


def main():
    """Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--log', required=True)
    parser.add_argument('--rc', type=int, required=True)
    parser.add_argument('--min', type=int, required=True)
    parser.add_argument('--label', required=True)
    parser.add_argument('--skipped', required=True)
    parser.add_argument('--expect')
    args = parser.parse_args()
    with open(args.log, encoding='utf-8', errors='replace') as file:
        log = Log(file)
    write_skipped(log, args.skipped)
    for case in log.cases:
        if case.status == 'failed':
            print(f'failed: {case.suite}: {case.name}: {case.reason or "no reason given"}')
    for name, (passed, total, skipped, failed, unsupported) in log.subsuites.items():
        print(f'{name}: {passed} passed, {failed} failed, {skipped + unsupported} skipped '
              f'of {total}')
    totals = collections.defaultdict(int, log.totals)
    found = problems(log, args)
    for problem in found:
        print(f'{args.label}: {problem} (log: {args.log})')
    print(f'{args.label}: {"FAILED" if found else "ok"}: {totals["Executed"]} executed, '
          f'{totals["Passed"]} passed, {totals["Failed"]} failed, '
          f'{totals["Skipped"] + totals["Unsupported"]} skipped')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
