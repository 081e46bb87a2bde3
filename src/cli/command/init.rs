//! `mcppolicy init`: a first policy, a trace and the configuration; a hook and a
//! workflow where they are wanted.

mod repository;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::files::{self, Access, Existing, InputFile, Options, Role};
use crate::cli::support::output::{complain, print};
use crate::cli::support::workspace::DEFAULT_POLICY as POLICY;
use crate::cli::support::{configuration, input};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::inventory::category::{Categories, Category};
use mcppolicy_analysis::lint::{self, OpenArgument};
use mcppolicy_analysis::report::Exit;
use mcppolicy_analysis::shorten;
use mcppolicy_analysis::starter::{self, Starter};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::value::Value;

use repository::Repository;

/// Arguments of `init`.
#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// Where to write
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The server's answer to tools/list
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,
    /// Overwrite a policy, a trace and a configuration that are there
    #[arg(long)]
    force: bool,
    /// Write a pre-commit hook into the git repository
    #[arg(long)]
    hook: bool,
    /// Write a GitHub workflow into the git repository
    #[arg(long)]
    workflow: bool,
}

impl InitArgs {
    /// Whether the repository has policies already and only its hook or workflow
    /// is to be written.
    fn only_adopts(&self) -> bool {
        let writes_more = self.force || self.inventory.is_some();
        let start = std::path::absolute(&self.dir).unwrap_or_else(|_| self.dir.clone());
        let has_policy =
            self.dir.join(POLICY).exists() || configuration::find(&start, None).is_some();
        (self.hook || self.workflow) && has_policy && !writes_more
    }
}

/// Runs `init`.
pub(crate) fn run(args: &InitArgs) -> Exit {
    match init(args) {
        Ok(output) => print(&output),
        Err((exit, problems)) => {
            for problem in problems {
                complain(&problem);
            }
            exit
        }
    }
}

type Refusal = (Exit, Vec<String>);

fn init(args: &InitArgs) -> Result<String, Refusal> {
    let repository = Repository::of(&args.dir);
    let could_not = |problem| (Exit::CouldNotRun, vec![problem]);
    if (args.hook || args.workflow) && repository.is_none() {
        let dir = input::display_name(&args.dir);
        let problem = format!("--hook and --workflow need a git repository, and {dir} is in none");
        return Err(could_not(problem));
    }
    let mut output = String::new();
    if !args.only_adopts() {
        start(args, &mut output)?;
    }
    let Some(repository) = repository else {
        return Ok(output);
    };
    if args.hook {
        repository.write_hook(&mut output).map_err(could_not)?;
    }
    if args.workflow {
        repository.write_workflow(&mut output).map_err(could_not)?;
    }
    if !args.hook && !args.workflow {
        output.push_str(
            "\nTo check every commit and every pull request: mcppolicy init --hook --workflow\n",
        );
    }
    Ok(output)
}

/// Writes the policy, the trace and the configuration.
fn start(args: &InitArgs, output: &mut String) -> Result<(), Refusal> {
    let inventory = match &args.inventory {
        Some(path) => read(path)?,
        None => nothing()?,
    };
    let mut categories = Categories::new();
    categories.learn(&inventory);
    let starter = starter::start(&inventory, &categories);
    let mut files = vec![
        (POLICY, starter.policy.clone()),
        (configuration::NAME, configuration(args, &starter)),
    ];
    if let Some(trace) = &starter.trace {
        files.push(("traces/first.jsonl", trace.clone()));
    }
    let there: Vec<String> = files
        .iter()
        .map(|(name, _)| args.dir.join(name))
        .filter(|path| path.symlink_metadata().is_ok() && !args.force)
        .map(|path| {
            format!(
                "{} is there already; --force overwrites it",
                input::display_name(&path)
            )
        })
        .collect();
    if !there.is_empty() {
        return Err((Exit::CouldNotRun, there));
    }
    let options = Options {
        existing: if args.force {
            Existing::Replace
        } else {
            Existing::Refuse
        },
        access: Access::Usual,
        directories: true,
    };
    for (name, text) in &files {
        let path = args.dir.join(name);
        files::write(&path, text.as_bytes(), options).map_err(|error| {
            let problem = format!("{}: {}", input::display_name(&path), input::plain(&error));
            (Exit::CouldNotRun, vec![problem])
        })?;
        let _ = writeln!(
            output,
            "wrote {}",
            crate::render::printable(&input::display_name(&path))
        );
    }
    summary(output, &starter);
    open_decisions(output, &inventory, &starter.policy);
    Ok(())
}

fn read(path: &Path) -> Result<Inventory, Refusal> {
    let bytes = InputFile::of_person(path).read(Role::Inventory);
    let bytes = bytes.map_err(|refusal| {
        let problem = format!("{}: {}", input::display_name(path), refusal.message());
        (Exit::CouldNotRun, vec![problem])
    })?;
    parse(&input::display_name(path), &bytes)
}

/// The inventory of a server without tools.
fn nothing() -> Result<Inventory, Refusal> {
    parse("tools.json", b"[]")
}

fn parse(name: &str, bytes: &[u8]) -> Result<Inventory, Refusal> {
    let mut map = SourceMap::new();
    let (_, inventory, problems) = Inventory::read(&mut map, name, bytes);
    let errors: Vec<String> = problems
        .iter()
        .filter(|problem| problem.severity == mcppolicy_analysis::finding::Severity::Error)
        .map(|problem| {
            let at = map.start(problem.location);
            format!("{name}:{}:{}: {}", at.line, at.column, problem.message)
        })
        .collect();
    match inventory {
        Some(inventory) if errors.is_empty() => Ok(inventory),
        _ => Err((Exit::Invalid, errors)),
    }
}

fn configuration(args: &InitArgs, starter: &Starter) -> String {
    let mut out = String::from("[[policy]]\npath = \"policy.json\"\n");
    if let Some(inside) = args
        .inventory
        .as_ref()
        .and_then(|path| inside(&args.dir, path))
    {
        let _ = writeln!(out, "inventory = {}", Value::from(inside.as_str()));
    }
    out.push_str("traces = [\"traces\"]\n\n[lint]\nfail-on = \"warning\"\n");
    if !starter.settled.is_empty() {
        out.push_str(
            "\n# The server claims less harm for these tools than their names say. The policy\n\
             # goes by the names: change what you know better.\n[categories]\n",
        );
    }
    for (tool, category) in &starter.settled {
        let category = category.name().to_lowercase();
        let _ = writeln!(out, "{} = \"{category}\"", Value::from(tool.as_str()));
    }
    out
}

/// The inventory's path from the configuration, when it lies below it.
fn inside(dir: &Path, path: &Path) -> Option<String> {
    let (dir, path) = (dir.canonicalize().ok()?, path.canonicalize().ok()?);
    let relative = path.strip_prefix(dir).ok()?;
    Some(relative.to_string_lossy().replace('\\', "/"))
}

fn summary(output: &mut String, starter: &Starter) {
    let all: usize = starter.counts.iter().map(|(_, count)| count).sum();
    if all == 0 {
        output.push_str(
            "\nThe policy refuses every call: give the server's answer to tools/list with \
             --inventory, or list tools yourself.\n",
        );
        return;
    }
    let _ = writeln!(output, "\n{all} tools:");
    for (category, count) in starter.counts.iter().filter(|(_, count)| *count > 0) {
        let does = match category {
            Category::Read => "allowed, 60 calls a minute",
            Category::Write => "allowed, 30 calls a minute and 1000 a day",
            Category::Execute => "allowed, 10 calls a minute and 200 a day",
            Category::Destructive => "hidden",
            Category::Financial => "blocked",
        };
        let _ = writeln!(output, "  {count:5} {category}: {does}");
    }
    output.push_str("`mcppolicy classify` says why each tool is what it is.\n");
}

/// What the policy leaves open, as the linter reports it: only an owner of the
/// server can decide what is right there.
fn open_decisions(output: &mut String, inventory: &Inventory, policy: &str) {
    let mut map = SourceMap::new();
    let Ok(policy) = Policy::load(&mut map, "policy.json", policy.as_bytes()) else {
        return;
    };
    let (engine, settings) = (Engine::new(&policy), lint::Settings::new());
    let open = lint::open_arguments(&lint::Input {
        inventory: Some(inventory),
        ..lint::Input::new(&policy, &engine, &settings)
    });
    if open.is_empty() {
        return;
    }
    let _ = writeln!(
        output,
        "\nOpen decisions: {}. Add a `require` where any value is too much; `mcppolicy lint \
         --pedantic` reports each as unconstrained-freeform-argument.",
        count(open.len())
    );
    for OpenArgument { tool, path, kind } in open {
        let line = format!("  {tool}: {path} takes {}", kind.name());
        let _ = writeln!(
            output,
            "{}",
            crate::render::printable(&shorten::sentence(&line))
        );
    }
}

fn count(open: usize) -> String {
    match open {
        1 => "1 argument that no condition looks at".to_owned(),
        open => format!("{open} arguments that no condition looks at"),
    }
}
