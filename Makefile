# Stowage. Needs Python 3.11 or newer, nothing else. `make help` lists the targets.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
VENV := .venv/bin
STOWAGE := $(VENV)/python -m local
TARGET ?= local
SHELL := /bin/sh
export PYTHONPATH := functions
.DEFAULT_GOAL := help
.PHONY: help env run stop reset status logs token test lint contracts import-orders redrive replay simulate cost bench deploy

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

env: # environments are built only when they are missing or their requirement files changed
	@test -n "$(PYTHON)" || { echo "Stowage needs Python 3.11 or newer: none found on the PATH."; exit 1; }
	@$(PYTHON) -m local.environment

run: env ## start the local cloud, deploy every stack, load the sample data, print a summary (AUTH=true: enforce IAM)
	@$(STOWAGE) up $(if $(filter true,$(AUTH)),--auth)

stop: env ## stop the local cloud and the Lambdas it runs
	@$(STOWAGE) down

reset: env ## start again from nothing
	@$(STOWAGE) reset $(if $(filter true,$(AUTH)),--auth)

status: env ## what is up, and what waits in the queues
	@$(STOWAGE) status

logs: env ## SERVICE=orders [FOLLOW=true] [MINUTES=15]: what a service's Lambdas wrote
	@$(STOWAGE) logs $(or $(SERVICE),$(error SERVICE=orders, inventory or payments)) --target $(TARGET) \
		$(if $(FOLLOW),--follow) $(if $(MINUTES),--minutes $(MINUTES))

token: env ## ROLE=operator: an access token (JWT) of a role's local user, or of a machine client
	@$(STOWAGE) token $(or $(ROLE),$(error ROLE=operator, supervisor, integrator, viewer or monitor))

import-orders: env ## FILE=orders.csv: orders from a CSV file (OPTIONS= is handed on)
	@$(VENV)/python -m local.import_orders $(or $(FILE),$(error FILE=orders.csv)) $(OPTIONS)

redrive: env ## QUEUE=orders-fulfilment: try again what failed
	@$(STOWAGE) redrive $(or $(QUEUE),$(error QUEUE=orders-fulfilment)) --target $(TARGET)

replay: env ## SERVICE=orders READER=views [SINCE=2026-01-31T08:00]: a projector or outbox reads the history again
	@$(STOWAGE) replay $(or $(SERVICE),$(error SERVICE=orders)) $(or $(READER),$(error READER=views or outbox)) \
		--target $(TARGET) $(if $(SINCE),--since $(SINCE)) $(if $(UNTIL),--until $(UNTIL))

contracts: env ## write events/ and the OpenAPI document anew from the code
	@$(VENV)/python -m events.generate

lint: env ## style, types, architecture rules, drift of the contracts
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/python -m events.generate --check

test: lint ## lint, and all tests; starts what they need
	@PATH="$(CURDIR)/$(VENV):$$PATH" $(VENV)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 40

simulate: env ## SEEDS=200 or SEED=123 (OUTBOUND=8 sends orders, SCARCE=1 or PERISHABLE=1 with trouble): the whole system in one process, with faults and simulated time
	@$(VENV)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200)) $(if $(OUTBOUND),--outbound $(OUTBOUND)) $(if $(SCARCE),--scarce) $(if $(PERISHABLE),--perishable)

cost: env ## [LINES=1000]: what orders and goods cost on AWS, counted call by call
	@PYTHONPATH=functions $(VENV)/python -m tests.bench.cost

bench: env ## [ONLY=imports,hot_sku]: how fast it is and what limits it, measured here; about 7 minutes
	@PYTHONPATH=functions $(VENV)/python -m tests.bench $(ONLY)

deploy: env ## deploy to AWS with your own credentials [STACKS=stowage-orders] [ALARM_EMAIL=...]
	@$(STOWAGE) deploy --target aws $(STACKS) $(if $(ALARM_EMAIL),--alarm-email $(ALARM_EMAIL))
