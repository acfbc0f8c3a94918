package cli

import "testing"

// What commands that carry images and files say and do; each line goes on where the
// one before it ended.
func TestImagesAndFilesAreCarried(t *testing.T) {
	b := newLab(t, 1)
	for _, c := range []struct {
		line  string
		parts []string
	}{
		{"docker run --name c1 busybox sh -c 'echo hello > /hello; rm /etc/passwd; mkdir -p /a/b'; docker diff c1", []string{"A /a\nA /a/b\nC /etc\nD /etc/passwd\nA /hello\n"}},
		{`docker commit -m note -a me -c 'CMD ["cat", "/hello"]' -c 'ENV X=1' c1 mine:v1`, []string{"sha256:"}},
		{"docker commit -c 'RUN x' c1; echo rc $?", []string{"Error response from daemon: run is not a valid change command\nrc 1"}},
		{"docker run --rm mine:v1; docker run --rm mine:v1 env", []string{"hello\n", "X=1\n"}},
		{"docker run --rm mine:v1 ls /etc/passwd; echo rc $?", []string{"rc 1"}},
		{"docker image inspect -f '{{.Comment}} {{.Author}} {{json .Config.Cmd}} {{len .RootFS.Layers}}' mine:v1", []string{`note me ["cat","/hello"] 2`}},
		{"docker history mine:v1", []string{"note", "#(nop)  CMD"}},
		{"docker rmi busybox; echo rc $?", []string{"rc 1"}},
		{"docker save -o /tmp/m.tar mine:v1; I=$(docker images -q mine:v1); docker rmi mine:v1", []string{"Untagged: mine:v1\nDeleted: sha256:"}},
		{"docker load -i /tmp/m.tar; [ $I = $(docker images -q mine:v1) ] && echo same", []string{"Loaded image: mine:v1\nsame\n"}},
		{"docker run --rm mine:v1", []string{"hello\n"}},
		{"docker save busybox mine:v1 | docker load", []string{"Loaded image: busybox:latest\nLoaded image: mine:v1\n"}},
		{"docker export c1 | docker import -c 'CMD [\"cat\", \"/hello\"]' -m it - flat:1; docker run --rm flat:1", []string{"sha256:", "hello\n"}},
		{"docker export -o e.tar c1; docker import e.tar; docker images -f dangling=true", []string{"sha256:", "<none>       <none>"}},
		{"docker image prune -f; docker images -aq -f dangling=true; echo none", []string{"deleted: sha256:", "Total reclaimed space: ", "\nnone"}},
		{"docker save -o /nosuch/x busybox; echo rc $?", []string{`failed to save image: invalid output path: directory "/nosuch" does not exist`, "rc 1"}},
		{"docker save nosuch > /dev/null; echo rc $?", []string{"Error response from daemon: No such image: nosuch:latest\nrc 1"}},
		{"docker load -i nosuch; echo rc $?", []string{"open nosuch: no such file or directory\nrc 1"}},
		{"echo no archive | docker load; echo rc $?", []string{"rc 1"}},
		{"docker import http://x/y; echo rc $?", []string{"dnetsim does not simulate docker import from an address\nrc 1"}},
		{"docker tag mine:v1 reg/mine:2; (docker images -q mine:v1; docker images -q reg/mine) | uniq | wc -l", []string{"1\n"}},
		{"docker search --limit 1 redis", []string{"redis"}},
		{"docker search nosuchthing", []string{"NAME"}},

		{"docker run -d --name c2 busybox sleep 1000; mkdir -p d/sub; echo one > d/f; ln -s f d/l", nil},
		{"docker cp d/f c2:/tmp/; docker cp d/f c2:/tmp/g; docker exec c2 cat /tmp/f /tmp/g", []string{"one\none\n"}},
		{"docker cp d c2:/x; docker cp d c2:/x; docker cp d/. c2:/y; docker exec c2 ls /x /x/d /y", []string{"/x:\nd\nf\nl\nsub\n\n/x/d:\nf\nl\nsub\n\n/y:\nf\nl\nsub\n"}},
		{"docker cp c2:/x x1; docker cp c2:/x/. x1; docker cp c2:/x x1; ls x1 x1/x; readlink x1/l", []string{"x1:\nd\nf\nl\nsub\nx\n\nx1/x:\nd\n", "f\n"}},
		{"docker cp c2:/x/f - | tar tf -; docker cp c2:/x/f - | docker cp - c2:/var; docker exec c2 cat /var/f", []string{"f\none\n"}},
		{"docker cp -L d/l c2:/tmp/copied; docker exec c2 cat /tmp/copied", []string{"one\n"}},
		{"docker cp c2:/etc/hostname .; wc -c hostname", []string{"13 hostname"}},
		{"docker cp c2:/nosuch .; echo rc $?", []string{"Error: No such container:path: c2:/nosuch\nrc 1"}},
		{"docker cp nosuch:/x .; echo rc $?", []string{"Error: No such container:path: nosuch:/x\nrc 1"}},
		{"docker cp d/f c2:/no/dir/x; echo rc $?", []string{"Error: No such container:path: c2:/no/dir\nrc 1"}},
		{"docker cp d/f d/g; echo rc $?", []string{"must specify at least one container source\nrc 1"}},
		{"docker cp c1:/x c2:/x; echo rc $?", []string{"copying between containers is not supported\nrc 1"}},
		{"docker cp nosuch c2:/; echo rc $?", []string{"lstat /root/nosuch: no such file or directory\nrc 1"}},
		{"docker cp d/f/ c2:/; echo rc $?", []string{"not a directory\nrc 1"}},
		{"docker cp d c2:/tmp/f; docker cp c2:/x d/f; docker cp c2:/tmp/f new/; docker cp - c2:/tmp/f < d/f", []string{"cannot copy directory\ncannot copy directory\nno such directory\ndestination \"c2:/tmp/f\" must be a directory\n"}},
		{"docker cp c2:/tmp/f /no/x; echo rc $?", []string{`invalid output path: directory "/no" does not exist`}},
	} {
		want(t, b.run(c.line), c.parts...)
	}
}
