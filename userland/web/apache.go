package web

import (
	"fmt"
	"time"

	"dnetsim/userland"
)

// ApacheVersion is what the httpd image has.
const ApacheVersion = "2.4.57"

// apacheHead are the headers of an answer in httpd's order.
func (w *Server) apacheHead(p *userland.Process, status int, reason, kind string, size int, changed time.Time, keep bool) string {
	text := fmt.Sprintf("HTTP/1.1 %d %s\r\nDate: %s\r\nServer: %s\r\n", status, reason, Date(p.Wall()), w.server())
	if status == 200 {
		text += fmt.Sprintf("Last-Modified: %s\r\nETag: \"%x-%x\"\r\nAccept-Ranges: bytes\r\n", Date(changed), size, changed.UnixMicro())
	} else {
		kind = "text/html; charset=iso-8859-1"
	}
	text += fmt.Sprintf("Content-Length: %d\r\n", size)
	if !keep {
		text += "Connection: close\r\n"
	}
	return text + "Content-Type: " + kind + "\r\n\r\n"
}

// apachePages are what httpd says of an error.
var apachePages = map[int]string{
	400: "<p>Your browser sent a request that this server could not understand.<br />\n</p>",
	404: "<p>The requested URL was not found on this server.</p>",
	405: "<p>The requested method is not allowed for this URL.</p>",
}

func apacheError(status int, reason string) []byte {
	return fmt.Appendf(nil, "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>%d %s</title>\n</head><body>\n<h1>%s</h1>\n%s\n</body></html>\n",
		status, reason, reason, apachePages[status])
}

// notice writes a line of httpd's error log.
func (w *Server) notice(p *userland.Process, module, text string) {
	p.Errorf("[%s] [%s:notice] [pid %d:tid 140245830846336] %s\n", p.Wall().Format("Mon Jan 02 15:04:05.000000 2006"), module, p.PID, text)
}

// began is what httpd says at its start: it knows no name of its own.
func (w *Server) began(p *userland.Process) {
	own := "127.0.0.1"
	for _, i := range p.NS().Interfaces() {
		for _, a := range i.Addrs() {
			if ip := a.Prefix.Addr(); ip.Is4() && !ip.IsLoopback() && own == "127.0.0.1" {
				own = ip.String()
			}
		}
	}
	for range 2 {
		p.Errorf("AH00558: httpd: Could not determine the server's fully qualified domain name, using %s. Set the 'ServerName' directive globally to suppress this message\n", own)
	}
	w.notice(p, "mpm_event", "AH00489: "+w.server()+" configured -- resuming normal operations")
	w.notice(p, "core", "AH00094: Command line: 'httpd -D FOREGROUND'")
}

// ended is what httpd says when a signal ends it.
func (w *Server) ended(p *userland.Process, by userland.Signal) {
	switch by {
	case userland.SIGWINCH:
		w.notice(p, "mpm_event", "AH00492: caught SIGWINCH, shutting down gracefully")
	case userland.SIGTERM, userland.SIGINT:
		w.notice(p, "mpm_event", "AH00491: caught SIGTERM, shutting down")
	}
}
