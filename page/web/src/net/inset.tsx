// A host opened in place: among many small boxes, the one where a packet died or that was chosen shows its room, with what the
// lit path touches. It is drawn in the screen's units beside its box.
import { useMemo } from 'preact/hooks'
import { engineName, type Model } from './model'
import { litOf } from './lit'
import { Cross, Envelope, Glyph, PortMark, Text, ThingMark, WireMark } from './marks'
import { buildRoom } from './room'
import { router, svgPath, touchedBy } from './route'
import { emptyScene, type Room } from './scene'
import type { Camera, Detail } from './camera'
import type { Drawn } from './draw'

export function Inset({ m, box, cam, size, drawn }: { m: Model, box: Room, cam: Camera, size: { w: number, h: number }, drawn: Drawn | null }) {
  const made = useMemo(() => {
    const touched = drawn ? touchedBy(m, drawn.hops) : new Set<string>()
    const here = [...touched].some(t => t.startsWith(box.id + '/'))
    const hangs = (id: string) => m.topo.ifaces.some(i => i.master === id && touched.has(m.iface.get(m.peer.get(i.id) ?? '')?.node ?? ''))
    const b = buildRoom(m, box.node, false, n => here && !touched.has(n.id) && !(n.kind === 'bridge' && hangs(n.id)))
    const s = emptyScene()
    s.rooms.set(box.id, b.room)
    for (const t of b.things) s.things.set(t.id, t)
    for (const p of b.ports) s.ports.set(p.id, p)
    s.wires = b.wires; s.w = b.room.w; s.h = b.room.h
    const r = router(m, s)
    return { b, s, lit: drawn ? litOf(s, r, drawn.hops, drawn.upTo) : undefined }
  }, [m, box.id, drawn?.hops, drawn?.upTo])
  const { b, lit } = made
  const k = Math.min(.96, size.w * .7 / b.room.w, size.h * .62 / b.room.h)
  const w = b.room.w * k, h = b.room.h * k
  const bx = box.x * cam.k + cam.x, by = box.y * cam.k + cam.y, bw = box.w * cam.k, bh = box.h * cam.k
  const below = by + bh + 14 + h < size.h
  const y = below ? by + bh + 14 : Math.max(4, by - 14 - h)
  const x = Math.max(6, Math.min(size.w - w - 6, bx + bw / 2 - w / 2))
  const d: Detail = { level: 3, full: k >= .73, grow: Math.max(1, 9.5 / (12.5 * k)) }
  return <g class="inset" style={{ '--k': String(Math.max(.7, k)) }}>
    <path class="leg" d={`M${bx + bw / 2} ${below ? by + bh : by}V${below ? y : y + h}`} />
    <g transform={`translate(${x} ${y}) scale(${k})`}>
      <rect class="room" width={b.room.w} height={b.room.h} rx="4" /><Glyph n="host" x={12} y={9} /><text class="nm" x="34" y="22">{box.node.name}</text>
      {d.full && <text class="if ui" x={box.node.name.length * 9 + 46} y="22">{engineName(box.node.engine)}{b.room.folded ? ` · +${b.room.folded}` : ''}</text>}
      <rect class="stack" x={b.room.band.x} y={b.room.band.y} width={b.room.band.w} height={b.room.band.h} rx="2" />
      {b.things.filter(t => t.kind === 'namespace').map(t => <ThingMark key={t.id} t={t} d={d} on={false} chosen={false} />)}
      {b.wires.map((v, i) => <WireMark key={i} v={v} />)}
      {lit?.done.map((p, i) => <path key={'l' + i} class="lit" d={svgPath(p)} />)}
      {b.things.filter(t => t.kind !== 'namespace').map(t => <ThingMark key={t.id} t={t} d={d} on={lit?.on.has(t.id) ?? false} chosen={false} />)}
      {d.full && b.labels.filter(l => !l.of?.startsWith('free ')).map((l, i) => <Text key={i} l={l} />)}
      {b.ports.map(p => <PortMark key={p.id} p={p} d={d} />)}
      {lit?.dead ? <Cross at={lit.dead} /> : lit?.here && <Envelope at={lit.here} nested={lit.nested} />}
    </g>
  </g>
}
