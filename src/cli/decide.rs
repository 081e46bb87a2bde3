//! `mcppolicy decide`: one call, every step in order with what each condition
//! saw.

use std::path::{Path, PathBuf};

use clap::Args;

use super::input;
use super::output::{OutputArgs, deliver};
use super::workspace::Workspace;
use mcppolicy_analysis::replay::results::Actual;
use mcppolicy_analysis::report::{Body, Decided, Exit, Failure, Findings, Report};
use mcppolicy_engine::document::parse::{Trouble, parse_text};
use mcppolicy_engine::engine::{Arguments, Call, Counters, Engine, Request};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

/// Arguments of `decide`.
#[derive(Args, Debug)]
pub(super) struct DecideArgs {
    /// The tool that is called
    #[arg(long)]
    tool: String,
    /// Its arguments as JSON; @FILE reads them from a file, @- from standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// The policy [default: the configuration's only one, or policy.json]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Who calls
    #[arg(long, default_value = "grant")]
    grant: String,
    /// When, as an RFC 3339 time; without it only limits that hold at any time can be decided
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `decide`.
pub(super) fn run(args: &DecideArgs) -> Exit {
    let mut workspace = Workspace::open(Path::new("."));
    let named: Vec<PathBuf> = args.policy.iter().cloned().collect();
    let mut files = workspace.policies(&named);
    let mut findings = Findings {
        policies: files.len(),
        ..Findings::default()
    };
    findings.list.append(&mut workspace.config_findings);
    for file in &mut files {
        findings.list.append(&mut file.problems);
    }
    if files.len() > 1 {
        workspace.failures.push(Failure {
            input: "decide".to_owned(),
            message: format!("there are {} policies; name one with --policy", files.len()),
        });
    }
    let call = read_call(args);
    let (arguments, time) = match call {
        Ok(call) => call,
        Err(failure) => {
            workspace.failures.push(failure);
            (Value::empty_object(), None)
        }
    };
    let policy = files
        .iter()
        .find_map(|file| file.policy.as_ref().map(|policy| (file, policy)));
    let runnable = workspace.failures.is_empty() && findings.list.is_empty();
    let (body, exit) = match policy.filter(|_| runnable) {
        Some((file, policy)) => {
            let engine = Engine::new(policy);
            let call = Call {
                grant: Some(&args.grant),
                request: Request::Tool {
                    name: Some(&args.tool),
                    arguments: Arguments::from(&arguments),
                },
                time,
            };
            let counters = Counters::default();
            let actual = Actual::from(&engine.peek(&call, &counters));
            let decided = Decided {
                policy: file.name.clone(),
                tool: args.tool.clone(),
                arguments: arguments.clone(),
                rule_location: actual.rule.as_deref().map(|rule| policy.location_of(rule)),
                actual,
                steps: engine.explain(&call, &counters),
            };
            (Body::Decided(decided), Exit::Clean)
        }
        None => {
            let exit = findings.exit(None);
            (Body::Findings(findings), exit)
        }
    };
    let exit = if workspace.failures.is_empty() {
        exit
    } else {
        exit.and(Exit::CouldNotRun)
    };
    let report = Report {
        command: "decide",
        sources: &workspace.sources,
        failures: workspace.failures,
        assumptions: Vec::new(),
        body,
    };
    deliver(&report, &args.output, exit)
}

/// The arguments and the time of the call.
fn read_call(args: &DecideArgs) -> Result<(Value, Option<Time>), Failure> {
    let failure = |input: &str, message: String| Failure {
        input: input.to_owned(),
        message,
    };
    let text = match args.arguments.strip_prefix('@') {
        Some(file) => {
            let bytes = input::read(Path::new(file))?;
            String::from_utf8(bytes).map_err(|_| failure(file, "is not UTF-8".to_owned()))?
        }
        None => args.arguments.clone(),
    };
    let (node, problems) = parse_text(&text).map_err(|error| {
        failure(
            "--arguments",
            format!("{} at byte {}", error.message, error.span.start),
        )
    })?;
    for problem in problems {
        match problem.trouble {
            Trouble::LoneSurrogate => {
                return Err(failure(
                    "--arguments",
                    "a lone surrogate is no character".to_owned(),
                ));
            }
            Trouble::NumberOverflow => {
                return Err(failure("--arguments", "a number beyond doubles".to_owned()));
            }
            // A gateway reads the nearest double, and of a repeated argument
            // the last (policy language §2).
            Trouble::InexactNumber | Trouble::DuplicateKey { .. } => {}
        }
    }
    let time = match &args.at {
        Some(text) => Some(Time::parse(text).map_err(|message| failure("--at", message))?),
        None => None,
    };
    Ok((node.to_value(), time))
}
