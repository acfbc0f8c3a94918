package consul

import "dnetsim/userland"

// Programs are the programs of the image: the consul binary, and "start", the
// entry point of the image progrium/consul, which runs an agent with the
// configuration of /config.
func Programs() map[string]userland.Program {
	return map[string]userland.Program{"consul": consul, "start": start}
}

// ImageFiles are the files of the image progrium/consul besides its programs.
// /data is a volume: it survives a restart of the container, not its removal.
func ImageFiles() map[string]string {
	return map[string]string{
		"/config/consul.json": `{
	"data_dir": "/data",
	"ui_dir": "/ui",
	"client_addr": "0.0.0.0",
	"ports": {
		"dns": 53
	},
	"recursor": "8.8.8.8",
	"disable_update_check": true
}
`,
		"/ui/index.html": "<!DOCTYPE html>\n<html><head><title>Consul by HashiCorp</title></head><body></body></html>\n",
	}
}

// start is progrium/consul's /bin/start.
func start(p *userland.Process) int {
	args := append([]string{"consul", "agent", "-config-dir=/config"}, p.Args[1:]...)
	p.Args = args
	return consul(p)
}
