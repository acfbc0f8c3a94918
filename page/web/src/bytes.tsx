// One packet at one hop: the byte strip with what was added, what the hop changed and what decided, fields, and bytes.
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Field, Frame, Hop, Layer, PacketDetail } from './contract'
import { I } from './icons'
import { cut } from './net/marks'
import { modelOf } from './net/model'
import { S, told, use } from './state'
import { look } from './act'
import { seconds, w } from './words'

export function stepHop(by: number, d: PacketDetail, upTo: number) { S.hopAt = Math.max(0, Math.min(d.hops.length - 1, upTo + by)); told('select') }

function frameAt(d: PacketDetail, hop: number): Frame | undefined { return [...d.frames].reverse().find(f => f.hop <= hop) ?? d.frames[0] }

export function Bytes({ d, upTo }: { d: PacketDetail | null, upTo: number }) {
  use('lang')
  const [field, setField] = useState<Field | null>(null)
  const [layer, setLayer] = useState<Layer | null>(null)
  useEffect(() => { setField(null); setLayer(null) }, [d?.row.packet, upTo])
  const f = d && frameAt(d, upTo)
  const bytes = useMemo(() => f ? f.bytes.match(/../g)?.map(h => parseInt(h, 16)) ?? [] : [], [f])
  if (!d) return <><div class="ph"><h2>{w('bytes')}</h2></div><p class="empty soft">{w('noFrame')}</p></>
  const hop = d.hops[upTo]
  // Shift and arrow beyond either end stays at the end.
  return <>
    <div class="ph"><h2>{w('frame', d.row.packet)}</h2><span class="soft num cutl">{bytes.length ? w('bytesN', bytes.length) + ' · ' : ''}{hop ? `${hop.place} · ${hop.verb}` : d.row.place}</span><span class="sp" />
      <button class="btn quiet" title={w('prevHop')} aria-label={w('prevHop')} disabled={upTo <= 0} onClick={() => stepHop(-1, d, upTo)}>←</button><span class="meta num">{w('hopOf', upTo + 1, d.hops.length)}</span><button class="btn quiet" title={w('nextHop')} aria-label={w('nextHop')} disabled={upTo >= d.hops.length - 1} onClick={() => stepHop(1, d, upTo)}>→</button></div>
    <div class="scroll" tabIndex={0} role="region" aria-label={w('bytes')}>
      {f && bytes.length > 0 && <Strip f={f} hop={hop} d={d} total={bytes.length} pickLayer={l => { setLayer(l); setField(null) }} picked={layer} />}
      {hop?.changed && hop.changed.length > 0 && <>
        <div class="ph rw"><h2>{w('beforeAfter')}</h2><span class="sp" />{hop.why && <span class="tag"><I n="rewrite" />{hop.why}</span>}</div>
        <div class="ba"><span /><span class="hd">{w('before')}</span><span /><span class="hd">{w('after')}</span>{hop.changed.map(c => <><span class="k">{c.field}</span><del>{c.before}</del><span aria-hidden="true">→</span><span class="ch">{c.after}</span></>)}</div></>}
      {hop && (hop.rule || hop.why) && <><div class="ph rw"><h2>{w('whatDecided')}</h2></div><dl class="kv by">
        {hop.why && <><dt>{w('reason')}</dt><dd>{hop.why}</dd></>}
        {hop.rule && <><dt>{w('rule')}</dt><dd>{`${hop.rule.table} ${hop.rule.chain} ${hop.rule.number}: ${hop.rule.text}`}</dd></>}</dl></>}
      {hop && hop.packet !== d.row.packet && hop.packet !== d.row.parent && <p class="meta rel">{w('carriedBy')}: <button class="plain" onClick={() => look(hop.packet)}>#{hop.packet}</button></p>}
      {d.row.parent ? <p class="meta rel">{w(d.hops.some(h => h.packet === d.row.packet && h.verb === 'encapsulate') ? 'carries' : 'copyOf')}: <button class="plain" onClick={() => look(d.row.parent!)}>#{d.row.parent}</button></p> : null}
      {f ? <>
        <Fields f={f} picked={field} pick={(l, x) => { setLayer(l); setField(x) }} />
        <Hex bytes={bytes} field={field} layer={layer} />
      </> : <p class="empty soft">{w('noBytes')}</p>}
      <ol class="hoplist" aria-label={w('hops')}>{d.hops.map((h, i) => <li key={i} class={[i === upTo ? 's' : '', h.verb === 'drop' ? 'x' : ''].join(' ')}><button class="plain" aria-current={i === upTo ? 'step' : undefined} onClick={() => { S.hopAt = i; told('select') }}><span class="num">{seconds(h.at)}</span> <span title={h.place}>{cut(h.place, 190, 11.5, true)}</span> <b>{h.verb}</b> <span class="dim">{h.why ?? ''}{h.rule ? ` ${h.rule.chain} ${h.rule.number}` : ''}</span></button></li>)}</ol>
    </div>
  </>
}

function lengthOf(f: Frame, i: number, total: number): number { return (f.layers[i + 1]?.from ?? total) - f.layers[i].from }

function shortName(n: string): string { return n.replace(/^Ethernet.*/, 'Eth').replace(/^Internet Protocol.*|^IPv4.*/, 'IPv4').replace(/^Internet Control.*/, 'ICMP') }

function Strip({ f, hop, d, total, pickLayer, picked }: { f: Frame, hop?: Hop, d: PacketDetail, total: number, pickLayer: (l: Layer) => void, picked: Layer | null }) {
  const added = f.layers.findIndex(l => !l.added)
  const outer = f.layers.length && f.layers[0].added ? (added < 0 ? f.layers.length : added) : 0
  const who = f.layers[0]?.added ?? ''
  const grow = (n: number) => 34 + Math.min(n, 120)
  const sum = (from: number, to: number) => f.layers.slice(from, to).reduce((n, _, i) => n + grow(lengthOf(f, from + i, total)), 0)
  const addedBytes = outer ? (f.layers[outer]?.from ?? total) : 0
  const changed = new Set(hop?.changed?.map(c => c.field.toLowerCase()) ?? [])
  const touched = (l: Layer) => l.fields.some(x => changed.has(x.name.toLowerCase()))
  const origin = (() => { const m = S.topo && modelOf(S.topo); const place = d.hops[0]?.place ?? ''; const n = m && (m.node.get(m.iface.get(place)?.node ?? place)); return n?.name ?? place })()
  return <>
    <div class="strip">{f.layers.map((l, i) => { const n = lengthOf(f, i, total); return <button key={i} type="button" title={`${l.name}, ${w('bytesN', n)}`} class={[l === picked ? 's' : '', outer && i >= outer ? 'inn' : '', !outer && touched(l) ? 'tch' : ''].join(' ')} style={{ flexGrow: String(grow(n)) }} onClick={() => pickLayer(l)}><b>{shortName(l.name)}</b>{n}</button> })}</div>
    {outer > 0 && <div class="brk"><span style={{ flexGrow: String(sum(0, outer)) }}>{/^added/.test(who) && w('network') === 'Network' ? w('addedBy', who, addedBytes) : w('addedBy2', who.replace(/^added by /, ''), addedBytes)}</span>{outer < f.layers.length && <span style={{ flexGrow: String(sum(outer, f.layers.length)) }}>{w('whatSent', origin, total - addedBytes)}</span>}</div>}
  </>
}

function Fields({ f, picked, pick }: { f: Frame, picked: Field | null, pick: (l: Layer, x: Field | null) => void }) {
  const outer = f.layers[0]?.added ? f.layers.findIndex(l => !l.added) : -1
  const one = (l: Layer, i: number) => {
    const src = l.fields.find(x => /^(source|src)( address| port)?$/i.test(x.name)), dst = l.fields.find(x => /^(destination|dst)( address| port)?$/i.test(x.name))
    return <details key={i} open={!/^Ethernet/.test(l.name)}><summary onClick={() => pick(l, null)}><span>{l.name}</span><span class="su">{src && dst ? `${src.value} → ${dst.value}` : ''}</span><span class="off">{l.from}–{(f.layers[f.layers.indexOf(l) + 1]?.from ?? f.bytes.length / 2) - 1}</span></summary>
      {l.fields.map((x, k) => <button type="button" key={k} class={'f' + (x === picked ? ' s' : '')} aria-pressed={x === picked} onClick={() => pick(l, x === picked ? null : x)}><span class="k">{x.name}</span><span class="v">{x.value}</span></button>)}</details>
  }
  return <div class="fields">{f.layers.slice(0, outer > 0 ? outer : undefined).map(one)}{outer > 0 && <div class="nest">{f.layers.slice(outer).map((l, i) => one(l, outer + i))}</div>}</div>
}

function Hex({ bytes, field, layer }: { bytes: number[], field: Field | null, layer: Layer | null }) {
  const lines = []
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  const keep = Math.min(bytes.length, Math.max(16, Math.ceil(end / 16) * 16))
  const shown = bytes.length - keep >= 16 ? keep : bytes.length
  const cls = (i: number) => field && i >= field.from && i < field.to ? 's' : layer && i >= layer.from && i < layer.to ? 'h' : ''
  for (let at = 0; at < shown; at += 16) {
    const parts = []
    let run = '', was = ''
    for (let i = at; i < Math.min(at + 16, shown); i++) {
      const c = cls(i)
      const text = bytes[i].toString(16).padStart(2, '0') + (i + 1 === at + 8 ? '  ' : ' ')
      if (c !== was && run) { parts.push(was ? <span class={was}>{run}</span> : run); run = '' }
      was = c; run += text
    }
    parts.push(was ? <span class={was}>{run}</span> : run)
    const missing = at + 16 - Math.min(at + 16, shown)
    lines.push(<>{<i>{at.toString(16).padStart(4, '0')}</i>}  {parts}{' '.repeat(missing * 3 + (missing >= 8 ? 1 : 0))} <i>{bytes.slice(at, Math.min(at + 16, shown)).map(b => b > 31 && b < 127 ? String.fromCharCode(b) : '.').join('')}</i>{'\n'}</>)
  }
  return <pre class="hex" aria-label={w('bytes')}>{lines}{shown < bytes.length && <i>{shown.toString(16).padStart(4, '0')}  {w('moreZero', bytes.length - shown)}</i>}</pre>
}
