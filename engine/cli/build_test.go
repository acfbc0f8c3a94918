package cli

import (
	"strings"
	"testing"
)

// dockerfile is a Dockerfile and the files beside it, for the tests below.
const dockerfile = `mkdir -p b/sub; echo hi > b/f; echo x > b/sub/x; echo no > b/secret; echo secret > b/.dockerignore
cat > b/Dockerfile <<'END'
ARG BASE=busybox
FROM $BASE AS first
RUN echo made > /made
FROM busybox
ENV A=1 B="two words"
ARG V=7
RUN echo $V > /v; echo err >&2
COPY f sub/x /d/
COPY --from=first /made /made
ADD sub /sub
WORKDIR w
EXPOSE 80 53/udp
VOLUME /data
USER nobody
STOPSIGNAL SIGINT
LABEL a=$V
HEALTHCHECK --interval=5s CMD true
ENTRYPOINT ["echo"]
CMD ["$A", "b"]
END
`

func TestTheClassicBuilderBuilds(t *testing.T) {
	b := newLab(t, 1)
	b.run(dockerfile)
	for _, c := range []struct {
		line  string
		parts []string
	}{
		{"docker build -t foo:1 --label l=m b", []string{
			"Sending build context to Docker daemon  ", "Step 1/20 : ARG BASE=busybox\nStep 2/20 : FROM $BASE AS first\n ---> ", "Step 4/20 : FROM busybox\n",
			"\x1b[91merr\n\x1b[0mRemoving intermediate container ", "Step 20/20 : LABEL l=m\n ---> Running in ", "\nSuccessfully built ", "\nSuccessfully tagged foo:1\n",
		}},
		{"docker build -t foo:2 --label l=m b | grep -c 'Using cache'", []string{"17\n"}},
		{"docker build --build-arg V=8 --build-arg W=9 b | grep -e 'Using' -e Warn | uniq -c", []string{"3 ", "[Warning] One or more build-args [W] were not consumed"}},
		{"docker run --rm foo:1", []string{"$A b\n"}},
		{"docker run --rm --entrypoint sh foo:1 -c 'id -un; pwd; cat /v /d/f /d/x /made /sub/x; echo $B; ls /d'", []string{"nobody\n/w\n7\nhi\nx\nmade\nx\ntwo words\nf\nx\n"}},
		{"docker image inspect -f '{{.Config.ExposedPorts}} {{.Config.Volumes}} {{.Config.User}} {{.Config.StopSignal}} {{.Config.Labels}} {{.Config.Healthcheck.Test}} {{.Config.WorkingDir}}' foo:1",
			[]string{"map[53/udp:{} 80/tcp:{}] map[/data:{}] nobody SIGINT map[a:7 l:m] [CMD-SHELL true] /w\n"}},
		{"docker create --name vv foo:1; docker inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}}{{end}} {{.Config.User}}' vv", []string{"volume /data nobody\n"}},
		{"docker history foo:1 | grep -c nop", []string{"1"}},
		{"docker build -q b", []string{"sha256:"}},
		{"docker build --target first --iidfile id -q b > out; cat id; echo; cat out", []string{"sha256:"}},
		{"docker build --target nosuch b; echo rc $?", []string{"failed to reach build target nosuch in Dockerfile\nrc 1"}},
		{"printf 'FROM busybox\\nRUN exit 3\\n' | docker build -; echo rc $?", []string{" ---> Running in ", "The command '/bin/sh -c exit 3' returned a non-zero code: 3\nrc 3"}},
		{"docker ps -aq --filter status=exited | wc -l", []string{"1\n"}},
		{"printf 'FROM busybox\\nCOPY secret /a\\n' > b/D2; docker build -f b/D2 b; echo rc $?", []string{"COPY failed: file not found in build context or excluded by .dockerignore: stat secret: file does not exist\nrc 1"}},
		{"printf 'FROM busybox\\nCOPY f f /a\\n' | docker build -f - b; echo rc $?", []string{"When using COPY with more than one source file, the destination must be a directory and end with a /\nrc 1"}},
		{"printf 'FROM busybox\\nCOPY n* /a/\\n' | docker build -f - b; echo rc $?", []string{"COPY failed: no source files were specified\nrc 1"}},
		{"printf 'FROM busybox\\nCOPY f* /g/\\nRUN cat /g/f\\n' | docker build -f - b", []string{"\nhi\nRemoving"}},
		{"printf 'FROM busybox\\nRUN --mount=type=cache,target=/x true\\n' | docker build -", []string{"the --mount option requires BuildKit. Refer to "}},
		{"printf 'FROM scratch\\nCOPY f /f\\nCMD [\"/f\"]\\n' | docker build -t s -f - b", []string{"Step 1/3 : FROM scratch\n ---> \n", "Successfully tagged s:latest"}},
		{"printf 'FROM registry.nosuch:5000/x\\n' | docker build -; echo rc $?", []string{"lookup registry.nosuch on ", "rc 1"}},
		{"printf 'FROM nginx:1.25\\n' | docker build -", []string{"1.25: Pulling from library/nginx\n", "Pull complete", "Status: Downloaded newer image for nginx:1.25\n ---> "}},
		{"printf 'RUN x\\n' | docker build -; printf 'FROM busybox\\nRUNN x\\n' | docker build -", []string{"Error response from daemon: no build stage in current context\n", "Error response from daemon: dockerfile parse error line 2: unknown instruction: RUNN\n"}},
		{"docker build nosuch; docker build b/f; docker build -f nosuch b; mkdir e; docker build e", []string{
			"unable to prepare context: path \"nosuch\" not found\n", "unable to prepare context: context must be a directory: /root/b/f\n",
			"unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat /root/nosuch: no such file or directory\n", "lstat /root/e/Dockerfile: no such file or directory\n",
		}},
		{"docker build https://example.com/x.git", []string{"dnetsim does not simulate a build context from an address"}},
		{"printf 'FROM busybox\\nONBUILD RUN x\\n' | docker build -", []string{"dnetsim does not simulate ONBUILD in a Dockerfile"}},
		{"printf 'FROM busybox\\nRUN addgroup -g 2376 tg && adduser -D -u 2375 -G tg tu && addgroup tu wheel || addgroup tu mail\\nUSER tu\\nCMD id; echo $HOME; touch /etc/x || touch ~/x && ls -ld ~/x\\n' | docker build -q -t users - && docker run --rm users", []string{
			"uid=2375(tu) gid=2376(tg) groups=2376(tg),8(mail)\n", "/home/tu\ntouch: /etc/x: Permission denied\n", " tu       tg "}},
		{"printf 'FROM debian\\nRUN groupadd -r app && useradd -r -m -g app app && id app\\nRUN useradd app\\n' | docker build -; docker rmi users", []string{"uid=999(app) gid=999(app) groups=999(app)\n", "useradd: user 'app' already exists\n", "returned a non-zero code: 9"}},
		{"docker rm vv; docker rmi foo:1; docker rmi -f foo:2; docker image prune -af", []string{"Untagged: foo:1\nUntagged: foo:2\n", "Total reclaimed space"}},
	} {
		want(t, b.run(c.line), c.parts...)
	}
	if out := b.run("docker build b; docker build b"); strings.Count(out, "Successfully built") != 2 {
		t.Error(out)
	}
}
