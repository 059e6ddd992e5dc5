"""Values that machines use: addresses, keys, tokens.

Rules: e-mail RFC 5321 in the part the world uses; IP RFC 791, RFC 4291 and RFC 5952; AWS, Google,
GitHub and Slack as each documents its prefixes and lengths (GitHub's last six characters are a
CRC-32); JWT RFC 7519; private keys RFC 7468.
"""

import base64
import ipaddress
import json
import string
import zlib

_WORDS = (
    "anna ben carla dmitri eva farid grace hugo ines jonas kofi lena mateo nina oscar priya quinn "
    "rosa samir tomas uma viktor wanda xavier yusuf zoe smith jones garcia novak tanaka okafor"
).split()
_DOMAINS = "acme initech globex hooli umbrella northwind contoso fabrikam example mailbox".split()
_TLDS = "com org net io co.uk de fr com.br edu gov health museum technology nl ca".split()
_ALNUM = string.ascii_letters + string.digits
_BASE32 = string.ascii_uppercase + "234567"


def some(rng, alphabet, n):
    """`n` random characters of the alphabet."""
    return "".join(rng.choice(alphabet) for _ in range(n))


def email(rng):
    local = rng.choice(
        [
            lambda: rng.choice(_WORDS),
            lambda: f"{rng.choice(_WORDS)}.{rng.choice(_WORDS)}",
            lambda: f"{rng.choice(_WORDS)}_{rng.choice(_WORDS)}{rng.randrange(100)}",
            lambda: f"{rng.choice(_WORDS)}+{rng.choice(['news', 'shop', 'spam'])}",
            lambda: f"{rng.choice(_WORDS)[0].upper()}{rng.choice(_WORDS)}",
            lambda: f"{rng.choice(_WORDS)}-{rng.randrange(1000)}",
        ]
    )()
    sub = rng.choice(["", "", "", "mail.", "eu-west."])
    return f"{local}@{sub}{rng.choice(_DOMAINS)}{rng.choice(['', '', '-group', '24'])}.{rng.choice(_TLDS)}"


def not_email(rng):
    word, domain = rng.choice(_WORDS), rng.choice(_DOMAINS)
    return rng.choice(
        [
            (f"@{word}", "no local part"),
            (f"{word}@{domain}", "no top-level domain"),
            (f"{word}@{domain}..com", "empty label"),
            (f"{word} at {domain} dot com", "spelt out"),
            (f"{word}@.com", "no domain"),
            (f"{word}@{rng.randrange(10)}.{rng.randrange(10)}", "a version, not a domain"),
            (f"{word}@-{domain}-.c", "one-letter top-level domain"),
        ]
    )


def ipv4(rng):
    first = rng.choice([10, 172, 192, *range(11, 127), *range(128, 224)])
    return ".".join(str(n) for n in [first, *(rng.randrange(256) for _ in range(2)), rng.randrange(1, 255)])


def not_ipv4(rng):
    a, b, c, d = (rng.randrange(1, 200) for _ in range(4))
    return rng.choice(
        [
            (f"{a}.{b}.{c}.{rng.randrange(256, 999)}", "octet above 255"),
            (f"{a}.{b}.{c}", "three parts"),
            (f"{a}.{b}.{c}.{d}.{a}", "five parts"),
            (f"{rng.randrange(256, 999)}.{b}.{c}.{d}", "octet above 255"),
            (f"v{a}.{b}.{c}.{d}", "a version"),
        ]
    )


def ipv6(rng):
    groups = [rng.choice([0, 0, rng.randrange(1, 0xFFFF), rng.randrange(1, 0xFFFF)]) for _ in range(6)]
    whole = [rng.choice([0x2001, 0x2A00, 0xFE80, 0xFD12]), *groups, rng.randrange(1, 0xFFFF)]
    address = ipaddress.IPv6Address(":".join(f"{g:x}" for g in whole))
    return rng.choices([address.compressed, address.exploded, address.compressed.upper()], [6, 3, 1])[0]


def not_ipv6(rng):
    def part():
        return f"{rng.randrange(1, 0xFFFF):x}"

    return rng.choice(
        [
            (":".join(f"{rng.randrange(256):02x}" for _ in range(6)), "a MAC address"),
            (f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}", "a time"),
            (":".join(part() for _ in range(9)), "nine groups"),
            (f"2001:db8:{part()}:{part()}:12345::1", "group too long"),
            (f"{part()}::{part()}::{part()}", "two gaps"),
            ("std::vec::Vec", "a path in a program"),
        ]
    )


def aws_key(rng):
    return rng.choice(["AKIA", "ASIA", "AKIA", "ABIA", "ACCA"]) + some(rng, _BASE32, 16)


def not_aws_key(rng):
    body = some(rng, _BASE32, 16)
    return rng.choice(
        [
            ("AKIA" + body[:-2], "too short"),
            ("AKIA" + body.lower(), "lower case"),
            ("AKXA" + body, "no such prefix"),
            ("AKIA" + body + some(rng, _BASE32, 8), "part of something longer"),
            ("AKIA" + body[:8] + "0189" + body[12:], "not base 32"),
        ]
    )


_BASE64 = _ALNUM + "+/"


def aws_secret_key(rng):
    return rng.choice(_ALNUM) + some(rng, _BASE64, 38) + rng.choice(_ALNUM)


def not_aws_secret_key(rng):
    body = some(rng, _ALNUM, 40)
    return rng.choice(
        [
            (body[:-3], "too short"),
            (body + some(rng, _ALNUM, 5), "too long"),
            (some(rng, "0123456789abcdef", 40), "a digest"),
        ]
    )


def gcp_key(rng):
    return "AIza" + some(rng, _ALNUM + "_-", 34) + rng.choice(_ALNUM)


def not_gcp_key(rng):
    body = some(rng, _ALNUM, 35)
    return rng.choice(
        [
            ("AIza" + body[:-4], "too short"),
            ("AIzb" + body, "no such prefix"),
            ("aiza" + body, "lower-case prefix"),
        ]
    )


def _base62(number):
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    out = ""
    while number:
        number, rest = divmod(number, 62)
        out = alphabet[rest] + out
    return out.rjust(6, "0")


def github_token(rng):
    body = some(rng, _ALNUM, 30)
    return rng.choice(["ghp_", "ghp_", "gho_", "ghu_", "ghs_"]) + body + _base62(zlib.crc32(body.encode()))


def not_github_token(rng):
    body = github_token(rng)[4:]
    return rng.choice(
        [
            ("ghx_" + body, "no such prefix"),
            ("ghp_" + body[:20], "too short"),
            ("ghp-" + body, "no underscore"),
        ]
    )


def slack_token(rng):
    kind = rng.choice(["xoxb", "xoxb", "xoxp"])
    ids = [some(rng, string.digits, rng.choice([11, 12, 13])) for _ in range(3 if kind == "xoxp" else 2)]
    return "-".join([rng.choice([kind]), *ids, some(rng, _ALNUM, 32 if kind == "xoxp" else 24)])


def not_slack_token(rng):
    good = slack_token(rng)
    return rng.choice(
        [("xoxz" + good[4:], "no such prefix"), (good[:10], "too short"), ("xox" + good[5:], "no kind")]
    )


def _b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt(rng):
    algorithm, size = rng.choice([("HS256", 32), ("RS256", 256), ("ES256", 64)])
    header = rng.choice(
        [{"alg": algorithm, "typ": "JWT"}, {"typ": "JWT", "alg": algorithm, "kid": some(rng, _ALNUM, 8)}]
    )
    claims = {
        "sub": some(rng, string.digits, 10),
        "iss": rng.choice(_DOMAINS),
        "exp": rng.randrange(1_700_000_000, 1_900_000_000),
    }
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    return ".".join(_b64url(part) for part in [*parts, rng.randbytes(size)])


def not_jwt(rng):
    head, claims, signature = jwt(rng).split(".")
    return rng.choice(
        [
            (
                ".".join([_b64url(rng.randbytes(27)), _b64url(rng.randbytes(60)), signature]),
                "header is not JSON",
            ),
            (head, "header alone"),
            (".".join([head, _b64url(b"plain words, no object at all"), signature]), "payload is not JSON"),
            ("org.apache." + some(rng, string.ascii_lowercase, 12), "a name of a class"),
        ]
    )


def _armoured(rng, label, size):
    body = base64.b64encode(rng.randbytes(size)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])


def private_key(rng):
    """Armour as it stands inside a JSON string: line breaks written `\\n`."""
    label, size = rng.choice(
        [
            ("RSA PRIVATE KEY", 600),
            ("PRIVATE KEY", 640),
            ("EC PRIVATE KEY", 118),
            ("OPENSSH PRIVATE KEY", 340),
            ("ENCRYPTED PRIVATE KEY", 660),
        ]
    )
    return _armoured(rng, label, size)


def not_private_key(rng):
    label, size = rng.choice([("CERTIFICATE", 500), ("PUBLIC KEY", 290), ("RSA PUBLIC KEY", 270)])
    return _armoured(rng, label, size), "nothing secret in it"
