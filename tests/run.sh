#!/usr/bin/env bash
# The one test command: bash tests/run.sh
#
# Formatting, clippy, unit and property tests, samples of the long campaigns with a printed seed,
# and the behaviours against real Apache Kafka with real clients and a real OIDC issuer. What the
# tests fetch (Kafka, npm and Python packages) is kept in .work/. SEED=n repeats the samples.
set -uo pipefail
cd "$(dirname "$0")/.."

SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
THREADS=${THREADS:-4}
export RUST_BACKTRACE=${RUST_BACKTRACE:-1} RUST_LIB_BACKTRACE=0 CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
failed=()
started=$SECONDS

bash tests/tools.sh || exit 2

step() {
  local name=$1 from=$SECONDS
  shift
  printf '\n=== %s: %s\n' "$name" "$*"
  if "$@"; then
    printf '=== %s: fine, %d s\n' "$name" $((SECONDS - from))
  else
    printf '=== %s: FAILED, %d s\n' "$name" $((SECONDS - from))
    failed+=("$name")
  fi
}

step formatting cargo fmt --all --check
step build cargo build --workspace
step clippy cargo clippy --workspace --all-targets -- -D warnings
step units cargo test --workspace --exclude lockgate-tests
step benches cargo test -p lockgate --benches # once each: answers and allocations, no speed
step kills cargo run -q -p lockgate-tests --bin campaign -- kills --minutes 0.4 --seed "$SEED"
step fuzz cargo run -q -p lockgate-tests --bin campaign -- fuzz --minutes 0.2 --seed "$SEED"
step soak cargo run -q -p lockgate-tests --bin campaign -- soak --minutes 0.3 --seed "$SEED"
step behaviours cargo test -p lockgate-tests --test behaviour -- --test-threads "$THREADS"

printf '\n=== seed %s, %d s in all\n' "$SEED" $((SECONDS - started))
if [ ${#failed[@]} -gt 0 ]; then
  printf '=== FAILED: %s\n' "${failed[*]}"
  exit 1
fi
printf '=== all fine\n'
