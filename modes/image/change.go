package image

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"dnetsim/modes/dockerfile"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/health"
	"dnetsim/modes/nat"
)

// Change does to an image's configuration what an instruction says that changes
// nothing else. It returns the instruction as history shows it. Variables come from
// lookup.
func (img *Image) Change(i *dockerfile.Instruction, lookup func(string) (string, bool)) (string, error) {
	one := func() (string, error) { return dockerfile.Expand(i.Rest, lookup) }
	switch i.Name {
	case "ENV", "LABEL":
		return img.changePairs(i, lookup)
	case "CMD", "ENTRYPOINT":
		return img.changeCommand(i), nil
	case "EXPOSE", "VOLUME":
		return img.changeWords(i, lookup)
	case "HEALTHCHECK":
		return img.changeHealth(i)
	case "WORKDIR":
		dir, err := one()
		if err != nil {
			return "", err
		}
		img.WorkingDir = path.Join("/", img.WorkingDir, dir)
		if path.IsAbs(dir) {
			img.WorkingDir = path.Clean(dir)
		}
		return "WORKDIR " + img.WorkingDir, nil
	case "USER":
		user, err := one()
		img.User = user
		return " USER " + user, err
	case "STOPSIGNAL":
		sig, err := one()
		img.StopSignal = sig
		return " STOPSIGNAL " + sig, err
	case "MAINTAINER":
		img.Author = i.Rest
		return " MAINTAINER " + i.Rest, nil
	}
	return "", errdefs.New(errdefs.KindNotImplemented, "dnetsim does not simulate %s in a Dockerfile", i.Name)
}

func (img *Image) changePairs(i *dockerfile.Instruction, lookup func(string) (string, bool)) (string, error) {
	list, err := i.Pairs()
	if err != nil {
		return "", err
	}
	by := " " + i.Name
	for _, p := range list {
		name, err := dockerfile.Expand(p.Name, lookup)
		if err != nil {
			return "", err
		}
		value, err := dockerfile.Expand(p.Value, lookup)
		if err != nil {
			return "", err
		}
		by += " " + name + "=" + value
		if i.Name == "ENV" {
			img.Env = MergeEnv(img.Env, []string{name + "=" + value})
			continue
		}
		if img.Labels == nil {
			img.Labels = map[string]string{}
		}
		img.Labels[name] = value
	}
	return by, nil
}

// changeCommand is CMD and ENTRYPOINT; a new entry point forgets the image's command.
func (img *Image) changeCommand(i *dockerfile.Instruction) string {
	argv := i.List
	if !i.JSON {
		argv = []string{"/bin/sh", "-c", i.Rest}
	}
	if i.Rest == "" {
		argv = nil
	}
	by := " " + i.Name + " [" + quoted(argv) + "]"
	if i.Name == "CMD" {
		img.Cmd = argv
		return by
	}
	img.Entrypoint = argv
	return by
}

func (img *Image) changeWords(i *dockerfile.Instruction, lookup func(string) (string, bool)) (string, error) {
	var words []string
	for _, w := range i.Words() {
		w, err := dockerfile.Expand(w, lookup)
		if err != nil {
			return "", err
		}
		words = append(words, w)
	}
	if i.Name == "VOLUME" {
		for _, w := range words {
			if w == "" {
				return "", errdefs.Invalid("VOLUME specified can not be an empty string")
			}
			if img.Volumes == nil {
				img.Volumes = map[string]bool{}
			}
			img.Volumes[w] = true
		}
		return fmt.Sprintf(" VOLUME %v", words), nil
	}
	for _, w := range words {
		ports, err := exposed(w)
		if err != nil {
			return "", err
		}
		for _, p := range ports {
			if img.ExposedPorts == nil {
				img.ExposedPorts = map[nat.Port]bool{}
			}
			img.ExposedPorts[p] = true
		}
	}
	slices.Sort(words)
	return " EXPOSE " + strings.Join(words, " "), nil
}

// exposed are the ports of one word of EXPOSE.
func exposed(word string) ([]nat.Port, error) {
	text, proto, _ := strings.Cut(word, "/")
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		to = from
	}
	a, err := strconv.ParseUint(from, 10, 16)
	b, err2 := strconv.ParseUint(to, 10, 16)
	if err != nil || err2 != nil || b < a {
		return nil, errdefs.Invalid("Invalid containerPort: %s", text)
	}
	proto = cmp.Or(strings.ToLower(proto), "tcp")
	if proto != "tcp" && proto != "udp" && proto != "sctp" {
		return nil, errdefs.Invalid("Invalid proto: %s", proto)
	}
	var out []nat.Port
	for n := a; n <= b; n++ {
		out = append(out, nat.Port{Number: uint16(n), Proto: proto})
	}
	return out, nil
}

func (img *Image) changeHealth(i *dockerfile.Instruction) (string, error) {
	kind, rest, _ := strings.Cut(i.Rest, " ")
	c := &health.Check{}
	switch strings.ToUpper(kind) {
	case "NONE":
		if strings.TrimSpace(rest) != "" {
			return "", errdefs.Invalid("HEALTHCHECK NONE takes no arguments")
		}
		c.Test = []string{"NONE"}
	case "CMD":
		one, err := dockerfile.Parse("CMD " + rest)
		if err != nil || one[0].Rest == "" {
			return "", errdefs.Invalid("Missing command after HEALTHCHECK CMD")
		}
		c.Test = []string{"CMD-SHELL", one[0].Rest}
		if one[0].JSON {
			c.Test = append([]string{"CMD"}, one[0].List...)
		}
	default:
		return "", errdefs.Invalid("Unknown type %q in HEALTHCHECK (try CMD)", strings.ToUpper(kind))
	}
	for name, to := range map[string]*time.Duration{"interval": &c.Interval, "timeout": &c.Timeout, "start-period": &c.StartPeriod} {
		if text := i.Flag(name); text != "" {
			d, err := time.ParseDuration(text)
			if err != nil {
				return "", errdefs.Invalid("%v", err)
			}
			*to = d
		}
	}
	if text := i.Flag("retries"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return "", errdefs.Invalid("--retries must be at least 1 (not %s)", text)
		}
		c.Retries = n
	}
	if err := c.Verify(); err != nil {
		return "", err
	}
	img.Healthcheck = c
	return fmt.Sprintf(" HEALTHCHECK &{[%s] %q %q %q '\\x%02x'}", quoted(c.Test), c.Interval, c.Timeout, c.StartPeriod, c.Retries), nil
}
