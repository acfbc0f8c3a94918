// Package names is DNS on a simulated machine: the resolver as getaddrinfo is,
// over /etc/hosts and /etc/resolv.conf, its client, and name servers to be asked.
// It owns what goes over the wire; what dig, host and nslookup print is theirs
// (userland/traffic). Start with resolver.go and serve.go.
package names
