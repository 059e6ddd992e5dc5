#!/usr/bin/env bash
# Cargo's workspace wrapper for fuzzing: this project's own crates get the coverage counters that
# libFuzzer reads, and are optimised; dependencies are those of every other build. Works on stable.
set -euo pipefail
case " $* " in
*" --crate-name lockgate "* | *" --crate-name lockgate_fuzz "*)
  exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Copt-level=1 -Cdebug-assertions=on -Coverflow-checks=on
  ;;
*) exec "$@" ;;
esac
