#!/usr/bin/env bash
# Walks the whole line in a real browser: a demo city of its own on free ports, then web/tests.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build -q -p loggia
folder=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
desk=$((port + 1))
target/debug/loggia demo --data "$folder/demo" --port "$port" --desk-port "$desk" \
  >"$folder/log" 2>&1 &
city=$!
trap 'kill $city 2>/dev/null || true; wait $city 2>/dev/null || true; rm -rf "$folder"' EXIT

for _ in $(seq 1 120); do
  curl -fs "http://127.0.0.1:$port/api/v1/public/summary" >/dev/null 2>&1 && break
  kill -0 $city 2>/dev/null || { cat "$folder/log"; echo "the demo city stopped"; exit 1; }
  sleep 0.5
done
if ! (cd web && DEMO_KEYS="$folder/demo/keys-of-everybody" KEEP_BUNDLE="$folder/bundle.zip" KEEP_ENTRY="$folder/entry-0.json" LOGGIA_URL="http://127.0.0.1:$port" DESK_URL="http://127.0.0.1:$desk" \
  npm run --silent test:pages); then
  tail -40 "$folder/log"
  exit 1
fi

# What the browser exported, checked by the program and by a second implementation.
key=$(curl -fs "http://127.0.0.1:$port/log/key")
target/debug/loggia verify "$folder/bundle.zip" --log-key "$key"
"${LOGGIA_PYTHON:-.cache/venv/bin/python}" crates/loggia/tests/check_bundle.py "$folder/bundle.zip" "$key"

# One entry with its proof, as the auditor's window saves it; and the same under another number.
target/debug/loggia verify "$folder/entry-0.json" --log-key "$key"
sed 's/"entry_index": 0/"entry_index": 1/' "$folder/entry-0.json" >"$folder/entry-1.json"
if target/debug/loggia verify "$folder/entry-1.json" --log-key "$key"; then
  echo "an entry was accepted under another number"
  exit 1
fi
