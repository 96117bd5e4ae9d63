#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Writes the C file that makes a driver visible to dpdk-pmdinfo.py.

usage: pmdinfo.py OUT.c OBJECT...

DPDK's registration macros leave named constants in the object files: this_pmd_name<N> with the
driver's name, __<name>_param_string_export with its devargs, __<name>_kmod_dep_export with its
kernel modules. For each driver a string "PMD_INFO_STRING= {json}" goes into the read-only data.
"""

import json
import struct
import sys

SHT_PROGBITS = 1
SHT_SYMTAB = 2
STT_OBJECT = 1


class Objects:
    """The data symbols of a set of relocatable 64-bit object files, as strings."""

    def __init__(self, paths):
        self.strings = {}
        for path in paths:
            with open(path, 'rb') as file:
                self._read(path, file.read())

    def _read(self, path, elf):
        if elf[:5] != b'\x7fELF\x02':
            sys.exit(f'pmdinfo: error: {path} is no 64-bit ELF file')
        order = '<' if elf[5] == 1 else '>'
        shoff, = struct.unpack_from(order + 'Q', elf, 0x28)
        shentsize, shnum = struct.unpack_from(order + 'HH', elf, 0x3a)
        # sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size, sh_link, ...
        sections = [struct.unpack_from(order + 'IIQQQQI', elf, shoff + i * shentsize)
                    for i in range(shnum)]
        for _, kind, _, _, offset, size, link in sections:
            if kind == SHT_SYMTAB:
                self._symbols(elf, order, sections, elf[offset:offset + size], sections[link][4])

    def _symbols(self, elf, order, sections, table, names):
        for name, info_, _, index, value, size in struct.iter_unpack(order + 'IBBHQQ', table):
            if info_ & 0xf != STT_OBJECT or index >= len(sections):
                continue
            _, kind, _, _, offset, _, _ = sections[index]
            if kind != SHT_PROGBITS:
                continue
            key = elf[names + name:elf.index(b'\0', names + name)].decode()
            data = elf[offset + value:offset + value + size]
            self.strings.setdefault(key, data.split(b'\0')[0])

    def text(self, name):
        """The string in a symbol, or None if there is no such symbol."""
        value = self.strings.get(name)
        return None if value is None else value.decode()

    def drivers(self):
        """The names of all drivers registered in these objects."""
        found = (self.text(s) for s in self.strings if s.startswith('this_pmd_name'))
        return sorted(set(found))


def info(objects, driver):
    """What dpdk-pmdinfo.py expects to read about one driver."""
    entry = {'name': driver}
    for key, suffix in (('params', '_param_string_export'), ('kmod', '_kmod_dep_export')):
        text = objects.text(f'__{driver}{suffix}')
        if text is not None:
            entry[key] = text
    entry['pci_ids'] = []
    return entry


def main():
    """Returns the exit code."""
    if len(sys.argv) < 3:
        print('usage: pmdinfo.py OUT.c OBJECT...', file=sys.stderr)
        return 1
    objects = Objects(sys.argv[2:])
    drivers = objects.drivers()
    if not drivers:
        print('pmdinfo: error: the objects register no driver', file=sys.stderr)
        return 1
    with open(sys.argv[1], 'w', encoding='ascii') as out:
        out.write('/* Made by devtools/pmdinfo.py. */\n')
        for number, driver in enumerate(drivers):
            # A JSON string of a JSON text is a valid C string: both escape alike.
            string = json.dumps('PMD_INFO_STRING= ' + json.dumps(info(objects, driver)))
            out.write(f'static const char pmd_info_{number}[] __attribute__((used)) =\n'
                      f'\t{string};\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
