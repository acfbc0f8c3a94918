package engine

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"dnetsim/modes/swarm/control"
	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
)

func (s *Server) serviceLogRoutes() {
	kind := func(q url.Values) Kind {
		if boolean(q, "follow") {
			return Follow
		}
		return Plain
	}
	s.handleKind("GET /services/{id}/logs", kind, func(c *call) error {
		x, err := one[*object.Service](c, control.ListServices, "service", c.job.Ref)
		if err != nil {
			return err
		}
		return swarmLogs(c, message.LogSelector{Services: []string{x.ID}}, x.Spec.TaskTemplate.ContainerSpec)
	})
	s.handleKind("GET /tasks/{id}/logs", kind, func(c *call) error {
		x, err := one[*object.Task](c, control.ListTasks, "task", c.job.Ref)
		if err != nil {
			return err
		}
		return swarmLogs(c, message.LogSelector{Tasks: []string{x.ID}}, x.Spec.ContainerSpec)
	})
}

// swarmLogs streams the logs of tasks, wherever they run (cluster.ServiceLogs of moby).
func swarmLogs(c *call, of message.LogSelector, spec *object.ContainerSpec) error {
	o := message.LogOptions{Stdout: boolean(c.q, "stdout"), Stderr: boolean(c.q, "stderr"), Follow: boolean(c.q, "follow"), Tail: -1}
	if !o.Stdout && !o.Stderr {
		return invalid("Bad parameters: you must choose at least one stream")
	}
	var err error
	if o.Since, err = instant(c.q.Get("since")); err != nil {
		return err
	}
	if t := c.q.Get("tail"); t != "" && t != "all" {
		if o.Tail, err = strconv.Atoi(t); err != nil {
			return invalid("tail size must be an integer or \"all\"")
		}
	}
	tty := spec != nil && spec.TTY
	c.stream(streamType(c, tty))
	err = c.daemon.Swarm.Logs(message.Subscribe{Selector: of, Options: o}, func(l message.LogLine) error {
		var b bytes.Buffer
		if boolean(c.q, "timestamps") {
			b.WriteString(l.Time.Format(logTime) + " ")
		}
		if boolean(c.q, "details") {
			b.WriteString(strings.Join([]string{
				"com.docker.swarm.node.id=" + l.Node, "com.docker.swarm.service.id=" + l.Service, "com.docker.swarm.task.id=" + l.Task,
			}, ",") + " ")
		}
		b.Write(l.Data)
		line := b.Bytes()
		if !tty {
			line = frame(l.Stream, line)
		}
		c.write(line)
		c.flush()
		return nil
	})
	if err != nil && !tty {
		c.write(frame(3, []byte("Error grabbing logs: "+err.Error()+"\n"))) // the stream of the daemon's own errors
		c.flush()
	}
	return nil
}
