// Why a flow fails: the verdict, one sentence, what to type, how we know, what is ruled out; the path lit and the journey below.
import { useEffect, useState } from 'preact/hooks'
import type { Cure, Explained, Hop } from './contract'
import { Split } from './frame'
import { I } from './icons'
import { Drawing, type Drawn } from './net/draw'
import { shortInfo } from './net/lit'
import { bare, modelOf } from './net/model'
import { PathList } from './net/pathlist'
import { S, say, show, told, use } from './state'
import { typeLine } from './terms'
import { ask } from './wire'
import { seconds, w } from './words'

// The last answer stays while the views change.
const asked = { from: '', to: '', port: '', large: false, busy: false, got: null as Explained | null, error: '', lines: false }

async function query() {
  if (!asked.from || !asked.to || asked.busy) return
  asked.busy = true; asked.error = ''
  told('select')
  try { asked.got = await ask<Explained>('explain', { from: asked.from, to: asked.to, port: asked.port.trim(), large: asked.large }) } catch (e) { asked.got = null; asked.error = (e as Error).message }
  asked.busy = false
  told('select')
}

// placeOf is who has an address; the address itself if nobody here has it.
function placeOf(addr: string): string {
  const m = S.topo && modelOf(S.topo)
  const i = m && S.topo!.ifaces.find(i => i.addrs.some(a => bare(a) === addr) && ['container', 'host'].includes(m.node.get(i.node)?.kind ?? ''))
  return i ? i.node : addr
}

// A recording has the explanation of its last failure.
async function recorded() {
  try {
    const got = await ask<Explained>('explain', { from: '', to: '', port: '', large: false })
    const f = got.report?.flow
    asked.got = got; asked.from = f?.from ?? ''; asked.to = f?.to ?? ''; asked.port = f?.port ? `${f.protocol} ${f.port}` : ''
    told('select')
  } catch { /* it has none */ }
}

export function Explain() {
  use('select', 'topo', 'lang', 'rows')
  useEffect(() => { if (S.recorded && !asked.got) void recorded() }, [])
  const x = asked.got
  const parts = x ? sections(x) : []
  // What is lit is what failed first: a question that died says more than the packet that waited for its answer.
  const bad = parts.find(p => p.what === 'question' && p.hops.some(h => h.verb === 'drop') && !p.ok) ?? parts.find(p => !p.ok)
  const hops: Hop[] = bad?.hops ?? x?.path ?? []
  const firstDrop = hops.findIndex(h => h.verb === 'drop')
  const code = x?.report?.causes?.[0]?.code as string | undefined
  const lastDrop = [...S.rows].reverse().find(r => r.fate === 'dropped' && r.proto !== 'ARP') ?? [...S.rows].reverse().find(r => r.fate === 'dropped')
  const chosen = S.rows.find(r => r.packet === S.selected && r.fate === 'dropped')
  const lit: Drawn | null = x && hops.length ? { hops, upTo: firstDrop >= 0 ? firstDrop : hops.length - 1, label: firstDrop >= 0 ? { head: [hops[firstDrop].why, code].filter(Boolean)[0] ?? '', text: shortInfo(hops[firstDrop].info) } : { head: w('works'), text: `${asked.from} → ${asked.to}` } } : null
  const why = (r: NonNullable<typeof lastDrop>) => {
    const arp = /who-has (\S+?),? tell (\S+)|[Ww]ho has (\S+?)\?? [Tt]ell (\S+)/.exec(r.info)
    const from = arp ? bare((arp[2] ?? arp[4]).replace(/,$/, '')) : r.src, to = arp ? bare((arp[1] ?? arp[3]).replace(/[?,]$/, '')) : r.dst
    const strip = (s: string) => s.split('.').length > 4 ? s.replace(/\.\d+$/, '') : s
    asked.from = placeOf(strip(from)); asked.to = strip(to)
    const port = r.dst.split('.').length > 4 ? r.dst.split('.')[4] : ''
    asked.port = port ? `${r.proto.toLowerCase() === 'udp' ? 'udp' : 'tcp'} ${port}` : ''
    void query()
  }
  return <main class="work">
    <section class="pane map" aria-label={w('drawing')}>
      <div class="ph"><h2>{x ? `${asked.from} → ${asked.to}${asked.port ? ', ' + asked.port : ', ICMP'}` : w('explain')}</h2>{x && (x.works ? <span class="tag ok"><I n="check" />{w('works')}</span> : <span class="tag red"><I n="cross" />{firstDrop >= 0 ? w('diedOn', hops[firstDrop].place.split('/')[0]) : w('fails')}</span>)}<span class="sp" />
        {!S.recorded && (chosen ?? lastDrop) && <button class="btn quiet" onClick={() => why((chosen ?? lastDrop)!)}>{w('lastFailure')}</button>}</div>
      <Drawing lit={lit} fold={true} live={false} />
      <PathList hops={hops} upTo={lit?.upTo ?? 0} />
    </section>
    <section class="pane dock" aria-label={w('journey')}><Split name="dock" axis="y" of="dock" from={256} min={90} max={600} />
      <div class="ph"><h2>{w('journey')}</h2><span class="soft cutl">{x?.verdict ?? ''}</span></div>
      <div class="scroll" tabIndex={0} role="group" aria-label={w('journey')}><table class="hops"><thead><tr><th class="r">{w('timeS')}</th><th>{w('place')}</th><th>{w('what')}</th><th>{w('packet')}</th><th>{w('whatDecided')}</th></tr></thead>
        {parts.map((p, k) => <tbody key={k}><tr class="part"><th colSpan={5} scope="rowgroup">{part(p.what)}</th></tr>{p.hops.map((h, i) => <tr key={i} class={h.verb === 'drop' ? 'x' : ''}><td class="r num">{seconds(h.at)}</td><td>{h.place}</td><td>{h.verb === 'drop' && <I n="cross" />} {h.verb}{h.verb === 'drop' && h.why ? ', ' + h.why : ''}</td><td>{h.info}</td><td>{h.rule ? (h.rule.chain ? `${h.rule.table} ${h.rule.chain} ${h.rule.number}: ${h.rule.text}` : h.rule.text) : h.verb !== 'drop' ? h.why ?? '' : ''}</td></tr>)}</tbody>)}</table></div>
    </section>
    <aside class="pane side" aria-label={w('explain')}><Split name="side" axis="x" of="side" from={612} min={320} max={820} />
      <Ask />
      <div class="scroll" tabIndex={0} role="group" aria-label={w('explain')}>
        {asked.busy && <p class="empty"><span class="tag blue"><I n="doing" />{w('asking')}</span></p>}
        {asked.error && <p class="empty wrong" role="alert"><I n="cross" /> {asked.error}</p>}
        {!x && !asked.busy && !asked.error && <p class="empty soft">{w('askText')}</p>}
        {x && !asked.busy && <Answer x={x} code={code} />}
        {!S.recorded && !S.watching && <Matrix />}
      </div></aside>
  </main>
}

// sections are the parts of a journey, as the report has them: lookups, questions of ARP, the way there, the way back.
function sections(x: Explained): { what: string, hops: Hop[], ok: boolean }[] {
  const out: { what: string, hops: Hop[], ok: boolean }[] = []
  const r = x.report ?? {}
  for (const p of [...r.lookups ?? [], ...r.asks ?? [], ...r.forward ? [r.forward] : [], ...r.return ? [r.return] : []]) {
    out.push({ what: p.what, ok: !!p.end?.delivered, hops: (p.hops ?? []).map((h: any): Hop => ({ at: Math.round(h.at_s * 1e6), place: h.place, verb: h.verb, why: h.reason || h.row, packet: h.packet_id, parent: h.parent_id, info: h.packet, rule: h.rule ? ruleOf(h.rule) : undefined })) })
  }
  return out.length ? out : [{ what: w('journey'), hops: x.path, ok: x.works }]
}
function part(what: string): string { return what === 'question' ? w('question') : what === 'request' ? w('request') : what === 'reply' ? w('reply') : what === 'lookup' ? w('lookup') : what }
function ruleOf(text: string) { const g = /^(\S+) (\S+) (\d+):? ?(.*)$/.exec(text); return g ? { table: g[1], chain: g[2], number: +g[3], text: g[4] } : { table: '', chain: '', number: 0, text } }

function Ask() {
  use('select', 'topo', 'lang')
  const m = S.topo && modelOf(S.topo)
  const places = m ? S.topo!.nodes.filter(n => (n.kind === 'host' || n.kind === 'container') && n.state === 'up').map(n => n.id).sort() : S.hello?.places ?? []
  const targets = [...new Set([...places, ...(m ? S.topo!.nodes.filter(n => n.kind === 'container').map(n => n.name) : []), ...(m?.others.filter(n => n.kind === 'site').map(n => n.name) ?? [])])]
  if (!asked.from && places.length) asked.from = places.find(p => p.includes('/')) ?? places[0]
  if (S.recorded) return null
  return <form class="askf" onSubmit={e => { e.preventDefault(); void query() }}>
    <label><span>{w('from')}</span><select class="field" value={asked.from} onChange={e => { asked.from = e.currentTarget.value; told('select') }}>{places.map(p => <option key={p} value={p}>{p}</option>)}</select></label>
    <label><span>{w('to')}</span><input class="field find" list="targets" value={asked.to} required spellcheck={false} autocomplete="off" placeholder="172.16.0.2" onInput={e => { asked.to = e.currentTarget.value }} /></label>
    <datalist id="targets">{targets.map(t => <option key={t} value={t} />)}</datalist>
    <label class="pt"><span>{w('port')}</span><input class="field" value={asked.port} spellcheck={false} autocomplete="off" placeholder="ping" title={w('portHint')} onInput={e => { asked.port = e.currentTarget.value }} /></label>
    <label class="tick"><input type="checkbox" checked={asked.large} onChange={e => { asked.large = e.currentTarget.checked }} /> {w('large')}</label>
    <button class="btn pri" disabled={asked.busy}>{w('ask')}</button>
  </form>
}

type Evidence = { place: string, command: string, shows: string, says?: string }

function Answer({ x, code }: { x: Explained, code?: string }) {
  const cause = x.report?.causes?.[0]
  const evidence: Evidence[] = cause?.evidence ?? []
  const ruled: string[] = x.report?.ruled_out ?? []
  const notes: string[] = x.report?.notes ?? []
  // The sentence's first part is the headline; what follows its colon explains it.
  const [head, ...rest] = (x.sentence || x.verdict).split(/(?<=:) /)
  return <>
    <div class="verdict"><span class={'tag ' + (x.works ? 'ok' : 'red')}><I n={x.works ? 'check' : 'cross'} />{x.verdict}</span> {code && <code>{code}</code>}
      <h1>{head.replace(/:$/, '.')}</h1>{rest.length > 0 && <p>{capital(rest.join(' '))}</p>}{notes.map((n, i) => <p key={i}>{n}</p>)}</div>
    {x.cures.length > 0 && <section class="sec"><h2>{w('whatToType')}</h2>{x.cures.map((c, i) => <CureBox key={i} c={c} says={x.report?.causes?.[i]?.cure?.says} healed={x.report?.causes?.[i]?.proof?.heals_also} />)}</section>}
    {evidence.length > 0 && <section class="sec"><h2>{w('evidence')}</h2><ol>{evidence.map((e, i) => <li key={i} class="evi"><span class="n">{i + 1}</span><span>{e.says ? capital(e.says) : ''}</span>{!S.recorded && !S.watching ? <button class="btn quiet small" title={w('typeThis', e.place)} aria-label={w('typeThis', e.place) + ': ' + e.command} onClick={() => typeLine(e.place, e.command).then(() => show('network', 'dock')).catch(r => say('error', (r as Error).message))}><I n="terminal" /></button> : <span />}<div class="cmd"><span class="p">{e.place}</span> <b>{e.command}</b><pre class="res">{e.shows}</pre></div></li>)}</ol></section>}
    {ruled.length > 0 && <section class="sec"><h2>{w('ruledOut')}</h2><ul class="out">{ruled.map((r, i) => <li key={i}><I n="check" />{r}</li>)}</ul></section>}
    <details class="sec astext"><summary>{w('asText')}</summary><pre>{x.text}</pre></details>
  </>
}

type Cell = { from: string, to: string, verdict: string, code?: string, sentence?: string }

// Matrix is everybody to everybody: who reaches whom, and for whom there is an answer why not.
function Matrix() {
  const [cells, setCells] = useState<Cell[] | null>(null)
  const [busy, setBusy] = useState(false)
  const look = async () => {
    setBusy(true)
    try { const r = await ask<{ cells: Cell[] }>('matrix'); setCells(r.cells ?? []) } catch (e) { say('error', (e as Error).message) }
    setBusy(false)
  }
  const froms = [...new Set(cells?.map(c => c.from) ?? [])], tos = [...new Set(cells?.map(c => c.to) ?? [])]
  return <section class="sec"><h2>{w('matrix')}</h2>
    <button class="btn" disabled={busy} onClick={() => void look()}>{busy ? w('asking') : w('ask')}</button>
    {cells && <div class="tscroll" tabIndex={0} role="group" aria-label={w('matrix')}><table class="matrix"><thead><tr><th>{w('from')} \\ {w('to')}</th>{tos.map(t => <th key={t}>{t}</th>)}</tr></thead><tbody>{froms.map(f => <tr key={f}><th scope="row">{f}</th>{tos.map(t => { const c = cells.find(c => c.from === f && c.to === t); const ok = c?.verdict === 'delivered'; return <td key={t}>{c && <button class={'plain ' + (ok ? 'yes' : 'nope')} title={c.sentence ?? c.verdict} onClick={() => { asked.from = f; asked.to = t; asked.port = ''; void query() }}><I n={ok ? 'check' : 'cross'} /> <span>{ok ? w('works') : c.code ?? c.verdict}</span></button>}</td> })}</tr>)}</tbody></table></div>}
  </section>
}

function capital(s: string): string { return s.charAt(0).toUpperCase() + s.slice(1) }

function CureBox({ c, says, healed }: { c: Cure, says?: string, healed?: string[] }) {
  const hosts = [...new Set(c.lines.map(l => l.place))]
  const type = async (place: string) => {
    try {
      for (const l of c.lines) if (l.place === place) await typeLine(place, l.line)
      say('info', w('typed', place))
      show('network', 'dock')
    } catch (e) { say('error', (e as Error).message) }
  }
  return <div class="cure"><pre>{c.lines.map((l, i) => <div key={i}><span class="p">{l.place.includes('/') ? `${l.place} # ` : `[root@${l.place} ~]# `}</span>{l.line}</div>)}</pre>
    {says && <p class="meta pad">{capital(says)}.</p>}
    <div class="ft">{!S.recorded && !S.watching && hosts.map((h, i) => <button key={h} class={'btn' + (i ? '' : ' pri')} onClick={() => void type(h)}><I n="terminal" />{w('typeIt', h)}</button>)}
      <span class={'tag ' + (c.proved ? 'ok' : '')}>{c.proved && <I n="check" />}{w(c.proved ? 'proved' : 'notProved')}</span>{healed && healed.length > 0 && <span class="meta">{healed.join(', ')}</span>}</div></div>
}
