package programs

import (
	"strconv"

	"dnetsim/userland"
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
