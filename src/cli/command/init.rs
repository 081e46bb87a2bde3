//! `mcppolicy init`: a first policy, a trace and the configuration; a hook and a
//! workflow where they are wanted.

mod asking;
mod repository;
mod settings;
mod summary;

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::support::files::{self, Access, Existing, InputFile, Options, Role};
use crate::cli::support::output::{complain, print};
use crate::cli::support::workspace::DEFAULT_POLICY as POLICY;
use crate::cli::support::{configuration, input};
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::inventory::category::{Categories, Category};
use mcppolicy_analysis::report::Exit;
use mcppolicy_analysis::starter::{self, Starter, Words};
use mcppolicy_engine::source::SourceMap;

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
    /// Allow all tools of these categories, within limits: read, write, execute,
    /// destructive, financial
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',', value_parser = category)]
    allow: Vec<Category>,
    /// Allow no tool of these categories
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',', value_parser = category)]
    deny: Vec<Category>,
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

fn category(text: &str) -> Result<Category, String> {
    let names = Category::ALL.map(|category| category.name().to_lowercase());
    Category::named(text).ok_or_else(|| format!("the categories are {}", names.join(", ")))
}

impl InitArgs {
    /// What the options say of categories.
    ///
    /// # Errors
    /// When they say two things of one, or speak of categories without an inventory.
    fn words(&self) -> Result<Words, String> {
        let mut words = Words::default();
        let said = self.allow.iter().map(|category| (*category, true));
        for (category, is_allowed) in said.chain(self.deny.iter().map(|of| (*of, false))) {
            if words
                .on(category)
                .is_some_and(|before| before != is_allowed)
            {
                let category = category.name().to_lowercase();
                return Err(format!("--allow and --deny both name {category}"));
            }
            words.say(category, is_allowed);
        }
        if words != Words::default() && self.inventory.is_none() {
            return Err("--allow and --deny speak of the tools of an --inventory".to_owned());
        }
        Ok(words)
    }

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
        start(args, repository.is_some(), &mut output)?;
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
    Ok(output)
}

/// Writes the policy, the trace and the configuration.
fn start(args: &InitArgs, in_repository: bool, output: &mut String) -> Result<(), Refusal> {
    let could_not = |problem| (Exit::CouldNotRun, vec![problem]);
    let mut words = args.words().map_err(could_not)?;
    let inventory = match &args.inventory {
        Some(path) => read(path)?,
        None => nothing()?,
    };
    let mut categories = Categories::new();
    categories.learn(&inventory);
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        let questions = starter::questions(&inventory, &categories);
        let (mut answers, mut terminal) = (io::stdin().lock(), io::stderr().lock());
        let asked = asking::ask(&questions, &mut words, &mut answers, &mut terminal);
        asked.map_err(|error| could_not(format!("<terminal>: {error}")))?;
    }
    let starter = starter::start(&inventory, &categories, &words);
    if let Some(path) = &args.inventory
        && starter.allowed().is_empty()
    {
        return Err((Exit::NothingToDo, vec![nothing_callable(path, &starter)]));
    }
    let configuration = match &args.inventory {
        Some(path) => {
            let inside = settings::inside(&args.dir, path);
            settings::text(&starter, &inventory, inside.as_deref())
        }
        None => settings::WITHOUT_INVENTORY.to_owned(),
    };
    let mut files = vec![
        (POLICY, starter.policy.clone()),
        (configuration::NAME, configuration),
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
    if args.inventory.is_some() {
        summary::risks(output, &starter);
        summary::counts(output, &starter);
        summary::open_decisions(output, &inventory, &starter.policy);
    } else {
        output.push_str("\nThe policy refuses every call, until it knows a server's tools.\n");
    }
    let adopts = in_repository && !args.hook && !args.workflow;
    summary::next(output, args.inventory.is_some(), adopts);
    Ok(())
}

/// Why nothing was written.
fn nothing_callable(path: &Path, starter: &Starter) -> String {
    let name = input::display_name(path);
    let counts: Vec<String> = Category::ALL
        .into_iter()
        .map(|category| (category, starter.count(category)))
        .filter(|(_, count)| *count > 0)
        .map(|(category, count)| format!("{count} {category}"))
        .collect();
    if counts.is_empty() {
        return format!("{name} lists no tool that a policy can allow; nothing was written");
    }
    let allowing: Vec<String> = Category::ALL
        .into_iter()
        .filter(|category| starter.count(*category) > 0)
        .map(|category| category.name().to_lowercase())
        .collect();
    format!(
        "nothing in {name} may be called without your word ({}); nothing was written: \
         `mcppolicy classify {name}` says why, and --allow {} allows it",
        counts.join(", "),
        allowing.join(",")
    )
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
