//! `mcppolicy import`: logs as native traces.

mod asserted;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use self::asserted::Asserting;
use self::names::portable_names;
use crate::cli::support::files::{self, Access, InputFile, Options, Target};
use crate::cli::support::input::{self, same_file};
use crate::cli::support::output::{complain, complain_of};
use crate::cli::support::problems::Problems;
use crate::cli::support::replay::Expect;
use crate::cli::support::traces::{self, ReadingArgs};
use crate::cli::support::workspace::PolicyFile;
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::replay::import::Import;
use mcppolicy_analysis::report::{Exit, Failure};
use mcppolicy_engine::characters::escape_json;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::native::write_call;
use mcppolicy_trace::trace::options::Settings;
use mcppolicy_trace::trace::{Item, Records, Shown, Trace};

/// Arguments of `import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
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
    #[arg(long, value_name = "WHAT", conflicts_with = "assert")]
    expect: Option<Expect>,
    /// Write what `policy` decides today as what to expect, and keep only the argument
    /// values that it reads
    #[arg(long, value_name = "WHAT")]
    assert: Option<Assert>,
    /// The policy to assert, before the one that the configuration tests with FILE
    #[arg(long, value_name = "POLICY", requires = "assert")]
    policy: Option<PathBuf>,
    /// The policy's server; --assert leaves calls to another out
    #[arg(long, value_name = "NAME", requires = "assert")]
    server: Option<String>,
    /// Keep every argument value, with --assert too
    #[arg(long, requires = "assert", conflicts_with = "redact")]
    no_redact: bool,
}

// The variant has no doc comment: it would take a line of the help.

/// Whose decisions are asserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Assert {
    Policy,
}

/// Runs `import`.
pub(crate) fn run(args: &ImportArgs) -> Exit {
    let mut sources = SourceMap::new();
    let named = match args.logs.as_slice() {
        [] => &[PathBuf::from(input::STDIN)],
        named => named,
    };
    let (logs, mut problems) = traces::expand(named);
    let policies = match Policies::open(args, &mut sources) {
        Ok(policies) => policies,
        Err(of_policy) => {
            let is_invalid = !of_policy.findings.is_empty();
            problems.extend(of_policy);
            let exit = if is_invalid {
                Exit::Invalid
            } else {
                Exit::CouldNotRun
            };
            complain_of_findings(&problems.findings, &sources);
            return finish(exit, &problems.failures);
        }
    };
    let asserting = policies.asserting.as_ref();
    let redacting = policies.redacting(args);
    let import = Import {
        expect_observed: args.expect == Some(Expect::Observed),
        redact: redacting.as_ref().map(|(engine, _)| *engine),
        name_files: logs.len() > 1,
        policy: asserting.and_then(|asserting| asserting.header.as_deref()),
    };
    let opened = open(args.output.as_deref(), &logs);
    let Some(target) = problems.keep_failure(opened) else {
        return finish(Exit::Clean, &problems.failures);
    };
    let mut out = BufWriter::new(target);

    let header = import.header(redacting.as_ref().map(|(_, name)| name.as_str()));
    let mut native = Vec::new();
    let mut importing = Importing {
        import,
        asserting,
        reading: args.reading.settings(),
        out: if asserting.is_some() {
            &mut native
        } else {
            &mut out
        },
        sources,
        records: Records::default(),
        calls: 0,
        left_out: BTreeMap::new(),
        invalid: 0,
    };
    let mut written = importing.write(&header, &logs, &mut problems);
    let (calls, invalid) = (importing.calls, importing.invalid);
    let (left_out, mut sources) = (importing.left_out, importing.sources);
    for (server, calls) in left_out {
        complain(&format!(
            "left out, to another server, {server}: calls {calls}"
        ));
    }
    if let Some(asserting) = asserting.filter(|_| calls > 0) {
        match asserting.assert(&native, &mut sources) {
            Ok(text) => {
                written = written.and_then(|()| out.write_all(text.as_bytes()));
                let name = args
                    .output
                    .as_deref()
                    .map_or_else(|| "<stdout>".to_owned(), input::display_name);
                asserting.say_what_to_read(&name, &text, redacting.is_some());
            }
            Err(findings) => {
                complain_of_findings(&findings, &sources);
                return finish(Exit::Invalid, &problems.failures);
            }
        }
    }
    if asserting.is_none() || calls > 0 {
        written = written.and_then(|()| out.into_inner()?.finish());
    }
    if let Err(error) = written {
        let target = args.output.as_deref().unwrap_or(Path::new("<stdout>"));
        problems.failures.push(traces::failure(target, &error));
    }

    let exit = if invalid > 0 {
        Exit::Invalid
    } else if calls == 0 {
        Exit::NothingToDo
    } else {
        Exit::Clean
    };
    finish(exit, &problems.failures)
}

/// The policies that say what is kept and what is asserted.
struct Policies {
    redact: Option<Engine>,
    asserting: Option<Asserting>,
}

impl Policies {
    /// # Errors
    /// When a policy cannot be read or is invalid.
    fn open(args: &ImportArgs, sources: &mut SourceMap) -> Result<Policies, Problems> {
        let redact = args.redact.as_deref().map(|path| engine(path, sources));
        let asserting = args.assert.map(|Assert::Policy| {
            let (policy, server) = (args.policy.as_deref(), args.server.as_deref());
            Asserting::open(policy, server, args.output.as_deref(), sources)
        });
        Ok(Policies {
            redact: redact.transpose()?,
            asserting: asserting.transpose()?,
        })
    }

    /// The policy that says which argument values are kept, and its name.
    fn redacting(&self, args: &ImportArgs) -> Option<(&Engine, String)> {
        let named = self.redact.as_ref().zip(args.redact.as_deref());
        let named = named.map(|(engine, path)| (engine, input::display_name(path)));
        let asserting = self.asserting.as_ref().filter(|_| !args.no_redact);
        named
            .or_else(|| asserting.map(|asserting| (&asserting.engine, asserting.file.name.clone())))
    }
}

/// The engine of the policy whose argument values are kept.
///
/// # Errors
/// When the policy cannot be read or is invalid.
fn engine(path: &Path, sources: &mut SourceMap) -> Result<Engine, Problems> {
    let file = PolicyFile::read(path, None, sources)?;
    let engine = file.policy.as_ref().map(Engine::new);
    engine.ok_or_else(|| Problems::from(file.problems))
}

/// Says what could not be read or written, and how the run ends.
fn finish(exit: Exit, failures: &[Failure]) -> Exit {
    failures.iter().for_each(complain_of);
    if failures.is_empty() {
        exit
    } else {
        exit.worst(Exit::CouldNotRun)
    }
}

fn complain_of_findings(findings: &[Finding], sources: &SourceMap) {
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
fn open(path: Option<&Path>, logs: &[InputFile]) -> Result<Target, Failure> {
    let Some(path) = path.filter(|path| *path != Path::new(input::STDIN)) else {
        let out = files::standard_output();
        return out.map_err(|error| traces::failure(Path::new("<stdout>"), &error));
    };
    if path.exists() && logs.iter().any(|log| same_file(log.path(), path)) {
        return Err(Failure {
            input: input::display_name(path),
            message: "is also a log to read".to_owned(),
        });
    }
    let private = Options {
        access: Access::Private,
        directories: true,
        ..Options::REPLACE
    };
    Target::begin(path, private).map_err(|error| traces::failure(path, &error))
}

/// Logs that are being written as one native trace.
struct Importing<'a> {
    import: Import<'a>,
    asserting: Option<&'a Asserting>,
    reading: Settings,
    out: &'a mut dyn Write,
    sources: SourceMap,
    /// The records that the logs have shown.
    records: Records,
    /// The calls that were written.
    calls: u64,
    /// The calls to other servers than the policy's that was asserted, by server.
    left_out: BTreeMap<String, u64>,
    /// The lines that are invalid.
    invalid: u64,
}

impl Importing<'_> {
    /// Writes the header and every call of every log; what cannot be read is
    /// added to `problems`.
    ///
    /// # Errors
    /// What cannot be written.
    fn write(
        &mut self,
        header: &str,
        logs: &[InputFile],
        problems: &mut Problems,
    ) -> io::Result<()> {
        writeln!(self.out, "{}", escape_json(header))?;
        let paths: Vec<&Path> = logs.iter().map(InputFile::path).collect();
        for (file, name) in logs.iter().zip(portable_names(&paths)) {
            let opened = traces::open(file, self.reading, &mut self.sources);
            if let Some(mut trace) = problems.keep_problems(opened) {
                let read = self.log(&mut trace, &name)?;
                let read = read.map_err(|error| traces::failure(file.path(), &error));
                problems.keep_failure(read);
            }
        }
        self.out.flush()
    }

    /// Writes every call of a log, which calls are said to be from by `name`. The
    /// outer error is of the output, the inner one of the log.
    fn log(&mut self, trace: &mut Trace, name: &str) -> io::Result<io::Result<()>> {
        let mut summary = LogSummary::default();
        trace.share(&self.records);
        let read = loop {
            match trace.next_item() {
                Ok(Some(Item::Call(call))) => {
                    let other = self.asserting.and_then(|of| of.other_server(&call));
                    if let Some(server) = other {
                        *self.left_out.entry(server.to_owned()).or_default() += call.repeat;
                        continue;
                    }
                    summary.calls += call.repeat;
                    let call = self.import.native(*call, name);
                    writeln!(self.out, "{}", escape_json(&write_call(&call)))?;
                }
                Ok(Some(item)) => summary.add(item, &trace.name, &mut self.sources),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        summary.report(trace);
        self.calls += summary.calls;
        self.invalid += summary.invalid;
        Ok(read)
    }
}

/// What is in one log.
#[derive(Default)]
struct LogSummary {
    calls: u64,
    invalid: u64,
    other_methods: u64,
    skipped: BTreeMap<&'static str, u64>,
}

impl LogSummary {
    /// Counts what is not a call.
    fn add(&mut self, item: Item, name: &str, sources: &mut SourceMap) {
        match item {
            Item::Call(_) | Item::Header(_) => {}
            Item::OtherMethod(_) => self.other_methods += 1,
            Item::Skipped { reason, .. } => {
                *self.skipped.entry(reason).or_default() += 1;
            }
            Item::Problem(line) => {
                self.invalid += 1;
                let problems = line.problems(sources, name, Shown::Withheld).into_iter();
                let found: Vec<Finding> = problems
                    .map(|problem| Finding::about(RuleId::Trace, problem))
                    .collect();
                complain_of_findings(&found, sources);
            }
        }
    }

    fn report(&self, trace: &Trace) {
        if !trace.is_recognised() {
            // Its one problem has said what it is.
            return;
        }
        let format = trace.format().name();
        complain(&format!(
            "{}: read as {format}: calls {}, other methods {}, invalid lines {}",
            trace.name, self.calls, self.other_methods, self.invalid
        ));
        for (reason, lines) in &self.skipped {
            complain(&format!("{}: skipped, {reason}: lines {lines}", trace.name));
        }
        let assumed: BTreeSet<_> = trace.assumed().into_iter().collect();
        for assumed in assumed {
            complain(&format!("{}: assumed: {assumed}", trace.name));
        }
    }
}
