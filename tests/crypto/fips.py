#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs DPDK's fips_validation example on the crypto PMD, with vectors made here.

  fips.py DEVARGS

The example is built from the sources that DPDK's documentation package installs. Request files
have the formats of NIST's CAVP; the answers are compared with OpenSSL's. Exits with 77 if the
example's sources or hugepages are not there.
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import random
import shlex
import subprocess
import sys
import tempfile

SOURCES = ["/usr/share/dpdk/examples/fips_validation", "/usr/local/share/dpdk/examples/fips_validation"]
SKIP = 77

crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
for name in ("EVP_CIPHER_CTX_new", "EVP_CIPHER_fetch"):
    getattr(crypto, name).restype = ctypes.c_void_p
SET_IVLEN, GET_TAG = 0x9, 0x10


def check(ok):
    if not ok:
        raise RuntimeError("OpenSSL failed")


def encrypt(cipher, key, iv, data, aad=None, tag_len=0):
    """Ciphertext, and the tag if tag_len is not 0."""
    ctx = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    evp = ctypes.c_void_p(crypto.EVP_CIPHER_fetch(None, cipher.encode(), None))
    out, n, rest = ctypes.create_string_buffer(len(data) + 32), ctypes.c_int(), ctypes.c_int()
    tag = ctypes.create_string_buffer(16)
    try:
        check(crypto.EVP_EncryptInit_ex(ctx, evp, None, None, None))
        if tag_len:
            check(crypto.EVP_CIPHER_CTX_ctrl(ctx, SET_IVLEN, len(iv), None))
        check(crypto.EVP_EncryptInit_ex(ctx, None, None, key, iv))
        crypto.EVP_CIPHER_CTX_set_padding(ctx, 0)
        if aad:
            check(crypto.EVP_EncryptUpdate(ctx, None, ctypes.byref(n), aad, len(aad)))
        n.value = 0
        if data:
            check(crypto.EVP_EncryptUpdate(ctx, out, ctypes.byref(n), data, len(data)))
        check(crypto.EVP_EncryptFinal_ex(ctx, ctypes.byref(out, n.value), ctypes.byref(rest)))
        if tag_len:
            check(crypto.EVP_CIPHER_CTX_ctrl(ctx, GET_TAG, tag_len, tag))
    finally:
        crypto.EVP_CIPHER_CTX_free(ctx)
        crypto.EVP_CIPHER_free(evp)
    return out.raw[:n.value + rest.value], tag.raw[:tag_len]


def cmac(key, data):
    """RFC 4493, out of single blocks."""
    def block(b):
        return encrypt("AES-128-ECB", key, None, b)[0]

    def double(b):
        v = int.from_bytes(b, "big") << 1
        return ((v & (1 << 128) - 1) ^ (0x87 if v >> 128 else 0)).to_bytes(16, "big")

    k1 = double(block(bytes(16)))
    full = len(data) > 0 and len(data) % 16 == 0
    padded = data if full else data + b"\x80" + bytes(15 - len(data) % 16)
    last = bytes(a ^ b for a, b in zip(padded[-16:], k1 if full else double(k1)))
    state = bytes(16)
    for i in range(0, len(padded) - 16, 16):
        state = block(bytes(a ^ b for a, b in zip(state, padded[i:i + 16])))
    return block(bytes(a ^ b for a, b in zip(state, last)))


class Request:
    """Lines of a request file, and in wanted the (name, value) lines the answer must add."""

    def __init__(self, name, header):
        self.name = name
        self.lines = [*header, "# Generated on a day", ""]
        self.wanted = []

    def add(self, lines, wanted=()):
        self.lines += [*lines, ""]
        self.wanted += wanted


def aes(rng, mode, bits):
    r = Request(f"{mode}MMT{bits}", ["# CAVS 11.1", "# Config info for aes_values",
                                     f"# AESVS MMT test data for {mode}",
                                     "# State : Encrypt and Decrypt", f"# Key Length : {bits}"])
    for way in ("ENCRYPT", "DECRYPT"):
        r.add([f"[{way}]"])
        for count in range(10):
            key, iv = rng.randbytes(bits // 8), rng.randbytes(16)
            plain = rng.randbytes(16 * (count + 1))
            sealed = encrypt(f"AES-{bits}-{mode}", key, iv, plain)[0]
            given, answer = ("PLAINTEXT", "CIPHERTEXT")[::1 if way == "ENCRYPT" else -1]
            data = {"PLAINTEXT": plain, "CIPHERTEXT": sealed}
            lines = [f"COUNT = {count}", f"KEY = {key.hex()}"]
            if mode != "ECB":
                lines.append(f"IV = {iv.hex()}")
            r.add([*lines, f"{given} = {data[given].hex()}"], [(answer, data[answer].hex())])
    return r


def gcm(rng, way, bits):
    r = Request(f"gcm{way}{bits}", ["# CAVS 14.0",
                                    f"# GCM {way} with keysize {bits} test information"])
    for pt_len, aad_len, tag_len in ((0, 16, 16), (13, 0, 12), (16, 20, 16), (51, 90, 8), (0, 0, 16)):
        r.add([f"[Keylen = {bits}]", "[IVlen = 96]", f"[PTlen = {8 * pt_len}]",
               f"[AADlen = {8 * aad_len}]", f"[Taglen = {8 * tag_len}]"])
        for count in range(6):
            key, iv = rng.randbytes(bits // 8), rng.randbytes(12)
            aad, plain = rng.randbytes(aad_len), rng.randbytes(pt_len)
            sealed, tag = encrypt(f"AES-{bits}-GCM", key, iv, plain, aad, tag_len)
            lines = [f"Count = {count}", f"Key = {key.hex()}", f"IV = {iv.hex()}"]
            if way == "Encrypt":
                r.add([*lines, f"PT = {plain.hex()}", f"AAD = {aad.hex()}"],
                      [("CT", sealed.hex()), ("Tag", tag.hex())])
                continue
            bad = count % 3 == 2
            if bad:
                tag = bytes([tag[0] ^ 1]) + tag[1:]
            r.add([*lines, f"CT = {sealed.hex()}", f"AAD = {aad.hex()}", f"Tag = {tag.hex()}"],
                  [("FAIL", "")] if bad else [("PT", plain.hex())])
    return r


def hmacs(rng):
    r = Request("HMAC", ["# CAVS 11.0", "#  HMAC information for all"])
    for size, name in ((20, "sha1"), (28, "sha224"), (32, "sha256"), (48, "sha384"), (64, "sha512")):
        r.add([f"[L={size}]"])
        for count in range(10):
            key, msg = rng.randbytes(rng.randint(1, 150)), rng.randbytes(rng.randint(1, 300))
            tag_len = rng.choice([8, 12, 16, 20])
            mac = hmac.new(key, msg, name).digest()[:tag_len]
            r.add([f"Count = {count}", f"Klen = {len(key)}", f"Tlen = {tag_len}",
                   f"Key = {key.hex()}", f"Msg = {msg.hex()}"], [("Mac", mac.hex())])
    return r


def sha(rng, size, name):
    r = Request(f"{name}ShortMsg", ["#  CAVS 11.0", f"#  SHA-{name[3:]} ShortMsg information"])
    r.add([f"[L = {size}]"])
    for count in range(0, 130, 3):
        msg = rng.randbytes(count)
        r.add([f"Len = {8 * count}", f"Msg = {msg.hex() or '00'}"],
              [("MD", hashlib.new(name, msg).hexdigest())])
    return r


def cmacs(rng, way):
    r = Request(f"CMAC{way}", ["#  CAVS 11.0", "#  CMAC information",
                               f"#  Alg = AES, Mode = {way}"])
    for count in range(20):
        key, msg = rng.randbytes(16), rng.randbytes(rng.randint(1, 100))
        tag_len = rng.choice([4, 8, 12, 16])
        tag = cmac(key, msg)[:tag_len]
        lines = [f"Count = {count}", "Klen = 16", f"Mlen = {len(msg)}", f"Tlen = {tag_len}",
                 f"Key = {key.hex()}", f"Msg = {msg.hex()}"]
        if way == "Generate":
            r.add(lines, [("Mac", tag.hex())])
            continue
        bad = count % 3 == 2
        if bad:
            tag = bytes([tag[0] ^ 1]) + tag[1:]
        r.add([*lines, f"Mac = {tag.hex()}"], [("Result", "F" if bad else "P")])
    return r


def requests(seed, v2):
    rng = random.Random(seed)
    modes = ("CBC", "ECB") if v2 else ("CBC", "ECB", "CTR")
    yield from (aes(rng, mode, bits) for mode in modes for bits in (128, 192, 256))
    yield from (gcm(rng, way, bits) for way in ("Encrypt", "Decrypt") for bits in (128, 256))
    yield hmacs(rng)
    yield from (sha(rng, size, name) for size, name in
                ((20, "sha1"), (28, "sha224"), (32, "sha256"), (48, "sha384"), (64, "sha512")))
    if not v2:
        yield from (cmacs(rng, way) for way in ("Generate", "Verify"))


def build(out):
    src = next((s for s in SOURCES if os.path.isdir(s)), None)
    if src is None:
        print("skipped: no sources of fips_validation (package dpdk-doc)")
        sys.exit(SKIP)
    flags = [shlex.split(subprocess.check_output(["pkg-config", w, "libdpdk"], text=True))
             for w in ("--cflags", "--libs")]
    files = [os.path.join(src, f) for f in sorted(os.listdir(src)) if f.endswith(".c")]
    subprocess.run(["cc", "-w", "-O1", *flags[0], *files, "-o", out, *flags[1]], check=True)


def answers(path, request):
    """The (name, value) lines that the answer has and the request had not."""
    had = list(request.lines)
    for line in open(path).read().splitlines():
        if line in had:
            had.remove(line)
        elif not line.startswith("#") and line.strip():
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def run(program, folder, request, devargs):
    req, rsp = (os.path.join(folder, request.name + e) for e in (".req", ".rsp"))
    with open(req, "w") as f:
        f.write("\n".join(request.lines) + "\n")
    done = subprocess.run(
        [program, "--no-pci", "--in-memory", "-l", "0", "-m", "256",
         "-d", os.environ["UACCE_PLUGIN_DIR"] + "/librte_crypto_uacce.so",
         "--vdev", "crypto_uacce," + devargs, "--", "--req-file", req, "--rsp-file", rsp,
         "--cryptodev", "crypto_uacce"], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        print(f"{request.name}: exit code {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
        return False
    got = list(answers(rsp, request))
    if got == request.wanted:
        print(f"{request.name:20} {len(got)} answers as OpenSSL has them")
        return True
    wrong = [(g, w) for g, w in zip(got, request.wanted) if g != w]
    print(f"{request.name:20} FAILED: {len(got)} answers for {len(request.wanted)}, "
          f"first wrong {wrong[:1]}")
    return False


def main():
    devargs = sys.argv[1] if len(sys.argv) > 1 else "device=emu"
    if "UACCE_PLUGIN_DIR" not in os.environ or os.geteuid() != 0:
        print("skipped: run by devtools/plugin-dir.sh, as root")
        sys.exit(SKIP)
    seed = random.randrange(1 << 32)
    print(f"{devargs}, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "fips_validation")
        build(program)
        results = [run(program, folder, r, devargs) for r in requests(seed, "hw=v2" in devargs)]
    print(f"{sum(results)} of {len(results)} files")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
