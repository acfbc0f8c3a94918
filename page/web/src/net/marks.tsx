// The pieces that the drawing is made of.
import type { JSX } from 'preact'
import { iconOf, paths } from '../icons'
import type { Detail } from './camera'
import { textWidth } from './model'
import { svgPath } from './route'
import type { Label, Port, Pt, Room, Thing, Wire } from './scene'

export function Text({ l, grow = 1 }: { l: Label, grow?: number }) {
  return <text x={l.x} y={l.y} class={l.cls} text-anchor={l.anchor === 'start' ? undefined : l.anchor} {...(grow > 1 ? { style: { fontSize: 13 * grow } } : {})}>{l.text}</text>
}

export function Glyph({ n, x, y, s = 1 }: { n: keyof typeof paths, x: number, y: number, s?: number }) {
  return <path class="gl" d={paths[n]} transform={`translate(${x} ${y})${s !== 1 ? ` scale(${s})` : ''}`} />
}

// fit cuts a name in its middle to what a width holds; addresses are never cut.
export function cut(text: string, width: number, size: number, mono = false): string {
  if (textWidth(text, size, mono) <= width) return text
  for (let n = text.length - 1; n > 4; n--) {
    const t = text.slice(0, Math.ceil(n * .6)) + '…' + text.slice(text.length - Math.floor(n * .4) + 1)
    if (textWidth(t, size, mono) <= width) return t
  }
  return text.slice(0, 3) + '…'
}

export function ThingMark({ t, d, on, chosen }: { t: Thing, d: Detail, on: boolean, chosen: boolean }): JSX.Element {
  const cls = [on ? 'onb' : '', t.off ? 'offn' : '', chosen ? 'chosen' : '', 'thing'].join(' ')
  const attrs = { class: cls, 'data-id': t.kind === 'vxlan' ? t.iface!.id : t.id }
  const mid = t.x + t.w / 2
  const grow = d.grow
  const size = 13 * Math.min(grow, 1.3)
  switch (t.kind) {
    case 'namespace':
      return <g {...attrs}><rect class="ns" x={t.x} y={t.y} width={t.w} height={t.h} rx="3" /><title>{t.name}</title></g>
    case 'lan':
      return <g {...attrs}><rect class={'busl' + (t.off ? ' dn' : '')} x={t.x} y={t.y} width={t.w} height={t.h} /><path class="bust" d={`M${t.x} ${t.y}h${t.w}`} />{d.full && <Glyph n="bridge" x={t.x} y={t.y + 29} />}<title>{t.node?.name}</title></g>
    case 'router': case 'site':
      return <g {...attrs}><circle class="box" cx={mid} cy={t.y + t.h / 2} r={t.w / 2} /><Glyph n={t.kind} x={mid - 8} y={t.y + t.h / 2 - 8} /><title>{t.node?.name}</title></g>
    case 'bridge':
      return <g {...attrs}><rect class={'busl' + (t.off ? ' dn' : '')} x={t.x} y={t.y} width={t.w} height={t.h} rx="3" /><path class="bust" d={`M${t.x + 1.5} ${t.y}h${t.w - 3}`} />
        {!d.tiny && <text x={mid} y={d.full && t.sub ? t.y + 17 : t.y + t.h / 2 + 5} class="nm" text-anchor="middle" style={{ fontSize: size }}>{cut(t.name, t.w - 8, size)}</text>}
        {d.full && t.sub && <text x={mid} y={t.y + 31} class="ad" text-anchor="middle">{t.sub}</text>}
        {d.full && t.note && <text x={mid} y={t.y + t.h + 15} class="if ui" text-anchor="middle">{t.note}</text>}</g>
    case 'vxlan':
      return <g {...attrs}><rect class={'busl' + (t.off ? ' dn' : '')} x={t.x} y={t.y} width={t.w} height={t.h} rx="3" /><Glyph n="vxlan" x={t.x + 8} y={t.y + t.h / 2 - 8} />
        {!d.tiny && <text x={t.x + 32} y={d.full ? t.y + 17 : t.y + t.h / 2 + 5} class="nm" style={{ fontSize: size }}>{t.name}</text>}{d.full && <text x={t.x + 32} y={t.y + 31} class="if">{t.sub}</text>}</g>
    default: {
      if (d.tiny) return <g {...attrs}><rect class={'box' + (t.off ? ' dn' : '')} x={t.x} y={t.y} width={t.w} height={t.h} rx="3" />{textWidth(t.name, d.tiny) < t.w && <text x={mid} y={t.y + t.h / 2 + d.tiny * .36} class="nm" text-anchor="middle" style={{ fontSize: d.tiny }}>{t.name}</text>}</g>
      const name = cut(t.name, t.w - 40, size)
      const subX = t.x + 36 + textWidth(name, size)
      const room = t.x + t.w - 8 - subX
      const sub = t.sub && textWidth(t.sub, 12, true) <= room ? t.sub : ''
      return <g {...attrs}><rect class={'box' + (t.off ? ' dn' : '') + (t.kind === 'sandbox' ? ' nsb' : '')} x={t.x} y={t.y} width={t.w} height={t.h} rx="3" />
        <Glyph n={t.kind === 'sandbox' ? 'namespace' : iconOf('container', t.node?.image)} x={t.x + 9} y={t.y + (d.full ? 8 : t.h / 2 - 8)} />
        <text x={t.x + 30} y={d.full ? t.y + 21 : t.y + t.h / 2 + 5} class="nm" style={{ fontSize: size }}>{name}</text>
        {d.full && sub && <text x={subX} y={t.y + 21} class="if">{sub}</text>}
        <title>{`${t.name} ${t.node?.image ?? ''} ${t.node?.state ?? ''} ${t.node?.note ?? ''}`}</title></g>
    }
  }
}

export function PortMark({ p, d }: { p: Port, d: Detail }) {
  const i = p.iface
  return <g class="pg" data-id={i.id}><rect class={'port' + (p.up ? '' : ' pdn')} x={p.x - 4} y={p.y - 4} width="8" height="8" />
    {d.level === 4 && <g class="tiny">
      {[i.mac, `mtu ${i.mtu}`, `rx ${i.rx} tx ${i.tx}` + (i.drops ? ` drop ${i.drops}` : '')].map((t, k) => <text key={k} x={p.x + 7} y={p.y + 2 + k * 6.5}>{t}</text>)}</g>}
    <title>{`${i.id}\n${i.mac}  mtu ${i.mtu}\n${i.addrs.join('  ')}\nrx ${i.rx}  tx ${i.tx}  drops ${i.drops}`}</title></g>
}

export function WireMark({ v }: { v: Wire }) {
  const cls = v.kind === 'cable' ? 'cable' : v.kind === 'leg' ? 'leg' : 'veth' + (v.kind === 'child' ? ' child' : '')
  const state = v.link?.state ?? 'up'
  if (state === 'up') return <path class={cls} d={svgPath(v.pts)} />
  const [a, b] = longest(v.pts)
  const mx = (a[0] + b[0]) / 2, my = (a[1] + b[1]) / 2
  const turn = Math.abs(a[0] - b[0]) > Math.abs(a[1] - b[1]) ? 0 : 90
  return <g><path class={cls + (state === 'down' ? ' cutd' : '')} d={svgPath(v.pts)} />
    <g transform={`translate(${mx} ${my}) rotate(${turn})`}>
      {state === 'down' && <><rect class="gapr" x="-9" y="-6" width="18" height="12" /><path class="gl" d="M-7 -5v10M7 -5v10" /></>}
      {state === 'lossy' && <><rect class="gapr" x="-21" y="-7" width="42" height="14" /><path class={cls} d="M-21 0l5-6 7 12 7-12 7 12 7-12 5 6h4" /></>}
      {state === 'blocked' && <><rect class="gapr" x="-11" y="-8" width="22" height="16" /><path class="deadl" d="M-5 -8v16M5 -8v16" /></>}
    </g>
    {v.link?.note && <text class="if halo" x={mx + (turn ? 14 : 0)} y={my + (turn ? 4 : -12)} text-anchor={turn ? 'start' : 'middle'}>{v.link.note}</text>}</g>
}
function longest(pts: Pt[]): [Pt, Pt] {
  let best: [Pt, Pt] = [pts[0], pts[pts.length - 1]], len = -1
  for (let i = 1; i < pts.length; i++) { const d = Math.hypot(pts[i][0] - pts[i - 1][0], pts[i][1] - pts[i - 1][1]); if (d > len) { len = d; best = [pts[i - 1], pts[i]] } }
  return best
}

// A host as a box of its own: its name and a square for each container, at the size of the screen.
export function HostMark({ r, k, on, dead, chosen, addr }: { r: Room, k: number, on: boolean, dead: Set<string>, chosen: boolean, addr: string }) {
  const wide = r.w * k, high = r.h * k
  const per = Math.max(1, Math.floor((wide - 12) / 9))
  const rows = Math.max(1, Math.floor((high - 28) / 14))
  const show = r.squares.slice(0, per * rows)
  const isDead = [...dead].some(id => id === r.id || id.startsWith(r.id + '/'))
  const octet = addr ? '.' + addr.replace(/\/\d+$/, '').split('.').pop() : ''
  const size = wide < 60 ? 10 : 12.5
  return <g class={['hostm', on ? 'onb' : '', isDead ? 'hd' : '', chosen ? 'chosen' : ''].join(' ')} data-id={r.id} transform={`translate(${r.x} ${r.y}) scale(${1 / k})`}>
    <rect class="box" width={wide} height={high} rx="3" />
    <text x="7" y="17" class="nm" style={{ fontSize: size }}>{cut(r.node.name, wide - 14, size)}</text>
    {octet && textWidth(r.node.name, 12.5) + 34 < wide && <text x={wide - 6} y="17" class="if" text-anchor="end">{octet}</text>}
    {high > 38 && show.map((c, i) => <rect key={c.id} class={'cq' + (dead.has(c.id) ? ' d' : '') + (c.off ? ' o' : '')} x={7 + i % per * 9} y={26 + Math.floor(i / per) * 14} width="7" height="11" />)}
    <title>{`${r.node.name} ${addr}: ${r.squares.length}`}</title></g>
}

export function Envelope({ at, nested, k = 1 }: { at: Pt, nested: boolean, k?: number }) {
  return <g class="pk" transform={`translate(${at[0]} ${at[1]}) scale(${k})`}><rect x="-17" y="-9" width="34" height="18" rx="3" />{nested && <rect class="in" x="-8" y="-4.5" width="16" height="9" rx="1.5" />}</g>
}
export function Cross({ at, k = 1 }: { at: Pt, k?: number }) {
  return <g class="dead" transform={`translate(${at[0]} ${at[1]}) scale(${k})`}><circle r="10" /><path d="M-4 -4l8 8M4 -4l-8 8" /></g>
}
