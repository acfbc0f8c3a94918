package seat

import (
	"encoding/json"

	"dnetsim/link/trail"
	"dnetsim/page/packets"
	"dnetsim/page/view"
)

// Request is what a page asks.
type Request struct {
	ID     int     `json:"id"`
	Do     string  `json:"do"`
	Place  string  `json:"place"`
	Rows   int     `json:"rows"`
	Cols   int     `json:"cols"`
	Term   int     `json:"term"`
	Data   string  `json:"data"`
	Line   string  `json:"line"`
	Op     string  `json:"op"`
	Speed  float64 `json:"speed"`
	Packet *uint64 `json:"packet"`
	At     *int64  `json:"at"` // microseconds
	Filter string  `json:"filter"`
	From   any     `json:"from"` // a number for packets, a name for explain
	Count  int     `json:"count"`
	Hops   bool    `json:"hops"`
	Node   string  `json:"node"`
	To     string  `json:"to"`
	Port   string  `json:"port"`
	Large  bool    `json:"large"`
	Task   string  `json:"task"`
	Text   string  `json:"text"`
	Name   string  `json:"name"`
	Lang   string  `json:"lang"`
}

// Story is what a page is told of the lab, as hello has it.
type Story struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Minutes int      `json:"minutes"`
	Level   int      `json:"level"`
	Story   string   `json:"story"` // safe HTML
	Langs   []string `json:"langs"`
}

// The messages to a page.
type (
	reply struct {
		T     string `json:"t"`
		ID    int    `json:"id"`
		OK    bool   `json:"ok"`
		Data  any    `json:"data,omitempty"`
		Error string `json:"error,omitempty"`
	}
	hello struct {
		T        string   `json:"t"`
		Lab      *Story   `json:"lab"`
		Scenario string   `json:"scenario"`
		Places   []string `json:"places"`
		Teacher  bool     `json:"teacher"`
		Learner  string   `json:"learner"`
	}
	clock struct {
		T     string  `json:"t"`
		Now   int64   `json:"now"`
		State string  `json:"state"`
		Speed float64 `json:"speed"`
		End   int64   `json:"end"`
		Step  *step   `json:"step,omitempty"`
		Error string  `json:"error,omitempty"`
	}
	step struct {
		Packet trail.ID `json:"packet"`
		Hop    int      `json:"hop"`
		Of     int      `json:"of"`
		Text   string   `json:"text"`
	}
	topo struct {
		T    string     `json:"t"`
		Topo *view.Topo `json:"topo"`
	}
	out struct {
		T    string `json:"t"`
		Term int    `json:"term"`
		Data string `json:"data"`
	}
	terms struct {
		T    string `json:"t"`
		List []term `json:"list"`
	}
	term struct {
		Term  int    `json:"term"`
		Place string `json:"place"`
		Ended bool   `json:"ended"`
	}
	moves struct {
		T    string         `json:"t"`
		List []packets.Move `json:"list"`
	}
	rows struct {
		T     string        `json:"t"`
		Total int           `json:"total"`
		Rows  []packets.Row `json:"rows"`
	}
	bar struct {
		T       string  `json:"t"`
		From    int64   `json:"from"`
		To      int64   `json:"to"`
		Density []int   `json:"density"`
		Drops   []int64 `json:"drops"` // when packets died
		Marks   []mark  `json:"marks"`
	}
	mark struct {
		At   int64  `json:"at"`
		Text string `json:"text"`
		Kind string `json:"kind"`
	}
	path struct {
		T      string        `json:"t"`
		Packet trail.ID      `json:"packet"`
		Hops   []packets.Hop `json:"hops"`
	}
	say struct {
		T     string `json:"t"`
		Level string `json:"level"`
		Text  string `json:"text"`
	}
)

// marshal is a message as it goes over a connection.
func marshal(m any) []byte {
	b, err := json.Marshal(m)
	if err != nil { // a message has nothing that JSON cannot say
		panic(err)
	}
	return b
}
