package scenarios

import (
	"strings"
	"testing"

	"dnetsim/engine/cli"
)

const twoMore = `
lan: {subnet: 10.0.0.0/24}
hosts:
  bdc01: {address: 10.0.0.11}
  bdc02: {address: 10.0.0.12}
steps:
`

// A cable that blocks a port lets the rest pass, and nothing of it is left
// after the repair.
func TestFaultBlocksAPort(t *testing.T) {
	passes(t, twoMore+`
  - bdc02$ docker run -d --name web -p 8080:80 nginx
  - bdc01$ curl -s http://10.0.0.12:8080/
  - fault: {cable: bdc02, block: [tcp/8080, icmp]}
  - {run: "bdc01$ curl -s -m 2 http://10.0.0.12:8080/", expect: {exit: 28}}
  - {run: "bdc01$ ping -c 1 -W 1 10.0.0.12", expect: {exit: 1}}
  - repair: {cable: bdc02, block: []}
  - bdc01$ curl -s http://10.0.0.12:8080/
  - fault: {cable: bdc02, block: tcp/8080}
  - bdc01$ ping -c 1 -W 1 10.0.0.12
  - repair: {cable: bdc02}
  - bdc01$ curl -s http://10.0.0.12:8080/
`)
}

// Loss of power ends what runs and keeps the files; the engine comes back with
// the machine, and with it what has a restart policy.
func TestFaultCrashesAHost(t *testing.T) {
	passes(t, twoMore+`
  - bdc02$ docker run -itd --name once busybox
  - bdc02$ docker run -itd --name ever --restart always busybox
  - bdc02$ echo kept > /root/file
  - fault: {host: bdc02, crash: true}
  - {run: "bdc01$ ping -c 1 -W 1 10.0.0.12", expect: {exit: 1}}
  - repair: {host: bdc02}
  - wait: 5s
  - bdc01$ ping -c 1 -W 1 10.0.0.12
  - {run: "bdc02$ cat /root/file", expect: {stdout: kept}}
  - {run: "bdc02$ docker ps --format '{{.Names}}'", expect: {stdout: ever}}
  - {run: "bdc02$ docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' once", expect: {stdout: exited 255}}
`)
}

// A host may have a wrong clock from the start. That is its battery's: what date
// sets is gone with the power.
func TestAHostHasTheClockOfTheFile(t *testing.T) {
	passes(t, strings.Replace(twoMore, "10.0.0.12}", "10.0.0.12, clock: -10m}", 1)+`
  - {run: "bdc01$ date +%R; ssh bdc02 date +%R", expect: {stdout: "08:00\n07:50"}}
  - {run: "bdc02$ docker run --rm busybox date +%R", expect: {stdout: "07:50"}}
  - {run: "bdc02$ journalctl -u docker | grep -c '^Jan 05 07:50'", expect: {stdout: "~^[1-9][0-9]*$"}}
  - {run: "bdc02$ date -s '+1 hour' +%R", expect: {stdout: "08:50"}}
  - fault: {host: bdc02, crash: true}
  - repair: {host: bdc02}
  - {run: "bdc02$ date +%R; uptime", expect: {stdout: "07:50\n~^ 07:50:[0-9]+ up 0 min,.*$"}}
`)
}

func passes(t *testing.T, text string) {
	t.Helper()
	s, err := Read("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if r := Run(s, Options{Docker: cli.Program}); r.Failed() || r.Err != nil {
		t.Fatal(r.Report(), r.Err)
	}
}

func TestReadFaultsOfPortsAndHosts(t *testing.T) {
	for step, want := range map[string]string{
		"fault: {cable: bdc01, block: [udp/4789]}":        "",
		"fault: {cable: bdc01, block: [udp/x]}":           `block cannot be "udp/x": write PROTOCOL or PROTOCOL/PORT`,
		"fault: {cable: bdc01, block: [icmp/1]}":          `block cannot be "icmp/1"`,
		"fault: {cable: bdc01, block: [upd/4789]}":        `block cannot be "upd/4789"`,
		"fault: {cable: bdc01, blok: [udp/1]}":            `did you mean "block"?`,
		"fault: {host: bdc02, crash: true}":               "",
		"repair: {host: bdc02}":                           "",
		"repair: {host: bdc02, crash: true}":              "a repair is no crash",
		"fault: {host: bdc02, carsh: true}":               `did you mean "crash"?`,
		"fault: {host: bdc02}":                            "add crash: true",
		"fault: {crash: true}":                            "fault does not say which host",
		"fault: {host: bdc03, crash: true}":               `there is no host "bdc03" with an engine: did you mean`,
		"fault: {host: bdc02, cable: bdc01, crash: true}": "names a host and a cable",
	} {
		_, err := Read("x.yaml", []byte(twoMore+"  - "+step+"\n"))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", step, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s:\ngot  %v\nwant %s", step, err, want)
		}
	}
}

// A dockerd that is killed leaves its containers running, and their ports answer. systemd
// starts it again after two seconds; then what ran is stopped, unless live-restore says
// otherwise, and what its policy says is started.
func TestAKilledEngine(t *testing.T) {
	for _, engine := range Engines {
		for _, live := range []bool{false, true} {
			all := []saying{
				{"bdc01$ docker run -d --name plain -p 8080:80 nginx; docker run -d --name always --restart always busybox sleep 1000", nil},
				{"bdc01$ kill -9 $(pidof dockerd); sleep 1; docker ps 2>&1; systemctl is-active docker; systemctl status docker | sed -n 3p", []string{
					"Cannot connect to the Docker daemon", `\nactivating\n`, `Active: activating \(auto-restart\) \(Result: signal\) since .*; 1s ago`,
				}},
				{"bdc02$ curl -s -m 2 -o /dev/null -w '%{http_code}' http://10.0.0.11:8080/", []string{"^200"}},
				{"bdc01$ sleep 15; systemctl is-active docker", []string{"^active"}},
			}
			if live {
				all = append([]saying{{`bdc01$ echo '{"live-restore": true}' > /etc/docker/daemon.json; systemctl restart docker`, nil}}, all...)
				all = append(all, saying{"bdc01$ docker ps --format '{{.Names}} {{.Status}}'", []string{`always Up \d+ seconds`, `plain Up \d+ seconds`}},
					saying{"bdc02$ curl -s -m 2 -o /dev/null -w '%{http_code}' http://10.0.0.11:8080/", []string{"^200"}})
			} else {
				all = append(all, saying{"bdc01$ docker ps -a --format '{{.Names}} {{.Status}}'", []string{`always Up`, `plain Exited \(0\)`}},
					saying{"bdc01$ docker inspect -f '{{.RestartCount}}' always; iptables -t nat -S | grep -c 8080", []string{`^0\n0\n`}})
			}
			says(t, engine, append(all, saying{"bdc01$ kill -9 $(pidof dockerd); systemctl stop docker; sleep 5; systemctl is-active docker", []string{"inactive"}}))
		}
	}
}
