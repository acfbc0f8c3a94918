package modes

import (
	"strings"
	"testing"

	"dnetsim/modes/network"
)

// A daemon.json that nobody should write: dockerd starts, or says why not. The
// numbers are those that arithmetic stumbles over.
func TestDaemonJSONIsTakenOrRefusedWithAReason(t *testing.T) {
	w := newWorld(t, "")
	d := w.a.Daemon
	pools := func(body string) string { return `{"default-address-pools": ` + body + `}` }
	for _, c := range []struct{ body, says string }{
		{pools(`[{"base":"10.0.0.0/8","size":33}]`), "invalid pools size: 33"},
		{pools(`[{"base":"10.0.0.0/8","size":7}]`), "invalid pools size: 7"},
		{pools(`[{"base":"10.0.0.0/8","size":-1}]`), "invalid pools size: -1"},
		{pools(`[{"base":"10.0.0.0/8","size":0}]`), "invalid pools size: 0"},
		{pools(`[{"base":"10.0.0.0/8"}]`), "invalid pools size: 0"},
		{pools(`[{"base":"fd00::/8","size":129}]`), "invalid pools size: 129"},
		{pools(`[{"base":"10.0.0.0/33","size":33}]`), `invalid base pool "10.0.0.0/33"`},
		{pools(`[{"base":"10.0.0.0","size":24}]`), `invalid base pool "10.0.0.0"`},
		{pools(`[{"base":"","size":24}]`), `invalid base pool ""`},
		{pools(`[{}]`), `invalid base pool ""`},
		{pools(`[null]`), `invalid base pool ""`},
		{pools(`[{"base":"10.0.0.0/8","size":1e400}]`), "cannot unmarshal number"},
		{pools(`[{"base":"10.0.0.0/8","size":24.5}]`), "cannot unmarshal number"},
		{pools(`[{"base":"10.0.0.0/8","size":99999999999999999999}]`), "cannot unmarshal number"},
		{pools(`[{"base":"10.0.0.0/8","size":"24"}]`), "cannot unmarshal string"},
		{pools(`[{"base":10,"size":24}]`), "cannot unmarshal number"},
		{pools(`{"base":"10.0.0.0/8"}`), "cannot unmarshal object"},
		{pools(`"10.0.0.0/8"`), "cannot unmarshal string"},
		{pools(`[]`), ""},
		{pools(`null`), ""},
		{pools(`[{"base":"fd00::/8","size":64}]`), "no available network"},
		{pools(`[{"base":"::/0","size":128},{"base":"172.20.0.0/16","size":24}]`), ""},
		{pools(`[{"base":"10.1.0.0/16","size":32}]`), "No available addresses"},
		{pools(`[{"base":"10.1.0.0/16","size":31}]`), "No available addresses"},
		{pools(`[{"base":"10.1.0.0/8","size":30}]`), ""},
		{pools(`[{"base":"0.0.0.0/0","size":24}]`), ""},
		{`{"mtu": -1}`, ""}, {`{"mtu": 0}`, ""}, {`{"mtu": 99999999999}`, ""}, {`{"mtu": 1e400}`, "cannot unmarshal"}, {`{"mtu": "1500"}`, "cannot unmarshal"},
		{`{"mtu": null}`, ""}, {`{"bip": ""}`, ""}, {`{"bip": "10.0.0.300/24"}`, "invalid CIDR address"}, {`{"bip": "10.200.0.1/33"}`, "invalid CIDR"},
		{`{"bip": "10.200.0.1/32"}`, "No available"}, {`{"bip": "10.200.0.0/24"}`, "ddress"}, {`{"bip": "0.0.0.0/0"}`, "failed to start"}, {`{"bip": "fd00::1/64"}`, ""},
		{`{"bip": "224.0.0.1/24"}`, ""}, {`{"bip": "255.255.255.255/32"}`, "failed to start"},
		{`{"fixed-cidr": "x"}`, "subpool"}, {`{"fixed-cidr": "fd00::/64"}`, "are not compatible"}, {`{"fixed-cidr": "10.0.0.0/0"}`, ""},
		{`{"ipv6": true, "fixed-cidr-v6": "fd00::/128"}`, "No available"}, {`{"ipv6": true, "fixed-cidr-v6": "10.0.0.0/8"}`, "failed to start"},
		{`{"ipv6": true, "fixed-cidr-v6": "::/0"}`, ""}, {`{"ipv6": true}`, "no subnet is configured"},
		{`{"default-gateway": "x"}`, "invalid IP address: x"}, {`{"default-gateway-v6": "x"}`, "invalid IP address: x"},
		{`{"bip": "10.200.0.1/24", "default-gateway": "10.200.1.1"}`, "auxiliary address: (DefaultGatewayIPv4:10.200.1.1) must belong to the master pool: 10.200.0.0/24"},
		{`{"bip": "10.200.0.1/24", "default-gateway": "10.200.0.1"}`, "failed to allocate secondary ip address (DefaultGatewayIPv4:10.200.0.1)"}, {`{"ip": "x"}`, ""}, {`{"ip": "::"}`, ""},
		{`{"dns": ["x", "", "::"]}`, ""}, {`{"dns": {}}`, "cannot unmarshal"}, {`{"dns-opts": [null]}`, ""},
		{`{"bridge": ""}`, ""}, {`{"bridge": "none"}`, ""}, {`{"bridge": "` + strings.Repeat("x", 300) + `"}`, ""}, {`{"bridge": "a/b"}`, ""}, {`{"bridge": "eth0"}`, ""}, {`{"bridge": "lo"}`, ""},
		{`{"hosts": [""]}`, ""}, {`{"hosts": ["tcp://:99999"]}`, ""}, {`{"hosts": ["tcp://"]}`, ""}, {`{"hosts": ["unix://"]}`, ""}, {`{"hosts": [1]}`, "cannot unmarshal"}, {`{"hosts": null}`, ""},
		{`{"hosts": ["tcp://[::1"]}`, ""}, {`{"hosts": ["fd://"]}`, ""},
		{`{"cluster-store": "consul://"}`, ""}, {`{"cluster-store": "x"}`, ""}, {`{"cluster-store": "consul://10.0.0.11:99999"}`, ""}, {`{"cluster-store": "consul://[::1]:8500", "cluster-advertise": "10.0.0.11:0"}`, ""},
		{`{"cluster-store": "consul://10.0.0.11:8500", "cluster-advertise": "10.0.0.11:99999999999"}`, ""},
		{`{"cluster-store": "consul://10.0.0.11:8500", "cluster-advertise": "[::"}`, "cluster-advertise"},
		{`{"cluster-store": "consul://10.0.0.11:8500", "cluster-advertise": ":::"}`, "cluster-advertise"},
		{`{"cluster-store": "consul://10.0.0.11:8500", "cluster-advertise": "lo:2376"}`, "valid ip-address"},
		{`{"cluster-advertise": "10.0.0.11:2376"}`, "must be accompanied"},
		{`{"cluster-store": "consul://10.0.0.11:8500", "cluster-advertise": "10.0.0.11:2376", "cluster-store-opts": {"discovery.heartbeat": "-1", "discovery.ttl": "99999999999999999999"}}`, "discovery"},
		{`{"cluster-store": "consul://10.0.0.11:8500", "cluster-advertise": "10.0.0.11:2376", "cluster-store-opts": {"discovery.heartbeat": "9223372036854775807", "discovery.ttl": "9223372036854775807"}}`, "discovery"},
		{`{"cluster-store": "consul://10.0.0.11:8500", "cluster-store-opts": {"x": 1}}`, "cannot unmarshal"},
		{`[]`, "cannot unmarshal array"}, {`null`, ""}, {`"x"`, "cannot unmarshal string"}, {`{`, "unexpected E"}, {`{}x`, ""}, {`{"x": 1}`, "don't match any configuration option: x"},
		{strings.Repeat(`{"a":`, 20000), "exceeded max depth"}, {strings.Repeat(`[`, 20000), "exceeded max depth"}, {"\x00", "invalid character"}, {"\xff", "invalid character"}, {"", ""}, {"   ", ""},
	} {
		w.do(func() {
			d.Stop()
			w.a.FS().WriteFile("/etc/docker/daemon.json", []byte(c.body), 0o644)
			err := d.Start()
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%.200s\n  says %v\n  want %s", c.body, err, c.says)
			}
			if err == nil {
				_, _, err := d.Networks.Create(network.Create{Name: "n"})
				if err == nil {
					err = d.Networks.Remove("n")
				}
				if err != nil && !strings.Contains(err.Error(), "o available") {
					t.Errorf("%.200s: a network: %v", c.body, err)
				}
			}
		})
	}
}
