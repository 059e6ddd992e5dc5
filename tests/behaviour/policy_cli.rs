//! The tools that make a policy trustworthy, as their users see them: includes, cases, lists, explanations.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::gateway;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TEN_TEAMS: &str = "config/examples/ten-teams/lockgate.yaml";

fn lockgate(args: &[&str]) -> anyhow::Result<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("a workspace")?;
    let output = Command::new(gateway::binary()?).args(args).current_dir(root).output()?;
    Ok(output)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_hundred_rules_by_ten_teams_pass_their_cases() -> Outcome {
    let output = lockgate(&["check", "-c", TEN_TEAMS, "--cases", "config/examples/cases"])?;
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    ensure!(output.status.code() == Some(0), "{out}{err}");
    ensure!(err.is_empty(), "warnings: {err}");
    ensure!(out.contains("100 rules, 1 exception"), "{out}");
    ensure!(out.ends_with("13 passed, 0 failed\n"), "{out}");
    Ok(())
}

#[test]
fn a_case_that_fails_is_the_exit_code() -> Outcome {
    let directory = tempfile::tempdir()?;
    let cases = "cases:\n  wrong:\n    {topic: hr.people, operation: delete_topics, expect: {verdict: allow}}\n";
    std::fs::write(directory.path().join("a.yaml"), cases)?;
    let shown = directory.path().display().to_string();
    let output = lockgate(&["check", "-c", TEN_TEAMS, "--cases", &shown])?;
    let out = text(&output.stdout);
    ensure!(output.status.code() == Some(1), "{out}");
    ensure!(out.contains("verdict: block, not allow"), "{out}");
    ensure!(out.ends_with("0 passed, 1 failed\n"), "{out}");
    std::fs::write(directory.path().join("a.yaml"), "cases:\n  a: {topik: x}\n")?;
    let output = lockgate(&["check", "-c", TEN_TEAMS, "--cases", &shown])?;
    ensure!(output.status.code() == Some(2), "{}", text(&output.stdout));
    std::fs::remove_file(directory.path().join("a.yaml"))?;
    let output = lockgate(&["check", "-c", TEN_TEAMS, "--cases", &shown])?;
    ensure!(text(&output.stderr).contains("no cases"), "{}", text(&output.stderr));
    Ok(())
}

#[test]
fn a_rule_is_a_line() -> Outcome {
    let output = lockgate(&["policy", "list", "-c", TEN_TEAMS])?;
    let out = text(&output.stdout);
    ensure!(out.lines().count() == 101, "{out}");
    let line = "hr-analysts-see-four-characters  team-hr  enforce  when fetch topics=hr.* groups=analysts  \
                if any of us_ssn|bank_account  then mask: keep_last 4";
    ensure!(out.lines().any(|it| it == line), "{out}");
    Ok(())
}

#[test]
fn an_explanation_names_the_field_that_does_not_match() -> Outcome {
    let args = ["explain", "-c", TEN_TEAMS, "--as", "eve", "--claim", "employment=agency"];
    let more = ["--operation", "fetch", "--topic", "hr.reviews"];
    let output = lockgate(&[&args[..], &more].concat())?;
    let out = text(&output.stdout);
    ensure!(out.starts_with("block by hr-other-departments-ask\n"), "{out}");
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
    let directory = tempfile::tempdir()?;
    let main: PathBuf = directory.path().join("lg.yaml");
    std::fs::write(&main, "version: 1\ninclude: [r/*.yaml]\n")?;
    std::fs::create_dir(directory.path().join("r"))?;
    std::fs::write(directory.path().join("r/a.yaml"), "rules:\n  a: {wenn: {}}\n")?;
    let output = lockgate(&["check", "-c", &main.display().to_string()])?;
    let err = text(&output.stderr);
    ensure!(output.status.code() == Some(1), "{err}");
    ensure!(err.contains("r/a.yaml:2:7: unknown key `wenn` (did you mean `when`?)"), "{err}");
    Ok(())
}
