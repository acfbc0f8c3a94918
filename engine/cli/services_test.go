package cli

import (
	"strings"
	"testing"
)

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

// The clients with which health checks ask are in the images, and ask by the network.
func TestServicesAreAskedByTheirClients(t *testing.T) {
	b := newLab(t, 1)
	b.run("for i in redis mysql mariadb postgres; do docker run -d --name $i $i; done; sleep 1")
	for _, c := range []struct{ line, says string }{
		{"docker exec redis redis-cli ping", "PONG\n"}, {"docker exec redis redis-cli -h 127.0.0.1 -p 6379 echo 'a b'", "a b\n"},
		{"docker exec redis redis-cli -p 1 ping; echo $?", "Could not connect to Redis at 127.0.0.1:1: Connection refused\n1\n"},
		{"docker exec mysql mysqladmin ping -h localhost -uroot -psecret; echo $?", "mysqld is alive\n0\n"},
		{"docker exec mysql mysqladmin --host=127.0.0.1 --port 3307 ping; echo $?", "mysqladmin: connect to server at '127.0.0.1' failed\nerror: 'Can't connect to MySQL server on '127.0.0.1:3307' (111)'\n"},
		{"docker exec mariadb healthcheck.sh --connect --innodb_initialized; echo $?", "0\n"},
		{"docker exec mariadb mariadb-admin ping", "mysqld is alive\n"},
		{"docker exec postgres pg_isready -U postgres -d x; echo $?", "/var/run/postgresql:5432 - accepting connections\n0\n"},
		{"docker exec postgres pg_isready -h localhost -p 5433; echo $?", "localhost:5433 - no response\n2\n"},
		{"docker exec postgres pg_isready --port=x; echo $?", "invalid port number: \"x\"\n3\n"},
		{"docker exec postgres pg_isready -q -h 172.17.0.5; echo $?", "0\n"},
	} {
		if got := b.run(c.line); !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", c.line, got, c.says)
		}
	}
}
