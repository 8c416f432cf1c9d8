#!/usr/bin/env bash
# `make bench`: speed beside ffmpeg on the same streams; figures go to bench/results.json.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh bench
scripts/web.sh
say "building loggia"
cargo build --quiet --release -p loggia
bash demo/streams.sh
bash demo/streams.sh --bench
exec .cache/venv/bin/python bench/run.py "$@"
