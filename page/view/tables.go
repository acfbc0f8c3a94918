package view

import "dnetsim/scenarios"

// Table is what a command prints.
type Table struct{}

// Seen is what somebody saw last of a node's tables.
type Seen map[string][]string

// Compare marks what has changed.
func (s Seen) Compare(t []Table) {}

// Tables are those of a node.
func Tables(l *scenarios.Lab, node string) ([]Table, error) { return []Table{}, nil }
