//! What the traces of the base expect of calls, and those of a change no longer
//! do.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::base::Base;
use super::entries::Entries;
use super::files::{InputFile, Role};
use super::input;
use super::listing::{fill, fill_dirname};
use super::traces::{self, DEFAULT_TRACES};
use super::unpack::unpacked;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::expectations::{Expectations, Lost};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::options::Format;
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{Item, RecordedCall, Trace};

/// How many bytes of a policy's traces at the base are compared.
const MOST_BYTES: usize = 64 << 20;

/// The traces of the base.
pub(crate) struct TracesThen<'a> {
    pub base: &'a Base,
    /// The configuration there.
    pub entries: Option<&'a Entries>,
}

impl TracesThen<'_> {
    /// The expectations for a policy that are lost, where `now` are its traces. What
    /// could not be compared is added to the assumptions.
    pub fn lost(
        &self,
        workspace: &Workspace,
        file: &PolicyFile,
        now: &[InputFile],
        sources: &mut SourceMap,
        assumptions: &mut Vec<String>,
    ) -> Vec<Lost> {
        let Some(policy) = &file.policy else {
            return Vec::new();
        };
        let (paths, server) = self.named(file);
        let server_now = workspace.server_of(file);
        let mut now = now.to_vec();
        let mut old = Expectations::new();
        let mut left = MOST_BYTES;
        for path in paths {
            let files = match self.base.files(&path, traces::is_trace) {
                Ok(files) => files,
                Err(failure) => {
                    let input = failure.input;
                    assumptions.push(format!("the traces of {input} lose no expectation"));
                    continue;
                }
            };
            for (trace, blob) in files {
                let Ok(bytes) = self.base.read(&trace, &blob) else {
                    continue;
                };
                let is_it = |file: &InputFile| input::same_file(file.path(), &trace);
                let at = now.iter().position(is_it);
                if let Some(at) =
                    at.filter(|at| server == server_now && is_same(now.get(*at), &bytes))
                {
                    now.remove(at);
                    continue;
                }
                let Some(rest) = left.checked_sub(bytes.len()) else {
                    assumptions.push(format!(
                        "traces of {} beyond {} MiB at the base lose no expectation",
                        file.name,
                        MOST_BYTES >> 20
                    ));
                    continue;
                };
                left = rest;
                let name = input::display_name(&trace);
                let read = unpacked(Cursor::new(bytes))
                    .and_then(|input| reader(input, workspace.reading))
                    .and_then(|reader| Trace::open(name, reader));
                // What is wrong with a trace of the base was wrong before.
                if let Ok(mut trace) = read {
                    let name = trace.name.clone();
                    each_call(&mut trace, |call| {
                        old.add(&name, call, server.as_deref());
                        !old.is_full()
                    });
                }
            }
        }
        if old.is_empty() {
            return Vec::new();
        }
        let mut new = Expectations::new();
        for file in now {
            // Where a trace cannot be read now, its test reports it.
            if let Ok(mut trace) = traces::open(&file, workspace.reading, sources) {
                let (name, server) = (trace.name.clone(), server_now.as_deref());
                each_call(&mut trace, |call| {
                    new.add_beside(&old, &name, call, server);
                    !new.is_full()
                });
            }
        }
        if new.is_full() {
            let name = &file.name;
            assumptions.push(format!(
                "calls of {name} beyond the first million expect nothing"
            ));
        }
        old.lost(&new, policy, sources)
    }

    /// The traces that the base names for a policy, and its server there.
    fn named(&self, file: &PolicyFile) -> (Vec<PathBuf>, Option<String>) {
        let Some(entries) = self.entries else {
            let dir = file.path.parent().unwrap_or(Path::new(""));
            return (vec![dir.join(DEFAULT_TRACES)], None);
        };
        let Some((_, entry)) = entries.find(&file.path) else {
            return (Vec::new(), None);
        };
        let paths = entry.traces.iter();
        let paths = paths.map(|path| fill(&path.text, entries.root(), &file.path));
        let server = entry.server.as_ref();
        let server = server.map(|server| fill_dirname(&server.text, &file.path));
        (paths.collect(), server)
    }
}

/// Whether a file has these bytes.
fn is_same(file: Option<&InputFile>, bytes: &[u8]) -> bool {
    file.is_some_and(|file| file.read(Role::Trace).is_ok_and(|now| now == bytes))
}

/// Gives each call of a native trace to `with`, which says whether to go on: no
/// other format has expectations.
fn each_call(trace: &mut Trace, mut with: impl FnMut(RecordedCall) -> bool) {
    if trace.format() != Format::Native {
        return;
    }
    while let Ok(Some(item)) = trace.next_item() {
        if let Item::Call(call) = item
            && !with(*call)
        {
            return;
        }
    }
}
