package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const publishScenario = `name: published
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
hosts:
  h1: {address: 10.0.0.11}
  h2: {address: 10.0.0.12}
setup:
  - h1$ docker run -d --name web -p 8080:80 nginx
  - h1$ docker run -d --name sum -p 9000:9000 busybox sh -c 'while true; do nc -l -p 9000 -e wc -c; done'
  - h1$ docker run -d --name deaf -p 9001:9001 busybox nc -l -p 9001 -e sleep 1000
`

// realPort is the address of this machine that a lab said leads to a port.
func (u *upLabTest) realPort(to string) string {
	u.t.Helper()
	re := regexp.MustCompile(`REAL PORT (?:http|udp)://(\S+) is ` + regexp.QuoteMeta(to) + `\b`)
	for end := time.Now().Add(patienceOfTests); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if at := re.FindStringSubmatch(u.err.String()); at != nil {
			return at[1]
		}
	}
	u.t.Fatalf("no real port for %s:\n%s", to, u.err)
	return ""
}

func TestARealClientOpensAPageThatIsServedInside(t *testing.T) {
	u := bring(t, publishScenario, shortDir(t), "--publish-real", "h1:8080=127.0.0.1:0")
	defer u.end()
	at := u.realPort("h1:8080")
	if !strings.Contains(u.out.String(), "# REAL PORT http://"+at) {
		t.Errorf("the exports do not tell:\n%s", u.out)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + at + "/")
			if err != nil {
				t.Error(err)
				return
			}
			page, _ := io.ReadAll(res.Body)
			if res.StatusCode != 200 || !strings.Contains(string(page), "Welcome to nginx!") {
				t.Errorf("%d %.80s", res.StatusCode, page)
			}
		})
	}
	all.Wait()
	// They come as from outside, by the host's own rules.
	_, text := ask(t, u.client("h1"), "GET", "/containers/web/logs?stdout=1&tail=1", "")
	if !strings.Contains(text, `10.0.0.254 - - `) {
		t.Errorf("nginx saw %q, want a machine of the LAN", text)
	}
}

func TestAPublishedPortHalfClosesAndResets(t *testing.T) {
	u := bring(t, publishScenario, shortDir(t), "--publish-real", "h1:9000=0", "--publish-real", "h1:9001=0", "--publish-real", "h2:80=0")
	defer u.end()
	c, err := net.Dial("tcp", u.realPort("h1:9000"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const size = 3 << 20
	c.Write(make([]byte, size))
	c.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(c); strings.TrimSpace(string(got)) != fmt.Sprint(size) || err != nil {
		t.Errorf("wc counts %q, %v", got, err)
	}
	// Nobody listens: what a browser gets is a reset, on a busy machine before it
	// knows that it is connected.
	if c, err = net.Dial("tcp", u.realPort("h2:80")); err == nil {
		_, err = c.Read(make([]byte, 1))
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("nobody listens, and reading says %v", err)
	}
	// The container dies under its connection, which has a reader that does not read.
	c, err = net.Dial("tcp", u.realPort("h1:9001"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(2 * time.Second))
	if n, err := c.Write(make([]byte, 256<<20)); err == nil || n > 128<<20 {
		t.Errorf("%d bytes went to a program that does not read: %v", n, err)
	}
	c.SetWriteDeadline(time.Time{})
	ask(t, u.client("h1"), "DELETE", "/containers/deaf?force=1", "")
	for err = nil; err == nil; {
		_, err = c.Write(make([]byte, 1<<20))
	}
}

func TestRealPortsFollowWhatIsPublished(t *testing.T) {
	u := bring(t, publishScenario, shortDir(t), "--publish-real", "all")
	at := u.realPort("h1:8080")
	if _, err := net.Dial("tcp", at); err != nil {
		t.Error(err)
	}
	c := u.client("h1")
	// Published on the host's loopback: from the host itself.
	_, text := ask(t, c, "POST", "/containers/create?name=own", `{"Image":"nginx","HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8181"}]}}}`)
	if status, text := ask(t, c, "POST", "/containers/own/start", ""); status != 204 {
		t.Fatal(text)
	}
	res, err := http.Get("http://" + u.realPort("h1:127.0.0.1:8181") + "/")
	if err != nil {
		t.Fatal(err, text)
	}
	res.Body.Close()
	ask(t, c, "DELETE", "/containers/web?force=1", "")
	for !strings.Contains(u.err.String(), at+" is closed") {
		time.Sleep(10 * time.Millisecond)
	}
	if c, err := net.DialTimeout("tcp", at, 10*time.Second); err == nil {
		c.Close()
		t.Error("the port of a container that is gone is open")
	}
	// The end closes all.
	left := u.realPort("h1:9000")
	in, err := net.Dial("tcp", left)
	if err != nil {
		t.Fatal(err)
	}
	u.end()
	if _, err := bufio.NewReader(in).ReadByte(); err == nil {
		t.Error("a connection outlived its lab")
	}
	if _, err := net.Dial("tcp", left); err == nil {
		t.Error("a port outlived its lab")
	}
}

// Several real clients of a UDP port each get their own answers, also of a port that
// is opened for what a container publishes.
// What a service publishes is on every node, also on one that has no task of it.
func TestRealPortsFollowARoutingMesh(t *testing.T) {
	u := bring(t, "engine: \"29\"\nlan: {subnet: 192.168.9.0/24}\nhosts: {h1: {address: 192.168.9.11}, h2: {address: 192.168.9.12}}\n", shortDir(t), "--publish-real", "all", "--speed", "5")
	defer u.end()
	if code, _, errs := call(t, "docker swarm init\nssh h2 docker swarm join --token $(docker swarm join-token -q worker) 192.168.9.11:2377\ndocker service create -q --name web -p 8080:80 nginx\ndocker service create -q --name echo -p 7007:7/udp busybox nc -u -l -p 7 -e cat\nssh h2 docker run -d --name six -p [::]:8081:80 nginx", nil, "shell", "--attach", u.dir); code != exitOK {
		t.Fatal(errs)
	}
	for _, host := range []string{"h1", "h2"} {
		res, err := http.Get("http://" + u.realPort(host+":8080") + "/")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if got := u.datagram(u.realPort("h2:7007/udp"), []byte("hello")); string(got) != "hello" {
		t.Errorf("hello comes back as %q", got)
	}
	res, err := http.Get("http://" + u.realPort("h2:8081") + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	call(t, "", nil, "shell", "--attach", u.dir, "-c", "docker service rm web")
	for !strings.Contains(u.err.String(), "h2:8080 is published no more") {
		time.Sleep(10 * time.Millisecond)
	}
}

func TestDatagramsGoThroughARealPort(t *testing.T) {
	u := bring(t, publishScenario+`  - h1$ docker run -d --name echo -p 7007:7/udp busybox nc -u -l -p 7 -e cat
  - h1$ iptables -t nat -A PREROUTING -p udp --dport 5300 -j DNAT --to-destination 10.0.0.2:53
  - h1$ iptables -t nat -A POSTROUTING -p udp --dport 53 -j MASQUERADE
  - h1$ iptables -I FORWARD -p udp -j ACCEPT
`, shortDir(t), "--publish-real", "all", "--publish-real", "h1:5300/udp=0", "--publish-real", "h2:9/udp=0")
	defer u.end()
	names := u.realPort("h1:5300/udp")
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			for n := range 3 {
				// A question for the address of x., whose answer has its number.
				id := []byte{byte(i + 1), byte(n)}
				ask := append(id, "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01x\x00\x00\x01\x00\x01"...)
				if got := u.datagram(names, ask); len(got) < 12 || !bytes.HasPrefix(got, id) || got[2]&0x80 == 0 {
					t.Errorf("question %x: %x", ask, got)
				}
			}
		})
	}
	all.Wait()
	if got := u.datagram(u.realPort("h1:7007/udp, container echo"), []byte("hello")); string(got) != "hello" {
		t.Errorf("hello comes back as %q", got)
	}
	c, err := net.Dial("udp", u.realPort("h2:9/udp"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for !strings.Contains(u.err.String(), "leads to 10.0.0.12:9: connection refused") {
		c.Write([]byte("x"))
		time.Sleep(10 * time.Millisecond)
	}
}

// datagram sends one from a port of its own until an answer comes.
func (u *upLabTest) datagram(at string, b []byte) []byte {
	c, err := net.Dial("udp", at)
	if err != nil {
		u.t.Error(err)
		return nil
	}
	defer c.Close()
	got := make([]byte, 1500)
	for range 20 {
		c.Write(b)
		c.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := c.Read(got); err == nil {
			return got[:n]
		}
	}
	return nil
}

func TestRealPortsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ flag, says string }{
		{"h1:8080=0.0.0.0:18080", "anybody on your network"}, {"h1:8080", "write HOST:PORT="}, {"h9:80=0", `no host "h9"`},
		{"h1:http=0", "is no port"}, {"h1:0=0", "is no port"}, {"h1:53/sctp=0", "is no port"}, {"8080=0", "write HOST:PORT="}, {"h1:80=localhost:0", "write HOST:PORT="},
	} {
		if code, _, errs := call(t, publishScenario, nil, "up", "-", "--dir", shortDir(t), "--publish-real", c.flag); code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%s: %d %s", c.flag, code, errs)
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if code, _, errs := call(t, publishScenario, nil, "up", "-", "--dir", shortDir(t), "--publish-real", "h1:8080="+ln.Addr().String()); code != exitUsage || !strings.Contains(errs, "address already in use") {
		t.Errorf("%d %s", code, errs)
	}
	for _, command := range []string{"run", "verify"} {
		for _, flag := range []string{"--publish-real=all", "--tap=x=LAN"} {
			if code, _, errs := call(t, publishScenario, nil, command, "-", flag); code != exitUsage || !strings.Contains(errs, "use `dnetsim up") {
				t.Errorf("%s %s: %d %s", command, flag, code, errs)
			}
		}
	}
}
