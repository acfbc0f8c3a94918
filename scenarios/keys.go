package scenarios

import (
	"strings"

	"dnetsim/link"

	"go.yaml.in/yaml/v3"
)

// The tables of the language, from the outside in reverse: what is within
// another comes first.

// cableTable is what a cable does to what passes it. Its fields are those of a
// LAN and of a fault, too.
var cableTable = table[link.Impairment]{name: "a cable", fields: []field[link.Impairment]{
	{"delay", aDuration, "The time from end to end, beside what the cable is itself; none by default.",
		func(r *reader, p pair, c *link.Impairment) { c.Delay = r.duration(p) },
		func(into, from *link.Impairment) { into.Delay = from.Delay }},
	{"jitter", aDuration, "How far the delay varies, to either side; frames keep their order.",
		func(r *reader, p pair, c *link.Impairment) { c.Jitter = r.duration(p) },
		func(into, from *link.Impairment) { into.Jitter = from.Jitter }},
	{"loss", aShare, "The share of frames that are lost.",
		func(r *reader, p pair, c *link.Impairment) { c.Loss = r.share(p) },
		func(into, from *link.Impairment) { into.Loss = from.Loss }},
	{"rate", aRate, "How much it carries; gigabit Ethernet by default.",
		func(r *reader, p pair, c *link.Impairment) { c.Rate = r.rate(p) },
		func(into, from *link.Impairment) { into.Rate = from.Rate }},
	{"queue", aNumber(1, 1_000_000), "How many frames wait for the rate before more are dropped; 1000 by default.",
		func(r *reader, p pair, c *link.Impairment) { c.Queue = int(r.number(p, 1, 1_000_000)) },
		func(into, from *link.Impairment) { into.Queue = from.Queue }},
	{"duplicate", aShare, "The share of frames that arrive twice.",
		func(r *reader, p pair, c *link.Impairment) { c.Duplicate = r.share(p) },
		func(into, from *link.Impairment) { into.Duplicate = from.Duplicate }},
	{"reorder", aShare, "The share of frames that are overtaken by later ones.",
		func(r *reader, p pair, c *link.Impairment) { c.Reorder = r.share(p) },
		func(into, from *link.Impairment) { into.Reorder = from.Reorder }},
	{"corrupt", aShare, "The share of frames in which one bit behind the Ethernet header is turned over.",
		func(r *reader, p pair, c *link.Impairment) { c.Corrupt = r.share(p) },
		func(into, from *link.Impairment) { into.Corrupt = from.Corrupt }},
	{"mtu", aNumber(68, 65535), "The largest packet that passes, in bytes without the Ethernet header; larger ones are lost without a word.",
		func(r *reader, p pair, c *link.Impairment) { c.MTU = int(r.number(p, 68, 65535)) },
		func(into, from *link.Impairment) { into.MTU = from.MTU }},
	{"down", aYesNo, "Nothing passes, and the other end sees no carrier.",
		func(r *reader, p pair, c *link.Impairment) { c.Down = r.flag(p) },
		func(into, from *link.Impairment) { into.Down = from.Down }},
	{"block", texts, "What the cable loses: protocols with or without a port, such as udp/4789, tcp/7946 or icmp.",
		func(r *reader, p pair, c *link.Impairment) { c.Block = r.blocks(p) },
		func(into, from *link.Impairment) { into.Block = from.Block }},
}}

var lanTable = table[LAN]{
	name: "a lan", about: "A switch; delay, loss and the like are those of each cable that is plugged into it.", required: []string{"subnet"},
	fields: append([]field[LAN]{
		{"subnet", aText, "The addresses of the LAN, a CIDR such as 10.0.0.0/24.", func(r *reader, p pair, l *LAN) { l.Subnet = r.subnet(p) }, nil},
		{"gateway", aText, "The address of a router to the internet below, with NAT; none by default.", func(r *reader, p pair, l *LAN) { l.Gateway = r.address(p) }, nil},
	}, part(cableTable.fields, func(l *LAN) *link.Impairment { return &l.Cable })...),
}

var siteTable = table[Site]{name: "a site of the internet", about: "A name on the internet that answers pings and serves a page.", required: []string{"address"}, fields: []field[Site]{
	{"address", aText, "Its address.", func(r *reader, p pair, s *Site) { s.Address = r.address(p) }, nil},
	{"cname", aText, "The canonical name that the name is an alias of.", func(r *reader, p pair, s *Site) { s.CNAME = r.text(p) }, nil},
	{"delay", aDuration, "The time from the router to it, one way.", func(r *reader, p pair, s *Site) { s.Delay = r.duration(p) }, nil},
	{"ttl", aNumber(1, 254), "The TTL with which its packets arrive on a LAN; 64 by default.", func(r *reader, p pair, s *Site) { s.TTL = int(r.number(p, 1, 254)) }, nil},
}}

var portTable = table[Port]{name: "an interface", about: "An interface of a host or a router.", required: []string{"address"}, fields: []field[Port]{
	{"lan", aText, "The LAN that it is plugged into; the only one by default.", func(r *reader, p pair, t *Port) { t.LAN = r.text(p) }, nil},
	{"address", aText, "Its address, with the LAN's prefix length unless it has one.", func(r *reader, p pair, t *Port) { t.Address = r.prefix(p) }, nil},
	{"mac", aText, "Its hardware address; made from the address by default.", func(r *reader, p pair, t *Port) { t.MAC = r.mac(p) }, nil},
	{"wrong-tunnel-checksums", aYesNo, "A card that gets the checksums of TCP and UDP within tunnels wrong, while ethtool -k says tx-checksum-ip-generic: on.", func(r *reader, p pair, t *Port) { t.Flawed = r.flag(p) }, nil},
}}

var routeTable = table[StaticRoute]{name: "a route", required: []string{"to", "via"}, fields: []field[StaticRoute]{
	{"to", aText, "The destinations, a CIDR; 0.0.0.0/0 is everywhere.", func(r *reader, p pair, t *StaticRoute) { t.To = r.subnet(p) }, nil},
	{"via", aText, "The address of the next router.", func(r *reader, p pair, t *StaticRoute) { t.Via = r.address(p) }, nil},
}}

var routerTable = table[Router]{name: "a router", about: "A machine that joins LANs. The one that holds a LAN's gateway address leads to the internet.", fields: []field[Router]{
	{"interfaces", named(&portTable), "Its interfaces by name.", func(r *reader, p pair, t *Router) { t.Ports = r.ports(p) }, nil},
	{"nat", aYesNo, "It hides what is behind it from the internet; true by default where it leads there. Without it only LANs with public addresses are answered from there.", (*reader).nat, nil},
	{"routes", listOf(&routeTable), "Its static routes.", func(r *reader, p pair, t *Router) { t.Routes = r.routes(p) }, nil},
}}

// hostReading is a host while it is read: an address of its own is short for an
// interface eth0.
type hostReading struct {
	Host
	single Port
	given  bool // single is
}

var hostTable = table[hostReading]{name: "a host", about: "A machine with a Docker engine.", fields: []field[hostReading]{
	{"address", aText, "Its address on the LAN, short for one interface eth0.", func(r *reader, p pair, h *hostReading) {
		h.single.Address, h.single.at, h.given = r.prefix(p), at(p.value), true
	}, nil},
	{"lan", aText, "The LAN of that interface; the only one by default.", func(r *reader, p pair, h *hostReading) { h.single.LAN, h.given = r.text(p), true }, nil},
	{"mac", aText, "Its hardware address; made from the address by default.", func(r *reader, p pair, h *hostReading) { h.single.MAC, h.given = r.mac(p), true }, nil},
	{"hostname", aText, "What the machine calls itself; its name in the file by default.", func(r *reader, p pair, h *hostReading) { h.Hostname = r.text(p) }, nil},
	{"gateway", aText, "Its default route; the LAN's gateway by default.", func(r *reader, p pair, h *hostReading) { h.Gateway = r.address(p) }, nil},
	{"kernel-lacks", wordsOf(aWord("dummy", "esp", "iptables", "ipvlan", "ipvs", "macvlan", "vlan", "vxlan")), "What its kernel was built without: kinds of interfaces, IPVS (services of a swarm), ESP (encrypted overlays), iptables (the program is its nf_tables variant then, and nft lists its rules).", (*reader).lacks, nil},
	{"interfaces", named(&portTable), "Its interfaces by name, instead of address, lan and mac.", func(r *reader, p pair, h *hostReading) { h.Ports = r.ports(p) }, nil},
	{"engine", aWord(Engines...), "The engine's profile; the scenario's by default.", func(r *reader, p pair, h *hostReading) { h.Engine = r.engine(p) }, nil},
	{"daemon", is("a mapping, or its text", "type", []any{"object", "string", "null"}), "/etc/docker/daemon.json. As a text it may be wrong.", (*reader).daemon, nil},
	{"docker", aYesNo, "false is a machine without an engine.", func(r *reader, p pair, h *hostReading) { h.Docker = r.flag(p) }, nil},
	{"images", texts, "The images that are there without a pull; busybox and the like by default.", func(r *reader, p pair, h *hostReading) { h.Images, h.imagesAt = r.texts(p), at(p.value) }, nil},
	{"files", shape{"a mapping of paths to texts", func() map[string]any {
		return map[string]any{"type": []any{"object", "null"}, "additionalProperties": aText.schema(), "propertyNames": map[string]any{"pattern": "^/"}}
	}}, "Files that are laid down before the engine starts.", (*reader).files, nil},
	{"clock", aLead, "How far the host's clock is ahead of the others', or behind.", func(r *reader, p pair, h *hostReading) { h.Clock = r.lead(p) }, nil},
}}

var imageTable = table[Image]{name: "an image", about: "An image that only this scenario knows.", fields: []field[Image]{
	{"like", aText, "The image whose programs it has; busybox by default.", func(r *reader, p pair, t *Image) { t.Like = r.text(p) }, nil},
	{"cmd", texts, "Its command.", func(r *reader, p pair, t *Image) { t.Cmd = r.texts(p) }, nil},
	{"env", texts, "Its environment, NAME=VALUE.", func(r *reader, p pair, t *Image) { t.Env = r.texts(p) }, nil},
	{"listen", texts, "Ports at which a web server answers, such as 80/tcp.", func(r *reader, p pair, t *Image) { t.Listen = r.texts(p) }, nil},
	{"response", aText, "What that server answers.", func(r *reader, p pair, t *Image) { t.Response = r.text(p) }, nil},
}}

var expectTable = table[Expect]{name: "expect", about: "What a line must do to pass.", fields: []field[Expect]{
	{"exit", anExit, "Its exit status; 0 by default.", (*reader).exit, nil},
	{"stdout", aPattern, "What it prints on standard output.", func(r *reader, p pair, e *Expect) { e.Stdout = r.pattern(p) }, nil},
	{"stderr", aPattern, "What it prints on standard error.", func(r *reader, p pair, e *Expect) { e.Stderr = r.pattern(p) }, nil},
}}

const macFilterKey = "mac-filter"

var faultTable = table[Fault]{
	name: "a fault", about: "What happens to a cable or to a host; a repair names what is put right again, the whole cable if it names no key.", oneOf: []string{"cable", "host"},
	fields: append([]field[Fault]{
		{"cable", aText, "The cable: HOST, or HOST:INTERFACE.", func(r *reader, p pair, f *Fault) { f.Cable = r.text(p) }, nil},
		{"host", aText, "The host that loses power, or gets it back.", func(r *reader, p pair, f *Fault) { f.Host = r.text(p) }, nil},
		{"crash", aYesNo, "Loss of power, until the host's repair.", func(r *reader, p pair, f *Fault) { f.Crash = r.flag(p) }, nil},
		{"way", aWord("both", "in", "out"), "The direction, as the host sees it; both by default.", (*reader).way, nil},
		{macFilterKey, aYesNo, "The switch's port lets only the interface's own address pass, as virtual switches do that refuse forged transmits.",
			func(r *reader, p pair, f *Fault) { f.MACFilter = r.flag(p) }, nil},
	}, faultFields()...),
}

// faultFields are a cable's, which a fault also remembers as given.
func faultFields() []field[Fault] {
	fields := part(cableTable.fields, func(f *Fault) *link.Impairment { return &f.Change })
	for i := range fields {
		read := fields[i].read
		fields[i].read = func(r *reader, p pair, f *Fault) {
			read(r, p, f)
			f.Set = append(f.Set, p.key)
		}
	}
	return fields
}

// stepReading is a step while it is read.
type stepReading struct {
	Step
	kinds  int // how many things it does
	expect *pair
}

var reachTable = table[Check]{name: "reach", about: "A flow: real packets that are sent at that moment.", required: []string{"from", "to"}, fields: []field[Check]{
	{"from", aText, "Who sends: a host, a router, a container, or HOST/CONTAINER.", func(r *reader, p pair, c *Check) { c.Flow.From = r.text(p) }, nil},
	{"to", aText, "Whom it is for: an address, HOST/CONTAINER, or a name that the sender resolves; hosts know each other's names, containers those of their networks.", (*reader).flowTo, nil},
	{"port", aText, "A TCP or UDP port, such as 80/tcp, 53/udp or 80, which is TCP; a ping by default.", (*reader).flowPort, nil},
	{"large", aYesNo, "Packets of the interface's MTU; false by default.", func(r *reader, p pair, c *Check) { c.Flow.Large = r.flag(p) }, nil},
}}

var checkTable = table[Check]{name: "a check", about: "An assertion that is asked of the world itself.", required: []string{"reach"}, fields: []field[Check]{
	{"name", aText, "What it is called in reports.", func(r *reader, p pair, c *Check) { c.Name = r.text(p) }, nil},
	{"reach", aMapping(&reachTable), "The sender reaches the receiver.", func(r *reader, p pair, c *Check) { reachTable.read(r, p.value, p.key, c) }, nil},
	{"eventually", aDuration, "It must hold within this time; at once by default.", func(r *reader, p pair, c *Check) { c.Until = r.duration(p) }, nil},
	{"always", aDuration, "It must hold for this long.", func(r *reader, p pair, c *Check) { c.For = r.duration(p) }, nil},
	{"never", trueOrTime, "It must not reach, for this long or just now.", (*reader).never, nil},
	{"code", aText, "It must not reach, and for this cause: a code of `dnetsim explain --code list`.", (*reader).code, nil},
}}

var stepTable = table[stepReading]{name: "a step", about: "One thing that happens.", oneOf: []string{"run", "wait", "fault", "repair", "check"}, fields: []field[stepReading]{
	{"run", aLine, "A line that is typed, and where.", func(r *reader, p pair, s *stepReading) {
		s.kinds++
		if p.value.Kind != yaml.ScalarNode {
			r.add(at(p.value), "write `HOST$ COMMAND`", "run must be a line, not %s", kindName(p.value))
			return
		}
		r.line(p.value, &s.Step)
	}, nil},
	{"expect", aMapping(&expectTable), "What the line must do; without it, it must succeed.", func(r *reader, p pair, s *stepReading) { s.expect = &p }, nil},
	{"wait", aDuration, "Let this much virtual time pass.", func(r *reader, p pair, s *stepReading) {
		s.kinds++
		s.Kind, s.Wait = StepWait, r.duration(p)
	}, nil},
	{"at", aDuration, "Do it at this virtual time since the start of the run; the engines take the first seconds.", func(r *reader, p pair, s *stepReading) { s.At = r.duration(p) }, nil},
	{"fault", aMapping(&faultTable), "Something breaks.", func(r *reader, p pair, s *stepReading) {
		s.kinds++
		s.Kind = StepFault
		r.fault(p, &s.Step)
	}, nil},
	{"repair", aMapping(&faultTable), "Something is put right.", func(r *reader, p pair, s *stepReading) {
		s.kinds++
		s.Kind = StepRepair
		r.fault(p, &s.Step)
	}, nil},
	{"check", aMapping(&checkTable), "Who reaches whom, asked of the world itself.", func(r *reader, p pair, s *stepReading) {
		s.kinds++
		s.Kind = StepCheck
		checkTable.read(r, p.value, p.key, &s.Check)
	}, nil},
}}

// steps are lines or mappings.
var steps = shape{"a list, each a line `HOST$ COMMAND` or [a step](#a-step)", func() map[string]any {
	return map[string]any{"type": []any{"array", "null"}, "items": map[string]any{"oneOf": []any{aLine.schema(), stepTable.schema()}}}
}}

var rootTable = table[Scenario]{name: "the scenario", required: []string{"hosts"}, fields: []field[Scenario]{
	{"name", aText, "What it is called in transcripts and reports; the file's name by default.", func(r *reader, p pair, s *Scenario) { s.Name = r.text(p) }, nil},
	{"description", aText, "What it shows, for `dnetsim list`.", func(r *reader, p pair, s *Scenario) { s.Description = strings.TrimSpace(r.text(p)) }, nil},
	{"seed", is("a whole number", "type", "integer", "minimum", 0), "Where the run's dice begin; 1 by default.", func(r *reader, p pair, s *Scenario) { s.Seed = r.seed(p) }, nil},
	{"engine", aWord(Engines...), "The engine's profile on hosts that name none; " + Engines[0] + " by default.", func(r *reader, p pair, s *Scenario) { s.Engine = r.engine(p) }, nil},
	{"limit", aDuration, "The virtual time after which a run is hung; 1h by default.", (*reader).limit, nil},
	{"lan", aMapping(&lanTable), "The physical network between the hosts.", func(r *reader, p pair, s *Scenario) { s.LANs = append(s.LANs, r.lan("lan", p.value)) }, nil},
	{"lans", named(&lanTable), "Several networks by name.", func(r *reader, p pair, s *Scenario) {
		for _, q := range r.pairs(p.value, "lans") {
			s.LANs = append(s.LANs, r.lan(q.key, q.value))
		}
	}, nil},
	{"routers", named(&routerTable), "Routers between them.", func(r *reader, p pair, s *Scenario) {
		for _, q := range r.pairs(p.value, "routers") {
			s.Routers = append(s.Routers, r.router(q))
		}
	}, nil},
	{"internet", named(&siteTable), "The names on the internet that there are.", func(r *reader, p pair, s *Scenario) {
		for _, q := range r.pairs(p.value, "internet") {
			s.Internet = append(s.Internet, r.site(q))
		}
	}, nil},
	{"hosts", named(&hostTable), "The machines.", func(r *reader, p pair, s *Scenario) {
		for _, q := range r.pairs(p.value, "hosts") {
			s.Hosts = append(s.Hosts, r.host(q))
		}
	}, nil},
	{"images", named(&imageTable), "Images that only this scenario knows.", func(r *reader, p pair, s *Scenario) {
		for _, q := range r.pairs(p.value, "images") {
			s.Images = append(s.Images, r.image(q))
		}
	}, nil},
	{"strict-images", aYesNo, "An image that is neither known nor in images is refused, as a registry does. Otherwise it is a plain one with busybox's programs, and a pull says so.",
		func(r *reader, p pair, s *Scenario) { s.StrictImages = r.flag(p) }, nil},
	{"setup", steps, "What is typed first, also before `shell`, `up` and `explain`.", func(r *reader, p pair, s *Scenario) { s.Setup = r.steps(p) }, nil},
	{"steps", steps, "What is typed, and what must come of it.", func(r *reader, p pair, s *Scenario) { s.Steps = r.steps(p) }, nil},
}}
