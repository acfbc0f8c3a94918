package programs

import (
	"fmt"
	"math/big"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

	"dnetsim/userland"
)

var systemTable = map[string]applet{
	"id": id, "whoami": whoami, "uname": uname, "date": date, "hostname": hostname, "env": env,
	"printenv": printenv, "uptime": uptime, "free": free, "sleep": sleep, "usleep": usleep,
	"true": nothing, "false": failing, "test": test, "[": test, "echo": echo, "printf": printf,
	"expr": expr, "which": which, "pwd": pwd, "tty": tty, "stty": stty, "clear": clearScreen,
	"reset": clearScreen, "nproc": nproc, "mount": mount, "umount": nothing, "dmesg": nothing,
	"groups": groups, "arch": arch, "getconf": getconf, "vi": editor_, "vim": editor_, "nano": editor_,
	"w": uptime, "who": nothing, "logname": whoami, "mknod": nothing, "getent": getent,
	"modprobe": nothing, "lsmod": nothing,
}

func failing(*invocation) int { return 1 }

func id(c *invocation) int {
	o := c.parse("ugnGr|user=u,group=g,name=n")
	switch {
	case o.has("u", "g", "G") && o.has("n"):
		c.Printf("root\n")
	case o.has("u", "g", "G"):
		c.Printf("0\n")
	default:
		if !c.gnu {
			c.Printf("uid=0(root) gid=0(root) groups=0(root),10(wheel)\n")
			return 0
		}
		c.Printf("uid=0(root) gid=0(root) groups=0(root)\n")
	}
	return 0
}

func whoami(c *invocation) int { c.Printf("%s\n", c.User); return 0 }
func groups(c *invocation) int { c.Printf("root\n"); return 0 }
func arch(c *invocation) int   { c.Printf("%s\n", c.Machine.Arch); return 0 }
func nproc(c *invocation) int  { c.Printf("1\n"); return 0 }

func getconf(c *invocation) int {
	switch strings.Join(c.Args[1:], " ") {
	case "PAGESIZE", "PAGE_SIZE":
		c.Printf("4096\n")
	case "_NPROCESSORS_ONLN", "_NPROCESSORS_CONF":
		c.Printf("1\n")
	case "CLK_TCK":
		c.Printf("100\n")
	case "LONG_BIT":
		c.Printf("64\n")
	default:
		return c.fail("Unrecognized variable")
	}
	return 0
}

func uname(c *invocation) int {
	o := c.parse("asnrvmpio|all=a,kernel-name=s,nodename=n,kernel-release=r,kernel-version=v,machine=m,operating-system=o")
	m := c.Machine
	var out []string
	add := func(flag, text string) {
		if o.has("a", flag) || flag == "s" && len(o.set) == 0 {
			out = append(out, text)
		}
	}
	add("s", "Linux")
	add("n", m.Hostname())
	add("r", m.KernelVersion)
	add("v", m.OSVersion)
	add("m", m.Arch)
	if o.has("p") || o.has("i") {
		out = append(out, "unknown")
	}
	add("o", "GNU/Linux")
	c.Printf("%s\n", strings.Join(out, " "))
	return 0
}

func hostname(c *invocation) int {
	o := c.parse("fsdiIaAy|fqdn=f,short=s,domain=d,all-ip-addresses=I,ip-address=i")
	m := c.Machine
	switch {
	case len(o.args) > 0:
		m.SetHostname(o.args[0])
	case o.has("s"):
		short, _, _ := strings.Cut(m.Hostname(), ".")
		c.Printf("%s\n", short)
	case o.has("d"):
		c.Printf("%s\n", m.UTS.Domain)
	case o.has("f") && m.UTS.Domain != "":
		c.Printf("%s.%s\n", m.Hostname(), m.UTS.Domain)
	case o.has("I"):
		return addresses(c)
	case o.has("i"):
		data, _ := m.FS().ReadFile("/etc/hosts")
		for _, line := range strings.Split(string(data), "\n") {
			f := strings.Fields(line)
			for _, n := range f[min(1, len(f)):] {
				if n == m.Hostname() {
					c.Printf("%s\n", f[0])
					return 0
				}
			}
		}
		return c.fail("Name or service not known")
	default:
		c.Printf("%s\n", m.Hostname())
	}
	return 0
}

func env(c *invocation) int {
	o := c.parse("+iu:C:0|ignore-environment=i,unset=u")
	if o.has("i") {
		for _, kv := range c.Environ() {
			k, _, _ := strings.Cut(kv, "=")
			c.Unsetenv(k)
		}
	}
	for _, u := range o.values["u"] {
		c.Unsetenv(u)
	}
	args := o.args
	for len(args) > 0 && strings.Contains(args[0], "=") {
		k, v, _ := strings.Cut(args[0], "=")
		c.Setenv(k, v)
		args = args[1:]
	}
	if len(args) == 0 {
		for _, kv := range c.Environ() {
			c.Printf("%s\n", kv)
		}
		return 0
	}
	return c.become(args)
}

// become runs a command in place of the program.
func (c *invocation) become(args []string) int {
	name := c.name()
	status, err := c.Exec(args...)
	if err == nil {
		return status
	}
	status = 127
	if err != userland.ErrNotFound && err != userland.ENOENT {
		status = 126
	} else {
		err = userland.ENOENT
	}
	switch {
	case c.gnu && (name == "env" || name == "nsenter"):
		c.Errorf("%s: %s: %s\n", name, quoteGNU(name, args[0]), err)
	case c.gnu:
		c.Errorf("%s: failed to run command '%s': %s\n", name, args[0], err)
	default:
		c.Errorf("%s: can't execute '%s': %s\n", name, args[0], err)
	}
	return status
}

func quoteGNU(prog, word string) string {
	if prog == "env" {
		return "‘" + word + "’"
	}
	return "failed to execute " + word
}

func printenv(c *invocation) int {
	if len(c.Args) == 1 {
		for _, kv := range c.Environ() {
			c.Printf("%s\n", kv)
		}
		return 0
	}
	status := 0
	for _, k := range c.Args[1:] {
		if v, ok := c.LookupEnv(k); ok {
			c.Printf("%s\n", v)
		} else {
			status = 1
		}
	}
	return status
}

func uptime(c *invocation) int {
	up := c.Machine.Uptime()
	days, hours, mins := int(up.Hours())/24, int(up.Hours())%24, int(up.Minutes())%60
	text := fmt.Sprintf("%d min", mins)
	if hours > 0 {
		text = fmt.Sprintf("%2d:%02d", hours, mins)
	}
	if days > 0 {
		text = fmt.Sprintf("%d days, %s", days, text)
	}
	users := "  1 user, "
	if !c.gnu {
		users = "  0 users,"
	}
	c.Printf(" %s up %s, %s load average: 0.00, 0.00, 0.00\n", c.Loop().Wall().Format("15:04:05"), text, users)
	return 0
}

func free(c *invocation) int {
	o := c.parse("mhkgbwt|mega=m,human=h")
	div := 1
	if o.has("m") {
		div = 1024
	}
	total, used, av := 4028224/div, 351104/div, 3501876/div
	cache := 664780 / div
	if !c.gnu {
		c.Printf("              total        used        free      shared  buff/cache   available\nMem:    %11d %11d %11d %11d %11d %11d\nSwap:   %11d %11d %11d\n",
			total, used, total-used-cache, 0, cache, av, 0, 0, 0)
		return 0
	}
	c.Printf("               total        used        free      shared  buff/cache   available\nMem:     %11d %11d %11d %11d %11d %11d\nSwap:    %11d %11d %11d\n",
		total, used, total-used-cache, 0, cache, av, 0, 0, 0)
	return 0
}

// duration reads sleep's 1.5, 2s, 3m, 4h, 5d.
func duration(text string) (time.Duration, bool) {
	unit := time.Second
	if n := len(text); n > 0 {
		if k := strings.IndexByte("smhd", text[n-1]); k >= 0 {
			unit = []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour}[k]
			text = text[:n-1]
		}
	}
	if text == "inf" || text == "infinity" {
		return 100 * 365 * 24 * time.Hour, true
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x < 0 {
		return 0, false
	}
	if x*float64(unit) > 3e18 {
		return 3e18, true
	}
	return time.Duration(x * float64(unit)), true
}

func sleep(c *invocation) int {
	if len(c.Args) < 2 {
		c.misuse(1, "missing operand")
	}
	total := time.Duration(0)
	for _, a := range c.Args[1:] {
		d, ok := duration(a)
		if !ok {
			if c.gnu {
				c.misuse(1, "invalid time interval '%s'", a)
			}
			return c.fail("invalid number '%s'", a)
		}
		total += d
	}
	if c.Sleep(total) != nil {
		return 130
	}
	return 0
}

func usleep(c *invocation) int {
	if len(c.Args) > 1 {
		n, _ := strconv.Atoi(c.Args[1])
		c.Sleep(time.Duration(n) * time.Microsecond)
	}
	return 0
}

func echo(c *invocation) int {
	if _, err := c.Stdout.Write([]byte(userland.EchoText(c.Args[1:], true))); err != nil {
		return c.fail("write error: %s", err)
	}
	return 0
}

func printf(c *invocation) int {
	if len(c.Args) < 2 {
		c.misuse(1, "missing operand")
	}
	text, status, errs := userland.PrintfText(c.Args[1:])
	c.Stdout.Write([]byte(text))
	for _, e := range errs {
		c.fail("%s", e)
	}
	return status
}

func test(c *invocation) int {
	args := c.Args[1:]
	if c.name() == "[" {
		if len(args) == 0 || args[len(args)-1] != "]" {
			c.fail("missing ']'")
			return 2
		}
		args = args[:len(args)-1]
	}
	ok, err := userland.TestArgs(userland.TestEnvOf(c.Process), args)
	if err != nil {
		c.fail("%s", err)
		return 2
	}
	if ok {
		return 0
	}
	return 1
}

func which(c *invocation) int {
	o := c.parse("a")
	status := 0
	for _, a := range o.args {
		file, err := c.LookPath(a)
		if err != nil || file == "" {
			status = 1
			continue
		}
		c.Printf("%s\n", file)
	}
	return status
}

func pwd(c *invocation) int { c.Printf("%s\n", c.Dir); return 0 }

func tty(c *invocation) int {
	if t, ok := c.Stdin.(*userland.TTY); ok {
		c.Printf("/dev/%s\n", t.Name)
		return 0
	}
	c.Printf("not a tty\n")
	return 1
}

func stty(c *invocation) int {
	t, ok := c.Stdin.(*userland.TTY)
	if !ok {
		return c.fail("'standard input': Inappropriate ioctl for device")
	}
	for _, a := range c.Args[1:] {
		switch a {
		case "size":
			c.Printf("%d %d\n", t.Size().Rows, t.Size().Cols)
		case "raw":
			t.SetRaw(true)
		case "sane", "cooked", "-raw":
			t.SetRaw(false)
			t.SetEcho(true)
		case "echo":
			t.SetEcho(true)
		case "-echo":
			t.SetEcho(false)
		}
	}
	if len(c.Args) == 1 {
		c.Printf("speed 38400 baud; line = 0;\n")
	}
	return 0
}

func clearScreen(c *invocation) int { c.Printf("\x1b[H\x1b[J"); return 0 }

func mount(c *invocation) int {
	data, _ := c.Machine.FS().ReadFile("/proc/mounts")
	for _, l := range textLines(data) {
		if f := strings.Fields(l); len(f) > 3 {
			c.Printf("%s on %s type %s (%s)\n", f[0], f[1], f[2], f[3])
		}
	}
	return 0
}

// editor_ refuses: there is no full-screen editor; files are written through
// redirections.
func editor_(c *invocation) int {
	return c.fail("no full-screen editor here; write the file with cat > FILE <<EOF")
}

func getent(c *invocation) int {
	if len(c.Args) < 2 || c.Args[1] != "passwd" && c.Args[1] != "group" {
		return 2
	}
	data, _ := c.ReadFile("/etc/" + c.Args[1])
	found := 0
	for _, l := range textLines(data) {
		name, _, _ := strings.Cut(l, ":")
		if len(c.Args) == 2 || c.Args[2] == name {
			c.Printf("%s\n", l)
			found++
		}
	}
	if found == 0 {
		return 2
	}
	return 0
}

func date(c *invocation) int {
	o := c.parse("ud:s:RI:r:f:|utc=u,date=d,universal=u,iso-8601:,rfc-email=R")
	now := c.Loop().Wall()
	if d := o.value("d", ""); d != "" {
		t, ok := parseDate(d, now)
		if !ok {
			if c.gnu {
				return c.fail("invalid date '%s'", d)
			}
			return c.fail("invalid date '%s'", d)
		}
		now = t
	}
	if o.has("R") {
		c.Printf("%s\n", now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
		return 0
	}
	for _, a := range o.args {
		if f, ok := strings.CutPrefix(a, "+"); ok {
			c.Printf("%s\n", strftime(f, now))
			return 0
		}
	}
	c.Printf("%s\n", now.Format("Mon Jan _2 15:04:05 MST 2006"))
	return 0
}

// parseDate reads @SECONDS, a date and time, or "N seconds ago".
func parseDate(text string, now time.Time) (time.Time, bool) {
	if n, err := strconv.ParseInt(strings.TrimPrefix(text, "@"), 10, 64); err == nil && strings.HasPrefix(text, "@") {
		return time.Unix(n, 0).UTC(), true
	}
	if text == "now" {
		return now, true
	}
	for _, layout := range []string{
		"2006-01-02 15:04:05", "2006-01-02T15:04:05Z", "2006-01-02 15:04", "2006-01-02", "15:04:05", "15:04",
		"Mon Jan _2 15:04:05 MST 2006", time.RFC3339,
	} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if t.Year() == 0 {
			t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		}
		return t, true
	}
	return now, false
}

func strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		layouts := map[byte]string{
			'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'b': "Jan",
			'B': "January", 'h': "Jan", 'a': "Mon", 'A': "Monday", 'e': "_2", 'I': "03", 'p': "PM",
			'Z': "MST", 'z': "-0700", 'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04",
			'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'r': "03:04:05 PM",
		}
		switch ch := format[i]; ch {
		case 's':
			fmt.Fprint(&b, t.Unix())
		case 'N':
			fmt.Fprintf(&b, "%09d", t.Nanosecond())
		case 'j':
			fmt.Fprintf(&b, "%03d", t.YearDay())
		case 'u':
			fmt.Fprint(&b, (int(t.Weekday())+6)%7+1)
		case 'w':
			fmt.Fprint(&b, int(t.Weekday()))
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case '%':
			b.WriteByte('%')
		default:
			if l, ok := layouts[ch]; ok {
				b.WriteString(t.Format(l))
			} else {
				b.WriteString("%" + string(ch))
			}
		}
	}
	return b.String()
}

// expr evaluates expr(1)'s expressions.
func expr(c *invocation) int {
	e := &exprParser{c: c, args: c.Args[1:]}
	if len(e.args) == 0 {
		c.misuse(2, "missing operand")
	}
	v := e.level(0)
	if len(e.args) > 0 {
		c.misuse(2, "syntax error: unexpected argument '%s'", e.args[0])
	}
	c.Printf("%s\n", v)
	if v == "" || strings.Trim(v, "0") == "" {
		return 1
	}
	return 0
}

type exprParser struct {
	c     *invocation
	args  []string
	depth int
}

var exprLevels = [][]string{
	{"|"}, {"&"}, {"<", "<=", "=", "==", "!=", ">=", ">"}, {"+", "-"}, {"*", "/", "%"}, {":"},
}

func (e *exprParser) level(n int) string {
	if n == len(exprLevels) {
		return e.primary()
	}
	v := e.level(n + 1)
	for len(e.args) > 0 {
		op := ""
		for _, o := range exprLevels[n] {
			if e.args[0] == o {
				op = o
			}
		}
		if op == "" {
			return v
		}
		e.args = e.args[1:]
		v = e.apply(op, v, e.level(n+1))
	}
	return v
}

func (e *exprParser) primary() string {
	if len(e.args) == 0 {
		e.c.misuse(2, "syntax error: missing argument")
	}
	if e.depth++; e.depth > 1000 {
		e.c.misuse(2, "syntax error")
	}
	a := e.args[0]
	e.args = e.args[1:]
	switch {
	case a == "(":
		v := e.level(0)
		if len(e.args) == 0 || e.args[0] != ")" {
			e.c.misuse(2, "syntax error: expecting ')'")
		}
		e.args = e.args[1:]
		return v
	case a == "length" && len(e.args) > 0:
		return strconv.Itoa(len([]rune(e.primary())))
	case a == "match" && len(e.args) > 1:
		s := e.primary()
		return e.apply(":", s, e.primary())
	case a == "substr" && len(e.args) > 2:
		s := []rune(e.primary())
		p, _ := strconv.Atoi(e.primary())
		n, _ := strconv.Atoi(e.primary())
		if p < 1 || n < 1 || p > len(s) {
			return ""
		}
		return string(s[p-1 : min(len(s), p-1+n)])
	}
	return a
}

func (e *exprParser) apply(op, a, b string) string {
	truth := func(ok bool) string {
		if ok {
			return "1"
		}
		return "0"
	}
	null := func(v string) bool { return v == "" || v == "0" }
	switch op {
	case "|":
		if !null(a) {
			return a
		}
		return b
	case "&":
		if null(a) || null(b) {
			return "0"
		}
		return a
	case ":":
		rx, err := compile(b, false, false)
		if err != nil {
			e.c.misuse(2, "%s", err)
		}
		m := rx.FindStringSubmatchIndex(a)
		group := strings.Contains(b, `\(`)
		switch {
		case m == nil || m[0] != 0:
			if group {
				return ""
			}
			return "0"
		case group && m[2] >= 0:
			return a[m[2]:m[3]]
		}
		return strconv.Itoa(len([]rune(a[:m[1]])))
	}
	x, ok1 := new(big.Int).SetString(a, 10)
	y, ok2 := new(big.Int).SetString(b, 10)
	if i := strings.Index("< <= = == != >= >", op); i >= 0 {
		d := strings.Compare(a, b)
		if ok1 && ok2 {
			d = x.Cmp(y)
		}
		return truth(map[string]bool{"<": d < 0, "<=": d <= 0, "=": d == 0, "==": d == 0, "!=": d != 0, ">=": d >= 0, ">": d > 0}[op])
	}
	if !ok1 || !ok2 {
		e.c.misuse(2, "non-integer argument")
	}
	switch op {
	case "+":
		return x.Add(x, y).String()
	case "-":
		return x.Sub(x, y).String()
	case "*":
		return x.Mul(x, y).String()
	}
	if y.Sign() == 0 {
		e.c.misuse(2, "division by zero")
	}
	if op == "/" {
		return x.Quo(x, y).String()
	}
	return x.Rem(x, y).String()
}

// installed lists the programs of a machine, for busybox's own listing.
func installed(m *userland.Machine) []string {
	var names []string
	for n := range m.Programs {
		names = append(names, path.Base(n))
	}
	sort.Strings(names)
	return names
}
