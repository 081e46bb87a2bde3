//! `mcppolicy import`: logs as native traces.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::input;
use super::output::complain;
use super::traces::{self, ReadingArgs, same_file};
use super::workspace::Workspace;
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::replay::import::Import;
use mcppolicy_analysis::report::{Exit, Failure};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::native::write_call;
use mcppolicy_trace::trace::{Item, Trace};

/// Arguments of `import`.
#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// Logs, directories of them, or - for standard input, which is also what is read without any
    #[arg(value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Where to write the trace, readable by its owner alone [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Keep only the argument values that this policy reads
    #[arg(long, value_name = "POLICY")]
    redact: Option<PathBuf>,
    /// Write what to expect: `observed`, the decisions that the logs record
    #[arg(long, value_name = "WHAT", value_parser = ["observed"])]
    expect: Option<String>,
}

/// What was imported.
#[derive(Default)]
struct Tally {
    calls: u64,
    invalid: u64,
}

/// Runs `import`.
pub(super) fn run(args: &ImportArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    workspace.reading = args.reading.settings();
    let named = match args.logs.as_slice() {
        [] => vec![PathBuf::from(input::STDIN)],
        named => named.to_vec(),
    };
    let logs = traces::expand(&mut workspace, &named);
    let engine = match args
        .redact
        .as_deref()
        .map(|path| engine(&mut workspace, path))
    {
        Some(Err(exit)) => return exit.and(failed(&workspace)),
        Some(Ok(engine)) => Some(engine),
        None => None,
    };
    let import = Import {
        expect_observed: args.expect.is_some(),
        redact: engine.as_ref(),
        name_files: logs.len() > 1,
    };
    let mut out = match open(args.output.as_deref(), &logs) {
        Ok(out) => out,
        Err(failure) => {
            workspace.failures.push(failure);
            return failed(&workspace);
        }
    };
    let policy = args.redact.as_deref().map(input::display_name);
    let mut tally = Tally::default();
    let written = writeln!(out, "{}", import.header(policy.as_deref()))
        .and_then(|()| logs_into(&mut out, &logs, &import, &mut workspace, &mut tally))
        .and_then(|()| out.flush());
    if let Err(error) = written
        // Whoever stopped reading has seen what they wanted.
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let target = args.output.as_deref().unwrap_or(Path::new("<stdout>"));
        workspace.failures.push(traces::failure(target, &error));
    }
    let exit = match tally {
        Tally { invalid: 1.., .. } => Exit::Invalid,
        Tally { calls: 0, .. } => Exit::NothingToDo,
        _ => Exit::Clean,
    };
    exit.and(failed(&workspace))
}

/// The engine of the policy that says what to keep.
fn engine(workspace: &mut Workspace, path: &Path) -> Result<Engine, Exit> {
    let Some(file) = workspace.load(path, None) else {
        return Err(Exit::CouldNotRun);
    };
    findings(&file.problems, &workspace.sources);
    file.policy.as_ref().map(Engine::new).ok_or(Exit::Invalid)
}

/// Says what could not be read.
fn failed(workspace: &Workspace) -> Exit {
    for failure in &workspace.failures {
        complain(&format!("{}: {}", failure.input, failure.message));
    }
    match workspace.failures.is_empty() {
        true => Exit::Clean,
        false => Exit::CouldNotRun,
    }
}

fn findings(findings: &[Finding], sources: &SourceMap) {
    for finding in findings {
        let at = sources.start(finding.location);
        let file = sources.get(finding.location.file).name();
        complain(&format!(
            "{file}:{}:{}: {}",
            at.line, at.column, finding.message
        ));
    }
}

/// Opens what is written to: a new file is readable by its owner alone.
fn open(path: Option<&Path>, logs: &[PathBuf]) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = path.filter(|path| *path != Path::new(input::STDIN)) else {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    };
    if path.exists() && logs.iter().any(|log| same_file(log, path)) {
        return Err(Failure {
            input: input::display_name(path),
            message: "is also a log to read".to_owned(),
        });
    }
    let file = create(path).map_err(|error| traces::failure(path, &error))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes every call of every log.
fn logs_into(
    out: &mut dyn Write,
    logs: &[PathBuf],
    import: &Import<'_>,
    workspace: &mut Workspace,
    tally: &mut Tally,
) -> io::Result<()> {
    for path in logs {
        let mut trace = match traces::open(path, workspace.reading) {
            Ok(trace) => trace,
            Err(failure) => {
                workspace.failures.push(failure);
                continue;
            }
        };
        let mut read = Read::default();
        loop {
            match trace.next_item() {
                Ok(Some(Item::Call(call))) => {
                    read.calls += call.repeat;
                    let call = import.native(*call, &trace.name);
                    writeln!(out, "{}", write_call(&call))?;
                }
                Ok(Some(item)) => read.item(item, &trace.name, &mut workspace.sources),
                Ok(None) => break,
                Err(error) => {
                    workspace.failures.push(traces::failure(path, &error));
                    break;
                }
            }
        }
        read.report(&trace);
        tally.calls += read.calls;
        tally.invalid += read.invalid;
    }
    Ok(())
}

/// What one log held beside its calls.
#[derive(Default)]
struct Read {
    calls: u64,
    invalid: u64,
    other_methods: u64,
    passed_over: BTreeMap<&'static str, u64>,
}

impl Read {
    fn item(&mut self, item: Item, name: &str, sources: &mut SourceMap) {
        match item {
            Item::Call(_) | Item::Header(_) => {}
            Item::OtherMethod(_) => self.other_methods += 1,
            Item::PassedOver { reason, .. } => {
                *self.passed_over.entry(reason).or_default() += 1;
            }
            Item::Problem(line) => {
                self.invalid += 1;
                let problems = line.problems(sources, name).into_iter();
                let found: Vec<Finding> = problems
                    .map(|problem| Finding::about(RuleId::Trace, problem))
                    .collect();
                findings(&found, sources);
            }
        }
    }

    fn report(&self, trace: &Trace) {
        let format = trace.format().name();
        complain(&format!(
            "{}: read as {format}: calls {}, other methods {}, invalid lines {}",
            trace.name, self.calls, self.other_methods, self.invalid
        ));
        for (reason, lines) in &self.passed_over {
            complain(&format!(
                "{}: passed over, {reason}: lines {lines}",
                trace.name
            ));
        }
        let assumed: BTreeSet<_> = trace.assumed().into_iter().collect();
        for assumed in assumed {
            complain(&format!("{}: assumed: {assumed}", trace.name));
        }
    }
}
