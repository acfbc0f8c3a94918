// The tables of every device, as the commands print them, with what changed since the last look.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Node, Table, TableRow } from './contract'
import { I, iconOf } from './icons'
import { addressOf, bare, modelOf, type Model } from './net/model'

import { S, say, show, told, use } from './state'
import { typeLine } from './terms'
import { ask } from './wire'
import { seconds, w } from './words'

type Look = 'columns' | 'printed' | 'changes'
const counts = new Map<string, number>() // changes of the devices that were looked at
let known = false

function countOf(list: Table[]): number { return list.reduce((n, t) => n + t.rows.filter(r => r.changed !== 'no').length, 0) }

export function Tables() {
  use('node', 'topo', 'lang', 'clock')
  const [list, setList] = useState<Table[] | null>(null)
  const [error, setError] = useState('')
  const [mode, setMode] = useState<Look>('columns')
  const topo = S.topo
  const m = topo && modelOf(topo)
  const node = m && (m.node.get(S.node) ?? m.node.get(m.iface.get(S.node)?.node ?? '') ?? m.hosts[0])
  const id = node?.id ?? ''
  const shownAt = useRef(0)
  // Asked again while time runs, at most about once a second, and at every step.
  const beat = S.clock.state === 'running' ? Math.floor(S.clock.now / Math.max(1, 1e6 * S.clock.speed)) : S.clock.now
  useEffect(() => { setList(null) }, [id])
  useEffect(() => {
    if (!id) return
    let stale = false
    const wait = Math.max(0, 700 - (Date.now() - shownAt.current))
    const t = setTimeout(() => {
      shownAt.current = Date.now()
      ask<{ tables: Table[] }>('tables', { node: id }).then(r => { if (stale) return; setList(r.tables); setError(''); counts.set(id, countOf(r.tables)) }).catch(e => { if (!stale) { setError((e as Error).message); setList([]) } })
      if (!known) ask<{ counts: Record<string, number> }>('changes').then(r => { counts.clear(); for (const [k, v] of Object.entries(r.counts)) counts.set(k, v) }).catch(() => { known = true })
    }, list ? wait : 0)
    return () => { stale = true; clearTimeout(t) }
  }, [id, beat, S.topo?.rev])
  return <main class="work">
    <aside class="pane side" aria-label={w('devices')}><div class="ph"><h2>{w('devices')}</h2></div>{m && <Tree chosen={id} />}</aside>
    <section class="pane dock" aria-label={w('tables')}>
      <div class="ph"><I n={node ? iconOf(node.kind, node.image) : 'table'} /><h2 class="mono wide">{id || w('chooseDevice')}</h2>{m && <select class="field narrow" aria-label={w('devices')} value={id} onChange={e => { S.node = e.currentTarget.value; told('node') }}>{linesOf(m).map(l => <option key={l.id} value={l.id}>{'\u2003'.repeat(l.in) + l.name}</option>)}</select>}<span class="soft cutl opt">{node ? [node.image, node.state !== 'up' ? node.state : '', node.note].filter(Boolean).join(' · ') : ''}</span><span class="sp" /><span class="meta num opt">{seconds(S.clock.now)} s</span>
        <div class="seg" role="group" aria-label={w('tables')}>{(['columns', 'printed', 'changes'] as Look[]).map(l => <button key={l} aria-pressed={mode === l} onClick={() => setMode(l)}>{w(l === 'columns' ? 'columns' : l === 'printed' ? 'asPrinted' : 'changes')}</button>)}</div></div>
      <div class="scroll" tabIndex={0} role="group" aria-label={w('tables')}>
        {error && <p class="empty">{error}</p>}
        {list && !error && <div class="tgrid">{list.filter(t => mode !== 'changes' || t.rows.some(r => r.changed !== 'no')).map((t, i) => <One key={t.title + i} t={t} mode={mode} node={node!} />)}</div>}
        {list && !error && mode === 'changes' && !countOf(list) && <p class="empty soft">{w('noChanges')}</p>}
        {list && !error && !list.length && <p class="empty soft">{w('noTables')}</p>}
      </div>
    </section>
  </main>
}

type Line = { id: string, name: string, in: number, icon: ReturnType<typeof iconOf>, meta: string }

// linesOf are the devices in the order of the tree.
function linesOf(m: Model): Line[] {
  const lines: Line[] = []
  const add = (n: Node, depth: number) => lines.push({ id: n.id, name: n.name, in: depth, icon: iconOf(n.kind, n.image), meta: n.state === 'down' ? w('down') : n.state === 'exited' || n.state === 'created' ? w(n.state) : bare(addressOf(m, n.id)) })
  for (const h of m.hosts) {
    add(h, 0)
    const inside = m.children.get(h.id) ?? []
    for (const kind of ['bridge', 'namespace', 'container']) for (const n of inside.filter(n => n.kind === kind)) { add(n, 1); for (const c of m.children.get(n.id) ?? []) add(c, 2) }
  }
  for (const n of [...m.lans, ...m.others]) add(n, 0)
  return lines
}

function Tree({ chosen }: { chosen: string }) {
  const lines = linesOf(modelOf(S.topo!))
  const ref = useRef<HTMLDivElement>(null)
  return <div class="scroll tree" role="tree" aria-label={w('devices')} ref={ref} onKeyDown={e => {
    const i = lines.findIndex(l => l.id === chosen) + (e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0)
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp' || !lines[i]) return
    e.preventDefault()
    S.node = lines[i].id
    told('node')
    requestAnimationFrame(() => ref.current?.querySelector<HTMLElement>('[aria-selected=true]')?.focus())
  }}>{lines.map(l => <button key={l.id} role="treeitem" aria-level={l.in + 1} aria-selected={l.id === chosen} tabIndex={l.id === chosen ? 0 : -1} class={'in' + l.in} onClick={() => { S.node = l.id; told('node') }}><I n={l.icon} /><span class="cutl">{l.name}</span><span class="sp" />{counts.get(l.id) ? <span class="delta">+{counts.get(l.id)}</span> : null}<span class="meta mono">{l.meta}</span></button>)}</div>
}

// The columns that a kind's rows are cut into. Where the command prints a head, its words are the columns.
function cells(t: Table): { head: string[], rows: { r: TableRow, c: string[] }[], right: number } | null {
  const words = (s: string) => s.trim().split(/\s+/)
  if (t.kind === 'iptables' && /pkts/.test(t.head)) {
    const head = [...words(t.head), 'match']
    return { head, right: 2, rows: t.rows.map(r => { const p = words(r.text); const n = head.length - 1; return { r, c: p.length >= n ? [...p.slice(0, n), p.slice(n).join(' ')] : ['', '', r.text] } }) }
  }
  if (t.kind === 'addresses' && t.rows.some(r => /^\d+: /.test(r.text))) {
    const out: { r: TableRow, c: string[] }[] = []
    for (const r of t.rows) {
      const head = /^\d+: ([^:]+): <([^>]*)> mtu (\d+)(.*)$/.exec(r.text)
      if (head) { out.push({ r: { ...r }, c: [head[1], / state (\S+)/.exec(head[4])?.[1] ?? '', head[3], '', '', / master (\S+)/.exec(head[4])?.[1] ?? ''] }); continue }
      const last = out[out.length - 1], link = /^\s+link\/\S+ (\S+)/.exec(r.text), inet = /^\s+inet6? (\S+)/.exec(r.text)
      if (!last) return null
      if (link) last.c[3] = link[1]
      if (inet) last.c[4] += (last.c[4] ? '  ' : '') + inet[1]
      if (r.changed !== 'no' && (link || inet) && last.r.changed === 'no') last.r.changed = r.changed === 'new' || r.changed === 'gone' ? 'changed' : r.changed
    }
    return { head: ['dev', 'state', 'mtu', 'link address', 'addresses', 'master'], right: 0, rows: out }
  }
  if (t.kind === 'neighbours') return pick(t, ['address', 'dev', 'link address', 'state'], s => { const g = /^(\S+)(?: dev (\S+))?(?: lladdr (\S+))?\s*(.*)$/.exec(s); return g ? [g[1], g[2] ?? '', g[3] ?? '', g[4]] : null })
  if (t.kind === 'routes') return pick(t, ['destination', 'via', 'dev', 'src', 'options'], s => { const g = /^((?:unreachable |blackhole |local |broadcast )?\S+)(?: via (\S+))?(?: dev (\S+))?(.*)$/.exec(s); if (!g) return null; const src = / src (\S+)/.exec(g[4]); return [g[1], g[2] ?? '', g[3] ?? '', src?.[1] ?? '', g[4].replace(/ src \S+/, '').replace(/ proto kernel| scope link/g, '').trim()] })
  if (t.kind === 'fdb') return pick(t, ['link address', 'dev', 'to', 'flags'], s => { const g = /^([0-9a-f:]{17})(?: dev (\S+))?(.*)$/.exec(s); if (!g) return null; const to = / (dst \S+(?: link-netnsid \d+)?|master \S+)/.exec(g[3]); return [g[1], g[2] ?? '', to?.[1] ?? '', g[3].replace(to?.[0] ?? '', '').trim()] })
  if (t.head && /\s{2,}/.test(t.head.trim())) { // columns that stand under their heads
    const at: number[] = []
    t.head.replace(/\S+(?: \S+)*/g, (_, i: number) => { at.push(i); return '' })
    const cutAt = (s: string) => at.map((p, i) => s.slice(p, at[i + 1]).trim())
    const fits = t.rows.every(r => at.slice(1).every(p => p >= r.text.length || p === 0 || r.text[p - 1] === ' '))
    if (fits) return { head: cutAt(t.head), right: 0, rows: t.rows.map(r => ({ r, c: cutAt(r.text) })) }
  }
  return null
}
function pick(t: Table, head: string[], f: (s: string) => string[] | null) {
  const rows = t.rows.map(r => ({ r, c: f(r.text.trim()) }))
  if (rows.some(x => !x.c)) return null
  const used = head.map((_, i) => rows.some(x => x.c![i]))
  return { head: head.filter((_, i) => used[i]), right: 0, rows: rows.map(x => ({ r: x.r, c: x.c!.filter((_, i) => used[i]) })) }
}

// Chains prints a table of iptables chain by chain: what the command prints, with its counters apart.
function Chains({ rows, all }: { rows: TableRow[], all: boolean }) {
  const chains: { title: TableRow, rules: TableRow[] }[] = []
  for (const r of rows) {
    if (/^Chain /.test(r.text)) chains.push({ title: r, rules: [] })
    else if (r.text.trim() && !/^\s*pkts\s+bytes/.test(r.text)) { if (!chains.length) chains.push({ title: { text: '', changed: 'no' }, rules: [] }); chains[chains.length - 1].rules.push(r) }
  }
  const cls = (r: TableRow) => r.changed === 'new' ? 'new flash' : r.changed === 'gone' ? 'gone' : r.changed === 'changed' ? 'chg flash' : ''
  return <table class="chains"><thead><tr><th class="r">pkts</th><th class="r">bytes</th><th>target</th><th>prot</th><th>in</th><th>out</th><th>source</th><th>destination</th><th>match</th></tr></thead>
    {chains.filter(c => all || c.rules.length || c.title.changed !== 'no').map((c, i) => <tbody key={i}>
      {c.title.text && <tr class={'chain ' + cls(c.title)}><th colSpan={9} scope="rowgroup"><b>{/^Chain (\S+)/.exec(c.title.text)?.[1]}</b> <span class="dim">{/\((.*)\)/.exec(c.title.text)?.[1]}</span>{c.title.delta ? <span class="delta"> {c.title.delta}</span> : null}</th></tr>}
      {c.rules.map((r, k) => {
        const f = /^\s*(\S+)\s+(\S+)\s+(\S.*?)\s+(\S+)\s+(\S\S)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*(.*)$/.exec(r.text)
        return <tr key={k} class={cls(r)}>{f ? <><td class="r">{f[1]}{r.delta ? <span class="delta"> {r.delta}</span> : null}</td><td class="r">{f[2]}</td><td>{f[3]}</td><td>{f[4]}</td><td>{f[6]}</td><td>{f[7]}</td><td>{f[8]}</td><td>{f[9]}</td><td>{f[10]}</td></> : <td colSpan={9}>{r.text}</td>}</tr>
      })}</tbody>)}</table>
}

function One({ t, mode, node }: { t: Table, mode: Look, node: Node }) {
  const rows = mode === 'changes' ? t.rows.filter(r => r.changed !== 'no') : t.rows
  const c = mode === 'printed' ? null : cells({ ...t, rows })
  const n = t.rows.filter(r => r.changed !== 'no').length
  const wide = t.kind === 'addresses' || t.kind === 'iptables' || t.kind === 'conntrack' || t.kind === 'sockets' || t.kind === 'store' || t.rows.some(r => r.text.length > 86)
  const cls = (r: TableRow) => r.changed === 'new' ? 'new flash' : r.changed === 'gone' ? 'gone' : r.changed === 'changed' ? 'chg flash' : ''
  const place = node.kind === 'container' || node.kind === 'host' ? node.id : node.parent?.split('/')[0] ?? ''
  return <section class={'tbl' + (wide ? ' w' : '')}><header><h3>{t.title}</h3><code title={t.command}>{t.command}</code>{n > 0 && <span class="tag blue">+{n}</span>}<span class="sp" />
    {t.command && place && !S.recorded && !S.watching && !/…/.test(t.command) && <button class="btn quiet small" title={w('typeThis', place)} aria-label={w('typeThis', place) + ': ' + t.command} onClick={() => { typeLine(place, t.command).then(() => show('network', 'dock')).catch(e => say('error', (e as Error).message)) }}><I n="terminal" /></button>}</header>
    <div class="tscroll" tabIndex={0} role="group" aria-label={t.title}>{mode !== 'printed' && t.kind === 'iptables' && !t.head && rows.length ? <Chains rows={rows} all={mode === 'columns'} /> : !rows.length ? <p class="meta pad">{t.empty ?? '–'}</p> : c ? <table><thead><tr>{c.head.map((h, i) => <th key={i} class={i < c.right ? 'r' : ''}>{h}</th>)}</tr></thead><tbody>{c.rows.map((x, k) => <tr key={k} class={cls(x.r)}>{x.c.map((v, i) => <td key={i} class={i < c.right ? 'r' : ''}>{v}{i === (c.right ? 0 : x.c.length - 1) && x.r.delta ? <span class="delta"> {x.r.delta}</span> : null}</td>)}</tr>)}</tbody></table>
      : <pre class="printed">{t.head && <span class="dim">{t.head + '\n'}</span>}{rows.map((r, k) => <span key={k} class={cls(r)}>{r.text}{r.delta ? <span class="delta"> {r.delta}</span> : null}{'\n'}</span>)}</pre>}</div></section>
}
