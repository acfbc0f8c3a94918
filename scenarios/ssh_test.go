package scenarios

import "testing"

// ssh is a TCP connection to the host's port 22: what the network does to one it
// does to ssh, in ssh's words. A step's own prompt needs no network.
func TestSSHGoesThroughTheNetwork(t *testing.T) {
	passes(t, twoMore+`
  - {run: "bdc01$ ssh bdc02 hostname; ssh root@10.0.0.12 'exit 3'", expect: {stdout: bdc02, exit: 3}}
  - run: bdc01$ tcpdump -nni eth0 -c 1 'tcp dst port 22 and tcp[tcpflags] & tcp-syn != 0' 2>/dev/null | grep -c '10.0.0.11.*10.0.0.12.22' & sleep 1; ssh bdc02 true; wait
    expect: {stdout: "1"}
  - {run: "bdc01$ ss -Hlnt; ssh bdc02 ss -Hlnt sport = 8080", expect: {stdout: ""}}
  - {run: "bdc01$ ssh 10.0.0.99 true", expect: {stderr: "ssh: connect to host 10.0.0.99 port 22: No route to host", exit: 255}}
  - {run: "bdc01$ ssh 10.9.9.9 true; ssh -p 2222 bdc02 true", expect: {stderr: "~^ssh: connect to host 10.9.9.9 port 22: Network is unreachable$\nssh: connect to host bdc02 port 2222: Connection refused", exit: 255}}
  - bdc02$ iptables -I INPUT -p tcp --dport 22 -j DROP
  - {run: "bdc01$ ssh -o ConnectTimeout=5 bdc02 true", expect: {stderr: "ssh: connect to host bdc02 port 22: Connection timed out", exit: 255}}
  - bdc02$ iptables -R INPUT 1 -p tcp --dport 22 -j REJECT --reject-with icmp-host-prohibited
  - {run: "bdc01$ ssh bdc02 true", expect: {stderr: "ssh: connect to host bdc02 port 22: No route to host", exit: 255}}
  - bdc02$ iptables -D INPUT 1
  - fault: {cable: bdc02, down: true}
  - {run: "bdc01$ ip neigh flush all; ssh bdc02 true", expect: {stderr: "ssh: connect to host bdc02 port 22: No route to host", exit: 255}}
  - {run: "bdc02$ hostname", expect: {stdout: bdc02}}
  - repair: {cable: bdc02}
  - {run: "bdc01$ ssh bdc02 hostname; ssh nobody true", expect: {stdout: bdc02, stderr: "~^ssh: Could not resolve hostname nobody: .*$", exit: 255}}
`)
}
