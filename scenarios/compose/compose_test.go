package compose

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const shop = `
services:
  web:
    image: nginx
    ports: ["8080:80", "127.0.0.1:8443:443/tcp", "53:53/udp"]
    networks:
      front: {aliases: [www]}
      back: {ipv4_address: 10.77.0.10, priority: 10}
    depends_on: {api: {condition: service_started}}
    extra_hosts: ["legacy:10.9.9.9"]
    dns: [9.9.9.9]
    sysctls: {net.ipv4.ip_forward: 1}
    cap_add: [NET_ADMIN]
    healthcheck: {test: "true"}
  api:
    build: .
    expose: ["9000"]
    command: python app.py
    networks: [back]
    environment: {MODE: "${MODE:-dev}"}
  side:
    image: busybox
    command: sleep 1000
    network_mode: service:api
  tool:
    image: busybox
    profiles: [debug]
    network_mode: host
networks:
  front: {}
  back:
    driver: bridge
    ipam: {config: [{subnet: 10.77.0.0/24, gateway: 10.77.0.1}]}
  unused: {}
`

const shopLines = `docker$ docker network create -d bridge --subnet=10.77.0.0/24 --gateway=10.77.0.1 shop_back
docker$ docker network create shop_front
docker$ docker create --name shop-api-1 --network shop_back --network-alias api --expose 9000 -e MODE=test shop-api
docker$ docker start shop-api-1
docker$ docker create --name shop-side-1 --network container:shop-api-1 busybox sleep 1000
docker$ docker start shop-side-1
docker$ docker create --name shop-web-1 --network shop_back --network-alias web --ip 10.77.0.10 -p 8080:80 -p 127.0.0.1:8443:443 -p 53:53/udp --add-host legacy:10.9.9.9 --dns 9.9.9.9 --sysctl net.ipv4.ip_forward=1 --cap-add NET_ADMIN --health-cmd true nginx
docker$ docker network connect --alias web --alias www shop_front shop-web-1
docker$ docker start shop-web-1`

func TestAComposeFileBecomesTheLinesThatComposeWouldHaveSent(t *testing.T) {
	out, ignored, err := Import("shop/compose.yaml", []byte(shop), Options{Environment: map[string]string{"MODE": "test"}})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for l := range strings.Lines(string(out)) {
		if l, ok := strings.CutPrefix(strings.TrimSpace(l), "- "); ok {
			lines = append(lines, l)
		}
	}
	if got := strings.Join(lines, "\n"); got != shopLines {
		t.Errorf("got\n%s\nwant\n%s", got, shopLines)
	}
	if !strings.Contains(string(out), "shop-api:\n        listen: [9000/tcp]") {
		t.Errorf("no stand-in:\n%s", out)
	}
	if got := strings.Join(ignored, "; "); got != "image, build and command (a stand-in that answers HTTP at the ports): api" {
		t.Errorf("ignored: %s", got)
	}
}

func TestProfilesChooseServices(t *testing.T) {
	for _, c := range []struct {
		profiles []string
		there    bool
	}{{nil, false}, {[]string{"debug"}, true}} {
		out, _, err := Import("shop/compose.yaml", []byte(shop), Options{Profiles: c.profiles})
		if err != nil || strings.Contains(string(out), "--network host") != c.there {
			t.Errorf("%v: %v\n%s", c.profiles, err, out)
		}
	}
}

func TestMistakesOfAComposeFileAreTold(t *testing.T) {
	for text, says := range map[string]string{
		"services: {a: {image: busybox, depends_on: [b]}}":                                       "b",
		"services: {a: {image: busybox, depends_on: [b]}, b: {image: busybox, depends_on: [a]}}": "cycle",
		"services: {a: {image: busybox, networks: [nosuch]}}":                                    "nosuch",
		"services: {a: {image: busybox, prots: [80]}}":                                           "prots",
		"services: {a: {image: busybox, ports: [eighty]}}":                                       "eighty",
		"services: [a]": "services",
		"services: {a: {image: busybox, network_mode: 'service:none'}}":             "none",
		"services: {a: {image: busybox, container_name: x, deploy: {replicas: 2}}}": "container_name",
		"services: {a: {image: '${NONE:?say which}'}}":                              "say which",
	} {
		if _, _, err := Import("x/compose.yaml", []byte(text), Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

func TestAScenarioIsNoComposeFile(t *testing.T) {
	for text, want := range map[string]bool{shop: true, "include: [a.yaml]": true, "hosts: {a: {}}\nsteps: []": false, "- a": false} {
		if Is([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func TestHealthchecksBecomeOptions(t *testing.T) {
	for check, want := range map[string]string{
		`{test: [CMD-SHELL, "pg_isready -U it || exit 1"], interval: 1m30s, timeout: 5s, retries: 4, start_period: 20s}`: `--health-cmd 'pg_isready -U it || exit 1' --health-interval 1m30s --health-timeout 5s --health-start-period 20s --health-retries 4 postgres`,
		`{test: [CMD, redis-cli, "SET a b"]}`: `--health-cmd 'redis-cli '\''SET a b'\''' postgres`,
		`{test: curl -f http://localhost}`:    `--health-cmd 'curl -f http://localhost' postgres`,
		`{test: [NONE]}`:                      `--no-healthcheck postgres`,
		`{disable: true}`:                     `--no-healthcheck postgres`,
		`{interval: 3s}`:                      `--network-alias db --health-interval 3s postgres`,
	} {
		text := "services:\n  db: {image: postgres, healthcheck: " + check + "}\n  a: {image: busybox, depends_on: {db: {condition: service_healthy}}}\n  b: {image: busybox, depends_on: {db: {condition: service_healthy}}}\n"
		out, ignored, err := Import("x/compose.yaml", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if said := folded(out); !strings.Contains(said, want) || strings.Count(said, "State.Health.Status}}' x-db-1)") != 1 || len(ignored) > 0 {
			t.Errorf("%s: want %s\nignored %v\n%s", check, want, ignored, said)
		}
	}
	text := "services: {web: {build: ., ports: [80], healthcheck: {test: curl localhost}}, a: {image: busybox, healthcheck: {test: 'true', start_interval: 1s}, depends_on: {web: {condition: service_healthy}}}}"
	out, ignored, err := Import("x/compose.yaml", []byte(text), Options{})
	if want := "healthcheck of a stand-in (healthy when started): web; healthcheck: start_interval: a; image, build and command (a stand-in that answers HTTP at the ports): web"; err != nil ||
		strings.Join(ignored, "; ") != want || strings.Contains(string(out), "Status}}") || strings.Contains(string(out), "curl") {
		t.Errorf("%v, ignored %v, want %s\n%s", err, ignored, want, out)
	}
}

// folded is YAML with the lines that it breaks made whole.
func folded(out []byte) string {
	var keys struct{ Setup []string }
	if err := yaml.Unmarshal(out, &keys); err != nil {
		return err.Error()
	}
	return strings.Join(keys.Setup, "\n")
}
