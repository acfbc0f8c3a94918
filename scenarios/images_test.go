package scenarios

import "testing"

// Images of the scenario are on the hosts, and those that listen answer.
func TestImagesOfTheScenario(t *testing.T) {
	lab := openText(t, `
name: own images
lan: {subnet: 10.0.0.0/24, gateway: 10.0.0.2}
images:
  shop: {listen: [80/tcp, 8080/tcp], response: "welcome to the shop"}
  acme/tool:v2: {like: debian, cmd: [sleep, "1000"], env: [WHO=acme]}
hosts:
  bdc01: {address: 10.0.0.11}
`)
	defer lab.Close()
	for _, c := range []struct{ line, want string }{
		{"docker images --format '{{.Repository}}:{{.Tag}}' | grep -c -E '^(shop:latest|acme/tool:v2|busybox:latest)$'", "3\n"},
		{"docker run -d --name shop shop > /dev/null; docker run -d --name tool acme/tool:v2 > /dev/null; sleep 1; docker exec tool printenv WHO", "acme\n"},
		{"docker run --rm busybox wget -q -O - http://172.17.0.2/", "welcome to the shop"},
		{"docker run --rm busybox wget -q -O - http://172.17.0.2:8080/", "welcome to the shop"},
		{"docker ps --format '{{.Image}} {{.Command}} {{.Ports}}'", "acme/tool:v2 \"sleep 1000\" \nshop \"serve\" 80/tcp, 8080/tcp\n"},
	} {
		_, got, err := lab.Output("bdc01", c.line)
		if err != nil || got != c.want {
			t.Errorf("%s\n got %q (%v)\nwant %q", c.line, got, err, c.want)
		}
	}
}

// Of a name with both families programs take the first address that getaddrinfo gives,
// IPv6 where it has a way; Alpine's busybox was built to prefer IPv4.
func TestANameWithBothFamilies(t *testing.T) {
	const run = "docker run -itd --network dual --name "
	says(t, "29", []saying{
		{"bdc01$ docker network create --ipv6 --subnet 172.28.0.0/24 --subnet 2001:db8:60::/64 dual", nil},
		{"bdc01$ " + run + "d1 busybox; " + run + "d2 busybox; docker run -itd --network dual --name al alpine; docker exec -d d2 httpd -f", nil},
		{"bdc01$ docker exec d1 ping -c 1 d2", []string{`^PING d2 \(2001:db8:60::3\): 56 data bytes\n64 bytes from 2001:db8:60::3: `}},
		{"bdc01$ docker exec d1 ping -4 -c 1 d2", []string{`^PING d2 \(172.28.0.3\)`}},
		{"bdc01$ docker exec al ping -c 1 d2", []string{`^PING d2 \(172.28.0.3\)`}},
		{"bdc01$ docker exec al ping -6 -c 1 d2", []string{`^PING d2 \(2001:db8:60::3\)`}},
		{"bdc01$ docker exec d1 wget -O - http://d2/nothing", []string{`Connecting to d2 \(\[2001:db8:60::3\]:80\)`, "404"}},
	})
}
