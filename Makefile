# make table   install, then the success-rate table, its figure and a video
# make test    install, then all tests
# make check   install, then format, lint, strict types, and who may import whom
# make bench   install, then the benchmarks
# make fuzz    install, then random inputs to everything that reads what others wrote, half an hour
# make faults  install, then kill, fill up and damage runs in every way (a quarter of an hour)

PYTHON ?= python3
POLICY ?= small
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: table test check bench fuzz faults install clean

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 12) else f"steered-env needs Python 3.10 to 3.12, $(PYTHON) is {v[0]}.{v[1]}; name another one: make $(MAKECMDGOALS) PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

install: $(INSTALLED)

table: $(INSTALLED)
	$(BIN)/steered-env table --levels 0:100 --policy $(POLICY) \
	  --condition baseline --condition=-cheese --condition top_right \
	  --condition 'top_right - cheese' --condition=-random
	$(BIN)/steered-env video --level 27 --policy $(POLICY) --out videos/level-27.mp4 \
	  --condition baseline --condition=-cheese --condition top_right --condition 'top_right - cheese'

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

fuzz: $(INSTALLED)
	$(BIN)/python -m fuzzing --log docs/fuzzing.md

faults: $(INSTALLED)
	$(BIN)/python -m benchmarks.faults_log docs/faults.log

clean:
	rm -rf $(VENV) results build *.egg-info
