#!/usr/bin/env bash
# `make test`: everything that decides whether a change may land. Ends non-zero at the first part
# that fails; soak tests run their seeded sample here and in full by `make soak`.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh test
PATH="$PWD/.cache/venv/bin:$PATH"
export LOGGIA_PYTHON="$PWD/.cache/venv/bin/python"

say "rules that can be counted"
cargo run --quiet -p xtask -- tidy
scripts/web.sh
say "pages: types and unit tests"
(cd web && npm run --silent check && npm run --silent test)
say "Rust tests"
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --no-fail-fast
else
  echo "cargo-nextest is not installed: using cargo test"
  cargo test --workspace --no-fail-fast
fi
say "the whole line in a browser"
scripts/e2e.sh
