package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"
	"testing"

	"dnetsim/engine"
	"dnetsim/userland"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// eyes sees every time that somebody opens a file of some folders.
type eyes struct{ fd int }

func watch(t *testing.T, dirs ...string) *eyes {
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	for _, dir := range dirs {
		if _, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_OPEN|syscall.IN_ACCESS|syscall.IN_CREATE|syscall.IN_MODIFY); err != nil {
			t.Fatal(err)
		}
	}
	return &eyes{fd}
}

// saw reports whether anything was opened since the last time.
func (e *eyes) saw() bool {
	b := make([]byte, 64<<10)
	n, _ := syscall.Read(e.fd, b)
	return n > 0
}

// tree calls fn with docker's tree of commands as a session on a simulated host
// has it.
func tree(t *testing.T, fn func(p *userland.Process, root *cobra.Command)) {
	t.Helper()
	b := newLab(t, 1)
	b.host.Start(userland.ProcSpec{Args: []string{"docker"}, Program: func(p *userland.Process) int {
		prepare()
		s := newSession(p, engine.NewServer(b.loop, b.host.Daemon), func() {})
		h, err := newDockerCLI(s, &clockOffset{})
		if err != nil {
			t.Error(err)
			return 1
		}
		root, _ := newRoot(s, h)
		s.grow(root, h, "")
		fn(p, root)
		return 0
	}})
	b.loop.RunFor(0)
}

func everyFlag(cmd *cobra.Command, fn func(name string, cmd *cobra.Command, f *pflag.Flag)) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		fn(strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), "docker"))+" --"+f.Name, cmd, f)
	})
	for _, c := range cmd.Commands() {
		everyFlag(c, fn)
	}
}

// No flag of any command opens a real file, looks at the real working directory
// or at the real environment when it is set, whatever it is set to.
func TestFlagsLeaveTheMachineAlone(t *testing.T) {
	dir, here := t.TempDir(), t.TempDir()
	secret := filepath.Join(dir, "secret")
	for _, name := range []string{secret, filepath.Join(here, "secret")} {
		if err := os.WriteFile(name, []byte("PLANTED=1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(here)
	t.Setenv("PLANTED", "from-outside")
	see := watch(t, dir, here)
	if os.ReadFile("secret"); !see.saw() {
		t.Fatal("the watch is blind")
	}
	for _, v := range []string{
		secret, "./secret", "secret", "file://" + secret, "@" + secret, "seccomp=" + secret, "seccomp:" + secret, "PLANTED",
		"protocol=cfssl,url=http://x,cacert=" + secret, "protocol=cfssl,url=http://x,CACERT=secret", "type=bind,source=./secret,target=/x", "type=bind,src=.,dst=/x",
		"./secret:/x", ".:/x", "id=x,src=" + secret, "source=secret", "unix://" + secret, "credential-spec=file://secret", "default=" + secret, "~/secret",
	} {
		flags := 0
		tree(t, func(p *userland.Process, root *cobra.Command) {
			everyFlag(root, func(name string, cmd *cobra.Command, f *pflag.Flag) {
				flags++
				f.Value.Set(v)
				if see.saw() {
					t.Errorf("docker %s %s opens the real file", name, v)
				}
				if got := f.Value.String(); strings.Contains(got, "from-outside") || strings.Contains(got, here) {
					t.Errorf("docker %s %s knows the real machine: %s", name, v, got)
				}
			})
		})
		if flags < 500 {
			t.Errorf("only %d flags: the tree is not docker's", flags)
		}
	}
}

// outside are the flags whose name or usage speaks of a file, a key, a folder or a
// variable, and what becomes of them. A flag that a new docker brings is not in
// it: look at what it does, adapt it in outside.go or adapt.go, and add it.
var outside = map[string]string{
	"--config": "never read: there is no configuration", "--context": "only the default one", "--host": "only the simulated daemon",
	"--log-level": "never read", "--tls": "never read", "--tlscacert": "never read", "--tlscert": "never read", "--tlskey": "never read", "--tlsverify": "never read",
	"cidfile": "written on the simulated host", "env": "the simulated environment", "env-file": "a simulated file", "label-file": "a simulated file",
	"env-add": "the simulated environment", "build-arg": "the simulated environment",
	"file": "a simulated file", "iidfile": "written on the simulated host", "input": "a simulated file", "output": "written on the simulated host", "log-opt": "the simulated environment, for services", "external-ca": "a simulated file", "mount": "the simulated working directory", "mount-add": "the simulated working directory", "volume": "the simulated working directory",
	"compose-file": "simulated files, and what they name", "skip-interpolation": "of a simulated file",
	"security-opt": "profiles are refused", "use-api-socket": "refused", "ca-cert": "a simulated file", "ca-key": "a simulated file",
}

// speaks is what such flags have in their names or usages.
var speaks = regexp.MustCompile(`(?i)\b(file|files|path|dir|directory|folder|cert|certificate|pem|socket|environment|env|stdin|seccomp|cacert|config)\b|-file$|^env`)

// api are flags of that kind whose value goes to the daemon as it is, or that
// have to do with objects of the API.
var api = map[string]bool{
	"config": true, "config-add": true, "config-rm": true, "config-from": true, "config-only": true, "config-format": true, "secret": true, "secret-add": true, "secret-rm": true,
	"workdir": true, "credential-spec": true, "env-rm": true, "tmpfs": true, "device": true, "device-cgroup-rule": true, "interactive": true, "attach": true, "no-new-privileges": true,
	"mount-rm": true, "volume-driver": true, "cert-expiry": true, "gpus": true, "read-only": true, "generic-resource": true, "entrypoint": true, "data-path-addr": true, "isolated": true,
	"privileged": true, "blkio-weight-device": true, "device-read-bps": true, "device-read-iops": true, "device-write-bps": true, "device-write-iops": true, "cgroup-parent": true, "disable-content-trust": true,
	"no-stdin": true, "size": true, "checkpoint-dir": true, "data-path-port": true, "rotate": true, "label": true,
}

func TestEveryFlagOfAFileIsKnown(t *testing.T) {
	tree(t, func(p *userland.Process, root *cobra.Command) {
		var new []string
		everyFlag(root, func(name string, cmd *cobra.Command, f *pflag.Flag) {
			if _, ok := f.Value.(inert); ok || refused(cmd) || !speaks.MatchString(f.Name+" "+f.Usage) {
				return
			}
			key := f.Name
			if cmd == root {
				key = "--" + f.Name
			}
			if outside[key] == "" && !api[f.Name] {
				new = append(new, fmt.Sprintf("docker %s (%s): %s", name, f.Value.Type(), f.Usage))
			}
			if _, ok := f.Value.(collector); !ok && outside[key] != "" && cmd != root && f.Value.Type() != "bool" {
				t.Errorf("docker %s is not adapted", name)
			}
		})
		sort.Strings(new)
		if len(new) > 0 {
			t.Errorf("flags that may reach for the real machine, of which nobody has said what becomes:\n%s", strings.Join(new, "\n"))
		}
		// A hook of its own would run instead of the root's, which refuses.
		var hooked func(c *cobra.Command)
		hooked = func(c *cobra.Command) {
			if c != root && c.Name() != "help" && (c.PersistentPreRun != nil || c.PersistentPreRunE != nil) {
				t.Errorf("docker %s has a hook of its own", c.CommandPath())
			}
			for _, x := range c.Commands() {
				hooked(x)
			}
		}
		hooked(root)
	})
}

// What commands do with these flags happens on the simulated host, and tells
// nothing of the real one.
func TestFilesOfFlagsAreTheSimulatedOnes(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "env": "REAL=1\n", "json": "{}"} {
		os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
	}
	t.Chdir(dir)
	b := newLab(t, 1)
	see := watch(t, dir)
	pem := filepath.Join(dir, "pem")
	same := map[string]bool{}
	for _, line := range []string{
		"docker swarm init --external-ca protocol=cfssl,url=http://x,cacert=" + pem,
		"docker swarm init --external-ca protocol=cfssl,url=http://x,cacert=" + filepath.Join(dir, "env"),
		"docker swarm init --external-ca protocol=cfssl,url=http://x,cacert=" + filepath.Join(dir, "none"),
	} {
		same[strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(b.run(line), "/pem", ""), "/env", ""), "/none", "")] = true
	}
	if len(same) != 1 {
		t.Errorf("a real certificate, a real file and none look different: %v", same)
	}
	for _, line := range []string{
		"docker swarm update --external-ca protocol=cfssl,url=http://x,cacert=" + pem, "docker swarm ca --ca-cert " + pem + " --ca-key " + pem + " --rotate",
		"docker run --rm --env-file " + dir + "/env busybox env", "docker run --rm --label-file " + dir + "/env busybox true", "docker run --rm --cidfile " + dir + "/cid busybox true",
		"docker run --rm --security-opt seccomp=" + dir + "/json busybox true", "docker --config " + dir + " ps", "docker --tlscacert " + pem + " --tlscert " + pem + " --tlskey " + pem + " --tlsverify ps",
		"docker -H unix://" + dir + "/pem ps", "docker -c x ps", "docker cp " + pem + " c:/", "docker save -o " + dir + "/out busybox", "docker load -i " + pem, "docker import " + pem, "docker export -o " + dir + "/x c",
		"docker build " + dir, "docker stack deploy -c " + dir + "/env x", "docker plugin create x " + dir, "docker secret create s " + pem, "docker config create c " + pem, "docker login -u x --password-stdin < /dev/null",
		"docker context create x --from default", "docker context import x " + pem, "docker context export default " + dir + "/e", "docker exec --env-file " + dir + "/env c env", "docker trust key load " + pem,
		"docker service create --name s --mount type=bind,src=./env,dst=/x --env REAL busybox", "docker service update --env-add REAL s", "docker run --rm --mount type=bind,src=./env,dst=/x busybox true",
		"docker __complete run --env-file " + dir + "/", "docker __complete cp " + dir + "/", "docker completion bash",
	} {
		out := b.run(line)
		if see.saw() {
			t.Errorf("%s\nopens a real file: %s", line, out)
		}
		if strings.Contains(out, "REAL=1") {
			t.Errorf("%s\nprints a real file: %s", line, out)
		}
	}
}

// The variables that docker's packages look at are not those of whoever runs
// dnetsim.
func TestTheRealEnvironmentIsForgotten(t *testing.T) {
	for _, name := range []string{"DOCKER_AUTH_CONFIG", "DOCKER_DEFAULT_PLATFORM", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTENT_TRUST",
		"DOCKER_HIDE_LEGACY_COMMANDS", "DOCKER_CUSTOM_HEADERS", "DOCKER_CLI_HINTS", "DOCKER_CLI_HOOKS", "DOCKER_COMPLETION_SHOW_CONTAINER_IDS", "BUILDKIT_PROGRESS", "OTEL_RESOURCE_ATTRIBUTES", "NORAW", "DEBUG"} {
		t.Setenv(name, "{broken")
	}
	forgetEnvironment()
	for _, kv := range os.Environ() {
		if strings.HasSuffix(kv, "={broken") {
			t.Errorf("%s is still there", kv)
		}
	}
}
