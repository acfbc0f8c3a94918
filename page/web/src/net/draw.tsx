// The drawing: the sheet under a camera, the lit path above it, and moving packets above that.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Hop } from '../contract'
import { S, show, told, use } from '../state'
import { w } from '../words'
import { detailOf, fitted, seenPart, within, zoomed, type Camera, type Detail } from './camera'
import { layout } from './layout'
import { callout, litOf, type Lit } from './lit'
import { cut, Cross, Envelope, HostMark, PortMark, Text, ThingMark, WireMark } from './marks'
import { Inset } from './inset'
import { addressOf, engineName, hostOf, lanName, modelOf, textWidth, type Model } from './model'
import { moving } from './motion'
import { router, svgPath, touchedBy, type Router } from './route'
import { cross, type Box, type Pt, type Scene } from './scene'

export type Drawn = { hops: Hop[], upTo: number, length?: number, label?: { head: string, text: string } }

// One place where buttons outside find the drawing that is on the page.
export const drawing = { fit() {}, zoom(_by: number) {}, level: 3 as number, k: 1 }

export function Drawing({ lit: drawn, fold, live, addresses = true, thumb = false }: { lit: Drawn | null, fold: boolean, live: boolean, addresses?: boolean, thumb?: boolean }) {
  use('topo', 'node', 'lang')
  const box = useRef<HTMLDivElement>(null)
  const svg = useRef<SVGSVGElement>(null)
  const [size, setSize] = useState({ w: 0, h: 0 })
  const [cam, setCam] = useState<Camera | null>(null)
  const topo = S.topo
  const model = topo ? modelOf(topo) : null

  useLayoutEffect(() => {
    const e = box.current!
    const measure = () => setSize({ w: e.clientWidth, h: e.clientHeight })
    measure()
    const o = new ResizeObserver(measure)
    o.observe(e)
    return () => o.disconnect()
  }, [])

  const keepKey = fold && model && drawn ? [...touchedBy(model, drawn.hops)].sort().join() : ''
  const aspect = size.h > 40 ? Math.round(size.w / size.h * 4) / 4 : 2.25
  const scene = useMemo(() => model ? layout(model, { aspect, fold, only: !live && fold && !!keepKey, keep: new Set(keepKey.split(',')) }) : null, [model, aspect, fold, keepKey, S.hello, document.documentElement.lang])
  const route = useMemo(() => scene && model ? router(model, scene) : null, [scene])
  const fit = scene && size.w ? fitted(scene, size.w, size.h) : null
  const c = cam?.own ? cam : fit
  const now = useRef<{ c: Camera | null, scene: Scene | null, route: Router | null, model: Model | null }>({ c, scene, route, model })
  now.current = { c, scene, route, model }
  const set = (f: (c: Camera) => Camera) => { const at = now.current.c; if (at) { const next = f(at); now.current.c = next; setCam(next) } }

  useEffect(() => {
    drawing.fit = () => setCam(null)
    drawing.zoom = by => set(c => zoomed(c, by, size.w / 2, size.h / 2))
  })
  useGestures(svg, set)
  const layer = useRef<SVGGElement>(null)
  useEffect(() => live ? moving(() => ({ g: layer.current, route: now.current.route, k: now.current.c?.k ?? 1, level: now.current.c && now.current.scene ? detailOf(now.current.c, now.current.scene).level : 3 })) : undefined, [live])

  const d: Detail | null = c && scene ? thumb && scene.rooms.size <= 6 ? { level: 3, full: false, grow: 1, tiny: 10 / c.k } : detailOf(c, scene) : null
  if (d) { drawing.level = d.level; drawing.k = c!.k }
  const lit = useMemo(() => drawn && route && scene ? litOf(scene, route, drawn.hops, drawn.upTo, drawn.length) : undefined, [drawn, route, drawn?.hops, drawn?.upTo])
  if (lit && drawn?.label) { lit.head = drawn.label.head; lit.text = drawn.label.text }
  const deadOn = useMemo(() => new Set(lit?.dead && drawn && route ? [route.id(drawn.hops[Math.min(drawn.upTo, drawn.hops.length - 1)].place)].map(id => model!.iface.get(id)?.node ?? id) : []), [lit])

  // Among many hosts one is open in place: the chosen one, else where the packet died or is.
  const at = drawn && route ? hostOf(model!, route.id(drawn.hops[Math.min(drawn.upTo, drawn.hops.length - 1)]?.place ?? '')) : ''
  const openRoom = scene && scene.rooms.size > 3 ? scene.rooms.get(S.node) ?? scene.rooms.get(at) : undefined

  // A packet that steps out of sight takes the camera along.
  useEffect(() => { if (lit?.here && cam?.own) set(c => within(c, lit.here![0], lit.here![1], size.w, size.h)) }, [lit?.here?.[0], lit?.here?.[1]])

  const part = scene && c && d && d.level >= 3 && scene.rooms.size > 6 ? seenPart(c, size.w, size.h) : null
  const partKey = part ? `${part.x} ${part.y} ${part.w} ${part.h}` : ''
  const still = useMemo(() => scene && d && c && model ? <Still s={part ? only(scene, part) : scene} d={d} m={model} k={d.level <= 2 ? c.k : 1} on={lit?.on} dead={deadOn} chosen={S.node} addresses={addresses} /> : null,
    [scene, d?.level, d?.full, d?.grow, d?.tiny, d && d.level <= 2 ? c?.k : 0, lit?.on, deadOn, S.node, addresses, partKey])

  const counts = model ? w('drawingOf', model.hosts.length, topo!.nodes.filter(n => n.kind === 'container').length, model.lans.map(l => lanName(l)).join(', ')) : w('noWorld')
  return <div class="canvas" ref={box}>
    <svg ref={svg} class={'net l' + (d?.level ?? 3)} tabindex={0} role="application" aria-roledescription={w('drawing')} aria-label={counts}
      onKeyDown={e => walk(e, now.current.scene, now.current.model, (x, y) => set(c => within(c, x, y, size.w, size.h)))}
      onClick={e => pick(e)} onDblClick={e => { const id = idAt(e); if (id && scene?.rooms.has(id)) { const r = scene.rooms.get(id)!; const k = Math.min(size.w / (r.w + 40), size.h / (r.h + 80), 1.4); setCam({ k, x: size.w / 2 - (r.x + r.w / 2) * k, y: size.h / 2 - (r.y + r.h / 2 + 20) * k, own: true }) } else if (id) openTables(id) }}>
      {scene && c && d && <g transform={`translate(${c.x} ${c.y}) scale(${c.k})`} style={{ '--k': String(d.level >= 3 ? Math.max(.7, c.k) : 1) }}>
        {still}
        {lit && <LitMarks s={scene} m={model!} lit={lit} d={d} k={c.k} hops={drawn!.hops.length} dead={deadOn} />}
        <g ref={layer} />
      </g>}
      {scene && c && d?.level === 2 && model && openRoom && <Inset m={model} box={openRoom} cam={c} size={size} drawn={drawn} />}
    </svg>
    {!scene && <p class="empty soft">{w('noWorld')}</p>}
    {scene && c && d && live && d.level >= 3 && <Legend />}
  </div>
}

// only is the scene without what lies outside a part of it.
function only(s: Scene, part: Box): Scene {
  const line = (pts: Pt[]) => { const xs = pts.map(p => p[0]), ys = pts.map(p => p[1]); const x = Math.min(...xs), y = Math.min(...ys); return cross({ x, y, w: Math.max(...xs) - x + 1, h: Math.max(...ys) - y + 1 }, part) }
  const at = (o: { x: number, y: number }) => cross({ x: o.x, y: o.y, w: 1, h: 1 }, part, 60)
  return {
    ...s, rooms: new Map([...s.rooms].filter(([, r]) => cross(r, part))), things: new Map([...s.things].filter(([, t]) => cross(t, part))), ports: new Map([...s.ports].filter(([, p]) => at(p))),
    wires: s.wires.filter(v => line(v.pts)), tubes: s.tubes.filter(t => line(t.pts)), labels: s.labels.filter(at), halves: s.halves.filter(at),
  }
}

function Still({ s, d, m, k, on, dead, chosen, addresses }: { s: Scene, d: Detail, m: Model, k: number, on?: Set<string>, dead: Set<string>, chosen: string, addresses: boolean }) {
  const isOn = (id: string) => on?.has(id) ?? false
  const hostOn = (id: string) => !!on && [...on].some(o => o === id || o.startsWith(id + '/'))
  const outside = [...s.things.values()].filter(t => t.kind === 'lan' || t.kind === 'router' || t.kind === 'site')
  if (d.level <= 2) {
    const grow = 1 / k
    return <>
      {d.level === 1 && s.groups.map(g => <g key={g.id} class="grp1" data-id={g.id}><rect class="room" x={g.x} y={g.y} width={g.w} height={g.h} rx={4 / k} />
        <g transform={`translate(${g.x + g.w / 2} ${g.y + g.h / 2}) scale(${grow})`}><text class="nm" text-anchor="middle" y="-12" style={{ fontSize: 14 }}>{g.name}</text><text class="ad ui" text-anchor="middle" y="8">{g.hosts === 1 ? w('host1') : w('hostsN', g.hosts)}</text><text class="ad ui" text-anchor="middle" y="25">{g.containers === 1 ? w('cont1') : w('containersN', g.containers)}</text></g></g>)}
      {s.wires.filter(v => v.kind === 'cable' && (d.level === 2 || v.a !== v.b && !s.ports.has(v.a))).map(v => <WireMark key={v.id} v={v} />)}
      {outside.map(t => t.kind === 'lan' ? d.level === 1 && s.groups.some(g => g.id === t.id) ? null : <path key={t.id + t.y} class="bust wide" data-id={t.id} d={`M${t.x} ${t.y + t.h / 2}h${t.w}`} />
        : <g key={t.id} class={isOn(t.id) ? 'onb thing' : 'thing'} data-id={t.id} transform={`translate(${t.x + t.w / 2} ${t.y + t.h / 2}) scale(${grow})`}><circle class="box" r={14} /><path class="gl" transform="translate(-8 -8)" d="M4.500 6.500h5.500M8.500 5l1.500 1.500L8.500 8M11.500 9.500H6M7.500 8L6 9.500 7.500 11" /></g>)}
      {d.level === 2 && [...s.rooms.values()].map(r => <HostMark key={r.id} r={r} k={k} on={hostOn(r.id)} dead={dead} chosen={chosen === r.id} addr={addressOf(m, r.id)} />)}
      {[...s.things.entries()].filter(([key, t]) => (d.level === 2 || !s.groups.some(g => g.id === key)) && t.kind === 'lan' && key === t.id).map(([key, t]) => { const at = [...s.things.values()].find(o => o.kind === 'lan' && o.id === key)!; const [a, ...b] = lanName(m.node.get(key), key).split(' '); return <g key={'l' + key} transform={`translate(${at.x} ${at.y + at.h / 2}) scale(${grow})`}><text class="nm lanl" y="-7">{[a, ...b.slice(0, -1)].join(' ')}</text><text class="ad lanl" y="16">{b[b.length - 1] ?? ''}</text></g> })}
      {outside.filter(t => t.kind !== 'lan').map(t => <g key={'n' + t.id} transform={`translate(${t.x + t.w / 2} ${t.y + t.h / 2 + 18 * grow}) scale(${grow})`}><text class="ad ui" y="10" text-anchor="middle">{t.node?.name}</text></g>)}
    </>
  }
  const hidesAddr = (cls: string) => !addresses && /\bad\b|\bif\b/.test(cls)
  return <>
    {[...s.rooms.values()].map(r => <g key={r.id} data-id={r.id} class={'roomg' + (chosen === r.id ? ' chosen' : '')}><rect class={'room' + (r.node.state === 'up' ? '' : ' dn')} x={r.x} y={r.y} width={r.w} height={r.h} rx="4" />
      <path class="gl" transform={`translate(${r.x + 12} ${r.y + 9})`} d="M2.5 3.5h11v6h-11zM5 13h6M8 9.500V13" />{d.tiny ? null : <text class="nm" x={r.x + 34} y={r.y + 22} style={{ fontSize: 13 * Math.min(d.grow, 1.3) }}>{r.node.name}</text>}
      {d.full && <text class="if ui" x={r.x + 44 + textWidth(r.node.name, 13)} y={r.y + 22}>{[engineName(r.node.engine), r.node.state === 'up' ? '' : w(r.node.state === 'off' ? 'off' : 'down'), r.folded ? w('idleN', r.folded) : ''].filter(Boolean).join(' · ')}</text>}
      <rect class="stack" x={r.band.x} y={r.band.y} width={r.band.w} height={r.band.h} rx="2" />
      {d.full && r.kernel !== 'none' && <g class="kern"><path class="gl" transform={`translate(${r.kernel === 'right' ? r.band.x + r.band.w - 26 : r.band.x + 10} ${r.band.y + 5})`} d="M2 3h12v10H2zM2 6.300h12M2 9.700h12M6 3v3.300M10 6.300v3.400M6 9.700V13" /><text class="if ui" x={r.kernel === 'right' ? r.band.x + r.band.w - 32 : r.band.x + 32} y={r.band.y + 17} text-anchor={r.kernel === 'right' ? 'end' : undefined}>{w('kernelBand')}</text></g>}</g>)}
    {s.bands.map((b, i) => <BandMark key={i} b={b} full={d.full} tiny={d.tiny} />)}
    {[...s.things.values()].filter(t => t.kind === 'lan').map(t => <ThingMark key={t.id + t.y} t={t} d={d} on={isOn(t.id)} chosen={chosen === t.id} />)}
    {s.wires.map((v, i) => <WireMark key={i} v={v} />)}
    {[...s.things.values()].filter(t => t.kind === 'namespace').map(t => <ThingMark key={t.id} t={t} d={d} on={isOn(t.id)} chosen={chosen === t.id} />)}
    {s.wires.filter(v => v.kind === 'veth').map((v, i) => <WireMark key={'v' + i} v={v} />)}
    {s.tubes.map((t, i) => <path key={i} class="tube" d={svgPath(t.pts)} />)}
    {[...s.things.values()].filter(t => t.kind !== 'lan' && t.kind !== 'namespace').map(t => <ThingMark key={t.id} t={t} d={d} on={isOn(t.id) || !!t.iface && isOn(t.iface.id)} chosen={chosen === t.id} />)}
    {!d.tiny && s.labels.filter(l => (d.full || /nm/.test(l.cls)) && !hidesAddr(l.cls)).map((l, i) => <Text key={i} l={l} grow={/nm/.test(l.cls) ? d.grow : 1} />)}
    {s.halves.map((h, i) => <g key={i}><path class="pub" d={`M${h.x - 6} ${h.y}a6 6 0 0 1 12 0z`} />{d.full && <text class="ad" x={h.x + (h.anchor === 'end' ? -11 : 11)} y={h.y - 9} text-anchor={h.anchor === 'end' ? 'end' : undefined}>{h.text}</text>}</g>)}
    {[...s.ports.values()].map(p => <PortMark key={p.id} p={p} d={d} />)}
    {s.folded.map(f => <text key={f.lan} class="if ui" x={f.x} y={f.y} text-anchor="middle">{w('idleN', f.n)}</text>)}
  </>
}

function BandMark({ b, full, tiny }: { b: Scene['bands'][number], full: boolean, tiny?: number }) {
  const top = Math.min(b.a.y, b.b.y), bottom = Math.max(b.a.y + b.a.h, b.b.y + b.b.h)
  const l = b.a.x, r = b.b.x + b.b.w
  return <g>
    {b.lead && (b.whole ? <rect class="band" x={l} y={top} width={r - l} height={bottom - top} />
      : <><rect class="band" x={b.a.x} y={b.a.y} width={b.a.w} height={b.a.h} /><rect class="band" x={b.b.x} y={b.b.y} width={b.b.w} height={b.b.h} /></>)}
    {tiny ? <text class="nm" x={b.x} y={b.y + 20} text-anchor="middle" style={{ fontSize: tiny }}>{textWidth(b.name, tiny) < r - l - b.a.w - b.b.w + 10 ? b.name : ''}</text> : <text class="nm" x={b.x} y={b.y} text-anchor="middle">{cut(b.name, 90, 13)}</text>}
    {full && <><text class="ad" x={b.x} y={b.y + 18} text-anchor="middle">{b.subnet}</text><text class="if" x={b.x} y={b.y + 35} text-anchor="middle">{b.vni}</text></>}
    {!b.whole && <><path class="leg" d={`M${b.x - 48} ${b.y + 62}h96`} />{full && <text class="if ui" x={b.x} y={b.y + 54} text-anchor="middle">{w('noPeer')}</text>}</>}
  </g>
}

function LitMarks({ s, m, lit, d, k, hops, dead }: { s: Scene, m: Model, lit: Lit, d: Detail, k: number, hops: number, dead: Set<string> }) {
  const far = d.level <= 2
  const width = far ? 3.5 / k : 4 / Math.max(1, k / 1.4)
  const scale = d.level === 3 && d.full ? Math.max(1, .9 / k) : 1 / k
  const at = lit.dead ?? lit.here
  const lines = [lit.head, lit.text].filter(Boolean).map(t => t.length > 46 ? t.slice(0, 45) + '…' : t)
  const b = at && hops ? callout(s, at, lines, lit, scale) : undefined
  return <g class="litg">
    {lit.done.map((p, i) => <path key={i} class="lit" style={{ strokeWidth: width }} d={svgPath(p)} />)}
    {lit.todo.map((p, i) => <path key={i} class="litx" style={{ strokeWidth: width * .75, strokeDasharray: `${width / 4} ${width * 1.75}` }} d={svgPath(p)} />)}
    {d.level === 2 && [...s.rooms.values()].filter(r => [...lit.on].some(o => o === r.id || o.startsWith(r.id + '/'))).map(r => <HostMark key={r.id} r={r} k={k} on dead={dead} chosen={S.node === r.id} addr={addressOf(m, r.id)} />)}
    {!far && [...lit.pass].map(id => s.things.get(id)!).map(t => <ThingMark key={t.id} t={t} d={d} on={lit.on.has(t.id)} chosen={S.node === t.id} />)}
    {!far && [...s.ports.values()].filter(p => lit.on.has(p.id) || lit.on.has(p.iface.node)).map(p => <PortMark key={p.id} p={p} d={{ ...d, level: 3 }} />)}
    {!far && s.labels.filter(l => l.of && d.full && lit.pass.has(s.ports.get(l.of)?.iface.node ?? '')).map((l, i) => <Text key={i} l={l} />)}
    {at && b && !far && lit.dead && <path class="deadl t" d={`M${b.x + b.w / 2 < at[0] ? b.x + b.w : b.x} ${b.y + b.h / 2}L${at[0]} ${at[1]}`} />}
    {lit.deads.map((p, i) => <Cross key={i} at={p} k={scale * .7} />)}
    {lit.dead ? <Cross at={lit.dead} k={scale} /> : lit.here && <Envelope at={lit.here} nested={lit.nested} k={scale} />}
    {b && <g class={'call' + (lit.dead ? ' r' : '')} transform={`translate(${b.x} ${b.y}) scale(${scale})`}><rect width={b.w / scale} height={b.h / scale} rx="3" />
      {lines.map((t, i) => <text key={i} x="9" y={17 + i * 16} class={i ? '' : 'k ui'}>{t}</text>)}</g>}
  </g>
}

function Legend() {
  const line = (cls: string) => <svg viewBox="0 0 28 10" aria-hidden="true" class="net lg"><path class={cls} d="M0 5h28" /></svg>
  return <div class="legend"><span>{line('veth')}{w('veth')}</span><span>{line('cable')}{w('cable')}</span><span>{line('tube')}{w('tunnel')}</span><span>{line('leg')}{w('throughKernel')}</span></div>
}

function idAt(e: Event): string { return (e.target as Element).closest?.('[data-id]')?.getAttribute('data-id') ?? '' }
function pick(e: Event) {
  const id = idAt(e)
  if (id === S.node) return
  S.node = id
  told('node')
}
export function openTables(id: string) {
  if (S.topo) { const i = modelOf(S.topo).iface.get(id); if (i) id = i.node }
  S.node = id
  told('node')
  show('tables')
}

// walk moves the choice by arrow keys to the nearest thing in that direction, rooms before what is in them.
function walk(e: KeyboardEvent, s: Scene | null, m: Model | null, seen: (x: number, y: number) => void) {
  if (!s || !m) return
  if (e.key === 'Enter' && S.node) { openTables(S.node); e.preventDefault(); return }
  if (e.key === '+' || e.key === '=') { if (e.shiftKey || e.ctrlKey) return drawing.zoom(1.25) }
  const dir: Pt | undefined = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as Record<string, Pt>)[e.key]
  if (!dir || e.shiftKey || e.ctrlKey || e.altKey) return
  e.preventDefault()
  const spots: { id: string, x: number, y: number }[] = drawing.level <= 2 ? [...s.rooms.values()].map(r => ({ id: r.id, x: r.x + r.w / 2, y: r.y + r.h / 2 }))
    : [...[...s.things.values()].filter(t => t.kind !== 'namespace').map(t => ({ id: t.kind === 'vxlan' ? t.iface!.id : t.id, x: t.x + t.w / 2, y: t.y + t.h / 2 })), ...[...s.rooms.values()].map(r => ({ id: r.id, x: r.x + r.w / 2, y: r.y + 18 }))]
  if (!spots.length) return
  const from = spots.find(p => p.id === S.node)
  if (!from) { S.node = spots[0].id } else {
    // What a wire joins to this one is nearer than it looks.
    const tied = new Set<string>()
    for (const v of s.wires) { const a = owner(m, s, v.a), b = owner(m, s, v.b); if (a === S.node) tied.add(b); if (b === S.node) tied.add(a) }
    let best = '', least = Infinity
    for (const p of spots) {
      const dx = p.x - from.x, dy = p.y - from.y
      const ahead = dx * dir[0] + dy * dir[1], aside = Math.abs(dx * dir[1]) + Math.abs(dy * dir[0])
      if (ahead < 6 || aside > ahead * 2.5) continue
      const cost = (ahead + aside * 2) * (tied.has(p.id) ? .4 : 1)
      if (cost < least) { least = cost; best = p.id }
    }
    if (best) S.node = best
  }
  const p = spots.find(q => q.id === S.node)
  if (p) seen(p.x, p.y)
  told('node')
}
function owner(m: Model, s: Scene, id: string): string {
  if (s.things.has(id) || s.rooms.has(id)) return id
  const i = m.iface.get(id)
  if (!i) return id
  return i.master ? (m.node.has(i.master) ? i.master : m.iface.get(i.master)?.node ?? i.node) : i.node
}

// useGestures: wheel zooms at the pointer, drag moves, two fingers pinch.
function useGestures(ref: { current: SVGSVGElement | null }, set: (f: (c: Camera) => Camera) => void) {
  useEffect(() => {
    const e = ref.current!
    const down = new Map<number, Pt>()
    let moved = false
    const at = (v: MouseEvent): Pt => { const b = e.getBoundingClientRect(); return [v.clientX - b.left, v.clientY - b.top] }
    const wheel = (v: WheelEvent) => { v.preventDefault(); const [x, y] = at(v); set(c => zoomed(c, Math.exp(-v.deltaY * (v.deltaMode ? .05 : .0016)), x, y)) }
    const start = (v: PointerEvent) => { if (v.button) return; down.set(v.pointerId, at(v)); moved = false }
    const drag = (v: PointerEvent) => {
      const was = down.get(v.pointerId)
      if (!was) return
      const is = at(v)
      if (!moved && Math.hypot(is[0] - was[0], is[1] - was[1]) < 4) return
      if (!moved) { moved = true; e.setPointerCapture(v.pointerId); e.classList.add('drag') }
      const other = [...down.entries()].find(([id]) => id !== v.pointerId)?.[1]
      if (other) {
        const a = Math.hypot(was[0] - other[0], was[1] - other[1]), b = Math.hypot(is[0] - other[0], is[1] - other[1])
        set(c => zoomed(c, b / Math.max(a, 1), (is[0] + other[0]) / 2, (is[1] + other[1]) / 2))
      } else set(c => ({ ...c, x: c.x + is[0] - was[0], y: c.y + is[1] - was[1], own: true }))
      down.set(v.pointerId, is)
    }
    const end = (v: PointerEvent) => { down.delete(v.pointerId); e.classList.remove('drag') }
    const click = (v: Event) => { if (moved) { v.stopPropagation(); moved = false } }
    e.addEventListener('wheel', wheel, { passive: false })
    e.addEventListener('pointerdown', start); e.addEventListener('pointermove', drag); e.addEventListener('pointerup', end); e.addEventListener('pointercancel', end)
    e.addEventListener('click', click, true)
    return () => { e.removeEventListener('wheel', wheel) }
  }, [])
}
