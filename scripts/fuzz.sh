#!/usr/bin/env bash
# `make fuzz`: each parser of network bytes for SECONDS (30) with coverage guidance.
# Seeds are in crates/*/corpus and replayed by ordinary tests; finds go to fuzz/corpus.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

if ! command -v cargo-fuzz >/dev/null; then
  say "cargo-fuzz is missing: installing it for this user (a few minutes)"
  cargo install cargo-fuzz --locked
fi
# libFuzzer needs compiler flags that stable rustc hides; nothing else is built this way.
export RUSTC_BOOTSTRAP=1

# seeds_of TARGET : the committed corpora of a target, a folder on each line.
seeds_of() {
  case $1 in
    seal_*) echo "crates/seal/corpus/${1#seal_}" ;;
    log_cosigned) printf '%s\n' crates/transparency/corpus/{tlog-policy,tlog-proof,witness-key} ;;
    log_*) echo "crates/transparency/corpus/${1#log_}" ;;
    witness_wire) printf '%s\n' crates/transparency/corpus/{add-checkpoint,witness-answer} ;;
    api_body) echo "crates/policy/corpus/body" ;;
    passkey | id_token) echo "crates/policy/corpus/$1" ;;
    access_policy) printf '%s\n' crates/charter/corpus/policy demo/policy ;;
    ngsi_entity) echo "crates/ngsi-ld/corpus/entity" ;;
    time_stamp) echo "crates/policy/corpus/time_stamp" ;;
    export_bundle) echo "crates/loggia/corpus/bundle" ;;
    desk) echo "crates/loggia/corpus/desk" ;;
    bus_segment) echo "crates/store/corpus/bus-segment" ;;
    ngsi_provision) echo "crates/ngsi-ld/corpus/provision" ;;
    ngsi_subscription) echo "crates/ngsi-ld/corpus/subscription" ;;
    field_message) echo "crates/field/corpus/message" ;;
    mqtt_packet) echo "crates/mqtt/corpus/packet" ;;
    ngsi_query) echo "crates/ngsi-ld/corpus/query" ;;
    *) echo "crates/video/corpus/$1" ;;
  esac
}

for target in fuzz/targets/*.rs; do
  name=$(basename "$target" .rs)
  mkdir -p "fuzz/corpus/$name"
  corpora=("fuzz/corpus/$name")
  while read -r seeds; do
    if [ -d "$seeds" ]; then corpora+=("$seeds"); fi
  done < <(seeds_of "$name")
  say "$name for ${SECONDS_EACH:-30} s"
  cargo fuzz run "$name" "${corpora[@]}" -- \
    -max_total_time="${SECONDS_EACH:-30}" -max_len=65536 -rss_limit_mb=2048
done
