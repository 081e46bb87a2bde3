#!/usr/bin/env bash
# Says where the binary goes, and the key under which a build of these sources
# is cached: it changes with Cargo.lock and with every file that is compiled.
# No key where a binary is there already.
set -euo pipefail

directory=$RUNNER_TEMP/mcppolicy-bin
echo "directory=$directory" >>"$GITHUB_OUTPUT"
if [ -n "${MCPPOLICY_BIN:-}" ]; then exit 0; fi

cd -- "$GITHUB_ACTION_PATH"
hash=$(
  {
    printf '%s\n' Cargo.lock Cargo.toml rust-toolchain.toml
    find src schema crates -type f
  } | LC_ALL=C sort | while IFS= read -r file; do
    printf '%s\n' "$file"
    cat -- "$file"
  done | git hash-object --stdin
)
echo "key=mcppolicy-$RUNNER_OS-$RUNNER_ARCH-$hash" >>"$GITHUB_OUTPUT"
