#!/usr/bin/env bash
# Fetches the released binary that belongs to the action's own version, and
# lets nothing through whose checksum or attestation does not hold.
#
#   fetch-release.sh DIR
#
# puts `mcppolicy` into DIR. In the environment:
#   ACTION_REPOSITORY  owner/name of the action; empty where it runs from a path
#   ACTION_REF         what the action is used at: a tag, a branch or a commit
#   GH_TOKEN           a token for the GitHub CLI
#   RUNNER_OS, RUNNER_ARCH   as GitHub's runner names them; else asked of uname
#
# Exit codes: 0 the binary is in place; 10 there is no release for this version
# or machine, or nothing to ask for it with, so build from source; anything else
# is a failure, and building from source instead would hide it.
set -euo pipefail

readonly no_release=10

say() { printf 'fetch-release: %s\n' "$*" >&2; }
none() { say "$*; building from source"; exit "$no_release"; }
fail() { say "$*"; exit 1; }

into=${1:?the directory to put the binary into}
repository=${ACTION_REPOSITORY:-}
ref=${ACTION_REF:-}

machine() {
  case "${RUNNER_OS:-$(uname -s)}/${RUNNER_ARCH:-$(uname -m)}" in
    Linux/X64 | Linux/x86_64) echo x86_64-unknown-linux-musl ;;
    Linux/ARM64 | Linux/aarch64) echo aarch64-unknown-linux-musl ;;
    macOS/X64 | Darwin/x86_64) echo x86_64-apple-darwin ;;
    macOS/ARM64 | Darwin/arm64) echo aarch64-apple-darwin ;;
    Windows/X64) echo x86_64-pc-windows-msvc ;;
  esac
}

# The answer of GitHub's API. That something is not there is an answer; that
# GitHub cannot be asked is a failure.
ask() {
  local problem
  if answer=$(gh api "$@" 2>"$work/problem"); then return 0; fi
  problem=$(<"$work/problem")
  case $problem in
    *"HTTP 404"*) return 1 ;;
    *) fail "GitHub did not answer: $problem" ;;
  esac
}

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

is_version() { [[ $1 =~ ^v[0-9]+\.[0-9]+\.[0-9]+([.-][0-9A-Za-z.-]+)?$ ]]; }

[ -n "$repository" ] || none "the action runs from a path, not from a release"
[[ $repository =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || fail "no repository: $repository"
target=$(machine)
[ -n "$target" ] || none "there are no archives for this machine"
command -v gh >/dev/null 2>&1 || none "there is no gh to verify a release with"
[ -n "${GH_TOKEN:-}" ] || none "there is no token to ask for a release with"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
answer=

tag=$ref
if [[ $ref =~ ^[0-9a-f]{40}$ ]]; then
  ask --paginate "repos/$repository/tags" --jq ".[] | select(.commit.sha == \"$ref\") | .name" || none "$repository has no tags"
  tag=
  while IFS= read -r name; do
    if is_version "$name"; then tag=$name; fi
  done <<<"$answer"
fi
is_version "$tag" || none "${ref:-nothing} is no released version"

ask "repos/$repository/releases/tags/$tag" --jq '.assets[].name' || none "$repository has no release $tag"
name="mcppolicy-${tag#v}-$target"
extension=tar.gz
program=mcppolicy
case $target in *-windows-*) extension=zip program=mcppolicy.exe ;; esac
archive="$name.$extension"
grep -qxF "$archive" <<<"$answer" || none "the release $tag has no $archive"

gh release download "$tag" --repo "$repository" --dir "$work" --pattern "$archive" --pattern SHA256SUMS ||
  fail "$archive could not be downloaded"
wanted=$(awk -v file="$archive" '$2 == file || $2 == "*" file { print $1 }' "$work/SHA256SUMS")
[[ $wanted =~ ^[0-9a-f]{64}$ ]] || fail "SHA256SUMS of $tag does not say what $archive is"
[ "$(sha256 "$work/$archive")" = "$wanted" ] || fail "the checksum of $archive is not what SHA256SUMS says"
gh attestation verify "$work/$archive" --repo "$repository" \
  --signer-workflow "$repository/.github/workflows/release.yml" \
  --source-ref "refs/tags/$tag" --deny-self-hosted-runners >/dev/null ||
  fail "the attestation of $archive does not hold"

# Only the program, by its name: whatever else an archive holds stays in it.
case $extension in
  zip) unzip -q "$work/$archive" "$name/$program" -d "$work" ;;
  *) tar -xzf "$work/$archive" -C "$work" "$name/$program" ;;
esac
mkdir -p "$into"
mv "$work/$name/$program" "$into/$program"
chmod +x "$into/$program"
say "mcppolicy ${tag#v} for $target, checksum and attestation hold"
