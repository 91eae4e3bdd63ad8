# make demo    sets everything up and runs the main job on a simulated model: no key, no Docker
# make test    sets everything up and runs the tests
# make check   lint and types
# make faults  kills processes, containers and daemons, fills disks, and runs what takes long on docker
# make cut-off kills a run on docker at 30 random moments and continues it each time
# make swe     SWE-bench Verified on stand-ins for its images, on docker; builds them first
# make terminal runs 34 real Terminal-Bench tasks on docker, and rtv with Terminus on four
# make docs    the documentation as a site, in build/site
# make release-check builds the wheel, installs it into an empty environment and runs the demo there
# make real    rtv with a real model of 135 million parameters, on this machine
# make bench   overhead, load, Terminus, selections and options on simulated judges, a report

VENV ?= .venv
BIN := $(VENV)/bin

# the newest Python that is known to work, on the PATH or under pyenv; override with PYTHON=...
PYENV := $(HOME)/.pyenv/versions
PYTHON ?= $(shell for p in python3.13 $(wildcard $(PYENV)/3.13.*/bin/python) \
	python3.12 $(wildcard $(PYENV)/3.12.*/bin/python) python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

# without bytecode each process compiles all that it imports, which takes seconds
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test faults check docs release-check real bench cut-off swe terminal setup setup-dev clean

demo: setup
	@$(BIN)/python -m inspect_tts.benchmarks.demo

test: setup-dev
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not alone and not faults and not bench" $(ARGS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/inspect-evals-lint inspect_tts

docs: setup-dev
	$(BIN)/python docs/site.py

release-check: setup
	rm -rf dist build/release
	$(BIN)/uv build --quiet --python $(BIN)/python
	$(PYTHON) -m venv build/release/venv
	$(BIN)/uv pip install --quiet --python build/release/venv/bin/python "$$(ls $(CURDIR)/dist/*.whl)[report]"
	cd build/release && venv/bin/inspect-tts --version && venv/bin/python -P -m inspect_tts.benchmarks.demo

real: setup-dev
	$(BIN)/python bench/real.py $(ARGS)

faults: setup-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "faults and not alone" $(ARGS)
	$(BIN)/python -m pytest -m "faults and alone" $(ARGS)

cut-off: setup-dev
	CUT_OFF_KILLS=30 $(BIN)/python -m pytest tests/faults/test_cut_off.py $(ARGS)

swe: setup-dev
	$(BIN)/python tests/support/standins.py
	$(BIN)/python -m pytest tests/benchmarks/test_swe_*.py --swe $(ARGS)

terminal: setup-dev
	INSPECT_TTS_TERMINAL=all $(BIN)/python -m pytest tests/benchmarks/test_terminal_tasks.py tests/agents/test_terminus*.py $(ARGS)

bench: setup-dev
	$(BIN)/python -m pytest -m bench
	$(BIN)/python bench/overhead.py $(ARGS)
	$(BIN)/python bench/load.py
	$(BIN)/python bench/selection.py
	$(BIN)/python bench/refinement.py
	$(BIN)/python bench/votes.py
	$(BIN)/python bench/waves.py
	$(BIN)/python bench/terminus.py
	$(BIN)/python bench/report.py

setup: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "inspect_tts needs Python 3.11 or newer on the PATH (or PYTHON=/path/to/python)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[report]'
	$(BIN)/python -c "import anthropic, inspect_tts.benchmarks.demo.__main__"  # compiled for later
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable . --group dev --group docs --group interop
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
