# Every check is defined here once; people and .ci/run call the same words.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Empty: the newest that fits is looked for.
PYTHON ?=
PY := .venv/bin/python
READY := .venv/.ready

.PHONY: help demo kiosk up down logs status url package check lint types layers test laborious browser deployed proofs desks lives imports bench load kms matches truth desk forecast library freetext record matrix format scores segments clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(READY): requirements.txt requirements-training.txt requirements-learning.txt requirements-dev.txt
	@python="$(PYTHON)"; [ -n "$$python" ] || python=$$(infra/find-python) || exit 1; \
	echo "Installing what Zhiyin needs into .venv with $$python (about a minute, once) …"; \
	"$$python" -m venv --clear .venv || \
	    { echo "$$python cannot make virtual environments: install its venv module (Debian: python3-venv)." >&2; exit 1; }
	@$(PY) -m pip install -qq --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

demo: $(READY) ## a day of an online shop becomes profiles and routes, on this machine
	@$(PY) -m infra.demo

kiosk: $(READY) ## 5,000 people type in one phone, and stay 5,000 people
	@$(PY) -m infra.demo.kiosk

up: $(READY) ## start the local cloud, or deploy what changed
	@$(PY) -m infra.cloud up

down: $(READY) ## end the local cloud
	@$(PY) -m infra.cloud down

logs: $(READY) ## what the functions logged (F=ingest for one, FOLLOW=1 to go on)
	@$(PY) -m infra.cloud logs $(F) $(if $(FOLLOW),--follow)

status: $(READY) ## what runs where
	@$(PY) -m infra.cloud status

url: $(READY) ## the URL of the local API
	@$(PY) -m infra.cloud url

package: $(READY) ## build/sam.json, build/deployment.zip and the two layers for CloudFormation (ARCH=arm64 for Graviton)
	@$(PY) -m infra.package $(if $(ARCH),--arch $(ARCH))

check: lint types layers ## lint, types, layers

lint: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: $(READY) ## write the code the way lint wants it
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

types: $(READY)
	@$(PY) -m mypy

layers: $(READY)
	@.venv/bin/lint-imports

# What tries hundreds of examples, which coverage makes dear; what they reach must be reached by single cases, too.
LABORIOUS := $(addprefix tests/flows/test_,any_order.py canary_places.py pure_profiles.py time_travel.py) \
    $(addprefix tests/unit/,insights/test_hot_words.py profiles/test_fold.py tags/test_tag_timers.py tags/test_tag_why.py \
    tags/test_why_recomputes.py training)
# Tests of what is no part of the pure domain, whose branches are counted.
BESIDE := $(addprefix tests/unit/,aws demo forecast outreach segments tickets truth)
OTHERS := $(filter-out tests/unit/ tests/flows/,$(sort $(dir $(wildcard tests/*/test_*.py))))

test: check ## all checks and tests that need no local cloud (LATER=1 without those that `make laborious` runs)
	@$(PY) -m pytest -n 2 --dist worksteal --cov --cov-report=term tests/unit tests/flows $(addprefix --ignore=,$(LABORIOUS) $(BESIDE))
	@$(PY) -m pytest -n 2 --dist worksteal $(OTHERS) $(BESIDE) $(if $(LATER),,$(LABORIOUS))

laborious: $(READY) ## the properties that try hundreds of examples
	@$(PY) -m pytest -n 2 --dist worksteal $(LABORIOUS)

browser: $(READY) ## the page of people in Chromium, over this process (CHROMIUM=… where it is not found)
	@$(PY) -m pytest -m "browser and not deployed" tests/browser

deployed: $(READY) ## the tests that run against the local cloud (starts it)
	@$(PY) -m infra.cloud up
	@$(PY) -m pytest -m deployed

proofs: $(READY) ## several processes under faults and kills on DynamoDB Local: the promises of ingestion
	@$(PY) -m pytest -m proof tests/proofs

# Its controls are part of `make proofs`: what this leaves in the database's memory would slow them to a stop.
desks: $(READY) ## 20,000 routes with reservation in 8 processes under faults and kills (about 15 minutes; ROUTES=… for fewer)
	@DESK_ROUTES=$(or $(ROUTES),20000) $(PY) -m pytest -m proof tests/proofs/test_desk.py -k eight_processes

lives: $(READY) ## 2,000 random lives for each promise of pure profiles, where `make test` tries 200
	@LIVES=2000 $(PY) -m pytest -n 2 tests/flows/test_pure_profiles.py

bench: $(READY) ## measure, as ratios to yardsticks of the same run
	@$(PY) -m pytest -m bench -s tests/bench

load: $(READY) ## the highest steady load of decisions on the local cloud, with and without a reservation (SECONDS=… each rate)
	@$(PY) -m tests.journeys.load $(if $(SECONDS),--seconds $(SECONDS))

kms: $(READY) ## count the calls of KMS per million events, by the product's key ring and a simulated clock
	@$(PY) -m tests.bench.kms_calls

imports: $(READY) ## import 1 GB with broken lines, its worker killed twice (BYTES=… for another size)
	@$(PY) -m tests.proofs.imports $(if $(BYTES),--bytes $(BYTES))

learning: $(READY) ## learn from 200,000 profiles on DynamoDB Local beside a bare scan and scikit-learn, then killed (PEOPLE=… for another size)
	@$(PY) -m infra.learning $(if $(PEOPLE),--people $(PEOPLE))

matches: $(READY) ## score probable matches on people that others invented, and time 50,000 rows
	@$(PY) -m infra.matches

truth: $(READY) ## score profiles against people whose truth is known, and write the page of it (about 3 minutes)
	@$(PY) -m infra.truth

segments: $(READY) ## learn segments of people whose kind is known, score them, and write the page of pictures (about 2 minutes)
	@$(PY) -m infra.segments

desk: $(READY) ## play a day of a desk whose truth is known against other routers, and write the page of it (about 3 minutes)
	@$(PY) -m infra.desk

forecast: $(READY) ## score the forecast of contacts on known series and on a bank's calls, and write the page of it (about 2 minutes)
	@$(PY) -m infra.forecast

freetext: $(READY) ## score personal data found in free text, Chinese and English, and write the page of it
	@$(PY) -m infra.free_text

intents: $(READY) ## teach the intent model, score it, and write its file and page (about 2 minutes)
	@$(PY) -m infra.intents

scores: $(READY) ## learn scores on people of others beside the trade's yardsticks, and write the page of them (about 3 minutes)
	@$(PY) -m infra.score_models

library: $(READY) ## the tags that ship: counted, run on their examples, and written into the docs
	@$(PY) -m infra.library

record: $(READY) ## the record of processing, written from the data map in English and Chinese
	@$(PY) -m infra.record_of_processing

matrix: $(READY) ## what each role sees of whom for which purpose, asked of the local cloud
	@$(PY) -m infra.privacy_matrix

clean: ## forget caches, packages and the virtual environment (ends the local cloud)
	@if [ -x $(PY) ] && [ -f .local/cloud.json ]; then $(PY) -m infra.cloud down; fi
	@rm -rf .venv .local build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
