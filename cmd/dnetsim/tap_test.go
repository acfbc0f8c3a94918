package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// neighbourEnv makes this test's program a machine beyond a TAP interface: it pings
// the address and fetches the page, and says how that went.
const neighbourEnv = "DNETSIM_TEST_NEIGHBOUR"

// beNeighbour runs in the network namespace that the test has made.
func beNeighbour(what string) {
	address, url, _ := strings.Cut(what, " ")
	if err := echo(address); err != nil {
		fmt.Println("ping:", err)
		os.Exit(1)
	}
	client := &http.Client{Timeout: 20 * time.Second}
	res, err := client.Get(url)
	if err != nil {
		fmt.Println("curl:", err)
		os.Exit(1)
	}
	page, _ := io.ReadAll(res.Body)
	fmt.Printf("reached %s %.4096s\n", res.Status, page)
	os.Exit(0)
}

// echo is one ping, tried for a while.
func echo(address string) error {
	c, err := net.Dial("ip4:icmp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	for seq := byte(1); seq < 20; seq++ {
		b := []byte{8, 0, 0, 0, 0, 77, 0, seq}
		sum := 0
		for i := 0; i < len(b); i += 2 {
			sum += int(b[i])<<8 | int(b[i+1])
		}
		sum = ^(sum>>16 + sum&0xffff)
		b[2], b[3] = byte(sum>>8), byte(sum)
		if _, err = c.Write(b); err != nil {
			continue
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		answer := make([]byte, 100)
		n, e := c.Read(answer)
		if err = e; err == nil && n >= 28 && answer[20] == 0 {
			return nil
		}
	}
	return fmt.Errorf("no answer: %w", err)
}

// namespace makes a network namespace of the test's own, or says why it cannot.
func namespace(t *testing.T) (run func(args ...string) (string, error), name string, ok bool) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Logf("NOT TRIED: a real TAP interface needs root on Linux; this is uid %d on %s", os.Getuid(), runtime.GOOS)
		return nil, "", false
	}
	run = func(args ...string) (string, error) {
		out, err := exec.Command("ip", args...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	name = fmt.Sprintf("dnt%d", os.Getpid())
	if out, err := run("netns", "add", name); err != nil {
		t.Logf("NOT TRIED: no network namespace can be made here: %s %v", out, err)
		return nil, "", false
	}
	t.Cleanup(func() { run("netns", "del", name) })
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Logf("NOT TRIED: no TAP interfaces here: %v", err)
		return nil, "", false
	}
	return run, name, true
}

func TestARealMachineTakesPartThroughATAP(t *testing.T) {
	ip, ns, ok := namespace(t)
	if !ok {
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ where, own, peer, url string }{
		{"LAN", "10.0.0.254/24", "10.0.0.11", "http://10.0.0.11:8080/"},
		{"h1:docker0", "172.17.255.254/16", "172.17.0.2", "http://172.17.0.2/"},
	} {
		dev := fmt.Sprintf("t%d", os.Getpid())
		u := bring(t, publishScenario, shortDir(t), "--tap", dev+"="+c.where)
		if said := u.err.String(); !strings.Contains(said, "REAL INTERFACE "+dev) || !strings.Contains(said, "ip addr add "+c.own+" dev "+dev) {
			t.Errorf("said %s", said)
		}
		for _, line := range []string{
			"link set " + dev + " netns " + ns,
			"-n " + ns + " addr add " + c.own + " dev " + dev,
			"-n " + ns + " link set " + dev + " up",
		} {
			if out, err := ip(strings.Fields(line)...); err != nil {
				t.Errorf("ip %s: %s %v", line, out, err)
			}
		}
		there := exec.Command("ip", "netns", "exec", ns, self)
		there.Env = append(os.Environ(), neighbourEnv+"="+c.peer+" "+c.url)
		out, err := there.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "reached 200 OK") || !strings.Contains(string(out), "Welcome to nginx!") {
			t.Errorf("%s: %s %v", c.where, out, err)
		}
		// And from inside: the real kernel answers.
		own, _, _ := strings.Cut(c.own, "/")
		code, inside, errs := call(t, "docker exec web ping -c 2 "+own+"\n", nil, "shell", "--attach", u.dir, "--host", "h1")
		if code != exitOK || !strings.Contains(inside, " 0% packet loss") {
			t.Errorf("%s: %d %s %s", c.where, code, inside, errs)
		}
		if code := u.end(); code != exitOK {
			t.Errorf("ended with %d: %s", code, u.err)
		}
		if out, err := ip("-n", ns, "link", "show", dev); err == nil {
			t.Errorf("the interface outlived its lab: %s", out)
		}
	}
}

func TestTAPsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ flag, says string }{
		{"x", "write NAME="}, {"x=", "write NAME="}, {"=LAN", "write NAME="}, {"x=nosuch", `no lan "nosuch"`},
		{"x=h9:docker0", `no host "h9"`}, {"x=h1:br-none", `no bridge "br-none"`}, {"a-name-that-is-far-too-long=LAN", "1 to 15"},
	} {
		if code, _, errs := call(t, publishScenario, nil, "up", "-", "--dir", shortDir(t), "--tap", c.flag); code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%s: %d %s", c.flag, code, errs)
		}
	}
}
