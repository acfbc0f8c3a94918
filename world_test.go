package dnetsim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dnetsim"
	"dnetsim/dnetsimtest"
)

func TestAWorldRepeats(t *testing.T) {
	story := func() string {
		w := dnetsimtest.Open(t, twoHosts, &dnetsim.Options{Seed: 7})
		watch, err := w.Watch("")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, line := range []string{"docker run -d --name c1 busybox sleep 1d", "ping -c 3 10.0.0.12", "docker ps", "date +%s.%N", "cd /etc; x=5", "pwd; echo $x"} {
			res, err := w.Run("h1", line)
			fmt.Fprintln(&b, res, err)
		}
		w.Fault("cable: h2, loss: 50%")
		w.Advance(time.Hour)
		res, _ := w.Run("h1/c1", "ping -c 20 -i 0.2 10.0.0.12")
		now, _ := w.Now()
		events, lost := watch.Take()
		for _, e := range events {
			fmt.Fprintln(&b, e)
		}
		fmt.Fprintln(&b, res, now, lost)
		return b.String()
	}
	one, two := story(), story()
	if one != two {
		t.Errorf("the same calls told two stories, of %d and %d bytes", len(one), len(two))
	}
	if !strings.Contains(one, "/etc\n5\n") {
		t.Errorf("the shell forgot:\n%.2000s", one)
	}
}

// Handlers may take their time: the client in the simulation does not see hours pass.
func TestAHandlerMayTakeItsTime(t *testing.T) {
	w := dnetsimtest.Open(t, twoHosts, nil)
	ln, err := w.Listen("h1", "10.0.0.11:9000")
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(ln, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		time.Sleep(200 * time.Millisecond)
		io.WriteString(out, "done\n")
	}))
	res, err := w.Run("h2", "curl -s -m 30 http://10.0.0.11:9000/")
	if res.Output != "done\n" || err != nil {
		t.Errorf("%v %v", res, err)
	}
	if now, _ := w.Now(); now > time.Minute {
		t.Errorf("it is %v", now)
	}
}

// Calls within calls: a handler in the simulation uses the world that waits for it.
func TestCallsMayBeMadeWhileOthersWait(t *testing.T) {
	w := dnetsimtest.Open(t, twoHosts, nil)
	ln, err := w.Listen("h1", ":9000")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go http.Serve(ln, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		res, err := w.Run("h2", "ping -c 2 10.0.0.11 | tail -1") // where curl still runs
		fmt.Fprintln(out, res.Exit, err)
		answer, err := w.Client("h2").Get("http://10.0.0.11:8080/")
		if err != nil {
			fmt.Fprintln(out, err)
			return
		}
		answer.Body.Close()
		fmt.Fprintln(out, answer.Status, w.Advance(time.Second), w.Fault("cable: h9"))
	}))
	res, err := w.Run("h2", "curl -s http://10.0.0.11:9000/")
	if err != nil || !strings.HasPrefix(res.Output, "0 <nil>\n200 OK <nil> fault: ") {
		t.Errorf("%v %v", res, err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			host := w.Hosts()[i%2]
			if res, err := w.Run(host, "x=$(hostname); sleep 2; echo $x"); res.Output != host+"\n" || err != nil {
				t.Errorf("%v %v", res, err)
			}
		})
	}
	all.Wait()
}

func TestNoCallWaitsForEver(t *testing.T) {
	w := dnetsimtest.Open(t, twoHosts+"limit: 2m\n", nil)
	for _, line := range []string{"cat", "nc -l -p 5000", "sleep 2h"} {
		if _, err := w.Run("h1", line); err == nil && line != "cat" {
			t.Errorf("%s ended", line)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.RunContext(ctx, "h1", "sleep 5"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	c, err := w.Dial("h2", "10.0.0.11:8080")
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	c.SetReadDeadline(time.Time{})
	ln, err := w.Listen("h2", ":0")
	if err != nil {
		t.Fatal(err)
	}
	ends := make(chan error, 3)
	go func() { _, err := c.Read(make([]byte, 1)); ends <- err }()
	go func() { _, err := ln.Accept(); ends <- err }()
	go func() { _, err := w.Run("h1", "sleep 30"); ends <- err }()
	w.Close()
	for range 3 {
		if err := <-ends; err != nil && !errors.Is(err, dnetsim.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
	if _, err := w.Run("h1", "true"); !errors.Is(err, dnetsim.ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := w.Dial("h1", "10.0.0.12:80"); !errors.Is(err, dnetsim.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	w := dnetsimtest.Open(t, twoHosts, nil)
	for address, want := range map[string]error{"10.0.0.12:81": syscall.ECONNREFUSED, "10.9.9.9:80": syscall.ENETUNREACH, "10.0.0.99:80": syscall.EHOSTUNREACH} {
		if _, err := w.Dial("h1", address); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
	for from, address := range map[string]string{"h9": "10.0.0.12:80", "h1/nobody": "10.0.0.12:80", "h1": "nosuchname:80", "h2": "10.0.0.12:http"} {
		if _, err := w.Dial(from, address); err == nil {
			t.Errorf("%s to %s: no error", from, address)
		}
	}
	if _, err := w.Listen("h1", ":8080"); !errors.Is(err, syscall.EADDRINUSE) { // docker-proxy has it
		t.Errorf("%v", err)
	}
	if _, err := w.Run("h9", "true"); err == nil {
		t.Error("a host that is not there")
	}
	if _, err := dnetsim.Open([]byte("name: x\nhots: {}\n"), nil); err == nil || !strings.Contains(err.Error(), "scenario.yaml:2:") {
		t.Errorf("%v", err)
	}
}

func TestAComposeFileIsAWorld(t *testing.T) {
	var said bytes.Buffer
	w := dnetsimtest.Open(t, "services:\n  web: {image: nginx}\n  app: {image: busybox, command: sleep 1d}\n", &dnetsim.Options{File: "compose.yaml", Transcript: &said})
	host := w.Hosts()[0]
	res, err := w.Run(host, "docker ps -q | wc -l")
	if strings.TrimSpace(res.Output) != "2" || err != nil {
		t.Errorf("%v %v\n%s", res, err, said.String())
	}
}

// What is through is through: many connections, both ways, and nothing is left.
func TestConnectionsOfManyGoroutines(t *testing.T) {
	w := dnetsimtest.Open(t, twoHosts, nil)
	ln, err := w.Listen("h1", ":9000")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			c, err := w.Dial("h2", "10.0.0.11:9000")
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			text := bytes.Repeat([]byte{byte(i)}, 100_000)
			go func() {
				c.Write(text)
				c.(interface{ CloseWrite() error }).CloseWrite()
			}()
			if got, err := io.ReadAll(c); !bytes.Equal(got, text) || err != nil {
				t.Errorf("%d bytes came back of %d: %v", len(got), len(text), err)
			}
		})
	}
	all.Wait()
	if res, _ := w.Run("h2", "sleep 130; ss -tan | grep -c 9000"); strings.TrimSpace(res.Output) != "0" {
		t.Errorf("connections are left: %s", res.Output)
	}
	var _ net.Listener = ln
}
