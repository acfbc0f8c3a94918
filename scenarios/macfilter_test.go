package scenarios

import (
	"strings"
	"testing"
)

// A virtual switch that refuses forged transmits: macvlan children have
// addresses of their own and are not heard, ipvlan's have the host's and are.
func TestMACFilterOnALANPort(t *testing.T) {
	lab := openText(t, `
name: mac-filter
lan: {subnet: 10.0.0.0/24}
hosts:
  bdc01: {address: 10.0.0.11}
  bdc02: {address: 10.0.0.12}
`)
	defer lab.Close()
	do := func(place, command string, exit int) {
		t.Helper()
		if got, out, err := lab.Output(place, command); err != nil || got != exit {
			t.Errorf("%s$ %s: exit %d, want %d, %v\n%s", place, command, got, exit, err, out)
		}
	}
	fault := func(kind StepKind, on bool) {
		t.Helper()
		if err := lab.fault(&Step{Kind: kind, Fault: Fault{Cable: "bdc01", Way: "both", MACFilter: on}}); err != nil {
			t.Fatal(err)
		}
	}
	for i, host := range []string{"bdc01", "bdc02"} {
		address := []string{"1", "2"}[i]
		do(host, "docker network create -d macvlan --subnet 100.0.0.0/24 -o parent=eth0 mv", 0)
		do(host, "docker run -itd --name c"+address+" --network mv --ip 100.0.0.10"+address+" busybox", 0)
	}
	do("bdc01", "docker exec c1 ping -c 1 -W 1 100.0.0.102", 0)
	fault(StepFault, true)
	do("bdc01", "docker exec c1 ping -c 1 -W 1 100.0.0.102", 1)
	do("bdc02", "docker exec c2 ping -c 1 -W 1 100.0.0.101", 1)
	do("bdc01", "ping -c 1 -W 1 10.0.0.12", 0)
	fault(StepRepair, false)
	do("bdc01", "docker exec c1 ping -c 1 -W 3 100.0.0.102", 0)
	fault(StepFault, true)
	for i, host := range []string{"bdc01", "bdc02"} {
		address := []string{"1", "2"}[i]
		do(host, "docker rm -f c"+address+"; docker network rm mv", 0)
		do(host, "docker network create -d ipvlan --subnet 100.0.0.0/24 -o parent=eth0 iv", 0)
		do(host, "docker run -itd --name c"+address+" --network iv --ip 100.0.0.10"+address+" busybox", 0)
	}
	do("bdc01", "docker exec c1 ping -c 1 -W 1 100.0.0.102", 0)
}

func TestReadMACFilter(t *testing.T) {
	text := func(step string) string {
		return "name: x\nlan: {subnet: 10.0.0.0/24}\nhosts:\n  bdc01: {address: 10.0.0.11}\nsteps:\n  - " + step + "\n"
	}
	s, err := Read("x.yaml", []byte(text("fault: {cable: bdc01, mac-filter: true}")))
	if err != nil || !s.Steps[0].Fault.MACFilter {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = Read("x.yaml", []byte(text("fault: {cable: bdc01}")))
	if err == nil || !strings.Contains(err.Error(), "mac-filter") {
		t.Errorf("a fault without a property: %v", err)
	}
}
