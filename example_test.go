package dnetsim_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"dnetsim"
)

const twoHosts = `
name: two hosts
lan: {subnet: 10.0.0.0/24}
hosts:
  h1: {address: 10.0.0.11}
  h2: {address: 10.0.0.12}
setup:
  - h1$ docker run -d --name web -p 8080:80 nginx
`

func ExampleOpen() {
	w, err := dnetsim.Open([]byte(twoHosts), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	res, err := w.Run("h2", "curl -s -o /dev/null -w '%{http_code}\n' http://10.0.0.11:8080/")
	fmt.Print(res.Output, res.Exit, " ", err)
	// Output:
	// 200
	// 0 <nil>
}

func ExampleBuild() {
	w, err := dnetsim.Build(dnetsim.Spec{
		Hosts: []dnetsim.Host{{Name: "h1", Address: "10.0.0.11", Daemon: map[string]any{"bip": "172.30.0.1/16"}}},
		Setup: []string{"h1$ docker run -d --name c1 busybox sleep 1d"},
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	res, err := w.Run("h1/c1", "ip route get 10.0.0.11")
	fmt.Println(strings.TrimSpace(res.Output), err)
	// Output:
	// 10.0.0.11 via 172.30.0.1 dev eth0  src 172.30.0.2 <nil>
}

// A program's own client, connected to what a container serves.
func ExampleWorld_Dial() {
	w, err := dnetsim.Open([]byte(twoHosts), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	c, err := w.Dial("h2", "10.0.0.11:8080")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "HEAD / HTTP/1.0\r\n\r\n")
	answer, _ := io.ReadAll(c)
	fmt.Println(strings.SplitN(string(answer), "\r\n", 2)[0])
	_, err = w.Dial("h2", "10.0.0.11:81")
	fmt.Println(err)
	// Output:
	// HTTP/1.1 200 OK
	// dial tcp 10.0.0.11:81: connection refused
}

// A program's own server in a container, reached through the published port.
func ExampleWorld_Listen() {
	w, err := dnetsim.Open([]byte(twoHosts), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	w.Run("h1", "docker run -d --name mine -p 9000:9000 busybox sleep 1d")
	ln, err := w.Listen("h1/mine", ":9000")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(ln, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(out, "hello,", strings.Split(r.RemoteAddr, ":")[0])
	}))
	res, err := w.Run("h2", "curl -s http://10.0.0.11:9000/")
	fmt.Print(res.Output, err)
	// Output:
	// hello, 10.0.0.12
	// <nil>
}

func ExampleWorld_Fault() {
	w, err := dnetsim.Open([]byte(twoHosts), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	reach := func() {
		res, _ := w.Run("h2", "ping -c 1 -W 1 10.0.0.11")
		fmt.Println(res.Exit == 0)
	}
	reach()
	w.Fault("cable: h1, down: true")
	reach()
	w.Repair("cable: h1")
	w.Advance(time.Minute)
	reach()
	// Output:
	// true
	// false
	// true
}

func ExampleWorld_Watch() {
	w, err := dnetsim.Open([]byte(twoHosts), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	w.Run("h1", "iptables -I DOCKER-USER -s 10.0.0.12 -j DROP")
	watch, err := w.Watch("h1")
	if err != nil {
		log.Fatal(err)
	}
	w.Run("h2", "nc -w 1 10.0.0.11 8080")
	watch.Stop()
	events, _ := watch.Take()
	for _, e := range events {
		if e.Verb == "drop" {
			fmt.Println(e.Place, e.Why)
			break // TCP tries again
		}
	}
	// Output:
	// h1/eth0 netfilter:filter/DOCKER-USER: -s 10.0.0.12/32 -j DROP
}

func ExampleWorld_Explain() {
	text, err := dnetsim.Library("overlay-ping")
	if err != nil {
		log.Fatal(err)
	}
	w, err := dnetsim.Open(text, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	w.Run("bdc01", "docker run -d --name web nginx")
	w.Run("bdc01", "docker network create other")
	w.Run("bdc01", "docker run -d --name c9 --network other busybox sleep 1d")
	r, err := w.Explain("bdc01/c9", "bdc01/web", "80/tcp")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Works(), r.Causes[0].Code)
	// Output:
	// false BRIDGE-ISOLATED
}
