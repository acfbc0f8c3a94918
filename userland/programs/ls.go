package programs

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dnetsim/userland"
)

func ls(c *invocation) int {
	o := c.parse("lahA1tSrRdiFnshCxpLHgGkTZQbNq|escape=b,dereference=L,all=a,almost-all=A,recursive=R,reverse=r,human-readable=h,color::,inode=i,directory=d,classify=F::,full-time,time-style:")
	files := o.args
	if len(files) == 0 {
		files = []string{"."}
	}
	status := 0
	var dirs, plain []userland.Info
	for _, f := range files {
		i, err := c.Stat(f)
		if err != nil || o.has("l") && !o.has("L") && !strings.HasSuffix(f, "/") {
			var lerr error
			if i, lerr = c.Lstat(f); lerr == nil {
				err = nil
			} else {
				err = lerr
			}
		}
		if err != nil {
			status = 1
			if c.gnu {
				c.fail("cannot access '%s': %s", f, err)
				status = 2
			} else {
				c.fail("%s: %s", f, err)
			}
			continue
		}
		i.Name = f
		if i.IsDir() && !o.has("d") {
			dirs = append(dirs, i)
		} else {
			plain = append(plain, i)
		}
	}
	l := &lister{c, o}
	l.sort(plain)
	l.print(plain, "")
	for k, d := range dirs {
		if len(files) > 1 || o.has("R") {
			if k > 0 || len(plain) > 0 {
				c.Printf("\n")
			}
			c.Printf("%s:\n", d.Name)
		}
		l.directory(d.Name, nil)
	}
	return status
}

type lister struct {
	*invocation
	o options
}

func (l *lister) directory(dir string, above []uint64) {
	infos, err := l.ReadDir(dir)
	if err != nil {
		if l.gnu {
			l.fail("cannot open directory '%s': %s", dir, err)
		} else {
			l.fail("can't open '%s': %s", dir, err)
		}
		return
	}
	var shown []userland.Info
	if l.o.has("a") {
		for _, dot := range []string{".", ".."} {
			if i, err := l.Stat(dir + "/" + dot); err == nil {
				i.Name = dot
				shown = append(shown, i)
			}
		}
	}
	for _, i := range infos {
		if !strings.HasPrefix(i.Name, ".") || l.o.has("a", "A") {
			if to, err := l.Stat(dir + "/" + i.Name); err == nil && l.o.has("L") {
				to.Name = i.Name
				i = to
			}
			shown = append(shown, i)
		}
	}
	l.sort(shown)
	if l.o.has("l", "s") {
		blocks := int64(0)
		for _, i := range shown {
			blocks += blocksOf(i)
		}
		l.Printf("total %d\n", blocks)
	}
	l.print(shown, dir)
	if !l.o.has("R") {
		return
	}
	for _, i := range shown {
		if i.IsDir() && i.Name != "." && i.Name != ".." {
			sub := strings.TrimSuffix(dir, "/") + "/" + i.Name
			l.Printf("\n%s:\n", sub)
			if slices.Contains(above, i.Inode) {
				l.fail("%s: not listing already-listed directory", sub)
				continue
			}
			l.directory(sub, append(above[:len(above):len(above)], i.Inode))
		}
	}
}

// blocksOf is the disk space of a file in kilobytes.
func blocksOf(i userland.Info) int64 { return i.Blocks / 2 }

func (l *lister) sort(infos []userland.Info) {
	sort.SliceStable(infos, func(a, b int) bool {
		x, y := infos[a], infos[b]
		if l.o.has("r") {
			x, y = y, x
		}
		switch {
		case l.o.has("t") && !x.ModTime.Equal(y.ModTime):
			return x.ModTime.After(y.ModTime)
		case l.o.has("S") && x.Size != y.Size:
			return x.Size > y.Size
		}
		return x.Name < y.Name
	})
}

func (l *lister) label(i userland.Info) string {
	name := i.Name
	switch {
	case l.o.has("b"):
		name = escaped(name)
	case l.o.has("q") || userland.IsTTY(l.Stdout) && !l.o.has("N"):
		name = printable(name)
	}
	if l.o.has("F", "p") {
		switch {
		case i.IsDir():
			name += "/"
		case l.o.has("F") && i.Kind == userland.Link && !l.o.has("l"):
			name += "@"
		case l.o.has("F") && i.Kind == userland.Regular && i.Mode&0o111 != 0:
			name += "*"
		}
	}
	if l.o.has("i") {
		name = fmt.Sprintf("%7d %s", i.Inode, name)
	}
	if l.o.has("l") && i.Kind == userland.Link {
		name += " -> " + i.Target
	}
	return name
}

// escaped is a name as ls -b prints it: C escapes for what is no graphic.
func escaped(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == ' ' || r == '\\':
			b.WriteString("\\" + string(r))
		case r >= '\a' && r <= '\r':
			b.WriteString("\\" + string("abtnvfr"[r-'\a']))
		case r == utf8.RuneError && n == 1, !unicode.IsGraphic(r):
			for k := range n {
				fmt.Fprintf(&b, "\\%03o", name[i+k])
			}
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// printable is a name as ls prints it to a terminal: a question mark for what
// would move the cursor.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '?'
		}
		return r
	}, name)
}

func (l *lister) print(infos []userland.Info, _ string) {
	if l.o.has("l", "n", "g") {
		l.long(infos)
		return
	}
	if l.o.has("1") || !userland.IsTTY(l.Stdout) && !l.o.has("C", "x") {
		for _, i := range infos {
			l.Printf("%s\n", l.label(i))
		}
		return
	}
	l.columns(infos)
}

// columns prints names down the columns of the terminal.
func (l *lister) columns(infos []userland.Info) {
	if len(infos) == 0 {
		return
	}
	width, term := 0, 80
	if l.TTY != nil && l.TTY.Size().Cols > 0 {
		term = l.TTY.Size().Cols
	}
	for _, i := range infos {
		width = max(width, utf8.RuneCountInString(l.label(i)))
	}
	width += 2
	cols := max(1, term/width)
	rows := (len(infos) + cols - 1) / cols
	for r := range rows {
		line := ""
		for k := r; k < len(infos); k += rows {
			line += fmt.Sprintf("%-*s", width, l.label(infos[k]))
		}
		l.Printf("%s\n", strings.TrimRight(line, " "))
	}
}

func (l *lister) long(infos []userland.Info) {
	sizes := make([]string, len(infos))
	wl, ws := 1, 1
	for k, i := range infos {
		sizes[k] = fmt.Sprint(i.Size)
		if l.o.has("h") {
			sizes[k] = human(i.Size)
		}
		if i.Kind == userland.CharDevice {
			sizes[k] = fmt.Sprintf("%d, %3d", i.Major, i.Minor)
		}
		wl, ws = max(wl, len(fmt.Sprint(i.Links))), max(ws, len(sizes[k]))
	}
	for k, i := range infos {
		owner, group := l.userName(i.UID), l.groupName(i.GID)
		if l.o.has("n") {
			owner, group = fmt.Sprint(i.UID), fmt.Sprint(i.GID)
		}
		if l.gnu {
			l.Printf("%s %*d %s %s %*s %s %s\n", i.ModeString(), wl, i.Links, owner, group, ws, sizes[k], l.when(i.ModTime), l.label(i))
			continue
		}
		l.Printf("%s %4d %-8s %-8s %9s %s %s\n", i.ModeString(), i.Links, owner, group, sizes[k], l.when(i.ModTime), l.label(i))
	}
}

// when is the date of ls -l: with the time if it is recent, with the year if
// not.
func (l *lister) when(t time.Time) string {
	if l.o.has("full-time") {
		return t.Format("2006-01-02 15:04:05.000000000 -0700")
	}
	now := l.Wall()
	if age := now.Sub(t); age > 182*24*time.Hour || age < -time.Hour {
		return t.Format("Jan _2  2006")
	}
	return t.Format("Jan _2 15:04")
}

func human(n int64) string {
	if n < 1024 {
		return fmt.Sprint(n)
	}
	x := float64(n)
	for _, u := range "KMGT" {
		if x /= 1024; x < 1024 {
			if x < 10 {
				return fmt.Sprintf("%.1f%c", x, u)
			}
			return fmt.Sprintf("%.0f%c", x, u)
		}
	}
	return fmt.Sprint(n)
}

// userName looks a number up in the machine's /etc/passwd.
func (c *invocation) userName(uid int) string { return c.account("/etc/passwd", uid) }

func (c *invocation) groupName(gid int) string { return c.account("/etc/group", gid) }

func (c *invocation) account(file string, id int) string {
	data, _ := c.Machine.FS().ReadFile(file)
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Split(line, ":"); len(f) > 2 && f[2] == fmt.Sprint(id) {
			return f[0]
		}
	}
	if id == 0 {
		return "root"
	}
	return fmt.Sprint(id)
}

func stat(c *invocation) int {
	o := c.parse("Lc:ft|format=c,dereference=L,printf:")
	if len(o.args) == 0 {
		c.misuse(1, "missing operand")
	}
	status := 0
	for _, f := range o.args {
		i, err := c.Lstat(f)
		if o.has("L") {
			i, err = c.Stat(f)
		}
		if err != nil {
			if c.gnu {
				status = c.fail("cannot statx '%s': %s", f, err)
			} else {
				status = c.fail("can't stat '%s': %s", f, err)
			}
			continue
		}
		kind := map[userland.Kind]string{
			userland.Regular: "regular file", userland.Directory: "directory", userland.Link: "symbolic link",
			userland.CharDevice: "character special file", userland.Fifo: "fifo", userland.Socket: "socket",
		}[i.Kind]
		if i.Kind == userland.Regular && i.Size == 0 {
			kind = "regular empty file"
		}
		date := i.ModTime.Format("2006-01-02 15:04:05.000000000 -0700")
		if format := o.value("c", ""); format != "" {
			c.Printf("%s\n", strings.NewReplacer(
				"%n", f, "%s", fmt.Sprint(i.Size), "%a", fmt.Sprintf("%o", i.Mode), "%A", i.ModeString(),
				"%U", c.userName(i.UID), "%G", c.groupName(i.GID), "%u", fmt.Sprint(i.UID), "%g", fmt.Sprint(i.GID),
				"%F", kind, "%Y", fmt.Sprint(i.ModTime.Unix()), "%y", date, "%i", fmt.Sprint(i.Inode),
				"%h", fmt.Sprint(i.Links), "%%", "%").Replace(format))
			continue
		}
		name := f
		if i.Kind == userland.Link {
			name += " -> " + i.Target
		}
		c.Printf("  File: %s\n  Size: %-10d\tBlocks: %-10d IO Block: 4096   %s\nDevice: 0,50\tInode: %-11d Links: %d\nAccess: (%04o/%s)  Uid: (%5d/%8s)   Gid: (%5d/%8s)\nAccess: %s\nModify: %s\nChange: %s\n",
			name, i.Size, blocksOf(i)*2, kind, i.Inode, i.Links, i.Mode, i.ModeString(), i.UID, c.userName(i.UID),
			i.GID, c.groupName(i.GID), date, date, date)
	}
	return status
}

func basename(c *invocation) int {
	o := c.parse("+as:|suffix=s,multiple=a")
	if len(o.args) == 0 {
		c.misuse(1, "missing operand")
	}
	names, suffix := o.args, o.value("s", "")
	if !o.has("a", "s") {
		names = o.args[:1]
		if len(o.args) > 1 {
			suffix = o.args[1]
		}
	}
	for _, n := range names {
		b := path.Base(n)
		if n == "" {
			b = ""
		}
		if b != suffix {
			b = strings.TrimSuffix(b, suffix)
		}
		c.Printf("%s\n", b)
	}
	return 0
}

func dirname(c *invocation) int {
	o := c.parse("+")
	if len(o.args) == 0 {
		c.misuse(1, "missing operand")
	}
	for _, n := range o.args {
		t := strings.TrimRight(n, "/")
		if t == "" && n != "" {
			c.Printf("/\n")
			continue
		}
		c.Printf("%s\n", path.Dir(t))
	}
	return 0
}
