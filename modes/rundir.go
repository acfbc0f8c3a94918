package modes

import "fmt"

// dockerd's run time files: its own directory, which only root may enter, its
// socket and the number of its process.
const runDir = "/run/docker"

// makeRunDir lays them down when the daemon starts; what is there stays. The
// directory of namespaces comes with the first of them.
func (d *Daemon) makeRunDir() {
	fs := d.host.FS()
	fs.MkdirAll(runDir, 0o700)
	for _, dir := range []string{"containerd", "libnetwork", "plugins", "runtime-runc", "swarm"} {
		fs.MkdirAll(runDir+"/"+dir, 0o711)
	}
	fs.Socket(runDir+"/metrics.sock", 0o755)
	fs.WriteFile("/run/docker.pid", []byte(fmt.Sprint(d.pid)), 0o644)
}

// dropPID removes the file that says that a daemon runs.
func (d *Daemon) dropPID() { d.host.FS().Remove("/run/docker.pid") }
