package programs

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/sim"
	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/names"
)

func tty(c *invocation) int {
	if t, ok := c.Stdin.(*userland.TTY); ok {
		c.Printf("/dev/%s\n", t.Name)
		return 0
	}
	c.Printf("not a tty\n")
	return 1
}

// stty shows and sets the terminal that is standard input: size, rows and cols,
// raw, echo. Other settings are shown, and setting them changes nothing.
func stty(c *invocation) int {
	t, ok := c.Stdin.(*userland.TTY)
	if !ok {
		if c.gnu {
			return c.fail("'standard input': Inappropriate ioctl for device")
		}
		return c.fail("standard input: Inappropriate ioctl for device")
	}
	args := c.Args[1:]
	if len(args) == 0 {
		c.showTerminal(t, false)
	}
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		size := t.Size()
		switch a {
		case "-a", "--all":
			c.showTerminal(t, true)
		case "-g", "--save":
			c.Printf("500:5:bf:8a3b:3:1c:7f:15:4:0:1:0:11:13:1a:0:12:f:17:16:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0\n")
		case "size":
			c.Printf("%d %d\n", size.Rows, size.Cols)
		case "speed":
			c.Printf("38400\n")
		case "raw", "-cooked", "-icanon", "cbreak":
			t.SetRaw(true)
		case "sane", "cooked", "-raw", "icanon", "-cbreak":
			t.SetRaw(false)
			if a == "sane" {
				t.SetEcho(true)
			}
		case "echo", "-echo":
			t.SetEcho(a == "echo")
		case "rows", "cols", "columns":
			if len(args) == 0 {
				return c.sttyError("missing argument to '%s'", a)
			}
			n, err := strconv.Atoi(args[0])
			if err != nil || n < 0 || n > 0xffff {
				return c.sttyError("invalid integer argument: '%s'", args[0])
			}
			if a == "rows" {
				size.Rows = n
			} else {
				size.Cols = n
			}
			t.Resize(size)
			args = args[1:]
		default:
			if !settings[a] && !(a[:min(len(a), 1)] == "-" && settings[a[1:]]) {
				return c.sttyError("invalid argument '%s'", a)
			}
		}
	}
	return 0
}

func (c *invocation) sttyError(format, what string) int {
	c.misuse(1, format, what)
	return 1
}

// settings are those that stty knows and the simulated terminal does not have.
var settings = map[string]bool{
	"icrnl": true, "ixon": true, "ixoff": true, "ixany": true, "iutf8": true, "opost": true, "onlcr": true, "isig": true,
	"iexten": true, "echoe": true, "echok": true, "echonl": true, "echoctl": true, "echoke": true, "tostop": true,
	"hupcl": true, "brkint": true, "inlcr": true, "igncr": true, "noflsh": true, "clocal": true, "cread": true,
}

func (c *invocation) showTerminal(t *userland.TTY, all bool) {
	sign := func(on bool) string {
		if on {
			return ""
		}
		return "-"
	}
	cooked, echo := sign(!t.Raw()), sign(t.Echo() && !t.Raw())
	if !all {
		c.Printf("speed 38400 baud; line = 0;\n")
		if cooked+echo != "" {
			c.Printf("%sicanon %secho\n", cooked, echo)
		}
		return
	}
	c.Printf("speed 38400 baud; rows %d; columns %d; line = 0;\n", t.Size().Rows, t.Size().Cols)
	c.Printf("intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>;\n")
	c.Printf("eol2 = <undef>; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R;\n")
	if c.gnu {
		c.Printf("werase = ^W; lnext = ^V; discard = ^O; min = 1; time = 0;\n")
	} else {
		c.Printf("werase = ^W; lnext = ^V; flush = ^O; min = 1; time = 0;\n")
	}
	c.Printf("-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts\n")
	c.Printf("-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr %sicrnl %sixon -ixoff\n-iuclc -ixany -imaxbel -iutf8\n", cooked, cooked)
	c.Printf("%sopost -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0\n", cooked)
	c.Printf("%sisig %sicanon iexten %secho echoe echok -echonl -noflsh -xcase -tostop -echoprt\nechoctl echoke -flusho -extproc\n", cooked, cooked, echo)
}

// clearScreen is clear: busybox's keeps what scrolled off, ncurses's does not.
func clearScreen(c *invocation) int {
	if c.gnu {
		c.Printf("\x1b[H\x1b[2J\x1b[3J")
	} else {
		c.Printf("\x1b[H\x1b[J")
	}
	return 0
}

// reset makes a terminal usable again.
func reset(c *invocation) int {
	if c.TTY != nil {
		c.TTY.SetRaw(false)
		c.TTY.SetEcho(true)
	}
	if c.gnu {
		c.Printf("\x1bc\x1b[!p\x1b[?3;4l\x1b[4l\x1b>")
	} else {
		c.Printf("\x1bc\x1b(B\x1b[m\x1b[J\x1b[?25h")
	}
	return 0
}

const (
	sshPort = 22
	// sshBanner is what both sides say first (RFC 4253, 4.2).
	sshBanner = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"
)

// ssh runs a command, or a shell, on another host. It reaches the host through the
// network: a TCP connection to its port 22 that stays as long as the session. What
// the session reads and writes takes no packets.
func ssh(c *invocation) int {
	o := c.parse("+tTqnNfvxo:p:i:l:F:A46C")
	if len(o.args) == 0 {
		c.Errorf("usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] destination [command [argument ...]]\n")
		return 255
	}
	host := o.args[0]
	if _, h, ok := strings.Cut(host, "@"); ok {
		host = h
	}
	conn, m, err := sshConnect(c, host, o)
	if err != nil {
		c.Errorf("%v\n", err)
		return 255
	}
	defer conn.Close()
	args := []string{"-sh"}
	tty := c.TTY
	if len(o.args) > 1 {
		args = []string{"sh", "-c", strings.Join(o.args[1:], " ")}
		if !o.has("t") {
			tty = nil
		}
	}
	home := "/"
	if m.FS().Exists("/root") {
		home = "/root"
	}
	var stdin io.Reader = c.Stdin
	if o.has("n") {
		stdin = strings.NewReader("")
	}
	q := m.Start(userland.ProcSpec{
		Program: m.Shell, Args: args, Dir: home, TTY: tty,
		Stdin: stdin, Stdout: c.Stdout, Stderr: c.Stderr, NewGroup: true,
	})
	c.OnExit(func(int) { q.Signal(userland.SIGHUP) })
	if tty != nil {
		tty.SetForeground(m, q.PGID)
		defer tty.SetForeground(c.Machine, c.PGID)
	}
	st := q.Wait()
	if tty != nil && len(o.args) == 1 {
		fmt.Fprintf(c.Stderr, "Connection to %s closed.\n", host)
	}
	return st
}

// sshConnect opens the connection and says which machine is at its end. The error
// is in ssh's words.
func sshConnect(c *invocation, host string, o options) (*stack.TCPConn, *userland.Machine, error) {
	var m *userland.Machine
	var addrs []netip.Addr
	if c.Machine.Remote != nil {
		m, addrs, _ = c.Machine.Remote(host)
	}
	if len(addrs) == 0 {
		var err error
		if addrs, _, err = names.Resolve(c.Process, host, names.ResolveOptions{}); err != nil {
			return nil, nil, fmt.Errorf("ssh: Could not resolve hostname %s: %s", host, userland.Reason(err))
		}
	}
	port := uint16(sshPort)
	if p, ok := o.values["p"]; ok {
		n, err := strconv.ParseUint(p[len(p)-1], 10, 16)
		if err != nil || n == 0 {
			return nil, nil, fmt.Errorf("Bad port '%s'", p[len(p)-1])
		}
		port = uint16(n)
	}
	if m != nil {
		defer sshd(m)()
	}
	conn, err := sshDial(c, addrs, port, o)
	if err != nil {
		return nil, nil, fmt.Errorf("ssh: connect to host %s port %d: %s", host, port, userland.Reason(err))
	}
	io.WriteString(conn, sshBanner)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "SSH-") || m == nil {
		conn.Close()
		return nil, nil, fmt.Errorf("kex_exchange_identification: Connection closed by remote host\nConnection closed by %s port %d", conn.RemoteAddr().Addr(), port)
	}
	return conn, m, nil
}

// sshDial tries the addresses in turn, each for ConnectTimeout if that is given.
func sshDial(c *invocation, addrs []netip.Addr, port uint16, o options) (conn *stack.TCPConn, err error) {
	limit := time.Duration(0)
	for _, v := range o.values["o"] {
		if key, value, ok := strings.Cut(strings.ReplaceAll(v, " ", "="), "="); ok && strings.EqualFold(key, "ConnectTimeout") {
			n, _ := strconv.Atoi(value)
			limit = time.Duration(n) * time.Second
		}
	}
	for _, a := range addrs {
		if conn, err = c.DialTCP(netip.AddrPort{}, netip.AddrPortFrom(a, port), limit); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// sshd answers on a machine's port 22 until the function that it returns is called,
// and keeps what it has accepted until the client closes it. It is there while
// somebody asks for it, as under inetd: the hosts of the captures list no sshd.
func sshd(m *userland.Machine) (stop func()) {
	l, err := m.NS().ListenTCP(netip.AddrPortFrom(netip.IPv6Unspecified(), sshPort))
	if err != nil {
		return func() {} // somebody else has the port, and answers
	}
	m.Loop().Go("sshd of "+m.Name, func(*sim.Proc) {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.Loop().Go("sshd of "+m.Name, func(*sim.Proc) {
				defer conn.Close()
				io.WriteString(conn, sshBanner)
				io.Copy(io.Discard, struct{ io.Reader }{conn})
			})
		}
	})
	return func() { l.Close() }
}

// scpEnd is one end of scp's copies: a path here, or on a machine.
type scpEnd struct {
	host, path string
	m          *userland.Machine
	conn       *stack.TCPConn
}

// scp copies between this machine and others, over ssh's connection.
func scp(c *invocation) int {
	o := c.parse("346ABCOpqrRsTvl:o:P:i:F:S:c:J:")
	if len(o.args) < 2 {
		c.Errorf("usage: scp [-346ABCOpqRrsTv] [-c cipher] [-i identity_file] [-P port] source ... target\n")
		return 1
	}
	if p, ok := o.values["P"]; ok {
		o.values["p"] = p
	}
	open := map[string]*scpEnd{}
	defer func() {
		for _, name := range slices.Sorted(maps.Keys(open)) {
			open[name].conn.Close()
		}
	}()
	end := func(word string) (*scpEnd, bool) {
		e := &scpEnd{path: word, m: c.Machine}
		host, at, remote := strings.Cut(word, ":")
		if !remote || strings.Contains(host, "/") {
			return e, true
		}
		if _, h, ok := strings.Cut(host, "@"); ok {
			host = h
		}
		e.host = host
		if !strings.HasPrefix(at, "/") {
			at = path.Join("/root", strings.TrimPrefix(at, "~/"))
		}
		if known := open[host]; known != nil {
			return &scpEnd{host, at, known.m, known.conn}, true
		}
		var err error
		if e.conn, e.m, err = sshConnect(c, host, o); err != nil {
			c.Errorf("%v\nscp: Connection closed\n", err)
			return nil, false
		}
		e.path, open[host] = at, e
		return e, true
	}
	n := len(o.args) - 1
	to, ok := end(o.args[n])
	if !ok {
		return 255
	}
	target, err := c.scpStat(to)
	isDir := err == nil && target.IsDir()
	if n > 1 && !isDir {
		return c.fail("%s: Not a directory", o.args[n])
	}
	status := 0
	for _, word := range o.args[:n] {
		from, ok := end(word)
		if !ok {
			return 255
		}
		dest := *to
		if isDir {
			dest.path = path.Join(to.path, path.Base(from.path))
		}
		status = max(status, c.scpCopy(from, &dest, o))
	}
	return status
}

// scpAt is the path of an end within its machine's tree.
func (c *invocation) scpAt(e *scpEnd) string {
	if e.host != "" || strings.HasPrefix(e.path, "/") {
		return e.path
	}
	return path.Join(c.Dir, e.path)
}

func (c *invocation) scpStat(e *scpEnd) (userland.Info, error) {
	return e.m.FS().Stat(c.scpAt(e))
}

func (c *invocation) scpCopy(from, to *scpEnd, o options) int {
	src, dst := c.scpAt(from), c.scpAt(to)
	info, err := c.scpStat(from)
	switch {
	case err != nil && from.host == "":
		return c.fail("stat local %q: %s", from.path, userland.Reason(err))
	case err != nil:
		return c.fail("%s: %s", from.path, userland.Reason(err))
	case info.IsDir() && !o.has("r") && from.host == "":
		return c.fail("local %q is not a regular file", from.path)
	case info.IsDir() && !o.has("r"):
		return c.fail("download %q: not a regular file", from.path)
	case info.IsDir():
		if err := to.m.FS().MkdirAll(dst, info.Mode); err != nil {
			return c.fail("dest mkdir %q: %s", to.path, userland.Reason(err))
		}
		list, _ := from.m.FS().ReadDir(src)
		status := 0
		for _, f := range list {
			a, b := *from, *to
			a.path, b.path = path.Join(from.path, f.Name), path.Join(to.path, f.Name)
			status = max(status, c.scpCopy(&a, &b, o))
		}
		return status
	}
	began := c.Loop().Now()
	data, err := from.m.FS().ReadFile(src)
	if err == nil && to.conn != nil {
		if _, err = to.conn.Write(data); err != nil { // the bytes are on their way, as ssh's are
			c.Errorf("client_loop: send disconnect: %s\nscp: Connection closed\n", userland.Reason(err))
			return 255
		}
	}
	if err == nil {
		err = to.m.FS().WriteFile(dst, data, info.Mode)
	}
	if err != nil {
		c.Errorf("scp: dest open %q: %s\nscp: failed to upload file %s to %s\n", to.path, userland.Reason(err), from.path, to.path)
		return 1
	}
	if userland.IsTTY(c.Stdout) && !o.has("q") {
		size, rate := fmt.Sprintf("%d", len(data)), 0.0
		if len(data) >= 10000 {
			size = fmt.Sprintf("%dKB", len(data)>>10)
		}
		took := c.Loop().Now() - began
		if took > 0 {
			rate = float64(len(data)) / took.Seconds() / (1 << 20)
		}
		c.Printf("%-40s 100%% %7s   %5.1fMB/s   %02d:%02d    \n", path.Base(from.path), size, rate, took/time.Minute, took/time.Second%60)
	}
	return 0
}
