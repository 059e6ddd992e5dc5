//! The tools that make a policy trustworthy, as their users see them: includes, cases, lists, explanations.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::gateway::lockgate;
use lockgate_tests::process::Output;
use lockgate_tests::scanning::files;

const TEN_TEAMS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../config/examples/ten-teams/lockgate.yaml"
);
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/examples/cases");

fn ended(output: &Output, code: i32) -> Outcome {
    let Output { out, err, .. } = output;
    ensure!(output.code == Some(code), "{:?}: {out}{err}", output.code);
    Ok(())
}

#[test]
fn a_hundred_rules_by_ten_teams_pass_their_cases() -> Outcome {
    let output = lockgate(&["check", "-c", TEN_TEAMS, "--cases", CASES])?;
    ended(&output, 0)?;
    ensure!(output.err.is_empty(), "warnings: {}", output.err);
    ensure!(
        output.out.contains("100 rules, 1 exception"),
        "{}",
        output.out
    );
    ensure!(
        output.out.ends_with("13 passed, 0 failed\n"),
        "{}",
        output.out
    );
    Ok(())
}

#[test]
fn a_case_that_fails_is_the_exit_code() -> Outcome {
    let wrong = "cases:\n  wrong:\n    {topic: hr.people, operation: delete_topics, expect: {verdict: allow}}\n";
    let run = |given: &[(&str, &[u8])]| {
        let dir = files(given)?;
        lockgate(&[
            "check",
            "-c",
            TEN_TEAMS,
            "--cases",
            &dir.display().to_string(),
        ])
    };
    let output = run(&[("a.yaml", wrong.as_bytes())])?;
    ended(&output, 1)?;
    ensure!(
        output.out.contains("verdict: block, not allow"),
        "{}",
        output.out
    );
    ensure!(
        output.out.ends_with("0 passed, 1 failed\n"),
        "{}",
        output.out
    );
    ended(&run(&[("a.yaml", b"cases:\n  a: {topik: x}\n")])?, 2)?;
    let output = run(&[])?;
    ended(&output, 2)?;
    ensure!(output.err.contains("no cases"), "{}", output.err);
    Ok(())
}

#[test]
fn a_rule_is_a_line() -> Outcome {
    let output = lockgate(&["policy", "list", "-c", TEN_TEAMS])?;
    ended(&output, 0)?;
    ensure!(output.out.lines().count() == 101, "{}", output.out);
    let line = "hr-analysts-see-four-characters  team-hr  enforce  when fetch topics=hr.* groups=analysts  \
                if any of us_ssn|bank_account  then mask: keep_last 4";
    ensure!(output.out.lines().any(|it| it == line), "{}", output.out);
    Ok(())
}

#[test]
fn an_explanation_names_the_field_that_does_not_match() -> Outcome {
    let output = lockgate(&[
        "explain",
        "-c",
        TEN_TEAMS,
        "--as",
        "eve",
        "--claim",
        "employment=agency",
        "--operation",
        "fetch",
        "--topic",
        "hr.reviews",
    ])?;
    ended(&output, 0)?;
    let out = &output.out;
    ensure!(
        out.starts_with("block by hr-other-departments-ask\n"),
        "{out}"
    );
    for line in [
        "  hr-other-departments-ask: matches",
        "  hr-interns-stay-out: no: `when.groups` does not match",
        "  crm-interns-stay-out: no: `when.topics` does not match",
    ] {
        ensure!(out.lines().any(|it| it == line), "{line} is not in\n{out}");
    }
    Ok(())
}

#[test]
fn faults_name_the_included_file() -> Outcome {
    let dir = files(&[
        ("lg.yaml", b"version: 1\ninclude: [team-*.yaml]\n"),
        ("team-a.yaml", b"rules:\n  a: {wenn: {}}\n"),
    ])?;
    let main = dir.join("lg.yaml").display().to_string();
    let output = lockgate(&["check", "-c", &main])?;
    ended(&output, 1)?;
    let told = "team-a.yaml:2:7: unknown key `wenn` (did you mean `when`?)";
    ensure!(output.err.contains(told), "{}", output.err);
    Ok(())
}
