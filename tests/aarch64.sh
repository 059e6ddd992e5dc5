#!/usr/bin/env bash
# The scanner on aarch64, from another machine: bash tests/aarch64.sh [FILTER]
#
# Builds the unit tests for aarch64 and runs the scanner's (or those that FILTER names) under QEMU: so
# the NEON kernel is held against its scalar twin where there is no such CPU. QEMU says nothing of
# speed. On aarch64 itself the test command runs all of this already.
set -uo pipefail
cd "$(dirname "$0")/.."
TARGET=aarch64-unknown-linux-gnu

missing=()
command -v aarch64-linux-gnu-gcc >/dev/null || missing+=(gcc-aarch64-linux-gnu g++-aarch64-linux-gnu)
command -v qemu-aarch64 >/dev/null || missing+=(qemu-user)
if [ ${#missing[@]} -gt 0 ]; then
  printf 'On Debian: sudo apt-get install %s\n' "${missing[*]}" >&2
  exit 2
fi
rustup target add "$TARGET" || exit 2
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
exec cargo test -p lockgate --lib --target "$TARGET" "${1:-scan::}"
