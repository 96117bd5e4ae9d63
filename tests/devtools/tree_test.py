#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# What holds for files of any kind: each says its licence, the documents name files that exist,
# and their lines end at a column where an editor still shows them.
#
#   tree_test.py TOP
#
# The checks themselves are tested first, on text that they must find fault with.

import glob
import os
import re
import subprocess
import sys

COLUMNS = 120
ROOMS = ('.ci', 'app', 'devtools', 'doc', 'drivers', 'kernel', 'lib', 'tests')


def tree_files(top):
    """Files of the tree, without what was built in it."""
    r = subprocess.run(['git', '-c', 'safe.directory=*', '-C', top, 'ls-files', '-z'],
                       capture_output=True)
    if r.returncode == 0:
        names = r.stdout.decode().split('\0')
        return [n for n in names if n and os.path.isfile(os.path.join(top, n))]
    names = [n for n in os.listdir(top) if os.path.isfile(os.path.join(top, n))]
    for room in ROOMS:
        for folder, _, files in os.walk(os.path.join(top, room)):
            names += [os.path.relpath(os.path.join(folder, f), top) for f in files
                      if f.endswith(('.c', '.h', '.py', '.sh', '.rst', '.build'))]
    return names


def licence_fault(text):
    """The SPDX line is one of the first."""
    if any('SPDX-License-Identifier: ' in line for line in text.split('\n')[:5]):
        return []
    return ['no SPDX line']


def named_paths(text):
    """(line, path) of all in backquotes or links that looks like a path of this tree."""
    for n, line in enumerate(text.split('\n'), 1):
        for m in re.finditer(r'`+([^`]+)`+|\]\(([^)#]+)', line):
            words = (m.group(1) or m.group(2)).split()
            if not words:
                continue
            word = words[0]
            if re.fullmatch(r'[\w-]+\.rst', word):
                yield n, 'doc/' + word
            elif word.split('/')[0] in ROOMS and '/' in word and '<' not in word:
                yield n, word.rstrip('/.,:')


def path_faults(text, exists):
    return ['%d: no file %s' % (n, p) for n, p in named_paths(text) if not exists(p)]


def column_faults(text):
    """Too long lines outside of tables and of literal text, which begins with blanks."""
    out = []
    for n, line in enumerate(text.split('\n'), 1):
        if len(line) > COLUMNS and not line.startswith(('   ', '|', '+', '=')):
            out.append('%d: %d columns, want %d at most' % (n, len(line), COLUMNS))
    return out


def check(top):
    faults = []
    for name in sorted(tree_files(top)):
        with open(os.path.join(top, name), errors='replace') as f:
            text = f.read()
        found = []
        if not name.startswith('LICENSES/'):
            found += licence_fault(text)
        if name == 'README.md' or re.fullmatch(r'doc/[^/]+\.rst', name):
            found += path_faults(text, lambda p: glob.glob(os.path.join(top, p)))
            found += column_faults(text)
        faults += ['%s: %s' % (name, f) for f in found]
    return faults


def self_test():
    assert licence_fault('a\nb') and not licence_fault('# SPDX-License-Identifier: MIT\n')
    text = 'a ``lib/wd/none.c -x`` and `b.rst`\n[x](doc/c.rst) ``emu``'
    assert [p for _, p in named_paths(text)] == ['lib/wd/none.c', 'doc/b.rst', 'doc/c.rst']
    assert len(path_faults(text, lambda p: p == 'doc/b.rst')) == 2
    assert column_faults('x' * 121) and not column_faults('x' * 120 + '\n   ' + 'x' * 121)


def main():
    self_test()
    faults = check(sys.argv[1])
    for f in faults:
        print(f)
    sys.exit(1 if faults else 0)


main()
