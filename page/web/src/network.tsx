// The working view: the drawing, the terminals under it, the tasks at the side.
import { useMemo, useState } from 'preact/hooks'
import type { Fate, PacketDetail } from './contract'
import { Split } from './frame'
import { I } from './icons'
import { drawing, Drawing, openTables, type Drawn } from './net/draw'
import { bare, hostOf, modelOf } from './net/model'
import { PathList } from './net/pathlist'
import { lengthAt, useDetail } from './detail'
import { kept, keep, S, use } from './state'
import { Tasks } from './tasks'
import { Dock, focus, focusTerm, Keys, open, termAt } from './terms'
import { w } from './words'

export function fateTag(fate: Fate | '', where = '', why = '') {
  switch (fate) {
    case 'dropped': return <span class="tag red"><I n="cross" />{w('diedOn', where.split('/')[0])}{why ? `: ${why}` : ''}</span>
    case 'delivered': return <span class="tag ok"><I n="check" />{w('delivered')}</span>
    case 'waiting': return <span class="tag amber"><I n="clock" />{w('waiting')}</span>
    case 'carried': case 'flying': return <span class="tag blue"><I n="hop" />{w('inFlight')}</span>
  }
  return null
}

// followed is what the drawing lights while time is stepped: the path so far.
// A packet that was chosen in the list and is not being stepped is lit as far as the hop that is looked at.
export function followed(d: PacketDetail | null): Drawn | null {
  const p = S.path
  if (d && d.hops.length && S.selected === p.packet && S.clock.step?.packet !== p.packet) return { hops: d.hops, upTo: Math.max(0, Math.min(S.hopAt < 0 ? d.hops.length - 1 : S.hopAt, d.hops.length - 1)), length: lengthAt(d, S.hopAt < 0 ? d.hops.length - 1 : S.hopAt) }
  if (!p.packet || !p.hops.length) return null
  const step = S.clock.step
  return { hops: p.hops, upTo: step && p.hops[step.hop - 1] && step.text.startsWith(p.hops[step.hop - 1].verb) ? step.hop - 1 : p.hops.length - 1, length: S.rows.find(r => r.packet === p.packet)?.length }
}

function ends(): string {
  const p = S.path
  if (!p.hops.length || !S.topo) return ''
  const m = modelOf(S.topo)
  const row = S.rows.find(r => r.packet === p.packet)
  const name = (addr: string) => { const i = S.topo!.ifaces.find(i => i.addrs.some(a => bare(a) === addr.replace(/\.\d+$/, x => addr.split('.').length > 4 ? '' : x))); const n = i && m.node.get(i.node); return n?.name ?? addr }
  if (row) return `${name(row.src)} → ${name(row.dst)}`
  return p.hops[0].place
}

export function Network() {
  use('path', 'clock', 'topo', 'lang', 'node', 'view', 'rows', 'select')
  const [fold, setFold] = useState(kept('fold') === '1')
  const [addr, setAddr] = useState(kept('addr') !== '0')
  const detail = useDetail()
  const lit = useMemo(() => followed(detail), [detail, S.path, S.clock.step, S.hopAt, S.selected])
  const story = lit?.hops ?? S.path.hops
  const upTo = lit?.upTo ?? 0
  const last = story[upTo]
  const row = S.rows.find(r => r.packet === S.path.packet)
  const fate: Fate | '' = !last ? '' : last.verb === 'drop' ? 'dropped' : last.verb === 'deliver' ? 'delivered' : last.verb === 'queue' ? 'waiting' : upTo < story.length - 1 ? 'flying' : row?.fate ?? 'flying'
  return <main class={'work' + (focus.big ? ' bigdock' : '')}>
    <section class="pane map" aria-label={w('drawing')}>
      <div class="ph"><h2>{S.path.packet ? ends() : S.hello?.scenario ?? w('network')}</h2>{fateTag(fate, last?.place ?? '', last?.why)}<span class="soft opt cutl">{last && S.clock.step ? S.clock.step.text : last ? w('at', last.place) : ''}</span><span class="sp" />
        <Chosen />
        <button class="btn quiet opt" aria-pressed={addr} onClick={() => { setAddr(!addr); keep('addr', addr ? '0' : null) }}>{w('addresses')}</button>
        <button class="btn quiet opt" aria-pressed={fold} onClick={() => { setFold(!fold); keep('fold', fold ? null : '1') }}>{fold ? w('unfold') : w('foldIdle')}</button>
        <div class="zoom opt"><button aria-label={w('smaller')} onClick={() => drawing.zoom(.8)}>−</button><button aria-label={w('larger')} onClick={() => drawing.zoom(1.25)}>+</button><button title={w('fitHint')} onClick={() => drawing.fit()}>{w('fit')}</button></div></div>
      <Drawing lit={lit} fold={fold} live addresses={addr} />
      <PathList hops={story} upTo={upTo} />
    </section>
    <section class="pane dock" aria-label={w('terminals')}><Split name="dock" axis="y" of="dock" from={276} min={90} max={700} /><Dock /><Keys /></section>
    <aside class="pane side" aria-label={w('tasks')}><Split name="side" axis="x" of="side" from={320} min={220} max={640} /><Tasks /></aside>
  </main>
}

// What to do with the thing that is chosen in the drawing.
function Chosen() {
  const id = S.node
  if (!id || !S.topo) return null
  const m = modelOf(S.topo)
  const i = m.iface.get(id)
  const n = m.node.get(i?.node ?? id)
  if (!n) return null
  const place = n.kind === 'container' || n.kind === 'host' ? n.id : hostOf(m, n.id)
  return <span class="chosenbar opt"><b class="mono">{i && i.id !== n.id ? i.id : n.id}</b>
    {place && n.state === 'up' && !S.recorded && <button class="btn" onClick={() => { const t = termAt(place); t ? focusTerm(t) : void open(place) }}><I n="terminal" /><span class="lbl">{w('terminal')}</span></button>}
    <button class="btn" onClick={() => openTables(n.id)}><I n="table" /><span class="lbl">{w('tables')}</span></button></span>
}
