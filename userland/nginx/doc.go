// Package nginx is nginx 1.25 within the simulation: it reads the simulated
// machine's configuration files in nginx's own grammar, refuses them in nginx's
// words and with the line, serves files, and passes requests on to other servers
// of the simulated network. What nginx knows and is not simulated is a warning
// (directives.go lists it); what it does not know ends it. Start reading at
// main.go, then conf.go (the language), directives.go (its words), request.go (a
// request's way) and proxy.go.
package nginx
