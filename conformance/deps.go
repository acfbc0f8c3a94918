//go:build tools

package main

// The tests that moby.go compiles: named here so that go.mod keeps what they import.
import (
	_ "github.com/moby/moby/v2/integration/container"
	_ "github.com/moby/moby/v2/integration/network"
	_ "github.com/moby/moby/v2/integration/network/bridge"
	_ "github.com/moby/moby/v2/integration/network/ipvlan"
	_ "github.com/moby/moby/v2/integration/network/macvlan"
)
