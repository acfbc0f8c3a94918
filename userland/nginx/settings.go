package nginx

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

type duration = time.Duration

func setUser(r *reader, d *directive, _ *scope) error { r.conf.user = d.args[0]; return nil }
func setPID(r *reader, d *directive, _ *scope) error  { r.conf.pid = r.conf.abs(d.args[0]); return nil }

func setDaemon(r *reader, d *directive, _ *scope) (err error) {
	r.conf.daemon, err = onOff(d)
	return err
}

// onOff reads a flag.
func onOff(d *directive) (bool, error) {
	switch d.args[0] {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, d.fail("invalid value %q in %q directive, it must be \"on\" or \"off\"", d.args[0], d.name)
}

func setFlag(field func(*settings) **bool) func(*reader, *directive, *scope) error {
	return func(_ *reader, d *directive, s *scope) error {
		on, err := onOff(d)
		*field(s.settings) = &on
		return err
	}
}

func setTime(field func(*settings) **duration) func(*reader, *directive, *scope) error {
	return func(_ *reader, d *directive, s *scope) error {
		t, ok := readTime(d.args[0])
		if !ok {
			return d.fail("%q directive invalid value", d.name)
		}
		*field(s.settings) = &t
		return nil
	}
}

// readTime reads "75", "1m 30s" or "500ms".
func readTime(text string) (time.Duration, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(n) * time.Second, n >= 0
	}
	t, err := time.ParseDuration(strings.NewReplacer(" ", "", "d", "24h").Replace(text))
	return t, err == nil && t >= 0
}

func setErrorLog(r *reader, d *directive, s *scope) error {
	to := &r.conf.main
	if s.settings != nil {
		to = s.settings
	}
	if to.errorLog = d.args[0]; to.errorLog != "stderr" {
		to.errorLog = r.conf.abs(d.args[0])
	}
	to.errorLevel = "error"
	if len(d.args) == 2 {
		to.errorLevel = d.args[1]
	}
	if !contains(levels, to.errorLevel) {
		return d.fail("invalid value %q", d.args[1])
	}
	return nil
}

// levels are those of the error log, the gravest first.
var levels = []string{"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"}

func setLogFormat(r *reader, d *directive, _ *scope) error {
	args := d.args[1:]
	if strings.HasPrefix(args[0], "escape=") {
		args = args[1:]
	}
	r.conf.formats[d.args[0]] = strings.Join(args, "")
	return checkVariables(d, r.conf, args...)
}

func setAccessLog(r *reader, d *directive, s *scope) error {
	if d.args[0] == "off" {
		s.settings.accessLogs = []accessLog{}
		return nil
	}
	l := accessLog{r.conf.abs(d.args[0]), "combined"}
	if len(d.args) > 1 {
		l.format = d.args[1]
	}
	if _, ok := r.conf.formats[l.format]; !ok {
		return d.fail("unknown log format %q", l.format)
	}
	s.settings.accessLogs = append(s.settings.accessLogs, l)
	return nil
}

func setRoot(r *reader, d *directive, s *scope) error {
	if s.settings.root != "" || s.settings.alias != "" {
		return d.fail("%q directive is duplicate", d.name)
	}
	s.settings.root = d.args[0]
	return checkVariables(d, r.conf, d.args...)
}

func setAlias(r *reader, d *directive, s *scope) error {
	if s.settings.root != "" || s.settings.alias != "" {
		return d.fail("%q directive is duplicate", d.name)
	}
	s.settings.alias = d.args[0]
	return checkVariables(d, r.conf, d.args...)
}

func setIndex(_ *reader, d *directive, s *scope) error {
	s.settings.index = append(s.settings.index, d.args...)
	return nil
}

func setDefaultType(_ *reader, d *directive, s *scope) error {
	s.settings.defaultType = d.args[0]
	return nil
}

func setErrorPage(r *reader, d *directive, s *scope) error {
	e := errorPage{uri: d.args[len(d.args)-1]}
	codes := d.args[:len(d.args)-1]
	if as, ok := strings.CutPrefix(codes[len(codes)-1], "="); ok {
		e.as = -1
		if as != "" {
			n, err := strconv.Atoi(as)
			if err != nil {
				return d.fail("invalid value %q", codes[len(codes)-1])
			}
			e.as = n
		}
		codes = codes[:len(codes)-1]
	}
	for _, c := range codes {
		n, err := strconv.Atoi(c)
		if err != nil {
			return d.fail("invalid value %q", c)
		}
		if n < 300 || n > 599 {
			return d.fail("value %q must be between 300 and 599", c)
		}
		e.codes = append(e.codes, n)
	}
	s.settings.errorPages = append(s.settings.errorPages, e)
	return checkVariables(d, r.conf, e.uri)
}

func setAddHeader(r *reader, d *directive, s *scope) error {
	f := field{name: d.args[0], value: d.args[1]}
	if len(d.args) == 3 {
		if d.args[2] != "always" {
			return d.fail("invalid parameter %q", d.args[2])
		}
		f.always = true
	}
	s.settings.addHeaders = append(s.settings.addHeaders, f)
	return checkVariables(d, r.conf, f.value)
}

func setAccess(_ *reader, d *directive, s *scope) error {
	a := accessRule{allow: d.name == "allow"}
	if d.args[0] != "all" {
		var ok bool
		if a.prefix, ok = readPrefix(d.args[0]); !ok {
			return d.fail("invalid parameter %q", d.args[0])
		}
	}
	s.settings.access = append(s.settings.access, a)
	return nil
}

func readPrefix(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func setMaxBody(_ *reader, d *directive, s *scope) error {
	text, unit := strings.ToLower(d.args[0]), int64(1)
	for suffix, u := range map[string]int64{"k": 1 << 10, "m": 1 << 20, "g": 1 << 30} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = rest, u
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return d.fail("%q directive invalid value", d.name)
	}
	n *= unit
	s.settings.maxBody = &n
	return nil
}

func setTryFiles(r *reader, d *directive, s *scope) error {
	if s.location == nil {
		return d.fail("\"try_files\" directive is not simulated outside of a location")
	}
	if s.location.try != nil {
		return d.fail("\"try_files\" directive is duplicate")
	}
	s.location.try = d.args
	return checkVariables(d, r.conf, d.args...)
}

func setInternal(_ *reader, _ *directive, s *scope) error { s.location.internal = true; return nil }

func setResolver(_ *reader, d *directive, s *scope) error {
	res := &resolver{}
	for _, a := range d.args {
		if key, value, ok := strings.Cut(a, "="); ok {
			if key == "valid" {
				if res.valid, ok = readTime(value); !ok {
					return d.fail("invalid parameter: %s", a)
				}
			}
			continue
		}
		at, err := netip.ParseAddrPort(a)
		if addr, err2 := netip.ParseAddr(strings.Trim(a, "[]")); err != nil && err2 == nil {
			at, err = netip.AddrPortFrom(addr, 53), nil
		}
		if err != nil {
			return d.fail("host not found in resolver %q", a)
		}
		res.servers = append(res.servers, at)
	}
	s.settings.resolver = res
	return nil
}
