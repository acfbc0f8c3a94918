package netconf

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dnetsim/link"
	"dnetsim/stack"
	"dnetsim/userland"
)

// tcTool is one run of iproute2's tc: every device has the noqueue discipline,
// or netem.
type tcTool struct {
	p     *userland.Process
	out   strings.Builder
	stats bool
}

func tcProgram(p *userland.Process) int {
	t := &tcTool{p: p}
	err := t.run(&words{list: p.Args[1:]})
	emit(p, t.out.String())
	return finish(p, err)
}

func (t *tcTool) run(w *words) error {
	for strings.HasPrefix(w.peek(), "-") {
		switch arg := w.next(); {
		case abbreviates(arg, "-statistics", "-stats"):
			t.stats = true
		case abbreviates(arg, "-Version"):
			t.out.WriteString("tc utility, " + iproute2Version + ", libbpf 1.1.2\n")
			return nil
		case abbreviates(arg, "-details"):
		default:
			return notSimulated("tc %s", arg)
		}
	}
	if !w.more() {
		t.out.WriteString(usage("tc"))
		return nil
	}
	object := w.next()
	switch {
	case abbreviates(object, "qdisc"):
		return t.qdisc(w)
	case abbreviates(object, "class", "filter", "chain", "action"):
		if !w.more() || abbreviates(w.peek(), "show", "list", "lst") {
			return nil // there are none
		}
		return notSimulated("tc %s %s", object, w.next())
	}
	return exitWith(1, `Object "%s" is unknown, try "tc help".`, object)
}

func (t *tcTool) qdisc(w *words) error {
	cmd := "show"
	if w.more() {
		cmd = w.next()
	}
	if abbreviates(cmd, "show", "list", "lst") {
		return t.show(w)
	}
	if !abbreviates(cmd, "delete", "add", "change", "replace") {
		return exitWith(1, `Command "%s" is unknown, try "tc qdisc help".`, cmd)
	}
	var dev *stack.Interface
	for w.more() {
		var err error
		switch arg := w.next(); arg {
		case "dev":
			dev, err = t.device(w)
		case "root":
		case "handle":
			_, err = w.value()
		case "netem":
			if dev == nil {
				return exitWith(1, `Cannot find device ""`)
			}
			return setNetem(dev, cmd, w)
		default:
			err = notSimulated("%q of tc qdisc: dnetsim has netem at the root of a device", arg)
		}
		if err != nil {
			return err
		}
	}
	if dev == nil || !abbreviates(cmd, "delete") {
		return notSimulated("tc qdisc %s without netem", cmd)
	}
	return setNetem(dev, cmd, w)
}

func (t *tcTool) device(w *words) (*stack.Interface, error) {
	name := w.next()
	i := t.p.NS().Interface(name)
	if i == nil {
		return nil, exitWith(1, `Cannot find device "%s"`, name)
	}
	return i, nil
}

// setNetem adds, changes or deletes a device's netem.
func setNetem(dev *stack.Interface, cmd string, w *words) error {
	how, _, there := stack.Netem(dev)
	switch {
	case abbreviates(cmd, "delete") && !there:
		return exitWith(2, "Error: Cannot delete qdisc with handle of zero.")
	case abbreviates(cmd, "delete"):
		stack.SetNetem(dev, nil)
		return nil
	case abbreviates(cmd, "add") && there:
		return exitWith(2, "Error: Exclusivity flag on, cannot modify.")
	case abbreviates(cmd, "change") && !there:
		return exitWith(2, "Error: Qdisc not found. To create specify NLM_F_CREATE flag.")
	}
	was := how
	how, err := w.netem()
	if err != nil {
		return err
	}
	if how.Rate == 0 && abbreviates(cmd, "change") { // what is not named stays only for the rate
		how.Rate = was.Rate
	}
	stack.SetNetem(dev, &how)
	return nil
}

// netem reads the options of netem. Correlations and distributions are not
// simulated.
func (w *words) netem() (how link.Impairment, err error) {
	how.Queue = 1000
	for w.more() && err == nil {
		switch arg := w.next(); {
		case abbreviates(arg, "limit"):
			how.Queue, err = w.number(31, "limit")
		case abbreviates(arg, "delay", "latency"):
			if how.Delay, err = w.tcTime(); err == nil && isTCTime(w.peek()) {
				how.Jitter, err = w.tcTime()
			}
		case abbreviates(arg, "loss", "drop"):
			if w.peek() == "random" {
				w.next()
			}
			how.Loss, err = w.percent("loss")
		case abbreviates(arg, "duplicate"):
			how.Duplicate, err = w.percent("duplicate")
		case abbreviates(arg, "corrupt"):
			how.Corrupt, err = w.percent("corrupt")
		case abbreviates(arg, "reorder"):
			how.Reorder, err = w.percent("reorder")
		case abbreviates(arg, "rate"):
			how.Rate, err = w.bitRate()
		case isPercent(arg):
			err = notSimulated("correlations of netem (%s)", arg)
		case abbreviates(arg, "distribution", "ecn", "gap", "slot", "seed"):
			err = notSimulated("%q of netem", arg)
		default:
			err = exitWith(1, "What is \"%s\"?\n%s", arg, strings.TrimSuffix(netemUsage, "\n"))
		}
	}
	if err == nil && how.Reorder > 0 && how.Delay == 0 {
		err = exitWith(1, "reordering not possible without specifying some delay")
	}
	return how, err
}

const netemUsage = `Usage: ... netem	[ limit PACKETS ]
			[ delay TIME [ JITTER ] ]
			[ loss PERCENT ]
			[ corrupt PERCENT ]
			[ duplicate PERCENT ]
			[ reorder PERCENT ]
			[ rate RATE ]
`

// tcUnits are the units of a time, microseconds if there is none.
var tcUnits = map[string]time.Duration{
	"": time.Microsecond, "us": time.Microsecond, "usec": time.Microsecond, "usecs": time.Microsecond, "ms": time.Millisecond,
	"msec": time.Millisecond, "msecs": time.Millisecond, "s": time.Second, "sec": time.Second, "secs": time.Second, "ns": time.Nanosecond,
}

// quantity splits a number from its unit.
func quantity(text string) (n float64, unit string, ok bool) {
	at := strings.LastIndexAny(text, "0123456789.") + 1
	n, err := strconv.ParseFloat(text[:at], 64)
	return n, text[at:], err == nil && n >= 0
}

func isTCTime(text string) bool {
	_, unit, ok := quantity(text)
	return ok && tcUnits[strings.ToLower(unit)] != 0
}

func isPercent(text string) bool {
	_, unit, ok := quantity(text)
	return ok && unit == "%"
}

func (w *words) tcTime() (time.Duration, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, unit, ok := quantity(text)
	if !ok || !isTCTime(text) || n > 1e9 {
		return 0, exitWith(1, `Illegal "latency"`)
	}
	return time.Duration(n * float64(tcUnits[strings.ToLower(unit)])), nil
}

func (w *words) percent(what string) (float64, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, unit, ok := quantity(text)
	if !ok || unit != "" && unit != "%" || n > 100 {
		return 0, exitWith(1, `Illegal "%s"`, what)
	}
	return n / 100, nil
}

// rateUnits are the units of a rate, bits per second if there is none.
var rateUnits = map[string]float64{
	"": 1, "bit": 1, "kbit": 1e3, "mbit": 1e6, "gbit": 1e9, "tbit": 1e12, "kibit": 1 << 10, "mibit": 1 << 20, "gibit": 1 << 30,
	"bps": 8, "kbps": 8e3, "mbps": 8e6, "gbps": 8e9,
}

func (w *words) bitRate() (int64, error) {
	text, err := w.value()
	if err != nil {
		return 0, err
	}
	n, unit, ok := quantity(text)
	u, known := rateUnits[strings.ToLower(unit)]
	if !ok || !known || n*u < 8 || n*u > 1e15 {
		return 0, exitWith(1, `Illegal "rate"`)
	}
	return int64(n * u), nil
}

func (t *tcTool) show(w *words) error {
	only := ""
	for w.more() {
		if w.next() == "dev" {
			i, err := t.device(w)
			if err != nil {
				return err
			}
			only = i.Name()
		}
	}
	for n, i := range t.p.NS().Interfaces() {
		if only != "" && i.Name() != only || !i.Up() && i.Kind() != stack.KindLoopback {
			continue
		}
		dev := "dev " + i.Name() + " "
		if only != "" {
			dev = ""
		}
		how, passed, ok := stack.Netem(i)
		if ok {
			fmt.Fprintf(&t.out, "qdisc netem %x: %sroot refcnt 2 %s\n", 0x8001+n, dev, netemText(how))
		} else {
			fmt.Fprintf(&t.out, "qdisc noqueue 0: %sroot refcnt 2 \n", dev)
		}
		if t.stats {
			fmt.Fprintf(&t.out, " Sent %d bytes %d pkt (dropped %d, overlimits 0 requeues 0) \n backlog 0b 0p requeues 0\n",
				passed.TxBytes, passed.TxFrames-passed.Dropped, passed.Dropped)
		}
	}
	return nil
}

// netemText is what netem does, as tc prints it.
func netemText(how link.Impairment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "limit %d", how.Queue)
	if how.Delay > 0 {
		b.WriteString(" delay " + tcTimeText(how.Delay))
		if how.Jitter > 0 {
			b.WriteString("  " + tcTimeText(how.Jitter))
		}
	}
	for _, p := range []struct {
		name string
		of   float64
	}{{"loss", how.Loss}, {"duplicate", how.Duplicate}, {"reorder", how.Reorder}, {"corrupt", how.Corrupt}} {
		if p.of > 0 {
			fmt.Fprintf(&b, " %s %s%%", p.name, strconv.FormatFloat(p.of*100, 'g', 6, 64))
		}
	}
	if how.Rate > 0 {
		b.WriteString(" rate " + rateText(how.Rate))
	}
	if how.Reorder > 0 {
		b.WriteString(" gap 1")
	}
	return b.String()
}

func tcTimeText(d time.Duration) string {
	switch us := float64(d) / float64(time.Microsecond); {
	case d >= time.Second:
		return strconv.FormatFloat(us/1e6, 'g', 3, 64) + "s"
	case d >= time.Millisecond:
		return strconv.FormatFloat(us/1e3, 'g', 3, 64) + "ms"
	default:
		return fmt.Sprintf("%.0fus", us)
	}
}

// rateText is a rate in the largest unit that needs no fraction.
func rateText(rate int64) string {
	units := []string{"", "K", "M", "G", "T"}
	k := 0
	for k < len(units)-1 && rate >= 1000 && (rate%1000 == 0 || rate >= 1000*1000) {
		rate /= 1000
		k++
	}
	return fmt.Sprintf("%d%sbit", rate, units[k])
}
