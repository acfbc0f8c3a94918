package engine

import (
	"net/http"
	"net/url"
	"time"

	"dnetsim/modes"
	"dnetsim/userland"

	"github.com/docker/docker/api/types"
)

// streamed reports whether stats are to follow each other: they do unless the
// request says otherwise.
func streamed(q url.Values) bool { return !q.Has("stream") || boolean(q, "stream") }

// containerStats gives a sample of a container, or one each second until the
// container is gone.
func (c *call) containerStats() error {
	x, err := c.daemon.Containers.Get(c.job.Ref)
	if err != nil {
		return err
	}
	c.job.Container = x
	once := boolean(c.q, "one-shot")
	if streamed(c.q) && once {
		return invalid("cannot have stream=true and one-shot=true")
	}
	if !streamed(c.q) {
		return c.json(http.StatusOK, c.sample(x, once))
	}
	c.stream("application/json")
	for {
		c.write(encode(c.sample(x, false)))
		c.job.Lines++
		c.flush()
		if err := c.s.loop.Current().Sleep(time.Second); err != nil {
			return nil
		}
		if y, err := c.daemon.Containers.Get(x.ID); err != nil || y != x {
			return nil
		}
	}
}

// sample is what a container used until now: what its interfaces carried.
// Programs take no processor time here; a process has the memory that ps shows of it. A
// sample by itself has none before it.
func (c *call) sample(x *modes.Container, alone bool) any {
	now := c.daemon.Wall()
	pids := 0
	if x.State.Running() {
		pids = len(x.Machine().Processes())
	}
	type cpu struct {
		CPUUsage struct {
			Total int64 `json:"total_usage"`
		} `json:"cpu_usage"`
		System int64 `json:"system_cpu_usage"`
		Online int   `json:"online_cpus"`
	}
	info := c.daemon.Info()
	out := struct {
		Read    time.Time `json:"read"`
		PreRead time.Time `json:"preread"`
		Pids    struct {
			Current int `json:"current"`
		} `json:"pids_stats"`
		NumProcs int `json:"num_procs"`
		CPU      cpu `json:"cpu_stats"`
		PreCPU   cpu `json:"precpu_stats"`
		Memory   struct {
			Usage int64 `json:"usage"`
			Limit int64 `json:"limit"`
		} `json:"memory_stats"`
		Name     string                        `json:"name"`
		ID       string                        `json:"id"`
		Networks map[string]types.NetworkStats `json:"networks,omitempty"`
	}{Read: now, PreRead: now.Add(-time.Second), Name: "/" + x.Name, ID: x.ID}
	out.Pids.Current = pids
	out.CPU.Online, out.PreCPU.Online = info.NCPU, info.NCPU
	if alone {
		out.PreRead, out.PreCPU = time.Time{}, cpu{}
	}
	out.Memory.Usage, out.Memory.Limit = int64(pids)*userland.ResidentSize, info.MemTotal
	out.Networks = map[string]types.NetworkStats{}
	for _, i := range x.Interfaces() {
		n := i.Counters()
		out.Networks[i.Name()] = types.NetworkStats{
			RxBytes: n.RxBytes, RxPackets: n.RxPackets, RxErrors: n.RxErrors, RxDropped: n.RxDropped,
			TxBytes: n.TxBytes, TxPackets: n.TxPackets, TxErrors: n.TxErrors, TxDropped: n.TxDropped,
		}
	}
	return out
}
