#!/usr/bin/env bash
# What the tests need on the machine. As root on Debian what is missing is installed; elsewhere it
# is named, and this fails: no test is ever skipped for want of a tool.
set -uo pipefail

missing=()
packages=()
need() { # command, what it is, Debian's package
  command -v "$1" >/dev/null && return
  missing+=("  $1: $2")
  packages+=("$3")
}
need cargo   "Rust, by rustup: https://rustup.rs" rustup
need cc      "a C compiler" build-essential
need c++     "a C++ compiler: libFuzzer is written in it" build-essential
need java    "Java 17 or newer" openjdk-17-jdk-headless
need javac   "its compiler" openjdk-17-jdk-headless
need mvn     "Apache Maven, which fetches Apache Kafka" maven
need node    "Node.js 20.19 or newer: https://nodejs.org" nodejs
need npm     "comes with Node.js" npm
need python3 "Python 3.9 or newer" python3
need go      "Go 1.21 or newer, which fetches the version that go.mod names: https://go.dev/dl" golang-go
need kcat    "the command-line client of librdkafka" kcat
need haproxy "a load balancer that speaks the PROXY protocol" haproxy
if ! python3 -c 'import ensurepip' 2>/dev/null; then
  missing+=("  python3 -m venv: part of Python that Debian ships apart")
  packages+=(python3-venv)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

printf 'The tests need what this machine lacks:\n' >&2
printf '%s\n' "${missing[@]}" >&2
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  printf 'Installing: %s\n' "${packages[*]}" >&2
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${packages[@]}"
  exit
fi
printf 'On Debian: sudo apt-get install %s\n' "${packages[*]}" >&2
exit 2
