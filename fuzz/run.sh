#!/usr/bin/env bash
# Fuzzes every codec: bash fuzz/run.sh [SECONDS] [TARGET…]
#
# Each target (the table is in fuzz/src/main.rs) starts from messages of real clients and brokers in
# fuzz/corpus, and keeps what it learns in .work/fuzz/TARGET. JOBS run at a time, one for each core
# unless told otherwise. An input that fails is left in .work/fuzz/failed, and the exit code is 1.
# SEED=n repeats a run from the same corpora.
set -uo pipefail
cd "$(dirname "$0")/.."
SECONDS_EACH=${1:-10}
shift || true
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
TARGETS=${*:-$(sed -n 's/^    ("\([a-z_]*\)", "[^"]*", .*/\1/p' fuzz/src/main.rs)}
JOBS=${JOBS:-$(nproc)}
WORK=${LOCKGATE_WORK:-.work}/fuzz
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

RUSTC_WORKSPACE_WRAPPER="$PWD/fuzz/instrument.sh" cargo build --workspace --bin lockgate-fuzz || exit 1
# kept apart from the plain build of the same name, which others would overwrite
mkdir -p "$WORK/failed"
cp "${CARGO_TARGET_DIR:-target}/debug/lockgate-fuzz" "$WORK/lockgate-fuzz" || exit 1

one() {
  local target=$1 log="$WORK/$1.log" seeds
  seeds=fuzz/corpus/$(sed -n "s/^    (\"$target\", \"\([^\"]*\)\", .*/\1/p" fuzz/src/main.rs)
  mkdir -p "$WORK/$target"
  if [ "$seeds" = fuzz/corpus/ ] || [ ! -d "$seeds" ]; then
    printf '%-20s FAILED: no such target, or no seeds at %s\n' "$target" "$seeds"
    return 1
  fi
  if LOCKGATE_FUZZ=$target "$WORK/lockgate-fuzz" "$WORK/$target" "$seeds" -seed="$SEED" \
    -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=16384 \
    -artifact_prefix="$WORK/failed/$target-" -print_final_stats=1 >"$log" 2>&1; then
    printf '%-20s fine   %s inputs, %s edges\n' "$target" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
      "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)"
  else
    printf '%-20s FAILED, see %s\n' "$target" "$log"
    tail -30 "$log"
    return 1
  fi
}
export -f one
export SEED SECONDS_EACH WORK
printf 'seed %s, %s s each\n' "$SEED" "$SECONDS_EACH"
printf '%s\n' $TARGETS | xargs -P "$JOBS" -I{} bash -c 'one {}'
