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
curl -fs "http://127.0.0.1:$port/log/policy" >"$folder/tlog-policy"
target/debug/loggia verify "$folder/bundle.zip" --log-key "$key" --policy "$folder/tlog-policy"

# As a stranger does, with tools that are not ours: the five commands of the guide, as they stand
# there (the first makes the folder of Python packages, which is here already).
stranger="$folder/stranger"
mkdir -p "$stranger/v/bin"
cp crates/loggia/tests/check_{bundle,proofs}.py crates/loggia/tests/go/check_proof.go "$stranger"
cp "$folder/bundle.zip" "$stranger/BUNDLE.zip"
cp "$folder/tlog-policy" "$stranger/tlog-policy"
echo "$key" >"$stranger/log.key"
python=$(realpath -s "${LOGGIA_PYTHON:-.cache/venv/bin/python}")
printf '#!/bin/sh\nexec "%s" "$@"\n' "$python" >"$stranger/v/bin/python"
chmod +x "$stranger/v/bin/python"
sed -n '/^```sh$/,/^```$/p' docs/guide/check-a-clip.md | sed '/^```/d; /^python3 -m venv/d' \
  >"$stranger/commands"
(cd "$stranger" && bash -euo pipefail ./commands)
# A proof of another place is refused by the last of them.
sed -i 's/^index .*/index 1/' "$stranger/2.tlog-proof"
if (cd "$stranger" && tail -n 1 commands | bash 2>/dev/null); then
  echo "a proof of another place was accepted"
  exit 1
fi

# One entry with its proof, as the auditor's window saves it; and the same under another number.
target/debug/loggia verify "$folder/entry-0.json" --log-key "$key"
sed 's/"entry_index": 0/"entry_index": 1/' "$folder/entry-0.json" >"$folder/entry-1.json"
if target/debug/loggia verify "$folder/entry-1.json" --log-key "$key"; then
  echo "an entry was accepted under another number"
  exit 1
fi
