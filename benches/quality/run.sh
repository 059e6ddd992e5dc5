#!/usr/bin/env bash
# Prepares the tools outside the repository and measures. All arguments go to `quality.py run`:
#   bash benches/quality/run.sh --lockgate target/release/lockgate
# Tools and results live in $LOCKGATE_WORK/quality, or in target/quality.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${LOCKGATE_WORK:-$root/target}/quality
mkdir -p "$work"

python=$(command -v python3.11 || command -v python3)
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed, $python is not" >&2
    exit 2
}
wanted=$(sha256sum "$here/requirements.txt")
if [ "$(cat "$work/venv/wanted" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$work/venv"
    "$python" -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
    echo "$wanted" >"$work/venv/wanted"
fi

CARGO_TARGET_DIR="$work/dd-target" nice -n 10 \
    cargo build --quiet --release --locked --manifest-path "$here/dd/Cargo.toml"

export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here"
"$work/venv/bin/python" "$here/quality.py" selftest
exec nice -n 10 "$work/venv/bin/python" "$here/quality.py" run \
    --dd "$work/dd-target/release/dd" --work "$work" "$@"
