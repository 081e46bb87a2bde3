#!/usr/bin/env bash
# Puts the binary into a new directory and says where it is. MCPPOLICY_BIN names
# one that is there already, as on a machine without a network; else the one of
# the release that the action is used at is taken, else it is built from the
# sources of this action.
#
# Nothing is taken from a cache. Whoever can run a workflow on a branch can write
# into the caches of that branch, and a later run there would execute what they
# have put there.
set -euo pipefail

refuse() {
  printf '::error title=mcppolicy::%s\n' "$1"
  exit 2
}

use() {
  "$1" --version
  echo "binary=$1" >>"$GITHUB_OUTPUT"
  exit 0
}

if [ -n "${MCPPOLICY_BIN:-}" ]; then
  if [ -n "${GITHUB_WORKSPACE:-}" ] && [ -d "$(dirname -- "$MCPPOLICY_BIN")" ]; then
    workspace=$(cd -- "$GITHUB_WORKSPACE" && pwd -P)
    real=$(cd -- "$(dirname -- "$MCPPOLICY_BIN")" && pwd -P)
    case $real/ in
      "$workspace"/*) refuse 'MCPPOLICY_BIN is in the workspace, where a change can put a program of its own' ;;
    esac
  fi
  use "$MCPPOLICY_BIN"
fi

suffix=
if [ "${RUNNER_OS:-}" = Windows ]; then suffix=.exe; fi
directory=$(mktemp -d "$RUNNER_TEMP/mcppolicy-bin-XXXXXXXXXX")
binary=$directory/mcppolicy$suffix

# A release that does not hold is no reason to build around it; 10 says that
# there is none.
code=0
bash "$(dirname -- "${BASH_SOURCE[0]}")/fetch-release.sh" "$directory" || code=$?
case $code in
  0) use "$binary" ;;
  10) ;;
  *) exit "$code" ;;
esac

if ! command -v cargo >/dev/null; then
  refuse 'Building mcppolicy needs Rust: install it before this step, or name a binary in MCPPOLICY_BIN'
fi
target=$(mktemp -d "$RUNNER_TEMP/mcppolicy-target-XXXXXXXXXX")
# In its own directory, where rust-toolchain.toml says which Rust it wants.
cd -- "$GITHUB_ACTION_PATH"
cargo build --release --locked --bin mcppolicy --target-dir "$target"
cp -- "$target/release/mcppolicy$suffix" "$binary"
use "$binary"
