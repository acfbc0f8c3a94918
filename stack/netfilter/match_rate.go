package netfilter

import (
	"fmt"
	"strconv"
	"strings"
)

// limitMatch is "-m limit": a bucket of burst tokens that fills at the rate.
type limitMatch struct {
	n     uint64 // packets
	unit  string // per "sec", "min", "hour", "day"
	burst uint64
	state *limitState
}

type limitState struct {
	tokens float64
	last   int64 // virtual nanoseconds
	begun  bool
}

var limitUnits = []struct {
	name    string
	seconds uint64
}{{"day", 86400}, {"hour", 3600}, {"min", 60}, {"sec", 1}}

func (m *limitMatch) seconds() uint64 {
	for _, u := range limitUnits {
		if u.name == m.unit {
			return u.seconds
		}
	}
	return 1
}

func (m *limitMatch) name() string { return "limit" }

func (m *limitMatch) rate() string {
	// The kernel keeps the time per packet in 0.1 ms; iptables prints the
	// largest unit that it divides.
	period := m.seconds() * 10000 / m.n
	i := 1
	for ; i < len(limitUnits); i++ {
		scale := limitUnits[i].seconds * 10000
		if period > scale || scale/period < scale%period {
			break
		}
	}
	u := limitUnits[i-1]
	return fmt.Sprintf("%d/%s", u.seconds*10000/period, u.name)
}

func (m *limitMatch) save(w *strings.Builder) {
	w.WriteString(" --limit " + m.rate())
	if m.burst != 5 {
		w.WriteString(" --limit-burst " + strconv.FormatUint(m.burst, 10))
	}
}

func (m *limitMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" limit: avg " + m.rate() + " burst " + strconv.FormatUint(m.burst, 10))
}

func (m *limitMatch) test(p *packet) bool {
	now := p.rules.opts.Now().UnixNano()
	s := m.state
	if !s.begun {
		s.begun, s.tokens, s.last = true, float64(m.burst), now
	}
	perSecond := float64(m.n) / float64(m.seconds())
	s.tokens = min(float64(m.burst), s.tokens+float64(now-s.last)/1e9*perSecond)
	s.last = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}

func (m *limitMatch) parseRate(arg string) error {
	n, unit, has := strings.Cut(arg, "/")
	if !has {
		unit = "sec"
	}
	v, err := strconv.ParseUint(n, 10, 32)
	if err != nil || v == 0 || unit == "" {
		return usagef("bad rate \"%s\"'", arg)
	}
	for _, u := range []struct{ long, short string }{{"second", "sec"}, {"minute", "min"}, {"hour", "hour"}, {"day", "day"}} {
		if strings.HasPrefix(u.long, strings.ToLower(unit)) {
			m.n, m.unit = v, u.short
			if m.seconds()*10000/v == 0 {
				return usagef("Rate too fast \"%s\"", arg)
			}
			return nil
		}
	}
	return usagef("bad rate \"%s\"'", arg)
}

// statisticMatch is "-m statistic".
type statisticMatch struct {
	mode   string // "random" or "nth"
	not    bool
	prob   uint32 // of 1<<31
	every  uint32
	packet uint32
	state  *nthState
}

type nthState struct {
	count uint32
	begun bool
}

func (m *statisticMatch) name() string { return "statistic" }

func (m *statisticMatch) write(w *strings.Builder, prefix string) {
	w.WriteString(prefix + "mode " + m.mode)
	not(w, m.not)
	if m.mode == "random" {
		w.WriteString(prefix + "probability " + strconv.FormatFloat(float64(m.prob)/(1<<31), 'f', 11, 64))
		return
	}
	w.WriteString(prefix + "every " + strconv.FormatUint(uint64(m.every), 10))
	if m.packet != 0 || prefix == " --" {
		w.WriteString(prefix + "packet " + strconv.FormatUint(uint64(m.packet), 10))
	}
}

func (m *statisticMatch) save(w *strings.Builder) { m.write(w, " --") }

func (m *statisticMatch) list(w *strings.Builder, _ bool) {
	w.WriteString(" statistic")
	m.write(w, " ")
}

func (m *statisticMatch) test(p *packet) bool {
	if m.mode == "random" {
		return (p.rules.opts.Rand()&0x7fffffff < m.prob) != m.not
	}
	s := m.state
	if !s.begun {
		s.begun, s.count = true, m.every-1-m.packet
	}
	hit := s.count == m.every-1
	s.count++
	if hit {
		s.count = 0
	}
	return hit != m.not
}
