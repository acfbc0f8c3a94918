package cli

import (
	"strings"
	"testing"
)

// The compiled-in command line sends some settings of docker run elsewhere than
// one of the engine's release does, and leaves some refusals to newer engines.
func TestRunOptionsAgainstTheNetworkModeAreThoseOfTheEnginesRelease(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name base busybox sleep 1000")
	mac := "docker: Error response from daemon: conflicting options: mac-address and the network mode"
	links := "docker: links are only supported for user-defined networks"
	aliases := "docker: network-scoped aliases are only supported for user-defined networks"
	for _, c := range []struct{ line, want string }{
		{"docker run -d --network container:base --mac-address 02:42:ac:11:aa:bb busybox", mac},
		{"docker run -d --network host --mac-address 02:42:ac:11:aa:bb busybox", mac},
		{"docker run -d --network container:base --link base:b busybox", links},
		{"docker run -d --network host --link base:b busybox", links},
		{"docker run -d --network bridge --link base:b busybox", links},
		{"docker run -d --network bridge --network-alias al busybox", aliases},
	} {
		got := b.run(c.line + "; echo rc $?")
		if !strings.HasPrefix(got, c.want) || !strings.HasSuffix(got, "rc 125\n") {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
	b.run("docker network create net1")
	for _, c := range []struct{ line, want string }{
		{"docker run --rm --mac-address 02:42:ac:11:aa:bb busybox sh -c 'ip link show eth0 | grep -c 02:42:ac:11:aa:bb'", "1\n"},
		{"docker run --rm --network net1 --mac-address 02:42:ac:11:aa:bb busybox sh -c 'ip link show eth0 | grep -c 02:42:ac:11:aa:bb'", "1\n"},
		{"docker create --name mac --mac-address 02:42:ac:11:aa:bb busybox true >/dev/null; docker inspect -f '{{.Config.MacAddress}} {{.NetworkSettings.MacAddress}}' mac", "02:42:ac:11:aa:bb \n"},
		// Without --network an alias is accepted and ignored.
		{"docker run --rm --network-alias al busybox echo ran", "ran\n"},
		{"docker run --rm --link base:b busybox grep -c base /etc/hosts", "1\n"},
		{"docker run --rm --network net1 --link base:b busybox echo ran", "ran\n"},
	} {
		if got := b.run(c.line); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
}
