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

# The directory that git is asked in; a change may have removed the one named.
inside=${MCPPOLICY_PATH:-.}
while [ ! -d "$inside" ]; do inside=$(dirname -- "$inside"); done
has() { git -C "$inside" rev-parse --quiet --verify --end-of-options "$1^{commit}" >/dev/null 2>&1; }

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
    [ "$(git -C "$inside" rev-parse HEAD)" = "$GITHUB_SHA" ]; then
    echo 'HEAD^1'
  elif [ -n "${GITHUB_BASE_REF:-}" ] && has "origin/$GITHUB_BASE_REF"; then
    printf '%s\n' "origin/$GITHUB_BASE_REF"
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
  token=$(git hash-object --stdin <"$reports/report.json")$RANDOM$RANDOM
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

if [ -n "$MCPPOLICY_SARIF" ] && [ -f "$reports/report.sarif" ]; then
  cd -- "${GITHUB_WORKSPACE:-.}"
  mkdir -p -- "$(dirname -- "$MCPPOLICY_SARIF")"
  cp -- "$reports/report.sarif" "$MCPPOLICY_SARIF"
fi
