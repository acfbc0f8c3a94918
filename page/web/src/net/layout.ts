// The whole sheet: rooms side by side in rows, a bar for each LAN under its row, routers and sites of the internet to the right,
// the bands and tubes of overlay networks, and at the end the labels that stand clear of every line.
import type { Iface, Node } from '../contract'
import { w } from '../words'
import { addressOf, lanName, textWidth, type Model } from './model'
import { buildRoom, type Built } from './room'
import { cross, emptyScene, type Box, type Label, type Pt, type Scene } from './scene'

// only: nothing but what the path goes through, and what that hangs on.
export type Wish = { aspect: number, fold: boolean, only?: boolean, keep: Set<string> }

export function layout(m: Model, wish: Wish): Scene {
  const s = emptyScene()
  const touched = (id: string) => wish.keep.has(id)
  const keepsHost = (h: Node) => touched(h.id) || (m.children.get(h.id) ?? []).some(c => touched(c.id))
  let hosts = m.hosts
  const lanOf = new Map<string, string[]>() // host or router to its LANs
  const cableOf = new Map<string, { lan: string, link: string }>() // interface to its LAN
  for (const l of m.topo.links) if (l.kind === 'cable') {
    for (const [i, far] of [[l.a, l.b], [l.b, l.a]]) {
      const iface = m.iface.get(i)
      if (!iface || m.node.get(far)?.kind !== 'lan') continue
      cableOf.set(i, { lan: far, link: l.id })
      lanOf.set(iface.node, [...lanOf.get(iface.node) ?? [], far])
    }
  }
  const gone = new Map<string, number>() // folded hosts of a LAN
  if (wish.fold && hosts.length > 2) {
    const stay = hosts.filter(h => !h.idle || keepsHost(h))
    if (stay.length) {
      for (const h of hosts) if (!stay.includes(h)) { const lan = lanOf.get(h.id)?.[0] ?? ''; gone.set(lan, (gone.get(lan) ?? 0) + 1) }
      hosts = stay
    }
  }
  const hangsOn = (b: Node) => m.topo.ifaces.some(i => i.master === b.id && touched(m.iface.get(m.peer.get(i.id) ?? '')?.node ?? ''))
  const busyBridge = (n: Node) => m.topo.ifaces.some(i => i.master === n.id)
  const hide = (n: Node) => wish.only ? !touched(n.id) && !(n.kind === 'bridge' && hangsOn(n)) : wish.fold && !touched(n.id) && (n.kind === 'bridge' ? (n.idle || !busyBridge(n)) : n.idle)

  // Rows of rooms, LAN by LAN.
  const order = new Map(m.lans.map((l, i) => [l.id, i]))
  hosts = [...hosts].sort((a, b) => (order.get(lanOf.get(a.id)?.[0] ?? '') ?? 0) - (order.get(lanOf.get(b.id)?.[0] ?? '') ?? 0))
  const overlays = m.topo.networks.filter(n => n.vni !== undefined && n.driver === 'overlay')
  let built = hosts.map((h, i) => buildRoom(m, h, i % 2 === 1, hide))
  const uniform = hosts.length > 6
  const maxW = Math.max(...built.map(b => b.room.w), 1), maxH = Math.max(...built.map(b => b.room.h), 1)
  const gapX = overlays.length ? Math.max(96, ...overlays.map(o => Math.max(textWidth(o.name, 13), ...o.subnets.map(t => textWidth(t, 12, true))) + 18)) : 56
  const barSpace = 96
  let best = 1, bestScale = 0
  for (let c = 1; c <= hosts.length; c++) {
    if (hosts.length <= 3 && c < hosts.length) continue
    const rows = Math.ceil(hosts.length / c)
    const width = uniform ? c * (maxW + gapX) : Math.max(...chunks(built, c).map(r => r.reduce((n, b) => n + b.room.w + gapX, 0)))
    const scale = Math.min(wish.aspect / width, 1 / (rows * (maxH + barSpace)))
    if (scale > bestScale * 1.02) { best = c; bestScale = scale }
  }
  const groups: { lan: string, list: number[] }[] = []
  hosts.forEach((h, i) => {
    const lan = lanOf.get(h.id)?.[0] ?? ''
    const last = groups[groups.length - 1]
    last && last.lan === lan ? last.list.push(i) : groups.push({ lan, list: [i] })
  })
  const rows: number[][] = []
  for (const g of groups) {
    const fits = rows.length && groups.length > 1 && rows[rows.length - 1].length + g.list.length <= best
    fits ? rows[rows.length - 1].push(...g.list) : rows.push(...chunks(g.list, best))
  }

  const left = uniform ? Math.round(maxW * .62) : 12
  let y = 10
  const bars = new Map<string, Box[]>()
  const uplink = new Map<string, { x: number, y: number, iface: Iface }>()
  const vx: { host: string, v: Built['vxlans'][number], dx: number, dy: number, net?: string }[] = []
  for (const row of rows) {
    let H = Math.max(...row.map(i => built[i].room.h), uniform ? maxH : 0)
    const B = Math.max(...row.map(i => built[i].barTop))
    row.forEach((i, k) => { built[i] = buildRoom(m, hosts[i], k % 2 === 1, hide, uniform ? maxW : 0, H, B) })
    const tallest = Math.max(...row.map(i => built[i].room.h))
    if (tallest > H) { H = tallest; row.forEach((i, k) => { built[i] = buildRoom(m, hosts[i], k % 2 === 1, hide, uniform ? maxW : 0, H, B) }) }
    let x = left
    for (const i of row) {
      const b = built[i]
      move(b, x, y)
      s.rooms.set(hosts[i].id, b.room)
      for (const t of b.things) s.things.set(t.id, t)
      for (const p of b.ports) s.ports.set(p.id, p)
      s.wires.push(...b.wires); s.labels.push(...b.labels); s.halves.push(...b.halves)
      for (const u of b.uplinks) uplink.set(u.iface.id, { ...u })
      for (const v of b.vxlans) {
        const id = v.node.name.replace(/^[0-9a-z]*-/, '')
        vx.push({ host: hosts[i].id, v, dx: 0, dy: 0, net: overlays.find(o => id && o.id.startsWith(id))?.id ?? overlays.find(o => v.iface.vni === o.vni)?.id })
      }
      x += b.room.w + gapX
    }
    y += H
    // The LANs of this row, one bar below the other.
    const here = [...new Set(row.flatMap(i => [...uplink.values()].filter(u => u.iface.node === hosts[i].id).map(u => cableOf.get(u.iface.id)?.lan).filter(Boolean) as string[]))]
    here.forEach((lan, k) => {
      const on = [...uplink.values()].filter(u => cableOf.get(u.iface.id)?.lan === lan && row.some(i => hosts[i].id === u.iface.node))
      const lo = Math.min(...on.map(u => u.x)), hi = Math.max(...on.map(u => u.x))
      const by = y + 42 + k * 62
      const wide = Math.max(hi - lo + 90, 260)
      const bx = Math.max(left, (lo + hi) / 2 - wide / 2)
      const bar: Box = uniform ? { x: 12, y: by, w: bx + wide - 12, h: 24 } : { x: bx, y: by, w: wide, h: 24 }
      bars.set(lan, [...bars.get(lan) ?? [], bar])
      for (const u of on) {
        const cable = cableOf.get(u.iface.id)!
        const link = m.topo.links.find(l => l.id === cable.link)
        s.wires.push({ id: cable.link, kind: 'cable', pts: [[u.x, u.y], [u.x, by]], a: u.iface.id, b: lan, link, host: '' })
      }
    })
    y += 42 + Math.max(1, here.length) * 62
  }
  for (const [lan, boxes] of bars) {
    const n = m.node.get(lan)
    boxes.forEach((b, i) => {
      s.things.set(i ? `${lan}#${i}` : lan, { id: lan, kind: 'lan', node: n, ...b, name: '', sub: '', note: '', off: n?.state === 'down', host: '' })
      if (i) { const a = boxes[i - 1], sx = Math.min(a.x, b.x) - 8; s.wires.push({ id: lan + ' spine' + i, kind: 'cable', pts: [[a.x, a.y + 12], [sx, a.y + 12], [sx, b.y + 12], [b.x, b.y + 12]], a: lan, b: lan, host: '' }) }
    })
    const b = boxes[boxes.length - 1]
    const title = lanName(n, lan)
    s.labels.push({ x: b.x + 22, y: b.y + 42, text: title, cls: 'nm', anchor: 'start', of: lan })
    const delay = m.topo.links.find(l => l.kind === 'cable' && l.b === lan && l.delay)?.delay
    const note = n?.note && !/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(n.note) ? n.note : w('switch') + (delay ? `, ${delay < 1000 ? delay + ' µs' : delay / 1000 + ' ms'}` : '')
    if (textWidth(title, 13) + textWidth(note, 11) + 60 < b.w) s.labels.push({ x: b.x + b.w, y: b.y + 42, text: note, cls: 'if ui', anchor: 'end', small: true, of: lan })
    if (gone.get(lan)) s.folded.push({ lan, x: b.x + b.w / 2, y: b.y + 42, n: gone.get(lan)! })
  }

  right(m, s, bars, wish.only ? touched : () => true, rows.length > 1)
  tunnels(m, s, vx, uplink, cableOf, bars, overlays)
  if (uniform) for (const lan of m.lans) {
    const on = hosts.filter(h => lanOf.get(h.id)?.includes(lan.id)).map(h => s.rooms.get(h.id)!)
    if (!on.length) continue
    const box = around([...on, ...bars.get(lan.id) ?? []])
    s.groups.push({ ...box, id: lan.id, name: lanName(lan), hosts: on.length + (gone.get(lan.id) ?? 0), containers: hosts.filter(h => lanOf.get(h.id)?.includes(lan.id)).reduce((n, h) => n + (m.children.get(h.id) ?? []).filter(c => c.kind === 'container').length, 0) })
  }
  const all: Box[] = [...s.rooms.values(), ...s.things.values(), ...s.labels.map(labelBox)]
  const box = around(all.length ? all : [{ x: 0, y: 0, w: 400, h: 200 }])
  s.w = box.x + box.w + (uniform ? Math.round(maxW * .4) : 12)
  s.h = box.y + box.h + 8
  s.labels = clear(s)
  return s
}

function chunks<T>(list: T[], n: number): T[][] {
  const out: T[][] = []
  for (let i = 0; i < list.length; i += n) out.push(list.slice(i, i + n))
  return out
}

function around(list: Box[]): Box {
  const x = Math.min(...list.map(b => b.x)), y = Math.min(...list.map(b => b.y))
  return { x, y, w: Math.max(...list.map(b => b.x + b.w)) - x, h: Math.max(...list.map(b => b.y + b.h)) - y }
}

function move(b: Built, dx: number, dy: number) {
  b.room.x += dx; b.room.y += dy
  b.room.band = { ...b.room.band, x: b.room.band.x + dx, y: b.room.band.y + dy }
  for (const l of [b.things, b.ports, b.labels, b.halves, b.uplinks, b.vxlans] as { x: number, y: number }[][]) for (const o of l) { o.x += dx; o.y += dy }
  for (const wire of b.wires) wire.pts = wire.pts.map(p => [p[0] + dx, p[1] + dy] as Pt)
  for (const v of b.vxlans) v.ns = { ...v.ns, x: v.ns.x + dx, y: v.ns.y + dy }
}

// right places what is not a host: in columns by its distance from the LANs that have rooms above them.
function right(m: Model, s: Scene, bars: Map<string, Box[]>, shown: (id: string) => boolean, beyond: boolean) {
  const depth = new Map<string, number>()
  for (const lan of bars.keys()) depth.set(lan, 0)
  const near = new Map<string, { to: string, link: string }[]>()
  for (const l of m.topo.links) if (l.kind === 'cable') {
    const end = (id: string) => m.iface.get(id)?.node ?? id
    const a = end(l.a), b = end(l.b)
    near.set(a, [...near.get(a) ?? [], { to: b, link: l.id }]); near.set(b, [...near.get(b) ?? [], { to: a, link: l.id }])
  }
  let edge = [...bars.keys()]
  while (edge.length) {
    const nextEdge: string[] = []
    for (const id of edge) for (const n of near.get(id) ?? []) if (!depth.has(n.to) && m.node.get(n.to)?.kind !== 'host') { depth.set(n.to, depth.get(id)! + 1); nextEdge.push(n.to) }
    edge = nextEdge
  }
  const others = [...m.others, ...m.lans].filter(n => bars.has(n.id) || shown(n.id))
  for (const n of others) if (!depth.has(n.id)) depth.set(n.id, n.kind === 'site' ? 2 : 1)
  const boxes = [...bars.values()].flat()
  const x0 = beyond ? Math.max(...[...s.rooms.values()].map(r => r.x + r.w)) : boxes.length ? Math.max(...boxes.map(b => b.x + b.w)) : 40
  const most = Math.max(0, ...depth.values())
  const yOf = (id: string): number | undefined => { const t = s.things.get(id); return t && t.y + t.h / 2 }
  const bottom = boxes.length ? Math.max(...boxes.map(b => b.y)) + 12 : 60
  let x = x0 + 112
  for (let d = 1; d <= most; d++) {
    const list = others.filter(n => depth.get(n.id) === d)
    const wish = list.map(n => { const ys = (near.get(n.id) ?? []).map(o => yOf(o.to)).filter(v => v !== undefined) as number[]; return { n, y: ys.length ? ys.reduce((a, b) => a + b, 0) / ys.length : bottom } }).sort((a, b) => a.y - b.y || (a.n.id < b.n.id ? -1 : 1))
    const step = d === most ? 66 : 92
    // Each as near to what it hangs on as the one above lets it; a crowd of leaves around their middle.
    const ys: number[] = []
    wish.forEach((o, i) => ys.push(i ? Math.max(o.y, ys[i - 1] + step) : o.y))
    const lift = d === most && wish.length > 2 ? (ys[ys.length - 1] - ys[0]) / 2 : 0
    let wide = 0
    wish.forEach((o, i) => {
      const cy = ys[i] - lift
      const n = o.n
      const lan = n.kind === 'lan'
      const lanWide = lan ? Math.max(120, textWidth(lanName(n), 13) + 30) : 0
      const box = lan ? { x: x - 60, y: cy - 12, w: lanWide, h: 24 } : { x: x - 20, y: cy - 20, w: 40, h: 40 }
      s.things.set(n.id, { id: n.id, kind: lan ? 'lan' : n.kind as 'router' | 'site', node: n, ...box, name: '', sub: '', note: '', off: n.state !== 'up', host: '' })
      const beside = list.length > 1
      const addr = addressOf(m, n.id).replace(/\/\d+$/, '')
      if (lan) { s.labels.push({ x: x - 38, y: cy + 30, text: lanName(n), cls: 'nm', anchor: 'start', of: n.id }); wide = Math.max(wide, lanWide - 60) }
      else if (beside && d === most) {
        s.labels.push({ x: x + 28, y: cy - 2, text: n.name, cls: 'ad', anchor: 'start', of: n.id })
        s.labels.push({ x: x + 28, y: cy + 13, text: addr, cls: 'if', anchor: 'start', small: true, of: n.id })
        wide = Math.max(wide, 40 + textWidth(n.name, 12, true), 40 + textWidth(addr, 11, true))
      } else {
        s.labels.push({ x, y: cy + 35, text: n.name, cls: n.kind === 'router' ? 'ad ui' : 'ad', anchor: 'middle', of: n.id })
        s.labels.push({ x, y: cy + 49, text: addr, cls: 'if', anchor: 'middle', small: true, of: n.id })
        wide = Math.max(wide, textWidth(n.name, 12, true) / 2, textWidth(addr, 11, true) / 2)
      }
      for (const o2 of near.get(n.id) ?? []) {
        const far = s.things.get(o2.to)
        if (!far || s.wires.some(v => v.id === o2.link)) continue
        const link = m.topo.links.find(l => l.id === o2.link)!
        const me = s.things.get(n.id)!
        const from: Pt = [far.x + (far.x < me.x ? far.w : 0), far.y + far.h / 2], to: Pt = [me.x + (far.x < me.x ? 0 : me.w), cy]
        const midX = to[0] - 24
        const pts: Pt[] = Math.abs(from[1] - to[1]) < 1 ? [from, to] : [from, [midX, from[1]], [midX, to[1]], to]
        s.wires.push({ id: link.id, kind: 'cable', pts, a: far.id, b: n.id, link, host: '' })
        if (link.delay && link.delay >= 1000) s.labels.push({ x: (from[0] + to[0]) / 2, y: Math.min(from[1], to[1]) - 8, text: link.delay % 1000 ? `${(link.delay / 1000).toFixed(1)} ms` : `${link.delay / 1000} ms`, cls: 'if', anchor: 'middle', small: true, of: 'free ' + link.id })
      }
    })
    x += Math.max(132, wide + 70)
  }
}

// The network whose namespaces are innermost comes first: the last by name in a room's columns.
const rank = (o: { name: string }) => o.name === 'ingress' ? 0 : 1

// tunnels draws what Docker promises (a band between the namespaces of a network) and how it is kept (a tube to the other host).
function tunnels(m: Model, s: Scene, vx: { host: string, v: Built['vxlans'][number], net?: string }[], uplink: Map<string, { x: number, y: number }>, cableOf: Map<string, { lan: string }>, bars: Map<string, Box[]>, overlays: { id: string, name: string, subnets: string[], vni?: number, peers?: { host: string, known: boolean }[] }[]) {
  for (const o of [...overlays].sort((a, b) => rank(a) - rank(b))) {
    const own = vx.filter(v => v.net === o.id)
    for (let i = 0; i + 1 < own.length; i++) {
      const a = own[i], b = own[i + 1]
      const ra = s.rooms.get(a.host)!, rb = s.rooms.get(b.host)!
      if (ra.y !== rb.y || rb.x < ra.x || !(rb.x - (ra.x + ra.w) < 400) || [...s.rooms.values()].some(r => r.y === ra.y && r.x > ra.x && r.x < rb.x)) continue
      const known = (o.peers ?? []).filter(p => p.host === a.host || p.host === b.host)
      const whole = !known.length || known.every(p => p.known)
      const gapMid = (ra.x + ra.w + rb.x) / 2
      const taken = s.bands.filter(x => Math.abs(x.x - gapMid) < 2).length
      s.bands.push({ lead: !taken, a: a.v.ns, b: b.v.ns, whole, name: o.name, subnet: o.subnets[0] ?? '', vni: o.vni !== undefined ? `VNI ${o.vni}` : '', x: gapMid, y: a.v.ns.y + 44 + taken * 66 })
    }
    // The tube: down to the host's port, along the LAN, up again. Each piece once.
    const legs = own.map(v => {
      const up = (m.ifacesOf.get(v.host) ?? []).find(i => uplink.has(i.id))
      return up ? { v, u: uplink.get(up.id)!, lan: cableOf.get(up.id)?.lan ?? '' } : undefined
    }).filter(Boolean) as { v: typeof own[number], u: { x: number, y: number }, lan: string }[]
    if (legs.length < 2) continue
    const byBar = new Map<Box, number[]>()
    for (const l of legs) {
      const bar = (bars.get(l.lan) ?? []).find(b => b.y > l.u.y && b.y - l.u.y < 400)
      const room = s.rooms.get(l.v.host)!
      const band = room.band
      const pts: Pt[] = [[l.v.v.x, l.v.v.y - 8]]
      if (Math.abs(l.u.x - l.v.v.x) > 1) pts.push([l.v.v.x, band.y + 13], [l.u.x, band.y + 13])
      pts.push([l.u.x, bar ? bar.y + 8 : l.u.y])
      s.tubes.push({ pts, id: `${o.id} ${l.v.host}` })
      if (bar) byBar.set(bar, [...byBar.get(bar) ?? [], l.u.x])
    }
    for (const [bar, xs] of byBar) if (xs.length > 1 && !s.tubes.some(t => t.id === 'bar ' + bar.x + bar.y)) s.tubes.push({ pts: [[Math.min(...xs) - 8, bar.y + 8], [Math.max(...xs) + 8, bar.y + 8]], id: 'bar ' + bar.x + bar.y })
  }
}

export function labelBox(l: Label): Box {
  const size = /nm/.test(l.cls) ? 13 : 12.4 // small text grows a little as the sheet shrinks
  const wide = textWidth(l.text, size, !/nm|ui/.test(l.cls))
  return { x: l.anchor === 'start' ? l.x : l.anchor === 'end' ? l.x - wide : l.x - wide / 2, y: l.y - size, w: wide, h: size + 3 }
}

// clear lets no free label touch a line, a box's edge or another label: it is moved to another side of its thing, or left out.
function clear(s: Scene): Label[] {
  const fixed = s.labels.filter(l => !l.of?.startsWith('free '))
  const taken: Box[] = fixed.map(labelBox)
  for (const b of s.bands) taken.push({ x: b.x - 50, y: b.y - 14, w: 100, h: 56 })
  const lines: Box[] = []
  for (const wire of s.wires) for (let i = 0; i + 1 < wire.pts.length; i++) {
    const [a, b] = [wire.pts[i], wire.pts[i + 1]]
    lines.push({ x: Math.min(a[0], b[0]) - 2, y: Math.min(a[1], b[1]) - 2, w: Math.abs(a[0] - b[0]) + 4, h: Math.abs(a[1] - b[1]) + 4 })
  }
  for (const t of s.things.values()) {
    if (t.kind === 'namespace') for (const e of [{ x: t.x, y: t.y, w: t.w, h: 1 }, { x: t.x, y: t.y, w: 1, h: t.h }, { x: t.x + t.w, y: t.y, w: 1, h: t.h }]) lines.push(e)
    else lines.push({ x: t.x, y: t.y, w: t.w, h: t.h })
  }
  for (const r of s.rooms.values()) for (const e of [{ x: r.x, y: r.y, w: 1, h: r.h }, { x: r.x + r.w, y: r.y, w: 1, h: r.h }]) lines.push(e)
  const out = [...fixed]
  for (const l of s.labels) {
    if (!l.of?.startsWith('free ')) continue
    const wide = labelBox(l).w
    const veth = /halo/.test(l.cls)
    const tries: Label[] = veth ? [l, { ...l, x: l.x - 16, anchor: 'end' }, { ...l, y: l.y - 16 }, { ...l, x: l.x - 16, y: l.y - 16, anchor: 'end' }]
      : [l, { ...l, anchor: l.anchor === 'start' ? 'end' : 'start', x: l.anchor === 'start' ? l.x + 130 : l.x - 130 }, { ...l, x: l.x + (l.anchor === 'start' ? -wide * .4 : wide * .4) }, { ...l, x: l.x + (l.anchor === 'start' ? -wide - 4 : wide + 4) }]
    const ok = tries.find(t => { const b = labelBox(t); return ![...lines, ...taken].some(o => cross(b, o, 1)) })
    if (!ok) continue
    taken.push(labelBox(ok))
    out.push(ok)
  }
  return out
}
