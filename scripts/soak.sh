#!/usr/bin/env bash
# `make soak`: crashes, power cuts and full disks, each 200 times from fresh seeds; `make test` runs
# a sample of the same tests. LOGGIA_SOAK=1000 make soak for longer.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh test
export LOGGIA_PYTHON="$PWD/.cache/venv/bin/python"
export LOGGIA_SOAK="${LOGGIA_SOAK:-200}"
say "every test with $LOGGIA_SOAK rounds where it has rounds"
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --no-fail-fast
else
  cargo test --workspace --no-fail-fast
fi
