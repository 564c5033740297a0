# make table   install what it needs, then the success-rate table, its figure and a video
# make play    installs what it needs, then opens a page where one draws a maze and steers live (Ctrl-C ends it)
# make test    install, then all tests
# make check   install, then format, lint, strict types, who may import whom, what workflows may do, and (with Node) the page's code
# make bench   install, then the benchmarks (twenty minutes); writes docs/speed.md
# make fuzz    install, then random inputs to everything that reads what others wrote, half an hour
# make faults  install, then kill, fill up and damage runs in every way (a quarter of an hour)
# make notebook install, and JupyterLab, then the widget in it, in a browser
# make docs    install, then the documentation site into build/site/html; a warning is an error
# make cards   the front matter of the packaged policies' cards, from what is kept with their weights
# make dist    build wheel and sdist into dist/, then try the wheel alone and with each extra (installs all anew)
# make constraints   constraints.txt from pyproject.toml; versions in it stay where they fit (UPGRADE=--upgrade: the latest)

PYTHON ?= python3
POLICY ?= small
LEVEL ?= 27
PRETTIER := prettier@3.6.2
TYPESCRIPT := typescript@5.9.3
PAGE := $(addprefix evaluation/play/page/*.,js ts css)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PLAY := $(VENV)/.installed-play
DEVELOPMENT := $(VENV)/.installed-dev
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt

unexport PYTHONDONTWRITEBYTECODE # nothing is compiled while it is installed: the first process that needs it does it for all

.PHONY: table play test notebook check bench fuzz faults install constraints cards docs dist clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 12) else f"steered-env needs Python 3.10 to 3.12, $(PYTHON) is {v[0]}.{v[1]}; name another one: make $(MAKECMDGOALS) PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python # what the command needs
	@$(BIN)/python -c 'import pip, sys; sys.exit(int(pip.__version__.split(".")[0]) < 23)' || $(PIP_INSTALL) --upgrade pip
	$(PIP_INSTALL) --editable .
	touch $@

$(PLAY): $(INSTALLED) # and what the page needs
	$(PIP_INSTALL) --editable '.[play]'
	touch $@

$(DEVELOPMENT): $(INSTALLED) # and what tests, checks and benchmarks need
	$(PIP_INSTALL) --editable '.[dev]'
	touch $@ $(PLAY)

install: $(DEVELOPMENT)

table: $(INSTALLED)
	$(BIN)/steered-env table --levels 0:100 --policy $(POLICY) \
	  --condition baseline --condition=-cheese --condition top_right \
	  --condition 'top_right - cheese' --condition=-random
	$(BIN)/steered-env video --level 27 --policy $(POLICY) --out videos/level-27.mp4 \
	  --condition baseline --condition=-cheese --condition top_right --condition 'top_right - cheese'

play: $(PLAY)
	$(BIN)/steered-env play --policy $(POLICY) --level $(LEVEL)

test: $(DEVELOPMENT)
	$(BIN)/python -m pytest --disable-plugin-autoload -p xdist -n 2 --dist loadfile --no-loadscope-reorder

notebook: $(DEVELOPMENT)
	$(PIP_INSTALL) jupyterlab # much, for one test
	$(BIN)/python -m pytest --disable-plugin-autoload tests/evaluation/play/test_notebook_server.py

check: $(DEVELOPMENT)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/zizmor --offline --quiet .github
	@if command -v npx > /dev/null; then \
	  npx --yes --package $(PRETTIER) --package $(TYPESCRIPT) --call 'prettier --check $(PAGE) && tsc --project house'; \
	else echo "no Node here: the format and the types of evaluation/play/page are not checked"; fi

bench: $(DEVELOPMENT)
	$(BIN)/python -m benchmarks --page docs/speed.md

fuzz: $(DEVELOPMENT)
	$(BIN)/python -m fuzzing --log docs/fuzzing.md

faults: $(DEVELOPMENT)
	$(BIN)/python -m benchmarks.faults_log docs/faults.log

constraints: | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13'
	$(BIN)/python -m uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.10 \
	  --no-annotate --custom-compile-command 'make constraints' --output-file constraints.txt $(UPGRADE)

cards: $(INSTALLED) # no policy is measured: what its weights keep is written
	$(BIN)/python -m house.cards

docs: $(DEVELOPMENT)
	$(BIN)/python -m house.site

dist: | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m house.try_wheel dist/*.whl

clean:
	rm -rf $(VENV) results build dist *.egg-info
