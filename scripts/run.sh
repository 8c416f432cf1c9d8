#!/usr/bin/env bash
# `make run`: everything from nothing to a demo city at http://localhost:8080.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh run
scripts/web.sh
say "building loggia (the first time takes about five minutes)"
cargo build --release -p loggia
args=(--data data/demo)
if [ -f demo/streams.sh ]; then
  bash demo/streams.sh
  args+=(--streams .cache/streams)
fi
scripts/basemap.sh target/release/loggia
args+=(--basemap .cache/basemap)
exec target/release/loggia demo "${args[@]}" "$@"
