#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The scripts that turn logs into verdicts must find every kind of failure.

usage: judges_test.py SOURCE_ROOT
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop(1))

SUITE_LOG = """\
 + ------------------------------------------------------- +
 + Test Suite : Top
 + ------------------------------------------------------- +
 + Test Suite : Sub
 + TestCase [ 0] : first succeeded
Device doesn't support chains.
 + TestCase [ 1] : second skipped
suite_preload: not advertised: zuc-eea3
 + TestCase [ 2] : third unsupported
 + Test Suite Summary : Sub
 + Tests Total :        3
 + Tests Skipped :      1
 + Tests Executed :     1
 + Tests Unsupported:   1
 + Tests Passed :       1
 + Tests Failed :       0
 + Test Suite : Other
USER1: Capability requirements for Other not met
 + Test Suite Summary : Other
 + Tests Total :        2
 + Tests Skipped :      2
 + Tests Executed :     0
 + Tests Unsupported:   0
 + Tests Passed :       0
 + Tests Failed :       0
 + Test Suite Summary : Top
 + Sub : 1/3 passed, 1/3 skipped, 0/3 failed, 1/3 unsupported
 + Other : 0/2 passed, 2/2 skipped, 0/2 failed, 0/2 unsupported
 + Tests Total :        5
 + Tests Skipped :      3
 + Tests Executed :     1
 + Tests Unsupported:   1
 + Tests Passed :       1
 + Tests Failed :       0
"""


class SuiteLog(unittest.TestCase):
    """tests/dpdk-suites/parse_log.py"""

    def judge(self, text, code=0, minimum=1, expect=None):
        """Returns the exit code, what was printed, and the list of skipped cases."""
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            (base / 'log').write_text(text, encoding='utf-8')
            command = [ROOT / 'tests/dpdk-suites/parse_log.py', '--log', base / 'log',
                       '--rc', str(code), '--min', str(minimum), '--label', 'x',
                       '--skipped', base / 'skipped']
            if expect is not None:
                (base / 'expect').write_text(expect, encoding='utf-8')
                command += ['--expect', base / 'expect']
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            return (done.returncode, done.stdout,
                    (base / 'skipped').read_text(encoding='utf-8').splitlines())

    def test_good(self):
        """A good log passes, and the skipped cases carry their reasons."""
        code, out, skipped = self.judge(SUITE_LOG, expect='first\n')
        self.assertEqual(code, 0, out)
        self.assertIn('x: ok: 1 executed, 1 passed, 0 failed, 4 skipped', out)
        self.assertEqual(skipped, [
            'Other: all 2 cases: USER1: Capability requirements for Other not met',
            "Sub: second: Device doesn't support chains.",
            'Sub: third: not advertised: zuc-eea3'])

    def test_bad(self):
        """Everything that is not a success is a failure."""
        failed = SUITE_LOG.replace('first succeeded', 'first failed')
        failed = failed.replace('Passed :       1', 'Passed :       0')
        failed = failed.replace('Failed :       0', 'Failed :       1')
        for what, text, code, minimum, expect in (
                ('a failed case', failed, 255, 1, None),
                ('a failed case, exit code lost', failed, 0, 1, None),
                ('too few cases', SUITE_LOG, 0, 2, None),
                ('a signal', SUITE_LOG, 139, 1, None),
                ('a time-out', SUITE_LOG, 124, 1, None),
                ('an error code', SUITE_LOG, 255, 1, None),
                ('no totals', SUITE_LOG[:300], 0, 1, None),
                ('an empty log', '', 0, 0, None),
                ('totals that do not match', SUITE_LOG.replace('first succeeded', 'first'),
                 0, 1, None),
                ('a missing expected case', SUITE_LOG, 0, 1, 'second')):
            with self.subTest(what):
                verdict, out, _ = self.judge(text, code, minimum, expect)
                self.assertEqual(verdict, 1, out)
                self.assertIn('x: FAILED', out)


class Summary(unittest.TestCase):
    """devtools/test-summary.py"""

    def judge(self, listed, logged, broken=None):
        """Returns the exit code and the last line."""
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            (base / 'build.list').write_text(''.join(f'{name}\n' for name in listed),
                                             encoding='utf-8')
            (base / 'build.json').write_text(''.join(
                json.dumps({'name': name, 'result': result, 'stdout': 'why\n'}) + '\n'
                for name, result in logged) + '{"name": "cut sho', encoding='utf-8')
            if broken:
                (base / 'broken').write_text(broken, encoding='utf-8')
            done = subprocess.run([ROOT / 'devtools/test-summary.py', base],
                                  stdout=subprocess.PIPE, text=True, check=False)
            return done.returncode, done.stdout.splitlines()[-1], done.stdout

    def test_verdicts(self):
        """Passes only if something passed and nothing failed or is missing."""
        for listed, logged, broken, want, line in (
                ('ab', [('a', 'OK'), ('b', 'SKIP')], None, 0, '1 passed, 0 failed, 1 skipped'),
                ('ab', [('a', 'OK'), ('b', 'FAIL')], None, 1, '1 passed, 1 failed, 0 skipped'),
                ('ab', [('a', 'OK'), ('b', 'TIMEOUT')], None, 1, '1 passed, 1 failed, 0 skipped'),
                ('ab', [('a', 'OK'), ('b', 'ERROR')], None, 1, '1 passed, 1 failed, 0 skipped'),
                ('ab', [('a', 'OK')], None, 1, '1 passed, 1 failed, 0 skipped'),
                ('aa', [('a', 'OK')], None, 1, '1 passed, 1 failed, 0 skipped'),
                ('a', [('a', 'SKIP')], None, 1, '0 passed, 0 failed, 1 skipped'),
                ('', [], None, 1, '0 passed, 0 failed, 0 skipped'),
                ('a', [('a', 'OK')], 'asan: the build failed\n', 1,
                 '1 passed, 1 failed, 0 skipped')):
            with self.subTest(line=line, logged=logged):
                code, last, out = self.judge(listed, logged, broken)
                self.assertEqual((code, last), (want, line), out)

    def test_reason(self):
        """A skipped test is named with what it said last."""
        _, _, out = self.judge('a', [('a', 'SKIP')])
        self.assertIn('skipped: a (build): why', out)


if __name__ == '__main__':
    unittest.main()
