#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Adds up meson's test logs; used by devtools/test.sh.

usage: test-summary.py FOLDER

FOLDER holds LABEL.list (the tests that should run), LABEL.json (meson's log of those that did) and
perhaps "broken" (one line for each build that failed). Prints what failed tests said in the end,
then failed and skipped tests with the last line each of them said, then the totals. The exit code is
0 if a test passed and none failed.
"""

import collections
import json
import pathlib
import sys

PASSED = ('OK', 'EXPECTEDFAIL')
SKIPPED = ('SKIP', 'IGNORED')
TAIL = 60       # lines of a failed test


def last_line(test):
    """What a test said last."""
    for stream in ('stderr', 'stdout'):
        lines = [line.strip() for line in test.get(stream, '').splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return 'it said nothing'


def print_tail(name, test):
    """What a failed test said in the end. Whoever reads only the end of a log finds it here."""
    for stream in ('stdout', 'stderr'):
        lines = test.get(stream, '').rstrip().splitlines()[-TAIL:]
        if lines:
            print(f'---- {name}: {test["result"]}, the end of its {stream}')
            print('\n'.join(lines))


def read_log(path):
    """The entries of one log; a line cut short by a kill is left out."""
    if not path.exists():
        return
    for line in path.read_text(encoding='utf-8', errors='replace').splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            pass


def add_up(folder):
    """
    Prints the ends of failed tests. Returns the number of passed tests, and (name, reason) of each
    failed and skipped one.
    """
    passed, failed, skipped = 0, [], []
    broken = folder / 'broken'
    if broken.exists():
        for line in broken.read_text(encoding='utf-8').splitlines():
            failed.append(tuple(line.split(': ', 1)))
    for planned in sorted(folder.glob('*.list')):
        label = planned.stem
        # A listed name reads "project:suite / name"; the log gives the same.
        missing = collections.Counter(planned.read_text(encoding='utf-8').splitlines())
        for test in read_log(planned.with_suffix('.json')):
            name = f'{test["name"]} ({label})'
            missing[test['name']] -= 1
            if test['result'] in PASSED:
                passed += 1
            elif test['result'] in SKIPPED:
                skipped.append((name, last_line(test)))
            else:
                print_tail(name, test)
                failed.append((name, f'{test["result"]}: {last_line(test)}'))
        for name, count in missing.items():
            failed += [(f'{name} ({label})', 'did not run to its end')] * count
    return passed, failed, skipped


def main():
    """Returns the exit code."""
    passed, failed, skipped = add_up(pathlib.Path(sys.argv[1]))
    for title, tests in (('skipped', skipped), ('failed', failed)):
        for name, reason in tests:
            print(f'{title}: {name}: {reason}')
    if passed == 0 and not failed:
        print('error: no test ran')
    print(f'{passed} passed, {len(failed)} failed, {len(skipped)} skipped')
    return 0 if passed and not failed else 1


if __name__ == '__main__':
    sys.exit(main())
