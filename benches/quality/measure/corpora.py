"""Clean text: nothing in it is an identifier, so every finding is a false one.

Owns: the corpora and their seeds. Generated ones are drawn so that none of their numbers has the form
of an identifier that needs no word beside it; what comes from the machine (programs, prose) loses the
lines that hold a real address or key by a plain pattern before anyone scans it. Refuses: to look at
what a scanner finds. Stays true: same seed, size and machine give the same bytes. `bare digits` is the
one that cannot be clean: a share of random numbers passes any checksum, so it is judged by arithmetic.
"""

import base64
import html
import os
import re
import subprocess
from pathlib import Path

from .texts import numbers, one_line

_HOSTS = "web-1 api-7 db-primary cache-3 ingest gateway-2 worker-19 scheduler".split()
_PATHS = "/health /v1/orders /static/app.js /static/icon@2x.png /login /v2/items/search /metrics".split()
_LEVELS = "INFO INFO INFO DEBUG WARN ERROR".split()
_MODULES = "http.server kafka.consumer db.pool auth.session cache.lru job.runner".split()
_SAYINGS = [
    "request {path} took {n} ms, status {code}",
    "rebalanced {n} partitions of topic orders-{code} at offset {big}",
    "connection to {host}:{port} closed after {n} requests",
    "retry {n} of 5 for job {hex}",
    "GC pause {n}.{code} ms, heap {big} of {big} bytes",
    "took snapshot {hex} ({big} bytes) at lsn {n}/{hex}",
    "thread-{n} span={hex}{hex} parent={hex}",
]


def uuids(rng):
    while True:
        value = f"{rng.getrandbits(128):032x}"
        yield "-".join([value[:8], value[8:12], "4" + value[13:16], "a" + value[17:20], value[20:]])


def _moment(rng):
    return (
        f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T"
        f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    )


def timestamps(rng):
    while True:
        epoch = rng.randrange(1_200_000_000, 1_899_999_999)
        yield rng.choice(
            [
                f"{_moment(rng)}.{rng.randrange(1000):03}Z",
                f"{_moment(rng)}+0{rng.randrange(10)}:00",
                f"{epoch}",
                f"{epoch}{rng.randrange(1000):03}",
                f"{epoch}.{rng.randrange(1000000):06}",
                f"{epoch}{rng.randrange(10**6):06}",
                f"ts={epoch} seq={rng.randrange(10**6)}",
            ]
        )


def orders(rng):
    """A phone book of order numbers: long columns of digits with no word that makes them people's."""
    while True:
        yield rng.choice(
            [
                f"Order {rng.randrange(10**7, 10**12)} qty {rng.randrange(1, 40)}",
                f"{rng.randrange(10**8, 10**9)};{rng.randrange(10**9, 10**10)};{rng.randrange(10**6, 10**8)};shipped",
                f"ORD-{rng.randrange(2010, 2030)}-{rng.randrange(10**6):06}  SKU {rng.randrange(10**5, 10**6)}",
                f'{{"order_id":{rng.randrange(10**8, 10**10)},"lines":[{rng.randrange(10**8, 10**9)},{rng.randrange(10**8, 10**9)}]}}',
                f"{rng.randrange(100, 999)}-{rng.randrange(10**6, 10**7)}-{rng.randrange(10**6, 10**7)}",
                f"parcel {rng.randrange(10**11, 10**12)} of batch {rng.randrange(10**4):04}/{rng.randrange(10**4):04}",
                f'<item id="{rng.randrange(10**8, 10**9)}" ref="{rng.randrange(10**9, 10**10)}"/>',
                f"invoice_no={rng.randrange(10**8, 10**10)}&page={rng.randrange(10)}",
            ]
        )


_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def product_codes(rng):
    """Letters and digits in the forms of registration, insurance and Medicare numbers, and in others."""

    def code(form):
        alphabets = {"A": _PLAIN, "N": "0123456789", "X": _PLAIN + "0123456789"}
        return "".join(rng.choice(alphabets.get(c, c)) for c in form)

    while True:
        form = rng.choice(["AANNNNNNN", "AANNNNNNA", "XXXXXXXXXXX", "NAXNAXNAANN", "AAA-NNNN", "AANN-XXXX", "ANNNNNNN"])
        yield rng.choice(["{}", "sku {}", '{{"sku":"{}","qty":2}}', "{};{};in stock"]).format(code(form), code(form))


def base64_lines(rng):
    while True:
        yield base64.b64encode(rng.randbytes(57)).decode()
        yield base64.urlsafe_b64encode(rng.randbytes(rng.randrange(16, 200))).rstrip(b"=").decode()


def _hex(rng, size):
    """Random hex with a letter in it: without one it would be a bare number."""
    value = rng.randbytes(size).hex()
    return _hex(rng, size) if value.isdigit() else value


def hex_digests(rng):
    while True:
        size = rng.choice([8, 16, 20, 32, 64])
        yield _hex(rng, size)
        yield f"{_hex(rng, size).upper()}  file-{rng.randrange(10**5)}.bin"


def floats(rng):
    while True:
        yield rng.choice(
            [
                f"{rng.uniform(-90, 90):.6f}, {rng.uniform(-180, 180):.6f}",
                f"{rng.gauss(0, 1)!r}",
                f'{{"lat":{rng.uniform(-90, 90):.9f},"lon":{rng.uniform(-180, 180):.9f}}}',
                f"{rng.uniform(0, 1e6):.2f}\t{rng.random():.16f}\t{rng.uniform(0, 1):.3e}",
                f"price {rng.uniform(1, 99999):,.2f} change {rng.uniform(-5, 5):+.2f}%",
            ]
        )


def log_lines(rng):
    while True:
        said = rng.choice(_SAYINGS).format(
            path=rng.choice(_PATHS),
            n=rng.randrange(1, 5000),
            code=rng.randrange(200, 600),
            big=rng.randrange(10**6, 10**11),
            host=rng.choice(_HOSTS),
            port=rng.randrange(1024, 65536),
            hex=_hex(rng, 8),
        )
        yield f"{_moment(rng)}.{rng.randrange(1000):03} {rng.choice(_LEVELS)} [{rng.choice(_MODULES)}] {rng.choice(_HOSTS)} {said}"


def user_agents(rng):
    """Programs and their versions: four numbers and three dots, and no address."""
    while True:
        v = rng.randrange(60, 160)
        yield (
            f'GET {rng.choice(_PATHS)} 200 {rng.randrange(10**5)} "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 '
            f'(KHTML, like Gecko) Chrome/{v}.0.{rng.randrange(9999)}.{rng.randrange(255)} Safari/537.36"'
        )


def bare_digits(rng):
    while True:
        n = rng.randrange(8, 20)
        yield rng.choice("123456789") + "".join(rng.choice("0123456789") for _ in range(n - 1))


# What is really an address or a key in programs and prose, found by plain shape.
_REAL = re.compile(
    r"[\w.+%-]@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}|\b\d{1,3}(\.\d{1,3}){3}\b"
    # Hex and colons with a digit among them; `a::b` is a path in a program and stays.
    r"|(?<![\w:])(?=[0-9a-fA-F:]*\d)[0-9a-fA-F]{0,4}:[0-9a-fA-F:]*:[0-9a-fA-F:]*(?![\w:])"
    r"|PRIVATE KEY|AKIA[A-Z0-9]|eyJ[A-Za-z0-9]|\bIBAN\b|xox[abp]-|gh[pousr]_"
)
_SKIP = re.compile(r"test|vector|fixture|example|phone|credit|iban|luhn|ipaddr|certs?/|keys?/", re.I)


def _files(roots, endings, newest=2_000_000):
    for root in roots:
        for folder, below, names in os.walk(root):
            below[:] = sorted(d for d in below if not _SKIP.search(d))
            for name in sorted(names):
                path = Path(folder) / name
                if name.endswith(endings) and not _SKIP.search(name) and path.stat().st_size < newest:
                    yield path


def _clean_lines(paths, prose=False):
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="replace")
        if prose:
            text = html.unescape(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", text))
        for line in text.splitlines():
            line = one_line(line).strip()
            if len(line) > 3 and len(line) < 4000 and not _REAL.search(line):
                yield line


def _sysroot():
    return subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True).stdout.strip()


def rust_source(_rng):
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    yield from _clean_lines(_files(sorted((home / "registry" / "src").glob("*")), (".rs", ".toml")))


def python_source(_rng):
    yield from _clean_lines(_files([os.path.dirname(os.__file__)], (".py",)))


def prose(_rng):
    roots = [Path(_sysroot()) / "share" / "doc" / "rust" / "html" / book for book in
             ("book", "reference", "nomicon", "cargo", "rustc", "rust-by-example", "edition-guide")]  # fmt: skip
    yield from _clean_lines(
        _files([*roots, "/usr/share/doc"], (".html", ".txt", "copyright", "README")), True
    )


CLEAN = {
    "UUIDs": uuids,
    "timestamps": timestamps,
    "order numbers": orders,
    "product codes": product_codes,
    "base64": base64_lines,
    "hex digests": hex_digests,
    "floats and coordinates": floats,
    "log lines": log_lines,
    "user agents": user_agents,
    "Rust source": rust_source,
    "Python source": python_source,
    "English prose": prose,
}
DIGITS = {"bare digits": bare_digits}


def write(name, seed, mib, folder):
    """The corpus as a file of at most `mib` MiB, made unless it is there. Returns its path and size."""
    path = Path(folder) / f"{name.replace(' ', '-').lower()}-{seed}-{mib:g}.txt"
    if not path.exists():
        room, lines = mib * 1024 * 1024, []
        for line in {**CLEAN, **DIGITS}[name](numbers(seed, "corpus", name)):
            room -= len(line.encode()) + 1
            if room < 0:
                break
            lines.append(line + "\n")
        path.write_text("".join(lines), encoding="utf-8")
    return path, path.stat().st_size


def card_share(length):
    """The share of random numbers of this length, first digit not zero, that are card numbers: the
    issuers' prefixes over all, and a tenth of those for Luhn. Issuers with a word only are left out."""
    nine = 9 / 10
    # Discover 6011 and 644 to 65, UnionPay 62, JCB 3528 to 3589: 16 to 19 digits.
    longer = 1 / 10_000 + 16 / 1000 + 1 / 100 + 62 / 10_000
    # Visa, and Mastercard's two series of 5 % each.
    ranges = {
        13: 0.1,
        14: 6 / 1000 + 1 / 10_000 + 1 / 100 + 2 / 100,  # Diners Club 300 to 305, 3095, 36, 38 and 39
        15: 2 / 100,
        16: 0.1 + 0.05 + 0.05 + longer,
        17: longer,
        18: longer,
        19: 0.1 + longer,
    }
    return ranges.get(length, 0.0) / nine / 10
