// The messages between the page and the server, as package page of the Go side writes and reads them.
// Times are microseconds of virtual time. An id is the trail's name of a thing: "bdc01", "bdc01/c1", "bdc01/c1/eth0".

export type State = 'running' | 'paused' | 'busy' | 'asleep' | 'over'
export type Topo = { rev: number, nodes: Node[], ifaces: Iface[], links: Link[], published: Published[], networks: Network[] }
export type Published = { host: string, address: string, port: string, proto: string, to: string, toPort: string }
export type Network = { id: string, name: string, driver: string, subnets: string[], vni?: number, hosts: string[], peers?: { host: string, known: boolean }[] }
export type Node = {
  id: string, kind: 'host' | 'router' | 'site' | 'container' | 'namespace' | 'bridge' | 'lan', parent?: string, name: string,
  state: 'up' | 'down' | 'exited' | 'created' | 'paused' | 'off', image?: string, engine?: string, service?: string, health?: string, note?: string, idle: boolean
}
export type Iface = {
  id: string, node: string, name: string, kind: 'physical' | 'veth' | 'bridge' | 'vxlan' | 'macvlan' | 'ipvlan' | 'loopback' | 'other',
  mac: string, addrs: string[], up: boolean, carrier: boolean, mtu: number, peer?: string, master?: string, vni?: number, rx: number, tx: number, drops: number
}
export type Link = { id: string, kind: 'veth' | 'cable' | 'tunnel' | 'child', a: string, b: string, state: 'up' | 'down' | 'lossy' | 'blocked', note?: string, delay?: number }
export type Fate = 'delivered' | 'dropped' | 'flying' | 'carried' | 'waiting'
export type PacketRow = {
  packet: number, time: number, place: string, src: string, dst: string, proto: string, length: number, info: string,
  fate: Fate, where?: string, why?: string, parent?: number, depth?: number, hops: number
}
export type Rule = { table: string, chain: string, number: number, text: string }
export type Hop = {
  at: number, place: string, verb: string, why?: string, packet: number, parent?: number, rule?: Rule, info: string,
  changed?: { field: string, before: string, after: string }[]
}
export type Field = { name: string, value: string, from: number, to: number }
export type Layer = { name: string, from: number, to: number, fields: Field[], added?: string }
export type Frame = { hop: number, layers: Layer[], bytes: string }
export type PacketDetail = { row: PacketRow, hops: Hop[], frames: Frame[] }
export type TableRow = { text: string, changed: 'no' | 'new' | 'changed' | 'gone', delta?: string }
export type Table = { title: string, kind: string, command: string, head: string, rows: TableRow[], empty?: string }
export type Cure = { code: string, lines: { place: string, line: string }[], proved: boolean }
export type Explained = { works: boolean, verdict: string, sentence: string, report: any, text: string, path: Hop[], cures: Cure[] }
export type Task = {
  id: string, title: string, text: string, state: 'todo' | 'doing' | 'done' | 'locked', points: number, doneAt?: number, ask?: string,
  parts: { text: string, state: 'done' | 'doing' | 'todo' }[], hints: { text: string, kind: 'world' | 'written', cost: number }[],
  nextHint?: { cost: number }, wrong?: string, lost?: number, answer?: string, needs?: { id: string, title: string }[]
}
export type Move = { packet: number, parent: number, from: string, to: string, kind: string, at: number, label: string, drop?: boolean | string }
export type TermInfo = { term: number, place: string, ended: boolean }
export type Mark = { at: number, text: string, kind: 'checkpoint' | 'command' | 'drop' | 'task' }

export type Hello = {
  t: 'hello', lab: { name: string, title: string, minutes: number, story: string, langs: string[], level?: number } | null, scenario: string,
  places: string[], teacher: boolean, learner: string
}
export type Clock = { t: 'clock', now: number, state: State, speed: number, end: number, step?: { packet: number, hop: number, of: number, text: string }, error?: string }
export type Bar = { t: 'bar', from: number, to: number, density: number[], drops: number[], marks: Mark[] }
export type Tasks = { t: 'tasks', tasks: Task[], points: number, of: number, done: number, deadEnd?: string, checkpoints: { name: string, title?: string, at: number }[] }
export type Packets = { t: 'packets', total: number, rows: PacketRow[] }
export type Path = { t: 'path', packet: number, hops: Hop[] }
export type Say = { t: 'say', level: 'info' | 'warn' | 'error', text: string }

export type Msg =
  | { t: 'reply', id: number, ok: true, data: any } | { t: 'reply', id: number, ok: false, error: string }
  | Hello | Clock | { t: 'topo', topo: Topo } | { t: 'out', term: number, data: string } | { t: 'terms', list: TermInfo[] }
  | { t: 'moves', list: Move[] } | Packets | Bar | Tasks | Path | Say

export type Recording = {
  v: 1, scenario: string, from: number, to: number, steps: { at: number, m: Msg }[], packets: PacketRow[],
  details: Record<string, PacketDetail>, tables: { at: number, node: string, tables: Table[] }[],
  explained: { from: string, to: string, port: string, at: number, data: Explained }[]
}

// What `GET /api/labs` and `GET /api/class` answer.
export type Both = { en: string, zh: string }
export type LabRow = {
  name: string, title: Both, summary: Both, group?: Both, minutes: number, level: number, langs: string[],
  state: 'new' | 'doing' | 'done', done: number, of: number, at?: number
}
export type Learner = {
  learner: string, name?: string, state: 'work' | 'stuck' | 'dead' | 'done' | 'asleep' | 'off', task: string, done: number, of: number,
  since: number, hints: number, line: string, says?: string, cause?: string, memory?: number, link?: string
}
export type Class = { title: string, lab?: string, labs?: LabRow[], langs?: string[], tasks: { id: string, title: string | Both }[], learners: Learner[], awake: number, memory: number }
