# make demo and make test do all set-up from nothing; see CONTRIBUTING.md.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready

DEMO   ?= plugins/fas-phantom/specs/demo.json
RUN    := runs/demo
# A face video of your own to score; default: a real one where the developers' media stand beside the project, else two rendered clips.
VIDEO  ?= $(firstword $(wildcard ../shared/media/*/*.mp4))

PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
INSTALL := --constraint constraints.txt --group dev --editable ".[train,mtcnn,tensorboard,wandb]" $(addprefix --editable ,$(PLUGINS))

.PHONY: demo test lint bench bench-compare trends dist clean

demo: $(READY)
	$(BIN)/fascore run $(DEMO)
	$(if $(VIDEO),,$(BIN)/python examples/rendered_clips.py $(RUN)/clips)
	$(BIN)/fascore predict $(RUN) $(or $(VIDEO),$(RUN)/clips)
	@echo "report: $(RUN)/report.html"

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	for each in $(PLUGINS); do (cd $$each && MYPY_CACHE_DIR=$(CURDIR)/.mypy_cache/plugins $(CURDIR)/$(BIN)/mypy) || exit 1; done
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m pytest benchmarks -o python_files="bench_*.py" --benchmark-autosave

# Every saved run of the benchmarks, side by side.
bench-compare: $(READY)
	$(BIN)/pytest-benchmark compare --group-by=fullname --sort=name --columns=median,iqr,rounds

# What papers say of their parts, measured on rendered clips into docs/trends.md; PLUGIN=fas-joint for one of them. An hour or more.
trends: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/trends.py $(PLUGIN)

dist: $(READY)
	rm -rf dist
	for each in . $(PLUGINS); do $(BIN)/python -m build --wheel --no-isolation --outdir dist $$each || exit 1; done
	@ls dist

clean:
	rm -rf $(VENV) dist .store .fascore .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# uv where it can be had, for it is much faster; else, and where it fails, pip.
$(READY): constraints.txt pyproject.toml $(addsuffix /pyproject.toml,$(PLUGINS))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "fascore needs Python 3.11 or newer; say where it is: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv || echo "uv cannot be had: pip does its work, slower"
	PATH="$$PATH:$(CURDIR)/$(BIN)"; uv pip install --python $(BIN)/python $(INSTALL) \
	  || { $(BIN)/python -m pip install --quiet --upgrade pip && $(BIN)/python -m pip install $(INSTALL); }
	@touch $@
