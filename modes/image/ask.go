package image

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/stack/errno"
	"dnetsim/userland"
	"dnetsim/userland/getopt"
	"dnetsim/userland/names"
)

// askers are the programs with which health checks ask the services, by image.
var askers = map[string]map[string]userland.Program{
	"redis":    {"redis-cli": redisCLI},
	"mysql":    {"mysqladmin": mysqlAdmin},
	"mariadb":  {"mysqladmin": mysqlAdmin, "mariadb-admin": mysqlAdmin, "healthcheck.sh": mariadbCheck},
	"postgres": {"pg_isready": pgIsReady},
}

// askPatience is how long the clients try to connect.
const askPatience = 3 * time.Second

// reach connects to a host's port, the local one if no host is given: what goes
// through a Unix socket in reality goes through loopback here.
func reach(p *userland.Process, host string, port uint16) (*stack.TCPConn, error) {
	if host == "" {
		host = "127.0.0.1"
	}
	addrs, _, err := names.Resolve(p, host, names.ResolveOptions{})
	if err != nil {
		return nil, err
	}
	var c *stack.TCPConn
	for _, a := range addrs {
		if c, err = p.DialTCP(netip.AddrPort{}, netip.AddrPortFrom(a, port), askPatience); err == nil {
			break
		}
	}
	return c, err
}

// askArgs reads a client's options; the host and port are under the letters h and port.
func askArgs(p *userland.Process, args []string, short, portName string, long map[string]string, port uint16) (o *getopt.Options, host string, at uint16, ok bool) {
	o, err := getopt.Parse(args, short, long)
	at = port
	if err == nil {
		host, _ = o.Value("h")
		if text, given := o.Value(portName); given {
			n, bad := strconv.ParseUint(text, 10, 16)
			if at = uint16(n); bad != nil || n == 0 {
				err = errors.New("invalid port number: \"" + text + "\"")
			}
		}
	}
	if err != nil {
		p.Errorf("%s: %v\n", p.Args[0], err)
	}
	return o, host, at, err == nil
}

// pgIsReady asks PostgreSQL for a session, and needs none: its statuses are 0, it
// accepts; 1, it refuses; 2, no answer; 3, nobody was asked.
func pgIsReady(p *userland.Process) int {
	o, host, port, ok := askArgs(p, p.Args[1:], "d:h:p:qt:U:", "p", map[string]string{
		"dbname": "d:", "host": "h:", "port": "p:", "quiet": "q", "timeout": "t:", "username": "U:",
	}, 5432)
	if !ok {
		return 3
	}
	where, code, says := host, 2, "no response"
	if where == "" {
		where = "/var/run/postgresql"
	}
	if c, err := reach(p, host, port); err == nil {
		defer c.Close()
		c.Write([]byte("\x00\x00\x00\x08\x00\x03\x00\x00"))
		kind := make([]byte, 1)
		if _, err := io.ReadFull(c, kind); err == nil && kind[0] == 'R' {
			code, says = 0, "accepting connections"
		} else if err == nil {
			code, says = 1, "rejecting connections"
		}
	}
	if !o.Has("q") {
		p.Printf("%s:%d - %s\n", where, port, says)
	}
	return code
}

// redisCLI sends one command and prints the answer.
func redisCLI(p *userland.Process) int {
	o, host, port, ok := askArgs(p, p.Args[1:], "+a:h:n:!p:u:!r:!i:!", "p", map[string]string{"raw": "~", "no-auth-warning": "~", "pass": "a:"}, 6379)
	switch {
	case !ok:
		return 1
	case len(o.Rest) == 0:
		p.Errorf("redis-cli: dnetsim does not simulate its prompt: write the command behind it\n")
		return 1
	}
	c, err := reach(p, host, port)
	if err != nil {
		if host == "" {
			host = "127.0.0.1"
		}
		p.Errorf("Could not connect to Redis at %s:%d: %s\n", host, port, userland.Reason(err))
		return 1
	}
	defer c.Close()
	fmt.Fprintf(c, "*%d\r\n", len(o.Rest))
	for _, w := range o.Rest {
		fmt.Fprintf(c, "$%d\r\n%s\r\n", len(w), w)
	}
	return redisAnswer(p, bufio.NewReader(c))
}

func redisAnswer(p *userland.Process, r *bufio.Reader) int {
	line, err := r.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if err != nil || line == "" {
		p.Errorf("Error: Server closed the connection\n")
		return 1
	}
	switch text := line[1:]; line[0] {
	case '$':
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1<<20 { // -1: there is none
			p.Printf("\n")
			return 0
		}
		b := make([]byte, n)
		io.ReadFull(r, b)
		p.Printf("%s\n", b)
	default: // to a pipe an error is a line as any other
		p.Printf("%s\n", text)
	}
	return 0
}

// mysqlAdmin is mysqladmin ping: a server that greets is alive, also to whom it
// does not let in.
func mysqlAdmin(p *userland.Process) int {
	name := p.Args[0][strings.LastIndexByte(p.Args[0], '/')+1:]
	// A password belongs to its letter, and is of no use here.
	args := slices.DeleteFunc(slices.Clone(p.Args[1:]), func(a string) bool { return strings.HasPrefix(a, "-p") })
	o, host, port, ok := askArgs(p, args, "h:P:u:s~", "P", map[string]string{
		"host": "h:", "port": "P:", "user": "u:", "password": "p::", "silent": "s", "protocol": "~:", "connect-timeout": "~:",
	}, 3306)
	switch {
	case !ok:
		return 1
	case len(o.Rest) != 1 || o.Rest[0] != "ping":
		p.Errorf("%s: dnetsim simulates `%s ping` only\n", name, name)
		return 1
	}
	c, err := reach(p, host, port)
	if err == nil {
		defer c.Close()
		_, err = io.ReadFull(c, make([]byte, 5))
	}
	if err == nil {
		p.Printf("mysqld is alive\n")
		return 0
	}
	says, number := fmt.Sprintf("Can't connect to MySQL server on '%s:%d'", host, port), 111
	if host == "" || host == "localhost" {
		host, says, number = "localhost", "Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock'", 2
	} else if !errors.Is(err, errno.ConnRefused) {
		number = 110
	}
	p.Errorf("%s: connect to server at '%s' failed\nerror: '%s (%d)'\nCheck that mysqld is running", name, host, says, number)
	if number == 2 {
		p.Errorf(" and that the socket: '/var/run/mysqld/mysqld.sock' exists!\n")
	} else {
		p.Errorf(" on %s and that the port is %d.\nYou can check this by doing 'telnet %s %d'\n", host, port, host, port)
	}
	return 1
}

// mariadbCheck is the script in MariaDB's image: what its options ask for is there
// when the server is.
func mariadbCheck(p *userland.Process) int {
	c, err := reach(p, "", 3306)
	if err != nil {
		p.Errorf("healthcheck connect failed\n")
		return 1
	}
	c.Close()
	return 0
}
