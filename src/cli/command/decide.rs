//! `mcppolicy decide`: decides one call, and shows each step with the values
//! that its conditions read.

use std::path::PathBuf;

use clap::Args;

use crate::cli::support::configured::beside;
use crate::cli::support::files::{InputFile, Role};
use crate::cli::support::output::{OutputArgs, deliver};
use crate::cli::support::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::replay::results::Actual;
use mcppolicy_analysis::report::{Body, Decided, Exit, Failure, Findings, Report};
use mcppolicy_engine::document::parse::{Trouble, parse_text};
use mcppolicy_engine::engine::{Arguments, Call, Counters, Engine, Request};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

/// Arguments of `decide`.
#[derive(Args, Debug)]
pub(crate) struct DecideArgs {
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
    /// When, as an RFC 3339 time; without it only limits that apply at any time can be decided
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Exit with 1 unless the call is allowed
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `decide`.
pub(crate) fn run(args: &DecideArgs) -> Exit {
    let mut sources = SourceMap::new();
    let start = args.policy.as_deref().map_or(PathBuf::from("."), beside);
    let (workspace, mut problems) = Workspace::open(&start, &mut sources);
    let named: Vec<PathBuf> = args.policy.iter().cloned().collect();
    let files = problems.keep(workspace.policies(&named, &mut sources));
    let invalid = files.iter().flat_map(|file| file.problems.clone());
    problems.findings.extend(invalid);
    if files.len() > 1 {
        problems.failures.push(Failure {
            input: "decide".to_owned(),
            message: format!("there are {} policies; name one with --policy", files.len()),
        });
    }
    let call = problems.keep_failure(read_call(args));

    let is_clean = problems.failures.is_empty() && problems.findings.is_empty();
    let policy = files
        .first()
        .and_then(|file| Some((file, file.policy.as_ref()?)));
    let body = match (policy, call) {
        (Some((file, policy)), Some((arguments, time))) if is_clean => {
            Body::Decided(decide(args, file, policy, arguments, time))
        }
        _ => Body::Findings(Findings {
            policies: files.len(),
            list: problems.findings,
            ..Findings::default()
        }),
    };
    let report = Report {
        command: "decide",
        sources: &sources,
        failures: problems.failures,
        assumptions: Vec::new(),
        fail_on: None,
        body,
    };
    deliver(&report, &args.output)
}

/// The call's decision with each step.
fn decide(
    args: &DecideArgs,
    file: &PolicyFile,
    policy: &Policy,
    arguments: Value,
    time: Option<Time>,
) -> Decided {
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
    let steps = engine.explain(&call, &counters);
    Decided {
        policy: file.name.clone(),
        tool: args.tool.clone(),
        rule_location: actual.rule.as_deref().map(|rule| policy.location_of(rule)),
        arguments,
        actual,
        steps,
        tells_by_exit: args.exit_code,
    }
}

/// The arguments and the time of the call.
fn read_call(args: &DecideArgs) -> Result<(Value, Option<Time>), Failure> {
    let failure = |input: &str, message: String| Failure {
        input: input.to_owned(),
        message,
    };
    let text = match args.arguments.strip_prefix('@') {
        Some(file) => {
            let read = InputFile::of_person(file).read(Role::Call);
            let bytes = read.map_err(|refusal| refusal.failure(file))?;
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
        Some(text) => Some(Time::parse(text).map_err(|error| failure("--at", error.to_string()))?),
        None => None,
    };
    Ok((node.to_value(), time))
}
