package web

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
)

// Style is whose answers and log lines a [Server] gives.
type Style int

// The styles.
const (
	Nginx  Style = iota // nginx: access log on standard output
	Python              // python3 -m http.server: log on standard error
	Apache              // httpd: access log in the common format, notices on standard error
)

// Server is a web server as an image starts it: it serves Root of the
// machine's files, or Index where there is no file, and logs every request. Run
// is its program. The zero value listens on port 80 and knows no page.
type Server struct {
	Style Style
	// Port is the TCP port, 0 means 80. Addr invalid means all, both families.
	Port uint16
	Addr netip.Addr
	// Root is the directory of the files, "" means only Index exists.
	Root string
	// Pages has the content of paths that are no file of Root; nil has none.
	Pages func(path string) ([]byte, bool)
	// Index is the page at "/" when Root has no index.html.
	Index string
	// Server is the Server header, "" means the style's.
	Server string
	// Quit are the signals at which it closes its port and ends well.
	Quit []userland.Signal
}

// Run serves until the process is killed or gets one of the signals of Quit.
func (w *Server) Run(p *userland.Process) int {
	addr, port := w.Addr, w.Port
	if !addr.IsValid() {
		addr = netip.IPv6Unspecified()
	}
	if port == 0 {
		port = 80
	}
	l, err := p.ListenTCP(netip.AddrPortFrom(addr, port))
	if err != nil {
		w.refuse(p, addr, port, err)
		return 1
	}
	defer l.Close()
	p.Catch(w.Quit...)
	if w.Style == Python {
		p.Printf("Serving HTTP on 0.0.0.0 port %d (http://0.0.0.0:%d/) ...\n", port, port)
	}
	if w.Style == Apache {
		w.began(p)
	}
	userland.Accept(p, l, func(conn *stack.TCPConn) { w.connection(p, conn) })
	by := p.Pending()
	if w.Style == Apache {
		w.ended(p, by)
	}
	if slices.Contains(w.Quit, by) {
		return 0
	}
	return 1
}

func (w *Server) refuse(p *userland.Process, addr netip.Addr, port uint16, err error) {
	if w.Style == Python {
		p.Errorf("OSError: [Errno 98] %s\n", userland.Reason(err))
		return
	}
	if w.Style == Apache {
		for _, at := range []string{"[::]", "0.0.0.0"} {
			p.Errorf("(98)%s: AH00072: make_sock: could not bind to address %s:%d\n", userland.Reason(err), at, port)
		}
		p.Errorf("no listening sockets available, shutting down\nAH00015: Unable to open logs\n")
		return
	}
	p.Errorf("%s [emerg] 1#1: bind() to %s failed (98: %s)\n",
		p.Wall().Format("2006/01/02 15:04:05"), netip.AddrPortFrom(addr, port), userland.Reason(err))
}

// connection answers requests until one asks to close.
func (w *Server) connection(p *userland.Process, conn *stack.TCPConn) {
	conn.SetReadTimeout(65 * time.Second)
	in := bufio.NewReader(conn)
	for {
		r, ok := readRequest(in)
		if !ok {
			return
		}
		keep := w.Style != Python && r.Version == "HTTP/1.1" && !strings.EqualFold(r.Header("Connection"), "close")
		if !w.answer(p, conn, r, keep) || !keep {
			return
		}
	}
}

// answer sends the page of one request and logs it.
func (w *Server) answer(p *userland.Process, conn *stack.TCPConn, r Request, keep bool) bool {
	status, reason, body, changed := 200, "OK", []byte(nil), time.Time{}
	switch {
	case r.Method == "":
		status, reason = 400, "Bad Request"
	case r.Method != "GET" && r.Method != "HEAD":
		status, reason = 405, "Not Allowed"
		if w.Style == Apache {
			reason = "Method Not Allowed"
		}
	default:
		var found bool
		if body, changed, found = w.page(p, r.Target); !found {
			status, reason = 404, "Not Found"
		}
	}
	if status != 200 {
		body = w.errorPage(status, reason)
	}
	text := w.head(p, status, reason, r.Target, len(body), changed, keep)
	w.log(p, conn, r, status, len(body))
	if r.Method == "HEAD" {
		body = nil
	}
	_, err := io.WriteString(conn, text+string(body))
	return err == nil
}

// page finds the content of a target.
func (w *Server) page(p *userland.Process, target string) ([]byte, time.Time, bool) {
	target, _, _ = strings.Cut(target, "?")
	clean := path.Clean("/" + target)
	if w.Root != "" {
		for _, name := range []string{path.Join(w.Root, clean), path.Join(w.Root, clean, "index.html")} {
			if info, err := p.Stat(name); err == nil && !info.IsDir() {
				data, err := p.ReadFile(name)
				return data, info.ModTime, err == nil
			}
		}
	}
	if w.Pages != nil {
		if data, ok := w.Pages(clean); ok {
			return data, p.Started, true
		}
	}
	if clean == "/" && w.Index != "" {
		return []byte(w.Index), p.Started, true
	}
	return nil, time.Time{}, false
}

func (w *Server) server() string {
	switch {
	case w.Server != "":
		return w.Server
	case w.Style == Python:
		return "SimpleHTTP/0.6 Python/3.11.2"
	case w.Style == Apache:
		return "Apache/" + ApacheVersion + " (Unix)"
	}
	return "nginx/1.25.3"
}

func (w *Server) head(p *userland.Process, status int, reason, target string, size int, changed time.Time, keep bool) string {
	now := Date(p.Wall())
	kind := ContentType(target)
	if strings.HasSuffix(target, "/") || status != 200 || path.Ext(target) == "" {
		kind = "text/html"
	}
	if w.Style == Apache {
		return w.apacheHead(p, status, reason, kind, size, changed, keep)
	}
	if w.Style == Python {
		text := fmt.Sprintf("HTTP/1.0 %d %s\r\nServer: %s\r\nDate: %s\r\nContent-type: %s\r\nContent-Length: %d\r\n",
			status, reason, w.server(), now, kind, size)
		if status == 200 {
			text += "Last-Modified: " + Date(changed) + "\r\n"
		}
		return text + "\r\n"
	}
	connection := "close"
	if keep {
		connection = "keep-alive"
	}
	text := fmt.Sprintf("HTTP/1.1 %d %s\r\nServer: %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n",
		status, reason, w.server(), now, kind, size)
	if status == 200 {
		text += "Last-Modified: " + Date(changed) + "\r\n"
	}
	text += "Connection: " + connection + "\r\n"
	if status == 200 {
		text += fmt.Sprintf("ETag: \"%x-%x\"\r\nAccept-Ranges: bytes\r\n", changed.Unix(), size)
	}
	return text + "\r\n"
}

func (w *Server) errorPage(status int, reason string) []byte {
	if w.Style == Python {
		return []byte(fmt.Sprintf("<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        <p>Error code: %d</p>\n        <p>Message: %s.</p>\n    </body>\n</html>\n", status, reason))
	}
	if w.Style == Apache {
		return apacheError(status, reason)
	}
	return []byte(strings.ReplaceAll(fmt.Sprintf("<html>\n<head><title>%d %s</title></head>\n<body>\n<center><h1>%d %s</h1></center>\n<hr><center>%s</center>\n</body>\n</html>\n",
		status, reason, status, reason, w.server()), "\n", "\r\n"))
}

// log writes the access log line of the style.
func (w *Server) log(p *userland.Process, conn *stack.TCPConn, r Request, status, size int) {
	peer, now := conn.RemoteAddr().Addr().Unmap(), p.Wall()
	if w.Style == Python {
		p.Errorf("%s - - [%s] \"%s\" %d -\n", peer, now.Format("02/Jan/2006 15:04:05"), r.Line, status)
		return
	}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	if w.Style == Apache {
		sent := fmt.Sprint(size)
		if r.Method == "HEAD" {
			sent = "-"
		}
		p.Printf("%s - - [%s] \"%s\" %d %s\n", peer, now.Format("02/Jan/2006:15:04:05 -0700"), r.Line, status, sent)
		return
	}
	if r.Method == "HEAD" {
		size = 0
	}
	p.Printf("%s - - [%s] \"%s\" %d %d \"%s\" \"%s\" \"-\"\n", peer, now.Format("02/Jan/2006:15:04:05 -0700"),
		r.Line, status, size, dash(r.Header("Referer")), dash(r.Header("User-Agent")))
}

// Date is RFC 7231's date.
func Date(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") }

// ContentType is httpd's guess from the name's end.
func ContentType(name string) string {
	switch path.Ext(name) {
	case ".html", ".htm":
		return "text/html"
	case ".txt", ".h", ".c", ".cc", ".cpp":
		return "text/plain"
	case ".css":
		return "text/css"
	case ".js":
		return "application/javascript"
	case ".json":
		return "application/json"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".gif":
		return "image/gif"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
