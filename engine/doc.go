// Package engine is the Docker Engine HTTP API over package modes.
//
// It owns routes, JSON in the form that the profile's API version has (1.41 for
// 20.10: the order of fields, the nulls and the absent ones are part of it),
// status codes, hijacked streams and their framing. It owns no behaviour: every
// answer comes from the model. An endpoint that is not simulated answers 501
// with a sentence.
//
// HTTP lives on real goroutines and the model on a loop, so each request is a
// [Job] that a [Dispatcher] brings to the loop: package engine/cli has one that
// is repeatable to the bit (a session per command), [Live] is one for sockets of
// a running lab, which is not.
//
// Start reading at [Server], then [Job].
package engine
