// The packets: a list like Wireshark's, the chosen one's path, its bytes and fields at each hop.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { look } from './act'
import { Bytes } from './bytes'
import type { PacketDetail, PacketRow } from './contract'
import { Split } from './frame'
import { I } from './icons'
import { Drawing, type Drawn } from './net/draw'
import { PathList } from './net/pathlist'
import { withoutAddresses } from './net/lit'
import { cut } from './net/marks'
import { S, show, told, use } from './state'
import { ask, filterPackets } from './wire'
import { grouped, seconds, span, w } from './words'
import { lastOf, lengthAt, useDetail } from './detail'
import { fateTag } from './network'

const rowH = 24

export function Packets() {
  use('rows', 'select', 'lang', 'topo')
  const d = useDetail()
  const [map, setMap] = useState(false)
  const upTo = d ? Math.max(0, Math.min(S.hopAt < 0 ? lastOf(d) : S.hopAt, d.hops.length - 1)) : 0
  const lit: Drawn | null = useMemo(() => d && d.hops.length ? { hops: d.hops, upTo, length: lengthAt(d, upTo) } : null, [d, upTo])
  const row = d?.row
  return <main class={'work' + (map ? ' withmap' : '')}>
    <section class="pane map" aria-label={w('path')}>
      <div class="ph"><h2>{row ? w('pathOf', row.packet) : w('path')}</h2>{row && fateTag(row.fate, row.where ?? row.place, row.why)}<span class="soft cutl">{d && d.hops.length > 1 ? `${d.hops[0].place} → ${d.hops[d.hops.length - 1].place}, ${span(d.hops[d.hops.length - 1].at - d.hops[0].at)}` : ''}</span><span class="sp" />
        {row?.fate === 'dropped' && <button class="btn quiet" onClick={() => show('explain', 'side')}><I n="why" />{w('explainThis')}</button>}</div>
      <Drawing lit={lit} fold={true} live={false} />
      <PathList hops={d?.hops ?? []} upTo={upTo} />
    </section>
    <section class="pane dock" aria-label={w('packets')}><Split name="map" axis="y" of="list" from={370} min={120} max={760} /><List toggleMap={() => setMap(!map)} map={map} /></section>
    <aside class="pane side" aria-label={w('bytes')}><Split name="side" axis="x" of="side" from={516} min={300} max={760} /><Bytes d={d} upTo={upTo} /></aside>
  </main>
}

function fateText(r: PacketRow) {
  switch (r.fate) {
    case 'dropped': return <><I n="cross" /> {r.why || w('drops')}</>
    case 'delivered': return <><I n="check" /> {r.why || w('delivered')}</>
    case 'carried': return <><I n="packet" /> {r.why || w('inFlight')}</>
    case 'waiting': return <><I n="clock" /> {r.why || w('waiting')}</>
    default: return <><I n="hop" /> {r.why || w('inFlight')}</>
  }
}

function List({ toggleMap, map }: { toggleMap: () => void, map: boolean }) {
  use('rows', 'select', 'lang', 'clock')
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, h: 400 })
  const [everyHop, setEvery] = useState(false)
  const [hopRows, setHopRows] = useState<PacketRow[]>([])
  const [text, setText] = useState(S.filter)
  const follow = useRef(true), pointed = useRef(false) // a list that is pointed at holds still
  const rows = everyHop ? hopRows : S.rows
  useEffect(() => {
    if (!everyHop) return
    let stale = false
    const t = setTimeout(() => ask('packets', { filter: S.filter, from: 0, count: 5000, hops: true }).then(r => { if (!stale) setHopRows(r.rows) }).catch(() => {}), hopRows.length ? 600 : 0)
    return () => { stale = true; clearTimeout(t) }
  }, [everyHop, S.rows, S.filter])
  useEffect(() => { if (!S.rows.length && !S.filterError) void filterPackets(S.filter) }, [])
  useLayoutEffect(() => {
    const e = box.current!
    const f = () => setView({ top: e.scrollTop, h: e.clientHeight })
    f()
    const o = new ResizeObserver(f)
    o.observe(e)
    return () => o.disconnect()
  }, [])
  useLayoutEffect(() => { if (follow.current && !pointed.current && box.current) box.current.scrollTop = box.current.scrollHeight }, [rows.length])
  useEffect(() => { // the chosen row stays in sight
    const i = rows.findIndex(r => r.packet === S.selected)
    const e = box.current
    if (i < 0 || !e) return
    if (i < rows.length - 1) follow.current = false
    const y = i * rowH
    if (y < e.scrollTop) e.scrollTop = y
    else if (y + rowH * 2.2 > e.scrollTop + e.clientHeight) e.scrollTop = y - e.clientHeight + rowH * 2.4
  }, [S.selected, rows.some(r => r.packet === S.selected)])
  const first = Math.max(0, Math.floor(view.top / rowH) - 8), last = Math.min(rows.length, Math.ceil((view.top + view.h) / rowH) + 8)
  const apply = (f: string) => { setText(f); follow.current = true; void filterPackets(f.trim()) }
  const pickRow = (i: number) => { const r = rows[i]; if (!r) return; follow.current = i === rows.length - 1; look(r.packet, -1) }
  const key = (e: KeyboardEvent) => {
    const i = rows.findIndex(r => r.packet === S.selected)
    const to = e.key === 'ArrowDown' ? i + 1 : e.key === 'ArrowUp' ? (i < 0 ? rows.length - 1 : i - 1) : e.key === 'PageDown' ? i + Math.floor(view.h / rowH) : e.key === 'PageUp' ? i - Math.floor(view.h / rowH) : e.key === 'Home' ? 0 : e.key === 'End' ? rows.length - 1 : -2
    if (to === -2 || e.shiftKey) return
    e.preventDefault()
    pickRow(Math.max(0, Math.min(rows.length - 1, to)))
  }
  return <>
    <form class="ph tall" role="search" onSubmit={e => { e.preventDefault(); apply(text) }}>
      <I n="find" /><div class="filter"><input class="field find" type="search" aria-label={w('filter')} aria-invalid={!!S.filterError} placeholder={w('filterHint')} value={text} spellcheck={false} autocomplete="off" onInput={e => setText(e.currentTarget.value)} onBlur={() => { if (text.trim() !== S.filter) apply(text) }} onKeyDown={e => { if (e.key === 'Escape') { if (text) apply(''); else e.currentTarget.blur() } if (e.key === 'ArrowDown') { box.current?.focus(); e.preventDefault() } }} /></div>
      <span class="meta num opt">{w('rowsOf', grouped(rows.length), grouped(Math.max(S.total, rows.length)))}</span>
      <button type="button" class="btn quiet opt" aria-pressed={everyHop} onClick={() => setEvery(!everyHop)}>{w('everyHop')}</button>
      <button type="button" class="btn quiet pathbtn" aria-pressed={map} onClick={toggleMap}>{w('lightPath')}</button>
      {!S.recorded && <a class="btn opt" href={'/pcap?' + new URLSearchParams({ lab: new URLSearchParams(location.search).get('lab') ?? '', filter: S.filter })} download><I n="save" />pcapng</a>}
    </form>
    {S.filterError && <p class="filtererr" role="alert"><I n="cross" /> {S.filterError}</p>}
    <div class="scroll plbox" ref={box} tabIndex={0} role="group" aria-label={w('packets')} onKeyDown={key} onPointerEnter={() => { pointed.current = true }} onPointerLeave={() => { pointed.current = false }} onScroll={e => { const t = e.currentTarget; follow.current = t.scrollTop + t.clientHeight > t.scrollHeight - 30; setView({ top: t.scrollTop, h: t.clientHeight }) }}>
      <table class="plist" aria-rowcount={rows.length}><colgroup><col class="w1" /><col class="w2" /><col class="w3" /><col class="w4" /><col class="w4" /><col class="w5" /><col /><col class="w6" /></colgroup>
        <thead><tr><th class="r">{w('no')}</th><th class="r">{w('timeS')}</th><th>{w('place')}</th><th>{w('source')}</th><th>{w('destination')}</th><th>{w('proto')}</th><th>{w('info')}</th><th>{w('fate')}</th></tr></thead>
        <tbody>
          {first > 0 && <tr class="fill" style={{ height: `${first * rowH}px` }}><td colSpan={8} /></tr>}
          {rows.slice(first, last).map((r, k) => <tr key={(everyHop ? k + first + ':' : '') + r.packet} aria-rowindex={first + k + 1} class={[r.fate === 'dropped' ? 'x' : r.fate === 'carried' ? 'o' : '', r.packet === S.selected ? 's' : ''].join(' ')} aria-selected={r.packet === S.selected} onMouseDown={e => { if (e.button === 0) pickRow(first + k) }} onDblClick={() => show('network')}>
            <td class="r dim">{r.packet}</td><td class="r">{seconds(r.time)}</td><td title={r.place}>{cut(r.place.replace(/\//g, ' '), 146, 11.5, true)}</td><td title={r.src}>{r.src}</td><td title={r.dst}>{r.dst === 'ff:ff:ff:ff:ff:ff' ? 'broadcast' : r.dst}</td><td>{r.proto}</td><td title={r.info}>{withoutAddresses(r.info)}</td><td class="why" title={r.where}>{fateText(r)}</td></tr>)}
          {last < rows.length && <tr class="fill" style={{ height: `${(rows.length - last) * rowH}px` }}><td colSpan={8} /></tr>}
        </tbody></table>
      {!rows.length && !S.filterError && <div class="empty"><b>{S.filter ? w('noMatch', S.filter) : w('nothingSent')}</b><p class="soft">{S.filter ? w('hidden', grouped(S.total)) : w('typeOrRun')}</p>{S.filter && <button class="btn" onClick={() => apply('')}>{w('clearFilter')}</button>}</div>}
    </div>
  </>
}
