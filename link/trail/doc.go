// Package trail is the story of every packet: what happened to it, where, why,
// and which rule decided. Captures, traces, digests and explanations all read
// the same events.
//
// It owns the words of the story ([Event], [Place], [Verb], [Reason], [Rule])
// and the identity of packets ([ID], [Tag]). It does not own the order of the
// story, which is the journal's of package sim, nor frames: those who move
// packets tell of them ([Trail.Tell]), and pay nothing while nobody listens.
//
// Start at event.go; tag.go says how an identity survives.
package trail
