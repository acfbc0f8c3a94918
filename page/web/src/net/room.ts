// One host's room: containers above, bridges and the overlay's namespaces in the middle, the kernel as a band at the bottom, the
// host's own interfaces as ports in the wall below. The columns of the middle decide: containers stand over what they hang on.
// In a mirrored room the order of the columns is reversed, so that the namespaces of two neighbours face each other.
import type { Iface, Node } from '../contract'
import { w } from '../words'
import { addressOf, bare, bridgeOf, firstAddr, textWidth, type Model } from './model'
import type { Box, Half, Label, Port, Pt, Room, Thing, Wire } from './scene'

type Col = { key: string, kind: 'bridge' | 'ns' | 'direct', node?: Node, bridges: Node[], vxlan?: Iface, w: number, x: number, want: number[] }
type Hang = { iface: Iface, peer?: Iface, bridge?: Node, col: number, x: number }
type Stand = { node: Node, hangs: Hang[], x: number, w: number, sub: string }

const pad = 16, top = 44, boxH = 66, flatH = 32, barH = 38, gap = 16

export type Built = { barTop: number, room: Room, things: Thing[], ports: Port[], wires: Wire[], labels: Label[], halves: Half[], uplinks: { iface: Iface, x: number, y: number }[], vxlans: { iface: Iface, x: number, y: number, ns: Box, node: Node }[] }

export function buildRoom(m: Model, host: Node, mirrored: boolean, hide: (n: Node) => boolean, minW = 0, minH = 0, minBar = 0): Built {
  const inside = m.children.get(host.id) ?? []
  let folded = 0
  const seen = (n: Node) => { const no = hide(n); if (no) folded++; return !no }
  const namespaces = inside.filter(n => n.kind === 'namespace')
  const bridged = namespaces.filter(n => (m.children.get(n.id) ?? []).some(c => c.kind === 'bridge') || (m.ifacesOf.get(n.id) ?? []).some(i => i.kind === 'vxlan' || i.kind === 'bridge'))
  const standing = inside.filter(n => n.kind === 'container' || n.kind === 'namespace' && !bridged.includes(n)).filter(seen)

  // The columns.
  const cols: Col[] = []
  const col = new Map<string, Col>()
  const add = (c: Col) => { cols.push(c); col.set(c.key, c) }
  const bridges = inside.filter(n => n.kind === 'bridge').sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
  const rooted = bridges.filter(seen)
  for (const b of rooted) add({ key: b.id, kind: 'bridge', node: b, bridges: [b], w: 0, x: 0, want: [] })
  for (const n of bridged.sort((a, b) => (a.name < b.name ? 1 : -1))) {
    add({ key: n.id, kind: 'ns', node: n, bridges: (m.children.get(n.id) ?? []).filter(c => c.kind === 'bridge'), vxlan: (m.ifacesOf.get(n.id) ?? []).find(i => i.kind === 'vxlan'), w: 0, x: 0, want: [] })
  }
  const direct = (key: string) => { if (!col.has(key)) { const c: Col = { key, kind: 'direct', bridges: [], w: 20, x: 0, want: [] }; cols.unshift(c); col.set(key, c) } return key }

  const stands: Stand[] = standing.map(node => {
    const hangs: Hang[] = []
    for (const iface of m.ifacesOf.get(node.id) ?? []) {
      if (iface.kind === 'loopback' || iface.name === 'lo') continue
      const peer = m.iface.get(m.peer.get(iface.id) ?? '')
      const bridge = peer && bridgeOf(m, peer)
      const key = bridge && (col.has(bridge.id) ? bridge.id : bridge.parent && col.has(bridge.parent) ? bridge.parent : '')
      hangs.push({ iface, peer, bridge: key ? bridge : undefined, col: 0, x: 0 })
      hangs[hangs.length - 1].col = -1
      ;(hangs[hangs.length - 1] as Hang & { key: string }).key = key || direct(iface.kind === 'macvlan' || iface.kind === 'ipvlan' ? 'child' : 'kernel')
    }
    const up = node.state === 'up' || node.state === 'paused'
    const sub = !up ? w(node.state === 'exited' || node.state === 'created' || node.state === 'off' ? node.state : 'down') : node.state === 'paused' ? w('paused') : node.kind === 'namespace' ? '' : !hangs.length ? shares(host, node) : short(node.image ?? '')
    return { node, hangs, x: 0, w: 0, sub }
  })
  if (mirrored) cols.reverse()
  for (const s of stands) {
    for (const h of s.hangs) h.col = cols.indexOf(col.get((h as Hang & { key: string }).key)!)
    s.hangs.sort((a, b) => a.col - b.col)
  }
  const mid = (s: Stand) => s.hangs.length ? s.hangs.reduce((n, h) => n + h.col, 0) / s.hangs.length : mirrored ? cols.length : -1
  stands.sort((a, b) => mid(a) - mid(b) || (a.node.name < b.node.name ? -1 : 1))

  // Containers from left to right, each as wide as what it says.
  let x = pad
  for (const s of stands) {
    const each = s.hangs.map(h => Math.max(textWidth(bare(firstAddr(h.iface)), 12, true), textWidth(h.iface.name, 11, true), 34) + 16)
    const sum = each.reduce((a, b) => a + b, 0)
    const head = 32 + textWidth(s.node.name, 13) + 12
    const withSub = head + (s.sub ? textWidth(s.sub, 12.4, true) + 8 : 0)
    s.w = Math.ceil(Math.max(sum, head, Math.min(withSub, Math.max(sum, s.hangs.length ? 170 : 260))))
    s.x = x
    let at = x
    s.hangs.forEach((h, i) => { const wide = each[i] * s.w / (sum || 1); h.x = Math.round(at + wide / 2); at += wide; cols[h.col].want.push(h.x) })
    x += s.w + gap
  }
  const contentRight = x - gap

  // The middle: as near under its containers as its neighbours allow.
  for (const c of cols) {
    const ports = c.want.length
    const wide = (b: Node) => Math.ceil(Math.max(textWidth(b.name, 13), textWidth(addressOf(m, b.id), 12, true), 60) + 24)
    if (c.kind === 'bridge') c.w = Math.max(wide(c.node!), ports * 18 + 12)
    if (c.kind === 'ns') c.w = Math.max(c.bridges.reduce((n, b) => n + wide(b) + 10, 10), ports * 18 + 30, c.vxlan ? 126 : 80)
  }
  settle(cols)
  const shift = Math.max(0, pad - Math.min(...cols.map(c => c.x), pad))
  if (shift) { for (const c of cols) c.x += shift; for (const s of stands) { s.x += shift; for (const h of s.hangs) h.x += shift } for (const c of cols) c.want = c.want.map(v => v + shift) }
  const published = m.topo.published.filter(p => p.host === host.id)
  const uplinkIfaces = (m.ifacesOf.get(host.id) ?? []).filter(i => i.kind === 'physical')
  const head = 60 + textWidth(host.name, 13) + textWidth(host.engine ?? '', 11) + 80
  const halfText = (p: typeof published[number]) => `${p.port}${p.proto === 'udp' ? '/udp' : ''} → ${p.to.split('/').pop()}`
  const foot = Math.min(2, published.length) * 110 + uplinkIfaces.length * 160
  let wide = Math.max(minW, contentRight + shift + pad, ...cols.map(c => c.x + c.w + pad), head, foot + 40, 240)
  if (mirrored && wide > Math.max(contentRight + shift + pad, ...cols.map(c => c.x + c.w + pad)) + 1) { /* what is free stays at the outer side, the right */ }
  if (!mirrored) { // and at the left of a room that is not: the namespaces lean to the facing wall
    const free = wide - pad - Math.max(contentRight + shift, ...cols.map(c => c.x + c.w), pad)
    if (free > 0 && cols.some(c => c.kind === 'ns')) { for (const c of cols) { c.x += free; c.want = c.want.map(v => v + free) } for (const s of stands) { s.x += free; for (const h of s.hangs) h.x += free } }
  }
  cols.forEach((c, i) => { // a bridge grows over what hangs on it, where nobody stands in the way
    if (c.kind === 'direct' || !c.want.length) return
    const l = Math.max(Math.min(c.x, Math.min(...c.want) - (c.kind === 'ns' ? 22 : 12)), i ? cols[i - 1].x + cols[i - 1].w + gap : pad)
    const r = Math.min(Math.max(c.x + c.w, Math.max(...c.want) + (c.kind === 'ns' ? 22 : 12)), i + 1 < cols.length ? cols[i + 1].x - gap : wide - pad)
    if (r - l >= c.w) { c.x = l; c.w = r - l }
  })

  // A container reaches over the namespace that only it hangs on, so that its way down is one straight line.
  stands.forEach((s, i) => {
    for (const h of s.hangs) {
      const c = cols[h.col], each = Math.max(textWidth(bare(firstAddr(h.iface)), 12, true), 34) + 16
      if (c.kind !== 'ns' || c.want.length !== 1 || stands.length > 6) continue
      const to = Math.round(c.x + c.w / 2), right = h === s.hangs[s.hangs.length - 1], left = h === s.hangs[0]
      if (to > h.x && right && to + each / 2 <= (stands[i + 1]?.x ?? wide - pad + gap) - gap) { s.w = Math.max(s.w, to + each / 2 - s.x); h.x = to }
      else if (to < h.x && left && to - each / 2 >= (i ? stands[i - 1].x + stands[i - 1].w + gap : pad)) { const x0 = Math.min(s.x, to - each / 2); s.w += s.x - x0; s.x = x0; h.x = to }
    }
  })

  const things: Thing[] = [], ports: Port[] = [], wires: Wire[] = [], labels: Label[] = []
  const anyIface = stands.some(s => s.hangs.length)
  const cH = anyIface ? boxH : flatH
  const cBottom = top + (stands.length ? cH : 0)

  // Ports of the bridges, and the lanes of the wires that do not fall straight.
  const hangs = stands.flatMap(s => s.hangs.map(h => ({ s, h })))
  const ends = new Map<Hang, number>()
  for (let i = 0; i < cols.length; i++) {
    const c = cols[i]
    const on = hangs.filter(o => o.h.col === i).sort((a, b) => a.h.x - b.h.x)
    const inner = c.kind === 'ns' ? 22 : c.kind === 'direct' ? 6 : 12
    let last = -1e9
    const xs = on.map(o => { const v = Math.max(Math.min(Math.max(o.h.x, c.x + inner), c.x + c.w - inner), last + 14); last = v; return v })
    let most = c.x + c.w - inner
    for (let k = xs.length - 1; k >= 0; k--) { xs[k] = Math.min(xs[k], most); most = xs[k] - 14 }
    on.forEach((o, k) => ends.set(o.h, c.kind === 'direct' ? c.x + c.w / 2 : Math.round(xs[k])))
  }
  const lanes: number[][][] = []
  const laneOf = new Map<Hang, number>()
  for (const { h } of [...hangs].sort((a, b) => Math.abs(a.h.x - ends.get(a.h)!) - Math.abs(b.h.x - ends.get(b.h)!))) {
    const e = ends.get(h)!
    if (Math.abs(e - h.x) < 1) continue
    const span = [Math.min(e, h.x) - 6, Math.max(e, h.x) + 6]
    let k = lanes.findIndex(l => l.every(o => o[1] < span[0] || span[1] < o[0]))
    if (k < 0) k = lanes.push([]) - 1
    lanes[k].push(span)
    laneOf.set(h, k)
  }
  const hasNs = cols.some(c => c.kind === 'ns')
  const barTop = Math.max(minBar, cBottom + Math.max(stands.length ? 60 : 20, 22 + lanes.length * 9 + (hasNs ? 36 : 16)))

  for (const s of stands) {
    const off = s.node.state !== 'up' && s.node.state !== 'paused'
    const h = s.hangs.length ? cH : flatH
    things.push({ id: s.node.id, kind: s.node.kind === 'namespace' ? 'sandbox' : 'container', node: s.node, x: s.x, y: top + (cH - h), w: s.w, h, name: s.node.name, sub: s.sub, note: '', off, host: host.id })
    for (const hang of s.hangs) {
      labels.push({ x: hang.x, y: cBottom - 24, text: hang.iface.name, cls: 'if', anchor: 'middle', small: true, of: hang.iface.id })
      labels.push({ x: hang.x, y: cBottom - 9, text: bare(firstAddr(hang.iface)), cls: 'ad', anchor: 'middle', small: true, of: hang.iface.id })
      ports.push({ id: hang.iface.id, x: hang.x, y: cBottom, iface: hang.iface, up: hang.iface.up })
    }
  }

  // The middle row, and where it ends.
  const uplinks: Built['uplinks'] = [], vxlans: Built['vxlans'] = []
  let low = barTop
  for (const c of cols) {
    if (c.kind === 'direct') continue
    if (c.kind === 'bridge') {
      bar(c.node!, c.x, c.w)
      low = Math.max(low, barTop + barH)
      continue
    }
    const h = 30 + barH + (c.vxlan ? 28 + barH : 0) + 12
    const ns: Box = { x: c.x, y: barTop - 30, w: c.w, h }
    things.push({ id: c.node!.id, kind: 'namespace', node: c.node, ...ns, name: c.node!.name, sub: '', note: '', off: false, host: host.id })
    const each = (c.w - 10) / Math.max(1, c.bridges.length) - 10
    c.bridges.forEach((b, i) => bar(b, c.x + 10 + i * (each + 10), each))
    if (c.vxlan) {
      const y = barTop + barH + 28, vx = Math.round(c.x + c.w / 2)
      things.push({ id: c.vxlan.id, kind: 'vxlan', iface: c.vxlan, x: c.x + 10, y, w: c.w - 20, h: barH, name: c.vxlan.name, sub: c.vxlan.vni !== undefined ? `VNI ${c.vxlan.vni}` : '→ UDP 4789', note: '', off: !c.vxlan.up, host: host.id })
      ports.push({ id: c.vxlan.id, x: vx, y, iface: c.vxlan, up: c.vxlan.up })
      wires.push({ id: c.vxlan.id + ' port', kind: 'veth', pts: [[vx, barTop + barH], [vx, y]], a: c.bridges[0]?.id ?? c.node!.id, b: c.vxlan.id, host: host.id })
      vxlans.push({ iface: c.vxlan, x: vx, y: y + barH, ns, node: c.node! })
    }
    low = Math.max(low, barTop - 30 + h)
    labels.push({ x: c.x + (mirrored ? c.w : 0), y: barTop - 37, text: c.node!.name, cls: 'if', anchor: mirrored ? 'end' : 'start', small: true, of: 'free ' + c.node!.id })
  }
  function bar(b: Node, bx: number, bw: number) {
    const noPort = b.state === 'down'
    things.push({ id: b.id, kind: 'bridge', node: b, x: bx, y: barTop, w: bw, h: barH, name: b.name, sub: addressOf(m, b.id), note: noPort ? w('noPort') : '', off: noPort, host: host.id })
  }
  if (stands.length && !anyIface) low = Math.max(low, cBottom)
  const bandY = Math.max(low + 34, (minH || 0) - 58)
  const bandBox: Box = { x: pad, y: bandY, w: wide - 2 * pad, h: 26 }
  const wall = bandY + 58

  // Ports of the host in the wall: below the tunnel that uses them, else towards the neighbour.
  const face = vxlans.length ? (mirrored ? vxlans[0].x : vxlans[vxlans.length - 1].x) : mirrored ? Math.min(wide * .3, 90) : Math.max(wide * .7, wide - 90)
  uplinkIfaces.forEach((i, k) => {
    const ux = Math.round(mirrored ? Math.min(face + k * 160, wide - 30) : Math.max(face - k * 160, 30))
    ports.push({ id: i.id, x: ux, y: wall, iface: i, up: i.up && i.carrier })
    uplinks.push({ iface: i, x: ux, y: wall })
    wires.push({ id: i.id + ' in', kind: 'veth', pts: [[ux, bandY + 26], [ux, wall]], a: host.id, b: i.id, host: host.id })
    labels.push({ x: ux + (mirrored ? 12 : -12), y: wall - 9, text: `${i.name} ${firstAddr(i)}`, cls: 'ad', anchor: mirrored ? 'start' : 'end', small: true, of: i.id })
  })

  // Wires: container to bridge, bridge to kernel.
  for (const { s, h } of hangs) {
    const c = cols[h.col], e = ends.get(h)!
    const lane = laneOf.get(h)
    const yLane = cBottom + 16 + (lane ?? 0) * 9
    const start: Pt[] = lane === undefined ? [[h.x, cBottom]] : [[h.x, cBottom], [h.x, yLane], [e, yLane]]
    const link = (m.linkOf.get(h.iface.id) ?? []).find(l => l.kind === 'veth' || l.kind === 'child')
    if (c.kind === 'direct') {
      const child = c.key === 'child'
      const to = child ? uplinks.find(u => u.iface.id === (link?.a === h.iface.id ? link?.b : link?.a)) ?? uplinks[0] : undefined
      const pts: Pt[] = to ? [...start, [e, bandY + 36], [to.x, bandY + 36], [to.x, wall]] : [...start, [e, bandY]]
      wires.push({ id: link?.id ?? h.iface.id, kind: child ? 'child' : h.peer ? 'veth' : 'leg', pts, a: h.iface.id, b: to ? to.iface.id : h.peer?.id ?? host.id, link, host: host.id })
      continue
    }
    const bridgeId = h.bridge!.id
    wires.push({ id: link?.id ?? h.iface.id, kind: 'veth', pts: [...start, [e, barTop]], a: h.iface.id, b: h.peer?.id ?? bridgeId, link, host: host.id })
    if (h.peer) {
      ports.push({ id: h.peer.id, x: e, y: barTop, iface: h.peer, up: h.peer.up })
      labels.push({ x: e + 8, y: barTop - 12, text: h.peer.name, cls: 'if halo', anchor: 'start', small: true, of: 'free ' + h.peer.id })
    }
    void s
  }
  for (const s of stands) if (!s.hangs.length && s.node.state === 'up') {
    const note = s.node.note ?? ''
    const sx = Math.round(s.x + s.w / 2)
    if (note.endsWith(' ' + host.name) || /host network/.test(note)) wires.push({ id: s.node.id + ' leg', kind: 'leg', pts: [[sx, top + cH], [sx, bandY]], a: s.node.id, b: host.id, host: host.id })
  }
  for (const c of cols) if (c.kind === 'bridge' && c.node!.state !== 'down') {
    const bx = Math.round(c.x + c.w / 2)
    wires.push({ id: c.key + ' leg', kind: 'leg', pts: [[bx, barTop + barH], [bx, bandY]], a: c.key, b: host.id, host: host.id })
  }
  for (const v of vxlans) {
    const u = uplinks[0]
    if (!u) continue
    const pts: Pt[] = Math.abs(u.x - v.x) < 1 ? [[v.x, v.y], [v.x, bandY]] : [[v.x, v.y], [v.x, bandY]]
    wires.push({ id: v.iface.id + ' leg', kind: 'leg', pts, a: v.iface.id, b: host.id, host: host.id })
  }

  // Published ports: half discs in the wall, with whom they stand for.
  const halves: Half[] = []
  let hx = mirrored ? wide - pad - 6 : pad + 6
  const taken = uplinks.map(u => mirrored ? u.x + 24 + textWidth(`${u.iface.name} ${firstAddr(u.iface)}`, 12, true) : u.x - 24 - textWidth(`${u.iface.name} ${firstAddr(u.iface)}`, 12, true))
  const limit = uplinks.length ? (mirrored ? Math.max(...taken) : Math.min(...taken)) : mirrored ? 0 : wide
  let more = 0
  const byText = new Set<string>()
  for (const p of published) {
    const text = halfText(p)
    if (byText.has(text)) continue
    byText.add(text)
    const need = textWidth(text, 12, true) + 30
    const over = things.find(t => t.id === p.to)
    if (over) { const cx = Math.round(over.x + over.w / 2); if (mirrored ? cx < hx && cx - need >= limit : cx > hx && cx + need <= limit) hx = cx }
    if (mirrored ? hx - need < limit : hx + need > limit) { more++; continue }
    halves.push({ x: hx, y: wall, text, host: host.id, to: p.to, anchor: mirrored ? 'end' : 'start' })
    hx += mirrored ? -need : need
  }
  if (more && halves.length) halves[halves.length - 1].text += ` +${more}`

  // The kernel's name stands where no line crosses the band.
  const says = textWidth(w('kernelBand'), 12.4) + 40
  const crossed = (l: number, r: number) => wires.some(v => v.pts.some((p, i) => i > 0 && Math.abs(p[0] - v.pts[i - 1][0]) < 1 && p[0] > l && p[0] < r && Math.min(p[1], v.pts[i - 1][1]) < bandY + 20 && Math.max(p[1], v.pts[i - 1][1]) > bandY + 6))
  const sides: ('left' | 'right')[] = mirrored ? ['right', 'left'] : ['left', 'right']
  const kernel = sides.find(k => k === 'left' ? !crossed(pad, pad + says) : !crossed(wide - pad - says, wide - pad)) ?? 'none'
  const room: Room = { kernel, id: host.id, node: host, x: 0, y: 0, w: wide, h: wall, band: bandBox, mirrored, folded, squares: standing.filter(n => n.kind === 'container').map(n => ({ id: n.id, off: n.state !== 'up' })) }
  return { room, things, ports, wires, labels, halves, uplinks, vxlans, barTop }
}

// shares says whose network a container without interfaces of its own has.
function shares(host: Node, n: Node): string {
  const of = /in the namespace of (\S+)/.exec(n.note ?? '')?.[1]
  return of === undefined ? w('noNet') : of === host.name ? w('hostNet') : w('netOf', of.split('/').pop()!)
}

function rank(b: Node): number { return b.name === 'docker0' ? 0 : b.name === 'docker_gwbridge' ? 2 : 1 }

export function short(image: string): string {
  const name = image.split('/').pop() ?? ''
  return name.length > 18 ? name.slice(0, 17) + '…' : name
}

// settle puts the columns side by side, each as near to the middle of what hangs on it as possible: neighbours that would
// overlap become one block, whose place is the mean of what its members want.
function settle(cols: Col[]) {
  type Block = { first: number, last: number, pos: number, w: number, sum: number, weight: number }
  const blocks: Block[] = []
  let edge = pad
  cols.forEach((c, i) => {
    const weight = c.want.length ? 1 : 0.001
    const wanted = c.want.length ? c.want.reduce((a, b) => a + b, 0) / c.want.length - c.w / 2 : edge
    let b: Block = { first: i, last: i, pos: wanted, w: c.w, sum: wanted * weight, weight }
    while (blocks.length && blocks[blocks.length - 1].pos + blocks[blocks.length - 1].w + gap > b.pos) {
      const a = blocks.pop()!
      const off = a.w + gap
      const sum = a.sum + b.sum - b.weight * off
      b = { first: a.first, last: b.last, w: a.w + gap + b.w, sum, weight: a.weight + b.weight, pos: sum / (a.weight + b.weight) }
    }
    blocks.push(b)
    edge = b.pos + b.w + gap
  })
  for (const b of blocks) {
    let x = b.pos
    for (let i = b.first; i <= b.last; i++) { cols[i].x = Math.round(x); x += cols[i].w + gap }
  }
}
