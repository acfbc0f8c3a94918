.PHONY: bench build class conformance explain fuzz help jitter labs lint load page page-check profile race run soak swarm test trail update wasm

help: ## print the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

build: ## build the command into ./dnetsim, without what only a debugger reads
	go build -trimpath -ldflags='-s -w' -o dnetsim ./cmd/dnetsim

test: ## run every test
	go test ./...

race: ## run every test under the race detector
	go test -race ./...

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || (gofmt -l $$(git ls-files '*.go'); exit 1)
	go vet ./... && go tool staticcheck ./...

bench: ## measure every row of the README's table (docs/performance.md) into OUT (bench.txt); LONG=1 adds what takes minutes
	go run ./bench -o $(or $(OUT),bench.txt) $(if $(LONG),-long)

profile: ## processor, allocations and blocking of one benchmark: make profile BENCH=stack.Ping
	go run ./bench -profile '$(BENCH)'

update: ## rewrite the expected transcripts of the library from what happens
	go test ./scenarios -run TestLibrary -update

run: ## run the main example
	go run ./cmd/dnetsim run overlay-ping

fuzz: ## fuzz everything that reads input, each target for FUZZTIME (3m), until something is found
	.ci/fuzz

trail: ## hold the trail against 5,000 worlds of random traffic
	go test ./stack -run 'TestEveryPacketHasOneEnd' -trail.seeds=5000 -timeout 30m

soak: ## 24 virtual hours in which something is made or removed every second
	go test ./scenarios -run '^TestSoak$$' -count 1 -v -timeout 0 -soak $(or $(SOAK),24h)

load: ## 200 clients at a time, 50 docker commands each over TIME (5m; 0s: at once), against one lab
	go test ./cmd/dnetsim -run '^TestManyClientsAtATime$$' -count 1 -v -timeout 0 -load.clients 200 -load.commands 50 -load.time $(or $(TIME),5m) -load.seed $(or $(SEED),1)

page: ## build the lab's page into page/web/dist (needs node and npm), after checking its types
	cd page/web && npm ci --ignore-scripts --no-audit --no-fund && npm run --silent check && npm run --silent build

page-check: ## is the committed page/web/dist what its sources build?
	cd page/web && npm ci --ignore-scripts --no-audit --no-fund && npm run --silent check && rm -rf /tmp/dnetsim-page && node build.mjs /tmp/dnetsim-page && diff -r dist /tmp/dnetsim-page

class: ## N learners (100) at once in one server, a line every two seconds for TIME (10m)
	go test ./page -run '^TestAClassAtWork$$' -count 1 -v -timeout 0 -class.learners $(or $(N),100) -class.time $(or $(TIME),10m)

wasm: ## build every room that runs in a browser tab
	GOOS=js GOARCH=wasm go build $$(go list ./... | grep -v -e /engine/cli -e /cmd/ -e /page -e /labs/store -e '^dnetsim$$' -e /dnetsimtest)

jitter: ## hold docker's goroutines up at random: every kind of command, both releases, N seeds (20) from SEED (1) on
	go test ./engine/cli -run '^TestDockersGoroutinesDecideNothingAtLength$$' -count 1 -v -timeout 0 -jitter.seed $(or $(SEED),1) -jitter.seeds $(or $(N),20)

explain: ## random worlds explained: verdicts against programs, and what has no cause (SEED, N)
	go test ./scenarios/campaign -run TestExplainAgreesWithPackets -count 1 -v -timeout 0 -explain.seed $(or $(SEED),71) -explain.n $(or $(N),2000)

swarm: build ## run N random worlds from seed SEED on, at 1, 2, 8 and 16 processors each
	go test ./scenarios/campaign -run TestSwarm -count 1 -v -timeout 0 -swarm.seed $(or $(SEED),1) -swarm.n $(or $(N),100) -swarm.dnetsim $(CURDIR)/dnetsim -swarm.dir $(or $(DIR),$(shell mktemp -d))

conformance: ## Moby's own API tests, other people's clients and the OpenAPI documents against dnetsim up (ONLY=moby,clients,openapi ENGINE=29)
	cd conformance && go run . --only '$(ONLY)' --engine '$(ENGINE)'

labs: ## prove every lab for 50 learners (LEARNERS, LAB)
	LABS_LEARNERS=$(or $(LEARNERS),50) LAB=$(LAB) go test ./labs -run TestEveryLabIsProved -count 1 -v -timeout 0
