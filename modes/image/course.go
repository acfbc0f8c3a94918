package image

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dnetsim/modes/nat"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

// courseRecipes are the images that courses and bug reports name. Their services
// accept, greet and answer a client's first words; what they would store is not
// there.
func courseRecipes() []*recipe {
	plain := func(name string, sets []programSet, style shell.Style, cmd ...string) *recipe {
		return &recipe{name: name, tags: []string{"latest"}, sets: sets, shell: style, size: 120_000_000, age: 30 * day,
			layers: []int64{29_000_000, 1_200_000}, cmd: cmd, env: []string{pathEnv}, files: map[string]string{"/etc/os-release": debianRelease}}
	}
	service := func(name, program string, port uint16, talk func(*userland.Process, *stack.TCPConn)) *recipe {
		r := plain(name, debianSets, shell.Bash, program)
		r.extra = map[string]userland.Program{program: server(port, talk)}
		maps.Copy(r.extra, askers[name])
		r.expose = []nat.Port{{Number: port, Proto: "tcp"}}
		return r
	}
	hello := plain("hello-world", nil, shell.Ash, "hello")
	hello.extra = map[string]userland.Program{"hello": func(p *userland.Process) int {
		io.WriteString(p.Stdout, helloText)
		return 0
	}}
	whoami := service("traefik/whoami", "whoami", 80, tellWho)
	whoami.sets = nil
	curl := plain("curlimages/curl", busyboxSets, shell.Ash, "--help")
	curl.extra = map[string]userland.Program{"curl": debianProgram("curl")}
	curl.entrypoint = []string{"curl"}
	return []*recipe{
		hello, whoami, curl,
		plain("nicolaka/netshoot", debianSets, shell.Bash, "bash"),
		plain("node", debianSets, shell.Bash, "bash"), plain("python", debianSets, shell.Bash, "bash"),
		service("redis", "redis-server", 6379, talkRedis),
		service("mysql", "mysqld", 3306, talkMySQL), service("mariadb", "mariadbd", 3306, talkMySQL),
		service("postgres", "postgres", 5432, talkPostgres),
	}
}

// debianProgram is a program of the debian image.
func debianProgram(name string) userland.Program {
	for _, set := range debianSets {
		if p := set()[name]; p != nil {
			return p
		}
	}
	return nil
}

// server accepts at a port until it is told to end.
func server(port uint16, talk func(*userland.Process, *stack.TCPConn)) userland.Program {
	return func(p *userland.Process) int {
		l, err := p.ListenTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), port))
		if err != nil {
			fmt.Fprintf(p.Stderr, "%s: cannot listen at port %d: %v\n", p.Args[0], port, err)
			return 1
		}
		defer l.Close()
		p.Catch(userland.SIGTERM, userland.SIGINT, userland.SIGQUIT)
		userland.Accept(p, l, func(c *stack.TCPConn) { talk(p, c) }) //nolint:errcheck // a signal ends it
		return 0
	}
}

// tellWho is whoami's page: who answers, and what was asked.
func tellWho(p *userland.Process, c *stack.TCPConn) {
	r := bufio.NewReader(c)
	for {
		var asked []string
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line = strings.TrimRight(line, "\r\n"); line == "" {
				break
			}
			asked = append(asked, line)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "Hostname: %s\nIP: 127.0.0.1\nIP: ::1\n", p.Machine.Hostname())
		for _, i := range p.NS().Interfaces() {
			for _, a := range i.Addrs() {
				if ip := a.Prefix.Addr(); ip.Is4() && !ip.IsLoopback() {
					fmt.Fprintf(&b, "IP: %s\n", ip)
				}
			}
		}
		fmt.Fprintf(&b, "RemoteAddr: %s\n%s\n\n", c.RemoteAddr(), strings.Join(asked, "\n"))
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", b.Len(), b.String())
	}
}

// talkRedis answers PING, ECHO, SET, GET and QUIT, in both forms of the protocol
// (RESP arrays and inline).
func talkRedis(_ *userland.Process, c *stack.TCPConn) {
	r := bufio.NewReader(io.LimitReader(c, 1<<20))
	kept := map[string]string{}
	for {
		words, err := redisWords(r)
		if err != nil {
			return
		}
		if len(words) == 0 {
			continue
		}
		args := words[1:]
		switch cmd := strings.ToUpper(words[0]); {
		case cmd == "PING" && len(args) == 0:
			io.WriteString(c, "+PONG\r\n")
		case (cmd == "PING" || cmd == "ECHO") && len(args) == 1:
			fmt.Fprintf(c, "$%d\r\n%s\r\n", len(args[0]), args[0])
		case cmd == "SET" && len(args) >= 2:
			kept[args[0]] = args[1]
			io.WriteString(c, "+OK\r\n")
		case cmd == "GET" && len(args) == 1:
			if v, ok := kept[args[0]]; ok {
				fmt.Fprintf(c, "$%d\r\n%s\r\n", len(v), v)
			} else {
				io.WriteString(c, "$-1\r\n")
			}
		case cmd == "QUIT":
			io.WriteString(c, "+OK\r\n")
			return
		default:
			fmt.Fprintf(c, "-ERR unknown command '%s', with args beginning with: \r\n", words[0])
		}
	}
}

func redisWords(r *bufio.Reader) ([]string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimRight(line, "\r\n")
	if !strings.HasPrefix(line, "*") {
		return strings.Fields(line), nil
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil || n < 0 || n > 1024 {
		return nil, io.ErrUnexpectedEOF
	}
	var words []string
	for range n {
		if line, err = r.ReadString('\n'); err != nil {
			return nil, err
		}
		size, err := strconv.Atoi(strings.TrimRight(strings.TrimPrefix(line, "$"), "\r\n"))
		if err != nil || size < 0 || size > 1<<16 {
			return nil, io.ErrUnexpectedEOF
		}
		b := make([]byte, size+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		words = append(words, string(b[:size]))
	}
	return words, nil
}

// talkMySQL greets (protocol 10) and refuses whoever logs in.
func talkMySQL(_ *userland.Process, c *stack.TCPConn) {
	body := slices.Concat([]byte{10}, []byte("8.0.33\x00"), []byte{8, 0, 0, 0}, []byte("saltsalt\x00"), []byte{0xff, 0xff, 0xff, 2, 0, 0xff, 0xdf, 21},
		make([]byte, 10), []byte("saltsaltsalt\x00"), []byte("caching_sha2_password\x00"))
	c.Write(mysqlPacket(0, body))
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return
	}
	io.CopyN(io.Discard, c, int64(head[0])|int64(head[1])<<8)
	c.Write(mysqlPacket(2, append([]byte{0xff, 0x15, 0x04}, "#28000Access denied"...)))
}

func mysqlPacket(seq byte, body []byte) []byte {
	return append([]byte{byte(len(body)), byte(len(body) >> 8), 0, seq}, body...)
}

// talkPostgres answers the start of a session (protocol 3): no encryption, then
// ready for queries, which it refuses.
func talkPostgres(_ *userland.Process, c *stack.TCPConn) {
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		if binary.BigEndian.Uint32(head[4:]) == 80877103 { // SSLRequest
			c.Write([]byte("N"))
			continue
		}
		io.CopyN(io.Discard, c, min(int64(binary.BigEndian.Uint32(head))-8, 1<<16))
		c.Write([]byte("R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"))
		break
	}
	for head := make([]byte, 5); ; {
		if _, err := io.ReadFull(c, head); err != nil || head[0] == 'X' {
			return
		}
		io.CopyN(io.Discard, c, min(int64(binary.BigEndian.Uint32(head[1:]))-4, 1<<16))
		says := "SERROR\x00C0A000\x00Mdnetsim keeps no tables\x00\x00"
		c.Write(append(binary.BigEndian.AppendUint32([]byte("E"), uint32(len(says)+4)), says...))
		c.Write([]byte("Z\x00\x00\x00\x05I"))
	}
}

const helloText = "\nHello from Docker!\nThis message shows that your installation appears to be working correctly.\n\n"
