package packages

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
	"dnetsim/userland/web"
)

// why is what kept a file from being fetched.
type why int

const (
	noReply why = iota + 1 // no name server answered
	noName
	noWay    // no connection
	noAnswer // a connection, and no file over it
	refused  // the server says that it has none
)

// failure is a file that could not be fetched.
type failure struct {
	why    why
	host   string
	at     netip.AddrPort
	err    error
	status int
	reason string
}

func (f *failure) Error() string { return fmt.Sprintf("%s: %v", f.host, f.err) }

// timeout is how long a server may stay silent.
const timeout = 30 * time.Second

// get fetches a file of a web server as the package managers do.
func get(p *userland.Process, agent, where string) (data []byte, at netip.AddrPort, fail *failure) {
	u, err := web.ParseURL(where)
	if err != nil || u.Scheme != "http" {
		return nil, at, &failure{why: noAnswer, host: where, err: fmt.Errorf("only http is simulated")}
	}
	addrs, _, err := names.Resolve(p, u.Host, names.ResolveOptions{})
	switch {
	case err == names.ErrTryAgain:
		return nil, at, &failure{why: noReply, host: u.Host, err: err}
	case err != nil:
		return nil, at, &failure{why: noName, host: u.Host, err: err}
	}
	at = netip.AddrPortFrom(addrs[0], u.Port)
	conn, err := web.DialFirst(p, addrs, u.Port, timeout, func(to netip.AddrPort) { at = to })
	if err != nil {
		return nil, at, &failure{why: noWay, host: u.Host, at: at, err: err}
	}
	defer conn.Close()
	headers := []web.Header{{Name: "Host", Value: u.HostPort()}, {Name: "User-Agent", Value: agent}, {Name: "Connection", Value: "close"}}
	if _, err = io.WriteString(conn, web.RequestText("GET", u.Path, "HTTP/1.1", headers, "")); err == nil {
		data, fail, err = receive(p, conn)
	}
	if err != nil {
		fail = &failure{why: noAnswer, err: err}
	}
	if fail != nil {
		fail.host, fail.at = u.Host, at
	}
	return data, at, fail
}

func receive(p *userland.Process, conn *stack.TCPConn) ([]byte, *failure, error) {
	conn.SetReadTimeout(timeout)
	resp, err := web.ReadResponse(bufio.NewReader(conn), "GET")
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	switch {
	case err != nil:
		return nil, nil, err
	case resp.Status != 200:
		return nil, &failure{why: refused, status: resp.Status, reason: resp.Reason}, nil
	case resp.Length > int64(len(data)):
		return nil, nil, io.ErrUnexpectedEOF
	}
	return data, nil, nil
}

// Prefix is before the names of the programs that packages bring: the image can
// run them by that name, and no file of it does before a package lays one down.
const Prefix = "debian/"

// administrators are the programs that packages keep in /usr/sbin.
const administrators = " arping brctl bridge conntrack ethtool ifconfig ip iptables iptables-save iptables-restore iptables-legacy iptables-legacy-save " +
	"iptables-legacy-restore ip6tables ip6tables-save ip6tables-restore ip6tables-legacy ip6tables-legacy-save ip6tables-legacy-restore nft route arp sysctl tc tcpdump "

// lay puts the files of a package's programs in place and tells where.
func lay(p *userland.Process, programs []string) (paths []string, err error) {
	for _, name := range programs {
		at := "/usr/bin/" + name
		if strings.Contains(administrators, " "+name+" ") {
			at = "/usr/sbin/" + name
		}
		if err := p.Machine.FS().WriteFile(at, userland.ProgramFile(Prefix+name), 0o755); err != nil {
			return paths, err
		}
		p.Machine.FS().Chmod(at, 0o755)
		paths = append(paths, at)
	}
	return paths, nil
}

// present reports whether the image has all the programs of a package by itself.
func present(p *userland.Process, pkg *Package) bool {
	for _, name := range pkg.Programs {
		if _, err := p.LookPath(name); err != nil {
			return false
		}
	}
	return len(pkg.Programs) > 0
}

// root reports whether the caller may install, and says in words what not.
func root(p *userland.Process) bool { return p.UID == 0 }
