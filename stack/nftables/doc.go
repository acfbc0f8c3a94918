// Package nftables is the nf_tables of one network namespace: tables of the
// families ip, ip6 and inet with their chains, rules, sets and maps, written and
// printed as nft v1.0.6 does, and carried out on packets.
//
// It owns the model, the text, atomic changes and the walk of a packet through a
// base chain. It does not own connection tracking, translation or the order of
// the hooks: base chains are hooked into [netfilter.Rules], among the tables of
// iptables. It knows nothing of Docker.
//
// Start reading at [Ruleset], then command.go (what nft is told), statement.go
// and field.go (of what a rule is made), walk.go (what happens to a packet).
//
// What is not simulated says so: the families arp, bridge and netdev, flow
// tables, named limits, elements that time out or that rules add, what is
// written in JSON, and monitor.
package nftables
