# Everything from a bare Python 3.11: `make demo` and `make test` set up by themselves.

PYTHON ?= $(shell command -v python3.11 || command -v python3.10 || command -v python3.9 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/core.stamp
DEV := $(VENV)/dev.stamp

.PHONY: help setup demo test test-serving check format lock clean

help:
	@echo "make demo   set up and run the main job on synthetic hearts (runs/demo)"
	@echo "make test   set up and run the tests"
	@echo "make test-serving ECHO_KERAS_URL=http://HOST:8501/v1/models/NAME"
	@echo "            ask a running server, TensorFlow Serving or ours, what ours is asked"
	@echo "make setup  set up alone; make check, format, lock, clean"

setup: $(CORE)

demo: $(CORE)
	$(BIN)/echo-keras demo --output runs/demo

test: $(DEV)
	$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile

# Against the server of ECHO_KERAS_URL, or one of our own.
test-serving: $(DEV)
	$(BIN)/pytest tests/echo_keras/serving/test_any_server.py

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/vulture

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(DEV)
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal \
		--python-version 3.9 --generate-hashes --no-header --no-annotate \
		--upgrade --output-file requirements.lock

clean:
	rm -rf $(VENV) runs build *.egg-info

$(CORE): pyproject.toml requirements.lock tools/setup.py
	@"$(PYTHON)" tools/setup.py $(VENV)
	@touch $@

$(DEV): $(CORE)
	@"$(PYTHON)" tools/setup.py $(VENV) dev,tfx
	@touch $@
