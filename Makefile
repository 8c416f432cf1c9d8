# Loggia: each target installs what it needs, says so, and does nothing twice.
# make run builds and opens the demo city at http://localhost:8080; make test decides what may land.

.PHONY: help run test check bench soak attack fuzz web setup
help:
	@echo "make run     build Loggia and open the demo city at http://localhost:8080"
	@echo "make test    everything that decides whether a change may land"
	@echo "make check   format, lints, counted rules, spelling, types (before each commit)"
	@echo "make bench   measure speed against ffmpeg, write bench/results.json"
	@echo "make soak    crashes, power cuts and full disks, all of them"
	@echo "make attack  a city that lies tries 100,000 openings at a key desk"
	@echo "make fuzz    each parser of network bytes for 30 seconds"
	@echo "make web     build the pages into web/dist"

run:
	@scripts/run.sh

test:
	@scripts/test.sh

check:
	@scripts/check.sh

bench:
	@scripts/bench.sh

soak:
	@scripts/soak.sh

attack:
	@scripts/attack.sh

fuzz:
	@scripts/fuzz.sh

web:
	@scripts/setup.sh run
	@scripts/web.sh

setup:
	@scripts/setup.sh test
