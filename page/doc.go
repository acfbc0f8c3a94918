// Package page serves the lab in the browser: the page itself, which is embedded
// (web/), the connections between it and the worlds that learners work in
// (page/seat), and the classroom.
//
// It owns who may come in: tokens in links, cookies, origins, limits. It does not own
// the labs (room labs) nor the worlds (scenarios/replay).
//
// Start reading at [Server]; conn.go is a connection.
package page
