//! Every way past the scanner that we know of, with an example, and what comes of it.
//!
//! Owns: the table in `docs/limits.md`, which is made from this one. Refuses: a row without an example. Stays
//! true: each row is found, or told as unreadable, or named as not seen, and each is tried here; a row that
//! says "not seen" fails when the scanner has learnt to see it.
//!
//! `LOCKGATE_WRITE_DOCS=1 cargo test evasion` writes the table.
#![allow(clippy::unwrap_used)]
#![allow(
    clippy::octal_escapes,
    reason = "digits between NULs are what is tried"
)]

use super::super::detector;
use super::super::engine::tests::all_detectors;
use super::super::{Engine, Scratch};
use super::{deflate, limits};
use crate::chunk::{Field, Likelihood, Part};
use Seen::{Blocked, Detected, Missed, Unreadable};
use data_encoding::{BASE64, BASE64_MIME, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// What comes of a row.
enum Seen {
    /// Found, likely enough for rules to act.
    Detected,
    /// Told as unreadable: blocked, unless an exception lets it by.
    Unreadable,
    /// Not seen, and why.
    Missed(&'static str),
    /// Refused before the scanner is asked: the behaviour that shows it, in that file.
    Blocked(&'static str, &'static str),
}

/// A way of writing a value.
struct Row {
    /// What is done, for the table.
    way: &'static str,
    /// An example, for the table.
    example: &'static str,
    /// What comes of every sample.
    seen: Seen,
    /// Batches of one or more fields each, in which a number is written in that way.
    samples: Vec<Vec<(Part, Vec<u8>)>>,
}

const SSN: &str = "536-90-4399";
const CARD: &str = "4111111111111111";

fn row<T: AsRef<[u8]>>(
    way: &'static str,
    example: &'static str,
    seen: Seen,
    samples: impl IntoIterator<Item = T>,
) -> Row {
    let samples = samples
        .into_iter()
        .map(|text| vec![(Part::Value, text.as_ref().to_vec())])
        .collect();
    Row {
        way,
        example,
        seen,
        samples,
    }
}

fn each(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

/// Digits of another set.
fn digits(text: &str, zero: u32) -> String {
    each(text, |c| {
        c.to_digit(10)
            .map_or(c, |value| char::from_u32(zero + value).unwrap())
            .to_string()
    })
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark
        .then_some(0xfeff)
        .into_iter()
        .chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

fn wrapped(text: &str, times: usize) -> String {
    (0..times).fold(text.to_owned(), |text, _| BASE64.encode(text.as_bytes()))
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    let mut rows = json();
    rows.extend(spelled());
    rows.extend(packed());
    rows.extend(placed());
    rows
}

#[rustfmt::skip]
fn json() -> Vec<Row> {
    let escaped = each(SSN, |c| format!("\\u{:04x}", c as u32));
    vec![
        row("JSON number", r#"`{"ssn":536904399}`"#, Detected, [r#"{"ssn":536904399}"#, r#"{"ssn": 536904399.0}"#, r#"[4111111111111111]"#]),
        row("JSON number with an exponent", r#"`{"ssn":5.36904399e8}`"#, Detected,
            [r#"{"ssn":5.36904399e8}"#, r#"{"ssn": 5.36904399E+8}"#, r#"{"pan":4.111111111111111E15}"#, r#"{"ssn":"5369043990e-1"}"#]),
        row("JSON number rounded to three digits or fewer", r#"`{"pan":4.2e15}`"#, Missed("an identifier has more digits than that"), [r#"{"pan":4.2e15}"#, r#"{"pan":4.2E+15}"#]),
        row("JSON number with leading zeros", r#"`{"ssn":0536904399}`"#, Detected, [r#"{"ssn":0536904399}"#, r#"{"ssn": 000536904399}"#]),
        row("JSON key", r#"`{"536-90-4399":true}`"#, Detected, [r#"{"536-90-4399":true}"#, r#"{"4111111111111111":{}}"#, r#"{"\u0035\u00336-90-4399":0}"#]),
        row("the same JSON key twice", r#"`{"ssn":"536-90-4399","ssn":""}`"#, Detected, [r#"{"ssn":"536-90-4399","ssn":""}"#, r#"{"ssn":"","ssn":536904399}"#]),
        row("JSON escapes, once or more often", r"`\u0035\u0033…`, `\\u0035…`, `\uff15…`", Detected,
            [format!("{{\"s\":\"{escaped}\"}}"), escaped.replace('\\', "\\\\"), each(CARD, |c| format!("\\uFF1{c}")), r#""\u0073sn": 536904399"#.to_owned(),
             each(CARD, |c| format!("\\ud835\\udf{:02x}", 0xd8 + c.to_digit(10).unwrap()))]),
        row("right behind an escaped line break", r"`…\n4111111111111111`", Detected, [r#"{"note":"Card:\n4111111111111111\n"}"#, r"x\t536-90-4399", r"12\/4111111111111111"]),
    ]
}

#[rustfmt::skip]
fn spelled() -> Vec<Row> {
    vec![
        row("no-break, narrow and other spaces", "`4111␣1111␣1111␣1111` with U+00A0, U+202F, U+3000 …", Detected,
            ["\u{a0}", "\u{2007}", "\u{2009}", "\u{202f}", "\u{3000}"].map(|space| "4111 1111 1111 1111".replace(' ', space))),
        row("zero-width characters, soft hyphens, joiners", "`41␣11…` with U+200B, U+00AD, U+FEFF …", Detected,
            ["\u{200b}", "\u{ad}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{fe0f}\u{20e3}"].map(|unseen| each(CARD, |c| format!("{c}{unseen}")))),
        row("full-width digits and letters", "`５３６-９０-４３９９`", Detected, [digits(SSN, 0xff10), digits(CARD, 0xff10), format!("ｓｓｎ {}", digits("536904399", 0xff10))]),
        row("decimal digits of other scripts", "`٥٣٦-٩٠-٤٣٩٩`, `५३६-९०-४३९९`, `𝟓𝟑𝟔…`", Detected, [0x660, 0x6f0, 0x966, 0xe50, 0x1d7ce, 0x1d7f6].map(|zero| digits(SSN, zero))),
        row("other dashes", "`536–90–4399` with U+2010 to U+2015, U+2212", Detected, ["\u{2010}", "\u{2011}", "\u{2013}", "\u{2014}", "\u{2212}", "\u{ff0d}"].map(|dash| SSN.replace('-', dash))),
        row("digits split by inline markup", "`4111<b>1111</b>11111111`", Detected,
            ["<p>4111<b>1111</b>11111111</p>", "<span>536</span>-<span class=\"x\">90</span>-<i>4399</i>", "41<wbr>1111<!-- -->1111111111"]),
        row("entities of HTML and XML", "`&#53;&#x33;6-90-4399`, `536&ndash;90&ndash;4399`", Detected,
            [each(SSN, |c| format!("&#{};", c as u32)), each(CARD, |c| format!("&#x{:x};", c as u32)), SSN.replace('-', "&ndash;"), each(CARD, |c| format!("&amp;#{};", c as u32))]),
        row("percent-encoding, once or more often", "`%35%33%36-90-4399`, `ssn%3D536904399`, `4111+1111+1111+1111`", Detected,
            [each(SSN, |c| format!("%{:02X}", c as u32)), each(CARD, |c| format!("%25{:02x}", c as u32)), "q=ssn%3D536904399".into(), "4111+1111+1111+1111".into(), "n%204111111111111111".into()]),
        row("NULs between or behind digits", "`4\\0` `1\\0` `1\\0` …", Detected, [each(CARD, |c| format!("{c}\0")), CARD.replace("11", "1\x001"), format!("{CARD}\0\0\0\0\0\0"), each(SSN, |c| format!("\0\0\0{c}"))]),
        row("UTF-16 and UTF-32, either byte order, marked or not", "`5\\0` `3\\0` `6\\0` …", Detected,
            [utf16(SSN, false, false), utf16(SSN, true, false), utf16(SSN, false, true), utf16(SSN, true, true), utf16("ssn: 536904399", true, true),
             SSN.chars().flat_map(|c| (c as u32).to_le_bytes()).collect(), SSN.chars().flat_map(|c| (c as u32).to_be_bytes()).collect()]),
        row("digits of other scripts in UTF-16", "`５３６…` in UTF-16", Missed("16-bit text is read as far as it is ASCII"), [utf16(&digits(SSN, 0xff10), false, true)]),
        row("letters that look alike, numbers in words", "`ѕѕn 536904399`, `five three six`", Missed("no program writes this by accident"), ["ѕѕn 536904399", "five three six, ninety, four three nine nine"]),
        row("separated otherwise", "`536.90.4399`, `536/90/4399`, `5 3 6 9 0 4 3 9 9`", Missed("versions, dates and tables are written so"), ["id 536.90.4399", "id 536/90/4399", "id 5 3 6 9 0 4 3 9 9"]),
    ]
}

#[rustfmt::skip]
fn packed() -> Vec<Row> {
    let text = format!("{{\"ssn\":\"{SSN}\"}}");
    let gzip = deflate::gzip(text.as_bytes());
    let bomb = deflate::gzip(&vec![b'0'; limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX + 1]);
    let escaped = each(SSN, |c| format!("\\u{:04x}", c as u32));
    vec![
        row("base64: either alphabet, padded or not, in lines", "`NTM2LTkwLTQzOTk=`", Detected,
            [BASE64.encode(SSN.as_bytes()), BASE64URL_NOPAD.encode(format!("{SSN}??>~").as_bytes()), BASE64.encode(CARD.as_bytes()), BASE64URL_NOPAD.encode(text.as_bytes()),
             format!("data:text/plain;base64,{}", BASE64.encode(CARD.as_bytes())), BASE64_MIME.encode(format!("{:60}{CARD}", "a line of its own").as_bytes())]),
        row("base64 inside JSON", r#"`{"ssn":"NTM2OTA0Mzk5"}`"#, Detected,
            [format!("{{\"ssn\":\"{}\"}}", BASE64.encode(b"536904399")), format!("{{\"blob\":\"{}\"}}", BASE64.encode(text.as_bytes()))]),
        row("hex", "`3533362d39302d34333939`", Detected,
            [HEXLOWER.encode(SSN.as_bytes()), HEXUPPER.encode(CARD.as_bytes()), format!("0x{}", HEXLOWER.encode(SSN.as_bytes())), format!("\\x{}", HEXLOWER.encode(SSN.as_bytes()))]),
        row("hex in pairs", "`35 33 36 2d …`, `35:33:36 …`", Missed("looks like any list of numbers"), [HEXLOWER.encode(SSN.as_bytes()).as_bytes().chunks(2).map(|pair| pair.to_vec()).collect::<Vec<_>>().join(&b' ')]),
        row("gzip inside a value, zlib where it begins", "`1f 8b 08 …`, `78 9c …`", Detected, [gzip.clone(), deflate::zlib(text.as_bytes()), [b"\0\0\0\0\x07payload ".to_vec(), gzip.clone()].concat()]),
        row("one in another, three deep, and spelled at that", "base64 of gzip of `\\u0035…`", Detected,
            [BASE64.encode(&gzip), BASE64.encode(&deflate::gzip(escaped.as_bytes())), wrapped(&escaped, 3), HEXLOWER.encode(wrapped(SSN, 2).as_bytes()), BASE64.encode(&utf16(SSN, false, true)), wrapped(SSN, 1).replace('=', "%3D")]),
        row("packed more often than that", "base64 of base64 of base64 of …", Unreadable, [wrapped(&text, 6)]),
        row("gzip that is damaged, cut, or larger than the budget", "a bomb of 16 MiB", Unreadable, [gzip[..gzip.len() - 14].to_vec(), bomb, BASE64.encode(&gzip[..gzip.len() - 14]).into_bytes()]),
        row("a value compressed otherwise", "zstd, LZ4, xz, bzip2, Snappy, ZIP", Unreadable,
            [b"\x28\xb5\x2f\xfd\x04\0\x41\0\0".to_vec(), b"\x04\x22\x4d\x18\x64\x40".to_vec(), b"\xfd7zXZ\0\0\x04".to_vec(), b"BZh91AY&SY".to_vec(),
             b"\xff\x06\0\0sNaPpY\0".to_vec(), b"PK\x03\x04\x14\0".to_vec(), BASE64.encode(b"PK\x03\x04\x14\0\0\0\x08\0\x21\0\0\0\0\0").into_bytes()]),
        row("base64 with other characters among its first twelve", "`KLUv/QQA…`, a zlib stream", Missed("a run is looked at where twelve letters and digits, a capital among them, or sixteen begin a token; text in base64 does"),
            [BASE64.encode(b"\x28\xb5\x2f\xfd\x04\0\x41\0\0\0\0\0").into_bytes()]),
        row("zlib behind other bytes", "`payload x\\x9c…`", Missed("its head is two bytes, one of them a letter: it counts at the beginning of a value"), [[b"payload ".to_vec(), deflate::zlib(text.as_bytes())].concat()]),
        row("a short text in base64 behind bytes that are none", "base64 of a binary header and a number", Missed("a run is decoded when its beginning, or what stands 48, 96 or 192 bytes behind it, reads as text"),
            [BASE64.encode(&[&[0xe7, 0x91, 0xfa, 0x88, 0xc3, 0xd9, 0xee, 0xb2, 0x99, 0xf1][..], SSN.as_bytes()].concat())]),
        row("a number in binary, without a schema that says so", "an integer of Avro or Protobuf, BCD, a float", Missed("any bytes are some number"),
            [[b"ssn:".to_vec(), 536_904_399u64.to_be_bytes().to_vec()].concat(), [b"pan:".to_vec(), vec![0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11]].concat()]),
        row("encrypted, reversed, in a code of one's own", "`9934-09-635`", Missed("somebody who means to smuggle can"), ["9934-09-635", "ssn: fvir guerr fvk"]),
    ]
}

#[rustfmt::skip]
fn placed() -> Vec<Row> {
    let field = |part, text: &str| (part, text.as_bytes().to_vec());
    vec![
        Row { way: "record key, header", example: "a header `x-card: 4111111111111111`", seen: Detected,
            samples: vec![vec![field(Part::Key, SSN)], vec![field(Part::Header, CARD)], vec![field(Part::Header, SSN), field(Part::Value, "nothing")], vec![field(Part::Key, &BASE64.encode(CARD.as_bytes()))]] },
        row("a keyword that names the JSON object or array around", r#"`{"ssn":{"of":{…,"no":536904399}}}`"#, Detected, [format!("{{\"ssn\":{{\"note\":\"{}\",\"no\":536904399}}}}", "far away ".repeat(20))]),
        row("a delimited number or a card far from any keyword", "`ssn` … 200 bytes … `536-90-4399`", Detected, [format!("ssn {} {SSN}", "and so on ".repeat(20)), format!("card {} {CARD}", "and so on ".repeat(20))]),
        row("bare digits more than 30 bytes from their keyword", "`ssn` … 200 bytes … `536904399`", Missed("89 % of all nine-digit numbers would be one"), [format!("ssn {} 536904399", "and so on ".repeat(20))]),
        row("set apart by markup", "`<td>4111</td><td>1111</td>…`", Missed("two cells are two values"), ["<td>4111</td><td>1111</td><td>1111</td><td>1111</td>"]),
        Row { way: "a value cut in two: at the edge of a batch, over two records, two fields", example: "`536-90` and `-4399`", seen: Missed("a record is read for itself"),
            samples: vec![vec![field(Part::Value, "ssn 536-90"), field(Part::Value, "-4399")], vec![field(Part::Key, "41111111"), field(Part::Value, "11111111")]] },
        Row { way: "a batch with an unknown codec, or that its codec cannot read", example: "codec 7", seen: Blocked("what_cannot_be_read", include_str!("../../../tests/behaviour/blocks.rs")), samples: Vec::new() },
    ]
}

/// One body of these fields: what is found in it that rules act on, and whether all of it could be read.
fn inspect(fields: &[(Part, Vec<u8>)]) -> (Vec<u8>, bool) {
    let (mut body, mut places) = (Vec::new(), Vec::new());
    for (record, (part, text)) in fields.iter().enumerate() {
        let start = body.len() as u32;
        body.extend_from_slice(text);
        places.push(Field {
            record: record as u32,
            part: *part,
            start,
            end: body.len() as u32,
        });
        body.push(0x0e); // a length, as between records
    }
    let (engine, mut scratch, mut out) = (Engine::new(all_detectors()), Scratch::new(), Vec::new());
    let unreadable = engine.scan(&body, places.into_iter(), &mut scratch, &mut out);
    let acted_on = out
        .iter()
        .filter(|finding| finding.likelihood >= Likelihood::Likely);
    (
        acted_on.map(|finding| finding.detector.0).collect(),
        unreadable.is_some(),
    )
}

#[test]
fn every_row_is_as_the_table_says() {
    let ours = ["us_ssn", "payment_card"].map(|name| detector(name).unwrap().0);
    for row in rows() {
        if let Blocked(behaviour, file) = row.seen {
            assert!(
                file.contains(&format!("fn {behaviour}()")),
                "{}: no behaviour {behaviour}",
                row.way
            );
            continue;
        }
        assert!(!row.samples.is_empty(), "{}: no sample", row.way);
        for sample in &row.samples {
            let (found, unreadable) = inspect(sample);
            let seen = found.iter().any(|id| ours.contains(id));
            let shown: Vec<_> = sample
                .iter()
                .map(|(_, text)| String::from_utf8_lossy(&text[..text.len().min(200)]))
                .collect();
            match row.seen {
                Detected => assert!(seen, "{}: {shown:?}", row.way),
                Unreadable => assert!(unreadable, "{}: {shown:?}", row.way),
                Missed(_) => assert!(!seen && !unreadable, "{}: seen by now: {shown:?}", row.way),
                Blocked(..) => {}
            }
        }
    }
}

const BEGIN: &str =
    "<!-- This table is written by a test: `LOCKGATE_WRITE_DOCS=1 cargo test evasion`. -->\n";
const END: &str = "<!-- End of the table. -->\n";
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/limits.md");

fn table() -> String {
    let mut table = String::from("\n| how it is written | example | |\n| --- | --- | --- |\n");
    for row in rows() {
        let seen = match row.seen {
            Detected => "found".to_owned(),
            Unreadable => "unreadable: blocked, unless an exception lets it by".to_owned(),
            Missed(why) => format!("**not seen**: {why}"),
            Blocked(..) => "blocked, unless an exception lets it by".to_owned(),
        };
        table.push_str(&format!(
            "| {} | {} | {seen} |\n",
            row.way,
            row.example.replace('|', "\\|")
        ));
    }
    table.push('\n');
    table
}

/// Readers of `docs/limits.md` learn from it what is seen.
#[test]
fn the_documented_evasions_are_these() {
    let text = std::fs::read_to_string(FILE).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table's first mark");
    let (here, after) = rest.split_once(END).expect("the table's last mark");
    let table = table();
    if std::env::var_os("LOCKGATE_WRITE_DOCS").is_some() {
        return std::fs::write(FILE, [before, BEGIN, &table, END, after].concat()).unwrap();
    }
    assert!(
        here == table,
        "docs/limits.md differs; LOCKGATE_WRITE_DOCS=1 writes it:\n{table}"
    );
}
