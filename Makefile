# `make` lists the targets. The two that matter: `make demo` and `make test`; each installs what it needs.

CHANGES ?= 1000000
SEEDS ?= 100000
RUNS ?= 1000000
TSAN_FILTER ?= SluiceTests

swift_sources := Sources Tests Benchmarks Examples Fuzz Package.swift
sluice := .build/release/sluice
benchmarks := Benchmarks/.build/release
pushing := Benchmarks/.build/pushing

# What waits for answers in real time is not tested in one process with the simulations, which take every core.
kafka_tests := ^SluiceKafkaTests
http_tests := ^Sluice(SQS|Webhook)Tests
postgres_tests := ^SluicePostgresTests
broker_tests := ^Sluice(NATS|PostgresSink|RabbitMQ|Redis)Tests
command_tests := ^IntegrationTests
# All tests at once make each of them as slow as the whole, so that what waits for a server comes near its limits; and have
# more servers, clients and descriptors than a process should: Foundation reads behind its buffer when it starts a process
# beside some 1350 descriptors.
some_at_once := SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=16

.DEFAULT_GOAL := help
.PHONY: help setup build release test test-release demo lint format tsan bench bench-allocations bench-cdc bench-kafka bench-nats bench-pipelines bench-pushing bench-redis bench-sqs
.PHONY: examples docs simulate soak fuzz clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the missing Debian packages; nothing to do, nothing said
	@scripts/setup

build: setup ## Build everything for debugging
	swift build

release: setup ## Build the command, optimized: .build/release/sluice
	swift build -c release --product sluice

test: ## Run all tests, against throwaway Postgres servers
	@scripts/setup tests
	swift build --build-tests
	$(some_at_once) swift test --skip-build --skip '$(kafka_tests)' --skip '$(http_tests)' --skip '$(postgres_tests)' \
		--skip '$(broker_tests)' --skip '$(command_tests)'
	$(some_at_once) swift test --skip-build --filter '$(postgres_tests)'
	$(some_at_once) swift test --skip-build --filter '$(kafka_tests)'
	$(some_at_once) swift test --skip-build --filter '$(http_tests)'
	$(some_at_once) swift test --skip-build --filter '$(broker_tests)'
	swift test --skip-build --filter '$(command_tests)'

test-release: release ## Run the tests of the command with the optimized one
	@scripts/setup tests
	SLUICE_PROGRAM=$(CURDIR)/$(sluice) swift test --filter '$(command_tests)'

demo: release ## Stream a busy throwaway Postgres into a slow sink, and compare (CHANGES=1000000)
	$(sluice) demo --changes $(CHANGES)

lint: ## Check the format, the documentation comments and the engine's rules
	swift format lint --strict --recursive $(swift_sources)
	scripts/lint-engine

format: ## Format all Swift files in place
	swift format --in-place --recursive $(swift_sources)

tsan: setup ## Run the engine's tests under Thread Sanitizer (TSAN_FILTER=RealExecutor: only those on real threads)
	scripts/check-sanitizer
	SLUICE_TSAN=1 swift test --sanitize=thread --filter $(TSAN_FILTER) --scratch-path .build/tsan

bench: release ## Measure: engine next to its peers, sluice against pg_recvlogical, memory
	swift run -c release --package-path Benchmarks EngineBenchmarks
	Benchmarks/capture

bench-allocations: setup ## Count what the engine and a pipeline allocate for a batch and an event; fails if that is too much
	swift run -c release --package-path Benchmarks AllocationCheck

bench-cdc: release ## Measure sluice against pg_recvlogical, streaming, memory, latency, and the sinks
	swift build -c release --product KafkaMockCluster
	Benchmarks/capture
	Benchmarks/streaming
	Benchmarks/latency
	Benchmarks/sinks

bench-kafka: setup ## Measure the Kafka sink next to a bare loop around librdkafka, against a cluster in memory
	swift run -c release --package-path Benchmarks KafkaBenchmark

bench-nats: setup ## Measure the source of JetStream next to a bare loop around libnats, against a server of its own
	swift run -c release --package-path Benchmarks NATSBenchmark

bench-pipelines: setup ## Measure what a pipeline itself costs: messages per second, with and without batches
	swift run -c release --package-path Benchmarks PipelineBenchmark

bench-pushing: setup ## Measure a call that waits, an unbounded cast and demand, and draw docs/pushing.svg
	swift build -c release --package-path Benchmarks --product Pushing
	swift build -c release --package-path Benchmarks --product PushingFigure
	@mkdir -p docs $(pushing)
	@for way in demand call cast; do \
		echo "$$way: 10 seconds"; $(benchmarks)/Pushing $$way 10 >$(pushing)/$$way.csv || exit 1; \
	done
	$(benchmarks)/PushingFigure $(pushing)/demand.csv $(pushing)/call.csv $(pushing)/cast.csv docs/pushing.svg

bench-redis: setup ## Measure the source of Redis streams next to a bare loop around hiredis, against a server of its own
	swift run -c release --package-path Benchmarks RedisBenchmark

bench-sqs: setup ## Measure what the SQS sink itself costs, against a stub: no figure about SQS
	swift run -c release --package-path Benchmarks SQSRequests

examples: ## Build the examples; the README and the articles must show exactly what is built
	swift build --package-path Examples/Counter
	swift build --product Orders
	@scripts/readme-program 1 Examples/Counter/Sources/Counter/main.swift
	@scripts/readme-program 2 Examples/Orders/main.swift
	@scripts/guide
	swift test --package-path Examples/Guide

docs: setup ## Build the documentation: .build/docs/Sluice; a warning is an error
	scripts/docs

simulate: setup ## Run the simulations with many seeds (SEEDS=100000); SLUICE_SEED=n replays one
	scripts/simulate $(SEEDS)

soak: release ## Run the long forms of the tests that kill, cut and wait, and measure memory: about 30 minutes
	@scripts/setup tests
	PARTS=memory Benchmarks/streaming
	SLUICE_SOAK=1 SLUICE_PROGRAM=$(CURDIR)/$(sluice) swift test --filter 'KillTests|StandbyTests|OutageTests|IdlePositionTests|ManyMachinesTests|ReplicationFaultTests|UnreadPipeTests'

fuzz: setup ## Fuzz the decoders and the JSON of values under Address Sanitizer (RUNS=1000000)
	Fuzz/build
	Fuzz/run $(RUNS)

clean: ## Remove everything that was built
	rm -rf .build Benchmarks/.build Examples/*/.build
