package engine

import (
	"encoding/json"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"dnetsim/modes"
)

// before reports whether the client speaks an API older than 1.minor; one that names no
// version speaks the server's.
func (c *call) before(minor int) bool {
	text, ok := strings.CutPrefix(c.r.RequestURI, "/v1.")
	text, _, _ = strings.Cut(text, "/")
	n, err := strconv.Atoi(text)
	return ok && err == nil && n < minor
}

// since reports whether client and server speak API 1.minor or later.
func (c *call) since(minor int) bool {
	_, own, _ := strings.Cut(c.daemon.Version().APIVersion, ".")
	n, err := strconv.Atoi(own)
	return err == nil && n >= minor && !c.before(minor)
}

// boolean reads a flag as dockerd's httputils.BoolValue does: everything but
// "", 0, no, false and none is true.
func boolean(q url.Values, key string) bool {
	switch strings.ToLower(strings.TrimSpace(q.Get(key))) {
	case "", "0", "no", "false", "none":
		return false
	}
	return true
}

// filters reads the filters parameter in both encodings: {"k":{"v":true}} of
// the Go client and {"k":["v"]} of older ones.
func filters(q url.Values) (modes.Filters, error) {
	text := q.Get("filters")
	if text == "" {
		return nil, nil
	}
	var sets map[string]map[string]bool
	if json.Unmarshal([]byte(text), &sets) == nil {
		f := modes.Filters{}
		for k, set := range sets {
			for v, on := range set {
				if on {
					f[k] = append(f[k], v)
				}
			}
			sort.Strings(f[k])
		}
		return f, nil
	}
	var lists map[string][]string
	if err := json.Unmarshal([]byte(text), &lists); err != nil {
		return nil, invalid("invalid filter")
	}
	return modes.Filters(lists), nil
}

// seconds reads a stop timeout; nil means the container's own.
func seconds(q url.Values) (*time.Duration, error) {
	t := q.Get("t")
	if t == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(t)
	if err != nil {
		return nil, invalid("strconv.Atoi: parsing %q: invalid syntax", t)
	}
	d := time.Duration(n) * time.Second
	return &d, nil
}

// instant reads a Unix time with an optional fraction, "1767600000.000000001".
func instant(text string) (time.Time, error) {
	if text == "" || text == "0" {
		return time.Time{}, nil
	}
	sec, frac, _ := strings.Cut(text, ".")
	s, err := strconv.ParseInt(sec, 10, 64)
	if err != nil {
		if t, terr := time.Parse(time.RFC3339Nano, text); terr == nil {
			return t, nil
		}
		return time.Time{}, invalid("invalid timestamp %q", text)
	}
	for len(frac) < 9 {
		frac += "0"
	}
	n, err := strconv.ParseInt(frac[:9], 10, 64)
	if err != nil {
		return time.Time{}, invalid("invalid timestamp %q", text)
	}
	return time.Unix(s, n).UTC(), nil
}

// human is an age in docker's words (go-units HumanDuration).
func human(d time.Duration) string {
	s := int(d.Seconds())
	switch {
	case s < 1:
		return "Less than a second"
	case s == 1:
		return "1 second"
	case s < 60:
		return strconv.Itoa(s) + " seconds"
	}
	m := int(d.Minutes())
	switch {
	case m == 1:
		return "About a minute"
	case m < 60:
		return strconv.Itoa(m) + " minutes"
	}
	h := int(d.Hours() + 0.5)
	switch {
	case h == 1:
		return "About an hour"
	case h < 48:
		return strconv.Itoa(h) + " hours"
	case h < 24*7*2:
		return strconv.Itoa(h/24) + " days"
	case h < 24*30*2:
		return strconv.Itoa(h/24/7) + " weeks"
	case h < 24*365*2:
		return strconv.Itoa(h/24/30) + " months"
	}
	return strconv.Itoa(int(d.Hours())/24/365) + " years"
}
