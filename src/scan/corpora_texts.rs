//! Ordinary text that looks like addresses, telephones and secrets, in which detectors must stay silent.
//!
//! Owns: generated lines of source code, XML, logs and lock files. Refuses: text that holds an identifier. Stays
//! true: as in `corpora`; each line is somebody's traffic.

use super::corpora::{Numbers, silent_but_for, stays_silent, uuid};

fn pick<'a>(n: &mut Numbers, from: &[&'a str]) -> &'a str {
    from[n.below(from.len() as u64) as usize]
}

fn hex(n: &mut Numbers, len: usize) -> String {
    (0..len)
        .map(|_| char::from(b"0123456789abcdef"[n.below(16) as usize]))
        .collect()
}

fn base62(n: &mut Numbers, len: usize) -> String {
    let all = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    (0..len)
        .map(|_| char::from(all[n.below(62) as usize]))
        .collect()
}

const NAMES: &[&str] = &[
    "buffer", "fetch", "caller", "phone", "born", "account", "patient", "token", "cell", "contact",
    "reach",
];

#[test]
fn source_code() {
    stays_silent("source", |n| {
        let (a, b) = (pick(n, NAMES), pick(n, NAMES));
        let (x, y, z) = (n.below(1_000_000), n.below(100), n.below(100_000_000));
        match n.below(14) {
            0 => format!("std::{a}::{b}<{x}> add::bad(dead::beef, a::b); // {y}"),
            1 => format!("{a}.call({x}, {b}({y}));"),
            2 => format!("@{a}.route('/{b}/<int:id>')  # {z}"),
            3 => format!("let {a} = [{x}, {y}, {z}]; {b} += {y}.{x:03};"),
            4 => format!("{a} @ {b}.T + q@k.mean(axis={y})"),
            5 => format!("const {a}_id: u64 = {z}; // {b} count {x}"),
            6 => format!("int {a}({b} x) {{ return {x}u + ({z}) - ({y})*x; }}"),
            7 => format!("printf(\"%s@%s.%d\", {a}, {b}, {z});"),
            8 => format!("git clone {a}@{b} && cd {a}-{y}.{y}.{x}"),
            9 => format!("if s.contains(\"-----BEGIN PRIVATE KEY-----\") {{ {a}({z}) }}"),
            10 => format!("#{x:06} .{a}::before {{ margin: {y}px; z-index: {z} }}"),
            11 => format!("assert_eq!({a}(\"{y}:{x}\"), Some({z}));"),
            12 => format!("<img src=\"{a}@2x.png\" alt=\"{b}@3x.md\" width={x}>"),
            _ => format!("return {a}_count[{z}] == {b}_total({x}) ? {y} : -{z};"),
        }
    });
}

#[test]
fn lock_files() {
    stays_silent("lock files", |n| {
        let (name, major, minor, patch) =
            (pick(n, NAMES), n.below(30), n.below(100), n.below(20_000));
        let tail = base62(n, 86);
        match n.below(5) {
            0 => format!("\"@scope/{name}@{major}.{minor}.{patch}\": sha512-{tail}=="),
            1 => format!("{name}@npm:^{major}.{minor}.{patch}-beta.dev, {name}@{major}.x:"),
            2 => format!(
                "name = \"{name}\"\nversion = \"{major}.{minor}.{patch}\"\nchecksum = \"{}\"",
                hex(n, 64)
            ),
            3 => format!(
                "{name} v{major}.{minor}.{patch}/go.mod h1:{}=",
                base62(n, 43)
            ),
            _ => format!("<PackageReference Include=\"{name}\" Version=\"{major}.{minor}.0.0\" />"),
        }
    });
}

#[test]
fn logs_with_versions_macs_and_times() {
    stays_silent("logs", |n| {
        let name = pick(n, NAMES);
        let (h, m, s, ms) = (n.below(24), n.below(60), n.below(60), n.below(1000));
        let mac = (0..6).map(|_| hex(n, 2)).collect::<Vec<_>>().join(":");
        let big = 10u64.pow(10) + n.below(10u64.pow(12));
        match n.below(9) {
            0 => format!(
                "2024-03-{:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z {name} up, mac {mac}, took {big}ns",
                1 + n.below(28)
            ),
            1 => format!(
                "[{h:02}:{m:02}:{s:02},{ms:03}] {name}/10.0.{} build {big} rev {}",
                19_000 + n.below(999),
                hex(n, 40)
            ),
            2 => format!("{name} call {big} returned {m} in {ms} ms"),
            3 => format!("eth0: link {mac} mtu {ms} {name}_id={big}"),
            4 => format!("{name}=null id={big} offset={ms} {}", uuid(n)),
            5 => format!(
                "fingerprint {}",
                (0..16).map(|_| hex(n, 2)).collect::<Vec<_>>().join(":")
            ),
            6 => format!(
                "com.example.{name}.Handler@{}.run({m}) {h}.{m}.{s}",
                hex(n, 8)
            ),
            7 => format!("OID 1.3.6.1.4.1.{ms}.{m}, {name} release {h}.{m}.{s}.{ms}"),
            _ => format!(
                "{name} 17{:08} {h:02}{m:02}{s:02} +0{h:03} commit {}",
                n.below(10u64.pow(8)),
                hex(n, 40)
            ),
        }
    });
}

#[test]
fn xml_and_json_of_orders() {
    stays_silent("orders", |n| {
        let name = pick(n, NAMES).replace("patient", "item"); // a `patient_id` is a finding
        let (id, cents, qty) = (n.below(10u64.pow(9)), n.below(100_000), n.below(50));
        let day = format!("2024-{:02}-{:02}", 1 + n.below(12), 1 + n.below(28));
        match n.below(6) {
            0 => format!(
                "<order id=\"{id}\"><{name}_count>{qty}</{name}_count><total>{cents}.00</total><on>{day}</on></order>"
            ),
            1 => format!(
                "{{\"order\":{id},\"{name}\":null,\"sku\":\"{}\",\"at\":\"{day}\"}}",
                base62(n, 10)
            ),
            2 => format!(
                "{{\"{name}_id\":{id},\"{name}Type\":{qty},\"{name}UpdatedAt\":17{:08}}}",
                id / 10
            ),
            3 => format!(
                "{{\"account\":{{\"id\":{id},\"n\":{cents}}},\"ref\":\"{}\"}}",
                uuid(n)
            ),
            4 => format!(
                "<{name} version=\"1.{qty}\"/><zip>{:05}-{:04}</zip>",
                cents,
                id % 10_000
            ),
            _ => format!("{id};{day};{cents},{qty};{};{}", hex(n, 32), base62(n, 40)),
        }
    });
}

#[test]
fn words_without_values() {
    stays_silent("words", |n| {
        let (a, b, few) = (pick(n, NAMES), pick(n, NAMES), n.below(10_000));
        match n.below(5) {
            0 => {
                format!("Please call the {a} about {b} {few}, then contact support in {few} days.")
            }
            1 => format!(
                "The passport office opens at {few}; account number unknown, MRN n/a ({few})."
            ),
            2 => format!(
                "Her date of birth is not known; born in 19{:02}, room {few}",
                few % 100
            ),
            3 => format!("phone: -, mobile: none, fax: ext {few}"),
            _ => format!("aws secret rotated {few} times; token {a} for {b}"),
        }
    });
}

#[test]
fn base64_of_tokens() {
    silent_but_for("base64url", &[], |n| {
        let bytes: Vec<u8> = (0..12).flat_map(|_| n.next().to_le_bytes()).collect();
        let text = data_encoding::BASE64URL_NOPAD.encode(&bytes);
        let (short, forty) = (base62(n, 20), base62(n, 40));
        format!(
            "eyJ{text}.{text}.{text} AKIA{short} ghp_{short} AIza{short} xoxb-{short} {forty} aws {}",
            hex(n, 40)
        )
    });
}
