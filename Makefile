# make demo and make test set everything up from scratch; see CONTRIBUTING.md.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready

DEMO   ?= plugins/fas-phantom/specs/demo.json
RUN    := runs/demo
# Your own face video to score; default: a real video if the developers' media are beside the project, otherwise rendered clips.
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

# Compare all saved benchmark runs side by side.
bench-compare: $(READY)
	$(BIN)/pytest-benchmark compare --group-by=fullname --sort=name --columns=median,iqr,rounds

# Test papers' claims about their components on rendered clips and update docs/trends.md; PLUGIN=fas-joint for one plugin. Takes an hour or more.
trends: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/trends.py $(PLUGIN)

dist: $(READY)
	rm -rf dist
	for each in . $(PLUGINS); do $(BIN)/python -m build --wheel --no-isolation --outdir dist $$each || exit 1; done
	@ls dist

clean:
	rm -rf $(VENV) dist .store .fascore .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# Use uv if it is available, because it is much faster; otherwise, or if it fails, use pip.
$(READY): constraints.txt pyproject.toml $(addsuffix /pyproject.toml,$(PLUGINS))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "fascore needs Python 3.11 or newer; set its path: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv || echo "uv is not available: using pip, which is slower"
	PATH="$$PATH:$(CURDIR)/$(BIN)"; uv pip install --python $(BIN)/python $(INSTALL) \
	  || { $(BIN)/python -m pip install --quiet --upgrade pip && $(BIN)/python -m pip install $(INSTALL); }
	@touch $@
