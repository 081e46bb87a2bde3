#!/usr/bin/env bash
# Runs mcppolicy once and writes every report. Its exit code is an output, so
# that the comment is written whatever it is; the last step ends with it.
set -euo pipefail

refuse() {
  printf '::error title=mcppolicy::%s\n' "$1"
  exit 2
}

if [ "${GITHUB_EVENT_NAME:-}" = pull_request_target ]; then
  refuse 'This runs on pull_request, never on pull_request_target, which gives a stranger a token that can write'
fi

# shellcheck source=.github/action/git.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/git.sh"

workspace=$(cd -- "${GITHUB_WORKSPACE:-.}" && pwd -P)
root=$workspace
cd -- "$workspace"

# PATH: sets $inside to a path from the workspace, which it must not leave.
from_workspace() {
  local given=$1
  case $given in
    "$workspace" | "$workspace"/*) given=${given#"$workspace"} ;;
    "${GITHUB_WORKSPACE:-/}"/*) given=${given#"$GITHUB_WORKSPACE"} ;;
    /* | [A-Za-z]:*) return 1 ;;
  esac
  inside=$given
  case /$inside/ in */../*) return 1 ;; esac
}

# The directory that is checked, and the root of its checkout: the workspace, or
# where the job has checked out into a directory of it. A change can commit a
# link and a submodule there, but no directory that is called .git.
# shellcheck disable=SC2153 # It is an input of the step.
from_workspace "$MCPPOLICY_PATH" || refuse 'The input path leaves the workspace'
at=$workspace
IFS=/ read -r -d '' -a parts < <(printf '%s\0' "$inside") || true
for part in "${parts[@]}"; do
  case $part in '' | .) continue ;; esac
  at=$at/$part
  if [ -L "$at" ]; then refuse 'The input path leads over a symbolic link'; fi
  if [ -d "$at/.git" ] && [ ! -L "$at/.git" ]; then
    root=$at
  elif [ -e "$at/.git" ] || [ -L "$at/.git" ]; then
    refuse 'The input path leads into a submodule; check that in its own repository'
  fi
done

has() { ask_git rev-parse --quiet --verify --end-of-options "$1^{commit}" >/dev/null 2>&1; }

# What the change is held against, where the event says that.
base() {
  if [ -n "$MCPPOLICY_BASE" ]; then
    printf '%s\n' "$MCPPOLICY_BASE"
    return
  fi
  local stated
  stated=$(jq -r '.pull_request.base.sha // .merge_group.base_sha // empty' "$GITHUB_EVENT_PATH")
  if [ -z "$stated" ]; then return; fi
  # By itself, actions/checkout takes the change merged into its base.
  if [ "$GITHUB_EVENT_NAME" = pull_request ] && has 'HEAD^2' &&
    [ "$(ask_git rev-parse HEAD)" = "$GITHUB_SHA" ]; then
    echo 'HEAD^1'
  elif [ -n "${GITHUB_BASE_REF:-}" ] && has "refs/remotes/origin/$GITHUB_BASE_REF"; then
    # In full: a tag may be called like the branch, and comes before it.
    printf '%s\n' "refs/remotes/origin/$GITHUB_BASE_REF"
  else
    printf '%s\n' "$stated"
  fi
}

reports=$(mktemp -d "$RUNNER_TEMP/mcppolicy-report-XXXXXX")
arguments=(
  --format github
  --output "human=$reports/report.txt"
  --output "json=$reports/report.json"
  --output "sarif=$reports/report.sarif"
  --output "junit=$reports/junit.xml"
  --output "html=$reports/report.html"
  --output "markdown=$reports/report.md"
  # A comment has 65536 characters, the lines around the report included.
  --max-markdown 64512
)
case $MCPPOLICY_COMMAND in
  ci)
    against=$(base)
    if [ -n "$against" ]; then arguments+=("--base=$against"); fi
    if [ -n "$MCPPOLICY_GATE" ]; then arguments+=("--gate=$MCPPOLICY_GATE"); fi
    arguments+=("$MCPPOLICY_PATH")
    ;;
  lint | test | validate) cd -- "$MCPPOLICY_PATH" ;;
  *) refuse 'The input command is ci, lint, test or validate' ;;
esac
case $MCPPOLICY_COMMAND in
  ci | lint) if [ -n "$MCPPOLICY_FAIL_ON" ]; then arguments+=("--fail-on=$MCPPOLICY_FAIL_ON"); fi ;;
esac

code=0
"$MCPPOLICY_BINARY" "$MCPPOLICY_COMMAND" "${arguments[@]}" || code=$?

if [ -f "$reports/report.txt" ]; then
  # What stands in files is not for the runner to obey.
  token=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
  printf '::group::mcppolicy %s\n::stop-commands::%s\n' "$MCPPOLICY_COMMAND" "$token"
  cat -- "$reports/report.txt"
  printf '::%s::\n::endgroup::\n' "$token"
fi

verdict=none findings=0 worth=true
if [ -f "$reports/report.json" ]; then
  verdict=$(jq -r '.summary.verdict // "none"' "$reports/report.json")
  findings=$(jq -r '.summary | (.errors // 0) + (.warnings // 0) + (.notes // 0)' "$reports/report.json")
  # A change that has nothing to do with policies gets no comment.
  worth=$(jq -r --argjson code "$code" \
    '$code != 0 or (.summary.changed // 0) > 0 or any(.findings[]?; .rule == "settings")' \
    "$reports/report.json")
fi
{
  echo "exit=$code"
  echo "verdict=$verdict"
  echo "findings=$findings"
  echo "report=$reports"
  echo "worth=$worth"
} >>"$GITHUB_OUTPUT"

# FILE: copies the report there. In the workspace no link is followed, since a
# change can commit one; elsewhere the workflow has laid out what there is.
copy_sarif() {
  local to=$1 part temporary
  case /$to/ in */../*) refuse 'The input sarif has .. in it' ;; esac
  if from_workspace "$to"; then
    local parts=()
    IFS=/ read -r -d '' -a parts < <(printf '%s\0' "$inside") || true
    to=$workspace
    for part in "${parts[@]}"; do
      case $part in '' | .) continue ;; esac
      if [ ! -e "$to" ]; then mkdir -- "$to"; fi
      to=$to/$part
      if [ -L "$to" ]; then refuse 'The input sarif leads over a symbolic link'; fi
    done
  fi
  if [ -e "$to" ] && [ ! -f "$to" ]; then refuse 'The input sarif is no regular file'; fi
  mkdir -p -- "$(dirname -- "$to")"
  temporary=$(mktemp "$(dirname -- "$to")/.mcppolicy-XXXXXXXXXX")
  cat -- "$reports/report.sarif" >"$temporary"
  chmod 644 "$temporary"
  mv -f -- "$temporary" "$to"
}

if [ -n "$MCPPOLICY_SARIF" ] && [ -f "$reports/report.sarif" ]; then
  cd -- "$workspace"
  copy_sarif "$MCPPOLICY_SARIF"
fi
