// Package logbroker is a leader's part in `docker service logs`: who asks subscribes, the
// nodes that run the tasks are told, and what they publish goes to who asked. It is
// swarmkit's log broker.
//
// Start reading at [Broker].
package logbroker

import (
	"maps"
	"slices"
	"strings"

	"dnetsim/modes/swarm/message"
	"dnetsim/modes/swarm/object"
	"dnetsim/modes/swarm/rpc"
	"dnetsim/modes/swarm/state"
	"dnetsim/sim"
)

// Config is what a broker needs of its manager.
type Config struct {
	Loop  *sim.Loop
	Rand  *sim.Rand
	State *state.State
}

// Broker serves while its manager leads.
type Broker struct {
	Config
	subscriptions []*subscription
	listening     map[string]int // nodes, and by how many calls
	news          sim.Cond       // a subscription has come, grown or gone
}

// subscription is one who asks.
type subscription struct {
	message.Subscription
	nodes   map[string]bool   // that have tasks of it, and whether they have told all
	pending map[string]bool   // tasks that are on no node yet
	failed  map[string]string // nodes, and why they tell nothing
	queue   []message.LogLine
	news    sim.Cond
}

// New is one that nobody has asked.
func New(c Config) *Broker { return &Broker{Config: c, listening: map[string]int{}} }

// Handle answers who asks, and the nodes.
func (b *Broker) Handle(set func(string, rpc.Handler)) {
	set(message.SubscribeLogs, b.subscribe)
	set(message.ListenLogs, b.listen)
	set(message.PublishLogs, b.publish)
}

// Changed tells that the state has changed: who follows gets tasks that are new.
func (b *Broker) Changed() {
	for _, s := range b.subscriptions {
		if s.Options.Follow {
			b.match(s)
		}
	}
}

// match finds the nodes with tasks of a subscription.
func (b *Broker) match(s *subscription) {
	before := len(s.nodes)
	clear(s.pending)
	for _, t := range state.All[*object.Task](b.State) {
		switch {
		case !s.Selector.Selects(t):
		case t.NodeID == "":
			s.pending[t.ID] = true
		default:
			if _, known := s.nodes[t.NodeID]; !known {
				s.nodes[t.NodeID] = false
			}
		}
	}
	if len(s.nodes) > before {
		b.news.Broadcast()
	}
}

func (b *Broker) subscribe(r *rpc.Request) (any, error) {
	s := &subscription{nodes: map[string]bool{}, pending: map[string]bool{}, failed: map[string]string{}}
	if err := r.Decode(&s.Subscribe); err != nil {
		return nil, err
	}
	if len(s.Selector.Services)+len(s.Selector.Nodes)+len(s.Selector.Tasks) == 0 {
		return nil, rpc.Errorf(rpc.InvalidArgument, "log selector must contain at least one service, node or task")
	}
	s.ID = object.NewID(b.Rand)
	b.subscriptions = append(b.subscriptions, s)
	defer func() {
		b.subscriptions = slices.DeleteFunc(b.subscriptions, func(x *subscription) bool { return x == s })
		b.news.Broadcast()
	}()
	b.match(s)
	b.news.Broadcast()
	for _, n := range slices.Sorted(maps.Keys(s.nodes)) {
		if !s.Options.Follow && b.listening[n] == 0 {
			s.done(n, "node "+n+" is not available")
		}
	}
	for {
		if len(s.queue) > 0 {
			r.Send(message.LogLines{Lines: s.queue})
			s.queue = nil
		}
		if !s.Options.Follow && s.complete() {
			return nil, s.incomplete()
		}
		if s.news.Wait(b.Loop) != nil || r.Gone() {
			return nil, rpc.Errorf(rpc.Unknown, "context canceled")
		}
	}
}

// done notes that a node has told all, or why it does not.
func (s *subscription) done(node, why string) {
	s.nodes[node] = true
	if why != "" {
		s.failed[node] = why
	}
	s.news.Broadcast()
}

func (s *subscription) complete() bool {
	for _, done := range s.nodes {
		if !done {
			return false
		}
	}
	return true
}

// incomplete is what was asked for and did not come, nil if nothing is missing.
func (s *subscription) incomplete() error {
	var why []string
	for _, n := range slices.Sorted(maps.Keys(s.failed)) {
		why = append(why, s.failed[n])
	}
	for _, t := range slices.Sorted(maps.Keys(s.pending)) {
		why = append(why, "task "+t+" has not been scheduled")
	}
	if why == nil {
		return nil
	}
	return rpc.Errorf(rpc.Unknown, "warning: incomplete log stream. some logs could not be retrieved for the following reasons: %s", strings.Join(why, ", "))
}

// listen tells a node what to publish, for as long as it calls.
func (b *Broker) listen(r *rpc.Request) (any, error) {
	if r.Peer == nil {
		return nil, rpc.Errorf(rpc.PermissionDenied, "Permission denied: unauthorized peer role")
	}
	node := r.Peer.NodeID
	b.listening[node]++
	defer func() {
		if b.listening[node]--; b.listening[node] > 0 {
			return
		}
		for _, s := range b.subscriptions {
			if done, mine := s.nodes[node]; mine && !done && !s.Options.Follow {
				s.done(node, "node "+node+" disconnected unexpectedly")
			}
		}
	}()
	told := map[*subscription]bool{}
	for {
		now := map[*subscription]bool{}
		for _, s := range b.subscriptions {
			if _, mine := s.nodes[node]; !mine {
				continue
			}
			if now[s] = true; !told[s] {
				r.Send(s.Subscription)
			}
		}
		var over []string
		for s := range told {
			if !now[s] {
				over = append(over, s.ID)
			}
		}
		slices.Sort(over)
		for _, id := range over {
			r.Send(message.Subscription{ID: id, Close: true})
		}
		told = now
		if err := b.news.Wait(b.Loop); err != nil || r.Gone() {
			return nil, rpc.Errorf(rpc.Unknown, "context canceled")
		}
	}
}

// publish takes what a node has for a subscription.
func (b *Broker) publish(r *rpc.Request) (any, error) {
	var q message.LogLines
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	if r.Peer == nil {
		return nil, rpc.Errorf(rpc.PermissionDenied, "Permission denied: unauthorized peer role")
	}
	i := slices.IndexFunc(b.subscriptions, func(s *subscription) bool { return s.ID == q.Subscription })
	if i < 0 {
		return nil, rpc.Errorf(rpc.NotFound, "subscription %s not found", q.Subscription)
	}
	s := b.subscriptions[i]
	for _, l := range q.Lines {
		if l.Node != r.Peer.NodeID {
			return nil, rpc.Errorf(rpc.PermissionDenied, "publisher is not authorized to publish on behalf of node %s", l.Node)
		}
	}
	s.queue = append(s.queue, q.Lines...)
	if q.Close {
		why := ""
		if q.Err != "" {
			why = "node " + r.Peer.NodeID + ": " + q.Err
		}
		s.done(r.Peer.NodeID, why)
	}
	s.news.Broadcast()
	return nil, nil
}
