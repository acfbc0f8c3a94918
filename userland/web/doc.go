// Package web is HTTP/1.1 within the simulation: what servers and clients on
// simulated machines write to their connections and read from them, in the words
// and the order of those that they stand for. It owns messages, loops over
// connections and the web server that images start; what curl, wget and httpd
// print is theirs (userland/traffic). Start with serve.go and response.go.
package web
