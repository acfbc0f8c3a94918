package nginx

import (
	"strings"
	"testing"
	"time"

	"dnetsim/stack/socket"
	"dnetsim/userland"
)

// FuzzConfiguration gives nginx any site and asks it for a page. What is refused
// is refused with a file and a line, and by the start as by the test; what is
// not is served, and every request comes to an end.
func FuzzConfiguration(f *testing.F) {
	for _, s := range []string{
		"server { listen 80; location / { return 200 \"hello $uri\\n\"; } }",
		"upstream u { server 127.0.0.2:8080 backup; server web weight=2 max_fails=0; } server { listen 80; location / { proxy_pass http://u/x; } }",
		"server { listen 80; rewrite ^/(.*)$ /$1 last; }",                                       // a rewrite that is itself, for ever
		"server { listen 80; location / { proxy_pass http://127.0.0.1:80; } }",                  // a proxy of itself
		"server { listen 80; location ~ ^/(a+)+$ { return 301 /; } error_page 404 =200 /404; }", // a pattern that is dear, a page that is nowhere
		"include conf.d/*.conf;", "include /etc/nginx/nginx.conf;", // a file that includes itself
		"server { listen 80; set $a $a$a$a$a; if ($a) { return 200 $a; } }", // a variable that grows
		"server { listen 80; try_files $uri $uri/ /index.html; root /usr/share/nginx/html; }",
		"{", "server { listen [::]:80; listen 80; server_name ~^(?<x>.+)$ *.a a.*; }", "# \x00\xff\n\"", "server { return 200 '${'; }",
	} {
		f.Add(s, "/a/b?c=d")
	}
	f.Fuzz(func(t *testing.T, site, target string) {
		b := newBox(t)
		defer b.m.NS().Close()
		b.site(site)
		verdict := b.run("nginx -t")
		good := strings.HasSuffix(verdict, "test is successful\n")
		if !good && !strings.Contains(verdict, "[emerg]") && !strings.Contains(verdict, "dnetsim does not simulate") {
			t.Errorf("%q: %q", site, verdict)
		}
		b.start()
		defer b.p.Signal(userland.SIGKILL)
		if !good {
			if b.p.Status() == 0 || !b.p.Done() {
				t.Errorf("%q is refused by -t, and runs", site)
			}
			return
		}
		if strings.ContainsAny(target, " \r\n\x00") || !listens(b, 80) {
			return
		}
		p := b.m.Start(userland.ProcSpec{Program: b.m.Programs["curl"], Args: []string{"curl", "-s", "-m", "300", "http://127.0.0.1" + target}})
		if err := b.loop.Run(p.Done, b.loop.Now()+time.Hour); err != nil {
			t.Errorf("%q: a request for %q does not end: %v", site, target, err)
		}
	})
}

// listens reports whether anybody listens at a port.
func listens(b *box, port uint16) bool {
	for _, s := range b.m.NS().Sockets() {
		if s.State == socket.Listen && s.Local.Port() == port {
			return true
		}
	}
	return false
}
