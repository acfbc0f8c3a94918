package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dnetsim/modes"
	"dnetsim/modes/nat"

	"github.com/spf13/cobra"
)

// certificates are the flags of TLS, with docker's names.
type certificates struct {
	verify        bool
	ca, cert, key string
	made          string // the folder of --make-certs
	config        *tls.Config
}

func (f *certificates) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.verify, "tls-verify", false, "with --tcp: TLS, and only clients with a certificate that --tls-ca signed")
	c.Flags().StringVar(&f.ca, "tls-ca", "", "the `file` with the authority's certificate")
	c.Flags().StringVar(&f.cert, "tls-cert", "", "the `file` with the server's certificate")
	c.Flags().StringVar(&f.key, "tls-key", "", "the `file` with its key")
	c.Flags().StringVar(&f.made, "make-certs", "", "make the certificates of server and client in this `folder`, if they are not there, and use them: --tls-verify with all of its files; without a scenario that is all")
}

// make makes the certificates that --make-certs wants, for the addresses of --tcp.
func (f *certificates) make(t *terminal, tcp []string) error {
	if f.made == "" {
		return nil
	}
	if f.ca != "" || f.cert != "" || f.key != "" {
		return errors.New("--make-certs has certificates of its own: leave out --tls-ca, --tls-cert and --tls-key")
	}
	var names []string
	for _, text := range tcp {
		if _, address, ok := strings.Cut(text, "="); ok {
			if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
				names = append(names, host)
			}
		}
	}
	dir, err := filepath.Abs(f.made)
	if err != nil {
		return err
	}
	made, err := makeCerts(dir, names)
	if err != nil {
		return fmt.Errorf("--make-certs: %w", err)
	}
	if made {
		t.say("%s: made certificates for a year; %s, %s and %s are the client's: whoever has them has the lab", dir, caFile, certFile, keyFile)
	}
	f.made, f.verify = dir, true
	f.ca, f.cert, f.key = filepath.Join(dir, caFile), filepath.Join(dir, serverCertFile), filepath.Join(dir, serverKeyFile)
	return nil
}

// check reads the files.
func (f *certificates) check(tcp bool) error {
	if !f.verify {
		if f.ca != "" || f.cert != "" || f.key != "" {
			return errors.New("--tls-ca, --tls-cert and --tls-key go with --tls-verify")
		}
		return nil
	}
	if !tcp || f.ca == "" || f.cert == "" || f.key == "" {
		return errors.New("--tls-verify goes with --tcp, --tls-ca, --tls-cert and --tls-key, or --make-certs")
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	pem, err := os.ReadFile(f.ca)
	if err != nil {
		return fmt.Errorf("--tls-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("--tls-ca: %s has no certificate", f.ca)
	}
	f.config = &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, // streams are hijacked
	}
	return nil
}

// loopback refuses an address that others can reach.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("write HOST=127.0.0.1:PORT")
	}
	if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() {
		return nil
	}
	return errors.New("anybody who reaches the port could use it: an address other than 127.0.0.1 or [::1] needs --tls-verify with certificates, or --make-certs DIR")
}

// serveTCP serves an engine over TCP.
func (u *upLab) serveTCP(p place, config *tls.Config, certs string) error {
	srv, _ := u.Engine(p.host)
	ln, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("--tcp %s=%s: %w", p.host, p.address, err)
	}
	where := ln.Addr().(*net.TCPAddr)
	if where.IP.IsUnspecified() { // for whoever reads this here
		where = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: where.Port}
	}
	at, options := "tcp://"+where.String(), ""
	var h http.Handler = notRebound(srv)
	if config != nil {
		ln, h, options = tls.NewListener(ln, config), srv, " DOCKER_TLS_VERIFY=1"
		if certs != "" {
			options += " DOCKER_CERT_PATH=" + quoted(certs)
		}
	}
	u.said += fmt.Sprintf("export DOCKER_HOST=%s%s # %s\n", at, options, p.host)
	u.goServe(ln, h)
	return nil
}

// goServe serves until the lab ends; a listener that breaks ends the lab.
func (u *upLab) goServe(ln net.Listener, h http.Handler) {
	go func() {
		err := u.live.Serve(ln, h)
		if errors.Is(err, http.ErrServerClosed) {
			return
		}
		select {
		case u.broken <- fmt.Errorf("%s: %w", ln.Addr(), err):
		default:
		}
		u.ended()
	}()
}

// notRebound refuses what a page in a browser sends: its requests have an Origin,
// and after DNS rebinding a Host that is a name of the page's site.
func notRebound(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		a, err := netip.ParseAddr(strings.Trim(host, "[]"))
		local := host == "" || host == "localhost" || err == nil && a.IsLoopback()
		if !local || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			json.NewEncoder(w).Encode(map[string]string{"message": "dnetsim answers docker clients on this machine, and no web pages: Host " + r.Host})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// mesh opens what a swarm's services have published on every node of it.
func (e *everyPort) mesh(daemon *modes.Daemon, now map[publication]bool) {
	for _, port := range daemon.Swarm.Mesh() {
		what := publication{host: e.host, udp: port.Proto == "udp", at: netip.AddrPortFrom(netip.IPv4Unspecified(), port.Number)}
		now[what] = true
		e.add(what, "")
	}
}

// alsoV4 reports whether a binding at every address of IPv6 has one of IPv4 beside it,
// which leads to the same.
func alsoV4(all []nat.PortBinding, b nat.PortBinding) bool {
	return b.HostIP == "::" && slices.ContainsFunc(all, func(x nat.PortBinding) bool { return x.HostPort == b.HostPort && x.HostIP == "0.0.0.0" })
}
