#!/usr/bin/env bash
# `make check`: what an editor would say, over everything, before a commit.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh check
say "format"
cargo fmt --all --check
say "lints"
cargo clippy --quiet --workspace --all-targets -- --deny warnings
say "rules that can be counted"
cargo run --quiet -p xtask -- tidy
say "spelling"
.cache/venv/bin/typos
say "pages: types"
(cd web && npm run --silent check)
if command -v cargo-deny >/dev/null; then
  say "licences, sources and bans"
  cargo deny --log-level error check bans licenses sources
else
  echo "cargo-deny is not installed: licences, sources and bans were not checked"
fi
