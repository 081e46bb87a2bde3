#!/usr/bin/env bash
# Puts the binary into MCPPOLICY_DIRECTORY and says where it is. MCPPOLICY_BIN
# names one that is there already, as on a machine without a network; else the
# one that the cache brought is taken, else that of the release that the action
# is used at, else it is built from the sources of this action.
set -euo pipefail

use() {
  "$1" --version
  echo "binary=$1" >>"$GITHUB_OUTPUT"
  exit 0
}

if [ -n "${MCPPOLICY_BIN:-}" ]; then use "$MCPPOLICY_BIN"; fi

suffix=
if [ "${RUNNER_OS:-}" = Windows ]; then suffix=.exe; fi
binary=$MCPPOLICY_DIRECTORY/mcppolicy$suffix
if [ -x "$binary" ]; then use "$binary"; fi

# A release that does not hold is no reason to build around it; 10 says that
# there is none.
code=0
bash "$(dirname -- "${BASH_SOURCE[0]}")/fetch-release.sh" "$MCPPOLICY_DIRECTORY" || code=$?
case $code in
  0) use "$binary" ;;
  10) ;;
  *) exit "$code" ;;
esac

if ! command -v cargo >/dev/null; then
  echo '::error title=mcppolicy::Building mcppolicy needs Rust: install it before this step, or name a binary in MCPPOLICY_BIN'
  exit 2
fi
target=$RUNNER_TEMP/mcppolicy-target
# In its own directory, where rust-toolchain.toml says which Rust it wants.
cd -- "$GITHUB_ACTION_PATH"
cargo build --release --locked --bin mcppolicy --target-dir "$target"
mkdir -p -- "$MCPPOLICY_DIRECTORY"
cp -- "$target/release/mcppolicy$suffix" "$binary"
use "$binary"
