// The lit path of a packet: where it went, where it still goes, where it is or died, and what to say there.
import type { Hop } from '../contract'
import type { Router } from './route'
import { along, tidy } from './route'
import type { Box, Pt, Scene } from './scene'
import { cross } from './scene'
import { labelBox } from './layout'
import { textWidth } from './model'

export type Lit = { done: Pt[][], todo: Pt[][], on: Set<string>, pass: Set<string> /* things that the path goes through */, here?: Pt, dead?: Pt, deads: Pt[] /* other ends of copies */, nested: boolean, head: string, text: string }

export function litOf(s: Scene, r: Router, hops: Hop[], upTo: number, length?: number): Lit | undefined {
  if (!hops.length) return undefined
  const out: Lit = { done: [], todo: [], on: new Set(), pass: new Set(), deads: [], nested: false, head: '', text: '' }
  const last = Math.min(upTo, hops.length - 1)
  // A copy or an encapsulation sets out where what it is of was last seen; so does what comes out of a tunnel.
  const seen = new Map<number, string>()
  let before = ''
  hops.forEach((h, i) => {
    const id = r.id(h.place)
    if (!id) return
    const from = seen.get(h.packet) ?? (h.parent ? seen.get(h.parent) : undefined) ?? (h.verb === 'copy' ? '' : before)
    const way = from ? r.way(from, h.place) : undefined
    if (way) (i <= last ? out.done : out.todo).push(way)
    seen.set(h.packet, h.place)
    before = h.place
    if (i <= last) out.on.add(id)
    if (h.verb === 'drop' && i < last) { const p = r.at(h.place); if (p) out.deads.push(p) }
  })
  out.done = chain(out.done); out.todo = chain(out.todo)
  const h = hops[last]
  out.here = r.at([...hops.slice(0, last + 1)].reverse().find(o => r.id(o.place))?.place ?? h.place)
  if (h.verb === 'drop') { out.dead = out.here; out.head = h.why ?? 'drop' } else out.head = h.packet !== hops[0].packet && /vxlan/i.test(h.info) && !/vxlan\[/i.test(h.info) ? `VXLAN[${shortInfo(hops[0].info)}]` : shortInfo(h.info)
  if (h.verb === 'drop' && out.dead) {
    // The cross stands before what refused the packet, not on its name.
    const way = out.done[out.done.length - 1]
    if (way && way.length > 1) { const p = along(way, 1); const q = way[way.length - 2]; const d = Math.hypot(p[0] - q[0], p[1] - q[1]); out.dead = d > 30 ? [p[0] + (q[0] - p[0]) * 14 / d, p[1] + (q[1] - p[1]) * 14 / d] : p }
  }
  out.nested = /vxlan/i.test(h.info) || hops.slice(0, last + 1).reduce((n, o) => o.verb === 'encapsulate' ? n + 1 : o.verb === 'decapsulate' ? n - 1 : n, 0) > 0
  out.text = h.verb === 'drop' ? shortInfo(h.info) : `#${h.packet}` + (length ? ` · ${length} B` : '') + (h.why ? ` · ${h.why}` : '')
  for (const t of s.things.values()) if (t.kind !== 'namespace' && t.kind !== 'lan') {
    const inner = { x: t.x + 2, y: t.y + 2, w: t.w - 4, h: t.h - 4 }
    const goes = (list: Pt[][]) => list.some(pts => pts.some((p, i) => i > 0 && cross({ x: Math.min(p[0], pts[i - 1][0]), y: Math.min(p[1], pts[i - 1][1]), w: Math.abs(p[0] - pts[i - 1][0]) + .1, h: Math.abs(p[1] - pts[i - 1][1]) + .1 }, inner)))
    if (goes(out.done)) { out.pass.add(t.id); out.on.add(t.id) } else if (goes(out.todo)) out.pass.add(t.id)
  }
  return out
}

function chain(list: Pt[][]): Pt[][] {
  const out: Pt[][] = []
  for (const pts of list) {
    const last = out[out.length - 1]
    const end = last?.[last.length - 1]
    if (end && Math.abs(end[0] - pts[0][0]) < 1 && Math.abs(end[1] - pts[0][1]) < 1) out[out.length - 1] = tidy([...last, ...pts])
    else out.push(pts)
  }
  return out
}

// callout finds a place beside a point, on the side where least is covered. Size and answer are in the sheet's units.
export function callout(s: Scene, at: Pt, lines: string[], lit: Lit, scale: number): Box {
  const wide = Math.max(...lines.map((l, i) => textWidth(l, i ? 12 : 12.5, i > 0)), 60) + 20, high = lines.length > 1 ? 42 : 26
  const w = wide * scale, h = high * scale, gap = 26 * scale
  const tries: Box[] = []
  for (const dy of [-h / 2, -h - 12 * scale, 12 * scale, -h * 1.9, h * .9]) { tries.push({ x: at[0] - gap - w, y: at[1] + dy, w, h }); tries.push({ x: at[0] + gap, y: at[1] + dy, w, h }) }
  const texts = s.labels.map(labelBox)
  const cost = (b: Box) => {
    let n = 0
    for (const t of texts) if (cross(b, t, 2)) n += 3
    for (const t of s.things.values()) if (t.kind !== 'namespace' && cross(b, t, 2)) n += 4
    for (const p of s.ports.values()) if (cross(b, { x: p.x - 5, y: p.y - 5, w: 10, h: 10 })) n += 1
    for (const pts of [...lit.done, ...lit.todo]) for (let i = 1; i < pts.length; i++) if (cross(b, { x: Math.min(pts[i][0], pts[i - 1][0]) - 3, y: Math.min(pts[i][1], pts[i - 1][1]) - 3, w: Math.abs(pts[i][0] - pts[i - 1][0]) + 6, h: Math.abs(pts[i][1] - pts[i - 1][1]) + 6 })) n += 6
    for (const band of s.bands) if (cross(b, { x: band.x - 50, y: band.y - 14, w: 100, h: 56 })) n += 3
    if (cross(b, { x: at[0] - 18 * scale, y: at[1] - 10 * scale, w: 36 * scale, h: 20 * scale })) n += 30
    return n
  }
  for (const b of tries) { b.x = Math.max(2, Math.min(b.x, s.w - w - 2)); b.y = Math.max(2, Math.min(b.y, s.h - h - 2)) }
  let best = tries[0], least = Infinity
  for (const b of tries) { const c = cost(b); if (c < least) { least = c; best = b } }
  return best
}

// shortInfo is what a packet is, in a few words: what tcpdump prints without the addresses.
export function shortInfo(info: string): string {
  const arp = /who[- ]has (\S+?)(?:\?|,| |$)/.exec(info)
  if (arp) return `who has ${arp[1]}?`
  const is = /(\S+) is-at (\S+?)(?:,|$)/.exec(info)
  if (is) return `${is[1]} is at ${is[2]}`
  let t = withoutAddresses(info)
  const tcp = /Flags (\[\S*\])/.exec(t)
  if (tcp) t = `TCP ${tcp[1]}` + (/length ([1-9]\d*)/.exec(t) ? `, ${/length (\d+)/.exec(t)![1]} bytes` : '')
  t = t.split(', ').slice(0, /^TCP/.test(t) ? 2 : 1).join(', ')
  return t.length > 38 ? t.slice(0, 37) + '…' : t
}

// withoutAddresses leaves what the columns beside it do not say: "IP 10.0.0.1.80 > 10.0.0.2.4000: Flags" is "80 > 4000: Flags".
export function withoutAddresses(info: string): string {
  return info.replace(/^ARP, /, '').replace(/^(?:\S+ → \S+ )/, '').replace(/^IP6? (\S+) > (\S+): /, (_, a: string, b: string) => {
    const port = (s: string) => s.includes(':') ? /\.(\d+)$/.exec(s)?.[1] : s.split('.').length > 4 ? s.split('.').pop() : undefined
    return port(a) && port(b) ? `${port(a)} > ${port(b)}: ` : ''
  })
}
