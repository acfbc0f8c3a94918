// Package jq is the program jq, version 1.6. The language is gojq's; this package has
// its command line, reads and prints JSON with the keys of objects in their order, and
// sees to it that a filter has neither the real machine's clock, environment nor files,
// and that one without an end leaves others their turn. Start reading at [run].
//
// Otherwise than in jq, what goes through an object's members (.[], to_entries) goes by
// their names, as in gojq, and there are no modules.
package jq

import "dnetsim/userland"

// Programs are this package's programs by name.
func Programs() map[string]userland.Program { return map[string]userland.Program{"jq": run} }
