#!/usr/bin/env bash
# Installs what a task needs and is not there yet, and says so. Second runs take no time.
# usage: scripts/setup.sh run|test|check|bench
# shellcheck source=scripts/stamps.sh
source "$(dirname "$0")/stamps.sh"
task=${1:?usage: scripts/setup.sh run|test|check|bench}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "This needs root and there is no sudo. Please have somebody run: $*" >&2
    exit 1
  fi
}

# Whether a package's work is already done by something that is not Debian's package.
have_otherwise() {
  case $1 in
    nodejs) command -v node >/dev/null ;;
    npm | cmake | clang | ffmpeg | openssl) command -v "$1" >/dev/null ;;
    golang-go) command -v go >/dev/null ;;
    build-essential) command -v cc >/dev/null && command -v make >/dev/null ;;
    *) return 1 ;;
  esac
}

rust() {
  if ! command -v cargo >/dev/null; then
    echo "Rust is missing. Install rustc and cargo 1.95 or later (rustup), then run this again." >&2
    exit 1
  fi
}

debian() {
  local hash wanted=() missing=()
  hash=$(hash_of "$(uname -n) $(cat /var/lib/dpkg/status 2>/dev/null | wc -c)" scripts/apt.txt)
  fresh "apt-$task" "$hash" && return
  mapfile -t wanted < <(
    awk -v t="$task" '!/^#/ && ($2 == "all" || $2 == t) {print $1}' scripts/apt.txt
  )
  local state
  for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    if [ "$state" != installed ] && ! have_otherwise "$package"; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
      echo "Not a Debian system. Please install what these packages hold: ${missing[*]}" >&2
      exit 1
    fi
    say "installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >.cache/apt.log 2>&1 ||
      { tail -n 20 .cache/apt.log >&2; exit 1; }
  fi
  hash=$(hash_of "$(uname -n) $(cat /var/lib/dpkg/status 2>/dev/null | wc -c)" scripts/apt.txt)
  done_with "apt-$task" "$hash"
}

python() {
  local hash
  hash=$(hash_of "$(python3 --version)" scripts/requirements.txt)
  if fresh python "$hash" && [ -x .cache/venv/bin/python ]; then return; fi
  say "installing Python packages into .cache/venv:" \
    "$(grep -v '^#' scripts/requirements.txt | xargs)"
  rm -rf .cache/venv
  python3 -m venv .cache/venv
  .cache/venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --requirement scripts/requirements.txt
  done_with python "$hash"
}

node() {
  [ -f web/package-lock.json ] || return 0
  local hash
  hash=$(hash_of "$(command node --version)" web/package.json web/package-lock.json)
  if fresh node "$hash" && [ -d web/node_modules ]; then return; fi
  say "installing npm packages into web/node_modules"
  (cd web && npm ci --no-audit --no-fund --loglevel=error)
  done_with node "$hash"
}

rust
debian
node
case $task in test | check | bench) python ;; esac
