#!/usr/bin/env bash
# Fuzzes every codec: bash fuzz/run.sh [SECONDS] [TARGET…]
#
# Each target starts from fuzz/corpus/TARGET (messages of real clients and brokers) and keeps what it
# learns in .work/fuzz/TARGET. Two run at a time. A failing input is left in .work/fuzz/failed and the
# exit code is 1. SEED=n repeats a run.
set -uo pipefail
cd "$(dirname "$0")/.."
SECONDS_EACH=${1:-10}
shift || true
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
TARGETS=${*:-$(sed -n 's/^    ("\([a-z_]*\)", .*/\1/p' fuzz/src/main.rs)}
WORK=${LOCKGATE_WORK:-.work}/fuzz
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

RUSTC_WORKSPACE_WRAPPER="$PWD/fuzz/instrument.sh" cargo build --workspace --bin lockgate-fuzz || exit 1
# kept apart from the plain build of the same name, which others would overwrite
BIN=${CARGO_TARGET_DIR:-target}/debug/lockgate-fuzz
mkdir -p "$WORK/failed"
cp "$BIN" "$WORK/lockgate-fuzz" || exit 1

one() {
  local target=$1 log="$WORK/$1.log"
  mkdir -p "$WORK/$target" "fuzz/corpus/$target"
  if LOCKGATE_FUZZ=$target "$WORK/lockgate-fuzz" "$WORK/$target" "fuzz/corpus/$target" -seed="$SEED" \
    -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=16384 \
    -artifact_prefix="$WORK/failed/$target-" -print_final_stats=1 >"$log" 2>&1; then
    printf '%-18s fine   %s inputs, %s edges\n' "$target" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
      "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)"
  else
    printf '%-18s FAILED, see %s\n' "$target" "$log"
    tail -30 "$log"
    return 1
  fi
}
export -f one
export SEED SECONDS_EACH WORK
printf 'seed %s, %s s each\n' "$SEED" "$SECONDS_EACH"
printf '%s\n' $TARGETS | xargs -P 2 -I{} bash -c 'one {}'
