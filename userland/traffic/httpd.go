package traffic

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"path"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/web"
)

// busyboxHttpd is one httpd of busybox 1.35.
type busyboxHttpd struct {
	home    string
	verbose int
}

const busyboxHttpdUsage = `BusyBox v1.35.0 multi-call binary.

Usage: httpd [-ifv[v]] [-c CONFFILE] [-p [IP:]PORT] [-u USER[:GRP]] [-r REALM] [-h HOME]
or httpd -d/-e/-m STRING

Listen for incoming HTTP requests
`

// httpdBusybox serves the machine's files. Without -f it binds and then leaves
// the work to a process of its own.
func httpdBusybox(p *userland.Process) int {
	o, err := parseOptions(p, p.Args[1:], "i!fvp:c:!u:~r:~h:d:!e:!m:!", nil)
	if err != nil {
		p.Errorf("httpd: %v\n%s", err, busyboxHttpdUsage)
		return 1
	}
	h := &busyboxHttpd{home: p.Dir, verbose: o.Count("v")}
	if v, ok := o.Value("h"); ok {
		h.home = p.Abs(v)
		if info, err := p.Stat(v); err != nil || !info.IsDir() {
			if err == nil {
				err = userland.ENOTDIR
			}
			p.Errorf("httpd: can't change directory to '%s': %s\n", v, userland.Reason(err))
			return 1
		}
	}
	at := netip.AddrPortFrom(netip.IPv6Unspecified(), 80)
	if v, ok := o.Value("p"); ok {
		if at, ok = listenAddress(v); !ok {
			p.Errorf("httpd: invalid number '%s'\n", v)
			return 1
		}
	}
	l, err := p.ListenTCP(at)
	if err != nil {
		p.Errorf("httpd: bind: %s\n", userland.Reason(err))
		return 1
	}
	l.Listen(9)
	if o.Has("f") {
		return h.serve(p, l)
	}
	d := p.Machine.Start(userland.ProcSpec{
		Program: func(d *userland.Process) int { return h.serve(d, l) },
		Args:    p.Args, Env: p.Environ(), Dir: h.home, Parent: p, NS: p.NS(), NewGroup: true,
	})
	d.Adopt(l)
	return 0
}

// listenAddress reads "PORT" or "IP:PORT".
func listenAddress(text string) (netip.AddrPort, bool) {
	host, port := "", text
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		host, port = strings.Trim(text[:i], "[]"), text[i+1:]
	}
	n, ok := number(port, 1, 65535)
	if !ok {
		return netip.AddrPort{}, false
	}
	addr := netip.IPv6Unspecified()
	if host != "" {
		var err error
		if addr, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, false
		}
	}
	return netip.AddrPortFrom(addr, uint16(n)), true
}

func (h *busyboxHttpd) serve(p *userland.Process, l *stack.TCPListener) int {
	defer l.Close()
	userland.Accept(p, l, func(conn *stack.TCPConn) { h.answer(p, conn) })
	return 1
}

// answer handles the one request of a connection.
func (h *busyboxHttpd) answer(p *userland.Process, conn *stack.TCPConn) {
	conn.SetReadTimeout(time.Minute)
	request, ok := web.ReadHead(bufio.NewReader(conn))
	if !ok {
		return
	}
	r := &httpdReply{p: p, out: conn, peer: dottedPeer(conn.RemoteAddr()), verbose: h.verbose}
	if request.Method == "" {
		r.failure(400)
		return
	}
	r.method = request.Method
	if h.verbose > 1 {
		p.Errorf("%s: url:%s\n", r.peer, request.Target)
	}
	if r.method != "GET" && r.method != "HEAD" && r.method != "POST" {
		r.failure(501)
		return
	}
	target, _, _ := strings.Cut(request.Target, "?")
	if !strings.HasPrefix(target, "/") {
		r.failure(400)
		return
	}
	h.file(r, target)
}

// file serves a file of the home directory, index.html for a directory.
func (h *busyboxHttpd) file(r *httpdReply, target string) {
	name := path.Join(h.home, path.Clean(target))
	info, err := r.p.Stat(name)
	if err == nil && info.IsDir() {
		if !strings.HasSuffix(target, "/") {
			r.redirect(target + "/")
			return
		}
		name = path.Join(name, "index.html")
		info, err = r.p.Stat(name)
	}
	if err != nil || info.IsDir() {
		r.failure(404)
		return
	}
	data, err := r.p.ReadFile(name)
	if err != nil {
		r.failure(404)
		return
	}
	r.success(name, info.ModTime, data)
}

// httpdReply writes one answer.
type httpdReply struct {
	p       *userland.Process
	out     io.Writer
	peer    string
	method  string
	verbose int
}

func (r *httpdReply) head(status int, reason string) string {
	if r.verbose > 0 {
		r.p.Errorf("%s: response:%d\n", r.peer, status)
	}
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\n", status, reason, web.Date(r.p.Wall()))
}

func (r *httpdReply) success(name string, changed time.Time, data []byte) {
	text := r.head(200, "OK") + fmt.Sprintf("Content-type: %s\r\nAccept-Ranges: bytes\r\nLast-Modified: %s\r\nETag: \"%x-%x\"\r\nContent-Length: %d\r\n\r\n",
		web.ContentType(name), web.Date(changed), changed.Unix(), len(data), len(data))
	if r.method == "HEAD" {
		data = nil
	}
	io.WriteString(r.out, text+string(data))
}

func (r *httpdReply) redirect(to string) {
	io.WriteString(r.out, r.head(302, "Found")+"Location: "+to+"\r\n\r\n")
}

// failure sends an error page.
func (r *httpdReply) failure(status int) {
	reason, text := httpdReason(status)
	page := fmt.Sprintf("<HTML><HEAD><TITLE>%d %s</TITLE></HEAD>\n<BODY><H1>%d %s</H1>\n%s\n</BODY></HTML>\n",
		status, reason, status, reason, text)
	if r.method == "HEAD" {
		page = ""
	}
	io.WriteString(r.out, r.head(status, reason)+"Content-type: text/html\r\n\r\n"+page)
}

func httpdReason(status int) (reason, text string) {
	switch status {
	case 400:
		return "Bad Request", "Unsupported method"
	case 403:
		return "Forbidden", ""
	case 404:
		return "Not Found", "The requested URL was not found"
	}
	return "Not Implemented", "The requested method is not recognized"
}

// dottedPeer is an address as busybox prints the peer of a dual-stack socket.
func dottedPeer(a netip.AddrPort) string {
	if a.Addr().Is4() {
		return fmt.Sprintf("[::ffff:%s]:%d", a.Addr(), a.Port())
	}
	return fmt.Sprintf("[%s]:%d", a.Addr().Unmap(), a.Port())
}
