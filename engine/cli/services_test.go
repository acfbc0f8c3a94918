package cli

import "testing"

// What images serve looks like what the real ones serve: headers, pages and logs.
func TestImagesAnswerAsTheirServers(t *testing.T) {
	b := newLab(t, 1)
	for _, c := range []struct {
		line  string
		parts []string
	}{
		{"docker run -d --name web httpd; curl -si 172.17.0.2", []string{
			"HTTP/1.1 200 OK\r\nDate: ", "\r\nServer: Apache/2.4.57 (Unix)\r\nLast-Modified: ", "\r\nAccept-Ranges: bytes\r\nContent-Length: 45\r\nContent-Type: text/html\r\n\r\n<html><body><h1>It works!</h1></body></html>\n",
		}},
		{"curl -si 172.17.0.2/no", []string{"HTTP/1.1 404 Not Found\r\n", "Content-Length: 196\r\nContent-Type: text/html; charset=iso-8859-1\r\n", "<p>The requested URL was not found on this server.</p>"}},
		{"docker logs web", []string{`"GET / HTTP/1.1" 200 45` + "\n", `"GET /no HTTP/1.1" 404 196` + "\n", "using 172.17.0.2. Set the 'ServerName'", "AH00489: Apache/2.4.57 (Unix) configured -- resuming normal operations"}},
		{"docker stop web; docker logs web 2>&1 | tail -1; docker inspect -f '{{.State.ExitCode}}' web", []string{"AH00492: caught SIGWINCH, shutting down gracefully\n0\n"}},
		{"docker run --rm --name first -d --network host httpd; sleep 1; docker run --rm --network host httpd; echo rc $?", []string{"(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80\n", "rc 1"}},
	} {
		want(t, b.run(c.line), c.parts...)
	}
}
