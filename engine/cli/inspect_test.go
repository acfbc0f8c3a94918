package cli

import (
	"strings"
	"testing"
)

// A 20.10 client executes templates on its own structs: their fields, and the
// order of `json`, are those of API 1.41.
func TestInspectFormatsSeeTheStructsOfTheEnginesRelease(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name c1 -p 8080:80 busybox sleep 1000; docker network create net1")
	for _, c := range []struct{ line, want string }{
		{`docker inspect -f '{{json .State}}' c1 | cut -c1-46`, `{"Status":"running","Running":true,"Paused":fa` + "\n"},
		{`docker inspect -f '{{json .NetworkSettings}}' c1 | cut -c1-26`, `{"Bridge":"","SandboxID":"` + "\n"},
		{`docker inspect -f '{{.NetworkSettings.IPAddress}}' c1`, "172.17.0.2\n"},
		{`docker container inspect -f '{{.NetworkSettings.Gateway}} {{.HostConfig.NanoCPUs}}' c1`, "172.17.0.1 0\n"},
		{`docker inspect -f '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' c1`, "8080\n"},
		{`docker inspect -f '{{range .NetworkSettings.Ports}}{{(index . 0).HostIP}}{{end}}' c1`, "0.0.0.0\n"},
		{`docker inspect -f '{{.Config.Cmd}} {{join .Config.Cmd "+"}}' c1`, "[sleep 1000] sleep+1000\n"},
		{`docker inspect -f '{{.Id}}' c1 | wc -c`, "65\n"}, // only the JSON has it
		{`docker inspect -f '{{.Nosuch}}' c1; echo rc $?`, "\ntemplate parsing error: template: :1:2: executing \"\" at <.Nosuch>: map has no entry for key \"Nosuch\"\nrc 1\n"},
		{`docker inspect -f '{{.Name' c1; echo rc $?`, "template parsing error: template: :1: unclosed action\nrc 64\n"},
		{`docker network inspect -f '{{.Name}} {{.Driver}} {{range .IPAM.Config}}{{.Subnet}}{{end}}' net1`, "net1 bridge 172.18.0.0/16\n"},
		{`docker network inspect -f '{{.Created}}' net1 | sed 's/.* +/+/'`, "+0000 UTC\n"},
		{`docker network inspect -f '{{json .IPAM}}' net1`, `{"Driver":"default","Options":{},"Config":[{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"}]}` + "\n"},
		{`docker network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' bridge`, "c1 172.17.0.2/16\n"},
		{`docker network inspect -v -f '{{.Scope}}' net1`, "local\n"},
		{`docker image inspect -f '{{.Os}}/{{.Architecture}} {{.Config.Cmd}}' busybox`, "linux/amd64 [sh]\n"},
		{`docker inspect -f '{{.Os}}' busybox`, "linux\n"},
		{`docker inspect -f '{{.Driver}}' net1`, "bridge\n"},
		{`docker inspect --type network -f '{{.Name}}' bridge`, "bridge\n"},
		{`test $(docker inspect -s -f '{{.SizeRootFs}}' c1) = $(docker image inspect -f '{{.Size}}' busybox); echo $?`, "0\n"}, // the image's, and nothing written
		{`docker inspect -f '{{.SizeRootFs}}' c1`, "<nil>\n"},
		{`docker exec c1 sh -c 'printf 12345 > /tmp/f; printf 123 > /g; rm /g'; docker ps -s --filter name=c1 --format '{{.Size}}'; docker inspect -s -f '{{.SizeRw}}' c1; docker exec c1 rm /tmp/f`, "5B (virtual 1.98MB)\n5\n"},
		{`docker inspect nosuch; echo rc $?`, "[]\nError: No such object: nosuch\nrc 1\n"},
		{`docker inspect -f '{{.Name}}' nosuch c1 other; echo rc $?`, "/c1\nError: No such object: nosuch\nError: No such object: other\nrc 1\n"},
		{`docker container inspect nosuch; echo rc $?`, "[]\nError: No such container: nosuch\nrc 1\n"},
		{`docker network inspect nosuch; echo rc $?`, "[]\nError: No such network: nosuch\nrc 1\n"},
		{`docker image inspect nosuch; echo rc $?`, "[]\nError: No such image: nosuch\nrc 1\n"},
		{`docker inspect --type image c1; echo rc $?`, "[]\nError: No such image: c1\nrc 1\n"},
		{`docker inspect --type foo c1; echo rc $?`, "\"foo\" is not a valid value for --type\nrc 1\n"},
		{`docker inspect -s net1 2>&1 >/dev/null`, "WARNING: --size ignored for network\n"},
	} {
		if got := b.run(c.line); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
	if got := b.run("docker inspect"); !strings.Contains(got, "requires at least 1 argument") {
		t.Errorf("docker inspect without arguments: %q", got)
	}
}

// dockerd forgets an exec with its end; docker inspect lists those that run.
func TestInspectListsTheExecsThatRun(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name c1 busybox sleep 1000; docker exec c1 true")
	if got := b.run("docker inspect -f '{{json .ExecIDs}}' c1"); got != "null\n" {
		t.Errorf("after an exec has ended: %s", got)
	}
	b.run("docker exec -d c1 sleep 5")
	if got := b.run("docker inspect -f '{{len .ExecIDs}}' c1; sleep 6; docker inspect -f '{{json .ExecIDs}}' c1"); got != "1\nnull\n" {
		t.Errorf("while an exec runs and after: %s", got)
	}
}
