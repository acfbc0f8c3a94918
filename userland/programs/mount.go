package programs

import (
	"fmt"
	"path"
	"strings"

	"dnetsim/userland"
)

// mount lists the mounts, those of the types after -t only. It mounts nothing.
func mount(c *invocation) int {
	o := c.parse("alrwvnfo:t:|types=t,options=o,all=a")
	if len(o.args) > 0 {
		if c.gnu {
			c.Errorf("mount: %s: permission denied.\n", o.args[len(o.args)-1])
			return 32
		}
		return c.fail("permission denied (are you root?)")
	}
	types := strings.Split(o.value("t", ""), ",")
	for _, m := range c.Machine.FS().Mounts() {
		if types[0] != "" && !listed(types, m.Type) {
			continue
		}
		c.Printf("%s on %s type %s (%s)\n", m.Source, m.Target, m.Type, m.Options)
	}
	return 0
}

// listed reports whether a type is in a list of -t, which "no" turns round.
func listed(types []string, kind string) bool {
	no := strings.HasPrefix(types[0], "no")
	for _, t := range types {
		if strings.TrimPrefix(t, "no") == kind {
			return !no
		}
	}
	return no
}

// The machine's disk, and its memory, which bounds a tmpfs without a size. In
// kilobytes.
const (
	diskSize, diskUsed, diskFree = 20511312, 3250324, 16193720
	memorySize                   = userland.MemorySize >> 10
)

// space is one line of df.
type space struct {
	mount             userland.Mount
	total, used, free int64
}

func (s space) percent() string {
	if s.total == 0 {
		return "-"
	}
	return fmt.Sprintf("%d%%", (s.used*100+s.used+s.free-1)/max(1, s.used+s.free))
}

// spaceOf is what a file system holds; the kernel's own hold nothing.
func spaceOf(m userland.Mount) space {
	s := space{mount: m}
	switch m.Type {
	case "ext4", "overlay":
		s.total, s.used, s.free = diskSize, diskUsed, diskFree
	case "tmpfs", "devtmpfs":
		s.total = memorySize / 2
		for _, o := range strings.Split(m.Options, ",") {
			fmt.Sscanf(o, "size=%dk", &s.total)
		}
		s.free = s.total
	}
	return s
}

func df(c *invocation) int {
	o := c.parse("hkTPaiHlm|human-readable=h,all=a,print-type=T,portability=P")
	mounts := c.Machine.FS().Mounts()
	var list []space
	for _, m := range mounts {
		if s := spaceOf(m); s.total > 0 || o.has("a") {
			list = append(list, s)
		}
	}
	status := 0
	if len(o.args) > 0 {
		list = nil
		for _, a := range o.args {
			at, err := c.Machine.FS().Realpath(c.Abs(a))
			if _, serr := c.Stat(a); err != nil || serr != nil {
				if err = serr; err == nil {
					err = userland.ENOENT
				}
				status = c.fail("%s: %s", a, err)
				continue
			}
			list = append(list, spaceOf(holding(mounts, at)))
		}
		if len(list) == 0 {
			return status
		}
	} else if c.gnu && !o.has("a") {
		list = shortest(list)
	}
	if c.gnu {
		c.dfTable(list, o)
		return status
	}
	unit := "1K-blocks"
	if o.has("h") {
		unit = "     Size"
	}
	c.Printf("Filesystem           %-15sUsed Available Use%% Mounted on\n", unit)
	for _, s := range list {
		name := s.mount.Source
		if len(name) > 20 {
			name += fmt.Sprintf("\n%20s", "")
		}
		size := func(n int64) string {
			if !o.has("h") {
				return fmt.Sprint(n)
			}
			return binaryTenth(n << 10)
		}
		p := strings.TrimSuffix(s.percent(), "%")
		if p == "-" {
			p = "0"
		}
		c.Printf("%-20s %9s %9s %9s %3s%% %s\n", name, size(s.total), size(s.used), size(s.free), p, s.mount.Target)
	}
	return status
}

// binaryTenth is busybox's form of a size.
func binaryTenth(n int64) string {
	if n == 0 {
		return "0"
	}
	x := float64(n)
	for _, u := range "KMGT" {
		if x /= 1024; x < 1024 {
			return fmt.Sprintf("%.1f%c", x, u)
		}
	}
	return fmt.Sprint(n)
}

// holding is the mount that a path without symbolic links is on.
func holding(mounts []userland.Mount, at string) (found userland.Mount) {
	for {
		for _, m := range mounts {
			if m.Target == at {
				found = m
			}
		}
		if found.Target != "" || at == "/" {
			return found
		}
		at = path.Dir(at)
	}
}

// shortest leaves of several views of a file system the one with the shortest path,
// the first one's place in the list kept, as GNU df does.
func shortest(list []space) []space {
	var out []space
	at := map[string]int{}
	for _, s := range list {
		key := s.mount.Bind
		if key == "" {
			key = s.mount.Target
		}
		k, seen := at[key]
		switch {
		case !seen:
			at[key] = len(out)
			out = append(out, s)
		case len(s.mount.Target) < len(out[k].mount.Target):
			out[k] = s
		}
	}
	return out
}

// dfTable prints GNU df's table, its columns as wide as what is in them.
func (c *invocation) dfTable(list []space, o options) {
	size := func(n int64) string {
		if !o.has("h") {
			return fmt.Sprint(n)
		}
		if n == 0 {
			return "0"
		}
		return ceiling(n << 10)
	}
	head := []string{"Filesystem", "1K-blocks", "Used", "Available", "Use%", "Mounted on"}
	if o.has("h") {
		head[1], head[3] = "Size", "Avail"
	}
	width := []int{14, 5, 5, 5, 4, 0}
	rows := [][]string{head}
	for _, s := range list {
		rows = append(rows, []string{s.mount.Source, size(s.total), size(s.used), size(s.free), s.percent(), s.mount.Target})
	}
	if o.has("T") {
		for k, r := range rows {
			kind := "Type"
			if k > 0 {
				kind = list[k-1].mount.Type
			}
			rows[k] = append([]string{r[0], kind}, r[1:]...)
		}
		width = append([]int{14, 4}, width[1:]...)
	}
	left := len(width) - 5
	for _, r := range rows {
		for k, cell := range r {
			width[k] = max(width[k], len(cell))
		}
	}
	for _, r := range rows {
		line := ""
		for k, cell := range r[:len(r)-1] {
			if k < left {
				line += fmt.Sprintf("%-*s ", width[k], cell)
			} else {
				line += fmt.Sprintf("%*s ", width[k], cell)
			}
		}
		c.Printf("%s%s\n", line, r[len(r)-1])
	}
}

// ceiling is GNU's form of a size: rounded up, two digits at least.
func ceiling(n int64) string {
	unit := int64(1)
	for _, u := range "KMGT" {
		unit <<= 10
		if tenths := (n*10 + unit - 1) / unit; tenths < 100 {
			return fmt.Sprintf("%d.%d%c", tenths/10, tenths%10, u)
		}
		if whole := (n + unit - 1) / unit; whole < 1024 {
			return fmt.Sprintf("%d%c", whole, u)
		}
	}
	return fmt.Sprint(n)
}
