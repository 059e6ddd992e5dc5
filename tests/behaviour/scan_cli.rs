//! What lies in files and pipes is found, named by its place, and masked where that is asked for.

mod segments;

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::process::Output;
use lockgate_tests::random::Random;
use lockgate_tests::scanning::{SCAN_LIMIT, files, findings, places, scan, start};
use std::fs;
use std::io::{BufRead, BufReader, Write};

const TEXT: &str = "first line\nssn 536-90-4399, card 4111 1111 1111 1111\n\nlast: 536-90-4398";

/// It must have ended so, and have panicked nowhere.
fn ended(output: &Output, code: i32) -> Outcome {
    ensure!(
        output.code == Some(code) && !output.err.contains("panicked"),
        "it ended with {:?}, not {code}:\n{}{}",
        output.code,
        output.out,
        output.err
    );
    Ok(())
}

#[test]
fn json_names_line_bytes_and_detector() -> Outcome {
    let dir = files(&[("a.txt", TEXT.as_bytes()), ("b.txt", b"nothing here\n")])?;
    let output = scan(&dir, &["--json", "a.txt", "b.txt"], b"")?;
    ended(&output, 1)?;
    let found = findings(&output)?;
    ensure!(found.iter().all(|f| f.input == "a.txt"), "{}", output.out);
    let expected = [
        (1, (4, 15), "us_ssn", "value"),
        (1, (22, 41), "payment_card", "value"),
        (3, (6, 17), "us_ssn", "value"),
    ];
    ensure!(places(&found) == expected, "{}", output.out);
    ensure!(output.err.is_empty(), "{}", output.err);
    Ok(())
}

#[test]
fn a_carriage_return_is_part_of_the_line_end() -> Outcome {
    let dos = TEXT.replace('\n', "\r\n");
    let dir = files(&[("dos", dos.as_bytes()), ("unix", TEXT.as_bytes())])?;
    let found = |name| findings(&scan(&dir, &["--json", name], b"")?);
    let (dos, unix) = (found("dos")?, found("unix")?);
    ensure!(
        places(&dos) == places(&unix) && dos.len() == 3,
        "{dos:?}\n{unix:?}"
    );
    Ok(())
}

#[test]
fn standard_input_is_read_as_a_dash() -> Outcome {
    let dir = files(&[])?;
    let output = scan(&dir, &["--json", "-"], TEXT.as_bytes())?;
    ended(&output, 1)?;
    let found = findings(&output)?;
    ensure!(
        found.len() == 3 && found.iter().all(|f| f.input == "-"),
        "{}",
        output.out
    );
    ended(&scan(&dir, &["-"], b"")?, 0)
}

#[test]
fn the_exit_code_tells_clean_found_and_unreadable() -> Outcome {
    let dir = files(&[("clean", b"nothing"), ("hit", TEXT.as_bytes())])?;
    for (args, code) in [
        (&["clean"][..], 0),
        (&["hit"], 1),
        (&["clean", "hit"], 1),
        (&["gone"], 2),
        (&["."], 2),
        (&[], 2),
        (&["--detectors", "no_such", "hit"], 2),
        (&["--likelihood", "sure", "hit"], 2),
        (&["--mask", "--json", "hit"], 2),
        (&["--mask", "clean", "hit"], 2),
        (&["--list"], 0),
    ] {
        ended(&scan(&dir, args, b"")?, code).with_context(|| format!("{args:?}"))?;
    }
    Ok(())
}

#[test]
fn an_unreadable_input_keeps_no_other_from_being_read() -> Outcome {
    let dir = files(&[("hit", TEXT.as_bytes()), ("packed", b"\x1f\x8b\x08\0\0")])?;
    let args = ["--json", "gone", ".", "packed", "hit"];
    let output = scan(&dir, &args, b"")?;
    ended(&output, 2)?;
    ensure!(findings(&output)?.len() == 3, "{}", output.out);
    for said in ["gone: ", ".: it is a directory", "packed: it is gzip"] {
        ensure!(output.err.contains(said), "{said} in {}", output.err);
    }
    Ok(())
}

#[test]
fn the_output_has_the_order_of_the_inputs() -> Outcome {
    let file = |n: usize| (format!("f{n:02}"), TEXT.repeat(n % 7 * 50 + 1));
    let many: Vec<_> = (0..40).map(file).collect();
    let with: Vec<_> = many
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_bytes()))
        .collect();
    let dir = files(&with)?;
    let mut args = vec!["--json"];
    args.extend(many.iter().map(|(name, _)| name.as_str()));
    let found = findings(&scan(&dir, &args, b"")?)?;
    let inputs: Vec<_> = found.iter().map(|f| f.input.as_str()).collect();
    ensure!(inputs.is_sorted() && inputs.first() == Some(&"f00") && inputs.last() == Some(&"f39"));
    Ok(())
}

#[test]
fn the_table_counts_and_shows_no_value() -> Outcome {
    let dir = files(&[("hit", TEXT.as_bytes())])?;
    for args in [&["hit"][..], &["--samples", "hit"]] {
        let output = scan(&dir, args, b"")?;
        ended(&output, 1)?;
        for said in [
            "hit: text, 4 lines, 71 B",
            "us_ssn",
            "payment_card",
            "certain         1  1:4",
            "3 findings in 1 of 1 input",
        ] {
            ensure!(output.out.contains(said), "{said} in\n{}", output.out);
        }
        let shown = format!("{}{}", output.out, output.err);
        for raw in ["536-90", "4399", "4111 1"] {
            ensure!(!shown.contains(raw), "{raw} in\n{shown}");
        }
        let sampled = shown.contains("ssn XXX-XX-XXXX, card XXXX");
        ensure!(sampled == args.contains(&"--samples"), "{shown}");
    }
    Ok(())
}

#[test]
fn detectors_and_likelihood_are_a_choice() -> Outcome {
    let text = b"ssn 536-90-4399\n536-90-4398\n12-536-90-4397\n4111111111111111";
    let dir = files(&[("text", text)])?;
    let count = |args: &[&str]| -> anyhow::Result<usize> {
        let output = scan(&dir, &[args, &["--json", "text"]].concat(), b"")?;
        Ok(findings(&output)?.len())
    };
    let ssn = ["--detectors", "us_ssn"];
    ensure!(count(&ssn)? == 2);
    ensure!(count(&["--detectors", "us_ssn,payment_card"])? == 3);
    ensure!(count(&[&ssn[..], &["--likelihood", "possible"]].concat())? == 3);
    ensure!(count(&[&ssn[..], &["--likelihood", "certain"]].concat())? == 1);
    let listed = scan(&dir, &["--list"], b"")?;
    ensure!(
        listed.out.contains("us_ssn: US social security number") && listed.out.contains("source")
    );
    Ok(())
}

/// Nothing but findings changes, and nothing is found in what comes out.
#[test]
fn a_masked_file_is_the_same_but_for_its_findings() -> Outcome {
    let mut input = TEXT.replace('\n', "\r\n").into_bytes();
    input.extend(b"\n\n\0\xff\xfe \x80{\"ssn\":536904399,\"card\":4111111111111111}\n");
    let dir = files(&[("in", &input)])?;
    for style in [
        "--mask",
        "--mask=full",
        "--mask=keep_last:4",
        "--mask=keep_first:2",
    ] {
        let output = scan(&dir, &[style, "-o", "out", "in"], b"")?;
        ended(&output, 1)?;
        let masked = fs::read(dir.join("out"))?;
        ensure!(masked.len() == input.len(), "{} bytes", masked.len());
        let changed = |at: &usize| masked[*at] != input[*at];
        let changed: Vec<_> = (0..input.len()).filter(changed).collect();
        ensure!(changed.iter().all(|at| input[*at].is_ascii_digit()));
        ensure!(changed.len() > 30, "{} bytes changed", changed.len());
        ended(&scan(&dir, &["out"], b"")?, 0)?;
        let piped = scan(&dir, &[style, "-"], &input)?;
        ended(&piped, 1)?;
        ensure!(
            piped.out == String::from_utf8_lossy(&masked),
            "{}",
            piped.out
        );
        ensure!(piped.err.contains("5 findings"), "{}", piped.err);
    }
    Ok(())
}

#[test]
fn a_file_may_be_masked_in_its_place_and_is_whole_or_untouched() -> Outcome {
    let dir = files(&[("text", TEXT.as_bytes()), ("packed", b"\x1f\x8b\x08\0\0")])?;
    ended(&scan(&dir, &["--mask", "-o", "text", "text"], b"")?, 1)?;
    ended(&scan(&dir, &["text"], b"")?, 0)?;
    let before = fs::read(dir.join("text"))?;
    ended(&scan(&dir, &["--mask", "-o", "text", "packed"], b"")?, 2)?;
    ensure!(fs::read(dir.join("text"))? == before, "it was overwritten");
    let left = fs::read_dir(&dir)?.count();
    ensure!(left == 2, "{left} files are left");
    Ok(())
}

/// One line, far larger than what may be in memory; what lies at its end has its right place.
#[test]
fn a_line_without_end_is_read_in_bounded_memory() -> Outcome {
    const LINE_BYTES: usize = if cfg!(debug_assertions) {
        48 << 20
    } else {
        100 << 20
    };
    // Less than the line; a debug build has 30 MiB of its own.
    const RESIDENT_KIB_MAX: u64 = 40 << 10;
    let dir = files(&[])?;
    let mut process = start(&dir, &["--json", "-"])?;
    let mut stdin = process.take_stdin()?;
    let digits = b"31415926535897932384626433832795".repeat(2048);
    for _ in 0..LINE_BYTES / digits.len() {
        stdin.write_all(&digits)?;
    }
    let resident = process.resident_kib()?;
    ensure!(resident < RESIDENT_KIB_MAX, "{resident} KiB are resident");
    stdin.write_all(b" ssn 536-90-4399 end")?;
    drop(stdin);
    let mut line = String::new();
    BufReader::new(process.take_stdout()?).read_line(&mut line)?;
    let start = LINE_BYTES as u64 + 5;
    let place = format!("\"record\":0,\"start\":{start},\"end\":{},", start + 11);
    ensure!(line.contains(&place), "{line} has not {place}");
    ensure!(process.wait(SCAN_LIMIT)?.code() == Some(1));
    Ok(())
}

#[test]
fn bytes_that_are_no_text_are_no_fault() -> Outcome {
    let mut random = Random::new(7);
    let mut noise = random.bytes(300_000);
    noise[0] = b'x';
    noise.extend(b"\0ssn 536-90-4399\xff");
    let dir = files(&[("noise", &noise), ("zeros", &[0; 300_000]), ("empty", b"")])?;
    let output = scan(
        &dir,
        &["--json", "--detectors", "us_ssn", "zeros", "empty", "noise"],
        b"",
    )?;
    ended(&output, 1)?;
    let found = findings(&output)?;
    let last = found.last().context("nothing was found")?;
    ensure!(
        last.input == "noise" && last.span.1 - last.span.0 == 11,
        "{last:?}"
    );
    Ok(())
}

/// What was found is told before the writer of the pipe says more.
#[test]
fn a_slow_pipe_is_answered_line_by_line() -> Outcome {
    let dir = files(&[])?;
    let mut process = start(&dir, &["--json", "-"])?;
    let (mut stdin, stdout) = (process.take_stdin()?, process.take_stdout()?);
    let mut told = BufReader::new(stdout).lines();
    for record in 0..3 {
        stdin.write_all(b"ssn 536-90-4399\n")?;
        let line = told.next().context("it ended")??;
        ensure!(line.contains(&format!("\"record\":{record},")), "{line}");
    }
    drop(stdin);
    ensure!(process.wait(SCAN_LIMIT)?.code() == Some(1));
    Ok(())
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() -> Outcome {
    let many = TEXT.repeat(50_000);
    let dir = files(&[("many", many.as_bytes())])?;
    for args in [&["--json", "many"][..], &["--mask", "many"]] {
        let mut process = start(&dir, args)?;
        let mut line = String::new();
        BufReader::with_capacity(100, process.take_stdout()?).read_line(&mut line)?;
        let code = process.wait(SCAN_LIMIT)?.code();
        ensure!(code == Some(1) && !line.is_empty(), "{args:?}: {code:?}");
        let said = process.logged();
        let fault = said.contains("lockgate:") || said.contains("panicked");
        ensure!(!fault, "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn the_way_to_a_value_is_told_and_the_configuration_adds_detectors() -> Outcome {
    let records = r#"{"holder":{"cards":["4111 1111 1111 1111"],"badge":"BDG-123456"}}"#;
    let configuration = r#"
version: 1
clusters:
  main:
    bootstrap: [127.0.0.1:9092]
    listeners: {default: {address: 127.0.0.1:19092, advertise: localhost, broker_ports: 19100-19199, sasl: none}}
    upstream: {credential: {kind: none}}
detectors: {badge: {pattern: "BDG-[0-9]{6}"}}
audit: {directory: audit}
"#;
    let dir = files(&[
        ("a.ndjson", records.as_bytes()),
        ("lockgate.yaml", configuration.as_bytes()),
    ])?;
    let output = scan(&dir, &["--json", "-c", "lockgate.yaml", "a.ndjson"], b"")?;
    ended(&output, 1)?;
    let found: Vec<String> = findings(&output)?.into_iter().map(|f| f.detector).collect();
    ensure!(found == ["payment_card", "badge"], "{}", output.out);
    let ways = [r#""path":"holder.cards[0]"}"#, r#""path":"holder.badge"}"#];
    let told = output.out.lines().zip(ways);
    ensure!(
        told.clone().all(|(line, way)| line.ends_with(way)),
        "{}",
        output.out
    );
    // Without the configuration nobody knows what a badge is.
    let output = scan(&dir, &["--json", "a.ndjson"], b"")?;
    ended(&output, 1)?;
    ensure!(findings(&output)?.len() == 1, "{}", output.out);
    Ok(())
}
