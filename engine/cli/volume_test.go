package cli

import "testing"

// A volume outlives its containers, is one directory for all of them and for the
// host, and cannot be removed while one has it.
func TestVolumesKeepTheirContent(t *testing.T) {
	b := newLab(t, 1)
	want(t, b.run("docker volume create v1; docker volume ls"), "local     v1")
	b.run("docker run --rm -v v1:/data busybox sh -c 'echo one > /data/f'")
	want(t, b.run("docker run --rm -v v1:/data busybox cat /data/f; cat /var/lib/docker/volumes/v1/_data/f"), "one\none\n")
	want(t, b.run("docker run --rm -v v1:/data:ro busybox touch /data/g"), "Read-only file system")
	b.run("docker run -d --name c1 -v v1:/data busybox sleep 1000")
	want(t, b.run("docker volume rm v1"), "Error response from daemon: remove v1: volume is in use - [")
	want(t, b.run("docker inspect -f '{{(index .Mounts 0).Source}} {{(index .Mounts 0).RW}}' c1"), "/var/lib/docker/volumes/v1/_data true")
	want(t, b.run("docker run --rm --volumes-from c1 busybox cat /data/f"), "one")
	b.run("docker rm -f c1")
	want(t, b.run("docker volume prune -f"), "v1")
	want(t, b.run("docker volume inspect v1"), "Error: No such volume: v1")
	for line, says := range map[string]string{
		"docker volume create x":                          "volume name is too short, names should be at least two alphanumeric characters",
		"docker volume create a/b":                        `create a/b: "a/b" includes invalid characters for a local volume name`,
		"docker volume create -d nfs vv":                  `create vv: error looking up volume plugin nfs: plugin "nfs" not found`,
		"docker run --rm -v v2:/d:wo busybox true":        "invalid mode: wo",
		"docker run --rm -v v2:/d -v v3:/d busybox true":  "Duplicate mount point: /d",
		"docker run --rm -v v2:/ busybox true":            "destination can't be '/'",
		"docker run --rm --volumes-from no1 busybox true": "No such container: no1",
	} {
		want(t, b.run(line), says)
	}
	b.run("mkdir -p /srv/www; echo hello > /srv/www/index.html")
	want(t, b.run("docker run --rm -v /srv/www:/www busybox cat /www/index.html"), "hello")
	b.run("docker run --rm -v /anonymous busybox true; docker run -v /anonymous --name c2 busybox true; docker rm -v c2")
	if got := b.run("docker volume ls -q | grep -c ."); got != "0\n" {
		t.Errorf("volumes that are left: %s%s", got, b.run("docker volume ls"))
	}
}
