// The topology as the layout reads it: who hangs on what. Built once for each revision that the server sends.
import type { Iface, Link, Node, Topo } from '../contract'

export type Model = {
  topo: Topo, node: Map<string, Node>, iface: Map<string, Iface>, ifacesOf: Map<string, Iface[]>, children: Map<string, Node[]>,
  peer: Map<string, string>, linkOf: Map<string, Link[]>, hosts: Node[], others: Node[], lans: Node[],
}

const models = new WeakMap<Topo, Model>()

// The internet is drawn as what its sites are for somebody behind a router: a line to each of them. A cable whose far end is not
// told leads into it.
function withoutInternet(t: Topo): Topo {
  const lan = t.nodes.find(n => n.kind === 'lan' && n.id === 'internet')
  const of = (id: string) => t.ifaces.find(i => i.id === id)?.node ?? id
  const kind = (id: string) => t.nodes.find(n => n.id === of(id))?.kind
  const links = t.links.map(l => l.kind === 'cable' && !l.b && lan ? { ...l, b: lan.id } : l)
  if (!lan) return t
  const into = links.filter(l => l.kind === 'cable' && (l.b === lan.id || l.a === lan.id))
  const router = into.find(l => kind(l.a) === 'router')
  if (!router || into.some(l => kind(l.a) === 'host')) return { ...t, links }
  return {
    ...t, nodes: t.nodes.filter(n => n !== lan),
    links: links.filter(l => l !== router).map(l => into.includes(l) ? { ...l, b: router.a, state: l.state === 'up' ? router.state : l.state } : l),
  }
}

export function modelOf(told: Topo): Model {
  const known = models.get(told)
  if (known) return known
  const topo = withoutInternet(told)
  const m: Model = {
    topo, node: new Map(), iface: new Map(), ifacesOf: new Map(), children: new Map(), peer: new Map(), linkOf: new Map(), hosts: [], others: [], lans: [],
  }
  const push = <K, V>(map: Map<K, V[]>, k: K, v: V) => { const l = map.get(k); l ? l.push(v) : map.set(k, [v]) }
  for (const n of topo.nodes) {
    m.node.set(n.id, n)
    if (n.kind === 'host') m.hosts.push(n)
    else if (n.kind === 'lan') m.lans.push(n)
    else if (n.kind === 'router' || n.kind === 'site') m.others.push(n)
  }
  for (const n of topo.nodes) if (n.kind === 'bridge' && n.state === 'up') {
    const i = topo.ifaces.find(i => i.id === n.id)
    if (i && (!i.up || !i.carrier)) m.node.set(n.id, { ...n, state: 'down' })
  }
  for (const n of m.node.values()) if (n.parent) push(m.children, n.parent, n)
  for (const i of topo.ifaces) {
    m.iface.set(i.id, i)
    push(m.ifacesOf, i.node, i)
    if (i.peer) m.peer.set(i.id, i.peer)
  }
  for (const l of topo.links) {
    push(m.linkOf, l.a, l)
    push(m.linkOf, l.b, l)
    if (l.kind === 'veth') { m.peer.set(l.a, l.b); m.peer.set(l.b, l.a) }
  }
  models.set(told, m)
  return m
}

// hostOf is the room that a node stands in, "" for what stands outside.
export function hostOf(m: Model, id: string): string {
  let n = m.node.get(id) ?? m.node.get(m.iface.get(id)?.node ?? '')
  for (let i = 0; n && i < 4; i++) {
    if (n.kind === 'host') return n.id
    n = n.parent ? m.node.get(n.parent) : undefined
  }
  return ''
}

// bridgeOf is the bridge that an interface is a port of.
export function bridgeOf(m: Model, i: Iface): Node | undefined {
  if (!i.master) return undefined
  const own = m.node.get(i.master)
  if (own?.kind === 'bridge') return own
  const master = m.iface.get(i.master)
  const of = master && m.node.get(master.node)
  if (of?.kind === 'bridge') return of
  return master && m.topo.nodes.find(n => n.kind === 'bridge' && n.name === master.name && n.parent === master.node)
}

export function bare(addr: string): string { return addr.replace(/\/\d+$/, '') }
export function firstAddr(i: Iface | undefined): string { return i ? i.addrs.find(a => !a.includes(':')) ?? i.addrs[0] ?? '' : '' }
// addressOf is the address that a node is known by: the first of its interfaces that has one.
export function addressOf(m: Model, id: string): string {
  const n = m.node.get(id)
  const own = (m.ifacesOf.get(id) ?? []).filter(i => i.kind !== 'loopback')
  if (n?.kind === 'bridge') return firstAddr(m.iface.get(id) ?? own.find(i => i.name === n.name) ?? own[0])
  return firstAddr(own.filter(i => i.kind !== 'bridge' || n?.kind !== 'host').find(i => firstAddr(i)) ?? own.find(i => firstAddr(i)))
}

// Widths of text before it is drawn, measured in the fonts that it will have.
const ruler = document.createElement('canvas').getContext('2d')!
const widths = new Map<string, number>()
let fonts = { ui: '', mono: '' }
export function textWidth(s: string, size: number, mono = false): number {
  const key = `${size} ${mono} ${s}`
  const known = widths.get(key)
  if (known !== undefined) return known
  if (!fonts.ui) { const c = getComputedStyle(document.documentElement); fonts = { ui: c.getPropertyValue('--ui'), mono: c.getPropertyValue('--mono') } }
  ruler.font = mono ? `${size}px ${fonts.mono}` : `${size >= 12.5 ? 620 : 400} ${size}px ${fonts.ui}`
  const n = ruler.measureText(s).width + (mono ? .5 : 1)
  if (widths.size > 8000) widths.clear()
  widths.set(key, n)
  return n
}

// lanName is what stands beside a LAN's bar: its subnet if the server says it.
export function lanName(n: Node | undefined, id = ''): string {
  const subnet = /\d+\.\d+\.\d+\.\d+\/\d+/.exec(n?.note ?? '')?.[0]
  const name = (n?.name ?? id).replace(/^lan\s*/i, '')
  return 'LAN ' + [name === subnet ? '' : name, subnet].filter(Boolean).join(' ')
}
// engineName is a release as people say it.
export function engineName(engine: string | undefined): string { const v = /\d+\.\d+/.exec(engine ?? '')?.[0]; return v ? 'Docker ' + v : engine ?? '' }
