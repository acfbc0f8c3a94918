package cli

import (
	"strings"
	"testing"
)

func TestAContainersMountsAreThoseThatDockerdAndRuncMake(t *testing.T) {
	b := newLab(t, 1)
	b.run("docker run -d --name plain busybox sleep 1000; docker run -itd --name term --read-only --shm-size 32m busybox; docker run -d --name priv --privileged busybox sleep 1000")
	upper := strings.TrimSpace(b.run("docker inspect -f '{{.GraphDriver.Data.UpperDir}}' plain"))
	want(t, b.run("docker exec plain mount"),
		"overlay on / type overlay (rw,relatime,lowerdir=/var/lib/docker/overlay2/l/", ",upperdir="+upper+",workdir=",
		"devpts on /dev/pts type devpts (rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666)\n",
		"cgroup on /sys/fs/cgroup/memory type cgroup (ro,nosuid,nodev,noexec,relatime,memory)\n",
		"shm on /dev/shm type tmpfs (rw,nosuid,nodev,noexec,relatime,size=65536k)\n/dev/vda on /etc/resolv.conf type ext4 (rw,relatime)\n/dev/vda on /etc/hostname type ext4 (rw,relatime)\n/dev/vda on /etc/hosts type ext4 (rw,relatime)\nproc on /proc/bus",
		"proc on /proc/sys type proc (ro,nosuid,nodev,noexec,relatime)\ntmpfs on /proc/acpi type tmpfs (ro,relatime)\n",
	)
	for _, c := range []struct{ line, want string }{
		{"docker exec plain mount | grep -c console", "0\n"},
		{"docker exec term mount | grep -c console", "1\n"},
		{"docker exec term mount | head -n 1 | cut -c1-32", "overlay on / type overlay (ro,re\n"},
		{"docker exec term df /dev/shm | tail -n 1", "shm                      32768         0     32768   0% /dev/shm\n"},
		{"docker exec priv mount | grep -c /proc/", "0\n"},
		{"docker exec priv grep -c ' /sys/fs/cgroup/.* rw,' /proc/mounts", "9\n"},
		{"docker exec plain df | grep -c /dev/vda", "3\n"},
		{"mount -t overlay | wc -l; docker rm -f term priv > /dev/null; mount -t overlay | wc -l; mount -t nsfs | wc -l", "3\n1\n1\n"},
		{"df / | tail -n 1", "/dev/vda        20511312 3250324  16193720  17% /\n"},
		{"df -h /run | tail -n 1", "tmpfs           394M     0  394M   0% /run\n"},
		{"docker exec plain sh -c '[ -s /etc/hosts ] && echo some'", "some\n"},
		{"ls -ld /run/docker | cut -c1-10; ls /run/docker | tr '\\n' ' '; cat /run/docker.pid | wc -w", "drwx------\ncontainerd libnetwork metrics.sock netns plugins runtime-runc swarm 1\n"},
		{"docker run --rm --network host busybox true; ls /run/docker/netns | grep -c default", "1\n"},
	} {
		if got := b.run(c.line); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.line, got, c.want)
		}
	}
}
