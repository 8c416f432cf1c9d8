#!/usr/bin/env bash
# `make run`: everything from nothing to a demo city at http://localhost:8080.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh run
scripts/web.sh
if [ ! -x target/release/loggia ]; then
  say "building loggia: about ten minutes the first time, the last step alone three; then films (137 MB)"
fi
cargo build --release -p loggia
args=(--data data/demo)
if [ -f demo/streams.sh ]; then
  bash demo/streams.sh
  args+=(--streams .cache/streams)
fi
scripts/basemap.sh target/release/loggia
args+=(--basemap .cache/basemap)
exec target/release/loggia demo "${args[@]}" "$@"
