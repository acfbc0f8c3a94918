package web

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// URL is a URL that a client can fetch.
type URL struct {
	Scheme string
	Host   string // a name or an address without brackets
	Port   uint16
	Path   string // with the query
	// Explicit is true when the URL named the port.
	Explicit bool
}

var errURL = errors.New("malformed URL")

// ParseURL reads a URL; without a scheme it is http.
func ParseURL(text string) (URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return URL{}, errURL
	}
	w := URL{Scheme: strings.ToLower(u.Scheme), Host: u.Hostname(), Path: u.RequestURI(), Port: 80}
	if w.Scheme == "https" {
		w.Port = 443
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return URL{}, errURL
		}
		w.Port, w.Explicit = uint16(n), true
	}
	return w, nil
}

// HostPort is the value of the Host header.
func (w URL) HostPort() string {
	host := w.Bracketed()
	if (w.Scheme == "http" && w.Port == 80) || (w.Scheme == "https" && w.Port == 443) {
		return host
	}
	return host + ":" + strconv.Itoa(int(w.Port))
}

func (w URL) Bracketed() string {
	if strings.Contains(w.Host, ":") {
		return "[" + w.Host + "]"
	}
	return w.Host
}

// String is the URL in full.
func (w URL) String() string { return w.Scheme + "://" + w.HostPort() + w.Path }

// Follow is the URL that a Location header names.
func (w URL) Follow(location string) (URL, error) {
	if strings.HasPrefix(location, "/") {
		w.Path = location
		return w, nil
	}
	return ParseURL(location)
}

// FileName is what wget and curl -O save the URL as.
func (w URL) FileName(fallback string) string {
	path, _, _ := strings.Cut(w.Path, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	if name == "" {
		return fallback
	}
	return name
}
