package programs

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"dnetsim/stack"
	"dnetsim/userland"
	"dnetsim/userland/shell"
)

var systemTable = map[string]applet{
	"id": id, "whoami": whoami, "uname": uname, "date": date, "hostname": hostname, "env": env,
	"printenv": printenv, "uptime": uptime, "free": free, "sleep": sleep, "usleep": usleep,
	"true": nothing, "false": failing, "test": test, "[": test, "echo": echo, "printf": printf,
	"expr": expr, "which": which, "pwd": pwd, "tty": tty, "stty": stty, "clear": clearScreen,
	"reset": reset, "nproc": nproc, "mount": mount, "umount": nothing, "dmesg": dmesg,
	"groups": groups, "arch": arch, "getconf": getconf, "vi": vi, "vim": vi, "nano": nano,
	"w": w, "who": nothing, "logname": whoami, "mknod": nothing, "getent": getent,
	"modprobe": modprobe, "lsmod": nothing,
}

// modprobe finds every module in the kernel, but for what that was built without.
func modprobe(c *invocation) int {
	code := 0
	for _, a := range c.Args[1:] {
		if strings.HasPrefix(a, "-") {
			continue
		}
		without := c.NS().Without()
		kind, ok := stack.Optional()[map[string]string{"8021q": "vlan"}[a]]
		if !ok {
			kind, ok = stack.Optional()[a]
		}
		if ok && c.NS().Lacks(kind) || strings.HasPrefix(a, "ip_vs") && without.IPVS || a == "esp4" && without.ESP {
			c.Errorf("modprobe: FATAL: Module %s not found in directory /lib/modules/%s\n", a, c.Machine.KernelVersion)
			code = 1
		}
	}
	return code
}

func failing(*invocation) int { return 1 }

func id(c *invocation) int {
	o := c.parse("ugnGr|user=u,group=g,name=n")
	who, all := c.Identity, c.Groups
	if len(o.args) > 0 {
		of, _, err := c.Machine.FS().Identify(o.args[0])
		if err != nil || c.Machine.FS().NameOf("/etc/passwd", of.UID) == "" {
			return c.fail("unknown user %s", o.args[0])
		}
		who, all = of, of.Groups
	}
	if len(all) == 0 {
		all = []int{c.GID}
		if c.UID == 0 && !c.gnu {
			all = append(all, 10)
		}
	}
	name := func(file string, id int) string {
		if n := c.Machine.FS().NameOf(file, id); n != "" {
			return n
		}
		return map[int]string{10: "wheel"}[id]
	}
	short := func(file string, id int) string {
		if n := name(file, id); n != "" && o.has("n") {
			return n
		}
		return strconv.Itoa(id)
	}
	long := func(file string, id int) string {
		if n := name(file, id); n != "" {
			return fmt.Sprintf("%d(%s)", id, n)
		}
		return strconv.Itoa(id)
	}
	list := func(form func(string, int) string, between string) string {
		var words []string
		for _, g := range all {
			words = append(words, form("/etc/group", g))
		}
		return strings.Join(words, between)
	}
	switch {
	case o.has("u"):
		c.Printf("%s\n", short("/etc/passwd", who.UID))
	case o.has("g"):
		c.Printf("%s\n", short("/etc/group", who.GID))
	case o.has("G"):
		c.Printf("%s\n", list(short, " "))
	default:
		c.Printf("uid=%s gid=%s groups=%s\n", long("/etc/passwd", who.UID), long("/etc/group", who.GID), list(long, ","))
	}
	return 0
}

func whoami(c *invocation) int {
	name := c.Machine.FS().NameOf("/etc/passwd", c.UID)
	switch {
	case name == "" && c.gnu:
		return c.fail("cannot find name for user ID %d", c.UID)
	case name == "":
		return c.fail("unknown uid %d", c.UID)
	}
	c.Printf("%s\n", name)
	return 0
}

func groups(c *invocation) int {
	all := c.Groups
	if len(all) == 0 {
		all = []int{c.GID}
	}
	var words []string
	for _, g := range all {
		n := c.Machine.FS().NameOf("/etc/group", g)
		if n == "" {
			n = strconv.Itoa(g)
		}
		words = append(words, n)
	}
	c.Printf("%s\n", strings.Join(words, " "))
	return 0
}

func arch(c *invocation) int { c.Printf("%s\n", c.Machine.Arch); return 0 }

func nproc(c *invocation) int { c.Printf("%d\n", userland.CPUs); return 0 }

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
	case len(o.args) > 0 && !userland.SysAdmin.HeldBy(c.Process):
		if c.gnu {
			return c.fail("you must be root to change the host name")
		}
		return c.fail("sethostname: %s", userland.EPERM)
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
	err := c.Exec(args...)
	status := 127
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

func free(c *invocation) int {
	o := c.parse("mhkgbwt|mega=m,human=h")
	div := 1
	if o.has("m") {
		div = 1024
	}
	total, used, av := memorySize/div, 351104/div, 3501876/div
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

func echo(c *invocation) int {
	if _, err := c.Stdout.Write([]byte(shell.EchoText(c.Args[1:], true))); err != nil {
		return c.fail("write error: %s", err)
	}
	return 0
}

func printf(c *invocation) int {
	if len(c.Args) < 2 {
		c.misuse(1, "missing operand")
	}
	text, status, errs := shell.PrintfText(c.Args[1:])
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
	ok, err := shell.TestArgs(shell.TestEnvOf(c.Process), args)
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

// installed lists the programs of a machine, for busybox's own listing.
func installed(m *userland.Machine) []string {
	var names []string
	for n := range m.Programs {
		if path.Base(n) == n { // the others have no file yet
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

// kernelLevels are the levels of the kernel's log, by number.
var kernelLevels = []string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"}

// dmesg prints the kernel's log: to root of a host, or of a privileged container.
func dmesg(c *invocation) int {
	if !userland.AllCapabilities.HeldBy(c.Process) {
		if !c.gnu {
			return c.fail("klogctl: Operation not permitted")
		}
		return c.fail("read kernel buffer failed: Operation not permitted")
	}
	o := c.parse("cCTtwkxHPrn:s:l:f:|clear=C,read-clear=c,ctime=T,notime=t,follow=w,follow-new=W,level=l,facility=f,decode=x,human=H,nopager=P,color::,raw=r,kernel=k")
	if o.has("C") {
		c.Machine.ClearKernelLog()
		return 0
	}
	levels := strings.FieldsFunc(o.value("l", ""), func(r rune) bool { return r == ',' })
	for _, l := range levels {
		if !slices.Contains(kernelLevels, l) {
			return c.fail("unknown level '%s'", l)
		}
	}
	shown := 0
	print := func() {
		for _, l := range c.Machine.Dmesg() {
			if l.N <= shown {
				continue
			}
			shown = l.N
			if len(levels) == 0 || slices.Contains(levels, kernelLevels[l.Level]) {
				c.Printf("%s\n", dmesgLine(o, l))
			}
		}
	}
	print()
	if o.has("c") {
		c.Machine.ClearKernelLog()
	}
	for o.has("w") {
		if c.Sleep(100*time.Millisecond) != nil {
			return 0
		}
		print()
	}
	return 0
}

func dmesgLine(o options, l userland.KernelLine) string {
	text := l.Stamp() + " " + l.Text
	switch {
	case o.has("t"):
		text = l.Text
	case o.has("T"):
		text = "[" + l.At.Format("Mon Jan _2 15:04:05 2006") + "] " + l.Text
	case o.has("r"):
		text = "<" + strconv.Itoa(l.Level) + ">" + text
	}
	if o.has("x") {
		text = fmt.Sprintf("kern  :%-6s: %s", kernelLevels[l.Level], text)
	}
	return text
}
