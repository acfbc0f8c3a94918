// Package store is a client of a key-value store, as libkv's consul backend is:
// requests of HTTP/1.1 over a network namespace's TCP, so that they go through
// every rule, cable and address translation like any packet, and fail in the
// words of Go's http client.
//
// All calls block the running process in virtual time. Watches are processes of
// their own that call back. [Discovery] registers a node in the store and tells
// which others are there.
//
// Start reading at [Parse], then [Client].
package store
