#!/usr/bin/env bash
# The one test command: bash tests/run.sh
#
# Formatting, clippy, unit and property tests, five seconds of fuzzing each codec, samples of the long
# campaigns with a printed seed, and the behaviours against real Apache Kafka with real clients and a
# real OIDC issuer. What the tests fetch (Kafka, npm and Python packages) is kept in .work/. SEED=n
# repeats the samples.
set -uo pipefail
cd "$(dirname "$0")/.."

SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
THREADS=${THREADS:-4}
export SEED RUST_BACKTRACE=${RUST_BACKTRACE:-1} RUST_LIB_BACKTRACE=0 CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
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

# Always the whole workspace, of which a step picks targets: with `-p` cargo would choose other features
# for what they depend on, and build that again.
campaign() {
  "${CARGO_TARGET_DIR:-target}/debug/campaign" "$1" --minutes "$2" --seed "$SEED"
}

step formatting cargo fmt --all --check
step build cargo build --workspace
step clippy cargo clippy --workspace --all-targets -- -D warnings
step units cargo test --workspace --exclude lockgate-fuzz --lib --bins --test auto # that one is a fuzzer's
step benches cargo test --workspace --bench audit --bench clean_path --bench inspect --bench scan # once each: no speed
step kills campaign kills 0.4
step codecs bash fuzz/run.sh 5
step "hostile frames" campaign fuzz 0.2
step soak campaign soak 0.3
step memory "${CARGO_TARGET_DIR:-target}/debug/campaign" memory --connections 10000 --requests 50000
step behaviours cargo test --workspace --test behaviour -- --test-threads "$THREADS"

printf '\n=== seed %s, %d s in all\n' "$SEED" $((SECONDS - started))
if [ ${#failed[@]} -gt 0 ]; then
  printf '=== FAILED: %s\n' "${failed[*]}"
  exit 1
fi
printf '=== all fine\n'
