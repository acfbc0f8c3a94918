// Where a packet is on the sheet: places as the trail names them become points, and two places that follow each other a line
// along the wires between them. The wires are a graph; the way is its shortest one.
import type { Hop } from '../contract'
import { hostOf, type Model } from './model'
import type { Pt, Scene } from './scene'

type Edge = { to: string, pts: Pt[], cost: number }
export type Router = { at(place: string): Pt | undefined, way(a: string, b: string): Pt[] | undefined, id(place: string): string }

// idOf finds what a place of the trail is called on the sheet: "bdc01/docker0:veth1" is the port veth1, "lan:bdc01:eth0" the
// switch's port, "bdc01:eth0/a" the end of a cable.
export function idOf(m: Model, s: Scene, place: string): string {
  if (s.ports.has(place) || s.things.has(place) || s.rooms.has(place)) return place
  if (/[/:]local$/.test(place)) return '' // a bridge's own port: the bridge has been told of already
  const known = m.iface.get(place)
  if (known) return known.kind === 'bridge' && s.things.has(known.node) ? known.node : known.kind === 'loopback' ? known.node : bridgeNamed(m, s, known.node, known.name) ?? known.node
  const cable = /^(.*)\/[ab]$/.exec(place)
  if (cable) { const i = cable[1].replace(/:([^:]*)$/, '/$1'); if (s.ports.has(i)) return i }
  const port = /^(.*?):(.*)$/.exec(place)
  if (port) {
    const [, of, name] = port
    const machine = of.replace(/\/[^/]*$/, '')
    for (const id of [`${machine}/${name}`, `${of}/${name}`, name.replace(':', '/')]) if (s.ports.has(id)) return id
    return idOf(m, s, of)
  }
  const up = place.replace(/\/[^/]*$/, '')
  return up !== place ? bridgeNamed(m, s, up, place.slice(up.length + 1)) ?? idOf(m, s, up) : place
}
function bridgeNamed(m: Model, s: Scene, parent: string, name: string): string | undefined {
  for (const n of m.children.get(parent) ?? []) if (n.kind === 'bridge' && n.name === name && s.things.has(n.id)) return n.id
  return undefined
}

export function router(m: Model, s: Scene): Router {
  const edges = new Map<string, Edge[]>()
  const join = (a: string, b: string, pts: Pt[], cost = 1) => {
    const put = (k: string, e: Edge) => { const l = edges.get(k); l ? l.push(e) : edges.set(k, [e]) }
    put(a, { to: b, pts, cost }); put(b, { to: a, pts: [...pts].reverse(), cost })
  }
  const at = (id: string): Pt | undefined => {
    const p = s.ports.get(id)
    if (p) return [p.x, p.y]
    const t = s.things.get(id)
    if (t) return [t.x + t.w / 2, t.y + t.h / 2]
    const r = s.rooms.get(id)
    return r && [r.band.x + r.band.w / 2, r.band.y + r.band.h / 2]
  }
  const kernel = new Map<string, Pt[]>() // where a host's wires meet its band
  for (const wire of s.wires) {
    if (wire.a === wire.b) continue // the line that joins a LAN's bars
    const a = wire.pts[0], b = wire.pts[wire.pts.length - 1]
    const room = s.rooms.get(wire.b) ?? s.rooms.get(wire.a)
    if (room && (wire.kind === 'leg' || wire.id.endsWith(' in') || s.rooms.has(wire.b))) {
      const down = s.rooms.has(wire.b)
      const key = `${room.id}|${wire.id}`
      const mid = room.band.y + room.band.h / 2
      const end: Pt = down ? [b[0], mid] : [a[0], mid]
      join(down ? wire.a : wire.b, key, down ? [...wire.pts, end] : [...[...wire.pts].reverse(), end])
      for (const other of kernel.get(room.id) ?? []) join(key, `${room.id}|${(other as Pt & { key: string }).key}`, Math.abs(other[0] - end[0]) < 1 ? [end] : [end, other], 1 + Math.abs(other[0] - end[0]) / 5000)
      ;(end as Pt & { key: string }).key = wire.id
      kernel.set(room.id, [...kernel.get(room.id) ?? [], end])
      join(key, room.id, [end], 1)
      continue
    }
    let ends: [string, string] = [wire.a, wire.b]
    if (wire.kind === 'cable') {
      for (const [i, id] of ends.entries()) {
        const lan = s.things.get(id)
        if (lan?.kind === 'lan') {
          // Each plug of a LAN is a point of its own; along the bar the way goes to any other.
          const p = i ? b : a
          const key = `${id}|${wire.id}`
          const bar = [...s.things.values()].find(t => t.kind === 'lan' && t.id === id && p[0] >= t.x - 1 && p[0] <= t.x + t.w + 1 && p[1] >= t.y - 1 && p[1] <= t.y + t.h + 1) ?? lan
          const inner: Pt = [Math.min(Math.max(p[0], bar.x), bar.x + bar.w), bar.y + 8]
          for (const other of kernel.get(id) ?? []) join(key, `${id}|${(other as Pt & { key: string }).key}`, [inner, ...(Math.abs(inner[1] - other[1]) > 1 ? [[bar.x - 8, inner[1]], [bar.x - 8, other[1]]] as Pt[] : []), other], 1)
          ;(inner as Pt & { key: string }).key = wire.id
          kernel.set(id, [...kernel.get(id) ?? [], inner])
          join(key, id, [inner], 1)
          ends = i ? [ends[0], key] : [key, ends[1]]
          join(key + ' in', key, [p, inner], 0.1)
          ends = ends.map(e => e === key ? key + ' in' : e) as [string, string]
        }
      }
    }
    join(ends[0], ends[1], wire.pts)
  }
  // What an interface belongs to: into its box, through its bridge.
  const within = new Map<object, [string, Pt][]>()
  for (const p of s.ports.values()) {
    const i = p.iface
    const t = s.things.get(i.node)
    if (t && t.kind !== 'namespace') { const c: Pt = t.kind === 'container' || t.kind === 'sandbox' ? [p.x, Math.min(p.y, t.y + t.h)] : [t.x + t.w / 2, t.y + t.h / 2]; join(p.id, t.id, [[p.x, p.y], c], 1.5) }
    for (const n of s.things.values()) if (n.kind === 'bridge' && i.master && (n.id === i.master || m.iface.get(i.master)?.node === n.id)) {
      const through: Pt[] = p.id !== n.id && i.kind === 'vxlan' ? [[p.x, p.y], [p.x, n.y + n.h], [p.x, n.y + n.h / 2]] : [[p.x, p.y], [p.x, n.y + n.h / 2]]
      for (const [bid, bp] of within.get(n) ?? []) join(p.id, bid, [...through, ...(Math.abs(bp[0] - p.x) < 1 ? [] : [[bp[0], n.y + n.h / 2] as Pt]), [bp[0], bp[1]]], 1.2)
      within.set(n, [...within.get(n) ?? [], [p.id, [p.x, p.y]]])
      join(p.id, n.id, [...through, [n.x + n.w / 2, n.y + n.h / 2]], 1)
    }
  }
  const memo = new Map<string, Pt[] | undefined>()
  const way = (from: string, to: string): Pt[] | undefined => {
    const a = idOf(m, s, from), b = idOf(m, s, to)
    if (a === b || !a || !b) return undefined
    const key = a + '\n' + b
    if (memo.has(key)) return memo.get(key)
    const best = new Map<string, number>([[a, 0]]), came = new Map<string, { from: string, pts: Pt[] }>()
    const open = new Set([a])
    while (open.size) {
      let u = '', least = Infinity
      for (const k of open) if (best.get(k)! < least) { least = best.get(k)!; u = k }
      open.delete(u)
      if (u === b) break
      if (least > 40) break
      for (const e of edges.get(u) ?? []) {
        const c = least + e.cost
        if (c < (best.get(e.to) ?? Infinity)) { best.set(e.to, c); came.set(e.to, { from: u, pts: e.pts }); open.add(e.to) }
      }
    }
    let pts: Pt[] = []
    let k = b
    while (k !== a) { const c = came.get(k); if (!c) { pts = []; break } pts = [...c.pts, ...pts]; k = c.from }
    if (!pts.length) { const p = at(a), q = at(b); if (p && q) pts = Math.abs(p[0] - q[0]) < 1 || Math.abs(p[1] - q[1]) < 1 ? [p, q] : [p, [p[0], q[1]], q] }
    const out = pts.length ? tidy(pts) : undefined
    memo.set(key, out)
    return out
  }
  return { at: place => at(idOf(m, s, place)), way, id: place => idOf(m, s, place) }
}
// tidy drops points that repeat or lie on the line between their neighbours.
export function tidy(pts: Pt[]): Pt[] {
  const out: Pt[] = []
  for (const p of pts) {
    const q = out[out.length - 1]
    if (q && Math.abs(q[0] - p[0]) < .5 && Math.abs(q[1] - p[1]) < .5) continue
    const r = out[out.length - 2]
    if (q && r && (Math.abs(q[0] - p[0]) < .5 && Math.abs(r[0] - p[0]) < .5 && (q[1] - r[1]) * (p[1] - q[1]) >= 0 || Math.abs(q[1] - p[1]) < .5 && Math.abs(r[1] - p[1]) < .5 && (q[0] - r[0]) * (p[0] - q[0]) >= 0)) out[out.length - 1] = p
    else out.push(p)
  }
  return out
}

export function svgPath(pts: Pt[]): string { return pts.map((p, i) => `${i ? 'L' : 'M'}${p[0]} ${p[1]}`).join('') }

// along is the point a share of the way down a line.
export function along(pts: Pt[], share: number): Pt {
  let total = 0
  for (let i = 1; i < pts.length; i++) total += Math.hypot(pts[i][0] - pts[i - 1][0], pts[i][1] - pts[i - 1][1])
  let left = total * share
  for (let i = 1; i < pts.length; i++) {
    const d = Math.hypot(pts[i][0] - pts[i - 1][0], pts[i][1] - pts[i - 1][1])
    if (left <= d && d > 0) { const t = left / d; return [pts[i - 1][0] + t * (pts[i][0] - pts[i - 1][0]), pts[i - 1][1] + t * (pts[i][1] - pts[i - 1][1])] }
    left -= d
  }
  return pts[pts.length - 1]
}

// touchedBy is everything that a path goes through: it is never folded.
export function touchedBy(m: Model, hops: Hop[]): Set<string> {
  const set = new Set<string>()
  for (const h of hops) {
    set.add(h.place)
    const i = m.iface.get(h.place)
    if (i) {
      set.add(i.node)
      if (i.master) { set.add(i.master); const of = m.iface.get(i.master); if (of) set.add(of.node) }
      const peer = m.iface.get(m.peer.get(i.id) ?? '')
      if (peer?.master) set.add(peer.master)
    }
    const host = hostOf(m, h.place)
    if (host) set.add(host)
  }
  return set
}
