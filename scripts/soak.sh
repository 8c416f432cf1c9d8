#!/usr/bin/env bash
# `make soak`: kills, power cuts and full disks, each 200 times from a fresh seed (LOGGIA_SEED
# repeats one); `make test` runs a sample of the same tests. LOGGIA_SOAK=1000 make soak for longer.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh test
export LOGGIA_PYTHON="$PWD/.cache/venv/bin/python"
export LOGGIA_SOAK="${LOGGIA_SOAK:-200}"
export LOGGIA_SEED="${LOGGIA_SEED:-$(date +%s)}"
say "kills, power cuts and full disks: $LOGGIA_SOAK rounds, seed $LOGGIA_SEED"
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --no-fail-fast -p loggia-store -p loggia-transparency
  cargo nextest run --no-fail-fast -p loggia --test witness --no-capture kills::
  # Alone on the machine: what a kill may lose is counted against the recorder's own pace.
  cargo nextest run --no-fail-fast -p loggia --test it --no-capture crash:: full::
else
  cargo test --no-fail-fast -p loggia-store -p loggia-transparency
  cargo test --no-fail-fast -p loggia --test witness -- --nocapture kills::
  cargo test --no-fail-fast -p loggia --test it -- --nocapture --test-threads 1 crash:: full::
fi
