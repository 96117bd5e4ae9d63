#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
What devtools/bench.sh makes of the tools' output: medians and ranges, and above all that a run
which failed or lost operations is marked and never becomes a figure.

usage: report_test.py FOLDER-OF-THE-SCRIPTS
"""
import json
import os
import pathlib
import stat
import sys
import tempfile
import unittest
import xml.dom.minidom

sys.path.insert(0, sys.argv.pop(1))
import report       # noqa: E402
import svg          # noqa: E402
import tools        # noqa: E402

GOOD = ('throughput', 'aes-gcm', 'crypto_uacce', 1, 64)
BAD = ('throughput', 'aes-gcm', 'crypto_null', 1, 64)


class Report(unittest.TestCase):
    def setUp(self):
        self.results = report.Results()
        self.results.load = [0.1]

    def test_median_and_range(self):
        for gbps in (3.0, 1.0, 2.0):
            self.results.add(GOOD, {(32, 'Gbps'): gbps})
        row, = self.results.rows()
        self.assertEqual((row['median'], row['min'], row['max']), (2.0, 1.0, 3.0))
        self.assertEqual(row['cores'], 2)
        self.assertIn('2.00 (1.00..3.00)', '\n'.join(report.tables(self.results)))

    def test_enqueue_and_dequeue_are_added_run_by_run(self):
        key = ('pmd-cyclecount',) + GOOD[1:]
        self.results.add(key, {(32, 'enqueue'): 10.0, (32, 'dequeue'): 40.0})
        self.results.add(key, {(32, 'enqueue'): 30.0, (32, 'dequeue'): 5.0})
        both = [r for r in self.results.rows() if r['metric'] == 'enqueue + dequeue']
        self.assertEqual(both[0]['values'], [50.0, 35.0])

    def test_failed_run_is_shown(self):
        self.results.add(GOOD, {(32, 'Gbps'): 1.0})
        self.results.fail(GOOD, (32,), 'lost')
        self.results.fail(BAD, (32,), 'died')
        text = '\n'.join(report.tables(self.results) + report.notes(self.results))
        self.assertRegex(text, r'crypto_uacce +1 +2 +1.00 !')
        self.assertRegex(text, r'crypto_null +1 +1 +FAILED')
        self.assertIn('died', text)

    def test_a_busy_machine_is_told(self):
        self.assertIn('NOT QUIET', report.quiet([3.0, 0.0]))
        self.assertNotIn('NOT QUIET', report.quiet([0.1, 5.0]))

    def test_files(self):
        self.results.add(GOOD, {(1, 'Gbps'): 1.0, (32, 'Gbps'): 2.0})
        self.results.fail(BAD, (32,), 'died')
        with tempfile.TemporaryDirectory() as folder:
            report.write(folder, self.results, {'processor': 'none'})
            data = json.loads(pathlib.Path(folder, 'results.json').read_text())
            self.assertEqual(len(data['points']), 2)
            self.assertEqual(data['failed'][0]['why'], ['died'])
            for path in pathlib.Path(folder).glob('*.svg'):
                xml.dom.minidom.parse(str(path))
            self.assertTrue(list(pathlib.Path(folder).glob('*.svg')))

    def test_goals(self):
        for driver, cycles, gbps in (('crypto_uacce', 90.0, 1.0), ('crypto_aesni_mb', 350.0, 2.0),
                                     ('crypto_uacce iommu', 99.0, 1.0)):
            key = ('aes-cbc-sha1', driver, 1, 64)
            self.results.add(('pmd-cyclecount',) + key,
                             {(32, 'enqueue'): cycles / 2, (32, 'dequeue'): cycles / 2})
            self.results.add(('throughput',) + key, {(32, 'Gbps'): gbps})
        text = '\n'.join(report.goals(self.results))
        self.assertIn('PASS  aes-cbc-sha1 64 B, lcore cycles per operation: 90.0, goal at most 100',
                      text)
        self.assertIn('ratio to crypto_aesni_mb: 0.26, goal at most 0.3', text)
        self.assertIn('MISS  aes-cbc-sha1 64 B, lcore cycles without SVA (iommu) to those with: '
                      '1.10', text)
        self.assertIn('MISS  aes-cbc-sha1 64 B, throughput to crypto_aesni_mb: 0.50, goal at '
                      'least 0.9', text)
        self.assertIn('-     aes-gcm 1408 B, throughput to crypto_aesni_gcm: not measured', text)

    def test_failed_rounds_are_no_goals_reached(self):
        self.results.fail(('doorbells', 'aes-gcm', 'crypto_uacce', 1, 64), (32,), 'died')
        self.assertNotIn('PASS', '\n'.join(report.goals(self.results)))

    def test_devices_of_a_daemon(self):
        self.assertEqual(report.cores('crypto_uacce iommu', 1), 2)
        self.assertEqual(report.cores('crypto_aesni_mb', 1), 1)
        self.assertEqual(tools.split('crypto_uacce iommu'), ('crypto_uacce', 'iommu'))

    def test_plot_of_nothing(self):
        text = svg.plot('a < b', 'bytes', 'Gbit/s', {'x & y': []})
        xml.dom.minidom.parseString(text)
        self.assertIn('every run failed', text)


class Tools(unittest.TestCase):
    """The tools replaced by a script that prints what it is told."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        os.environ['UACCE_PLUGIN_DIR'] = self.folder.name
        os.environ['UACCE_FILE_PREFIX'] = 'report-test'
        self.path = os.environ['PATH']
        os.environ['PATH'] = self.folder.name + ':' + self.path
        self.tools = tools.Tools(self.folder.name + '/logs')

    def tearDown(self):
        os.environ['PATH'] = self.path
        self.folder.cleanup()

    def says(self, text, code=0):
        tool = pathlib.Path(self.folder.name, 'dpdk-test-crypto-perf')
        tool.write_text(f'#!/bin/sh\ncat <<X\n{text}\nX\nexit {code}\n')
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)

    def measure(self):
        return self.tools.crypto('throughput', 'crypto_null', 'null', 1, 64, (32,), 1000)

    def test_good(self):
        self.says('1,64,32,1000,1000,0,0,2.5,1.28,400.0')
        self.assertEqual(self.measure(), {(32, 'Gbps'): 1.28, (32, 'Mops'): 2.5})

    def test_lost_operations(self):
        self.says('1,64,32,1000,999,0,0,2.5,1.28,400.0')
        self.assertRaisesRegex(tools.Failed, '999 dequeued', self.measure)

    def test_missing_line(self):
        self.says('nothing')
        self.assertRaisesRegex(tools.Failed, '0 result lines', self.measure)

    def test_exit_code(self):
        self.says('1,64,32,1000,1000,0,0,2.5,1.28,400.0', code=3)
        self.assertRaisesRegex(tools.Failed, 'exit code 3', self.measure)

    def test_error_line(self):
        self.says('USER1: Some operations failed\n1,64,32,1000,1000,0,0,2.5,1.28,400.0')
        self.assertRaisesRegex(tools.Failed, 'operations failed', self.measure)


if __name__ == '__main__':
    unittest.main()
