#!/usr/bin/env bash
# Keeps one comment on the pull request up to date. It is known by the marker at
# its beginning and by its author: whatever the token of a job writes is by
# github-actions[bot], a name that nobody can register. A job that may not write
# comments, as that of a fork, has its summary; that fails nothing.
set -euo pipefail

# shellcheck source=.github/action/git.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/git.sh"

number=$(jq -r '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
if [ -z "$number" ]; then exit 0; fi
# A run that did not finish must not leave the comment of an earlier one standing.
if [ ! -f "$MCPPOLICY_REPORT/report.md" ]; then
  MCPPOLICY_REPORT=$(mktemp -d "$RUNNER_TEMP/mcppolicy-report-XXXXXX")
  MCPPOLICY_WORTH=true
  printf '**mcppolicy did not finish**, so nothing is known of this change.\n' >"$MCPPOLICY_REPORT/report.md"
fi

# One comment for each thing that is checked.
subject=$(printf '%s\n%s\n' "$MCPPOLICY_COMMAND" "$MCPPOLICY_PATH" | hash_of_input)
marker="<!-- mcppolicy $subject -->"
answer=$(mktemp "$RUNNER_TEMP/mcppolicy-answer-XXXXXX")
body=$(mktemp "$RUNNER_TEMP/mcppolicy-body-XXXXXX")

# METHOD PATH [OPTION…]: leaves the answer in $answer and its code in $status.
# The token is given on standard input, where no list of processes shows it.
api() {
  local method=$1 path=$2
  shift 2
  status=$(
    curl --silent --show-error --max-time 30 --config - "$@" \
      --request "$method" --output "$answer" --write-out '%{http_code}' \
      --header 'Accept: application/vnd.github+json' \
      --header 'X-GitHub-Api-Version: 2022-11-28' \
      --header 'Content-Type: application/json' --header 'Expect:' \
      "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$path" \
      <<<"header = \"Authorization: Bearer $GITHUB_TOKEN\""
  ) || status=000
}

# Ends the step unless the last answer has this code.
expect() {
  case $status in
    "$1") ;;
    401 | 403 | 404)
      echo '::notice title=mcppolicy::This job may not comment on the pull request; its summary has the report'
      exit 0
      ;;
    *)
      echo "::warning title=mcppolicy::The comment on the pull request could not be kept up to date (HTTP $status); the job's summary has the report"
      exit 0
      ;;
  esac
}

# The numbers of the comments that are this job's.
own=
page=1
while :; do
  api GET "issues/$number/comments?per_page=100&page=$page" --retry 2
  expect 200
  own+=$(
    jq -r --arg marker "$marker" 'map(
        select(.user.login == "github-actions[bot]" and .user.type == "Bot")
        | select(.body // "" | startswith($marker)) | "\(.id) "
      ) | add // ""' "$answer"
  )
  if [ "$(jq length "$answer")" -lt 100 ]; then break; fi
  page=$((page + 1))
done
read -r first others <<<"$own"

if [ -z "$first" ] && [ "$MCPPOLICY_WORTH" != true ]; then exit 0; fi

run=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
commit=$(jq -r '.pull_request.head.sha // empty' "$GITHUB_EVENT_PATH")
{
  printf '%s\n' "$marker"
  cat -- "$MCPPOLICY_REPORT/report.md"
  printf '\n<sub>Of commit %s; [the job](%s) has the whole report.</sub>\n' "$commit" "$run"
} | jq -Rs '{body: .}' >"$body"

if [ -z "$first" ]; then
  api POST "issues/$number/comments" --data-binary "@$body"
  expect 201
  exit 0
fi
api PATCH "issues/comments/$first" --data-binary "@$body"
expect 200
# Two jobs that ran at once may have written one each.
for id in $others; do api DELETE "issues/comments/$id"; done
