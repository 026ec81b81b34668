# 通办 Tongban：一条命令运行，一条命令测试。 One command to run it, one to test it.
SHELL := /bin/sh
PYTHON ?= $(or $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done),python3)
VENV_PYTHON := .venv/bin/python
DATA_DIR ?= $(CURDIR)/var
PYTEST_ARGS ?= -n 2 --dist loadgroup
BESIDE_TEST_SERVERS = DATA_DIR="$(DATA_DIR)/test" $(VENV_PYTHON) -m config.embedded run --throwaway --max-connections 300 --

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test check check-again bench lock clean
export DATA_DIR

help: ## 显示本帮助 · show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup:
	@$(PYTHON) -m config.workspace run

setup-test:
	@$(PYTHON) -m config.workspace test

run: setup ## 启动全部服务（PORT、HOST、DATA_DIR 可设） · serve everything until Ctrl-C
	@exec $(VENV_PYTHON) -m config.launch

test: setup-test ## 运行全部测试 · run the whole suite
	@$(BESIDE_TEST_SERVERS) $(VENV_PYTHON) -m pytest $(PYTEST_ARGS)

check: setup-test ## 格式、规则、类型、迁移、生成文件，然后测试 · every check, then the suite
	@$(BESIDE_TEST_SERVERS) $(VENV_PYTHON) -m config.checks
	@$(BESIDE_TEST_SERVERS) $(VENV_PYTHON) -m pytest $(PYTEST_ARGS)

check-again: setup-test
	@$(BESIDE_TEST_SERVERS) $(VENV_PYTHON) -m config.checks
	@$(BESIDE_TEST_SERVERS) $(VENV_PYTHON) -m pytest --last-failed --last-failed-no-failures none

bench: setup-test ## 性能测量 · measure speed and memory
	@rm -rf "$(DATA_DIR)/bench"
	@DATA_DIR="$(DATA_DIR)/bench" $(VENV_PYTHON) -m config.embedded run --max-connections 300 -- $(VENV_PYTHON) -m tests.load.bench

lock: setup ## 重新生成依赖锁定文件 · lock the dependencies again
	@test -x .venv/bin/uv || $(VENV_PYTHON) -m pip install -q uv
	$(VENV_PYTHON) -m uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock
	$(VENV_PYTHON) -m uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -q -c requirements.lock -o requirements-dev.lock

clean: ## 删除缓存（不动数据） · remove caches, keep the data
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov .coverage
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
