# Stamps: a step is done again only when what it depends on changed. Sourced, not run.
# A stamp is a file .cache/stamps/NAME that holds a hash; deleting it repeats the step.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p .cache/stamps

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# hash_of TEXT FILE… : one hash over a text and the named files' contents (folders: what git
# tracks or would track in them).
hash_of() {
  local text=$1
  shift
  {
    printf '%s\n' "$text"
    for path in "$@"; do
      if [ -d "$path" ]; then
        git ls-files -z --cached --others --exclude-standard -- "$path" | sort -z |
          while IFS= read -r -d '' f; do if [ -f "$f" ]; then sha256sum "$f"; fi; done
      elif [ -f "$path" ]; then
        sha256sum "$path"
      fi
    done
  } | sha256sum | cut -d ' ' -f 1
}

# fresh NAME HASH : whether the step was done with this hash.
fresh() { [ "$(cat ".cache/stamps/$1" 2>/dev/null || true)" = "$2" ]; }

# done_with NAME HASH : remembers it.
done_with() { printf '%s\n' "$2" >".cache/stamps/$1"; }
