# make demo   from a fresh clone to a verified decision on chain
# make test   every test
# make up     a local chain, the contracts, the models, a node and its API; stays up
# make check  format, lint, types, import rules, freshness of generated files
# make page   the page that the node serves, bundled
# make screenshots  the page as it looks, into docs/screenshots
# make coverage  the branches of oracle/core and of the contracts that tests take: all of them
# make fuzz   longer walks and more inputs for the contracts: RUNS=256 SEED=0x7 (one at random without SEED)
# make mutation  which changes of the core and of the contracts would no test notice? takes hours
# make bench  every promised figure, into docs/benchmarks.md: about 15 minutes; ONLY=gas,node measures less
# make slither  static analysis of the contracts, each finding answered
# make bench-serving  the inference protocol beside MLServer and bare ONNX Runtime; installs MLServer once
# make soak   a random walk on a hostile chain: MINUTES=10 SEED=7 (one at random without SEED)
# make migration name="what changes"   a draft of the journal's next revision
# make package  the contracts as an npm package, in dist/npm
# make clean  remove everything that was installed or generated

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
# The lock names every package, so nothing is resolved: what is not in it, or not what its hash says, is not installed.
PIP := $(BIN)/python -m pip --quiet --no-input
export PATH := $(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo up page test test-python test-solidity test-js coverage fuzz mutation slither check format migration bench bench-serving package screenshots soak install install-dev lock clean

demo: install
	@oracle demo

up: install
	@oracle up

install: .venv/.installed node_modules/.installed page

install-dev: install .venv/.installed-dev

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	@echo "Installing the Python packages (about a minute) …"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.lock | .venv/.installed
	@echo "Installing what the tests need (about two minutes) …"
	@$(PIP) install --no-deps --require-hashes --requirement requirements-dev.lock
	@touch $@

node_modules/.installed: package-lock.json package.json | .venv/.installed
	@echo "Installing the local chains and the compiler (about half a minute) …"
	@npm ci --loglevel=error --no-progress >/dev/null
	@touch $@

PAGE := oracle/api/static/index.html.gz
PAGE_SOURCES := $(shell find dapp -name '*.js' -o -path 'dapp/*.ts' -o -path 'dapp/page/*.css' -o -path 'dapp/page/*.html' -o -path 'dapp/page/*.mjs')

page: $(PAGE)

$(PAGE): $(PAGE_SOURCES) node_modules/.installed
	@echo "Bundling the page …"
	@npm run --silent build:page

test: test-solidity test-js test-python

CORE = tests/unit/core --cov=oracle.core --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

# The core by its own tests alone, with every branch of it taken; then all other tests.
test-python: install-dev
	$(BIN)/python -m pytest -n 2 $(CORE)
	$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore tests/unit/core

test-solidity: install-dev
	npm run --silent test:sol

test-js: install-dev
	npm run --silent test:js

coverage: install-dev
	$(BIN)/python -m pytest $(CORE)
	npm run --silent coverage:sol

check: install-dev
	ruff format --check .
	ruff check .
	mypy
	mypy tests/bench tests/bench_inference --exclude runtime.py
	lint-imports
	oracle compile --check
	npm run --silent check:format
	npm run --silent check:page
	npm run --silent check:client
	npm run --silent lint:sol

format: install-dev
	ruff format .
	ruff check --fix .
	npm run --silent format

screenshots: install-dev
	$(BIN)/python -m tests.screenshots

# In an environment of its own: it needs older packages than the oracle.
slither: install-dev .venv-slither/.installed
	$(BIN)/python -m tests.support.slither .venv-slither/bin/slither

.venv-slither/.installed: tests/support/slither/requirements.lock | .venv/.installed
	@$(PYTHON) -m venv .venv-slither
	@.venv-slither/bin/python -m pip install --quiet --no-input --no-deps --require-hashes --requirement $<
	@touch $@

migration: install-dev
	$(BIN)/python -m tests.support.migration "$(name)"

bench: install-dev
	$(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY))

bench-serving: install-dev .venv-mlserver/.installed
	$(BIN)/python -m tests.bench_inference --mlserver .venv-mlserver

.venv-mlserver/.installed:
	@echo "Installing MLServer, to compare with (about a minute) …"
	@$(PYTHON) -m venv .venv-mlserver
	@.venv-mlserver/bin/python -m pip install --quiet --no-input mlserver==1.7.1 onnxruntime==1.32.0 uvloop==0.21.0
	@touch $@

RUNS ?= 256
fuzz: install-dev
	@seed=$${SEED:-0x$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}; \
	  echo "make fuzz RUNS=$(RUNS) SEED=$$seed"; RUNS=$(RUNS) SEED=$$seed npm run --silent fuzz:sol

# In an environment of its own, on top of the oracle's.
mutation: install-dev .venv-mutation/.installed
	.venv-mutation/bin/python -m mutmut run --max-children 1
	.venv-mutation/bin/python -m mutmut results
	node tests/support/solidity/mutate.js

.venv-mutation/.installed: tests/support/mutation/requirements.lock .venv/.installed-dev
	@$(PYTHON) -m venv .venv-mutation
	@.venv-mutation/bin/python -m pip install --quiet --no-input --no-deps --require-hashes --requirement $<
	@$(BIN)/python -c 'import site; print(*site.getsitepackages(), sep="\n")' >"$$(echo .venv-mutation/lib/python3.*/site-packages)/oracle.pth"
	@touch $@

MINUTES ?= 10
soak: install-dev
	$(BIN)/python -m tests.support.walk --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

package: install
	@oracle compile --package dist/npm
	@npm pack --silent --pack-destination dist ./dist/npm

COMPILE = $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet
LOCK = $(COMPILE) pyproject.toml

lock: install
	$(PIP) install uv
	$(LOCK) --all-extras --group dev --output-file requirements-dev.lock
	$(LOCK) --extra batch --extra grpc --extra local --extra train --group build \
	  --constraint requirements-dev.lock --output-file requirements.lock
	$(LOCK) --extra grpc --extra postgres --extra s3 --group build \
	  --constraint requirements-dev.lock --output-file deploy/requirements.lock
	$(COMPILE) tests/support/slither/requirements.in --output-file tests/support/slither/requirements.lock
	$(COMPILE) tests/support/mutation/requirements.in --constraint requirements-dev.lock \
	  --output-file tests/support/mutation/requirements.lock
	npm install --package-lock-only
	$(BIN)/python .ci/platforms.py

clean:
	rm -rf .venv .venv-mlserver .venv-slither .venv-mutation mutants node_modules .oracle artifacts cache coverage dist build oracle/api/static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
