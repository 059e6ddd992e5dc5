//! What is scanned in benches: JSON as services write it, and text made to be slow.
//!
//! Owns: the generators, the same bytes on every run. Refuses: randomness from outside.

#[path = "../random.rs"]
mod random;

use random::Random;

const WORDS: &[&str] = &[
    "delivered",
    "to",
    "the",
    "front",
    "desk",
    "after",
    "two",
    "attempts",
    "customer",
    "asked",
    "for",
    "gift",
    "wrapping",
    "and",
    "a",
    "receipt",
    "in",
    "box",
    "please",
    "ring",
    "twice",
    "return",
    "window",
    "extended",
    "by",
    "support",
    "blue",
    "large",
    "cotton",
];

/// Lines of about `bytes` each, about `total` together; every hundredth has something in it.
pub fn records(bytes: usize, total: usize) -> Vec<u8> {
    let mut numbers = Random(1);
    let mut text = Vec::with_capacity(total + bytes);
    let mut hit = 0;
    for i in 0..(total / bytes).max(1) {
        let start = text.len();
        let mut line = 0;
        text.extend_from_slice(b"{\"events\":[");
        while text.len() - start + 340 < bytes.max(341) {
            if line > 0 {
                text.push(b',');
            }
            line += 1;
            event(&mut text, &mut numbers);
            // A long record is as many short ones: one in a hundred KiB.
            hit += 1;
            if hit % 300 == 0 {
                text.extend_from_slice(b",{\"holder\":{\"ssn\":\"536-90-4399\",\"card\":\"4111 1111 1111 1111\",\"mail\":\"ann@example.com\"}}");
            }
        }
        text.extend_from_slice(b"],\"note\":\"");
        while text.len() - start + 16 < bytes {
            let word = WORDS[(numbers.number() % WORDS.len() as u64) as usize];
            text.extend_from_slice(word.as_bytes());
            text.push(b' ');
        }
        if bytes <= 1024 && i % 100 == 99 {
            text.extend_from_slice(b"ssn 536-90-4399");
        }
        text.extend_from_slice(b"\"}\n");
    }
    text.pop();
    text
}

fn event(text: &mut Vec<u8>, numbers: &mut Random) {
    let (a, b, c) = (numbers.number(), numbers.number(), numbers.number());
    let line = format!(
        "{{\"id\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"ts\":{},\"at\":\"2026-0{}-1{}T0{}:{}{}:0{}.{:03}Z\",\"type\":\"order_updated\",\"orderId\":{},\"amount\":{}.{:02},\"currency\":\"EUR\",\"sku\":\"SKU-{:05}-{}\",\"qty\":{},\"lat\":{}.{:06},\"status\":\"{}\",\"retry\":false,\"tags\":[\"{}\",\"{}\"]}}",
        a as u32,
        (a >> 32) as u16,
        b & 0xfff,
        (b >> 12) & 0xfff,
        c & 0xffff_ffff_ffff,
        1_760_000_000_000 + b % 10_000_000_000,
        1 + a % 9,
        b % 10,
        c % 10,
        a % 6,
        b % 10,
        c % 10,
        a % 1000,
        c % 100_000_000,
        a % 2_000,
        b % 100,
        c % 100_000,
        a % 10,
        1 + b % 9,
        a % 90,
        c % 1_000_000,
        WORDS[(a % WORDS.len() as u64) as usize],
        WORDS[(b % WORDS.len() as u64) as usize],
        WORDS[(c % WORDS.len() as u64) as usize],
    );
    text.extend_from_slice(line.as_bytes());
}

/// Names and units that repeated make a hostile text.
pub fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let text = |name, unit: &str| (name, unit.as_bytes().to_vec());
    vec![
        text("all digits", "7"),
        text(
            "random digits",
            "83450912776501283746519283746501928374650192",
        ),
        text("all @", "@"),
        text("a@a@a@", "a@"),
        text("near-cards", "4111111111111112 "),
        text("near-cards, grouped", "4111 1111 1111 1112 "),
        text("short groups", "1 2 3 4-5 6 7 8 9 0 "),
        text("near-SSNs", "000-12-3456 "),
        text("bare nines with words", "ssn 000123456 "),
        text("words only", "ssn card iban routing passport "),
        text("dotted", "1.1.1.1.1.1."),
        text("colons", "a:b:c:d:"),
        text("double colons", "::"),
        text("codes", "AB12 "),
        text("near-IBANs", "DE89370400440532013001 "),
        text("open brackets", "(1"),
        text("pluses", "+1+1"),
        text("named containers", "{\"ssn\":{\"card\":{\"iban\":["),
        text("containers that never close", "\"ssn\":["),
        text("JWT heads", "eyJ"),
        text("JWT heads, apart", "eyJhbGciOi.eyJ "),
        text("PEM heads", "-----BEGIN "),
        text("key heads", "AKIA"),
        text("key heads, apart", "AKIA ghp_ xoxb- "),
        text("full width", "\u{ff11}\u{ff12}"),
        text("escapes", "\\u0031"),
        text("percent", "%31%32"),
        text("entities", "&#49;"),
        text("markup", "4<b>1</b>"),
        text("NULs", "1\0"),
        text("base64", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo"),
        text("base64, apart", "NTM2LTkwLTQzOTg= "),
        text("hex", "3533362d39302d34333938"),
        text("gzip heads", "\x1f\u{8b}\x08"),
        text("accents", "\u{e9}\u{e8}\u{2019}\u{a0}"),
    ]
}
