//! `lockgate scan`: what regulated data lies in files and pipes.
//!
//! Owns: the arguments, the order of the output, the exit code. Refuses: to print a raw value. Stays
//! true: exit 0 nothing was found and everything was read, 1 something was found and everything was
//! read, 2 anything else; one input that cannot be read keeps no other from being read.
//!
//! ```text
//! input ─► kind ─┬─► lines in blocks ───┬─► examine ─► tally ─► table
//!                └─► batches of records ┘      │  └──► json
//!                                              └─► rewrite (text)
//! topics of a cluster ───────────────► examine ─► topic ─► topics (table, json) and propose
//! ```

mod blocks;
mod choose;
mod cluster;
mod crew;
mod examine;
mod input;
mod job;
mod json;
mod kind;
mod lines;
mod list;
mod places;
mod progress;
mod propose;
mod rewrite;
mod segment;
mod table;
mod tally;
mod topic;
mod topics;

use super::target::Target;
use crate::chunk::Likelihood;
use crate::control::sample;
use crate::limits::{SAMPLE_RECORDS, SAMPLE_SECONDS};
use crate::scan::mask::MaskStyle;
use crate::schema::registered::{Form, Language, Registered};
use anyhow::{Context, bail};
use choose::Choice;
use crew::{Voice, Word};
use input::Input;
use job::Job;
use kind::Format;
use progress::Progress;
use rewrite::Rewriter;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use table::Sum;
pub use table::printable;
use tally::Tally;

/// Find regulated data in files, pipes and the topics of a running cluster.
///
/// Reads text and newline-delimited JSON line by line, and Kafka log segments (`*.log`) record by
/// record, compressed batches too. Prints what was found and where, never the value.
///
/// With --bootstrap it reads a sample of a cluster's topics in place of files. It changes nothing there: it
/// joins no group, commits no offset and makes no topic. Ctrl-C ends it and prints what it has so far.
///
/// Exit code: 0 nothing found, 1 something found, 2 an input could not be read whole (whatever was found in
/// it and in the others), or a bad command line.
#[derive(Debug, clap::Args)]
pub struct ScanArgs {
    /// What to read; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["list", "bootstrap", "topics"])]
    files: Vec<PathBuf>,
    /// Print one JSON object a finding and line: input, record (line or record number from 0), start
    /// and end (bytes within it), detector, where (key, value, header), likelihood,
    /// path (the way to it in a record that has one). Of a cluster: one object a topic and line.
    #[arg(long)]
    json: bool,
    /// Look for these only; `--list` names them all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    detectors: Option<Vec<String>>,
    /// Leave out what is less likely. Rules act from `likely`.
    #[arg(long, value_enum, default_value_t)]
    likelihood: Least,
    /// What the inputs are.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Read binary records of log segments by this schema: an Avro schema (`*.avsc`) or a file of Protobuf
    /// (`*.proto`), of which the first message is meant where a record does not say.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Look for the detectors of this configuration, too.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write the input, one file of text, with findings masked: full, keep_last:N or keep_first:N
    /// [default: full]. It goes to standard output, and the table to standard error.
    #[arg(long, value_name = "STYLE", num_args = 0..=1, require_equals = true,
          default_missing_value = "full", value_parser = rewrite::parse_style)]
    mask: Option<MaskStyle>,
    /// Write the masked text here, once it is whole. The input itself will do.
    #[arg(short, long, value_name = "FILE", requires = "mask")]
    output: Option<PathBuf>,
    /// Show masked text around the first findings of each detector.
    #[arg(long, conflicts_with = "json")]
    samples: bool,
    /// List the detectors, with the rule of each and its source, and scan nothing.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    target: Target,
    /// Of the configuration's clusters, read this one (with --config, in place of --bootstrap).
    #[arg(
        long,
        value_name = "NAME",
        requires = "config",
        conflicts_with = "bootstrap"
    )]
    cluster: Option<String>,
    /// Read these topics of the cluster [default: all]; `*` stands for any run of characters. Internal topics are left out.
    #[arg(long, value_name = "GLOBS", value_delimiter = ',', conflicts_with_all = ["files", "mask", "samples", "schema"])]
    topics: Vec<String>,
    /// Read so many records of each partition, and the rest of the last batch.
    #[arg(long, value_name = "N", default_value_t = SAMPLE_RECORDS, value_parser = clap::value_parser!(u32).range(1..))]
    records: u32,
    /// Where in a partition they are.
    #[arg(long, value_enum, default_value_t)]
    from: Where,
    /// Take at most so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = SAMPLE_SECONDS)]
    time: u64,
    /// Print a configuration with rules that fit what was found, and the table on standard error.
    #[arg(long, conflicts_with_all = ["json", "files"])]
    propose: bool,
}

/// Where in a partition a sample is taken.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Where {
    /// Its newest records.
    #[default]
    Latest,
    /// Its oldest records.
    Earliest,
    /// Some in each of several places, from the oldest to the newest.
    Spread,
}

impl From<Where> for sample::From {
    fn from(from: Where) -> sample::From {
        match from {
            Where::Latest => sample::From::Latest,
            Where::Earliest => sample::From::Earliest,
            Where::Spread => sample::From::Spread,
        }
    }
}

/// How likely a finding must be.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Least {
    /// The form fits, and nothing speaks for it.
    Possible,
    /// A checksum, a strict form or a word speaks for it.
    #[default]
    Likely,
    /// Several of them do.
    Certain,
}

impl From<Least> for Likelihood {
    fn from(least: Least) -> Likelihood {
        match least {
            Least::Possible => Likelihood::Possible,
            Least::Likely => Likelihood::Likely,
            Least::Certain => Likelihood::Certain,
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// A command line that makes no sense, or an output that cannot be written.
pub fn run(args: ScanArgs) -> anyhow::Result<ExitCode> {
    let config = args
        .config
        .as_deref()
        .map(crate::config::load)
        .transpose()?;
    let own = config
        .as_ref()
        .map_or_else(Arc::default, |config| Arc::clone(&config.detectors));
    let schema = args.schema.as_deref().map(schema).transpose()?;
    let choice = Choice::new(own, args.detectors.as_deref(), args.likelihood.into())?;
    if args.list {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = list::write(&mut out, &choice, args.json).and_then(|()| out.flush());
        quiet(written)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.files.is_empty() {
        return cluster::run(&args, &choice, config.as_ref());
    }
    if !args.target.bootstrap.is_empty() {
        bail!("files or a cluster (--bootstrap), one of them");
    }
    let inputs: Vec<Input> = args.files.iter().cloned().map(Input::new).collect();
    let rewriter = rewriter(&args, &choice)?;
    let total = inputs.iter().map(Input::size).sum();
    let progress = Progress::new(bar_wanted(&args), total);
    let job = Job {
        choice: &choice,
        schema: schema.as_ref(),
        format: args.format,
        json: args.json,
        samples: args.samples,
        progress: &progress,
    };
    let sum = scan(&args, &job, &inputs, rewriter)?;
    Ok(ExitCode::from(match (sum.faulty, sum.findings) {
        (1.., _) => 2,
        (0, 1..) => 1,
        (0, 0) => 0,
    }))
}

/// A schema by which records are read that name none.
fn schema(path: &Path) -> anyhow::Result<Registered> {
    let shown = path.display();
    let language = match path.extension().and_then(|end| end.to_str()) {
        Some("avsc") => Language::Avro,
        Some("proto") => Language::Protobuf,
        _ => bail!("{shown}: a schema is a file that ends with .avsc or .proto"),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let made = Registered::compile(language, text.into(), Vec::new());
    if let Form::Unreadable(fault) = &made.form {
        bail!("{shown}: {fault}");
    }
    Ok(made)
}

/// Scans everything and prints it, input by input.
fn scan(
    args: &ScanArgs,
    job: &Job<'_>,
    inputs: &[Input],
    rewriter: Option<Rewriter>,
) -> anyhow::Result<Sum> {
    let mut sum = Sum::default();
    let mut out = output(args);
    let rewriter = Mutex::new(rewriter);
    let work = |input: &Input, voice: &mut Voice<'_, Tally>| {
        // There is one only where there is one input.
        let rewriter = rewriter.lock().ok().and_then(|mut held| held.take());
        job.read(input, rewriter, voice)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let heard = crew::each(inputs, threads, work, |input, word| {
        job.progress.beside(|| match word {
            Word::Lines(lines) => out.write_all(&lines).and_then(|()| out.flush()),
            Word::Done(tally) => {
                sum.add(&tally);
                tell(input, &tally);
                match args.json {
                    true => Ok(()),
                    false => table::section(&mut out, &input.name, &tally, job.choice)
                        .and_then(|()| out.flush()),
                }
            }
        })
    });
    job.progress.end();
    let written = heard.and_then(|()| match args.json {
        true => Ok(()),
        false => table::total(&mut out, &sum, job.progress.elapsed()),
    });
    let broken = matches!(&written, Err(e) if e.kind() == ErrorKind::BrokenPipe);
    quiet(written.and_then(|()| out.flush()))?;
    // Who reads no further has seen findings: only they make lines before the end.
    sum.findings += u64::from(broken && args.json);
    Ok(sum)
}

/// Where the table or the lines of JSON go: not where the masked text goes.
fn output(args: &ScanArgs) -> Box<dyn Write> {
    match args.mask.is_some() && args.output.is_none() {
        true => Box::new(BufWriter::new(io::stderr())),
        false => Box::new(BufWriter::new(io::stdout())),
    }
}

fn rewriter(args: &ScanArgs, choice: &Choice) -> anyhow::Result<Option<Rewriter>> {
    let Some(style) = args.mask.clone() else {
        return Ok(None);
    };
    let [only] = args.files.as_slice() else {
        bail!("--mask rewrites one input; a style is written with an equals sign: --mask=full");
    };
    if args.json && args.output.is_none() {
        bail!(
            "--mask and --json both write to standard output: give the masked text a file with --output"
        );
    }
    if only.as_os_str() != "-" && !only.exists() {
        let name = only.display();
        bail!("{name}: there is no such file; a style is written with an equals sign: --mask=full");
    }
    let to = args.output.as_deref();
    let shown = to.map_or("standard output".into(), |path| path.display().to_string());
    let rewriter = Rewriter::new(to, style, choice.engine.clone());
    Ok(Some(
        rewriter.with_context(|| format!("cannot write to {shown}"))?,
    ))
}

/// A bar is for a terminal that shows nothing else meanwhile.
fn bar_wanted(args: &ScanArgs) -> bool {
    let streams = args.json || (args.mask.is_some() && args.output.is_none());
    io::stderr().is_terminal() && !(streams && io::stdout().is_terminal())
}

/// Says on standard error what was not read, and what else there is to say.
fn tell(input: &Input, tally: &Tally) {
    let name = table::printable(&input.name);
    for fault in &tally.faults {
        eprintln!("lockgate: {name}: {fault}");
    }
    if tally.more_faults > 0 {
        eprintln!("lockgate: {name}: … and {} more", tally.more_faults);
    }
    for note in &tally.notes {
        eprintln!("lockgate: {name}: note: {note}");
    }
}

/// A reader that went away is nobody's fault.
fn quiet(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(e).context("cannot write the output"),
        _ => Ok(()),
    }
}
