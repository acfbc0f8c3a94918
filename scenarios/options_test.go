package scenarios

import "testing"

// What a service is asked for reaches its containers, or is said to do nothing.
func TestOptionsOfAServiceReachItsTasks(t *testing.T) {
	const id = "$(docker ps -q -f name=web)"
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{"bdc01$ docker service create -d -q --no-resolve-image --name web --ulimit nofile=100:200 --group 44 --group mail --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0700 --mount type=volume,src=vol,dst=/v,volume-label=a=b,volume-opt=type=tmpfs,volume-nocopy --log-driver json-file --log-opt max-size=10m --oom-score-adj 99 --limit-memory 64m --memory-swap 128m --memory-swappiness 10 --read-only --health-cmd true --health-start-interval 2s --sysctl net.ipv4.tcp_fin_timeout=30 --stop-grace-period 3s alpine sleep 1000; sleep 9", []string{
			`^[0-9a-z]{25}\ndnetsim does not simulate --limit-memory: it has no effect\n`, "--log-opt: it", "--memory-swap: it", "--memory-swappiness: it", "--oom-score-adj: it", "--ulimit: it", "--sysctl net.ipv4.tcp_fin_timeout: it",
		}},
		{"bdc01$ docker service inspect -f '{{with .Spec.TaskTemplate}}{{.ContainerSpec.OomScoreAdj}} {{.ContainerSpec.Healthcheck.StartInterval}} {{json .Resources}}{{end}}' web", []string{`^99 2s .*"SwapBytes":134217728,"MemorySwappiness":10}`}},
		{"bdc01$ docker inspect -f '{{with .HostConfig}}{{.Ulimits}} {{.GroupAdd}} {{.LogConfig}} {{.OomScoreAdj}} {{.MemorySwap}} {{.MemorySwappiness}} {{json .Mounts}}{{end}}' " + id, []string{
			`^\[nofile=100:200\] \[44 mail\] {json-file map\[max-size:10m\]} 99 201326592 10 `, `"TmpfsOptions":{"SizeBytes":1048576,"Mode":448}`, `"VolumeOptions":{"NoCopy":true,"Labels":{"a":"b"},"DriverConfig":{"Options":{"type":"tmpfs"}}}`,
		}},
		{"bdc01$ docker exec " + id + " sh -c 'id; mount | grep \" /t \"; df -h /t; ls -ld /t; touch /x; touch /t/x && echo wrote'", []string{
			`groups=0\(root\),44,8\(mail\)\n`, `tmpfs on /t type tmpfs \(rw,nosuid,nodev,noexec,relatime,size=1024k,mode=700\)`, "1.0M", "drwx------ .*/t\n", "wrote", "/x: Read-only file system",
		}},
		{"bdc01$ docker volume inspect -f '{{.Labels}} {{.Options}}' vol", []string{`map\[a:b\] map\[type:tmpfs\]`}},
		{"bdc01$ docker service update -d -q --no-resolve-image --limit-pids 9 web", []string{"--limit-pids: it has no effect"}},
	})
}

// What no node can give keeps a task waiting, and what a node refuses rejects it.
func TestOptionsThatNoNodeHas(t *testing.T) {
	create := func(name, more string) string {
		return "bdc01$ docker service create -d -q --no-resolve-image --name " + name + " " + more + " alpine sleep 1000; sleep 3; docker service ps --no-trunc " + name
	}
	says(t, "29", []saying{
		{"bdc01$ docker swarm init", nil},
		{create("gen", "--generic-resource gpu=2"), []string{`Pending .*"no suitable node \(insufficient resources on 1 node\)"`}},
		{create("log", "--log-driver nosuch"), []string{`Pending .*"no suitable node \(missing plugin on 1 node\)"`}},
		{create("vol", "--mount type=volume,src=v1,dst=/v,volume-driver=nosuch"), []string{`"no suitable node \(missing plugin on 1 node\)"`}},
		{create("csi", "--mount type=cluster,src=a,dst=/b"), []string{`"no suitable node \(cannot fulfill requested CSI volume mounts on 1 node\)"`}},
		{create("win", "--credential-spec file://foo"), []string{`Rejected .*"invalid --security-opt 2: "credentialspec=file://foo""`}},
		{create("rel", "--mount type=bind,src=a,dst=/b"), []string{`Rejected .*"invalid bind mount source, must be an absolute path: a"`}},
		{create("opt", "--log-driver json-file --log-opt foo=1"), []string{`Rejected .*"unknown log opt 'foo' for json-file log driver"`}},
		{create("fast", "--health-cmd true --health-interval 1us"), []string{"InvalidArgument desc = ContainerSpec: Interval in HealthConfig cannot be less than 1ms"}},
	})
}

// So it is of a container that somebody runs.
func TestOptionsOfAContainer(t *testing.T) {
	for _, engine := range Engines {
		says(t, engine, []saying{
			{"bdc01$ docker run --rm --read-only --tmpfs /t:size=10m,mode=1770,exec --mount type=tmpfs,dst=/u,tmpfs-size=1m --group-add 44 alpine sh -c 'touch /x; touch /t/x && echo wrote; echo 1 > /etc/hosts; id; mount | grep -e \" /[tu] \" | sort; df -h /t'", []string{
				`wrote\n.*uid=0\(root\) gid=0\(root\) groups=.*44`, `tmpfs on /t type tmpfs \(rw,nosuid,nodev,relatime,size=10240k,mode=1770\)\ntmpfs on /u type tmpfs \(rw,nosuid,nodev,noexec,relatime,size=1024k\)\n`, "10.0M", "touch: /x: Read-only file system", "/etc/hosts: Read-only file system", "!no effect",
			}},
			{"bdc01$ docker run -d --name mute --log-driver none alpine echo hi; docker logs mute", []string{"!no effect", "configured logging driver does not support reading"}},
			{"bdc01$ docker run -d --log-driver nosuch alpine", []string{"logger: no log driver named 'nosuch' is registered"}},
			{"bdc01$ docker run -d --log-opt foo=1 alpine", []string{"unknown log opt 'foo' for json-file log driver"}},
			{"bdc01$ docker run -d --security-opt foo=1 alpine", []string{`invalid --security-opt 2: "foo=1"`}},
			{"bdc01$ docker run -d --group-add nosuch alpine", []string{"nosuch: no matching entries in group file"}},
			{"bdc01$ docker run --rm --mount type=volume,src=vol,dst=/v,volume-label=a=b,volume-opt=type=tmpfs alpine true; docker volume inspect -f '{{.Labels}} {{.Options}}' vol", []string{`map\[a:b\] map\[type:tmpfs\]`}},
			{"bdc01$ docker run --rm --mount type=volume,src=vol2,dst=/v,volume-driver=nosuch alpine true", []string{`error looking up volume plugin nosuch: plugin "nosuch" not found`}},
		})
	}
}
