#!/usr/bin/env bash
# `make attack`: a city in the hands of somebody with root and the log's key tries 100,000 openings
# at a true key desk (LOGGIA_ATTACK for another number, LOGGIA_SEED for another seed). First the
# controls: each class of attack must open once its check is taken out. `make test` runs a seeded
# sample. shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

scripts/setup.sh run
scripts/web.sh
export LOGGIA_ATTACK="${LOGGIA_ATTACK:-100000}"
say "controls, then $LOGGIA_ATTACK openings (about half an hour on two cores)"
cargo test --release --quiet -p loggia --bin loggia -- --nocapture desk::attack
