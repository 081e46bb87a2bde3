//! Assumptions: each is its name and what it is about, as a list of texts.

use std::borrow::Cow;

use super::inconsistent::Inconsistent;
use mcppolicy_trace::timeline::Assumption;
use mcppolicy_trace::trace::options::{Assumed, Format, GrantFrom};

pub(super) fn write(assumption: &Assumption) -> Vec<Cow<'_, str>> {
    let parts: Vec<&str> = match assumption {
        Assumption::CountersStartAtZero => vec!["counters-start-at-zero"],
        Assumption::ImplicitGrant { file } => vec!["implicit-grant", file],
        Assumption::UnknownServer => vec!["unknown-server"],
        Assumption::UnnamedServer { server } => vec!["unnamed-server", server],
        Assumption::ReleasedAtOnce => vec!["released-at-once"],
        Assumption::LastArgumentCounts => vec!["last-argument-counts"],
        Assumption::ShowsNoRefusal => vec!["shows-no-refusal"],
        Assumption::Log { file, assumed } => {
            let mut parts = vec!["log", file];
            match assumed {
                Assumed::IsGrant(from) => parts.extend(["is-grant", from.name()]),
                Assumed::SplitName { name, server, tool } => {
                    parts.extend(["split-name", name, server, tool]);
                }
                Assumed::MoreSplitNames => parts.push("more-split-names"),
                Assumed::UnreadableTime => parts.push("unreadable-time"),
                Assumed::LocalTime => parts.push("local-time"),
                Assumed::ErrorText => parts.push("error-text"),
                Assumed::UnknownOutcome => parts.push("unknown-outcome"),
                Assumed::ForgottenRecords => parts.push("forgotten-records"),
                Assumed::ForkByTime => parts.push("fork-by-time"),
                Assumed::JoinedByTime => parts.push("joined-by-time"),
                Assumed::ForgottenSpans => parts.push("forgotten-spans"),
                Assumed::Rounds => parts.push("rounds"),
                Assumed::ChangedRound => parts.push("changed-round"),
                Assumed::UnlinkedRound => parts.push("unlinked-round"),
                Assumed::InputUnseen => parts.push("input-unseen"),
                Assumed::Tasks => parts.push("tasks"),
                Assumed::PassedOn => parts.push("passed-on"),
                Assumed::LateClient => parts.push("late-client"),
                Assumed::NoSession => parts.push("no-session"),
                Assumed::ShowsNoRefusal => parts.push("shows-no-refusal"),
                Assumed::NoCall { taken_for, or } => {
                    parts.extend(["no-call", taken_for.name()]);
                    parts.extend(or.iter().map(|format| format.name()));
                }
            }
            parts
        }
    };
    parts.into_iter().map(Cow::Borrowed).collect()
}

pub(super) fn read(parts: &[Cow<'_, str>]) -> Result<Assumption, Inconsistent> {
    let parts: Vec<&str> = parts.iter().map(|part| &**part).collect();
    let log = |file: &str, assumed: Assumed| Assumption::Log {
        file: file.to_owned(),
        assumed,
    };
    Ok(match parts.as_slice() {
        ["counters-start-at-zero"] => Assumption::CountersStartAtZero,
        ["implicit-grant", file] => Assumption::ImplicitGrant {
            file: (*file).to_owned(),
        },
        ["unknown-server"] => Assumption::UnknownServer,
        ["unnamed-server", server] => Assumption::UnnamedServer {
            server: (*server).to_owned(),
        },
        ["released-at-once"] => Assumption::ReleasedAtOnce,
        ["last-argument-counts"] => Assumption::LastArgumentCounts,
        ["shows-no-refusal"] => Assumption::ShowsNoRefusal,
        ["log", file, "is-grant", from] => log(
            file,
            Assumed::IsGrant(GrantFrom::named(from).ok_or(Inconsistent)?),
        ),
        ["log", file, "split-name", name, server, tool] => log(
            file,
            Assumed::SplitName {
                name: (*name).to_owned(),
                server: (*server).to_owned(),
                tool: (*tool).to_owned(),
            },
        ),
        ["log", file, "more-split-names"] => log(file, Assumed::MoreSplitNames),
        ["log", file, "unreadable-time"] => log(file, Assumed::UnreadableTime),
        ["log", file, "local-time"] => log(file, Assumed::LocalTime),
        ["log", file, "error-text"] => log(file, Assumed::ErrorText),
        ["log", file, "unknown-outcome"] => log(file, Assumed::UnknownOutcome),
        ["log", file, "forgotten-records"] => log(file, Assumed::ForgottenRecords),
        ["log", file, "fork-by-time"] => log(file, Assumed::ForkByTime),
        ["log", file, "joined-by-time"] => log(file, Assumed::JoinedByTime),
        ["log", file, "forgotten-spans"] => log(file, Assumed::ForgottenSpans),
        ["log", file, "rounds"] => log(file, Assumed::Rounds),
        ["log", file, "changed-round"] => log(file, Assumed::ChangedRound),
        ["log", file, "unlinked-round"] => log(file, Assumed::UnlinkedRound),
        ["log", file, "input-unseen"] => log(file, Assumed::InputUnseen),
        ["log", file, "tasks"] => log(file, Assumed::Tasks),
        ["log", file, "passed-on"] => log(file, Assumed::PassedOn),
        ["log", file, "late-client"] => log(file, Assumed::LateClient),
        ["log", file, "no-session"] => log(file, Assumed::NoSession),
        ["log", file, "shows-no-refusal"] => log(file, Assumed::ShowsNoRefusal),
        ["log", file, "no-call", taken_for, or @ ..] => {
            let format = |name: &str| Format::named(name).ok_or(Inconsistent);
            let assumed = Assumed::NoCall {
                taken_for: format(taken_for)?,
                or: or
                    .iter()
                    .map(|name| format(name))
                    .collect::<Result<_, _>>()?,
            };
            log(file, assumed)
        }
        _ => return Err(Inconsistent),
    })
}
