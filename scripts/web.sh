#!/usr/bin/env bash
# Builds the pages into web/dist when their sources changed. The binary embeds what is there.
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"

hash=$(hash_of "$(node --version)" web)
if fresh web "$hash" && [ -f web/dist/index.html ]; then exit 0; fi
say "building the pages"
(cd web && npm run --silent build -- --logLevel warn)
done_with web "$hash"
