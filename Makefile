# A thin entry: what is done stands in package.json and infra/setup/.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin:/sbin
.DEFAULT_GOAL := help
.PHONY: help setup guest check typecheck lint format unused build unit test attacks cheats faults simulate soak soak-controllers test-clients test-agents demo example bench bench-peers rft-load bench-search profile test-k8s test-compose scale clean

help: ## this list
	@sed -n 's/^\([a-z][a-z0-9 -]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 34

setup: ## libraries, Node 24 and the guest, for work on the sources
	@infra/setup/packages.sh check
	@infra/setup/node.sh
	@infra/setup/guest.sh

guest: ## build/berth-guest-amd64 and build/berth-guest-arm64
	@infra/setup/guest.sh

check: setup ## typecheck, lint, format and unused code
	@npm run -s check

typecheck lint format unused: setup ## one of these checks; format writes
	@npm run -s $@

build: setup ## compile src/ to dist/
	@npm run -s build

unit: setup ## the tests that need no sandbox
	@npm run -s test -- --project unit --project architecture

test: ## everything: checks, guest, unit to end-to-end on real backends
	@infra/setup/test.sh

attacks: ## every known attack on every backend, with its positive control; ARGS='--help'
	@infra/setup/attacks.sh $(ARGS)

cheats: ## rollouts that try to be rewarded for nothing, with controls, on oci; ARGS='--help'
	@infra/setup/cheats.sh $(ARGS)

test-agents: ## agents' clients (MCP, OpenAI Agents SDK, Codex) against a running Berth on oci; ARGS='--help'
	@infra/setup/test-agents.sh $(ARGS)

faults: ## kills, cut connections, full disks and more in the life of rollouts, with what leaks; ARGS='--help'
	@infra/setup/faults.sh $(ARGS)

test-compose: ## infra/compose on a Docker Engine: up, a rollout, a restart in between, down
	@infra/setup/test-compose.sh

test-k8s: ## conformance, API writes, a burst, a rolling restart and kills on a real cluster: KUBECONFIG's, else one of its own; ARGS='--help'
	@infra/setup/test-k8s.sh $(ARGS)

simulate: ## the rollouts on simulated time, chance, provider, guests and store; SEEDS=5000, or SEED=N plays one again
	@infra/setup/node.sh
	@node test/simulation/main.ts $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),2000))

scale: ## 10,000 rollouts at the same time in the real controller, on PostgreSQL, with a simulated cluster; ARGS='--help'
	@infra/setup/scale.sh $(ARGS)

soak: ## ten minutes of rollouts with faults at random on oci, what they leave must be nothing; ARGS='--minutes 1 --rollouts 100'
	@infra/setup/soak.sh $(ARGS)

soak-controllers: ## five minutes of two controllers on one PostgreSQL, one of them killed at random; ARGS='--help'
	@infra/setup/soak-controllers.sh $(ARGS)

test-clients: ## the Python client and what trainers and evals bring, on oci; ARGS='-k blocking'
	@infra/setup/test-clients.sh $(ARGS)

demo: ## one rollout three ways on real input; ARGS='--provider docker', ARGS='--repo URL --commit SHA --test "…"'
	@infra/setup/demo.sh $(ARGS)

example: ## an example by NAME, every row played and graded: NAME=planner-f1; ARGS='--help'
	@infra/setup/example.sh $(NAME) $(ARGS)

bench: ## Berth and raw Docker in turns on the same work, with targets; ARGS='--help'
	@infra/setup/bench.sh $(ARGS)

bench-peers: ## the same work with SWE-ReX beside it, from PyPI; ARGS='--quick'
	@infra/setup/bench-peers.sh $(ARGS)

bench-search: ## a repository of 60,000 commits and 300 MB: index time, memory, query p50; ARGS='--help'
	@infra/setup/bench-search.sh $(ARGS)

rft-load: ## a hosted trainer's step on oci: 500 new rollouts in one second, calls at rising rates, grades; ARGS='--help'
	@infra/setup/rft-load.sh $(ARGS)

profile: ## where the processor time of a tool call goes, with flame graphs; ARGS='--help'
	@infra/setup/profile.sh $(ARGS)

clean: ## remove what was built, the private Docker Engine's images too
	rm -rf build dist reports coverage
